package compliance

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

func routes() []web.Route {
	const p = "/p/{project}/"
	out := []web.Route{
		{Pattern: "GET " + p + "compliance", Perm: PermView, Handle: boardPage},
		{Pattern: "GET " + p + "compliance/duties", Perm: PermView, Handle: dutiesPage},
		{Pattern: "GET " + p + "compliance/refusals", Perm: PermView, Handle: refusalsPage},
		{Pattern: "GET " + p + "compliance/breaking", Perm: PermView, Handle: breakingPage},
		{Pattern: "GET " + p + "compliance/export.xlsx", Perm: PermView, Handle: exportBoard},
		{Pattern: "GET " + p + "clause", Perm: web.Member, Handle: clausesPage},
		{Pattern: "GET " + p + "clause/{clause}", Perm: web.Member, Handle: clausePage},
		{Pattern: "GET " + p + "clause/new", Perm: PermPropose, Handle: ownPage},
		{Pattern: "POST " + p + "clause/new", Perm: PermPropose, Handle: postOwn, Failed: ownAgain, Specs: core.Specs(ownFields())},
		{Pattern: "GET " + p + "clause/{clause}/revise", Perm: PermPropose, Handle: ownPage},
		{Pattern: "POST " + p + "clause/{clause}/revise", Perm: PermPropose, Handle: postOwn, Failed: ownAgain, Specs: core.Specs(ownFields())},
		{Pattern: "GET " + p + "clause/{clause}/propose", Perm: PermPropose, Handle: proposePage},
		{Pattern: "POST " + p + "clause/{clause}/propose", Perm: PermPropose, Handle: postPropose, Failed: proposeAgain, Specs: core.Specs(changeFields())},
		{Pattern: "GET " + p + "approval/mine", Perm: "approval.view", Handle: turnsPage},
		{Pattern: "GET " + p + "todo", Perm: web.Member, Handle: todoPage},
		{Pattern: "GET " + p + "todo/badge", Perm: web.Member, Handle: todoBadge},
		{Pattern: "POST " + p + "todo/read", Perm: web.Member, Handle: markRead},
		{Pattern: "GET /firm/compliance", Perm: web.SignedIn, Handle: firmPage},
		{Pattern: "GET /firm/calendar", Perm: web.SignedIn, Handle: calendarPage},
		{Pattern: "POST /firm/calendar", Perm: PermCalendar, Handle: postDays, Failed: calendarAgain, Specs: core.Specs(daysFields())},
		{Pattern: "GET /firm/clock", Perm: PermClock, Handle: clockPage},
		{Pattern: "POST /firm/clock", Perm: PermClock, Stream: moveClock},
	}
	return append(out, apiRoutes()...)
}

func base(ctx context.Context) string { return "/p/" + core.ProjectOf(ctx).Code + "/compliance" }

// dutiesURL leads to the duties behind a figure; empty values are left out.
func dutiesURL(ctx context.Context, pairs ...string) string {
	return base(ctx) + "/duties?" + query(pairs...)
}

func query(pairs ...string) string {
	var out []string
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, pairs[i]+"="+url.QueryEscape(pairs[i+1]))
		}
	}
	return strings.Join(out, "&")
}

// figure is a number on a page with the address of what it counts.
type figure struct {
	Text string
	Href string
}

func figureOf(n int64, href string) figure {
	if n == 0 {
		return figure{Text: "0"}
	}
	return figure{digits(n), href}
}

// row is one clause on the board.
type row struct {
	ID, Href, Text       string
	State                State
	Ours                 bool
	Raised, OnTime, Late figure
	Waived, Open         figure
	Bar                  []ui.Part
	Total                float64
	Rate                 core.Text
	RateTone             ui.Tone
	RateHref             string
	Refused              int64
	RefusedHref          string
	Trend                []float64
	TrendTone            ui.Tone
	Owner                core.Text
	How                  core.Text // the mechanisms, in a word each
	Left                 core.Text // days left for a provisional rate
}

type areaRows struct {
	Area core.Text
	Rows []row
}

// boardView is the board as plain values.
type boardView struct {
	Sub     core.Text
	Month   core.Month
	Stats   []stat
	Tabs    []ui.Tab
	Prev    string
	Next    string
	Export  string
	Rows    []row // what has figures
	Quiet   []row // carried out, without figures in this month
	Unbuilt []areaRows
	NUnb    int
	Late    []item
	AllLate string
	Coming  []comingView
	Warning core.Text
	Groups  *groupsView
}

type stat struct {
	Label core.Text
	Value string
	Tone  ui.Tone
	Href  string
}

type comingView struct {
	Day    string
	Text   string
	N      int64
	Clause string
	Cite   string
	Role   core.Text
	Href   string
}

// groupsView is the month by department, person, role or project.
type groupsView struct {
	Head core.Text
	Rows []groupRow
}

type groupRow struct {
	Name, Note, Href string
	Total, OnTime    figure
	Late, Overdue    figure
	Waived, Open     figure
	Rate             string
	Tone             ui.Tone
	Bar              []ui.Part
}

func boardPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := monthOf(ctx, r.Query("month"))
	if err != nil {
		return nil, err
	}
	b, err := BoardOf(ctx, tx, month)
	if err != nil {
		return nil, err
	}
	by := r.Query("by")
	v := viewOf(ctx, b, by)
	if v.Groups, err = groupsOf(ctx, tx, by, month); err != nil {
		return nil, err
	}
	if err := v.lists(ctx, tx, month); err != nil {
		return nil, err
	}
	return web.Page{Title: core.T("制度执行", "Compliance"), Body: boardBody(v)}, nil
}

func viewOf(ctx context.Context, b Board, by string) boardView {
	m := string(b.Month)
	v := boardView{Month: b.Month, Export: base(ctx) + "/export.xlsx?month=" + m, NUnb: b.Unbuilt,
		Sub: core.T("%s · %s", "%s · %s", monthName(b.Month), b.Project.Name)}
	v.Prev = base(ctx) + "?" + query("month", string(b.Month.Add(-1)), "by", by)
	if b.Month < core.Today(ctx).Month() {
		v.Next = base(ctx) + "?" + query("month", string(b.Month.Add(1)), "by", by)
	}
	v.Stats = statsOf(ctx, b)
	v.Tabs = tabsOf(ctx, m, by)
	for _, l := range b.Lines {
		v.put(ctx, l)
	}
	return v
}

// put places a clause: with figures, without, or among those that nothing carries out.
func (v *boardView) put(ctx context.Context, l Line) {
	r := rowOf(ctx, l, v.Month)
	switch {
	case l.State == Unbuilt || l.State == Same:
		area := core.Label(areaNames(), l.Clause.Area)
		i := slices.IndexFunc(v.Unbuilt, func(a areaRows) bool { return a.Area == area })
		if i < 0 {
			v.Unbuilt = append(v.Unbuilt, areaRows{Area: area})
			i = len(v.Unbuilt) - 1
		}
		v.Unbuilt[i].Rows = append(v.Unbuilt[i].Rows, r)
	case l.State == Off || l.Count.Total > 0 || l.Refused > 0 || len(l.Trend) > 0:
		v.Rows = append(v.Rows, r)
	default:
		v.Quiet = append(v.Quiet, r)
	}
}

func monthName(m core.Month) core.Text {
	t := m.First().Time(core.China)
	return core.T("%[1]d年%[2]d月", "%[3]s %[1]d", t.Year(), int(t.Month()), t.Month().String())
}

func statsOf(ctx context.Context, b Board) []stat {
	m := string(b.Month)
	rate := "—"
	if r, ok := b.Sum.Rate(); ok {
		rate = tenth(r)
	}
	late := ui.Tone("")
	if b.Overdue > 0 {
		late = ui.Late
	}
	return []stat{
		{core.T("按时率", "On time"), rate, "", dutiesURL(ctx, "month", m, "state", "ontime")},
		{core.T("本月应办", "Due this month"), digits(b.Sum.Total), "", dutiesURL(ctx, "month", m)},
		{core.T("逾期未办", "Overdue"), digits(b.Overdue), late, dutiesURL(ctx, "until", m, "state", "overdue")},
		{core.T("拦下的操作", "Refused"), digits(b.Refused), "", base(ctx) + "/refusals?month=" + m},
		{core.T("未落实条款", "Not implemented"), digits(int64(b.Unbuilt)), ui.None, "/p/" + core.ProjectOf(ctx).Code + "/clause?state=none"},
	}
}

// tenth writes a rate with one decimal, rounded down: 99.96 % is not 100 %.
func tenth(r core.Rate) string {
	if r%100 == 0 {
		return fmt.Sprintf("%d%%", r/100)
	}
	return fmt.Sprintf("%d.%d%%", r/100, r%100/10)
}

func tabsOf(ctx context.Context, month, by string) []ui.Tab {
	var out []ui.Tab
	for _, t := range [][3]string{{"", "按条款", "By clause"}, {"department", "按部门", "By department"}, {"role", "按岗位", "By role"}, {"person", "按人", "By person"}} {
		on := by == t[0] || by == "clause" && t[0] == ""
		out = append(out, ui.Tab{Label: core.T(t[1], t[2]), Href: base(ctx) + "?" + query("month", month, "by", t[0]), On: on})
	}
	if several(ctx) {
		out = append(out, ui.Tab{Label: core.T("按项目", "By project"), Href: "/firm/compliance?month=" + month})
	}
	return out
}

// several reports whether the actor has seats in more than one project.
func several(ctx context.Context) bool {
	n := 0
	for id := range core.ActorOf(ctx).Seats {
		if id != core.Firm {
			n++
		}
	}
	return n > 1
}

// rowOf turns a line into what the board shows; every figure leads to its records.
func rowOf(ctx context.Context, l Line, month core.Month) row {
	id, m := l.Clause.ID, string(month)
	at := func(state string) string { return dutiesURL(ctx, "clause", id, "month", m, "state", state) }
	r := row{ID: id, Href: ClauseHref(ctx, id), Text: l.Clause.Text.Say(ctx), State: l.State, Ours: l.Ours(), Owner: l.Owner.Name(),
		Raised: figureOf(l.Count.Total, at("")), OnTime: figureOf(l.Count.OnTime, at("ontime")), Late: figureOf(l.Count.Late, at("late")),
		Waived: figureOf(l.Count.Waived, at("waived")), Open: figureOf(l.Count.Open, at("open")), Bar: partsOf(l.Count), Total: float64(l.Count.Total),
		Refused: l.Refused, RefusedHref: base(ctx) + "/refusals?" + query("clause", id, "month", m), TrendTone: ui.None, How: mechanismsOf(l)}
	if l.State == Unbuilt {
		r.Owner = core.T("无人负责", "Nobody")
		return r
	}
	if len(l.Clause.SameAs) > 0 && l.State == Same {
		r.Rate, r.RateTone, r.RateHref = core.T("同 %s", "As %s", l.Clause.SameAs), ui.None, ClauseHref(ctx, l.Clause.SameAs)
		return r
	}
	r.rate(ctx, l, month)
	for _, t := range l.Trend {
		r.Trend = append(r.Trend, float64(t)/100)
	}
	return r
}

func partsOf(c Count) []ui.Part {
	return []ui.Part{{Value: float64(c.OnTime), Tone: ui.OK, Label: core.T("按时", "on time")}, {Value: float64(c.Late), Tone: ui.Late, Label: core.T("逾期", "late")},
		{Value: float64(c.Waived), Tone: ui.None, Label: core.T("豁免", "waived")}, {Value: float64(c.Open), Tone: ui.Run, Label: core.T("未到期", "open")}}
}

// rate says the clause's rate against its target. A figure of a month still running is marked provisional and does not
// turn red before its term has passed.
func (r *row) rate(ctx context.Context, l Line, month core.Month) {
	v, ok := l.Rate()
	switch {
	case l.State == Off:
		r.Rate, r.RateTone = core.T("已关闭", "Switched off"), ui.None
	case !ok:
	case !l.Rated:
		r.Rate, r.RateTone = ui.Plain(tenth(v)), ui.OK
		if l.Count.Late > 0 {
			r.RateTone = ui.Late
		}
		r.RateHref = dutiesURL(ctx, "clause", l.Clause.ID, "month", string(month), "state", map[bool]string{true: "late", false: "ontime"}[l.Count.Late > 0])
	default:
		r.RateHref = base(ctx) + "/breaking?" + query("clause", l.Clause.ID, "month", string(month))
		r.Rate, r.RateTone = measured(l, v), ui.OK
		if !l.Reached() {
			r.RateTone = ui.Late
			if l.Figure.Provisional {
				r.RateTone = ui.Warn
				r.Left = core.T("还剩 %d 天", "%d days left", max(0, core.Today(ctx).Days(month.Last())))
			}
		}
	}
	if r.RateTone != "" {
		r.TrendTone = r.RateTone
	}
}

// mechanismsOf names how a clause is carried out: 拦截 · 表单.
func mechanismsOf(l Line) core.Text {
	var zh, en []string
	for _, claim := range l.Claims {
		for _, m := range claim.By {
			name := mechanismName(m)
			if z, _, _ := strings.Cut(name.ZH, ":"); !slices.Contains(zh, z) {
				e, _, _ := strings.Cut(name.EN, ":")
				zh, en = append(zh, z), append(en, e)
			}
		}
	}
	return core.Text{ZH: strings.Join(zh, " · "), EN: strings.Join(en, " · ")}
}

func measured(l Line, v core.Rate) core.Text {
	text := core.T("%s", "%s", tenth(v))
	if l.Target != 0 {
		sign := ""
		if l.Measure.AtMost {
			sign = "≤ "
		}
		text = core.T("%s / %s", "%s / %s", tenth(v), sign+tenth(l.Target))
	}
	if l.Figure.Provisional {
		text = core.T("%s 暂计", "%s so far", text)
	}
	return text
}

// lists adds what is late and what the rest of the week brings; a month that is past has no week.
func (v *boardView) lists(ctx context.Context, tx db.Tx, month core.Month) error {
	project := core.ProjectOf(ctx).ID
	ids, err := oldestOverdue(ctx, tx, project, month, "", 8)
	if err != nil {
		return err
	}
	ds, err := load(ctx, tx, project, ids)
	if err != nil {
		return err
	}
	if v.Late, err = itemsOf(ctx, tx, ds); err != nil {
		return err
	}
	v.AllLate = dutiesURL(ctx, "until", string(month), "state", "overdue")
	if v.Warning, err = yearWarning(ctx, tx); err != nil {
		return err
	}
	from, to := weekOf(core.Today(ctx))
	cs, err := coming(ctx, tx, project, from, to)
	for _, c := range cs {
		v.Coming = append(v.Coming, comingOf(ctx, c))
	}
	return err
}

func comingOf(ctx context.Context, c Coming) comingView {
	text := c.Title
	if c.N > 1 || !text.Is() {
		if cl := regulation.Default().Clause(c.Clause); cl != nil {
			text = cl.Text
		}
	}
	return comingView{Day: string(c.Day[5:]), Text: text.Say(ctx), N: c.N, Clause: c.Clause, Cite: ClauseHref(ctx, c.Clause), Role: c.Role.Name(),
		Href: dutiesURL(ctx, "clause", c.Clause, "from", string(c.Day), "to", string(c.Day), "role", string(c.Role), "state", "open")}
}

func groupsOf(ctx context.Context, tx db.Tx, by string, month core.Month) (*groupsView, error) {
	var gs []Group
	var err error
	v := groupsView{}
	switch by {
	case "role":
		v.Head = core.T("岗位", "Role")
		gs, err = byRole(ctx, tx, month)
	case "person":
		v.Head = core.T("责任人", "Person")
		gs, err = byPerson(ctx, tx, month)
	case "department":
		v.Head = core.T("部门", "Department")
		gs, err = byDepartment(ctx, tx, month)
	default:
		return nil, nil
	}
	for _, g := range gs {
		v.Rows = append(v.Rows, groupOf(g, func(state string) string {
			return dutiesURL(ctx, "month", string(month), "by", by, "who", or(g.Key, "-"), "state", state)
		}))
	}
	return &v, err
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func groupOf(g Group, at func(state string) string) groupRow {
	c := g.Count
	r := groupRow{Name: g.Name, Note: g.Note, Href: at(""), Total: figureOf(c.Total, at("")), OnTime: figureOf(c.OnTime, at("ontime")), Late: figureOf(c.Late, at("late")),
		Overdue: figureOf(c.Overdue, at("overdue")), Waived: figureOf(c.Waived, at("waived")), Open: figureOf(c.Open, at("open")), Rate: "—", Bar: partsOf(c)}
	if v, ok := c.Rate(); ok {
		r.Rate, r.Tone = tenth(v), ui.OK
		if c.Late > 0 {
			r.Tone = ui.Late
		}
	}
	return r
}

// firmPage is the board by project, for those who have several.
func firmPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := monthOf(ctx, r.Query("month"))
	if err != nil {
		return nil, err
	}
	projects, err := projectsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	v := firmView{Month: month, Sub: monthName(month), Prev: "/firm/compliance?month=" + string(month.Add(-1))}
	if month < core.Today(ctx).Month() {
		v.Next = "/firm/compliance?month=" + string(month.Add(1))
	}
	v.Groups.Head = core.T("项目", "Project")
	for _, p := range projects {
		counts, err := countClauses(ctx, tx, p.ID, month)
		if err != nil {
			return nil, err
		}
		g := Group{Name: p.Name, Key: p.Code}
		for _, c := range counts {
			g.Count.add(c)
		}
		inside := core.WithProject(ctx, p)
		row := groupOf(g, func(state string) string { return dutiesURL(inside, "month", string(month), "state", state) })
		row.Href = base(inside) + "?month=" + string(month)
		v.Groups.Rows = append(v.Groups.Rows, row)
	}
	return web.Page{Title: core.T("制度执行:各项目", "Compliance by project"), Body: firmBody(v)}, nil
}

type firmView struct {
	Month      core.Month
	Sub        core.Text
	Prev, Next string
	Groups     groupsView
}

// ---- the records behind a figure

type listView struct {
	Title  core.Text
	Sub    core.Text
	Filter ui.FilterView
	Table  ui.TableView
	Next   string
	Back   string
}

const pageSize = 50

// filterOf reads the address of a list of duties. who is a role, a person's id or a department, as by says.
func filterOf(ctx context.Context, tx db.Tx, r *web.Request) (Filter, error) {
	f := Filter{Month: core.Month(r.Query("month")), Until: core.Month(r.Query("until")), From: core.Date(r.Query("from")), To: core.Date(r.Query("to")),
		Clause: r.Query("clause"), State: r.Query("state"), Role: core.Role(r.Query("role")), Limit: pageSize + 1}
	if s := r.Query("after"); s != "" {
		id, err := core.ParseID(s)
		if err != nil {
			return f, err
		}
		f.After = id
	}
	who := strings.TrimSuffix(r.Query("who"), "-")
	switch r.Query("by") {
	case "role":
		f.Role = core.Role(who)
	case "person":
		id, err := core.ParseID(who)
		if who != "0" && err != nil {
			return f, err
		}
		f.People = []core.ID{id}
	case "department":
		list, err := peopleOf(ctx, tx)
		f.People = list.members(who)
		return f, err
	}
	return f, nil
}

func dutiesPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	f, err := filterOf(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	ds, err := Duties(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	v := listView{Title: core.T("待办记录", "Duties"), Sub: filterText(f), Back: base(ctx) + "?" + query("month", string(f.Month))}
	if len(ds) > pageSize {
		ds = ds[:pageSize]
		values := r.Values()
		values.Set("after", ds[pageSize-1].Ref.ID.String())
		v.Next = base(ctx) + "/duties?" + values.Encode()
	}
	items, err := itemsOf(ctx, tx, ds)
	v.Table = itemsTable(ctx, items)
	v.Filter = ui.FilterView{Action: base(ctx) + "/duties", Fields: []ui.FieldView{
		{Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth, Value: string(f.Month)},
		{Name: "clause", Label: core.T("条款", "Clause"), Value: f.Clause},
		{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: dutyStates(), Value: f.State},
		{Name: "role", Label: core.T("岗位", "Role"), Kind: core.KindChoice, Choices: core.RoleNames(), Value: string(f.Role)}}}
	return web.Page{Title: v.Title, Body: listBody(v)}, err
}

// filterText says in words what the list holds.
func filterText(f Filter) core.Text {
	var parts []core.Text
	if f.Month != "" {
		parts = append(parts, monthName(f.Month))
	}
	if f.Until != "" {
		parts = append(parts, core.T("截至 %s", "until %s", monthName(f.Until)))
	}
	if f.Clause != "" {
		parts = append(parts, ui.Plain(f.Clause))
	}
	if f.State != "" {
		parts = append(parts, core.Label(dutyStates(), f.State))
	}
	if f.Role != "" {
		parts = append(parts, f.Role.Name())
	}
	out := core.Text{}
	for i, p := range parts {
		if i == 0 {
			out = p
			continue
		}
		out = core.T("%s · %s", "%s · %s", out, p)
	}
	return out
}

func itemsTable(ctx context.Context, items []item) ui.TableView {
	t := ui.TableView{Caption: core.T("待办记录", "Duties"), Empty: core.T("没有这样的待办", "No such duties"),
		Columns: []ui.Column{{Label: core.T("事项", "What")}, {Label: core.T("条款", "Clause")}, {Label: core.T("责任", "Owed by")}, {Label: core.T("期限", "Due")},
			{Label: core.T("办结", "Closed")}, {Label: core.T("状态", "State")}}}
	for _, it := range items {
		row := ui.Row{Cells: []ui.Cell{{Body: itemTitle(it)}, {Body: register.ClauseLink(ctx, it.Clause)}, {Text: owedBy(ctx, it)}, {Text: ui.Due(ctx, it.Due)},
			{Text: when(ctx, it)}, {Body: ui.Pill(it.Tone, it.State)}}}
		if it.Open && it.Tone == ui.Late {
			row.Tone = ui.Late
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func owedBy(ctx context.Context, it item) string {
	if it.Who == "" {
		return it.Role.Name().Say(ctx)
	}
	return it.Who + " · " + it.Role.Name().Say(ctx)
}

func when(ctx context.Context, it item) string {
	if it.Done.IsZero() {
		return "—"
	}
	return ui.When(ctx, it.Done)
}

func refusalsPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := monthOf(ctx, r.Query("month"))
	if err != nil {
		return nil, err
	}
	rows, err := refusalsOf(ctx, tx, core.ProjectOf(ctx).ID, month, r.Query("clause"), 0, 500)
	v := listView{Title: core.T("拦下的操作", "Refused"), Sub: filterText(Filter{Month: month, Clause: r.Query("clause")}), Back: base(ctx) + "?month=" + string(month), Table: refusalsTable(ctx, rows)}
	v.Filter = ui.FilterView{Action: base(ctx) + "/refusals", Fields: []ui.FieldView{{Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth, Value: string(month)},
		{Name: "clause", Label: core.T("条款", "Clause"), Value: r.Query("clause")}}}
	return web.Page{Title: v.Title, Body: listBody(v)}, err
}

func refusalsTable(ctx context.Context, rows []regulation.Refusal) ui.TableView {
	t := ui.TableView{Caption: core.T("拦下的操作", "Refused"), Empty: core.T("没有拦下任何操作", "Nothing was refused"),
		Columns: []ui.Column{{Label: core.T("时间", "When")}, {Label: core.T("条款", "Clause")}, {Label: core.T("操作人", "Who")}, {Label: core.T("想做什么", "What")}, {Label: core.T("为什么拦下", "Why")}}}
	for _, x := range rows {
		x.Ref.Project = x.Project
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.When(ctx, x.At)}, {Body: register.ClauseLink(ctx, x.Clause)}, {Text: x.Name},
			{Text: doingLabel(ctx, x), Href: recordHref(ctx, x.Ref)}, {Text: x.Why.Say(ctx)}}})
	}
	return t
}

// doingLabel says what somebody was about to do, in the words of the permission it takes.
func doingLabel(ctx context.Context, x regulation.Refusal) string {
	perms := house.Of(ctx).Perms
	if i := slices.IndexFunc(perms, func(p register.Perm) bool { return p.Name == x.Verb }); i >= 0 {
		return perms[i].Label.Say(ctx)
	}
	return refLabel(ctx, x.Ref) + " " + x.Verb
}

func recordHref(ctx context.Context, ref core.Ref) string {
	if ref.ID == 0 {
		return ""
	}
	return register.HrefOf(ctx, ref)
}

// refLabel names a record by its kind.
func refLabel(ctx context.Context, ref core.Ref) string {
	if k, ok := register.Of(ctx).Kinds[ref.Kind]; ok {
		return k.Label.Say(ctx)
	}
	return ref.Kind
}

// breakingPage lists the records that break a measured rule.
func breakingPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := monthOf(ctx, r.Query("month"))
	if err != nil {
		return nil, err
	}
	c := regulation.Default().Clause(r.Query("clause"))
	if c == nil {
		return nil, core.NotFound()
	}
	rules, err := regulation.RulesAt(ctx, tx, core.ProjectOf(ctx).ID, endOf(ctx, month))
	if err != nil {
		return nil, err
	}
	l := lineOf(ctx, rules, c)
	if err := l.measure(ctx, tx, rules, month); err != nil {
		return nil, err
	}
	v := listView{Title: core.T("%s:不合要求的记录", "%s: records that break it", c.ID), Back: base(ctx) + "?month=" + string(month),
		Sub: core.T("%s · %d / %d", "%s · %d / %d", monthName(month), l.Figure.Num, l.Figure.Den)}
	v.Table = ui.TableView{Caption: v.Title, Empty: core.T("没有不合要求的记录", "No record breaks it"), Columns: []ui.Column{{Label: core.T("种类", "Kind")}, {Label: core.T("记录", "Record")}}}
	for _, ref := range l.Figure.Breaking {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: refLabel(ctx, ref)}, {Text: ref.ID.String(), Href: recordHref(ctx, ref)}}})
	}
	return web.Page{Title: v.Title, Body: listBody(v)}, nil
}

// ---- clauses

type clausesView struct {
	Filter ui.FilterView
	Table  ui.TableView
	N      int
	New    string // address of the form for a clause of the firm's own
}

func clausesPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	f := ClauseFilter{r.Query("doc"), r.Query("area"), r.Query("state"), r.Query("q")}
	lines, err := Clauses(ctx, tx, f)
	v := clausesView{N: len(lines), Filter: ui.FilterView{Action: "/p/" + core.ProjectOf(ctx).Code + "/clause", Fields: []ui.FieldView{
		{Name: "q", Label: core.T("查找", "Find"), Value: f.Text},
		{Name: "doc", Label: core.T("制度", "Book"), Kind: core.KindChoice, Choices: docNames(), Value: f.Doc},
		{Name: "area", Label: core.T("领域", "Area"), Kind: core.KindChoice, Choices: Areas(), Value: f.Area},
		{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: States(), Value: f.State}}}}
	if core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, PermPropose) {
		v.New = v.Filter.Action + "/new"
	}
	if f != (ClauseFilter{}) {
		v.Filter.Clear = v.Filter.Action
	}
	v.Table = ui.TableView{Caption: core.T("制度条款", "Clauses"), Empty: core.T("没有符合条件的条款", "No clause fits"), Columns: []ui.Column{{Label: core.T("条款", "Clause")},
		{Label: core.T("要求", "Demand")}, {Label: core.T("领域", "Area")}, {Label: core.T("责任", "Owed by")}, {Label: core.T("状态", "State")}}}
	slices.SortStableFunc(lines, func(a, b Line) int { return rank(a.State) - rank(b.State) })
	for _, l := range lines {
		row := ui.Row{Cells: []ui.Cell{{Text: l.Clause.ID, Href: ClauseHref(ctx, l.Clause.ID)}, {Body: demand(l.Clause.Text.Say(ctx), l.Ours(), l.Clause.Law)},
			{Body: unbroken(core.Label(areaNames(), l.Clause.Area))}, {Body: unbroken(l.Owner.Name())}, {Body: ui.Pill(stateTone(l.State), core.Label(States(), string(l.State)))}}}
		if l.State == Unbuilt || l.State == Off {
			row.Tone = ui.None
		}
		v.Table.Rows = append(v.Table.Rows, row)
	}
	return web.Page{Title: core.T("制度条款", "Clauses"), Body: clausesBody(v)}, err
}

// rank puts what is carried out first.
func rank(s State) int {
	return slices.Index([]State{InForce, Pending, Off, Same, Unbuilt}, s)
}

func stateTone(s State) ui.Tone {
	if s == InForce {
		return ui.Run
	}
	return ui.None
}

// clauseView is a clause's page.
type clauseView struct {
	ID       string
	Head     ui.HeadView
	Text     core.Text
	Note     core.Text
	Facts    []ui.Pair
	How      []how
	Values   []valueView
	Law      bool
	Propose  bool
	History  ui.TableView
	Asked    []request
	Figures  bool // the actor may see them
	Chart    *ui.Chart
	Rates    *ui.Chart
	Months   ui.TableView
	Late     []item
	AllLate  string
	Refusals ui.TableView
	Now      *row
	Items    []string     // of a checklist
	Revise   string       // address of the form that proposes a new text of one of the firm's own
	Versions ui.TableView // its texts
}

type how struct {
	Text   core.Text
	Module core.Text
	Href   string // the records behind
}

type valueView struct {
	Label, Text, Range core.Text
	Source             core.Text
	Ours               bool
	Since              string
	Next               core.Text
	Href               string // proposes a change
}

func clausePage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	c, err := clauseOf(ctx, tx, r.Path("clause"))
	if err != nil {
		return nil, err
	}
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	l := lineOf(ctx, rules, c)
	v := clauseView{ID: c.ID, Text: c.Text, Note: c.Note, Law: c.Law, Propose: core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, PermPropose) && !c.Law,
		Figures: core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, PermView)}
	v.head(ctx, l)
	if err := v.settings(ctx, tx, c); err != nil {
		return nil, err
	}
	if err := v.own(ctx, tx, c); err != nil {
		return nil, err
	}
	if v.Figures && l.State != Unbuilt && l.State != Same && l.State != Pending {
		if err := v.figures(ctx, tx, rules, l); err != nil {
			return nil, err
		}
	}
	return web.Page{Title: ui.Plain(c.ID), Body: clauseBody(v)}, nil
}

func (v *clauseView) head(ctx context.Context, l Line) {
	c, d := l.Clause, docOf(l.Clause)
	v.Head = ui.HeadView{Title: ui.Plain(c.ID), Sub: core.T("%s 第%d版 · %s", "%s, version %d · %s", d.Title, d.Version, core.Label(areaNames(), c.Area)),
		Pills: []ui.PillView{{Tone: stateTone(l.State), Text: core.Label(States(), string(l.State))}}}
	if c.Law {
		v.Head.Pills = append(v.Head.Pills, ui.PillView{Tone: ui.Late, Text: core.T("法律底线", "The law")})
	}
	if l.Ours() {
		v.Head.Pills = append(v.Head.Pills, ui.PillView{Tone: ui.Warn, Text: core.T("本系统默认", "Our default")})
	}
	if c.SameAs != "" {
		v.Facts = append(v.Facts, ui.Pair{Label: core.T("同一义务", "Same duty as"), Body: register.ClauseLink(ctx, c.SameAs)})
	}
	if len(c.Cites) > 0 {
		v.Facts = append(v.Facts, ui.Pair{Label: core.T("另见", "Also in"), Body: clauseLinks(c.Cites, func(id string) string { return ClauseHref(ctx, id) })})
	}
	for _, claim := range l.Claims {
		for i, m := range claim.By {
			h := how{Text: mechanismName(m), Module: moduleName(ctx, claim.Module)}
			if i == 0 && claim.Records != "" {
				h.Href = "/p/" + core.ProjectOf(ctx).Code + "/" + claim.Records
			}
			v.How = append(v.How, h)
		}
	}
}

func (v *clauseView) settings(ctx context.Context, tx db.Tx, c *regulation.Clause) error {
	values, err := Values(ctx, tx, c)
	if err != nil {
		return err
	}
	zone := core.ProjectOf(ctx).Zone
	for _, x := range values {
		w := valueView{Label: x.Label, Text: x.Text, Range: x.Range, Source: core.Label(Sources(), string(x.Source)), Ours: x.Source == FromOurs}
		if !x.Since.IsZero() {
			w.Since = string(core.DateOf(x.Since, zone))
		}
		if x.Next != nil {
			w.Next = core.T("%s 起为 %s", "From %s: %s", string(core.DateOf(x.Next.From, zone)), x.Next.Text)
		}
		if v.Propose {
			w.Href = ClauseHref(ctx, c.ID) + "/propose?name=" + url.QueryEscape(x.Name)
		}
		v.Values = append(v.Values, w)
	}
	history, err := regulation.History(ctx, tx, core.ProjectOf(ctx).ID, c.ID)
	if err != nil {
		return err
	}
	v.History = ui.TableView{Caption: core.T("修改历史", "History"), Empty: core.T("没有改过,一直按制度原文", "Never changed: the regulation as written"),
		Columns: []ui.Column{{Label: core.T("从", "From")}, {Label: core.T("改什么", "What")}, {Label: core.T("改为", "To")}, {Label: core.T("范围", "Where")}}}
	labels := append(settingNames(), numberNames(c)...)
	for _, s := range history {
		scope := FromProject
		if s.Project == core.Firm {
			scope = FromFirm
		}
		v.History.Rows = append(v.History.Rows, ui.Row{Cells: []ui.Cell{{Text: string(core.DateOf(s.From, zone))}, {Text: core.Label(labels, s.Name).Say(ctx)},
			{Text: sayValue(c, s.Name, s.Value).Say(ctx)}, {Text: core.Label(Sources(), string(scope)).Say(ctx)}}})
	}
	asked, err := approval.Of(ctx, tx, ClauseRef(core.ProjectOf(ctx).ID, c.ID))
	v.Asked = requestViews(ctx, asked)
	return err
}

// figures adds twelve months of the clause's duties and rate, and what is late or was refused now.
func (v *clauseView) figures(ctx context.Context, tx db.Tx, rules *regulation.Rules, l Line) error {
	project, month := core.ProjectOf(ctx).ID, core.Today(ctx).Month()
	counts, err := year(ctx, tx, v.ID, month)
	if err != nil {
		return err
	}
	l.Count = counts[len(counts)-1]
	if err := l.measure(ctx, tx, rules, month); err != nil {
		return err
	}
	refused, err := regulation.Refusals(ctx, tx, project, month, v.ID)
	if err != nil {
		return err
	}
	l.Refused = int64(len(refused))
	r := rowOf(ctx, l, month)
	v.Now = &r
	v.yearOf(ctx, counts, month)
	v.Refusals = refusalsTable(ctx, refused[:min(10, len(refused))])
	if l.Rated {
		if err := v.rates(ctx, tx, l, month); err != nil {
			return err
		}
	}
	ids, err := oldestOverdue(ctx, tx, project, month, v.ID, 10)
	if err != nil {
		return err
	}
	open, err := findDuties(ctx, tx, project, Filter{Clause: v.ID, State: "open", Month: month, Limit: 10})
	if err != nil {
		return err
	}
	ds, err := load(ctx, tx, project, append(ids, open...))
	if err != nil {
		return err
	}
	v.AllLate = dutiesURL(ctx, "clause", v.ID, "month", string(month))
	v.Late, err = itemsOf(ctx, tx, ds)
	return err
}

func (v *clauseView) yearOf(ctx context.Context, counts []Count, last core.Month) {
	months := monthsOf(last)
	chart := ui.Chart{Kind: ui.Stacked, Title: core.T("近 12 个月", "Twelve months"), Unit: core.T("件", "duties"), Series: []ui.Series{
		{Name: core.T("按时", "On time"), Tone: ui.OK}, {Name: core.T("逾期", "Late"), Tone: ui.Late}, {Name: core.T("豁免", "Waived"), Tone: ui.None}, {Name: core.T("未到期", "Open"), Tone: ui.Run}}}
	v.Months = ui.TableView{Caption: chart.Title, Columns: []ui.Column{{Label: core.T("月份", "Month")}, {Label: core.T("应办", "Raised"), Num: true}, {Label: core.T("按时", "On time"), Num: true},
		{Label: core.T("逾期", "Late"), Num: true}, {Label: core.T("豁免", "Waived"), Num: true}, {Label: core.T("未到期", "Open"), Num: true}, {Label: core.T("按时率", "Rate"), Num: true}}}
	total := int64(0)
	for i, c := range counts {
		total += c.Total
		chart.Labels = append(chart.Labels, string(months[i][2:]))
		for j, n := range []int64{c.OnTime, c.Late, c.Waived, c.Open} {
			chart.Series[j].Values = append(chart.Series[j].Values, float64(n))
		}
		at := func(n int64, state string) ui.Cell {
			f := figureOf(n, dutiesURL(ctx, "clause", v.ID, "month", string(months[i]), "state", state))
			return ui.Cell{Text: f.Text, Href: f.Href}
		}
		rate := ui.Cell{Text: "—"}
		if x, ok := c.Rate(); ok {
			rate.Text = tenth(x)
		}
		v.Months.Rows = append(v.Months.Rows, ui.Row{Cells: []ui.Cell{{Text: string(months[i])}, at(c.Total, ""), at(c.OnTime, "ontime"), at(c.Late, "late"), at(c.Waived, "waived"), at(c.Open, "open"), rate}})
	}
	slices.Reverse(v.Months.Rows)
	if total > 0 {
		v.Chart = &chart
	}
}

// rates draws the measured rate month by month against its target.
func (v *clauseView) rates(ctx context.Context, tx db.Tx, l Line, last core.Month) error {
	rows, err := monthRows(ctx, tx, core.ProjectOf(ctx).ID, monthsOf(last)[0], last.Add(-1), v.ID)
	if err != nil {
		return err
	}
	chart := ui.Chart{Kind: ui.Line, Title: l.Measure.Name, Unit: ui.Plain("%"), Series: []ui.Series{{Name: core.T("比率", "Rate")}}}
	put := func(m core.Month, r core.Rate, ok bool) {
		if ok {
			chart.Labels = append(chart.Labels, string(m[2:]))
			chart.Series[0].Values = append(chart.Series[0].Values, float64(r)/100)
		}
	}
	for _, r := range rows {
		x, ok := core.RateOf(r.Num, r.Den)
		put(r.Month, x, ok && r.Clause == v.ID)
	}
	x, ok := l.Rate()
	put(last, x, ok)
	if l.Target != 0 {
		t := float64(l.Target) / 100
		chart.Target = &t
	}
	if len(chart.Labels) > 0 {
		v.Rates = &chart
	}
	return nil
}

// ---- proposing

func proposePage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	return proposeAnswer(ctx, tx, r, nil)
}

func proposeAgain(ctx context.Context, tx db.Tx, r *web.Request, err error) (web.Answer, error) {
	return proposeAnswer(ctx, tx, r, err)
}

func proposeAnswer(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	c, err := clauseOf(ctx, tx, r.Path("clause"))
	if err != nil {
		return nil, err
	}
	if err := canChange(c); err != nil {
		return nil, err
	}
	name := or(r.Input.Get("name"), or(r.Query("name"), regulation.Switch))
	values, err := Values(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(values, func(v Value) bool { return v.Name == name })
	if i < 0 {
		return nil, core.NotFound()
	}
	f := proposeForm(ctx, c, values[i], r.Input, failure)
	title := core.T("提议修改 %s:%s", "Propose a change of %s: %s", c.ID, values[i].Label)
	return web.Page{Title: title, Body: proposeBody(title, c.Text, values[i].Text, core.Label(Sources(), string(values[i].Source)), f), Narrow: true}, nil
}

func proposeForm(ctx context.Context, c *regulation.Clause, v Value, in core.Input, failure error) ui.FormView {
	typed := in.Values
	if typed == nil {
		typed = map[string][]string{"name": {v.Name}, "value": {untyped(c, v.Name, v.Raw)}, "scope": {"project"}, "from": {string(core.Today(ctx).Add(1))}}
	}
	fields := ui.FieldsOf(core.Specs(changeFields()), typed, failure)
	fields[0].Kind = core.KindHidden
	valueField(c, v, &fields[1])
	f := ui.FormView{Action: ClauseHref(ctx, c.ID) + "/propose", Submit: core.T("提交审批", "Send for approval"), Cancel: ClauseHref(ctx, c.ID), IdemKey: register.NewKey(), Fields: fields}
	if failure != nil {
		f.Error, f.Clause = core.AsErr(failure).Text, core.ClauseOf(failure)
	}
	return f
}

// valueField draws the new value as its kind asks for.
func valueField(c *regulation.Clause, v Value, f *ui.FieldView) {
	switch n := c.Number(v.Name); {
	case v.Name == regulation.Switch:
		f.Kind, f.Choices = core.KindRadio, []core.Choice{{Value: "on", Label: core.T("开", "On")}, {Value: "off", Label: core.T("关", "Off")}}
	case v.Name == regulation.OwnerOf || v.Name == regulation.EscalateOf:
		f.Kind = core.KindChoice
		for _, r := range staff() {
			f.Choices = append(f.Choices, core.Choice{Value: string(r), Label: r.Name()})
		}
	case n != nil && n.Kind == "choice":
		f.Kind, f.Choices = core.KindRadio, n.Choices
	case n != nil:
		f.Hint = typingHint(*n)
	}
}

func postPropose(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	c, err := clauseOf(ctx, tx, r.Path("clause"))
	if err != nil {
		return nil, err
	}
	in, err := core.Bind(ctx, changeFields(), r.Input)
	if err != nil {
		return nil, err
	}
	id, err := ProposeChange(ctx, tx, c.ID, in)
	if err != nil {
		return nil, err
	}
	return web.Redirect{URL: approvalKind().Href(ctx, id), Flash: core.T("已提交审批", "Sent for approval")}, nil
}
