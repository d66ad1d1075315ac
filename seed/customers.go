package seed

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/user"
	"huiyin/module/visit"
	"huiyin/notify"
)

// particulars complete a file as 客户基本信息表 wants it, without chance: they change nothing in what the others drew.
func (t *town) particulars(ctx context.Context, in *customer.In) {
	n := len(t.units)
	in.Enterprise, in.ParentOrg = []string{"private", "private", "foreign", "state", "joint"}[n%5], "无"
	in.Address = core.Personal(fmt.Sprintf("深圳市南山区科苑路%d号", n%90+1))
	in.Contacts[0].Mail = core.Personal(fmt.Sprintf("office%03d@tenant.example", n))
	if in.Kind == customer.KindOwner {
		in.Plates = core.Personal(fmt.Sprintf("粤B%05d", 10000+n*37))
		return
	}
	in.LeaseFrom = core.Today(ctx)
	in.LeaseTo = in.LeaseFrom.Add(3*365 - 1)
}

// papers files what admission asks for (A8.1).
func (t *town) papers(ctx context.Context, tx db.Tx, id core.ID, in customer.In) error {
	n := len(t.units)
	clerk := t.one(ctx, core.Desk)
	if err := customer.FilePaper(clerk, tx, id, customer.Paper{Kind: customer.Qualification, Title: "营业执照", Number: fmt.Sprintf("YZ-%05d", 30000+n)}); err != nil {
		return err
	}
	title := "租赁合同"
	if in.Kind == customer.KindOwner {
		title = "前期物业服务合同"
	}
	return customer.FilePaper(clerk, tx, id, customer.Paper{Kind: customer.Contract, Title: title, Number: fmt.Sprintf("HT-%04d", n+1), Until: in.LeaseTo})
}

// news is what clerks hear in daily work, by kind.
func news() []customer.Remark {
	return []customer.Remark{{Kind: "business", Text: "新签两个大客户,计划扩编二十人"}, {Kind: "need", Text: "希望增加两个固定车位"}, {Kind: "opinion", Text: "午间电梯等候偏长,建议分层"}, {Kind: "business", Text: "总部压缩费用,正在评估续租面积"},
		{Kind: "need", Text: "会议较多,需要周末空调加时"}, {Kind: "other", Text: "下月公司十周年,大堂想摆花篮"}}
}

// daily is what is noted about customers twice a week (A8.1), and now and then a letter or a fax (C15.7).
func (t *town) daily(ctx context.Context, tx db.Tx, morning time.Time) error {
	when := morning.Add(5 * time.Hour)
	if len(t.units) == 0 || when.After(t.now) {
		return nil
	}
	clerk, u := t.one(at(ctx, when), core.Desk), t.units[t.today*7%len(t.units)]
	if t.today%7 == 2 || t.today%7 == 4 {
		if err := customer.AddRemark(clerk, tx, u.customer, news()[t.today/3%len(news())]); err != nil {
			return err
		}
	}
	if t.today%21 == 6 {
		return customer.Correspond(clerk, tx, u.customer, customer.Letter{At: when, Direction: customer.Inward, How: "letter", Subject: "申请周末施工", Text: "因设备进场,申请周六上午施工,请批复"})
	}
	return nil
}

// remind asks the customers whose verification comes near to check their information (B1.6).
func (t *town) remind(ctx context.Context, tx db.Tx, _ core.Month) error {
	_, _, err := customer.RemindAll(t.one(ctx, core.Desk), tx)
	return err
}

// letters leave the desk some mail: one taken down, one that nobody signed, and a change that a customer proposed.
func (t *town) letters(ctx context.Context, tx db.Tx) error {
	box, err := desk.PutInbox(t.one(ctx, core.Admin), tx, desk.Inbox{Name: "客服信箱", Host: "imap.lhgc.example", Security: notify.TLS, Login: "service", Password: "demo", Address: "service@lhgc.example", Done: "已受理"})
	if err != nil {
		return err
	}
	u := t.units[len(t.units)/2]
	came := at(ctx, t.now.Add(-25*time.Minute))
	mailer := core.AsSystem(came)
	letter := fmt.Sprintf("From: %s <office%03d@tenant.example>\nTo: service@lhgc.example\nSubject: 周六能否加开空调\nMessage-ID: <0815@tenant.example>\n\n您好,本周六我司有培训,约四十人,九点到十七点,能否加开空调?费用怎样算?\n\n%s\n", u.contact, len(t.units)/2, u.contact)
	for _, raw := range []string{letter, "Subject: 发票\nContent-Type: multipart/mixed\n\n(没有发件人,也没有分隔)\n"} {
		if err := desk.Receive(mailer, tx, box, []byte(strings.ReplaceAll(raw, "\n", "\r\n"))); err != nil {
			return err
		}
	}
	own := core.WithActor(at(ctx, t.now.Add(-40*time.Minute)), core.Actor{Name: "客户(自助)"})
	return customer.ProposeOwn(own, tx, t.units[len(t.units)/3].customer, customer.OwnChange{Contact: "new", Name: "方敏", Phone: "13900005566", Mail: "fang@tenant.example", Message: "前台换人,请联系方敏"})
}

// tastes are what the cards of key customers say about their heads.
func tastes() []visit.Card {
	return []visit.Card{{Post: "总经理", Taste: "喝茶不喝咖啡;习惯上午十点后会客", Note: "来访前一天与秘书确认"}, {Post: "董事", Taste: "喜欢书画;不喝酒", Note: "每年春节前拜访"}, {Post: "行政总监", Taste: "看重书面答复,邮件抄送", Note: "关注空调和电梯"},
		{Post: "合伙人", Taste: "常出差,微信联系最快", Note: "周五一般在办公室"}}
}

// card makes the card of a customer of the first class on the day of filing (C8.1).
func (t *town) card(ctx context.Context, tx db.Tx, u unit, in customer.In) error {
	if !visit.FirstClass(customer.Customer{Category: in.Category, Grade: in.Grade}) {
		return nil
	}
	head := in.Contacts[1]
	c := tastes()[len(t.keys)%len(tastes())]
	c.Customer, c.Person, c.Company, c.Address, c.Phone, c.WeChat = u.customer, head.Name, u.name, in.Address, head.Phone, core.Personal("wx"+string(head.Phone[3:]))
	t.keys = append(t.keys, u)
	_, err := visit.MakeCard(t.one(ctx, core.Desk), tx, c)
	return err
}

// leaves is how many days before the last one of the desk leaves.
const leaves = 12

// hireLeaver adds the clerk who will leave: some customers are hers.
func (t *town) hireLeaver(ctx context.Context, tx db.Tx) error {
	id, err := user.Add(ctx, tx, user.In{Name: "温雅", Login: "desk3", Password: Password, Roles: map[core.ID][]core.Role{t.place.ID: {core.Desk}}, Department: departments()[core.Desk]})
	if err != nil {
		return err
	}
	t.leaver, err = user.Actor(ctx, tx, id)
	return err
}

// handovers: the clerk leaves; the next day the manager gives her customers to another, who are told by letter (C15.4).
func (t *town) handovers(ctx context.Context, tx db.Tx, morning time.Time) error {
	manager := t.one(at(ctx, morning.Add(3*time.Hour)), core.Manager)
	id, err := db.Value[core.ID](ctx, tx, "select coalesce(max(id), 0) from customer_handover where project_id = $1 and leaver_id = $2", t.place.ID, t.leaver.ID)
	switch left := t.left(); {
	case err != nil:
		return err
	case left == leaves+1:
		return t.byMail(t.one(at(ctx, morning.Add(2*time.Hour)), core.Desk), tx)
	case left == leaves:
		_, err = user.Leave(t.one(at(ctx, morning.Add(9*time.Hour)), core.Admin), tx, t.leaver.ID, user.LeaveIn{Reason: "个人原因离职,工作已交接"})
	case id != 0 && left == leaves-1:
		next := t.staff[core.Desk][1]
		err = customer.HandOver(manager, tx, id, next.ID, next.Name)
	case id != 0 && left == leaves-3:
		err = customer.Told(manager, tx, id, "通知函由新经办人当面送达")
	}
	if err != nil {
		return fmt.Errorf("a handover: %w", err)
	}
	return nil
}

// byMail notes that one of the leaver's customers wants his letters by e-mail.
func (t *town) byMail(ctx context.Context, tx db.Tx) error {
	const first = 7 // of the leaver's
	if len(t.units) <= first {
		return nil
	}
	ks, err := customer.Contacts(ctx, tx, t.units[first].customer)
	if err != nil || len(ks) == 0 {
		return err
	}
	return notify.Choose(ctx, tx, t.place.ID, ks[0].ID, notify.Choice{Mail: "front.desk@tenant.example", Ordinary: []string{string(notify.Mail)}})
}
