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
	n, err := Value[int64](ctx, tx, `insert into db_number (project_id, kind, month, last) values ($1, $2, $3, 1)
		on conflict (project_id, kind, month) do update set last = db_number.last + 1 returning last`, project, kind, month)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s-%s%s-%04d", kind, month[:4], month[5:], n), nil
}

// NextCount takes the next number of a kind that counts on from month to month: 1, 2, 3. A rollback gives it back.
func NextCount(ctx context.Context, tx Tx, project core.ID, kind string) (int64, error) {
	return Value[int64](ctx, tx, `insert into db_number (project_id, kind, month, last) values ($1, $2, '', 1)
		on conflict (project_id, kind, month) do update set last = db_number.last + 1 returning last`, project, kind)
}
