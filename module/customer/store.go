package customer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/estate"
	"huiyin/register"
	"huiyin/search"
)

const columns = `c.project_id, c.id, c.version, c.changed_at, c.kind, c.form, c.name, c.name_key, c.id_kind, c.id_sealed, c.id_blind, c.id_mask, c.id_wrong,
	c.industry, c.legal_person, c.address, c.nationality, c.facilities, c.category, c.grade, c.credit, c.credit_note, c.needs, c.opinions,
	c.keeper_id, c.state, c.met_on, c.filed_at, c.move_in, c.verified_at, c.verify_by, c.confirmed_at, c.confirmed_by, c.merged_into, c.erased_at,
	c.origin, c.note, c.extra, c.nature, c.trade, c.enterprise, c.parent_org, c.plates, c.relation, c.lease_from, c.lease_to`

func customers(ctx context.Context, tx db.Tx, where string, args ...any) ([]Customer, error) {
	return db.All(ctx, tx, (*Customer).dest, "select "+columns+" from customer_customer c where c.project_id = $1 "+where, args...)
}

const byID = "select " + columns + " from customer_customer c where c.project_id = $1 and c.id = $2"

// Get reads one file of the request's project.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Customer, error) {
	p := core.ProjectOf(ctx).ID
	return once(tx, "file", p, id, func() (Customer, error) { return db.One(ctx, tx, (*Customer).dest, byID, p, id) })
}

// part is the key of what a Read has read of a customer.
type part struct {
	name              string
	project, customer core.ID
}

// once reads a part of a customer's file. In a Read, where nothing changes, it is read only once: a page asks for the
// same file again for each of its verbs. The value is shared: nobody may change it.
func once[V any](tx db.Tx, name string, project, customer core.ID, read func() (V, error)) (V, error) {
	if tx.Writing() {
		return read()
	}
	return db.Bag(tx, part{name, project, customer}, read)
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (Customer, error) {
	return db.One(ctx, tx, (*Customer).dest, db.Locked(tx, byID), core.ProjectOf(ctx).ID, id)
}

// Some reads the files with these ids, by id.
func Some(ctx context.Context, tx db.Tx, ids ...core.ID) (map[core.ID]Customer, error) {
	out := map[core.ID]Customer{}
	for len(ids) > 0 {
		part := ids[:min(len(ids), 500)]
		ids = ids[len(part):]
		in, args := list(part, core.ProjectOf(ctx).ID)
		rows, err := customers(ctx, tx, "and c.id in ("+in+")", args...)
		if err != nil {
			return nil, err
		}
		for _, c := range rows {
			out[c.ID] = c
		}
	}
	return out, nil
}

// list writes ids as parameters that follow the first ones.
func list(ids []core.ID, first ...any) (string, []any) {
	marks := make([]string, len(ids))
	for i, id := range ids {
		first = append(first, id)
		marks[i] = fmt.Sprintf("$%d", len(first))
	}
	return strings.Join(marks, ", "), first
}

// query builds the where clause of a list, parameter by parameter.
type query struct {
	where string
	args  []any
}

func (q *query) add(condition string, args ...any) {
	marks := make([]any, len(args))
	for i, a := range args {
		q.args = append(q.args, a)
		marks[i] = fmt.Sprintf("$%d", len(q.args))
	}
	q.where += " and " + fmt.Sprintf(condition, marks...)
}

// textMax is how many files a text finds at most; narrower words find the rest.
const textMax = 100

func find(ctx context.Context, tx db.Tx, in register.Query) ([]Customer, error) {
	p := core.ProjectOf(ctx)
	q := query{args: []any{p.ID}}
	if in.Text != "" {
		ids, err := textHits(ctx, tx, in.Text)
		if err != nil || len(ids) == 0 || in.After != "" {
			return nil, err
		}
		marks, args := list(ids, q.args...)
		q.where, q.args = " and c.id in ("+marks+")", args
	}
	for _, name := range []string{"kind", "category", "nature", "grade", "state"} {
		if v := in.Filter[name]; v != "" {
			q.add("c."+name+" = %s", v)
		}
	}
	if in.Filter["state"] == "" {
		q.add("c.state <> 'merged' and c.state <> 'erased'")
	}
	if b, err := core.ParseID(in.Filter["building"]); err == nil {
		q.add(`exists (select 1 from customer_unit s join estate_unit u on u.project_id = s.project_id and u.id = s.unit_id
			where s.project_id = c.project_id and s.customer_id = c.id and u.building_id = %s)`, b)
	}
	if in.Filter["overdue"] == "true" {
		q.add("c.verify_by < %s", core.Today(ctx))
	}
	if k, err := core.ParseID(in.Filter["keeper"]); err == nil {
		q.add("c.keeper_id = %s", k)
	}
	if at, id, ok := strings.Cut(in.After, "~"); ok {
		t, err1 := core.ParseID(at)
		last, err2 := core.ParseID(id)
		if err1 != nil || err2 != nil {
			return nil, core.Invalid("after", "页码不正确", "The page key is wrong")
		}
		q.add("(c.filed_at, c.id) < (%s, %s)", int64(t), last)
	}
	q.args = append(q.args, in.Limit)
	rows, err := customers(ctx, tx, q.where+fmt.Sprintf(" order by c.filed_at desc, c.id desc limit $%d", len(q.args)), q.args...)
	if err != nil {
		return nil, err
	}
	return rows, withSummary(ctx, tx, rows)
}

// textHits are the files that the search finds for a text; only customers are asked for.
func textHits(ctx context.Context, tx db.Tx, text string) ([]core.ID, error) {
	hits, err := search.Find(ctx, tx, core.ProjectOf(ctx).ID, func(perm string) bool { return perm == "customer.view" }, text, textMax)
	var ids []core.ID
	for _, h := range hits {
		if h.Ref.Kind == "customer" {
			ids = append(ids, h.Ref.ID)
		}
	}
	return ids, err
}

// withSummary fills the units and the first contact of the rows of a list, in three queries for all of them.
func withSummary(ctx context.Context, tx db.Tx, rows []Customer) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]core.ID, len(rows))
	at := map[core.ID]*Customer{}
	for i := range rows {
		ids[i] = rows[i].ID
		at[ids[i]] = &rows[i]
	}
	contacts, err := contactsOf(ctx, tx, ids...)
	if err != nil {
		return err
	}
	for _, k := range contacts {
		if c := at[k.Customer]; c.Contact == "" && c.Phone == "" {
			c.Contact = k.Name
			if len(k.Phones) > 0 {
				c.Phone = k.Phones[0]
			}
		}
	}
	codes, err := codesOf(ctx, tx, core.Today(ctx), ids...)
	for id, cs := range codes {
		at[id].Units = strings.Join(cs, "、")
	}
	return err
}

// codesOf are the codes of the units that customers have on a day.
func codesOf(ctx context.Context, tx db.Tx, day core.Date, ids ...core.ID) (map[core.ID][]string, error) {
	type row struct {
		customer core.ID
		code     string
	}
	out := map[core.ID][]string{}
	for len(ids) > 0 {
		part := ids[:min(len(ids), 500)]
		ids = ids[len(part):]
		in, args := list(part, core.ProjectOf(ctx).ID, day)
		rows, err := db.All(ctx, tx, func(r *row) []any { return []any{&r.customer, &r.code} }, `select distinct s.customer_id, u.code from customer_unit s
			join estate_unit u on u.project_id = s.project_id and u.id = s.unit_id
			where s.project_id = $1 and (s.to_on is null or s.to_on >= $2) and s.customer_id in (`+in+`) order by s.customer_id, u.code`, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.customer] = append(out[r.customer], r.code)
		}
	}
	return out, nil
}

// insert stores new files.
func insert(ctx context.Context, tx db.Tx, cs ...Customer) error {
	now, by := core.Now(ctx), core.ActorOf(ctx).ID
	rows := make([][]any, len(cs))
	for i, c := range cs {
		rows[i] = []any{c.Project, c.ID, now, by, now, by, c.Kind, c.Form, c.Name, c.NameKey, c.IDKind, c.IDSealed, c.IDBlind, c.IDMask, c.IDWrong,
			c.Industry, c.LegalPerson, c.Address, c.Nationality, c.Facilities, c.Category, c.Grade, c.Credit, c.CreditNote, c.Needs, c.Opinions, c.Keeper, c.State, c.MetOn, c.FiledAt, c.MoveIn,
			c.VerifiedAt, c.VerifyBy, c.ConfirmedAt, c.ConfirmedBy, c.Origin, c.Note, c.Extra,
			c.Nature, c.Trade, c.Enterprise, c.ParentOrg, c.Plates, c.Relation, c.LeaseFrom, c.LeaseTo}
	}
	_, err := db.InsertMany(ctx, tx, `customer_customer (project_id, id, created_at, created_by, changed_at, changed_by, kind, form, name, name_key, id_kind, id_sealed, id_blind, id_mask, id_wrong,
		industry, legal_person, address, nationality, facilities, category, grade, credit, credit_note, needs, opinions, keeper_id, state, met_on, filed_at, move_in, verified_at, verify_by,
		confirmed_at, confirmed_by, origin, note, extra, nature, trade, enterprise, parent_org, plates, relation, lease_from, lease_to)`, "", rows)
	return err
}

// update writes a file back; its version must still be what was read.
func update(ctx context.Context, tx db.Tx, c Customer) error {
	return db.ExecOne(ctx, tx, `update customer_customer set kind = $1, form = $2, name = $3, name_key = $4, id_kind = $5, id_sealed = $6, id_blind = $7, id_mask = $8, id_wrong = $9,
		industry = $10, legal_person = $11, address = $12, nationality = $13, facilities = $14, category = $15, grade = $16, credit = $17, credit_note = $18, needs = $19, opinions = $20,
		keeper_id = $21, state = $22, met_on = $23, move_in = $24, verified_at = $25, verify_by = $26, confirmed_at = $27, confirmed_by = $28, merged_into = $29, erased_at = $30,
		note = $31, extra = $32, version = version + 1, changed_at = $33, changed_by = $34, nature = $38, trade = $39, enterprise = $40, parent_org = $41, plates = $42, relation = $43, lease_from = $44, lease_to = $45
		where project_id = $35 and id = $36 and version = $37`,
		c.Kind, c.Form, c.Name, c.NameKey, c.IDKind, c.IDSealed, c.IDBlind, c.IDMask, c.IDWrong, c.Industry, c.LegalPerson, c.Address, c.Nationality, c.Facilities, c.Category, c.Grade,
		c.Credit, c.CreditNote, c.Needs, c.Opinions, c.Keeper, c.State, c.MetOn, c.MoveIn, c.VerifiedAt, c.VerifyBy, c.ConfirmedAt, c.ConfirmedBy, c.MergedInto, c.ErasedAt, c.Note, c.Extra,
		core.Now(ctx), core.ActorOf(ctx).ID, c.Project, c.ID, c.Version, c.Nature, c.Trade, c.Enterprise, c.ParentOrg, c.Plates, c.Relation, c.LeaseFrom, c.LeaseTo)
}

// touch raises the version of a file one of whose rows changed.
func touch(ctx context.Context, tx db.Tx, id core.ID) error {
	return db.ExecOne(ctx, tx, "update customer_customer set version = version + 1, changed_at = $1, changed_by = $2 where project_id = $3 and id = $4",
		core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, id)
}

// contactsOf reads the contacts of customers with their numbers, oldest first.
func contactsOf(ctx context.Context, tx db.Tx, ids ...core.ID) ([]Contact, error) {
	var out []Contact
	for len(ids) > 0 {
		part := ids[:min(len(ids), 500)]
		ids = ids[len(part):]
		in, args := list(part, core.ProjectOf(ctx).ID)
		rows, err := db.All(ctx, tx, (*contactRow).dest, `select k.id, k.customer_id, k.name, k.role, k.note, p.phone from customer_contact k
			left join customer_phone p on p.project_id = k.project_id and p.contact_id = k.id
			where k.project_id = $1 and k.removed_at is null and k.customer_id in (`+in+") order by k.customer_id, k.id, p.id", args...)
		if err != nil {
			return nil, err
		}
		out = gather(out, rows)
	}
	return out, nil
}

type contactRow struct {
	Contact
	phone core.Phone
}

func (r *contactRow) dest() []any {
	return []any{&r.ID, &r.Customer, &r.Name, &r.Role, &r.Note, &r.phone}
}

func gather(out []Contact, rows []contactRow) []Contact {
	for _, r := range rows {
		if n := len(out); n == 0 || out[n-1].ID != r.ID {
			out = append(out, r.Contact)
		}
		if r.phone != "" {
			out[len(out)-1].Phones = append(out[len(out)-1].Phones, r.phone)
		}
	}
	return out
}

// Contacts are a customer's contacts, oldest first.
func Contacts(ctx context.Context, tx db.Tx, customer core.ID) ([]Contact, error) {
	return once(tx, "contacts", core.ProjectOf(ctx).ID, customer, func() ([]Contact, error) {
		ks, err := contactsOf(ctx, tx, customer)
		if err != nil || len(ks) == 0 {
			return ks, err
		}
		return ks, withMails(ctx, tx, customer, ks)
	})
}

// Caller is who calls, from where: what a request takes down of them.
type Caller struct {
	Name   core.Personal
	Unit   string // code; empty: no such unit
	Person core.Personal
	Phone  core.Phone
}

// CallerOf reads a customer with one unit and one contact, in one statement; unit and contact may be 0.
func CallerOf(ctx context.Context, tx db.Tx, customer, unit, contact core.ID) (Caller, bool, error) {
	return db.Maybe(ctx, tx, func(c *Caller) []any { return []any{&c.Name, &c.Unit, &c.Person, &c.Phone} },
		`select c.name, u.code, k.name, p.phone from customer_customer c
		left join estate_unit u on u.project_id = c.project_id and u.id = $3
		left join customer_contact k on k.project_id = c.project_id and k.id = $4 and k.customer_id = c.id and k.removed_at is null
		left join customer_phone p on p.project_id = c.project_id and p.contact_id = k.id
		where c.project_id = $1 and c.id = $2 order by p.id limit 1`, core.ProjectOf(ctx).ID, customer, unit, contact)
}

// insertContacts stores new contacts with their numbers.
func insertContacts(ctx context.Context, tx db.Tx, ks ...Contact) error {
	p := core.ProjectOf(ctx).ID
	var rows, phones [][]any
	for _, k := range ks {
		rows = append(rows, []any{p, k.ID, k.Customer, k.Name, k.Role, k.Note})
		for _, n := range k.Phones {
			phones = append(phones, []any{p, tx.NewID(), k.Customer, k.ID, n})
		}
	}
	if _, err := db.InsertMany(ctx, tx, "customer_contact (project_id, id, customer_id, name, role, note)", "", rows); err != nil {
		return err
	}
	if _, err := db.InsertMany(ctx, tx, phoneInto, "", phones); err != nil {
		return err
	}
	for _, k := range ks {
		if err := putMail(ctx, tx, k.Customer, k.ID, k.Mail); err != nil {
			return err
		}
	}
	return nil
}

const phoneInto = "customer_phone (project_id, id, customer_id, contact_id, phone)"

func insertPhones(ctx context.Context, tx db.Tx, customer, contact core.ID, phones []core.Phone) error {
	rows := make([][]any, len(phones))
	for i, p := range phones {
		rows[i] = []any{core.ProjectOf(ctx).ID, tx.NewID(), customer, contact, p}
	}
	_, err := db.InsertMany(ctx, tx, phoneInto, "", rows)
	return err
}

func updateContact(ctx context.Context, tx db.Tx, k Contact) error {
	return db.ExecOne(ctx, tx, "update customer_contact set name = $1, role = $2, note = $3 where project_id = $4 and id = $5 and customer_id = $6 and removed_at is null",
		k.Name, k.Role, k.Note, core.ProjectOf(ctx).ID, k.ID, k.Customer)
}

func dropPhones(ctx context.Context, tx db.Tx, customer, contact core.ID) error {
	_, err := db.Exec(ctx, tx, "delete from customer_phone where project_id = $1 and customer_id = $2 and contact_id = $3", core.ProjectOf(ctx).ID, customer, contact)
	return err
}

func removeContact(ctx context.Context, tx db.Tx, customer, contact core.ID) error {
	return db.ExecOne(ctx, tx, "update customer_contact set removed_at = $1 where project_id = $2 and customer_id = $3 and id = $4 and removed_at is null",
		core.Now(ctx), core.ProjectOf(ctx).ID, customer, contact)
}

const stayColumns = "s.id, s.customer_id, s.unit_id, s.part, s.from_on, s.to_on, s.origin"

func (s *Stay) dest() []any {
	return []any{&s.ID, &s.Customer, &s.Unit, &s.Part, &s.From, &s.To, &s.Origin}
}

// Stays are the units that a customer has or had.
func Stays(ctx context.Context, tx db.Tx, customer core.ID) ([]Stay, error) {
	p := core.ProjectOf(ctx).ID
	return once(tx, "stays", p, customer, func() ([]Stay, error) {
		return db.All(ctx, tx, (*Stay).dest, "select "+stayColumns+" from customer_unit s where s.project_id = $1 and s.customer_id = $2 order by s.id", p, customer)
	})
}

// StaysIn are the customers that a unit has or had.
func StaysIn(ctx context.Context, tx db.Tx, unit core.ID) ([]Stay, error) {
	return db.All(ctx, tx, (*Stay).dest, "select "+stayColumns+" from customer_unit s where s.project_id = $1 and s.unit_id = $2 order by s.id", core.ProjectOf(ctx).ID, unit)
}

// staysIn are the stays of several units, the oldest first.
func staysIn(ctx context.Context, tx db.Tx, units ...core.ID) ([]Stay, error) {
	var out []Stay
	for part := range slices.Chunk(units, 500) {
		in, args := list(part, core.ProjectOf(ctx).ID)
		rows, err := db.All(ctx, tx, (*Stay).dest, "select "+stayColumns+" from customer_unit s where s.project_id = $1 and s.unit_id in ("+in+") order by s.id", args...)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

func insertStays(ctx context.Context, tx db.Tx, stays ...Stay) error {
	rows := make([][]any, len(stays))
	for i, s := range stays {
		rows[i] = []any{core.ProjectOf(ctx).ID, s.ID, s.Customer, s.Unit, s.Part, s.From, s.To, s.Origin}
	}
	_, err := db.InsertMany(ctx, tx, "customer_unit (project_id, id, customer_id, unit_id, part, from_on, to_on, origin)", "", rows)
	return err
}

func endStay(ctx context.Context, tx db.Tx, s Stay, on core.Date) error {
	return db.ExecOne(ctx, tx, "update customer_unit set to_on = $1 where project_id = $2 and id = $3 and to_on is null", on, core.ProjectOf(ctx).ID, s.ID)
}

func (s *Consent) dest() []any {
	return []any{&s.ID, &s.Customer, &s.Purpose, &s.Sensitive, &s.How, &s.GivenAt, &s.GivenBy, &s.WithdrawnAt, &s.WithdrawnHow, &s.Matter, &s.Number, &s.Form.ZH, &s.Form.EN}
}

// Consents are a customer's consents, oldest first, withdrawn ones too.
func Consents(ctx context.Context, tx db.Tx, customer core.ID) ([]Consent, error) {
	p := core.ProjectOf(ctx).ID
	return once(tx, "consents", p, customer, func() ([]Consent, error) {
		return db.All(ctx, tx, (*Consent).dest, `select id, customer_id, purpose, sensitive, how, given_at, given_by, withdrawn_at, withdrawn_how, matter_id, matter_number, form, form_en from customer_consent
			where project_id = $1 and customer_id = $2 order by given_at, id`, p, customer)
	})
}

func insertConsent(ctx context.Context, tx db.Tx, s Consent) error {
	_, err := db.Exec(ctx, tx, "insert into customer_consent (project_id, id, customer_id, purpose, sensitive, how, given_at, given_by, matter_id, matter_number, form, form_en) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
		core.ProjectOf(ctx).ID, s.ID, s.Customer, s.Purpose, s.Sensitive, s.How, s.GivenAt, s.GivenBy, s.Matter, s.Number, s.Form.ZH, s.Form.EN)
	return err
}

func withdrawConsent(ctx context.Context, tx db.Tx, customer, id core.ID, how string) error {
	return db.ExecOne(ctx, tx, "update customer_consent set withdrawn_at = $1, withdrawn_how = $2 where project_id = $3 and customer_id = $4 and id = $5 and withdrawn_at is null",
		core.Now(ctx), how, core.ProjectOf(ctx).ID, customer, id)
}

func (r *Report) dest() []any {
	return []any{&r.ID, &r.Customer, &r.At, &r.By, &r.ByName, &r.How, &r.Summary}
}

// Reports are the newest contacts with a customer (C15.4), at most limit.
func Reports(ctx context.Context, tx db.Tx, customer core.ID, limit int) ([]Report, error) {
	return db.All(ctx, tx, (*Report).dest, `select id, customer_id, at, by_id, by_name, how, summary from customer_report
		where project_id = $1 and customer_id = $2 order by at desc, id desc limit $3`, core.ProjectOf(ctx).ID, customer, limit)
}

func insertReport(ctx context.Context, tx db.Tx, r Report) error {
	_, err := db.Exec(ctx, tx, "insert into customer_report (project_id, id, customer_id, at, by_id, by_name, how, summary) values ($1,$2,$3,$4,$5,$6,$7,$8)",
		core.ProjectOf(ctx).ID, r.ID, r.Customer, r.At, r.By, r.ByName, r.How, r.Summary)
	return err
}

// unitsOf reads the units of stays.
func unitsOf(ctx context.Context, tx db.Tx, stays []Stay) (map[core.ID]estate.Unit, error) {
	ids := make([]core.ID, len(stays))
	for i, s := range stays {
		ids[i] = s.Unit
	}
	return estate.Units(ctx, tx, ids...)
}
