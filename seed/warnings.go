package seed

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/visit"
)

// The units about whose tenants somebody saw something, by the order in which they were let.
const (
	harmless  = 10 // old furniture
	explained = 11 // a visit cleared it up
)

// sightings are what people saw in the last weeks: one proved harmless, one led to a visit that explained it; that of
// yesterday evening stands open.
func (t *town) sightings(ctx context.Context, tx db.Tx, morning time.Time) error {
	if len(t.units) <= explained || morning.Add(9*time.Hour).After(t.now) {
		return nil
	}
	when := at(ctx, morning.Add(8*time.Hour))
	supervisor := t.one(t.later(when, 1), core.Supervisor)
	var err error
	switch t.left() {
	case 15:
		t.sight, err = visit.See(t.one(when, core.Guard), tx, visit.Sight{Customer: t.units[harmless].customer, Sort: "goods", What: "下班后两名工人搬走旧办公桌椅和文件柜"})
	case 14:
		err = visit.EndSight(supervisor, tx, t.sight, visit.Word{Text: "与客户行政核实:旧家具报废更新,有出门条,新家具当天到货"})
	case 10:
		_, err = visit.See(t.one(when, core.Technician), tx, visit.Sight{Customer: t.units[explained].customer, Sort: "rumour", What: "维修时听员工说公司在看别处的办公室"})
	case 9:
		err = t.visitWarned(supervisor, tx, t.units[explained])
	}
	if err == nil && t.warned.Ref.ID != 0 && t.warned.Day == core.DateOf(morning, t.place.Zone) {
		err = t.clearUp(ctx, tx, morning.Add(3*time.Hour))
	}
	if err != nil {
		return fmt.Errorf("sightings, %d days before the last: %w", t.left(), err)
	}
	return nil
}

// warningOf is the early warning about a customer.
func warningOf(ctx context.Context, tx db.Tx, customer core.ID) (core.ID, error) {
	return db.Value[core.ID](ctx, tx, "select id from visit_warning where project_id = $1 and customer_id = $2", core.ProjectOf(ctx).ID, customer)
}

// lookInto sets the warning about a customer aside, with what was found out.
func (t *town) lookInto(ctx context.Context, tx db.Tx, customer core.ID, found string) error {
	id, err := warningOf(ctx, tx, customer)
	if err != nil || id == 0 {
		return err
	}
	return visit.LookInto(t.one(ctx, core.Supervisor), tx, id, visit.Word{Text: found})
}

// visitWarned plans the visit that a warning leads to.
func (t *town) visitWarned(ctx context.Context, tx db.Tx, u unit) error {
	id, err := warningOf(ctx, tx, u.customer)
	if err != nil {
		return err
	}
	if id, err = visit.VisitNow(ctx, tx, id, struct{}{}); err != nil {
		return err
	}
	t.warned, err = visit.Get(ctx, tx, id)
	return err
}

// clearUp makes that visit: the tenant grows and does not leave.
func (t *town) clearUp(ctx context.Context, tx db.Tx, came time.Time) error {
	u := t.units[explained]
	clock := func(after time.Duration) context.Context { return t.one(at(ctx, came.Add(after)), core.Supervisor) }
	if err := visit.Arrive(clock(0), tx, t.warned.Ref.ID, visit.Arrival{}); err != nil {
		return err
	}
	r := t.impression(u, core.DateOf(came, t.place.Zone))
	r.Content, r.Needs, r.Business, r.Problems = "了解近期经营和办公面积打算", "同层若有空置单元希望优先", "新设一个部门,现有面积不够", "面积不足"
	r.Effect, r.Opinions, r.Promises = "客户在为新部门看房,本单元续租意向明确", nil, nil
	if err := visit.Record(clock(40*time.Minute), tx, t.warned.Ref.ID, r); err != nil {
		return err
	}
	return t.lookInto(clock(time.Hour), tx, u.customer, fmt.Sprintf("已走访(%s):为新部门看房,续租意向明确,已告知招商部有空置单元", t.warned.Number))
}
