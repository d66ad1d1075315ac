package desk_test

import (
	"context"
	"net/url"
	"slices"
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

// take takes a request down on the intake page and returns its id.
func take(k *testkit.Kit, fields url.Values) core.ID {
	k.Helper()
	b := k.As(core.Desk)
	form := url.Values{"channel": {"phone"}, "kind": {desk.Enquiry}, "content": {"电梯什么时候检修"}, "contact": {"陈静"}, "phone": {"13800002231"}}
	for name, v := range fields {
		form[name] = v
	}
	p := b.Post(b.P("desk/new"), form).OK(k)
	id, err := core.ParseID(p.URL[strings.LastIndex(p.URL, "/")+1:])
	if err != nil {
		k.Fatalf("after intake at %s: %s", p.URL, p.Text(".problem"))
	}
	return id
}

// duties are the duties of a clause on a matter, the oldest first.
func duties(k *testkit.Kit, id core.ID, clause string) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ds, err := duty.Of(ctx, tx, core.Ref{Project: k.Project.ID, Kind: "desk", ID: id})
		for _, d := range ds {
			if d.Clause == clause {
				out = append(out, d)
			}
		}
		return err
	})
	slices.SortFunc(out, func(a, b duty.Duty) int { return a.Opened.Compare(b.Opened) })
	return out
}

func open(ds []duty.Duty) (n int) {
	for _, d := range ds {
		if d.State == duty.StateOpen {
			n++
		}
	}
	return n
}

func get(k *testkit.Kit, id core.ID) (m desk.Matter) {
	k.Helper()
	k.Must(k.App.DB.Read(k.Ctx(core.Desk), func(ctx context.Context, tx db.Tx) (err error) {
		m, err = desk.Get(ctx, tx, id)
		return err
	}))
	return m
}

func path(k *testkit.Kit, id core.ID, verb string) string {
	return "/p/" + k.Project.Code + "/desk/" + id.String() + "/" + verb
}

func TestB4_3_TheCustomerIsContactedWithinThirtyMinutesOfDeskTime(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, nil)
		ds := duties(k, id, "B4.3")
		if len(ds) != 1 || !ds[0].Due.Equal(k.Now().Add(30*time.Minute)) {
			k.Fatalf("after intake: %+v", ds)
		}
		b := k.As(core.Desk)
		if p := b.Get(b.P("desk")); p.Find("main [data-due]").Length() != 1 {
			k.Errorf("the queue shows no running clock: %s", p.Text("main"))
		}
		b.Submit(path(k, id, "contact"), map[string]string{"text": "已约明天上午答复"}).OK(k)
		if ds := duties(k, id, "B4.3"); ds[0].State != duty.StateDone || ds[0].Late {
			k.Errorf("after the call: %+v", ds)
		}
		if p := b.Post(path(k, id, "contact"), url.Values{"text": {"再来一次"}}); p.Status != 409 {
			k.Errorf("contacting twice: %d", p.Status)
		}

		k.SetNow(time.Date(2026, 11, 18, 19, 50, 0, 0, core.China)) // ten minutes before the desk closes
		if ds := duties(k, take(k, nil), "B4.3"); len(ds) != 1 || !ds[0].Due.Equal(time.Date(2026, 11, 19, 8, 20, 0, 0, core.China)) {
			k.Errorf("in the evening: %+v", ds)
		}
		k.Off("B4.3")
		if ds := duties(k, take(k, nil), "B4.3"); len(ds) != 0 {
			k.Errorf("switched off, it opened %+v", ds)
		}
	})
}

func TestA3_5_WhatCanBeDoneAtOnceIsDoneAtOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		m := get(k, take(k, url.Values{"answer": {"本周六上午"}}))
		if m.State != desk.StateClosed || m.Answer != "本周六上午" {
			k.Errorf("answered at once, it is %s: %q", m.State, m.Answer)
		}
		if ds := duties(k, m.Ref.ID, "B4.3"); len(ds) != 0 {
			k.Errorf("and owes %+v", ds)
		}
	})
}

func TestA3_5_WhatNeedsOthersGetsAPersonALimitAndReportsOfProgress(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b, id := k.As(core.Desk), take(k, nil)
		due := k.Now().Add(48 * time.Hour).Format("2006-01-02T15:04")
		if p := b.Submit(path(k, id, "hand"), map[string]string{"role": "", "reason": "请维修答复"}); p.Status != 403 || !p.Has("A3.5") {
			k.Errorf("handed to nobody, without a limit: %d", p.Status)
		}
		if p := b.Submit(path(k, id, "hand"), map[string]string{"user": k.Others[core.Technician].String(), "due": due, "reason": "请维修答复"}); p.Status != 422 {
			k.Errorf("handed to somebody of another project: %d", p.Status)
		}
		form := b.Get(path(k, id, "hand")).OK(k)
		if form.Find("select[name=user] option[value='"+k.Users[core.Technician].String()+"']").Length() != 1 {
			k.Error("the technician is not offered")
		}
		b.SubmitForm(form, "main form[method=post]", map[string]string{"role": "", "user": k.Users[core.Technician].String(), "due": due, "reason": "请维修答复"}).OK(k)
		if m := get(k, id); m.State != desk.StateHanded || m.HandedName != "李工" {
			k.Errorf("handed over: %s %q", m.State, m.HandedName)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			n, _, err := notify.Unread(ctx, tx, k.Project.ID, k.Users[core.Technician], nil)
			if n != 1 {
				k.Errorf("the technician has %d messages", n)
			}
			return err
		})
		if ds := duties(k, id, "A3.5"); len(ds) != 1 || !ds[0].Due.Equal(k.Now().Add(24*time.Hour)) {
			k.Fatalf("the report of progress: %+v", ds)
		}
		k.Advance(20 * time.Hour)
		b.Submit(path(k, id, "progress"), map[string]string{"text": "正在等厂家"}).OK(k)
		if ds := duties(k, id, "A3.5"); len(ds) != 2 || ds[0].State != duty.StateDone || open(ds) != 1 {
			k.Errorf("after a report: %+v", ds)
		}
		if p := b.Post(path(k, id, "close"), nil); p.Status != 403 || !p.Has("A3.5") {
			k.Errorf("closing without an answer: %d", p.Status)
		}
		b.Submit(path(k, id, "answer"), map[string]string{"text": "周六检修"}).OK(k)
		if p := b.Post(path(k, id, "close"), url.Values{"by": {""}, "how": {""}}); p.Status != 403 || !p.Has("B4.5") {
			k.Errorf("closing without the customer's word: %d", p.Status)
		}
		b.Submit(path(k, id, "close"), map[string]string{"how": "phone"}).OK(k)
		if m := get(k, id); m.ConfirmedBy != "陈静" || m.State != desk.StateClosed || open(duties(k, id, "A3.5")) != 0 {
			k.Errorf("closed: %s, %+v", m.State, duties(k, id, "A3.5"))
		}
	})
}

// An emergency that is taken up again after its summary is summed up again: what it owes can be done.
func TestA3_5_AnEmergencyTakenUpAgainIsSummedUpAnew(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		id := take(k, url.Values{"kind": {desk.Emergency}, "content": {"B座水管爆裂"}})
		b.Submit(path(k, id, "answer"), map[string]string{"text": "已关阀"}).OK(k)
		b.Submit(path(k, id, "close"), map[string]string{"how": "face"}).OK(k)
		b.Submit(path(k, id, "summary"), map[string]string{"text": "换阀门"}).OK(k)
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			if err := desk.Reopen(ctx, tx, id, "又漏了"); err != nil {
				return err
			}
			return desk.Settle(ctx, tx, id, "重修")
		})
		if ds := duties(k, id, "A3.5"); open(ds) != 1 {
			k.Fatalf("after the second end: %+v", ds)
		}
		b.Submit(path(k, id, "summary"), map[string]string{"text": "整段换管"}).OK(k)
		if m := get(k, id); m.Summary != "整段换管" || open(duties(k, id, "A3.5")) != 0 {
			k.Errorf("the second summary: %q, %+v", m.Summary, duties(k, id, "A3.5"))
		}
	})
}

func TestA3_5_AnEmergencyGoesFirstAndIsSummedUp(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b, first := k.As(core.Desk), take(k, nil)
		k.Advance(time.Minute)
		id := take(k, url.Values{"kind": {desk.Emergency}, "content": {"B座大堂有人晕倒"}})
		if p := b.Get(b.P("desk")); !strings.Contains(p.Text("main tbody tr"), "晕倒") {
			k.Errorf("the first of the queue: %s", p.Text("main tbody tr"))
		}
		b.Submit(path(k, id, "answer"), map[string]string{"text": "已送医"}).OK(k)
		b.Submit(path(k, id, "close"), map[string]string{"how": "face"}).OK(k)
		ds := duties(k, id, "A3.5")
		if open(ds) != 1 || ds[len(ds)-1].Number != "summary" {
			k.Fatalf("after the end: %+v", ds)
		}
		b.Submit(path(k, id, "summary"), map[string]string{"text": "大堂增设急救箱"}).OK(k)
		if open(duties(k, id, "A3.5")) != 0 {
			k.Error("the summary is still owed")
		}
		k.Off("A3.5")
		b.Submit(path(k, first, "hand"), map[string]string{"role": "technician", "no_limit": "true", "reason": "请答复"}).OK(k)
		if ds := duties(k, first, "A3.5"); len(ds) != 0 {
			k.Errorf("switched off, it opened %+v", ds)
		}
		b.Submit(path(k, first, "close"), map[string]string{"how": "phone"}).OK(k)
	})
}

func TestC19_1_EveryRequestGoesIntoTheRegister(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Supervisor)
		for i, kind := range []string{desk.Enquiry, desk.Suggestion, desk.Complaint, desk.Praise, "repair"} {
			take(k, url.Values{"kind": {kind}, "company": {"华达科技"}, "channel": {[]string{"phone", "counter", "wechat", "letter", "oral"}[i]}, "content": {"第" + string(rune('1'+i)) + "件事"}})
		}
		list := b.Get(b.P("desk") + "?state=all").OK(k)
		pdf := k.Paper(b.Get(b.P("desk/register.pdf")).OK(k).Body)
		for i := range 5 {
			if what := "第" + string(rune('1'+i)) + "件事"; !list.Has(what) || !strings.Contains(pdf, what) {
				k.Errorf("%s is in the list: %v; in print: %v", what, list.Has(what), strings.Contains(pdf, what))
			}
		}
		if !strings.Contains(pdf, "FM-KF-001") || !strings.Contains(pdf, "诉求记录表") {
			k.Error("the printed register lacks its name or number")
		}
		if !list.Has("热线每日 24 小时") {
			k.Errorf("the hours of the hotline: %s", list.Text("main"))
		}
		k.Off("C19.1")
		if p := b.Get(b.P("desk")); p.Has("热线") {
			k.Error("switched off, the hotline is still promised")
		}
	})
}

func TestD5_1_RequestsAreTakenAtAnyHourOfAnyDay(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2026, 10, 1, 3, 0, 0, 0, core.China)) // the national day, three in the night
		id := take(k, url.Values{"kind": {desk.Emergency}, "content": {"楼上装修噪音"}})
		if m := get(k, id); !m.At.Equal(k.Now()) || m.State != desk.StateOpen {
			k.Errorf("taken %s, %s", m.At, m.State)
		}
		b := k.As(core.Desk)
		if p := b.Get(b.P("desk")); !p.Has("全年接待 365 天、报修投诉每日 24 小时") {
			k.Errorf("the promise: %s", p.Text("main"))
		}
		k.Off("D5.1")
		if p := b.Get(b.P("desk")); p.Has("全年接待") {
			k.Error("switched off, the reception is still promised")
		}
	})
}

func TestTheListFindsByWhatTheSearchFinds(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		own := get(k, take(k, url.Values{"content": {"会议室门锁打不开怎么办"}}))
		take(k, url.Values{"kind": {"repair"}, "content": {"茶水间水龙头滴水"}, "phone": {"13912345678"}})
		b := k.As(core.Desk)
		for q, want := range map[string]string{"门锁": "会议室", "茶水间": "滴水", "5678": "滴水", own.Number: "会议室", "陈静 门锁": "会议室"} {
			rows := b.Get(b.P("desk") + "?q=" + url.QueryEscape(q)).OK(k).Find("main tbody tr")
			if rows.Length() != 1 || !strings.Contains(rows.Text(), want) {
				k.Errorf("%q finds %d: %s", q, rows.Length(), rows.Text())
			}
		}
		if n := b.Get(b.P("desk") + "?q=" + url.QueryEscape("没有这样的事")).Find("main tbody tr a").Length(); n != 0 {
			k.Errorf("nonsense finds %d", n)
		}
	})
}

func TestL5_ErasureBlanksWhoCalled(t *testing.T) {
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
		id := take(k, url.Values{"who": {who.String() + ".0.0"}})
		if m := get(k, id); m.Customer != who || m.CustomerName != "华达科技" {
			k.Fatalf("taken for %s %q", m.Customer, m.CustomerName)
		}
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error {
			return desk.Module().OnErase[0](ctx, tx, k.Project.ID, who)
		})
		if m := get(k, id); m.Contact != "" || m.Phone != "" || m.CustomerName != "" || m.Content == "" {
			k.Errorf("after the erasure: %+v", m)
		}
		b := k.As(core.Desk)
		if n := b.Get(b.P("desk") + "?q=" + url.QueryEscape("陈静")).Find("main tbody tr a").Length(); n != 0 {
			k.Error("the search still knows the name")
		}
	})
}
