package visit_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/module/visit"
	"huiyin/regulation"
	"huiyin/testkit"
)

// tenant files a tenant with a unit; the supervisor's approval is not needed to visit him.
func tenant(k *testkit.Kit, name, code, category string) (id core.ID) {
	k.Helper()
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
		u, err := estate.EnsureUnit(ctx, tx, code, "")
		if err != nil {
			return err
		}
		id, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(name), Category: category, Unit: u, Part: customer.AsTenant, Keeper: me(k, core.Desk),
			Consent: "written", ConsentBy: "陈静", Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}, {Name: "王磊", Role: customer.RoleHead, Phone: "13900001111"}}})
		return err
	})
	return id
}

func me(k *testkit.Kit, r core.Role) core.ID { return k.Users[r] }

func do[In any](k *testkit.Kit, r core.Role, verb func(context.Context, db.Tx, core.ID, In) error, id core.ID, in In) error {
	k.Helper()
	return k.TryWrite(r, func(ctx context.Context, tx db.Tx) error { return verb(ctx, tx, id, in) })
}

// planned is a complete plan for today.
func planned(k *testkit.Kit, customer core.ID) visit.Plan {
	k.Helper()
	var in visit.Plan
	k.Read(func(ctx context.Context, _ db.Tx) error {
		in = visit.Usual(ctx, customer, visit.Round, core.Today(ctx))
		return nil
	})
	return in
}

func tryPlan(k *testkit.Kit, r core.Role, in visit.Plan) (id core.ID, err error) {
	k.Helper()
	err = k.TryWrite(r, func(ctx context.Context, tx db.Tx) error {
		v, err := visit.PlanVisit(ctx, tx, in)
		id = v.Ref.ID
		return err
	})
	return id, err
}

func plan(k *testkit.Kit, r core.Role, in visit.Plan) core.ID {
	k.Helper()
	id, err := tryPlan(k, r, in)
	k.Must(err)
	return id
}

func get(k *testkit.Kit, id core.ID) (v visit.Visit) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) { v, err = visit.Get(ctx, tx, id); return err })
	return v
}

// report is a complete record.
func report() visit.Report {
	return visit.Report{How: "call", Met: "陈静", Post: "行政经理", Power: "advises", Phone: "13800002231", Content: "介绍年末服务安排", Needs: "增加货梯时段", Problems: "无", Competitor: "无", Credit: "same", Business: "无变化", Surroundings: "整洁", Effect: "客户认可", Unusual: "无", NoNext: "年后再约"}
}

// visited plans a visit for now and puts it on record.
func visited(k *testkit.Kit, r core.Role, customer core.ID, rep visit.Report) core.ID {
	k.Helper()
	id := plan(k, r, planned(k, customer))
	k.Must(do(k, r, visit.Record, id, rep))
	return id
}

func ref(k *testkit.Kit, kind string, id core.ID) core.Ref {
	return core.Ref{Project: k.Project.ID, Kind: kind, ID: id}
}

// dutiesOf are the duties of a clause on a record, the oldest first.
func dutiesOf(k *testkit.Kit, about core.Ref, clause string) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ds, err := duty.Of(ctx, tx, about)
		out = slices.DeleteFunc(ds, func(d duty.Duty) bool { return d.Clause != clause })
		return err
	})
	slices.SortFunc(out, func(a, b duty.Duty) int { return int(a.Ref.ID - b.Ref.ID) })
	return out
}

// owed are the open duties of a clause.
func owed(k *testkit.Kit, clause string) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ds, err := duty.Find(ctx, tx, duty.Filter{Project: k.Project.ID, State: duty.StateOpen, Limit: 1000})
		out = slices.DeleteFunc(ds, func(d duty.Duty) bool { return d.Clause != clause })
		return err
	})
	return out
}

func itemsOf(k *testkit.Kit, v core.ID) (out []visit.Item) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) { out, err = visit.ItemsOf(ctx, tx, v, 0); return err })
	return out
}

func signature() string {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)))
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

func TestC2_1_APlanSaysWhomWhyAndWhatToBring(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
		for _, leave := range []func(*visit.Plan){func(p *visit.Plan) { p.Purpose = "" }, func(p *visit.Plan) { p.Goal = " " }, func(p *visit.Plan) { p.Day = "" }, func(p *visit.Plan) { p.Prepare = nil }} {
			in := planned(k, c)
			leave(&in)
			_, err := tryPlan(k, core.Desk, in)
			k.Refused("C2.1", err)
		}
		id := plan(k, core.Desk, planned(k, c))
		v := get(k, id)
		if v.State != visit.Planned || !strings.HasPrefix(v.Number, "BF-202611-") || v.UnitCode != "A1203" || v.Visitor != me(k, core.Desk) {
			k.Errorf("planned: %+v", v)
		}
		ds := dutiesOf(k, v.Ref, "C2.1")
		if len(ds) != 1 || ds[0].User != me(k, core.Desk) || ds[0].Day != "2026-11-18" {
			k.Fatalf("the visitor owes the visit: %+v", ds)
		}
		k.Must(do(k, core.Desk, visit.Replan, id, visit.Move{Day: "2026-11-20", Reason: "客户出差"}))
		if ds = dutiesOf(k, v.Ref, "C2.1"); len(ds) != 1 || ds[0].Round != 2 || ds[0].Day != "2026-11-20" {
			k.Errorf("moved: %+v", ds)
		}
		k.Must(do(k, core.Desk, visit.Cancel, id, visit.Word{Text: "已迁出"}))
		if len(owed(k, "C2.1")) != 0 {
			k.Error("a cancelled visit is owed")
		}
		k.Off("C2.1")
		in := planned(k, c)
		in.Goal, in.Prepare = "", nil
		if v := get(k, plan(k, core.Desk, in)); len(dutiesOf(k, v.Ref, "C2.1")) != 0 {
			k.Error("a clause that is off opened a duty")
		}
	})
}

func TestC2_2_TheReportSaysWhoReceivedWithWhatPower(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
		id := plan(k, core.Desk, planned(k, c))
		for _, leave := range []func(*visit.Report){func(r *visit.Report) { r.Met = "" }, func(r *visit.Report) { r.Post = "" }, func(r *visit.Report) { r.Power = "" }, func(r *visit.Report) { r.Needs, r.Problems = "", "" },
			func(r *visit.Report) { r.Competitor = "" }, func(r *visit.Report) { r.Credit = "" }} {
			rep := report()
			leave(&rep)
			k.Refused("C2.2", do(k, core.Desk, visit.Record, id, rep))
		}
		k.Must(do(k, core.Desk, visit.Record, id, report()))
		if v := get(k, id); v.State != visit.Recorded || v.Open || v.Met != "陈静" || v.Power != "advises" || v.Recorder != "林敏" {
			k.Errorf("recorded: %+v", v)
		}
		k.Off("C2.2")
		rep := report()
		rep.Met, rep.Post, rep.Power = "", "", ""
		visited(k, core.Desk, c, rep)
	})
}

func TestC2_3_APromiseIsKeptFollowedUpAndOwedAgain(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
		rep := report()
		rep.Promises = []visit.Matter{{What: "更换茶水间龙头"}}
		id := plan(k, core.Desk, planned(k, c))
		k.Refused("C2.3", do(k, core.Desk, visit.Record, id, rep))
		rep.Promises[0].Due = "2026-11-25"
		k.Must(do(k, core.Desk, visit.Record, id, rep))
		is := itemsOf(k, id)
		if len(is) != 1 || is[0].Sort != visit.Promise {
			k.Fatalf("items: %+v", is)
		}
		about := is[0].Ref
		if ds := dutiesOf(k, about, "C2.3"); len(ds) != 1 || ds[0].Day != "2026-11-25" || ds[0].User != me(k, core.Desk) {
			k.Fatalf("the promise is owed by its day: %+v", ds)
		}
		k.Must(do(k, core.Desk, visit.Keep, about.ID, visit.Word{Text: "已更换"}))
		ds := dutiesOf(k, about, "C2.3")
		if len(ds) != 2 || ds[0].State != duty.StateDone || ds[1].Number != "follow" || ds[1].Day != "2026-11-21" {
			k.Fatalf("carried out, to be followed up in three days: %+v", ds)
		}
		k.Must(do(k, core.Desk, visit.FollowUp, about.ID, visit.Echo{Satisfied: false, Comment: "还在滴水", Due: "2026-11-23"}))
		if ds = dutiesOf(k, about, "C2.3"); len(ds) != 3 || ds[2].Round != 2 || ds[2].Day != "2026-11-23" || ds[2].State != duty.StateOpen {
			k.Fatalf("owed again: %+v", ds)
		}
		k.Must(do(k, core.Desk, visit.Keep, about.ID, visit.Word{Text: "换了垫片"}))
		k.Must(do(k, core.Desk, visit.FollowUp, about.ID, visit.Echo{Satisfied: true}))
		if is = itemsOf(k, id); is[0].Open || is[0].State != visit.Closed || is[0].Round != 2 || len(owed(k, "C2.3")) != 0 {
			k.Errorf("closed: %+v", is[0])
		}
		k.Off("C2.3")
		rep.Promises[0].Due = ""
		visited(k, core.Desk, c, rep)
		if len(owed(k, "C2.3")) != 0 {
			k.Error("a clause that is off opened a duty")
		}
	})
}

func TestC4_1_TheRecordIsDueTheSameDay(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
		id := plan(k, core.Desk, planned(k, c))
		k.Must(do(k, core.Desk, visit.Arrive, id, visit.Arrival{}))
		ds := dutiesOf(k, ref(k, "visit", id), "C4.1")
		if len(ds) != 1 || !ds[0].Due.Equal(time.Date(2026, 11, 19, 0, 0, 0, 0, core.China)) {
			k.Fatalf("due at midnight: %+v", ds)
		}
		for _, leave := range []func(*visit.Report){func(r *visit.Report) { r.Business = "" }, func(r *visit.Report) { r.Surroundings = "" }, func(r *visit.Report) { r.Content = "" }, func(r *visit.Report) { r.How = "" }, func(r *visit.Report) { r.Effect = "" }} {
			rep := report()
			leave(&rep)
			k.Refused("C4.1", do(k, core.Desk, visit.Record, id, rep))
		}
		k.Advance(20 * time.Hour)
		k.Must(do(k, core.Desk, visit.Record, id, report()))
		if ds = dutiesOf(k, ref(k, "visit", id), "C4.1"); ds[0].State != duty.StateDone || !ds[0].Late {
			k.Errorf("done late: %+v", ds[0])
		}
		if v := get(k, id); v.VisitDay != "2026-11-18" {
			k.Errorf("visited on %s", v.VisitDay)
		}
		k.Off("C4.1")
		id = plan(k, core.Desk, planned(k, c))
		k.Must(do(k, core.Desk, visit.Arrive, id, visit.Arrival{}))
		rep := report()
		rep.Effect = ""
		k.Must(do(k, core.Desk, visit.Record, id, rep))
		if len(dutiesOf(k, ref(k, "visit", id), "C4.1")) != 0 {
			k.Error("a clause that is off opened a duty")
		}
	})
}

// names are the customers of the round's page, in its order.
func names(k *testkit.Kit, path string) (out []string) {
	k.Helper()
	p := k.As(core.Desk).Get("/p/lhgc/" + path)
	for _, s := range p.Find("table tbody tr td:first-child").EachIter() {
		out = append(out, strings.TrimSpace(s.Text()))
	}
	return out
}

func TestC8_1_TheNeglectedComeFirstAndKeyCustomersHaveCards(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		old, fresh, key := tenant(k, "丙公司", "A1203", customer.Ordinary), tenant(k, "乙公司", "A1204", customer.Ordinary), tenant(k, "甲公司", "A1205", customer.Key)
		visited(k, core.Desk, old, report())
		k.Advance(testkit.Days(100))
		visited(k, core.Desk, fresh, report())
		if got := names(k, "visit/round"); !slices.Equal(got, []string{"A1205 · 甲公司", "A1203 · 丙公司", "A1204 · 乙公司"}) {
			k.Errorf("the round: %v", got)
		}
		p := k.As(core.Desk).Get("/p/lhgc/visit/round")
		if !strings.Contains(p.Text("body"), "久未访 100 天") || !strings.Contains(p.Text("body"), "从未") {
			k.Errorf("nobody is marked as neglected:\n%s", p.Text("body"))
		}
		if got := names(k, "visit/round?show=neglected"); !slices.Equal(got, []string{"A1205 · 甲公司", "A1203 · 丙公司"}) {
			k.Errorf("the neglected: %v", got)
		}
		in := planned(k, key)
		in.Sort = visit.KeyVisit
		_, err := tryPlan(k, core.Desk, in)
		k.Refused("C8.1", err)
		card := visit.Card{Customer: key, Person: "陈静", Company: "甲公司", Post: "总经理", Address: "深圳市", Phone: "13800002231"}
		for _, leave := range []func(*visit.Card){func(c *visit.Card) { c.Person = "" }, func(c *visit.Card) { c.Post = "" }, func(c *visit.Card) { c.Address = "" }, func(c *visit.Card) { c.Phone = "" }} {
			c := card
			leave(&c)
			k.Refused("C8.1", k.TryWrite(core.Desk, func(ctx context.Context, tx db.Tx) error { _, err := visit.MakeCard(ctx, tx, c); return err }))
		}
		if p := k.As(core.Desk).Get("/p/lhgc/keycard"); !strings.Contains(p.Text("body"), "甲公司") {
			k.Error("a key customer without a card is not named")
		}
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error { _, err := visit.MakeCard(ctx, tx, card); return err })
		plan(k, core.Desk, in)
		k.Off("C8.1")
		if p := k.As(core.Desk).Get("/p/lhgc/visit/round"); strings.Contains(p.Text("body"), "久未访 ") {
			k.Error("marked as neglected though the clause is off")
		}
		other := tenant(k, "丁公司", "A1206", customer.Key)
		in = planned(k, other)
		in.Sort = visit.KeyVisit
		plan(k, core.Desk, in)
	})
}

func TestC8_2_TheNextVisitIsAgreedOrSaidWhyNot(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
		id := plan(k, core.Desk, planned(k, c))
		rep := report()
		rep.NoNext = ""
		k.Refused("C8.2", do(k, core.Desk, visit.Record, id, rep))
		rep.NextDay = "2026-11-18"
		if err := do(k, core.Desk, visit.Record, id, rep); !core.IsKind(err, core.KindInvalid) {
			k.Errorf("the next visit on the same day: %v", err)
		}
		rep.NextDay = "2026-12-16"
		k.Must(do(k, core.Desk, visit.Record, id, rep))
		next := get(k, get(k, id).Next)
		if next.Day != "2026-12-16" || next.Sort != visit.Agreed || next.State != visit.Planned || next.Customer != c {
			k.Errorf("the next visit: %+v", next)
		}
		k.Off("C8.2")
		rep.NextDay = ""
		visited(k, core.Desk, tenant(k, "乙公司", "A1204", customer.Ordinary), rep)
	})
}

func TestD5_3_OneMerchantEachWorkingDayAndOpinionsInThree(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
		k.Tick()
		if ds := owed(k, "D5.3"); len(ds) != 1 || ds[0].Day != "2026-11-18" {
			k.Fatalf("today's visit: %+v", ds)
		}
		rep := report()
		rep.Opinions = []visit.Matter{{What: "希望延长空调"}}
		id := visited(k, core.Desk, c, rep)
		about := itemsOf(k, id)[0].Ref
		ds := dutiesOf(k, about, "D5.3")
		if len(ds) != 1 || ds[0].Day != "2026-11-23" {
			k.Fatalf("an opinion of Wednesday is answered by Monday: %+v", ds)
		}
		k.Must(do(k, core.Desk, visit.AnswerItem, about.ID, visit.Answer{Text: "下周起延长一小时", How: "phone"}))
		if len(owed(k, "D5.3")) != 0 {
			k.Errorf("still owed: %+v", owed(k, "D5.3"))
		}
		k.Advance(testkit.Days(4)) // Sunday: the visits of Thursday and Friday were owed
		if ds := owed(k, "D5.3"); len(ds) != 2 || ds[0].Day == "2026-11-22" || ds[1].Day == "2026-11-22" {
			k.Errorf("one each working day: %+v", ds)
		}
		if v := get(k, id); v.Number == "" {
			k.Error("the record has no number")
		}
		k.Off("D5.3")
		k.Advance(testkit.Days(2))
		if ds := owed(k, "D5.3"); len(ds) != 2 {
			k.Errorf("off, and yet: %+v", ds)
		}
	})
}

func TestDX_12_TheInterviewRecordPrintsWithTheSeal(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
	id := visited(k, core.Desk, c, report())
	k.Refused("DX.12", do(k, core.Desk, visit.Sign, id, visit.Seal{}))
	k.Must(do(k, core.Desk, visit.Sign, id, visit.Seal{Unsigned: "负责人外出,改日补签"}))
	k.Must(do(k, core.Desk, visit.Sign, id, visit.Seal{Signer: "陈静", Signature: signature()}))
	b := k.As(core.Desk)
	page := b.Get("/p/lhgc/visit/" + id.String() + "/record/print")
	pdf := k.PaperLines(b.Get("/p/lhgc/visit/" + id.String() + "/record.pdf").Body)
	for _, want := range []string{"FM-GL-002-0", "顾客访谈记录", "业户", "华达科技有限公司", "单元", "A1203", "访谈对象", "陈静", "电话", "138****2231", "访谈内容", "介绍年末服务安排", "记录人", "林敏", "2026-11-18", "业户签章"} {
		if !strings.Contains(page.Text("body"), want) {
			k.Errorf("the page lacks %q", want)
		}
		if !strings.Contains(pdf, want) {
			k.Errorf("the PDF lacks %q:\n%s", want, pdf)
		}
	}
	if page.Find("article img").Length() != 1 {
		k.Error("the signature is not on the page")
	}
	k.Off("DX.12")
	if pdf := k.PaperLines(b.Get("/p/lhgc/visit/" + id.String() + "/record.pdf").Body); strings.Contains(pdf, "FM-GL-002-0") {
		k.Error("the paper bears a number though its clause is off")
	}
	k.Must(do(k, core.Desk, visit.Sign, visited(k, core.Desk, c, report()), visit.Seal{}))
}

func TestC16_3_FirstClassCustomersAreVisitedByHandlerAndSupervisor(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "甲公司", "A1205", customer.Key)
		tenant(k, "乙公司", "A1204", customer.Ordinary)
		k.Tick()
		ds := owed(k, "C16.3")
		slices.SortFunc(ds, func(a, b duty.Duty) int { return strings.Compare(a.Number, b.Number) })
		if len(ds) != 2 || ds[0].Number != "handler" || ds[0].User != me(k, core.Desk) || ds[0].Day != "2026-12-18" || ds[1].Number != "supervisor" || ds[1].Role != core.Supervisor || ds[1].Day != "2027-02-16" {
			k.Fatalf("monthly and quarterly, for the key customer only: %+v", ds)
		}
		k.Advance(testkit.Days(10))
		rep := report()
		rep.Unusual = ""
		id := plan(k, core.Desk, planned(k, c))
		k.Refused("C16.3", do(k, core.Desk, visit.Record, id, rep))
		k.Must(do(k, core.Desk, visit.Record, id, report()))
		if ds := dutiesOf(k, ref(k, "customer", c), "C16.3"); len(ds) != 2 || ds[0].State != duty.StateDone || ds[1].Day != "2026-12-28" {
			k.Errorf("the handler's next: %+v", ds)
		}
		if ds := dutiesOf(k, ref(k, "key-visit", c), "C16.3"); len(ds) != 1 || ds[0].State != duty.StateOpen {
			k.Errorf("the desk's visit is not the supervisor's: %+v", ds)
		}
		visited(k, core.Supervisor, c, report())
		if ds := dutiesOf(k, ref(k, "key-visit", c), "C16.3"); len(ds) != 2 || ds[0].State != duty.StateDone || ds[1].Day != "2027-02-26" {
			k.Errorf("the supervisor's next: %+v", ds)
		}
		k.Off("C16.3")
		rep = report()
		rep.Unusual = ""
		visited(k, core.Desk, c, rep)
		if ds := dutiesOf(k, ref(k, "customer", c), "C16.3"); len(ds) != 2 {
			k.Errorf("off, and yet owed anew: %+v", ds)
		}
	})
}

func TestA3_6_NobodyGoesUnspokenToForAQuarter(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
		k.Tick()
		if len(owed(k, "A3.6")) != 0 {
			k.Fatal("a contact is owed on the first day")
		}
		k.Advance(testkit.Days(77)) // two weeks before the ninety days are over
		ds := dutiesOf(k, ref(k, "customer", c), "A3.6")
		if len(ds) != 1 || ds[0].Day != "2027-02-16" || ds[0].User != me(k, core.Desk) {
			k.Fatalf("the keeper is to get in touch: %+v", ds)
		}
		reach := func(in visit.Contact) error {
			in.Customer, in.How = c, "phone"
			return k.TryWrite(core.Desk, func(ctx context.Context, tx db.Tx) error { _, err := visit.Reach(ctx, tx, in); return err })
		}
		k.Refused("A3.6", reach(visit.Contact{Reached: true, Needs: "无"}))
		k.Must(reach(visit.Contact{}))
		if ds := owed(k, "A3.6"); len(ds) != 1 {
			k.Fatal("a try in vain is no contact")
		}
		k.Must(reach(visit.Contact{Reached: true, Needs: "加装门禁", Opinions: "无"}))
		if ds := owed(k, "A3.6"); len(ds) != 0 {
			k.Errorf("still owed: %+v", ds)
		}
		k.Advance(testkit.Days(91))
		if got := names(k, "visit/round?show=silent"); len(got) != 1 {
			k.Errorf("long not spoken to: %v", got)
		}
		k.Off("A3.6")
		k.Must(reach(visit.Contact{Reached: true}))
		before := len(dutiesOf(k, ref(k, "customer", c), "A3.6"))
		k.Advance(testkit.Days(100))
		if ds := dutiesOf(k, ref(k, "customer", c), "A3.6"); len(ds) != before {
			k.Errorf("off, and yet owed anew: %+v", ds)
		}
	})
}

func TestC14_11_TheManagerOrganisesVisitsBeforeAFestival(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "甲公司", "A1205", customer.Key)
		k.SetNow(time.Date(2026, 9, 7, 9, 0, 0, 0, core.China))
		k.Tick()
		var f visit.Festival
		k.Read(func(ctx context.Context, tx db.Tx) (err error) {
			id, err := db.Value[core.ID](ctx, tx, "select id from visit_festival where project_id = $1 order by from_day limit 1", k.Project.ID)
			if err == nil {
				f, err = visit.GetFestival(ctx, tx, id)
			}
			return err
		})
		if f.Name != "中秋" || f.Due >= f.From {
			k.Fatalf("the festival ahead: %+v", f)
		}
		ds := dutiesOf(k, f.Ref, "C14.11")
		if len(ds) != 1 || ds[0].Role != core.Manager || ds[0].Day != f.Due {
			k.Fatalf("the manager owes the visits before it: %+v", ds)
		}
		in := visit.Organisation{Customers: []string{c.String()}, Day: f.Due, Gift: "月饼"}
		k.Refused("C14.11", do(k, core.Supervisor, visit.Organise, f.Ref.ID, in))
		k.Must(do(k, core.Manager, visit.Organise, f.Ref.ID, in))
		k.Refused("C14.11", do(k, core.Manager, visit.Conclude, f.Ref.ID, visit.Word{Text: "顺利"}))
		var v visit.Visit
		k.Read(func(ctx context.Context, tx db.Tx) (err error) {
			id, err := db.Value[core.ID](ctx, tx, "select id from visit_visit where project_id = $1 and festival_id = $2", k.Project.ID, f.Ref.ID)
			if err == nil {
				v, err = visit.Get(ctx, tx, id)
			}
			return err
		})
		if v.Sort != visit.Feast || v.Day != f.Due || v.PrepareNote != "月饼" || v.Visitor != me(k, core.Desk) {
			k.Errorf("the visit: %+v", v)
		}
		k.Must(do(k, core.Desk, visit.Record, v.Ref.ID, report()))
		k.Must(do(k, core.Manager, visit.Conclude, f.Ref.ID, visit.Word{Text: "顺利"}))
		if ds := dutiesOf(k, f.Ref, "C14.11"); ds[0].State != duty.StateDone {
			k.Errorf("the duty: %+v", ds)
		}
		k.Off("C14.11")
		before := len(owed(k, "C14.11"))
		k.SetNow(time.Date(2026, 12, 10, 9, 0, 0, 0, core.China))
		k.Tick()
		if len(owed(k, "C14.11")) != before {
			k.Error("a clause that is off opened a duty")
		}
	})
}

// call calls a meeting of the tenants for an hour from now.
func call(k *testkit.Kit) (m visit.Meeting) {
	k.Helper()
	k.Write(core.Manager, func(ctx context.Context, tx db.Tx) (err error) {
		m, err = visit.CallMeeting(ctx, tx, visit.Call{Title: "四季度租户大会", Why: "quarter", At: core.Now(ctx).Add(time.Hour), Place: "一楼会议室", Agenda: "年末安排", Chair: "何海"})
		return err
	})
	return m
}

func figure(k *testkit.Kit, target string, clause string) (f regulation.Figure) {
	k.Helper()
	for _, m := range house.Of(k.Ctx(core.System)).Measures {
		if m.Clause == clause && m.Target == target {
			k.Read(func(ctx context.Context, tx db.Tx) (err error) {
				f, err = m.Of(ctx, tx, k.Project.ID, core.MonthOf(core.Now(ctx), core.China))
				return err
			})
			return f
		}
	}
	k.Fatalf("no measure %s %s", clause, target)
	return f
}

func TestC19_3_TenantsMeetEachQuarterWithMinutes(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		a, b := tenant(k, "甲公司", "A1205", customer.Ordinary), tenant(k, "乙公司", "A1204", customer.Ordinary)
		k.SetNow(time.Date(2026, 12, 1, 9, 0, 0, 0, core.China))
		k.Tick()
		if ds := owed(k, "C19.3"); len(ds) != 1 || ds[0].Day != "2026-12-31" {
			k.Fatalf("the quarter's meeting: %+v", ds)
		}
		m := call(k)
		if m.Invited != 2 {
			k.Errorf("%d were invited", m.Invited)
		}
		if err := do(k, core.Desk, visit.Attend, m.Ref.ID, visit.Presence{Customers: []string{a.String()}}); err == nil {
			k.Error("signed in before the meeting")
		}
		k.Advance(2 * time.Hour)
		k.Refused("C19.3", do(k, core.Desk, visit.Minute, m.Ref.ID, visit.Minutes{Text: "介绍年末安排"}))
		k.Must(do(k, core.Desk, visit.Attend, m.Ref.ID, visit.Presence{Customers: []string{a.String()}, Person: "陈静"}))
		k.Refused("C19.3", do(k, core.Desk, visit.Minute, m.Ref.ID, visit.Minutes{}))
		k.Must(do(k, core.Desk, visit.Minute, m.Ref.ID, visit.Minutes{Text: "介绍年末安排", Requests: []visit.Wish{{Customer: b, What: "增加快递柜", Due: "2026-12-08"}}}))
		if len(owed(k, "C19.3")) != 0 {
			k.Error("the duty of the quarter is still open")
		}
		p := k.As(core.Desk).Get("/p/lhgc/meeting/" + m.Ref.ID.String())
		if !strings.Contains(p.Text("body"), "1 / 2(50.00%)") && !strings.Contains(p.Text("body"), "1 / 2(50%)") {
			k.Errorf("attendance is not shown:\n%s", p.Text("body"))
		}
		k.Off("C19.3")
		m = call(k)
		k.Advance(2 * time.Hour)
		k.Must(do(k, core.Desk, visit.Minute, m.Ref.ID, visit.Minutes{}))
	})
}

func TestC19_3_AMeetingEarlyInTheQuarterIsTheQuarters(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		a := tenant(k, "甲公司", "A1205", customer.Ordinary)
		m := call(k)
		k.Advance(2 * time.Hour)
		k.Must(do(k, core.Desk, visit.Attend, m.Ref.ID, visit.Presence{Customers: []string{a.String()}}))
		k.Must(do(k, core.Desk, visit.Minute, m.Ref.ID, visit.Minutes{Text: "介绍年末安排"}))
		k.SetNow(time.Date(2026, 12, 1, 9, 0, 0, 0, core.China))
		k.Tick()
		if ds := owed(k, "C19.3"); len(ds) != 0 {
			k.Errorf("the quarter has had its meeting in November, and owes another: %+v", ds)
		}
		k.SetNow(time.Date(2027, 3, 1, 9, 0, 0, 0, core.China))
		k.Tick()
		if ds := owed(k, "C19.3"); len(ds) != 1 || ds[0].Day != "2027-03-31" {
			k.Errorf("the next quarter's meeting: %+v", ds)
		}
	})
}

func TestC19_4_NinetyPercentComeAndEveryRequestIsAnswered(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		a, b := tenant(k, "甲公司", "A1205", customer.Ordinary), tenant(k, "乙公司", "A1204", customer.Ordinary)
		m := call(k)
		k.Advance(2 * time.Hour)
		k.Must(do(k, core.Desk, visit.Attend, m.Ref.ID, visit.Presence{Customers: []string{a.String()}}))
		k.Must(do(k, core.Desk, visit.Attend, m.Ref.ID, visit.Presence{Customers: []string{a.String()}})) // twice is once
		k.Must(do(k, core.Desk, visit.Minute, m.Ref.ID, visit.Minutes{Text: "讨论", Requests: []visit.Wish{{Customer: a, What: "增加快递柜", Due: "2026-11-20"}, {Customer: b, What: "延长空调", Due: "2026-11-20"}}}))
		if f := figure(k, "attendance", "C19.4"); f.Num != 1 || f.Den != 2 || len(f.Breaking) != 1 {
			k.Errorf("attendance: %+v", f)
		}
		if f := figure(k, "reply", "C19.4"); f.Den != 0 || !f.Provisional {
			k.Errorf("before the term: %+v", f)
		}
		var is []visit.Item
		k.Read(func(ctx context.Context, tx db.Tx) (err error) {
			is, err = visit.ItemsOf(ctx, tx, 0, m.Ref.ID)
			return err
		})
		if ds := owed(k, "C19.4"); len(ds) != 2 || ds[0].Day != "2026-11-20" {
			k.Fatalf("requests are owed: %+v", ds)
		}
		k.Must(do(k, core.Desk, visit.AnswerItem, is[0].Ref.ID, visit.Answer{Text: "下月到位", How: "phone"}))
		k.Advance(testkit.Days(4))
		if f := figure(k, "reply", "C19.4"); f.Num != 1 || f.Den != 2 || len(f.Breaking) != 1 {
			k.Errorf("reply: %+v", f)
		}
		k.Off("C19.4")
		k.Must(do(k, core.Desk, visit.TakeRequest, m.Ref.ID, visit.Wish{What: "加装充电桩", Due: "2026-12-30"}))
		if ds := owed(k, "C19.4"); len(ds) != 1 {
			k.Errorf("off, and yet: %+v", ds)
		}
	})
}

func TestC19_5_EveryTenantIsVisitedInTheYear(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		a := tenant(k, "甲公司", "A1205", customer.Ordinary)
		b := tenant(k, "乙公司", "A1204", customer.Ordinary)
		visited(k, core.Desk, a, report())
		f := figure(k, "target", "C19.5")
		if f.Num != 1 || f.Den != 2 || !f.Provisional || len(f.Breaking) != 1 || f.Breaking[0].ID != b {
			k.Errorf("the year: %+v", f)
		}
		k.SetNow(time.Date(2027, 1, 4, 9, 0, 0, 0, core.China))
		if f = figure(k, "target", "C19.5"); f.Num != 0 || f.Den != 2 {
			k.Errorf("a new year begins: %+v", f)
		}
		k.Off("C19.5") // a measure without its clause: the board leaves it out
		if p := k.As(core.Manager).Get("/p/lhgc/clause/C19.5"); p.Status != 200 {
			k.Errorf("the clause's page: %d", p.Status)
		}
	})
}

// warnings are the customers warned of, the heaviest first.
func warnings(k *testkit.Kit) (out []string) {
	k.Helper()
	for _, s := range k.As(core.Supervisor).Get("/p/lhgc/warning").Find("table tbody tr td:first-child").EachIter() {
		out = append(out, strings.TrimSpace(s.Text()))
	}
	return out
}

func TestTheEarlyWarningExplainsAndLeadsToAVisit(t *testing.T) {
	for _, e := range dbtest.Engines() {
		k := testkit.New(t, e)
		a, b := tenant(k, "甲公司", "A1205", customer.Ordinary), tenant(k, "乙公司", "A1204", customer.Ordinary)
		see := func(r core.Role, c core.ID, sort string) (id core.ID) {
			k.Write(r, func(ctx context.Context, tx db.Tx) (err error) {
				id, err = visit.See(ctx, tx, visit.Sight{Customer: c, Sort: sort, What: "夜间搬走三台打印机"})
				return err
			})
			return id
		}
		see(core.Guard, a, "goods")
		seen := see(core.Guard, b, "rumour")
		for range 2 {
			k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
				_, err := visit.Reach(ctx, tx, visit.Contact{Customer: a, How: "phone"})
				return err
			})
		}
		k.Write(core.System, visit.Recompute)
		if got := warnings(k); !slices.Equal(got, []string{"甲公司", "乙公司"}) {
			t.Fatalf("warned of %v", got)
		}
		list := k.As(core.Supervisor).Get("/p/lhgc/warning")
		if !strings.Contains(list.Text("body"), "绝不作为处罚依据") || !strings.Contains(list.Text("table"), "连续 2 次联系不上") || list.Find("table form[method=post]").Length() != 2 {
			t.Errorf("the page says neither what it is for nor why:\n%s", list.Text("body"))
		}
		page := k.As(core.Supervisor).Get(list.Find("table tbody tr td:first-child a").First().AttrOr("href", ""))
		if !strings.Contains(page.Text("body"), "连续 2 次联系不上") || !strings.Contains(page.Text("body"), "夜间搬走三台打印机") {
			t.Errorf("the signals are not explained:\n%s", page.Text("body"))
		}
		for _, r := range []core.Role{core.Desk, core.Guard, core.Cashier} {
			if s := k.As(r).Get("/p/lhgc/warning").Status; s != 403 {
				t.Errorf("%s reads the early warning: %d", r, s)
			}
		}
		var w core.ID
		k.Read(func(ctx context.Context, tx db.Tx) (err error) {
			w, err = db.Value[core.ID](ctx, tx, "select id from visit_warning where project_id = $1 and customer_id = $2", k.Project.ID, a)
			return err
		})
		var v core.ID
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
			v, err = visit.VisitNow(ctx, tx, w, struct{}{})
			return err
		})
		if x := get(k, v); x.Sort != visit.Warned || x.Customer != a || x.Day != "2026-11-18" {
			t.Errorf("the visit: %+v", x)
		}
		k.Must(do(k, core.Supervisor, visit.LookInto, w, visit.Word{Text: "打印机送修,经营正常"}))
		k.Write(core.System, visit.Recompute)
		if got := warnings(k); !slices.Equal(got, []string{"乙公司"}) {
			t.Errorf("looked into, and yet warned of %v", got)
		}
		see(core.Guard, a, "closed")
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
			_, err := visit.Reach(ctx, tx, visit.Contact{Customer: a, How: "phone"})
			return err
		})
		if err := do(k, core.Supervisor, visit.EndSight, seen, visit.Word{Text: "没有此事"}); err != nil {
			t.Fatal(err)
		}
		if got := warnings(k); len(got) != 0 {
			t.Errorf("nothing new, and yet warned of %v", got)
		}
		if s := k.As(core.Desk).Get("/p/lhgc/sighting/" + seen.String()).Status; s != 404 {
			t.Errorf("the desk reads what security saw: %d", s)
		}
	}
}
