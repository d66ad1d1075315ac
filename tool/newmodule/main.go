// Command newmodule writes a module that compiles and passes, and adds it to app/modules.go:
//
//	go run ./tool/newmodule NAME [中文名 [English name]]
//
// It is a plain register with one verb, in the files that every module has; grow it from there.
package main

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
	"time"
)

//go:embed files/*.txt
var files embed.FS

func main() {
	args := append(os.Args[1:], "", "", "")
	if len(os.Args) < 2 || len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, "usage: newmodule NAME [中文名 [English name]]")
		os.Exit(2)
	}
	if err := Write(".", NewModule(args[0], args[1], args[2]), time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("module/%s is written and is the last in app/modules.go; move it to its place there, then: go test ./module/%[1]s\n", args[0])
}

// Module is what the templates are filled with.
type Module struct {
	Name    string // package, folder, URL, table prefix: "complaint"
	Plural  string // in the API: "complaints"
	Type    string // "Complaint"
	Chinese string
	English string
	Label   string // English, in small letters, for the package comment
}

// NewModule derives the words that are not given.
func NewModule(name, chinese, english string) Module {
	m := Module{Name: name, Plural: plural(name), Chinese: chinese}
	if name != "" {
		m.Type = strings.ToUpper(name[:1]) + name[1:]
	}
	m.English = cmp.Or(english, m.Type)
	m.Chinese = cmp.Or(chinese, m.Type+" 登记")
	m.Label = strings.ToLower(m.English)
	return m
}

func plural(name string) string {
	switch {
	case strings.HasSuffix(name, "y") && !strings.HasSuffix(name, "ey"):
		return strings.TrimSuffix(name, "y") + "ies"
	case strings.HasSuffix(name, "s"), strings.HasSuffix(name, "x"), strings.HasSuffix(name, "ch"):
		return name + "es"
	}
	return name + "s"
}

var moduleName = regexp.MustCompile(`^[a-z][a-z0-9]{1,30}$`)

// Write makes module/NAME under root and lists it in app/modules.go. It changes nothing when the folder is there.
func Write(root string, m Module, now time.Time) error {
	if !moduleName.MatchString(m.Name) {
		return fmt.Errorf("%q: a module's name is one word in small letters, in the singular", m.Name)
	}
	dir := filepath.Join(root, "module", m.Name)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("module/%s is there already", m.Name)
	}
	list := filepath.Join(root, "app", "modules.go")
	before, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	after, err := enlist(before, m.Name)
	if err != nil {
		return err
	}
	if err := writeFiles(dir, m, now); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return os.WriteFile(list, after, 0o644)
}

func writeFiles(dir string, m Module, now time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for from, to := range map[string]string{"module.go.txt": m.Name + ".go", "store.go.txt": "store.go", "action.go.txt": "action.go",
		"module_test.go.txt": m.Name + "_test.go", "module.sql.txt": now.UTC().Format("20060102150405") + "_" + m.Name + ".sql"} {
		text, err := fill(from, m)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fill fills a template and formats what is Go. The marks differ from Go's and the migrations' braces.
func fill(name string, m Module) ([]byte, error) {
	t, err := template.New(name).Delims("<<", ">>").ParseFS(files, "files/"+name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, m); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(name, ".go.txt") {
		return b.Bytes(), nil
	}
	return format.Source(b.Bytes())
}

var listEnd = regexp.MustCompile(`(?m)^(\s*)\}\n\}\n`)

// enlist adds the import and, at the end of the list, the module.
func enlist(source []byte, name string) ([]byte, error) {
	text := string(source)
	at := strings.LastIndex(text, "\"huiyin/module/")
	end := listEnd.FindStringIndex(text)
	if at < 0 || end == nil || end[0] < at {
		return nil, errors.New("app/modules.go is not the list that it was: add the module by hand")
	}
	text = text[:end[0]] + "\t\t" + name + ".Module(),\n" + text[end[0]:]
	line := at + strings.IndexByte(text[at:], '\n') + 1
	text = text[:line] + "\t\"huiyin/module/" + name + "\"\n" + text[line:]
	return format.Source([]byte(text))
}
