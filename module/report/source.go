package report

import (
	"net/url"
	"strconv"

	"huiyin/core"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/repair"
)

func escape(s string) string { return url.QueryEscape(s) }
func mark(n int) string      { return strconv.Itoa(n) }

func sources() []source { return []source{complaints(), repairs(), matters(), calls(), entries()} }

func sourceOf(kind string) (source, bool) {
	for _, s := range sources() {
		if s.kind == kind {
			return s, true
		}
	}
	return source{}, false
}

// Whose customer a record is, and in which building.
const (
	ofCustomer = "left join customer_customer k on k.project_id = c.project_id and k.id = c.customer_id"
	ofBuilding = "left join estate_unit u on u.project_id = c.project_id and u.id = c.unit_id left join estate_building b on b.project_id = u.project_id and b.id = u.building_id"
)

func people() []split {
	unknown := core.T("未登记客户", "Not on file")
	return []split{{key: "class", name: core.T("客户类别", "Customer category"), expr: "coalesce(k.category, '')", join: ofCustomer, choices: customer.Categories(), none: unknown},
		{key: "industry", name: core.T("行业", "Industry"), expr: "coalesce(k.industry, '')", join: ofCustomer, none: core.T("未填行业", "Not given")},
		{key: "building", name: core.T("楼栋", "Building"), expr: "coalesce(b.name, '')", join: ofBuilding, none: core.T("未定位", "No unit")}}
}

// lateCase is a complaint that missed one of its terms, as the statistics of C1.6 count it.
const lateCase = `exists (select 1 from duty_duty d where d.project_id = c.project_id and d.kind = 'complaint' and d.record_id = c.id
	and d.clause in ('C1.5', 'D4.5', 'C11.1', 'C13.3', 'C13.4', 'C13.6', 'D4.4') and (d.state = 'done' and d.late or d.state = 'open' and d.due_at < $4))`

func complaints() source {
	t := func(key, zh, en, where string) tally { return tally{key, core.T(zh, en), where} }
	return source{kind: "complaint", label: core.T("投诉", "Complaints"), table: "complaint_case", at: "at", number: "c.number", state: "c.state", where: "c.state not in ('void', 'merged')", overdue: lateCase,
		tallies: []tally{t("taken", "受理", "Taken", "c.id <> 0"), t("valid", "有效", "Founded", "c.validity = 'founded' and c.ruling <> 'decline'"), t("unfounded", "不成立", "Unfounded", "c.validity = 'unfounded'"),
			t("major", "重大", "Major", "c.level = 'major'"), t("closed", "办结", "Closed", "not c.open"), t("open", "在办", "Open", "c.open"), t("late", "逾期", "Late", "c.overdue"),
			t("timely", "按时办结", "Closed in time", "not c.open and not c.overdue"), t("reopened", "重新处理", "Reopened", "c.round > 1"), t("satisfied", "满意", "Satisfied", "c.satisfied = 'yes'"),
			t("dissatisfied", "不满意", "Not satisfied", "c.satisfied <> '' and c.satisfied <> 'yes'"), t("opinion", "已表态", "Opinions given", "c.satisfied <> ''"),
			t("compensation", "补偿", "Compensation", "sum c.compensation"), t("environment", "环境卫生类投诉", "Complaints on cleanliness", "c.category in ('clean', 'pest', 'noise')"),
			t("facility", "设施类投诉", "Complaints on facilities", "c.category in ('facility', 'indoor')")},
		splits: append(people(), split{key: "category", name: core.T("类别", "Kind"), expr: "c.category", choices: complaint.Categories(), none: core.T("未分类", "Not classed")}, split{key: "level", name: core.T("级别", "Severity"), expr: "c.level", choices: complaint.Levels()},
			split{key: "department", name: core.T("责任部门", "Department"), expr: "c.department", none: core.T("未转派", "Not passed on")},
			split{key: "validity", name: core.T("是否成立", "Validity"), expr: "c.validity", choices: complaint.Validities(), none: core.T("未判定", "Not judged")},
			split{key: "day", name: core.T("日期", "Day"), expr: "c.day"}, split{key: "repeat", name: core.T("客户", "Customer"), expr: "coalesce(cast(c.customer_id as text), '') || ':' || c.category"})}
}

// lateOrder is a repair that somebody came too late for, as the statistics of C17.4 count it.
const lateOrder = `(exists (select 1 from repair_visit v where v.project_id = c.project_id and v.repair_id = c.id and v.moved_at is null and v.arrived_at > v.due_at)
	or exists (select 1 from duty_duty d where d.project_id = c.project_id and d.kind = 'repair' and d.record_id = c.id and d.clause = 'D4.2' and d.late))`

func repairs() source {
	t := func(key, zh, en, where string) tally { return tally{key, core.T(zh, en), where} }
	return source{kind: "repair", label: core.T("报修", "Repairs"), table: "repair_order", at: "at", number: "c.number", state: "c.state", where: "c.origin <> 'import' and c.state <> 'cancelled'", overdue: lateOrder,
		tallies: []tally{t("taken", "受理", "Taken", "c.id <> 0"), t("closed", "完成", "Completed", "c.state = 'closed'"), t("open", "在办", "Open", "c.open"), t("timely", "及时完成", "Completed in time", "c.state = 'closed' and not c.overdue"),
			t("late", "到场逾期", "Arrived late", "c.overdue"), t("passed", "一次合格", "Accepted at once", "c.state = 'closed' and c.round = 1"), t("urgent", "紧急和重大", "Urgent and major", "c.level in ('urgent', 'major')"),
			t("public", "公共部位", "Common parts", "c.scope = 'public'"), t("safety", "消防、电梯、门禁报修", "Repairs of fire protection, lifts, access", "c.trade in ('fire', 'lift', 'weak')"),
			t("rated", "有评价", "Rated", "c.quality > 0"), t("content", "评价四星以上", "Rated four stars or more", "c.quality >= 4"), t("poor", "评价两星以下", "Rated two stars or less", "c.quality > 0 and c.quality <= 2"),
			t("quality", "质量得分", "Stars for quality", "sum c.quality"), t("attitude", "态度得分", "Stars for attitude", "sum c.attitude"), t("speed", "效率得分", "Stars for speed", "sum c.speed"),
			t("attitudes", "评态度", "Attitude rated", "c.attitude > 0"), t("speeds", "评效率", "Speed rated", "c.speed > 0")},
		splits: append(people(), split{key: "trade", name: core.T("性质", "Trade"), expr: "c.trade", choices: repair.Trades(), none: core.T("未分类", "Not classed")}, split{key: "level", name: core.T("级别", "Level"), expr: "c.level", choices: repair.Levels()},
			split{key: "scope", name: core.T("部位", "Part"), expr: "c.scope", choices: repair.Scopes()})}
}

// contactedLate is a request whose customer nobody contacted in time (B4.3).
const contactedLate = `exists (select 1 from duty_duty d where d.project_id = c.project_id and d.kind = 'desk' and d.record_id = c.id and d.clause = 'B4.3' and (d.state = 'done' and d.late or d.state = 'open' and d.due_at < $4))`

func matters() source {
	t := func(key, zh, en, where string) tally { return tally{key, core.T(zh, en), where} }
	kinds := append([]core.Choice{{Value: "repair", Label: core.T("报修", "Repair")}}, desk.Kinds()...)
	return source{kind: "desk", label: core.T("诉求", "Requests"), table: "desk_matter", at: "at", number: "c.number", state: "c.state", where: "c.state not in ('void', 'merged') and c.origin <> 'import'", overdue: contactedLate,
		tallies: []tally{t("taken", "受理", "Taken", "c.id <> 0"), t("closed", "办结", "Closed", "not c.open"), t("open", "在办", "Open", "c.open"), t("slow", "未按时联系", "Contacted late", "c.overdue"),
			t("emergency", "紧急诉求", "Urgent requests", "c.urgent or c.kind = 'emergency'"), t("repair", "报修", "Repairs", "c.kind = 'repair'"), t("complaint", "投诉", "Complaints", "c.kind = 'complaint'"),
			t("enquiry", "咨询", "Enquiries", "c.kind = 'enquiry'"), t("suggestion", "建议", "Suggestions", "c.kind = 'suggestion'"), t("praise", "表扬", "Praise", "c.kind = 'praise'")},
		splits: append(people(), split{key: "kind", name: core.T("种类", "Kind"), expr: "c.kind", choices: kinds}, split{key: "channel", name: core.T("渠道", "Channel"), expr: "c.channel", choices: desk.Channels(), none: core.T("未填渠道", "Not given")})}
}

func calls() source {
	return source{kind: "call", label: core.T("来电", "Calls"), table: "desk_call", at: "at", number: "cast(c.id as text)", state: "''", where: "c.direction = 'in'",
		tallies: []tally{{"taken", core.T("来电", "Calls in"), "c.id <> 0"}, {"answered", core.T("接听", "Answered"), "c.answered"}, {"missed", core.T("未接", "Missed"), "not c.answered"}}}
}

func entries() source {
	return source{kind: "entry", label: core.T("计划检修与入户", "Planned work"), table: "desk_entry", at: "from_at", number: "c.unit_code", state: "c.state", where: "c.state <> 'cancelled'",
		tallies: []tally{{"planned", core.T("计划", "Planned"), "c.id <> 0"}, {"done", core.T("完成", "Done"), "c.state = 'done'"}, {"told", core.T("事先联系", "Contacted beforehand"), "c.contacted_at is not null"}},
		splits:  []split{{key: "kind", name: core.T("种类", "Kind"), expr: "c.kind", choices: []core.Choice{{Value: "maintenance", Label: core.T("检修", "Maintenance")}, {Value: "inspection", Label: core.T("检查", "Inspection")}, {Value: "entry", Label: core.T("其他入户工作", "Other work inside")}}}}}
}
