package desk

import (
	"context"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
)

// Whom a talk is with (C7.11).
const (
	Committee = "committee" // 业委会
	Authority = "authority" // 主管部门
)

// Talk is the record of one talk with the owners' committee or an authority.
type Talk struct {
	ID      core.ID
	Version int64
	Party   string
	Who     core.Personal
	Day     core.Date
	How     string
	Subject string
	Minutes string
	Outcome string
	Writer  string
	Files   []core.Upload
}

func (t *Talk) dest() []any {
	return []any{&t.ID, &t.Version, &t.Party, &t.Who, &t.Day, &t.How, &t.Subject, &t.Minutes, &t.Outcome, &t.Writer}
}

const talkSelect = "select id, version, party, who, day, how, subject, minutes, outcome, writer from desk_talk where project_id = $1 "

var talkKind = register.Kind{Name: "talk", Plural: "talks", Label: core.T("业委会与主管部门沟通", "Talks with committee and authorities"), Table: "desk_talk", Choices: map[string][]core.Choice{"party": Parties()},
	Events: map[string]core.Text{"talked": core.T("与{party}沟通:{subject}", "talked with the {party}: {subject}")}}

// Parties are those whom the firm talks with regularly.
func Parties() []core.Choice {
	return []core.Choice{{Value: Committee, Label: core.T("业委会", "Owners' committee")}, {Value: Authority, Label: core.T("主管部门", "Authority")}}
}

func talkHow() []core.Choice {
	return []core.Choice{{Value: "meeting", Label: core.T("会议", "Meeting")}, {Value: "visit", Label: core.T("走访", "Visit")}, {Value: "phone", Label: core.T("电话", "Telephone")}, {Value: "letter", Label: core.T("函件", "Letter")}}
}

// AddTalk keeps the record of a talk; once there is one with each party, the period's duty is done (C7.11).
func AddTalk(ctx context.Context, tx db.Tx, in Talk) (core.ID, error) {
	p, rules, err := atNow(ctx, tx)
	if err != nil {
		return 0, err
	}
	if in.Day > core.Today(ctx) {
		return 0, core.Invalid("day", "日期不能晚于今天", "The day cannot be later than today")
	}
	if err := canTalk(ctx, tx, in); err != nil {
		return 0, err
	}
	in.ID, in.Writer = tx.NewID(), core.ActorOf(ctx).Name
	if _, err := db.Exec(ctx, tx, `insert into desk_talk (project_id, id, created_at, created_by, changed_at, changed_by, party, who, day, month, how, subject, minutes, outcome, writer)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`, p.ID, in.ID, core.Now(ctx), core.ActorOf(ctx).ID, in.Party, in.Who, in.Day, in.Day.Month(), in.How, in.Subject, in.Minutes, in.Outcome, in.Writer); err != nil {
		return 0, err
	}
	ref := talkKind.Ref(ctx, in.ID)
	for _, up := range in.Files {
		if _, err := file.Attach(ctx, tx, ref, "minutes", up); err != nil {
			return 0, err
		}
	}
	if err := talked(ctx, tx, rules, in.Day.Month()); err != nil {
		return 0, err
	}
	return in.ID, journal.Add(ctx, tx, ref, "talked", map[string]any{"party": in.Party, "who": in.Who, "subject": in.Subject})
}

// talked closes the duty of the period in which a month lies once there was a talk with each party (C7.11).
func talked(ctx context.Context, tx db.Tx, rules *regulation.Rules, month core.Month) error {
	p := core.ProjectOf(ctx).ID
	from, to := periodOf(rules, "C7.11", month)
	parties, err := db.Value[int64](ctx, tx, "select count(distinct party) from desk_talk where project_id = $1 and day >= $2 and day <= $3", p, from.First(), to.Last())
	if err != nil || int(parties) < len(Parties()) {
		return err
	}
	return duty.Done(ctx, tx, "C7.11", duty.PeriodRef(p, to))
}

// C7.11: a talk leaves a record.
func canTalk(ctx context.Context, tx db.Tx, in Talk) error {
	return regulation.Guard(ctx, tx, "C7.11", strings.TrimSpace(in.Minutes) != "" || len(in.Files) > 0, core.T("沟通要有记录:写明谈了什么,或附上纪要", "A talk leaves a record: write down what was said, or attach the minutes"))
}

func talkFields() []core.Field[Talk] {
	return []core.Field[Talk]{
		{Name: "party", Label: core.T("对象", "With"), Ptr: func(t *Talk) any { return &t.Party }, Kind: core.KindRadio, Choices: Parties(), Required: true},
		{Name: "who", Label: core.T("对方参加人", "Who of theirs"), Ptr: func(t *Talk) any { return &t.Who }, Required: true},
		{Name: "day", Label: core.T("日期", "Day"), Ptr: func(t *Talk) any { return &t.Day }, Required: true},
		{Name: "how", Label: core.T("方式", "How"), Ptr: func(t *Talk) any { return &t.How }, Choices: talkHow(), Required: true},
		{Name: "subject", Label: core.T("议题", "Subject"), Ptr: func(t *Talk) any { return &t.Subject }, Required: true, Max: 200},
		{Name: "minutes", Label: core.T("沟通内容", "What was said"), Ptr: func(t *Talk) any { return &t.Minutes }, Kind: core.KindLines, Max: 4000},
		{Name: "outcome", Label: core.T("结论与后续", "Outcome and next steps"), Ptr: func(t *Talk) any { return &t.Outcome }, Kind: core.KindLines, Max: 2000},
	}
}

func talks() register.Register[Talk] {
	heads := []core.Role{core.Supervisor, core.Manager, core.GM}
	attached := core.Field[Talk]{Name: "files", Label: core.T("纪要或附件", "Minutes or attachments"), Ptr: func(t *Talk) any { return &t.Files }, Kind: core.KindFile, Max: 10}
	return register.Register[Talk]{Kind: talkKind, Viewers: heads, Export: heads, Columns: []string{"day", "party", "who", "how", "subject", "outcome", "writer"},
		Fields: append(talkFields(), core.Field[Talk]{Name: "writer", Label: core.T("记录人", "Recorded by"), Ptr: func(t *Talk) any { return &t.Writer }}),
		ID:     func(t *Talk) core.ID { return t.ID }, Version: func(t *Talk) int64 { return t.Version }, Cursor: func(t *Talk) string { return pageKey(t.Day, t.ID) },
		Filters: []register.Filter{{Name: "party", Label: core.T("对象", "With"), Kind: core.KindChoice, Choices: Parties()}},
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]Talk, error) {
			return newest(ctx, tx, (*Talk).dest, talkSelect, "day", q, "and ($2 = '' or party = $2)", q.Filter["party"])
		},
		Get: func(ctx context.Context, tx db.Tx, id core.ID) (Talk, error) {
			return db.One(ctx, tx, (*Talk).dest, talkSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
		},
		Verbs: []register.Verber{register.Verb[Talk]{Name: "new", New: true, Primary: true, Label: core.T("登记沟通", "Record a talk"), Roles: heads, Clause: "C7.11", Fields: append(talkFields(), attached),
			Fill: func(ctx context.Context, _ db.Tx, _ core.ID, t *Talk) error { t.Day = core.Today(ctx); return nil },
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Talk) (core.ID, error) {
				return AddTalk(ctx, tx, in)
			}}}}
}
