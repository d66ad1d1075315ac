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
			p := b.API("POST", path, body, "If-Match", `"`+strconv.FormatInt(version, 10)+`"`)
			if status[i] = p.Status; p.Status == 422 {
				k.Errorf("%s: %s", what, p.Body)
			}
		})
	}
	all.Wait()
	if status[0]+status[1] != 200+409 || status[0] == status[1] {
		k.Errorf("%s twice at once: %v, want one 200 and one 409", what, status)
	}
}

// clash sends two writes at the same moment on two connections, each with the version that its sender saw, and returns
// their statuses.
func clash(k *testkit.Kit, a, b write) [2]int {
	k.Helper()
	senders := []*testkit.Browser{k.Token(core.Supervisor), k.Token(core.Supervisor).On(k.Open())}
	var all sync.WaitGroup
	var status [2]int
	for i, w := range []write{a, b} {
		all.Go(func() {
			p := senders[i].API("POST", w.path, w.body, "If-Match", `"`+strconv.FormatInt(w.version, 10)+`"`)
			if status[i] = p.Status; p.Status == 409 && !p.Has("改过") && !p.Has("meanwhile") {
				k.Errorf("%s was refused, but not as stale: %s", w.path, p.Body)
			}
		})
	}
	all.Wait()
	return status
}

// write is one request of a clash.
type write struct {
	path    string
	version int64
	body    map[string]any
}

func files(k *testkit.Kit, names ...string) (ids []core.ID) {
	k.Helper()
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
		for _, name := range names {
			id, err := customer.Create(ctx, tx, customer.In{Name: core.Personal(name), Category: customer.Ordinary})
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids
}

// fileOf reads a file as it stands.
func fileOf(k *testkit.Kit, id core.ID) (c customer.Customer) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) { c, err = customer.Get(ctx, tx, id); return err })
	return c
}

func toFile(k *testkit.Kit, id core.ID, verb string, body map[string]any) write {
	return write{"customers/" + id.String() + "/" + verb, fileOf(k, id).Version, body}
}

// TestTwoMergesOfTwoFilesAreOne: one absorbs the other while the other absorbs the one.
func TestTwoMergesOfTwoFilesAreOne(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		ids := files(k, "深圳市甲科技有限公司", "深圳市甲科技有限公司")
		a, b := ids[0], ids[1]
		got := clash(k, toFile(k, a, "merge", map[string]any{"row": b.String()}), toFile(k, b, "merge", map[string]any{"row": a.String()}))
		if got != [2]int{200, 409} && got != [2]int{409, 200} {
			k.Fatalf("two merges across: %v", got)
		}
		if x, y := fileOf(k, a), fileOf(k, b); (x.State == customer.Merged) == (y.State == customer.Merged) {
			k.Errorf("after one merge the files are %s and %s", x.State, y.State)
		}
		keep, gone := a, b
		if fileOf(k, a).State == customer.Merged {
			keep, gone = b, a
		}
		var merge core.ID
		k.Read(func(ctx context.Context, tx db.Tx) error {
			all, err := customer.Merges(ctx, tx, keep)
			merge = all[0].ID
			return err
		})
		atOnce(k, "unmerge", "customers/"+keep.String()+"/unmerge", fileOf(k, keep).Version, map[string]any{"row": merge.String()})
		if s := fileOf(k, gone).State; s == customer.Merged {
			k.Errorf("after the undoing the other file is %s", s)
		}
		got = clash(k, toFile(k, keep, "merge", map[string]any{"row": gone.String()}), toFile(k, gone, "change", map[string]any{"text": "换了法人"}))
		if got[0] != 200 || got[1] != 200 && got[1] != 409 {
			k.Errorf("a merge while the other file is changed: %v", got)
		}
		if n := verbs(k, core.Ref{Project: k.Project.ID, Kind: "customer", ID: gone}, "change"); n != int64(map[int]int{200: 1, 409: 0}[got[1]]) {
			k.Errorf("the change was answered %d and is in the journal %d times", got[1], n)
		}
	})
}

// TestAUnitsStateFollowsWhoComesAndGoesAtOnce: the last two tenants leave at the same moment, or one leaves while another
// moves in; either way the unit is let exactly when somebody is in it.
func TestAUnitsStateFollowsWhoComesAndGoesAtOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		ids := files(k, "深圳市甲科技有限公司", "深圳市乙科技有限公司", "深圳市丙科技有限公司")
		for round := range 6 {
			var unit core.ID
			var stays [2]core.ID
			k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
				if unit, err = estate.CreateUnit(ctx, tx, estate.In{Code: "A07" + strconv.Itoa(10+round), State: estate.Free}); err != nil {
					return err
				}
				for i := range 2 - round%2 {
					if stays[i], err = customer.Occupy(ctx, tx, ids[i], customer.Occupation{Unit: unit, Part: customer.AsTenant, From: "2026-11-01"}); err != nil {
						return err
					}
				}
				return nil
			})
			other := toFile(k, ids[1], "vacate", map[string]any{"row": stays[1].String()})
			if round%2 == 1 {
				other = toFile(k, ids[2], "occupy", map[string]any{"unit": unit.String(), "part": customer.AsTenant})
			}
			if got := clash(k, toFile(k, ids[0], "vacate", map[string]any{"row": stays[0].String()}), other); got != [2]int{200, 200} {
				k.Fatalf("round %d: %v", round, got)
			}
			var in int
			var state string
			k.Read(func(ctx context.Context, tx db.Tx) error {
				u, err := estate.Get(ctx, tx, unit)
				if err != nil {
					return err
				}
				state = u.State
				all, err := customer.StaysIn(ctx, tx, unit)
				for _, s := range all {
					if s.To == "" {
						in++
					}
				}
				return err
			})
			if want := map[bool]string{true: estate.Let, false: estate.Free}[in > 0]; state != want {
				k.Errorf("round %d: %d tenants are in, and the unit is %s", round, in, state)
			}
		}
	})
}

// TestNobodyMovesIntoAUnitThatIsSplit: whoever is second reads the unit as it is then.
func TestNobodyMovesIntoAUnitThatIsSplit(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := files(k, "深圳市甲科技有限公司")[0]
		var unit core.ID
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
			unit, err = estate.CreateUnit(ctx, tx, estate.In{Code: "A0801", State: estate.Let, Area: decimal.MustParse("100")})
			return err
		})
		b := k.Token(core.Supervisor)
		if p := b.API("POST", "units/"+unit.String()+"/split", map[string]any{"parts": []map[string]any{{"code": "A0811", "area": "60"}, {"code": "A0812", "area": "40"}}}, "If-Match", `"1"`); p.Status != 200 {
			k.Fatalf("split: %d %s", p.Status, p.Body)
		}
		if p := b.API("POST", "customers/"+id.String()+"/occupy", map[string]any{"unit": unit.String(), "part": customer.AsTenant}); p.Status != 409 || !p.Has("A0801") {
			k.Errorf("moving into a unit that is history: %d %s", p.Status, p.Body)
		}
	})
}

// TestTwoAtOnceOnAHandoverAreOne: the leaver's customers go to one successor and are told once.
func TestTwoAtOnceOnAHandoverAreOne(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := files(k, "深圳市甲科技有限公司")[0]
		var h core.ID
		k.Write(core.System, func(ctx context.Context, tx db.Tx) (err error) {
			if _, err = db.Exec(ctx, tx, "update customer_customer set keeper_id = $1 where project_id = $2 and id = $3", k.Users[core.Desk], k.Project.ID, id); err != nil {
				return err
			}
			if err = customer.LeaverNamed(ctx, tx, k.Users[core.Desk], "林敏"); err != nil {
				return err
			}
			h, err = db.Value[core.ID](ctx, tx, "select id from customer_handover where project_id = $1", k.Project.ID)
			return err
		})
		path := "handovers/" + h.String() + "/"
		got := clash(k, write{path + "hand_over", 1, map[string]any{"to": k.Users[core.Supervisor].String(), "name": "周慧"}}, write{path + "hand_over", 1, map[string]any{"to": k.Users[core.Manager].String(), "name": "陈总"}})
		if got != [2]int{200, 409} && got != [2]int{409, 200} {
			k.Fatalf("two hand over at once: %v", got)
		}
		want := k.Users[core.Supervisor]
		if got[1] == 200 {
			want = k.Users[core.Manager]
		}
		if c := fileOf(k, id); c.Keeper != want {
			k.Errorf("the customer is kept by %v, the one who was answered 200 is %v", c.Keeper, want)
		}
		if n := verbs(k, core.Ref{Project: k.Project.ID, Kind: "customer", ID: id}, "kept"); n != 1 {
			k.Errorf("the customer was handed over %d times", n)
		}
	})
}

// TestTwoOnUnitsAtOnceAreOne: merge against merge, split against merge, edit against edit.
func TestTwoOnUnitsAtOnceAreOne(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		unit := func(code string) (id core.ID) {
			k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
				id, err = estate.CreateUnit(ctx, tx, estate.In{Code: code, Area: decimal.MustParse("50")})
				return err
			})
			return id
		}
		to := func(id core.ID, verb string, body map[string]any) write {
			return write{"units/" + id.String() + "/" + verb, 1, body}
		}
		live := func() (n int64) {
			k.Read(func(ctx context.Context, tx db.Tx) (err error) {
				n, err = db.Value[int64](ctx, tx, "select count(*) from estate_unit where project_id = $1 and ended_on is null", k.Project.ID)
				return err
			})
			return n
		}
		with := func(id core.ID, code string) map[string]any {
			return map[string]any{"code": code, "others": []map[string]any{{"unit": id.String()}}}
		}
		a, b := unit("A0901"), unit("A0902")
		if got := clash(k, to(a, "merge", with(b, "A0910")), to(b, "merge", with(a, "A0911"))); got != [2]int{200, 409} && got != [2]int{409, 200} {
			k.Errorf("merges across: %v", got)
		}
		if n := live(); n != 1 {
			k.Errorf("%d units after one merge of two", n)
		}
		c, d := unit("A1001"), unit("A1002")
		parts := map[string]any{"parts": []map[string]any{{"code": "A1011", "area": "20"}, {"code": "A1012", "area": "30"}}}
		// A merge names the other unit without its version: who comes second reads that it is history.
		senders := []*testkit.Browser{k.Token(core.Supervisor), k.Token(core.Supervisor).On(k.Open())}
		var all sync.WaitGroup
		var status [2]int
		all.Go(func() {
			status[0] = senders[0].API("POST", "units/"+c.String()+"/split", parts, "If-Match", `"1"`).Status
		})
		all.Go(func() {
			status[1] = senders[1].API("POST", "units/"+d.String()+"/merge", with(c, "A1010"), "If-Match", `"1"`).Status
		})
		all.Wait()
		if status != [2]int{200, 409} && status != [2]int{409, 200} {
			k.Errorf("a split and a merge of one unit: %v", status)
		}
		if n := live() - 1; n != int64(map[int]int{200: 3, 409: 1}[status[0]]) {
			k.Errorf("%d units after %v", n, status)
		}
		atOnce(k, "edit", "units/"+unit("A1101").String()+"/edit", 1, map[string]any{"floor": "11", "area": "66"})
	})
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
			{"edit", "edited", map[string]any{"name": "深圳市华达科技有限公司", "kind": customer.KindTenant, "form": customer.Organisation, "category": customer.Ordinary, "industry": "软件"}},
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
