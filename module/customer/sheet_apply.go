package customer

import (
	"context"
	"encoding/json"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/estate"
	"huiyin/search"
	"huiyin/sheet"
)

// touchedKey remembers which files this import has written, so that its own writes do not look like somebody else's.
type touchedKey struct{}

func writtenHere(tx db.Tx) (map[core.ID]bool, error) {
	return db.Bag(tx, touchedKey{}, func() (map[core.ID]bool, error) { return map[core.ID]bool{}, nil })
}

// intake is what the rows of one sheet make of the files. New files are put together in memory, whatever number of rows
// tells of them, and stored at the end in a few statements.
type intake struct {
	*known
	fresh    []*Customer
	made     map[core.ID]core.IDNumber // fresh files and their plain ID numbers, for the sealed journal
	contacts []core.ID                 // customers and contacts to be stored
	pending  map[core.ID]bool          // contacts that are not stored yet
	newStays []Stay
	changed  []*Customer
	why      map[core.ID]map[string]string // what changed files are journalled with
}

func applyPeople(ctx context.Context, tx db.Tx, rows []sheet.Staged, _ *sheet.Batch) error {
	k, err := load(ctx, tx)
	if err != nil {
		return err
	}
	written, err := writtenHere(tx)
	if err != nil {
		return err
	}
	in := &intake{known: k, made: map[core.ID]core.IDNumber{}, pending: map[core.ID]bool{}, why: map[core.ID]map[string]string{}}
	for _, row := range rows {
		var p party
		if err := json.Unmarshal([]byte(row.Data), &p); err != nil {
			return err
		}
		c, err := in.file(row, p, written)
		if err != nil {
			return err
		}
		if c, err = in.take(ctx, tx, c, p, row); err != nil {
			return err
		}
		written[c.ID] = true
	}
	return in.finish(ctx, tx)
}

// file is the customer that a row means, nil for a new one. It refuses when the file moved since the preview.
func (in *intake) file(row sheet.Staged, p party, written map[core.ID]bool) (*Customer, error) {
	c := in.match(p)
	if row.Record != 0 {
		c = in.customers[row.Record]
		if c == nil || c.Version != row.Version && !written[c.ID] {
			return nil, estate.Moved(row)
		}
	} else if c != nil && !written[c.ID] {
		return nil, estate.Moved(row)
	}
	return c, nil
}

// take puts a row into a file.
func (in *intake) take(ctx context.Context, tx db.Tx, c *Customer, p party, row sheet.Staged) (*Customer, error) {
	plain, err := db.Unseal(tx, p.ID)
	if err != nil {
		return nil, err
	}
	id := core.IDNumber(plain)
	if c == nil {
		c, err = in.create(ctx, tx, p, id)
	} else {
		err = in.change(ctx, tx, c, p, id, row)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range p.Contacts {
		if err := in.contact(ctx, tx, c, e); err != nil {
			return nil, err
		}
	}
	in.add(c)
	return c, in.units(ctx, tx, c, p)
}

// create begins a file with all its gaps.
func (in *intake) create(ctx context.Context, tx db.Tx, p party, id core.IDNumber) (*Customer, error) {
	what := In{Kind: p.Kind, Name: core.Personal(p.Name), IDNo: id, Industry: p.Industry, LegalPerson: core.Personal(p.Legal), Category: p.Category, MoveIn: p.MoveIn, Origin: OriginImport, Extra: p.Extra}
	what.complete()
	c, err := newFile(ctx, tx, what)
	c.Version = 1
	in.fresh, in.made[c.ID] = append(in.fresh, &c), id
	return &c, err
}

// change writes what a row says over the file; what it does not mention stays.
func (in *intake) change(ctx context.Context, tx db.Tx, c *Customer, p party, id core.IDNumber, row sheet.Staged) error {
	p.onto(c)
	if err := c.setID(ctx, tx, id); err != nil {
		return err
	}
	if _, fresh := in.made[c.ID]; fresh {
		if id != "" {
			in.made[c.ID] = id
		}
		return nil
	}
	if in.why[c.ID] == nil {
		in.changed = append(in.changed, c)
	}
	in.why[c.ID] = map[string]string{"fields": estate.ChangedFields(row.Changes), "sheet": row.Sheet}
	return nil
}

// contact adds a person to a file, or the numbers of one who is there.
func (in *intake) contact(ctx context.Context, tx db.Tx, c *Customer, e Entry) error {
	list := in.known.contacts[c.ID]
	i := slices.IndexFunc(list, func(x Contact) bool { return sameContact(x, e) })
	if i < 0 {
		x := Contact{tx.NewID(), c.ID, e.Name, e.Role, e.Note, e.phones(), ""}
		in.pending[x.ID] = true
		if !slices.Contains(in.contacts, c.ID) {
			in.contacts = append(in.contacts, c.ID)
		}
		in.known.contacts[c.ID] = append(list, x)
		return nil
	}
	if covers(list[i].Phones, e.phones()) {
		return nil
	}
	list[i].Phones = e.phones()
	if in.pending[list[i].ID] {
		return nil
	}
	if err := dropPhones(ctx, tx, c.ID, list[i].ID); err != nil {
		return err
	}
	return insertPhones(ctx, tx, c.ID, list[i].ID, e.phones())
}

func sameContact(x Contact, e Entry) bool {
	return x.Role == e.Role && NameKey(string(x.Name)) == NameKey(string(e.Name))
}

func (in *intake) units(ctx context.Context, tx db.Tx, c *Customer, p party) error {
	for _, key := range p.Units {
		if in.holds(c.ID, key, p.Part) {
			continue
		}
		u, err := in.unit(ctx, tx, key)
		if err != nil {
			return err
		}
		s := Stay{ID: tx.NewID(), Customer: c.ID, Unit: u.ID, Part: p.Part, From: p.MoveIn, Origin: OriginImport}
		in.stay(s)
		in.newStays = append(in.newStays, s)
	}
	return nil
}

// unit finds a unit by its key, or makes it.
func (k *known) unit(ctx context.Context, tx db.Tx, key string) (estate.Unit, error) {
	if u, ok := k.units[key]; ok {
		return u, nil
	}
	id, err := estate.EnsureUnit(ctx, tx, key, OriginImport)
	if err != nil {
		return estate.Unit{}, err
	}
	u, err := estate.Get(ctx, tx, id)
	k.units[key], k.codes[u.ID] = u, u.Code
	return u, err
}

// finish stores what the rows made, then the duties, the search and the journal of every file.
func (in *intake) finish(ctx context.Context, tx db.Tx) error {
	if err := in.store(ctx, tx); err != nil {
		return err
	}
	if err := in.duties(ctx, tx); err != nil {
		return err
	}
	for _, c := range in.fresh {
		if err := in.record(ctx, tx, *c, "imported", in.story(*c)); err != nil {
			return err
		}
	}
	for _, c := range in.changed {
		if err := in.record(ctx, tx, *c, "edited", in.why[c.ID]); err != nil {
			return err
		}
	}
	tx.Publish(Topic(core.ProjectOf(ctx).ID))
	return nil
}

func (in *intake) store(ctx context.Context, tx db.Tx) error {
	files := make([]Customer, len(in.fresh))
	for i, c := range in.fresh {
		files[i] = *c
	}
	if err := insert(ctx, tx, files...); err != nil {
		return err
	}
	for _, c := range in.changed {
		if err := update(ctx, tx, *c); err != nil {
			return err
		}
		c.Version++
	}
	var contacts []Contact
	for _, id := range in.contacts {
		for _, x := range in.known.contacts[id] {
			if in.pending[x.ID] {
				contacts = append(contacts, x)
			}
		}
	}
	if err := insertContacts(ctx, tx, contacts...); err != nil {
		return err
	}
	return insertStays(ctx, tx, in.newStays...)
}

// duties opens what the gaps of imported files ask for, and the verification of new ones, all at once. A changed file
// may have lost gaps.
func (in *intake) duties(ctx context.Context, tx db.Tx) error {
	var opens []duty.Opening
	for _, c := range in.fresh {
		some, err := openings(ctx, tx, *c, in.known.contacts[c.ID], nil)
		if err != nil {
			return err
		}
		opens = append(append(opens, some...), nextVerification(ctx, *c))
	}
	for _, c := range in.changed {
		consents, err := Consents(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if c.Origin == OriginImport {
			some, err := openings(ctx, tx, *c, in.known.contacts[c.ID], consents)
			if err != nil {
				return err
			}
			opens = append(opens, some...)
		}
		if err := closeGone(ctx, tx, *c, gaps(ctx, tx, *c, in.known.contacts[c.ID], consents)); err != nil {
			return err
		}
	}
	return duty.OpenMany(ctx, tx, core.ProjectOf(ctx).ID, opens)
}

// story is what the journal keeps of a new file, sealed under the customer's key.
func (in *intake) story(c Customer) In {
	out := In{Kind: c.Kind, Form: c.Form, Name: c.Name, IDNo: in.made[c.ID], Industry: c.Industry, LegalPerson: c.LegalPerson, Category: c.Category, Grade: c.Grade, Credit: c.Credit, MoveIn: c.MoveIn, Origin: c.Origin}
	for _, x := range in.known.contacts[c.ID] {
		out.Contacts = append(out.Contacts, Entry{Name: x.Name, Role: x.Role, More: x.Phones})
	}
	return out
}

// record is the import's way to the search and the journal: what it knows, it does not ask for.
func (in *intake) record(ctx context.Context, tx db.Tx, c Customer, verb string, payload any) error {
	if err := search.Put(ctx, tx, document(ctx, c, in.known.contacts[c.ID], in.codesOn(c.ID, core.Today(ctx)))); err != nil {
		return err
	}
	return journal.Add(ctx, tx, c.Ref(), verb, payload, journal.For(c.ID))
}

// codesOn are the codes of a customer's units on a day or after it, as codesOf reads them.
func (k *known) codesOn(customer core.ID, day core.Date) []string {
	var out []string
	for _, s := range k.stays[customer] {
		if s.To == "" || s.To >= day {
			out = append(out, k.codes[s.Unit])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (p party) onto(c *Customer) {
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	if p.Name != "" {
		c.Name, c.NameKey = core.Personal(p.Name), NameKey(p.Name)
	}
	if p.Legal != "" {
		c.LegalPerson = core.Personal(p.Legal)
	}
	set(&c.Industry, p.Industry)
	set(&c.Category, p.Category)
	set(&c.Extra, p.Extra)
	if p.MoveIn != "" {
		c.MoveIn = p.MoveIn
	}
	if c.Kind == KindOwner && p.Kind == KindTenant {
		c.Kind = KindTenant // an owner who also rents is looked after as a tenant; the units say both
	}
}
