package desk

import (
	"context"
	"fmt"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/print"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

var callKind = register.Kind{Name: "call", Plural: "calls", Label: core.T("通话记录", "Call log"), Table: "desk_call", Choices: map[string][]core.Choice{"direction": directions()}, Events: map[string]core.Text{
	"logged": core.T("登记通话({direction})", "logged the call ({direction})"), "linked": core.T("受理为 {number}", "taken down as {number}"), "apart": core.T("{number} 未办结,录音需另存", "{number} is unfinished: its recording is to be stored apart"),
	"stored": core.T("录音另存于 {place}", "stored the recording at {place}"), "expired": core.T("录音已过保存期,可以删除", "the recording's time is over; it may be deleted"), "deleted": core.T("录音已删除", "the recording was deleted"),
	"revealed": core.T("查看电话:{reason}", "saw the telephone number: {reason}")}}

func directions() []core.Choice {
	return []core.Choice{{Value: In, Label: core.T("来电", "In")}, {Value: Out, Label: core.T("去电", "Out")}}
}

func recordingStates() []core.Choice {
	return []core.Choice{{Value: NoRecording, Label: core.T("无录音", "None")}, {Value: Kept, Label: core.T("保存中", "Kept")}, {Value: Apart, Label: core.T("另存", "Stored apart")},
		{Value: Expired, Label: core.T("可删除", "May be deleted")}, {Value: Deleted, Label: core.T("已删除", "Deleted")}}
}

// archiveForm is 《录音存档记录表》 (C19.2).
func archiveForm() core.Form {
	return core.Form{Code: "FM-KF-002", Clause: "C19.2", Title: core.T("录音存档记录表", "Recording archive register")}
}

func callFields() []core.Field[Call] {
	return []core.Field[Call]{
		{Name: "at", Label: core.T("时间", "Time"), Ptr: func(c *Call) any { return &c.At }},
		{Name: "direction", Label: core.T("方向", "Direction"), Ptr: func(c *Call) any { return &c.Direction }, Kind: core.KindRadio, Choices: directions(), Required: true},
		{Name: "phone", Label: core.T("号码", "Number"), Ptr: func(c *Call) any { return &c.Phone }},
		{Name: "answered", Label: core.T("已接听", "Answered"), Ptr: func(c *Call) any { return &c.Answered }},
		{Name: "user", Label: core.T("接听人", "Who talked"), Ptr: func(c *Call) any { return &c.User }, Max: 60},
		{Name: "seconds", Label: core.T("时长(秒)", "Seconds"), Ptr: func(c *Call) any { return &c.Seconds }, Max: 86400},
		{Name: "recording", Label: core.T("录音位置", "Recording"), Hint: core.T("电话系统里的文件名或地址", "File name or address in the telephone system"), Ptr: func(c *Call) any { return &c.Recording }, Max: 300},
	}
}

func logFields() []core.Field[Call] {
	return append(callFields(), core.Field[Call]{Name: "outside_id", Label: core.T("电话系统的编号", "Id in the telephone system"), Hint: core.T("同一编号只记一次", "The same id is logged once"), Ptr: func(c *Call) any { return &c.Outside }, Max: 120})
}

func calls() register.Register[Call] {
	f := func(name, zh, en string, ptr func(*Call) any) core.Field[Call] {
		return core.Field[Call]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	state := f("recording_state", "录音", "Recording kept", func(c *Call) any { return &c.State })
	state.Choices = recordingStates()
	yesNo := []core.Choice{{Value: "yes", Label: core.T("已接听", "Answered")}, {Value: "no", Label: core.T("未接", "Missed")}}
	return register.Register[Call]{Kind: callKind, Viewers: readers(), Export: []core.Role{core.Supervisor, core.Manager}, Topic: "call",
		Fields: append(logFields(), state, f("matter_number", "诉求", "Request", func(c *Call) any { return &c.MatterNumber }), f("customer_name", "客户", "Customer", func(c *Call) any { return &c.CustomerName }),
			f("apart_at", "另存时间", "Stored apart", func(c *Call) any { return &c.Apart }), f("place", "另存位置", "Where", func(c *Call) any { return &c.Place })),
		Columns: []string{"at", "direction", "phone", "answered", "user", "seconds", "customer_name", "matter_number", "recording_state"},
		Filters: []register.Filter{{Name: "answered", Label: core.T("接听", "Answered"), Kind: core.KindChoice, Choices: yesNo}, {Name: "direction", Label: core.T("方向", "Direction"), Kind: core.KindChoice, Choices: directions()},
			{Name: "recording", Label: core.T("录音", "Recording"), Kind: core.KindChoice, Choices: recordingStates()}, {Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth}},
		ID: func(c *Call) core.ID { return c.ID }, Version: func(c *Call) int64 { return c.Version }, Cursor: func(c *Call) string { return fmt.Sprintf("0.%d.%s", c.At.UnixMicro(), c.ID) },
		Find: findCalls, Get: getCall, Row: callRow, Record: callRecord, Intro: callIntro, Revealers: desks(),
		Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"phone": func(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
			c, err := getCall(ctx, tx, id)
			return string(c.Phone), err
		}}, Verbs: callVerbs()}
}

func callRow(ctx context.Context, c *Call) ui.Row {
	talked := ui.Cell{Body: ui.Pill(ui.OK, core.T("已接听", "Answered"))}
	r := ui.Row{}
	if !c.Answered {
		talked = ui.Cell{Body: ui.Pill(ui.Warn, core.T("未接", "Missed"))}
	}
	matter := ui.Cell{}
	if c.Matter != 0 {
		matter = ui.Cell{Text: c.MatterNumber, Href: href(ctx, c.Matter)}
	}
	r.Cells = []ui.Cell{{Text: ui.When(ctx, c.At), Href: callKind.Href(ctx, c.ID)}, {Text: core.Label(directions(), c.Direction).Say(ctx)}, {Text: c.Phone.Mask()}, talked, {Text: c.User}, {Text: lasted(c.Seconds)},
		{Text: c.CustomerName}, matter, {Text: core.Label(recordingStates(), c.State).Say(ctx)}}
	return r
}

// lasted writes seconds as minutes and seconds.
func lasted(s int64) string {
	if s == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func callRecord(ctx context.Context, _ db.Tx, c Call) (register.Record, error) {
	talked := ui.PillView{Tone: ui.OK, Text: core.T("已接听", "Answered")}
	if !c.Answered {
		talked = ui.PillView{Tone: ui.Warn, Text: core.T("未接", "Missed")}
	}
	r := register.Record{Head: ui.HeadView{Title: core.T("通话 %s", "Call of %s", ui.Full(ctx, c.At)), Pills: []ui.PillView{talked, {Text: core.Label(recordingStates(), c.State)}}, Aside: c.CustomerName}, About: c.Customer}
	pairs := []ui.Pair{{Label: core.T("方向", "Direction"), Value: core.Label(directions(), c.Direction).Say(ctx)}, {Label: core.T("号码", "Number"), Value: c.Phone.Mask()},
		{Label: core.T("接听人", "Who talked"), Value: ui.Join(c.User, lasted(c.Seconds))}, {Label: core.T("录音", "Recording"), Value: ui.Join(c.Recording, core.Label(recordingStates(), c.State).Say(ctx), c.Place)}}
	switch {
	case c.Matter != 0:
		pairs = append(pairs, ui.Pair{Label: core.T("诉求", "Request"), Body: ui.Button(ui.Link{Label: ui.Plain(c.MatterNumber), Href: href(ctx, c.Matter)}, false)})
	case core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, "desk.take"):
		pairs = append(pairs, ui.Pair{Label: core.T("诉求", "Request"), Body: ui.Button(ui.Link{Label: core.T("受理这个来电", "Take this call down"), Href: Kind().Href(ctx, 0, "new") + "?call=" + c.ID.String()}, true)})
	}
	r.Cards = []templ.Component{register.FieldsCard(core.T("通话", "Call"), pairs)}
	return r, nil
}

// callIntro says this month's answer rate (B4.2) and leads to the recordings that are kept apart (C19.2).
func callIntro(ctx context.Context, tx db.Tx) (templ.Component, error) {
	p := core.ProjectOf(ctx)
	month := core.MonthOf(core.Now(ctx), p.Zone)
	f, err := countCalls(ctx, tx, p.ID, month)
	if err != nil {
		return nil, err
	}
	links := []ui.Link{{Label: core.T("未接来电", "Missed calls"), Href: callKind.Href(ctx, 0) + "?answered=no&direction=in"}, {Label: core.T("打印录音存档记录表", "Print the recording register"), Href: callKind.Href(ctx, 0, "recordings.pdf")}}
	if on, err := regulation.On(ctx, tx, "B4.2"); err != nil || !on { // nothing to measure against
		return introLinks(links, ""), err
	}
	rate, _ := core.RateOf(f.Num, f.Den)
	words := core.T("本月来电 %d 个,接听 %d 个,接听率 %s", "%d calls in this month, %d answered: %s", f.Den, f.Num, rate.String()).Say(ctx)
	if f.Den == 0 {
		words = core.T("本月还没有来电记录", "No calls in this month yet").Say(ctx)
	}
	return introLinks(links, words), nil
}

func checkedCall(verb string, check func(context.Context, db.Tx, Call) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		c, err := getCall(ctx, tx, id)
		if err == nil {
			err = check(ctx, tx, c)
		}
		if !tx.Writing() && core.IsKind(err, core.KindConflict) {
			return core.Forbidden("call." + verb)
		}
		return err
	}
}

func callVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[Call]{Name: "new", New: true, Label: core.T("登记通话", "Log a call"), Roles: desks(), Clause: "B4.2", Fields: logFields(),
			Fill: func(ctx context.Context, _ db.Tx, _ core.ID, c *Call) error {
				c.At, c.Direction, c.Answered = core.Now(ctx), In, true
				return nil
			},
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Call) (core.ID, error) { return AddCall(ctx, tx, in) }},
		register.Verb[Link]{Name: "link", Label: core.T("关联诉求", "Link to a request"), Roles: desks(), Can: checkedCall("link", canLink), Do: register.Doing(LinkCall),
			Choices: func(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
				c, err := getCall(ctx, tx, id)
				if err != nil {
					return nil, err
				}
				ms, err := candidates(ctx, tx, Matter{Ref: core.Ref{Project: core.ProjectOf(ctx).ID}, Customer: c.Customer}, core.Now(ctx).Add(-mergeable))
				out := make([]core.Choice, len(ms))
				for i, m := range ms {
					out[i] = core.Choice{Value: m.Ref.ID.String(), Label: core.T("%s", "%s", ui.Join(m.Number, m.UnitCode, m.CustomerName, short(m.Content)))}
				}
				return map[string][]core.Choice{"matter": out}, err
			},
			Fields: []core.Field[Link]{{Name: "matter", Label: core.T("在办的诉求", "An open request"), Ptr: func(l *Link) any { return &l.Matter }, Required: true}}},
		register.Verb[Place]{Name: "keep", Label: core.T("录音已另存", "Stored apart"), Roles: desks(), Clause: "C19.2", Can: checkedCall("keep", canKeep), Do: register.Doing(Keep),
			Fields: []core.Field[Place]{{Name: "place", Label: core.T("另存在哪里", "Where it was stored"), Ptr: func(p *Place) any { return &p.Place }, Required: true, Max: 300}}},
		register.Verb[nothing]{Name: "delete", Label: core.T("录音已删除", "The recording is deleted"), Roles: desks(), Clause: "C19.2", Can: checkedCall("delete", canDelete),
			Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
				return id, Delete(ctx, tx, id)
			}},
	}
}

// callPanel shows the calls of a matter, or of a customer (C15.7), on its page.
func callPanel(on string) register.Panel {
	return register.Panel{On: on, Perm: "call.view", Order: 70, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		cs, err := callsOf(ctx, tx, ref)
		if err != nil || len(cs) == 0 {
			return nil, err
		}
		t := ui.TableView{Caption: core.T("通话", "Calls"), Columns: []ui.Column{{Label: core.T("时间", "Time")}, {Label: core.T("方向", "Direction")}, {Label: core.T("接听人", "Who talked")}, {Label: core.T("时长", "Lasted")}, {Label: core.T("录音", "Recording")}}}
		for _, c := range cs {
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Full(ctx, c.At), Href: callKind.Href(ctx, c.ID)}, {Text: core.Label(directions(), c.Direction).Say(ctx)}, {Text: c.User}, {Text: lasted(c.Seconds)},
				{Text: ui.Join(c.Recording, core.Label(recordingStates(), c.State).Say(ctx))}}})
		}
		return ui.TableCard(t.Caption, t), nil
	}}
}

// recordingsPDF prints 录音存档记录表: the recordings of unfinished matters that are or were kept apart (C19.2).
func recordingsPDF(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	cs, err := archived(ctx, tx)
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4Landscape, core.LangOf(ctx))
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: archiveForm().Title.Say(ctx), Form: archiveForm().Code})
	var rows [][]string
	for _, c := range cs {
		rows = append(rows, []string{ui.Full(ctx, c.At), strings.TrimSpace(c.CustomerName + " " + c.Phone.Mask()), c.User, lasted(c.Seconds), c.MatterNumber, c.Recording, ui.Full(ctx, c.Apart), c.Place,
			core.Label(recordingStates(), c.State).Say(ctx)})
	}
	col := func(zh, en string, w float64) print.Column {
		return print.Column{Title: core.T(zh, en).Say(ctx), Width: w}
	}
	d.Table([]print.Column{col("通话时间", "Call", 2), col("客户", "Customer", 3), col("接听人", "Who talked", 1.5), col("时长", "Lasted", 1), col("未办结事件", "Unfinished matter", 2), col("录音", "Recording", 2.5), col("另存时间", "Stored apart", 2),
		col("另存位置", "Where", 2.5), col("状态", "State", 1.2)}, rows)
	return pdf(d, "recordings.pdf")
}
