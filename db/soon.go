package db

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// statement waits to be sent.
type statement struct {
	query string
	args  []any
}

// Soon runs a statement whose outcome nobody asks for but that it succeeds: an insert. On PostgreSQL it is sent together
// with the next statement of the transaction, or with the last, in one trip to the server; its error comes with that.
func Soon(ctx context.Context, tx Tx, query string, args ...any) error {
	if tx.server == nil {
		_, err := tx.exec(ctx, query, args)
		return err
	}
	if err := tx.check(query); err != nil {
		return err
	}
	tx.soon = append(tx.soon, statement{query, outgoing(args)})
	if tx.trace {
		tx.queries = append(tx.queries, Query{SQL: query})
	}
	if len(tx.soon) < soonMax {
		return nil
	}
	return tx.send(ctx)
}

// soonMax bounds what waits.
const soonMax = 50

// send sends what waits.
func (t *Transaction) send(ctx context.Context) error {
	if len(t.soon) == 0 {
		return nil
	}
	_, err := t.sendAll(ctx)
	return err
}

// sendAll sends what waits in one trip and returns what the last statement did.
func (t *Transaction) sendAll(ctx context.Context) (tag pgconn.CommandTag, err error) {
	results, err := t.trip(ctx, nil)
	if err == nil {
		tag, err = results.tag, results.Close()
	}
	return tag, err
}

// ask sends what waits, and a statement whose rows it returns, in one trip.
func (t *Transaction) ask(ctx context.Context, s statement) (rows, error) {
	if len(t.soon) > 0 {
		answer, err := t.trip(ctx, &s)
		if err != nil {
			return nil, err
		}
		return answer, nil
	}
	r, err := t.server.Query(t.steady(ctx), s.query, s.args...)
	if err != nil {
		return nil, explain(err, s.query)
	}
	return answer{Rows: r}, nil
}

// answer is the outcome of a trip: of its last statement.
type answer struct {
	pgx.Rows
	results pgx.BatchResults
	tag     pgconn.CommandTag
}

func (a answer) Close() error {
	if a.Rows != nil {
		a.Rows.Close()
	}
	if a.results != nil {
		return a.results.Close()
	}
	return nil
}

// trip sends what waits and then, if there is one, a statement that asks for rows.
func (t *Transaction) trip(ctx context.Context, last *statement) (a answer, err error) {
	all := t.soon
	t.soon = nil
	batch := &pgx.Batch{}
	for _, s := range all {
		batch.Queue(s.query, s.args...)
	}
	if last != nil {
		batch.Queue(last.query, last.args...)
	}
	a.results = t.server.SendBatch(t.steady(ctx), batch)
	for _, s := range all {
		if a.tag, err = a.results.Exec(); err != nil {
			_ = a.results.Close() // the same error
			if s.args == nil && last != nil {
				s = *last
			} else if s.args == nil {
				s = all[len(all)-1] // it is the driver that refuses one, before anything is sent
			}
			return a, explain(err, s.query)
		}
		t.marked = t.marked || s.query == openMark
	}
	if last != nil {
		if a.Rows, err = a.results.Query(); err != nil {
			_ = a.Close() // the same error
			return a, explain(err, last.query)
		}
	}
	return a, nil
}

// steady is a context that does not end with the request where the connection is not the request's own: a driver that
// gives up a statement gives up the connection.
func (t *Transaction) steady(ctx context.Context) context.Context {
	if t.shared {
		return context.Background()
	}
	return ctx
}
