package visit

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/register"
)

// Sight is something unusual that somebody saw at a customer's (异动): goods carried out, nobody there.
type Sight struct {
	Ref          core.Ref
	Version      int64
	Customer     core.ID
	CustomerName core.Personal
	Sort         string
	What         string
	At           time.Time
	By           core.ID
	ByName       string
	Ended        time.Time
	Why          string // why it is no sign any more
}

func (s *Sight) cells() []db.Cell {
	return []db.Cell{{Name: "customer_id", Ptr: &s.Customer}, {Name: "customer_name", Ptr: &s.CustomerName}, {Name: "sort", Ptr: &s.Sort}, {Name: "what", Ptr: &s.What}, {Name: "at", Ptr: &s.At}, {Name: "by_id", Ptr: &s.By}, {Name: "by_name", Ptr: &s.ByName},
		{Name: "ended_at", Ptr: &s.Ended}, {Name: "ended", Ptr: &s.Why}}
}

func (s *Sight) dest() []any { return db.CellDest(&s.Ref, &s.Version, s.cells()) }

// SightKind is the register of what was seen.
func SightKind() register.Kind {
	return register.Kind{Name: "sighting", Plural: "sightings", Label: core.T("异动登记", "Sightings"), Table: "visit_sight", Choices: map[string][]core.Choice{"sort": SightSorts()},
		Events: map[string]core.Text{"seen": core.T("登记异动({sort}):{what}", "saw something unusual ({sort}): {what}"), "ended": core.T("解除:{reason}", "no sign any more: {reason}")}}
}

// SightSorts are the sorts of sight.
func SightSorts() []core.Choice {
	return []core.Choice{{Value: "goods", Label: core.T("货物、设备搬离", "Goods or equipment carried out")}, {Value: "closed", Label: core.T("停业或无人", "Closed or nobody there")}, {Value: "staff", Label: core.T("员工大量离开", "Staff leaving")},
		{Value: "creditor", Label: core.T("债主上门", "Creditors at the door")}, {Value: "rumour", Label: core.T("听说要搬走", "Said to be moving")}, {Value: "other", Label: core.T("其他", "Other")}}
}

// weightOf is how strong a sign is that was seen.
func weightOf(sort string) int64 {
	switch sort {
	case "goods", "closed", "creditor":
		return 3
	case "staff":
		return 2
	}
	return 1
}

// See takes down something unusual; the early warning is computed anew.
func See(ctx context.Context, tx db.Tx, in Sight) (core.ID, error) {
	c, err := customer.Get(ctx, tx, in.Customer)
	if err == nil && !c.Live() {
		err = core.Invalid("customer", "该客户档案已并入或删除", "That customer's file was merged or erased")
	}
	if err != nil {
		return 0, err
	}
	a := core.ActorOf(ctx)
	in.Ref, in.Version, in.CustomerName, in.At, in.By, in.ByName = core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "sighting", ID: tx.NewID()}, 1, c.Name, core.Now(ctx), a.ID, a.Name
	if err := db.InsertCells(ctx, tx, "visit_sight", in.Ref, in.cells()); err != nil {
		return 0, err
	}
	if err := journal.Add(ctx, tx, in.Ref, "seen", map[string]string{"sort": in.Sort, "what": in.What}, journal.For(c.ID)); err != nil {
		return 0, err
	}
	return in.Ref.ID, Recompute(ctx, tx)
}

func sightBy(ctx context.Context, tx db.Tx, query string, id core.ID) (Sight, error) {
	s, err := db.One(ctx, tx, (*Sight).dest, query, core.ProjectOf(ctx).ID, id)
	s.Ref.Kind = "sighting"
	if err == nil && !mayRead(ctx, s) {
		return Sight{}, core.NotFound()
	}
	return s, err
}

// mayRead: what the early warning is made of is the supervisors' and managers'; everybody else reads what he saw himself.
func mayRead(ctx context.Context, s Sight) bool {
	a := core.ActorOf(ctx)
	return a.Can(core.ProjectOf(ctx).ID, "warning.view") || s.By != 0 && s.By == a.ID
}

const sightQuery = " from visit_sight where project_id = $1 and id = $2"

// GetSight reads one sight that the actor may read.
func GetSight(ctx context.Context, tx db.Tx, id core.ID) (Sight, error) {
	return sightBy(ctx, tx, "select "+db.CellNames(new(Sight).cells())+sightQuery, id)
}

func canEnd(s Sight) error {
	if !s.Ended.IsZero() {
		return register.Later("已经解除", "It is ended already")
	}
	return nil
}

// EndSight says why what was seen is no sign any more.
func EndSight(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	s, err := sightBy(ctx, tx, db.Locked(tx, "select "+db.CellNames(new(Sight).cells())+sightQuery), id)
	if err == nil {
		err = canEnd(s)
	}
	if err != nil {
		return err
	}
	s.Ended, s.Why = core.Now(ctx), w.Text
	if err := db.UpdateCells(ctx, tx, "visit_sight", s.Ref, s.Version, s.cells()); err != nil {
		return err
	}
	if err := journal.Add(ctx, tx, s.Ref, "ended", map[string]string{"reason": w.Text}, journal.For(s.Customer)); err != nil {
		return err
	}
	return Recompute(ctx, tx)
}

func findSights(ctx context.Context, tx db.Tx, q register.Query) ([]Sight, error) {
	c := inProject(ctx)
	if !core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, "warning.view") {
		c.Add("by_id = ?", core.ActorOf(ctx).ID)
	}
	if v := q.Filter["sort"]; v != "" {
		c.Add("sort = ?", v)
	}
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		c.Add("id < ?", id)
	}
	ss, err := db.All(ctx, tx, (*Sight).dest, "select "+db.CellNames(new(Sight).cells())+" from visit_sight where "+c.Then("id desc", q.Limit), c.Args...)
	for i := range ss {
		ss[i].Ref.Kind = "sighting"
	}
	return ss, err
}

// watchers are those who walk the building and may see something.
func watchers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Technician, core.Guard, core.Cashier, core.Leasing, core.Manager, core.GM}
}

func sights() register.Register[Sight] {
	f := func(name, zh, en string, ptr func(*Sight) any, choices ...core.Choice) core.Field[Sight] {
		return core.Field[Sight]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return register.Register[Sight]{Kind: SightKind(), Viewers: watchers(), Export: heads(), Columns: []string{"at", "customer_name", "sort", "what", "by", "ended_at"}, Topic: "visit",
		Fields: []core.Field[Sight]{f("at", "时间", "Time", func(s *Sight) any { return &s.At }), f("customer_name", "客户", "Customer", func(s *Sight) any { return &s.CustomerName }), f("sort", "情形", "What", func(s *Sight) any { return &s.Sort }, SightSorts()...),
			f("what", "说明", "Details", func(s *Sight) any { return &s.What }), f("by", "登记人", "Seen by", func(s *Sight) any { return &s.ByName }), f("ended_at", "解除", "Ended", func(s *Sight) any { return &s.Ended }), f("ended", "解除理由", "Why ended", func(s *Sight) any { return &s.Why })},
		Filters: []register.Filter{{Name: "sort", Label: core.T("情形", "What"), Kind: core.KindChoice, Choices: SightSorts()}},
		ID:      func(s *Sight) core.ID { return s.Ref.ID }, Version: func(s *Sight) int64 { return s.Version }, Cursor: func(s *Sight) string { return s.Ref.ID.String() }, Find: findSights, Get: GetSight,
		Verbs: []register.Verber{
			register.Verb[Sight]{Name: "new", New: true, Primary: true, Label: core.T("登记异动", "Report something unusual"), Roles: watchers(), Fields: []core.Field[Sight]{
				{Name: "customer", Label: core.T("客户", "Customer"), Ptr: func(s *Sight) any { return &s.Customer }, Required: true, Source: "customer"},
				core.Ask("sort", "情形", "What", func(s *Sight) any { return &s.Sort }, core.Required, core.Radio[Sight](SightSorts())), core.Ask("what", "看到了什么", "What was seen", func(s *Sight) any { return &s.What }, core.Required, core.Lines)},
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, s Sight) (core.ID, error) { return See(ctx, tx, s) }},
			register.Verb[Word]{Name: "end", Label: core.T("解除", "End"), Roles: heads(), Fields: word("理由", "Reason"), Do: register.Doing(EndSight),
				Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
					s, err := GetSight(ctx, tx, id)
					if err == nil {
						err = canEnd(s)
					}
					if !tx.Writing() && register.IsLater(err) {
						return core.Forbidden("sighting.end")
					}
					return err
				}}}}
}
