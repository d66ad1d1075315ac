// Package visit plans and records the visits to customers, the regular contacts, the tenants' meetings and what was
// promised at them, and warns early of customers who may be about to leave (跑路预警).
//
//   - C2.1 A visit is planned with whom, purpose, goal, day and preparations. C2.2 Its report names who received it, his
//     post and power of decision, needs and problems, competitors and changes of credit. C4.1 It is completed the same day.
//   - C2.3 Every promise is a matter with a term, carried out and followed up; a customer who is not content gets a new term.
//   - C8.1 The round puts first who was visited longest ago, the never visited before all; a key customer has a card.
//     C8.2 At the end of a visit the next is agreed, or the reason why not is given.
//   - D5.3 One merchant each working day; opinions are answered in three working days; each record has its number.
//   - C16.3 Customers of the first class are visited by their handler each month and by a supervisor each quarter.
//   - C14.11 Before each major festival the manager organises visits. C19.3 Tenants meet each quarter, with minutes; C19.4 90 %
//     come and every request is answered; C19.5 every tenant is visited in the year. A3.6 Nobody goes unspoken to for a quarter.
//   - DX.12 The interview record FM-GL-002-0 bears the customer's signature or seal.
//
// The first class (A 类客户) are the key customers (C15.1) and those of the gold grade. The early warning explains its
// signals and opens visits; it is never a ground for a measure against the customer.
package visit

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

// The states of a visit.
const (
	Planned   = "planned"   // 待拜访
	Visited   = "visited"   // 待记录
	Recorded  = "recorded"  // 已记录
	Cancelled = "cancelled" // 已取消
)

// What a visit is for.
const (
	Daily    = "daily"    // 每日走访 (D5.3)
	Round    = "round"    // 巡回拜访 (C8.1)
	KeyVisit = "key"      // 重点客户 (C16.3)
	Feast    = "festival" // 节日 (C14.11)
	Warned   = "warning"  // 预警走访
	Agreed   = "agreed"   // 约定的下次拜访 (C8.2)
)

// Kind is the register of visits.
func Kind() register.Kind {
	return register.Kind{Name: "visit", Plural: "visits", Label: core.T("拜访记录", "Visits"), Table: "visit_visit", Events: events(), About: about,
		Choices: map[string][]core.Choice{"sort": Sorts(), "how": Ways(), "power": Powers(), "credit": Credits()}}
}

func events() map[string]core.Text {
	return map[string]core.Text{"planned": core.T("制定拜访计划:{day} {purpose}", "planned the visit for {day}: {purpose}"), "replanned": core.T("改期至 {day}:{reason}", "moved it to {day}: {reason}"),
		"visited": core.T("到访", "went there"), "recorded": core.T("完成拜访记录", "completed the record"), "signed": core.T("业户签章 {unsigned}", "the customer signed {unsigned}"),
		"added": core.T("登记{sort}:{what}", "took down a further matter: {what}"), "cancelled": core.T("取消拜访:{reason}", "cancelled the visit: {reason}"), "revealed": core.T("查看电话:{reason}", "saw the telephone number: {reason}")}
}

// States are the states with their names.
func States() []core.Choice {
	return []core.Choice{{Value: Planned, Label: core.T("待拜访", "Planned")}, {Value: Visited, Label: core.T("待记录", "To be recorded")}, {Value: Recorded, Label: core.T("已记录", "Recorded")}, {Value: Cancelled, Label: core.T("已取消", "Cancelled")}}
}

// Sorts are what visits are for.
func Sorts() []core.Choice {
	return []core.Choice{{Value: Daily, Label: core.T("每日走访", "Daily visit")}, {Value: Round, Label: core.T("巡回拜访", "Round visit")}, {Value: KeyVisit, Label: core.T("重点客户拜访", "Key customer")},
		{Value: Feast, Label: core.T("节日拜访", "Festival visit")}, {Value: Warned, Label: core.T("预警走访", "After a warning")}, {Value: Agreed, Label: core.T("约定的拜访", "As agreed")}}
}

// Preparations are what a visit is prepared with (C2.1).
func Preparations() []core.Choice {
	return []core.Choice{{Value: "materials", Label: core.T("资料", "Material")}, {Value: "cards", Label: core.T("名片", "Business cards")}, {Value: "gifts", Label: core.T("礼品", "Gifts")}, {Value: "none", Label: core.T("无需准备", "Nothing needed")}}
}

// Ways are the manner of a visit (C4.1).
func Ways() []core.Choice {
	return []core.Choice{{Value: "call", Label: core.T("上门", "At the customer's")}, {Value: "invited", Label: core.T("请客户来访", "The customer came")}, {Value: "shop", Label: core.T("巡店交谈", "Talk on the round")}, {Value: "online", Label: core.T("视频会谈", "By video")}}
}

// Powers are the power of decision of who was met (C2.2).
func Powers() []core.Choice {
	return []core.Choice{{Value: "decides", Label: core.T("能决定", "Decides")}, {Value: "advises", Label: core.T("能建议", "Has a say")}, {Value: "none", Label: core.T("只转达", "Passes it on")}}
}

// Credits are how the customer's credit stands at a visit (C2.2).
func Credits() []core.Choice {
	return []core.Choice{{Value: "same", Label: core.T("无异动", "Unchanged")}, {Value: "better", Label: core.T("好转", "Better")}, {Value: "worse", Label: core.T("变差", "Worse")}}
}

// Visit is one visit.
type Visit struct {
	Ref          core.Ref
	Version      int64
	Number       string
	Sort         string
	Customer     core.ID
	CustomerName core.Personal
	Unit         core.ID
	UnitCode     string
	Festival     core.ID
	Purpose      string
	Goal         string
	Day          core.Date // planned
	Prepare      string    // codes, by commas
	PrepareNote  string
	Visitor      core.ID
	VisitorName  string
	State        string
	Open         bool
	At           time.Time // when it took place
	VisitDay     core.Date
	Month        core.Month
	Went         core.ID // who went
	WentName     string
	Supervised   bool // a supervisor or manager went (C16.3)
	How          string
	Met          core.Personal
	Post         string
	Power        string
	Phone        core.Phone
	Content      string
	Needs        string
	Problems     string
	Competitor   string
	Credit       string
	CreditNote   string
	Business     string
	Surroundings string
	Effect       string
	Unusual      string
	NextDay      core.Date
	Next         core.ID // the visit that was agreed
	NoNext       string
	Recorded     time.Time
	Recorder     string
	Signer       core.Personal
	Signed       time.Time
	Unsigned     string // why there is no signature
	Reason       string
}

func (v *Visit) cells() []db.Cell {
	return []db.Cell{{Name: "number", Ptr: &v.Number}, {Name: "sort", Ptr: &v.Sort}, {Name: "customer_id", Ptr: &v.Customer}, {Name: "customer_name", Ptr: &v.CustomerName}, {Name: "unit_id", Ptr: &v.Unit}, {Name: "unit_code", Ptr: &v.UnitCode},
		{Name: "festival_id", Ptr: &v.Festival}, {Name: "purpose", Ptr: &v.Purpose}, {Name: "goal", Ptr: &v.Goal}, {Name: "day", Ptr: &v.Day}, {Name: "prepare", Ptr: &v.Prepare}, {Name: "prepare_note", Ptr: &v.PrepareNote},
		{Name: "visitor_id", Ptr: &v.Visitor}, {Name: "visitor", Ptr: &v.VisitorName}, {Name: "state", Ptr: &v.State}, {Name: "open", Ptr: &v.Open}, {Name: "at", Ptr: &v.At}, {Name: "visit_day", Ptr: &v.VisitDay}, {Name: "month", Ptr: &v.Month},
		{Name: "went_id", Ptr: &v.Went}, {Name: "went", Ptr: &v.WentName}, {Name: "supervised", Ptr: &v.Supervised}, {Name: "how", Ptr: &v.How}, {Name: "met", Ptr: &v.Met}, {Name: "post", Ptr: &v.Post}, {Name: "power", Ptr: &v.Power}, {Name: "phone", Ptr: &v.Phone},
		{Name: "content", Ptr: &v.Content}, {Name: "needs", Ptr: &v.Needs}, {Name: "problems", Ptr: &v.Problems}, {Name: "competitor", Ptr: &v.Competitor}, {Name: "credit", Ptr: &v.Credit}, {Name: "credit_note", Ptr: &v.CreditNote},
		{Name: "business", Ptr: &v.Business}, {Name: "surroundings", Ptr: &v.Surroundings}, {Name: "effect", Ptr: &v.Effect}, {Name: "unusual", Ptr: &v.Unusual}, {Name: "next_day", Ptr: &v.NextDay}, {Name: "next_id", Ptr: &v.Next}, {Name: "no_next", Ptr: &v.NoNext},
		{Name: "recorded_at", Ptr: &v.Recorded}, {Name: "recorder", Ptr: &v.Recorder}, {Name: "signer", Ptr: &v.Signer}, {Name: "signed_at", Ptr: &v.Signed}, {Name: "unsigned", Ptr: &v.Unsigned}, {Name: "reason", Ptr: &v.Reason}}
}

func (v *Visit) dest() []any { return db.CellDest(&v.Ref, &v.Version, v.cells()) }

func (v Visit) prepare() []string {
	if v.Prepare == "" {
		return nil
	}
	return strings.Split(v.Prepare, ",")
}
