package customer

import (
	"context"
	"maps"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/estate"
	"huiyin/sheet"
)

// importers take over what the workbooks say of customers: the owners of 房产台账, 业户台账, and the opening data.
func importers() []sheet.Importer {
	return []sheet.Importer{
		{Layout: "units", Order: 15, Key: core.T("业主名称 + 电话", "the owner's name and telephone"), Stage: stageOwners, Apply: applyPeople, Count: func(*sheet.Counts, []sheet.Staged) {}},
		{Layout: "customers", Order: 20, Key: core.T("统一社会信用代码或证件号;没有则为名称 + 电话", "credit code or ID number; without one, name and telephone"), Stage: stagePeople, Apply: applyPeople, Count: countPeople},
		{Layout: "leases", Order: 30, Key: core.T("合同编号 + 单元", "contract number and unit"), Stage: stageLeases, Apply: applyLeases,
			Count: func(c *sheet.Counts, rows []sheet.Staged) { c.Leases += len(rows) }},
		{Layout: "readings", Order: 40, Key: core.T("表号 + 抄表月份", "meter and period"), Stage: stageReadings, Apply: applyReadings,
			Count: func(c *sheet.Counts, rows []sheet.Staged) { c.Readings += len(rows) }},
		{Layout: "arrears", Order: 50, Key: core.T("单元 + 费用项目 + 月份", "unit, item and month"), Stage: stageArrears, Apply: applyArrears, Count: countArrears},
	}
}

// countPeople counts customers, not rows: one customer may have several units in rows of their own.
func countPeople(c *sheet.Counts, rows []sheet.Staged) {
	seen := map[string]bool{}
	for _, r := range rows {
		if !seen[r.Key] {
			seen[r.Key] = true
			c.Customers++
		}
	}
}

// party is a row about a customer, parsed. The ID number is sealed: staging is kept in the database.
type party struct {
	Kind     string
	Name     string
	ID       string // sealed by the master key
	Blind    string
	Industry string
	Legal    string
	Category string
	MoveIn   core.Date
	Contacts []Entry
	Units    []string // keys of unit codes
	Part     string
	Extra    string
}

// phone is the first number, which recognises a customer without ID.
func (p party) phone() core.Phone {
	for _, e := range p.Contacts {
		if ps := e.phones(); len(ps) > 0 && e.Role == RoleContact {
			return ps[0]
		}
	}
	return ""
}

func (p party) key() string {
	if p.Blind != "" {
		return "id:" + p.Blind
	}
	return p.nameKey()
}

func (p party) nameKey() string { return "name:" + NameKey(p.Name) + ":" + string(p.phone()) }

// known is what the project has, read once: an import asks nothing row by row.
type known struct {
	units     map[string]estate.Unit
	customers map[core.ID]*Customer
	blind     map[string]core.ID
	named     map[string][]core.ID // name key
	called    map[string]core.ID   // name key and telephone
	contacts  map[core.ID][]Contact
	stays     map[core.ID][]Stay
	inUnit    map[core.ID][]Stay
	codes     map[core.ID]string // of units by id
}

type knownKey struct{}

// load reads the people of the project once a transaction, and the units anew each time: the sheets before may have
// brought some.
func load(ctx context.Context, tx db.Tx) (*known, error) {
	k, err := db.Bag(tx, knownKey{}, func() (*known, error) { return loadPeople(ctx, tx) })
	if err != nil {
		return nil, err
	}
	units, err := estate.Current(ctx, tx)
	for _, u := range units {
		k.units[u.Key], k.codes[u.ID] = u, u.Code
	}
	return k, err
}

func loadPeople(ctx context.Context, tx db.Tx) (*known, error) {
	k := &known{map[string]estate.Unit{}, map[core.ID]*Customer{}, map[string]core.ID{}, map[string][]core.ID{}, map[string]core.ID{}, map[core.ID][]Contact{}, map[core.ID][]Stay{}, map[core.ID][]Stay{}, map[core.ID]string{}}
	p := core.ProjectOf(ctx).ID
	if err := k.people(ctx, tx, p); err != nil {
		return nil, err
	}
	all, err := customers(ctx, tx, "and c.state <> 'merged' and c.state <> 'erased' order by c.id", p)
	if err != nil {
		return nil, err
	}
	for i := range all {
		k.add(&all[i])
	}
	stays, err := db.All(ctx, tx, (*Stay).dest, "select "+stayColumns+" from customer_unit s where s.project_id = $1 order by s.id", p)
	for _, s := range stays {
		k.stay(s)
	}
	return k, err
}

// people reads all contacts and all numbers, each table once.
func (k *known) people(ctx context.Context, tx db.Tx, project core.ID) error {
	type number struct {
		contact core.ID
		phone   core.Phone
	}
	numbers, err := db.All(ctx, tx, func(n *number) []any { return []any{&n.contact, &n.phone} }, "select contact_id, phone from customer_phone where project_id = $1 order by id", project)
	if err != nil {
		return err
	}
	of := map[core.ID][]core.Phone{}
	for _, n := range numbers {
		of[n.contact] = append(of[n.contact], n.phone)
	}
	all, err := db.All(ctx, tx, func(c *Contact) []any { return []any{&c.ID, &c.Customer, &c.Name, &c.Role, &c.Note} },
		"select id, customer_id, name, role, note from customer_contact where project_id = $1 and removed_at is null order by id", project)
	for _, c := range all {
		c.Phones = of[c.ID]
		k.contacts[c.Customer] = append(k.contacts[c.Customer], c)
	}
	return err
}

func (k *known) add(c *Customer) {
	k.customers[c.ID] = c
	if c.IDBlind != "" {
		k.blind[c.IDBlind] = c.ID
	}
	if !slices.Contains(k.named[c.NameKey], c.ID) {
		k.named[c.NameKey] = append(k.named[c.NameKey], c.ID)
	}
	first := ""
	for _, x := range k.contacts[c.ID] {
		if x.Role == RoleContact && len(x.Phones) > 0 && first == "" {
			first = string(x.Phones[0])
		}
		for _, p := range x.Phones {
			if x.Role == RoleContact {
				k.called["name:"+c.NameKey+":"+string(p)] = c.ID
			}
		}
	}
	if first == "" {
		k.called["name:"+c.NameKey+":"] = c.ID
	}
}

func (k *known) stay(s Stay) {
	k.stays[s.Customer] = append(k.stays[s.Customer], s)
	k.inUnit[s.Unit] = append(k.inUnit[s.Unit], s)
}

// match recognises a row's customer: by ID number, else by name and telephone, but never one with another ID number.
func (k *known) match(p party) *Customer {
	if p.Blind != "" {
		if id, ok := k.blind[p.Blind]; ok {
			return k.customers[id]
		}
	}
	c := k.customers[k.called[p.nameKey()]]
	if c != nil && p.Blind != "" && c.IDBlind != "" {
		return nil
	}
	return c
}

// reader collects what is wrong with a row.
type reader struct {
	row      sheet.ImportRow
	problems []sheet.Problem
	extra    map[string]string
}

func read(row sheet.ImportRow) *reader { return &reader{row: row, extra: maps.Clone(row.Extra)} }

func (r *reader) cell(field string) sheet.Cell { return sheet.TextCell(r.row.Cells[field]) }
func (r *reader) text(field string) string     { return strings.TrimSpace(r.row.Cells[field]) }
func (r *reader) has(field string) bool        { return !r.cell(field).Blank() }

func (r *reader) say(field, severity string, why core.Text) {
	r.problems = append(r.problems, sheet.Problem{Sheet: r.row.Sheet, Row: r.row.Row, Column: field, Message: why, Severity: severity})
}

// gap keeps a value that cannot be read as it was written.
func (r *reader) gap(field string, why core.Text) {
	r.say(field, sheet.SeverityGap, why)
	if r.extra == nil {
		r.extra = map[string]string{}
	}
	r.extra[field] = r.row.Cells[field]
}

func (r *reader) refuse(field string, why core.Text) { r.say(field, sheet.SeverityRow, why) }

func (r *reader) refused() bool {
	return slices.ContainsFunc(r.problems, func(p sheet.Problem) bool { return p.Severity == sheet.SeverityRow })
}

func (r *reader) extras() string {
	if len(r.extra) == 0 {
		return ""
	}
	return core.JSON(r.extra)
}

// parse reads a field with one of package sheet's parsers; what cannot be read is a gap.
func parse[V any](r *reader, field string, f func(sheet.Cell) (V, bool, core.Text)) V {
	var none V
	if !r.has(field) {
		return none
	}
	v, ok, why := f(r.cell(field))
	if !ok {
		r.gap(field, why)
		return none
	}
	return v
}

func date(c sheet.Cell) (core.Date, bool, core.Text) { return sheet.ParseDate(c, 0) }

// units are the keys of the row's units; unknown ones are made when the row is applied.
func (r *reader) units(k *known, batch *sheet.Batch) []string {
	if !r.has("unit") {
		return nil
	}
	all, ok, why := sheet.ParseUnits(r.text("unit"), r.text("building"))
	if !ok {
		r.gap("unit", why)
		return nil
	}
	var out []string
	for _, u := range all {
		if _, ok := k.units[u.Key]; !ok && !batch.Brings("units", u.Key) {
			r.say("unit", sheet.SeverityGap, core.T("房产台账里没有单元 %s,将按编号新建", "the units list has no %s; it will be made from its code", u.Code))
		}
		out = append(out, u.Key)
	}
	return out
}

// people reads names and numbers of a pair of columns; what is no number stays with the person as written.
func (r *reader) people(field, phoneField, role, otherwise string) []Entry {
	var people []sheet.Person
	if r.has(field) {
		var ok bool
		var why core.Text
		if people, ok, why = sheet.ParsePeople(r.cell(field)); !ok {
			r.say(field, sheet.SeverityGap, why)
		}
	}
	if r.has(phoneField) {
		phones, ok, why := sheet.ParsePhones(r.cell(phoneField))
		if !ok {
			r.say(phoneField, sheet.SeverityGap, why)
		}
		people = share(people, phones)
	}
	var out []Entry
	for _, p := range people {
		e := Entry{Name: core.Personal(p.Name), Role: role, More: p.Phones}
		if p.Name == "" {
			e.Name = core.Personal(otherwise)
		}
		out = append(out, e)
	}
	return out
}

// share gives the numbers of a column of their own to the people named: one each in order, or all to the only one.
func share(people []sheet.Person, phones []core.Phone) []sheet.Person {
	if len(people) == 0 {
		return []sheet.Person{{Phones: phones}}
	}
	none := !slices.ContainsFunc(people, func(p sheet.Person) bool { return len(p.Phones) > 0 })
	if none && len(people) == len(phones) {
		for i := range people {
			people[i].Phones = phones[i : i+1]
		}
		return people
	}
	for _, p := range phones {
		if !slices.Contains(people[0].Phones, p) {
			people[0].Phones = append(people[0].Phones, p)
		}
	}
	return people
}

// categoryOf reads how offices write a category.
func categoryOf(s string) (string, bool) {
	for _, c := range Categories() {
		if s != "" && strings.HasPrefix(s, strings.TrimSuffix(c.Label.ZH, "客户")) {
			return c.Value, true
		}
	}
	return "", s == ""
}

func stagePeople(ctx context.Context, tx db.Tx, rows []sheet.ImportRow, batch *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
	k, err := load(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	var out []sheet.Staged
	var problems []sheet.Problem
	for _, row := range rows {
		r := read(row)
		p := r.tenant(tx, k, batch)
		out = append(out, k.compare(r, p))
		problems = append(problems, r.problems...)
	}
	return out, problems, nil
}

func (r *reader) tenant(tx db.Tx, k *known, batch *sheet.Batch) party {
	p := party{Kind: KindTenant, Part: AsTenant, Name: r.text("name"), Industry: r.text("industry"), Legal: r.text("legal_person")}
	if p.Name == "" {
		r.refuse("name", core.T("没有业户名称", "the customer's name is missing"))
	}
	if r.has("id_no") {
		id, ok, why := sheet.ParseID(r.cell("id_no"))
		p.ID, p.Blind = db.Seal(tx, id), db.Blind(tx, "idno", tidyID(core.IDNumber(id)))
		if !ok {
			r.say("id_no", sheet.SeverityGap, why)
		}
	}
	var ok bool
	if p.Category, ok = categoryOf(r.text("category")); !ok {
		r.gap("category", core.T("不认识的客户类别 %q", "the category %q is unknown", r.text("category")))
	}
	p.MoveIn = parse(r, "move_in", date)
	p.Contacts = append(r.people("contact", "phone", RoleContact, p.Name), r.people("emergency", "emergency_phone", RoleOutside, p.Name)...)
	p.Units = r.units(k, batch)
	p.Extra = r.extras()
	return p
}

// stageOwners reads the owners out of the units list. An owner without a number is the one of the same name in this
// file, if there is only one; the preview says so.
func stageOwners(ctx context.Context, tx db.Tx, rows []sheet.ImportRow, batch *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
	k, err := load(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	readers, owners := []*reader{}, []party{}
	numbers := map[string]map[core.Phone]int{}
	for _, row := range rows {
		r := &reader{row: row}
		if !r.has("owner") {
			continue
		}
		p := r.owner()
		readers, owners = append(readers, r), append(owners, p)
		if ph := p.phone(); ph != "" {
			key := NameKey(p.Name)
			if numbers[key] == nil {
				numbers[key] = map[core.Phone]int{}
			}
			numbers[key][ph]++
		}
	}
	var out []sheet.Staged
	var problems []sheet.Problem
	for i, r := range readers {
		p := owners[i]
		if same := numbers[NameKey(p.Name)]; p.phone() == "" && len(same) == 1 {
			for ph := range same {
				p.Contacts = []Entry{{Name: core.Personal(p.Name), Role: RoleContact, More: []core.Phone{ph}}}
			}
			r.say("owner_phone", sheet.SeverityNote, core.T("业主 %s 未写电话,按本表同名业主归并", "no telephone for owner %s; taken for the owner of the same name in this sheet", p.Name))
		}
		out = append(out, k.compare(r, p))
		problems = append(problems, r.problems...)
	}
	return out, problems, nil
}

func (r *reader) owner() party {
	p := party{Kind: KindOwner, Part: AsOwner, Name: r.text("owner")}
	if people, ok, _ := sheet.ParsePeople(r.cell("owner")); ok && len(people) == 1 && people[0].Name != "" {
		p.Name = people[0].Name
		p.Contacts = append(p.Contacts, Entry{Name: core.Personal(p.Name), Role: RoleContact, More: people[0].Phones})
	}
	if r.has("owner_phone") {
		phones, ok, why := sheet.ParsePhones(r.cell("owner_phone"))
		if !ok {
			r.say("owner_phone", sheet.SeverityGap, why)
		}
		p.Contacts = []Entry{{Name: core.Personal(p.Name), Role: RoleContact, More: phones}}
	}
	if len(p.Contacts) == 1 && len(p.Contacts[0].More) == 0 {
		p.Contacts = nil
	}
	if us, ok, _ := sheet.ParseUnits(r.text("unit"), r.text("building")); ok && len(us) == 1 {
		p.Units = []string{us[0].Key}
	} else {
		r.refuse("unit", core.T("单元编号无法识别,业主未导入", "the unit code cannot be read, so the owner is not imported"))
	}
	return p
}

// compare says what a row would change.
func (k *known) compare(r *reader, p party) sheet.Staged {
	s := sheet.Staged{ImportRow: r.row, Key: p.key(), State: sheet.New, Data: core.JSON(p)}
	if r.refused() {
		s.State = sheet.Refused
		return s
	}
	c := k.match(p)
	if c == nil {
		return s
	}
	s.Record, s.Version, s.State = c.ID, c.Version, sheet.Unchanged
	if s.Changes = k.changes(c, p); len(s.Changes) > 0 {
		s.State = sheet.Changed
	}
	return s
}

func (k *known) changes(c *Customer, p party) []sheet.Change {
	var out []sheet.Change
	diff := func(label core.Text, old, now string) {
		if now != "" && now != old {
			out = append(out, sheet.Change{Field: label, Old: old, New: now})
		}
	}
	diff(core.T("名称", "Name"), string(c.Name), p.Name)
	if p.Blind != "" && p.Blind != c.IDBlind {
		out = append(out, sheet.Change{Field: core.T("证件号", "ID number"), Old: c.IDMask, New: "****"})
	}
	diff(core.T("行业", "Industry"), c.Industry, p.Industry)
	diff(core.T("法定代表人", "Legal representative"), string(c.LegalPerson), p.Legal)
	diff(core.T("客户类别", "Category"), core.Label(Categories(), c.Category).ZH, core.Label(Categories(), p.Category).ZH)
	diff(core.T("入驻日期", "Move-in date"), string(c.MoveIn), string(p.MoveIn))
	diff(core.T("其他列", "Other columns"), c.Extra, p.Extra)
	for _, e := range p.Contacts {
		have, ok := k.contact(c.ID, e)
		if !ok {
			diff(core.T("联系人", "Contact"), "", string(e.Name)+" "+masks(e.phones()))
		} else if !covers(have.Phones, e.phones()) {
			diff(core.T("联系电话", "Telephone"), masks(have.Phones), masks(e.phones()))
		}
	}
	for _, u := range p.Units {
		if !k.holds(c.ID, u, p.Part) {
			diff(core.T("单元", "Unit"), "", u)
		}
	}
	return out
}

func masks(phones []core.Phone) string {
	out := make([]string, len(phones))
	for i, p := range phones {
		out[i] = p.Mask()
	}
	return strings.Join(out, "、")
}

func covers(have, want []core.Phone) bool {
	for _, p := range want {
		if !slices.Contains(have, p) {
			return false
		}
	}
	return true
}

func (k *known) contact(customer core.ID, e Entry) (Contact, bool) {
	for _, c := range k.contacts[customer] {
		if sameContact(c, e) {
			return c, true
		}
	}
	return Contact{}, false
}

func (k *known) holds(customer core.ID, unit, part string) bool {
	u, ok := k.units[unit]
	if !ok {
		return false
	}
	return slices.ContainsFunc(k.stays[customer], func(s Stay) bool { return s.Unit == u.ID && s.Part == part })
}
