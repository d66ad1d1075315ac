package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"huiyin/core"
)

// A request that shares its commit with others must be a short one: it may wait this long for a row that somebody else
// has locked, run a statement that long, and take so long altogether. One that takes longer is rolled back and run again
// on a connection of its own, and nobody waits for it.
const (
	sharedLock      = 50 * time.Millisecond
	sharedStatement = 250 * time.Millisecond
	sharedTime      = 250 * time.Millisecond
)

// writeAside is how long a request watches the writer get nowhere before it takes a connection of its own.
const writeAside = 30 * time.Millisecond

func (d *DB) openPostgres(ctx context.Context) error {
	d.engine = Postgres
	cfg, err := pgx.ParseConfig(d.cfg.URL)
	if err != nil {
		return fmt.Errorf("the database URL cannot be read: %w", err)
	}
	cfg.RuntimeParams["application_name"] = "huiyin"
	cfg.RuntimeParams["lock_timeout"] = "15s"
	cfg.RuntimeParams["TimeZone"] = "UTC"
	cfg.StatementCacheCapacity = 600
	d.sql = stdlib.OpenDB(*cfg)
	d.sql.SetMaxOpenConns(24)
	d.sql.SetMaxIdleConns(24)
	d.sql.SetConnMaxIdleTime(5 * time.Minute)
	if err := d.sql.PingContext(ctx); err != nil {
		return fmt.Errorf("opening PostgreSQL: %w", err)
	}
	shared := cfg.Copy()
	shared.RuntimeParams["lock_timeout"] = strconv.FormatInt(sharedLock.Milliseconds(), 10)
	shared.RuntimeParams["statement_timeout"] = strconv.FormatInt(sharedStatement.Milliseconds(), 10)
	d.writer = startWriter(&serverLine{db: d, cfg: shared}, sharedTime)
	return nil
}

func (d *DB) readPostgres(ctx context.Context, fn func(context.Context, Tx) error) error {
	tx, err := d.sql.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // a read has nothing to keep
	return guardPanic(core.Freeze(ctx), d.newTx(tx, false), fn)
}

// sharePostgres lets the writer do it together with others; what it has no time for gets a transaction of its own.
func (d *DB) sharePostgres(ctx context.Context, fn func(context.Context, Tx) error) error {
	err := d.writer.do(ctx, fn, d.aside, d.writerMoved)
	if !errors.Is(err, errAlone) && !errors.Is(err, errWaited) {
		return err
	}
	return d.writePostgres(ctx, fn)
}

// writerMoved is how much longer to wait for the writer: it has begun something new a moment ago.
func (d *DB) writerMoved() time.Duration {
	began := d.writer.began.Load()
	if began == 0 {
		return d.aside
	}
	return d.aside - time.Since(time.Unix(0, began))
}

// tries is how often a write is run when PostgreSQL finds two that cannot both be right.
const tries = 3

func (d *DB) writePostgres(ctx context.Context, fn func(context.Context, Tx) error) (err error) {
	for n := range tries {
		if err = d.tryPostgres(ctx, fn); !again(err) {
			return err
		}
		time.Sleep(time.Duration(n+1) * 5 * time.Millisecond)
	}
	return err
}

func (d *DB) tryPostgres(ctx context.Context, fn func(context.Context, Tx) error) error {
	conn, err := d.sql.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	raw := conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("db: the driver's connection is a %T", driver)
		}
		err = (&serverLine{db: d, c: c.Conn()}).run(ctx, fn)
		return nil // fn's error is not the driver's, which would take the connection for broken
	})
	if err == nil {
		err = raw
	}
	return err
}

// serverLine is one connection to PostgreSQL on which transactions are run: the writer's, or one of the pool's for a
// single transaction. What opens and ends a transaction or a savepoint is sent together with the next statement.
type serverLine struct {
	db   *DB
	cfg  *pgx.ConnConfig // the writer's; nil: a single transaction
	c    *pgx.Conn
	owed []statement
	kept *cache // the writer's: what the requests of one commit have read
}

// run runs a single transaction.
func (l *serverLine) run(ctx context.Context, fn func(context.Context, Tx) error) error {
	l.owed = []statement{{query: "begin"}}
	tx := l.tx()
	err := guardPanic(core.Freeze(ctx), tx, func(ctx context.Context, tx Tx) error {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		if err := tx.finish(ctx); err != nil {
			return err
		}
		if err := tx.writeLates(ctx, tx.lates); err != nil {
			return err
		}
		return l.commit(ctx, tx)
	})
	if err != nil {
		l.rollback()
		return err
	}
	tx.committed()
	return nil
}

func (l *serverLine) begin() error {
	l.kept = newCache()
	l.owed = []statement{{query: "begin"}}
	if l.c != nil && !l.c.IsClosed() {
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	c, err := pgx.ConnectConfig(ctx, l.cfg)
	if err != nil {
		l.db.cfg.Log.WarnContext(ctx, "the shared connection for writes could not be opened", "err", err)
		return errAlone
	}
	l.c = c
	return nil
}

func (l *serverLine) tx() Tx {
	tx := l.db.newTx(nil, true)
	tx.server, tx.soon, tx.shared, tx.cache = l.c, l.owed, l.cfg != nil, l.kept
	l.owed = nil
	return tx
}

const (
	openMark  = "savepoint r"
	closeMark = "release savepoint r"
	backMark  = "rollback to savepoint r"
)

func (l *serverLine) savepoint(tx Tx) error {
	tx.soon = append(tx.soon, statement{query: openMark})
	return nil
}

// release sends what still waits of the request, so that its errors are its own. What only opens or closes can wait for
// the next one.
func (l *serverLine) release(ctx context.Context, tx Tx, inside bool) error {
	if tx.expired || l.status() == 'E' { // the request has passed over an error
		return errAlone
	}
	work := slices.ContainsFunc(tx.soon, func(s statement) bool { return s.args != nil })
	if inside {
		tx.soon = append(tx.soon, statement{query: closeMark})
	}
	if work {
		return tx.send(ctx)
	}
	l.owed, tx.soon = tx.soon, nil
	return nil
}

// undo rolls back to the request's savepoint, if that has been sent. If not, nothing of the request has.
func (l *serverLine) undo(tx Tx) error {
	switch status := l.status(); {
	case tx.marked:
		_, err := l.send(statement{query: backMark}, statement{query: closeMark})
		if err != nil {
			return errAlone
		}
	case status == 'I':
		l.owed = []statement{{query: "begin"}}
	case status != 'T':
		return errAlone
	}
	return nil
}

func (l *serverLine) send(all ...statement) (pgconn.CommandTag, error) {
	tx := l.tx()
	tx.soon = all
	return tx.sendAll(context.Background())
}

// status is the server's word on the transaction: I none, T open, E failed; X when the connection is lost.
func (l *serverLine) status() byte {
	if l.c.IsClosed() {
		return 'X'
	}
	return l.c.PgConn().TxStatus()
}

// told is errAlone where a transaction of its own may do better: the request waited or took too long for this one, or
// failed before any of it had been sent.
func (l *serverLine) told(tx Tx, err error) error {
	var pg *pgconn.PgError
	impatient := errors.As(err, &pg) && (pg.Code == "55P03" || pg.Code == "57014")
	if status := l.status(); impatient || again(err) || tx.expired || status == 'X' || status == 'E' && !tx.marked && !tx.first {
		return errAlone
	}
	return err
}

// toldAll is errAlone unless it may be that they are committed, because the connection broke after the commit was sent.
func (l *serverLine) toldAll(tx Tx, err error) error {
	if tx.ending && l.status() == 'X' {
		return err
	}
	return errAlone
}

// commit sends what waits, and the commit with it.
func (l *serverLine) commit(ctx context.Context, tx Tx) error {
	if l.status() == 'I' && len(tx.soon) == 1 {
		return nil // nothing but a begin, and that not sent
	}
	tx.soon = append(tx.soon, statement{query: "commit"})
	tx.ending = true
	tag, err := tx.sendAll(ctx)
	if err == nil && tag.String() == "ROLLBACK" {
		err = pgx.ErrTxCommitRollback
	}
	return err
}

func (l *serverLine) rollback() {
	l.owed = nil
	if s := l.status(); s == 'I' || s == 'X' {
		return
	}
	if _, err := l.send(statement{query: "rollback"}); err != nil {
		_ = l.c.Close(context.Background())
	}
}

func (l *serverLine) close() {
	if l.c == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	_ = l.c.Close(ctx)
}
