package desk

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

func desks() []core.Role { return []core.Role{core.Desk, core.Supervisor, core.Manager} }
func readers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Manager, core.Quality, core.GM}
}

// form is 诉求记录表 (C19.1).
func form() core.Form {
	return core.Form{Code: "FM-KF-001", Clause: "C19.1", Title: core.T("诉求记录表", "Request register")}
}

// Module declares the desk.
func Module() house.Module {
	return house.Module{Name: "desk", Label: core.T("受理台", "Front desk"), Migrations: Migrations,
		Registers: []register.Any{matters(), feedbacks(), talks(), calls(), scripts(), replies(), entries(), mails(), inboxRegister(), doors()}, Routes: routes(), Tables: tables(), Forms: []core.Form{form(), archiveForm()}, Measures: measures(), Daily: []house.Daily{{Name: "desk.recordings", Run: SortRecordings}, {Name: "desk.periods", Run: closePeriods}}, Minutely: []house.Daily{{Name: "desk.inbox", Run: LookIntoMail}}, Jobs: jobs(),
		Nav: []house.Nav{{Wing: house.Matters, Order: 10, Label: core.T("受理台", "Front desk"), Icon: "phone", Path: "desk", Perm: "desk.view", Main: true,
			Count: opened},
			{Wing: house.Matters, Order: 12, Label: callKind.Label, Icon: "phone-call", Under: "desk", Path: "call", Perm: "call.view"},
			{Wing: house.Matters, Order: 12, Label: mailKind.Label, Icon: "mail", Under: "desk", Path: "mail", Perm: "mail.view"},
			{Wing: house.Setup, Order: 44, Label: doorKind.Label, Icon: "qrcode", Path: "door", Perm: "door.view"},
			{Wing: house.Setup, Order: 43, Label: inboxKind.Label, Icon: "mail", Path: "inbox", Perm: "inbox.view"},
			{Wing: house.Matters, Order: 13, Label: scriptKind.Label, Icon: "file-text", Under: "desk", Path: "script", Perm: "script.view"},
			{Wing: house.Matters, Order: 14, Label: replyKind.Label, Icon: "send", Under: "desk", Path: "reply", Perm: "reply.view"},
			{Wing: house.Matters, Order: 15, Label: entryKind.Label, Icon: "key", Under: "desk", Path: "entry", Perm: "entry.view"},
			{Wing: house.Matters, Order: 16, Label: feedbackKind.Label, Icon: "message", Under: "desk", Path: "feedback", Perm: "feedback.view"},
			{Wing: house.Matters, Order: 17, Label: core.T("外部沟通", "Outside talks"), Icon: "users", Under: "desk", Path: "talk", Perm: "talk.view"}},
		Recurring: recurring(), Reactions: map[string]duty.Reaction{"customer.withdrawn": withdrawn},
		Follows: []string{"desk_matter", "desk_call", "desk_entry", "desk_mail"}, OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{Erase},
		Panels: []register.Panel{panel("customer", "customer_id"), panel("unit", "unit_id"), callPanel("desk"), callPanel("customer"), replyPanel(), mailPanel(), messagePanel()},
		Events: []house.Event{{Key: "desk.taken", Label: core.T("受理了一件诉求", "A matter was taken down")}, {Key: "desk.contacted", Label: core.T("已联系客户", "The customer was contacted about a matter")},
			{Key: "desk.handed", Label: core.T("诉求已转办", "A matter was handed over")}, {Key: "desk.answered", Label: core.T("诉求已答复", "A matter was answered")}, {Key: "desk.closed", Label: core.T("诉求已办结", "A matter was closed")},
			{Key: "desk.reopened", Label: core.T("诉求重新打开", "A matter was reopened")}},
		Clauses: claims()}
}

func tables() []journal.Table {
	return []journal.Table{{Kind: "desk", Name: "desk_matter"}, {Kind: "desk-line", Name: "desk_line"}, {Kind: "feedback", Name: "desk_feedback"}, {Kind: "talk", Name: "desk_talk"}, {Kind: "call", Name: "desk_call"},
		{Kind: "script", Name: "desk_script"}, {Kind: "reply", Name: "desk_reply"}, {Kind: "entry", Name: "desk_entry"},
		{Kind: "inbox", Name: "desk_inbox"}, {Kind: "mail", Name: "desk_mail"}, {Kind: "door", Name: "desk_door"}}
}

func recurring() []duty.Recurring {
	return []duty.Recurring{{Clause: "A7.2", Number: "day", Months: "months", Title: core.T("总结客户意见并向客户反馈", "Sum up customers' opinions and tell them what came of them"), URL: "feedback", Fixed: true},
		{Clause: "C7.11", Number: "day", Months: "months", Title: core.T("与业委会、主管部门沟通", "Talk with the owners' committee and the authorities"), URL: "talk"}}
}

func claims() []regulation.Claim {
	c := func(clause, records string, numbers []string, by ...regulation.Mechanism) regulation.Claim {
		return regulation.Claim{Clause: clause, By: by, Numbers: numbers, Records: records}
	}
	n := func(names ...string) []string { return names }
	return []regulation.Claim{
		c("C19.1", "desk?state=all", n("hours"), regulation.ByParam, regulation.ByForm), c("D5.1", "desk?state=all", n("days", "hours"), regulation.ByParam),
		c("B4.1", "desk", n("open", "close"), regulation.ByParam), c("B4.3", "desk", n("term"), regulation.ByDuty),
		c("A3.5", "desk", n("remind", "summary"), regulation.ByFlow, regulation.ByGuard, regulation.ByDuty),
		c("A3.2", "desk?kind=enquiry&state=all", n("term"), regulation.ByDuty), c("D5.6", "desk?state=handed", n("term"), regulation.ByDuty),
		c("B4.6", "desk?reported=reported&state=all", n("term"), regulation.ByDuty, regulation.ByGuard), c("B4.5", "desk?state=closed", nil, regulation.ByForm, regulation.ByGuard),
		c("A3.4", "desk?kind=suggestion&state=all", nil, regulation.ByFlow, regulation.ByGuard),
		c("B4.2", "call?direction=in", n("target"), regulation.ByMeasure), c("C19.2", "call?recording=apart", n("keep"), regulation.ByDuty, regulation.ByGuard, regulation.ByForm),
		c("C19.11", "reply", nil, regulation.ByFlow, regulation.ByGuard), c("C19.12", "entry", nil, regulation.ByGuard),
		c("A7.2", "feedback", n("months", "day"), regulation.ByRecurring, regulation.ByGuard), c("C7.11", "talk", n("months", "day"), regulation.ByRecurring, regulation.ByGuard)}
}

// panel shows the latest requests on a customer's or unit's page.
func panel(on, column string) register.Panel {
	return register.Panel{On: on, Perm: "desk.view", Order: 60, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		ms, err := recent(ctx, tx, ref, column, 10)
		if err != nil || len(ms) == 0 {
			return nil, err
		}
		t := ui.TableView{Caption: core.T("诉求", "Requests"), Columns: headings()}
		for i := range ms {
			t.Rows = append(t.Rows, row(ctx, &ms[i]))
		}
		return ui.TableCard(core.T("诉求", "Requests"), t), nil
	}}
}

func headings() []ui.Column {
	var out []ui.Column
	all := fields()
	for _, c := range columnNames() {
		i := slices.IndexFunc(all, func(f core.Field[Matter]) bool { return f.Name == c })
		out = append(out, ui.Column{Label: all[i].Label})
	}
	return out
}

func columnNames() []string {
	return []string{"number", "kind", "content", "unit_code", "customer_name", "state", "at", "due_at"}
}

func matters() register.Register[Matter] {
	return register.Register[Matter]{Kind: Kind(), Viewers: readers(), Export: []core.Role{core.Supervisor, core.Manager, core.GM}, Fields: fields(), Columns: columnNames(),
		Filters: []register.Filter{
			{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, None: core.T("在办的", "Open ones"), Choices: append([]core.Choice{{Value: "all", Label: core.T("全部", "All")}}, States()...)},
			{Name: "kind", Label: core.T("类别", "Kind"), Kind: core.KindChoice, Choices: allKinds()},
			{Name: "mine", Label: core.T("转给我的", "Handed to me"), Kind: core.KindChoice, Choices: []core.Choice{{Value: "mine", Label: core.T("是", "Yes")}}},
			{Name: "channel", Label: core.T("渠道", "Channel"), Kind: core.KindChoice, Choices: Channels()},
			{Name: "reported", Label: core.T("已上报领导", "Reported to the leader"), Kind: core.KindChoice, Choices: []core.Choice{{Value: "reported", Label: core.T("是", "Yes")}}},
			{Name: "late", Label: core.T("逾期", "Overdue"), Kind: core.KindChoice, Choices: []core.Choice{{Value: "late", Label: core.T("是", "Yes")}}},
			{Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth}},
		ID: func(m *Matter) core.ID { return m.Ref.ID }, Version: func(m *Matter) int64 { return m.Version }, Cursor: cursor, Find: find, Get: Read, Row: row, Record: record,
		Topic: "desk", Revealers: desks(), Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"phone": revealPhone}, Verbs: verbs(), Intro: intro}
}

func revealPhone(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
	m, err := Get(ctx, tx, id)
	return string(m.Phone), err
}

// row is a line of the queue: what runs counts down.
func row(ctx context.Context, m *Matter) ui.Row {
	now := core.Now(ctx)
	r := ui.Row{Cells: []ui.Cell{{Text: m.Number, Href: href(ctx, m.Ref.ID)}, {Body: ui.Pill(kindTone(m), kindName(ctx, m.Kind))}, {Text: m.Content}, {Text: m.UnitCode}, {Text: m.CustomerName},
		{Text: core.Label(States(), m.State).Say(ctx)}, {Text: ui.When(ctx, m.At)}, {}}}
	if m.Open && !m.Due.IsZero() {
		r.Cells[7].Body = ui.Countdown(m.Due, now)
		if m.Due.Before(now) {
			r.Tone = ui.Late
		}
	}
	return r
}

func kindTone(m *Matter) ui.Tone {
	if m.Rank == 0 {
		return ui.Late
	}
	return ui.None
}

func kindName(ctx context.Context, key string) core.Text {
	for _, k := range house.Of(ctx).MatterKinds {
		if k.Key == key {
			return k.Label
		}
	}
	if key == "repair" {
		return core.T("报修", "Repair")
	}
	return core.Label(Kinds(), key)
}

func record(ctx context.Context, tx db.Tx, m Matter) (register.Record, error) {
	pills := []ui.PillView{{Tone: stateTone(m), Text: core.Label(States(), m.State)}, {Tone: kindTone(&m), Text: kindName(ctx, m.Kind)}}
	r := register.Record{Head: ui.HeadView{Title: ui.Plain(m.Number), Pills: pills, Sub: ui.Plain(m.Content), Aside: ui.Join(m.UnitCode, m.CustomerName)}, About: m.Customer}
	r.Cards = []templ.Component{register.FieldsCard(core.T("诉求", "Request"), append(takenPairs(ctx, m), donePairs(ctx, m)...))}
	if m.HandedReason != "" {
		ts, err := Transfers(ctx, tx, m.Ref.ID)
		if err != nil {
			return r, err
		}
		r.Cards = append(r.Cards, ui.TableCard(core.T("转办经过", "Hand-overs"), transferTable(ctx, ts)))
	}
	others, err := related(ctx, tx, m)
	if err != nil || len(others) == 0 {
		return r, err
	}
	t := ui.TableView{Caption: core.T("同一事项或同一来电", "Same matter or same call"), Columns: headings()}
	for i := range others {
		t.Rows = append(t.Rows, row(ctx, &others[i]))
	}
	r.Cards = append(r.Cards, ui.TableCard(t.Caption, t))
	return r, nil
}

// takenPairs say what was asked, by whom, and who answers for it.
func takenPairs(ctx context.Context, m Matter) []ui.Pair {
	pairs := []ui.Pair{{Label: core.T("受理", "Taken"), Value: ui.Full(ctx, m.At) + " · " + core.Label(Channels(), m.Channel).Say(ctx)},
		{Label: core.T("联系人", "Contact"), Value: strings.TrimSpace(string(m.Contact) + " " + m.Phone.Mask())}, {Label: core.T("位置", "Place"), Value: ui.Join(m.UnitCode, m.Place)},
		{Label: core.T("内容", "Content"), Value: m.Content}}
	if m.OwnerName != "" {
		pairs = append(pairs, ui.Pair{Label: core.T("负责人(首问负责)", "Answers for it"), Value: m.OwnerName})
	}
	return pairs
}

// donePairs say what has been done about it (B4.5).
func donePairs(ctx context.Context, m Matter) []ui.Pair {
	var pairs []ui.Pair
	add := func(zh, en, value string) {
		if value != "" {
			pairs = append(pairs, ui.Pair{Label: core.T(zh, en), Value: value})
		}
	}
	if m.State == StateHanded || m.HandedReason != "" {
		waiting := core.T("等待接收", "to be accepted").Say(ctx)
		if m.State != StateHanded || !m.Accepted.IsZero() {
			waiting = ""
		}
		limit := ui.DueFull(ctx, m.HandedDue)
		if m.NoLimit {
			limit = core.T("无期限", "No time limit").Say(ctx)
		}
		add("转办", "Handed to", ui.Join(m.handedTo(ctx), m.HandedReason, waiting))
		add("期限", "Limit", limit)
	}
	if !m.Reported.IsZero() {
		add("上报领导", "Reported to the leader", ui.Join(ui.Full(ctx, m.Reported), m.ReportedReason))
	}
	add("调查了解", "What was found", m.Findings)
	add("答复", "Answer", m.Answer)
	if !m.Confirmed.IsZero() {
		add("客户确认", "Confirmed by the customer", ui.Join(ui.Full(ctx, m.Confirmed), string(m.ConfirmedBy), core.Label(Confirmations(), m.ConfirmedHow).Say(ctx)))
	}
	add("事后总结", "Summary", m.Summary)
	add("处理人", "Handler", m.Handler)
	return pairs
}

func transferTable(ctx context.Context, ts []Transfer) ui.TableView {
	t := ui.TableView{Caption: core.T("转办经过", "Hand-overs"), Columns: []ui.Column{{Label: core.T("时间", "When")}, {Label: core.T("由", "From")}, {Label: core.T("转给", "To")}, {Label: core.T("理由", "Reason")}, {Label: core.T("期限", "Limit")}, {Label: core.T("结果", "Outcome")}}}
	for _, x := range ts {
		to, outcome := x.To, core.T("等待接收", "to be accepted").Say(ctx)
		if to == "" && x.Role != "" {
			to = x.Role.Name().Say(ctx)
		}
		switch {
		case !x.Accepted.IsZero():
			outcome = core.T("%s 已接收 %s", "accepted by %s %s", x.Acceptor, ui.Full(ctx, x.Accepted)).Say(ctx)
		case !x.Refused.IsZero():
			outcome = core.T("退回:%s", "sent back: %s", x.Refusal).Say(ctx)
		}
		reason := x.Reason
		if x.Reported {
			reason = core.T("上报领导:%s", "Reported to the leader: %s", x.Reason).Say(ctx)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Full(ctx, x.At)}, {Text: or(x.From, x.By)}, {Text: to}, {Text: reason}, {Text: ui.DueFull(ctx, x.Due)}, {Text: outcome}}})
	}
	return t
}

// handedTo names the responsible person, or the role.
func (m Matter) handedTo(ctx context.Context) string {
	if m.HandedUser == 0 && m.HandedRole != "" {
		return m.HandedRole.Name().Say(ctx)
	}
	return m.HandedName
}

func stateTone(m Matter) ui.Tone {
	switch m.State {
	case StateClosed:
		return ui.OK
	case StateVoid, StateMerged:
		return ui.None
	}
	return ui.Run
}

func fields() []core.Field[Matter] {
	f := func(name, zh, en string, ptr func(*Matter) any) core.Field[Matter] {
		return core.Field[Matter]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	c := func(x core.Field[Matter], choices []core.Choice) core.Field[Matter] { x.Choices = choices; return x }
	return []core.Field[Matter]{
		f("number", "编号", "Number", func(m *Matter) any { return &m.Number }), f("office_no", "原编号", "Office's number", func(m *Matter) any { return &m.OfficeNo }),
		c(f("kind", "类别", "Kind", func(m *Matter) any { return &m.Kind }), Kinds()), f("content", "内容", "Content", func(m *Matter) any { return &m.Content }),
		f("unit_code", "单元", "Unit", func(m *Matter) any { return &m.UnitCode }), c(f("state", "状态", "State", func(m *Matter) any { return &m.State }), States()),
		f("at", "受理时间", "Taken", func(m *Matter) any { return &m.At }), f("due_at", "期限", "Due", func(m *Matter) any { return &m.Due }),
		c(f("channel", "渠道", "Channel", func(m *Matter) any { return &m.Channel }), Channels()), f("customer", "客户编号", "Customer id", func(m *Matter) any { return &m.Customer }),
		f("customer_name", "客户", "Customer", func(m *Matter) any { return &m.CustomerName }), f("unit", "单元编号", "Unit id", func(m *Matter) any { return &m.Unit }),
		f("contact", "联系人", "Contact", func(m *Matter) any { return &m.Contact }), f("phone", "电话", "Telephone", func(m *Matter) any { return &m.Phone }),
		f("urgent", "紧急", "Urgent", func(m *Matter) any { return &m.Urgent }), f("handed_to", "转办", "Handed to", func(m *Matter) any { return &m.HandedName }),
		f("answer", "答复", "Answer", func(m *Matter) any { return &m.Answer }), f("closed_at", "办结", "Closed", func(m *Matter) any { return &m.Closed }),
		f("summary", "总结", "Summary", func(m *Matter) any { return &m.Summary }), f("handler", "处理人", "Handler", func(m *Matter) any { return &m.Handler }), f("origin", "来源", "Origin", func(m *Matter) any { return &m.Origin }),
		f("owner", "负责人", "Answers for it", func(m *Matter) any { return &m.OwnerName }), f("findings", "调查了解", "What was found", func(m *Matter) any { return &m.Findings }), f("confirmed_at", "客户确认", "Confirmed", func(m *Matter) any { return &m.Confirmed }),
		f("reported_at", "上报领导", "Reported", func(m *Matter) any { return &m.Reported }), f("merged_into", "并入", "Merged into", func(m *Matter) any { return &m.Merged }), f("split_from", "拆自", "Split from", func(m *Matter) any { return &m.Split }),
	}
}

// intakeFields are the desk's own fields; a MatterKind brings more.
func intakeFields() []core.Field[Intake] {
	return []core.Field[Intake]{
		{Name: "kind", Label: core.T("类别", "Kind"), Ptr: func(i *Intake) any { return &i.Kind }, Required: true, Max: 40},
		{Name: "customer", Label: core.T("客户", "Customer"), Ptr: func(i *Intake) any { return &i.Customer }, Source: "customer"},
		{Name: "unit", Label: core.T("单元", "Unit"), Ptr: func(i *Intake) any { return &i.Unit }, Source: "unit"},
		{Name: "content", Label: core.T("内容", "Content"), Ptr: func(i *Intake) any { return &i.Content }, Kind: core.KindLines, Required: true, Min: 2, Max: 2000},
		{Name: "place", Label: core.T("位置", "Place"), Hint: core.T("房间或公共部位", "The room, or which common part"), Ptr: func(i *Intake) any { return &i.Place }},
		{Name: "contact", Label: core.T("联系人", "Contact"), Hint: core.T("不填就用认出的联系人和电话", "Empty: the contact and number recognised"), Ptr: func(i *Intake) any { return &i.Contact }},
		{Name: "phone", Label: core.T("联系电话", "Telephone"), Ptr: func(i *Intake) any { return &i.Phone }},
		{Name: "urgent", Label: core.T("紧急", "Urgent"), Ptr: func(i *Intake) any { return &i.Urgent }},
		{Name: "channel", Label: core.T("渠道", "Channel"), Ptr: func(i *Intake) any { return &i.Channel }, Kind: core.KindRadio, Choices: Channels(), Required: true},
		{Name: "call", Label: core.T("通话", "Call"), Ptr: func(i *Intake) any { return &i.Call }, Kind: core.KindHidden},
		{Name: "turn", Label: core.T("改定类别的诉求", "Matter whose kind is changed"), Ptr: func(i *Intake) any { return &i.Turn }, Kind: core.KindHidden},
		{Name: "answer", Label: core.T("当场答复", "Answered at once"), Hint: core.T("填了就办结", "Filling it closes the request"), Ptr: func(i *Intake) any { return &i.Answer }, Kind: core.KindLines},
	}
}

func detailFields() []core.Field[Intake] {
	return append(intakeFields(), core.Field[Intake]{Name: "details", Label: core.T("该类别的其他字段", "Further fields of the kind"), Kind: core.KindRows, Ptr: func(i *Intake) any { return &i.Details },
		Rows: core.Rows(func(i *Intake) *[]Detail { return &i.Details }, []core.Field[Detail]{
			{Name: "name", Label: core.T("字段", "Field"), Ptr: func(d *Detail) any { return &d.Name }, Required: true}, {Name: "value", Label: core.T("值", "Value"), Ptr: func(d *Detail) any { return &d.Value }, Max: 2000}})})
}

// checked turns a matter's check into a verb's. What has its turn later or is over has no button; closing says what it
// waits for.
func checked(verb string, check func(context.Context, db.Tx, Matter) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		m, err := Read(ctx, tx, id)
		if err == nil {
			err = check(ctx, tx, m)
		}
		if !tx.Writing() && core.IsKind(err, core.KindConflict) && (verb != "close" || !m.Open) {
			return core.Forbidden("desk." + verb)
		}
		return err
	}
}

func noting(name string, label, field core.Text, clause string, check func(context.Context, db.Tx, Matter) error, do func(context.Context, db.Tx, core.ID, Note) error) register.Verber {
	return register.Verb[Note]{Name: name, Label: label, Roles: desks(), Clause: clause, Can: checked(name, check),
		Fields: noteFields(field),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, n Note) (core.ID, error) {
			return id, do(ctx, tx, id, n)
		}}
}

// handable is how many of the roles, in the order of core.RoleNames, a matter may be handed to: the project's own.
const handable = 10

func staffChoices(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	us, err := staff(ctx, tx)
	return map[string][]core.Choice{"user": user.Choices(us)}, err
}

type nothing struct{}

// verbs are everything that can be done to a matter.
func verbs() []register.Verber { return append(handling(), ending()...) }

func handling() []register.Verber {
	return []register.Verber{
		register.Verb[Intake]{Name: "take", Label: core.T("受理", "Take down"), New: true, Hidden: true, Roles: desks(), Clause: "C19.1", Fields: detailFields(),
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Intake) (core.ID, error) {
				m, _, err := Take(ctx, tx, in)
				return m.Ref.ID, err
			}},
		noting("contact", core.T("已联系客户", "Contacted"), core.T("确认与安排", "What was confirmed and arranged"), "B4.3", canContact, Contact),
		register.Verb[Hand]{Name: "hand", Label: core.T("转办", "Hand over"), Roles: desks(), Clause: "D5.6", Can: checked("hand", canHand), Fields: []core.Field[Hand]{
			{Name: "role", Label: core.T("转给(岗位)", "To (role)"), Ptr: func(h *Hand) any { return &h.Role }, Choices: core.RoleNames()[:handable]},
			{Name: "user", Label: core.T("转给(人)", "To (person)"), Ptr: func(h *Hand) any { return &h.User }},
			{Name: "due", Label: core.T("办结期限", "Time limit"), Hint: core.T("再次转办时不填,期限不变", "Handing on: empty keeps the limit"), Ptr: func(h *Hand) any { return &h.Due }},
			{Name: "no_limit", Label: core.T("确实没有期限(写明理由)", "There can be no limit (say why)"), Ptr: func(h *Hand) any { return &h.NoLimit }},
			{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(h *Hand) any { return &h.Reason }, Kind: core.KindLines, Required: true}},
			Choices: staffChoices, Do: register.Doing(HandOver)},
		taking(register.Verb[nothing]{Name: "accept", Label: core.T("接收转办", "Accept"), Roles: handables(), Primary: true, Can: checked("accept", canAccept),
			Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
				return id, Accept(ctx, tx, id)
			}}),
		taking(register.Verb[Note]{Name: "decline", Label: core.T("退回转办", "Send back"), Roles: handables(), Can: checked("decline", canAccept), Fields: noteFields(core.T("为何退回", "Why it is sent back")), Do: register.Doing(Decline)}),
		taking(register.Verb[Note]{Name: "look", Label: core.T("记录调查了解", "Note what was found"), Roles: handables(), Clause: "A3.4", Can: checked("look", canLook), Fields: noteFields(core.T("了解到什么,怎样处理", "What was found and done")), Do: register.Doing(Look)}),
		noting("progress", core.T("告知进展", "Tell the progress"), core.T("告知了什么", "What the customer was told"), "A3.5", canProgress, Progress),
		draftVerb(), reportVerb(), turnVerb(), mergeVerb(), splitVerb(), lineVerb(),
		noting("unmerge", core.T("取消合并", "Take apart again"), core.T("理由", "Reason"), "", canUnmerge, Unmerge),
	}
}

func ending() []register.Verber {
	return []register.Verber{
		noting("answer", core.T("答复", "Answer"), core.T("答复内容", "Answer"), "A3.2", canAnswer, Answer),
		register.Verb[Confirm]{Name: "close", Label: core.T("客户确认,办结", "Confirmed: close"), Roles: desks(), Primary: true, Clause: "B4.5", Can: checked("close", canClose), Do: register.Doing(Close),
			Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *Confirm) error {
				m, err := Get(ctx, tx, id)
				in.By = m.Contact
				return err
			}, Fields: []core.Field[Confirm]{
				{Name: "by", Label: core.T("谁确认的", "Who confirmed"), Hint: core.T("匿名意见没有人可确认的,不填", "Empty where an anonymous opinion leaves nobody to ask"), Ptr: func(c *Confirm) any { return &c.By }},
				{Name: "how", Label: core.T("怎样确认的", "How"), Ptr: func(c *Confirm) any { return &c.How }, Kind: core.KindRadio, Choices: confirmable()}}},
		noting("dispute", core.T("客户不认可", "Not agreed"), core.T("客户的理由", "The customer's reason"), "B4.5", canDispute, Dispute),
		noting("summary", core.T("事后总结", "Sum up"), core.T("总结", "Summary"), "A3.5", canSummarise, Summarise),
		noting("void", core.T("作废", "Void"), core.T("理由", "Reason"), "", func(_ context.Context, _ db.Tx, m Matter) error { return canVoid(m, false) },
			func(ctx context.Context, tx db.Tx, id core.ID, n Note) error { return Void(ctx, tx, id, n.Text, false) }),
	}
}

func noteFields(label core.Text) []core.Field[Note] {
	return []core.Field[Note]{{Name: "text", Label: label, Ptr: func(n *Note) any { return &n.Text }, Kind: core.KindLines, Required: true, Min: 2, Max: 2000}}
}

// handables are the roles that a matter may be handed to.
func handables() []core.Role {
	var out []core.Role
	for _, c := range core.RoleNames()[:handable] {
		out = append(out, core.Role(c.Value))
	}
	return out
}

// taking leads those who may not see the register back to what they owe.
func taking[In any](v register.Verb[In]) register.Verb[In] {
	v.Next = func(ctx context.Context, id core.ID) string {
		if core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, "desk.view") {
			return href(ctx, id)
		}
		return "/p/" + core.ProjectOf(ctx).Code + "/todo"
	}
	return v
}

func reportVerb() register.Verber {
	return register.Verb[Report]{Name: "report", Label: core.T("上报领导", "Report to the leader"), Roles: desks(), Clause: "B4.6", Can: checked("report", canReport), Do: register.Doing(ReportUp),
		Choices: func(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
			out, err := staffChoices(ctx, tx, id)
			if err != nil {
				return nil, err
			}
			us, err := leaders(ctx, tx)
			cs := make([]core.Choice, len(us))
			for i, u := range us {
				cs[i] = core.Choice{Value: u.ID.String(), Label: core.T("%s", "%s", u.Name)}
			}
			return map[string][]core.Choice{"leader": cs, "taker": out["user"]}, err
		},
		Fields: []core.Field[Report]{{Name: "reason", Label: core.T("为何不能按期解决", "Why it cannot be solved in its term"), Ptr: func(r *Report) any { return &r.Reason }, Kind: core.KindLines, Max: 1000},
			{Name: "leader", Label: core.T("上报给", "Reported to"), Ptr: func(r *Report) any { return &r.Leader }}, {Name: "taker", Label: core.T("接手人", "Who takes over"), Ptr: func(r *Report) any { return &r.Taker }},
			{Name: "due", Label: core.T("新的期限", "New limit"), Ptr: func(r *Report) any { return &r.Due }, Required: true}}}
}

func routes() []web.Route {
	specs := core.Specs(intakeFields())
	return append(append(inboxRoutes(), publicRoutes()...), []web.Route{
		{Pattern: "GET /p/{project}/desk/new", Perm: "desk.take", Handle: newPage},
		{Pattern: "POST /p/{project}/desk/new", Perm: "desk.take", Specs: specs, Handle: takePost, Failed: takeFailed},
		{Pattern: "GET /p/{project}/desk/{id}/turn", Perm: "desk.turn", Handle: turnPage},
		{Pattern: "GET /p/{project}/desk/new/who", Perm: "desk.take", Handle: whoPart},
		{Pattern: "GET /p/{project}/desk/new/fields", Perm: "desk.take", Handle: fieldsPart},
		{Pattern: "GET /p/{project}/call/recordings.pdf", Perm: "call.view", Handle: recordingsPDF},
		{Pattern: "GET /p/{project}/desk/register.pdf", Perm: "desk.export", Handle: registerPDF},
	}...)
}

// about names the matter above a form.
func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	m, err := Get(ctx, tx, id)
	return ui.Plain(ui.Join(m.Number, m.UnitCode, m.CustomerName, m.Content)), err
}
