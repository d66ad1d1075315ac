package duty_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"testing"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/regulation"
)

var (
	tables = []fs.FS{calendar.Migrations, journal.Migrations, notify.Migrations, regulation.Migrations, duty.Migrations}
	here   = core.Project{ID: 7, Code: "a", Name: "甲", Zone: core.China}
	other  = core.Project{ID: 8, Code: "b", Name: "乙", Zone: core.China}
)

// The people of the stories, by their seat in project here.
const (
	clerk, colleague, head, boss, outsider = core.ID(101), core.ID(102), core.ID(103), core.ID(104), core.ID(105)
)

func as(user core.ID, roles ...core.Role) core.Actor {
	return core.Actor{ID: user, Name: user.String(), Seats: map[core.ID]core.Seat{here.ID: {Roles: roles}}}
}

func on(day string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", day, core.China)
	if err != nil {
		panic(err)
	}
	return t
}

func at(when time.Time, a core.Actor) context.Context {
	return core.WithProject(core.WithClock(core.WithActor(context.Background(), a), func() time.Time { return when }), here)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func about(id int64) core.Ref { return core.Ref{Project: here.ID, Kind: "repair", ID: core.ID(id)} }

func open(t *testing.T, d *db.DB, when time.Time, clause string, ref core.Ref, opts ...duty.Option) {
	t.Helper()
	must(t, d.Write(at(when, as(clerk, core.Desk)), func(ctx context.Context, tx db.Tx) error { return duty.Open(ctx, tx, clause, ref, opts...) }))
}

func of(t *testing.T, d *db.DB, ref core.Ref) (out []duty.Duty) {
	t.Helper()
	must(t, d.Read(at(on("2026-11-22 09:00"), core.Actor{}), func(ctx context.Context, tx db.Tx) (err error) {
		out, err = duty.Of(ctx, tx, ref)
		return err
	}))
	return out
}

func tick(t *testing.T, d *db.DB, when time.Time, recurring ...duty.Recurring) {
	t.Helper()
	ctx := core.WithClock(context.Background(), func() time.Time { return when })
	must(t, duty.Tick(ctx, d, []duty.Place{{Project: here, Since: on("2026-09-01 00:00")}}, recurring))
}

func each(t *testing.T, fn func(t *testing.T, d *db.DB)) { dbtest.Each(t, tables, fn) }

func TestDeadlinesFollowTheCalendar(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for i, c := range []struct{ clause, opened, due, day string }{
			{"D5.2", "2026-11-22 09:00", "2026-11-26 00:00", "2026-11-25"}, // 3d: the opening day does not count, ends at 24:00
			{"D5.2", "2026-09-30 23:59", "2026-10-04 00:00", "2026-10-03"}, // days do not roll over 国庆
			{"D5.2", "2026-11-29 10:00", "2026-12-03 00:00", "2026-12-02"}, // counts in December
			{"D5.2", "2026-11-28 10:00", "2026-12-02 00:00", "2026-12-01"},
			{"D5.2", "2026-11-27 10:00", "2026-12-01 00:00", "2026-11-30"}, // 24:00 of November's last day is November's
			{"A3.2", "2026-09-30 10:00", "2026-10-08 17:30", "2026-10-08"}, // 1wd over 国庆
			{"A3.2", "2026-09-18 10:00", "2026-09-20 17:30", "2026-09-20"}, // a Sunday made a workday
			{"A3.2", "2026-11-20 19:00", "2026-11-23 17:30", "2026-11-23"}, // Friday to Monday
			{"D4.2", "2026-10-01 02:10", "2026-10-01 02:25", "2026-10-01"}, // 15 minutes by night, on a holiday
			{"B4.3", "2026-11-22 10:00", "2026-11-22 10:30", "2026-11-22"}, // desk minutes, Sundays too
			{"B4.3", "2026-11-22 19:50", "2026-11-23 08:20", "2026-11-23"}, // ten minutes today, twenty tomorrow
			{"B4.3", "2026-11-22 23:00", "2026-11-23 08:30", "2026-11-23"},
		} {
			ref := about(int64(i + 1))
			open(t, d, on(c.opened), c.clause, ref)
			ds := of(t, d, ref)
			if len(ds) != 1 || !ds[0].Due.Equal(on(c.due)) || ds[0].Day != core.Date(c.day) || ds[0].Month != core.Date(c.day).Month() || ds[0].State != duty.StateOpen {
				t.Errorf("%s opened %s: %+v, want due %s", c.clause, c.opened, ds, c.due)
			}
		}
		open(t, d, on("2026-11-22 09:00"), "D5.2", about(90), duty.From(on("2026-11-20 23:00")))
		open(t, d, on("2026-11-22 09:00"), "D5.2", about(91), duty.Due(on("2026-11-22 14:30")), duty.By(core.Quality), duty.To(clerk), duty.About(core.T("回访", "Follow-up"), "/p/a/x"))
		if ds := of(t, d, about(90)); !ds[0].Due.Equal(on("2026-11-24 00:00")) {
			t.Errorf("counted from the event: %s", ds[0].Due)
		}
		if x := of(t, d, about(91))[0]; !x.Due.Equal(on("2026-11-22 14:30")) || x.Role != core.Quality || x.User != clerk || x.Title.EN != "Follow-up" || x.URL != "/p/a/x" {
			t.Errorf("with options: %+v", x)
		}
	})
}

func TestTheFirmsTermAndTheDesksHoursCount(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Write(at(on("2026-11-20 09:00"), as(boss, core.GM)), func(ctx context.Context, tx db.Tx) error {
			must(t, regulation.Set(ctx, tx, core.Firm, "D5.2", "term", "5d", "2026-11-22"))
			must(t, regulation.Set(ctx, tx, here.ID, "B4.1", "close", "18:00", "2026-11-22"))
			return regulation.Set(ctx, tx, here.ID, "D4.2", "switch", "off", "2026-11-22")
		}))
		open(t, d, on("2026-11-21 09:00"), "D5.2", about(1))
		open(t, d, on("2026-11-22 09:00"), "D5.2", about(2))
		if a, b := of(t, d, about(1))[0].Due, of(t, d, about(2))[0].Due; !a.Equal(on("2026-11-25 00:00")) || !b.Equal(on("2026-11-28 00:00")) {
			t.Errorf("the day before: %s, from the day on: %s", a, b)
		}
		open(t, d, on("2026-11-22 17:50"), "B4.3", about(3))
		if due := of(t, d, about(3))[0].Due; !due.Equal(on("2026-11-23 08:20")) {
			t.Errorf("with the desk closing at 18:00: %s", due)
		}
		open(t, d, on("2026-11-21 23:59"), "D4.2", about(4))
		open(t, d, on("2026-11-22 00:00"), "D4.2", about(5))
		if len(of(t, d, about(4))) != 1 || len(of(t, d, about(5))) != 0 {
			t.Error("a clause that is off opens nothing, one that is on does")
		}
	})
}

func TestOpeningTwiceIsHarmlessAndAgainRaisesTheRound(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		when := on("2026-11-22 09:00")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				err := d.Write(at(when, as(clerk, core.Desk)), func(ctx context.Context, tx db.Tx) error { return duty.Open(ctx, tx, "D5.2", about(1)) })
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		open(t, d, when, "D5.2", about(1), duty.Again())
		if ds := of(t, d, about(1)); len(ds) != 1 || ds[0].Round != 1 {
			t.Fatalf("opened nine times: %+v", ds)
		}
		done(t, d, when, about(1))
		open(t, d, when, "D5.2", about(1))
		if ds := of(t, d, about(1)); len(ds) != 1 {
			t.Errorf("opening a closed duty without Again: %+v", ds)
		}
		open(t, d, when.AddDate(0, 0, 5), "D5.2", about(1), duty.Again())
		ds := of(t, d, about(1))
		if len(ds) != 2 || ds[1].Round != 2 || ds[1].State != duty.StateOpen || ds[0].State != duty.StateDone {
			t.Errorf("Again: %+v", ds)
		}
	})
}

func done(t *testing.T, d *db.DB, when time.Time, ref core.Ref) {
	t.Helper()
	must(t, d.Write(at(when, as(clerk, core.Desk)), func(ctx context.Context, tx db.Tx) error { return duty.Done(ctx, tx, "D5.2", ref) }))
}

func TestDoneOnTimeAndLate(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for id := range int64(4) {
			open(t, d, on("2026-11-22 09:00"), "D5.2", about(id+1))
		}
		done(t, d, on("2026-11-25 23:59"), about(1))
		done(t, d, on("2026-11-26 00:00"), about(2))
		done(t, d, on("2026-11-26 00:01"), about(3))
		done(t, d, on("2026-11-26 00:01"), about(3)) // nothing open any more
		for id, late := range map[int64]bool{1: false, 2: false, 3: true} {
			if x := of(t, d, about(id))[0]; x.State != duty.StateDone || x.Late != late || x.DoneBy != clerk || x.DoneAt.IsZero() {
				t.Errorf("duty %d: %+v, want late %v", id, x, late)
			}
		}
		must(t, d.Write(at(on("2026-11-23 09:00"), as(clerk)), func(ctx context.Context, tx db.Tx) error {
			return duty.VoidAll(ctx, tx, about(4), "错报")
		}))
		if ds := of(t, d, about(4)); len(ds) != 0 {
			t.Errorf("a void duty is still shown: %+v", ds)
		}
	})
}

func steps(t *testing.T, d *db.DB, ref core.Ref) (roles []core.Role) {
	t.Helper()
	must(t, d.Read(at(on("2026-11-22 09:00"), core.Actor{}), func(ctx context.Context, tx db.Tx) error {
		ss, err := duty.Steps(ctx, tx, ref)
		for _, s := range ss {
			roles = append(roles, s.Role)
		}
		return err
	}))
	return roles
}

func TestALateDutyGoesUpStepByStep(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		open(t, d, on("2026-11-18 09:00"), "D5.2", about(1)) // due Saturday 24:00
		ref := of(t, d, about(1))[0].Ref
		for _, c := range []struct {
			now  string
			want []core.Role
		}{
			{"2026-11-21 23:59", nil},
			{"2026-11-22 00:01", []core.Role{core.Supervisor}},
			{"2026-11-22 00:01", []core.Role{core.Supervisor}}, // again: nothing new
			{"2026-11-23 17:29", []core.Role{core.Supervisor}},
			{"2026-11-23 17:31", []core.Role{core.Supervisor, core.Manager}},
			{"2026-11-23 17:31", []core.Role{core.Supervisor, core.Manager}},
			{"2026-11-24 17:31", []core.Role{core.Supervisor, core.Manager, core.GM}},
			{"2026-12-24 17:31", []core.Role{core.Supervisor, core.Manager, core.GM}},
		} {
			tick(t, d, on(c.now))
			x := of(t, d, about(1))[0]
			if got := steps(t, d, ref); !slices.Equal(got, c.want) || x.Late != (len(c.want) > 0) || x.Step != int64(len(c.want)) {
				t.Errorf("at %s it went up to %v (late %v), want %v", c.now, got, x.Late, c.want)
			}
		}
		must(t, d.Read(at(on("2026-11-25 09:00"), core.Actor{}), func(ctx context.Context, tx db.Tx) error {
			for _, role := range []core.Role{core.Supervisor, core.Manager, core.GM} {
				n, msgs, err := notify.Unread(ctx, tx, here.ID, boss, []core.Role{role})
				if err != nil || n != 1 || !msgs[0].Urgent {
					t.Errorf("%s was told %d times: %v", role, n, err)
				}
			}
			return nil
		}))
		done(t, d, on("2026-12-25 09:00"), about(1))
		if x := of(t, d, about(1))[0]; !x.Late || !x.Next.IsZero() {
			t.Errorf("done at last: %+v", x)
		}
	})
}

func TestTickCatchesUpAfterDaysAsleep(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for id := range int64(450) { // more than two batches
			if id%150 == 0 {
				must(t, d.Write(at(on("2026-11-18 09:00"), as(clerk)), func(ctx context.Context, tx db.Tx) error {
					for i := range int64(150) {
						if err := duty.Open(ctx, tx, "D5.2", about(id+i+1)); err != nil {
							return err
						}
					}
					return nil
				}))
			}
		}
		tick(t, d, on("2026-11-25 09:00"))
		tick(t, d, on("2026-11-25 09:00"))
		must(t, d.Read(at(on("2026-11-25 09:00"), core.Actor{}), func(ctx context.Context, tx db.Tx) error {
			late, err := duty.Find(ctx, tx, duty.Filter{Project: here.ID, State: "late", Limit: 1000})
			if err != nil || len(late) != 450 {
				t.Errorf("%d of 450 are marked late: %v", len(late), err)
			}
			n, err := db.Value[int](ctx, tx, "select count(*) from duty_step where project_id = $1", here.ID)
			if n != 3*450 {
				t.Errorf("%d steps are stored, want three each", n)
			}
			steps, stepsErr := duty.Steps(ctx, tx, late[0].Ref)
			want := []duty.Step{{N: 1, Role: core.Supervisor, At: on("2026-11-22 00:00")}, {N: 2, Role: core.Manager, At: on("2026-11-23 17:30")}, {N: 3, Role: core.GM, At: on("2026-11-24 17:30")}}
			for i, s := range want {
				if len(steps) != 3 || steps[i].N != s.N || steps[i].Role != s.Role || !steps[i].At.Equal(s.At) {
					t.Errorf("the steps are %+v, want them at their own times %+v: %v", steps, want, stepsErr)
					break
				}
			}
			entries, _ := journal.Of(ctx, tx, late[0].Ref)
			if i := slices.IndexFunc(entries, func(e journal.Entry) bool { return e.Verb == "escalated" && e.At.Equal(want[1].At) }); i < 0 {
				t.Errorf("the journal does not say when it went up: %+v", entries)
			}
			return err
		}))
	})
}

var monthly = []duty.Recurring{
	{Clause: "C1.6", Number: "day", Title: core.T("上报", "Report"), URL: "report"},
	{Clause: "A3.3", Number: "day", Title: core.T("汇总", "Summary"), URL: "summary", Before: true},
}

func TestRecurringDutiesOpenOncePerMonth(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			nodes := []*db.DB{dbtest.Open(t, cfg), dbtest.Open(t, cfg)}
			var all sync.WaitGroup
			for i := range 6 { // two nodes, three ticks each, all at once
				all.Go(func() {
					ctx := core.WithClock(context.Background(), func() time.Time { return on("2026-11-04 09:00") })
					if err := duty.Tick(ctx, nodes[i%2], []duty.Place{{Project: here, Since: on("2026-09-01 00:00")}, {Project: other, Since: on("2026-11-01 00:00")}}, monthly); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			for month, due := range map[core.Month][2]string{
				"2026-09": {"2026-09-11 00:00", "2026-09-05 00:00"}, // the 5th is a Saturday: the Friday before
				"2026-10": {"2026-10-11 00:00", "2026-10-01 00:00"}, // 5 October is in 国庆: back to 30 September; the 10th is a made-up workday
				"2026-11": {"2026-11-11 00:00", "2026-11-06 00:00"},
			} {
				ds := of(t, nodes[0], duty.PeriodRef(here.ID, month))
				got := map[string]time.Time{}
				for _, x := range ds {
					got[x.Clause] = x.Due
				}
				if len(ds) != 2 || !got["C1.6"].Equal(on(due[0])) || !got["A3.3"].Equal(on(due[1])) {
					t.Errorf("%s: %d duties, due %v, want %v", month, len(ds), got, due)
				}
			}
			if n := len(of(t, nodes[0], duty.PeriodRef(here.ID, "2026-08"))) + len(of(t, nodes[0], duty.PeriodRef(here.ID, "2026-12"))); n != 0 {
				t.Errorf("%d duties before the project began or after today", n)
			}
			must(t, nodes[0].Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
				n, err := db.Value[int](ctx, tx, "select count(*) from duty_duty where project_id = $1 or project_id = $2", here.ID, other.ID)
				opened, err2 := db.Value[int](ctx, tx, "select count(*) from journal_entry where (project_id = $1 or project_id = $2) and verb = 'opened'", here.ID, other.ID)
				steps, err3 := db.Value[int](ctx, tx, "select count(*) from duty_step where project_id = $1 or project_id = $2", here.ID, other.ID)
				if n != 8 || opened != 8 || steps != 6 { // the four late ones went up to the manager, two of them on to the general manager
					t.Errorf("%d duties, %d journalled, %d steps; want 8, 8 and 6: %v %v %v", n, opened, steps, err, err2, err3)
				}
				return nil
			}))
		})
	}
}

func TestRecurringByQuarterHalfYearAndYear(t *testing.T) {
	months := map[string]string{"C7.8": "months", "C6.4": "months"}
	for clause, want := range map[string][]core.Month{ // of December 2025 to November 2026
		"C1.6": {"2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"},
		"C7.8": {"2025-12", "2026-03", "2026-06", "2026-09"},
		"C6.4": {"2025-12", "2026-06"},
		"C5.2": {"2025-12"},
	} {
		t.Run(clause, func(t *testing.T) {
			each(t, func(t *testing.T, d *db.DB) {
				ctx := core.WithClock(context.Background(), func() time.Time { return on("2026-11-18 09:00") })
				for range 2 {
					must(t, duty.Tick(ctx, d, []duty.Place{{Project: here, Since: on("2025-01-01 00:00")}}, []duty.Recurring{{Clause: clause, Number: "day", Months: months[clause], Title: core.T("定期", "Regular"), Fixed: true}}))
				}
				var got []core.Month
				for m := core.Month("2025-11"); m <= "2026-12"; m = m.Add(1) {
					for _, x := range of(t, d, duty.PeriodRef(here.ID, m)) {
						got = append(got, x.Month)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("it fell due in %v, want %v", got, want)
				}
			})
		})
	}
}

func TestMineIsWhatIOweNow(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		when := on("2026-11-18 09:00")
		open(t, d, when, "D5.2", about(1))                    // the desk's
		open(t, d, when, "D5.2", about(2), duty.To(clerk))    // the clerk's
		open(t, d, when, "D4.2", about(3))                    // the technicians', late soon, escalates to the manager
		open(t, d, when, "D5.2", about(4), duty.To(outsider)) // somebody else's
		tick(t, d, on("2026-11-18 10:00"))
		mine := func(user core.ID, roles ...core.Role) (ids []int64) {
			must(t, d.Read(at(on("2026-11-18 10:00"), core.Actor{}), func(ctx context.Context, tx db.Tx) error {
				ds, err := duty.Mine(ctx, tx, here.ID, user, roles, 50)
				must(t, err)
				n, late, err := duty.CountMine(ctx, tx, here.ID, user, roles, on("2027-12-31 00:00"))
				must(t, err)
				due, _, err := duty.CountMine(ctx, tx, here.ID, user, roles, on("2026-11-18 10:00"))
				overdue := int64(0)
				for _, x := range ds {
					ids = append(ids, int64(x.About.ID))
					if x.Due.Before(on("2026-11-18 10:00")) {
						overdue++
					}
				}
				if n != int64(len(ds)) || late != overdue || due != overdue {
					t.Errorf("CountMine says %d, %d late, %d until now; Mine lists %d, %d late", n, late, due, len(ds), overdue)
				}
				return err
			}))
			return ids
		}
		for _, c := range []struct {
			got, want []int64
		}{
			{mine(clerk, core.Desk), []int64{1, 2}}, {mine(colleague, core.Desk), []int64{1}}, {mine(boss, core.Manager), []int64{3}},
			{mine(colleague, core.Technician, core.Desk), []int64{3, 1}}, {mine(outsider), []int64{4}}, {mine(head, core.Supervisor), nil},
		} {
			if !slices.Equal(c.got, c.want) {
				t.Errorf("got %v, want %v", c.got, c.want)
			}
		}
		if got := mine(boss, core.Manager, core.Technician); !slices.Equal(got, []int64{3}) {
			t.Errorf("what is in his list for two reasons stands there once: %v", got)
		}
		must(t, d.Write(at(on("2026-11-18 09:59"), as(clerk, core.Desk)), func(ctx context.Context, tx db.Tx) error { return duty.Done(ctx, tx, "D4.2", about(3)) }))
		if got := mine(boss, core.Manager); got != nil {
			t.Errorf("what went up and was done is on nobody's list: %v", got)
		}
	})
}

func TestWhoMayHandleADuty(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		open(t, d, on("2026-11-18 09:00"), "D4.2", about(1), duty.To(clerk)) // technicians' clause, given to the clerk
		x := of(t, d, about(1))[0]
		can := func(a core.Actor) error {
			return d.Read(at(on("2026-11-18 09:05"), a), func(ctx context.Context, tx db.Tx) error { return duty.CanHandle(ctx, tx, of(t, d, about(1))[0]) })
		}
		for name, a := range map[string]core.Actor{"its person": as(clerk), "its role": as(colleague, core.Technician), "the manager": as(boss, core.Manager),
			"the system": core.ActorOf(core.AsSystem(context.Background()))} {
			if err := can(a); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		elsewhere := core.Actor{ID: outsider, Seats: map[core.ID]core.Seat{other.ID: {Roles: []core.Role{core.Technician, core.Manager}}}}
		for name, a := range map[string]core.Actor{"another role": as(colleague, core.Cashier), "a role elsewhere": elsewhere, "nobody": {}} {
			if err := can(a); !core.IsKind(err, core.KindForbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		open(t, d, on("2026-11-18 09:00"), "D5.2", about(2)) // nobody's own: user 0
		err := d.Read(at(on("2026-11-18 09:05"), core.Actor{}), func(ctx context.Context, tx db.Tx) error { return duty.CanHandle(ctx, tx, of(t, d, about(2))[0]) })
		if !core.IsKind(err, core.KindForbidden) {
			t.Errorf("nobody may handle a role's duty: %v", err)
		}

		act := func(a core.Actor, fn func(ctx context.Context, tx db.Tx) error) error {
			return d.Write(at(on("2026-11-18 09:10"), a), fn)
		}
		if err := act(as(clerk), func(ctx context.Context, tx db.Tx) error { return duty.ByHand(ctx, tx, x.Ref.ID, "") }); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("by hand without evidence: %v", err)
		}
		if err := act(as(colleague, core.Cashier), func(ctx context.Context, tx db.Tx) error { return duty.ByHand(ctx, tx, x.Ref.ID, "x") }); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("by hand by a stranger: %v", err)
		}
		must(t, act(as(clerk), func(ctx context.Context, tx db.Tx) error { return duty.ByHand(ctx, tx, x.Ref.ID, "纸质签到表") }))
		if y := of(t, d, about(1))[0]; y.State != duty.StateDone || y.Note != "纸质签到表" || y.DoneBy != clerk {
			t.Errorf("by hand: %+v", y)
		}
		for _, err := range []error{act(as(clerk), func(ctx context.Context, tx db.Tx) error { return duty.ByHand(ctx, tx, x.Ref.ID, "again") }),
			act(as(boss, core.Manager), func(ctx context.Context, tx db.Tx) error { return duty.Waive(ctx, tx, x.Ref.ID, "again") })} {
			if !core.IsKind(err, core.KindConflict) {
				t.Errorf("a closed duty: %v", err)
			}
		}
	})
}

func TestTheRoleItWentUpToMayHandleIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		open(t, d, on("2026-11-18 09:00"), "D5.2", about(1))
		can := func() error {
			return d.Read(at(on("2026-11-22 09:00"), as(head, core.Supervisor)), func(ctx context.Context, tx db.Tx) error {
				return duty.CanHandle(ctx, tx, of(t, d, about(1))[0])
			})
		}
		if err := can(); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("before it is late: %v", err)
		}
		tick(t, d, on("2026-11-22 00:01"))
		if err := can(); err != nil {
			t.Errorf("once it went up: %v", err)
		}
	})
}

func TestPassingClaimingAndLeaving(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		when := on("2026-11-18 09:00")
		open(t, d, when, "D5.2", about(1))
		open(t, d, when, "D5.2", about(1), duty.Number("term"), duty.Again())
		open(t, d, when, "D5.2", about(2), duty.To(clerk))
		one, two := of(t, d, about(1))[0].Ref, of(t, d, about(2))[0].Ref
		pass := func(a core.Actor, id, user core.ID) error {
			return d.Write(at(when, a), func(ctx context.Context, tx db.Tx) error { return duty.Pass(ctx, tx, id, user) })
		}
		must(t, pass(as(clerk, core.Desk), one.ID, clerk))
		if x := of(t, d, about(1))[0]; x.User != clerk || x.Version != 2 {
			t.Errorf("claimed: %+v", x)
		}
		if err := pass(as(head, core.Cashier), two.ID, head); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("passed on by a stranger: %v", err)
		}
		must(t, pass(as(clerk), two.ID, colleague))
		must(t, d.Write(at(when, as(boss, core.Manager)), func(ctx context.Context, tx db.Tx) error { return duty.Release(ctx, tx, here.ID, clerk) }))
		if a, b := of(t, d, about(1))[0], of(t, d, about(2))[0]; a.User != 0 || b.User != colleague {
			t.Errorf("after the clerk left: %d and %d", a.User, b.User)
		}
		must(t, d.Write(at(when, as(boss, core.Manager)), func(ctx context.Context, tx db.Tx) error { return duty.Waive(ctx, tx, two.ID, "客户出国") }))
		if b := of(t, d, about(2))[0]; b.State != duty.StateWaived || b.Note != "客户出国" {
			t.Errorf("waived: %+v", b)
		}
		must(t, d.Read(at(when, core.Actor{}), func(ctx context.Context, tx db.Tx) error {
			rep, err := journal.Verify(ctx, tx, []journal.Table{{Kind: "duty", Name: "duty_duty"}})
			if len(rep.Findings) != 0 {
				t.Errorf("a step is not in the journal: %+v", rep.Findings)
			}
			return err
		}))
	})
}

func TestPassingOneDutyLeavesItsSiblingsAlone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		when := on("2026-11-18 09:00")
		open(t, d, when, "D5.2", about(1))
		open(t, d, when, "D5.2", about(1), duty.Number("second"), duty.Due(when.Add(time.Hour)))
		ds := of(t, d, about(1))
		if len(ds) != 2 {
			t.Fatalf("%d duties are open, want 2", len(ds))
		}
		must(t, d.Write(at(when, as(clerk, core.Desk)), func(ctx context.Context, tx db.Tx) error { return duty.Pass(ctx, tx, ds[1].Ref.ID, colleague) }))
		for i, x := range of(t, d, about(1)) {
			if want := map[bool]core.ID{true: colleague}[i == 1]; x.User != want || x.Version != int64(i+1) {
				t.Errorf("duty %d is owed by %d in version %d", i, x.User, x.Version)
			}
		}
	})
}

func TestCountsEqualAnIndependentCount(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		want := map[string]*duty.Count{}
		for i := range int64(60) {
			clause := []string{"D5.2", "D4.2", "A3.2"}[i%3]
			opened := on("2026-11-02 09:00").Add(time.Duration(i) * 13 * time.Hour)
			open(t, d, opened, clause, about(i+1))
			x := of(t, d, about(i+1))[0]
			fate := i / 3 % 5
			must(t, d.Write(at(x.Due.Add(time.Duration(2*(fate%2)-1)*time.Minute), as(clerk)), func(ctx context.Context, tx db.Tx) error {
				switch fate {
				case 0, 1:
					return duty.Done(ctx, tx, clause, about(i+1))
				case 2:
					return duty.Void(ctx, tx, clause, about(i+1), "x")
				case 3:
					return duty.Waive(ctx, tx, x.Ref.ID, "x")
				}
				return nil
			}))
			if x.Month != "2026-11" || fate == 2 {
				continue
			}
			key := clause
			if want[key] == nil {
				want[key] = &duty.Count{Clause: key}
			}
			c := want[key]
			c.Total++
			switch fate {
			case 0:
				c.OnTime++
			case 1:
				c.Late++
			case 3:
				c.Waived++
			case 4:
				c.Open, c.Late = c.Open+1, c.Late+1
			}
		}
		tick(t, d, on("2026-12-20 09:00"))
		must(t, d.Read(at(on("2026-12-20 09:00"), core.Actor{}), func(ctx context.Context, tx db.Tx) error {
			got, err := duty.Counts(ctx, tx, here.ID, "2026-11")
			if len(got) != len(want) {
				t.Errorf("%d clauses, want %d", len(got), len(want))
			}
			for _, c := range got {
				if want[c.Clause] == nil || c != *want[c.Clause] {
					t.Errorf("got %+v, want %+v", c, want[c.Clause])
				}
				for state, n := range map[string]int64{"ontime": c.OnTime, "late": c.Late, "waived": c.Waived, "open": c.Open, "": c.Total} {
					ds, err := duty.Find(ctx, tx, duty.Filter{Project: here.ID, Month: "2026-11", Clause: c.Clause, State: state})
					if err != nil || int64(len(ds)) != n {
						t.Errorf("%s %q: the list behind %d has %d: %v", c.Clause, state, n, len(ds), err)
					}
				}
			}
			return err
		}))
	})
}

func TestAnotherProjectsDutyIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		open(t, d, on("2026-11-18 09:00"), "D5.2", about(1))
		id := of(t, d, about(1))[0].Ref.ID
		ctx := core.WithProject(at(on("2026-11-18 09:00"), as(boss, core.Manager)), other)
		for name, fn := range map[string]func(context.Context, db.Tx) error{
			"ByHand": func(ctx context.Context, tx db.Tx) error { return duty.ByHand(ctx, tx, id, "x") },
			"Pass":   func(ctx context.Context, tx db.Tx) error { return duty.Pass(ctx, tx, id, boss) },
			"Waive":  func(ctx context.Context, tx db.Tx) error { return duty.Waive(ctx, tx, id, "x") },
		} {
			if err := d.Write(ctx, fn); !core.IsKind(err, core.KindNotFound) {
				t.Errorf("%s: %v", name, fmt.Sprint(err))
			}
		}
	})
}
