package dispute

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
	"huiyin/regulation"
)

// Held names the dispute because of which a record must be kept (法律保留, L6), or "": an open dispute holds itself, its
// parties' files and its complaint; a manager's order holds them beyond its end.
func Held(ctx context.Context, tx db.Tx, ref core.Ref) (string, error) {
	number, _, err := db.Maybe(ctx, tx, func(s *string) []any { return []any{s} }, `select c.number from dispute_hold h join dispute_case c on c.project_id = h.project_id and c.id = h.dispute_id
		where h.project_id = $1 and h.kind = $2 and h.record_id = $3 and h.released_at is null order by h.id limit 1`, ref.Project, ref.Kind, ref.ID)
	return number, err
}

// keep refuses what would take a held record away (L6).
func keep(ctx context.Context, tx db.Tx, ref core.Ref) error {
	number, err := Held(ctx, tx, ref)
	if err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "L6", number == "", core.T("法律保留:涉及纠纷 %s,结案并解除保留之前不得删除、作废或销毁", "Legal hold: it belongs to the dispute %s and is neither erased nor voided nor destroyed until that is over and the hold released", number))
}

// hold keeps a record because of the dispute.
func hold(ctx context.Context, tx db.Tx, c Case, ref core.Ref) error {
	_, err := db.Exec(ctx, tx, `insert into dispute_hold (project_id, id, dispute_id, kind, record_id, at) values ($1,$2,$3,$4,$5,$6)
		on conflict (project_id, dispute_id, kind, record_id) do update set released_at = null`, ref.Project, tx.NewID(), c.Ref.ID, ref.Kind, ref.ID, core.Now(ctx))
	return err
}

// holdAll keeps the dispute, its parties' files and the complaint that it came from.
func holdAll(ctx context.Context, tx db.Tx, c Case) error {
	refs := []core.Ref{c.Ref}
	if c.Complaint != 0 {
		refs = append(refs, core.Ref{Project: c.Ref.Project, Kind: "complaint", ID: c.Complaint})
	}
	ps, err := Parties(ctx, tx, c.Ref.ID)
	for _, p := range ps {
		if p.Customer != 0 {
			refs = append(refs, core.Ref{Project: c.Ref.Project, Kind: "customer", ID: p.Customer})
		}
	}
	for _, ref := range refs {
		if err == nil {
			err = hold(ctx, tx, c, ref)
		}
	}
	return err
}

func releaseAll(ctx context.Context, tx db.Tx, c Case) error {
	_, err := db.Exec(ctx, tx, "update dispute_hold set released_at = $1 where project_id = $2 and dispute_id = $3 and released_at is null", core.Now(ctx), c.Ref.Project, c.Ref.ID)
	return err
}

// Order is a manager's order to keep, or to release.
type Order struct{ Reason string }

func canHold(_ context.Context, _ db.Tx, c Case) error {
	if c.Held {
		return register.Later("已经保留", "It is held already")
	}
	if c.State == Void {
		return register.Later("已经作废", "It is voided")
	}
	return nil
}

// Hold orders the dispute and its parties' records to be kept beyond its end (L6).
func Hold(ctx context.Context, tx db.Tx, id core.ID, o Order) error {
	return change(ctx, tx, id, canHold, "held", map[string]string{"reason": o.Reason}, func(c *Case) error {
		c.order(ctx, o.Reason)
		return holdAll(ctx, tx, *c)
	})
}

func (c *Case) order(ctx context.Context, reason string) {
	c.Held, c.HoldReason, c.HoldBy, c.HoldAt = true, reason, core.ActorOf(ctx).Name, core.Now(ctx)
}

// canRelease: L6, what belongs to a dispute that is not over stays held.
func canRelease(ctx context.Context, tx db.Tx, c Case) error {
	if !c.Held {
		return register.Later("没有下令保留", "No hold was ordered")
	}
	return regulation.Guard(ctx, tx, "L6", !c.Open, core.T("纠纷还没有结案,依法继续保留", "The dispute is not over; the hold stays by law"))
}

// Release ends the hold of a dispute that is over, with the reason.
func Release(ctx context.Context, tx db.Tx, id core.ID, o Order) error {
	return change(ctx, tx, id, canRelease, "released", map[string]string{"reason": o.Reason}, func(c *Case) error {
		c.Held = false
		return releaseAll(ctx, tx, *c)
	})
}
