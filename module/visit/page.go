package visit

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/customer"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

func num(n int) string              { return strconv.Itoa(n) }
func ratio(n int64, of int) string  { return fmt.Sprintf("%d / %d", n, of) }
func todayTone(v roundView) ui.Tone { return toneIf(int(v.Today) >= v.Want, ui.OK, ui.Run) }
func neglectTone(n int) ui.Tone     { return toneIf(n == 0, ui.OK, ui.Warn) }

func toneIf(ok bool, yes, no ui.Tone) ui.Tone {
	if ok {
		return yes
	}
	return no
}

// about names the visit above a form.
func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	v, err := Get(ctx, tx, id)
	return ui.Plain(ui.Join(v.Number, v.UnitCode, string(v.CustomerName), v.Purpose)), err
}

func columnNames() []string {
	return []string{"number", "day", "customer_name", "sort", "purpose", "visitor", "state"}
}

// fields are what the API, the export and the columns of the list give.
func fields() []core.Field[Visit] {
	f := func(name, zh, en string, ptr func(*Visit) any, choices ...core.Choice) core.Field[Visit] {
		return core.Field[Visit]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return []core.Field[Visit]{f("number", "编号", "Number", func(v *Visit) any { return &v.Number }), f("day", "计划日期", "Planned for", func(v *Visit) any { return &v.Day }), f("customer_name", "客户", "Customer", func(v *Visit) any { return &v.CustomerName }),
		f("customer", "客户编号", "Customer id", func(v *Visit) any { return &v.Customer }), f("unit_code", "单元", "Unit", func(v *Visit) any { return &v.UnitCode }), f("sort", "类型", "Sort", func(v *Visit) any { return &v.Sort }, Sorts()...), f("purpose", "目的", "Purpose", func(v *Visit) any { return &v.Purpose }),
		f("goal", "目标", "Goal", func(v *Visit) any { return &v.Goal }), f("visitor", "拜访人", "Visitor", func(v *Visit) any { return &v.VisitorName }), f("state", "状态", "State", func(v *Visit) any { return &v.State }, States()...), f("at", "拜访时间", "Visited", func(v *Visit) any { return &v.At }),
		f("how", "方式", "Manner", func(v *Visit) any { return &v.How }, Ways()...), f("met", "接待人", "Received by", func(v *Visit) any { return &v.Met }), f("post", "职务", "Post", func(v *Visit) any { return &v.Post }), f("power", "决策权", "Power of decision", func(v *Visit) any { return &v.Power }, Powers()...),
		f("phone", "电话", "Telephone", func(v *Visit) any { return &v.Phone }), f("content", "内容", "Content", func(v *Visit) any { return &v.Content }), f("needs", "需求", "Needs", func(v *Visit) any { return &v.Needs }), f("problems", "问题", "Problems", func(v *Visit) any { return &v.Problems }),
		f("business", "经营变化", "Business", func(v *Visit) any { return &v.Business }), f("surroundings", "环境信息", "Surroundings", func(v *Visit) any { return &v.Surroundings }), f("competitor", "竞争信息", "Competitors", func(v *Visit) any { return &v.Competitor }),
		f("credit", "信用异动", "Credit", func(v *Visit) any { return &v.Credit }, Credits()...), f("credit_note", "信用说明", "Credit, details", func(v *Visit) any { return &v.CreditNote }), f("unusual", "异常动向", "Unusual developments", func(v *Visit) any { return &v.Unusual }), f("effect", "效果", "Effect", func(v *Visit) any { return &v.Effect }),
		f("next_day", "下一次", "Next visit", func(v *Visit) any { return &v.NextDay }), f("no_next", "未约定原因", "Why none agreed", func(v *Visit) any { return &v.NoNext }), f("recorded_at", "记录时间", "Recorded", func(v *Visit) any { return &v.Recorded }), f("signed_at", "签章时间", "Signed", func(v *Visit) any { return &v.Signed })}
}

func stateTone(v Visit) ui.Tone {
	switch v.State {
	case Recorded:
		return ui.OK
	case Visited:
		return ui.Warn
	case Cancelled:
		return ui.None
	}
	return ui.Run
}

func row(ctx context.Context, v *Visit) ui.Row {
	r := ui.Row{Cells: []ui.Cell{{Text: v.Number, Href: href(ctx, v.Ref.ID)}, {Text: string(v.Day)}, {Text: ui.Join(v.UnitCode, string(v.CustomerName))}, {Text: core.Label(Sorts(), v.Sort).Say(ctx)}, {Text: v.Purpose}, {Text: v.VisitorName},
		{Body: ui.Pill(stateTone(*v), core.Label(States(), v.State))}}}
	if v.Open && v.Day < core.Today(ctx) {
		r.Tone = ui.Late
	}
	return r
}

// linked is a field that leads to its record.
func linked(label core.Text, value, href string) ui.Pair {
	return ui.Pair{Label: label, Body: anchor(value, href)}
}

func record(ctx context.Context, tx db.Tx, v Visit) (register.Record, error) {
	r := register.Record{About: v.Customer, Head: ui.HeadView{Title: ui.Plain(v.Number), Sub: ui.Plain(v.Purpose), Aside: ui.Join(v.UnitCode, string(v.CustomerName)),
		Pills: []ui.PillView{{Tone: stateTone(v), Text: core.Label(States(), v.State)}, {Tone: ui.None, Text: core.Label(Sorts(), v.Sort)}}}}
	if v.State == Recorded && v.Signed.IsZero() && v.Unsigned == "" {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: ui.Warn, Text: core.T("待业户签章", "Not signed yet")})
	}
	is, err := ItemsOf(ctx, tx, v.Ref.ID, 0)
	if err != nil {
		return r, err
	}
	r.Cards = []templ.Component{register.FieldsCard(core.T("拜访计划", "Plan"), planPairs(ctx, v))}
	if !v.Recorded.IsZero() {
		r.Cards = append(r.Cards, register.FieldsCard(core.T("拜访记录", "Record"), recordPairs(ctx, v)))
	}
	if len(is) > 0 {
		r.Cards = append(r.Cards, ui.TableCard(ItemKind().Label, itemTable(ctx, is)))
	}
	if v.State != Cancelled {
		r.Cards = append(r.Cards, ui.Papers(core.T("单据", "Papers"), []ui.Link{{Label: core.T("顾客访谈记录(打印)", "Interview record (print)"), Href: href(ctx, v.Ref.ID, "record", "print")}, {Label: core.T("PDF", "PDF"), Href: href(ctx, v.Ref.ID, "record.pdf")}}))
	}
	return r, nil
}

func planPairs(ctx context.Context, v Visit) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Out = append(p.Out, linked(core.T("拜访对象", "Whom"), ui.Join(v.UnitCode, string(v.CustomerName)), customer.FileKind.Href(ctx, v.Customer)))
	p.Add("目的", "Purpose", v.Purpose)
	p.Add("目标", "Goal", v.Goal)
	p.Add("日期", "Day", string(v.Day))
	var prepared []string
	for _, x := range v.prepare() {
		prepared = append(prepared, core.Label(Preparations(), x).Say(ctx))
	}
	p.Add("准备事项", "Preparations", ui.Join(append(prepared, v.PrepareNote)...))
	p.Add("拜访人", "Visitor", v.VisitorName)
	p.Time("到访", "Visited", v.At)
	p.Add("取消原因", "Why cancelled", v.Reason)
	return p.Out
}

func recordPairs(ctx context.Context, v Visit) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Add("接待人", "Received by", ui.Join(string(v.Met), v.Post, v.Phone.Mask()))
	p.Choice("决策权", "Power of decision", Powers(), v.Power)
	p.Choice("方式", "Manner", Ways(), v.How)
	p.Add("内容", "Content", v.Content)
	p.Add("需求", "Needs", v.Needs)
	p.Add("问题", "Problems", v.Problems)
	p.Add("经营变化", "Business", v.Business)
	p.Add("环境信息", "Surroundings", v.Surroundings)
	p.Add("竞争信息", "Competitors", v.Competitor)
	p.Choice("信用异动", "Credit", Credits(), v.Credit, v.CreditNote)
	p.Add("异常动向", "Unusual developments", v.Unusual)
	p.Add("效果", "Effect", v.Effect)
	if v.NextDay != "" {
		p.Out = append(p.Out, linked(core.T("下一次拜访", "Next visit"), string(v.NextDay), href(ctx, v.Next)))
	}
	p.Add("未约定下一次", "Why no next visit", v.NoNext)
	p.Add("记录", "Recorded", ui.Join(v.Recorder, ui.Full(ctx, v.Recorded)))
	if !v.Signed.IsZero() {
		p.Add("业户签章", "Signed", ui.Join(string(v.Signer), ui.Full(ctx, v.Signed)))
	}
	p.Add("未签章原因", "Why not signed", v.Unsigned)
	return p.Out
}

func itemTable(ctx context.Context, is []Item) ui.TableView {
	t := ui.TableView{}
	all := itemFields()
	for _, name := range itemColumnNames() {
		i := slices.IndexFunc(all, func(f core.Field[Item]) bool { return f.Name == name })
		t.Columns = append(t.Columns, ui.Column{Label: all[i].Label})
	}
	for i := range is {
		t.Rows = append(t.Rows, itemRow(ctx, &is[i]))
	}
	return t
}

func itemRecord(ctx context.Context, _ db.Tx, i Item) (register.Record, error) {
	p := ui.Pairs{Ctx: ctx}
	from := href(ctx, i.Visit)
	if i.Meeting != 0 {
		from = MeetingKind().Href(ctx, i.Meeting)
	}
	p.Out = append(p.Out, linked(core.T("来源", "From"), i.Number, from))
	if i.Customer != 0 {
		p.Out = append(p.Out, linked(core.T("客户", "Customer"), string(i.CustomerName), customer.FileKind.Href(ctx, i.Customer)))
	}
	p.Add("内容", "What", i.What)
	p.Add("期限", "Due", string(i.Due))
	p.Add("责任人", "Owed by", i.OwnerName)
	p.Add("答复或落实", "Answer or result", i.Result)
	p.Choice("告知方式", "Told", toldHows(), i.Told)
	p.Time("办理", "Done", i.Done)
	p.Time("回访", "Followed up", i.Followed)
	p.Add("客户意见", "Customer's comment", i.Comment)
	head := ui.HeadView{Title: ui.Plain(short(i.What)), Sub: core.Label(ItemSorts(), i.Sort), Aside: ui.Join(i.Number, string(i.CustomerName)), Pills: []ui.PillView{{Tone: itemTone(i), Text: core.Label(itemStates(), i.State)}}}
	if i.Round > 1 {
		head.Pills = append(head.Pills, ui.PillView{Tone: ui.Warn, Text: core.T("第 %d 轮", "Round %d", i.Round)})
	}
	return register.Record{Head: head, About: i.Customer, Cards: []templ.Component{register.FieldsCard(core.Label(ItemSorts(), i.Sort), p.Out)}}, nil
}

func cardRecord(ctx context.Context, _ db.Tx, c Card) (register.Record, error) {
	p := ui.Pairs{Ctx: ctx}
	p.Out = append(p.Out, linked(core.T("客户", "Customer"), string(c.CustomerName), customer.FileKind.Href(ctx, c.Customer)))
	for _, f := range cardFields() {
		p.Add(f.Label.ZH, f.Label.EN, f.Display(ctx, &c))
	}
	return register.Record{About: c.Customer, Head: ui.HeadView{Title: ui.Plain(string(c.Person)), Sub: ui.Plain(ui.Join(c.Company, c.Post)), Aside: string(c.CustomerName)},
		Cards: []templ.Component{register.FieldsCard(core.T("客户卡", "Card"), p.Out), ui.Papers(core.T("单据", "Papers"), []ui.Link{{Label: core.T("打印客户卡", "Print the card"), Href: CardKind().Href(ctx, c.Ref.ID, "card.pdf")}})}}, nil
}

type uncardedRow struct {
	Name string
	Href string
}

// uncarded lists the key customers who have no card yet (C8.1).
func uncarded(ctx context.Context, tx db.Tx) (templ.Component, error) {
	on, err := regulation.On(ctx, tx, "C8.1")
	if err != nil || !on {
		return nil, err
	}
	// One card of each is looked up; "not exists" would let PostgreSQL read all cards first.
	cs, err := db.All(ctx, tx, func(c *customer.Customer) []any { return []any{&c.ID, &c.Name} }, `select c.id, c.name from customer_customer c where c.project_id = $1 and c.state in ('met', 'pending', 'active')
		and (c.category = 'key' or c.grade = 'gold') and (select k.id from visit_card k where k.project_id = c.project_id and k.customer_id = c.id and k.voided_at is null limit 1) is null
		order by c.filed_at, c.id limit 20`, core.ProjectOf(ctx).ID)
	if err != nil || len(cs) == 0 {
		return nil, err
	}
	out := make([]uncardedRow, len(cs))
	for i, c := range cs {
		out[i] = uncardedRow{string(c.Name), CardKind().Href(ctx, 0, "new") + "?customer=" + c.ID.String()}
	}
	return uncardedBody(out, register.Cite(ctx, "C8.1")), nil
}

func meetingRecord(ctx context.Context, tx db.Tx, m Meeting) (register.Record, error) {
	tone := ui.Run
	if m.State == Held {
		tone = ui.OK
	}
	r := register.Record{Head: ui.HeadView{Title: ui.Plain(m.Title), Sub: core.Label(Occasions(), m.Why), Aside: m.Number, Pills: []ui.PillView{{Tone: tone, Text: core.Label(meetingStates(), m.State)}}}}
	p := ui.Pairs{Ctx: ctx}
	p.Time("时间", "Time", m.At)
	p.Add("地点", "Place", m.Place)
	p.Add("重大事件", "Event", m.Event)
	p.Add("议程", "Agenda", m.Agenda)
	p.Add("主持人", "Chair", m.Chair)
	p.Add("到会", "Came", attendance(m))
	p.Add("会议记录", "Minutes", m.Minutes)
	p.Add("记录人", "Recorded by", m.Recorder)
	p.Add("取消原因", "Why called off", m.Reason)
	is, err := ItemsOf(ctx, tx, 0, m.Ref.ID)
	if err != nil {
		return r, err
	}
	invited, err := Invites(ctx, tx, m.Ref.ID)
	r.Cards = []templ.Component{register.FieldsCard(MeetingKind().Label, p.Out)}
	if len(is) > 0 {
		r.Cards = append(r.Cards, ui.TableCard(core.T("要求和建议", "Requests and suggestions"), itemTable(ctx, is)))
	}
	r.Cards = append(r.Cards, ui.TableCard(core.T("邀请名单", "Invitations"), inviteTable(ctx, m, invited)),
		ui.Papers(core.T("单据", "Papers"), []ui.Link{{Label: core.T("签到表", "Sign-in sheet"), Href: MeetingKind().Href(ctx, m.Ref.ID, "signin.pdf")}, {Label: core.T("会议记录", "Minutes"), Href: MeetingKind().Href(ctx, m.Ref.ID, "minutes.pdf")}}))
	return r, err
}

// attendance is how many came of how many, with the rate.
func attendance(m Meeting) string {
	rate, ok := core.RateOf(m.Attended, m.Invited)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d / %d(%s)", m.Attended, m.Invited, rate)
}

// inviteTable lists who was invited; who did not come is visited instead, at one click.
func inviteTable(ctx context.Context, m Meeting, is []Invite) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("单元", "Units")}, {Label: core.T("租户", "Tenant")}, {Label: core.T("到会", "Came")}, {Label: core.T("到会人", "Who")}, {Label: core.T("补访", "Visit instead")}}}
	for _, i := range is {
		state, visit := ui.Cell{Text: core.T("未到", "No").Say(ctx)}, ui.Cell{}
		if i.Attended {
			state = ui.Cell{Body: ui.Pill(ui.OK, core.T("到会", "Came"))}
		} else if m.State == Held && core.ActorOf(ctx).Can(m.Ref.Project, "visit.quick") {
			visit.Body = quick(href(ctx, 0, "quick"), i.Customer.String(), Round, core.T("安排拜访", "Plan a visit"))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: i.Units}, {Text: string(i.Name), Href: customer.FileKind.Href(ctx, i.Customer)}, state, {Text: string(i.Person)}, visit}})
	}
	return t
}

func festivalRecord(ctx context.Context, tx db.Tx, f Festival) (register.Record, error) {
	r := register.Record{Head: ui.HeadView{Title: f.title(), Sub: core.T("%s 至 %s", "%s to %s", string(f.From), string(f.To)), Pills: []ui.PillView{{Tone: ui.Run, Text: core.Label(festivalStates(), f.State)}}}}
	p := ui.Pairs{Ctx: ctx}
	p.Add("节前完成", "Visits made by", string(f.Due))
	p.Add("组织人", "Organised by", f.By)
	p.Add("礼品", "Gift", f.Gift)
	p.Add("主题", "Theme", f.Theme)
	p.Add("总结", "Summary", f.Summary)
	vs, err := list(ctx, tx, "project_id = $1 and festival_id = $2 order by day, id limit 500", f.Ref.Project, f.Ref.ID)
	t := ui.TableView{Empty: core.T("还没有组织拜访", "No visits are organised yet")}
	all := fields()
	for _, name := range columnNames() {
		i := slices.IndexFunc(all, func(f core.Field[Visit]) bool { return f.Name == name })
		t.Columns = append(t.Columns, ui.Column{Label: all[i].Label})
	}
	for i := range vs {
		t.Rows = append(t.Rows, row(ctx, &vs[i]))
	}
	r.Cards = []templ.Component{register.FieldsCard(FestivalKind().Label, p.Out), ui.TableCard(core.T("拜访", "Visits"), t)}
	return r, err
}

// ---- the round

// roundPage lists whom to visit next (C8.1).
func roundPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	rs, err := roundRows(ctx, tx)
	if err != nil {
		return nil, err
	}
	v := roundView{Span: rules.Span("C8.1", "neglected").N, Want: rules.Count("D5.3", "visits"), Cites: map[string]string{}, Plan: ui.Link{Label: core.T("制定拜访计划", "Plan a visit"), Href: href(ctx, 0, "new")}}
	for _, c := range []string{"C8.1", "D5.3", "C16.3", "A3.6", "C19.5"} {
		v.Cites[c] = register.Cite(ctx, c)
	}
	if v.Today, err = db.Value[int64](ctx, tx, "select count(distinct customer_id) from visit_visit where project_id = $1 and visit_day = $2", core.ProjectOf(ctx).ID, core.Today(ctx)); err != nil {
		return nil, err
	}
	f, err := visitedInYear(ctx, tx, core.ProjectOf(ctx).ID, core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone))
	if err != nil {
		return nil, err
	}
	if v.Year = "—"; f.Den > 0 {
		rate, _ := core.RateOf(f.Num, f.Den)
		v.Year = rate.String()
	}
	return v.fill(ctx, tx, r, rules, rs)
}

// roundPageSize is how many customers the round shows at once.
const roundPageSize = 50

func (v roundView) fill(ctx context.Context, tx db.Tx, r *web.Request, rules *regulation.Rules, rs []Row) (web.Answer, error) {
	show, on := r.Query("show"), rules.On("C8.1")
	for _, x := range rs {
		if x.never() {
			v.Never++
		}
		if on && x.Neglected(ctx, rules.Span("C8.1", "neglected")) {
			v.Neglected++
		}
	}
	rs = slices.DeleteFunc(rs, func(x Row) bool {
		return show == "never" && !x.never() || show == "neglected" && !x.Neglected(ctx, rules.Span("C8.1", "neglected")) || show == "key" && !x.first() || show == "mine" && x.keeperID != core.ActorOf(ctx).ID || show == "silent" && !v.silent(ctx, rules, x)
	})
	if !on { // without the clause the round goes by name
		slices.SortFunc(rs, func(a, b Row) int { return strings.Compare(string(a.Name), string(b.Name)) })
	}
	from, err := strconv.Atoi(r.Query("from"))
	if err != nil || from < 0 || from > len(rs) {
		from = 0
	}
	here := href(ctx, 0, "round")
	part := rs[from:min(len(rs), from+roundPageSize)]
	if from+roundPageSize < len(rs) {
		v.Next = here + "?show=" + show + "&from=" + num(from+roundPageSize)
	}
	tab := func(key, zh, en string) ui.Tab {
		return ui.Tab{Label: core.T(zh, en), Href: here + "?show=" + key, On: key == show}
	}
	v.Tabs = []ui.Tab{tab("", "全部", "All"), tab("never", "从未拜访", "Never visited"), tab("neglected", "久未拜访", "Long unvisited"), tab("silent", "久未联系", "Long not spoken to"), tab("key", "重点客户", "Key customers"), tab("mine", "我负责的", "Mine")}
	if err := withUnits(ctx, tx, part); err != nil {
		return nil, err
	}
	keepers, err := keepersOf(ctx, tx, part)
	v.Table = roundTable(ctx, rules, part, keepers)
	return web.Page{Title: core.T("走访安排", "Visiting round"), Body: roundBody(v)}, err
}

// silent says whether nobody has spoken to the customer for longer than A3.6's span.
func (v roundView) silent(ctx context.Context, rules *regulation.Rules, r Row) bool {
	return core.DateOf(r.lastWord(), core.ProjectOf(ctx).Zone).Days(core.Today(ctx)) > rules.Span("A3.6", "every").N
}

func roundTable(ctx context.Context, rules *regulation.Rules, rs []Row, keepers map[core.ID]string) ui.TableView {
	t := ui.TableView{Empty: core.T("没有这样的客户", "There are none"), Columns: []ui.Column{{Label: core.T("客户", "Customer")}, {Label: core.T("类别", "Category")}, {Label: core.T("最近拜访", "Last visit")}, {Label: core.T("最近联系", "Last contact")}, {Label: core.T("经办人", "Handler")}, {Label: core.T("安排", "Plan")}}}
	for _, r := range rs {
		idle := ui.Cell{Text: core.T("%d 天前", "%d days ago", r.idle(ctx)).Say(ctx)}
		if r.never() {
			idle = ui.Cell{Body: ui.Pill(ui.Warn, core.T("从未", "Never"))}
		} else if rules.On("C8.1") && r.Neglected(ctx, rules.Span("C8.1", "neglected")) {
			idle = ui.Cell{Body: ui.Pill(ui.Late, core.T("久未访 %d 天", "%d days ago", r.idle(ctx)))}
		}
		contact := core.T("无", "None").Say(ctx)
		if last := r.lastWord(); last != r.Filed {
			contact = ui.When(ctx, last)
		}
		if r.Missed > 0 {
			contact = ui.Join(contact, core.T("%d 次联系不上", "%d tries in vain", r.Missed).Say(ctx))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Join(r.Units, string(r.Name)), Href: customer.FileKind.Href(ctx, r.ID)}, {Text: core.Label(customer.Categories(), r.Category).Say(ctx)}, idle, {Text: contact}, {Text: keepers[r.keeperID]}, planCell(ctx, r)}})
	}
	return t
}

// planCell is the visit that is planned, or the button that plans one.
func planCell(ctx context.Context, r Row) ui.Cell {
	if r.Planned != 0 {
		return ui.Cell{Text: core.T("已安排 %s", "Planned for %s", string(r.Day)).Say(ctx), Href: href(ctx, r.Planned)}
	}
	if !core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, "visit.quick") {
		return ui.Cell{}
	}
	sort := Round
	if r.first() && r.Carded {
		sort = KeyVisit
	}
	return ui.Cell{Body: quick(href(ctx, 0, "quick"), r.ID.String(), sort, core.T("安排拜访", "Plan a visit"))}
}

// ---- the early warning

func keysText(ctx context.Context, keys string) string {
	var out []string
	for _, k := range strings.Split(keys, ",") {
		name, _, _ := strings.Cut(k, ":")
		out = append(out, signalOf(ctx, name).Say(ctx))
	}
	return strings.Join(out, core.T("、", ", ").Say(ctx))
}

func warningRow(ctx context.Context, w *Warning) ui.Row {
	return ui.Row{Cells: []ui.Cell{{Text: string(w.Name), Href: WarningKind().Href(ctx, w.Ref.ID)}, {Body: ui.Pill(weightTone(w.Weight), core.T("%d", "%d", w.Weight))}, {Text: fmt.Sprint(w.Signals)}, {Body: reasons(w.Clues, WarningKind().Href(ctx, w.Ref.ID, "visit"))}, {Text: string(w.Since)}}}
}

func weightTone(weight int64) ui.Tone {
	switch {
	case weight >= 5:
		return ui.Late
	case weight >= 3:
		return ui.Warn
	}
	return ui.Run
}

func warningIntro(ctx context.Context, _ db.Tx) (templ.Component, error) {
	var names []string
	for _, s := range house.Of(ctx).Signals {
		names = append(names, s.Label.Say(ctx))
	}
	return caution(core.T("现有信号:%s", "Signals so far: %s", strings.Join(names, core.T("、", ", ").Say(ctx)))), nil
}

func warningRecord(ctx context.Context, tx db.Tx, w Warning) (register.Record, error) {
	signs, err := SignsOf(ctx, tx, w.Customer)
	if err != nil {
		return register.Record{}, err
	}
	t, err := TouchOf(ctx, tx, w.Customer)
	p := ui.Pairs{Ctx: ctx}
	p.Out = append(p.Out, linked(core.T("客户", "Customer"), string(w.Name), customer.FileKind.Href(ctx, w.Customer)))
	p.Add("首次出现", "Since", string(w.Since))
	p.Time("最近拜访", "Last visit", t.Visited)
	p.Time("最近联系", "Last contact", t.Contacted)
	if w.Calm != "" {
		p.Add("核实情况", "Looked into", ui.Join(w.Calm, w.CalmBy, ui.Full(ctx, w.CalmAt)))
	}
	table := ui.TableView{Columns: []ui.Column{{Label: core.T("信号", "Signal")}, {Label: core.T("来由", "Why")}, {Label: core.T("权重", "Weight"), Num: true}}}
	for _, s := range signs {
		table.Rows = append(table.Rows, ui.Row{Cells: []ui.Cell{{Text: signalOf(ctx, s.Key).Say(ctx)}, {Text: s.Why.Say(ctx), Href: s.URL}, {Text: fmt.Sprint(s.Weight)}}})
	}
	intro, _ := warningIntro(ctx, tx)
	return register.Record{About: w.Customer, Head: ui.HeadView{Title: ui.Plain(string(w.Name)), Sub: WarningKind().Label, Pills: []ui.PillView{{Tone: weightTone(w.Weight), Text: core.T("权重 %d", "Weight %d", w.Weight)}}},
		Cards: []templ.Component{intro, ui.TableCard(core.T("信号", "Signals"), table), register.FieldsCard(core.T("客户", "Customer"), p.Out)}}, err
}

// panel shows the last visits and when the next is planned, on a customer's page.
func panel() register.Panel {
	return register.Panel{On: "customer", Perm: "visit.view", Order: 40, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		vs, err := list(ctx, tx, "project_id = $1 and customer_id = $2 and state <> 'cancelled' order by day desc, id desc limit 5", ref.Project, ref.ID)
		if err != nil || len(vs) == 0 {
			return nil, err
		}
		t := ui.TableView{}
		all := fields()
		for _, name := range columnNames() {
			i := slices.IndexFunc(all, func(f core.Field[Visit]) bool { return f.Name == name })
			t.Columns = append(t.Columns, ui.Column{Label: all[i].Label})
		}
		for i := range vs {
			t.Rows = append(t.Rows, row(ctx, &vs[i]))
		}
		return ui.TableCard(core.T("拜访", "Visits"), t), nil
	}}
}
