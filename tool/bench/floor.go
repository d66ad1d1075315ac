package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"huiyin/db"
)

// The floor of an intake: the bare engine, without HTTP, session, right, rule, form, seal or search words, writes the rows
// that one intake leaves, on one connection: one intake a commit; as many a commit as there are clients, the most that
// sharing a commit can give; and these without any index, the least that an engine can do to keep the rows at all.

// copied is a table that an intake writes to, and how a copy of its last row is told from the row.
type copied struct {
	table string
	rows  int      // that one intake writes
	fresh []string // columns that get a number never used before
	last  string   // the column whose highest value is the last row's
}

func (b *bench) floorTables() []copied {
	out := []copied{{"desk_matter", 1, []string{"id"}, "id"}, {"repair_order", 1, []string{"id"}, "id"}, {"duty_duty", 1, []string{"id", "record_id"}, "id"},
		{"journal_entry", 3, []string{"seq"}, "seq"}, {"search_doc", 1, []string{"id", "ref_id"}, "id"}, {"notify_message", 1, []string{"id"}, "id"},
		{"web_idempotency", 1, []string{"key"}, "at"}}
	if b.engine == db.SQLite { // on PostgreSQL the words are a column of search_doc
		out = append(out, copied{wordIndex, 1, []string{"rowid"}, "rowid"})
	}
	return out
}

// insert is a statement prepared for one table, with the last row's values and which of them a copy renews.
type insert struct {
	copied
	stmt  *sql.Stmt
	args  []any
	renew []int
}

// floor measures them in the database that the intakes have filled.
func (b *bench) floor(f *figures, dir, at string) error {
	pool, err := b.bare(filepath.Join(dir, "huiyin.db"), at)
	if err != nil {
		return err
	}
	defer pool.Close() //nolint:errcheck // thrown away
	c, err := pool.Conn(b.ctx)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // thrown away
	var all, plain []insert
	for _, t := range b.floorTables() {
		in, err := b.lastRow(c, t, "")
		if err != nil {
			return fmt.Errorf("%s: %w", t.table, err)
		}
		defer in.stmt.Close() //nolint:errcheck // thrown away
		all = append(all, in)
		if t.table == wordIndex {
			continue
		}
		if in, err = b.lastRow(c, t, "plain_"); err != nil {
			return fmt.Errorf("a plain copy of %s: %w", t.table, err)
		}
		defer in.stmt.Close() //nolint:errcheck // thrown away
		plain = append(plain, in)
	}
	next := int64(1) << 61
	if f.floor, err = b.copies(c, all, 1, &next); err == nil {
		f.floorShared, err = b.copies(c, all, clients, &next)
	}
	if err == nil {
		f.floorPlain, err = b.copies(c, plain, clients, &next)
	}
	return err
}

// copies writes intakes, some a commit, and returns how many a second.
func (b *bench) copies(c *sql.Conn, all []insert, some int, next *int64) (float64, error) {
	n, start := 0, time.Now()
	for ; time.Since(start) < b.raw; n += some {
		if err := copyOnce(b.ctx, c, all, some, next); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// wordIndex is SQLite's table of search words.
const wordIndex = "search_fts"

// lastRow reads a table's last row and prepares the insert of its copies, into the table itself or, with a prefix, into
// one of the same columns without key or index.
func (b *bench) lastRow(c *sql.Conn, t copied, prefix string) (insert, error) {
	in := insert{copied: t}
	names, values := []string{"rowid", "words"}, []any{nil, searchWords}
	if t.table != wordIndex { // its index cannot be read
		var err error
		if names, values, err = read(b.ctx, c, fmt.Sprintf("select * from %s order by %s desc limit 1", t.table, t.last)); err != nil {
			return in, err
		}
	}
	marks := make([]string, len(names))
	for i, name := range names {
		marks[i] = fmt.Sprintf("$%d", i+1)
		for _, f := range t.fresh {
			if f == name {
				in.renew = append(in.renew, i)
			}
		}
	}
	in.args = values
	if prefix != "" {
		if _, err := c.ExecContext(b.ctx, fmt.Sprintf("create table %s%s as select * from %s limit 0", prefix, t.table, t.table)); err != nil {
			return in, err
		}
	}
	var err error
	in.stmt, err = c.PrepareContext(b.ctx, fmt.Sprintf("insert into %s%s (%s) values (%s)", prefix, t.table, strings.Join(names, ", "), strings.Join(marks, ", ")))
	return in, err
}

// read gives the columns and values of the first row.
func read(ctx context.Context, c *sql.Conn, query string) ([]string, []any, error) {
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close() //nolint:errcheck // its error is read below
	names, err := rows.Columns()
	if err != nil {
		return nil, nil, err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range into {
		into[i] = &values[i]
	}
	if !rows.Next() {
		return nil, nil, fmt.Errorf("there is no row: %w", rows.Err())
	}
	return names, values, rows.Scan(into...)
}

// searchWords are as many words as a repair has in the index.
const searchWords = "wx2026110001 卫生 生间 间龙 龙头 头漏 漏水 请尽 尽快 快安 安排 排师 师傅 傅上 上门 茶水 水间 a1203 深圳 圳市 天云 科技 有限 13800138000 8000 tianyun ty lg"

func copyOnce(ctx context.Context, c *sql.Conn, all []insert, some int, next *int64) error {
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	for _, in := range all {
		stmt := tx.StmtContext(ctx, in.stmt)
		for range some * in.rows {
			for _, i := range in.renew {
				*next++
				if _, isText := in.args[i].(string); isText {
					in.args[i] = fmt.Sprint(*next)
				} else {
					in.args[i] = *next
				}
			}
			if _, err := stmt.ExecContext(ctx, in.args...); err != nil {
				return fmt.Errorf("%s: %w", in.table, err)
			}
		}
	}
	return tx.Commit()
}
