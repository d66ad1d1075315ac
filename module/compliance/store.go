package compliance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/regulation"
)

// Count is how a set of duties stands. On time, late, waived and open are disjoint and add up to Total; Overdue is the
// part of Late that is still not done.
type Count struct {
	Total, OnTime, Late, Waived, Open, Overdue int64
}

// Rate is on time ÷ (on time + late); ok is false while nothing has been decided.
func (c Count) Rate() (rate core.Rate, ok bool) { return core.RateOf(c.OnTime, c.OnTime+c.Late) }

func (c *Count) add(o Count) {
	c.Total += o.Total
	c.OnTime += o.OnTime
	c.Late += o.Late
	c.Waived += o.Waived
	c.Open += o.Open
	c.Overdue += o.Overdue
}

func (c *Count) dest() []any {
	return []any{&c.Total, &c.OnTime, &c.Late, &c.Waived, &c.Open, &c.Overdue}
}

// sums reads only what the index duty_duty_month holds: a month of a clause is one range of it, whatever lies beside.
const sums = `count(*), count(*) filter (where state = 'done' and not late), count(*) filter (where late and state <> 'waived'),
	count(*) filter (where state = 'waived'), count(*) filter (where state = 'open' and not late), count(*) filter (where state = 'open' and late)`

type keyed struct {
	key string
	Count
}

func (k *keyed) dest() []any { return append([]any{&k.key}, k.Count.dest()...) }

func byKey(rows []keyed, err error) (map[string]Count, error) {
	out := make(map[string]Count, len(rows))
	for _, r := range rows {
		out[r.key] = r.Count
	}
	return out, err
}

// countClauses counts a project's duties of a month by clause.
func countClauses(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (map[string]Count, error) {
	return byKey(db.All(ctx, tx, (*keyed).dest, "select clause, "+sums+` from duty_duty
		where project_id = $1 and due_month = $2 and state <> 'void' group by clause`, project, month))
}

// countClause counts one clause's duties of a month: one short range of the index.
func countClause(ctx context.Context, tx db.Tx, project core.ID, month core.Month, clause string) (Count, error) {
	return db.One(ctx, tx, (*Count).dest, "select "+sums+` from duty_duty
		where project_id = $1 and due_month = $2 and clause = $3 and state <> 'void'`, project, month, clause)
}

// countRoles counts a project's duties of a month by the role that owes them.
func countRoles(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (map[string]Count, error) {
	return byKey(db.All(ctx, tx, (*keyed).dest, "select role, "+sums+` from duty_duty
		where project_id = $1 and due_month = $2 and state <> 'void' group by role`, project, month))
}

type personal struct {
	user core.ID
	Count
}

func (p *personal) dest() []any { return append([]any{&p.user}, p.Count.dest()...) }

// countPeople counts by who owes a duty in person, or, where it was the role's, by who closed it; 0 is nobody yet.
func countPeople(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (map[core.ID]Count, error) {
	rows, err := db.All(ctx, tx, (*personal).dest, "select coalesce(user_id, done_by), "+sums+` from duty_duty
		where project_id = $1 and due_month = $2 and state <> 'void' group by coalesce(user_id, done_by)`, project, month)
	out := make(map[core.ID]Count, len(rows))
	for _, r := range rows {
		out[r.user] = r.Count
	}
	return out, err
}

// endOfMonth is the last instant at which a duty of the month may fall due: 24:00 belongs to the day that ends.
func endOfMonth(ctx context.Context, month core.Month) time.Time {
	return month.Add(1).First().Time(core.ProjectOf(ctx).Zone)
}

// countOverdue counts what is open past its term and fell due in the month or before it. Open duties have an index of
// their own, by their term, so this reads only those.
func countOverdue(ctx context.Context, tx db.Tx, project core.ID, until core.Month) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from duty_duty where project_id = $1 and state = 'open' and late and due_at <= $2", project, endOfMonth(ctx, until))
}

// Filter chooses the duties behind a figure.
type Filter struct {
	Month  core.Month
	Until  core.Month // due in this month or earlier
	From   core.Date  // due on or after
	To     core.Date  // due on or before
	Clause string
	State  string // ontime, late, waived, open, overdue; "" all that count
	Role   core.Role
	People []core.ID // owed or closed by one of them; 0 is nobody
	After  core.ID   // page key
	Limit  int
}

func (f Filter) where(project core.ID) (string, []any) {
	conds, args := []string{"project_id = $1 and state <> 'void'"}, []any{project}
	add := func(cond string, v any, given bool) {
		if given {
			args = append(args, v)
			conds = append(conds, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
		}
	}
	add("due_month = ?", f.Month, f.Month != "")
	add("due_month <= ?", f.Until, f.Until != "")
	add("due_day >= ?", f.From, f.From != "")
	add("due_day <= ?", f.To, f.To != "")
	add("clause = ?", f.Clause, f.Clause != "")
	add("role = ?", f.Role, f.Role != "")
	add("id < ?", f.After, f.After != 0)
	if cond, ok := states()[f.State]; ok {
		conds = append(conds, cond)
	}
	if f.People != nil {
		marks := make([]string, len(f.People))
		for i, p := range f.People {
			args = append(args, int64(p))
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		conds = append(conds, "coalesce(user_id, done_by, 0) in ("+strings.Join(append(marks, "-1"), ", ")+")")
	}
	return strings.Join(conds, " and "), args
}

// states are the conditions of the figures, the same as in sums.
func states() map[string]string {
	return map[string]string{"ontime": "state = 'done' and not late", "late": "late and state <> 'waived'", "waived": "state = 'waived'",
		"open": "state = 'open' and not late", "overdue": "state = 'open' and late"}
}

// findDuties lists the keys of the duties behind a figure, the newest first.
func findDuties(ctx context.Context, tx db.Tx, project core.ID, f Filter) ([]core.ID, error) {
	where, args := f.where(project)
	return db.Values[core.ID](ctx, tx, "select id from duty_duty where "+where+fmt.Sprintf(" order by id desc limit %d", f.Limit), args...)
}

// oldestOverdue lists what has been waiting longest.
func oldestOverdue(ctx context.Context, tx db.Tx, project core.ID, until core.Month, clause string, limit int) ([]core.ID, error) {
	return db.Values[core.ID](ctx, tx, fmt.Sprintf(`select id from duty_duty where project_id = $1 and state = 'open' and late and due_at <= $2
		and ($3 = '' or clause = $3) order by due_at, id limit %d`, limit), project, endOfMonth(ctx, until), clause)
}

// Coming is what falls due on one day under one clause.
type Coming struct {
	Day    core.Date
	Clause string
	Role   core.Role
	N      int64
	Title  core.Text // of one of them
}

// coming groups the open duties that fall due in the days from…to.
func coming(ctx context.Context, tx db.Tx, project core.ID, from, to core.Date) ([]Coming, error) {
	zone := core.ProjectOf(ctx).Zone
	return db.All(ctx, tx, func(c *Coming) []any { return []any{&c.Day, &c.Clause, &c.Role, &c.N, &c.Title.ZH, &c.Title.EN} },
		`select due_day, clause, role, count(*), min(title), min(title_en) from duty_duty
		where project_id = $1 and state = 'open' and not late and due_at > $2 and due_at <= $3
		group by due_day, clause, role order by due_day, clause, role limit 60`, project, from.Time(zone), to.Add(1).Time(zone))
}

// paths gives, for each duty, the roles that it went up to, in order.
func paths(ctx context.Context, tx db.Tx, project core.ID, duties []core.ID) (map[core.ID][]core.Role, error) {
	out := map[core.ID][]core.Role{}
	if len(duties) == 0 {
		return out, nil
	}
	args, marks := []any{project}, make([]string, len(duties))
	for i, id := range duties {
		args = append(args, id)
		marks[i] = fmt.Sprintf("$%d", i+2)
	}
	type step struct {
		duty core.ID
		role core.Role
	}
	rows, err := db.All(ctx, tx, func(s *step) []any { return []any{&s.duty, &s.role} },
		"select duty_id, role from duty_step where project_id = $1 and duty_id in ("+strings.Join(marks, ", ")+") order by duty_id, step", args...)
	for _, r := range rows {
		out[r.duty] = append(out[r.duty], r.role)
	}
	return out, err
}

// waivedUntil is the last day that a waived duty's waiver covers; "" where it has none.
func waivedUntil(ctx context.Context, tx db.Tx, project, id core.ID) (core.Date, error) {
	return db.Value[core.Date](ctx, tx, "select waived_until from duty_duty where project_id = $1 and id = $2", project, id)
}

// setWaivedUntil notes the last day; duty.Waive has just closed the duty and journalled it in this transaction.
func setWaivedUntil(ctx context.Context, tx db.Tx, project, id core.ID, until core.Date) error {
	return db.ExecOne(ctx, tx, "update duty_duty set waived_until = $1 where project_id = $2 and id = $3 and state = 'waived'", until, project, id)
}

// covered is an open duty that an earlier waiver covers.
type covered struct {
	id    core.ID
	until core.Date
	note  string
}

// coveredByWaiver finds the open duties that a waiver of the same clause on the same record (for the months: of the same
// series) covers, and that fall due no later than its last day.
func coveredByWaiver(ctx context.Context, tx db.Tx, project core.ID, today core.Date) ([]covered, error) {
	return db.All(ctx, tx, func(c *covered) []any { return []any{&c.id, &c.until, &c.note} },
		`select id, waived_until, note from (
			select o.id, w.waived_until, w.note from duty_duty w join duty_duty o on o.project_id = w.project_id and o.kind = w.kind
				and o.record_id = w.record_id and o.clause = w.clause and o.number = w.number and o.state = 'open' and o.due_day <= w.waived_until
				where w.project_id = $1 and w.state = 'waived' and w.waived_until >= $2
			union
			select o.id, w.waived_until, w.note from duty_duty w join duty_duty o on o.project_id = w.project_id and o.kind = w.kind
				and o.clause = w.clause and o.number = w.number and o.state = 'open' and o.due_day <= w.waived_until
				where w.project_id = $1 and w.state = 'waived' and w.waived_until >= $2 and w.kind = 'month') x order by id limit 500`, project, today)
}

// monthRow is one row of the roll-up.
type monthRow struct {
	Month  core.Month
	Clause string
	Count
	Num, Den    int64
	Provisional bool
}

func (m *monthRow) dest() []any {
	return []any{&m.Month, &m.Clause, &m.Total, &m.OnTime, &m.Late, &m.Waived, &m.Open, &m.Num, &m.Den, &m.Provisional}
}

// monthRows reads the roll-up of some months; clause "" is all clauses.
func monthRows(ctx context.Context, tx db.Tx, project core.ID, from, to core.Month, clause string) ([]monthRow, error) {
	return db.All(ctx, tx, (*monthRow).dest, `select month, clause, total, ontime, late, waived, open, num, den, provisional from compliance_month
		where project_id = $1 and month >= $2 and month <= $3 and ($4 = '' or clause = $4 or clause = '') order by month, clause`, project, from, to, clause)
}

func putMonth(ctx context.Context, tx db.Tx, project core.ID, m monthRow, at time.Time) error {
	_, err := db.Exec(ctx, tx, `insert into compliance_month (project_id, month, clause, total, ontime, late, waived, open, num, den, provisional, fresh_at)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)
		on conflict (project_id, month, clause) do update set total = excluded.total, ontime = excluded.ontime, late = excluded.late, waived = excluded.waived,
		open = excluded.open, num = excluded.num, den = excluded.den, provisional = excluded.provisional, fresh_at = excluded.fresh_at`,
		project, m.Month, m.Clause, m.Total, m.OnTime, m.Late, m.Waived, m.Open, m.Num, m.Den, m.Provisional, at)
	return err
}

// refusalsOf lists what was refused, newest first, page by page.
func refusalsOf(ctx context.Context, tx db.Tx, project core.ID, month core.Month, clause string, after core.ID, limit int) ([]regulation.Refusal, error) {
	rows, err := regulation.Refusals(ctx, tx, project, month, clause)
	out := rows[:0:0]
	for _, r := range rows {
		if (after == 0 || r.ID < after) && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, err
}
