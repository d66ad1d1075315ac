package proof

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/report"
	"huiyin/notify"
	"huiyin/testkit"
)

// headOffice is who gets the scheduled reports, and nothing else.
const headOffice = "reports@example.com"

// mailing is a schedule as its script knows it: between two days it sends a kind of report, on its day, at eight.
type mailing struct {
	kind        string
	day         int // of the week for the weekly one, of the month for the others
	from, until time.Time
	id          core.ID
}

// post is the office's mail: the server that takes it, the schedules, and what they should have sent.
type post struct {
	box      *testkit.Mailbox
	mailings []*mailing
	sent     int // to head office
	unsent   int // because nobody had issued the report
	tenants  int // who get their letters by mail
}

// openPost switches e-mail on, before anybody moves in.
func (s *site) openPost() {
	s.Helper()
	s.post.box = testkit.NewMailbox(s.T, headOffice)
	s.must(core.System, func(ctx context.Context, tx db.Tx) error {
		return errors.Join(notify.SetSite(ctx, tx, notify.SiteSetting{Base: "https://huiyin.example.com", Private: true}),
			notify.SetMail(ctx, tx, notify.MailSetting{On: true, Host: s.post.box.Host, Port: s.post.box.SMTPPort, Security: notify.Plain, From: "desk@example.com", Sender: "客服"}))
	})
}

// byMail has a customer's contact choose e-mail.
func (s *site) byMail(ctx context.Context, tx db.Tx, id core.ID, i int) error {
	contacts, err := customer.Contacts(ctx, tx, id)
	if err != nil {
		return err
	}
	s.post.tenants++
	return notify.Choose(ctx, tx, s.Project.ID, contacts[0].ID, notify.Choice{Mail: fmt.Sprintf("tenant%d@example.com", i), Ordinary: []string{string(notify.Mail)}})
}

// subscribe sets the schedules: the weekly report's for some weeks, in which nobody has to issue it by hand, the monthly
// one's at the end, and the year's others, which only go out once somebody has issued them.
func (s *site) subscribe() {
	day := func(n int) time.Time { return midnight(quarterBegins).AddDate(0, 0, n) }
	far := day(365)
	s.post.mailings = []*mailing{{kind: report.Weekly, day: 1, from: day(4), until: day(8)}, {kind: report.Weekly, day: 1, from: day(25), until: day(53)}, {kind: report.Monthly, day: 8, from: day(75), until: far},
		{kind: report.Work, day: 12, from: day(3), until: far}, {kind: report.Operations, day: 12, from: day(3), until: far}}
	for _, m := range s.post.mailings {
		s.later(m.from.Add(10*time.Hour), func() {
			s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
				m.id, err = report.SetSchedule(ctx, tx, 0, report.Schedule{Kind: m.kind, Day: int64(m.day), Clock: "08:00", Lang: "zh", Mails: headOffice})
				return err
			})
		})
		s.later(m.until.Add(10*time.Hour), func() {
			s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return report.Pause(ctx, tx, m.id) })
		})
	}
}

// falls reports whether a schedule sends at a look at the clock: at eight on its day.
func (m *mailing) falls(at time.Time) bool {
	at = at.In(beijing)
	if m.id == 0 || at.Sub(midnight(at)) != 8*time.Hour || at.After(m.until.Add(10*time.Hour)) {
		return false
	}
	if m.kind == report.Weekly {
		return at.Weekday() == time.Weekday(m.day)
	}
	return at.Day() == m.day
}

// mail notes what the schedules send at a look at the clock: the weekly and the monthly report they issue themselves, the
// others go out as they are, if they are.
func (s *site) mail(at time.Time) {
	for _, m := range s.post.mailings {
		if !m.falls(at) {
			continue
		}
		first := midnight(at).AddDate(0, 0, 1-at.In(beijing).Day())
		switch m.kind {
		case report.Weekly:
			s.issued(report.Weekly, midnight(at).AddDate(0, 0, -7))
		case report.Monthly:
			s.issued(report.Monthly, first)
		default:
			if !s.out[m.kind+stamp(first)] {
				s.post.unsent++
				continue
			}
		}
		s.post.sent++
	}
}

// issued notes that a week's report (by its Monday) or a month's (by the month in which it is due) is out, once.
func (s *site) issued(kind string, of time.Time) {
	key := kind + stamp(of)
	if s.out[key] {
		return
	}
	s.out[key] = true
	switch kind {
	case report.Weekly:
		s.note(fact{what: "report.weekly", of: map[string]core.ID{"weekly": dayRef(of)}})
	case report.Monthly:
		about := map[string]core.ID{"month": monthRef(of)}
		s.note(fact{what: "report.monthly", of: about})
		s.note(fact{what: "complaints.submitted", of: about}) // it is the statistics of C1.6 too
	}
}

// mailEach is of how many customers one gets his letters by e-mail.
const mailEach = 20

// posted notes that the operations report went to the customers who get their letters by mail; some open it, and the others
// are reminded.
func (s *site) posted(id core.ID, before int) {
	s.Drain()
	letters := s.post.to("tenant", before)
	if len(letters) != s.post.tenants {
		s.Errorf("%s: the report went to %d customers by mail, want %d", stamp(s.Now()), len(letters), s.post.tenants)
	}
	s.later(s.after(30, 600), func() {
		read := 0
		for i, l := range letters {
			if path := link.FindString(l); i%2 == 0 && path != "" {
				s.Browser(0).Get(path).OK(s.Kit)
				read++
			}
		}
		s.later(s.after(60, 600), func() { s.remind(id, len(letters)-read) })
	})
}

// remind writes again to those who have not opened the report.
func (s *site) remind(id core.ID, unread int) {
	before := len(s.post.box.Sent())
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		n, err := report.RemindAll(ctx, tx, id)
		if n != unread && (unread > 0 || !core.IsKind(err, core.KindConflict)) {
			s.Errorf("%s: %d customers were reminded, want %d", stamp(s.Now()), n, unread)
		}
		if unread == 0 {
			return nil
		}
		return err
	})
	s.Drain()
	if n := len(s.post.to("tenant", before)); n != unread {
		s.Errorf("%s: %d customers got a reminder, want %d", stamp(s.Now()), n, unread)
	}
}

var link = regexp.MustCompile(`/report-view/[0-9A-Za-z/_-]+`)

// to are the texts of the letters to addresses that begin like this and that speak of a report, after so many of all.
func (p *post) to(address string, after int) (texts []string) {
	for _, l := range p.box.Sent()[after:] {
		if text := textOf(l.Raw); strings.HasPrefix(l.To, address) && (address != "tenant" || link.MatchString(text)) {
			texts = append(texts, text)
		}
	}
	return texts
}

// textOf is what a letter says, without what is attached.
func textOf(raw []byte) (text string) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		b, _ := io.ReadAll(m.Body)
		return string(b)
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if err != nil {
			return text
		}
		if part.FileName() == "" {
			b, _ := io.ReadAll(part)
			text += string(b)
		}
	}
}

// delivered compares the runs of the schedules, and what came of them, with what should have.
func (s *site) delivered() {
	s.Helper()
	var sent, failed int64
	s.Read(func(ctx context.Context, tx db.Tx) (err error) {
		const runs = "select count(*) from report_run where project_id = $1 and state = "
		if sent, err = db.Value[int64](ctx, tx, runs+"'sent'", s.Project.ID); err == nil {
			failed, err = db.Value[int64](ctx, tx, runs+"'failed'", s.Project.ID)
		}
		return err
	})
	if got := len(s.post.to(headOffice, 0)); got != s.post.sent || sent != int64(s.post.sent) || failed != int64(s.post.unsent) {
		s.Errorf("head office got %d reports; %d runs sent one and %d did not; want %d sent, %d not", got, sent, failed, s.post.sent, s.post.unsent)
	}
	s.counts["report.mailed"], s.counts["report.unissued"] = s.post.sent, s.post.unsent
	if soaking() && (s.post.sent == 0 || s.post.unsent == 0) {
		s.Errorf("schedules sent %d reports, and found %d that nobody had issued", s.post.sent, s.post.unsent)
	}
}
