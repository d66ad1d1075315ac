package search

import (
	"context"

	"huiyin/core"
	"huiyin/db"
)

// The word index of SQLite is a heap of sorted segments, and a question for two words walks a list in each of them. Left
// alone a large index keeps some twenty; put together they are asked in a fraction of the time.
const (
	segmentsMax = 6   // beyond, they are put together
	mergePages  = 400 // of 4 KB, of one short Write, so that nobody waits
)

// Tidy puts the word index together when it has come apart. It works in many short Writes, goes on where it stopped, and
// stops with ctx; run daily it hardly has anything to do. PostgreSQL tidies by itself (autovacuum).
func Tidy(ctx context.Context, d *db.DB) error {
	if d.Engine() != db.SQLite {
		return nil
	}
	ctx = core.AsSystem(ctx)
	segments := 0
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		segments, err = db.Value[int](ctx, tx, "select count(distinct segid) from search_fts_idx")
		return err
	})
	if err != nil || segments <= segmentsMax {
		return err
	}
	for pages, more := -mergePages, true; more && err == nil; pages = mergePages { // the first, negative, takes in all segments
		if err = ctx.Err(); err != nil {
			break
		}
		err = d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			more, err = merge(ctx, tx, pages)
			return err
		})
	}
	return err
}

// merge goes on putting segments together and reports whether anything was left to do: FTS5 tells it by how many rows of
// its own it wrote.
func merge(ctx context.Context, tx db.Tx, pages int) (more bool, err error) {
	const written = "select total_changes()"
	before, err := db.Value[int64](ctx, tx, written)
	if err != nil {
		return false, err
	}
	if _, err := db.Exec(ctx, tx, "insert into search_fts (search_fts, rank) values ('merge', $1)", pages); err != nil {
		return false, err
	}
	after, err := db.Value[int64](ctx, tx, written)
	return after-before >= 2, err
}
