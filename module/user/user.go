// Package user holds the people who work in the firm: who they are, how they sign in, and what they may do where.
//
//   - A user belongs to the firm and holds roles and a department in each project (a seat). A seat in the firm itself
//     (project 1) counts in every project.
//   - What a role may do follows from the modules' defaults; the firm changes it by approval of the general manager.
//   - Only an administrator or general manager gives, takes or handles those two roles; nobody takes his own
//     administrator's role, and the last administrator stays.
//   - Passwords have ten characters or more and are kept as argon2id; failed sign-ins slow down the login and the address;
//     an unknown login is answered in the same words and the same time. A second factor (TOTP) is each user's choice; one
//     code counts once.
//   - A session ends after 8 hours without a request and after 7 days in any case. A token acts for its user within its
//     scopes. Both run on real time.
//   - Whoever leaves loses sign-in, sessions and tokens at once; the duties return to their roles in every project, and
//     the modules above hear of it (C15.4 asks that the customers be handed over).
//   - Imported handlers who are no users are staff without sign-in.
package user

import (
	"context"
	"embed"
	"strings"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// States of a user.
const (
	Active = "active"
	Left   = "left"
)

// User is one person who works here.
type User struct {
	ID         core.ID
	Version    int64
	Login      string // as typed; empty: staff without sign-in
	Name       string
	Phone      core.Phone
	Language   core.Lang // empty: the browser's
	MustChange bool      // the password was given by somebody else
	State      string
	Skills     []string // values of Skills()
	OnDuty     bool     // may be given work now
	TOTP       bool     // a second factor is asked for
	LeftAt     time.Time
	Seats      []Seat

	key      string // login in lower case
	password string
	secret   string // sealed TOTP secret
	step     int64  // of the last TOTP code that was used
	skills   string
}

func (u *User) dest() []any {
	return []any{&u.ID, &u.Version, &u.Login, &u.key, &u.Name, &u.Phone, (*string)(&u.Language), &u.password, &u.MustChange, &u.State, &u.skills,
		&u.OnDuty, &u.secret, &u.TOTP, &u.step, &u.LeftAt}
}

func (u *User) ref() core.Ref { return core.Ref{Project: core.Firm, Kind: "user", ID: u.ID} }

// SignsIn reports whether the user has a sign-in.
func (u *User) SignsIn() bool { return u.key != "" && u.State == Active }

// Seat is one role in one project; Project is core.Firm when it counts in all of them.
type Seat struct {
	Project    core.ID
	User       core.ID
	Role       core.Role
	Department string
}

func (s *Seat) dest() []any { return []any{&s.Project, &s.User, &s.Role, &s.Department} }

// Skills are what a technician is skilled in.
func Skills() []core.Choice {
	return []core.Choice{{Value: "plumbing", Label: core.T("水电", "Plumbing and electrical")}, {Value: "hvac", Label: core.T("空调", "Air conditioning")},
		{Value: "lift", Label: core.T("电梯", "Lifts")}, {Value: "fire", Label: core.T("消防", "Fire protection")}, {Value: "civil", Label: core.T("土建", "Building works")},
		{Value: "lowvoltage", Label: core.T("弱电", "Low voltage and network")}, {Value: "general", Label: core.T("综合", "General")}}
}

func asBrowser() core.Text {
	return core.T("不选则跟随浏览器的语言", "Without a choice, the browser's language")
}

func languages() []core.Choice {
	return []core.Choice{{Value: string(core.ZH), Label: core.T("中文", "Chinese")}, {Value: string(core.EN), Label: core.T("英文", "English")}}
}

// roleChoices are the roles of people who work here; tenants and owners come in by their own door.
func roleChoices() []core.Choice {
	var out []core.Choice
	for _, c := range core.RoleNames() {
		switch core.Role(c.Value) {
		case core.Tenant, core.Owner, core.System:
		default:
			out = append(out, c)
		}
	}
	return out
}

func states() []core.Choice {
	return []core.Choice{{Value: Active, Label: core.T("在职", "Active")}, {Value: Left, Label: core.T("已离职", "Left")}}
}

// heads are the two roles that only their own kind handles.
func heads() []core.Role { return []core.Role{core.Admin, core.GM} }

func isHead(r core.Role) bool { return r == core.Admin || r == core.GM }

func kind() register.Kind {
	return register.Kind{Name: "user", Plural: "users", Label: core.T("用户", "Users"), Table: "user_user", Firm: true, Events: map[string]core.Text{
		"created": core.T("建立:{name}", "Created: {name}"), "changed": core.T("修改资料", "Changed the data"), "seated": core.T("{project}的岗位改为:{roles}", "Roles in {project} are now: {roles}"),
		"login": core.T("开通登录:{login}", "Given a sign-in: {login}"), "reset": core.T("重设密码", "Reset the password"), "left": core.T("离职:{reason}", "Left: {reason}"), "returned": core.T("恢复在职", "Returned"),
		"signed_in": core.T("登录", "Signed in"), "password": core.T("修改密码", "Changed the password"), "totp_on": core.T("启用两步验证", "Turned on the second factor"),
		"totp_off": core.T("停用两步验证", "Turned off the second factor"), "recovered": core.T("用恢复码登录", "Signed in with a recovery code"),
		"token": core.T("建立令牌:{name}", "Made a token: {name}"), "token_ended": core.T("收回令牌:{name}", "Withdrew a token: {name}"),
		"revealed": core.T("查看电话明文:{reason}", "Revealed the telephone number: {reason}"), "on_duty": core.T("改为可派工", "Now on duty"), "off_duty": core.T("改为不可派工", "Now off duty"),
	}}
}

// Module declares the capability.
func Module() house.Module {
	return house.Module{
		Name: "user", Label: core.T("用户", "Users"), Migrations: Migrations,
		Registers: []register.Any{users()},
		Routes:    routes(),
		Perms: []register.Perm{
			{Name: "user.role", Label: core.T("岗位权限:查看和提请修改", "Role permissions: view and propose changes"), Roles: heads(), Firm: true},
		},
		Nav: []house.Nav{
			{Wing: house.Setup, Order: 20, Label: core.T("用户", "Users"), Icon: "users", Path: "/firm/user", Perm: "user.view"},
			{Wing: house.Setup, Order: 22, Label: core.T("岗位权限", "Role permissions"), Icon: "shield", Path: "/firm/roles", Perm: "user.role"},
		},
		Tables:    []journal.Table{{Kind: "user", Name: "user_user"}, {Kind: "grant", Name: "user_grant"}},
		Approvals: []approval.Kind{{Verb: grantVerb, Name: core.T("修改岗位权限", "Change role permissions"), Run: runGrant}},
		Daily:     []house.Daily{{Name: "user.sweep", Run: Sweep}},
	}
}

func skillWords(ctx context.Context, skills []string) string {
	words := make([]string, len(skills))
	for i, s := range skills {
		words[i] = core.Label(Skills(), s).Say(ctx)
	}
	return strings.Join(words, core.T("、", ", ").Say(ctx))
}
