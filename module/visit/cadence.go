package visit

import (
	"context"
	"slices"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/customer"
	"huiyin/regulation"
)

func clockOf(ctx context.Context, tx db.Tx) (calendar.Clock, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return calendar.Clock{}, err
	}
	return duty.Clock(ctx, tx, rules)
}

// FirstClass says whether a customer is of the first class (A 类客户, C16.3): key by category, or of the gold grade.
func FirstClass(c customer.Customer) bool {
	return c.Category == customer.Key || c.Grade == "gold"
}

// dayRef is the record that the daily visit is owed on: the day of the project.
func dayRef(project core.ID, day core.Date) core.Ref {
	t := day.Time(time.UTC)
	return core.Ref{Project: project, Kind: "day", ID: core.ID(t.Year()*10000 + int(t.Month())*100 + t.Day())}
}

// dayDone fulfils D5.3's visit of a day once as many merchants were visited on it as the clause asks.
func dayDone(ctx context.Context, tx db.Tx, day core.Date) error {
	p := core.ProjectOf(ctx)
	want, err := regulation.Count(ctx, tx, "D5.3", "visits")
	if err != nil {
		return err
	}
	n, err := db.Value[int64](ctx, tx, "select count(distinct customer_id) from visit_visit where project_id = $1 and visit_day = $2", p.ID, day)
	if err != nil || int(n)+1 < want { // the visit that is being noted is not stored yet
		return err
	}
	return duty.Done(ctx, tx, "D5.3", dayRef(p.ID, day))
}

// OpenDay opens the daily visit of a working day (D5.3); on other days, and within the clause's interval, nothing.
func OpenDay(ctx context.Context, tx db.Tx, day core.Date) error {
	p := core.ProjectOf(ctx)
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	if err != nil || !rules.On("D5.3") || !clock.Table.IsWorkday(day) {
		return err
	}
	last, err := lastDay(ctx, tx, day)
	if err != nil {
		return err
	}
	if every := rules.Span("D5.3", "every"); last != "" && clock.Table.AddWorkdays(last, every.N) > day {
		return nil
	}
	return duty.Open(ctx, tx, "D5.3", dayRef(p.ID, day), duty.Number("every"), duty.From(clock.StartOf(day)), duty.Due(clock.EndOf(day)),
		duty.About(core.T("走访一家商户(%s)", "Visit a merchant (%s)", string(day)), href(ctx, 0, "round")))
}

// lastDay is the last day before this one on which a daily visit was owed; "" when there was none.
func lastDay(ctx context.Context, tx db.Tx, before core.Date) (core.Date, error) {
	return db.Value[core.Date](ctx, tx, "select max(due_day) from duty_duty where project_id = $1 and clause = 'D5.3' and kind = 'day' and due_day < $2", core.ProjectOf(ctx).ID, before)
}

// catchUp is how many days back the daily visits of days on which the system stood still are opened.
const catchUp = 31

// daily opens what the day demands: the merchant of the day, the contacts and visits that fall due, the festivals ahead; and
// computes the early warning anew.
func daily(ctx context.Context, d *db.DB) error {
	return d.Write(core.AsSystem(ctx), func(ctx context.Context, tx db.Tx) error {
		for _, do := range []func(context.Context, db.Tx) error{openDays, openContacts, openCadence, openFestivals, meetingHeld, Recompute} {
			if err := do(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// openDays opens the daily visits up to today; before the first one it begins today.
func openDays(ctx context.Context, tx db.Tx) error {
	today := core.Today(ctx)
	day, err := lastDay(ctx, tx, today)
	if err != nil {
		return err
	}
	switch {
	case day == "":
		day = today
	default:
		day = max(day.Add(1), today.Add(-catchUp))
	}
	for ; day <= today; day = day.Add(1) {
		if err := OpenDay(ctx, tx, day); err != nil {
			return err
		}
	}
	return nil
}

// ahead is how many days before a contact falls due it is put on the list.
const ahead = 14

// openContacts puts the customers who are to be spoken to within two weeks on their keepers' lists (A3.6).
func openContacts(ctx context.Context, tx db.Tx) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil || !rules.On("A3.6") {
		return err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	if err != nil {
		return err
	}
	every := rules.Span("A3.6", "every")
	rs, err := roundRows(ctx, tx, "")
	var all []duty.Opening
	for _, r := range rs {
		due := clock.EndOf(core.DateOf(r.lastWord(), core.ProjectOf(ctx).Zone).Add(every.N))
		if soon := core.Now(ctx).AddDate(0, 0, ahead); due.After(soon) || !r.tenant {
			continue
		}
		if floor := clock.EndOf(core.Today(ctx).Add(ahead)); due.Before(core.Now(ctx)) { // known too late to be late: two weeks from now
			due = floor
		}
		all = append(all, duty.Opening{Clause: "A3.6", About: customerRef(core.ProjectOf(ctx).ID, r.ID), Opts: []duty.Option{duty.Number("every"), duty.Due(due), duty.To(r.keeper()), duty.Again(),
			duty.About(core.T("主动联系客户:%s", "Get in touch with %s", r.discreet()), href(ctx, 0, "round"))}})
	}
	if err != nil {
		return err
	}
	return duty.OpenMany(ctx, tx, core.ProjectOf(ctx).ID, all)
}

// cadence fulfils and renews the regular visits to a customer of the first class (C16.3).
func cadence(ctx context.Context, tx db.Tx, c customer.Customer, v Visit) error {
	if v.Supervised {
		if err := renew(ctx, tx, c, true, v.At); err != nil {
			return err
		}
	}
	if v.Supervised && v.Went != c.Keeper {
		return nil
	}
	return renew(ctx, tx, c, false, v.At)
}

// cadenceRef is the record that a regular visit is owed on: the customer for the handler's, his visits for the supervisor's.
func cadenceRef(c customer.Customer, supervisor bool) core.Ref {
	if supervisor {
		return core.Ref{Project: c.Project, Kind: "key-visit", ID: c.ID}
	}
	return c.Ref()
}

func renew(ctx context.Context, tx db.Tx, c customer.Customer, supervisor bool, from time.Time) error {
	ref := cadenceRef(c, supervisor)
	if err := duty.Done(ctx, tx, "C16.3", ref); err != nil {
		return err
	}
	return oweCadence(ctx, tx, c, supervisor, from)
}

func oweCadence(ctx context.Context, tx db.Tx, c customer.Customer, supervisor bool, from time.Time) error {
	number, who := "handler", duty.By(core.Desk)
	title := core.T("经办人走访重点客户:%s", "The handler visits the key customer %s", c.Discreet())
	if supervisor {
		number, who, title = "supervisor", duty.By(core.Supervisor), core.T("主管拜访重点客户:%s", "A supervisor visits the key customer %s", c.Discreet())
	}
	opts := []duty.Option{duty.Number(number), duty.From(from), who, duty.Again(), duty.About(title, href(ctx, 0, "new")+"?sort=key&customer="+c.ID.String())}
	if !supervisor {
		opts = append(opts, duty.To(c.Keeper))
	}
	return duty.Open(ctx, tx, "C16.3", cadenceRef(c, supervisor), opts...)
}

// openCadence opens the regular visits to whoever has become a customer of the first class, from now on, and closes those
// to customers who are none any more.
func openCadence(ctx context.Context, tx db.Tx) error {
	on, err := regulation.On(ctx, tx, "C16.3")
	if err != nil || !on {
		return err
	}
	rs, err := roundRows(ctx, tx, "")
	if err != nil {
		return err
	}
	p, first := core.ProjectOf(ctx).ID, map[core.ID]bool{}
	open, err := db.Values[string](ctx, tx, "select kind || ' ' || record_id from duty_duty where project_id = $1 and clause = 'C16.3' and state = 'open'", p)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if !r.first() {
			continue
		}
		first[r.ID] = true
		c := customer.Customer{Project: p, ID: r.ID, Form: r.form, Name: r.Name, Keeper: r.keeper()}
		for _, supervisor := range []bool{false, true} {
			if ref := cadenceRef(c, supervisor); !slices.Contains(open, ref.Kind+" "+ref.ID.String()) {
				if err := oweCadence(ctx, tx, c, supervisor, core.Now(ctx)); err != nil {
					return err
				}
			}
		}
	}
	return dropCadence(ctx, tx, first)
}

func dropCadence(ctx context.Context, tx db.Tx, first map[core.ID]bool) error {
	p := core.ProjectOf(ctx).ID
	ids, err := db.Values[core.ID](ctx, tx, "select distinct record_id from duty_duty where project_id = $1 and clause = 'C16.3' and state = 'open'", p)
	for _, id := range ids {
		if first[id] {
			continue
		}
		for _, kind := range []string{"customer", "key-visit"} {
			if err == nil {
				err = duty.Void(ctx, tx, "C16.3", core.Ref{Project: p, Kind: kind, ID: id}, "已不是重点客户")
			}
		}
	}
	return err
}
