package customer

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/print"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

// Sources of a change.
const (
	FromDesk     = "desk"     // a clerk reported or entered it
	FromCustomer = "customer" // the customer proposed it himself (B1.6)
)

// States of a change.
const (
	Proposed = "proposed" // 待核对
	Applied  = "applied"  // 已生效
	Declined = "declined" // 不予采纳
)

// Upkeep is one 客户信息维护表: what changes in a customer's file, who says so, how it was verified (C15.8, B1.6).
type Upkeep struct {
	ID       core.ID
	Version  int64
	Number   string
	Customer core.ID
	Source   string
	State    string
	Summary  string // names of the fields that change
	By       string
	How      string // how it was verified
	Note     string
	At       time.Time
	Ended    time.Time
	EndedBy  string
	Name     core.Personal // of the customer
	What     string        // in words
	Changes  []Difference
	sealed   string
}

// Difference is one particular before and after. Contact is the person whose name, phone or mail it is; core.ID(-1) a new one.
type Difference struct {
	Field   string  `json:"field"`
	Contact core.ID `json:"contact,omitempty"`
	Old     string  `json:"old,omitempty"`
	New     string  `json:"new"`
}

// newPerson marks the particulars of a contact who is not on file yet.
const newPerson core.ID = -1

type upkeepText struct {
	What    string       `json:"what,omitempty"`
	Changes []Difference `json:"changes,omitempty"`
}

func (u *Upkeep) dest() []any {
	return []any{&u.ID, &u.Version, &u.Number, &u.Customer, &u.Source, &u.State, &u.Summary, &u.By, &u.How, &u.Note, &u.At, &u.Ended, &u.EndedBy, &u.sealed, &u.Name}
}

const upkeepSelect = `select u.id, u.version, u.number, u.customer_id, u.source, u.state, u.summary, u.by_name, u.how, u.note, u.created_at, u.ended_at, u.ended_by, u.fields, c.name
	from customer_upkeep u join customer_customer c on c.project_id = u.project_id and c.id = u.customer_id where u.project_id = $1 `

var upkeepKind = register.Kind{Name: "upkeep", Plural: "upkeeps", Label: core.T("客户信息维护", "Customer changes"), Table: "customer_upkeep", Choices: map[string][]core.Choice{"how": verifiedHows(), "source": sources()},
	Events: map[string]core.Text{"proposed": core.T("提出变动({source})", "a change was proposed ({source})"), "applied": core.T("核对后生效({how})", "took effect after verification ({how})"),
		"declined": core.T("不予采纳:{reason}", "declined: {reason}"), "entered": core.T("登记变动并生效", "entered; it is in force"), "moved": core.T("随档案合并转移", "moved with a merge")}}

func sources() []core.Choice {
	return []core.Choice{{Value: FromDesk, Label: core.T("客服登记", "Entered by staff")}, {Value: FromCustomer, Label: core.T("客户自助", "By the customer")}}
}

func upkeepStates() []core.Choice {
	return []core.Choice{{Value: Proposed, Label: core.T("待核对", "To be verified")}, {Value: Applied, Label: core.T("已生效", "In force")}, {Value: Declined, Label: core.T("不予采纳", "Declined")}}
}

func verifiedHows() []core.Choice {
	return []core.Choice{{Value: "phone", Label: core.T("电话核对", "By telephone")}, {Value: "counter", Label: core.T("前台当面", "At the counter")}, {Value: "visit", Label: core.T("上门核对", "On a visit")}, {Value: "papers", Label: core.T("核对证件资料", "By papers")}}
}

// upkeepFields are the particulars whose change goes on the form, with their names.
func upkeepFields() []core.Choice {
	return []core.Choice{{Value: "name", Label: core.T("名称", "Name")}, {Value: "kind", Label: core.T("类型", "Kind")}, {Value: "category", Label: core.T("类别", "Category")}, {Value: "nature", Label: core.T("客户性质", "Nature")},
		{Value: "enterprise", Label: core.T("企业性质", "Type of enterprise")}, {Value: "parent_org", Label: core.T("主管单位", "Parent organisation")}, {Value: "address", Label: core.T("地址", "Address")},
		{Value: "legal_person", Label: core.T("法定代表人", "Legal representative")}, {Value: "industry", Label: core.T("行业", "Industry")}, {Value: "id_no", Label: core.T("证件号", "ID number")}, {Value: "plates", Label: core.T("车牌号", "Number plates")},
		{Value: "relation", Label: core.T("与业主关系", "Relation to the owner")}, {Value: "lease_from", Label: core.T("租赁起期", "Lease from")}, {Value: "lease_to", Label: core.T("租赁止期", "Lease until")},
		{Value: "contact", Label: core.T("联系人", "Contact")}, {Value: "phone", Label: core.T("电话", "Telephone")}, {Value: "mail", Label: core.T("邮箱", "E-mail")}, {Value: "other", Label: core.T("其他", "Other")}}
}

// particulars are the values of a file that the form holds before and after.
func particulars(ctx context.Context, c Customer) map[string]string {
	say := func(cs []core.Choice, v string) string { return core.Label(cs, v).Say(ctx) }
	return map[string]string{"name": string(c.Name), "kind": say(kinds(), c.Kind), "category": say(Categories(), c.Category), "nature": say(Natures(), c.Nature), "enterprise": say(Enterprises(), c.Enterprise), "parent_org": c.ParentOrg,
		"address": string(c.Address), "legal_person": string(c.LegalPerson), "industry": c.Industry, "id_no": c.IDMask, "plates": string(c.Plates), "relation": c.Relation, "lease_from": string(c.LeaseFrom), "lease_to": string(c.LeaseTo)}
}

// differences are what a change of the file comes to.
func differences(ctx context.Context, before, after Customer) []Difference {
	was, is := particulars(ctx, before), particulars(ctx, after)
	var out []Difference
	for _, f := range upkeepFields() {
		if was[f.Value] != is[f.Value] {
			out = append(out, Difference{Field: f.Value, Old: was[f.Value], New: is[f.Value]})
		}
	}
	return out
}

// maintained keeps 客户信息维护表 of a change that a clerk entered (C15.8); what was reported in words before is settled by it.
func maintained(ctx context.Context, tx db.Tx, c Customer, changes []Difference) error {
	on, err := regulation.On(ctx, tx, "C15.8")
	if err != nil || !on {
		return err
	}
	open, found, err := db.Maybe(ctx, tx, (*Upkeep).dest, upkeepSelect+"and u.customer_id = $2 and u.source = 'desk' and u.state = 'proposed' order by u.id limit 1", c.Project, c.ID)
	if err != nil || !found && len(changes) == 0 {
		return err
	}
	if !found {
		return propose(ctx, tx, c, Upkeep{Source: FromDesk, State: Applied}, changes)
	}
	if open, err = open.open(ctx, tx); err != nil {
		return err
	}
	open.Changes = changes
	return open.end(ctx, tx, Applied, "entered", map[string]string{})
}

// propose stores a form: to be verified, or (State Applied) in force already.
func propose(ctx context.Context, tx db.Tx, c Customer, u Upkeep, changes []Difference) error {
	on, err := regulation.On(ctx, tx, "C15.8")
	if err != nil || !on && u.Source == FromDesk {
		return err
	}
	now, a := core.Now(ctx), core.ActorOf(ctx)
	u.ID, u.Customer, u.Changes, u.By = tx.NewID(), c.ID, changes, a.Name
	if u.Number, err = db.NextNumber(ctx, tx, c.Project, "WH", core.MonthOf(now, core.ProjectOf(ctx).Zone)); err != nil {
		return err
	}
	verb := "proposed"
	if u.State == "" {
		u.State = Proposed
	} else {
		verb, u.Ended, u.EndedBy = "entered", now, a.Name
	}
	sealed, err := db.SealFor(ctx, tx, c.Project, c.ID, core.JSON(upkeepText{u.What, changes}))
	if err != nil {
		return err
	}
	if _, err := db.Exec(ctx, tx, `insert into customer_upkeep (project_id, id, created_at, created_by, changed_at, changed_by, number, customer_id, source, state, fields, summary, by_name, ended_at, ended_by)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`, c.Project, u.ID, now, a.ID, u.Number, c.ID, u.Source, u.State, sealed, summaryOf(changes), u.By, u.Ended, u.EndedBy); err != nil {
		return err
	}
	return journal.Add(ctx, tx, upkeepKind.Ref(ctx, u.ID), verb, map[string]any{"source": u.Source, "what": core.Personal(u.What)}, journal.For(c.ID))
}

func summaryOf(changes []Difference) string {
	var out []string
	for _, d := range changes {
		if !slices.Contains(out, d.Field) {
			out = append(out, d.Field)
		}
	}
	return strings.Join(out, " ")
}

// open reads what the form's seal holds; after an erasure nothing.
func (u Upkeep) open(ctx context.Context, tx db.Tx) (Upkeep, error) {
	plain, err := db.OpenFor(ctx, tx, core.ProjectOf(ctx).ID, u.Customer, u.sealed)
	if err != nil || plain == "" {
		return u, err
	}
	var t upkeepText
	err = json.Unmarshal([]byte(plain), &t)
	u.What, u.Changes = t.What, t.Changes
	return u, err
}

// end settles the form.
func (u Upkeep) end(ctx context.Context, tx db.Tx, state, verb string, payload map[string]string) error {
	p := core.ProjectOf(ctx).ID
	sealed, err := db.SealFor(ctx, tx, p, u.Customer, core.JSON(upkeepText{u.What, u.Changes}))
	if err != nil {
		return err
	}
	if err := db.ExecOne(ctx, tx, `update customer_upkeep set state = $1, how = $2, note = $3, ended_at = $4, ended_by = $5, fields = $6, summary = $7, version = version + 1, changed_at = $4, changed_by = $8
		where project_id = $9 and id = $10 and version = $11 and state = 'proposed'`, state, u.How, u.Note, core.Now(ctx), core.ActorOf(ctx).Name, sealed, summaryOf(u.Changes), core.ActorOf(ctx).ID, p, u.ID, u.Version); err != nil {
		return err
	}
	return journal.Add(ctx, tx, upkeepKind.Ref(ctx, u.ID), verb, payload, journal.For(u.Customer))
}

func getUpkeep(ctx context.Context, tx db.Tx, id core.ID) (Upkeep, error) {
	u, err := db.One(ctx, tx, (*Upkeep).dest, upkeepSelect+"and u.id = $2", core.ProjectOf(ctx).ID, id)
	if err != nil {
		return u, err
	}
	return u.open(ctx, tx)
}

// lockUpkeep locks the customer before the form: a verb on the file does so too.
func lockUpkeep(ctx context.Context, tx db.Tx, id core.ID) (Upkeep, Customer, error) {
	u, err := getUpkeep(ctx, tx, id)
	if err != nil {
		return u, Customer{}, err
	}
	c, err := lockLive(ctx, tx, u.Customer)
	if err != nil {
		return u, c, err
	}
	u, err = getUpkeep(ctx, tx, id) // as it is now that the file is ours
	return u, c, err
}

// Verified says how a proposed change was verified with the customer.
type Verified struct{ How, Note string }

func canSettle(u Upkeep) error {
	if u.State != Proposed {
		return core.Conflict("这项变动「%s」", "This change is “%s”", core.Label(upkeepStates(), u.State))
	}
	return nil
}

func canApply(ctx context.Context, tx db.Tx, id core.ID) error {
	u, err := getUpkeep(ctx, tx, id)
	if err == nil {
		err = canSettle(u)
	}
	if err == nil && len(u.Changes) == 0 {
		err = core.Conflict("请在客户档案里「更新资料」,本表随之生效", "Update the customer's file; this form is settled by that")
	}
	return err
}

// Apply puts a proposed change into force once it was verified (B1.6): the file is changed, the change of C15.2 is entered,
// and the file counts as verified (B1.2).
func Apply(ctx context.Context, tx db.Tx, id core.ID, in Verified) error {
	u, c, err := lockUpkeep(ctx, tx, id)
	if err == nil {
		err = canSettle(u)
	}
	if err == nil && len(u.Changes) == 0 {
		err = canApply(ctx, tx, id)
	}
	if err == nil {
		err = regulation.Guard(ctx, tx, "B1.6", in.How != "", core.T("变动经核对后才生效:请选择怎样核对的", "A change takes effect once it was verified: say how"))
	}
	if err != nil {
		return err
	}
	if err := u.into(ctx, tx, &c); err != nil {
		return err
	}
	if err := update(ctx, tx, c); err != nil {
		return err
	}
	u.How, u.Note = in.How, in.Note
	if err := u.end(ctx, tx, Applied, "applied", map[string]string{"how": in.How}); err != nil {
		return err
	}
	if err := duty.Done(ctx, tx, "C15.2", c.Ref()); err != nil {
		return err
	}
	return Verify(ctx, tx, c.ID, core.T("按维护表 %s 核对", "As of form %s", u.Number).Say(ctx))
}

// into writes the changes over the file and its contacts.
func (u Upkeep) into(ctx context.Context, tx db.Tx, c *Customer) error {
	people := map[core.ID]*Entry{}
	var order []core.ID
	for _, d := range u.Changes {
		switch d.Field {
		case "address":
			c.Address = core.Personal(d.New)
		case "plates":
			c.Plates = core.Personal(d.New)
		case "contact", "phone", "mail":
			if people[d.Contact] == nil {
				people[d.Contact], order = &Entry{}, append(order, d.Contact)
			}
			people[d.Contact].take(d)
		}
	}
	for _, id := range order {
		if err := putPerson(ctx, tx, c.ID, id, *people[id]); err != nil {
			return err
		}
	}
	return nil
}

func (e *Entry) take(d Difference) {
	switch d.Field {
	case "contact":
		e.Name = core.Personal(d.New)
	case "phone":
		e.Phone = core.Phone(d.New)
	case "mail":
		e.Mail = core.Personal(d.New)
	}
}

// putPerson changes a contact, or takes a new one down.
func putPerson(ctx context.Context, tx db.Tx, customer, contact core.ID, e Entry) error {
	if contact == newPerson {
		return insertContacts(ctx, tx, Contact{ID: tx.NewID(), Customer: customer, Name: e.Name, Role: RoleContact, Phones: e.phones(), Mail: e.mail()})
	}
	ks, err := Contacts(ctx, tx, customer)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(ks, func(k Contact) bool { return k.ID == contact })
	if i < 0 {
		return core.Conflict("联系人已被移除,请核对后处理", "The contact was removed meanwhile")
	}
	if e.Name != "" {
		ks[i].Name = e.Name
		if err := updateContact(ctx, tx, ks[i]); err != nil {
			return err
		}
	}
	if e.Phone != "" {
		if err := dropPhones(ctx, tx, customer, contact); err != nil {
			return err
		}
		if err := insertPhones(ctx, tx, customer, contact, e.phones()); err != nil {
			return err
		}
	}
	return putMail(ctx, tx, customer, contact, e.mail())
}

// Decline refuses a proposed change, with the reason.
func Decline(ctx context.Context, tx db.Tx, id core.ID, reason string) error {
	u, c, err := lockUpkeep(ctx, tx, id)
	if err == nil {
		err = canSettle(u)
	}
	if err != nil {
		return err
	}
	u.Note = reason
	if err := u.end(ctx, tx, Declined, "declined", map[string]string{"reason": reason}); err != nil {
		return err
	}
	return duty.Done(ctx, tx, "C15.2", c.Ref())
}

func upkeeps() register.Register[Upkeep] {
	f := func(name, zh, en string, ptr func(*Upkeep) any) core.Field[Upkeep] {
		return core.Field[Upkeep]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	source, state, how := f("source", "来源", "Source", func(u *Upkeep) any { return &u.Source }), f("state", "状态", "State", func(u *Upkeep) any { return &u.State }), f("how", "核对方式", "Verified", func(u *Upkeep) any { return &u.How })
	source.Choices, state.Choices, how.Choices = sources(), upkeepStates(), verifiedHows()
	summary := f("summary", "变动项目", "What changes", func(u *Upkeep) any { return &u.Summary })
	summary.Show = func(ctx context.Context, u *Upkeep) string { return fieldWords(ctx, u.Summary) }
	return register.Register[Upkeep]{Kind: upkeepKind, Viewers: staff(), Columns: []string{"number", "name", "source", "summary", "state", "at", "by_name", "ended_by"},
		Fields: []core.Field[Upkeep]{f("number", "编号", "Number", func(u *Upkeep) any { return &u.Number }), f("name", "客户", "Customer", func(u *Upkeep) any { return &u.Name }), source, summary, state,
			f("at", "提出时间", "Proposed", func(u *Upkeep) any { return &u.At }), f("by_name", "提出人", "By", func(u *Upkeep) any { return &u.By }), how, f("note", "说明", "Note", func(u *Upkeep) any { return &u.Note }),
			f("ended_at", "处理时间", "Settled", func(u *Upkeep) any { return &u.Ended }), f("ended_by", "处理人", "Settled by", func(u *Upkeep) any { return &u.EndedBy })},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: upkeepStates()}},
		ID:      func(u *Upkeep) core.ID { return u.ID }, Version: func(u *Upkeep) int64 { return u.Version }, Cursor: func(u *Upkeep) string { return u.ID.String() },
		Find: findUpkeeps, Get: getUpkeep, Record: upkeepRecord,
		Verbs: []register.Verber{
			register.Verb[Verified]{Name: "apply", Label: core.T("核对并生效", "Verify and put in force"), Roles: keepers(), Primary: true, Clause: "B1.6", Can: canApply, Said: core.T("已生效", "In force"),
				Fields: []core.Field[Verified]{{Name: "how", Label: core.T("核对方式", "How it was verified"), Ptr: func(v *Verified) any { return &v.How }, Choices: verifiedHows()}, {Name: "note", Label: core.T("说明", "Note"), Ptr: func(v *Verified) any { return &v.Note }, Max: 500}},
				Do: func(ctx context.Context, tx db.Tx, id core.ID, in Verified) (core.ID, error) {
					return id, Apply(ctx, tx, id, in)
				}},
			register.Verb[word]{Name: "decline", Label: core.T("不予采纳", "Decline"), Roles: keepers(), Danger: true, Clause: "B1.6", Fields: wordField(core.T("理由", "Reason"), true),
				Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
					u, err := getUpkeep(ctx, tx, id)
					if err == nil {
						err = canSettle(u)
					}
					return err
				},
				Do: func(ctx context.Context, tx db.Tx, id core.ID, w word) (core.ID, error) {
					return id, Decline(ctx, tx, id, w.Text)
				}},
		}}
}

func findUpkeeps(ctx context.Context, tx db.Tx, q register.Query) ([]Upkeep, error) {
	where, args := "", []any{core.ProjectOf(ctx).ID}
	b := query{args: args}
	if s := q.Filter["state"]; s != "" {
		b.add("u.state = %s", s)
	}
	if q.Text != "" {
		b.add("u.number = %s", strings.ToUpper(strings.TrimSpace(q.Text)))
	}
	if q.After != "" {
		last, err := core.ParseID(q.After)
		if err != nil {
			return nil, core.Invalid("after", "页码不正确", "The page key is wrong")
		}
		b.add("u.id < %s", last)
	}
	where, args = b.where, append(b.args, q.Limit)
	return db.All(ctx, tx, (*Upkeep).dest, upkeepSelect+where+" order by u.id desc limit $"+core.ID(len(args)).String(), args...)
}

func fieldWords(ctx context.Context, summary string) string {
	var out []string
	for _, f := range strings.Fields(summary) {
		out = append(out, core.Label(upkeepFields(), f).Say(ctx))
	}
	return strings.Join(out, core.T("、", ", ").Say(ctx))
}

// shown is a value as pages show it: numbers and addresses masked.
func (d Difference) shown(v string) string {
	switch d.Field {
	case "phone":
		return core.Phone(v).Mask()
	case "mail":
		return MaskMail(v)
	}
	return v
}

func (u Upkeep) table(ctx context.Context) ui.TableView {
	t := ui.TableView{Columns: heads(core.T("项目", "Particular"), core.T("原内容", "Before"), core.T("新内容", "After"))}
	for _, d := range u.Changes {
		t.Rows = append(t.Rows, cells(core.Label(upkeepFields(), d.Field).Say(ctx), d.shown(d.Old), d.shown(d.New)))
	}
	return t
}

func upkeepRecord(ctx context.Context, tx db.Tx, u Upkeep) (register.Record, error) {
	tone := map[string]ui.Tone{Proposed: ui.Warn, Applied: ui.OK}[u.State]
	head := ui.HeadView{Title: core.T("客户信息维护表 %s", "Customer change %s", u.Number), Sub: ui.Plain(string(u.Name)), Pills: []ui.PillView{{Tone: tone, Text: core.Label(upkeepStates(), u.State)}}}
	var pairs []ui.Pair
	for _, f := range upkeeps().Fields {
		if v := f.Display(ctx, &u); v != "" {
			p := ui.Pair{Label: f.Label, Value: v}
			if f.Name == "name" {
				p = ui.Pair{Label: f.Label, Body: ui.Button(ui.Link{Label: ui.Plain(v), Href: FileKind.Href(ctx, u.Customer)}, false)}
			}
			pairs = append(pairs, p)
		}
	}
	if u.What != "" {
		pairs = append(pairs, ui.Pair{Label: core.T("变动说明", "In words"), Value: u.What})
	}
	cards := []templ.Component{printCard(upkeepKind.Href(ctx, u.ID, "form.pdf")), register.FieldsCard(core.T("维护表", "Form"), pairs)}
	if len(u.Changes) > 0 {
		cards = append(cards, ui.TableCard(core.T("变动内容", "What changes"), u.table(ctx)))
	}
	return register.Record{Head: head, Cards: cards, About: u.Customer}, nil
}

func upkeepTitle() core.Text {
	return core.T("客户信息维护表", "Customer Information Maintenance Form")
}

func basicTitle() core.Text { return core.T("客户基本信息表", "Customer Information Form") }

// upkeepPDF prints 客户信息维护表 (C15.8).
func upkeepPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	u, err := getUpkeep(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	lang := core.LangOf(ctx)
	say := func(zh, en string) string { return core.T(zh, en).In(lang) }
	doc := print.New(print.A4, lang)
	doc.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: upkeepTitle().In(lang), Number: u.Number})
	doc.Grid([]print.Pair{{Key: say("客户名称", "Customer"), Value: string(u.Name)}, {Key: say("来源", "Source"), Value: core.Label(sources(), u.Source).In(lang)}},
		[]print.Pair{{Key: say("提出时间", "Proposed"), Value: ui.Full(ctx, u.At)}, {Key: say("提出人", "By"), Value: u.By}}, []print.Pair{{Key: say("变动说明", "In words"), Value: u.What, Lines: 2}},
		[]print.Pair{{Key: say("核对方式", "Verified"), Value: core.Label(verifiedHows(), u.How).In(lang)}, {Key: say("状态", "State"), Value: core.Label(upkeepStates(), u.State).In(lang)}},
		[]print.Pair{{Key: say("处理人", "Settled by"), Value: u.EndedBy}, {Key: say("说明", "Note"), Value: u.Note}})
	var rows [][]string
	for _, d := range u.Changes {
		rows = append(rows, []string{core.Label(upkeepFields(), d.Field).In(lang), d.shown(d.Old), d.shown(d.New)})
	}
	doc.Table([]print.Column{{Title: say("变动项目", "Particular"), Width: 2}, {Title: say("原内容", "Before"), Width: 3}, {Title: say("新内容", "After"), Width: 3}}, rows)
	doc.Signs(print.Sign{Label: say("客户确认", "Customer")}, print.Sign{Label: say("经办人", "Entered by")}, print.Sign{Label: say("审核", "Checked by")})
	return pdf(doc, upkeepTitle().ZH)
}

// basicPDF prints 客户基本信息表 (C15.8): name, category, type of enterprise, parent organisation, address, contact, telephone.
func basicPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	c, err := Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	ks, err := Contacts(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	lang := core.LangOf(ctx)
	say := func(zh, en string) string { return core.T(zh, en).In(lang) }
	doc := print.New(print.A4, lang)
	doc.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: basicTitle().In(lang), Number: c.ID.String()})
	doc.Grid([]print.Pair{{Key: say("名称", "Name"), Value: string(c.Name)}, {Key: say("类别", "Category"), Value: core.Label(Categories(), c.Category).In(lang)}},
		[]print.Pair{{Key: say("客户性质", "Nature"), Value: core.Label(Natures(), c.Nature).In(lang)}, {Key: say("合作类型", "Partner in"), Value: core.Label(Trades(), c.Trade).In(lang)}},
		[]print.Pair{{Key: say("企业性质", "Type of enterprise"), Value: core.Label(Enterprises(), c.Enterprise).In(lang)}, {Key: say("主管单位", "Parent organisation"), Value: c.ParentOrg}},
		[]print.Pair{{Key: say("地址", "Address"), Value: string(c.Address)}})
	var rows [][]string
	for _, k := range ks {
		rows = append(rows, []string{core.Label(contactRoles(), k.Role).In(lang), string(k.Name), masks(k.Phones), MaskMail(k.Mail)})
	}
	doc.Table([]print.Column{{Title: say("身份", "Role"), Width: 2}, {Title: say("联系人", "Contact"), Width: 2}, {Title: say("电话", "Telephone"), Width: 3}, {Title: say("邮箱", "E-mail"), Width: 3}}, rows)
	doc.Para(say("资料变动填《客户信息维护表》。", "Changes are entered on the Customer Information Maintenance Form."))
	doc.Signs(print.Sign{Label: say("客户确认", "Customer")}, print.Sign{Label: say("填表人", "Filled in by")})
	return pdf(doc, basicTitle().ZH)
}

// Unformed lists what 客户基本信息表 lacks (C15.8).
func Unformed(ctx context.Context, tx db.Tx, c Customer, contacts []Contact) ([]core.Text, error) {
	on, err := regulation.On(ctx, tx, "C15.8")
	if err != nil || !on || !c.Live() || c.Kind == KindVisitor || c.Form != Organisation {
		return nil, err
	}
	phone := slices.ContainsFunc(contacts, func(k Contact) bool { return len(k.Phones) > 0 })
	return lacking([]lack{{c.Category != "", core.T("类别", "category")}, {c.Enterprise != "", core.T("企业性质", "type of enterprise")}, {c.ParentOrg != "", core.T("主管单位(没有填「无」)", "parent organisation (or “none”)")},
		{c.Address != "", core.T("地址", "address")}, {len(contacts) > 0, core.T("联系人", "contact")}, {phone, core.T("电话", "telephone")}}), nil
}
