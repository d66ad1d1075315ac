package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/govalues/decimal"

	"huiyin/core"
)

// Exec runs a statement and returns how many rows it touched.
func Exec(ctx context.Context, tx Tx, query string, args ...any) (int64, error) {
	return tx.exec(ctx, query, args)
}

// ExecOne runs a statement that must touch exactly one row; none is KindConflict: the row moved on (its version) or
// is not in this project.
func ExecOne(ctx context.Context, tx Tx, query string, args ...any) error {
	n, err := tx.exec(ctx, query, args)
	if err != nil {
		return err
	}
	if n == 0 {
		return core.Conflict("这条记录刚被别人改过,请看最新内容后再提交", "Somebody changed this record meanwhile; look at it again and resubmit")
	}
	if n > 1 {
		return fmt.Errorf("db: %d rows touched by %q", n, query)
	}
	return nil
}

// All reads every row into a T; dest gives the addresses of T's properties in the order of the columns.
func All[T any](ctx context.Context, tx Tx, dest func(*T) []any, query string, args ...any) ([]T, error) {
	var out []T
	err := Each(ctx, tx, dest, func(t *T) error { out = append(out, *t); return nil }, query, args...)
	return out, err
}

// Each calls fn for every row, one at a time, for what is too large to hold.
func Each[T any](ctx context.Context, tx Tx, dest func(*T) []any, fn func(*T) error, query string, args ...any) error {
	rows, err := tx.query(ctx, query, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var t T
		if err := rows.Scan(incoming(dest(&t))...); err != nil {
			return explain(err, query)
		}
		if err := fn(&t); err != nil {
			return err
		}
	}
	return explain(rows.Err(), query)
}

// One reads the first row into a T; no row is KindNotFound.
func One[T any](ctx context.Context, tx Tx, dest func(*T) []any, query string, args ...any) (T, error) {
	t, ok, err := Maybe(ctx, tx, dest, query, args...)
	if err == nil && !ok {
		err = core.NotFound()
	}
	return t, err
}

// Maybe reads the first row into a T, if there is one.
func Maybe[T any](ctx context.Context, tx Tx, dest func(*T) []any, query string, args ...any) (t T, ok bool, err error) {
	rows, err := tx.query(ctx, query, args)
	if err != nil {
		return t, false, err
	}
	defer rows.Close()
	if rows.Next() {
		ok = true
		if err := rows.Scan(incoming(dest(&t))...); err != nil {
			return t, false, explain(err, query)
		}
	}
	return t, ok, explain(rows.Err(), query)
}

// Value reads one column of one row; no row or NULL is V's zero value.
func Value[V any](ctx context.Context, tx Tx, query string, args ...any) (V, error) {
	v, _, err := Maybe(ctx, tx, self[V], query, args...)
	return v, err
}

// Values reads one column of every row.
func Values[V any](ctx context.Context, tx Tx, query string, args ...any) ([]V, error) {
	return All(ctx, tx, self[V], query, args...)
}

func self[V any](v *V) []any { return []any{v} }

// Locked adds what makes a select hold the rows it will change: "for update" on PostgreSQL, nothing on SQLite, whose
// Write is alone.
func Locked(tx Tx, query string) string {
	if tx.db.engine == Postgres {
		return query + " for update"
	}
	return query
}

// Alone waits until no other Write holds the same name for the same project, and holds it to the end of this one: for
// what counts rows and then adds some, where no one row stands for the sum. SQLite's Write is alone anyhow.
func Alone(ctx context.Context, tx Tx, name string, project core.ID) error {
	if tx.db.engine != Postgres {
		return nil
	}
	_, err := Exec(ctx, tx, "select pg_advisory_xact_lock(hashtextextended($1, $2))", name, project)
	return err
}

// outgoing turns our types into what the drivers take. Zero times, IDs and empty dates become NULL.
func outgoing(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = outgoingOne(a)
	}
	return out
}

func outgoingOne(a any) any {
	switch v := a.(type) {
	case core.ID:
		if v == 0 {
			return nil
		}
		return int64(v)
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UnixMicro()
	case core.Date:
		if v == "" {
			return nil
		}
		return string(v)
	case core.Money:
		return int64(v)
	case core.Decimal:
		return v.String()
	case core.Rate:
		return int64(v)
	case core.Span:
		return v.String()
	case core.Month:
		return string(v)
	case core.Phone:
		return string(v)
	case core.Personal:
		return string(v)
	case core.Role:
		return string(v)
	case core.IDNumber, core.Secret:
		panic(fmt.Sprintf("db: %T is stored sealed, never as it is", a))
	case int:
		return int64(v)
	}
	return a
}

func incoming(dest []any) []any {
	out := make([]any, len(dest))
	for i, d := range dest {
		out[i] = incomingOne(d)
	}
	return out
}

// incomingOne wraps the addresses whose type database/sql cannot fill or whose column may be NULL.
func incomingOne(d any) any {
	switch p := d.(type) {
	case *core.ID:
		return number[core.ID]{p}
	case *core.Money:
		return number[core.Money]{p}
	case *core.Rate:
		return number[core.Rate]{p}
	case *int64:
		return number[int64]{p}
	case *int:
		return number[int]{p}
	case *string:
		return word[string]{p}
	case *core.Date:
		return word[core.Date]{p}
	case *core.Month:
		return word[core.Month]{p}
	case *core.Phone:
		return word[core.Phone]{p}
	case *core.Personal:
		return word[core.Personal]{p}
	case *core.Role:
		return word[core.Role]{p}
	case *time.Time:
		return moment{p}
	case *core.Decimal:
		return exact{p}
	case *core.Span:
		return term{p}
	case *bool:
		return truth{p}
	}
	return d
}

type number[N ~int64 | ~int] struct{ p *N }

func (s number[N]) Scan(v any) error {
	var n sql.NullInt64
	err := n.Scan(v)
	*s.p = N(n.Int64)
	return err
}

type word[S ~string] struct{ p *S }

func (s word[S]) Scan(v any) error {
	var n sql.NullString
	err := n.Scan(v)
	*s.p = S(n.String)
	return err
}

type moment struct{ p *time.Time }

func (s moment) Scan(v any) error {
	var n sql.NullInt64
	if err := n.Scan(v); err != nil {
		return err
	}
	*s.p = time.Time{}
	if n.Valid {
		*s.p = time.UnixMicro(n.Int64).UTC()
	}
	return nil
}

type exact struct{ p *core.Decimal }

func (s exact) Scan(v any) error {
	var n sql.NullString
	if err := n.Scan(v); err != nil || n.String == "" {
		*s.p = core.Decimal{}
		return err
	}
	d, err := decimal.Parse(n.String)
	*s.p = d
	return err
}

type term struct{ p *core.Span }

func (s term) Scan(v any) error {
	var n sql.NullString
	if err := n.Scan(v); err != nil || n.String == "" {
		return err
	}
	span, err := core.ParseSpan(n.String)
	*s.p = span
	return err
}

type truth struct{ p *bool }

func (s truth) Scan(v any) error {
	var n sql.NullBool
	err := n.Scan(v)
	*s.p = n.Bool
	return err
}
