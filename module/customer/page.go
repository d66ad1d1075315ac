package customer

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/estate"
	"huiyin/print"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

type reasonIn struct{ Reason string }

func reasonFields() []core.Field[reasonIn] {
	return []core.Field[reasonIn]{{Name: "reason", Label: core.T("事由", "Reason"), Ptr: func(in *reasonIn) any { return &in.Reason }, Required: true, Min: 2}}
}

func routes() []web.Route {
	specs := core.Specs(reasonFields())
	return []web.Route{
		{Pattern: "GET /p/{project}/customer/duplicates", Perm: "customer.merge", Handle: duplicatesPage},
		{Pattern: "GET /p/{project}/customer/check", Perm: "customer.remind", Handle: checkListPage},
		{Pattern: "POST /p/{project}/customer/check", Perm: "customer.remind", Handle: sendChecks},
		{Pattern: "GET /check/{place}/{token}", Perm: web.Public, Handle: ownPage},
		{Pattern: "POST /check/{place}/{token}", Perm: web.Public, Handle: saveOwn, Failed: ownFailed, Specs: core.Specs(checkFields())},
		{Pattern: "POST /check/{place}/{token}/fine", Perm: web.Public, Handle: fineOwn},
		{Pattern: "GET /p/{project}/customer/{id}/basic.pdf", Perm: "customer.view", Handle: basicPDF},
		{Pattern: "GET /p/{project}/upkeep/{id}/form.pdf", Perm: "upkeep.view", Handle: upkeepPDF},
		{Pattern: "GET /p/{project}/customer/{id}/form.pdf", Perm: "customer.view", Handle: formMasked},
		{Pattern: "POST /p/{project}/customer/{id}/form.pdf", Perm: "customer.reveal", Specs: specs, Handle: formPlain},
		{Pattern: "POST /p/{project}/customer/{id}/data", Perm: "customer.subject", Specs: specs, Handle: subjectData},
		{Pattern: "GET /p/{project}/directory/{id}/list.pdf", Perm: "directory.view", Handle: directoryPDF},
		{Pattern: "GET /p/{project}/handover/{id}/letters.pdf", Perm: "handover.view", Handle: lettersPDF},
	}
}

// fileRecord is 客户360: the file itself; matters, bills and visits come as panels of the modules above.
func fileRecord(ctx context.Context, tx db.Tx, c Customer) (register.Record, error) {
	f, err := gatherFile(ctx, tx, c)
	if err != nil {
		return register.Record{}, err
	}
	head := ui.HeadView{Title: ui.Plain(string(c.Name)), Aside: strings.Join(f.codes, "、"), Pills: []ui.PillView{{Tone: ui.None, Text: core.Label(kinds(), c.Kind)}, {Tone: stateTone(c.State), Text: core.Label(states(), c.State)}}}
	if c.Category == Key {
		head.Pills = append(head.Pills, ui.PillView{Tone: ui.Run, Text: core.Label(Categories(), c.Category)})
	}
	if f.owed > 0 {
		head.Pills = append(head.Pills, ui.PillView{Tone: ui.Late, Text: core.T("欠费 ¥%s", "Owes ¥%s", f.owed.String())})
	}
	cards := []templ.Component{register.FieldsCard(core.T("档案", "File"), f.pairs(ctx)), contactsCard(f.contactTable(ctx), f.missing, register.ClauseLink(ctx, "D2.7"), FileKind.Href(ctx, c.ID, "form.pdf")),
		lacksCard(core.T("档案分类还缺", "The file is not yet classed by"), f.unclassed, register.ClauseLink(ctx, "E5.1")),
		lacksCard(core.T("准入资料还缺", "Of the admission papers there lacks"), f.unadmitted, register.ClauseLink(ctx, "A8.1")), lacksCard(core.T("按类型还缺", "For this type of customer there lacks"), f.untyped, register.ClauseLink(ctx, "B1.5")),
		lacksCard(core.T("客户基本信息表还缺", "The Customer Information Form still lacks"), f.unformed, register.ClauseLink(ctx, "C15.8")), ui.TableCard(core.T("单元", "Units"), f.stayTable(ctx))}
	cards = append(cards, f.collectedCards(ctx)...)
	cards = append(cards, f.openingCards(ctx)...)
	side := []templ.Component{ui.TableCard(core.T("个人信息同意", "Consent to personal data"), f.consentTable(ctx)), ui.TableCard(core.T("联系报告", "Contact reports"), f.reportTable(ctx))}
	if len(f.accesses) > 0 {
		side = append(side, ui.TableCard(core.T("查阅完整档案", "Reading it in full"), accessTable(ctx, f.accesses)))
	}
	if len(f.twins) > 0 {
		side = append(side, ui.TableCard(core.T("可能重复的档案", "Possible duplicates"), f.twinTable(ctx)))
	}
	if core.ActorOf(ctx).Can(c.Project, "customer.subject") && c.Live() {
		side = append(side, reasonCard(core.T("向本人提供资料(L5)", "Hand out the person's data (L5)"), FileKind.Href(ctx, c.ID, "data"), register.NewKey(), core.T("导出", "Export")))
	}
	if core.ActorOf(ctx).Can(c.Project, "customer.reveal") && c.Live() {
		side = append(side, reasonCard(core.T("打印业户基本情况表(明文)", "Print the information form in full"), FileKind.Href(ctx, c.ID, "form.pdf"), register.NewKey(), core.T("打印", "Print")))
	}
	return register.Record{Head: head, Cards: cards, Side: side, About: c.ID}, nil
}

func stateTone(s string) ui.Tone {
	switch s {
	case Active:
		return ui.OK
	case Met, Pending:
		return ui.Warn
	}
	return ui.None
}

// file is all that a customer's page shows.
type file struct {
	Customer
	contacts []Contact
	consents []Consent
	stays    []Stay
	units    map[core.ID]estate.Unit
	codes    []string
	reports  []Report
	leases   []Lease
	readings []Reading
	arrears  []Arrears
	owed     core.Money
	twins    []Twin
	missing  []core.Text

	unclassed  []core.Text
	unadmitted []core.Text
	untyped    []core.Text
	unformed   []core.Text
	papers     []Paper
	remarks    []Remark
	letters    []Letter
	filing     bool // C15.7 is on
	accesses   []Access
}

func gatherFile(ctx context.Context, tx db.Tx, c Customer) (*file, error) {
	f := &file{Customer: c}
	var err error
	steps := []func() error{
		func() error { f.contacts, f.consents, err = standing(ctx, tx, c.ID); return err },
		func() error { f.stays, err = Stays(ctx, tx, c.ID); return err },
		func() error { f.units, err = unitsOf(ctx, tx, f.stays); return err },
		func() error { f.reports, err = Reports(ctx, tx, c.ID, 10); return err },
		func() error { f.leases, err = Leases(ctx, tx, c.ID); return err },
		func() error { f.readings, err = Readings(ctx, tx, c.ID); return err },
		func() error { f.arrears, err = ArrearsOf(ctx, tx, c.ID); return err },
		func() error { f.missing, err = Missing(ctx, tx, c, f.contacts); return err },
		func() error { f.unclassed, err = Unclassed(ctx, tx, c); return err },
		func() error { f.papers, err = Papers(ctx, tx, c.ID); return err },
		func() error {
			f.unadmitted, err = Unadmitted(ctx, tx, c, f.contacts, f.papers, len(f.leases))
			return err
		},
		func() error { f.untyped, err = Untyped(ctx, tx, c, f.contacts); return err },
		func() error { f.unformed, err = Unformed(ctx, tx, c, f.contacts); return err },
		func() error { f.remarks, err = Remarks(ctx, tx, c.ID, remarksShown); return err },
		func() error { f.filing, err = regulation.On(ctx, tx, "C15.7"); return err },
		func() error { f.letters, err = Letters(ctx, tx, c.ID, lettersShown); return err },
		func() error { f.accesses, err = accesses(ctx, tx, c.ID, 5); return err },
	}
	if c.Live() {
		steps = append(steps, func() error { f.twins, err = Twins(ctx, tx, c); return err })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	for _, s := range f.stays {
		if s.On(core.Today(ctx)) {
			f.codes = append(f.codes, f.units[s.Unit].Code)
		}
	}
	for _, a := range f.arrears {
		f.owed += a.Amount
	}
	return f, nil
}

// Missing lists what 业户基本情况表 still lacks (D2.7): particulars, and emergency contacts in and outside office hours.
func Missing(ctx context.Context, tx db.Tx, c Customer, contacts []Contact) ([]core.Text, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil || !rules.On("D2.7") || c.Kind != KindTenant {
		return nil, err
	}
	var out []core.Text
	for _, p := range []struct {
		have  bool
		label core.Text
	}{{c.Address != "", core.T("法定地址", "registered address")}, {c.LegalPerson != "" || c.Form == Person, core.T("法定代表人", "legal representative")},
		{c.IDMask != "", core.T("证件号", "ID number")}, {c.Nationality != "", core.T("国籍/注册地", "nationality")}} {
		if !p.have {
			out = append(out, p.label)
		}
	}
	for _, e := range []struct {
		role, number string
		label        core.Text
	}{{RoleInside, "inside", core.T("办公时间紧急联系人", "emergency contacts in office hours")}, {RoleOutside, "outside", core.T("非办公时间紧急联系人", "emergency contacts outside office hours")}} {
		n := 0
		for _, k := range contacts {
			if k.Role == e.role && len(k.Phones) > 0 {
				n++
			}
		}
		if want := rules.Count("D2.7", e.number); n < want {
			out = append(out, core.T("%s(%d/%d)", "%s (%d/%d)", e.label, n, want))
		}
	}
	return out, nil
}

// Unclassed lists what the file of an owner or a tenant lacks to be classed by type and grade, with the needs it holds
// (E5.1).
func Unclassed(ctx context.Context, tx db.Tx, c Customer) ([]core.Text, error) {
	on, err := regulation.On(ctx, tx, "E5.1")
	if err != nil || !on || !c.Live() || c.Kind != KindTenant && c.Kind != KindOwner {
		return nil, err
	}
	var out []core.Text
	for _, p := range []struct {
		have  bool
		label core.Text
	}{{c.Category != "", core.T("客户类别", "category")}, {c.Grade != "", core.T("等级", "grade")}, {c.Needs != "", core.T("服务需求", "service needs")}} {
		if !p.have {
			out = append(out, p.label)
		}
	}
	return out, nil
}

func (f *file) pairs(ctx context.Context) []ui.Pair {
	id := f.IDMask
	if f.IDWrong {
		id += " " + core.T("(校验不符)", "(fails its check)").Say(ctx)
	}
	verified := ""
	if f.VerifyBy != "" {
		verified = string(f.VerifyBy)
	}
	var out []ui.Pair
	for _, p := range []ui.Pair{{Label: core.T("性质", "Form"), Value: core.Label(forms(), f.Form).Say(ctx)}, {Label: core.T("证件号", "ID number"), Value: id}, {Label: core.T("行业", "Industry"), Value: f.Industry},
		{Label: core.T("法定代表人", "Legal representative"), Value: string(f.LegalPerson)}, {Label: core.T("法定地址", "Registered address"), Value: string(f.Address)}, {Label: core.T("国籍/注册地", "Nationality"), Value: f.Nationality},
		{Label: core.T("自有设施", "Facilities"), Value: f.Facilities}, {Label: core.T("客户类别", "Category"), Value: core.Label(Categories(), f.Category).Say(ctx)}, {Label: core.T("等级", "Grade"), Value: core.Label(grades(), f.Grade).Say(ctx)},
		{Label: core.T("客户性质", "Nature"), Value: strings.TrimSpace(core.Label(Natures(), f.Nature).Say(ctx) + " " + core.Label(Trades(), f.Trade).Say(ctx))}, {Label: core.T("企业性质", "Type of enterprise"), Value: core.Label(Enterprises(), f.Enterprise).Say(ctx)},
		{Label: core.T("主管单位", "Parent organisation"), Value: f.ParentOrg}, {Label: core.T("车牌号", "Number plates"), Value: string(f.Plates)}, {Label: core.T("与业主关系", "Relation to the owner"), Value: f.Relation},
		{Label: core.T("租赁期限", "Lease term"), Value: strings.Trim(string(f.LeaseFrom)+" – "+string(f.LeaseTo), "– ")},
		{Label: core.T("信用状况", "Credit standing"), Value: strings.TrimSpace(core.Label(credits(), f.Credit).Say(ctx) + " " + f.CreditNote)}, {Label: core.T("服务需求", "Service needs"), Value: f.Needs}, {Label: core.T("服务意见", "Opinions"), Value: f.Opinions},
		{Label: core.T("入驻日期", "Moved in"), Value: string(f.MoveIn)}, {Label: core.T("下次核实", "Verify by"), Value: verified}, {Label: core.T("备注", "Note"), Value: f.Note}, {Label: core.T("导入时的其他列", "Other imported columns"), Value: f.Extra}} {
		if p.Value != "" {
			out = append(out, p)
		}
	}
	return out
}

func heads(labels ...core.Text) []ui.Column {
	out := make([]ui.Column, len(labels))
	for i, l := range labels {
		out[i] = ui.Column{Label: l}
	}
	return out
}

func cells(texts ...string) ui.Row {
	var r ui.Row
	for _, t := range texts {
		r.Cells = append(r.Cells, ui.Cell{Text: t})
	}
	return r
}

func (f *file) contactTable(ctx context.Context) ui.TableView {
	t := ui.TableView{Columns: heads(core.T("姓名", "Name"), core.T("身份", "Role"), core.T("电话", "Telephone"), core.T("邮箱", "E-mail")), Empty: core.T("还没有联系人", "No contacts yet")}
	for _, k := range f.contacts {
		t.Rows = append(t.Rows, cells(string(k.Name), core.Label(contactRoles(), k.Role).Say(ctx), masks(k.Phones), MaskMail(k.Mail)))
	}
	return t
}

// collectedCards are what is collected at admission and day by day (A8.1), and the correspondence (C15.7).
func (f *file) collectedCards(ctx context.Context) []templ.Component {
	papers := ui.TableView{Columns: heads(core.T("种类", "Kind"), core.T("名称", "Title"), core.T("编号", "Number"), core.T("有效期至", "Valid until"), core.T("归档", "Filed"))}
	for _, p := range f.papers {
		row := cells(core.Label(paperKinds(), p.Kind).Say(ctx), p.Title, p.Number, string(p.Until), p.At.In(core.ProjectOf(ctx).Zone).Format(time.DateOnly)+" "+p.By)
		if p.Until != "" && p.Until < core.Today(ctx) {
			row.Tone = ui.Late
		}
		papers.Rows = append(papers.Rows, row)
	}
	notes := ui.TableView{Columns: heads(core.T("日期", "Day"), core.T("种类", "Kind"), core.T("内容", "What"), core.T("人员", "Who"))}
	for _, r := range f.remarks {
		notes.Rows = append(notes.Rows, cells(string(r.On), core.Label(remarkKinds(), r.Kind).Say(ctx), r.Text, r.By))
	}
	var out []templ.Component
	if len(papers.Rows) > 0 {
		out = append(out, ui.TableCard(core.T("准入资料", "Papers of admission"), papers))
	}
	if len(notes.Rows) > 0 {
		out = append(out, ui.TableCard(core.T("动态信息", "What is new"), notes))
	}
	if f.filing {
		out = append(out, ui.TableCard(core.T("往来记录", "Correspondence"), letterTable(ctx, f.letters)))
	}
	return out
}

func (f *file) stayTable(ctx context.Context) ui.TableView {
	t := ui.TableView{Columns: heads(core.T("单元", "Unit"), core.T("身份", "As"), core.T("起", "From"), core.T("止", "Until")), Empty: core.T("没有单元", "No units")}
	for _, s := range f.stays {
		row := cells(f.units[s.Unit].Code, core.Label(parts(), s.Part).Say(ctx), string(s.From), string(s.To))
		row.Cells[0].Href = estate.UnitKind.Href(ctx, s.Unit)
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (f *file) consentTable(ctx context.Context) ui.TableView {
	t := ui.TableView{Columns: heads(core.T("用途", "Purpose"), core.T("方式", "How"), core.T("时间", "When"), core.T("状态", "State")), Empty: core.T("没有记录同意", "No consent on record")}
	for _, s := range f.consents {
		state := core.T("有效", "Valid")
		if !s.WithdrawnAt.IsZero() {
			state = core.T("已撤回 %s", "Withdrawn %s", ui.Full(ctx, s.WithdrawnAt))
		}
		t.Rows = append(t.Rows, cells(purposeOf(s).Say(ctx), s.howOf().Say(ctx), ui.Full(ctx, s.GivenAt), state.Say(ctx)))
	}
	return t
}

// purposeOf is what a consent is for: our own words in both languages, or as it was typed.
func purposeOf(s Consent) core.Text {
	if s.Bounded() {
		return bound(s)
	}
	switch s.Purpose {
	case purpose:
		return core.T("物业服务:联系、维修、收费与应急通知", "Running the property: contact, repairs, charges and emergencies")
	case idPurpose:
		return core.T("证件号:核验身份与签订合同", "ID number: to check the identity and to sign contracts")
	}
	return ui.Plain(s.Purpose)
}

func (f *file) reportTable(ctx context.Context) ui.TableView {
	t := ui.TableView{Columns: heads(core.T("时间", "When"), core.T("人员", "Who"), core.T("方式", "How"), core.T("内容", "What")), Empty: core.T("还没有联系报告", "No contact reports yet")}
	for _, r := range f.reports {
		t.Rows = append(t.Rows, cells(ui.Full(ctx, r.At), r.ByName, core.Label(reportHows(), r.How).Say(ctx), r.Summary))
	}
	return t
}

func (f *file) twinTable(ctx context.Context) ui.TableView {
	t := ui.TableView{Columns: heads(core.T("档案", "File"), core.T("原因", "Why"))}
	for _, w := range f.twins {
		row := cells(string(w.Name), w.Why.Say(ctx))
		row.Cells[0].Href = FileKind.Href(ctx, w.ID)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// openingCards are the opening data, until their modules come.
func (f *file) openingCards(context.Context) (out []templ.Component) {
	if len(f.leases) > 0 {
		t := ui.TableView{Columns: heads(core.T("合同编号", "Contract"), core.T("单元", "Unit"), core.T("起", "From"), core.T("止", "Until"), core.T("月租金", "Rent"), core.T("押金", "Deposit"), core.T("付款方式", "Payment"))}
		for _, l := range f.leases {
			t.Rows = append(t.Rows, cells(l.No, l.Code, string(l.From), string(l.To), l.Rent.String(), l.Deposit.String(), l.PayMethod))
		}
		out = append(out, ui.TableCard(core.T("租赁合同", "Leases"), t))
	}
	if len(f.arrears) > 0 {
		t := ui.TableView{Columns: heads(core.T("单元", "Unit"), core.T("费用项目", "Item"), core.T("月份", "Month"), core.T("金额", "Amount")), Foot: []ui.Cell{{}, {}, {}, {Text: f.owed.String()}}}
		for _, a := range f.arrears {
			t.Rows = append(t.Rows, cells(a.Code, a.Item, string(a.Month), a.Amount.String()))
		}
		out = append(out, ui.TableCard(core.T("欠费", "Arrears"), t))
	}
	if len(f.readings) > 0 {
		t := ui.TableView{Columns: heads(core.T("单元", "Unit"), core.T("表", "Meter"), core.T("月份", "Month"), core.T("上期", "Previous"), core.T("本期", "Current"), core.T("单价", "Unit price"))}
		for _, r := range f.readings {
			t.Rows = append(t.Rows, cells(r.Code, r.Kind+" "+r.Meter, string(r.Period), r.Previous.String(), r.Current.String(), r.UnitPrice.String()))
		}
		out = append(out, ui.TableCard(core.T("水电读数", "Meter readings"), t))
	}
	return out
}

// unitPanel shows who owns and rents a unit, on the unit's page and its card.
func unitPanel(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
	stays, err := StaysIn(ctx, tx, ref.ID)
	if err != nil || len(stays) == 0 {
		return nil, err
	}
	ids := make([]core.ID, len(stays))
	for i, s := range stays {
		ids[i] = s.Customer
	}
	all, err := Some(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	t := ui.TableView{Columns: heads(core.T("身份", "As"), core.T("客户", "Customer"), core.T("起止", "From and until"))}
	for _, s := range stays {
		c := all[s.Customer]
		row := cells(core.Label(parts(), s.Part).Say(ctx), string(c.Name), strings.Trim(string(s.From)+" – "+string(s.To), "– "))
		row.Cells[1].Href = FileKind.Href(ctx, c.ID)
		if !s.On(core.Today(ctx)) {
			row.Tone = ui.None
		}
		t.Rows = append(t.Rows, row)
	}
	return ui.TableCard(core.T("业主与租户", "Owner and tenant"), t), nil
}

func directoryRecord(ctx context.Context, tx db.Tx, d Directory) (register.Record, error) {
	lines, err := DirectoryLines(ctx, tx, d.ID)
	if err != nil {
		return register.Record{}, err
	}
	t := ui.TableView{Columns: heads(core.T("单元", "Units"), core.T("商户", "Merchant"), core.T("联系人", "Contact"), core.T("电话", "Telephone"), core.T("紧急联系人", "Emergency contacts")), Empty: core.T("没有在租商户", "No merchants")}
	for _, l := range lines {
		t.Rows = append(t.Rows, cells(l.Units, l.Name, l.Contact, l.Phone, l.Emergency))
	}
	head := ui.HeadView{Title: core.T("商户通讯录 %s", "Telephone list %s", string(d.Month)), Pills: []ui.PillView{{Tone: map[string]ui.Tone{Signed: ui.OK}[d.State], Text: core.Label(directoryStates(), d.State)}}}
	return register.Record{Head: head, Cards: []templ.Component{printCard(DirectoryKind.Href(ctx, d.ID, "list.pdf")), ui.TableCard(core.T("名单", "Entries"), t)}}, nil
}

func directoryPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	d, err := getDirectory(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	lines, err := DirectoryLines(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	lang := core.LangOf(ctx)
	doc := print.New(print.A4Landscape, lang)
	doc.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: core.T("商户通讯录", "Merchants' telephone list").In(lang), Number: string(d.Month)})
	var rows [][]string
	for _, l := range lines {
		rows = append(rows, []string{l.Units, l.Name, l.Contact, l.Phone, l.Emergency})
	}
	doc.Table([]print.Column{{Title: core.T("单元", "Units").In(lang), Width: 2}, {Title: core.T("商户", "Merchant").In(lang), Width: 4}, {Title: core.T("联系人", "Contact").In(lang), Width: 2}, {Title: core.T("电话", "Telephone").In(lang), Width: 2},
		{Title: core.T("紧急联系人", "Emergency contacts").In(lang), Width: 4}}, rows)
	doc.Signs(print.Sign{Label: core.T("客服", "Customer service").In(lang), Name: d.CompiledBy}, print.Sign{Label: core.T("安保部签收", "Received by security").In(lang), Name: d.SignedBy})
	return pdf(doc, "商户通讯录"+string(d.Month))
}

func pdf(doc *print.Doc, name string) (web.Answer, error) {
	b, err := doc.Bytes()
	if err != nil && len(b) == 0 {
		return nil, err
	}
	return web.Download{Name: name + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
}

func handoverRecord(ctx context.Context, tx db.Tx, h Handover) (register.Record, error) {
	lines, err := HandoverLines(ctx, tx, h.ID)
	if err != nil {
		return register.Record{}, err
	}
	t := ui.TableView{Columns: heads(core.T("客户", "Customer"), core.T("通知", "Told")), Empty: core.T("移交后列出要通知的客户", "The customers to tell are listed after the handover")}
	for _, l := range lines {
		told := core.T("待通知", "To be told").Say(ctx)
		if !l.ToldAt.IsZero() {
			told = ui.Full(ctx, l.ToldAt) + " " + l.ToldHow
		}
		row := cells(l.Name, told)
		row.Cells[0].Href = FileKind.Href(ctx, l.Customer)
		t.Rows = append(t.Rows, row)
	}
	head := ui.HeadView{Title: core.T("客户移交:%d 户", "Handover of %d customers", h.Count), Sub: ui.Plain(strings.TrimSpace(h.LeaverName + " → " + h.ToName))}
	cards := []templ.Component{ui.TableCard(core.T("通知函名单", "Letters"), t)}
	if h.State == "done" {
		cards = append([]templ.Component{printCard(HandoverKind.Href(ctx, h.ID, "letters.pdf"))}, cards...)
	}
	return register.Record{Head: head, Cards: cards}, nil
}

// lettersPDF is a letter to each customer of a handover (C15.4), one a page.
func lettersPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	h, err := getHandover(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	lines, err := HandoverLines(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	lang := core.LangOf(ctx)
	doc := print.New(print.A4, lang)
	for _, l := range lines {
		doc.Break()
		doc.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: core.T("客户服务人员变更通知", "Change of your contact person").In(lang)})
		doc.Para(core.T("尊敬的 %s:", "Dear %s,", l.Name).In(lang))
		doc.Letter(letterText(h.ToName).In(lang))
		doc.Line(core.ProjectOf(ctx).Name, print.Right)
		doc.Line(string(core.DateOf(h.DoneAt, core.ProjectOf(ctx).Zone)), print.Right)
	}
	return pdf(doc, "客户服务人员变更通知")
}

func formTitle() core.Text { return core.T("业户基本情况表", "Occupant information form") }

// formMasked is the form with what may be seen without a reason.
func formMasked(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	c, err := Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	return informationForm(ctx, tx, c, c.IDMask, core.Phone.Mask)
}

// formPlain is the form in full, for a stated reason that is journalled.
func formPlain(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	in, err := core.Bind(ctx, reasonFields(), r.Input)
	if err != nil {
		return nil, err
	}
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if err := mayOpen(ctx, tx, c); err != nil {
		return nil, err
	}
	plain, err := IDNumber(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	if err := record(ctx, tx, c, "printed", in); err != nil {
		return nil, err
	}
	return informationForm(ctx, tx, c, plain, func(p core.Phone) string { return string(p) })
}

// informationForm is 业户基本情况表 (D2.7). As 附件14 (DX.14) it bears that number and keeps a line for each emergency
// contact that is still wanted.
func informationForm(ctx context.Context, tx db.Tx, c Customer, id string, number func(core.Phone) string) (web.Answer, error) {
	f, err := gatherFile(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	annex, wanted := "", map[string]int{}
	if rules.On("DX.14") {
		annex, wanted = "附件14", map[string]int{RoleInside: rules.Count("D2.7", "inside"), RoleOutside: rules.Count("D2.7", "outside")}
	}
	lang := core.LangOf(ctx)
	say := func(zh, en string) string { return core.T(zh, en).In(lang) }
	doc := print.New(print.A4, lang)
	doc.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: formTitle().In(lang), Form: annex, Number: c.ID.String()})
	doc.Grid([]print.Pair{{Key: say("业户名称", "Name"), Value: string(c.Name)}, {Key: say("单元", "Units"), Value: strings.Join(f.codes, "、")}},
		[]print.Pair{{Key: say("证件号", "ID number"), Value: id}, {Key: say("法定代表人", "Legal representative"), Value: string(c.LegalPerson)}},
		[]print.Pair{{Key: say("国籍/注册地", "Nationality"), Value: c.Nationality}, {Key: say("行业", "Industry"), Value: c.Industry}},
		[]print.Pair{{Key: say("法定地址", "Registered address"), Value: string(c.Address)}}, []print.Pair{{Key: say("自有设施", "Facilities"), Value: c.Facilities, Lines: 2}},
		[]print.Pair{{Key: say("入驻日期", "Moved in"), Value: string(c.MoveIn)}, {Key: say("客户类别", "Category"), Value: core.Label(Categories(), c.Category).In(lang)}})
	doc.Heading(say("联系人与紧急联系人(24 小时电话)", "Contacts and emergency contacts (round the clock)"))
	var rows [][]string
	for _, role := range contactRoles() {
		rows = append(rows, f.formRows(role, wanted[role.Value], lang, number)...)
	}
	doc.Table([]print.Column{{Title: say("身份", "Role"), Width: 3}, {Title: say("姓名", "Name"), Width: 2}, {Title: say("电话", "Telephone"), Width: 3}}, rows)
	doc.Para(say("本人已知悉并同意物业服务企业为联系、维修、收费与应急通知使用以上信息,可随时查询、更正或撤回同意。", "I know and agree that the property manager uses this for contact, repair, charges and emergencies; I may consult it, correct it or withdraw consent at any time."))
	doc.Signs(print.Sign{Label: say("业户签章", "Occupant")}, print.Sign{Label: say("经办人", "Taken down by")})
	return pdf(doc, formTitle().ZH)
}

// formRows are the contacts of a role, with empty lines up to the number wanted.
func (f *file) formRows(role core.Choice, wanted int, lang core.Lang, number func(core.Phone) string) [][]string {
	var rows [][]string
	for _, k := range f.contacts {
		if k.Role != role.Value {
			continue
		}
		var phones []string
		for _, p := range k.Phones {
			phones = append(phones, number(p))
		}
		rows = append(rows, []string{role.Label.In(lang), string(k.Name), strings.Join(phones, "、")})
	}
	for len(rows) < wanted {
		rows = append(rows, []string{role.Label.In(lang), "", ""})
	}
	return rows
}

// subjectData hands a person everything that is kept about them (L5).
func subjectData(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	in, err := core.Bind(ctx, reasonFields(), r.Input)
	if err != nil {
		return nil, err
	}
	s, err := Export(ctx, tx, id, in.Reason)
	if err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(s, "", "  ")
	return web.Download{Name: "personal-data.json", Type: "application/json", Bytes: b}, err
}

// pairsMax is how many likely duplicates of each reason the page lists.
const pairsMax = 100

func duplicatesPage(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	pairs, err := Pairs(ctx, tx, pairsMax)
	if err != nil {
		return nil, err
	}
	var ids []core.ID
	for _, p := range pairs {
		ids = append(ids, p.A, p.B)
	}
	all, err := Some(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	t := ui.TableView{Columns: heads(core.T("档案", "File"), core.T("另一份", "The other"), core.T("原因", "Why"), core.T("处理", "Do")), Empty: core.T("没有发现重复的档案", "No duplicates found")}
	for _, p := range pairs {
		row := cells(string(all[p.A].Name), string(all[p.B].Name), p.Why.Say(ctx), core.T("并入前者", "Merge into the first").Say(ctx))
		row.Cells[0].Href, row.Cells[1].Href = FileKind.Href(ctx, p.A), FileKind.Href(ctx, p.B)
		row.Cells[3].Href = FileKind.Href(ctx, p.A, "merge") + "?row=" + p.B.String()
		t.Rows = append(t.Rows, row)
	}
	title := core.T("可能重复的档案", "Possible duplicates")
	return web.Page{Title: title, Body: plainPage(title, t)}, nil
}

// named names the customer above a form.
func named(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	c, err := Get(ctx, tx, id)
	return ui.Plain(string(c.Name)), err
}
