package desk

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/search"
)

// agreed puts what the sender agreed to into the customer's file, when the sender is known (B1.4, L5): whoever asks what we
// hold and by what leave is answered from there.
func (s stored) agreed(ctx context.Context, tx db.Tx, m Matter) error {
	if s.Consented.IsZero() || !s.Withdrawn.IsZero() || m.Customer == 0 {
		return nil
	}
	return customer.ConsentFor(ctx, tx, customer.Consent{ID: s.ID, Customer: m.Customer, Matter: m.Ref.ID, Number: m.Number, Form: core.Label(DoorKinds(), s.Kind), GivenAt: s.Consented, GivenBy: m.Contact})
}

// messagesOf are what came in by a door and became the matter: one, or none.
func messagesOf(ctx context.Context, tx db.Tx, matter core.Ref) ([]stored, error) {
	return db.All(ctx, tx, (*stored).dest, "select "+storedColumns+" from desk_message where project_id = $1 and matter_id = $2", matter.Project, matter.ID)
}

// agreedBy does the same when the desk finds out later who the sender was.
func agreedBy(ctx context.Context, tx db.Tx, m Matter) error {
	ss, err := messagesOf(ctx, tx, m.Ref)
	for _, s := range ss {
		if err == nil {
			err = s.agreed(ctx, tx, m)
		}
	}
	return err
}

// withdrawn is what the withdrawal of a consent means for the matters that it was given for (PIPL art. 15, 47): nobody is
// told of their progress any more, and the name and the number go, unless the customer's file holds them by a consent of
// its own. What the matter is about, and that it was once agreed to, stay.
func withdrawn(ctx context.Context, tx db.Tx, about core.Ref) error {
	gone, err := customer.Withdrawn(ctx, tx, about.ID)
	if err != nil || len(gone) == 0 {
		return err
	}
	kept, err := customer.Agreed(ctx, tx, about.ID)
	for _, s := range gone {
		if err == nil {
			err = forgetSender(ctx, tx, s, kept)
		}
	}
	return err
}

func forgetSender(ctx context.Context, tx db.Tx, s customer.Consent, kept bool) error {
	n, err := db.Exec(ctx, tx, `update desk_message set withdrawn_at = $1, mail = '', reach = '', tell = '', contact_id = null where project_id = $2 and id = $3 and withdrawn_at is null`,
		s.WithdrawnAt, core.ProjectOf(ctx).ID, s.ID)
	if err != nil || n == 0 && kept {
		return err
	}
	m, err := lock(ctx, tx, s.Matter)
	if err != nil || n == 0 && m.Contact == "" && m.Phone == "" {
		return err
	}
	if !kept {
		m.Contact, m.Phone = "", ""
	}
	if err := db.ExecOne(ctx, tx, "update desk_matter set contact = $1, phone = $2, version = version + 1, changed_at = $3, changed_by = $4 where project_id = $5 and id = $6 and version = $7",
		m.Contact, m.Phone, core.Now(ctx), core.ActorOf(ctx).ID, m.Ref.Project, m.Ref.ID, m.Version); err != nil {
		return err
	}
	if err := searched(ctx, tx, m); err != nil {
		return err
	}
	tx.Publish(Topic(m.Ref.Project))
	return journal.Add(ctx, tx, m.Ref, "consent_withdrawn", nil, journal.For(m.Customer))
}

// searched writes a matter that the search finds into it again.
func searched(ctx context.Context, tx db.Tx, m Matter) error {
	if m.Carried != 0 || m.State == StateVoid {
		return search.Remove(ctx, tx, m.Ref)
	}
	return put(ctx, tx, m)
}
