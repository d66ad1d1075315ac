package visit_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"huiyin/core"
	"huiyin/module/customer"
	"huiyin/testkit"
)

// TestAVisitInTheBrowser: the neglected customer is planned at one click, visited, put on record with an opinion and a
// promise; the promise is kept and followed up, the record printed.
func TestAVisitInTheBrowser(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
		b := k.As(core.Desk)
		round := b.Get(b.P("visit/round")).OK(k)
		page := b.SubmitForm(round, "table form[method=post]", nil).OK(k)
		if !strings.Contains(page.URL, "/visit/") || page.Text("h1") == "" || !page.Has("巡回拜访") {
			k.Fatalf("after one click at %s: %s", page.URL, page.Text("main"))
		}
		again := b.Post(b.P("visit/quick"), url.Values{"customer": {c.String()}}).OK(k)
		if again.URL != page.URL {
			k.Errorf("a second click planned a second visit: %s", again.URL)
		}
		if round = b.Get(b.P("visit/round")).OK(k); !round.Has("已安排 2026-11-18") {
			k.Errorf("the round: %s", round.Text("table"))
		}
		b.Submit(page.URL+"/arrive", nil).OK(k)
		form := b.Get(page.URL + "/record").OK(k)
		if v := form.Find("[name=met]").AttrOr("value", ""); v != "陈静" {
			k.Errorf("whom to expect: %q", v)
		}
		data := map[string]string{"post": "行政经理", "power": "advises", "content": "介绍年末服务", "needs": "无", "effect": "客户认可", "opinions.0.what": "希望延长空调", "promises.0.what": "更换龙头", "promises.0.due": "2026-11-20"}
		refused := b.SubmitForm(form, "main form[method=post]", data)
		if refused.Status != 403 && !refused.Has("C8.2") {
			k.Fatalf("without a next visit: %d %s", refused.Status, refused.Text("main"))
		}
		data["next_day"] = "2026-12-18"
		record := b.SubmitForm(form, "main form[method=post]", data).OK(k)
		if !record.Has("已记录") || !record.Has("更换龙头") || !record.Has("2026-12-18") || !record.Has("138****2231") {
			k.Fatalf("the record: %s", record.Text("main"))
		}
		b.Get(page.URL + "/record/print").OK(k)
		mine := b.Get(b.P("promise")).OK(k)
		if !mine.Has("希望延长空调") || !mine.Has("更换龙头") {
			k.Fatalf("promises and opinions: %s", mine.Text("table"))
		}
		promise := mine.Find("table a").FilterFunction(func(_ int, s *goquery.Selection) bool { return s.Text() == "更换龙头" }).AttrOr("href", "")
		b.Submit(promise+"/keep", map[string]string{"text": "已更换"}).OK(k)
		if p := b.Submit(promise+"/follow", map[string]string{"satisfied": "true"}).OK(k); !p.Has("已办结") {
			k.Errorf("followed up: %s", p.Text("main"))
		}
		if p := b.Get(b.P("customer/" + c.String())).OK(k); !p.Has("BF-202611-0001") {
			k.Error("the customer's page does not show the visit")
		}
		if p := b.Get(b.P("visit?state=all&q=") + url.QueryEscape("华达")).OK(k); !p.Has("BF-202611-0001") {
			k.Error("the visit is not found by its customer")
		}
	})
}

// TestWhoSawSomethingAndWhoReadsIt: security reports goods leaving; the supervisor reads why and plans a visit at one click.
func TestWhoSawSomethingAndWhoReadsIt(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		c := tenant(k, "华达科技有限公司", "A1203", customer.Ordinary)
		guard := k.As(core.Guard)
		guard.Submit(guard.P("sighting/new"), map[string]string{"customer": c.String(), "sort": "goods", "what": "夜间搬走三台打印机"}).OK(k)
		b := k.As(core.Supervisor)
		list := b.Get(b.P("warning")).OK(k)
		page := b.Get(list.Find("table a").First().AttrOr("href", "")).OK(k)
		if !page.Has("夜间搬走三台打印机") {
			k.Fatalf("the warning: %s", page.Text("main"))
		}
		if link := page.Find("table a[href*='/sighting/']"); link.Length() != 1 {
			k.Error("the signal does not lead to its record")
		}
		planned := b.SubmitForm(list, "table form[action$='/visit']", nil).OK(k)
		if !planned.Has("预警走访") {
			k.Errorf("after one click at %s: %s", planned.URL, planned.Text("main"))
		}
	})
}
