package visit

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/register"
	"huiyin/regulation"
)

// Card is a key customer's card (重点客户卡, C8.1).
type Card struct {
	Ref          core.Ref
	Version      int64
	Customer     core.ID
	CustomerName core.Personal
	Person       core.Personal
	Company      string
	Post         string
	Address      core.Personal
	Phone        core.Phone
	Mail         core.Personal
	WeChat       core.Personal
	Taste        string // habits and likes
	Note         string
}

func (c *Card) cells() []db.Cell {
	return []db.Cell{{Name: "customer_id", Ptr: &c.Customer}, {Name: "customer_name", Ptr: &c.CustomerName}, {Name: "person", Ptr: &c.Person}, {Name: "company", Ptr: &c.Company}, {Name: "post", Ptr: &c.Post}, {Name: "address", Ptr: &c.Address},
		{Name: "phone", Ptr: &c.Phone}, {Name: "mail", Ptr: &c.Mail}, {Name: "wechat", Ptr: &c.WeChat}, {Name: "taste", Ptr: &c.Taste}, {Name: "note", Ptr: &c.Note}}
}

func (c *Card) dest() []any { return db.CellDest(&c.Ref, &c.Version, c.cells()) }

// CardKind is the register of cards.
func CardKind() register.Kind {
	return register.Kind{Name: "keycard", Plural: "keycards", Label: core.T("重点客户卡", "Key customers' cards"), Table: "visit_card", Events: map[string]core.Text{"carded": core.T("建卡", "made the card"), "edited": core.T("更新", "updated"),
		"revealed": core.T("查看明文:{reason}", "revealed: {reason}")}}
}

// needsCard: C8.1, a key customer is visited with his card.
func needsCard(ctx context.Context, tx db.Tx, c customer.Customer, sort string) error {
	if !FirstClass(c) || sort != KeyVisit {
		return nil
	}
	n, err := db.Value[int64](ctx, tx, "select count(*) from (select 1 from visit_card where project_id = $1 and customer_id = $2 and voided_at is null limit 1) x", c.Project, c.ID)
	if err != nil {
		return err
	}
	return regulation.Require(ctx, tx, "C8.1", n > 0, "重点客户要先单独建卡(姓名、单位、职位、住址、联系方式)", "A key customer has a card first: name, company, position, address and contact details")
}

// complete: C8.1, a card gives name, company, post, address and a way to get in touch.
func (c Card) complete(ctx context.Context, tx db.Tx) error {
	return regulation.Require(ctx, tx, "C8.1", core.Filled(string(c.Person), c.Company, c.Post, string(c.Address)) && (c.Phone != "" || c.Mail != "" || c.WeChat != ""), "客户卡要有姓名、单位、职位、住址、联系方式", "A card gives name, company, position, address and contact details")
}

// MakeCard makes a card of a customer's person.
func MakeCard(ctx context.Context, tx db.Tx, in Card) (core.ID, error) {
	c, err := customer.Get(ctx, tx, in.Customer)
	if err == nil && !c.Live() {
		err = core.Invalid("customer", "该客户档案已并入或删除", "That customer's file was merged or erased")
	}
	if err == nil {
		err = in.complete(ctx, tx)
	}
	if err != nil {
		return 0, err
	}
	in.Ref, in.Version, in.CustomerName = core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "keycard", ID: tx.NewID()}, 1, c.Name
	if err := db.InsertCells(ctx, tx, "visit_card", in.Ref, in.cells()); err != nil {
		return 0, err
	}
	return in.Ref.ID, journal.Add(ctx, tx, in.Ref, "carded", map[string]any{"person": in.Person, "post": in.Post, "phone": in.Phone, "address": in.Address}, journal.For(c.ID))
}

// EditCard changes a card.
func EditCard(ctx context.Context, tx db.Tx, id core.ID, in Card) error {
	c, err := db.One(ctx, tx, (*Card).dest, db.Locked(tx, "select "+db.CellNames(new(Card).cells())+" from visit_card where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	if err == nil {
		err = in.complete(ctx, tx)
	}
	if err != nil {
		return err
	}
	in.Ref, in.Version, in.Customer, in.CustomerName = c.Ref, c.Version, c.Customer, c.CustomerName
	in.Ref.Kind = "keycard"
	if err := db.UpdateCells(ctx, tx, "visit_card", in.Ref, in.Version, in.cells()); err != nil {
		return err
	}
	return journal.Add(ctx, tx, in.Ref, "edited", map[string]any{"person": in.Person, "post": in.Post, "phone": in.Phone, "address": in.Address}, journal.For(c.Customer))
}

// GetCard reads one card of the request's project.
func GetCard(ctx context.Context, tx db.Tx, id core.ID) (Card, error) {
	c, err := db.One(ctx, tx, (*Card).dest, "select "+db.CellNames(new(Card).cells())+" from visit_card where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	c.Ref.Kind = "keycard"
	return c, err
}

func findCards(ctx context.Context, tx db.Tx, q register.Query) ([]Card, error) {
	c := inProject(ctx)
	c.Conds = append(c.Conds, "voided_at is null")
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		c.Add("id < ?", id)
	}
	cs, err := db.All(ctx, tx, (*Card).dest, "select "+db.CellNames(new(Card).cells())+" from visit_card where "+c.Then("id desc", q.Limit), c.Args...)
	for i := range cs {
		cs[i].Ref.Kind = "keycard"
	}
	return cs, err
}

func cardFields() []core.Field[Card] {
	return []core.Field[Card]{core.Ask("person", "姓名", "Name", func(c *Card) any { return &c.Person }), core.Ask("company", "单位", "Company", func(c *Card) any { return &c.Company }), core.Ask("post", "职位", "Position", func(c *Card) any { return &c.Post }),
		core.Ask("address", "住址", "Address", func(c *Card) any { return &c.Address }), core.Ask("phone", "电话", "Telephone", func(c *Card) any { return &c.Phone }), core.Ask("mail", "邮箱", "E-mail", func(c *Card) any { return &c.Mail }),
		core.Ask("wechat", "微信", "WeChat", func(c *Card) any { return &c.WeChat }), core.Ask("taste", "习惯与喜好", "Habits and likes", func(c *Card) any { return &c.Taste }, core.Lines), core.Ask("note", "备注", "Remarks", func(c *Card) any { return &c.Note }, core.Lines)}
}
