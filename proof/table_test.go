package proof

import (
	"slices"
	"time"

	"huiyin/core"
)

// once opens a duty that is owed once on a record, anew one that is owed each time.
func once(due func(fact) time.Time) opening { return opening{due, false} }
func anew(due func(fact) time.Time) opening { return opening{due, true} }

// Terms, counted from the moment of the fact.
func deskMinutes(n int) func(fact) time.Time {
	return func(f fact) time.Time { return afterDeskTime(f.at, time.Duration(n)*time.Minute) }
}
func minutes(n int) func(fact) time.Time {
	return func(f fact) time.Time { return f.at.Add(time.Duration(n) * time.Minute) }
}
func hours(n int) func(fact) time.Time { return minutes(60 * n) }
func days(n int) func(fact) time.Time {
	return func(f fact) time.Time { return afterDays(f.at, n) }
}
func workdays(n int) func(fact) time.Time {
	return func(f fact) time.Time { return afterWorkdays(f.at, n) }
}

// agreed is the time that was agreed; where none was, nothing is owed.
func agreed(f fact) time.Time { return f.until }

// agreedDay is 24:00 of the day that was agreed.
func agreedDay(f fact) time.Time { return afterDays(f.until, 0) }

// namedOr is the end of the day that was named; where none was, another term.
func namedOr(other func(fact) time.Time) func(fact) time.Time {
	return func(f fact) time.Time {
		if f.until.IsZero() {
			return other(f)
		}
		return agreedDay(f)
	}
}

// where owes only what the condition holds for.
func where(cond func(fact) bool, due func(fact) time.Time) func(fact) time.Time {
	return func(f fact) time.Time {
		if !cond(f) {
			return time.Time{}
		}
		return due(f)
	}
}

// Conditions.
func waits(f fact) bool   { return !f.answered }
func enquiry(f fact) bool { return waits(f) && !f.carried && f.kind == "enquiry" }
func urgent(f fact) bool  { return f.urgent }
func major(f fact) bool   { return f.major }

// after: a follow-up of such a matter.
func after(kinds ...string) func(fact) bool {
	return func(f fact) bool { return slices.Contains(kinds, f.kind) }
}

// onward: a case that nobody has been given yet.
func onward(f fact) bool { return !f.passed }

// atCounter: an enquiry, or what is asked of somebody in person.
func atCounter(f fact) bool {
	return waits(f) && !f.carried && (f.kind == "enquiry" || f.channel == "counter" || f.channel == "oral")
}

// letter is D4.5's three working days; what came by post or mail is answered within D1.7's two.
func letter(f fact) time.Time {
	switch {
	case !f.written && f.channel != "letter" && f.channel != "mail":
		return time.Time{}
	case f.channel == "letter" || f.channel == "mail":
		return afterWorkdays(f.at, 2)
	}
	return afterWorkdays(f.at, 3)
}

// table is the independent calculation: one row a clause. The terms are the regulation's own words.
func table() []row {
	return []row{
		// ---- the desk
		{clause: "B4.3", number: "term", on: "desk", // contact the customer within 30 minutes of the desk's hours
			opens: map[string]opening{"desk.taken": once(where(waits, deskMinutes(30))), "desk.unmerged": anew(deskMinutes(30))},
			ends:  []string{"desk.contacted", "desk.answered", "desk.closed"}, voids: []string{"desk.voided", "desk.merged"}},
		{clause: "D5.6", number: "term", on: "desk", // pass on the same day
			opens: map[string]opening{"desk.taken": once(where(atCounter, days(0))), "desk.unmerged": anew(where(atCounter, days(0)))},
			ends:  []string{"desk.handed", "desk.answered", "desk.closed"}, voids: []string{"desk.voided", "desk.merged"}},
		{clause: "A3.2", number: "term", on: "desk", // answer an enquiry within a working day
			opens: map[string]opening{"desk.taken": once(where(enquiry, workdays(1))), "desk.unmerged": anew(where(enquiry, workdays(1))), "desk.disputed": anew(where(enquiry, workdays(1)))},
			ends:  []string{"desk.answered", "desk.closed"}, voids: []string{"desk.voided", "desk.merged"}},
		{clause: "A3.5", number: "remind", on: "desk", // tell the progress every 24 hours, once it is in other hands or has to wait
			opens: map[string]opening{"desk.handed": once(hours(24)), "desk.reported": once(hours(24)), "desk.progress": anew(hours(24)), "desk.disputed": anew(hours(24)),
				"desk.waits": anew(hours(24)), "desk.reopened": anew(hours(24))},
			ends: []string{"desk.progress", "desk.closed", "desk.summarised"}, voids: []string{"desk.voided", "desk.merged", "desk.reopened"}},
		{clause: "A3.5", number: "summary", on: "desk", // sum an emergency up within three days of its end
			opens: map[string]opening{"desk.closed": anew(where(urgent, days(3)))},
			ends:  []string{"desk.summarised"}, voids: []string{"desk.voided", "desk.reopened"}},
		{clause: "B4.6", number: "term", on: "desk", // solve within the limit, or report then
			opens: map[string]opening{"desk.handed": anew(agreed), "desk.reported": anew(agreed)},
			ends:  []string{"desk.answered", "desk.reported", "desk.closed"}, voids: []string{"desk.handed", "desk.voided", "desk.merged"}},
		{clause: "C19.2", number: "term", on: "call", // store the recording of an unfinished matter apart by the next day's end
			opens: map[string]opening{"call.ripe": anew(days(1))}, ends: []string{"call.stored"}},

		// ---- repairs that the desk opens
		{clause: "C17.1", number: "tolerance", on: "repair", // be there within ten minutes of the appointment
			opens: map[string]opening{"repair.appointed": anew(func(f fact) time.Time { return f.until.Add(10 * time.Minute) })},
			ends:  []string{"repair.arrived"}, voids: []string{"repair.appointed", "repair.signed", "repair.cancelled"}},
		{clause: "D4.2", number: "term", on: "repair", // the three parties within fifteen minutes
			opens: map[string]opening{"repair.taken": once(where(major, minutes(15))), "repair.major": anew(minutes(15))},
			ends:  []string{"repair.three"}, voids: []string{"repair.minor", "repair.signed", "repair.cancelled"}},

		// ---- complaints
		{clause: "C13.6", number: "term", on: "complaint", // pass on within fifteen minutes
			opens: map[string]opening{"complaint.taken": once(minutes(15)), "complaint.unmerged": anew(where(onward, minutes(15))), "complaint.barred": anew(minutes(15)), "complaint.reopened": anew(where(onward, minutes(15)))}, ends: []string{"complaint.assigned", "complaint.settled"}, voids: []string{"complaint.voided", "complaint.reopened", "complaint.merged"}},
		{clause: "C11.1", number: "term", on: "complaint", extends: true, handled: true, // cause and solution within a working day
			opens: map[string]opening{"complaint.taken": once(workdays(1)), "complaint.dissatisfied": anew(workdays(1)), "complaint.reopened": anew(workdays(1)), "complaint.unmerged": anew(workdays(1))},
			ends:  []string{"complaint.solved", "complaint.settled"}, voids: []string{"complaint.voided", "complaint.reopened", "complaint.merged"}},
		{clause: "D4.5", number: "term", on: "complaint", extends: true, handled: true, // a written one is answered in writing
			opens: map[string]opening{"complaint.taken": once(letter), "complaint.dissatisfied": anew(letter), "complaint.reopened": anew(letter), "complaint.unmerged": anew(letter)},
			ends:  []string{"complaint.replied", "complaint.settled"}, voids: []string{"complaint.voided", "complaint.reopened", "complaint.merged"}},
		{clause: "C1.5", number: "term", on: "complaint", extends: true, handled: true, // close within seven days
			opens: map[string]opening{"complaint.taken": once(days(7)), "complaint.dissatisfied": anew(days(7)), "complaint.reopened": anew(days(7)), "complaint.unmerged": anew(days(7))},
			ends:  []string{"complaint.settled", "complaint.dissatisfied"}, voids: []string{"complaint.voided", "complaint.reopened", "complaint.merged"}},
		{clause: "C13.3", number: "term", on: "complaint", // report a major one within 24 hours
			opens: map[string]opening{"complaint.taken": once(where(major, hours(24))), "complaint.major": anew(hours(24)), "complaint.unmerged": anew(where(major, hours(24)))},
			ends:  []string{"complaint.filed", "complaint.settled"}, voids: []string{"complaint.minor", "complaint.voided", "complaint.reopened", "complaint.merged"}},
		{clause: "C13.4", number: "term", on: "complaint", handled: true, // tell the result within 24 hours
			opens: map[string]opening{"complaint.finished": anew(hours(24))}, ends: []string{"complaint.replied", "complaint.settled"}, voids: []string{"complaint.voided", "complaint.reopened"}},
		{clause: "D4.4", number: "term", on: "complaint", handled: true, // the next reply as promised
			opens: map[string]opening{"complaint.promised": anew(agreed)}, ends: []string{"complaint.promised", "complaint.replied", "complaint.settled"}, voids: []string{"complaint.voided", "complaint.reopened"}},
		{clause: "C11.3", number: "term", on: "complaint-action", // carry the measure out by its day
			opens: map[string]opening{"measure.approved": anew(agreedDay)}, ends: []string{"measure.good"}},

		// ---- follow-ups
		{clause: "C14.1", number: "term", on: "followup", // of a complaint within three days of its handling
			opens: map[string]opening{"followup.planned": once(where(after("complaint"), days(3)))}, ends: []string{"followup.recorded"}, voids: []string{"followup.withdrawn"}},
		{clause: "D5.2", number: "term", on: "followup", // of a repair within three days
			opens: map[string]opening{"followup.planned": once(where(after("repair"), days(3)))}, ends: []string{"followup.recorded"}, voids: []string{"followup.withdrawn"}},
		{clause: "C14.12", number: "term", on: "followup", // of an emergency, and of a move-in that the office hears of, within three days
			opens: map[string]opening{"followup.planned": once(where(after("emergency", "movein"), days(3)))}, ends: []string{"followup.recorded"}, voids: []string{"followup.withdrawn"}},
		{clause: "C14.10", number: "term", on: "followup", // what was planned by hand by its day, of an activity within the month of C14.4
			opens: map[string]opening{"followup.planned": once(where(after("hand", "activity"), namedOr(func(f fact) time.Time { return afterDays(f.from, 30) })))}, ends: []string{"followup.recorded"}},
		{clause: "C14.7", number: "term", on: "followup", // a new opinion is answered at the time that was agreed
			opens: map[string]opening{"followup.promised": once(agreed)}, ends: []string{"followup.answered"}},

		// ---- disputes
		{clause: "A6.3", number: "term", on: "settlement", // what a party promises in the agreement is followed to its day
			opens: map[string]opening{"settlement.agreed": once(agreedDay)}, ends: []string{"settlement.performed", "settlement.broken"}, voids: []string{"dispute.voided", "dispute.closed"}},

		// ---- surveys
		{clause: "C5.2", number: "term", on: "survey-action", // what is below the target is put right by its day, within thirty where none is named
			opens: map[string]opening{"action.opened": once(namedOr(days(30))), "action.moved": anew(agreedDay)}, ends: []string{"action.closed"}, voids: []string{"action.moved"}},

		// ---- reports
		{clause: "C13.5", number: "every", on: "weekly", // the week's within the next week
			opens: map[string]opening{"week.ended": once(days(6))}, ends: []string{"report.weekly"}},
		{clause: "A8.2", number: "day", on: "analysis", // the quarter's by the fifteenth of the month after
			opens: map[string]opening{"quarter.ended": once(func(f fact) time.Time { return roll(midnight(f.at).AddDate(0, 0, 14), aDay).Add(aDay) })}, ends: []string{"report.analysis"}},

		// ---- visits
		{clause: "D5.3", number: "every", on: "day", // a merchant each working day
			opens: map[string]opening{"day.begins": once(where(func(f fact) bool { return works(f.at) }, days(0)))}, ends: []string{"visit.made"}},
		{clause: "C2.1", number: "term", on: "visit", // as planned
			opens: map[string]opening{"visit.planned": once(agreedDay), "visit.moved": anew(agreedDay)}, ends: []string{"visit.made"}, voids: []string{"visit.cancelled", "visit.moved"}},
		{clause: "C4.1", number: "term", on: "visit", // its record the same day
			opens: map[string]opening{"visit.made": once(days(0))}, ends: []string{"visit.recorded"}},
		{clause: "D5.3", number: "reply", on: "promise", // an opinion heard there is answered within three working days
			opens: map[string]opening{"visit.opinion": once(workdays(3))}, ends: []string{"opinion.answered"}},
		{clause: "C2.3", number: "term", on: "promise", // a promise by its day
			opens: map[string]opening{"visit.promise": once(agreedDay), "promise.again": anew(agreedDay)}, ends: []string{"promise.kept"}},
		{clause: "C2.3", number: "follow", on: "promise", // and the customer is asked within three days
			opens: map[string]opening{"promise.kept": anew(days(3))}, ends: []string{"promise.followed"}},
		{clause: "C14.11", number: "lead", on: "festival", // before a festival, on the last working day
			opens: map[string]opening{"festival.ahead": once(func(f fact) time.Time { return roll(f.until.Add(-aDay), -aDay).Add(aDay) })}, ends: []string{"festival.summed"}},
		{clause: "A3.6", number: "every", on: "customer", // a word with every customer in ninety days
			opens: map[string]opening{"customer.silent": anew(agreed)}, ends: []string{"visit.made", "meeting.attended", "customer.reached"}},
		{clause: "C16.3", number: "handler", on: "customer", // a key customer's handler calls on him every month
			opens: map[string]opening{"key.known": anew(days(30)), "key.visited": anew(days(30))}, ends: []string{"key.visited"}, voids: []string{"key.lost"}},
		{clause: "C16.3", number: "supervisor", on: "key-visit", // and a supervisor every quarter
			opens: map[string]opening{"key.known": anew(days(90)), "key.supervised": anew(days(90))}, ends: []string{"key.supervised"}, voids: []string{"key.lost"}},
		{clause: "C19.4", number: "term", on: "promise", // what tenants ask for at their meeting is answered by its day, or as an opinion is
			opens: map[string]opening{"meeting.request": once(namedOr(workdays(3)))}, ends: []string{"request.answered"}},

		// ---- customers
		{clause: "C15.2", number: "term", on: "customer", // on file within five working days of the first contact
			opens: map[string]opening{"customer.met": once(func(f fact) time.Time { return afterWorkdays(f.from, 5) }), "customer.changed": anew(workdays(5))}, ends: []string{"customer.filed", "customer.entered"}},
		{clause: "B1.2", number: "every", on: "customer", // verified within a year
			opens: map[string]opening{"customer.filed": anew(days(365)), "customer.verified": anew(days(365))}, ends: []string{"customer.verified"}},
		{clause: "C15.4", number: "handover", on: "handover", // a leaver's customers are handed over, as any change is entered
			opens: map[string]opening{"keeper.left": once(workdays(5))}, ends: []string{"customers.handed"}},
		{clause: "C15.4", number: "gap", on: "customer", // what an imported file lacks is made good by its next verification: contacts,
			opens: map[string]opening{"file.imported": once(days(365))}, ends: []string{"contact.added"}},
		{clause: "B1.4", number: "gap", on: "customer", // consent,
			opens: map[string]opening{"file.imported": once(days(365))}, ends: []string{"consent.given"}},
		{clause: "C5.1", number: "gap", on: "customer", // confirmation
			opens: map[string]opening{"file.imported": once(days(365))}, ends: []string{"file.confirmed"}},
	}
}

// toldFirst is who is told first of a clause's duty that is late: the general manager of what the manager owes, the manager
// of what the supervisor or quality owes, and of what brings three parties to a repair; of anything else the supervisor.
func toldFirst(clause string) core.Role {
	switch clause {
	case "A3.3", "C7.11", "C14.11", "C19.3", "C19.4":
		return core.GM
	case "A6.3", "A7.2", "A8.2", "B4.6", "B4.7", "B7.1", "C1.5", "C1.6", "C5.2", "C11.1", "C11.3", "C13.3", "C13.4", "C13.5", "C14.10", "C15.4", "C16.3", "C17.4", "D4.2", "D4.4", "D4.5", "D5.4":
		return core.Manager
	}
	return core.Supervisor
}

// monthly is a clause that the calendar opens.
type monthly struct {
	clause  string
	months  int        // every so many; where only is given, that month alone
	only    time.Month // of the year
	day     int        // of the month; 0: the last
	forward bool
	back    bool
	ends    string // the fact, about the month, by which it is done
	early   string // the fact by which somebody owes it before its month has come
}

// calendarTable is what the calendar itself asks for: one row a clause.
func calendarTable() []monthly {
	return []monthly{
		{clause: "A7.2", months: 3, ends: "feedback.summed"},
		{clause: "C7.11", months: 3, forward: true, ends: "talks.held"},
		{clause: "C1.6", months: 1, day: 10, back: true, ends: "complaints.submitted"},
		{clause: "C17.4", months: 1, ends: "repairs.confirmed"},
		{clause: "D4.7", months: 1, day: 20, forward: true, ends: "directory.sent"},
		{clause: "C13.5", months: 1, day: 10, back: true, ends: "report.monthly"},
		{clause: "A3.3", months: 1, day: 5, forward: true, ends: "report.sent"},
		{clause: "B4.7", months: 1, ends: "work.told"},
		{clause: "C14.10", months: 1, back: true, ends: "followups.reported"},
		{clause: "B7.1", only: time.January, day: 31, back: true, ends: "year.planned"},
		{clause: "C5.2", only: time.December, day: 31, forward: true, ends: "year.surveyed", early: "year.planned"},
		{clause: "D5.4", months: 6, forward: true, ends: "opinions.asked"},
		{clause: "C19.3", months: 3, back: true, ends: "meeting.minuted"},
		{clause: "B1.6", months: 1, day: 10, forward: true, ends: "customers.reminded"},
	}
}

// due is the deadline in the month that begins at first; zero when it has none.
func (m monthly) due(first time.Time) time.Time {
	year, month, _ := first.In(beijing).Date()
	if m.only != 0 && month != m.only || m.only == 0 && int(month)%m.months != 0 {
		return time.Time{}
	}
	day := time.Date(year, month, m.day, 0, 0, 0, 0, beijing)
	if m.day == 0 {
		day = time.Date(year, month+1, 0, 0, 0, 0, 0, beijing)
	}
	switch {
	case m.forward:
		day = roll(day, aDay)
	case m.back:
		day = roll(day, -aDay)
	}
	return day.Add(aDay)
}

// monthRef is how the month is named as a record.
func monthRef(t time.Time) core.ID {
	year, month, _ := t.In(beijing).Date()
	return core.ID(year*100 + int(month))
}

// dayRef is how a period that begins on a day is named as a record.
func dayRef(t time.Time) core.ID {
	year, month, day := t.In(beijing).Date()
	return core.ID(year*10000 + int(month)*100 + day)
}

// asRow is the month's clause as a row: it opens as the month begins, unless it was due before the project was there.
func (m monthly) asRow(since time.Time) row {
	var ends []string
	if m.ends != "" {
		ends = append(ends, m.ends)
	}
	due := func(f fact) time.Time {
		month := f.at
		if f.what == m.early {
			month = f.from
		}
		if due := m.due(month); !due.Before(since) {
			return due
		}
		return time.Time{}
	}
	opens := map[string]opening{"month.begins": once(due)}
	if m.early != "" {
		opens[m.early] = once(due)
	}
	return row{clause: m.clause, number: "day", on: "month", ends: ends, opens: opens}
}
