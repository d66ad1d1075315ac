package db

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"huiyin/core"
)

// manyRows is how many rows one statement of InsertMany takes: with up to a hundred columns they stay under the limits of
// both engines, which take some 32,000 and 65,000 parameters.
const manyRows = 100

// InsertMany inserts rows of equal length in a few statements and returns the ids of those that went in. into names the
// table and its columns, "t (project_id, id, …)"; end closes each statement: "", or "on conflict do nothing". The ids are
// new ones, made for these rows.
func InsertMany(ctx context.Context, tx Tx, into, end string, rows [][]any) ([]core.ID, error) {
	table, names, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(into), ")"), "(")
	column := slices.IndexFunc(strings.Split(names, ","), func(n string) bool { return strings.TrimSpace(n) == "id" })
	if column < 0 {
		return nil, fmt.Errorf("db: %s has no column id", into)
	}
	var ids []core.ID
	err := inParts(tx.Engine(), rows, func(part [][]any, values string, args []any) error {
		n, err := Exec(ctx, tx, "insert into "+into+" values "+values+" "+end, args...)
		if err != nil {
			return err
		}
		in, err := there(ctx, tx, strings.TrimSpace(table), part, column, n)
		ids = append(ids, in...)
		return err
	})
	return ids, err
}

// there gives the ids of the n rows that went in: all of them, as a rule.
func there(ctx context.Context, tx Tx, table string, rows [][]any, column int, n int64) ([]core.ID, error) {
	ids, args := make([]core.ID, len(rows)), []any{rows[0][0]}
	marks := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r[column].(core.ID)
		args = append(args, ids[i])
		marks[i] = "$" + strconv.Itoa(i+2)
	}
	if n == int64(len(rows)) || n == 0 {
		return ids[:n], nil
	}
	return Values[core.ID](ctx, tx, "select id from "+table+" where project_id = $1 and id in ("+strings.Join(marks, ", ")+") order by id", args...)
}

// InsertRows is InsertMany for whoever does not ask which rows went in.
func InsertRows(ctx context.Context, tx Tx, into, end string, rows [][]any) error {
	return inParts(tx.Engine(), rows, func(_ [][]any, values string, args []any) error {
		return Soon(ctx, tx, "insert into "+into+" values "+values+" "+end, args...)
	})
}

func inParts(e Engine, rows [][]any, insert func(part [][]any, values string, args []any) error) error {
	for len(rows) > 0 {
		part := rows[:partOf(len(rows))]
		rows = rows[len(part):]
		args := make([]any, 0, len(part)*len(part[0]))
		for _, r := range part {
			args = append(args, r...)
		}
		if err := insert(part, places(e, len(part), len(part[0])), args); err != nil {
			return err
		}
	}
	return nil
}

// partOf is how many of n rows the next statement takes: of some twenty sizes, so that statements prepared once serve.
func partOf(n int) int {
	if n >= manyRows {
		return manyRows
	}
	for n > 16 && n&(n-1) != 0 {
		n &= n - 1 // the largest power of two
	}
	return n
}

// places writes ($1,$2),($3,$4)…; on SQLite ?, since it looks up each named parameter among all of a statement.
func places(e Engine, rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("),(")
		default:
			b.WriteString(",")
		}
		if e == SQLite {
			b.WriteByte('?')
			continue
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	return b.String() + ")"
}
