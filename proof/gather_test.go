package proof

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/visit"
)

// wish is what a tenant asked for at a meeting.
type wish struct {
	id   core.ID
	what string
}

// ---- key customers

// keys is the daily round of C16.3: whoever has become a key customer is to be visited regularly from now on, whoever is
// none any more is not.
func (s *site) keys(at time.Time) {
	for customer, key := range s.key {
		of := map[string]core.ID{"customer": customer, "key-visit": customer}
		what := "key.known"
		if !key {
			what = "key.lost"
		}
		s.book.note(fact{what: what, at: at, of: of})
	}
}

// calledOn notes what a visit to a key customer fulfils: the supervisor's, or else his handler's.
func (s *site) calledOn(customer core.ID, by core.Role) {
	switch {
	case !s.key[customer]:
	case by == core.Supervisor:
		s.note(fact{what: "key.supervised", of: map[string]core.ID{"key-visit": customer}})
	default:
		s.note(fact{what: "key.visited", of: map[string]core.ID{"customer": customer}})
	}
}

// callOnKey visits one of the key customers, who has a card first.
func (s *site) callOnKey() {
	customer := s.ranked[s.rnd.IntN(len(s.ranked))]
	if !s.carded[customer] {
		s.carded[customer] = true
		s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
			_, err := visit.MakeCard(ctx, tx, visit.Card{Customer: customer, Person: "王经理", Company: "商行", Post: "经理", Address: "本楼", Phone: "13800001234"})
			return err
		})
	}
	by := core.Desk
	if s.chance(35) {
		by = core.Supervisor
	}
	s.callOn(customer, visit.KeyVisit, by)
}

// reach speaks to a customer by telephone for his own sake (A3.6), if anybody takes the call.
func (s *site) reach() {
	customer, reached := s.who[s.rnd.IntN(len(s.who))], s.chance(70)
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		_, err := visit.Reach(ctx, tx, visit.Contact{Customer: customer, How: "phone", Reached: reached, Person: "王经理", Needs: "无", Opinions: "无"})
		return err
	})
	if reached {
		s.word[customer] = s.Now()
		s.note(fact{what: "customer.reached", of: map[string]core.ID{"customer": customer}})
	}
}

// ---- tenants' meetings

// convene calls a tenants' meeting two days ahead.
func (s *site) convene(why string, comesOff bool) {
	begins := s.Now().Add(2 * aDay).Truncate(time.Minute)
	var id core.ID
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		m, err := visit.CallMeeting(ctx, tx, visit.Call{Title: "租户大会", Why: why, Event: "消防改造", At: begins, Place: "大堂", Agenda: "通报情况", Chair: "何海"})
		id = m.Ref.ID
		return err
	})
	if !comesOff {
		s.later(s.after(60, 24*60), func() {
			s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
				return visit.CallOff(ctx, tx, id, visit.Word{Text: "改期"})
			})
		})
		return
	}
	s.later(begins.Add(time.Duration(1+s.rnd.IntN(90))*time.Minute), func() { s.attend(id, begins) })
}

// attend signs in who came; the minutes are written within a day.
func (s *site) attend(id core.ID, begins time.Time) {
	first, n := s.rnd.IntN(len(s.who)), 10+s.rnd.IntN(30)
	var came []core.ID
	var in visit.Presence
	for i := range n {
		c := s.who[(first+i)%len(s.who)]
		came = append(came, c)
		in.Customers = append(in.Customers, c.String())
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error { return visit.Attend(ctx, tx, id, in) })
	for _, c := range came {
		if s.word[c].Before(begins) {
			s.word[c] = begins
		}
		s.note(fact{what: "meeting.attended", of: map[string]core.ID{"customer": c}})
	}
	s.later(s.after(10, 24*60), func() { s.minute(id, begins, came) })
}

// minute writes the meeting's minutes, with what the tenants asked for; one of them comes back to it later.
func (s *site) minute(id core.ID, begins time.Time, came []core.ID) {
	var in visit.Minutes
	in.Text = "通报了收支"
	asked := map[string]time.Time{}
	for i := range 3 + s.rnd.IntN(3) {
		w := visit.Wish{Customer: came[s.rnd.IntN(len(came))], What: fmt.Sprintf("第%d条建议", i+1)}
		asked[w.What] = s.named(&w)
		in.Requests = append(in.Requests, w)
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error { return visit.Minute(ctx, tx, id, in) })
	s.closes("meeting.minuted", quarterEnd(begins))
	s.wishes(id, asked)
	s.later(s.after(60, 72*60), func() {
		w := visit.Wish{Customer: came[0], What: "会后补充"}
		asked := map[string]time.Time{w.What: s.named(&w)}
		s.must(core.Desk, func(ctx context.Context, tx db.Tx) error { return visit.TakeRequest(ctx, tx, id, w) })
		s.wishes(id, asked)
	})
}

// named gives a wish a day now and then, and says which.
func (s *site) named(w *visit.Wish) time.Time {
	if s.chance(50) {
		return time.Time{}
	}
	day := midnight(s.Now()).AddDate(0, 0, s.rnd.IntN(9))
	w.Due = dateOf(day)
	return day
}

// wishes notes what was asked for, and has it answered.
func (s *site) wishes(meeting core.ID, asked map[string]time.Time) {
	var found []wish
	s.Read(func(ctx context.Context, tx db.Tx) (err error) {
		found, err = db.All(ctx, tx, func(w *wish) []any { return []any{&w.id, &w.what} }, "select id, what from visit_item where project_id = $1 and meeting_id = $2 order by id", s.Project.ID, meeting)
		return err
	})
	for _, w := range found {
		until, new := asked[w.what]
		if !new {
			continue
		}
		of := map[string]core.ID{"promise": w.id}
		s.note(fact{what: "meeting.request", of: of, until: until})
		if s.chance(90) {
			s.later(s.by(s.owes("C19.4", "term", "promise", w.id)), func() {
				s.call(core.Desk, "promises/"+w.id.String()+"/answer", map[string]string{"text": "已安排", "how": "letter"})
				s.note(fact{what: "request.answered", of: of})
			})
		}
	}
}

// quarterEnd is the first day of the last month of the quarter.
func quarterEnd(t time.Time) time.Time {
	year, month, _ := t.In(beijing).Date()
	return time.Date(year, (month+2)/3*3, 1, 0, 0, 0, 0, beijing)
}

// ---- festivals

// celebrate has the manager organise the visits before a festival; he sums them up once they are on record.
func (s *site) celebrate(id core.ID, from time.Time) {
	day := midnight(s.Now()).AddDate(0, 0, 1+s.rnd.IntN(3))
	var in visit.Organisation
	for range 2 {
		in.Customers = append(in.Customers, s.who[s.rnd.IntN(len(s.who))].String())
	}
	in.Day, in.Gift, in.Visitor = dateOf(day), "月饼", s.Users[core.Desk]
	s.must(core.Manager, func(ctx context.Context, tx db.Tx) error { return visit.Organise(ctx, tx, id, in) })
	var trips []*trip
	s.Read(func(ctx context.Context, tx db.Tx) (err error) {
		trips, err = db.All(ctx, tx, func(t **trip) []any { *t = &trip{by: core.Desk, sure: true}; return []any{&(*t).id, &(*t).customer} }, "select id, customer_id from visit_visit where project_id = $1 and festival_id = $2 order by id", s.Project.ID, id)
		return err
	})
	open := len(trips)
	for _, t := range trips {
		s.note(fact{what: "visit.planned", of: t.about(), until: day})
		s.later(s.by(s.owes("C2.1", "term", "visit", t.id)), func() {
			s.arrive(t, func() {
				if open--; open == 0 {
					s.later(s.after(5, 60), func() { s.sumUp(id) })
				}
			})
		})
	}
}

// sumUp ends a festival's visits: the first festival's at once, the other one's when somebody gets round to it.
func (s *site) sumUp(id core.ID) {
	end := func() {
		s.must(core.Manager, func(ctx context.Context, tx db.Tx) error {
			return visit.Conclude(ctx, tx, id, visit.Word{Text: "客户满意"})
		})
		s.note(fact{what: "festival.summed", of: map[string]core.ID{"festival": id}})
	}
	if s.counts["festival.summed"] == 0 {
		end()
		return
	}
	s.later(s.by(s.owes("C14.11", "lead", "festival", id)), end)
}
