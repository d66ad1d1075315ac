package outbox_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/testkit"
)

// inbox is a mail server that keeps the recipients of what it accepts.
type inbox struct {
	mu   sync.Mutex
	got  []string // "recipient: subject"
	down bool
}

func (b *inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &letter{inbox: b}, nil }

func (b *inbox) all() string { b.mu.Lock(); defer b.mu.Unlock(); return strings.Join(b.got, "\n") }

type letter struct {
	inbox *inbox
	to    string
}

func (l *letter) Reset()                                    {}
func (l *letter) Logout() error                             { return nil }
func (l *letter) Mail(string, *smtp.MailOptions) error      { return nil }
func (l *letter) Rcpt(to string, _ *smtp.RcptOptions) error { l.to = to; return nil }
func (l *letter) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	l.inbox.mu.Lock()
	defer l.inbox.mu.Unlock()
	if l.inbox.down {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "mailbox unknown"}
	}
	l.inbox.got = append(l.inbox.got, l.to+": "+m.Header.Get("Subject"))
	return nil
}

// mailServer starts one and has the administrator set it up on the page.
func mailServer(k *testkit.Kit) *inbox {
	k.Helper()
	b := &inbox{}
	s := smtp.NewServer(b)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	k.Must(err)
	go func() { _ = s.Serve(l) }()
	k.Cleanup(func() { _ = s.Close() })
	admin := k.As(core.Admin)
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	p := admin.Submit("/firm/channel/mail", map[string]string{"on": "true", "host": "127.0.0.1", "port": port, "security": "plain", "user": "", "from": "desk@example.com", "sender": "Desk"})
	if p.Status != http.StatusOK || !p.Has("已保存") {
		k.Fatalf("setting up the mail server: %d %s", p.Status, p.Text("main"))
	}
	return b
}

func TestTheAdministratorSetsAChannelUpAndTestsIt(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := mailServer(k)
		admin := k.As(core.Admin)
		p := admin.SubmitForm(admin.Get("/firm/channel/mail"), "form#test", map[string]string{"to": "boss@example.com"})
		if p.Status != http.StatusOK || !p.Has("测试已发出") || !strings.HasPrefix(b.all(), "boss@example.com:") {
			k.Errorf("the test: %d %s; arrived: %s", p.Status, p.Text("main"), b.all())
		}
		b.down = true
		p = admin.SubmitForm(admin.Get("/firm/channel/mail"), "form#test", map[string]string{"to": "boss@example.com"})
		if p.Status != http.StatusUnprocessableEntity || !p.Has("mailbox unknown") {
			k.Errorf("a refused test says %d %s", p.Status, p.Text("main"))
		}
		p = admin.Submit("/firm/channel/mail", map[string]string{"on": "true", "host": "mail.example.com", "security": "plain", "from": "desk@example.com"})
		if p.Status != http.StatusUnprocessableEntity {
			k.Errorf("mail without encryption to another machine was accepted: %d", p.Status)
		}
		if p := k.As(core.Manager).Get("/firm/channel"); p.Status != http.StatusForbidden {
			k.Errorf("a manager opens the channels: %d", p.Status)
		}
	})
}

func TestNoSecretIsShownBack(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		admin := k.As(core.Admin)
		for path, form := range map[string]map[string]string{
			"/firm/channel/mail":     {"host": "mail.example.com", "security": "tls", "user": "desk", "password": "hunter2hunter2", "from": "desk@example.com"},
			"/firm/channel/sms":      {"method": "POST", "url": "https://sms.example.com", "body": "p={phone}&t={text}", "secret": "hunter2hunter2"},
			"/firm/channel/wecom":    {"address": "https://qyapi.example.com/?key=hunter2hunter2"},
			"/firm/channel/dingtalk": {"address": "https://oapi.example.com/?access_token=hunter2hunter2", "sign": "SEChunter2hunter2"},
		} {
			if p := admin.Submit(path, form); !p.Has("已保存") || p.Has("hunter2") {
				k.Errorf("%s: %d\n%s", path, p.Status, p.Text("main"))
			}
			if p := admin.Submit(path, map[string]string{}); !p.Has("已保存") || p.Has("hunter2") {
				k.Errorf("%s again: %d\n%s", path, p.Status, p.Text("main"))
			}
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			s, err := notify.SettingsOf(ctx, tx)
			if s.Mail.Password != "hunter2hunter2" || s.SMS.Secret != "hunter2hunter2" || !strings.Contains(string(s.WeCom.Address), "hunter2") || s.DingTalk.Sign != "SEChunter2hunter2" {
				k.Errorf("an empty field took a secret away: %+v", s)
			}
			return err
		})
	})
}

// TestWhatWaitsForApprovalArrives: the manager chose e-mail; a request for him reaches it, and stands in the outbox, beside
// the record, masked, with its history.
func TestWhatWaitsForApprovalArrives(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := mailServer(k)
		manager := k.As(core.Manager)
		p := manager.SubmitForm(manager.Get("/me"), "form[action='/me/notice']", map[string]string{"mail": "he@example.com", "urgent": "mail", "ordinary": "mail"})
		if !p.Has("已保存") {
			k.Fatalf("my choice: %d %s", p.Status, p.Text("main"))
		}
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			_, err := approval.Ask(ctx, tx, approval.Request{Verb: "regulation.set", About: core.Ref{Project: k.Project.ID, Kind: "clause", ID: 1}, Title: core.T("改期限", "Change a term"), Reason: "test"},
				map[string]string{}, approval.Step{Role: core.Manager})
			return err
		})
		k.Tick()
		if got := b.all(); strings.Count(got, "he@example.com:") != 1 {
			k.Fatalf("arrived: %q", got)
		}
		list := manager.Get(manager.P("outbox") + "?state=sent").OK(k)
		if !list.Has("h****@example.com") || list.Has("he@example.com") || !list.Has("等您审批") {
			k.Errorf("the list: %s", list.Text("main"))
		}
		if p := manager.Get(manager.P("outbox") + "?q=HE@example.com").OK(k); !p.Has("h****@example.com") {
			k.Errorf("by its address it is not found: %s", p.Text("main"))
		}
		if p := manager.Get(manager.P("outbox") + "?q=she@example.com").OK(k); p.Has("h****@example.com") {
			k.Error("another address finds it")
		}
		one := manager.Get(manager.P("outbox/" + k.Example("outbox").String())).OK(k)
		if !one.Has("对方已接收") || !one.Has("何海") || one.Has("he@example.com") {
			k.Errorf("the record: %s", one.Text("main"))
		}
		if p := manager.Get(manager.P("approval/" + k.Example("approval").String())).OK(k); !p.Has("发出的消息") || !p.Has("h****@example.com") {
			k.Errorf("beside the request: %s", p.Text("main"))
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			report, err := journal.Verify(ctx, tx, k.App.Lists.Tables)
			if len(report.Findings) > 0 {
				k.Errorf("verify: %v", report.Findings)
			}
			return err
		})
	})
}

func TestAFailedDeliveryIsTriedAgainOrGivenUpWithAReason(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := mailServer(k)
		b.down = true
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
			return notify.Send(ctx, tx, k.Project.ID, notify.To{Mail: "jane@example.com"}, notify.Letter{Template: "test", Title: core.T("停水", "Water off")})
		})
		k.Drain()
		supervisor := k.As(core.Supervisor)
		path := supervisor.P("outbox/" + k.Example("outbox").String())
		if p := supervisor.Get(path).OK(k); !p.Has("mailbox unknown") {
			k.Fatalf("the failed one: %s", p.Text("main"))
		}
		if p := supervisor.Post(path+"/retry", url.Values{}); p.Status != http.StatusUnprocessableEntity {
			k.Errorf("without a reason: %d", p.Status)
		}
		if p := k.As(core.Desk).Post(path+"/retry", url.Values{"reason": {"again"}}); p.Status != http.StatusForbidden {
			k.Errorf("the desk tried again: %d", p.Status)
		}
		b.down = false
		supervisor.Submit(path+"/retry", map[string]string{"reason": "邮箱已恢复"}).OK(k)
		k.Drain()
		if p := supervisor.Get(path).OK(k); !p.Has("已送出") || !p.Has("邮箱已恢复") || !strings.HasPrefix(b.all(), "jane@example.com:") {
			k.Errorf("after the retry: %s; arrived %q", p.Text("main"), b.all())
		}
		api := k.Token(core.Supervisor)
		if p := api.API("POST", "/api/v1/projects/"+k.Project.Code+"/deliveries/"+k.Example("outbox").String()+"/give_up", map[string]string{"reason": "no use"}); p.Status != http.StatusConflict {
			k.Errorf("giving up what was sent: %d", p.Status)
		}
		if p := api.API("GET", "/api/v1/projects/"+k.Project.Code+"/deliveries?state=sent", nil); p.Status != http.StatusOK || !p.Has("j****@example.com") || p.Has("jane@") {
			k.Errorf("the API: %d %s", p.Status, p.Body)
		}
	})
}

// TestARepairReachesASubscribedProgram: the administrator subscribes a program to 报修, and a repair that is taken down calls it.
func TestARepairReachesASubscribedProgram(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		var mu sync.Mutex
		var calls []string
		peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			defer mu.Unlock()
			if r.Header.Get(notify.HeaderSignature) != notify.Sign("a key of the programs", r.Header.Get(notify.HeaderTimestamp), string(body)) {
				w.WriteHeader(http.StatusForbidden)
			}
			calls = append(calls, r.Header.Get(notify.HeaderEvent)+" "+string(body))
		}))
		defer peer.Close()
		admin := k.As(core.Admin)
		hook := map[string]string{"name": "ERP", "url": peer.URL, "secret": "a key of the programs", "events": "repair.taken", "enabled": "true"}
		p := admin.Submit("/firm/webhook/new", hook).OK(k)
		if p.Has("a key of the programs") {
			k.Error("the page shows the signing key")
		}
		refused := admin.SubmitForm(p, "form[action$='/test']", nil)
		if refused.Status != http.StatusUnprocessableEntity || len(calls) != 0 {
			k.Errorf("an address of the private network was called: %d", refused.Status)
		}
		admin.Submit("/firm/channel/site", map[string]string{"private": "true"}).OK(k)
		admin.SubmitForm(p, "form[action$='/test']", nil).OK(k)
		k.Fill(k.Project)
		k.Drain()
		mu.Lock()
		defer mu.Unlock()
		if len(calls) != 2 || !strings.HasPrefix(calls[0], "test ") || !strings.HasPrefix(calls[1], "repair.taken ") || strings.Contains(calls[1], "13812342231") {
			k.Errorf("calls %q", calls)
		}
	})
}

func TestTheChannelsHaveAnAPIThatKeepsSecretsToItself(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		api := k.Token(core.Admin, "*")
		set := map[string]any{"on": true, "host": "127.0.0.1", "port": 2525, "security": "plain", "user": "robot", "password": "a secret word", "from": "desk@example.com", "sender": "Desk"}
		if p := api.API("POST", "/api/v1/channels/mail", set); p.Status != http.StatusOK || p.Has("a secret word") {
			k.Fatalf("setting the mail server: %d %s", p.Status, p.Body)
		}
		delete(set, "password")
		set["port"] = 2526
		api.API("POST", "/api/v1/channels/mail", set).OK(k)
		got := api.API("GET", "/api/v1/channels/mail", nil).OK(k)
		if v := got.JSON(); v["host"] != "127.0.0.1" || v["port"] != float64(2526) || v["on"] != true || v["password"] != nil {
			k.Errorf("the setting: %v", v)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			s, err := notify.SettingsOf(ctx, tx)
			if s.Mail.Password != "a secret word" {
				k.Errorf("the password is %q: left out, it stays", s.Mail.Password)
			}
			return err
		})
		if p := api.API("POST", "/api/v1/channels/mail", map[string]any{"on": true, "host": "", "security": "plain", "from": "x"}); p.Status != http.StatusUnprocessableEntity {
			k.Errorf("a mail server without a host: %d", p.Status)
		}
		if p := k.Token(core.Desk, "*").API("GET", "/api/v1/channels/mail", nil); p.Status != http.StatusForbidden {
			k.Errorf("the clerk reads the settings: %d", p.Status)
		}
	})
}
