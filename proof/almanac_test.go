package proof

import (
	"slices"
	"testing"
	"time"
)

// The almanac is this proof's own arithmetic of working time. It shares nothing with the calendar that the system uses:
// both follow the same published sources, and must come to the same instants.

// beijing has had no summer time since 1991.
var beijing = time.FixedZone("CST", 8*60*60)

// The official holidays of 2026, first and last day, and the weekend days worked for them, as the State Council's office
// published them in November 2025. 2027's are not published in what is tested here: its working days are the weekdays.
var (
	holidays = [][2]string{{"2026-01-01", "2026-01-03"}, {"2026-02-15", "2026-02-23"}, {"2026-04-04", "2026-04-06"}, {"2026-05-01", "2026-05-05"},
		{"2026-06-19", "2026-06-21"}, {"2026-09-25", "2026-09-27"}, {"2026-10-01", "2026-10-07"}}
	workedWeekends = []string{"2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"}
)

// The desk is open from eight to eight every day (B4.1), the office until half past five on working days (D1.1).
const (
	deskOpens, deskShuts = 8 * time.Hour, 20 * time.Hour
	officeShuts          = 17*time.Hour + 30*time.Minute
	aDay                 = 24 * time.Hour
)

func midnight(t time.Time) time.Time {
	y, m, d := t.In(beijing).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, beijing)
}

func works(day time.Time) bool {
	date := day.In(beijing).Format(time.DateOnly)
	if slices.Contains(workedWeekends, date) {
		return true
	}
	if slices.ContainsFunc(holidays, func(h [2]string) bool { return h[0] <= date && date <= h[1] }) {
		return false
	}
	weekday := day.In(beijing).Weekday()
	return weekday != time.Saturday && weekday != time.Sunday
}

// afterDays is 24:00 of the nth day after; the day itself does not count.
func afterDays(t time.Time, n int) time.Time { return midnight(t).Add(time.Duration(n+1) * aDay) }

// afterWorkdays is when the office shuts on the nth working day after.
func afterWorkdays(t time.Time, n int) time.Time {
	day := midnight(t)
	for n > 0 {
		if day = day.Add(aDay); works(day) {
			n--
		}
	}
	return day.Add(officeShuts)
}

// afterDeskTime is when the desk has been open for so long, minute by minute as far as whole minutes go.
func afterDeskTime(t time.Time, left time.Duration) time.Time {
	for {
		opens, shuts := midnight(t).Add(deskOpens), midnight(t).Add(deskShuts)
		switch {
		case t.Before(opens):
			t = opens
		case !t.Before(shuts):
			t = opens.Add(aDay)
		case !t.Add(left).After(shuts):
			return t.Add(left)
		default:
			left -= shuts.Sub(t)
			t = opens.Add(aDay)
		}
	}
}

// roll moves a day that is no working day by a step until it is one.
func roll(day time.Time, step time.Duration) time.Time {
	for !works(day) {
		day = day.Add(step)
	}
	return day
}

// TestAlmanac pins the almanac to days that anybody can look up.
func TestAlmanac(t *testing.T) {
	at := func(s string) time.Time {
		got, err := time.ParseInLocation("2006-01-02 15:04", s, beijing)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, x := range []struct {
		what      string
		got, want time.Time
	}{
		{"the working day after the last before National Day", afterWorkdays(at("2026-09-30 10:00"), 1), at("2026-10-08 17:30")},
		{"two working days, with the Saturday worked for it", afterWorkdays(at("2026-10-08 10:00"), 2), at("2026-10-10 17:30")},
		{"a working day over the Mid-autumn Festival", afterWorkdays(at("2026-09-24 23:59"), 1), at("2026-09-28 17:30")},
		{"the Sunday worked", afterWorkdays(at("2026-09-18 09:00"), 1), at("2026-09-20 17:30")},
		{"seven days run over the holidays", afterDays(at("2026-09-30 10:00"), 7), at("2026-10-08 00:00")},
		{"half an hour before the desk shuts", afterDeskTime(at("2026-10-01 19:45"), 30*time.Minute), at("2026-10-02 08:15")},
		{"half an hour that ends as it shuts", afterDeskTime(at("2026-10-01 19:30"), 30*time.Minute), at("2026-10-01 20:00")},
		{"at night", afterDeskTime(at("2026-10-01 03:00"), 30*time.Minute), at("2026-10-01 08:30")},
	} {
		if !x.got.Equal(x.want) {
			t.Errorf("%s: %s, want %s", x.what, x.got, x.want)
		}
	}
}
