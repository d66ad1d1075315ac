package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
)

// With -keep the large database stays in a folder of its engine's: SQLite's file, or on PostgreSQL the keys that go with
// a database of the server. A note in the folder, written when loading has ended, says what was loaded.

const noteName = "loaded.json"

// keptName is the database on PostgreSQL's server.
func (o options) keptName() string { return fmt.Sprintf("huiyin_bench_kept_%d", o.repairs) }

// note says what a kept database holds.
type note struct {
	Repairs   int           `json:"repairs"`
	Customers int           `json:"customers"`
	Took      time.Duration `json:"took"` // to load, nanoseconds
}

func (b *bench) keptDir() string { return filepath.Join(b.keep, string(b.engine)) }

// large opens the large database: the kept one where there is one, else one that it loads.
func (b *bench) large(f *figures) (loader, error) {
	if b.keep == "" {
		dir, at, err := b.fresh("large")
		if err != nil {
			return loader{}, err
		}
		return b.load(f, dir, at)
	}
	have, at, err := b.kept()
	if err != nil {
		return loader{}, err
	}
	if have.Took > 0 {
		f.load = have.Took
		return b.reopen(b.keptDir(), at)
	}
	l, err := b.load(f, b.keptDir(), at)
	if err != nil {
		return l, err
	}
	text, err := json.Marshal(note{Repairs: b.repairs, Customers: b.customers, Took: f.load})
	if err == nil {
		err = os.WriteFile(filepath.Join(b.keptDir(), noteName), text, 0o600)
	}
	return l, err
}

// kept looks for a loaded database. What is there without a note, from a run that was broken off, is thrown away; the
// note is then empty and the place is ready to be loaded.
func (b *bench) kept() (have note, at string, err error) {
	text, err := os.ReadFile(filepath.Join(b.keptDir(), noteName))
	if errors.Is(err, os.ErrNotExist) {
		at, err = b.clear()
		return note{}, at, err
	}
	if err == nil {
		err = json.Unmarshal(text, &have)
	}
	if err == nil && (have.Repairs != b.repairs || have.Customers != b.customers) {
		err = fmt.Errorf("%s holds %d repairs and %d customers, not %d and %d", b.keptDir(), have.Repairs, have.Customers, b.repairs, b.customers)
	}
	if err == nil && b.engine == db.Postgres {
		var there bool
		if at, there, err = b.onServer(b.keptName()); err == nil && !there {
			err = fmt.Errorf("%s belongs to a database %s that this server does not have; without the folder it is loaded anew", b.keptDir(), b.keptName())
		}
	}
	return have, at, err
}

// clear makes an empty place.
func (b *bench) clear() (at string, err error) {
	if err := errors.Join(os.RemoveAll(b.keptDir()), os.MkdirAll(b.keptDir(), 0o700)); err != nil || b.engine == db.SQLite {
		return "", err
	}
	if err := b.drop(b.keptName()); err != nil {
		return "", err
	}
	return b.create(b.keptName())
}

// reopen takes up a kept database: the project that loading made, and its customers.
func (b *bench) reopen(dir, at string) (loader, error) {
	s, err := b.at(dir, at)
	if err != nil {
		return loader{}, err
	}
	l := loader{site: s, repairs: b.repairs, customers: b.customers}
	err = s.app.DB.Read(s.ctx, func(ctx context.Context, tx db.Tx) error {
		if s.project, err = project.ByCode(ctx, tx, projectCode); err != nil {
			return err
		}
		s.ctx = core.WithProject(s.ctx, s.project)
		l.known, err = db.All(ctx, tx, func(k *known) []any {
			return []any{&k.customer, &k.unit, &k.contact, &k.name, &k.person, &k.code, &k.phone}
		}, `select c.id, u.id, p.id, c.name, p.name, u.code, f.phone from customer_customer c
			join customer_contact p on p.project_id = c.project_id and p.customer_id = c.id
			join customer_phone f on f.project_id = c.project_id and f.customer_id = c.id
			join customer_unit s on s.project_id = c.project_id and s.customer_id = c.id
			join estate_unit u on u.project_id = s.project_id and u.id = s.unit_id
			where c.project_id = $1 order by c.id`, s.project.ID)
		return err
	})
	if err == nil && len(l.known) != b.customers {
		err = fmt.Errorf("%d customers are kept in %s, not %d", len(l.known), dir, b.customers)
	}
	if err != nil {
		return l, errors.Join(err, s.app.Close())
	}
	return l, nil
}

// onServer is the URL of a database of the server, and whether there is one.
func (b *bench) onServer(name string) (at string, there bool, err error) {
	c, at, err := b.administer(name)
	if err != nil {
		return "", false, err
	}
	defer c.Close() //nolint:errcheck // nothing to save
	err = c.QueryRowContext(b.ctx, "select exists (select 1 from pg_database where datname = $1)", name).Scan(&there)
	return at, there, err
}
