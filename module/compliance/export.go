package compliance

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/regulation"
	"huiyin/sheet"
	"huiyin/web"
)

// exportLate bounds the sheet of late duties.
const exportLate = 2000

// exportBoard writes the month's board as a workbook: the clauses, who owes what, the late duties, what was refused.
func exportBoard(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := monthOf(ctx, r.Query("month"))
	if err != nil {
		return nil, err
	}
	b, err := BoardOf(ctx, tx, month)
	if err != nil {
		return nil, err
	}
	x, err := sheet.NewExport(core.LangOf(ctx))
	if err != nil {
		return nil, err
	}
	for _, write := range []func(context.Context, db.Tx, *sheet.Export, Board) error{exportClauses, exportPeople, exportDuties, exportRefusals} {
		if err := write(ctx, tx, x, b); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	if _, err := x.WriteTo(&out); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s-%s-%s.xlsx", core.T("制度执行", "compliance").Say(ctx), b.Project.Code, month)
	return web.Download{Name: name, Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Bytes: out.Bytes()}, nil
}

func columns(labels ...core.Text) []sheet.OutColumn {
	out := make([]sheet.OutColumn, len(labels))
	for i, l := range labels {
		out[i] = sheet.OutColumn{Label: l}
	}
	return out
}

func countColumns() []core.Text {
	return []core.Text{core.T("应办", "Raised"), core.T("按时", "On time"), core.T("逾期", "Late"), core.T("其中未办", "Still overdue"), core.T("豁免", "Waived"), core.T("未到期", "Open")}
}

func (c Count) cells() []any {
	return []any{c.Total, c.OnTime, c.Late, c.Overdue, c.Waived, c.Open}
}

// cell is a rate as a workbook holds it, or an empty cell.
func cell(r core.Rate, ok bool) any {
	if !ok {
		return nil
	}
	return r
}

func exportClauses(ctx context.Context, _ db.Tx, x *sheet.Export, b Board) error {
	labels := append([]core.Text{core.T("条款", "Clause"), core.T("领域", "Area"), core.T("要求", "Demand"), core.T("状态", "State"), core.T("责任", "Owed by")}, countColumns()...)
	labels = append(labels, core.T("比率", "Rate"), core.T("目标", "Target"), core.T("暂计", "Provisional"), core.T("拦下", "Refused"), core.T("数值来源", "Numbers"))
	cols := columns(labels...)
	cols[2].Width = 60
	title := core.T("制度执行 %s %s", "Compliance %s %s", monthName(b.Month), b.Project.Name).Say(ctx)
	if err := x.Sheet(core.T("条款", "Clauses").Say(ctx), cols, title); err != nil {
		return err
	}
	for _, l := range b.Lines {
		source := core.Text{}
		if l.Ours() {
			source = core.T("本系统默认", "Our default")
		}
		values := append([]any{l.Clause.ID, core.Label(areaNames(), l.Clause.Area), l.Clause.Text, core.Label(States(), string(l.State)), l.Owner.Name()}, l.Count.cells()...)
		rate, ok := l.Rate()
		values = append(values, cell(rate, ok && l.State == InForce), cell(l.Target, l.Target != 0), l.Figure.Provisional, l.Refused, source)
		if err := x.Row(values...); err != nil {
			return err
		}
	}
	return nil
}

func exportPeople(ctx context.Context, tx db.Tx, x *sheet.Export, b Board) error {
	groups, err := byPerson(ctx, tx, b.Month)
	if err != nil {
		return err
	}
	labels := append([]core.Text{core.T("责任人", "Person"), core.T("部门", "Department")}, countColumns()...)
	if err := x.Sheet(core.T("按人", "By person").Say(ctx), columns(append(labels, core.T("按时率", "Rate"))...)); err != nil {
		return err
	}
	for _, g := range groups {
		rate, ok := g.Count.Rate()
		if err := x.Row(append(append([]any{g.Name, g.Note}, g.Count.cells()...), cell(rate, ok))...); err != nil {
			return err
		}
	}
	return nil
}

func exportDuties(ctx context.Context, tx db.Tx, x *sheet.Export, b Board) error {
	ds, err := Duties(ctx, tx, Filter{Month: b.Month, State: "late", Limit: exportLate})
	if err != nil {
		return err
	}
	items, err := itemsOf(ctx, tx, ds)
	if err != nil {
		return err
	}
	cols := columns(core.T("条款", "Clause"), core.T("事项", "What"), core.T("岗位", "Role"), core.T("责任人", "Person"), core.T("期限", "Due"), core.T("办结", "Closed"), core.T("状态", "State"), core.T("说明", "Note"))
	cols[1].Width = 40
	if err := x.Sheet(core.T("逾期", "Late").Say(ctx), cols); err != nil {
		return err
	}
	zone := b.Project.Zone
	for _, it := range items {
		if err := x.Row(it.Clause, it.Title, it.Role.Name(), it.Who, it.Due.In(zone), zoned(it, zone), it.State, it.Note); err != nil {
			return err
		}
	}
	return nil
}

func exportRefusals(ctx context.Context, tx db.Tx, x *sheet.Export, b Board) error {
	rows, err := regulation.Refusals(ctx, tx, b.Project.ID, b.Month, "")
	if err != nil {
		return err
	}
	cols := columns(core.T("时间", "When"), core.T("条款", "Clause"), core.T("操作人", "Who"), core.T("操作", "What"), core.T("原因", "Why"))
	cols[4].Width = 60
	if err := x.Sheet(core.T("拦下的操作", "Refused").Say(ctx), cols); err != nil {
		return err
	}
	for _, r := range rows {
		if err := x.Row(r.At.In(b.Project.Zone), r.Clause, r.Name, doingLabel(ctx, r), r.Why.Say(ctx)); err != nil {
			return err
		}
	}
	return nil
}

func zoned(it item, zone *time.Location) any {
	if it.Done.IsZero() {
		return nil
	}
	return it.Done.In(zone)
}
