package seed_test

import (
	"context"
	"testing"
	"time"

	"huiyin/app"
	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/duty"
	"huiyin/module/compliance"
	"huiyin/module/project"
	"huiyin/regulation"
	"huiyin/seed"
)

// filled is a demo building of so many days, as it stands at a time.
func filled(t *testing.T, e db.Engine, now time.Time, days int) (*app.App, core.Project) {
	t.Helper()
	d := dbtest.Config(t, e, app.Migrations(app.Modules())...)
	dir := d.Dir
	if dir == "" {
		dir = t.TempDir()
	}
	a, err := app.Open(context.Background(), app.Config{Dir: dir, DatabaseURL: d.URL, Keys: d.Keys, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	ctx := core.AsSystem(a.Context(context.Background()))
	if err := seed.Fill(ctx, a, days); err != nil {
		t.Fatal(err)
	}
	if err := a.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	var p core.Project
	read(t, a, core.Project{}, func(ctx context.Context, tx db.Tx) error {
		all, err := project.All(ctx, tx)
		p = all[0].Project
		return err
	})
	return a, p
}

func read(t *testing.T, a *app.App, p core.Project, fn func(ctx context.Context, tx db.Tx) error) {
	t.Helper()
	if err := a.DB.Read(core.WithProject(core.AsSystem(a.Context(context.Background())), p), fn); err != nil {
		t.Fatal(err)
	}
}

func TestTheDemoIsABuildingThatIsRunWell(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			now := time.Date(2026, 11, 23, 10, 30, 0, 0, core.China)
			a, p := filled(t, e, now, 60)
			read(t, a, p, func(ctx context.Context, tx db.Tx) error {
				open, err := duty.Find(ctx, tx, duty.Filter{Project: p.ID, State: duty.StateOpen, Limit: 1000})
				if err != nil {
					return err
				}
				late, days := 0, map[core.Date]int{}
				for _, d := range open {
					if d.Due.Before(now) {
						late++
						if now.Sub(d.Due) > 4*24*time.Hour {
							t.Errorf("%s has been overdue since %s: %s", d.Clause, d.Day, d.Title.ZH)
						}
					}
					if d.Clause == "B1.2" {
						days[d.Day]++
					}
				}
				if late < 1 || late > 10 {
					t.Errorf("%d duties are overdue, want a few", late)
				}
				for day, n := range days {
					if n > 8 {
						t.Errorf("%d files are to be verified on %s", n, day)
					}
				}
				waiting, err := approval.For(ctx, tx, p.ID, []core.Role{core.Supervisor, core.Manager, core.GM}, 0, 100)
				verbs := map[string]int{}
				for _, r := range waiting {
					verbs[r.Verb]++
				}
				if len(waiting) > 6 || verbs["customer.file"] == 0 || verbs["compliance.change"] == 0 || verbs["repair.outside"] == 0 {
					t.Errorf("%d approvals wait: %v", len(waiting), verbs)
				}
				return err
			})
			read(t, a, p, func(ctx context.Context, tx db.Tx) error {
				refused, clauses := int64(0), map[string]bool{}
				for _, m := range []core.Month{"2026-08", "2026-09", "2026-10", "2026-11"} {
					n, err := regulation.RefusalCounts(ctx, tx, p.ID, m)
					if err != nil {
						return err
					}
					for clause, k := range n {
						refused += k
						clauses[clause] = true
					}
				}
				if refused < 8 || len(clauses) < 4 {
					t.Errorf("%d refusals by %v", refused, clauses)
				}
				b, err := compliance.BoardOf(ctx, tx, "2026-10")
				rate, ok := b.Sum.Rate()
				if !ok || rate < 9000 || rate == 10000 {
					t.Errorf("the month was done in time at %s", rate)
				}
				for _, l := range b.Lines {
					if l.Clause.ID == "F1" && l.Count.OnTime != 1 {
						t.Errorf("the firm's own clause: %+v", l.Count)
					}
				}
				return err
			})
		})
	}
}

func TestTheDemoStandsOnAnyDayOfTheMonth(t *testing.T) {
	for _, day := range []int{1, 18, 28} {
		now := time.Date(2026, 10, day, 7, 15, 0, 0, core.China)
		if day%2 == 0 {
			now = now.Add(14 * time.Hour)
		}
		a, p := filled(t, db.SQLite, now, 33)
		read(t, a, p, func(ctx context.Context, tx db.Tx) error {
			open, err := duty.Find(ctx, tx, duty.Filter{Project: p.ID, State: duty.StateOpen, Limit: 1000})
			for _, d := range open {
				if d.Due.Before(now.Add(-4 * 24 * time.Hour)) {
					t.Errorf("on the %dth: %s has been overdue since %s", day, d.Clause, d.Day)
				}
				if d.Opened.After(now) {
					t.Errorf("on the %dth: %s was opened at %s, which is to come", day, d.Clause, d.Opened)
				}
			}
			return err
		})
	}
}
