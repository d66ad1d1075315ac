package db

import (
	"context"
	"strconv"
	"strings"

	"huiyin/core"
)

// manyRows is how many rows one statement of InsertMany takes: with up to a hundred columns they stay under the limits of
// both engines, which take some 32,000 and 65,000 parameters.
const manyRows = 100

// InsertMany inserts rows of equal length in a few statements and returns the ids of those that went in. into names the
// table and its columns, "t (project_id, id, …)"; end closes each statement: "", or "on conflict do nothing". The table
// has a column id.
func InsertMany(ctx context.Context, tx Tx, into, end string, rows [][]any) ([]core.ID, error) {
	var ids []core.ID
	for len(rows) > 0 {
		part := rows[:min(manyRows, len(rows))]
		rows = rows[len(part):]
		args := make([]any, 0, len(part)*len(part[0]))
		for _, r := range part {
			args = append(args, r...)
		}
		got, err := Values[core.ID](ctx, tx, "insert into "+into+" values "+places(tx.Engine(), len(part), len(part[0]))+" "+end+" returning id", args...)
		if err != nil {
			return nil, err
		}
		ids = append(ids, got...)
	}
	return ids, nil
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
