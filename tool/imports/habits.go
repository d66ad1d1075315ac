package main

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/token"
	"slices"
	"strings"
)

// habits looks for what DESIGN.md forbids and a compiler allows: init, skipped tests, notes of unfinished work, and
// package-level state in the kernel and the modules.
func habits(sources []source) (out []Breach) {
	for _, s := range sources {
		if s.generated() {
			continue
		}
		out = append(out, forbidden(s)...)
		out = append(out, unfinished(s)...)
		out = append(out, unformatted(s)...)
	}
	return append(out, state(sources)...)
}

// unformatted compares with gofmt's form.
func unformatted(s source) []Breach {
	want, err := format.Source(s.text)
	if err == nil && bytes.Equal(want, s.text) {
		return nil
	}
	return []Breach{{s.name, 1, "is not formatted; run gofmt -w"}}
}

func forbidden(s source) (out []Breach) {
	draws := generators(s.file)
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				out = append(out, s.breach(n.Pos(), "no init function: app wires everything"))
			}
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			skips := ok && s.test() && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name)
			if skips && !slices.ContainsFunc(draws, func(f ast.Node) bool { return f.Pos() < n.Pos() && n.Pos() < f.End() }) {
				out = append(out, s.breach(n.Pos(), "a test fails with a clear message rather than being skipped"))
			}
		}
		return true
	})
	return out
}

// generators are the functions that take a *rapid.T, whose Skip only throws one drawn example away.
func generators(f *ast.File) (out []ast.Node) {
	ast.Inspect(f, func(n ast.Node) bool {
		var typ *ast.FuncType
		switch n := n.(type) {
		case *ast.FuncDecl:
			typ = n.Type
		case *ast.FuncLit:
			typ = n.Type
		}
		if typ != nil && slices.ContainsFunc(typ.Params.List, func(p *ast.Field) bool { return words(p.Type) == "*rapid.T" }) {
			out = append(out, n)
		}
		return true
	})
	return out
}

func unfinished(s source) (out []Breach) {
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			for _, word := range []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"} {
				if strings.Contains(c.Text, word) {
					out = append(out, s.breach(c.Pos(), "a note of unfinished work: %s", word))
				}
			}
		}
	}
	return out
}

// stateful reports the folders whose packages may hold no state: two Apps run in one process. Helpers of tests may.
func stateful(folder string) bool {
	first := storey(folder)
	return (slices.Contains(Floors(), first) || first == "module" || first == "app") && !strings.HasSuffix(folder, "test")
}

// state finds package-level variables that can change: those that are declared without a value, hold a lock, an atomic,
// a channel or an empty map, or are written to anywhere in their package.
func state(sources []source) (out []Breach) {
	vars := map[string]map[string]bool{} // folder → names
	for _, s := range sources {
		if s.test() || s.generated() || !stateful(s.folder()) {
			continue
		}
		for _, v := range packageVars(s.file) {
			if vars[s.folder()] == nil {
				vars[s.folder()] = map[string]bool{}
			}
			vars[s.folder()][v.name.Name] = true
			if why := v.mutable(); why != "" {
				out = append(out, s.breach(v.name.Pos(), "package-level state: %s %s", v.name.Name, why))
			}
		}
	}
	for _, s := range sources {
		if !s.test() && vars[s.folder()] != nil {
			out = append(out, writes(s, vars[s.folder()])...)
		}
	}
	return out
}

type packageVar struct {
	name  *ast.Ident
	typ   ast.Expr
	value ast.Expr
}

func packageVars(f *ast.File) (out []packageVar) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR || embedded(g.Doc) {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				p := packageVar{name: name, typ: v.Type}
				if len(v.Values) == len(v.Names) {
					p.value = v.Values[i]
				} else if len(v.Values) == 1 {
					p.value = v.Values[0]
				}
				if name.Name != "_" {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// embedded reports a variable that go:embed fills at build time.
func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed") })
}

func (v packageVar) mutable() string {
	typ := words(v.typ)
	for _, lock := range []string{"sync.Mutex", "sync.RWMutex", "sync.Map", "sync.WaitGroup", "atomic.", "chan "} {
		if strings.Contains(typ, lock) {
			return "is of type " + typ
		}
	}
	if v.value == nil {
		return "has no value yet"
	}
	call, ok := v.value.(*ast.CallExpr)
	if ok && slices.Contains([]string{"make", "new"}, words(call.Fun)) {
		return "is made empty, to be filled"
	}
	if lit, ok := v.value.(*ast.CompositeLit); ok {
		if _, ok := lit.Type.(*ast.MapType); ok && len(lit.Elts) == 0 {
			return "is an empty map, to be filled"
		}
	}
	return ""
}

// words writes a type or a callee: "sync.Mutex", "make".
func words(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return words(e.X) + "." + e.Sel.Name
	case *ast.StarExpr:
		return "*" + words(e.X)
	case *ast.ChanType:
		return "chan " + words(e.Value)
	case *ast.IndexExpr:
		return words(e.X) + "[" + words(e.Index) + "]"
	}
	return ""
}

// writes finds assignments to a package's variables. A name that the function declares itself is its own.
func writes(s source, vars map[string]bool) (out []Breach) {
	for _, d := range s.file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		own := declared(fn)
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			for _, target := range targets(n) {
				if id := root(target); id != nil && vars[id.Name] && !own[id.Name] {
					out = append(out, s.breach(n.Pos(), "package-level state: %s is written to", id.Name))
				}
			}
			return true
		})
	}
	return out
}

// targets are the expressions that a statement writes to.
func targets(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	case *ast.CallExpr:
		if name := words(n.Fun); (name == "delete" || name == "clear") && len(n.Args) > 0 {
			return n.Args[:1]
		}
	}
	return nil
}

// root is the variable that an expression reaches into: x of x[1].y.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

// declared are the names that a function declares: receiver, parameters, results, and whatever its body does.
func declared(fn *ast.FuncDecl) map[string]bool {
	out := map[string]bool{}
	add := func(ids ...*ast.Ident) {
		for _, id := range ids {
			out[id.Name] = true
		}
	}
	if fn.Recv != nil {
		for _, f := range fn.Recv.List {
			add(f.Names...)
		}
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			add(n.Names...)
		case *ast.ValueSpec:
			add(n.Names...)
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if id, ok := l.(*ast.Ident); ok && n.Tok == token.DEFINE {
					add(id)
				}
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					add(id)
				}
			}
		}
		return true
	})
	return out
}
