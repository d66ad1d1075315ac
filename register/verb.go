package register

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/web"
	"huiyin/web/ui"
)

func (v Verb[In]) name() string       { return v.Name }
func (v Verb[In]) isNew() bool        { return v.New }
func (v Verb[In]) hidden() bool       { return v.Hidden }
func (v Verb[In]) specs() []core.Spec { return core.Specs(v.Fields) }
func (v Verb[In]) label() core.Text   { return v.Label }
func (v Verb[In]) perm(k Kind) Perm {
	return Perm{Name: k.Name + "." + v.Name, Label: core.T("%s:%s", "%s: %s", k.Label, v.Label), Roles: v.Roles, Firm: k.Firm}
}

func (v Verb[In]) can(ctx context.Context, tx db.Tx, k Kind, id core.ID) error {
	if !core.ActorOf(ctx).Can(k.project(ctx), v.perm(k).Name) {
		return core.Forbidden(v.perm(k).Name)
	}
	if v.Can == nil {
		return nil
	}
	return v.Can(ctx, tx, id)
}

func (v Verb[In]) action(ctx context.Context, tx db.Tx, k Kind, id core.ID) core.Action {
	return core.Action{Verb: v.Name, Label: v.Label, Primary: v.Primary, Danger: v.Danger, Clause: v.Clause, Why: v.Why, Err: v.can(ctx, tx, k, id)}
}

// routes are the form, its POST and the API's POST.
func (v Verb[In]) routes(k Kind) []web.Route {
	path, api := k.pagePath()+"/{id}/"+v.Name, k.apiPath()+"/{id}/"+v.Name
	if v.New {
		path, api = k.pagePath()+"/"+v.Name, k.apiPath()+"/"+v.Name
		if v.Name == "new" {
			api = k.apiPath()
		}
	}
	perm, specs := v.perm(k).Name, core.Specs(v.Fields)
	out := []web.Route{
		{Pattern: "POST " + path, Perm: perm, Specs: specs, Handle: v.post(k), Failed: v.failed(k)},
		{Pattern: "POST " + api, Perm: perm, Specs: specs, Handle: v.api(k)},
	}
	if !v.Page {
		out = append(out, web.Route{Pattern: "GET " + path, Perm: perm, Handle: v.form(k)})
	}
	return out
}

func (v Verb[In]) id(r *web.Request) (core.ID, error) {
	if v.New {
		return 0, nil
	}
	return r.ID("id")
}

func (v Verb[In]) form(k Kind) web.Handler {
	return func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
		id, err := v.id(r)
		if err != nil {
			return nil, err
		}
		if err := v.there(ctx, tx, k, id); err != nil {
			return nil, err
		}
		if err := v.can(ctx, tx, k, id); err != nil {
			return nil, err
		}
		var in In
		if v.Fill != nil {
			if err := v.Fill(ctx, tx, id, &in); err != nil {
				return nil, err
			}
		}
		values := masked(v.Fields, core.ValuesOf(ctx, v.Fields, &in))
		for name, vs := range r.Values() { // a link may preset fields: ?unit=…
			if len(vs) > 0 && vs[0] != "" && slices.ContainsFunc(v.Fields, func(f core.Field[In]) bool { return f.Name == name }) {
				values[name] = vs
			}
		}
		version, err := v.version(ctx, tx, k, id)
		if err != nil {
			return nil, err
		}
		return v.page(ctx, tx, k, r, id, values, strconv.FormatInt(version, 10), nil)
	}
}

// there refuses a record that does not exist in the project, before any check is asked about it.
func (v Verb[In]) there(ctx context.Context, tx db.Tx, k Kind, id core.ID) error {
	if id == 0 || k.Table == "" {
		return nil
	}
	version, err := v.version(ctx, tx, k, id)
	if err == nil && version == 0 {
		err = core.NotFound()
	}
	return err
}

// version is the row's version now; 0 where there is no row or table.
func (v Verb[In]) version(ctx context.Context, tx db.Tx, k Kind, id core.ID) (int64, error) {
	if id == 0 || k.Table == "" {
		return 0, nil
	}
	return db.Value[int64](ctx, tx, "select version from "+k.Table+" where project_id = $1 and id = $2", k.project(ctx), id)
}

func (v Verb[In]) page(ctx context.Context, tx db.Tx, k Kind, r *web.Request, id core.ID, values map[string][]string, version string, failure error) (web.Answer, error) {
	choices := map[string][]core.Choice{}
	if v.Choices != nil {
		var err error
		if choices, err = v.Choices(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	var aside templ.Component
	if v.Aside != nil {
		var err error
		if aside, err = v.Aside(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	f := ui.FormView{Action: r.HTTP.URL.Path, Fields: v.fieldViews(ctx, values, failure, choices), Submit: v.Label, Cancel: k.Href(ctx, id),
		Version: version, IdemKey: NewKey(), Multipart: hasFiles(v.Fields), Danger: v.Danger, Columns: len(v.Fields) > 6}
	if failure != nil {
		e := core.AsErr(failure)
		f.Error, f.Clause, f.ClauseHref = e.Text, e.Clause, Cite(ctx, e.Clause)
	}
	title := v.Label
	if v.New {
		title = core.T("%s:%s", "%s: %s", k.Label, v.Label)
	}
	head := ui.HeadView{Title: title}
	if k.About != nil && id != 0 {
		var err error
		if head.Sub, err = k.About(ctx, tx, id); err != nil {
			return nil, err
		}
	}
	body := verbPage(head, f, aside, diffOf(ctx, v.Fields, failure))
	return web.Page{Title: title, Body: body, Narrow: aside == nil}, nil
}

func (v Verb[In]) fieldViews(ctx context.Context, values map[string][]string, failure error, choices map[string][]core.Choice) []ui.FieldView {
	views := ui.FieldsOf(core.Specs(v.Fields), values, failure)
	for i := range views {
		if c, ok := choices[views[i].Name]; ok {
			views[i].Choices = c
			if views[i].Kind == core.KindText || views[i].Kind == core.KindRef {
				views[i].Kind = core.KindChoice
			}
		}
		if maskOf(views[i].Kind) != nil && strings.Contains(views[i].Value, "*") && !views[i].Hint.Is() {
			views[i].Hint = core.T("原样留着,就还是原来的号码", "Left as it stands, the number stays")
		}
		setRowChoices(views[i].Rows, views[i].Blank, views[i].Name, choices)
	}
	setLookups(ctx, views)
	return slices.DeleteFunc(views, func(f ui.FieldView) bool { // there is nothing to choose from for this record
		_, given := choices[f.Name]
		return given && f.Kind == core.KindChoices && len(f.Choices) == 0
	})
}

// setLookups says where each record that is found by typing is looked up, in repeated groups as well.
func setLookups(ctx context.Context, views []ui.FieldView) {
	for i := range views {
		if views[i].Kind == core.KindRef && views[i].Source != "" {
			views[i].Source = "/p/" + core.ProjectOf(ctx).Code + "/" + views[i].Source + "/lookup"
		}
		for _, row := range append(views[i].Rows, views[i].Blank) {
			setLookups(ctx, row)
		}
	}
}

// setRowChoices gives the columns of a repeated group their choices: the key is "materials.material".
func setRowChoices(rows [][]ui.FieldView, blank []ui.FieldView, name string, choices map[string][]core.Choice) {
	for _, row := range append(rows, blank) {
		for j := range row {
			column := row[j].Name[lastDot(row[j].Name)+1:]
			if c, ok := choices[name+"."+column]; ok {
				row[j].Choices, row[j].Kind = c, core.KindChoice
			}
		}
	}
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return -1
}

func hasFiles[In any](fields []core.Field[In]) bool {
	return slices.ContainsFunc(fields, func(f core.Field[In]) bool {
		k := f.KindOf()
		return k == core.KindFile || k == core.KindPhoto || k == core.KindSignature
	})
}

// NewKey is a fresh key for a form, so that its second submit is harmless.
func NewKey() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// bound binds and carries out, after asking right, check and version.
func (v Verb[In]) do(ctx context.Context, tx db.Tx, k Kind, r *web.Request) (core.ID, error) {
	id, err := v.id(r)
	if err != nil {
		return 0, err
	}
	ctx = core.WithDoing(ctx, core.Doing{Verb: v.perm(k).Name, Ref: k.Ref(ctx, id)})
	if err := v.fresh(ctx, tx, k, r, id); err != nil {
		return 0, err
	}
	if err := v.there(ctx, tx, k, id); err != nil {
		return 0, err
	}
	if err := v.can(ctx, tx, k, id); err != nil {
		return 0, err
	}
	input, err := v.unmasked(ctx, tx, id, r.Input)
	if err != nil {
		return 0, err
	}
	in, err := core.Bind(ctx, v.Fields, input)
	if err != nil {
		return 0, err
	}
	return v.Do(ctx, tx, id, in)
}

// fresh refuses a form that was drawn from an older version of the record, and keeps both values for the page.
func (v Verb[In]) fresh(ctx context.Context, tx db.Tx, k Kind, r *web.Request, id core.ID) error {
	if r.Version() == "" || r.Version() == "0" || id == 0 || k.Table == "" {
		return nil
	}
	now, err := db.Value[int64](ctx, tx, db.Locked(tx, "select version from "+k.Table+" where project_id = $1 and id = $2"), k.project(ctx), id)
	if err != nil || strconv.FormatInt(now, 10) == r.Version() {
		return err
	}
	last, err := lastStep(ctx, tx, k, k.Ref(ctx, id))
	if err != nil {
		return err
	}
	e := &core.Err{Kind: core.KindConflict, Text: core.T("这条记录刚被别人改过%s。请核对您填的内容再提交", "Somebody changed this record meanwhile%s. Check what you filled in and submit again", last)}
	if v.Fill != nil {
		var theirs In
		if err := v.Fill(ctx, tx, id, &theirs); err != nil {
			return err
		}
		e.Text = core.T("这条记录刚被别人改过%s。下面是现在的内容和您填的内容,请核对后再提交", "Somebody changed this record meanwhile%s. Here are its values now and yours; check them and submit again", last)
		e.Theirs, e.Mine = flat(masked(v.Fields, core.ValuesOf(ctx, v.Fields, &theirs))), flat(r.Input.Values)
	}
	return e
}

// lastStep says in brackets who did what to the record last, so that the reader of a stale form need not go and look.
// Looking at a masked value changes nothing and is passed over.
func lastStep(ctx context.Context, tx db.Tx, k Kind, ref core.Ref) (core.Text, error) {
	entries, err := journal.Of(ctx, tx, ref)
	entries = slices.DeleteFunc(entries, func(e journal.Entry) bool { return e.Verb == lookVerb })
	if err != nil || len(entries) == 0 {
		return core.Text{}, err
	}
	e, err := stepOf(ctx, tx, k, entries[len(entries)-1])
	return core.T("(%s %s %s)", " (%s %s: %s)", ui.When(ctx, e.At), e.Who, e.Text), err
}

func flat(values map[string][]string) map[string]string {
	out := map[string]string{}
	for k, v := range values {
		if len(v) > 0 {
			out[k] = v[0]
		}
	}
	return out
}

func (v Verb[In]) post(k Kind) web.Handler {
	return func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
		id, err := v.do(ctx, tx, k, r)
		if err != nil {
			return nil, err
		}
		next := k.Href(ctx, id)
		if v.Next != nil {
			next = v.Next(ctx, id)
		}
		return web.Redirect{URL: next, Flash: v.Said}, nil
	}
}

func (v Verb[In]) failed(k Kind) func(context.Context, db.Tx, *web.Request, error) (web.Answer, error) {
	return func(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
		id, err := v.id(r)
		if err != nil {
			return nil, err
		}
		version := r.Version()
		if core.IsKind(failure, core.KindConflict) {
			now, err := v.version(ctx, tx, k, id)
			if err != nil {
				return nil, err
			}
			version = strconv.FormatInt(now, 10)
		}
		return v.page(ctx, tx, k, r, id, r.Input.Values, version, failure)
	}
}

func (v Verb[In]) api(k Kind) web.Handler {
	return func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
		id, err := v.do(ctx, tx, k, r)
		if err != nil {
			return nil, err
		}
		version, err := v.version(ctx, tx, k, id)
		if err != nil {
			return nil, err
		}
		ans := web.JSON{Value: map[string]any{"id": id, "version": version}, Version: version}
		if v.New {
			ans.Status, ans.Location = 201, apiHref(ctx, k, id)
		}
		return ans, nil
	}
}

func apiHref(ctx context.Context, k Kind, id core.ID) string {
	if k.Firm {
		return "/api/v1/" + k.Plural + "/" + id.String()
	}
	return "/api/v1/projects/" + core.ProjectOf(ctx).Code + "/" + k.Plural + "/" + id.String()
}

// difference is one field of a stale edit: what it is now, and what was typed.
type difference struct {
	Label        core.Text
	Theirs, Mine string
}

func diffOf[In any](_ context.Context, fields []core.Field[In], failure error) []difference {
	if failure == nil {
		return nil
	}
	e := core.AsErr(failure)
	var out []difference
	for _, f := range fields {
		if t, m := e.Theirs[f.Name], e.Mine[f.Name]; e.Theirs != nil && t != m {
			out = append(out, difference{f.Label, t, m})
		}
	}
	return out
}
