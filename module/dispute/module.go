package dispute

import (
	"context"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// The roles of the verbs.
func mediators() []core.Role { return []core.Role{core.Supervisor, core.Manager, core.GM} }
func takers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Manager, core.GM, core.Quality}
}
func managers() []core.Role { return []core.Role{core.Manager, core.GM} }

// Module declares disputes.
func Module() house.Module {
	return house.Module{Name: "dispute", Label: core.T("纠纷", "Disputes"), Migrations: Migrations, Registers: []register.Any{disputes(), settlements()}, Routes: routes(), Forms: forms(),
		Tables: []journal.Table{{Kind: "dispute", Name: "dispute_case"}, {Kind: "settlement", Name: "dispute_act"}},
		Nav: []house.Nav{{Wing: house.Matters, Order: 40, Label: core.T("纠纷", "Disputes"), Icon: "scale", Path: "dispute", Perm: "dispute.view", Count: opened},
			{Wing: house.Matters, Order: 41, Label: core.T("协议履行", "Acts of agreements"), Icon: "checks", Path: "settlement", Under: "dispute", Perm: "settlement.view"}},
		Panels: []register.Panel{panel("customer", "id in (select dispute_id from dispute_party where project_id = $1 and customer_id = $2)"), panel("complaint", "complaint_id = $2")},
		Events: []house.Event{{Key: "dispute.taken", Label: core.T("受理了一件纠纷", "A dispute was taken down")}, {Key: "dispute.closed", Label: core.T("纠纷已结案", "A dispute was closed")}},
		Holds:  []func(context.Context, db.Tx, core.Ref) error{keep}, Signals: signals(), Follows: []string{"dispute_party", "dispute_act"}, OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{Erase},
		Clauses: []regulation.Claim{{Clause: "A6.3", By: []regulation.Mechanism{regulation.ByFlow, regulation.ByGuard, regulation.ByDuty}, Records: "dispute?state=all"},
			{Clause: "L6", By: []regulation.Mechanism{regulation.ByGuard}, Records: "dispute?state=all"}}}
}

func word(zh, en string) []core.Field[Word] {
	return []core.Field[Word]{core.Ask("text", zh, en, func(w *Word) any { return &w.Text }, core.Required, core.Lines)}
}

// checked turns a case's check into a verb's; what is not its turn has no button.
func checked(verb string, check func(context.Context, db.Tx, Case) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		c, err := db.Bag(tx, shown{id}, func() (Case, error) { return Get(ctx, tx, id) })
		if err == nil {
			err = check(ctx, tx, c)
		}
		if !tx.Writing() && register.IsLater(err) {
			return core.Forbidden("dispute." + verb)
		}
		return err
	}
}

// shown keeps the case of a request for the checks of all its buttons.
type shown struct{ id core.ID }

func sideFields() []core.Field[Side] {
	return []core.Field[Side]{core.Ask("kind", "是", "Is", func(s *Side) any { return &s.Kind }, func(f *core.Field[Side]) { f.Choices = partyKinds() }), {Name: "customer", Label: core.T("客户", "Customer"), Ptr: func(s *Side) any { return &s.Customer }, Source: "customer"},
		core.Ask("name", "名称(不在册的)", "Name, if not on file", func(s *Side) any { return &s.Name }), core.Ask("person", "代表人", "Spokesman", func(s *Side) any { return &s.Person }), core.Ask("phone", "电话", "Telephone", func(s *Side) any { return &s.Phone })}
}

// sides are the choices of a dispute's parties.
func sides(name string) func(context.Context, db.Tx, core.ID) (map[string][]core.Choice, error) {
	return func(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
		ps, err := Parties(ctx, tx, id)
		out := make([]core.Choice, len(ps))
		for i, p := range ps {
			out[i] = core.Choice{Value: p.ID.String(), Label: core.T("%s", "%s", string(p.Name))}
		}
		return map[string][]core.Choice{name: out}, err
	}
}

func takeFields() []core.Field[Intake] {
	return []core.Field[Intake]{core.Ask("title", "事由", "About", func(i *Intake) any { return &i.Title }, core.Required), core.Ask("sort", "类型", "Sort", func(i *Intake) any { return &i.Sort }, core.Required, core.Radio[Intake](Sorts())), core.Ask("content", "经过", "What happened", func(i *Intake) any { return &i.Content }, core.Required, core.Lines),
		core.Ask("place", "地点", "Place", func(i *Intake) any { return &i.Place }), core.Ask("amount", "争议金额", "Sum in dispute", func(i *Intake) any { return &i.Amount }), {Name: "complaint", Label: core.T("由哪件投诉转来", "From which complaint"), Ptr: func(i *Intake) any { return &i.Complaint }, Kind: core.KindHidden},
		core.Ask("mediator", "调解人", "Mediator", func(i *Intake) any { return &i.Mediator }), {Name: "parties", Label: core.T("当事方(至少两方)", "Parties (two at least)"), Ptr: func(i *Intake) any { return &i.Parties }, Rows: core.Rows(func(i *Intake) *[]Side { return &i.Parties }, sideFields()), Max: 10}}
}

// fillTake offers two sides to fill in: a customer, and a second one or us.
func fillTake(_ context.Context, _ db.Tx, _ core.ID, in *Intake) error {
	in.Sort, in.Parties = "customers", []Side{{Kind: PartyCustomer}, {Kind: PartyCustomer}}
	return nil
}

func verbs() []register.Verber {
	up := func(name, zh, en string, ptr func(*Opinion) any) core.Field[Opinion] {
		return core.Field[Opinion]{Name: name, Label: core.T(zh, en), Ptr: ptr, Kind: core.KindFile, Max: 10}
	}
	return []register.Verber{
		register.Verb[Intake]{Name: "new", New: true, Primary: true, Label: core.T("受理纠纷", "Take down a dispute"), Roles: takers(), Clause: "A6.3", Fields: takeFields(), Fill: fillTake, Choices: mediatorChoices, Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Intake) (core.ID, error) {
			c, err := Take(ctx, tx, in)
			return c.Ref.ID, err
		}},
		register.Verb[Opinion]{Name: "opinion", Label: core.T("记录一方意见", "Record an opinion"), Roles: takers(), Primary: true, Clause: "A6.3", Can: checked("opinion", in(Mediating)), Do: register.Doing(Opine), Choices: sides("party"), Fields: []core.Field[Opinion]{
			core.Ask("party", "当事方", "Party", func(o *Opinion) any { return &o.Party }, core.Required), core.Ask("text", "意见和诉求", "Opinion and demand", func(o *Opinion) any { return &o.Text }, core.Required, core.Lines), core.Ask("evidence", "依据", "Grounds", func(o *Opinion) any { return &o.Evidence }, core.Lines),
			up("papers", "证据材料", "Evidence", func(o *Opinion) any { return &o.Papers })}},
		register.Verb[Meeting]{Name: "talk", Label: core.T("协商纪要", "Minutes of a talk"), Roles: takers(), Clause: "A6.3", Can: checked("talk", in(Mediating, Agreed)), Do: register.Doing(Minute), Fields: []core.Field[Meeting]{
			core.Ask("at", "时间", "Time", func(m *Meeting) any { return &m.At }, hintNow), core.Ask("place", "地点", "Place", func(m *Meeting) any { return &m.Place }), core.Ask("present", "在场人", "Present", func(m *Meeting) any { return &m.Present }, core.Required),
			core.Ask("minutes", "协商内容", "What was said", func(m *Meeting) any { return &m.Minutes }, core.Required, core.Lines), core.Ask("outcome", "结果", "Outcome", func(m *Meeting) any { return &m.Outcome }, core.Lines)}},
		register.Verb[Agreement]{Name: "agree", Label: core.T("达成调解协议", "Agreement"), Roles: mediators(), Clause: "A6.3", Can: checked("agree", canAgree), Do: register.Doing(Agree), Choices: sides("acts.party"), Fields: []core.Field[Agreement]{
			core.Ask("terms", "协议内容", "Terms", func(a *Agreement) any { return &a.Terms }, core.Lines), {Name: "acts", Label: core.T("履行约定(逐项跟踪)", "Who does what by when (each is followed)"), Ptr: func(a *Agreement) any { return &a.Acts }, Max: 20, Rows: core.Rows(func(a *Agreement) *[]Duty { return &a.Acts }, []core.Field[Duty]{
				core.Ask("party", "当事方", "Party", func(d *Duty) any { return &d.Party }, core.Required), core.Ask("what", "做什么", "What", func(d *Duty) any { return &d.What }, core.Required), core.Ask("due", "期限", "By", func(d *Duty) any { return &d.Due }, core.Required)})}}},
		register.Verb[Signing]{Name: "sign", Label: core.T("签署协议", "Signed agreement"), Roles: takers(), Primary: true, Clause: "A6.3", Can: checked("sign", canSign), Do: register.Doing(Sign), Fields: []core.Field[Signing]{
			core.Ask("by", "签署人", "Signed by", func(s *Signing) any { return &s.By }, core.Required), {Name: "papers", Label: core.T("签署件照片", "Picture of the signed paper"), Ptr: func(s *Signing) any { return &s.Papers }, Kind: core.KindPhoto, Required: true, Max: 10}}},
		register.Verb[Word]{Name: "close", Label: core.T("结案", "Close"), Roles: mediators(), Primary: true, Clause: "A6.3", Can: checked("close", canClose), Do: register.Doing(Close), Fields: word("结果", "Result")},
		register.Verb[Guidance]{Name: "advise", Label: core.T("引导法律途径", "Show the legal route"), Roles: mediators(), Primary: true, Clause: "A6.3", Can: checked("advise", in(Failed)), Do: register.Doing(Advise), Fields: []core.Field[Guidance]{
			core.Ask("route", "途径", "Route", func(g *Guidance) any { return &g.Route }, core.Required, core.Radio[Guidance](Routes())), core.Ask("text", "怎样告知当事人", "What the parties were told", func(g *Guidance) any { return &g.Text }, core.Required, core.Lines)}},
		register.Verb[HandOver]{Name: "legal", Label: core.T("移交法务", "Hand over to legal affairs"), Roles: mediators(), Clause: "A6.3", Can: checked("legal", canHandOver), Do: register.Doing(ToLegal), Fields: []core.Field[HandOver]{
			core.Ask("to", "法务或律师", "Legal officer or lawyer", func(h *HandOver) any { return &h.To }, core.Required), core.Ask("note", "移交说明", "Note", func(h *HandOver) any { return &h.Note }, core.Lines)}},
		register.Verb[Side]{Name: "party", Label: core.T("追加当事方", "Add a party"), Roles: takers(), Can: checked("party", in(Mediating)), Do: register.Doing(AddParty), Fields: sideFields()},
		register.Verb[Word]{Name: "fail", Label: core.T("调解不成", "Mediation failed"), Roles: mediators(), Clause: "A6.3", Can: checked("fail", canFail), Do: register.Doing(Fail), Fields: word("原因", "Why")},
		register.Verb[Order]{Name: "hold", Label: core.T("法律保留", "Legal hold"), Roles: managers(), Clause: "L6", Can: checked("hold", canHold), Do: register.Doing(Hold), Fields: orderFields()},
		register.Verb[Order]{Name: "release", Label: core.T("解除法律保留", "Release the hold"), Roles: managers(), Clause: "L6", Can: checked("release", canRelease), Do: register.Doing(Release), Fields: orderFields()},
		register.Verb[Word]{Name: "void", Label: core.T("作废", "Void"), Roles: managers(), Danger: true, Clause: "L6", Can: checked("void", canVoid), Do: register.Doing(Cancel), Fields: word("理由", "Reason")},
	}
}

func hintNow(f *core.Field[Meeting]) { f.Hint = core.T("不填即现在", "Empty: now") }

func orderFields() []core.Field[Order] {
	return []core.Field[Order]{core.Ask("reason", "理由", "Reason", func(o *Order) any { return &o.Reason }, core.Required, core.Lines)}
}

func mediatorChoices(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	us, err := mediatorsOf(ctx, tx)
	out := make([]core.Choice, len(us))
	for i, u := range us {
		out[i] = core.Choice{Value: u.ID.String(), Label: core.T("%s", "%s", u.Name)}
	}
	return map[string][]core.Choice{"mediator": out}, err
}

func disputes() register.Register[Case] {
	yes := func(v string) []core.Choice { return []core.Choice{{Value: v, Label: core.T("是", "Yes")}} }
	return register.Register[Case]{Kind: Kind(), Viewers: takers(), Export: mediators(), Fields: fields(), Columns: columnNames(), Topic: "dispute",
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, None: core.T("未结的", "Open ones"), Choices: append([]core.Choice{{Value: "all", Label: core.T("全部", "All")}}, States()...)},
			{Name: "sort", Label: core.T("类型", "Sort"), Kind: core.KindChoice, Choices: Sorts()}, {Name: "held", Label: core.T("法律保留", "Legal hold"), Kind: core.KindChoice, Choices: yes("held")}, {Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth}},
		ID: func(c *Case) core.ID { return c.Ref.ID }, Version: func(c *Case) int64 { return c.Version }, Cursor: cursor, Find: find, Get: Get, Row: row, Record: record, Verbs: verbs()}
}

func actChecked(verb string) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		a, err := GetAct(ctx, tx, id)
		if err == nil {
			err = canPerform(a)
		}
		if !tx.Writing() && register.IsLater(err) {
			return core.Forbidden("settlement." + verb)
		}
		return err
	}
}

func settlements() register.Register[Act] {
	f := func(name, zh, en string, ptr func(*Act) any, choices ...core.Choice) core.Field[Act] {
		return core.Field[Act]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return register.Register[Act]{Kind: ActKind(), Viewers: takers(), Export: mediators(), Columns: []string{"what", "party", "due", "state", "number"}, Topic: "dispute", Row: actRow, Record: actRecord,
		Fields: []core.Field[Act]{f("what", "约定", "Act", func(a *Act) any { return &a.What }), f("party", "当事方", "Party", func(a *Act) any { return &a.PartyName }), f("due", "期限", "Due", func(a *Act) any { return &a.Due }), f("state", "状态", "State", func(a *Act) any { return &a.State }, actStates()...),
			f("number", "纠纷", "Dispute", func(a *Act) any { return &a.Number }), f("evidence", "情况", "Evidence", func(a *Act) any { return &a.Evidence }), f("done_at", "时间", "Time", func(a *Act) any { return &a.Done })},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, None: core.T("待履行的", "Open ones"), Choices: append([]core.Choice{{Value: "all", Label: core.T("全部", "All")}}, actStates()...)}},
		ID:      func(a *Act) core.ID { return a.Ref.ID }, Version: func(a *Act) int64 { return a.Version }, Cursor: func(a *Act) string { return a.Ref.ID.String() }, Find: findActs, Get: GetAct,
		Verbs: []register.Verber{
			register.Verb[Word]{Name: "perform", Label: core.T("已履行", "Performed"), Roles: takers(), Primary: true, Clause: "A6.3", Can: actChecked("perform"), Do: register.Doing(Perform), Fields: word("凭据", "Evidence")},
			register.Verb[Word]{Name: "break", Label: core.T("未履行", "Not performed"), Roles: mediators(), Danger: true, Clause: "A6.3", Can: actChecked("break"), Do: register.Doing(Break), Fields: word("情况", "How it stands")}}}
}

// panel shows the disputes of a customer or a complaint.
func panel(on, where string) register.Panel {
	return register.Panel{On: on, Perm: "dispute.view", Order: 46, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		cs, err := list(ctx, tx, "project_id = $1 and "+where+" and state <> 'void' order by at desc, id desc limit 10", ref.Project, ref.ID)
		if err != nil || len(cs) == 0 {
			return nil, err
		}
		t := ui.TableView{Columns: headings()}
		for i := range cs {
			t.Rows = append(t.Rows, row(ctx, &cs[i]))
		}
		return ui.TableCard(core.T("纠纷", "Disputes"), t), nil
	}}
}
