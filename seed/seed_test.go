package seed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
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
	"huiyin/module/user"
	"huiyin/register"
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
	a, err := app.Open(context.Background(), app.Config{Dir: dir, DatabaseURL: d.URL, Keys: d.Keys, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
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
			noListIsEmpty(t, a, p)
			everyStateIsShown(t, a, p)
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

// mayBeEmpty are the registers that the demo leaves empty, each with its reason. There is none: whoever tries the product
// opens every list and finds something in it.
var mayBeEmpty = map[string]string{}

// noListIsEmpty opens the first page of every register, as one who may see it.
func noListIsEmpty(t *testing.T, a *app.App, p core.Project) {
	t.Helper()
	known := map[string]bool{}
	for _, m := range app.Modules() {
		for _, g := range m.Registers {
			name := g.KindOf().Name
			known[name] = true
			switch n, why := len(listed(t, a, p, g, "")), mayBeEmpty[name]; {
			case n == 0 && why == "":
				t.Errorf("the list of %s is empty", name)
			case n > 0 && why != "":
				t.Errorf("the list of %s is not empty any more, although %s", name, why)
			}
		}
	}
	for name := range mayBeEmpty {
		if !known[name] {
			t.Errorf("there is no register %s", name)
		}
	}
}

// everyStateIsShown: the registers that tell a story show it from beginning to end.
func everyStateIsShown(t *testing.T, a *app.App, p core.Project) {
	t.Helper()
	registers := map[string]register.Any{}
	for _, m := range app.Modules() {
		for _, g := range m.Registers {
			registers[g.KindOf().Name] = g
		}
	}
	for _, c := range []struct {
		kind, query, field string
		want               []string
	}{
		{"dispute", "?state=all", "state", []string{"mediating", "agreed", "failed", "closed"}},
		{"settlement", "?state=all", "state", []string{"done", "open"}},
		{"complaint-action", "", "state", []string{"closed", "approved", "made"}},
		{"festival", "", "state", []string{"over"}},
		{"sighting", "", "sort", []string{"goods", "rumour"}},
		{"warning", "?set=aside", "calm_by", []string{"周慧"}},
		{"warning", "", "calm_by", []string{""}},
		{"handover", "", "leaver_name", []string{"温雅"}},
		{"handover", "", "state", []string{"done"}},
		{"parking", "", "state", []string{"let", "sold", "free", "public", "closed"}},
		{"mailbox", "", "state", []string{"let", "free"}},
		{"door", "", "kind", []string{"web", "box"}},
		{"open-letter", "", "answered", []string{"4"}},
		{"followup-activity", "", "participants", []string{"14"}},
		{"delegation", "", "principal", []string{"孙立", "何海"}},
		{"user", "?state=left", "name", []string{"温雅"}},
	} {
		var got []string
		for _, item := range listed(t, a, p, registers[c.kind], c.query) {
			got = append(got, fmt.Sprint(item[c.field]))
		}
		for _, w := range c.want {
			if !slices.Contains(got, w) {
				t.Errorf("%s%s: none of which %s is %q: %q", c.kind, c.query, c.field, w, got)
			}
		}
	}
}

// listed is the first page of a register's list, over the API, as it opens for one who may see it: the heads first, who see
// everything.
func listed(t *testing.T, a *app.App, p core.Project, g register.Any, query string) []map[string]any {
	t.Helper()
	var role core.Role
	path := ""
	for _, r := range g.Routes() {
		if r.Method() != "GET" || !strings.HasPrefix(r.Path(), "/api/") || strings.Contains(r.Path(), "{id}") {
			continue
		}
		path = strings.ReplaceAll(r.Path(), "{project}", p.Code)
		for _, perm := range g.Perms() {
			for _, one := range []core.Role{core.Admin, core.GM, core.Manager, core.Supervisor} {
				if perm.Name == r.Perm && slices.Contains(perm.Roles, one) {
					role = one
				}
			}
		}
		break
	}
	var token string
	err := a.DB.Write(core.AsSystem(a.Context(context.Background())), func(ctx context.Context, tx db.Tx) error {
		id, err := db.Value[core.ID](ctx, tx, "select id from user_user where project_id = $1 and login = $2", core.Firm, string(role))
		if err == nil {
			token, err = user.CreateToken(ctx, tx, id, "seed", []string{"*"})
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s, as %q: %v", g.KindOf().Name, role, err)
	}
	req, rec := httptest.NewRequest("GET", path+query, nil), httptest.NewRecorder()
	req.Header.Set("Authorization", "Bearer "+token)
	a.ServeHTTP(rec, req)
	var out struct{ Items []map[string]any }
	if err := json.Unmarshal(rec.Body.Bytes(), &out); rec.Code != http.StatusOK || err != nil {
		t.Fatalf("%s as %s: %d %v\n%s", path, role, rec.Code, err, rec.Body)
	}
	return out.Items
}
