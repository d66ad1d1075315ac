package customer_test

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/govalues/decimal"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/testkit"
)

// atOnce sends the same write on two connections, both with the version that they saw: one is done, the other is told
// that the record moved on (409), and nothing is done twice.
func atOnce(k *testkit.Kit, what, path string, version int64, body map[string]any) {
	k.Helper()
	senders := []*testkit.Browser{k.Token(core.Supervisor), k.Token(core.Supervisor).On(k.Open())}
	var all sync.WaitGroup
	status := make([]int, len(senders))
	for i, b := range senders {
		all.Go(func() {
			status[i] = b.API("POST", path, body, "If-Match", `"`+strconv.FormatInt(version, 10)+`"`).Status
		})
	}
	all.Wait()
	if status[0]+status[1] != 200+409 || status[0] == status[1] {
		k.Errorf("%s twice at once: %v, want one 200 and one 409", what, status)
	}
}

// verbs counts what the journal says was done to a record.
func verbs(k *testkit.Kit, ref core.Ref, verb string) (n int64) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		n, err = db.Value[int64](ctx, tx, "select count(*) from journal_entry where project_id = $1 and kind = $2 and record_id = $3 and verb = $4", ref.Project, ref.Kind, ref.ID, verb)
		return err
	})
	return n
}

func TestTwoAtOnceOnOneFileAreOneChange(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		var unit, id core.ID
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
			if unit, err = estate.CreateUnit(ctx, tx, estate.In{Code: "A0301"}); err != nil {
				return err
			}
			id, err = customer.Create(ctx, tx, firm("深圳市华达科技有限公司"))
			return err
		})
		version := func() (v int64) {
			k.Read(func(ctx context.Context, tx db.Tx) error {
				c, err := customer.Get(ctx, tx, id)
				v = c.Version
				return err
			})
			return v
		}
		ref, path := core.Ref{Project: k.Project.ID, Kind: "customer", ID: id}, "customers/"+id.String()+"/"
		for _, c := range []struct {
			verb, event string
			body        map[string]any
		}{
			{"verify", "verified", map[string]any{"text": "电话核对无误"}}, {"change", "change", map[string]any{"text": "法定代表人已变更"}},
			{"occupy", "occupied", map[string]any{"unit": unit.String(), "part": "tenant", "from": "2026-11-01"}},
			{"add_contact", "contact_added", map[string]any{"name": "王芳", "role": customer.RoleHead, "phone": "13900002222"}},
		} {
			before := verbs(k, ref, c.event)
			atOnce(k, c.verb, path+c.verb, version(), c.body)
			if n := verbs(k, ref, c.event) - before; n != 1 {
				k.Errorf("%s was done %d times", c.verb, n)
			}
		}
	})
}

func TestTwoAtOnceOnOneUnitAreOneChange(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		var unit, parking core.ID
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
			if unit, err = estate.CreateUnit(ctx, tx, estate.In{Code: "A0301", State: estate.Free, Area: decimal.MustParse("100")}); err != nil {
				return err
			}
			parking, err = estate.CreateParking(ctx, tx, estate.SpaceIn{Code: "C101"})
			return err
		})
		atOnce(k, "state", "units/"+unit.String()+"/state", 1, map[string]any{"state": estate.Fitout})
		atOnce(k, "assign", "parking-spaces/"+parking.String()+"/assign", 1, map[string]any{"state": estate.SpaceLet, "used_by": "华达科技"})
		var v int64
		k.Read(func(ctx context.Context, tx db.Tx) error {
			u, err := estate.Get(ctx, tx, unit)
			v = u.Version
			return err
		})
		if v != 2 {
			k.Errorf("the unit is at version %d after one change", v)
		}
		atOnce(k, "split", "units/"+unit.String()+"/split", v, map[string]any{"parts": []map[string]any{{"code": "A0311", "area": "60"}, {"code": "A0312", "area": "40"}}})
		var n int64
		k.Read(func(ctx context.Context, tx db.Tx) (err error) {
			n, err = db.Value[int64](ctx, tx, "select count(*) from estate_unit where project_id = $1", k.Project.ID)
			return err
		})
		if n != 3 {
			k.Errorf("%d units after one split, want the old and two new", n)
		}
	})
}
