package customer_test

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/customer"
	"huiyin/notify"
	"huiyin/testkit"
)

// at is a page's own address.
func at(p *testkit.Page) string { return strings.SplitN(p.URL, "?", 2)[0] }

func idOf(k *testkit.Kit, p *testkit.Page) core.ID {
	k.Helper()
	parts := strings.Split(at(p), "/")
	id, err := core.ParseID(parts[len(parts)-1])
	k.Must(err)
	return id
}

func TestA8_1_AdmissionPapersAndDatedNotesAreFiled(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		page := opened(k, b, aFile())
		if !page.Has("准入资料还缺") || !page.Has("A8.1") {
			k.Errorf("nothing is said of qualification and contract: %s", page.Text("main"))
		}
		if p := b.Submit(at(page)+"/add_paper", map[string]string{"kind": customer.Contract, "title": "租赁合同"}); p.Status != 422 {
			k.Errorf("a paper without number and scan: %d", p.Status)
		}
		b.Submit(at(page)+"/add_paper", map[string]string{"kind": customer.Contract, "title": "租赁合同", "number": "ZL-2026-018", "until": "2028-12-31"}).OK(k)
		b.Submit(at(page)+"/add_paper", map[string]string{"kind": customer.Qualification, "title": "营业执照", "number": "91440300708461136T"}).OK(k)
		if p := b.Submit(at(page)+"/note", map[string]string{"kind": "business", "text": "近两月客流下降三成", "on": "2027-01-01"}); p.Status != 422 {
			k.Errorf("a note of tomorrow: %d", p.Status)
		}
		now := b.Submit(at(page)+"/note", map[string]string{"kind": "business", "text": "近两月客流下降三成", "on": "2026-11-17"}).OK(k)
		for _, want := range []string{"ZL-2026-018", "2028-12-31", "营业执照", "近两月客流下降三成", "经营状况", "2026-11-17"} {
			if !now.Has(want) {
				k.Errorf("the file does not show %s", want)
			}
		}
		if now.Has("准入资料还缺") {
			k.Error("everything is there, and something lacks still")
		}
		bare := aFile()
		bare["name"], bare["id_no"] = "另一家商行", ""
		other := opened(k, b, bare)
		k.Off("A8.1")
		if p := b.Get(at(other)).OK(k); p.Has("准入资料还缺") {
			k.Error("switched off, papers still lack")
		}
	})
}

func TestB1_5_WhatIsCollectedFollowsTheTypeAndFamiliesAreOffByDefault(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		owner := opened(k, b, map[string]string{"name": "张三丰", "kind": "owner", "form": "person", "category": "ordinary", "consent": "written", "contacts.0.name": "张三丰", "contacts.0.role": "contact", "contacts.0.phone": "13800002231"})
		if !owner.Has("按类型还缺") || !owner.Has("车牌号") {
			k.Errorf("an owner without address and plate: %s", owner.Text("main"))
		}
		id := idOf(k, owner)
		member := customer.Family{Name: "李小龙", Relation: "配偶", Phone: "13900000009"}
		add := func(in customer.Family) error {
			return k.TryWrite(core.Desk, func(ctx context.Context, tx db.Tx) error {
				_, err := customer.AddFamily(ctx, tx, id, in)
				return err
			})
		}
		member.How = "written"
		k.Refused("B1.5", add(member))
		k.Refused("B1.5", k.TryWrite(core.Desk, func(ctx context.Context, tx db.Tx) error {
			_, err := customer.AddContact(ctx, tx, id, customer.Entry{Name: "李小龙", Role: customer.RoleFamily})
			return err
		}))
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			now := core.Now(ctx)
			_, err := db.Exec(ctx, tx, `insert into regulation_setting (project_id, id, created_at, changed_at, clause, name, value, from_at) values ($1,$2,$3,$3,'B1.5','family','asked',$4)`, k.Project.ID, tx.NewID(), now, now.AddDate(-1, 0, 0))
			return err
		})
		member.How = ""
		k.Refused("B1.5", add(member))
		member.How = "written"
		k.Must(add(member))
		if p := b.Get(at(owner)).OK(k); !p.Has("李小龙") || !p.Has("家庭成员") || p.Has("13900000009") {
			k.Errorf("the family member: %s", p.Text("main"))
		}
		k.Off("B1.5")
		member.Name, member.How = "李小虎", ""
		k.Must(add(member))
		if p := b.Get(at(owner)).OK(k); p.Has("按类型还缺") {
			k.Error("switched off, something lacks still")
		}
	})
}

// link is the last reminder's path, out of the letter that was sent.
func link(k *testkit.Kit, id core.ID) (path string) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		all, err := notify.ToCustomer(ctx, tx, k.Project.ID, id, 1)
		if err != nil || len(all) == 0 {
			return err
		}
		_, _, body, err := all[0].Open(ctx, tx)
		path = regexp.MustCompile(`/check/\S+`).FindString(body)
		return err
	})
	if path == "" {
		k.Fatal("no link was sent")
	}
	return path
}

func site(k *testkit.Kit) {
	k.Write(core.Admin, func(ctx context.Context, tx db.Tx) error {
		return notify.SetSite(ctx, tx, notify.SiteSetting{Base: "https://huiyin.example"})
	})
}

func TestB1_6_TheCustomerIsRemindedAndProposesWhatAClerkVerifies(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		site(k)
		b := k.As(core.Desk)
		values := aFile()
		values["contacts.0.mail"] = "Chen@Huada.example"
		page := opened(k, b, values)
		id := idOf(k, page)
		if p := b.Get(b.P("customer/check")).OK(k); p.Has("深圳市华达科技有限公司") {
			k.Error("reminded a year too early")
		}
		k.Advance(testkit.Days(340))
		list := b.Get(b.P("customer/check")).OK(k)
		if !list.Has("深圳市华达科技有限公司") || !list.Has("邮件") {
			k.Fatalf("the list of whom to remind: %s", list.Text("main"))
		}
		open := func(state string) (n int) {
			k.Read(func(ctx context.Context, tx db.Tx) error {
				ds, err := duty.Of(ctx, tx, duty.PeriodRef(k.Project.ID, core.MonthOf(core.Now(ctx), k.Project.Zone)))
				for _, d := range ds {
					if d.Clause == "B1.6" && d.State == state {
						n++
					}
				}
				return err
			})
			return n
		}
		if open(duty.StateOpen) != 1 {
			k.Error("no duty of the month to remind")
		}
		if p := b.SubmitForm(list, "form[action$='/customer/check']", nil).OK(k); p.Has("深圳市华达科技有限公司") {
			k.Error("still to be reminded")
		}
		if open(duty.StateOpen) != 0 {
			k.Error("the month's duty is not done")
		}
		path := link(k, id)
		guest := k.Browser(0)
		own := guest.Get(path).OK(k)
		if !own.Has("138****2231") || own.Has("13800002231") || own.Has("陈静") || !own.Has("C****@") && !own.Has("c****@huada.example") {
			k.Errorf("the customer's page: %s", own.Text("main"))
		}
		if p := guest.Get(path[:len(path)-3] + "abc"); p.Status != 404 {
			k.Errorf("a made-up link: %d", p.Status)
		}
		var contact string
		k.Read(func(ctx context.Context, tx db.Tx) error {
			ks, err := customer.Contacts(ctx, tx, id)
			contact = ks[0].ID.String()
			return err
		})
		if p := guest.Post(path, url.Values{"phone": {"13700001111"}}); p.Status != 422 {
			k.Errorf("a number of nobody: %d", p.Status)
		}
		guest.Post(path, url.Values{"contact": {contact}, "phone": {"13700001111"}, "plates": {"粤B12345"}}).OK(k)
		if p := b.Get(at(page)).OK(k); p.Has("137****1111") || p.Has("粤B12345") {
			k.Error("in force before it was verified")
		}
		forms := b.Get(b.P("upkeep?state=proposed")).OK(k)
		href := regexp.MustCompile(`/p/[a-z]+/upkeep/\d+`).FindString(string(forms.Body))
		if p := b.Submit(href+"/apply", nil); p.Status != 403 || !p.Has("B1.6") {
			k.Errorf("in force without a word how it was verified: %d %s", p.Status, p.Text("main"))
		}
		b.Submit(href+"/apply", map[string]string{"how": "phone", "note": "与陈静核对"}).OK(k)
		if p := b.Get(at(page)).OK(k); !p.Has("137****1111") || !p.Has("粤B12345") || p.Has("138****2231") {
			k.Errorf("after verification: %s", p.Text("main"))
		}
		if p := b.Get(href).OK(k); !p.Has("电话核对") || !p.Has("138****2231") || p.Has("13700001111") {
			k.Errorf("the trace: %s", p.Text("main"))
		}
		fine := k.Now()
		guest.Post(path+"/fine", nil).OK(k)
		k.Read(func(ctx context.Context, tx db.Tx) error {
			c, err := customer.Get(ctx, tx, id)
			if c.VerifiedAt.Before(fine.UTC()) {
				k.Errorf("verified at %s", c.VerifiedAt)
			}
			return err
		})
		guest.Post(path, url.Values{"plates": {"粤B99999"}}).OK(k)
		if p := b.Submit(regexp.MustCompile(`/p/[a-z]+/upkeep/\d+`).FindString(string(b.Get(b.P("upkeep?state=proposed")).Body))+"/decline", map[string]string{"text": "本人否认"}).OK(k); !p.Has("不予采纳") {
			k.Errorf("declined: %s", p.Text("main"))
		}
		k.Advance(testkit.Days(61))
		if p := guest.Get(path); p.Status != 404 {
			k.Errorf("a link that has run out: %d", p.Status)
		}
		k.Off("B1.6")
		b.Submit(at(page)+"/remind", nil).OK(k)
		guest.Post(link(k, id), url.Values{"plates": {"粤B77777"}}).OK(k)
		href = regexp.MustCompile(`/p/[a-z]+/upkeep/\d+`).FindString(string(b.Get(b.P("upkeep?state=proposed")).Body))
		b.Submit(href+"/apply", nil).OK(k)
	})
}

func TestC6_8_CustomersAreOrdinaryOrSpecial(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		usual := opened(k, b, aFile())
		if !usual.Has("一般客户(有业务往来)") {
			k.Errorf("the nature by default: %s", usual.Text("main"))
		}
		bank := map[string]string{"name": "某某银行深圳分行", "kind": "partner", "form": "org", "category": "ordinary", "nature": customer.Special, "consent": "written"}
		if p := b.Submit(b.P("customer/new"), bank); p.Status != 403 || !p.Has("C6.8") {
			k.Errorf("special without saying what it does: %d", p.Status)
		}
		bank["trade"] = "bank"
		opened(k, b, bank)
		if p := b.Get(b.P("customer?nature=special")).OK(k); !p.Has("某某银行深圳分行") || p.Has("深圳市华达科技有限公司") {
			k.Errorf("the list of special customers: %s", p.Text("main"))
		}
		k.Off("C6.8")
		bank["name"], bank["trade"] = "某某律师事务所", ""
		opened(k, b, bank)
	})
}

func TestC15_3_AFileIsReadInFullWithApprovalOnly(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		page := opened(k, b, aFile())
		id := idOf(k, page)
		department := func(r core.Role, name string) {
			k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
				return db.ExecOne(ctx, tx, "update user_seat set department = $1 where project_id = $2 and user_id = $3", name, k.Project.ID, k.Users[r])
			})
		}
		for r, name := range map[core.Role]string{core.Desk: "客服部", core.Supervisor: "客服部", core.Leasing: "招商部", core.Archivist: "客服部", core.Cashier: "财务部"} {
			department(r, name)
		}
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			return db.ExecOne(ctx, tx, "update customer_customer set keeper_id = $1 where project_id = $2 and id = $3", k.Users[core.Archivist], k.Project.ID, id)
		})
		full := func(b *testkit.Browser) int {
			return b.Post(at(page)+"/form.pdf", url.Values{"reason": {"核对合同"}}).Status
		}
		phone := b.Post(at(page)+"/reveal", url.Values{"field": {"phone"}, "reason": {"通知停水"}})
		if phone.Status != 200 || !phone.Has("13800002231") {
			k.Errorf("a clerk may not see a number for daily work: %d", phone.Status)
		}
		if p := b.Post(at(page)+"/form.pdf", url.Values{"reason": {"核对合同"}}); p.Status != 403 || !p.Has("C15.3") {
			k.Errorf("read in full without approval: %d", p.Status)
		}
		if s := full(k.As(core.Supervisor)); s != 200 {
			k.Errorf("the head of the department: %d", s)
		}
		ask := func(r core.Role) (url string) {
			k.As(r).Submit(at(page)+"/ask_access", map[string]string{"text": "核对合同"}).OK(k)
			k.Read(func(ctx context.Context, tx db.Tx) error {
				rs, err := db.Values[core.ID](ctx, tx, "select id from approval_request where project_id = $1 and verb = 'customer.access' and state = 'waiting' order by id desc", k.Project.ID)
				url = b.P("approval/" + rs[0].String())
				return err
			})
			return url
		}
		yes := func(r core.Role, at string) int {
			return k.As(r).Post(at+"/decide", url.Values{"decision": {"yes"}, "note": {"同意"}}).Status
		}
		own := ask(core.Desk)
		if s := yes(core.GM, own); s == 200 {
			k.Error("the general manager decides for a department")
		}
		if s := yes(core.Supervisor, own); s != 200 {
			k.Fatalf("the department's head approves: %d", s)
		}
		if s := full(b); s != 200 {
			k.Errorf("approved, and still closed: %d", s)
		}
		k.SetNow(k.Now().Add(testkit.Days(8)))
		if s := full(b); s != 403 {
			k.Errorf("the approval has run out: %d", s)
		}
		if p := b.Get(at(page)).OK(k); !p.Has("查阅完整档案") || !p.Has("核对合同") {
			k.Errorf("the trace: %s", p.Text("main"))
		}
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			return db.ExecOne(ctx, tx, "update customer_customer set keeper_id = $1 where project_id = $2 and id = $3", k.Users[core.Leasing], k.Project.ID, id)
		})
		if s := full(k.As(core.Supervisor)); s != 403 {
			k.Errorf("the head of another department: %d", s)
		}
		foreign := ask(core.Desk)
		if s := yes(core.Supervisor, foreign); s == 200 {
			k.Error("another department's file, approved by one's own head")
		}
		if s := yes(core.GM, foreign); s != 200 {
			k.Errorf("the general manager approves: %d", s)
		}
		if s := full(b); s != 200 {
			k.Errorf("approved by the general manager: %d", s)
		}
		k.SetNow(k.Now().Add(testkit.Days(8)))
		k.Off("C15.3")
		if s := full(b); s != 200 {
			k.Errorf("switched off, still closed: %d", s)
		}
	})
}

func TestC15_7_CorrespondenceIsFiledUnderTheCustomer(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		page := opened(k, b, aFile())
		id := idOf(k, page)
		b.Submit(at(page)+"/letter", map[string]string{"direction": "in", "how": "fax", "subject": "申请延长装修期", "text": "因材料未到,申请延长十天"}).OK(k)
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
			return notify.Send(ctx, tx, k.Project.ID, notify.To{Customer: id, Phone: "13800002231"}, notify.Letter{Template: "test", Ref: core.Ref{Project: k.Project.ID, Kind: "customer", ID: id}, Title: core.T("停水通知", "Water is cut off")})
		})
		from := func(id core.ID) error {
			return k.TryWrite(core.System, func(ctx context.Context, tx db.Tx) error {
				return customer.Correspond(ctx, tx, id, customer.Letter{Direction: customer.Inward, How: "mail", Subject: "来信询问账单", Source: core.Ref{Project: k.Project.ID, Kind: "desk", ID: 7}})
			})
		}
		k.Must(from(id))
		now := b.Get(at(page)).OK(k)
		for _, want := range []string{"申请延长装修期", "因材料未到", "传真", "停水通知", "短信", "来信询问账单"} {
			if !now.Has(want) {
				k.Errorf("the correspondence lacks %s: %s", want, now.Text("main"))
			}
		}
		k.Off("C15.7")
		k.Must(from(id))
		if p := b.Get(at(page)).OK(k); p.Has("因材料未到") {
			k.Error("switched off, correspondence still stands on the page")
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int64](ctx, tx, "select count(*) from customer_letter where project_id = $1 and customer_id = $2", k.Project.ID, id)
			if n != 2 {
				k.Errorf("%d lines are filed, want 2", n)
			}
			return err
		})
	})
}

func TestC15_8_TheInformationFormAndItsChanges(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		page := opened(k, b, aFile())
		if !page.Has("客户基本信息表还缺") || !page.Has("C15.8") {
			k.Errorf("the form lacks the type of enterprise: %s", page.Text("main"))
		}
		b.Submit(at(page)+"/change", map[string]string{"text": "搬到南山区"}).OK(k)
		b.Submit(at(page)+"/edit", map[string]string{"enterprise": "private", "parent_org": "无", "address": "深圳市南山区科苑路9号"}).OK(k)
		if p := b.Get(at(page)).OK(k); p.Has("客户基本信息表还缺") {
			k.Errorf("complete, and something lacks: %s", p.Text("main"))
		}
		form := k.Paper(b.Get(at(page) + "/basic.pdf").Body)
		for _, want := range []string{"客户基本信息表", "民营企业", "主管单位", "深圳市南山区科苑路9号", "138****2231"} {
			if !strings.Contains(form, want) {
				k.Errorf("the form lacks %s: %s", want, form)
			}
		}
		list := b.Get(b.P("upkeep")).OK(k)
		hrefs := regexp.MustCompile(`/p/[a-z]+/upkeep/\d+`).FindAllString(string(list.Body), -1)
		if len(hrefs) == 0 {
			k.Fatal("no maintenance form")
		}
		paper := k.Paper(b.Get(hrefs[0] + "/form.pdf").Body)
		for _, want := range []string{"客户信息维护表", "WH-202611-0001", "搬到南山区", "深圳市福田区深南大道1号", "深圳市南山区科苑路9号", "企业性质"} {
			if !strings.Contains(paper, want) {
				k.Errorf("the maintenance form lacks %s: %s", want, paper)
			}
		}
		count := func() (n int64) {
			k.Read(func(ctx context.Context, tx db.Tx) (err error) {
				n, err = db.Value[int64](ctx, tx, "select count(*) from customer_upkeep where project_id = $1", k.Project.ID)
				return err
			})
			return n
		}
		if n := count(); n != 1 {
			k.Errorf("%d forms, want 1: the words and what was entered are one", n)
		}
		b.Submit(at(page)+"/edit", map[string]string{"industry": "软件"}).OK(k)
		if n := count(); n != 2 {
			k.Errorf("%d forms, want 2", n)
		}
		k.Off("C15.8")
		b.Submit(at(page)+"/edit", map[string]string{"industry": "餐饮", "parent_org": ""}).OK(k)
		if n := count(); n != 2 {
			k.Errorf("switched off, a form was kept: %d", n)
		}
		if p := b.Get(at(page)).OK(k); p.Has("客户基本信息表还缺") {
			k.Error("switched off, something lacks still")
		}
	})
}
