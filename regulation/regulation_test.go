package regulation_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/journal"
	"huiyin/regulation"
)

var (
	tables = []fs.FS{journal.Migrations, regulation.Migrations}
	here   = core.Project{ID: 7, Code: "a", Zone: core.China}
	there  = core.Project{ID: 8, Code: "b", Zone: core.China}
	now    = time.Date(2026, 3, 10, 15, 0, 0, 0, core.China)
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func at(p core.Project, when time.Time) context.Context {
	ctx := core.WithActor(context.Background(), core.Actor{ID: 5, Name: "值班员"})
	return core.WithProject(core.WithClock(ctx, func() time.Time { return when }), p)
}

func set(t *testing.T, d *db.DB, project core.ID, clause, name, value string, from core.Date) {
	t.Helper()
	must(t, d.Write(at(here, now), func(ctx context.Context, tx db.Tx) error {
		return regulation.Set(ctx, tx, project, clause, name, value, from)
	}))
}

func term(t *testing.T, d *db.DB, p core.Project, when time.Time) (s core.Span) {
	t.Helper()
	must(t, d.Read(at(p, when), func(ctx context.Context, tx db.Tx) (err error) {
		s, err = regulation.Span(ctx, tx, "D5.2", "term")
		return err
	}))
	return s
}

func TestSettingsStandOverThePackFromTheirMidnight(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		set(t, d, core.Firm, "D5.2", "term", "5d", "2026-04-01")
		set(t, d, here.ID, "D5.2", "term", "7d", "2026-05-01")
		set(t, d, core.Firm, "D5.2", "term", "9d", "2026-06-01") // later than the project's own
		midnight := func(day core.Date) time.Time { return day.Time(core.China) }
		for _, c := range []struct {
			p    core.Project
			when time.Time
			want string
		}{
			{here, now, "3d"}, {here, midnight("2026-04-01").Add(-time.Microsecond), "3d"}, {here, midnight("2026-04-01"), "5d"},
			{here, midnight("2026-05-01").Add(-time.Microsecond), "5d"}, {here, midnight("2026-05-01"), "7d"}, {here, midnight("2026-07-01"), "7d"},
			{there, midnight("2026-05-15"), "5d"}, {there, midnight("2026-07-01"), "9d"},
		} {
			if got := term(t, d, c.p, c.when); got.String() != c.want {
				t.Errorf("project %s at %s: %s, want %s", c.p.Code, c.when, got, c.want)
			}
		}
		// In July, March is still judged by March's text.
		must(t, d.Read(at(here, midnight("2026-07-15")), func(ctx context.Context, tx db.Tx) error {
			march, err := regulation.RulesAt(ctx, tx, here.ID, now)
			must(t, err)
			july, err := regulation.Now(ctx, tx)
			if march.Span("D5.2", "term").String() != "3d" || july.Span("D5.2", "term").String() != "7d" || !july.Changed("D5.2", "term") || july.Changed("D5.2", "rate") {
				t.Error("March is judged by another month's text")
			}
			return err
		}))
	})
}

func TestASettingBeginsTomorrowAtTheEarliest(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		late := time.Date(2026, 3, 10, 23, 30, 0, 0, core.China)
		for _, day := range []core.Date{"2026-03-10", "2026-03-09", "2020-01-01", "", "9999", "tomorrow", "2026-02-30", "2026-13-01"} {
			err := d.Write(at(here, late), func(ctx context.Context, tx db.Tx) error {
				return regulation.Set(ctx, tx, here.ID, "D5.2", "term", "5d", day)
			})
			if !core.IsKind(err, core.KindInvalid) {
				t.Errorf("from %q: %v", day, err)
			}
		}
		must(t, d.Write(at(here, late), func(ctx context.Context, tx db.Tx) error {
			return regulation.Set(ctx, tx, here.ID, "D5.2", "term", "5d", "2026-03-11")
		}))
	})
}

func TestTheSameDaySetTwiceIsTheLatter(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		set(t, d, here.ID, "D5.2", "term", "5d", "2026-04-01")
		set(t, d, here.ID, "D5.2", "term", "6d", "2026-04-01")
		april := core.Date("2026-04-02").Time(core.China)
		if got := term(t, d, here, april); got.String() != "6d" {
			t.Errorf("the term is %s", got)
		}
		must(t, d.Read(at(here, april), func(ctx context.Context, tx db.Tx) error {
			hist, err := regulation.History(ctx, tx, here.ID, "D5.2")
			if err != nil || len(hist) != 1 || hist[0].Value != "6d" {
				t.Errorf("history %+v, %v", hist, err)
			}
			rep, err := journal.Verify(ctx, tx, []journal.Table{{Kind: "regulation_setting", Name: "regulation_setting"}})
			if len(rep.Findings) != 0 || rep.Entries != 2 {
				t.Errorf("the journal does not cover the settings: %+v", rep)
			}
			return err
		}))
	})
}

func TestTheLawHasNoSwitch(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		for _, c := range regulation.Default().All() {
			err := regulation.CheckSetting(c.ID, regulation.Switch, "off")
			if c.Law != core.IsKind(err, core.KindRefused) || (c.Law && core.ClauseOf(err) != c.ID) || (!c.Law && err != nil) {
				t.Errorf("switching %s off: %v", c.ID, err)
			}
			if c.Law != strings.HasPrefix(c.ID, "L") {
				t.Errorf("%s: law %v", c.ID, c.Law)
			}
		}
		must(t, d.Write(at(here, now), func(ctx context.Context, tx db.Tx) error { // even a row that came from elsewhere
			_, err := db.Exec(ctx, tx, `insert into regulation_setting (project_id, id, created_at, changed_at, clause, name, value, from_at) values ($1, 1, 0, 0, 'L1', 'switch', 'off', 0)`, here.ID)
			must(t, err)
			on, err := regulation.On(ctx, tx, "L1")
			if !on {
				t.Error("the law was switched off by a row in the table")
			}
			return err
		}))
	})
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	for _, c := range []struct {
		clause, name, value string
		kind                core.ErrKind
	}{
		{"Z9.9", "term", "1d", core.KindNotFound}, {"D5.2", "nothing", "1d", core.KindNotFound}, {"D5.2", "switch", "maybe", core.KindInvalid},
		{"D5.2", "owner", "emperor", core.KindInvalid}, {"D5.2", "escalate", "", core.KindInvalid}, {"D5.2", "term", "31d", core.KindInvalid},
	} {
		if err := regulation.CheckSetting(c.clause, c.name, c.value); !core.IsKind(err, c.kind) {
			t.Errorf("%s %s = %q: %v", c.clause, c.name, c.value, err)
		}
	}
	for name, value := range map[string]string{"owner": "technician", "escalate": "gm", "switch": "on", "term": "30d"} {
		if err := regulation.CheckSetting("D5.2", name, value); err != nil {
			t.Errorf("%s = %s: %v", name, value, err)
		}
	}
}

func TestOwnersAreTheFirmsChoice(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		set(t, d, core.Firm, "D5.2", "owner", "quality", "2026-04-01")
		set(t, d, here.ID, "D5.2", "escalate", "gm", "2026-04-01")
		must(t, d.Read(at(here, now), func(ctx context.Context, tx db.Tx) error {
			before, err := regulation.Now(ctx, tx)
			must(t, err)
			after, err := regulation.RulesAt(ctx, tx, here.ID, core.Date("2026-04-01").Time(core.China))
			if before.Owner("D5.2") != core.Desk || before.Escalate("D5.2") != core.Supervisor || after.Owner("D5.2") != core.Quality || after.Escalate("D5.2") != core.GM {
				t.Errorf("owners %s %s, then %s %s", before.Owner("D5.2"), before.Escalate("D5.2"), after.Owner("D5.2"), after.Escalate("D5.2"))
			}
			return err
		}))
	})
}

func refusals(t *testing.T, d *db.DB) (out []regulation.Refusal) {
	t.Helper()
	must(t, d.Read(at(here, now), func(ctx context.Context, tx db.Tx) (err error) {
		out, err = regulation.Refusals(ctx, tx, here.ID, "2026-03", "")
		return err
	}))
	return out
}

func TestGuardRefusesAndIsCountedOnlyWhenItStoppedAWrite(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		guard := func(ctx context.Context, tx db.Tx) error {
			return regulation.Guard(ctx, tx, "C13.1", false, core.T("被投诉人不能结案", "Not by the person complained of"))
		}
		if err := d.Read(at(here, now), guard); core.ClauseOf(err) != "C13.1" {
			t.Errorf("a check in a Read: %v", err)
		}
		must(t, d.Write(at(here, now), func(ctx context.Context, tx db.Tx) error {
			if err := guard(ctx, tx); err == nil {
				t.Error("the guard passes")
			}
			return nil // consulted only, to draw a button
		}))
		if got := refusals(t, d); len(got) != 0 {
			t.Fatalf("consulting a check was counted: %+v", got)
		}
		ref := core.Ref{Project: here.ID, Kind: "complaint", ID: 99}
		err := d.Write(core.WithDoing(at(here, now), core.Doing{Verb: "complaint.settle", Ref: ref}), guard)
		if !core.IsKind(err, core.KindRefused) || core.ClauseOf(err) != "C13.1" || core.AsErr(err).Text.EN != "Not by the person complained of" {
			t.Errorf("the refusal reads %v", err)
		}
		got := refusals(t, d)
		if len(got) != 1 || got[0].Clause != "C13.1" || got[0].Verb != "complaint.settle" || got[0].Ref != ref || got[0].Actor != 5 || got[0].Month != "2026-03" || got[0].Why.ZH != "被投诉人不能结案" {
			t.Errorf("kept %+v", got)
		}
		must(t, d.Read(at(here, now), func(ctx context.Context, tx db.Tx) error {
			n, err := regulation.RefusalCounts(ctx, tx, here.ID, "2026-03")
			other, _ := regulation.RefusalCounts(ctx, tx, there.ID, "2026-03")
			if n["C13.1"] != 1 || len(n) != 1 || len(other) != 0 {
				t.Errorf("counts %v, elsewhere %v", n, other)
			}
			return err
		}))
	})
}

func TestGuardPasses(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		set(t, d, here.ID, "C13.1", "switch", "off", "2026-04-01")
		guard := func(p core.Project, when time.Time, clause string, ok bool) error {
			return d.Write(at(p, when), func(ctx context.Context, tx db.Tx) error { return regulation.Guard(ctx, tx, clause, ok) })
		}
		april := core.Date("2026-04-01").Time(core.China)
		if err := errors.Join(guard(here, now, "C13.1", true), guard(here, april, "C13.1", false)); err != nil {
			t.Errorf("it holds, or the clause is off, and yet: %v", err)
		}
		for _, err := range []error{guard(here, now, "C13.1", false), guard(there, april, "C13.1", false), guard(here, april, "L1", false)} {
			if !core.IsKind(err, core.KindRefused) || !core.AsErr(err).Text.Is() || core.AsErr(err).Text.EN == "" {
				t.Errorf("it should refuse in the clause's own words: %v", err)
			}
		}
	})
}

func TestNumbersKeepTheirRange(t *testing.T) {
	n := func(kind, low, high string) regulation.Number {
		return regulation.Number{Name: "x", Kind: kind, Min: low, Max: high, Label: core.T("数", "Number"),
			Choices: []core.Choice{{Value: "asked", Label: core.T("问", "Asked")}}}
	}
	for _, c := range []struct {
		number    regulation.Number
		good, bad []string
	}{
		{n("span", "30min", "2d"), []string{"30min", "1h", "2d", "48h", "2880min", "1wd"}, []string{"29min", "0h", "3d", "49h", "3wd", "", "2", "-1d", "1y"}},
		{n("clock", "06:00", "12:00"), []string{"06:00", "09:30", "12:00"}, []string{"05:59", "12:01", "24:00", "25:00", "9", "", "09:60"}},
		{n("clock", "12:00", "24:00"), []string{"24:00", "23:59"}, []string{"24:01", "11:59"}},
		{n("monthday", "1", "31"), []string{"1", "15", "31", "last", "lastwd"}, []string{"0", "32", "-1", "", "first", "1.5"}},
		{n("monthday", "01-01", "12-31"), []string{"12-31", "01-01", "06-15"}, []string{"13-01", "02-30", "00-01"}},
		{n("rate", "0", "10000"), []string{"0", "9850", "10000"}, []string{"-1", "10001", "98.5", "98%", ""}},
		{n("money", "0", "100000"), []string{"0", "5000", "100000"}, []string{"-1", "100001", "50.00", "", "99999999999999999999"}},
		{n("count", "1", "31"), []string{"1", "31"}, []string{"0", "32", "x", ""}},
		{n("choice", "", ""), []string{"asked"}, []string{"", "ASKED", "other"}},
	} {
		for _, v := range c.good {
			if err := c.number.Validate(v); err != nil {
				t.Errorf("%s %s–%s: %q: %v", c.number.Kind, c.number.Min, c.number.Max, v, err)
			}
		}
		for _, v := range c.bad {
			if err := c.number.Validate(v); !core.IsKind(err, core.KindInvalid) || core.AsErr(err).Text.EN == "" {
				t.Errorf("%s %s–%s: %q passes: %v", c.number.Kind, c.number.Min, c.number.Max, v, err)
			}
		}
	}
}

func TestClaimsNameWhatThePackHas(t *testing.T) {
	good := regulation.Claim{Clause: "D5.2", By: []regulation.Mechanism{regulation.ByDuty}, Numbers: []string{"term"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []regulation.Claim{{Clause: "Z1", By: good.By}, {Clause: "D5.2"}, {Clause: "D5.2", By: good.By, Numbers: []string{"terms"}}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
	if !slices.ContainsFunc(regulation.Default().All(), func(c *regulation.Clause) bool { return c.ID == "B4.3" && c.Calendar == "desk" }) {
		t.Error("B4.3 should run on the desk's calendar")
	}
}
