package desk_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/notify"
	"huiyin/testkit"
)

func later(k *testkit.Kit, by time.Duration) string {
	return k.Now().Add(by).Format("2006-01-02T15:04")
}

// handed hands a matter to the user of a role, within so long.
func handed(k *testkit.Kit, id core.ID, to core.Role, by time.Duration) {
	k.Helper()
	k.As(core.Desk).Submit(path(k, id, "hand"), map[string]string{"role": "", "user": k.Users[to].String(), "due": later(k, by), "reason": "请协助"}).OK(k)
}

func TestA3_2_AnEnquiryIsAnsweredInOneWorkingDay(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b, id := k.As(core.Desk), take(k, nil)
		ds := duties(k, id, "A3.2")
		if len(ds) != 1 || core.DateOf(ds[0].Due, core.China) != "2026-11-19" || ds[0].State != duty.StateOpen {
			k.Fatalf("a question of Wednesday: %+v", ds)
		}
		if ds := duties(k, take(k, url.Values{"answer": {"周六"}}), "A3.2"); len(ds) != 0 {
			k.Errorf("answered at the counter, it owes %+v", ds)
		}
		if ds := duties(k, take(k, url.Values{"kind": {desk.Praise}}), "A3.2"); len(ds) != 0 {
			k.Errorf("praise is no question: %+v", ds)
		}
		b.Submit(path(k, id, "answer"), map[string]string{"text": "周六检修"}).OK(k)
		if ds := duties(k, id, "A3.2"); ds[0].State != duty.StateDone || ds[0].Late {
			k.Errorf("after the answer: %+v", ds)
		}
		b.Submit(path(k, id, "dispute"), map[string]string{"text": "周六不行"}).OK(k)
		if ds := duties(k, id, "A3.2"); len(ds) != 2 || open(ds) != 1 || get(k, id).State != desk.StateOpen {
			k.Errorf("the customer did not agree: %+v", ds)
		}
		k.Off("A3.2")
		if ds := duties(k, take(k, nil), "A3.2"); len(ds) != 0 {
			k.Errorf("switched off, it opened %+v", ds)
		}
	})
}

func TestD5_6_WhatIsNotAnsweredAtTheCounterIsHandedOverTheSameDay(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, url.Values{"channel": {"counter"}, "kind": {desk.Suggestion}})
		ds := duties(k, id, "D5.6")
		if len(ds) != 1 || !ds[0].Due.Equal(time.Date(2026, 11, 19, 0, 0, 0, 0, core.China)) {
			k.Fatalf("it is due at %+v", ds)
		}
		if ds := duties(k, take(k, url.Values{"channel": {"letter"}, "kind": {desk.Suggestion}}), "D5.6"); len(ds) != 0 {
			k.Errorf("a letter is no visit: %+v", ds)
		}
		if ds := duties(k, take(k, url.Values{"channel": {"counter"}, "kind": {"repair"}}), "D5.6"); len(ds) != 0 {
			k.Errorf("a repair is dispatched instead: %+v", ds)
		}
		handed(k, id, core.Supervisor, time.Hour)
		if ds := duties(k, id, "D5.6"); ds[0].State != duty.StateDone || ds[0].Late {
			k.Errorf("handed over: %+v", ds)
		}
		k.Off("D5.6")
		if ds := duties(k, take(k, url.Values{"channel": {"counter"}}), "D5.6"); len(ds) != 0 {
			k.Errorf("switched off, it opened %+v", ds)
		}
	})
}

func TestB4_6_WhatIsNotSolvedInItsTermGoesToTheLeader(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b, id := k.As(core.Desk), take(k, nil)
		handed(k, id, core.Technician, 2*time.Hour)
		ds := duties(k, id, "B4.6")
		if len(ds) != 1 || !ds[0].Due.Equal(get(k, id).HandedDue) || ds[0].User != k.Users[core.Technician] {
			k.Fatalf("the limit: %+v", ds)
		}
		again := func(due string) *testkit.Page {
			return b.Submit(path(k, id, "hand"), map[string]string{"role": "", "user": k.Users[core.Guard].String(), "due": due, "reason": "换人"})
		}
		if p := again(later(k, 5*time.Hour)); p.Status != 403 || !p.Has("B4.6") {
			k.Errorf("putting the limit off by handing on: %d", p.Status)
		}
		again("").OK(k) // within the limit
		if m := get(k, id); m.HandedUser != k.Users[core.Guard] || open(duties(k, id, "B4.6")) != 1 || !m.HandedDue.Equal(ds[0].Due) {
			k.Errorf("handed on within the limit: %+v", m)
		}
		k.Advance(3 * time.Hour)
		if ds := duties(k, id, "B4.6"); !ds[len(ds)-1].Late {
			k.Errorf("after the limit: %+v", ds)
		}
		report := map[string]string{"reason": "等厂家配件", "leader": k.Users[core.Manager].String(), "taker": "", "due": later(k, 48*time.Hour)}
		if p := b.Submit(path(k, id, "report"), report); p.Status != 403 || !p.Has("B4.6") {
			k.Errorf("reported without who takes over: %d", p.Status)
		}
		report["taker"] = k.Users[core.Supervisor].String()
		b.Submit(path(k, id, "report"), report).OK(k)
		m := get(k, id)
		if m.HandedUser != k.Users[core.Supervisor] || m.ReportedReason != "等厂家配件" || open(duties(k, id, "B4.6")) != 1 {
			k.Errorf("after the report: %+v", m)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			n, _, err := notify.Unread(ctx, tx, k.Project.ID, k.Users[core.Manager], nil)
			if n != 1 {
				k.Errorf("the leader has %d messages", n)
			}
			return err
		})
		if list := b.Get(b.P("desk") + "?reported=reported&state=all"); list.Find("main tbody tr").Length() != 1 {
			k.Error("the register does not list what was reported")
		}
		k.Off("B4.6")
		again(later(k, 90*time.Hour)).OK(k)
		report["leader"], report["taker"] = "", ""
		b.Submit(path(k, id, "report"), report).OK(k)
		if n := open(duties(k, id, "B4.6")); n != 0 {
			k.Errorf("switched off, it owes %d", n)
		}
	})
}

func TestB4_5_ItIsClosedOnlyAfterTheCustomerConfirmed(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b, id := k.As(core.Desk), take(k, nil)
		b.Submit(path(k, id, "answer"), map[string]string{"text": "周六检修"}).OK(k)
		if p := b.Submit(path(k, id, "close"), map[string]string{"by": "", "how": ""}); p.Status != 403 || !p.Has("B4.5") || get(k, id).State != desk.StateAnswered {
			k.Errorf("closed without a word of the customer: %d", p.Status)
		}
		b.Submit(path(k, id, "close"), map[string]string{"by": "陈静", "how": "phone"}).OK(k)
		m := get(k, id)
		if m.State != desk.StateClosed || m.ConfirmedBy != "陈静" || m.Handler == "" {
			k.Errorf("closed: %+v", m)
		}
		sup := k.As(core.Supervisor)
		if pdf := k.Paper(sup.Get(sup.P("desk/register.pdf")).OK(k).Body); !strings.Contains(pdf, "处理人") || !strings.Contains(pdf, "周六检修") || !strings.Contains(pdf, m.Handler) {
			k.Errorf("the printed register says neither who handled it nor how: %s", pdf)
		}
		nobody := take(k, url.Values{"channel": {"box"}, "contact": {""}, "phone": {""}})
		b.Submit(path(k, nobody, "answer"), map[string]string{"text": "已张贴答复"}).OK(k)
		b.Submit(path(k, nobody, "close"), nil).OK(k) // there is nobody to ask
		if once := get(k, take(k, url.Values{"answer": {"当场说明"}})); once.Confirmed.IsZero() || once.ConfirmedHow != desk.AtOnce {
			k.Errorf("answered at once: %+v", once)
		}
		k.Off("B4.5")
		id = take(k, nil)
		b.Submit(path(k, id, "answer"), map[string]string{"text": "周六检修"}).OK(k)
		b.Submit(path(k, id, "close"), map[string]string{"by": "", "how": ""}).OK(k)
	})
}

func TestA3_4_AnOpinionIsTakenLookedIntoAndAnswered(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		for _, channel := range []string{"box", "line", "phone"} {
			id := take(k, url.Values{"channel": {channel}, "kind": {desk.Suggestion}, "content": {"大堂加一张长椅"}})
			if p := b.Post(path(k, id, "answer"), url.Values{"text": {"已采纳"}}); p.Status != 403 || !p.Has("A3.4") {
				k.Errorf("%s: answered before it was looked into: %d", channel, p.Status)
			}
			b.Submit(path(k, id, "look"), map[string]string{"text": "大堂东侧有位置"}).OK(k)
			b.Submit(path(k, id, "answer"), map[string]string{"text": "已采纳"}).OK(k)
			b.Submit(path(k, id, "close"), map[string]string{"how": "phone"}).OK(k)
		}
		if n := b.Get(b.P("desk") + "?kind=suggestion&state=all").Find("main tbody tr").Length(); n != 3 {
			k.Errorf("the one register has %d of the three channels", n)
		}
		k.Off("A3.4")
		id := take(k, url.Values{"channel": {"box"}, "kind": {desk.Suggestion}})
		b.Submit(path(k, id, "answer"), map[string]string{"text": "已采纳"}).OK(k)
	})
}

func TestWhoTookItAnswersForItUntilSomebodyAccepts(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, nil)
		if m := get(k, id); m.Owner != k.Users[core.Desk] || m.OwnerName == "" {
			k.Fatalf("who took it: %+v", m)
		}
		handed(k, id, core.Technician, 24*time.Hour)
		if m := get(k, id); m.Owner != k.Users[core.Desk] {
			k.Error("handing over ended the responsibility before anybody had accepted")
		}
		if p := k.As(core.Guard).Post(path(k, id, "accept"), nil); p.Status != 403 {
			k.Errorf("accepted by somebody else: %d", p.Status)
		}
		tech := k.As(core.Technician)
		tech.Submit(path(k, id, "decline"), map[string]string{"text": "不属工程部"}).OK(k)
		if m := get(k, id); m.State != desk.StateOpen || m.Owner != k.Users[core.Desk] {
			k.Errorf("sent back: %+v", m)
		}
		handed(k, id, core.Technician, 20*time.Hour)
		tech.Get(path(k, id, "accept")).OK(k) // what the message leads to
		tech.Post(path(k, id, "accept"), nil).OK(k)
		if m := get(k, id); m.Owner != k.Users[core.Technician] || m.Accepted.IsZero() {
			k.Errorf("accepted: %+v", m)
		}
		tech.Submit(path(k, id, "look"), map[string]string{"text": "轿厢灯管老化"}).OK(k)
		page := k.As(core.Desk).Get("/p/" + k.Project.Code + "/desk/" + id.String()).OK(k)
		for _, want := range []string{"不属工程部", "已接收", "轿厢灯管老化"} {
			if !page.Has(want) {
				k.Errorf("the page does not say %q", want)
			}
		}
	})
}

func TestAMatterWithoutADeadlineIsPossible(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b, id := k.As(core.Desk), take(k, nil)
		in := map[string]string{"role": "manager", "reason": "等业委会换届后再定"}
		if p := b.Submit(path(k, id, "hand"), in); p.Status != 403 || !p.Has("A3.5") {
			k.Errorf("without a limit and without saying so: %d", p.Status)
		}
		in["no_limit"] = "true"
		b.Submit(path(k, id, "hand"), in).OK(k)
		if m := get(k, id); !m.NoLimit || !m.HandedDue.IsZero() || open(duties(k, id, "B4.6")) != 0 || open(duties(k, id, "A3.5")) != 1 {
			k.Errorf("without a limit: %+v", m)
		}
	})
}

func TestTheSameMatterToldTwiceIsOne(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		var who core.ID
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
			unit, err := estate.EnsureUnit(ctx, tx, "A1203", "desk")
			if err == nil {
				who, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: "华达科技", Category: customer.Ordinary, Unit: unit, Part: customer.AsTenant, Consent: "written", ConsentBy: "陈静",
					Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}}})
			}
			return err
		})
		b, from := k.As(core.Desk), url.Values{"who": {who.String() + ".0.0"}}
		first, second, third := take(k, from), take(k, from), take(k, from)
		b.Submit(path(k, third, "merge"), map[string]string{"into": second.String(), "reason": "同一件事"}).OK(k)
		b.Submit(path(k, second, "merge"), map[string]string{"into": first.String(), "reason": "同一件事"}).OK(k)
		for _, id := range []core.ID{second, third} {
			if m := get(k, id); m.State != desk.StateMerged || m.Merged != first || m.Open {
				k.Errorf("merged: %s into %s", m.State, m.Merged)
			}
			for _, clause := range []string{"B4.3", "A3.2", "D5.6"} {
				if open(duties(k, id, clause)) != 0 {
					k.Errorf("what was merged still owes %s", clause)
				}
			}
		}
		if p := b.Post(path(k, first, "merge"), url.Values{"into": {third.String()}, "reason": {"绕一圈"}}); p.Status < 400 {
			k.Errorf("merged into what is merged into it: %d", p.Status)
		}
		k.Must(k.App.DB.Read(k.Ctx(core.Desk), func(ctx context.Context, tx db.Tx) error {
			n, err := desk.Count(ctx, tx, who, desk.Enquiry, "2026-11", "2026-11")
			if n != 1 {
				k.Errorf("the customer counts %d", n)
			}
			return err
		}))
		if page := b.Get("/p/" + k.Project.Code + "/desk/" + first.String()); page.Find("main a[href$='"+third.String()+"']").Length() == 0 {
			k.Error("the one that stays does not lead to the others")
		}
		b.Submit(path(k, third, "unmerge"), map[string]string{"text": "不是一回事"}).OK(k)
		if m := get(k, third); m.State != desk.StateOpen || open(duties(k, third, "B4.3")) != 1 || open(duties(k, third, "A3.2")) != 1 {
			k.Errorf("taken apart again: %+v", m)
		}
		b.Submit(path(k, first, "answer"), map[string]string{"text": "周六检修"}).OK(k)
		b.Submit(path(k, first, "close"), map[string]string{"by": "陈静", "how": "phone"}).OK(k)
		if m := get(k, second); m.Answer != "周六检修" {
			k.Errorf("the second caller does not hear the answer: %+v", m)
		}
	})
}

func TestOneCallWithSeveralMattersIsSplit(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b, id := k.As(core.Desk), take(k, nil)
		b.Post(path(k, id, "split"), url.Values{"parts.0.kind": {desk.Suggestion}, "parts.0.content": {"大堂加长椅"}, "parts.1.kind": {"repair"}, "parts.1.content": {"茶水间水龙头滴水"}}).OK(k)
		list := b.Get(b.P("desk") + "?state=all")
		if n := list.Find("main tbody tr").Length(); n != 3 {
			k.Fatalf("the register has %d of three", n)
		}
		n := 0
		k.Read(func(ctx context.Context, tx db.Tx) (err error) {
			n, err = db.Value[int](ctx, tx, "select count(*) from desk_matter where project_id = $1 and split_id = $2 and phone = '13800002231'", k.Project.ID, id)
			return err
		})
		if page := b.Get("/p/" + k.Project.Code + "/desk/" + id.String()); n != 2 || !page.Has("大堂加长椅") || !page.Has("滴水") {
			k.Errorf("%d parts with the same caller; the page leads to them: %v", n, page.Has("大堂加长椅"))
		}
	})
}

func TestA7_2_OpinionsAreSummedUpAndTheCustomersTold(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2026, 12, 10, 9, 0, 0, 0, core.China))
		k.Tick()
		owes := func() (n int) {
			k.Read(func(ctx context.Context, tx db.Tx) error {
				ds, err := duty.Of(ctx, tx, duty.PeriodRef(k.Project.ID, "2026-12"))
				for _, d := range ds {
					if d.Clause == "A7.2" && d.State == duty.StateOpen {
						n++
					}
				}
				return err
			})
			return n
		}
		if owes() != 1 {
			k.Fatalf("the quarter owes %d summaries", owes())
		}
		id, b := take(k, url.Values{"kind": {desk.Suggestion}, "content": {"大堂加一张长椅"}}), k.As(core.Supervisor)
		sum := map[string]string{"summary": "建议集中在大堂", "measures": "增设长椅", "told_how": "notice", "told": "已公告采纳情况"}
		if p := b.Submit(b.P("feedback/new"), sum); p.Status != 403 || !p.Has("A7.2") {
			k.Errorf("with an opinion that nobody follows: %d", p.Status)
		}
		handed(k, id, core.Technician, 24*time.Hour)
		sum["told"] = ""
		if p := b.Submit(b.P("feedback/new"), sum); p.Status != 403 || !p.Has("A7.2") {
			k.Errorf("without telling anybody: %d", p.Status)
		}
		sum["told"] = "已公告采纳情况"
		b.Submit(b.P("feedback/new"), sum).OK(k)
		if owes() != 0 {
			k.Error("the summary is still owed")
		}
		if p := b.Submit(b.P("feedback/new"), sum); p.Status != 409 {
			k.Errorf("a second time: %d", p.Status)
		}
		k.Off("A7.2")
		k.SetNow(time.Date(2027, 3, 10, 9, 0, 0, 0, core.China))
		take(k, url.Values{"kind": {desk.Suggestion}})
		sum["told"] = ""
		b.Submit(b.P("feedback/new"), sum).OK(k)
	})
}

func TestA7_2AndC7_11_WhatWasDoneEarlyInTheQuarterIsNotAskedForAgain(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2026, 10, 20, 9, 0, 0, 0, core.China))
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error {
			if _, err := desk.SumUp(ctx, tx, desk.Feedback{Month: "2026-10", Summary: "多为咨询", Measures: "加强", How: "notice", Told: "公告"}); err != nil {
				return err
			}
			for _, party := range []string{desk.Committee, desk.Authority} {
				if _, err := desk.AddTalk(ctx, tx, desk.Talk{Party: party, Who: "刘主任", Day: core.Today(ctx), How: "meeting", Subject: "预算", Minutes: "谈了预算"}); err != nil {
					return err
				}
			}
			return nil
		})
		states := func(month core.Month) map[string]string {
			out := map[string]string{}
			k.SetNow(month.First().Time(core.China).Add(9 * time.Hour))
			k.Tick()
			k.Read(func(ctx context.Context, tx db.Tx) error {
				ds, err := duty.Of(ctx, tx, duty.PeriodRef(k.Project.ID, month))
				for _, d := range ds {
					out[d.Clause] = d.State
				}
				return err
			})
			return out
		}
		if got := states("2026-12"); got["A7.2"] != duty.StateDone || got["C7.11"] != duty.StateDone {
			k.Errorf("done in October, December has %v", got)
		}
		if got := states("2027-03"); got["A7.2"] != duty.StateOpen || got["C7.11"] != duty.StateOpen {
			k.Errorf("the next quarter has %v", got)
		}
	})
}

func TestC7_11_TalksWithCommitteeAndAuthorityLeaveARecord(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2026, 12, 10, 9, 0, 0, 0, core.China))
		k.Tick()
		owes := func(month core.Month) (n int) {
			k.Read(func(ctx context.Context, tx db.Tx) error {
				ds, err := duty.Of(ctx, tx, duty.PeriodRef(k.Project.ID, month))
				for _, d := range ds {
					if d.Clause == "C7.11" && d.State == duty.StateOpen {
						n++
					}
				}
				return err
			})
			return n
		}
		b := k.As(core.Manager)
		talk := func(party, minutes string) *testkit.Page {
			return b.Submit(b.P("talk/new"), map[string]string{"party": party, "who": "刘主任", "how": "meeting", "subject": "年度预算", "minutes": minutes})
		}
		if owes("2026-12") != 1 {
			k.Fatalf("the quarter owes %d", owes("2026-12"))
		}
		if p := talk(desk.Committee, ""); p.Status != 403 || !p.Has("C7.11") {
			k.Errorf("a talk without a record: %d", p.Status)
		}
		talk(desk.Committee, "通报三季度收支").OK(k)
		if owes("2026-12") != 1 {
			k.Error("the committee alone is not both")
		}
		talk(desk.Authority, "汇报消防整改").OK(k)
		if owes("2026-12") != 0 {
			k.Error("both were talked with, and it is still owed")
		}
		k.Off("C7.11")
		talk(desk.Committee, "").OK(k)
		k.SetNow(time.Date(2027, 3, 10, 9, 0, 0, 0, core.China))
		k.Tick()
		if owes("2027-03") != 0 {
			k.Error("switched off, it is owed")
		}
	})
}

func TestB4_1_HoursHotlineAndMailboxStandOnThePage(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Supervisor)
		b.Submit(b.P("desk/line"), map[string]string{"mailbox": "service@example.com"}).OK(k)
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			_, err := db.Exec(ctx, tx, "update project_project set hotline = '07551234567' where project_id = $1 and id = $2", core.Firm, k.Project.ID)
			return err
		})
		for _, page := range []string{"desk", "desk/new"} {
			p := b.Get(b.P(page)).OK(k)
			for _, want := range []string{"客服每日 08:00–20:00,节假日照常", "07551234567", "service@example.com"} {
				if !p.Has(want) {
					k.Errorf("%s does not say %q", page, want)
				}
			}
		}
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			now := core.Now(ctx)
			_, err := db.Exec(ctx, tx, `insert into regulation_setting (project_id, id, created_at, changed_at, clause, name, value, from_at) values ($1,$2,$3,$3,'B4.1','open','07:30',$4)`, k.Project.ID, tx.NewID(), now, now.AddDate(0, 0, -1))
			return err
		})
		if p := b.Get(b.P("desk")); !p.Has("客服每日 07:30–20:00") {
			k.Errorf("after the change of the clause: %s", p.Text("main"))
		}
		k.Off("B4.1")
		if p := b.Get(b.P("desk")); p.Has("客服每日") || p.Has("service@example.com") {
			k.Error("switched off, the hours are still promised")
		}
	})
}

// TestTwoMergesOfAPairLeaveOne lets two clerks merge two matters into each other at once.
func TestTwoMergesOfAPairLeaveOne(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		a, b := take(k, nil), take(k, nil)
		done := make(chan error, 2)
		for _, pair := range [][2]core.ID{{a, b}, {b, a}} {
			go func() {
				done <- k.App.DB.Write(k.Ctx(core.Desk), func(ctx context.Context, tx db.Tx) error {
					return desk.Merge(ctx, tx, pair[0], desk.Join{Into: pair[1], Reason: "同一件事"})
				})
			}()
		}
		if e1, e2 := <-done, <-done; (e1 == nil) == (e2 == nil) {
			k.Errorf("both merges: %v", fmt.Sprint(e1, e2))
		}
	})
}
