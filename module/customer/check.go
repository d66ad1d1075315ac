package customer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/project"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

// Customers are asked, before their verification of B1.2 is due, to check what is on file and to say what has changed
// (B1.6). The link needs no sign-in: its token is 256 random bits, of which only the hash is kept.

const (
	askedFor    = 60 * 24 * time.Hour // how long a link is good
	askedAgain  = 21 * 24 * time.Hour // whom the list leaves out after a reminder
	askedMax    = 500                 // customers of one press of the button
	proposedMax = 20                  // changes of one customer that may wait to be verified
)

// Due is a customer whose verification comes near, and how a reminder would reach him.
type Due struct {
	Customer
	To   notify.To
	Last time.Time // the last reminder
}

// channel is how the reminder goes: mail before text message; empty: by telephone, by a person.
func (d Due) channel() notify.Channel { return d.To.Channel }

// DueForCheck lists customers whose verification is due within B1.6's ahead and who were not reminded for it yet, the most
// pressing first, at most limit.
func DueForCheck(ctx context.Context, tx db.Tx, limit int) ([]Due, error) {
	ahead, err := regulation.Span(ctx, tx, "B1.6", "ahead")
	if err != nil {
		return nil, err
	}
	p, now := core.ProjectOf(ctx).ID, core.Now(ctx)
	rows, err := customers(ctx, tx, `and c.verify_by <= $2 and c.state in ('active', 'pending') and c.kind <> 'visitor'
		and not exists (select 1 from customer_asked a where a.project_id = c.project_id and a.customer_id = c.id and a.sent_at > $3) order by c.verify_by, c.id limit $4`,
		p, core.Today(ctx).Add(ahead.N), now.Add(-askedAgain), limit)
	if err != nil {
		return nil, err
	}
	if err := withSummary(ctx, tx, rows); err != nil {
		return nil, err
	}
	out := make([]Due, len(rows))
	for i, c := range rows {
		out[i].Customer = c
		if out[i].To, err = reach(ctx, tx, c.ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// reach is how a customer is written to: the first contact with an e-mail address, else the first with a telephone.
func reach(ctx context.Context, tx db.Tx, customer core.ID) (notify.To, error) {
	ks, err := Contacts(ctx, tx, customer)
	if err != nil {
		return notify.To{}, err
	}
	if i := slices.IndexFunc(ks, func(k Contact) bool { return k.Mail != "" && k.Role != RoleFamily }); i >= 0 {
		return notify.To{Customer: customer, Contact: ks[i].ID, Mail: ks[i].Mail, Channel: notify.Mail}, nil
	}
	if i := slices.IndexFunc(ks, func(k Contact) bool { return len(k.Phones) > 0 && k.Role != RoleFamily }); i >= 0 {
		return notify.To{Customer: customer, Contact: ks[i].ID, Phone: ks[i].Phones[0], Channel: notify.SMS}, nil
	}
	return notify.To{}, nil
}

// Remind sends one customer the link to his information (B1.6). It returns the link's path.
func Remind(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return "", err
	}
	to, err := reach(ctx, tx, id)
	if err != nil {
		return "", err
	}
	if to.Channel == "" {
		return "", core.Conflict("档案里没有邮箱和手机号,请打电话核对后点「核实」", "There is no e-mail address or telephone on file: verify by calling")
	}
	return invite(ctx, tx, c, to)
}

func invite(ctx context.Context, tx db.Tx, c Customer, to notify.To) (string, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	token, p, now := base64.RawURLEncoding.EncodeToString(b), core.ProjectOf(ctx), core.Now(ctx)
	path := "/check/" + p.Code + "/" + token
	if _, err := db.Exec(ctx, tx, "insert into customer_asked (project_id, id, customer_id, token_hash, channel, sent_at, sent_by, until) values ($1,$2,$3,$4,$5,$6,$7,$8)",
		p.ID, tx.NewID(), c.ID, hashOf(token), string(to.Channel), now, core.ActorOf(ctx).Name, now.Add(askedFor)); err != nil {
		return "", err
	}
	s, err := notify.SettingsOf(ctx, tx)
	if err != nil {
		return "", err
	}
	if err := notify.Send(ctx, tx, p.ID, to, checkLetter(p, s.Site.Base, path, c)); err != nil {
		return "", err
	}
	return path, touched(ctx, tx, c, "reminded", map[string]string{"channel": string(to.Channel)})
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// checkTemplate is the letter's template; its text is not shown among the correspondence, because it holds the link.
const checkTemplate = "customer.check"

func checkLetter(p core.Project, base, path string, c Customer) notify.Letter {
	link := core.T("请联系我们核对。", "Please call us to check.")
	if base != "" {
		at := strings.TrimRight(base, "/") + path
		link = core.T("请点开核对,有变动可直接填写:%s (60 天内有效)", "Please open it to check, and enter what has changed: %s (good for 60 days)", at)
	}
	return notify.Letter{Template: checkTemplate, Ref: c.Ref(), Title: core.T("%s:请核对您在物业的登记信息", "%s: please check the information we hold", p.Name),
		Body: core.T("您好!为保证紧急情况能联系到您,请核对您在物业登记的联系人、电话和地址。%s", "To reach you in an emergency we need your current contacts, telephone numbers and address. %s", link)}
}

// RemindAll reminds everybody whom DueForCheck lists, and ends the month's duty of B1.6. It returns how many were written
// to and how many can only be called.
func RemindAll(ctx context.Context, tx db.Tx) (sent, calls int, err error) {
	due, err := DueForCheck(ctx, tx, askedMax)
	if err != nil {
		return 0, 0, err
	}
	for _, d := range due {
		if d.channel() == "" {
			calls++
			continue
		}
		if _, err := Remind(ctx, tx, d.ID); err != nil {
			return 0, 0, err
		}
		sent++
	}
	if len(due) < askedMax {
		p := core.ProjectOf(ctx)
		err = duty.Done(ctx, tx, "B1.6", duty.PeriodRef(p.ID, core.MonthOf(core.Now(ctx), p.Zone)))
	}
	return sent, calls, err
}

func remindVerb() register.Verber {
	return register.Verb[none]{Name: "remind", Label: core.T("发核对提醒", "Send a reminder to check"), Roles: keepers(), Clause: "B1.6", Can: canRemind, Said: core.T("已发出核对链接", "The link was sent"),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, _ none) (core.ID, error) {
			_, err := Remind(ctx, tx, id)
			return id, err
		}}
}

func canRemind(ctx context.Context, tx db.Tx, id core.ID) error {
	if err := canEdit(ctx, tx, id); err != nil {
		return err
	}
	to, err := reach(ctx, tx, id)
	if err == nil && to.Channel == "" {
		err = core.Conflict("档案里没有邮箱和手机号", "There is no e-mail address or telephone on file")
	}
	return err
}

// checkListPage is the list of customers to remind, with the one button.
func checkListPage(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	due, err := DueForCheck(ctx, tx, askedMax)
	if err != nil {
		return nil, err
	}
	title := core.T("提醒客户核对信息", "Remind customers to check")
	t := ui.TableView{Columns: heads(core.T("客户", "Customer"), core.T("单元", "Units"), core.T("核实期限", "Verify by"), core.T("提醒方式", "Reached by")), Empty: core.T("近期没有到期要核对的客户", "Nobody's verification is due soon")}
	n := 0
	for _, d := range due {
		how := core.T("打电话", "A call")
		if d.channel() != "" {
			how, n = d.channel().Name(), n+1
		}
		row := cells(string(d.Name), d.Units, string(d.VerifyBy), how.Say(ctx))
		row.Cells[0].Href = FileKind.Href(ctx, d.ID)
		t.Rows = append(t.Rows, row)
	}
	form := ui.FormView{Action: FileKind.Href(ctx, 0) + "/check", IdemKey: register.NewKey(), Submit: core.T("向 %d 位客户发核对链接", "Send the link to %d customers", n)}
	return web.Page{Title: title, Body: checkListBody(title, register.ClauseLink(ctx, "B1.6"), t, form, len(due) > 0)}, nil
}

func sendChecks(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	sent, calls, err := RemindAll(ctx, tx)
	return web.Redirect{URL: FileKind.Href(ctx, 0) + "/check", Flash: core.T("已发出 %d 封核对链接;%d 位只能打电话", "%d links sent; %d can only be called", sent, calls)}, err
}

// OwnChange is what a customer enters on his own page: one contact, and what belongs to the file.
type OwnChange struct {
	Contact string // id of a contact; "new"; empty: none
	Name    core.Personal
	Phone   core.Phone
	Mail    core.Personal
	Address core.Personal
	Plates  core.Personal
	Message string
}

func checkFields() []core.Field[OwnChange] {
	return []core.Field[OwnChange]{
		{Name: "contact", Label: core.T("要改哪位联系人", "Which contact changes"), Ptr: func(in *OwnChange) any { return &in.Contact }, Max: 30},
		{Name: "name", Label: core.T("姓名", "Name"), Hint: core.T("不变请留空", "Leave empty if unchanged"), Ptr: func(in *OwnChange) any { return &in.Name }, Max: 60},
		{Name: "phone", Label: core.T("新电话", "New telephone"), Ptr: func(in *OwnChange) any { return &in.Phone }, Max: 40},
		{Name: "mail", Label: core.T("新邮箱", "New e-mail address"), Ptr: func(in *OwnChange) any { return &in.Mail }, Max: 120},
		{Name: "address", Label: core.T("新地址", "New address"), Ptr: func(in *OwnChange) any { return &in.Address }, Max: 200},
		{Name: "plates", Label: core.T("新车牌号", "New number plates"), Ptr: func(in *OwnChange) any { return &in.Plates }, Max: 100},
		{Name: "message", Label: core.T("其他变动", "Other changes"), Ptr: func(in *OwnChange) any { return &in.Message }, Kind: core.KindLines, Max: 1000},
	}
}

// asked is one link that was sent.
type asked struct {
	id, customer core.ID
	until        time.Time
}

// invited finds whose link a request bears: the context is the customer's own then, in his project. An unknown, spent or
// foreign link is KindNotFound.
func invited(ctx context.Context, tx db.Tx, r *web.Request) (context.Context, Customer, error) {
	p, err := project.ByCode(ctx, tx, r.Path("place"))
	if err != nil {
		return ctx, Customer{}, core.NotFound()
	}
	ctx = core.WithActor(core.WithProject(ctx, p), core.Actor{Name: core.T("客户(自助)", "Customer (self-service)").In(core.ZH)})
	a, found, err := db.Maybe(ctx, tx, func(a *asked) []any { return []any{&a.id, &a.customer, &a.until} }, "select id, customer_id, until from customer_asked where project_id = $1 and token_hash = $2", p.ID, hashOf(r.Path("token")))
	if err != nil {
		return ctx, Customer{}, err
	}
	if !found || core.Now(ctx).After(a.until) {
		return ctx, Customer{}, core.NotFound()
	}
	c, err := Get(ctx, tx, a.customer)
	if err == nil && !c.Live() {
		err = core.NotFound()
	}
	return ctx, c, err
}

// answered notes that a link was used.
func answered(ctx context.Context, tx db.Tx, token string) error {
	return db.ExecOne(ctx, tx, "update customer_asked set answered_at = $1 where project_id = $2 and token_hash = $3", core.Now(ctx), core.ProjectOf(ctx).ID, hashOf(token))
}

// ownPage is the customer's own page: his information masked, and the form for changes (B1.6).
func ownPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	ctx, c, err := invited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	return drawOwn(ctx, tx, c, r, nil)
}

func drawOwn(ctx context.Context, tx db.Tx, c Customer, r *web.Request, failure error) (web.Answer, error) {
	ks, err := Contacts(ctx, tx, c.ID)
	if err != nil {
		return nil, err
	}
	path := "/check/" + r.Path("place") + "/" + r.Path("token")
	people := ui.TableView{Columns: heads(core.T("联系人", "Contact"), core.T("电话", "Telephone"), core.T("邮箱", "E-mail")), Empty: core.T("没有登记联系人", "No contact is on file")}
	choices := []core.Choice{}
	for _, k := range ks {
		if k.Role == RoleFamily {
			continue
		}
		people.Rows = append(people.Rows, cells(maskName(k.Name), masks(k.Phones), MaskMail(k.Mail)))
		choices = append(choices, core.Choice{Value: k.ID.String(), Label: ui.Plain(maskName(k.Name) + " " + masks(k.Phones))})
	}
	choices = append(choices, core.Choice{Value: "new", Label: core.T("新增联系人", "A new contact")})
	fields := ui.FieldsOf(core.Specs(checkFields()), r.Input.Values, failure)
	fields[0].Kind, fields[0].Choices, fields[0].None = core.KindChoice, choices, core.T("联系人没有变动", "No contact changes")
	form := ui.FormView{ID: "changes", Action: path, IdemKey: register.NewKey(), Submit: core.T("提交变动", "Send the changes"), Fields: fields}
	if failure != nil {
		form.Error = core.AsErr(failure).Text
	}
	units, err := codesOf(ctx, tx, core.Today(ctx), c.ID)
	if err != nil {
		return nil, err
	}
	var pairs []ui.Pair
	for _, p := range []ui.Pair{{Label: core.T("名称", "Name"), Value: c.Discreet()}, {Label: core.T("单元", "Units"), Value: strings.Join(units[c.ID], "、")}, {Label: core.T("地址", "Address"), Value: maskText(string(c.Address))}, {Label: core.T("车牌号", "Number plates"), Value: maskText(string(c.Plates))}} {
		if p.Value != "" {
			pairs = append(pairs, p)
		}
	}
	fine := ui.FormView{ID: "fine", Action: path + "/fine", IdemKey: register.NewKey(), Submit: core.T("以上信息无误", "All of this is right")}
	title := core.T("核对登记信息", "Check your information")
	return web.Page{Title: title, Bare: true, Body: ownBody(title, core.ProjectOf(ctx).Name, pairs, people, fine, form)}, nil
}

// maskName is a person's name as a page without sign-in shows it: 陈*.
func maskName(name core.Personal) string {
	r := []rune(string(name))
	if len(r) < 2 {
		return string(name)
	}
	return string(r[0]) + strings.Repeat("*", min(len(r)-1, 3))
}

// maskText keeps the first half of a line, at most eight characters.
func maskText(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return ""
	}
	return string(r[:min((len(r)+1)/2, 8)]) + "****"
}

// saveOwn takes down what a customer changed; it takes effect once a clerk has verified it.
func saveOwn(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	ctx, c, err := invited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	in, err := core.Bind(ctx, checkFields(), r.Input)
	if err != nil {
		return nil, err
	}
	if err := ProposeOwn(ctx, tx, c.ID, in); err != nil {
		return nil, err
	}
	return thanks(ctx, core.T("变动已收到,物业核对后生效。谢谢!", "We have your changes; they take effect once we have verified them. Thank you!")), answered(ctx, tx, r.Path("token"))
}

func ownFailed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	ctx, c, err := invited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	return drawOwn(ctx, tx, c, r, failure)
}

// fineOwn is the customer's word that all is right: the file counts as verified (B1.2).
func fineOwn(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	ctx, c, err := invited(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	if err := Verify(ctx, tx, c.ID, core.T("客户自助核对无误", "The customer checked it himself").In(core.ZH)); err != nil {
		return nil, err
	}
	return thanks(ctx, core.T("已记录核对无误。谢谢!", "We have noted that all is right. Thank you!")), answered(ctx, tx, r.Path("token"))
}

func thanks(ctx context.Context, said core.Text) web.Page {
	return web.Page{Title: said, Bare: true, Body: thanksBody(said, core.ProjectOf(ctx).Name)}
}

// ProposeOwn stores what a customer wants changed, tells the desk, and starts C15.2's term.
func ProposeOwn(ctx context.Context, tx db.Tx, id core.ID, in OwnChange) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	n, err := db.Value[int64](ctx, tx, "select count(*) from customer_upkeep where project_id = $1 and customer_id = $2 and state = 'proposed'", c.Project, c.ID)
	if err == nil && n >= proposedMax {
		err = core.Conflict("已有多项变动等待核对,请直接联系物业", "Several changes wait to be verified; please call us")
	}
	if err != nil {
		return err
	}
	changes, err := in.changes(ctx, tx, c)
	if err != nil {
		return err
	}
	if len(changes) == 0 && strings.TrimSpace(in.Message) == "" {
		return core.Invalid("message", "没有填写变动;信息无误请点「以上信息无误」", "Nothing was changed; if all is right, press the button above")
	}
	if in.Message != "" {
		changes = append(changes, Difference{Field: "other", New: in.Message})
	}
	if err := propose(ctx, tx, c, Upkeep{Source: FromCustomer}, changes); err != nil {
		return err
	}
	if err := duty.Open(ctx, tx, "C15.2", c.Ref(), duty.Again(), about(ctx, c, core.T("核对客户自助提出的变动", "Verify the change that the customer proposed"))); err != nil {
		return err
	}
	msg := notify.Message{Ref: c.Ref(), URL: upkeepKind.Href(ctx, 0) + "?state=proposed", Title: core.T("客户提出信息变动,待核对:%s", "A customer proposed a change, to be verified: %s", c.Discreet())}
	if err := notify.TellRole(ctx, tx, c.Project, core.Desk, msg); err != nil {
		return err
	}
	return touched(ctx, tx, c, "proposed", nil)
}

// changes compares what was entered with the file.
func (in OwnChange) changes(ctx context.Context, tx db.Tx, c Customer) ([]Difference, error) {
	var out []Difference
	add := func(field string, contact core.ID, old, new string) {
		if new = strings.TrimSpace(new); new != "" && new != old {
			out = append(out, Difference{Field: field, Contact: contact, Old: old, New: new})
		}
	}
	if in.Mail != "" {
		if err := checkMails(Entry{Mail: in.Mail}); err != nil {
			return nil, err
		}
	}
	var k Contact
	switch {
	case in.Contact == "" && (in.Name != "" || in.Phone != "" || in.Mail != ""):
		return nil, core.Invalid("contact", "请选择要改哪位联系人", "Say which contact changes")
	case in.Contact == "new":
		if k.ID = newPerson; in.Name == "" || in.Phone == "" && in.Mail == "" {
			return nil, core.Invalid("name", "新增联系人请填写姓名和电话", "A new contact needs a name and a telephone")
		}
	case in.Contact != "":
		ks, err := Contacts(ctx, tx, c.ID)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(ks, func(k Contact) bool { return k.ID.String() == in.Contact && k.Role != RoleFamily })
		if i < 0 {
			return nil, core.Invalid("contact", "请选择要改哪位联系人", "Say which contact changes")
		}
		k = ks[i]
	}
	phone := ""
	if len(k.Phones) > 0 {
		phone = string(k.Phones[0])
	}
	add("contact", k.ID, string(k.Name), string(in.Name))
	add("phone", k.ID, phone, string(in.Phone))
	add("mail", k.ID, k.Mail, strings.ToLower(string(in.Mail)))
	add("address", 0, string(c.Address), string(in.Address))
	add("plates", 0, string(c.Plates), string(in.Plates))
	return out, nil
}
