// Package calendar knows Chinese working time: which days are worked, when the desk and the office are open, and
// when a term ends.
//
// A day is a working day by the operator's own entry, else by the State Council's announcement (法定节假日 with its
// make-up days 调休, 2004–2026 embedded), else Monday to Friday. All of it is pure: what a project has entered is
// handed in by With.
package calendar

import (
	_ "embed"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"huiyin/core"
)

//go:embed holidays.txt
var official string

// Day says whether a date is worked, as the database keeps it.
type Day string

// The two kinds of day.
const (
	Work Day = "work" // 工作日
	Off  Day = "off"  // 休息日
)

// Days lists both kinds with their names.
func Days() []core.Choice {
	return []core.Choice{
		{Value: string(Work), Label: core.T("工作日", "Working day")},
		{Value: string(Off), Label: core.T("休息日", "Day off")},
	}
}

// Entry is what somebody, the State Council or the operator, has laid down for one date.
type Entry struct {
	Work bool
	Name core.Text // 国庆节; may be empty in an operator's entry
}

// Day is the entry as a Day.
func (e Entry) Day() Day {
	if e.Work {
		return Work
	}
	return Off
}

// Table answers whether a date is a working day: the operator's entries win over the official ones, and those over
// Monday to Friday. The zero Table knows Monday to Friday only. A Table is never changed once made.
type Table struct {
	official, own map[core.Date]Entry
}

// statutoryDays is how many days the law makes free in a year since 2025 (全国年节及纪念日放假办法). An operator who
// entered that many for a year has entered the year's table.
const statutoryDays = 13

var embedded = sync.OnceValue(func() map[core.Date]Entry {
	m, err := parse(official)
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	return m
})

// Default is the table of the official announcements, without entries of an operator.
func Default() Table { return Table{official: embedded()} }

// With returns the table with the operator's entries added; a later entry for a date replaces an earlier one.
func (t Table) With(overrides map[core.Date]Entry) Table {
	own := maps.Clone(t.own)
	if own == nil {
		own = make(map[core.Date]Entry, len(overrides))
	}
	maps.Copy(own, overrides)
	t.own = own
	return t
}

func (t Table) entry(d core.Date) (Entry, bool) {
	if e, ok := t.own[d]; ok {
		return e, true
	}
	e, ok := t.official[d]
	return e, ok
}

// IsWorkday reports whether d is worked. An empty date is not.
func (t Table) IsWorkday(d core.Date) bool {
	if e, ok := t.entry(d); ok {
		return e.Work
	}
	return d != "" && d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

// Holiday returns the name of the holiday that makes d free; an ordinary weekend has none (ok false).
func (t Table) Holiday(d core.Date) (name core.Text, ok bool) { return t.named(d, false) }

// Makeup returns the name of the holiday that d makes up for (调休上班), if d is a working day for that reason.
func (t Table) Makeup(d core.Date) (name core.Text, ok bool) { return t.named(d, true) }

func (t Table) named(d core.Date, work bool) (core.Text, bool) {
	e, ok := t.entry(d)
	if !ok || e.Work != work {
		return core.Text{}, false
	}
	if !e.Name.Is() {
		e.Name = core.Label(Days(), string(e.Day()))
	}
	return e.Name, true
}

// Known reports whether the year's holidays are there: announced ones embedded (they always free 1 October), or as
// many entered by the operator as the law makes free. When false, terms in working days fall back on Monday to Friday
// and a warning must be shown.
func (t Table) Known(year int) bool {
	if e, ok := t.official[core.Date(fmt.Sprintf("%04d-10-01", year))]; ok && !e.Work {
		return true
	}
	days, prefix := 0, fmt.Sprintf("%04d-", year)
	for d, e := range t.own {
		if !e.Work && strings.HasPrefix(string(d), prefix) {
			days++
		}
	}
	return days >= statutoryDays
}

// AddWorkdays returns the n-th working day after d, or before it for a negative n. d itself is not counted, whether
// worked or not; n = 0 returns d.
func (t Table) AddWorkdays(d core.Date, n int) core.Date {
	if d == "" {
		return d
	}
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		d = d.Add(step)
		if t.IsWorkday(d) {
			n--
		}
	}
	return d
}

// NextWorkday is d itself if worked, else the first working day after it.
func (t Table) NextWorkday(d core.Date) core.Date { return t.seek(d, 1) }

// PrevWorkday is d itself if worked, else the last working day before it.
func (t Table) PrevWorkday(d core.Date) core.Date { return t.seek(d, -1) }

func (t Table) seek(d core.Date, step int) core.Date {
	if d == "" || t.IsWorkday(d) {
		return d
	}
	return t.AddWorkdays(d, step)
}

// parse reads holidays.txt: first day, last day, off|work, name, English name, by tabs.
func parse(text string) (map[core.Date]Entry, error) {
	m := make(map[core.Date]Entry, 1000)
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := parseLine(line, m); err != nil {
			return nil, fmt.Errorf("holidays.txt: %q: %w", line, err)
		}
	}
	return m, nil
}

func parseLine(line string, m map[core.Date]Entry) error {
	f := strings.Split(line, "\t")
	if len(f) != 5 || (f[2] != string(Work) && f[2] != string(Off)) {
		return fmt.Errorf("want five fields, the third off or work")
	}
	from, err := core.ParseDate(f[0])
	if err != nil {
		return err
	}
	to, err := core.ParseDate(f[1])
	if err != nil {
		return err
	}
	for d := from; d <= to; d = d.Add(1) {
		if _, twice := m[d]; twice {
			return fmt.Errorf("%s comes twice", d)
		}
		m[d] = Entry{Work: f[2] == string(Work), Name: core.T(f[3], f[4])}
	}
	return nil
}
