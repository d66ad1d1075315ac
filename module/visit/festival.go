package visit

import (
	"context"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/register"
	"huiyin/regulation"
)

// Festival is a major festival with the visits before it (C14.11).
type Festival struct {
	Ref       core.Ref
	Version   int64
	Name      string
	NameEN    string
	From, To  core.Date
	Due       core.Date // the visits are made up to this day
	Organiser core.ID
	By        string
	Gift      string
	Theme     string
	Organised time.Time
	State     string
	Planned   int64
	Summary   string
	Closed    time.Time
}

// The states of a festival.
const (
	Ahead     = "ahead"     // 待组织
	Organised = "organised" // 拜访中
	Over      = "over"      // 已总结
)

func (f *Festival) cells() []db.Cell {
	return []db.Cell{{Name: "name", Ptr: &f.Name}, {Name: "name_en", Ptr: &f.NameEN}, {Name: "from_day", Ptr: &f.From}, {Name: "to_day", Ptr: &f.To}, {Name: "due_day", Ptr: &f.Due}, {Name: "organiser_id", Ptr: &f.Organiser}, {Name: "organiser", Ptr: &f.By},
		{Name: "gift", Ptr: &f.Gift}, {Name: "theme", Ptr: &f.Theme}, {Name: "organised_at", Ptr: &f.Organised}, {Name: "state", Ptr: &f.State}, {Name: "planned", Ptr: &f.Planned}, {Name: "summary", Ptr: &f.Summary}, {Name: "closed_at", Ptr: &f.Closed}}
}

func (f *Festival) dest() []any { return db.CellDest(&f.Ref, &f.Version, f.cells()) }

func (f Festival) title() core.Text { return core.T("%s", "%s", core.Text{ZH: f.Name, EN: f.NameEN}) }

// FestivalKind is the register of festivals.
func FestivalKind() register.Kind {
	return register.Kind{Name: "festival", Plural: "festivals", Label: core.T("节日拜访", "Festival visits"), Table: "visit_festival", Events: map[string]core.Text{
		"ahead": core.T("{day} 放假,节前须组织拜访", "begins on {day}; visits are due before"), "organised": core.T("组织拜访 {count} 户", "organised {count} visits"), "over": core.T("总结:{summary}", "summed up: {summary}")}}
}

func festivalStates() []core.Choice {
	return []core.Choice{{Value: Ahead, Label: core.T("待组织", "To be organised")}, {Value: Organised, Label: core.T("拜访中", "Under way")}, {Value: Over, Label: core.T("已总结", "Summed up")}}
}

// horizon is how many days before a festival its visits are put on the manager's list.
const horizon = 30

// solemn are the holidays on which nobody is congratulated.
func solemn() []string { return []string{"清明"} }

// festivalsAhead are the holidays of the calendar that begin within the horizon.
func festivalsAhead(ctx context.Context, tx db.Tx) ([]Festival, error) {
	clock, err := clockOf(ctx, tx)
	today := core.Today(ctx)
	var out []Festival
	for day := today.Add(1); err == nil && day <= today.Add(horizon); day = day.Add(1) {
		name, ok := clock.Table.Holiday(day)
		if !ok || slices.Contains(solemn(), name.ZH) {
			continue
		}
		if before, same := clock.Table.Holiday(day.Add(-1)); same && before == name {
			continue
		}
		f := Festival{Name: name.ZH, NameEN: name.EN, From: day, To: day}
		for next, more := clock.Table.Holiday(f.To.Add(1)); more && next == name; next, more = clock.Table.Holiday(f.To.Add(1)) {
			f.To = f.To.Add(1)
		}
		out = append(out, f)
	}
	return out, err
}

// openFestivals puts the festivals ahead on the manager's list: the visits are made before they begin (C14.11).
func openFestivals(ctx context.Context, tx db.Tx) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil || !rules.On("C14.11") {
		return err
	}
	fs, err := festivalsAhead(ctx, tx)
	for _, f := range fs {
		if err == nil {
			err = Foresee(ctx, tx, f)
		}
	}
	return err
}

// Foresee puts a festival on the manager's list, once; by its name and first day it is known.
func Foresee(ctx context.Context, tx db.Tx, f Festival) error {
	p := core.ProjectOf(ctx)
	span, err := regulation.Span(ctx, tx, "C14.11", "lead")
	if err != nil {
		return err
	}
	lead := span.N
	have, err := db.Value[core.ID](ctx, tx, "select id from visit_festival where project_id = $1 and from_day = $2 and name = $3", p.ID, f.From, f.Name)
	if err != nil || have != 0 {
		return err
	}
	clock, err := clockOf(ctx, tx)
	if err != nil {
		return err
	}
	f.Ref, f.Version, f.State, f.Due = core.Ref{Project: p.ID, Kind: "festival", ID: tx.NewID()}, 1, Ahead, max(clock.Back(f.From.Add(-max(lead, 1))), core.Today(ctx))
	if err := db.InsertCells(ctx, tx, "visit_festival", f.Ref, f.cells()); err != nil {
		return err
	}
	title := core.T("组织节日拜访:%s(%s 放假)", "Organise the visits before %s (%s)", f.title(), string(f.From))
	if err := duty.Open(ctx, tx, "C14.11", f.Ref, duty.Number("lead"), duty.Due(clock.EndOf(f.Due)), duty.About(title, FestivalKind().Href(ctx, f.Ref.ID))); err != nil {
		return err
	}
	return journal.Add(ctx, tx, f.Ref, "ahead", map[string]string{"day": string(f.From)})
}

// GetFestival reads one festival of the request's project.
func GetFestival(ctx context.Context, tx db.Tx, id core.ID) (Festival, error) {
	f, err := db.One(ctx, tx, (*Festival).dest, "select "+db.CellNames(new(Festival).cells())+" from visit_festival where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	f.Ref.Kind = "festival"
	return f, err
}

func festive(ctx context.Context, tx db.Tx, id core.ID, verb string, check func(context.Context, db.Tx, Festival) error, fn func(*Festival) (any, error)) error {
	f, err := db.One(ctx, tx, (*Festival).dest, db.Locked(tx, "select "+db.CellNames(new(Festival).cells())+" from visit_festival where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	f.Ref.Kind = "festival"
	if err == nil {
		err = check(ctx, tx, f)
	}
	if err != nil {
		return err
	}
	payload, err := fn(&f)
	if err == nil {
		err = db.UpdateCells(ctx, tx, "visit_festival", f.Ref, f.Version, f.cells())
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(f.Ref.Project))
	return journal.Add(ctx, tx, f.Ref, verb, payload)
}

// Organisation is how a festival's visits are organised.
type Organisation struct {
	Customers []string // ids
	Visitor   core.ID  // the customers' keepers, or who organises, when zero
	Day       core.Date
	Gift      string
	Theme     string
}

// canOrganise: C14.11, the company's manager organises the visits.
func canOrganise(ctx context.Context, tx db.Tx, f Festival) error {
	if f.State == Over {
		return register.Later("已经总结", "It is summed up already")
	}
	a, p := core.ActorOf(ctx), core.ProjectOf(ctx).ID
	return regulation.Require(ctx, tx, "C14.11", a.Job || a.Has(p, core.Manager) || a.Has(p, core.GM), "节日拜访由公司经理组织", "The company's manager organises the visits before a festival")
}

// Organise plans the visits before a festival (C14.11).
func Organise(ctx context.Context, tx db.Tx, id core.ID, in Organisation) error {
	return festive(ctx, tx, id, "organised", canOrganise, func(f *Festival) (any, error) {
		if in.Day > f.From {
			return nil, core.Invalid("day", "拜访应在节前", "The visits come before the festival")
		}
		for _, s := range in.Customers {
			customer, err := core.ParseID(s)
			if err != nil {
				return nil, err
			}
			if err := f.plan(ctx, tx, customer, in); err != nil {
				return nil, err
			}
		}
		if len(in.Customers) == 0 {
			return nil, core.Invalid("customers", "请选择要拜访的客户", "Choose whom to visit")
		}
		a := core.ActorOf(ctx)
		f.State, f.Organiser, f.By, f.Gift, f.Theme, f.Organised = Organised, a.ID, a.Name, in.Gift, in.Theme, core.Now(ctx)
		f.Planned += int64(len(in.Customers))
		return map[string]string{"count": core.ID(len(in.Customers)).String(), "gift": in.Gift}, nil
	})
}

func (f Festival) plan(ctx context.Context, tx db.Tx, id core.ID, in Organisation) error {
	c, err := customer.Get(ctx, tx, id)
	if err != nil {
		return err
	}
	plan := Usual(ctx, id, Feast, in.Day)
	plan.Festival, plan.PrepareNote, plan.Visitor = f.Ref.ID, in.Gift, in.Visitor
	if in.Theme != "" {
		plan.Goal = in.Theme
	}
	if plan.Day == "" {
		plan.Day = f.Due
	}
	if plan.Visitor == 0 {
		if _, err := nameOf(ctx, tx, "visitor", c.Keeper); err == nil {
			plan.Visitor = c.Keeper
		}
	}
	_, err = PlanVisit(ctx, tx, plan)
	return err
}

// canConclude: C14.11, the visits are on record before they are summed up.
func canConclude(ctx context.Context, tx db.Tx, f Festival) error {
	if f.State == Over {
		return register.Later("已经总结", "It is summed up already")
	}
	if f.State == Ahead {
		return register.Later("还没有组织拜访", "No visits were organised yet")
	}
	open, err := db.Value[int64](ctx, tx, "select count(*) from visit_visit where project_id = $1 and festival_id = $2 and open", f.Ref.Project, f.Ref.ID)
	if err != nil {
		return err
	}
	return regulation.Require(ctx, tx, "C14.11", open == 0, "还有 %d 家没有拜访或没有完成记录", "%d visits are not made or not recorded yet", open)
}

// Conclude sums a festival's visits up; its duty is done.
func Conclude(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return festive(ctx, tx, id, "over", canConclude, func(f *Festival) (any, error) {
		f.State, f.Summary, f.Closed = Over, w.Text, core.Now(ctx)
		return map[string]string{"summary": w.Text}, duty.Done(ctx, tx, "C14.11", f.Ref)
	})
}

func findFestivals(ctx context.Context, tx db.Tx, q register.Query) ([]Festival, error) {
	c := inProject(ctx)
	if v := q.Filter["state"]; v != "" {
		c.Add("state = ?", v)
	}
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		c.Add("id < ?", id)
	}
	fs, err := db.All(ctx, tx, (*Festival).dest, "select "+db.CellNames(new(Festival).cells())+" from visit_festival where "+c.Then("id desc", q.Limit), c.Args...)
	for i := range fs {
		fs[i].Ref.Kind = "festival"
	}
	return fs, err
}
