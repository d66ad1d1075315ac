package desk

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/customer"
	"huiyin/print"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

// intro stands above the queue: intake, the printed register, and the hours that C19.1 and D5.1 promise.
func intro(ctx context.Context, tx db.Tx) (templ.Component, error) {
	hours, err := hoursText(ctx, tx)
	if err != nil {
		return nil, err
	}
	return introButtons(ui.Link{Label: core.T("受理诉求", "Take down a request"), Href: Kind().Href(ctx, 0, "new")},
		ui.Link{Label: core.T("打印诉求记录表", "Print the register"), Href: Kind().Href(ctx, 0, "register.pdf")}, hours), nil
}

func newPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	values := map[string][]string{"channel": {"phone"}, "kind": {"repair"}, "q": {r.Query("q")}}
	for k, v := range r.Values() {
		values[k] = v
	}
	return draw(ctx, tx, values, nil)
}

func takeFailed(ctx context.Context, tx db.Tx, r *web.Request, err error) (web.Answer, error) {
	return draw(ctx, tx, r.Input.Values, err)
}

func draw(ctx context.Context, tx db.Tx, values map[string][]string, failure error) (web.Answer, error) {
	v := intakeView{Action: Kind().Href(ctx, 0, "new"), Who: Kind().Href(ctx, 0, "new", "who"), More: Kind().Href(ctx, 0, "new", "fields"), Idem: register.NewKey(), Problem: failure, Title: core.T("受理诉求", "Take down a request"), Submit: core.T("受理", "Take it down")}
	get := func(name string) string { return core.Input{Values: values}.Get(name) }
	v.Query = get("q")
	if failure != nil {
		v.Cite = register.Cite(ctx, core.ClauseOf(failure))
	}
	turning := get("turn") != ""
	for _, f := range ui.FieldsOf(core.Specs(intakeFields()), values, failure) {
		switch f.Name {
		case "customer", "unit": // chosen from what the look-up recognised
		case "channel":
			if turning { // it came as it came
				f.Kind = core.KindHidden
			}
			v.First = append(v.First, f)
		case "kind":
			f.Kind, f.Choices = core.KindRadio, kindChoices(ctx)
			v.Kinds = f
		case "content":
			v.Content = f
		case "answer": // beside the form, for what the desk answers itself
		default:
			v.First = append(v.First, f)
		}
	}
	var err error
	if v.Sub, err = hoursText(ctx, tx); err != nil {
		return nil, err
	}
	if v.Scripts, err = ScriptsNow(ctx, tx); err != nil {
		return nil, err
	}
	if v.Kind, err = kindFields(ctx, tx, get("kind"), values, failure); err != nil {
		return nil, err
	}
	if err := v.recognised(ctx, tx, get); err != nil {
		return nil, err
	}
	return web.Page{Title: v.Title, Body: intakePage(v)}, nil
}

// recognised offers who it may be: of whom is typed, who calls, or who is on file for the matter whose kind is changed.
func (v *intakeView) recognised(ctx context.Context, tx db.Tx, get func(string) string) error {
	who, err := calling(ctx, tx, v.Query, get("call"))
	if err != nil {
		return err
	}
	if turn := get("turn"); turn != "" {
		v.Title, v.Submit = core.T("改定类别", "Change the kind"), core.T("改定", "Change it")
		known, phone, about, err := knownCaller(ctx, tx, turn)
		if err != nil {
			return err
		}
		v.Sub = about
		if v.Found = known; who == "" {
			who = string(phone)
		}
	}
	if who == "" {
		return nil
	}
	v.Asked = true
	v.Found, err = recognise(ctx, tx, who, get("who"))
	return err
}

// calling is what tells who calls: what was typed, or the number of the call of the log, which the page does not show.
func calling(ctx context.Context, tx db.Tx, typed, call string) (string, error) {
	id, err := core.ParseID(call)
	if typed != "" || err != nil {
		return typed, nil
	}
	c, err := getCall(ctx, tx, id)
	return string(c.Phone), err
}

// kindChoices are the MatterKinds that the actor may open, then the desk's own kinds that no module carries on.
func kindChoices(ctx context.Context) []core.Choice {
	var out []core.Choice
	own := slices.DeleteFunc(Kinds(), func(c core.Choice) bool {
		return slices.ContainsFunc(house.Of(ctx).MatterKinds, func(k house.MatterKind) bool { return k.Key == c.Value })
	})
	for _, k := range house.Of(ctx).MatterKinds {
		if core.ActorOf(ctx).Can(core.ProjectOf(ctx).ID, k.Perm) {
			out = append(out, core.Choice{Value: k.Key, Label: k.Label})
		}
	}
	return append(out, own...)
}

// kindFields are what the chosen kind asks besides: a MatterKind's own fields, or the answer of what can be done at once.
func kindFields(ctx context.Context, tx db.Tx, key string, values map[string][]string, failure error) (moreView, error) {
	for _, k := range house.Of(ctx).MatterKinds {
		if k.Key != key {
			continue
		}
		v := moreView{Title: k.Label}
		if k.Specs == nil {
			return v, nil
		}
		specs, err := k.Specs(ctx, tx)
		v.Fields = ui.FieldsOf(specs, values, failure)
		return v, err
	}
	v := moreView{Title: core.T("能即办的即办", "Done at once")}
	if turn := values["turn"]; len(turn) > 0 && turn[0] != "" { // answered on its own page
		return v, nil
	}
	for _, f := range ui.FieldsOf(core.Specs(intakeFields()), values, failure) {
		if f.Name == "answer" {
			v.Fields = append(v.Fields, f)
		}
	}
	return v, nil
}

func fieldsPart(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	more, err := kindFields(ctx, tx, r.Query("kind"), r.Values(), nil)
	return web.Fragment{Body: moreFields(more)}, err
}

func whoPart(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	hits, err := recognise(ctx, tx, r.Query("q"), "")
	return web.Fragment{Body: whoFound(hits, strings.TrimSpace(r.Query("q")) != "")}, err
}

// recognise offers who calls, masked; a single one is chosen already.
func recognise(ctx context.Context, tx db.Tx, q, chosen string) ([]found, error) {
	ms, err := customer.Recognise(ctx, tx, q)
	out := make([]found, len(ms))
	for i, m := range ms {
		out[i] = found{Value: strings.Join([]string{m.Customer.String(), m.Unit.String(), m.Contact.String()}, "."), Name: m.Name, Unit: m.Code, Person: m.Person, Phone: m.Phone}
		out[i].On = out[i].Value == chosen || chosen == "" && len(ms) == 1
	}
	return out, err
}

// takePost binds the page: the customer that was chosen, the desk's fields and those of the kind.
func takePost(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, intakeFields(), r.Input)
	if err != nil {
		return nil, err
	}
	in.More = r.Input
	if err := chosen(ctx, tx, &in, r.Input.Get("who")); err != nil {
		return nil, err
	}
	if p, ok := core.NormalPhone(r.Input.Get("q")); ok && in.Phone == "" {
		in.Phone = p // the number they call from
	}
	if in.Call != 0 && in.Phone == "" {
		c, err := getCall(ctx, tx, in.Call)
		if err != nil {
			return nil, err
		}
		in.Phone = c.Phone
	}
	said, do := core.T("已受理 %s", "Taken down as %s"), func() (Matter, core.Ref, error) {
		return Take(core.WithDoing(ctx, core.Doing{Verb: "desk.take"}), tx, in)
	}
	if in.Turn != 0 {
		said, do = core.T("%s 已改定类别", "The kind of %s is changed"), func() (Matter, core.Ref, error) { return turnPost(ctx, tx, in) }
	}
	m, ref, err := do()
	if err != nil {
		return nil, err
	}
	to := href(ctx, m.Ref.ID)
	if ref.ID != 0 {
		if h := register.HrefOf(ctx, ref); h != "" {
			to = h
		}
	}
	return web.Redirect{URL: to, Flash: core.T(said.ZH, said.EN, m.Number)}, nil
}

// chosen fills in who was recognised: "customer.unit.contact".
func chosen(ctx context.Context, tx db.Tx, in *Intake, who string) error {
	parts := strings.Split(who, ".")
	if len(parts) != 3 {
		return nil
	}
	ids := [3]core.ID{}
	for i, p := range parts {
		ids[i], _ = core.ParseID(p) // "0" is none
	}
	in.Customer = ids[0]
	if in.Unit == 0 {
		in.Unit = ids[1]
	}
	if ids[0] == 0 {
		return nil
	}
	c, found, err := customer.CallerOf(ctx, tx, ids[0], in.Unit, ids[2])
	if err != nil || !found { // Take refuses whom it does not find
		return err
	}
	in.CustomerName, in.UnitCode = string(c.Name), c.Unit
	if in.Contact == "" {
		in.Contact = c.Person
	}
	if in.Phone == "" {
		in.Phone = c.Phone
	}
	return nil
}

// registerPDF prints 诉求记录表 of a month (C19.1).
func registerPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month := core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone)
	if v := r.Query("month"); v != "" {
		var err error
		if month, err = core.ParseMonth(v); err != nil {
			return nil, err
		}
	}
	ms, err := find(ctx, tx, register.Query{Filter: map[string]string{"state": "all", "month": string(month)}, Limit: 2000})
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4Landscape, core.LangOf(ctx))
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: form().Title.Say(ctx) + " " + string(month), Form: form().Code})
	var rows [][]string
	for _, m := range ms {
		rows = append(rows, []string{m.Number, ui.Full(ctx, m.At), m.UnitCode + " " + m.CustomerName, string(m.Contact) + " " + m.Phone.Mask(), core.Label(Channels(), m.Channel).Say(ctx),
			kindName(ctx, m.Kind).Say(ctx), m.Content, or(m.Handler, m.OwnerName), core.Label(States(), m.State).Say(ctx) + " " + m.Answer})
	}
	col := func(zh, en string, w float64) print.Column {
		return print.Column{Title: core.T(zh, en).Say(ctx), Width: w}
	}
	d.Table([]print.Column{col("编号", "Number", 2), col("时间", "Time", 2), col("单元 客户", "Unit, customer", 3), col("联系人", "Contact", 2), col("渠道", "Channel", 1), col("类别", "Kind", 1), col("内容", "Content", 4), col("处理人", "Handler", 1.5), col("处理情况", "Handling", 3)}, rows)
	return pdf(d, "requests-"+string(month)+".pdf")
}

func pdf(d *print.Doc, name string) (web.Answer, error) {
	b, err := d.Bytes()
	if b == nil {
		return nil, err
	}
	return web.Download{Name: name, Type: "application/pdf", Bytes: b, Inline: true}, nil
}
