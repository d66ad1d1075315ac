package survey_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/module/survey"
	"huiyin/testkit"
)

// do carries a verb out as somebody of the role.
func do[In any](k *testkit.Kit, r core.Role, verb func(context.Context, db.Tx, core.ID, In) error, id core.ID, in In) error {
	k.Helper()
	return k.TryWrite(r, func(ctx context.Context, tx db.Tx) error { return verb(ctx, tx, id, in) })
}

// made carries out a verb that makes a record.
func made[In any](k *testkit.Kit, r core.Role, verb func(context.Context, db.Tx, core.ID, In) (core.ID, error), in In) (id core.ID, err error) {
	k.Helper()
	err = k.TryWrite(r, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = verb(ctx, tx, 0, in)
		return err
	})
	return id, err
}

func must(k *testkit.Kit, id core.ID, err error) core.ID {
	k.Helper()
	k.Must(err)
	return id
}

func me(k *testkit.Kit, r core.Role) core.ID { return core.ActorOf(k.Ctx(r)).ID }

// settle moves n tenants into the test's project, half of them in each of two buildings.
func settle(k *testkit.Kit, p core.Project, n int) {
	k.Helper()
	ctx := core.WithProject(core.AsSystem(k.App.Context(context.Background())), p)
	k.Must(k.App.DB.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		for i := range n {
			building := []string{"A", "B"}[i%2]
			code := building + "0" + string(rune('1'+i/9)) + "0" + string(rune('1'+i%9))
			u, err := estate.CreateUnit(ctx, tx, estate.In{Code: code, Building: building, Floor: "1", Use: "其他", State: estate.Let})
			if err != nil {
				return err
			}
			phone := core.Phone("1380000100" + string(rune('0'+i%10)))
			if _, err := customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal("商户" + string(rune('甲'+i))), Category: customer.Ordinary, Unit: u, Part: customer.AsTenant, Consent: "written", ConsentBy: "某人",
				Contacts: []customer.Entry{{Name: "联系人", Role: customer.RoleContact, Phone: phone}, {Name: "负责人", Role: customer.RoleHead, Phone: "13900001111"}}}); err != nil {
				return err
			}
		}
		return nil
	}))
}

// full is a questionnaire with a question of every kind.
func full() []survey.QuestionIn {
	return []survey.QuestionIn{
		{Kind: survey.Rating, Dimension: survey.Attitude, Text: "前台态度", TextEN: "Attitude of the desk", Required: true},
		{Kind: survey.Matrix, Dimension: survey.Efficiency, Text: "处理效率", TextEN: "Efficiency", Items: "报修 | Repairs\n投诉 | Complaints"},
		{Kind: survey.Rating, Dimension: survey.Quality, Text: "维修质量", TextEN: "Quality of repairs"},
		{Kind: survey.Single, Text: "入驻几年", TextEN: "Years here", Options: "一年内 | Under one\n一年以上 | More"},
		{Kind: survey.Multi, Text: "希望增加", TextEN: "You would like", Options: "健身房 | Gym\n食堂 | Canteen\n停车位 | Parking"},
		{Kind: survey.NPS, Text: "愿意推荐本楼吗", TextEN: "Would you recommend us"},
		{Kind: survey.Words, Text: "意见和建议", TextEN: "Opinions"},
	}
}

func questionnaire(k *testkit.Kit, kind string, qs []survey.QuestionIn) core.ID {
	k.Helper()
	id, err := made(k, core.Supervisor, survey.CreateForm, survey.FormIn{Kind: kind, Title: "年度满意度调查", TitleEN: "Annual survey", Intro: "感谢参与", IntroEN: "Thank you"})
	k.Must(err)
	for _, q := range qs {
		k.Must(do(k, core.Supervisor, survey.AddQuestion, id, q))
	}
	return id
}

// waits is the newest request about a record.
func waits(k *testkit.Kit, kind string, id core.ID) (r approval.Request) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		rs, err := approval.Of(ctx, tx, core.Ref{Project: k.Project.ID, Kind: kind, ID: id})
		if len(rs) > 0 {
			r = rs[0]
		}
		return err
	})
	return r
}

func approveAll(k *testkit.Kit, kind string, id core.ID) {
	k.Helper()
	for r := waits(k, kind, id); r.State == approval.Waiting; r = waits(k, kind, id) {
		k.Must(k.TryWrite(r.Role, func(ctx context.Context, tx db.Tx) error { return approval.Decide(ctx, tx, r.Ref.ID, true, "同意") }))
	}
}

// planned is the year's plan, approved; the quality inspector is responsible.
func planned(k *testkit.Kit) core.ID {
	k.Helper()
	id := must2(made(k, core.Supervisor, survey.MakePlan, survey.PlanIn{Year: 2026, Owner: me(k, core.Quality), Objective: "了解客户满意度"}))(k)
	k.Must(do(k, core.Supervisor, survey.SubmitPlan, id, struct{}{}))
	approveAll(k, "survey-plan", id)
	return id
}

func must2(id core.ID, err error) func(*testkit.Kit) core.ID {
	return func(k *testkit.Kit) core.ID { k.Helper(); return must(k, id, err) }
}

func arranged(form core.ID) survey.RoundIn {
	return survey.RoundIn{Form: form, Sample: survey.SampleAll, Start: "2026-11-18", End: "2026-12-02", RemindDays: 3}
}

func prepared(k *testkit.Kit, in survey.RoundIn) core.ID {
	k.Helper()
	return must2(made(k, core.Supervisor, survey.Prepare, in))(k)
}

func launch(k *testkit.Kit, id core.ID) error {
	k.Helper()
	return do(k, core.Supervisor, survey.Launch, id, struct{}{})
}

// launched is a survey under way with n tenants.
func launched(k *testkit.Kit, n int, anonymous bool) core.ID {
	k.Helper()
	settle(k, k.Project, n)
	planned(k)
	in := arranged(questionnaire(k, survey.Satisfaction, full()))
	in.Anonymous = anonymous
	id := prepared(k, in)
	k.Must(launch(k, id))
	return id
}

func get(k *testkit.Kit, id core.ID) (r survey.Round) {
	k.Helper()
	k.Must(k.App.DB.Read(k.Ctx(core.Supervisor), func(ctx context.Context, tx db.Tx) (err error) {
		r, err = survey.Get(ctx, tx, id)
		return err
	}))
	return r
}

// tokens are the links of a survey, unit by unit, as the slips have them.
func tokens(k *testkit.Kit, id core.ID) (out []string) {
	k.Helper()
	k.Must(k.App.DB.Read(k.Ctx(core.Supervisor), func(ctx context.Context, tx db.Tx) (err error) {
		out, err = survey.Tokens(ctx, tx, id)
		return err
	}))
	return out
}

// answer is everything answered with one rating.
func answer(rating, nps string) map[string][]string {
	return map[string][]string{"q1": {rating}, "q2.1": {rating}, "q2.2": {rating}, "q3": {rating}, "q4": {"1"}, "q5": {"1", "3"}, "q6": {nps}, "q7": {"请增加停车位"}}
}

func fill(k *testkit.Kit, token string, in map[string][]string) error {
	k.Helper()
	return k.TryWrite(core.System, func(ctx context.Context, tx db.Tx) error { return survey.Fill(ctx, tx, token, in) })
}

func end(k *testkit.Kit, id core.ID) {
	k.Helper()
	k.Must(do(k, core.Supervisor, survey.End, id, struct{}{}))
}

func actions(k *testkit.Kit, id core.ID) (out []survey.Action) {
	k.Helper()
	k.Must(k.App.DB.Read(k.Ctx(core.Supervisor), func(ctx context.Context, tx db.Tx) (err error) {
		out, err = survey.ActionsOf(ctx, tx, id)
		return err
	}))
	return out
}

// dutiesOf are the duties of a clause on a record.
func dutiesOf(k *testkit.Kit, ref core.Ref, clause string) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ds, err := duty.Of(ctx, tx, ref)
		out = slices.DeleteFunc(ds, func(d duty.Duty) bool { return d.Clause != clause })
		return err
	})
	return out
}

// reported brings an ended survey to its distributed report.
func reported(k *testkit.Kit, id core.ID) {
	k.Helper()
	for _, a := range actions(k, id) {
		if a.Owner == 0 {
			k.Must(do(k, core.Manager, survey.AssignAction, a.Ref.ID, survey.Assignment{Owner: me(k, core.Desk), Department: "客服部", Due: a.Due}))
		}
	}
	k.Must(do(k, core.Quality, survey.Analyse, id, survey.Analysis{Summary: "总体满意", Causes: "前台人手不足", Advice: "增加人手"}))
	k.Must(do(k, core.Quality, survey.Submit, id, struct{}{}))
	approveAll(k, "survey", id)
	k.Must(do(k, core.Quality, survey.Distribute, id, survey.Distribution{Recipients: "各部门"}))
}

// putRight carries every action of a survey to its end.
func putRight(k *testkit.Kit, id core.ID) {
	k.Helper()
	for _, a := range actions(k, id) {
		k.Must(do(k, core.Desk, survey.AnalyseAction, a.Ref.ID, survey.Word{Text: "人手不足"}))
		k.Must(do(k, core.Desk, survey.PlanAction, a.Ref.ID, survey.Word{Text: "增加一人"}))
		k.Must(do(k, core.Desk, survey.DoAction, a.Ref.ID, survey.Word{Text: "已到岗"}))
		k.Must(do(k, core.Supervisor, survey.VerifyAction, a.Ref.ID, survey.Finding{Good: true, Finding: "有效"}))
		k.Must(do(k, core.Supervisor, survey.CloseAction, a.Ref.ID, struct{}{}))
	}
}

func TestB7_1_PlanQuestionnaireFieldworkReportInTurnWithSomebodyResponsible(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		settle(k, k.Project, 4)
		_, err := made(k, core.Supervisor, survey.MakePlan, survey.PlanIn{Year: 2026})
		k.Refused("B7.1", err)
		in := arranged(questionnaire(k, survey.Satisfaction, full()))
		in.Owner = me(k, core.Quality)
		id := prepared(k, in)
		k.Refused("B7.1", launch(k, id))
		plan := planned(k)
		if ds := dutiesOf(k, duty.PeriodRef(k.Project.ID, "2026-12"), "C5.2"); len(ds) != 1 || ds[0].User != me(k, core.Quality) {
			k.Errorf("the plan's approval gave nobody the year's survey: %+v", ds)
		}
		k.Must(launch(k, id))
		if r := get(k, id); r.Owner != me(k, core.Quality) || r.State != survey.StateOpen || r.Invited != 4 {
			k.Errorf("launched: %+v", r)
		}
		for i, token := range tokens(k, id) {
			k.Must(fill(k, token, answer("5", "10")))
			_ = i
		}
		end(k, id)
		k.Refused("B7.1", do(k, core.Quality, survey.Submit, id, struct{}{}))
		k.Refused("B7.1", do(k, core.Quality, survey.Distribute, id, survey.Distribution{Recipients: "各部门"}))
		k.Refused("B7.1", do(k, core.Quality, survey.Close, id, survey.Filing{Place: "档案柜"}))
		reported(k, id)
		if roles := waits(k, "survey", id).Steps; len(roles) != 2 || roles[1].Role != core.GM {
			k.Errorf("the report went to %+v", roles)
		}
		k.Must(do(k, core.Quality, survey.Close, id, survey.Filing{Place: "档案柜 3"}))
		if r := get(k, id); r.State != survey.StateClosed || r.Place != "档案柜 3" {
			k.Errorf("filed: %s %q", r.State, r.Place)
		}
		k.Must(do(k, core.Supervisor, survey.EditPlan, plan, survey.PlanIn{Owner: me(k, core.Supervisor)})) // a changed plan is approved anew
		again := prepared(k, in)
		k.Refused("B7.1", launch(k, again))
		k.Off("B7.1")
		k.Must(launch(k, again))
	})
}

func TestB7_1_ThePlanIsDueInJanuary(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2027, 1, 5, 1, 0, 0, 0, time.UTC))
		k.Tick()
		ref := duty.PeriodRef(k.Project.ID, "2027-01")
		if ds := dutiesOf(k, ref, "B7.1"); len(ds) != 1 || ds[0].State != duty.StateOpen {
			k.Fatalf("the plan's duty: %+v", ds)
		}
		id := must2(made(k, core.Supervisor, survey.MakePlan, survey.PlanIn{Year: 2027, Owner: me(k, core.Quality)}))(k)
		k.Must(do(k, core.Supervisor, survey.SubmitPlan, id, struct{}{}))
		approveAll(k, "survey-plan", id)
		if ds := dutiesOf(k, ref, "B7.1"); ds[0].State != duty.StateDone {
			k.Errorf("an approved plan leaves its duty %s", ds[0].State)
		}
	})
}

func TestC5_2_BelowTheTargetSomethingIsPutRight(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 4, false)
		for i, token := range tokens(k, id) {
			in := answer("5", "9")
			if i < 2 {
				in["q1"] = []string{"2"} // half of the ratings of attitude: 50 % < 85 %
			}
			k.Must(fill(k, token, in))
		}
		end(k, id)
		as := actions(k, id)
		if len(as) != 1 || as[0].Dimension != survey.Attitude || as[0].Rate != 5000 || as[0].Target != 8500 || as[0].Due != "2026-12-18" {
			k.Fatalf("actions: %+v", as)
		}
		a := as[0].Ref
		if ds := dutiesOf(k, a, "C5.2"); len(ds) != 1 || ds[0].State != duty.StateOpen {
			k.Errorf("the action's duty: %+v", ds)
		}
		reported(k, id)
		k.Refused("C5.2", do(k, core.Quality, survey.Close, id, survey.Filing{Place: "档案柜"}))
		k.Refused("C5.2", do(k, core.Supervisor, survey.CloseAction, a.ID, struct{}{}))
		k.Must(do(k, core.Desk, survey.AnalyseAction, a.ID, survey.Word{Text: "人手不足"}))
		k.Must(do(k, core.Desk, survey.PlanAction, a.ID, survey.Word{Text: "增加一人"}))
		k.Must(do(k, core.Desk, survey.DoAction, a.ID, survey.Word{Text: "已到岗"}))
		k.Must(do(k, core.Supervisor, survey.VerifyAction, a.ID, survey.Finding{Finding: "还不够"}))
		k.Must(do(k, core.Desk, survey.DoAction, a.ID, survey.Word{Text: "又到岗一人"}))
		k.Must(do(k, core.Supervisor, survey.VerifyAction, a.ID, survey.Finding{Good: true, Finding: "有效"}))
		k.Must(do(k, core.Supervisor, survey.CloseAction, a.ID, struct{}{}))
		if ds := dutiesOf(k, a, "C5.2"); ds[len(ds)-1].State != duty.StateDone {
			k.Errorf("the closed action still owes: %+v", ds)
		}
		k.Must(do(k, core.Quality, survey.Close, id, survey.Filing{Place: "档案柜"}))
		if ds := dutiesOf(k, duty.PeriodRef(k.Project.ID, "2026-12"), "C5.2"); len(ds) != 1 || ds[0].State != duty.StateDone {
			k.Errorf("a full survey leaves the year's duty: %+v", ds)
		}
	})
}

func TestC5_2_SwitchedOffNothingIsOpenedOrRefused(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Off("C5.2")
		id := launched(k, 4, false)
		for _, token := range tokens(k, id) {
			k.Must(fill(k, token, answer("1", "0")))
		}
		end(k, id)
		if as := actions(k, id); len(as) != 0 {
			k.Errorf("actions: %+v", as)
		}
		reported(k, id)
		k.Must(do(k, core.Quality, survey.Close, id, survey.Filing{Place: "档案柜"}))
	})
}

func TestC5_2_TheYearsDutyOpensAndAFullSurveyClosesIt(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2026, 12, 2, 1, 0, 0, 0, time.UTC))
		k.Tick()
		ref := duty.PeriodRef(k.Project.ID, "2026-12")
		if ds := dutiesOf(k, ref, "C5.2"); len(ds) != 1 || ds[0].State != duty.StateOpen {
			k.Fatalf("the year's duty: %+v", ds)
		}
		settle(k, k.Project, 4)
		planned(k)
		in := arranged(questionnaire(k, survey.Satisfaction, full()))
		in.Start, in.End, in.Sample, in.Percent, in.Reason = "2026-12-02", "2026-12-04", survey.SamplePercent, 50, "先试点"
		part := prepared(k, in)
		k.Must(launch(k, part))
		if r := get(k, part); r.Invited != 2 || r.Customers != 4 {
			k.Errorf("half of four: %d of %d", r.Invited, r.Customers)
		}
		k.Must(fill(k, tokens(k, part)[0], answer("5", "9")))
		k.Advance(testkit.Days(3)) // it ends by itself
		if r := get(k, part); r.State != survey.StateEnded || r.Figures.Answered != 1 || r.Figures.Invited != 2 {
			k.Fatalf("over: %s %+v", r.State, r.Figures)
		}
		reported(k, part)
		if ds := dutiesOf(k, ref, "C5.2"); ds[0].State != duty.StateOpen {
			k.Errorf("a part of the customers closed the year's duty")
		}
	})
}

func TestC7_10_TheYearsSurveyAsksForOpinions(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		settle(k, k.Project, 2)
		planned(k)
		id := prepared(k, arranged(questionnaire(k, survey.Satisfaction, full()[:6])))
		k.Refused("C7.10", launch(k, id))
		k.Off("C7.10")
		k.Must(launch(k, id))
	})
}

func TestD5_4_OpinionFormsGoOutAndMeetingsHaveMinutes(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		_, err := made(k, core.Desk, survey.Hold, survey.Seminar{Day: "2026-11-17", Subject: "冬季供暖", Attendees: "华达科技 陈静"})
		k.Refused("D5.4", err)
		id, err := made(k, core.Desk, survey.Hold, survey.Seminar{Day: "2026-11-17", Subject: "冬季供暖", Attendees: "华达科技 陈静\n远洋贸易 李强", Minutes: "要求提前供暖"})
		k.Must(err)
		k.Read(func(ctx context.Context, tx db.Tx) error {
			s, err := survey.GetSeminar(core.WithProject(ctx, k.Project), tx, id)
			if s.Heads != 2 {
				k.Errorf("%d came", s.Heads)
			}
			return err
		})
		k.SetNow(time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC))
		k.Tick()
		ref := duty.PeriodRef(k.Project.ID, "2026-12")
		if ds := dutiesOf(k, ref, "D5.4"); len(ds) != 1 || ds[0].State != duty.StateOpen {
			k.Fatalf("the half-year's opinion form: %+v", ds)
		}
		settle(k, k.Project, 2)
		planned(k)
		in := arranged(questionnaire(k, survey.Opinion, []survey.QuestionIn{{Kind: survey.Words, Text: "您的意见"}}))
		in.Start, in.End = "2026-12-01", "2026-12-10"
		k.Must(launch(k, prepared(k, in)))
		if ds := dutiesOf(k, ref, "D5.4"); ds[0].State != duty.StateDone {
			k.Errorf("the form went out and the duty is %s", ds[0].State)
		}
		k.Off("D5.4")
		_, err = made(k, core.Desk, survey.Hold, survey.Seminar{Day: "2026-11-17", Subject: "冬季供暖", Attendees: "华达科技"})
		k.Must(err)
	})
}

func TestD5_4_AFormSentEarlyInThePeriodCounts(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		settle(k, k.Project, 2)
		planned(k)
		k.Must(launch(k, prepared(k, arranged(questionnaire(k, survey.Opinion, []survey.QuestionIn{{Kind: survey.Words, Text: "您的意见"}})))))
		k.SetNow(time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC))
		k.Tick()
		if ds := dutiesOf(k, duty.PeriodRef(k.Project.ID, "2026-12"), "D5.4"); len(ds) != 1 || ds[0].State != duty.StateDone {
			k.Errorf("the form of November does not count: %+v", ds)
		}
	})
}

func TestE5_2_TheResponseRateIsMeasured(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 4, false)
		k.Must(fill(k, tokens(k, id)[0], answer("2", "3")))
		end(k, id)
		k.Read(func(ctx context.Context, tx db.Tx) error {
			for _, m := range survey.Module().Measures {
				f, err := m.Of(ctx, tx, k.Project.ID, "2026-11")
				if err != nil {
					return err
				}
				want := map[string][2]int64{"C5.2": {0, 4}, "E5.2": {1, 4}}[m.Clause] // four dissatisfied ratings; one of four answered
				if f.Num != want[0] || f.Den != want[1] || len(f.Breaking) != 1 || f.Breaking[0].ID != id {
					k.Errorf("%s: %+v", m.Clause, f)
				}
			}
			return nil
		})
	})
}

func TestErasureTakesTheCustomersWords(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 2, false)
		k.Must(fill(k, tokens(k, id)[0], answer("4", "8")))
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			who, err := db.Value[core.ID](ctx, tx, "select i.customer_id from survey_invite i join survey_answer a on a.project_id = i.project_id and a.invite_id = i.id where i.project_id = $1", k.Project.ID)
			if err != nil {
				return err
			}
			return survey.Erase(ctx, tx, k.Project.ID, who)
		})
		k.Read(func(ctx context.Context, tx db.Tx) error {
			raw, err := db.Value[string](ctx, tx, "select answers from survey_answer where project_id = $1 and invite_id is null", k.Project.ID)
			if strings.Contains(raw, "停车") || !strings.Contains(raw, `"q1":["4"]`) {
				k.Errorf("kept: %s", raw)
			}
			return err
		})
	})
}

func TestE5_2_EveryCustomerAndDimensionIsAskedAndEachProblemHasItsPerson(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		settle(k, k.Project, 4)
		planned(k)
		form := questionnaire(k, survey.Satisfaction, full())
		in := arranged(form)
		in.Sample, in.Buildings = survey.SampleBuildings, []string{"A座"}
		id := prepared(k, in)
		k.Refused("E5.2", launch(k, id))
		in.Reason = "B 座刚入伙"
		k.Must(do(k, core.Supervisor, survey.Rearrange, id, in))
		k.Must(launch(k, id))
		if r := get(k, id); r.Invited != 2 || r.Customers != 4 {
			k.Errorf("building A: %d of %d", r.Invited, r.Customers)
		}
		narrow := prepared(k, arranged(questionnaire(k, survey.Satisfaction, []survey.QuestionIn{full()[0], full()[6]})))
		k.Refused("E5.2", launch(k, narrow))
		for _, token := range tokens(k, id) {
			k.Must(fill(k, token, answer("2", "3")))
		}
		end(k, id)
		k.Must(do(k, core.Quality, survey.Analyse, id, survey.Analysis{Summary: "不满意"}))
		k.Refused("E5.2", do(k, core.Quality, survey.Submit, id, struct{}{}))
		a := actions(k, id)[0].Ref.ID
		k.Refused("E5.2", do(k, core.Desk, survey.AnalyseAction, a, survey.Word{Text: "人手"}))
		k.Refused("E5.2", do(k, core.Manager, survey.Urge, a, survey.Word{Text: "抓紧"}))
		k.Must(do(k, core.Manager, survey.AssignAction, a, survey.Assignment{Owner: me(k, core.Supervisor), Due: "2026-12-20"}))
		k.Must(do(k, core.Manager, survey.Urge, a, survey.Word{Text: "抓紧"}))
		if ds := dutiesOf(k, core.Ref{Project: k.Project.ID, Kind: "survey-action", ID: a}, "C5.2"); ds[len(ds)-1].User != me(k, core.Supervisor) {
			k.Errorf("the problem's duty is not its person's: %+v", ds)
		}
		k.Must(do(k, core.Supervisor, survey.AnalyseAction, a, survey.Word{Text: "人手"}))
		k.Must(do(k, core.Supervisor, survey.PlanAction, a, survey.Word{Text: "加人"}))
		k.Must(do(k, core.Supervisor, survey.DoAction, a, survey.Word{Text: "已加"}))
		k.Refused("E5.2", do(k, core.Supervisor, survey.VerifyAction, a, survey.Finding{Good: true, Finding: "好"}))
		k.Off("E5.2")
		k.Must(do(k, core.Supervisor, survey.VerifyAction, a, survey.Finding{Good: true, Finding: "好"}))
		k.Must(launch(k, narrow))
	})
}

func TestE5_2_TheFirmsSurveyReachesEveryProject(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		settle(k, k.Project, 3)
		settle(k, k.Other, 2)
		form := questionnaire(k, survey.Satisfaction, full())
		id := must2(made(k, core.GM, survey.PrepareCampaign, survey.CampaignIn{Form: k.Project.ID.String() + "/" + form.String(), Title: "集团调查", Start: "2026-11-18", End: "2026-12-01"}))(k)
		k.Must(do(k, core.GM, survey.LaunchCampaign, id, struct{}{}))
		for _, p := range []core.Project{k.Project, k.Other} {
			var n, open int64
			k.Read(func(ctx context.Context, tx db.Tx) (err error) {
				if n, err = db.Value[int64](ctx, tx, "select count(*) from survey_invite where project_id = $1", p.ID); err == nil {
					open, err = db.Value[int64](ctx, tx, "select count(*) from survey_round where project_id = $1 and state = 'open' and campaign_id = $2", p.ID, id)
				}
				return err
			})
			if want := map[core.ID]int64{k.Project.ID: 3, k.Other.ID: 2}[p.ID]; n != want || open != 1 {
				k.Errorf("%s: %d invited in %d surveys", p.Name, n, open)
			}
		}
		if err := do(k, core.GM, survey.LaunchCampaign, id, struct{}{}); !core.IsKind(err, core.KindConflict) {
			k.Errorf("launched twice: %v", err)
		}
		gm := k.As(core.GM)
		if p := gm.Get("/firm/survey-campaign").OK(k); !p.Has(k.Other.Name) || !p.Has(k.Project.Name) {
			k.Errorf("the firm's page lacks a project: %s", p.Text("main"))
		}
		gm.Get("/firm/survey-campaign/" + id.String()).OK(k)
	})
}

func TestReminderGoesOnlyToWhoHasNotAnswered(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 4, true)
		all := tokens(k, id)
		k.Must(fill(k, all[0], answer("5", "10")))
		k.Must(fill(k, all[2], answer("4", "8")))
		k.Drain()
		k.SetNow(time.Date(2026, 11, 29, 1, 0, 0, 0, time.UTC)) // three days before the end
		k.Tick()
		k.Tick()
		var sent, reminded int64
		k.Read(func(ctx context.Context, tx db.Tx) (err error) {
			if sent, err = db.Value[int64](ctx, tx, "select count(*) from survey_invite where project_id = $1 and sent_at is not null", k.Project.ID); err == nil {
				reminded, err = db.Value[int64](ctx, tx, "select count(*) from survey_invite where project_id = $1 and reminded_at is not null", k.Project.ID)
			}
			return err
		})
		if sent != 4 || reminded != 2 {
			k.Errorf("%d invited, %d reminded", sent, reminded)
		}
	})
}

func TestAnEditedQuestionnaireIsAnOldOnesCopy(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		form := questionnaire(k, survey.Satisfaction, full())
		k.Must(do(k, core.Supervisor, survey.MoveQuestion, form, survey.Move{Question: "7", To: "up"}))
		k.Must(do(k, core.Supervisor, survey.MoveQuestion, form, survey.Move{Question: "1", To: "down"}))
		k.Must(do(k, core.Supervisor, survey.ChangeQuestion, form, survey.QuestionIn{Question: "3", Kind: survey.Rating, Dimension: survey.Quality, Text: "工程质量"}))
		k.Must(do(k, core.Supervisor, survey.MoveQuestion, form, survey.Move{Question: "4", To: "out"}))
		order := func(id core.ID) (out string) {
			k.Read(func(ctx context.Context, tx db.Tx) error {
				f, err := survey.GetForm(core.WithProject(ctx, k.Project), tx, id)
				for _, q := range f.Questions {
					out += " " + q.ZH
				}
				return err
			})
			return strings.TrimSpace(out)
		}
		if got := order(form); got != "处理效率 前台态度 工程质量 希望增加 意见和建议 愿意推荐本楼吗" {
			k.Errorf("the order is %s", got)
		}
		settle(k, k.Project, 2)
		planned(k)
		k.Must(launch(k, prepared(k, arranged(form))))
		if err := do(k, core.Supervisor, survey.AddQuestion, form, full()[0]); !core.IsKind(err, core.KindConflict) {
			k.Errorf("a sent questionnaire was changed: %v", err)
		}
		again := must2(made(k, core.Supervisor, survey.CreateForm, survey.FormIn{Kind: survey.Satisfaction, Title: "明年", Copy: form}))(k)
		if order(again) != order(form) {
			k.Errorf("the copy is %s", order(again))
		}
		k.Must(do(k, core.Supervisor, survey.AddQuestion, again, full()[0]))
		for _, bad := range []survey.QuestionIn{{Kind: survey.Single, Text: "一项", Options: "只有一个"}, {Kind: survey.Matrix, Text: "没有项"}, {Kind: "magic", Text: "x"}, {Kind: survey.Words, Text: "x", Dimension: survey.Quality}} {
			if err := do(k, core.Supervisor, survey.AddQuestion, again, bad); !core.IsKind(err, core.KindInvalid) {
				k.Errorf("%+v: %v", bad, err)
			}
		}
	})
}
