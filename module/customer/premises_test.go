package customer_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/testkit"

	"github.com/govalues/decimal"
)

func square(s string) core.Decimal { return decimal.MustParse(s) }

// let is a unit with its owner and its tenant, who has a contract, a parking space and a debt.
type let struct {
	unit, owner, tenant, space core.ID
}

func rented(k *testkit.Kit, code string) (l let) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		l.unit, err = estate.CreateUnit(ctx, tx, estate.In{Code: code, Area: square("100"), State: estate.Let})
		return err
	})
	l.owner, l.tenant = moved(k, "置业公司"+code, l.unit, customer.AsOwner, "2020-01-01"), moved(k, "租户"+code, l.unit, customer.AsTenant, "2025-03-01")
	contract(k, "ZL-"+code, l.unit, l.tenant, 500000)
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		if l.space, err = estate.CreateParking(ctx, tx, estate.SpaceIn{Code: "C" + code, State: estate.SpaceLet, UsedBy: "租户", Customer: l.tenant, Unit: l.unit}); err != nil {
			return err
		}
		_, err = db.Exec(ctx, tx, `insert into customer_arrears (project_id, id, created_at, created_by, changed_at, changed_by, unit_id, customer_id, item, month, amount) values ($1,$2,$3,$4,$3,$4,$5,$6,'物业费','2026-10',12300)`,
			k.Project.ID, tx.NewID(), core.Now(ctx), core.ActorOf(ctx).ID, l.unit, l.tenant)
		return err
	})
	return l
}

func moved(k *testkit.Kit, name string, unit core.ID, part string, from core.Date) (id core.ID) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(name), Category: customer.Ordinary, Unit: unit, Part: part, MoveIn: from, Consent: "written",
			Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}}})
		return err
	})
	return id
}

func contract(k *testkit.Kit, no string, unit, who core.ID, rent int64) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		_, err := db.Exec(ctx, tx, `insert into customer_lease (project_id, id, created_at, created_by, changed_at, changed_by, contract_no, unit_id, customer_id, from_on, to_on, rent, deposit) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,'2025-03-01','2028-02-29',$8,$9)`,
			k.Project.ID, tx.NewID(), core.Now(ctx), core.ActorOf(ctx).ID, no, unit, who, rent, 2*rent)
		return err
	})
}

func split(k *testkit.Kit, unit core.ID, parts ...estate.Part) (ids []core.ID, err error) {
	k.Helper()
	err = k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		ids, err = estate.Split(ctx, tx, unit, estate.Division{Parts: parts})
		return err
	})
	return ids, err
}

func join(k *testkit.Kit, code string, unit core.ID, others ...core.ID) (id core.ID, err error) {
	k.Helper()
	in := estate.Union{Code: code}
	for _, o := range others {
		in.Others = append(in.Others, estate.Other{Unit: o})
	}
	err = k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = estate.Merge(ctx, tx, unit, in)
		return err
	})
	return id, err
}

// uses writes who has what part in a unit, from when until when.
func uses(k *testkit.Kit, unit core.ID) (out []string) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ss, err := customer.StaysIn(ctx, tx, unit)
		for _, s := range ss {
			out = append(out, s.Customer.String()+" "+s.Part+" "+string(s.From)+" "+string(s.To))
		}
		slices.Sort(out)
		return err
	})
	return out
}

func stay(who core.ID, part, from, to string) string {
	return who.String() + " " + part + " " + from + " " + to
}

func same(k *testkit.Kit, what string, got []string, want ...string) {
	k.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		k.Errorf("%s: %q, want %q", what, got, want)
	}
}

func leases(k *testkit.Kit, who core.ID) (out []customer.Lease) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		out, err = customer.Leases(ctx, tx, who)
		return err
	})
	return out
}

func unitOf(k *testkit.Kit, id core.ID) (u estate.Unit) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		u, err = estate.Get(ctx, tx, id)
		return err
	})
	return u
}

// tested is today in the tests' project, and the day before.
func tested(k *testkit.Kit) (today, before string) {
	d := core.Today(k.Ctx(core.Desk))
	return string(d), string(d.Add(-1))
}

func TestASplitUnitTakesItsTenantAlong(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		l := rented(k, "A0305")
		parts := []estate.Part{{Code: "A0305", Area: square("60")}, {Code: "A0306", Area: square("40")}}
		_, err := split(k, l.unit, parts...)
		if !core.IsKind(err, core.KindInvalid) || !strings.Contains(err.Error(), "租户A0305") && !strings.Contains(core.AsErr(err).Fields[0].Text.ZH, "租户A0305") {
			k.Fatalf("split without a word on the tenant: %v", err)
		}
		if u := unitOf(k, l.unit); u.Ended != "" {
			k.Fatal("the refused split closed the unit")
		}
		parts[1].Taken = true
		ids, err := split(k, l.unit, parts...)
		k.Must(err)
		today, before := tested(k)
		same(k, "the old unit", uses(k, l.unit), stay(l.owner, "owner", "2020-01-01", before), stay(l.tenant, "tenant", "2025-03-01", before))
		same(k, "the part left", uses(k, ids[0]), stay(l.owner, "owner", today, ""))
		same(k, "the part taken", uses(k, ids[1]), stay(l.owner, "owner", today, ""), stay(l.tenant, "tenant", today, ""))
		if a, b := unitOf(k, ids[0]), unitOf(k, ids[1]); a.State != estate.Free || b.State != estate.Let {
			k.Errorf("states: %s, %s", a.State, b.State)
		}
		if ls := leases(k, l.tenant); len(ls) != 1 || ls[0].Unit != ids[1] || ls[0].Rent != 500000 {
			k.Errorf("the contract: %+v", ls)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			at, err := db.Value[core.ID](ctx, tx, "select unit_id from estate_parking where project_id = $1 and id = $2", k.Project.ID, l.space)
			if at != ids[1] {
				k.Errorf("the parking space is at %d", at)
			}
			es, e := journal.Of(ctx, tx, customer.FileKind.Ref(ctx, l.tenant))
			if !slices.ContainsFunc(es, func(e journal.Entry) bool { return e.Verb == "unit_moved" }) {
				k.Error("the customer's journal does not tell of the move")
			}
			for _, s := range house.Of(ctx).CellStates {
				if s.Key != "arrears" || err != nil {
					continue
				}
				var owed map[core.ID]string
				if owed, err = s.Of(ctx, tx, unitOf(k, ids[1]).Building); owed[ids[1]] != "¥123.00" || owed[ids[0]] != "" {
					k.Errorf("what is owed shows at %v", owed)
				}
			}
			if err == nil {
				err = e
			}
			return err
		})
		b := k.As(core.Supervisor)
		if p := b.Get(b.P("unit/" + ids[1].String())).OK(k); !p.Has("租户A0305") || !p.Has("拆分与合并") {
			k.Errorf("the new unit's page: %s", p.Text("main"))
		}
		if p := b.Get(b.P("customer/" + l.tenant.String())).OK(k); !p.Has("A0306") || !p.Has("转到 A0306") {
			k.Errorf("the tenant's page: %s", p.Text("main"))
		}
	})
}

func TestATenantMayTakeSeveralPartsAndItsContractIsCountedOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		l := rented(k, "A0305")
		ids, err := split(k, l.unit, estate.Part{Code: "A0315", Area: square("60"), Taken: true}, estate.Part{Code: "A0316", Area: square("40"), Taken: true})
		k.Must(err)
		today, before := tested(k)
		for _, id := range ids {
			same(k, "a part", uses(k, id), stay(l.owner, "owner", today, ""), stay(l.tenant, "tenant", today, ""))
		}
		var rent core.Money
		ls := leases(k, l.tenant)
		for _, c := range ls {
			rent += c.Rent
		}
		if len(ls) != 2 || rent != 500000 {
			k.Errorf("the contract: %+v", ls)
		}

		// Merged again, they are one stay and one contract.
		one, err := join(k, "A0305", ids[0], ids[1])
		k.Must(err)
		same(k, "the merged unit", uses(k, one), stay(l.owner, "owner", today, ""), stay(l.tenant, "tenant", today, ""))
		for _, id := range ids { // they came and went on the same day
			for _, s := range uses(k, id) {
				if !strings.HasSuffix(s, before) && len(uses(k, id)) > 0 {
					k.Errorf("a merged unit is still used: %s", s)
				}
			}
		}
		if ls := leases(k, l.tenant); len(ls) != 1 || ls[0].Unit != one || ls[0].Rent != 500000 || ls[0].Deposit != 1000000 {
			k.Errorf("the contract after the merge: %+v", ls)
		}
		if u := unitOf(k, one); u.State != estate.Let {
			k.Errorf("the merged unit is %s", u.State)
		}
	})
}

func TestUnitsOfDifferentTenantsAreNotMerged(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		a, b := rented(k, "A0301"), rented(k, "A0302")
		_, err := join(k, "A0303", a.unit, b.unit)
		if !core.IsKind(err, core.KindInvalid) {
			k.Fatalf("merged with two tenants: %v", err)
		}
		if u := unitOf(k, a.unit); u.Ended != "" {
			k.Fatal("the refused merge closed a unit")
		}
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			ss, err := customer.Stays(ctx, tx, b.tenant)
			if err == nil {
				err = customer.Vacate(ctx, tx, b.tenant, ss[0].ID, core.Today(ctx).Add(-1))
			}
			return err
		})
		one, err := join(k, "A0303", b.unit, a.unit) // the vacant one is named first
		k.Must(err)
		today, before := tested(k)
		same(k, "the merged unit", uses(k, one), stay(a.owner, "owner", today, ""), stay(b.owner, "owner", today, ""), stay(a.tenant, "tenant", today, ""))
		same(k, "the one that was left", uses(k, b.unit), stay(b.owner, "owner", "2020-01-01", before), stay(b.tenant, "tenant", "2025-03-01", before))
		if u := unitOf(k, one); u.State != estate.Let {
			k.Errorf("the merged unit is %s", u.State)
		}
	})
}

func TestATenantWhoIsYetToComeGoesAlong(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		var unit core.ID
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
			unit, err = estate.CreateUnit(ctx, tx, estate.In{Code: "A0401", Area: square("100")})
			return err
		})
		from := core.Today(k.Ctx(core.Desk)).Add(30)
		who := moved(k, "明年的租户", unit, customer.AsTenant, from)
		ids, err := split(k, unit, estate.Part{Code: "A0411", Area: square("50"), Taken: true}, estate.Part{Code: "A0412", Area: square("50")})
		k.Must(err)
		same(k, "the old unit", uses(k, unit))
		same(k, "the part", uses(k, ids[0]), stay(who, "tenant", string(from), ""))
		same(k, "the other", uses(k, ids[1]))

		var next core.ID // merged, what is yet to come in both begins once
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
			if next, err = estate.CreateUnit(ctx, tx, estate.In{Code: "A0413", Area: square("50")}); err == nil {
				_, err = customer.Occupy(ctx, tx, who, customer.Occupation{Unit: next, Part: customer.AsTenant, From: from})
			}
			return err
		})
		one, err := join(k, "A0414", ids[0], next)
		k.Must(err)
		same(k, "the merged unit", uses(k, one), stay(who, "tenant", string(from), ""))
		same(k, "the part before", uses(k, ids[0]))
		same(k, "the one merged to it", uses(k, next))
	})
}

func TestTheSplitFormAsksWhereTheTenantGoesOn(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		l := rented(k, "A0305")
		b := k.As(core.Supervisor)
		at := b.P("unit/" + l.unit.String() + "/split")
		in := map[string]string{"parts.0.code": "A0315", "parts.0.area": "60", "parts.1.code": "A0316", "parts.1.area": "40"}
		if p := b.Submit(at, in); p.Status != 422 || !p.Has("请勾选租户继续使用的新单元") {
			k.Errorf("not asked: %d %s", p.Status, p.Text("main"))
		}
		b.Lang = core.EN
		if p := b.Submit(at, in); p.Status != 422 || !p.Has("tick the new units") || !p.Has("The tenant goes on here") {
			k.Errorf("not asked in English: %d %s", p.Status, p.Text("main"))
		}
		b.Lang = core.ZH
		in["parts.1.taken"] = "true"
		b.Submit(at, in).OK(k)
		if u := unitOf(k, l.unit); u.Ended == "" {
			k.Error("not split")
		}
		today, _ := tested(k)
		k.Read(func(ctx context.Context, tx db.Tx) error {
			u, _, err := estate.UnitByCode(ctx, tx, "A0316")
			same(k, "the part", uses(k, u.ID), stay(l.owner, "owner", today, ""), stay(l.tenant, "tenant", today, ""))
			return err
		})
	})
}
