package followup

import (
	"context"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/repair"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// Topic is what live pages of a project's follow-ups listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/followup" }

func href(ctx context.Context, id core.ID, more ...string) string {
	return Kind().Href(ctx, id, more...)
}

// in lets a follow-up through whose state is one of these.
func in(i Item, states ...string) error {
	if slices.Contains(states, i.State) {
		return nil
	}
	return register.Later("现在的状态是「%s」,不能这样做", "The follow-up is “%s”; this cannot be done now", core.Label(States(), i.State))
}

// readable: C13.1, who is complained of takes no part, and reads nothing of it either.
func readable(ctx context.Context, tx db.Tx, i Item) error {
	me := core.ActorOf(ctx).ID
	return regulation.Require(ctx, tx, "C13.1", i.Against == 0 || i.Against != me, "您是被投诉人,不得参与回访或查阅", "The complaint is against you: you neither follow it up nor read it")
}

// change is a verb's frame: it locks the follow-up, keeps out who is complained of (C13.1), asks the check, lets fn work
// on it, and writes follow-up and journal. Of two at once the second finds the state changed.
func change(ctx context.Context, tx db.Tx, id core.ID, check func(context.Context, db.Tx, Item) error, verb string, payload any, fn func(*Item) error) (Item, error) {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = readable(ctx, tx, i)
	}
	if err == nil {
		err = check(ctx, tx, i)
	}
	if err == nil {
		err = fn(&i)
	}
	if err != nil {
		return i, err
	}
	return i, told(ctx, tx, i, verb, payload)
}

// told writes the follow-up and announces what happened to it.
func told(ctx context.Context, tx db.Tx, i Item, verb string, payload any) error {
	if err := write(ctx, tx, i, verb, payload); err != nil {
		return err
	}
	return duty.Happened(ctx, tx, "followup."+verb, i.Ref, i.title().ZH, href(ctx, i.Ref.ID))
}

// ---- planning

// planning says why and from when a follow-up is owed.
type planning struct {
	Why    string
	From   time.Time
	Due    time.Time // where it is given; else by the clause
	Caller core.ID
	Round  int64
}

// clauseOf is whose term runs: C14.1, D5.2 and C14.12 have one; what is planned otherwise is due as planned (C14.10).
func clauseOf(occasion string) string {
	switch occasion {
	case Complaint:
		return "C14.1"
	case Repair:
		return "D5.2"
	case MoveIn, Emergency:
		return "C14.12"
	}
	return "C14.10"
}

// plan makes the follow-up of a matter, with its duty.
func plan(ctx context.Context, tx db.Tx, m matter, p planning) (Item, error) {
	project := core.ProjectOf(ctx)
	i := Item{Ref: core.Ref{Project: project.ID, Kind: "followup", ID: tx.NewID()}, Version: 1, Occasion: m.Occasion, Matter: m.Ref, MatterNumber: m.Number, Content: m.Content, Handled: m.Handled, Customer: m.Customer, CustomerName: m.CustomerName,
		Unit: m.Unit, UnitCode: m.UnitCode, Contact: m.Contact, Phone: m.Phone, Severity: m.Severity, Why: p.Why, Clause: clauseOf(m.Occasion), Handler: m.Handler, HandlerName: m.HandlerName, Against: m.Against,
		State: StateDue, Open: true, Since: m.Since, At: core.Now(ctx), Month: core.MonthOf(core.Now(ctx), project.Zone), Due: p.Due, Round: p.Round}
	var err error
	if i.Round == 0 {
		if i.Round, err = roundOf(ctx, tx, m); err != nil {
			return i, err
		}
	}
	if i.Due.IsZero() {
		if i.Due, err = dueOf(ctx, tx, i, p.From); err != nil {
			return i, err
		}
	}
	if p.Caller != 0 {
		if err := give(ctx, tx, &i, p.Caller); err != nil {
			return i, err
		}
	}
	if i.Number, err = db.NextNumber(ctx, tx, project.ID, "HF", i.Month); err != nil {
		return i, err
	}
	if err := insert(ctx, tx, i); err != nil {
		return i, err
	}
	if err := drawnNow(ctx, tx, m); err != nil {
		return i, err
	}
	if err := duty.Open(ctx, tx, i.Clause, i.Ref, duty.From(p.From), duty.Due(i.Due), duty.By(callersOf(i.Severity)[0]), duty.To(i.Caller), duty.First(), owes(ctx, i, "回访:%s", "Follow up: %s")); err != nil {
		return i, err
	}
	tx.Publish(Topic(i.Ref.Project))
	if err := put(ctx, tx, i); err != nil {
		return i, err
	}
	if err := duty.Happened(ctx, tx, "followup.planned", i.Ref, i.title().ZH, href(ctx, i.Ref.ID)); err != nil {
		return i, err
	}
	return i, journal.Add(ctx, tx, i.Ref, "planned", map[string]any{"why": i.Why, "matter": i.MatterNumber}, journal.For(i.Customer))
}

func owes(ctx context.Context, i Item, zh, en string) duty.Option {
	return duty.About(core.T(zh, en, i.title()), href(ctx, i.Ref.ID))
}

// dueOf is when a follow-up falls due: by its clause's term, counted from when the matter was dealt with, or drawn. What
// has no term of its own has the time in which its rate counts (C14.4).
func dueOf(ctx context.Context, tx db.Tx, i Item, from time.Time) (time.Time, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return time.Time{}, err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	clause, number := i.Clause, "term"
	if clause == "C14.10" {
		clause, number, from = "C14.4", "window", i.Since
	}
	return clock.Due(from, rules.Span(clause, number), regulation.Default().Clause(clause).Calendar), err
}

// roundOf counts the talks about a matter: the first is 1.
func roundOf(ctx context.Context, tx db.Tx, m matter) (int64, error) {
	if m.Ref.ID == 0 || m.Part != 0 {
		return 1, nil
	}
	is, err := of(ctx, tx, m.Ref)
	n := int64(1)
	for _, i := range is {
		if i.State == StateDone && i.Result == Dissatisfied {
			n = max(n, i.Round+1)
		}
	}
	return n, err
}

// withdraw takes a waiting follow-up out of the list; its duty counts for nobody.
func withdraw(ctx context.Context, tx db.Tx, i Item, reason string) error {
	i.State, i.Open, i.Reason = StateVoid, false, reason
	if err := duty.VoidAll(ctx, tx, i.Ref, reason); err != nil {
		return err
	}
	return told(ctx, tx, i, "withdrawn", map[string]string{"reason": reason})
}

// ---- the talk itself

// Record is what came of a follow-up.
type Record struct {
	How       string // "phone", "site"
	Result    string // "satisfied", "dissatisfied", "opinion"
	Opinion   string
	Outcome   string    // what was answered at once
	Promised  time.Time // else when the answer is agreed for
	Signer    core.Personal
	Signature string // PNG as data URL
}

// canRecord: C14.5 who may call; resolutions 2: the customer has heard the result of his complaint first (C13.4).
func canRecord(ctx context.Context, tx db.Tx, i Item) error {
	if err := in(i, StateDue); err != nil {
		return err
	}
	if i.Matter.Kind != "complaint" {
		return mayCall(ctx, tx, i, core.ActorOf(ctx))
	}
	c, err := complaint.Get(ctx, tx, i.Matter.ID)
	if err != nil {
		return err
	}
	i.Severity = heavier(i.Severity, severityOf(c)) // it may have been graded anew since
	if err := mayCall(ctx, tx, i, core.ActorOf(ctx)); err != nil {
		return err
	}
	return regulation.Require(ctx, tx, "C13.4", !c.Replied.IsZero(), "先把处理结果告诉客户,再回访", "The customer is told the result first, then followed up")
}

// mayCall is C14.5: an assistant for an ordinary matter, the supervisor for an important one, the manager for a major
// one, and never who handled it.
func mayCall(ctx context.Context, tx db.Tx, i Item, a core.Actor) error {
	if a.Job {
		return nil
	}
	roles := callersOf(i.Severity)
	if !slices.ContainsFunc(roles, func(r core.Role) bool { return a.Has(i.Ref.Project, r) || a.Has(core.Firm, r) }) {
		text := core.T("%s事项由%s回访", "A follow-up of this severity (%s) is made by the %s", core.Label(Severities(), i.Severity), roles[0].Name())
		if err := regulation.Guard(ctx, tx, "C14.5", false, text); err != nil {
			return err
		}
	}
	return regulation.Require(ctx, tx, "C14.5", i.Handler == 0 || i.Handler != a.ID, "经办人不能回访自己办的事项,请由他人回访", "Whoever handled the matter does not follow it up himself")
}

// checkRecord: C14.6 signature on site; C14.7 the first talk about a complaint, and every one about a major matter, is on
// site, and a new opinion is answered at once or at an agreed time.
func checkRecord(ctx context.Context, tx db.Tx, i Item, r Record) error {
	if i.Occasion == Complaint && r.How == ByPhone {
		from, err := regulation.Count(ctx, tx, "C14.7", "phone_round")
		if err == nil {
			err = regulation.Require(ctx, tx, "C14.7", i.Severity != Major, "重大投诉每次都要上门回访", "A major complaint is followed up in person every time")
		}
		if err == nil {
			err = regulation.Require(ctx, tx, "C14.7", i.Round >= int64(from), "投诉首次回访要上门,再次回访才可以用电话", "The first follow-up of a complaint is made in person; a later one may be by telephone")
		}
		if err != nil {
			return err
		}
	}
	if r.How == OnSite {
		if err := regulation.Require(ctx, tx, "C14.6", r.Signature != "" && core.Filled(string(r.Signer)), "上门回访须客户签名", "The customer signs a follow-up in person"); err != nil {
			return err
		}
	}
	if r.Result != Satisfied && !core.Filled(r.Opinion) {
		return core.Invalid("opinion", "请写明客户的意见要求", "Write down what the customer said")
	}
	if !r.Promised.IsZero() && !r.Promised.After(core.Now(ctx)) {
		return core.Invalid("promised", "约定的时间要晚于现在", "The agreed time has to be later than now")
	}
	if r.Result == NewOpinion {
		return regulation.Require(ctx, tx, "C14.7", core.Filled(r.Outcome) || !r.Promised.IsZero(), "新意见要当即答复,或约定时间回复", "Answer the new opinion at once, or agree a time for the answer")
	}
	return nil
}

// FollowUp records a follow-up: a new opinion's answer is owed at the agreed time, who is dissatisfied has the matter taken up
// again, and is followed up again (C14.7).
func FollowUp(ctx context.Context, tx db.Tx, id core.ID, r Record) error {
	payload := map[string]any{"how": r.How, "result": r.Result, "opinion": core.Personal(r.Opinion), "signer": r.Signer}
	i, err := change(ctx, tx, id, canRecord, "recorded", payload, func(i *Item) error {
		if i.Matter.Kind == "complaint" {
			c, err := complaint.Get(ctx, tx, i.Matter.ID)
			if err != nil {
				return err
			}
			i.Severity = heavier(i.Severity, severityOf(c))
		}
		if err := checkRecord(ctx, tx, *i, r); err != nil {
			return err
		}
		return hold(ctx, tx, i, r)
	})
	if err != nil {
		return err
	}
	if err := followed(ctx, tx, i); err != nil {
		return err
	}
	if i.Customer != 0 {
		if err := meet(ctx, tx, i); err != nil {
			return err
		}
	}
	if r.Result == Dissatisfied {
		if err := complain(ctx, tx, i); err != nil {
			return err
		}
		return again(ctx, tx, i, r)
	}
	if r.Result == Satisfied {
		if err := settleEarlier(ctx, tx, i); err != nil {
			return err
		}
		return opine(ctx, tx, i, r)
	}
	return nil
}

// hold writes what was said into the follow-up and closes its term.
func hold(ctx context.Context, tx db.Tx, i *Item, r Record) error {
	on, err := regulation.On(ctx, tx, "C14.6")
	if err != nil {
		return err
	}
	a, now := core.ActorOf(ctx), core.Now(ctx)
	i.State, i.Open, i.How, i.Result, i.Opinion, i.Outcome, i.Signer = StateDone, false, r.How, r.Result, r.Opinion, r.Outcome, r.Signer
	i.Held, i.HeldBy, i.HeldName, i.HeldMonth, i.Late = now, a.ID, a.Name, core.MonthOf(now, core.ProjectOf(ctx).Zone), now.After(i.Due)
	if r.How == ByPhone && on {
		i.Mark = "电话回访"
	}
	i.Problem = r.Result != Satisfied
	if r.Signature != "" {
		up, err := file.FromDataURL(r.Signature)
		if err == nil {
			_, err = file.Attach(ctx, tx, i.Ref, file.Signature, up)
		}
		if err != nil {
			return err
		}
	}
	if err := duty.Done(ctx, tx, i.Clause, i.Ref); err != nil {
		return err
	}
	if r.Result == NewOpinion {
		return promise(ctx, tx, i, r)
	}
	return nil
}

// promise keeps what is still to be answered, with its time (C14.7); what was answered at once is settled.
func promise(ctx context.Context, tx db.Tx, i *Item, r Record) error {
	if core.Filled(r.Outcome) && r.Promised.IsZero() {
		i.Answer, i.Answered, i.Settled = r.Outcome, i.Held, i.Held
		return nil
	}
	i.Promised = r.Promised
	if r.Promised.IsZero() { // the clause is off
		return nil
	}
	return duty.Open(ctx, tx, "C14.7", i.Ref, duty.Due(r.Promised), duty.To(i.HeldBy), owes(ctx, *i, "按约定答复回访中的新意见:%s", "The agreed answer to a new opinion: %s"))
}

// meet tells the customer's file that he was spoken to.
func meet(ctx context.Context, tx db.Tx, i Item) error {
	how := map[string]string{ByPhone: "phone", OnSite: "visit"}[i.How]
	err := customer.Contacted(ctx, tx, i.Customer, how, core.T("回访 %s:%s", "Follow-up %s: %s", i.Number, core.Label(Results(), i.Result)).ZH)
	if core.IsKind(err, core.KindConflict) || core.IsKind(err, core.KindNotFound) {
		return nil // the file was merged or closed meanwhile
	}
	return err
}

// complain tells the supervisor, and who handled the matter, that the customer is dissatisfied.
func complain(ctx context.Context, tx db.Tx, i Item) error {
	m := notify.Message{Ref: i.Ref, Urgent: i.Severity == Major, URL: href(ctx, i.Ref.ID), Title: core.T("回访客户不满意:%s", "A customer is dissatisfied at the follow-up: %s", i.title())}
	if err := notify.TellRole(ctx, tx, i.Ref.Project, core.Supervisor, m); err != nil {
		return err
	}
	if i.Handler != 0 && i.Handler != i.Against {
		if err := notify.Tell(ctx, tx, i.Ref.Project, i.Handler, m); err != nil {
			return err
		}
	}
	return duty.Happened(ctx, tx, "followup.dissatisfied", i.Ref, i.title().ZH, href(ctx, i.Ref.ID))
}

// again has the matter taken up again (C14.7): a complaint, a repair, an emergency by its own verb, whose end brings the
// next follow-up. A move-in or an activity cannot be done again: what the customer said goes to the desk as an opinion, to
// be looked into and answered (A3.4), and the next follow-up is planned at once.
func again(ctx context.Context, tx db.Tx, i Item, r Record) error {
	on, err := regulation.On(ctx, tx, "C14.7")
	if err != nil || !on {
		return err
	}
	reason := core.T("回访 %s 客户不满意:%s", "Follow-up %s, the customer is dissatisfied: %s", i.Number, r.Opinion).ZH
	switch i.Matter.Kind {
	case "complaint":
		return complaint.Reopen(ctx, tx, i.Matter.ID, complaint.Word{Text: reason})
	case "repair":
		return repair.Rework(ctx, tx, i.Matter.ID, repair.Why{Reason: reason})
	case "desk":
		return desk.Reopen(ctx, tx, i.Matter.ID, reason)
	}
	if err := opinion(ctx, tx, i, r); err != nil {
		return err
	}
	m := matter{Ref: i.Matter, Occasion: i.Occasion, Number: i.MatterNumber, Content: ui.Join(i.Content, r.Opinion), Handled: r.Outcome, Customer: i.Customer, CustomerName: i.CustomerName, Unit: i.Unit, UnitCode: i.UnitCode,
		Contact: i.Contact, Phone: i.Phone, Severity: i.Severity, Handler: i.Handler, HandlerName: i.HandlerName, Since: core.Now(ctx)}
	if m.Ref.Kind == activityKind.Name {
		m.Part = i.Customer
	}
	_, err = plan(ctx, tx, m, planning{Why: WhyAgain, From: m.Since, Due: r.Promised, Round: i.Round + 1})
	return err
}

// opinion takes down at the desk what a dissatisfied customer said.
func opinion(ctx context.Context, tx db.Tx, i Item, r Record) error {
	channel := map[string]string{ByPhone: "phone", OnSite: "oral"}[r.How]
	_, _, err := desk.Take(ctx, tx, desk.Intake{Channel: channel, Kind: desk.Suggestion, Customer: i.Customer, CustomerName: i.CustomerName, Unit: i.Unit, UnitCode: i.UnitCode, Contact: i.Contact, Phone: i.Phone,
		Content: core.T("回访 %s(%s)客户不满意:%s", "Follow-up %s (%s), the customer is dissatisfied: %s", i.Number, i.Content, r.Opinion).ZH})
	return err
}

// settleEarlier: the customer is satisfied now, so what he was dissatisfied with before is settled (C14.8).
func settleEarlier(ctx context.Context, tx db.Tx, i Item) error {
	if i.Round == 1 {
		return nil
	}
	is, err := list(ctx, tx, "project_id = $1 and customer_id = $2 and occasion = $3 and problem and settled_at is null and result = 'dissatisfied' and round < $4 order by id", i.Ref.Project, i.Customer, i.Occasion, i.Round)
	if i.Matter.ID != 0 {
		is, err = of(ctx, tx, i.Matter)
	}
	is = slices.DeleteFunc(is, func(e Item) bool {
		return e.Result != Dissatisfied || !e.Settled.IsZero() || e.Customer != i.Customer || e.Ref.ID == i.Ref.ID
	})
	for _, e := range is {
		if err == nil {
			e.Settled = core.Now(ctx)
			err = write(ctx, tx, e, "settled", map[string]string{"number": i.Number})
		}
	}
	return err
}

// opine gives a signed word of satisfaction to the complaint that waits for the customer's opinion: he signs once.
func opine(ctx context.Context, tx db.Tx, i Item, r Record) error {
	if i.Matter.Kind != "complaint" || r.Signature == "" {
		return nil
	}
	c, err := complaint.Get(ctx, tx, i.Matter.ID)
	if err != nil || c.State != complaint.StateReplied || !c.Opined.IsZero() {
		return err
	}
	return complaint.Opine(ctx, tx, i.Matter.ID, complaint.Opinion{Satisfied: "yes", Signer: r.Signer, Signature: r.Signature, Comment: r.Opinion})
}

// Miss records that nobody was reached: the follow-up stays due, and the list says how often it was tried.
func Miss(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	_, err := change(ctx, tx, id, canMiss, "missed", map[string]string{"note": w.Text}, func(i *Item) error {
		i.Tries, i.Tried = i.Tries+1, core.Now(ctx)
		return nil
	})
	return err
}

func canMiss(ctx context.Context, tx db.Tx, i Item) error {
	if err := in(i, StateDue); err != nil {
		return err
	}
	return mayCall(ctx, tx, i, core.ActorOf(ctx))
}

// ---- the agreed answer (C14.7)

// Word is a verb's one text.
type Word struct{ Text string }

func canAnswer(_ context.Context, _ db.Tx, i Item) error {
	if i.State != StateDone || i.Result != NewOpinion {
		return register.Later("没有待答复的新意见", "No new opinion waits for its answer")
	}
	if !i.Answered.IsZero() {
		return register.Later("已经答复", "It is answered")
	}
	return nil
}

// Answer gives the customer the answer that was agreed.
func Answer(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	_, err := change(ctx, tx, id, canAnswer, "answered", map[string]string{"answer": w.Text}, func(i *Item) error {
		i.Answer, i.Answered, i.Settled = w.Text, core.Now(ctx), core.Now(ctx)
		return duty.Done(ctx, tx, "C14.7", i.Ref)
	})
	return err
}
