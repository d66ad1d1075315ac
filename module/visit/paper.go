package visit

import (
	"bytes"
	"context"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/print"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

// forms are the papers of this module.
func forms() []core.Form {
	return []core.Form{{Code: "FM-GL-002-0", Clause: "DX.12", Title: core.T("顾客访谈记录", "Customer interview record")}, {Clause: "C8.1", Title: core.T("重点客户卡", "Key customer's card")},
		{Clause: "C19.3", Title: core.T("租户大会签到表", "Sign-in sheet of a tenants' meeting")}, {Clause: "C19.3", Title: core.T("租户大会记录", "Minutes of a tenants' meeting")}}
}

func routes() []web.Route {
	return []web.Route{{Pattern: "GET /p/{project}/visit/round", Perm: "visit.view", Handle: roundPage},
		{Pattern: "GET /p/{project}/visit/{id}/record/print", Perm: "visit.view", Handle: recordPrint}, {Pattern: "GET /p/{project}/visit/{id}/record.pdf", Perm: "visit.view", Handle: recordPDF},
		{Pattern: "GET /p/{project}/keycard/{id}/card.pdf", Perm: "keycard.view", Handle: cardPDF},
		{Pattern: "GET /p/{project}/meeting/{id}/signin.pdf", Perm: "meeting.view", Handle: meetingPaper(signInSheet)}, {Pattern: "GET /p/{project}/meeting/{id}/minutes.pdf", Perm: "meeting.view", Handle: meetingPaper(minutesPaper)}}
}

// paperOf is the interview record FM-GL-002-0: occupant, unit, whom, telephone, content, recorder and date, signature (DX.12).
// With its clause off the paper bears no form number.
func paperOf(ctx context.Context, tx db.Tx, v Visit) (paperView, file.File, error) {
	say := func(zh, en string) string { return core.T(zh, en).Say(ctx) }
	pair := func(zh, en, value string) print.Pair { return print.Pair{Key: say(zh, en), Value: value} }
	long := func(zh, en, value string, lines int) []print.Pair {
		return []print.Pair{{Key: say(zh, en), Value: value, Lines: lines}}
	}
	f := forms()[0]
	out := paperView{Head: print.Head{Org: core.ProjectOf(ctx).Name, Title: f.Title.Say(ctx), Form: f.Code, Number: v.Number}, Back: href(ctx, v.Ref.ID)}
	on, err := regulation.On(ctx, tx, "DX.12")
	if err != nil {
		return out, file.File{}, err
	}
	if !on {
		out.Head.Form = ""
	}
	is, err := ItemsOf(ctx, tx, v.Ref.ID, 0)
	if err != nil {
		return out, file.File{}, err
	}
	when := string(v.Day)
	if !v.At.IsZero() {
		when = ui.Full(ctx, v.At)
	}
	out.Pairs = [][]print.Pair{{pair("业户", "Occupant", string(v.CustomerName)), pair("单元", "Unit", v.UnitCode)}, {pair("访谈对象", "Person interviewed", ui.Join(string(v.Met), v.Post)), pair("电话", "Telephone", v.Phone.Mask())},
		{pair("访谈时间", "Time", when), pair("方式", "Manner", labelOf(ctx, Ways(), v.How))}, long("目的", "Purpose", v.Purpose, 1), long("访谈内容", "Content", v.Content, 4), long("需求与问题", "Needs and problems", ui.Join(v.Needs, v.Problems), 3),
		long("意见与承诺", "Opinions and promises", itemLines(ctx, is), 3), long("下一次拜访", "Next visit", ui.Join(string(v.NextDay), v.NoNext), 1)}
	recorded := ""
	if !v.Recorded.IsZero() {
		recorded = string(core.DateOf(v.Recorded, core.ProjectOf(ctx).Zone))
	}
	out.Signs = []print.Sign{{Label: say("业户签章", "Occupant's signature or seal"), Name: string(v.Signer)}, {Label: say("记录人", "Recorded by"), Name: ui.Join(v.Recorder, recorded)}}
	signature, err := lastSignature(ctx, tx, v.Ref)
	return out, signature, err
}

func labelOf(ctx context.Context, cs []core.Choice, v string) string {
	if v == "" {
		return ""
	}
	return core.Label(cs, v).Say(ctx)
}

func itemLines(ctx context.Context, is []Item) string {
	out := make([]string, len(is))
	for k, i := range is {
		out[k] = core.T("%s:%s(%s 前)", "%s: %s (by %s)", core.Label(ItemSorts(), i.Sort), i.What, string(i.Due)).Say(ctx)
	}
	return strings.Join(out, "\n")
}

// lastSignature is the customer's last signature, zero where there is none.
func lastSignature(ctx context.Context, tx db.Tx, ref core.Ref) (last file.File, err error) {
	fs, err := file.List(ctx, tx, ref)
	for _, f := range fs {
		if f.Role == file.Signature {
			last = f
		}
	}
	return last, err
}

func visitOf(ctx context.Context, tx db.Tx, r *web.Request) (Visit, error) {
	id, err := r.ID("id")
	if err != nil {
		return Visit{}, err
	}
	return Get(ctx, tx, id)
}

func recordPrint(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	v, err := visitOf(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	p, signature, err := paperOf(ctx, tx, v)
	if signature.ID != 0 {
		p.Image = register.FileHref(ctx, signature)
	}
	return web.Page{Title: forms()[0].Title, Body: paperBody(p)}, err
}

func recordPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	v, err := visitOf(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	d, err := PrintRecord(ctx, tx, v)
	if err != nil {
		return nil, err
	}
	return pdf(d, v.Number)
}

// PrintRecord draws the interview record of a visit (DX.12).
func PrintRecord(ctx context.Context, tx db.Tx, v Visit) (*print.Doc, error) {
	p, signature, err := paperOf(ctx, tx, v)
	if err != nil {
		return nil, err
	}
	if p.Signs[0].Image, err = contentOf(ctx, tx, signature); err != nil {
		return nil, err
	}
	d := print.New(print.A4, core.LangOf(ctx))
	d.Head(p.Head)
	d.Grid(p.Pairs...)
	d.Signs(p.Signs...)
	return d, nil
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

func pdf(d *print.Doc, name string) (web.Answer, error) {
	b, err := d.Bytes()
	if b == nil {
		return nil, err
	}
	return web.Download{Name: name + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
}

// cardPDF is a key customer's card to keep in the card box (C8.1); numbers stay masked.
func cardPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	c, err := GetCard(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4, core.LangOf(ctx))
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: forms()[1].Title.Say(ctx), Number: string(c.CustomerName)})
	var rows [][]print.Pair
	for _, f := range cardFields() {
		rows = append(rows, []print.Pair{{Key: f.Label.Say(ctx), Value: f.Display(ctx, &c)}})
	}
	d.Grid(rows...)
	return pdf(d, "card-"+c.Ref.ID.String())
}

func meetingPaper(draw func(context.Context, db.Tx, *print.Doc, Meeting) error) web.Handler {
	return func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
		id, err := r.ID("id")
		if err != nil {
			return nil, err
		}
		m, err := GetMeeting(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		d := print.New(print.A4, core.LangOf(ctx))
		if err := draw(ctx, tx, d, m); err != nil {
			return nil, err
		}
		return pdf(d, m.Number)
	}
}

// signInSheet is the list on which those who come sign (C19.4).
func signInSheet(ctx context.Context, tx db.Tx, d *print.Doc, m Meeting) error {
	is, err := Invites(ctx, tx, m.Ref.ID)
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: forms()[2].Title.Say(ctx), Number: m.Number})
	d.Para(ui.Join(m.Title, ui.Full(ctx, m.At), m.Place))
	var rows [][]string
	for _, i := range is {
		came := ""
		if i.Attended {
			came = core.T("到会", "Came").Say(ctx)
		}
		rows = append(rows, []string{i.Units, string(i.Name), string(i.Person), came})
	}
	col := func(zh, en string, w float64) print.Column {
		return print.Column{Title: core.T(zh, en).Say(ctx), Width: w}
	}
	d.Table([]print.Column{col("单元", "Units", 2), col("租户", "Tenant", 4), col("到会人", "Who", 2), col("签名", "Signature", 3)}, rows)
	return err
}

// minutesPaper is the record of the meeting (C19.3), with every request and its answer (C19.4).
func minutesPaper(ctx context.Context, tx db.Tx, d *print.Doc, m Meeting) error {
	is, err := ItemsOf(ctx, tx, 0, m.Ref.ID)
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: forms()[3].Title.Say(ctx), Number: m.Number})
	pair := func(zh, en, v string, lines int) []print.Pair {
		return []print.Pair{{Key: core.T(zh, en).Say(ctx), Value: v, Lines: lines}}
	}
	d.Grid(pair("会议", "Meeting", m.Title, 1), pair("时间地点", "Time and place", ui.Join(ui.Full(ctx, m.At), m.Place), 1), pair("主持人", "Chair", m.Chair, 1), pair("到会", "Came", attendance(m), 1), pair("议程", "Agenda", m.Agenda, 2), pair("会议记录", "Minutes", m.Minutes, 6))
	var rows [][]string
	for _, i := range is {
		rows = append(rows, []string{string(i.CustomerName), i.What, string(i.Due), i.Result})
	}
	col := func(zh, en string, w float64) print.Column {
		return print.Column{Title: core.T(zh, en).Say(ctx), Width: w}
	}
	d.Table([]print.Column{col("租户", "Tenant", 3), col("要求或建议", "Request or suggestion", 5), col("答复期限", "Answer by", 2), col("答复", "Answer", 5)}, rows)
	d.Signs(print.Sign{Label: core.T("主持人", "Chair").Say(ctx), Name: m.Chair}, print.Sign{Label: core.T("记录人", "Recorded by").Say(ctx), Name: m.Recorder})
	return err
}
