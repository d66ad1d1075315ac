package desk

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
)

// newest lists the records that a select finds, the newest first, a page from the cursor on. The condition's own arguments
// are $2 and so on.
func newest[T any](ctx context.Context, tx db.Tx, dest func(*T) []any, query string, column string, q register.Query, cond string, args ...any) ([]T, error) {
	args = append([]any{core.ProjectOf(ctx).ID}, args...)
	if q.After != "" {
		by, id, err := splitKey(column, q.After)
		if err != nil {
			return nil, err
		}
		n := len(args)
		args = append(args, by, id)
		cond += fmt.Sprintf(" and (%s, id) < ($%d, $%d)", column, n+1, n+2)
	}
	args = append(args, q.Limit)
	return db.All(ctx, tx, dest, fmt.Sprintf("%s%s order by %s desc, id desc limit $%d", query, cond, column, len(args)), args...)
}

// pageKey is the cursor of a record in such a list.
func pageKey(by any, id core.ID) string {
	if t, ok := by.(time.Time); ok {
		by = t.UnixMicro()
	}
	return fmt.Sprintf("%v.%s", by, id)
}

func splitKey(column, key string) (by any, id core.ID, err error) {
	first, last, ok := strings.Cut(key, ".")
	if !ok {
		return nil, 0, core.NotFound()
	}
	if id, err = core.ParseID(last); err != nil {
		return nil, 0, core.NotFound()
	}
	if column == "day" {
		return first, id, nil
	}
	n, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return nil, 0, core.NotFound()
	}
	return n, id, nil
}
