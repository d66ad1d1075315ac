package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/search"
	"huiyin/web"
	"huiyin/web/ui"
)

// canTurn: what is open, not yet answered, and carried on by nobody's record.
func canTurn(_ context.Context, _ db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if m.State != StateOpen && m.State != StateHanded {
		return register.Later("已有单据在办理或已经答复,不能改定类别", "A record carries it on, or it is answered; its kind stays")
	}
	return nil
}

// Turn settles what a matter really is (改定类别): a letter that came as an enquiry becomes a repair, a complaint, a
// suggestion or praise. It keeps its number and the time it came, from which every term of the new kind runs. What the
// desk has found out meanwhile (who it is, of which unit, where) is filled in; what is left empty stays as it was. It
// returns the record that carries it on, when its new kind has one.
func Turn(ctx context.Context, tx db.Tx, id core.ID, in Intake) (Matter, core.Ref, error) {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canTurn(ctx, tx, m)
	}
	if err != nil {
		return m, core.Ref{}, err
	}
	kind, err := carrier(ctx, in.Kind)
	if err == nil {
		err = named(ctx, tx, &in)
	}
	if err != nil {
		return m, core.Ref{}, err
	}
	from := m.Kind
	m.settled(ctx, in)
	if kind != nil {
		m.Carried, m.State, m.HandedRole, m.HandedUser, m.HandedName, m.HandedDue = tx.NewID(), StateCarried, "", 0, "", time.Time{}
	}
	if err := owesAnew(ctx, tx, m); err != nil {
		return m, core.Ref{}, err
	}
	if err := saveSettled(ctx, tx, m); err != nil {
		return m, core.Ref{}, err
	}
	if err := changed(ctx, tx, m, "turned", map[string]any{"from": from, "kind": m.Kind, "content": m.Content, "contact": m.Contact, "phone": m.Phone}); err != nil {
		return m, core.Ref{}, err
	}
	if err := agreedBy(ctx, tx, m); err != nil {
		return m, core.Ref{}, err
	}
	if kind == nil {
		return m, core.Ref{}, put(ctx, tx, m)
	}
	return carriedOn(ctx, tx, kind, m, in)
}

// settled takes over what the desk found out; whoever settles a matter that nobody answers for does from now on.
func (m *Matter) settled(ctx context.Context, in Intake) {
	m.Kind, m.Urgent, m.Rank = in.Kind, in.Urgent || in.Kind == Emergency, in.rank()
	if in.Customer != 0 {
		m.Customer, m.CustomerName = in.Customer, in.CustomerName
	}
	if in.Unit != 0 {
		m.Unit, m.UnitCode = in.Unit, in.UnitCode
	}
	m.Place, m.Content = or(in.Place, m.Place), or(in.Content, m.Content)
	m.Contact, m.Phone = core.Personal(or(string(in.Contact), string(m.Contact))), core.Phone(or(string(in.Phone), string(m.Phone)))
	if a := core.ActorOf(ctx); m.Owner == 0 && !a.Job {
		m.Owner, m.OwnerName = a.ID, a.Name
	}
}

// owesAnew opens what the new kind owes, from the time the matter came, and closes what it owes no longer: what ran out
// before counts as late all the same, so that nothing is saved by changing the kind.
func owesAnew(ctx context.Context, tx db.Tx, m Matter) error {
	had, err := duty.Of(ctx, tx, m.Ref)
	if err != nil {
		return err
	}
	owed, known := owedBy(m), map[string]bool{}
	for _, d := range had {
		known[d.Clause] = true
		if d.State != duty.StateOpen || slices.Contains(owed, d.Clause) || m.Carried == 0 && !slices.Contains([]string{"A3.2", "D5.6"}, d.Clause) {
			continue
		}
		end := func() error { return duty.Void(ctx, tx, d.Clause, m.Ref, "改定类别") }
		if d.Due.Before(core.Now(ctx)) {
			end = func() error { return duty.Done(ctx, tx, d.Clause, m.Ref) }
		}
		if err := end(); err != nil {
			return err
		}
	}
	owed = slices.DeleteFunc(owed, func(clause string) bool { return known[clause] })
	return duty.OpenMany(ctx, tx, m.Ref.Project, openings(ctx, m, owed, duty.From(m.At), duty.Again()))
}

// carriedOn opens the record of another module.
func carriedOn(ctx context.Context, tx db.Tx, kind *house.MatterKind, m Matter, in Intake) (Matter, core.Ref, error) {
	if err := search.Remove(ctx, tx, m.Ref); err != nil {
		return m, core.Ref{}, err
	}
	m, err := Get(ctx, tx, m.Ref.ID)
	if err != nil {
		return m, core.Ref{}, err
	}
	tx.Put(justTaken{m.Ref.ID}, m)
	in.CustomerName, in.UnitCode = m.CustomerName, m.UnitCode
	ref, err := kind.Open(ctx, tx, house.Matter{Ref: m.Ref, Customer: m.Customer, Unit: m.Unit, Place: m.Place, Contact: string(m.Contact), Phone: m.Phone,
		Content: m.Content, Channel: m.Channel, Values: in.values(m.Carried)})
	if err == nil && ref.ID == 0 { // nothing to carry on: it stays a matter of the desk
		err = put(ctx, tx, m)
	}
	return m, ref, err
}

// wasTurned reports whether the kind of a matter was ever changed.
func wasTurned(ctx context.Context, tx db.Tx, ref core.Ref) (bool, error) {
	es, err := journal.Of(ctx, tx, ref)
	return slices.ContainsFunc(es, func(e journal.Entry) bool { return e.Verb == "turned" }), err
}

func turnVerb() register.Verber {
	return register.Verb[Intake]{Name: "turn", Label: core.T("改定类别", "Change its kind"), Roles: desks(), Page: true, Can: checked("turn", canTurn), Fields: detailFields(),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in Intake) (core.ID, error) {
			_, _, err := Turn(ctx, tx, id, in)
			return id, err
		}}
}

// turnPage is the intake page about a matter that was taken down before. Who is known is chosen already; the number that
// is on file, which the page does not show, recognises who is not.
func turnPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	m, err := Read(ctx, tx, id)
	if err == nil {
		err = canTurn(ctx, tx, m)
	}
	if err != nil {
		return nil, err
	}
	values := map[string][]string{"turn": {m.Ref.ID.String()}, "kind": {m.Kind}, "content": {m.Content}, "place": {m.Place}, "channel": {m.Channel}}
	if m.Urgent {
		values["urgent"] = []string{"true"}
	}
	for k, v := range r.Values() {
		values[k] = v
	}
	return draw(ctx, tx, values, nil)
}

// knownCaller is the row of who is on file for the matter that the page is about, chosen already; nil without one.
// Its number recognises who is not on file; about names the matter.
func knownCaller(ctx context.Context, tx db.Tx, turn string) (known []found, phone core.Phone, about string, err error) {
	id, err := core.ParseID(turn)
	if err != nil {
		return nil, "", "", nil
	}
	m, err := Read(ctx, tx, id)
	about = ui.Join(m.Number, core.Label(Channels(), m.Channel).Say(ctx), ui.Full(ctx, m.At), core.Label(allKinds(), m.Kind).Say(ctx))
	if err != nil || m.Customer == 0 {
		return nil, m.Phone, about, err
	}
	return []found{{Value: strings.Join([]string{m.Customer.String(), m.Unit.String(), "0"}, "."), Name: m.CustomerName, Unit: m.UnitCode, Person: string(m.Contact), Phone: m.Phone.Mask(), On: true}}, "", about, nil
}

// turnPost carries the page out on the matter that was taken down before.
func turnPost(ctx context.Context, tx db.Tx, in Intake) (Matter, core.Ref, error) {
	if !core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, "desk.turn") {
		return Matter{}, core.Ref{}, core.Forbidden("desk.turn")
	}
	if _, err := Read(ctx, tx, in.Turn); err != nil { // C13.1: nor what is against oneself
		return Matter{}, core.Ref{}, err
	}
	return Turn(core.WithDoing(ctx, core.Doing{Verb: "desk.turn"}), tx, in.Turn, in)
}
