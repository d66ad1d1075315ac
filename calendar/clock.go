package calendar

import (
	"strconv"
	"strings"
	"time"

	"huiyin/core"
)

// DeskCal is the calendar a clause names when its minutes and hours run only while the desk is open (B4.1, B4.3).
const DeskCal = "desk"

// Hours are the opening hours of a day, since local midnight; Close may be 24 h. They do not cross midnight.
type Hours struct{ Open, Close time.Duration }

// DeskHours are those of the front desk (服务台): 08:00–20:00 every day, holidays too. B4.1.
func DeskHours() Hours { return Hours{8 * time.Hour, 20 * time.Hour} }

// OfficeHours are those of the office: 08:30–17:30 on working days. D1.1.
func OfficeHours() Hours {
	return Hours{8*time.Hour + 30*time.Minute, 17*time.Hour + 30*time.Minute}
}

// Clock is the working time of one project.
type Clock struct {
	Zone         *time.Location // nil means Asia/Shanghai
	Table        Table
	Office, Desk Hours // Open before Close; zero means OfficeHours and DeskHours
}

// New is the clock of a project with the usual hours.
func New(zone *time.Location, t Table) Clock {
	return Clock{Zone: zone, Table: t, Office: OfficeHours(), Desk: DeskHours()}
}

func (c Clock) zone() *time.Location {
	if c.Zone == nil {
		return core.China
	}
	return c.Zone
}

func (c Clock) desk() Hours   { return usual(c.Desk, DeskHours()) }
func (c Clock) office() Hours { return usual(c.Office, OfficeHours()) }

func usual(h, otherwise Hours) Hours {
	if h.Close <= h.Open {
		return otherwise
	}
	return h
}

// Due is the instant, in UTC, at which the term s that opened at from has run out; what is done before it is in time.
//
// Minutes and hours run on the wall clock, or while the desk is open when cal is DeskCal. Days and working days do
// not count the opening day: days end at 24:00 local of the last day, that is the next midnight, and do not roll over
// holidays; working days end when the office closes on the last day. 0d is the opening day's 24:00; 0wd is the first
// office closing still ahead.
func (c Clock) Due(from time.Time, s core.Span, cal string) time.Time {
	day := core.DateOf(from, c.zone())
	switch {
	case s.Short() && cal == DeskCal:
		return c.deskDue(from, s.Duration())
	case s.Short():
		return from.Add(s.Duration()).UTC()
	case s.Unit == core.Workdays && s.N == 0:
		return c.closing(from, day)
	case s.Unit == core.Workdays:
		return c.At(c.Table.AddWorkdays(day, s.N), c.office().Close)
	}
	return c.EndOf(day.Add(s.N))
}

func (c Clock) closing(from time.Time, day core.Date) time.Time {
	day = c.Table.NextWorkday(day)
	if t := c.At(day, c.office().Close); t.After(from) {
		return t
	}
	return c.At(c.Table.AddWorkdays(day, 1), c.office().Close)
}

func (c Clock) deskDue(from time.Time, left time.Duration) time.Time {
	for day := core.DateOf(from, c.zone()); ; day = day.Add(1) {
		open, shut := c.deskOn(day)
		if open.Before(from) {
			open = from
		}
		if !shut.After(open) {
			continue
		}
		if rest := shut.Sub(open); left > rest {
			left -= rest
			continue
		}
		return open.Add(left).UTC()
	}
}

func (c Clock) deskOn(day core.Date) (open, shut time.Time) {
	h := c.desk()
	return c.At(day, h.Open), c.At(day, h.Close)
}

// DeskMinutes counts the whole minutes between two instants during which the desk was open; 0 if to is not after from.
func (c Clock) DeskMinutes(from, to time.Time) int {
	var sum time.Duration
	last := core.DateOf(to, c.zone())
	for day := core.DateOf(from, c.zone()); day <= last; day = day.Add(1) {
		open, shut := c.deskOn(day)
		if open.Before(from) {
			open = from
		}
		if shut.After(to) {
			shut = to
		}
		sum += max(0, shut.Sub(open))
	}
	return int(sum / time.Minute)
}

// At is the instant, in UTC, at which the wall clock shows the given time since midnight of d; 24 h is the next
// midnight. Where summer time skips that moment it is the instant of the change.
func (c Clock) At(d core.Date, since time.Duration) time.Time {
	day := d.Time(time.UTC)
	want := day.Add(since)
	t := time.Date(want.Year(), want.Month(), want.Day(), want.Hour(), want.Minute(), want.Second(), want.Nanosecond(), c.zone())
	from, to := t.ZoneBounds()
	switch shown := wall(t); {
	case shown.Before(want):
		return to.UTC()
	case shown.After(want):
		return from.UTC()
	}
	return first(t, from).UTC()
}

// first is the earlier of the two instants that show the same wall time when the clocks went back at change.
func first(t, change time.Time) time.Time {
	if change.IsZero() {
		return t
	}
	_, now := t.Zone()
	_, before := change.Add(-time.Nanosecond).In(t.Location()).Zone()
	if earlier := t.Add(time.Duration(now-before) * time.Second); before > now && earlier.Before(change) {
		return earlier
	}
	return t
}

// wall is what the clock on the wall shows at t, as if it were UTC.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// StartOf is the first instant of the day, in UTC.
func (c Clock) StartOf(d core.Date) time.Time { return c.At(d, 0) }

// EndOf is 24:00 of the day, in UTC: the first instant of the next.
func (c Clock) EndOf(d core.Date) time.Time { return c.At(d.Add(1), 0) }

// Recurs reports whether a recurring clause falls due in the month: one that names a day of the year ("12-31") in that
// month, any other every so many months, counted so that quarters end in March and half-years in June. every below 2
// is every month.
func Recurs(m core.Month, every int, spec string) bool {
	if month, _, yearly := strings.Cut(spec, "-"); yearly {
		return strings.HasSuffix(string(m), "-"+month)
	}
	first := m.First().Time(time.UTC)
	return every < 2 || (first.Year()*12+int(first.Month()))%every == 0
}

// MonthDay is the day of the month that a clause names: "1" to "31", "last", or "lastwd" for the last working day; or,
// with "12-31", that day of the month's year. A day that the month lacks is its last (resolutions 8).
func (c Clock) MonthDay(m core.Month, spec string) (core.Date, error) {
	if _, err := core.ParseMonth(string(m)); err != nil {
		return "", err
	}
	if month, day, yearly := strings.Cut(spec, "-"); yearly {
		if _, err := time.Parse("01-02", spec); err != nil || len(spec) != 5 {
			return "", core.Invalid("", "年内日期 %q 不正确,应如 12-31", "%q is no day of the year such as 12-31", spec)
		}
		m, spec = m[:5]+core.Month(month), strings.TrimPrefix(day, "0")
	}
	switch spec {
	case "last":
		return m.Last(), nil
	case "lastwd":
		return c.Table.PrevWorkday(m.Last()), nil
	}
	n, err := strconv.Atoi(spec)
	if err != nil || n < 1 || n > 31 {
		return "", core.Invalid("", "日期 %q 不正确,应为 1 至 31、last、lastwd 或如 12-31", "%q is no such day: 1 to 31, last, lastwd, or one such as 12-31", spec)
	}
	return m.Day(n), nil
}

// Forward is the day on which an action falls that is set for d: on a holiday, the working day after (resolutions 8).
func (c Clock) Forward(d core.Date) core.Date { return c.Table.NextWorkday(d) }

// Back is the last day for what must be done before or by d: on a holiday, the working day before (resolutions 8).
func (c Clock) Back(d core.Date) core.Date { return c.Table.PrevWorkday(d) }
