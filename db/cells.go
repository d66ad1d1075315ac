package db

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"huiyin/core"
)

// Cell is one column of a business table with the property that it is read into and written from (a pointer), so that
// a record's columns, its reading and its writing are one list.
type Cell struct {
	Name string
	Ptr  any
}

// CellNames are the columns that a record with these cells is selected by: project_id, id, version and the cells.
func CellNames(cells []Cell) string {
	names := []string{"project_id", "id", "version"}
	for _, c := range cells {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// CellDest are the addresses that CellNames' columns are read into.
func CellDest(ref *core.Ref, version *int64, cells []Cell) []any {
	out := []any{&ref.Project, &ref.ID, version}
	for _, c := range cells {
		out = append(out, c.Ptr)
	}
	return out
}

func (c Cell) value() any { return reflect.ValueOf(c.Ptr).Elem().Interface() }

// InsertCells stores a new record of a table that begins with {{row}}.
func InsertCells(ctx context.Context, tx Tx, table string, ref core.Ref, cells []Cell) error {
	args := []any{ref.Project, ref.ID, core.Now(ctx), core.ActorOf(ctx).ID}
	names, marks := make([]string, len(cells)), make([]string, len(cells))
	for i, c := range cells {
		args = append(args, c.value())
		names[i], marks[i] = c.Name, fmt.Sprintf("$%d", len(args))
	}
	return Soon(ctx, tx, "insert into "+table+" (project_id, id, created_at, created_by, changed_at, changed_by, "+strings.Join(names, ", ")+
		") values ($1, $2, $3, $4, $3, $4, "+strings.Join(marks, ", ")+")", args...)
}

// UpdateCells writes a record back; the version guards against another change in between.
func UpdateCells(ctx context.Context, tx Tx, table string, ref core.Ref, version int64, cells []Cell) error {
	var sets []string
	var args []any
	for _, c := range cells {
		args = append(args, c.value())
		sets = append(sets, fmt.Sprintf("%s = $%d", c.Name, len(args)))
	}
	n := len(args)
	args = append(args, core.Now(ctx), core.ActorOf(ctx).ID, ref.Project, ref.ID, version)
	return ExecOne(ctx, tx, fmt.Sprintf("update %s set %s, version = version + 1, changed_at = $%d, changed_by = $%d where project_id = $%d and id = $%d and version = $%d",
		table, strings.Join(sets, ", "), n+1, n+2, n+3, n+4, n+5), args...)
}
