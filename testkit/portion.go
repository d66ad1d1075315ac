package testkit

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// CutOff is a context of work that is broken off when business time is asked for the nth time: at the beginning of a
// transaction. With zero it comes to its end.
func (k *Kit) CutOff(ctx context.Context, n int) context.Context {
	ctx, stop := context.WithCancel(ctx)
	k.Cleanup(stop)
	asked := 0
	return core.WithClock(ctx, func() time.Time {
		if asked++; asked == n {
			stop()
		}
		return k.Now()
	})
}

// Count counts rows by the key that the query groups them by: it selects the key and how many.
func (k *Kit) Count(query string, args ...any) (per map[core.ID]int64, all int) {
	k.Helper()
	type line struct {
		key core.ID
		n   int64
	}
	per = map[core.ID]int64{}
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ls, err := db.All(ctx, tx, func(l *line) []any { return []any{&l.key, &l.n} }, query, args...)
		for _, l := range ls {
			per[l.key] = l.n
			all += int(l.n)
		}
		return err
	})
	return per, all
}

// EachHas checks that each of these has so many, and that nobody else has any.
func (k *Kit) EachHas(what string, ids []core.ID, want int64, per map[core.ID]int64) {
	k.Helper()
	for _, id := range ids {
		if per[id] != want {
			k.Fatalf("%s: %s has %d, want %d", what, id, per[id], want)
		}
	}
	if len(per) != len(ids) {
		k.Errorf("%s: %d have some, want %d", what, len(per), len(ids))
	}
}
