package proof

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/followup"
	"huiyin/testkit"
)

// Follow-ups and visits are driven through the API, as somebody's telephone would.

// planned notes the follow-up that the end of a matter has brought, as C14.1 and C14.12 demand of each; again is what
// becomes of the matter when the customer is dissatisfied.
func (s *site) planned(kind, occasion string, record core.ID, again func()) {
	s.Helper()
	id := s.waiting(kind, record)
	if id == 0 {
		s.Errorf("%s: nobody is to follow up %s %s", stamp(s.Now()), kind, record)
		return
	}
	s.plan(id, occasion, record, again)
}

func (s *site) waiting(kind string, record core.ID) (id core.ID) {
	s.Read(func(ctx context.Context, tx db.Tx) (err error) {
		id, err = db.Value[core.ID](ctx, tx, "select id from followup_item where project_id = $1 and kind = $2 and record_id = $3 and open = $4", s.Project.ID, kind, record, true)
		return err
	})
	return id
}

// plan notes a follow-up and has it made. Where again is nil, the customer is content.
func (s *site) plan(id core.ID, occasion string, record core.ID, again func()) {
	s.planAs(fact{kind: occasion}, id, record, again)
}

func (s *site) planAs(f fact, id, record core.ID, again func()) {
	if s.asked[id] {
		return
	}
	s.asked[id], s.asking[record] = true, id
	f.what, f.of = "followup.planned", map[string]core.ID{"followup": id}
	s.note(f)
	if s.chance(85) {
		clause := map[string]string{"complaint": "C14.1", "repair": "D5.2", "emergency": "C14.12", "movein": "C14.12", "activity": "C14.10", "hand": "C14.10"}[f.kind]
		s.later(s.by(s.owes(clause, "term", "followup", id)), func() { s.ask(id, record, again) })
	}
}

// confirm puts a newcomer's file in force: he has moved in, and is asked how he finds it (C14.12). Whose tenancy began more
// than a month ago is no newcomer.
func (s *site) confirm() {
	customer := s.who[s.rnd.IntN(len(s.who))]
	if s.confirmed[customer] || s.Now().After(quarterBegins.AddDate(0, 0, 29)) {
		return
	}
	s.confirmed[customer] = true
	s.approve("customer", customer)
	s.planned("customer", "movein", customer, nil)
}

// remember plans a follow-up by hand, by a day or within the month (C14.10).
func (s *site) remember() {
	in := followup.Hand{Customer: s.who[s.rnd.IntN(len(s.who))], Content: "谈过续约"}
	f := fact{kind: "hand", from: s.Now()}
	if s.chance(70) {
		f.until = midnight(s.Now()).AddDate(0, 0, s.rnd.IntN(7))
		in.Due = dateOf(f.until)
	}
	var id core.ID
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = followup.Plan(ctx, tx, 0, in)
		return err
	})
	s.planAs(f, id, id, nil)
}

// entertain holds an activity with twenty customers; some of them will be drawn and asked.
func (s *site) entertain() {
	in := followup.Occasioned{Name: "联谊会", Day: dateOf(s.Now())}
	first := s.rnd.IntN(len(s.who))
	for i := range 20 {
		in.Customers = append(in.Customers, followup.Participant{Customer: s.who[(first+i)%len(s.who)]})
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		id, err := followup.HoldActivity(ctx, tx, in)
		s.held[id] = midnight(s.Now())
		return err
	})
}

// drawn notes the follow-ups of repairs that were drawn, or that a bad repair has brought: which ones is for the draw to
// say, when they are due for the table.
func (s *site) drawn() {
	type item struct{ id, record core.ID }
	var found []item
	s.Read(func(ctx context.Context, tx db.Tx) (err error) {
		found, err = db.All(ctx, tx, func(i *item) []any { return []any{&i.id, &i.record} }, "select id, record_id from followup_item where project_id = $1 and kind in ('repair', 'followup-activity') and open = $2 order by id", s.Project.ID, true)
		return err
	})
	for _, i := range found {
		if day, held := s.held[i.record]; held {
			s.planAs(fact{kind: "activity", from: day}, i.id, i.id, nil)
		}
		for _, m := range s.matter {
			if m.other == i.record {
				s.plan(i.id, "repair", i.record, func() {
					s.reopened(m)
					s.later(s.after(30, 600), func() { s.work(m, map[string]core.ID{"desk": m.id, "repair": m.other}) })
				})
			}
		}
	}
}

// withdrawn notes that a matter is being handled again before anybody asked.
func (s *site) withdrawn(record core.ID) {
	if id := s.asking[record]; id != 0 {
		delete(s.asking, record)
		s.note(fact{what: "followup.withdrawn", of: map[string]core.ID{"followup": id}})
	}
}

// ask has somebody who may do so follow the matter up on site.
func (s *site) ask(id, record core.ID, again func()) {
	s.Helper()
	if s.asking[record] != id {
		return
	}
	of := map[string]core.ID{"followup": id}
	body := map[string]string{"how": "site", "result": "satisfied", "signer": "王经理", "signature": "data:image/png;base64," + picture}
	until := s.after(60, 72*60).Truncate(time.Minute)
	switch n := s.rnd.IntN(20); {
	case n < 3:
		body["result"], body["opinion"], body["promised"] = "opinion", "想要一把长椅", until.Format(time.RFC3339)
	case n < 6 && again != nil:
		body["result"], body["opinion"] = "dissatisfied", "没有弄好"
	}
	var p *testkit.Page
	for _, r := range []core.Role{core.Desk, core.Supervisor, core.Manager, core.GM} {
		if p = s.tokens[r].API("POST", fmt.Sprintf("followups/%s/record", id), body); p.Status == http.StatusOK {
			break
		}
		if clause, _ := p.JSON()["clause"].(string); clause == "C13.4" { // he has not heard the result yet
			s.later(s.after(300, 900), func() { s.ask(id, record, again) })
			return
		}
	}
	if p.Status != http.StatusOK {
		s.Fatalf("%s: following up: %d %s", stamp(s.Now()), p.Status, p.Body)
	}
	delete(s.asking, record)
	s.note(fact{what: "followup.recorded", of: of})
	s.Read(func(ctx context.Context, tx db.Tx) error {
		customer, err := db.Value[core.ID](ctx, tx, "select customer_id from followup_item where project_id = $1 and id = $2", s.Project.ID, id)
		if _, tenant := s.word[customer]; tenant {
			s.word[customer] = s.Now()
		}
		return err
	})
	switch body["result"] {
	case "dissatisfied":
		again()
	case "opinion":
		s.note(fact{what: "followup.promised", of: of, until: until})
		s.later(s.by(until), func() {
			answer := func(r core.Role) *testkit.Page {
				return s.tokens[r].API("POST", fmt.Sprintf("followups/%s/answer", id), map[string]string{"text": "长椅下月到"})
			}
			p := answer(core.Supervisor)
			if clause, _ := p.JSON()["clause"].(string); clause == "C13.1" { // what it followed was a complaint of him
				p = answer(core.Manager)
			}
			if p.Status != http.StatusOK {
				s.Fatalf("%s: answering: %d %s", stamp(s.Now()), p.Status, p.Body)
			}
			s.note(fact{what: "followup.answered", of: of})
		})
	}
}

// ---- visits

// call sends something to the API; anything but what was wanted is a mistake of the script.
func (s *site) call(r core.Role, path string, body any) *testkit.Page {
	s.Helper()
	p := s.tokens[r].API("POST", path, body)
	if p.Status != http.StatusOK && p.Status != http.StatusCreated {
		s.Fatalf("%s: %s: %d %s", stamp(s.Now()), path, p.Status, p.Body)
	}
	return p
}

// trip is a visit that is planned.
type trip struct {
	id, customer core.ID
	by           core.Role // who goes
	sure         bool      // its record is written for sure
}

func (t *trip) about() map[string]core.ID { return map[string]core.ID{"visit": t.id} }

// visit plans a visit to anybody; mostly the desk goes, now and then a supervisor.
func (s *site) visit() {
	by := core.Desk
	if s.chance(25) {
		by = core.Supervisor
	}
	s.callOn(s.who[s.rnd.IntN(len(s.who))], "round", by)
}

// callOn plans a visit, makes it, records it, and keeps what was promised there.
func (s *site) callOn(customer core.ID, sort string, by core.Role) {
	day := midnight(s.Now()).AddDate(0, 0, s.rnd.IntN(3))
	text, _ := s.call(by, "visits", map[string]string{"customer": customer.String(), "sort": sort, "purpose": "巡回拜访", "goal": "了解需求", "day": day.Format(time.DateOnly), "prepare": "materials"}).JSON()["id"].(string)
	id, err := core.ParseID(text)
	s.Must(err)
	t := &trip{id: id, customer: customer, by: by}
	s.note(fact{what: "visit.planned", of: t.about(), until: day})
	if s.chance(10) {
		s.later(s.after(5, 300), func() {
			s.call(by, "visits/"+text+"/cancel", map[string]string{"text": "客户出差"})
			s.note(fact{what: "visit.cancelled", of: t.about()})
		})
		return
	}
	if s.chance(12) {
		other := midnight(s.Now()).AddDate(0, 0, 1+s.rnd.IntN(4))
		s.call(by, "visits/"+text+"/replan", map[string]string{"day": other.Format(time.DateOnly), "reason": "客户改期"})
		s.note(fact{what: "visit.moved", of: t.about(), until: other})
	}
	s.later(s.by(s.owes("C2.1", "term", "visit", id)), func() { s.arrive(t, func() {}) })
}

// arrive makes a visit; then is done once it is on record.
func (s *site) arrive(t *trip, then func()) {
	s.call(t.by, "visits/"+t.id.String()+"/arrive", map[string]string{})
	s.word[t.customer] = s.Now()
	s.note(fact{what: "visit.made", of: map[string]core.ID{"visit": t.id, "day": dayRef(s.Now()), "customer": t.customer}})
	s.calledOn(t.customer, t.by)
	if t.sure || s.chance(90) {
		s.later(s.by(s.owes("C4.1", "term", "visit", t.id)), func() {
			s.record(t)
			then()
		})
	}
}

// record writes the visit's record, with an opinion that was heard and a promise that was made.
func (s *site) record(t *trip) {
	due := midnight(s.Now()).AddDate(0, 0, 1+s.rnd.IntN(9))
	s.call(t.by, fmt.Sprintf("visits/%s/record", t.id), map[string]any{"met": "王经理", "post": "经理", "power": "decides", "how": "call", "content": "谈了服务", "needs": "无", "problems": "无", "business": "无", "surroundings": "无", "competitor": "无",
		"credit": "same", "unusual": "无", "effect": "好", "no_next": "届时再约", "opinions": []map[string]string{{"what": "电梯慢"}}, "promises": []map[string]string{{"what": "装一盏灯", "due": due.Format(time.DateOnly)}}})
	s.note(fact{what: "visit.recorded", of: t.about()})
	type item struct {
		id   core.ID
		sort string
	}
	var items []item
	s.Read(func(ctx context.Context, tx db.Tx) (err error) {
		items, err = db.All(ctx, tx, func(i *item) []any { return []any{&i.id, &i.sort} }, "select id, sort from visit_item where project_id = $1 and visit_id = $2 order by id", s.Project.ID, t.id)
		return err
	})
	for _, i := range items {
		of, path := map[string]core.ID{"promise": i.id}, "promises/"+i.id.String()+"/"
		if i.sort == "opinion" {
			s.note(fact{what: "visit.opinion", of: of})
			s.later(s.by(s.owes("D5.3", "reply", "promise", i.id)), func() {
				s.call(core.Desk, path+"answer", map[string]string{"text": "已调快", "how": "phone"})
				s.note(fact{what: "opinion.answered", of: of})
			})
			continue
		}
		s.note(fact{what: "visit.promise", of: of, until: due})
		s.keep(of)
	}
}

// keep carries a promise out and asks the customer; who is not content gets another day, and it is carried out again.
func (s *site) keep(of map[string]core.ID) {
	id := of["promise"]
	path := "promises/" + id.String() + "/"
	s.later(s.by(s.owes("C2.3", "term", "promise", id)), func() {
		s.call(core.Desk, path+"keep", map[string]string{"text": "已装"})
		s.note(fact{what: "promise.kept", of: of})
		s.later(s.by(s.owes("C2.3", "follow", "promise", id)), func() {
			if s.chance(75) {
				s.call(core.Desk, path+"follow", map[string]any{"satisfied": true, "comment": "满意"})
				s.note(fact{what: "promise.followed", of: of})
				return
			}
			due := midnight(s.Now()).AddDate(0, 0, 1+s.rnd.IntN(9))
			s.call(core.Desk, path+"follow", map[string]any{"satisfied": false, "comment": "太暗", "due": due.Format(time.DateOnly)})
			s.note(fact{what: "promise.followed", of: of})
			s.note(fact{what: "promise.again", of: of, until: due})
			s.keep(of)
		})
	})
}

// silent is A3.6's daily round: whoever will have heard nothing for ninety days is put on the list two weeks before.
func (s *site) silent(at time.Time) {
	for customer, last := range s.word {
		if due := afterDays(last, 90); !due.After(at.AddDate(0, 0, 14)) {
			s.note(fact{what: "customer.silent", at: at, of: map[string]core.ID{"customer": customer}, until: due})
		}
	}
}

// festivals notes the festivals that are on the manager's list; each of the almanac that begins within the month is.
func (s *site) festivals(project core.ID, b *book) {
	s.Helper()
	for _, h := range holidays {
		from, err := time.ParseInLocation(time.DateOnly, h[0], beijing)
		s.Must(err)
		if !from.After(s.Now()) || from.After(s.Now().AddDate(0, 0, 30)) {
			continue
		}
		var id core.ID
		s.Read(func(ctx context.Context, tx db.Tx) (err error) {
			id, err = db.Value[core.ID](ctx, tx, "select id from visit_festival where project_id = $1 and from_day = $2", project, h[0])
			return err
		})
		if id == 0 {
			s.Errorf("%s: the festival of %s is not on the list", stamp(s.Now()), h[0])
		}
		if !s.feasts[id] {
			s.feasts[id] = true
			b.note(fact{what: "festival.ahead", at: s.Now(), of: map[string]core.ID{"festival": id}, until: from})
			if b == s.book {
				s.later(s.after(60, 8*60), func() { s.celebrate(id, from) })
			}
		}
	}
}
