package estate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/print"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

func routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /p/{project}/estate", Perm: "unit.view", Handle: stackPage},
		{Pattern: "GET /p/{project}/estate/card/{id}", Perm: "unit.view", Handle: cardFragment},
		{Pattern: "GET /p/{project}/parking/list.pdf", Perm: "parking.export", Handle: parking.printed},
		{Pattern: "GET /p/{project}/mailbox/list.pdf", Perm: "mailbox.export", Handle: mailbox.printed},
	}
}

// look is how a state is drawn: its colour, its word, and its rank over the others.
type look struct {
	Key   string
	State ui.CellState
	Label core.Text
	Rank  int
}

// looks are the unit's own states and what the modules above know, by key.
func looks(ctx context.Context) []look {
	out := []look{{Own, ui.CellOwn, core.T("自用", "Own use"), 0}, {Let, ui.CellLet, core.T("出租", "Let"), 0},
		{Free, ui.CellVacant, core.T("空置", "Vacant"), 0}, {Fitout, ui.CellFitout, core.T("装修", "Fit-out"), 0}}
	tones := map[string]ui.CellState{"own": ui.CellOwn, "rent": ui.CellLet, "free": ui.CellVacant, "fitout": ui.CellFitout, "arrears": ui.CellArrears,
		"expiring": ui.CellExpiring, "repair": ui.CellAlert}
	for _, c := range house.Of(ctx).CellStates {
		state, ok := tones[c.Tone]
		if !ok {
			state = ui.CellAlert
		}
		out = append(out, look{c.Key, state, c.Label, c.Rank})
	}
	return out
}

// cellState is what colours one unit, with the word for its card.
type cellState struct {
	look
	note string
}

// statesOf decides each unit's colour: the highest rank wins (house.CellState).
func statesOf(ctx context.Context, tx db.Tx, tower core.ID, units []Unit) (map[core.ID]cellState, error) {
	all := looks(ctx)
	out := map[core.ID]cellState{}
	for _, u := range units {
		i := max(0, slices.IndexFunc(all[:4], func(l look) bool { return l.Key == u.State }))
		out[u.ID] = cellState{look: all[i]}
	}
	for i, c := range house.Of(ctx).CellStates {
		known, err := c.Of(ctx, tx, tower)
		if err != nil {
			return nil, err
		}
		for unit, note := range known {
			if now, ok := out[unit]; ok && c.Rank > now.Rank {
				out[unit] = cellState{all[4+i], note}
			}
		}
	}
	return out, nil
}

// stackView is the page as templates draw it.
type stackView struct {
	Head   ui.HeadView
	Towers []ui.Tab
	Stats  []stat
	Filter ui.FilterView
	Stack  ui.StackView
	Empty  bool
	New    string
}

type stat struct {
	Label core.Text
	Value string
	Tone  ui.Tone
}

func stackPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	towers, err := Buildings(ctx, tx)
	if err != nil {
		return nil, err
	}
	title := core.T("房态图", "Stacking plan")
	if len(towers) == 0 {
		return web.Page{Title: title, Body: stackBody(stackView{Head: ui.HeadView{Title: title}, Empty: true, New: UnitKind.Href(ctx, 0, "new")})}, nil
	}
	now := towers[0]
	for _, t := range towers {
		if t.ID.String() == r.Query("building") {
			now = t
		}
	}
	units, err := InBuilding(ctx, tx, now.ID)
	if err != nil {
		return nil, err
	}
	states, err := statesOf(ctx, tx, now.ID, units)
	if err != nil {
		return nil, err
	}
	v := stackView{Head: ui.HeadView{Title: core.T("%s 房态图", "%s stacking plan", now.Name)}, Towers: towerTabs(ctx, towers, now.ID), Stats: figures(units)}
	v.Stack = stackOf(ctx, units, states, r.Query("state"))
	v.Stack.Caption = v.Head.Title
	v.Filter = stackFilter(ctx, v.Stack.Legend, now.ID, r.Query("state"))
	return web.Page{Title: v.Head.Title, Body: stackBody(v)}, nil
}

func planHref(ctx context.Context, tower core.ID) string {
	return "/p/" + core.ProjectOf(ctx).Code + "/estate?building=" + tower.String()
}

func towerTabs(ctx context.Context, towers []Building, now core.ID) []ui.Tab {
	var out []ui.Tab
	for _, t := range towers {
		out = append(out, ui.Tab{Label: ui.Plain(t.Name), Href: planHref(ctx, t.ID), On: t.ID == now})
	}
	return out
}

// figures are 单元数, 出租率, 空置面积 and the number of vacant units of the building.
func figures(units []Unit) []stat {
	var free int64
	var vacant core.Decimal
	for _, u := range units {
		if u.State == Free {
			free++
			vacant = plus(vacant, u.Area)
		}
	}
	tone := ui.Tone("")
	if free > 0 {
		tone = ui.Warn
	}
	return []stat{{core.T("单元数", "Units"), fmt.Sprint(len(units)), ""}, {core.T("出租率(按面积)", "Let, by area"), letRate(units), ""}, {core.T("空置面积", "Vacant area"), vacant.String() + " ㎡", ""},
		{core.T("空置单元", "Vacant units"), fmt.Sprint(free), tone}}
}

// letRate is 出租率: the area let out of the area that can be let. What its owner uses himself [自用] is not for letting
// and stands in neither; what is being fitted out [装修] can be let and is not yet.
func letRate(units []Unit) string {
	var let, lettable core.Decimal
	for _, u := range units {
		if u.State == Own {
			continue
		}
		lettable = plus(lettable, u.Area)
		if u.State == Let {
			let = plus(let, u.Area)
		}
	}
	rate, err := let.Quo(lettable)
	if err != nil {
		return "—" // nothing can be let
	}
	whole, points, _ := rate.Int64(4)
	return core.Rate(whole*10000 + points).String()
}

// plus adds areas; a sum beyond nineteen digits is no building's.
func plus(sum, area core.Decimal) core.Decimal {
	if s, err := sum.Add(area); err == nil {
		return s
	}
	return sum
}

func stackOf(ctx context.Context, units []Unit, states map[core.ID]cellState, only string) ui.StackView {
	s := ui.StackView{Target: "unit-card", Legend: legend(ctx, states)}
	for _, u := range units {
		state := states[u.ID]
		if only != "" && state.Key != only {
			continue
		}
		if n := len(s.Floors); n == 0 || s.Floors[n-1].Label != u.Floor {
			s.Floors = append(s.Floors, ui.Floor{Label: u.Floor})
		}
		f := &s.Floors[len(s.Floors)-1]
		area, _ := u.Area.Float64()
		c := ui.UnitCell{Label: short(u), Name: u.Code, State: state.State, Area: area, Href: UnitKind.Href(ctx, u.ID), Card: cardHref(ctx, u.ID)}
		if state.Key != Let {
			c.Note = state.Label
		}
		f.Cells = append(f.Cells, c)
	}
	return s
}

// short is the room within its floor: 05 of A0305.
func short(u Unit) string {
	r := []rune(u.Code)
	if len(r) > 2 {
		return string(r[len(r)-2:])
	}
	return u.Code
}

func legend(ctx context.Context, states map[core.ID]cellState) []ui.LegendItem {
	count := map[string]int{}
	for _, s := range states {
		count[s.Key]++
	}
	var out []ui.LegendItem
	for _, l := range looks(ctx) {
		out = append(out, ui.LegendItem{State: l.State, Label: l.Label, Count: fmt.Sprint(count[l.Key])})
	}
	return out
}

func stackFilter(ctx context.Context, _ []ui.LegendItem, tower core.ID, only string) ui.FilterView {
	f := ui.FilterView{Action: "/p/" + core.ProjectOf(ctx).Code + "/estate"}
	choices := make([]core.Choice, 0, 8)
	for _, l := range looks(ctx) {
		choices = append(choices, core.Choice{Value: l.Key, Label: l.Label})
	}
	f.Fields = []ui.FieldView{{Name: "building", Kind: core.KindHidden, Value: tower.String()},
		{Name: "state", Label: core.T("只看", "Only"), Kind: core.KindChoice, Choices: choices, Value: only}}
	if only != "" {
		f.Clear = planHref(ctx, tower)
	}
	return f
}

func cardHref(ctx context.Context, id core.ID) string {
	return "/p/" + core.ProjectOf(ctx).Code + "/estate/card/" + id.String()
}

// cardView is what a click on a cell shows.
type cardView struct {
	Code   string
	Pill   ui.PillView
	Pairs  []ui.Pair
	Panels []templ.Component
	Href   string
}

func cardFragment(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	u, err := Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	states, err := statesOf(ctx, tx, u.Building, []Unit{u})
	if err != nil {
		return nil, err
	}
	v := cardView{Code: u.Code, Pill: ui.PillView{Tone: toneOf(u), Text: states[u.ID].Label}, Pairs: unitPairs(ctx, u), Href: UnitKind.Href(ctx, u.ID)}
	if note := states[u.ID].note; note != "" {
		v.Pairs = append(v.Pairs, ui.Pair{Label: states[u.ID].Label, Value: note})
	}
	v.Panels, err = panels(ctx, tx, u.Ref())
	return web.Fragment{Body: cardBody(v)}, err
}

// panels are what the modules above say about the unit: owner, tenant, open matters.
func panels(ctx context.Context, tx db.Tx, ref core.Ref) ([]templ.Component, error) {
	var out []templ.Component
	all := slices.Clone(register.Of(ctx).Panels)
	slices.SortStableFunc(all, func(a, b register.Panel) int { return a.Order - b.Order })
	for _, p := range all {
		if p.On != ref.Kind || p.Perm != "" && !core.ActorOf(ctx).Can(ref.Project, p.Perm) {
			continue
		}
		c, err := p.Body(ctx, tx, ref)
		if err != nil {
			return nil, err
		}
		if c != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

func unitPairs(ctx context.Context, u Unit) []ui.Pair {
	price := ""
	if !u.UnitPrice.IsZero() {
		price = core.T("%s 元/㎡·月", "CNY %s/㎡ a month", u.UnitPrice.String()).Say(ctx)
	}
	var out []ui.Pair
	for _, p := range []ui.Pair{{Label: core.T("楼座", "Building"), Value: u.Tower}, {Label: core.T("楼层", "Floor"), Value: u.Floor}, {Label: core.T("面积", "Area"), Value: u.Square()},
		{Label: core.T("用途", "Use"), Value: core.Label(Uses(), u.Use).Say(ctx)}, {Label: core.T("状态", "State"), Value: labelOf(u).Say(ctx)}, {Label: core.T("物业费单价", "Unit price"), Value: price},
		{Label: core.T("备注", "Note"), Value: u.Note}} {
		if p.Value != "" {
			out = append(out, p)
		}
	}
	return out
}

// historyCard tells what a unit came from and went into.
func historyCard(ctx context.Context, tx db.Tx, u Unit, links []Link) (templ.Component, error) {
	ids := make([]core.ID, 0, 2*len(links))
	for _, l := range links {
		ids = append(ids, l.Old, l.New)
	}
	all, err := Units(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	how := map[string]core.Text{"split": core.T("拆分", "Split"), "merge": core.T("合并", "Merged")}
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("日期", "Date")}, {Label: core.T("事项", "What")}, {Label: core.T("原单元", "From")}, {Label: core.T("新单元", "Into")}}}
	for _, l := range links {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: string(l.On)}, {Text: how[l.How].Say(ctx)},
			{Text: all[l.Old].Code, Href: UnitKind.Href(ctx, l.Old)}, {Text: all[l.New].Code, Href: UnitKind.Href(ctx, l.New)}}})
	}
	return card(core.T("拆分与合并", "Splits and merges"), ui.Table(t)), nil
}

func (k spaces) intro(ctx context.Context, tx db.Tx) (templ.Component, error) {
	type count struct {
		state string
		n     int64
	}
	rows, err := db.All(ctx, tx, func(c *count) []any { return []any{&c.state, &c.n} },
		"select state, count(*) from "+k.kind.Table+" where project_id = $1 and voided_at is null group by state", core.ProjectOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	var stats []stat
	for _, c := range k.states {
		for _, r := range rows {
			if r.state == c.Value {
				stats = append(stats, stat{c.Label, fmt.Sprint(r.n), ""})
			}
		}
	}
	return spacesIntro(stats, k.kind.Href(ctx, 0, "list.pdf"), register.ClauseLink(ctx, "D1.14")), nil
}

// printAtMost bounds one printed list.
const printAtMost = 5000

// printed is the list of D1.14 on paper: every space with its state and who uses it.
func (k spaces) printed(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	all, err := k.find(ctx, tx, register.Query{Limit: printAtMost})
	if err != nil {
		return nil, err
	}
	lang := core.LangOf(ctx)
	d := print.New(print.A4Landscape, lang)
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: k.list.In(lang), Number: string(core.Today(ctx))})
	fields := k.columns()
	var cols []print.Column
	for _, f := range fields {
		cols = append(cols, print.Column{Title: f.Label.In(lang), Width: 1})
	}
	var rows [][]string
	for i := range all {
		var row []string
		for _, f := range fields {
			row = append(row, f.Display(ctx, &all[i]))
		}
		rows = append(rows, row)
	}
	d.Table(cols, rows)
	d.Signs(print.Sign{Label: core.T("制表", "Compiled by").In(lang)}, print.Sign{Label: core.T("审核", "Checked by").In(lang)})
	b, err := d.Bytes()
	if err != nil && len(b) == 0 {
		return nil, err
	}
	return web.Download{Name: strings.ReplaceAll(k.list.ZH, " ", "") + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
}
