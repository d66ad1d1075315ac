package complaint

import (
	"context"
	"slices"

	"github.com/a-h/templ"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// Module declares complaints.
func Module() house.Module {
	return house.Module{Name: "complaint", Label: core.T("投诉", "Complaints"), Migrations: Migrations,
		Registers: []register.Any{cases(), correctives()}, Routes: routes(), Forms: forms(),
		Perms: []register.Perm{{Name: "complaint.take", Label: core.T("投诉:受理", "Complaints: take down"), Roles: readers()},
			{Name: "complaint.statistics", Label: core.T("投诉:统计表", "Complaints: statistics"), Roles: heads()}},
		Tables:   []journal.Table{{Kind: "complaint", Name: "complaint_case"}, {Kind: "complaint-action", Name: "complaint_action"}, {Kind: "complaint-month", Name: "complaint_month"}},
		Measures: measures(), Recurring: []duty.Recurring{{Clause: "C1.6", Number: "day", Title: core.T("投诉统计表报总经理", "Complaint statistics to the general manager"), URL: "complaint/report", Before: true}},
		Nav: []house.Nav{{Wing: house.Matters, Order: 30, Label: core.T("投诉", "Complaints"), Icon: "message", Path: "complaint", Perm: "complaint.view",
			Count: opened},
			{Wing: house.Matters, Order: 31, Label: core.T("投诉统计表", "Complaint statistics"), Icon: "chart-bar", Under: "complaint", Path: "complaint/report", Perm: "complaint.statistics"},
			{Wing: house.Matters, Order: 32, Label: core.T("纠正预防措施", "Corrective measures"), Icon: "checks", Under: "complaint", Path: "complaint-action", Perm: "complaint-action.view"}},
		Follows: []string{"complaint_case"}, OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{Erase},
		Panels:      []register.Panel{panel("customer", "customer_id"), panel("unit", "unit_id"), panel("desk", "matter_id")},
		Approvals:   []approval.Kind{{Verb: solveVerb, Name: core.T("投诉处理方案", "Solution of a complaint"), Can: canApprove, Run: runSolve}, {Verb: reportVerb, Name: core.T("投诉调查报告", "Investigation report"), Can: canApprove, Run: runReport}},
		MatterKinds: []house.MatterKind{{Key: "complaint", Label: core.T("投诉", "Complaint"), Icon: "message", Perm: "complaint.take", Specs: specs, Open: open}},
		Clauses:     claims(), Events: happenings()}
}

// happenings are what a clause of the firm's own, or a later module, may hang a term on.
func happenings() []house.Event {
	return []house.Event{{Key: "complaint.taken", Label: core.T("受理了一件投诉", "A complaint was taken down")}, {Key: "complaint.ruled", Label: core.T("投诉已裁定", "A complaint was ruled on")},
		{Key: "complaint.finished", Label: core.T("投诉处理完毕", "A complaint was dealt with")}, {Key: "complaint.replied", Label: core.T("投诉已答复客户", "A complaint was replied to")},
		{Key: "complaint.satisfied", Label: core.T("客户对投诉处理满意", "The customer is satisfied with a complaint's result")}, {Key: "complaint.dissatisfied", Label: core.T("客户对投诉处理不满意", "The customer is not satisfied with a complaint's result")},
		{Key: "complaint.closed", Label: core.T("投诉已归档", "A complaint was filed")}, {Key: "complaint.reopened", Label: core.T("投诉经回访重新处理", "A complaint was taken up again after its follow-up")},
		{Key: "complaint.voided", Label: core.T("投诉已作废", "A complaint was voided")}}
}

func claims() []regulation.Claim {
	c := func(clause, records string, by ...regulation.Mechanism) regulation.Claim {
		return regulation.Claim{Clause: clause, By: by, Records: records}
	}
	term := func(clause, records string, more ...regulation.Mechanism) regulation.Claim {
		return regulation.Claim{Clause: clause, By: append([]regulation.Mechanism{regulation.ByDuty}, more...), Numbers: []string{"term"}, Records: records}
	}
	return []regulation.Claim{c("A6.1", "complaint?state=all", regulation.ByForm, regulation.ByGuard), c("A6.2", "complaint?state=all", regulation.ByFlow, regulation.ByGuard), c("B7.2", "complaint?company=company&state=all", regulation.ByFlow, regulation.ByGuard),
		c("C1.1", "complaint?state=judged", regulation.ByFlow, regulation.ByGuard), c("C1.3", "complaint?state=all", regulation.ByForm, regulation.ByGuard), c("C1.4", "complaint?level=major&state=all", regulation.ByFlow, regulation.ByGuard),
		term("C1.5", "complaint"), {Clause: "C1.7", By: []regulation.Mechanism{regulation.ByFlow}, Numbers: []string{"supervisor", "manager"}, Records: "complaint?state=solving"},
		term("C11.1", "complaint?state=accepted"), c("C11.2", "complaint?state=closed", regulation.ByFlow, regulation.ByGuard), c("C11.3", "complaint-action", regulation.ByFlow, regulation.ByGuard, regulation.ByDuty), c("C11.4", "complaint?state=solving", regulation.ByGuard), c("C13.1", "complaint?state=all", regulation.ByGuard, regulation.ByAccess),
		{Clause: "C13.2", By: []regulation.Mechanism{regulation.ByParam}, Numbers: []string{"repeat", "window"}, Records: "complaint?level=major&state=all"},
		term("C13.3", "complaint?level=major", regulation.ByGuard), term("C13.4", "complaint?state=finished"), term("C13.6", "complaint?state=new"),
		c("D4.4", "complaint", regulation.ByFlow, regulation.ByGuard, regulation.ByDuty), term("D4.5", "complaint", regulation.ByGuard), c("D4.6", "complaint?state=replied", regulation.ByFlow, regulation.ByGuard),
		c("C1.2", "complaint?state=all", regulation.ByForm), {Clause: "C1.6", By: []regulation.Mechanism{regulation.ByRecurring}, Numbers: []string{"day"}, Records: "complaint/report"},
		{Clause: "D5.8", By: []regulation.Mechanism{regulation.ByMeasure}, Numbers: []string{"target"}, Records: "complaint?validity=founded&state=all"},
		c("D4.8", "complaint?level=major&state=all", regulation.ByParam, regulation.ByGuard)}
}

// panel shows the latest complaints on a customer's, a unit's or a request's page.
func panel(on, column string) register.Panel {
	return register.Panel{On: on, Perm: "complaint.view", Order: 45, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		cs, err := recent(ctx, tx, ref, column, 10)
		if err != nil || len(cs) == 0 {
			return nil, err
		}
		t := ui.TableView{Caption: core.T("投诉", "Complaints"), Columns: headings()}
		for i := range cs {
			t.Rows = append(t.Rows, row(ctx, &cs[i]))
		}
		return ui.TableCard(core.T("投诉", "Complaints"), t), nil
	}}
}

func columnNames() []string {
	return []string{"number", "state", "level", "category", "at", "customer_name", "content", "handler", "due_at"}
}

func headings() []ui.Column {
	var out []ui.Column
	all := fields()
	for _, c := range columnNames() {
		i := slices.IndexFunc(all, func(f core.Field[Case]) bool { return f.Name == c })
		out = append(out, ui.Column{Label: all[i].Label})
	}
	return out
}

// matterIn is what the desk asks of a complaint (A6.1, C1.2).
type matterIn struct {
	Category, Demand, Company, Against, AgainstName string
	AgainstUser                                     core.ID
	Anonymous, Written, CompanyLevel                bool
}

func matterFields() []core.Field[matterIn] {
	f := func(name, zh, en string, ptr func(*matterIn) any, choices ...core.Choice) core.Field[matterIn] {
		return core.Field[matterIn]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	category := f("category", "类别", "Kind", func(m *matterIn) any { return &m.Category }, Categories()...)
	category.Hint = core.T("不选按内容判断", "Empty: by the content")
	company := f("company", "所在公司", "Company", func(m *matterIn) any { return &m.Company })
	company.Hint = core.T("认出客户的不用填", "Not needed when the customer is recognised")
	return []core.Field[matterIn]{category, f("demand", "客户要求", "What the customer asks for", func(m *matterIn) any { return &m.Demand }), company,
		f("against", "投诉对象", "Against", func(m *matterIn) any { return &m.Against }, Against()...), f("against_user", "被投诉人(本公司)", "Person of ours", func(m *matterIn) any { return &m.AgainstUser }),
		f("against_name", "被投诉部门或其他", "Department or other", func(m *matterIn) any { return &m.AgainstName }), f("anonymous", "匿名", "Anonymous", func(m *matterIn) any { return &m.Anonymous }),
		f("written", "书面投诉", "In writing", func(m *matterIn) any { return &m.Written }), f("company_level", "公司级投诉(总部受理)", "At company level (head office)", func(m *matterIn) any { return &m.CompanyLevel })}
}

// specs offers the project's people as those complained of.
func specs(ctx context.Context, tx db.Tx) ([]core.Spec, error) {
	all := core.Specs(matterFields())
	us, err := staffChoices(ctx, tx)
	for i := range all {
		if all[i].Name == "against_user" {
			all[i].Kind, all[i].Choices = core.KindChoice, us
		}
	}
	return all, err
}

// open makes the case of a matter.
func open(ctx context.Context, tx db.Tx, m house.Matter) (core.Ref, error) {
	in, err := core.Bind(ctx, matterFields(), m.Values)
	if err != nil {
		return core.Ref{}, err
	}
	id, err := core.ParseID(m.Values.Get("record_id"))
	if err != nil {
		return core.Ref{}, err
	}
	c, err := Take(ctx, tx, Intake{ID: id, Matter: m.Ref.ID, Customer: m.Customer, CustomerName: m.Values.Get("customer_name"), Company: in.Company, Unit: m.Unit, UnitCode: m.Values.Get("unit_code"), Place: m.Place,
		Contact: core.Personal(m.Contact), Phone: m.Phone, Anonymous: in.Anonymous, Channel: m.Channel, Written: in.Written, Content: m.Content, Demand: in.Demand, Category: in.Category,
		Against: in.Against, AgainstUser: in.AgainstUser, AgainstName: in.AgainstName, CompanyLevel: in.CompanyLevel})
	return c.Ref, err
}

// read is Get for the pages: what is against the reader stays shut (C13.1).
func read(ctx context.Context, tx db.Tx, id core.ID) (Case, error) {
	c, err := Get(ctx, tx, id)
	if err == nil {
		err = readable(ctx, tx, c)
	}
	if err != nil {
		return Case{}, err
	}
	return c, nil
}

func cases() register.Register[Case] {
	choice := func(name, zh, en string, cs []core.Choice) register.Filter {
		return register.Filter{Name: name, Label: core.T(zh, en), Kind: core.KindChoice, Choices: cs}
	}
	yes := func(v string) []core.Choice { return []core.Choice{{Value: v, Label: core.T("是", "Yes")}} }
	return register.Register[Case]{Kind: Kind(), Viewers: readers(), Export: []core.Role{core.Supervisor, core.Manager, core.GM}, Fields: fields(), Columns: columnNames(),
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, None: core.T("在办的", "Open ones"), Choices: append([]core.Choice{{Value: "all", Label: core.T("全部", "All")}}, States()...)},
			choice("category", "类别", "Kind", Categories()), choice("level", "级别", "Severity", Levels()), choice("validity", "是否成立", "Validity", Validities()), choice("mine", "我的", "Mine", yes("mine")),
			choice("late", "逾期", "Overdue", yes("late")), choice("company", "公司级", "Company level", yes("company")), {Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth}},
		ID: func(c *Case) core.ID { return c.Ref.ID }, Version: func(c *Case) int64 { return c.Version }, Cursor: cursor, Find: find, Get: read, Row: row, Record: record, Topic: "complaint",
		Revealers: readers(), Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"phone": func(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
			c, err := read(ctx, tx, id)
			return string(c.Phone), err
		}}, Verbs: verbs()}
}

func levelTone(level string) ui.Tone {
	if level == Major {
		return ui.Late
	}
	return ui.None
}

func stateTone(c Case) ui.Tone {
	switch c.State {
	case StateClosed:
		return ui.OK
	case StateDeclined, StateVoid, StateMerged:
		return ui.None
	case StateNew, StateJudged:
		return ui.Warn
	}
	return ui.Run
}

func row(ctx context.Context, c *Case) ui.Row {
	now := core.Now(ctx)
	level := ui.Cell{Text: core.Label(Levels(), c.Level).Say(ctx)}
	if c.Level == Major {
		level = ui.Cell{Body: ui.Pill(levelTone(c.Level), core.Label(Levels(), c.Level))}
	}
	r := ui.Row{Cells: []ui.Cell{{Text: c.Number, Href: href(ctx, c.Ref.ID)}, {Body: ui.Pill(stateTone(*c), core.Label(States(), c.State))}, level, {Text: core.Label(Categories(), c.Category).Say(ctx)},
		{Text: ui.When(ctx, c.At)}, {Text: ui.Join(c.UnitCode, c.who())}, {Text: c.Content}, {Text: c.HandlerName}, {}}}
	if c.State == StateNew && c.HandlerName == "" && core.ActorOf(ctx).Can(c.Ref.Project, "complaint.assign") {
		r.Cells[7] = ui.Cell{Text: core.T("转派", "Pass on").Say(ctx), Href: href(ctx, c.Ref.ID, "assign")}
	}
	if c.Open && !c.Due.IsZero() {
		r.Cells[8].Body = ui.Countdown(c.Due, now)
		if c.Due.Before(now) {
			r.Tone = ui.Late
		}
	}
	return r
}

// fields are what the API, the export and the columns of the list give.
func fields() []core.Field[Case] {
	f := func(name, zh, en string, ptr func(*Case) any, choices ...core.Choice) core.Field[Case] {
		return core.Field[Case]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return []core.Field[Case]{
		f("number", "编号", "Number", func(c *Case) any { return &c.Number }), f("state", "状态", "State", func(c *Case) any { return &c.State }, States()...), f("level", "级别", "Severity", func(c *Case) any { return &c.Level }, Levels()...),
		f("category", "类别", "Kind", func(c *Case) any { return &c.Category }, Categories()...), f("at", "受理时间", "Received", func(c *Case) any { return &c.At }), f("customer_name", "客户", "Customer", func(c *Case) any { return &c.CustomerName }),
		f("company", "所在公司", "Company", func(c *Case) any { return &c.Company }), f("customer", "客户编号", "Customer id", func(c *Case) any { return &c.Customer }), f("unit_code", "单元", "Unit", func(c *Case) any { return &c.UnitCode }),
		f("contact", "投诉人", "Complainant", func(c *Case) any { return &c.Contact }), f("phone", "电话", "Telephone", func(c *Case) any { return &c.Phone }), f("channel", "渠道", "Channel", func(c *Case) any { return &c.Channel }),
		f("written", "书面", "In writing", func(c *Case) any { return &c.Written }), f("content", "内容", "Content", func(c *Case) any { return &c.Content }), f("demand", "要求", "Demand", func(c *Case) any { return &c.Demand }),
		f("against", "投诉对象", "Against", func(c *Case) any { return &c.AgainstName }), f("company_level", "公司级", "Company level", func(c *Case) any { return &c.CompanyLevel }), f("handler", "责任经理", "Responsible", func(c *Case) any { return &c.HandlerName }),
		f("validity", "是否成立", "Validity", func(c *Case) any { return &c.Validity }, Validities()...), f("ruling", "裁定", "Ruling", func(c *Case) any { return &c.Ruling }, Rulings()...), f("cause", "原因", "Cause", func(c *Case) any { return &c.Cause }),
		f("solution", "解决办法", "Solution", func(c *Case) any { return &c.Solution }), f("compensation", "补偿", "Compensation", func(c *Case) any { return &c.Compensation }), f("result", "结果", "Result", func(c *Case) any { return &c.Result }),
		f("reply", "答复", "Reply", func(c *Case) any { return &c.Reply }), f("satisfied", "满意", "Satisfied", func(c *Case) any { return &c.Satisfied }), f("round", "轮次", "Round", func(c *Case) any { return &c.Round }),
		f("closed_at", "归档", "Filed", func(c *Case) any { return &c.Closed }), f("due_at", "期限", "Due", func(c *Case) any { return &c.Due }), f("matter", "受理单", "Matter id", func(c *Case) any { return &c.Matter })}
}
