package desk

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
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
		Registers: []register.Any{matters()}, Routes: routes(), Tables: []journal.Table{{Kind: "desk", Name: "desk_matter"}}, Forms: []core.Form{form()},
		Nav: []house.Nav{{Wing: house.Matters, Order: 10, Label: core.T("受理台", "Front desk"), Icon: "phone", Path: "desk", Perm: "desk.view", Main: true,
			Count: opened}},
		OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{Erase},
		Panels:  []register.Panel{panel("customer", "customer_id"), panel("unit", "unit_id")},
		Events: []house.Event{{Key: "desk.taken", Label: core.T("受理了一件诉求", "A matter was taken down")}, {Key: "desk.contacted", Label: core.T("已联系客户", "The customer was contacted about a matter")},
			{Key: "desk.handed", Label: core.T("诉求已转办", "A matter was handed over")}, {Key: "desk.answered", Label: core.T("诉求已答复", "A matter was answered")}, {Key: "desk.closed", Label: core.T("诉求已办结", "A matter was closed")},
			{Key: "desk.reopened", Label: core.T("诉求重新打开", "A matter was reopened")}},
		Clauses: []regulation.Claim{
			{Clause: "C19.1", By: []regulation.Mechanism{regulation.ByParam, regulation.ByForm}, Numbers: []string{"hours"}, Records: "desk?state=all"},
			{Clause: "D5.1", By: []regulation.Mechanism{regulation.ByParam}, Numbers: []string{"days", "hours"}, Records: "desk?state=all"},
			{Clause: "B4.3", By: []regulation.Mechanism{regulation.ByDuty}, Numbers: []string{"term"}, Records: "desk"},
			{Clause: "A3.5", By: []regulation.Mechanism{regulation.ByFlow, regulation.ByGuard, regulation.ByDuty}, Numbers: []string{"remind", "summary"}, Records: "desk"}}}
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
		return panelCard(core.T("诉求", "Requests"), t), nil
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
			{Name: "kind", Label: core.T("类别", "Kind"), Kind: core.KindChoice, Choices: append(Kinds(), core.Choice{Value: "repair", Label: core.T("报修", "Repair")})},
			{Name: "mine", Label: core.T("转给我的", "Handed to me"), Kind: core.KindChoice, Choices: []core.Choice{{Value: "mine", Label: core.T("是", "Yes")}}},
			{Name: "late", Label: core.T("逾期", "Overdue"), Kind: core.KindChoice, Choices: []core.Choice{{Value: "late", Label: core.T("是", "Yes")}}},
			{Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth}},
		ID: func(m *Matter) core.ID { return m.Ref.ID }, Version: func(m *Matter) int64 { return m.Version }, Cursor: cursor, Find: find, Get: Get, Row: row, Record: record,
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

func record(ctx context.Context, _ db.Tx, m Matter) (register.Record, error) {
	pills := []ui.PillView{{Tone: stateTone(m), Text: core.Label(States(), m.State)}, {Tone: kindTone(&m), Text: kindName(ctx, m.Kind)}}
	r := register.Record{Head: ui.HeadView{Title: ui.Plain(m.Number), Pills: pills, Sub: ui.Plain(m.Content), Aside: join(m.UnitCode, m.CustomerName)}, About: m.Customer}
	pairs := []ui.Pair{{Label: core.T("受理", "Taken"), Value: ui.Full(ctx, m.At) + " · " + core.Label(Channels(), m.Channel).Say(ctx)},
		{Label: core.T("联系人", "Contact"), Value: strings.TrimSpace(string(m.Contact) + " " + m.Phone.Mask())}, {Label: core.T("位置", "Place"), Value: join(m.UnitCode, m.Place)},
		{Label: core.T("内容", "Content"), Value: m.Content}}
	if m.State == StateHanded || m.HandedReason != "" {
		pairs = append(pairs, ui.Pair{Label: core.T("转办", "Handed to"), Value: join(m.handedTo(ctx), m.HandedReason)}, ui.Pair{Label: core.T("期限", "Limit"), Value: ui.DueFull(ctx, m.HandedDue)})
	}
	if m.Answer != "" {
		pairs = append(pairs, ui.Pair{Label: core.T("答复", "Answer"), Value: m.Answer})
	}
	if m.Summary != "" {
		pairs = append(pairs, ui.Pair{Label: core.T("事后总结", "Summary"), Value: m.Summary})
	}
	if m.Handler != "" {
		pairs = append(pairs, ui.Pair{Label: core.T("处理人", "Handler"), Value: m.Handler})
	}
	r.Cards = []templ.Component{register.FieldsCard(core.T("诉求", "Request"), pairs)}
	return r, nil
}

// join puts a dot between what there is.
func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" }), " · ")
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
	case StateVoid:
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
		m, err := Get(ctx, tx, id)
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
		Fields: []core.Field[Note]{{Name: "text", Label: field, Ptr: func(n *Note) any { return &n.Text }, Kind: core.KindLines, Required: true, Min: 2, Max: 2000}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, n Note) (core.ID, error) {
			return id, do(ctx, tx, id, n)
		}}
}

// handable is how many of the roles, in the order of core.RoleNames, a matter may be handed to: the project's own.
const handable = 10

func staffChoices(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	us, err := staff(ctx, tx)
	out := make([]core.Choice, len(us))
	for i, u := range us {
		out[i] = core.Choice{Value: u.ID.String(), Label: core.T("%s", "%s", u.Name)}
	}
	return map[string][]core.Choice{"user": out}, err
}

type nothing struct{}

func verbs() []register.Verber {
	return []register.Verber{
		register.Verb[Intake]{Name: "take", Label: core.T("受理", "Take down"), New: true, Hidden: true, Roles: desks(), Clause: "C19.1", Fields: detailFields(),
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Intake) (core.ID, error) {
				m, _, err := Take(ctx, tx, in)
				return m.Ref.ID, err
			}},
		noting("contact", core.T("已联系客户", "Contacted"), core.T("确认与安排", "What was confirmed and arranged"), "B4.3", canContact, Contact),
		register.Verb[Hand]{Name: "hand", Label: core.T("转办", "Hand over"), Roles: desks(), Clause: "A3.5", Can: checked("hand", canHand), Fields: []core.Field[Hand]{
			{Name: "role", Label: core.T("转给(岗位)", "To (role)"), Ptr: func(h *Hand) any { return &h.Role }, Choices: core.RoleNames()[:handable]},
			{Name: "user", Label: core.T("转给(人)", "To (person)"), Ptr: func(h *Hand) any { return &h.User }},
			{Name: "due", Label: core.T("办结期限", "Time limit"), Ptr: func(h *Hand) any { return &h.Due }},
			{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(h *Hand) any { return &h.Reason }, Kind: core.KindLines, Required: true}},
			Choices: staffChoices, Do: func(ctx context.Context, tx db.Tx, id core.ID, h Hand) (core.ID, error) {
				return id, HandOver(ctx, tx, id, h)
			}},
		noting("progress", core.T("告知进展", "Tell the progress"), core.T("告知了什么", "What the customer was told"), "A3.5", canProgress, Progress),
		noting("answer", core.T("答复", "Answer"), core.T("答复内容", "Answer"), "A3.5", canAnswer, Answer),
		register.Verb[nothing]{Name: "close", Label: core.T("办结", "Close"), Roles: desks(), Primary: true, Clause: "A3.5", Can: checked("close", canClose),
			Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
				return id, Close(ctx, tx, id)
			}},
		noting("summary", core.T("事后总结", "Sum up"), core.T("总结", "Summary"), "A3.5", canSummarise, Summarise),
		noting("void", core.T("作废", "Void"), core.T("理由", "Reason"), "", func(_ context.Context, _ db.Tx, m Matter) error { return canVoid(m, false) },
			func(ctx context.Context, tx db.Tx, id core.ID, n Note) error { return Void(ctx, tx, id, n.Text, false) }),
	}
}

func routes() []web.Route {
	specs := core.Specs(intakeFields())
	return []web.Route{
		{Pattern: "GET /p/{project}/desk/new", Perm: "desk.take", Handle: newPage},
		{Pattern: "POST /p/{project}/desk/new", Perm: "desk.take", Specs: specs, Handle: takePost, Failed: takeFailed},
		{Pattern: "GET /p/{project}/desk/new/who", Perm: "desk.take", Handle: whoPart},
		{Pattern: "GET /p/{project}/desk/new/fields", Perm: "desk.take", Handle: fieldsPart},
		{Pattern: "GET /p/{project}/desk/register.pdf", Perm: "desk.export", Handle: registerPDF},
	}
}

// about names the matter above a form.
func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	m, err := Get(ctx, tx, id)
	return ui.Plain(join(m.Number, m.UnitCode, m.CustomerName, m.Content)), err
}
