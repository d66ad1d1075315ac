// Package report composes what the project reports, and sees that it arrives.
//
//   - Complaints weekly and monthly (C13.5); the monthly one also reports the statistics of C1.6, one duty with it.
//   - The monthly operations report to customers (A3.3): facilities, environment and safety, composed from facts, edited,
//     approved by the manager, sent by e-mail with a link whose opening is the receipt, or on paper and signed for.
//   - The work report to the leaders and the announcements to owners (B4.7).
//   - The analysis of demand and satisfaction (A8.2), with conclusions that a person writes.
//
// Figures come from the records by set-based queries over a period and are kept with the issue: one that was issued never
// changes. Other modules add sections through house.Module.Facts. A figure leads to its records as they stand today, and
// says so when they are no longer as many. Composing is a job that the first tick of a local day asks for.
package report

import (
	"context"
	"embed"
	"encoding/json"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/register"
	"huiyin/regulation"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// The kinds of report.
const (
	Weekly     = house.ReportWeekly
	Monthly    = house.ReportMonthly
	Operations = house.ReportOperations
	Work       = house.ReportWork
	Analysis   = house.ReportAnalysis
)

// The states of an issue. Only a draft changes.
const (
	StateDraft     = "draft"     // 已编制: composed, its figures may be counted anew
	StateEdited    = "edited"    // 已编辑: somebody wrote into it
	StateSubmitted = "submitted" // 待批准
	StateApproved  = "approved"  // 已批准
	StateSent      = "sent"      // 已发送: to customers
	StateIssued    = "issued"    // 已出具: to the leaders
	StateClosed    = "closed"    // 已归档
)

// sort is one kind of report.
type sort struct {
	kind   string
	label  core.Text
	clause string
	number string // of the clause, which says when it is due
	says   core.Text
}

func sorts() []sort {
	return []sort{
		{Weekly, core.T("投诉周报", "Weekly complaint report"), "C13.5", "every", core.T("受理、有效、按时、满意,与上一周相比", "Taken, founded, in time, satisfied, beside the week before")},
		{Monthly, core.T("投诉月报", "Monthly complaint report"), "C13.5", "day", core.T("出具时一并上报投诉统计表(C1.6)", "Issuing it reports the statistics of C1.6 too")},
		{Operations, core.T("客户运营月报", "Operations report to customers"), "A3.3", "day", core.T("设施运行、环境卫生、安全管理;经批准发给客户", "Facilities, environment, safety; approved, then sent to the customers")},
		{Work, core.T("客服工作报告", "Customer service work report"), "B4.7", "day", core.T("每月报领导;同月还要向业主发布公告", "To the leaders each month, with an announcement to owners in the same month")},
		{Analysis, core.T("需求与满意度分析", "Demand and satisfaction"), "A8.2", "day", core.T("谁、什么时候、要什么、满不满意;结论由人写", "Who asks for what, when, and how content they are; conclusions by a person")},
	}
}

func sortOf(kind string) (sort, bool) {
	i := slices.IndexFunc(sorts(), func(s sort) bool { return s.kind == kind })
	if i < 0 {
		return sort{}, false
	}
	return sorts()[i], true
}

// Kinds are the kinds of report with their names.
func Kinds() []core.Choice {
	var out []core.Choice
	for _, s := range sorts() {
		out = append(out, core.Choice{Value: s.kind, Label: s.label})
	}
	return out
}

// States are the states with their names.
func States() []core.Choice {
	return []core.Choice{{Value: StateDraft, Label: core.T("已编制", "Composed")}, {Value: StateEdited, Label: core.T("已编辑", "Edited")}, {Value: StateSubmitted, Label: core.T("待批准", "To be approved")},
		{Value: StateApproved, Label: core.T("已批准", "Approved")}, {Value: StateSent, Label: core.T("已发送", "Sent")}, {Value: StateIssued, Label: core.T("已出具", "Issued")}, {Value: StateClosed, Label: core.T("已归档", "Filed")}}
}

// Kind is the register of issues.
func Kind() register.Kind {
	return register.Kind{Name: "report", Plural: "reports", Label: core.T("报表", "Reports"), Table: "report_issue", About: about, Events: map[string]core.Text{
		"composed": core.T("编制:{period}", "composed it: {period}"), "recounted": core.T("重新统计", "counted the figures anew"), "edited": core.T("编辑文字", "edited the text"),
		"submitted": core.T("提交批准", "submitted it for approval"), "approved": core.T("批准", "approved it"), "issued": core.T("出具并报领导", "issued it to the leaders"),
		"sent": core.T("发送客户:邮件 {mails} 户,纸质 {papers} 户", "sent to customers: {mails} by e-mail, {papers} on paper"), "mailed": core.T("发送邮件 {mails} 封", "sent {mails} e-mails"),
		"reminded": core.T("提醒未读客户 {mails} 户", "reminded {mails} customers who have not read it"), "signed": core.T("登记纸质签收 {papers} 户", "recorded {papers} signatures for paper"),
		"remarked": core.T("批示:{remark}", "remarked: {remark}"), "closed": core.T("归档", "filed it"), "voided": core.T("作废:{reason}", "voided: {reason}")}}
}

// Issue is one report of a period.
type Issue struct {
	Ref         core.Ref
	Version     int64
	Number      string
	Kind        string
	From, To    core.Date
	State       string
	Open        bool // something is left to do
	At          time.Time
	Composer    string
	Sections    []house.Section
	Facility    string // 设施运行, in words
	Environment string // 环境卫生
	Safety      string // 安全管理
	Conclusion  string
	Plan        string
	Submitted   time.Time
	Submitter   string
	Approved    time.Time
	Approver    string
	Issued      time.Time // or sent to the customers
	Remark      string    // 批示
	RemarkedBy  string
	Closed      time.Time
	sections    string
}

func (i *Issue) dest() []any {
	return []any{&i.Ref.Project, &i.Ref.ID, &i.Version, &i.Number, &i.Kind, &i.From, &i.To, &i.State, &i.Open, &i.At, &i.Composer, &i.sections, &i.Facility, &i.Environment, &i.Safety, &i.Conclusion, &i.Plan,
		&i.Submitted, &i.Submitter, &i.Approved, &i.Approver, &i.Issued, &i.Remark, &i.RemarkedBy, &i.Closed}
}

// head is the columns of a list, which leaves the figures out.
func columns(sections string) string {
	return `project_id, id, version, number, kind, from_day, to_day, state, open, at, composer, ` + sections + `, facility, environment, safety, conclusion, plan,
	submitted_at, submitter, approved_at, approver, issued_at, remark, remarked_by, closed_at`
}

func (i Issue) complete() (Issue, error) {
	i.Ref.Kind = "report"
	if i.sections == "" {
		return i, nil
	}
	return i, json.Unmarshal([]byte(i.sections), &i.Sections)
}

// Get reads one issue of the request's project.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Issue, error) {
	i, err := db.One(ctx, tx, (*Issue).dest, "select "+columns("sections")+" from report_issue where project_id = $1 and id = $2 and voided_at is null", core.ProjectOf(ctx).ID, id)
	if err != nil {
		return i, err
	}
	return i.complete()
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (Issue, error) {
	i, err := db.One(ctx, tx, (*Issue).dest, db.Locked(tx, "select "+columns("sections")+" from report_issue where project_id = $1 and id = $2 and voided_at is null"), core.ProjectOf(ctx).ID, id)
	if err != nil {
		return i, err
	}
	return i.complete()
}

// IssueOf finds the issue of a kind whose period begins on a day.
func IssueOf(ctx context.Context, tx db.Tx, kind string, from core.Date) (Issue, bool, error) {
	i, ok, err := db.Maybe(ctx, tx, (*Issue).dest, "select "+columns("''")+" from report_issue where project_id = $1 and kind = $2 and from_day = $3 and voided_at is null", core.ProjectOf(ctx).ID, kind, from)
	i.Ref.Kind = "report"
	return i, ok, err
}

func list(ctx context.Context, tx db.Tx, where string, args ...any) ([]Issue, error) {
	is, err := db.All(ctx, tx, (*Issue).dest, "select "+columns("''")+" from report_issue where "+where, args...)
	for n := range is {
		is[n].Ref.Kind = "report"
	}
	return is, err
}

// Period is what the issue is about.
func (i Issue) Period() house.Period { return house.Period{From: i.From, To: i.To} }

// Title names the report with its period.
func (i Issue) Title() core.Text {
	s, _ := sortOf(i.Kind)
	return core.T("%s %s", "%s %s", s.label, periodText(i.Kind, i.Period()))
}

// periodText is 2026-11, or the two days of a week or quarter.
func periodText(kind string, p house.Period) core.Text {
	if kind != Weekly && p.From == p.From.Month().First() && p.To == p.From.Month().Last() {
		return core.Text{ZH: string(p.From.Month()), EN: string(p.From.Month())}
	}
	return core.T("%s 至 %s", "%s to %s", string(p.From), string(p.To))
}

func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	i, err := Get(ctx, tx, id)
	return i.Title(), err
}

// Topic is what the live pages of a project's reports listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/report" }

// ---- periods

// firstMonday is where weeks are counted from.
const firstMonday core.Date = "1970-01-05"

// periodAround is the period of a kind in which a day lies.
func periodAround(rules *regulation.Rules, kind string, day core.Date) house.Period {
	switch kind {
	case Weekly:
		n := max(1, daysOf(rules.Span("C13.5", "every")))
		from := day.Add(-(firstMonday.Days(day) % n))
		return house.Period{From: from, To: from.Add(n - 1)}
	case Analysis:
		every := max(1, rules.Count("A8.2", "months"))
		first := day.Month().First().Time(time.UTC)
		back := (first.Year()*12 + int(first.Month()) - 1) % every
		from := day.Month().Add(-back)
		return house.Period{From: from.First(), To: from.Add(every - 1).Last()}
	}
	return house.Period{From: day.Month().First(), To: day.Month().Last()}
}

// before is the period before this one.
func before(rules *regulation.Rules, kind string, p house.Period) house.Period {
	return periodAround(rules, kind, p.From.Add(-1))
}

func daysOf(s core.Span) int {
	if s.Short() {
		return 1
	}
	return s.N
}
