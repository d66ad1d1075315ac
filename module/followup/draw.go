package followup

import (
	"context"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/regulation"
)

// rated are the clauses that demand a share of a month's matters, with what they are about.
func rated() []struct{ Clause, Occasion string } {
	return []struct{ Clause, Occasion string }{{"C14.2", Complaint}, {"C14.3", Repair}, {"C14.4", Activity}}
}

// Quota is how a month stands under one clause.
type Quota struct {
	Clause   string
	Occasion string
	Month    core.Month
	Matters  int64 // closed in the month and not exempt
	Drawn    int64 // planned, of Matters
	Followed int64 // of Matters
	Target   core.Rate
	Needed   int64 // Target of Matters, rounded up
	Days     int   // left of the month, today included; 0 when it is over
}

// Missing is how many are to be drawn yet.
func (q Quota) Missing() int64 { return max(q.Needed-q.Drawn, 0) }

// Quotas are those of the clauses in force.
func Quotas(ctx context.Context, tx db.Tx, month core.Month) ([]Quota, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	var out []Quota
	for _, r := range rated() {
		if !rules.On(r.Clause) {
			continue
		}
		q, err := counted(ctx, tx, r.Occasion, month)
		if err != nil {
			return nil, err
		}
		q.Clause, q.Target = r.Clause, rules.Rate(r.Clause, "target")
		q.Needed = (q.Matters*int64(q.Target) + 9_999) / 10_000
		if today := core.Today(ctx); today <= month.Last() {
			q.Days = today.Days(month.Last()) + 1
		}
		out = append(out, q)
	}
	return out, nil
}

// counted counts a month's pool, by its index alone.
func counted(ctx context.Context, tx db.Tx, occasion string, month core.Month) (Quota, error) {
	q, err := db.One(ctx, tx, func(q *Quota) []any { return []any{&q.Matters, &q.Drawn, &q.Followed} },
		`select count(*), count(case when drawn then 1 end), count(followed_at) from followup_pool where project_id = $1 and occasion = $2 and counted = $3`, core.ProjectOf(ctx).ID, occasion, month)
	q.Occasion, q.Month = occasion, month
	return q, err
}

// candidate is a closed matter as the draw sees it.
type candidate struct {
	id             core.ID
	spot, customer int64
	drawn          bool
}

func (c *candidate) dest() []any { return []any{&c.id, &c.spot, &c.customer, &c.drawn} }

// Draw chooses further matters of a month, by the month's lots: the floors in turn, on each floor its customers in turn.
// What was drawn before counts, so that drawing on later spreads on. It reads the month's pool once, by its index alone,
// and changes nothing.
func Draw(ctx context.Context, tx db.Tx, occasion string, month core.Month, want int64) ([]core.ID, error) {
	if want <= 0 {
		return nil, nil
	}
	all, err := db.All(ctx, tx, (*candidate).dest, `select id, spot, customer_id, drawn from followup_pool where project_id = $1 and occasion = $2 and counted = $3
		order by lot, spot, customer_id, drawn, id`, core.ProjectOf(ctx).ID, occasion, month)
	return spread(all, int(want)), err
}

// spread picks from the candidates, who stand in the order of their lots. A candidate's turn on his floor comes by how
// many of his customer's were taken before him; the floors take turns.
func spread(all []candidate, want int) []core.ID {
	type door struct{ spot, customer int64 }
	doors, floors := map[door]int{}, map[int64]int{}
	for _, c := range all {
		if c.drawn {
			doors[door{c.spot, c.customer}]++
			floors[c.spot]++
		}
	}
	var byTurn [][]candidate // of the customer
	for _, c := range all {
		if c.drawn {
			continue
		}
		at := door{c.spot, c.customer}
		byTurn = putAt(byTurn, doors[at], c)
		doors[at]++
	}
	var rounds [][]candidate // of the floors
	for _, turn := range byTurn {
		for _, c := range turn {
			rounds = putAt(rounds, floors[c.spot], c)
			floors[c.spot]++
		}
	}
	out := make([]core.ID, 0, min(want, len(all)))
	for _, round := range rounds {
		for _, c := range round {
			if len(out) == want {
				return out
			}
			out = append(out, c.id)
		}
	}
	return out
}

func putAt(rows [][]candidate, at int, c candidate) [][]candidate {
	if at >= len(rows) {
		rows = slices.Grow(rows, at+1-len(rows))[:at+1]
	}
	rows[at] = append(rows[at], c)
	return rows
}

// oneByOne lets those who plan follow-ups wait for each other: what is planned already decides what may be.
func oneByOne(ctx context.Context, tx db.Tx) error {
	return db.Alone(ctx, tx, "followup.plan", core.ProjectOf(ctx).ID)
}

// Sample draws what the month still lacks under its clauses and plans it, up to limit follow-ups; a second run finds
// nothing left to draw, and of two at once one waits for the other. It returns how many were planned.
func Sample(ctx context.Context, tx db.Tx, month core.Month, limit int) (int, error) {
	if err := oneByOne(ctx, tx); err != nil {
		return 0, err
	}
	qs, err := Quotas(ctx, tx, month)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, q := range qs {
		ids, err := Draw(ctx, tx, q.Occasion, month, min(q.Missing(), int64(limit-n)))
		if err != nil {
			return n, err
		}
		for _, id := range ids {
			if err := take(ctx, tx, id); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// take plans one matter of the pool. Somebody else's draw may have been first.
func take(ctx context.Context, tx db.Tx, id core.ID) error {
	type source struct {
		ref   core.Ref
		part  core.ID
		drawn bool
	}
	p := core.ProjectOf(ctx).ID
	s, err := db.One(ctx, tx, func(s *source) []any { return []any{&s.ref.Kind, &s.ref.ID, &s.part, &s.drawn} },
		db.Locked(tx, "select kind, record_id, part_id, drawn from followup_pool where project_id = $1 and id = $2"), p, id)
	if err != nil || s.drawn {
		return err
	}
	s.ref.Project = p
	m, err := matterOf(ctx, tx, s.ref, s.part)
	if err != nil {
		return err
	}
	if m.Occasion == "" { // it is no matter of ours any more
		return db.ExecOne(ctx, tx, "update followup_pool set live = $1, counted = '' where project_id = $2 and id = $3", false, p, id)
	}
	_, err = plan(ctx, tx, m, planning{Why: WhySample, From: core.Now(ctx)})
	return err
}

// batch is how many follow-ups one transaction of the daily draw plans.
const batch = 100

// sampleDaily draws for this month and the one before, whose last matters were closed after its last draw.
func sampleDaily(ctx context.Context, d *db.DB) error {
	now := core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone)
	for _, month := range []core.Month{now.Add(-1), now} {
		for n := batch; n == batch; {
			err := d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
				n, err = Sample(ctx, tx, month, batch)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
