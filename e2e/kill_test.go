//go:build soak

package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"huiyin/app"
	"huiyin/app/ops"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
)

// rounds is how often each test kills: HUIYIN_SOAK, or five times.
func rounds(t *testing.T) int {
	t.Helper()
	v := os.Getenv("HUIYIN_SOAK")
	if v == "" {
		return 5
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		t.Fatalf("HUIYIN_SOAK=%q is no number of rounds", v)
	}
	return n
}

// TestKillDuringIntake: kill -9 at a random moment while eight clients send repair calls. What was acknowledged is
// there exactly once, what was not is there whole or not at all, and a client that sends its last call again under the
// same key finds one order.
func TestKillDuringIntake(t *testing.T) {
	t.Parallel()
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			p := empty(t, e)
			p.addUser("lin", core.Desk, core.Supervisor)
			want := map[string]string{} // content → address of the order
			var open []string           // sent, never answered
			n := p.serve()
			for round := range rounds(t) {
				c := begin(n, fmt.Sprintf("round %d", round), 8)
				time.Sleep(time.Duration(100+rand.IntN(600)) * time.Millisecond)
				n.kill()
				c.end()
				maps.Copy(want, c.acknowledged())
				open = append(open, c.open...)
				p.look(func(ctx context.Context, a *app.App) { recorded(ctx, p, a, want, open); consistent(ctx, p, a) })
				n = p.serve()
				resend(n, c.open, want)
				open = nil
			}
			n.stop()
			if len(want) < 8 {
				t.Fatalf("only %d intakes were acknowledged: this proves nothing", len(want))
			}
			p.look(func(ctx context.Context, a *app.App) { recorded(ctx, p, a, want, nil); consistent(ctx, p, a) })
			p.run("", "verify")
			t.Logf("%d intakes acknowledged in %d rounds", len(want), rounds(t))
		})
	}
}

// callers are clients that send repair calls until the server is gone or they are told to end.
type callers struct {
	mu     sync.Mutex
	acked  map[string]string
	open   []string // sent, not answered
	failed []error
	stop   chan struct{}
	all    sync.WaitGroup
}

func begin(n *node, name string, clients int) *callers {
	n.Helper()
	c := &callers{acked: map[string]string{}, stop: make(chan struct{})}
	u, err := n.signIn("lin")
	if err != nil {
		n.Fatal(err)
	}
	for i := range clients {
		c.all.Go(func() {
			for k := 0; c.call(u, fmt.Sprintf("%s, client %d, call %d: the tap drips", name, i, k)); k++ {
			}
		})
	}
	return c
}

// call sends one and reports whether to go on.
func (c *callers) call(u person, content string) bool {
	select {
	case <-c.stop:
		return false
	default:
	}
	href, err := u.take(content)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.open, c.failed = append(c.open, content), append(c.failed, err)
		return false
	}
	c.acked[content] = href
	return true
}

func (c *callers) end() { close(c.stop); c.all.Wait() }

func (c *callers) acknowledged() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.acked)
}

func (c *callers) troubles() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

// resend sends what was never answered again, under the same keys.
func resend(n *node, open []string, want map[string]string) {
	n.Helper()
	u, err := n.signIn("lin")
	if err != nil {
		n.Fatal(err)
	}
	for _, content := range open {
		href, err := u.take(content)
		if err != nil {
			n.Errorf("sent again after the restart: %v", err)
		}
		want[content] = href
	}
}

// recorded: every acknowledged call is there once under its address, and nothing is there that nobody sent.
func recorded(ctx context.Context, p place, a *app.App, want map[string]string, open []string) {
	p.Helper()
	have := map[string]string{}
	for _, row := range values[string](ctx, p, a, "select cast(id as text) || ' ' || content from repair_order where project_id = $1") {
		id, content, _ := strings.Cut(row, " ")
		if have[content] != "" {
			p.Errorf("%q is there twice", content)
		}
		have[content] = id
	}
	for content, href := range want {
		if id := have[content]; id == "" || !strings.HasSuffix(href, "/"+id) {
			p.Errorf("acknowledged as %s, the database has %q: %q", href, id, content)
		}
	}
	for content := range have {
		if want[content] == "" && !slices.Contains(open, content) {
			p.Errorf("nobody waits for %q", content)
		}
	}
}

// consistent: matter, repair, journal, duty and search row of an intake are there together, and the numbers have no gap.
func consistent(ctx context.Context, p place, a *app.App) {
	p.Helper()
	journalled := func(kind, id, verb string) string {
		return "exists (select 1 from journal_entry j where j.project_id = $1 and j.kind = '" + kind + "' and j.record_id = " + id + " and j.verb = '" + verb + "')"
	}
	for what, query := range map[string]string{
		"matters without their repair":         "select count(*) from desk_matter m where m.project_id = $1 and not exists (select 1 from repair_order o where o.project_id = $1 and o.matter_id = m.id)",
		"repairs without their matter":         "select count(*) from repair_order o where o.project_id = $1 and not exists (select 1 from desk_matter m where m.project_id = $1 and m.id = o.matter_id)",
		"matters without their one open duty":  "select count(*) from desk_matter m where m.project_id = $1 and 1 <> (select count(*) from duty_duty d where d.project_id = $1 and d.kind = 'desk' and d.record_id = m.id and d.clause = 'B4.3' and d.state = 'open')",
		"duties on matters that are not there": "select count(*) from duty_duty d where d.project_id = $1 and d.kind = 'desk' and not exists (select 1 from desk_matter m where m.project_id = $1 and m.id = d.record_id)",
		"matters without a journal entry":      "select count(*) from desk_matter m where m.project_id = $1 and not " + journalled("desk", "m.id", "taken"),
		"repairs without a journal entry":      "select count(*) from repair_order o where o.project_id = $1 and not " + journalled("repair", "o.id", "taken"),
		"duties without a journal entry":       "select count(*) from duty_duty d where d.project_id = $1 and not " + journalled("duty", "d.id", "opened"),
		"repairs that search does not know":    "select count(*) from repair_order o where o.project_id = $1 and not exists (select 1 from search_doc s where s.project_id = $1 and s.kind = 'repair' and s.ref_id = o.id)",
		"search rows of repairs not there":     "select count(*) from search_doc s where s.project_id = $1 and s.kind = 'repair' and not exists (select 1 from repair_order o where o.project_id = $1 and o.id = s.ref_id)",
		"entries about repairs not there":      "select count(*) from journal_entry j where j.project_id = $1 and j.kind = 'repair' and j.verb = 'taken' and not exists (select 1 from repair_order o where o.project_id = $1 and o.id = j.record_id)",
		"keys claimed without an answer":       "select count(*) from web_idempotency where location = '' and cast($1 as bigint) > 0",
	} {
		if n := count(ctx, p, a, query); n != 0 {
			p.Errorf("%d %s", n, what)
		}
	}
	for table, kind := range map[string]string{"desk_matter": "SQ", "repair_order": "WX"} {
		gapless(p, values[string](ctx, p, a, "select number from "+table+" where project_id = $1 order by number"), kind)
	}
	if rep, err := ops.Verify(ctx, a.DB, a.Store, a.Lists.Tables); err != nil || !rep.OK() {
		p.Errorf("verify: %v %v", err, rep.Findings)
	}
}

// gapless: within each month the numbers run 1, 2, 3 ….
func gapless(p place, numbers []string, kind string) {
	p.Helper()
	next := map[string]int{}
	for _, number := range numbers {
		parts := strings.Split(number, "-")
		if len(parts) != 3 || parts[0] != kind {
			p.Errorf("a number of kind %s reads %q", kind, number)
			continue
		}
		next[parts[1]]++
		if n, err := strconv.Atoi(parts[2]); err != nil || n != next[parts[1]] {
			p.Errorf("after %d numbers of %s comes %q", next[parts[1]]-1, parts[1], number)
			return
		}
	}
}

// TestKillDuringImport: kill -9 at a random moment of `huiyin import`. The business tables hold nothing of the workbook
// or everything, and the same command afterwards brings everything.
func TestKillDuringImport(t *testing.T) {
	t.Parallel()
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			reference := empty(t, e)
			before := reference.sizes()
			start := time.Now()
			reference.importTidy()
			whole := time.Since(start)
			want := reference.sizes()
			if want["customer_customer"] == 0 || want["repair_order"] == 0 || want["customer_customer"] == before["customer_customer"] {
				t.Fatalf("the import brought nothing: %v", want)
			}
			outcomes := map[string]int{}
			for round := range rounds(t) {
				outcomes[killImport(t, e, moment(round, whole), before, want)]++
			}
			t.Logf("one import takes %v; killed: %v", whole.Round(time.Millisecond), outcomes)
		})
	}
}

// moment is when the import of a round is killed: anywhere, and every other time towards its end, where it commits.
func moment(round int, whole time.Duration) time.Duration {
	at := time.Duration(rand.Int64N(int64(whole)))
	if round%2 == 1 {
		at = whole*6/10 + at*4/10
	}
	return at
}

// killImport kills one import after a while, looks, and imports again. It returns what the kill left.
func killImport(t *testing.T, e db.Engine, after time.Duration, nothing, everything map[string]int64) string {
	t.Helper()
	p := empty(t, e)
	c := p.command("import", "--project", building, "--json", tidy)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = c.Process.Kill()
	_ = c.Wait()
	left, outcome := p.sizes(), "everything"
	if !maps.Equal(left, everything) {
		outcome = "nothing"
		for table, n := range left {
			if n != nothing[table] {
				t.Errorf("killed after %v: %s holds %d rows; before the import %d, after a whole one %d", after, table, n, nothing[table], everything[table])
			}
		}
	}
	p.importTidy()
	if again := p.sizes(); !maps.Equal(again, everything) {
		t.Errorf("imported again after the kill: %v, want %v", again, everything)
	}
	p.run("", "verify")
	return outcome
}

func (p place) importTidy() {
	p.Helper()
	p.run("", "import", "--project", building, "--json", tidy)
}

// sizes counts the rows that an import brings: staging, the project itself and the journal's lanes are none of them.
func (p place) sizes() map[string]int64 {
	p.Helper()
	out := map[string]int64{}
	p.look(func(ctx context.Context, a *app.App) {
		names, err := a.DB.Tables(ctx)
		if err != nil {
			p.Fatal(err)
		}
		for _, name := range names {
			if !brought(name) {
				continue
			}
			err := a.DB.Read(ctx, func(ctx context.Context, tx db.Tx) error {
				n, err := db.Value[int64](ctx, tx, "select count(*) from "+name+" where project_id <> 1")
				out[name] = n
				return err
			})
			if err != nil {
				p.Error(err)
			}
		}
	})
	return out
}

func brought(table string) bool {
	for _, prefix := range []string{"estate_", "customer_", "desk_", "repair_", "search_doc", "duty_duty"} {
		if strings.HasPrefix(table, prefix) {
			return true
		}
	}
	return false
}
