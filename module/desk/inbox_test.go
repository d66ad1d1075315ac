package desk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/smtp"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/testkit"
)

const (
	ours   = "desk@lhgc.example"
	theirs = "chen@huada.example"
)

// post is a mail server with the desk's mailbox and a customer's, set up on the pages by the administrator.
func post(k *testkit.Kit) *testkit.Mailbox {
	k.Helper()
	m := testkit.NewMailbox(k, ours, theirs)
	admin := k.As(core.Admin)
	admin.Submit("/firm/channel/mail", map[string]string{"on": "true", "host": m.Host, "port": strconv.FormatInt(m.SMTPPort, 10), "security": "plain", "user": "", "from": ours, "sender": "联合广场"}).OK(k)
	page := admin.Submit(admin.P("inbox/new"), map[string]string{"name": "客服信箱", "address": ours, "host": m.Host, "port": strconv.FormatInt(m.IMAPPort, 10), "security": "plain", "login": ours, "password": testkit.MailPassword, "done_folder": "已受理", "enabled": "true"}).OK(k)
	if page.Has(testkit.MailPassword) {
		k.Error("the password is shown")
	}
	if p := admin.SubmitForm(page, "form[action$='/test']", nil).OK(k); !p.Has("连接成功") {
		k.Fatalf("testing the mailbox: %s", p.Text("main"))
	}
	return m
}

// huada is a customer whose address is on file.
func huada(k *testkit.Kit) (id core.ID) {
	k.Helper()
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: "华达科技有限公司", Category: customer.Ordinary, Consent: "written",
			Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231", Mail: theirs}}})
		return err
	})
	return id
}

func minute(k *testkit.Kit) { k.Helper(); k.Advance(time.Minute); k.Drain() }

func mailText(id, subject, more, text string) string {
	return strings.ReplaceAll("From: Chen <"+theirs+">\nTo: "+ours+"\nSubject: "+subject+"\nMessage-ID: <"+id+">\n"+more+"\n"+text+"\n", "\n", "\r\n")
}

func count(k *testkit.Kit, what string) (n int64) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		n, err = db.Value[int64](ctx, tx, "select count(*) from "+what+" and project_id = $1", k.Project.ID)
		return err
	})
	return n
}

func byMail(k *testkit.Kit) int64 { return count(k, "desk_matter where channel = 'mail'") }

func TestALetterBecomesOneMatterAndIsAnsweredOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := huada(k)
		box := post(k)
		body := mailText("a1@huada.example", "=?UTF-8?B?56m66LCD5LiN5Yi25Ya3?=", "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n",
			"--b\nContent-Type: text/plain; charset=utf-8\n\n十二楼空调不制冷\n--b\nContent-Disposition: attachment; filename=\"note.txt\"\n\nmeasured 31 degrees in the room\n--b\nContent-Disposition: attachment; filename=\"run.exe\"\n\nMZ\x01\x02\x03\n--b--")
		k.Must(smtp.SendMail(fmt.Sprintf("%s:%d", box.Host, box.SMTPPort), nil, theirs, []string{ours}, []byte(body)))
		minute(k)
		if n := byMail(k); n != 1 {
			k.Fatalf("%d matters of one letter", n)
		}
		clerk := k.As(core.Desk)
		list := clerk.Get(clerk.P("desk")).OK(k)
		path := regexp.MustCompile(`/p/[a-z]+/desk/\d+`).FindString(string(list.Body))
		page := clerk.Get(path).OK(k)
		for _, want := range []string{"空调不制冷", "十二楼", "华达科技", "run.exe", "note.txt", "来信"} {
			if !page.Has(want) {
				k.Errorf("the matter lacks %s: %s", want, page.Text("main"))
			}
		}
		if all, _ := box.Letters(ours, "INBOX"); all != 0 {
			k.Errorf("%d letters were not moved", all)
		}
		if all, unread := box.Letters(ours, "已受理"); all != 1 || unread != 0 {
			k.Errorf("%d letters in the folder, %d unread", all, unread)
		}
		if all, _ := box.Letters(theirs, "INBOX"); all != 1 {
			k.Fatalf("%d answers in the customer's mailbox", all)
		}
		if p := clerk.Get(clerk.P("customer/" + who.String())).OK(k); !p.Has("空调不制冷") || !p.Has("往来记录") {
			k.Errorf("not filed under the customer (C15.7): %s", p.Text("main"))
		}
		answer := string(box.Sent()[len(box.Sent())-1].Raw)
		number := regexp.MustCompile(`SQ-\d+-\d+`).FindString(page.Text("main"))
		id := regexp.MustCompile(`(?i)Message-ID: <([^>]+)>`).FindStringSubmatch(answer)[1]
		// The customer answers our answer, by its reference, and a colleague by the number in the subject.
		box.Deliver(ours, mailText("a2@huada.example", "Re: x", "In-Reply-To: <"+id+">\n", "还是热\n\n在 2026年11月18日,客服 写道:\n已收到"))
		box.Deliver(ours, mailText("a3@huada.example", "Fwd: "+number, "", "三十一度"))
		box.Deliver(ours, mailText("a4@huada.example", "Out of office", "Auto-Submitted: auto-replied\nIn-Reply-To: <"+id+">\n", "休假中"))
		minute(k)
		page = clerk.Get(path).OK(k)
		if !page.Has("还是热") || !page.Has("三十一度") || !page.Has("休假中") || byMail(k) != 1 {
			k.Errorf("the replies: %d matters, %s", byMail(k), page.Text("main"))
		}
		if all, _ := box.Letters(theirs, "INBOX"); all != 1 {
			k.Errorf("%d answers: replies and absence notes are not answered", all)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			report, err := journal.Verify(ctx, tx, k.App.Lists.Tables)
			if err == nil && len(report.Findings) > 0 {
				k.Errorf("the journal: %v", report.Findings)
			}
			return err
		})
	})
}

func TestALetterThatComesAgainIsTheSame(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		box := post(k)
		other := k.Open() // a second node on the same database
		look := func() {
			k.SetNow(k.Now().Add(time.Minute))
			ctx := core.AsSystem(k.App.Context(context.Background()))
			k.Must(k.App.Tick(ctx))
			done := make(chan error, 1)
			go func() { _, err := other.Runner.Drain(core.AsSystem(other.Context(context.Background()))); done <- err }()
			k.Drain()
			k.Must(<-done)
			k.Drain()
		}
		for i := range 5 {
			box.Deliver(ours, mailText(fmt.Sprintf("b%d@x.example", i), fmt.Sprintf("letter %d", i), "", "hot"))
		}
		look()
		if n := byMail(k); n != 5 {
			k.Fatalf("%d matters of five letters", n)
		}
		// Cut short after the commit: the mailbox was not told, and how far it was read is forgotten.
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			_, err := db.Exec(ctx, tx, "delete from desk_inbox_state where project_id = $1", k.Project.ID)
			return err
		})
		box.Renumber(ours)
		for i := range 5 {
			box.Deliver(ours, "Received: by another way\r\n"+mailText(fmt.Sprintf("b%d@x.example", i), fmt.Sprintf("letter %d", i), "", "hot"))
		}
		box.Deliver(ours, mailText("b9@x.example", "letter 9", "", "cold"))
		look()
		if n := byMail(k); n != 6 {
			k.Errorf("%d matters of six letters", n)
		}
		if n := count(k, "desk_mail where answered"); n > 3 {
			k.Errorf("%d answers to one address in a day", n)
		}
	})
}

func TestMachinesAndOurselvesAreNotAnswered(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		box := post(k)
		box.Deliver(ours, mailText("c1@x.example", "away", "Auto-Submitted: auto-replied\n", "away"))
		box.Deliver(ours, mailText("c2@x.example", "sale", "List-Id: <l.example>\n", "sale"))
		box.Deliver(ours, "From: MAILER-DAEMON@x.example\r\nSubject: failed\r\n\r\nfailed\r\n")
		box.Deliver(ours, "From: "+ours+"\r\nSubject: loop\r\n\r\nloop\r\n")
		box.Deliver(ours, "From: no-reply@"+strings.Split(theirs, "@")[1]+"\r\nSubject: bill\r\n\r\nyour bill\r\n")
		minute(k)
		if n := byMail(k); n != 1 {
			k.Errorf("%d matters, want the bill alone", n)
		}
		if len(box.Sent()) != 0 {
			k.Errorf("%d answers", len(box.Sent()))
		}
		clerk := k.As(core.Desk)
		list := clerk.Get(clerk.P("mail?state=skipped")).OK(k)
		for _, want := range []string{"away", "sale", "failed", "loop"} {
			if !list.Has(want) {
				k.Errorf("the list of what was not taken down lacks %s", want)
			}
		}
		href := regexp.MustCompile(`/p/[a-z]+/mail/\d+`).FindString(string(list.Body))
		clerk.Submit(href+"/take", map[string]string{"kind": desk.Enquiry, "content": "人工受理"}).OK(k)
		if n := byMail(k); n != 2 {
			k.Errorf("%d matters after one was taken down by hand", n)
		}
	})
}

func TestALetterThatCannotBeReadIsKept(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		box := post(k)
		raw := "Subject: nobody wrote this\r\nContent-Type: multipart/mixed\r\n\r\nbroken\r\n"
		box.Deliver(ours, raw)
		box.Deliver(ours, mailText("d2@x.example", "fine", "", "hot"))
		minute(k)
		clerk := k.As(core.Desk)
		list := clerk.Get(clerk.P("mail?state=broken")).OK(k)
		if !list.Has("无法解读的邮件") || byMail(k) != 1 {
			k.Errorf("%d matters; the list: %s", byMail(k), list.Text("main"))
		}
		href := regexp.MustCompile(`/p/[a-z]+/mail/\d+`).FindString(string(list.Body))
		if href == "" {
			k.Fatal("the letter is lost")
		}
		if p := clerk.Get(href + "/letter.eml"); p.Status != http.StatusOK || string(p.Body) != raw {
			k.Errorf("the original: %d %q", p.Status, p.Body)
		}
		if p := k.As(core.Guard).Get(href + "/letter.eml"); p.Status == http.StatusOK {
			k.Error("a guard reads letters")
		}
		clerk.Submit(href+"/settle", map[string]string{"text": "垃圾邮件"}).OK(k)
		if p := clerk.Get(clerk.P("mail?state=broken")).OK(k); p.Has("nobody wrote") {
			k.Error("dealt with, and still on the list")
		}
	})
}

func TestTheMailboxSaysWhatIsWrong(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		box := post(k)
		admin := k.As(core.Admin)
		href := regexp.MustCompile(`/p/[a-z]+/inbox/\d+`).FindString(string(admin.Get(admin.P("inbox")).OK(k).Body))
		if p := admin.Submit(href+"/edit", map[string]string{"host": "mail.example", "security": "plain"}); p.Status != 422 {
			k.Errorf("a password in the open: %d", p.Status)
		}
		admin.Submit(href+"/edit", map[string]string{"password": "wrong"}).OK(k)
		if p := admin.Post(href+"/test", nil); p.Status != 422 || !p.Has("连不上") {
			k.Errorf("testing with the wrong password: %d", p.Status)
		}
		minute(k)
		if p := admin.Get(href).OK(k); !p.Has("收不到信") {
			k.Errorf("the mailbox's page: %s", p.Text("main"))
		}
		box.Deliver(ours, mailText("e1@x.example", "hot", "", "hot"))
		admin.Submit(href+"/edit", map[string]string{"password": testkit.MailPassword}).OK(k)
		minute(k)
		if p := admin.Get(href).OK(k); !p.Has("收信正常") || byMail(k) != 1 {
			k.Errorf("mended: %d matters, %s", byMail(k), p.Text("main"))
		}
		if p := k.As(core.Desk).Get(href); p.Status == http.StatusOK {
			k.Error("the clerk sees the mailbox's settings")
		}
		admin.Submit(href+"/void", map[string]string{"text": "换了邮箱"}).OK(k)
		box.Deliver(ours, mailText("e2@x.example", "hot again", "", "hot"))
		minute(k)
		if byMail(k) != 1 {
			k.Error("ended, and still read")
		}
	})
}

func TestErasureTakesTheLettersAlong(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := huada(k)
		box := post(k)
		box.Deliver(ours, mailText("f1@huada.example", "secret words", "", "my private affairs"))
		minute(k)
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error { return customer.Erase(ctx, tx, who, "本人要求") })
		k.Read(func(ctx context.Context, tx db.Tx) error {
			ids, err := db.Values[core.ID](ctx, tx, "select id from desk_mail where project_id = $1 and customer_id = $2 and from_address = '' and subject = '' and text = ''", k.Project.ID, who)
			if err != nil || len(ids) != 1 {
				k.Fatalf("%d letters are blank: %v", len(ids), err)
			}
			fs, err := file.List(ctx, tx, core.Ref{Project: k.Project.ID, Kind: "mail", ID: ids[0]})
			if len(fs) != 0 {
				k.Errorf("%d originals are in force", len(fs))
			}
			return err
		})
	})
}

func TestTheCustomersPageShowsTheCalls(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := huada(k)
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
			_, err := desk.AddCall(ctx, tx, desk.Call{Direction: desk.In, Phone: "13800002231", Answered: true, User: "林敏", Seconds: 75, Recording: "rec-77.wav"})
			return err
		})
		clerk := k.As(core.Desk)
		if p := clerk.Get(clerk.P("customer/" + who.String())).OK(k); !p.Has("rec-77.wav") {
			k.Errorf("the customer's page lacks the call: %s", p.Text("main"))
		}
	})
}
