package repair_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/govalues/decimal"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/module/repair"
	"huiyin/notify"
	"huiyin/testkit"
)

// tenant makes 华达科技 in A1203 with a contact, a published price and a material, and returns the customer.
func tenant(k *testkit.Kit) (who, price, material core.ID) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		unit, err := estate.EnsureUnit(ctx, tx, "A1203", "desk")
		if err == nil {
			who, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: "深圳市华达科技有限公司", Category: customer.Ordinary, Unit: unit, Part: customer.AsTenant,
				Consent: "written", ConsentBy: "陈静", Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}}})
		}
		if err == nil {
			price, err = repair.Publish(ctx, tx, repair.Price{Code: "F01", Name: "人工(半小时)", Unit: "次", Price: 3000})
		}
		if err == nil {
			material, err = repair.Stock(ctx, tx, repair.Material{Code: "M01", Name: "阀芯", Unit: "个", Price: 4600, Quantity: 2000})
		}
		return err
	})
	return who, price, material
}

// call takes a repair down on the intake page and returns the path of the order.
func call(k *testkit.Kit, more url.Values) string {
	k.Helper()
	b := k.As(core.Desk)
	form := url.Values{"channel": {"phone"}, "kind": {"repair"}, "content": {"卫生间水龙头漏水"}, "contact": {"陈静"}, "phone": {"13800002231"}, "confirmed": {"true"}}
	for name, v := range more {
		form[name] = v
	}
	p := b.Post(b.P("desk/new"), form).OK(k)
	if !strings.Contains(p.URL, "/repair/") {
		k.Fatalf("after intake at %s: %s", p.URL, p.Text(".problem"))
	}
	return p.URL
}

func idOf(k *testkit.Kit, path string) core.ID {
	k.Helper()
	id, err := core.ParseID(path[strings.LastIndex(path, "/")+1:])
	k.Must(err)
	return id
}

func orderAt(k *testkit.Kit, path string) (o repair.Order) {
	k.Helper()
	k.Must(k.App.DB.Read(k.Ctx(core.Desk), func(ctx context.Context, tx db.Tx) (err error) {
		o, err = repair.Get(ctx, tx, idOf(k, path))
		return err
	}))
	return o
}

func dutiesOf(k *testkit.Kit, kind string, id core.ID, clause string) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ds, err := duty.Of(ctx, tx, core.Ref{Project: k.Project.ID, Kind: kind, ID: id})
		out = slices.DeleteFunc(ds, func(d duty.Duty) bool { return d.Clause != clause })
		return err
	})
	return out
}

// buttons compares the record page with the POSTs: what is open is not refused, what is shut is.
func buttons(k *testkit.Kit, role core.Role, path string) {
	k.Helper()
	b := k.As(role)
	p := b.Get(path).OK(k)
	var open []string
	p.Find(".acts a.btn, .acts form, .alarm a.btn, .alarm form").Each(func(_ int, s *goquery.Selection) {
		address := s.AttrOr("href", s.AttrOr("action", ""))
		open = append(open, address[strings.LastIndex(address, "/")+1:])
	})
	for _, verb := range []string{"confirm", "grade", "dispatch", "appoint", "outside", "arrive", "photo", "quote", "consent", "start", "move", "use", "finish", "clear", "slip", "sign", "hold", "resume", "rework", "cancel"} {
		if slices.Contains(open, verb) {
			continue
		}
		if got := b.Post(path+"/"+verb, url.Values{"reason": {"试试"}}); got.Status < 400 {
			k.Errorf("as %s in state %s, %s has no button but is done: %d", role, orderAt(k, path).State, verb, got.Status)
		}
	}
	for _, verb := range open {
		if got := b.Get(path + "/" + verb); got.Status != 200 {
			k.Errorf("as %s in state %s, the button of %s leads to %d: %s", role, orderAt(k, path).State, verb, got.Status, got.Text(".problem"))
		}
	}
}

func TestTheStoryOfALeakingTap(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		_, price, material := tenant(k)
		front := k.As(core.Desk)
		who := front.Get(front.P("desk/new/who") + "?q=13800002231").OK(k)
		if who.Find("input[name=who][checked]").Length() != 1 || !who.Has("深圳市华达科技有限公司") || !who.Has("A1203") || who.Has("13800002231") {
			k.Fatalf("the caller is not recognised, or the number is not masked: %s", who.Text("body"))
		}
		if more := front.Get(front.P("desk/new/fields") + "?kind=repair").OK(k); more.Find("[name=trade]").Length() != 1 || more.Find("[name=answer]").Length() != 0 {
			k.Error("the fields of a repair are not there")
		}
		chosen := who.Find("input[name=who]").AttrOr("value", "")
		path := call(k, url.Values{"q": {"13800002231"}, "who": {chosen}, "contact": {""}, "phone": {""}, "paid": {"true"}, "confirmed": {"true"}, "place": {"卫生间"}})
		o := orderAt(k, path)
		if o.UnitCode != "A1203" || string(o.Contact) != "陈静" || o.Level != repair.Normal || o.Trade != "water" {
			k.Fatalf("the order: %+v", o)
		}
		buttons(k, core.Supervisor, path)

		boss := k.As(core.Supervisor)
		if p := boss.Get(boss.P("repair")); !p.Has(o.Number) || p.Find("[data-due]").Length() == 0 {
			k.Error("the queue lacks the order or its clock")
		}
		boss.Submit(path+"/dispatch", map[string]string{"technician": k.Users[core.Technician].String(), "reason": "只有他在", "appoint": k.Now().Add(time.Hour).Format("2006-01-02T15:04")}).OK(k)
		if ds := dutiesOf(k, "desk", o.Matter, "B4.3"); len(ds) != 1 || ds[0].State != duty.StateDone {
			k.Errorf("the call of B4.3: %+v", ds)
		}
		k.Advance(time.Hour)
		tech := k.As(core.Technician)
		p := tech.Get(tech.P("repair/mine")).OK(k)
		if !p.Has(o.Number) || p.Find("a[href='tel:13800002231']").Length() != 1 {
			k.Errorf("the technician's page: %s", p.Text("main"))
		}
		tech.SubmitForm(p, "form[action$='/arrive']", nil).OK(k)
		if ds := dutiesOf(k, "repair", o.Ref.ID, "C17.1"); len(ds) != 1 || ds[0].State != duty.StateDone || ds[0].Late {
			k.Errorf("the appointment of C17.1: %+v", ds)
		}
		if p := tech.Post(path+"/start", nil); p.Status != 403 || !p.Has("C17.2") {
			k.Errorf("starting before the consent: %d %s", p.Status, p.Text(".problem"))
		}
		if p := tech.Get(path); p.Find(".acts button[disabled]").Length() == 0 || !p.Has("客户尚未同意报价") {
			k.Errorf("the shut button: %s", p.Text(".acts"))
		}
		buttons(k, core.Technician, path)
		next := func(verb string) { // the one button that the technician's page puts first
			k.Helper()
			if p := tech.Get(tech.P("repair/mine")); p.Find(".btn.big.pri").Length() != 1 || p.Find("a.btn.big.pri[href$='/"+verb+"'], form[action$='/"+verb+"'] .btn.big.pri").Length() != 1 {
				k.Errorf("the technician's next step is not %s: %q", verb, p.Text(".btn.big.pri"))
			}
		}
		next("quote")
		if p := tech.Get(path + "/quote").OK(k); !p.Has(o.Number) || !p.Has("A1203") {
			k.Errorf("the quote's form does not say for which order it is: %s", p.Text("main"))
		}
		tech.Post(path+"/quote", url.Values{"lines.0.item": {"price/" + price.String()}, "lines.0.quantity": {"1"}}).OK(k)
		next("consent")
		tech.Post(path+"/consent", url.Values{"how": {"phone"}, "by": {"陈静"}}).OK(k)
		tech.SubmitForm(tech.Get(tech.P("repair/mine")), "form[action$='/start']", nil).OK(k)
		tech.Post(path+"/use", url.Values{"lines.0.item": {"material/" + material.String()}, "lines.0.quantity": {"1"}}).OK(k)
		buttons(k, core.Technician, path)
		tech.Post(path+"/finish", url.Values{"result": {"换了阀芯"}, "signature": {signature()}}).OK(k)
		if p := tech.Post(path+"/sign", url.Values{"signature": {signature()}, "attitude": {"5"}, "speed": {"4"}, "quality": {"5"}}); p.Status != 403 || !p.Has("C17.6") {
			k.Errorf("signing before the site is cleared: %d", p.Status)
		}
		tech.SubmitForm(tech.Get(tech.P("repair/mine")), "form[action$='/clear']", nil).OK(k)
		tech.Submit(path+"/sign", map[string]string{"signature": signature(), "signer": "陈静", "attitude": "5", "speed": "4", "quality": "5"}).OK(k)
		buttons(k, core.Supervisor, path)

		if o = orderAt(k, path); o.State != repair.StateClosed || o.Total != 7600 && o.Total != 3000 {
			k.Errorf("the end: %s, %s", o.State, o.Total)
		}
		slip := k.Paper(boss.Get(path + "/slip.pdf").OK(k).Body)
		paper := boss.Get(path + "/slip/print").OK(k)
		if n := paper.Find("article.copy").Length(); n != 3 || paper.Find("article.copy img[src*='/file/']").Length() != 6 || paper.Find("[data-print]").Length() != 1 {
			k.Errorf("the print page has %d parts, or lacks the two signatures on each: %s", n, paper.Text("main"))
		}
		if boss.Get(path).Find("a[href$='/slip/print']").Length() != 1 || boss.Get(path).Find("a[href$='/slip.pdf']").Length() != 1 {
			k.Error("the order's page does not lead to its paper")
		}
		for _, want := range []string{o.Number, "阀芯", "人工(半小时)", "换了阀芯", "陈静", "客户", "工程", "财务"} {
			if !strings.Contains(slip, want) {
				k.Errorf("the slip lacks %q", want)
			}
		}
		if p := boss.Get(boss.P("repair") + "?q=" + url.QueryEscape("华达")); !p.Has(o.Number) {
			k.Error("the list does not find the customer's order")
		}
		boss.Submit(path+"/rework", map[string]string{"reason": "还在滴水"}).OK(k)
		if ds := dutiesOf(k, "desk", o.Matter, "A3.5"); len(ds) != 1 || ds[0].State != duty.StateOpen {
			k.Errorf("A3.5: after rework nobody keeps the customer informed: %+v", ds)
		}
	})
}

func TestALateCallEscalatesToTheSupervisor(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		o := orderAt(k, call(k, nil))
		boss := k.As(core.Supervisor)
		if p := boss.Get(boss.P("todo")); p.Has(o.Content) {
			k.Error("the supervisor is troubled before it is late")
		}
		k.Advance(31 * time.Minute)
		if p := boss.Get(boss.P("todo")).OK(k); !p.Has(o.Content) || !p.Has("B4.3") {
			k.Errorf("the late duty does not reach the supervisor: %s", p.Text("main"))
		}
		if p := boss.Get(boss.P("repair") + "?late=late"); !p.Has(o.Number) {
			k.Error("the list of what is late lacks it")
		}
	})
}

func TestD4_2_ABurstPipeShowsTheFifteenMinutes(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		path := call(k, url.Values{"content": {"水管爆了,跑水"}})
		p := k.As(core.Desk).Get(path)
		if p.Find(".alarm [data-due]").Length() != 1 || !strings.Contains(p.Text(".alarm"), "15:00") || !strings.Contains(p.Text(".alarm"), "D4.2") || !strings.Contains(p.Text(".alarm"), "主管、客服、维修 未到") {
			k.Fatalf("the alarm: %s", p.Text(".alarm"))
		}
		if href := p.Find(".alarm .btn.pri").AttrOr("href", ""); href != path+"/arrive" || p.Find(".acts a[href$='/arrive']").Length() != 0 {
			k.Errorf("the arrival is stamped from the alarm's card, and only there: %q", href)
		}
		for _, r := range []core.Role{core.Supervisor, core.Desk} {
			k.As(r).Post(path+"/arrive", nil).OK(k)
		}
		if p := k.As(core.Desk).Get(path); !strings.Contains(p.Text(".alarm"), "维修 未到") || !strings.Contains(p.Text(".alarm"), "周慧") {
			k.Errorf("with two there: %s", p.Text(".alarm"))
		}
		k.As(core.Technician).Post(path+"/arrive", nil).OK(k)
		if p := k.As(core.Desk).Get(path); p.Find(".alarm").Length() != 0 {
			k.Errorf("with all there: %s", p.Text(".alarm"))
		}
		buttons(k, core.Supervisor, path)
	})
}

func TestD4_9_MaintenanceIsToldOfInsideAndCommonRepairs(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		told := func() (n int) {
			k.Read(func(ctx context.Context, tx db.Tx) (err error) {
				n, _, err = notify.Unread(ctx, tx, k.Project.ID, k.Users[core.Technician], []core.Role{core.Technician})
				return err
			})
			return n
		}
		inside, common := call(k, url.Values{"scope": {repair.Indoor}}), call(k, url.Values{"scope": {repair.Public}, "content": {"走廊灯不亮"}})
		if orderAt(k, inside).Scope != repair.Indoor || orderAt(k, common).Scope != repair.Public || told() != 2 {
			k.Fatalf("maintenance was told of %d repairs, want 2", told())
		}
		b := k.As(core.Supervisor)
		if p := b.Get(b.P("repair") + "?scope=public"); !p.Has("走廊灯不亮") || p.Has("卫生间水龙头漏水") {
			k.Error("the list does not tell common from inside")
		}
		k.Off("D4.9")
		call(k, nil)
		if told() != 2 {
			k.Errorf("switched off, maintenance was told of %d", told())
		}
	})
}

func TestDX_13_TheIntakeRecordPrintsTheTenFields(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		path := call(k, url.Values{"level": {repair.Urgent}})
		b := k.As(core.Supervisor)
		b.Submit(path+"/dispatch", map[string]string{"technician": k.Users[core.Technician].String(), "reason": "只有他在"}).OK(k)
		text := k.Paper(b.Get(b.P("repair/register.pdf")).OK(k).Body)
		for _, want := range []string{"FM-GL-011-0", "报修受理记录", "序号", "地址名称", "项目或故障", "级别", "电话联系人", "报修时间", "结果", "处理人", "记录人", "备注",
			"卫生间水龙头漏水", "紧急", "陈静", "2026-11-18", "李工", "林敏", orderAt(k, path).Number} {
			if !strings.Contains(text, want) {
				k.Errorf("the record lacks %q", want)
			}
		}
		if strings.Contains(text, "13800002231") {
			k.Error("the record shows the whole telephone number")
		}
		k.Off("DX.13")
		if text := k.Paper(b.Get(b.P("repair/register.pdf")).OK(k).Body); strings.Contains(text, "FM-GL-011-0") || !strings.Contains(text, "卫生间水龙头漏水") {
			k.Errorf("switched off, the record is still the form: %s", text)
		}
	})
}

// race runs fn twice at once and wants exactly one success.
func race(k *testkit.Kit, what string, role core.Role, fn func(ctx context.Context, tx db.Tx) error) {
	k.Helper()
	ctx := k.Ctx(role)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		wg.Go(func() { errs[i] = k.App.DB.Write(ctx, fn) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		k.Errorf("%s twice at once: %v, %v", what, errs[0], errs[1])
	}
}

func TestTwoAtOnceDoNotBothSucceed(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		_, _, material := tenant(k)
		id := idOf(k, call(k, url.Values{"trade": {"other"}}))
		race(k, "dispatch", core.Supervisor, func(ctx context.Context, tx db.Tx) error { // to send another needs a reason
			return repair.Send(ctx, tx, id, repair.Dispatch{Technician: k.Users[core.Technician]})
		})
		race(k, "arrive", core.Technician, func(ctx context.Context, tx db.Tx) error { return repair.ArriveAt(ctx, tx, id, repair.Arrive{}) })
		race(k, "start", core.Technician, func(ctx context.Context, tx db.Tx) error { return repair.Start(ctx, tx, id) })
		race(k, "the last of the stock", core.Technician, func(ctx context.Context, tx db.Tx) error {
			return repair.UseMaterials(ctx, tx, id, repair.Use{Lines: []repair.Line{{Item: "material/" + material.String(), Quantity: decimal.MustParse("1.5")}}})
		})
		k.Write(core.Technician, func(ctx context.Context, tx db.Tx) error { return repair.Done(ctx, tx, id, done()) })
		race(k, "sign", core.Technician, func(ctx context.Context, tx db.Tx) error { return repair.SignOff(ctx, tx, id, good()) })
	})
}

func TestL5_ErasureBlanksWhoReported(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who, _, _ := tenant(k)
		path := call(k, url.Values{"who": {who.String() + ".0.0"}})
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error {
			return repair.Module().OnErase[0](ctx, tx, k.Project.ID, who)
		})
		if o := orderAt(k, path); o.Contact != "" || o.Phone != "" || o.CustomerName != "" || o.Content == "" {
			k.Errorf("after the erasure: %+v", o)
		}
		b := k.As(core.Supervisor)
		if n := b.Get(b.P("repair") + "?q=" + url.QueryEscape("陈静")).Find("main tbody tr a").Length(); n != 0 {
			k.Error("the search still knows the name")
		}
	})
}

// intakeMax bounds the statements of one intake, the journal's included: it is measured against raw commits. Two of
// them are search's own on SQLite.
const intakeMax = 18

func TestAnIntakeIsAFewStatements(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who, _, _ := tenant(k)
		var trace db.Tx
		for range 2 { // the first fills what a process keeps
			k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
				tx.Trace()
				trace = tx
				_, _, err := desk.Take(ctx, tx, desk.Intake{Channel: "phone", Kind: "repair", Customer: who, CustomerName: "华达科技", Content: "水龙头漏水", Phone: "13800002231", Contact: "陈静",
					More: core.Input{Values: map[string][]string{"confirmed": {"true"}}}})
				return err
			})
		}
		for i, q := range trace.Queries() {
			k.Logf("%2d %s", i+1, strings.Join(strings.Fields(q.SQL[:min(len(q.SQL), 110)]), " "))
		}
		if n := len(trace.Queries()); n > intakeMax {
			k.Errorf("an intake takes %d statements, at most %d are allowed", n, intakeMax)
		}
	})
}

// TestTheStoreCountsInItsOwnUnits: the list and the export say pieces, not the thousandths that the store keeps.
func TestTheStoreCountsInItsOwnUnits(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		tenant(k) // stocks two valves
		b := k.As(core.Supervisor)
		p := b.Get(b.P("material")).OK(k)
		if got := p.Text("td[data-label='库存']"); got != "2" {
			k.Errorf("the list says %q in stock: %s", got, p.Text("table"))
		}
		if p.Has("千分之一") {
			k.Error("the list speaks of thousandths")
		}
	})
}

// TestTheStoreHasMoreThanOnePage: whoever leafs through materials and prices sees each of them once.
func TestTheStoreHasMoreThanOnePage(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		const many = 120
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			for n := range many {
				code := fmt.Sprintf("X%03d", n)
				if _, err := repair.Stock(ctx, tx, repair.Material{Code: code, Name: "垫片", Unit: "个", Price: 100, Quantity: 1000}); err != nil {
					return err
				}
				for range 1 + n%2 { // every other one has two editions
					if _, err := repair.Publish(ctx, tx, repair.Price{Code: code, Name: "更换", Unit: "次", Price: core.Money(100 + n)}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		b := k.As(core.Supervisor)
		for path, want := range map[string]int{"material": many, "repair-price": many + many/2} {
			seen := map[string]bool{}
			for url := b.P(path); url != ""; {
				p := b.Get(url).OK(k)
				p.Find("main tbody tr").Each(func(_ int, row *goquery.Selection) { seen[row.Text()] = true })
				url, _ = p.Find("a[rel=next]").Attr("href")
			}
			if len(seen) != want {
				k.Errorf("%s: %d rows on all pages, want %d", path, len(seen), want)
			}
		}
	})
}
