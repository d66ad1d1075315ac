package customer

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/estate"
	"huiyin/register"
	"huiyin/web/ui"
)

func fileFields() []core.Field[Customer] {
	return []core.Field[Customer]{
		{Name: "name", Label: core.T("名称", "Name"), Ptr: func(c *Customer) any { return &c.Name }},
		{Name: "kind", Label: core.T("类型", "Kind"), Ptr: func(c *Customer) any { return &c.Kind }, Choices: kinds()},
		{Name: "form", Label: core.T("性质", "Form"), Ptr: func(c *Customer) any { return &c.Form }, Choices: forms()},
		{Name: "category", Label: core.T("客户类别", "Category"), Ptr: func(c *Customer) any { return &c.Category }, Choices: Categories()},
		{Name: "nature", Label: core.T("客户性质", "Nature"), Ptr: func(c *Customer) any { return &c.Nature }, Choices: Natures()},
		{Name: "trade", Label: core.T("合作类型", "Partner in"), Ptr: func(c *Customer) any { return &c.Trade }, Choices: Trades()},
		{Name: "grade", Label: core.T("等级", "Grade"), Ptr: func(c *Customer) any { return &c.Grade }, Choices: grades()},
		{Name: "credit", Label: core.T("信用状况", "Credit standing"), Ptr: func(c *Customer) any { return &c.Credit }, Choices: credits()},
		{Name: "state", Label: core.T("状态", "State"), Ptr: func(c *Customer) any { return &c.State }, Choices: states()},
		{Name: "units", Label: core.T("单元", "Units"), Ptr: func(c *Customer) any { return &c.Units }},
		{Name: "contact", Label: core.T("联系人", "Contact"), Ptr: func(c *Customer) any { return &c.Contact }},
		{Name: "phone", Label: core.T("联系电话", "Telephone"), Ptr: func(c *Customer) any { return &c.Phone }},
		{Name: "id_mask", Label: core.T("证件号", "ID number"), Ptr: func(c *Customer) any { return &c.IDMask }},
		{Name: "industry", Label: core.T("行业", "Industry"), Ptr: func(c *Customer) any { return &c.Industry }},
		{Name: "needs", Label: core.T("服务需求", "Service needs"), Ptr: func(c *Customer) any { return &c.Needs }},
		{Name: "verify_by", Label: core.T("下次核实", "Verify by"), Ptr: func(c *Customer) any { return &c.VerifyBy }},
		{Name: "origin", Label: core.T("来源", "Origin"), Ptr: func(c *Customer) any { return &c.Origin }},
	}
}

func basicFields() []core.Field[In] {
	return []core.Field[In]{
		{Name: "kind", Label: core.T("类型", "Kind"), Ptr: func(in *In) any { return &in.Kind }, Required: true, Choices: kinds()},
		{Name: "form", Label: core.T("性质", "Form"), Ptr: func(in *In) any { return &in.Form }, Required: true, Choices: forms()},
		{Name: "name", Label: core.T("名称/姓名", "Name"), Ptr: func(in *In) any { return &in.Name }, Required: true, Max: 100},
		{Name: "id_no", Label: core.T("统一社会信用代码/证件号", "Credit code or ID number"), Hint: core.T("留空则不变;证件号加密保存", "Left empty it stays; ID numbers are stored encrypted"), Ptr: func(in *In) any { return &in.IDNo }, Max: 30},
		{Name: "category", Label: core.T("客户类别", "Category"), Ptr: func(in *In) any { return &in.Category }, Choices: Categories()},
		{Name: "grade", Label: core.T("等级", "Grade"), Ptr: func(in *In) any { return &in.Grade }, Choices: grades()},
		{Name: "nature", Label: core.T("客户性质", "Nature"), Ptr: func(in *In) any { return &in.Nature }, Choices: Natures()},
		{Name: "trade", Label: core.T("特殊客户的合作类型", "A special customer's line"), Ptr: func(in *In) any { return &in.Trade }, Choices: Trades()},
		{Name: "enterprise", Label: core.T("企业性质", "Type of enterprise"), Ptr: func(in *In) any { return &in.Enterprise }, Choices: Enterprises()},
		{Name: "parent_org", Label: core.T("主管单位", "Parent organisation"), Ptr: func(in *In) any { return &in.ParentOrg }, Max: 100},
		{Name: "plates", Label: core.T("车牌号(业主)", "Number plates (owner)"), Ptr: func(in *In) any { return &in.Plates }, Max: 100},
		{Name: "relation", Label: core.T("与业主关系(住户)", "Relation to the owner (resident)"), Ptr: func(in *In) any { return &in.Relation }, Max: 40},
		{Name: "lease_from", Label: core.T("租赁起期(租户)", "Lease from (tenant)"), Ptr: func(in *In) any { return &in.LeaseFrom }},
		{Name: "lease_to", Label: core.T("租赁止期(租户)", "Lease until (tenant)"), Ptr: func(in *In) any { return &in.LeaseTo }},
		{Name: "industry", Label: core.T("行业", "Industry"), Ptr: func(in *In) any { return &in.Industry }, Max: 60},
		{Name: "legal_person", Label: core.T("法定代表人", "Legal representative"), Ptr: func(in *In) any { return &in.LegalPerson }, Max: 60},
		{Name: "address", Label: core.T("法定地址", "Registered address"), Ptr: func(in *In) any { return &in.Address }},
		{Name: "nationality", Label: core.T("国籍/注册地", "Nationality or place of registration"), Ptr: func(in *In) any { return &in.Nationality }, Max: 60},
		{Name: "facilities", Label: core.T("自有设施", "Own facilities"), Ptr: func(in *In) any { return &in.Facilities }},
		{Name: "credit", Label: core.T("信用状况", "Credit standing"), Ptr: func(in *In) any { return &in.Credit }, Choices: credits()},
		{Name: "credit_note", Label: core.T("信用说明", "On credit"), Ptr: func(in *In) any { return &in.CreditNote }},
		{Name: "needs", Label: core.T("服务需求", "Service needs"), Ptr: func(in *In) any { return &in.Needs }, Kind: core.KindLines},
		{Name: "opinions", Label: core.T("服务意见", "Opinions on service"), Ptr: func(in *In) any { return &in.Opinions }, Kind: core.KindLines},
		{Name: "keeper", Label: core.T("经办人", "Looked after by"), Ptr: func(in *In) any { return &in.Keeper }, Source: "user"},
		{Name: "met_on", Label: core.T("首次接触日期", "First contact"), Ptr: func(in *In) any { return &in.MetOn }},
		{Name: "move_in", Label: core.T("入驻日期", "Move-in date"), Ptr: func(in *In) any { return &in.MoveIn }},
		{Name: "consent", Label: core.T("个人信息同意的取得方式", "How consent to personal data was given"), Ptr: func(in *In) any { return &in.Consent }, Choices: consentHows()},
		{Name: "sensitive", Label: core.T("证件号单独同意的取得方式", "How the separate consent to the ID number was given"), Ptr: func(in *In) any { return &in.Sensitive }, Choices: consentHows()},
		{Name: "consent_by", Label: core.T("同意人", "Given by"), Ptr: func(in *In) any { return &in.ConsentBy }, Max: 60},
		{Name: "note", Label: core.T("备注", "Note"), Ptr: func(in *In) any { return &in.Note }, Kind: core.KindLines},
	}
}

// newFields asks first who it is, where, and whom to call; the particulars of 业户基本情况表 may follow.
func newFields() []core.Field[In] {
	more := []core.Field[In]{
		{Name: "unit", Label: core.T("单元", "Unit"), Ptr: func(in *In) any { return &in.Unit }, Source: "unit"},
		{Name: "part", Label: core.T("在该单元为", "In the unit as"), Ptr: func(in *In) any { return &in.Part }, Choices: parts()},
		{Name: "contacts", Label: core.T("联系人", "Contacts"), Hint: core.T("重点客户须两名以上;紧急联系人办公时间内外各两名", "Two or more for a key customer; two emergency contacts each in and outside office hours"),
			Rows: core.Rows(func(in *In) *[]Entry { return &in.Contacts }, entryFields())},
	}
	all := map[string]core.Field[In]{}
	for _, f := range append(basicFields(), more...) {
		all[f.Name] = f
	}
	id := all["id_no"]
	id.Hint = core.T("加密保存;个人证件号须另行取得单独同意", "Stored encrypted; a person's number needs a consent of its own")
	all["id_no"] = id
	var out []core.Field[In]
	for _, name := range []string{"name", "kind", "form", "category", "unit", "part", "contacts", "consent", "consent_by", "id_no", "sensitive", "nature", "trade", "enterprise", "parent_org", "industry", "legal_person", "address", "plates", "relation", "lease_from", "lease_to", "nationality", "move_in", "met_on",
		"keeper", "grade", "credit", "credit_note", "facilities", "needs", "opinions", "note"} {
		out = append(out, all[name])
	}
	return out
}

func entryFields() []core.Field[Entry] {
	return []core.Field[Entry]{
		{Name: "name", Label: core.T("姓名", "Name"), Ptr: func(e *Entry) any { return &e.Name }, Required: true, Max: 60},
		{Name: "role", Label: core.T("身份", "Role"), Ptr: func(e *Entry) any { return &e.Role }, Required: true, Choices: contactRoles()},
		{Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(e *Entry) any { return &e.Phone }, Max: 40},
		{Name: "mail", Label: core.T("邮箱", "E-mail"), Ptr: func(e *Entry) any { return &e.Mail }, Max: 120},
		{Name: "note", Label: core.T("备注", "Note"), Ptr: func(e *Entry) any { return &e.Note }},
	}
}

func fileRegister() register.Any {
	return register.Register[Customer]{
		Kind: FileKind, Viewers: staff(), Export: []core.Role{core.Supervisor, core.Archivist, core.Manager}, Fields: fileFields(),
		Columns: []string{"name", "kind", "units", "contact", "phone", "category", "state"},
		Filters: []register.Filter{{Name: "kind", Label: core.T("类型", "Kind"), Kind: core.KindChoice, Choices: kinds()}, {Name: "category", Label: core.T("类别", "Category"), Kind: core.KindChoice, Choices: Categories()},
			{Name: "nature", Label: core.T("客户性质", "Nature"), Kind: core.KindChoice, Choices: Natures()}, {Name: "grade", Label: core.T("等级", "Grade"), Kind: core.KindChoice, Choices: grades()}, {Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: states()},
			{Name: "building", Label: core.T("楼座", "Building"), Kind: core.KindChoice, Choose: buildingChoices}, {Name: "overdue", Label: core.T("逾期未核实", "Verification overdue"), Kind: core.KindBool}},
		ID: func(c *Customer) core.ID { return c.ID }, Version: func(c *Customer) int64 { return c.Version },
		Cursor: func(c *Customer) string { return core.ID(c.FiledAt.UnixMicro()).String() + "~" + c.ID.String() },
		Find:   find, Get: Get, Record: fileRecord, Topic: "",
		Option: func(_ context.Context, c *Customer) ui.Option {
			return ui.Option{Value: c.ID.String(), Label: string(c.Name), Note: c.Units}
		},
		Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"id_no": revealID, "phone": revealPhones}, Revealers: []core.Role{core.Desk, core.Supervisor, core.Manager},
		Verbs: []register.Verber{newVerb(), meetVerb(), fileVerb(), editVerb(), confirmVerb(), verifyVerb(), changeVerb(), addContactVerb(), changeContactVerb(), removeContactVerb(), occupyVerb(),
			vacateVerb(), reportVerb(), consentVerb(), withdrawVerb(), mergeVerb(), unmergeVerb(), paperVerb(), noteVerb(), letterVerb(), familyVerb(), askVerb(), remindVerb(), eraseVerb()},
	}
}

func revealID(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
	c, err := Get(ctx, tx, id)
	if err != nil {
		return "", err
	}
	if err := mayOpen(ctx, tx, c); err != nil {
		return "", err
	}
	return IDNumber(ctx, tx, c)
}

func revealPhones(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
	contacts, err := Contacts(ctx, tx, id)
	out := ""
	for _, k := range contacts {
		for _, p := range k.Phones {
			out += string(k.Name) + " " + string(p) + "  "
		}
	}
	return out, err
}

func newVerb() register.Verber {
	return register.Verb[In]{Name: "new", Label: core.T("建档", "New file"), Roles: keepers(), New: true, Primary: true, Fields: newFields(), Clause: "B1.1", Said: core.T("已建档,等待确认", "On file; it awaits confirmation"),
		Fill: func(_ context.Context, _ db.Tx, _ core.ID, in *In) error {
			*in = In{Kind: KindTenant, Form: Organisation, Category: Ordinary, Grade: "plain", Credit: "unknown", Part: AsTenant}
			return nil
		},
		Do: func(ctx context.Context, tx db.Tx, _ core.ID, in In) (core.ID, error) { return Create(ctx, tx, in) }}
}

func meetVerb() register.Verber {
	return register.Verb[First]{Name: "meet", Label: core.T("登记新接触", "Record a first contact"), Roles: keepers(), New: true, Clause: "C15.2", Why: core.T("5 个工作日内备案", "To be filed within 5 working days"),
		Fields: []core.Field[First]{{Name: "name", Label: core.T("名称/姓名", "Name"), Ptr: func(in *First) any { return &in.Name }, Required: true, Max: 100},
			{Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(in *First) any { return &in.Phone }}, {Name: "on", Label: core.T("接触日期", "Met on"), Ptr: func(in *First) any { return &in.On }},
			{Name: "consent", Label: core.T("个人信息同意的取得方式", "How consent was given"), Ptr: func(in *First) any { return &in.Consent }, Choices: consentHows()},
			{Name: "note", Label: core.T("备注", "Note"), Ptr: func(in *First) any { return &in.Note }, Kind: core.KindLines}},
		Do: func(ctx context.Context, tx db.Tx, _ core.ID, in First) (core.ID, error) { return Meet(ctx, tx, in) }}
}

func fillFile(ctx context.Context, tx db.Tx, id core.ID, in *In) error {
	c, err := Get(ctx, tx, id)
	*in = In{Kind: c.Kind, Form: c.Form, Name: c.Name, Industry: c.Industry, LegalPerson: c.LegalPerson, Address: c.Address, Nationality: c.Nationality, Facilities: c.Facilities, Category: c.Category,
		Grade: c.Grade, Credit: c.Credit, CreditNote: c.CreditNote, Needs: c.Needs, Opinions: c.Opinions, Keeper: c.Keeper, MetOn: c.MetOn, MoveIn: c.MoveIn, Note: c.Note,
		Nature: c.Nature, Trade: c.Trade, Enterprise: c.Enterprise, ParentOrg: c.ParentOrg, Plates: c.Plates, Relation: c.Relation, LeaseFrom: c.LeaseFrom, LeaseTo: c.LeaseTo}
	return err
}

func fileVerb() register.Verber {
	return register.Verb[In]{Name: "file", Label: core.T("备案", "Put on file"), Roles: keepers(), Primary: true, Fields: basicFields(), Clause: "C15.2", Fill: fillFile,
		Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
			c, err := Get(ctx, tx, id)
			if err == nil {
				err = canFileNow(c)
			}
			return err
		},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in In) (core.ID, error) {
			return id, File(ctx, tx, id, in)
		}}
}

func editVerb() register.Verber {
	return register.Verb[In]{Name: "edit", Label: core.T("更新资料", "Update"), Roles: keepers(), Fields: basicFields(), Can: canEdit, Fill: fillFile,
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in In) (core.ID, error) {
			return id, Edit(ctx, tx, id, in)
		}}
}

type none struct{}

func confirmVerb() register.Verber {
	return register.Verb[none]{Name: "confirm", Label: core.T("确认档案", "Confirm the file"), Roles: []core.Role{core.Supervisor, core.Manager}, Clause: "C5.1", Can: canConfirmHere,
		Do: func(ctx context.Context, tx db.Tx, id core.ID, _ none) (core.ID, error) {
			if err := canConfirmHere(ctx, tx, id); err != nil {
				return 0, err
			}
			return id, Confirm(ctx, tx, id)
		}}
}

// word is the input of verbs that ask for one text.
type word struct{ Text string }

func wordField(label core.Text, required bool) []core.Field[word] {
	return []core.Field[word]{{Name: "text", Label: label, Ptr: func(w *word) any { return &w.Text }, Kind: core.KindLines, Required: required}}
}

func verifyVerb() register.Verber {
	return register.Verb[word]{Name: "verify", Label: core.T("核实", "Verify"), Roles: keepers(), Clause: "B1.2", Can: canEdit, Fields: wordField(core.T("核实情况", "What was verified"), false),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, w word) (core.ID, error) {
			return id, Verify(ctx, tx, id, w.Text)
		}}
}

func changeVerb() register.Verber {
	return register.Verb[word]{Name: "change", Label: core.T("登记变动", "Report a change"), Roles: keepers(), Clause: "C15.2", Can: canEdit, Fields: wordField(core.T("变动内容", "What changed"), true),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, w word) (core.ID, error) {
			return id, Change(ctx, tx, id, w.Text)
		}}
}

func addContactVerb() register.Verber {
	return register.Verb[Entry]{Name: "add_contact", Label: core.T("新增联系人", "Add a contact"), Roles: keepers(), Clause: "B1.4", Can: canAddContact, Fields: entryFields(),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, e Entry) (core.ID, error) {
			_, err := AddContact(ctx, tx, id, e)
			return id, err
		}}
}

// chosen is the input of verbs about one row of a file.
type chosen struct {
	Row   core.ID
	Entry Entry
	On    core.Date
	Text  string
}

func chooseField(label core.Text) core.Field[chosen] {
	return core.Field[chosen]{Name: "row", Label: label, Ptr: func(c *chosen) any { return &c.Row }, Required: true}
}

func contactChoices(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
	all, err := Contacts(ctx, tx, id)
	var out []core.Choice
	for _, k := range all {
		label := core.Label(contactRoles(), k.Role)
		out = append(out, core.Choice{Value: k.ID.String(), Label: core.T("%s · %s", "%s · %s", string(k.Name), label)})
	}
	return map[string][]core.Choice{"row": out}, err
}

func changeContactVerb() register.Verber {
	return register.Verb[chosen]{Name: "change_contact", Label: core.T("修改联系人", "Change a contact"), Roles: keepers(), Can: canEdit, Choices: contactChoices,
		Fields: []core.Field[chosen]{chooseField(core.T("联系人", "Contact")), {Name: "name", Label: core.T("姓名", "Name"), Ptr: func(c *chosen) any { return &c.Entry.Name }, Required: true, Max: 60},
			{Name: "role", Label: core.T("身份", "Role"), Ptr: func(c *chosen) any { return &c.Entry.Role }, Required: true, Choices: contactRoles()},
			{Name: "phone", Label: core.T("电话", "Telephone"), Hint: core.T("留空则不变", "Left empty it stays"), Ptr: func(c *chosen) any { return &c.Entry.Phone }, Max: 40},
			{Name: "mail", Label: core.T("邮箱", "E-mail"), Hint: core.T("留空则不变", "Left empty it stays"), Ptr: func(c *chosen) any { return &c.Entry.Mail }, Max: 120}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in chosen) (core.ID, error) {
			return id, ChangeContact(ctx, tx, id, in.Row, in.Entry)
		}}
}

func removeContactVerb() register.Verber {
	return register.Verb[chosen]{Name: "remove_contact", Label: core.T("移除联系人", "Remove a contact"), Roles: keepers(), Danger: true, Can: canEdit, Choices: contactChoices, Fields: []core.Field[chosen]{chooseField(core.T("联系人", "Contact"))},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in chosen) (core.ID, error) {
			return id, RemoveContact(ctx, tx, id, in.Row)
		}}
}

func occupyVerb() register.Verber {
	return register.Verb[Occupation]{Name: "occupy", Label: core.T("登记单元", "Record a unit"), Roles: keepers(), Can: canEdit,
		Fields: []core.Field[Occupation]{{Name: "unit", Label: core.T("单元", "Unit"), Ptr: func(o *Occupation) any { return &o.Unit }, Source: "unit", Required: true},
			{Name: "part", Label: core.T("身份", "As"), Ptr: func(o *Occupation) any { return &o.Part }, Choices: parts(), Required: true}, {Name: "from", Label: core.T("起期", "From"), Ptr: func(o *Occupation) any { return &o.From }}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in Occupation) (core.ID, error) {
			_, err := Occupy(ctx, tx, id, in)
			return id, err
		}}
}

func vacateVerb() register.Verber {
	return register.Verb[chosen]{Name: "vacate", Label: core.T("登记迁出", "Record the move-out"), Roles: keepers(), Can: canEdit,
		Fields: []core.Field[chosen]{chooseField(core.T("单元", "Unit")), {Name: "on", Label: core.T("止期", "Until"), Ptr: func(c *chosen) any { return &c.On }}},
		Choices: func(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
			stays, err := Stays(ctx, tx, id)
			if err != nil {
				return nil, err
			}
			units, err := unitsOf(ctx, tx, stays)
			var out []core.Choice
			for _, s := range stays {
				if s.To == "" {
					out = append(out, core.Choice{Value: s.ID.String(), Label: core.T("%s · %s", "%s · %s", units[s.Unit].Code, core.Label(parts(), s.Part))})
				}
			}
			return map[string][]core.Choice{"row": out}, err
		},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in chosen) (core.ID, error) {
			return id, Vacate(ctx, tx, id, in.Row, in.On)
		}}
}

type reportIn struct{ How, Summary string }

func reportVerb() register.Verber {
	return register.Verb[reportIn]{Name: "report", Label: core.T("联系报告", "Contact report"), Roles: append(keepers(), core.Manager), Clause: "C15.4", Can: canEdit,
		Fields: []core.Field[reportIn]{{Name: "how", Label: core.T("方式", "How"), Ptr: func(r *reportIn) any { return &r.How }, Required: true, Choices: reportHows()},
			{Name: "summary", Label: core.T("内容", "What was said"), Ptr: func(r *reportIn) any { return &r.Summary }, Required: true, Kind: core.KindLines}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, r reportIn) (core.ID, error) {
			return id, Contacted(ctx, tx, id, r.How, r.Summary)
		}}
}

func consentVerb() register.Verber {
	return register.Verb[Consent]{Name: "consent", Label: core.T("记录同意", "Record consent"), Roles: keepers(), Clause: "B1.4", Can: canEdit,
		Fields: []core.Field[Consent]{{Name: "how", Label: core.T("取得方式", "How it was given"), Ptr: func(s *Consent) any { return &s.How }, Required: true, Choices: consentHows()},
			{Name: "purpose", Label: core.T("用途", "Purpose"), Ptr: func(s *Consent) any { return &s.Purpose }},
			{Name: "sensitive", Label: core.T("含证件号(单独同意)", "To the ID number (separate consent)"), Ptr: func(s *Consent) any { return &s.Sensitive }},
			{Name: "given_by", Label: core.T("同意人", "Given by"), Ptr: func(s *Consent) any { return &s.GivenBy }, Max: 60}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, s Consent) (core.ID, error) {
			return id, Consented(ctx, tx, id, s)
		}}
}

func withdrawVerb() register.Verber {
	return register.Verb[chosen]{Name: "withdraw", Label: core.T("撤回同意", "Withdraw consent"), Roles: keepers(), Clause: "L5", Can: canEdit,
		Fields: []core.Field[chosen]{chooseField(core.T("同意", "Consent")), {Name: "text", Label: core.T("撤回方式", "How it was withdrawn"), Ptr: func(c *chosen) any { return &c.Text }, Required: true}},
		Choices: func(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
			all, err := Consents(ctx, tx, id)
			var out []core.Choice
			for _, s := range all {
				if s.WithdrawnAt.IsZero() {
					out = append(out, core.Choice{Value: s.ID.String(), Label: purposeOf(s)})
				}
			}
			return map[string][]core.Choice{"row": out}, err
		},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in chosen) (core.ID, error) {
			return id, Withdraw(ctx, tx, id, in.Row, in.Text)
		}}
}

func mergeVerb() register.Verber {
	return register.Verb[chosen]{Name: "merge", Label: core.T("并入另一份档案", "Merge another file into this"), Roles: []core.Role{core.Supervisor, core.Archivist, core.Manager}, Clause: "B1.1", Can: canEdit,
		Why: core.T("一客一档;可撤销", "One customer, one file; it can be undone"), Fields: []core.Field[chosen]{{Name: "row", Label: core.T("被并入的档案", "The file to take in"), Ptr: func(c *chosen) any { return &c.Row }, Required: true, Source: "customer"}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in chosen) (core.ID, error) {
			return id, Merge(ctx, tx, id, in.Row)
		}}
}

func unmergeVerb() register.Verber {
	return register.Verb[chosen]{Name: "unmerge", Label: core.T("撤销合并", "Undo a merge"), Roles: []core.Role{core.Supervisor, core.Archivist, core.Manager},
		Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
			c, err := undoable(ctx, tx, id)
			if err == nil && len(c) == 0 {
				err = core.Conflict("没有可撤销的合并", "There is no merge to undo")
			}
			return err
		},
		Fields: []core.Field[chosen]{chooseField(core.T("合并", "Merge"))},
		Choices: func(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
			c, err := undoable(ctx, tx, id)
			return map[string][]core.Choice{"row": c}, err
		},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in chosen) (core.ID, error) {
			return id, Unmerge(ctx, tx, id, in.Row)
		}}
}

func undoable(ctx context.Context, tx db.Tx, id core.ID) ([]core.Choice, error) {
	all, err := Merges(ctx, tx, id)
	var out []core.Choice
	for _, m := range all {
		if m.Kept == id && m.Undone.IsZero() {
			out = append(out, core.Choice{Value: m.ID.String(), Label: ui.Plain(ui.Full(ctx, m.At) + " " + m.By)})
		}
	}
	return out, err
}

func eraseVerb() register.Verber {
	return register.Verb[word]{Name: "erase", Label: core.T("删除个人信息", "Erase the personal data"), Roles: []core.Role{core.Manager}, Danger: true, Clause: "L5", Can: canErase, Fields: wordField(core.T("本人要求与理由", "The person's request and the reason"), true),
		Why: core.T("不可恢复", "It cannot be undone"),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, w word) (core.ID, error) {
			return id, Erase(ctx, tx, id, w.Text)
		}}
}

func directoryRegister() register.Any {
	return register.Register[Directory]{
		Kind: DirectoryKind, Viewers: append(staff(), core.Guard),
		Fields: []core.Field[Directory]{{Name: "month", Label: core.T("月份", "Month"), Ptr: func(d *Directory) any { return &d.Month }}, {Name: "state", Label: core.T("状态", "State"), Ptr: func(d *Directory) any { return &d.State }, Choices: directoryStates()},
			{Name: "lines", Label: core.T("户数", "Customers"), Ptr: func(d *Directory) any { return &d.Lines }}, {Name: "compiled_at", Label: core.T("汇总", "Compiled"), Ptr: func(d *Directory) any { return &d.CompiledAt }},
			{Name: "compiled_by", Label: core.T("汇总人", "Compiled by"), Ptr: func(d *Directory) any { return &d.CompiledBy }}, {Name: "sent_at", Label: core.T("送安保", "Sent"), Ptr: func(d *Directory) any { return &d.SentAt }},
			{Name: "signed_at", Label: core.T("签收", "Signed"), Ptr: func(d *Directory) any { return &d.SignedAt }}, {Name: "signed_by", Label: core.T("签收人", "Signed by"), Ptr: func(d *Directory) any { return &d.SignedBy }}},
		Columns: []string{"month", "state", "lines", "compiled_at", "signed_at", "signed_by"},
		ID:      func(d *Directory) core.ID { return d.ID }, Version: func(d *Directory) int64 { return d.Version }, Cursor: func(d *Directory) string { return string(d.Month) },
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]Directory, error) {
			return db.All(ctx, tx, (*Directory).dest, directorySelect+"and ($3 = '' or d.month < $3) order by d.month desc limit $2", core.ProjectOf(ctx).ID, q.Limit, q.After)
		},
		Get: getDirectory, Record: directoryRecord,
		Verbs: []register.Verber{
			register.Verb[none]{Name: "compile", Label: core.T("重新汇总本月通讯录", "Compile this month's list anew"), Roles: []core.Role{core.Desk, core.Supervisor}, New: true, Primary: true, Clause: "D4.7",
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, _ none) (core.ID, error) { return Compile(ctx, tx) }},
			register.Verb[none]{Name: "send", Label: core.T("确认并送安保", "Confirm and send to security"), Roles: []core.Role{core.Desk, core.Supervisor}, Primary: true, Clause: "D4.7", Can: directoryStep(Compiled),
				Do: func(ctx context.Context, tx db.Tx, id core.ID, _ none) (core.ID, error) { return id, Send(ctx, tx, id) }},
			register.Verb[none]{Name: "sign", Label: core.T("签收", "Sign for it"), Roles: []core.Role{core.Guard}, Primary: true, Clause: "D4.7", Can: directoryStep(Sent),
				Do: func(ctx context.Context, tx db.Tx, id core.ID, _ none) (core.ID, error) { return id, Sign(ctx, tx, id) }},
		},
	}
}

func directoryStep(from string) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		d, err := getDirectory(ctx, tx, id)
		if err == nil {
			err = canStep(d, from)
		}
		return err
	}
}

// heir is who takes a leaver's customers.
type heir struct {
	To   core.ID
	Name string
}

func handoverRegister() register.Any {
	return register.Register[Handover]{
		Kind: HandoverKind, Viewers: []core.Role{core.Supervisor, core.Manager, core.GM},
		Fields: []core.Field[Handover]{{Name: "leaver_name", Label: core.T("离职人员", "Leaver"), Ptr: func(h *Handover) any { return &h.LeaverName }}, {Name: "count", Label: core.T("户数", "Customers"), Ptr: func(h *Handover) any { return &h.Count }},
			{Name: "state", Label: core.T("状态", "State"), Ptr: func(h *Handover) any { return &h.State }, Choices: []core.Choice{{Value: "open", Label: core.T("待移交", "Waiting")}, {Value: "done", Label: core.T("已移交", "Done")}}},
			{Name: "to_name", Label: core.T("接手人", "Handed to"), Ptr: func(h *Handover) any { return &h.ToName }}, {Name: "at", Label: core.T("开始", "Opened"), Ptr: func(h *Handover) any { return &h.At }}},
		Columns: []string{"leaver_name", "count", "state", "to_name", "at"},
		ID:      func(h *Handover) core.ID { return h.ID }, Version: func(h *Handover) int64 { return h.Version }, Cursor: func(h *Handover) string { return h.ID.String() }, Find: findHandovers,
		Get: getHandover, Record: handoverRecord,
		Verbs: []register.Verber{
			register.Verb[heir]{Name: "hand_over", Label: core.T("移交全部客户", "Hand all customers over"), Roles: []core.Role{core.Supervisor, core.Manager}, Primary: true, Clause: "C15.4",
				Fields: []core.Field[heir]{{Name: "to", Label: core.T("接手人", "To"), Ptr: func(h *heir) any { return &h.To }, Required: true, Source: "user"}, {Name: "name", Label: core.T("接手人姓名(用于通知函)", "The name for the letters"), Ptr: func(h *heir) any { return &h.Name }, Required: true, Max: 60}},
				Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
					h, err := getHandover(ctx, tx, id)
					if err == nil {
						err = canHandOver(h, 0)
					}
					return err
				},
				Do: func(ctx context.Context, tx db.Tx, id core.ID, in heir) (core.ID, error) {
					return id, HandOver(ctx, tx, id, in.To, in.Name)
				}},
			register.Verb[word]{Name: "told", Label: core.T("通知函已送达", "The letters were delivered"), Roles: []core.Role{core.Supervisor, core.Manager}, Clause: "C15.4", Fields: wordField(core.T("送达方式", "How"), true),
				Do: func(ctx context.Context, tx db.Tx, id core.ID, w word) (core.ID, error) {
					return id, Told(ctx, tx, id, w.Text)
				}},
		},
	}
}

func buildingChoices(ctx context.Context, tx db.Tx) ([]core.Choice, error) {
	bs, err := estate.Buildings(ctx, tx)
	out := make([]core.Choice, len(bs))
	for i, b := range bs {
		out[i] = core.Choice{Value: b.ID.String(), Label: ui.Plain(b.Name)}
	}
	return out, err
}
