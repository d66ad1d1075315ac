package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	migrationName = regexp.MustCompile(`^\d{14}_([a-z][a-z0-9_]*)\.sql$`)
	templName     = regexp.MustCompile("FileName: `[^`]*`") // depends on the folder that templ ran in
	singularWord  = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
)

// moduleFiles checks that every folder under module/ is listed in app/modules.go and has the files of a module: NAME.go
// with the package comment that states its rules, tests, migrations named after it, and store.go for its SQL.
func moduleFiles(root string, sources []source, modules []string) (out []Breach, err error) {
	entries, err := os.ReadDir(filepath.Join(root, "module"))
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() {
			found = append(found, e.Name())
			breaches, err := oneModule(root, e.Name(), sources)
			if err != nil {
				return nil, err
			}
			out = append(out, breaches...)
			if !slices.Contains(modules, e.Name()) {
				out = append(out, Breach{"module/" + e.Name(), 1, "is not in app/modules.go"})
			}
		}
	}
	for _, m := range modules {
		if !slices.Contains(found, m) {
			out = append(out, Breach{"app/modules.go", 1, m + " has no folder under module"})
		}
	}
	return out, nil
}

func oneModule(root, name string, sources []source) (out []Breach, err error) {
	dir := "module/" + name
	say := func(text string, args ...any) { out = append(out, Breach{dir, 1, fmt.Sprintf(text, args...)}) }
	if !singularWord.MatchString(name) {
		say("a module's name is one word in small letters")
	}
	files, err := os.ReadDir(filepath.Join(root, dir))
	if err != nil {
		return nil, err
	}
	var names []string
	sql := false
	for _, f := range files {
		names = append(names, f.Name())
		if path.Ext(f.Name()) == ".sql" {
			sql = true
			m := migrationName.FindStringSubmatch(f.Name())
			if m == nil || m[1] != name && !strings.HasPrefix(m[1], name+"_") {
				say("%s should be named YYYYMMDDhhmmss_%s.sql", f.Name(), name)
			}
		}
	}
	if !slices.Contains(names, name+".go") {
		say("has no %s.go", name)
	}
	if sql && !slices.Contains(names, "store.go") {
		say("has tables but no store.go")
	}
	if !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, "_test.go") }) {
		say("has no test")
	}
	for _, s := range sources {
		if s.name == dir+"/"+name+".go" && s.file.Doc == nil {
			say("%s.go has no package comment that states the rules", name)
		}
	}
	return out, nil
}

// StaleTemplates generates every template anew in a temporary folder and compares.
func StaleTemplates(root string) ([]Breach, error) { return staleIn(root, root) }

// staleIn runs templ in the folder tools, where go.mod names its version.
func staleIn(root, tools string) (out []Breach, err error) {
	tmp, err := os.MkdirTemp("", "huiyin-templ-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // only a temporary copy
	var names []string
	err = walk(root, func(name string) error {
		if path.Ext(name) != ".templ" {
			return nil
		}
		names = append(names, name)
		return copyFile(filepath.Join(root, name), filepath.Join(tmp, name))
	})
	if err != nil || len(names) == 0 {
		return nil, err
	}
	cmd := exec.Command("go", "tool", "templ", "generate", "-path", tmp)
	cmd.Dir = tools
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("templ generate: %w\n%s", err, text)
	}
	for _, name := range names {
		made := strings.TrimSuffix(name, ".templ") + "_templ.go"
		want, err := os.ReadFile(filepath.Join(tmp, made))
		if err != nil {
			return nil, err
		}
		have, err := os.ReadFile(filepath.Join(root, made))
		if err != nil || !bytes.Equal(templName.ReplaceAll(want, nil), templName.ReplaceAll(have, nil)) {
			out = append(out, Breach{made, 1, "is not what its template makes; run go tool templ generate"})
		}
	}
	return out, nil
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}
