package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"huiyin/db"
	"huiyin/db/dbtest"
)

// TestQuick runs the short form on both engines, as a smoke: every part works and every figure is there. How fast it
// is, this test does not say. The large databases are kept, and the second run asks theirs without loading.
func TestQuick(t *testing.T) {
	o, err := parse([]string{"--quick", "--root", filepath.Join("..", ".."), "--dir", t.TempDir(), "--out", filepath.Join(t.TempDir(), "performance.md")})
	if err != nil {
		t.Fatal(err)
	}
	o.server, o.hasty, o.keep = dbtest.Config(t, db.Postgres).URL, true, t.TempDir()
	t.Cleanup(func() {
		b := bench{options: o, ctx: context.Background(), engine: db.Postgres}
		if err := b.drop(o.keptName()); err != nil {
			t.Error(err)
		}
	})
	o.skip = "lists" // they multiply a year's building: minutes, for make bench
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	said := reported(t, o.out)
	for _, want := range []string{"## SQLite", "## PostgreSQL", "single-row durable commits", "the bare engine alone", "insert into repair_order", "客户360", "20,000 repairs", "process start to first page", "drawn of 20,000 closed matters"} {
		if !strings.Contains(said, want) {
			t.Errorf("the report lacks %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "NaN") || strings.Contains(said, "| 0 |") {
		t.Errorf("a figure is missing:\n%s", said)
	}

	o.skip, o.only = "raw,intake,survey,process,sampler,lists", "360"
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	again := reported(t, o.out)
	if was, is := loaded.FindAllString(said, -1), loaded.FindAllString(again, -1); len(was) != 2 || !slices.Equal(was, is) {
		t.Errorf("loaded %q, and with kept databases %q", was, is)
	}
	if strings.Contains(again, "repair queue") || strings.Count(again, "| customer page (客户360) |") != 2 {
		t.Errorf("of the kept databases only one page was asked for:\n%s", again)
	}
}

var loaded = regexp.MustCompile(`Loaded in \S+`)

func reported(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
