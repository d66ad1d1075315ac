package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"huiyin/core"
)

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
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer sqlTx.Rollback() //nolint:errcheck // after a commit it does nothing
	tx := d.newTx(sqlTx, true)
	tx.conn = conn
	err = guardPanic(core.Freeze(ctx), tx, func(ctx context.Context, tx Tx) error {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		return tx.finish(ctx)
	})
	if err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return err
	}
	tx.committed()
	return nil
}
