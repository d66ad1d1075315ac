package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
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
			all := 0
			for left := rounds(t); left > 0; left -= killsEach {
				all += killIntakes(t, e, min(left, killsEach))
			}
			t.Logf("%d intakes acknowledged in %d rounds", all, rounds(t))
		})
	}
}

// killsEach is how many kills one database sees: looking through it takes longer with every intake.
const killsEach = 20

// killIntakes kills a server over one database again and again, and returns how many intakes were acknowledged.
func killIntakes(t *testing.T, e db.Engine, kills int) int {
	t.Helper()
	p := empty(t, e)
	p.addUser("lin", core.Desk, core.Supervisor)
	want := map[string]string{} // content → address of the order
	n := p.serve()
	for round := range kills {
		c := begin(n, fmt.Sprintf("round %d", round), 8, 0)
		time.Sleep(time.Duration(100+rand.IntN(600)) * time.Millisecond)
		n.kill()
		c.end()
		p.settle()
		maps.Copy(want, c.acknowledged())
		p.look(func(ctx context.Context, a *app.App) { recorded(ctx, p, a, want, c.open); consistent(ctx, p, a) })
		n = p.serve()
		resend(n, c.open, want)
	}
	n.stop()
	if len(want) < 8 {
		t.Fatalf("only %d intakes were acknowledged: this proves nothing", len(want))
	}
	p.look(func(ctx context.Context, a *app.App) { recorded(ctx, p, a, want, nil); consistent(ctx, p, a) })
	p.run("", "verify")
	return len(want)
}

// callers are clients that send repair calls until the server is gone or they are told to end.
type callers struct {
	mu     sync.Mutex
	acked  map[string]string
	open   []string // sent, not answered
	failed []error
	stop   chan struct{}
	pause  time.Duration // of each between two calls
	all    sync.WaitGroup
}

func begin(n *node, name string, clients int, pause time.Duration) *callers {
	n.Helper()
	c := &callers{acked: map[string]string{}, stop: make(chan struct{}), pause: pause}
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
	case <-time.After(c.pause):
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

// TestKillDuringImport: kill -9 while a workbook is imported, by command or in the browser, at any moment or aimed at the
// one Write that applies it. The business tables hold nothing of the workbook or everything, and the same import
// afterwards brings everything.
func TestKillDuringImport(t *testing.T) {
	t.Parallel()
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			k := reference(t, e)
			outcomes := map[string]int{}
			for round := range rounds(t) {
				how := []func(place) string{k.byCommand, k.byCommandApplying, k.byPage, k.byPageApplying}[round%4]
				outcomes[k.round(t, e, how)]++
			}
			t.Logf("one import takes %v, applying it %v; killed: %v", k.whole.Round(time.Millisecond), k.applying.Round(time.Millisecond), outcomes)
			if n := rounds(t); n >= 50 && (outcomes["nothing"] == 0 || outcomes["everything"] == 0) {
				t.Errorf("%d kills, and all on one side of the commit: %v", n, outcomes)
			}
		})
	}
}

// killer knows an import that nobody kills.
type killer struct {
	nothing, everything map[string]int64 // rows of the tables that it fills, before and after
	whole, applying     time.Duration
}

func reference(t *testing.T, e db.Engine) (k killer) {
	t.Helper()
	p := empty(t, e)
	p.addUser("lin", core.Desk, core.Supervisor) // makes the project
	k.nothing = p.sizes()
	c, start := p.startImport()
	p.staged()
	ready := time.Now()
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	k.whole, k.applying = time.Since(start), time.Since(ready)
	k.everything = p.sizes()
	if k.everything["customer_customer"] == 0 || k.everything["repair_order"] == 0 || k.nothing["customer_customer"] != 0 {
		t.Fatalf("the import brought nothing: %v", k.everything)
	}
	return k
}

// round kills one import, looks, and imports again. It returns what the kill left.
func (k killer) round(t *testing.T, e db.Engine, kill func(place) string) string {
	t.Helper()
	p := empty(t, e)
	p.addUser("lin", core.Desk, core.Supervisor)
	when := kill(p)
	p.settle()
	left, outcome := p.sizes(), "everything"
	if !maps.Equal(left, k.everything) {
		outcome = "nothing"
		for table, n := range left {
			if n != k.nothing[table] {
				t.Errorf("killed %s: %s holds %d rows; before the import %d, after a whole one %d", when, table, n, k.nothing[table], k.everything[table])
			}
		}
	}
	p.importTidy()
	if again := p.sizes(); !maps.Equal(again, k.everything) {
		t.Errorf("killed %s and imported again: %v, want %v", when, again, k.everything)
	}
	p.run("", "verify")
	return outcome
}

// within waits for a random part of the time, and says how long.
func within(d time.Duration) time.Duration {
	at := time.Duration(rand.Int64N(int64(d) + 1))
	time.Sleep(at)
	return at
}

// byCommand kills `huiyin import` at any moment.
func (k killer) byCommand(p place) string {
	p.Helper()
	c, _ := p.startImport()
	at := within(k.whole)
	_ = c.Process.Kill()
	_ = c.Wait()
	return fmt.Sprintf("%v after the command's start", at)
}

// byCommandApplying kills it while it applies, or just after.
func (k killer) byCommandApplying(p place) string {
	p.Helper()
	c, _ := p.startImport()
	p.staged()
	at := within(k.applying)
	_ = c.Process.Kill()
	_ = c.Wait()
	return fmt.Sprintf("%v after the command's preview", at)
}

// byPage kills the server at any moment after the upload.
func (k killer) byPage(p place) string {
	p.Helper()
	n, _, _ := p.uploaded()
	at := within(k.whole)
	n.kill()
	return fmt.Sprintf("%v after the upload", at)
}

// byPageApplying kills the server while it applies what somebody has confirmed, or just after.
func (k killer) byPageApplying(p place) string {
	p.Helper()
	n, u, href := p.uploaded()
	p.staged()
	if res, body, err := u.post(href+"/commit", url.Values{}, "commit"); err != nil || res.StatusCode != http.StatusSeeOther {
		p.Fatalf("commit: %v %.300s", err, body)
	}
	at := within(2 * k.applying)
	n.kill()
	return fmt.Sprintf("%v after the confirmation", at)
}

func (p place) uploaded() (*node, person, string) {
	p.Helper()
	n := p.serve()
	u, err := n.signIn("lin")
	if err != nil {
		p.Fatal(err)
	}
	return n, u, u.upload(p.T, tidy)
}

func (p place) startImport() (*exec.Cmd, time.Time) {
	p.Helper()
	c := p.command("import", "--project", building, "--json", tidy)
	if err := c.Start(); err != nil {
		p.Fatal(err)
	}
	return c, time.Now()
}

// staged waits until a preview is ready to be applied, or applied already. It only reads: opening the place as a node
// does would write, and wait for the import.
func (p place) staged() {
	p.Helper()
	reader := p.reader()
	defer reader.Close() //nolint:errcheck // only read
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		var n int
		if err := reader.QueryRow("select count(*) from sheet_batch where state <> 'reading'").Scan(&n); err == nil && n > 0 {
			return
		}
		if time.Now().After(end) {
			p.Fatal("the preview is never ready")
		}
	}
}

func (p place) importTidy() {
	p.Helper()
	p.run("", "import", "--project", building, "--json", tidy)
}

// sizes counts the rows that an import brings into the project: staging, users and the journal's lanes are none of them.
func (p place) sizes() map[string]int64 {
	p.Helper()
	out := map[string]int64{}
	p.look(func(ctx context.Context, a *app.App) {
		names, err := a.DB.Tables(ctx)
		if err != nil {
			p.Fatal(err)
		}
		for _, name := range names {
			if brought(name) {
				out[name] = count(ctx, p, a, "select count(*) from "+name+" where project_id = $1"+only[name])
			}
		}
	})
	return out
}

// only narrows a table to what the import itself writes: on any server the clock opens duties of its own, those of a day
// and a month and the round of visits to key customers (C16.3).
var only = map[string]string{"duty_duty": " and kind in ('customer', 'desk', 'repair') and clause <> 'C16.3'"}

func brought(table string) bool {
	for _, prefix := range []string{"estate_", "customer_", "desk_", "repair_", "search_doc", "duty_duty"} {
		if strings.HasPrefix(table, prefix) {
			return true
		}
	}
	return false
}
