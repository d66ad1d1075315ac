package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"regexp"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// Migrate brings the schema up to what the modules' files say, each file once, in the order of their names. Files may
// come out of order (a module added later), and several processes may start at once.
func (d *DB) Migrate(ctx context.Context) error {
	files, err := d.MigrationFiles()
	if err != nil {
		return err
	}
	dialect, opts := goose.DialectSQLite3, []goose.ProviderOption{
		goose.WithAllowOutofOrder(true), goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true),
	}
	if d.engine == Postgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		dialect, opts = goose.DialectPostgres, append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, d.sql, files, opts...)
	if err != nil {
		return err
	}
	results, err := p.Up(ctx)
	for _, r := range results {
		d.cfg.Log.DebugContext(ctx, "migrated", slog.String("file", r.Source.Path))
	}
	if err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	if len(results) == 0 {
		return nil
	}
	return d.steady(ctx)
}

// MigrationFiles merges the files of all modules, with the macros expanded for this engine.
func (d *DB) MigrationFiles() (fs.FS, error) {
	merged := fstest.MapFS{}
	for _, fsys := range append([]fs.FS{Migrations}, d.cfg.Migrations...) {
		names, err := fs.Glob(fsys, "*.sql")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if _, twice := merged[name]; twice {
				return nil, fmt.Errorf("two migrations are named %s", name)
			}
			b, err := fs.ReadFile(fsys, name)
			if err != nil {
				return nil, err
			}
			merged[name] = &fstest.MapFile{Data: []byte(Expand(d.engine, string(b)))}
		}
	}
	return merged, nil
}

var only = regexp.MustCompile(`(?ms)^-- only (sqlite|postgres)\n(.*?)^-- end only\n`)

// Expand writes a migration for one engine. {{row}} is the columns of every business row and {{pk}} its key;
// {{clustered}} stores the table in the order of its key on SQLite; {{blob}} is bytes. What stands between
// "-- only sqlite" (or postgres) and "-- end only" is for that engine alone.
func Expand(e Engine, text string) string {
	text = only.ReplaceAllStringFunc(text, func(block string) string {
		m := only.FindStringSubmatch(block)
		if m[1] == string(e) {
			return m[2]
		}
		return ""
	})
	blob, clustered := "blob", " without rowid"
	if e == Postgres {
		blob, clustered = "bytea", ""
	}
	return strings.NewReplacer(
		"{{row}}", `project_id bigint not null,
  id bigint not null,
  version bigint not null default 1,
  created_at bigint not null,
  created_by bigint,
  changed_at bigint not null,
  changed_by bigint,
  voided_at bigint,
  voided_by bigint,
  void_reason text not null default ''`,
		"{{pk}}", "primary key (project_id, id)",
		"{{blob}}", blob, "{{clustered}}", clustered,
	).Replace(text)
}
