package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver behind sql.Open("pgx")
	_ "modernc.org/sqlite"             // the driver behind sql.Open("sqlite")

	"huiyin/db"
)

// The machine's own limits: what the bare engine does on this disk with a table of one key and one text.

const (
	rawText = "a row as long as a short note: the tap on the third floor drips, please come this afternoon"
	rawBulk = 200 // rows in one insert statement
)

// limits measures them on one connection.
func (b *bench) limits(f *figures) error {
	pool, err := b.rawPool()
	if err != nil {
		return err
	}
	defer pool.Close() //nolint:errcheck // thrown away
	c, err := pool.Conn(b.ctx)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // thrown away
	if _, err := c.ExecContext(b.ctx, "create table note (id bigint primary key, text text not null)"); err != nil {
		return err
	}
	if f.commits, err = b.rawCommits(c); err != nil {
		return err
	}
	rows, rate, err := b.rawInserts(c)
	if err != nil {
		return err
	}
	f.inserts = rate
	f.reads, err = b.rawReads(c, rows)
	return err
}

func (b *bench) rawPool() (*sql.DB, error) {
	dir, at, err := b.fresh("raw")
	if err != nil {
		return nil, err
	}
	return b.bare(filepath.Join(dir, "raw.db"), at)
}

// bare opens a database without anything of ours above the driver: a file of SQLite's, or PostgreSQL's at a URL.
func (b *bench) bare(file, at string) (*sql.DB, error) {
	if b.engine == db.Postgres {
		return sql.Open("pgx", at)
	}
	q := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "cache_size(-16000)", "mmap_size(268435456)"}}
	return sql.Open("sqlite", "file:"+file+"?"+q.Encode())
}

// rawCommits: one row a commit, durable, one after another.
func (b *bench) rawCommits(c *sql.Conn) (float64, error) {
	insert, err := c.PrepareContext(b.ctx, "insert into note (id, text) values ($1, $2)")
	if err != nil {
		return 0, err
	}
	defer insert.Close() //nolint:errcheck // thrown away
	n, start := 0, time.Now()
	for ; time.Since(start) < b.raw; n++ {
		if _, err := insert.ExecContext(b.ctx, n, rawText); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// rawInserts: many rows in one transaction, some hundred a statement. It returns the keys from which reads may choose.
func (b *bench) rawInserts(c *sql.Conn) (int, float64, error) {
	var text strings.Builder
	text.WriteString("insert into note (id, text) values ")
	for i := range rawBulk {
		if i > 0 {
			text.WriteString(",")
		}
		fmt.Fprintf(&text, "($%d,$%d)", 2*i+1, 2*i+2)
	}
	const first = 1_000_000_000
	start := time.Now()
	tx, err := c.BeginTx(b.ctx, nil)
	if err != nil {
		return 0, 0, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	insert, err := tx.PrepareContext(b.ctx, text.String())
	if err != nil {
		return 0, 0, err
	}
	n := 0
	for args := make([]any, 2*rawBulk); time.Since(start) < b.raw; n += rawBulk {
		for i := range rawBulk {
			args[2*i], args[2*i+1] = first+n+i, rawText
		}
		if _, err := insert.ExecContext(b.ctx, args...); err != nil {
			return 0, 0, err
		}
	}
	err = tx.Commit()
	return n, float64(n) / time.Since(start).Seconds(), err
}

// rawReads: one row by its key, in no order.
func (b *bench) rawReads(c *sql.Conn, rows int) (float64, error) {
	read, err := c.PrepareContext(b.ctx, "select text from note where id = $1")
	if err != nil {
		return 0, err
	}
	defer read.Close() //nolint:errcheck // thrown away
	n, start, text := 0, time.Now(), ""
	for ; time.Since(start) < b.raw; n++ {
		if err := read.QueryRowContext(b.ctx, 1_000_000_000+rand.IntN(rows)).Scan(&text); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// create makes a database on a server that waits for its disk, and refuses any other.
func (b *bench) create(name string) (at string, err error) {
	c, at, err := b.administer(name)
	if err != nil {
		return "", err
	}
	defer c.Close() //nolint:errcheck // nothing to save
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var v string
		if err := c.QueryRowContext(b.ctx, "show "+setting).Scan(&v); err != nil {
			return "", err
		}
		if v != "on" && !b.hasty {
			return "", fmt.Errorf("%s is %s on this server: its commits are not durable; use tool/postgres.sh --durable", setting, v)
		}
	}
	_, err = c.ExecContext(b.ctx, "create database "+name)
	return at, err
}

// administer connects to the server, on which name is or will be the database at the URL it returns.
func (b *bench) administer(name string) (c *sql.DB, at string, err error) {
	if b.server == "" {
		return nil, "", errors.New("no PostgreSQL: run it as tool/postgres.sh --durable go run ./tool/bench")
	}
	u, err := url.Parse(b.server)
	if err != nil {
		return nil, "", err
	}
	u.Path = "/" + name
	c, err = sql.Open("pgx", b.server)
	return c, u.String(), err
}

func (b *bench) drop(names ...string) error {
	if len(names) == 0 {
		return nil
	}
	c, _, err := b.administer(names[0])
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // nothing to save
	for _, name := range names {
		_, failed := c.ExecContext(context.WithoutCancel(b.ctx), "drop database if exists "+name+" with (force)")
		err = errors.Join(err, failed)
	}
	return err
}
