package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// modulePath is how imports of our own packages begin.
const modulePath = "huiyin/"

// Floors is the kernel, lowest first (DESIGN §1). Each imports only those before it.
func Floors() []string {
	return []string{"core", "i18n", "db", "calendar", "journal", "file", "job", "search", "notify", "regulation", "duty", "approval",
		"web", "sheet", "print", "register", "house"}
}

// Breach is one thing that is not as DESIGN.md says.
type Breach struct {
	File string // relative to the root
	Line int
	Text string
}

func (b Breach) String() string { return fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Text) }

// source is one parsed Go file.
type source struct {
	name string // relative, with slashes
	text []byte
	file *ast.File
	set  *token.FileSet
}

func (s source) test() bool      { return strings.HasSuffix(s.name, "_test.go") }
func (s source) generated() bool { return ast.IsGenerated(s.file) }
func (s source) folder() string  { return path.Dir(s.name) }
func (s source) breach(at token.Pos, format string, args ...any) Breach {
	return Breach{s.name, s.set.Position(at).Line, fmt.Sprintf(format, args...)}
}

// Check holds every Go, template and migration file under root against the rules.
func Check(root string) ([]Breach, error) {
	sources, err := parse(root)
	if err != nil {
		return nil, err
	}
	modules, err := ModuleOrder(filepath.Join(root, "app", "modules.go"))
	if err != nil {
		return nil, err
	}
	found := imports(sources, modules)
	found = append(found, habits(sources)...)
	shape, err := moduleFiles(root, sources, modules)
	found = append(found, shape...)
	slices.SortStableFunc(found, func(a, b Breach) int { return strings.Compare(a.File, b.File) })
	return found, err
}

// walk visits the project's own files, not what is hidden, built or fetched.
func walk(root string, visit func(name string) error) error {
	return fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		skip := name != "." && strings.HasPrefix(d.Name(), ".") || slices.Contains([]string{"testdata", "bin", "data", "node_modules", "static"}, d.Name())
		if d.IsDir() && skip {
			return fs.SkipDir
		}
		if d.IsDir() {
			return nil
		}
		return visit(name)
	})
}

func parse(root string) (out []source, err error) {
	err = walk(root, func(name string) error {
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		out = append(out, source{name, text, f, set})
		return err
	})
	return out, err
}

// ModuleOrder reads the ordered list of modules from app/modules.go: the packages under module/ in the order in which
// the code, not the import block, names them.
func ModuleOrder(file string) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	byName := map[string]string{}
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		if name, ok := strings.CutPrefix(p, modulePath+"module/"); ok {
			local := path.Base(name)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			byName[local] = name
		}
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && byName[id.Name] != "" && !slices.Contains(out, byName[id.Name]) {
				out = append(out, byName[id.Name])
			}
		}
		return true
	})
	return out, nil
}

func imports(sources []source, modules []string) (out []Breach) {
	for _, s := range sources {
		for _, spec := range s.file.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			to, ours := strings.CutPrefix(p, modulePath)
			if err != nil || !ours {
				continue
			}
			if why := arrow(s.folder(), to, s.test(), modules); why != "" {
				out = append(out, s.breach(spec.Pos(), "%s may not import %s: %s", s.folder(), to, why))
			}
		}
	}
	return out
}

// arrow says why a file of one folder may not import another, or "".
func arrow(from, to string, test bool, modules []string) string {
	a, b := storey(from), storey(to)
	if a == b && (a != "module" || moduleOf(from) == moduleOf(to)) {
		return ""
	}
	switch {
	case !known(b):
		return "no floor of that name is in DESIGN.md"
	case b == "app" && !slices.Contains([]string{"main", "seed", "testkit", "e2e", "tool"}, a):
		return "nothing imports app but main, seed, testkit, e2e and tool"
	case b == "testkit" && !test && a != "e2e" && a != "tool":
		return "only tests import testkit"
	case slices.Contains(Floors(), a):
		return fromKernel(a, b)
	case a == "module":
		return fromModule(moduleOf(from), b, to, modules, test)
	case slices.Contains([]string{"e2e", "tool"}, b):
		return "nothing stands on " + b
	case b == "seed" && a == "testkit":
		return "testkit knows no demo data"
	}
	return ""
}

func storey(folder string) string {
	first, _, _ := strings.Cut(folder, "/")
	if first == "." {
		return "main"
	}
	return first
}

func known(b string) bool {
	return slices.Contains(Floors(), b) || slices.Contains([]string{"module", "app", "testkit", "seed", "e2e", "tool"}, b)
}

func moduleOf(folder string) string {
	parts := strings.SplitN(folder, "/", 3)
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

func fromKernel(a, b string) string {
	i, j := slices.Index(Floors(), a), slices.Index(Floors(), b)
	switch {
	case j < 0:
		return "the kernel stands below " + b
	case j > i:
		return fmt.Sprintf("%s stands above %s", b, a)
	}
	return ""
}

func fromModule(name, b, to string, modules []string, test bool) string {
	switch {
	case slices.Contains(Floors(), b), b == "testkit" && test:
		return ""
	case b != "module":
		return "a module imports the kernel and the modules above it"
	}
	i, j := slices.Index(modules, name), slices.Index(modules, moduleOf(to))
	switch {
	case i < 0:
		return name + " is not in app/modules.go"
	case j < 0:
		return moduleOf(to) + " is not in app/modules.go"
	case j > i:
		return fmt.Sprintf("%s comes after %s in app/modules.go", moduleOf(to), name)
	}
	return ""
}
