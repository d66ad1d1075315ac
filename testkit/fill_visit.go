package testkit

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/dispute"
	"huiyin/module/visit"
)

// fillVisits makes a visit with all that comes of it, a meeting, a card, a contact, a festival, a sighting with its warning,
// and a dispute with an agreement.
func fillVisits(ctx context.Context, tx db.Tx) error {
	ms, err := customer.ByPhone(ctx, tx, "13812342231")
	if err != nil || len(ms) == 0 {
		return err
	}
	c := ms[0].Customer
	v, err := visit.PlanVisit(ctx, tx, visit.Plan{Customer: c, Sort: visit.Round, Purpose: "Round visit", Goal: "Hear of their needs", Day: core.Today(ctx), Prepare: []string{"cards"}})
	if err != nil {
		return err
	}
	if err := visit.Record(ctx, tx, v.Ref.ID, visit.Report{How: "call", Met: "Jane Doe", Post: "Office manager", Power: "decides", Phone: "13812342231", Content: "Winter hours", Needs: "A bench", Competitor: "none", Credit: "same", Business: "none",
		Surroundings: "tidy", Effect: "content", Unusual: "none", NextDay: core.Today(ctx).Add(30), Opinions: []visit.Matter{{What: "Longer heating"}}, Promises: []visit.Matter{{What: "A new tap", Due: core.Today(ctx).Add(7)}}}); err != nil {
		return err
	}
	if _, err := visit.MakeCard(ctx, tx, visit.Card{Customer: c, Person: "Jane Doe", Company: "Acme Trading Ltd", Post: "Office manager", Address: "1 Main Street", Phone: "13812342231"}); err != nil {
		return err
	}
	if _, err := visit.Reach(ctx, tx, visit.Contact{Customer: c, How: "phone", Reached: true, Person: "Jane Doe", Needs: "none", Opinions: "none"}); err != nil {
		return err
	}
	if _, err := visit.CallMeeting(ctx, tx, visit.Call{Title: "Winter meeting", Why: "quarter", At: core.Now(ctx).Add(48 * time.Hour), Place: "Lobby", Agenda: "Heating", Chair: "Ann Li"}); err != nil {
		return err
	}
	if err := visit.Foresee(ctx, tx, visit.Festival{Name: "New Year", NameEN: "New Year", From: core.Today(ctx).Add(20), To: core.Today(ctx).Add(20)}); err != nil {
		return err
	}
	if _, err := visit.See(ctx, tx, visit.Sight{Customer: c, Sort: "goods", What: "Two vans at night"}); err != nil {
		return err
	}
	return fillDispute(ctx, tx, c)
}

func fillDispute(ctx context.Context, tx db.Tx, c core.ID) error {
	d, err := dispute.Take(ctx, tx, dispute.Intake{Title: "Water damage", Content: "A pipe burst above the store", Place: "A0101", Parties: []dispute.Side{{Kind: dispute.PartyCustomer, Customer: c, Person: "Jane Doe", Phone: "13812342231"}, {Kind: dispute.PartyOther, Name: "Bolt Ltd"}}})
	if err != nil {
		return err
	}
	ps, err := dispute.Parties(ctx, tx, d.Ref.ID)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if err := dispute.Opine(ctx, tx, d.Ref.ID, dispute.Opinion{Party: p.ID, Text: "It was not us"}); err != nil {
			return err
		}
	}
	if err := dispute.Minute(ctx, tx, d.Ref.ID, dispute.Meeting{Present: "Both parties", Minutes: "The damage was listed"}); err != nil {
		return err
	}
	return dispute.Agree(ctx, tx, d.Ref.ID, dispute.Agreement{Terms: "Half each", Acts: []dispute.Duty{{Party: ps[0].ID, What: "Pay half", Due: core.Today(ctx).Add(14)}}})
}
