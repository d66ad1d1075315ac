package db

import (
	"context"
	"fmt"

	"huiyin/core"
)

// NextNumber takes the next number of a kind in a project and local month: "WX-202611-0187". It is the last
// statement before the insert, so that the row it locks is held shortly; a rollback gives the number back, so the
// numbers of a month have no gap.
func NextNumber(ctx context.Context, tx Tx, project core.ID, kind string, month core.Month) (string, error) {
	n, err := tx.count(ctx, series{project, kind, month})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s-%s%s-%04d", kind, month[:4], month[5:], n), nil
}

// NextCount takes the next number of a kind that counts on from month to month: 1, 2, 3. A rollback gives it back.
func NextCount(ctx context.Context, tx Tx, project core.ID, kind string) (int64, error) {
	return tx.count(ctx, series{project, kind, ""})
}

// series is one row of db_number.
type series struct {
	project core.ID
	kind    string
	month   core.Month
}

// counted is the key of the numbers that wait for the end of their commit.
type counted struct{}

// taken is the last number of a series that a request took.
type taken struct {
	series
	last int64
}

func (t *Transaction) count(ctx context.Context, s series) (int64, error) {
	if t.counts == nil {
		return Value[int64](ctx, t, `insert into db_number (project_id, kind, month, last) values ($1, $2, $3, 1)
			on conflict (project_id, kind, month) do update set last = db_number.last + 1 returning last`, s.project, s.kind, s.month)
	}
	n, err := t.lastOf(ctx, s)
	if err != nil {
		return 0, err
	}
	if t.numbers == nil {
		t.numbers = map[series]int64{}
	}
	t.numbers[s] = n + 1
	Late(t, counted{}, taken{s, n + 1}, storeNumbers)
	return n + 1, nil
}

// lastOf is the last number that this request, or one before it in the same commit, has taken. The row is locked until the
// commit (on SQLite the whole database is), so the writer may count by itself and write the row once.
func (t *Transaction) lastOf(ctx context.Context, s series) (int64, error) {
	for _, have := range []map[series]int64{t.numbers, t.counts} {
		if n, ok := have[s]; ok {
			return n, nil
		}
	}
	if t.db.engine == SQLite {
		return Value[int64](ctx, t, "select last from db_number where project_id = $1 and kind = $2 and month = $3", s.project, s.kind, s.month)
	}
	return Value[int64](ctx, t, `insert into db_number (project_id, kind, month, last) values ($1, $2, $3, 0)
		on conflict (project_id, kind, month) do update set last = db_number.last returning last`, s.project, s.kind, s.month)
}

func storeNumbers(ctx context.Context, tx Tx, all []taken) error {
	last := map[series]int64{}
	for _, t := range all {
		last[t.series] = max(last[t.series], t.last)
	}
	for s, n := range last {
		if err := Soon(ctx, tx, `insert into db_number (project_id, kind, month, last) values ($1, $2, $3, $4)
			on conflict (project_id, kind, month) do update set last = excluded.last`, s.project, s.kind, s.month, n); err != nil {
			return err
		}
	}
	return nil
}
