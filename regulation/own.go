package regulation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// Kinds of a clause that the firm adds itself.
const (
	OwnRecurring = "recurring" // 周期: the calendar opens a duty
	OwnChecklist = "checklist" // 清单: the same, and every item is ticked before it closes
	OwnDeadline  = "deadline"  // 期限: a known event opens a duty
)

// OwnDoc is the id of the book that holds the firm's own clauses; their ids are F1, F2 and so on.
const OwnDoc = "F"

// Own is what makes a clause one of the firm's own (公司自订条款): what it rests on, what raises its duties, where it
// holds and from when. Its terms are numbers of the clause and are changed like any other's.
type Own struct {
	Kind    string
	Project core.ID // core.Firm: everywhere
	From    time.Time
	First   time.Time // since when the clause stands in any version
	Basis   string    // the firm's paper it rests on
	Event   string    // of a deadline: "repair.taken"
	Ends    string    // the event on the same record that fulfils it; "": closed by hand
	Items   []string  // of a checklist
	Version int64     // the how manieth text
	id      core.ID
}

// OwnBook is the book of the firm's own clauses as pages name it.
func OwnBook() Doc {
	return Doc{ID: OwnDoc, Title: core.T("本公司自订条款", "The firm's own clauses"), Version: 1}
}

// IsOwn reports whether the id has the shape of an own clause's: F and a number.
func IsOwn(clause string) bool {
	n, ok := strings.CutPrefix(clause, OwnDoc)
	i, err := strconv.Atoi(n)
	return ok && err == nil && i > 0
}

type ownRow struct {
	Clause
	rule             Own
	months           int64
	day, term, items string
}

func (o *ownRow) dest() []any {
	return []any{&o.rule.Project, &o.rule.id, &o.ID, &o.rule.From, &o.rule.Kind, &o.Text.ZH, &o.Text.EN, &o.rule.Basis, &o.Area, &o.Owner, &o.Escalate,
		&o.months, &o.day, &o.rule.Event, &o.rule.Ends, &o.term, &o.items}
}

const ownColumns = "project_id, id, clause, from_at, kind, text, text_en, basis, area, owner, escalate, months, day, event, ends, term, items"

// clause completes what was read: the terms become numbers.
func (o ownRow) clause() (*Clause, error) {
	c, own := o.Clause, o.rule
	c.Doc, c.Own = OwnDoc, &own
	if err := json.Unmarshal([]byte(o.items), &own.Items); err != nil {
		return nil, fmt.Errorf("regulation: items of %s: %w", c.ID, err)
	}
	c.Kind = OwnRecurring
	if own.Kind == OwnDeadline {
		c.Kind = OwnDeadline
		c.Numbers = []Number{{Name: "term", Kind: "span", Default: o.term, Min: "1min", Max: "1100d", Label: core.T("期限", "Term")}}
		return &c, nil
	}
	c.Numbers = []Number{{Name: "months", Kind: "count", Default: strconv.FormatInt(o.months, 10), Min: "1", Max: "12", Label: core.T("每几个月一次", "Months between")}, dayNumber(o.day)}
	return &c, nil
}

// dayNumber is the deadline of a recurring clause: a day of the month, or, as 03-15, of the year.
func dayNumber(day string) Number {
	n := Number{Name: "day", Kind: "monthday", Default: day, Min: "1", Max: "last", Label: core.T("截止日", "Deadline")}
	if strings.Contains(day, "-") {
		n.Min, n.Max = "01-01", "12-31"
	}
	return n
}

type ownKey struct{ project core.ID }

// ownVersions lists every version of the own clauses of the firm and a project, by number and time.
func ownVersions(ctx context.Context, tx db.Tx, project core.ID) ([]*Clause, error) {
	return db.Bag(tx, ownKey{project}, func() ([]*Clause, error) {
		rows, err := db.All(ctx, tx, (*ownRow).dest, "select "+ownColumns+` from regulation_clause
			where (project_id = $1 or project_id = $2) and voided_at is null order by length(clause), clause, from_at, id`, core.Firm, project)
		out := make([]*Clause, 0, len(rows))
		for _, r := range rows {
			c, err := r.clause()
			if err != nil {
				return nil, err
			}
			c.Own.Version, c.Own.First = 1, c.Own.From
			if n := len(out); n > 0 && out[n-1].ID == c.ID {
				c.Own.Version, c.Own.First = out[n-1].Own.Version+1, out[n-1].Own.First
			}
			out = append(out, c)
		}
		return out, err
	})
}

// takeOwn puts into the rules the version of each own clause that is in force at their time.
func (r *Rules) takeOwn(all []*Clause) {
	for _, c := range all {
		if c.Own.From.After(r.At) {
			continue
		}
		if n := len(r.own); n > 0 && r.own[n-1].ID == c.ID {
			r.own[n-1] = c
			continue
		}
		r.own = append(r.own, c)
	}
}

// Clause finds a clause of the pack, or one of the firm's own that is in force; nil where there is none.
func (r *Rules) Clause(id string) *Clause {
	if c := Default().Clause(id); c != nil {
		return c
	}
	i := slices.IndexFunc(r.own, func(c *Clause) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return r.own[i]
}

// All lists the pack and, after it, the firm's own clauses in force.
func (r *Rules) All() []*Clause { return append(Default().All(), r.own...) }

// Own lists the firm's own clauses in force, switched off or not.
func (r *Rules) Own() []*Clause { return r.own }

// Find is a clause by its id in the request's project: the pack's, or the firm's own in the version in force now,
// else in its first version to come. An unknown one is a not-found error.
func Find(ctx context.Context, tx db.Tx, id string) (*Clause, error) {
	if c := Default().Clause(id); c != nil {
		return c, nil
	}
	if !IsOwn(id) {
		return nil, core.NotFound()
	}
	all, err := ownVersions(ctx, tx, core.ProjectOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	var found *Clause
	for _, c := range all {
		if c.ID == id && (found == nil || !c.Own.From.After(core.Now(ctx))) {
			found = c
		}
	}
	if found == nil {
		return nil, core.NotFound()
	}
	return found, nil
}

// Coming lists the own clauses that are decided and not yet in force in any version.
func Coming(ctx context.Context, tx db.Tx) ([]*Clause, error) {
	all, err := ownVersions(ctx, tx, core.ProjectOf(ctx).ID)
	var out []*Clause
	for _, c := range all {
		if c.Own.Version == 1 && c.Own.From.After(core.Now(ctx)) {
			out = append(out, c)
		}
	}
	return out, err
}

// Versions lists the texts of an own clause, the newest first.
func Versions(ctx context.Context, tx db.Tx, id string) ([]*Clause, error) {
	all, err := ownVersions(ctx, tx, core.ProjectOf(ctx).ID)
	var out []*Clause
	for _, c := range all {
		if c.ID == id {
			out = append([]*Clause{c}, out...)
		}
	}
	return out, err
}

// Draft is an own clause as it is proposed. Months and Day belong to recurring ones and checklists, Items to
// checklists, Event, Ends and Term to deadlines.
type Draft struct {
	Clause          string // "": a new one
	Kind            string
	Text            core.Text
	Basis, Area     string
	Owner, Escalate core.Role
	Months          int64 // 1 to 12
	Day             string
	Event, Ends     string
	Term            string
	Items           []string
	Project         core.ID // core.Firm: everywhere
	From            core.Date
}

// Check refuses a draft that could not be carried out. Which events there are, the caller knows.
func (d Draft) Check() error {
	switch d.Kind {
	case OwnDeadline:
		if s, err := core.ParseSpan(d.Term); err != nil || s.N < 1 {
			return core.Invalid("term", "期限如 24h、7d、3wd", "A term such as 24h, 7d or 3wd")
		}
		if err := (Number{Kind: "span", Min: "1min", Max: "1100d", Label: core.T("期限", "the term")}).Validate(d.Term); err != nil {
			return core.Invalid("term", "%s", "%s", core.AsErr(err).Text)
		}
		kind, _, _ := strings.Cut(d.Event, ".")
		if end, _, _ := strings.Cut(d.Ends, "."); d.Event == "" || d.Ends != "" && (end != kind || d.Ends == d.Event) {
			return core.Invalid("ends", "完成的标志应是同一种记录的另一件事", "What fulfils it must be another event of the same kind of record")
		}
		return nil
	case OwnRecurring, OwnChecklist:
		return d.checkRecurring()
	}
	return core.Invalid("kind", "没有这种条款", "There is no such kind of clause")
}

func (d Draft) checkRecurring() error {
	if d.Months < 1 || d.Months > 12 {
		return core.Invalid("months", "应为 1 至 12 个月", "1 to 12 months")
	}
	if _, err := calendar.New(nil, calendar.Table{}).MonthDay("2026-01", d.Day); err != nil {
		return core.Invalid("day", "%s", "%s", core.AsErr(err).Text)
	}
	if d.Kind == OwnChecklist && len(d.Items) == 0 {
		return core.Invalid("items", "请逐行写出检查项", "Write the items of the checklist, one a line")
	}
	return nil
}

// AddOwn puts a new clause of the firm's own in force from a coming midnight on, or a further version of one. It
// returns the clause's id. Who may decide it, the approval has checked.
func AddOwn(ctx context.Context, tx db.Tx, d Draft) (string, error) {
	if err := d.Check(); err != nil {
		return "", err
	}
	zone, now := core.ProjectOf(ctx).Zone, core.Now(ctx)
	if _, err := core.ParseDate(string(d.From)); err != nil || d.From <= core.DateOf(now, zone) {
		return "", core.Invalid("from", "最早从明天零点起生效", "It takes effect tomorrow at the earliest")
	}
	if d.Clause == "" {
		n, err := db.NextCount(ctx, tx, core.Firm, OwnDoc)
		if err != nil {
			return "", err
		}
		d.Clause = OwnDoc + strconv.FormatInt(n, 10)
	}
	tx.Drop(ownKey{core.ProjectOf(ctx).ID})
	tx.Drop(settingsKey{core.ProjectOf(ctx).ID})
	id, err := insertOwn(ctx, tx, d, d.From.Time(zone))
	if err != nil {
		return "", err
	}
	ref := core.Ref{Project: d.Project, Kind: "regulation_clause", ID: id}
	return d.Clause, journal.Add(ctx, tx, ref, "added", d)
}

func insertOwn(ctx context.Context, tx db.Tx, d Draft, from time.Time) (core.ID, error) {
	if d.Items == nil {
		d.Items = []string{}
	}
	return db.Value[core.ID](ctx, tx, `insert into regulation_clause (project_id, id, created_at, created_by, changed_at, changed_by,
		clause, from_at, kind, text, text_en, basis, area, owner, escalate, months, day, event, ends, term, items)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19)
		on conflict (project_id, clause, from_at) do update set kind = excluded.kind, text = excluded.text, text_en = excluded.text_en, basis = excluded.basis,
		area = excluded.area, owner = excluded.owner, escalate = excluded.escalate, months = excluded.months, day = excluded.day, event = excluded.event,
		ends = excluded.ends, term = excluded.term, items = excluded.items, changed_at = excluded.changed_at, changed_by = excluded.changed_by, version = regulation_clause.version + 1
		returning id`, d.Project, tx.NewID(), core.Now(ctx), core.ActorOf(ctx).ID, d.Clause, from, d.Kind, d.Text.ZH, d.Text.EN, d.Basis, d.Area, d.Owner, d.Escalate,
		d.Months, d.Day, d.Event, d.Ends, d.Term, core.JSON(d.Items))
}
