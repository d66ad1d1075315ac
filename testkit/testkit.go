// Package testkit opens a whole Huiyin for a test, on either engine: HTTP in, HTML by selector out, a clock that the
// test moves, and no mocks.
package testkit

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huiyin/app"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/module/project"
	"huiyin/module/user"
)

// Password is every test user's.
const Password = "correct horse battery 9"

// Roles are those that a test project has one user of each.
func Roles() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Technician, core.Guard, core.Cashier, core.Leasing, core.Quality, core.Archivist, core.Manager, core.GM, core.Admin}
}

// Kit is one running Huiyin with a project 联合广场 and, besides it, another one 别处大厦 that nobody here may see.
type Kit struct {
	*testing.T
	App     *app.App
	Engine  db.Engine
	Project core.Project
	Other   core.Project
	Users   map[core.Role]core.ID // of Project; logins are the role codes
	Others  map[core.Role]core.ID // of Other; logins are "other-" and the role code
	cfg     app.Config

	mu  sync.Mutex
	now time.Time
}

// Start is a Wednesday morning within working hours, 2026-11-18 09:00 in Shanghai.
var Start = time.Date(2026, 11, 18, 9, 0, 0, 0, core.China)

// Each runs fn once on each engine, in parallel with other tests.
func Each(t *testing.T, fn func(k *Kit)) {
	t.Helper()
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			fn(New(t, e))
		})
	}
}

// New opens a fresh Huiyin on one engine.
func New(t *testing.T, e db.Engine) *Kit {
	t.Helper()
	return open(t, e, Start, func(*app.Config) {})
}

// NewAt opens a fresh Huiyin whose clock stands at another time than Start.
func NewAt(t *testing.T, e db.Engine, now time.Time) *Kit {
	t.Helper()
	return open(t, e, now, func(*app.Config) {})
}

func open(t *testing.T, e db.Engine, now time.Time, tune func(*app.Config)) *Kit {
	t.Helper()
	k := &Kit{T: t, Engine: e, now: now, Users: map[core.Role]core.ID{}, Others: map[core.Role]core.ID{}}
	d := dbtest.Config(t, e, app.Migrations(app.Modules())...)
	k.cfg = app.Config{Dir: d.Dir, DatabaseURL: d.URL, Now: k.Now, Keys: d.Keys, Log: logger(t)}
	if k.cfg.Dir == "" {
		k.cfg.Dir = t.TempDir()
	}
	tune(&k.cfg)
	k.App = k.Open()
	k.people()
	return k
}

// Open opens one more App on the same database: a second node.
func (k *Kit) Open() *app.App {
	k.Helper()
	a, err := app.Open(context.Background(), k.cfg)
	k.Must(err)
	k.Cleanup(func() {
		if err := a.Close(); err != nil {
			k.Errorf("closing: %v", err)
		}
	})
	return a
}

// logger shows warnings and errors in the test's output; HUIYIN_TEST_LOG=1 shows all.
func logger(t *testing.T) *slog.Logger {
	if os.Getenv("HUIYIN_TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.NewTextHandler(io.Discard, nil))
}

// Now is the test's business time.
func (k *Kit) Now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

// SetNow puts the clock, without ticking.
func (k *Kit) SetNow(t time.Time) {
	k.mu.Lock()
	k.now = t
	k.mu.Unlock()
}

// Advance moves the clock, ticks and runs the jobs that came due, in line.
func (k *Kit) Advance(by time.Duration) {
	k.Helper()
	k.SetNow(k.Now().Add(by))
	k.Tick()
}

// Tick does what the clock has made due, and the jobs.
func (k *Kit) Tick() {
	k.Helper()
	ctx := core.AsSystem(k.App.Context(context.Background()))
	k.Must(k.App.Tick(ctx))
	k.Drain()
}

// Nodes are two servers of one database: on PostgreSQL a second one, on SQLite, which has one server, the same twice.
func (k *Kit) Nodes() []*app.App {
	k.Helper()
	if k.Engine == db.Postgres {
		return []*app.App{k.App, k.Open()}
	}
	return []*app.App{k.App, k.App}
}

// TickAll lets each node tick, and then run the jobs that came of it.
func (k *Kit) TickAll(nodes ...*app.App) {
	k.Helper()
	for _, n := range nodes {
		k.Must(n.Tick(core.AsSystem(n.Context(context.Background()))))
	}
	for _, n := range nodes {
		_, err := n.Runner.Drain(core.AsSystem(n.Context(context.Background())))
		k.Must(err)
	}
}

// Drain runs the waiting jobs.
func (k *Kit) Drain() {
	k.Helper()
	_, err := k.App.Runner.Drain(core.AsSystem(k.App.Context(context.Background())))
	k.Must(err)
}

// Must ends the test on an error.
func (k *Kit) Must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

// people makes two projects with one user a role. Their password hash is made once a process: argon2id is slow on purpose.
func (k *Kit) people() {
	k.Helper()
	ctx := core.AsSystem(k.App.Context(context.Background()))
	k.Must(k.App.DB.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		if k.Project, err = project.Create(ctx, tx, project.In{Name: "联合广场", Code: "lhgc"}); err != nil {
			return err
		}
		if k.Other, err = project.Create(ctx, tx, project.In{Name: "别处大厦", Code: "bcds"}); err != nil {
			return err
		}
		for _, r := range Roles() {
			if k.Users[r], err = addUser(ctx, tx, string(r), r, k.Project.ID); err != nil {
				return err
			}
			if k.Others[r], err = addUser(ctx, tx, "other-"+string(r), r, k.Other.ID); err != nil {
				return err
			}
		}
		return nil
	}))
}

var names = map[core.Role]string{core.Desk: "林敏", core.Supervisor: "周慧", core.Technician: "李工", core.Guard: "赵强", core.Cashier: "钱芳", core.Leasing: "罗刚",
	core.Quality: "吴静", core.Archivist: "郑洁", core.Manager: "何海", core.GM: "孙总", core.Admin: "系统管理员"}

func addUser(ctx context.Context, tx db.Tx, login string, r core.Role, p core.ID) (core.ID, error) {
	in := user.In{Name: names[r], Roles: map[core.ID][]core.Role{p: {r}}}
	hash, made := knownHash.Load().(string)
	if !made {
		in.Login, in.Password = login, Password
	}
	id, err := user.Add(ctx, tx, in)
	if err != nil {
		return 0, err
	}
	if !made {
		hash, err = db.Value[string](ctx, tx, "select password from user_user where project_id = 1 and id = $1", id)
		knownHash.Store(hash)
		return id, err
	}
	return id, db.ExecOne(ctx, tx, "update user_user set password = $1, login_key = lower($2), login = $2 where project_id = 1 and id = $3", hash, login, id)
}

// knownHash is the hash of Password: argon2id is slow on purpose, and every test has two dozen users.
var knownHash atomic.Value

// Ctx is a context in which the user of a role acts in the test's project.
func (k *Kit) Ctx(r core.Role) context.Context {
	k.Helper()
	ctx := core.WithProject(core.AsSystem(k.App.Context(context.Background())), k.Project)
	if r == core.System {
		return ctx
	}
	var a core.Actor
	k.Must(k.App.DB.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		a, err = user.Actor(ctx, tx, k.Users[r])
		return err
	}))
	return core.WithActor(ctx, a)
}

// Write runs fn in one Write as the user of a role, and ends the test on an error.
func (k *Kit) Write(r core.Role, fn func(ctx context.Context, tx db.Tx) error) {
	k.Helper()
	k.Must(k.TryWrite(r, fn))
}

// TryWrite runs fn in one Write as the user of a role.
func (k *Kit) TryWrite(r core.Role, fn func(ctx context.Context, tx db.Tx) error) error {
	k.Helper()
	return k.App.DB.Write(k.Ctx(r), fn)
}

// Read runs fn in one Read as the system.
func (k *Kit) Read(fn func(ctx context.Context, tx db.Tx) error) {
	k.Helper()
	k.Must(k.App.DB.Read(k.Ctx(core.System), fn))
}

// Off switches a clause off for the project, as if the firm had decided it long ago.
func (k *Kit) Off(clause string) {
	k.Helper()
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		now := core.Now(ctx)
		_, err := db.Exec(ctx, tx, `insert into regulation_setting (project_id, id, created_at, changed_at, clause, name, value, from_at) values ($1,$2,$3,$3,$4,'switch','off',$5)`,
			k.Project.ID, tx.NewID(), now, clause, now.AddDate(-1, 0, 0))
		return err
	})
}

// Refused ends the test unless err is a refusal by the clause.
func (k *Kit) Refused(clause string, err error) {
	k.Helper()
	if got := core.ClauseOf(err); got != clause || !core.IsKind(err, core.KindRefused) {
		k.Fatalf("want a refusal by %s, got %v", clause, err)
	}
}
