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
// $4 is now.

type source struct {
	kind    string // of the records, whose page is /p/…/kind/id; their right is kind.view
	label   core.Text
	table   string // its rows are called c
	at      string
	number  string // what a list calls a record by
	state   string // its state, or ''
	where   string // what counts at all
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

// from is the part that all queries of the source share: the period's rows, none of them from the future.
func (s source) from(join string) string {
	return " from " + s.table + " c " + join + " where c.project_id = $1 and c.voided_at is null and c." + s.at + " >= $2 and c." + s.at + " < $3 and c." + s.at + " <= $4 and " + s.where
}

// span is the arguments of from.
func span(ctx context.Context, p house.Period) []any {
	from, to := p.Times(core.ProjectOf(ctx).Zone)
	return []any{core.ProjectOf(ctx).ID, from, to, core.Now(ctx)}
}

// counted is one line of a count: the split's value and a number for each tally.
type counted struct {
	key string
	n   []int64
}

func (s source) selected(keys []string) string {
	cols := make([]string, len(keys))
	for i, k := range keys {
		t, _ := s.tally(k)
		if strings.HasPrefix(t.where, "sum ") {
			cols[i] = "coalesce(sum(" + t.where[4:] + "), 0)"
			continue
		}
		cols[i] = "count(*) filter (where " + t.where + ")"
	}
	return strings.Join(cols, ", ")
}

// count counts the tallies over the period, in one query; extra narrows it and takes no argument.
func (s source) count(ctx context.Context, tx db.Tx, p house.Period, extra string, keys ...string) (map[string]int64, error) {
	row, err := db.One(ctx, tx, func(c *counted) []any { return c.dest(len(keys), false) }, "select "+s.selected(keys)+s.from("")+extra, span(ctx, p)...)
	out := map[string]int64{}
	for i, k := range keys {
		if err == nil {
			out[k] = row.n[i]
		}
	}
	return out, err
}

func (c *counted) dest(n int, keyed bool) []any {
	c.n = make([]int64, n)
	var out []any
	if keyed {
		out = append(out, &c.key)
	}
	for i := range c.n {
		out = append(out, &c.n[i])
	}
	return out
}

// by counts the tallies by a split, in one query, the most frequent first where the split has no choices.
func (s source) by(ctx context.Context, tx db.Tx, p house.Period, extra, key string, keys ...string) ([]counted, error) {
	sp, _ := s.split(key)
	rows, err := db.All(ctx, tx, func(c *counted) []any { return c.dest(len(keys), true) }, "select "+sp.expr+", "+s.selected(keys)+s.from(sp.join)+extra+" group by 1", span(ctx, p)...)
	slices.SortFunc(rows, func(a, b counted) int {
		if x, y := sp.place(a.key), sp.place(b.key); x != y {
			return x - y
		}
		if a.n[0] != b.n[0] {
			return int(b.n[0] - a.n[0])
		}
		return strings.Compare(a.key, b.key)
	})
	return rows, err
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

// table counts by a split: all values that occur, and those of the choices that did not, with 0.
func (s source) tableBy(ctx context.Context, tx db.Tx, p house.Period, extra, by, chart string, most int, keys ...string) (house.Table, error) {
	sp, _ := s.split(by)
	rows, err := s.by(ctx, tx, p, extra, by, keys...)
	t := house.Table{Key: s.kind + "." + by, Title: core.T("%s:%s", "%s: %s", s.label, sp.name), By: sp.name, Chart: chart}
	for _, k := range keys {
		of, _ := s.tally(k)
		t.Columns = append(t.Columns, house.Column{Name: of.name})
	}
	if extra == "" {
		rows = withMissing(rows, sp, len(keys))
	}
	for i, r := range rows {
		if most > 0 && i >= most {
			break
		}
		t.Lines = append(t.Lines, house.Line{Key: r.key, Name: sp.label(r.key), Values: r.n, Path: s.path(keys[0], by, r.key)})
	}
	return t, err
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
	rows, err := db.All(ctx, tx, func(b *bucket) []any { return []any{&b.at, &b.n} }, "select c."+s.at+" / 900000000, count(*)"+s.from("")+" group by 1", span(ctx, p)...)
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
	rows, err := db.All(ctx, tx, func(b *bucket) []any { return []any{&b.day, &b.n} }, "select c.day, count(*)"+s.from("")+" group by 1", span(ctx, p)...)
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
	return db.All(ctx, tx, func(r *record) []any { return []any{&r.ID, &r.Number, &r.At, &r.State} }, "select c.id, "+s.number+", c."+s.at+", "+s.state+s.from(join)+where+" order by c."+s.at+", c.id limit 300", args...)
}

// openNow counts the source's records that are open at composing, whenever they came before the period's end.
func (s source) openNow(ctx context.Context, tx db.Tx, p house.Period) (int64, error) {
	_, to := p.Times(core.ProjectOf(ctx).Zone)
	return db.Value[int64](ctx, tx, "select count(*) from "+s.table+" c where c.project_id = $1 and c.open and c.voided_at is null and c.at < $2", core.ProjectOf(ctx).ID, to)
}
