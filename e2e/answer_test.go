package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/testkit"
)

// TestEveryMatterGetsAnAnswer is the second story in Chromium: a complaint against a guard, told by two people of a company
// to two departments, becomes one case that the guard cannot touch; the third repetition makes it major and starts the
// twenty-four hours; investigation, approval, compensation above the supervisor's authority and written reply follow; the manager follows it up, it is taken up
// again and settled; the month's quota is drawn; a survey answered on a phone falls below its target; and the operations
// report reaches a real mailbox.
func TestEveryMatterGetsAnAnswer(t *testing.T) {
	t.Parallel()
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			k := testkit.New(t, e)
			s := &answer{Kit: k, base: site(k), tabs: map[core.Role]*Tab{}}
			s.company()
			s.toldTwice()
			s.guardIsBarred()
			s.thirdIsMajor()
			s.investigated()
			s.solved()
			s.answered()
			s.followedUp()
			s.surveyed()
			s.reported()
		})
	}
}

// answer is the story's state: the browsers of its people and the case it is about.
type answer struct {
	*testkit.Kit
	base string
	tabs map[core.Role]*Tab
	id   string // of the case
}

// as is the browser of a role at the desk's width, signed in once.
func (s *answer) as(r core.Role) *Tab {
	s.Helper()
	if s.tabs[r] == nil {
		s.tabs[r] = storyTab(s.Kit, s.base, desk)
		s.tabs[r].SignIn(r)
	}
	return s.tabs[r]
}

// company puts a tenant with two contacts on file.
func (s *answer) company() {
	s.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		if _, err := estate.CreateUnit(ctx, tx, estate.In{Code: "A0305", Building: "A", Floor: "3", Use: "办公", State: estate.Let}); err != nil {
			return err
		}
		u, _, err := estate.UnitByCode(ctx, tx, "A0305")
		if err != nil {
			return err
		}
		_, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: "华达科技有限公司", Category: customer.Ordinary, Unit: u.ID, Part: customer.AsTenant,
			Consent: "written", ConsentBy: "陈静", Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}, {Name: "王工", Role: customer.RoleHead, Phone: "13900001111"}}})
		return err
	})
}

// complain takes a complaint down as somebody of the house; who is the caller's telephone number.
func (s *answer) complain(r core.Role, channel, who, content string, more ...string) (id string) {
	s.Helper()
	b := s.as(r)
	b.Open("desk/new")
	b.Type("q", who)
	b.Tick("main input[name=who]")
	b.Choose("kind", "complaint")
	b.Choose("channel", channel)
	b.Shows("main [name=demand]")
	b.Type("content", content)
	for i := 0; i+1 < len(more); i += 2 {
		b.Choose(more[i], more[i+1])
	}
	b.Looks(shotName(s.Kit, "complaint-intake"))
	b.Press("main form .submit button")
	b.Sees(content)
	s.Kit.Read(func(ctx context.Context, tx db.Tx) error {
		n, err := db.Value[core.ID](ctx, tx, "select id from complaint_case where project_id = $1 order by id desc limit 1", s.Project.ID)
		id = n.String()
		return err
	})
	return id
}

// verb carries a verb of the case out: nothing may be wrong with it.
func (s *answer) verb(r core.Role, verb string, fill func(b *Tab)) *Tab {
	s.Helper()
	b := s.try(r, verb, fill)
	if wrong := b.Text("body"); strings.Contains(b.Where(), "/"+verb) {
		s.Fatalf("%s as %s:\n%.1500s", verb, r, wrong)
	}
	return b
}

// try opens a verb's form of the case, fills it in and sends it.
func (s *answer) try(r core.Role, verb string, fill func(b *Tab)) *Tab {
	s.Helper()
	b := s.as(r)
	b.Open("complaint/" + s.id + "/" + verb)
	fill(b)
	b.Press(submit)
	return b
}

// toldTwice: the receptionist on the telephone and the supervisor at the counter take the same thing down; it becomes one.
func (s *answer) toldTwice() {
	guard := s.Users[core.Guard].String()
	s.id = s.complain(core.Desk, "phone", "13800002231", "保安夜间对访客态度恶劣", "against", "person", "against_user", guard)
	other := s.complain(core.Supervisor, "counter", "13900001111", "昨晚保安推搡来访客人")
	b := s.as(core.Supervisor)
	b.Open("complaint/" + other + "/merge")
	b.Choose("into", s.id)
	b.Type("reason", "同一名保安,同一晚的同一件事")
	b.Press(submit)
	b.Reads(core.T("同一事项的其他反映", "The same matter told by others"))
	b.Sees("王工")
	b.Looks(shotName(s.Kit, "complaint-merged"))
	b.Open("complaint/" + other)
	b.Reads(core.T("已并入", "Merged"))
}

// guardIsBarred: nobody gives the case to the person complained of, and he reads nothing of it (C13.1).
func (s *answer) guardIsBarred() {
	b := s.try(core.Supervisor, "assign", func(b *Tab) { b.Choose("handler", s.Users[core.Guard].String()) })
	b.Sees("C13.1")
	b.Looks(shotName(s.Kit, "complaint-barred"))
	g := storyTab(s.Kit, s.base, phone)
	g.SignIn(core.Guard)
	g.Open("complaint/" + s.id)
	if text := g.Text("body"); strings.Contains(text, "态度恶劣") {
		s.Errorf("the guard reads the complaint against him")
	}
}

// thirdIsMajor: the company complains of the like a second and a third time; the third case is major by the rule, and its
// twenty-four hours run.
func (s *answer) thirdIsMajor() {
	s.Advance(26 * time.Hour)
	s.complain(core.Desk, "phone", "13800002231", "保安值班时间打牌,管理服务太差")
	s.Advance(26 * time.Hour)
	s.id = s.complain(core.Desk, "phone", "13900001111", "保安又不让我司访客进门,态度恶劣", "against", "person", "against_user", s.Users[core.Guard].String())
	b := s.as(core.Supervisor)
	b.Open("complaint/" + s.id)
	b.Reads(core.T("重大", "Major"), core.T("重复投诉", "Repeated"), core.T("级别待确认", "Severity to be confirmed"))
	b.Sees("C13.3")
	b.Looks(shotName(s.Kit, "complaint-major"))
	b.Open("todo")
	b.Sees("C13.3")
	small := storyTab(s.Kit, s.base, phone)
	small.SignIn(core.Supervisor)
	small.Open("complaint/" + s.id)
	small.Looks(shotName(s.Kit, "phone-complaint"))
}

// investigated: severity confirmed, reported within the day, judged, ruled on and looked into; a word about the media.
func (s *answer) investigated() {
	s.verb(core.Supervisor, "grade", func(b *Tab) { b.Choose("level", complaint.Major); b.Type("reason", "三个月内第三次") })
	b := s.verb(core.Supervisor, "file", func(b *Tab) {
		b.Type("superior", "总经理办公室")
		b.Type("legal", "公司法务")
		b.Type("team", "客户主管、项目经理")
		b.Type("minutes", "先致歉,调取监控,三日内书面答复")
	})
	b.Reads(core.T("重大投诉报备", "Report of the major complaint"))
	s.verb(core.Supervisor, "media", func(b *Tab) {
		b.Type("outlet", "本地晚报")
		b.Type("asked", "是否打人")
		b.Type("said", "正在调查")
	})
	s.verb(core.Desk, "judge", func(b *Tab) { b.Choose("validity", complaint.Founded); b.Type("opinion", "监控属实") })
	s.verb(core.Supervisor, "rule", func(b *Tab) { b.Choose("ruling", "accept") })
	b = s.verb(core.Desk, "ask", func(b *Tab) { b.Choose("how", "records"); b.Type("text", "调看大堂监控,22:10 推搡属实") })
	b.Looks(shotName(s.Kit, "complaint-work"))
}

// solved: the solution costs more than the supervisor may grant, so it goes further up; each decides on a phone.
func (s *answer) solved() {
	s.verb(core.Desk, "solve", func(b *Tab) {
		b.Type("cause", "保安处置不当")
		b.Type("responsible", "安保部,夜班保安")
		b.Type("solution", "调岗、书面致歉、补偿一个月停车费")
		b.Type("compensation", "1200")
	})
	s.decide("complaint-approve", core.Supervisor, core.Manager)
	s.verb(core.Desk, "report", func(b *Tab) {
		for _, part := range []string{"cause", "course", "responsible", "conclusion", "remedy", "prevention"} {
			b.Type(part, "见调查笔录:"+part)
		}
	})
	s.decide("complaint-report", core.Supervisor, core.Manager, core.GM)
}

// decide lets each role say yes in turn, on the phone's page of what waits for him.
func (s *answer) decide(shot string, roles ...core.Role) {
	s.Helper()
	for _, r := range roles {
		hand := storyTab(s.Kit, s.base, phone)
		hand.SignIn(r)
		hand.Open("approval/mine")
		hand.Looks(shotName(s.Kit, "phone-"+shot+"-"+string(r)))
		hand.click("[...document.querySelectorAll('main form button[value=yes]')].find((b) => b.form.parentElement.textContent.includes('TS-'))", "yes to the complaint's request")
		hand.Reads(core.T("意见已记录", "Your decision is recorded"))
	}
}

// answered: carried out, told in writing by both managers, and the customer is not satisfied: a second round, until he is.
func (s *answer) answered() {
	s.round("no", "致歉信没有盖章")
	b := s.as(core.Supervisor)
	b.Open("complaint/" + s.id)
	b.Reads(core.T("第 2 轮", "Round 2"))
	s.verb(core.Desk, "ask", func(b *Tab) { b.Choose("how", "interview"); b.Type("text", "客户要求盖章的致歉信") })
	s.solved()
	s.round("yes", "")
	b = s.verb(core.Supervisor, "close", func(b *Tab) {
		b.Type("evaluation", "两轮后满意")
		b.Type("improvement", "夜班保安礼仪培训")
		b.Type("delay_by", "前台")
		b.Type("delay_reason", "转派迟了")
	})
	b.Reads(core.T("已归档", "Filed"))
	b.Looks(shotName(s.Kit, "complaint-closed"))
}

// round tells the result and takes the customer's opinion down.
func (s *answer) round(satisfied, comment string) {
	s.verb(core.Desk, "finish", func(b *Tab) { b.Type("result", "已调岗,已致歉") })
	s.verb(core.Desk, "reply", func(b *Tab) {
		b.Choose("how", "letter")
		b.Type("text", "就此事致歉并说明处理结果")
		b.Type("business", "安保经理")
		b.Type("relations", "客户关系经理")
	})
	s.verb(core.Desk, "opinion", func(b *Tab) {
		b.Choose("satisfied", satisfied)
		b.Type("signer", "王工")
		b.Type("comment", comment)
		b.Signs()
	})
}
