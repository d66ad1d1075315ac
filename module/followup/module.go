package followup

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
)

// The roles of the verbs.
func callers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Manager, core.GM}
}
func planners() []core.Role { return []core.Role{core.Supervisor, core.Manager} }
func heads() []core.Role {
	return []core.Role{core.Supervisor, core.Manager, core.GM, core.Quality}
}
func readers() []core.Role { return append(callers(), core.Quality) }

// forms are the papers of this module.
func forms() []core.Form {
	return []core.Form{{Code: "FM-GL-032-0", Clause: "DX.11", Title: core.T("回访记录", "Follow-up record")}}
}

// Module declares follow-ups.
func Module() house.Module {
	return house.Module{Name: "followup", Label: core.T("回访", "Follow-ups"), Migrations: Migrations,
		Registers: []register.Any{items(), letters(), activities(), scripts(), plans()}, Routes: routes(), Forms: forms(),
		Perms: []register.Perm{{Name: "followup.statistics", Label: core.T("回访:统计", "Follow-ups: statistics"), Roles: heads()}, {Name: "followup.sample", Label: core.T("回访:抽样", "Follow-ups: draw"), Roles: planners()}},
		Tables: []journal.Table{{Kind: "followup", Name: "followup_item"}, {Kind: letterKind.Name, Name: "followup_letter"}, {Kind: activityKind.Name, Name: "followup_activity"}, {Kind: scriptKind.Name, Name: "followup_script"},
			{Kind: planKind.Name, Name: "followup_plan"}, {Kind: "followup-month", Name: "followup_month"}},
		Measures: measures(), Recurring: []duty.Recurring{{Clause: "C14.10", Number: "day", Title: core.T("回访统计报公司", "Follow-up statistics to the company"), URL: "followup/report", Before: true}},
		Daily: []house.Daily{{Name: "followup.sample", Run: sampleDaily}},
		Nav: []house.Nav{{Wing: house.Matters, Order: 36, Label: core.T("今日回访", "Today's follow-ups"), Icon: "phone", Under: "followup", Path: "followup/today", Perm: "followup.record", Count: opened},
			{Wing: house.Matters, Order: 35, Label: core.T("回访", "Follow-ups"), Icon: "list", Path: "followup", Perm: "followup.view"},
			{Wing: house.Matters, Order: 37, Label: core.T("回访统计", "Follow-up statistics"), Icon: "chart-bar", Under: "followup", Path: "followup/report", Perm: "followup.statistics"}},
		Follows: []string{"followup_item", "followup_pool"}, OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{Erase},
		Panels:    panels(),
		Clauses:   claims(),
		Events:    happenings(),
		Reactions: reactions()}
}

// happenings are what a clause of the firm's own, or a later module, may hang a term on.
func happenings() []house.Event {
	return []house.Event{{Key: "followup.planned", Label: core.T("列入了一件回访", "A follow-up was planned")}, {Key: "followup.recorded", Label: core.T("做了一次回访", "A follow-up was made")},
		{Key: "followup.dissatisfied", Label: core.T("回访客户不满意", "A follow-up found the customer dissatisfied")}, {Key: "followup.answered", Label: core.T("答复了回访中的新意见", "A new opinion of a follow-up was answered")},
		{Key: "followup.remarked", Label: core.T("主管签了回访意见", "A follow-up was checked")}}
}

func claims() []regulation.Claim {
	c := func(clause, records string, numbers []string, by ...regulation.Mechanism) regulation.Claim {
		return regulation.Claim{Clause: clause, By: by, Numbers: numbers, Records: records}
	}
	term, target, share := []string{"term"}, []string{"target"}, []string{"target", "window"}
	return []regulation.Claim{c("C14.1", "followup?occasion=complaint&state=all", term, regulation.ByDuty), c("C14.2", "followup?occasion=complaint&state=all", target, regulation.ByMeasure),
		c("C14.3", "followup?occasion=repair&state=all", share, regulation.ByMeasure, regulation.ByFlow), c("C14.4", "followup?occasion=activity&state=all", share, regulation.ByMeasure, regulation.ByFlow),
		c("C14.5", "followup?state=done", nil, regulation.ByGuard), c("C14.6", "followup?state=done", nil, regulation.ByGuard), c("C14.7", "followup?result=dissatisfied", []string{"phone_round"}, regulation.ByFlow, regulation.ByGuard, regulation.ByDuty),
		c("C14.8", "followup?state=problem", target, regulation.ByMeasure), c("C14.9", "open-letter", nil, regulation.ByFlow, regulation.ByGuard), c("C14.10", "followup/report", []string{"day"}, regulation.ByRecurring, regulation.ByGuard),
		c("C14.12", "followup?occasion=emergency&state=all", term, regulation.ByDuty), c("D5.2", "followup?occasion=repair", term, regulation.ByDuty), c("DX.11", "followup?state=done", nil, regulation.ByForm)}
}

func routes() []web.Route {
	return []web.Route{{Pattern: "GET /p/{project}/followup/today", Perm: "followup.record", Handle: todayPage}, {Pattern: "POST /p/{project}/followup/draw", Perm: "followup.sample", Handle: drawPost},
		{Pattern: "GET /p/{project}/followup/report", Perm: "followup.statistics", Handle: monthPage}, {Pattern: "GET /p/{project}/followup/report.xlsx", Perm: "followup.statistics", Handle: monthXlsx},
		{Pattern: "GET /p/{project}/followup/{id}/form", Perm: "followup.view", Handle: formPage}, {Pattern: "GET /p/{project}/followup/{id}/form.pdf", Perm: "followup.view", Handle: formPDF},
		{Pattern: "GET /p/{project}/open-letter/{id}/letter.pdf", Perm: "open-letter.view", Handle: letterPDF}}
}
