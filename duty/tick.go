package duty

import (
	"context"
	"slices"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/regulation"
)

// Recurring is a clause that the calendar opens, once a period for each project: every month, every so many months
// where Months is given, or every year where its day is one of the year ("12-31").
type Recurring struct {
	Clause string
	Number string // the clause's month-day that is the deadline ("day")
	Months string // the clause's count of months between two ("months"); "": every month
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
// Without recurring ones it opens none, the firm's own neither: once a local day is enough for what the month opens.
func Tick(ctx context.Context, d *db.DB, places []Place, recurring []Recurring) error {
	ctx = core.AsSystem(ctx)
	for _, p := range places {
		if recurring != nil {
			if err := openRecurring(core.WithProject(ctx, p.Project), d, p, recurring); err != nil {
				return err
			}
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
		var missing []Opening
		err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			missing, err = unopened(ctx, tx, m, p.Since, recurring)
			return err
		})
		if err != nil || len(missing) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		err = d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			return OpenMany(ctx, tx, p.ID, missing)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// unopened are the duties that the month's calendar demands and that are not there: a tick that has nothing to do does
// not write. What fell due before the project began was nobody's to do.
func unopened(ctx context.Context, tx db.Tx, month core.Month, since time.Time, recurring []Recurring) ([]Opening, error) {
	p := core.ProjectOf(ctx)
	about := PeriodRef(p.ID, month)
	have, err := db.Values[string](ctx, tx, "select clause || ' ' || number from duty_duty where project_id = $1 and kind = $2 and record_id = $3",
		about.Project, about.Kind, about.ID)
	if err != nil {
		return nil, err
	}
	opened := map[string]bool{}
	for _, h := range have {
		opened[h] = true
	}
	all, err := demanded(ctx, tx, month, recurring)
	return slices.DeleteFunc(all, func(o Opening) bool {
		x := o.options()
		return opened[o.Clause+" "+x.number] || x.due.Before(since)
	}), err
}

// demanded are the duties that the calendar opens in a month: those of the modules by the rules of the month's first
// day, and those of the firm's own clauses that fall due while they are in force.
func demanded(ctx context.Context, tx db.Tx, month core.Month, recurring []Recurring) ([]Opening, error) {
	p, now := core.ProjectOf(ctx), core.Now(ctx)
	today, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	first, err := regulation.RulesAt(ctx, tx, p.ID, month.First().Time(p.Zone))
	if err != nil {
		return nil, err
	}
	var out []Opening
	for _, r := range recurring {
		if !today.On(r.Clause) {
			continue
		}
		if out, err = r.demand(ctx, tx, first, month, out); err != nil {
			return nil, err
		}
	}
	end := month.Add(1).First().Time(p.Zone).Add(-time.Microsecond)
	if now.Before(end) {
		end = now
	}
	last, err := regulation.RulesAt(ctx, tx, p.ID, end)
	if err != nil {
		return nil, err
	}
	for _, c := range last.Own() {
		if c.Own.Kind == regulation.OwnDeadline || !today.On(c.ID) {
			continue
		}
		r := Recurring{Clause: c.ID, Number: "day", Months: "months", Title: c.Text, URL: "clause/" + c.ID}
		if out, err = r.demand(ctx, tx, last, month, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// demand adds the month's duty, where the clause falls due in it.
func (r Recurring) demand(ctx context.Context, tx db.Tx, rules *regulation.Rules, month core.Month, out []Opening) ([]Opening, error) {
	p, c := core.ProjectOf(ctx), rules.Clause(r.Clause)
	every, spec := 1, rules.Value(r.Clause, r.Number)
	if r.Months != "" {
		every = rules.Count(r.Clause, r.Months)
	}
	if !calendar.Recurs(month, every, spec) {
		return out, nil
	}
	clock, err := Clock(ctx, tx, rules)
	if err != nil {
		return out, err
	}
	due, err := r.deadline(clock, month, spec)
	if err != nil || (c.Own != nil && due.Before(c.Own.First)) {
		return out, err
	}
	title := core.T("%s(%s)", "%s (%s)", r.Title, string(month))
	return append(out, Opening{r.Clause, PeriodRef(p.ID, month), []Option{Number(r.Number), From(month.First().Time(p.Zone)), Due(due), By(rules.Owner(r.Clause)),
		About(title, "/p/"+p.Code+"/"+r.URL)}}), nil
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
		late, err := list(ctx, tx, db.Locked(tx, "next_at < $1 and state = 'open' and project_id = $2 order by next_at, id limit 200"), core.Now(ctx), p.ID)
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
// higher at each office closing that passes, until the general manager has it. A tick that comes late takes all the
// steps that have passed at once, each noted at the time at which it was due.
func raise(ctx context.Context, tx db.Tx, d Duty) error {
	now := core.Now(ctx)
	last, err := lastRole(ctx, tx, d)
	if err != nil {
		return err
	}
	for !d.Next.IsZero() && d.Next.Before(now) {
		if last, err = climb(ctx, tx, &d, last); err != nil {
			return err
		}
	}
	publish(tx, d.Ref.Project)
	return db.ExecOne(ctx, tx, `update duty_duty set late = true, step = $5, next_at = $1, version = version + 1, changed_at = $2, changed_by = null
		where project_id = $3 and id = $4 and state = 'open'`, d.Next, now, d.Ref.Project, d.Ref.ID, d.Step)
}

// climb takes one step, at the time at which it is due, by the rules of that time.
func climb(ctx context.Context, tx db.Tx, d *Duty, last core.Role) (core.Role, error) {
	at := d.Next
	rules, err := regulation.RulesAt(ctx, tx, d.Ref.Project, at)
	if err != nil {
		return "", err
	}
	clock, err := Clock(ctx, tx, rules)
	if err != nil {
		return "", err
	}
	to := ladder[last]
	if d.Step == 0 {
		to = rules.Escalate(d.Clause)
	}
	if to == "" {
		to = core.Manager
	}
	d.Step++
	d.Next = time.Time{}
	if ladder[to] != "" {
		d.Next = clock.Due(at, core.Span{N: 1, Unit: core.Workdays}, "")
	}
	if _, err := db.Exec(ctx, tx, "insert into duty_step (project_id, id, duty_id, step, role, at, due_at) values ($1,$2,$3,$4,$5,$6,$7)",
		d.Ref.Project, tx.NewID(), d.Ref.ID, d.Step, to, at, d.Due); err != nil {
		return "", err
	}
	title := core.T("逾期:%s(%s)", "Late: %s (%s)", d.Title, d.Clause)
	if err := notify.TellRole(ctx, tx, d.Ref.Project, to, notify.Message{Ref: d.About, Title: title, URL: d.URL, Urgent: true}); err != nil {
		return "", err
	}
	return to, journal.Add(ctx, tx, d.Ref, "escalated", map[string]any{"step": d.Step, "role": to, "clause": d.Clause}, journal.At(at))
}

// lastRole is the role that a duty has gone up to so far.
func lastRole(ctx context.Context, tx db.Tx, d Duty) (core.Role, error) {
	if d.Step == 0 {
		return "", nil
	}
	steps, err := Steps(ctx, tx, d.Ref)
	if err != nil || len(steps) == 0 {
		return "", err
	}
	return steps[len(steps)-1].Role, nil
}
