package repair

import (
	"cmp"
	"context"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/user"
)

// Worker is a technician as dispatch sees him.
type Worker struct {
	ID     core.ID
	Name   string
	Skills []string // values of user.Skills
	OnDuty bool
	Open   int64 // orders in hand
	Here   int64 // of them in the same building: he is there already
}

// skillsFor are the skills that a trade asks for; none: anybody will do.
func skillsFor(trade string) []string {
	switch trade {
	case "water", "electric":
		return []string{"plumbing"}
	case "carpentry", "masonry":
		return []string{"civil", "general"}
	case "weak":
		return []string{"lowvoltage"}
	case "other":
		return nil
	}
	return []string{trade}
}

// Has reports whether the worker has the skill for the trade (C17.5).
func (w Worker) Has(trade string) bool {
	want := skillsFor(trade)
	return len(want) == 0 || slices.ContainsFunc(want, func(s string) bool { return slices.Contains(w.Skills, s) })
}

// Workers lists the project's technicians for the order, the best first: on duty, skilled, in the building already, with the least in hand (C17.5).
func Workers(ctx context.Context, tx db.Tx, o Order) ([]Worker, error) {
	us, err := user.Holders(ctx, tx, o.Ref.Project, core.Technician)
	if err != nil {
		return nil, err
	}
	busy, err := loads(ctx, tx, o.Ref.Project, o.Building)
	if err != nil {
		return nil, err
	}
	out := make([]Worker, len(us))
	for i, u := range us {
		out[i] = Worker{ID: u.ID, Name: u.Name, Skills: u.Skills, OnDuty: u.OnDuty, Open: busy[u.ID].open, Here: busy[u.ID].here}
	}
	slices.SortStableFunc(out, func(a, b Worker) int {
		return cmp.Or(first(a.OnDuty, b.OnDuty), first(a.Has(o.Trade), b.Has(o.Trade)), first(a.Here > 0, b.Here > 0), cmp.Compare(a.Open, b.Open))
	})
	return out, nil
}

func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// workerOf finds one technician of the project.
func workerOf(ctx context.Context, tx db.Tx, id core.ID) (Worker, error) {
	us, err := user.Holders(ctx, tx, core.ProjectOf(ctx).ID, core.Technician)
	for _, u := range us {
		if u.ID == id {
			return Worker{ID: u.ID, Name: u.Name, Skills: u.Skills, OnDuty: u.OnDuty}, nil
		}
	}
	if err == nil {
		err = core.Invalid("technician", "请选择本项目的维修人员", "Choose a technician of this project")
	}
	return Worker{}, err
}
