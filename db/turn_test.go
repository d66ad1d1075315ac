package db_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"huiyin/db"
	"huiyin/db/dbtest"
)

// A command beside a server that writes without a pause gets its turn soon: SQLite alone lets it wait a second and more
// for each write.
func TestACommandGetsItsTurnBesideABusyServer(t *testing.T) {
	cfg := dbtest.Config(t, db.SQLite, tables...)
	server, command := dbtest.Open(t, cfg), dbtest.Open(t, cfg)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 32 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := server.Write(context.Background(), write(2*time.Millisecond)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	const writes = 20
	start := time.Now()
	for range writes {
		must(t, command.Write(context.Background(), write(0)))
	}
	took := time.Since(start)
	close(stop)
	clients.Wait()
	t.Logf("%v for each write of the command", took/writes)
	if took > writes*400*time.Millisecond {
		t.Errorf("%d writes beside a busy server took %v", writes, took)
	}
}

// write takes a number and works on for a while.
func write(d time.Duration) func(context.Context, db.Tx) error {
	return func(ctx context.Context, tx db.Tx) error {
		time.Sleep(d)
		_, err := db.NextNumber(ctx, tx, project, "T", "2026-11")
		return err
	}
}
