package visit_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/testkit"
)

// A round takes the customers a hundred at a time: this many need three portions.
const (
	many    = 230
	portion = 100
)

// keyTenants files n key customers, each with a unit.
func keyTenants(k *testkit.Kit, n int) (ids []core.ID) {
	k.Helper()
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
		for i := range n {
			u, err := estate.EnsureUnit(ctx, tx, fmt.Sprintf("B%02d%02d", 1+i/20, 1+i%20), "")
			if err != nil {
				return err
			}
			id, err := customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(fmt.Sprintf("商户%03d", i)), Category: customer.Key, Unit: u, Part: customer.AsTenant,
				Consent: "written", ConsentBy: "陈静", Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: core.Phone(fmt.Sprintf("1380001%04d", i))}, {Name: "王磊", Role: customer.RoleHead, Phone: "13900001111"}}})
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids
}

// round does the day's round of visits, which is cut off at the nth transaction; zero lets it come to its end.
func round(k *testkit.Kit, n int) error {
	k.Helper()
	daily := k.App.Lists.Daily[slices.IndexFunc(k.App.Lists.Daily, func(d house.Daily) bool { return d.Name == "visit.day" })]
	return daily.Run(k.CutOff(k.Ctx(core.System), n), k.App.DB)
}

// openOf counts the open duties of a clause by number and customer.
func openOf(k *testkit.Kit, clause, number string) (per map[core.ID]int64, all int) {
	k.Helper()
	return k.Count("select record_id, count(*) from duty_duty where project_id = $1 and clause = $2 and number = $3 and state = 'open' group by record_id", k.Project.ID, clause, number)
}

// TestTheRoundReachesEveryCustomerOnce: more customers than one portion holds, the round cut off between any two of its
// transactions and run again, and run once more when it is complete: each customer has his contact and his two regular
// visits, once.
func TestTheRoundReachesEveryCustomerOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		ids := keyTenants(k, many)
		k.SetNow(k.Now().Add(testkit.Days(80))) // A3.6's ninety days end within two weeks
		owed := []struct{ clause, number string }{{"A3.6", "every"}, {"C16.3", "handler"}, {"C16.3", "supervisor"}}
		partly := map[string]bool{}
		for n := 1; ; n++ {
			err := round(k, n)
			for _, o := range owed {
				_, all := openOf(k, o.clause, o.number)
				if all != many && all%portion != 0 {
					k.Fatalf("cut off at the %dth transaction, %d customers have their duty of %s %s: no whole portions", n, all, o.clause, o.number)
				}
				if 0 < all && all < many {
					partly[o.clause] = true
				}
			}
			if err == nil {
				break
			}
			if n > 40 {
				k.Fatalf("the round does not end: %v", err)
			}
		}
		if !partly["A3.6"] || !partly["C16.3"] {
			k.Errorf("the round was never cut off between two portions: %v", partly)
		}
		k.Must(round(k, 0))
		for _, o := range owed {
			per, _ := openOf(k, o.clause, o.number)
			k.EachHas(o.clause+" "+o.number, ids, 1, per)
		}
	})
}
