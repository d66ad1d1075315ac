package core_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huiyin/core"
)

func TestMoneyIsPrintedAndReadBack(t *testing.T) {
	for m, want := range map[core.Money]string{
		0: "0.00", 5: "0.05", -5: "-0.05", 100: "1.00", 99999: "999.99", 100000: "1,000.00", -123450: "-1,234.50",
		123456789012: "1,234,567,890.12", math.MinInt64: "-92,233,720,368,547,758.08",
	} {
		if got := m.String(); got != want {
			t.Errorf("Money(%d) = %s, want %s", int64(m), got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		m := core.Money(rapid.Int64Range(-999_999_999_999_999, 999_999_999_999_999).Draw(t, "分"))
		for _, text := range []string{m.String(), m.Plain(), " " + m.Plain() + " "} {
			got, err := core.ParseMoney(text)
			if err != nil || got != m {
				t.Fatalf("ParseMoney(%q) = %d, %v, want %d", text, got, err, m)
			}
		}
		if strings.Contains(m.Plain(), ",") {
			t.Fatalf("Plain has separators: %s", m.Plain())
		}
	})
}

func TestParseMoneyRefuses(t *testing.T) {
	for text, want := range map[string]core.Money{"12": 1200, "12.5": 1250, "1,234.50": 123450, "-0.01": -1, "0": 0} {
		if got, err := core.ParseMoney(text); err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, bad := range []string{"", "-", ".5", "1.", "1.234", "1e3", "12元", "NaN", "--1", "+1", "1 2", "99999999999999", "１２"} {
		if got, err := core.ParseMoney(bad); err == nil {
			t.Errorf("ParseMoney(%q) = %d, want an error", bad, got)
		}
	}
}

func TestDatesCountAndCompare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 100_000).Draw(t, "day"))
		d := core.DateOf(day, time.UTC)
		if again, err := core.ParseDate(string(d)); err != nil || again != d {
			t.Fatalf("ParseDate(%q) = %q, %v", d, again, err)
		}
		n := rapid.IntRange(-5000, 5000).Draw(t, "n")
		e := d.Add(n)
		if d.Days(e) != n || (n > 0) != (e > d) {
			t.Fatalf("%s + %d days = %s, which is %d days on", d, n, e, d.Days(e))
		}
		if d.Weekday() != day.Weekday() || d.Month() != core.MonthOf(day, time.UTC) {
			t.Fatalf("%s is a %s of %s", d, d.Weekday(), d.Month())
		}
	})
	for _, bad := range []string{"", "2026-02-30", "2026-13-01", "1899-12-31", "2200-01-01", "0000-00-00", "2026-1-2", "20261122", "2026-11-22 ", "２０２６-11-22"} {
		if d, err := core.ParseDate(bad); err == nil {
			t.Errorf("ParseDate(%q) = %q, want an error", bad, d)
		}
	}
}

func TestTheDayIsTheProjectsOwn(t *testing.T) {
	at := time.Date(2026, 11, 22, 16, 30, 0, 0, time.UTC)
	if d := core.DateOf(at, core.China); d != "2026-11-23" {
		t.Errorf("16:30 UTC is %s in China, want the 23rd", d)
	}
	if got := core.Date("2026-11-23").Time(core.China); !got.Equal(time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("the 23rd starts at %s", got.UTC())
	}
	ctx := core.WithClock(context.Background(), func() time.Time { return at })
	if got := core.Today(core.WithProject(ctx, core.Project{ID: 9})); got != "2026-11-23" {
		t.Errorf("Today = %s in a project without a zone, want China's day", got)
	}
}

func TestMonths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := core.MonthOf(time.Date(rapid.IntRange(1950, 2150).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 15, 0, 0, 0, 0, time.UTC), time.UTC)
		if again, err := core.ParseMonth(string(m)); err != nil || again != m {
			t.Fatalf("ParseMonth(%q) = %q, %v", m, again, err)
		}
		n := rapid.IntRange(-500, 500).Draw(t, "n")
		if m.Add(n).Add(-n) != m {
			t.Fatalf("%s + %d months and back is %s", m, n, m.Add(n).Add(-n))
		}
		if m.Last().Add(1) != m.Add(1).First() || m.Last().Month() != m {
			t.Fatalf("%s ends on %s", m, m.Last())
		}
		day := rapid.IntRange(1, 31).Draw(t, "day")
		if d := m.Day(day); d.Month() != m || d > m.Last() || (d < m.Last() && d != m.First().Add(day-1)) {
			t.Fatalf("day %d of %s is %s", day, m, d)
		}
	})
	if d := core.Month("2026-02").Day(31); d != "2026-02-28" {
		t.Errorf("the 31st of February is %s, want the last day", d)
	}
	for _, bad := range []string{"", "2026-13", "2026", "2026-1", "0001-01", "9999-12", "2026-11-22"} {
		if m, err := core.ParseMonth(bad); err == nil {
			t.Errorf("ParseMonth(%q) = %q, want an error", bad, m)
		}
	}
}

func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := core.Span{N: rapid.IntRange(0, 99999).Draw(t, "n"), Unit: rapid.SampledFrom([]core.Unit{core.Minutes, core.Hours, core.Days, core.Workdays}).Draw(t, "unit")}
		again, err := core.ParseSpan(s.String())
		if err != nil || again != s {
			t.Fatalf("ParseSpan(%q) = %v, %v", s, again, err)
		}
		if s.Short() != (s.Unit == core.Minutes || s.Unit == core.Hours) || (s.N > 0 && s.Short() != (s.Duration() > 0)) {
			t.Fatalf("%s: short %v, %s long", s, s.Short(), s.Duration())
		}
	})
	if got := (core.Span{N: 90, Unit: core.Minutes}).Duration(); got != 90*time.Minute {
		t.Errorf("90min lasts %s", got)
	}
	if got := (core.Span{N: 1, Unit: core.Workdays}).Text(); got.ZH != "1 个工作日" || got.EN != "1 working day" {
		t.Errorf("1wd in words: %+v", got)
	}
	for _, bad := range []string{"", "7", "d", "-1d", "1.5h", "7 d", "7w", "123456d", "7D"} {
		if s, err := core.ParseSpan(bad); err == nil {
			t.Errorf("ParseSpan(%q) = %v, want an error", bad, s)
		}
	}
}

func TestRates(t *testing.T) {
	for r, want := range map[core.Rate]string{0: "0%", 10000: "100%", 9850: "98.5%", 9876: "98.76%", 1: "0.01%", 500: "5%", 1000: "10%"} {
		if got := r.String(); got != want {
			t.Errorf("Rate(%d) = %s, want %s", r, got, want)
		}
	}
	if r, ok := core.RateOf(2, 3); !ok || r != 6666 {
		t.Errorf("2 of 3 = %d, %v", r, ok)
	}
	if r, ok := core.RateOf(0, 0); ok || r != 0 {
		t.Errorf("0 of 0 = %d, %v, want none", r, ok)
	}
}

func TestMasksHideTheMiddle(t *testing.T) {
	for in, want := range map[core.Phone]string{"13886062231": "138****2231", "": "", "110": "*10", "1": "*", "075583456789": "075*****6789"} {
		if got := in.Mask(); got != want {
			t.Errorf("Phone(%q).Mask() = %q, want %q", in, got, want)
		}
	}
	if got := core.IDNumber("11010519491231002X").Mask(); got != "1101************2X" {
		t.Errorf("an ID number is masked as %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-9A-Z张]{1,40}`).Draw(t, "s")
		masked := core.IDNumber(s).Mask()
		if n := len([]rune(s)); len([]rune(masked)) != n || !strings.Contains(masked, "*") || masked == s {
			t.Fatalf("%q is masked as %q", s, masked)
		}
	})
}

func TestTextsFillEachLanguageWithItsOwn(t *testing.T) {
	got := core.T("要由%s审批 %d 次", "The %s decides %d times", core.Manager.Name(), 2)
	if got.ZH != "要由管理处主任审批 2 次" || got.EN != "The Project manager decides 2 times" {
		t.Errorf("T with a Text argument = %+v", got)
	}
	if plain := core.T("100%", "100%"); plain.ZH != "100%" {
		t.Errorf("T without arguments formats: %q", plain.ZH)
	}
	if only := (core.Text{ZH: "只有中文"}); only.In(core.EN) != "只有中文" || !only.Is() || (core.Text{}).Is() {
		t.Error("a text without English should show its Chinese")
	}
}

func TestIDsAreStringsInJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := core.ID(rapid.Int64Range(0, math.MaxInt64).Draw(t, "id"))
		b, err := id.MarshalJSON()
		var again core.ID = 7
		if err == nil {
			err = again.UnmarshalJSON(b)
		}
		if err != nil || again != id {
			t.Fatalf("%d became %s became %d: %v", id, b, again, err)
		}
		if id == 0 {
			return
		}
		ref, err := core.ParseRef(3, core.Ref{Project: 3, Kind: "repair", ID: id}.String())
		if err != nil || ref != (core.Ref{Project: 3, Kind: "repair", ID: id}) {
			t.Fatalf("ParseRef = %v, %v", ref, err)
		}
	})
	for _, bad := range []string{"", "0", "-1", "x", "9223372036854775808", "1.0", "0x10", " 1"} {
		if id, err := core.ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) = %d, want an error", bad, id)
		}
	}
}

func TestPermissionsAreAskedInTheirProject(t *testing.T) {
	a := core.Actor{ID: 5, Seats: map[core.ID]core.Seat{2: {Roles: []core.Role{core.Desk}, Perms: map[string]bool{"repair.view": true, "repair.new": true}}}}
	if !a.Can(2, "repair.view") || a.Can(3, "repair.view") || a.Can(2, "repair.dispatch") || a.Can(core.Firm, "repair.view") {
		t.Error("a permission holds in its project only")
	}
	a.Token = []string{"repair.view"}
	if !a.Can(2, "repair.view") || a.Can(2, "repair.new") {
		t.Error("a token narrows the user's rights")
	}
	a.Token = []string{"*", "repair.dispatch"}
	if !a.Can(2, "repair.new") || a.Can(2, "repair.dispatch") {
		t.Error("a token never widens the user's rights")
	}
	if (core.Actor{}).Can(2, "repair.view") || !core.ActorOf(core.AsSystem(context.Background())).Can(2, "anything.at.all") {
		t.Error("nobody may nothing, the system everything")
	}
}
