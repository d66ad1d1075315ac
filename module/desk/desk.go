// Package desk is the one counter (一站式受理) where every request of a customer is taken down, whatever its channel.
//
//   - C19.1 Every request goes into the Request Register (诉求记录表): repairs, complaints and enquiries alike; it is a list
//     here and a printed form. The hotline is open for so many hours a day.
//   - D5.1 Requests are taken on every day of the year, at every hour: intake never asks for the time.
//   - B4.3 Within 30 minutes of desk time somebody contacts the customer to confirm and arrange.
//   - A3.2, D5.6 An enquiry that is not answered at the counter is handed over the same day and answered in 1 working day.
//   - B4.5 It is closed only after the customer has confirmed; B4.6 what is not solved in its term goes to the leader, with
//     the reason and who takes it over. Whoever took it down answers for it until somebody else has accepted it (首问负责).
//   - A3.4 Opinions, whatever their channel, are taken, looked into and answered; A7.2 summed up and told back.
//   - A3.5 What can be done at once is done at once (the answer is taken down with the request); what needs others gets a
//     person and a time limit, and the customer hears of the progress every 24 hours; an emergency goes first, and its
//     summary follows within 3 days.
//
// A higher module carries some matters on (house.MatterKind: a repair). Its record points to the matter; the matter is
// settled when that record is. Complaints that the office's workbook brings stay matters of the desk.
package desk

import (
	"embed"
	"time"

	"huiyin/core"
	"huiyin/register"
)

// Migrations holds the table of this module.
//
//go:embed *.sql
var Migrations embed.FS

// Origins of a record.
const (
	OriginDesk   = "desk"
	OriginImport = "import" // guards do not refuse it; closed history is in no measure
)

// The kinds of matter that stay at the desk; others are house.MatterKinds.
const (
	Enquiry    = "enquiry"
	Suggestion = "suggestion"
	Complaint  = "complaint"
	Praise     = "praise"
	Emergency  = "emergency"
)

// The states of a matter.
const (
	StateOpen     = "open"     // 已受理
	StateHanded   = "handed"   // 已转办
	StateCarried  = "carried"  // a record of another module carries it on
	StateAnswered = "answered" // 已答复
	StateClosed   = "closed"   // 已办结
	StateMerged   = "merged"   // 已并入 another matter, which stays
	StateVoid     = "void"     // 已作废
)

// Kind is the register of matters.
func Kind() register.Kind {
	return register.Kind{Name: "desk", Plural: "matters", Label: core.T("受理台", "Front desk"), Table: "desk_matter", About: about, Choices: map[string][]core.Choice{"channel": Channels(), "name": core.RoleNames(), "how": Confirmations(), "door": DoorKinds(), "said": Saids(), "kind": allKinds(), "from": allKinds()}, Events: map[string]core.Text{
		"taken": core.T("受理({channel})", "took it down ({channel})"), "consent_withdrawn": core.T("来件人撤回同意", "the sender withdrew the consent"), "came": core.T("公众入口来件({door}),来件人说是:{said}", "sent by a public door ({door}), said to be: {said}"), "contacted": core.T("联系客户确认:{note}", "contacted the customer: {note}"),
		"handed": core.T("转办 {name}:{reason}", "handed over to {name}: {reason}"), "progress": core.T("告知客户进展:{note}", "told the customer the progress: {note}"),
		"answered": core.T("答复:{answer}", "answered: {answer}"), "closed": core.T("办结", "closed"), "summarised": core.T("事后总结:{summary}", "summed up: {summary}"),
		"reopened": core.T("返修,重新办理:{reason}", "taken up again for rework: {reason}"),
		"accepted": core.T("接收,由 {name} 负责", "accepted: {name} answers for it"), "declined": core.T("退回:{reason}", "sent back: {reason}"), "looked": core.T("调查了解:{findings}", "looked into it: {findings}"),
		"reported": core.T("上报领导 {leader}:{reason};由 {name} 接手", "reported to {leader}: {reason}; {name} takes over"), "confirmed": core.T("客户确认({how})", "the customer confirmed ({how})"),
		"wrote": core.T("来信补充({from}):{text}", "wrote ({from}): {text}"), "disputed": core.T("客户不认可,继续办理:{reason}", "the customer did not agree, taken up again: {reason}"), "merged": core.T("并入 {number}:{reason}", "merged into {number}: {reason}"),
		"joined": core.T("{number} 为同一事项,并入本件", "{number} is the same matter and was merged into this one"), "unmerged": core.T("取消合并:{reason}", "taken apart again: {reason}"),
		"split": core.T("拆出 {numbers}", "split off {numbers}"), "turned": core.T("类别由「{from}」改定为「{kind}」", "changed its kind from “{from}” to “{kind}”"), "called": core.T("关联通话 {call}", "a call belongs to it: {call}"), "drafted": core.T("起草公开回复", "drafted a public reply"),
		"voided": core.T("作废:{reason}", "voided: {reason}"), "imported": core.T("由台账导入", "imported from the workbook"), "revealed": core.T("查看电话:{reason}", "saw the telephone number: {reason}"),
	}}
}

// Channels are the ways in which a request comes.
func Channels() []core.Choice {
	return []core.Choice{{Value: "phone", Label: core.T("电话", "Telephone")}, {Value: "counter", Label: core.T("前台", "Counter")},
		{Value: "oral", Label: core.T("口头", "By word of mouth")}, {Value: "wechat", Label: core.T("微信", "WeChat")}, {Value: "mail", Label: core.T("邮件", "E-mail")},
		{Value: "letter", Label: core.T("信函", "Letter")}, {Value: "box", Label: core.T("意见箱", "Suggestion box")}, {Value: "web", Label: core.T("网上", "Online")},
		{Value: "line", Label: core.T("投诉电话", "Complaints line")}, {Value: Public, Label: core.T("公开渠道", "Public channel")}}
}

// Public is the channel of what stands in public: the website, a forum, an official account (C19.11).
const Public = "public"

// Kinds are the matters that stay at the desk.
func Kinds() []core.Choice {
	return []core.Choice{{Value: Enquiry, Label: core.T("咨询", "Enquiry")}, {Value: Suggestion, Label: core.T("建议", "Suggestion")},
		{Value: Complaint, Label: core.T("投诉", "Complaint")}, {Value: Praise, Label: core.T("表扬", "Praise")}, {Value: Emergency, Label: core.T("紧急事件", "Emergency")}}
}

// allKinds are all kinds that a matter's journal may name, those that a higher module carries on included.
func allKinds() []core.Choice {
	return append(Kinds(), core.Choice{Value: "repair", Label: core.T("报修", "Repair")})
}

// States are the states with their names.
func States() []core.Choice {
	return []core.Choice{{Value: StateOpen, Label: core.T("已受理", "Taken down")}, {Value: StateHanded, Label: core.T("已转办", "Handed over")},
		{Value: StateCarried, Label: core.T("办理中", "In hand")}, {Value: StateAnswered, Label: core.T("已答复", "Answered")},
		{Value: StateClosed, Label: core.T("已办结", "Closed")}, {Value: StateMerged, Label: core.T("已并入", "Merged")}, {Value: StateVoid, Label: core.T("已作废", "Voided")}}
}

// Matter is one request.
type Matter struct {
	Ref          core.Ref
	Version      int64
	Origin       string
	Number       string
	OfficeNo     string // the office's own number, of imported records
	Channel      string
	Kind         string
	Carried      core.ID // the record of another module that carries it on; its kind is Kind
	Customer     core.ID
	CustomerName string // as it was when the request came
	Unit         core.ID
	UnitCode     string
	Place        string
	Contact      core.Personal
	Phone        core.Phone
	Content      string
	Urgent       bool
	State        string
	Open         bool
	Rank         int64 // 0 emergencies, 1 others: the order of the queue
	At           time.Time
	Day          core.Date
	Due          time.Time // what runs now
	Contacted    time.Time
	HandedRole   core.Role
	HandedUser   core.ID
	HandedName   string
	HandedReason string
	HandedDue    time.Time
	Answer       string
	Answered     time.Time
	Closed       time.Time
	Summary      string
	Handler      string // who handled it

	Owner          core.ID // who answers for it: whoever took it down, until somebody accepts it (首问负责)
	OwnerName      string
	Accepted       time.Time // when whom it was handed to accepted it
	NoLimit        bool      // handed over without a time limit, with the reason
	Findings       string    // what was looked into (A3.4)
	Confirmed      time.Time // when the customer confirmed (B4.5)
	ConfirmedBy    core.Personal
	ConfirmedHow   string
	Reported       time.Time // to the leader (B4.6)
	ReportedReason string
	Merged         core.ID // the matter that stays, when the same was told twice
	Split          core.ID // the matter of whose call this was another part
	Barred         core.ID // who may not see it: the complaint is against him (C13.1)
}

// Opinion says whether it is an opinion (意见), to be looked into before it is answered (A3.4).
func (m Matter) Opinion() bool { return m.Kind == Suggestion || m.Kind == Complaint }

func (m *Matter) dest() []any {
	return []any{&m.Ref.Project, &m.Ref.ID, &m.Version, &m.Origin, &m.Number, &m.OfficeNo, &m.Channel, &m.Kind, &m.Carried, &m.Customer, &m.CustomerName, &m.Unit,
		&m.UnitCode, &m.Place, &m.Contact, &m.Phone, &m.Content, &m.Urgent, &m.State, &m.Open, &m.Rank, &m.At, &m.Day, &m.Due, &m.Contacted, &m.HandedRole,
		&m.HandedUser, &m.HandedName, &m.HandedReason, &m.HandedDue, &m.Answer, &m.Answered, &m.Closed, &m.Summary, &m.Handler,
		&m.Owner, &m.OwnerName, &m.Accepted, &m.NoLimit, &m.Findings, &m.Confirmed, &m.ConfirmedBy, &m.ConfirmedHow, &m.Reported, &m.ReportedReason, &m.Merged, &m.Split, &m.Barred}
}

// Intake is what the desk takes down.
type Intake struct {
	Channel      string
	Kind         string // one of Kinds, or the key of a house.MatterKind
	Customer     core.ID
	CustomerName string
	Unit         core.ID
	UnitCode     string
	Place        string
	Contact      core.Personal
	Phone        core.Phone
	Content      string
	Urgent       bool
	Answer       string    // given at once: the matter is answered and closed
	At           time.Time // when it came; now when zero
	From         core.ID   // the matter of whose call this is another part
	Call         core.ID   // the call of the log that became this matter
	Turn         core.ID   // the matter whose kind is changed; a new one is taken down when zero
	Details      []Detail
	More         core.Input // the fields of the MatterKind, by name
}

// Detail is one of the MatterKind's fields as the API gives it.
type Detail struct{ Name, Value string }

func (in Intake) rank() int64 {
	if in.Urgent || in.Kind == Emergency {
		return 0
	}
	return 1
}

// Hand gives a matter to somebody. NoLimit leaves it without a time limit, which the reason explains.
type Hand struct {
	Role    string
	User    core.ID
	Name    string
	Due     time.Time
	NoLimit bool
	Reason  string
}

// Note is a verb's one text.
type Note struct{ Text string }
