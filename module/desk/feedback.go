package desk

import (
	"context"
	"time"

	"github.com/a-h/templ"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// Feedback sums up what customers' opinions of a period came to, and says how they were told (A7.2).
type Feedback struct {
	ID       core.ID
	Version  int64
	Month    core.Month // the last of its period
	Since    core.Month // the first
	Taken    int64
	Answered int64
	Waiting  int64
	Summary  string
	Measures string
	How      string
	Told     string
	At       time.Time
	Writer   string
}

func (f *Feedback) dest() []any {
	return []any{&f.ID, &f.Version, &f.Month, &f.Since, &f.Taken, &f.Answered, &f.Waiting, &f.Summary, &f.Measures, &f.How, &f.Told, &f.At, &f.Writer}
}

const feedbackSelect = "select id, version, month, since, taken, answered, waiting, summary, measures, told_how, told, at, writer from desk_feedback where project_id = $1 "

// FeedbackKind is the register of summaries.
var feedbackKind = register.Kind{Name: "feedback", Plural: "feedback-summaries", Label: core.T("意见总结", "Feedback summaries"), Table: "desk_feedback", Events: map[string]core.Text{
	"summed": core.T("总结 {month} 的意见并告知客户", "summed up the opinions up to {month} and told the customers")}}

func howTold() []core.Choice {
	return []core.Choice{{Value: "notice", Label: core.T("公告", "Notice")}, {Value: "letter", Label: core.T("信函或邮件", "Letter or mail")}, {Value: "meeting", Label: core.T("客户会议", "Customers' meeting")},
		{Value: "visit", Label: core.T("拜访或电话", "Visit or call")}, {Value: "account", Label: core.T("公众号或群", "Official account or group")}}
}

// periodOf are the first and last month of the period of a recurring clause in which a month lies.
func periodOf(rules *regulation.Rules, clause string, month core.Month) (from, to core.Month) {
	every, spec := rules.Count(clause, "months"), rules.Value(clause, "day")
	to = month
	for range every {
		if calendar.Recurs(to, every, spec) {
			break
		}
		to = to.Add(1)
	}
	return to.Add(1 - every), to
}

// SumUp keeps the period's summary and closes its duty (A7.2). Opinions of which nobody takes care yet refuse it.
func SumUp(ctx context.Context, tx db.Tx, in Feedback) (core.ID, error) {
	p, rules, err := atNow(ctx, tx)
	if err != nil {
		return 0, err
	}
	if in.Month > core.MonthOf(core.Now(ctx), p.Zone) {
		return 0, core.Invalid("month", "这个月还没有到", "That month has not come yet")
	}
	in.Since, in.Month = periodOf(rules, "A7.2", in.Month)
	if err := canSumUp(ctx, tx, in); err != nil {
		return 0, err
	}
	if in.Taken, in.Answered, err = opinions(ctx, tx, in.Since, in.Month); err != nil {
		return 0, err
	}
	in.ID, in.Waiting, in.At, in.Writer = tx.NewID(), in.Taken-in.Answered, core.Now(ctx), core.ActorOf(ctx).Name
	n, err := db.Exec(ctx, tx, `insert into desk_feedback (project_id, id, created_at, created_by, changed_at, changed_by, month, since, taken, answered, waiting, summary, measures, told_how, told, at, writer)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$3,$14) on conflict do nothing`, p.ID, in.ID, in.At, core.ActorOf(ctx).ID, in.Month, in.Since, in.Taken, in.Answered, in.Waiting, in.Summary,
		in.Measures, in.How, in.Told, in.Writer)
	if err == nil && n == 0 {
		err = core.Conflict("截至 %s 的意见已经总结过", "The opinions up to %s are summed up already", string(in.Month))
	}
	if err == nil {
		err = duty.Done(ctx, tx, "A7.2", duty.PeriodRef(p.ID, in.Month))
	}
	if err != nil {
		return 0, err
	}
	return in.ID, journal.Add(ctx, tx, feedbackKind.Ref(ctx, in.ID), "summed", map[string]any{"month": string(in.Month), "taken": in.Taken, "answered": in.Answered, "told": in.Told})
}

// closePeriods closes the period's duties of A7.2 and C7.11 where the calendar has opened them, in the month in which they
// are due, after what they ask for was done. It runs daily.
func closePeriods(ctx context.Context, d *db.DB) error {
	return d.Write(core.AsSystem(ctx), func(ctx context.Context, tx db.Tx) error {
		p, rules, err := atNow(ctx, tx)
		if err != nil {
			return err
		}
		month := core.Today(ctx).Month()
		_, to := periodOf(rules, "A7.2", month)
		summed, err := db.Value[int64](ctx, tx, "select count(*) from desk_feedback where project_id = $1 and month = $2", p.ID, to)
		if err == nil && summed > 0 {
			err = duty.Done(ctx, tx, "A7.2", duty.PeriodRef(p.ID, to))
		}
		if err != nil {
			return err
		}
		return talked(ctx, tx, rules, month)
	})
}

func atNow(ctx context.Context, tx db.Tx) (core.Project, *regulation.Rules, error) {
	rules, err := regulation.Now(ctx, tx)
	return core.ProjectOf(ctx), rules, err
}

// A7.2: every opinion is followed by somebody, and the customers are told.
func canSumUp(ctx context.Context, tx db.Tx, in Feedback) error {
	left, err := unfollowed(ctx, tx, in.Since, in.Month)
	if err != nil {
		return err
	}
	var first string
	if len(left) > 0 {
		first = left[0].Number
	}
	if err := regulation.Guard(ctx, tx, "A7.2", len(left) == 0, core.T("还有 %d 条意见没有答复也没有转办(如 %s),先落实再总结", "%d opinions are neither answered nor handed to anybody (%s); see to them first", len(left), first)); err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "A7.2", in.How != "" && in.Told != "", core.T("总结后要向客户反馈:写明怎样告知、告知了什么", "Customers are told what came of it: say how, and what"))
}

func feedbacks() register.Register[Feedback] {
	f := func(name, zh, en string, ptr func(*Feedback) any) core.Field[Feedback] {
		return core.Field[Feedback]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	how := core.Field[Feedback]{Name: "told_how", Label: core.T("怎样告知客户", "How customers were told"), Ptr: func(f *Feedback) any { return &f.How }, Choices: howTold()}
	return register.Register[Feedback]{Kind: feedbackKind, Viewers: readers(), Columns: []string{"month", "taken", "answered", "waiting", "summary", "told_how", "writer"},
		Fields: []core.Field[Feedback]{f("month", "截至月份", "Up to", func(f *Feedback) any { return &f.Month }), f("since", "从", "From", func(f *Feedback) any { return &f.Since }), f("taken", "意见数", "Opinions", func(f *Feedback) any { return &f.Taken }),
			f("answered", "已答复", "Answered", func(f *Feedback) any { return &f.Answered }), f("waiting", "未答复", "Waiting", func(f *Feedback) any { return &f.Waiting }), f("summary", "总结分析", "Summary", func(f *Feedback) any { return &f.Summary }),
			f("measures", "措施", "Measures", func(f *Feedback) any { return &f.Measures }), how, f("told", "告知内容", "What they were told", func(f *Feedback) any { return &f.Told }), f("at", "时间", "At", func(f *Feedback) any { return &f.At }), f("writer", "填写人", "Written by", func(f *Feedback) any { return &f.Writer })},
		ID: func(f *Feedback) core.ID { return f.ID }, Version: func(f *Feedback) int64 { return f.Version },
		Find: func(ctx context.Context, tx db.Tx, _ register.Query) ([]Feedback, error) {
			return db.All(ctx, tx, (*Feedback).dest, feedbackSelect+"order by month desc", core.ProjectOf(ctx).ID)
		},
		Get: func(ctx context.Context, tx db.Tx, id core.ID) (Feedback, error) {
			return db.One(ctx, tx, (*Feedback).dest, feedbackSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
		}, Verbs: []register.Verber{sumUpVerb()}}
}

func sumUpVerb() register.Verber {
	lines := func(name, zh, en string, required bool, ptr func(*Feedback) any) core.Field[Feedback] {
		return core.Field[Feedback]{Name: name, Label: core.T(zh, en), Ptr: ptr, Kind: core.KindLines, Required: required, Max: 4000}
	}
	return register.Verb[Feedback]{Name: "new", New: true, Primary: true, Label: core.T("总结意见", "Sum up"), Roles: []core.Role{core.Supervisor, core.Manager}, Clause: "A7.2",
		Fields: []core.Field[Feedback]{{Name: "month", Label: core.T("总结期内的月份", "A month of the period"), Ptr: func(f *Feedback) any { return &f.Month }, Required: true},
			lines("summary", "总结分析", "Summary and analysis", true, func(f *Feedback) any { return &f.Summary }), lines("measures", "落实的措施", "What was done about it", true, func(f *Feedback) any { return &f.Measures }),
			{Name: "told_how", Label: core.T("怎样告知客户", "How customers were told"), Ptr: func(f *Feedback) any { return &f.How }, Choices: howTold()},
			lines("told", "告知内容", "What they were told", false, func(f *Feedback) any { return &f.Told })},
		Fill: func(ctx context.Context, _ db.Tx, _ core.ID, f *Feedback) error {
			f.Month = core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone)
			return nil
		},
		Aside: feedbackAside,
		Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Feedback) (core.ID, error) {
			return SumUp(ctx, tx, in)
		}}
}

// feedbackAside shows the period's figures and what nobody follows, beside the form.
func feedbackAside(ctx context.Context, tx db.Tx, _ core.ID) (templ.Component, error) {
	p, rules, err := atNow(ctx, tx)
	if err != nil {
		return nil, err
	}
	from, to := periodOf(rules, "A7.2", core.MonthOf(core.Now(ctx), p.Zone))
	taken, answered, err := opinions(ctx, tx, from, to)
	if err != nil {
		return nil, err
	}
	left, err := unfollowed(ctx, tx, from, to)
	t := ui.TableView{Caption: core.T("没有人跟进的", "Followed by nobody"), Columns: []ui.Column{{Label: core.T("编号", "Number")}, {Label: core.T("内容", "Content")}}, Empty: core.T("每条意见都有人跟进", "Every opinion is followed by somebody")}
	for _, m := range left {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: m.Number, Href: href(ctx, m.Ref.ID)}, {Text: short(m.Content)}}})
	}
	return ui.TableCard(core.T("本期(%s 至 %s)意见 %d 条,已答复 %d 条", "This period (%s to %s): %d opinions, %d answered", string(from), string(to), taken, answered), t), err
}
