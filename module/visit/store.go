package visit

import (
	"context"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/search"
)

func columns() string { return db.CellNames(new(Visit).cells()) }

func (v Visit) withRef() Visit { v.Ref.Kind = "visit"; return v }

// Get reads one visit of the request's project.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Visit, error) {
	v, err := db.One(ctx, tx, (*Visit).dest, "select "+columns()+" from visit_visit where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	return v.withRef(), err
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (Visit, error) {
	v, err := db.One(ctx, tx, (*Visit).dest, db.Locked(tx, "select "+columns()+" from visit_visit where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	return v.withRef(), err
}

func list(ctx context.Context, tx db.Tx, where string, args ...any) ([]Visit, error) {
	vs, err := db.All(ctx, tx, (*Visit).dest, "select "+columns()+" from visit_visit where "+where, args...)
	for i := range vs {
		vs[i] = vs[i].withRef()
	}
	return vs, err
}

func inProject(ctx context.Context) db.Where {
	return db.InProject(core.ProjectOf(ctx).ID)
}

// dayCursor is the key of a row in a list by day.
func dayCursor(day core.Date, id core.ID) string { return string(day) + "." + id.String() }

// afterDay adds what comes behind a key of dayCursor.
func afterDay(c *db.Where, key, order string) error {
	if key == "" {
		return nil
	}
	day, rest, _ := strings.Cut(key, ".")
	d, err := core.ParseDate(day)
	if err != nil {
		return core.NotFound()
	}
	id, err := core.ParseID(rest)
	if err != nil {
		return core.NotFound()
	}
	c.Add("(day, id) "+order+" (?, ?)", d, id)
	return nil
}

// find lists the open visits, the earliest first; with a state, a month or words asked for, the register by day.
func find(ctx context.Context, tx db.Tx, q register.Query) ([]Visit, error) {
	c := inProject(ctx)
	queue := false
	switch s := q.Filter["state"]; {
	case s == "all" || s == "" && (q.Filter["month"] != "" || q.Text != ""):
	case s == "":
		queue = true
		c.Conds = append(c.Conds, "open")
	default:
		c.Add("state = ?", s)
	}
	if v := q.Filter["sort"]; v != "" {
		c.Add("sort = ?", v)
	}
	if v := q.Filter["month"]; v != "" {
		m, err := core.ParseMonth(v)
		if err != nil {
			return nil, err
		}
		c.Add("month = ?", m)
	}
	if q.Filter["mine"] == "mine" {
		c.Add("visitor_id = ?", core.ActorOf(ctx).ID)
	}
	if q.Text != "" {
		if err := search.Narrow(ctx, tx, &c, "visit", q.Text); err != nil {
			return nil, err
		}
	}
	order, sign := "day desc, id desc", "<"
	if queue {
		order, sign = "day, id", ">"
	}
	if err := afterDay(&c, q.After, sign); err != nil {
		return nil, err
	}
	return list(ctx, tx, c.Then(order, q.Limit), c.Args...)
}

// opened counts the visits that are open and due up to today, for the rail.
func opened(ctx context.Context, tx db.Tx, project core.ID) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from (select 1 from visit_visit where project_id = $1 and open and day <= $2 limit $3) x", project, core.Today(ctx), core.CountMax)
}

// Touch is when a customer was last visited and spoken to; zero times mean never.
type Touch struct {
	Visited    time.Time
	Supervised time.Time // by a supervisor or manager
	Contacted  time.Time // in any way
	Missed     int64     // how often in a row nobody was reached
}

func (t *Touch) dest() []any { return []any{&t.Visited, &t.Supervised, &t.Contacted, &t.Missed} }

// TouchOf reads when a customer was last visited and spoken to.
func TouchOf(ctx context.Context, tx db.Tx, customer core.ID) (Touch, error) {
	t, _, err := db.Maybe(ctx, tx, (*Touch).dest, "select visited_at, supervised_at, contacted_at, missed from visit_touch where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, customer)
	return t, err
}

// touched notes that a customer was met; times that are zero or earlier than those known change nothing.
func touched(ctx context.Context, tx db.Tx, customer core.ID, t Touch) error {
	_, err := db.Exec(ctx, tx, `insert into visit_touch (project_id, id, visited_at, supervised_at, contacted_at, missed) values ($1, $2, $3, $4, $5, $6)
		on conflict (project_id, id) do update set
		visited_at = case when excluded.visited_at > coalesce(visit_touch.visited_at, 0) then excluded.visited_at else visit_touch.visited_at end,
		supervised_at = case when excluded.supervised_at > coalesce(visit_touch.supervised_at, 0) then excluded.supervised_at else visit_touch.supervised_at end,
		contacted_at = case when excluded.contacted_at > coalesce(visit_touch.contacted_at, 0) then excluded.contacted_at else visit_touch.contacted_at end,
		missed = case when excluded.missed = 0 then 0 else visit_touch.missed + excluded.missed end`,
		core.ProjectOf(ctx).ID, customer, t.Visited, t.Supervised, t.Contacted, t.Missed)
	return err
}

// staff are those who visit customers.
func staff(ctx context.Context, tx db.Tx) ([]user.User, error) {
	return user.Holders(ctx, tx, core.ProjectOf(ctx).ID, callers()...)
}

func staffChoices(ctx context.Context, tx db.Tx) ([]core.Choice, error) {
	us, err := staff(ctx, tx)
	return user.Choices(us), err
}

// nameOf finds somebody who visits customers in the project.
func nameOf(ctx context.Context, tx db.Tx, field string, id core.ID) (string, error) {
	us, err := staff(ctx, tx)
	if err != nil {
		return "", err
	}
	return user.NameAmong(us, field, id)
}
