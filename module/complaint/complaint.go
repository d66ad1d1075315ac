// Package complaint carries a complaint (投诉) from the first word to the signature that says it is settled. The six steps
// 听问跟复记报 (listen, ask, follow up, reply, record, report) are its backbone (D4.4).
//
//   - A6.1, C1.2, D4.8 The register keeps time, complainant, company, matter and channel; ordinary ones are of seven
//     kinds. What is beyond the department's authority is major: the reason and the time of the reply are set.
//   - C1.1 The handler proposes whether it is founded, the superior rules on it; a customer's own cause is answered at once.
//   - A6.2 It is investigated before cause, responsible department and measures are named; an extension has its reason
//     and the customer's consent on record.
//   - C11.1, D4.5, C1.5 One ladder of terms: cause and solution in one working day, a letter answered in writing in two
//     (D1.7), a written complaint finished in three, any other in seven days. The earliest counts.
//   - C11.4 The customer is told a solution only after it was approved; a major one is negotiated by two managers.
//   - C13.1 The person complained of neither handles, rules, approves nor reads the case.
//   - C13.2 A rule proposes what is major; a person confirms it. C13.6 the responsible manager is told at once, of a major
//     one the head and the general manager too; C13.3 it is reported and minuted within 24 hours.
//   - C13.4 The result is told within 24 hours; D4.6 who is not satisfied has his case taken up again until he is.
//   - C11.2 Closing sums up, names improvements and who was responsible for a delay.
//   - C1.3, C1.4 The investigation report has six parts and goes up to the general manager; C1.7 compensation is approved by
//     the authority table; C11.3 measures are drawn up, approved, carried out and checked by a named supervisor.
//   - C1.6 The month's statistics go to the general manager by the tenth. D5.8 No more than two valid ones a day.
//   - C14.9 The same matter told to several departments is one case: the others are merged into it and count once.
//   - B7.2 A complaint at company level is followed by head office until its result is known there.
//
// Imported complaints are matters of the desk.
package complaint

import (
	"embed"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
)

// Migrations holds the tables of this module.
//
//go:embed *.sql
var Migrations embed.FS

// The states of a case.
const (
	StateNew      = "new"      // 待判定
	StateJudged   = "judged"   // 待裁定
	StateAccepted = "accepted" // 处理中
	StateSolving  = "solving"  // 方案待批
	StateApproved = "approved" // 待落实
	StateFinished = "finished" // 待答复
	StateReplied  = "replied"  // 待客户意见
	StateSettled  = "settled"  // 待归档: the customer is satisfied
	StateClosed   = "closed"   // 已归档
	StateDeclined = "declined" // 不予受理
	StateVoid     = "void"     // 已作废
	StateMerged   = "merged"   // 已并入
)

// Levels of severity (C13.2).
const (
	Normal = "normal"
	Major  = "major"
)

// Whom a complaint is against.
const (
	AgainstPerson     = "person" // of ours
	AgainstDepartment = "department"
	AgainstOther      = "other"
)

// What the handler finds of a complaint's reason (C1.1).
const (
	Founded   = "founded"
	Unfounded = "unfounded"
	OwnCause  = "own" // the cause lies with the customer
)

// Kind is the register of complaints.
func Kind() register.Kind {
	return register.Kind{Name: "complaint", Plural: "complaints", Label: core.T("投诉", "Complaints"), Table: "complaint_case", Events: events(), About: about,
		Choices: map[string][]core.Choice{"level": Levels(), "validity": Validities(), "ruling": Rulings(), "how": Ways()}}
}

func events() map[string]core.Text {
	return map[string]core.Text{
		"taken": core.T("受理投诉:{content}", "took the complaint: {content}"), "graded": core.T("定级 {level} {reason}", "set the level: {level} {reason}"),
		"assigned": core.T("转派 {handler}", "passed it to {handler}"), "judged": core.T("判定:{validity}。{opinion}", "proposed: {validity}. {opinion}"),
		"ruled": core.T("裁定:{ruling}。{reason}", "ruled: {ruling}. {reason}"), "asked": core.T("调查({how}):{text}", "investigated ({how}): {text}"),
		"solved": core.T("查明原因并提出办法:{solution}", "cause and solution: {solution}"), "approved": core.T("方案获批准", "the solution was approved"),
		"finished": core.T("处理完毕:{result}", "dealt with: {result}"), "promised": core.T("约定 {when} 再答复:{told}", "promised the next reply for {when}: {told}"),
		"extended": core.T("延期至 {when}:{reason},{by} 同意", "extended to {when}: {reason}; {by} consented"), "replied": core.T("答复客户({how})", "replied to the customer ({how})"),
		"satisfied": core.T("客户满意", "the customer is satisfied"), "dissatisfied": core.T("客户不满意,第 {round} 轮重新处理:{comment}", "the customer is not satisfied; round {round}: {comment}"),
		"reopened": core.T("回访不满意,第 {round} 轮重新处理:{reason}", "dissatisfied at the follow-up; round {round}: {reason}"),
		"letter":   core.T("来件登记 {letter},原件呈 {superior}", "letter {letter} registered, original to {superior}"), "filed": core.T("重大投诉报备:{superior}、{legal};处理小组 {team}", "reported the major complaint: {superior}, {legal}; team {team}"),
		"followed": core.T("总部督促跟进:{text}", "head office followed it up: {text}"), "closed": core.T("归档:{evaluation}", "closed: {evaluation}"),
		"reported": core.T("提交调查报告", "filed the investigation report"), "report-approved": core.T("调查报告获总经理批准", "the general manager approved the report"),
		"action": core.T("制定纠正预防措施:{text}", "drew up a measure: {text}"), "voided": core.T("作废:{reason}", "voided: {reason}"), "merged": core.T("并入 {number}:{reason}", "merged into {number}: {reason}"), "joined": core.T("{number} 并入本件", "{number} was merged into this"), "unmerged": core.T("取消合并:{reason}", "taken apart: {reason}"),
		"evidence": core.T("添加材料:{what}", "added evidence: {what}"),
		"media":    core.T("媒体往来({outlet}):{text}", "contact with the media ({outlet}): {text}"), "met": core.T("处理小组会议:{text}", "the team met: {text}"), "revealed": core.T("查看电话:{reason}", "saw the telephone number: {reason}"),
	}
}

// States are the states with their names.
func States() []core.Choice {
	return []core.Choice{{Value: StateNew, Label: core.T("待判定", "To be judged")}, {Value: StateJudged, Label: core.T("待裁定", "To be ruled on")}, {Value: StateAccepted, Label: core.T("处理中", "In hand")},
		{Value: StateSolving, Label: core.T("方案待批", "Solution to approve")}, {Value: StateApproved, Label: core.T("待落实", "To be carried out")}, {Value: StateFinished, Label: core.T("待答复", "To be answered")},
		{Value: StateReplied, Label: core.T("待客户意见", "Customer's opinion")}, {Value: StateSettled, Label: core.T("待归档", "To be filed")}, {Value: StateClosed, Label: core.T("已归档", "Filed")}, {Value: StateDeclined, Label: core.T("不予受理", "Not accepted")}, {Value: StateVoid, Label: core.T("已作废", "Voided")}, {Value: StateMerged, Label: core.T("已并入", "Merged")}}
}

// Levels are the levels of severity (级别).
func Levels() []core.Choice {
	return []core.Choice{{Value: Normal, Label: core.T("一般", "Ordinary")}, {Value: Major, Label: core.T("重大", "Major")}}
}

// Categories are the seven kinds of ordinary complaint (D4.8).
func Categories() []core.Choice {
	return []core.Choice{{Value: "noise", Label: core.T("装修噪音", "Fit-out noise")}, {Value: "facility", Label: core.T("公共设施故障", "Public facilities")}, {Value: "indoor", Label: core.T("室内电器及设施维修", "Indoor appliances and repairs")},
		{Value: "mail", Label: core.T("邮件报纸遗失", "Mail and newspapers lost")}, {Value: "clean", Label: core.T("环境卫生绿化", "Cleanliness and greenery")}, {Value: "pest", Label: core.T("鼠虫害", "Rats and insects")}, {Value: "service", Label: core.T("管理服务", "Management service")}}
}

// Against are whom a complaint may be against.
func Against() []core.Choice {
	return []core.Choice{{Value: AgainstPerson, Label: core.T("本公司人员", "A person of ours")}, {Value: AgainstDepartment, Label: core.T("部门", "A department")}, {Value: AgainstOther, Label: core.T("其他", "Other")}}
}

// Validities are what may be found of the reason (C1.1).
func Validities() []core.Choice {
	return []core.Choice{{Value: Founded, Label: core.T("成立", "Founded")}, {Value: Unfounded, Label: core.T("不成立", "Unfounded")}, {Value: OwnCause, Label: core.T("属客户原因", "The customer's own cause")}}
}

// Rulings are the superior's word on it.
func Rulings() []core.Choice {
	return []core.Choice{{Value: "accept", Label: core.T("受理", "Accepted")}, {Value: "decline", Label: core.T("不予受理", "Not accepted")}}
}

// Ways are how it was investigated (A6.2) and how the customer is answered.
func Ways() []core.Choice { return append(inquiries(), replies()...) }

func inquiries() []core.Choice {
	return []core.Choice{{Value: "site", Label: core.T("现场", "On site")}, {Value: "interview", Label: core.T("询问", "By interview")}, {Value: "records", Label: core.T("查资料", "From the records")}}
}

func replies() []core.Choice {
	return []core.Choice{{Value: "letter", Label: core.T("书面", "In writing")}, {Value: "oral", Label: core.T("口头", "Orally")}}
}

// Grounds are why a complaint is major (C13.2; the last is D4.8's).
func Grounds() []core.Choice {
	return []core.Choice{{Value: "repeat", Label: core.T("重复投诉", "Repeated")}, {Value: "media", Label: core.T("向上级或媒体投诉", "To a superior or the media")}, {Value: "blockade", Label: core.T("围堵闹事", "Blockade or disturbance")},
		{Value: "refund", Label: core.T("退换索赔", "Refund or damages")}, {Value: "wide", Label: core.T("影响面大或性质恶劣", "Wide effect or grave")}, {Value: "authority", Label: core.T("超出部门权限", "Beyond the department's authority")}}
}

// Propose is C13.2's rule: on what grounds a complaint is major. before are the customer's complaints of the same kind
// in the window, repeat is the one from which on it counts as repeated, this one included; 0 switches that off.
func Propose(content, channel string, before, repeat int) []string {
	var out []string
	if repeat > 0 && before+1 >= repeat {
		out = append(out, "repeat")
	}
	for _, g := range []struct{ ground, words string }{
		{"media", "媒体,记者,曝光,电视台,报社,抖音,微博,12345,信访,市长热线,总公司,住建局,消协,newspaper,media,journalist"}, {"blockade", "围堵,闹事,拉横幅,堵门,聚众,blockade"},
		{"refund", "索赔,赔偿,退款,退租,退费,refund,damages"}, {"wide", "全体,联名,多家,受伤,中毒,殴打,打人,辱骂,injured,assault"},
	} {
		for _, w := range strings.Split(g.words, ",") {
			if strings.Contains(strings.ToLower(content), strings.ToLower(w)) {
				out = append(out, g.ground)
				break
			}
		}
	}
	return out
}

// Case is one complaint.
type Case struct {
	Ref          core.Ref
	Version      int64
	Number       string
	Matter       core.ID // the desk's matter
	Customer     core.ID
	CustomerName string
	Company      string // 所在公司, when the customer is not on file
	Unit         core.ID
	UnitCode     string
	Place        string
	Contact      core.Personal
	Phone        core.Phone
	Anonymous    bool
	Channel      string
	Written      bool // a written complaint (D4.5)
	Content      string
	Demand       string // what the customer asks for (要求)
	Category     string
	Against      string
	AgainstUser  core.ID
	AgainstName  string
	CompanyLevel bool // company level (公司级, B7.2)
	Level        string
	LevelBy      string // "rule" until a person confirmed it
	Grounds      string
	GradeReason  string
	State        string
	Open         bool
	Rank         int64 // 0 major, 1 ordinary: the order of the queue
	At           time.Time
	Day          core.Date
	Month        core.Month
	Due          time.Time // what runs now
	Handler      core.ID
	HandlerName  string
	Department   string
	Assigned     time.Time
	Validity     string
	Opinion      string // 受理部门处理意见
	Ruling       string
	RulingReason string
	RuledBy      string
	Ruled        time.Time
	Asked        time.Time // this round's investigation
	Cause        string
	Responsible  string // department and person
	Solution     string
	Compensation core.Money
	Solved       time.Time
	Approved     time.Time
	Result       string
	Finished     time.Time
	Replied      time.Time
	ReplyHow     string
	Reply        string
	Business     string // who negotiated a major complaint (C11.4)
	Relations    string
	Next         time.Time // agreed time of the next reply (D4.4)
	Until        time.Time // extended to (A6.2)
	Consent      core.Personal
	Satisfied    string // "yes", "no"
	Opined       time.Time
	Signer       core.Personal
	Comment      string
	Evaluation   string
	Improvement  string
	DelayBy      string
	DelayReason  string
	Liability    string
	Loss         core.Money
	Closed       time.Time
	Round        int64
	LetterNo     string
	LetterTo     string // to whom the original went
	Filed        time.Time
	FiledTo      string
	Legal        string
	Team         string
	Minutes      string
	Followed     time.Time // by head office (B7.2)
	Report       Report
	Reported     time.Time
	Sealed       time.Time // the report's approval by the general manager
	Reason       string    // of voiding
	Merged       core.ID   // the case that carries it on, once merged (C14.9)
}

// Report is the investigation report (调查报告, C1.3).
type Report struct {
	Cause, Course, Responsible, Conclusion, Remedy, Prevention string
}

// cells are the columns with their properties: table, reading and writing keep one list.
func (c *Case) cells() []db.Cell {
	return []db.Cell{
		{Name: "number", Ptr: &c.Number}, {Name: "matter_id", Ptr: &c.Matter}, {Name: "customer_id", Ptr: &c.Customer}, {Name: "customer_name", Ptr: &c.CustomerName},
		{Name: "company", Ptr: &c.Company}, {Name: "unit_id", Ptr: &c.Unit}, {Name: "unit_code", Ptr: &c.UnitCode}, {Name: "place", Ptr: &c.Place},
		{Name: "contact", Ptr: &c.Contact}, {Name: "phone", Ptr: &c.Phone}, {Name: "anonymous", Ptr: &c.Anonymous}, {Name: "channel", Ptr: &c.Channel},
		{Name: "written", Ptr: &c.Written}, {Name: "content", Ptr: &c.Content}, {Name: "demand", Ptr: &c.Demand}, {Name: "category", Ptr: &c.Category},
		{Name: "against", Ptr: &c.Against}, {Name: "against_user", Ptr: &c.AgainstUser}, {Name: "against_name", Ptr: &c.AgainstName}, {Name: "company_level", Ptr: &c.CompanyLevel},
		{Name: "level", Ptr: &c.Level}, {Name: "level_by", Ptr: &c.LevelBy}, {Name: "grounds", Ptr: &c.Grounds}, {Name: "grade_reason", Ptr: &c.GradeReason},
		{Name: "state", Ptr: &c.State}, {Name: "open", Ptr: &c.Open}, {Name: "rank", Ptr: &c.Rank}, {Name: "at", Ptr: &c.At},
		{Name: "day", Ptr: &c.Day}, {Name: "month", Ptr: &c.Month}, {Name: "due_at", Ptr: &c.Due}, {Name: "handler_id", Ptr: &c.Handler},
		{Name: "handler", Ptr: &c.HandlerName}, {Name: "department", Ptr: &c.Department}, {Name: "assigned_at", Ptr: &c.Assigned}, {Name: "validity", Ptr: &c.Validity},
		{Name: "opinion", Ptr: &c.Opinion}, {Name: "ruling", Ptr: &c.Ruling}, {Name: "ruling_reason", Ptr: &c.RulingReason}, {Name: "ruled_by", Ptr: &c.RuledBy},
		{Name: "ruled_at", Ptr: &c.Ruled}, {Name: "asked_at", Ptr: &c.Asked}, {Name: "cause", Ptr: &c.Cause}, {Name: "responsible", Ptr: &c.Responsible},
		{Name: "solution", Ptr: &c.Solution}, {Name: "compensation", Ptr: &c.Compensation}, {Name: "solved_at", Ptr: &c.Solved}, {Name: "approved_at", Ptr: &c.Approved},
		{Name: "result", Ptr: &c.Result}, {Name: "finished_at", Ptr: &c.Finished}, {Name: "replied_at", Ptr: &c.Replied}, {Name: "reply_how", Ptr: &c.ReplyHow},
		{Name: "reply", Ptr: &c.Reply}, {Name: "business", Ptr: &c.Business}, {Name: "relations", Ptr: &c.Relations}, {Name: "next_at", Ptr: &c.Next},
		{Name: "until_at", Ptr: &c.Until}, {Name: "consent", Ptr: &c.Consent}, {Name: "satisfied", Ptr: &c.Satisfied}, {Name: "opined_at", Ptr: &c.Opined},
		{Name: "signer", Ptr: &c.Signer}, {Name: "comment", Ptr: &c.Comment}, {Name: "evaluation", Ptr: &c.Evaluation}, {Name: "improvement", Ptr: &c.Improvement},
		{Name: "delay_by", Ptr: &c.DelayBy}, {Name: "delay_reason", Ptr: &c.DelayReason}, {Name: "liability", Ptr: &c.Liability}, {Name: "loss", Ptr: &c.Loss},
		{Name: "closed_at", Ptr: &c.Closed}, {Name: "round", Ptr: &c.Round}, {Name: "letter_no", Ptr: &c.LetterNo}, {Name: "letter_to", Ptr: &c.LetterTo},
		{Name: "filed_at", Ptr: &c.Filed}, {Name: "filed_to", Ptr: &c.FiledTo}, {Name: "legal", Ptr: &c.Legal}, {Name: "team", Ptr: &c.Team},
		{Name: "minutes", Ptr: &c.Minutes}, {Name: "followed_at", Ptr: &c.Followed}, {Name: "report_cause", Ptr: &c.Report.Cause}, {Name: "report_course", Ptr: &c.Report.Course},
		{Name: "report_responsible", Ptr: &c.Report.Responsible}, {Name: "report_conclusion", Ptr: &c.Report.Conclusion}, {Name: "report_remedy", Ptr: &c.Report.Remedy}, {Name: "report_prevention", Ptr: &c.Report.Prevention},
		{Name: "reported_at", Ptr: &c.Reported}, {Name: "sealed_at", Ptr: &c.Sealed}, {Name: "reason", Ptr: &c.Reason}, {Name: "merged", Ptr: &c.Merged},
	}
}

func (c *Case) dest() []any { return db.CellDest(&c.Ref, &c.Version, c.cells()) }

// who is the customer, the company or the complainant: what a list calls the case by.
func (c Case) who() string {
	for _, s := range []string{c.CustomerName, c.Company, string(c.Contact)} {
		if s != "" {
			return s
		}
	}
	return ""
}

// title names the case where anybody may read it: without what was said, for the person complained of may be told.
func (c Case) title() core.Text {
	return core.T("%s %s", "%s %s", c.Number, core.Label(Categories(), c.Category))
}

func rankOf(level string) int64 {
	if level == Major {
		return 0
	}
	return 1
}

// isLetter: a letter or an e-mail is a written complaint (D4.5).
func isLetter(channel string) bool { return channel == "letter" || channel == "mail" }
