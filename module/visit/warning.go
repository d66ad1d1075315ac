package visit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/register"
)

// Warning is a customer of whom signs hold today (跑路预警).
type Warning struct {
	Ref      core.Ref
	Version  int64
	Customer core.ID
	Name     core.Personal
	Signals  int64
	Weight   int64
	Keys     string
	Since    core.Date
	CalmKeys string // the signs that were looked into
	Calm     string
	CalmBy   string
	CalmAt   time.Time
	Hidden   bool // nothing new since it was looked into
	Clues    []Clue
}

const warningColumns = "project_id, id, version, customer_id, customer_name, signals, weight, keys, since, calm_keys, calm, calm_by, calm_at, hidden"

func (w *Warning) dest() []any {
	return []any{&w.Ref.Project, &w.Ref.ID, &w.Version, &w.Customer, &w.Name, &w.Signals, &w.Weight, &w.Keys, &w.Since, &w.CalmKeys, &w.Calm, &w.CalmBy, &w.CalmAt, &w.Hidden}
}

// WarningKind is the early warning.
func WarningKind() register.Kind {
	return register.Kind{Name: "warning", Plural: "warnings", Label: core.T("跑路预警", "Early warning"), Table: "visit_warning", Events: map[string]core.Text{
		"calmed": core.T("已核实:{reason}", "looked into: {reason}"), "visiting": core.T("安排拜访 {number}", "planned the visit {number}")}}
}

// Clue is one explained signal of a customer.
type Clue struct {
	Key    string
	Weight int64
	Why    core.Text
	URL    string
}

func (s *Clue) dest() []any { return []any{&s.Key, &s.Weight, &s.Why.ZH, &s.Why.EN, &s.URL} }

// SignsOf are a customer's signals as last computed, the strongest first.
func SignsOf(ctx context.Context, tx db.Tx, customer core.ID) ([]Clue, error) {
	return db.All(ctx, tx, (*Clue).dest, "select signal, weight, why, why_en, url from visit_signal where project_id = $1 and customer_id = $2 order by weight desc, id", core.ProjectOf(ctx).ID, customer)
}

// Recompute asks all signals of all modules anew and keeps what they say; what no longer holds goes.
func Recompute(ctx context.Context, tx db.Tx) error {
	p := core.ProjectOf(ctx)
	signs := map[core.ID][]Clue{}
	for _, s := range house.Of(ctx).Signals {
		hits, err := s.Of(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		for _, h := range hits {
			if h.Weight == 0 {
				h.Weight = s.Weight
			}
			signs[h.Customer] = append(signs[h.Customer], Clue{s.Key, h.Weight, h.Why, h.URL})
		}
	}
	if err := keepSigns(ctx, tx, signs); err != nil {
		return err
	}
	tx.Publish(Topic(p.ID))
	return keepWarnings(ctx, tx, signs)
}

func keepSigns(ctx context.Context, tx db.Tx, signs map[core.ID][]Clue) error {
	p := core.ProjectOf(ctx).ID
	if _, err := db.Exec(ctx, tx, "delete from visit_signal where project_id = $1", p); err != nil {
		return err
	}
	var rows [][]any
	for _, c := range sorted(signs) {
		for _, s := range signs[c] {
			rows = append(rows, []any{p, tx.NewID(), c, s.Key, s.Weight, s.Why.ZH, s.Why.EN, s.URL})
		}
	}
	return db.InsertRows(ctx, tx, "visit_signal (project_id, id, customer_id, signal, weight, why, why_en, url)", "", rows)
}

func sorted(signs map[core.ID][]Clue) []core.ID {
	out := make([]core.ID, 0, len(signs))
	for c := range signs {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

func keepWarnings(ctx context.Context, tx db.Tx, signs map[core.ID][]Clue) error {
	p := core.ProjectOf(ctx).ID
	old, err := db.All(ctx, tx, (*Warning).dest, db.Locked(tx, "select "+warningColumns+" from visit_warning where project_id = $1"), p)
	if err != nil {
		return err
	}
	cs, err := customer.Some(ctx, tx, sorted(signs)...)
	if err != nil {
		return err
	}
	known := map[core.ID]Warning{}
	for _, w := range old {
		known[w.Customer] = w
	}
	for _, id := range sorted(signs) {
		c, there := cs[id]
		if !there || !c.Live() {
			continue
		}
		w, was := known[id]
		delete(known, id)
		if err := keepWarning(ctx, tx, w, was, c, signs[id]); err != nil {
			return err
		}
	}
	for _, w := range known {
		if _, err := db.Exec(ctx, tx, "delete from visit_warning where project_id = $1 and id = $2", p, w.Ref.ID); err != nil {
			return err
		}
	}
	return nil
}

func keepWarning(ctx context.Context, tx db.Tx, w Warning, was bool, c customer.Customer, signs []Clue) error {
	before := w
	w.Name, w.Signals, w.Weight, w.Keys = c.Name, int64(len(signs)), 0, ""
	for _, s := range signs {
		w.Weight += s.Weight
		w.Keys = strings.TrimPrefix(w.Keys+fmt.Sprintf(",%s:%d", s.Key, s.Weight), ",")
	}
	w.Hidden = w.CalmKeys != "" && nothingNew(w.CalmKeys, w.Keys)
	if !was {
		_, err := db.Exec(ctx, tx, "insert into visit_warning (project_id, id, customer_id, customer_name, signals, weight, keys, since, hidden) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
			c.Project, tx.NewID(), c.ID, w.Name, w.Signals, w.Weight, w.Keys, core.Today(ctx), false)
		return err
	}
	if before.Name == w.Name && before.Keys == w.Keys && before.Hidden == w.Hidden {
		return nil
	}
	return db.ExecOne(ctx, tx, "update visit_warning set customer_name = $1, signals = $2, weight = $3, keys = $4, hidden = $5, version = version + 1 where project_id = $6 and id = $7",
		w.Name, w.Signals, w.Weight, w.Keys, w.Hidden, c.Project, w.Ref.ID)
}

// nothingNew says whether every sign of today was there, and as strong, when it was looked into.
func nothingNew(calm, now string) bool {
	had := map[string]string{}
	for _, k := range strings.Split(calm, ",") {
		name, weight, _ := strings.Cut(k, ":")
		had[name] = weight
	}
	for _, k := range strings.Split(now, ",") {
		name, weight, _ := strings.Cut(k, ":")
		if before, known := had[name]; !known || cmp.Less(before, weight) {
			return false
		}
	}
	return true
}

// GetWarning reads one warning of the request's project.
func GetWarning(ctx context.Context, tx db.Tx, id core.ID) (Warning, error) {
	w, err := db.One(ctx, tx, (*Warning).dest, "select "+warningColumns+" from visit_warning where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	w.Ref.Kind = "warning"
	return w, err
}

// VisitNow plans a visit because of a warning, on the next working day: the one thing that a warning leads to.
func VisitNow(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) (core.ID, error) {
	w, err := GetWarning(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	v, err := QuickPlan(ctx, tx, Quick{Customer: w.Customer, Sort: Warned})
	if err != nil {
		return 0, err
	}
	return v.Ref.ID, journal.Add(ctx, tx, w.Ref, "visiting", map[string]string{"number": v.Number}, journal.For(w.Customer))
}

// LookInto says what was found out; the warning is set aside until a new sign comes, or one grows.
func LookInto(ctx context.Context, tx db.Tx, id core.ID, in Word) error {
	w, err := db.One(ctx, tx, (*Warning).dest, db.Locked(tx, "select "+warningColumns+" from visit_warning where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	if err != nil {
		return err
	}
	w.Ref.Kind = "warning"
	if err := db.ExecOne(ctx, tx, "update visit_warning set calm_keys = keys, calm = $1, calm_by = $2, calm_at = $3, hidden = $4, version = version + 1 where project_id = $5 and id = $6",
		in.Text, core.ActorOf(ctx).Name, core.Now(ctx), true, w.Ref.Project, id); err != nil {
		return err
	}
	tx.Publish(Topic(w.Ref.Project))
	return journal.Add(ctx, tx, w.Ref, "calmed", map[string]string{"reason": in.Text}, journal.For(w.Customer))
}

func warningCursor(w *Warning) string {
	return fmt.Sprintf("%d.%d.%s", w.Weight, w.Signals, w.Ref.ID)
}

func findWarnings(ctx context.Context, tx db.Tx, q register.Query) ([]Warning, error) {
	c := inProject(ctx)
	c.Add("hidden = ?", q.Filter["set"] == "aside")
	if q.After != "" {
		var n [3]int64
		parts := strings.Split(q.After, ".")
		for i := range n {
			if len(parts) != 3 {
				return nil, core.NotFound()
			}
			var err error
			if n[i], err = strconv.ParseInt(parts[i], 10, 64); err != nil {
				return nil, core.NotFound()
			}
		}
		c.Add("(weight, signals, id) < (?, ?, ?)", n[0], n[1], n[2])
	}
	ws, err := db.All(ctx, tx, (*Warning).dest, "select "+warningColumns+" from visit_warning where "+c.Then("weight desc, signals desc, id desc", q.Limit), c.Args...)
	for i := range ws {
		ws[i].Ref.Kind = "warning"
		if err == nil {
			ws[i].Clues, err = SignsOf(ctx, tx, ws[i].Customer)
		}
	}
	return ws, err
}

// warned counts the warnings that nobody has looked into, for the rail.
func warned(ctx context.Context, tx db.Tx, project core.ID) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from (select 1 from visit_warning where project_id = $1 and not hidden limit $2) x", project, core.CountMax)
}

// Quick is a visit planned by one click.
type Quick struct {
	Customer core.ID
	Sort     string
}

// QuickPlan plans a visit with the usual purpose, goal and preparations: today within working hours of a working day, else
// on the next working day. A visit that is planned already is returned as it is.
func QuickPlan(ctx context.Context, tx db.Tx, in Quick) (Visit, error) {
	open, err := list(ctx, tx, "project_id = $1 and customer_id = $2 and open order by day, id limit 1", core.ProjectOf(ctx).ID, in.Customer)
	if err != nil {
		return Visit{}, err
	}
	if len(open) > 0 {
		return open[0], nil
	}
	clock, err := clockOf(ctx, tx)
	if err != nil {
		return Visit{}, err
	}
	day := clock.Forward(core.Today(ctx))
	if day == core.Today(ctx) && !core.Now(ctx).Before(clock.At(day, 16*time.Hour)) { // late in the day nobody is visited unprepared
		day = clock.Table.AddWorkdays(day, 1)
	}
	if in.Sort == "" {
		in.Sort = Round
	}
	return PlanVisit(ctx, tx, Usual(ctx, in.Customer, in.Sort, day))
}
