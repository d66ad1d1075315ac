package house

import (
	"net/http"
	"regexp"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"huiyin/core"
	"huiyin/register"
	"huiyin/web"
)

// OpenAPI is the document of the whole API, made from the registers and their verbs: what a page can do, it can.
func OpenAPI(l *Lists, routes []web.Route) (*huma.OpenAPI, error) {
	doc := &huma.OpenAPI{OpenAPI: "3.1.0", Info: &huma.Info{Title: "Huiyin 回音", Version: "v1",
		Description: "Customer service and operations of commercial property. Errors are RFC 9457 problems; `clause` names the clause of the regulation that refuses. " +
			"Writes take an Idempotency-Key; If-Match with the version seen gives 409 when the record moved on. Money is yuan as text, ids are strings, times are RFC 3339."},
		Components: &huma.Components{SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}},
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)},
		Security: []map[string][]string{{"token": {}}},
		Paths:    map[string]*huma.PathItem{},
	}
	for _, m := range l.Modules {
		for _, g := range m.Registers {
			addRegister(doc, m, g)
		}
	}
	for _, rt := range routes {
		addRoute(doc, rt)
	}
	return doc, nil
}

// addRoute describes an API route that no register makes: its path, its fields, its right.
func addRoute(doc *huma.OpenAPI, rt web.Route) {
	if !rt.API() {
		return
	}
	path := item(doc, rt.Path())
	if (rt.Method() == http.MethodGet && path.Get != nil) || (rt.Method() == http.MethodPost && path.Post != nil) {
		return
	}
	op := &huma.Operation{Summary: rt.Pattern, Description: "Needs the permission `" + rt.Perm + "`.", Responses: answers(&huma.Schema{Type: "object"})}
	for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(rt.Path(), -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	}
	if rt.Method() == http.MethodGet {
		path.Get = op
		return
	}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf(rt.Specs, true)}}}
	path.Post = op
}

func addRegister(doc *huma.OpenAPI, m Module, g register.Any) {
	k := g.KindOf()
	base := "/api/v1/projects/{project}/" + k.Plural
	if k.Firm {
		base = "/api/v1/" + k.Plural
	}
	record := schemaOf(g.FieldSpecs(), false)
	record.Properties["id"] = &huma.Schema{Type: "string"}
	record.Properties["version"] = &huma.Schema{Type: "integer"}
	list := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{
		"items": {Type: "array", Items: record}, "next": {Type: "string", Description: "page key for `after`; empty on the last page"}}}
	item(doc, base).Get = operation(m, k, "list", "List "+k.Label.EN, k.Name+".view", list, listParams(k, g.FilterList())...)
	item(doc, base+"/{id}").Get = operation(m, k, "get", "Get one of "+k.Label.EN, k.Name+".view", record, pathParams(k, true)...)
	for _, v := range g.VerbList() {
		addVerb(doc, m, k, base, v)
	}
}

func addVerb(doc *huma.OpenAPI, m Module, k register.Kind, base string, v register.VerbInfo) {
	path := base + "/{id}/" + v.Name
	if v.New {
		path = base + "/" + v.Name
		if v.Name == "new" {
			path = base
		}
	}
	done := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"id": {Type: "string"}, "version": {Type: "integer"}}}
	params := append(pathParams(k, !v.New),
		&huma.Param{Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string"}},
		&huma.Param{Name: "If-Match", In: "header", Schema: &huma.Schema{Type: "string"}})
	op := operation(m, k, v.Name, v.Label.EN, v.Perm, done, params...)
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf(v.Specs, true)}}}
	if v.New {
		op.Responses["201"] = op.Responses["200"]
		delete(op.Responses, "200")
	}
	item(doc, path).Post = op
}

func item(doc *huma.OpenAPI, path string) *huma.PathItem {
	if doc.Paths[path] == nil {
		doc.Paths[path] = &huma.PathItem{}
	}
	return doc.Paths[path]
}

func operation(m Module, k register.Kind, name, summary, perm string, out *huma.Schema, params ...*huma.Param) *huma.Operation {
	return &huma.Operation{OperationID: k.Name + "." + name, Summary: summary, Description: "Needs the permission `" + perm + "`.", Tags: []string{m.Name},
		Parameters: params, Responses: answers(out)}
}

// answers are what every operation may give: its result, or a problem.
func answers(out *huma.Schema) map[string]*huma.Response {
	all := map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: out}}}}
	for _, code := range []int{401, 403, 404, 409, 413, 422, 429, 503} {
		all[strconv.Itoa(code)] = &huma.Response{Description: http.StatusText(code), Content: map[string]*huma.MediaType{
			"application/problem+json": {Schema: problemSchema()}}}
	}
	return all
}

func problemSchema() *huma.Schema {
	text := &huma.Schema{Type: "string"}
	return &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"type": text, "title": text, "status": {Type: "integer"}, "detail": text,
		"clause": {Type: "string", Description: "the clause that refuses, such as C17.2"}, "request_id": text,
		"errors": {Type: "array", Items: &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{"field": text, "detail": text}}}}}
}

func pathParams(k register.Kind, withID bool) []*huma.Param {
	var out []*huma.Param
	if !k.Firm {
		out = append(out, &huma.Param{Name: "project", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}, Description: "the project's code"})
	}
	if withID {
		out = append(out, &huma.Param{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
	}
	return out
}

func listParams(k register.Kind, filters []register.Filter) []*huma.Param {
	out := append(pathParams(k, false),
		&huma.Param{Name: "q", In: "query", Schema: &huma.Schema{Type: "string"}},
		&huma.Param{Name: "after", In: "query", Schema: &huma.Schema{Type: "string"}},
		&huma.Param{Name: "limit", In: "query", Schema: &huma.Schema{Type: "integer"}})
	for _, f := range filters {
		out = append(out, &huma.Param{Name: f.Name, In: "query", Description: f.Label.EN, Schema: choiceSchema(f.Choices)})
	}
	return out
}

func choiceSchema(choices []core.Choice) *huma.Schema {
	s := &huma.Schema{Type: "string"}
	for _, c := range choices {
		s.Enum = append(s.Enum, c.Value)
	}
	return s
}

// schemaOf describes fields; required ones only for input, since an answer may leave out what is masked.
func schemaOf(specs []core.Spec, input bool) *huma.Schema {
	s := &huma.Schema{Type: "object", Properties: map[string]*huma.Schema{}}
	if input {
		s.AdditionalProperties = false
	}
	for _, f := range specs {
		s.Properties[f.Name] = fieldSchema(f, input)
		if input && f.Required {
			s.Required = append(s.Required, f.Name)
		}
	}
	return s
}

func fieldSchema(f core.Spec, input bool) *huma.Schema {
	s := &huma.Schema{Type: "string", Description: f.Label.EN + " (" + f.Label.ZH + ")"}
	switch f.Kind {
	case core.KindInt, core.KindRating:
		s.Type = "integer"
	case core.KindBool:
		s.Type = "boolean"
	case core.KindChoices:
		s.Type, s.Items = "array", choiceSchema(f.Choices)
	case core.KindRows:
		s.Type, s.Items = "array", schemaOf(f.Rows, input)
	case core.KindDate:
		s.Format = "date"
	case core.KindTime:
		s.Format = "date-time"
	case core.KindChoice, core.KindRadio:
		for _, c := range f.Choices {
			s.Enum = append(s.Enum, c.Value)
		}
	case core.KindText, core.KindLines, "":
		if input && f.Max > 0 {
			n := int(f.Max)
			s.MaxLength = &n
		}
	}
	return s
}
