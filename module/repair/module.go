package repair

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/desk"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/sheet"
	"huiyin/web/ui"
)

// forms are the papers of this module.
func forms() []core.Form {
	return []core.Form{{Code: "FM-GL-011-0", Clause: "DX.13", Title: core.T("报修受理记录", "Repair intake record")}, {Code: "FM-WX-001", Clause: "C17.3", Title: core.T("维修单", "Repair order")}}
}

// Module declares repairs.
func Module() house.Module {
	return house.Module{Name: "repair", Label: core.T("维修", "Repairs"), Migrations: Migrations,
		Registers: []register.Any{orders(), priceRegister(), materialRegister()}, Routes: routes(), Forms: forms(),
		Perms: []register.Perm{{Name: "repair.report", Label: core.T("维修:报表", "Repairs: report"), Roles: []core.Role{core.Supervisor, core.Manager, core.GM, core.Quality}},
			{Name: "repair.take", Label: core.T("维修:受理", "Repairs: take down"), Roles: office()}},
		Tables: []journal.Table{{Kind: "repair", Name: "repair_order"}, {Kind: "repair-price", Name: "repair_price"}, {Kind: "material", Name: "repair_material"}, {Kind: "repair-month", Name: "repair_month"}},
		Nav: []house.Nav{{Wing: house.Matters, Order: 20, Label: core.T("维修", "Repairs"), Icon: "tool", Path: "repair", Perm: "repair.view",
			Count: opened},
			{Wing: house.Matters, Order: 21, Label: core.T("我的维修单", "My repairs"), Icon: "tool", Under: "repair", Path: "repair/mine", Perm: "repair.start", Main: true},
			{Wing: house.Matters, Order: 22, Label: core.T("零修报表", "Repair report"), Icon: "chart-bar", Under: "repair", Path: "repair/report", Perm: "repair.report"},
			{Wing: house.Matters, Order: 23, Label: core.T("有偿服务标准", "Service prices"), Icon: "receipt", Under: "repair", Path: "repair-price", Perm: "repair-price.view"},
			{Wing: house.Matters, Order: 24, Label: core.T("维修材料", "Materials"), Icon: "package", Under: "repair", Path: "material", Perm: "material.view"}},
		Follows: []string{"repair_order"}, OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{Erase},
		Panels:      []register.Panel{panel("customer", "customer_id"), panel("unit", "unit_id"), panel("desk", "matter_id")},
		Measures:    measures(),
		Recurring:   []duty.Recurring{{Clause: "C17.4", Number: "day", Title: core.T("零修及时率、合格率统计", "Timeliness and pass rate of repairs"), URL: "repair/report", Fixed: true}},
		Approvals:   []approval.Kind{{Verb: outsideVerb, Name: core.T("派外协", "Send a contractor"), Run: runOutside}},
		CellStates:  []house.CellState{{Key: "repair", Label: core.T("报修在办", "Repair in hand"), Tone: "repair", Rank: 60, Of: cells}},
		MatterKinds: []house.MatterKind{{Key: "repair", Label: core.T("报修", "Repair"), Icon: "tool", Perm: "repair.take", Specs: specs, Open: open}},
		Sheets:      []sheet.Importer{importer()},
		Clauses:     claims(), Events: happenings()}
}

// happenings are what a clause of the firm's own may hang a term on.
func happenings() []house.Event {
	return []house.Event{{Key: "repair.taken", Label: core.T("受理了一张维修单", "A repair was taken down")}, {Key: "repair.dispatched", Label: core.T("维修已派工", "A repair was dispatched")},
		{Key: "repair.arrived", Label: core.T("维修人员到场", "Maintenance arrived")}, {Key: "repair.agreed", Label: core.T("客户同意维修报价", "The customer agreed to a quote")},
		{Key: "repair.finished", Label: core.T("维修完工", "A repair was finished")}, {Key: "repair.signed", Label: core.T("客户签字评价维修", "The customer signed and rated a repair")},
		{Key: "repair.refused", Label: core.T("客户拒签维修单", "The customer would not sign a repair")},
		{Key: "repair.reworked", Label: core.T("维修返修", "A repair was sent back for rework")}}
}

func claims() []regulation.Claim {
	c := func(clause, records string, by ...regulation.Mechanism) regulation.Claim {
		return regulation.Claim{Clause: clause, By: by, Records: records}
	}
	out := []regulation.Claim{c("C17.2", "repair?paid=true&state=all", regulation.ByGuard), c("C17.3", "repair?state=all", regulation.ByForm, regulation.ByGuard), c("C17.5", "repair?state=all", regulation.ByGuard),
		c("C17.6", "repair?state=finished", regulation.ByGuard), c("C18.1", "repair?level=urgent&state=all", regulation.ByGuard), c("C3.7", "repair?state=new", regulation.ByGuard),
		c("D4.1", "repair?state=all", regulation.ByForm, regulation.ByGuard), c("D4.3", "repair?state=closed", regulation.ByForm, regulation.ByGuard),
		c("D4.9", "repair?scope=public&state=all", regulation.ByParam), c("DX.13", "repair/register.pdf", regulation.ByForm)}
	return append(out,
		regulation.Claim{Clause: "C17.1", By: []regulation.Mechanism{regulation.ByMeasure, regulation.ByDuty, regulation.ByGuard}, Numbers: []string{"tolerance", "target"}, Records: "repair?state=all"},
		regulation.Claim{Clause: "C17.4", By: []regulation.Mechanism{regulation.ByRecurring, regulation.ByGuard}, Numbers: []string{"day"}, Records: "repair/report"},
		regulation.Claim{Clause: "D4.2", By: []regulation.Mechanism{regulation.ByDuty}, Numbers: []string{"term"}, Records: "repair?level=major&state=all"})
}

func cells(ctx context.Context, tx db.Tx, _ core.ID) (map[core.ID]string, error) {
	byUnit, err := openByUnit(ctx, tx, core.ProjectOf(ctx).ID)
	for unit, n := range byUnit {
		byUnit[unit] = core.T("报修 %s 件在办", "%s repairs in hand", n).Say(ctx)
	}
	return byUnit, err
}

// panel shows the latest repairs on a customer's, a unit's or a request's page.
func panel(on, column string) register.Panel {
	return register.Panel{On: on, Perm: "repair.view", Order: 50, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		os, err := recent(ctx, tx, ref, column, 10)
		if err != nil || len(os) == 0 {
			return nil, err
		}
		t := ui.TableView{Caption: core.T("维修", "Repairs"), Columns: headings()}
		for i := range os {
			t.Rows = append(t.Rows, row(ctx, &os[i]))
		}
		return ui.TableCard(core.T("维修", "Repairs"), t), nil
	}}
}

func columnNames() []string {
	return []string{"number", "state", "level", "at", "unit_code", "content", "technician", "due_at"}
}

func headings() []ui.Column {
	var out []ui.Column
	all := fields()
	for _, c := range columnNames() {
		i := slices.IndexFunc(all, func(f core.Field[Order]) bool { return f.Name == c })
		out = append(out, ui.Column{Label: all[i].Label})
	}
	return out
}

// matterFields are what the desk asks of a repair (D4.1, D4.9).
type matterIn struct {
	Scope, Trade, Level, Advice string
	Paid, Confirmed, Own        bool
	Wish                        time.Time
}

func matterFields() []core.Field[matterIn] {
	return []core.Field[matterIn]{
		{Name: "confirmed", Label: core.T("已核对本次联系人和电话", "Contact and number confirmed for this repair"), Ptr: func(m *matterIn) any { return &m.Confirmed }},
		{Name: "scope", Label: core.T("户内/公共", "Inside or common"), Ptr: func(m *matterIn) any { return &m.Scope }, Kind: core.KindRadio, Choices: Scopes()},
		{Name: "trade", Label: core.T("性质", "Nature"), Hint: core.T("不选按内容判断", "Empty: by the content"), Ptr: func(m *matterIn) any { return &m.Trade }, Choices: Trades()},
		{Name: "level", Label: core.T("级别", "Level"), Hint: core.T("不选按内容判断,再由人确认", "Empty: proposed from the content, to be confirmed"), Ptr: func(m *matterIn) any { return &m.Level }, Choices: Levels()},
		{Name: "paid", Label: core.T("有偿", "Chargeable"), Ptr: func(m *matterIn) any { return &m.Paid }},
		{Name: "wish_at", Label: core.T("希望上门的时间", "Wished time"), Ptr: func(m *matterIn) any { return &m.Wish }},
		{Name: "own", Label: core.T("用户自有电器(不受理,记录建议)", "The user's own appliance (not taken; log the advice)"), Ptr: func(m *matterIn) any { return &m.Own }},
		{Name: "advice", Label: core.T("给用户的建议", "Advice given"), Ptr: func(m *matterIn) any { return &m.Advice }},
	}
}

func specs(context.Context, db.Tx) ([]core.Spec, error) { return core.Specs(matterFields()), nil }

// open makes the order of a matter; an own appliance leaves the advice with the matter, and no order (D4.1).
func open(ctx context.Context, tx db.Tx, m house.Matter) (core.Ref, error) {
	in, err := core.Bind(ctx, matterFields(), m.Values)
	if err != nil {
		return core.Ref{}, err
	}
	on, err := regulation.On(ctx, tx, "D4.1")
	if err != nil {
		return core.Ref{}, err
	}
	if in.Own && on {
		if strings.TrimSpace(in.Advice) == "" {
			return core.Ref{}, core.Invalid("advice", "请记录给用户的建议", "Log the advice given to the user")
		}
		return core.Ref{}, desk.Settle(ctx, tx, m.Ref.ID, in.Advice)
	}
	if in.Level == "" && m.Values.Get("urgent") == "true" && ProposeLevel(m.Content) == Normal {
		in.Level = Urgent
	}
	id, err := core.ParseID(m.Values.Get("record_id"))
	if err != nil {
		return core.Ref{}, err
	}
	o, err := Take(ctx, tx, Intake{ID: id, Matter: m.Ref.ID, Customer: m.Customer, CustomerName: m.Values.Get("customer_name"), Unit: m.Unit, UnitCode: m.Values.Get("unit_code"), Place: m.Place,
		Scope: in.Scope, Trade: in.Trade, Level: in.Level, Paid: in.Paid, Contact: core.Personal(m.Contact), Phone: m.Phone, Confirmed: in.Confirmed, Content: m.Content, Channel: m.Channel,
		Wish: in.Wish})
	return o.Ref, err
}

func orders() register.Register[Order] {
	choice := func(name, zh, en string, cs []core.Choice) register.Filter {
		return register.Filter{Name: name, Label: core.T(zh, en), Kind: core.KindChoice, Choices: cs}
	}
	yes := func(v string) []core.Choice { return []core.Choice{{Value: v, Label: core.T("是", "Yes")}} }
	return register.Register[Order]{Kind: Kind(), Viewers: append(anybody(), core.Quality, core.GM, core.Cashier), Export: []core.Role{core.Supervisor, core.Manager, core.GM}, Fields: fields(), Columns: columnNames(),
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, None: core.T("在办的", "Open ones"), Choices: append([]core.Choice{{Value: "all", Label: core.T("全部", "All")}}, States()...)}, choice("trade", "性质", "Nature", Trades()), choice("level", "级别", "Level", Levels()),
			choice("scope", "户内/公共", "Inside or common", Scopes()), choice("paid", "有偿", "Chargeable", yes("true")), choice("mine", "我的", "Mine", yes("mine")), choice("late", "逾期", "Overdue", yes("late")),
			{Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth}},
		ID: func(o *Order) core.ID { return o.Ref.ID }, Version: func(o *Order) int64 { return o.Version }, Cursor: cursor, Find: find, Get: Get, Row: row, Record: record, Topic: "repair",
		Revealers: anybody(), Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"phone": func(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
			o, err := Get(ctx, tx, id)
			return string(o.Phone), err
		}}, Verbs: verbs()}
}

func levelTone(level string) ui.Tone {
	switch level {
	case Major:
		return ui.Late
	case Urgent:
		return ui.Warn
	}
	return ui.None
}

func stateTone(o Order) ui.Tone {
	switch o.State {
	case StateClosed:
		return ui.OK
	case StateCancelled:
		return ui.None
	case StateNew, StateHeld:
		return ui.Warn
	}
	return ui.Run
}

// levelCell leaves the normal level plain, so that the others stand out.
func levelCell(ctx context.Context, o Order) ui.Cell {
	if o.Level == Normal {
		return ui.Cell{Text: core.Label(Levels(), o.Level).Say(ctx)}
	}
	return ui.Cell{Body: ui.Pill(levelTone(o.Level), core.Label(shortLevels(), o.Level))}
}

func row(ctx context.Context, o *Order) ui.Row {
	now := core.Now(ctx)
	r := ui.Row{Cells: []ui.Cell{{Text: o.Number, Href: href(ctx, o.Ref.ID)}, {Body: ui.Pill(stateTone(*o), core.Label(States(), o.State))}, levelCell(ctx, *o),
		{Text: ui.When(ctx, o.At)}, {Text: o.UnitCode}, {Text: o.Content}, {Text: o.TechnicianName}, {}}}
	if o.State == StateNew && core.ActorOf(ctx).Can(o.Ref.Project, "repair.dispatch") {
		r.Cells[6] = ui.Cell{Text: core.T("派工", "Dispatch").Say(ctx), Href: href(ctx, o.Ref.ID, "dispatch")}
	}
	if o.Open && !o.Due.IsZero() {
		r.Cells[7].Body = ui.Countdown(o.Due, now)
		if o.Due.Before(now) {
			r.Tone = ui.Late
		}
	}
	return r
}
