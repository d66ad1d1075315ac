// Package dispute settles disputes (纠纷) between customers, or between a customer and us.
//
//   - A6.3 Each side's opinion is recorded, every talk has its minutes (协商纪要), the agreement (调解协议) names who does what
//     by when, and each act is followed as a duty until it is performed. Where mediation fails the parties are shown the
//     legal route, and the papers are handed over to legal affairs.
//   - L6 What belongs to an open dispute or lawsuit is kept (法律保留): the dispute, the parties' files and the complaint it
//     came from are neither erased nor voided nor destroyed. The hold lasts until the dispute is over, and longer where a
//     manager orders it.
package dispute

import (
	"embed"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
)

// Migrations holds the tables of this module.
//
//go:embed *.sql
var Migrations embed.FS

// The states of a dispute.
const (
	Mediating = "mediating" // 调解中
	Agreed    = "agreed"    // 履行中
	Failed    = "failed"    // 调解不成
	Legal     = "legal"     // 法律途径
	Closed    = "closed"    // 已结案
	Void      = "void"      // 已作废
)

// What a party is.
const (
	PartyCustomer = "customer"
	PartyUs       = "us"
	PartyOther    = "other"
)

// Kind is the register of disputes.
func Kind() register.Kind {
	return register.Kind{Name: "dispute", Plural: "disputes", Label: core.T("纠纷", "Disputes"), Table: "dispute_case", Events: events(), About: about, Choices: map[string][]core.Choice{"route": Routes(), "sort": Sorts()}}
}

func events() map[string]core.Text {
	return map[string]core.Text{"taken": core.T("受理纠纷:{content}", "took the dispute: {content}"), "party": core.T("追加当事方 {name}", "added the party {name}"), "opinion": core.T("记录 {party} 的意见:{opinion}", "recorded the opinion of {party}: {opinion}"),
		"talk": core.T("协商纪要:{minutes}", "minutes of a talk: {minutes}"), "agreed": core.T("达成调解协议:{terms}", "the parties agreed: {terms}"), "signed": core.T("各方签署调解协议:{by}", "the agreement was signed: {by}"),
		"failed": core.T("调解不成:{reason}", "mediation failed: {reason}"), "advised": core.T("引导法律途径({route}):{advice}", "showed the legal route ({route}): {advice}"), "legal": core.T("移交法务 {to}", "handed over to legal affairs: {to}"),
		"held": core.T("法律保留:{reason}", "legal hold: {reason}"), "released": core.T("解除法律保留:{reason}", "legal hold released: {reason}"), "closed": core.T("结案:{result}", "closed: {result}"), "voided": core.T("作废:{reason}", "voided: {reason}")}
}

// States are the states with their names.
func States() []core.Choice {
	return []core.Choice{{Value: Mediating, Label: core.T("调解中", "Being mediated")}, {Value: Agreed, Label: core.T("履行中", "Being performed")}, {Value: Failed, Label: core.T("调解不成", "Mediation failed")}, {Value: Legal, Label: core.T("法律途径", "Legal route")},
		{Value: Closed, Label: core.T("已结案", "Closed")}, {Value: Void, Label: core.T("已作废", "Voided")}}
}

// Sorts are between whom a dispute is.
func Sorts() []core.Choice {
	return []core.Choice{{Value: "customers", Label: core.T("客户之间", "Between customers")}, {Value: "us", Label: core.T("客户与我方", "Between a customer and us")}}
}

// Routes are the legal routes that the parties are shown.
func Routes() []core.Choice {
	return []core.Choice{{Value: "committee", Label: core.T("人民调解委员会", "People's mediation committee")}, {Value: "authority", Label: core.T("向主管部门投诉", "Complaint to the authority")}, {Value: "arbitration", Label: core.T("仲裁", "Arbitration")}, {Value: "court", Label: core.T("诉讼", "Court")}}
}

func partyKinds() []core.Choice {
	return []core.Choice{{Value: PartyCustomer, Label: core.T("客户", "Customer")}, {Value: PartyUs, Label: core.T("我方", "Us")}, {Value: PartyOther, Label: core.T("其他人", "Somebody else")}}
}

// Case is one dispute.
type Case struct {
	Ref        core.Ref
	Version    int64
	Number     string
	Title      string
	Sort       string
	Content    string
	Place      string
	Amount     core.Money
	Complaint  core.ID
	Mediator   core.ID
	MediatorBy string
	State      string
	Open       bool
	At         time.Time
	Day        core.Date
	Month      core.Month
	Talks      int64
	Terms      string
	AgreedAt   time.Time
	Signed     time.Time
	SignedBy   core.Personal
	FailedAt   time.Time
	Failure    string
	Route      string
	Advice     string
	Advised    time.Time
	LegalTo    string
	LegalNote  string
	LegalAt    time.Time
	Held       bool // by order; an open dispute is held in any case
	HoldReason string
	HoldBy     string
	HoldAt     time.Time
	Result     string
	ClosedAt   time.Time
	Reason     string // of voiding
}

func (c *Case) cells() []db.Cell {
	return []db.Cell{{Name: "number", Ptr: &c.Number}, {Name: "title", Ptr: &c.Title}, {Name: "sort", Ptr: &c.Sort}, {Name: "content", Ptr: &c.Content}, {Name: "place", Ptr: &c.Place}, {Name: "amount", Ptr: &c.Amount}, {Name: "complaint_id", Ptr: &c.Complaint},
		{Name: "mediator_id", Ptr: &c.Mediator}, {Name: "mediator", Ptr: &c.MediatorBy}, {Name: "state", Ptr: &c.State}, {Name: "open", Ptr: &c.Open}, {Name: "at", Ptr: &c.At}, {Name: "day", Ptr: &c.Day}, {Name: "month", Ptr: &c.Month}, {Name: "talks", Ptr: &c.Talks},
		{Name: "terms", Ptr: &c.Terms}, {Name: "agreed_at", Ptr: &c.AgreedAt}, {Name: "signed_at", Ptr: &c.Signed}, {Name: "signed_by", Ptr: &c.SignedBy}, {Name: "failed_at", Ptr: &c.FailedAt}, {Name: "failure", Ptr: &c.Failure}, {Name: "route", Ptr: &c.Route},
		{Name: "advice", Ptr: &c.Advice}, {Name: "advised_at", Ptr: &c.Advised}, {Name: "legal_to", Ptr: &c.LegalTo}, {Name: "legal_note", Ptr: &c.LegalNote}, {Name: "legal_at", Ptr: &c.LegalAt}, {Name: "held", Ptr: &c.Held}, {Name: "hold_reason", Ptr: &c.HoldReason},
		{Name: "hold_by", Ptr: &c.HoldBy}, {Name: "hold_at", Ptr: &c.HoldAt}, {Name: "result", Ptr: &c.Result}, {Name: "closed_at", Ptr: &c.ClosedAt}, {Name: "reason", Ptr: &c.Reason}}
}

func (c *Case) dest() []any { return db.CellDest(&c.Ref, &c.Version, c.cells()) }

// title names the case in duties and notices.
func (c Case) title() core.Text { return core.T("%s %s", "%s %s", c.Number, c.Title) }

// Party is one side.
type Party struct {
	ID       core.ID
	Kind     string
	Customer core.ID
	Name     core.Personal
	Person   core.Personal // who speaks for it
	Phone    core.Phone
	Opinion  string
	Evidence string
	Opined   time.Time
	By       string // who recorded it
}

func (p *Party) dest() []any {
	return []any{&p.ID, &p.Kind, &p.Customer, &p.Name, &p.Person, &p.Phone, &p.Opinion, &p.Evidence, &p.Opined, &p.By}
}

// Talk is one talk with its minutes (协商纪要).
type Talk struct {
	Number  int64
	At      time.Time
	Place   string
	Present string
	Minutes string
	Outcome string
	By      string
}

func (t *Talk) dest() []any {
	return []any{&t.Number, &t.At, &t.Place, &t.Present, &t.Minutes, &t.Outcome, &t.By}
}

// The states of an act.
const (
	ActOpen   = "open"
	ActDone   = "done"
	ActBroken = "broken"
)

// Act is one thing that a party has promised in the agreement.
type Act struct {
	Ref       core.Ref
	Version   int64
	Dispute   core.ID
	Number    string
	Party     core.ID
	PartyName core.Personal
	Customer  core.ID
	What      string
	Due       core.Date
	State     string
	Open      bool
	Done      time.Time
	Evidence  string
}

func (a *Act) cells() []db.Cell {
	return []db.Cell{{Name: "dispute_id", Ptr: &a.Dispute}, {Name: "number", Ptr: &a.Number}, {Name: "party_id", Ptr: &a.Party}, {Name: "party", Ptr: &a.PartyName}, {Name: "customer_id", Ptr: &a.Customer}, {Name: "what", Ptr: &a.What}, {Name: "due_day", Ptr: &a.Due},
		{Name: "state", Ptr: &a.State}, {Name: "open", Ptr: &a.Open}, {Name: "done_at", Ptr: &a.Done}, {Name: "evidence", Ptr: &a.Evidence}}
}

func (a *Act) dest() []any { return db.CellDest(&a.Ref, &a.Version, a.cells()) }

// ActKind is the register of what the parties have promised.
func ActKind() register.Kind {
	return register.Kind{Name: "settlement", Plural: "settlements", Label: core.T("协议履行", "Acts of agreements"), Table: "dispute_act", Events: map[string]core.Text{"promised": core.T("约定:{what}", "promised: {what}"),
		"performed": core.T("已履行:{evidence}", "performed: {evidence}"), "broken": core.T("未履行:{evidence}", "not performed: {evidence}")}}
}

func actStates() []core.Choice {
	return []core.Choice{{Value: ActOpen, Label: core.T("待履行", "To be performed")}, {Value: ActDone, Label: core.T("已履行", "Performed")}, {Value: ActBroken, Label: core.T("未履行", "Not performed")}}
}
