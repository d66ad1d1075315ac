package compliance_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/regulation"
	"huiyin/testkit"
)

// recurring is a clause of the firm's own as the form sends it.
func recurring(more map[string]string) map[string]string {
	out := map[string]string{"text": "每月检查大堂沙盘,破损三天内报修", "text_en": "The model in the lobby is checked every month", "basis": "联合物业〔2026〕18号", "area": "facilities",
		"owner": "desk", "escalate": "supervisor", "months": "1", "day": "25", "scope": "project", "from": "2026-11-20", "reason": "客户反映沙盘破旧"}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// adopt proposes a clause in the browser as the supervisor and approves it as the manager.
func adopt(k *testkit.Kit, path string, values map[string]string) {
	k.Helper()
	b := k.As(core.Supervisor)
	p := b.Submit(b.P(path), values)
	if p.Status != 200 || !strings.Contains(p.URL, "/approval/") {
		k.Fatalf("proposing: %d at %s %s", p.Status, p.URL, p.Text("main"))
	}
	boss := k.As(core.Manager)
	ask := boss.Get(p.URL)
	for _, want := range []string{values["text"], values["basis"]} {
		if !ask.Has(want) {
			k.Errorf("whoever decides does not see %q: %s", want, ask.Text("main"))
		}
	}
	if got := boss.SubmitForm(ask, "form[action$='/decide']", map[string]string{"decision": "yes"}); got.Status != 200 {
		k.Fatalf("approving: %d %s", got.Status, got.Text(".problem"))
	}
}

// rowOf is a clause's row on the board.
func rowOf(k *testkit.Kit, clause string) string {
	k.Helper()
	b := k.As(core.Manager)
	p := b.Get(b.P("compliance"))
	out := ""
	p.Find("main tr").Each(func(_ int, s *goquery.Selection) {
		if s.Find("a[href$='/clause/"+clause+"']").Length() > 0 && out == "" {
			out = strings.Join(strings.Fields(s.Text()), " ")
		}
	})
	return out
}

func dutiesOf(k *testkit.Kit, clause string) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		out, err = duty.Find(ctx, tx, duty.Filter{Project: k.Project.ID, Clause: clause})
		return err
	})
	slices.SortFunc(out, func(a, b duty.Duty) int { return a.Due.Compare(b.Due) })
	return out
}

func TestTheFirmAddsARecurringClauseOfItsOwn(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		adopt(k, "clause/new?kind=recurring", recurring(nil))
		if row := rowOf(k, "F1"); row != "" {
			k.Errorf("the clause is on the board before it is in force: %s", row)
		}
		b := k.As(core.Supervisor)
		if p := b.Get(b.P("clause/F1")); p.Status != 200 || !p.Has("待生效") || !p.Has("联合物业〔2026〕18号") || !p.Has("2026-11-20") {
			k.Errorf("the clause before its day: %d %s", p.Status, p.Text("main"))
		}
		k.Advance(48 * time.Hour) // 20 November
		ds := dutiesOf(k, "F1")
		if len(ds) != 1 || !ds[0].Due.Equal(core.Date("2026-11-26").Time(core.China)) || ds[0].Role != core.Desk || ds[0].State != duty.StateOpen {
			k.Fatalf("its duties: %+v", ds)
		}
		if row := rowOf(k, "F1"); !strings.Contains(row, "大堂沙盘") {
			k.Errorf("the board shows %q", row)
		}
		if p := k.As(core.Desk).Get(b.P("todo")); !p.Has("大堂沙盘") {
			k.Errorf("the desk does not owe it: %s", p.Text("main"))
		}
		if p := k.As(core.Desk).Submit(b.P("duty/"+ds[0].Ref.ID.String()+"/close"), map[string]string{"note": "照片已存"}); p.Status != 200 {
			k.Fatalf("closing it: %d %s", p.Status, p.Text(".problem"))
		}
		k.Advance(40 * 24 * time.Hour) // 30 December: that of the 25th ran late and went up
		ds = dutiesOf(k, "F1")
		if len(ds) != 2 || ds[0].State != duty.StateDone || ds[0].Late || !ds[1].Late || ds[1].Step == 0 {
			k.Fatalf("after five weeks: %+v", ds)
		}
		api := k.Token(core.Manager, "compliance.view")
		for month, want := range map[string]float64{"2026-11": 10000, "2026-12": 0} {
			lines, _ := api.Get("/api/v1/projects/" + k.Project.Code + "/compliance?month=" + month).JSON()["clauses"].([]any)
			i := slices.IndexFunc(lines, func(l any) bool { return l.(map[string]any)["clause"] == "F1" })
			if i < 0 || lines[i].(map[string]any)["rate"] != want {
				k.Errorf("%s is measured as %v, want a rate of %v", month, lines, want)
			}
		}
		if x := k.As(core.Manager).Get(b.P("compliance/export.xlsx")); x.Status != 200 {
			k.Errorf("the export: %d", x.Status)
		}
	})
}

func TestAClauseOfTheFirmsOwnIsRefusedWhenItMakesNoSense(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Supervisor)
		for kind, bad := range map[string]map[string]string{
			"recurring": {"day": "32"}, "checklist": {"items": " \n "}, "deadline": {"event": "repair.exploded", "term": "2d"},
		} {
			if p := b.Submit(b.P("clause/new?kind="+kind), recurring(bad)); p.Status != 422 {
				k.Errorf("%s with %v: %d", kind, bad, p.Status)
			}
		}
		for name, bad := range map[string]map[string]string{"day": {"from": "2026-11-18"}, "area": {"area": "moon"}, "owner": {"owner": "tenant"}, "basis": {"basis": ""}} {
			if p := b.Submit(b.P("clause/new?kind=recurring"), recurring(bad)); p.Status != 422 {
				k.Errorf("a bad %s: %d", name, p.Status)
			}
		}
		if p := b.Submit(b.P("clause/new?kind=deadline"), recurring(map[string]string{"event": "repair.taken", "ends": "desk.closed", "term": "2d"})); p.Status != 422 || !p.Has("同一种记录") {
			k.Errorf("ended by another kind of record: %d", p.Status)
		}
		if p := k.As(core.Technician).Get(b.P("clause/new")); p.Status != 403 {
			k.Errorf("a technician writes regulation: %d", p.Status)
		}
		if p := b.Get(b.P("clause/C17.1/revise")); p.Status != 409 {
			k.Errorf("revising the pack's text: %d", p.Status)
		}
		if p := b.Get(b.P("clause/F7")); p.Status != 404 {
			k.Errorf("an own clause that is not there: %d", p.Status)
		}
	})
}

func TestAChecklistClosesOnlyWhenEachItemIsTicked(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		adopt(k, "clause/new?kind=checklist", recurring(map[string]string{"items": "灯光\n音响\n标识牌", "months": "3", "day": "last", "from": "2026-12-01"}))
		k.SetNow(time.Date(2026, 12, 2, 9, 0, 0, 0, core.China))
		k.Tick()
		ds := dutiesOf(k, "F1")
		if len(ds) != 1 || ds[0].Day != "2026-12-31" {
			k.Fatalf("the quarter's duty: %+v", ds)
		}
		desk := k.As(core.Desk)
		path := desk.P("duty/" + ds[0].Ref.ID.String() + "/close")
		form := desk.Get(path)
		if !form.Has("灯光") || form.Find("input[name=items]").Length() != 3 {
			k.Fatalf("the form does not ask item by item: %s", form.Text("main"))
		}
		post := func(items ...string) *testkit.Page {
			return desk.Post(path, url.Values{"note": {"已巡查"}, "items": items})
		}
		if p := post("1", "3"); p.Status != 403 || !p.Has("音响") || !p.Has("F1") {
			k.Errorf("with one item open: %d %s", p.Status, p.Text("main"))
		}
		if row := rowOf(k, "F1"); !strings.Contains(row, "1") {
			k.Errorf("the refusal is not counted: %s", row)
		}
		if p := post("1", "2", "3"); p.Status != 200 {
			k.Errorf("with all ticked: %d %s", p.Status, p.Text(".problem"))
		}
		if ds = dutiesOf(k, "F1"); ds[0].State != duty.StateDone || !strings.Contains(ds[0].Note, "3 项") {
			k.Errorf("the duty: %+v", ds[0])
		}
	})
}

func TestAnEventOpensATermAndAnotherFulfilsIt(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		api := k.Token(core.Supervisor, "compliance.propose", "compliance.view", "approval.decide")
		base := "/api/v1/projects/" + k.Project.Code
		got := api.API("POST", base+"/clauses", map[string]any{"kind": "deadline", "text": "来人来电诉求两小时内联系客户", "basis": "客服部通知", "area": "desk", "owner": "desk", "escalate": "supervisor",
			"event": "desk.taken", "ends": "desk.contacted", "term": "2h", "scope": "project", "from": "2026-11-20", "reason": "集团要求"})
		if got.Status != 201 {
			k.Fatalf("proposing by the API: %d %s", got.Status, got.Body)
		}
		boss := k.Token(core.Manager)
		id, _ := got.JSON()["approval"].(string)
		if got := boss.API("POST", base+"/approvals/"+id+"/decide", map[string]any{"decision": "yes"}); got.Status != 200 {
			k.Fatalf("approving by the API: %d %s", got.Status, got.Body)
		}
		take := func() (m desk.Matter) {
			k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
				m, _, err = desk.Take(ctx, tx, desk.Intake{Kind: "enquiry", Channel: "phone", Contact: "王女士", Phone: "13800138000", Content: "询问停车月卡"})
				return err
			})
			return m
		}
		take()
		if ds := dutiesOf(k, "F1"); len(ds) != 0 {
			k.Fatalf("a duty before the clause is in force: %+v", ds)
		}
		k.Advance(48 * time.Hour)
		first, second := take(), take()
		if ds := dutiesOf(k, "F1"); len(ds) != 2 || !ds[0].Due.Equal(k.Now().Add(2*time.Hour)) {
			k.Fatalf("its duties: %+v", ds)
		}
		k.Advance(time.Hour)
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
			return desk.Contact(ctx, tx, first.Ref.ID, desk.Note{Text: "已电话确认"})
		})
		k.Advance(2 * time.Hour)
		for _, d := range dutiesOf(k, "F1") {
			if d.About == first.Ref && (d.State != duty.StateDone || d.Late) || d.About == second.Ref && (d.State != duty.StateOpen || !d.Late) {
				k.Errorf("duty on %s: %s, late %v", d.About, d.State, d.Late)
			}
		}
		if j := api.Get(base + "/clauses/F1").JSON(); j["own"] == nil || j["own"].(map[string]any)["event"] != "desk.taken" {
			k.Errorf("the clause by the API: %v", j)
		}
	})
}

// TestEventsOfAUnitOpenAndFulfilATerm: a unit that falls vacant is inspected before the next one takes it up. The state is
// set by the customer's moving in and out, on the unit's own page, or with its particulars; a workbook tells no event.
func TestEventsOfAUnitOpenAndFulfilATerm(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		adopt(k, "clause/new?kind=deadline", map[string]string{"text": "单元腾空后三天内查验", "text_en": "A vacant unit is inspected within three days", "basis": "客服部通知", "area": "desk", "owner": "desk",
			"escalate": "supervisor", "event": "unit.vacated", "ends": "unit.taken", "term": "3d", "scope": "project", "from": "2026-11-20", "reason": "集团要求"})
		k.Advance(48 * time.Hour)
		var a, b core.ID
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
			if a, err = estate.CreateUnit(ctx, tx, estate.In{Code: "Z0901", State: estate.Let}); err != nil {
				return err
			}
			b, err = estate.CreateUnit(ctx, tx, estate.In{Code: "Z0902", State: estate.Own, Origin: estate.OriginImport})
			return err
		})
		set := func(id core.ID, state string) {
			k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return estate.SetState(ctx, tx, id, state) })
		}
		states := func() string {
			var out []string
			for _, d := range dutiesOf(k, "F1") {
				out = append(out, d.State)
			}
			slices.Sort(out)
			return strings.Join(out, " ")
		}
		set(b, estate.Let)    // from the owner to a tenant: neither vacated nor taken up
		set(a, estate.Fitout) // begins a fit-out, fulfils nothing
		if got := states(); got != "" {
			k.Fatalf("before a unit is vacant: %q", got)
		}
		set(a, estate.Free)
		set(a, estate.Free) // again: nothing happened
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			return estate.Edit(ctx, tx, b, estate.In{Floor: "9", State: estate.Free})
		})
		if got := states(); got != "open open" {
			k.Fatalf("two units are vacant: %q", got)
		}
		if p := k.As(core.Desk).Get(k.As(core.Desk).P("todo")); !p.Has("Z0901") {
			k.Errorf("the desk does not owe it: %s", p.Text("main"))
		}
		set(a, estate.Fitout)
		if got := states(); got != "open open" {
			k.Fatalf("a fit-out is no taking up: %q", got)
		}
		set(a, estate.Own)
		if got := states(); got != "done open" {
			k.Errorf("the first is taken up: %q", got)
		}
	})
}

func TestOwnClausesAreSwitchedOffRevisedAndStayInTheirProject(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		adopt(k, "clause/new?kind=recurring", recurring(nil))
		k.Advance(48 * time.Hour)
		k.Read(func(ctx context.Context, tx db.Tx) error {
			there, err := regulation.RulesAt(ctx, tx, k.Other.ID, k.Now())
			if there.Clause("F1") != nil {
				k.Error("another project has the clause")
			}
			return err
		})
		adopt(k, "clause/F1/revise", recurring(map[string]string{"text": "每月两人一起检查大堂沙盘", "day": "20", "from": "2026-12-01"}))
		k.SetNow(time.Date(2026, 12, 3, 9, 0, 0, 0, core.China))
		k.Tick()
		ds := dutiesOf(k, "F1")
		if len(ds) != 2 || ds[0].Day != "2026-11-25" || ds[1].Day != "2026-12-21" || !strings.Contains(ds[1].Title.ZH, "两人") { // the 20th is a Sunday
			k.Fatalf("after the revision: %+v", ds)
		}
		b := k.As(core.Supervisor)
		if p := b.Get(b.P("clause/F1")); !p.Has("每月检查大堂沙盘") || !p.Has("第2版") {
			k.Errorf("the clause's page does not show its versions: %s", p.Text("main"))
		}
		if p := b.Submit(b.P("clause/F1/propose?name=switch"), map[string]string{"value": "off", "scope": "project", "from": "2026-12-05", "reason": "沙盘已撤除"}); p.Status != 200 {
			k.Fatalf("proposing to switch it off: %d %s", p.Status, p.Text(".problem"))
		} else if got := k.As(core.Manager).SubmitForm(k.As(core.Manager).Get(p.URL), "form[action$='/decide']", map[string]string{"decision": "yes"}); got.Status != 200 {
			k.Fatalf("approving it: %d", got.Status)
		}
		k.SetNow(time.Date(2027, 1, 4, 9, 0, 0, 0, core.China))
		k.Tick()
		if ds := dutiesOf(k, "F1"); len(ds) != 2 {
			k.Errorf("switched off, it still raises duties: %+v", ds)
		}
		if row := rowOf(k, "F1"); !strings.Contains(row, "已关闭") {
			k.Errorf("the board shows %q", row)
		}
	})
}
