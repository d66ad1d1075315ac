// Package db opens the one database of the firm, SQLite or PostgreSQL, and hands out the only two ways in: Read and
// Write. Verbs and SQL take the Tx they are given; there is no other handle to reach.
//
// Rules (DESIGN §3): SQL is written by hand, once, in the subset both engines share. Times are stored as UTC
// microseconds in a bigint, days as text; the zero time, the zero ID and the empty Date are NULL where the column
// allows it. A statement on a business table names project_id, or it is refused.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"huiyin/core"
)

// Engine is the database behind.
type Engine string

// The two engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Config says where the data is.
type Config struct {
	Dir        string        // the data directory: SQLite file, keys, files
	URL        string        // PostgreSQL; empty: SQLite under Dir
	Migrations []fs.FS       // the kernel's and the modules' *.sql, merged by name
	Keys       *Keys         // nil: no personal data can be read or written
	IDs        *atomic.Int64 // counts the keys of rows instead of the node's own clock: for a test that compares two databases and writes one thing at a time
	Log        *slog.Logger
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine  Engine
	cfg     Config
	sql     *sql.DB // PostgreSQL, and on SQLite the pool that readers are drawn from
	writer  *writer
	file    *fileLine // SQLite's writer's connection
	readers chan *conn
	lease   atomic.Pointer[lease]
	leasing sync.Mutex // one renewal at a time
	keys    *Keys
	guarded sync.Map // SQL text → known, see guard.go
	tables  map[string]bool
	hub     *Hub
	topics  chan string   // PostgreSQL: to be told to all nodes
	wait    time.Duration // SQLite: how long a write waits for the one before it
	aside   time.Duration // PostgreSQL: how long a shared write watches the writer get nowhere
	stop    context.CancelFunc
	done    sync.WaitGroup

	closing  sync.Once
	closeErr error
}

// Open connects, without migrating. Call Migrate before anything else.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	d := &DB{cfg: cfg, keys: cfg.Keys, hub: newHub(), topics: make(chan string, 1024), wait: writeWait, aside: writeAside}
	var err error
	if cfg.URL != "" {
		err = d.openPostgres(ctx)
	} else {
		err = d.openSQLite(ctx)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Start leases a node number for ids, learns the tables and, on PostgreSQL, listens for what other nodes publish.
// It needs a migrated database.
func (d *DB) Start(ctx context.Context) error {
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	if err := errors.Join(d.learnShape(ctx), d.learnTables(ctx)); err != nil {
		return err
	}
	if err := d.takeLease(ctx); err != nil {
		return err
	}
	d.done.Add(1)
	go func() { defer d.done.Done(); d.keepLease(run) }()
	if d.engine == Postgres {
		d.done.Go(func() { d.listen(run) })
		d.done.Go(func() { d.tell(run) })
	}
	return nil
}

// Close gives back the node number and closes every connection. Nothing acknowledged is pending: a Write has
// returned only after its commit. Closing twice is harmless.
func (d *DB) Close() error {
	d.closing.Do(func() { d.closeErr = d.close() })
	return d.closeErr
}

func (d *DB) close() error {
	if d.stop != nil {
		d.stop()
		d.done.Wait()
		d.dropLease()
	}
	d.writer.close()
	if d.engine == SQLite {
		d.closeReaders()
	}
	return d.sql.Close()
}

// Engine tells which database is behind; only db, testkit and the benchmarks should ask.
func (d *DB) Engine() Engine { return d.engine }

// Hub delivers the topics that writes published, from this node and (on PostgreSQL) from all others.
func (d *DB) Hub() *Hub { return d.hub }

// Read runs fn in one read-only snapshot.
func (d *DB) Read(ctx context.Context, fn func(context.Context, Tx) error) error {
	if d.engine == SQLite {
		return d.readSQLite(ctx, fn)
	}
	return d.readPostgres(ctx, fn)
}

// Write runs fn in one transaction, all or nothing, and returns after the commit is durable. When fn fails, the
// records that its error keeps (a refusal, a failed sign-in) are written in a short transaction of their own.
// Waiting longer than 15 s for another writer gives KindBusy.
func (d *DB) Write(ctx context.Context, fn func(context.Context, Tx) error) error {
	return d.finishWrite(ctx, fn, d.write)
}

// WriteShared is Write for what is short as a rule, such as a request of a page: it may share its commit with others that
// wait (on SQLite every Write does). fn may be run twice: on PostgreSQL it is run again in a transaction of its own when
// it takes long, or waits for a row that a long one holds.
func (d *DB) WriteShared(ctx context.Context, fn func(context.Context, Tx) error) error {
	if d.engine == SQLite {
		return d.Write(ctx, fn)
	}
	return d.finishWrite(ctx, fn, d.sharePostgres)
}

// counted gives fn the same keys when it is run again, and gives them back when it failed: how far it came before that is
// the engine's own affair.
func (d *DB) counted(fn func(context.Context, Tx) error, write func(context.Context, func(context.Context, Tx) error) error) func(context.Context) error {
	if d.cfg.IDs == nil {
		return func(ctx context.Context) error { return write(ctx, fn) }
	}
	return func(ctx context.Context) error {
		first := int64(0)
		err := write(ctx, func(ctx context.Context, tx Tx) error {
			if first == 0 {
				first = d.cfg.IDs.Load()
			}
			d.cfg.IDs.Store(first)
			return fn(ctx, tx)
		})
		if err != nil && first != 0 {
			d.cfg.IDs.Store(first)
		}
		return err
	}
}

func (d *DB) finishWrite(ctx context.Context, fn func(context.Context, Tx) error, write func(context.Context, func(context.Context, Tx) error) error) error {
	err := d.holdLease(ctx)
	if err == nil {
		err = d.counted(fn, write)(ctx)
	}
	if err != nil {
		d.keep(ctx, err)
	}
	return translate(err)
}

func (d *DB) write(ctx context.Context, fn func(context.Context, Tx) error) error {
	if d.engine == SQLite {
		return d.writeSQLite(ctx, fn)
	}
	return d.writePostgres(ctx, fn)
}

// Kept is a record that survives the rollback of the transaction whose error carries it.
type Kept interface {
	Keep(ctx context.Context, tx Tx) error
}

func (d *DB) keep(ctx context.Context, err error) {
	var e *core.Err
	if !errors.As(err, &e) || len(e.Keep) == 0 {
		return
	}
	keepErr := d.write(ctx, func(ctx context.Context, tx Tx) error {
		for _, k := range e.Keep {
			if err := k.(Kept).Keep(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	e.Keep = nil
	if keepErr != nil {
		d.cfg.Log.ErrorContext(ctx, "records to keep were not written", "err", keepErr)
	}
}

// writeWait is how long a write waits for the one before it.
const writeWait = 15 * time.Second

func busy() error {
	return &core.Err{Kind: core.KindBusy, Text: core.T("系统正在执行一次大的写入(如导入),请稍后再提交;您填的内容还在",
		"A large write (such as an import) is running; please submit again in a moment. What you typed is kept")}
}

// guardPanic turns a panic in fn into an error, so that one request cannot take the writer down.
func guardPanic(ctx context.Context, tx Tx, fn func(context.Context, Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, stack())
		}
	}()
	return fn(ctx, tx)
}
