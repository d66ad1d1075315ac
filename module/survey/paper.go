package survey

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/print"
	"huiyin/regulation"
	"huiyin/sheet"
	"huiyin/web"
	"huiyin/web/ui"
)

// forms are the papers of this module.
func forms() []core.Form {
	return []core.Form{{Code: "FM-DC-001", Clause: "D5.4", Title: core.T("意见征询表", "Opinion form")}, {Code: "FM-DC-002", Clause: "B7.1", Title: core.T("客户调研报告", "Customer Research Report")}}
}

// formCode is a paper's number, while its clause is in force.
func formCode(ctx context.Context, tx db.Tx, i int) (string, error) {
	on, err := regulation.On(ctx, tx, forms()[i].Clause)
	if !on {
		return "", err
	}
	return forms()[i].Code, err
}

func pdf(d *print.Doc, name string) (web.Answer, error) {
	b, err := d.Bytes()
	if b == nil {
		return nil, err
	}
	return web.Download{Name: name, Type: "application/pdf", Bytes: b, Inline: true}, nil
}

// ---- 《意见征询表》 on paper

func blankPaper(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	f, err := GetForm(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	code, err := formCode(ctx, tx, 0)
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4, core.LangOf(ctx))
	title := f.Title
	if f.Kind == Opinion {
		title = core.T("意见征询表:%s", "Opinion form: %s", f.Title)
	}
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: title.Say(ctx), Form: code})
	if f.Intro.Is() {
		d.Para(f.Intro.Say(ctx))
	}
	d.Grid([]print.Pair{{Key: core.T("单元", "Unit").Say(ctx)}, {Key: core.T("客户", "Customer").Say(ctx)}})
	for i, q := range f.Questions {
		blankQuestion(ctx, d, i, q)
	}
	d.Signs(print.Sign{Label: core.T("客户签章(可不签)", "Customer (optional)").Say(ctx)}, print.Sign{Label: core.T("经办人", "Handled by").Say(ctx)})
	return pdf(d, "questionnaire-"+id.String()+".pdf")
}

func blankQuestion(ctx context.Context, d *print.Doc, i int, q Question) {
	title := fmt.Sprintf("%d. %s", i+1, q.Text().Say(ctx))
	boxes := func(cs []core.Choice) string {
		var out []string
		for _, c := range cs {
			out = append(out, print.Check(false, c.Label.Say(ctx)))
		}
		return strings.Join(out, "    ")
	}
	switch q.Kind {
	case Matrix:
		d.Heading(title)
		var rows [][]string
		for _, o := range q.Items {
			rows = append(rows, []string{o.Text().Say(ctx), "□", "□", "□", "□", "□"})
		}
		cols := []print.Column{{Title: "", Width: 3}}
		for _, c := range scale() {
			cols = append(cols, print.Column{Title: c.Label.Say(ctx), Width: 1, Align: print.Center})
		}
		d.Table(cols, rows)
	case Words:
		d.Heading(title)
		d.Grid([]print.Pair{{Lines: 4}})
	default:
		d.Heading(title)
		d.Para(boxes(q.input(ui.FieldView{}).Choices))
	}
}

// ---- slips with codes, unit by unit

// slipsPaper is a sheet of slips to cut: each with the unit, the link and its code (E5.2: every customer is reached).
func slipsPaper(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	r, err := asRound(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	if r.State != StateOpen {
		return nil, core.Conflict("调查没有在进行,邀请条不再有效", "The survey is not under way; its slips are of no use")
	}
	is, err := invites(ctx, tx, r.Ref.ID)
	if err != nil {
		return nil, err
	}
	base, err := q.Base(ctx, tx)
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4, core.LangOf(ctx))
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: r.Title.Say(ctx), Number: r.Number})
	d.Para(core.T("剪下按单元分发。扫码填写,不用登录,%s 截止。每户的二维码不同,请勿交换。", "Cut and hand out by unit. Scan to answer; no sign-in; until %s. Each customer has a code of his own.", string(r.End)).Say(ctx))
	var pictures []print.Picture
	for _, i := range is {
		code, err := print.Code(base + path(tokenOf(tx, r.Ref.Project, r.Ref.ID, i.ID)))
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, print.Picture{Data: code, Caption: core.T("%s · 扫码填写,%s 截止", "%s · scan to answer by %s", i.Unit, string(r.End[5:])).Say(ctx)})
	}
	d.Photos(3, pictures...)
	return pdf(d, "slips-"+r.Number+".pdf")
}

// ---- 《客户调研报告》

func reportPDF(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	r, v, err := reportOf(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	code, err := formCode(ctx, tx, 1)
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4, core.LangOf(ctx))
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: forms()[1].Title.Say(ctx), Form: code, Number: r.Number})
	d.Line(r.Title.Say(ctx), print.Center)
	n := 0
	head := func(title core.Text) {
		n++
		d.Heading(core.T("%s、%s", "%s. %s", core.T([]string{"一", "二", "三", "四", "五", "六", "七", "八", "九"}[n-1], fmt.Sprint(n)), title).Say(ctx))
	}
	head(core.T("调查概况", "The survey"))
	var facts [][]print.Pair
	for _, p := range pairs(ctx, r) {
		facts = append(facts, []print.Pair{{Key: p.Label.Say(ctx), Value: p.Value}})
	}
	for _, s := range v.Stats {
		facts = append(facts, []print.Pair{{Key: s.Label.Say(ctx), Value: s.Value}})
	}
	d.Grid(facts...)
	section := func(title core.Text, c ui.Chart, t ui.TableView) {
		head(title)
		house.Draw(ctx, d, c)
		printTable(ctx, d, t)
	}
	section(core.T("各维度满意率", "Satisfaction by dimension"), v.Charts.Dimensions, v.dims)
	section(core.T("各楼栋", "By building"), v.Charts.Buildings, v.Buildings)
	if len(v.Charts.Trend.Labels) > 0 {
		section(core.T("历次趋势", "Trend"), v.Charts.Trend, chartTable(v.Charts.Trend))
	}
	head(core.T("分题结果", "Question by question"))
	for _, x := range v.Questions {
		if x.Chart.Empty() {
			d.Para(x.Title.Say(ctx))
		}
		house.Draw(ctx, d, x.Chart)
		printTable(ctx, d, x.Table)
	}
	for _, x := range v.Words {
		d.Para(x.Title.Say(ctx))
		printTable(ctx, d, x.Table)
	}
	reportWords(ctx, d, r, head)
	section(core.T("纠正预防措施", "Corrective actions"), ui.Chart{}, v.actions)
	d.Signs(print.Sign{Label: core.T("编制", "Written by").Say(ctx), Name: r.OwnerName}, print.Sign{Label: core.T("审核", "Reviewed").Say(ctx)}, print.Sign{Label: core.T("批准", "Approved").Say(ctx)})
	return pdf(d, "survey-"+r.Number+".pdf")
}

func reportWords(ctx context.Context, d *print.Doc, r Round, head func(core.Text)) {
	for _, p := range []struct {
		title core.Text
		text  string
	}{{core.T("总体评价", "Summary"), r.Summary}, {core.T("主要问题及原因", "Problems and causes"), r.Causes}, {core.T("改进建议", "Recommendations"), r.Advice}} {
		text := p.text
		if text == "" {
			text = core.T("(待填写)", "(to be written)").Say(ctx)
		}
		head(p.title)
		d.Letter(text)
	}
}

// reportView is what the report is composed of.
type reportView struct {
	resultsView
	dims    ui.TableView
	actions ui.TableView
}

func reportOf(ctx context.Context, tx db.Tx, q *web.Request) (Round, reportView, error) {
	r, err := asRound(ctx, tx, q)
	if err != nil {
		return r, reportView{}, err
	}
	v := reportView{}
	if v.resultsView, err = resultsOf(ctx, tx, r); err != nil {
		return r, v, err
	}
	as, err := actionsOf(ctx, tx, r.Ref.ID)
	v.dims, v.actions = v.Dimension, actionTable(ctx, as)
	v.dims.Columns = v.dims.Columns[:7] // the last leads to the answers
	return r, v, err
}

// rowTexts are a table's cells as texts; a pill says its own.
func rowTexts(t ui.TableView, row ui.Row) []string {
	out := make([]string, 0, len(t.Columns))
	for i := range t.Columns {
		if i < len(row.Cells) {
			out = append(out, row.Cells[i].Text)
		}
	}
	return out
}

// plainColumns leaves out what is a picture on the page.
func plainColumns(t ui.TableView) ui.TableView {
	if n := len(t.Columns); n > 0 && (t.Columns[n-1].Label == core.T("图", "Picture")) {
		t.Columns = t.Columns[:n-1]
	}
	return t
}

func printTable(ctx context.Context, d *print.Doc, t ui.TableView) {
	t = plainColumns(t)
	if len(t.Rows) == 0 {
		d.Para(core.T("(无)", "(none)").Say(ctx))
		return
	}
	var cols []print.Column
	for i, c := range t.Columns {
		col := print.Column{Title: c.Label.Say(ctx), Width: 1}
		if i == 0 {
			col.Width = 2.5
		}
		if c.Num {
			col.Align = print.Right
		}
		cols = append(cols, col)
	}
	var rows [][]string
	for _, r := range t.Rows {
		rows = append(rows, rowTexts(t, r))
	}
	d.Table(cols, rows)
}

// chartTable is a chart's figures.
func chartTable(c ui.Chart) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("开始日", "Begins")}}}
	for _, s := range c.Series {
		t.Columns = append(t.Columns, ui.Column{Label: core.T("%s(%%)", "%s (%%)", s.Name), Num: true})
	}
	for i, l := range c.Labels {
		row := ui.Row{Cells: []ui.Cell{{Text: l}}}
		for _, s := range c.Series {
			text := "—"
			if v := s.Values[i]; !math.IsNaN(v) {
				text = fmt.Sprintf("%.1f", v)
			}
			row.Cells = append(row.Cells, ui.Cell{Text: text})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func reportXlsx(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	r, v, err := reportOf(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	e, err := sheet.NewExport(core.LangOf(ctx))
	if err != nil {
		return nil, err
	}
	if err := factsSheet(ctx, e, r, v); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		title  core.Text
		table  ui.TableView
		chart  ui.Chart
		charts []int // the table's columns that the chart draws
	}{{core.T("维度", "Dimensions"), v.dims, v.Charts.Dimensions, []int{3, 5}}, {core.T("楼栋", "Buildings"), v.Buildings, v.Charts.Buildings, []int{5}},
		{core.T("趋势", "Trend"), chartTable(v.Charts.Trend), v.Charts.Trend, every(v.Charts.Trend)}, {core.T("纠正预防措施", "Corrective actions"), v.actions, ui.Chart{}, nil}} {
		err := tableSheet(ctx, e, s.title.Say(ctx), s.table)
		if err == nil && len(s.chart.Labels) > 0 {
			err = e.Chart(s.chart.Kind, s.chart.Title, 0, s.charts[:len(s.chart.Series)]...)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := questionsSheet(ctx, e, v); err != nil {
		return nil, err
	}
	as, _, err := Answers(ctx, tx, r, Filter{})
	if err != nil {
		return nil, err
	}
	if err := tableSheet(ctx, e, core.T("答卷", "Answers").Say(ctx), answersTable(ctx, r, as)); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = e.WriteTo(&b)
	return web.Download{Name: "survey-" + r.Number + ".xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Bytes: b.Bytes()}, err
}

func factsSheet(ctx context.Context, e *sheet.Export, r Round, v reportView) error {
	err := e.Sheet(core.T("概况", "Overview").Say(ctx), []sheet.OutColumn{{Label: core.T("项目", "Item"), Width: 20}, {Label: core.T("内容", "Content"), Width: 60}}, forms()[1].Title.Say(ctx)+" "+r.Title.Say(ctx))
	for _, p := range append(pairs(ctx, r), reportPairs(ctx, r)...) {
		if err == nil {
			err = e.Row(p.Label.Say(ctx), p.Value)
		}
	}
	for _, s := range v.Stats {
		if err == nil {
			err = e.Row(s.Label.Say(ctx), s.Value)
		}
	}
	return err
}

func tableSheet(ctx context.Context, e *sheet.Export, name string, t ui.TableView) error {
	t = plainColumns(t)
	var cols []sheet.OutColumn
	for _, c := range t.Columns {
		cols = append(cols, sheet.OutColumn{Label: c.Label, Width: 20})
	}
	err := e.Sheet(name, cols)
	for _, r := range t.Rows {
		if err == nil {
			err = e.Row(values(t, r)...)
		}
	}
	return err
}

// every is the columns of a chart's table that hold its series.
func every(c ui.Chart) (out []int) {
	for i := range c.Series {
		out = append(out, i+1)
	}
	return out
}

// values are a row's cells as a workbook counts with them: what stands in a column of numbers is a number, — is nothing.
func values(t ui.TableView, row ui.Row) []any {
	texts := rowTexts(t, row)
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
		if !t.Columns[i].Num {
			continue
		}
		if text == "—" {
			out[i] = nil
			continue
		}
		plain, percent := strings.CutSuffix(text, "%")
		v, err := strconv.ParseFloat(plain, 64)
		switch {
		case err == nil && percent:
			out[i] = core.Rate(math.Round(v * 100))
		case err == nil:
			out[i] = v
		}
	}
	return out
}

func questionsSheet(ctx context.Context, e *sheet.Export, v reportView) error {
	err := e.Sheet(core.T("分题", "Questions").Say(ctx), []sheet.OutColumn{{Label: core.T("题目", "Question"), Width: 40}, {Label: core.T("答案", "Answer"), Width: 30}, {Label: core.T("份数", "Answers")}, {Label: core.T("占比或平均分", "Share or mean")}, {Label: core.T("满意率", "Satisfied")}})
	for _, q := range append(v.Questions, v.Words...) {
		for _, r := range q.Table.Rows {
			if err == nil {
				err = e.Row(append([]any{q.Title.Say(ctx)}, values(plainColumns(q.Table), r)...)...)
			}
		}
	}
	return err
}
