package compliance_test

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"huiyin/approval"
	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/compliance"
	"huiyin/module/project"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/regulation"
)

func migrations() []fs.FS {
	return []fs.FS{calendar.Migrations, journal.Migrations, file.Migrations, notify.Migrations, regulation.Migrations, duty.Migrations, approval.Migrations, project.Migrations, user.Migrations, compliance.Migrations}
}

const (
	here  core.ID = 7
	other core.ID = 8
)

// world is one database with a clock that stands still until it is moved.
type world struct {
	t   *testing.T
	db  *db.DB
	now time.Time
	ctx context.Context
	who map[string]core.ID
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		w := &world{t: t, db: d, who: map[string]core.ID{}, now: at("2026-11-18 10:00")}
		lists, err := house.Gather([]house.Module{compliance.Module(), {Name: "sample", Label: core.T("样例", "Sample"), Clauses: []regulation.Claim{
			{Clause: "C1.5", By: []regulation.Mechanism{regulation.ByDuty}, Numbers: []string{"term"}}, {Clause: "C14.1", By: []regulation.Mechanism{regulation.ByDuty}},
			{Clause: "L1", By: []regulation.Mechanism{regulation.ByGuard}}}}})
		must(t, err)
		kinds := map[string]approval.Kind{}
		for _, k := range compliance.Module().Approvals {
			kinds[k.Verb] = k
		}
		ctx := core.WithClock(context.Background(), func() time.Time { return w.now })
		ctx = approval.With(house.With(ctx, lists), kinds)
		w.ctx = ctx
		w.do(core.AsSystem(w.as(1, "", here)), func(ctx context.Context, tx db.Tx) error {
			for name, role := range map[string]core.Role{"林敏": core.Desk, "周慧": core.Supervisor, "何海": core.Manager, "赵总": core.GM, "上级": core.Quality} {
				if w.who[name], err = user.EnsureStaff(ctx, tx, name, role); err != nil {
					return err
				}
			}
			return nil
		})
		fn(t, w)
	})
}

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, core.China)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) as(id core.ID, name string, in core.ID, roles ...core.Role) context.Context {
	perms := map[string]bool{compliance.PermView: true, compliance.PermPropose: true}
	seat := core.Seat{Roles: roles, Perms: perms}
	ctx := core.WithActor(w.ctx, core.Actor{ID: id, Name: name, Seats: map[core.ID]core.Seat{in: seat}})
	return core.WithProject(ctx, core.Project{ID: in, Code: "lh", Name: "联合广场"})
}

func (w *world) desk() context.Context { return w.as(w.who["林敏"], "林敏", here, core.Desk) }
func (w *world) supervisor() context.Context {
	return w.as(w.who["周慧"], "周慧", here, core.Supervisor)
}
func (w *world) manager() context.Context { return w.as(w.who["何海"], "何海", here, core.Manager) }
func (w *world) gm() context.Context      { return w.as(w.who["赵总"], "赵总", here, core.GM) }

func (w *world) write(ctx context.Context, fn func(ctx context.Context, tx db.Tx) error) error {
	return w.db.Write(ctx, fn)
}

func (w *world) do(ctx context.Context, fn func(ctx context.Context, tx db.Tx) error) {
	w.t.Helper()
	must(w.t, w.db.Write(ctx, fn))
}

func (w *world) see(ctx context.Context, fn func(ctx context.Context, tx db.Tx) error) {
	w.t.Helper()
	must(w.t, w.db.Read(ctx, fn))
}

func (w *world) tick(recurring ...duty.Recurring) {
	w.t.Helper()
	p := core.Project{ID: here, Code: "lh", Name: "联合广场", Zone: core.China}
	must(w.t, duty.Tick(w.ctx, w.db, []duty.Place{{Project: p, Since: at("2026-08-05 09:00")}}, recurring))
}

// open opens a duty on record n that ends at due and returns it.
func (w *world) open(clause string, n core.ID, due time.Time, opts ...duty.Option) duty.Duty {
	w.t.Helper()
	about := core.Ref{Project: here, Kind: "complaint", ID: n}
	var d duty.Duty
	w.do(w.desk(), func(ctx context.Context, tx db.Tx) error {
		if err := duty.Open(ctx, tx, clause, about, append(opts, duty.Due(due))...); err != nil {
			return err
		}
		ds, err := duty.Of(ctx, tx, about)
		i := slices.IndexFunc(ds, func(d duty.Duty) bool { return d.Clause == clause && d.State == duty.StateOpen })
		if i < 0 {
			w.t.Fatalf("no open duty of %s on %s", clause, about)
		}
		d = ds[i]
		return err
	})
	return d
}

func (w *world) reload(d duty.Duty) (out duty.Duty) {
	w.t.Helper()
	w.see(w.desk(), func(ctx context.Context, tx db.Tx) (err error) {
		out, err = duty.Get(ctx, tx, here, d.Ref.ID)
		return err
	})
	return out
}

func (w *world) propose(ctx context.Context, clause string, in compliance.ChangeIn) (id core.ID, err error) {
	err = w.write(ctx, func(ctx context.Context, tx db.Tx) error {
		id, err = compliance.ProposeChange(ctx, tx, clause, in)
		return err
	})
	return id, err
}

func (w *world) decide(ctx context.Context, id core.ID, yes bool, note string) error {
	return w.write(ctx, func(ctx context.Context, tx db.Tx) error { return approval.Decide(ctx, tx, id, yes, note) })
}

func (w *world) term(in core.ID, when time.Time) (s core.Span) {
	w.t.Helper()
	w.see(w.desk(), func(ctx context.Context, tx db.Tx) error {
		r, err := regulation.RulesAt(ctx, tx, in, when)
		s = r.Span("C1.5", "term")
		return err
	})
	return s
}

func TestAChangeTakesEffectAtTheComingMidnight(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, err := w.propose(w.supervisor(), "C1.5", compliance.ChangeIn{Name: "term", Value: "5d", Scope: "project", From: "2026-11-19", Reason: "客户要求更快"})
		must(t, err)
		if err := w.decide(w.supervisor(), id, true, ""); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("the supervisor approves his own proposal: %v", err)
		}
		if got := w.term(here, at("2026-11-20 00:00")); got.N != 7 {
			t.Errorf("before the approval the term is %s", got)
		}
		must(t, w.decide(w.manager(), id, true, ""))
		for when, want := range map[string]int{"2026-11-18 23:59": 7, "2026-11-19 00:00": 5, "2026-12-31 12:00": 5} {
			if got := w.term(here, at(when)); got.N != want || got.Unit != core.Days {
				t.Errorf("at %s the term is %s, want %dd", when, got, want)
			}
		}
		if got := w.term(other, at("2026-12-31 12:00")); got.N != 7 {
			t.Errorf("the other project's term is %s", got)
		}
	})
}

func TestAChangeApprovedLateStartsTheDayAfterTheApproval(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, err := w.propose(w.supervisor(), "C1.5", compliance.ChangeIn{Name: "term", Value: "5d", Scope: "project", From: "2026-11-19", Reason: "客户要求更快"})
		must(t, err)
		w.now = at("2026-11-25 09:00")
		must(t, w.decide(w.manager(), id, true, ""))
		if before, after := w.term(here, at("2026-11-25 23:00")), w.term(here, at("2026-11-26 00:00")); before.N != 7 || after.N != 5 {
			t.Errorf("the term is %s on the day of the approval and %s the day after", before, after)
		}
	})
}

func TestTheProjectGoesBeforeTheFirm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		firm, err := w.propose(w.supervisor(), "C1.5", compliance.ChangeIn{Name: "term", Value: "4d", Scope: "firm", From: "2026-11-19", Reason: "统一标准"})
		must(t, err)
		if err := w.decide(w.manager(), firm, true, ""); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("a manager decides for the firm: %v", err)
		}
		must(t, w.decide(w.gm(), firm, true, ""))
		own, err := w.propose(w.supervisor(), "C1.5", compliance.ChangeIn{Name: "term", Value: "6d", Scope: "project", From: "2026-11-19", Reason: "人手不足"})
		must(t, err)
		must(t, w.decide(w.manager(), own, true, ""))
		if here, there := w.term(here, at("2026-11-20 12:00")), w.term(other, at("2026-11-20 12:00")); here.N != 6 || there.N != 4 {
			t.Errorf("here %s, there %s", here, there)
		}
		w.now = at("2026-11-20 12:00")
		w.see(w.desk(), func(ctx context.Context, tx db.Tx) error {
			vs, err := compliance.Values(ctx, tx, regulation.Default().Clause("C1.5"))
			for _, v := range vs {
				if v.Name == "term" && (v.Source != compliance.FromProject || v.Raw != "6d" || !v.Since.Equal(at("2026-11-19 00:00"))) {
					t.Errorf("the term is %s from %s since %s", v.Raw, v.Source, v.Since)
				}
			}
			return err
		})
	})
}

func TestMarchIsJudgedByMarchsNumbers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.now = at("2026-03-20 10:00")
		id, err := w.propose(w.supervisor(), "C14.3", compliance.ChangeIn{Name: targetOf(t, "C14.3"), Value: "50%", Scope: "project", From: "2026-04-01", Reason: "提高要求"})
		must(t, err)
		must(t, w.decide(w.manager(), id, true, ""))
		lists, err := house.Gather([]house.Module{{Name: "sample", Clauses: []regulation.Claim{{Clause: "C14.3", By: []regulation.Mechanism{regulation.ByMeasure}}},
			Measures: []regulation.Measure{{Clause: "C14.3", Target: targetOf(t, "C14.3"), Of: func(context.Context, db.Tx, core.ID, core.Month) (regulation.Figure, error) {
				return regulation.Figure{Num: 4, Den: 10}, nil
			}}}}})
		must(t, err)
		w.now = at("2026-05-02 10:00")
		old := regulation.Default().Clause("C14.3").Number(targetOf(t, "C14.3")).Default
		for month, want := range map[core.Month]string{"2026-03": old, "2026-04": "5000"} {
			w.see(house.With(w.desk(), lists), func(ctx context.Context, tx db.Tx) error {
				b, err := compliance.BoardOf(ctx, tx, month)
				for _, l := range b.Lines {
					if l.Clause.ID == "C14.3" && core.JSON(l.Target) != want {
						t.Errorf("%s is judged by %d, want %s", month, l.Target, want)
					}
					if l.Clause.ID == "C14.3" && l.Reached() != (int64(4000) >= int64(l.Target)) {
						t.Errorf("%s: reached %v at target %d", month, l.Reached(), l.Target)
					}
				}
				return err
			})
		}
	})
}

func targetOf(t *testing.T, clause string) string {
	t.Helper()
	for _, n := range regulation.Default().Clause(clause).Numbers {
		if n.Kind == "rate" {
			return n.Name
		}
	}
	t.Fatalf("%s has no rate", clause)
	return ""
}

func TestTheLawCannotBeChanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, err := w.propose(w.gm(), "L1", compliance.ChangeIn{Name: "switch", Value: "off", Scope: "firm", From: "2026-12-01", Reason: "不想遵守"})
		if !core.IsKind(err, core.KindRefused) || core.ClauseOf(err) != "L1" {
			t.Errorf("switching off the law: %v", err)
		}
		_, err = w.propose(w.supervisor(), "C1.5", compliance.ChangeIn{Name: "term", Value: "900d", Scope: "project", From: "2026-12-01", Reason: "太忙了吧"})
		if !core.IsKind(err, core.KindInvalid) {
			t.Errorf("a term out of range: %v", err)
		}
		_, err = w.propose(w.supervisor(), "C1.5", compliance.ChangeIn{Name: "term", Value: "5d", Scope: "project", From: "2026-11-18", Reason: "从今天起"})
		if !core.IsKind(err, core.KindInvalid) {
			t.Errorf("a change from today: %v", err)
		}
	})
}

func TestAClauseThatIsSwitchedOffShowsSoAndOpensNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		id, err := w.propose(w.supervisor(), "C1.5", compliance.ChangeIn{Name: "switch", Value: "off", Scope: "project", From: "2026-11-19", Reason: "试点期间"})
		must(t, err)
		must(t, w.decide(w.manager(), id, true, ""))
		w.now = at("2026-11-20 10:00")
		about := core.Ref{Project: here, Kind: "complaint", ID: 1}
		w.do(w.desk(), func(ctx context.Context, tx db.Tx) error { return duty.Open(ctx, tx, "C1.5", about) })
		w.see(w.desk(), func(ctx context.Context, tx db.Tx) error {
			b, err := compliance.BoardOf(ctx, tx, "2026-11")
			for _, l := range b.Lines {
				want := compliance.Unbuilt
				switch {
				case l.Clause.ID == "C1.5":
					want = compliance.Off
				case l.Clause.ID == "C14.1" || l.Clause.ID == "L1":
					want = compliance.InForce
				case l.Clause.SameAs == "C1.5" || l.Clause.SameAs == "C14.1" || l.Clause.SameAs == "L1":
					want = compliance.Same
				}
				if l.State != want || (want == compliance.Off && l.Count.Total != 0) {
					t.Errorf("%s is %s with %d duties, want %s", l.Clause.ID, l.State, l.Count.Total, want)
				}
			}
			return err
		})
	})
}

func TestAWaiverNeedsReasonApproverAndLastDay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		d := w.open("C1.5", 1, at("2026-11-20 23:00"), duty.By(core.Desk))
		ask := func(ctx context.Context, in compliance.WaiveIn) (id core.ID, err error) {
			err = w.write(ctx, func(ctx context.Context, tx db.Tx) error {
				id, err = compliance.AskWaiver(ctx, tx, d.Ref.ID, in)
				return err
			})
			return id, err
		}
		if _, err := ask(w.desk(), compliance.WaiveIn{Until: "2026-12-31"}); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("without a reason: %v", err)
		}
		if _, err := ask(w.desk(), compliance.WaiveIn{Reason: "客户出国", Until: "2026-11-01"}); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("a last day that is past: %v", err)
		}
		id, err := ask(w.desk(), compliance.WaiveIn{Reason: "客户出国,约定回国后再谈", Until: "2026-12-31"})
		must(t, err)
		if _, err := ask(w.desk(), compliance.WaiveIn{Reason: "再申请一次", Until: "2026-12-31"}); !core.IsKind(err, core.KindConflict) {
			t.Errorf("a second request: %v", err)
		}
		if got := w.reload(d).State; got != duty.StateOpen {
			t.Errorf("before the approval it is %s", got)
		}
		if err := w.decide(w.desk(), id, true, ""); err == nil {
			t.Error("the asker approves his own waiver")
		}
		must(t, w.decide(w.manager(), id, true, "同意"))
		if got := w.reload(d); got.State != duty.StateWaived || !strings.Contains(got.Note, "客户出国") {
			t.Errorf("it is %s: %s", got.State, got.Note)
		}
		next := w.open("C1.5", 1, at("2026-12-15 23:00"), duty.Again(), duty.By(core.Desk))
		past := w.open("C1.5", 2, at("2026-12-15 23:00"), duty.By(core.Desk))
		for range 2 { // once is enough, twice is harmless
			for _, daily := range compliance.Module().Daily {
				must(t, daily.Run(core.AsSystem(w.desk()), w.db))
			}
		}
		if got := w.reload(next).State; got != duty.StateWaived {
			t.Errorf("the next round within the waiver is %s", got)
		}
		if got := w.reload(past).State; got != duty.StateOpen {
			t.Errorf("another record's duty is %s", got)
		}
	})
}

func TestALateDutyAppearsInTheSupervisorsList(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		d := w.open("C14.1", 1, at("2026-11-18 12:00"), duty.By(core.Desk), duty.To(w.who["林敏"]))
		escalate := regulation.Default().Clause("C14.1").Escalate
		boss := w.as(w.who["上级"], "上级", here, escalate)
		mine := func(ctx context.Context) (out []string) {
			w.see(ctx, func(ctx context.Context, tx db.Tx) error {
				ds, err := duty.Mine(ctx, tx, here, core.ActorOf(ctx).ID, []core.Role{escalate}, 10)
				for _, d := range ds {
					out = append(out, d.Clause)
				}
				return err
			})
			return out
		}
		w.tick()
		if got := mine(boss); len(got) != 0 {
			t.Errorf("before its term the superior has %v", got)
		}
		w.now = at("2026-11-18 12:01")
		w.tick()
		if got := mine(boss); !slices.Equal(got, []string{"C14.1"}) {
			t.Errorf("after its term the superior has %v", got)
		}
		w.do(boss, func(ctx context.Context, tx db.Tx) error { return compliance.Claim(ctx, tx, d.Ref.ID) })
		if got := w.reload(d).User; got != w.who["上级"] {
			t.Errorf("claimed by %d", got)
		}
		w.do(boss, func(ctx context.Context, tx db.Tx) error {
			return compliance.Pass(ctx, tx, d.Ref.ID, compliance.PassIn{To: w.who["周慧"], Note: "请跟进"})
		})
		if err := w.write(boss, func(ctx context.Context, tx db.Tx) error {
			return compliance.Pass(ctx, tx, d.Ref.ID, compliance.PassIn{To: 99})
		}); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("passed on to a stranger: %v", err)
		}
		if err := w.write(w.as(30, "路人", here, core.Guard), func(ctx context.Context, tx db.Tx) error {
			return compliance.Close(ctx, tx, d.Ref.ID, compliance.CloseIn{Note: "我来关"})
		}); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("a stranger closes it: %v", err)
		}
		w.do(w.supervisor(), func(ctx context.Context, tx db.Tx) error {
			return compliance.Close(ctx, tx, d.Ref.ID, compliance.CloseIn{Note: "纸质回访单 0031"})
		})
		if got := w.reload(d); got.State != duty.StateDone || !got.Late {
			t.Errorf("closed: %s, late %v", got.State, got.Late)
		}
	})
}

func TestARecurringDutyOpensOnceAMonthAndCatchesUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		clause, number := recurringClause(t)
		rec := duty.Recurring{Clause: clause, Number: number, Title: core.T("月报", "Monthly report"), URL: "report"}
		for range 3 {
			w.tick(rec)
		}
		total := int64(0)
		for m := core.Month("2026-08"); m <= "2026-12"; m = m.Add(1) {
			w.see(w.manager(), func(ctx context.Context, tx db.Tx) error {
				n, err := db.Value[int64](ctx, tx, "select count(*) from duty_duty where project_id = $1 and kind = 'month' and record_id = $2", here, int64(duty.PeriodRef(here, m).ID))
				if want := map[bool]int64{true: 1, false: 0}[m <= "2026-11"]; n != want {
					t.Errorf("%s has %d duties, want %d", m, n, want)
				}
				total += n
				return err
			})
		}
		w.now = at("2026-12-01 08:00")
		w.tick(rec)
		w.see(w.manager(), func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int64](ctx, tx, "select count(*) from duty_duty where project_id = $1 and kind = 'month'", here)
			if n != total+1 {
				t.Errorf("a new month brings %d duties", n-total)
			}
			return err
		})
	})
}

func recurringClause(t *testing.T) (clause, number string) {
	t.Helper()
	for _, c := range regulation.Default().All() {
		if n := c.Number("day"); n != nil && n.Kind == "monthday" && !strings.Contains(n.Default, "-") && c.Number("months") == nil {
			return c.ID, "day"
		}
	}
	t.Fatal("the pack has no monthly clause")
	return "", ""
}

func TestClausesDocNamesEveryClauseOnce(t *testing.T) {
	lists, err := house.Gather([]house.Module{{Name: "repair", Clauses: []regulation.Claim{{Clause: "C17.2", By: []regulation.Mechanism{regulation.ByGuard, regulation.ByParam}}}}})
	must(t, err)
	doc := compliance.ClausesDoc(lists, map[string][]string{"C17.2": {"TestC17_2_Refuses"}})
	for _, c := range regulation.Default().All() {
		if n := strings.Count(doc, "\n| "+c.ID+" |"); n != 1 {
			t.Errorf("%s stands %d times", c.ID, n)
		}
	}
	for line := range strings.Lines(doc) {
		if strings.HasPrefix(line, "| C17.2 |") && !(strings.Contains(line, "guard, param") && strings.Contains(line, "module/repair/repair.go") && strings.Contains(line, "TestC17_2_Refuses")) {
			t.Errorf("the line of C17.2 is %s", line)
		}
	}
}

func TestPastedHolidays(t *testing.T) {
	days, err := compliance.ParseDays("2027-01-01 off 元旦\n\n# 春节\n2027-02-05..2027-02-11 off 春节\n２０２７－０２－１４ 班 春节")
	if err != nil || len(days) != 9 {
		t.Fatalf("%d days, %v", len(days), err)
	}
	for _, bad := range []string{"2027-13-01 off x", "2027-01-01 maybe", "2027-01-01", "2027-02-05..2027-01-01 off x", "2027-01-01..2028-01-01 off x", "hello"} {
		if _, err := compliance.ParseDays("2027-01-01 off 元旦\n" + bad); !core.IsKind(err, core.KindInvalid) || !strings.Contains(core.AsErr(err).Text.ZH, "2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestEnteredHolidaysMoveWorkingTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		days, err := compliance.ParseDays("2026-11-19 off 公司成立日\n2026-11-21 work 调休")
		must(t, err)
		w.do(w.manager(), func(ctx context.Context, tx db.Tx) error { return compliance.EnterDays(ctx, tx, days) })
		w.see(w.desk(), func(ctx context.Context, tx db.Tx) error {
			c, err := calendar.Load(ctx, tx)
			if got := c.Table.AddWorkdays("2026-11-18", 2); got != "2026-11-21" {
				t.Errorf("two working days after the 18th is %s", got)
			}
			return err
		})
	})
}
