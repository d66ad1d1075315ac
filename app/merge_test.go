package app_test

import (
	"context"
	"slices"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/customer"
	"huiyin/testkit"
)

// stays are the tables whose rows do not follow a customer when his file is merged, and why.
var stays = map[string]string{
	"visit_invite":       "one a meeting and customer: both files may have been invited to the same one",
	"visit_warning":      "one a customer; it is worked out anew each day",
	"visit_signal":       "worked out anew each day",
	"estate_parking":     "moved by estate.Rehome",
	"estate_mailbox":     "moved by estate.Rehome",
	"customer_directory": "the signed list of a month",
}

// TestAMergedCustomersRowsFollowHim: whatever any module holds of a customer stands under the file that stays, and goes back
// when the merge is undone; a table that points to a customer and neither follows nor says why not is an error.
func TestAMergedCustomersRowsFollowHim(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Fill(k.Project)
		gone := most(k)
		var keep core.ID
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
			keep, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: "并存有限公司", Category: customer.Ordinary, Consent: "written"})
			return err
		})
		before := held(k, gone)
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return customer.Merge(ctx, tx, keep, gone) })
		left, moved := held(k, gone), held(k, keep)
		for table, n := range before {
			if why := stays[table]; why == "" && (left[table] != 0 || moved[table] < n) {
				k.Errorf("%s: %d rows before the merge, %d left behind, %d follow", table, n, left[table], moved[table])
			}
		}
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			ms, err := customer.Merges(ctx, tx, keep)
			if err != nil {
				return err
			}
			return customer.Unmerge(ctx, tx, keep, ms[0].ID)
		})
		for table, n := range held(k, gone) {
			if n != before[table] {
				k.Errorf("%s: %d rows before the merge, %d after it was undone", table, before[table], n)
			}
		}
	})
}

// most is the customer of whom most tables hold something.
func most(k *testkit.Kit) (id core.ID) {
	best := 0
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ids, err := db.Values[core.ID](ctx, tx, "select id from customer_customer where project_id = $1 and state not in ('merged', 'erased') order by id", k.Project.ID)
		for _, one := range ids {
			n := 0
			for _, rows := range heldIn(ctx, k, tx, one) {
				n += min(int(rows), 1)
			}
			if n > best {
				id, best = one, n
			}
		}
		return err
	})
	if best < 8 {
		k.Fatalf("only %d tables hold something of a customer: this proves little", best)
	}
	return id
}

func held(k *testkit.Kit, id core.ID) (out map[string]int64) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error { out = heldIn(ctx, k, tx, id); return nil })
	return out
}

// heldIn counts a customer's rows by table.
func heldIn(ctx context.Context, k *testkit.Kit, tx db.Tx, id core.ID) map[string]int64 {
	k.Helper()
	out := map[string]int64{}
	for _, name := range theirs(ctx, k) {
		n, err := db.Value[int64](ctx, tx, "select count(*) from "+name+" where project_id = $1 and customer_id = $2", k.Project.ID, id)
		k.Must(err)
		out[name] = n
	}
	return out
}

// theirs are the tables whose rows belong to a customer. Each is known to the merge or to this test.
func theirs(ctx context.Context, k *testkit.Kit) (out []string) {
	k.Helper()
	names, err := k.App.DB.Tables(ctx)
	k.Must(err)
	follow := customer.Belongings(house.With(ctx, k.App.Lists))
	for _, name := range names {
		columns, err := k.App.DB.Columns(ctx, name)
		k.Must(err)
		if !slices.Contains(columns, "customer_id") || !slices.Contains(columns, "project_id") {
			continue
		}
		if !slices.Contains(follow, name) && stays[name] == "" {
			k.Errorf("%s has a customer_id: name it in its module's Follows, or say in this test why it stays", name)
		}
		out = append(out, name)
	}
	return out
}
