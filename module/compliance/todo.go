package compliance

import (
	"context"
	"slices"
	"strconv"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

// 我的待办 reads at most todoMax duties, shows at most todoShown of one clause at once and todoFolded more behind a fold:
// a workbook's import may leave hundreds of the same gap, and the day's other work must still be seen.
const (
	todoMax    = 1000
	todoShown  = 5
	todoFolded = 100
)

// item is one duty as pages show it.
type item struct {
	ID        core.ID
	Title     core.Text
	Href      string // the duty's own page
	URL       string // where the work is done
	Clause    string
	Role      core.Role
	Who       string
	State     core.Text
	Tone      ui.Tone
	Due       time.Time
	Done      time.Time
	Opened    time.Time
	Open      bool
	Path      []core.Role // whom it went up to
	Mine      bool        // in person
	Note      string
	Until     core.Date // of a waiver
	ClaimURL  string
	ClaimKeys [2]string // version and key of the claim's form
}

// itemsOf prepares duties for a page: who, how far up, in what state.
func itemsOf(ctx context.Context, tx db.Tx, ds []duty.Duty) ([]item, error) {
	who, err := peopleOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	var raised, named []core.ID
	for _, d := range ds {
		named = append(named, d.User, d.DoneBy)
		if d.Step > 0 {
			raised = append(raised, d.Ref.ID)
		}
	}
	if err := who.learn(ctx, tx, named...); err != nil {
		return nil, err
	}
	up, err := paths(ctx, tx, core.ProjectOf(ctx).ID, raised)
	out := make([]item, len(ds))
	for i, d := range ds {
		out[i] = itemOf(ctx, d, who, up[d.Ref.ID])
	}
	return out, err
}

func itemOf(ctx context.Context, d duty.Duty, who people, path []core.Role) item {
	href := dutyKind().Href(ctx, d.Ref.ID)
	it := item{ID: d.Ref.ID, Title: titleOf(d), Href: href, URL: d.URL, Clause: d.Clause, Role: d.Role, Due: d.Due, Done: d.DoneAt, Opened: d.Opened,
		Open: d.State == duty.StateOpen, Path: path, Mine: d.User != 0 && d.User == core.ActorOf(ctx).ID, Note: d.Note}
	it.State, it.Tone = stateOf(ctx, d)
	if id := d.User; id != 0 || d.DoneBy != 0 {
		if id == 0 || d.State != duty.StateOpen && d.DoneBy != 0 {
			id = d.DoneBy
		}
		it.Who = who.name(ctx, id)
	}
	if it.Open && d.User == 0 {
		it.ClaimURL, it.ClaimKeys = href+"/claim", [2]string{core.JSON(d.Version), register.NewKey()}
	}
	return it
}

func stateOf(ctx context.Context, d duty.Duty) (core.Text, ui.Tone) {
	late := d.Late || d.State == duty.StateOpen && d.Due.Before(core.Now(ctx))
	switch {
	case d.State == duty.StateVoid:
		return core.T("已作废", "Voided"), ui.None
	case d.State == duty.StateWaived:
		return core.T("已豁免", "Waived"), ui.None
	case d.State == duty.StateDone && late:
		return core.T("逾期办结", "Done late"), ui.Late
	case d.State == duty.StateDone:
		return core.T("按时办结", "Done in time"), ui.OK
	case late:
		return core.T("逾期未办", "Overdue"), ui.Late
	}
	return core.T("未到期", "Open"), ui.Run
}

// todo is 我的待办 as a page shows it.
type todo struct {
	Groups  []todoGroup
	Total   int
	Ask     []request
	Unread  []notify.Message
	NUnread int
	Live    string // topics that refresh it
	Here    string
	Warning core.Text
	Board   string
}

// todoGroup is what is due in one stretch of time, clause by clause in the order of the first due.
type todoGroup struct {
	Label   core.Text
	Tone    ui.Tone
	N       int
	Cut     bool // more fall due here than were read
	Clauses []todoClause
}

// orMore writes a number that counting may have stopped at: 972+.
func orMore(n int, cut bool) string {
	if cut {
		return strconv.Itoa(n) + "+"
	}
	return strconv.Itoa(n)
}

type todoClause struct {
	Clause      string
	Shown, More []item
	N           int
	All         string // where every duty of the clause is listed
}

func (g *todoGroup) add(ctx context.Context, it item) {
	g.N++
	i := slices.IndexFunc(g.Clauses, func(c todoClause) bool { return c.Clause == it.Clause })
	if i < 0 {
		i = len(g.Clauses)
		g.Clauses = append(g.Clauses, todoClause{Clause: it.Clause, All: dutiesURL(ctx, "clause", it.Clause, "state", "open")})
	}
	c := &g.Clauses[i]
	switch c.N++; {
	case len(c.Shown) < todoShown:
		c.Shown = append(c.Shown, it)
	case len(c.More) < todoFolded:
		c.More = append(c.More, it)
	}
}

// todoOf gathers what the actor owes: his duties, his roles' that nobody has claimed, what went up to him, what waits
// for his yes, and what he has not read.
func todoOf(ctx context.Context, tx db.Tx) (todo, error) {
	project, me, roles := core.ProjectOf(ctx).ID, core.ActorOf(ctx).ID, rolesOf(ctx)
	ds, err := duty.Mine(ctx, tx, project, me, roles, todoMax)
	if err != nil {
		return todo{}, err
	}
	items, err := itemsOf(ctx, tx, ds)
	if err != nil {
		return todo{}, err
	}
	asked, err := waitingForMe(ctx, tx, 0, core.CountMax)
	if err != nil {
		return todo{}, err
	}
	t := todo{Total: len(items), Groups: grouped(ctx, items), Ask: requestViews(ctx, asked), Here: todoURL(ctx), Live: "duty notify-" + me.String()}
	if len(ds) == todoMax { // by due: what was not read falls into the last stretch, or after it
		t.Groups[len(t.Groups)-1].Cut = true
	}
	for _, r := range roles {
		t.Live += " notify-" + string(r)
	}
	if t.NUnread, t.Unread, err = notify.Unread(ctx, tx, project, me, roles); err != nil {
		return t, err
	}
	t.Warning, err = yearWarning(ctx, tx)
	return t, err
}

// grouped sorts the duties into late, today, this week and later; empty groups go.
func grouped(ctx context.Context, items []item) []todoGroup {
	zone, now, today := core.ProjectOf(ctx).Zone, core.Now(ctx), core.Today(ctx)
	_, sunday := weekOf(today)
	groups := []todoGroup{{Label: core.T("逾期", "Late"), Tone: ui.Late}, {Label: core.T("今天", "Today"), Tone: ui.Warn},
		{Label: core.T("本周", "This week"), Tone: ui.Run}, {Label: core.T("以后", "Later")}}
	for _, it := range items {
		// A term that ends at midnight is due on the day that ends.
		day, g := core.DateOf(it.Due.Add(-time.Microsecond), zone), 3
		switch {
		case it.Due.Before(now):
			g = 0
		case day <= today:
			g = 1
		case day <= sunday:
			g = 2
		}
		groups[g].add(ctx, it)
	}
	var out []todoGroup
	for _, g := range groups {
		if g.N > 0 {
			out = append(out, g)
		}
	}
	return out
}

func todoPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	t, err := todoOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	if r.Fragment() {
		return web.Fragment{Body: todoBody(t)}, nil
	}
	return web.Page{Title: core.T("我的待办", "My duties"), Body: todoView(t)}, nil
}

// Badge is the number in the top bar of every page: what the actor owes until the end of today and what he has not read,
// up to core.CountMax, and whether something of it is late. What falls due later would make the number say nothing.
func Badge(ctx context.Context, tx db.Tx) (n int64, late bool, err error) {
	project, me, roles := core.ProjectOf(ctx).ID, core.ActorOf(ctx).ID, rolesOf(ctx)
	tonight := core.Today(ctx).Add(1).Time(core.ProjectOf(ctx).Zone)
	owed, overdue, err := duty.CountMine(ctx, tx, project, me, roles, tonight)
	if err != nil {
		return 0, false, err
	}
	unread, err := notify.CountUnread(ctx, tx, project, me, roles)
	return owed + unread, overdue > 0, err
}

func todoBadge(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	n, late, err := Badge(ctx, tx)
	return web.Fragment{Body: ui.TodoBadge(n, late)}, err
}

// markRead marks the notifications read: one by its id, or all.
func markRead(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	var ids []core.ID
	if s := r.Input.Get("id"); s != "" {
		id, err := core.ParseID(s)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	err := notify.MarkRead(ctx, tx, core.ProjectOf(ctx).ID, core.ActorOf(ctx).ID, rolesOf(ctx), ids...)
	return web.Redirect{URL: todoURL(ctx)}, err
}

// yearWarning says, from October on, that the coming year's holidays are not there yet: terms in working days would
// then count Monday to Friday.
func yearWarning(ctx context.Context, tx db.Tx) (core.Text, error) {
	clock, err := calendar.Load(ctx, tx)
	if err != nil {
		return core.Text{}, err
	}
	today := core.Today(ctx).Time(time.UTC)
	if today.Month() < time.October || clock.Table.Known(today.Year()+1) {
		return core.Text{}, nil
	}
	return core.T("%d 年的法定节假日还没有录入,跨年的工作日期限会按周一至周五计算", "The holidays of %d have not been entered: terms in working days that run into it count Monday to Friday", today.Year()+1), nil
}

// dutyPairs are a duty's facts.
func dutyPairs(ctx context.Context, it item) []ui.Pair {
	out := []ui.Pair{{Label: core.T("条款", "Clause"), Body: register.ClauseLink(ctx, it.Clause)}, {Label: core.T("责任", "Owed by"), Value: owedBy(ctx, it)},
		{Label: core.T("产生", "Raised"), Value: ui.Full(ctx, it.Opened)}, {Label: core.T("期限", "Due"), Body: dueLine(it)}, {Label: core.T("状态", "State"), Body: ui.Pill(it.Tone, it.State)}}
	if !it.Done.IsZero() {
		out = append(out, ui.Pair{Label: core.T("结束", "Closed"), Value: ui.Full(ctx, it.Done)})
	}
	if len(it.Path) > 0 {
		out = append(out, ui.Pair{Label: core.T("上报", "Went up to"), Body: climbed(it.Path)})
	}
	if it.Note != "" {
		out = append(out, ui.Pair{Label: core.T("说明", "Note"), Value: it.Note})
	}
	if it.Until != "" {
		out = append(out, ui.Pair{Label: core.T("豁免到", "Waived until"), Value: string(it.Until)})
	}
	if it.URL != "" {
		out = append(out, ui.Pair{Label: core.T("记录", "Record"), Body: link(it.URL, core.T("打开原记录去办理", "Open the record to do it"))})
	}
	return out
}
