// Package customer keeps one file a customer (一客一档): owners, tenants, visitors and partners with their contacts,
// units, consents and opening data.
//
//   - B1.1, E5.1: every customer has one file: kind, name, ID number, contacts, units, opinions and needs, category,
//     grade and credit. Files are found by name, pinyin, telephone and unit; likely duplicates are shown and merged
//     without loss, and a merge can be undone.
//   - B1.2: each file is verified once in its period; who is overdue is listed.
//   - B1.4, L5: personal data is taken down with consent only, and an identity number with a consent of its own; consent
//     is shown and withdrawn; the customer's data is exported, corrected and erased. Erasure destroys the data key.
//   - C5.1: a new file is 待确认 until the supervisor confirms it.
//   - C15.1: four categories. C15.2: a new contact is filed, a change entered within five working days. C15.4: a key
//     customer has two contact persons; a leaver's customers are handed over in one step; contacts are reported.
//   - D2.7, DX.14: 业户基本情况表, with two emergency contacts each for office hours and outside them.
//   - D4.7: the telephone list of the month is compiled, confirmed and signed for by security.
//   - Imported files are never refused: every gap opens a duty (OpenGaps), and the value is kept as written.
//   - Leases, readings and arrears of the office's workbooks are kept as opening data until their modules come.
package customer

import (
	"embed"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/notify"
	"huiyin/register"
)

//go:embed *.sql
var migrations embed.FS

// Kinds of customer (B1.1).
const (
	KindOwner    = "owner"
	KindTenant   = "tenant"
	KindResident = "resident" // 住户: lives or works in the owner's unit (B1.5)
	KindVisitor  = "visitor"
	KindPartner  = "partner"
)

// Forms of customer.
const (
	Person       = "person"
	Organisation = "org"
)

// States of a file.
const (
	Met     = "met"     // 待备案: a first contact, not yet on file (C15.2)
	Pending = "pending" // 待确认: on file, not yet confirmed (C5.1)
	Active  = "active"  // 已确认
	Left    = "left"    // 已迁出
	Merged  = "merged"  // 已并入 another file
	Erased  = "erased"  // 已删除 at the person's request (L5)
)

// Categories (C15.1).
const (
	Target    = "target"
	Ordinary  = "ordinary"
	Key       = "key"
	Potential = "potential"
)

// Parts a customer has in a unit.
const (
	AsOwner  = "owner"
	AsTenant = "tenant"
)

// Roles of a contact. The emergency contacts are those of D2.7.
const (
	RoleContact = "contact" // 联系人
	RoleHead    = "head"    // 负责人
	RoleFinance = "finance" // 财务
	RoleInside  = "inside"  // 紧急联系人, office hours
	RoleOutside = "outside" // 紧急联系人, outside office hours
	RoleFamily  = "family"  // 家庭成员: optional, with consent of their own, off by default (B1.5)
	RoleOther   = "other"
)

func kinds() []core.Choice {
	return []core.Choice{{Value: KindTenant, Label: core.T("租户", "Tenant")}, {Value: KindOwner, Label: core.T("业主", "Owner")}, {Value: KindResident, Label: core.T("住户", "Resident")},
		{Value: KindVisitor, Label: core.T("访客", "Visitor")}, {Value: KindPartner, Label: core.T("合作单位", "Partner")}}
}

func forms() []core.Choice {
	return []core.Choice{{Value: Organisation, Label: core.T("单位", "Organisation")}, {Value: Person, Label: core.T("个人", "Person")}}
}

func states() []core.Choice {
	return []core.Choice{{Value: Met, Label: core.T("待备案", "To be filed")}, {Value: Pending, Label: core.T("待确认", "To be confirmed")}, {Value: Active, Label: core.T("已确认", "Confirmed")},
		{Value: Left, Label: core.T("已迁出", "Moved out")}, {Value: Merged, Label: core.T("已并入", "Merged")}, {Value: Erased, Label: core.T("已删除", "Erased")}}
}

// Categories are the four of C15.1.
func Categories() []core.Choice {
	return []core.Choice{{Value: Target, Label: core.T("目标客户", "Target")}, {Value: Ordinary, Label: core.T("一般客户", "Ordinary")},
		{Value: Key, Label: core.T("重点客户", "Key")}, {Value: Potential, Label: core.T("潜在客户", "Potential")}}
}

// grades name the customer's scale in full: never a bare letter on a page (resolutions 16).
func grades() []core.Choice {
	return []core.Choice{{Value: "gold", Label: core.T("金牌客户", "Gold customer")}, {Value: "silver", Label: core.T("银牌客户", "Silver customer")},
		{Value: "bronze", Label: core.T("铜牌客户", "Bronze customer")}, {Value: "plain", Label: core.T("普通客户", "Plain customer")}}
}

func credits() []core.Choice {
	return []core.Choice{{Value: "good", Label: core.T("良好", "Good")}, {Value: "fair", Label: core.T("一般", "Fair")}, {Value: "poor", Label: core.T("较差", "Poor")}, {Value: "unknown", Label: core.T("未评定", "Not rated")}}
}

func contactRoles() []core.Choice {
	return []core.Choice{{Value: RoleContact, Label: core.T("联系人", "Contact")}, {Value: RoleHead, Label: core.T("负责人", "Person in charge")}, {Value: RoleFinance, Label: core.T("财务联系人", "Finance contact")},
		{Value: RoleInside, Label: core.T("紧急联系人(办公时间)", "Emergency contact, office hours")}, {Value: RoleOutside, Label: core.T("紧急联系人(非办公时间)", "Emergency contact, outside office hours")}, {Value: RoleFamily, Label: core.T("家庭成员", "Family member")}, {Value: RoleOther, Label: core.T("其他", "Other")}}
}

func parts() []core.Choice {
	return []core.Choice{{Value: AsTenant, Label: core.T("租户", "Tenant")}, {Value: AsOwner, Label: core.T("业主", "Owner")}}
}

func consentHows() []core.Choice {
	return []core.Choice{{Value: "written", Label: core.T("书面签字", "In writing")}, {Value: "contract", Label: core.T("合同条款", "By contract")},
		{Value: "electronic", Label: core.T("电子确认", "Electronically")}, {Value: "oral", Label: core.T("口头(有记录)", "Orally, on record")}}
}

func reportHows() []core.Choice {
	return []core.Choice{{Value: "phone", Label: core.T("电话", "Telephone")}, {Value: "visit", Label: core.T("上门", "Visit")}, {Value: "counter", Label: core.T("前台", "Counter")},
		{Value: "wechat", Label: core.T("微信", "WeChat")}, {Value: "letter", Label: core.T("信函", "Letter")}, {Value: "other", Label: core.T("其他", "Other")}}
}

// OriginImport marks what came from an office's workbook.
const OriginImport = "import"

// Customer is one file.
type Customer struct {
	Project     core.ID
	ID          core.ID
	Version     int64
	Changed     time.Time
	Kind        string
	Form        string
	Name        core.Personal
	NameKey     string // normalised, for comparing
	IDKind      string // as core.KindOfID: uscc, resident, passport, other
	IDSealed    string
	IDBlind     string
	IDMask      string
	IDWrong     bool // its check digit does not fit
	Industry    string
	LegalPerson core.Personal
	Address     core.Personal
	Nationality string
	Facilities  string
	Category    string
	Grade       string
	Credit      string
	CreditNote  string
	Needs       string
	Opinions    string
	Keeper      core.ID // the employee who looks after them
	State       string
	MetOn       core.Date
	FiledAt     time.Time
	MoveIn      core.Date
	VerifiedAt  time.Time
	VerifyBy    core.Date
	ConfirmedAt time.Time
	ConfirmedBy core.ID
	MergedInto  core.ID
	ErasedAt    time.Time
	Origin      string
	Note        string
	Extra       string
	Nature      string        // Usual or Special (C6.8)
	Trade       string        // of a special customer: lawyer, bank…
	Enterprise  string        // type of enterprise 企业性质 (C15.8)
	ParentOrg   string        // 主管单位 (C15.8)
	Plates      core.Personal // number plates of an owner (B1.5)
	Relation    string        // of a resident to the owner (B1.5)
	LeaseFrom   core.Date     // of a tenant (B1.5)
	LeaseTo     core.Date

	// Of lists and look-ups, filled by withSummary.
	Units   string
	Contact core.Personal
	Phone   core.Phone
}

func (c *Customer) dest() []any {
	return []any{&c.Project, &c.ID, &c.Version, &c.Changed, &c.Kind, &c.Form, &c.Name, &c.NameKey, &c.IDKind, &c.IDSealed, &c.IDBlind, &c.IDMask, &c.IDWrong,
		&c.Industry, &c.LegalPerson, &c.Address, &c.Nationality, &c.Facilities, &c.Category, &c.Grade, &c.Credit, &c.CreditNote, &c.Needs, &c.Opinions,
		&c.Keeper, &c.State, &c.MetOn, &c.FiledAt, &c.MoveIn, &c.VerifiedAt, &c.VerifyBy, &c.ConfirmedAt, &c.ConfirmedBy, &c.MergedInto, &c.ErasedAt,
		&c.Origin, &c.Note, &c.Extra, &c.Nature, &c.Trade, &c.Enterprise, &c.ParentOrg, &c.Plates, &c.Relation, &c.LeaseFrom, &c.LeaseTo}
}

// Ref names the customer.
func (c Customer) Ref() core.Ref { return core.Ref{Project: c.Project, Kind: "customer", ID: c.ID} }

// Live reports whether the file may still be changed.
func (c Customer) Live() bool { return c.State != Merged && c.State != Erased }

// Discreet is the name as duties and approvals carry it, which outlive an erasure: a firm's name, or 张**.
func (c Customer) Discreet() string {
	if c.Form == Organisation {
		return string(c.Name)
	}
	r := []rune(string(c.Name))
	if len(r) < 2 {
		return string(c.Name)
	}
	return string(r[0]) + strings.Repeat("*", len(r)-1)
}

// Contact is a person to turn to.
type Contact struct {
	ID       core.ID
	Customer core.ID
	Name     core.Personal
	Role     string
	Note     string
	Phones   []core.Phone
	Mail     string // e-mail address, in small letters; of Contacts, not of lists
}

// Stay is a customer's part in a unit, from a day to a day.
type Stay struct {
	ID       core.ID
	Customer core.ID
	Unit     core.ID
	Part     string
	From, To core.Date
	Origin   string
}

// On reports whether the stay holds on a day; a stay without a first day began before the records.
func (s Stay) On(day core.Date) bool {
	return (s.From == "" || s.From <= day) && (s.To == "" || s.To >= day)
}

// Consent is one consent to the use of personal data (B1.4, L5).
type Consent struct {
	ID           core.ID
	Customer     core.ID
	Purpose      string
	Sensitive    bool // to identity numbers, which need a consent of their own
	How          string
	GivenAt      time.Time
	GivenBy      core.Personal
	WithdrawnAt  time.Time
	WithdrawnHow string
	Matter       core.ID   // for which it was given, and no other; 0: for what Purpose says
	Number       string    // of the matter
	Form         core.Text // the public form by which it was given
}

// Report is one contact with a customer (C15.4).
type Report struct {
	ID       core.ID
	Customer core.ID
	At       time.Time
	By       core.ID
	ByName   string
	How      string
	Summary  string
}

// NameKey makes names comparable: half-width, lower case, without spaces, brackets and punctuation.
func NameKey(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\u3000()[]{}.,·、。-_\"'“”‘’", r) {
			return -1
		}
		return r
	}, strings.ToLower(core.FullToHalf(strings.TrimSpace(name))))
}

// orgWords end or mark the names of organisations.
var orgWords = []string{"公司", "事务所", "中心", "店", "厂", "行", "银行", "集团", "工作室", "学校", "医院", "诊所", "协会", "合作社", "商行", "餐厅", "酒店", "超市", "企业", "委员会", "局", "部"}

// FormOf guesses whether a name is a person's or an organisation's, by its ID and its words.
func FormOf(name, id string) string {
	switch core.KindOfID(id) {
	case "uscc":
		return Organisation
	case "resident", "passport":
		return Person
	}
	for _, w := range orgWords {
		if strings.Contains(name, w) && len([]rune(name)) > 3 {
			return Organisation
		}
	}
	if len([]rune(name)) > 4 && !strings.Contains(name, "·") && !strings.Contains(name, " ") {
		return Organisation
	}
	return Person
}

// FileKind is the register's kind.
var FileKind = register.Kind{Name: "customer", Plural: "customers", Label: core.T("客户档案", "Customers"), Table: "customer_customer", Events: events(), About: named,
	Choices: map[string][]core.Choice{"kind": append(paperKinds(), remarkKinds()...), "direction": directions(), "how": append(letterHows(), reportHows()...), "channel": notify.Channels()}}

func events() map[string]core.Text {
	return map[string]core.Text{
		"created": core.T("建档", "put on file"), "met": core.T("登记新接触", "recorded a first contact"), "imported": core.T("由台账导入", "imported from a workbook"), "edited": core.T("更新资料", "updated"),
		"filed": core.T("完成备案", "put on file"), "confirmed": core.T("档案经确认", "the file was confirmed"), "verified": core.T("核实资料", "verified"), "change": core.T("登记资料变动:{what}", "a change was reported: {what}"),
		"contact_added": core.T("新增联系人 {name}", "added contact {name}"), "contact_changed": core.T("修改联系人 {name}", "changed contact {name}"), "contact_removed": core.T("移除联系人 {name}", "removed contact {name}"),
		"unit_moved": core.T("单元 {from} 拆分或合并,转到 {into},{on} 起", "unit {from} was split or merged: moved to {into} from {on}"), "occupied": core.T("登记{label} {code}", "took up {code}"), "vacated": core.T("迁出 {code}", "left {code}"), "consented": core.T("取得同意:{purpose}{matter}", "consent given: {purpose}{matter}"), "withdrawn": core.T("撤回同意:{purpose}{matter}", "consent withdrawn: {purpose}{matter}"),
		"consent_moved": core.T("同意(事项 {matter})记到另一客户的档案", "the consent for the request {matter} belongs to another customer"),
		"reported":      core.T("联系报告:{summary}", "contact report: {summary}"), "merged": core.T("并入 {name}", "merged into {name}"), "absorbed": core.T("并入了 {name}", "took in {name}"), "unmerged": core.T("撤销合并", "the merge was undone"),
		"exported": core.T("应本人要求导出资料", "exported the person's data"), "erased": core.T("应本人要求删除个人信息", "erased the personal data"), "revealed": core.T("查看明文:{reason}", "revealed: {reason}"), "printed": core.T("打印业户基本情况表:{reason}", "printed the information form: {reason}"),
		"kept": core.T("经办人改为 {to}", "is looked after by {to}"), "left": core.T("已迁出", "moved out"),
		"paper": core.T("归档资料({kind}):{title}", "filed a paper ({kind}): {title}"), "noted": core.T("动态信息({kind}):{text}", "noted what is new ({kind}): {text}"), "corresponded": core.T("往来记录({direction},{how}):{subject}", "correspondence ({direction}, {how}): {subject}"),
		"reminded": core.T("发出核对提醒({channel})", "sent a reminder to check ({channel})"), "proposed": core.T("客户自助提出变动,待核对", "the customer proposed a change, to be verified"), "access_asked": core.T("申请查阅完整档案:{reason}", "asked to read it in full: {reason}"),
	}
}
