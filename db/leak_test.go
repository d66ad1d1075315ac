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
	cfg := dbtest.Config(t, db.SQLite, tables...)
	d := dbtest.Open(t, cfg)
	must(t, d.Write(context.Background(), write(0)))
	must(t, d.Read(context.Background(), func(context.Context, db.Tx) error { return nil }))
	before := filesUnder(t, cfg.Dir)
	must(t, d.Close())
	if after := filesUnder(t, cfg.Dir); after != 0 {
		t.Errorf("%d files were open, %d are after the close", before, after)
	}
	if _, err := os.Stat(filepath.Join(cfg.Dir, "huiyin.db-wal")); err == nil {
		t.Error("the write-ahead log is still there after the last close")
	}
}

// filesUnder counts this process's open files in the directory; systems without /proc have the log alone to go by.
func filesUnder(t *testing.T, dir string) (n int) {
	t.Helper()
	fds, _ := os.ReadDir("/proc/self/fd")
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, dir) {
			n++
		}
	}
	return n
}
