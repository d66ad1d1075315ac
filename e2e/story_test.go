package e2e

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/module/repair"
	"huiyin/module/user"
	"huiyin/testkit"
)

// TestTheFirstDay is a day in Chromium: the office's own workbook is imported; a leaking tap is taken down from a telephone
// number, dispatched, quoted, agreed, mended and signed on a phone; a second call runs late and rises to the supervisor;
// burst water starts the fifteen-minute clock; and each of those steps stands behind its clause on the board.
func TestTheFirstDay(t *testing.T) {
	t.Parallel()
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			k := testkit.New(t, e)
			base := site(k)
			importWorkbook(k, base)
			openMatters := storyTab(k, base, desk)
			openMatters.SignIn(core.Supervisor)
			leakingTap(k, base, openMatters)
			lateRepair(k, base, openMatters)
			flood(k, base, openMatters)
			theBoard(k, base)
		})
	}
}

func importWorkbook(k *testkit.Kit, base string) {
	clerk := storyTab(k, base, desk)
	clerk.SignIn(core.Desk)
	clerk.Open("import")
	clerk.Upload("file", "../sheet/testdata/office.xlsx")
	clerk.Press("main form button[type=submit], main form button:not([type])")
	stop := drain(k)
	defer stop()
	clerk.Sees("房产台账", "业户台账")
	clerk.Looks(shotName(k, "import-preview"))
	clerk.PressText(core.T("导入", "Import"))
	clerk.Sees("520")
	stop()
	clerk.Looks(shotName(k, "import-done"))
}

// storyTab is somebody's browser. One engine's story is told in Chinese, the other's in English.
func storyTab(k *testkit.Kit, base string, w Width) *Tab {
	k.Helper()
	b := tab(k, base, w)
	if k.Engine == db.Postgres {
		b.lang = core.EN
	}
	return b
}

// drain runs the jobs beside the browser, as the server's runner would, until it is stopped.
func drain(k *testkit.Kit) (stop func()) {
	enough, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, err := k.App.Runner.Drain(core.AsSystem(k.App.Context(context.Background()))); err != nil {
				k.Errorf("jobs: %v", err)
			}
			select {
			case <-enough:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	return sync.OnceFunc(func() { close(enough); <-done })
}

func shotName(k *testkit.Kit, name string) string {
	if k.Engine == db.SQLite {
		return name
	}
	return name + "-en"
}

const submit = "main form .submit button, main form button[type=submit]"

// leakingTap: the desk knows the tenant by telephone number, the supervisor dispatches, the technician has it on a phone.
func leakingTap(k *testkit.Kit, base string, supervisor *Tab) {
	prepareWork(k)
	clerk := storyTab(k, base, desk)
	clerk.SignIn(core.Desk)
	take(clerk, "13886069977", "茶水间水龙头漏水")
	clerk.Looks(shotName(k, "desk-taken"))

	order := newest(k)
	supervisor.Open("repair/" + order)
	supervisor.Reads(core.T("现在可以做", "What can be done now"))
	supervisor.Looks(shotName(k, "repair-new"))
	supervisor.Open("repair/" + order + "/dispatch")
	supervisor.Choose("technician", k.Users[core.Technician].String())
	supervisor.Press(submit)
	supervisor.Reads(core.T("已派工", "Dispatched"))

	hand := storyTab(k, base, phone)
	hand.SignIn(core.Technician)
	hand.Open("repair/mine")
	hand.Sees("茶水间水龙头漏水")
	hand.Looks(shotName(k, "phone-mine"))
	hand.Press("form[action$='/repair/" + order + "/arrive'] button") // the workbook may have brought him orders of its own
	onThePhone(k, hand, order)
}

// onThePhone carries the order from the quote to the signature.
func onThePhone(k *testkit.Kit, hand *Tab, order string) {
	hand.Open("repair/" + order)
	hand.Reads(core.T("已到场", "On site"))
	hand.Sees("C17.2") // the start is shut until the quote is agreed
	hand.Looks(shotName(k, "phone-repair"))
	hand.Open("repair/" + order + "/quote")
	hand.Sees("茶水间水龙头漏水")
	hand.Choose("lines.0.item", item(k))
	hand.Looks(shotName(k, "phone-quote"))
	hand.Press(submit)
	hand.Reads(core.T("报价待同意", "Quoted"))
	hand.Open("repair/" + order + "/consent")
	hand.Choose("how", "signature")
	hand.Type("by", "贾敏嘉")
	hand.Signs()
	hand.Looks(shotName(k, "phone-consent"))
	hand.Press(submit)
	hand.Reads(core.T("已同意", "Agreed"))
	hand.Open("repair/mine")
	hand.Press("form[action$='/repair/" + order + "/start'] button")
	hand.Open("repair/" + order)
	hand.Reads(core.T("施工中", "At work"))
	hand.Open("repair/" + order + "/finish")
	hand.Type("result", "更换阀芯,不再漏水")
	hand.Tick("main input[name=cleared]")
	hand.Tick("main input[name=tried]")
	hand.Signs()
	hand.Press(submit)
	hand.Reads(core.T("待签字", "To be signed"))
	hand.Open("repair/" + order + "/sign")
	hand.Signs()
	hand.Type("signer", "贾敏嘉")
	for _, dim := range []string{"attitude", "speed", "quality"} {
		hand.Tick("main input[name=" + dim + "][value='5']")
	}
	hand.Looks(shotName(k, "phone-sign"))
	hand.Press(submit)
	hand.Reads(core.T("已完成", "Completed"))
	hand.Looks(shotName(k, "phone-done"))
}

// item is the price that the quote takes, as its select names it.
func item(k *testkit.Kit) (value string) {
	k.Read(func(ctx context.Context, tx db.Tx) error {
		prices, err := repair.Prices(ctx, tx)
		value = "price/" + prices[0].ID.String()
		return err
	})
	return value
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

// lateRepair: nobody confirms the second call within thirty minutes, and the supervisor has it in 我的待办.
func lateRepair(k *testkit.Kit, base string, supervisor *Tab) {
	clerk := storyTab(k, base, desk)
	clerk.SignIn(core.Desk)
	clerk.Open("desk/new")
	clerk.Type("q", "15022123975")
	clerk.Tick("main input[name=who]")
	clerk.Choose("kind", "repair")
	clerk.Tick("main input[name=scope][value=indoor]")
	clerk.Type("content", "会议室灯管不亮")
	clerk.Press("main form .submit button")
	clerk.Sees("会议室灯管不亮")
	k.Advance(45 * time.Minute)
	supervisor.Open("todo")
	supervisor.Sees("B4.3", "会议室灯管不亮")
	supervisor.Looks(shotName(k, "todo"))
}

// flood: 跑水 opens the fifteen-minute clock of the three parties.
func flood(k *testkit.Kit, base string, supervisor *Tab) {
	clerk := storyTab(k, base, desk)
	clerk.SignIn(core.Desk)
	take(clerk, "19964030981", "天花板渗水,水流很大,跑水了")
	order := newest(k)
	supervisor.Open("repair/" + order)
	supervisor.Sees("D4.2")
	supervisor.Reads(core.T("三方到场", "Three parties on site"), core.T("还剩 14:", "14:"))
	supervisor.Looks(shotName(k, "repair-flood"))
	hand := storyTab(k, base, phone)
	hand.SignIn(core.Supervisor)
	hand.Open("repair/" + order)
	hand.Sees("D4.2")
	hand.Looks(shotName(k, "phone-flood"))
}

// theBoard: each step stands behind its clause, and each figure leads to its records.
func theBoard(k *testkit.Kit, base string) {
	boss := storyTab(k, base, desk)
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
	boss.Open("compliance/duties?clause=B4.3&state=late")
	boss.Sees("会议室灯管不亮")
	small := storyTab(k, base, phone)
	small.SignIn(core.Manager)
	small.Open("compliance")
	small.Looks(shotName(k, "phone-board"))
}

// TestPagesLookRightInBothLanguages opens the main pages at both widths in both languages and asks axe.
func TestPagesLookRightInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, w := range []Width{desk, phone} {
		t.Run(w.Name, func(t *testing.T) {
			t.Parallel()
			k := testkit.New(t, db.SQLite) // the pages do not know the engine
			k.Fill(k.Project)
			who := tab(k, site(k), w)
			who.SignIn(core.Supervisor)
			for _, lang := range []core.Lang{core.ZH, core.EN} {
				who.Language(lang)
				for _, p := range pages(k) {
					who.Open(p.path)
					who.Looks(p.name + "-" + w.Name + "-" + string(lang))
				}
			}
		})
	}
}

// TestVerbsFoldAway: a record with a dozen verbs shows four and its facts; the others stand behind one button that the
// keyboard opens, and a folded verb leads where it says.
func TestVerbsFoldAway(t *testing.T) {
	t.Parallel()
	k := testkit.New(t, db.SQLite) // the pages do not know the engine
	k.Fill(k.Project)
	base := site(k)
	merge := core.T("并入另一份档案", "Merge another file into this")
	for _, w := range []Width{desk, phone} {
		who := tab(k, base, w)
		who.SignIn(core.Supervisor)
		for _, lang := range []core.Lang{core.ZH, core.EN} {
			who.Language(lang)
			path := "customer/" + k.Example("customer").String()
			who.Open(path)
			who.Reads(core.T("更多(", "More ("))
			if strings.Contains(who.Text("main"), merge.In(lang)) {
				t.Errorf("%s: the folded verb %q is shown", w.Name, merge.In(lang))
			}
			who.run(chromedp.Focus(".acts summary", chromedp.ByQuery), chromedp.KeyEvent(kb.Enter))
			who.Reads(merge)
			who.Looks("verbs-" + w.Name + "-" + string(lang))
			who.Open(path)
			who.PressText(merge)
			if !strings.HasSuffix(who.Where(), "/"+path+"/merge") {
				t.Errorf("%s: %q led to %s", w.Name, merge.In(lang), who.Where())
			}
		}
	}
}

// shown is a page and what its picture is called.
type shown struct{ name, path string }

func pages(k *testkit.Kit) []shown {
	of := func(kind string) string { return kind + "/" + k.Example(kind).String() }
	return []shown{
		{"desk", "desk"},
		{"desk-new", "desk/new"},
		{"desk-matter", of("desk")},
		{"repair-list", "repair"},
		{"repair", of("repair")},
		{"repair-mine", "repair/mine"},
		{"repair-report", "repair/report"},
		{"customer-list", "customer"},
		{"customer-new", "customer/new"},
		{"customer", of("customer")},
		{"estate", "estate"},
		{"unit", of("unit")},
		{"todo", "todo"},
		{"board", "compliance"},
		{"clause", "clause/C17.2"},
		{"clauses", "clause"},
		{"import", "import"},
		{"directory", of("directory")},
		{"me", "/me"},
		{"followup-today", "followup/today?all=1"},
		{"followup-list", "followup"},
		{"followup", of("followup")},
		{"followup-form", of("followup") + "/record"},
		{"followup-report", "followup/report"},
		{"open-letter", of("open-letter")},
		{"report-list", "report"},
		{"report", of("report")},
		{"report-preview", "report/preview?kind=weekly"},
		{"receipt-list", "receipt"},
		{"report-schedule", of("report-schedule")},
		{"announcement-list", "announcement"},
		{"approvals", "approval/mine"},
		{"delegation-new", "delegation/give"},
		{"complaint-list", "complaint"},
		{"complaint", of("complaint")},
		{"complaint-report", "complaint/report"},
		{"call-list", "call"},
		{"script", of("script")},
		{"reply", of("reply")},
		{"entry-list", "entry"},
		{"feedback", of("feedback")},
		{"talk", of("talk")},
		{"visit-round", "visit/round"},
		{"visit-list", "visit"},
		{"visit", of("visit")},
		{"visit-record", of("visit") + "/record/print"},
		{"promise-list", "promise"},
		{"meeting", of("meeting")},
		{"keycard-list", "keycard"},
		{"festival-list", "festival"},
		{"warning-list", "warning"},
		{"warning", of("warning")},
		{"dispute-list", "dispute"},
		{"dispute", of("dispute")},
		{"settlement-list", "settlement"},
	}
}
