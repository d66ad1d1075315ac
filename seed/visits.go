package seed

import (
	"context"
	"fmt"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/visit"
)

// impressions are what the visits find.
func impressions() []visit.Report {
	return []visit.Report{
		{Content: "介绍年末服务安排,听取意见", Needs: "希望增加货梯时段", Business: "扩招两人", Surroundings: "整洁,通道畅通", Effect: "客户认可", Opinions: []visit.Matter{{What: "大堂早高峰等电梯久"}}},
		{Content: "了解经营情况,送交消防须知", Needs: "无", Business: "无变化", Surroundings: "走廊堆有纸箱,当场请客户清理", Effect: "当场整改"},
		{Content: "说明空调加时办法", Needs: "周末加班供冷", Business: "旺季加班增多", Surroundings: "良好", Effect: "客户满意", Promises: []visit.Matter{{What: "更换茶水间龙头"}}},
		{Content: "走访店面,了解客流", Needs: "门口增设指示牌", Business: "客流略降", Surroundings: "同层新开一家同类店", Competitor: "同层新店开业促销", Effect: "约定下月再议"},
		{Content: "核对联系人,听取意见", Needs: "无", Business: "无变化", Surroundings: "良好", Effect: "客户认可"}}
}

// visits is the day's visit to a merchant (D5.3), in the last quarter the regular contacts (A3.6), at the end of a quarter
// the tenants' meeting (C19.3), and at the very end what stands open. It draws nothing by chance.
func (t *town) visits(ctx context.Context, tx db.Tx, morning time.Time) error {
	if len(t.units) == 0 || morning.Add(time.Hour).After(t.now) {
		return nil
	}
	day := core.DateOf(morning, t.place.Zone)
	if calendar.Default().IsWorkday(day) {
		if err := visit.OpenDay(t.one(at(ctx, morning), core.Desk), tx, day); err != nil {
			return err
		}
		if err := t.rounds(ctx, tx, morning.Add(2*time.Hour), day); err != nil {
			return fmt.Errorf("the visits of %s: %w", day, err)
		}
		if err := t.contacts(ctx, tx, morning.Add(time.Hour)); err != nil {
			return err
		}
	}
	local := morning.In(t.place.Zone)
	if month := day.Month(); local.Day() >= 26 && int(local.Month())%3 == 0 && t.did["meeting"] != month && !morning.Add(10*time.Hour).After(t.now) {
		t.did["meeting"] = month
		if err := t.meeting(ctx, tx, morning.Add(6*time.Hour)); err != nil {
			return err
		}
	}
	if t.today == t.days {
		return t.openMatters(ctx, tx)
	}
	return nil
}

// turn counts the working days so far, about: whose turn it is.
func (t *town) turn() int { return t.today * 5 / 7 }

// rounds visits a key customer whose regular visit falls due (C16.3), and whoever's turn it is.
func (t *town) rounds(ctx context.Context, tx db.Tx, came time.Time, day core.Date) error {
	due, err := db.Value[core.ID](ctx, tx, `select record_id from duty_duty where project_id = $1 and clause = 'C16.3' and kind = 'customer' and state = 'open' and due_day <= $2
		order by due_day, record_id limit 1`, t.place.ID, day.Add(9))
	if err != nil {
		return err
	}
	for _, u := range t.units {
		if u.customer == due && due != 0 {
			if err := t.callOn(ctx, tx, came.Add(-45*time.Minute), day, u, visit.KeyVisit); err != nil {
				return err
			}
			break
		}
	}
	return t.callOn(ctx, tx, came, day, t.units[t.turn()%len(t.units)], visit.Daily)
}

// fresh is for how many days at the end what a visit brought is still to be answered and kept.
const fresh = 3

func (t *town) callOn(ctx context.Context, tx db.Tx, came time.Time, day core.Date, u unit, sort string) error {
	if came.Add(7 * time.Hour).After(t.now) {
		return nil
	}
	clock := func(after time.Duration) context.Context { return t.one(at(ctx, came.Add(after)), core.Desk) }
	v, err := visit.PlanVisit(clock(-90*time.Minute), tx, visit.Usual(ctx, u.customer, sort, day))
	if err != nil {
		return err
	}
	if err := visit.Arrive(clock(0), tx, v.Ref.ID, visit.Arrival{}); err != nil {
		return err
	}
	if err := visit.Record(clock(40*time.Minute), tx, v.Ref.ID, t.impression(u, day)); err != nil {
		return err
	}
	if t.left() <= fresh {
		return nil
	}
	is, err := visit.ItemsOf(clock(0), tx, v.Ref.ID, 0)
	for _, i := range is {
		if err == nil {
			err = answerOrKeep(clock, tx, i)
		}
	}
	return err
}

func (t *town) impression(u unit, day core.Date) visit.Report {
	r := impressions()[t.turn()%len(impressions())]
	if t.left() <= fresh {
		r.Opinions, r.Promises = []visit.Matter{{What: "走廊夜间照明偏暗"}}, []visit.Matter{{What: "给茶水间换滤芯"}}
	}
	r.How, r.Met, r.Post, r.Power, r.Phone, r.Problems, r.Credit, r.Unusual = "call", core.Personal(u.contact), "行政负责人", "advises", u.phone, "无", "same", "无"
	if r.Competitor == "" {
		r.Competitor = "无"
	}
	r.NoNext, r.Signer, r.Signature = "按走访计划安排", core.Personal(u.contact), t.sign
	for i := range r.Promises {
		r.Promises[i].Due = day.Add(3)
	}
	return r
}

// answerOrKeep answers an opinion, and keeps a promise and asks about it, the same day.
func answerOrKeep(clock func(time.Duration) context.Context, tx db.Tx, i visit.Item) error {
	if i.Sort == visit.Opinion {
		return visit.AnswerItem(clock(4*time.Hour), tx, i.Ref.ID, visit.Answer{Text: "已与工程部调整电梯运行,早高峰分层停靠", How: "phone"})
	}
	if err := visit.Keep(clock(4*time.Hour), tx, i.Ref.ID, visit.Word{Text: "已更换并试用"}); err != nil {
		return err
	}
	return visit.FollowUp(clock(6*time.Hour), tx, i.Ref.ID, visit.Echo{Satisfied: true, Comment: "使用正常"})
}

// contacts are the regular ones of the last quarter, four a day.
func (t *town) contacts(ctx context.Context, tx db.Tx, when time.Time) error {
	if t.days-t.today > 85 || when.After(t.now) {
		return nil
	}
	for i := range 4 {
		u := t.units[(t.turn()*4+i)%len(t.units)]
		how := []string{"phone", "wechat", "phone", "sms"}[i]
		in := visit.Contact{Customer: u.customer, How: how, Reached: true, Person: core.Personal(u.contact), Needs: "无", Opinions: []string{"无", "对服务满意", "希望提前通知检修", "无"}[i]}
		if _, err := visit.Reach(t.one(at(ctx, when.Add(time.Duration(i*8)*time.Minute)), core.Desk), tx, in); err != nil {
			return err
		}
	}
	return nil
}

// meeting is the quarter's meeting: nearly everybody comes, two requests are answered.
func (t *town) meeting(ctx context.Context, tx db.Tx, when time.Time) error {
	manager := t.one(at(ctx, when.Add(-3*time.Hour)), core.Manager)
	m, err := visit.CallMeeting(manager, tx, visit.Call{Title: "季度租户大会", Why: "quarter", At: when, Place: "一楼多功能厅", Agenda: "本季服务情况;下季安排;意见征集", Chair: t.staff[core.Manager][0].Name})
	if err != nil {
		return err
	}
	after := t.one(at(ctx, when.Add(90*time.Minute)), core.Desk)
	is, err := visit.Invites(after, tx, m.Ref.ID)
	if err != nil || len(is) == 0 {
		return err
	}
	var came []string
	for n, i := range is {
		if n%16 != 7 {
			came = append(came, i.Customer.String())
		}
	}
	if err := visit.Attend(after, tx, m.Ref.ID, visit.Presence{Customers: came}); err != nil {
		return err
	}
	due := core.DateOf(when, t.place.Zone).Add(5)
	if err := visit.Minute(after, tx, m.Ref.ID, visit.Minutes{Text: "通报本季维修、投诉和收支情况,介绍下季安排,逐条听取意见", Requests: []visit.Wish{{Customer: is[0].Customer, What: "增加快递柜", Due: due}, {What: "车库指示牌换新", Due: due}}}); err != nil {
		return err
	}
	items, err := visit.ItemsOf(after, tx, 0, m.Ref.ID)
	for _, i := range items {
		if err == nil {
			err = visit.AnswerItem(t.one(at(ctx, when.Add(3*time.Hour)), core.Desk), tx, i.Ref.ID, visit.Answer{Text: "已列入下月计划", How: "letter"})
		}
	}
	return err
}

// openMatters is what the supervisor finds in the morning: a tenant about whom the signs pile up, and a visit that was agreed
// for today.
func (t *town) openMatters(ctx context.Context, tx db.Tx) error {
	n := len(t.units)
	doubtful := t.units[n/2]
	yesterday := t.now.Add(-16 * time.Hour)
	if _, err := visit.See(t.one(at(ctx, yesterday), core.Guard), tx, visit.Sight{Customer: doubtful.customer, Sort: "goods", What: "晚上九点后分两车搬走办公家具,未见出门条"}); err != nil {
		return err
	}
	for i := range 2 {
		if _, err := visit.Reach(t.one(at(ctx, t.now.Add(time.Duration(i-3)*30*time.Minute)), core.Desk), tx, visit.Contact{Customer: doubtful.customer, How: "phone"}); err != nil {
			return err
		}
	}
	_, err := visit.QuickPlan(t.one(at(ctx, t.now.Add(-40*time.Minute)), core.Desk), tx, visit.Quick{Customer: t.units[n/3].customer, Sort: visit.Round})
	return err
}
