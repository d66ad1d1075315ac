package db

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5"

	"huiyin/core"
)

// Tx is one open transaction. It is used by one goroutine.
type Tx = *Transaction

// Transaction is what Tx points to; write its type as db.Tx.
type Transaction struct {
	db      *DB
	q       querier
	write   bool
	lasts   []func(context.Context, Tx) error
	onDone  []func()
	topics  []string
	bag     map[any]any
	lates   []late
	server  *pgx.Conn   // PostgreSQL, of a Write
	soon    []statement // to be sent with the next one
	marked  bool        // the savepoint has been set
	first   bool        // there is no savepoint: the first in its transaction
	shared  bool        // the connection serves other requests as well: a cancelled one must not break it
	ending  bool        // the commit has been sent
	until   time.Time   // when its time is up; zero: never
	expired bool
	cache   *cache           // a writer's; nil: it has no company
	touched []string         // tables written to, for the cache
	numbers map[series]int64 // taken by this transaction
	counts  map[series]int64 // and by those before it in the same commit; nil: it has no company
	queries []Query
	trace   bool
}

// Query is one statement of a traced transaction (?debug=sql in the development build).
type Query struct {
	SQL  string
	Took time.Duration
}

type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (d *DB) newTx(q querier, write bool) Tx { return &Transaction{db: d, q: q, write: write} }

// NewID makes a key that is larger than every key made before on this node.
func (t *Transaction) NewID() core.ID {
	if t.db.cfg.IDs != nil {
		return core.ID(t.db.cfg.IDs.Add(1))
	}
	return core.ID(t.db.lease.Load().ids.Generate())
}

// Engine tells which database is behind; only helpers of this package and of search should ask.
func (t *Transaction) Engine() Engine { return t.db.engine }

// Writing reports whether this is a Write.
func (t *Transaction) Writing() bool { return t.write }

// DB is the database that the transaction belongs to, for what must outlive it.
func (t *Transaction) DB() *DB { return t.db }

// Last registers work for the end of the transaction, when all else has been done: what depends on the whole of it.
func (t *Transaction) Last(fn func(context.Context, Tx) error) { t.lasts = append(t.lasts, fn) }

// After registers work for after the commit. It must not fail and not block: waking the job runner, for example.
func (t *Transaction) After(fn func()) { t.onDone = append(t.onDone, fn) }

// Bag keeps a value for the rest of the transaction, such as the regulation's numbers: make runs once a key.
func Bag[V any](tx Tx, key any, make func() (V, error)) (V, error) {
	if v, ok := tx.bag[key]; ok {
		return v.(V), nil
	}
	v, err := make()
	if err != nil {
		return v, err
	}
	tx.Put(key, v)
	return v, nil
}

// Put replaces a value in the bag.
func (t *Transaction) Put(key, v any) {
	if t.bag == nil {
		t.bag = map[any]any{}
	}
	t.bag[key] = v
}

// Drop forgets a value in the bag, after a write that changes it.
func (t *Transaction) Drop(key any) { delete(t.bag, key) }

// Publish sends a topic to the browsers after the commit. Topics carry no content: "p/123/repair".
func (t *Transaction) Publish(topic string) {
	for _, have := range t.topics {
		if have == topic {
			return
		}
	}
	t.topics = append(t.topics, topic)
}

// Trace keeps the statements and their times; Queries gives them.
func (t *Transaction) Trace() { t.trace = true }

// Queries are the statements since Trace.
func (t *Transaction) Queries() []Query { return t.queries }

func (t *Transaction) finish(ctx context.Context) error {
	for i := 0; i < len(t.lasts); i++ {
		if err := t.lasts[i](ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (t *Transaction) committed() {
	for _, topic := range t.topics {
		t.db.publish(topic)
	}
	for _, fn := range t.onDone {
		fn()
	}
}

func (t *Transaction) exec(ctx context.Context, query string, args []any) (int64, error) {
	if !t.write {
		return 0, fmt.Errorf("db: a Read cannot run %q", query)
	}
	if err := t.check(query); err != nil {
		return 0, err
	}
	defer t.note(query, time.Now())
	if t.server != nil {
		t.soon = append(t.soon, statement{query, outgoing(args)})
		tag, err := t.sendAll(ctx)
		return tag.RowsAffected(), err
	}
	res, err := t.q.ExecContext(ctx, query, outgoing(args)...)
	if err != nil {
		return 0, explain(err, query)
	}
	return res.RowsAffected()
}

// rows is what both drivers' rows can do.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

func (t *Transaction) query(ctx context.Context, query string, args []any) (rows, error) {
	if err := t.check(query); err != nil {
		return nil, err
	}
	defer t.note(query, time.Now())
	if t.server != nil {
		return t.ask(ctx, statement{query, outgoing(args)})
	}
	rows, err := t.q.QueryContext(ctx, query, outgoing(args)...)
	if err != nil {
		return nil, explain(err, query)
	}
	return rows, nil
}

func (t *Transaction) note(query string, start time.Time) {
	if t.trace {
		t.queries = append(t.queries, Query{query, time.Since(start)})
	}
}

func stack() []byte { return debug.Stack() }
