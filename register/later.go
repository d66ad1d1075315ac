package register

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// offTurn is a refusal because the verb's turn has not come or is over.
type offTurn struct{ error }

func (e offTurn) Unwrap() error { return e.error }

// Later refuses a verb whose turn has not come or is over. A record's page leaves its button out.
func Later(zh, en string, args ...any) error { return offTurn{core.Conflict(zh, en, args...)} }

// IsLater reports whether an error is such a refusal.
func IsLater(err error) bool { return errors.As(err, &offTurn{}) }

// Doing turns a plain verb into a register's: it answers with the record itself.
func Doing[In any](do func(context.Context, db.Tx, core.ID, In) error) func(context.Context, db.Tx, core.ID, In) (core.ID, error) {
	return func(ctx context.Context, tx db.Tx, id core.ID, in In) (core.ID, error) {
		return id, do(ctx, tx, id, in)
	}
}

// Key is the cursor of a record in a list that is ordered by these values: numbers, keys, times.
func Key(values ...any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		if t, ok := v.(time.Time); ok {
			v = t.UnixMicro()
		}
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, ".")
}

// ParseKey reads a cursor of n numbers back; a wrong one is nothing that there is.
func ParseKey(key string, n int) ([]int64, error) {
	parts := strings.Split(key, ".")
	if len(parts) != n {
		return nil, core.NotFound()
	}
	out := make([]int64, n)
	for i, p := range parts {
		var err error
		if out[i], err = strconv.ParseInt(p, 10, 64); err != nil {
			return nil, core.NotFound()
		}
	}
	return out, nil
}
