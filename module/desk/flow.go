package desk

import (
	"context"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/regulation"
)

// How a customer confirmed that a matter is done (B4.5).
const (
	AtOnce   = "once"   // answered while the customer was there
	ByRecord = "record" // the record that carried it on holds the confirmation
)

// Confirmations are the ways in which a customer confirms.
func Confirmations() []core.Choice {
	return append(confirmable(), core.Choice{Value: AtOnce, Label: core.T("当场", "on the spot")}, core.Choice{Value: ByRecord, Label: core.T("见办理单据", "on its record")})
}

func confirmable() []core.Choice {
	return []core.Choice{{Value: "phone", Label: core.T("电话", "Telephone")}, {Value: "face", Label: core.T("当面", "Face to face")}, {Value: "message", Label: core.T("微信/短信/邮件", "Message or mail")},
		{Value: "signed", Label: core.T("书面签字", "In writing")}}
}

// Confirm says who of the customer confirmed that the matter is done, and how (B4.5).
type Confirm struct {
	By  core.Personal
	How string
}

// Transfer is one hand-over of a matter.
type Transfer struct {
	ID       core.ID
	At       time.Time
	By       string
	From     string
	Role     core.Role
	To       string
	Due      time.Time
	Reason   string
	Reported bool // to the leader (B4.6)
	Accepted time.Time
	Acceptor string
	Refused  time.Time
	Refusal  string
}

// mine says whether the matter was handed to the actor: by name, or to a role of theirs.
func (m Matter) mine(ctx context.Context) bool {
	a := core.ActorOf(ctx)
	return a.Job || m.HandedUser != 0 && m.HandedUser == a.ID || m.HandedUser == 0 && m.HandedRole != "" && a.Has(m.Ref.Project, m.HandedRole)
}

func canAccept(ctx context.Context, _ db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if m.State != StateHanded || !m.Accepted.IsZero() {
		return core.Conflict("没有等待接收的转办", "No hand-over waits to be accepted")
	}
	if !m.mine(ctx) {
		return core.Forbidden("desk.accept")
	}
	return nil
}

// Accept takes over what was handed to the actor, who answers for it from now on (首问负责 ends only here).
func Accept(ctx context.Context, tx db.Tx, id core.ID) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canAccept(ctx, tx, m)
	}
	if err != nil {
		return err
	}
	a := core.ActorOf(ctx)
	m.Owner, m.OwnerName, m.HandedUser, m.HandedName, m.Accepted = a.ID, a.Name, a.ID, a.Name, core.Now(ctx)
	if err := acceptTransfer(ctx, tx, m); err != nil {
		return err
	}
	if err := duty.Assign(ctx, tx, "B4.6", m.Ref, a.ID); err != nil {
		return err
	}
	return changed(ctx, tx, m, "accepted", map[string]string{"name": a.Name})
}

// Decline sends the matter back with the reason: whoever answered for it still does, within the limit that was set.
func Decline(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canAccept(ctx, tx, m)
	}
	if err != nil {
		return err
	}
	m.State, m.HandedRole, m.HandedUser, m.HandedName = StateOpen, "", 0, ""
	if err := refuseTransfer(ctx, tx, m, in.Text); err != nil {
		return err
	}
	if err := duty.Assign(ctx, tx, "B4.6", m.Ref, m.Owner); err != nil {
		return err
	}
	if m.Owner != 0 {
		msg := notify.Message{Ref: m.Ref, URL: href(ctx, m.Ref.ID), Urgent: m.Urgent, Title: core.T("转办被退回:%s %s", "Sent back to you: %s %s", m.Number, m.Content)}
		if err := notify.Tell(ctx, tx, m.Ref.Project, m.Owner, msg); err != nil {
			return err
		}
	}
	return changed(ctx, tx, m, "declined", map[string]string{"reason": in.Text})
}

// limited opens the duty to solve the matter within its limit or to report it then (B4.6); the duty of an earlier limit
// counts for nobody.
func limited(ctx context.Context, tx db.Tx, m Matter) error {
	if err := duty.Void(ctx, tx, "B4.6", m.Ref, "期限另定"); err != nil || m.HandedDue.IsZero() {
		return err
	}
	due, err := reportDue(ctx, tx, m.HandedDue)
	if err != nil {
		return err
	}
	opts := []duty.Option{duty.Again(), duty.Due(due), duty.About(core.T("到期前解决,否则上报领导:%s %s", "Solve within the limit, or report to the leader: %s %s", m.Number, m.Content), href(ctx, m.Ref.ID))}
	if m.HandedUser != 0 {
		opts = append(opts, duty.To(m.HandedUser))
	}
	return duty.Open(ctx, tx, "B4.6", m.Ref, opts...)
}

// reportDue is when a matter whose limit passes must have been reported.
func reportDue(ctx context.Context, tx db.Tx, limit time.Time) (time.Time, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return limit, err
	}
	var clock calendar.Clock
	if clock, err = duty.Clock(ctx, tx, rules); err != nil {
		return limit, err
	}
	return clock.Due(limit, rules.Span("B4.6", "term"), ""), nil
}

// Report says to the leader why a matter cannot be solved in its term, and who takes it over (B4.6).
type Report struct {
	Reason string
	Leader core.ID
	Taker  core.ID
	Due    time.Time // the new limit
}

func canReport(_ context.Context, _ db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if m.State != StateOpen && m.State != StateHanded {
		return core.Conflict("这件诉求已在办理或已答复,不必上报", "The request is in hand or answered; there is nothing to report")
	}
	return nil
}

// B4.6: reason, leader and who takes over are on record.
func canReportAs(ctx context.Context, tx db.Tx, in Report) error {
	return regulation.Guard(ctx, tx, "B4.6", in.Reason != "" && in.Leader != 0 && in.Taker != 0, core.T("上报要写明原因、上报给谁、由谁接手", "A report says the reason, to whom, and who takes over"))
}

// ReportUp reports the matter to the leader, gives it to who takes over, and sets the new limit (B4.6).
func ReportUp(ctx context.Context, tx db.Tx, id core.ID, in Report) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canReport(ctx, tx, m)
	}
	if err == nil {
		err = canReportAs(ctx, tx, in)
	}
	if err == nil && !in.Due.After(core.Now(ctx)) {
		err = core.Invalid("due", "新的期限要晚于现在", "The new limit must be later than now")
	}
	to, leader := Hand{User: in.Taker, Due: in.Due, Reason: in.Reason}, Hand{User: in.Leader}
	for _, h := range []*Hand{&to, &leader} {
		if err == nil {
			err = person(ctx, tx, h)
		}
	}
	if err == nil {
		err = duty.Done(ctx, tx, "B4.6", m.Ref)
	}
	if err != nil {
		return err
	}
	m.Reported, m.ReportedReason = core.Now(ctx), in.Reason
	if err := hand(ctx, tx, &m, to, true); err != nil {
		return err
	}
	if in.Leader != 0 {
		msg := notify.Message{Ref: m.Ref, URL: href(ctx, m.Ref.ID), Urgent: true, Title: core.T("未能按期解决,上报:%s %s", "Not solved in time, reported to you: %s %s", m.Number, m.Content)}
		if err := notify.Tell(ctx, tx, m.Ref.Project, in.Leader, msg); err != nil {
			return err
		}
	}
	return changed(ctx, tx, m, "reported", map[string]any{"reason": in.Reason, "leader": leader.Name, "name": to.Name, "due": in.Due})
}

// leaders are those to whom a matter may be reported.
func leaders(ctx context.Context, tx db.Tx) ([]user.User, error) {
	return user.Holders(ctx, tx, core.ProjectOf(ctx).ID, core.Supervisor, core.Manager, core.GM)
}

// Looking into a matter is for the desk, and for whom it was handed to.
func canLook(ctx context.Context, _ db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if m.State != StateOpen && m.State != StateHanded {
		return core.Conflict("这件诉求已在办理或已答复", "The request is in hand or answered")
	}
	if a := core.ActorOf(ctx); !m.mine(ctx) && m.Owner != a.ID && !a.Can(m.Ref.Project, "desk.answer") {
		return core.Forbidden("desk.look")
	}
	return nil
}

// Look notes what was found out about the matter (A3.4); whoever answers for it hears of it.
func Look(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canLook(ctx, tx, m)
	}
	if err != nil {
		return err
	}
	if m.Findings != "" {
		m.Findings += "\n"
	}
	m.Findings += in.Text
	return changed(ctx, tx, m, "looked", map[string]string{"findings": in.Text})
}

func canDispute(_ context.Context, _ db.Tx, m Matter) error {
	if m.State != StateAnswered {
		return core.Conflict("答复后客户不认可的,才继续办理", "It is taken up again when the customer does not agree with an answer")
	}
	return nil
}

// Dispute takes an answered matter up again, because the customer did not confirm (B4.5): an enquiry owes its answer anew.
func Dispute(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canDispute(ctx, tx, m)
	}
	if err != nil {
		return err
	}
	m.State, m.Answer, m.Answered = StateOpen, "", time.Time{}
	if m.HandedUser != 0 || m.HandedRole != "" {
		m.State = StateHanded
	}
	if m.Kind == Enquiry {
		err = duty.Open(ctx, tx, "A3.2", m.Ref, duty.Again(), duty.About(core.T("重新答复:%s %s", "Answer anew: %s %s", m.Number, m.Content), href(ctx, m.Ref.ID)))
	}
	if err == nil {
		err = Remind(ctx, tx, m, true)
	}
	if err != nil {
		return err
	}
	return changed(ctx, tx, m, "disputed", map[string]string{"reason": in.Text})
}
