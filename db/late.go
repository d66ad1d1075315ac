package db

import (
	"context"
	"slices"
)

// late is what the requests of one commit leave to its end, of one kind.
type late struct {
	key   any
	items []any
	write func(context.Context, Tx, []any) error
}

// Late keeps an item for the end of the commit, where one call of write takes it with all others of the same key: those
// of every request that shares the commit. So the journal and the index are written in a few statements of many rows. The
// item is in the same commit as the rest, and only if its request did not fail; until then nobody reads it. An error of
// write fails the commit for all, so it must not depend on what users typed.
func Late[V any](tx Tx, key any, item V, write func(context.Context, Tx, []V) error) {
	tx.lates = addLate(tx.lates, late{key, []any{item}, func(ctx context.Context, tx Tx, items []any) error {
		all := make([]V, len(items))
		for i, item := range items {
			all[i] = item.(V)
		}
		return write(ctx, tx, all)
	}})
}

// addLate puts the items behind those of the same key.
func addLate(all []late, more ...late) []late {
	for _, m := range more {
		i := slices.IndexFunc(all, func(l late) bool { return l.key == m.key })
		if i < 0 {
			all = append(all, m)
			continue
		}
		all[i].items = append(all[i].items, m.items...)
	}
	return all
}

func (t *Transaction) writeLates(ctx context.Context, lates []late) error {
	for _, l := range lates {
		if err := l.write(ctx, t, l.items); err != nil {
			return err
		}
	}
	return nil
}
