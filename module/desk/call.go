package desk

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/notify"
	"huiyin/regulation"
)

// Directions of a call.
const (
	In  = "in"
	Out = "out"
)

// What becomes of a recording (C19.2).
const (
	NoRecording = "none"
	Kept        = "kept"    // within its time
	Apart       = "apart"   // of an unfinished matter: stored apart and registered
	Expired     = "expired" // its time is over, it may be deleted
	Deleted     = "deleted"
)

// Call is one call of the log.
type Call struct {
	ID           core.ID
	Version      int64
	Origin       string // desk, or token: posted by the telephone system
	Outside      string // the telephone system's own id: the same call posted twice is one
	At           time.Time
	Direction    string
	Phone        core.Phone
	Answered     bool
	User         string // who talked
	Seconds      int64
	Recording    string // where the telephone system keeps it
	State        string // of the recording
	Customer     core.ID
	CustomerName string
	Matter       core.ID
	MatterNumber string
	Apart        time.Time
	Place        string // where it was stored apart
	Expired      time.Time
	Deleted      time.Time
}

func (c *Call) dest() []any {
	return []any{&c.ID, &c.Version, &c.Origin, &c.Outside, &c.At, &c.Direction, &c.Phone, &c.Answered, &c.User, &c.Seconds, &c.Recording, &c.State, &c.Customer, &c.CustomerName,
		&c.Matter, &c.MatterNumber, &c.Apart, &c.Place, &c.Expired, &c.Deleted}
}

// Ref names the call.
func (c Call) Ref(ctx context.Context) core.Ref { return callKind.Ref(ctx, c.ID) }

// AddCall puts a call into the log. One that the telephone system posts a second time is the first one.
func AddCall(ctx context.Context, tx db.Tx, in Call) (core.ID, error) {
	p, now := core.ProjectOf(ctx), core.Now(ctx)
	if in.At.IsZero() {
		in.At = now
	}
	if in.At.After(now.Add(time.Minute)) { // the telephone system's clock may be a little ahead
		return 0, core.Invalid("at", "通话时间不能晚于现在", "The call cannot be later than now")
	}
	if in.Outside != "" {
		if old, err := db.Value[core.ID](ctx, tx, "select id from desk_call where project_id = $1 and outside_id = $2", p.ID, in.Outside); err != nil || old != 0 {
			return old, err
		}
	}
	in.ID, in.Origin, in.State = tx.NewID(), OriginDesk, NoRecording
	if core.ActorOf(ctx).Token != nil {
		in.Origin = "token"
	} else if in.User == "" && in.Answered {
		in.User = core.ActorOf(ctx).Name
	}
	if in.Recording != "" {
		in.State = Kept
	}
	if err := known(ctx, tx, &in); err != nil {
		return 0, err
	}
	n, err := insertCall(ctx, tx, in)
	if err != nil {
		return 0, err
	}
	if n == 0 { // posted by two at once
		return db.Value[core.ID](ctx, tx, "select id from desk_call where project_id = $1 and outside_id = $2", p.ID, in.Outside)
	}
	tx.Publish("p/" + p.ID.String() + "/call")
	return in.ID, journal.Add(ctx, tx, in.Ref(ctx), "logged", map[string]any{"direction": in.Direction, "phone": in.Phone, "answered": in.Answered}, journal.For(in.Customer))
}

// known names the customer whose number it is, when it is one's alone.
func known(ctx context.Context, tx db.Tx, c *Call) error {
	if c.Phone == "" {
		return nil
	}
	ms, err := customer.ByPhone(ctx, tx, c.Phone)
	for _, m := range ms {
		if c.Customer != 0 && c.Customer != m.Customer {
			c.Customer, c.CustomerName = 0, ""
			break
		}
		c.Customer, c.CustomerName = m.Customer, m.Name
	}
	return err
}

// became ties a call to the matter that was taken down from it.
func became(ctx context.Context, tx db.Tx, id core.ID, m Matter) error {
	c, err := lockCall(ctx, tx, id)
	if err != nil {
		return err
	}
	if c.Matter != 0 {
		return core.Conflict("这个通话已经受理为 %s", "This call was taken down as %s already", c.MatterNumber)
	}
	c.Matter, c.MatterNumber = m.Ref.ID, m.Number
	if err := saveCall(ctx, tx, c); err != nil {
		return err
	}
	return journal.Add(ctx, tx, c.Ref(ctx), "linked", map[string]string{"number": m.Number}, journal.For(m.Customer))
}

// Link says which matter a call belongs to.
type Link struct{ Matter core.ID }

func canLink(_ context.Context, _ db.Tx, c Call) error {
	if c.Matter != 0 {
		return core.Conflict("这个通话已经关联 %s", "This call belongs to %s already", c.MatterNumber)
	}
	return nil
}

// LinkCall ties a call to a matter that is there already.
func LinkCall(ctx context.Context, tx db.Tx, id core.ID, in Link) error {
	m, err := Get(ctx, tx, in.Matter)
	if err != nil {
		return err
	}
	return became(ctx, tx, id, m)
}

// Place is where a recording was stored apart.
type Place struct{ Place string }

func canKeep(_ context.Context, _ db.Tx, c Call) error {
	if c.State == NoRecording || c.State == Deleted {
		return core.Conflict("没有可另存的录音", "There is no recording to store apart")
	}
	return nil
}

// Keep enters where the recording of an unfinished matter was stored apart (C19.2).
func Keep(ctx context.Context, tx db.Tx, id core.ID, in Place) error {
	c, err := lockCall(ctx, tx, id)
	if err == nil {
		err = canKeep(ctx, tx, c)
	}
	if err == nil {
		err = duty.Done(ctx, tx, "C19.2", c.Ref(ctx))
	}
	if err != nil {
		return err
	}
	c.Place = in.Place
	if c.State != Apart {
		c.State, c.Apart = Apart, core.Now(ctx)
	}
	return changedCall(ctx, tx, c, "stored", map[string]string{"place": in.Place})
}

// C19.2: a recording is deleted only once its time is over and its matter is finished.
func canDelete(ctx context.Context, tx db.Tx, c Call) error {
	if c.State == NoRecording || c.State == Deleted {
		return core.Conflict("没有录音,或已经删除", "There is no recording, or it is deleted already")
	}
	keep, err := regulation.Span(ctx, tx, "C19.2", "keep")
	if err != nil {
		return err
	}
	old := !core.Now(ctx).Before(c.At.AddDate(0, 0, keep.N))
	if err := regulation.Guard(ctx, tx, "C19.2", old, core.T("录音至少保存 %d 天", "A recording is kept for %d days at least", keep.N)); err != nil {
		return err
	}
	unfinished, err := unfinished(ctx, tx, c)
	if err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "C19.2", !unfinished, core.T("%s 还没有办结,录音要另存", "%s is not finished; its recording is kept apart", c.MatterNumber))
}

// Delete notes that the recording was deleted in the telephone system; the log keeps the call.
func Delete(ctx context.Context, tx db.Tx, id core.ID) error {
	c, err := lockCall(ctx, tx, id)
	if err == nil {
		err = canDelete(ctx, tx, c)
	}
	if err != nil {
		return err
	}
	c.State, c.Deleted = Deleted, core.Now(ctx)
	return changedCall(ctx, tx, c, "deleted", nil)
}

func changedCall(ctx context.Context, tx db.Tx, c Call, verb string, payload any) error {
	if err := saveCall(ctx, tx, c); err != nil {
		return err
	}
	tx.Publish("p/" + core.ProjectOf(ctx).ID.String() + "/call")
	return journal.Add(ctx, tx, c.Ref(ctx), verb, payload, journal.For(c.Customer))
}

// recordingBatch bounds what one Write of the daily round changes; ahead is how many days before its end a recording of
// an unfinished matter is put apart, so that it is copied before the telephone system drops it.
const (
	recordingBatch = 200
	ahead          = 3
)

// SortRecordings goes through the recordings whose time is over, or nearly (C19.2): those of unfinished matters are
// registered, with a duty to store them apart, the others are marked as to be deleted. It runs daily.
func SortRecordings(ctx context.Context, d *db.DB) error {
	ctx = core.AsSystem(ctx)
	for more := true; more; {
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			more, err = sortSome(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func sortSome(ctx context.Context, tx db.Tx) (more bool, err error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil || !rules.On("C19.2") {
		return false, err
	}
	old := core.Now(ctx).AddDate(0, 0, -rules.Span("C19.2", "keep").N)
	apart, err := ripe(ctx, tx, old.AddDate(0, 0, ahead), true)
	if err != nil {
		return false, err
	}
	expired, err := ripe(ctx, tx, old, false)
	if err != nil {
		return false, err
	}
	for _, c := range apart {
		if err := putApart(ctx, tx, rules, c); err != nil {
			return false, err
		}
	}
	for _, c := range expired {
		c.State, c.Expired = Expired, core.Now(ctx)
		if err := changedCall(ctx, tx, c, "expired", nil); err != nil {
			return false, err
		}
	}
	if len(expired) > 0 {
		err = notify.TellRole(ctx, tx, core.ProjectOf(ctx).ID, core.Desk, notify.Message{Ref: core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "call"}, URL: callKind.Href(ctx, 0) + "?recording=" + Expired,
			Title: core.T("%d 段录音已过保存期,可以删除", "%d recordings are past their time and may be deleted", len(expired))})
	}
	return len(apart) == recordingBatch || len(expired) == recordingBatch, err
}

func putApart(ctx context.Context, tx db.Tx, rules *regulation.Rules, c Call) error {
	clock, err := duty.Clock(ctx, tx, rules)
	if err != nil {
		return err
	}
	c.State, c.Apart = Apart, core.Now(ctx)
	if err := changedCall(ctx, tx, c, "apart", map[string]string{"number": c.MatterNumber}); err != nil {
		return err
	}
	return duty.Open(ctx, tx, "C19.2", c.Ref(ctx), duty.Again(), duty.Due(clock.EndOf(core.Today(ctx).Add(1))),
		duty.About(core.T("另存未办结事件的录音:%s %s", "Store apart the recording of an unfinished matter: %s %s", c.MatterNumber, c.Recording), callKind.Href(ctx, c.ID)))
}

// answered is B4.2: the calls of the month that came in and were answered.
func answered(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (regulation.Figure, error) {
	f, err := countCalls(ctx, tx, project, month)
	if err != nil {
		return f, err
	}
	ids, err := db.Values[core.ID](ctx, tx, "select id from desk_call where project_id = $1 and month = $2 and direction = 'in' and answered = false order by at desc, id desc limit 300", project, month)
	for _, id := range ids {
		f.Breaking = append(f.Breaking, core.Ref{Project: project, Kind: "call", ID: id})
	}
	return f, err
}

func measures() []regulation.Measure {
	return []regulation.Measure{{Clause: "B4.2", Name: core.T("电话接听率", "Telephone answer rate"), Target: "target", Of: answered}}
}
