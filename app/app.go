// Package app wires the modules into one running program: it opens and migrates the database, builds the lists, serves,
// ticks the clock and runs the jobs. It holds no business rule.
package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"huiyin/approval"
	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/house"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/module/compliance"
	"huiyin/module/customer"
	"huiyin/module/project"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
	"huiyin/sheet"
	"huiyin/web"
)

// Config is how one App runs.
type Config struct {
	Dir         string // data directory: SQLite file, keys, files
	DatabaseURL string // PostgreSQL; empty: SQLite under Dir
	Log         *slog.Logger
	Secure      bool             // behind TLS
	Alone       bool             // no other process runs jobs on this database, and none will while this one does
	Now         func() time.Time // real time by default; a test's clock
	Keys        *db.Keys         // nil: from Dir or the environment
	IDs         *atomic.Int64    // nil: each node's own keys; see db.Config
}

// App is one running Huiyin. Several may live in one process.
type App struct {
	DB     *db.DB
	Lists  *house.Lists
	Server *web.Server
	Runner *job.Runner
	Store  file.Store
	Keys   *db.Keys

	cfg       Config
	reg       *register.Lists
	approvals map[string]approval.Kind
	offset    atomic.Int64 // demo: how far business time is ahead of real time, in microseconds
	ticking   sync.Mutex   // one tick at a time; holds what follows
	daily     map[string]core.Date
	minute    map[string]time.Time
	untidy    bool // the word index has not been looked at since the day's sweep, or is being put together
	tidying   bool // it is
	users     *user.Runtime
	toucher   *user.Toucher
	stop      context.CancelFunc
	running   sync.WaitGroup
}

// Migrations are the files of the kernel and of all modules.
func Migrations(modules []house.Module) []fs.FS {
	out := []fs.FS{calendar.Migrations, journal.Migrations, file.Migrations, job.Migrations, search.Migrations, notify.Migrations,
		regulation.Migrations, duty.Migrations, approval.Migrations, web.Migrations, sheet.Migrations}
	for _, m := range modules {
		if m.Migrations != nil {
			out = append(out, m.Migrations)
		}
	}
	return out
}

// Open opens and migrates the database and builds everything, without starting jobs or the tick: what commands need.
func Open(ctx context.Context, cfg Config) (*App, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	a := &App{cfg: cfg, approvals: map[string]approval.Kind{}, daily: map[string]core.Date{}, minute: map[string]time.Time{}, Keys: cfg.Keys,
		users: user.NewRuntime(leaver)}
	if a.Keys == nil {
		var err error
		if a.Keys, err = db.LoadKeys(cfg.Dir); err != nil {
			return nil, err
		}
	}
	modules := append(Modules(), importing())
	lists, err := house.Gather(modules)
	if err != nil {
		return nil, err
	}
	a.Lists = lists
	if err := a.open(ctx, modules); err != nil {
		return nil, err
	}
	a.build(modules)
	return a, a.loadOffset(ctx)
}

func (a *App) open(ctx context.Context, modules []house.Module) (err error) {
	a.DB, err = db.Open(ctx, db.Config{Dir: a.cfg.Dir, URL: a.cfg.DatabaseURL, Migrations: Migrations(modules), Keys: a.Keys, Log: a.cfg.Log, IDs: a.cfg.IDs})
	if err != nil {
		return err
	}
	if err = a.DB.Migrate(ctx); err == nil {
		err = a.DB.Start(ctx)
	}
	if err == nil {
		err = a.DB.Read(ctx, db.CheckKeys)
	}
	if err != nil {
		return errors.Join(err, a.DB.Close())
	}
	a.Store = file.NewStore(a.DB, a.cfg.Dir)
	return nil
}

func (a *App) build(modules []house.Module) {
	a.reg = &register.Lists{Kinds: map[string]register.Kind{}, Allow: map[string]func(context.Context, db.Tx, core.ID) error{}, Cite: compliance.ClauseHref}
	var jobs []job.Kind
	for _, m := range modules {
		a.reg.Panels = append(a.reg.Panels, m.Panels...)
		jobs = append(jobs, m.Jobs...)
		for _, r := range m.Registers {
			a.reg.Kinds[r.KindOf().Name] = r.KindOf()
			a.reg.Allow[r.KindOf().Name] = r.Allow
		}
		for _, k := range m.Approvals {
			a.approvals[k.Verb] = k
		}
	}
	jobs = append(jobs, sheet.Jobs(importers)...)
	a.toucher = user.NewToucher(a.DB)
	a.Runner = job.NewRunner(a.DB, jobs, a.cfg.Log)
	a.Server = web.New(web.Config{DB: a.DB, Log: a.cfg.Log, Routes: a.routes(modules), Base: a.Context, SignIn: user.SignIn, Touch: a.toucher.Touch,
		Project: project.ByCode, Shell: shell, Right: a.right, Cite: compliance.ClauseHref, SpoolDir: filepath.Join(a.cfg.Dir, "spool"), Secure: a.cfg.Secure})
}

// right is what a permission is called on pages.
func (a *App) right(perm string) core.Text {
	i := slices.IndexFunc(a.Lists.Perms, func(p register.Perm) bool { return p.Name == perm })
	if i < 0 {
		return core.Text{}
	}
	return a.Lists.Perms[i].Label
}

// leaver tells the customers' module of somebody who left, in each project (C15.4).
func leaver(ctx context.Context, tx db.Tx, id core.ID) error {
	u, err := user.Get(ctx, tx, id)
	if err != nil {
		return err
	}
	projects, err := project.List(ctx, tx)
	for _, p := range projects {
		if err == nil {
			err = customer.LeaverNamed(core.WithProject(ctx, p), tx, id, u.Name)
		}
	}
	return err
}

func importers(ctx context.Context) []sheet.Importer { return house.Of(ctx).Sheets }

func (a *App) routes(modules []house.Module) []web.Route {
	out := a.commonRoutes()
	for _, m := range modules {
		out = append(out, m.Routes...)
		for _, r := range m.Registers {
			out = append(out, r.Routes()...)
		}
	}
	return out
}

// Context carries what every request, job and command needs: the lists, the approvals, the file store, business time.
func (a *App) Context(ctx context.Context) context.Context {
	ctx = house.With(register.With(approval.With(file.With(ctx, a.Store), a.approvals), a.reg), a.Lists)
	ctx = core.WithClock(ctx, a.Now)
	ctx = compliance.WithClock(ctx, compliance.Clock{Offset: a.Offset, Move: a.MoveClock})
	return notify.With(user.With(ctx, a.users), user.Book())
}

// Now is business time: real time, or a demo's offset from it.
func (a *App) Now() time.Time {
	now := time.Now
	if a.cfg.Now != nil {
		now = a.cfg.Now
	}
	return now().Add(a.Offset())
}

// Offset is how far a demo's business time is ahead; zero elsewhere.
func (a *App) Offset() time.Duration { return time.Duration(a.offset.Load()) * time.Microsecond }

// Start runs the jobs and the tick until Stop.
func (a *App) Start(ctx context.Context) {
	run, stop := context.WithCancel(a.Context(context.WithoutCancel(ctx)))
	a.stop = stop
	if a.cfg.Alone {
		if err := a.Runner.TakeBack(run); err != nil {
			a.cfg.Log.WarnContext(run, "jobs of the process before this one wait until their claims end", "err", err)
		}
	}
	a.Runner.Start(run)
	a.running.Add(1)
	go func() { defer a.running.Done(); a.tickForever(run) }()
}

// Close stops what Start started and closes the database.
func (a *App) Close() error {
	if a.stop != nil {
		a.stop()
		a.Runner.Stop()
		a.running.Wait()
	}
	a.toucher.Close()
	return a.DB.Close()
}

// tickEvery is how often the clock is looked at; a fifteen-minute duty is raised within seconds of being late.
const tickEvery = 5 * time.Second

func (a *App) tickForever(ctx context.Context) {
	for {
		if err := a.Tick(ctx); err != nil && ctx.Err() == nil {
			a.cfg.Log.ErrorContext(ctx, "tick failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(tickEvery):
		}
	}
}

// Tick does all that business time has made due. It is idempotent; any node may call it at any time.
func (a *App) Tick(ctx context.Context) error {
	a.ticking.Lock()
	defer a.ticking.Unlock()
	ctx = core.AsSystem(ctx)
	if err := a.loadOffset(ctx); err != nil {
		return err
	}
	var places []duty.Place
	err := a.DB.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		places, err = project.All(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range places {
		if err := a.minutely(core.WithProject(ctx, p.Project), p.Code); err != nil {
			return err
		}
		day := core.DateOf(core.Now(ctx), p.Zone)
		recurring := a.Lists.Recurring
		if a.daily[p.Code] == day { // once a local day of business time is enough for what is opened by the month
			recurring = nil
		}
		if err := duty.Tick(ctx, a.DB, []duty.Place{p}, recurring); err != nil {
			return err
		}
		for _, d := range a.Lists.Daily {
			if a.daily[p.Code] == day && !d.Often {
				continue
			}
			if err := d.Run(core.WithProject(ctx, p.Project), a.DB); err != nil {
				return err
			}
		}
		a.daily[p.Code] = day
	}
	return errors.Join(notify.Tick(ctx, a.DB), a.sweep(ctx), a.tidy(ctx))
}

// minutely runs what looks at the world once a minute of business time.
func (a *App) minutely(ctx context.Context, code string) error {
	now := core.Now(ctx).Truncate(time.Minute)
	if a.minute[code].Equal(now) {
		return nil
	}
	for _, m := range a.Lists.Minutely {
		if err := m.Run(ctx, a.DB); err != nil {
			return err
		}
	}
	a.minute[code] = now
	return nil
}

// sweep drops what nobody will ask for again, once a day of real time.
func (a *App) sweep(ctx context.Context) error {
	today := core.Date(time.Now().Format(time.DateOnly))
	if a.daily["\x00sweep"] == today {
		return nil
	}
	a.daily["\x00sweep"] = today
	_, err := file.Sweep(file.With(ctx, a.Store), a.DB, filepath.Join(a.cfg.Dir, "spool"), 24*time.Hour)
	a.untidy, a.tidying = true, false
	return errors.Join(err, web.SweepIdempotency(ctx, a.DB))
}

// tidy puts the word index together once a day, a little with each tick: what business time has made due must not wait.
func (a *App) tidy(ctx context.Context) (err error) {
	if a.untidy {
		a.tidying, err = search.Tidy(ctx, a.DB, a.tidying)
		a.untidy = a.tidying
	}
	return err
}

func (a *App) loadOffset(ctx context.Context) error {
	return a.DB.Read(core.AsSystem(ctx), func(ctx context.Context, tx db.Tx) error {
		firm, err := project.TheFirm(ctx, tx)
		a.offset.Store(firm.Offset.Microseconds())
		return err
	})
}

// MoveClock moves a demo's business time forward and does what that has made due, so that the next page shows it; any
// other database refuses it. A tick that fails is tried again by the next one.
func (a *App) MoveClock(ctx context.Context, by time.Duration) error {
	err := a.DB.Write(ctx, func(ctx context.Context, tx db.Tx) error { return project.MoveClock(ctx, tx, by) })
	if err != nil {
		return err
	}
	if err := a.Tick(a.Context(context.WithoutCancel(ctx))); err != nil {
		a.cfg.Log.ErrorContext(ctx, "tick failed", "err", err)
	}
	return nil
}

// ServeHTTP answers pages and API.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.Server.ServeHTTP(w, r) }
