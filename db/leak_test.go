package db_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huiyin/db"
	"huiyin/db/dbtest"
)

func TestACloseClosesEveryFile(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("no list of open files on this system")
	}
	cfg := dbtest.Config(t, db.SQLite, tables...)
	d := dbtest.Open(t, cfg)
	must(t, d.Write(context.Background(), write(0)))
	must(t, d.Read(context.Background(), func(context.Context, db.Tx) error { return nil }))
	if n := filesUnder(t, cfg.Dir); n < 2 {
		t.Fatalf("%d files are open: this proves nothing", n)
	}
	must(t, d.Close())
	if n := filesUnder(t, cfg.Dir); n != 0 {
		t.Errorf("%d files are open after the close", n)
	}
	if _, err := os.Stat(filepath.Join(cfg.Dir, "huiyin.db-wal")); err == nil {
		t.Error("the write-ahead log is still there after the last close")
	}
}

func filesUnder(t *testing.T, dir string) (n int) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}
