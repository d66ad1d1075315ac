package register

import (
	"context"
	"strconv"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/web"
	"huiyin/web/ui"
)

// pageSize is how many rows a list shows at once; apiMax how many the API gives.
const (
	pageSize = 50
	apiMax   = 500
	unpaged  = 5000 // rows of a register without a page key: prices, departments
)

// KindOf is the register's kind.
func (g Register[T]) KindOf() Kind { return g.Kind }

// Allow reads one record by its key as its page does.
func (g Register[T]) Allow(ctx context.Context, tx db.Tx, id core.ID) error {
	if g.Get == nil {
		return nil
	}
	_, err := g.Get(ctx, tx, id)
	return err
}

// FieldSpecs are the fields that the API gives.
func (g Register[T]) FieldSpecs() []core.Spec { return core.Specs(g.Fields) }

// FilterList are the list's filters.
func (g Register[T]) FilterList() []Filter { return g.Filters }

// VerbList describes the verbs for documents and tests.
func (g Register[T]) VerbList() []VerbInfo {
	out := make([]VerbInfo, len(g.Verbs))
	for i, v := range g.Verbs {
		out[i] = VerbInfo{v.name(), v.label(), v.isNew(), v.perm(g.Kind).Name, v.specs()}
	}
	return out
}

func (g Register[T]) view() string { return g.Kind.Name + ".view" }

// Perms are the permissions of the register and its verbs.
func (g Register[T]) Perms() []Perm {
	k := g.Kind
	out := []Perm{{k.Name + ".view", core.T("%s:查看", "%s: view", k.Label), g.Viewers, k.Firm}}
	if g.Export != nil {
		out = append(out, Perm{k.Name + ".export", core.T("%s:导出", "%s: export", k.Label), g.Export, k.Firm})
	}
	if len(g.Reveal) > 0 {
		out = append(out, Perm{k.Name + ".reveal", core.T("%s:查看明文", "%s: reveal masked values", k.Label), g.Revealers, k.Firm})
	}
	for _, v := range g.Verbs {
		out = append(out, v.perm(k))
	}
	return out
}

// Routes are the list, the record, the export, the look-up, the reveals, the verbs and their API.
func (g Register[T]) Routes() []web.Route {
	k := g.Kind
	out := []web.Route{
		{Pattern: "GET " + k.apiPath(), Perm: g.view(), Handle: g.apiList},
		{Pattern: "GET " + k.apiPath() + "/{id}", Perm: g.view(), Handle: g.apiGet},
	}
	if g.Columns != nil || g.Row != nil {
		out = append(out, web.Route{Pattern: "GET " + k.pagePath(), Perm: g.view(), Handle: g.listPage})
	}
	if g.Get != nil {
		out = append(out, web.Route{Pattern: "GET " + k.pagePath() + "/{id}", Perm: g.view(), Handle: g.recordPage})
	}
	if g.Export != nil {
		out = append(out, web.Route{Pattern: "GET " + k.pagePath() + "/export.xlsx", Perm: k.Name + ".export", Handle: g.export})
	}
	if g.Option != nil {
		out = append(out, web.Route{Pattern: "GET " + k.pagePath() + "/lookup", Perm: g.view(), Handle: g.lookup})
	}
	if len(g.Reveal) > 0 {
		out = append(out, web.Route{Pattern: "POST " + k.pagePath() + "/{id}/reveal", Perm: k.Name + ".reveal", Specs: core.Specs(revealFields), Handle: g.reveal})
	}
	for _, v := range g.Verbs {
		out = append(out, v.routes(k)...)
	}
	return out
}

func (g Register[T]) query(r *web.Request, limit int) Query {
	if g.Cursor == nil {
		limit = unpaged
	}
	q := Query{Text: r.Query("q"), After: r.Query("after"), Filter: map[string]string{}, Limit: limit + 1}
	for _, f := range g.Filters {
		if v := r.Query(f.Name); v != "" {
			q.Filter[f.Name] = v
		}
	}
	return q
}

// find reads one row more than the page has, to know whether there is a next.
func (g Register[T]) find(ctx context.Context, tx db.Tx, q Query) (rows []T, next string, err error) {
	rows, err = g.Find(ctx, tx, q)
	if err == nil && len(rows) >= q.Limit && q.Limit > 0 {
		rows = rows[:q.Limit-1]
		if g.Cursor != nil {
			next = g.Cursor(&rows[len(rows)-1])
		}
	}
	return rows, next, err
}

func (g Register[T]) apiList(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	limit := pageSize
	if s := r.Query("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > apiMax {
			return nil, core.Invalid("limit", "limit 应在 1 到 %d 之间", "limit must be between 1 and %d", apiMax)
		}
		limit = n
	}
	rows, next, err := g.find(ctx, tx, g.query(r, limit))
	if err != nil {
		return nil, err
	}
	items := make([]map[string]any, len(rows))
	for i := range rows {
		items[i] = g.json(ctx, &rows[i])
	}
	return web.JSON{Value: map[string]any{"items": items, "next": next}}, nil
}

func (g Register[T]) apiGet(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	if g.Get == nil {
		return nil, core.NotFound()
	}
	t, err := g.Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	return web.JSON{Value: g.json(ctx, &t), Version: g.versionOf(&t)}, nil
}

func (g Register[T]) json(ctx context.Context, t *T) map[string]any {
	m := map[string]any{"id": g.ID(t)}
	if v := g.versionOf(t); v > 0 {
		m["version"] = v
	}
	for _, f := range g.Fields {
		m[f.Name] = f.JSONValue(ctx, t)
	}
	return m
}

func (g Register[T]) versionOf(t *T) int64 {
	if g.Version == nil {
		return 0
	}
	return g.Version(t)
}

func (g Register[T]) lookup(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	rows, err := g.Find(ctx, tx, Query{Text: r.Query("q"), Limit: 12, Filter: map[string]string{}})
	if err != nil {
		return nil, err
	}
	options := make([]ui.Option, len(rows))
	for i := range rows {
		options[i] = g.Option(ctx, &rows[i])
	}
	return web.Fragment{Body: ui.Options(options)}, nil
}

type revealIn struct{ Field, Reason string }

var revealFields = []core.Field[revealIn]{
	{Name: "field", Label: core.T("字段", "Field"), Ptr: func(in *revealIn) any { return &in.Field }, Required: true, Kind: core.KindHidden},
	{Name: "reason", Label: core.T("事由", "Reason"), Ptr: func(in *revealIn) any { return &in.Reason }, Required: true, Min: 2},
}

// lookVerb is the journal verb of a look at a masked value.
const lookVerb = "revealed"

// reveal shows a masked value for a stated reason and puts both person and reason into the journal (B6.2).
func (g Register[T]) reveal(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	in, err := core.Bind(ctx, revealFields, r.Input)
	if err != nil {
		return nil, err
	}
	show, ok := g.Reveal[in.Field]
	if !ok {
		return nil, core.NotFound()
	}
	plain, err := show(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if err := journal.Add(ctx, tx, g.Kind.Ref(ctx, id), lookVerb, in); err != nil {
		return nil, err
	}
	return web.Fragment{Body: revealed(plain)}, nil
}

// listPage draws the list with its filter in the address.
func (g Register[T]) listPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	q := g.query(r, pageSize)
	rows, next, err := g.find(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	var intro templ.Component
	if g.Intro != nil {
		if intro, err = g.Intro(ctx, tx); err != nil {
			return nil, err
		}
	}
	v := listView{Head: ui.HeadView{Title: g.Kind.Label}, Buttons: g.buttons(ctx, tx), Intro: intro, Table: g.table(ctx, rows),
		Live: g.Topic, Here: r.Here()}
	if v.Filter, err = g.filterView(ctx, tx, q); err != nil {
		return nil, err
	}
	if next != "" {
		values := r.Values()
		values.Set("after", next)
		v.Next = g.Kind.Href(ctx, 0) + "?" + values.Encode()
	}
	if g.Export != nil && core.ActorOf(ctx).Can(g.Kind.project(ctx), g.Kind.Name+".export") {
		values := r.Values()
		values.Del("after")
		v.Buttons = append(v.Buttons, ui.ActionView{Label: core.T("导出", "Export"), Href: g.Kind.Href(ctx, 0, "export.xlsx") + "?" + values.Encode()})
	}
	if len(rows) == 0 {
		v.Table.Empty, v.First = g.nothing(v)
	}
	if r.Fragment() && r.Query("part") == "table" {
		return web.Fragment{Body: listTable(v)}, nil
	}
	return web.Page{Title: g.Kind.Label, Body: listPage(v)}, nil
}

// nothing says why a list is empty and leads on: past the filter, or to the first record.
func (g Register[T]) nothing(v listView) (core.Text, *ui.Link) {
	if v.Filter.Clear != "" {
		return core.T("没有符合条件的记录", "Nothing matches the filter"), &ui.Link{Label: core.T("清除条件", "Clear the filter"), Href: v.Filter.Clear}
	}
	for _, b := range v.Buttons {
		if b.Verb != "" && !b.Disabled {
			return v.Table.Empty, &ui.Link{Label: b.Label, Href: b.Href}
		}
	}
	return v.Table.Empty, nil
}

func (g Register[T]) buttons(ctx context.Context, tx db.Tx) []ui.ActionView {
	var out []ui.ActionView
	for _, v := range g.Verbs {
		if !v.isNew() || v.hidden() {
			continue
		}
		if a := v.action(ctx, tx, g.Kind, 0); !core.IsKind(a.Err, core.KindForbidden) {
			out = append(out, ui.ActionsOf(g.Kind.Href(ctx, 0), []core.Action{a}, func(c string) string { return Cite(ctx, c) })...)
		}
	}
	return out
}

// filtersShown stand above a list on one line; the rest are under 更多条件 until one of them is set.
const filtersShown = 5

func (g Register[T]) filterView(ctx context.Context, tx db.Tx, q Query) (ui.FilterView, error) {
	f := ui.FilterView{Action: g.Kind.Href(ctx, 0)}
	f.Fields = append(f.Fields, ui.FieldView{Name: "q", Label: core.T("查找", "Find"), Value: q.Text, Kind: core.KindText})
	for i, x := range g.Filters {
		v, err := x.field(ctx, tx, q.Filter[x.Name])
		if err != nil {
			return f, err
		}
		if i < filtersShown || v.Value != "" {
			f.Fields = append(f.Fields, v)
			continue
		}
		f.More = append(f.More, v)
	}
	if q.Text != "" || len(q.Filter) > 0 {
		f.Clear = f.Action
	}
	return f, nil
}

func (x Filter) field(ctx context.Context, tx db.Tx, value string) (v ui.FieldView, err error) {
	v = ui.FieldView{Name: x.Name, Label: x.Label, Kind: x.Kind, Choices: x.Choices, None: x.None, Value: value}
	if x.Choose != nil {
		v.Choices, err = x.Choose(ctx, tx)
	}
	return v, err
}

func (g Register[T]) table(ctx context.Context, rows []T) ui.TableView {
	t := ui.TableView{Caption: g.Kind.Label, Empty: core.T("还没有记录", "Nothing here yet")}
	fields := g.columns()
	for _, f := range fields {
		k := f.KindOf()
		t.Columns = append(t.Columns, ui.Column{Label: f.Label, Num: k == core.KindMoney || k == core.KindInt || k == core.KindDecimal})
	}
	for i := range rows {
		if g.Row != nil {
			t.Rows = append(t.Rows, g.Row(ctx, &rows[i]))
			continue
		}
		t.Rows = append(t.Rows, g.row(ctx, fields, &rows[i]))
	}
	return t
}

func (g Register[T]) row(ctx context.Context, fields []core.Field[T], t *T) ui.Row {
	var row ui.Row
	for i, f := range fields {
		c := ui.Cell{Text: f.Display(ctx, t)}
		if i == 0 && g.Get != nil {
			c.Href = g.Kind.Href(ctx, g.ID(t))
		}
		row.Cells = append(row.Cells, c)
	}
	return row
}

// columns are the fields named by Columns, in that order.
func (g Register[T]) columns() []core.Field[T] {
	var out []core.Field[T]
	for _, name := range g.Columns {
		for _, f := range g.Fields {
			if f.Name == name {
				out = append(out, f)
			}
		}
	}
	return out
}
