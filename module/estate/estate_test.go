package estate_test

import (
	"context"
	"io/fs"
	"testing"

	"github.com/govalues/decimal"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/journal"
	"huiyin/module/estate"
	"huiyin/notify"
	"huiyin/regulation"
	"huiyin/search"
)

func each(t *testing.T, fn func(t *testing.T, do func(func(context.Context, db.Tx) error) error)) {
	dbtest.Each(t, []fs.FS{journal.Migrations, search.Migrations, notify.Migrations, regulation.Migrations, estate.Module().Migrations}, func(t *testing.T, d *db.DB) {
		ctx := core.WithProject(core.AsSystem(context.Background()), core.Project{ID: 7, Code: "lh"})
		fn(t, func(f func(context.Context, db.Tx) error) error { return d.Write(ctx, f) })
	})
}

func area(s string) core.Decimal { return decimal.MustParse(s) }

func TestSplitAndMergeKeepTheHistory(t *testing.T) {
	each(t, func(t *testing.T, do func(func(context.Context, db.Tx) error) error) {
		err := do(func(ctx context.Context, tx db.Tx) error {
			old, err := estate.CreateUnit(ctx, tx, estate.In{Code: "A0305", Area: area("100.5")})
			if err != nil {
				return err
			}
			parts := []estate.Part{{Code: "A0315", Area: area("60")}, {Code: "A0316", Area: area("40")}}
			if _, err := estate.Split(ctx, tx, old, estate.Division{Parts: parts}); !core.IsKind(err, core.KindInvalid) {
				t.Errorf("areas that do not add up were taken: %v", err)
			}
			parts[1].Area = area("40.5")
			ids, err := estate.Split(ctx, tx, old, estate.Division{Parts: parts})
			if err != nil {
				return err
			}
			if _, ok, _ := estate.UnitByCode(ctx, tx, "A座3层5号"); ok {
				t.Error("the old unit still has its code")
			}
			one, err := estate.Merge(ctx, tx, ids[0], estate.Union{Code: "A0305", Others: []estate.Other{{Unit: ids[1]}}})
			if err != nil {
				return err
			}
			u, ok, err := estate.UnitByCode(ctx, tx, "A座3层5号")
			if !ok || u.ID != one || u.Area.Cmp(area("100.5")) != 0 || u.Tower != "A座" || u.FloorNo != 3 {
				t.Errorf("merged unit %+v", u)
			}
			links, _ := estate.Links(ctx, tx, one)
			if gone, _ := estate.Get(ctx, tx, old); gone.Ended == "" || len(links) != 2 {
				t.Errorf("history: ended %q, %d links", gone.Ended, len(links))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestD1_14_ASpaceInUseNamesItsUser(t *testing.T) {
	each(t, func(t *testing.T, do func(func(context.Context, db.Tx) error) error) {
		err := do(func(ctx context.Context, tx db.Tx) error {
			if _, err := estate.CreateParking(ctx, tx, estate.SpaceIn{Code: "C101", State: estate.SpaceLet}); core.ClauseOf(err) != "D1.14" {
				t.Errorf("a let space without user: %v", err)
			}
			if _, err := estate.CreateMailbox(ctx, tx, estate.SpaceIn{Code: "12", State: estate.SpaceLet, UsedBy: "华达科技"}); err != nil {
				return err
			}
			id, err := estate.CreateParking(ctx, tx, estate.SpaceIn{Code: "c101"})
			if err != nil {
				return err
			}
			if err := estate.AssignParking(ctx, tx, id, estate.SpaceIn{State: estate.SpaceSold}); core.ClauseOf(err) != "D1.14" {
				t.Errorf("a sold space without user: %v", err)
			}
			return estate.AssignParking(ctx, tx, id, estate.SpaceIn{State: estate.SpaceSold, UsedBy: "黄志成", Plate: "粤B12345"})
		})
		if err != nil {
			t.Fatal(err)
		}
		err = do(func(ctx context.Context, tx db.Tx) error {
			if _, err := db.Exec(ctx, tx, `insert into regulation_setting (project_id, id, created_at, changed_at, clause, name, value, from_at) values (7,1,0,0,'D1.14','switch','off',0)`); err != nil {
				return err
			}
			_, err := estate.CreateParking(ctx, tx, estate.SpaceIn{Code: "C102", State: estate.SpaceLet})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
