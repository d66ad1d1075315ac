package ui

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"

	"github.com/a-h/templ"
)

// HeadView is the first line of a page: its title or the record's number, its states, a line under it, and to the right
// what it belongs to. Children of Head are the page's buttons.
type HeadView struct {
	Title core.Text
	Pills []PillView
	Sub   core.Text
	Aside string // "A1203 · 深圳市华达科技有限公司"
}

// PillView is one state in words and colour.
type PillView struct {
	Tone Tone
	Text core.Text
}

// PanelView is a card that needs more than a title. Side stands at the right of the title. Flush cards have no padding:
// a table fills them. A card with Live and LiveURL fetches itself again when the topic is announced.
type PanelView struct {
	ID      string
	Title   core.Text
	Tone    Tone
	Side    templ.Component
	Flush   bool
	Live    string
	LiveURL string
}

// Pair is one line of a description list; Body, if given, stands in place of Value.
type Pair struct {
	Label core.Text
	Value string
	Body  templ.Component
}

// AlarmView is the card of a running term that people look at while it runs: 三方到场 还剩 06:42.
type AlarmView struct {
	Label      core.Text // what runs: 三方到场
	Due        time.Time
	Now        time.Time
	Text       core.Text // the rule in one sentence
	Clause     string
	ClauseHref string
	Note       core.Text // who has done their part
	Missing    core.Text // who has not; shown in red
	Verb       string    // of the record's actions, the one that ends the term
	Button     *ActionView
}

// ActionView is one button under 现在可以做. A closed one says Why and cites the clause. Exactly one of Href (a form page),
// Post (done at once) and DialogID (opens a dialog on this page) is set.
type ActionView struct {
	Verb       string // what the button does, as in its address
	Label      core.Text
	Href       string
	Post       string
	DialogID   string
	Primary    bool
	Danger     bool
	Disabled   bool
	Why        core.Text
	Clause     string
	ClauseHref string
	Version    string // for Post: the row's version
	IdemKey    string // for Post
}

// ActionsOf turns a record's actions into buttons: base is the record's path, the verb the page under it; clauseHref gives
// the address of a clause.
func ActionsOf(base string, acts []core.Action, clauseHref func(clause string) string) []ActionView {
	out := make([]ActionView, len(acts))
	for i, a := range acts {
		v := ActionView{Verb: a.Verb, Label: a.Label, Href: base + "/" + a.Verb, Primary: a.Primary, Danger: a.Danger, Why: a.Why, Clause: a.Clause}
		if a.Err != nil {
			v.Disabled, v.Why = true, core.AsErr(a.Err).Text
			v.Clause = or(core.ClauseOf(a.Err), a.Clause)
		}
		if v.Clause != "" && clauseHref != nil {
			v.ClauseHref = clauseHref(v.Clause)
		}
		out[i] = v
	}
	return out
}

// actionsOpen is how many buttons a record shows before the rest is folded away.
const actionsOpen = 4

// foldActions puts the buttons in the order of their use, the primary one first, those that undo or end something last of
// the open ones, then the shut ones, and says which stand open and which are folded. Where all are shut the first stands
// for them with its reason.
func foldActions(acts []ActionView) (first, more []ActionView) {
	acts = slices.Clone(acts)
	slices.SortStableFunc(acts, func(a, b ActionView) int { return a.rank() - b.rank() })
	n := min(actionsOpen, len(acts))
	if n > 0 && acts[0].Disabled {
		n = 1
	}
	return acts[:n], acts[n:]
}

func (a ActionView) rank() int {
	switch {
	case a.Disabled:
		return 3
	case a.Danger:
		return 2
	case a.Primary:
		return 0
	}
	return 1
}

// Event is one entry of a timeline, newest first.
type Event struct {
	At         time.Time
	Who        string
	Text       core.Text
	Clause     string
	ClauseHref string
	Tone       Tone            // Late and Warn colour the dot; the text says why
	Body       templ.Component // photos, a quoted message
}

// FileView is one attachment. Thumb is the address of a small picture of it; Type is its media type; Size is in bytes.
type FileView struct {
	Name, Href, Thumb, Type string
	Size                    int64
	At                      time.Time
	By                      string
}

// Column heads a table's column. Sort is the address of the list sorted by it; Order is "ascending" or "descending" when it is.
type Column struct {
	Label core.Text
	Num   bool // right-aligned figures
	Sort  string
	Order string
}

// Row of a table. Tone marks the whole row (Late: overdue, None: dimmed). Key is the value of its checkbox.
type Row struct {
	Tone  Tone
	Key   string
	Label string // what the checkbox chooses, for a screen reader
	Cells []Cell
}

// Cell of a table: Body, or Text, linked when Href is given.
type Cell struct {
	Text string
	Href string
	Body templ.Component
}

// TableView is a table that becomes a list of small cards on a phone. Select names the rows' checkboxes; empty: none.
type TableView struct {
	Caption core.Text
	Columns []Column
	Rows    []Row
	Select  string
	Empty   core.Text
	Foot    []Cell
}

// Tab is one of several views of the same thing, each with its own address.
type Tab struct {
	Label core.Text
	Href  string
	Count string
	On    bool
}

// Step of a procedure: State is OK (done), Run (now) or None (to come).
type Step struct {
	Label core.Text
	State Tone
	Note  string
}

// ConfirmView is a dialog that asks before a POST. A button with DialogID opens it.
type ConfirmView struct {
	ID     string
	Title  core.Text
	Text   core.Text
	Danger bool
	Form   FormView
}

func (c Column) sorted() string {
	if c.Order == "" {
		return "none"
	}
	return c.Order
}

func (t TableView) column(i int) Column {
	if i < len(t.Columns) {
		return t.Columns[i]
	}
	return Column{}
}

// problemNote is the id under which the log keeps an error that is ours.
func problemNote(ctx context.Context, e *core.Err) string {
	if e.Kind != core.KindInternal || core.RequestID(ctx) == "" {
		return ""
	}
	return core.T("日志编号 %s", "Log id %s", core.RequestID(ctx)).Say(ctx)
}

func (f FileView) picture() bool { return strings.HasPrefix(f.Type, "image/") && f.Thumb != "" }
