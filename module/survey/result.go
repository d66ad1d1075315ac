package survey

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

// trendMax is how many surveys the trend looks back.
const trendMax = 8

// lastOf is the survey of the same kind before this one; zero when it is the first.
func lastOf(ctx context.Context, tx db.Tx, r Round) (Round, error) {
	rs, err := before(ctx, tx, r, 1)
	if len(rs) == 0 {
		return Round{}, err
	}
	return rs[0], err
}

// answersHref leads to the answers behind a figure.
func answersHref(ctx context.Context, r Round, filter ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(filter); i += 2 {
		v.Set(filter[i], filter[i+1])
	}
	return href(ctx, r.Ref.ID, "answers") + "?" + v.Encode()
}

// change says how far a rate moved since last time, in points.
func difference(now, last Group) string {
	a, ok := now.Score.Rate()
	b, had := last.Score.Rate()
	if !ok || !had {
		return "—"
	}
	return fmt.Sprintf("%+.1f", float64(a-b)/100)
}

func dimensionTable(ctx context.Context, r Round, t Tally, last Round) ui.TableView {
	out := ui.TableView{Columns: []ui.Column{{Label: core.T("维度", "Dimension")}, {Label: core.T("评分数", "Ratings"), Num: true}, {Label: core.T("平均分", "Mean"), Num: true}, {Label: core.T("满意率", "Satisfied"), Num: true},
		{Label: core.T("目标", "Target"), Num: true}, {Label: core.T("上次", "Last time"), Num: true}, {Label: core.T("比上次(百分点)", "Change (points)"), Num: true}, {Label: core.T("不满意的答卷", "Dissatisfied answers")}}}
	for _, g := range t.Dimensions {
		rate, ok := g.Score.Rate()
		row := ui.Row{Cells: []ui.Cell{{Text: dimensionName(ctx, g.Name)}, {Text: fmt.Sprint(g.Score.N), Href: answersHref(ctx, r, "dimension", g.Name)}, {Text: g.Score.meanText()}, {Text: rateText(rate, ok)},
			{Text: targetText(r.Targets.Of(g.Name))}, {Text: rateText(last.Figures.Dimension(g.Name).Score.Rate())}, {Text: difference(g, last.Figures.Dimension(g.Name))},
			{Text: core.T("查看", "See them").Say(ctx), Href: answersHref(ctx, r, "dimension", g.Name, "low", "1")}}}
		if ok && r.Targets.Of(g.Name) > 0 && rate < r.Targets.Of(g.Name) {
			row.Tone = ui.Late
			row.Cells[3] = ui.Cell{Text: rate.String(), Body: ui.Pill(ui.Late, core.T("%s 低于目标", "%s, below target", rate))}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func targetText(r core.Rate) string {
	if r == 0 {
		return "—"
	}
	return r.String()
}

// shown reports whether a building's figures are shown apart: of an anonymous survey only with enough answers.
func (r Round) shown(g Group) bool { return !r.Anonymous || g.Answered >= MinGroup }

// tellable reports whether single answers are shown at all.
func (r Round) tellable(t Tally) bool { return !r.Anonymous || t.Answered >= MinGroup }

func buildingTable(ctx context.Context, r Round, t Tally) ui.TableView {
	out := ui.TableView{Columns: []ui.Column{{Label: core.T("楼栋", "Building")}, {Label: core.T("发出", "Invited"), Num: true}, {Label: core.T("收回", "Answered"), Num: true}, {Label: core.T("回收率", "Response rate"), Num: true}, {Label: core.T("平均分", "Mean"), Num: true}, {Label: core.T("满意率", "Satisfied"), Num: true}}}
	for _, g := range t.Buildings {
		row := ui.Row{Cells: []ui.Cell{{Text: g.Name}, {Text: fmt.Sprint(g.Invited)}, {Text: fmt.Sprint(g.Answered)}, {Text: rateText(core.RateOf(g.Answered, g.Invited))}, {Text: "—"}, {Text: "—"}}}
		if r.shown(g) {
			row.Cells[2].Href = answersHref(ctx, r, "building", g.Name)
			row.Cells[4].Text, row.Cells[5].Text = g.Score.meanText(), rateText(g.Score.Rate())
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// pictured is one line of a question's results: so many of so many. Of a matrix it is an item, with its satisfied ratings.
type pictured struct {
	label core.Text
	value string // by which its answers are found
	n, of int64
	score Score // of an item
}

func (p pictured) share() (core.Rate, bool) { return core.RateOf(p.n, p.of) }

// pictured are the lines of a question's results in their order; those of words are listed apart.
func (q Question) pictured(f QuestionTally) (out []pictured) {
	if len(f.Counts) == 0 {
		return nil
	}
	line := func(label core.Text, v int, n int64) {
		out = append(out, pictured{label, strconv.Itoa(v), n, f.N, Score{}})
	}
	switch q.Kind {
	case Rating:
		for _, c := range scale() {
			v, _ := strconv.Atoi(c.Value)
			line(core.T("%s 分 %s", "%s: %s", c.Value, c.Label), v, f.Counts[v-1])
		}
	case Matrix:
		for i, s := range f.Items {
			out = append(out, pictured{q.Items[i].Text(), strconv.Itoa(i + 1), s.Good, s.N, s})
		}
	case NPS:
		for v := 10; v >= 0; v-- {
			line(ui.Plain(strconv.Itoa(v)), v, f.Counts[v])
		}
	default:
		for i, o := range q.Options {
			line(o.Text(), i+1, f.Counts[i])
		}
	}
	return out
}

// questionTable is one question's figures; each leads to its answers.
func questionTable(ctx context.Context, r Round, q Question, f QuestionTally) ui.TableView {
	if q.Kind == Matrix {
		return matrixTable(ctx, r, q, f)
	}
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("答案", "Answer")}, {Label: core.T("份数", "Answers"), Num: true}, {Label: core.T("占比", "Share"), Num: true}, {Label: core.T("图", "Picture")}}}
	for _, p := range q.pictured(f) {
		cell := ui.Cell{Text: fmt.Sprint(p.n)}
		if p.n > 0 {
			cell.Href = answersHref(ctx, r, "question", strconv.FormatInt(q.ID, 10), "value", p.value)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: p.label.Say(ctx)}, cell, {Text: rateText(p.share())}, {Body: ui.Bar(float64(max(p.of, 1)), []ui.Part{{Value: float64(p.n), Tone: ui.OK, Label: p.label}})}}})
	}
	return t
}

func matrixTable(ctx context.Context, r Round, q Question, f QuestionTally) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("评分项", "Item")}, {Label: core.T("评分数", "Ratings"), Num: true}, {Label: core.T("平均分", "Mean"), Num: true}, {Label: core.T("满意率", "Satisfied"), Num: true}, {Label: core.T("图", "Picture")}}}
	for _, p := range q.pictured(f) {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: p.label.Say(ctx)}, {Text: fmt.Sprint(p.of), Href: answersHref(ctx, r, "question", strconv.FormatInt(q.ID, 10), "item", p.value)}, {Text: p.score.meanText()}, {Text: rateText(p.share())},
			{Body: ui.Bar(float64(max(p.of, 1)), []ui.Part{{Value: float64(p.n), Tone: ui.OK, Label: core.T("满意", "Satisfied")}, {Value: float64(p.of - p.n), Tone: ui.Warn, Label: core.T("其余", "Others")}})}}})
	}
	return t
}

// questionChart is on paper what the pictures in a question's table are on the page: the shares of its answers, or how
// satisfied each item left them.
func questionChart(ctx context.Context, title core.Text, q Question, f QuestionTally) ui.Chart {
	name := core.T("占比", "Share")
	if q.Kind == Matrix {
		name = core.T("满意率", "Satisfied")
	}
	c := ui.Chart{Kind: ui.Columnar, Title: title, Unit: ui.Plain("%"), Series: []ui.Series{{Name: name}}}
	for _, p := range q.pictured(f) {
		c.Labels = append(c.Labels, p.label.Say(ctx))
		c.Series[0].Values = append(c.Series[0].Values, percent(p.share()))
	}
	return c
}

// percent is a rate as a chart draws it; NaN when there is none.
func percent(r core.Rate, ok bool) float64 {
	if !ok {
		return math.NaN()
	}
	return float64(r) / 100
}

func dimensionChart(ctx context.Context, r Round, t Tally, last Round) ui.Chart {
	c := ui.Chart{Kind: ui.Columnar, Title: core.T("各维度满意率", "Satisfaction by dimension"), Unit: ui.Plain("%"), Series: []ui.Series{{Name: core.T("本次", "This time")}}}
	if last.Ref.ID != 0 {
		c.Title = core.T("满意率与上次比较", "Satisfaction beside last time")
		c.Series = append(c.Series, ui.Series{Name: core.T("上次", "Last time")})
	}
	for _, g := range t.Dimensions {
		c.Labels = append(c.Labels, dimensionName(ctx, g.Name))
		c.Series[0].Values = append(c.Series[0].Values, percent(g.Score.Rate()))
		if last.Ref.ID != 0 {
			c.Series[1].Values = append(c.Series[1].Values, percent(last.Figures.Dimension(g.Name).Score.Rate()))
		}
	}
	if goal := r.Targets.Quality; goal > 0 && goal == r.Targets.Attitude && goal == r.Targets.Efficiency {
		v := percent(goal, true)
		c.Target = &v
	}
	return c
}

func buildingChart(r Round, t Tally) ui.Chart {
	c := ui.Chart{Kind: ui.Columnar, Title: core.T("各楼栋满意率", "Satisfaction by building"), Unit: ui.Plain("%"), Series: []ui.Series{{Name: core.T("满意率", "Satisfied")}}}
	for _, g := range t.Buildings {
		if r.shown(g) && g.Score.N > 0 {
			c.Labels = append(c.Labels, g.Name)
			c.Series[0].Values = append(c.Series[0].Values, percent(g.Score.Rate()))
		}
	}
	return c
}

// trendChart follows the dimensions over the surveys of the same kind, this one last.
func trendChart(r Round, t Tally, past []Round) ui.Chart {
	c := ui.Chart{Kind: ui.Line, Title: core.T("历次趋势", "Trend"), Unit: ui.Plain("%")}
	for _, d := range Dimensions() {
		c.Series = append(c.Series, ui.Series{Name: d.Label})
	}
	c.Series = append(c.Series, ui.Series{Name: core.T("回收率", "Response rate")})
	add := func(day core.Date, t Tally) {
		c.Labels = append(c.Labels, string(day))
		for i, d := range Dimensions() {
			c.Series[i].Values = append(c.Series[i].Values, percent(t.Dimension(d.Value).Score.Rate()))
		}
		c.Series[len(Dimensions())].Values = append(c.Series[len(Dimensions())].Values, percent(t.Response()))
	}
	for _, p := range slices.Backward(past) {
		add(p.Start, p.Figures)
	}
	add(r.Start, t)
	c.Series = slices.DeleteFunc(c.Series, func(s ui.Series) bool { return ui.Chart{Labels: c.Labels, Series: []ui.Series{s}}.Empty() }) // a dimension that none of them asks about
	return c
}

// chartsView are the charts of the results, on the page and on paper; one without labels is not shown.
type chartsView struct{ Dimensions, Buildings, Trend ui.Chart }

// all are those that are shown, in their order.
func (v chartsView) all() (out []ui.Chart) {
	for _, c := range []ui.Chart{v.Dimensions, v.Buildings, v.Trend} {
		if len(c.Labels) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// charts are what the results show as pictures; a trend needs a survey before this one.
func charts(ctx context.Context, r Round, t Tally, past []Round) (v chartsView) {
	v.Dimensions, v.Buildings = dimensionChart(ctx, r, t, latest(past)), buildingChart(r, t)
	if len(past) > 0 {
		v.Trend = trendChart(r, t, past)
	}
	return v
}

// latest is the survey before this one; zero when it is the first.
func latest(past []Round) Round {
	if len(past) == 0 {
		return Round{}
	}
	return past[0]
}

func resultsPage(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	r, err := asRound(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	v, err := resultsOf(ctx, tx, r)
	return web.Page{Title: core.T("调查结果", "Survey results"), Body: resultsBody(v)}, err
}

func resultsOf(ctx context.Context, tx db.Tx, r Round) (resultsView, error) {
	t, err := TallyOf(ctx, tx, r)
	if err != nil {
		return resultsView{}, err
	}
	as, err := answersOf(ctx, tx, r.Ref.ID)
	if err != nil {
		return resultsView{}, err
	}
	past, err := before(ctx, tx, r, trendMax)
	if err != nil {
		return resultsView{}, err
	}
	v := resultsView{Head: ui.HeadView{Title: core.T("调查结果", "Survey results"), Sub: r.Title, Aside: r.Number}, Stats: stats(ctx, r, t), Dimension: dimensionTable(ctx, r, t, latest(past)), Buildings: buildingTable(ctx, r, t)}
	v.Links = []ui.Link{{Label: core.T("答卷", "Answers"), Href: href(ctx, r.Ref.ID, "answers")}, {Label: core.T("报告 PDF", "Report as PDF"), Href: href(ctx, r.Ref.ID, "report.pdf")}, {Label: core.T("报告 Excel", "Report as workbook"), Href: href(ctx, r.Ref.ID, "report.xlsx")},
		{Label: core.T("返回调查", "Back to the survey"), Href: href(ctx, r.Ref.ID)}}
	v.Charts = charts(ctx, r, t, past)
	if r.Anonymous {
		v.Few = core.T("不记名调查:少于 %d 份的楼栋不单列", "Anonymous: buildings with fewer than %d answers are not shown apart", MinGroup)
	}
	for i, q := range r.Content.Questions {
		title := core.T("%d. %s", "%d. %s", i+1, q.Text())
		if q.Kind == Words {
			v.Words = append(v.Words, questionResult{Title: title, Table: wordsTable(r, t, q, as)})
			continue
		}
		f := t.Question(q.ID)
		v.Questions = append(v.Questions, questionResult{title, questionTable(ctx, r, q, f), questionChart(ctx, title, q, f)})
	}
	return v, nil
}

func stats(ctx context.Context, r Round, t Tally) []statView {
	out := []statView{{Label: core.T("发出", "Invited"), Value: fmt.Sprint(t.Invited)}, {Label: core.T("收回", "Answered"), Value: fmt.Sprint(t.Answered), Href: href(ctx, r.Ref.ID, "answers")},
		{Label: core.T("回收率", "Response rate"), Value: rateText(t.Response())}, {Label: core.T("总满意率", "Satisfied in all"), Value: rateText(t.All.Rate()), Tone: ui.OK}}
	if t.Paper > 0 {
		paper := statView{Label: core.T("其中纸质", "Of these on paper"), Value: fmt.Sprint(t.Paper)}
		if r.paperShown(t) {
			paper.Href = answersHref(ctx, r, "paper", "1")
		}
		out = slices.Insert(out, 2, paper)
	}
	if n, ok := t.NPS(r.Content); ok {
		out = append(out, statView{Label: core.T("净推荐值 NPS", "Net promoter score"), Value: fmt.Sprintf("%+.0f", math.Round(n))})
	}
	return out
}

// wordsTable lists what was written; of an anonymous survey nothing before there are enough answers.
func wordsTable(r Round, t Tally, q Question, as []Answer) ui.TableView {
	out := ui.TableView{Columns: []ui.Column{{Label: core.T("意见", "Words")}, {Label: core.T("楼栋", "Building")}}, Empty: core.T("没有人填写", "Nobody wrote anything")}
	if !r.tellable(t) {
		out.Empty = core.T("不记名调查收回 %d 份后才列出", "An anonymous survey lists them from %d answers on", MinGroup)
		return out
	}
	for _, a := range as {
		if vs := a.Values[q.inputs()[0]]; len(vs) > 0 {
			out.Rows = append(out.Rows, ui.Row{Cells: []ui.Cell{{Text: vs[0]}, {Text: r.buildingOf(t, a)}}})
		}
	}
	return out
}

// buildingOf is the answer's building where it may be told.
func (r Round) buildingOf(t Tally, a Answer) string {
	i := slices.IndexFunc(t.Buildings, func(g Group) bool { return g.Name == a.Building })
	if i >= 0 && r.shown(t.Buildings[i]) {
		return a.Building
	}
	return ""
}

// ---- the answers behind a figure

// Filter narrows the answers to those behind a figure.
type Filter struct {
	Dimension string
	Question  int64
	Item      int
	Value     string
	Building  string
	Low       bool // those with a rating of 1 to 3
	Paper     bool // those keyed in from paper
}

func filterOf(r *web.Request) Filter {
	q, _ := strconv.ParseInt(r.Query("question"), 10, 64)
	item, _ := strconv.Atoi(r.Query("item"))
	return Filter{r.Query("dimension"), q, item, r.Query("value"), r.Query("building"), r.Query("low") != "", r.Query("paper") != ""}
}

// matches reports whether the answer is behind the figure.
func (f Filter) matches(c Content, a Answer) bool {
	if f.Building != "" && a.Building != f.Building || f.Paper && !a.Keying.Paper() {
		return false
	}
	if f.Dimension == "" && f.Question == 0 && !f.Low {
		return true
	}
	for _, q := range c.Questions {
		if f.Question != 0 && q.ID != f.Question || f.Dimension != "" && q.Dimension != f.Dimension {
			continue
		}
		for i, name := range q.inputs() {
			if f.Item != 0 && q.Kind == Matrix && i+1 != f.Item {
				continue
			}
			if slices.ContainsFunc(a.Values[name], func(v string) bool {
				return f.Value == "" && !f.Low || f.Value != "" && v == f.Value || f.Low && q.scored() && v < "4"
			}) {
				return true
			}
		}
	}
	return false
}

// Told is an answer as people with the right see it. Of an anonymous survey nobody sees whose it is.
type Told struct {
	Day      core.Date `json:"day,omitempty"`
	Unit     string    `json:"unit,omitempty"`
	Customer core.ID   `json:"customer,omitempty"`
	Name     string    `json:"name,omitempty"`
	Building string    `json:"building,omitempty"`
	Lang     core.Lang `json:"language,omitempty"`
	Answers  Values    `json:"answers"`

	// Paper is whether it came on paper; who keyed it in and who corrected it are not told of an anonymous survey.
	Paper       bool   `json:"paper"`
	KeyedBy     string `json:"keyed_by,omitempty"`
	KeyedAt     string `json:"keyed_at,omitempty"`
	CorrectedBy string `json:"corrected_by,omitempty"`
	CorrectedAt string `json:"corrected_at,omitempty"`
	keying      Keying
}

// Answers are the answers that a filter leaves.
func Answers(ctx context.Context, tx db.Tx, r Round, f Filter) ([]Told, Tally, error) {
	t, as, err := countNow(ctx, tx, r)
	if err != nil || !r.tellable(t) {
		return nil, t, err
	}
	if i := slices.IndexFunc(t.Buildings, func(g Group) bool { return g.Name == f.Building }); i >= 0 && !r.shown(t.Buildings[i]) {
		return nil, t, nil
	}
	if f.Paper && !r.paperShown(t) {
		return nil, t, nil
	}
	as = slices.DeleteFunc(as, func(a Answer) bool { return !f.matches(r.Content, a) })
	out := make([]Told, len(as))
	if r.Anonymous {
		for i, a := range as {
			out[i] = Told{Building: r.buildingOf(t, a), Answers: a.Values, Paper: a.Keying.Paper() && r.paperShown(t)}
		}
		return out, t, nil
	}
	is, err := invites(ctx, tx, r.Ref.ID)
	if err != nil {
		return nil, t, err
	}
	names, err := customersOf(ctx, tx, is)
	by := map[core.ID]Invite{}
	for _, i := range is {
		by[i.ID] = i
	}
	for i, a := range as {
		who := by[a.Invite]
		out[i] = Told{Day: a.Day, Unit: who.Unit, Customer: who.Customer, Name: names[who.Customer], Building: a.Building, Lang: a.Lang, Answers: a.Values, Paper: a.Keying.Paper(), keying: a.Keying,
			KeyedBy: a.Keying.Name, KeyedAt: stamp(a.Keying.At), CorrectedBy: a.Keying.Fixer, CorrectedAt: stamp(a.Keying.Fixed)}
	}
	return out, t, err
}

// stamp is a time as the API writes it.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func answersPage(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	r, err := asRound(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	as, t, err := Answers(ctx, tx, r, filterOf(q))
	if err != nil {
		return nil, err
	}
	head := ui.HeadView{Title: core.T("答卷", "Answers"), Sub: r.Title, Aside: core.T("%d 份", "%d answers", len(as)).Say(ctx)}
	note := core.Text{}
	if r.Anonymous {
		note = core.T("不记名调查:不显示是谁答的", "Anonymous: it is not shown whose an answer is")
	}
	if !r.tellable(t) {
		note = core.T("不记名调查收回 %d 份后才列出", "An anonymous survey lists them from %d answers on", MinGroup)
	}
	ls := []ui.Link{{Label: core.T("全部答卷", "All answers"), Href: href(ctx, r.Ref.ID, "answers")}, {Label: core.T("结果", "Results"), Href: href(ctx, r.Ref.ID, "results")}}
	return web.Page{Title: core.T("答卷", "Answers"), Body: answersBody(head, note, ls, answersTable(ctx, r, as))}, nil
}

// came is how an answer came; of an anonymous survey only where it was on paper and enough were.
func (r Round) came(a Told) core.Text {
	if r.Anonymous && !a.Paper {
		return core.Text{}
	}
	return channel(a.Paper)
}

func answersTable(ctx context.Context, r Round, as []Told) ui.TableView {
	t := ui.TableView{Empty: core.T("没有这样的答卷", "No such answers")}
	if !r.Anonymous {
		t.Columns = []ui.Column{{Label: core.T("日期", "Day")}, {Label: core.T("单元", "Unit")}, {Label: core.T("客户", "Customer")}}
	}
	t.Columns = append(t.Columns, ui.Column{Label: core.T("楼栋", "Building")}, ui.Column{Label: core.T("方式", "Came")})
	for i, q := range r.Content.Questions {
		t.Columns = append(t.Columns, ui.Column{Label: core.T("%d. %s", "%d. %s", i+1, q.Text())})
	}
	for _, a := range as {
		var row ui.Row
		if !r.Anonymous {
			c := ui.Cell{Text: a.Name}
			if a.Customer != 0 {
				c.Href = "/p/" + core.ProjectOf(ctx).Code + "/customer/" + a.Customer.String()
			}
			row.Cells = []ui.Cell{{Text: string(a.Day)}, {Text: a.Unit}, c}
		}
		row.Cells = append(row.Cells, ui.Cell{Text: a.Building}, ui.Cell{Text: ui.Join(r.came(a).Say(ctx), a.keying.say(ctx))})
		for _, q := range r.Content.Questions {
			row.Cells = append(row.Cells, ui.Cell{Text: q.say(ctx, a.Answers)})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// say writes a question's answer in words.
func (q Question) say(ctx context.Context, v Values) string {
	var out []string
	for i, name := range q.inputs() {
		for _, s := range v[name] {
			switch q.Kind {
			case Single, Multi:
				s = core.Label(q.choices(), s).Say(ctx)
			case Matrix:
				s = q.asking(i).Say(ctx) + " " + s
			}
			out = append(out, s)
		}
	}
	sep := core.T("、", ", ").Say(ctx)
	text := ""
	for i, s := range out {
		if i > 0 {
			text += sep
		}
		text += s
	}
	return text
}

// ---- measures

// ended are the project's surveys that ended in a month.
func ended(ctx context.Context, tx db.Tx, project core.ID, month core.Month) ([]Round, error) {
	return rounds(ctx, tx, "project_id = $1 and month = $2 and ended_at is not null and voided_at is null order by id desc", project, month)
}

// satisfied is C5.2: of all ratings of the surveys that ended in the month, the satisfied ones; the surveys with a
// dimension below its target break it.
func satisfied(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (f regulation.Figure, err error) {
	rs, err := ended(ctx, tx, project, month)
	for _, r := range rs {
		f.Num, f.Den = f.Num+r.Figures.All.Good, f.Den+r.Figures.All.N
		if len(r.Figures.below(r.Targets)) > 0 {
			f.Breaking = append(f.Breaking, r.Ref)
		}
	}
	return f, err
}

// responded is E5.2: of all invitations of the surveys that ended in the month, those answered.
func responded(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (f regulation.Figure, err error) {
	rules, err := regulation.RulesAt(ctx, tx, project, core.Now(ctx))
	if err != nil {
		return f, err
	}
	rs, err := ended(ctx, tx, project, month)
	for _, r := range rs {
		f.Num, f.Den = f.Num+r.Figures.Answered, f.Den+r.Figures.Invited
		if rate, ok := r.Figures.Response(); ok && rate < rules.Rate("E5.2", "target") {
			f.Breaking = append(f.Breaking, r.Ref)
		}
	}
	return f, err
}

func measures() []regulation.Measure {
	return []regulation.Measure{{Clause: "C5.2", Name: core.T("客户满意率", "Satisfied ratings"), Target: "target", Of: satisfied}, {Clause: "E5.2", Name: core.T("调查回收率", "Response rate of surveys"), Target: "target", Of: responded}}
}
