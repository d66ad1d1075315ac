package customer

import (
	"context"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/estate"
)

// Everything that L5 gives a person: their data in plain, to be taken away, corrected (Edit), and erased.

// IDNumber is the plain ID number; only the reveal, the export and the printed form ask for it.
func IDNumber(ctx context.Context, tx db.Tx, c Customer) (string, error) {
	return db.OpenFor(ctx, tx, c.Project, c.ID, c.IDSealed)
}

// Subject is all that is kept about a customer, as it is handed to them (L5).
type Subject struct {
	Name        string           `json:"name"`
	Kind        string           `json:"kind"`
	IDNo        string           `json:"id_no,omitempty"`
	LegalPerson string           `json:"legal_person,omitempty"`
	Address     string           `json:"address,omitempty"`
	Nationality string           `json:"nationality,omitempty"`
	Category    string           `json:"category,omitempty"`
	Needs       string           `json:"needs,omitempty"`
	Opinions    string           `json:"opinions,omitempty"`
	Note        string           `json:"note,omitempty"`
	Contacts    []SubjectContact `json:"contacts,omitempty"`
	Units       []SubjectUnit    `json:"units,omitempty"`
	Consents    []SubjectConsent `json:"consents,omitempty"`
	Leases      []Lease          `json:"leases,omitempty"`
	Readings    []Reading        `json:"readings,omitempty"`
	Arrears     []Arrears        `json:"arrears,omitempty"`
	Reports     []string         `json:"contact_reports,omitempty"`
	Plates      string           `json:"number_plates,omitempty"`
	Relation    string           `json:"relation_to_owner,omitempty"`
	Lease       string           `json:"lease_term,omitempty"`
	Papers      []string         `json:"papers,omitempty"`
	Remarks     []string         `json:"notes,omitempty"`
	Letters     []string         `json:"correspondence,omitempty"`
}

// SubjectContact, SubjectUnit and SubjectConsent are its parts.
type SubjectContact struct {
	Name   string       `json:"name"`
	Role   string       `json:"role"`
	Phones []core.Phone `json:"phones,omitempty"`
	Mail   string       `json:"mail,omitempty"`
}

// SubjectUnit is one unit.
type SubjectUnit struct {
	Code string    `json:"unit"`
	Part string    `json:"part"`
	From core.Date `json:"from,omitempty"`
	To   core.Date `json:"to,omitempty"`
}

// SubjectConsent is one consent.
type SubjectConsent struct {
	Purpose   string `json:"purpose"`
	Sensitive bool   `json:"sensitive"`
	How       string `json:"how"`
	Form      string `json:"form,omitempty"`   // the public form by which it was given
	Matter    string `json:"matter,omitempty"` // the number of the one matter that it was given for
	Given     string `json:"given"`
	Withdrawn string `json:"withdrawn,omitempty"`
}

// Export gathers everything kept about a customer and journals that it was handed out (L5).
func Export(ctx context.Context, tx db.Tx, id core.ID, reason string) (Subject, error) {
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return Subject{}, err
	}
	s := Subject{Name: string(c.Name), Kind: core.Label(kinds(), c.Kind).ZH, LegalPerson: string(c.LegalPerson), Address: string(c.Address), Nationality: c.Nationality,
		Category: core.Label(Categories(), c.Category).ZH, Needs: c.Needs, Opinions: c.Opinions, Note: c.Note,
		Plates: string(c.Plates), Relation: c.Relation, Lease: strings.Trim(string(c.LeaseFrom)+" – "+string(c.LeaseTo), "– ")}
	if s.IDNo, err = IDNumber(ctx, tx, c); err != nil {
		return s, err
	}
	if err := s.people(ctx, tx, id); err != nil {
		return s, err
	}
	if err := s.premises(ctx, tx, id); err != nil {
		return s, err
	}
	if err := s.collected(ctx, tx, id); err != nil {
		return s, err
	}
	return s, journal.Add(ctx, tx, c.Ref(), "exported", map[string]string{"reason": reason}, journal.For(id))
}

func (s *Subject) people(ctx context.Context, tx db.Tx, id core.ID) error {
	contacts, consents, err := standing(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, k := range contacts {
		s.Contacts = append(s.Contacts, SubjectContact{string(k.Name), core.Label(contactRoles(), k.Role).ZH, k.Phones, k.Mail})
	}
	for _, x := range consents {
		given := SubjectConsent{Purpose: x.Purpose, Sensitive: x.Sensitive, How: x.How, Form: x.Form.ZH, Matter: x.Number, Given: x.GivenAt.Format("2006-01-02")}
		if !x.WithdrawnAt.IsZero() {
			given.Withdrawn = x.WithdrawnAt.Format("2006-01-02")
		}
		s.Consents = append(s.Consents, given)
	}
	reports, err := Reports(ctx, tx, id, 1000)
	for _, r := range reports {
		s.Reports = append(s.Reports, r.At.Format("2006-01-02")+" "+r.Summary)
	}
	return err
}

// subjectMax is how many notes and letters are handed out.
const subjectMax = 1000

// collected is what was filed and noted of a customer (A8.1, C15.7).
func (s *Subject) collected(ctx context.Context, tx db.Tx, id core.ID) error {
	papers, err := Papers(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, p := range papers {
		s.Papers = append(s.Papers, strings.TrimSpace(core.Label(paperKinds(), p.Kind).ZH+" "+p.Title+" "+p.Number))
	}
	notes, err := Remarks(ctx, tx, id, subjectMax)
	if err != nil {
		return err
	}
	for _, r := range notes {
		s.Remarks = append(s.Remarks, string(r.On)+" "+r.Text)
	}
	letters, err := Letters(ctx, tx, id, subjectMax)
	for _, l := range letters {
		s.Letters = append(s.Letters, strings.TrimSpace(l.At.Format("2006-01-02")+" "+l.Subject+" "+l.Text))
	}
	return err
}

func (s *Subject) premises(ctx context.Context, tx db.Tx, id core.ID) error {
	stays, err := Stays(ctx, tx, id)
	if err != nil {
		return err
	}
	units, err := unitsOf(ctx, tx, stays)
	if err != nil {
		return err
	}
	for _, x := range stays {
		s.Units = append(s.Units, SubjectUnit{units[x.Unit].Code, x.Part, x.From, x.To})
	}
	if s.Leases, err = Leases(ctx, tx, id); err != nil {
		return err
	}
	if s.Readings, err = Readings(ctx, tx, id); err != nil {
		return err
	}
	s.Arrears, err = ArrearsOf(ctx, tx, id)
	return err
}

// canErase says why the personal data may not be erased yet: a contract that runs and a debt that is owed are grounds of
// law to keep it (L5 with L3, resolutions 22), and so is a legal hold (L6).
func canErase(ctx context.Context, tx db.Tx, id core.ID) error {
	c, err := Get(ctx, tx, id)
	if err == nil {
		err = editable(c)
	}
	if err == nil {
		err = held(ctx, tx, c.Ref())
	}
	if err != nil {
		return err
	}
	stays, err := Stays(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, s := range stays {
		if s.On(core.Today(ctx)) {
			return core.Conflict("客户仍在使用单元,合同履行所需的信息依法保留;请先登记迁出", "The customer still has a unit; what the contract needs is kept by law. Record the move-out first")
		}
	}
	owed, err := ArrearsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	if len(owed) > 0 {
		return core.Conflict("客户尚有欠费,结清之前依法保留", "The customer owes money; the data is kept by law until that is settled")
	}
	return nil
}

// held asks for a legal hold (L6) of the file and of every file that was merged into it: they are erased with it.
func held(ctx context.Context, tx db.Tx, ref core.Ref) error {
	if err := house.Held(ctx, tx, ref); err != nil {
		return err
	}
	gone, err := customers(ctx, tx, "and c.merged_into = $2 and c.state = 'merged'", ref.Project, ref.ID)
	for _, g := range gone {
		if err == nil {
			err = held(ctx, tx, g.Ref())
		}
	}
	return err
}

// Erase destroys a customer's data key, so that all that the journal holds of them is unreadable, blanks the columns, and
// takes them out of the search (L5). The file remains as a number without a person.
func Erase(ctx context.Context, tx db.Tx, id core.ID, reason string) error {
	c, err := lockLive(ctx, tx, id)
	if err == nil {
		err = canErase(ctx, tx, id)
	}
	if err != nil {
		return err
	}
	if err := forget(ctx, tx, id); err != nil {
		return err
	}
	if err := forgetElsewhere(ctx, tx, id); err != nil {
		return err
	}
	blank := Customer{Project: c.Project, ID: c.ID, Version: c.Version, Kind: c.Kind, Form: c.Form, Name: "(已删除)", State: Erased, FiledAt: c.FiledAt, MetOn: c.MetOn, Origin: c.Origin,
		ErasedAt: core.Now(ctx), Category: c.Category, MergedInto: c.MergedInto}
	if err := update(ctx, tx, blank); err != nil {
		return err
	}
	if err := duty.VoidAll(ctx, tx, c.Ref(), "个人信息已删除"); err != nil {
		return err
	}
	if err := record(ctx, tx, blank, "erased", map[string]string{"reason": reason}); err != nil {
		return err
	}
	return db.EraseKey(ctx, tx, c.Project, c.ID)
}

// forgetElsewhere blanks what other modules hold of a customer: the spaces below, and whoever listens above.
func forgetElsewhere(ctx context.Context, tx db.Tx, id core.ID) error {
	if err := estate.ForgetUser(ctx, tx, id); err != nil {
		return err
	}
	for _, listener := range house.Of(ctx).OnErase {
		if err := listener(ctx, tx, core.ProjectOf(ctx).ID, id); err != nil {
			return err
		}
	}
	return nil
}

// forget blanks the rows that belong to a customer; files that were merged into this one go with it.
func forget(ctx context.Context, tx db.Tx, id core.ID) error {
	p := core.ProjectOf(ctx).ID
	for _, statement := range []string{
		"delete from customer_phone where project_id = $1 and customer_id = $2",
		"update customer_contact set name = '', note = '', removed_at = coalesce(removed_at, 0) where project_id = $1 and customer_id = $2",
		"update customer_consent set given_by = '' where project_id = $1 and customer_id = $2",
		"update customer_report set summary = '' where project_id = $1 and customer_id = $2",
		"delete from customer_mail where project_id = $1 and customer_id = $2",
		"delete from customer_asked where project_id = $1 and customer_id = $2",
		"update customer_paper set title = '', number = '' where project_id = $1 and customer_id = $2",
		"update customer_note set text = '' where project_id = $1 and customer_id = $2",
		"update customer_letter set subject = '', text = '' where project_id = $1 and customer_id = $2",
		"update customer_upkeep set fields = '', note = '' where project_id = $1 and customer_id = $2",
		"update customer_directory_line set name = '', contact = '', phone_mask = '', emergency = '' where project_id = $1 and customer_id = $2",
	} {
		if _, err := db.Exec(ctx, tx, statement, p, id); err != nil {
			return err
		}
	}
	gone, err := customers(ctx, tx, "and c.merged_into = $2 and c.state = 'merged'", p, id)
	if err != nil {
		return err
	}
	for _, g := range gone {
		if err := forget(ctx, tx, g.ID); err != nil {
			return err
		}
		if err := forgetElsewhere(ctx, tx, g.ID); err != nil {
			return err
		}
		blank := Customer{Project: g.Project, ID: g.ID, Version: g.Version, Kind: g.Kind, Form: g.Form, Name: "(已删除)", State: Erased, FiledAt: g.FiledAt, Origin: g.Origin, ErasedAt: core.Now(ctx), MergedInto: id}
		if err := update(ctx, tx, blank); err != nil {
			return err
		}
		if err := record(ctx, tx, blank, "erased", nil); err != nil {
			return err
		}
		if err := db.EraseKey(ctx, tx, p, g.ID); err != nil {
			return err
		}
	}
	return nil
}
