package register

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/sheet"
	"huiyin/web"
	"huiyin/web/ui"
)

type listView struct {
	Head    ui.HeadView
	Buttons []ui.ActionView
	Intro   templ.Component
	Filter  ui.FilterView
	Table   ui.TableView
	Next    string
	First   *ui.Link // what to do about an empty list
	Live    string
	Here    string
}

// recordView is a record page: the same parts for every kind.
type recordView struct {
	Record
	Actions  []ui.ActionView
	Later    []ui.ActionView // shut by the record's state alone: folded away
	Duties   []dutyView
	Files    []ui.FileView
	Timeline []ui.Event
	Panels   []templ.Component
	Side     []templ.Component
	Live     string
	Here     string
	Reveals  []revealView
}

type dutyView struct {
	Text       core.Text
	Clause     string
	ClauseHref string
	Href       string
	Tone       ui.Tone
	State      core.Text
	Due        time.Time
	Open       bool
}

type revealView struct {
	Label core.Text
	Form  ui.FormView
	ID    string
}

func (g Register[T]) recordPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	t, err := g.Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	rec, err := g.recordOf(ctx, tx, t)
	if err != nil {
		return nil, err
	}
	v := recordView{Record: rec, Live: g.Topic, Here: r.Here()}
	if !rec.NoActions {
		v.Actions, v.Later = g.actions(ctx, tx, id, g.versionOf(&t))
	}
	v.liftAlarm()
	if err := v.fill(ctx, tx, g.Kind, id); err != nil {
		return nil, err
	}
	v.Reveals = g.reveals(ctx, id)
	return web.Page{Title: rec.Head.Title, Body: recordPage(v)}, nil
}

// liftAlarm moves the button that ends the running term up into the alarm's card: there it is seen first.
func (v *recordView) liftAlarm() {
	if v.Alarm == nil {
		return
	}
	i := slices.IndexFunc(v.Actions, func(a ui.ActionView) bool { return a.Verb == v.Alarm.Verb && !a.Disabled })
	if i < 0 {
		return
	}
	button := v.Actions[i]
	button.Primary = true
	v.Alarm.Button, v.Actions = &button, slices.Delete(v.Actions, i, i+1)
}

func (g Register[T]) recordOf(ctx context.Context, tx db.Tx, t T) (Record, error) {
	if g.Record != nil {
		return g.Record(ctx, tx, t)
	}
	var pairs []ui.Pair
	for _, f := range g.Fields {
		pairs = append(pairs, ui.Pair{Label: f.Label, Value: f.Display(ctx, &t)})
	}
	title := ui.Plain(g.ID(&t).String())
	if len(pairs) > 0 {
		title = ui.Plain(pairs[0].Value)
	}
	return Record{Head: ui.HeadView{Title: title}, Cards: []templ.Component{FieldsCard(g.Kind.Label, pairs)}}, nil
}

// actions are the buttons under 现在可以做, and apart from them those whose state has not come or is past. Rights that the
// actor lacks leave no button; one that a clause shuts says why.
func (g Register[T]) actions(ctx context.Context, tx db.Tx, id core.ID, version int64) (now, later []ui.ActionView) {
	var acts []core.Action
	for _, v := range g.Verbs {
		if v.isNew() || v.hidden() {
			continue
		}
		if a := v.action(ctx, tx, g.Kind, id); !core.IsKind(a.Err, core.KindForbidden) {
			acts = append(acts, a)
		}
	}
	slices.SortStableFunc(acts, func(a, b core.Action) int { return closedLast(a) - closedLast(b) })
	views := ui.ActionsOf(g.Kind.Href(ctx, id), acts, func(c string) string { return Cite(ctx, c) })
	for i := range views {
		views[i].Version = fmt.Sprint(version)
		if len(g.specsOf(acts[i].Verb)) == 0 {
			views[i].Post, views[i].Href, views[i].IdemKey = views[i].Href, "", NewKey()
		}
		if core.IsKind(acts[i].Err, core.KindConflict) {
			later = append(later, views[i])
			continue
		}
		now = append(now, views[i])
	}
	return now, later
}

func (g Register[T]) specsOf(verb string) []core.Spec {
	for _, v := range g.Verbs {
		if v.name() == verb && !v.isNew() {
			return v.specs()
		}
	}
	return nil
}

func closedLast(a core.Action) int {
	if a.Err != nil {
		return 1
	}
	return 0
}

func (v *recordView) fill(ctx context.Context, tx db.Tx, k Kind, id core.ID) error {
	ref := k.Ref(ctx, id)
	duties, err := duty.Of(ctx, tx, ref)
	if err != nil {
		return err
	}
	v.Duties = dutyViews(ctx, duties)
	if v.Files, err = FileViews(ctx, tx, ref); err != nil {
		return err
	}
	if v.Timeline, err = timeline(ctx, tx, k, ref); err != nil {
		return err
	}
	v.Side = v.Record.Side
	return v.panels(ctx, tx, ref)
}

func (v *recordView) panels(ctx context.Context, tx db.Tx, ref core.Ref) error {
	for _, p := range Of(ctx).Panels {
		if (p.On != "" && p.On != ref.Kind) || (p.Perm != "" && !core.ActorOf(ctx).Can(ref.Project, p.Perm)) {
			continue
		}
		c, err := p.Body(ctx, tx, ref)
		if err != nil {
			return err
		}
		switch {
		case c == nil:
		case p.Side:
			v.Side = append(v.Side, c)
		default:
			v.Panels = append(v.Panels, c)
		}
	}
	return nil
}

func dutyViews(ctx context.Context, duties []duty.Duty) []dutyView {
	now := core.Now(ctx)
	out := make([]dutyView, len(duties))
	for i, d := range duties {
		out[i] = dutyView{Text: d.Title, Clause: d.Clause, ClauseHref: Cite(ctx, d.Clause), Tone: dutyTone(d, now), Due: d.Due,
			Open: d.State == duty.StateOpen, State: dutyState(ctx, d), Href: HrefOf(ctx, d.Ref)}
		if !d.Title.Is() {
			out[i].Text = core.T("%s的期限", "Term of %s", d.Clause)
		}
	}
	return out
}

// dutyState says how a closed duty ended: in how long, or how late.
func dutyState(ctx context.Context, d duty.Duty) core.Text {
	switch {
	case d.State == duty.StateWaived:
		return core.T("已豁免", "Waived")
	case d.Late:
		return core.T("逾期办结", "Done late")
	}
	return core.T("按时 %s", "In time %s", ui.Full(ctx, d.DoneAt))
}

// FileViews lists a record's attachments for its page.
func FileViews(ctx context.Context, tx db.Tx, ref core.Ref) ([]ui.FileView, error) {
	files, err := file.List(ctx, tx, ref)
	out := make([]ui.FileView, len(files))
	for i, f := range files {
		href := FileHref(ctx, f)
		out[i] = ui.FileView{Name: f.Name, Href: href, Type: f.Type, Size: f.Size, At: f.At}
		if f.Image() {
			out[i].Thumb = href + "?inline=1"
		}
	}
	return out, err
}

// FileHref is where an attachment of the request's project is downloaded.
func FileHref(ctx context.Context, f file.File) string {
	return "/p/" + core.ProjectOf(ctx).Code + "/file/" + f.ID.String()
}

func timeline(ctx context.Context, tx db.Tx, k Kind, ref core.Ref) ([]ui.Event, error) {
	entries, err := journal.Of(ctx, tx, ref)
	if err != nil {
		return nil, err
	}
	out := make([]ui.Event, 0, len(entries))
	for _, e := range slices.Backward(entries) {
		step, err := stepOf(ctx, tx, k, e)
		if err != nil {
			return nil, err
		}
		out = append(out, step)
	}
	return out, nil
}

// stepOf says one journal entry in words.
func stepOf(ctx context.Context, tx db.Tx, k Kind, e journal.Entry) (ui.Event, error) {
	values, err := e.Fields(ctx, tx)
	clause, _ := values["clause"].(string)
	return ui.Event{At: e.At, Who: who(ctx, e), Text: k.Say(e, values), Clause: clause, ClauseHref: Cite(ctx, clause)}, err
}

func (g Register[T]) reveals(ctx context.Context, id core.ID) []revealView {
	if !core.ActorOf(ctx).Can(g.Kind.project(ctx), g.Kind.Name+".reveal") {
		return nil
	}
	var out []revealView
	for _, f := range g.Fields {
		if g.Reveal[f.Name] == nil {
			continue
		}
		form := ui.FormView{ID: "reveal-form-" + f.Name, Action: g.Kind.Href(ctx, id, "reveal"), Submit: core.T("查看并留痕", "Reveal and log"),
			Fields: []ui.FieldView{{Name: "field", Kind: core.KindHidden, Value: f.Name},
				{Name: "reason", Label: core.T("事由", "Reason"), Hint: core.T("会记入日志", "It goes into the log"), Required: true, Min: 2, Max: 200}}}
		out = append(out, revealView{Label: f.Label, Form: form, ID: "reveal-" + f.Name})
	}
	return out
}

// exportMax bounds an export; more than that is a backup, not a list.
const exportMax = 100_000

// export writes the filtered list as xlsx, page by page.
func (g Register[T]) export(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	x, err := sheet.NewExport(core.LangOf(ctx))
	if err != nil {
		return nil, err
	}
	columns := make([]sheet.OutColumn, len(g.Fields))
	for i, f := range g.Fields {
		columns[i] = sheet.OutColumn{Label: f.Label}
	}
	if err := x.Sheet(g.Kind.Label.Say(ctx), columns); err != nil {
		return nil, err
	}
	q := g.query(r, 1000)
	for n := 0; n < exportMax; {
		rows, next, err := g.find(ctx, tx, q)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if err := x.Row(g.cells(ctx, &rows[i])...); err != nil {
				return nil, err
			}
		}
		if n += len(rows); next == "" {
			break
		}
		q.After = next
	}
	var b bytes.Buffer
	if _, err := x.WriteTo(&b); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s-%s.xlsx", g.Kind.Label.Say(ctx), core.Today(ctx))
	return web.Download{Name: name, Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Bytes: b.Bytes()}, nil
}

func (g Register[T]) cells(ctx context.Context, t *T) []any {
	out := make([]any, len(g.Fields))
	for i, f := range g.Fields {
		switch p := f.Ptr(t).(type) {
		case *core.Money, *core.Decimal, *core.Date:
			out[i] = deref(p)
		case *int64:
			if out[i] = *p; f.Show != nil { // kept in another unit than it is shown in
				out[i] = f.Show(ctx, t)
			}
		default:
			out[i] = f.Display(ctx, t)
		}
	}
	return out
}

func deref(p any) any {
	switch p := p.(type) {
	case *core.Money:
		return *p
	case *core.Decimal:
		return *p
	case *core.Date:
		return *p
	}
	return p
}

// liveURL is the list's own address, asked for the table alone.
func liveURL(here string) string {
	sep := "?"
	for _, c := range here {
		if c == '?' {
			sep = "&"
		}
	}
	return here + sep + "part=table"
}

// who did it: the system in the reader's language, a person by name.
func who(ctx context.Context, e journal.Entry) string {
	if e.Actor == 0 && e.ActorName == core.ActorOf(core.AsSystem(ctx)).Name {
		return core.System.Name().Say(ctx)
	}
	return e.ActorName
}
