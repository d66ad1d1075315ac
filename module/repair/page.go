package repair

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/module/desk"
	"huiyin/print"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/sheet"
	"huiyin/web"
	"huiyin/web/ui"
)

func routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /p/{project}/repair/mine", Perm: "repair.start", Handle: mine},
		{Pattern: "GET /p/{project}/repair/report", Perm: "repair.report", Handle: report},
		{Pattern: "GET /p/{project}/repair/report.xlsx", Perm: "repair.report", Handle: reportXlsx},
		{Pattern: "GET /p/{project}/repair/register.pdf", Perm: "repair.export", Handle: registerPDF},
		{Pattern: "GET /p/{project}/repair/{id}/slip.pdf", Perm: "repair.view", Handle: slipPDF},
		{Pattern: "GET /p/{project}/repair/{id}/slip/print", Perm: "repair.view", Handle: slipPage},
	}
}

// record is the order's page: the alarm of D4.2, fields, materials and charges.
func record(ctx context.Context, tx db.Tx, o Order) (register.Record, error) {
	r := register.Record{About: o.Customer, Head: ui.HeadView{Title: ui.Plain(o.Number), Sub: ui.Plain(ui.Join(o.Content, strings.TrimSpace(string(o.Contact)+" "+o.Phone.Mask()))),
		Pills: []ui.PillView{{Tone: stateTone(o), Text: core.Label(States(), o.State)}}, Aside: ui.Join(o.UnitCode, o.CustomerName)}}
	if o.Level != Normal {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: levelTone(o.Level), Text: core.Label(Levels(), o.Level)})
	}
	if o.LevelBy == "rule" && o.Open {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: ui.Warn, Text: core.T("级别待确认", "Level to be confirmed")})
	}
	as, err := arrivals(ctx, tx, o)
	if err != nil {
		return r, err
	}
	if r.Alarm, err = alarm(ctx, tx, o, as); err != nil {
		return r, err
	}
	ls, err := Lines(ctx, tx, o)
	if err != nil {
		return r, err
	}
	r.Cards = append(r.Cards, register.FieldsCard(core.T("报修", "Repair"), pairs(ctx, o)))
	if len(ls) > 0 {
		r.Cards = append(r.Cards, ui.TableCard(core.T("用料与费用", "Materials and charges"), lineTable(ctx, o, ls)))
	}
	r.Cards = append(r.Cards, ui.Papers(core.T("单据", "Papers"), []ui.Link{{Label: core.T("打印维修单(三联)", "Print the order (three parts)"), Href: href(ctx, o.Ref.ID, "slip/print")}, {Label: core.T("维修单 PDF", "Order as PDF"), Href: href(ctx, o.Ref.ID, "slip.pdf")}}))
	return r, nil
}

// alarm is the card of the running fifteen minutes (D4.2): who has come, who has not.
func alarm(ctx context.Context, tx db.Tx, o Order, as []Arrival) (*ui.AlarmView, error) {
	if o.Level != Major || !o.Open || len(as) == len(Parties()) {
		return nil, nil
	}
	due, err := alarmDue(ctx, tx, o)
	if err != nil || due.IsZero() {
		return nil, err
	}
	var came, zh, en []string
	for _, p := range Parties() {
		i := slices.IndexFunc(as, func(a Arrival) bool { return a.Party == p.Value })
		if i >= 0 {
			came = append(came, as[i].Name+" "+ui.When(ctx, as[i].At))
			continue
		}
		zh, en = append(zh, p.Label.ZH), append(en, p.Label.EN)
	}
	return &ui.AlarmView{Label: core.T("三方到场", "Three parties on site"), Due: due, Now: core.Now(ctx), Text: core.T("跑水漏水 15 分钟内主管、客服、维修共同到场", "Flood or leak: supervisor, desk and technician on site within 15 minutes"),
		Clause: "D4.2", ClauseHref: register.Cite(ctx, "D4.2"), Verb: "arrive", Note: ui.Plain(strings.Join(came, " · ")), Missing: core.T("%s 未到", "%s not there yet", core.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")})}, nil
}

func pairs(ctx context.Context, o Order) []ui.Pair {
	say := func(cs []core.Choice, v string) string { return core.Label(cs, v).Say(ctx) }
	paid := core.T("无偿", "free").Say(ctx)
	if o.Paid {
		paid = core.T("有偿", "chargeable").Say(ctx)
	}
	out := []ui.Pair{{Label: core.T("受理", "Taken"), Value: ui.Full(ctx, o.At) + " · " + say(desk.Channels(), o.Channel)}, {Label: core.T("位置", "Place"), Value: ui.Join(o.UnitCode, say(Scopes(), o.Scope), o.Place)},
		{Label: core.T("性质", "Nature"), Value: say(Trades(), o.Trade) + " · " + paid}, {Label: core.T("联系人", "Contact"), Value: string(o.Contact) + " " + o.Phone.Mask() + confirmedWord(ctx, o)}}
	add := func(zh, en, v string) {
		if v != "" {
			out = append(out, ui.Pair{Label: core.T(zh, en), Value: v})
		}
	}
	add("派工", "Dispatched", o.TechnicianName)
	if !o.Wish.IsZero() && o.Appoint.IsZero() {
		add("希望上门", "Wished", ui.Full(ctx, o.Wish))
	}
	if !o.Appoint.IsZero() {
		add("预约", "Appointment", ui.Full(ctx, o.Appoint))
	}
	if !o.Arrived.IsZero() {
		add("到场", "Arrived", ui.Full(ctx, o.Arrived))
	}
	add("移动设施", "Moved", ui.Join(o.Moved, o.MoveConsent))
	add("损坏", "Damage", o.Damage)
	add("结果", "Result", o.Result)
	add("拒签", "Refused to sign", o.Refused)
	if o.Quality > 0 {
		add("评价", "Rating", core.T("态度 %d · 速度 %d · 质量 %d", "attitude %d · speed %d · quality %d", o.Attitude, o.Speed, o.Quality).Say(ctx)+" "+o.Comment)
	}
	add("原因", "Reason", o.Reason)
	add("回访", "Follow-up", o.Followup)
	add("原编号", "Office's number", o.OfficeNo)
	return out
}

func confirmedWord(ctx context.Context, o Order) string {
	if o.Confirmed.IsZero() {
		return core.T(" · 未核对", " · not confirmed").Say(ctx)
	}
	return core.T(" · 已核对 %s", " · confirmed %s", ui.When(ctx, o.Confirmed)).Say(ctx)
}

func lineTable(ctx context.Context, o Order, ls []LineView) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("项目", "Item")}, {Label: core.T("数量", "Quantity"), Num: true}, {Label: core.T("单价", "Price"), Num: true}, {Label: core.T("金额", "Amount"), Num: true}, {Label: core.T("依据", "Basis")}}}
	for _, l := range ls {
		phase := core.T("报价", "quote")
		if l.Phase == "used" {
			phase = core.T("用料", "used")
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: l.Name}, {Text: milli(l.Quantity).String() + l.Unit}, {Text: l.Price.String()}, {Text: l.Amount.String()}, {Text: basisText(ctx, l.Basis) + " · " + phase.Say(ctx)}}})
	}
	t.Foot = []ui.Cell{{Text: core.T("合计", "Total").Say(ctx)}, {}, {}, {Text: o.Total.String()}, {}}
	return t
}

// mine is the technician's phone page: his orders, the serious ones first, with what can be done now.
func mine(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	os, err := find(ctx, tx, register.Query{Filter: map[string]string{"mine": "mine"}, Limit: 50})
	if err != nil {
		return nil, err
	}
	jobs := make([]job, len(os))
	for i, o := range os {
		if jobs[i], err = jobOf(ctx, tx, o); err != nil {
			return nil, err
		}
	}
	name := core.ActorOf(ctx).Name
	return web.Page{Title: core.T("%s · 在手 %d 单", "%s · %d in hand", name, len(jobs)), Body: minePage(jobs), Bare: true}, nil
}

// steps are the big buttons of the phone, in the order of the work.
func steps() []struct {
	verb  string
	label core.Text
	check func(context.Context, db.Tx, Order) error
} {
	return []struct {
		verb  string
		label core.Text
		check func(context.Context, db.Tx, Order) error
	}{{"quote", core.T("报价", "Quote"), canQuote}, {"consent", core.T("客户答复报价", "Customer's answer"), canConsent}, {"start", core.T("开始施工", "Start work"), canStart}, {"use", core.T("用料", "Materials"), canUse},
		{"finish", core.T("完工", "Finish"), canFinish}, {"clear", core.T("清场并试用合格", "Cleared and tried"), canClear}, {"sign", core.T("客户签字评价", "Customer signs"), canSign}, {"hold", core.T("挂起(待料)", "On hold"), canHold}, {"resume", core.T("恢复", "Resume"), canResume}}
}

func jobOf(ctx context.Context, tx db.Tx, o Order) (job, error) {
	j := job{Order: o, Href: href(ctx, o.Ref.ID), Alarm: o.Level == Major, Idem: register.NewKey()}
	if o.Phone != "" && o.Technician == core.ActorOf(ctx).ID {
		j.Call = "tel:" + string(o.Phone)
	}
	switch o.State {
	case StateDispatched:
		j.Arrive, j.Photo, j.PhotoRole = href(ctx, o.Ref.ID, "arrive"), href(ctx, o.Ref.ID, "photo"), file.Before
	case StateArrived:
		j.Photo, j.PhotoRole = href(ctx, o.Ref.ID, "photo"), file.Before
	case StateWorking:
		j.Photo, j.PhotoRole = href(ctx, o.Ref.ID, "photo"), file.After
	}
	if o.Paid && o.Consent.IsZero() {
		j.Note, j.Clause, j.Cite = core.T("有偿 · 先报价", "Charged · quote first"), "C17.2", register.Cite(ctx, "C17.2")
	}
	var acts []core.Action
	for _, s := range steps() {
		err := s.check(ctx, tx, o)
		if err != nil && core.ClauseOf(err) == "" {
			continue // not this step's turn; what a clause closes is shown with its reason
		}
		aside := s.verb == "hold" || s.verb == "quote" && (!o.Paid || o.State == StateQuoted) // possible, but not what comes next
		first := err == nil && j.Arrive == "" && !aside && !slices.ContainsFunc(acts, func(a core.Action) bool { return a.Primary })
		acts = append(acts, core.Action{Verb: s.verb, Label: s.label, Primary: first, Err: err})
	}
	j.Actions = ui.ActionsOf(href(ctx, o.Ref.ID), acts, func(c string) string { return register.Cite(ctx, c) })
	for i, a := range acts {
		if a.Err == nil && slices.Contains([]string{"start", "clear", "resume"}, a.Verb) { // they ask for nothing: one tap
			j.Actions[i].Post, j.Actions[i].IdemKey = j.Actions[i].Href, a.Verb
		}
	}
	return j, nil
}

// ---- report (C17.4)

func monthOf(ctx context.Context, r *web.Request) (core.Month, error) {
	if v := r.Query("month"); v != "" {
		return core.ParseMonth(v)
	}
	return core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone), nil
}

func report(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := monthOf(ctx, r)
	if err != nil {
		return nil, err
	}
	p := core.ProjectOf(ctx)
	v := reportView{Month: month, Xlsx: href(ctx, 0, "report.xlsx") + "?month=" + string(month), Prev: href(ctx, 0, "report") + "?month=" + string(month.Add(-1)),
		Next: href(ctx, 0, "report") + "?month=" + string(month.Add(1)), Cite: register.Cite(ctx, "C17.4")}
	if v.Chart, err = trend(ctx, tx, month); err != nil {
		return nil, err
	}
	f, err := FiguresOf(ctx, tx, p.ID, month)
	if err != nil {
		return nil, err
	}
	v.Stats = []stat{{core.T("受理", "Taken"), fmt.Sprint(f.Taken)}, {core.T("完成", "Completed"), fmt.Sprint(f.Finished)}, {core.T("零修及时率", "Timeliness"), f.TimelyRate().String()},
		{core.T("合格率", "Pass rate"), f.PassRate().String()}, {core.T("有偿服务", "Paid services"), f.Income.String()}}
	if v.Paid, err = paidTable(ctx, tx, month); err != nil {
		return nil, err
	}
	done, err := monthConfirmed(ctx, tx, p.ID, month)
	v.Confirmed = done != 0
	v.Form = ui.FormView{Action: href(ctx, 0, "confirm-month"), Submit: core.T("确认并结束本月", "Confirm the month"), IdemKey: register.NewKey(), Clause: "C17.4", ClauseHref: v.Cite, Fields: []ui.FieldView{
		{Name: "month", Kind: core.KindHidden, Value: string(month)}, {Name: "sampled", Label: core.T("抽查回访户数", "Calls sampled"), Kind: core.KindInt, Required: true},
		{Name: "satisfied", Label: core.T("其中满意", "Of them satisfied"), Kind: core.KindInt, Required: true}, {Name: "note", Label: core.T("说明", "Note"), Kind: core.KindLines}}}
	return web.Page{Title: core.T("零修报表", "Repair report"), Body: reportPage(v)}, err
}

func trend(ctx context.Context, tx db.Tx, month core.Month) (ui.Chart, error) {
	c := ui.Chart{Kind: ui.Line, Title: core.T("零修及时率与合格率", "Timeliness and pass rate"), Unit: ui.Plain("%"), Series: []ui.Series{{Name: core.T("及时率", "Timeliness")}, {Name: core.T("合格率", "Pass rate")}}}
	for i := -5; i <= 0; i++ {
		f, err := FiguresOf(ctx, tx, core.ProjectOf(ctx).ID, month.Add(i))
		if err != nil {
			return c, err
		}
		c.Labels = append(c.Labels, string(f.Month))
		c.Series[0].Values = append(c.Series[0].Values, float64(f.TimelyRate())/100)
		c.Series[1].Values = append(c.Series[1].Values, float64(f.PassRate())/100)
	}
	return c, nil
}

func paidTable(ctx context.Context, tx db.Tx, month core.Month) (ui.TableView, error) {
	t := ui.TableView{Empty: core.T("本月没有有偿服务", "No paid services this month"), Columns: []ui.Column{{Label: core.T("单号", "Number")}, {Label: core.T("单元 客户", "Unit, customer")}, {Label: core.T("内容", "Content")}, {Label: core.T("费用", "Charge"), Num: true}, {Label: core.T("同意人", "Agreed by")}}}
	os, err := ratedIn(ctx, tx, core.ProjectOf(ctx).ID, month)
	for _, o := range os {
		if o.Paid && !o.Quoted.IsZero() {
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: o.Number, Href: href(ctx, o.Ref.ID)}, {Text: o.UnitCode + " " + o.CustomerName}, {Text: o.Content}, {Text: o.Total.String()}, {Text: string(o.ConsentBy)}}})
		}
	}
	return t, err
}

func reportXlsx(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := monthOf(ctx, r)
	if err != nil {
		return nil, err
	}
	e, err := sheet.NewExport(core.LangOf(ctx))
	if err != nil {
		return nil, err
	}
	if err := figuresSheet(ctx, tx, e, month); err != nil {
		return nil, err
	}
	if err := paidSheet(ctx, tx, e, month); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if _, err := e.WriteTo(&b); err != nil {
		return nil, err
	}
	return web.Download{Name: "repairs-" + string(month) + ".xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Bytes: b.Bytes()}, nil
}

func columnsOf(labels ...core.Text) []sheet.OutColumn {
	out := make([]sheet.OutColumn, len(labels))
	for i, l := range labels {
		out[i] = sheet.OutColumn{Label: l, Width: 16}
	}
	return out
}

func figuresSheet(ctx context.Context, tx db.Tx, e *sheet.Export, month core.Month) error {
	if err := e.Sheet(core.T("零修统计", "Statistics").Say(ctx), columnsOf(core.T("月份", "Month"), core.T("受理", "Taken"), core.T("完成", "Completed"), core.T("及时率", "Timeliness"), core.T("合格率", "Pass rate"), core.T("有偿服务(元)", "Paid services"))); err != nil {
		return err
	}
	for i := -11; i <= 0; i++ {
		f, err := FiguresOf(ctx, tx, core.ProjectOf(ctx).ID, month.Add(i))
		if err == nil {
			err = e.Row(f.Month, f.Taken, f.Finished, f.TimelyRate(), f.PassRate(), f.Income)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func paidSheet(ctx context.Context, tx db.Tx, e *sheet.Export, month core.Month) error {
	if err := e.Sheet(core.T("有偿服务登记", "Paid services").Say(ctx), columnsOf(core.T("单号", "Number"), core.T("单元", "Unit"), core.T("客户", "Customer"), core.T("内容", "Content"), core.T("费用", "Charge"))); err != nil {
		return err
	}
	os, err := ratedIn(ctx, tx, core.ProjectOf(ctx).ID, month)
	for _, o := range os {
		if err == nil && o.Paid && !o.Quoted.IsZero() {
			err = e.Row(o.Number, o.UnitCode, o.CustomerName, o.Content, o.Total)
		}
	}
	return err
}

// ---- papers

// registerPDF prints 报修受理记录 of a month with its ten fields, as form FM-GL-011-0 where DX.13 is in force.
func registerPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := monthOf(ctx, r)
	if err != nil {
		return nil, err
	}
	os, err := allIn(ctx, tx, core.ProjectOf(ctx).ID, month)
	if err != nil {
		return nil, err
	}
	recorders, err := recordersIn(ctx, tx, core.ProjectOf(ctx).ID, month)
	if err != nil {
		return nil, err
	}
	form, name := forms()[0], "repairs-"
	on, err := regulation.On(ctx, tx, form.Clause)
	if err != nil {
		return nil, err
	}
	if on {
		name = form.Code + "-"
	} else {
		form.Code = ""
	}
	b, err := printRegister(ctx, form, month, os, recorders)
	if b == nil {
		return nil, err
	}
	return web.Download{Name: name + string(month) + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
}

func printRegister(ctx context.Context, f core.Form, month core.Month, os []Order, recorders map[core.ID]string) ([]byte, error) {
	d := print.New(print.A4Landscape, core.LangOf(ctx))
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: f.Title.Say(ctx) + " " + string(month), Form: f.Code})
	col := func(zh, en string, w float64) print.Column {
		return print.Column{Title: core.T(zh, en).Say(ctx), Width: w}
	}
	var rows [][]string
	for i, o := range os {
		rows = append(rows, []string{fmt.Sprint(i + 1), o.UnitCode + " " + o.CustomerName, o.Content, core.Label(Levels(), o.Level).Say(ctx), string(o.Contact) + " " + o.Phone.Mask(), ui.Full(ctx, o.At),
			core.Label(States(), o.State).Say(ctx) + " " + o.Result, o.TechnicianName, recorders[o.Ref.ID], ui.Join(o.Number, o.Comment)})
	}
	d.Table([]print.Column{col("序号", "No.", 1.1), col("地址名称", "Address, name", 3), col("项目或故障", "Item or fault", 3.3), col("级别", "Priority", 1.2), col("电话联系人", "Contact, telephone", 2.2), col("报修时间", "Reported", 2),
		col("结果", "Result", 2.5), col("处理人", "Handled by", 1.2), col("记录人", "Recorded by", 1.2), col("备注", "Remarks", 3.2)}, rows)
	return d.Bytes()
}

// about names the order above a form: on a phone the technician sees which of his orders he quotes.
func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	o, err := Get(ctx, tx, id)
	return ui.Plain(ui.Join(o.Number, o.UnitCode, o.Content)), err
}
