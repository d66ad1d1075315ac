package report

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/project"
	"huiyin/notify"
	"huiyin/print"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

// sectionView is one section as a page draws it.
type sectionView struct {
	Title  core.Text
	Text   string
	Stats  []statView
	Notes  []core.Text
	Tables []tableView
}

type statView struct {
	Label core.Text
	Value string
	Tone  ui.Tone
	Href  string
}

// tableView is a chart with its figures beside it, a table, or both.
type tableView struct {
	Title core.Text
	Chart *ui.Chart
	Table *ui.TableView
}

// viewOf draws a section; at is the address that the paths of its records go on from, "" for who may not follow them.
func viewOf(ctx context.Context, s house.Section, text, at string) sectionView {
	v := sectionView{Title: s.Title, Text: text, Notes: s.Notes}
	for _, f := range s.Figures {
		label := f.Name
		switch d := change(f.As, f.Value, f.Before); d {
		case "—":
		case "0":
			label = core.T("%s · 同上期", "%s · as before", f.Name)
		default:
			label = core.T("%s · 上期 %s(%s)", "%s · before %s (%s)", f.Name, written(f.As, *f.Before), d)
		}
		v.Stats = append(v.Stats, statView{label, written(f.As, f.Value), toneOf(f), leads(ctx, at, f.Path)})
	}
	for _, t := range s.Tables {
		v.Tables = append(v.Tables, tableOf(ctx, t, at))
	}
	return v
}

// toneOf marks what should be none.
func toneOf(f house.Figure) ui.Tone {
	bad := strings.HasSuffix(f.Key, ".late") || strings.HasSuffix(f.Key, ".slow") || strings.HasSuffix(f.Key, ".dissatisfied") || strings.HasSuffix(f.Key, ".missed")
	if bad && f.Value > 0 {
		return ui.Late
	}
	return ""
}

// leads is where a path of a figure goes: the report's own lists, or a page of another module.
func leads(ctx context.Context, at, path string) string {
	switch {
	case at == "" || path == "":
		return ""
	case strings.HasPrefix(path, "records?"):
		if strings.HasSuffix(at, "preview") { // nothing is kept yet
			return ""
		}
		return at + "/" + path
	}
	return "/p/" + core.ProjectOf(ctx).Code + "/" + path
}

func tableOf(ctx context.Context, t house.Table, at string) tableView {
	v := tableView{Title: t.Title, Chart: chartOf(ctx, t, at)}
	if v.Chart == nil || len(t.Columns) > 1 && t.Chart != "stacked" {
		table := &ui.TableView{Caption: t.Title}
		for i, h := range heads(t) {
			table.Columns = append(table.Columns, ui.Column{Label: h, Num: i > 0})
		}
		for i, texts := range rows(ctx, t) {
			var r ui.Row
			for j, text := range texts {
				c := ui.Cell{Text: text}
				if j == 0 {
					c.Href = leads(ctx, at, t.Lines[i].Path)
				}
				r.Cells = append(r.Cells, c)
			}
			table.Rows = append(table.Rows, r)
		}
		v.Table = table
	}
	return v
}

// charted are the columns that a table's chart draws, as they stand in its rows: the first beside the period before; of a
// stacked one what the first is made of. None: no chart.
func charted(t house.Table) (out []int) {
	if t.Chart == "" || len(t.Lines) == 0 || len(t.Columns) == 0 {
		return nil
	}
	if t.Chart == "stacked" {
		for i := 1; i < len(t.Columns); i++ {
			out = append(out, i+1)
		}
		return out
	}
	out = []int{1}
	if compares(t) && t.Chart != "pie" {
		out = append(out, len(t.Columns)+1)
	}
	return out
}

// chartOf is a table's chart; nil when it has none.
func chartOf(ctx context.Context, t house.Table, at string) *ui.Chart {
	columns := charted(t)
	if len(columns) == 0 {
		return nil
	}
	c := &ui.Chart{Kind: ui.ChartKind(t.Chart), Title: t.Title, Unit: unitOf(t.Columns[0].As)}
	for _, i := range columns {
		s, as := ui.Series{Name: core.T("上期", "Before"), Tone: ui.None}, t.Columns[0].As
		if i <= len(t.Columns) {
			s, as = ui.Series{Name: t.Columns[i-1].Name}, t.Columns[i-1].As
		}
		for _, l := range t.Lines {
			v := l.Before
			if i <= len(t.Columns) {
				v = &l.Values[i-1]
			}
			s.Values = append(s.Values, height(as, v))
		}
		c.Series = append(c.Series, s)
	}
	for _, l := range t.Lines {
		c.Labels = append(c.Labels, l.Name.Say(ctx))
		c.Links = append(c.Links, leads(ctx, at, l.Path))
	}
	return c
}

// unitOf is the unit in which a chart draws a kind of value.
func unitOf(as string) core.Text {
	switch as {
	case house.AsRate:
		return ui.Plain("%")
	case house.AsMoney:
		return core.T("元", "yuan")
	case house.AsScore:
		return core.T("分", "points")
	}
	return core.T("件", "number")
}

// height is a value as a chart draws it, in its unit; NaN when there is none.
func height(as string, v *int64) float64 {
	switch {
	case v == nil, *v == house.NoValue && as != house.AsCount && as != house.AsMoney:
		return math.NaN()
	case as != house.AsCount:
		return float64(*v) / 100
	}
	return float64(*v)
}

// viewsOf draws all sections of an issue.
func viewsOf(ctx context.Context, i Issue, at string) []sectionView {
	var out []sectionView
	for _, s := range i.Sections {
		out = append(out, viewOf(ctx, s, i.said(s.Key), at))
	}
	return out
}

// recordOf is an issue's page.
func recordOf(ctx context.Context, tx db.Tx, i Issue) (register.Record, error) {
	s, _ := sortOf(i.Kind)
	rec := register.Record{Head: ui.HeadView{Title: i.Title(), Pills: []ui.PillView{{Tone: tone(i.State), Text: i.stateName()}}, Sub: core.T("%s · 统计时间 %s", "%s · counted %s", i.Number, ui.Full(ctx, i.At)), Aside: s.clause}}
	if t := i.texts(); len(t) > 0 {
		rec.Cards = append(rec.Cards, textCards(t))
	}
	for _, v := range viewsOf(ctx, i, href(ctx, i.Ref.ID)) {
		rec.Cards = append(rec.Cards, sectionCard(v))
	}
	papers := []ui.Link{{Label: core.T("打印(PDF)", "Print (PDF)"), Href: href(ctx, i.Ref.ID, "report.pdf")}, {Label: core.T("导出(xlsx)", "Export (xlsx)"), Href: href(ctx, i.Ref.ID, "report.xlsx")}}
	if i.Kind == Monthly {
		papers = append(papers, ui.Link{Label: core.T("投诉统计表(C1.6)", "Complaint statistics (C1.6)"), Href: "/p/" + core.ProjectOf(ctx).Code + "/complaint/report?month=" + string(i.From.Month())})
	}
	rec.Side = append(rec.Side, steps(i), links(papers))
	if i.Kind != Operations || i.Issued.IsZero() {
		return rec, nil
	}
	card, err := receiptsOf(ctx, tx, i)
	rec.Cards = append([]templ.Component{card}, rec.Cards...)
	return rec, err
}

// steps is where an issue stands.
func steps(i Issue) templ.Component {
	order := []string{StateDraft, StateEdited, StateIssued, StateClosed}
	if i.Kind == Operations {
		order = []string{StateDraft, StateEdited, StateSubmitted, StateApproved, StateSent, StateClosed}
	}
	at := slices.Index(order, i.State)
	var out []ui.Step
	for n, state := range order {
		s := ui.Step{Label: core.Label(States(), state), State: ui.None}
		switch {
		case n < at || n == at && state == StateClosed:
			s.State = ui.OK
		case n == at:
			s.State = ui.Run
		}
		out = append(out, s)
	}
	return stepsCard(out)
}

type receiptsView struct {
	Tally  Tally
	Stats  []statView
	Table  ui.TableView
	Remind *ui.ActionView
	Links  []ui.Link
}

// receiptsOf is how far a sent report has got: the counts, and who has not read or signed.
func receiptsOf(ctx context.Context, tx db.Tx, i Issue) (templ.Component, error) {
	t, err := TallyOf(ctx, tx, i.Ref.ID)
	if err != nil {
		return nil, err
	}
	to := func(state string) string {
		out := ReceiptKind.Href(ctx, 0) + "?report=" + i.Ref.ID.String()
		if state != "" {
			out += "&state=" + state
		}
		return out
	}
	v := receiptsView{Tally: t, Stats: []statView{{core.T("应收", "Customers"), ui.UpTo(t.All), "", to("")}, {core.T("邮件", "By e-mail"), ui.UpTo(t.Mailed), "", to("")}, {core.T("已读", "Read"), ui.UpTo(t.Read), ui.OK, to(ReceiptRead)},
		{core.T("未读", "Not read"), ui.UpTo(t.Unread), warnIf(t.Unread), to(ReceiptUnread)}, {core.T("未送达", "Not delivered"), ui.UpTo(t.Failed), lateIf(t.Failed), to(ReceiptUnread)},
		{core.T("纸质待签收", "Paper to be signed for"), ui.UpTo(t.Paper), warnIf(t.Paper), to(ReceiptPaper)}, {core.T("已签收", "Signed for"), ui.UpTo(t.Signed), ui.OK, to(ReceiptSigned)}}}
	left, err := db.All(ctx, tx, (*Receipt).dest, receiptSelect+"and r.issue_id = $2 and r.state in ('unread', 'paper') order by r.state desc, r.id limit 20", i.Ref.Project, i.Ref.ID)
	for _, c := range []core.Text{core.T("单元", "Unit"), core.T("客户", "Customer"), core.T("收阅", "Receipt"), core.T("邮件送达", "Delivery"), core.T("提醒", "Reminded")} {
		v.Table.Columns = append(v.Table.Columns, ui.Column{Label: c})
	}
	v.Table.Caption, v.Table.Empty = core.T("还没有读或签收的客户", "Customers who have not read or signed"), core.T("所有客户都已收到", "Every customer has got it")
	for _, r := range left {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Units}, {Text: r.nameOf().Say(ctx), Href: ReceiptKind.Href(ctx, r.ID)}, {Body: ui.Pill(receiptTone(r.State), core.Label(ReceiptStates(), r.State))}, {Text: delivery(r).Say(ctx)}, {Text: whenever(ctx, r.Reminded)}}})
	}
	if a := core.ActorOf(ctx); i.State == StateSent && a.Can(i.Ref.Project, "report.remind") {
		if t.Unread > 0 {
			v.Remind = &ui.ActionView{Verb: "remind", Label: core.T("提醒未读客户", "Remind who has not read it"), Post: href(ctx, i.Ref.ID, "remind"), IdemKey: register.NewKey()}
		}
		if t.Paper > 0 {
			v.Links = append(v.Links, ui.Link{Label: core.T("登记纸质签收", "Record signatures"), Href: href(ctx, i.Ref.ID, "sign")}, ui.Link{Label: core.T("打印签收表", "Print the list to sign"), Href: href(ctx, i.Ref.ID, "paper.pdf")})
		}
	}
	v.Links = append(v.Links, ui.Link{Label: core.T("全部收阅情况", "All receipts"), Href: to("")})
	return receiptsCard(v), err
}

func warnIf(n int64) ui.Tone {
	if n > 0 {
		return ui.Warn
	}
	return ""
}

func lateIf(n int64) ui.Tone {
	if n > 0 {
		return ui.Late
	}
	return ""
}

func whenever(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return ui.When(ctx, t)
}

// delivery is what became of a receipt's last e-mail.
func delivery(r Receipt) core.Text {
	if r.Delivery == "" {
		return core.Text{ZH: "—", EN: "—"}
	}
	name := notify.State(r.Delivery).Name()
	if d := (notify.Delivery{Error: r.Error}); r.Error != "" && r.Delivery != string(notify.Sent) {
		return core.T("%s:%s", "%s: %s", name, d.Reason())
	}
	return name
}

func receiptTone(state string) ui.Tone {
	switch state {
	case ReceiptRead, ReceiptSigned:
		return ui.OK
	case ReceiptUnread:
		return ui.Warn
	}
	return ui.Run
}

func receiptRow(ctx context.Context, r *Receipt) ui.Row {
	return ui.Row{Cells: []ui.Cell{{Text: r.Units}, {Text: r.nameOf().Say(ctx), Href: ReceiptKind.Href(ctx, r.ID)}, {Text: string(r.Contact)}, {Text: core.Label(ways(), r.Way).Say(ctx)}, {Body: ui.Pill(receiptTone(r.State), core.Label(ReceiptStates(), r.State))}, {Text: delivery(*r).Say(ctx)},
		{Text: whenever(ctx, r.Sent)}, {Text: whenever(ctx, r.Read)}, {Text: whenever(ctx, r.Reminded)}, {Text: whenever(ctx, r.Signed)}}}
}

func receiptRecord(ctx context.Context, tx db.Tx, r Receipt) (register.Record, error) {
	i, err := Get(ctx, tx, r.Issue)
	if err != nil {
		return register.Record{}, err
	}
	pairs := []ui.Pair{{Label: core.T("报告", "Report"), Body: ui.Button(ui.Link{Label: i.Title(), Href: href(ctx, r.Issue)}, false)}, {Label: core.T("单元", "Unit"), Value: r.Units}, {Label: core.T("联系人", "Contact"), Value: string(r.Contact)}, {Label: core.T("方式", "By"), Value: core.Label(ways(), r.Way).Say(ctx)},
		{Label: core.T("邮箱", "E-mail"), Value: r.Mask}, {Label: core.T("邮件送达", "Delivery"), Value: delivery(r).Say(ctx)}, {Label: core.T("首次阅读", "First read"), Value: whenever(ctx, r.Read)}, {Label: core.T("最近阅读", "Last read"), Value: whenever(ctx, r.LastRead)},
		{Label: core.T("阅读次数", "Times read"), Value: core.ID(r.Reads).String()}, {Label: core.T("提醒次数", "Times reminded"), Value: core.ID(r.Reminders).String()}, {Label: core.T("签收", "Signed for"), Value: strings.TrimSpace(whenever(ctx, r.Signed) + " " + string(r.Signer))}, {Label: core.T("登记人", "Recorded by"), Value: r.Recorder}}
	return register.Record{About: r.Customer, Head: ui.HeadView{Title: r.nameOf(), Pills: []ui.PillView{{Tone: receiptTone(r.State), Text: core.Label(ReceiptStates(), r.State)}}, Sub: i.Title()}, Cards: []templ.Component{register.FieldsCard(core.T("收阅", "Receipt"), pairs)}}, nil
}

// customerPanel is, on a customer's page, which operations reports they got and whether they read them.
func customerPanel(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
	rs, err := db.All(ctx, tx, (*Receipt).dest, receiptSelect+"and r.customer_id = $2 order by r.id desc limit 6", ref.Project, ref.ID)
	if err != nil || len(rs) == 0 {
		return nil, err
	}
	t := ui.TableView{Caption: core.T("运营报告", "Operations reports"), Columns: []ui.Column{{Label: core.T("报告", "Report")}, {Label: core.T("收阅", "Receipt")}}}
	for _, r := range rs {
		i, ok, err := db.Maybe(ctx, tx, (*Issue).dest, "select "+columns("''")+" from report_issue where project_id = $1 and id = $2", ref.Project, r.Issue)
		if err != nil || !ok {
			return nil, err
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: string(i.From.Month()), Href: ReceiptKind.Href(ctx, r.ID)}, {Body: ui.Pill(receiptTone(r.State), core.Label(ReceiptStates(), r.State))}}})
	}
	return ui.TableCard(core.T("运营报告", "Operations reports"), t), nil
}

func scheduleRow(ctx context.Context, s *Schedule) ui.Row {
	state := ui.Pill(ui.OK, core.T("执行中", "Active"))
	if !s.Active {
		state = ui.Pill(ui.None, core.T("已暂停", "Paused"))
	}
	return ui.Row{Cells: []ui.Cell{{Text: core.Label(Kinds(), s.Kind).Say(ctx), Href: ScheduleKind.Href(ctx, s.ID)}, {Text: s.when().Say(ctx)}, {Text: s.Clock}, {Body: state}, {Text: s.upcoming(ctx)}}}
}

func (s Schedule) upcoming(ctx context.Context) string {
	if !s.Active || s.Next.IsZero() {
		return "—"
	}
	return ui.Full(ctx, s.Next)
}

// when says on which days the schedule sends.
func (s Schedule) when() core.Text {
	switch s.Kind {
	case Weekly:
		names := []core.Text{core.T("周一", "Mondays"), core.T("周二", "Tuesdays"), core.T("周三", "Wednesdays"), core.T("周四", "Thursdays"), core.T("周五", "Fridays"), core.T("周六", "Saturdays"), core.T("周日", "Sundays")}
		return names[min(max(s.Day-1, 0), 6)]
	case Analysis:
		return core.T("周期结束后次月 %d 日", "day %d of the month after the period", s.Day)
	}
	return core.T("每月 %d 日", "day %d of the month", s.Day)
}

func scheduleRecord(ctx context.Context, tx db.Tx, s Schedule) (register.Record, error) {
	choices, err := staff(ctx, tx, 0)
	if err != nil {
		return register.Record{}, err
	}
	var names []string
	for _, u := range s.Users {
		names = append(names, core.Label(choices["users"], u).Say(ctx))
	}
	rs, err := Runs(ctx, tx, s.ID, 20)
	t := ui.TableView{Caption: core.T("发送记录", "Runs"), Empty: core.T("还没有发送过", "Nothing has been sent yet")}
	for _, c := range []core.Text{core.T("应发时间", "Due"), core.T("结果", "Result"), core.T("封数", "E-mails"), core.T("报表", "Report"), core.T("说明", "Remark")} {
		t.Columns = append(t.Columns, ui.Column{Label: c})
	}
	for _, r := range rs {
		report := ui.Cell{Text: "—"}
		if r.Issue != 0 {
			report = ui.Cell{Text: core.T("打开", "Open").Say(ctx), Href: href(ctx, r.Issue)}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Full(ctx, r.Due)}, {Body: ui.Pill(runTone(r.State), core.Label(runStates(), r.State))}, {Text: core.ID(r.Sent).String()}, report, {Text: r.Error.Say(ctx)}}})
	}
	state := ui.PillView{Tone: ui.OK, Text: core.T("执行中", "Active")}
	if !s.Active {
		state = ui.PillView{Tone: ui.None, Text: core.T("已暂停", "Paused")}
	}
	pairs := []ui.Pair{{Label: core.T("时间", "When"), Value: s.when().Say(ctx) + " " + s.Clock}, {Label: core.T("下次发送", "Next"), Value: s.upcoming(ctx)}, {Label: core.T("收件人", "To"), Value: strings.Join(names, "、")}, {Label: core.T("其他邮箱", "Other addresses"), Value: strings.Join(strings.Fields(s.Mails), "、")}}
	return register.Record{Head: ui.HeadView{Title: core.T("定时发送:%s", "Scheduled: %s", core.Label(Kinds(), s.Kind)), Pills: []ui.PillView{state}}, Cards: []templ.Component{register.FieldsCard(core.T("设置", "Setting"), pairs), ui.TableCard(core.T("发送记录", "Runs"), t)}}, err
}

func runTone(state string) ui.Tone {
	return map[string]ui.Tone{RunSent: ui.OK, RunFailed: ui.Late}[state]
}

// ---- pages of their own

// home stands above the list: every kind of report with its latest issue, what is due next, and what can be looked at now.
func home(ctx context.Context, tx db.Tx) (templ.Component, error) {
	p, now := core.ProjectOf(ctx), core.Now(ctx)
	month := core.MonthOf(now, p.Zone)
	due, err := nextDue(ctx, tx, p.ID, month)
	if err != nil {
		return nil, err
	}
	t := ui.TableView{Caption: core.T("报表一览", "All reports")}
	for _, c := range []core.Text{core.T("报表", "Report"), core.T("最近一期", "Latest"), core.T("状态", "State"), core.T("下次期限", "Next due"), core.T("定时发送", "Scheduled"), core.T("本期至今", "This period so far"), core.T("制度条款", "Clause")} {
		t.Columns = append(t.Columns, ui.Column{Label: c})
	}
	for _, s := range sorts() {
		r, err := homeRow(ctx, tx, s, due[s.clause+" "+s.number])
		if err != nil {
			return nil, err
		}
		t.Rows = append(t.Rows, r)
	}
	n, err := db.Value[int64](ctx, tx, "select count(*) from (select 1 from report_announcement where project_id = $1 and day >= $2 and day <= $3 and voided_at is null limit $4) x", p.ID, month.First(), month.Last(), core.CountMax)
	if err != nil {
		return nil, err
	}
	return homeCard(t, []ui.Link{{Label: core.T("投诉统计表(C1.6)", "Complaint statistics (C1.6)"), Href: "/p/" + p.Code + "/complaint/report"}, {Label: core.T("物业公告:本月 %s 条", "Announcements this month: %s", ui.UpTo(n)), Href: AnnouncementKind.Href(ctx, 0)}, {Label: core.T("定时发送", "Scheduled sending"), Href: ScheduleKind.Href(ctx, 0)}}), nil
}

// homeRow is one kind of report. Each cell says one thing, and what there is not yet has none: on a phone the row is a
// small card of a title, its period, state and due. What the report tells of stands above its preview.
func homeRow(ctx context.Context, tx db.Tx, s sort, due time.Time) (ui.Row, error) {
	p := core.ProjectOf(ctx)
	latest, err := list(ctx, tx, "project_id = $1 and kind = $2 and voided_at is null order by at desc, id desc limit 1", p.ID, s.kind)
	if err != nil {
		return ui.Row{}, err
	}
	next, err := db.Value[time.Time](ctx, tx, "select min(next_at) from report_schedule where project_id = $1 and kind = $2 and active and voided_at is null", p.ID, s.kind)
	last, state := ui.Cell{Text: core.T("还没有", "None yet").Say(ctx)}, ui.Cell{}
	if len(latest) > 0 {
		last, state = ui.Cell{Text: periodText(s.kind, latest[0].Period()).Say(ctx), Href: href(ctx, latest[0].Ref.ID)}, ui.Cell{Body: ui.Pill(tone(latest[0].State), latest[0].stateName())}
	}
	dueCell, sends := ui.Cell{}, ui.Cell{}
	if !next.IsZero() {
		sends.Text = ui.When(ctx, next)
	}
	if !due.IsZero() {
		dueCell = ui.Cell{Body: ui.Countdown(due, core.Now(ctx))}
	}
	name := ui.Cell{Text: s.label.Say(ctx), Href: href(ctx, 0) + "?kind=" + s.kind}
	return ui.Row{Cells: []ui.Cell{name, last, state, dueCell, sends, {Text: core.T("看一看", "Look").Say(ctx), Href: href(ctx, 0, "preview") + "?kind=" + s.kind}, {Body: ui.Clause(s.clause, register.Cite(ctx, s.clause))}}}, err
}

// nextDue is the earliest open duty of each of the reports' clauses and numbers, of the months around now.
func nextDue(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (map[string]time.Time, error) {
	type line struct {
		clause, number string
		due            time.Time
	}
	rows, err := db.All(ctx, tx, func(l *line) []any { return []any{&l.clause, &l.number, &l.due} }, `select clause, number, min(due_at) from duty_duty where project_id = $1 and due_month in ($2, $3, $4)
		and clause in ('C13.5', 'A3.3', 'B4.7', 'A8.2') and state = 'open' group by clause, number`, project, month.Add(-1), month, month.Add(1))
	out := map[string]time.Time{}
	for _, r := range rows {
		out[r.clause+" "+r.number] = r.due
	}
	return out, err
}

// previewPage shows what a report would say of the period around a day, today's by default; nothing is kept.
func previewPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	kind, day := r.Query("kind"), core.Today(ctx)
	if kind == "" {
		kind = Weekly
	}
	if v := r.Query("day"); v != "" {
		var err error
		if day, err = core.ParseDate(v); err != nil {
			return nil, err
		}
	}
	p, sections, err := Figures(ctx, tx, kind, day)
	if err != nil {
		return nil, err
	}
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	s, _ := sortOf(kind)
	at := func(d core.Date) string { return href(ctx, 0, "preview") + "?kind=" + kind + "&day=" + string(d) }
	v := previewView{Says: s.says, Title: core.T("%s %s", "%s %s", s.label, periodText(kind, p)), Prev: at(before(rules, kind, p).From), Next: at(p.To.Add(1))}
	for _, sec := range sections {
		v.Sections = append(v.Sections, viewOf(ctx, sec, "", href(ctx, 0, "preview")))
	}
	return web.Page{Title: v.Title, Body: previewBody(v)}, nil
}

type previewView struct {
	Says       core.Text // what the report tells of
	Title      core.Text
	Prev, Next string
	Sections   []sectionView
}

// editPage asks for the words of this kind of report, with its figures beside the form.
func editPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	i, err := Get(ctx, tx, id)
	if err == nil {
		err = canChange(i)
	}
	if err != nil {
		return nil, err
	}
	text := func(name string, label, hint core.Text, value string) ui.FieldView {
		return ui.FieldView{Name: name, Label: label, Hint: hint, Kind: core.KindLines, Value: value, Max: 4000, Wide: true}
	}
	none := core.Text{}
	f := ui.FormView{Action: href(ctx, id, "edit"), Cancel: href(ctx, id), Version: core.ID(i.Version).String(), IdemKey: register.NewKey()}
	if i.Kind == Operations {
		f.Clause, f.ClauseHref = "A3.3", register.Cite(ctx, "A3.3")
		f.Fields = []ui.FieldView{text("conclusion", core.T("致客户", "To our customers"), core.T("开头的话,可以不写", "The opening words; may be left out"), i.Conclusion), text("facility", core.T("设施运行", "Facilities"), none, i.Facility), text("environment", core.T("环境卫生", "Cleanliness of the premises"), none, i.Environment),
			text("safety", core.T("安全管理", "Safety"), none, i.Safety), text("plan", core.T("下月安排", "Next month"), core.T("检修、停水停电、演练等", "Maintenance, cuts of water or power, drills"), i.Plan)}
	} else {
		f.Fields = []ui.FieldView{text("conclusion", core.T("结论", "Conclusions"), none, i.Conclusion), text("plan", core.T("下期安排", "What comes next"), none, i.Plan)}
	}
	v := editView{Title: i.Title(), Form: f}
	for _, s := range i.Sections {
		v.Figures = append(v.Figures, viewOf(ctx, house.Section{Title: s.Title, Figures: s.Figures, Notes: s.Notes}, "", href(ctx, id)))
	}
	return web.Page{Title: core.T("编辑文字", "Edit the text"), Body: editBody(v)}, nil
}

type editView struct {
	Title   core.Text
	Form    ui.FormView
	Figures []sectionView
}

// recordsPage lists what stands behind a figure: its records as they are today.
func recordsPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	i, err := Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	kind, key, _ := strings.Cut(r.Query("of"), ".")
	s, ok := sourceOf(kind)
	t, ok2 := s.tally(key)
	if !ok || !ok2 {
		return nil, core.NotFound()
	}
	if perm := kind + ".view"; !core.ActorOf(ctx).Can(i.Ref.Project, perm) {
		return nil, core.Forbidden(perm)
	}
	by, is := r.Query("by"), r.Query("is")
	if _, ok := s.split(by); by != "" && !ok {
		return nil, core.NotFound()
	}
	all, err := s.records(ctx, tx, i.Period(), t, by, is)
	if err != nil {
		return nil, err
	}
	v := recordsView{Title: core.T("%s:%s", "%s: %s", s.label, t.name), Report: ui.Link{Label: i.Title(), Href: href(ctx, id)}, Shown: len(all), More: len(all) == recordsMax, Said: said(i, kind+"."+key, by, is)}
	if sp, ok := s.split(by); ok && by != "repeat" {
		v.Title = core.T("%s · %s", "%s · %s", v.Title, sp.label(is))
	}
	v.Table = ui.TableView{Caption: v.Title, Columns: []ui.Column{{Label: core.T("编号", "Number")}, {Label: core.T("时间", "Time")}, {Label: core.T("现在的状态", "State now")}}, Empty: core.T("现在没有这样的记录", "There are no such records now")}
	for _, rec := range all {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: rec.Number, Href: register.HrefOf(ctx, core.Ref{Project: i.Ref.Project, Kind: kind, ID: rec.ID})}, {Text: ui.Full(ctx, rec.At)}, {Text: stateOf(kind, rec.State).Say(ctx)}}})
	}
	return web.Page{Title: v.Title, Body: recordsBody(v)}, nil
}

type recordsView struct {
	Title  core.Text
	Report ui.Link
	Table  ui.TableView
	Shown  int
	More   bool
	Said   int64 // what the report says; -1: it does not say
}

// said is the value that the report gives for a figure or a line.
func said(i Issue, key, by, is string) int64 {
	for _, s := range i.Sections {
		for _, f := range s.Figures {
			if by == "" && f.Key == key && f.As == house.AsCount {
				return f.Value
			}
		}
		for _, t := range s.Tables {
			for _, l := range t.Lines {
				kind, _, _ := strings.Cut(key, ".")
				if by != "" && t.Key == kind+"."+by && (l.Key == is || strings.HasSuffix(l.Path, "&is="+escape(is))) && len(l.Values) > 0 {
					return l.Values[0]
				}
			}
		}
	}
	return -1
}

// download gives the report as a file, as it was kept.
func download(format string) web.Handler {
	return func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
		id, err := r.ID("id")
		if err != nil {
			return nil, err
		}
		i, err := Get(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		return paper(ctx, i, format)
	}
}

func paper(ctx context.Context, i Issue, format string) (web.Answer, error) {
	if format == "xlsx" {
		b, err := xlsx(ctx, i)
		return web.Download{Name: fileName(ctx, i, format), Type: typeXLSX, Bytes: b}, err
	}
	b, err := pdf(ctx, i)
	return web.Download{Name: fileName(ctx, i, format), Type: typePDF, Bytes: b, Inline: true}, err
}

// paperList is the sheet on which customers without e-mail sign for their copies.
func paperList(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	i, err := Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	rs, err := db.All(ctx, tx, (*Receipt).dest, receiptSelect+"and r.issue_id = $2 and r.way = 'paper' order by r.units, r.id", i.Ref.Project, id)
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4, core.LangOf(ctx))
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: core.T("运营报告签收表 %s", "Operations report %s: signed for", string(i.From.Month())).Say(ctx), Number: i.Number})
	var lines [][]string
	for _, r := range rs {
		lines = append(lines, []string{r.Units, r.nameOf().Say(ctx), string(r.Signer), ""})
	}
	d.Table([]print.Column{{Title: core.T("单元", "Unit").Say(ctx), Width: 1}, {Title: core.T("客户", "Customer").Say(ctx), Width: 3}, {Title: core.T("签收人", "Signature").Say(ctx), Width: 2}, {Title: core.T("日期", "Date").Say(ctx), Width: 1}}, lines)
	b, err := d.Bytes()
	if b == nil {
		return nil, err
	}
	return web.Download{Name: i.Number + "-paper.pdf", Type: typePDF, Bytes: b, Inline: true}, nil
}

// ---- what a customer opens without signing in

// publicPlace is the project of a public address; the project gives no right, the token does.
func publicPlace(ctx context.Context, tx db.Tx, r *web.Request) (context.Context, error) {
	id, err := core.ParseID(r.Path("place"))
	if err != nil {
		return ctx, core.NotFound()
	}
	p, err := project.Get(ctx, tx, id)
	if err != nil {
		return ctx, core.NotFound()
	}
	return core.WithProject(ctx, p.Core()), nil
}

// opened counts a reading before the page is drawn. A look ahead by a machine (HEAD, prefetch) is none.
func opened(ctx context.Context, d *db.DB, r *web.Request) (context.Context, error) {
	if r.HTTP.Method != http.MethodGet || strings.Contains(r.HTTP.Header.Get("Sec-Purpose")+r.HTTP.Header.Get("Purpose"), "prefetch") {
		return ctx, nil
	}
	err := d.Read(core.AsSystem(ctx), func(ctx context.Context, tx db.Tx) error { // a guess costs no write
		ctx, err := publicPlace(ctx, tx, r)
		if err == nil {
			_, _, err = byToken(ctx, tx, r.Path("token"))
		}
		return err
	})
	if err != nil {
		return ctx, err
	}
	return ctx, d.Write(core.AsSystem(ctx), func(ctx context.Context, tx db.Tx) error {
		ctx, err := publicPlace(ctx, tx, r)
		if err == nil {
			_, _, err = ReadBy(ctx, tx, r.Path("token"))
		}
		return err
	})
}

func publicIssue(ctx context.Context, tx db.Tx, r *web.Request) (context.Context, Issue, error) {
	ctx, err := publicPlace(core.AsSystem(ctx), tx, r)
	if err != nil {
		return ctx, Issue{}, err
	}
	_, i, err := byToken(ctx, tx, r.Path("token"))
	return ctx, i, err
}

func publicPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, i, err := publicIssue(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	v := publicView{Title: core.T("%s %s", "%s %s", core.ProjectOf(in).Name, i.Title()), Texts: i.texts(), Sections: viewsOf(in, i, ""), PDF: publicPath(i.Ref.Project, r.Path("token")) + "/report.pdf"}
	return web.Page{Title: v.Title, Body: publicBody(v), Bare: true}, nil
}

type publicView struct {
	Title    core.Text
	Texts    [][2]core.Text
	Sections []sectionView
	PDF      string
}

func publicPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	ctx, i, err := publicIssue(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	return paper(ctx, i, "pdf")
}
