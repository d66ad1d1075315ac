package approval

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// Who waits may remind once an hour (催办); what nobody decides is reminded of by itself once a day.
const (
	RemindAgain = time.Hour
	RemindAuto  = 24 * time.Hour
)

// CanRemind says why the deciders of a request may not be reminded now.
func CanRemind(ctx context.Context, r Request) error {
	if r.State != Waiting {
		return core.Conflict("这项申请已经有结果", "This request has been decided")
	}
	if since := core.Now(ctx).Sub(r.lastSaid()); since < RemindAgain {
		return core.Conflict("刚通知过,一小时后再催", "They were told just now; remind them again in an hour")
	}
	return nil
}

// lastSaid is when the deciders last heard of it.
func (r Request) lastSaid() time.Time {
	if r.Reminded.After(r.At) {
		return r.Reminded
	}
	return r.At
}

// Remind tells the deciders of a request once more, at once and urgently.
func Remind(ctx context.Context, tx db.Tx, id core.ID) error {
	r, err := Get(ctx, tx, core.ProjectOf(ctx).ID, id, true)
	if err == nil {
		err = CanRemind(ctx, r)
	}
	if err != nil {
		return err
	}
	return r.remind(ctx, tx, core.ActorOf(ctx).Name)
}

func (r Request) remind(ctx context.Context, tx db.Tx, who string) error {
	err := db.ExecOne(ctx, tx, `update approval_request set reminded_at = $1, version = version + 1, changed_at = $1, changed_by = $2
		where project_id = $3 and id = $4 and state = 'waiting'`, core.Now(ctx), core.ActorOf(ctx).ID, r.Ref.Project, r.Ref.ID)
	if err != nil {
		return err
	}
	days := int(core.Now(ctx).Sub(r.At) / (24 * time.Hour))
	title := core.T("催办:%s(已等 %d 天)", "Reminder: %s (waiting for %d days)", r.Title, days)
	if err := r.say(ctx, tx, title, true); err != nil {
		return err
	}
	return journal.Add(ctx, tx, r.Ref, "reminded", map[string]string{"by": who})
}

// RemindAll reminds of everything in the project that has waited a day since its deciders last heard of it. It runs once a
// local day; running it twice says nothing twice.
func RemindAll(ctx context.Context, d *db.DB) error {
	project := core.ProjectOf(ctx).ID
	var ids []core.ID
	before := core.Now(ctx).Add(-RemindAuto)
	if err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		ids, err = db.Values[core.ID](ctx, tx, `select id from approval_request where project_id = $1 and state = 'waiting' and created_at <= $2
			and (reminded_at is null or reminded_at <= $2) order by id`, project, before)
		return err
	}); err != nil {
		return err
	}
	for _, id := range ids {
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			r, err := Get(ctx, tx, project, id, true)
			if err != nil || r.State != Waiting || r.lastSaid().After(before) {
				return err
			}
			return r.remind(ctx, tx, "系统")
		})
		if err != nil {
			return err
		}
	}
	return nil
}
