package followup

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/sheet"
	"huiyin/web"
	"huiyin/web/ui"
)

// breakingMax is how many records a measure names.
const breakingMax = 300

// rate is C14.2 to C14.4: of a month's matters that were dealt with, how many were followed up, of repairs and
// activities within the clause's time. Exempt ones are not counted (C14.9).
func rate(clause, occasion string, within bool) func(context.Context, db.Tx, core.ID, core.Month) (regulation.Figure, error) {
	return func(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (regulation.Figure, error) {
		rules, err := regulation.RulesAt(ctx, tx, project, core.Now(ctx))
		if err != nil {
			return regulation.Figure{}, err
		}
		window := int64(1) << 60
		if within {
			window = length(rules.Span(clause, "window")).Microseconds()
		}
		f, err := db.One(ctx, tx, func(f *regulation.Figure) []any { return []any{&f.Num, &f.Den} }, `select count(case when followed_at is not null and followed_at - closed_at <= $4 then 1 end), count(*)
			from followup_pool where project_id = $1 and occasion = $2 and counted = $3`, project, occasion, month, window)
		if err != nil {
			return f, err
		}
		f.Breaking, err = db.All(ctx, tx, func(r *core.Ref) []any { return []any{&r.Project, &r.Kind, &r.ID} },
			`select project_id, kind, record_id from followup_pool where project_id = $1 and occasion = $2 and counted = $3 and (followed_at is null or followed_at - closed_at > $4) order by closed_at desc, id limit $5`,
			project, occasion, month, window, breakingMax)
		f.Provisional = core.Today(ctx) <= month.Last().Add(30)
		return f, err
	}
}

// length is a span of days or hours as a duration; the window of a rate counts every day.
func length(s core.Span) time.Duration {
	if s.Short() {
		return s.Duration()
	}
	return time.Duration(s.N) * 24 * time.Hour
}

// settled is C14.8: of the problems that a month's follow-ups brought, how many were dealt with.
func settled(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (regulation.Figure, error) {
	is, err := list(ctx, tx, "project_id = $1 and held_month <> '' and held_month = $2 and problem order by at desc, id desc", project, month)
	f := regulation.Figure{Provisional: month >= core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone)}
	for _, i := range is {
		f.Den++
		if !i.Settled.IsZero() {
			f.Num++
		} else if len(f.Breaking) < breakingMax {
			f.Breaking = append(f.Breaking, i.Ref)
		}
	}
	return f, err
}

func measures() []regulation.Measure {
	return []regulation.Measure{{Clause: "C14.2", Name: core.T("已回访的投诉", "Complaints followed up"), Target: "target", Of: rate("C14.2", Complaint, false)},
		{Clause: "C14.3", Name: core.T("一个月内回访的维修", "Repairs followed up within a month"), Target: "target", Of: rate("C14.3", Repair, true)},
		{Clause: "C14.4", Name: core.T("一个月内回访的活动参加者", "Participants followed up within a month"), Target: "target", Of: rate("C14.4", Activity, true)},
		{Clause: "C14.8", Name: core.T("已处理的回访问题", "Problems of follow-ups dealt with"), Target: "target", Of: settled}}
}

// Line is one row of the statistics: an occasion.
type Line struct {
	Occasion                            string
	Matters, Followed                   int64 // of the month's closed matters; 0 where no rate is demanded
	Held, Phone, Site, Letters          int64 // talks held in the month
	Satisfied, Dissatisfied, Opinions   int64
	Late, Problems, Settled, Unremarked int64
}

// Figures are a month's follow-ups (C14.10).
type Figures struct {
	Month core.Month
	All   Line
	Lines []Line
}

func (l *Line) count(i Item) {
	add := func(n *int64, ok bool) {
		if ok {
			*n++
		}
	}
	l.Held++
	add(&l.Phone, i.How == ByPhone)
	add(&l.Site, i.How == OnSite)
	add(&l.Letters, i.State == StateLetter)
	add(&l.Satisfied, i.Result == Satisfied)
	add(&l.Dissatisfied, i.Result == Dissatisfied)
	add(&l.Opinions, i.Result == NewOpinion)
	add(&l.Late, i.Late)
	add(&l.Problems, i.Problem)
	add(&l.Settled, i.Problem && !i.Settled.IsZero())
	add(&l.Unremarked, i.State == StateDone && i.Remarked.IsZero())
}

// FiguresOf computes a month's statistics from the follow-ups themselves.
func FiguresOf(ctx context.Context, tx db.Tx, month core.Month) (Figures, error) {
	f := Figures{Month: month, All: Line{Occasion: "all"}}
	is, err := list(ctx, tx, "project_id = $1 and held_month <> '' and held_month = $2 order by at, id", core.ProjectOf(ctx).ID, month)
	if err != nil {
		return f, err
	}
	for _, o := range Occasions() {
		l := Line{Occasion: o.Value}
		for _, i := range is {
			if i.Occasion == o.Value {
				l.count(i)
			}
		}
		for _, r := range rated() {
			if r.Occasion == o.Value {
				q, err := counted(ctx, tx, o.Value, month)
				if err != nil {
					return f, err
				}
				l.Matters, l.Followed = q.Matters, q.Followed
			}
		}
		if l != (Line{Occasion: o.Value}) {
			f.Lines = append(f.Lines, l)
		}
		f.All.Matters, f.All.Followed = f.All.Matters+l.Matters, f.All.Followed+l.Followed
	}
	for _, i := range is {
		f.All.count(i)
	}
	return f, nil
}

// Submit reports a month to the company.
type Submit struct {
	Month core.Month
	Note  string
}

// SubmitMonth keeps the month's statistics as they stand and reports them to the company (C14.10): every follow-up of the
// month has been checked.
func SubmitMonth(ctx context.Context, tx db.Tx, _ core.ID, in Submit) (core.ID, error) {
	p := core.ProjectOf(ctx)
	if in.Month > core.MonthOf(core.Now(ctx), p.Zone) {
		return 0, core.Invalid("month", "这个月还没有到", "That month has not come yet")
	}
	f, err := FiguresOf(ctx, tx, in.Month)
	if err != nil {
		return 0, err
	}
	text := core.T("还有 %d 件回访没有主任意见,先检查再上报", "%d follow-ups lack the supervisor's remark: check them first", f.All.Unremarked)
	if err := regulation.Guard(ctx, tx, "C14.10", f.All.Unremarked == 0, text); err != nil {
		return 0, err
	}
	id := tx.NewID()
	n, err := db.Exec(ctx, tx, `insert into followup_month (project_id, id, created_at, created_by, changed_at, changed_by, month, figures, note) values ($1,$2,$3,$4,$3,$4,$5,$6,$7)
		on conflict (project_id, month) do nothing`, p.ID, id, core.Now(ctx), core.ActorOf(ctx).ID, in.Month, core.JSON(f), in.Note)
	if err == nil && n == 0 {
		err = core.Conflict("%s 已经上报", "%s is reported already", in.Month)
	}
	if err != nil {
		return 0, err
	}
	if err := duty.Done(ctx, tx, "C14.10", duty.PeriodRef(p.ID, in.Month)); err != nil {
		return 0, err
	}
	ref := core.Ref{Project: p.ID, Kind: "followup-month", ID: id}
	title := core.T("回访统计 %s", "Follow-up statistics %s", string(in.Month))
	for _, role := range []core.Role{core.GM, core.Quality} {
		if err := notify.TellRole(ctx, tx, p.ID, role, notify.Message{Ref: ref, Title: title, URL: href(ctx, 0, "report") + "?month=" + string(in.Month)}); err != nil {
			return 0, err
		}
	}
	return id, journal.Add(ctx, tx, ref, "submitted", map[string]any{"month": string(in.Month), "held": fmt.Sprint(f.All.Held)})
}

func submitVerb() register.Verber {
	return register.Verb[Submit]{Name: "submit-month", Label: core.T("上报月度统计", "Report the month"), Roles: planners(), New: true, Hidden: true, Clause: "C14.10", Do: SubmitMonth,
		Next: func(ctx context.Context, _ core.ID) string { return href(ctx, 0, "report") }, Said: core.T("已报公司", "Reported to the company"),
		Fields: []core.Field[Submit]{{Name: "month", Label: core.T("月份", "Month"), Ptr: func(s *Submit) any { return &s.Month }, Required: true}, core.Ask("note", "说明", "Note", func(s *Submit) any { return &s.Note }, core.Lines)}}
}

// askedMonth is ?month=, this month by default: its statistics are owed on its last day.
func askedMonth(ctx context.Context, r *web.Request) (core.Month, error) {
	if v := r.Query("month"); v != "" {
		return core.ParseMonth(v)
	}
	return core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone), nil
}

func monthHeads() []core.Text {
	return []core.Text{core.T("事由", "After"), core.T("办结", "Closed"), core.T("其中已回访", "Of these followed up"), core.T("回访率", "Rate"), core.T("本月回访", "Held this month"), core.T("电话", "By telephone"), core.T("上门", "In person"), core.T("公开信", "Open letter"),
		core.T("满意", "Satisfied"), core.T("不满意", "Dissatisfied"), core.T("新意见", "New opinions"), core.T("逾期", "Late"), core.T("问题", "Problems"), core.T("已解决", "Settled")}
}

// rows are the statistics as texts.
func (f Figures) rows(ctx context.Context) [][]string {
	var out [][]string
	for _, l := range append(f.Lines[:len(f.Lines):len(f.Lines)], f.All) {
		name := core.T("合计", "Total").Say(ctx)
		if l.Occasion != "all" {
			name = core.Label(Occasions(), l.Occasion).Say(ctx)
		}
		share := "—"
		if r, ok := core.RateOf(l.Followed, l.Matters); ok {
			share = r.String()
		}
		row := []string{name, fmt.Sprint(l.Matters), fmt.Sprint(l.Followed), share}
		for _, n := range []int64{l.Held, l.Phone, l.Site, l.Letters, l.Satisfied, l.Dissatisfied, l.Opinions, l.Late, l.Problems, l.Settled} {
			row = append(row, fmt.Sprint(n))
		}
		out = append(out, row)
	}
	return out
}

// trend is how the three rates went in the half year up to the month.
func trend(ctx context.Context, tx db.Tx, month core.Month) (ui.Chart, error) {
	c := ui.Chart{Kind: ui.Columnar, Title: core.T("近六个月回访率", "Follow-up rates of six months"), Unit: ui.Plain("%")}
	for _, r := range rated() {
		c.Series = append(c.Series, ui.Series{Name: core.Label(Occasions(), r.Occasion)})
	}
	for n := -5; n <= 0; n++ {
		m := month.Add(n)
		c.Labels = append(c.Labels, string(m))
		for k, r := range rated() {
			q, err := counted(ctx, tx, r.Occasion, m)
			if err != nil {
				return c, err
			}
			share, _ := core.RateOf(q.Followed, q.Matters)
			c.Series[k].Values = append(c.Series[k].Values, float64(share)/100)
		}
	}
	return c, nil
}

func monthPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := askedMonth(ctx, r)
	if err != nil {
		return nil, err
	}
	at := func(path string, m core.Month) string { return href(ctx, 0, path) + "?month=" + string(m) }
	f, err := FiguresOf(ctx, tx, month)
	if err != nil {
		return nil, err
	}
	v := monthView{Month: month, Xlsx: at("report.xlsx", month), Prev: at("report", month.Add(-1)), Next: at("report", month.Add(1)), Cite: register.Cite(ctx, "C14.10"), Unremarked: f.All.Unremarked, Check: href(ctx, 0) + "?state=check"}
	for k, h := range monthHeads() {
		v.Table.Columns = append(v.Table.Columns, ui.Column{Label: h, Num: k > 0})
	}
	for _, texts := range f.rows(ctx) {
		var row ui.Row
		for _, t := range texts {
			row.Cells = append(row.Cells, ui.Cell{Text: t})
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	if v.Chart, err = trend(ctx, tx, month); err != nil {
		return nil, err
	}
	done, err := db.Value[core.ID](ctx, tx, "select id from followup_month where project_id = $1 and month = $2", core.ProjectOf(ctx).ID, month)
	v.Submitted, v.Come = done != 0, month <= core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone)
	v.Form = ui.FormView{Action: href(ctx, 0, "submit-month"), Submit: core.T("报公司", "Report to the company"), IdemKey: register.NewKey(), Clause: "C14.10", ClauseHref: v.Cite, Fields: []ui.FieldView{
		{Name: "month", Kind: core.KindHidden, Value: string(month)}, {Name: "note", Label: core.T("说明", "Note"), Kind: core.KindLines}}}
	return web.Page{Title: core.T("回访统计", "Follow-up statistics"), Body: monthBody(v)}, err
}

func monthXlsx(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := askedMonth(ctx, r)
	if err != nil {
		return nil, err
	}
	f, err := FiguresOf(ctx, tx, month)
	if err != nil {
		return nil, err
	}
	e, err := sheet.NewExport(core.LangOf(ctx))
	if err != nil {
		return nil, err
	}
	var cols []sheet.OutColumn
	for _, h := range monthHeads() {
		cols = append(cols, sheet.OutColumn{Label: h, Width: 14})
	}
	err = e.Sheet(core.T("回访统计", "Follow-up statistics").Say(ctx), cols)
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
	return web.Download{Name: "followups-" + string(month) + ".xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Bytes: b.Bytes()}, err
}
