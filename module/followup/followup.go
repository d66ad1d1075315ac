// Package followup asks customers afterwards whether what was done for them was done well (回访), and starts anew where it
// was not.
//
//   - C14.1 Every complaint that was dealt with is followed up in three days, on site; C14.2's half is the floor.
//   - C14.3, C14.4 Of the month's repairs and of those who took part in an activity a share is drawn, spread over floors
//     and customers; D5.2 a repair that was drawn is followed up in three days. Bad ratings and refusals to sign always.
//   - C14.12 Once after a move-in and once after an emergency.
//   - C14.5 An ordinary matter is followed up by an assistant, an important one by the supervisor, a major one by the
//     manager; never by who handled it.
//   - C14.6 On site the customer signs; a call is marked as one.
//   - C14.7 A new opinion is answered at once or at an agreed time; who is dissatisfied has the matter taken up again and is
//     followed up again until satisfied, from the second time on by telephone, but for a major matter. C14.8 measures it.
//   - C14.9 One problem of many is answered by an open letter; who stays unnamed or wanted only a letter is not called.
//   - C14.10 The supervisor plans, assigns, checks and remarks; the month's statistics go to the company.
//   - DX.11 The record is form FM-GL-032-0.
//
// A closed matter comes here by what its module says has happened to it (house.Module.Reactions) and leaves a narrow row
// in the pool (回访池) from which the month is drawn and by which the rates are measured.
package followup

import (
	"embed"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
)

// Migrations holds the tables of this module.
//
//go:embed *.sql
var Migrations embed.FS

// The states of a follow-up.
const (
	StateDue    = "due"    // 待回访
	StateDone   = "done"   // 已回访
	StateLetter = "letter" // 公开信答复
	StateExempt = "exempt" // 免回访
	StateVoid   = "void"   // 已撤回: the matter is being handled again, or the plan was dropped
)

// What a follow-up is after.
const (
	Complaint = "complaint"
	Repair    = "repair"
	MoveIn    = "movein"
	Emergency = "emergency"
	Activity  = "activity"
	Other     = "other"
)

// How severe the matter is: it decides who calls (C14.5).
const (
	Ordinary  = "ordinary"
	Important = "important"
	Major     = "major"
)

// How the customer was asked.
const (
	ByPhone = "phone"
	OnSite  = "site"
)

// What came of it.
const (
	Satisfied    = "satisfied"
	Dissatisfied = "dissatisfied"
	NewOpinion   = "opinion"
)

// Why a follow-up was planned.
const (
	WhyTerm   = "term"   // the clause demands each
	WhySample = "sample" // drawn
	WhyPoor   = "poor"   // badly rated, not signed, or grave
	WhyAgain  = "again"  // after a dissatisfied one
	WhyHand   = "hand"   // planned by hand
)

// Why somebody is not followed up (C14.9).
const (
	ExemptAnonymous = "anonymous"
	ExemptLetter    = "letter"
)

// Kind is the register of follow-ups.
func Kind() register.Kind {
	return register.Kind{Name: "followup", Plural: "followups", Label: core.T("回访", "Follow-ups"), Table: "followup_item", About: about,
		Choices: map[string][]core.Choice{"how": Hows(), "result": Results(), "why": Whys(), "exempt": Exemptions(), "severity": Severities()},
		Events: map[string]core.Text{
			"planned": core.T("列入回访({why})", "planned ({why})"), "assigned": core.T("安排给 {caller}", "assigned to {caller}"), "weighed": core.T("定为 {severity}", "set to {severity}"),
			"missed": core.T("未联系上:{note}", "nobody was reached: {note}"), "recorded": core.T("回访({how}):{result}。{opinion}", "followed up ({how}): {result}. {opinion}"), "answered": core.T("答复新意见:{answer}", "answered the new opinion: {answer}"),
			"settled": core.T("问题已解决", "the problem is settled"), "remarked": core.T("检查意见:{remark}", "remark: {remark}"), "exempted": core.T("免回访({exempt}):{note}", "no follow-up ({exempt}): {note}"),
			"lettered": core.T("以公开信 {letter} 答复", "answered by open letter {letter}"), "withdrawn": core.T("撤回:{reason}", "withdrawn: {reason}"), "revealed": core.T("查看电话:{reason}", "saw the telephone number: {reason}"),
		}}
}

// States are the states with their names.
func States() []core.Choice {
	return []core.Choice{{Value: StateDue, Label: core.T("待回访", "To follow up")}, {Value: StateDone, Label: core.T("已回访", "Followed up")}, {Value: StateLetter, Label: core.T("公开信答复", "Answered by open letter")},
		{Value: StateExempt, Label: core.T("免回访", "Not needed")}, {Value: StateVoid, Label: core.T("已撤回", "Withdrawn")}}
}

// Occasions are what a follow-up may be after.
func Occasions() []core.Choice {
	return []core.Choice{{Value: Complaint, Label: core.T("投诉", "Complaint")}, {Value: Repair, Label: core.T("维修", "Repair")}, {Value: MoveIn, Label: core.T("入伙", "Move-in")},
		{Value: Emergency, Label: core.T("突发事件", "Emergency")}, {Value: Activity, Label: core.T("活动", "Activity")}, {Value: Other, Label: core.T("其他", "Other")}}
}

// Severities are how severe a matter may be (C14.5).
func Severities() []core.Choice {
	return []core.Choice{{Value: Ordinary, Label: core.T("一般", "Ordinary")}, {Value: Important, Label: core.T("重要", "Important")}, {Value: Major, Label: core.T("重大", "Major")}}
}

// Hows are the ways of asking.
func Hows() []core.Choice {
	return []core.Choice{{Value: ByPhone, Label: core.T("电话", "By telephone")}, {Value: OnSite, Label: core.T("上门面谈", "In person")}}
}

// Results are what may come of it.
func Results() []core.Choice {
	return []core.Choice{{Value: Satisfied, Label: core.T("满意", "Satisfied")}, {Value: Dissatisfied, Label: core.T("不满意", "Dissatisfied")}, {Value: NewOpinion, Label: core.T("提出新意见", "A new opinion")}}
}

// Whys are why a follow-up was planned.
func Whys() []core.Choice {
	return []core.Choice{{Value: WhyTerm, Label: core.T("制度要求", "Demanded")}, {Value: WhySample, Label: core.T("抽样", "Drawn")}, {Value: WhyPoor, Label: core.T("评价差、拒签或重大", "Badly rated, unsigned or grave")},
		{Value: WhyAgain, Label: core.T("再次回访", "Once more")}, {Value: WhyHand, Label: core.T("计划", "Planned")}}
}

// Exemptions are why somebody is not followed up.
func Exemptions() []core.Choice {
	return []core.Choice{{Value: ExemptAnonymous, Label: core.T("匿名", "Anonymous")}, {Value: ExemptLetter, Label: core.T("只要求复函", "Asked for a letter only")}}
}

// heavier is the severer of two.
func heavier(a, b string) string {
	if rankOf(b) > rankOf(a) {
		return b
	}
	return a
}

func rankOf(severity string) int {
	return max(0, slices.IndexFunc(Severities(), func(c core.Choice) bool { return c.Value == severity }))
}

// callersOf are the roles that may follow up a matter of a severity (C14.5): that of its rank, and those above.
func callersOf(severity string) []core.Role {
	all := []core.Role{core.Desk, core.Supervisor, core.Manager, core.GM}
	return all[rankOf(severity):]
}

// Item is one follow-up.
type Item struct {
	Ref          core.Ref
	Version      int64
	Number       string
	Occasion     string
	Matter       core.Ref // what was dealt with; zero where it is no record
	MatterNumber string
	Content      string // the matter (事由)
	Handled      string // what was done
	Customer     core.ID
	CustomerName string
	Unit         core.ID
	UnitCode     string
	Contact      core.Personal
	Phone        core.Phone
	Severity     string
	Round        int64
	Why          string
	Clause       string // whose term runs
	Handler      core.ID
	HandlerName  string
	Against      core.ID // the person complained of, who neither calls nor reads it (C13.1)
	Caller       core.ID
	CallerName   string
	State        string
	Open         bool
	Since        time.Time // when the matter was dealt with
	At           time.Time
	Month        core.Month // of At
	Due          time.Time

	Tries int64     // calls that nobody answered
	Tried time.Time // the last of them

	How       string
	Mark      string // 电话回访 (C14.6)
	Result    string
	Opinion   string // 意见要求
	Outcome   string // 处理结果, given at once
	Signer    core.Personal
	Held      time.Time
	HeldBy    core.ID
	HeldName  string
	HeldMonth core.Month
	Late      bool
	Promised  time.Time // agreed time of the answer (C14.7)
	Answer    string
	Answered  time.Time
	Problem   bool      // it brought a problem (C14.8)
	Settled   time.Time // when the problem was settled

	Remark     string // 主任意见
	Remarked   time.Time
	RemarkedBy string
	Letter     core.ID
	Reason     string // of an exemption or a withdrawal
}

// cells are the columns with their properties: table, reading and writing keep one list.
func (i *Item) cells() []db.Cell {
	return []db.Cell{
		{Name: "number", Ptr: &i.Number}, {Name: "occasion", Ptr: &i.Occasion}, {Name: "kind", Ptr: &i.Matter.Kind}, {Name: "record_id", Ptr: &i.Matter.ID},
		{Name: "matter_number", Ptr: &i.MatterNumber}, {Name: "content", Ptr: &i.Content}, {Name: "handled", Ptr: &i.Handled}, {Name: "customer_id", Ptr: &i.Customer},
		{Name: "customer_name", Ptr: &i.CustomerName}, {Name: "unit_id", Ptr: &i.Unit}, {Name: "unit_code", Ptr: &i.UnitCode}, {Name: "contact", Ptr: &i.Contact},
		{Name: "phone", Ptr: &i.Phone}, {Name: "severity", Ptr: &i.Severity}, {Name: "round", Ptr: &i.Round}, {Name: "why", Ptr: &i.Why},
		{Name: "clause", Ptr: &i.Clause}, {Name: "handler_id", Ptr: &i.Handler}, {Name: "handler", Ptr: &i.HandlerName}, {Name: "against_id", Ptr: &i.Against},
		{Name: "caller_id", Ptr: &i.Caller}, {Name: "caller", Ptr: &i.CallerName}, {Name: "state", Ptr: &i.State}, {Name: "open", Ptr: &i.Open},
		{Name: "since_at", Ptr: &i.Since}, {Name: "at", Ptr: &i.At}, {Name: "month", Ptr: &i.Month}, {Name: "due_at", Ptr: &i.Due},
		{Name: "tries", Ptr: &i.Tries}, {Name: "tried_at", Ptr: &i.Tried}, {Name: "how", Ptr: &i.How}, {Name: "mark", Ptr: &i.Mark},
		{Name: "result", Ptr: &i.Result}, {Name: "opinion", Ptr: &i.Opinion}, {Name: "outcome", Ptr: &i.Outcome}, {Name: "signer", Ptr: &i.Signer},
		{Name: "held_at", Ptr: &i.Held}, {Name: "held_by", Ptr: &i.HeldBy}, {Name: "held_name", Ptr: &i.HeldName}, {Name: "held_month", Ptr: &i.HeldMonth},
		{Name: "late", Ptr: &i.Late}, {Name: "promised_at", Ptr: &i.Promised}, {Name: "answer", Ptr: &i.Answer}, {Name: "answered_at", Ptr: &i.Answered},
		{Name: "problem", Ptr: &i.Problem}, {Name: "settled_at", Ptr: &i.Settled}, {Name: "remark", Ptr: &i.Remark}, {Name: "remarked_at", Ptr: &i.Remarked},
		{Name: "remarked_by", Ptr: &i.RemarkedBy}, {Name: "letter_id", Ptr: &i.Letter}, {Name: "reason", Ptr: &i.Reason},
	}
}

func (i *Item) dest() []any { return db.CellDest(&i.Ref, &i.Version, i.cells()) }

// who is the customer or the person to call.
func (i Item) who() string {
	if i.CustomerName != "" {
		return i.CustomerName
	}
	return string(i.Contact)
}

// title names the follow-up where anybody may read it: without what was said.
func (i Item) title() core.Text {
	return core.T("%s %s%s", "%s %s %s", i.Number, core.Label(Occasions(), i.Occasion), i.MatterNumber)
}
