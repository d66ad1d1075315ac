package customer

import (
	"context"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
)

func staff() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Cashier, core.Leasing, core.Quality, core.Archivist, core.Manager, core.GM}
}

func keepers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Leasing, core.Archivist}
}

// Module declares the capability.
func Module() house.Module {
	return house.Module{
		Name: "customer", Label: core.T("客户档案", "Customers"), Migrations: migrations,
		Registers: []register.Any{fileRegister(), upkeeps(), directoryRegister(), handoverRegister()},
		Routes:    routes(),
		Perms:     []register.Perm{{Name: "customer.subject", Label: core.T("客户档案:向本人提供资料", "Customers: hand out a person's data"), Roles: []core.Role{core.Supervisor, core.Manager}}},
		Nav: []house.Nav{
			{Wing: house.People, Order: 10, Label: core.T("客户档案", "Customers"), Icon: "users", Path: "customer", Perm: "customer.view"},
			{Wing: house.People, Order: 12, Label: core.T("信息维护", "Changes"), Icon: "edit", Under: "customer", Path: "upkeep", Perm: "upkeep.view"},
			{Wing: house.People, Order: 14, Label: core.T("核对提醒", "Reminders"), Icon: "send", Under: "customer", Path: "customer/check", Perm: "customer.remind"},
			{Wing: house.People, Order: 30, Label: core.T("商户通讯录", "Telephone lists"), Icon: "phone", Under: "customer", Path: "directory", Perm: "directory.view"},
			{Wing: house.People, Order: 31, Label: core.T("客户移交", "Handovers"), Icon: "list", Under: "customer", Path: "handover", Perm: "handover.view"},
		},
		Panels: []register.Panel{{On: "unit", Perm: "customer.view", Order: 10, Body: unitPanel}},
		Tables: []journal.Table{{Kind: "customer", Name: "customer_customer"}, {Kind: "directory", Name: "customer_directory"}, {Kind: "handover", Name: "customer_handover"},
			{Kind: "upkeep", Name: "customer_upkeep"}, {Kind: "access", Name: "customer_access"},
			{Kind: "customer_lease", Name: "customer_lease"}, {Kind: "customer_reading", Name: "customer_reading"}, {Kind: "customer_arrears", Name: "customer_arrears"}},
		Forms: []core.Form{{Clause: "DX.14", Title: formTitle()}, {Clause: "D4.7", Title: core.T("商户通讯录", "Merchants' telephone list")}, {Clause: "C15.8", Title: basicTitle()}, {Clause: "C15.8", Title: upkeepTitle()}},
		Events: []house.Event{{Key: "customer.created", Label: core.T("客户建档", "A customer file was made")}, {Key: "customer.withdrawn", Label: core.T("客户撤回了一项同意", "A customer withdrew a consent")}, {Key: "customer.filed", Label: core.T("客户完成备案", "A customer was put on file")},
			{Key: "customer.confirmed", Label: core.T("客户档案经确认", "A customer file was confirmed")}, {Key: "customer.change", Label: core.T("客户登记资料变动", "A customer reported a change")},
			{Key: "customer.verified", Label: core.T("客户资料已核实", "A customer's particulars were verified")}, {Key: "customer.occupied", Label: core.T("客户使用了单元", "A customer took up a unit")},
			{Key: "customer.vacated", Label: core.T("客户迁出单元", "A customer left a unit")}},
		Clauses:   claims(),
		Recurring: recurring(),
		Approvals: []approval.Kind{{Verb: "customer.file", Name: core.T("客户建档", "New customer file"), Run: func(ctx context.Context, tx db.Tx, r approval.Request) error { return Confirm(ctx, tx, r.About.ID) }},
			{Verb: accessVerb, Name: core.T("查阅完整档案", "Read a customer's file in full"), Can: canGive, Run: give}},
		CellStates: cellStates(),
		Reactions:  reactions(),
		Sheets:     importers(),
	}
}

func claims() []regulation.Claim {
	by := func(m ...regulation.Mechanism) []regulation.Mechanism { return m }
	return []regulation.Claim{
		{Clause: "B1.1", By: by(regulation.ByForm, regulation.ByGuard), Records: "customer"},
		{Clause: "B1.2", By: by(regulation.ByDuty), Numbers: []string{"every"}, Records: "customer?overdue=true"},
		{Clause: "A8.1", By: by(regulation.ByForm), Records: "customer"},
		{Clause: "B1.5", By: by(regulation.ByForm, regulation.ByGuard), Numbers: []string{"family"}, Records: "customer"},
		{Clause: "B1.6", By: by(regulation.ByRecurring, regulation.ByGuard), Numbers: []string{"ahead", "day"}, Records: "upkeep"},
		{Clause: "C6.8", By: by(regulation.ByParam, regulation.ByGuard), Records: "customer?nature=special"},
		{Clause: "C15.3", By: by(regulation.ByAccess, regulation.ByGuard), Numbers: []string{"valid"}, Records: "customer"},
		{Clause: "C15.7", By: by(regulation.ByForm), Records: "customer"},
		{Clause: "C15.8", By: by(regulation.ByForm), Records: "upkeep"},
		{Clause: "B1.4", By: by(regulation.ByGuard), Records: "customer"},
		{Clause: "C5.1", By: by(regulation.ByForm, regulation.ByFlow), Records: "customer?state=pending"},
		{Clause: "C15.1", By: by(regulation.ByParam, regulation.ByGuard), Records: "customer?category=key"},
		{Clause: "C15.2", By: by(regulation.ByDuty), Numbers: []string{"term"}, Records: "customer?state=met"},
		{Clause: "C15.4", By: by(regulation.ByGuard, regulation.ByDuty), Numbers: []string{"contacts"}, Records: "handover"},
		{Clause: "D4.7", By: by(regulation.ByRecurring), Numbers: []string{"day"}, Records: "directory"},
		{Clause: "E5.1", By: by(regulation.ByForm), Records: "customer"},
		{Clause: "DX.14", By: by(regulation.ByForm), Records: "customer"},
		{Clause: "D2.7", By: by(regulation.ByForm), Numbers: []string{"inside", "outside"}, Records: "customer"},
		{Clause: "L5", By: by(regulation.ByAccess, regulation.ByGuard), Records: "customer"},
	}
}
