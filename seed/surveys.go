package seed

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/survey"
)

// poll is one survey of the demo, by the day on which it began.
type poll struct {
	began  int
	kind   string
	low    bool // the desk's manners are found wanting
	id     core.ID
	tokens []string
}

// surveys are the year's plan, a satisfaction survey and opinion forms twice a year, each carried to its report; the last
// survey's action is at work, and an opinion form is out.
func (t *town) surveys(ctx context.Context, tx db.Tx, morning time.Time) error {
	if morning.Add(9 * time.Hour).After(t.now) {
		return nil
	}
	today := core.DateOf(morning, t.place.Zone)
	if t.today == 3 || today[5:] == "01-08" && t.today > 3 {
		if err := t.planSurveys(ctx, tx, morning, today); err != nil {
			return err
		}
	}
	if t.today > 4 {
		left, late := t.days-t.today, t.today == 5
		if left == 34 || today[5:] == "12-03" || late && today[5:7] == "12" && today[8:] > "03" {
			if err := t.startSurvey(ctx, tx, morning, &poll{began: t.today, kind: survey.Satisfaction, low: left == 34}); err != nil {
				return err
			}
		}
		if left == 6 || today[5:] == "06-05" || today[5:] == "12-05" || late && (today[5:7] == "06" || today[5:7] == "12") && today[8:] > "05" {
			if err := t.startSurvey(ctx, tx, morning, &poll{began: t.today, kind: survey.Opinion}); err != nil {
				return err
			}
		}
	}
	for _, p := range t.polls {
		if err := t.poll(ctx, tx, morning, p); err != nil {
			return fmt.Errorf("survey of day %d: %w", p.began, err)
		}
	}
	return nil
}

// planSurveys is the year's plan, approved by the manager (B7.1).
func (t *town) planSurveys(ctx context.Context, tx db.Tx, morning time.Time, today core.Date) error {
	year, err := strconv.ParseInt(string(today[:4]), 10, 64)
	if err != nil {
		return err
	}
	by := t.one(at(ctx, morning.Add(time.Hour)), core.Quality)
	id, err := survey.MakePlan(by, tx, 0, survey.PlanIn{Year: year, Owner: t.staff[core.Quality][0].ID, Objective: "了解业户对服务态度、效率、质量的评价,找出短板", Audience: "全部在用单元的业主和租户", Method: "扫码或链接答卷,不用登录;书面《意见征询表》", Schedule: "6 月、12 月意见征询;下半年全面满意度调查"})
	if err == nil {
		err = survey.SubmitPlan(by, tx, id, struct{}{})
	}
	if err != nil {
		return err
	}
	return t.approve(at(ctx, morning.Add(3*time.Hour)), tx, core.Manager, survey.PlanKind().Ref(ctx, id))
}

func questions(kind string) []survey.QuestionIn {
	if kind == survey.Opinion {
		return []survey.QuestionIn{{Kind: survey.Single, Text: "您最希望改进的是", TextEN: "What should be improved first", Options: "电梯 | Lifts\n空调 | Air conditioning\n停车 | Parking\n保洁 | Cleaning"}, {Kind: survey.NPS, Text: "您愿意向朋友推荐本楼吗", TextEN: "Would you recommend this building"},
			{Kind: survey.Words, Text: "您的意见和建议", TextEN: "Your opinions"}}
	}
	return []survey.QuestionIn{{Kind: survey.Rating, Dimension: survey.Attitude, Text: "前台和客服人员的态度", TextEN: "Attitude of the front desk", Required: true},
		{Kind: survey.Matrix, Dimension: survey.Efficiency, Text: "处理效率", TextEN: "Speed", Items: "报修 | Repairs\n投诉 | Complaints\n放行和手续 | Passes and papers", Required: true},
		{Kind: survey.Matrix, Dimension: survey.Quality, Text: "服务质量", TextEN: "Quality of service", Items: "维修 | Repairs\n保洁 | Cleaning\n安保 | Security\n空调和电梯 | Air conditioning and lifts", Required: true},
		{Kind: survey.Multi, Text: "您希望增加哪些服务", TextEN: "Which services would you like", Options: "健身房 | Gym\n会议室 | Meeting rooms\n便利店 | Shop\n充电桩 | Charging points"},
		{Kind: survey.NPS, Text: "您愿意向朋友推荐本楼吗", TextEN: "Would you recommend this building"}, {Kind: survey.Words, Text: "您的意见和建议", TextEN: "Your opinions"}}
}

// startSurvey copies the last questionnaire of the kind, or writes the first, and sends it to everybody.
func (t *town) startSurvey(ctx context.Context, tx db.Tx, morning time.Time, p *poll) error {
	by := t.one(at(ctx, morning.Add(90*time.Minute)), core.Supervisor)
	today := core.DateOf(morning, t.place.Zone)
	in := survey.FormIn{Kind: p.kind, Title: string(today[:4]) + " 年满意度调查", TitleEN: "Satisfaction survey " + string(today[:4]), Intro: "感谢您对我们工作的支持,答卷约需两分钟。", IntroEN: "Thank you for your support; this takes about two minutes."}
	if p.kind == survey.Opinion {
		in.Title, in.TitleEN = string(today[:7])+" 意见征询表", "Opinion form "+string(today[:7])
	}
	in.Copy = t.forms[p.kind]
	form, err := survey.CreateForm(by, tx, 0, in)
	if err != nil {
		return err
	}
	if in.Copy == 0 {
		for _, q := range questions(p.kind) {
			if err := survey.AddQuestion(by, tx, form, q); err != nil {
				return err
			}
		}
	}
	t.forms[p.kind] = form
	if p.id, err = survey.Prepare(by, tx, 0, survey.RoundIn{Form: form, Sample: survey.SampleAll, Start: today, End: today.Add(9), RemindDays: 3, Anonymous: p.kind == survey.Opinion}); err == nil {
		err = survey.Launch(by, tx, p.id, struct{}{})
	}
	if err == nil {
		p.tokens, err = survey.Tokens(by, tx, p.id)
	}
	t.polls = append(t.polls, p)
	return err
}

// poll is one day of a survey's life.
func (t *town) poll(ctx context.Context, tx db.Tx, morning time.Time, p *poll) error {
	head, quality := t.one(at(ctx, morning.Add(2*time.Hour)), core.Supervisor), t.one(at(ctx, morning.Add(4*time.Hour)), core.Quality)
	switch t.today - p.began {
	case 1, 3, 5, 8:
		return t.answer(at(ctx, morning.Add(5*time.Hour)), tx, p)
	case 10:
		return survey.End(head, tx, p.id, struct{}{})
	case 11:
		return t.report(ctx, tx, morning, p)
	case 13:
		return survey.Distribute(quality, tx, p.id, survey.Distribution{Recipients: "管理处主任、总经理、各部门负责人"})
	case 27:
		return t.putRight(ctx, tx, morning, p)
	case 29:
		if p.low && t.days-t.today < 20 {
			return nil // its action is at work
		}
		return survey.Close(quality, tx, p.id, survey.Filing{Place: "客服档案柜 2 层"})
	}
	return nil
}

// answer is a quarter of the customers, four in five of whom answer.
func (t *town) answer(ctx context.Context, tx db.Tx, p *poll) error {
	rating := func(good int) []string {
		if t.said.IntN(100) < good {
			return []string{strconv.Itoa(4 + t.said.IntN(2))}
		}
		return []string{strconv.Itoa(2 + t.said.IntN(2))}
	}
	words := []string{"电梯早高峰等候太久", "保洁很及时,谢谢", "希望增加充电桩", "前台接电话可以再快些", "空调周末能否延长"}
	quarter := map[int]int{1: 0, 3: 1, 5: 2, 8: 3}[t.today-p.began]
	for i, token := range p.tokens {
		if i%4 != quarter || t.said.IntN(5) == 0 {
			continue
		}
		in := map[string][]string{"q1": {strconv.Itoa(1 + t.said.IntN(4))}, "q2": {strconv.Itoa(6 + t.said.IntN(5))}}
		if p.kind == survey.Satisfaction {
			attitude := 94
			if p.low {
				attitude = 68
			}
			in = map[string][]string{"q1": rating(attitude), "q2.1": rating(92), "q2.2": rating(90), "q2.3": rating(93), "q3.1": rating(93), "q3.2": rating(95), "q3.3": rating(96), "q3.4": rating(88), "q4": {strconv.Itoa(1 + t.said.IntN(4))}, "q5": {strconv.Itoa(6 + t.said.IntN(5))}}
		}
		if t.said.IntN(3) == 0 {
			in[map[string]string{survey.Opinion: "q3", survey.Satisfaction: "q6"}[p.kind]] = []string{words[t.said.IntN(len(words))]}
		}
		if err := survey.Fill(core.AsSystem(ctx), tx, token, in); err != nil {
			return err
		}
	}
	return nil
}

// report names who is responsible for what was found, and sends the report up.
func (t *town) report(ctx context.Context, tx db.Tx, morning time.Time, p *poll) error {
	manager, quality := t.one(at(ctx, morning.Add(time.Hour)), core.Manager), t.one(at(ctx, morning.Add(2*time.Hour)), core.Quality)
	as, err := survey.ActionsOf(manager, tx, p.id)
	if err != nil {
		return err
	}
	for _, a := range as {
		if err := survey.AssignAction(manager, tx, a.Ref.ID, survey.Assignment{Owner: t.staff[core.Supervisor][0].ID, Department: "客服部", Due: a.Due}); err != nil {
			return err
		}
	}
	if err := survey.Analyse(quality, tx, p.id, survey.Analysis{Summary: "业户总体满意,回收情况良好。", Causes: "意见集中在高峰期电梯等候和前台接听速度。", Advice: "高峰期增设引导员;前台错峰用餐,保证接听。"}); err != nil {
		return err
	}
	if err := survey.Submit(quality, tx, p.id, struct{}{}); err != nil {
		return err
	}
	if err := t.approve(at(ctx, morning.Add(5*time.Hour)), tx, core.Manager, survey.Kind().Ref(ctx, p.id)); err != nil {
		return err
	}
	return t.approve(at(ctx, morning.Add(7*time.Hour)), tx, core.GM, survey.Kind().Ref(ctx, p.id))
}

// putRight carries the actions on; that of the last survey is still at work.
func (t *town) putRight(ctx context.Context, tx db.Tx, morning time.Time, p *poll) error {
	head, quality := t.one(at(ctx, morning.Add(3*time.Hour)), core.Supervisor), t.one(at(ctx, morning.Add(6*time.Hour)), core.Quality)
	as, err := survey.ActionsOf(head, tx, p.id)
	for _, a := range as {
		if err == nil {
			err = survey.AnalyseAction(head, tx, a.Ref.ID, survey.Word{Text: "午间前台只有一人,接待和接听顾不过来"})
		}
		if err == nil {
			err = survey.PlanAction(head, tx, a.Ref.ID, survey.Word{Text: "午间双岗,每周一次服务礼仪培训"})
		}
		if err != nil || p.low {
			continue
		}
		for _, step := range []func() error{
			func() error { return survey.DoAction(head, tx, a.Ref.ID, survey.Word{Text: "双岗已排班"}) },
			func() error {
				return survey.VerifyAction(quality, tx, a.Ref.ID, survey.Finding{Good: true, Finding: "现场查看,落实"})
			},
			func() error { return survey.CloseAction(quality, tx, a.Ref.ID, struct{}{}) }} {
			if err == nil {
				err = step()
			}
		}
	}
	return err
}

// seminar is the last meeting with merchants (D5.4).
func (t *town) seminar(ctx context.Context, tx db.Tx) error {
	_, err := survey.Hold(t.one(ctx, core.Supervisor), tx, 0, survey.Seminar{Day: core.Today(ctx).Add(-20), Place: "A座大堂会议室", Subject: "冬季供暖与节日值班", Host: "周慧", Attendees: "华南贸易 王经理\n远洋物流 李经理\n明德咨询 张主任\n星河科技 刘女士",
		Minutes: "一、介绍供暖时间和温度标准;二、商户反映周末空调时段短;三、讨论节日垃圾清运。", Outcome: "周末空调延长两小时,下周起执行;节日清运每日两次。"})
	return err
}

// campaign is the survey that head office prepares for next month, in all its projects (E5.2).
func (t *town) campaign(ctx context.Context, tx db.Tx) error {
	form, ok := t.forms[survey.Satisfaction]
	if !ok {
		form, ok = t.forms[survey.Opinion]
	}
	if !ok {
		return nil
	}
	start := core.Today(ctx).Month().Add(1).First()
	_, err := survey.PrepareCampaign(t.one(ctx, core.GM), tx, 0, survey.CampaignIn{Form: t.place.ID.String() + "/" + form.String(), Title: "公司业户满意度调查", TitleEN: "Firm-wide satisfaction survey", Start: start, End: start.Add(13), RemindDays: 3, Attitude: 90, Efficiency: 90, Quality: 90})
	return err
}
