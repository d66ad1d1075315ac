package report

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/regulation"
)

// factsOf are the sections of a kind of report in their order: the report's own and those that other modules add.
func factsOf(ctx context.Context, kind string) []house.Fact {
	var out []house.Fact
	for _, f := range slices.Concat(own(), house.Of(ctx).Facts) {
		if slices.Contains(f.Reports, kind) {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b house.Fact) int { return cmp.Compare(a.Order, b.Order) })
	return out
}

// Figures counts what a report of a kind would say of the period around a day, without keeping it.
func Figures(ctx context.Context, tx db.Tx, kind string, day core.Date) (house.Period, []house.Section, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return house.Period{}, nil, err
	}
	if _, ok := sortOf(kind); !ok {
		return house.Period{}, nil, core.Invalid("kind", "没有这种报表", "There is no such report")
	}
	p := periodAround(rules, kind, day)
	all, err := sectionsOf(ctx, tx, kind, p, before(rules, kind, p))
	return p, all, err
}

// Draft asks for a report: the period is the one in which the day lies.
type Draft struct {
	Kind string
	Day  core.Date
}

// Compose counts and keeps the report of a period that is over. One that is there already is a conflict.
func Compose(ctx context.Context, tx db.Tx, in Draft) (core.ID, error) {
	p, sections, err := Figures(ctx, tx, in.Kind, in.Day)
	if err == nil && p.To >= core.Today(ctx) {
		err = core.Invalid("day", "这一期(%s 至 %s)还没有结束", "That period (%s to %s) is not over yet", string(p.From), string(p.To))
	}
	if err != nil {
		return 0, err
	}
	id, err := keep(ctx, tx, in.Kind, p, sections)
	if err == nil && id == 0 {
		err = core.Conflict("这一期已经编制过", "The report of that period has been composed already")
	}
	return id, err
}

// keep stores a composed report; 0 when there is one already.
func keep(ctx context.Context, tx db.Tx, kind string, p house.Period, sections []house.Section) (core.ID, error) {
	place, a, now := core.ProjectOf(ctx), core.ActorOf(ctx), core.Now(ctx)
	if _, ok, err := IssueOf(ctx, tx, kind, p.From); err != nil || ok {
		return 0, err
	}
	number, err := db.NextNumber(ctx, tx, place.ID, "BB", core.MonthOf(now, place.Zone))
	if err != nil {
		return 0, err
	}
	id := tx.NewID()
	n, err := db.Exec(ctx, tx, `insert into report_issue (project_id, id, created_at, created_by, changed_at, changed_by, number, kind, from_day, to_day, state, open, at, composer, sections)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,'draft',true,$3,$9,$10) on conflict (project_id, kind, from_day) where voided_at is null do nothing`,
		place.ID, id, now, a.ID, number, kind, p.From, p.To, a.Name, core.JSON(sections))
	if err != nil || n == 0 {
		return 0, err
	}
	tx.Publish(Topic(place.ID))
	return id, journal.Add(ctx, tx, Kind().Ref(ctx, id), "composed", map[string]any{"period": string(p.From) + " – " + string(p.To), "kind": kind})
}

// Recount counts the figures of a draft anew, as the records stand now.
func Recount(ctx context.Context, tx db.Tx, id core.ID) error {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = canChange(i)
	}
	if err != nil {
		return err
	}
	_, sections, err := Figures(ctx, tx, i.Kind, i.From)
	if err != nil {
		return err
	}
	return i.update(ctx, tx, "recounted", nil, "sections", core.JSON(sections))
}

// ---- what the calendar asks for

// order is a report that is to be composed.
type order struct {
	Project core.ID   `json:"project"`
	Kind    string    `json:"kind"`
	Day     core.Date `json:"day"`
}

const composeJob = "report.compose"

// catchUp is how many periods back a tick looks for reports that were missed.
const catchUp = 60

// daily opens the duties of the periods that have ended, which no day of the month opens, and asks for the reports.
func daily(ctx context.Context, d *db.DB) error {
	var orders []order
	var due []duty.Opening
	var early []string
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		if orders, due, err = missing(ctx, tx); err == nil {
			early, err = tooEarly(ctx, tx)
		}
		return err
	})
	if err != nil || len(orders)+len(due)+len(early) == 0 {
		return err
	}
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, clause := range early {
			if err := duty.Void(ctx, tx, clause, duty.PeriodRef(core.ProjectOf(ctx).ID, core.Today(ctx).Month()), "项目本月才开始,没有上月可报"); err != nil {
				return err
			}
		}
		for _, o := range orders {
			if err := job.Add(ctx, tx, composeJob, o, job.Unique(core.JSON(o)), job.Project(o.Project)); err != nil {
				return err
			}
		}
		return duty.OpenMany(ctx, tx, core.ProjectOf(ctx).ID, due)
	})
}

// tooEarly are the clauses whose duty of the month asks for a report on the month before, in which the project was not
// there yet.
func tooEarly(ctx context.Context, tx db.Tx) ([]string, error) {
	since, err := began(ctx, tx)
	month := core.Today(ctx).Month()
	if err != nil || since < month.First() {
		return nil, err
	}
	ref := duty.PeriodRef(core.ProjectOf(ctx).ID, month)
	return db.Values[string](ctx, tx, "select distinct clause from duty_duty where project_id = $1 and kind = $2 and record_id = $3 and clause in ('A3.3', 'C13.5') and state = 'open'", ref.Project, ref.Kind, int64(ref.ID))
}

// missing are the reports that ended periods have not got, and the duties of weeks and quarters that are not open yet. A
// project that never had a report of a kind begins with the last period that it saw.
func missing(ctx context.Context, tx db.Tx) (orders []order, due []duty.Opening, err error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	if err != nil {
		return nil, nil, err
	}
	since, err := began(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range sorts() {
		if !rules.On(s.clause) {
			continue
		}
		ended, err := endedPeriods(ctx, tx, rules, s.kind, since)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range ended {
			orders = append(orders, order{core.ProjectOf(ctx).ID, s.kind, p.From})
			o, ok, err := owed(ctx, rules, clock, s, p)
			if err != nil {
				return nil, nil, err
			}
			if ok {
				due = append(due, o)
			}
		}
	}
	return orders, due, nil
}

// endedPeriods are the periods of a kind without a report, from the last issue on.
func endedPeriods(ctx context.Context, tx db.Tx, rules *regulation.Rules, kind string, since core.Date) ([]house.Period, error) {
	last, err := db.Value[core.Date](ctx, tx, "select max(from_day) from report_issue where project_id = $1 and kind = $2 and voided_at is null", core.ProjectOf(ctx).ID, kind)
	if err != nil {
		return nil, err
	}
	var out []house.Period
	p := before(rules, kind, periodAround(rules, kind, core.Today(ctx)))
	for n := 0; n < catchUp && p.From > last && p.To >= since; n++ {
		out = append(out, p)
		if p = before(rules, kind, p); last == "" {
			break
		}
	}
	slices.Reverse(out)
	return out, nil
}

// began is the project's first local day.
func began(ctx context.Context, tx db.Tx) (core.Date, error) {
	places, err := project.All(ctx, tx)
	i := slices.IndexFunc(places, func(p duty.Place) bool { return p.ID == core.ProjectOf(ctx).ID })
	if err != nil || i < 0 {
		return core.Today(ctx), err
	}
	return core.DateOf(places[i].Since, places[i].Zone), nil
}

// owed is the duty of a period that no day of each month opens: the week's is due within the next week, the quarter's on
// its day of the month after. The monthly ones are duty.Recurring.
func owed(ctx context.Context, rules *regulation.Rules, clock calendar.Clock, s sort, p house.Period) (duty.Opening, bool, error) {
	var end time.Time
	switch s.kind {
	case Weekly:
		end = clock.EndOf(p.To.Add(max(1, daysOf(rules.Span("C13.5", "every")))))
	case Analysis:
		day, err := clock.MonthDay(p.To.Month().Add(1), rules.Value("A8.2", "day"))
		if err != nil {
			return duty.Opening{}, false, err
		}
		end = clock.EndOf(clock.Forward(day))
	default:
		return duty.Opening{}, false, nil
	}
	from, _ := house.Period{From: p.To.Add(1)}.Times(core.ProjectOf(ctx).Zone)
	title := core.T("%s(%s)", "%s (%s)", s.label, periodText(s.kind, p))
	return duty.Opening{Clause: s.clause, About: periodRef(ctx, s.kind, p), Opts: []duty.Option{duty.Number(s.number), duty.From(from), duty.Due(end), duty.About(title, href(ctx, 0)+"?kind="+s.kind)}}, true, nil
}

// periodRef is what the duty of a report is about: the month in which a monthly one is due, the first day of a week or quarter.
func periodRef(ctx context.Context, kind string, p house.Period) core.Ref {
	project := core.ProjectOf(ctx).ID
	if kind == Weekly || kind == Analysis {
		t := p.From.Time(time.UTC)
		return core.Ref{Project: project, Kind: kind, ID: core.ID(t.Year()*10000 + int(t.Month())*100 + t.Day())}
	}
	return duty.PeriodRef(project, p.To.Month().Add(1))
}

// recurring are the monthly duties, each about the month before (C13.5's by the day set for C1.6, which moves back before
// a holiday; A3.3's on its day, moved forward; B4.7's on the day itself).
func recurring() []duty.Recurring {
	return []duty.Recurring{{Clause: "C13.5", Number: "day", Title: core.T("投诉月报", "Monthly complaint report"), URL: "report?kind=monthly", Before: true},
		{Clause: "A3.3", Number: "day", Title: core.T("向客户发送上月运营报告", "Send customers the operations report of last month"), URL: "report?kind=operations"},
		{Clause: "B4.7", Number: "day", Title: core.T("客服工作报告报领导,向业主发布公告", "Work report to the leaders and an announcement to owners"), URL: "report?kind=work", Fixed: true}}
}

// compose is the job: it counts in a Read and keeps the result in a short Write, so that nobody waits for a million rows.
func compose(ctx context.Context, d *db.DB, args []byte) error {
	var o order
	if err := json.Unmarshal(args, &o); err != nil {
		return err
	}
	_, err := composeAt(ctx, d, o)
	return err
}

// composeAt finds or makes the issue of the period around a day.
func composeAt(ctx context.Context, d *db.DB, o order) (id core.ID, err error) {
	var place core.Project
	var p house.Period
	var sections []house.Section
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		at, err := project.Get(ctx, tx, o.Project)
		if err != nil {
			return err
		}
		place = at.Core()
		ctx = core.WithProject(ctx, place)
		rules, err := regulation.Now(ctx, tx)
		if err != nil {
			return err
		}
		if i, ok, err := IssueOf(ctx, tx, o.Kind, periodAround(rules, o.Kind, o.Day).From); err != nil || ok {
			id = i.Ref.ID
			return err
		}
		p, sections, err = Figures(ctx, tx, o.Kind, o.Day)
		return err
	})
	if err != nil || id != 0 {
		return id, err
	}
	err = d.Write(core.WithProject(ctx, place), func(ctx context.Context, tx db.Tx) (err error) {
		if id, err = keep(ctx, tx, o.Kind, p, sections); err != nil || id != 0 {
			return err
		}
		i, _, err := IssueOf(ctx, tx, o.Kind, p.From)
		id = i.Ref.ID
		return err
	})
	return id, err
}
