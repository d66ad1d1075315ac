package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"huiyin/core"
)

// readerCount bounds the snapshots read at once; the pages are short, and SQLite reads on the CPU that serves them.
const readerCount = 6

func (d *DB) openSQLite(ctx context.Context) error {
	d.engine = SQLite
	if err := os.MkdirAll(d.cfg.Dir, 0o700); err != nil {
		return err
	}
	pool, err := sql.Open("sqlite", sqliteDSN(filepath.Join(d.cfg.Dir, "huiyin.db")))
	if err != nil {
		return err
	}
	d.sql = pool
	c, err := newConn(ctx, pool)
	if err != nil {
		return fmt.Errorf("opening the database under %s: %w", d.cfg.Dir, err)
	}
	turns, err := openTurn(d.cfg.Dir)
	if err != nil {
		return err
	}
	d.file = &fileLine{db: d, conn: c, turn: turns, cache: newCache()}
	d.writer = startWriter(d.file, 0)
	d.readers = make(chan *conn, readerCount)
	for range readerCount {
		d.readers <- nil // opened when first used
	}
	return nil
}

func sqliteDSN(path string) string {
	q := url.Values{"_pragma": {
		"busy_timeout(15000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
		"cache_size(-16000)", "temp_store(MEMORY)", "mmap_size(268435456)", "wal_autocheckpoint(4000)",
	}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// conn is one connection with its prepared statements; it belongs to one goroutine at a time.
type conn struct {
	c     *sql.Conn
	stmts map[string]prepared
}

// prepared is a statement whose $1, $2 … were written as ?, with the argument of each: the driver and SQLite look up
// every named parameter among all others.
type prepared struct {
	*sql.Stmt
	order []int
}

func newConn(ctx context.Context, pool *sql.DB) (*conn, error) {
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{c: c, stmts: map[string]prepared{}}, nil
}

// newReader is a connection on which even "insert … returning" is refused, as PostgreSQL refuses it in a Read.
func newReader(ctx context.Context, pool *sql.DB) (*conn, error) {
	c, err := newConn(ctx, pool)
	if err != nil {
		return nil, err
	}
	if err := c.do("pragma query_only(1)"); err != nil {
		return nil, errors.Join(err, c.c.Close())
	}
	return c, nil
}

// stmtMax bounds the prepared statements of a connection; our SQL texts are a few hundred.
const stmtMax = 600

func (c *conn) prepare(query string) (prepared, error) {
	if s, ok := c.stmts[query]; ok {
		return s, nil
	}
	if len(c.stmts) >= stmtMax {
		for k, s := range c.stmts {
			_ = s.Close()
			delete(c.stmts, k)
		}
	}
	text, order := unnamed(query)
	s, err := c.c.PrepareContext(context.Background(), text)
	if err != nil {
		return prepared{}, err
	}
	p := prepared{s, order}
	c.stmts[query] = p
	return p, nil
}

var parameters = regexp.MustCompile(`'[^']*'|"[^"]*"|--[^\n]*|\$[0-9]+`)

// unnamed writes $1, $2 … as ? and tells which argument each stands for; a text without them stays as it is.
func unnamed(query string) (string, []int) {
	var order []int
	text := parameters.ReplaceAllStringFunc(query, func(m string) string {
		if m[0] != '$' {
			return m
		}
		n, _ := strconv.Atoi(m[1:])
		order = append(order, n-1)
		return "?"
	})
	return text, order
}

// arguments puts the arguments where the parameters stand.
func (p prepared) arguments(args []any) ([]any, error) {
	if p.order == nil {
		return args, nil
	}
	out := make([]any, len(p.order))
	used := 0
	for i, n := range p.order {
		if n < 0 || n >= len(args) {
			return nil, fmt.Errorf("db: there is no argument for $%d", n+1)
		}
		out[i], used = args[n], max(used, n+1)
	}
	if used < len(args) {
		return nil, fmt.Errorf("db: the statement takes %d arguments, not %d", used, len(args))
	}
	return out, nil
}

// close gives the connection back to the pool, which closes it. Without it the file would stay open when the database
// is closed, with 256 MB of address space that map it.
func (c *conn) close() {
	if c == nil {
		return
	}
	for _, s := range c.stmts {
		_ = s.Close()
	}
	_ = c.c.Close()
}

// ExecContext and QueryContext drop the request's cancellation: a cancellable context costs half again per statement
// here, and a statement of ours ends soon anyway.
func (c *conn) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	s, err := c.prepare(query)
	if err == nil {
		args, err = s.arguments(args)
	}
	if err != nil {
		return nil, err
	}
	return s.Stmt.ExecContext(context.Background(), args...)
}

func (c *conn) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := c.prepare(query)
	if err == nil {
		args, err = s.arguments(args)
	}
	if err != nil {
		return nil, err
	}
	return s.Stmt.QueryContext(context.Background(), args...)
}

func (c *conn) do(statement string) error {
	_, err := c.ExecContext(context.Background(), statement)
	return err
}

func (d *DB) readSQLite(ctx context.Context, fn func(context.Context, Tx) error) error {
	var c *conn
	select {
	case c = <-d.readers:
	case <-d.writer.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { d.readers <- c }()
	if c == nil {
		var err error
		if c, err = newReader(context.WithoutCancel(ctx), d.sql); err != nil {
			return err
		}
	}
	if err := c.do("begin"); err != nil {
		return translate(err)
	}
	defer c.do("rollback") //nolint:errcheck // a read has nothing to keep
	return guardPanic(core.Freeze(ctx), d.newTx(c, false), fn)
}

// writeSQLite waits until the writer has answered, and gives up when its turn does not come.
func (d *DB) writeSQLite(ctx context.Context, fn func(context.Context, Tx) error) error {
	err := d.writer.do(ctx, fn, d.wait, func() time.Duration { return 0 })
	if errors.Is(err, errWaited) {
		return busy()
	}
	return err
}

// fileLine is the connection of SQLite's writer.
type fileLine struct {
	db    *DB
	conn  *conn
	turn  turn
	cache *cache
}

// begin waits for another process (a command beside serve) through SQLite's busy timeout, and asks whether it wrote.
func (l *fileLine) begin() error {
	if err := l.turn.take(func() error { return l.conn.do("begin immediate") }); err != nil {
		return translate(err)
	}
	rows, err := l.conn.QueryContext(context.Background(), "pragma data_version")
	if err != nil {
		return errors.Join(err, l.conn.do("rollback"))
	}
	var version int64
	for rows.Next() {
		err = rows.Scan(&version)
	}
	if err := errors.Join(err, rows.Close(), rows.Err()); err != nil {
		return errors.Join(err, l.conn.do("rollback"))
	}
	l.cache.at(version)
	return nil
}

func (l *fileLine) tx() Tx {
	tx := l.db.newTx(l.conn, true)
	tx.cache = l.cache
	return tx
}

func (l *fileLine) savepoint(Tx) error { return l.conn.do("savepoint r") }

func (l *fileLine) release(_ context.Context, _ Tx, inside bool) error {
	if !inside {
		return nil
	}
	return l.conn.do("release r")
}

func (l *fileLine) undo(Tx) error {
	return errors.Join(l.conn.do("rollback to r"), l.conn.do("release r"))
}

func (l *fileLine) commit(context.Context, Tx) error { return l.conn.do("commit") }

func (l *fileLine) rollback() {
	_ = l.conn.do("rollback")
	l.cache.clear() // what it saw of this transaction never was
}

func (l *fileLine) told(_ Tx, err error) error    { return err }
func (l *fileLine) toldAll(_ Tx, err error) error { return err }

func (l *fileLine) close() {
	l.conn.close()
	l.turn.close()
}

// closeReaders closes the connections of the readers as they come back; one that does not is left to the process's end.
func (d *DB) closeReaders() {
	late := time.After(5 * time.Second)
	for range readerCount {
		select {
		case c := <-d.readers:
			c.close()
		case <-late:
			return
		}
	}
}
