package dispute

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/print"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	c, err := Get(ctx, tx, id)
	return ui.Plain(ui.Join(c.Number, c.Title)), err
}

func columnNames() []string {
	return []string{"number", "state", "title", "sort", "day", "mediator"}
}

func fields() []core.Field[Case] {
	f := func(name, zh, en string, ptr func(*Case) any, choices ...core.Choice) core.Field[Case] {
		return core.Field[Case]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return []core.Field[Case]{f("number", "编号", "Number", func(c *Case) any { return &c.Number }), f("state", "状态", "State", func(c *Case) any { return &c.State }, States()...), f("title", "事由", "About", func(c *Case) any { return &c.Title }), f("sort", "类型", "Sort", func(c *Case) any { return &c.Sort }, Sorts()...),
		f("day", "受理日期", "Taken", func(c *Case) any { return &c.Day }), f("mediator", "调解人", "Mediator", func(c *Case) any { return &c.MediatorBy }), f("content", "经过", "What happened", func(c *Case) any { return &c.Content }), f("amount", "争议金额", "Sum in dispute", func(c *Case) any { return &c.Amount }),
		f("terms", "协议", "Terms", func(c *Case) any { return &c.Terms }), f("agreed_at", "达成协议", "Agreed", func(c *Case) any { return &c.AgreedAt }), f("failure", "调解不成原因", "Why mediation failed", func(c *Case) any { return &c.Failure }), f("route", "法律途径", "Legal route", func(c *Case) any { return &c.Route }, Routes()...),
		f("legal_to", "移交法务", "Handed over to", func(c *Case) any { return &c.LegalTo }), f("held", "法律保留", "Legal hold", func(c *Case) any { return &c.Held }), f("result", "结果", "Result", func(c *Case) any { return &c.Result }), f("closed_at", "结案", "Closed", func(c *Case) any { return &c.ClosedAt })}
}

func headings() []ui.Column {
	var out []ui.Column
	all := fields()
	for _, name := range columnNames() {
		i := slices.IndexFunc(all, func(f core.Field[Case]) bool { return f.Name == name })
		out = append(out, ui.Column{Label: all[i].Label})
	}
	return out
}

func stateTone(c Case) ui.Tone {
	switch c.State {
	case Closed:
		return ui.OK
	case Failed, Legal:
		return ui.Late
	case Void:
		return ui.None
	}
	return ui.Run
}

func row(ctx context.Context, c *Case) ui.Row {
	return ui.Row{Cells: []ui.Cell{{Text: c.Number, Href: href(ctx, c.Ref.ID)}, {Body: ui.Pill(stateTone(*c), core.Label(States(), c.State))}, {Text: c.Title}, {Text: core.Label(Sorts(), c.Sort).Say(ctx)}, {Text: string(c.Day)}, {Text: c.MediatorBy}}}
}

func actRow(ctx context.Context, a *Act) ui.Row {
	r := ui.Row{Cells: []ui.Cell{{Text: a.What, Href: ActKind().Href(ctx, a.Ref.ID)}, {Text: string(a.PartyName)}, {Text: string(a.Due)}, {Body: ui.Pill(actTone(*a), core.Label(actStates(), a.State))}, {Text: a.Number, Href: href(ctx, a.Dispute)}}}
	if a.Open && a.Due < core.Today(ctx) {
		r.Tone = ui.Late
	}
	return r
}

func actTone(a Act) ui.Tone {
	switch a.State {
	case ActDone:
		return ui.OK
	case ActBroken:
		return ui.Late
	}
	return ui.Run
}

// linked is a fact that leads to its record.
func linked(zh, en, v, href string) ui.Pair {
	return ui.Pair{Label: core.T(zh, en), Body: anchor(v, href)}
}

// steps are the steps of a mediation with what is done of them (A6.3).
func steps(ctx context.Context, c Case, ps []Party, as []Act) []ui.Step {
	heard := !slices.ContainsFunc(ps, func(p Party) bool { return p.Opined.IsZero() })
	performed := c.State == Closed && !c.AgreedAt.IsZero() && c.FailedAt.IsZero()
	list := []struct {
		zh, en string
		done   bool
		note   string
	}{{"受理", "Taken", true, ui.When(ctx, c.At)}, {"双方意见", "Opinions", heard, ""}, {"协商", "Talks", c.Talks > 0, fmt.Sprint(c.Talks)}, {"调解协议", "Agreement", !c.AgreedAt.IsZero(), ""}, {"履行", "Performance", performed, progress(as)}}
	if !c.FailedAt.IsZero() {
		list = append(list[:3], list[3:3]...)
		list = append(list, struct {
			zh, en string
			done   bool
			note   string
		}{"引导法律途径", "Legal route shown", !c.Advised.IsZero(), ""}, struct {
			zh, en string
			done   bool
			note   string
		}{"移交法务", "Legal affairs", !c.LegalAt.IsZero(), c.LegalTo})
	}
	var out []ui.Step
	now := c.Open
	for _, s := range list {
		v := ui.Step{Label: core.T(s.zh, s.en), State: ui.None, Note: s.note}
		if s.done {
			v.State = ui.OK
		} else if now {
			v.State, now = ui.Run, false
		}
		out = append(out, v)
	}
	return out
}

// progress is how many of the acts are performed.
func progress(as []Act) string {
	if len(as) == 0 {
		return ""
	}
	done := 0
	for _, a := range as {
		if a.State == ActDone {
			done++
		}
	}
	return fmt.Sprintf("%d / %d", done, len(as))
}

func record(ctx context.Context, tx db.Tx, c Case) (register.Record, error) {
	r := register.Record{Head: ui.HeadView{Title: ui.Plain(c.Number), Sub: ui.Plain(c.Title), Aside: core.Label(Sorts(), c.Sort).Say(ctx), Pills: []ui.PillView{{Tone: stateTone(c), Text: core.Label(States(), c.State)}}}}
	number, err := Held(ctx, tx, c.Ref)
	if err != nil {
		return r, err
	}
	ps, err := Parties(ctx, tx, c.Ref.ID)
	if err != nil {
		return r, err
	}
	ts, err := TalksOf(ctx, tx, c.Ref.ID)
	if err != nil {
		return r, err
	}
	as, err := Acts(ctx, tx, c.Ref.ID)
	r.Cards = []templ.Component{stepCard(steps(ctx, c, ps, as), register.Cite(ctx, "A6.3"))}
	if number != "" {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: ui.Warn, Text: core.T("法律保留", "Legal hold")})
		r.Side = append(r.Side, holdCard(holdReason(ctx, c), register.Cite(ctx, "L6")))
	}
	r.Cards = append(r.Cards, register.FieldsCard(Kind().Label, pairs(ctx, c)), ui.TableCard(core.T("当事方和意见", "Parties and opinions"), partyTable(ctx, ps)))
	if len(ts) > 0 {
		r.Cards = append(r.Cards, ui.TableCard(core.T("协商纪要", "Minutes of the talks"), talkTable(ctx, ts)))
	}
	if len(as) > 0 {
		t := ui.TableView{Columns: []ui.Column{{Label: core.T("约定", "Act")}, {Label: core.T("当事方", "Party")}, {Label: core.T("期限", "Due")}, {Label: core.T("状态", "State")}, {Label: core.T("纠纷", "Dispute")}}}
		for i := range as {
			t.Rows = append(t.Rows, actRow(ctx, &as[i]))
		}
		r.Cards = append(r.Cards, ui.TableCard(core.T("协议履行", "Performance of the agreement"), t))
	}
	link := func(zh, en, path string) ui.Link {
		return ui.Link{Label: core.T(zh, en), Href: href(ctx, c.Ref.ID, path)}
	}
	links := []ui.Link{link("协商纪要", "Minutes", "minutes.pdf"), link("移交清单", "List of papers", "handover.pdf")}
	if !c.AgreedAt.IsZero() {
		links = append([]ui.Link{link("调解协议", "Agreement", "agreement.pdf")}, links...)
	}
	r.Cards = append(r.Cards, ui.Papers(core.T("单据", "Papers"), links))
	return r, err
}

func holdReason(ctx context.Context, c Case) core.Text {
	if c.Held {
		return ui.Plain(ui.Join(c.HoldReason, c.HoldBy, ui.Full(ctx, c.HoldAt)))
	}
	return core.T("纠纷未结,自动保留;结案后解除", "The dispute is open: held by itself until it is over")
}

func pairs(ctx context.Context, c Case) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Time("受理", "Taken", c.At)
	p.Add("经过", "What happened", c.Content)
	p.Add("地点", "Place", c.Place)
	if c.Amount != 0 {
		p.Add("争议金额", "Sum in dispute", c.Amount.String())
	}
	if c.Complaint != 0 {
		p.Out = append(p.Out, linked("由投诉转来", "From a complaint", core.T("查看投诉", "See it").Say(ctx), complaint.Kind().Href(ctx, c.Complaint)))
	}
	p.Add("调解人", "Mediator", c.MediatorBy)
	p.Add("协议内容", "Terms", c.Terms)
	p.Time("达成协议", "Agreed", c.AgreedAt)
	p.Time("签署", "Signed", c.Signed, string(c.SignedBy))
	p.Time("调解不成", "Mediation failed", c.FailedAt, c.Failure)
	if c.Route != "" {
		p.Add("引导法律途径", "Legal route shown", ui.Join(core.Label(Routes(), c.Route).Say(ctx), c.Advice, ui.Full(ctx, c.Advised)))
	}
	p.Time("移交法务", "Legal affairs", c.LegalAt, c.LegalTo, c.LegalNote)
	p.Time("结案", "Closed", c.ClosedAt, c.Result)
	p.Add("作废", "Voided", c.Reason)
	return p.Out
}

func partyTable(ctx context.Context, ps []Party) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("当事方", "Party")}, {Label: core.T("代表人", "Spokesman")}, {Label: core.T("电话", "Telephone")}, {Label: core.T("意见和诉求", "Opinion and demand")}, {Label: core.T("依据", "Grounds")}, {Label: core.T("记录", "Recorded")}}}
	for _, p := range ps {
		name := ui.Cell{Text: string(p.Name)}
		if p.Customer != 0 {
			name.Href = customer.FileKind.Href(ctx, p.Customer)
		}
		said, when := ui.Cell{Text: p.Opinion}, ""
		if p.Opined.IsZero() {
			said = ui.Cell{Body: ui.Pill(ui.Warn, core.T("待记录", "Not recorded yet"))}
		} else {
			when = ui.Join(p.By, ui.When(ctx, p.Opined))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{name, {Text: string(p.Person)}, {Text: p.Phone.Mask()}, said, {Text: p.Evidence}, {Text: when}}})
	}
	return t
}

func talkTable(ctx context.Context, ts []Talk) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("次", "No."), Num: true}, {Label: core.T("时间地点", "Time and place")}, {Label: core.T("在场人", "Present")}, {Label: core.T("协商内容", "What was said")}, {Label: core.T("结果", "Outcome")}}}
	for _, k := range ts {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: fmt.Sprint(k.Number)}, {Text: ui.Join(ui.When(ctx, k.At), k.Place)}, {Text: k.Present}, {Text: k.Minutes}, {Text: k.Outcome}}})
	}
	return t
}

func actRecord(ctx context.Context, _ db.Tx, a Act) (register.Record, error) {
	p := ui.Pairs{Ctx: ctx}
	p.Out = append(p.Out, linked("纠纷", "Dispute", a.Number, href(ctx, a.Dispute)))
	p.Add("当事方", "Party", string(a.PartyName))
	p.Add("约定", "Act", a.What)
	p.Add("期限", "Due", string(a.Due))
	p.Time("办理", "Done", a.Done)
	p.Add("情况", "Evidence", a.Evidence)
	return register.Record{Head: ui.HeadView{Title: ui.Plain(a.What), Sub: ui.Plain(ui.Join(a.Number, string(a.PartyName))), Pills: []ui.PillView{{Tone: actTone(a), Text: core.Label(actStates(), a.State)}}}, Cards: []templ.Component{register.FieldsCard(ActKind().Label, p.Out)}}, nil
}

// ---- papers

func forms() []core.Form {
	return []core.Form{{Code: "FM-JF-001", Clause: "A6.3", Title: core.T("调解协议", "Settlement agreement")}, {Code: "FM-JF-002", Clause: "A6.3", Title: core.T("协商纪要", "Minutes of the talks")}, {Code: "FM-JF-003", Clause: "A6.3", Title: core.T("纠纷材料移交清单", "List of the papers handed over")}}
}

func routes() []web.Route {
	return []web.Route{{Pattern: "GET /p/{project}/dispute/{id}/agreement.pdf", Perm: "dispute.view", Handle: printing(0, agreementPaper)}, {Pattern: "GET /p/{project}/dispute/{id}/minutes.pdf", Perm: "dispute.view", Handle: printing(1, minutesPaper)},
		{Pattern: "GET /p/{project}/dispute/{id}/handover.pdf", Perm: "dispute.view", Handle: printing(2, handoverPaper)}}
}

// printing prints one of the forms of a dispute; with its clause off the paper bears no form number.
func printing(form int, paper func(context.Context, db.Tx, *print.Doc, Case) error) web.Handler {
	return func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
		id, err := r.ID("id")
		if err != nil {
			return nil, err
		}
		c, err := Get(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		f := forms()[form]
		on, err := regulation.On(ctx, tx, f.Clause)
		if err != nil {
			return nil, err
		}
		if !on {
			f.Code = ""
		}
		d := print.New(print.A4, core.LangOf(ctx))
		d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: f.Title.Say(ctx), Form: f.Code, Number: c.Number})
		if err := paper(ctx, tx, d, c); err != nil {
			return nil, err
		}
		b, err := d.Bytes()
		if b == nil {
			return nil, err
		}
		return web.Download{Name: strings.Trim(f.Code+"-"+c.Number, "-") + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
	}
}

func col(ctx context.Context, zh, en string, w float64) print.Column {
	return print.Column{Title: core.T(zh, en).Say(ctx), Width: w}
}

// parties draws the sides with what they said.
func drawParties(ctx context.Context, d *print.Doc, ps []Party) {
	var rows [][]string
	for _, p := range ps {
		rows = append(rows, []string{ui.Join(string(p.Name), string(p.Person)), p.Opinion, p.Evidence})
	}
	d.Heading(core.T("当事方和意见", "Parties and opinions").Say(ctx))
	d.Table([]print.Column{col(ctx, "当事方", "Party", 3), col(ctx, "意见和诉求", "Opinion and demand", 5), col(ctx, "依据", "Grounds", 4)}, rows)
}

// drawActs draws who does what by when.
func drawActs(ctx context.Context, d *print.Doc, as []Act) {
	var rows [][]string
	for _, a := range as {
		rows = append(rows, []string{string(a.PartyName), a.What, string(a.Due), core.Label(actStates(), a.State).Say(ctx)})
	}
	d.Heading(core.T("履行约定", "Who does what by when").Say(ctx))
	d.Table([]print.Column{col(ctx, "当事方", "Party", 3), col(ctx, "做什么", "What", 6), col(ctx, "期限", "By", 2), col(ctx, "状态", "State", 2)}, rows)
}

// agreementPaper is the agreement for the parties to sign (调解协议, A6.3).
func agreementPaper(ctx context.Context, tx db.Tx, d *print.Doc, c Case) error {
	if c.AgreedAt.IsZero() {
		return core.Conflict("还没有达成调解协议", "There is no agreement yet")
	}
	ps, err := Parties(ctx, tx, c.Ref.ID)
	if err != nil {
		return err
	}
	as, err := Acts(ctx, tx, c.Ref.ID)
	d.Para(core.T("事由:%s", "About: %s", c.Title).Say(ctx))
	drawParties(ctx, d, ps)
	d.Heading(core.T("协议内容", "Terms").Say(ctx))
	d.Letter(c.Terms)
	drawActs(ctx, d, as)
	d.Letter(core.T("以上协议由当事各方自愿达成,签字后各执一份。任何一方不履行的,他方可以依法向人民法院起诉或申请仲裁。", "The parties made this agreement of their own free will; each keeps a signed copy. Where one does not perform it, the others may go to court or to arbitration.").Say(ctx))
	var signs []print.Sign
	for _, p := range ps {
		signs = append(signs, print.Sign{Label: string(p.Name)})
	}
	d.Signs(append(signs, print.Sign{Label: core.T("调解人", "Mediator").Say(ctx), Name: c.MediatorBy})...)
	d.Line(string(core.DateOf(c.AgreedAt, core.ProjectOf(ctx).Zone)), print.Right)
	return err
}

// minutesPaper is the minutes of all talks (协商纪要).
func minutesPaper(ctx context.Context, tx db.Tx, d *print.Doc, c Case) error {
	ps, err := Parties(ctx, tx, c.Ref.ID)
	if err != nil {
		return err
	}
	ts, err := TalksOf(ctx, tx, c.Ref.ID)
	d.Para(core.T("事由:%s", "About: %s", c.Title).Say(ctx))
	drawParties(ctx, d, ps)
	for _, t := range ts {
		d.Heading(core.T("第 %d 次协商", "Talk %d", t.Number).Say(ctx))
		d.Para(ui.Join(ui.Full(ctx, t.At), t.Place, t.Present))
		d.Letter(t.Minutes)
		if core.Filled(t.Outcome) {
			d.Letter(core.T("结果:%s", "Outcome: %s", t.Outcome).Say(ctx))
		}
	}
	d.Signs(print.Sign{Label: core.T("当事方", "Parties").Say(ctx)}, print.Sign{Label: core.T("调解人", "Mediator").Say(ctx), Name: c.MediatorBy})
	return err
}

// handoverPaper lists all that goes to legal affairs (A6.3): what happened, what each side said, talks, agreement and
// performance, and every paper of the case with its fingerprint.
func handoverPaper(ctx context.Context, tx db.Tx, d *print.Doc, c Case) error {
	ps, err := Parties(ctx, tx, c.Ref.ID)
	if err != nil {
		return err
	}
	ts, err := TalksOf(ctx, tx, c.Ref.ID)
	if err != nil {
		return err
	}
	as, err := Acts(ctx, tx, c.Ref.ID)
	if err != nil {
		return err
	}
	d.Grid([]print.Pair{{Key: core.T("事由", "About").Say(ctx), Value: c.Title}, {Key: core.T("受理", "Taken").Say(ctx), Value: ui.Full(ctx, c.At)}}, []print.Pair{{Key: core.T("经过", "What happened").Say(ctx), Value: c.Content, Lines: 3}},
		[]print.Pair{{Key: core.T("调解不成原因", "Why mediation failed").Say(ctx), Value: c.Failure, Lines: 2}}, []print.Pair{{Key: core.T("引导的法律途径", "Legal route shown").Say(ctx), Value: route(ctx, c), Lines: 2}})
	drawParties(ctx, d, ps)
	if len(as) > 0 {
		drawActs(ctx, d, as)
	}
	d.Heading(core.T("材料", "Papers").Say(ctx))
	rows, err := paperRows(ctx, tx, c, ts)
	d.Table([]print.Column{col(ctx, "材料", "Paper", 6), col(ctx, "日期", "Date", 3), col(ctx, "校验值", "Fingerprint", 3)}, rows)
	d.Signs(print.Sign{Label: core.T("移交人", "Handed over by").Say(ctx), Name: c.MediatorBy}, print.Sign{Label: core.T("法务接收", "Received by legal affairs").Say(ctx), Name: c.LegalTo})
	return err
}

func route(ctx context.Context, c Case) string {
	if c.Route == "" {
		return ""
	}
	return ui.Join(core.Label(Routes(), c.Route).Say(ctx), c.Advice)
}

// paperRows are the case's own papers, the complaint it came from, and the attachments of both.
func paperRows(ctx context.Context, tx db.Tx, c Case, ts []Talk) ([][]string, error) {
	say := func(t core.Text) string { return t.Say(ctx) }
	var rows [][]string
	for _, t := range ts {
		rows = append(rows, []string{say(core.T("第 %d 次协商纪要", "Minutes of talk %d", t.Number)), ui.Full(ctx, t.At), ""})
	}
	if !c.AgreedAt.IsZero() {
		rows = append(rows, []string{say(core.T("调解协议", "Agreement")), ui.Full(ctx, c.AgreedAt), ""})
	}
	refs := []core.Ref{c.Ref}
	if c.Complaint != 0 {
		k, err := complaint.Get(ctx, tx, c.Complaint)
		if err != nil {
			return nil, err
		}
		rows = append(rows, []string{say(core.T("投诉 %s", "Complaint %s", k.Number)), ui.Full(ctx, k.At), ""})
		refs = append(refs, k.Ref)
	}
	for _, ref := range refs {
		fs, err := file.List(ctx, tx, ref)
		if err != nil {
			return nil, err
		}
		for _, f := range fs {
			rows = append(rows, []string{f.Name, "", f.SHA256[:min(12, len(f.SHA256))]})
		}
	}
	return rows, nil
}
