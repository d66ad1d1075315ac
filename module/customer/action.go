package customer

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/approval"
	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/estate"
	"huiyin/regulation"
	"huiyin/search"
	"huiyin/sheet"
)

// In is what is taken down about a customer. There is no place for sex, age or family: B1.4 allows nothing unnecessary.
type In struct {
	Kind, Form  string
	Name        core.Personal
	IDNo        core.IDNumber // left empty in an edit: unchanged
	Industry    string
	LegalPerson core.Personal
	Address     core.Personal
	Nationality string
	Facilities  string
	Category    string
	Grade       string
	Credit      string
	CreditNote  string
	Needs       string
	Opinions    string
	Keeper      core.ID
	MetOn       core.Date // the first contact, from which C15.2 counts
	MoveIn      core.Date
	Note        string
	Nature      string        // empty: an ordinary customer (C6.8)
	Trade       string        // of a special customer
	Enterprise  string        // C15.8
	ParentOrg   string        // C15.8
	Plates      core.Personal // B1.5
	Relation    string        // B1.5
	LeaseFrom   core.Date     // B1.5
	LeaseTo     core.Date
	Contacts    []Entry
	Unit        core.ID // a unit to begin with
	Part        string
	Consent     string        // how consent was given (B1.4); empty: none
	Sensitive   string        // how the separate consent to the identity number was given (L5)
	ConsentBy   core.Personal // who gave it
	Origin      string
	Extra       string `json:"-"`
}

// Entry is one contact as it is typed.
type Entry struct {
	Name  core.Personal
	Role  string
	Phone core.Phone
	More  []core.Phone  `json:"more,omitempty"`
	Mail  core.Personal `json:"mail,omitempty"`
	Note  string
}

func (e Entry) phones() []core.Phone {
	if e.Phone == "" {
		return e.More
	}
	return append([]core.Phone{e.Phone}, e.More...)
}

// personal reports whether the input holds personal data: a person, or anybody's name or number.
func (in In) personal() bool {
	return in.Form == Person || in.LegalPerson != "" || len(in.Contacts) > 0
}

func identity(id core.IDNumber) bool {
	k := core.KindOfID(string(id))
	return id != "" && k != "uscc"
}

// canFile says why this may not be put on file, or nil. B1.1: one customer, one file. B1.4: with consent, and nothing
// that is not needed. L5: identity numbers with a consent of their own. C15.1: in one of the four categories. C15.4: a
// key customer with two contact persons.
func canFile(ctx context.Context, tx db.Tx, self core.ID, in In) error {
	if err := canTakeDown(ctx, tx, in); err != nil {
		return err
	}
	if err := regulation.Guard(ctx, tx, "C15.1", in.Category != "" || in.Kind == KindVisitor, core.T("请选定客户类别:目标、一般、重点、潜在", "Choose the category: target, ordinary, key or potential")); err != nil {
		return err
	}
	if err := canBeKey(ctx, tx, in.Category, len(in.Contacts)); err != nil {
		return err
	}
	if err := canBeOf(ctx, tx, in); err != nil {
		return err
	}
	twin, err := byBlind(ctx, tx, db.Blind(tx, "idno", tidyID(in.IDNo)), self)
	if err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "B1.1", twin.ID == 0, core.T("证件号相同的客户已有档案:%s(一客一档)", "There is a file with this ID number already: %s (one customer, one file)", twin.Discreet()))
}

// canTakeDown is what B1.4 and L5 demand of personal data.
func canTakeDown(ctx context.Context, tx db.Tx, in In) error {
	if err := regulation.Guard(ctx, tx, "B1.4", !in.personal() || in.Consent != "", core.T("采集个人信息须先取得本人同意并记录取得方式", "Personal data is taken down with consent only; record how it was given")); err != nil {
		return err
	}
	if err := regulation.Guard(ctx, tx, "B1.4", in.Kind != KindVisitor || in.IDNo == "", core.T("访客不必登记证件号,请勿采集不必要的信息", "A visitor's ID number is not needed; do not take down what is not necessary")); err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "L5", !identity(in.IDNo) || in.Sensitive != "", core.T("证件号属敏感个人信息,须取得本人单独同意", "An identity number is sensitive personal data and needs a consent of its own"))
}

// canBeKey is C15.4: a key customer has at least so many contact persons.
func canBeKey(ctx context.Context, tx db.Tx, category string, contacts int) error {
	if category != Key {
		return nil
	}
	n, err := regulation.Count(ctx, tx, "C15.4", "contacts")
	if err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "C15.4", contacts >= n, core.T("重点客户须有 %d 名以上联系人员,现有 %d 名", "A key customer needs %d contact persons; there are %d", n, contacts))
}

func tidyID(id core.IDNumber) string {
	s, _, _ := sheet.ParseID(sheet.TextCell(strings.ReplaceAll(string(id), "-", "")))
	return s
}

// checkID refuses an ID number that is typed wrong; an imported one is kept and opens a duty.
func checkID(id core.IDNumber) error {
	if id == "" {
		return nil
	}
	if _, ok, why := sheet.ParseID(sheet.TextCell(tidyID(id))); !ok {
		return &core.Err{Kind: core.KindInvalid, Text: why, Fields: []core.FieldErr{{Name: "id_no", Text: why}}}
	}
	return nil
}

// Create puts a customer on file. The file is 待确认 until the supervisor confirms it (C5.1). An imported one (Origin
// "import") is never refused: its gaps open duties.
func Create(ctx context.Context, tx db.Tx, in In) (core.ID, error) {
	imported := in.Origin == OriginImport
	if strings.TrimSpace(string(in.Name)) == "" {
		return 0, core.Invalid("name", "请填写名称", "The name is required")
	}
	in.complete()
	if !imported {
		if err := checkID(in.IDNo); err != nil {
			return 0, err
		}
		if err := canFile(ctx, tx, 0, in); err != nil {
			return 0, err
		}
	}
	c, err := newFile(ctx, tx, in)
	if err != nil {
		return 0, err
	}
	if err := insert(ctx, tx, c); err != nil {
		return 0, err
	}
	if err := addParts(ctx, tx, c, in); err != nil {
		return 0, err
	}
	return c.ID, settle(ctx, tx, c, in)
}

// complete sets what follows from the rest.
func (in *In) complete() {
	if in.Form == "" {
		in.Form = FormOf(string(in.Name), string(in.IDNo))
	}
	if in.Kind == "" {
		in.Kind = KindTenant
	}
	if in.Nature == "" {
		in.Nature = Usual
	}
	if in.Credit == "" {
		in.Credit = "unknown"
	}
	if in.Grade == "" {
		in.Grade = "plain"
	}
	for i := range in.Contacts {
		if in.Contacts[i].Role == "" {
			in.Contacts[i].Role = RoleContact
		}
	}
}

func newFile(ctx context.Context, tx db.Tx, in In) (Customer, error) {
	c := Customer{Project: core.ProjectOf(ctx).ID, ID: tx.NewID(), State: Pending, FiledAt: core.Now(ctx), VerifiedAt: core.Now(ctx), Origin: in.Origin, Extra: in.Extra, MetOn: in.MetOn}
	if err := db.NewSubject(ctx, tx, c.Project, c.ID); err != nil {
		return c, err
	}
	on, err := regulation.On(ctx, tx, "C5.1")
	if err != nil {
		return c, err
	}
	if !on {
		c.State, c.ConfirmedAt = Active, core.Now(ctx)
	}
	if c.VerifyBy, err = verifyBy(ctx, tx); err != nil {
		return c, err
	}
	c.take(in)
	return c, c.setID(ctx, tx, in.IDNo)
}

// take writes the input over the file, all but the ID number.
func (c *Customer) take(in In) {
	c.Kind, c.Form, c.Name, c.NameKey = in.Kind, in.Form, in.Name, NameKey(string(in.Name))
	c.Industry, c.LegalPerson, c.Address, c.Nationality, c.Facilities = in.Industry, in.LegalPerson, in.Address, in.Nationality, in.Facilities
	c.Category, c.Grade, c.Credit, c.CreditNote, c.Needs, c.Opinions = in.Category, in.Grade, in.Credit, in.CreditNote, in.Needs, in.Opinions
	c.Keeper, c.MoveIn, c.Note = in.Keeper, in.MoveIn, in.Note
	c.Nature, c.Trade, c.Enterprise, c.ParentOrg = in.Nature, in.Trade, in.Enterprise, in.ParentOrg
	c.Plates, c.Relation, c.LeaseFrom, c.LeaseTo = in.Plates, in.Relation, in.LeaseFrom, in.LeaseTo
}

// setID seals the ID number under the customer's own key (L5); an empty one leaves what is there.
func (c *Customer) setID(ctx context.Context, tx db.Tx, id core.IDNumber) error {
	if id == "" {
		return nil
	}
	plain := tidyID(id)
	_, ok, _ := sheet.ParseID(sheet.TextCell(plain))
	sealed, err := db.SealFor(ctx, tx, c.Project, c.ID, plain)
	c.IDKind, c.IDSealed, c.IDBlind, c.IDMask, c.IDWrong = core.KindOfID(plain), sealed, db.Blind(tx, "idno", plain), core.IDNumber(plain).Mask(), !ok
	return err
}

// verifyBy is the day by which a file that is verified today must be verified again (B1.2).
func verifyBy(ctx context.Context, tx db.Tx) (core.Date, error) {
	clock, every, err := verification(ctx, tx)
	if err != nil {
		return "", err
	}
	return core.DateOf(clock.Due(core.Now(ctx), every, "").Add(-time.Microsecond), core.ProjectOf(ctx).Zone), nil
}

func verification(ctx context.Context, tx db.Tx) (calendar.Clock, core.Span, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return calendar.Clock{}, core.Span{}, err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	return clock, rules.Span("B1.2", "every"), err
}

// addParts stores the contacts, consents and the first unit of a new file.
func addParts(ctx context.Context, tx db.Tx, c Customer, in In) error {
	ks := make([]Contact, len(in.Contacts))
	for i, e := range in.Contacts {
		ks[i] = Contact{tx.NewID(), c.ID, e.Name, e.Role, e.Note, e.phones(), e.mail()}
	}
	if err := insertContacts(ctx, tx, ks...); err != nil {
		return err
	}
	for _, s := range in.consents(ctx, tx, c.ID) {
		if err := insertConsent(ctx, tx, s); err != nil {
			return err
		}
	}
	if in.Unit == 0 {
		return nil
	}
	part := in.Part
	if part == "" {
		part = AsTenant
	}
	from := in.MoveIn
	if from == "" && in.Origin != OriginImport {
		from = core.Today(ctx)
	}
	return insertStays(ctx, tx, Stay{ID: tx.NewID(), Customer: c.ID, Unit: in.Unit, Part: part, From: from, Origin: in.Origin})
}

// purpose is what consent is asked for: the running of the property, and nothing else (B1.4).
const (
	purpose   = "物业服务:联系、维修、收费与应急通知"
	idPurpose = "证件号:核验身份与签订合同"
)

func (in In) consents(ctx context.Context, tx db.Tx, customer core.ID) (out []Consent) {
	if in.Consent != "" {
		out = append(out, Consent{ID: tx.NewID(), Customer: customer, Purpose: purpose, How: in.Consent, GivenAt: core.Now(ctx), GivenBy: in.ConsentBy})
	}
	if in.Sensitive != "" && identity(in.IDNo) {
		out = append(out, Consent{ID: tx.NewID(), Customer: customer, Purpose: idPurpose, Sensitive: true, How: in.Sensitive, GivenAt: core.Now(ctx), GivenBy: in.ConsentBy})
	}
	return out
}

// settle does what a new file asks for: search, journal, the duties of its gaps or the approval, and the next
// verification.
func settle(ctx context.Context, tx db.Tx, c Customer, in In) error {
	verb := "created"
	if in.Origin == OriginImport {
		verb = "imported"
		if err := OpenGaps(ctx, tx, c); err != nil {
			return err
		}
	} else if err := askConfirmation(ctx, tx, c); err != nil {
		return err
	}
	if err := filed(ctx, tx, c, in.MetOn); err != nil {
		return err
	}
	if err := openVerification(ctx, tx, c); err != nil {
		return err
	}
	return record(ctx, tx, c, verb, in)
}

// filed is C15.2: a contact that was made on a day is on file from now on; whether in time, the duty remembers.
func filed(ctx context.Context, tx db.Tx, c Customer, metOn core.Date) error {
	if metOn == "" || c.Origin == OriginImport {
		return nil
	}
	if err := duty.Open(ctx, tx, "C15.2", c.Ref(), duty.From(metOn.Time(core.ProjectOf(ctx).Zone)), about(ctx, c, core.T("新客户备案", "Put the new customer on file"))); err != nil {
		return err
	}
	return duty.Done(ctx, tx, "C15.2", c.Ref())
}

func about(ctx context.Context, c Customer, what core.Text) duty.Option {
	return duty.About(core.T("%s:%s", "%s: %s", what, c.Discreet()), FileKind.Href(ctx, c.ID))
}

func openVerification(ctx context.Context, tx db.Tx, c Customer) error {
	return duty.OpenMany(ctx, tx, c.Project, []duty.Opening{nextVerification(ctx, c)})
}

func nextVerification(ctx context.Context, c Customer) duty.Opening {
	return duty.Opening{Clause: "B1.2", About: c.Ref(), Opts: []duty.Option{duty.Number("every"), duty.Again(), about(ctx, c, core.T("核实客户信息", "Verify the customer's information"))}}
}

// askConfirmation files the approval of C5.1. A supervisor's own file goes to the manager.
func askConfirmation(ctx context.Context, tx db.Tx, c Customer) error {
	if c.State != Pending {
		return nil
	}
	role := core.Supervisor
	if core.ActorOf(ctx).Has(c.Project, core.Supervisor) {
		role = core.Manager
	}
	_, err := approval.Ask(ctx, tx, approval.Request{Verb: "customer.file", About: c.Ref(), Clause: "C5.1", Title: core.T("客户建档:%s", "New customer file: %s", c.Discreet()),
		URL: FileKind.Href(ctx, c.ID), Reason: "建档经审批确认"}, map[string]string{"customer": c.ID.String()}, approval.Step{Role: role})
	return err
}

// record puts what happened to a file into the journal, the search and the live pages.
func record(ctx context.Context, tx db.Tx, c Customer, verb string, payload any) error {
	if err := feed(ctx, tx, c); err != nil {
		return err
	}
	tx.Publish(Topic(c.Project))
	if err := duty.Happened(ctx, tx, "customer."+verb, c.Ref(), c.Discreet(), FileKind.Href(ctx, c.ID)); err != nil {
		return err
	}
	return journal.Add(ctx, tx, c.Ref(), verb, payload, journal.For(c.ID))
}

// Topic is what the pages of a project's customers listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/customer" }

// feed puts a file into the search: names in all spellings, numbers, unit codes; what a hit shows is masked.
func feed(ctx context.Context, tx db.Tx, c Customer) error {
	if !c.Live() {
		return search.Remove(ctx, tx, c.Ref())
	}
	contacts, err := Contacts(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	codes, err := codesOf(ctx, tx, core.Today(ctx), c.ID)
	if err != nil {
		return err
	}
	return search.Put(ctx, tx, document(ctx, c, contacts, codes[c.ID]))
}

func document(ctx context.Context, c Customer, contacts []Contact, codes []string) search.Doc {
	d := search.Doc{Ref: c.Ref(), Perm: "customer.view", Title: string(c.Name), URL: FileKind.Href(ctx, c.ID), Names: []string{string(c.Name)}, Codes: codes, At: c.FiledAt,
		Words: []string{c.Industry}}
	sub := strings.Join(codes, "、")
	for i, k := range contacts {
		d.Names = append(d.Names, string(k.Name))
		d.Phones = append(d.Phones, k.Phones...)
		if i == 0 && len(k.Phones) > 0 {
			sub = strings.TrimSpace(sub + " " + string(k.Name) + " " + k.Phones[0].Mask())
		}
	}
	d.Sub = sub
	return d
}

// editable refuses to change a file that is merged or erased.
func editable(c Customer) error {
	if !c.Live() {
		return core.Conflict("档案%s,不能再修改", "The file is %s and cannot be changed", core.Label(states(), c.State))
	}
	return nil
}

func canEdit(ctx context.Context, tx db.Tx, id core.ID) error {
	c, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	return editable(c)
}

// lockLive reads a file that is about to change.
func lockLive(ctx context.Context, tx db.Tx, id core.ID) (Customer, error) {
	c, err := lock(ctx, tx, id)
	if err == nil {
		err = editable(c)
	}
	return c, err
}

// Edit enters changed particulars (C15.2 is done by it). An empty ID number leaves the one on file.
func Edit(ctx context.Context, tx db.Tx, id core.ID, in In) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	in.complete()
	if err := canEditTo(ctx, tx, c, in); err != nil {
		return err
	}
	before := c
	c.take(in)
	if err := c.setID(ctx, tx, in.IDNo); err != nil {
		return err
	}
	for _, s := range in.consents(ctx, tx, c.ID) {
		if err := insertConsent(ctx, tx, s); err != nil {
			return err
		}
	}
	if err := update(ctx, tx, c); err != nil {
		return err
	}
	if err := duty.Done(ctx, tx, "C15.2", c.Ref()); err != nil {
		return err
	}
	if err := closeGaps(ctx, tx, c); err != nil {
		return err
	}
	if err := maintained(ctx, tx, c, differences(ctx, before, c)); err != nil {
		return err
	}
	return record(ctx, tx, c, "edited", in)
}

// canEditTo asks of a change what canFile asks of a new file; imported files are not refused for the gaps they came
// with, which have their duties.
func canEditTo(ctx context.Context, tx db.Tx, c Customer, in In) error {
	if err := checkID(in.IDNo); err != nil {
		return err
	}
	contacts, consents, err := standing(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	if general(consents) {
		in.Consent = "on file"
	}
	if sensitive(consents) {
		in.Sensitive = "on file"
	}
	in.Contacts = make([]Entry, len(contacts))
	if c.Origin == OriginImport && in.Consent == "" && in.IDNo == "" {
		return canBeKeyNow(ctx, tx, c, in)
	}
	return canFile(ctx, tx, c.ID, in)
}

func canBeKeyNow(ctx context.Context, tx db.Tx, c Customer, in In) error {
	if c.Category == in.Category {
		return nil
	}
	return canBeKey(ctx, tx, in.Category, persons(in.Contacts))
}

func persons(entries []Entry) int { return len(entries) }

func standing(ctx context.Context, tx db.Tx, id core.ID) ([]Contact, []Consent, error) {
	contacts, err := Contacts(ctx, tx, id)
	if err != nil {
		return nil, nil, err
	}
	consents, err := Consents(ctx, tx, id)
	return contacts, consents, err
}

// general reports whether a consent to the running of the property holds. That to one matter is none, nor that of a family
// member to his own particulars.
func general(consents []Consent) bool {
	for _, s := range consents {
		if !s.Sensitive && !s.Bounded() && s.Purpose != familyPurpose && s.WithdrawnAt.IsZero() {
			return true
		}
	}
	return false
}

func sensitive(consents []Consent) bool {
	for _, s := range consents {
		if s.Sensitive && !s.Bounded() && s.WithdrawnAt.IsZero() {
			return true
		}
	}
	return false
}

// Confirm is the supervisor's yes to a new file (C5.1). Confirming a confirmed file does nothing.
func Confirm(ctx context.Context, tx db.Tx, id core.ID) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil || c.State == Active {
		return err
	}
	if err := canConfirm(ctx, tx, c); err != nil {
		return err
	}
	c.State, c.ConfirmedAt, c.ConfirmedBy = Active, core.Now(ctx), core.ActorOf(ctx).ID
	if err := update(ctx, tx, c); err != nil {
		return err
	}
	if err := duty.Done(ctx, tx, "C5.1", c.Ref()); err != nil {
		return err
	}
	return record(ctx, tx, c, "confirmed", nil)
}

func canConfirm(ctx context.Context, tx db.Tx, c Customer) error {
	if c.State != Pending {
		return core.Conflict("档案现为「%s」,无须确认", "The file is “%s” and needs no confirmation", core.Label(states(), c.State))
	}
	if c.Origin == OriginImport {
		return nil
	}
	contacts, err := Contacts(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	return canBeKey(ctx, tx, c.Category, len(contacts))
}

// canConfirmHere is for imported files: others are confirmed by deciding their approval.
func canConfirmHere(ctx context.Context, tx db.Tx, id core.ID) error {
	c, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	if c.State == Pending && c.Origin != OriginImport {
		return core.Conflict("建档审批办理中,请在「审批」里处理", "The approval of this file is under way; decide it there")
	}
	return canConfirm(ctx, tx, c)
}

// Verify records that the file was checked with the customer (B1.2) and opens the next verification.
func Verify(ctx context.Context, tx db.Tx, id core.ID, note string) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	c.VerifiedAt = core.Now(ctx)
	if c.VerifyBy, err = verifyBy(ctx, tx); err != nil {
		return err
	}
	if err := update(ctx, tx, c); err != nil {
		return err
	}
	if err := duty.Done(ctx, tx, "B1.2", c.Ref()); err != nil {
		return err
	}
	if err := openVerification(ctx, tx, c); err != nil {
		return err
	}
	return record(ctx, tx, c, "verified", map[string]string{"note": note})
}

// First is a first contact with somebody who is not yet on file.
type First struct {
	Name  core.Personal
	Phone core.Phone
	On    core.Date // today when empty
	How   string
	Note  string
	// Consent to keep the number until the file is made (B1.4).
	Consent string
}

// Meet records a first contact and opens the duty to put the customer on file (C15.2).
func Meet(ctx context.Context, tx db.Tx, in First) (core.ID, error) {
	whole := In{Name: in.Name, Category: Potential, MetOn: in.On, Note: in.Note, Consent: in.Consent, Contacts: []Entry{{Name: in.Name, Phone: in.Phone}}}
	if whole.MetOn == "" {
		whole.MetOn = core.Today(ctx)
	}
	whole.complete()
	if err := canTakeDown(ctx, tx, whole); err != nil {
		return 0, err
	}
	c, err := newFile(ctx, tx, whole)
	if err != nil {
		return 0, err
	}
	c.State = Met
	if err := insert(ctx, tx, c); err != nil {
		return 0, err
	}
	if err := addParts(ctx, tx, c, whole); err != nil {
		return 0, err
	}
	if err := duty.Open(ctx, tx, "C15.2", c.Ref(), duty.From(c.MetOn.Time(core.ProjectOf(ctx).Zone)), about(ctx, c, core.T("新客户备案", "Put the new customer on file"))); err != nil {
		return 0, err
	}
	return c.ID, record(ctx, tx, c, "met", in)
}

// File puts a customer who was only met on file (C15.2), which then awaits confirmation (C5.1).
func File(ctx context.Context, tx db.Tx, id core.ID, in In) error {
	c, err := lockLive(ctx, tx, id)
	if err == nil {
		err = canFileNow(c)
	}
	if err != nil {
		return err
	}
	in.complete()
	if err := canEditTo(ctx, tx, c, in); err != nil {
		return err
	}
	met := c.MetOn
	c.take(in)
	if err := c.setID(ctx, tx, in.IDNo); err != nil {
		return err
	}
	c.MetOn, c.State = met, Pending
	if on, err := regulation.On(ctx, tx, "C5.1"); err != nil {
		return err
	} else if !on {
		c.State, c.ConfirmedAt = Active, core.Now(ctx)
	}
	for _, s := range in.consents(ctx, tx, c.ID) {
		if err := insertConsent(ctx, tx, s); err != nil {
			return err
		}
	}
	if err := update(ctx, tx, c); err != nil {
		return err
	}
	if err := askConfirmation(ctx, tx, c); err != nil {
		return err
	}
	if err := duty.Done(ctx, tx, "C15.2", c.Ref()); err != nil {
		return err
	}
	if err := openVerification(ctx, tx, c); err != nil {
		return err
	}
	return record(ctx, tx, c, "filed", in)
}

func canFileNow(c Customer) error {
	if c.State != Met {
		return core.Conflict("档案已经备案", "The customer is on file already")
	}
	return nil
}

// Change records that a customer told us of a change; it must be entered within the term of C15.2.
func Change(ctx context.Context, tx db.Tx, id core.ID, what string) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := touch(ctx, tx, id); err != nil {
		return err
	}
	if err := duty.Open(ctx, tx, "C15.2", c.Ref(), duty.Again(), about(ctx, c, core.T("更新客户资料", "Enter the customer's change"))); err != nil {
		return err
	}
	if err := propose(ctx, tx, c, Upkeep{Source: FromDesk, What: what}, nil); err != nil {
		return err
	}
	return record(ctx, tx, c, "change", map[string]any{"what": core.Personal(what)})
}

// OpenGaps opens a duty for everything that an imported file lacks: consent (B1.4), the second contact of a key customer
// (C15.4), confirmation (C5.1), an ID number that passes its check (B1.1). Each is due with the file's next
// verification (B1.2).
func OpenGaps(ctx context.Context, tx db.Tx, c Customer) error {
	contacts, consents, err := standing(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	opens, err := openings(ctx, tx, c, contacts, consents)
	if err != nil {
		return err
	}
	return duty.OpenMany(ctx, tx, c.Project, opens)
}

// openings are the duties that the gaps of a file ask for.
func openings(ctx context.Context, tx db.Tx, c Customer, contacts []Contact, consents []Consent) ([]duty.Opening, error) {
	clock, every, err := verification(ctx, tx)
	if err != nil {
		return nil, err
	}
	due := clock.Due(core.Now(ctx), every, "")
	var out []duty.Opening
	for _, g := range gaps(ctx, tx, c, contacts, consents) {
		out = append(out, duty.Opening{Clause: g.clause, About: c.Ref(), Opts: []duty.Option{duty.Number("gap"), duty.Due(due), about(ctx, c, g.what)}})
	}
	return out, nil
}

type gap struct {
	clause string
	what   core.Text
}

func gaps(ctx context.Context, tx db.Tx, c Customer, contacts []Contact, consents []Consent) []gap {
	var out []gap
	if c.IDWrong {
		out = append(out, gap{"B1.1", core.T("核对证件号(校验不符)", "Check the ID number (its check digit does not fit)")})
	}
	if (c.Form == Person || len(contacts) > 0 || c.LegalPerson != "") && !general(consents) {
		out = append(out, gap{"B1.4", core.T("补录个人信息同意", "Record the consent to personal data")})
	}
	if c.Category == Key {
		if n, err := regulation.Count(ctx, tx, "C15.4", "contacts"); err == nil && len(contacts) < n {
			out = append(out, gap{"C15.4", core.T("补足联系人员", "Add the missing contact persons")})
		}
	}
	if c.State == Pending {
		out = append(out, gap{"C5.1", core.T("确认导入的档案", "Confirm the imported file")})
	}
	return out
}

// closeGaps ends the duties of gaps that are gone.
func closeGaps(ctx context.Context, tx db.Tx, c Customer) error {
	contacts, consents, err := standing(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	return closeGone(ctx, tx, c, gaps(ctx, tx, c, contacts, consents))
}

func closeGone(ctx context.Context, tx db.Tx, c Customer, left []gap) error {
	for _, clause := range []string{"B1.1", "B1.4", "C15.4"} {
		if slices.ContainsFunc(left, func(g gap) bool { return g.clause == clause }) {
			continue
		}
		if err := duty.Done(ctx, tx, clause, c.Ref()); err != nil {
			return err
		}
	}
	return nil
}

// AddContact takes down one more contact.
func AddContact(ctx context.Context, tx db.Tx, id core.ID, e Entry) (core.ID, error) {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if err := canTakeMore(ctx, tx, c); err != nil {
		return 0, err
	}
	if err := canAddFamily(ctx, tx, c, e); err != nil {
		return 0, err
	}
	k := Contact{tx.NewID(), c.ID, e.Name, e.Role, e.Note, e.phones(), e.mail()}
	if err := insertContacts(ctx, tx, k); err != nil {
		return 0, err
	}
	return k.ID, touched(ctx, tx, c, "contact_added", e)
}

// canTakeMore is B1.4 for a file that exists: without consent on file no more personal data is taken down.
func canTakeMore(ctx context.Context, tx db.Tx, c Customer) error {
	consents, err := Consents(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "B1.4", general(consents), core.T("档案里没有有效的同意,请先记录本人同意", "There is no valid consent on file; record it first"))
}

func canAddContact(ctx context.Context, tx db.Tx, id core.ID) error {
	c, err := Get(ctx, tx, id)
	if err == nil {
		err = editable(c)
	}
	if err != nil {
		return err
	}
	return canTakeMore(ctx, tx, c)
}

// touched ends a change of a row that belongs to a file.
func touched(ctx context.Context, tx db.Tx, c Customer, verb string, payload any) error {
	if err := touch(ctx, tx, c.ID); err != nil {
		return err
	}
	if err := closeGaps(ctx, tx, c); err != nil {
		return err
	}
	return record(ctx, tx, c, verb, payload)
}

// ChangeContact corrects a contact; an empty number leaves those on file.
func ChangeContact(ctx context.Context, tx db.Tx, id, contact core.ID, e Entry) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := canBecome(ctx, tx, c, contact, e); err != nil {
		return err
	}
	if err := updateContact(ctx, tx, Contact{contact, id, e.Name, e.Role, e.Note, nil, ""}); err != nil {
		return err
	}
	if e.Mail != "" {
		if err := putMail(ctx, tx, id, contact, e.mail()); err != nil {
			return err
		}
	}
	if len(e.phones()) > 0 {
		if err := dropPhones(ctx, tx, id, contact); err != nil {
			return err
		}
		if err := insertPhones(ctx, tx, id, contact, e.phones()); err != nil {
			return err
		}
	}
	if err := duty.Done(ctx, tx, "C15.2", c.Ref()); err != nil {
		return err
	}
	return touched(ctx, tx, c, "contact_changed", e)
}

// RemoveContact takes a contact off the file; a key customer keeps two (C15.4).
func RemoveContact(ctx context.Context, tx db.Tx, id, contact core.ID) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	all, err := Contacts(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := canBeKey(ctx, tx, c.Category, len(all)-1); err != nil {
		return err
	}
	var name core.Personal
	for _, k := range all {
		if k.ID == contact {
			name = k.Name
		}
	}
	if err := removeContact(ctx, tx, id, contact); err != nil {
		return err
	}
	if err := dropPhones(ctx, tx, id, contact); err != nil {
		return err
	}
	return touched(ctx, tx, c, "contact_removed", map[string]any{"name": name})
}

// Occupation is a customer's part in a unit from a day on.
type Occupation struct {
	Unit core.ID
	Part string
	From core.Date // today when empty
}

// Occupy gives a customer a part in a unit. The unit's row is locked, so that its state follows all who come and go at
// once, and nobody moves into one that is being split or merged.
func Occupy(ctx context.Context, tx db.Tx, id core.ID, in Occupation) (core.ID, error) {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	u, err := estate.Lock(ctx, tx, in.Unit)
	if core.IsKind(err, core.KindNotFound) {
		return 0, core.Invalid("unit", "没有这个单元", "There is no such unit")
	}
	if err == nil {
		err = u.Exists()
	}
	if err != nil {
		return 0, err
	}
	if in.From == "" {
		in.From = core.Today(ctx)
	}
	stays, err := Stays(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	for _, s := range stays {
		if s.Unit == in.Unit && s.Part == in.Part && s.To == "" {
			return 0, core.Conflict("已经登记过 %s", "%s is recorded already", u.Code)
		}
	}
	s := Stay{ID: tx.NewID(), Customer: id, Unit: in.Unit, Part: in.Part, From: in.From}
	if err := insertStays(ctx, tx, s); err != nil {
		return 0, err
	}
	if in.Part == AsTenant && u.State == estate.Free {
		if err := estate.SetState(ctx, tx, u.ID, estate.Let); err != nil {
			return 0, err
		}
	}
	return s.ID, touched(ctx, tx, c, "occupied", map[string]string{"code": u.Code, "part": in.Part, "label": core.Label(parts(), in.Part).ZH, "from": string(in.From)})
}

// Vacate ends a customer's part in a unit; a unit without another tenant is vacant then.
func Vacate(ctx context.Context, tx db.Tx, id, stay core.ID, on core.Date) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	if on == "" {
		on = core.Today(ctx)
	}
	stays, err := Stays(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, s := range stays {
		if s.ID != stay {
			continue
		}
		if s.From > on {
			return core.Invalid("on", "止期早于起期", "The end is before the beginning")
		}
		if err := endStay(ctx, tx, s, on); err != nil {
			return err
		}
		code, err := freed(ctx, tx, s)
		if err != nil {
			return err
		}
		return touched(ctx, tx, c, "vacated", map[string]string{"code": code, "to": string(on)})
	}
	return core.NotFound()
}

// freed makes a unit vacant whose last tenant has left. It is locked before the others are counted: one who moves in, or
// out, at the same time is seen, or waits.
func freed(ctx context.Context, tx db.Tx, s Stay) (string, error) {
	u, err := estate.Lock(ctx, tx, s.Unit)
	if err != nil || s.Part != AsTenant || u.State != estate.Let || u.Ended != "" {
		return u.Code, err
	}
	others, err := StaysIn(ctx, tx, s.Unit)
	if err != nil {
		return "", err
	}
	for _, o := range others {
		if o.Part == AsTenant && o.To == "" {
			return u.Code, nil
		}
	}
	return u.Code, estate.SetState(ctx, tx, u.ID, estate.Free)
}

// Contacted reports a contact with a customer (C15.4).
func Contacted(ctx context.Context, tx db.Tx, id core.ID, how, summary string) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	a := core.ActorOf(ctx)
	if err := insertReport(ctx, tx, Report{tx.NewID(), id, core.Now(ctx), a.ID, a.Name, how, summary}); err != nil {
		return err
	}
	return touched(ctx, tx, c, "reported", map[string]any{"how": how, "summary": core.Personal(summary)})
}

// Consented records a consent (B1.4, L5).
func Consented(ctx context.Context, tx db.Tx, id core.ID, s Consent) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	s.ID, s.Customer, s.GivenAt = tx.NewID(), id, core.Now(ctx)
	if s.Purpose == "" {
		s.Purpose = purpose
	}
	if err := insertConsent(ctx, tx, s); err != nil {
		return err
	}
	return touched(ctx, tx, c, "consented", s)
}

// Withdraw records that a consent was withdrawn (L5); it is never refused. With the consent to the identity number the
// number itself goes.
func Withdraw(ctx context.Context, tx db.Tx, id, consent core.ID, how string) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	all, err := Consents(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := withdrawConsent(ctx, tx, id, consent, how); err != nil {
		return err
	}
	for _, s := range all {
		if s.ID != consent {
			continue
		}
		if s.Sensitive && c.IDKind != "uscc" {
			c.IDSealed, c.IDBlind, c.IDMask, c.IDKind, c.IDWrong = "", "", "", "", false
			if err := update(ctx, tx, c); err != nil {
				return err
			}
		}
		key, value := s.about()
		return touched(ctx, tx, c, "withdrawn", map[string]string{key: value, "how": how})
	}
	return core.NotFound()
}
