// Package dbtest opens fresh, migrated databases for tests, on both engines. PostgreSQL comes from a private server
// that is started once per test process, or from the one that HUIYIN_TEST_PG names. A machine with neither fails the
// tests rather than skipping them.
package dbtest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver behind sql.Open("pgx")

	"huiyin/db"
)

// ServerEnv names the environment variable with the URL of a running PostgreSQL on which the tests may create
// databases: postgres://user:password@host/postgres.
const ServerEnv = "HUIYIN_TEST_PG"

// Engines are the engines that every test runs on.
func Engines() []db.Engine { return []db.Engine{db.SQLite, db.Postgres} }

// Each runs fn once per engine, as a subtest, on a fresh database with the migrations applied.
func Each(t *testing.T, migrations []fs.FS, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, e := range Engines() {
		t.Run(string(e), func(t *testing.T) { fn(t, Open(t, Config(t, e, migrations...))) })
	}
}

// Config describes a fresh database that is migrated already and is gone when the test ends. Opening it twice stands
// for two processes over one database (PostgreSQL).
func Config(t testing.TB, e db.Engine, migrations ...fs.FS) db.Config {
	t.Helper()
	cfg := db.Config{Dir: t.TempDir(), Migrations: migrations, Keys: db.NewKeys(),
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if e == db.Postgres {
		cfg.URL = process.database(t, migrations)
	} else {
		process.copySQLite(t, cfg.Dir, migrations)
	}
	return cfg
}

// Open opens and starts a database that Config described; it is closed when the test ends.
func Open(t testing.TB, cfg db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), cfg)
	must(t, err)
	t.Cleanup(func() { _ = d.Close() })
	must(t, d.Start(context.Background()))
	return d
}

// process is the one piece of state that tests of a process share: the server and the migrated templates on it.
var process = &templates{server: sync.OnceValues(findServer), made: map[string]string{}}

type templates struct {
	server func() (server, error)
	mu     sync.Mutex
	made   map[string]string // fingerprint of engine and migrations → database name or directory
	next   atomic.Int64
}

// database creates a PostgreSQL database from the template of these migrations and returns its URL.
func (p *templates) database(t testing.TB, migrations []fs.FS) string {
	t.Helper()
	server, err := p.server()
	if err != nil {
		t.Fatalf("no PostgreSQL to test on: %v\nInstall its server programs (initdb, postgres), or set %s to the URL of a server on which databases may be created.", err, ServerEnv)
	}
	template := p.template(t, "pg", migrations, func() (string, error) { return p.makePostgres(server.url, migrations) })
	name := fmt.Sprintf("huiyin_%d_%d", os.Getpid(), p.next.Add(1))
	must(t, admin(server.url, fmt.Sprintf("create database %s template %s", name, template)))
	t.Cleanup(func() { _ = admin(server.url, "drop database if exists "+name+" with (force)") })
	return withDatabase(server.url, name)
}

func (p *templates) makePostgres(server string, migrations []fs.FS) (string, error) {
	name := fmt.Sprintf("huiyin_template_%d_%d", os.Getpid(), p.next.Add(1))
	if err := admin(server, "create database "+name); err != nil {
		return "", err
	}
	return name, migrate(db.Config{URL: withDatabase(server, name), Migrations: migrations})
}

// copySQLite puts a migrated database file into dir.
func (p *templates) copySQLite(t testing.TB, dir string, migrations []fs.FS) {
	t.Helper()
	b := p.template(t, "sqlite", migrations, func() (string, error) {
		tmp, err := os.MkdirTemp("", "huiyin-sqlite-")
		if err != nil {
			return "", err
		}
		defer os.RemoveAll(tmp) //nolint:errcheck // only a temporary copy
		if err := migrate(db.Config{Dir: tmp, Migrations: migrations}); err != nil {
			return "", err
		}
		bytes, err := os.ReadFile(filepath.Join(tmp, "huiyin.db"))
		return string(bytes), err
	})
	must(t, os.WriteFile(filepath.Join(dir, "huiyin.db"), []byte(b), 0o600))
}

func (p *templates) template(t testing.TB, engine string, migrations []fs.FS, make func() (string, error)) string {
	t.Helper()
	key, err := fingerprint(engine, migrations)
	must(t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	if name, ok := p.made[key]; ok {
		return name
	}
	name, err := make()
	must(t, err)
	p.made[key] = name
	return name
}

func migrate(cfg db.Config) error {
	d, err := db.Open(context.Background(), cfg)
	if err != nil {
		return err
	}
	err = d.Migrate(context.Background())
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}

func fingerprint(engine string, migrations []fs.FS) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, engine)
	for _, fsys := range migrations {
		names, err := fs.Glob(fsys, "*.sql")
		if err != nil {
			return "", err
		}
		for _, name := range names {
			b, err := fs.ReadFile(fsys, name)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(h, name, len(b))
			h.Write(b)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func admin(server, statement string) error {
	c, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // nothing to save
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = c.ExecContext(ctx, statement)
	return err
}

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server // findServer has parsed it before
	}
	u.Path = "/" + strings.TrimPrefix(name, "/")
	return u.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
