package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The tree itself: what a newcomer's first pull request is held against.
func TestTheHouseStandsAsDesigned(t *testing.T) {
	found, err := Check("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range found {
		t.Error(b)
	}
}

func TestTemplatesAreCurrent(t *testing.T) {
	found, err := StaleTemplates("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range found {
		t.Error(b)
	}
}

const modulesFile = `package app

import (
	"huiyin/house"
	"huiyin/module/alpha"
	"huiyin/module/beta"
)

func Modules() []house.Module { return []house.Module{beta.Module(), alpha.Module()} }
`

// sound is a small tree without a breach.
func sound() map[string]string {
	return map[string]string{
		"app/modules.go":                        modulesFile,
		"core/core.go":                          "package core\n\nvar ErrX = errorsNew()\n\nfunc errorsNew() int { return 1 }\n",
		"db/db.go":                              "package db\n\nimport _ \"huiyin/core\"\n",
		"house/house.go":                        "package house\n\nimport _ \"huiyin/db\"\n",
		"module/alpha/alpha.go":                 "// Package alpha states rules.\npackage alpha\n\nimport _ \"huiyin/module/beta\"\n",
		"module/alpha/alpha_test.go":            "package alpha\n\nimport _ \"huiyin/testkit\"\n",
		"module/alpha/store.go":                 "package alpha\n",
		"module/alpha/20261122093000_alpha.sql": "-- +goose Up\n",
		"module/beta/beta.go":                   "// Package beta states rules.\npackage beta\n\nimport _ \"huiyin/house\"\n",
		"module/beta/beta_test.go":              "package beta\n",
		"testkit/kit.go":                        "package testkit\n\nimport _ \"huiyin/app\"\n",
		"main.go":                               "package main\n\nimport _ \"huiyin/app\"\n",
	}
}

func check(t *testing.T, files map[string]string) []Breach {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Check(root)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestASoundTreePasses(t *testing.T) {
	if found := check(t, sound()); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

func TestEveryBreachIsFound(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"core/up.go", "package core\n\nimport _ \"huiyin/db\"\n", "core/up.go:3: core may not import db: db stands above core"},
		{"db/up.go", "package db\n\nimport _ \"huiyin/module/beta\"\n", "db may not import module/beta: the kernel stands below module"},
		{"db/up_test.go", "package db_test\n\nimport _ \"huiyin/house\"\n", "house stands above db"},
		{"house/up.go", "package house\n\nimport _ \"huiyin/app\"\n", "nothing imports app but"},
		{"module/beta/up.go", "package beta\n\nimport _ \"huiyin/module/alpha\"\n", "alpha comes after beta in app/modules.go"},
		{"module/beta/up.go", "package beta\n\nimport _ \"huiyin/app\"\n", "nothing imports app but"},
		{"module/beta/up.go", "package beta\n\nimport _ \"huiyin/testkit\"\n", "only tests import testkit"},
		{"module/beta/up.go", "package beta\n\nimport _ \"huiyin/module/gamma\"\n", "gamma is not in app/modules.go"},
		{"module/beta/up.go", "package beta\n\nimport _ \"huiyin/helpers\"\n", "no floor of that name"},
		{"module/gamma/gamma.go", "// Package gamma has no place.\npackage gamma\n", "module/gamma:1: is not in app/modules.go"},
		{"module/beta/20261122_beta.sql", "-- +goose Up\n", "should be named YYYYMMDDhhmmss_beta.sql"},
		{"module/beta/20261122093001_beta.sql", "-- +goose Up\n", "has tables but no store.go"},
		{"module/beta/beta.go", "package beta\n", "no package comment"},
		{"core/state.go", "package core\n\nvar seen = map[string]bool{}\n", "core/state.go:3: package-level state: seen is an empty map"},
		{"core/state.go", "package core\n\nvar count int\n", "count has no value yet"},
		{"core/state.go", "package core\n\nimport \"sync\"\n\nvar mu sync.Mutex\n", "is of type sync.Mutex"},
		{"core/state.go", "package core\n\nvar list = []int{1}\n\nfunc f() { list[0] = 2 }\n", "list is written to"},
		{"core/state.go", "package core\n\nvar m = map[int]int{1: 1}\n\nfunc f() { delete(m, 1) }\n", "m is written to"},
		{"core/start.go", "package core\n\nfunc init() {}\n", "no init function"},
		{"core/core_test.go", "package core\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { t.Skip(\"later\") }\n", "rather than being skipped"},
		{"core/form.go", "package core\n\nfunc  f() {}\n", "core/form.go:1: is not formatted"},
		{"core/note.go", "package core\n\n// TO" + "DO: later\n", "a note of unfinished work"},
	} {
		files := sound()
		files[c.file] = c.text
		found := check(t, files)
		if !slices.ContainsFunc(found, func(b Breach) bool { return strings.Contains(b.String(), c.want) }) {
			t.Errorf("%s: want %q, found %v", c.file, c.want, found)
		}
	}
}

func TestWhatMayStandIsNotABreach(t *testing.T) {
	for _, c := range []struct{ file, text string }{
		{"core/table.go", "package core\n\nvar names = map[string]string{\"a\": \"b\"}\n\nfunc f() string { names := map[string]string{}; names[\"x\"] = \"y\"; return names[\"x\"] }\n"},
		{"core/embed.go", "package core\n\nimport _ \"embed\"\n\n//go:embed x.txt\nvar text string\n"},
		{"core/rapid_test.go", "package core\n\nimport \"pgregory.net/rapid\"\n\nfunc draw(t *rapid.T) { t.Skip(\"another\") }\n"},
		{"db/dbtest/state.go", "package dbtest\n\nvar count int\n"},
		{"db/dbtest/use_test.go", "package dbtest_test\n\nimport _ \"huiyin/core\"\n"},
	} {
		files := sound()
		files[c.file] = c.text
		if found := check(t, files); len(found) > 0 {
			t.Errorf("%s: found %v", c.file, found)
		}
	}
}

func TestAStaleTemplateIsFound(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "register", "page.templ"))
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(filepath.Join(root, "register", "page_templ.go"))
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	for name, text := range map[string][]byte{"register/page.templ": append(page, "\ntempl addedLater() { <p></p> }\n"...), "register/page_templ.go": made} {
		path := filepath.Join(tmp, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := staleIn(tmp, root)
	if err != nil || len(found) != 1 || found[0].File != "register/page_templ.go" {
		t.Errorf("found %v, %v", found, err)
	}
}
