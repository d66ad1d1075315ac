package dispute_test

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"huiyin/core"
	"huiyin/testkit"
)

// TestADisputeInTheBrowser: two tenants, both heard, a talk, an agreement with an act that is performed, and the end.
func TestADisputeInTheBrowser(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		a, b := filed(k, "甲公司"), filed(k, "乙公司")
		w := k.As(core.Supervisor)
		page := w.Submit(w.P("dispute/new"), map[string]string{"title": "渗水损坏货物", "sort": "customers", "content": "楼上水管破裂", "parties.0.kind": "customer", "parties.0.customer": a.String(), "parties.1.kind": "customer", "parties.1.customer": b.String()}).OK(k)
		if !strings.Contains(page.URL, "/dispute/") || !page.Has("调解中") || !page.Has("法律保留") || !page.Has("待记录") {
			k.Fatalf("taken at %s: %s", page.URL, page.Text("main"))
		}
		form := w.Get(page.URL + "/opinion").OK(k)
		for i, s := range form.Find("[name=party] option, [name=party]").FilterFunction(isChoice).EachIter() {
			w.Submit(page.URL+"/opinion", map[string]string{"party": s.AttrOr("value", ""), "text": "意见" + string(rune('一'+i))}).OK(k)
		}
		w.Submit(page.URL+"/talk", map[string]string{"present": "双方", "minutes": "核对损失"}).OK(k)
		agree := w.Get(page.URL + "/agree").OK(k)
		party := agree.Find("[name='acts.0.party'] option").FilterFunction(isChoice).First().AttrOr("value", "")
		if party == "" {
			party = form.Find("[name=party] option, [name=party]").FilterFunction(isChoice).First().AttrOr("value", "")
		}
		w.SubmitForm(agree, "main form[method=post]", map[string]string{"terms": "各让一步", "acts.0.party": party, "acts.0.what": "支付 8000 元", "acts.0.due": "2026-11-30"}).OK(k)
		page = w.Get(page.URL).OK(k)
		act := page.Find("table a[href*='/settlement/']").First().AttrOr("href", "")
		w.Submit(act+"/perform", map[string]string{"text": "转账回单"}).OK(k)
		if page = w.Submit(page.URL+"/close", map[string]string{"text": "已解决"}).OK(k); !page.Has("已结案") || page.Find(".pill").Length() == 0 {
			k.Errorf("closed: %s", page.Text("main"))
		}
		if p := w.Get(w.P("customer/" + a.String())).OK(k); !p.Has("渗水损坏货物") {
			k.Error("the customer's page does not show the dispute")
		}
	})
}

// isChoice leaves out the empty option of a list.
func isChoice(_ int, s *goquery.Selection) bool {
	_, err := core.ParseID(s.AttrOr("value", ""))
	return err == nil
}
