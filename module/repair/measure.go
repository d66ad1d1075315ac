package repair

import (
	"context"
	"fmt"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/regulation"
)

// punctual is C17.1: appointments of the month kept within the tolerance, of all whose term has passed or that were kept.
func punctual(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (regulation.Figure, error) {
	vs, err := visits(ctx, tx, project, month)
	f, now := regulation.Figure{}, core.Now(ctx)
	for _, v := range vs {
		switch {
		case !v.came.IsZero() && !v.came.After(v.due):
			f.Num, f.Den = f.Num+1, f.Den+1
		case v.came.IsZero() && v.due.After(now):
			f.Provisional = true
		default:
			f.Den++
			if len(f.Breaking) < 300 {
				f.Breaking = append(f.Breaking, core.Ref{Project: project, Kind: "repair", ID: v.repair})
			}
		}
	}
	return f, err
}

func measures() []regulation.Measure {
	return []regulation.Measure{{Clause: "C17.1", Name: core.T("按预约准时到场率", "Appointments kept on time"), Target: "target", Of: punctual}}
}

// Figures are a month's statistics (C17.4). Timely are the small repairs that nobody was late for: the appointment kept
// within its tolerance and, in a serious case, the three parties there in time. Passed are those accepted without rework.
type Figures struct {
	Month    core.Month
	Taken    int64
	Finished int64
	Timely   int64 // of Finished
	Passed   int64 // of Finished
	Paid     int64
	Income   core.Money
	Ratings  int64
	Stars    int64 // of quality
}

// TimelyRate and PassRate are in basis points; 100 % of nothing is 0.
func (f Figures) TimelyRate() core.Rate { r, _ := core.RateOf(f.Timely, f.Finished); return r }

// PassRate is 合格率.
func (f Figures) PassRate() core.Rate { r, _ := core.RateOf(f.Passed, f.Finished); return r }

// FiguresOf computes a month's statistics from the orders themselves; imported ones stay out.
func FiguresOf(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (Figures, error) {
	f := Figures{Month: month}
	os, err := ratedIn(ctx, tx, project, month)
	if err != nil {
		return f, err
	}
	late, err := lateOrders(ctx, tx, project, month)
	if err != nil {
		return f, err
	}
	for _, o := range os {
		f.Taken++
		if o.Paid && o.State == StateClosed {
			f.Paid, f.Income = f.Paid+1, f.Income+o.Total
		}
		if o.State != StateClosed {
			continue
		}
		f.Finished++
		if !late[o.Ref.ID] {
			f.Timely++
		}
		if o.Round == 1 {
			f.Passed++
		}
		if o.Quality > 0 {
			f.Ratings, f.Stars = f.Ratings+1, f.Stars+o.Quality
		}
	}
	return f, nil
}

// Confirm is the supervisor's word on a month.
type Confirm struct {
	Month     core.Month
	Sampled   int64 // paid-service and repair calls sampled (抽查回访)
	Satisfied int64
	Note      string
}

// ConfirmMonth keeps the month's statistics as they stand and closes its duty (C17.4).
func ConfirmMonth(ctx context.Context, tx db.Tx, _ core.ID, in Confirm) (core.ID, error) {
	p := core.ProjectOf(ctx)
	if in.Month > core.MonthOf(core.Now(ctx), p.Zone) {
		return 0, core.Invalid("month", "这个月还没有到", "That month has not come yet")
	}
	if in.Satisfied > in.Sampled {
		return 0, core.Invalid("satisfied", "满意数不能多于抽查数", "No more can be satisfied than were called")
	}
	if err := regulation.Guard(ctx, tx, "C17.4", in.Sampled > 0, core.T("还没有抽查回访", "No calls have been sampled yet")); err != nil {
		return 0, err
	}
	f, err := FiguresOf(ctx, tx, p.ID, in.Month)
	if err != nil {
		return 0, err
	}
	id := tx.NewID()
	n, err := addMonth(ctx, tx, id, in.Month, core.JSON(f), in)
	if err == nil && n == 0 {
		err = core.Conflict("%s 已经确认过", "%s is confirmed already", in.Month)
	}
	if err != nil {
		return 0, err
	}
	if err := duty.Done(ctx, tx, "C17.4", duty.PeriodRef(p.ID, in.Month)); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, core.Ref{Project: p.ID, Kind: "repair-month", ID: id}, "confirmed",
		map[string]string{"month": string(in.Month), "timely": f.TimelyRate().String(), "passed": f.PassRate().String(), "sampled": fmt.Sprint(in.Sampled)})
}
