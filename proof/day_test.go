package proof

import (
	"context"
	"fmt"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/repair"
)

// matter is a request as its script remembers it.
type matter struct {
	id, other     core.ID // other: the repair or complaint that carries it on
	customer      core.ID
	kind, channel string
	urgent        bool
	open, handed  bool
	answered      bool
	into          *matter // merged into it
	called        bool    // by telephone, and recorded
	summed        bool    // the summary of an emergency is written
	limit         time.Time
}

// recording is a recorded call.
type recording struct {
	id     core.ID
	at     time.Time
	of     *matter
	stored bool // apart
}

func (m *matter) about() map[string]core.ID {
	return map[string]core.ID{"desk": m.id}
}

func (s *site) fact(what string, m *matter) fact {
	return fact{what: what, of: m.about(), kind: m.kind, channel: m.channel, urgent: m.urgent}
}

// arrivals puts a day's requests on the agenda: most by day, some at night, fewer on a day off.
func (s *site) arrivals(day time.Time) {
	n := 3 + len(s.units)/42
	if !works(day) {
		n = n/2 + 1
	}
	for range n {
		at := day.Add(deskOpens + time.Duration(s.rnd.Int64N(int64(deskShuts-deskOpens))))
		if s.chance(20) {
			at = day.Add(time.Duration(s.rnd.Int64N(int64(aDay))))
		}
		if at.Before(quarterBegins) {
			continue
		}
		script := []func(){s.request, s.request, s.request, s.repair, s.repair, s.complain}[s.rnd.IntN(6)]
		s.later(at, script)
	}
}

// take has a request taken down, now and then from a recorded call.
func (s *site) take(kind string, details ...desk.Detail) *matter {
	s.Helper()
	i := s.rnd.IntN(len(s.who))
	m := &matter{kind: kind, customer: s.who[i], open: true, channel: []string{"phone", "counter", "oral", "wechat", "mail", "letter", "box", "web", "line"}[s.rnd.IntN(9)], urgent: kind == desk.Emergency || s.chance(8)}
	in := desk.Intake{Channel: m.channel, Kind: kind, Customer: m.customer, Unit: s.units[i], Contact: "王经理", Phone: core.Phone(fmt.Sprintf("1380000%04d", i)), Content: "茶水间的事", Urgent: m.urgent, Details: details}
	carried := kind == "repair" || kind == "complaint"
	atOnce := !carried && s.chance(12)
	if atOnce {
		in.Answer = "当场说明"
	}
	var call *recording
	if (m.channel == "phone" || m.channel == "line") && s.chance(70) {
		call = &recording{at: s.Now(), of: m}
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
		if call != nil {
			if call.id, err = desk.AddCall(ctx, tx, desk.Call{Direction: desk.In, Phone: in.Phone, Answered: true, User: "林敏", Seconds: 60, Recording: "rec.wav"}); err != nil {
				return err
			}
			in.Call = call.id
		}
		taken, ref, err := desk.Take(ctx, tx, in)
		m.id, m.other = taken.Ref.ID, ref.ID
		return err
	})
	if call != nil {
		s.calls, m.called = append(s.calls, call), true
	}
	s.matter[m.id] = m
	f := s.fact("desk.taken", m)
	f.answered, f.carried = atOnce, carried
	s.note(f)
	m.open, m.answered = !atOnce, atOnce
	if atOnce {
		s.over(m)
	}
	return m
}

// request is what the desk keeps itself: an enquiry, a suggestion, praise, an emergency.
func (s *site) request() {
	m := s.take([]string{desk.Enquiry, desk.Enquiry, desk.Enquiry, desk.Suggestion, desk.Praise, desk.Emergency}[s.rnd.IntN(6)])
	if !m.open {
		return
	}
	if s.chance(70) {
		s.later(s.by(s.owes("B4.3", "term", "desk", m.id)), func() { s.contact(m) })
	}
	switch n := s.rnd.IntN(100); {
	case n < 5:
		s.later(s.after(30, 600), func() { s.void(m) })
		return
	case n < 12:
		s.later(s.after(30, 300), func() { s.merge(m) })
		return
	case n < 55:
		s.later(s.by(s.owes("D5.6", "term", "desk", m.id)), func() { s.hand(m) })
	}
	if s.chance(3) || m.called && s.chance(12) { // nobody cares for weeks
		s.later(s.after(30*24*60, 45*24*60), func() { s.answer(m) })
		return
	}
	s.later(s.by(s.owes("A3.2", "term", "desk", m.id)), func() { s.answer(m) })
}

func (s *site) contact(m *matter) {
	if !m.open || s.contacted(m) {
		return
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return desk.Contact(ctx, tx, m.id, desk.Note{Text: "已联系"})
	})
	s.note(s.fact("desk.contacted", m))
}

// contacted asks the record, since others may have spoken to the customer meanwhile.
func (s *site) contacted(m *matter) (yes bool) {
	s.Read(func(ctx context.Context, tx db.Tx) error {
		got, err := desk.Get(ctx, tx, m.id)
		yes = !got.Contacted.IsZero()
		return err
	})
	return yes
}

func (s *site) void(m *matter) {
	if !m.open {
		return
	}
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return desk.Void(ctx, tx, m.id, "重复登记", false) })
	m.open = false
	s.note(s.fact("desk.voided", m))
}

// merge puts it together with another one that is open, and sometimes takes it apart again.
func (s *site) merge(m *matter) {
	var into *matter
	for id, other := range s.matter {
		if other.open && other != m && (into == nil || id < into.id) && other.customer != 0 {
			into = other
		}
	}
	if !m.open || into == nil {
		return
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return desk.Merge(ctx, tx, m.id, desk.Join{Into: into.id, Reason: "同一件事"})
	})
	m.open, m.into = false, into
	for _, other := range s.matter { // what was merged into this one goes along
		if other.into == m {
			other.into = into
		}
	}
	s.note(s.fact("desk.merged", m))
	if !s.chance(40) {
		return
	}
	s.later(s.after(10, 900), func() {
		s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
			return desk.Unmerge(ctx, tx, m.id, desk.Note{Text: "不是一件事"})
		})
		m.open, m.into, m.answered, m.handed, m.limit = true, nil, false, false, time.Time{}
		s.note(s.fact("desk.unmerged", m))
		s.later(s.by(s.owes("B4.3", "term", "desk", m.id)), func() { s.contact(m) })
		s.later(s.by(s.owes("A3.2", "term", "desk", m.id)), func() { s.answer(m) })
	})
}

// hand gives it to the technicians, with a limit or without.
func (s *site) hand(m *matter) {
	if !m.open || m.answered {
		return
	}
	in := desk.Hand{Role: string(core.Technician), Reason: "请工程部处理"}
	switch {
	case s.chance(85):
		in.Due = s.after(60, 72*60).Truncate(time.Minute)
	default:
		in.NoLimit = true
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error { return desk.HandOver(ctx, tx, m.id, in) })
	m.handed, m.limit = true, in.Due
	f := s.fact("desk.handed", m)
	f.until = in.Due
	s.note(f)
	s.later(s.after(5, 240), func() { s.accept(m) })
	s.later(s.by(s.owes("A3.5", "remind", "desk", m.id)), func() { s.progress(m) })
	if !in.Due.IsZero() && s.chance(40) {
		s.later(s.by(in.Due), func() { s.report(m) })
	}
}

func (s *site) accept(m *matter) {
	if !m.open || m.answered || !m.handed {
		return
	}
	if s.chance(20) {
		s.must(core.Technician, func(ctx context.Context, tx db.Tx) error {
			return desk.Decline(ctx, tx, m.id, desk.Note{Text: "不归我们"})
		})
		m.handed = false
		return
	}
	s.must(core.Technician, func(ctx context.Context, tx db.Tx) error { return desk.Accept(ctx, tx, m.id) })
	m.handed = false
	if s.chance(50) {
		s.must(core.Technician, func(ctx context.Context, tx db.Tx) error {
			return desk.Look(ctx, tx, m.id, desk.Note{Text: "看过了"})
		})
	}
}

func (s *site) progress(m *matter) {
	if !m.open {
		return
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return desk.Progress(ctx, tx, m.id, desk.Note{Text: "正在办理"})
	})
	s.note(s.fact("desk.progress", m))
	if s.chance(70) {
		s.later(s.by(s.owes("A3.5", "remind", "desk", m.id)), func() { s.progress(m) })
	}
}

// report tells the leader that the limit cannot be kept, and who takes over until when.
func (s *site) report(m *matter) {
	if !m.open || m.answered {
		return
	}
	in := desk.Report{Reason: "等配件", Leader: s.Users[core.Manager], Taker: s.Users[core.Technician], Due: s.after(60, 96*60).Truncate(time.Minute)}
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return desk.ReportUp(ctx, tx, m.id, in) })
	m.handed, m.limit = true, in.Due
	f := s.fact("desk.reported", m)
	f.until = in.Due
	s.note(f)
	s.later(s.after(5, 120), func() { s.accept(m) })
}

func (s *site) answer(m *matter) {
	if !m.open || m.answered {
		return
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		if m.kind == desk.Suggestion || m.kind == desk.Praise {
			if err := desk.Look(ctx, tx, m.id, desk.Note{Text: "了解过"}); err != nil {
				return err
			}
		}
		return desk.Answer(ctx, tx, m.id, desk.Note{Text: "答复如下"})
	})
	m.answered = true
	s.note(s.fact("desk.answered", m))
	if s.chance(15) {
		s.later(s.after(10, 600), func() { s.dispute(m) })
		return
	}
	if s.chance(95) {
		s.later(s.after(5, 48*60), func() { s.end(m) })
	}
}

func (s *site) dispute(m *matter) {
	if !m.open || !m.answered {
		return
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return desk.Dispute(ctx, tx, m.id, desk.Note{Text: "不满意"})
	})
	m.answered = false
	s.note(s.fact("desk.disputed", m))
	s.later(s.by(s.owes("A3.2", "term", "desk", m.id)), func() { s.answer(m) })
}

func (s *site) end(m *matter) {
	if !m.open || !m.answered {
		return
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return desk.Close(ctx, tx, m.id, desk.Confirm{By: "王经理", How: "phone"})
	})
	m.open = false
	s.note(s.fact("desk.closed", m))
	s.over(m)
	s.summarise(m)
}

// over is what the end of a request brings: an emergency is followed up (C14.12).
func (s *site) over(m *matter) {
	if m.kind != desk.Emergency {
		return
	}
	s.planned("desk", "emergency", m.id, func() {
		s.reopened(m)
		m.answered, m.handed = false, false
		s.later(s.after(30, 600), func() { s.answer(m) })
	})
}

// summarise writes the summary that an emergency owes.
func (s *site) summarise(m *matter) {
	if !m.urgent || s.chance(20) {
		return
	}
	s.later(s.by(s.owes("A3.5", "summary", "desk", m.id)), func() {
		if m.open || m.summed {
			return
		}
		s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
			return desk.Summarise(ctx, tx, m.id, desk.Note{Text: "以后注意"})
		})
		m.summed = true
		s.note(s.fact("desk.summarised", m))
	})
}

// recordings is the daily round of C19.2: three days before its thirty are over, the recording of a matter that is not
// finished is to be stored apart.
func (s *site) recordings(at time.Time) {
	for _, c := range s.calls {
		unfinished := c.of.open || c.of.into != nil && c.of.into.open
		if !c.stored && unfinished && !c.at.After(at.AddDate(0, 0, -27)) {
			c.stored = true
			of := map[string]core.ID{"call": c.id}
			s.note(fact{what: "call.ripe", at: at, of: of})
			s.later(s.by(s.book.due("C19.2", "term", "call", c.id)), func() {
				s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
					return desk.Keep(ctx, tx, c.id, desk.Place{Place: "档案盘"})
				})
				s.note(fact{what: "call.stored", of: of})
			})
		}
	}
}

// ---- repairs

func (s *site) repair() {
	level := []string{"normal", "normal", "normal", "urgent", "major"}[s.rnd.IntN(5)]
	m := s.take("repair", desk.Detail{Name: "scope", Value: repair.Indoor}, desk.Detail{Name: "trade", Value: "water"}, desk.Detail{Name: "level", Value: level}, desk.Detail{Name: "confirmed", Value: "true"})
	of := map[string]core.ID{"desk": m.id, "repair": m.other}
	s.note(fact{what: "repair.taken", of: of, major: level == repair.Major})
	if s.chance(5) {
		s.later(s.after(5, 300), func() {
			s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
				return repair.Cancel(ctx, tx, m.other, repair.Why{Reason: "重复报修"})
			})
			m.open = false
			s.note(fact{what: "repair.cancelled", of: of})
			s.note(s.fact("desk.voided", m))
		})
		return
	}
	if s.chance(10) {
		s.later(s.after(1, 25), func() { s.regrade(m, of) })
	}
	if level == repair.Major {
		hurry := s.chance(50)
		s.alarmed(m, of)
		if hurry {
			s.later(s.after(1, 4), func() { s.rush(m, of) })
			return
		}
	}
	s.later(s.by(s.owes("B4.3", "term", "desk", m.id)), func() { s.dispatch(m, of) })
}

// alarmed has the supervisor and the desk come as well.
func (s *site) alarmed(m *matter, of map[string]core.ID) {
	for _, r := range []core.Role{core.Supervisor, core.Desk} {
		s.later(s.after(1, 20), func() {
			o := s.order(m)
			if !o.Open || o.Level != repair.Major && o.State != repair.StateDispatched || s.came[m.other][r] {
				return
			}
			s.must(r, func(ctx context.Context, tx db.Tx) error { return repair.ArriveAt(ctx, tx, m.other, repair.Arrive{}) })
			s.party(of, r)
		})
	}
}

// regrade finds that a repair is major after all, or that it is not (D4.2).
func (s *site) regrade(m *matter, of map[string]core.ID) {
	o := s.order(m)
	if o.State != repair.StateNew && o.State != repair.StateDispatched && o.State != repair.StateArrived {
		return
	}
	level, what := repair.Major, "repair.major"
	if o.Level == repair.Major {
		level, what = "normal", "repair.minor"
	}
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		return repair.SetLevel(ctx, tx, m.other, repair.Grade{Level: level, Trade: "water", Scope: repair.Indoor})
	})
	s.note(fact{what: what, of: of})
	if level == repair.Major {
		s.alarmed(m, of)
	}
}

// rush sends a technician who comes at once.
func (s *site) rush(m *matter, of map[string]core.ID) {
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return repair.Send(ctx, tx, m.other, repair.Dispatch{Technician: s.Users[core.Technician], Reason: "情况紧急"})
	})
	s.note(s.fact("desk.contacted", m))
	s.later(s.after(2, 9), func() { s.work(m, of) })
}

// party notes who of the three parties has come; once all have, that is a fact.
func (s *site) party(of map[string]core.ID, r core.Role) {
	key := of["repair"]
	if s.came[key] == nil {
		s.came[key] = map[core.Role]bool{}
	}
	if s.came[key][r] = true; len(s.came[key]) == 3 {
		s.note(fact{what: "repair.three", of: of})
	}
}

func (s *site) dispatch(m *matter, of map[string]core.ID) {
	in := repair.Dispatch{Technician: s.Users[core.Technician], Reason: "人手够"}
	if s.chance(60) {
		in.Appoint = s.after(30, 48*60).Truncate(time.Minute)
	}
	s.must(core.Desk, func(ctx context.Context, tx db.Tx) error { return repair.Send(ctx, tx, m.other, in) })
	s.note(s.fact("desk.contacted", m))
	come := s.after(10, 300)
	if !in.Appoint.IsZero() {
		s.note(fact{what: "repair.appointed", of: of, until: in.Appoint})
		come = s.by(s.owes("C17.1", "tolerance", "repair", m.other))
		if s.chance(15) {
			s.later(s.after(1, 25), func() {
				at := s.after(60, 24*60).Truncate(time.Minute)
				s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
					return repair.Appoint(ctx, tx, m.other, repair.Appointment{At: at, Told: "电话"})
				})
				s.note(fact{what: "repair.appointed", of: of, until: at})
				s.later(s.by(s.owes("C17.1", "tolerance", "repair", m.other)), func() { s.work(m, of) })
			})
			return
		}
	}
	s.later(come, func() { s.work(m, of) })
}

// work is arrival, work and signature, with a pause for parts now and then.
func (s *site) work(m *matter, of map[string]core.ID) {
	if s.orderState(m) != repair.StateDispatched {
		return
	}
	s.must(core.Technician, func(ctx context.Context, tx db.Tx) error { return repair.ArriveAt(ctx, tx, m.other, repair.Arrive{}) })
	s.note(fact{what: "repair.arrived", of: of})
	s.party(of, core.Technician)
	if s.chance(20) {
		s.must(core.Technician, func(ctx context.Context, tx db.Tx) error {
			return repair.Hold(ctx, tx, m.other, repair.Why{Reason: "等配件"})
		})
		s.note(s.fact("desk.waits", m))
		s.later(s.by(s.owes("A3.5", "remind", "desk", m.id)), func() { s.progress(m) })
		s.later(s.after(60, 72*60), func() {
			s.must(core.Technician, func(ctx context.Context, tx db.Tx) error { return repair.Resume(ctx, tx, m.other) })
			s.finish(m, of)
		})
		return
	}
	s.later(s.after(5, 120), func() { s.finish(m, of) })
}

func (s *site) finish(m *matter, of map[string]core.ID) {
	signature := "data:image/png;base64," + picture
	s.must(core.Technician, func(ctx context.Context, tx db.Tx) error {
		if err := repair.Start(ctx, tx, m.other); err != nil {
			return err
		}
		return repair.Done(ctx, tx, m.other, repair.Finish{Result: "已修好", Cleared: true, Tried: true, Signature: signature})
	})
	s.later(s.after(1, 300), func() {
		s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
			if m.channel == "oral" {
				if err := repair.WriteSlip(ctx, tx, m.other); err != nil && !core.IsKind(err, core.KindConflict) {
					return err
				}
			}
			return repair.SignOff(ctx, tx, m.other, repair.Sign{Signer: "王经理", Signature: signature, Attitude: 5, Speed: 4, Quality: 5})
		})
		m.open = false
		s.note(fact{what: "repair.signed", of: of})
		s.note(s.fact("desk.closed", m))
		s.drawn()
		s.summarise(m)
		if s.chance(12) {
			s.later(s.after(60, 24*60), func() { s.rework(m, of) })
		}
	})
}

func (s *site) rework(m *matter, of map[string]core.ID) {
	if s.orderState(m) != repair.StateClosed {
		return
	}
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		return repair.Rework(ctx, tx, m.other, repair.Why{Reason: "又漏了"})
	})
	s.withdrawn(m.other)
	s.reopened(m)
	s.later(s.after(30, 600), func() { s.work(m, of) })
}

// reopened notes that a settled request is open again.
func (s *site) reopened(m *matter) {
	m.open, m.summed = true, false
	s.note(s.fact("desk.reopened", m))
}

func (s *site) order(m *matter) (o repair.Order) {
	s.Read(func(ctx context.Context, tx db.Tx) (err error) {
		o, err = repair.Get(ctx, tx, m.other)
		return err
	})
	return o
}

func (s *site) orderState(m *matter) string { return s.order(m).State }

// ---- complaints

func (s *site) complain() {
	major := s.chance(15)
	details := []desk.Detail{{Name: "category", Value: []string{"noise", "clean", "facility", "service", "pest", "mail"}[s.rnd.IntN(6)]}, {Name: "demand", Value: "请处理"}}
	if major {
		details[1].Value = "再不处理就找媒体"
	}
	written := s.chance(30)
	if written {
		details = append(details, desk.Detail{Name: "written", Value: "true"})
	}
	var against core.Role
	switch n := s.rnd.IntN(100); {
	case n < 8:
		against = core.Supervisor // who handles them as a rule
	case n < 12:
		against = core.Technician
	}
	c := s.charge(against, written, details...)
	s.Read(func(ctx context.Context, tx db.Tx) error { // the third of a kind by one customer is major as well, as C13.2's own tests show
		got, err := complaint.Get(ctx, tx, c.id)
		c.major = got.Level == complaint.Major
		if major && !c.major {
			s.Errorf("a complaint that speaks of the media is not major")
		}
		return err
	})
	s.note(c.fact("complaint.taken"))
	s.later(s.by(s.owes("C13.6", "term", "complaint", c.id)), c.assign)
}

// charge has a complaint taken down, against somebody of the office where one is named.
func (s *site) charge(against core.Role, written bool, details ...desk.Detail) *dealing {
	s.Helper()
	if against != "" {
		details = append(details, desk.Detail{Name: "against", Value: complaint.AgainstPerson}, desk.Detail{Name: "against_user", Value: s.Users[against].String()})
	}
	m := s.take("complaint", details...)
	c := &dealing{site: s, m: m, id: m.other, against: against, written: written || m.channel == "letter" || m.channel == "mail", of: map[string]core.ID{"complaint": m.other}}
	s.cases = append(s.cases, c)
	return c
}

// dealing is how one complaint is dealt with.
type dealing struct {
	*site
	m       *matter
	id      core.ID
	of      map[string]core.ID
	major   bool
	written bool
	over    bool
	passed  bool // to somebody who handles it
	handler core.Role
	against core.Role // who is complained of
}

func (c *dealing) fact(what string) fact {
	f := fact{what: what, of: c.of, channel: c.m.channel, major: c.major, written: c.written, passed: c.passed}
	if c.passed {
		f.who = c.Users[c.handler]
	}
	return f
}

// hand is who does the supervisor's part: whoever is complained of takes no part (C13.1), another stands in.
func (c *dealing) hand() core.Role {
	if c.against == core.Supervisor {
		return core.Leasing
	}
	return core.Supervisor
}

// fits says that a case can be merged into this one: it is in hand, and not against somebody else.
func (c *dealing) fits(other *dealing) bool {
	same := c.against == "" || other.against == "" || c.against == other.against
	return c != other && same && !c.over && c.m.open && c.passed && c.now().State == complaint.StateAccepted
}

// join merges it with another case that is in hand (C14.9: what several people tell counts once), and sometimes takes it
// out again; it says whether there was one.
func (c *dealing) join() bool {
	i := slices.IndexFunc(c.cases, func(main *dealing) bool { return main.fits(c) })
	if i < 0 {
		return false
	}
	c.joinTo(c.cases[i])
	if c.chance(50) {
		c.later(c.after(10, 900), c.takeApart)
	}
	return true
}

func (c *dealing) joinTo(main *dealing) {
	by := c.hand()
	if main.against != "" {
		by = main.hand()
	}
	c.do(by, func(ctx context.Context, tx db.Tx) error {
		return complaint.Join(ctx, tx, c.id, complaint.Merge{Into: main.id, Reason: "同一件事"})
	})
	c.over, c.m.open, c.m.into = true, false, main.m
	for _, m := range c.matter { // what was merged into it goes along
		if m.into == c.m {
			m.into = main.m
		}
	}
	c.note(c.fact("complaint.merged"))
	c.note(c.site.fact("desk.merged", c.m))
	if c.major && !main.major {
		main.major = true
		c.note(main.fact("complaint.major"))
		c.later(c.by(c.owes("C13.3", "term", "complaint", main.id)), main.file)
	}
	if main.against == "" && c.against != "" {
		main.against = c.against
		if main.passed && main.handler == main.against {
			main.barred()
		}
	}
}

// barred is what follows when it turns out that a case is against its own handler: what he owed is his no more, and it is
// passed on anew (C13.1, C13.6).
func (c *dealing) barred() {
	c.passed, c.handler = false, ""
	c.note(c.fact("complaint.barred"))
	c.later(c.by(c.owes("C13.6", "term", "complaint", c.id)), func() {
		if !c.over && !c.passed {
			c.pass()
		}
	})
}

// accused has somebody complain of the case's own handler, in the same matter. The manager is spared: who rules is not of
// this script.
func (c *dealing) accused() {
	if c.over || !c.passed || c.against != "" || c.handler == core.Manager {
		return
	}
	other := c.charge(c.handler, false, desk.Detail{Name: "category", Value: "service"}, desk.Detail{Name: "demand", Value: "换人处理"})
	other.major = other.now().Level == complaint.Major
	c.note(other.fact("complaint.taken"))
	if c.fits(other) {
		other.joinTo(c)
		return
	}
	c.later(c.by(c.owes("C13.6", "term", "complaint", other.id)), other.assign)
}

// takeApart is the way back: the case is as new, except that who had it has it.
func (c *dealing) takeApart() {
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.TakeApart(ctx, tx, c.id, complaint.Word{Text: "不是一件事"})
	})
	c.over, c.m.open, c.m.into = false, true, nil
	c.note(c.fact("complaint.unmerged"))
	if c.passed {
		c.proceed()
		return
	}
	c.later(c.by(c.owes("C13.6", "term", "complaint", c.id)), c.assign)
}

func (c *dealing) do(r core.Role, fn func(ctx context.Context, tx db.Tx) error) { c.must(r, fn) }

func (c *dealing) spoke() { c.note(c.site.fact("desk.contacted", c.m)) }

// reopen is what becomes of it when the follow-up finds the customer dissatisfied.
func (c *dealing) reopen() {
	c.over = false
	if !c.m.open {
		c.reopened(c.m)
	}
	c.note(c.fact("complaint.reopened"))
	c.later(c.by(c.owes("C11.1", "term", "complaint", c.id)), c.solve)
}

// now is the case as it stands.
func (c *dealing) now() (got complaint.Case) {
	c.Read(func(ctx context.Context, tx db.Tx) (err error) {
		got, err = complaint.Get(ctx, tx, c.id)
		return err
	})
	return got
}

func (c *dealing) settled() {
	c.over, c.m.open = true, false
	c.note(c.fact("complaint.settled"))
	c.note(c.site.fact("desk.closed", c.m))
	c.summarise(c.m)
}

func (c *dealing) assign() {
	if c.over || c.chance(5) && c.join() {
		return
	}
	c.pass()
	if c.chance(4) {
		c.later(c.after(10, 900), c.void)
		return
	}
	if c.chance(5) && c.join() {
		return
	}
	c.proceed()
}

// pass gives the case to the supervisor, or, where it is against him, to another.
func (c *dealing) pass() {
	if c.against != "" {
		c.Refused("C13.1", c.App.DB.Write(c.ctx[core.Desk], func(ctx context.Context, tx db.Tx) error {
			return complaint.PassTo(ctx, tx, c.id, complaint.Assign{Handler: c.Users[c.against], Department: "客服部"})
		}))
	}
	c.passTo(c.hand())
	c.spoke()
}

func (c *dealing) passTo(handler core.Role) {
	c.do(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return complaint.PassTo(ctx, tx, c.id, complaint.Assign{Handler: c.Users[handler], Department: "客服部"})
	})
	c.passed, c.handler = true, handler
	c.note(c.fact("complaint.assigned"))
}

// proceed is what follows once somebody handles it.
func (c *dealing) proceed() {
	if c.chance(8) {
		c.later(c.after(60, 30*60), c.accused)
	}
	if c.chance(8) { // the supervisor is away for a while
		c.later(c.after(20, 900), func() {
			if !c.over && c.passed {
				c.passTo(core.Manager)
			}
		})
	}
	if c.chance(15) || c.major && c.chance(20) {
		c.later(c.after(10, 300), c.grade)
	}
	if c.major {
		c.later(c.by(c.owes("C13.3", "term", "complaint", c.id)), c.file)
	}
	if c.chance(35) {
		c.later(c.after(10, 400), c.promise)
	}
	c.later(c.after(20, 600), c.judge)
}

func (c *dealing) void() {
	if c.over {
		return
	}
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.Void(ctx, tx, c.id, complaint.Word{Text: "误登"})
	})
	c.over, c.m.open = true, false
	c.note(c.fact("complaint.voided"))
	c.withdrawn(c.id)
	c.note(c.site.fact("desk.voided", c.m))
}

// grade changes the severity by hand: to major, or back.
func (c *dealing) grade() {
	if c.over {
		return
	}
	level, what := complaint.Major, "complaint.major"
	if c.major {
		level, what = complaint.Normal, "complaint.minor"
	}
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.SetLevel(ctx, tx, c.id, complaint.Grade{Level: level, Reason: "核实后调整"})
	})
	c.major = !c.major
	c.note(c.fact(what))
	if c.major {
		c.later(c.by(c.owes("C13.3", "term", "complaint", c.id)), c.file)
	}
}

func (c *dealing) file() {
	if c.over || !c.major {
		return
	}
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.FileMajor(ctx, tx, c.id, complaint.File{Superior: "总经理", Legal: "法务部", Team: "主任牵头", Minutes: "会议记录"})
	})
	c.note(c.fact("complaint.filed"))
}

// promise agrees when the customer hears next; he is told then, or the case's reply comes first.
func (c *dealing) promise() {
	if c.over {
		return
	}
	var replied bool
	c.Read(func(ctx context.Context, tx db.Tx) error {
		got, err := complaint.Get(ctx, tx, c.id)
		replied = got.State == complaint.StateReplied || got.State == complaint.StateSettled
		return err
	})
	if replied {
		return
	}
	f := c.fact("complaint.promised")
	f.until = c.after(60, 48*60).Truncate(time.Minute)
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.AgreeNext(ctx, tx, c.id, complaint.Promise{Next: f.until, Told: "正在查"})
	})
	c.note(f)
	c.spoke()
	if c.chance(60) {
		c.later(c.by(f.until), c.promise)
	}
}

func (c *dealing) judge() {
	if c.over {
		return
	}
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.SetValidity(ctx, tx, c.id, complaint.Judge{Validity: complaint.Founded, Opinion: "属实"})
	})
	c.later(c.after(5, 120), func() {
		if c.over {
			return
		}
		if c.chance(10) {
			c.do(core.Manager, func(ctx context.Context, tx db.Tx) error {
				return complaint.RuleOn(ctx, tx, c.id, complaint.Rule{Ruling: "decline", Reason: "不属我方", Answer: "请联系邻里"})
			})
			c.settled()
			return
		}
		c.do(core.Manager, func(ctx context.Context, tx db.Tx) error {
			return complaint.RuleOn(ctx, tx, c.id, complaint.Rule{Ruling: "accept"})
		})
		if c.chance(25) {
			c.later(c.after(5, 60), c.extend)
		}
		if c.chance(20) {
			c.later(c.after(30, 600), c.measure)
		}
		c.later(c.by(c.owes("C11.1", "term", "complaint", c.id)), c.solve)
	})
}

// extend moves the running terms with the customer's consent.
func (c *dealing) extend() {
	if c.over {
		return
	}
	f := c.fact("complaint.extended")
	f.until = c.after(24*60, 12*24*60).Truncate(time.Minute)
	err := c.App.DB.Write(c.ctx[c.hand()], func(ctx context.Context, tx db.Tx) error {
		return complaint.Prolong(ctx, tx, c.id, complaint.Extend{Until: f.until, Reason: "等厂家", Consent: "王经理", How: "电话"})
	})
	if core.IsKind(err, core.KindConflict) { // it was replied to meanwhile
		return
	}
	c.Must(err)
	c.note(f)
}

// measure draws up a corrective measure, which the general manager approves.
func (c *dealing) measure() {
	if c.over {
		return
	}
	var id core.ID
	due := c.Now().In(beijing).AddDate(0, 0, c.rnd.IntN(9))
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) (err error) {
		id, err = complaint.DrawUp(ctx, tx, c.id, complaint.Draft{Sort: "preventive", Text: "每日巡查", Department: "工程部", Due: core.Date(due.Format(time.DateOnly))})
		return err
	})
	c.later(c.after(10, 900), func() {
		c.do(core.GM, func(ctx context.Context, tx db.Tx) error {
			return complaint.ApproveMeasure(ctx, tx, id, complaint.Naming{Supervisor: c.Users[core.Quality]})
		})
		f := fact{what: "measure.approved", of: map[string]core.ID{"complaint-action": id}, until: midnight(due)}
		c.note(f)
		c.later(c.by(c.owes("C11.3", "term", "complaint-action", id)), func() { c.carryOut(id) })
	})
}

func (c *dealing) carryOut(id core.ID) {
	good := c.chance(75)
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.CarryOut(ctx, tx, id, complaint.Word{Text: "已做"})
	})
	c.do(core.Quality, func(ctx context.Context, tx db.Tx) error {
		return complaint.CheckMeasure(ctx, tx, id, complaint.Check{Good: good, Finding: "查过"})
	})
	if good {
		c.note(fact{what: "measure.good", of: map[string]core.ID{"complaint-action": id}})
		return
	}
	c.later(c.after(60, 48*60), func() { c.carryOut(id) })
}

func (c *dealing) solve() {
	if c.over {
		return
	}
	c.do(core.System, func(ctx context.Context, tx db.Tx) error {
		if err := complaint.Investigate(ctx, tx, c.id, complaint.Ask{How: "site", Text: "到场看过"}); err != nil {
			return err
		}
		return complaint.FindSolution(ctx, tx, c.id, complaint.Solve{Cause: "门没关", Responsible: "工程部", Solution: "换门"})
	})
	c.note(c.fact("complaint.solved"))
	c.later(c.after(10, 900), c.carry)
}

// carry has the solution approved and carried out, and of a major one the report.
func (c *dealing) carry() {
	if c.over {
		return
	}
	c.approve("complaint", c.id)
	c.do(core.System, func(ctx context.Context, tx db.Tx) error {
		return complaint.Complete(ctx, tx, c.id, complaint.Finish{Result: "已换"})
	})
	c.note(c.fact("complaint.finished"))
	c.planned("complaint", "complaint", c.id, c.reopen)
	c.later(c.by(c.owes("C13.4", "term", "complaint", c.id)), c.reply)
}

func (c *dealing) reply() {
	if c.over {
		return
	}
	how := "oral"
	c.do(core.System, func(ctx context.Context, tx db.Tx) error {
		got, err := complaint.Get(ctx, tx, c.id)
		if err == nil && got.Level == complaint.Major && got.Sealed.IsZero() {
			err = complaint.FileReport(ctx, tx, c.id, complaint.Report{Cause: "a", Course: "b", Responsible: "c", Conclusion: "d", Remedy: "e", Prevention: "f"})
		}
		return err
	})
	c.approve("complaint", c.id)
	if c.written {
		how = "letter"
		c.register()
	}
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.Answer(ctx, tx, c.id, complaint.Reply{How: how, Text: "门换好了", Business: "何海", Relations: "周慧"})
	})
	c.note(c.fact("complaint.replied"))
	c.spoke()
	c.later(c.after(10, 48*60), c.opine)
}

func (c *dealing) opine() {
	now := c.now()
	if c.over || now.State != complaint.StateReplied && now.State != complaint.StateSettled {
		return
	}
	if now.State == complaint.StateSettled { // he signed when he was followed up
		c.later(c.by(c.owes("C1.5", "term", "complaint", c.id)), c.close)
		return
	}
	satisfied := "yes"
	if c.chance(20) {
		satisfied = "no"
	}
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.Opine(ctx, tx, c.id, complaint.Opinion{Satisfied: satisfied, Signer: "王经理", Signature: "data:image/png;base64," + picture})
	})
	if satisfied == "no" {
		c.note(c.fact("complaint.dissatisfied"))
		c.withdrawn(c.id)
		c.later(c.by(c.owes("C11.1", "term", "complaint", c.id)), c.solve)
		return
	}
	c.later(c.by(c.owes("C1.5", "term", "complaint", c.id)), c.close)
}

func (c *dealing) close() {
	if now := c.now(); c.over || now.State != complaint.StateSettled {
		return
	}
	if c.major {
		c.file()
	}
	c.do(c.hand(), func(ctx context.Context, tx db.Tx) error {
		return complaint.CloseCase(ctx, tx, c.id, complaint.Close{Evaluation: "处理得当", Improvement: "加强巡查", DelayBy: "林敏", DelayReason: "忙"})
	})
	c.settled()
}

// ---- the office

// office puts on the agenda what the calendar asks for.
func (s *site) office(until time.Time) {
	for first := midnight(quarterBegins).AddDate(0, 0, 1-quarterBegins.Day()); first.Before(until); first = first.AddDate(0, 1, 0) {
		begins := first
		if begins.Before(quarterBegins) {
			begins = quarterBegins
		}
		month := core.Month(first.Format("2006-01"))
		of := map[string]core.ID{"month": monthRef(first)}
		for _, m := range calendarTable() {
			due := m.due(first)
			if october := first.Month() == time.October; due.IsZero() || due.Before(begins) || !october && s.chance(15) {
				continue
			}
			at := begins.Add(time.Hour + time.Duration(s.rnd.Int64N(int64(due.Sub(begins))))).Add(time.Duration(s.rnd.IntN(2)) * aDay)
			s.later(at, func() {
				if !s.monthlyReports(m.clause, first) {
					s.monthly(m, month, of)
				}
			})
		}
	}
}

// monthly does what a clause of the calendar asks for, where it can be done.
func (s *site) monthly(m monthly, month core.Month, of map[string]core.ID) {
	done := func(r core.Role, fn func(context.Context, db.Tx) error) {
		if err := s.App.DB.Write(s.ctx[r], fn); err != nil {
			if core.AsErr(err).Kind == core.KindInternal {
				s.Fatal(err)
			}
			return // it cannot be done now, and is left
		}
		s.note(fact{what: m.ends, of: of})
	}
	switch m.clause {
	case "C7.11":
		done(core.Manager, func(ctx context.Context, tx db.Tx) error {
			for _, party := range []string{desk.Committee, desk.Authority} {
				if _, err := desk.AddTalk(ctx, tx, desk.Talk{Party: party, Who: "李主任", Day: core.Today(ctx), How: "meeting", Subject: "预算", Minutes: "谈了预算"}); err != nil {
					return err
				}
			}
			return nil
		})
	case "C1.6":
		done(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			_, err := complaint.SubmitMonth(ctx, tx, 0, complaint.Submit{Month: month.Add(-1)})
			return err
		})
	case "C17.4":
		done(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			_, err := repair.ConfirmMonth(ctx, tx, 0, repair.Confirm{Month: month, Sampled: 1, Satisfied: 1})
			return err
		})
	case "D4.7":
		done(core.Desk, func(ctx context.Context, tx db.Tx) error {
			id, err := customer.Compile(ctx, tx)
			if err == nil {
				err = customer.Send(ctx, tx, id)
			}
			if err == nil {
				err = customer.Sign(ctx, tx, id)
			}
			return err
		})
	}
}

// register files the letter before it is answered.
func (c *dealing) register() {
	up := core.Upload{Name: "letter.png"}
	c.do(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
		if up, err = file.FromDataURL("data:image/png;base64," + picture); err != nil {
			return err
		}
		return complaint.Register(ctx, tx, c.id, complaint.Letter{Number: "LX-1", To: "主任", Copies: []core.Upload{up}})
	})
}
