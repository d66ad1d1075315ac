package repair

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/module/desk"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

// Topic is what live pages of a project's repairs listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/repair" }

func href(ctx context.Context, id core.ID, more ...string) string {
	return Kind().Href(ctx, id, more...)
}

// guard refuses by the clause; imported orders pass.
func guard(ctx context.Context, tx db.Tx, o Order, clause string, ok bool, zh, en string) error {
	return regulation.Require(ctx, tx, clause, ok || o.Imported(), zh, en)
}

// in lets an order through whose state is one of these; the refusal says what it waits for.
func in(o Order, states ...string) error {
	if slices.Contains(states, o.State) {
		return nil
	}
	waits := map[string]core.Text{StateNew: core.T("还没有派工", "Nobody has been dispatched yet"), StateDispatched: core.T("维修还没有到场", "The technician has not arrived yet"),
		StateArrived: core.T("还没有开始施工", "The work has not started yet"), StateQuoted: core.T("还没有开始施工", "The work has not started yet"), StateAgreed: core.T("还没有开始施工", "The work has not started yet"),
		StateWorking: core.T("还没有完工", "The work is not finished yet"), StateFinished: core.T("客户还没有签字", "The customer has not signed yet")}
	if text, ok := waits[o.State]; ok && !slices.ContainsFunc(states, func(s string) bool { return order(s) < order(o.State) }) {
		return register.Later(text.ZH, text.EN)
	}
	return register.Later("现在的状态是「%s」,不能这样做", "The order is “%s”; this cannot be done now", core.Label(States(), o.State))
}

// order is a state's place in the usual course.
func order(state string) int {
	return slices.IndexFunc(States(), func(c core.Choice) bool { return c.Value == state })
}

// next is the step that follows the one whose turn it is.
func next(o Order) string {
	switch o.State {
	case StateNew:
		return "arrive"
	case StateDispatched:
		return "start"
	case StateArrived, StateQuoted, StateAgreed:
		return "finish"
	case StateWorking:
		return "sign"
	}
	return ""
}

// change is a verb's frame: it locks the order, asks the check, lets fn work on it, and writes order and journal.
func change(ctx context.Context, tx db.Tx, id core.ID, check func(context.Context, db.Tx, Order) error, verb string, payload any, fn func(*Order) error) error {
	o, err := lock(ctx, tx, id)
	if err == nil {
		err = check(ctx, tx, o)
	}
	if err == nil {
		err = fn(&o)
	}
	if err == nil {
		o.Due, err = dueOf(ctx, tx, o)
	}
	if err == nil {
		err = save(ctx, tx, o)
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(o.Ref.Project))
	tx.Publish(desk.Topic(o.Ref.Project))
	if err := happened(ctx, tx, o, verb); err != nil {
		return err
	}
	return journal.Add(ctx, tx, o.Ref, verb, payload, journal.For(o.Customer))
}

// happened tells the firm's own clauses what happened to the order.
func happened(ctx context.Context, tx db.Tx, o Order, verb string) error {
	return duty.Happened(ctx, tx, "repair."+verb, o.Ref, o.Number+" "+o.Content, Kind().Href(ctx, o.Ref.ID))
}

// canTake: D4.1, a user's own appliance is not taken.
func canTake(ctx context.Context, tx db.Tx, in Intake) error {
	return regulation.Guard(ctx, tx, "D4.1", !in.Own, core.T("用户自有电器不受理,请记录给用户的建议", "A user's own appliance is not taken; log the advice given"))
}

// Take makes the order. It owes the desk's call through the matter (B4.3); a serious case (D4.2) calls the three parties.
func Take(ctx context.Context, tx db.Tx, in Intake) (Order, error) {
	if err := canTake(ctx, tx, in); err != nil {
		return Order{}, err
	}
	o := newOrder(ctx, tx, in)
	var err error
	if in.Matter != 0 {
		m, err := desk.Taken(ctx, tx, in.Matter)
		if err != nil {
			return o, err
		}
		o.At, o.Day, o.Due = m.At, m.Day, m.Due
	}
	if o.Number, err = db.NextNumber(ctx, tx, o.Ref.Project, "WX", core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone)); err != nil {
		return o, err
	}
	if o.Level == Major {
		if err := raiseAlarm(ctx, tx, &o); err != nil {
			return o, err
		}
	}
	if err := insert(ctx, tx, o, "", ""); err != nil {
		return o, err
	}
	if err := put(ctx, tx, o); err != nil {
		return o, err
	}
	if err := tellMaintenance(ctx, tx, o); err != nil {
		return o, err
	}
	tx.Publish(Topic(o.Ref.Project))
	if err := happened(ctx, tx, o, "taken"); err != nil {
		return o, err
	}
	return o, journal.Add(ctx, tx, o.Ref, "taken", map[string]any{"content": o.Content, "level": o.Level, "trade": o.Trade, "scope": o.Scope, "contact": o.Contact, "phone": o.Phone}, journal.For(o.Customer))
}

func newOrder(ctx context.Context, tx db.Tx, in Intake) Order {
	p, now := core.ProjectOf(ctx), core.Now(ctx)
	if in.ID == 0 {
		in.ID = tx.NewID()
	}
	o := Order{Ref: core.Ref{Project: p.ID, Kind: "repair", ID: in.ID}, Version: 1, Origin: desk.OriginDesk, Matter: in.Matter, Customer: in.Customer,
		CustomerName: in.CustomerName, Unit: in.Unit, UnitCode: in.UnitCode, Building: buildingOf(in.UnitCode), Place: in.Place, Scope: in.Scope, Trade: in.Trade,
		Level: in.Level, LevelBy: "person", Paid: in.Paid, Contact: in.Contact, Phone: in.Phone, Content: in.Content, Channel: in.Channel, Wish: in.Wish,
		State: StateNew, Open: true, At: now, Day: core.DateOf(now, p.Zone), Round: 1}
	if o.Level == "" {
		o.Level, o.LevelBy = ProposeLevel(in.Content), "rule"
	}
	if o.Trade == "" {
		o.Trade = ProposeTrade(in.Content)
	}
	if o.Scope == "" {
		o.Scope = Indoor
		if in.UnitCode == "" {
			o.Scope = Public
		}
	}
	if in.Confirmed && in.Contact != "" && in.Phone != "" {
		o.Confirmed = now
	}
	o.Rank = rankOf(o.Level)
	return o
}

// buildingOf is the letters before a unit's number: A of A1203.
func buildingOf(unit string) string {
	i := strings.IndexAny(unit, "0123456789")
	if i <= 0 {
		return ""
	}
	return unit[:i]
}

// raiseAlarm opens the fifteen minutes of D4.2 and calls the three parties.
func raiseAlarm(ctx context.Context, tx db.Tx, o *Order) error {
	on, err := regulation.On(ctx, tx, "D4.2")
	if err != nil || !on {
		return err
	}
	term, err := regulation.Span(ctx, tx, "D4.2", "term")
	if err != nil {
		return err
	}
	title := core.T("三方到场:%s %s %s", "Three parties on site: %s %s %s", o.Number, o.UnitCode, o.Content)
	if err := duty.Open(ctx, tx, "D4.2", o.Ref, duty.Again(), duty.About(title, href(ctx, o.Ref.ID))); err != nil {
		return err
	}
	if due := core.Now(ctx).Add(term.Duration()); o.Due.IsZero() || due.Before(o.Due) {
		o.Due = due
	}
	for _, role := range []core.Role{core.Supervisor, core.Desk, core.Technician} {
		if err := notify.TellRole(ctx, tx, o.Ref.Project, role, notify.Message{Ref: o.Ref, Title: title, URL: href(ctx, o.Ref.ID), Urgent: true}); err != nil {
			return err
		}
	}
	return nil
}

// tellMaintenance tells the maintenance department of every order, inside or common (D4.9); a serious case has told it.
func tellMaintenance(ctx context.Context, tx db.Tx, o Order) error {
	on, err := regulation.On(ctx, tx, "D4.9")
	if err != nil || !on || o.Level == Major {
		return err
	}
	return notify.TellRole(ctx, tx, o.Ref.Project, core.Technician, notify.Message{Ref: o.Ref, URL: href(ctx, o.Ref.ID),
		Title: core.T("新报修(%s)%s %s", "New repair (%s) %s %s", core.Label(Scopes(), o.Scope), o.Number, o.UnitCode)})
}

func put(ctx context.Context, tx db.Tx, o Order) error {
	return search.Put(ctx, tx, search.Doc{Ref: o.Ref, Perm: "repair.view", Title: o.Number + " " + o.Content, Sub: strings.TrimSpace(o.UnitCode + " " + o.CustomerName), URL: href(ctx, o.Ref.ID),
		Words: []string{o.Content, o.Place}, Names: []string{o.CustomerName, string(o.Contact)}, Phones: []core.Phone{o.Phone}, Codes: []string{o.Number, o.UnitCode, o.OfficeNo}, At: o.At})
}

// ---- level

// Grade is a person's decision on level, nature, scope and whether it is charged.
type Grade struct {
	Level, Trade, Scope string
	Paid                bool
}

func canGrade(_ context.Context, _ db.Tx, o Order) error {
	return in(o, StateNew, StateDispatched, StateArrived)
}

// SetLevel confirms or changes the level that the rule proposed (D4.2).
func SetLevel(ctx context.Context, tx db.Tx, id core.ID, g Grade) error {
	return change(ctx, tx, id, canGrade, "graded", map[string]any{"level": g.Level, "trade": g.Trade, "paid": g.Paid}, func(o *Order) error {
		was := o.Level
		o.Level, o.LevelBy, o.Trade, o.Scope, o.Paid, o.Rank = g.Level, "person", g.Trade, g.Scope, g.Paid, rankOf(g.Level)
		switch {
		case was == Major && g.Level != Major:
			return duty.Void(ctx, tx, "D4.2", o.Ref, "不是重大情况")
		case was != Major && g.Level == Major:
			return raiseAlarm(ctx, tx, o)
		}
		return nil
	})
}

// ---- contact (C3.7)

// Contact is who was asked for this repair, confirmed by calling back.
type Contact struct {
	Name  core.Personal
	Phone core.Phone
	Note  string
}

func canConfirm(_ context.Context, _ db.Tx, o Order) error {
	return in(o, StateNew, StateDispatched, StateArrived, StateHeld)
}

// ConfirmContact records that contact and number were checked for this repair (C3.7), which is the call of B4.3.
func ConfirmContact(ctx context.Context, tx db.Tx, id core.ID, c Contact) error {
	return change(ctx, tx, id, canConfirm, "confirmed", c, func(o *Order) error {
		o.Contact, o.Phone, o.Confirmed = c.Name, c.Phone, core.Now(ctx)
		if err := put(ctx, tx, *o); err != nil {
			return err
		}
		return desk.Contacted(ctx, tx, o.Matter, c.Note)
	})
}

// ---- dispatch (C17.5, C3.7, C18.1)

// Dispatch sends a technician.
type Dispatch struct {
	Technician core.ID
	Appoint    time.Time // agreed with the customer; zero: at once, without an appointment
	Reason     string    // needed when the technician lacks the skill, and to send another
}

func canDispatch(ctx context.Context, tx db.Tx, o Order) error {
	if err := in(o, StateNew, StateDispatched, StateArrived); err != nil {
		return err
	}
	return guard(ctx, tx, o, "C3.7", !o.Confirmed.IsZero(), "还没有核对这次报修的联系人和电话", "The contact and number for this repair are not confirmed")
}

// Send dispatches or re-dispatches the order.
func Send(ctx context.Context, tx db.Tx, id core.ID, d Dispatch) error {
	w, err := workerOf(ctx, tx, d.Technician)
	if err != nil {
		return err
	}
	payload := map[string]any{"technician": w.Name, "reason": d.Reason, "why": bracketed(d.Reason), "appoint": d.Appoint}
	return change(ctx, tx, id, canDispatch, "dispatched", payload, func(o *Order) error {
		fits := w.Has(o.Trade) || strings.TrimSpace(d.Reason) != ""
		if err := guard(ctx, tx, *o, "C17.5", fits, "这位维修没有这项专长,请按专长派工或写明理由", "This technician lacks the skill; send one who has it, or give a reason"); err != nil {
			return err
		}
		if o.State != StateNew && strings.TrimSpace(d.Reason) == "" {
			return core.Invalid("reason", "改派请写明理由", "Give the reason for sending somebody else")
		}
		o.Technician, o.TechnicianName, o.Outside = w.ID, w.Name, ""
		return sent(ctx, tx, o, d.Appoint)
	})
}

// bracketed is a reason behind a name.
func bracketed(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// sent puts the order on its way: the appointment with its duty, the customer's call done, the technician told.
func sent(ctx context.Context, tx db.Tx, o *Order, appoint time.Time) error {
	o.State, o.Dispatched, o.Arrived = StateDispatched, core.Now(ctx), time.Time{}
	if err := desk.Contacted(ctx, tx, o.Matter, "已派工"); err != nil {
		return err
	}
	if appoint.IsZero() {
		appoint = o.Appoint
	}
	if !appoint.IsZero() {
		if err := appointAt(ctx, tx, o, appoint, ""); err != nil {
			return err
		}
	}
	if o.Technician == 0 {
		return nil
	}
	return notify.Tell(ctx, tx, o.Ref.Project, o.Technician, notify.Message{Ref: o.Ref, Urgent: o.Level == Major, URL: href(ctx, 0, "mine"),
		Title: core.T("派工:%s %s %s", "Dispatched to you: %s %s %s", o.Number, o.UnitCode, o.Content)})
}

// appointAt sets the appointment and the duty to be there in time (C17.1).
func appointAt(ctx context.Context, tx db.Tx, o *Order, at time.Time, told string) error {
	o.Appoint = at
	if o.Imported() && !o.Open {
		return nil
	}
	tolerance, err := regulation.Span(ctx, tx, "C17.1", "tolerance")
	if err != nil {
		return err
	}
	due := at.Add(tolerance.Duration())
	if err := addVisit(ctx, tx, *o, due, told); err != nil {
		return err
	}
	if err := duty.Void(ctx, tx, "C17.1", o.Ref, "改约"); err != nil {
		return err
	}
	return duty.Open(ctx, tx, "C17.1", o.Ref, duty.Number("tolerance"), duty.Due(due), duty.To(o.Technician), duty.Again(),
		duty.About(core.T("按预约上门:%s %s", "Keep the appointment: %s %s", o.Number, o.UnitCode), href(ctx, o.Ref.ID)))
}

// Appointment is a time agreed with the customer.
type Appointment struct {
	At   time.Time
	Told string // how the customer was told
}

// C17.1: an appointment may be moved with the customer before its time, not after.
func canAppoint(ctx context.Context, tx db.Tx, o Order) error {
	if err := in(o, StateDispatched); err != nil {
		return err
	}
	tolerance, err := regulation.Span(ctx, tx, "C17.1", "tolerance")
	if err != nil {
		return err
	}
	late := !o.Appoint.IsZero() && core.Now(ctx).After(o.Appoint.Add(tolerance.Duration()))
	return guard(ctx, tx, o, "C17.1", !late, "预约时间已过,不能再改约", "The appointment has passed and can no longer be moved")
}

// Appoint sets or moves the appointment, the customer having been told.
func Appoint(ctx context.Context, tx db.Tx, id core.ID, a Appointment) error {
	if a.At.Before(core.Now(ctx)) {
		return core.Invalid("at", "预约时间不能早于现在", "The appointment cannot be in the past")
	}
	when := a.At.In(core.ProjectOf(ctx).Zone).Format("01-02 15:04")
	return change(ctx, tx, id, canAppoint, "appointed", map[string]string{"when": when, "told": a.Told}, func(o *Order) error {
		return appointAt(ctx, tx, o, a.At, a.Told)
	})
}

// ---- arrival (C17.1, D4.2)

// Arrive stamps an arrival; Party is who has come, by the actor's role when empty.
type Arrive struct{ Party string }

func canArrive(ctx context.Context, tx db.Tx, o Order) error {
	if o.State == StateDispatched && partyOf(ctx, o, "") != "" {
		return nil
	}
	if o.Level != Major {
		return in(o, StateDispatched)
	}
	if !o.Open {
		return core.Conflict("这张单已经办完", "The order is closed")
	}
	as, err := arrivals(ctx, tx, o)
	if err != nil {
		return err
	}
	if party := partyOf(ctx, o, ""); slices.ContainsFunc(as, func(a Arrival) bool { return a.Party == party }) {
		return register.Later("已经登记过到场", "The arrival is stamped already")
	}
	return nil
}

// partyOf is which of the three parties the actor is; a given one must be among his roles.
func partyOf(ctx context.Context, o Order, given string) string {
	a, p := core.ActorOf(ctx), core.ProjectOf(ctx).ID
	roles := []struct {
		party string
		is    bool
	}{{PartyTechnician, a.ID == o.Technician && a.ID != 0 || a.Has(p, core.Technician)}, {PartySupervisor, a.Has(p, core.Supervisor) || a.Has(p, core.Manager)}, {PartyDesk, a.Has(p, core.Desk)}}
	for _, r := range roles {
		if (r.is || a.Job) && (given == "" || given == r.party) {
			return r.party
		}
	}
	return ""
}

// ArriveAt stamps that the actor has come. The technician's stamp keeps the appointment (C17.1); when all three parties
// have come D4.2 is done. A contractor's arrival is stamped by the supervisor.
func ArriveAt(ctx context.Context, tx db.Tx, id core.ID, a Arrive) error {
	party := ""
	check := func(ctx context.Context, tx db.Tx, o Order) error {
		if party = partyOf(ctx, o, a.Party); party == "" {
			return core.Forbidden("repair.arrive")
		}
		return canArrive(ctx, tx, o)
	}
	payload := map[string]string{}
	return change(ctx, tx, id, check, "arrived", payload, func(o *Order) error {
		payload["party"] = party
		first, err := stamp(ctx, tx, *o, party)
		if err != nil {
			return err
		}
		technician := party == PartyTechnician || o.Outside != "" && party == PartySupervisor
		if !first && !(technician && o.State == StateDispatched) {
			return core.Conflict("已经登记过到场", "The arrival is stamped already")
		}
		if technician && o.State == StateDispatched {
			o.State, o.Arrived = StateArrived, core.Now(ctx)
			if err := keepVisit(ctx, tx, *o); err != nil {
				return err
			}
			if err := duty.Done(ctx, tx, "C17.1", o.Ref); err != nil {
				return err
			}
		}
		as, err := arrivals(ctx, tx, *o)
		if err != nil || len(as) < len(Parties()) {
			return err
		}
		return duty.Done(ctx, tx, "D4.2", o.Ref)
	})
}

// ---- photos

// Photos are pictures of before or after the work.
type Photos struct {
	Role  string // file.Before or file.After
	Files []core.Upload
}

func canPhoto(_ context.Context, _ db.Tx, o Order) error {
	if o.State == StateCancelled {
		return in(o, StateNew)
	}
	return nil
}

// AddPhotos attaches pictures.
func AddPhotos(ctx context.Context, tx db.Tx, id core.ID, p Photos) error {
	return change(ctx, tx, id, canPhoto, "photo", map[string]any{"count": len(p.Files), "role": p.Role}, func(o *Order) error {
		return attach(ctx, tx, *o, p.Role, p.Files)
	})
}

func attach(ctx context.Context, tx db.Tx, o Order, role string, ups []core.Upload) error {
	for _, up := range ups {
		if _, err := file.Attach(ctx, tx, o.Ref, role, up); err != nil {
			return err
		}
	}
	return nil
}

// sign attaches a signature drawn on the screen; an empty one attaches nothing.
func sign(ctx context.Context, tx db.Tx, o Order, role, data string) error {
	if data == "" {
		return nil
	}
	up, err := file.FromDataURL(data)
	if err != nil {
		return err
	}
	_, err = file.Attach(ctx, tx, o.Ref, role, up)
	return err
}
