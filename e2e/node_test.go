package e2e

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huiyin/app"
	"huiyin/app/ops"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
)

// Building is the project of these tests; its code is the same word in small letters.
const (
	building = "Tower"
	code     = "tower"
	secret   = "correct horse battery 9"
)

// binary builds huiyin once a test process, as it is shipped.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "huiyin-e2e-")
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", filepath.Join(dir, "huiyin"), "huiyin").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return filepath.Join(dir, "huiyin"), nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if used.Load() {
		path, _ := binary()
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

var used atomic.Bool // binary was built: there is a folder to remove

// place is one data directory and, on PostgreSQL, the database beside it.
type place struct {
	*testing.T
	dir, url string
	keys     string // HUIYIN_KEYS; empty: the directory's own
}

// empty is a place with the tables and nothing in them. On SQLite bare has no database file at all.
func empty(t *testing.T, e db.Engine) place {
	t.Helper()
	cfg := dbtest.Config(t, e, app.Migrations(app.Modules())...)
	return place{T: t, dir: cfg.Dir, url: cfg.URL}
}

// command prepares one run of the real binary on the place.
func (p place) command(args ...string) *exec.Cmd {
	p.Helper()
	used.Store(true)
	path, err := binary()
	if err != nil {
		p.Fatal(err)
	}
	c := exec.Command(path, append(args, "--data", p.dir, "--log-level", "warn")...)
	c.Env = append(os.Environ(), "HUIYIN_DATABASE_URL="+p.url, db.KeysEnv+"="+p.keys)
	return c
}

// run runs a command to its end, which must be a good one, and returns its standard output.
func (p place) run(input string, args ...string) string {
	p.Helper()
	c := p.command(args...)
	var said bytes.Buffer
	c.Stdin, c.Stderr = strings.NewReader(input), &said
	start := time.Now()
	out, err := c.Output()
	if err != nil {
		p.Errorf("huiyin %s: %v\n%s%s", strings.Join(args, " "), err, out, said.Bytes())
	}
	p.Logf("huiyin %s took %v", strings.Join(args[:min(2, len(args))], " "), time.Since(start).Round(time.Millisecond))
	return string(out)
}

func (p place) addUser(login string, roles ...core.Role) {
	p.Helper()
	args := []string{"user", "add", "--login", login, "--project", building, "--password-stdin"}
	for _, r := range roles {
		args = append(args, "--role", string(r))
	}
	p.run(secret+"\n", args...)
}

// node is one running `huiyin serve`.
type node struct {
	place
	cmd  *exec.Cmd
	base string
	said *lines
}

// lines keeps what a process says.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) add(s string) { l.mu.Lock(); defer l.mu.Unlock(); l.text.WriteString(s) }
func (l *lines) all() string  { l.mu.Lock(); defer l.mu.Unlock(); return l.text.String() }

var listening = regexp.MustCompile(`http://[0-9.]+:[0-9]+`)

// serve starts a node on a free port of loopback and waits until it listens. It is killed when the test ends.
func (p place) serve() *node {
	p.Helper()
	n := &node{place: p, cmd: p.command("serve", "--addr", "127.0.0.1:0"), said: &lines{}}
	pipe, err := n.cmd.StderrPipe()
	if err == nil {
		err = n.cmd.Start()
	}
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(n.kill)
	at := make(chan string, 1)
	go func() {
		defer close(at)
		for r := bufio.NewReader(pipe); ; {
			line, err := r.ReadString('\n')
			n.said.add(line)
			if m := listening.FindString(line); m != "" {
				select {
				case at <- m:
				default: // said before
				}
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case base, ok := <-at:
		if n.base = base; !ok {
			p.Fatalf("serve ended before it listened:\n%s", n.said.all())
		}
	case <-time.After(patience):
		p.Fatalf("serve does not listen:\n%s", n.said.all())
	}
	return n
}

// kill is kill -9, and the end of it.
func (n *node) kill() {
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
}

// stop is the polite end: SIGINT, with status 0.
func (n *node) stop() {
	n.Helper()
	_ = n.cmd.Process.Signal(os.Interrupt)
	if err := n.cmd.Wait(); err != nil {
		n.Errorf("serve ended with %v\n%s", err, n.said.all())
	}
}

// person is a browser without pages: a session's cookie and the node it talks to.
type person struct {
	base   string
	cookie *http.Cookie
	client *http.Client
}

func (n *node) signIn(login string) (person, error) {
	u := person{base: n.base, client: &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
	res, _, err := u.post("/sign-in", url.Values{"login": {login}, "password": {secret}}, "")
	if err != nil {
		return u, err
	}
	for _, c := range res.Cookies() {
		if c.Name == "huiyin_session" {
			u.cookie = c
			return u, nil
		}
	}
	return u, fmt.Errorf("signing in as %s: status %d and no session", login, res.StatusCode)
}

// at is the same session, carried to another node.
func (u person) at(n *node) person { u.base = n.base; return u }

func (u person) do(r *http.Request) (*http.Response, string, error) {
	if u.cookie != nil {
		r.AddCookie(u.cookie)
	}
	res, err := u.client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

func (u person) get(path string) (*http.Response, string, error) {
	r, err := http.NewRequest(http.MethodGet, u.base+path, nil)
	if err != nil {
		return nil, "", err
	}
	return u.do(r)
}

func (u person) post(path string, form url.Values, key string) (*http.Response, string, error) {
	r, err := http.NewRequest(http.MethodPost, u.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return u.do(r)
}

// take sends one repair call as the desk's page does. It returns the address of the order, once it is acknowledged.
func (u person) take(content string) (string, error) {
	res, body, err := u.post("/p/"+code+"/desk/new", url.Values{"channel": {"phone"}, "kind": {"repair"}, "content": {content}, "place": {"3F"},
		"contact": {"李工"}, "phone": {"13800138000"}, "confirmed": {"true"}}, "key-"+content)
	if err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusSeeOther {
		return "", fmt.Errorf("taking %q down: status %d\n%s", content, res.StatusCode, body)
	}
	return res.Header.Get("Location"), nil
}

// look opens the place's database in this process, as one more node that serves nobody.
func (p place) look(fn func(ctx context.Context, a *app.App)) {
	p.Helper()
	cfg := app.Config{Dir: p.dir, DatabaseURL: p.url, Log: slog.New(slog.DiscardHandler)}
	if p.keys != "" {
		keys, err := db.ParseKeys(p.keys)
		if err != nil {
			p.Fatal(err)
		}
		cfg.Keys = keys
	}
	a, err := app.Open(context.Background(), cfg)
	if err != nil {
		p.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // only read
	fn(core.AsSystem(a.Context(context.Background())), a)
}

// values reads one column. The statement gets the project as $1.
func values[V any](ctx context.Context, p place, a *app.App, query string) (out []V) {
	p.Helper()
	err := a.DB.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		id, err := db.Value[core.ID](ctx, tx, "select id from project_project where project_id = 1 and code = $1", code)
		if err != nil {
			return err
		}
		out, err = db.Values[V](ctx, tx, query, id)
		return err
	})
	if err != nil {
		p.Errorf("%s: %v", query, err)
	}
	return out
}

func count(ctx context.Context, p place, a *app.App, query string) int64 {
	p.Helper()
	if n := values[int64](ctx, p, a, query); len(n) == 1 {
		return n[0]
	}
	return -1
}

// patience is how long a test waits for another process before it calls it stuck. It is reached only when something is
// wrong, so it is long enough for a machine that has much else to do.
const patience = 2 * time.Minute

// settle waits until the server has rolled back or finished what a killed process had begun (PostgreSQL).
func (p place) settle() {
	p.Helper()
	if p.url == "" {
		return
	}
	server := p.reader()
	defer server.Close() //nolint:errcheck // only read
	until(p.T, "the end of a killed process's sessions", func() bool {
		var n int
		err := server.QueryRow("select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()").Scan(&n)
		return err == nil && n == 0
	})
}

// reader is the place's database without anything of ours in between.
func (p place) reader() *sql.DB {
	p.Helper()
	driver, name := "sqlite", "file:"+filepath.Join(p.dir, "huiyin.db")
	if p.url != "" {
		driver, name = "pgx", p.url
	}
	d, err := sql.Open(driver, name)
	if err != nil {
		p.Fatal(err)
	}
	return d
}

// until waits for something that another process does.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// TestNodesShareOnePostgres starts two processes on one database.
func TestNodesShareOnePostgres(t *testing.T) {
	t.Parallel()
	p := empty(t, db.Postgres)
	p.addUser("lin", core.Desk, core.Supervisor, core.Manager, core.Admin)
	other := place{T: t, dir: t.TempDir(), url: p.url, keys: p.run("", "key", "export")} // a machine of its own, with the firm's keys
	a, b := p.serve(), other.serve()
	lin, err := a.signIn("lin")
	if err != nil {
		t.Fatal(err)
	}
	onB := lin.at(b)
	if res, body, err := onB.get("/p/" + code + "/desk"); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the session begun on A does not work on B: %v %.300s", err, body)
	}
	for _, from := range []person{onB, lin} {
		heard := []<-chan string{lin.listen(t), onB.listen(t)}
		content := "tap drips, called in at " + from.base
		href, err := from.take(content)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range []person{lin, onB} {
			waitFor(t, heard[i], "event: repair")
			if _, body, err := at.get("/p/" + code + "/repair"); err != nil || !strings.Contains(body, content) {
				t.Errorf("the queue at %s does not show what was taken down at %s: %v", at.base, from.base, err)
			}
			if res, _, err := at.get(href); err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("%s does not show the order of %s: %v", at.base, from.base, err)
			}
		}
	}
	importOnce(t, p, onB)
	ticksOnce(t, p, a, b)
}

// listen opens the live connection and returns its lines once it stands.
func (u person) listen(t *testing.T) <-chan string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.base+"/p/"+code+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(u.cookie)
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the live connection: %v %v", res, err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	out := make(chan string, 256)
	go func() {
		for sc := bufio.NewScanner(res.Body); sc.Scan(); {
			out <- sc.Text()
		}
		close(out)
	}()
	waitFor(t, out, "retry: 3000")
	return out
}

func waitFor(t *testing.T, said <-chan string, want string) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, ok := <-said:
			if !ok {
				t.Fatalf("the live connection ended before %q", want)
			}
			if line == want {
				return
			}
		case <-late:
			t.Fatalf("never heard %q", want)
		}
	}
}

// importOnce uploads a workbook on one node; whichever node runs the jobs, each happens once.
func importOnce(t *testing.T, p place, u person) {
	t.Helper()
	href := u.upload(t, tidy)
	p.look(func(ctx context.Context, a *app.App) {
		done := "select count(*) from job_job where state = 'done' and cast($1 as bigint) > 0"
		until(t, "the preview of the workbook", func() bool { return count(ctx, p, a, done) == 1 })
		if n := count(ctx, p, a, "select count(*) from customer_customer where project_id = $1"); n != 0 {
			t.Errorf("the preview made %d customers", n)
		}
		if res, body, err := u.post(href+"/commit", url.Values{}, "commit"); err != nil || res.StatusCode != http.StatusSeeOther {
			t.Fatalf("commit: %v %.300s", err, body)
		}
		until(t, "the import", func() bool { return count(ctx, p, a, done) == 2 })
		if n := count(ctx, p, a, "select max(tries) from job_job where cast($1 as bigint) > 0"); n != 1 {
			t.Errorf("a job was run %d times", n)
		}
		if n := count(ctx, p, a, "select count(*) from journal_entry where project_id = $1 and kind = 'import' and verb = 'imported'"); n > 1 {
			t.Errorf("the import is %d times in the journal", n)
		}
		if n := count(ctx, p, a, "select count(*) from customer_customer where project_id = $1"); n == 0 {
			t.Error("the import made no customer")
		}
	})
}

// tidy is a workbook as an orderly office keeps it.
var tidy = filepath.Join("..", "sheet", "testdata", "tidy.xlsx")

// upload sends the file on the import page and returns the batch's address.
func (u person) upload(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", filepath.Base(path))
	if err == nil {
		_, err = part.Write(b)
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, u.base+"/p/"+code+"/import", &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	res, said, err := u.do(r)
	if err != nil || res.StatusCode != http.StatusSeeOther {
		t.Fatalf("upload: %v %s", err, regexp.MustCompile("(?s)<head>.*</head>|<[^>]*>").ReplaceAllString(said, " "))
	}
	return res.Header.Get("Location")
}

// ticksOnce: what the clock makes due happens once though both nodes tick, and each goes on without the other.
func ticksOnce(t *testing.T, p place, a, b *node) {
	t.Helper()
	p.look(func(ctx context.Context, app *app.App) {
		twice := "select count(*) from (select clause, number, kind, record_id, round from duty_duty where project_id = $1 group by 1, 2, 3, 4, 5 having count(*) > 1) x"
		if n := count(ctx, p, app, twice); n != 0 {
			t.Errorf("%d duties are there twice", n)
		}
		recurring := count(ctx, p, app, "select count(*) from duty_duty where project_id = $1 and clause = 'C17.4'")
		opened := count(ctx, p, app, `select count(*) from journal_entry j join duty_duty d on d.project_id = j.project_id and d.id = j.record_id
			where d.project_id = $1 and j.kind = 'duty' and j.verb = 'opened' and d.clause = 'C17.4'`)
		if recurring == 0 || opened != recurring {
			t.Errorf("the monthly duty of C17.4: %d rows, opened %d times in the journal", recurring, opened)
		}
		late := func(n int64, what string) {
			t.Helper()
			overdue(ctx, t, p, app, int(n))
			until(t, what, func() bool { return steps(ctx, p, app, n) > 0 })
		}
		late(1, "the step of a late duty")
		a.kill()
		late(2, "B alone ticks")
		again := a.place.serve()
		b.kill()
		late(3, "A alone ticks") // by now both have ticked over each of the others
		for n := range int64(3) {
			if got := steps(ctx, p, app, n+1); got != 1 {
				t.Errorf("late duty %d went up %d times", n+1, got)
			}
		}
		again.stop()
	})
}

// steps counts how often the duty that overdue opened under this number went up.
func steps(ctx context.Context, p place, a *app.App, n int64) int64 {
	return count(ctx, p, a, fmt.Sprintf("select count(*) from duty_step s join duty_duty d on d.project_id = s.project_id and d.id = s.duty_id where s.project_id = $1 and d.record_id = %d", n))
}

// overdue opens duty number n on a record of its own, its time over.
func overdue(ctx context.Context, t *testing.T, p place, a *app.App, n int) {
	t.Helper()
	id := values[core.ID](ctx, p, a, "select id from project_project where project_id = 1 and id = $1")[0]
	err := a.DB.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		at := time.Now().Add(-time.Second)
		_, err := db.Exec(ctx, tx, `insert into duty_duty (project_id, id, created_at, changed_at, clause, number, kind, record_id, round, title, title_en, url, role, state,
			opened_at, due_at, due_day, due_month, next_at) values ($1, $2, $3, $3, 'B4.3', 'term', 'desk', $4, 1, 'late', 'late', '', 'desk', 'open', $3, $3, '2026-01-01', '2026-01', $3)`,
			id, tx.NewID(), at, n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCommandsBesideServe: an operator's commands work on the SQLite file that a server writes to, without an intake
// that fails and without a restart: users, an import, a backup, a check, a new master key.
func TestCommandsBesideServe(t *testing.T) {
	t.Parallel()
	p := empty(t, db.SQLite)
	p.addUser("lin", core.Desk, core.Supervisor)
	n := p.serve()
	c := begin(n, "busy", 4, 10*time.Millisecond)
	until(t, "the first intakes", func() bool { return len(c.acknowledged()) >= 4 })
	before := c.acknowledged()
	p.addUser("zhou", core.Supervisor)
	p.run("", "import", "--project", "Second", "--json", tidy)
	archive := filepath.Join(t.TempDir(), "busy.backup")
	p.run("", "backup", archive)
	p.run("", "verify")
	p.run("", "key", "rotate")
	p.run("", "key", "reseal")
	if _, err := n.signIn("zhou"); err != nil {
		t.Errorf("the user added beside the server: %v", err)
	}
	c.end()
	for _, err := range c.troubles() {
		t.Errorf("an intake beside the commands: %v", err)
	}
	n.stop()
	t.Logf("%d intakes beside the commands", len(c.acknowledged()))
	restored := p.restore(archive)
	restored.look(func(ctx context.Context, a *app.App) {
		have := values[string](ctx, restored, a, "select content from repair_order where project_id = $1")
		for content := range before {
			if !slices.Contains(have, content) {
				t.Errorf("%q was acknowledged before the backup began and is not in it", content)
			}
		}
		consistent(ctx, restored, a)
	})
	restored.run("", "verify")
	quiet := filepath.Join(t.TempDir(), "quiet.backup")
	p.run("", "backup", quiet)
	want, got := p.digest(), p.restore(quiet).digest()
	if len(want) < 30 || !maps.Equal(want, got) {
		for table := range want {
			if want[table] != got[table] {
				t.Errorf("table %s differs after backup and restore", table)
			}
		}
		t.Errorf("%d tables before, %d after", len(want), len(got))
	}
}

// restore loads an archive into a fresh place with the keys of this one.
func (p place) restore(archive string) place {
	p.Helper()
	r := place{T: p.T, dir: filepath.Join(p.TempDir(), "restored")}
	keys, err := os.ReadFile(filepath.Join(p.dir, "keys"))
	if err == nil {
		err = os.MkdirAll(r.dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(r.dir, "keys"), keys, 0o600)
	}
	if err != nil {
		p.Fatal(err)
	}
	r.run("", "restore", archive)
	return r
}

func (p place) digest() (out map[string]string) {
	p.Helper()
	p.look(func(ctx context.Context, a *app.App) {
		var err error
		if out, err = ops.Digest(ctx, a.DB); err != nil {
			p.Error(err)
		}
	})
	return out
}
