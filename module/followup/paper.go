package followup

import (
	"bytes"
	"context"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/print"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

// formView is what 回访记录 FM-GL-032-0 says, the same on the screen's print page and in the PDF (DX.11).
type formView struct {
	Head  print.Head
	Pairs [][]print.Pair
	Signs []signView
}

// signView is one signature; Image is the attachment that holds it, zero when it was not given on a screen.
type signView struct {
	print.Sign
	Image file.File
}

// formOf fills the form: occupant, unit, telephone or in person, matter, opinion and request, outcome, made by and date,
// opinion and signature of the project manager. With its clause off it bears no form number.
func formOf(ctx context.Context, tx db.Tx, i Item) (formView, error) {
	on, err := regulation.On(ctx, tx, "DX.11")
	if err != nil {
		return formView{}, err
	}
	form := forms()[0]
	if !on {
		form.Code = ""
	}
	say := func(zh, en string) string { return core.T(zh, en).Say(ctx) }
	pair := func(zh, en, value string) print.Pair { return print.Pair{Key: say(zh, en), Value: value} }
	long := func(zh, en, value string) []print.Pair {
		return []print.Pair{{Key: say(zh, en), Value: value, Lines: 3}}
	}
	how := print.Check(i.How == ByPhone, say("电话", "by telephone")) + "   " + print.Check(i.How == OnSite, say("面谈", "in person"))
	held, made := "", ""
	if !i.Held.IsZero() {
		held, made = ui.Full(ctx, i.Held), string(core.DateOf(i.Held, core.ProjectOf(ctx).Zone))
	}
	outcome := i.Outcome
	if i.Answer != "" && i.Answer != i.Outcome {
		outcome = ui.Join(outcome, i.Answer)
	}
	if !i.Promised.IsZero() && i.Answered.IsZero() {
		outcome = ui.Join(outcome, say("约定答复", "answer agreed for")+" "+ui.Full(ctx, i.Promised))
	}
	result := ""
	if i.Result != "" {
		result = core.Label(Results(), i.Result).Say(ctx)
	}
	v := formView{Head: print.Head{Org: core.ProjectOf(ctx).Name, Title: form.Title.Say(ctx), Form: form.Code, Number: i.Number}, Pairs: [][]print.Pair{
		{pair("业户", "Occupant", i.who()), pair("单元", "Unit", i.UnitCode)}, {pair("电话/面谈", "Telephone / in person", ui.Join(how, markText(ctx, i))), pair("时间", "Time", held)},
		long("事由", "Matter", ui.Join(core.Label(Occasions(), i.Occasion).Say(ctx), i.MatterNumber, i.Content)), long("意见要求", "Opinion and request", ui.Join(result, i.Opinion)), long("处理结果", "Outcome", ui.Join(i.Handled, outcome)),
		{pair("回访人", "Made by", i.HeldName), pair("日期", "Date", made)}, long("主任意见", "Opinion of the project manager", i.Remark)}}
	fs, err := file.List(ctx, tx, i.Ref)
	signed := file.File{}
	for _, f := range fs {
		if f.Role == file.Signature {
			signed = f
		}
	}
	checked := ""
	if !i.Remarked.IsZero() {
		checked = string(core.DateOf(i.Remarked, core.ProjectOf(ctx).Zone))
	}
	v.Signs = []signView{{print.Sign{Label: say("客户签名", "Customer"), Name: string(i.Signer), Date: made}, signed}, {print.Sign{Label: say("回访人签名", "Made by"), Name: i.HeldName, Date: made}, file.File{}},
		{print.Sign{Label: say("主任签名", "Project manager"), Name: i.RemarkedBy, Date: checked}, file.File{}}}
	return v, err
}

func asked(ctx context.Context, tx db.Tx, r *web.Request) (Item, error) {
	id, err := r.ID("id")
	if err != nil {
		return Item{}, err
	}
	return read(ctx, tx, id)
}

func formPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	i, err := asked(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	v, err := formOf(ctx, tx, i)
	return web.Page{Title: core.T("回访记录 %s", "Follow-up record %s", i.Number), Body: formBody(v, href(ctx, i.Ref.ID))}, err
}

func formPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	i, err := asked(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	v, err := formOf(ctx, tx, i)
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4, core.LangOf(ctx))
	d.Head(v.Head)
	d.Grid(v.Pairs...)
	signs := make([]print.Sign, len(v.Signs))
	for k, s := range v.Signs {
		if s.Sign.Image, err = contentOf(ctx, tx, s.Image); err != nil {
			return nil, err
		}
		signs[k] = s.Sign
	}
	d.Signs(signs...)
	b, err := d.Bytes()
	if b == nil {
		return nil, err
	}
	return web.Download{Name: strings.Trim(v.Head.Form+"-"+i.Number, "-") + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
}

func contentOf(ctx context.Context, tx db.Tx, f file.File) ([]byte, error) {
	if f.ID == 0 {
		return nil, nil
	}
	in, err := file.OpenContent(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(in)
	return b.Bytes(), err
}
