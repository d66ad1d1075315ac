package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// generate writes the module into a temporary folder and returns an overlay file that lays it over the tree: what is
// compiled already need not be compiled again, and the checkout is not touched.
func generate(t *testing.T, root string, m Module) (tmp, overlay string) {
	t.Helper()
	tmp = t.TempDir()
	list, err := os.ReadFile(filepath.Join(root, "app", "modules.go"))
	must(t, err)
	must(t, os.Mkdir(filepath.Join(tmp, "app"), 0o700))
	must(t, os.WriteFile(filepath.Join(tmp, "app", "modules.go"), list, 0o600))
	must(t, Write(tmp, m, time.Now()))
	replace := map[string]string{}
	must(t, filepath.WalkDir(tmp, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(tmp, path) // both are absolute
			replace[filepath.Join(root, rel)] = path
		}
		return err
	}))
	b, err := json.Marshal(map[string]any{"Replace": replace})
	must(t, err)
	overlay = filepath.Join(tmp, "overlay.json")
	must(t, os.WriteFile(overlay, b, 0o600))
	return tmp, overlay
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func TestANewModuleCompilesPassesAndFitsTheHouse(t *testing.T) {
	root, err := filepath.Abs("../..")
	must(t, err)
	m := NewModule("umbrella", "雨伞", "Umbrellas")
	tmp, overlay := generate(t, root, m)
	binary := filepath.Join(tmp, "umbrella.test")
	run(t, root, "go", "test", "-vet=off", "-overlay", overlay, "-c", "-o", binary, "./module/umbrella")
	run(t, tmp, binary)
	list, err := os.ReadFile(filepath.Join(tmp, "app", "modules.go"))
	must(t, err)
	if !strings.Contains(string(list), "\t\tumbrella.Module(),\n\t}\n}\n") {
		t.Errorf("the list is\n%s", list)
	}
	if err := Write(tmp, m, time.Now()); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a second writing gave %v", err)
	}
}

func TestWriteRefusesNamesThatAreNone(t *testing.T) {
	for _, name := range []string{"", "Umbrella", "two-words", "../up", "9lives"} {
		if err := Write(t.TempDir(), NewModule(name, "", ""), time.Now()); err == nil || !strings.Contains(err.Error(), "one word") {
			t.Errorf("%q gave %v", name, err)
		}
	}
}

func TestPluralsAndDefaults(t *testing.T) {
	for name, want := range map[string]string{"key": "keys", "survey": "surveys", "fitout": "fitouts", "safety": "safeties", "box": "boxes", "class": "classes"} {
		if got := plural(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if m := NewModule("seal", "", ""); m.Chinese != "Seal 登记" || m.English != "Seal" || m.Type != "Seal" {
		t.Errorf("%+v", m)
	}
}
