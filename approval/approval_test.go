package approval_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/journal"
	"huiyin/notify"
)

var (
	tables = []fs.FS{journal.Migrations, notify.Migrations, approval.Migrations,
		fstest.MapFS{"20261122000900_paid.sql": {Data: []byte("-- +goose Up\ncreate table paid (project_id bigint not null, id bigint not null, by_id bigint, amount bigint not null, primary key (project_id, id));\n")}}}
	here  = core.Project{ID: 7, Code: "a", Zone: core.China}
	about = core.Ref{Project: 7, Kind: "expense", ID: 99}
)

const clerk, head, boss, gm = core.ID(101), core.ID(102), core.ID(103), core.ID(104)

type payment struct{ Amount core.Money }

// kinds is one verb: it pays, unless the amount is 13 yuan.
func kinds() map[string]approval.Kind {
	return map[string]approval.Kind{"expense.pay": {Verb: "expense.pay", Name: core.T("付款", "Pay"), Run: func(ctx context.Context, tx db.Tx, r approval.Request) error {
		var in payment
		if err := json.Unmarshal([]byte(r.Input), &in); err != nil {
			return err
		}
		_, err := db.Exec(ctx, tx, "insert into paid (project_id, id, by_id, amount) values ($1, $2, $3, $4)", r.About.Project, tx.NewID(), core.ActorOf(ctx).ID, in.Amount)
		if err == nil && in.Amount == 1300 {
			err = core.Conflict("预算已用完", "The budget is spent")
		}
		return err
	}}}
}

func as(user core.ID, roles ...core.Role) context.Context {
	a := core.Actor{ID: user, Name: user.String(), Seats: map[core.ID]core.Seat{here.ID: {Roles: roles}}}
	ctx := core.WithClock(core.WithActor(context.Background(), a), func() time.Time { return time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC) })
	return approval.With(core.WithProject(ctx, here), kinds())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask files a payment; the general manager is asked from 1,000 yuan on.
func ask(t *testing.T, d *db.DB, amount core.Money) (id core.ID) {
	t.Helper()
	must(t, d.Write(as(clerk, core.Desk, core.Manager), func(ctx context.Context, tx db.Tx) (err error) {
		id, err = approval.Ask(ctx, tx, approval.Request{Verb: "expense.pay", About: about, Title: core.T("付款", "Pay"), Reason: "维修", Amount: amount},
			payment{amount}, approval.Step{Role: core.Supervisor}, approval.Step{Role: core.Manager, From: 10_000}, approval.Step{Role: core.GM, From: 100_000})
		return err
	}))
	return id
}

func decide(d *db.DB, who context.Context, id core.ID, yes bool, note string) error {
	return d.Write(who, func(ctx context.Context, tx db.Tx) error { return approval.Decide(ctx, tx, id, yes, note) })
}

// state reads the request, how often it was voted on, and who paid.
func state(t *testing.T, d *db.DB, id core.ID) (r approval.Request, votes []approval.Vote, paidBy []core.ID) {
	t.Helper()
	must(t, d.Read(as(0), func(ctx context.Context, tx db.Tx) (err error) {
		r, err = approval.Get(ctx, tx, here.ID, id, false)
		must(t, err)
		votes, err = approval.Votes(ctx, tx, r.Ref)
		must(t, err)
		paidBy, err = db.Values[core.ID](ctx, tx, "select by_id from paid where project_id = $1", here.ID)
		return err
	}))
	return r, votes, paidBy
}

func each(t *testing.T, fn func(t *testing.T, d *db.DB)) { dbtest.Each(t, tables, fn) }

func TestStepsFollowTheAmount(t *testing.T) {
	for amount, want := range map[core.Money][]core.Role{
		9_999: {core.Supervisor}, 10_000: {core.Supervisor, core.Manager}, 99_999: {core.Supervisor, core.Manager}, 100_000: {core.Supervisor, core.Manager, core.GM},
	} {
		each(t, func(t *testing.T, d *db.DB) {
			id := ask(t, d, amount)
			for i, role := range want {
				r, _, paid := state(t, d, id)
				if r.Role != role || r.State != approval.Waiting || len(paid) != 0 {
					t.Fatalf("%s, step %d: %s waits for %s, paid %v", amount, i, r.State, r.Role, paid)
				}
				for _, wrong := range []core.Role{core.Supervisor, core.Manager, core.GM, core.Cashier} {
					if wrong == role {
						continue
					}
					if err := decide(d, as(55, wrong), id, true, ""); !core.IsKind(err, core.KindForbidden) {
						t.Errorf("a %s decides the step of the %s: %v", wrong, role, err)
					}
				}
				must(t, d.Read(as(0), func(ctx context.Context, tx db.Tx) error {
					waiting, err := approval.For(ctx, tx, here.ID, []core.Role{role}, 0, 100)
					n, _, err2 := notify.Unread(ctx, tx, here.ID, 55, []core.Role{role})
					if len(waiting) != 1 || waiting[0].Ref.ID != id || n != 1 {
						t.Errorf("the %s has %d requests and %d messages", role, len(waiting), n)
					}
					return errors.Join(err, err2)
				}))
				must(t, decide(d, as(core.ID(200+i), role), id, true, "同意"))
			}
			r, votes, paid := state(t, d, id)
			if r.State != approval.Approved || len(votes) != len(want) || !slices.Equal(paid, []core.ID{core.ID(199 + len(want))}) {
				t.Errorf("%s after %d votes, paid by %v: the last yes should run it as the approver", r.State, len(votes), paid)
			}
			if err := decide(d, as(boss, core.Supervisor, core.Manager, core.GM), id, true, ""); !core.IsKind(err, core.KindConflict) {
				t.Errorf("deciding it again: %v", err)
			}
		})
	}
}

// What waits for several roles of one person comes as it was asked, whichever role it waits for.
func TestForSeveralRolesTheOldestFirst(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		first, second := ask(t, d, 500), ask(t, d, 10_000)
		must(t, decide(d, as(200, core.Supervisor), second, true, ""))
		third := ask(t, d, 500)
		for _, c := range []struct {
			roles []core.Role
			want  []core.ID
		}{{[]core.Role{core.Manager, core.Supervisor}, []core.ID{first, second, third}}, {[]core.Role{core.Supervisor}, []core.ID{first, third}}, {nil, nil}} {
			must(t, d.Read(as(0), func(ctx context.Context, tx db.Tx) error {
				waiting, err := approval.For(ctx, tx, here.ID, c.roles, 0, 100)
				var got []core.ID
				for _, r := range waiting {
					got = append(got, r.Ref.ID)
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%v has %v, want %v", c.roles, got, c.want)
				}
				return err
			}))
		}
	})
}

func TestNobodyApprovesHisOwn(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		id := ask(t, d, 500)
		if err := decide(d, as(clerk, core.Supervisor, core.Manager, core.GM), id, true, ""); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("his own request: %v", err)
		}
		if err := decide(d, as(clerk, core.Supervisor), id, false, "不要了"); !core.IsKind(err, core.KindForbidden) {
			t.Errorf("declining his own: %v", err)
		}
		if r, votes, paid := state(t, d, id); r.State != approval.Waiting || len(votes)+len(paid) != 0 {
			t.Errorf("it became %s with %d votes, paid %v", r.State, len(votes), paid)
		}
	})
}

func TestNobodyDecidesTwoStepsOfOneRequest(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		both := as(head, core.Supervisor, core.Manager)
		id := ask(t, d, 20_000)
		must(t, decide(d, both, id, true, ""))
		err := decide(d, both, id, true, "")
		if !core.IsKind(err, core.KindForbidden) || len(core.AsErr(err).Text.EN) == 0 {
			t.Errorf("one person with two roles says yes twice: %v", err)
		}
		if r, votes, _ := state(t, d, id); r.State != approval.Waiting || r.Step != 1 || len(votes) != 1 {
			t.Errorf("the request is %s at step %d", r.State, r.Step)
		}
		must(t, d.Read(both, func(ctx context.Context, tx db.Tx) error {
			waiting, err := approval.For(ctx, tx, here.ID, []core.Role{core.Manager}, 0, 100)
			if len(waiting) != 1 || approval.CanDecide(ctx, tx, waiting[0]) == nil {
				t.Errorf("the list offers it again: %+v", waiting)
			}
			return err
		}))
		must(t, decide(d, as(boss, core.Manager), id, true, ""))
		if r, _, _ := state(t, d, id); r.State != approval.Approved {
			t.Errorf("with a second person it is %s", r.State)
		}
	})
}

func TestWhenTheVerbRefusesNothingIsDecided(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		id := ask(t, d, 1300)
		if err := decide(d, as(head, core.Supervisor), id, true, ""); !core.IsKind(err, core.KindConflict) {
			t.Errorf("the verb's own refusal is lost: %v", err)
		}
		r, votes, paid := state(t, d, id)
		if r.State != approval.Waiting || r.Version != 1 || len(votes) != 0 || len(paid) != 0 {
			t.Errorf("%s, version %d, %d votes, paid %v", r.State, r.Version, len(votes), paid)
		}
	})
}

func TestANoNeedsItsReasonAndEndsIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		id := ask(t, d, 50_000)
		for _, note := range []string{"", " \t"} {
			if err := decide(d, as(head, core.Supervisor), id, false, note); !core.IsKind(err, core.KindInvalid) {
				t.Errorf("declined with note %q: %v", note, err)
			}
		}
		must(t, decide(d, as(head, core.Supervisor), id, false, "太贵"))
		r, votes, paid := state(t, d, id)
		if r.State != approval.Declined || len(votes) != 1 || votes[0].Yes || votes[0].Note != "太贵" || len(paid) != 0 {
			t.Errorf("%s, votes %+v, paid %v", r.State, votes, paid)
		}
		must(t, d.Read(as(0), func(ctx context.Context, tx db.Tx) error {
			n, _, err := notify.Unread(ctx, tx, here.ID, clerk, nil)
			if n != 1 {
				t.Errorf("the requester was told %d times", n)
			}
			rep, err2 := journal.Verify(ctx, tx, []journal.Table{{Kind: "approval", Name: "approval_request"}})
			if len(rep.Findings) != 0 {
				t.Errorf("journal: %+v", rep.Findings)
			}
			return errors.Join(err, err2)
		}))
	})
}

func TestTwoDecidersAtOnce(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			nodes := []*db.DB{dbtest.Open(t, cfg), dbtest.Open(t, cfg)}
			for round := range 10 {
				id := ask(t, nodes[0], 500)
				var won, lost atomic.Int32
				var all sync.WaitGroup
				for i := range 4 {
					all.Go(func() {
						switch err := decide(nodes[i%2], as(core.ID(200+i), core.Supervisor), id, i < 2, "我来定"); {
						case err == nil:
							won.Add(1)
						case core.IsKind(err, core.KindConflict):
							lost.Add(1)
						default:
							t.Errorf("neither won nor lost: %v", err)
						}
					})
				}
				all.Wait()
				r, votes, paid := state(t, nodes[0], id)
				if won.Load() != 1 || lost.Load() != 3 || len(votes) != 1 || r.State == approval.Waiting {
					t.Fatalf("round %d: %d won, %d lost, %d votes, %s", round, won.Load(), lost.Load(), len(votes), r.State)
				}
				if votes[0].Yes != (r.State == approval.Approved) || len(paid) > round+1 {
					t.Fatalf("vote %v but %s, paid %v", votes[0].Yes, r.State, paid)
				}
			}
		})
	}
}

func TestAskingAndWithdrawing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(as(clerk), func(ctx context.Context, tx db.Tx) error {
			_, err := approval.Ask(ctx, tx, approval.Request{Verb: "expense.pay", About: about, Reason: " "}, nil, approval.Step{Role: core.GM})
			return err
		})
		if !core.IsKind(err, core.KindInvalid) {
			t.Errorf("without a reason: %v", err)
		}
		err = d.Write(as(clerk), func(ctx context.Context, tx db.Tx) error {
			_, err := approval.Ask(ctx, tx, approval.Request{Verb: "expense.pay", About: about, Reason: "x", Amount: 1}, nil, approval.Step{Role: core.GM, From: 2})
			return err
		})
		if err == nil {
			t.Error("a request that nobody decides passes")
		}
		id := ask(t, d, 500)
		withdraw := func(who context.Context) error {
			return d.Write(who, func(ctx context.Context, tx db.Tx) error { return approval.Withdraw(ctx, tx, id) })
		}
		if err := withdraw(as(gm, core.GM)); !core.IsKind(err, core.KindConflict) {
			t.Errorf("somebody else withdraws it: %v", err)
		}
		must(t, withdraw(as(clerk)))
		if err := withdraw(as(clerk)); !core.IsKind(err, core.KindConflict) {
			t.Errorf("withdrawn twice: %v", err)
		}
		if err := decide(d, as(head, core.Supervisor), id, true, ""); !core.IsKind(err, core.KindConflict) {
			t.Errorf("deciding what was withdrawn: %v", err)
		}
		other := core.WithProject(as(head, core.Supervisor), core.Project{ID: 8})
		if err := decide(d, other, id, true, ""); !core.IsKind(err, core.KindNotFound) {
			t.Errorf("from another project: %v", err)
		}
	})
}
