package report_test

import (
	"context"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/report"
	"huiyin/testkit"
)

// TestTheMonthlyReportOverHTTP: the supervisor composes, writes and submits, the manager approves, the supervisor sends;
// a customer reads it on a phone, the desk reminds and records a signature, the supervisor files it.
func TestTheMonthlyReportOverHTTP(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		p := startPost(k)
		mailed := tenant(k, "A0101", "华达科技", "zhang@example.com")
		tenant(k, "A0102", "恒信律师事务所", "")
		k.SetNow(at("2026-11-19 10:00"))
		sup, man, desk := k.As(core.Supervisor), k.As(core.Manager), k.As(core.Desk)

		home := sup.Get(sup.P("report")).OK(k)
		for _, want := range []string{"投诉周报", "投诉月报", "客户运营月报", "客服工作报告", "需求与满意度分析", "下次期限"} {
			if !home.Has(want) {
				k.Errorf("the home of reports lacks %q", want)
			}
		}
		home.Find("table.list").First().Find("tbody tr").Each(func(_ int, row *goquery.Selection) { // on a phone each is a card: a line each thing
			if first := row.Find("td").First(); first.Children().Length() != 1 || first.Find("a").Length() != 1 {
				k.Errorf("the first cell is crowded: %s", first.Text())
			}
			if row.Find("td[data-label='制度条款'] .cl").Length() != 1 || strings.Contains(row.Text(), "—") {
				k.Errorf("the card: %s", row.Text())
			}
		})
		for _, kind := range report.Kinds() {
			sup.Get(sup.P("report/preview?kind=" + kind.Value)).OK(k)
		}
		if p := sup.Get(sup.P("report/preview?kind=" + report.Operations)).OK(k); !p.Has("设施") || p.Find("p.sub").Length() == 0 {
			k.Errorf("the preview does not say what the report tells of: %s", p.Text("main"))
		}
		if bad := sup.Get(sup.P("report/preview?kind=nothing")); bad.Status != 422 {
			k.Errorf("a kind that is none: %d", bad.Status)
		}
		page := sup.Submit(sup.P("report/new"), map[string]string{"kind": report.Operations, "day": "2026-10-15"}).OK(k)
		at := page.URL
		form := sup.Get(at + "/edit").OK(k)
		for _, name := range []string{"facility", "environment", "safety"} {
			if form.Find("textarea[name="+name+"]").Length() != 1 {
				k.Errorf("the form lacks %s", name)
			}
		}
		sup.SubmitForm(form, "main form[method=post]", map[string]string{"facility": "电梯按计划保养", "environment": "外墙清洗一次"}).OK(k)
		if said := sup.Get(at).OK(k); !said.Has("还有没写的") {
			k.Error("the page does not say that a part is missing")
		}
		sup.Submit(at+"/edit", map[string]string{"safety": "消防演练一次"}).OK(k)
		sup.SubmitForm(sup.Get(at).OK(k), "form[action$='/submit']", nil).OK(k)
		approveOver(k, man, at)
		sent := sup.SubmitForm(sup.Get(at).OK(k), "form[action$='/send']", nil).OK(k)
		k.Drain()
		if !sent.Has("客户收阅") || len(p.letters()) != 1 {
			k.Fatalf("%d letters; %s", len(p.letters()), sent.Text("#receipts"))
		}
		body := p.letters()[0].body
		link := strings.TrimPrefix(strings.Fields(body[strings.Index(body, "https://huiyin.example.com/report-view"):])[0], "https://huiyin.example.com")
		desk.SubmitForm(desk.Get(at).OK(k), "#receipts form", nil).OK(k)
		k.Drain()
		if len(p.letters()) != 2 {
			k.Errorf("%d letters after the reminder", len(p.letters()))
		}
		k.Browser(0).Get(link).OK(k)
		signed := desk.Get(at + "/sign").OK(k)
		box := signed.Find("input[name=receipts]")
		if box.Length() != 1 {
			k.Fatalf("%d paper copies to sign for", box.Length())
		}
		desk.SubmitForm(signed, "main form[method=post]", map[string]string{"receipts": box.AttrOr("value", ""), "signer": "前台小王"}).OK(k)
		list := desk.Get(desk.P("receipt?report=" + at[strings.LastIndex(at, "/")+1:])).OK(k)
		if !list.Has("已读") || !list.Has("已签收") || list.Find("table.list tbody tr").Length() != 2 {
			k.Errorf("the receipts: %s", list.Text("table.list"))
		}
		if c := desk.Get(desk.P("customer/" + mailed.String())).OK(k); !c.Has("运营报告") {
			k.Error("the customer's page does not show the report")
		}
		for _, file := range []string{"/report.pdf", "/report.xlsx", "/paper.pdf"} {
			sup.Get(at + file).OK(k)
		}
		sup.SubmitForm(sup.Get(at).OK(k), "form[action$='/close']", nil).OK(k)
		if done := sup.Get(at).OK(k); !done.Has("已归档") {
			k.Error("it is not filed")
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			tally, err := report.TallyOf(ctx, tx, receipts(k, issueID(at))[0].Issue)
			if tally != (report.Tally{All: 2, Mailed: 1, Read: 1, Signed: 1}) {
				k.Errorf("%+v", tally)
			}
			return err
		})
	})
}

func issueID(at string) core.ID {
	id, _ := core.ParseID(at[strings.LastIndex(at, "/")+1:])
	return id
}

// approveOver says yes to the request about a page's record.
func approveOver(k *testkit.Kit, b *testkit.Browser, at string) {
	k.Helper()
	var request core.ID
	k.Read(func(ctx context.Context, tx db.Tx) error {
		rs, err := approval.Of(ctx, tx, core.Ref{Project: k.Project.ID, Kind: "report", ID: issueID(at)})
		if len(rs) == 1 {
			request = rs[0].Ref.ID
		}
		return err
	})
	page := b.P("approval/" + request.String())
	if seen := b.Get(page).OK(k); !seen.Has("客户运营月报") {
		k.Errorf("the approver does not see what it is about: %s", seen.Text("main"))
	}
	b.Submit(page+"/decide", map[string]string{"decision": "yes", "note": "同意"}).OK(k)
}
