package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huiyin/db"
	"huiyin/db/dbtest"
)

// TestQuick runs the short form on both engines, as a smoke: every part works and every figure is there. How fast it
// is, this test does not say.
func TestQuick(t *testing.T) {
	o, err := parse([]string{"--quick", "--root", filepath.Join("..", ".."), "--dir", t.TempDir(), "--out", filepath.Join(t.TempDir(), "performance.md")})
	if err != nil {
		t.Fatal(err)
	}
	o.server, o.hasty = dbtest.Config(t, db.Postgres).URL, true
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(o.out)
	if err != nil {
		t.Fatal(err)
	}
	said := string(b)
	for _, want := range []string{"## SQLite", "## PostgreSQL", "single-row durable commits", "the bare engine alone", "insert into repair_order", "客户360", "20,000 repairs", "process start to first page"} {
		if !strings.Contains(said, want) {
			t.Errorf("the report lacks %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "NaN") || strings.Contains(said, "| 0 |") {
		t.Errorf("a figure is missing:\n%s", said)
	}
}
