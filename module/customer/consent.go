package customer

import (
	"context"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// A consent that came with a public form was given for one matter, by somebody who was recognised as the customer, then or
// later. PIPL (个人信息保护法) art. 14 and 17 bind it to the purpose that was told, art. 15 and 44 to 47 let the person ask
// for it, withdraw it and have what rests on it erased. So it stands in the customer's file, where whoever answers such a
// request looks, beside the others: with its purpose, the form by which it was given, and when. But it is none to keep a
// file, take more particulars down or hold an identity number (B1.4): agreed leaves it out. Of a sender whom nobody knows
// the message alone keeps it; a file is not made for the sake of a consent (least data, L5).

// formHow is how such a consent was given; no clerk records one by hand.
const formHow = "form"

// Bounded reports whether the consent is for one matter only.
func (s Consent) Bounded() bool { return s.Matter != 0 }

// ConsentFor records in a customer's file what somebody agreed to by a public form, for one matter: s.ID is the message's,
// so that the same consent is recorded once, and moves to the right file when the matter turns out to be another
// customer's. How and Purpose are set here. A file that is erased takes none.
func ConsentFor(ctx context.Context, tx db.Tx, s Consent) error {
	had, there, err := db.Maybe(ctx, tx, func(id *core.ID) []any { return []any{id} }, "select customer_id from customer_consent where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, s.ID)
	if err != nil || there && had == s.Customer {
		return err
	}
	c, err := Get(ctx, tx, s.Customer)
	if err != nil || c.State == Erased {
		return err
	}
	s.How, s.Purpose = formHow, bound(s).ZH
	payload := map[string]any{"matter": s.Number, "how": s.How, "form": s.Form.ZH, "given": core.Date(s.GivenAt.In(core.ProjectOf(ctx).Zone).Format("2006-01-02"))}
	if !there {
		if err := insertConsent(ctx, tx, s); err != nil {
			return err
		}
		return journal.Add(ctx, tx, c.Ref(), "consented", payload, journal.For(c.ID))
	}
	if err := db.ExecOne(ctx, tx, "update customer_consent set customer_id = $1 where project_id = $2 and id = $3", s.Customer, core.ProjectOf(ctx).ID, s.ID); err != nil {
		return err
	}
	if err := journal.Add(ctx, tx, FileKind.Ref(ctx, had), "consent_moved", payload, journal.For(had)); err != nil {
		return err
	}
	return journal.Add(ctx, tx, c.Ref(), "consented", payload, journal.For(c.ID))
}

// bound is the purpose of a consent to one matter.
func bound(s Consent) core.Text {
	return core.T("只为办理事项 %s", "For the request %s only", s.Number)
}

// Agreed reports whether the customer's file rests on a consent that holds, one to the running of the property: not one
// given for a matter, nor one withdrawn (B1.4).
func Agreed(ctx context.Context, tx db.Tx, customer core.ID) (bool, error) {
	all, err := Consents(ctx, tx, customer)
	return general(all), err
}

// Withdrawn are the matters of which the customer has withdrawn the consent that came with them (L5), with the consent.
func Withdrawn(ctx context.Context, tx db.Tx, customer core.ID) ([]Consent, error) {
	all, err := Consents(ctx, tx, customer)
	return slices.DeleteFunc(slices.Clone(all), func(s Consent) bool { return !s.Bounded() || s.WithdrawnAt.IsZero() }), err
}

// about is what the journal says a consent was for: the matter's number, or its purpose.
func (s Consent) about() (key, value string) {
	if s.Bounded() {
		return "matter", s.Number
	}
	return "purpose", s.Purpose
}

// howOf says how a consent was given.
func (s Consent) howOf() core.Text {
	if s.Bounded() {
		return core.T("公开表单“%s”", "The public form “%s”", s.Form)
	}
	return core.Label(consentHows(), s.How)
}
