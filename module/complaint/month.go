package complaint

import (
	"bytes"
	"context"
	"fmt"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/print"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/sheet"
	"huiyin/web"
	"huiyin/web/ui"
)

// dayLimit is D5.8: the days of the month with no more valid complaints than the limit, of all days so far. A complaint
// is valid when it was found and accepted as such.
func dayLimit(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (regulation.Figure, error) {
	rules, err := regulation.RulesAt(ctx, tx, project, core.Now(ctx))
	if err != nil {
		return regulation.Figure{}, err
	}
	limit := rules.Count("D5.8", "target")
	cs, err := list(ctx, tx, "project_id = $1 and month = $2 and voided_at is null and merged is null and validity = 'founded' and ruling <> 'decline' order by at desc, id desc", project, month)
	perDay := map[core.Date][]core.Ref{}
	for _, c := range cs {
		perDay[c.Day] = append(perDay[c.Day], c.Ref)
	}
	last := min(month.Last(), core.Today(ctx))
	f := regulation.Figure{Provisional: last < month.Last()}
	for day := month.First(); day <= last; day = day.Add(1) {
		f.Den++
		if refs := perDay[day]; len(refs) <= limit {
			f.Num++
		} else {
			f.Breaking = append(f.Breaking, refs...)
		}
	}
	return f, err
}

func measures() []regulation.Measure {
	return []regulation.Measure{{Clause: "D5.8", Name: core.T("有效投诉不超上限的天数", "Days within the limit of valid complaints"), Of: dayLimit}}
}

// Line is one row of the statistics: a kind, a severity or a department.
type Line struct {
	By, Key                      string
	Taken, Valid, Closed, Late   int64
	Reopened, Satisfied, Opinion int64
}

// Figures are a month's complaints (C1.6).
type Figures struct {
	Month core.Month
	All   Line
	Lines []Line
}

func (l *Line) count(c Case, late bool) {
	l.Taken++
	add := func(n *int64, ok bool) {
		if ok {
			*n++
		}
	}
	add(&l.Valid, c.Validity == Founded && c.Ruling != "decline")
	add(&l.Closed, !c.Open)
	add(&l.Late, late)
	add(&l.Reopened, c.Round > 1)
	add(&l.Satisfied, c.Satisfied == "yes")
	add(&l.Opinion, c.Satisfied != "")
}

// FiguresOf computes a month's statistics from the cases themselves: by kind, severity and responsible department.
func FiguresOf(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (Figures, error) {
	f := Figures{Month: month}
	cs, err := list(ctx, tx, "project_id = $1 and month = $2 and voided_at is null and merged is null order by at, id", project, month)
	if err != nil {
		return f, err
	}
	late, err := lateCases(ctx, tx, project, month)
	at := map[[2]string]int{}
	for _, by := range []struct {
		name    string
		choices []core.Choice
	}{{"category", Categories()}, {"level", Levels()}} {
		for _, c := range by.choices {
			at[[2]string{by.name, c.Value}] = len(f.Lines)
			f.Lines = append(f.Lines, Line{By: by.name, Key: c.Value})
		}
	}
	for _, c := range cs {
		f.All.count(c, late[c.Ref.ID])
		for _, k := range [][2]string{{"category", c.Category}, {"level", c.Level}, {"department", c.Department}} {
			i, ok := at[k]
			if !ok {
				i = len(f.Lines)
				at[k] = i
				f.Lines = append(f.Lines, Line{By: k[0], Key: k[1]})
			}
			f.Lines[i].count(c, late[c.Ref.ID])
		}
	}
	return f, err
}

// lateCases are the month's cases that missed a term.
func lateCases(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (map[core.ID]bool, error) {
	ids, err := db.Values[core.ID](ctx, tx, `select distinct d.record_id from duty_duty d join complaint_case c on c.project_id = d.project_id and c.id = d.record_id
		where c.project_id = $1 and c.month = $2 and c.merged is null and d.kind = 'complaint' and d.clause in ('C1.5', 'D4.5', 'C11.1', 'C13.3', 'C13.4', 'C13.6', 'D4.4')
		and (d.state = 'done' and d.late or d.state = 'open' and d.due_at < $3)`, project, month, core.Now(ctx))
	out := map[core.ID]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out, err
}

// Submit reports a month to the general manager.
type Submit struct {
	Month core.Month
	Note  string
}

// SubmitMonth keeps the month's statistics as they stand and reports them to the general manager (C1.6): the report of a
// month is owed by the tenth of the next.
func SubmitMonth(ctx context.Context, tx db.Tx, _ core.ID, in Submit) (core.ID, error) {
	p := core.ProjectOf(ctx)
	if in.Month >= core.MonthOf(core.Now(ctx), p.Zone) {
		return 0, core.Invalid("month", "这个月还没有结束", "That month is not over yet")
	}
	f, err := FiguresOf(ctx, tx, p.ID, in.Month)
	if err != nil {
		return 0, err
	}
	id := tx.NewID()
	n, err := db.Exec(ctx, tx, `insert into complaint_month (project_id, id, created_at, created_by, changed_at, changed_by, month, figures, note) values ($1,$2,$3,$4,$3,$4,$5,$6,$7)
		on conflict (project_id, month) do nothing`, p.ID, id, core.Now(ctx), core.ActorOf(ctx).ID, in.Month, core.JSON(f), in.Note)
	if err == nil && n == 0 {
		err = core.Conflict("%s 已经上报", "%s is reported already", in.Month)
	}
	if err != nil {
		return 0, err
	}
	if err := duty.Done(ctx, tx, "C1.6", duty.PeriodRef(p.ID, in.Month.Add(1))); err != nil {
		return 0, err
	}
	title := core.T("投诉统计表 %s", "Complaint statistics %s", string(in.Month))
	if err := notify.TellRole(ctx, tx, p.ID, core.GM, notify.Message{Ref: core.Ref{Project: p.ID, Kind: "complaint-month", ID: id}, Title: title, URL: href(ctx, 0, "report") + "?month=" + string(in.Month)}); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, core.Ref{Project: p.ID, Kind: "complaint-month", ID: id}, "submitted", map[string]any{"month": string(in.Month), "taken": f.All.Taken, "late": f.All.Late})
}

// submitVerb closes a month's duty of C1.6; its page is the report.
func submitVerb() register.Verber {
	return register.Verb[Submit]{Name: "submit-month", Label: core.T("上报月度统计", "Report the month"), Roles: []core.Role{core.Supervisor, core.Manager}, New: true, Hidden: true, Clause: "C1.6", Do: SubmitMonth,
		Next: func(ctx context.Context, _ core.ID) string { return href(ctx, 0, "report") }, Said: core.T("已上报总经理", "Reported to the general manager"),
		Fields: []core.Field[Submit]{{Name: "month", Label: core.T("月份", "Month"), Ptr: func(s *Submit) any { return &s.Month }, Required: true}, core.Ask("note", "说明", "Note", func(s *Submit) any { return &s.Note }, core.Lines)}}
}

func routes() []web.Route {
	return append(paperRoutes(), web.Route{Pattern: "GET /p/{project}/complaint/report", Perm: "complaint.statistics", Handle: monthPage},
		web.Route{Pattern: "GET /p/{project}/complaint/report.pdf", Perm: "complaint.statistics", Handle: monthPDF}, web.Route{Pattern: "GET /p/{project}/complaint/report.xlsx", Perm: "complaint.statistics", Handle: monthXlsx})
}

// askedMonth is ?month=, the month that is to be reported by default.
func askedMonth(ctx context.Context, r *web.Request) (core.Month, error) {
	if v := r.Query("month"); v != "" {
		return core.ParseMonth(v)
	}
	return core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone).Add(-1), nil
}

func lineName(ctx context.Context, l Line) (by, key string) {
	switch l.By {
	case "category":
		return core.T("类别", "Kind").Say(ctx), core.Label(Categories(), l.Key).Say(ctx)
	case "level":
		return core.T("级别", "Severity").Say(ctx), core.Label(Levels(), l.Key).Say(ctx)
	case "department":
		if l.Key == "" {
			return core.T("部门", "Department").Say(ctx), core.T("未转派", "not passed on").Say(ctx)
		}
		return core.T("部门", "Department").Say(ctx), l.Key
	}
	return "", core.T("合计", "Total").Say(ctx)
}

// rows are the statistics as texts: by, name, taken, valid, closed, late, reopened, satisfied.
func (f Figures) rows(ctx context.Context) [][]string {
	var out [][]string
	for _, l := range append(f.Lines[:len(f.Lines):len(f.Lines)], f.All) {
		by, key := lineName(ctx, l)
		rate := "—"
		if r, ok := core.RateOf(l.Satisfied, l.Opinion); ok {
			rate = r.String()
		}
		row := []string{by, key}
		for _, n := range []int64{l.Taken, l.Valid, l.Closed, l.Late, l.Reopened} {
			row = append(row, fmt.Sprint(n))
		}
		out = append(out, append(row, rate))
	}
	return out
}

func monthHeads() []core.Text {
	return []core.Text{core.T("分类", "By"), core.T("项目", "Item"), core.T("受理", "Taken"), core.T("有效", "Valid"), core.T("办结", "Closed"), core.T("逾期", "Late"), core.T("重新处理", "Reopened"), core.T("满意率", "Satisfied")}
}

func monthPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := askedMonth(ctx, r)
	if err != nil {
		return nil, err
	}
	p, at := core.ProjectOf(ctx), func(path string, m core.Month) string { return href(ctx, 0, path) + "?month=" + string(m) }
	f, err := FiguresOf(ctx, tx, p.ID, month)
	if err != nil {
		return nil, err
	}
	v := monthView{Month: month, PDF: at("report.pdf", month), Xlsx: at("report.xlsx", month), Prev: at("report", month.Add(-1)), Next: at("report", month.Add(1)), Cite: register.Cite(ctx, "C1.6")}
	for i, h := range monthHeads() {
		v.Table.Columns = append(v.Table.Columns, ui.Column{Label: h, Num: i > 1})
	}
	for _, texts := range f.rows(ctx) {
		var row ui.Row
		for _, t := range texts {
			row.Cells = append(row.Cells, ui.Cell{Text: t})
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	done, err := db.Value[core.ID](ctx, tx, "select id from complaint_month where project_id = $1 and month = $2", p.ID, month)
	v.Submitted, v.Over = done != 0, month < core.MonthOf(core.Now(ctx), p.Zone)
	v.Form = ui.FormView{Action: href(ctx, 0, "submit-month"), Submit: core.T("上报总经理", "Report to the general manager"), IdemKey: register.NewKey(), Clause: "C1.6", ClauseHref: v.Cite, Fields: []ui.FieldView{
		{Name: "month", Kind: core.KindHidden, Value: string(month)}, {Name: "note", Label: core.T("说明", "Note"), Kind: core.KindLines}}}
	return web.Page{Title: core.T("投诉统计表", "Complaint statistics"), Body: monthBody(v)}, err
}

func monthPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := askedMonth(ctx, r)
	if err != nil {
		return nil, err
	}
	f, err := FiguresOf(ctx, tx, core.ProjectOf(ctx).ID, month)
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4, core.LangOf(ctx))
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: core.T("投诉统计表", "Complaint statistics").Say(ctx) + " " + string(month)})
	var cols []print.Column
	for i, h := range monthHeads() {
		c := print.Column{Title: h.Say(ctx), Width: 1}
		if i == 1 {
			c.Width = 3
		}
		if i > 1 {
			c.Align = print.Right
		}
		cols = append(cols, c)
	}
	d.Table(cols, f.rows(ctx))
	b, err := d.Bytes()
	if b == nil {
		return nil, err
	}
	return web.Download{Name: "complaints-" + string(month) + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
}

func monthXlsx(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := askedMonth(ctx, r)
	if err != nil {
		return nil, err
	}
	f, err := FiguresOf(ctx, tx, core.ProjectOf(ctx).ID, month)
	if err != nil {
		return nil, err
	}
	e, err := sheet.NewExport(core.LangOf(ctx))
	if err != nil {
		return nil, err
	}
	var cols []sheet.OutColumn
	for _, h := range monthHeads() {
		cols = append(cols, sheet.OutColumn{Label: h, Width: 16})
	}
	err = e.Sheet(core.T("投诉统计表", "Complaint statistics").Say(ctx), cols)
	for _, texts := range f.rows(ctx) {
		cells := make([]any, len(texts))
		for i, t := range texts {
			cells[i] = t
		}
		if err == nil {
			err = e.Row(cells...)
		}
	}
	var b bytes.Buffer
	if err == nil {
		_, err = e.WriteTo(&b)
	}
	return web.Download{Name: "complaints-" + string(month) + ".xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Bytes: b.Bytes()}, err
}
