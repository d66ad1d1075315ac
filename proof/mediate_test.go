package proof

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/module/dispute"
)

// quarrel is a dispute as its script remembers it.
type quarrel struct {
	*site
	id      core.ID
	parties []core.ID
	acts    []*act
	over    bool
}

// act is what a party has promised in the agreement.
type act struct {
	id    core.ID
	state string // "", "performed", "broken"
}

// quarrel takes a dispute down: between two customers, or between one and us.
func (s *site) quarrel() {
	q := &quarrel{site: s}
	first := s.rnd.IntN(len(s.who))
	sides := []dispute.Side{{Kind: dispute.PartyCustomer, Customer: s.who[first]}, {Kind: dispute.PartyUs}}
	if s.chance(60) {
		sides[1] = dispute.Side{Kind: dispute.PartyCustomer, Customer: s.who[(first+1+s.rnd.IntN(len(s.who)-1))%len(s.who)]}
	}
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		c, err := dispute.Take(ctx, tx, dispute.Intake{Title: "渗水损坏货物", Content: "楼上水管破裂", Place: "A1203", Amount: 1_200_000, Parties: sides})
		if err != nil {
			return err
		}
		q.id = c.Ref.ID
		ps, err := dispute.Parties(ctx, tx, q.id)
		for _, p := range ps {
			q.parties = append(q.parties, p.ID)
		}
		return err
	})
	s.note(fact{what: "dispute.taken", of: map[string]core.ID{"dispute": q.id}})
	s.later(s.after(60, 36*60), q.talk)
}

func (q *quarrel) do(r core.Role, fn func(ctx context.Context, tx db.Tx) error) { q.must(r, fn) }

// talk hears both sides and brings them together; then they agree, mostly.
func (q *quarrel) talk() {
	q.do(core.Desk, func(ctx context.Context, tx db.Tx) error {
		for _, p := range q.parties {
			if err := dispute.Opine(ctx, tx, q.id, dispute.Opinion{Party: p, Text: "不是我们的责任"}); err != nil {
				return err
			}
		}
		return dispute.Minute(ctx, tx, q.id, dispute.Meeting{Present: "双方", Minutes: "核对损失清单"})
	})
	if q.chance(20) {
		q.later(q.after(60, 24*60), q.fail)
		return
	}
	q.later(q.after(60, 24*60), q.agree)
}

// agree puts down who does what by when: the terms of performance that are followed from now on.
func (q *quarrel) agree() {
	var promises []dispute.Duty
	var until []time.Time
	for range 1 + q.rnd.IntN(2) {
		day := midnight(q.Now()).AddDate(0, 0, q.rnd.IntN(9))
		until = append(until, day)
		promises = append(promises, dispute.Duty{Party: q.parties[q.rnd.IntN(len(q.parties))], What: "支付一半", Due: dateOf(day)})
	}
	q.do(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		if err := dispute.Agree(ctx, tx, q.id, dispute.Agreement{Terms: "各担一半", Acts: promises}); err != nil {
			return err
		}
		as, err := dispute.Acts(ctx, tx, q.id)
		for _, a := range as {
			q.acts = append(q.acts, &act{id: a.Ref.ID})
		}
		return err
	})
	for i, a := range q.acts {
		q.note(fact{what: "settlement.agreed", of: map[string]core.ID{"settlement": a.id}, until: until[i]})
	}
	for _, a := range q.acts {
		if q.chance(93) {
			q.later(q.by(q.owes("A6.3", "term", "settlement", a.id)), func() { q.perform(a) })
		}
	}
	if q.chance(70) {
		q.later(q.after(5, 600), q.sign)
	}
	if q.chance(8) {
		q.later(q.after(60, 72*60), q.void)
	}
}

func (q *quarrel) sign() {
	if q.over {
		return
	}
	q.do(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		up, err := file.FromDataURL("data:image/png;base64," + picture)
		if err != nil {
			return err
		}
		return dispute.Sign(ctx, tx, q.id, dispute.Signing{By: "双方负责人", Papers: []core.Upload{up}})
	})
}

// perform notes that an act was done, or that it was not.
func (q *quarrel) perform(a *act) {
	if q.over || a.state != "" {
		return
	}
	word := dispute.Word{Text: "转账回单"}
	verb, what := dispute.Perform, "performed"
	if q.chance(18) {
		verb, what = dispute.Break, "broken"
	}
	q.do(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return verb(ctx, tx, a.id, word) })
	a.state = what
	q.note(fact{what: "settlement." + what, of: map[string]core.ID{"settlement": a.id}})
	q.later(q.after(5, 600), q.settle)
}

// settle ends the dispute once everything is performed; what was broken goes to law.
func (q *quarrel) settle() {
	if q.over {
		return
	}
	performed := 0
	for _, a := range q.acts {
		switch a.state {
		case "broken":
			q.fail()
			return
		case "performed":
			performed++
		}
	}
	if performed == len(q.acts) {
		q.end()
	}
}

// fail gives mediation up: the parties are shown the legal route, and the papers go to legal affairs or are closed. Until
// then what else was promised is owed all the same.
func (q *quarrel) fail() {
	q.over = true
	q.do(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		if err := dispute.Fail(ctx, tx, q.id, dispute.Word{Text: "谈不拢"}); err != nil {
			return err
		}
		return dispute.Advise(ctx, tx, q.id, dispute.Guidance{Route: "court", Text: "可向法院起诉"})
	})
	q.later(q.after(60, 48*60), func() {
		if q.chance(60) {
			q.do(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
				return dispute.ToLegal(ctx, tx, q.id, dispute.HandOver{To: "法务 李律师", Note: "材料齐全"})
			})
			q.note(fact{what: "dispute.legal", of: map[string]core.ID{"dispute": q.id}})
		}
		q.end()
	})
}

func (q *quarrel) end() {
	q.over = true
	q.do(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		return dispute.Close(ctx, tx, q.id, dispute.Word{Text: "已了结"})
	})
	q.ended("dispute.closed")
}

// ended notes that nothing of the agreement is followed any more.
func (q *quarrel) ended(what string) {
	for _, a := range q.acts {
		q.note(fact{what: what, of: map[string]core.ID{"settlement": a.id}})
	}
}

// void takes back a dispute that was taken down by mistake: nobody owes anything of it.
func (q *quarrel) void() {
	if q.over {
		return
	}
	q.over = true
	q.do(core.Manager, func(ctx context.Context, tx db.Tx) error {
		return dispute.Cancel(ctx, tx, q.id, dispute.Word{Text: "误登"})
	})
	q.ended("dispute.voided")
}

// dateOf is a day as the forms have it.
func dateOf(day time.Time) core.Date { return core.Date(day.In(beijing).Format(time.DateOnly)) }
