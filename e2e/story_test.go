package e2e

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/repair"
	"huiyin/module/user"
	"huiyin/testkit"
)

// TestTheFirstDay is the day's beginning in Chromium: the office's own workbook is imported, a leaking tap is taken down
// from a telephone number, dispatched, and stands on the technician's phone; the board shows the clauses behind.
func TestTheFirstDay(t *testing.T) {
	for _, e := range []db.Engine{db.SQLite} { // the pages do not know the engine; the stories through HTTP run on both
		t.Run(string(e), func(t *testing.T) {
			k := testkit.New(t, e)
			base := site(k)
			importWorkbook(k, base)
			openMatters := tab(k, base, desk)
			openMatters.SignIn(core.Supervisor)
			leakingTap(k, base, openMatters)
			theBoard(k, base)
		})
	}
}

func importWorkbook(k *testkit.Kit, base string) {
	clerk := tab(k, base, desk)
	clerk.SignIn(core.Desk)
	clerk.Open("import")
	clerk.Upload("file", "../sheet/testdata/office.xlsx")
	clerk.Press("main form button[type=submit], main form button:not([type])")
	done := make(chan struct{})
	go func() { defer close(done); drain(k, 40) }()
	clerk.Sees("房产台账", "业户台账")
	clerk.Looks(shotName(k, "import-preview"))
	clerk.PressText("导入")
	clerk.Sees("520")
	<-done
	clerk.Looks(shotName(k, "import-done"))
}

// drain runs the jobs as the server's runner would, for so many half seconds.
func drain(k *testkit.Kit, halves int) {
	for range halves {
		if n, err := k.App.Runner.Drain(core.AsSystem(k.App.Context(context.Background()))); err != nil {
			k.Errorf("jobs: %v", err)
		} else if n > 0 {
			halves += 2
		}
		time.Sleep(500 * time.Millisecond)
	}
}

func shotName(k *testkit.Kit, name string) string {
	if k.Engine == db.SQLite {
		return name
	}
	if os.Getenv("HUIYIN_SCREENS") != "" {
		return "failed-" + name // pictures of one engine are enough
	}
	return name + "-postgres"
}

const submit = "main form .submit button, main form button[type=submit]"

// leakingTap: the desk knows the tenant by telephone number, the supervisor dispatches, the technician has it on a phone.
func leakingTap(k *testkit.Kit, base string, supervisor *Tab) {
	prepareWork(k)
	clerk := tab(k, base, desk)
	clerk.SignIn(core.Desk)
	take(clerk, "13886069977", "茶水间水龙头漏水")
	clerk.Looks(shotName(k, "desk-taken"))

	order := newest(k)
	supervisor.Open("repair/" + order)
	supervisor.Sees("现在可以做")
	supervisor.Looks(shotName(k, "repair-new"))
	supervisor.Open("repair/" + order + "/dispatch")
	supervisor.Choose("technician", k.Users[core.Technician].String())
	supervisor.Press(submit)
	supervisor.Sees("已派工")

	hand := tab(k, base, phone)
	hand.SignIn(core.Technician)
	hand.Open("repair/mine")
	hand.Sees("茶水间水龙头漏水")
	hand.Looks(shotName(k, "phone-mine"))
}

// prepareWork gives the technician his trade, and the house a price and a material.
func prepareWork(k *testkit.Kit) {
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		u, err := user.Get(ctx, tx, k.Users[core.Technician])
		if err != nil {
			return err
		}
		if _, err := user.Edit(ctx, tx, u.ID, user.EditIn{Name: u.Name, Skills: []string{"plumbing"}}); err != nil {
			return err
		}
		_, err = repair.Publish(ctx, tx, repair.Price{Code: "F01", Name: "更换阀芯", Unit: "次", Price: 4000, From: core.Today(ctx)})
		return err
	})
}

// take types what the caller says into the intake page: the customer is recognised while typing.
func take(clerk *Tab, who, content string) {
	clerk.Helper()
	clerk.Open("desk/new")
	clerk.Type("q", who)
	clerk.Tick("main input[name=who]")
	clerk.Choose("kind", "repair")
	clerk.Tick("main input[name=scope][value=indoor]")
	clerk.Type("content", content)
	clerk.Tick("main input[name=confirmed]")
	clerk.Looks(shotName(clerk.kit, "desk-intake"))
	clerk.Press("main form .submit button")
	clerk.Sees(content)
}

// newest is the id of the repair taken last.
func newest(k *testkit.Kit) (id string) {
	k.Read(func(ctx context.Context, tx db.Tx) error {
		n, err := db.Value[core.ID](ctx, tx, "select id from repair_order where project_id = $1 and origin <> 'import' order by id desc limit 1", k.Project.ID)
		id = n.String()
		return err
	})
	return id
}

// theBoard: each step stands behind its clause, and each figure leads to its records.
func theBoard(k *testkit.Kit, base string) {
	boss := tab(k, base, desk)
	boss.SignIn(core.Manager)
	boss.Open("compliance")
	for _, clause := range strings.Fields("B4.3 D4.2 C17.2 C17.5 C3.7 D4.3 C17.1") {
		boss.Sees(clause)
	}
	boss.Looks(shotName(k, "board"))
	for _, clause := range strings.Fields("B4.3 D4.2 C17.2") {
		boss.Open("clause/" + clause)
		boss.Sees(clause)
	}
	boss.Looks(shotName(k, "clause"))
	small := tab(k, base, phone)
	small.SignIn(core.Manager)
	small.Open("compliance")
	small.Looks(shotName(k, "phone-board"))
}
