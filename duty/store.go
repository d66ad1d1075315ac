package duty

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// Get reads one duty.
func Get(ctx context.Context, tx db.Tx, project, id core.ID) (Duty, error) {
	d, err := db.One(ctx, tx, (*Duty).dest, "select "+columns+" from duty_duty where project_id = $1 and id = $2", project, id)
	return d.withRefs(), err
}

func list(ctx context.Context, tx db.Tx, where string, args ...any) ([]Duty, error) {
	ds, err := db.All(ctx, tx, (*Duty).dest, "select "+columns+" from duty_duty where "+where, args...)
	for i := range ds {
		ds[i] = ds[i].withRefs()
	}
	return ds, err
}

// Of lists a record's duties, the first due first.
func Of(ctx context.Context, tx db.Tx, about core.Ref) ([]Duty, error) {
	return list(ctx, tx, "project_id = $1 and kind = $2 and record_id = $3 and state <> 'void' order by due_at, id", about.Project, about.Kind, about.ID)
}

// Mine lists what a person owes in a project: theirs, their roles' that nobody has claimed, and what went up to one
// of their roles. The first due first; at most limit.
func Mine(ctx context.Context, tx db.Tx, project, user core.ID, roles []core.Role, limit int) ([]Duty, error) {
	from, args := mine(project, user, roles, limit)
	return list(ctx, tx, "project_id = $1 and id in (select id from ("+from+fmt.Sprintf(") m order by due_at, id limit $%d) order by due_at, id", len(args)), args...)
}

// CountMine counts what Mine lists and falls due until then, up to core.CountMax, and how many of them are late.
func CountMine(ctx context.Context, tx db.Tx, project, user core.ID, roles []core.Role, until time.Time) (n, late int64, err error) {
	from, args := mine(project, user, roles, core.CountMax)
	args = append(args, core.Now(ctx), until)
	type counts struct{ n, late int64 }
	c, err := db.One(ctx, tx, func(c *counts) []any { return []any{&c.n, &c.late} },
		fmt.Sprintf("select count(*) filter (where due_at <= $%d), count(*) filter (where due_at < $%d) from (select due_at from (%s) m order by due_at limit $%d) x", len(args), len(args)-1, from, len(args)-2), args...)
	return c.n, c.late, err
}

// mine selects id and due_at of what a person owes, each branch by an index of its own and no duty twice: theirs, each
// role's unclaimed ones, and of the others what went up to a role of theirs. Each branch gives the first limit, which is
// the last argument.
func mine(project, user core.ID, roles []core.Role, limit int) (string, []any) {
	roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	args := []any{project, user}
	marks := make([]string, len(roles))
	for i, r := range roles {
		args = append(args, r)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	args = append(args, limit)
	first := func(from, where string) string {
		return fmt.Sprintf("select * from (select %s and %s order by due_at, id limit $%d) b", from, where, len(args))
	}
	const open = "id, due_at from duty_duty where project_id = $1 and state = 'open'"
	var branches, raised []string
	branches = append(branches, first(open, "user_id = $2"))
	for _, mark := range marks {
		branches = append(branches, first(open, "user_id is null and role = "+mark))
		raised = append(raised, first("duty_id as id, due_at from duty_step s where project_id = $1 and due_at is not null", fmt.Sprintf(`role = %s
			and not exists (select 1 from duty_duty d where d.project_id = $1 and d.id = s.duty_id and (d.user_id = $2 or (d.user_id is null and d.role in (%s))))`, mark, strings.Join(marks, ", "))))
	}
	if len(raised) > 0 {
		branches = append(branches, "select * from ("+strings.Join(raised, " union ")+") r") // a duty may have gone up to two roles of theirs
	}
	return strings.Join(branches, " union all "), args
}

// Step is one time a late duty went up.
type Step struct {
	N    int64
	Role core.Role
	At   time.Time
}

// Steps lists how far a duty went up.
func Steps(ctx context.Context, tx db.Tx, ref core.Ref) ([]Step, error) {
	return db.All(ctx, tx, func(s *Step) []any { return []any{&s.N, &s.Role, &s.At} },
		"select step, role, at from duty_step where project_id = $1 and duty_id = $2 order by step", ref.Project, ref.ID)
}

// Count is how a clause's duties of a project's month stand.
type Count struct {
	Clause                            string
	Total, OnTime, Late, Waived, Open int64
}

// Counts groups a project's duties that fall due in the month by clause. Late holds the late done and the late open.
func Counts(ctx context.Context, tx db.Tx, project core.ID, month core.Month) ([]Count, error) {
	return db.All(ctx, tx, func(c *Count) []any { return []any{&c.Clause, &c.Total, &c.OnTime, &c.Late, &c.Waived, &c.Open} },
		`select clause, count(*), count(*) filter (where state = 'done' and not late), count(*) filter (where late and state <> 'waived'),
		count(*) filter (where state = 'waived'), count(*) filter (where state = 'open')
		from duty_duty where project_id = $1 and due_month = $2 and state <> 'void' group by clause order by clause`, project, month)
}

// Filter chooses duties for a list behind a figure.
type Filter struct {
	Project core.ID
	Month   core.Month
	Clause  string
	State   string // ontime, late, waived, open, "" all
	User    core.ID
	Role    core.Role
	DueFrom core.Date
	DueTo   core.Date
	After   core.ID // page key: ids below
	Limit   int
}

// Find lists the duties behind a figure, the last due first.
func Find(ctx context.Context, tx db.Tx, f Filter) ([]Duty, error) {
	where, args := []string{"project_id = $1 and state <> 'void'"}, []any{f.Project}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	if f.Month != "" {
		add("due_month = ?", f.Month)
	}
	if f.Clause != "" {
		add("clause = ?", f.Clause)
	}
	if f.User != 0 {
		add("(user_id = ? or done_by = ?)", f.User)
	}
	if f.Role != "" {
		add("role = ?", f.Role)
	}
	if f.DueFrom != "" {
		add("due_day >= ?", f.DueFrom)
	}
	if f.DueTo != "" {
		add("due_day <= ?", f.DueTo)
	}
	if f.After != 0 {
		add("id < ?", f.After)
	}
	switch f.State {
	case "ontime":
		where = append(where, "state = 'done' and not late")
	case "late":
		where = append(where, "late and state <> 'waived'")
	case StateWaived, StateOpen, StateDone:
		add("state = ?", f.State)
	}
	if f.Limit == 0 {
		f.Limit = 100
	}
	return list(ctx, tx, strings.Join(where, " and ")+fmt.Sprintf(" order by id desc limit %d", f.Limit), args...)
}
