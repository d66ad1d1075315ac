// Package register makes a kind of record work from its Fields: list with filters, record page, forms, export, API,
// look-up for reference fields, reveal of masked values. A module declares a Register and its Verbs once; the page's
// button, the form, the JSON binding, the validation and the OpenAPI schema all come from that.
package register

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/web"
	"huiyin/web/ui"
)

// Kind is a kind of record: its word in URLs and references, its plural in the API, its table.
type Kind struct {
	Name   string // "repair": /p/{project}/repair, permissions repair.view, repair.export
	Plural string // "repairs": /api/v1/projects/{project}/repairs
	Label  core.Text
	Table  string // has project_id, id and version; checked against the version a form saw
	Firm   bool   // firm-wide: /firm/user, /api/v1/users; permissions are asked for core.Firm
	// Events says each journal verb in words for the timeline; {name} is the payload's value of that name.
	Events map[string]core.Text
	// Choices names the payload values that are codes: they are said by their labels, in the reader's language.
	Choices map[string][]core.Choice
	// About says in a line which record a form is about, under the form's title; nil: nothing.
	About func(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error)
}

// Ref names a record of this kind in the request's project.
func (k Kind) Ref(ctx context.Context, id core.ID) core.Ref {
	if k.Firm {
		return core.Ref{Project: core.Firm, Kind: k.Name, ID: id}
	}
	return core.Ref{Project: core.ProjectOf(ctx).ID, Kind: k.Name, ID: id}
}

// Href is a record's page; without id the list. More parts are appended: Href(ctx, id, "quote").
func (k Kind) Href(ctx context.Context, id core.ID, more ...string) string {
	base := "/p/" + core.ProjectOf(ctx).Code + "/" + k.Name
	if k.Firm {
		base = "/firm/" + k.Name
	}
	if id != 0 {
		base += "/" + id.String()
	}
	for _, m := range more {
		base += "/" + m
	}
	return base
}

func (k Kind) project(ctx context.Context) core.ID {
	if k.Firm {
		return core.Firm
	}
	return core.ProjectOf(ctx).ID
}

func (k Kind) pagePath() string {
	if k.Firm {
		return "/firm/" + k.Name
	}
	return "/p/{project}/" + k.Name
}

func (k Kind) apiPath() string {
	if k.Firm {
		return "/api/v1/" + k.Plural
	}
	return "/api/v1/projects/{project}/" + k.Plural
}

// Perm is a permission with the roles that hold it unless the firm decides otherwise.
type Perm struct {
	Name  string // "repair.dispatch"
	Label core.Text
	Roles []core.Role
	Firm  bool // asked for the firm as a whole
}

// Query is what a list asks: free text, filters by name, the page key, and how many rows. Find returns up to Limit.
type Query struct {
	Text   string
	Filter map[string]string
	After  string // Cursor of the last row of the page before; "" for the first
	Limit  int
}

// Filter is one filter of a list, drawn from its field kind.
type Filter struct {
	Name    string
	Label   core.Text
	Kind    core.FieldKind // choice, date, month, text
	Choices []core.Choice
	None    core.Text // what no choice is called, where it is not 不限
	// Choose gives the choices that depend on data: the project's buildings.
	Choose func(ctx context.Context, tx db.Tx) ([]core.Choice, error)
}

// Register is a kind of record with its list, page, API and verbs.
type Register[T any] struct {
	Kind    Kind
	Viewers []core.Role     // hold kind.view by default
	Export  []core.Role     // hold kind.export by default; empty: nobody
	Fields  []core.Field[T] // API and export; Columns picks those of the list
	Columns []string
	Filters []Filter

	ID        func(*T) core.ID
	Version   func(*T) int64
	Cursor    func(*T) string // page key of a row; empty: the register has one page
	Find      func(ctx context.Context, tx db.Tx, q Query) ([]T, error)
	Get       func(ctx context.Context, tx db.Tx, id core.ID) (T, error)
	Row       func(ctx context.Context, t *T) ui.Row                                     // a list row of its own; nil: Columns
	Record    func(ctx context.Context, tx db.Tx, t T) (Record, error)                   // the record page; nil: the fields
	Option    func(ctx context.Context, t *T) ui.Option                                  // hit of a look-up; nil: no look-up
	Reveal    map[string]func(ctx context.Context, tx db.Tx, id core.ID) (string, error) // masked values by field
	Revealers []core.Role                                                                // hold kind.reveal by default
	Intro     func(ctx context.Context, tx db.Tx) (templ.Component, error)               // above the list
	Topic     string                                                                     // live topic that refreshes the list
	Verbs     []Verber
}

// Record is what a module says about one record; the register adds actions, duties, panels, files and timeline.
type Record struct {
	Head      ui.HeadView
	Alarm     *ui.AlarmView
	Cards     []templ.Component // left, in order: the fields first
	Side      []templ.Component // right
	About     core.ID           // the customer concerned, whose key opens the timeline's personal values
	NoActions bool
}

// Verb is one thing that may be done: to a record, or (New) making one. Its permission is kind.name.
type Verb[In any] struct {
	Name    string // "quote"
	Label   core.Text
	Roles   []core.Role // hold the permission by default
	Fields  []core.Field[In]
	New     bool // makes a record: no id in the address
	Primary bool
	Danger  bool
	Clause  string    // cited under the open button
	Why     core.Text // said under the open button
	Said    core.Text // flash when done
	Page    bool      // it has a page of its own that a module draws: the register adds no GET form
	Hidden  bool      // no button on the record page (a step of another page)

	// Can is the one pure check: Do calls it first, the page asks it to draw the button. id is 0 for New.
	Can     func(ctx context.Context, tx db.Tx, id core.ID) error
	Fill    func(ctx context.Context, tx db.Tx, id core.ID, in *In) error                     // preset values
	Choices func(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) // of fields that depend on data
	Aside   func(ctx context.Context, tx db.Tx, id core.ID) (templ.Component, error)          // beside the form
	// Do carries the verb out and returns the record to show next (the same, or the new one).
	Do   func(ctx context.Context, tx db.Tx, id core.ID, in In) (core.ID, error)
	Next func(ctx context.Context, id core.ID) string // where to go; the record's page by default
}

// Verber is a Verb without its input's type.
type Verber interface {
	name() string
	isNew() bool
	perm(k Kind) Perm
	routes(k Kind) []web.Route
	action(ctx context.Context, tx db.Tx, k Kind, id core.ID) core.Action
	hidden() bool
	specs() []core.Spec
	label() core.Text
}

// Any is a Register without its record's type.
type Any interface {
	KindOf() Kind
	Routes() []web.Route
	Perms() []Perm
	FieldSpecs() []core.Spec
	VerbList() []VerbInfo
	FilterList() []Filter
	// Allow reads the record as its page does: its refusal is the record's own (C13.1), not the route's.
	Allow(ctx context.Context, tx db.Tx, id core.ID) error
}

// VerbInfo is what the API document and the generated tests need of a verb.
type VerbInfo struct {
	Name  string
	Label core.Text
	New   bool
	Perm  string
	Specs []core.Spec
}

// Panel is what a module shows on another module's record page: 客户360 is made of them.
type Panel struct {
	On    string // the kind whose page it is on; empty: every kind's
	Perm  string // needed to see it
	Order int
	Side  bool                                                                       // in the right column
	Body  func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) // nil component: nothing to show
}

// Lists is what the registers need from all modules together; app puts it in the context.
type Lists struct {
	Panels []Panel
	Kinds  map[string]Kind
	Allow  map[string]func(ctx context.Context, tx db.Tx, id core.ID) error // by kind: may the actor read this record?
	Cite   func(ctx context.Context, clause string) string
}

type listsKey struct{}

// With carries the lists.
func With(ctx context.Context, l *Lists) context.Context {
	return context.WithValue(ctx, listsKey{}, l)
}

// Of returns the lists; an empty one outside an App.
func Of(ctx context.Context) *Lists {
	if l, ok := ctx.Value(listsKey{}).(*Lists); ok {
		return l
	}
	return &Lists{}
}

// Cite is the address of a clause's page, "" where there is none.
func Cite(ctx context.Context, clause string) string {
	if f := Of(ctx).Cite; f != nil && clause != "" {
		return f(ctx, clause)
	}
	return ""
}

// ClauseLink draws a clause id that leads to its page.
func ClauseLink(ctx context.Context, clause string) templ.Component {
	return ui.Clause(clause, Cite(ctx, clause))
}

// HrefOf is the page of any record, by its kind.
func HrefOf(ctx context.Context, ref core.Ref) string {
	k, ok := Of(ctx).Kinds[ref.Kind]
	if !ok {
		return ""
	}
	return k.Href(ctx, ref.ID)
}

// Say fills an event's words from its payload: {name} is the value of that name.
func (k Kind) Say(e journal.Entry, values map[string]any) core.Text {
	t, ok := k.Events[e.Verb]
	if !ok {
		t = core.Text{ZH: e.Verb, EN: e.Verb}
	}
	return core.Text{ZH: fillIn(t.ZH, k.labelled(core.ZH, values)), EN: fillIn(t.EN, k.labelled(core.EN, values))}
}

func (k Kind) labelled(lang core.Lang, values map[string]any) map[string]any {
	out := maps.Clone(values)
	for name, choices := range k.Choices {
		if code, ok := values[name].(string); ok {
			out[name] = core.Label(choices, code).In(lang)
		}
	}
	return out
}

func fillIn(s string, values map[string]any) string {
	for name, v := range values {
		text, _ := v.(string)
		s = strings.ReplaceAll(s, "{"+name+"}", text)
	}
	for {
		i := strings.IndexByte(s, '{')
		j := strings.IndexByte(s, '}')
		if i < 0 || j < i {
			return s
		}
		s = s[:i] + s[j+1:]
	}
}

// dutyTone is how a duty looks now.
func dutyTone(d duty.Duty, now time.Time) ui.Tone {
	switch {
	case d.State == duty.StateOpen && d.Due.Before(now), d.Late && d.State != duty.StateWaived:
		return ui.Late
	case d.State == duty.StateOpen:
		return ui.Run
	case d.State == duty.StateDone:
		return ui.OK
	}
	return ui.None
}
