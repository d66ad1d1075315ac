package repair

import (
	"bytes"
	"context"
	"fmt"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/print"
	"huiyin/web"
	"huiyin/web/ui"
)

// slipView is what the order's paper says (维修单, C17.3), the same on the screen's print page and in the PDF.
type slipView struct {
	Head  print.Head
	Pairs [][]print.Pair
	Lines [][]string // name, quantity, price, amount, basis; the last is the total
	Done  string     // cleared, tried, rating
	Signs []signView
}

// signView is one signature; Image is the attachment that holds it, zero when it was not given on a screen.
type signView struct {
	print.Sign
	Image file.File
}

func slipOf(ctx context.Context, tx db.Tx, o Order) (slipView, error) {
	ls, err := Lines(ctx, tx, o)
	if err != nil {
		return slipView{}, err
	}
	customer, technician, err := signatures(ctx, tx, o)
	say := func(zh, en string) string { return core.T(zh, en).Say(ctx) }
	pair := func(zh, en, value string) print.Pair { return print.Pair{Key: say(zh, en), Value: value} }
	form := forms()[1]
	v := slipView{Head: print.Head{Org: core.ProjectOf(ctx).Name, Title: form.Title.Say(ctx), Form: form.Code, Number: o.Number}, Pairs: [][]print.Pair{
		{pair("单元", "Unit", o.UnitCode), pair("客户", "Customer", o.CustomerName)}, {pair("联系人", "Contact", string(o.Contact)), pair("电话", "Telephone", o.Phone.Mask())},
		{pair("报修时间", "Reported", ui.Full(ctx, o.At)), pair("预约时间", "Appointment", fullOr(ctx, o))},
		{pair("性质", "Nature", core.Label(Trades(), o.Trade).Say(ctx)), pair("级别", "Level", core.Label(Levels(), o.Level).Say(ctx))},
		{{Key: say("内容", "Content"), Value: o.Content, Lines: 2}}, {{Key: say("结果", "Result"), Value: o.Result, Lines: 2}}}}
	for _, l := range ls {
		v.Lines = append(v.Lines, []string{l.Name, milli(l.Quantity).String() + l.Unit, l.Price.String(), l.Amount.String(), basisText(ctx, l.Basis)})
	}
	v.Lines = append(v.Lines, []string{say("合计", "Total"), "", "", o.Total.String(), ""})
	v.Done = print.Check(o.Cleared, say("已清场", "Site cleared")) + "   " + print.Check(o.Tried, say("试用合格", "Tried and good")) + "   " + say("评价(态度/速度/质量)", "Rating (attitude/speed/quality)") + " " + ratingOf(o)
	v.Signs = []signView{{print.Sign{Label: say("维修人签名", "Technician"), Name: o.TechnicianName}, technician}, {print.Sign{Label: say("客户签名", "Customer"), Name: string(o.Signer)}, customer}}
	return v, err
}

// ratingOf leaves room to write where the customer has not rated yet.
func ratingOf(o Order) string {
	if o.Quality == 0 {
		return "____ / ____ / ____"
	}
	return fmt.Sprintf("%d/%d/%d", o.Attitude, o.Speed, o.Quality)
}

// slipColumns head the table of materials and charges.
func slipColumns(ctx context.Context) []print.Column {
	col := func(zh, en string, a print.Align) print.Column {
		return print.Column{Title: core.T(zh, en).Say(ctx), Align: a}
	}
	return []print.Column{col("用料与项目", "Materials and items", print.Left), col("数量", "Quantity", print.Right), col("单价", "Price", print.Right), col("金额", "Amount", print.Right), col("依据", "Basis", print.Left)}
}

// slipPage is the order in three parts as a page to print from the browser, as many parts to a sheet as fit (C17.3).
func slipPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	o, err := orderOf(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	v, err := slipOf(ctx, tx, o)
	return web.Page{Title: core.T("维修单 %s", "Repair order %s", o.Number), Body: slipBody(v, href(ctx, o.Ref.ID))}, err
}

// slipPDF is the same as a file.
func slipPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	o, err := orderOf(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	b, err := PrintSlip(ctx, tx, o)
	if b == nil {
		return nil, err
	}
	return web.Download{Name: o.Number + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
}

func orderOf(ctx context.Context, tx db.Tx, r *web.Request) (Order, error) {
	id, err := r.ID("id")
	if err != nil {
		return Order{}, err
	}
	return Get(ctx, tx, id)
}

// PrintSlip is the three-part order (维修单: 客户联, 工程联, 财务联) with charges, materials and signatures (C17.3).
func PrintSlip(ctx context.Context, tx db.Tx, o Order) ([]byte, error) {
	v, err := slipOf(ctx, tx, o)
	if err != nil {
		return nil, err
	}
	for i, s := range v.Signs {
		if v.Signs[i].Sign.Image, err = contentOf(ctx, tx, s.Image); err != nil {
			return nil, err
		}
	}
	d := print.New(print.A4, core.LangOf(ctx))
	d.Copies(print.Marks(), func(d *print.Doc, mark string) {
		v.Head.Mark = mark
		d.Head(v.Head)
		d.Grid(v.Pairs...)
		d.Table(slipColumns(ctx), v.Lines)
		d.Line(v.Done, print.Left)
		d.Signs(v.Signs[0].Sign, v.Signs[1].Sign)
	})
	return d.Bytes()
}

func fullOr(ctx context.Context, o Order) string {
	if o.Appoint.IsZero() {
		return ""
	}
	return ui.Full(ctx, o.Appoint)
}

// signatures are the last signatures of the customer and the technician, zero where there is none.
func signatures(ctx context.Context, tx db.Tx, o Order) (customer, technician file.File, err error) {
	fs, err := file.List(ctx, tx, o.Ref)
	for _, f := range fs {
		switch f.Role {
		case file.Signature:
			customer = f
		case "technician":
			technician = f
		}
	}
	return customer, technician, err
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
