package seed

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/govalues/decimal"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/desk"
	"huiyin/module/repair"
)

type fault struct {
	content string
	trade   string
	paid    bool
	public  bool
}

func faults() []fault {
	return []fault{
		{"插座没电", "electric", false, false}, {"卫生间水龙头漏水", "water", true, false}, {"空调不制冷", "hvac", true, false}, {"门禁卡刷不开", "weak", false, true},
		{"茶水间下水道堵塞", "water", true, false}, {"会议室灯管不亮", "electric", true, false}, {"玻璃门地弹簧松动", "carpentry", true, false}, {"走廊灯不亮", "electric", false, true},
		{"电梯厅异味", "other", false, true}, {"洗手间马桶冲水不停", "water", true, false}, {"网络端口没信号", "weak", false, false}, {"天花板渗水,水流很大", "water", false, false},
		{"墙面瓷砖脱落", "masonry", true, false}, {"烟感误报", "fire", false, true}, {"电梯按钮失灵", "lift", false, true},
	}
}

// day lives one day: people move in, repairs and questions come and are worked on, chores are done, somebody makes a
// mistake, and in the evening the clock does its part. On the last days some repairs stay open: the demo has work to do.
func (t *town) day(ctx context.Context, day time.Time, last bool) error {
	local := day.In(t.place.Zone)
	morning := time.Date(local.Year(), local.Month(), local.Day(), 8, 0, 0, 0, t.place.Zone)
	if t.today == 0 || t.today == 2 || local.Day() == 1 { // on the third day the firm's own clause holds
		if err := duty.Tick(at(ctx, morning), t.app.DB, []duty.Place{t.place}, t.app.Lists.Recurring); err != nil {
			return err
		}
	}
	err := t.app.DB.Write(at(ctx, morning), func(ctx context.Context, tx db.Tx) error {
		calls := func(ctx context.Context, tx db.Tx, morning time.Time) error { return t.calls(ctx, tx, morning, last) }
		adopt := func(ctx context.Context, tx db.Tx, morning time.Time) error {
			if t.today != 1 {
				return nil
			}
			return t.adopt(ctx, tx, morning)
		}
		for _, part := range []func(context.Context, db.Tx, time.Time) error{
			t.arrivals,
			t.verifications,
			calls,
			t.complaints,
			t.followups,
			adopt,
			t.counter,
			t.visits,
			t.disputes,
			t.corrections,
			t.festivals,
			t.sightings,
			t.handovers,
			t.premises,
			t.doors,
			t.surveys,
			t.weekly,
			t.chores,
		} {
			if err := part(ctx, tx, morning); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && t.today%5 == 3 {
		err = t.mistake(ctx, morning)
	}
	if evening := morning.Add(13 * time.Hour); err == nil && !evening.After(t.now) {
		err = duty.Tick(at(ctx, evening), t.app.DB, []duty.Place{t.place}, nil)
	}
	return err
}

// calls are the day's repairs and questions.
func (t *town) calls(ctx context.Context, tx db.Tx, morning time.Time, last bool) error {
	n := 1 + t.rand.IntN(2)
	if last {
		n += 3
	}
	for i := range n {
		came := morning.Add(time.Duration(t.rand.IntN(600)) * time.Minute)
		if last && came.After(t.now) {
			continue
		}
		if err := t.repair(ctx, tx, came, last && i%2 == 0); err != nil {
			return err
		}
		if asked := came.Add(25 * time.Minute); i == 0 && t.today%2 == 0 && !asked.After(t.now) {
			if err := t.enquiry(ctx, tx, asked); err != nil {
				return err
			}
		}
	}
	return nil
}

// repair carries one order from the call to the signature; an unfinished one stops on the way.
func (t *town) repair(ctx context.Context, tx db.Tx, came time.Time, unfinished bool) error {
	f := faults()[t.rand.IntN(len(faults()))]
	ref, err := t.take(ctx, tx, came, f, true)
	if err != nil {
		return err
	}
	technician, err := t.skilled(at(ctx, came), tx, ref.ID)
	if err != nil {
		return err
	}
	steps := t.steps(ref.ID, f, technician)
	if unfinished {
		steps = steps[:min(len(steps), t.rand.IntN(5))]
	}
	if _, err := t.walk(ctx, tx, came, technician, steps); err != nil {
		return fmt.Errorf("%q of %s: %w", f.content, core.DateOf(came, t.place.Zone), err)
	}
	return nil
}

// take takes the call down and opens the repair.
func (t *town) take(ctx context.Context, tx db.Tx, came time.Time, f fault, confirmed bool, more ...desk.Detail) (core.Ref, error) {
	u := t.units[t.rand.IntN(len(t.units))]
	in := desk.Intake{Channel: t.pick("phone", "phone", "phone", "counter", "wechat"), Kind: "repair", Customer: u.customer, CustomerName: u.name, Unit: u.id, UnitCode: u.code,
		Contact: core.Personal(u.contact), Phone: u.phone, Content: f.content, At: came,
		Details: append(more, desk.Detail{Name: "scope", Value: scopeOf(f)}, desk.Detail{Name: "trade", Value: f.trade}, desk.Detail{Name: "paid", Value: fmt.Sprint(f.paid)}, desk.Detail{Name: "confirmed", Value: fmt.Sprint(confirmed)})}
	_, ref, err := desk.Take(t.as(at(ctx, came), core.Desk), tx, in)
	if err != nil {
		return ref, fmt.Errorf("taking %q: %w", f.content, err)
	}
	return ref, nil
}

func scopeOf(f fault) string {
	if f.public {
		return repair.Public
	}
	return repair.Indoor
}

// walk takes an order through steps, each at its own minute, until they are done or now is reached. It returns when the
// last was done.
func (t *town) walk(ctx context.Context, tx db.Tx, clock time.Time, technician core.Actor, steps []step) (time.Time, error) {
	for _, step := range steps {
		if clock.Add(step.after).After(t.now) {
			return clock, nil
		}
		clock = clock.Add(step.after)
		who := core.WithActor(at(ctx, clock), technician)
		if step.role != "" {
			who = t.as(at(ctx, clock), step.role)
		}
		if err := step.do(who, tx); err != nil {
			return clock, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return clock, nil
}

type step struct {
	name  string
	after time.Duration
	role  core.Role // "" is the technician
	do    func(ctx context.Context, tx db.Tx) error
}

func (t *town) steps(id core.ID, f fault, technician core.Actor) []step {
	minutes := func(from, to int) time.Duration { return time.Duration(from+t.rand.IntN(to-from)) * time.Minute }
	major := repair.ProposeLevel(f.content) == repair.Major
	appoint := minutes(30, 120)
	late := minutes(-10, 9)
	if t.rand.IntN(12) == 0 {
		late = minutes(12, 50) // now and then somebody is late
	}
	sent := minutes(3, 28)
	if major {
		sent, appoint, late = minutes(1, 4), 0, minutes(3, 8)
		if t.rand.IntN(8) == 0 {
			late = minutes(13, 20)
		}
	}
	var booked time.Time
	out := []step{{"dispatch", sent, core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		if !major {
			booked = core.Now(ctx).Add(appoint)
		}
		return repair.Send(ctx, tx, id, repair.Dispatch{Technician: technician.ID, Appoint: booked})
	}}, {"arrive", appoint + late, "", func(ctx context.Context, tx db.Tx) error {
		return repair.ArriveAt(ctx, tx, id, repair.Arrive{Party: repair.PartyTechnician})
	}}}
	if major {
		out = append(out, step{"supervisor arrives", time.Minute, core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			return repair.ArriveAt(ctx, tx, id, repair.Arrive{Party: repair.PartySupervisor})
		}}, step{"desk arrives", time.Minute, core.Desk, func(ctx context.Context, tx db.Tx) error {
			return repair.ArriveAt(ctx, tx, id, repair.Arrive{Party: repair.PartyDesk})
		}})
	}
	if f.paid {
		out = append(out, t.quote(id)...)
	}
	return append(out, t.finish(id, minutes)...)
}

func (t *town) quote(id core.ID) []step {
	price, material := t.prices[t.rand.IntN(len(t.prices))], t.stock[t.rand.IntN(len(t.stock))]
	lines := []repair.Line{{Item: "price/" + price.ID.String(), Quantity: decimal.One}, {Item: "material/" + material.ID.String(), Quantity: decimal.One}}
	return []step{{"quote", 4 * time.Minute, "", func(ctx context.Context, tx db.Tx) error {
		return repair.MakeQuote(ctx, tx, id, repair.Quote{Lines: lines})
	}},
		{"agree", 3 * time.Minute, "", func(ctx context.Context, tx db.Tx) error {
			return repair.Agree(ctx, tx, id, repair.Consent{How: "signature", By: "客户", Signature: t.sign})
		}}}
}

func (t *town) finish(id core.ID, minutes func(int, int) time.Duration) []step {
	return []step{
		{"start", minutes(1, 5), "", func(ctx context.Context, tx db.Tx) error { return repair.Start(ctx, tx, id) }},
		{"done", minutes(20, 90), "", func(ctx context.Context, tx db.Tx) error {
			return repair.Done(ctx, tx, id, repair.Finish{Result: "已修复,试用正常", Cleared: true, Tried: true, Signature: t.sign})
		}},
		{"sign", minutes(2, 10), "", func(ctx context.Context, tx db.Tx) error {
			return repair.SignOff(ctx, tx, id, repair.Sign{Signature: t.sign, Signer: "客户", Attitude: int64(4 + t.rand.IntN(2)), Speed: int64(3 + t.rand.IntN(3)), Quality: int64(4 + t.rand.IntN(2))})
		}},
	}
}

// skilled picks the first or second of those whom the system proposes: they have the skill and the least in hand (C17.5).
func (t *town) skilled(ctx context.Context, tx db.Tx, id core.ID) (core.Actor, error) {
	o, err := repair.Get(ctx, tx, id)
	if err != nil {
		return core.Actor{}, err
	}
	workers, err := repair.Workers(ctx, tx, o)
	if err != nil {
		return core.Actor{}, err
	}
	workers = slices.DeleteFunc(workers, func(w repair.Worker) bool { return !w.Has(o.Trade) })
	chosen := workers[t.rand.IntN(min(2, len(workers)))].ID
	i := slices.IndexFunc(t.staff[core.Technician], func(a core.Actor) bool { return a.ID == chosen })
	return t.staff[core.Technician][i], nil
}
