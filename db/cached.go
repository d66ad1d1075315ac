package db

import "slices"

// cache holds what a writer has read of tables that hardly change: on SQLite from one transaction to the next, on PostgreSQL,
// where other nodes write, for the requests of one commit. It is used by the writer's goroutine alone.
type cache struct {
	version int64 // SQLite's data_version: another process has written when it differs
	values  map[any]any
	tables  map[string][]any // the keys whose values were read from a table
}

// Cached keeps a value read from the named tables for the rest of the transaction and of the commit it shares, and on SQLite,
// where one writer sees every change, for the following Writes as well: until a statement writes to one of them, a commit
// fails, or another process has written anything. The value is shared: nobody may change it.
func Cached[V any](tx Tx, key any, tables []string, read func() (V, error)) (V, error) {
	c := tx.cache
	if c == nil || slices.ContainsFunc(tables, func(t string) bool { return slices.Contains(tx.touched, t) }) {
		return Bag(tx, key, read)
	}
	if v, ok := c.values[key]; ok {
		return v.(V), nil
	}
	v, err := read()
	if err == nil {
		c.values[key] = v
		for _, table := range tables {
			c.tables[table] = append(c.tables[table], key)
		}
	}
	return v, err
}

func newCache() *cache { return &cache{values: map[any]any{}, tables: map[string][]any{}} }

// at empties the cache when another process has written since the last time.
func (c *cache) at(version int64) {
	if version != c.version {
		c.clear()
	}
	c.version = version
}

func (c *cache) clear() {
	clear(c.values)
	clear(c.tables)
}

// wrote forgets what was read from tables that a statement writes to. The transaction that wrote caches nothing more of
// them, since it may still be rolled back.
func (t *Transaction) wrote(tables []string) {
	if t.cache == nil {
		return
	}
	for _, table := range tables {
		for _, key := range t.cache.tables[table] {
			delete(t.cache.values, key)
		}
		delete(t.cache.tables, table)
		if !slices.Contains(t.touched, table) {
			t.touched = append(t.touched, table)
		}
	}
}
