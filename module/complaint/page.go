package complaint

import (
	"context"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/desk"
	"huiyin/register"
	"huiyin/web/ui"
)

// record is the case's page: the six steps first, then what each step has brought.
func record(ctx context.Context, tx db.Tx, c Case) (register.Record, error) {
	r := register.Record{About: c.Customer, Head: ui.HeadView{Title: ui.Plain(c.Number), Sub: ui.Plain(c.Content), Aside: ui.Join(c.UnitCode, c.who()),
		Pills: []ui.PillView{{Tone: stateTone(c), Text: core.Label(States(), c.State)}}}}
	if c.Level == Major {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: levelTone(c.Level), Text: core.Label(Levels(), c.Level)})
	}
	if c.LevelBy == "rule" && c.Open {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: ui.Warn, Text: core.T("级别待确认", "Severity to be confirmed")})
	}
	if c.CompanyLevel {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: ui.Run, Text: core.T("公司级", "Company level")})
	}
	if c.Merged != 0 {
		main, err := read(ctx, tx, c.Merged)
		if err != nil {
			return r, err
		}
		r.Cards = append(r.Cards, mergedCard(main.Number, href(ctx, main.Ref.ID)))
	}
	if c.Round > 1 {
		r.Head.Pills = append(r.Head.Pills, ui.PillView{Tone: ui.Warn, Text: core.T("第 %d 轮", "Round %d", c.Round)})
	}
	var err error
	if r.Alarm, err = alarmCard(ctx, tx, c); err != nil {
		return r, err
	}
	ns, err := Notes(ctx, tx, c)
	if err != nil {
		return r, err
	}
	r.Cards = append(r.Cards, stepCard(stepLine(ctx, c), register.Cite(ctx, "D4.4")), register.FieldsCard(core.T("投诉", "Complaint"), pairs(ctx, c)))
	if work := workPairs(ctx, c); len(work) > 0 {
		r.Cards = append(r.Cards, register.FieldsCard(core.T("处理", "Handling"), work))
	}
	if t := noteTable(ctx, ns); len(t.Rows) > 0 {
		r.Cards = append(r.Cards, ui.TableCard(core.T("调查与沟通", "Inquiries and talks"), t))
	}
	joined, err := joinedTable(ctx, tx, c)
	if err != nil {
		return r, err
	}
	if len(joined.Rows) > 0 {
		r.Cards = append(r.Cards, ui.TableCard(core.T("同一事项的其他反映", "The same matter told by others"), joined))
	}
	if !c.Reported.IsZero() {
		r.Cards = append(r.Cards, register.FieldsCard(core.T("调查报告", "Investigation report"), reportPairs(ctx, c)))
	}
	if !c.Filed.IsZero() {
		r.Cards = append(r.Cards, register.FieldsCard(core.T("重大投诉报备", "Report of the major complaint"), filedPairs(ctx, c)))
	}
	if t := roomTable(ctx, ns); len(t.Rows) > 0 {
		r.Cards = append(r.Cards, ui.TableCard(core.T("会议与媒体", "Meetings and media"), t))
	}
	measures, err := measureTable(ctx, tx, c)
	if err != nil {
		return r, err
	}
	if len(measures.Rows) > 0 {
		r.Cards = append(r.Cards, ui.TableCard(core.T("纠正预防措施", "Corrective measures"), measures))
	}
	link := func(zh, en, path string) ui.Link {
		return ui.Link{Label: core.T(zh, en), Href: href(ctx, c.Ref.ID, path)}
	}
	links := []ui.Link{link("投诉记录卡", "Complaint card", "card.pdf"), link("商户意见受理表", "Merchant Opinion Form", "opinion.pdf")}
	if c.Written {
		links = append(links, link("回函", "Reply letter", "letter.pdf"))
	}
	r.Cards = append(r.Cards, ui.Papers(core.T("单据", "Papers"), links))
	return r, nil
}

// alarmCard is the running 24 hours of a major complaint (C13.3).
func alarmCard(ctx context.Context, tx db.Tx, c Case) (*ui.AlarmView, error) {
	if c.Level != Major || !c.Open || !c.Filed.IsZero() {
		return nil, nil
	}
	due, err := db.Value[time.Time](ctx, tx, "select max(due_at) from duty_duty where project_id = $1 and kind = 'complaint' and record_id = $2 and clause = 'C13.3' and state = 'open'", c.Ref.Project, int64(c.Ref.ID))
	if err != nil || due.IsZero() {
		return nil, err
	}
	return &ui.AlarmView{Label: core.T("重大投诉报备", "Report the major complaint"), Due: due, Now: core.Now(ctx), Text: core.T("24 小时内向上级、法务报备,成立处理小组并留会议记录", "Within 24 hours: report to the superior and legal affairs, form a team, keep minutes"),
		Clause: "C13.3", ClauseHref: register.Cite(ctx, "C13.3"), Verb: "file", Note: groundsText(c), Missing: core.T("尚未报备", "Not reported yet")}, nil
}

// groundsText says why the case is major.
func groundsText(c Case) core.Text {
	var zh, en []string
	for _, g := range c.grounds() {
		l := core.Label(Grounds(), g)
		zh, en = append(zh, l.ZH), append(en, l.EN)
	}
	return core.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")}
}

// pairs are what was taken down (A6.1, C1.2).
func pairs(ctx context.Context, c Case) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Add("受理", "Received", ui.Full(ctx, c.At)+" · "+core.Label(desk.Channels(), c.Channel).Say(ctx))
	if c.Anonymous {
		p.Add("投诉人", "Complainant", core.T("匿名", "anonymous").Say(ctx))
	}
	p.Add("投诉人", "Complainant", strings.TrimSpace(string(c.Contact)+" "+c.Phone.Mask()))
	p.Add("所在公司", "Company", ui.Join(c.CustomerName, c.Company))
	p.Add("位置", "Place", ui.Join(c.UnitCode, c.Place))
	p.Choice("类别", "Kind", Categories(), c.Category)
	p.Add("内容", "Content", c.Content)
	p.Add("要求", "Demand", c.Demand)
	if c.Against != "" {
		p.Add("投诉对象", "Against", ui.Join(core.Label(Against(), c.Against).Say(ctx), c.AgainstName))
	}
	p.Add("级别", "Severity", ui.Join(core.Label(Levels(), c.Level).Say(ctx), groundsText(c).Say(ctx), c.GradeReason))
	p.Add("来件", "Letter", ui.Join(c.LetterNo, c.LetterTo))
	return p.Out
}

// workPairs are what the handling has brought so far.
func workPairs(ctx context.Context, c Case) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Add("责任经理", "Responsible", ui.Join(c.HandlerName, c.Department))
	p.Choice("判定", "Proposed", Validities(), c.Validity)
	p.Add("受理部门处理意见", "Department's opinion", c.Opinion)
	if c.Ruling != "" {
		p.Add("裁定", "Ruling", ui.Join(core.Label(Rulings(), c.Ruling).Say(ctx), c.RulingReason, c.RuledBy))
	}
	p.Add("原因", "Cause", c.Cause)
	p.Add("责任部门和责任人", "Responsible party", c.Responsible)
	p.Add("解决办法", "Solution", c.Solution)
	p.Money("补偿", "Compensation", c.Compensation)
	p.Time("方案批准", "Approved", c.Approved)
	p.Add("处理结果", "Result", c.Result)
	p.Add("答复", "Reply", c.Reply)
	p.Add("出面协商", "Negotiated by", ui.Join(c.Business, c.Relations))
	p.Time("约定下次回复", "Next reply", c.Next)
	if !c.Until.IsZero() {
		p.Add("延期至", "Extended to", ui.Join(ui.Full(ctx, c.Until), string(c.Consent)))
	}
	p.Choice("客户意见", "Customer's opinion", []core.Choice{{Value: "yes", Label: core.T("满意", "satisfied")}, {Value: "no", Label: core.T("不满意", "not satisfied")}}, c.Satisfied)
	p.Add("签署", "Signed", ui.Join(string(c.Signer), c.Comment))
	p.Add("总结评价", "Evaluation", c.Evaluation)
	p.Add("改善对策", "Improvement", c.Improvement)
	p.Add("延误责任", "Delay", ui.Join(c.DelayBy, c.DelayReason))
	p.Money("损失", "Loss", c.Loss)
	p.Add("责任处理", "Responsibility", c.Liability)
	p.Add("作废", "Voided", c.Reason)
	return p.Out
}

func reportPairs(ctx context.Context, c Case) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	for _, f := range reportFields() {
		p.Add(f.Label.ZH, f.Label.EN, *f.Ptr(&c.Report).(*string))
	}
	if c.Sealed.IsZero() {
		p.Add("审核", "Review", core.T("逐级审核中", "under review").Say(ctx))
	}
	p.Time("总经理批准", "Approved by the general manager", c.Sealed)
	return p.Out
}

func filedPairs(ctx context.Context, c Case) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Time("报备", "Reported", c.Filed)
	p.Add("上级", "Superior", c.FiledTo)
	p.Add("法务", "Legal affairs", c.Legal)
	p.Add("处理小组", "Team", c.Team)
	p.Add("会议记录", "Minutes", c.Minutes)
	return p.Out
}

func noteTable(ctx context.Context, ns []Note) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("时间", "Time")}, {Label: core.T("事项", "What")}, {Label: core.T("内容", "Content")}, {Label: core.T("记录人", "By")}}}
	what := map[string]core.Text{"ask": core.T("调查", "Inquiry"), "follow": core.T("总部跟进", "Head office"), "reply": core.T("告知客户", "Told the customer")}
	for _, n := range ns {
		if !what[n.Kind].Is() { // it stands in the room's log
			continue
		}
		how := ""
		if n.How != "" {
			how = core.Label(Ways(), n.How).Say(ctx)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.When(ctx, n.At)}, {Text: ui.Join(what[n.Kind].Say(ctx), how)}, {Text: n.Text}, {Text: n.By}}})
	}
	return t
}

// about names the case above a form.
func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	c, err := Get(ctx, tx, id)
	if err != nil || readable(ctx, tx, c) != nil {
		return core.Text{}, err
	}
	return ui.Plain(ui.Join(c.Number, c.UnitCode, c.who(), c.Content)), nil
}
