package followup_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/complaint"
	"huiyin/module/followup"
	"huiyin/testkit"
)

// TestTheClerksMorning goes through HTTP: the list of today, the form with its script, a refusal that cites its clause,
// the signed visit, the next round, the remark and the month's report.
func TestTheClerksMorning(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := tenants(k, 1)[0]
		in := asked()
		in.Customer, in.CustomerName, in.Company = who, "客户00公司", ""
		id := take(k, in)
		dealt(k, id)
		i := one(k, "complaint", id)
		k.SetNow(k.Now().AddDate(0, 0, 3))
		b := k.As(core.Desk)

		page := b.Get(b.P("followup/today")).OK(k)
		for _, want := range []string{i.Number, "客户00公司", "138****2231", "电梯厅有异味", "加派一班", "您反映的问题现在解决了吗", "投诉首次回访要上门", "C14.7", "投诉回访"} {
			if !page.Has(want) {
				t.Errorf("the morning list lacks %q", want)
			}
		}
		if page.Has("13800002231") {
			t.Error("the number stands there in full")
		}
		if p := b.Post(b.P("followup/"+i.Ref.ID.String()+"/reveal"), url.Values{"field": {"phone"}, "reason": {"回访"}}); !p.Has("13800002231") {
			t.Errorf("not revealed: %d", p.Status)
		}

		b.Post(b.P("followup/"+i.Ref.ID.String()+"/missed"), url.Values{}).OK(k) // nobody is in
		if p := b.Get(b.P("followup/today")).OK(k); !p.Has("未联系上 1 次") || !p.Has(i.Number) {
			t.Error("the list does not say that it was tried")
		}

		at := b.P("followup/" + i.Ref.ID.String() + "/record")
		if p := b.Get(at).OK(k); !p.Has("您反映的问题现在解决了吗") || !p.Has("异味消除") {
			t.Error("the form lacks the script or what was done")
		}
		form := url.Values{"how": {"phone"}, "result": {"dissatisfied"}, "opinion": {"又有了"}}
		if p := b.Post(at, form); p.Status == 200 || !p.Has("C14.7") {
			t.Errorf("the first by telephone: %d", p.Status)
		}
		form.Set("how", "site")
		if p := b.Post(at, form); !p.Has("C14.6") {
			t.Errorf("unsigned: %d", p.Status)
		}
		form.Set("signer", "陈静")
		form.Set("signature", signature())
		b.Post(at, form).OK(k)
		if p := b.Get(b.P("followup/today")).OK(k); p.Has(i.Number) {
			t.Error("it still stands on the list")
		}
		if p := b.Get(b.P("complaint/" + id.String())).OK(k); !p.Has(i.Number) || !p.Has("第 2 轮") {
			t.Error("the complaint does not show its follow-up, or was not taken up again")
		}
		if p := b.Get(b.P("customer/" + who.String())).OK(k); !p.Has(i.Number) {
			t.Error("the customer's page does not show it")
		}

		dealt(k, id)
		next := one(k, "complaint", id)
		if p := b.Post(b.P("followup/"+next.Ref.ID.String()+"/record"), url.Values{"how": {"phone"}, "result": {"satisfied"}}); !p.Has("C14.5") {
			t.Errorf("an important one by the clerk: %d", p.Status)
		}
		s := k.As(core.Supervisor)
		s.Post(s.P("followup/assign-many"), url.Values{"items": {next.Ref.ID.String()}, "caller": {k.Users[core.Supervisor].String()}}).OK(k)
		s.Post(s.P("followup/"+next.Ref.ID.String()+"/record"), url.Values{"how": {"phone"}, "result": {"satisfied"}}).OK(k)

		report := s.Get(s.P("followup/report")).OK(k)
		if !report.Has("2 件回访还没有主任意见") {
			t.Error("the report does not ask for the remarks")
		}
		m := k.As(core.Manager)
		m.Post(m.P("followup/remark-many"), url.Values{"items": {i.Ref.ID.String(), next.Ref.ID.String()}, "text": {"同意"}}).OK(k)
		s.Post(s.P("followup/submit-month"), url.Values{"month": {"2026-11"}}).OK(k)
		if p := s.Get(s.P("followup/report")).OK(k); !p.Has("已上报") || !p.Has("投诉") || p.Find("table").Length() < 2 {
			t.Error("the report")
		}
		if p := s.Get(s.P("followup/report.xlsx")); p.Status != 200 || !strings.HasPrefix(string(p.Body), "PK") {
			t.Errorf("the workbook: %d", p.Status)
		}
	})
}

func TestAnOpenLetterIsWrittenAndPrinted(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		other := asked()
		other.Company = "鹏程贸易"
		form := url.Values{"title": {"关于异味"}, "body": {"各位业户:已加派清运。"}, "posted": {"大堂"}}
		for _, in := range []complaint.Intake{asked(), other} {
			id := take(k, in)
			dealt(k, id)
			form.Add("items", one(k, "complaint", id).Ref.ID.String())
		}
		b := k.As(core.Supervisor)
		if p := b.Get(b.P("open-letter/new")).OK(k); !p.Has("鹏程贸易") {
			t.Error("the form does not offer the follow-ups")
		}
		p := b.Post(b.P("open-letter/new"), form).OK(k)
		if !p.Has("华达科技") || !p.Has("鹏程贸易") {
			t.Errorf("the letter does not say whom it answers: %s", p.URL)
		}
		paper := k.Paper(b.Get(p.URL + "/letter.pdf").OK(k).Body)
		if !strings.Contains(paper, "关于异味") || !strings.Contains(paper, "已加派清运") {
			t.Errorf("printed:\n%s", paper)
		}
	})
}

func TestAPlanByHandAndAnActivityByHTTP(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := tenants(k, 3)
		b := k.As(core.Desk)
		p := b.Post(b.P("followup/new"), url.Values{"occasion": {"movein"}, "customer": {who[0].String()}, "content": {"入住一周"}, "due": {"2026-11-20"}}).OK(k)
		if !strings.Contains(p.URL, "/followup/") || !p.Has("入住一周") || !p.Has("客户00公司") {
			t.Errorf("planned at %s", p.URL)
		}
		order := repaired(k, 5)
		p = b.Post(b.P("followup/new"), url.Values{"matter": {"repair/" + order.String()}}).OK(k)
		if i := one(k, "repair", order); i.Why != followup.WhyHand || !p.Has(i.Number) {
			t.Errorf("planned of a repair: %+v", i)
		}
		if p := b.Post(b.P("followup/new"), url.Values{"matter": {"repair/" + order.String()}}); p.Status != 409 {
			t.Errorf("twice: %d", p.Status)
		}
		if n := sample(k); n != 0 {
			t.Errorf("the one planned by hand does not count: %d more are drawn", n)
		}
		p = b.Post(b.P("followup-activity/new"), url.Values{"name": {"亲子日"}, "day": {"2026-11-17"}, "customers.0.customer": {who[1].String()}, "customers.1.customer": {who[2].String()}}).OK(k)
		if !p.Has("亲子日") {
			t.Errorf("the activity: %s", p.URL)
		}
		s := k.As(core.Supervisor)
		s.Post(s.P("followup/draw"), url.Values{}).OK(k)
		if list := s.Get(s.P("followup") + "?occasion=activity").OK(k); !list.Has("亲子日") || !list.Has("0/1") {
			t.Error("the draw by the button")
		}
	})
}

// TestTheJournalCoversEveryChange runs what serve and restore check: every row has its entry.
func TestTheJournalCoversEveryChange(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, asked())
		dealt(k, id)
		k.Must(do(k, core.Desk, followup.FollowUp, one(k, "complaint", id).Ref.ID, unhappy()))
		dealt(k, id)
		k.Must(do(k, core.Manager, followup.FollowUp, one(k, "complaint", id).Ref.ID, happy()))
		festival(k, tenants(k, 3))
		sample(k)
		k.Read(func(ctx context.Context, tx db.Tx) error {
			r, err := journal.Verify(ctx, tx, k.App.Lists.Tables)
			if len(r.Findings) > 0 {
				t.Errorf("%+v", r.Findings)
			}
			return err
		})
	})
}

// TestTwoDrawsAtOnce: the button and the daily draw do not plan the same matter twice, nor more than the share.
func TestTwoDrawsAtOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		for range 10 {
			repaired(k, 5)
		}
		var wg sync.WaitGroup
		errs := make([]error, 4)
		ctx := k.Ctx(core.Supervisor)
		for n := range errs {
			wg.Go(func() {
				errs[n] = k.App.DB.Write(ctx, func(ctx context.Context, tx db.Tx) error {
					_, err := followup.Sample(ctx, tx, "2026-11", 100)
					return err
				})
			})
		}
		wg.Wait()
		k.Must(errors.Join(errs...))
		k.Read(func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int64](ctx, tx, "select count(*) from followup_item where project_id = $1 and occasion = 'repair'", k.Project.ID)
			if n != 3 {
				t.Errorf("planned %d of 10, want 3", n)
			}
			return err
		})
	})
}

// TestTwoWhoPlanTheSameAtOnce: of four who plan the follow-up of one matter in the same moment, one does.
func TestTwoWhoPlanTheSameAtOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		order := repaired(k, 5)
		var wg sync.WaitGroup
		var planned atomic.Int64
		ctx := k.Ctx(core.Supervisor)
		for range 4 {
			wg.Go(func() {
				err := k.App.DB.Write(ctx, func(ctx context.Context, tx db.Tx) error {
					_, err := followup.Plan(ctx, tx, 0, followup.Hand{Matter: "repair/" + order.String()})
					return err
				})
				if err == nil {
					planned.Add(1)
				} else if !core.IsKind(err, core.KindConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if planned.Load() != 1 {
			t.Errorf("%d planned it", planned.Load())
		}
	})
}

func TestAnErasedCustomerLeavesTheRecordWithoutTheName(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	who := tenants(k, 1)[0]
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
		_, err := followup.Plan(ctx, tx, 0, followup.Hand{Customer: who, Content: "回访"})
		return err
	})
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		if err := followup.Erase(ctx, tx, k.Project.ID, who); err != nil {
			return err
		}
		n, err := db.Value[int64](ctx, tx, "select count(*) from followup_item where project_id = $1 and customer_id = $2 and customer_name = '' and phone = '' and contact = ''", k.Project.ID, who)
		if n != 1 {
			t.Errorf("%d are blanked", n)
		}
		return err
	})

}
