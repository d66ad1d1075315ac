package duty

import (
	"context"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/regulation"
)

// Recurring is a clause that the calendar opens: once a period for each project.
type Recurring struct {
	Clause string
	Number string // the clause's month-day that is the deadline ("day")
	Title  core.Text
	URL    string // path under the project: where the evidence is produced
	// Before says that the deadline moves back to the working day before when it falls on a holiday; without it, it
	// moves forward (resolutions 8). Fixed leaves it where it is.
	Before, Fixed bool
}

// PeriodRef is the record that a recurring duty is about: the project's month.
func PeriodRef(project core.ID, month core.Month) core.Ref {
	t := month.First().Time(time.UTC)
	return core.Ref{Project: project, Kind: "month", ID: core.ID(t.Year()*100 + int(t.Month()))}
}

// Place is a project that Tick looks after, and since when.
type Place struct {
	core.Project
	Since time.Time
}

// ladder is to whom a late duty goes after the clause's own escalation role.
var ladder = map[core.Role]core.Role{core.Desk: core.Supervisor, core.Technician: core.Supervisor, core.Guard: core.Supervisor, core.Cashier: core.Manager,
	core.Leasing: core.Manager, core.Quality: core.Manager, core.Archivist: core.Manager, core.Supervisor: core.Manager, core.Manager: core.GM}

// tickBatch bounds how many late duties one Write raises, so that the counter never waits for a tick.
const tickBatch = 200

// Tick does everything that business time has made due: it opens the recurring duties of the current period (and of
// those missed), marks late ones and raises them. It may be called at any time, from any node, any number of times.
func Tick(ctx context.Context, d *db.DB, places []Place, recurring []Recurring) error {
	ctx = core.AsSystem(ctx)
	for _, p := range places {
		if err := openRecurring(core.WithProject(ctx, p.Project), d, p, recurring); err != nil {
			return err
		}
		for more := true; more; {
			var err error
			if more, err = raiseLate(core.WithProject(ctx, p.Project), d, p.Project); err != nil {
				return err
			}
		}
	}
	return nil
}

func openRecurring(ctx context.Context, d *db.DB, p Place, recurring []Recurring) error {
	now := core.MonthOf(core.Now(ctx), p.Zone)
	start := max(core.MonthOf(p.Since, p.Zone), now.Add(-11))
	for m := start; m <= now; m = m.Add(1) {
		var missing []Recurring
		err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			missing, err = unopened(ctx, tx, PeriodRef(p.ID, m), recurring)
			return err
		})
		if err != nil || len(missing) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		err = d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			return openPeriod(ctx, tx, m, missing)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unopened keeps a tick that has nothing to do from writing.
func unopened(ctx context.Context, tx db.Tx, about core.Ref, recurring []Recurring) ([]Recurring, error) {
	have, err := db.Values[string](ctx, tx, "select clause || ' ' || number from duty_duty where project_id = $1 and kind = $2 and record_id = $3",
		about.Project, about.Kind, about.ID)
	if err != nil {
		return nil, err
	}
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	opened := map[string]bool{}
	for _, h := range have {
		opened[h] = true
	}
	var out []Recurring
	for _, r := range recurring {
		if !opened[r.Clause+" "+r.Number] && rules.On(r.Clause) {
			out = append(out, r)
		}
	}
	return out, nil
}

func openPeriod(ctx context.Context, tx db.Tx, month core.Month, recurring []Recurring) error {
	p := core.ProjectOf(ctx)
	for _, r := range recurring {
		rules, err := regulation.RulesAt(ctx, tx, p.ID, month.First().Time(p.Zone))
		if err != nil {
			return err
		}
		clock, err := Clock(ctx, tx, rules)
		if err != nil {
			return err
		}
		due, err := r.deadline(clock, month, rules.Value(r.Clause, r.Number))
		if err != nil {
			return err
		}
		title := core.T("%s(%s)", "%s (%s)", r.Title, string(month))
		if err := Open(ctx, tx, r.Clause, PeriodRef(p.ID, month), Number(r.Number), From(month.First().Time(p.Zone)), Due(due),
			About(title, "/p/"+p.Code+"/"+r.URL)); err != nil {
			return err
		}
	}
	return nil
}

func (r Recurring) deadline(clock calendar.Clock, month core.Month, spec string) (time.Time, error) {
	day, err := clock.MonthDay(month, spec)
	switch {
	case err != nil || r.Fixed:
	case r.Before:
		day = clock.Back(day)
	default:
		day = clock.Forward(day)
	}
	return clock.EndOf(day), err
}

// raiseLate takes the duties whose next step is due, and reports whether there may be more.
func raiseLate(ctx context.Context, d *db.DB, p core.Project) (more bool, err error) {
	var waiting bool
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err := db.Value[int64](ctx, tx, "select count(*) from (select 1 from duty_duty where next_at < $1 and state = 'open' and project_id = $2 limit 1) x", core.Now(ctx), p.ID)
		waiting = n > 0
		return err
	})
	if err != nil || !waiting {
		return false, err
	}
	err = d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		late, err := list(ctx, tx, db.Locked(tx, "next_at < $1 and state = 'open' and project_id = $2 order by next_at limit 200"), core.Now(ctx), p.ID)
		if err != nil {
			return err
		}
		more = len(late) == tickBatch
		for _, l := range late {
			if err := raise(ctx, tx, l); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

// raise marks a duty late and tells the next role up: at the deadline the clause's escalation role, then one rank
// higher at each office closing that passes, until the general manager has it.
func raise(ctx context.Context, tx db.Tx, d Duty) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	clock, err := Clock(ctx, tx, rules)
	if err != nil {
		return err
	}
	to, err := nextRole(ctx, tx, rules, d)
	if err != nil {
		return err
	}
	var next time.Time
	if ladder[to] != "" {
		next = clock.Due(core.Now(ctx), core.Span{N: 1, Unit: core.Workdays}, "")
	}
	now := core.Now(ctx)
	if err := db.ExecOne(ctx, tx, `update duty_duty set late = true, step = step + 1, next_at = $1, version = version + 1, changed_at = $2, changed_by = null
		where project_id = $3 and id = $4 and state = 'open'`, next, now, d.Ref.Project, d.Ref.ID); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, tx, "insert into duty_step (project_id, id, duty_id, step, role, at) values ($1,$2,$3,$4,$5,$6)",
		d.Ref.Project, tx.NewID(), d.Ref.ID, d.Step+1, to, now); err != nil {
		return err
	}
	publish(tx, d.Ref.Project)
	title := core.T("逾期:%s(%s)", "Late: %s (%s)", d.Title, d.Clause)
	if err := notify.TellRole(ctx, tx, d.Ref.Project, to, notify.Message{Ref: d.About, Title: title, URL: d.URL, Urgent: true}); err != nil {
		return err
	}
	return journal.Add(ctx, tx, d.Ref, "escalated", map[string]any{"step": d.Step + 1, "role": to, "clause": d.Clause})
}

func nextRole(ctx context.Context, tx db.Tx, rules *regulation.Rules, d Duty) (core.Role, error) {
	if d.Step == 0 {
		return rules.Escalate(d.Clause), nil
	}
	steps, err := Steps(ctx, tx, d.Ref)
	if err != nil || len(steps) == 0 {
		return core.Manager, err
	}
	return ladder[steps[len(steps)-1].Role], nil
}
