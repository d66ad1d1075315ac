package compliance

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

// ownVerb is the approval of a clause of the firm's own.
const ownVerb = "compliance.clause"

// OwnIn is a clause of the firm's own as it is proposed: Months and Day belong to a recurring one and a checklist,
// Items to a checklist, Event, Ends and Term to a deadline.
type OwnIn struct {
	Kind            string
	ZH, EN          string
	Basis, Area     string
	Owner, Escalate string
	Months          int64
	Day             string
	Items           string // one a line
	Event, Ends     string
	Term            string
	Scope           string
	From            core.Date
	Reason          string
}

func ownKinds() []core.Choice {
	return []core.Choice{{Value: regulation.OwnRecurring, Label: core.T("周期待办", "Recurring duty")}, {Value: regulation.OwnChecklist, Label: core.T("检查清单", "Checklist")},
		{Value: regulation.OwnDeadline, Label: core.T("事件期限", "Term after an event")}}
}

func everyMonths() []core.Choice {
	return []core.Choice{{Value: "1", Label: core.T("每月", "Every month")}, {Value: "2", Label: core.T("每两个月", "Every two months")}, {Value: "3", Label: core.T("每季度", "Every quarter")},
		{Value: "6", Label: core.T("每半年", "Every half-year")}, {Value: "12", Label: core.T("每年", "Every year")}}
}

func staffRoles() []core.Choice {
	out := make([]core.Choice, len(staff()))
	for i, r := range staff() {
		out[i] = core.Choice{Value: string(r), Label: r.Name()}
	}
	return out
}

// ownFields are all the fields; a kind's form shows those that belong to it.
func ownFields() []core.Field[OwnIn] {
	return []core.Field[OwnIn]{
		{Name: "kind", Label: core.T("种类", "Kind"), Ptr: func(in *OwnIn) any { return &in.Kind }, Kind: core.KindHidden, Choices: ownKinds(), Required: true},
		{Name: "text", Label: core.T("条文", "Text in Chinese"), Ptr: func(in *OwnIn) any { return &in.ZH }, Kind: core.KindLines, Required: true, Min: 4, Max: 1000},
		{Name: "text_en", Label: core.T("条文(英文)", "Text in English"), Hint: core.T("不填则英文界面显示中文条文", "Empty: English pages show the Chinese"), Ptr: func(in *OwnIn) any { return &in.EN }, Kind: core.KindLines, Max: 1000},
		{Name: "basis", Label: core.T("依据", "Basis"), Hint: core.T("如公司文件名称和文号", "For example the firm's paper and its number"), Ptr: func(in *OwnIn) any { return &in.Basis }, Required: true, Min: 2, Max: 200},
		{Name: "area", Label: core.T("领域", "Area"), Ptr: func(in *OwnIn) any { return &in.Area }, Choices: Areas(), Required: true},
		{Name: "owner", Label: core.T("责任岗位", "Owed by"), Ptr: func(in *OwnIn) any { return &in.Owner }, Choices: staffRoles(), Required: true},
		{Name: "escalate", Label: core.T("逾期上报", "Goes up to"), Ptr: func(in *OwnIn) any { return &in.Escalate }, Choices: staffRoles(), Required: true},
		{Name: "months", Label: core.T("多久一次", "How often"), Hint: core.T("季度到 3、6、9、12 月,半年到 6、12 月", "Quarters end in March, June and so on; half-years in June"), Ptr: func(in *OwnIn) any { return &in.Months }, Kind: core.KindChoice, Choices: everyMonths(), Max: 12},
		{Name: "day", Label: core.T("截止日", "Deadline"), Hint: core.T("1 至 31、last(月末)或 lastwd(月末最后一个工作日);一年一次的可写 03-15", "1 to 31, last or lastwd (the last working day); once a year also 03-15"), Ptr: func(in *OwnIn) any { return &in.Day }, Max: 10},
		{Name: "items", Label: core.T("检查项", "Items"), Hint: core.T("一行一项;办结时要逐项确认", "One a line; each is ticked before the duty closes"), Ptr: func(in *OwnIn) any { return &in.Items }, Kind: core.KindLines, Max: 4000},
		{Name: "event", Label: core.T("什么事之后", "After which event"), Ptr: func(in *OwnIn) any { return &in.Event }, Kind: core.KindChoice},
		{Name: "term", Label: core.T("期限", "Term"), Hint: core.T("如 30min、24h、7d、3wd(分钟、小时、天、工作日)", "Such as 30min, 24h, 7d, 3wd (minutes, hours, days, working days)"), Ptr: func(in *OwnIn) any { return &in.Term }, Max: 10},
		{Name: "ends", Label: core.T("以什么事为完成", "Fulfilled by"), Hint: core.T("不选则由责任人手工办结并附凭据", "Empty: closed by hand with its evidence"), Ptr: func(in *OwnIn) any { return &in.Ends }, Kind: core.KindChoice},
		{Name: "scope", Label: core.T("范围", "Where"), Ptr: func(in *OwnIn) any { return &in.Scope }, Kind: core.KindRadio, Choices: scopes(), Required: true},
		{Name: "from", Label: core.T("从哪天零点起", "From midnight of"), Hint: core.T("最早明天;批准得晚,则从批准的次日起", "Tomorrow at the earliest; approved later, it starts the day after the approval"),
			Ptr: func(in *OwnIn) any { return &in.From }, Required: true},
		{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(in *OwnIn) any { return &in.Reason }, Kind: core.KindLines, Required: true, Min: 4, Max: 1000},
	}
}

// notOf are the fields that a kind does without.
func notOf(kind string) []string {
	switch kind {
	case regulation.OwnDeadline:
		return []string{"months", "day", "items"}
	case regulation.OwnChecklist:
		return []string{"event", "term", "ends"}
	}
	return []string{"event", "term", "ends", "items"}
}

func events(ctx context.Context) []core.Choice {
	var out []core.Choice
	for _, e := range house.Of(ctx).Events {
		out = append(out, core.Choice{Value: e.Key, Label: e.Label})
	}
	return out
}

// draft is what is approved.
func (in OwnIn) draft(ctx context.Context, clause string) regulation.Draft {
	d := regulation.Draft{Clause: clause, Kind: in.Kind, Text: core.Text{ZH: in.ZH, EN: in.EN}, Basis: in.Basis, Area: in.Area, Owner: core.Role(in.Owner),
		Escalate: core.Role(in.Escalate), Project: core.ProjectOf(ctx).ID, From: in.From}
	if in.Scope == "firm" {
		d.Project = core.Firm
	}
	if d.Text.EN == "" {
		d.Text.EN = d.Text.ZH
	}
	if in.Kind == regulation.OwnDeadline {
		d.Event, d.Ends, d.Term = in.Event, in.Ends, in.Term
		return d
	}
	d.Months, d.Day = max(in.Months, 1), in.Day
	if in.Kind == regulation.OwnChecklist {
		d.Items = linesOf(in.Items)
	}
	return d
}

// short is the beginning of a clause's text.
func short(s string) string {
	const most = 40
	r := []rune(strings.ReplaceAll(s, "\n", " "))
	if len(r) <= most {
		return string(r)
	}
	return string(r[:most-1]) + "…"
}

func linesOf(s string) []string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// checkOwn refuses a draft that the house cannot carry out.
func checkOwn(ctx context.Context, d regulation.Draft) error {
	if err := d.Check(); err != nil {
		return err
	}
	for name, key := range map[string]string{"event": d.Event, "ends": d.Ends} {
		if key != "" && !slices.ContainsFunc(house.Of(ctx).Events, func(e house.Event) bool { return e.Key == key }) {
			return core.Invalid(name, "系统没有「%s」这件事", "The system knows no event %q", key)
		}
	}
	if len(d.Items) > 100 {
		return core.Invalid("items", "最多 100 项", "At most 100 items")
	}
	if today := core.Today(ctx); d.From <= today || d.From > today.Add(maxAhead) {
		return core.Invalid("from", "应在明天到一年之内", "It must be between tomorrow and a year from now")
	}
	return nil
}

// canRevise says why the clause's text may not be revised: only the firm's own is the firm's to write, and whoever
// decides it for the whole firm, decides its text.
func canRevise(c *regulation.Clause) error {
	if c.Own == nil {
		return core.Conflict("制度原文不能修订,只能改数值、岗位和开关", "The regulation's own text is not revised; its numbers, roles and switch are")
	}
	return nil
}

// ProposeOwn files a clause of the firm's own for approval: a new one, or with its id a new text of it. It is for the
// project's manager, or for the whole firm the general manager.
func ProposeOwn(ctx context.Context, tx db.Tx, clause string, in OwnIn) (core.ID, error) {
	title := core.T("增加条款:%s(%s 起)", "New clause: %s (from %s)", short(in.ZH), string(in.From))
	about := core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "clause"}
	href := ""
	if clause != "" {
		c, err := regulation.Find(ctx, tx, clause)
		if err != nil {
			return 0, err
		}
		if err := canRevise(c); err != nil {
			return 0, err
		}
		in.Kind, in.Scope = c.Own.Kind, "project"
		if c.Own.Project == core.Firm {
			in.Scope = "firm"
		}
		title = core.T("修订条款 %s:%s(%s 起)", "Revise clause %s: %s (from %s)", clause, short(in.ZH), string(in.From))
		about, href = ClauseRef(core.ProjectOf(ctx).ID, clause), ClauseHref(ctx, clause)
	}
	d := in.draft(ctx, clause)
	if err := checkOwn(ctx, d); err != nil {
		return 0, err
	}
	role := core.Manager
	if in.Scope == "firm" {
		role = core.GM
	}
	return approval.Ask(ctx, tx, approval.Request{Verb: ownVerb, About: about, Title: title, URL: href, Clause: clause, Reason: in.Reason}, d, approval.Step{Role: approver(ctx, role)})
}

// ownKind puts an approved clause in force, at the coming midnight at the earliest.
func ownKind() approval.Kind {
	return approval.Kind{Verb: ownVerb, Name: core.T("自订条款", "A clause of the firm's own"), Run: func(ctx context.Context, tx db.Tx, r approval.Request) error {
		d, err := inputOf[regulation.Draft](r)
		if err != nil {
			return err
		}
		d.From = max(d.From, core.Today(ctx).Add(1))
		if err := checkOwn(ctx, d); err != nil {
			return err
		}
		_, err = regulation.AddOwn(ctx, tx, d)
		return err
	}}
}

// ownClaim says that this module carries the firm's own clauses out.
func ownClaim(ctx context.Context, c *regulation.Clause) house.Claimed {
	by := []regulation.Mechanism{regulation.ByRecurring}
	switch c.Own.Kind {
	case regulation.OwnDeadline:
		by = []regulation.Mechanism{regulation.ByDuty}
	case regulation.OwnChecklist:
		by = append(by, regulation.ByGuard)
	}
	records := "compliance/duties?" + query("clause", c.ID, "month", string(core.Today(ctx).Month()))
	return house.Claimed{Module: "compliance", Claim: regulation.Claim{Clause: c.ID, By: by, Records: records}}
}

func ownSource(c *regulation.Clause) Source {
	if c.Own.Project == core.Firm {
		return FromFirm
	}
	return FromProject
}

// ---- the checklist when a duty is closed

// itemsAt are the items that the duty's checklist had at its deadline, or now while it runs.
func itemsAt(ctx context.Context, tx db.Tx, d duty.Duty) ([]string, error) {
	at := core.Now(ctx)
	if d.Due.Before(at) {
		at = d.Due.Add(-1)
	}
	rules, err := regulation.RulesAt(ctx, tx, d.Ref.Project, at)
	if err != nil {
		return nil, err
	}
	if c := rules.Clause(d.Clause); c != nil && c.Own != nil {
		return c.Own.Items, nil
	}
	return nil, nil
}

func itemChoices(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
	d, err := duty.Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return nil, err
	}
	items, err := itemsAt(ctx, tx, d)
	choices := make([]core.Choice, len(items))
	for i, item := range items {
		choices[i] = core.Choice{Value: strconv.Itoa(i + 1), Label: ui.Plain(item)}
	}
	return map[string][]core.Choice{"items": choices}, err
}

// allTicked refuses to close a checklist of the firm's own before each item is ticked, and says in the note that they are.
func allTicked(ctx context.Context, tx db.Tx, d duty.Duty, ticked []string) (note string, err error) {
	items, err := itemsAt(ctx, tx, d)
	if err != nil || len(items) == 0 {
		return "", err
	}
	var left []string
	for i, item := range items {
		if !slices.Contains(ticked, strconv.Itoa(i+1)) {
			left = append(left, item)
		}
	}
	if err := regulation.Guard(ctx, tx, d.Clause, len(left) == 0, core.T("还有 %d 项没有确认:%s", "%d items are not ticked: %s", len(left), strings.Join(left, ";"))); err != nil {
		return "", err
	}
	return core.T("(%d 项已逐项确认)", " (%d items ticked)", len(items)-len(left)).ZH, nil
}

// ---- pages

// ownPage is the form of a new clause, or of a new text of one.
func ownPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	return ownAnswer(ctx, tx, r, nil)
}

func ownAgain(ctx context.Context, tx db.Tx, r *web.Request, err error) (web.Answer, error) {
	return ownAnswer(ctx, tx, r, err)
}

func ownAnswer(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	title, action, kind := core.T("增加本公司条款", "A clause of our own"), "/p/"+core.ProjectOf(ctx).Code+"/clause/new", or(r.Input.Get("kind"), r.Query("kind"))
	in := OwnIn{Kind: kind, Months: 1, Scope: "project", From: core.Today(ctx).Add(1)}
	var tabs []ui.Tab
	if id := r.Path("clause"); id != "" {
		c, err := clauseOf(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		if err := canRevise(c); err != nil {
			return nil, err
		}
		kind, in = c.Own.Kind, ownIn(ctx, c)
		title, action = core.T("修订 %s", "Revise %s", c.ID), ClauseHref(ctx, c.ID)+"/revise"
	} else {
		if !slices.ContainsFunc(ownKinds(), func(k core.Choice) bool { return k.Value == kind }) {
			kind, in.Kind = regulation.OwnRecurring, regulation.OwnRecurring
		}
		for _, k := range ownKinds() {
			tabs = append(tabs, ui.Tab{Label: k.Label, Href: action + "?kind=" + k.Value, On: k.Value == kind})
		}
	}
	values := r.Input.Values
	if values == nil {
		values = core.ValuesOf(ctx, ownFields(), &in)
	}
	return web.Page{Title: title, Body: ownBody(title, tabs, ownForm(ctx, kind, action, r.Path("clause") != "", values, failure)), Narrow: true}, nil
}

func ownForm(ctx context.Context, kind, action string, revise bool, values map[string][]string, failure error) ui.FormView {
	fields := slices.DeleteFunc(ui.FieldsOf(core.Specs(ownFields()), values, failure), func(f ui.FieldView) bool { return slices.Contains(notOf(kind), f.Name) })
	for i := range fields {
		f := &fields[i]
		switch f.Name {
		case "event", "ends":
			f.Choices = events(ctx)
			f.Required = f.Name == "event"
		case "day", "term", "months", "items":
			f.Required = true
		case "scope":
			if revise {
				f.Kind = core.KindHidden
			}
		}
	}
	v := ui.FormView{Action: action, Submit: core.T("提交审批", "Send for approval"), Cancel: "/p/" + core.ProjectOf(ctx).Code + "/clause", IdemKey: register.NewKey(), Fields: fields}
	if failure != nil {
		v.Error, v.Clause = core.AsErr(failure).Text, core.ClauseOf(failure)
	}
	return v
}

// ownIn is the clause as the form holds it.
func ownIn(ctx context.Context, c *regulation.Clause) OwnIn {
	o := c.Own
	in := OwnIn{Kind: o.Kind, ZH: c.Text.ZH, EN: c.Text.EN, Basis: o.Basis, Area: c.Area, Owner: string(c.Owner), Escalate: string(c.Escalate),
		Items: strings.Join(o.Items, "\n"), Event: o.Event, Ends: o.Ends, Scope: "project", From: core.Today(ctx).Add(1)}
	if o.Project == core.Firm {
		in.Scope = "firm"
	}
	if in.EN == in.ZH {
		in.EN = ""
	}
	for _, n := range c.Numbers {
		switch n.Name {
		case "term":
			in.Term = n.Default
		case "day":
			in.Day = n.Default
		case "months":
			in.Months, _ = strconv.ParseInt(n.Default, 10, 64)
		}
	}
	return in
}

func proposeOwn(ctx context.Context, tx db.Tx, r *web.Request) (core.ID, error) {
	clause := ""
	if id := r.Path("clause"); id != "" {
		c, err := clauseOf(ctx, tx, id)
		if err != nil {
			return 0, err
		}
		clause = c.ID
	}
	in, err := core.Bind(ctx, ownFields(), r.Input)
	if err != nil {
		return 0, err
	}
	return ProposeOwn(ctx, tx, clause, in)
}

func postOwn(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := proposeOwn(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	return web.Redirect{URL: approvalKind().Href(ctx, id), Flash: core.T("已提交审批", "Sent for approval")}, nil
}

func apiOwn(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := proposeOwn(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	return web.JSON{Status: 201, Value: map[string]any{"approval": id}, Location: "/api/v1/projects/" + core.ProjectOf(ctx).Code + "/approvals/" + id.String()}, nil
}

// own adds to a clause's page what only one of the firm's own has: basis, what raises it, items, versions.
func (v *clauseView) own(ctx context.Context, tx db.Tx, c *regulation.Clause) error {
	if c.Own == nil {
		return nil
	}
	o, zone := c.Own, core.ProjectOf(ctx).Zone
	v.Facts = append(v.Facts, ui.Pair{Label: core.T("依据", "Basis"), Value: o.Basis}, ui.Pair{Label: core.T("种类", "Kind"), Value: core.Label(ownKinds(), o.Kind).Say(ctx)},
		ui.Pair{Label: core.T("范围", "Where"), Value: core.Label(Sources(), string(ownSource(c))).Say(ctx)}, ui.Pair{Label: core.T("生效", "In force from"), Value: string(core.DateOf(o.First, zone))})
	if o.Event != "" {
		v.Facts = append(v.Facts, ui.Pair{Label: core.T("什么事之后", "After"), Value: core.Label(events(ctx), o.Event).Say(ctx)})
	}
	if o.Ends != "" {
		v.Facts = append(v.Facts, ui.Pair{Label: core.T("以什么事为完成", "Fulfilled by"), Value: core.Label(events(ctx), o.Ends).Say(ctx)})
	}
	v.Items = o.Items
	if v.Propose {
		v.Revise = ClauseHref(ctx, c.ID) + "/revise"
	}
	all, err := regulation.Versions(ctx, tx, c.ID)
	v.Versions = ui.TableView{Caption: core.T("各版条文", "Versions of the text"), Columns: []ui.Column{{Label: core.T("版", "Version"), Num: true}, {Label: core.T("从", "From")}, {Label: core.T("条文", "Text")}}}
	for _, x := range all {
		v.Versions.Rows = append(v.Versions.Rows, ui.Row{Cells: []ui.Cell{{Text: fmt.Sprint(x.Own.Version)}, {Text: string(core.DateOf(x.Own.From, zone))}, {Text: x.Text.Say(ctx)}}})
	}
	return err
}

// ownFacts show the whole draft to whoever decides it.
func ownFacts(ctx context.Context, r approval.Request) ([]ui.Pair, error) {
	if r.Verb != ownVerb {
		return nil, nil
	}
	d, err := inputOf[regulation.Draft](r)
	if err != nil {
		return nil, err
	}
	out := []ui.Pair{{Label: core.T("种类", "Kind"), Value: core.Label(ownKinds(), d.Kind).Say(ctx)}, {Label: core.T("条文", "Text"), Value: d.Text.ZH}, {Label: core.T("条文(英文)", "Text in English"), Value: d.Text.EN},
		{Label: core.T("依据", "Basis"), Value: d.Basis}, {Label: core.T("领域", "Area"), Value: core.Label(areaNames(), d.Area).Say(ctx)},
		{Label: core.T("责任岗位", "Owed by"), Value: d.Owner.Name().Say(ctx)}, {Label: core.T("逾期上报", "Goes up to"), Value: d.Escalate.Name().Say(ctx)}}
	if d.Kind == regulation.OwnDeadline {
		term, _ := core.ParseSpan(d.Term)
		out = append(out, ui.Pair{Label: core.T("什么事之后", "After"), Value: core.Label(events(ctx), d.Event).Say(ctx)}, ui.Pair{Label: core.T("期限", "Term"), Value: term.Text().Say(ctx)})
		if d.Ends != "" {
			out = append(out, ui.Pair{Label: core.T("以什么事为完成", "Fulfilled by"), Value: core.Label(events(ctx), d.Ends).Say(ctx)})
		}
	} else {
		out = append(out, ui.Pair{Label: core.T("多久一次", "How often"), Value: core.Label(everyMonths(), strconv.FormatInt(d.Months, 10)).Say(ctx)}, ui.Pair{Label: core.T("截止日", "Deadline"), Value: sayMonthDay(d.Day).Say(ctx)})
	}
	if len(d.Items) > 0 {
		out = append(out, ui.Pair{Label: core.T("检查项", "Items"), Value: strings.Join(d.Items, ";")})
	}
	scope := scopes()[0].Label
	if d.Project == core.Firm {
		scope = scopes()[1].Label
	}
	return append(out, ui.Pair{Label: core.T("范围", "Where"), Value: scope.Say(ctx)}, ui.Pair{Label: core.T("从哪天零点起", "From midnight of"), Value: string(d.From)}), nil
}
