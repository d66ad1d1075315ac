package seed

import (
	"context"
	"fmt"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/visit"
)

// feast is a festival before which customers are visited.
type feast struct {
	id        core.ID
	due       core.Date // the visits are made up to this day
	organised bool
	over      bool
}

// guests are at most how many customers are visited before a festival.
const guests = 5

// festivals foresees the festivals of the calendar, has the manager organise the visits in the week before (C14.11), makes
// them on the last day for them, and sums them up.
func (t *town) festivals(ctx context.Context, tx db.Tx, morning time.Time) error {
	if len(t.units) == 0 || morning.Add(9*time.Hour).After(t.now) {
		return nil
	}
	today := core.DateOf(morning, t.place.Zone)
	if err := t.foresee(t.one(at(ctx, morning), core.Manager), tx, today); err != nil {
		return err
	}
	for _, f := range t.feasts {
		var err error
		if !f.organised && today >= f.due.Add(-6) {
			err = t.organise(t.one(at(ctx, morning.Add(time.Hour)), core.Manager), tx, f)
		}
		if err == nil && f.organised && !f.over && today >= f.due {
			err = t.congratulate(ctx, tx, morning.Add(2*time.Hour), f)
		}
		if err != nil {
			return fmt.Errorf("a festival's visits: %w", err)
		}
	}
	return nil
}

// foresee puts the festivals of the next weeks on the manager's list.
func (t *town) foresee(ctx context.Context, tx db.Tx, today core.Date) error {
	const ahead = 30 // days
	for day := today.Add(1); day <= today.Add(ahead); day = day.Add(1) {
		name, ok := calendar.Default().Holiday(day)
		before, same := calendar.Default().Holiday(day.Add(-1))
		if !ok || same && before == name || name.ZH == "清明" || t.known[day] {
			continue
		}
		f := visit.Festival{Name: name.ZH, NameEN: name.EN, From: day, To: day}
		for next, more := calendar.Default().Holiday(f.To.Add(1)); more && next == name; next, more = calendar.Default().Holiday(f.To.Add(1)) {
			f.To = f.To.Add(1)
		}
		if err := visit.Foresee(ctx, tx, f); err != nil {
			return err
		}
		id, err := db.Value[core.ID](ctx, tx, "select id from visit_festival where project_id = $1 and from_day = $2 and name = $3", t.place.ID, f.From, f.Name)
		if err != nil {
			return err
		}
		if f, err = visit.GetFestival(ctx, tx, id); err != nil {
			return err
		}
		t.known[day] = true
		t.feasts = append(t.feasts, &feast{id: id, due: f.Due})
	}
	return nil
}

// organise chooses the key customers, the longest here first.
func (t *town) organise(ctx context.Context, tx db.Tx, f *feast) error {
	var customers []string
	for _, u := range t.keys[:min(guests, len(t.keys))] {
		customers = append(customers, u.customer.String())
	}
	if len(customers) == 0 {
		customers = []string{t.units[0].customer.String()}
	}
	f.organised = true
	return visit.Organise(ctx, tx, f.id, visit.Organisation{Customers: customers, Visitor: t.staff[core.Desk][0].ID, Day: f.due, Gift: "节日礼盒", Theme: "送上节日问候,告知假期值班和安全提示"})
}

// congratulate makes a festival's visits, one after the other, and sums them up.
func (t *town) congratulate(ctx context.Context, tx db.Tx, came time.Time, f *feast) error {
	ids, err := db.Values[core.ID](ctx, tx, "select id from visit_visit where project_id = $1 and festival_id = $2 and open order by id", t.place.ID, f.id)
	if err != nil {
		return err
	}
	for i, id := range ids {
		v, err := visit.Get(ctx, tx, id)
		if err != nil {
			return err
		}
		clock := func(after time.Duration) context.Context {
			return t.one(at(ctx, came.Add(time.Duration(i)*40*time.Minute+after)), core.Desk)
		}
		if err := visit.Arrive(clock(0), tx, id, visit.Arrival{}); err != nil {
			return err
		}
		u := t.unitOf(v.Customer)
		r := t.impression(u, core.DateOf(came, t.place.Zone))
		r.Content, r.Needs, r.Effect, r.Opinions, r.Promises = "致以节日问候,告知假期值班电话和安全提示", "无", "客户感谢,关系良好", nil, nil
		if err := visit.Record(clock(20*time.Minute), tx, id, r); err != nil {
			return err
		}
	}
	f.over = true
	return visit.Conclude(t.one(at(ctx, came.Add(6*time.Hour)), core.Manager), tx, f.id, visit.Word{Text: fmt.Sprintf("节前走访 %d 户,礼盒已送达;客户关心假期空调和值班安排,已当面说明", len(ids))})
}

// unitOf is the unit that a customer moved into.
func (t *town) unitOf(customer core.ID) unit {
	for _, u := range t.units {
		if u.customer == customer {
			return u
		}
	}
	return unit{}
}
