package followup

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/register"
)

// YearPlan is the supervisor's plan (回访计划) of a year ("2026") or a month ("2026-11"): what matters, who calls, how many.
type YearPlan struct {
	ID      core.ID
	Version int64
	Period  string
	Focus   string
	Callers string
	Visits  int64 // planned in person
	Calls   int64 // planned by telephone
	Writer  string
}

func (p *YearPlan) dest() []any {
	return []any{&p.ID, &p.Version, &p.Period, &p.Focus, &p.Callers, &p.Visits, &p.Calls, &p.Writer}
}

const planSelect = "select id, version, period, focus, callers, visits, calls, writer from followup_plan where project_id = $1 "

var planKind = register.Kind{Name: "followup-plan", Plural: "followup-plans", Label: core.T("回访计划", "Follow-up plans"), Table: "followup_plan",
	Events: map[string]core.Text{"drawn-up": core.T("制定 {period} 回访计划", "drew up the plan of {period}")}}

// DrawUp writes the plan of a year or a month, or writes it anew (C14.10).
func DrawUp(ctx context.Context, tx db.Tx, in YearPlan) (core.ID, error) {
	if _, err := core.ParseMonth(in.Period); err != nil {
		if _, err := core.ParseMonth(in.Period + "-01"); err != nil {
			return 0, core.Invalid("period", "请写年份(2026)或月份(2026-11)", "Give a year (2026) or a month (2026-11)")
		}
	}
	p, now, a := core.ProjectOf(ctx).ID, core.Now(ctx), core.ActorOf(ctx)
	id, err := db.Value[core.ID](ctx, tx, `insert into followup_plan (project_id, id, created_at, created_by, changed_at, changed_by, period, focus, callers, visits, calls, writer) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10)
		on conflict (project_id, period) do update set focus = excluded.focus, callers = excluded.callers, visits = excluded.visits, calls = excluded.calls, writer = excluded.writer,
		changed_at = excluded.changed_at, changed_by = excluded.changed_by, version = followup_plan.version + 1 returning id`, p, tx.NewID(), now, a.ID, in.Period, in.Focus, in.Callers, in.Visits, in.Calls, a.Name)
	if err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, planKind.Ref(ctx, id), "drawn-up", map[string]string{"period": in.Period})
}

func getPlan(ctx context.Context, tx db.Tx, id core.ID) (YearPlan, error) {
	return db.One(ctx, tx, (*YearPlan).dest, planSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
}

func planFields() []core.Field[YearPlan] {
	f := func(name, zh, en string, ptr func(*YearPlan) any) core.Field[YearPlan] {
		return core.Field[YearPlan]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	period := f("period", "年或月", "Year or month", func(p *YearPlan) any { return &p.Period })
	period.Required, period.Hint, period.Max = true, core.T("如 2026 或 2026-11", "as 2026 or 2026-11"), 7
	focus := f("focus", "重点", "What matters", func(p *YearPlan) any { return &p.Focus })
	focus.Kind, focus.Required = core.KindLines, true
	visits, calls := f("visits", "上门(件)", "In person", func(p *YearPlan) any { return &p.Visits }), f("calls", "电话(件)", "By telephone", func(p *YearPlan) any { return &p.Calls })
	visits.Max, calls.Max = 1_000_000, 1_000_000
	return []core.Field[YearPlan]{period, focus, f("callers", "安排谁回访", "Who follows up", func(p *YearPlan) any { return &p.Callers }), visits, calls}
}

func plans() register.Register[YearPlan] {
	draw := func(ctx context.Context, tx db.Tx, _ core.ID, in YearPlan) (core.ID, error) {
		return DrawUp(ctx, tx, in)
	}
	return register.Register[YearPlan]{Kind: planKind, Viewers: readers(), Export: heads(), Columns: []string{"period", "focus", "callers", "visits", "calls", "writer"},
		Fields: append(planFields(), core.Field[YearPlan]{Name: "writer", Label: core.T("制定人", "Drawn up by"), Ptr: func(p *YearPlan) any { return &p.Writer }}),
		ID:     func(p *YearPlan) core.ID { return p.ID }, Version: func(p *YearPlan) int64 { return p.Version }, Get: getPlan,
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]YearPlan, error) {
			return db.All(ctx, tx, (*YearPlan).dest, planSelect+"order by period desc limit $2", core.ProjectOf(ctx).ID, q.Limit)
		},
		Verbs: []register.Verber{
			register.Verb[YearPlan]{Name: "new", New: true, Primary: true, Label: core.T("制定计划", "Draw up a plan"), Roles: planners(), Clause: "C14.10", Fields: planFields(), Do: draw,
				Fill: func(ctx context.Context, _ db.Tx, _ core.ID, p *YearPlan) error {
					p.Period = string(core.Today(ctx).Month())
					return nil
				}},
			register.Verb[YearPlan]{Name: "edit", Label: core.T("修改", "Edit"), Roles: planners(), Fields: planFields(), Do: draw, Fill: func(ctx context.Context, tx db.Tx, id core.ID, p *YearPlan) (err error) {
				*p, err = getPlan(ctx, tx, id)
				return err
			}}}}
}
