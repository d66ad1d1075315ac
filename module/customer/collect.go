package customer

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	attachment "huiyin/file"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
)

// Natures of a customer (C6.8).
const (
	Usual   = "usual"   // 一般客户: business dealings
	Special = "special" // 特殊客户: a partner, person or institution
)

// Natures are the two of C6.8.
func Natures() []core.Choice {
	return []core.Choice{{Value: Usual, Label: core.T("一般客户(有业务往来)", "Ordinary (business dealings)")}, {Value: Special, Label: core.T("特殊客户(合作个人及机构)", "Special (partner, person or institution)")}}
}

// Trades are what special customers do for the firm (C6.8).
func Trades() []core.Choice {
	return []core.Choice{{Value: "law", Label: core.T("律师", "Lawyers")}, {Value: "finance", Label: core.T("财务顾问", "Financial advisers")}, {Value: "advertising", Label: core.T("广告", "Advertising")},
		{Value: "pr", Label: core.T("公关", "Public relations")}, {Value: "bank", Label: core.T("银行", "Banks")}, {Value: "insurance", Label: core.T("保险", "Insurers")}, {Value: "other", Label: core.T("其他合作方", "Other partners")}}
}

// Enterprises are the types of enterprise on 客户基本信息表 (C15.8).
func Enterprises() []core.Choice {
	return []core.Choice{{Value: "state", Label: core.T("国有企业", "State-owned")}, {Value: "private", Label: core.T("民营企业", "Private")}, {Value: "foreign", Label: core.T("外资企业", "Foreign-invested")},
		{Value: "joint", Label: core.T("合资企业", "Joint venture")}, {Value: "sole", Label: core.T("个体工商户", "Sole trader")}, {Value: "public", Label: core.T("机关事业单位", "Public institution")}, {Value: "other", Label: core.T("其他", "Other")}}
}

// canBeOf is C6.8: a special customer is filed with what it does for the firm; and a lease ends after it begins.
func canBeOf(ctx context.Context, tx db.Tx, in In) error {
	if in.LeaseFrom != "" && in.LeaseTo != "" && in.LeaseTo < in.LeaseFrom {
		return core.Invalid("lease_to", "租赁止期早于起期", "The lease ends before it begins")
	}
	if err := checkMails(in.Contacts...); err != nil {
		return err
	}
	if slices.ContainsFunc(in.Contacts, func(e Entry) bool { return e.Role == RoleFamily }) {
		if err := familyOpen(ctx, tx); err != nil {
			return err
		}
		if err := regulation.Guard(ctx, tx, "B1.5", false, core.T("家庭成员请建档后用「登记家庭成员」,并记录本人同意", "Record family members after the file is made, each with consent")); err != nil {
			return err
		}
	}
	return regulation.Guard(ctx, tx, "C6.8", in.Nature != Special || in.Trade != "", core.T("特殊客户请选定合作类型:律师、财务顾问、广告、公关、银行、保险等", "Say what a special customer does: law, finance, advertising, public relations, banking, insurance…"))
}

func checkMails(es ...Entry) error {
	for _, e := range es {
		if e.Mail == "" {
			continue
		}
		if _, err := notify.CheckMail(string(e.Mail)); err != nil {
			return core.Invalid("mail", "邮箱地址不正确,应如 name@example.com", "That is not an address such as name@example.com")
		}
	}
	return nil
}

// mail is the contact's address in small letters.
func (e Entry) mail() string { return strings.ToLower(strings.TrimSpace(string(e.Mail))) }

// putMail gives a contact an e-mail address; an empty one leaves what is there.
func putMail(ctx context.Context, tx db.Tx, customer, contact core.ID, address string) error {
	if address == "" {
		return nil
	}
	p := core.ProjectOf(ctx).ID
	if err := dropMail(ctx, tx, customer, contact); err != nil {
		return err
	}
	_, err := db.Exec(ctx, tx, "insert into customer_mail (project_id, id, customer_id, contact_id, address) values ($1,$2,$3,$4,$5)", p, tx.NewID(), customer, contact, address)
	return err
}

func dropMail(ctx context.Context, tx db.Tx, customer, contact core.ID) error {
	_, err := db.Exec(ctx, tx, "delete from customer_mail where project_id = $1 and customer_id = $2 and contact_id = $3", core.ProjectOf(ctx).ID, customer, contact)
	return err
}

type mailRow struct {
	contact core.ID
	address string
}

// withMails fills the e-mail addresses of a customer's contacts.
func withMails(ctx context.Context, tx db.Tx, customer core.ID, ks []Contact) error {
	rows, err := db.All(ctx, tx, func(r *mailRow) []any { return []any{&r.contact, &r.address} }, "select contact_id, address from customer_mail where project_id = $1 and customer_id = $2 order by id", core.ProjectOf(ctx).ID, customer)
	for _, r := range rows {
		for i := range ks {
			if ks[i].ID == r.contact {
				ks[i].Mail = r.address
			}
		}
	}
	return err
}

// ByMail finds the customers that an e-mail address is on file for.
func ByMail(ctx context.Context, tx db.Tx, address string) ([]Match, error) {
	address = strings.ToLower(strings.TrimSpace(address))
	type hit struct{ customer, contact core.ID }
	hits, err := db.All(ctx, tx, func(h *hit) []any { return []any{&h.customer, &h.contact} }, `select customer_id, contact_id from customer_mail where project_id = $1 and address = $2
		order by customer_id, id limit 50`, core.ProjectOf(ctx).ID, address)
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	var ids []core.ID
	contact := map[core.ID]core.ID{}
	for _, h := range hits {
		if contact[h.customer] == 0 {
			ids, contact[h.customer] = append(ids, h.customer), h.contact
		}
	}
	ms, err := describe(ctx, tx, ids, "mail", "")
	for i := range ms {
		ks, err := contactsOf(ctx, tx, ms[i].Customer)
		if err != nil {
			return nil, err
		}
		for _, k := range ks {
			if k.ID == contact[ms[i].Customer] {
				ms[i].Contact, ms[i].Person, ms[i].Role, ms[i].Number, ms[i].Phone = k.ID, string(k.Name), k.Role, "", ""
				if len(k.Phones) > 0 {
					ms[i].Number, ms[i].Phone = k.Phones[0], k.Phones[0].Mask()
				}
			}
		}
	}
	return ms, err
}

// MaskMail is an e-mail address as pages show it: z****@example.com.
func MaskMail(address string) string {
	name, domain, ok := strings.Cut(address, "@")
	if !ok || name == "" {
		return ""
	}
	return string([]rune(name)[:1]) + "****@" + domain
}

// Untyped lists what is collected of a customer of this type and is not there (B1.5).
func Untyped(ctx context.Context, tx db.Tx, c Customer, contacts []Contact) ([]core.Text, error) {
	on, err := regulation.On(ctx, tx, "B1.5")
	if err != nil || !on || !c.Live() {
		return nil, err
	}
	phone := slices.ContainsFunc(contacts, func(k Contact) bool { return len(k.Phones) > 0 })
	want := map[string][]lack{
		KindOwner:    {{phone, core.T("电话", "telephone")}, {c.Address != "", core.T("住址", "address")}, {c.Plates != "", core.T("车牌号", "number plate")}},
		KindResident: {{c.Relation != "", core.T("与业主关系", "relation to the owner")}, {phone, core.T("电话", "telephone")}},
		KindTenant:   {{phone, core.T("电话", "telephone")}, {c.LeaseFrom != "" && c.LeaseTo != "", core.T("租赁期限", "lease term")}},
	}
	return lacking(want[c.Kind]), nil
}

type lack struct {
	have  bool
	label core.Text
}

func lacking(all []lack) []core.Text {
	var out []core.Text
	for _, l := range all {
		if !l.have {
			out = append(out, l.label)
		}
	}
	return out
}

// familyPurpose is the consent that a family member's data needs (B1.5).
const familyPurpose = "家庭成员信息:联系与应急"

// Family is one family member as it is taken down.
type Family struct {
	Name     core.Personal
	Relation string
	Phone    core.Phone
	How      string // how the member's consent was given
}

// familyOpen is B1.5: families are taken down only where the firm has decided to.
func familyOpen(ctx context.Context, tx db.Tx) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "B1.5", rules.Value("B1.5", "family") == "asked", core.T("家庭成员默认不采集;管理层在制度设置里开启后,经同意才登记", "Family members are not recorded unless the firm has switched that on, and then with consent only"))
}

// canAddFamily keeps family members from coming in as ordinary contacts (B1.5).
func canAddFamily(ctx context.Context, tx db.Tx, c Customer, e Entry) error {
	if err := checkMails(e); err != nil || e.Role != RoleFamily {
		return err
	}
	if err := familyOpen(ctx, tx); err != nil {
		return err
	}
	consents, err := Consents(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	agreed := slices.ContainsFunc(consents, func(s Consent) bool {
		return strings.HasPrefix(s.Purpose, familyPurpose) && s.WithdrawnAt.IsZero() && s.GivenBy == e.Name
	})
	return regulation.Guard(ctx, tx, "B1.5", agreed, core.T("家庭成员经本人同意才登记:请写明同意的取得方式", "A family member is recorded with consent only: say how it was given"))
}

// canBecome asks the same of a contact who is turned into a family member.
func canBecome(ctx context.Context, tx db.Tx, c Customer, contact core.ID, e Entry) error {
	ks, err := Contacts(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(ks, func(k Contact) bool { return k.ID == contact && k.Role == e.Role }) {
		return checkMails(e)
	}
	return canAddFamily(ctx, tx, c, e)
}

// AddFamily takes a family member down with the member's own consent (B1.5).
func AddFamily(ctx context.Context, tx db.Tx, id core.ID, in Family) (core.ID, error) {
	if in.How != "" {
		if err := Consented(ctx, tx, id, Consent{Purpose: familyPurpose, How: in.How, GivenBy: in.Name}); err != nil {
			return 0, err
		}
	}
	return AddContact(ctx, tx, id, Entry{Name: in.Name, Role: RoleFamily, Phone: in.Phone, Note: in.Relation})
}

func familyVerb() register.Verber {
	return register.Verb[Family]{Name: "add_family", Label: core.T("登记家庭成员", "Add a family member"), Roles: keepers(), Clause: "B1.5",
		Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
			c, err := Get(ctx, tx, id)
			if err == nil {
				err = editable(c)
			}
			if err == nil && (c.Form != Person || c.Kind != KindOwner && c.Kind != KindResident) {
				err = core.Conflict("只有个人业主、住户才登记家庭成员", "Only of owners and residents who are persons")
			}
			if err == nil {
				err = familyOpen(ctx, tx)
			}
			return err
		},
		Fields: []core.Field[Family]{{Name: "name", Label: core.T("姓名", "Name"), Ptr: func(f *Family) any { return &f.Name }, Required: true, Max: 60},
			{Name: "relation", Label: core.T("关系", "Relation"), Ptr: func(f *Family) any { return &f.Relation }, Max: 40}, {Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(f *Family) any { return &f.Phone }},
			{Name: "how", Label: core.T("本人同意的取得方式", "How the member's consent was given"), Ptr: func(f *Family) any { return &f.How }, Choices: consentHows()}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in Family) (core.ID, error) {
			_, err := AddFamily(ctx, tx, id, in)
			return id, err
		}}
}

// Paper is one paper filed at admission (A8.1).
type Paper struct {
	ID     core.ID
	At     time.Time
	By     string
	Kind   string
	Title  string
	Number string
	Until  core.Date // valid until; empty: without an end
	Files  []core.Upload
}

func (p *Paper) dest() []any {
	return []any{&p.ID, &p.At, &p.By, &p.Kind, &p.Title, &p.Number, &p.Until}
}

// Kinds of papers (A8.1).
const (
	Qualification = "qualification" // 资质
	Contract      = "contract"      // 合同
)

func paperKinds() []core.Choice {
	return []core.Choice{{Value: Qualification, Label: core.T("资质(执照、许可)", "Qualification (licence, permit)")}, {Value: Contract, Label: core.T("合同", "Contract")}, {Value: "identity", Label: core.T("身份证明", "Proof of identity")}, {Value: "other", Label: core.T("其他资料", "Other papers")}}
}

// Papers are what was filed of a customer, oldest first (A8.1).
func Papers(ctx context.Context, tx db.Tx, customer core.ID) ([]Paper, error) {
	return db.All(ctx, tx, (*Paper).dest, "select id, at, by_name, kind, title, number, until from customer_paper where project_id = $1 and customer_id = $2 order by id", core.ProjectOf(ctx).ID, customer)
}

// FilePaper files a paper of admission: what it is, its number and end, and the scan (A8.1).
func FilePaper(ctx context.Context, tx db.Tx, id core.ID, in Paper) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	if in.Number == "" && len(in.Files) == 0 {
		return core.Invalid("number", "请填写编号,或附上扫描件", "Give its number, or attach a scan")
	}
	p := core.ProjectOf(ctx).ID
	if _, err := db.Exec(ctx, tx, "insert into customer_paper (project_id, id, customer_id, at, by_name, kind, title, number, until) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
		p, tx.NewID(), id, core.Now(ctx), core.ActorOf(ctx).Name, in.Kind, in.Title, in.Number, in.Until); err != nil {
		return err
	}
	for _, up := range in.Files {
		if _, err := attachment.Attach(ctx, tx, c.Ref(), in.Kind, up); err != nil {
			return err
		}
	}
	return touched(ctx, tx, c, "paper", map[string]any{"kind": in.Kind, "title": core.Personal(strings.TrimSpace(in.Title + " " + in.Number))})
}

// Unadmitted lists what is collected at admission and is not on file (A8.1): basic information, qualification, contract.
func Unadmitted(ctx context.Context, tx db.Tx, c Customer, contacts []Contact, papers []Paper, leases int) ([]core.Text, error) {
	on, err := regulation.On(ctx, tx, "A8.1")
	if err != nil || !on || !c.Live() || c.Kind != KindTenant && c.Kind != KindOwner {
		return nil, err
	}
	has := func(kind string) bool {
		return slices.ContainsFunc(papers, func(p Paper) bool { return p.Kind == kind })
	}
	return lacking([]lack{{c.IDMask != "" && len(contacts) > 0, core.T("基本信息(证件号、联系人)", "basic information (ID number, contact)")},
		{has(Qualification) || c.Form == Person, core.T("资质", "qualification")}, {has(Contract) || leases > 0, core.T("合同", "contract")}}), nil
}

func paperVerb() register.Verber {
	return register.Verb[Paper]{Name: "add_paper", Label: core.T("归档资料", "File a paper"), Roles: keepers(), Clause: "A8.1", Can: canEdit,
		Fields: []core.Field[Paper]{{Name: "kind", Label: core.T("种类", "Kind"), Ptr: func(p *Paper) any { return &p.Kind }, Required: true, Choices: paperKinds()},
			{Name: "title", Label: core.T("名称", "Title"), Ptr: func(p *Paper) any { return &p.Title }, Required: true, Max: 100},
			{Name: "number", Label: core.T("编号(合同号、证照号)", "Number (of contract or licence)"), Ptr: func(p *Paper) any { return &p.Number }, Max: 60},
			{Name: "until", Label: core.T("有效期至", "Valid until"), Ptr: func(p *Paper) any { return &p.Until }},
			{Name: "files", Label: core.T("扫描件", "Scan"), Ptr: func(p *Paper) any { return &p.Files }, Kind: core.KindFile, Max: 10}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in Paper) (core.ID, error) {
			return id, FilePaper(ctx, tx, id, in)
		}}
}

// Remark is one dated note of what a customer needs, thinks and how business goes (A8.1).
type Remark struct {
	On   core.Date
	By   string
	Kind string
	Text string
}

func (r *Remark) dest() []any { return []any{&r.On, &r.By, &r.Kind, &r.Text} }

func remarkKinds() []core.Choice {
	return []core.Choice{{Value: "need", Label: core.T("需求", "Need")}, {Value: "opinion", Label: core.T("意见", "Opinion")}, {Value: "business", Label: core.T("经营状况", "Trading position")}, {Value: "other", Label: core.T("其他动态", "Other news")}}
}

// remarksShown is how many notes a page shows.
const remarksShown = 20

// Remarks are the newest notes about a customer, at most limit.
func Remarks(ctx context.Context, tx db.Tx, customer core.ID, limit int) ([]Remark, error) {
	return db.All(ctx, tx, (*Remark).dest, "select on_day, by_name, kind, text from customer_note where project_id = $1 and customer_id = $2 order by on_day desc, id desc limit $3", core.ProjectOf(ctx).ID, customer, limit)
}

// AddRemark notes what came up in daily work (A8.1).
func AddRemark(ctx context.Context, tx db.Tx, id core.ID, in Remark) error {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	if in.On == "" {
		in.On = core.Today(ctx)
	}
	if in.On > core.Today(ctx) {
		return core.Invalid("on", "日期不能晚于今天", "The day cannot be later than today")
	}
	if _, err := db.Exec(ctx, tx, "insert into customer_note (project_id, id, customer_id, at, on_day, by_name, kind, text) values ($1,$2,$3,$4,$5,$6,$7,$8)",
		core.ProjectOf(ctx).ID, tx.NewID(), id, core.Now(ctx), in.On, core.ActorOf(ctx).Name, in.Kind, in.Text); err != nil {
		return err
	}
	return touched(ctx, tx, c, "noted", map[string]any{"kind": in.Kind, "text": core.Personal(in.Text)})
}

func noteVerb() register.Verber {
	return register.Verb[Remark]{Name: "note", Label: core.T("记动态信息", "Note what is new"), Roles: append(keepers(), core.Manager), Clause: "A8.1", Can: canEdit,
		Fields: []core.Field[Remark]{{Name: "kind", Label: core.T("种类", "Kind"), Ptr: func(r *Remark) any { return &r.Kind }, Required: true, Kind: core.KindRadio, Choices: remarkKinds()},
			{Name: "on", Label: core.T("日期", "Day"), Ptr: func(r *Remark) any { return &r.On }}, {Name: "text", Label: core.T("内容", "What"), Ptr: func(r *Remark) any { return &r.Text }, Required: true, Kind: core.KindLines, Max: 2000}},
		Fill: func(ctx context.Context, _ db.Tx, _ core.ID, r *Remark) error { r.On = core.Today(ctx); return nil },
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in Remark) (core.ID, error) {
			return id, AddRemark(ctx, tx, id, in)
		}}
}
