package compliance_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/compliance"
)

// tally counts a generated duty as the board should.
type tally struct{ total, onTime, late, waived, open, overdue int64 }

func (a *tally) add(d duty.Duty) {
	if d.State == duty.StateVoid {
		return
	}
	a.total++
	switch {
	case d.State == duty.StateWaived:
		a.waived++
	case d.State == duty.StateDone && d.DoneAt.After(d.Due):
		a.late++
	case d.State == duty.StateDone:
		a.onTime++
	case d.Late:
		a.late++
		a.overdue++
	default:
		a.open++
	}
}

// generate opens duties over three months and ends some of them in every way that there is.
func (w *world) generate(n int) map[[2]string]*tally {
	r := rand.New(rand.NewPCG(1, 2))
	end := w.now
	var made []duty.Duty
	for i := range n {
		w.now = at("2026-09-01 09:00").Add(time.Duration(r.IntN(70*24*60)) * time.Minute)
		due := w.now.Add(time.Duration(1+r.IntN(20*24)) * time.Hour)
		clause := []string{"C1.5", "C14.1"}[r.IntN(2)]
		d := w.open(clause, core.ID(i+1), due, duty.By([]core.Role{core.Desk, core.Supervisor}[r.IntN(2)]))
		w.now = w.now.Add(time.Duration(r.IntN(30*24)) * time.Hour)
		if w.now.After(end) {
			w.now = end
		}
		w.do(w.manager(), func(ctx context.Context, tx db.Tx) error {
			switch r.IntN(6) {
			case 0:
				return nil
			case 1:
				return duty.Waive(ctx, tx, d.Ref.ID, "测试")
			case 2:
				return duty.Void(ctx, tx, clause, d.About, "测试")
			}
			return duty.Done(ctx, tx, clause, d.About)
		})
		made = append(made, d)
	}
	w.now = end
	w.tick()
	out := map[[2]string]*tally{}
	for _, d := range made {
		d = w.reload(d)
		for _, clause := range []string{d.Clause, ""} {
			key := [2]string{string(d.Month), clause}
			if out[key] == nil {
				out[key] = &tally{}
			}
			out[key].add(d)
		}
	}
	return out
}

func same(c compliance.Count) tally {
	return tally{c.Total, c.OnTime, c.Late, c.Waived, c.Open, c.Overdue}
}

func TestTheBoardsFiguresEqualAnIndependentCount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want := w.generate(150)
		for _, daily := range compliance.Module().Daily {
			must(t, daily.Run(core.AsSystem(w.manager()), w.db))
		}
		for m := core.Month("2026-09"); m <= "2026-12"; m = m.Add(1) {
			w.see(w.manager(), func(ctx context.Context, tx db.Tx) error {
				b, err := compliance.BoardOf(ctx, tx, m)
				for _, l := range b.Lines {
					exp := want[[2]string{string(m), l.Clause.ID}]
					if exp == nil {
						exp = &tally{}
					}
					if same(l.Count) != *exp {
						t.Errorf("%s %s: board %+v, counted %+v", m, l.Clause.ID, same(l.Count), *exp)
					}
					w.behind(ctx, tx, m, l)
				}
				if exp := want[[2]string{string(m), ""}]; exp != nil && same(b.Sum) != *exp {
					t.Errorf("%s: board %+v, counted %+v", m, same(b.Sum), *exp)
				}
				return err
			})
		}
	})
}

// behind checks that the list behind each figure is as long as the figure says.
func (w *world) behind(ctx context.Context, tx db.Tx, m core.Month, l compliance.Line) {
	for state, n := range map[string]int64{"": l.Count.Total, "ontime": l.Count.OnTime, "late": l.Count.Late, "waived": l.Count.Waived, "open": l.Count.Open, "overdue": l.Count.Overdue} {
		ds, err := compliance.Duties(ctx, tx, compliance.Filter{Month: m, Clause: l.Clause.ID, State: state, Limit: 1000})
		must(w.t, err)
		if int64(len(ds)) != n {
			w.t.Errorf("%s %s %s: the figure says %d, the list holds %d", m, l.Clause.ID, state, n, len(ds))
		}
	}
}

func TestTheTrendIsTheSameWithAndWithoutTheNightsCount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.generate(80)
		trend := func() (out string) {
			w.see(w.manager(), func(ctx context.Context, tx db.Tx) error {
				b, err := compliance.BoardOf(ctx, tx, "2026-11")
				for _, l := range b.Lines {
					if len(l.Trend) > 0 {
						out += fmt.Sprintln(l.Clause.ID, l.Trend)
					}
				}
				return err
			})
			return out
		}
		live := trend()
		must(t, compliance.CountMonths(core.AsSystem(w.manager()), w.db))
		if night := trend(); night != live || night == "" {
			t.Errorf("live:\n%s\nafter the night:\n%s", live, night)
		}
	})
}
