package notify_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/notify"
)

// post is a mail server that keeps what it accepts.
type post struct {
	host   string
	port   int64
	mu     sync.Mutex
	got    []received
	refuse []error // answers to the next letters, nil accepts
}

type received struct{ to, id, subject, body string }

func startPost(t *testing.T) *post {
	t.Helper()
	p := &post{}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &conversation{post: p}, nil }))
	s.AllowInsecureAuth = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr)
	p.host, p.port = at.IP.String(), int64(at.Port)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return p
}

func (p *post) letters() []received { p.mu.Lock(); defer p.mu.Unlock(); return slices.Clone(p.got) }

type conversation struct {
	post *post
	to   string
}

func (c *conversation) Reset()                                    {}
func (c *conversation) Logout() error                             { return nil }
func (c *conversation) Mail(string, *smtp.MailOptions) error      { return nil }
func (c *conversation) Rcpt(to string, _ *smtp.RcptOptions) error { c.to = to; return nil }

func (c *conversation) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	b, _ := io.ReadAll(m.Body)
	subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	c.post.mu.Lock()
	defer c.post.mu.Unlock()
	if len(c.post.refuse) > 0 {
		err, c.post.refuse = c.post.refuse[0], c.post.refuse[1:]
		if err != nil {
			return err
		}
	}
	c.post.got = append(c.post.got, received{c.to, m.Header.Get("Message-ID"), subject, decoded(m.Header.Get("Content-Transfer-Encoding"), b)})
	return nil
}

func decoded(encoding string, b []byte) string {
	if encoding == "quoted-printable" {
		text, _ := new(mime.WordDecoder).Decode("=?UTF-8?Q?" + strings.NewReplacer("=\r\n", "", "\r\n", "=0A", " ", "_", "?", "=3F").Replace(strings.TrimSpace(string(b))) + "?=")
		return text
	}
	if encoding == "base64" {
		b, _ = base64.StdEncoding.DecodeString(strings.ReplaceAll(string(b), "\r\n", ""))
	}
	return string(b)
}

// bench is a database, a runner and a clock that the test moves.
type bench struct {
	*testing.T
	db     *db.DB
	runner *job.Runner
	mu     sync.Mutex
	now    time.Time
	people map[core.ID]notify.Person
	roles  map[core.Role][]core.ID
}

// noon is a Wednesday noon in Shanghai.
var noon = time.Date(2026, 11, 18, 12, 0, 0, 0, core.China)

func outboxTables() []fs.FS { return []fs.FS{journal.Migrations, job.Migrations, notify.Migrations} }

func eachBench(t *testing.T, fn func(b *bench)) {
	t.Helper()
	dbtest.Each(t, outboxTables(), func(t *testing.T, d *db.DB) { fn(newBench(t, d)) })
}

func newBench(t *testing.T, d *db.DB) *bench {
	return &bench{T: t, db: d, runner: job.NewRunner(d, notify.Jobs(), slog.New(slog.NewTextHandler(io.Discard, nil))), now: noon,
		people: map[core.ID]notify.Person{}, roles: map[core.Role][]core.ID{}}
}

func (b *bench) ctx() context.Context {
	ctx := core.WithClock(core.AsSystem(context.Background()), func() time.Time { b.mu.Lock(); defer b.mu.Unlock(); return b.now })
	return notify.With(ctx, notify.Book{
		Person:  func(_ context.Context, _ db.Tx, id core.ID) (notify.Person, error) { return b.people[id], nil },
		Holders: func(_ context.Context, _ db.Tx, _ core.ID, r core.Role) ([]core.ID, error) { return b.roles[r], nil },
		Place: func(_ context.Context, _ db.Tx, id core.ID) (core.Project, error) {
			return core.Project{ID: id, Code: "lhgc", Name: "联合广场", Zone: core.China}, nil
		},
	})
}

func (b *bench) write(fn func(ctx context.Context, tx db.Tx) error) {
	b.Helper()
	if err := b.db.Write(b.ctx(), fn); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) send(to notify.To, l notify.Letter) {
	b.Helper()
	b.write(func(ctx context.Context, tx db.Tx) error { return notify.Send(ctx, tx, project, to, l) })
}

// work ticks and drains.
func (b *bench) work() {
	b.Helper()
	if err := notify.Tick(b.ctx(), b.db); err != nil {
		b.Fatal(err)
	}
	if _, err := b.runner.Drain(b.ctx()); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) advance(by time.Duration) {
	b.Helper()
	b.mu.Lock()
	b.now = b.now.Add(by)
	b.mu.Unlock()
	b.work()
}

func (b *bench) list(f notify.Filter) (out []notify.Delivery) {
	b.Helper()
	f.Limit = 500
	err := b.db.Read(b.ctx(), func(ctx context.Context, tx db.Tx) (err error) {
		out, err = notify.List(ctx, tx, project, f)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// one is the only delivery there is.
func (b *bench) one(want notify.State) notify.Delivery {
	b.Helper()
	all := b.list(notify.Filter{})
	if len(all) != 1 || all[0].State != want {
		b.Fatalf("deliveries %+v, want one that is %s", all, want)
	}
	return all[0]
}

func (b *bench) mailBy(p *post) {
	b.Helper()
	b.write(func(ctx context.Context, tx db.Tx) error {
		return errors.Join(notify.SetSite(ctx, tx, notify.SiteSetting{Base: "https://huiyin.example.com/", Private: true}),
			notify.SetMail(ctx, tx, notify.MailSetting{On: true, Host: p.host, Port: p.port, Security: notify.Plain, From: "desk@example.com", Sender: "客服"}))
	})
}

func reply() notify.Letter {
	return notify.Letter{Template: "complaint.reply", Ref: core.Ref{Project: project, Kind: "complaint", ID: 5}, Title: core.T("您的投诉已受理", "Your complaint is in hand"),
		Body: core.T("我们会在七天内答复您。", "We answer within seven days."), URL: "/p/lhgc/complaint/5"}
}

func TestALetterGoesOutAfterTheCommitAndOnce(t *testing.T) {
	eachBench(t, func(b *bench) {
		p := startPost(b.T)
		b.mailBy(p)
		b.write(func(ctx context.Context, tx db.Tx) error {
			if err := notify.Send(ctx, tx, project, notify.To{Mail: "zhang@example.com"}, reply()); err != nil {
				return err
			}
			time.Sleep(50 * time.Millisecond)
			if n := len(p.letters()); n != 0 {
				b.Errorf("%d letters went out inside the transaction", n)
			}
			return nil
		})
		b.work()
		b.work()
		got := p.letters()
		if len(got) != 1 || got[0].to != "zhang@example.com" || got[0].subject != "您的投诉已受理" || !strings.Contains(got[0].body, "七天内") ||
			!strings.Contains(got[0].body, "https://huiyin.example.com/p/lhgc/complaint/5") {
			b.Fatalf("the server got %+v", got)
		}
		d := b.one(notify.Sent)
		if d.Mask != "z****@example.com" || !strings.Contains(got[0].id, d.Ref.ID.String()) || !d.SentAt.Equal(noon) || d.Tries != 1 {
			b.Errorf("the row says %+v", d)
		}
		_ = b.db.Write(b.ctx(), func(ctx context.Context, tx db.Tx) error {
			_ = notify.Send(ctx, tx, project, notify.To{Mail: "zhang@example.com"}, reply())
			return errors.New("rolled back")
		})
		b.work()
		if n := len(p.letters()); n != 1 {
			b.Errorf("a letter of a transaction that was rolled back went out: %d", n)
		}
	})
}

func TestAddressAndTextAreSealedAndGoWithTheCustomer(t *testing.T) {
	eachBench(t, func(b *bench) {
		p := startPost(b.T)
		b.mailBy(p)
		b.send(notify.To{Customer: 77, Contact: 78, Mail: "secretly@example.com"}, reply())
		b.write(func(ctx context.Context, tx db.Tx) error {
			rows, err := db.Values[string](ctx, tx, "select address || '|' || title || '|' || body || '|' || address_mask from notify_outbox where project_id = $1", project)
			if err != nil || len(rows) != 1 || strings.Contains(rows[0], "secretly") || strings.Contains(rows[0], "七天") {
				b.Errorf("the row holds %q %v", rows, err)
			}
			return db.EraseKey(ctx, tx, project, 77)
		})
		b.work()
		if d := b.one(notify.Suppressed); d.Reason().EN != "The recipient's personal data has been erased" || len(p.letters()) != 0 {
			b.Errorf("after the erasure: %+v, %d letters", d, len(p.letters()))
		}
	})
}

func TestTriesComeAtGrowingPausesOfBusinessTime(t *testing.T) {
	eachBench(t, func(b *bench) {
		p := startPost(b.T)
		b.mailBy(p)
		later := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come back later"}
		p.refuse = []error{later, later}
		b.send(notify.To{Mail: "zhang@example.com"}, reply())
		b.work()
		if d := b.one(notify.Queued); d.Tries != 1 || !strings.Contains(d.Error, "come back later") || !d.Next.Equal(noon.Add(time.Minute)) {
			b.Errorf("after a first refusal: %+v", d)
		}
		b.advance(30 * time.Second)
		if d := b.one(notify.Queued); d.Tries != 1 {
			b.Errorf("it was tried before its time: %+v", d)
		}
		b.advance(31 * time.Second)
		if d := b.one(notify.Queued); d.Tries != 2 {
			b.Errorf("it was not tried at its time: %+v", d)
		}
		b.advance(5 * time.Minute)
		if d := b.one(notify.Sent); d.Tries != 3 || len(p.letters()) != 1 || d.Error != "" {
			b.Errorf("in the end: %+v, %d letters", d, len(p.letters()))
		}
	})
}

func TestWhatIsRefusedForGoodWaitsForSomebody(t *testing.T) {
	eachBench(t, func(b *bench) {
		p := startPost(b.T)
		b.mailBy(p)
		p.refuse = []error{&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}}
		b.send(notify.To{Mail: "nobody@example.com"}, reply())
		b.work()
		d := b.one(notify.Failed)
		if d.Tries != 1 || !strings.Contains(d.Error, "no such user") {
			b.Errorf("%+v", d)
		}
		b.advance(24 * time.Hour)
		b.one(notify.Failed)
		b.write(func(ctx context.Context, tx db.Tx) error {
			return notify.Retry(ctx, tx, project, d.Ref.ID, "地址已更正")
		})
		b.work()
		b.one(notify.Sent)
		err := b.db.Write(b.ctx(), func(ctx context.Context, tx db.Tx) error { return notify.Retry(ctx, tx, project, d.Ref.ID, "again") })
		err2 := b.db.Write(b.ctx(), func(ctx context.Context, tx db.Tx) error { return notify.GiveUp(ctx, tx, project, d.Ref.ID, "again") })
		if !core.IsKind(err, core.KindConflict) || !core.IsKind(err2, core.KindConflict) || len(p.letters()) != 1 {
			b.Errorf("what was sent could be sent again (%v) or given up (%v)", err, err2)
		}
	})
}

func TestGivenUpIsNotSent(t *testing.T) {
	eachBench(t, func(b *bench) {
		p := startPost(b.T)
		b.mailBy(p)
		b.send(notify.To{Mail: "zhang@example.com"}, reply())
		d := b.one(notify.Queued)
		b.write(func(ctx context.Context, tx db.Tx) error {
			return notify.GiveUp(ctx, tx, project, d.Ref.ID, "已电话告知")
		})
		b.work()
		b.one(notify.GivenUp)
		if len(p.letters()) != 0 {
			b.Error("it was sent all the same")
		}
	})
}

// TestACrashBetweenSendingAndNoting: the row of a dead process is left alone while it might live, then sent again under
// the same Message-ID and marked.
func TestACrashBetweenSendingAndNoting(t *testing.T) {
	eachBench(t, func(b *bench) {
		p := startPost(b.T)
		b.mailBy(p)
		b.send(notify.To{Mail: "zhang@example.com"}, reply())
		dead := func(since time.Duration) {
			b.write(func(ctx context.Context, tx db.Tx) error {
				return db.ExecOne(ctx, tx, "update notify_outbox set claim = 'dead', claimed_at = $1, tries = 1 where project_id = $2", time.Now().Add(-since), project)
			})
		}
		dead(10 * time.Second)
		b.work()
		if b.one(notify.Queued); len(p.letters()) != 0 {
			b.Fatal("a second node sent what the first was sending")
		}
		dead(2 * time.Minute)
		b.work()
		d := b.one(notify.Sent)
		if got := p.letters(); len(got) != 1 || !d.Doubtful || d.Tries != 2 || !strings.Contains(got[0].id, d.Ref.ID.String()) {
			b.Errorf("after the crash: %+v, letters %+v", d, got)
		}
	})
}

func TestTwoNodesDeliverEachRowOnce(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, outboxTables()...)
			d := dbtest.Open(t, cfg)
			other := d
			if e == db.Postgres {
				other = dbtest.Open(t, cfg)
			}
			b := newBench(t, d)
			var mu sync.Mutex
			got := map[string]int{}
			peer := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				got[r.Header.Get(notify.HeaderDelivery)]++
			}))
			defer peer.Close()
			b.hook(peer.URL, "repair.taken")
			for _, on := range []*db.DB{d, other} {
				r := job.NewRunner(on, notify.Jobs(), slog.New(slog.NewTextHandler(io.Discard, nil)))
				r.Start(b.ctx())
				defer r.Stop()
			}
			const n = 100
			for i := range n {
				b.write(func(ctx context.Context, tx db.Tx) error {
					return notify.Event(ctx, tx, "repair.taken", core.Ref{Project: project, Kind: "repair", ID: core.ID(i + 1)}, "/p/lhgc/repair/1")
				})
				_ = notify.Tick(b.ctx(), other) // both nodes look at the clock as well
			}
			for end := time.Now().Add(30 * time.Second); len(b.list(notify.Filter{State: notify.Sent})) < n && time.Now().Before(end); {
				time.Sleep(20 * time.Millisecond)
			}
			mu.Lock()
			defer mu.Unlock()
			for id, times := range got {
				if times != 1 {
					t.Errorf("delivery %s arrived %d times", id, times)
				}
			}
			if len(got) != n {
				t.Errorf("%d of %d arrived", len(got), n)
			}
		})
	}
}

const signingKey = core.Secret("a signing key of some length")

func (b *bench) hook(url string, events ...string) (id core.ID) {
	b.Helper()
	b.write(func(ctx context.Context, tx db.Tx) (err error) {
		if err := notify.SetSite(ctx, tx, notify.SiteSetting{Private: true}); err != nil {
			return err
		}
		id, err = notify.PutHook(ctx, tx, notify.Hook{Name: "ERP", URL: url, Events: events, Secret: signingKey, Enabled: true})
		return err
	})
	return id
}

func TestAWebhookIsSignedRetriedAndSubscribed(t *testing.T) {
	eachBench(t, func(b *bench) {
		var calls []http.Header
		var body string
		down := true
		peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			body, calls = string(text), append(calls, r.Header.Clone())
			if down {
				w.WriteHeader(http.StatusBadGateway)
			}
		}))
		defer peer.Close()
		b.hook(peer.URL, "repair.taken")
		for _, event := range []string{"repair.taken", "repair.closed"} {
			b.write(func(ctx context.Context, tx db.Tx) error {
				return notify.Event(ctx, tx, event, core.Ref{Project: project, Kind: "repair", ID: 9}, "/p/lhgc/repair/9")
			})
		}
		b.work()
		down = false
		b.advance(2 * time.Minute)
		if b.one(notify.Sent); len(calls) != 2 {
			b.Fatalf("%d calls", len(calls))
		}
		h := calls[1]
		if want := notify.Sign(signingKey, h.Get(notify.HeaderTimestamp), body); h.Get(notify.HeaderSignature) != want || want == notify.Sign("another key of this length", h.Get(notify.HeaderTimestamp), body) {
			b.Errorf("signature %q, want %q", h.Get(notify.HeaderSignature), want)
		}
		if h.Get(notify.HeaderDelivery) != calls[0].Get(notify.HeaderDelivery) || h.Get(notify.HeaderEvent) != "repair.taken" || !strings.Contains(body, `"id":"9"`) {
			b.Errorf("headers %v, body %s", h, body)
		}
	})
}

func TestOutgoingCallsRefusePrivateAddressesRedirectsAndEndlessAnswers(t *testing.T) {
	called := 0
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		called++
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/endless":
			_, _ = io.Copy(w, io.LimitReader(endless{}, 64<<20))
		}
	}))
	defer peer.Close()
	try := func(private bool, path, success string) error {
		s := notify.Settings{Site: notify.SiteSetting{Private: private}, SMS: notify.SMSSetting{URL: peer.URL + path + "?p={phone}&t={text}", Method: "GET", Success: success}}
		return notify.Test(t.Context(), s, notify.SMS, "13800001111")
	}
	var final notify.Final
	if err := try(false, "/", ""); !errors.As(err, &final) || called != 0 {
		t.Errorf("a private address was called %d times: %v", called, err)
	}
	if err := try(true, "/", ""); err != nil || called != 1 {
		t.Errorf("an allowed one was not: %v", err)
	}
	if err := try(true, "/redirect", ""); err == nil || called != 2 {
		t.Errorf("a redirect was followed: %v, %d calls", err, called)
	}
	if err := try(true, "/endless", "ok"); err == nil {
		t.Error("an endless answer meant success")
	}
	for _, host := range []string{"http://[::1]:1", "http://169.254.169.254", "http://10.1.2.3", "http://[::ffff:127.0.0.1]:1", "http://100.64.0.1", "http://0.0.0.0:1", "http://[64:ff9b::7f00:1]"} {
		s := notify.Settings{WeCom: notify.RobotSetting{Address: core.Secret(host)}}
		if err := notify.Test(t.Context(), s, notify.WeCom, ""); !errors.As(err, &final) || !strings.Contains(err.Error(), "private network") {
			t.Errorf("%s: %v", host, err)
		}
	}
}

// dingSign is the maker's own recipe.
func dingSign(secret, at string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(at + "\n" + secret))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestGatewayAndRobotsSpeakAsTheirMakersWant(t *testing.T) {
	var req *http.Request
	var body, answer string
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		req, body = r, string(text)
		_, _ = io.WriteString(w, answer)
	}))
	defer peer.Close()
	s := notify.Settings{Site: notify.SiteSetting{Private: true},
		SMS:      notify.SMSSetting{Method: "POST", URL: peer.URL + "/sms", Headers: "Content-Type: application/json\nX-Key: {secret}", Body: `{"to":"{phone}","say":"{text}"}`, Success: `"code":0`, Secret: "k-1"},
		WeCom:    notify.RobotSetting{Address: core.Secret(peer.URL + "/send?key=w-1")},
		DingTalk: notify.RobotSetting{Address: core.Secret(peer.URL + "/robot?access_token=d-1"), Sign: "SEC000"}}
	answer = `{"code":0}`
	if err := notify.Test(t.Context(), s, notify.SMS, "13800001111"); err != nil || !strings.Contains(body, `"to":"13800001111"`) || !strings.Contains(body, `测试消息\n`) || req.Header.Get("X-Key") != "k-1" {
		t.Errorf("gateway: %v, %s, %v", err, body, req.Header)
	}
	answer = `{"code":7,"why":"no credit"}`
	if err := notify.Test(t.Context(), s, notify.SMS, "13800001111"); err == nil || !strings.Contains(err.Error(), "no credit") {
		t.Errorf("a refusal in the answer: %v", err)
	}
	answer = `{"errcode":0,"errmsg":"ok"}`
	if err := notify.Test(t.Context(), s, notify.WeCom, "13800001111"); err != nil || !strings.Contains(body, `"mentioned_mobile_list":["13800001111"]`) {
		t.Errorf("WeCom: %v, %s", err, body)
	}
	if err := notify.Test(t.Context(), s, notify.DingTalk, "13800001111"); err != nil || !strings.Contains(body, `"atMobiles":["13800001111"]`) || req.URL.Query().Get("access_token") != "d-1" {
		t.Errorf("DingTalk: %v, %s", err, body)
	}
	if q := req.URL.Query(); q.Get("sign") != dingSign("SEC000", q.Get("timestamp")) {
		t.Errorf("DingTalk's signature of %q is %q", q.Get("timestamp"), q.Get("sign"))
	}
	answer = `{"errcode":310000,"errmsg":"sign not match"}`
	if err := notify.Test(t.Context(), s, notify.DingTalk, ""); err == nil || strings.Contains(err.Error(), "d-1") {
		t.Errorf("a robot's refusal: %v", err)
	}
	peer.Close()
	if err := notify.Test(t.Context(), s, notify.WeCom, ""); err == nil || strings.Contains(err.Error(), "w-1") {
		t.Errorf("an error tells the robot's key: %v", err)
	}
}

func TestMailIsNotSentInTheOpen(t *testing.T) {
	p := startPost(t) // it knows no STARTTLS
	for name, set := range map[string]notify.MailSetting{
		"STARTTLS":                 {Host: p.host, Port: p.port, Security: notify.StartTLS, From: "desk@example.com"},
		"TLS":                      {Host: p.host, Port: p.port, Security: notify.TLS, From: "desk@example.com"},
		"plain to another machine": {Host: "192.0.2.1", Port: p.port, Security: notify.Plain, From: "desk@example.com"},
	} {
		if err := notify.Test(t.Context(), notify.Settings{Mail: set}, notify.Mail, "zhang@example.com"); err == nil || len(p.letters()) != 0 {
			t.Errorf("%s: %v, %d letters went out in the open", name, err, len(p.letters()))
		}
	}
}

func (b *bench) choose(user core.ID, c notify.Choice) {
	b.Helper()
	b.write(func(ctx context.Context, tx db.Tx) error { return notify.Choose(ctx, tx, core.Firm, user, c) })
}

func (b *bench) tell(title string, urgent bool) {
	b.Helper()
	b.write(func(ctx context.Context, tx db.Tx) error {
		return notify.TellRole(ctx, tx, project, core.Cashier, notify.Message{Title: core.T(title, "en "+title), URL: "/p/lhgc/todo", Urgent: urgent})
	})
}

// TestTheBellGoesOutByEachReadersChoice: urgent at any hour, ordinary after the quiet hours, in his language; who chose
// nothing hears the bell alone.
func TestTheBellGoesOutByEachReadersChoice(t *testing.T) {
	eachBench(t, func(b *bench) {
		p := startPost(b.T)
		b.mailBy(p)
		b.people[zhang], b.people[li], b.people[103] = notify.Person{Active: true, Lang: core.EN}, notify.Person{Active: true}, notify.Person{}
		b.roles[core.Cashier] = []core.ID{zhang, li, 103}
		mine := notify.Choice{Mail: "zhang@example.com", Urgent: []string{"mail"}, Ordinary: []string{"mail"}, QuietFrom: "21:00", QuietTo: "08:00"}
		b.choose(zhang, mine)
		b.choose(103, mine) // he has left
		b.now = noon.Add(11 * time.Hour)
		b.tell("账单", false)
		b.tell("漏水", true)
		b.work()
		if got := p.letters(); len(got) != 1 || got[0].subject != "en 漏水" || !strings.Contains(got[0].body, "https://huiyin.example.com/p/lhgc/todo") {
			b.Fatalf("at 23:00: %+v", got)
		}
		b.advance(8*time.Hour + 59*time.Minute)
		if n := len(p.letters()); n != 1 {
			b.Fatalf("%d letters in the quiet hours", n)
		}
		b.advance(2 * time.Minute)
		if got := p.letters(); len(got) != 2 || got[1].subject != "en 账单" {
			b.Fatalf("after the quiet hours: %+v", got)
		}
	})
}

func TestADigestComesOnceADay(t *testing.T) {
	eachBench(t, func(b *bench) {
		p := startPost(b.T)
		b.mailBy(p)
		b.people[zhang] = notify.Person{Active: true}
		b.roles[core.Cashier] = []core.ID{zhang}
		b.choose(zhang, notify.Choice{Mail: "zhang@example.com", Ordinary: []string{"mail"}, Daily: true, DigestAt: "17:30"})
		b.tell("账单", false)
		b.tell("押金", false)
		b.work()
		if n := len(p.letters()); n != 0 {
			b.Fatalf("%d letters before the digest", n)
		}
		b.advance(5*time.Hour + 31*time.Minute)
		b.work()
		if got := p.letters(); len(got) != 1 || got[0].subject != "今日消息汇总:2 条" || !strings.Contains(got[0].body, "1. 账单") || !strings.Contains(got[0].body, "2. 押金") {
			b.Fatalf("the digest: %+v", got)
		}
		b.advance(24 * time.Hour)
		if n := len(p.letters()); n != 1 {
			b.Errorf("a day without messages had a digest: %d", n)
		}
	})
}

func TestAContactsChoiceAndItsRefusal(t *testing.T) {
	eachBench(t, func(b *bench) {
		p := startPost(b.T)
		b.mailBy(p)
		to := notify.To{Customer: 77, Contact: 78, Phone: "13800001111", Mail: "acme@example.com", Lang: core.EN}
		choose := func(c notify.Choice) {
			b.write(func(ctx context.Context, tx db.Tx) error { return notify.Choose(ctx, tx, project, 78, c) })
		}
		choose(notify.Choice{})
		b.send(to, reply())
		if d := b.one(notify.Suppressed); d.Reason().EN != "The recipient chose not to be told" {
			b.Errorf("%+v", d)
		}
		choose(notify.Choice{Mail: "office@example.com", Ordinary: []string{"mail", "sms"}})
		b.send(to, reply())
		b.work()
		if got := p.letters(); len(got) != 1 || got[0].to != "acme@example.com" || got[0].subject != "Your complaint is in hand" {
			b.Errorf("letters %+v", got)
		}
		off := b.list(notify.Filter{State: notify.Suppressed, Channel: notify.SMS})
		if len(off) != 2 || off[0].Mask != "138****1111" || off[0].Reason().EN != "The firm has not switched this channel on" {
			b.Errorf("the text message: %+v", off)
		}
	})
}

func TestSecretsAreKeptWhenTheFormLeavesThemEmpty(t *testing.T) {
	eachBench(t, func(b *bench) {
		set := notify.MailSetting{On: true, Host: "mail.example.com", Security: notify.TLS, User: "desk", Password: "hunter2", From: "desk@example.com"}
		b.write(func(ctx context.Context, tx db.Tx) error { return notify.SetMail(ctx, tx, set) })
		set.Password, set.Host = "", "mx.example.com"
		b.write(func(ctx context.Context, tx db.Tx) error { return notify.SetMail(ctx, tx, set) })
		b.write(func(ctx context.Context, tx db.Tx) error {
			s, err := notify.SettingsOf(ctx, tx)
			if s.Mail.Password != "hunter2" || s.Mail.Host != "mx.example.com" {
				b.Errorf("kept %+v", s.Mail)
			}
			for _, query := range []string{"select sealed from notify_setting where project_id = $1", "select payload from journal_entry where project_id = $1"} {
				rows, err := db.Values[string](ctx, tx, query, core.Firm)
				if err != nil || len(rows) == 0 || strings.Contains(strings.Join(rows, " "), "hunter2") {
					b.Errorf("%s shows the password or nothing: %q %v", query, rows, err)
				}
			}
			return err
		})
	})
}
