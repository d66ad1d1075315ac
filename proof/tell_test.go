package proof

import (
	"context"
	"maps"
	"slices"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/followup"
	"huiyin/module/report"
)

// issue is the report of a kind whose period begins on a day: the one that was composed of itself, or else composed now.
func (s *site) issue(kind string, from time.Time) (id core.ID) {
	s.Helper()
	s.Read(func(ctx context.Context, tx db.Tx) error {
		i, _, err := report.IssueOf(ctx, tx, kind, dateOf(from))
		id = i.Ref.ID
		return err
	})
	if id == 0 {
		s.Errorf("%s: nobody has composed the %s report of %s", stamp(s.Now()), kind, dateOf(from))
	}
	return id
}

// submit writes a report's words and issues it.
func (s *site) submit(kind string, from time.Time) core.ID {
	s.Helper()
	id := s.issue(kind, from)
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		if err := report.Edit(ctx, tx, id, report.Text{Facility: "电梯已保养", Environment: "外墙已清洗", Safety: "做了消防演练", Conclusion: "报修多在周一", Plan: "周一增加一人"}); err != nil {
			return err
		}
		return report.Submit(ctx, tx, id)
	})
	return id
}

// periods has the week's and the quarter's report issued that has become due.
func (s *site) periods(at time.Time) {
	day := midnight(at)
	if day.Weekday() == time.Monday && s.chance(88) {
		week := day.AddDate(0, 0, -7)
		s.later(s.by(s.owes("C13.5", "every", "weekly", dayRef(week))), func() {
			if !s.out[report.Weekly+stamp(week)] { // unless a schedule was first
				s.submit(report.Weekly, week)
				s.issued(report.Weekly, week)
			}
		})
	}
	if day.Day() == 1 && day.Month()%3 == 1 {
		quarter := day.AddDate(0, -3, 0)
		s.later(s.after(24*60, 9*24*60), func() {
			s.submit(report.Analysis, quarter)
			s.note(fact{what: "report.analysis", of: map[string]core.ID{"analysis": dayRef(quarter)}})
		})
	}
}

// send has the month's operations report approved, refused once now and then, and sends it to the customers, some of whom
// sign for their copies (A3.3).
func (s *site) send(month, of time.Time) {
	id := s.submit(report.Operations, month)
	if s.chance(40) {
		s.must(core.Manager, func(ctx context.Context, tx db.Tx) error {
			rs, err := approval.Of(ctx, tx, core.Ref{Project: s.Project.ID, Kind: "report", ID: id})
			if err != nil {
				return err
			}
			return approval.Decide(ctx, tx, rs[0].Ref.ID, false, "安全一节太简略")
		})
		s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			if err := report.TakeBack(ctx, tx, id); err != nil {
				return err
			}
			return report.Submit(ctx, tx, id)
		})
	}
	s.approve("report", id)
	before := len(s.post.box.Sent())
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return report.Send(ctx, tx, id) })
	s.note(fact{what: "report.sent", of: map[string]core.ID{"month": monthRef(of)}})
	s.out[report.Operations+stamp(of)] = true
	s.posted(id, before)
	s.later(s.after(24*60, 96*60), func() {
		s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
			rs, err := report.Receipts(ctx, tx, id)
			if err != nil {
				return err
			}
			in := report.Signature{Signer: "王经理", Day: core.Today(ctx)}
			for _, r := range rs {
				if r.Way == report.OnPaper && len(in.Receipts) < 15 {
					in.Receipts = append(in.Receipts, r.ID.String())
				}
			}
			return report.SignPapers(ctx, tx, id, in)
		})
		s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return report.Close(ctx, tx, id) })
	})
}

// tellOwners is both halves of B4.7: an announcement to the owners, and the report on the month before, if there was one.
func (s *site) tellOwners(month, of time.Time) {
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		_, err := report.Announce(ctx, tx, report.Announcement{Title: "外墙清洗", Text: "本周清洗外墙", Places: "大堂", Day: core.Today(ctx)})
		return err
	})
	told := func() { s.note(fact{what: "work.told", of: map[string]core.ID{"month": monthRef(of)}}) }
	if of.Before(quarterBegins) { // the project was not there in the month before
		told()
		return
	}
	s.later(s.after(10, 24*60), func() {
		s.submit(report.Work, month)
		s.out[report.Work+stamp(of)] = true
		told()
	})
}

// monthlyReports does what a clause of the calendar asks of the reports and of the supervisor's desk; it says whether it
// was one of these.
func (s *site) monthlyReports(clause string, of time.Time) bool {
	month := of.AddDate(0, -1, 0)
	about := map[string]core.ID{"month": monthRef(of)}
	switch clause {
	case "A7.2":
		s.sumUpOpinions(of)
	case "C13.5":
		if !s.out[report.Monthly+stamp(of)] {
			s.submit(report.Monthly, month)
			s.issued(report.Monthly, of)
		}
	case "A3.3":
		s.send(month, of)
	case "B4.7":
		s.tellOwners(month, of)
	case "C14.10":
		s.checkFollowups(of)
		s.note(fact{what: "followups.reported", of: about})
	case "B1.6":
		s.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
			_, _, err := customer.RemindAll(ctx, tx)
			return err
		})
		s.note(fact{what: "customers.reminded", of: about})
	default:
		return false
	}
	return true
}

// checkFollowups has the manager check the month's follow-ups, and reports the month to the company.
func (s *site) checkFollowups(of time.Time) {
	month := core.Month(of.Format("2006-01"))
	var mine, others []core.ID
	s.Read(func(ctx context.Context, tx db.Tx) (err error) {
		const query = "select id from followup_item where project_id = $1 and held_month = $2 and state = 'done' and remarked_at is null and held_by "
		if mine, err = db.Values[core.ID](ctx, tx, query+"= $3 order by id", s.Project.ID, month, s.Users[core.Manager]); err == nil {
			others, err = db.Values[core.ID](ctx, tx, query+"<> $3 order by id", s.Project.ID, month, s.Users[core.Manager])
		}
		return err
	})
	check := func(r core.Role, ids []core.ID) {
		s.must(r, func(ctx context.Context, tx db.Tx) error {
			for _, id := range ids {
				if err := followup.Remark(ctx, tx, id, followup.Word{Text: "已阅"}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	check(core.Manager, others)
	check(core.GM, mine)
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		_, err := followup.SubmitMonth(ctx, tx, 0, followup.Submit{Month: month})
		return err
	})
}

// earlier does in the first months of a quarter what the calendar asks for in its last.
func (s *site) earlier() {
	at := func(days, hour int, do func()) {
		s.later(midnight(quarterBegins).AddDate(0, 0, days).Add(time.Duration(hour)*time.Hour), do)
	}
	at(5, 10, func() { s.convene("quarter", true) })
	at(6, 16, func() { s.convene("event", false) })
	at(40, 10, func() { s.convene("event", true) })
	at(44, 10, s.converse)
	at(50, 10, func() { s.sumUpOpinions(s.Now()) })
}

// converse talks with the owners' committee and the authorities (C7.11).
func (s *site) converse() {
	s.must(core.Manager, func(ctx context.Context, tx db.Tx) error {
		for _, party := range []string{desk.Committee, desk.Authority} {
			if _, err := desk.AddTalk(ctx, tx, desk.Talk{Party: party, Who: "李主任", Day: core.Today(ctx), How: "meeting", Subject: "预算", Minutes: "谈了预算"}); err != nil {
				return err
			}
		}
		return nil
	})
	s.closes("talks.held", quarterEnd(s.Now()))
}

// sumUpOpinions sums the customers' opinions of a quarter up (A7.2), after somebody has answered each.
func (s *site) sumUpOpinions(of time.Time) {
	for _, id := range slices.Sorted(maps.Keys(s.matter)) {
		if m := s.matter[id]; m.kind == desk.Suggestion {
			s.answer(m)
		}
	}
	err := s.App.DB.Write(s.ctx[core.Supervisor], func(ctx context.Context, tx db.Tx) error {
		_, err := desk.SumUp(ctx, tx, desk.Feedback{Month: core.Month(of.In(beijing).Format("2006-01")), Summary: "多为咨询", Measures: "加强", How: "notice", Told: "公告"})
		return err
	})
	switch {
	case err == nil:
		s.closes("feedback.summed", quarterEnd(of))
	case !core.IsKind(err, core.KindConflict): // it was summed up before the calendar asked
		s.Must(err)
	}
}

// closes notes what fulfils a duty of a month: now, or, where the calendar has not asked for it yet, as soon as it does.
func (s *site) closes(what string, month time.Time) {
	s.note(fact{what: what, of: map[string]core.ID{"month": monthRef(month)}})
	s.early[monthRef(month)] = append(s.early[monthRef(month)], what)
}
