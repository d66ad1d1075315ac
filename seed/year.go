package seed

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/compliance"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/module/repair"
)

// tenancy is a unit that somebody will move into on a day of the year.
type tenancy struct {
	unit
	owner bool
	day   int // counted from the first
}

// How the building fills: so many a day in the first weeks, the others over the rest of the year.
const (
	early  = 5
	rush   = 20 // days
	newest = 2  // filed yesterday, and not yet confirmed
)

// spread gives every tenancy its day.
func (t *town) spread() {
	n := len(t.tenancies)
	for i := range t.tenancies {
		switch k := &t.tenancies[i]; {
		case i >= n-newest:
			k.day = t.days - 1
		case i < early*rush:
			k.day = i / early
		default:
			k.day = rush + (i-early*rush)*max(1, t.days-rush-3)/(n-early*rush)
		}
	}
}

// arrivals files who moves in today, and has the supervisor confirm it in the afternoon; the newest wait.
func (t *town) arrivals(ctx context.Context, tx db.Tx, morning time.Time) error {
	for i, k := range t.tenancies {
		came := morning.Add(time.Duration(20+i%early*25) * time.Minute)
		if k.day != t.today || came.After(t.now) {
			continue
		}
		id, err := t.occupant(at(ctx, came), tx, k.unit, k.owner)
		if err != nil {
			return fmt.Errorf("%s: %w", k.code, err)
		}
		t.filed[id] = t.today
		if i >= len(t.tenancies)-newest {
			continue
		}
		if err := t.approve(at(ctx, came.Add(5*time.Hour)), tx, core.Supervisor, customer.FileKind.Ref(ctx, id)); err != nil {
			return err
		}
	}
	return nil
}

// approve says yes, as somebody of the role, to the request that waits about a record.
func (t *town) approve(ctx context.Context, tx db.Tx, role core.Role, about core.Ref) error {
	rs, err := approval.Of(ctx, tx, about)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if r.State == approval.Waiting {
			return approval.Decide(t.as(ctx, role), tx, r.Ref.ID, true, "")
		}
	}
	return fmt.Errorf("nothing waits about %s", about)
}

// verifications check the files whose year is nearly over (B1.2); now and then one is left for tomorrow.
func (t *town) verifications(ctx context.Context, tx db.Tx, morning time.Time) error {
	if morning.Add(4 * time.Hour).After(t.now) {
		return nil
	}
	const ahead = 12 // days before the year is over
	var due []core.ID
	for id, day := range t.filed {
		if day == t.today-(history-ahead) {
			due = append(due, id)
		}
	}
	slices.Sort(due)
	for i, id := range due {
		if i%early == early-1 {
			continue
		}
		if err := customer.Verify(t.as(at(ctx, morning.Add(time.Duration(90+i*20)*time.Minute)), core.Desk), tx, id, "电话核对无误"); err != nil {
			return err
		}
	}
	return nil
}

// chores are what the regulation asks on days of the month, once a month each. Three of the months ran late.
func (t *town) chores(ctx context.Context, tx db.Tx, morning time.Time) error {
	if morning.Add(9 * time.Hour).After(t.now) {
		return nil
	}
	today := core.DateOf(morning, t.place.Zone)
	month := today.Month()
	sign, inspect, confirm := month.Day(18), month.Day(26), month.Last().Add(-1)
	switch t.monthsAgo(month) {
	case 3:
		sign = month.Day(25) // security signed late
	case 6:
		inspect = month.Last()
	}
	for _, c := range []struct {
		name string
		from core.Date
		at   time.Duration
		do   func(context.Context, db.Tx, core.Month) error
	}{
		{"planned", month.Day(2), 1, t.planned},
		{"operations", month.Day(3), 1, t.operations},
		{"statistics", month.Day(4), 1, t.statistics},
		{"reports", month.Day(5), 2, t.reports},
		{"remind", month.Day(8), 2, t.remind},
		{"announce", month.Day(12), 3, t.announce},
		{"directory", month.Day(16), 2, t.directory},
		{"sign", sign, 3, t.received},
		{"inspect", inspect, 7, t.inspect},
		{"confirm", confirm, 9, t.confirm},
		{"followups", month.Last().Add(-3), 9, t.followedUp},
	} {
		if today < c.from || t.did[c.name] == month || c.name == "confirm" && t.monthsAgo(month) == 5 {
			continue
		}
		t.did[c.name] = month
		if err := c.do(at(ctx, morning.Add(c.at*time.Hour)), tx, month); err != nil {
			return fmt.Errorf("%s of %s: %w", c.name, month, err)
		}
	}
	if before := month.Add(-1); t.monthsAgo(before) == 5 && today == month.Day(2) && t.today > 3 { // the figures two days late
		return t.confirm(at(ctx, morning.Add(9*time.Hour)), tx, before)
	}
	return nil
}

// monthsAgo counts back from the month of now.
func (t *town) monthsAgo(m core.Month) int {
	n := 0
	for now := core.MonthOf(t.now, t.place.Zone); m < now; m = m.Add(1) {
		n++
	}
	return n
}

// directory compiles the merchants' telephone list and sends it to security (D4.7).
func (t *town) directory(ctx context.Context, tx db.Tx, _ core.Month) (err error) {
	if t.list, err = customer.Compile(t.as(ctx, core.Desk), tx); err != nil {
		return err
	}
	return customer.Send(t.as(ctx, core.Supervisor), tx, t.list)
}

// received is security's signature for the list.
func (t *town) received(ctx context.Context, tx db.Tx, _ core.Month) error {
	return customer.Sign(t.as(ctx, core.Guard), tx, t.list)
}

// confirm keeps the month's repair figures, with its sampled calls (C17.4).
func (t *town) confirm(ctx context.Context, tx db.Tx, month core.Month) error {
	sampled := int64(6 + t.rand.IntN(6))
	_, err := repair.ConfirmMonth(t.as(ctx, core.Supervisor), tx, 0, repair.Confirm{Month: month, Sampled: sampled, Satisfied: sampled - int64(t.rand.IntN(2)), Note: "按台账统计"})
	return err
}

// items are those of the building's own checklist.
func items() string {
	return "大堂地面与绿植\n电梯厅标识完好\n公共洗手间\n停车场照明"
}

// adopt adds a clause of the firm's own: proposed by the supervisor, approved by the manager.
func (t *town) adopt(ctx context.Context, tx db.Tx, morning time.Time) error {
	ctx = at(ctx, morning.Add(2*time.Hour))
	id, err := compliance.ProposeOwn(t.as(ctx, core.Supervisor), tx, "", compliance.OwnIn{Kind: "checklist", ZH: "每月巡查公共区域环境与服务标识,逐项确认,发现问题当天报修",
		EN: "Every month the common areas and their signs are inspected item by item; what is wrong is reported the same day", Basis: "名门商管〔2025〕7号《公共区域巡查办法》", Area: "facilities",
		Owner: string(core.Desk), Escalate: string(core.Supervisor), Months: 1, Day: "28", Items: items(), Scope: "project", From: core.Today(ctx).Add(1), Reason: "季度会议决定,统一巡查口径"})
	if err != nil {
		return err
	}
	return approval.Decide(t.as(at(ctx, morning.Add(6*time.Hour)), core.Manager), tx, id, true, "同意")
}

// inspect closes the month's duty of the firm's own checklist.
func (t *town) inspect(ctx context.Context, tx db.Tx, month core.Month) error {
	ds, err := duty.Of(ctx, tx, duty.PeriodRef(t.place.ID, month))
	if err != nil {
		return err
	}
	for _, d := range ds {
		if d.Clause == "F1" && d.State == duty.StateOpen {
			return compliance.Close(t.as(ctx, core.Desk), tx, d.Ref.ID, compliance.CloseIn{Note: "巡查记录 " + string(month), Items: []string{"1", "2", "3", "4"}})
		}
	}
	t.did["inspect"] = "" // there is none yet
	return nil
}

// enquiry is a question that the desk answers at once, or hands on and answers later (A3.5).
func (t *town) enquiry(ctx context.Context, tx db.Tx, came time.Time) error {
	u := t.units[t.rand.IntN(len(t.units))]
	in := desk.Intake{Channel: t.pick("phone", "counter", "wechat"), Kind: desk.Enquiry, Customer: u.customer, CustomerName: u.name, Unit: u.id, UnitCode: u.code, Contact: core.Personal(u.contact), Phone: u.phone, At: came,
		Content: t.pick("本月物业费账单什么时候出", "月租车位还有没有", "周末空调加时怎么申请", "会议室能否临时借用", "快递柜在哪一层")}
	in.Answer = "已当场说明办法和办理地点"
	_, _, err := desk.Take(t.as(at(ctx, came), core.Desk), tx, in)
	return err
}

// ---- what the regulation refused

// refused tries something that a clause forbids, in a Write of its own, as the person would have: the refusal is kept
// and shows on the board.
func (t *town) refused(ctx context.Context, role core.Role, clause, verb string, ref core.Ref, fn func(ctx context.Context, tx db.Tx) error) error {
	err := t.app.DB.Write(core.WithDoing(t.as(ctx, role), core.Doing{Verb: verb, Ref: ref}), fn)
	if core.ClauseOf(err) != clause {
		return fmt.Errorf("%s should be refused by %s: %v", verb, clause, err)
	}
	return nil
}

// mistake is something that somebody tried that day and the system refused.
func (t *town) mistake(ctx context.Context, morning time.Time) error {
	came := morning.Add(time.Duration(60+t.rand.IntN(400)) * time.Minute)
	if came.Add(3 * time.Hour).After(t.now) {
		return nil
	}
	none := core.Ref{Project: t.place.ID}
	in := customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(t.company()), Category: customer.Ordinary, Consent: "written",
		Contacts: []customer.Entry{{Name: core.Personal(t.name()), Role: customer.RoleContact, Phone: t.phone()}}}
	create := func(ctx context.Context, tx db.Tx) error { _, err := customer.Create(ctx, tx, in); return err }
	switch t.rand.IntN(6) {
	case 0:
		in.Consent = ""
		return t.refused(at(ctx, came), core.Desk, "B1.4", "customer.new", none, create)
	case 1:
		in.Category = customer.Key // with one contact person
		return t.refused(at(ctx, came), core.Desk, "C15.4", "customer.new", none, create)
	case 2:
		return t.refused(at(ctx, came), core.Cashier, "D1.14", "parking.new", none, func(ctx context.Context, tx db.Tx) error {
			_, err := estate.CreateParking(ctx, tx, estate.SpaceIn{Code: fmt.Sprintf("B1-%03d", t.today), State: estate.SpaceLet})
			return err
		})
	case 3:
		return t.stopped(ctx, came, false, 0, core.Supervisor, "C3.7", "repair.dispatch", func(ctx context.Context, tx db.Tx, id core.ID) error {
			return repair.Send(ctx, tx, id, repair.Dispatch{Technician: t.staff[core.Technician][0].ID})
		})
	case 4:
		return t.stopped(ctx, came, true, 0, core.Supervisor, "C17.5", "repair.dispatch", func(ctx context.Context, tx db.Tx, id core.ID) error {
			return repair.Send(ctx, tx, id, repair.Dispatch{Technician: t.staff[core.Technician][1].ID}) // of air conditioning
		})
	}
	return t.stopped(ctx, came, true, 2, core.Technician, "C17.2", "repair.start", func(ctx context.Context, tx db.Tx, id core.ID) error {
		return repair.Start(ctx, tx, id)
	})
}

// stopped is a chargeable repair at which somebody tries, after so many steps, what a clause refuses; then it goes on as
// it should.
func (t *town) stopped(ctx context.Context, came time.Time, confirmed bool, after int, role core.Role, clause, verb string, try func(ctx context.Context, tx db.Tx, id core.ID) error) error {
	f := fault{"卫生间水龙头漏水", "water", true, false}
	var ref core.Ref
	var rest []step
	clock := came
	err := t.app.DB.Write(at(ctx, came), func(ctx context.Context, tx db.Tx) error {
		var err error
		if ref, err = t.take(ctx, tx, came, f, confirmed); err != nil {
			return err
		}
		technician, err := t.skilled(ctx, tx, ref.ID)
		if err != nil {
			return err
		}
		rest = t.steps(ref.ID, f, technician)
		clock, err = t.walk(ctx, tx, clock, technician, rest[:after])
		t.hand = technician
		return err
	})
	if err != nil {
		return err
	}
	clock = clock.Add(time.Minute)
	err = t.refused(at(ctx, clock), role, clause, verb, ref, func(ctx context.Context, tx db.Tx) error { return try(ctx, tx, ref.ID) })
	if err != nil {
		return err
	}
	return t.app.DB.Write(at(ctx, clock), func(ctx context.Context, tx db.Tx) error {
		if !confirmed {
			o, err := repair.Get(ctx, tx, ref.ID)
			if err != nil {
				return err
			}
			if err := repair.ConfirmContact(t.as(at(ctx, clock.Add(2*time.Minute)), core.Desk), tx, ref.ID, repair.Contact{Name: o.Contact, Phone: o.Phone, Note: "已核对"}); err != nil {
				return err
			}
		}
		_, err := t.walk(ctx, tx, clock.Add(3*time.Minute), t.hand, rest[after:])
		return err
	})
}

// ---- what waits for a yes when the demo begins

// pending leaves some work for whoever decides: a change of the regulation, and a contractor for an emergency.
func (t *town) pending(ctx context.Context, tx db.Tx) error {
	before := at(ctx, t.now.Add(-90*time.Minute))
	if err := t.mailing(before, tx); err != nil {
		return err
	}
	if err := t.waiting(ctx, tx); err != nil {
		return err
	}
	for _, part := range []func(context.Context, db.Tx) error{t.seminar, t.campaign, t.absences, t.reassured} {
		if err := part(before, tx); err != nil {
			return err
		}
	}
	if _, err := compliance.ProposeChange(t.as(before, core.Supervisor), tx, "B4.3", compliance.ChangeIn{Name: "term", Value: "20min", Scope: "project", From: core.Today(before).Add(9), Reason: "客户希望更快得到回音"}); err != nil {
		return err
	}
	came := t.now.Add(-50 * time.Minute)
	f := fault{"配电间跳闸,半层停电", "electric", false, true}
	ref, err := t.take(at(ctx, came), tx, came, f, true, desk.Detail{Name: "level", Value: repair.Urgent})
	if err != nil {
		return err
	}
	return repair.AskOutside(t.as(at(ctx, t.now.Add(-40*time.Minute)), core.Supervisor), tx, ref.ID, repair.Outside{Company: "鹏电机电工程公司", Reason: "高压侧须持证人员操作"})
}

// absences are the approvals that somebody else decides: the manager was away and came back, the general manager is on a
// journey, and the manager's training is to come.
func (t *town) absences(ctx context.Context, tx db.Tx) error {
	today := core.Today(ctx)
	manager, gm, supervisor := t.staff[core.Manager][0], t.staff[core.GM][0], t.staff[core.Supervisor][0]
	for _, d := range []struct {
		given    core.Date
		from, to core.Actor
		role     core.Role
		since    core.Date
		days     int
		reason   string
	}{{today.Add(-27), manager, supervisor, core.Manager, today.Add(-26), 1, "参加消防安全管理人培训"}, {today, gm, manager, core.GM, today, 2, "出差洽谈招商"}, {today, manager, supervisor, core.Manager, today.Add(10), 2, "年度体检和休假"}} {
		given := core.WithActor(at(ctx, core.Now(ctx).AddDate(0, 0, -d.given.Days(today))), d.from)
		if _, err := approval.Give(given, tx, approval.Delegation{Role: d.role, Delegate: d.to.ID, DelegateName: d.to.Name, Since: d.since, Until: d.since.Add(d.days), Reason: d.reason}); err != nil {
			return err
		}
	}
	return nil
}
