package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/complaint"
	"huiyin/notify"
	"huiyin/testkit"
)

// followedUp: the manager, whose rank a major complaint asks for, hears on a phone that the customer is still not content;
// the case is taken up again, settled, and followed up once more. The month's quota is drawn.
func (s *answer) followedUp() {
	item := s.waiting()
	clerk := s.as(core.Desk)
	clerk.Open("followup/" + item + "/record")
	clerk.Sees("C14.5") // a major one is not the clerk's to make
	s.heard(item, "dissatisfied")
	b := s.as(core.Supervisor)
	b.Open("complaint/" + s.id)
	b.Reads(core.T("第 3 轮", "Round 3"))
	s.settledAgain()
	s.heard(s.waiting(), "satisfied")
	b.Open("followup")
	b.PressText(core.T("现在抽样", "Draw now"))
	b.Reads(core.T("投诉回访", "Complaints"))
	b.Sees("C14.2")
	b.Looks(shotName(s.Kit, "followup-quota"))
}

// heard records a follow-up as the manager does, on a phone, with the customer's signature.
func (s *answer) heard(item, result string) {
	hand := storyTab(s.Kit, s.base, phone)
	hand.SignIn(core.Manager)
	hand.Open("followup/" + item + "/record")
	hand.Choose("how", "site")
	hand.Choose("result", result)
	hand.Type("opinion", "夜班保安仍然没有道歉")
	hand.Type("signer", "王工")
	hand.Signs()
	hand.Looks(shotName(s.Kit, "phone-followup-"+result))
	hand.Press(submit)
	hand.Reads(core.T("已回访", "Followed up"))
}

// waiting is the follow-up of the case that is to be made.
func (s *answer) waiting() (id string) {
	s.Helper()
	s.Kit.Read(func(ctx context.Context, tx db.Tx) error {
		n, err := db.Value[core.ID](ctx, tx, "select id from followup_item where project_id = $1 and kind = 'complaint' and record_id = $2 and state = 'due' order by id desc limit 1", s.Project.ID, s.caseID())
		id = n.String()
		return err
	})
	return id
}

func (s *answer) caseID() core.ID {
	id, err := core.ParseID(s.id)
	s.Must(err)
	return id
}

// settledAgain carries the third round through by the verbs themselves: their pages were driven twice.
func (s *answer) settledAgain() {
	id := s.caseID()
	do := func(r core.Role, verb func(context.Context, db.Tx) error) { s.Helper(); s.Must(s.TryWrite(r, verb)) }
	do(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return complaint.Investigate(ctx, tx, id, complaint.Ask{How: "interview", Text: "夜班保安当面道歉"})
	})
	do(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return complaint.FindSolution(ctx, tx, id, complaint.Solve{Cause: "没有道歉", Responsible: "安保部", Solution: "当面道歉"})
	})
	s.approve(id)
	do(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return complaint.FileReport(ctx, tx, id, complaint.Report{Cause: "一", Course: "二", Responsible: "三", Conclusion: "四", Remedy: "五", Prevention: "六"})
	})
	s.approve(id)
	s.Advance(time.Hour)
	do(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return errors.Join(complaint.Complete(ctx, tx, id, complaint.Finish{Result: "已道歉"}), complaint.Answer(ctx, tx, id, complaint.Reply{How: "oral", Text: "已道歉", Business: "安保经理", Relations: "客户关系经理"}))
	})
}

// approve says yes as each role whose turn it is.
func (s *answer) approve(id core.ID) {
	s.Helper()
	for range 5 {
		var waits approval.Request
		s.Kit.Read(func(ctx context.Context, tx db.Tx) error {
			rs, err := approval.Of(ctx, tx, core.Ref{Project: s.Project.ID, Kind: "complaint", ID: id})
			for _, r := range rs {
				if r.State == approval.Waiting {
					waits = r
				}
			}
			return err
		})
		if waits.State != approval.Waiting {
			return
		}
		s.Must(s.TryWrite(waits.Role, func(ctx context.Context, tx db.Tx) error { return approval.Decide(ctx, tx, waits.Ref.ID, true, "") }))
	}
}

// surveyed: a questionnaire is made, sent out, answered by the tenant on a phone without signing in, and falls below its
// target: a corrective action is opened.
func (s *answer) surveyed() {
	b := s.as(core.Supervisor)
	form := s.made("questionnaire", func() {
		b.Open("questionnaire/new")
		b.Choose("kind", "satisfaction")
		b.Type("title", "年度满意度调查")
		b.Type("title_en", "Annual survey")
		b.Press(submit)
	})
	for _, q := range [][2]string{{"attitude", "服务态度"}, {"efficiency", "处理效率"}, {"quality", "工程质量"}} {
		b.Open("questionnaire/" + form + "/add")
		b.Choose("kind", "rating")
		b.Choose("dimension", q[0])
		b.Type("text", q[1])
		b.Type("text_en", "About "+q[0])
		b.Press(submit)
	}
	b.Open("questionnaire/" + form + "/add")
	b.Choose("kind", "text")
	b.Type("text", "还有什么意见")
	b.Type("text_en", "Anything else")
	b.Press(submit)
	s.planned()
	round := s.made("survey", func() {
		b.Open("survey/new")
		b.Choose("form", form)
		b.Press(submit)
	})
	b.Press("form[action$='/launch'] button")
	b.Open("survey/" + round + "/invites")
	var link string
	b.run(chromedp.Evaluate(`document.querySelector("main a[href^='/s/']").getAttribute('href')`, &link))
	hand := storyTab(s.Kit, s.base, phone)
	if hand.lang == core.EN {
		link += "?lang=en"
	}
	hand.Open(link)
	for _, q := range []string{"q1", "q2", "q3"} {
		hand.Choose(q, map[string]string{"q1": "1", "q2": "5", "q3": "5"}[q])
	}
	hand.Looks(shotName(s.Kit, "phone-survey"))
	hand.Press("main form button")
	hand.Looks(shotName(s.Kit, "phone-survey-thanks"))
	b.Open("survey/" + round)
	b.Press("form[action$='/end'] button")
	b.Open("survey/" + round)
	b.Reads(core.T("低于目标", "below"), core.T("纠正预防措施", "Corrective"))
	b.Looks(shotName(s.Kit, "survey-result"))
	action := s.made("survey-action", func() {})
	m := s.as(core.Manager)
	m.Open("survey-action/" + action)
	m.Sees("C5.2")
	m.Looks(shotName(s.Kit, "survey-action"))
}

// planned is the year's plan of surveys, approved by the manager: a survey without one is refused (B7.1).
func (s *answer) planned() {
	sup, man := s.Kit.As(core.Supervisor), s.Kit.As(core.Manager)
	p := sup.Submit(sup.P("survey-plan/new"), map[string]string{"owner": s.Users[core.Quality].String(), "objective": "了解客户"}).OK(s.Kit)
	sup.SubmitForm(p, "form[action$='/submit']", nil).OK(s.Kit)
	page := man.Get(man.P("approval/mine")).OK(s.Kit)
	man.SubmitForm(page, "main form[action$='/decide']", map[string]string{"decision": "yes"}).OK(s.Kit)
}

// made is the newest record of a kind after something was done.
func (s *answer) made(kind string, do func()) (id string) {
	s.Helper()
	do()
	s.Kit.Read(func(ctx context.Context, tx db.Tx) error {
		for _, m := range s.App.Lists.Modules {
			for _, g := range m.Registers {
				if k := g.KindOf(); k.Name == kind {
					n, err := db.Value[core.ID](ctx, tx, "select id from "+k.Table+" where project_id = $1 order by id desc limit 1", s.Project.ID)
					id = n.String()
					return err
				}
			}
		}
		return nil
	})
	return id
}

// reported: the month's operations report is written, approved, and reaches the tenant's real mailbox; he opens it on a
// phone, and the receipts say so.
func (s *answer) reported() {
	const address = "chen@example.com"
	box := testkit.NewMailbox(s.T, address)
	s.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		contacts, err := db.Values[core.ID](ctx, tx, "select id from customer_contact where project_id = $1 order by id limit 1", s.Project.ID)
		return errors.Join(err, notify.SetSite(ctx, tx, notify.SiteSetting{Base: s.base, Private: true}),
			notify.SetMail(ctx, tx, notify.MailSetting{On: true, Host: box.Host, Port: box.SMTPPort, Security: notify.Plain, From: "desk@example.com", Sender: "客服"}),
			notify.Choose(ctx, tx, s.Project.ID, contacts[0], notify.Choice{Mail: address, Ordinary: []string{string(notify.Mail)}}))
	})
	b := s.as(core.Supervisor)
	day := core.DateOf(s.Now(), core.China).Month().Add(-1).First()
	id := s.made("report", func() {
		b.Open("report/new")
		b.Choose("kind", "operations")
		b.Choose("day", string(day))
		b.Press(submit)
	})
	b.Open("report/" + id + "/edit")
	for _, part := range []string{"facility", "environment", "safety"} {
		b.Type(part, "本月按计划完成:"+part)
	}
	b.Press(submit)
	b.Open("report/" + id)
	b.Press("form[action$='/submit'] button")
	man := s.Kit.As(core.Manager)
	page := man.Get(man.P("approval/mine")).OK(s.Kit)
	man.SubmitForm(page, "main form[action$='/decide']", map[string]string{"decision": "yes"}).OK(s.Kit)
	b.Open("report/" + id)
	b.Press("form[action$='/send'] button")
	s.Drain()
	if all, _ := box.Letters(address, "INBOX"); all != 1 {
		s.Fatalf("%d letters in the tenant's mailbox", all)
	}
	link := s.linkOf(box)
	hand := storyTab(s.Kit, s.base, phone)
	hand.Open(link)
	hand.Looks(shotName(s.Kit, "phone-report"))
	b.Open("report/" + id)
	b.Reads(core.T("已读", "Read"))
	b.Looks(shotName(s.Kit, "report-sent"))
	s.as(core.Manager).Open("compliance")
	for _, clause := range strings.Fields("A3.3 C13.3 C14.2 C5.2") {
		s.as(core.Manager).Open("clause/" + clause)
		s.as(core.Manager).Sees(clause)
	}
}

// linkOf is the address of the report that stands in the last letter.
func (s *answer) linkOf(box *testkit.Mailbox) string {
	s.Helper()
	sent := box.Sent()
	text := words(s.T, sent[len(sent)-1].Raw)
	i := strings.Index(text, "/report-view/")
	if i < 0 {
		s.Fatalf("no link in the letter:\n%s", text)
	}
	return strings.Fields(text[i:])[0]
}

// words are the plain words of a letter, whatever it is made of.
func words(t *testing.T, raw []byte) (out string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var read func(kind, coding string, r io.Reader)
	read = func(kind, coding string, r io.Reader) {
		media, params, err := mime.ParseMediaType(kind)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(media, "multipart/") {
			for parts := multipart.NewReader(r, params["boundary"]); ; {
				p, err := parts.NextRawPart()
				if err != nil {
					return
				}
				read(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
			}
		}
		if media != "text/plain" {
			return
		}
		switch strings.ToLower(coding) {
		case "base64":
			r = base64.NewDecoder(base64.StdEncoding, r)
		case "quoted-printable":
			r = quotedprintable.NewReader(r)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out += string(b)
	}
	read(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return out
}
