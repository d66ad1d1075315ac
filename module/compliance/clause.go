package compliance

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/regulation"
)

// ClauseHref is a clause's page in the request's project; app gives it to the registers and the error pages.
func ClauseHref(ctx context.Context, clause string) string {
	code := core.ProjectOf(ctx).Code
	if code == "" || regulation.Default().Clause(clause) == nil && !regulation.IsOwn(clause) {
		return ""
	}
	return "/p/" + code + "/clause/" + clause
}

// ClauseRef names a clause as a record, for its requests and its history: up to eight letters packed into a key.
func ClauseRef(project core.ID, clause string) core.Ref {
	var key core.ID
	for _, b := range []byte(clause) {
		key = key<<8 | core.ID(b)
	}
	return core.Ref{Project: project, Kind: "clause", ID: key}
}

// clauseOf unpacks what ClauseRef packed; an id as written in the regulation passes through.
func clauseOf(ctx context.Context, tx db.Tx, s string) (*regulation.Clause, error) {
	key, err := strconv.ParseInt(s, 10, 64)
	if err != nil || key <= 0 {
		return regulation.Find(ctx, tx, s)
	}
	var letters []byte
	for ; key > 0; key >>= 8 {
		letters = append([]byte{byte(key)}, letters...)
	}
	return regulation.Find(ctx, tx, string(letters))
}

// docOf is the regulation that the clause is in.
func docOf(c *regulation.Clause) regulation.Doc {
	if c.Own != nil {
		d := regulation.OwnBook()
		d.Version = int(c.Own.Version)
		return d
	}
	for _, d := range regulation.Default().Docs {
		if d.ID == c.Doc {
			return d
		}
	}
	return regulation.Doc{}
}

// Source says where a value comes from.
type Source string

// The sources, weakest first.
const (
	FromPack    Source = "pack"    // 制度规定
	FromOurs    Source = "ours"    // 本系统默认
	FromFirm    Source = "firm"    // 公司
	FromProject Source = "project" // 本项目
)

// Sources lists them with their names.
func Sources() []core.Choice {
	return []core.Choice{
		{Value: string(FromPack), Label: core.T("制度规定", "The regulation")}, {Value: string(FromOurs), Label: core.T("本系统默认", "Our default")},
		{Value: string(FromFirm), Label: core.T("公司设定", "Set by the firm")}, {Value: string(FromProject), Label: core.T("本项目设定", "Set by this project")},
	}
}

// Value is one value of a clause as it stands: a number, the switch or a role.
type Value struct {
	Name   string
	Label  core.Text
	Raw    string
	Text   core.Text
	Source Source
	Since  time.Time // zero: as long as the pack
	Range  core.Text
	Next   *Follows
}

// Follows is a value that is decided and not yet in force.
type Follows struct {
	Text core.Text
	From time.Time
}

// Values are a clause's switch, roles and numbers in force, each with where it comes from and since when.
func Values(ctx context.Context, tx db.Tx, c *regulation.Clause) ([]Value, error) {
	project, when := core.ProjectOf(ctx).ID, core.Now(ctx)
	if c.Own != nil && c.Own.From.After(when) {
		when = c.Own.From
	}
	rules, err := regulation.RulesAt(ctx, tx, project, when)
	if err != nil {
		return nil, err
	}
	history, err := regulation.History(ctx, tx, project, c.ID)
	if err != nil {
		return nil, err
	}
	onOff := "off"
	if rules.On(c.ID) {
		onOff = "on"
	}
	out := []Value{{Name: regulation.Switch, Label: core.T("开关", "Switch"), Raw: onOff, Source: FromPack},
		{Name: regulation.OwnerOf, Label: core.T("责任岗位", "Owed by"), Raw: string(rules.Owner(c.ID)), Source: FromPack},
		{Name: regulation.EscalateOf, Label: core.T("逾期上报", "Goes up to"), Raw: string(rules.Escalate(c.ID)), Source: FromPack}}
	for _, n := range c.Numbers {
		v := Value{Name: n.Name, Label: n.Label, Raw: rules.Value(c.ID, n.Name), Source: FromPack, Range: rangeText(n)}
		if c.Ours {
			v.Source = FromOurs
		}
		out = append(out, v)
	}
	for i := range out {
		if c.Own != nil {
			out[i].Source, out[i].Since = ownSource(c), c.Own.From
		}
		out[i].trace(ctx, c, history)
	}
	return out, nil
}

// trace finds in the history, newest first, where the value comes from and what follows it.
func (v *Value) trace(ctx context.Context, c *regulation.Clause, history []regulation.Setting) {
	v.Text = sayValue(c, v.Name, v.Raw)
	now := core.Now(ctx)
	for _, s := range history {
		if s.Name != v.Name {
			continue
		}
		if s.From.After(now) {
			v.Next = &Follows{sayValue(c, s.Name, s.Value), s.From}
			continue
		}
		source := FromProject
		if s.Project == core.Firm {
			source = FromFirm
		}
		if v.Since.IsZero() || (v.Source == FromFirm && source == FromProject) || c.Own != nil && s.From.After(v.Since) {
			v.Source, v.Since = source, s.From
		}
	}
}

// sayValue writes a setting in words.
func sayValue(c *regulation.Clause, name, raw string) core.Text {
	switch name {
	case regulation.Switch:
		if raw == "on" {
			return core.T("开", "On")
		}
		return core.T("关", "Off")
	case regulation.OwnerOf, regulation.EscalateOf:
		return core.Role(raw).Name()
	}
	if n := c.Number(name); n != nil {
		return sayNumber(*n, raw)
	}
	return core.Text{ZH: raw, EN: raw}
}

func sayNumber(n regulation.Number, raw string) core.Text {
	i, _ := strconv.ParseInt(raw, 10, 64)
	switch n.Kind {
	case "span":
		if s, err := core.ParseSpan(raw); err == nil {
			return s.Text()
		}
	case "rate":
		return core.T("%s", "%s", core.Rate(i).String())
	case "money":
		return core.T("%s 元", "CNY %s", core.Money(i).String())
	case "choice":
		return core.Label(n.Choices, raw)
	case "monthday":
		return sayMonthDay(raw)
	}
	return core.Text{ZH: raw, EN: raw}
}

func sayMonthDay(raw string) core.Text {
	switch {
	case raw == "last":
		return core.T("月末", "the last day of the month")
	case raw == "lastwd":
		return core.T("月末最后一个工作日", "the last working day of the month")
	case strings.Contains(raw, "-"):
		return core.T("每年 %s", "every year on %s", raw)
	}
	return core.T("每月 %s 日", "day %s of the month", raw)
}

func rangeText(n regulation.Number) core.Text {
	if n.Min == "" && n.Max == "" || n.Kind == "choice" {
		return core.Text{}
	}
	return core.T("%s 至 %s", "%s to %s", sayNumber(n, n.Min), sayNumber(n, n.Max))
}

// typed reads a number as people type it: rates in percent, money in yuan, the rest as the pack writes it.
func typed(c *regulation.Clause, name, s string) (string, error) {
	s = strings.TrimSpace(core.FullToHalf(s))
	n := c.Number(name)
	if n == nil {
		return s, nil
	}
	switch n.Kind {
	case "rate":
		f, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, "%")), 64)
		if err != nil || f < -1000 || f > 1000 {
			return "", core.Invalid("value", "「%s」不是百分数", "%q is no percentage", s)
		}
		return strconv.FormatInt(int64(f*100+0.5), 10), nil
	case "money":
		m, err := core.ParseMoney(s)
		if err != nil {
			return "", core.Invalid("value", "%s", "%s", core.AsErr(err).Text)
		}
		return strconv.FormatInt(int64(m), 10), nil
	case "clock":
		if len(s) == 4 && s[1] == ':' {
			s = "0" + s
		}
	}
	return s, nil
}

// untyped is the inverse, for the form.
func untyped(c *regulation.Clause, name, raw string) string {
	n := c.Number(name)
	if n == nil {
		return raw
	}
	i, _ := strconv.ParseInt(raw, 10, 64)
	switch n.Kind {
	case "rate":
		return core.Rate(i).String()
	case "money":
		return core.Money(i).Plain()
	}
	return raw
}

// typingHint says how a number is typed.
func typingHint(n regulation.Number) core.Text {
	how := map[string]core.Text{
		"span":     core.T("如 15min、24h、7d、3wd(分钟、小时、天、工作日)", "Such as 15min, 24h, 7d, 3wd (minutes, hours, days, working days)"),
		"rate":     core.T("百分数,如 95%", "A percentage such as 95%"),
		"money":    core.T("单位:元", "In yuan"),
		"clock":    core.T("时刻,如 08:30", "A time of day such as 08:30"),
		"monthday": core.T("1 至 31、last(月末)或 lastwd(月末最后一个工作日);一年一次的写 03-15", "1 to 31, last or lastwd (the last working day); once a year: 03-15"),
		"count":    core.T("整数", "A whole number"),
	}[n.Kind]
	if r := rangeText(n); r.Is() {
		return core.T("%s;范围 %s", "%s; range %s", how, r)
	}
	return how
}

// ---- proposing a change

// ChangeIn is a proposed change of one value of a clause.
type ChangeIn struct {
	Name   string // "switch", "owner", "escalate" or a number's name
	Value  string // as typed
	Scope  string // "project" or "firm"
	From   core.Date
	Reason string
}

// change is what is approved: the value as the pack writes it.
type change struct {
	Clause, Name, Value, Scope string
	From                       core.Date
}

func scopes() []core.Choice {
	return []core.Choice{{Value: "project", Label: core.T("只在本项目", "This project only")}, {Value: "firm", Label: core.T("全公司", "The whole firm")}}
}

func changeFields() []core.Field[ChangeIn] {
	return []core.Field[ChangeIn]{
		{Name: "name", Label: core.T("改什么", "What"), Ptr: func(in *ChangeIn) any { return &in.Name }, Required: true, Max: 40},
		{Name: "value", Label: core.T("改为", "New value"), Ptr: func(in *ChangeIn) any { return &in.Value }, Required: true, Max: 40},
		{Name: "scope", Label: core.T("范围", "Where"), Ptr: func(in *ChangeIn) any { return &in.Scope }, Kind: core.KindRadio, Choices: scopes(), Required: true},
		{Name: "from", Label: core.T("从哪天零点起", "From midnight of"), Hint: core.T("最早明天;批准得晚,则从批准的次日起", "Tomorrow at the earliest; approved later, it starts the day after the approval"),
			Ptr: func(in *ChangeIn) any { return &in.From }, Required: true},
		{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(in *ChangeIn) any { return &in.Reason }, Kind: core.KindLines, Required: true, Min: 4, Max: 1000},
	}
}

// canChange says why nobody may change the clause: it is the law.
func canChange(c *regulation.Clause) error {
	if c.Law {
		return &core.Err{Kind: core.KindRefused, Clause: c.ID, Text: core.T("这是法律底线,不能修改或关闭", "This is the law: it can be neither changed nor switched off")}
	}
	return nil
}

// maxAhead is how far ahead a change may be set, in days.
const maxAhead = 366

// ProposeChange files a change of the clause for approval: by the project's manager, or, for the whole firm, by the
// general manager. Whoever holds the deciding role himself needs the other's yes.
func ProposeChange(ctx context.Context, tx db.Tx, clause string, in ChangeIn) (core.ID, error) {
	c, err := regulation.Find(ctx, tx, clause)
	if err != nil {
		return 0, err
	}
	if err := canChange(c); err != nil {
		return 0, err
	}
	value, err := typed(c, in.Name, in.Value)
	if err != nil {
		return 0, err
	}
	if err := c.CheckSetting(in.Name, value); err != nil {
		return 0, err
	}
	if today := core.Today(ctx); in.From <= today || in.From > today.Add(maxAhead) {
		return 0, core.Invalid("from", "应在明天到一年之内", "It must be between tomorrow and a year from now")
	}
	label := core.Label(append(settingNames(), numberNames(c)...), in.Name)
	scope := core.Label(scopes(), in.Scope)
	title := core.T("修改 %s「%s」为 %s(%s,%s 起)", "Change %s, %s, to %s (%s, from %s)", c.ID, label, sayValue(c, in.Name, value), scope, string(in.From))
	role := core.Manager
	if in.Scope == "firm" {
		role = core.GM
	}
	return approval.Ask(ctx, tx, approval.Request{Verb: "compliance.change", About: ClauseRef(core.ProjectOf(ctx).ID, c.ID), Title: title, URL: ClauseHref(ctx, c.ID),
		Clause: c.ID, Reason: in.Reason}, change{c.ID, in.Name, value, in.Scope, in.From}, approval.Step{Role: approver(ctx, role)})
}

func settingNames() []core.Choice {
	return []core.Choice{{Value: regulation.Switch, Label: core.T("开关", "the switch")}, {Value: regulation.OwnerOf, Label: core.T("责任岗位", "the owner")},
		{Value: regulation.EscalateOf, Label: core.T("逾期上报", "the role it goes up to")}}
}

func numberNames(c *regulation.Clause) []core.Choice {
	out := make([]core.Choice, len(c.Numbers))
	for i, n := range c.Numbers {
		out[i] = core.Choice{Value: n.Name, Label: n.Label}
	}
	return out
}

// changeKind puts an approved change in force, at the coming midnight at the earliest.
func changeKind() approval.Kind {
	return approval.Kind{Verb: "compliance.change", Name: core.T("修改制度", "Change the regulation"), Run: func(ctx context.Context, tx db.Tx, r approval.Request) error {
		in, err := inputOf[change](r)
		if err != nil {
			return err
		}
		project := r.About.Project
		if in.Scope == "firm" {
			project = core.Firm
		}
		return regulation.Set(ctx, tx, project, in.Clause, in.Name, in.Value, max(in.From, core.Today(ctx).Add(1)))
	}}
}

// ---- searching the catalogue

// ClauseFilter chooses clauses of the catalogue.
type ClauseFilter struct{ Doc, Area, State, Text string }

// Clauses lists the catalogue in the request's project, by book and number.
func Clauses(ctx context.Context, tx db.Tx, f ClauseFilter) ([]Line, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	coming, err := regulation.Coming(ctx, tx)
	var out []Line
	for _, c := range append(rules.All(), coming...) {
		l := lineOf(ctx, rules, c)
		if f.fits(l) {
			out = append(out, l)
		}
	}
	return out, err
}

func (f ClauseFilter) fits(l Line) bool {
	c := l.Clause
	if f.Doc != "" && c.Doc != f.Doc || f.Area != "" && c.Area != f.Area || f.State != "" && string(l.State) != f.State {
		return false
	}
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		if !strings.Contains(strings.ToLower(c.ID+" "+c.Text.ZH+" "+c.Text.EN+" "+c.Note.ZH), word) {
			return false
		}
	}
	return true
}

// Areas are the areas of the catalogue in the order of their first clause, with their names.
func Areas() []core.Choice {
	names := areaNames()
	var out []core.Choice
	for _, c := range regulation.Default().All() {
		if !slices.ContainsFunc(out, func(a core.Choice) bool { return a.Value == c.Area }) {
			out = append(out, core.Choice{Value: c.Area, Label: core.Label(names, c.Area)})
		}
	}
	return out
}

func areaNames() []core.Choice {
	var out []core.Choice
	for _, a := range [][3]string{
		{"admission", "入驻审核", "Admission"}, {"leases", "租赁合同", "Leases"}, {"frontdesk", "前台访客", "Front desk"}, {"desk", "受理台", "Service desk"},
		{"complaints", "投诉", "Complaints"}, {"moveout", "迁出", "Moving out"}, {"customers", "客户档案", "Customers"}, {"movein", "入驻入伙", "Moving in"},
		{"archives", "档案", "Archives"}, {"vip", "VIP 客户", "VIP customers"}, {"visits", "拜访", "Visits"}, {"leasing", "招商", "Leasing"},
		{"followup", "回访", "Follow-up"}, {"repairs", "维修", "Repairs"}, {"emergency", "应急", "Emergencies"}, {"dunning", "催缴", "Dunning"},
		{"quality", "品质", "Quality"}, {"training", "培训", "Training"}, {"charges", "收费标准", "Charges"}, {"notices", "通知", "Notices"},
		{"facilities", "设施", "Facilities"}, {"duty", "值班", "Duty rosters"}, {"care", "客户关怀", "Customer care"}, {"release", "放行", "Release of goods"},
		{"ledger", "台账", "Ledgers"}, {"survey", "满意度", "Surveys"}, {"safety", "安全", "Safety"}, {"reception", "接待", "Reception"},
		{"performance", "绩效", "Performance"}, {"reports", "报表", "Reports"}, {"payments", "收款", "Payments"}, {"fitout", "装修", "Fit-out"},
		{"metering", "抄表", "Metering"}, {"expenses", "费用", "Expenses"}, {"estate", "房产", "Property"}, {"disputes", "纠纷", "Disputes"},
	} {
		out = append(out, core.Choice{Value: a[0], Label: core.T(a[1], a[2])})
	}
	return out
}

// docNames are the books as a filter offers them.
func docNames() []core.Choice {
	var out []core.Choice
	for _, d := range append(slices.Clone(regulation.Default().Docs), regulation.OwnBook()) {
		out = append(out, core.Choice{Value: d.ID, Label: core.T("%s %s", "%s %s", d.ID, d.Title)})
	}
	return out
}

func mechanismName(m regulation.Mechanism) core.Text {
	return map[regulation.Mechanism]core.Text{
		regulation.ByGuard: core.T("拦截:不合规的操作做不成", "Guard: the action is refused"), regulation.ByDuty: core.T("待办:事件产生期限", "Duty: an event opens a term"),
		regulation.ByRecurring: core.T("周期:每期自动产生待办", "Recurring: the calendar opens a duty"), regulation.ByMeasure: core.T("比率:对照目标统计", "Measure: a rate against a target"),
		regulation.ByForm: core.T("表单:必填内容", "Form: a document with these fields"), regulation.ByFlow: core.T("流程:按步骤办理", "Flow: a process with states"),
		regulation.ByParam: core.T("参数:可调的数值", "Parameter: a value to set"), regulation.ByAccess: core.T("权限:谁能看、谁能做", "Access: who may see or do what"),
	}[m]
}

// monthsOf are the twelve months that end with the given one.
func monthsOf(last core.Month) []core.Month {
	out := make([]core.Month, trendMonths)
	for i := range out {
		out[i] = last.Add(i + 1 - trendMonths)
	}
	return out
}

// year counts a clause's duties of the twelve months, the last one last.
func year(ctx context.Context, tx db.Tx, clause string, last core.Month) ([]Count, error) {
	out := make([]Count, 0, trendMonths)
	for _, m := range monthsOf(last) {
		c, err := countClause(ctx, tx, core.ProjectOf(ctx).ID, m, clause)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func digits(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
