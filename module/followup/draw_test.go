package followup_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/module/followup"
	"huiyin/testkit"
)

func photo() core.Upload { return file.FromBytes("letter.png", pixel()) }

// fill puts so many closed repairs into the pool, over floors and customers of very unequal size. Their numbers are the
// same in every test.
func fill(k *testkit.Kit, n int) {
	k.Helper()
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		var rows [][]any
		for x := range n {
			floor := x % 10
			if x%2 == 0 {
				floor = 0 // half of all is on one floor
			}
			rows = append(rows, []any{k.Project.ID, core.ID(1000 + x), "repair", core.ID(500_000 + x), 0, followup.Repair, "2026-11", k.Now(), floor, floor*100 + x%7, followup.Lot(k.Project.Code, "2026-11", fmt.Sprintf("WX-202611-%04d", x)), "2026-11", true, "", false})
		}
		return db.InsertRows(ctx, tx, "followup_pool (project_id, id, kind, record_id, part_id, occasion, month, closed_at, spot, customer_id, lot, counted, live, exempt, drawn)", "", rows)
	})
}

func draw(k *testkit.Kit, want int64) (ids []core.ID) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		ids, err = followup.Draw(ctx, tx, followup.Repair, "2026-11", want)
		return err
	})
	return ids
}

func TestTheDrawSpreadsOverFloorsAndCustomers(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		fill(k, 1000)
		ids := draw(k, 300)
		floors, doors := map[int]int{}, map[[2]int]int{}
		for _, id := range ids {
			x := int(id) - 1000
			floor := x % 10
			if x%2 == 0 {
				floor = 0
			}
			floors[floor]++
			doors[[2]int{floor, x % 7}]++
		}
		if len(ids) != 300 || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 300 {
			t.Fatalf("drew %d", len(ids))
		}
		for _, f := range []int{0, 1, 3, 5, 7, 9} { // those with any, 100 each but for floor 0 with 500
			if floors[f] != 50 {
				t.Errorf("floor %d has %d of 300, want 50", f, floors[f])
			}
		}
		for d, n := range doors {
			if n < 7 || n > 8 {
				t.Errorf("customer %v has %d of the floor's 50", d, n)
			}
		}
		if again := draw(k, 300); !slices.Equal(ids, again) {
			t.Error("the same draw differs")
		}
		if draw(k, 5000); len(draw(k, 5000)) != 1000 || draw(k, 0) != nil {
			t.Error("more than there are, or none")
		}
	})
}

func TestADrawnMatterIsNotDrawnAgainAndCounts(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		fill(k, 1000)
		first := draw(k, 100)
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			for _, id := range first {
				if err := db.ExecOne(ctx, tx, "update followup_pool set drawn = $1 where project_id = $2 and id = $3", true, k.Project.ID, id); err != nil {
					return err
				}
			}
			return nil
		})
		rest := draw(k, 200)
		if slices.ContainsFunc(rest, func(id core.ID) bool { return slices.Contains(first, id) }) {
			t.Error("drawn twice")
		}
		floors := map[int]int{}
		for _, id := range append(first, rest...) {
			x := int(id) - 1000
			if x%2 == 0 {
				x = 0
			}
			floors[x%10]++
		}
		for f, n := range floors {
			if n != 50 {
				t.Errorf("in two draws floor %d has %d, want 50", f, n)
			}
		}
	})
}

func TestBothEnginesDrawAlike(t *testing.T) {
	var mu sync.Mutex
	drawn := map[db.Engine][]core.ID{}
	t.Run("engines", func(t *testing.T) {
		testkit.Each(t, func(k *testkit.Kit) {
			fill(k, 2000)
			ids := draw(k, 600)
			mu.Lock()
			drawn[k.Engine] = ids
			mu.Unlock()
		})
	})
	for e, ids := range drawn {
		if len(ids) != 600 || !slices.Equal(ids, drawn[db.SQLite]) {
			t.Errorf("%s draws otherwise", e)
		}
	}
}

func TestTheSamplerMeetsTheRateOnceADay(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		for range 10 {
			repaired(k, 5)
		}
		count := func() (n int64) {
			k.Read(func(ctx context.Context, tx db.Tx) (err error) {
				n, err = db.Value[int64](ctx, tx, "select count(*) from followup_item where project_id = $1 and occasion = 'repair'", k.Project.ID)
				return err
			})
			return n
		}
		k.Advance(24 * time.Hour)
		if n := count(); n != 3 {
			t.Errorf("the daily draw planned %d of 10, want 3", n)
		}
		k.Advance(24 * time.Hour)
		if n := sample(k); n != 0 || count() != 3 {
			t.Errorf("drawn again: %d, %d", n, count())
		}
		b := k.As(core.Supervisor)
		p := b.Get(b.P("followup")).OK(k)
		if !p.Has("维修回访") || !p.Has("0/3,还剩 11 天") || !p.Has("本月办结 10 件") {
			t.Errorf("the quota: %s", p.Text(".bar + .sub"))
		}
		repaired(k, 5)
		b.Submit(b.P("followup"), nil)
		if n := count(); n != 3 && n != 4 {
			t.Errorf("by the button: %d", n)
		}
	})
}
