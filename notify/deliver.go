package notify

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/job"
)

// Sending is in three steps, so that no transaction is open while another machine answers: a short Write claims the row
// (one node gets it), the channel sends, a second Write notes how that went.
//
// Of a process that dies between sending and noting nobody can know whether the message got through. Such a row is tried
// again once its claim has expired, for losing an urgent message is worse than saying it twice, and is marked Doubtful.
// A mail carries the same Message-ID again and a webhook the same delivery id, so their receivers know a repeated one; a
// gateway that is given {id} may; a robot's group may read it twice.
const (
	claimFor = 90 * time.Second // real time; more than sendTime
	triesMax = 8
	wakeMax  = 500 // rows a tick
)

const routeJob = "notify.route"

// Jobs are the kinds of work that this package gives to the runner.
func Jobs() []job.Kind {
	return []job.Kind{{Name: sendJob, Run: deliver}, {Name: routeJob, Run: route}}
}

// pause before the next try, of business time: 1, 4 and 16 min, 1 h, 4 h, then 6 h each.
func pause(tries int64) time.Duration {
	return min(time.Minute<<(2*min(tries-1, 6)), 6*time.Hour)
}

func deliver(ctx context.Context, d *db.DB, args []byte) error {
	var p parcel
	if err := json.Unmarshal(args, &p); err != nil {
		return err
	}
	var todo *task
	err := d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		todo, err = claim(ctx, tx, p)
		return err
	})
	if err != nil || todo == nil {
		return err
	}
	if todo.parcel.Files, err = enclosures(ctx, d, todo.Delivery); err != nil {
		return err
	}
	sending, cancel := context.WithTimeout(ctx, sendTime)
	failure := todo.sender.Send(sending, todo.parcel)
	cancel()
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return note(ctx, tx, todo.Delivery, failure) })
}

// task is a row that this node alone may send now.
type task struct {
	Delivery
	sender Sender
	parcel Parcel
}

// claim takes the row if it is due and nobody has it; nil when there is nothing to send (any more).
func claim(ctx context.Context, tx db.Tx, p parcel) (*task, error) {
	d, err := lock(ctx, tx, p.Project, p.ID)
	if core.IsKind(err, core.KindNotFound) {
		return nil, nil
	}
	now := core.Now(ctx)
	if err != nil || d.State != Queued || d.Next.After(now) || d.claim != "" && time.Since(d.claimed) < claimFor {
		return nil, err
	}
	s, err := SettingsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	t := &task{Delivery: d, sender: s.sender(d.Channel)}
	why, err := t.fill(ctx, tx, s)
	if err != nil {
		return nil, err
	}
	if why != "" {
		d.State, d.Error, d.Next = Suppressed, why, time.Time{}
		return nil, d.settle(ctx, tx, string(Suppressed), map[string]any{"why": why})
	}
	t.Doubtful = d.Doubtful || d.claim != ""
	t.claim, t.Tries, t.Next = rand.Text(), d.Tries+1, now.Add(pause(d.Tries+1))
	return t, db.ExecOne(ctx, tx, "update notify_outbox set claim = $1, claimed_at = $2, tries = $3, next_at = $4, doubtful = $5 where project_id = $6 and id = $7",
		t.claim, time.Now(), t.Tries, t.Next, t.Doubtful, p.Project, p.ID)
}

// fill opens what is to be sent, or says why it is not.
func (t *task) fill(ctx context.Context, tx db.Tx, s Settings) (why string, err error) {
	to, title, body, err := t.Open(ctx, tx)
	t.parcel = Parcel{ID: t.Ref.ID, To: to, Title: title, Body: body, At: time.Now()}
	switch {
	case err != nil:
	case body == "":
		why = erased
	case !s.on(t.Channel):
		why = channelOff
	case t.Channel.needs() && to == "":
		why = noAddress
	case t.Hook != 0:
		var h Hook
		if h, err = GetHook(ctx, tx, t.Hook); core.IsKind(err, core.KindNotFound) || err == nil && !h.Enabled {
			return channelOff, nil
		}
		t.parcel.To, t.parcel.Key, t.parcel.Event = h.URL, h.Secret, t.Template
	}
	return why, err
}

// note writes down how a try went, unless the claim has passed to another node meanwhile.
func note(ctx context.Context, tx db.Tx, t Delivery, failure error) error {
	d, err := lock(ctx, tx, t.Ref.Project, t.Ref.ID)
	if err != nil || d.claim != t.claim {
		return err
	}
	var final Final
	switch {
	case failure == nil:
		d.State, d.SentAt, d.Next, d.Error = Sent, core.Now(ctx), time.Time{}, ""
		return d.settle(ctx, tx, string(Sent), map[string]any{"tries": d.Tries})
	case errors.As(failure, &final), d.Tries >= triesMax:
		d.State, d.Next, d.Error = Failed, time.Time{}, cut(failure.Error())
		return d.settle(ctx, tx, string(Failed), map[string]any{"tries": d.Tries, "error": d.Error})
	}
	tx.Publish(OutboxTopic(d.Ref.Project))
	return db.ExecOne(ctx, tx, "update notify_outbox set claim = null, claimed_at = null, error = $1 where project_id = $2 and id = $3 and claim = $4",
		cut(failure.Error()), d.Ref.Project, d.Ref.ID, t.claim)
}

// Tick does what business time has made due: digests are written, and what waited for its time or its next try is given
// to the runner. It is idempotent; any node may call it at any time.
func Tick(ctx context.Context, d *db.DB) error {
	var due []parcel
	var held []digest
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		now := core.Now(ctx)
		due, err = db.All(ctx, tx, func(p *parcel) []any { return []any{&p.Project, &p.ID} }, `select project_id, id from notify_outbox
			where state = 'queued' and next_at <= $1 and (claim is null or claimed_at <= $2) order by next_at limit $3`, now, time.Now().Add(-claimFor), wakeMax)
		if err == nil {
			held, err = db.All(ctx, tx, (*digest).dest, "select distinct project_id, user_id from notify_held where due_at <= $1 limit $2", now, wakeMax)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, h := range held {
		if err := d.Write(ctx, h.write); err != nil {
			return err
		}
	}
	if len(due) == 0 {
		return nil
	}
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, p := range due {
			if err := wake(ctx, tx, p.Project, p.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// hold keeps a message for the user's digest.
func hold(ctx context.Context, tx db.Tx, project, user, message core.ID, due time.Time) error {
	_, err := db.Exec(ctx, tx, `insert into notify_held (project_id, user_id, message_id, due_at) values ($1,$2,$3,$4)
		on conflict (project_id, user_id, message_id) do nothing`, project, user, message, due)
	return err
}

// digest is what one user is told of one project today.
type digest struct{ project, user core.ID }

func (h *digest) dest() []any { return []any{&h.project, &h.user} }

const digestMax = 50 // titles that one digest lists

// write takes the held messages away and queues one letter with their titles. Whoever comes second finds none.
func (h digest) write(ctx context.Context, tx db.Tx) error {
	ids, err := db.Values[core.ID](ctx, tx, "delete from notify_held where project_id = $1 and user_id = $2 and due_at <= $3 returning message_id", h.project, h.user, core.Now(ctx))
	if err != nil || len(ids) == 0 {
		return err
	}
	slices.Sort(ids)
	var zh, en strings.Builder
	for i, id := range ids {
		m, ok, err := messageOf(ctx, tx, h.project, id)
		if err != nil {
			return err
		}
		if ok && i < digestMax {
			fmt.Fprintf(&zh, "%d. %s\n", i+1, m.Title.ZH)
			fmt.Fprintf(&en, "%d. %s\n", i+1, m.Title.In(core.EN))
		}
	}
	l := Letter{Template: "digest", Title: core.T("今日消息汇总:%d 条", "Your messages of the day: %d", len(ids)), Body: core.Text{ZH: strings.TrimSpace(zh.String()), EN: strings.TrimSpace(en.String())}}
	if place := bookOf(ctx).Place; place != nil {
		if p, err := place(ctx, tx, h.project); err == nil {
			l.URL = "/p/" + p.Code + "/todo"
		}
	}
	s, err := SettingsOf(ctx, tx)
	if err != nil {
		return err
	}
	return sendUser(ctx, tx, h.project, To{User: h.user}, l, 0, s)
}

// told is a message of the bell with its recipient.
type toldTo struct {
	Message
	user core.ID
}

func messageOf(ctx context.Context, tx db.Tx, project, id core.ID) (toldTo, bool, error) {
	return db.Maybe(ctx, tx, func(m *toldTo) []any {
		return []any{&m.ID, &m.user, &m.Role, &m.Ref.Kind, &m.Ref.ID, &m.Ref.Project, &m.Title.ZH, &m.Title.EN, &m.URL, &m.Urgent}
	}, "select id, user_id, role, ref_kind, ref_id, ref_project, title_zh, title_en, url, urgent from notify_message where project_id = $1 and id = $2", project, id)
}

// route sends what the bell told, to each recipient by his choice. Run twice, it finds its rows there.
func route(ctx context.Context, d *db.DB, args []byte) error {
	var messages []parcel
	if err := json.Unmarshal(args, &messages); err != nil {
		return err
	}
	for _, m := range messages {
		if err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return routeOne(ctx, tx, m) }); err != nil {
			return err
		}
	}
	return nil
}

func routeOne(ctx context.Context, tx db.Tx, p parcel) error {
	m, ok, err := messageOf(ctx, tx, p.Project, p.ID)
	if err != nil || !ok {
		return err
	}
	to := []core.ID{m.user}
	if m.Role != "" {
		if to, err = Holders(ctx, tx, p.Project, m.Role); err != nil {
			return err
		}
	}
	s, err := SettingsOf(ctx, tx)
	for _, user := range to {
		if err == nil {
			err = sendUser(ctx, tx, p.Project, To{User: user}, Letter{Template: "bell", Ref: m.Ref, Title: m.Title, URL: m.URL, Urgent: m.Urgent}, p.ID, s)
		}
	}
	return err
}
