package compliance

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/regulation"
)

// State says whether a clause is carried out at all.
type State string

// The states of a clause.
const (
	InForce State = "on"   // carried out
	Off     State = "off"  // 已关闭: switched off by the firm or the project
	Unbuilt State = "none" // 未落实: no module claims it
	Same    State = "same" // the same duty as another clause, which carries it
	Pending State = "next" // 待生效: one of the firm's own that is decided and not yet in force
)

// States lists them with their names.
func States() []core.Choice {
	return []core.Choice{
		{Value: string(InForce), Label: core.T("在执行", "In force")}, {Value: string(Off), Label: core.T("已关闭", "Switched off")},
		{Value: string(Pending), Label: core.T("待生效", "Not yet in force")}, {Value: string(Unbuilt), Label: core.T("未落实", "Not implemented")}, {Value: string(Same), Label: core.T("同其他条款", "Same as another")},
	}
}

// Line is one clause on the board.
type Line struct {
	Clause  *regulation.Clause
	State   State
	Claims  []house.Claimed
	Owner   core.Role
	Count   Count
	Refused int64
	Rated   bool // a measure gives a rate
	Figure  regulation.Figure
	Measure regulation.Measure
	Target  core.Rate   // of the measure; 0 when the clause sets none
	Trend   []core.Rate // the rate of each month of the trend that has one, the last being the month shown
}

// Board is how the regulation is carried out in one project and month.
type Board struct {
	Project  core.Project
	Month    core.Month
	Lines    []Line
	Sum      Count
	Overdue  int64 // open past their term, due in the month or before
	Refused  int64
	Unbuilt  int // clauses that no module claims
	Trending bool
}

// endOf is the instant whose rules judge the month: its end, or now while it runs.
func endOf(ctx context.Context, month core.Month) time.Time {
	end := month.Add(1).First().Time(core.ProjectOf(ctx).Zone).Add(-time.Microsecond)
	if now := core.Now(ctx); now.Before(end) {
		return now
	}
	return end
}

// BoardOf computes the board of the request's project. The month's duties are counted from the duties themselves.
func BoardOf(ctx context.Context, tx db.Tx, month core.Month) (Board, error) {
	b := Board{Project: core.ProjectOf(ctx), Month: month}
	rules, err := regulation.RulesAt(ctx, tx, b.Project.ID, endOf(ctx, month))
	if err != nil {
		return b, err
	}
	counts, err := countClauses(ctx, tx, b.Project.ID, month)
	if err != nil {
		return b, err
	}
	refused, err := regulation.RefusalCounts(ctx, tx, b.Project.ID, month)
	if err != nil {
		return b, err
	}
	if b.Overdue, err = countOverdue(ctx, tx, b.Project.ID, month); err != nil {
		return b, err
	}
	for _, c := range rules.All() {
		l := lineOf(ctx, rules, c)
		l.Count, l.Refused = counts[c.ID], refused[c.ID]
		if err := l.measure(ctx, tx, rules, month); err != nil {
			return b, err
		}
		b.put(l)
	}
	return b, b.draw(ctx, tx)
}

func (b *Board) put(l Line) {
	b.Lines = append(b.Lines, l)
	b.Sum.add(l.Count)
	b.Refused += l.Refused
	if l.State == Unbuilt {
		b.Unbuilt++
	}
}

// lineOf is a clause with its state and owner, without figures.
func lineOf(ctx context.Context, rules *regulation.Rules, c *regulation.Clause) Line {
	l := Line{Clause: c, Owner: rules.Owner(c.ID), State: InForce, Claims: house.Of(ctx).Claims[c.ID]}
	if c.Own != nil {
		l.Claims = []house.Claimed{ownClaim(ctx, c)}
	}
	switch {
	case c.Own != nil && rules.Clause(c.ID) == nil:
		l.State, l.Owner = Pending, c.Owner
	case len(l.Claims) == 0 && c.SameAs != "" && len(house.Of(ctx).Claims[c.SameAs]) > 0:
		l.State = Same
	case len(l.Claims) == 0:
		l.State = Unbuilt
	case !rules.On(c.ID):
		l.State = Off
	}
	return l
}

// measure takes the clause's rate. A clause that is switched off or not implemented has none.
func (l *Line) measure(ctx context.Context, tx db.Tx, rules *regulation.Rules, month core.Month) error {
	i := slices.IndexFunc(house.Of(ctx).Measures, func(m regulation.Measure) bool { return m.Clause == l.Clause.ID })
	if i < 0 || l.State != InForce {
		return nil
	}
	l.Measure = house.Of(ctx).Measures[i]
	fig, err := l.Measure.Of(ctx, tx, core.ProjectOf(ctx).ID, month)
	if err != nil {
		return err
	}
	l.Figure, l.Rated = fig, true
	if l.Measure.Target != "" {
		l.Target = rules.Rate(l.Clause.ID, l.Measure.Target)
	}
	return nil
}

// draw adds the lines over twelve months.
func (b *Board) draw(ctx context.Context, tx db.Tx) error {
	past, err := trends(ctx, tx, b.Project.ID, b.Month)
	for i := range b.Lines {
		l := &b.Lines[i]
		if l.State == Unbuilt || l.State == Same {
			continue
		}
		l.Trend = trendOf(past[l.Clause.ID], l.Rated)
		if r, ok := l.Rate(); ok {
			l.Trend = append(l.Trend, r)
		}
	}
	return err
}

func trendOf(rows []monthRow, rated bool) []core.Rate {
	slices.SortFunc(rows, func(a, b monthRow) int { return strings.Compare(string(a.Month), string(b.Month)) })
	var out []core.Rate
	for _, r := range rows {
		if v, ok := r.rate(rated); ok {
			out = append(out, v)
		}
	}
	return out
}

func (m monthRow) rate(rated bool) (core.Rate, bool) {
	if rated {
		return core.RateOf(m.Num, m.Den)
	}
	return m.Count.Rate()
}

// Rate is the clause's own rate: its measure's, else that of its duties done on time.
func (l Line) Rate() (core.Rate, bool) {
	if l.Rated {
		return core.RateOf(l.Figure.Num, l.Figure.Den)
	}
	return l.Count.Rate()
}

// Reached reports whether a measured rate meets its target.
func (l Line) Reached() bool {
	r, ok := l.Rate()
	if !ok || l.Target == 0 {
		return true
	}
	if l.Measure.AtMost {
		return r <= l.Target
	}
	return r >= l.Target
}

// Ours reports whether the numbers are our default and the firm has not set its own.
func (l Line) Ours() bool { return l.Clause.Ours && l.State != Unbuilt }

// monthOf reads ?month=, this month by default; a month to come is refused.
func monthOf(ctx context.Context, s string) (core.Month, error) {
	this := core.Today(ctx).Month()
	if s == "" {
		return this, nil
	}
	m, err := core.ParseMonth(s)
	if err == nil && (m > this.Add(1) || m < "2000-01") {
		err = core.Invalid("month", "没有 %s 的数据", "There is nothing for %s", s)
	}
	return m, err
}

// weekOf is the rest of the week that the day is in, through Sunday.
func weekOf(day core.Date) (from, to core.Date) {
	left := (7 - int(day.Weekday())) % 7
	return day, day.Add(left)
}

// Group is what one person, role, department or project owes in a month.
type Group struct {
	Name  string
	Note  string
	Key   string // as the list's filter takes it
	Count Count
}

// byRole groups the month by role [岗位].
func byRole(ctx context.Context, tx db.Tx, month core.Month) ([]Group, error) {
	counts, err := countRoles(ctx, tx, core.ProjectOf(ctx).ID, month)
	var out []Group
	for role, c := range counts {
		out = append(out, Group{Name: core.Role(role).Name().Say(ctx), Key: role, Count: c})
	}
	return sorted(out), err
}

// byPerson groups it by who owes the duty in person or closed it.
func byPerson(ctx context.Context, tx db.Tx, month core.Month) ([]Group, error) {
	counts, err := countPeople(ctx, tx, core.ProjectOf(ctx).ID, month)
	if err != nil {
		return nil, err
	}
	who, err := peopleOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := who.learn(ctx, tx, slices.Collect(maps.Keys(counts))...); err != nil {
		return nil, err
	}
	var out []Group
	for id, c := range counts {
		out = append(out, Group{Name: who.name(ctx, id), Note: who[id].Department, Key: keyOf(id), Count: c})
	}
	return sorted(out), err
}

// byDepartment groups it by the department of that person.
func byDepartment(ctx context.Context, tx db.Tx, month core.Month) ([]Group, error) {
	counts, err := countPeople(ctx, tx, core.ProjectOf(ctx).ID, month)
	if err != nil {
		return nil, err
	}
	who, err := peopleOf(ctx, tx)
	groups := map[string]*Group{}
	for id, c := range counts {
		d := who[id].Department
		if groups[d] == nil {
			groups[d] = &Group{Name: d, Key: d}
			if d == "" {
				groups[d].Name = core.T("未分部门", "No department").Say(ctx)
			}
		}
		groups[d].Count.add(c)
	}
	var out []Group
	for _, g := range groups {
		out = append(out, *g)
	}
	return sorted(out), err
}

// sorted puts those with most overdue and late first.
func sorted(gs []Group) []Group {
	slices.SortFunc(gs, func(a, b Group) int {
		if a.Count.Late != b.Count.Late {
			return int(b.Count.Late - a.Count.Late)
		}
		if a.Count.Total != b.Count.Total {
			return int(b.Count.Total - a.Count.Total)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return gs
}

func keyOf(id core.ID) string {
	if id == 0 {
		return "0"
	}
	return id.String()
}
