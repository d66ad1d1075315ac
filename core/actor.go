package core

import (
	"context"
	"slices"
	"time"
)

// Role codes, as in capabilities.md. A user holds roles and one department per project.
type Role string

// The roles.
const (
	Desk       Role = "desk"       // 前台/客服专员
	Supervisor Role = "supervisor" // 客户主管
	Technician Role = "technician" // 维修
	Guard      Role = "guard"      // 安保
	Cashier    Role = "cashier"    // 财务/收费
	Leasing    Role = "leasing"    // 招商
	Quality    Role = "quality"    // 品质
	Archivist  Role = "archivist"  // 档案
	Manager    Role = "manager"    // 管理处主任
	GM         Role = "gm"         // 总经理
	Admin      Role = "admin"      // 系统管理员
	Tenant     Role = "tenant"     // 业户
	Owner      Role = "owner"      // 业主
	System     Role = "system"     // jobs
)

// RoleNames lists every role with its name, in the order in which pages show them.
func RoleNames() []Choice {
	return []Choice{
		{string(Desk), T("客服专员", "Front desk")}, {string(Supervisor), T("客户主管", "Customer supervisor")},
		{string(Technician), T("维修", "Technician")}, {string(Guard), T("安保", "Security")},
		{string(Cashier), T("财务/收费", "Cashier")}, {string(Leasing), T("招商", "Leasing")},
		{string(Quality), T("品质", "Quality")}, {string(Archivist), T("档案", "Archivist")},
		{string(Manager), T("管理处主任", "Project manager")}, {string(GM), T("总经理", "General manager")},
		{string(Admin), T("系统管理员", "Administrator")}, {string(Tenant), T("业户", "Tenant")},
		{string(Owner), T("业主", "Owner")}, {string(System), T("系统", "System")},
	}
}

// Name is the role's name in both languages.
func (r Role) Name() Text {
	for _, c := range RoleNames() {
		if c.Value == string(r) {
			return c.Label
		}
	}
	return T(string(r), string(r))
}

// Seat is what an actor may do in one project.
type Seat struct {
	Roles      []Role
	Department string
	Perms      map[string]bool
}

// Actor is who acts: a signed-in user, an API token on a user's behalf, or the system's own jobs.
type Actor struct {
	ID    ID
	Name  string
	Login string
	// Seats by project; the key Firm holds what the actor may do firm-wide (users, regulation).
	Seats map[ID]Seat
	// Token limits an API token to these permissions; nil means no limit beyond the user's own.
	Token []string
	// Job marks the system: its permissions are not looked up.
	Job bool
}

// Can reports whether the actor holds the permission ("module.verb") in the project (Firm: firm-wide).
func (a Actor) Can(project ID, perm string) bool {
	if a.Job {
		return true
	}
	if a.Token != nil && !slices.Contains(a.Token, perm) && !slices.Contains(a.Token, "*") {
		return false
	}
	return a.Seats[project].Perms[perm]
}

// Has reports whether the actor holds the role in the project.
func (a Actor) Has(project ID, r Role) bool { return slices.Contains(a.Seats[project].Roles, r) }

// Scope is the set of projects that a request may see.
type Scope []ID

// Has reports whether the project is in the scope.
func (s Scope) Has(project ID) bool { return slices.Contains(s, project) }

// Project is the project that a request is about: its key, its code in the URL, its name and its zone.
type Project struct {
	ID   ID
	Code string
	Name string
	Zone *time.Location // never nil; Asia/Shanghai by default
}

type ctxKey int

const (
	actorKey ctxKey = iota
	scopeKey
	projectKey
	langKey
	clockKey
	requestKey
	doingKey
)

// WithActor, ActorOf: who acts. A context without an actor is nobody: it may do nothing.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey, a)
}

// ActorOf returns who acts, or the zero Actor.
func ActorOf(ctx context.Context) Actor { a, _ := ctx.Value(actorKey).(Actor); return a }

// AsSystem returns a context in which the system itself acts (jobs, ticks, the seed's frame).
func AsSystem(ctx context.Context) context.Context {
	return WithActor(ctx, Actor{Name: "系统", Job: true})
}

// WithScope sets the projects that the request may see.
func WithScope(ctx context.Context, s Scope) context.Context {
	return context.WithValue(ctx, scopeKey, s)
}

// ScopeOf returns the projects that the request may see.
func ScopeOf(ctx context.Context) Scope { s, _ := ctx.Value(scopeKey).(Scope); return s }

// WithProject sets the project that the request is about, and narrows the scope to it.
func WithProject(ctx context.Context, p Project) context.Context {
	return WithScope(context.WithValue(ctx, projectKey, p), Scope{p.ID})
}

// ProjectOf returns the project that the request is about; its Zone is never nil.
func ProjectOf(ctx context.Context) Project {
	p, _ := ctx.Value(projectKey).(Project)
	if p.Zone == nil {
		p.Zone = China
	}
	return p
}

// WithLang sets the language of pages and messages.
func WithLang(ctx context.Context, l Lang) context.Context { return context.WithValue(ctx, langKey, l) }

// LangOf returns the language, Chinese by default.
func LangOf(ctx context.Context) Lang {
	if l, ok := ctx.Value(langKey).(Lang); ok {
		return l
	}
	return ZH
}

// WithClock sets business time for everything below ctx: the real clock, a demo's offset, or a test's fake.
func WithClock(ctx context.Context, now func() time.Time) context.Context {
	return context.WithValue(ctx, clockKey, now)
}

// Now is business time in UTC, to the microsecond (what the database keeps). Sessions, tokens and ids use real time.
func Now(ctx context.Context) time.Time {
	if f, ok := ctx.Value(clockKey).(func() time.Time); ok {
		return f().UTC().Truncate(time.Microsecond)
	}
	return time.Now().UTC().Truncate(time.Microsecond)
}

// Today is the local day of business time in the request's project.
func Today(ctx context.Context) Date { return DateOf(Now(ctx), ProjectOf(ctx).Zone) }

// WithRequestID and RequestID carry the id that the log and the error page share.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey, id)
}

// RequestID returns the request's id, or "".
func RequestID(ctx context.Context) string { s, _ := ctx.Value(requestKey).(string); return s }

// Freeze stops business time for everything below ctx: all rows of one transaction carry the same instant.
func Freeze(ctx context.Context) context.Context {
	now := Now(ctx)
	return WithClock(ctx, func() time.Time { return now })
}

// Doing is the verb and the record that a request is about; a refusal keeps both.
type Doing struct {
	Verb string
	Ref  Ref
}

// WithDoing and DoingOf carry it.
func WithDoing(ctx context.Context, d Doing) context.Context {
	return context.WithValue(ctx, doingKey, d)
}

// DoingOf returns what the request is doing, or the zero value.
func DoingOf(ctx context.Context) Doing { d, _ := ctx.Value(doingKey).(Doing); return d }
