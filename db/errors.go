package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"huiyin/core"
)

// ErrDuplicate is a broken unique constraint. Verbs that expect one turn it into a sentence of their own.
type ErrDuplicate struct {
	Constraint string // PostgreSQL: the constraint's name; SQLite: the table's columns
	cause      error
}

func (e *ErrDuplicate) Error() string { return "duplicate: " + e.Constraint }
func (e *ErrDuplicate) Unwrap() error { return e.cause }

// IsDuplicate reports whether err is a broken unique constraint.
func IsDuplicate(err error) bool {
	var d *ErrDuplicate
	return errors.As(err, &d)
}

// explain adds the statement to a driver's error and turns the codes we act on into types.
func explain(err error, query string) error {
	if err == nil {
		return nil
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return &ErrDuplicate{pg.ConstraintName, err}
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			_, cols, _ := strings.Cut(lite.Error(), "failed: ")
			return &ErrDuplicate{cols, err}
		}
	}
	return fmt.Errorf("%w [%s]", err, strings.Join(strings.Fields(query), " "))
}

// translate is the last word on an error that leaves Write: what the user can act on gets a sentence.
func translate(err error) error {
	var e *core.Err
	if err == nil || errors.As(err, &e) {
		return err
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) && lite.Code()&0xff == sqlite3.SQLITE_BUSY {
		return busy()
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "55P03" {
		return busy()
	}
	if IsDuplicate(err) {
		return &core.Err{Kind: core.KindConflict, Cause: err,
			Text: core.T("已经有一条同样的记录", "There already is such a record")}
	}
	return err
}

// again reports whether PostgreSQL asks to run the transaction once more.
func again(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") && !errors.Is(err, context.Canceled)
}
