package user

import (
	"context"
	"slices"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/register"
)

// Actor builds what the user may do, project by project: the roles held there (those held in the firm count in every
// project), their permissions by the modules' defaults and the firm's grants, and under core.Firm what is firm-wide.
// KindNotFound for somebody who has left or has no sign-in.
func Actor(ctx context.Context, tx db.Tx, id core.ID) (core.Actor, error) {
	u, err := Get(ctx, tx, id)
	if err != nil {
		return core.Actor{}, err
	}
	if !u.SignsIn() {
		return core.Actor{}, core.NotFound()
	}
	return actorOf(ctx, tx, u)
}

func actorOf(ctx context.Context, tx db.Tx, u User) (core.Actor, error) {
	a := core.Actor{ID: u.ID, Name: u.Name, Login: u.Login, Seats: map[core.ID]core.Seat{}}
	over, err := grants(ctx, tx)
	if err != nil {
		return a, err
	}
	held, department := spread(u.Seats)
	if len(held[core.Firm]) > 0 {
		all, err := project.List(ctx, tx)
		if err != nil {
			return a, err
		}
		for _, p := range all {
			held[p.ID] = union(held[p.ID], held[core.Firm])
		}
	}
	perms := house.Of(ctx).Perms
	for p, roles := range held {
		a.Seats[p] = core.Seat{Roles: roles, Department: department[p], Perms: permsOf(perms, over, roles, false)}
	}
	a.Seats[core.Firm] = firmSeat(perms, over, u.Seats, held[core.Firm])
	return a, nil
}

// spread sorts the seats by project.
func spread(seats []Seat) (map[core.ID][]core.Role, map[core.ID]string) {
	held, department := map[core.ID][]core.Role{}, map[core.ID]string{}
	for _, s := range seats {
		held[s.Project] = append(held[s.Project], s.Role)
		if s.Department != "" {
			department[s.Project] = s.Department
		}
	}
	return held, department
}

func union(a, b []core.Role) []core.Role {
	out := slices.Clone(a)
	for _, r := range b {
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// firmSeat is what counts for the firm as a whole: its own roles, an administrator or general manager of any project,
// and every firm-wide permission of a role held anywhere.
func firmSeat(perms []register.Perm, over map[[2]string]bool, seats []Seat, own []core.Role) core.Seat {
	var anywhere []core.Role
	roles := slices.Clone(own)
	for _, s := range seats {
		anywhere = union(anywhere, []core.Role{s.Role})
		if isHead(s.Role) {
			roles = union(roles, []core.Role{s.Role})
		}
	}
	return core.Seat{Roles: roles, Perms: permsOf(perms, over, anywhere, true)}
}

// permsOf lists what the roles may do; firm asks for the firm-wide permissions alone.
func permsOf(perms []register.Perm, over map[[2]string]bool, roles []core.Role, firm bool) map[string]bool {
	out := map[string]bool{}
	for _, p := range perms {
		if firm && !p.Firm {
			continue
		}
		for _, r := range roles {
			if allowed(p, over, r) {
				out[p.Name] = true
			}
		}
	}
	return out
}

func allowed(p register.Perm, over map[[2]string]bool, r core.Role) bool {
	if on, decided := over[[2]string{string(r), p.Name}]; decided {
		return on
	}
	return slices.Contains(p.Roles, r)
}

// grantVerb names the approval that changes what a role may do.
const grantVerb = "user.grant"

// Change is what a role may do from now on.
type Change struct {
	Role core.Role `json:"role"`
	On   []string  `json:"on,omitempty"`  // permissions given
	Off  []string  `json:"off,omitempty"` // permissions taken
}

// canChange refuses what would lock everybody out, an unknown permission, and a change that changes nothing.
func canChange(ctx context.Context, c Change) error {
	known := house.Of(ctx).Perms
	for _, name := range append(slices.Clone(c.On), c.Off...) {
		if !slices.ContainsFunc(known, func(p register.Perm) bool { return p.Name == name }) {
			return core.Invalid("perm", "没有权限「%s」", "There is no permission %q", name)
		}
	}
	if !slices.ContainsFunc(roleChoices(), func(r core.Choice) bool { return r.Value == string(c.Role) }) {
		return core.Invalid("role", "没有岗位「%s」", "There is no role %q", string(c.Role))
	}
	for _, name := range c.Off {
		if c.Role == core.Admin && slices.Contains([]string{"user.view", "user.seat", "user.role", "user.new"}, name) {
			return core.Conflict("管理员的用户管理权限不能取消,否则谁也改不回来", "The administrator keeps the management of users, or nobody could ever change it back")
		}
	}
	if len(c.On)+len(c.Off) == 0 {
		return core.Invalid("", "没有改动", "Nothing was changed")
	}
	return nil
}

// AskGrant proposes a change of what a role may do; the general manager decides, and his yes carries it out. The request
// is kept in the project of ctx.
func AskGrant(ctx context.Context, tx db.Tx, c Change, reason string) (core.ID, error) {
	if err := canChange(ctx, c); err != nil {
		return 0, err
	}
	at := core.ProjectOf(ctx)
	gms, err := Holders(ctx, tx, at.ID, core.GM)
	if err != nil {
		return 0, err
	}
	if !slices.ContainsFunc(gms, func(u User) bool { return u.SignsIn() && u.ID != core.ActorOf(ctx).ID }) {
		return 0, core.Conflict("这项改动要由总经理审批,但还没有另一位总经理可以登录", "The general manager decides on this, but there is no other one who can sign in")
	}
	return approval.Ask(ctx, tx, approval.Request{Verb: grantVerb, About: core.Ref{Project: at.ID, Kind: "grant", ID: core.Firm},
		Title: core.T("修改「%s」的权限(%d 项)", "Change what the role %s may do (%d)", c.Role.Name(), len(c.On)+len(c.Off)), URL: "/firm/roles?role=" + string(c.Role), Reason: reason},
		c, approval.Step{Role: core.GM})
}

func runGrant(ctx context.Context, tx db.Tx, r approval.Request) error {
	c, err := changeOf(r.Input)
	if err != nil {
		return err
	}
	return Grant(ctx, tx, c)
}

// Grant carries a change out at once; AskGrant is the way through the approval, which the seed alone passes by.
func Grant(ctx context.Context, tx db.Tx, c Change) error {
	if err := canChange(ctx, c); err != nil {
		return err
	}
	for _, perm := range c.On {
		if err := grantOne(ctx, tx, c.Role, perm, true); err != nil {
			return err
		}
	}
	for _, perm := range c.Off {
		if err := grantOne(ctx, tx, c.Role, perm, false); err != nil {
			return err
		}
	}
	return nil
}

func grantOne(ctx context.Context, tx db.Tx, role core.Role, perm string, on bool) error {
	id, err := putGrant(ctx, tx, role, perm, on)
	if err != nil {
		return err
	}
	return journal.Add(ctx, tx, core.Ref{Project: core.Firm, Kind: "grant", ID: id}, "granted", map[string]any{"role": role, "perm": perm, "on": on})
}
