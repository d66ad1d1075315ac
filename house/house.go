// Package house is the top floor of the kernel: what a module declares. app reads the list of modules once and wires
// everything from it; a lower module shows and starts higher ones through the typed lists here, without importing them.
package house

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/sheet"
	"huiyin/web"
)

// Module is one capability.
type Module struct {
	Name       string // singular: "repair"
	Label      core.Text
	Migrations fs.FS

	Registers []register.Any
	Routes    []web.Route
	Perms     []register.Perm // those of the routes; the registers bring their own
	Nav       []Nav
	Panels    []register.Panel
	Tables    []journal.Table // every business table, for verify
	Forms     []core.Form

	Clauses   []regulation.Claim
	Measures  []regulation.Measure
	Recurring []duty.Recurring
	Approvals []approval.Kind
	Jobs      []job.Kind
	Daily     []Daily
	Minutely  []Daily // once a minute of business time in each project, from the tick: cheap where nothing is due

	CellStates  []CellState
	MatterKinds []MatterKind
	Sheets      []sheet.Importer
	// Signals are signs that a customer may be about to leave, for the early warning (跑路预警).
	Signals []Signal
	// Holds say why a record must be kept (法律保留, L6): asked before anything is erased, voided or destroyed.
	Holds []func(ctx context.Context, tx db.Tx, ref core.Ref) error
	// Follows names the module's tables whose rows belong to a customer (customer_id) and follow him when his file is merged
	// into another, and back when the merge is undone.
	Follows []string
	// OnErase blanks what the module holds of a customer's personal data (L5): called by the erasure, in its transaction.
	OnErase []func(ctx context.Context, tx db.Tx, project, customer core.ID) error
	// Events are what may open or fulfil a term of a clause that the firm adds itself; the verbs say duty.Happened.
	Events []Event
	// Reactions are what the module does when something has happened to a record of a module above it in the list, by
	// that module's event: {"repair.signed": due}.
	Reactions map[string]duty.Reaction
	// Facts are the sections that the module adds to the reports.
	Facts []Fact
}

// Signal is a sign that a customer may be about to leave (跑路预警). It is explained, opens a visit, and is never a ground
// for a measure against the customer.
type Signal struct {
	Key    string // "arrears"
	Label  core.Text
	Weight int64 // 1 weak to 3 strong
	// Of finds the project's customers of whom the sign holds today, each at most once.
	Of func(ctx context.Context, tx db.Tx, project core.ID) ([]Hit, error)
}

// Hit is a sign that holds of a customer, in words that stand by themselves.
type Hit struct {
	Customer core.ID
	Why      core.Text
	URL      string // where its records are; "" when nowhere
	Weight   int64  // the signal's own when zero
}

// Held asks every module whether the record must be kept; the first reason refuses (L6).
func Held(ctx context.Context, tx db.Tx, ref core.Ref) error {
	for _, hold := range Of(ctx).Holds {
		if err := hold(ctx, tx, ref); err != nil {
			return err
		}
	}
	return nil
}

// Event is something that happens to a record: "repair.taken", the record's kind and the journal's verb.
type Event struct {
	Key   string
	Label core.Text
}

// Wing is a group of the left rail.
type Wing int

// The wings, in the order of the rail.
const (
	People   Wing = iota // 人与房
	Matters              // 诉求
	Money                // 收费
	Premises             // 楼宇
	Office               // 内务
	Rule                 // 制度
	Setup                // 设置
)

// WingNames are the rail's group labels.
func WingNames() []core.Text {
	return []core.Text{core.T("人与房", "People and space"), core.T("诉求", "Requests"), core.T("收费", "Charges"), core.T("楼宇", "Premises"),
		core.T("内务", "Office"), core.T("制度", "Regulation"), core.T("设置", "Settings")}
}

// Nav is one entry of the left rail.
type Nav struct {
	Wing  Wing
	Order int
	Label core.Text
	Icon  string
	Path  string                                                              // under the project: "repair"; with a leading slash, as it is
	Under string                                                              // the Path of the entry that it belongs to: shown while one of them is open
	Perm  string                                                              // needed to see it
	Main  bool                                                                // also in the phone's bottom bar
	Count func(ctx context.Context, tx db.Tx, project core.ID) (int64, error) // up to core.CountMax; nil: none
}

// Daily runs once a local day in each project (idempotent), from the tick.
type Daily struct {
	Name string
	// Often says that it runs with every tick, some seconds apart, because an hour matters to it: it looks first and
	// writes nothing where nothing is due.
	Often bool
	Run   func(ctx context.Context, d *db.DB) error
}

// CellState colours the 房态图: for the units of a building, what state a module knows of them. The state with the
// highest Rank wins a cell.
type CellState struct {
	Key   string // "arrears"
	Label core.Text
	Tone  string // class of the cell: own rent free fitout arrears expiring repair
	Rank  int
	Of    func(ctx context.Context, tx db.Tx, building core.ID) (map[core.ID]string, error) // unit → a word for the cell's card
}

// Matter is what the desk took down, handed to the module that carries it on.
type Matter struct {
	Ref      core.Ref // the desk's own matter
	Customer core.ID
	Unit     core.ID
	Place    string
	Contact  string
	Phone    core.Phone
	Content  string
	Channel  string
	Values   core.Input // the module's own fields, as MatterKind.Specs declares them
}

// MatterKind is a kind of matter that the desk can open: a repair, a complaint.
type MatterKind struct {
	Key   string // "repair"
	Label core.Text
	Icon  string
	Perm  string
	Specs func(ctx context.Context, tx db.Tx) ([]core.Spec, error) // extra fields on the intake page
	Open  func(ctx context.Context, tx db.Tx, m Matter) (core.Ref, error)
}

// Lists is all modules' declarations together, once per App.
type Lists struct {
	Modules     []Module
	CellStates  []CellState
	MatterKinds []MatterKind
	Measures    []regulation.Measure
	Recurring   []duty.Recurring
	Claims      map[string][]Claimed
	Forms       []core.Form
	Perms       []register.Perm
	Sheets      []sheet.Importer
	Daily       []Daily
	Minutely    []Daily
	Tables      []journal.Table
	Follows     []string
	OnErase     []func(ctx context.Context, tx db.Tx, project, customer core.ID) error
	Events      []Event
	Signals     []Signal
	Holds       []func(ctx context.Context, tx db.Tx, ref core.Ref) error
	Reactions   map[string][]duty.Reaction
	Facts       []Fact
}

// Claimed is a claim with the module that makes it.
type Claimed struct {
	Module string
	regulation.Claim
}

type listsKey struct{}

// With carries the lists; app sets them once.
func With(ctx context.Context, l *Lists) context.Context {
	return context.WithValue(duty.WithReactions(ctx, l.Reactions), listsKey{}, l)
}

// Of returns the lists; an empty one outside an App.
func Of(ctx context.Context) *Lists {
	if l, ok := ctx.Value(listsKey{}).(*Lists); ok {
		return l
	}
	return &Lists{}
}

// Gather builds the lists and checks every claim against the pack.
func Gather(modules []Module) (*Lists, error) {
	l := &Lists{Modules: modules, Claims: map[string][]Claimed{}, Reactions: map[string][]duty.Reaction{}}
	for _, m := range modules {
		l.CellStates = append(l.CellStates, m.CellStates...)
		l.MatterKinds = append(l.MatterKinds, m.MatterKinds...)
		l.Measures = append(l.Measures, m.Measures...)
		l.Recurring = append(l.Recurring, m.Recurring...)
		l.Forms = append(l.Forms, m.Forms...)
		l.Sheets = append(l.Sheets, m.Sheets...)
		l.Daily = append(l.Daily, m.Daily...)
		l.Facts = append(l.Facts, m.Facts...)
		l.Minutely = append(l.Minutely, m.Minutely...)
		l.Tables = append(l.Tables, m.Tables...)
		l.Follows = append(l.Follows, m.Follows...)
		l.OnErase = append(l.OnErase, m.OnErase...)
		l.Signals = append(l.Signals, m.Signals...)
		l.Holds = append(l.Holds, m.Holds...)
		for _, e := range slices.Sorted(maps.Keys(m.Reactions)) {
			if !slices.ContainsFunc(l.Events, func(have Event) bool { return have.Key == e }) {
				return nil, fmt.Errorf("house: %s reacts to %q, which no module before it declares", m.Name, e)
			}
			l.Reactions[e] = append(l.Reactions[e], m.Reactions[e])
		}
		l.Events = append(l.Events, m.Events...)
		l.Perms = append(l.Perms, m.Perms...)
		for _, r := range m.Registers {
			l.Perms = append(l.Perms, r.Perms()...)
		}
		for _, c := range m.Clauses {
			if err := c.Check(); err != nil {
				return nil, err
			}
			l.Claims[c.Clause] = append(l.Claims[c.Clause], Claimed{m.Name, c})
		}
	}
	return l, nil
}
