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
// computes the early warning anew. Each part is a Write of its own, and where there may be something to open for each
// customer a portion of them is, so that nobody at the desk waits for the whole round; run again it finds what is left.
func daily(ctx context.Context, d *db.DB) error {
	ctx = core.AsSystem(ctx)
	for _, do := range []func(context.Context, db.Tx) error{openDays, dropCadence, openFestivals, meetingHeld} {
		if err := d.Write(ctx, do); err != nil {
			return err
		}
	}
	for _, do := range []func(context.Context, db.Tx, []Row) error{openContacts, openCadence} {
		if err := byPortions(ctx, d, do); err != nil {
			return err
		}
	}
	return d.Write(ctx, Recompute)
}

// portion is how many customers of the round one Write looks at.
const portion = 100

// byPortions calls fn with the customers of the round, some at a time, each time as they stand then.
func byPortions(ctx context.Context, d *db.DB, fn func(context.Context, db.Tx, []Row) error) error {
	var all []Row
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		all, err = roundRows(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(all, portion) {
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			rs, err := roundRows(ctx, tx, idsOf(some)...)
			if err != nil {
				return err
			}
			return fn(ctx, tx, rs)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func idsOf(rs []Row) []core.ID {
	ids := make([]core.ID, len(rs))
	for i, r := range rs {
		ids[i] = r.ID
	}
	return ids
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

// openContacts puts those of the customers who are to be spoken to within two weeks on their keepers' lists (A3.6).
func openContacts(ctx context.Context, tx db.Tx, rs []Row) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil || !rules.On("A3.6") {
		return err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	if err != nil {
		return err
	}
	every := rules.Span("A3.6", "every")
	var all []duty.Opening
	for _, r := range rs {
		due := clock.EndOf(core.DateOf(r.lastWord(), core.ProjectOf(ctx).Zone).Add(every.N))
		if soon := core.Now(ctx).AddDate(0, 0, ahead); due.After(soon) || !r.tenant {
			continue
		}
		if due.Before(core.Now(ctx)) { // known too late to be late: two weeks from now
			due = clock.EndOf(core.Today(ctx).Add(ahead))
		}
		all = append(all, duty.Opening{Clause: "A3.6", About: customerRef(core.ProjectOf(ctx).ID, r.ID), Opts: []duty.Option{duty.Number("every"), duty.Due(due), duty.To(r.keeper()), duty.Again(),
			duty.About(core.T("主动联系客户:%s", "Get in touch with %s", r.discreet()), href(ctx, 0, "round"))}})
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
	return duty.OpenMany(ctx, tx, c.Project, []duty.Opening{owedCadence(ctx, c, supervisor, from)})
}

func owedCadence(ctx context.Context, c customer.Customer, supervisor bool, from time.Time) duty.Opening {
	number, who := "handler", duty.By(core.Desk)
	title := core.T("经办人走访重点客户:%s", "The handler visits the key customer %s", c.Discreet())
	if supervisor {
		number, who, title = "supervisor", duty.By(core.Supervisor), core.T("主管拜访重点客户:%s", "A supervisor visits the key customer %s", c.Discreet())
	}
	opts := []duty.Option{duty.Number(number), duty.From(from), who, duty.Again(), duty.About(title, href(ctx, 0, "new")+"?sort=key&customer="+c.ID.String())}
	if !supervisor {
		opts = append(opts, duty.To(c.Keeper))
	}
	return duty.Opening{Clause: "C16.3", About: cadenceRef(c, supervisor), Opts: opts}
}

// openCadence opens, from now on, the regular visits to those of the customers who are of the first class; what is open
// stays as it is.
func openCadence(ctx context.Context, tx db.Tx, rs []Row) error {
	p := core.ProjectOf(ctx).ID
	var all []duty.Opening
	for _, r := range rs {
		if !r.first() {
			continue
		}
		c := customer.Customer{Project: p, ID: r.ID, Form: r.form, Name: r.Name, Keeper: r.keeper()}
		for _, supervisor := range []bool{false, true} {
			all = append(all, owedCadence(ctx, c, supervisor, core.Now(ctx)))
		}
	}
	return duty.OpenMany(ctx, tx, p, all)
}

// dropCadence closes the regular visits to customers who are of the first class no more.
func dropCadence(ctx context.Context, tx db.Tx) error {
	p := core.ProjectOf(ctx).ID
	refs, err := db.All(ctx, tx, func(r *core.Ref) []any { return []any{&r.Kind, &r.ID} }, `select d.kind, d.record_id from duty_duty d where d.project_id = $1 and d.clause = 'C16.3' and d.state = 'open'
		and not exists (select 1 from customer_customer c where c.project_id = d.project_id and c.id = d.record_id and c.state in ('met', 'pending', 'active') and (c.category = 'key' or c.grade = 'gold'))`, p)
	for _, r := range refs {
		if err == nil {
			r.Project = p
			err = duty.Void(ctx, tx, "C16.3", r, "已不是重点客户")
		}
	}
	return err
}
