package seed

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/desk"
)

// one is a context in which the first of a role acts: the desk's own days ask for no chance, so that they change nothing
// in what the others drew.
func (t *town) one(ctx context.Context, r core.Role) context.Context {
	return core.WithActor(ctx, t.staff[r][0])
}

// opinions are the last who put something into the suggestion box, and what they wrote.
func opinions() []string {
	return []string{"大堂能否增设雨伞架", "希望 B 座电梯早高峰分层停靠", "地下车库指示牌看不清", "建议周末保留一台新风机组", "卫生间洗手液常断", "希望快递柜再多几格", "建议大堂咖啡早一点开门"}
}

// counter is the desk's day besides repairs: calls in the log, every fortnight a note in the suggestion box that is
// looked into and answered, and at the end of a quarter the summary and the talks.
func (t *town) counter(ctx context.Context, tx db.Tx, morning time.Time) error {
	for i := range 3 {
		if err := t.call(ctx, tx, morning.Add(time.Duration(40+i*170+t.today%7*11)*time.Minute), i); err != nil {
			return err
		}
	}
	if err := t.daily(ctx, tx, morning); err != nil {
		return err
	}
	if t.today%14 == 9 && len(t.units) > 0 {
		if err := t.opinion(ctx, tx, morning.Add(3*time.Hour)); err != nil {
			return err
		}
	}
	local := morning.In(t.place.Zone)
	month := core.DateOf(morning, t.place.Zone).Month()
	if local.Day() >= 26 && int(local.Month())%3 == 0 && t.did["quarter"] != month && !morning.Add(9*time.Hour).After(t.now) {
		t.did["quarter"] = month
		return t.quarter(ctx, tx, morning.Add(8*time.Hour))
	}
	return nil
}

// call is one call of the log; once a month one is missed.
func (t *town) call(ctx context.Context, tx db.Tx, came time.Time, i int) error {
	if came.After(t.now) || len(t.units) == 0 {
		return nil
	}
	u := t.units[(t.today*3+i)%len(t.units)]
	in := desk.Call{At: came, Direction: desk.In, Phone: u.phone, Answered: t.today%31 != 4 || i != 1, Outside: fmt.Sprintf("pbx-%d-%d", t.today, i)}
	if in.Answered {
		in.Seconds, in.User, in.Recording = int64(45+(t.today*37+i*53)%240), t.staff[core.Desk][i%len(t.staff[core.Desk])].Name, fmt.Sprintf("%s/%d.wav", core.DateOf(came, t.place.Zone), i+1)
	}
	_, err := desk.AddCall(t.one(at(ctx, came), core.Desk), tx, in)
	return err
}

// opinion is a note in the suggestion box: looked into, answered, and confirmed with whoever signed it.
func (t *town) opinion(ctx context.Context, tx db.Tx, came time.Time) error {
	if came.After(t.now) {
		return nil
	}
	u := t.units[t.today%len(t.units)]
	m, _, err := desk.Take(t.one(at(ctx, came), core.Desk), tx, desk.Intake{Channel: "box", Kind: desk.Suggestion, Customer: u.customer, CustomerName: u.name, Unit: u.id, UnitCode: u.code, Contact: core.Personal(u.contact), Phone: u.phone,
		Content: opinions()[t.today/14%len(opinions())], At: came})
	if err != nil {
		return err
	}
	return t.thank(ctx, tx, came, m.Ref.ID, desk.Confirm{By: core.Personal(u.contact), How: "phone"})
}

// thank looks into an opinion, answers it and has the answer confirmed, as far as the day has come.
func (t *town) thank(ctx context.Context, tx db.Tx, came time.Time, id core.ID, confirm desk.Confirm) error {
	for _, s := range []struct {
		after time.Duration
		do    func(ctx context.Context) error
	}{{20 * time.Minute, func(ctx context.Context) error {
		return desk.Contact(ctx, tx, id, desk.Note{Text: "已致谢,约定当天答复"})
	}},
		{90 * time.Minute, func(ctx context.Context) error {
			return desk.Look(ctx, tx, id, desk.Note{Text: "现场看过,条件允许"})
		}},
		{2 * time.Hour, func(ctx context.Context) error {
			return desk.Answer(ctx, tx, id, desk.Note{Text: "已采纳,本周安排"})
		}},
		{3 * time.Hour, func(ctx context.Context) error {
			return desk.Close(ctx, tx, id, confirm)
		}}} {
		if came.Add(s.after).After(t.now) {
			return nil
		}
		if err := s.do(t.one(at(ctx, came.Add(s.after)), core.Desk)); err != nil {
			return fmt.Errorf("an opinion: %w", err)
		}
	}
	return nil
}

// quarter sums the opinions up (A7.2) and talks with committee and authority (C7.11).
func (t *town) quarter(ctx context.Context, tx db.Tx, when time.Time) error {
	ctx = at(ctx, when)
	if _, err := desk.SumUp(t.one(ctx, core.Supervisor), tx, desk.Feedback{Month: core.Today(ctx).Month(), Summary: "意见集中在电梯早高峰和车库标识", Measures: "电梯分层停靠试行;车库指示牌换新", How: "notice", Told: "大堂公告采纳情况和完成时间"}); err != nil {
		return err
	}
	for _, k := range []desk.Talk{{Party: desk.Committee, Who: "刘主任", How: "meeting", Subject: "季度收支与意见落实", Minutes: "通报本季收支和意见落实情况,委员无异议", Outcome: "下季公布维修基金使用"},
		{Party: desk.Authority, Who: "街道办王科长", How: "visit", Subject: "消防与安全生产", Minutes: "汇报消防设施维保,听取检查要求", Outcome: "月底前交整改照片"}} {
		k.Day = core.Today(ctx)
		if _, err := desk.AddTalk(t.one(ctx, core.Manager), tx, k); err != nil {
			return err
		}
	}
	return nil
}

// waiting leaves the desk some work: a hand-over to accept and a second call of the same matter.
func (t *town) waiting(ctx context.Context, tx db.Tx) error {
	if len(t.units) == 0 {
		return nil
	}
	if err := desk.SetLine(t.one(ctx, core.Supervisor), tx, desk.Line{Mailbox: "service@lhgc.example"}); err != nil {
		return err
	}
	came, u := t.now.Add(-70*time.Minute), t.units[0]
	in := desk.Intake{Channel: "counter", Kind: desk.Enquiry, Customer: u.customer, CustomerName: u.name, Unit: u.id, UnitCode: u.code, Contact: core.Personal(u.contact), Phone: u.phone, Content: "B 座电梯检修期间货梯能否借用", At: came}
	first, _, err := desk.Take(t.one(at(ctx, came), core.Desk), tx, in)
	if err != nil {
		return err
	}
	if err := desk.Contact(t.one(at(ctx, came.Add(10*time.Minute)), core.Desk), tx, first.Ref.ID, desk.Note{Text: "问清搬运时间,答应今天答复"}); err != nil {
		return err
	}
	if err := desk.HandOver(t.one(at(ctx, came.Add(15*time.Minute)), core.Desk), tx, first.Ref.ID, desk.Hand{User: t.staff[core.Technician][3].ID, Due: t.now.Add(6 * time.Hour), Reason: "请工程部确认检修时段"}); err != nil {
		return err
	}
	in.Channel, in.Content, in.At = "phone", "问货梯检修时间(同一公司另一位同事)", t.now.Add(-20*time.Minute)
	second, _, err := desk.Take(t.one(at(ctx, in.At), core.Desk), tx, in)
	if err != nil {
		return err
	}
	if err := desk.Merge(t.one(at(ctx, t.now.Add(-15*time.Minute)), core.Desk), tx, second.Ref.ID, desk.Join{Into: first.Ref.ID, Reason: "同一公司问同一件事"}); err != nil {
		return err
	}
	if err := t.inPublic(ctx, tx, u); err != nil {
		return err
	}
	return t.letters(ctx, tx)
}

// inPublic leaves a reply to review, what to say about the lift, and work in a unit whose tenant is to be contacted.
func (t *town) inPublic(ctx context.Context, tx db.Tx, u unit) error {
	if _, err := desk.WriteScript(t.one(at(ctx, t.now.Add(-3*time.Hour)), core.Supervisor), tx, 0, desk.Script{Title: "B 座 2 号电梯检修", Occasion: "问到电梯停用或等候过久", From: t.now.Add(-3 * time.Hour), To: t.now.Add(9 * time.Hour),
		Say: "您好,B 座 2 号电梯今天进行月度检修,预计 18:00 恢复。高层请乘 1、3 号电梯,货物搬运可提前约货梯。给您带来不便,我们很抱歉。"}); err != nil {
		return err
	}
	came := t.now.Add(-55 * time.Minute)
	ctx = t.one(at(ctx, came), core.Desk)
	m, _, err := desk.Take(ctx, tx, desk.Intake{Channel: desk.Public, Kind: desk.Suggestion, Content: "公众号留言:车库入口指示牌反光,晚上看不清", At: came})
	if err != nil {
		return err
	}
	if err := desk.Look(ctx, tx, m.Ref.ID, desk.Note{Text: "工程部夜间看过,指示牌反光膜老化"}); err != nil {
		return err
	}
	if _, err := desk.Draft(ctx, tx, m.Ref.ID, desk.Reply{Outlet: "account", Source: "https://mp.example/posts/318", Text: "感谢您的提醒。反光膜已订货,本周五前更换完毕,期间入口增派引导人员。"}); err != nil {
		return err
	}
	_, err = desk.PlanEntry(ctx, tx, desk.Entry{Kind: "inspection", Unit: u.id, What: "喷淋末端试水与烟感清洁", Worker: "工程部 赵工", From: t.now.Add(26 * time.Hour)})
	return err
}

// doors are the ways in for the public, opened on the second day, and what came in by them: two suggestions that
// are answered, and a report of just now.
func (t *town) doors(ctx context.Context, tx db.Tx, morning time.Time) error {
	u := unit{}
	if len(t.units) > 0 {
		u = t.units[len(t.units)/4]
	}
	switch left := t.left(); {
	case t.today == 1:
		for _, kind := range []string{desk.DoorWeb, desk.DoorBox} {
			if _, err := desk.OpenDoor(t.one(at(ctx, morning.Add(2*time.Hour)), core.Supervisor), tx, desk.DoorIn{Kind: kind}); err != nil {
				return err
			}
		}
	case left == 8 && t.today > 1:
		return t.comeIn(ctx, tx, morning.Add(90*time.Minute), desk.DoorBox, desk.Message{Said: desk.Suggestion, Content: "大堂休息区能不能放两把高一点的椅子,老人坐沙发起身吃力"}, desk.Confirm{})
	case left == 3 && t.today > 1:
		return t.comeIn(ctx, tx, morning.Add(2*time.Hour), desk.DoorWeb, desk.Message{Said: desk.Suggestion, Content: "访客登记能不能也用二维码,前台排队太久", Place: u.code, Name: core.Personal(u.contact), Phone: u.phone, Tell: desk.TellPhone, Consent: true},
			desk.Confirm{By: core.Personal(u.contact), How: "phone"})
	case left == 0 && t.today > 1:
		_, err := desk.SendIn(at(ctx, t.now.Add(-12*time.Minute)), tx, desk.DoorWeb, desk.Message{Said: "repair", Content: "洗手间烘手机不出热风", Place: u.code, Name: core.Personal(u.contact), Phone: u.phone, Tell: desk.TellPhone, Consent: true})
		return err
	}
	return nil
}

// comeIn is a message by a door that the desk thanks for and closes the same day.
func (t *town) comeIn(ctx context.Context, tx db.Tx, came time.Time, door string, m desk.Message, confirm desk.Confirm) error {
	if _, err := desk.SendIn(at(ctx, came), tx, door, m); err != nil {
		return err
	}
	id, err := db.Value[core.ID](ctx, tx, "select max(matter_id) from desk_message where project_id = $1", t.place.ID)
	if err != nil {
		return err
	}
	return t.thank(ctx, tx, came, id, confirm)
}
