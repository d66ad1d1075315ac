package visit

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
)

// Module declares visits.
func Module() house.Module {
	return house.Module{Name: "visit", Label: core.T("拜访", "Visits"), Migrations: Migrations,
		Registers: []register.Any{visits(), promises(), meetings(), contacts(), cards(), festivals(), sights(), warnings()}, Routes: routes(), Forms: forms(),
		Tables: []journal.Table{{Kind: "visit", Name: "visit_visit"}, {Kind: "promise", Name: "visit_item"}, {Kind: "meeting", Name: "visit_meeting"}, {Kind: "outreach", Name: "visit_contact"}, {Kind: "keycard", Name: "visit_card"},
			{Kind: "festival", Name: "visit_festival"}, {Kind: "sighting", Name: "visit_sight"}},
		Measures: measures(), Recurring: []duty.Recurring{{Clause: "C19.3", Number: "day", Months: "months", Title: core.T("召开租户大会并留记录", "Hold a tenants' meeting and keep its minutes"), URL: "meeting", Before: true}},
		Daily: []house.Daily{{Name: "visit.day", Run: daily}}, Signals: signals(), Follows: []string{"visit_visit", "visit_item", "visit_contact", "visit_card", "visit_sight"}, OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{Erase}, Panels: []register.Panel{panel()},
		Nav:     navigation(),
		Clauses: claims(), Events: []house.Event{{Key: "visit.planned", Label: core.T("制定了一次拜访", "A visit was planned")}, {Key: "visit.visited", Label: core.T("拜访了一家客户", "A customer was visited")}, {Key: "visit.recorded", Label: core.T("完成了拜访记录", "A visit was put on record")}}}
}

func navigation() []house.Nav {
	nav := func(order int, zh, en, icon, path, perm string) house.Nav {
		return house.Nav{Wing: house.People, Order: order, Label: core.T(zh, en), Icon: icon, Path: path, Perm: perm}
	}
	all := []house.Nav{nav(40, "走访安排", "Visiting round", "calendar-event", "visit/round", "visit.view"), nav(41, "拜访记录", "Visits", "list-check", "visit", "visit.view"), nav(42, "承诺与意见", "Promises and opinions", "checks", "promise", "promise.view"),
		nav(43, "主动沟通", "Regular contacts", "phone", "outreach", "outreach.view"), nav(44, "租户大会", "Tenants' meetings", "users", "meeting", "meeting.view"), nav(45, "重点客户卡", "Key customers' cards", "user", "keycard", "keycard.view"),
		nav(46, "节日拜访", "Festival visits", "calendar", "festival", "festival.view"), nav(47, "异动登记", "Sightings", "eye", "sighting", "sighting.view"), nav(48, "跑路预警", "Early warning", "alert-triangle", "warning", "warning.view")}
	all[1].Count, all[8].Count = opened, warned
	for i := range 7 { // the rail shows them while one of them is open
		all[i+1].Under = all[0].Path
	}
	return all
}

func claims() []regulation.Claim {
	c := func(clause, records string, by ...regulation.Mechanism) regulation.Claim {
		return regulation.Claim{Clause: clause, By: by, Records: records}
	}
	return []regulation.Claim{c("C2.1", "visit", regulation.ByForm, regulation.ByGuard, regulation.ByDuty), c("C2.2", "visit?state=recorded", regulation.ByForm, regulation.ByGuard),
		{Clause: "C2.3", By: []regulation.Mechanism{regulation.ByDuty, regulation.ByGuard}, Numbers: []string{"follow"}, Records: "promise?sort=promise&state=all"},
		{Clause: "C4.1", By: []regulation.Mechanism{regulation.ByDuty, regulation.ByGuard}, Numbers: []string{"term"}, Records: "visit?state=visited"},
		{Clause: "C8.1", By: []regulation.Mechanism{regulation.ByFlow, regulation.ByGuard}, Numbers: []string{"neglected"}, Records: "visit/round"}, c("C8.2", "visit?state=recorded", regulation.ByFlow, regulation.ByGuard),
		{Clause: "C14.11", By: []regulation.Mechanism{regulation.ByRecurring, regulation.ByGuard}, Numbers: []string{"lead"}, Records: "festival"},
		{Clause: "C16.3", By: []regulation.Mechanism{regulation.ByRecurring, regulation.ByGuard}, Numbers: []string{"handler", "supervisor"}, Records: "visit/round?show=key"},
		{Clause: "C19.3", By: []regulation.Mechanism{regulation.ByRecurring, regulation.ByGuard}, Numbers: []string{"months", "day"}, Records: "meeting"},
		{Clause: "C19.4", By: []regulation.Mechanism{regulation.ByMeasure, regulation.ByDuty}, Numbers: []string{"attendance", "reply"}, Records: "promise?sort=request&state=all"},
		{Clause: "C19.5", By: []regulation.Mechanism{regulation.ByMeasure}, Numbers: []string{"target"}, Records: "visit/round"},
		{Clause: "D5.3", By: []regulation.Mechanism{regulation.ByRecurring, regulation.ByDuty}, Numbers: []string{"every", "visits", "reply"}, Records: "visit?state=all"},
		c("DX.12", "visit?state=recorded", regulation.ByForm, regulation.ByGuard), {Clause: "A3.6", By: []regulation.Mechanism{regulation.ByRecurring, regulation.ByGuard}, Numbers: []string{"every"}, Records: "visit/round?show=silent"}}
}

// Erase blanks who was met and where, for a customer whose personal data is erased (L5). The visits stay.
func Erase(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	for _, statement := range []string{
		"update visit_visit set customer_name = '', met = '', phone = '', signer = '' where project_id = $1 and customer_id = $2",
		"update visit_item set customer_name = '' where project_id = $1 and customer_id = $2",
		"update visit_contact set customer_name = '', person = '', needs = '', opinions = '' where project_id = $1 and customer_id = $2",
		"update visit_card set customer_name = '', person = '', address = '', phone = '', mail = '', wechat = '', taste = '', note = '' where project_id = $1 and customer_id = $2",
		"update visit_invite set name = '', person = '' where project_id = $1 and customer_id = $2",
		"update visit_sight set customer_name = '' where project_id = $1 and customer_id = $2",
		"delete from visit_signal where project_id = $1 and customer_id = $2",
		"delete from visit_warning where project_id = $1 and customer_id = $2",
	} {
		if _, err := db.Exec(ctx, tx, statement, project, customer); err != nil {
			return err
		}
	}
	vs, err := list(ctx, tx, "project_id = $1 and customer_id = $2", project, customer)
	for _, v := range vs {
		if err == nil {
			err = put(ctx, tx, v)
		}
	}
	return err
}
