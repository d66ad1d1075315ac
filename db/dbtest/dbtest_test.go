package dbtest_test

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	"huiyin/db"
	"huiyin/db/dbtest"
)

func TestEveryDatabaseIsFreshAndMigrated(t *testing.T) {
	files := fstest.MapFS{"20261122000001_thing.sql": {Data: []byte("-- +goose Up\ncreate table thing (id bigint primary key);\n")}}
	for range 2 {
		dbtest.Each(t, []fs.FS{files}, func(t *testing.T, d *db.DB) {
			ctx := context.Background()
			err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
				n, err := db.Value[int](ctx, tx, "select count(*) from thing")
				if n != 0 {
					t.Errorf("a fresh database holds %d things", n)
				}
				if err == nil {
					_, err = db.Exec(ctx, tx, "insert into thing (id) values ($1)", tx.NewID())
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
