package compliance

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

// DaysIn is what an operator enters: lines "2027-01-01 off 元旦" (or "2027-02-05..2027-02-11 off 春节"), or one day.
type DaysIn struct {
	Lines string
	Day   core.Date
	Kind  string
	Name  string
}

func daysFields() []core.Field[DaysIn] {
	return []core.Field[DaysIn]{
		{Name: "lines", Label: core.T("逐行粘贴", "Paste lines"), Hint: core.T("每行:日期 off|work 名称。如 2027-01-01 off 元旦;连续几天写 2027-02-05..2027-02-11 off 春节",
			"A line is: date off|work name. For example 2027-01-01 off New Year; several days: 2027-02-05..2027-02-11 off Spring Festival"),
			Ptr: func(in *DaysIn) any { return &in.Lines }, Kind: core.KindLines, Max: 20000},
		{Name: "day", Label: core.T("单独一天", "One day"), Ptr: func(in *DaysIn) any { return &in.Day }},
		{Name: "kind", Label: core.T("是", "It is"), Ptr: func(in *DaysIn) any { return &in.Kind }, Kind: core.KindRadio, Choices: calendar.Days()},
		{Name: "name", Label: core.T("名称", "Name"), Ptr: func(in *DaysIn) any { return &in.Name }, Max: 40},
	}
}

type dayEntry struct {
	day core.Date
	calendar.Entry
}

// maxRange bounds one line of several days: no holiday is longer.
const maxRange = 31

// ParseDays reads the pasted lines; every line that cannot be read is named with its number.
func ParseDays(text string) ([]dayEntry, error) {
	var out []dayEntry
	var bad []string
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(core.FullToHalf(line))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		days, ok := parseDays(line)
		if !ok {
			bad = append(bad, strconv.Itoa(i+1))
		}
		out = append(out, days...)
	}
	if len(bad) > 0 {
		return nil, core.Invalid("lines", "第 %s 行看不懂,应如 2027-01-01 off 元旦", "Line %s cannot be read; it should be like 2027-01-01 off 元旦", strings.Join(bad, ", "))
	}
	return out, nil
}

func parseDays(line string) ([]dayEntry, bool) {
	f := strings.Fields(line)
	if len(f) < 2 {
		return nil, false
	}
	first, last, several := strings.Cut(f[0], "..")
	if !several {
		last = first
	}
	from, err := core.ParseDate(first)
	if err != nil {
		return nil, false
	}
	to, err := core.ParseDate(last)
	if err != nil || to < from || from.Days(to) > maxRange {
		return nil, false
	}
	work, known := map[string]bool{"off": false, "休": false, "work": true, "班": true}[strings.ToLower(f[1])]
	if !known {
		return nil, false
	}
	var out []dayEntry
	name := strings.Join(f[2:], " ")
	for d := from; d <= to; d = d.Add(1) {
		out = append(out, dayEntry{d, calendar.Entry{Work: work, Name: core.Text{ZH: name, EN: name}}})
	}
	return out, true
}

// EnterDays puts days over the official table, each with its entry in the journal. Deadlines that are stored already do
// not move; those computed from now on follow.
func EnterDays(ctx context.Context, tx db.Tx, days []dayEntry) error {
	for _, d := range days {
		if err := calendar.SetDay(ctx, tx, d.day, d.Entry); err != nil {
			return err
		}
		n, err := strconv.ParseInt(strings.ReplaceAll(string(d.day), "-", ""), 10, 64)
		if err != nil {
			return err
		}
		if err := journal.Add(ctx, tx, core.Ref{Project: core.Firm, Kind: "calendar", ID: core.ID(n)}, "set", map[string]any{"day": d.day, "work": d.Work, "name": d.Name.ZH}); err != nil {
			return err
		}
	}
	return nil
}

func postDays(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, daysFields(), r.Input)
	if err != nil {
		return nil, err
	}
	days, err := ParseDays(in.Lines)
	if err != nil {
		return nil, err
	}
	if in.Day != "" {
		if in.Kind == "" {
			return nil, core.Invalid("kind", "请选择工作日或休息日", "Choose working day or day off")
		}
		days = append(days, dayEntry{in.Day, calendar.Entry{Work: in.Kind == string(calendar.Work), Name: core.Text{ZH: in.Name, EN: in.Name}}})
	}
	if len(days) == 0 {
		return nil, core.Invalid("lines", "请粘贴日期,或填写单独一天", "Paste dates or fill in one day")
	}
	if err := EnterDays(ctx, tx, days); err != nil {
		return nil, err
	}
	return web.Redirect{URL: "/firm/calendar?year=" + string(days[0].day[:4]), Flash: core.T("已录入 %d 天", "%d days entered", len(days))}, nil
}

// calendarView is a year as twelve small months.
type calendarView struct {
	Year       int
	Prev, Next string
	Months     []monthView
	Workdays   int
	Known      bool
	Warning    core.Text
	Names      []holidayView
	Form       *ui.FormView // nil: the actor may only look
	ClockURL   string
}

type monthView struct {
	Label string
	Weeks [][]dayView
}

type dayView struct {
	N       int // 0: not of this month
	Off     bool
	Holiday bool // off by a holiday, not a weekend
	Makeup  bool
	Own     bool // the operator's entry
	Today   bool
	Note    core.Text
}

// holidayView is one run of days of the year's list.
type holidayView struct {
	Days string
	Name core.Text
	Off  bool
}

func calendarPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	return calendarAnswer(ctx, tx, r, nil)
}

func calendarAgain(ctx context.Context, tx db.Tx, r *web.Request, err error) (web.Answer, error) {
	return calendarAnswer(ctx, tx, r, err)
}

func calendarAnswer(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	year := core.Today(ctx).Time(time.UTC).Year()
	if n, err := strconv.Atoi(r.Query("year")); err == nil && n >= 2000 && n <= 2100 {
		year = n
	}
	v, err := yearView(ctx, tx, year)
	if err != nil {
		return nil, err
	}
	if core.ActorOf(ctx).Can(core.Firm, PermCalendar) {
		f := ui.FormView{Action: "/firm/calendar", Submit: core.T("录入", "Enter"), IdemKey: register.NewKey(), Fields: ui.FieldsOf(core.Specs(daysFields()), r.Input.Values, failure)}
		if failure != nil {
			f.Error = core.AsErr(failure).Text
		}
		v.Form = &f
	}
	title := core.T("工作日历 %d", "Calendar %d", year)
	return web.Page{Title: title, Body: calendarYear(v)}, nil
}

func yearView(ctx context.Context, tx db.Tx, year int) (calendarView, error) {
	clock, err := calendar.Load(ctx, tx)
	if err != nil {
		return calendarView{}, err
	}
	own, err := calendar.OwnDays(ctx, tx, strconv.Itoa(year))
	if err != nil {
		return calendarView{}, err
	}
	v := calendarView{Year: year, Prev: fmt.Sprintf("/firm/calendar?year=%d", year-1), Next: fmt.Sprintf("/firm/calendar?year=%d", year+1), Known: clock.Table.Known(year)}
	if noClock(ctx, tx) == nil && core.ActorOf(ctx).Can(core.Firm, PermClock) {
		v.ClockURL = "/firm/clock"
	}
	if v.Warning, err = yearWarning(ctx, tx); err != nil {
		return v, err
	}
	today := core.Today(ctx)
	for m := range 12 {
		month := core.Month(fmt.Sprintf("%04d-%02d", year, m+1))
		mv := monthView{Label: strconv.Itoa(m + 1)}
		week := make([]dayView, 7)
		for d := month.First(); d <= month.Last(); d = d.Add(1) {
			day := dayOf(clock.Table, d)
			_, day.Own = own[d]
			day.Today = d == today
			if !day.Off {
				v.Workdays++
			}
			v.note(d, day)
			at := (int(d.Weekday()) + 6) % 7 // Monday first
			week[at] = day
			if at == 6 || d == month.Last() {
				mv.Weeks = append(mv.Weeks, week)
				week = make([]dayView, 7)
			}
		}
		v.Months = append(v.Months, mv)
	}
	return v, nil
}

func dayOf(t calendar.Table, d core.Date) dayView {
	v := dayView{N: d.Time(time.UTC).Day(), Off: !t.IsWorkday(d)}
	if name, ok := t.Holiday(d); ok {
		v.Holiday, v.Note = true, name
	}
	if name, ok := t.Makeup(d); ok {
		v.Makeup, v.Note = true, name
	}
	return v
}

// note adds the day to the year's list of holidays and make-up days, joining it to the run before.
func (v *calendarView) note(d core.Date, day dayView) {
	if !day.Holiday && !day.Makeup {
		return
	}
	if n := len(v.Names); n > 0 {
		last := &v.Names[n-1]
		first, end, several := strings.Cut(last.Days, " – ")
		if !several {
			end = first
		}
		if last.Name == day.Note && last.Off == day.Off && core.Date(fmt.Sprintf("%d-%s", v.Year, end)).Add(1) == d {
			last.Days = first + " – " + string(d[5:])
			return
		}
	}
	v.Names = append(v.Names, holidayView{Days: string(d[5:]), Name: day.Note, Off: day.Off})
}
