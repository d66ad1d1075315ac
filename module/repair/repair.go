// Package repair carries a repair order (维修单) from the call to the signature.
//
//   - D4.1, DX.13 Intake keeps the time, place, content, nature, level and contact of each repair; the register prints as
//     FM-GL-011-0. A tenant's own appliance is advised on and logged at the desk: no order is made.
//   - D4.9 A repair is inside a unit (户内) or of the common parts (公共); the maintenance staff are told of both.
//   - D4.2 Serious cases (跑水, 漏水 …) bring supervisor, desk and technician to the place within 15 minutes. A rule proposes
//     the level from the words of the content, a person confirms it.
//   - C3.7 Nothing is dispatched before the contact and the number were confirmed for this very repair.
//   - C17.5 Dispatch goes by skill and by who can be there first: without the skill only for a stated reason.
//   - C18.1 In an emergency without own staff a contractor is sent only with the manager's approval.
//   - C17.1 The technician arrives at most 10 minutes after the appointment, which may be moved with the customer before.
//   - C17.2 Chargeable work is quoted by the published standard and agreed to before it starts.
//   - C17.6 Fixtures are moved with consent only, damage is recorded; the site is cleared and the work tried before the
//     customer is asked to sign.
//   - D4.3 The technician signs time and result; the customer signs and rates.
//   - C17.3 The order prints in three parts; one taken by word of mouth gets its paper before it is signed.
//   - C17.4 At the month's end the supervisor confirms timeliness, pass rate, paid services and sampled calls.
//
// Imported orders (origin import) are refused by no guard, and their closed history is in no measure.
package repair

import (
	"embed"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/register"
)

// Migrations holds the tables of this module.
//
//go:embed *.sql
var Migrations embed.FS

// The states of an order.
const (
	StateNew        = "new"        // 待派工
	StateDispatched = "dispatched" // 已派工
	StateArrived    = "arrived"    // 已到场
	StateQuoted     = "quoted"     // 报价待同意
	StateAgreed     = "agreed"     // 已同意
	StateWorking    = "working"    // 施工中
	StateFinished   = "finished"   // 待签字
	StateClosed     = "closed"     // 已完成
	StateHeld       = "held"       // 挂起(待料)
	StateCancelled  = "cancelled"  // 已取消
)

// Levels of urgency.
const (
	Normal = "normal"
	Urgent = "urgent"
	Major  = "major" // D4.2: three parties in 15 minutes
)

// Scopes (D4.9).
const (
	Indoor = "indoor"
	Public = "public"
)

// The three parties of D4.2.
const (
	PartySupervisor = "supervisor"
	PartyDesk       = "desk"
	PartyTechnician = "technician"
)

// Kind is the register of orders.
func Kind() register.Kind {
	return register.Kind{Name: "repair", Plural: "repairs", Label: core.T("维修", "Repairs"), Table: "repair_order", Events: events(), About: about,
		Choices: map[string][]core.Choice{"level": Levels(), "party": Parties(), "how": consents(), "trade": Trades()}}
}

func events() map[string]core.Text {
	return map[string]core.Text{
		"taken": core.T("受理报修:{content}", "took the repair: {content}"), "graded": core.T("定级 {level}", "set the level: {level}"),
		"confirmed": core.T("核对联系人", "confirmed the contact"), "dispatched": core.T("派工给 {technician}{why}", "dispatched {technician}{why}"),
		"outside-asked": core.T("申请派外协 {company}", "asked to send {company}"), "appointed": core.T("预约 {when}:{told}", "appointment {when}: {told}"),
		"arrived": core.T("{party}到场", "{party} arrived"), "quoted": core.T("报价 {total} 元", "quoted CNY {total}"), "agreed": core.T("客户同意报价({how})", "the customer agreed ({how})"),
		"declined": core.T("客户不同意报价:{reason}", "the customer declined: {reason}"), "started": core.T("开始施工", "started work"), "used": core.T("用料 {name}", "used {name}"),
		"moved": core.T("移动室内设施 {what},{consent} 同意", "moved {what}; {consent} agreed"), "photo": core.T("拍照 {count} 张", "took {count} photos"),
		"held": core.T("挂起:{reason}", "put on hold: {reason}"), "resumed": core.T("恢复", "resumed"), "finished": core.T("完工:{result}", "finished: {result}"),
		"cleared": core.T("清场、试用合格", "cleared the site; tried and good"), "slip": core.T("补单", "wrote the order afterwards"), "signed": core.T("客户签字评价", "the customer signed and rated"),
		"refused": core.T("客户拒签:{reason}", "the customer would not sign: {reason}"), "reworked": core.T("返修:{reason}", "sent back for rework: {reason}"),
		"cancelled": core.T("取消:{reason}", "cancelled: {reason}"), "imported": core.T("由台账导入", "imported from the workbook"), "revealed": core.T("查看电话:{reason}", "saw the telephone number: {reason}"),
	}
}

// States are the states with their names.
func States() []core.Choice {
	return []core.Choice{{Value: StateNew, Label: core.T("待派工", "To dispatch")}, {Value: StateDispatched, Label: core.T("已派工", "Dispatched")},
		{Value: StateArrived, Label: core.T("已到场", "On site")}, {Value: StateQuoted, Label: core.T("报价待同意", "Quoted")}, {Value: StateAgreed, Label: core.T("已同意", "Agreed")},
		{Value: StateWorking, Label: core.T("施工中", "At work")}, {Value: StateFinished, Label: core.T("待签字", "To be signed")}, {Value: StateClosed, Label: core.T("已完成", "Completed")},
		{Value: StateHeld, Label: core.T("挂起", "On hold")}, {Value: StateCancelled, Label: core.T("已取消", "Cancelled")}}
}

// Levels are the levels (级别).
func Levels() []core.Choice {
	return []core.Choice{{Value: Normal, Label: core.T("一般", "Normal")}, {Value: Urgent, Label: core.T("紧急", "Urgent")}, {Value: Major, Label: core.T("重大(跑水漏水等)", "Major (burst pipe, flood)")}}
}

// shortLevels are the levels as a pill says them.
func shortLevels() []core.Choice {
	return append(Levels()[:2], core.Choice{Value: Major, Label: core.T("重大", "Major")})
}

// consents are the ways in which a customer agrees to a quote (C17.2).
func consents() []core.Choice {
	return []core.Choice{{Value: "signature", Label: core.T("当场签名", "signature")}, {Value: "phone", Label: core.T("电话同意", "by telephone")}}
}

// Scopes are inside and common parts (D4.9).
func Scopes() []core.Choice {
	return []core.Choice{{Value: Indoor, Label: core.T("户内", "Inside the unit")}, {Value: Public, Label: core.T("公共", "Common parts")}}
}

// Trades are the natures of a repair (性质); technicians have them as skills.
func Trades() []core.Choice {
	return []core.Choice{{Value: "water", Label: core.T("给排水", "Plumbing")}, {Value: "electric", Label: core.T("电气", "Electrical")}, {Value: "hvac", Label: core.T("空调", "Air conditioning")},
		{Value: "carpentry", Label: core.T("门窗木作", "Doors and joinery")}, {Value: "masonry", Label: core.T("土建装饰", "Building and finishes")}, {Value: "weak", Label: core.T("弱电门禁", "Low voltage and access")},
		{Value: "lift", Label: core.T("电梯", "Lifts")}, {Value: "fire", Label: core.T("消防", "Fire protection")}, {Value: "other", Label: core.T("其他", "Other")}}
}

// Parties are the three that D4.2 brings together.
func Parties() []core.Choice {
	return []core.Choice{{Value: PartySupervisor, Label: core.T("主管", "Supervisor")}, {Value: PartyDesk, Label: core.T("客服", "Front desk")}, {Value: PartyTechnician, Label: core.T("维修", "Technician")}}
}

// Order is one repair.
type Order struct {
	Ref            core.Ref
	Version        int64
	Origin         string
	Number         string
	OfficeNo       string
	Matter         core.ID // the desk's matter
	Customer       core.ID
	CustomerName   string
	Unit           core.ID
	UnitCode       string
	Building       string // the letters before the unit's number: who works there already is nearest
	Place          string
	Scope          string
	Trade          string
	Level          string
	LevelBy        string // "rule" until a person confirmed it
	Paid           bool   // 有偿
	Contact        core.Personal
	Phone          core.Phone
	Content        string
	Channel        string
	Wish           time.Time // when the customer would like it
	State          string
	Held           string // the state before it was put on hold
	Open           bool
	Rank           int64 // 0 major, 1 urgent, 2 normal: the order of the queue
	At             time.Time
	Day            core.Date
	Due            time.Time // what runs now
	Confirmed      time.Time // C3.7
	Technician     core.ID
	TechnicianName string
	Outside        string // contractor
	Dispatched     time.Time
	Appoint        time.Time
	Arrived        time.Time
	Quoted         time.Time
	QuoteTotal     core.Money
	Consent        time.Time
	ConsentHow     string
	ConsentBy      core.Personal
	Started        time.Time
	Finished       time.Time
	Result         string
	Cleared        bool // 清场
	Tried          bool // 试用合格
	Moved          string
	MoveConsent    string
	Damage         string
	DamageFen      core.Money
	Signed         time.Time
	Signer         core.Personal
	Refused        string // 拒签 reason
	Attitude       int64
	Speed          int64
	Quality        int64
	Comment        string
	Slip           time.Time // 补单
	Reason         string    // of hold or cancellation
	Round          int64     // raised by rework
	Total          core.Money
	Followup       string // of imported history
}

func (o *Order) dest() []any {
	return []any{&o.Ref.Project, &o.Ref.ID, &o.Version, &o.Origin, &o.Number, &o.OfficeNo, &o.Matter, &o.Customer, &o.CustomerName, &o.Unit, &o.UnitCode, &o.Building,
		&o.Place, &o.Scope, &o.Trade, &o.Level, &o.LevelBy, &o.Paid, &o.Contact, &o.Phone, &o.Content, &o.Channel, &o.Wish, &o.State, &o.Held, &o.Open, &o.Rank, &o.At,
		&o.Day, &o.Due, &o.Confirmed, &o.Technician, &o.TechnicianName, &o.Outside, &o.Dispatched, &o.Appoint, &o.Arrived, &o.Quoted, &o.QuoteTotal, &o.Consent,
		&o.ConsentHow, &o.ConsentBy, &o.Started, &o.Finished, &o.Result, &o.Cleared, &o.Tried, &o.Moved, &o.MoveConsent, &o.Damage, &o.DamageFen, &o.Signed, &o.Signer,
		&o.Refused, &o.Attitude, &o.Speed, &o.Quality, &o.Comment, &o.Slip, &o.Reason, &o.Round, &o.Total, &o.Followup}
}

const columns = `project_id, id, version, origin, number, office_no, matter_id, customer_id, customer_name, unit_id, unit_code, building,
	place, scope, trade, level, level_by, paid, contact, phone, content, channel, wish_at, state, held_state, open, rank, at,
	day, due_at, confirmed_at, technician_id, technician, outside, dispatched_at, appoint_at, arrived_at, quoted_at, quote_total, consent_at,
	consent_how, consent_by, started_at, finished_at, result, cleared, tried, moved, move_consent, damage, damage_fen, signed_at, signer,
	refused, attitude, speed, quality, comment, slip_at, reason, round, total, followup`

// Imported reports whether the order came from the office's workbook: guards let it pass.
func (o Order) Imported() bool { return o.Origin == "import" }

func rankOf(level string) int64 {
	switch level {
	case Major:
		return 0
	case Urgent:
		return 1
	}
	return 2
}

// ProposeLevel is the rule's proposal from the words of the content (D4.2); a person confirms it. A tap that drips is no
// flood.
func ProposeLevel(content string) string {
	for _, w := range []string{"跑水", "水流很大", "爆管", "水管爆", "喷水", "大量漏水", "天花板渗水", "天花漏水", "天花板漏水", "淹", "冒烟", "着火", "漏电", "burst", "flood"} {
		if strings.Contains(strings.ToLower(content), w) {
			return Major
		}
	}
	if strings.Contains(content, "漏水") && !strings.Contains(content, "龙头") && !strings.Contains(content, "空调") {
		return Major
	}
	for _, w := range []string{"停电", "没电", "困人", "堵塞", "渗水", "裂"} {
		if strings.Contains(content, w) {
			return Urgent
		}
	}
	return Normal
}

// ProposeTrade is the rule's proposal of the nature from the words of the content.
func ProposeTrade(content string) string {
	words := []struct{ trade, words string }{
		{"lift", "电梯,扶梯"}, {"fire", "消防,烟感,喷淋,灭火"}, {"hvac", "空调,风机,新风,制冷"}, {"water", "水,马桶,龙头,下水,卫生间堵,管道"},
		{"weak", "门禁,网络,监控,电话线,刷卡"}, {"electric", "电,灯,插座,跳闸,开关"}, {"carpentry", "门,窗,锁,柜,合页"}, {"masonry", "墙,地砖,瓷砖,天花,幕墙,地面"},
	}
	for _, w := range words {
		for _, word := range strings.Split(w.words, ",") {
			if strings.Contains(content, word) {
				return w.trade
			}
		}
	}
	return "other"
}

// Intake is what a repair is taken down with.
type Intake struct {
	ID           core.ID // a new one when zero
	Matter       core.ID
	Customer     core.ID
	CustomerName string
	Unit         core.ID
	UnitCode     string
	Place        string
	Scope        string
	Trade        string // "" takes ProposeTrade
	Level        string // "" takes ProposeLevel, to be confirmed
	Paid         bool
	Contact      core.Personal
	Phone        core.Phone
	Confirmed    bool // contact and number were confirmed in this very call (C3.7)
	Content      string
	Channel      string
	Wish         time.Time
	Own          bool   // 用户自有电器 (D4.1)
	Advice       string // what the user was advised, for an own appliance
}

// Line is one position of a quote or of what was used: an item of the price register or of the materials.
type Line struct {
	Item     string       // "price/123" or "material/456"
	Quantity core.Decimal // 1 when zero
	Price    core.Money   // 0 takes the published price; another is refused by C17.2
}

// LineView is a stored line. Quantity is in thousandths.
type LineView struct {
	ID       core.ID
	Phase    string // "quote", "used"
	Kind     string // "price", "material"
	Item     core.ID
	Name     string
	Unit     string
	Quantity int64
	Price    core.Money
	Amount   core.Money
	Basis    string // what the price rests on; basisText says it
	Round    int64
}

func (l *LineView) dest() []any {
	return []any{&l.ID, &l.Phase, &l.Kind, &l.Item, &l.Name, &l.Unit, &l.Quantity, &l.Price, &l.Amount, &l.Basis, &l.Round}
}

// Arrival is one party's stamp.
type Arrival struct {
	Party string
	User  core.ID
	Name  string
	At    time.Time
}

func (a *Arrival) dest() []any { return []any{&a.Party, &a.User, &a.Name, &a.At} }
