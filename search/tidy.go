package search

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// The word index of SQLite is a heap of sorted segments, and a question for two words walks a list in each of them. Left
// alone a large index keeps some twenty; put together they are asked in a fraction of the time.
const (
	segmentsMax = 6   // beyond, they are put together
	mergePages  = 400 // of 4 KB, of one short Write, so that nobody waits
	tidyTime    = time.Second
)

// Tidy puts the word index together when it has come apart. It works in short Writes, for a second or so, and reports
// whether there is more to do; whoever calls it again then says so by goOn. PostgreSQL tidies by itself (autovacuum).
func Tidy(ctx context.Context, d *db.DB, goOn bool) (more bool, err error) {
	if d.Engine() != db.SQLite {
		return false, nil
	}
	ctx = core.AsSystem(ctx)
	pages := mergePages
	if !goOn {
		apart, err := cameApart(ctx, d)
		if err != nil || !apart {
			return false, err
		}
		pages = -mergePages // the first, negative, takes in all segments
	}
	for start := time.Now(); time.Since(start) < tidyTime; pages = mergePages {
		err = d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			more, err = merge(ctx, tx, pages)
			return err
		})
		if err != nil || !more {
			return false, err
		}
	}
	return true, ctx.Err()
}

func cameApart(ctx context.Context, d *db.DB) (apart bool, err error) {
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err := db.Value[int](ctx, tx, "select count(distinct segid) from search_fts_idx")
		apart = n > segmentsMax
		return err
	})
	return apart, err
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
