// Package regulation holds the clauses (条款) that the firm carries out: the default pack, what the firm and its
// projects set over it from which day on, and the three ways in which code obeys a clause.
//
//   - Guard refuses an action and cites the clause.
//   - Span, Rate, Money, Count, Clock and MonthDay read a clause's numbers.
//   - Measure computes a rate against a target.
//
// Duties, the fourth way, stand on top of this package. L clauses are the law: they have no switch.
package regulation

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"gopkg.in/yaml.v3"

	"huiyin/core"
	"huiyin/db"
	"huiyin/regulation/pack"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// Doc is one regulation: a book of clauses.
type Doc struct {
	ID      string    `yaml:"doc"`
	Title   core.Text `yaml:"title"`
	Version int       `yaml:"version"`
	Clauses []Clause  `yaml:"clauses"`
}

// Clause is one rule.
type Clause struct {
	ID       string    `yaml:"id"`
	Doc      string    `yaml:"-"`
	Area     string    `yaml:"area"`
	Kind     string    `yaml:"kind"`
	Text     core.Text `yaml:"text"`
	Note     core.Text `yaml:"note"`
	Owner    core.Role `yaml:"owner"`
	Escalate core.Role `yaml:"escalate"`
	Ours     bool      `yaml:"ours"` // the numbers are our default, not the regulation's
	Law      bool      `yaml:"law"`  // no switch
	Calendar string    `yaml:"calendar"`
	Cites    []string  `yaml:"cites"`
	SameAs   string    `yaml:"same_as"`
	Numbers  []Number  `yaml:"numbers"`
	Own      *Own      `yaml:"-"` // of the clauses that the firm adds itself; nil for the pack's
}

// Number is a value of a clause that the firm may change within its range.
type Number struct {
	Name    string        `yaml:"name"`
	Kind    string        `yaml:"kind"` // span monthday clock rate money count choice
	Default string        `yaml:"default"`
	Min     string        `yaml:"min"`
	Max     string        `yaml:"max"`
	Choices []core.Choice `yaml:"choices"`
	Label   core.Text     `yaml:"label"`
}

// Pack is the catalogue as shipped.
type Pack struct {
	Docs  []Doc
	index map[string]*Clause
}

// Default is the embedded pack; it is read once and never changes.
var Default = sync.OnceValue(func() *Pack {
	p := &Pack{index: map[string]*Clause{}}
	names, err := fs.Glob(pack.Files, "*.yaml")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		p.add(name)
	}
	return p
})

func (p *Pack) add(name string) {
	b, err := fs.ReadFile(pack.Files, name)
	if err != nil {
		panic(err)
	}
	var d Doc
	if err := yaml.Unmarshal(b, &d); err != nil {
		panic(fmt.Sprintf("regulation pack %s: %v", name, err)) // the pack's own test comes first
	}
	for i := range d.Clauses {
		d.Clauses[i].Doc = d.ID
		p.index[d.Clauses[i].ID] = &d.Clauses[i]
	}
	p.Docs = append(p.Docs, d)
}

// Clause finds a clause by its id, or nil.
func (p *Pack) Clause(id string) *Clause { return p.index[id] }

// All lists every clause in the order of the books.
func (p *Pack) All() []*Clause {
	var out []*Clause
	for i := range p.Docs {
		for j := range p.Docs[i].Clauses {
			out = append(out, &p.Docs[i].Clauses[j])
		}
	}
	return out
}

// Number finds a clause's number, or nil.
func (c *Clause) Number(name string) *Number {
	i := slices.IndexFunc(c.Numbers, func(n Number) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Numbers[i]
}

// Names of settings that are not numbers.
const (
	Switch     = "switch" // "on", "off"
	OwnerOf    = "owner"
	EscalateOf = "escalate"
)

// Rules is the regulation as it stands in one project at one time.
type Rules struct {
	Project core.ID
	At      time.Time
	set     map[[2]string]string // (clause, name) → value
	own     []*Clause            // the firm's own, in force at At
}

// On reports whether the clause is in force.
func (r *Rules) On(clause string) bool {
	c := r.Clause(clause)
	return c != nil && (c.Law || r.set[[2]string{clause, Switch}] != "off")
}

// Owner is the role that owes the clause; Escalate the one that hears when it is late.
func (r *Rules) Owner(clause string) core.Role {
	return r.role(clause, OwnerOf, func(c *Clause) core.Role { return c.Owner })
}

// Escalate is the role that hears when the clause is late.
func (r *Rules) Escalate(clause string) core.Role {
	return r.role(clause, EscalateOf, func(c *Clause) core.Role { return c.Escalate })
}

// role is the firm's choice, else the clause's; none where the clause is not in force.
func (r *Rules) role(clause, name string, of func(*Clause) core.Role) core.Role {
	if v := r.set[[2]string{clause, name}]; v != "" {
		return core.Role(v)
	}
	if c := r.Clause(clause); c != nil {
		return of(c)
	}
	return ""
}

// Value is a number as text: the firm's or project's, else the pack's. Unknown names are a programmer's error, found
// at boot (Use).
func (r *Rules) Value(clause, name string) string {
	if v, ok := r.set[[2]string{clause, name}]; ok {
		return v
	}
	c := r.Clause(clause)
	if c == nil || c.Number(name) == nil {
		panic(fmt.Sprintf("regulation: clause %s has no number %s", clause, name))
	}
	return c.Number(name).Default
}

// Changed reports whether the value is not the pack's.
func (r *Rules) Changed(clause, name string) bool { _, ok := r.set[[2]string{clause, name}]; return ok }

// Span, Rate, Money, Count and Clock read a number of that kind.
func (r *Rules) Span(clause, name string) core.Span {
	return must(core.ParseSpan(r.Value(clause, name)))
}

// Rate is in basis points.
func (r *Rules) Rate(clause, name string) core.Rate { return core.Rate(r.int(clause, name)) }

// Money is in 分.
func (r *Rules) Money(clause, name string) core.Money { return core.Money(r.int(clause, name)) }

// Count is a whole number.
func (r *Rules) Count(clause, name string) int { return int(r.int(clause, name)) }

// Clock is a time of day since midnight.
func (r *Rules) Clock(clause, name string) time.Duration {
	return must(parseClock(r.Value(clause, name)))
}

func (r *Rules) int(clause, name string) int64 {
	return must(strconv.ParseInt(r.Value(clause, name), 10, 64))
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(err) // settings are checked when they are made, defaults by the pack's test
	}
	return v
}

func parseClock(s string) (time.Duration, error) {
	t, err := time.Parse("15:04", s)
	if err != nil && s == "24:00" {
		return 24 * time.Hour, nil
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err
}

// Now gives the rules in force in the request's project at business time.
func Now(ctx context.Context, tx db.Tx) (*Rules, error) {
	return RulesAt(ctx, tx, core.ProjectOf(ctx).ID, core.Now(ctx))
}

type setting struct {
	Project     core.ID
	Clause      string
	Name, Value string
	From        time.Time
}

func (s *setting) dest() []any { return []any{&s.Project, &s.Clause, &s.Name, &s.Value, &s.From} }

type settingsKey struct{ project core.ID }

// RulesAt gives the rules in force in a project at a time: the project's own settings over the firm's over the pack. A
// row without a clause says that there are clauses of the firm's own.
func RulesAt(ctx context.Context, tx db.Tx, project core.ID, at time.Time) (*Rules, error) {
	all, err := db.Cached(tx, settingsKey{project}, []string{"regulation_setting", "regulation_clause"}, func() ([]setting, error) {
		return db.All(ctx, tx, (*setting).dest, `select project_id, clause, name, value, from_at from (
			select project_id, id, clause, name, value, from_at from regulation_setting where (project_id = $1 or project_id = $2) and voided_at is null
			union all select project_id, id, '', '', '', from_at from (select project_id, id, from_at from regulation_clause where (project_id = $1 or project_id = $2) limit 1) o) s
			order by case when project_id = $1 then 0 else 1 end, from_at, id`, core.Firm, project)
	})
	r := &Rules{Project: project, At: at, set: map[[2]string]string{}}
	own := false
	for _, s := range all {
		if own = own || s.Clause == ""; s.Clause != "" && !s.From.After(at) {
			r.set[[2]string{s.Clause, s.Name}] = s.Value // a later row follows an earlier, the project's follow the firm's
		}
	}
	if err != nil || !own { // most have no clauses of their own, and are spared the reading of them
		return r, err
	}
	versions, err := ownVersions(ctx, tx, project)
	r.takeOwn(versions)
	return r, err
}

// On reports whether the clause is in force now in the request's project.
func On(ctx context.Context, tx db.Tx, clause string) (bool, error) {
	r, err := Now(ctx, tx)
	return err == nil && r.On(clause), err
}

// Span reads a term of a clause, now, in the request's project.
func Span(ctx context.Context, tx db.Tx, clause, name string) (core.Span, error) {
	r, err := Now(ctx, tx)
	if err != nil {
		return core.Span{}, err
	}
	return r.Span(clause, name), nil
}

// Count reads a whole number of a clause, now, in the request's project.
func Count(ctx context.Context, tx db.Tx, clause, name string) (int, error) {
	r, err := Now(ctx, tx)
	if err != nil {
		return 0, err
	}
	return r.Count(clause, name), nil
}

// Require is Guard with its words in both languages.
func Require(ctx context.Context, tx db.Tx, clause string, ok bool, zh, en string, args ...any) error {
	if ok {
		return nil
	}
	return Guard(ctx, tx, clause, ok, core.T(zh, en, args...))
}

// Guard refuses, citing the clause, unless ok holds or the clause is switched off. why says in the user's words what
// is missing; without it the clause's own text does. It appears only in checks.
func Guard(ctx context.Context, tx db.Tx, clause string, ok bool, why ...core.Text) error {
	if ok {
		return nil
	}
	rules, err := Now(ctx, tx)
	if err != nil || !rules.On(clause) {
		return err
	}
	text := rules.Clause(clause).Text
	if len(why) > 0 {
		text = why[0]
	}
	return &core.Err{Kind: core.KindRefused, Clause: clause, Text: text, Keep: []any{refusalOf(ctx, clause, text)}}
}

// Mechanism is how the code carries a clause out.
type Mechanism string

// The mechanisms.
const (
	ByGuard     Mechanism = "guard"     // an action is refused
	ByDuty      Mechanism = "duty"      // an event opens a duty
	ByRecurring Mechanism = "recurring" // the calendar opens a duty
	ByMeasure   Mechanism = "measure"   // a rate against a target
	ByForm      Mechanism = "form"      // a document with these fields
	ByFlow      Mechanism = "flow"      // a process with states
	ByParam     Mechanism = "param"     // a value that the operator changes
	ByAccess    Mechanism = "access"    // who may see or do what
)

// Claim says that a module carries a clause out, by which mechanisms, and which of its numbers the code reads. A
// clause without a claim shows as 未落实. Records, if given, is the page that lists the records which prove it.
type Claim struct {
	Clause  string
	By      []Mechanism
	Numbers []string
	Records string // path under the project: "repair?state=open"
}

// Check refuses a claim on a clause or a number that the pack does not have: at boot, not at midnight.
func (c Claim) Check() error {
	clause := Default().Clause(c.Clause)
	if clause == nil {
		return fmt.Errorf("regulation: there is no clause %s", c.Clause)
	}
	for _, n := range c.Numbers {
		if clause.Number(n) == nil {
			return fmt.Errorf("regulation: clause %s has no number %s", c.Clause, n)
		}
	}
	if len(c.By) == 0 {
		return fmt.Errorf("regulation: the claim on %s names no mechanism", c.Clause)
	}
	return nil
}

// Figure is a measured rate: how many of how many, and the records that break the rule.
type Figure struct {
	Num, Den int64
	Breaking []core.Ref // at most a few hundred, newest first
	// Provisional: the term of some of the period's events has not passed yet.
	Provisional bool
}

// Measure computes a clause's rate for a project and local month. Target names the clause's rate number.
type Measure struct {
	Clause string
	Name   core.Text
	Target string
	AtMost bool // the target is a ceiling (D5.8), not a floor
	Of     func(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (Figure, error)
}

// Validate checks a value against a number's kind and range.
func (n Number) Validate(v string) error {
	bad := core.Invalid("value", "「%s」不是%s的有效值(%s 至 %s)", "%q is no valid value for %s (%s to %s)", v, n.Label, n.Min, n.Max)
	if n.Kind == "choice" {
		if slices.ContainsFunc(n.Choices, func(c core.Choice) bool { return c.Value == v }) {
			return nil
		}
		return bad
	}
	x, err := n.order(v)
	if err != nil {
		return bad
	}
	low, errLow := n.order(n.Min)
	high, errHigh := n.order(n.Max)
	if (errLow == nil && n.Min != "" && x < low) || (errHigh == nil && n.Max != "" && x > high) {
		return bad
	}
	return nil
}

// order turns a value into something that compares within its kind.
func (n Number) order(v string) (int64, error) {
	switch n.Kind {
	case "span":
		s, err := core.ParseSpan(v)
		minutes := map[core.Unit]int64{core.Minutes: 1, core.Hours: 60, core.Days: 1440, core.Workdays: 1440}
		return int64(s.N) * minutes[s.Unit], err
	case "clock":
		d, err := parseClock(v)
		return int64(d / time.Minute), err
	case "monthday":
		return monthdayOrder(v)
	}
	return strconv.ParseInt(v, 10, 64)
}

func monthdayOrder(v string) (int64, error) {
	if v == "last" || v == "lastwd" {
		return 31, nil
	}
	if m, d, ok := strings.Cut(v, "-"); ok {
		t, err := time.Parse("01-02", m+"-"+d)
		return int64(t.YearDay()), err
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err == nil && (n < 1 || n > 31) {
		err = strconv.ErrRange
	}
	return n, err
}
