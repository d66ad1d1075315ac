package survey

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/job"
	"huiyin/module/customer"
	"huiyin/module/project"
	"huiyin/notify"
	"huiyin/regulation"
)

const (
	sendJob   = "survey.send"
	sendBatch = 50 // letters queued in one Write
)

// delivery is what the job writes: the invitations of a survey, or, with Since, reminders to those who were not reminded
// since and have not answered.
type delivery struct {
	Project core.ID `json:"project"`
	Round   core.ID `json:"round"`
	Since   int64   `json:"since,omitempty"`
}

func jobs() []job.Kind { return []job.Kind{{Name: sendJob, Run: deliver}} }

// deliver queues the letters, some at a time, so that nobody waits for it; run twice it writes to nobody twice.
func deliver(ctx context.Context, d *db.DB, args []byte) error {
	var what delivery
	if err := json.Unmarshal(args, &what); err != nil {
		return err
	}
	var ids []core.ID
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		p, err := placeOf(ctx, tx, what.Project)
		if err != nil {
			return err
		}
		ctx = core.WithProject(ctx, p)
		_, waiting, err := what.waiting(ctx, tx)
		for _, i := range waiting {
			ids = append(ids, i.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(ids, sendBatch) {
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			p, err := placeOf(ctx, tx, what.Project)
			if err != nil {
				return err
			}
			return deliverTo(core.WithProject(ctx, p), tx, what, part)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func placeOf(ctx context.Context, tx db.Tx, id core.ID) (core.Project, error) {
	ps, err := project.List(ctx, tx)
	i := slices.IndexFunc(ps, func(p core.Project) bool { return p.ID == id })
	if i < 0 {
		return core.Project{}, cmp.Or(err, core.NotFound())
	}
	return ps[i], err
}

func zone(name string) *time.Location { return project.Project{Zone: name}.Core().Zone }

// waiting are those, of all who are asked or of some of them, to whom this delivery has not written yet.
func (what delivery) waiting(ctx context.Context, tx db.Tx, some ...core.ID) (Round, []Invite, error) {
	r, err := Get(ctx, tx, what.Round)
	if err != nil || r.State != StateOpen {
		return r, nil, err
	}
	if what.Since == 0 {
		is, err := invites(ctx, tx, r.Ref.ID, some...)
		return r, slices.DeleteFunc(is, func(i Invite) bool { return !i.Sent.IsZero() }), err
	}
	is, err := unanswered(ctx, tx, r, some...)
	return r, slices.DeleteFunc(is, func(i Invite) bool { return i.Reminded.UnixMicro() >= what.Since }), err
}

// deliverTo writes to those of some invited who still wait.
func deliverTo(ctx context.Context, tx db.Tx, what delivery, ids []core.ID) error {
	column := "sent_at"
	if what.Since != 0 {
		column = "reminded_at"
	}
	r, waiting, err := what.waiting(ctx, tx, ids...)
	for _, i := range waiting {
		if err := writeTo(ctx, tx, r, i, what.Since != 0); err != nil {
			return err
		}
		if err := db.ExecOne(ctx, tx, "update survey_invite set "+column+" = $1 where project_id = $2 and id = $3", core.Now(ctx), r.Ref.Project, i.ID); err != nil {
			return err
		}
	}
	tx.Publish(Topic(what.Project))
	return err
}

// writeTo queues the letter to a customer, as his contact prefers. Without an address of this system there is nothing to
// click: the printed slip has the code.
func writeTo(ctx context.Context, tx db.Tx, r Round, i Invite, again bool) error {
	s, err := notify.SettingsOf(ctx, tx)
	if err != nil || s.Site.Base == "" {
		return err
	}
	to := notify.To{Customer: i.Customer}
	ks, err := customer.Contacts(ctx, tx, i.Customer)
	if err != nil {
		return err
	}
	if k, ok := contactOf(ks); ok {
		to.Contact = k.ID
		if len(k.Phones) > 0 {
			to.Phone = k.Phones[0]
		}
	}
	title := core.T("邀请您参加:%s", "You are invited: %s", r.Title)
	if again {
		title = core.T("还差您一份:%s", "We have not heard from you yet: %s", r.Title)
	}
	link := strings.TrimRight(s.Site.Base, "/") + path(tokenOf(tx, r.Ref.Project, r.Ref.ID, i.ID))
	body := core.T("截止 %s,约两分钟,不用登录:%s", "Please answer by %s; it takes two minutes and no sign-in: %s", string(r.End), link)
	return notify.Send(ctx, tx, r.Ref.Project, to, notify.Letter{Template: "survey.invite", Ref: r.Ref, Title: title, Body: body})
}

// contactOf is whom to write to: the contact person, else the first with a number.
func contactOf(ks []customer.Contact) (customer.Contact, bool) {
	for _, fits := range []func(customer.Contact) bool{
		func(k customer.Contact) bool { return k.Role == customer.RoleContact && len(k.Phones) > 0 },
		func(k customer.Contact) bool { return len(k.Phones) > 0 }, func(customer.Contact) bool { return true }} {
		if i := slices.IndexFunc(ks, fits); i >= 0 {
			return ks[i], true
		}
	}
	return customer.Contact{}, false
}

// path is where a token's questionnaire is.
func path(token string) string { return "/s/" + token }

// Daily reminds who has not answered some days before the end, and ends what is over. It may run any number of times.
func Daily(ctx context.Context, d *db.DB) error {
	ctx = core.AsSystem(ctx)
	var due []Round
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		due, err = rounds(ctx, tx, "project_id = $1 and state = 'open'", core.ProjectOf(ctx).ID)
		return err
	})
	if err != nil {
		return err
	}
	today := core.Today(ctx)
	for _, r := range due {
		over := today > r.End
		if !over && (r.RemindDays == 0 || !r.Reminded.IsZero() || today < r.End.Add(-int(r.RemindDays))) {
			continue
		}
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			if over {
				return End(ctx, tx, r.Ref.ID, struct{}{})
			}
			return Remind(ctx, tx, r.Ref.ID, struct{}{})
		})
		if err != nil && !core.IsKind(err, core.KindConflict) { // another node was there first
			return err
		}
	}
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return yearly(ctx, tx) })
}

// yearly closes the year's duties that have come to be due after what they ask for was done.
func yearly(ctx context.Context, tx db.Tx) error {
	year := yearOf(core.Today(ctx))
	if p, ok, err := planOf(ctx, tx, year); err != nil {
		return err
	} else if ok && p.State == PlanApproved {
		if err := donePeriod(ctx, tx, "B7.1", yearMonth(year)); err != nil {
			return err
		}
	}
	if err := opinionsAsked(ctx, tx); err != nil {
		return err
	}
	return doneYear(ctx, tx, year)
}

// opinionsAsked closes the month's duty of D5.4 when an opinion form has gone out within its period, before the calendar
// opened it.
func opinionsAsked(ctx context.Context, tx db.Tx) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	p, month := core.ProjectOf(ctx), core.Today(ctx).Month()
	since := month.Add(1 - rules.Count("D5.4", "months")).First().Time(p.Zone)
	n, err := db.Value[int64](ctx, tx, "select count(*) from survey_round where project_id = $1 and kind = 'opinion' and launched_at >= $2 and voided_at is null", p.ID, since)
	if err != nil || n == 0 {
		return err
	}
	return donePeriod(ctx, tx, "D5.4", month)
}

func recurring() []duty.Recurring {
	return []duty.Recurring{
		{Clause: "B7.1", Number: "day", Title: core.T("客户调查年度计划", "The year's survey plan"), URL: "survey-plan", Before: true},
		{Clause: "C5.2", Number: "day", Title: core.T("全面满意度调查", "Full satisfaction survey"), URL: "survey"},
		{Clause: "D5.4", Number: "day", Months: "months", Title: core.T("发《意见征询表》", "Send out the opinion forms"), URL: "survey"},
	}
}

// Tokens are a survey's tokens, unit by unit, as its slips carry them.
func Tokens(ctx context.Context, tx db.Tx, round core.ID) ([]string, error) {
	is, err := invites(ctx, tx, round)
	out := make([]string, len(is))
	for i, x := range is {
		out[i] = tokenOf(tx, core.ProjectOf(ctx).ID, round, x.ID)
	}
	return out, err
}
