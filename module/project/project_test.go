package project_test

import (
	"context"
	"io/fs"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/journal"
	"huiyin/module/project"
)

func migrations() []fs.FS { return []fs.FS{journal.Migrations, project.Migrations} }

// each runs fn in one Write on both engines, as the system.
func each(t *testing.T, fn func(t *testing.T, ctx context.Context, tx db.Tx)) {
	t.Helper()
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		err := d.Write(core.AsSystem(context.Background()), func(ctx context.Context, tx db.Tx) error { fn(t, ctx, tx); return nil })
		if err != nil {
			t.Fatal(err)
		}
	})
}

func create(t *testing.T, ctx context.Context, tx db.Tx, in project.In) core.Project {
	t.Helper()
	p, err := project.Create(ctx, tx, in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCodeComesFromThePinyinInitialsAndIsUnique(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, tx db.Tx) {
		for name, want := range map[string]string{"回音大厦": "hyds", "联合广场A座": "lhgcaz", "1号院": "p1hy", "Ω": "p1"} {
			if p := create(t, ctx, tx, project.In{Name: name}); p.Code != want {
				t.Errorf("%s got the code %q, not %q", name, p.Code, want)
			}
		}
		if p := create(t, ctx, tx, project.In{Name: "黄岩大厦"}); p.Code != "hyds2" {
			t.Errorf("a second hyds got %q", p.Code)
		}
		_, err := project.Create(ctx, tx, project.In{Name: "别的", Code: "hyds"})
		if !core.IsKind(err, core.KindInvalid) {
			t.Errorf("a taken code that was asked for gave %v", err)
		}
	})
}

func TestCreateRefusesWhatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, tx db.Tx) {
		create(t, ctx, tx, project.In{Name: "回音大厦"})
		for _, in := range []project.In{{}, {Name: " "}, {Name: "回音大厦"}, {Name: "a", Zone: "Mars/Olympus"}, {Name: "b", Zone: "Local"}, {Name: "c", Code: "A B"}, {Name: "d", Code: "../x"}} {
			if _, err := project.Create(ctx, tx, in); !core.IsKind(err, core.KindInvalid) {
				t.Errorf("%+v gave %v", in, err)
			}
		}
	})
}

func TestANewProjectHasItsDepartmentsAndItsDay(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, tx db.Tx) {
		p := create(t, ctx, tx, project.In{Name: "回音大厦", Since: "2025-03-01", Zone: "Asia/Urumqi"})
		ds, err := project.Departments(ctx, tx, p.ID)
		if err != nil || len(ds) != 6 || ds[0].Name != "客服部" {
			t.Errorf("departments %v, %v", ds, err)
		}
		all, err := project.All(ctx, tx)
		if err != nil || len(all) != 1 || core.DateOf(all[0].Since, all[0].Zone) != "2025-03-01" || all[0].Zone.String() != "Asia/Urumqi" {
			t.Errorf("places %v, %v", all, err)
		}
		if by, err := project.ByCode(ctx, tx, p.Code); err != nil || by.ID != p.ID {
			t.Errorf("by code: %v %v", by, err)
		}
		if _, err := project.ByCode(ctx, tx, "none"); !core.IsKind(err, core.KindNotFound) {
			t.Errorf("an unknown code gave %v", err)
		}
		if _, err := project.AddDepartment(ctx, tx, p.ID, project.DepartmentIn{Name: "客服部"}); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("a second 客服部 gave %v", err)
		}
	})
}

func TestOnlyADemonstrationMovesItsClockAndOnlyForward(t *testing.T) {
	each(t, func(t *testing.T, ctx context.Context, tx db.Tx) {
		if err := project.MoveClock(ctx, tx, time.Hour); !core.IsKind(err, core.KindConflict) {
			t.Errorf("an ordinary database moved its clock: %v", err)
		}
		if err := project.SetUp(ctx, tx, "回音物业", true); err != nil {
			t.Fatal(err)
		}
		if err := project.SetUp(ctx, tx, "另一家", false); !core.IsKind(err, core.KindConflict) {
			t.Errorf("a second set-up gave %v", err)
		}
		if err := project.MoveClock(ctx, tx, -time.Hour); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("the clock ran backwards: %v", err)
		}
		for range 2 {
			if err := project.MoveClock(ctx, tx, 36*time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		f, err := project.TheFirm(ctx, tx)
		if err != nil || f.Offset != 72*time.Hour || !f.Demo || f.Name != "回音物业" {
			t.Errorf("firm %+v, %v", f, err)
		}
	})
}
