package compliance

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
)

// trendMonths is how far back the lines and tables go.
const trendMonths = 12

// CountMonths counts the project's last twelve months anew, for the lines on the board; it runs at night, once a
// project. With a million duties a year that is a million index entries, too many for each view of the board but
// nothing for a night. It writes the rows that changed and no others.
func CountMonths(ctx context.Context, d *db.DB) error {
	this := core.Today(ctx).Month()
	for m := this.Add(1 - trendMonths); m <= this; m = m.Add(1) {
		if err := countMonth(ctx, d, m); err != nil {
			return err
		}
	}
	return nil
}

func countMonth(ctx context.Context, d *db.DB, month core.Month) error {
	project := core.ProjectOf(ctx).ID
	var changed []monthRow
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		now, err := monthNow(ctx, tx, project, month)
		if err != nil {
			return err
		}
		have, err := monthRows(ctx, tx, project, month, month, "")
		for _, h := range have {
			if _, still := now[h.Clause]; !still {
				now[h.Clause] = monthRow{Month: month, Clause: h.Clause}
			}
			if now[h.Clause] == h {
				delete(now, h.Clause)
			}
		}
		for _, row := range now {
			changed = append(changed, row)
		}
		return err
	})
	if err != nil || len(changed) == 0 {
		return err
	}
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, row := range changed {
			if err := putMonth(ctx, tx, project, row, core.Now(ctx)); err != nil {
				return err
			}
		}
		return nil
	})
}

// monthNow is the month as it stands, with the row that marks it as counted.
func monthNow(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (map[string]monthRow, error) {
	counts, err := countClauses(ctx, tx, project, month)
	if err != nil {
		return nil, err
	}
	out := map[string]monthRow{"": {Month: month}}
	for clause, c := range counts {
		c.Overdue = 0 // of the day, not of the month
		out[clause] = monthRow{Month: month, Clause: clause, Count: c}
	}
	for _, m := range house.Of(ctx).Measures {
		fig, err := m.Of(ctx, tx, project, month)
		if err != nil {
			return nil, err
		}
		row := out[m.Clause]
		row.Month, row.Clause, row.Num, row.Den, row.Provisional = month, m.Clause, fig.Num, fig.Den, fig.Provisional
		out[m.Clause] = row
	}
	return out, nil
}

// trends gives each clause's figures of the twelve months that end with the given one. The nights' counts serve for the
// months before; a month that no night has counted is counted here.
func trends(ctx context.Context, tx db.Tx, project core.ID, last core.Month) (map[string][]monthRow, error) {
	first := last.Add(1 - trendMonths)
	rows, err := monthRows(ctx, tx, project, first, last.Add(-1), "")
	if err != nil {
		return nil, err
	}
	out, counted := map[string][]monthRow{}, map[core.Month]bool{}
	for _, r := range rows {
		counted[r.Month] = true
		out[r.Clause] = append(out[r.Clause], r)
	}
	delete(out, "")
	for m := first; m < last; m = m.Add(1) {
		if counted[m] {
			continue
		}
		counts, err := countClauses(ctx, tx, project, m)
		if err != nil {
			return nil, err
		}
		for clause, c := range counts {
			out[clause] = append(out[clause], monthRow{Month: m, Clause: clause, Count: c})
		}
	}
	return out, nil
}

// extendWaivers excuses what a waiver that is still in force covers: the same clause raised anew on the same record, or
// the following months of a recurring duty.
func extendWaivers(ctx context.Context, d *db.DB) error {
	project, today := core.ProjectOf(ctx).ID, core.Today(ctx)
	var list []covered
	find := func(ctx context.Context, tx db.Tx) (err error) {
		list, err = coveredByWaiver(ctx, tx, project, today)
		return err
	}
	if err := d.Read(ctx, find); err != nil || len(list) == 0 {
		return err
	}
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := find(ctx, tx); err != nil {
			return err
		}
		done := map[core.ID]bool{}
		for _, c := range list {
			if done[c.id] {
				continue
			}
			done[c.id] = true
			if err := duty.Waive(ctx, tx, c.id, c.note); err != nil {
				return err
			}
			if err := setWaivedUntil(ctx, tx, project, c.id, c.until); err != nil {
				return err
			}
		}
		return nil
	})
}
