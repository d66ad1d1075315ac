package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"huiyin/app"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/desk"
	"huiyin/module/project"
	"huiyin/module/user"
)

const (
	login    = "bench"
	password = "correct horse battery 9"
	clients  = 16

	projectCode = "bench"
)

// site is one App with a project and one user, served on loopback.
type site struct {
	app     *app.App
	dir, at string          // its data directory, and on PostgreSQL its database
	ctx     context.Context // of the project, as the system
	project core.Project
	server  *http.Server
	base    string
	failed  error // of the server; read after close
	done    sync.WaitGroup
}

// open opens an App in an empty place and makes the project and the user.
func (b *bench) open(dir, at string) (*site, error) {
	s, err := b.at(dir, at)
	if err != nil {
		return nil, err
	}
	if err := s.people(); err != nil {
		return nil, errors.Join(err, s.app.Close())
	}
	return s, nil
}

// at opens an App on what is there.
func (b *bench) at(dir, at string) (*site, error) {
	a, err := app.Open(b.ctx, app.Config{Dir: dir, DatabaseURL: at, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return &site{app: a, dir: dir, at: at, ctx: core.AsSystem(a.Context(b.ctx))}, nil
}

func (s *site) people() error {
	err := s.app.DB.Write(s.ctx, func(ctx context.Context, tx db.Tx) (err error) {
		if s.project, err = project.Create(ctx, tx, project.In{Name: "Bench", Code: projectCode}); err != nil {
			return err
		}
		_, err = user.Add(ctx, tx, user.In{Login: login, Name: "Bench", Password: password,
			Roles: map[core.ID][]core.Role{s.project.ID: {core.Desk, core.Supervisor, core.Manager}}})
		return err
	})
	s.ctx = core.WithProject(s.ctx, s.project)
	return err
}

// serve listens on loopback, jobs and clock running as in `huiyin serve`.
func (s *site) serve() error {
	if err := s.listen(); err != nil {
		return err
	}
	s.app.Start(s.ctx)
	return nil
}

// listen serves pages alone, without the work in the background: what it would make of multiplied records is not measured.
func (s *site) listen() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.base, s.server = "http://"+ln.Addr().String(), &http.Server{Handler: s.app, ReadHeaderTimeout: 10 * time.Second}
	s.done.Go(func() { s.failed = s.server.Serve(ln) })
	return nil
}

func (s *site) close() error {
	if s.server != nil {
		if err := s.server.Close(); err != nil {
			return err
		}
		s.done.Wait()
		if !errors.Is(s.failed, http.ErrServerClosed) {
			return errors.Join(s.failed, s.app.Close())
		}
	}
	return s.app.Close()
}

// client is one browser: a connection kept alive and a session.
type client struct {
	http   *http.Client
	base   string
	cookie *http.Cookie
}

func (s *site) signIn() (*client, error) { return s.signInAs(login, password) }

func (s *site) signInAs(login, password string) (*client, error) {
	c := &client{base: s.base, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	res, err := c.post("/sign-in", url.Values{"login": {login}, "password": {password}}, "")
	if err != nil {
		return nil, err
	}
	for _, k := range res.Cookies() {
		if k.Name == "huiyin_session" {
			c.cookie = k
			return c, nil
		}
	}
	return nil, fmt.Errorf("signing in: status %d and no session", res.StatusCode)
}

func (c *client) post(path string, form url.Values, key string) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodPost, c.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	res, _, err := c.do(r)
	return res, err
}

func (c *client) do(r *http.Request) (*http.Response, int, error) {
	if c.cookie != nil {
		r.AddCookie(c.cookie)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	n, err := io.Copy(io.Discard, res.Body)
	return res, int(n), err
}

// get asks for a page, which must come.
func (c *client) get(path string) (size int, err error) {
	r, err := http.NewRequest(http.MethodGet, c.base+path, nil)
	if err != nil {
		return 0, err
	}
	res, n, err := c.do(r)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d", path, res.StatusCode)
	}
	return n, err
}

// intakes lets sixteen clients take repairs down, as the desk's page does, for some seconds.
func (b *bench) intakes(f *figures) error {
	dir, at, err := b.fresh("intake")
	if err != nil {
		return err
	}
	s, err := b.open(dir, at)
	if err != nil {
		return err
	}
	l := loader{site: s, customers: 500}
	if err := l.people(); err != nil {
		return errors.Join(err, s.app.Close())
	}
	if err := s.trace(f, l); err != nil {
		return errors.Join(err, s.app.Close())
	}
	if err := s.serve(); err != nil {
		return errors.Join(err, s.app.Close())
	}
	stop, err := b.profiling("intake")
	if err == nil {
		f.intake, f.intakeCPU, err = b.storm(s, l.take)
		stop()
	}
	if err == nil {
		err = s.counted(f.intake.count+1, "repair", "repair_order", "desk_matter") // and the traced one
	}
	if err == nil {
		f.complaints, f.complaintCPU, err = b.storm(s, l.complain)
	}
	if err == nil {
		err = s.counted(f.complaints.count, "complaint", "complaint_case")
	}
	if err = errors.Join(err, s.close()); err != nil {
		return err
	}
	return b.floor(f, s.dir, s.at)
}

func (b *bench) profiling(part string) (stop func(), err error) {
	if b.profile == "" {
		return func() {}, nil
	}
	w, err := os.Create(filepath.Join(b.profile, part+"-"+string(b.engine)+".pprof"))
	if err != nil {
		return nil, err
	}
	return func() { pprof.StopCPUProfile(); _ = w.Close() }, pprof.StartCPUProfile(w)
}

// storm lets the clients send one intake after another, and gives their rate, times and processor time.
func (b *bench) storm(s *site, take func(c *client, who, k int) error) (r rate, cpu time.Duration, err error) {
	all := make([]*client, clients)
	for i := range all {
		if all[i], err = s.signIn(); err != nil {
			return r, 0, err
		}
	}
	var n atomic.Int64
	var mu sync.Mutex
	var took []time.Duration
	var failed []error
	var done sync.WaitGroup
	start, used := time.Now(), cpuTime()
	for i, c := range all {
		done.Go(func() {
			var mine []time.Duration
			for time.Since(start) < b.intake {
				k := int(n.Add(1))
				begin := time.Now()
				if err := take(c, i, k); err != nil {
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
					return
				}
				mine = append(mine, time.Since(begin))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	done.Wait()
	r = rate{perSecond: float64(len(took)) / time.Since(start).Seconds(), count: len(took), p50: percentile(took, 50), p95: percentile(took, 95)}
	return r, (cpuTime() - used) / time.Duration(max(len(took), 1)), errors.Join(failed...)
}

// cpuTime is what this process, clients and server, has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// take sends one repair call of a known customer.
func (l loader) take(c *client, who, k int) error {
	return l.call(c, who, k, url.Values{"kind": {"repair"}, "content": {fmt.Sprintf("%s(第 %d 次来电)", contents[k%len(contents)], k)}, "place": {"茶水间"}, "confirmed": {"true"}})
}

// complain sends one complaint of a known customer.
func (l loader) complain(c *client, who, k int) error {
	return l.call(c, who, k, url.Values{"kind": {"complaint"}, "content": {fmt.Sprintf("保洁不到位(第 %d 次来电)", k)}, "place": {"茶水间"}, "demand": {"尽快处理"}, "against": {"department"}, "against_name": {"保洁部"}})
}

func (l loader) call(c *client, who, k int, form url.Values) error {
	at := l.at(k)
	form.Set("channel", "phone")
	form.Set("who", at.customer.String()+"."+at.unit.String()+"."+at.contact.String())
	res, err := c.post("/p/bench/desk/new", form, fmt.Sprintf("bench-%s-%d-%d", form.Get("kind"), who, k))
	if err == nil && res.StatusCode != http.StatusSeeOther {
		err = fmt.Errorf("intake of a %s: status %d", form.Get("kind"), res.StatusCode)
	}
	return err
}

// counted holds what was acknowledged against what is in the tables and the search: a rate of lost intakes would be worth
// nothing.
func (s *site) counted(want int, kind string, tables ...string) error {
	return s.app.DB.Read(s.ctx, func(ctx context.Context, tx db.Tx) error {
		for _, table := range append(tables, "search_doc") {
			where := ""
			if table == "search_doc" {
				where = " and kind = '" + kind + "'"
			}
			n, err := db.Value[int64](ctx, tx, "select count(*) from "+table+" where project_id = $1"+where, s.project.ID)
			if err != nil {
				return err
			}
			if int(n) != want {
				return fmt.Errorf("%d intakes of a %s were acknowledged, %s holds %d", want, kind, table, n)
			}
		}
		return nil
	})
}

// trace takes one repair down under db's own trace, to list its statements.
func (s *site) trace(f *figures, l loader) error {
	var traced db.Tx
	ctx := s.ctx
	at := l.at(0)
	in := desk.Intake{Channel: "phone", Kind: "repair", Customer: at.customer, Unit: at.unit, Contact: "李工", Phone: "13800138000", Place: "茶水间", Content: "traced: " + contents[0]}
	err := s.app.DB.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		traced = tx
		tx.Trace()
		_, _, err := desk.Take(ctx, tx, in)
		return err
	})
	if err != nil {
		return err
	}
	for _, q := range traced.Queries() {
		f.statements = append(f.statements, strings.Join(strings.Fields(q.SQL), " "))
	}
	return nil
}

func percentile(took []time.Duration, p int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[min(len(took)*p/100, len(took)-1)]
}

// lines of a process's output.
func tail(b *bytes.Buffer) string {
	s := b.String()
	return s[max(0, len(s)-2000):]
}
