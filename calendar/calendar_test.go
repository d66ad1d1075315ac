package calendar

import (
	"strings"
	"testing"
	"time"

	"huiyin/core"

	"pgregory.net/rapid"
)

func shanghai(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, core.China)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func span(t testing.TB, s string) core.Span {
	t.Helper()
	v, err := core.ParseSpan(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWorkdaysOfTheStateCouncil(t *testing.T) {
	for _, c := range []struct {
		date core.Date
		work bool
		name string // of the holiday, or of the one made up for
	}{
		{"2026-02-13", true, ""},    // Friday
		{"2026-02-14", true, "春节"},  // Saturday, made up
		{"2026-02-15", false, "春节"}, // first day free
		{"2026-02-23", false, "春节"}, // Monday, last day free
		{"2026-02-24", true, ""},
		{"2026-02-28", true, "春节"}, // Saturday, made up
		{"2026-03-01", false, ""},  // Sunday
		{"2026-09-20", true, "国庆节"},
		{"2026-10-01", false, "国庆节"},
		{"2026-10-07", false, "国庆节"},
		{"2026-10-08", true, ""},
		{"2026-10-10", true, "国庆节"},
		{"2004-01-22", false, "春节"},
		{"2015-09-03", false, "中国人民抗日战争暨世界反法西斯战争胜利70周年纪念日"},
		{"2007-12-31", false, "元旦"},
		{"2024-02-29", true, ""},
		{"2027-10-01", true, ""}, // not announced: a Friday
		{"2003-10-01", true, ""}, // before the table: a Wednesday
		{"", false, ""},
	} {
		table := Default()
		if got := table.IsWorkday(c.date); got != c.work {
			t.Errorf("IsWorkday(%s) = %v", c.date, got)
		}
		name, ok := table.named(c.date, c.work)
		if ok != (c.name != "") || name.ZH != c.name {
			t.Errorf("%s is named %q, want %q", c.date, name.ZH, c.name)
		}
	}
	if n, ok := Default().Holiday("2026-10-01"); !ok || n.EN != "National Day" {
		t.Errorf("Holiday: %v %v", n, ok)
	}
	if n, ok := Default().Makeup("2026-10-10"); !ok || n.ZH != "国庆节" {
		t.Errorf("Makeup: %v %v", n, ok)
	}
}

// 2026: 365 days, less 104 of weekend and 19 free weekdays, plus 6 made up.
func TestTheYearsHaveTheRightNumberOfWorkdays(t *testing.T) {
	for year, want := range map[string]int{"2026": 248, "2025": 248, "2024": 251} {
		n := 0
		for d := core.Date(year + "-01-01"); d <= core.Date(year+"-12-31"); d = d.Add(1) {
			if Default().IsWorkday(d) {
				n++
			}
		}
		if n != want {
			t.Errorf("%s has %d working days, want %d", year, n, want)
		}
	}
}

func TestTheOperatorsEntriesWin(t *testing.T) {
	base := Default()
	table := base.With(map[core.Date]Entry{
		"2026-10-01": {Work: true},
		"2026-11-23": {Name: core.T("台风停工", "Typhoon")},
		"2026-11-24": {},
	})
	if !table.IsWorkday("2026-10-01") || table.IsWorkday("2026-11-23") || table.IsWorkday("2026-11-24") {
		t.Error("an entry did not win")
	}
	if base.IsWorkday("2026-10-01") || !base.IsWorkday("2026-11-23") {
		t.Error("With changed the table it was called on")
	}
	if n, ok := table.Holiday("2026-11-23"); !ok || n.ZH != "台风停工" {
		t.Errorf("Holiday: %v %v", n, ok)
	}
	if n, ok := table.Holiday("2026-11-24"); !ok || n.ZH != "休息日" {
		t.Errorf("a nameless entry: %v %v", n, ok)
	}
	if _, ok := table.Holiday("2026-10-01"); ok {
		t.Error("a day worked by the operator's entry is still a holiday")
	}
	again := table.With(map[core.Date]Entry{"2026-11-23": {Work: true}})
	if !again.IsWorkday("2026-11-23") || again.IsWorkday("2026-11-24") || table.IsWorkday("2026-11-23") {
		t.Error("a second With must replace only its own dates, in a copy")
	}
}

func TestKnownYears(t *testing.T) {
	table := Default()
	for year := 2004; year <= 2026; year++ {
		if !table.Known(year) {
			t.Errorf("%d is missing", year)
		}
	}
	if table.Known(2003) || table.Known(2027) {
		t.Error("a year nobody announced is known")
	}
	one := map[core.Date]Entry{"2027-10-01": {}}
	if table.With(one).Known(2027) {
		t.Error("one entry is not the year's table")
	}
	all := map[core.Date]Entry{"2027-02-20": {Work: true}}
	for d := core.Date("2027-10-01"); len(all) < 14; d = d.Add(1) {
		all[d] = Entry{}
	}
	if !table.With(all).Known(2027) || table.With(all).Known(2028) {
		t.Error("thirteen entered days make 2027, and only 2027, known")
	}
}

func TestAddWorkdays(t *testing.T) {
	for _, c := range []struct {
		from core.Date
		n    int
		want core.Date
	}{
		{"2026-09-30", 1, "2026-10-08"}, // over 国庆
		{"2026-09-30", 3, "2026-10-10"}, // Saturday, made up
		{"2026-10-03", 1, "2026-10-08"}, // from within the holiday
		{"2026-10-08", -1, "2026-09-30"},
		{"2026-02-13", 1, "2026-02-14"},
		{"2026-02-13", 2, "2026-02-24"}, // over 春节
		{"2026-02-24", -2, "2026-02-13"},
		{"2024-02-28", 1, "2024-02-29"},
		{"2026-12-31", 1, "2027-01-01"}, // 2027 is not announced
		{"2026-10-03", 0, "2026-10-03"},
		{"", 4, ""},
	} {
		if got := Default().AddWorkdays(c.from, c.n); got != c.want {
			t.Errorf("AddWorkdays(%s, %d) = %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestDue(t *testing.T) {
	for _, c := range []struct{ name, from, span, cal, want string }{
		{"minutes on the wall clock", "2026-10-01 23:50", "15min", "", "2026-10-02 00:05"},
		{"hours through a holiday", "2026-09-30 18:00", "24h", "", "2026-10-01 18:00"},
		{"desk minutes within the hours", "2026-10-01 10:00", "30min", "desk", "2026-10-01 10:30"},
		{"desk minutes to the last", "2026-10-01 19:30", "30min", "desk", "2026-10-01 20:00"},
		{"desk minutes over the night", "2026-10-01 19:50", "30min", "desk", "2026-10-02 08:20"},
		{"desk minutes from before opening", "2026-10-03 03:00", "30min", "desk", "2026-10-03 08:30"},
		{"desk minutes from after closing", "2026-10-03 20:00", "30min", "desk", "2026-10-04 08:30"},
		{"desk hours over two nights", "2026-12-30 14:00", "24h", "desk", "2027-01-01 14:00"},
		{"no desk minutes at night", "2026-10-03 22:00", "0min", "desk", "2026-10-04 08:00"},
		{"days end at midnight", "2026-11-22 09:00", "7d", "", "2026-11-30 00:00"},
		{"days ignore the desk calendar", "2026-11-22 09:00", "7d", "desk", "2026-11-30 00:00"},
		{"days do not roll over holidays", "2026-09-30 09:00", "3d", "", "2026-10-04 00:00"},
		{"no days: today", "2026-11-22 09:00", "0d", "", "2026-11-23 00:00"},
		{"days over a leap day", "2024-02-28 00:00", "2d", "", "2024-03-02 00:00"},
		{"a working day", "2026-11-23 09:00", "1wd", "", "2026-11-24 17:30"},
		{"working days over 国庆", "2026-09-30 18:30", "2wd", "", "2026-10-09 17:30"},
		{"working days to a make-up Saturday", "2026-10-08 08:00", "2wd", "", "2026-10-10 17:30"},
		{"from a holiday", "2026-10-04 08:00", "1wd", "", "2026-10-08 17:30"},
		{"no working days: this closing", "2026-11-23 09:00", "0wd", "", "2026-11-23 17:30"},
		{"no working days after closing", "2026-11-27 17:30", "0wd", "", "2026-11-30 17:30"},
		{"no working days on a holiday", "2026-10-04 09:00", "0wd", "", "2026-10-08 17:30"},
	} {
		got := New(core.China, Default()).Due(shanghai(t, c.from), span(t, c.span), c.cal)
		if !got.Equal(shanghai(t, c.want)) {
			t.Errorf("%s: %s + %s = %s, want %s", c.name, c.from, c.span, got.In(core.China), c.want)
		}
		if got.Location() != time.UTC {
			t.Errorf("%s: not in UTC", c.name)
		}
	}
}

func TestTheZeroClockHasTheUsualHoursInChina(t *testing.T) {
	got := Clock{Table: Default()}.Due(shanghai(t, "2026-10-01 19:50"), span(t, "30min"), DeskCal)
	if !got.Equal(shanghai(t, "2026-10-02 08:20")) {
		t.Errorf("got %s", got)
	}
}

func TestMidnightsOfSummerTime(t *testing.T) {
	for _, c := range []struct {
		zone string
		day  core.Date
		want string // end of the day, UTC
	}{
		{"America/Sao_Paulo", "2018-11-03", "2018-11-04T03:00:00Z"}, // the clock skips 00:00
		{"America/Sao_Paulo", "2018-02-17", "2018-02-18T03:00:00Z"}, // 23:00 comes twice
		{"America/Havana", "2025-11-01", "2025-11-02T04:00:00Z"},    // 00:00 comes twice: the first
		{"Asia/Amman", "2021-10-28", "2021-10-28T21:00:00Z"},        // 00:00 comes twice, east of Greenwich
		{"Europe/Berlin", "2026-03-28", "2026-03-28T23:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-29T22:00:00Z"},
		{"Asia/Shanghai", "2026-11-22", "2026-11-22T16:00:00Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := New(zone, Default()).EndOf(c.day).Format(time.RFC3339); got != c.want {
			t.Errorf("%s ends in %s at %s, want %s", c.day, c.zone, got, c.want)
		}
	}
}

func TestMonthDay(t *testing.T) {
	clock := New(core.China, Default())
	for _, c := range []struct {
		month core.Month
		spec  string
		want  core.Date
	}{
		{"2026-11", "5", "2026-11-05"}, {"2026-11", "25", "2026-11-25"}, {"2026-02", "31", "2026-02-28"},
		{"2024-02", "30", "2024-02-29"}, {"2026-04", "31", "2026-04-30"}, {"2024-02", "last", "2024-02-29"},
		{"2026-05", "lastwd", "2026-05-29"}, {"2026-02", "lastwd", "2026-02-28"}, {"2020-01", "lastwd", "2020-01-23"},
		{"2026-12", "12-31", "2026-12-31"}, {"2026-03", "12-31", "2026-12-31"}, {"2026-03", "03-05", "2026-03-05"}, {"2026-02", "02-29", "2026-02-28"}, {"2024-02", "02-29", "2024-02-29"},
	} {
		if got, err := clock.MonthDay(c.month, c.spec); err != nil || got != c.want {
			t.Errorf("MonthDay(%s, %s) = %s, %v; want %s", c.month, c.spec, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "0", "32", "-1", "first", "5 ", "13-01", "02-30", "1-5", "12-", "12-31-1", "-12"} {
		if got, err := clock.MonthDay("2026-11", bad); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("MonthDay(%q) = %s, %v", bad, got, err)
		}
	}
	if _, err := clock.MonthDay("2026-13", "5"); !core.IsKind(err, core.KindInvalid) {
		t.Errorf("a thirteenth month: %v", err)
	}
}

func TestRecurs(t *testing.T) {
	for _, c := range []struct {
		every int
		spec  string
		want  string // months of 2026
	}{
		{0, "5", "01 02 03 04 05 06 07 08 09 10 11 12"}, {1, "last", "01 02 03 04 05 06 07 08 09 10 11 12"}, {2, "5", "02 04 06 08 10 12"},
		{3, "last", "03 06 09 12"}, {6, "lastwd", "06 12"}, {12, "5", "12"}, {1, "12-31", "12"}, {12, "03-15", "03"}, {3, "01-10", "01"},
	} {
		var got []string
		for m := core.Month("2026-01"); m <= "2026-12"; m = m.Add(1) {
			if Recurs(m, c.every, c.spec) {
				got = append(got, string(m[5:]))
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("every %d months on %s: %v, want %s", c.every, c.spec, got, c.want)
		}
	}
}

func TestForwardAndBack(t *testing.T) {
	clock := New(core.China, Default())
	for _, c := range []struct{ day, forward, back core.Date }{
		{"2026-10-01", "2026-10-08", "2026-09-30"},
		{"2026-10-10", "2026-10-10", "2026-10-10"}, // a make-up Saturday is worked
		{"2026-10-11", "2026-10-12", "2026-10-10"},
		{"2026-02-15", "2026-02-24", "2026-02-14"},
		{"", "", ""},
	} {
		if f, b := clock.Forward(c.day), clock.Back(c.day); f != c.forward || b != c.back {
			t.Errorf("%s moves to %s and %s, want %s and %s", c.day, f, b, c.forward, c.back)
		}
	}
}

func TestDeskMinutes(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     int
	}{
		{"2026-10-01 10:00", "2026-10-01 10:45", 45},
		{"2026-10-01 19:50", "2026-10-02 08:20", 30},
		{"2026-10-01 20:30", "2026-10-02 07:00", 0},
		{"2026-10-01 07:00", "2026-10-03 21:00", 3 * 720},
		{"2026-10-02 10:00", "2026-10-01 10:00", 0},
		{"2026-10-01 11:00", "2026-10-01 10:00", 0},
	} {
		if got := New(core.China, Default()).DeskMinutes(shanghai(t, c.from), shanghai(t, c.to)); got != c.want {
			t.Errorf("%s to %s is %d desk minutes, want %d", c.from, c.to, got, c.want)
		}
	}
}

func TestABrokenTableIsRefused(t *testing.T) {
	for _, bad := range []string{
		"2026-01-01\t2026-01-01\toff\t元旦", "2026-13-01\t2026-13-01\toff\t元旦\tNew Year",
		"2026-01-01\t2026-01-01\tfree\t元旦\tNew Year", "2026-01-01\tsoon\toff\t元旦\tNew Year",
		"2026-01-01\t2026-01-03\toff\t元旦\tNew Year\n2026-01-03\t2026-01-03\twork\t元旦\tNew Year",
	} {
		if _, err := parse(bad); err == nil || !strings.Contains(err.Error(), "holidays.txt") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func aDate(t *rapid.T) core.Date {
	return core.Date("2003-01-01").Add(rapid.IntRange(0, 365*30).Draw(t, "day"))
}

func anInstant(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(1_073_000_000, 2_000_000_000).Draw(t, "unix"), 0)
}

func aClock(t *rapid.T) Clock {
	name := rapid.SampledFrom([]string{"Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Australia/Lord_Howe", "Asia/Beirut", "Asia/Amman"}).Draw(t, "zone")
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	own := map[core.Date]Entry{}
	for range rapid.IntRange(0, 20).Draw(t, "entries") {
		own[aDate(t)] = Entry{Work: rapid.Bool().Draw(t, "work")}
	}
	return New(zone, Default().With(own))
}

// Adding working days lands on one, passes exactly n of them, and goes back the way it came.
func TestPropertyAddWorkdays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, d, n := aClock(t), aDate(t), rapid.IntRange(1, 60).Draw(t, "n")
		e, passed := c.Table.AddWorkdays(d, n), 0
		for x := d.Add(1); x <= e; x = x.Add(1) {
			if c.Table.IsWorkday(x) {
				passed++
			}
		}
		if !c.Table.IsWorkday(e) || passed != n {
			t.Fatalf("%s + %d = %s passes %d", d, n, e, passed)
		}
		start := c.Table.NextWorkday(d)
		if back := c.Table.AddWorkdays(c.Table.AddWorkdays(start, n), -n); back != start {
			t.Fatalf("%s + %d - %d = %s", start, n, n, back)
		}
		if next, prev := c.Table.NextWorkday(d), c.Table.PrevWorkday(d); next < d || prev > d || (next == d) != (prev == d) {
			t.Fatalf("%s: next %s, previous %s", d, next, prev)
		}
	})
}

// A term never ends before it begins, a longer one never sooner, a later start never sooner.
func TestPropertyDueIsMonotonic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, from := aClock(t), anInstant(t)
		s := core.Span{N: rapid.IntRange(0, 90).Draw(t, "n"), Unit: rapid.SampledFrom([]core.Unit{core.Minutes, core.Hours, core.Days, core.Workdays}).Draw(t, "unit")}
		cal := rapid.SampledFrom([]string{"", DeskCal}).Draw(t, "cal")
		due := c.Due(from, s, cal)
		if due.Before(from) {
			t.Fatalf("%s + %s is due before it begins: %s", from, s, due)
		}
		if longer := c.Due(from, core.Span{N: s.N + 1, Unit: s.Unit}, cal); longer.Before(due) {
			t.Fatalf("%s + %s is %s, one more is %s", from, s, due, longer)
		}
		later := from.Add(time.Duration(rapid.Int64Range(0, 72*60).Draw(t, "later")) * time.Minute)
		if next := c.Due(later, s, cal); next.Before(due) {
			t.Fatalf("%s + %s is %s, from %s it is %s", from, s, due, later, next)
		}
	})
}

// The desk was open for exactly the term between the beginning and the end of a term on the desk's clock.
func TestPropertyDeskMinutesMeasureDeskTerms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, from, n := aClock(t), anInstant(t), rapid.IntRange(0, 5000).Draw(t, "n")
		due := c.Due(from, core.Span{N: n, Unit: core.Minutes}, DeskCal)
		if got := c.DeskMinutes(from, due); got != n {
			t.Fatalf("%d minutes from %s end at %s, which is %d", n, from, due, got)
		}
	})
}

// Every day in every zone runs from its first instant to the next day's.
func TestPropertyDaysMeet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, d := aClock(t), aDate(t)
		start, end := c.StartOf(d), c.EndOf(d)
		if core.DateOf(start, c.Zone) != d || core.DateOf(end.Add(-time.Nanosecond), c.Zone) != d || core.DateOf(end, c.Zone) != d.Add(1) {
			t.Fatalf("%s in %s runs from %s to %s", d, c.Zone, start, end)
		}
		if core.DateOf(start.Add(-time.Nanosecond), c.Zone) == d {
			t.Fatalf("%s in %s begins before %s", d, c.Zone, start)
		}
	})
}
