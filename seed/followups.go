package seed

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/followup"
)

// followups are the day's calls and visits; in the evening the month's share is drawn. In the last days only what falls
// due is done, and today nothing yet: the clerks' morning list has work.
func (t *town) followups(ctx context.Context, tx db.Tx, morning time.Time) error {
	if t.today == t.days {
		return nil
	}
	if err := t.together(ctx, tx, morning); err != nil {
		return err
	}
	is, err := followup.Waiting(at(ctx, morning), tx)
	if err != nil {
		return err
	}
	clock := morning.Add(70 * time.Minute)
	for _, i := range is {
		due := i.Due.Before(morning.Add(24 * time.Hour))
		if !due && (t.today >= t.days-2 || i.At.After(morning.Add(-20*time.Hour)) || t.rand.IntN(3) == 0) {
			continue
		}
		if err := t.followUp(ctx, tx, clock, i); err != nil {
			return fmt.Errorf("follow-up %s: %w", i.Number, err)
		}
		clock = clock.Add(7 * time.Minute)
	}
	evening := morning.Add(10 * time.Hour)
	if evening.After(t.now) {
		return nil
	}
	for _, month := range []core.Month{core.MonthOf(morning, t.place.Zone).Add(-1), core.MonthOf(morning, t.place.Zone)} {
		if _, err := followup.Sample(core.AsSystem(at(ctx, evening)), tx, month, 20); err != nil {
			return err
		}
	}
	return nil
}

// followUp asks one customer, and has the talk checked in the afternoon.
func (t *town) followUp(ctx context.Context, tx db.Tx, clock time.Time, i followup.Item) error {
	caller, checker := core.Desk, core.Supervisor
	switch i.Severity {
	case followup.Important:
		caller, checker = core.Supervisor, core.Manager
	case followup.Major:
		caller, checker = core.Manager, core.Supervisor
	}
	r := followup.Record{How: followup.ByPhone, Result: followup.Satisfied, Signer: i.Contact}
	if i.Occasion == followup.Complaint {
		r.How, r.Signature = followup.OnSite, t.sign
	}
	if t.rand.IntN(12) == 0 {
		r.Result, r.Opinion, r.Outcome = followup.NewOpinion, t.pick("希望周末也安排保洁", "大堂空调温度偏低", "希望提前一天通知停水", "访客登记能不能快一点"), "已记录并当即说明安排"
	}
	if err := followup.FollowUp(t.as(at(ctx, clock), caller), tx, i.Ref.ID, r); err != nil {
		return err
	}
	return followup.Remark(t.as(at(ctx, clock.Add(2*time.Hour)), checker), tx, i.Ref.ID, followup.Word{Text: t.pick("已阅,回访及时", "同意", "继续跟进客户意见")})
}

// followedUp reports the month's follow-ups to the company (C14.10).
func (t *town) followedUp(ctx context.Context, tx db.Tx, month core.Month) error {
	_, err := followup.SubmitMonth(t.as(ctx, core.Supervisor), tx, 0, followup.Submit{Month: month, Note: "按回访台账统计"})
	return err
}

// incident is what many complain of on one day, and the letter that answers them all.
type incident struct {
	grievance
	title, body string
}

func incidents() []incident {
	const dear, call = "各位业户:\n", "\n如仍有问题,请致电客服部。"
	return []incident{
		{grievance{"2 号电梯停梯,上下班要等十几分钟", "facility", "曳引机轴承磨损,停梯更换", "连夜更换轴承,高峰期派人引导分流"}, "关于 2 号电梯停梯检修的说明",
			dear + "2 号电梯因曳引机轴承磨损停梯,给大家带来不便,我们深表歉意。轴承已连夜更换,电梯经检验合格恢复运行。今后高峰期将派人引导分流,检修一律安排在夜间,并提前三天公告。" + call},
		{grievance{"上午突然停水,事先没有通知", "facility", "市政管网抢修,接到通知晚", "临时供水,改进停水通知办法"}, "关于突然停水的说明",
			dear + "因市政管网抢修,本楼停水三小时,我们接到通知晚,没有及时告知,深表歉意。当天已送桶装水到各层。今后接到停水通知,十五分钟内在业主群和各层公告。" + call},
		{grievance{"新风有油烟味,办公室没法开窗", "facility", "餐饮排烟止回阀失灵", "更换止回阀,清洗风管"}, "关于新风异味的说明",
			dear + "新风异味是餐饮排烟止回阀失灵引起的,止回阀已更换,风管已清洗,经检测合格。今后每月检查一次,并公布检查结果。" + call},
	}
}

// shared is the incident of these weeks.
func (t *town) shared() incident { return incidents()[t.left()/120%len(incidents())] }

// together is what follow-ups need besides calls and visits: scripts and the year's plan in the first days, now and then an
// activity with customers (C14.4), and an open letter for what touched many (C14.9).
func (t *town) together(ctx context.Context, tx db.Tx, morning time.Time) error {
	head := t.one(at(ctx, morning.Add(time.Hour)), core.Supervisor)
	switch left := t.left(); {
	case t.today == 2:
		return t.rules(head, tx)
	case left%90 == 9 && len(t.units) > 0:
		return t.activity(head, tx)
	case left%120 == 16:
		return t.manyComplain(ctx, tx, morning)
	case left%120 == 15:
		return t.openLetter(head, tx)
	}
	return nil
}

// rules are the project's own words for the calls, and the year's plan (C14.10).
func (t *town) rules(ctx context.Context, tx db.Tx) error {
	for _, s := range []followup.Script{{Occasion: followup.Complaint, Say: "您好,我是名门联合广场客服部。上次您反映的问题,现在解决了吗?处理的时间和办法您满意吗?同事的态度怎样?还有什么需要我们做的?"},
		{Occasion: followup.Repair, Say: "您好,想了解一下维修的情况:现在用得正常吗?师傅按时到了吗?现场收拾干净了吗?收费和报价一致吗?"}, {Occasion: followup.Activity, Say: "感谢您参加我们的活动。您觉得时间和内容安排得怎样?下次希望办什么活动?"}} {
		if _, err := followup.WriteScript(ctx, tx, s); err != nil {
			return err
		}
	}
	return t.callPlan(ctx, tx, "", string(core.Today(ctx))[:4], 300, 1500)
}

// callPlan draws the plan of a year or a month up.
func (t *town) callPlan(ctx context.Context, tx db.Tx, month core.Month, period string, visits, calls int64) error {
	focus := "投诉三天内全部上门回访;维修、活动按比例抽样;重点客户优先"
	if month != "" {
		focus = []string{"电梯等候和高峰期分流的意见", "空调温度和加时办法", "保洁和洗手间用品", "快递、门禁和访客登记"}[int(month.First().Time(time.UTC).Month())%4] + ";不满意的一律重新处理"
	}
	_, err := followup.DrawUp(ctx, tx, followup.YearPlan{Period: period, Focus: focus, Callers: "林敏、陈晨(周慧抽查)", Visits: visits, Calls: calls})
	return err
}

// planned is the month's plan; January's comes with the year's.
func (t *town) planned(ctx context.Context, tx db.Tx, month core.Month) error {
	ctx = t.one(ctx, core.Supervisor)
	if strings.HasSuffix(string(month), "-01") {
		if err := t.callPlan(ctx, tx, "", string(month)[:4], 300, 1500); err != nil {
			return err
		}
	}
	return t.callPlan(ctx, tx, month, string(month), 25, 120)
}

// activity is one that customers took part in yesterday.
func (t *town) activity(ctx context.Context, tx db.Tx) error {
	names := []string{"消防演练与灭火器实操", "中秋游园茶会", "楼宇羽毛球友谊赛", "夏日清凉饮品日"}
	in := followup.Occasioned{Name: names[t.left()/90%len(names)], Day: core.Today(ctx).Add(-1), Handler: t.staff[core.Supervisor][0].ID}
	for i := 0; i < len(t.units) && len(in.Customers) < 14; i += 3 {
		in.Customers = append(in.Customers, followup.Participant{Customer: t.units[i].customer})
	}
	_, err := followup.HoldActivity(ctx, tx, in)
	return err
}

// manyComplain is a day on which several complain of the same; each is dealt with that day.
func (t *town) manyComplain(ctx context.Context, tx db.Tx, morning time.Time) error {
	for i := range 4 {
		k := (i*13 + 5) % max(len(t.units), 1)
		came := morning.Add(time.Duration(35+i*9) * time.Minute)
		if k >= len(t.units) {
			return nil
		}
		id, err := t.complainOf(t.as(at(ctx, came), core.Desk), tx, t.units[k], t.shared().grievance)
		if err != nil {
			return err
		}
		if err := t.settle(ctx, tx, came, id, t.shared().grievance); err != nil {
			return err
		}
	}
	return nil
}

// openLetter answers them all the next morning.
func (t *town) openLetter(ctx context.Context, tx db.Tx) error {
	is, err := followup.Waiting(ctx, tx)
	if err != nil {
		return err
	}
	in := followup.Letter{Title: t.shared().title, Posted: "各层电梯厅、业主群", Body: t.shared().body}
	for _, i := range is {
		if i.Occasion == followup.Complaint && strings.HasPrefix(i.Content, t.shared().content) {
			in.Items = append(in.Items, i.Ref.ID.String())
		}
	}
	if len(in.Items) < 2 {
		return nil
	}
	_, err = followup.Issue(ctx, tx, in)
	return err
}
