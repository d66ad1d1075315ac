package complaint

import (
	"bytes"
	"context"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/module/desk"
	"huiyin/print"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

// forms are the papers of this module.
func forms() []core.Form {
	return []core.Form{{Code: "FM-TS-001", Clause: "C1.2", Title: core.T("投诉记录卡", "Complaint card")}, {Code: "FM-TS-002", Clause: "D4.4", Title: core.T("商户意见受理表", "Merchant Opinion Form")},
		{Code: "FM-TS-003", Clause: "D4.5", Title: core.T("投诉回函", "Reply to a complaint")}}
}

func paperRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /p/{project}/complaint/{id}/card.pdf", Perm: "complaint.view", Handle: printing(0, cardPaper)},
		{Pattern: "GET /p/{project}/complaint/{id}/opinion.pdf", Perm: "complaint.view", Handle: printing(1, opinionPaper)},
		{Pattern: "GET /p/{project}/complaint/{id}/letter.pdf", Perm: "complaint.view", Handle: printing(2, letterPaper)}}
}

// printing prints one of the forms of a case, which the person complained of does not get; with its clause off the paper
// bears no form number.
func printing(form int, paper func(context.Context, db.Tx, *print.Doc, Case) error) web.Handler {
	return func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
		id, err := r.ID("id")
		if err != nil {
			return nil, err
		}
		c, err := read(ctx, tx, id)
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

// grid is a form's table: pairs of short values two to a line, long ones alone.
func grid(ctx context.Context, d *print.Doc, short [][2]core.Text, long [][2]core.Text) {
	var rows [][]print.Pair
	for i := 0; i < len(short); i += 2 {
		row := []print.Pair{{Key: short[i][0].Say(ctx), Value: short[i][1].Say(ctx)}}
		if i+1 < len(short) {
			row = append(row, print.Pair{Key: short[i+1][0].Say(ctx), Value: short[i+1][1].Say(ctx)})
		}
		rows = append(rows, row)
	}
	for _, l := range long {
		rows = append(rows, []print.Pair{{Key: l[0].Say(ctx), Value: l[1].Say(ctx), Lines: 3}})
	}
	d.Grid(rows...)
}

func entry(zh, en, value string) [2]core.Text { return [2]core.Text{core.T(zh, en), ui.Plain(value)} }

// headLines are the first lines of every paper (A6.1, C1.2).
func headLines(ctx context.Context, c Case) [][2]core.Text {
	return [][2]core.Text{entry("客户名称", "Customer", ui.Join(c.CustomerName, c.Company)), entry("单元", "Unit", c.UnitCode), entry("投诉人", "Complainant", string(c.Contact)), entry("电话", "Telephone", c.Phone.Mask()),
		entry("受理时间", "Received", ui.Full(ctx, c.At)), entry("渠道", "Channel", core.Label(desk.Channels(), c.Channel).Say(ctx)), entry("类别", "Kind", core.Label(Categories(), c.Category).Say(ctx)), entry("级别", "Severity", core.Label(Levels(), c.Level).Say(ctx))}
}

// cardPaper is 投诉记录卡 (C1.2).
func cardPaper(ctx context.Context, _ db.Tx, d *print.Doc, c Case) error {
	ruling := ""
	if c.Ruling != "" {
		ruling = ui.Join(core.Label(Rulings(), c.Ruling).Say(ctx), c.RulingReason, c.RuledBy)
	}
	grid(ctx, d, headLines(ctx, c), [][2]core.Text{entry("投诉事项", "Matter", c.Content), entry("客户要求", "Demand", c.Demand), entry("受理部门处理意见", "Department's opinion", c.Opinion), entry("主管裁定", "Ruling", ruling),
		entry("原因", "Cause", c.Cause), entry("解决办法", "Solution", c.Solution), entry("处理结果", "Result", c.Result)})
	d.Signs(print.Sign{Label: core.T("受理人", "Taken by").Say(ctx)}, print.Sign{Label: core.T("责任经理", "Responsible manager").Say(ctx), Name: c.HandlerName}, print.Sign{Label: core.T("主管", "Superior").Say(ctx), Name: c.RuledBy})
	return nil
}

// opinionPaper is 《商户意见受理表》, with the merchant's opinion and signature (D4.4).
func opinionPaper(ctx context.Context, tx db.Tx, d *print.Doc, c Case) error {
	said := "□ " + core.T("满意", "satisfied").Say(ctx) + "   □ " + core.T("不满意", "not satisfied").Say(ctx)
	if c.Satisfied != "" {
		said = print.Check(c.Satisfied == "yes", core.T("满意", "satisfied").Say(ctx)) + "   " + print.Check(c.Satisfied != "yes", core.T("不满意", "not satisfied").Say(ctx))
	}
	grid(ctx, d, headLines(ctx, c), [][2]core.Text{entry("商户意见", "Matter", ui.Join(c.Content, c.Demand)), entry("处理情况", "Handling", ui.Join(c.Solution, c.Result)), entry("答复", "Reply", c.Reply), entry("商户对处理结果", "The merchant is", said), entry("商户签署意见", "Merchant's opinion", c.Comment)})
	image, err := signatureOf(ctx, tx, c)
	d.Signs(print.Sign{Label: core.T("商户签名", "Merchant").Say(ctx), Name: string(c.Signer), Image: image}, print.Sign{Label: core.T("经办人", "Handled by").Say(ctx), Name: c.HandlerName})
	return err
}

// signatureOf is the customer's last signature.
func signatureOf(ctx context.Context, tx db.Tx, c Case) ([]byte, error) {
	fs, err := file.List(ctx, tx, c.Ref)
	if err != nil {
		return nil, err
	}
	var last file.File
	for _, f := range fs {
		if f.Role == file.Signature {
			last = f
		}
	}
	if last.ID == 0 {
		return nil, nil
	}
	in, err := file.OpenContent(ctx, tx, last)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(in)
	return b.Bytes(), err
}

// letterPaper is the written reply (D4.5).
func letterPaper(ctx context.Context, _ db.Tx, d *print.Doc, c Case) error {
	d.Para(core.T("%s:", "%s:", ui.Join(c.who())).Say(ctx))
	d.Letter(core.T("贵方 %s 的投诉收悉(%s)。", "We have received your complaint of %s (%s).", string(c.Day), ui.Join(c.LetterNo, c.Number)).Say(ctx))
	if c.Cause != "" {
		d.Letter(core.T("经调查,原因如下:%s", "Our investigation found: %s", c.Cause).Say(ctx))
	}
	if !c.Approved.IsZero() { // C11.4: nothing is told before it was approved
		d.Letter(core.T("处理结果:%s", "What was done: %s", ui.Join(c.Solution, c.Result)).Say(ctx))
		d.Letter(c.Reply)
	}
	d.Letter(core.T("感谢您的监督和理解。", "Thank you for telling us.").Say(ctx))
	d.Line(core.ProjectOf(ctx).Name, print.Right)
	day := core.Today(ctx)
	if !c.Replied.IsZero() {
		day = core.DateOf(c.Replied, core.ProjectOf(ctx).Zone)
	}
	d.Line(string(day), print.Right)
	return nil
}
