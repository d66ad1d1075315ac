package report_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/module/report"
	"huiyin/notify"
	"huiyin/testkit"
)

// at is a moment of the test's city.
func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, core.China)
	if err != nil {
		panic(err)
	}
	return t
}

func get(k *testkit.Kit, id core.ID) (i report.Issue) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		i, err = report.Get(ctx, tx, id)
		return err
	})
	return i
}

// issueOf is the issue of a kind whose period begins on a day.
func issueOf(k *testkit.Kit, kind string, from core.Date) (i report.Issue, ok bool) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		if i, ok, err = report.IssueOf(ctx, tx, kind, from); err == nil && ok {
			i, err = report.Get(ctx, tx, i.Ref.ID)
		}
		return err
	})
	return i, ok
}

func compose(k *testkit.Kit, kind string, day core.Date) (id core.ID) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = report.Compose(ctx, tx, report.Draft{Kind: kind, Day: day})
		return err
	})
	return id
}

// duties are those of a clause, by number, due in the test's project.
func duties(k *testkit.Kit, clause, number string) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ids, err := db.Values[core.ID](ctx, tx, "select id from duty_duty where project_id = $1 and clause = $2 and number = $3 order by due_at", k.Project.ID, clause, number)
		for _, id := range ids {
			d, err := duty.Get(ctx, tx, k.Project.ID, id)
			if err != nil {
				return err
			}
			out = append(out, d)
		}
		return err
	})
	return out
}

func figure(i report.Issue, key string) (house.Figure, bool) {
	for _, s := range i.Sections {
		for _, f := range s.Figures {
			if f.Key == key {
				return f, true
			}
		}
	}
	return house.Figure{}, false
}

func table(i report.Issue, key string) house.Table {
	for _, s := range i.Sections {
		for _, t := range s.Tables {
			if t.Key == key {
				return t
			}
		}
	}
	return house.Table{}
}

// ---- generated complaints and the count by hand

type one struct {
	at                                             time.Time
	category, level, department, validity, opinion string
	open                                           bool
	round                                          int64
	compensation                                   core.Money
	ruling                                         string
	late                                           bool
	customer                                       core.ID
}

// generate takes complaints over the days and gives them every sort of fate.
func generate(k *testkit.Kit, from core.Date, days, n int) []one {
	k.Helper()
	r := rand.New(rand.NewPCG(11, 22))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	var all []one
	now := k.Now()
	for range n {
		c := one{at: from.Time(core.China).Add(time.Duration(r.IntN(days*24*60)) * time.Minute), category: pick("noise", "clean", "service", "facility"), level: pick("normal", "normal", "major"), department: pick("", "工程部", "客服部"),
			validity: pick("", "founded", "founded", "unfounded"), ruling: pick("accept", "decline"), opinion: pick("", "yes", "no"), open: r.IntN(3) == 0, round: int64(1 + r.IntN(2)), compensation: core.Money(r.IntN(3) * 100), customer: core.ID(900 + r.IntN(4))}
		k.SetNow(c.at)
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
			taken, err := complaint.Take(ctx, tx, complaint.Intake{Contact: "陈静", Phone: "13800002231", Channel: "phone", Content: "反映情况", Category: c.category, Company: "华达"})
			if err != nil {
				return err
			}
			_, err = db.Exec(ctx, tx, "update complaint_case set level = $1, department = $2, validity = $3, ruling = $4, satisfied = $5, open = $6, round = $7, compensation = $8, customer_id = $9 where project_id = $10 and id = $11",
				c.level, c.department, c.validity, c.ruling, c.opinion, c.open, c.round, c.compensation, c.customer, k.Project.ID, taken.Ref.ID)
			if err != nil {
				return err
			}
			if c.late = r.IntN(4) == 0; !c.late {
				_, err = db.Exec(ctx, tx, "update duty_duty set state = 'void' where project_id = $1 and kind = 'complaint' and record_id = $2", k.Project.ID, taken.Ref.ID)
			} else {
				_, err = db.Exec(ctx, tx, "update duty_duty set state = 'done', late = true where project_id = $1 and kind = 'complaint' and record_id = $2", k.Project.ID, taken.Ref.ID)
			}
			return err
		})
		all = append(all, c)
	}
	k.SetNow(now)
	return all
}

// byHand counts what a tally should say of the complaints between two moments.
func byHand(all []one, from, to time.Time, want func(one) bool) (n int64) {
	for _, c := range all {
		if !c.at.Before(from) && c.at.Before(to) && want(c) {
			n++
		}
	}
	return n
}

func fates() map[string]func(one) bool {
	return map[string]func(one) bool{"taken": func(one) bool { return true }, "valid": func(c one) bool { return c.validity == "founded" && c.ruling != "decline" }, "unfounded": func(c one) bool { return c.validity == "unfounded" },
		"major": func(c one) bool { return c.level == "major" }, "closed": func(c one) bool { return !c.open }, "late": func(c one) bool { return c.late }, "reopened": func(c one) bool { return c.round > 1 },
		"satisfied": func(c one) bool { return c.opinion == "yes" }, "dissatisfied": func(c one) bool { return c.opinion == "no" }}
}

func TestC13_5_TheWeeklyReportCountsWhatACountByHandCounts(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(at("2026-11-16 08:00"))
		all := generate(k, "2026-11-02", 14, 120)
		id := compose(k, report.Weekly, "2026-11-11")
		i := get(k, id)
		from, to := at("2026-11-09 00:00"), at("2026-11-16 00:00")
		for key, want := range fates() {
			f, ok := figure(i, "complaint."+key)
			n, then := byHand(all, from, to, want), byHand(all, at("2026-11-02 00:00"), from, want)
			if !ok || f.Value != n || f.Before == nil || *f.Before != then {
				k.Errorf("%s: the report says %d (before %v), by hand %d (%d)", key, f.Value, f.Before, n, then)
			}
		}
		var money, yes, said int64
		for _, c := range all {
			if in := !c.at.Before(from) && c.at.Before(to); in {
				money += int64(c.compensation)
				if c.opinion != "" {
					said++
				}
				if c.opinion == "yes" {
					yes++
				}
			}
		}
		if f, _ := figure(i, "complaint.compensation"); f.Value != money || f.As != house.AsMoney {
			k.Errorf("compensation %d, by hand %d", f.Value, money)
		}
		if f, _ := figure(i, "complaint.satisfied-rate"); f.Value != yes*10000/said {
			k.Errorf("satisfied %d, by hand %d of %d", f.Value, yes, said)
		}
		checkSplits(k, i, all, from, to)
		checkRecords(k, id, all, from, to)
		checkPapers(k, i)
	})
}

// checkPapers reads the report as it is printed and exported: every chart of the page is in both, above its table.
func checkPapers(k *testkit.Kit, i report.Issue) {
	k.Helper()
	b := k.As(core.Supervisor)
	at := b.P("report/" + i.Ref.ID.String())
	text, charts := k.Paper(b.Get(at+"/report.pdf").OK(k).Body), 0
	for _, s := range i.Sections {
		for _, t := range s.Tables {
			title := strings.Join(strings.Fields(t.Title.ZH), "")
			if has := strings.Contains(text, title+"(件)受理上期"); has != (t.Chart != "") {
				k.Errorf("the paper has a chart of %s: %v\n%s", t.Key, has, text)
			}
			if t.Chart != "" {
				charts++
			}
		}
	}
	if shown := b.Get(at).OK(k).Find("figure.chart").Length(); charts < 3 || shown != charts {
		k.Errorf("%d charts, %d on the page", charts, shown)
	}
	if native := k.Charts(b.Get(at + "/report.xlsx").OK(k).Body); native != charts {
		k.Errorf("%d charts in the workbook, %d on the page", native, charts)
	}
}

// checkSplits compares each line of the tables by kind, severity, department and day.
func checkSplits(k *testkit.Kit, i report.Issue, all []one, from, to time.Time) {
	k.Helper()
	for key, of := range map[string]func(one) string{"complaint.category": func(c one) string { return c.category }, "complaint.level": func(c one) string { return c.level }, "complaint.department": func(c one) string { return c.department }, "complaint.validity": func(c one) string { return c.validity }} {
		lines := table(i, key).Lines
		total := int64(0)
		for _, l := range lines {
			total += l.Values[0]
			if n := byHand(all, from, to, func(c one) bool { return of(c) == l.Key }); n != l.Values[0] {
				k.Errorf("%s %q: %d, by hand %d", key, l.Key, l.Values[0], n)
			}
			if n := byHand(all, from, to, func(c one) bool { return of(c) == l.Key && c.late }); n != l.Values[3] {
				k.Errorf("%s %q late: %d, by hand %d", key, l.Key, l.Values[3], n)
			}
		}
		if n := byHand(all, from, to, fates()["taken"]); total != n {
			k.Errorf("%s adds up to %d of %d", key, total, n)
		}
	}
	for d, l := range table(i, "complaint.day").Lines {
		day := from.AddDate(0, 0, d)
		if n := byHand(all, day, day.AddDate(0, 0, 1), fates()["taken"]); n != l.Values[0] {
			k.Errorf("day %s: %d, by hand %d", l.Name.ZH, l.Values[0], n)
		}
	}
	top := table(i, "complaint.repeat").Lines
	for n := 1; n < len(top); n++ {
		if top[n].Values[0] > top[n-1].Values[0] {
			k.Errorf("the most repeated do not come first: %+v", top)
		}
	}
	for _, l := range top {
		if n := byHand(all, from, to, func(c one) bool { return c.customer.String()+":"+c.category == l.Key }); n != l.Values[0] || n < 2 {
			k.Errorf("repeated %s: %d, by hand %d", l.Key, l.Values[0], n)
		}
	}
}

// checkRecords follows figures to their records: as many as the figure says.
func checkRecords(k *testkit.Kit, id core.ID, all []one, from, to time.Time) {
	k.Helper()
	b := k.As(core.Supervisor)
	for _, q := range []struct {
		query string
		want  func(one) bool
	}{{"of=complaint.late", fates()["late"]}, {"of=complaint.taken&by=category&is=noise", func(c one) bool { return c.category == "noise" }}, {"of=complaint.taken&by=department&is=", func(c one) bool { return c.department == "" }},
		{"of=complaint.compensation", func(c one) bool { return c.compensation > 0 }}} {
		p := b.Get(b.P("report/" + id.String() + "/records?" + q.query)).OK(k)
		if n := p.Find("table.list tbody tr").Length(); int64(n) != byHand(all, from, to, q.want) {
			k.Errorf("%s lists %d records, want %d", q.query, n, byHand(all, from, to, q.want))
		}
		if p.Find("table.list tbody a[href*='/complaint/']").Length() == 0 {
			k.Errorf("%s: the records have no links", q.query)
		}
	}
	for _, wrong := range []string{"of=complaint.nothing", "of=", "of=complaint.taken&by=nothing&is=x"} {
		if p := b.Get(b.P("report/" + id.String() + "/records?" + wrong)); p.Status != 404 {
			k.Errorf("%s: %d", wrong, p.Status)
		}
	}
}

// TestC13_5_TheMonthIsThatOfTheStatistics: the monthly report counts as C1.6's statistics do, and issuing it reports them.
func TestC13_5_TheMonthIsThatOfTheStatistics(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(at("2026-11-20 09:00"))
		generate(k, "2026-10-01", 31, 60)
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error { // what was told twice counts once in both
			ids, err := db.Values[core.ID](ctx, tx, "select id from complaint_case where project_id = $1 and month = '2026-10' and state in ('new', 'judged', 'accepted') and open and against_user is null order by id limit 2", k.Project.ID)
			if err != nil || len(ids) < 2 {
				k.Fatalf("%d complaints to merge: %v", len(ids), err)
			}
			return complaint.Join(ctx, tx, ids[1], complaint.Merge{Into: ids[0], Reason: "同一件事"})
		})
		k.Tick()
		k.SetNow(at("2026-12-01 09:00"))
		k.Tick()
		id := compose(k, report.Monthly, "2026-10-15")
		i := get(k, id)
		k.Read(func(ctx context.Context, tx db.Tx) error {
			f, err := complaint.FiguresOf(ctx, tx, k.Project.ID, "2026-10")
			for key, want := range map[string]int64{"taken": f.All.Taken, "valid": f.All.Valid, "closed": f.All.Closed, "late": f.All.Late, "reopened": f.All.Reopened, "satisfied": f.All.Satisfied} {
				if got, _ := figure(i, "complaint."+key); got.Value != want {
					k.Errorf("%s: the report says %d, the statistics %d", key, got.Value, want)
				}
			}
			return err
		})
		november, ok := issueOf(k, report.Monthly, "2026-11-01")
		if !ok {
			k.Fatal("the month that ended has no report")
		}
		k.Must(do(k, core.Supervisor, report.Submit, november.Ref.ID))
		if ds := open(duties(k, "C1.6", "day"), "2026-12"); len(ds) != 0 {
			k.Errorf("the statistics are still owed: %+v", ds)
		}
		if ds := open(duties(k, "C13.5", "day"), "2026-12"); len(ds) != 0 {
			k.Errorf("the monthly report is still owed: %+v", ds)
		}
	})
}

func open(ds []duty.Duty, month core.Month) []duty.Duty {
	return slices.DeleteFunc(ds, func(d duty.Duty) bool { return d.State != duty.StateOpen || d.Month != month })
}

func do(k *testkit.Kit, r core.Role, verb func(context.Context, db.Tx, core.ID) error, id core.ID) error {
	k.Helper()
	return k.TryWrite(r, func(ctx context.Context, tx db.Tx) error { return verb(ctx, tx, id) })
}

func edit(k *testkit.Kit, id core.ID, in report.Text) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return report.Edit(ctx, tx, id, in) })
}

func TestC13_5_EachWeekIsComposedAndOwedWithinTheNext(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Tick()
		k.SetNow(at("2026-11-23 06:00")) // the Monday after the first week
		k.Tick()
		i, ok := issueOf(k, report.Weekly, "2026-11-16")
		ds := duties(k, "C13.5", "every")
		if !ok || i.To != "2026-11-22" || i.State != report.StateDraft || len(ds) != 1 || !ds[0].Due.Equal(at("2026-11-30 00:00")) || ds[0].Role != core.Supervisor {
			k.Fatalf("the week's report %+v, its duties %+v", i, ds)
		}
		k.Must(do(k, core.Supervisor, report.Submit, i.Ref.ID))
		if ds := duties(k, "C13.5", "every"); ds[0].State != duty.StateDone || ds[0].Late {
			k.Errorf("issuing it leaves the duty %+v", ds[0])
		}
		for day := 24; day <= 30; day++ {
			k.SetNow(at(fmt.Sprintf("2026-11-%d 06:00", day)))
			k.Tick()
		}
		k.SetNow(at("2026-12-15 06:00")) // two weeks pass unseen
		k.Tick()
		if ds := duties(k, "C13.5", "every"); len(ds) != 4 {
			k.Errorf("%d weeks are owed, want 4", len(ds))
		}
		if _, ok := issueOf(k, report.Weekly, "2026-11-30"); !ok {
			k.Error("a week that nobody saw has no report")
		}
	})
}

func TestC13_5_SwitchedOffNothingIsOwed(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Off("C13.5")
		k.SetNow(at("2026-12-07 06:00"))
		k.Tick()
		if ds := append(duties(k, "C13.5", "every"), duties(k, "C13.5", "day")...); len(ds) != 0 {
			k.Errorf("owed all the same: %+v", ds)
		}
		if _, ok := issueOf(k, report.Weekly, "2026-11-30"); ok {
			k.Error("composed all the same")
		}
	})
}

func TestAnIssuedReportNeverChanges(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(at("2026-11-16 08:00"))
		generate(k, "2026-11-09", 7, 20)
		id := compose(k, report.Weekly, "2026-11-11")
		k.Must(do(k, core.Supervisor, report.Recount, id))
		k.Must(do(k, core.Supervisor, report.Submit, id))
		was := core.JSON(get(k, id).Sections)
		generate(k, "2026-11-09", 7, 9)
		if now := core.JSON(get(k, id).Sections); now != was {
			k.Error("later records changed the report")
		}
		for name, verb := range map[string]func(context.Context, db.Tx, core.ID) error{"recount": report.Recount, "submit": report.Submit,
			"edit": func(ctx context.Context, tx db.Tx, id core.ID) error {
				return report.Edit(ctx, tx, id, report.Text{Conclusion: "x"})
			}} {
			if err := do(k, core.Supervisor, verb, id); !core.IsKind(err, core.KindConflict) {
				k.Errorf("%s of an issued report: %v", name, err)
			}
		}
		b := k.As(core.Supervisor)
		if p := b.Get(b.P("report/" + id.String() + "/records?of=complaint.taken")).OK(k); !p.Has("报表编制时是 20 件") {
			k.Errorf("the records do not say that the report counted otherwise: %s", p.Text("header.head"))
		}
		if err := k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			_, err := report.Compose(ctx, tx, report.Draft{Kind: report.Weekly, Day: "2026-11-12"})
			return err
		}); !core.IsKind(err, core.KindConflict) {
			k.Errorf("composed twice: %v", err)
		}
		if err := k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			_, err := report.Compose(ctx, tx, report.Draft{Kind: report.Weekly, Day: "2026-11-16"})
			return err
		}); !core.IsKind(err, core.KindInvalid) {
			k.Errorf("composed before the week is over: %v", err)
		}
		verify(k)
	})
}

func verify(k *testkit.Kit) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		rep, err := journal.Verify(ctx, tx, report.Module().Tables)
		for _, f := range rep.Findings {
			k.Errorf("verify: %s", f.Text.ZH)
		}
		return err
	})
}

// ---- the mail server

type post struct {
	host string
	port int64
	mu   sync.Mutex
	got  []letter
}

type letter struct {
	to, subject, body string
	files             map[string][]byte
}

func startPost(k *testkit.Kit) *post {
	k.Helper()
	p := &post{}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &talk{post: p}, nil }))
	s.AllowInsecureAuth = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	k.Must(err)
	addr := l.Addr().(*net.TCPAddr)
	p.host, p.port = addr.IP.String(), int64(addr.Port)
	go func() { _ = s.Serve(l) }()
	k.Cleanup(func() { _ = s.Close() })
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		return errors.Join(notify.SetSite(ctx, tx, notify.SiteSetting{Base: "https://huiyin.example.com/", Private: true}),
			notify.SetMail(ctx, tx, notify.MailSetting{On: true, Host: p.host, Port: p.port, Security: notify.Plain, From: "desk@example.com", Sender: "客服"}))
	})
	return p
}

func (p *post) letters() []letter { p.mu.Lock(); defer p.mu.Unlock(); return slices.Clone(p.got) }

type talk struct {
	post *post
	to   string
}

func (c *talk) Reset()                                    {}
func (c *talk) Logout() error                             { return nil }
func (c *talk) Mail(string, *smtp.MailOptions) error      { return nil }
func (c *talk) Rcpt(to string, _ *smtp.RcptOptions) error { c.to = to; return nil }

func (c *talk) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	l := letter{to: c.to, files: map[string][]byte{}}
	l.subject, _ = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	kind, params, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if !strings.HasPrefix(kind, "multipart/") {
		b, _ := io.ReadAll(m.Body)
		l.body = string(b)
	} else {
		l.parts(multipart.NewReader(m.Body, params["boundary"]))
	}
	c.post.mu.Lock()
	defer c.post.mu.Unlock()
	c.post.got = append(c.post.got, l)
	return nil
}

func (l *letter) parts(parts *multipart.Reader) {
	for {
		part, err := parts.NextPart() // takes quoted-printable away
		if err != nil {
			return
		}
		b, _ := io.ReadAll(part)
		if part.Header.Get("Content-Transfer-Encoding") == "base64" {
			b = base64Decoded(b)
		}
		if name := part.FileName(); name != "" {
			name, _ = new(mime.WordDecoder).DecodeHeader(name)
			l.files[name] = b
			continue
		}
		l.body += string(b)
	}
}

// ---- the operations report

// tenant makes a customer with a unit; with a mail the contact gets e-mail.
func tenant(k *testkit.Kit, code, name, mail string) (id core.ID) {
	k.Helper()
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		u, err := estate.CreateUnit(ctx, tx, estate.In{Code: code, Building: "A座", Floor: "1", State: estate.Let})
		if err != nil {
			return err
		}
		id, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(name), Category: customer.Ordinary, Unit: u, Part: customer.AsTenant, Consent: "written", ConsentBy: "陈静",
			Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13812342231"}, {Name: "李伟", Role: customer.RoleHead, Phone: "13900001111"}}})
		if err != nil || mail == "" {
			return err
		}
		contacts, err := customer.Contacts(ctx, tx, id)
		if err != nil {
			return err
		}
		return notify.Choose(ctx, tx, k.Project.ID, contacts[1].ID, notify.Choice{Mail: mail, Ordinary: []string{string(notify.Mail)}})
	})
	return id
}

func receipts(k *testkit.Kit, issue core.ID) (out []report.Receipt) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		out, err = report.Receipts(ctx, tx, issue)
		return err
	})
	return out
}

func words() report.Text {
	return report.Text{Facility: "电梯按计划保养", Environment: "外墙清洗一次", Safety: "消防演练一次", Conclusion: "感谢您的支持"}
}

// approved is the operations report of October, approved.
func approved(k *testkit.Kit) core.ID {
	k.Helper()
	id := compose(k, report.Operations, "2026-10-15")
	edit(k, id, words())
	k.Must(do(k, core.Supervisor, report.Submit, id))
	k.Must(k.TryWrite(core.Manager, func(ctx context.Context, tx db.Tx) error {
		rs, err := approval.Of(ctx, tx, core.Ref{Project: k.Project.ID, Kind: "report", ID: id})
		if err != nil {
			return err
		}
		return approval.Decide(ctx, tx, rs[0].Ref.ID, true, "同意")
	}))
	return id
}

func TestA3_3_TheReportNeedsItsThreePartsAndAnApproval(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := compose(k, report.Operations, "2026-10-15")
		edit(k, id, report.Text{Facility: "电梯按计划保养", Safety: "消防演练一次"})
		k.Refused("A3.3", do(k, core.Supervisor, report.Submit, id))
		if err := do(k, core.Supervisor, report.Send, id); !core.IsKind(err, core.KindConflict) {
			k.Errorf("sent without an approval: %v", err)
		}
		edit(k, id, words())
		k.Must(do(k, core.Supervisor, report.Submit, id))
		if err := do(k, core.Supervisor, report.Send, id); !core.IsKind(err, core.KindConflict) {
			k.Errorf("sent before it is approved: %v", err)
		}
		decide := func(yes bool) error {
			return k.TryWrite(core.Manager, func(ctx context.Context, tx db.Tx) error {
				rs, err := approval.Of(ctx, tx, core.Ref{Project: k.Project.ID, Kind: "report", ID: id})
				if err != nil {
					return err
				}
				return approval.Decide(ctx, tx, rs[0].Ref.ID, yes, "环境部分再写具体些")
			})
		}
		if err := do(k, core.Supervisor, report.TakeBack, id); !core.IsKind(err, core.KindConflict) {
			k.Errorf("taken back while it is decided on: %v", err)
		}
		k.Must(decide(false))
		k.Must(do(k, core.Supervisor, report.TakeBack, id))
		edit(k, id, words())
		k.Must(do(k, core.Supervisor, report.Submit, id))
		k.Must(decide(true))
		if i := get(k, id); i.State != report.StateApproved || i.Approver != "何海" {
			k.Errorf("it is %+v", i)
		}
		verify(k)
	})
}

func TestA3_3_SwitchedOffEmptyPartsPassAndNothingIsOwed(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Off("A3.3")
		id := compose(k, report.Operations, "2026-10-15")
		k.Must(do(k, core.Supervisor, report.Submit, id))
		k.SetNow(at("2026-12-01 06:00"))
		k.Tick()
		if ds := duties(k, "A3.3", "day"); len(ds) != 0 {
			k.Errorf("owed all the same: %+v", ds)
		}
	})
}

func TestA3_3_ItArrivesIsReadAndSignedFor(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		p := startPost(k)
		tenant(k, "A0101", "华达科技", "zhang@example.com")
		tenant(k, "A0102", "恒信律师事务所", "")
		tenant(k, "A0103", "金诺咨询", "li@example.com")
		k.SetNow(at("2026-11-19 10:00"))
		id := approved(k)
		k.Must(do(k, core.Supervisor, report.Send, id))
		k.Drain()
		got := p.letters()
		if len(got) != 2 || got[0].to != "li@example.com" && got[0].to != "zhang@example.com" {
			k.Fatalf("the server got %+v", got)
		}
		var link string
		for _, l := range got {
			if len(l.files) != 1 || !strings.Contains(l.subject, "2026-10") {
				k.Errorf("the letter to %s: %q with %d files", l.to, l.subject, len(l.files))
			}
			for name, b := range l.files {
				if !strings.HasSuffix(name, ".pdf") || !bytes.HasPrefix(b, []byte("%PDF-")) {
					k.Errorf("attached %q: %.20q", name, b)
				}
			}
			i := strings.Index(l.body, "https://huiyin.example.com/report-view/")
			if i < 0 {
				k.Fatalf("no link in %q", l.body)
			}
			if l.to == "zhang@example.com" {
				link = strings.Fields(l.body[i:])[0]
			}
		}
		ofReceipts(k, id, map[string]int{report.ReceiptUnread: 2, report.ReceiptPaper: 1})
		readIt(k, id, strings.TrimPrefix(link, "https://huiyin.example.com"))
		remindAndSign(k, id, p)
		verify(k)
	})
}

func ofReceipts(k *testkit.Kit, id core.ID, want map[string]int) {
	k.Helper()
	have := map[string]int{}
	for _, r := range receipts(k, id) {
		have[r.State]++
	}
	if fmt.Sprint(have) != fmt.Sprint(want) {
		k.Errorf("receipts %v, want %v", have, want)
	}
}

// readIt opens the link as a stranger on a phone: it shows the report and counts once as read; no other link does.
func readIt(k *testkit.Kit, id core.ID, path string) {
	k.Helper()
	stranger := k.Browser(0)
	if code := stranger.Once("HEAD", path, "", ""); code >= 500 {
		k.Errorf("HEAD: %d", code)
	}
	ofReceipts(k, id, map[string]int{report.ReceiptUnread: 2, report.ReceiptPaper: 1})
	page := stranger.Get(path).OK(k)
	for _, want := range []string{"联合广场", "设施运行", "电梯按计划保养", "外墙清洗一次", "消防演练一次"} {
		if !page.Has(want) {
			k.Errorf("the public page lacks %q", want)
		}
	}
	if n := page.Find("main a[href^='/p/']").Length(); n != 0 {
		k.Errorf("the public page leads into the application %d times", n)
	}
	if pdf := stranger.Get(path + "/report.pdf").OK(k); !bytes.HasPrefix(pdf.Body, []byte("%PDF-")) {
		k.Error("no PDF for the customer")
	}
	stranger.Get(path).OK(k)
	for _, r := range receipts(k, id) {
		if r.Name == "华达科技" && (r.State != report.ReceiptRead || r.Reads != 2 || r.Read.IsZero()) {
			k.Errorf("the reader's receipt is %+v", r)
		}
	}
	wrong := path[:len(path)-1] + "2"
	if strings.HasSuffix(path, "2") {
		wrong = path[:len(path)-1] + "3"
	}
	elsewhere := strings.Replace(path, k.Project.ID.String(), k.Other.ID.String(), 1)
	for _, bad := range []string{wrong, elsewhere, "/report-view/x/y", "/report-view/" + k.Project.ID.String() + "/x"} {
		if p := stranger.Get(bad); p.Status != 404 {
			k.Errorf("%s: %d", bad, p.Status)
		}
	}
	ofReceipts(k, id, map[string]int{report.ReceiptRead: 1, report.ReceiptUnread: 1, report.ReceiptPaper: 1})
}

func remindAndSign(k *testkit.Kit, id core.ID, p *post) {
	k.Helper()
	remind := func() error {
		return k.TryWrite(core.Desk, func(ctx context.Context, tx db.Tx) error { _, err := report.RemindAll(ctx, tx, id); return err })
	}
	k.Must(remind())
	k.Drain()
	if got := p.letters(); len(got) != 3 || got[2].to != "li@example.com" || !strings.Contains(got[2].subject, "请查阅") {
		k.Errorf("the reminder went to %+v", got[2:])
	}
	if err := remind(); !core.IsKind(err, core.KindConflict) {
		k.Errorf("reminded twice in a day: %v", err)
	}
	var paper []string
	for _, r := range receipts(k, id) {
		if r.State == report.ReceiptPaper {
			paper = append(paper, r.ID.String())
		}
	}
	sign := func() error {
		return k.TryWrite(core.Desk, func(ctx context.Context, tx db.Tx) error {
			return report.SignPapers(ctx, tx, id, report.Signature{Receipts: paper, Signer: "前台小王", Day: "2026-11-19"})
		})
	}
	k.Must(sign())
	if err := sign(); !core.IsKind(err, core.KindConflict) {
		k.Errorf("signed for twice: %v", err)
	}
	ofReceipts(k, id, map[string]int{report.ReceiptRead: 1, report.ReceiptUnread: 1, report.ReceiptSigned: 1})
	k.Must(do(k, core.Supervisor, report.Close, id))
}

func TestA3_3_SendingClosesTheMonthsDuty(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Tick()
		k.SetNow(at("2026-12-01 06:00"))
		k.Tick()
		ds := duties(k, "A3.3", "day")
		if len(ds) != 1 || !ds[0].Due.Equal(at("2026-12-08 00:00")) || ds[0].Role != core.Manager { // the 5th is a Saturday: forward to Monday
			k.Fatalf("%+v", ds)
		}
		i, ok := issueOf(k, report.Operations, "2026-11-01")
		if !ok {
			k.Fatal("the month's report is not composed")
		}
		edit(k, i.Ref.ID, words())
		k.Must(do(k, core.Manager, report.Submit, i.Ref.ID)) // the manager's own goes to the general manager
		k.Must(k.TryWrite(core.GM, func(ctx context.Context, tx db.Tx) error {
			rs, err := approval.Of(ctx, tx, i.Ref)
			if err != nil {
				return err
			}
			return approval.Decide(ctx, tx, rs[0].Ref.ID, true, "")
		}))
		if ds := duties(k, "A3.3", "day"); ds[0].State != duty.StateOpen {
			k.Errorf("closed before it was sent: %+v", ds[0])
		}
		k.Must(do(k, core.Supervisor, report.Send, i.Ref.ID))
		if ds := duties(k, "A3.3", "day"); ds[0].State != duty.StateDone || ds[0].Late {
			k.Errorf("sent, and still %+v", ds[0])
		}
	})
}

// ---- the work report and the analysis

func TestB4_7_TheReportAndAnAnnouncementTogether(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Tick()
		k.SetNow(at("2026-12-01 06:00"))
		k.Tick()
		ds := open(duties(k, "B4.7", "day"), "2026-12")
		if len(ds) != 1 || !ds[0].Due.Equal(at("2027-01-01 00:00")) {
			k.Fatalf("%+v", ds)
		}
		i, ok := issueOf(k, report.Work, "2026-11-01")
		if !ok {
			k.Fatal("no work report")
		}
		k.Must(do(k, core.Supervisor, report.Submit, i.Ref.ID))
		if ds := open(duties(k, "B4.7", "day"), "2026-12"); len(ds) != 1 {
			k.Error("done without an announcement to owners")
		}
		if n := unread(k, core.GM); n == 0 {
			k.Error("the general manager was not told of the report")
		}
		announce := func(day core.Date) error {
			return k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
				_, err := report.Announce(ctx, tx, report.Announcement{Title: "外墙清洗", Text: "本周清洗外墙", Places: "大堂公告栏", Day: day})
				return err
			})
		}
		if err := announce("2026-12-09"); !core.IsKind(err, core.KindInvalid) {
			k.Errorf("published tomorrow: %v", err)
		}
		k.Must(announce("2026-11-30"))
		if ds := open(duties(k, "B4.7", "day"), "2026-12"); len(ds) != 1 {
			k.Error("last month's announcement closes this month's duty")
		}
		k.Must(announce("2026-12-01"))
		if ds := open(duties(k, "B4.7", "day"), "2026-12"); len(ds) != 0 {
			k.Errorf("both are there, and still owed: %+v", ds)
		}
		k.Must(k.TryWrite(core.GM, func(ctx context.Context, tx db.Tx) error {
			return report.Remark(ctx, tx, i.Ref.ID, report.Word{Text: "继续跟进电梯"})
		}))
		if i := get(k, i.Ref.ID); i.Remark == "" || i.RemarkedBy != "孙总" {
			k.Errorf("%+v", i)
		}
		verify(k)
	})
}

func unread(k *testkit.Kit, r core.Role) (n int) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		n, _, err = notify.Unread(ctx, tx, k.Project.ID, k.Users[r], []core.Role{r})
		return err
	})
	return n
}

func TestB4_7_SwitchedOffNothingIsOwed(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Off("B4.7")
		k.SetNow(at("2026-12-01 06:00"))
		k.Tick()
		if ds := duties(k, "B4.7", "day"); len(ds) != 0 {
			k.Errorf("%+v", ds)
		}
	})
}

func TestA8_2_AnAnalysisHasConclusionsAndIsOwedEachQuarter(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Tick()
		k.SetNow(at("2027-01-01 06:00"))
		k.Tick()
		ds := duties(k, "A8.2", "day")
		if len(ds) != 1 || !ds[0].Due.Equal(at("2027-01-16 00:00")) {
			k.Fatalf("%+v", ds)
		}
		i, ok := issueOf(k, report.Analysis, "2026-10-01")
		if !ok || i.To != "2026-12-31" {
			k.Fatalf("%+v", i)
		}
		k.Refused("A8.2", do(k, core.Supervisor, report.Submit, i.Ref.ID))
		edit(k, i.Ref.ID, report.Text{Conclusion: "周一上午报修集中", Plan: "周一增派一人"})
		k.Must(do(k, core.Supervisor, report.Submit, i.Ref.ID))
		if ds := duties(k, "A8.2", "day"); ds[0].State != duty.StateDone {
			k.Errorf("submitted, and still %+v", ds[0])
		}
	})
}

func TestA8_2_SwitchedOffNoConclusionIsAskedFor(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Off("A8.2")
		id := compose(k, report.Analysis, "2026-08-15")
		k.Must(do(k, core.Supervisor, report.Submit, id))
		k.SetNow(at("2027-01-01 06:00"))
		k.Tick()
		if ds := duties(k, "A8.2", "day"); len(ds) != 0 {
			k.Errorf("%+v", ds)
		}
	})
}

func TestTheAnalysisSaysWhoAsksAndWhen(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(at("2026-10-02 09:00"))
		k.Fill(k.Project)
		k.SetNow(at("2027-01-04 09:00"))
		i := get(k, compose(k, report.Analysis, "2026-11-11"))
		var taken, hours, days int64
		if f, ok := figure(i, "desk.taken"); ok {
			taken = f.Value
		}
		for _, l := range table(i, "desk.hour").Lines {
			hours += l.Values[0]
		}
		for n, l := range table(i, "desk.weekday").Lines {
			days += l.Values[0]
			if n != 4 && l.Values[0] != 0 { // 2 October 2026 is a Friday
				k.Errorf("%s: %d", l.Name.EN, l.Values[0])
			}
		}
		if taken == 0 || hours != taken || days != taken || table(i, "desk.hour").Lines[9].Values[0] != taken {
			k.Errorf("%d taken, %d by hour, %d by weekday", taken, hours, days)
		}
		var classed int64
		for _, l := range table(i, "desk.class").Lines {
			classed += l.Values[0]
		}
		if classed != taken {
			k.Errorf("%d by category of %d", classed, taken)
		}
	})
}
