// Package compliance is 制度执行, the heart of Huiyin: clause by clause how well the regulation is carried out, what is
// owed by whom, what the system refused, and the records behind every figure.
//
//   - A duty counts in the local month in which it is due. On time, late (done late, or open past its term), waived and
//     open (term still running) add up to what was raised. The rate is on time ÷ (on time + late): what is still
//     running or excused says nothing yet.
//   - A rate is a module's Measure in its month, provisional while a term of the month is still running. It is judged
//     by the target in force at the month's end: March by March's numbers.
//   - A clause that no module claims is 未落实, grey, never green. One that is switched off is 已关闭. Where the numbers
//     are our default and not the regulation's, the clause is marked 本系统默认.
//   - A change of a switch, a number or a role is proposed, approved (project: its manager; firm: the general manager;
//     whoever asks does not approve) and takes effect at a coming midnight. L clauses are the law and do not change.
//   - A firm adds clauses of its own, F1, F2 …, by the same approval and from the same midnight: a recurring duty, a
//     checklist whose items are ticked before it closes, or a term that a known event opens and another fulfils. They
//     stand on the board beside the pack's, and their numbers, roles and switch are changed like the pack's.
//   - A duty is excused by approval only, with a reason and a last day; until then the waiver also covers what the same
//     clause raises anew on the same record or, for a recurring duty, in the following months.
package compliance

import (
	"embed"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
)

// Migrations holds the tables of this module.
//
//go:embed *.sql
var Migrations embed.FS

// Permissions of this module's own pages; the registers of duties and approvals bring theirs.
const (
	PermView     = "compliance.view"     // the board, what was refused, the export
	PermPropose  = "compliance.propose"  // ask for a change of the regulation
	PermCalendar = "compliance.calendar" // enter holidays; firm-wide
	PermClock    = "compliance.clock"    // move the demonstration's clock; firm-wide
)

// staff are the roles of people who work here: everybody but tenants, owners and the system.
func staff() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Technician, core.Guard, core.Cashier, core.Leasing, core.Quality,
		core.Archivist, core.Manager, core.GM, core.Admin}
}

func perms() []register.Perm {
	leads := []core.Role{core.Supervisor, core.Quality, core.Manager, core.GM, core.Admin}
	return []register.Perm{
		{Name: PermView, Label: core.T("制度执行:查看", "Compliance: view"), Roles: leads},
		{Name: PermPropose, Label: core.T("制度执行:提议修改制度", "Compliance: propose a change"), Roles: leads},
		{Name: PermCalendar, Label: core.T("工作日历:维护", "Calendar: enter holidays"), Roles: []core.Role{core.Admin, core.GM, core.Manager}, Firm: true},
		{Name: PermClock, Label: core.T("演示时钟:拨动", "Demo clock: move"), Roles: []core.Role{core.Admin}, Firm: true},
	}
}

// Module declares the capability.
func Module() house.Module {
	return house.Module{
		Name:       "compliance",
		Label:      core.T("制度执行", "Compliance"),
		Migrations: Migrations,
		Registers:  []register.Any{dutyRegister(), approvalRegister(), delegationRegister()},
		Routes:     routes(),
		Perms:      perms(),
		Nav: []house.Nav{
			{Wing: house.Rule, Order: 5, Label: core.T("我的待办", "My duties"), Icon: "list-check", Path: "todo", Main: true},
			{Wing: house.Rule, Order: 10, Label: core.T("制度执行", "Compliance"), Icon: "shield-check", Path: "compliance", Perm: PermView},
			{Wing: house.Rule, Order: 20, Label: core.T("制度条款", "Clauses"), Icon: "gavel", Path: "clause"},
			{Wing: house.Rule, Order: 30, Label: core.T("审批", "Approvals"), Icon: "checks", Path: "approval/mine", Perm: "approval.view", Count: countApprovals},
			{Wing: house.Rule, Order: 31, Label: core.T("全部审批", "All approvals"), Icon: "list", Path: "approval", Under: "approval/mine", Perm: "approval.view"},
			{Wing: house.Rule, Order: 32, Label: core.T("审批委托", "Delegations"), Icon: "users", Path: "delegation", Under: "approval/mine", Perm: "delegation.view"},
			{Wing: house.Setup, Order: 50, Label: core.T("工作日历", "Calendar"), Icon: "calendar", Path: "/firm/calendar"},
		},
		Tables: []journal.Table{{Kind: "duty", Name: "duty_duty"}, {Kind: "approval", Name: "approval_request"}, {Kind: approval.DelegationKind, Name: "approval_delegation"}, {Kind: "regulation_setting", Name: "regulation_setting"},
			{Kind: "regulation_clause", Name: "regulation_clause"}},
		Approvals: []approval.Kind{changeKind(), ownKind(), waiverKind()},
		Daily: []house.Daily{
			{Name: "compliance.waivers", Run: extendWaivers},
			{Name: "compliance.months", Run: CountMonths},
			{Name: "compliance.reminders", Run: approval.RemindAll},
		},
	}
}
