package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"huiyin/core"
)

// readerCount bounds the snapshots read at once; the pages are short, and SQLite reads on the CPU that serves them.
const readerCount = 6

// batchMax bounds how many waiting writes share one commit, and batchTime how long they may take together, so that
// the first to wait is not held up by an endless train.
const (
	batchMax  = 64
	batchTime = 25 * time.Millisecond
)

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
	d.writer = &writer{db: d, conn: c, turn: turns, cache: newCache(), queue: make(chan *request, 1024), closed: make(chan struct{}), ended: make(chan struct{})}
	go d.writer.run()
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

var errClosed = errors.New("db: closed")

// writer is the one goroutine that writes: it takes every request that waits, runs each in a savepoint of its own,
// commits once, and answers all. A request sees all of its own work or none.
type writer struct {
	db     *DB
	conn   *conn
	turn   turn
	cache  *cache
	counts map[series]int64 // the last numbers, as this commit will leave them
	queue  chan *request
	closed chan struct{}
	ended  chan struct{} // its connection is closed
}

type request struct {
	ctx   context.Context
	fn    func(context.Context, Tx) error
	tx    Tx
	err   error
	done  chan struct{}
	state atomic.Int32 // 0 waiting, 1 running, 2 given up
}

func (d *DB) writeSQLite(ctx context.Context, fn func(context.Context, Tx) error) error {
	r := &request{ctx: ctx, fn: fn, done: make(chan struct{})}
	timer := time.NewTimer(d.wait)
	defer timer.Stop()
	select {
	case <-d.writer.closed:
		return errClosed
	default:
	}
	select {
	case d.writer.queue <- r:
	case <-timer.C:
		return busy()
	case <-d.writer.closed:
		return errClosed
	}
	select {
	case <-r.done:
	case <-timer.C:
		if r.state.CompareAndSwap(0, 2) {
			return busy()
		}
		<-r.done
	}
	if r.err == nil {
		r.tx.committed()
	}
	return r.err
}

func (w *writer) close() {
	close(w.closed)
	w.queue <- nil
	<-w.ended
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

func (w *writer) run() {
	defer close(w.ended)
	defer w.turn.close()
	defer w.conn.close()
	for r := range w.queue {
		if r == nil {
			return
		}
		w.batch(r)
	}
}

// batch runs the first request and those that wait behind it, in one transaction.
func (w *writer) batch(first *request) {
	if err := w.begin(); err != nil {
		w.answer([]*request{first}, translate(err))
		return
	}
	var ran []*request
	var lates []late
	start := time.Now()
	for r := first; r != nil; r = w.next(len(ran), start) {
		if r.state.CompareAndSwap(0, 1) {
			alone := !slices.ContainsFunc(ran, func(r *request) bool { return r.err == nil })
			again := w.one(r, alone)
			ran = append(ran, r)
			if again != nil { // nothing has been done in it, and nothing can be
				w.answer(ran, nil)
				return
			}
			if r.err == nil {
				lates = addLate(lates, r.tx.lates...)
				maps.Copy(w.counts, r.tx.numbers)
			}
		}
	}
	err := w.end(ran, lates)
	if err == nil {
		err = w.conn.do("commit")
	}
	if err != nil {
		_ = w.conn.do("rollback")
		w.cache.clear() // what it saw of this transaction never was
	}
	w.answer(ran, err)
}

// begin waits for another process (a command beside serve) through SQLite's busy timeout, and asks whether it wrote.
func (w *writer) begin() error {
	if err := w.turn.take(func() error { return w.conn.do("begin immediate") }); err != nil {
		return err
	}
	rows, err := w.conn.QueryContext(context.Background(), "pragma data_version")
	if err != nil {
		return errors.Join(err, w.conn.do("rollback"))
	}
	var version int64
	for rows.Next() {
		err = rows.Scan(&version)
	}
	if err := errors.Join(err, rows.Close(), rows.Err()); err != nil {
		return errors.Join(err, w.conn.do("rollback"))
	}
	w.cache.at(version)
	w.counts = map[series]int64{}
	return nil
}

// end writes what the requests left to the end of the commit.
func (w *writer) end(ran []*request, lates []late) error {
	if len(lates) == 0 {
		return nil
	}
	tx := w.tx()
	tx.trace = slices.ContainsFunc(ran, func(r *request) bool { return r.tx != nil && r.tx.trace })
	err := guardPanic(context.Background(), tx, func(ctx context.Context, tx Tx) error { return tx.writeLates(ctx, lates) })
	for _, r := range ran {
		if r.tx != nil && r.tx.trace {
			r.tx.queries = append(r.tx.queries, tx.queries...)
		}
	}
	return translate(err)
}

func (w *writer) tx() Tx {
	tx := w.db.newTx(w.conn, true)
	tx.cache, tx.counts = w.cache, w.counts
	return tx
}

func (w *writer) next(n int, start time.Time) *request {
	if n >= batchMax || time.Since(start) > batchTime {
		return nil
	}
	select {
	case r := <-w.queue:
		if r == nil {
			w.queue <- nil // close comes after this batch
		}
		return r
	default:
		return nil
	}
}

// one runs a request in a savepoint of its own; alone, while nothing else has been done in the transaction, in the whole
// of it, which is begun again when it fails. A large write, such as an import, is alone: a savepoint around its many
// statements costs SQLite more with each.
func (w *writer) one(r *request, alone bool) (again error) {
	if r.err = r.ctx.Err(); r.err != nil {
		return nil
	}
	if !alone {
		if r.err = w.conn.do("savepoint r"); r.err != nil {
			return nil
		}
	}
	r.tx = w.tx()
	r.err = guardPanic(core.Freeze(r.ctx), r.tx, func(ctx context.Context, tx Tx) error {
		if err := r.fn(ctx, tx); err != nil {
			return err
		}
		return tx.finish(ctx)
	})
	switch {
	case alone && r.err != nil:
		_ = w.conn.do("rollback")
		return w.begin()
	case alone:
		return nil
	case r.err != nil:
		_ = w.conn.do("rollback to r")
	}
	if err := w.conn.do("release r"); err != nil && r.err == nil {
		r.err = err
	}
	return nil
}

// answer tells every request its own error, or that the commit failed for all.
func (w *writer) answer(rs []*request, commit error) {
	for _, r := range rs {
		if r.err == nil && commit != nil {
			r.err = commit
		}
		close(r.done)
	}
}
