package visit

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/register"
	"huiyin/regulation"
)

// Contact is one regular contact with a customer (主动沟通, A3.6), or a try at one.
type Contact struct {
	Ref          core.Ref
	Version      int64
	Customer     core.ID
	CustomerName core.Personal
	How          string
	At           time.Time
	Reached      bool
	Person       core.Personal
	Needs        string
	Opinions     string
	By           string
}

func (c *Contact) cells() []db.Cell {
	return []db.Cell{{Name: "customer_id", Ptr: &c.Customer}, {Name: "customer_name", Ptr: &c.CustomerName}, {Name: "how", Ptr: &c.How}, {Name: "at", Ptr: &c.At}, {Name: "reached", Ptr: &c.Reached}, {Name: "person", Ptr: &c.Person},
		{Name: "needs", Ptr: &c.Needs}, {Name: "opinions", Ptr: &c.Opinions}, {Name: "by_name", Ptr: &c.By}}
}

func (c *Contact) dest() []any { return db.CellDest(&c.Ref, &c.Version, c.cells()) }

// ContactKind is the register of regular contacts.
func ContactKind() register.Kind {
	return register.Kind{Name: "outreach", Plural: "outreaches", Label: core.T("主动沟通", "Regular contacts"), Table: "visit_contact", Choices: map[string][]core.Choice{"how": Hows()},
		Events: map[string]core.Text{"contacted": core.T("{how}联系客户", "got in touch by {how}"), "missed": core.T("{how}联系不上", "nobody was reached by {how}")}}
}

// Hows are the ways to get in touch (A3.6).
func Hows() []core.Choice {
	return []core.Choice{{Value: "phone", Label: core.T("电话", "Telephone")}, {Value: "mail", Label: core.T("邮件", "E-mail")}, {Value: "sms", Label: core.T("短信", "Text message")}, {Value: "wechat", Label: core.T("微信", "WeChat")}, {Value: "seminar", Label: core.T("座谈会", "Round table")}}
}

// Reach records a contact: what the customer needs and thinks, or that nobody was reached (A3.6).
func Reach(ctx context.Context, tx db.Tx, in Contact) (core.ID, error) {
	c, err := customer.Get(ctx, tx, in.Customer)
	if err == nil && !c.Live() {
		err = core.Invalid("customer", "该客户档案已并入或删除", "That customer's file was merged or erased")
	}
	if err == nil {
		err = regulation.Require(ctx, tx, "A3.6", !in.Reached || core.Filled(in.Needs, in.Opinions), "沟通要记录客户的需求与意见(没有的写「无」)", "A contact records the customer's needs and opinions (write “none” where there is none)")
	}
	if err != nil {
		return 0, err
	}
	in.Ref, in.Version, in.CustomerName, in.By = core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "outreach", ID: tx.NewID()}, 1, c.Name, core.ActorOf(ctx).Name
	if in.At.IsZero() {
		in.At = core.Now(ctx)
	}
	if in.At.After(core.Now(ctx)) {
		return 0, core.Invalid("at", "时间不能晚于现在", "The time cannot be later than now")
	}
	if err := db.InsertCells(ctx, tx, "visit_contact", in.Ref, in.cells()); err != nil {
		return 0, err
	}
	verb, t := "contacted", Touch{Contacted: in.At}
	if !in.Reached {
		verb, t = "missed", Touch{Missed: 1}
	}
	if err := touched(ctx, tx, c.ID, t); err != nil {
		return 0, err
	}
	if in.Reached {
		if err := duty.Done(ctx, tx, "A3.6", c.Ref()); err != nil {
			return 0, err
		}
	}
	tx.Publish(Topic(in.Ref.Project))
	return in.Ref.ID, journal.Add(ctx, tx, in.Ref, verb, map[string]any{"how": in.How, "person": in.Person, "needs": in.Needs, "opinions": in.Opinions}, journal.For(c.ID))
}

// GetContact reads one contact of the request's project.
func GetContact(ctx context.Context, tx db.Tx, id core.ID) (Contact, error) {
	c, err := db.One(ctx, tx, (*Contact).dest, "select "+db.CellNames(new(Contact).cells())+" from visit_contact where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	c.Ref.Kind = "outreach"
	return c, err
}

func findContacts(ctx context.Context, tx db.Tx, q register.Query) ([]Contact, error) {
	c := inProject(ctx)
	if v := q.Filter["how"]; v != "" {
		c.Add("how = ?", v)
	}
	if q.Filter["missed"] == "missed" {
		c.Conds = append(c.Conds, "not reached")
	}
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		c.Add("id < ?", id)
	}
	cs, err := db.All(ctx, tx, (*Contact).dest, "select "+db.CellNames(new(Contact).cells())+" from visit_contact where "+c.Then("id desc", q.Limit), c.Args...)
	for i := range cs {
		cs[i].Ref.Kind = "outreach"
	}
	return cs, err
}

func contacts() register.Register[Contact] {
	f := func(name, zh, en string, ptr func(*Contact) any, choices ...core.Choice) core.Field[Contact] {
		return core.Field[Contact]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	in := []core.Field[Contact]{
		{Name: "customer", Label: core.T("客户", "Customer"), Ptr: func(c *Contact) any { return &c.Customer }, Required: true, Source: "customer"},
		core.Ask("how", "方式", "How", func(c *Contact) any { return &c.How }, core.Required, core.Radio[Contact](Hows())),
		{Name: "reached", Label: core.T("联系上了", "Somebody was reached"), Ptr: func(c *Contact) any { return &c.Reached }, Hint: core.T("没有联系上的不勾,连续联系不上会进入预警", "Leave it open when nobody was; several tries in vain are a warning signal")},
		core.Ask("person", "对方", "Whom", func(c *Contact) any { return &c.Person }), core.Ask("needs", "需求", "Needs", func(c *Contact) any { return &c.Needs }, core.Lines), core.Ask("opinions", "意见", "Opinions", func(c *Contact) any { return &c.Opinions }, core.Lines),
		core.Ask("at", "时间", "Time", func(c *Contact) any { return &c.At })}
	return register.Register[Contact]{Kind: ContactKind(), Viewers: callers(), Export: heads(), Columns: []string{"at", "customer_name", "how", "reached", "needs", "opinions", "by"}, Topic: "visit",
		Fields: []core.Field[Contact]{f("at", "时间", "Time", func(c *Contact) any { return &c.At }), f("customer_name", "客户", "Customer", func(c *Contact) any { return &c.CustomerName }), f("how", "方式", "How", func(c *Contact) any { return &c.How }, Hows()...),
			f("reached", "联系上", "Reached", func(c *Contact) any { return &c.Reached }), f("person", "对方", "Whom", func(c *Contact) any { return &c.Person }), f("needs", "需求", "Needs", func(c *Contact) any { return &c.Needs }),
			f("opinions", "意见", "Opinions", func(c *Contact) any { return &c.Opinions }), f("by", "联系人", "By", func(c *Contact) any { return &c.By })},
		Filters: []register.Filter{{Name: "how", Label: core.T("方式", "How"), Kind: core.KindChoice, Choices: Hows()}, {Name: "missed", Label: core.T("未联系上", "Not reached"), Kind: core.KindChoice, Choices: []core.Choice{{Value: "missed", Label: core.T("是", "Yes")}}}},
		ID:      func(c *Contact) core.ID { return c.Ref.ID }, Version: func(c *Contact) int64 { return c.Version }, Cursor: func(c *Contact) string { return c.Ref.ID.String() }, Find: findContacts, Get: GetContact,
		Verbs: []register.Verber{register.Verb[Contact]{Name: "new", New: true, Primary: true, Label: core.T("登记沟通", "Record a contact"), Roles: callers(), Clause: "A3.6", Fields: in,
			Fill: func(ctx context.Context, _ db.Tx, _ core.ID, c *Contact) error {
				c.How, c.Reached, c.At = "phone", true, core.Now(ctx)
				return nil
			},
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, c Contact) (core.ID, error) { return Reach(ctx, tx, c) }}}}
}
