package survey

import (
	"context"
	"encoding/json"

	"github.com/a-h/templ"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

// The roles. Technicians and guards see nothing of surveys; the desk hands out slips and helps customers, and does not
// see results.
func builders() []core.Role { return []core.Role{core.Supervisor, core.Manager, core.Quality} }
func managers() []core.Role {
	return []core.Role{core.Supervisor, core.Manager, core.Quality, core.GM}
}
func viewers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Manager, core.Quality, core.GM}
}
func headOffice() []core.Role { return []core.Role{core.Quality, core.GM} }

// doers are those to whom a problem may be given.
func doers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Manager, core.Quality, core.GM, core.Cashier, core.Leasing, core.Archivist}
}

// Module declares surveys.
func Module() house.Module {
	return house.Module{Name: "survey", Label: core.T("满意度调查", "Surveys"), Migrations: Migrations,
		Registers: []register.Any{surveys(), questionnaires(), plans(), correctives(), seminars(), campaigns()}, Routes: append(routes(), publicRoutes()...), Forms: forms(),
		Perms: []register.Perm{{Name: "survey.results", Label: core.T("满意度调查:结果", "Surveys: results"), Roles: managers()}, {Name: "survey.invite", Label: core.T("满意度调查:邀请名单", "Surveys: invitations"), Roles: []core.Role{core.Desk, core.Supervisor, core.Manager, core.Quality}}},
		Tables: []journal.Table{{Kind: "survey", Name: "survey_round"}, {Kind: "questionnaire", Name: "survey_form"}, {Kind: "survey-plan", Name: "survey_plan"}, {Kind: "survey-action", Name: "survey_action"},
			{Kind: "seminar", Name: "survey_seminar"}, {Kind: "survey-campaign", Name: "survey_campaign"}},
		Measures: measures(), Recurring: recurring(), Jobs: jobs(), Daily: []house.Daily{{Name: "survey.daily", Run: Daily}},
		Nav: []house.Nav{{Wing: house.Matters, Order: 60, Label: core.T("满意度调查", "Surveys"), Icon: "star", Path: "survey", Perm: "survey.view"},
			{Wing: house.Matters, Order: 61, Label: core.T("问卷", "Questionnaires"), Icon: "list-check", Under: "survey", Path: "questionnaire", Perm: "questionnaire.view"},
			{Wing: house.Matters, Order: 62, Label: core.T("调查年度计划", "Survey plans"), Icon: "calendar", Under: "survey", Path: "survey-plan", Perm: "survey-plan.view"},
			{Wing: house.Matters, Order: 63, Label: core.T("调查纠正预防措施", "Survey actions"), Icon: "checks", Under: "survey", Path: "survey-action", Perm: "survey-action.view"},
			{Wing: house.Matters, Order: 64, Label: core.T("商户座谈会", "Merchants' meetings"), Icon: "users", Under: "survey", Path: "seminar", Perm: "seminar.view"},
			{Wing: house.Matters, Order: 65, Label: core.T("公司满意度调查", "Firm surveys"), Icon: "building", Path: "/firm/survey-campaign", Perm: "survey-campaign.view"}},
		Follows: []string{"survey_invite"}, OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{Erase},
		Panels:    []register.Panel{customerPanel()},
		Approvals: []approval.Kind{{Verb: planVerb, Name: core.T("客户调查年度计划", "Survey plan"), Run: runPlan}, {Verb: reportVerb, Name: core.T("客户调研报告", "Customer Research Report"), Run: runReport}},
		Clauses:   claims(), Events: happenings()}
}

func happenings() []house.Event {
	return []house.Event{{Key: "survey.launched", Label: core.T("发布了一次客户调查", "A survey was sent out")}, {Key: "survey.ended", Label: core.T("一次客户调查结束", "A survey ended")},
		{Key: "survey.approved", Label: core.T("客户调研报告获批准", "A research report was approved")}, {Key: "survey.distributed", Label: core.T("客户调研报告已分发", "A research report was distributed")}, {Key: "survey.closed", Label: core.T("客户调查已归档", "A survey was filed")}}
}

func claims() []regulation.Claim {
	by := func(m ...regulation.Mechanism) []regulation.Mechanism { return m }
	return []regulation.Claim{
		{Clause: "B7.1", By: by(regulation.ByFlow, regulation.ByGuard, regulation.ByRecurring), Numbers: []string{"day"}, Records: "survey-plan"},
		{Clause: "C5.2", By: by(regulation.ByRecurring, regulation.ByGuard, regulation.ByDuty, regulation.ByMeasure), Numbers: []string{"day", "target", "term"}, Records: "survey?kind=satisfaction"},
		{Clause: "C7.10", By: by(regulation.ByGuard), Records: "survey?kind=satisfaction"},
		{Clause: "D5.4", By: by(regulation.ByRecurring, regulation.ByGuard), Numbers: []string{"months", "day"}, Records: "survey?kind=opinion"},
		{Clause: "E5.2", By: by(regulation.ByGuard, regulation.ByMeasure), Numbers: []string{"target"}, Records: "survey-action"},
	}
}

func routes() []web.Route {
	at := func(path, perm string, h web.Handler) web.Route {
		return web.Route{Pattern: "GET /p/{project}/" + path, Perm: perm, Handle: h}
	}
	return []web.Route{
		at("survey/{id}/live", "survey.view", livePanel), at("survey/{id}/results", "survey.results", resultsPage), at("survey/{id}/answers", "survey.results", answersPage),
		at("survey/{id}/report.pdf", "survey.results", reportPDF), at("survey/{id}/report.xlsx", "survey.results", reportXlsx),
		at("survey/{id}/invites", "survey.invite", invitesPage), at("survey/{id}/slips.pdf", "survey.invite", slipsPaper), at("survey/{id}/invites/{invite}/paper", "survey.invite", paperPage),
		{Pattern: "POST /p/{project}/survey/{id}/invites/{invite}/paper", Perm: "survey.invite", Handle: keyPaper, Failed: paperFailed, MaxBody: answerBytes},
		at("questionnaire/{id}/change", "questionnaire.change", changePage), at("questionnaire/{id}/preview", "questionnaire.view", previewPage), at("questionnaire/{id}/form.pdf", "questionnaire.view", blankPaper),
		{Pattern: "GET /api/v1/projects/{project}/surveys/{id}/results", Perm: "survey.results", Handle: resultsAPI}, {Pattern: "GET /api/v1/projects/{project}/surveys/{id}/answers", Perm: "survey.results", Handle: answersAPI},
	}
}

// resultsAPI gives a survey's figures.
func resultsAPI(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	r, err := asRound(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	t, err := TallyOf(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	t.Buildings = append([]Group(nil), t.Buildings...)
	for i, g := range t.Buildings {
		if !r.shown(g) {
			t.Buildings[i].Score = Score{}
		}
	}
	return web.JSON{Value: map[string]any{"survey": r.Ref.ID, "number": r.Number, "content": r.Content, "targets": r.Targets, "figures": t}}, nil
}

// answersAPI gives the answers behind a figure, as the page does.
func answersAPI(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	r, err := asRound(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	as, _, err := Answers(ctx, tx, r, filterOf(q))
	if as == nil {
		as = []Told{}
	}
	return web.JSON{Value: map[string]any{"items": as}}, err
}

// Erase takes a customer's name off his invitations, and his words out of his answers (L5). Ratings stay.
func Erase(ctx context.Context, tx db.Tx, projectID, customer core.ID) error {
	p, err := project.Get(ctx, tx, projectID)
	if err != nil {
		return err
	}
	ctx = core.WithProject(ctx, p.Core())
	type line struct {
		round, invite, answer core.ID
		raw                   string
	}
	ls, err := db.All(ctx, tx, func(l *line) []any { return []any{&l.round, &l.invite, &l.answer, &l.raw} }, `select i.round_id, i.id, a.id, a.answers from survey_invite i join survey_answer a on a.project_id = i.project_id and a.invite_id = i.id
		where i.project_id = $1 and i.customer_id = $2`, projectID, customer)
	for _, l := range ls {
		if err != nil {
			break
		}
		var r Round
		var v Values
		if r, err = Get(ctx, tx, l.round); err == nil {
			err = json.Unmarshal([]byte(l.raw), &v)
		}
		for _, q := range r.Content.Questions {
			if q.Kind == Words {
				delete(v, q.inputs()[0])
			}
		}
		if err == nil {
			_, err = db.Exec(ctx, tx, "update survey_answer set invite_id = null, answers = $1, fix_reason = '' where project_id = $2 and id = $3", core.JSON(v), projectID, l.answer)
		}
	}
	if err == nil {
		_, err = db.Exec(ctx, tx, "update survey_invite set customer_id = null where project_id = $1 and customer_id = $2", projectID, customer)
	}
	return err
}

// customerPanel shows on a customer's page which surveys asked him, and what he said where it was not anonymous.
func customerPanel() register.Panel {
	return register.Panel{On: "customer", Perm: "survey.results", Order: 60, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		type line struct {
			id            core.ID
			number        string
			title         core.Text
			day           core.Date
			anonymous     bool
			answer, state string
		}
		ls, err := db.All(ctx, tx, func(l *line) []any {
			return []any{&l.id, &l.number, &l.title.ZH, &l.title.EN, &l.day, &l.anonymous, &l.answer, &l.state}
		}, `select r.id, r.number, r.title, r.title_en, r.start_day, r.anonymous, a.answers, r.state from survey_invite i join survey_round r on r.project_id = i.project_id and r.id = i.round_id
			left join survey_answer a on a.project_id = i.project_id and a.round_id = i.round_id and a.invite_id = i.id where i.project_id = $1 and i.customer_id = $2 order by i.id desc limit 10`, ref.Project, ref.ID)
		if err != nil || len(ls) == 0 {
			return nil, err
		}
		t := ui.TableView{Columns: []ui.Column{{Label: core.T("调查", "Survey")}, {Label: core.T("标题", "Title")}, {Label: core.T("开始日", "Begins")}, {Label: core.T("答卷", "Answer")}}}
		for _, l := range ls {
			said := core.T("未答", "Not answered")
			switch {
			case l.anonymous:
				said = core.T("不记名", "Anonymous")
			case l.answer != "":
				said = core.T("已答", "Answered")
			}
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: l.number, Href: href(ctx, l.id)}, {Text: l.title.Say(ctx)}, {Text: string(l.day)}, {Text: said.Say(ctx)}}})
		}
		return ui.TableCard(core.T("满意度调查", "Surveys"), t), nil
	}}
}
