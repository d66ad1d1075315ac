package visit

import (
	"context"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/user"
)

// Row is a customer on the round (巡回拜访): the longer unvisited, the higher.
type Row struct {
	ID       core.ID
	Name     core.Personal
	form     string
	Category string
	Grade    string
	keeperID core.ID
	working  bool // the keeper works here
	tenant   bool // has a unit today as a tenant
	Filed    time.Time
	Touch
	Reported time.Time // last contact report of his file (C15.4)
	Units    string
	Planned  core.ID   // an open visit
	Day      core.Date // of that
	Carded   bool      // there is a card of somebody there (C8.1)
}

func (r *Row) dest() []any {
	return []any{&r.ID, &r.Name, &r.form, &r.Category, &r.Grade, &r.keeperID, &r.working, &r.tenant, &r.Filed, &r.Visited, &r.Supervised, &r.Contacted, &r.Missed, &r.Reported, &r.Planned, &r.Day, &r.Carded}
}

func (r Row) first() bool { return r.Category == customer.Key || r.Grade == "gold" }

// keeper is who looks after the customer; a leaver does not any more.
func (r Row) keeper() core.ID {
	if r.working {
		return r.keeperID
	}
	return 0
}

func (r Row) discreet() string {
	return customer.Customer{Form: r.form, Name: r.Name}.Discreet()
}

// lastWord is when the customer was last spoken to, or put on file.
func (r Row) lastWord() time.Time {
	last := r.Filed
	for _, t := range []time.Time{r.Contacted, r.Visited, r.Reported} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// never says whether the customer has not been visited yet.
func (r Row) never() bool { return r.Visited.IsZero() }

// idle is how many days ago the customer was last visited, or was put on file without a visit since.
func (r Row) idle(ctx context.Context) int {
	from := r.Visited
	if from.IsZero() {
		from = r.Filed
	}
	return core.DateOf(from, core.ProjectOf(ctx).Zone).Days(core.Today(ctx))
}

// roundRows are the live customers who have a unit, or are of the first class, the longest unvisited first and the never
// visited before all; with some, those of them.
func roundRows(ctx context.Context, tx db.Tx, some ...core.ID) ([]Row, error) {
	w := db.Where{Args: []any{core.ProjectOf(ctx).ID, core.Today(ctx)}}
	w.Add("c.project_id = $1 and c.state in ('met', 'pending', 'active')")
	if len(some) > 0 {
		w.OneOf("c.id", some)
	}
	return db.All(ctx, tx, (*Row).dest, `select * from (select c.id, c.name, c.form, c.category, c.grade, c.keeper_id,
		exists (select 1 from user_user w where w.project_id = 1 and w.id = c.keeper_id and w.state = 'active') as working,
		exists (select 1 from customer_unit s where s.project_id = c.project_id and s.customer_id = c.id and s.part = 'tenant' and (s.from_on is null or s.from_on <= $2) and (s.to_on is null or s.to_on >= $2)) as tenant,
		c.filed_at, t.visited_at, t.supervised_at, t.contacted_at, coalesce(t.missed, 0) as missed,
		(select max(r.at) from customer_report r where r.project_id = c.project_id and r.customer_id = c.id) as reported_at,
		(select v.id from visit_visit v where v.project_id = c.project_id and v.customer_id = c.id and v.open order by v.day, v.id limit 1) as planned_id,
		(select min(v.day) from visit_visit v where v.project_id = c.project_id and v.customer_id = c.id and v.open) as planned_day,
		exists (select 1 from visit_card k where k.project_id = c.project_id and k.customer_id = c.id and k.voided_at is null) as carded
		from customer_customer c left join visit_touch t on t.project_id = c.project_id and t.id = c.id
		where `+w.String()+`) x where x.tenant or x.category = 'key' or x.grade = 'gold'
		order by coalesce(x.visited_at, 0), x.filed_at, x.id`, w.Args...)
}

// Neglected says whether a customer has been left unvisited for longer than C8.1's span, in days.
func (r Row) Neglected(ctx context.Context, span core.Span) bool { return r.idle(ctx) > span.N }

// withUnits reads the codes of the units that the customers have today.
func withUnits(ctx context.Context, tx db.Tx, rs []Row) error {
	at := map[core.ID]int{}
	for i, r := range rs {
		at[r.ID] = i
	}
	type part struct {
		customer core.ID
		code     string
	}
	ps, err := db.All(ctx, tx, func(p *part) []any { return []any{&p.customer, &p.code} }, `select s.customer_id, u.code from customer_unit s join estate_unit u on u.project_id = s.project_id and u.id = s.unit_id
		where s.project_id = $1 and (s.to_on is null or s.to_on >= $2) order by u.code`, core.ProjectOf(ctx).ID, core.Today(ctx))
	for _, p := range ps {
		if i, ok := at[p.customer]; ok {
			rs[i].Units = strings.TrimPrefix(rs[i].Units+"、"+p.code, "、")
		}
	}
	return err
}

// Tenants are the customers who have a unit today as tenants, by name.
func Tenants(ctx context.Context, tx db.Tx) ([]Row, error) {
	rs, err := roundRows(ctx, tx)
	out := rs[:0]
	for _, r := range rs {
		if r.tenant {
			out = append(out, r)
		}
	}
	if err != nil {
		return nil, err
	}
	return out, withUnits(ctx, tx, out)
}

// keepersOf are the names of the customers' keepers.
func keepersOf(ctx context.Context, tx db.Tx, rs []Row) (map[core.ID]string, error) {
	var ids []core.ID
	for _, r := range rs {
		if r.keeperID != 0 {
			ids = append(ids, r.keeperID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return user.Names(ctx, tx, ids...)
}
