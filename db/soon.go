package db

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// statement waits to be sent.
type statement struct {
	query string
	args  []any
}

// Soon runs a statement whose outcome nobody asks for but that it succeeds: an insert. On PostgreSQL it is sent together
// with the next statement of the transaction, or with the last, in one trip to the server; its error comes with that.
func Soon(ctx context.Context, tx Tx, query string, args ...any) error {
	if tx.conn == nil {
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

// sendAll sends what waits in one trip and returns how many rows the last statement touched.
func (t *Transaction) sendAll(ctx context.Context) (n int64, err error) {
	all := t.soon
	t.soon = nil
	batch := &pgx.Batch{}
	for _, s := range all {
		batch.Queue(s.query, s.args...)
	}
	rawErr := t.conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("db: the driver's connection is a %T", driver)
		}
		results := c.Conn().SendBatch(ctx, batch)
		defer results.Close() //nolint:errcheck // each statement's error was read
		for _, s := range all {
			tag, execErr := results.Exec()
			if execErr != nil {
				err = explain(execErr, s.query) // not returned to database/sql, which would take the connection for broken
				return nil
			}
			n = tag.RowsAffected()
		}
		return nil
	})
	if err == nil {
		err = rawErr
	}
	return n, err
}
