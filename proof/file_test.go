package proof

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
)

// files puts on the agenda what becomes of the customers' files: people who are met first and put on file later, changes,
// verifications, leavers, files that are imported, and customers who become key ones or cease to be.
func (s *site) files(until time.Time) {
	for day := midnight(quarterBegins); day.Before(until); day = day.Add(aDay) {
		if !works(day) {
			continue
		}
		for _, x := range []struct {
			percent int
			do      func()
		}{{50, s.meet}, {60, s.change}, {30, s.propose}, {50, s.verify}, {40, s.reach}, {75, s.callOnKey}, {50, s.confirm}, {35, s.remember}} {
			if s.chance(x.percent) {
				s.later(day.Add(9*time.Hour+time.Duration(s.rnd.Int64N(int64(8*time.Hour)))), x.do)
			}
		}
	}
	at := func(days, hour int, do func()) {
		s.later(midnight(quarterBegins).AddDate(0, 0, days).Add(time.Duration(hour)*time.Hour), do)
	}
	at(1, 14, s.imported)
	at(2, 16, s.entertain)
	at(32, 16, s.entertain)
	at(60, 16, s.entertain)
	at(4, 11, func() { s.leaves(core.Leasing, core.Archivist, false) })
	at(30, 11, func() { s.leaves(core.Archivist, core.Leasing, true) })
	at(7, 15, func() { s.rank(s.ranked[0], customer.Ordinary) })
	at(9, 15, func() { s.rank(s.ranked[0], customer.Key) })
	at(40, 15, func() { s.rank(s.ranked[1], customer.Ordinary) })
}

// file is a new customer's file, as it is typed; every twelfth is a key customer's, and some have somebody who looks after
// them.
func (s *site) file(i int, unit core.ID, met time.Time) customer.In {
	in := customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(fmt.Sprintf("第%d商行", i+1)), Category: customer.Ordinary, Unit: unit, Part: customer.AsTenant,
		Consent: "written", ConsentBy: "王经理", MetOn: dateOf(met), Contacts: []customer.Entry{{Name: "王经理", Role: customer.RoleContact, Phone: core.Phone(fmt.Sprintf("1380000%04d", i))}}}
	switch i % 12 {
	case 5:
		in.Category = customer.Key
		in.Contacts = append(in.Contacts, customer.Entry{Name: "李经理", Role: customer.RoleContact, Phone: core.Phone(fmt.Sprintf("1390000%04d", i))})
	case 7:
		in.Keeper = s.Users[core.Leasing]
	}
	return in
}

// meet takes down a first contact, who is put on file when somebody gets round to it (C15.2).
func (s *site) meet() {
	var id core.ID
	in := customer.First{Name: core.Personal(fmt.Sprintf("第%d位来客", s.counts["customer.met"])), Phone: core.Phone(fmt.Sprintf("1370000%04d", s.counts["customer.met"])), How: "来访", Consent: "oral"}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = customer.Meet(ctx, tx, in)
		return err
	})
	of := map[string]core.ID{"customer": id}
	s.note(fact{what: "customer.met", of: of, from: midnight(s.Now())})
	if s.chance(10) {
		return
	}
	s.later(s.by(s.owes("C15.2", "term", "customer", id)), func() {
		s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
			return customer.File(ctx, tx, id, customer.In{Kind: customer.KindTenant, Form: customer.Person, Name: in.Name, Category: customer.Potential, Consent: "written", ConsentBy: in.Name})
		})
		s.note(fact{what: "customer.filed", of: of})
	})
}

// change takes down that a customer's particulars have changed; they are entered in his file later.
func (s *site) change() {
	id := s.settled()
	of := map[string]core.ID{"customer": id}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error { return customer.Change(ctx, tx, id, "换了地址") })
	s.note(fact{what: "customer.changed", of: of})
	s.later(s.by(s.owes("C15.2", "term", "customer", id)), func() { s.enter(id, func(in *customer.In) { in.Address = core.Personal(stamp(s.Now())) }) })
}

// enter changes a customer's file.
func (s *site) enter(id core.ID, change func(in *customer.In)) {
	in := s.typed[id]
	change(&in)
	s.typed[id] = in
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error { return customer.Edit(ctx, tx, id, in) })
	s.note(fact{what: "customer.entered", of: map[string]core.ID{"customer": id}})
}

// rank makes somebody a key customer, or an ordinary one again.
func (s *site) rank(id core.ID, category string) {
	s.enter(id, func(in *customer.In) { in.Category = category })
	s.key[id] = category == customer.Key
}

// settled is any customer but those of whom a change of their own waits to be verified.
func (s *site) settled() core.ID {
	for {
		if id := s.who[s.rnd.IntN(len(s.who))]; !s.proposing[id] {
			return id
		}
	}
}

// propose has a customer change his particulars himself; verified with him, they take effect (B1.6), and his file counts as
// verified (B1.2).
func (s *site) propose() {
	id := s.settled()
	if !s.book.due("C15.2", "term", "customer", id).IsZero() {
		return
	}
	s.proposing[id] = true
	of := map[string]core.ID{"customer": id}
	s.must(core.System, func(ctx context.Context, tx db.Tx) error {
		return customer.ProposeOwn(ctx, tx, id, customer.OwnChange{Plates: core.Personal(fmt.Sprintf("沪A%05d", s.rnd.IntN(99999)))})
	})
	s.note(fact{what: "customer.changed", of: of})
	s.later(s.by(s.owes("C15.2", "term", "customer", id)), func() {
		declined := s.chance(25)
		s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
			form, err := db.Value[core.ID](ctx, tx, "select id from customer_upkeep where project_id = $1 and customer_id = $2 and state = 'proposed'", s.Project.ID, id)
			if err != nil {
				return err
			}
			if declined {
				return customer.Decline(ctx, tx, form, "客户说填错了")
			}
			return customer.Apply(ctx, tx, form, customer.Verified{How: "phone"})
		})
		delete(s.proposing, id)
		s.note(fact{what: "customer.entered", of: of})
		if !declined {
			s.note(fact{what: "customer.verified", of: of})
		}
	})
}

// verify checks a customer's file with him.
func (s *site) verify() {
	id := s.who[s.rnd.IntN(len(s.who))]
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error { return customer.Verify(ctx, tx, id, "电话核对") })
	s.note(fact{what: "customer.verified", of: map[string]core.ID{"customer": id}})
}

// leaves has somebody leave who looks after customers; another takes them over, in time or too late.
func (s *site) leaves(leaver, heir core.Role, late bool) {
	var id core.ID
	s.must(core.System, func(ctx context.Context, tx db.Tx) (err error) {
		if err = customer.LeaverNamed(ctx, tx, s.Users[leaver], string(leaver)); err == nil {
			id, err = db.Value[core.ID](ctx, tx, "select id from customer_handover where project_id = $1 and leaver_id = $2 and state = 'open'", s.Project.ID, s.Users[leaver])
		}
		return err
	})
	of := map[string]core.ID{"handover": id}
	s.note(fact{what: "keeper.left", of: of})
	at := s.after(60, 48*60)
	if late {
		at = s.owes("C15.4", "handover", "handover", id).Add(time.Microsecond)
	}
	s.later(at, func() {
		s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			return customer.HandOver(ctx, tx, id, s.Users[heir], string(heir))
		})
		for who, in := range s.typed {
			if in.Keeper == s.Users[leaver] {
				in.Keeper = s.Users[heir]
				s.typed[who] = in
			}
		}
		s.note(fact{what: "customers.handed", of: of})
	})
}

// imported brings in files of key customers from an old list, which lack consent, a second contact and confirmation; of
// half of them that is made good.
func (s *site) imported() {
	for i := range 4 {
		var id core.ID
		s.must(core.System, func(ctx context.Context, tx db.Tx) (err error) {
			id, err = customer.Create(ctx, tx, customer.In{Origin: customer.OriginImport, Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(fmt.Sprintf("旧册%d", i+1)), Category: customer.Key,
				Contacts: []customer.Entry{{Name: "赵经理", Role: customer.RoleContact, Phone: core.Phone(fmt.Sprintf("1360000%04d", i))}}})
			return err
		})
		of := map[string]core.ID{"customer": id}
		s.note(fact{what: "file.imported", of: of})
		s.note(fact{what: "customer.filed", of: of})
		s.key[id] = true
		if i%2 == 0 {
			s.later(s.after(60, 6*24*60), func() { s.makeGood(id, of) })
		}
	}
}

func (s *site) makeGood(id core.ID, of map[string]core.ID) {
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return customer.Consented(ctx, tx, id, customer.Consent{How: "written", GivenBy: "赵经理"})
	})
	s.note(fact{what: "consent.given", of: of})
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		_, err := customer.AddContact(ctx, tx, id, customer.Entry{Name: "钱经理", Role: customer.RoleContact, Phone: "13500001111"})
		return err
	})
	s.note(fact{what: "contact.added", of: of})
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return customer.Confirm(ctx, tx, id) })
	s.note(fact{what: "file.confirmed", of: of})
}
