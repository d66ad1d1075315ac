package compliance

import (
	"context"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/project"
	"huiyin/module/user"
)

// Person is who may owe a duty in a project.
type Person struct {
	ID         core.ID
	Name       string
	Department string
}

type people map[core.ID]Person

// peopleOf are the people who work in the request's project, by id.
func peopleOf(ctx context.Context, tx db.Tx) (people, error) {
	here := core.ProjectOf(ctx).ID
	us, err := user.Holders(ctx, tx, here, staff()...)
	out := make(people, len(us))
	for _, u := range us {
		p := Person{ID: u.ID, Name: u.Name}
		for _, s := range u.Seats {
			if s.Project == here || s.Project == core.Firm && p.Department == "" {
				p.Department = s.Department
			}
		}
		out[u.ID] = p
	}
	return out, err
}

// learn adds the names of those who no longer work here.
func (p people) learn(ctx context.Context, tx db.Tx, ids ...core.ID) error {
	var unknown []core.ID
	for _, id := range ids {
		if _, known := p[id]; !known && id != 0 && !slices.Contains(unknown, id) {
			unknown = append(unknown, id)
		}
	}
	names, err := user.Names(ctx, tx, unknown...)
	for id, name := range names {
		p[id] = Person{ID: id, Name: name}
	}
	return err
}

// name is who it is; 0 is nobody in person, an unknown one is the system.
func (p people) name(ctx context.Context, id core.ID) string {
	if who, ok := p[id]; ok {
		return who.Name
	}
	if id == 0 {
		return core.T("岗位待领", "Not claimed yet").Say(ctx)
	}
	return core.T("系统", "The system").Say(ctx)
}

// members lists the people of a department; "" those without one, and nobody in person.
func (p people) members(department string) []core.ID {
	out := []core.ID{}
	if department == "" {
		out = append(out, 0)
	}
	for id, who := range p {
		if who.Department == department {
			out = append(out, id)
		}
	}
	return out
}

// choices are the people as a choice field offers them, by name.
func (p people) choices() []core.Choice {
	var out []core.Choice
	for id, who := range p {
		label := who.Name
		if who.Department != "" {
			label += " · " + who.Department
		}
		out = append(out, core.Choice{Value: id.String(), Label: core.Text{ZH: label, EN: label}})
	}
	slices.SortFunc(out, func(a, b core.Choice) int { return strings.Compare(a.Label.ZH, b.Label.ZH) })
	return out
}

// projectsOf are the projects in which the actor may see the board.
func projectsOf(ctx context.Context, tx db.Tx) ([]core.Project, error) {
	all, err := project.List(ctx, tx)
	return slices.DeleteFunc(all, func(p core.Project) bool { return !core.ActorOf(ctx).Can(p.ID, PermView) }), err
}

// rolesOf are the actor's roles in the request's project, with those that he holds for the whole firm.
func rolesOf(ctx context.Context) []core.Role {
	a := core.ActorOf(ctx)
	roles := slices.Clone(a.Seats[core.ProjectOf(ctx).ID].Roles)
	for _, r := range a.Seats[core.Firm].Roles {
		if !slices.Contains(roles, r) {
			roles = append(roles, r)
		}
	}
	return roles
}

// moduleName is a module's label.
func moduleName(ctx context.Context, name string) core.Text {
	for _, m := range house.Of(ctx).Modules {
		if m.Name == name {
			return m.Label
		}
	}
	return core.Text{ZH: name, EN: name}
}
