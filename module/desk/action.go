package desk

import (
	"context"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/regulation"
	"huiyin/search"
)

// Topic is what live pages of a project's desk listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/desk" }

// Take takes a request down (C19.1), at any hour of any day (D5.1). What is answered at once is closed (A3.5); what a
// MatterKind carries on opens its record in the same transaction; anything else owes the customer a call (B4.3).
// It returns the matter and, when a MatterKind opened one, the record that carries it on.
func Take(ctx context.Context, tx db.Tx, in Intake) (Matter, core.Ref, error) {
	kind, err := carrier(ctx, in.Kind)
	if err != nil {
		return Matter{}, core.Ref{}, err
	}
	if err := named(ctx, tx, &in); err != nil {
		return Matter{}, core.Ref{}, err
	}
	if err := db.ReadyKey(ctx, tx, core.ProjectOf(ctx).ID, in.Customer); err != nil { // before the number, which the next one waits for
		return Matter{}, core.Ref{}, err
	}
	m, err := newMatter(ctx, tx, in, kind != nil)
	if kind != nil {
		m.Carried = tx.NewID()
	}
	if err != nil {
		return m, core.Ref{}, err
	}
	if err := insert(ctx, tx, m, "", ""); err != nil {
		return m, core.Ref{}, err
	}
	if err := journal.Add(ctx, tx, m.Ref, "taken", taken(in), journal.For(m.Customer)); err != nil {
		return m, core.Ref{}, err
	}
	if err := happened(ctx, tx, m, "taken"); err != nil {
		return m, core.Ref{}, err
	}
	if m.State == StateClosed { // answered at once
		if err := happened(ctx, tx, m, "closed"); err != nil {
			return m, core.Ref{}, err
		}
	}
	if err := owed(ctx, tx, m); err != nil {
		return m, core.Ref{}, err
	}
	if in.Call != 0 {
		if err := became(ctx, tx, in.Call, m); err != nil {
			return m, core.Ref{}, err
		}
	}
	tx.Publish(Topic(m.Ref.Project))
	if kind == nil {
		return m, core.Ref{}, put(ctx, tx, m)
	}
	tx.Put(justTaken{m.Ref.ID}, m)
	ref, err := kind.Open(ctx, tx, house.Matter{Ref: m.Ref, Customer: in.Customer, Unit: in.Unit, Place: in.Place, Contact: string(in.Contact), Phone: in.Phone,
		Content: in.Content, Channel: in.Channel, Values: in.values(m.Carried)})
	if err == nil && ref.ID == 0 { // nothing to carry on: it stays a matter of the desk
		err = put(ctx, tx, m)
	}
	return m, ref, err
}

// owed opens what a matter just taken down owes: the call back (B4.3), and of what the desk keeps and could not answer at
// once, the hand-over of the same day (D5.6) and an enquiry's answer (A3.2).
func owed(ctx context.Context, tx db.Tx, m Matter) error {
	if !m.Open {
		return nil
	}
	return duty.OpenMany(ctx, tx, m.Ref.Project, openings(ctx, m, owedBy(m), duty.First()))
}

// openings are the duties of a matter under clauses, each in its own words.
func openings(ctx context.Context, m Matter, clauses []string, how ...duty.Option) (all []duty.Opening) {
	about := func(zh, en string) duty.Option {
		return duty.About(core.T(zh+":%s %s", en+": %s %s", m.Number, m.Content), href(ctx, m.Ref.ID))
	}
	words := map[string]duty.Option{"B4.3": about("联系客户确认", "Contact the customer"), "D5.6": about("当天转交负责人", "Hand over today"), "A3.2": about("答复咨询", "Answer the enquiry")}
	for _, clause := range clauses {
		all = append(all, duty.Opening{Clause: clause, About: m.Ref, Opts: append([]duty.Option{words[clause]}, how...)})
	}
	return all
}

// owedBy are the clauses that a fresh matter owes something under.
func owedBy(m Matter) []string {
	out := []string{"B4.3"}
	if m.Carried != 0 {
		return out
	}
	if m.Kind == Enquiry || m.Channel == "counter" || m.Channel == "oral" {
		out = append(out, "D5.6")
	}
	if m.Kind == Enquiry {
		out = append(out, "A3.2")
	}
	return out
}

// named looks the customer and the unit up by their ids; ids that this project does not have are refused.
func named(ctx context.Context, tx db.Tx, in *Intake) error {
	if in.Customer != 0 && in.CustomerName == "" {
		found, err := customer.Some(ctx, tx, in.Customer)
		if err != nil {
			return err
		}
		c, ok := found[in.Customer]
		if !ok {
			return core.Invalid("customer", "没有这位客户", "There is no such customer")
		}
		in.CustomerName = string(c.Name)
	}
	if in.Unit != 0 && in.UnitCode == "" {
		found, err := estate.Units(ctx, tx, in.Unit)
		if err != nil {
			return err
		}
		u, ok := found[in.Unit]
		if !ok {
			return core.Invalid("unit", "没有这个单元", "There is no such unit")
		}
		in.UnitCode = u.Code
	}
	return nil
}

type justTaken struct{ id core.ID }

// Taken gives a matter to the module that carries it on: the one just taken down needs no reading.
func Taken(ctx context.Context, tx db.Tx, id core.ID) (Matter, error) {
	return db.Bag(tx, justTaken{id}, func() (Matter, error) { return Get(ctx, tx, id) })
}

// taken is the journal's payload: what the timeline says and the sealed particulars.
func taken(in Intake) map[string]any {
	return map[string]any{"channel": in.Channel, "kind": in.Kind, "content": in.Content, "contact": in.Contact, "phone": in.Phone, "urgent": in.Urgent}
}

// values are the MatterKind's fields: from the page by name, from the API as details. What the desk itself asked (who,
// where, how urgent) is among them, so that a kind may read it, and the id (record_id) that its record is to have.
func (in Intake) values(record core.ID) core.Input {
	out := core.Input{Values: map[string][]string{}, Files: in.More.Files}
	for k, v := range in.More.Values {
		out.Values[k] = v
	}
	for _, d := range in.Details {
		out.Values[d.Name] = append(out.Values[d.Name], d.Value)
	}
	out.Values["record_id"] = []string{record.String()}
	out.Values["customer_name"], out.Values["unit_code"] = []string{in.CustomerName}, []string{in.UnitCode}
	if in.Urgent {
		out.Values["urgent"] = []string{"true"}
	}
	return out
}

// carrier finds the MatterKind of the key; nil for the desk's own kinds.
func carrier(ctx context.Context, key string) (*house.MatterKind, error) {
	for _, k := range house.Of(ctx).MatterKinds {
		if k.Key != key {
			continue
		}
		if !core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, k.Perm) {
			return nil, core.Forbidden(k.Perm)
		}
		return &k, nil
	}
	if !slices.ContainsFunc(Kinds(), func(c core.Choice) bool { return c.Value == key }) {
		return nil, core.Invalid("kind", "没有「%s」这类诉求", "There is no kind of request %q", key)
	}
	return nil, nil
}

func newMatter(ctx context.Context, tx db.Tx, in Intake, carried bool) (Matter, error) {
	p, now := core.ProjectOf(ctx), core.Now(ctx)
	m := Matter{Ref: core.Ref{Project: p.ID, Kind: "desk", ID: tx.NewID()}, Version: 1, Origin: OriginDesk, Channel: in.Channel, Kind: in.Kind, Customer: in.Customer,
		CustomerName: in.CustomerName, Unit: in.Unit, UnitCode: in.UnitCode, Place: in.Place, Contact: in.Contact, Phone: in.Phone, Content: in.Content,
		Urgent: in.Urgent || in.Kind == Emergency, State: StateOpen, Open: true, Rank: in.rank(), At: in.At, Split: in.From}
	if a := core.ActorOf(ctx); !a.Job {
		m.Owner, m.OwnerName = a.ID, a.Name
	}
	if m.At.IsZero() {
		m.At = now
	}
	if m.At.After(now) {
		return m, core.Invalid("at", "受理时间不能晚于现在", "The request cannot come later than now")
	}
	m.Day = core.DateOf(m.At, p.Zone)
	switch {
	case carried:
		m.State = StateCarried
	case in.Answer != "": // A3.5: done at once
		m.State, m.Open, m.Answer, m.Answered, m.Contacted, m.Closed = StateClosed, false, in.Answer, now, now, now
		m.Handler, m.Confirmed, m.ConfirmedBy, m.ConfirmedHow = m.OwnerName, now, in.Contact, AtOnce
	}
	if m.Open {
		due, err := firstDue(ctx, tx, m.At)
		if err != nil {
			return m, err
		}
		m.Due = due
	}
	var err error
	m.Number, err = db.NextNumber(ctx, tx, p.ID, "SQ", core.MonthOf(now, p.Zone))
	return m, err
}

// firstDue is when the first call is owed (B4.3), shown in the queue; zero with the clause off.
func firstDue(ctx context.Context, tx db.Tx, from time.Time) (time.Time, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil || !rules.On("B4.3") {
		return time.Time{}, err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	return clock.Due(from, rules.Span("B4.3", "term"), regulation.Default().Clause("B4.3").Calendar), err
}

func href(ctx context.Context, id core.ID) string { return Kind().Href(ctx, id) }

func put(ctx context.Context, tx db.Tx, m Matter) error {
	return search.Put(ctx, tx, search.Doc{Ref: m.Ref, Perm: "desk.view", Title: m.Number + " " + m.Content, Sub: m.UnitCode + " " + m.CustomerName, URL: href(ctx, m.Ref.ID),
		Words: []string{m.Content, m.Place}, Names: []string{m.CustomerName, string(m.Contact)}, Phones: []core.Phone{m.Phone}, Codes: []string{m.Number, m.UnitCode, m.OfficeNo}, At: m.At})
}

// changed writes the matter back, with its next deadline, and tells everybody who looks.
func changed(ctx context.Context, tx db.Tx, m Matter, verb string, payload any) error {
	due, err := dueOf(ctx, tx, m.Ref)
	if err != nil {
		return err
	}
	m.Due = due
	if err := save(ctx, tx, m); err != nil {
		return err
	}
	tx.Publish(Topic(m.Ref.Project))
	if err := happened(ctx, tx, m, verb); err != nil {
		return err
	}
	if err := tellSenders(ctx, tx, m); err != nil {
		return err
	}
	return journal.Add(ctx, tx, m.Ref, verb, payload, journal.For(m.Customer))
}

// happened tells the firm's own clauses what happened to the matter.
func happened(ctx context.Context, tx db.Tx, m Matter, verb string) error {
	return duty.Happened(ctx, tx, "desk."+verb, m.Ref, m.Number+" "+m.Content, href(ctx, m.Ref.ID))
}

func running(m Matter) error {
	if !m.Open {
		return core.Conflict("这件诉求已经办结", "This request is closed")
	}
	return nil
}

// B4.3: contact the customer, confirm and arrange.
func canContact(_ context.Context, _ db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if !m.Contacted.IsZero() {
		return core.Conflict("已经联系过客户", "The customer has been contacted")
	}
	return nil
}

// Contact records that the customer was called back, and what was arranged.
func Contact(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canContact(ctx, tx, m)
	}
	if err != nil {
		return err
	}
	m.Contacted = core.Now(ctx)
	if err := duty.Done(ctx, tx, "B4.3", m.Ref); err != nil {
		return err
	}
	return changed(ctx, tx, m, "contacted", map[string]string{"note": in.Text})
}

// Contacted is Contact for the module that carries the matter on: dispatching or confirming is contact enough. A matter
// that was contacted before, or that does not exist, is no error.
func Contacted(ctx context.Context, tx db.Tx, id core.ID, note string) error {
	if id == 0 {
		return nil
	}
	m, err := lock(ctx, tx, id)
	if err != nil || !m.Open || !m.Contacted.IsZero() {
		return err
	}
	return Contact(ctx, tx, id, Note{note})
}

// A3.5: what needs others goes to a named person or role with a time limit.
func canHand(_ context.Context, _ db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if m.State != StateOpen && m.State != StateHanded {
		return core.Conflict("这件诉求已在办理或已答复,不能转办", "The request is in hand or answered; it cannot be handed over")
	}
	return nil
}

// canHandTo asks what the clauses ask of whom and until when.
//
// A3.5: a person or role and a limit, or the reason why there is none. B4.6: a limit that was set is not put off by
// handing on; that is reported to the leader.
func canHandTo(ctx context.Context, tx db.Tx, m Matter, in Hand) error {
	set := !in.Due.IsZero() || in.NoLimit && in.Reason != ""
	if err := regulation.Guard(ctx, tx, "A3.5", (in.User != 0 || in.Role != "") && set, core.T("需协调的事要明确责任人和期限;确实没有期限的,勾选并写明理由", "What needs coordination gets a named person and a time limit; tick and give the reason when there can be none")); err != nil {
		return err
	}
	if !in.Due.IsZero() && in.Due.Before(core.Now(ctx)) && in.Due != m.HandedDue {
		return core.Invalid("due", "期限不能早于现在", "The time limit has passed already")
	}
	put := !m.HandedDue.IsZero() && (in.NoLimit || in.Due.After(m.HandedDue) || m.HandedDue.Before(core.Now(ctx)))
	return regulation.Guard(ctx, tx, "B4.6", !put, core.T("规定时间内不能解决的,请「上报领导」,写明原因和接手人,不能只靠转办延期", "What cannot be solved in its term is reported to the leader, with the reason and who takes over; handing it on does not put it off"))
}

// HandOver gives the matter to a person or role, with reason and time limit, and starts the progress reports. Whoever
// answered for it does so until somebody has accepted it. Handing on within the limit keeps the limit.
func HandOver(ctx context.Context, tx db.Tx, id core.ID, in Hand) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canHand(ctx, tx, m)
	}
	if err == nil {
		err = person(ctx, tx, &in)
	}
	if in.Due.IsZero() && !in.NoLimit {
		in.Due = m.HandedDue
	}
	if err == nil {
		err = canHandTo(ctx, tx, m, in)
	}
	if err == nil {
		err = hand(ctx, tx, &m, in, false)
	}
	if err == nil {
		err = duty.Done(ctx, tx, "D5.6", m.Ref)
	}
	if err != nil {
		return err
	}
	return changed(ctx, tx, m, "handed", map[string]any{"name": or(m.HandedName, string(m.HandedRole)), "reason": in.Reason, "due": in.Due})
}

// hand makes somebody the one to accept the matter: what a hand-over and a report to the leader have in common.
func hand(ctx context.Context, tx db.Tx, m *Matter, in Hand, reported bool) error {
	if err := addTransfer(ctx, tx, *m, in, reported); err != nil {
		return err
	}
	m.State, m.HandedRole, m.HandedUser, m.HandedName, m.HandedReason, m.HandedDue = StateHanded, core.Role(in.Role), in.User, in.Name, in.Reason, in.Due
	m.Accepted, m.NoLimit = time.Time{}, in.NoLimit
	if err := limited(ctx, tx, *m); err != nil {
		return err
	}
	if err := tell(ctx, tx, *m); err != nil {
		return err
	}
	return Remind(ctx, tx, *m, false)
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// staff are everybody who works in the project, by name.
func staff(ctx context.Context, tx db.Tx) ([]user.User, error) {
	var roles []core.Role
	for _, c := range core.RoleNames()[:handable] {
		roles = append(roles, core.Role(c.Value))
	}
	return user.Holders(ctx, tx, core.ProjectOf(ctx).ID, roles...)
}

// person looks the responsible person up among the project's staff.
func person(ctx context.Context, tx db.Tx, in *Hand) error {
	if in.User == 0 {
		return nil
	}
	us, err := staff(ctx, tx)
	for _, u := range us {
		if u.ID == in.User {
			in.Name = u.Name
			return nil
		}
	}
	if err == nil {
		err = core.Invalid("user", "请选择本项目的人员", "Choose somebody of this project")
	}
	return err
}

// tell lets the responsible person or role know.
func tell(ctx context.Context, tx db.Tx, m Matter) error {
	msg := notify.Message{Ref: m.Ref, URL: Kind().Href(ctx, m.Ref.ID, "accept"), Urgent: m.Urgent, Title: core.T("转办给您:%s %s", "Handed to you: %s %s", m.Number, m.Content)}
	switch {
	case m.HandedUser != 0:
		return notify.Tell(ctx, tx, m.Ref.Project, m.HandedUser, msg)
	case m.HandedRole != "":
		return notify.TellRole(ctx, tx, m.Ref.Project, m.HandedRole, msg)
	}
	return nil
}

// Remind opens the next report of progress to the customer (A3.5 remind); again after one was given.
func Remind(ctx context.Context, tx db.Tx, m Matter, again bool) error {
	opts := []duty.Option{duty.Number("remind"), duty.About(core.T("告知客户进展:%s %s", "Tell the customer the progress: %s %s", m.Number, m.Content), href(ctx, m.Ref.ID))}
	if again {
		opts = append(opts, duty.Again())
	}
	return duty.Open(ctx, tx, "A3.5", m.Ref, opts...)
}

// Waiting starts the reports of progress on a matter that another module carries on and that has to wait (待料).
func Waiting(ctx context.Context, tx db.Tx, id core.ID) error {
	if id == 0 {
		return nil
	}
	m, err := Get(ctx, tx, id)
	if err != nil || !m.Open {
		return err
	}
	return Remind(ctx, tx, m, true)
}

func canProgress(_ context.Context, _ db.Tx, m Matter) error { return running(m) }

// Progress records what the customer was told, and opens the next report (A3.5).
func Progress(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canProgress(ctx, tx, m)
	}
	if err == nil {
		err = duty.Done(ctx, tx, "A3.5", m.Ref)
	}
	if err == nil {
		err = Remind(ctx, tx, m, true)
	}
	if err != nil {
		return err
	}
	return changed(ctx, tx, m, "progress", map[string]string{"note": in.Text})
}

// A3.4: an opinion is looked into before it is answered. C19.11: what stands in public is answered by a reviewed reply.
func canAnswer(ctx context.Context, tx db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if m.State == StateCarried {
		return core.Conflict("由办理它的单据答复", "The record that carries it on gives the answer")
	}
	if m.State == StateAnswered {
		return core.Conflict("已经答复,等客户确认", "It is answered; the customer is to confirm")
	}
	if err := regulation.Guard(ctx, tx, "A3.4", !m.Opinion() || m.Findings != "", core.T("意见要先调查了解,再答复", "An opinion is looked into before it is answered")); err != nil || m.Channel != Public {
		return err
	}
	sent, err := sentReply(ctx, tx, m)
	if err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "C19.11", sent, core.T("公开渠道的回复先审后发:请起草公开回复", "A reply in public is reviewed before it is sent: draft a public reply"))
}

// Answer gives the customer the answer (A3.2); the matter stays open until it is closed.
func Answer(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canAnswer(ctx, tx, m)
	}
	if err != nil {
		return err
	}
	return answer(ctx, tx, m, in.Text)
}

func answer(ctx context.Context, tx db.Tx, m Matter, text string) error {
	now := core.Now(ctx)
	m.State, m.Answer, m.Answered, m.Handler = StateAnswered, text, now, or(m.OwnerName, core.ActorOf(ctx).Name)
	if m.Contacted.IsZero() {
		m.Contacted = now
	}
	for _, clause := range []string{"B4.3", "A3.2", "D5.6", "B4.6"} {
		if err := duty.Done(ctx, tx, clause, m.Ref); err != nil {
			return err
		}
	}
	return changed(ctx, tx, m, "answered", map[string]string{"answer": text})
}

// A3.5, A3.4: it ends with an answer.
func canClose(ctx context.Context, tx db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if m.State == StateCarried {
		return core.Conflict("办理它的单据办结时一并办结", "It closes with the record that carries it on")
	}
	if m.Origin == OriginImport {
		return nil
	}
	unanswered := core.T("还没有答复客户", "The customer has not been answered")
	if err := regulation.Guard(ctx, tx, "A3.5", m.State == StateAnswered, unanswered); err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "A3.4", !m.Opinion() || m.State == StateAnswered, unanswered)
}

// B4.5: only after the customer has confirmed, where there is somebody to ask.
func canCloseAs(ctx context.Context, tx db.Tx, m Matter, in Confirm) error {
	nobody := m.Customer == 0 && m.Contact == "" && m.Phone == ""
	return regulation.Guard(ctx, tx, "B4.5", in.By != "" && in.How != "" || nobody || m.Origin == OriginImport,
		core.T("办结须先向客户确认:写明谁、怎样确认的", "It is closed only after the customer has confirmed: say who did, and how"))
}

// Close ends the matter that the customer has confirmed; after an emergency a summary is owed (A3.5 summary).
func Close(ctx context.Context, tx db.Tx, id core.ID, in Confirm) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canClose(ctx, tx, m)
	}
	if err == nil {
		err = canCloseAs(ctx, tx, m, in)
	}
	if err != nil {
		return err
	}
	if in.How != "" {
		m.Confirmed, m.ConfirmedBy, m.ConfirmedHow = core.Now(ctx), in.By, in.How
		if err := journal.Add(ctx, tx, m.Ref, "confirmed", in, journal.For(m.Customer)); err != nil {
			return err
		}
	}
	return settle(ctx, tx, m)
}

// Settle closes the matter that another module carried on, with the answer its record gave.
func Settle(ctx context.Context, tx db.Tx, id core.ID, answer string) error {
	if id == 0 {
		return nil
	}
	m, err := lock(ctx, tx, id)
	if err != nil || !m.Open {
		return err
	}
	m.Answer, m.Answered = answer, core.Now(ctx)
	m.Confirmed, m.ConfirmedHow = core.Now(ctx), ByRecord
	return settle(ctx, tx, m)
}

func settle(ctx context.Context, tx db.Tx, m Matter) error {
	m.State, m.Open, m.Closed = StateClosed, false, core.Now(ctx)
	clauses := []string{"B4.3", "A3.5"}
	if m.Carried == 0 {
		clauses = append(clauses, "A3.2", "D5.6", "B4.6")
	}
	for _, clause := range clauses {
		if err := duty.Done(ctx, tx, clause, m.Ref); err != nil {
			return err
		}
	}
	if m.Rank == 0 && m.Origin != OriginImport {
		if err := duty.Open(ctx, tx, "A3.5", m.Ref, duty.Number("summary"), duty.Again(), duty.About(core.T("紧急事项总结:%s", "Summary of the emergency %s", m.Number), href(ctx, m.Ref.ID))); err != nil {
			return err
		}
	}
	if err := toldToo(ctx, tx, m); err != nil {
		return err
	}
	return changed(ctx, tx, m, "closed", nil)
}

// Reopen takes a settled matter up again, because the record that carried it on is to be reworked, or because its
// follow-up found the customer dissatisfied: the customer is told of the progress from now on (A3.5). A matter that is
// open is no error.
func Reopen(ctx context.Context, tx db.Tx, id core.ID, reason string) error {
	if id == 0 {
		return nil
	}
	m, err := lock(ctx, tx, id)
	if err != nil || m.State != StateClosed {
		return err
	}
	m.Summary = ""                                                    // an emergency is summed up anew; the journal keeps the first
	if err := duty.Void(ctx, tx, "A3.5", m.Ref, reason); err != nil { // the summary waits for the end
		return err
	}
	m.State, m.Open, m.Answer, m.Answered, m.Closed = StateCarried, true, "", time.Time{}, time.Time{}
	if m.Carried == 0 { // the desk's own
		m.State = StateOpen
	}
	m.Confirmed, m.ConfirmedBy, m.ConfirmedHow = time.Time{}, "", ""
	if err := Remind(ctx, tx, m, true); err != nil {
		return err
	}
	return changed(ctx, tx, m, "reopened", map[string]string{"reason": reason})
}

func canSummarise(_ context.Context, _ db.Tx, m Matter) error {
	if m.State != StateClosed || m.Rank != 0 {
		return core.Conflict("紧急事项办结后才写总结", "A summary follows a closed emergency")
	}
	if m.Summary != "" {
		return core.Conflict("已经写过总结", "The summary is there")
	}
	return nil
}

// Summarise writes what was learnt from an emergency (A3.5).
func Summarise(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canSummarise(ctx, tx, m)
	}
	if err == nil {
		err = duty.Done(ctx, tx, "A3.5", m.Ref)
	}
	if err != nil {
		return err
	}
	m.Summary = in.Text
	return changed(ctx, tx, m, "summarised", map[string]string{"summary": in.Text})
}

// Void takes the matter out of lists and measures, with the reason; its duties count for nobody. The module that
// carries a matter on voids it with its own record (carried true).
func Void(ctx context.Context, tx db.Tx, id core.ID, reason string, carried bool) error {
	if id == 0 {
		return nil
	}
	m, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := canVoid(m, carried); err != nil {
		return err
	}
	if err := duty.VoidAll(ctx, tx, m.Ref, reason); err != nil {
		return err
	}
	if err := markVoid(ctx, tx, m, reason); err != nil {
		return err
	}
	tx.Publish(Topic(m.Ref.Project))
	if err := search.Remove(ctx, tx, m.Ref); err != nil {
		return err
	}
	return journal.Add(ctx, tx, m.Ref, "voided", map[string]string{"reason": reason})
}

func canVoid(m Matter, carried bool) error {
	if m.State == StateVoid || m.State == StateMerged {
		return core.Conflict("已经作废或并入别的诉求", "It is voided or merged already")
	}
	if m.State == StateCarried && !carried {
		return core.Conflict("先取消办理它的单据", "Cancel the record that carries it on first")
	}
	return nil
}

// Import writes a matter from the office's workbook: closed history as it was; an open one owes its duties from now.
func Import(ctx context.Context, tx db.Tx, m Matter, key, print string) (core.ID, error) {
	p := core.ProjectOf(ctx)
	m.Ref, m.Origin, m.Version = core.Ref{Project: p.ID, Kind: "desk", ID: tx.NewID()}, OriginImport, 1
	m.Day, m.Rank = core.DateOf(m.At, p.Zone), 1
	var err error
	if m.Number, err = db.NextNumber(ctx, tx, p.ID, "SQ", m.Day.Month()); err != nil {
		return 0, err
	}
	if m.Open {
		if m.Due, err = firstDue(ctx, tx, core.Now(ctx)); err != nil {
			return 0, err
		}
	}
	if err := insert(ctx, tx, m, key, print); err != nil {
		return 0, err
	}
	if m.Open {
		if err := duty.Open(ctx, tx, "B4.3", m.Ref, duty.First(), duty.About(core.T("联系客户确认:%s %s", "Contact the customer: %s %s", m.Number, m.Content), href(ctx, m.Ref.ID))); err != nil {
			return 0, err
		}
	}
	if m.State != StateCarried { // the record that carries it on is found instead
		if err := put(ctx, tx, m); err != nil {
			return 0, err
		}
	}
	return m.Ref.ID, journal.Add(ctx, tx, m.Ref, "imported", map[string]any{"content": m.Content, "contact": m.Contact, "phone": m.Phone, "handler": m.Handler}, journal.For(m.Customer))
}

// Reimport takes over what an edited row of the workbook says now.
func Reimport(ctx context.Context, tx db.Tx, id core.ID, m Matter, print string) error {
	old, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	m.Ref, m.Version = old.Ref, old.Version
	if old.Open && !m.Open {
		if err := duty.VoidAll(ctx, tx, m.Ref, "导入的台账显示已办结"); err != nil {
			return err
		}
	}
	if err := updateImported(ctx, tx, m, print); err != nil {
		return err
	}
	return journal.Add(ctx, tx, m.Ref, "imported", map[string]any{"content": m.Content, "contact": m.Contact, "phone": m.Phone, "handler": m.Handler}, journal.For(old.Customer))
}
