package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"huiyin/app"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/notify"
	"huiyin/testkit"
)

// receiver is a program that is told of repairs.
type receiver struct {
	mu   sync.Mutex
	seen map[string]map[string]int // record → delivery → how often
}

func (r *receiver) ServeHTTP(_ http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
	_, after, _ := strings.Cut(string(body), `"id":"`)
	record, _, _ := strings.Cut(after, `"`)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[record] == nil {
		r.seen[record] = map[string]int{}
	}
	r.seen[record][q.Header.Get(notify.HeaderDelivery)]++
}

// subscribed is a place whose repairs are told to a receiver.
func subscribed(t *testing.T, e db.Engine) (place, *receiver) {
	t.Helper()
	r := &receiver{seen: map[string]map[string]int{}}
	peer := httptest.NewServer(r)
	t.Cleanup(peer.Close)
	p := empty(t, e)
	p.addUser("lin", core.Desk, core.Supervisor)
	p.look(func(ctx context.Context, a *app.App) {
		err := a.DB.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			if err := notify.SetSite(ctx, tx, notify.SiteSetting{Private: true}); err != nil {
				return err
			}
			_, err := notify.PutHook(ctx, tx, notify.Hook{Name: "ERP", URL: peer.URL, Events: []string{"repair.taken"}, Secret: "a key of the programs", Enabled: true})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	return p, r
}

// sent waits until nothing is queued any more.
func (p place) sent() {
	p.Helper()
	p.look(func(ctx context.Context, a *app.App) {
		until(p.T, "the last delivery", func() bool {
			return count(ctx, p, a, "select count(*) from notify_outbox where project_id = $1 and state <> 'sent'") == 0
		})
	})
}

// TestKillLosesNoDelivery: kill -9 while repairs are taken down and told to another program. Each repair that is there in
// the end was told; one whose delivery was cut short may be told again, under the same delivery id and marked.
func TestKillLosesNoDelivery(t *testing.T) {
	t.Parallel()
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			p, r := subscribed(t, e)
			n := p.serve()
			for round := range rounds(t) {
				c := begin(n, fmt.Sprintf("round %d", round), 4, 20*time.Millisecond)
				time.Sleep(time.Duration(300+rand.IntN(700)) * time.Millisecond)
				n.kill()
				c.end()
				p.settle()
				p.look(func(ctx context.Context, a *app.App) { // the claims of the dead process run out, as two minutes later
					err := a.DB.Write(ctx, func(ctx context.Context, tx db.Tx) error {
						_, err := db.Exec(ctx, tx, "update notify_outbox set claimed_at = 1, next_at = 1 where state = 'queued' and claim is not null /* project_id: all */")
						if err == nil {
							_, err = db.Exec(ctx, tx, "update job_job set due_at = 1 where state = 'running'")
						}
						return err
					})
					if err != nil {
						t.Fatal(err)
					}
				})
				n = p.serve()
			}
			p.sent()
			n.stop()
			p.told(r)
		})
	}
}

// told: each repair has one delivery, which arrived, and more than once only where the row says so.
func (p place) told(r *receiver) {
	p.Helper()
	p.look(func(ctx context.Context, a *app.App) {
		doubtful := map[string]bool{}
		for _, id := range values[string](ctx, p, a, "select cast(id as text) from notify_outbox where project_id = $1 and doubtful") {
			doubtful[id] = true
		}
		repairs := values[string](ctx, p, a, "select cast(id as text) from repair_order where project_id = $1")
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, id := range repairs {
			if len(r.seen[id]) != 1 {
				p.Errorf("repair %s was told by the deliveries %v", id, r.seen[id])
			}
			for delivery, times := range r.seen[id] {
				if times > 1 && !doubtful[delivery] {
					p.Errorf("delivery %s arrived %d times without a mark", delivery, times)
				}
			}
		}
		if len(repairs) < 4 || len(r.seen) != len(repairs) {
			p.Errorf("%d repairs, %d told", len(repairs), len(r.seen))
		}
		p.Logf("%d repairs told, %d tries were cut short", len(repairs), len(doubtful))
	})
	p.run("", "verify")
}

// TestTwoNodesTellOnce: two nodes over one database take repairs down and send; every one arrives exactly once.
func TestTwoNodesTellOnce(t *testing.T) {
	t.Parallel()
	p, r := subscribed(t, db.Postgres)
	one, two := p.serve(), p.serve()
	a, b := begin(one, "first node", 3, 10*time.Millisecond), begin(two, "second node", 3, 10*time.Millisecond)
	time.Sleep(2 * time.Second)
	a.end()
	b.end()
	p.sent()
	one.stop()
	two.stop()
	p.told(r)
	for record, deliveries := range r.seen {
		for delivery, times := range deliveries {
			if times != 1 {
				t.Errorf("%s arrived %d times by %s", record, times, delivery)
			}
		}
	}
}

// TestOutboxPagesLookRight opens the outbox, a delivery, the channels and one's own choice at both widths in both languages
// and asks axe.
func TestOutboxPagesLookRight(t *testing.T) {
	t.Parallel()
	k := testkit.New(t, db.SQLite)
	k.Fill(k.Project)
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		if err := notify.SetMail(ctx, tx, notify.MailSetting{On: true, Host: "127.0.0.1", Port: 1, Security: notify.Plain, From: "desk@example.com"}); err != nil {
			return err
		}
		l := notify.Letter{Template: "bell", Title: core.T("明天 9 点至 11 点停水", "No water tomorrow from nine to eleven"), Body: core.T("请提前储水。", "Please store some beforehand."), Urgent: true}
		return notify.Send(ctx, tx, k.Project.ID, notify.To{Mail: "acme@example.com"}, l)
	})
	k.Drain()
	base := site(k)
	for _, w := range []Width{{"desk", 1366, 900, false}, phone} {
		b := tab(k, base, w).SignIn(core.Admin)
		for _, lang := range []core.Lang{core.ZH, core.EN} {
			b.Language(lang)
			for _, p := range []shown{{"outbox", "/p/" + k.Project.Code + "/outbox"}, {"delivery", "/p/" + k.Project.Code + "/outbox/" + k.Example("outbox").String()},
				{"channels", "/firm/channel"}, {"channel-mail", "/firm/channel/mail"}, {"webhook-new", "/firm/webhook/new"}, {"me-notice", "/me"}} {
				b.Open(p.path)
				b.Looks(fmt.Sprintf("%s-%s-%s", p.name, w.Name, lang))
			}
		}
	}
}
