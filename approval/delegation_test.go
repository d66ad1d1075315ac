package approval_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/notify"
)

const deputy = core.ID(105)

// staffed is a context whose roles are known to all: delegations count only while their principal holds the role.
func staffed(user core.ID, at time.Time, roles map[core.ID][]core.Role) context.Context {
	ctx := core.WithClock(as(user, roles[user]...), func() time.Time { return at })
	return notify.With(ctx, notify.Book{Holders: func(_ context.Context, _ db.Tx, _ core.ID, role core.Role) (out []core.ID, _ error) {
		for id, rs := range roles {
			if slices.Contains(rs, role) {
				out = append(out, id)
			}
		}
		return out, nil
	}})
}

func give(d *db.DB, who context.Context, since, until core.Date) (id core.ID, err error) {
	err = d.Write(who, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = approval.Give(ctx, tx, approval.Delegation{Role: core.Supervisor, Delegate: deputy, DelegateName: "副手", Since: since, Until: until, Reason: "休假"})
		return err
	})
	return id, err
}

func TestDelegateDecidesForHisPrincipal(t *testing.T) {
	roles := map[core.ID][]core.Role{head: {core.Supervisor}, deputy: {core.Desk}, boss: {core.Manager}}
	day := func(n int) time.Time { return time.Date(2026, 11, 22+n, 1, 0, 0, 0, time.UTC) }
	each(t, func(t *testing.T, d *db.DB) {
		_, err := give(d, staffed(deputy, day(0), roles), "2026-11-22", "2026-11-24")
		if !core.IsKind(err, core.KindInvalid) {
			t.Errorf("who is no supervisor delegates a supervisor's decisions: %v", err)
		}
		if _, err := give(d, staffed(head, day(0), roles), "2026-11-24", "2026-11-22"); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("it ends before it begins: %v", err)
		}
		id := ask(t, d, 500)
		if err := decide(d, staffed(deputy, day(1), roles), id, true, ""); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("decided without a delegation: %v", err)
		}
		given, err := give(d, staffed(head, day(0), roles), "2026-11-23", "2026-11-24")
		must(t, err)
		for _, n := range []int{0, 3} {
			if err := decide(d, staffed(deputy, day(n), roles), id, true, ""); !core.IsKind(err, core.KindForbidden) {
				t.Errorf("decided on day %d, outside the delegation: %v", n, err)
			}
		}
		left := map[core.ID][]core.Role{deputy: {core.Desk}}
		if err := decide(d, staffed(deputy, day(1), left), id, true, ""); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("decided for somebody who holds the role no more: %v", err)
		}
		must(t, decide(d, staffed(deputy, day(1), roles), id, true, ""))
		r, votes, paid := state(t, d, id)
		if r.State != approval.Approved || len(votes) != 1 || votes[0].For != head.String() || votes[0].Name != deputy.String() || !slices.Equal(paid, []core.ID{deputy}) {
			t.Errorf("%s, votes %+v, paid by %v", r.State, votes, paid)
		}
		second := ask(t, d, 500)
		must(t, d.Write(staffed(head, day(1), roles), func(ctx context.Context, tx db.Tx) error { return approval.Revoke(ctx, tx, given) }))
		if err := decide(d, staffed(deputy, day(1), roles), second, true, ""); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("decided by a delegation that was ended: %v", err)
		}
		must(t, d.Read(as(0), func(ctx context.Context, tx db.Tx) error {
			rep, err := journal.Verify(ctx, tx, []journal.Table{{Kind: "approval", Name: "approval_request"}, {Kind: approval.DelegationKind, Name: "approval_delegation"}})
			if len(rep.Findings) > 0 {
				t.Errorf("the journal is not complete: %+v", rep.Findings)
			}
			return err
		}))
	})
}

// A delegate is no way round the rules for his principal: not for his own request, not for two steps of one, and not for
// what the kind keeps the principal from (C13.1).
func TestDelegateIsBarredAsHisPrincipal(t *testing.T) {
	roles := map[core.ID][]core.Role{head: {core.Supervisor, core.Manager}, clerk: {core.Supervisor}, deputy: {core.Desk}, boss: {core.Manager}}
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	each(t, func(t *testing.T, d *db.DB) {
		_, err := give(d, staffed(clerk, now, roles), "2026-11-22", "2026-11-22")
		must(t, err)
		own := ask(t, d, 500) // by the clerk
		if err := decide(d, staffed(deputy, now, roles), own, true, ""); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("the requester's delegate approves his request: %v", err)
		}
		must(t, d.Write(staffed(head, now, roles), func(ctx context.Context, tx db.Tx) error {
			_, err := approval.Give(ctx, tx, approval.Delegation{Role: core.Manager, Delegate: deputy, DelegateName: "副手", Since: "2026-11-22", Until: "2026-11-22", Reason: "开会"})
			return err
		}))
		two := ask(t, d, 10_000)
		must(t, decide(d, staffed(head, now, roles), two, true, ""))
		if err := decide(d, staffed(deputy, now, roles), two, true, ""); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("who decided the first step decides the second by his delegate: %v", err)
		}
		must(t, decide(d, staffed(boss, now, roles), two, true, ""))

		_, err = give(d, staffed(head, now, roles), "2026-11-22", "2026-11-22")
		must(t, err)
		barred := ask(t, d, 500)
		kinds := kinds()
		k := kinds["expense.pay"]
		k.Can = func(ctx context.Context, _ db.Tx, _ approval.Request) error {
			if core.ActorOf(ctx).ID == head {
				return core.Forbidden("x")
			}
			return nil
		}
		kinds["expense.pay"] = k
		if err := decide(d, approval.With(staffed(deputy, now, roles), kinds), barred, true, ""); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("whose principal is barred decides: %v", err)
		}
		must(t, decide(d, staffed(deputy, now, roles), barred, true, ""))
	})
}

func TestRemindersComeOnceADayAndByHandOnceAnHour(t *testing.T) {
	roles := map[core.ID][]core.Role{head: {core.Supervisor}}
	start := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	each(t, func(t *testing.T, d *db.DB) {
		id := ask(t, d, 500)
		told := func() (n int) {
			must(t, d.Read(as(0), func(ctx context.Context, tx db.Tx) (err error) {
				n, _, err = notify.Unread(ctx, tx, here.ID, head, []core.Role{core.Supervisor})
				return err
			}))
			return n
		}
		daily := func(after time.Duration, want int) {
			t.Helper()
			must(t, approval.RemindAll(staffed(0, start.Add(after), roles), d))
			if n := told(); n != want {
				t.Errorf("after %s the supervisor was told %d times, want %d", after, n, want)
			}
		}
		byHand := func(after time.Duration) error {
			return d.Write(staffed(clerk, start.Add(after), roles), func(ctx context.Context, tx db.Tx) error { return approval.Remind(ctx, tx, id) })
		}
		if err := byHand(time.Minute); !core.IsKind(err, core.KindConflict) {
			t.Errorf("reminded a minute after it was asked: %v", err)
		}
		daily(23*time.Hour, 1)
		daily(25*time.Hour, 2)
		daily(26*time.Hour, 2)
		if err := byHand(25*time.Hour + 30*time.Minute); !core.IsKind(err, core.KindConflict) {
			t.Errorf("reminded half an hour after the last: %v", err)
		}
		must(t, byHand(27*time.Hour))
		if n := told(); n != 3 {
			t.Errorf("told %d times", n)
		}
		daily(50*time.Hour, 3)
		daily(51*time.Hour, 4)
		must(t, decide(d, staffed(head, start.Add(52*time.Hour), roles), id, true, ""))
		daily(100*time.Hour, 4)
	})
}
