package followup

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

// read is Get for the pages: what is about a complaint against the reader stays shut (C13.1).
func read(ctx context.Context, tx db.Tx, id core.ID) (Item, error) {
	i, err := Get(ctx, tx, id)
	if err == nil {
		err = readable(ctx, tx, i)
	}
	if err != nil {
		return Item{}, err
	}
	return i, nil
}

func columnNames() []string {
	return []string{"number", "state", "occasion", "customer_name", "content", "severity", "caller", "result", "due_at"}
}

func items() register.Register[Item] {
	choice := func(name, zh, en string, cs []core.Choice) register.Filter {
		return register.Filter{Name: name, Label: core.T(zh, en), Kind: core.KindChoice, Choices: cs}
	}
	states := append([]core.Choice{{Value: "all", Label: core.T("全部", "All")}}, States()...)
	states = append(states, core.Choice{Value: "check", Label: core.T("待检查", "To be checked")}, core.Choice{Value: "problem", Label: core.T("问题未解决", "Unsettled problems")})
	return register.Register[Item]{Kind: Kind(), Viewers: readers(), Export: heads(), Fields: fields(), Columns: columnNames(),
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, None: core.T("待回访的", "Open ones"), Choices: states}, choice("occasion", "事由", "After", Occasions()), choice("result", "结果", "Result", Results()),
			choice("mine", "安排给", "Assigned to", []core.Choice{{Value: "mine", Label: core.T("我", "Me")}, {Value: "nobody", Label: core.T("未安排", "Nobody yet")}}),
			choice("late", "逾期", "Overdue", []core.Choice{{Value: "late", Label: core.T("是", "Yes")}}), {Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth}},
		ID: func(i *Item) core.ID { return i.Ref.ID }, Version: func(i *Item) int64 { return i.Version }, Cursor: cursor, Find: find, Get: read, Row: row, Record: record, Topic: "followup", Intro: intro,
		Revealers: readers(), Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"phone": func(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
			i, err := read(ctx, tx, id)
			return string(i.Phone), err
		}}, Verbs: verbs()}
}

// fields are what the API, the export and the columns of the list give.
func fields() []core.Field[Item] {
	f := func(name, zh, en string, ptr func(*Item) any, choices ...core.Choice) core.Field[Item] {
		return core.Field[Item]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return []core.Field[Item]{f("number", "编号", "Number", func(i *Item) any { return &i.Number }), f("state", "状态", "State", func(i *Item) any { return &i.State }, States()...), f("occasion", "事由", "After", func(i *Item) any { return &i.Occasion }, Occasions()...),
		f("matter_number", "事项编号", "Matter", func(i *Item) any { return &i.MatterNumber }), f("customer_name", "客户", "Customer", func(i *Item) any { return &i.CustomerName }), f("customer", "客户编号", "Customer id", func(i *Item) any { return &i.Customer }),
		f("unit_code", "单元", "Unit", func(i *Item) any { return &i.UnitCode }), f("contact", "联系人", "Contact", func(i *Item) any { return &i.Contact }), f("phone", "电话", "Telephone", func(i *Item) any { return &i.Phone }),
		f("content", "事项", "Matter", func(i *Item) any { return &i.Content }), f("handled", "处理情况", "What was done", func(i *Item) any { return &i.Handled }), f("severity", "级别", "Severity", func(i *Item) any { return &i.Severity }, Severities()...),
		f("round", "第几次", "Round", func(i *Item) any { return &i.Round }), f("why", "来由", "Why", func(i *Item) any { return &i.Why }, Whys()...), f("clause", "条款", "Clause", func(i *Item) any { return &i.Clause }),
		f("handler", "经办人", "Handled by", func(i *Item) any { return &i.HandlerName }), f("caller", "回访人", "Follows up", func(i *Item) any { return &i.CallerName }), f("since_at", "办结", "Dealt with", func(i *Item) any { return &i.Since }),
		f("due_at", "期限", "Due", func(i *Item) any { return &i.Due }), f("tries", "未联系上", "Not reached", func(i *Item) any { return &i.Tries }), f("held_at", "回访时间", "Followed up", func(i *Item) any { return &i.Held }), f("held_by", "谁做的", "Made by", func(i *Item) any { return &i.HeldName }),
		f("how", "方式", "How", func(i *Item) any { return &i.How }, Hows()...), f("mark", "注明", "Mark", func(i *Item) any { return &i.Mark }), f("result", "结果", "Result", func(i *Item) any { return &i.Result }, Results()...),
		f("opinion", "意见要求", "Opinion", func(i *Item) any { return &i.Opinion }), f("outcome", "当即答复", "Answered at once", func(i *Item) any { return &i.Outcome }), f("promised_at", "约定答复", "Agreed answer", func(i *Item) any { return &i.Promised }),
		f("answer", "答复", "Answer", func(i *Item) any { return &i.Answer }), f("answered_at", "答复时间", "Answered", func(i *Item) any { return &i.Answered }), f("settled_at", "问题解决", "Settled", func(i *Item) any { return &i.Settled }),
		f("remark", "主任意见", "Remark", func(i *Item) any { return &i.Remark }), f("remarked_by", "检查人", "Checked by", func(i *Item) any { return &i.RemarkedBy })}
}

func stateTone(i Item, now time.Time) ui.Tone {
	switch {
	case i.State == StateDone && i.Result == Dissatisfied && i.Settled.IsZero():
		return ui.Late
	case i.State == StateDone && i.Problem && i.Settled.IsZero():
		return ui.Warn
	case i.State == StateDone, i.State == StateLetter:
		return ui.OK
	case i.Open && i.Due.Before(now):
		return ui.Late
	case i.Open:
		return ui.Run
	}
	return ui.None
}

func severityTone(s string) ui.Tone {
	return map[string]ui.Tone{Major: ui.Late, Important: ui.Warn}[s]
}

func row(ctx context.Context, i *Item) ui.Row {
	now := core.Now(ctx)
	label := func(cs []core.Choice, v string) string {
		if v == "" {
			return ""
		}
		return core.Label(cs, v).Say(ctx)
	}
	severity := ui.Cell{Text: label(Severities(), i.Severity)}
	if i.Severity != Ordinary {
		severity = ui.Cell{Body: ui.Pill(severityTone(i.Severity), core.Label(Severities(), i.Severity))}
	}
	r := ui.Row{Cells: []ui.Cell{{Text: i.Number, Href: href(ctx, i.Ref.ID)}, {Body: ui.Pill(stateTone(*i, now), core.Label(States(), i.State))}, {Text: ui.Join(label(Occasions(), i.Occasion), i.MatterNumber)}, {Text: ui.Join(i.UnitCode, i.who())},
		{Text: i.Content}, severity, {Text: i.CallerName}, {Text: label(Results(), i.Result)}, {}}}
	if i.Open && i.Caller == 0 && core.ActorOf(ctx).Can(i.Ref.Project, "followup.assign") {
		r.Cells[6] = ui.Cell{Text: core.T("安排", "Assign").Say(ctx), Href: href(ctx, i.Ref.ID, "assign")}
	}
	if i.Open {
		r.Cells[8].Body = ui.Countdown(i.Due, now)
		if i.Due.Before(now) {
			r.Tone = ui.Late
		}
	} else if !i.Held.IsZero() {
		r.Cells[8].Text = ui.When(ctx, i.Held)
	}
	return r
}

// quotaViews are the month's quotas as the pages show them: 维修回访 41/60,还剩 9 天.
func quotaViews(ctx context.Context, tx db.Tx) ([]quotaView, error) {
	qs, err := Quotas(ctx, tx, core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone))
	out := make([]quotaView, len(qs))
	for k, q := range qs {
		name := core.Label(Occasions(), q.Occasion)
		v := quotaView{Name: core.T("%s回访", "%s follow-ups", name), Figure: core.T("%d/%d,还剩 %d 天", "%d/%d, %d days left", q.Followed, q.Needed, q.Days), Clause: q.Clause, Cite: register.Cite(ctx, q.Clause), Href: href(ctx, 0) + "?occasion=" + q.Occasion,
			Note:  core.T("本月办结 %d 件,要求回访 %s;待回访 %d 件", "%d closed this month, %s to be followed up; %d waiting", q.Matters, q.Target.String(), q.Drawn-q.Followed),
			Total: float64(max(q.Needed, q.Followed, 1)), Parts: []ui.Part{{Value: float64(q.Followed), Tone: ui.OK, Label: core.T("已回访", "followed up")},
				{Value: float64(min(max(q.Drawn-q.Followed, 0), max(q.Needed-q.Followed, 0))), Tone: ui.Run, Label: core.T("待回访", "waiting")}, {Value: float64(q.Missing()), Tone: ui.Warn, Label: core.T("待抽取", "to be drawn")}}}
		out[k] = v
	}
	return out, err
}

// intro stands above the list: the quotas, and the supervisor's tools.
func intro(ctx context.Context, tx db.Tx) (templ.Component, error) {
	qs, err := quotaViews(ctx, tx)
	if err != nil {
		return nil, err
	}
	return introBody(qs, tools(ctx)), nil
}

// toolsView are the links and the draw's button of who may use them.
type toolsView struct {
	Links []ui.Link
	Draw  string
	Idem  string
}

func tools(ctx context.Context) toolsView {
	a, p := core.ActorOf(ctx), core.ProjectOf(ctx)
	v := toolsView{}
	for _, l := range []struct {
		perm string
		link ui.Link
	}{{"followup.record", ui.Link{Label: core.T("今日回访", "Today's calls"), Href: href(ctx, 0, "today")}}, {"followup.assign-many", ui.Link{Label: core.T("批量安排", "Assign several"), Href: href(ctx, 0, "assign-many")}},
		{"followup.remark-many", ui.Link{Label: core.T("批量签意见", "Remark on several"), Href: href(ctx, 0, "remark-many")}}, {"open-letter.view", ui.Link{Label: core.T("公开信", "Open letters"), Href: letterKind.Href(ctx, 0)}},
		{"followup-activity.view", ui.Link{Label: core.T("活动", "Activities"), Href: activityKind.Href(ctx, 0)}}, {"followup-plan.view", ui.Link{Label: core.T("回访计划", "Plans"), Href: planKind.Href(ctx, 0)}},
		{"followup-script.view", ui.Link{Label: core.T("话术", "Scripts"), Href: scriptKind.Href(ctx, 0)}}} {
		if a.Can(p.ID, l.perm) {
			v.Links = append(v.Links, l.link)
		}
	}
	if a.Can(p.ID, "followup.sample") {
		v.Draw, v.Idem = href(ctx, 0, "draw"), register.NewKey()
	}
	return v
}

// drawPost draws what the month lacks, now.
func drawPost(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	n, err := Sample(ctx, tx, core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone), batch)
	said := core.T("抽取了 %d 件", "%d drawn", n)
	if n == 0 {
		said = core.T("本月的比例已经抽够", "The month's share is drawn already")
	}
	return web.Redirect{URL: href(ctx, 0), Flash: said}, err
}

// ---- the record

// callPairs are what the caller needs before him.
func callPairs(ctx context.Context, i Item) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Add("客户", "Customer", ui.Join(i.UnitCode, i.CustomerName))
	p.Add("联系人", "Contact", strings.TrimSpace(string(i.Contact)+" "+i.Phone.Mask()))
	p.Add("事由", "After", ui.Join(core.Label(Occasions(), i.Occasion).Say(ctx), i.MatterNumber))
	p.Add("事项", "Matter", i.Content)
	p.Add("处理情况", "What was done", i.Handled)
	p.Time("办结", "Dealt with", i.Since)
	p.Add("经办人", "Handled by", i.HandlerName)
	return p.Out
}

func planPairs(ctx context.Context, i Item) []ui.Pair {
	p := ui.Pairs{Ctx: ctx, Out: callPairs(ctx, i)}
	p.Choice("级别", "Severity", Severities(), i.Severity)
	p.Choice("来由", "Why", Whys(), i.Why)
	p.Add("回访人", "Follows up", i.CallerName)
	p.Add("未联系上", "Nobody reached", triesText(ctx, i))
	p.Time("期限", "Due", i.Due)
	return p.Out
}

// triesText says how often nobody was reached; "" where it was not tried.
func triesText(ctx context.Context, i Item) string {
	if i.Tries == 0 {
		return ""
	}
	return core.T("%d 次,最近 %s", "%d times, last %s", i.Tries, ui.When(ctx, i.Tried)).Say(ctx)
}

func talkPairs(ctx context.Context, i Item) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Time("回访时间", "Followed up", i.Held)
	p.Add("回访人", "Made by", i.HeldName)
	p.Choice("方式", "How", Hows(), i.How)
	p.Add("注明", "Mark", markText(ctx, i))
	p.Choice("结果", "Result", Results(), i.Result)
	p.Add("意见和要求", "What the customer said", i.Opinion)
	p.Add("当即答复", "Answered at once", i.Outcome)
	p.Time("约定答复", "Agreed answer", i.Promised)
	p.Add("答复", "Answer", i.Answer)
	p.Time("答复时间", "Answered", i.Answered)
	p.Add("签名", "Signed", string(i.Signer))
	p.Time("问题解决", "Problem settled", i.Settled)
	if !i.Remarked.IsZero() {
		p.Add("主任意见", "Remark", ui.Join(i.Remark, i.RemarkedBy, ui.Full(ctx, i.Remarked)))
	}
	p.Add("说明", "Note", i.Reason)
	return p.Out
}

// markText is the mark of a call, in the reader's language (C14.6).
func markText(ctx context.Context, i Item) string {
	if i.Mark == "" {
		return ""
	}
	return core.T("电话回访", "by telephone").Say(ctx)
}

func record(ctx context.Context, tx db.Tx, i Item) (register.Record, error) {
	r := register.Record{About: i.Customer, Head: ui.HeadView{Title: ui.Plain(i.Number), Sub: ui.Plain(i.Content), Aside: ui.Join(i.UnitCode, i.who()), Pills: []ui.PillView{{Tone: stateTone(i, core.Now(ctx)), Text: core.Label(States(), i.State)}}}}
	if i.Severity != Ordinary {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: severityTone(i.Severity), Text: core.Label(Severities(), i.Severity)})
	}
	if i.Round > 1 {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: ui.Warn, Text: core.T("第 %d 次", "Round %d", i.Round)})
	}
	r.Cards = append(r.Cards, register.FieldsCard(core.T("回访事项", "What it is about"), planPairs(ctx, i)))
	if talk := talkPairs(ctx, i); len(talk) > 0 {
		r.Cards = append(r.Cards, register.FieldsCard(core.T("回访情况", "The talk"), talk))
	}
	if i.Open {
		say, err := ScriptFor(ctx, tx, i.Occasion)
		if err != nil {
			return r, err
		}
		r.Cards = append(r.Cards, scriptCard(nil, strings.Split(say, "\n")))
	}
	links := []ui.Link{{Label: core.T("回访记录", "Follow-up record"), Href: href(ctx, i.Ref.ID, "form")}, {Label: core.T("PDF", "PDF"), Href: href(ctx, i.Ref.ID, "form.pdf")}}
	if to := register.HrefOf(ctx, i.Matter); to != "" && i.Matter.ID != 0 {
		links = append(links, ui.Link{Label: core.T("事项 %s", "Matter %s", i.MatterNumber), Href: to})
	}
	if i.Letter != 0 {
		links = append(links, ui.Link{Label: core.T("公开信", "Open letter"), Href: letterKind.Href(ctx, i.Letter)})
	}
	r.Cards = append(r.Cards, ui.Papers(core.T("单据", "Papers"), links))
	return r, nil
}

// letterRecord is a letter with whom it answers.
func letterRecord(ctx context.Context, tx db.Tx, l Letter) (register.Record, error) {
	is, err := answeredBy(ctx, tx, l.ID)
	if err != nil {
		return register.Record{}, err
	}
	is = slices.DeleteFunc(is, func(i Item) bool { return readable(ctx, tx, i) != nil })
	p := ui.Pairs{Ctx: ctx}
	p.Add("日期", "Day", string(l.Day))
	p.Add("拟稿人", "Written by", l.Writer)
	p.Add("张贴或发送", "Put up or sent", l.Posted)
	p.Add("内容", "Text", l.Body)
	return register.Record{Head: ui.HeadView{Title: ui.Plain(l.Title), Aside: l.Number}, Cards: []templ.Component{register.FieldsCard(core.T("公开信", "Open letter"), p.Out), ui.TableCard(core.T("答复的回访", "Follow-ups it answers"), table(ctx, is)),
		ui.Papers(core.T("单据", "Papers"), []ui.Link{{Label: core.T("打印", "Print"), Href: letterKind.Href(ctx, l.ID, "letter.pdf")}})}}, nil
}

func table(ctx context.Context, is []Item) ui.TableView {
	t := ui.TableView{Caption: core.T("回访", "Follow-ups")}
	all := fields()
	for _, c := range columnNames() {
		k := slices.IndexFunc(all, func(f core.Field[Item]) bool { return f.Name == c })
		t.Columns = append(t.Columns, ui.Column{Label: all[k].Label})
	}
	for k := range is {
		t.Rows = append(t.Rows, row(ctx, &is[k]))
	}
	return t
}

// panels show the follow-ups on the page of a customer and of each matter.
func panels() []register.Panel {
	out := []register.Panel{{On: "customer", Perm: "followup.view", Order: 55, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		return panel(ctx, tx, ref, "customer_id = ?", ref.ID)
	}}}
	for _, kind := range []string{"repair", "complaint", "desk", activityKind.Name} {
		out = append(out, register.Panel{On: kind, Perm: "followup.view", Order: 55, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
			return panel(ctx, tx, ref, "kind = '"+kind+"' and record_id = ?", ref.ID)
		}})
	}
	return out
}

func panel(ctx context.Context, tx db.Tx, ref core.Ref, where string, arg any) (templ.Component, error) {
	c := db.InProject(ref.Project)
	c.Add(where, arg)
	if err := notAgainstMe(ctx, tx, &c); err != nil {
		return nil, err
	}
	is, err := list(ctx, tx, c.String()+" and voided_at is null order by at desc, id desc limit 10", c.Args...)
	if err != nil {
		return nil, err
	}
	exempt, err := db.Value[string](ctx, tx, "select exempt from followup_pool where project_id = $1 and kind = $2 and record_id = $3 and exempt <> ''", ref.Project, ref.Kind, int64(ref.ID))
	if err != nil || len(is) == 0 && exempt == "" {
		return nil, err
	}
	if exempt != "" && len(is) == 0 {
		return register.FieldsCard(core.T("回访", "Follow-ups"), []ui.Pair{{Label: core.T("免回访", "None needed"), Value: core.Label(Exemptions(), exempt).Say(ctx)}}), nil
	}
	return ui.TableCard(core.T("回访", "Follow-ups"), table(ctx, is)), nil
}

// ---- the morning list

// endOfToday is the local midnight that ends the day.
func endOfToday(ctx context.Context) time.Time {
	return core.Today(ctx).Add(1).Time(core.ProjectOf(ctx).Zone)
}

// todayPage is the clerk's morning list: whom to call today, what it is about, what to ask.
func todayPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	mine := r.Query("all") == ""
	is, err := today(ctx, tx, mine, endOfToday(ctx).Add(time.Microsecond))
	if err != nil {
		return nil, err
	}
	v := todayView{Mine: mine, All: href(ctx, 0, "today") + "?all=1", Own: href(ctx, 0, "today"), List: href(ctx, 0)}
	if v.Quotas, err = quotaViews(ctx, tx); err != nil {
		return nil, err
	}
	scripts := map[string][]string{}
	for _, i := range is {
		if mine && i.Caller == 0 && mayCall(ctx, tx, i, core.ActorOf(ctx)) != nil {
			continue // somebody else's turn (C14.5)
		}
		if _, ok := scripts[i.Occasion]; !ok {
			say, err := ScriptFor(ctx, tx, i.Occasion)
			if err != nil {
				return nil, err
			}
			scripts[i.Occasion] = strings.Split(say, "\n")
		}
		v.Calls = append(v.Calls, callOf(ctx, tx, i, scripts[i.Occasion]))
	}
	return web.Page{Title: core.T("今日回访", "Today's follow-ups"), Body: todayBody(v)}, nil
}

// callOf is one card of the list. A button that may not be used says why.
func callOf(ctx context.Context, tx db.Tx, i Item, say []string) callView {
	v := callView{Item: i, Href: href(ctx, i.Ref.ID), Script: say, Tone: severityTone(i.Severity), Tries: triesText(ctx, i)}
	if canMiss(ctx, tx, i) == nil {
		v.Miss, v.Idem = href(ctx, i.Ref.ID, "missed"), register.NewKey()
	}
	for _, how := range Hows() {
		b := button{Label: core.T("记录%s回访", "Record: %s", how.Label), Href: href(ctx, i.Ref.ID, "record") + "?how=" + how.Value}
		err := canRecord(ctx, tx, i)
		if err == nil && how.Value == ByPhone {
			err = checkRecord(ctx, tx, i, Record{How: ByPhone, Result: Satisfied})
		}
		if e := core.AsErr(err); err != nil {
			b.Why, b.Clause, b.Cite = e.Text, e.Clause, register.Cite(ctx, e.Clause)
		}
		v.Buttons = append(v.Buttons, b)
	}
	return v
}

// firstUnit is the unit in which a customer is, zero where there is none.
func firstUnit(ctx context.Context, tx db.Tx, id core.ID) (core.ID, string, error) {
	stays, err := customer.Stays(ctx, tx, id)
	for _, s := range stays {
		if err == nil && s.To == "" {
			code, err := unitCode(ctx, tx, s.Unit)
			return s.Unit, code, err
		}
	}
	return 0, "", err
}
