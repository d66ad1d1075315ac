package db_test

import (
	"context"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
)

// nodeOf is the number of the process that made the id.
func nodeOf(id core.ID) int64 { return int64(id) >> 12 & 1023 }

func newID(t *testing.T, d *db.DB) (id core.ID) {
	t.Helper()
	must(t, d.Write(context.Background(), func(_ context.Context, tx db.Tx) error { id = tx.NewID(); return nil }))
	return id
}

// A process that slept past its lease finds its number taken and goes on under another; one whose number is still free
// goes on under its own.
func TestALostNodeNumberIsNoticed(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			d := dbtest.Open(t, dbtest.Config(t, e, tables...))
			was := nodeOf(newID(t, d))
			d.EndLease()
			if got := nodeOf(newID(t, d)); got != was {
				t.Errorf("a lease that nobody else took: number %d, was %d", got, was)
			}
			must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
				return db.ExecOne(ctx, tx, "update db_node set token = 'another', until_at = $1 where id = $2", time.Now().Add(time.Hour), was)
			}))
			d.EndLease()
			if got := nodeOf(newID(t, d)); got == was {
				t.Errorf("another process holds number %d, and this one still makes ids with it", got)
			}
			must(t, d.Close())
		})
	}
}

func TestOtherProcessesAreToldApartByTheirKeys(t *testing.T) {
	t.Setenv(db.KeysEnv, "")
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			load := func() {
				keys, err := db.LoadKeys(cfg.Dir)
				must(t, err)
				cfg.Keys = keys
			}
			load()
			d := dbtest.Open(t, cfg)
			load()
			dbtest.Open(t, cfg)
			cfg.Keys = db.NewKeys()
			dbtest.Open(t, cfg)
			for name, open := range map[string]func(context.Context, func(context.Context, db.Tx) error) error{"read": d.Read, "write": d.Write} {
				must(t, open(context.Background(), func(ctx context.Context, tx db.Tx) error {
					if here, elsewhere, err := db.OtherProcesses(ctx, tx); here != 1 || elsewhere != 1 || err != nil {
						t.Errorf("%s: %d with the same keys, %d with others, %v", name, here, elsewhere, err)
					}
					return nil
				}))
			}
		})
	}
}
