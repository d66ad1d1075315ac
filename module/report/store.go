package report

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/regulation"
)

// What is counted: each source is a table of records with the time that puts one into a period; a tally is a condition on
// it, a split the expression that divides it. The same condition counts a figure and lists its records. In a condition
// $4 is now, and c.overdue whether the record came too late.

type source struct {
	kind    string // of the records, whose page is /p/…/kind/id; their right is kind.view
	label   core.Text
	table   string // its rows are called c
	at      string
	number  string // what a list calls a record by
	state   string // its state, or ''
	where   string // what counts at all
	overdue string // whether a record came too late, which tallies call c.overdue: it is looked up once a record
	tallies []tally
	splits  []split
}

type tally struct {
	key   string
	name  core.Text
	where string
}

type split struct {
	key  string
	name core.Text
	expr string
	join string // tables that the expression needs besides
	// choices name the values; without any a value stands as itself, or as none where it is empty.
	choices []core.Choice
	none    core.Text
}

func (s source) tally(key string) (tally, bool) {
	i := slices.IndexFunc(s.tallies, func(t tally) bool { return t.key == key })
	if i < 0 {
		return tally{}, false
	}
	return s.tallies[i], true
}

func (s source) split(key string) (split, bool) {
	i := slices.IndexFunc(s.splits, func(t split) bool { return t.key == key })
	if i < 0 {
		return split{}, false
	}
	return s.splits[i], true
}

// period is which rows of the source count: those of the period, none of them from the future.
func (s source) period() string {
	return " where c.project_id = $1 and c.voided_at is null and c." + s.at + " >= $2 and c." + s.at + " < $3 and c." + s.at + " <= $4 and " + s.where
}

// selecting is a query over the period's rows: what it selects, the tables joined and what follows. Where it asks whether a
// record was overdue, the rows are gathered first, so that this is looked up once for each.
func (s source) selecting(what, join, rest string) string {
	if !strings.Contains(what+rest, "c.overdue") {
		return "select " + what + " from " + s.table + " c " + join + s.period() + rest
	}
	return "with c as materialized (select c.*, " + s.overdue + " as overdue from " + s.table + " c" + s.period() + ") select " + what + " from c " + join + " where c.project_id = $1" + rest
}

// span is the arguments of from.
func span(ctx context.Context, p house.Period) []any {
	from, to := p.Times(core.ProjectOf(ctx).Zone)
	return []any{core.ProjectOf(ctx).ID, from, to, core.Now(ctx)}
}

// cube is tallies counted by several splits at once, in one query.
type cube struct {
	source
	splits []split
	keys   []string
	cells  []cell
}

// cell is one combination of the splits' values with a number for each tally.
type cell struct {
	of []string
	n  []int64
}

// cube counts the tallies over the period by the splits; extra narrows it and takes no argument.
func (s source) cube(ctx context.Context, tx db.Tx, p house.Period, extra string, by []string, keys ...string) (cube, error) {
	c := cube{source: s, keys: keys}
	var cols []string
	join, group := "", ""
	for i, key := range by {
		sp, _ := s.split(key)
		c.splits = append(c.splits, sp)
		cols = append(cols, sp.expr)
		if !strings.Contains(join, sp.join) {
			join += " " + sp.join
		}
		group += ", " + mark(i+1)
	}
	if group != "" {
		group = " group by " + group[2:]
	}
	for _, k := range keys {
		t, _ := s.tally(k)
		if sum, ok := strings.CutPrefix(t.where, "sum "); ok {
			cols = append(cols, "coalesce(sum("+sum+"), 0)")
			continue
		}
		cols = append(cols, "count(*) filter (where "+t.where+")")
	}
	var err error
	c.cells, err = db.All(ctx, tx, func(x *cell) []any { return x.dest(len(by), len(keys)) }, s.selecting(strings.Join(cols, ", "), join, extra+group), span(ctx, p)...)
	return c, err
}

func (x *cell) dest(splits, keys int) []any {
	x.of, x.n = make([]string, splits), make([]int64, keys)
	var out []any
	for i := range x.of {
		out = append(out, &x.of[i])
	}
	for i := range x.n {
		out = append(out, &x.n[i])
	}
	return out
}

// sum is the tallies over all values.
func (c cube) sum() map[string]int64 {
	out := map[string]int64{}
	for _, x := range c.cells {
		for i, k := range c.keys {
			out[k] += x.n[i]
		}
	}
	return out
}

// counted is one line of a count: a split's value and a number for each tally.
type counted struct {
	key string
	n   []int64
}

// by is the tallies for each value of a split, in the order of its choices, else the most frequent first.
func (c cube) by(key string, keys ...string) []counted {
	at := slices.IndexFunc(c.splits, func(sp split) bool { return sp.key == key })
	var out []counted
	for _, x := range c.cells {
		i := slices.IndexFunc(out, func(l counted) bool { return l.key == x.of[at] })
		if i < 0 {
			i = len(out)
			out = append(out, counted{x.of[at], make([]int64, len(keys))})
		}
		for n, k := range keys {
			out[i].n[n] += x.n[slices.Index(c.keys, k)]
		}
	}
	sp := c.splits[at]
	slices.SortFunc(out, func(a, b counted) int {
		if x, y := sp.place(a.key), sp.place(b.key); x != y {
			return x - y
		}
		if a.n[0] != b.n[0] {
			return int(b.n[0] - a.n[0])
		}
		return strings.Compare(a.key, b.key)
	})
	return out
}

// place is where a value stands among the choices; those that are none of them come last.
func (sp split) place(value string) int {
	i := slices.IndexFunc(sp.choices, func(c core.Choice) bool { return c.Value == value })
	if i < 0 {
		return len(sp.choices)
	}
	return i
}

func (sp split) label(value string) core.Text {
	if value == "" {
		return sp.none
	}
	return core.Label(sp.choices, value)
}

// path leads from a figure to its records: "records?of=complaint.late&by=category&is=noise", under the page.
func (s source) path(tally, by, is string) string {
	out := "records?of=" + s.kind + "." + tally
	if by != "" {
		out += "&by=" + by + "&is=" + escape(is)
	}
	return out
}

// figure is a count with its name and its records.
func (s source) figure(n map[string]int64, key string) house.Figure {
	t, _ := s.tally(key)
	return house.Figure{Key: s.kind + "." + key, Name: t.name, Value: n[key], Path: s.path(key, "", "")}
}

// rate is one count of another, in basis points.
func rate(key string, name core.Text, num, den int64) house.Figure {
	return house.Figure{Key: key, Name: name, As: house.AsRate, Value: rateOf(num, den)}
}

func rateOf(num, den int64) int64 {
	r, ok := core.RateOf(num, den)
	if !ok {
		return house.NoValue
	}
	return int64(r)
}

// table is the tallies by a split; whole puts in the choices that did not occur, with 0. most limits the lines; 0: all.
func (c cube) tableOf(by, chart string, whole bool, most int, keys ...string) house.Table {
	sp, _ := c.split(by)
	t := house.Table{Key: c.kind + "." + by, Title: core.T("%s:%s", "%s: %s", c.label, sp.name), By: sp.name, Chart: chart}
	for _, k := range keys {
		of, _ := c.tally(k)
		t.Columns = append(t.Columns, house.Column{Name: of.name})
	}
	rows := c.by(by, keys...)
	if whole {
		rows = withMissing(rows, sp, len(keys))
	}
	for i, r := range rows {
		if most > 0 && i >= most {
			break
		}
		t.Lines = append(t.Lines, house.Line{Key: r.key, Name: sp.label(r.key), Values: r.n, Path: c.path(keys[0], by, r.key)})
	}
	return t
}

// withMissing puts in the choices that did not occur, in their places.
func withMissing(rows []counted, sp split, n int) []counted {
	if len(sp.choices) == 0 {
		return rows
	}
	var out []counted
	for _, c := range sp.choices {
		i := slices.IndexFunc(rows, func(r counted) bool { return r.key == c.Value })
		if i < 0 {
			out = append(out, counted{c.Value, make([]int64, n)})
			continue
		}
		out = append(out, rows[i])
	}
	for _, r := range rows {
		if sp.place(r.key) == len(sp.choices) {
			out = append(out, r)
		}
	}
	return out
}

// quarterHour is how finely times are grouped before they are put into hours of the local day: zones differ by it.
const quarterHour = 15 * time.Minute

// hours counts the source's records by the local hour and the weekday (Monday first) at which they came.
func (s source) hours(ctx context.Context, tx db.Tx, p house.Period) (byHour [24]int64, byDay [7]int64, err error) {
	type bucket struct{ at, n int64 }
	rows, err := db.All(ctx, tx, func(b *bucket) []any { return []any{&b.at, &b.n} }, s.selecting("c."+s.at+" / 900000000, count(*)", "", " group by 1"), span(ctx, p)...)
	for _, b := range rows {
		at := time.Unix(b.at*int64(quarterHour/time.Second), 0).In(core.ProjectOf(ctx).Zone)
		byHour[at.Hour()] += b.n
		byDay[(int(at.Weekday())+6)%7] += b.n
	}
	return byHour, byDay, err
}

// days counts the source's records by local day.
func (s source) days(ctx context.Context, tx db.Tx, p house.Period) (map[core.Date]int64, error) {
	type bucket struct {
		day core.Date
		n   int64
	}
	rows, err := db.All(ctx, tx, func(b *bucket) []any { return []any{&b.day, &b.n} }, s.selecting("c.day, count(*)", "", " group by 1"), span(ctx, p)...)
	out := map[core.Date]int64{}
	for _, b := range rows {
		out[b.day] = b.n
	}
	return out, err
}

// record is one line of the list behind a figure.
type record struct {
	ID     core.ID
	Number string
	At     time.Time
	State  string
}

// recordsMax is how many records a figure lists.
const recordsMax = 300

// records lists what a tally counts, narrowed to one value of a split; what is against the reader stays out (C13.1).
func (s source) records(ctx context.Context, tx db.Tx, p house.Period, t tally, by, is string) ([]record, error) {
	join, where, args := "", " and "+t.where, span(ctx, p)
	if strings.HasPrefix(t.where, "sum ") {
		where = " and " + t.where[4:] + " <> 0"
	}
	if sp, ok := s.split(by); ok {
		join = sp.join
		args = append(args, is)
		where += " and " + sp.expr + " = $5"
	}
	if on, err := regulation.On(ctx, tx, "C13.1"); err != nil || on && s.kind == "complaint" {
		if err != nil {
			return nil, err
		}
		args = append(args, int64(core.ActorOf(ctx).ID))
		where += " and coalesce(c.against_user, -1) <> $" + mark(len(args))
	}
	return db.All(ctx, tx, func(r *record) []any { return []any{&r.ID, &r.Number, &r.At, &r.State} }, s.selecting("c.id, "+s.number+", c."+s.at+", "+s.state, join, where+" order by c."+s.at+", c.id limit 300"), args...)
}

// openNow counts the source's records that are open at composing, whenever they came before the period's end. The few open
// ones have an index of their own, which at + 0 leaves to be chosen.
func (s source) openNow(ctx context.Context, tx db.Tx, p house.Period) (int64, error) {
	_, to := p.Times(core.ProjectOf(ctx).Zone)
	return db.Value[int64](ctx, tx, "select count(*) from "+s.table+" c where c.project_id = $1 and c.open and c.voided_at is null and c.at + 0 < $2", core.ProjectOf(ctx).ID, to)
}
