package seed

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/complaint"
	"huiyin/module/desk"
)

type grievance struct{ content, category, cause, solution string }

func grievances() []grievance {
	return []grievance{{"上班时间装修电钻噪音大", "noise", "施工单位未按时段施工", "责令 18 点后施工"}, {"电梯早高峰等候太久", "facility", "一台电梯停机检修", "调整检修时段"}, {"楼道垃圾桶有异味", "clean", "清运不及时", "每日增加一次清运"},
		{"茶水间发现老鼠", "pest", "管井封堵不严", "封堵并消杀"}, {"快递放在大堂丢失", "mail", "代收没有登记", "代收一律登记签收"}, {"保安说话生硬", "service", "培训不到位", "班组再培训"}, {"室内灯管换了又坏", "indoor", "镇流器老化", "更换镇流器"}}
}

// complaints come twice a week; each is carried to the customer's signature the same day. On the last day a major one
// stands open.
func (t *town) complaints(ctx context.Context, tx db.Tx, morning time.Time) error {
	if t.today == t.days {
		_, err := t.complain(ctx, tx, morning.Add(-15*time.Hour), grievance{"多家租户联名投诉空调不制冷,已联系记者", "facility", "", ""}) // last evening
		return err
	}
	if t.today%7 != 1 && t.today%7 != 4 || morning.Add(9*time.Hour).After(t.now) {
		return nil
	}
	came := morning.Add(time.Duration(30+t.rand.IntN(60)) * time.Minute)
	g := grievances()[t.rand.IntN(len(grievances()))]
	id, err := t.complain(ctx, tx, came, g)
	if err != nil {
		return err
	}
	return t.settle(ctx, tx, came, id, g)
}

func (t *town) complain(ctx context.Context, tx db.Tx, came time.Time, g grievance) (core.ID, error) {
	return t.complainOf(t.as(at(ctx, came), core.Desk), tx, t.units[t.rand.IntN(len(t.units))], g)
}

// complainOf takes down what a unit's tenant complains of.
func (t *town) complainOf(ctx context.Context, tx db.Tx, u unit, g grievance) (core.ID, error) {
	_, ref, err := desk.Take(ctx, tx, desk.Intake{Channel: t.pick("phone", "counter", "wechat"), Kind: "complaint", Customer: u.customer, CustomerName: u.name, Unit: u.id, UnitCode: u.code,
		Contact: core.Personal(u.contact), Phone: u.phone, Content: g.content, At: core.Now(ctx), Details: []desk.Detail{{Name: "category", Value: g.category}}})
	return ref.ID, err
}

// settle takes a complaint through the six steps.
func (t *town) settle(ctx context.Context, tx db.Tx, clock time.Time, id core.ID, g grievance) error {
	handler := t.staff[core.Supervisor][0].ID
	c, err := complaint.Get(at(ctx, clock), tx, id)
	if err != nil {
		return err
	}
	major := c.Level == complaint.Major
	steps := []struct {
		role  core.Role
		after time.Duration
		do    func(context.Context) error
	}{
		{core.Desk, 8, func(ctx context.Context) error {
			return complaint.PassTo(ctx, tx, id, complaint.Assign{Handler: handler, Department: "客服部"})
		}},
		{core.Desk, 20, func(ctx context.Context) error {
			return complaint.SetValidity(ctx, tx, id, complaint.Judge{Validity: complaint.Founded, Opinion: "情况属实,建议受理"})
		}},
		{core.Supervisor, 30, func(ctx context.Context) error {
			return complaint.RuleOn(ctx, tx, id, complaint.Rule{Ruling: "accept", Reason: "同意受理"})
		}},
		{core.Supervisor, 35, func(ctx context.Context) error { // a repeated one has to be looked at again; here each is its own matter
			return complaint.SetLevel(ctx, tx, id, complaint.Grade{Level: complaint.Normal, Reason: "经核实为一般投诉"})
		}},
		{core.Desk, 60, func(ctx context.Context) error {
			return complaint.Investigate(ctx, tx, id, complaint.Ask{How: "site", Text: "到现场查看:" + g.cause})
		}},
		{core.Desk, 90, func(ctx context.Context) error {
			return complaint.FindSolution(ctx, tx, id, complaint.Solve{Cause: g.cause, Responsible: "责任班组", Solution: g.solution})
		}},
		{core.Supervisor, 120, func(ctx context.Context) error { return t.approve(ctx, tx, core.Supervisor, c.Ref) }},
		{core.Desk, 300, func(ctx context.Context) error {
			return complaint.Complete(ctx, tx, id, complaint.Finish{Result: "已按方案处理"})
		}},
		{core.Desk, 330, func(ctx context.Context) error {
			return complaint.Answer(ctx, tx, id, complaint.Reply{How: "oral", Text: "已处理:" + g.solution})
		}},
		{core.Desk, 360, func(ctx context.Context) error {
			return complaint.Opine(ctx, tx, id, complaint.Opinion{Satisfied: "yes", Signer: c.Contact, Signature: t.sign})
		}},
		{core.Supervisor, 420, func(ctx context.Context) error {
			return complaint.CloseCase(ctx, tx, id, complaint.Close{Evaluation: "处理及时", Improvement: "列入月度巡查"})
		}},
	}
	for i, s := range steps {
		if i == 3 && !major {
			continue
		}
		if err := s.do(t.as(at(ctx, clock.Add(s.after*time.Minute)), s.role)); err != nil {
			return fmt.Errorf("step %d of the complaint %q: %w", i, g.content, err)
		}
	}
	t.lastCase = id
	return nil
}

// remedies are what was done about causes, in turn.
func remedies() []complaint.Draft {
	return []complaint.Draft{{Sort: "corrective", Text: "前台重新排班,高峰时段增加一人", Department: "客服部"}, {Sort: "corrective", Text: "清运改为每日两次,班长签字确认", Department: "综合部"}, {Sort: "preventive", Text: "装修单位进场前签施工时段承诺书", Department: "工程部"},
		{Sort: "corrective", Text: "保安班组礼仪培训四课时,现场考核", Department: "安保部"}, {Sort: "preventive", Text: "管井封堵每季检查一次", Department: "工程部"}}
}

// corrections are the corrective and preventive measures that complaints led to (C11.3): every six weeks one is carried
// out and checked; of the last week one is at work, and one waits for the general manager.
func (t *town) corrections(ctx context.Context, tx db.Tx, morning time.Time) error {
	if t.lastCase == 0 || morning.Add(9*time.Hour).After(t.now) {
		return nil
	}
	by := func(role core.Role, hour int) context.Context {
		return t.one(at(ctx, morning.Add(time.Duration(hour)*time.Hour)), role)
	}
	draw := func(name, sort, text, department string, days int) (err error) {
		t.measures[name], err = complaint.DrawUp(by(core.Supervisor, 8), tx, t.lastCase, complaint.Draft{Sort: sort, Text: text, Department: department, Due: core.DateOf(morning, t.place.Zone).Add(days)})
		return err
	}
	approve := func(name string) error {
		return complaint.ApproveMeasure(by(core.GM, 4), tx, t.measures[name], complaint.Naming{Supervisor: t.staff[core.Manager][0].ID})
	}
	var err error
	switch left := t.left(); {
	case left%42 == 28:
		d := remedies()[left/42%len(remedies())]
		err = draw("done", d.Sort, d.Text, d.Department, 10)
	case left%42 == 27 && t.measures["done"] != 0:
		err = approve("done")
	case left%42 == 22 && t.measures["done"] != 0:
		err = complaint.CarryOut(by(core.Supervisor, 5), tx, t.measures["done"], complaint.Word{Text: "已按措施执行五天,记录附后"})
	case left%42 == 20 && t.measures["done"] != 0:
		err = complaint.CheckMeasure(by(core.Manager, 6), tx, t.measures["done"], complaint.Check{Good: true, Finding: "抽查三天,落实到位"})
		t.measures["done"] = 0
	case left == 6:
		err = draw("work", "preventive", "给全部茶水间软管建立更换周期,今年内换完超期的", "工程部", 20)
	case left == 5 && t.measures["work"] != 0:
		err = approve("work")
	case left == 2:
		err = draw("made", "preventive", "快递代收改为扫码登记,当日未取的电话提醒", "安保部", 14)
	}
	if err != nil {
		return fmt.Errorf("a measure, %d days before the last: %w", t.left(), err)
	}
	return nil
}

// statistics reports last month's complaints to the general manager (C1.6).
func (t *town) statistics(ctx context.Context, tx db.Tx, month core.Month) error {
	_, err := complaint.SubmitMonth(t.as(ctx, core.Supervisor), tx, 0, complaint.Submit{Month: month.Add(-1), Note: "按台账统计"})
	return err
}
