package proof

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"huiyin/core"
)

// fact is something that has happened in the simulated building, as somebody who stands there would note it down. The
// table of what is due knows nothing else.
type fact struct {
	what  string             // "desk.taken"
	at    time.Time          // when
	of    map[string]core.ID // the records that it is about, by kind
	until time.Time          // the limit, appointment or promise that was agreed; zero: none

	kind, channel string // of a request
	answered      bool   // at once
	carried       bool   // by another record
	urgent        bool
	major         bool
	written       bool
	passed        bool      // to somebody who handles it
	who           core.ID   // who handles it
	from          time.Time // when it had happened, where it is noted later
}

// opening says that a fact opens a duty: when it is due (zero: not at all), and whether one that was closed before is
// opened anew.
type opening struct {
	due  func(f fact) time.Time
	anew bool
}

// row is one line of the table: under which clause, on which kind of record, what opens the duty and what ends it.
type row struct {
	clause, number, on string
	opens              map[string]opening
	ends               []string // facts by which it is done
	voids              []string // facts after which nobody owes it
	extends            bool     // a deadline that comes before an agreed extension moves there, as a new round
	handled            bool     // it is owed by who handles the record, whoever that is at the time
}

// owed is one duty as it has to be.
type owed struct {
	slot
	round     int64
	due, done time.Time
	state     string
	late      bool
	user      core.ID   // who owes it, of what is owed by who handles the record
	steps     string    // to whom it went up, and when
	seen      time.Time // when the clock was last looked at before it was there
	id        core.ID   // in the database
}

type slot struct {
	clause, number, kind string
	record               core.ID
}

func (o owed) String() string {
	return fmt.Sprintf("%s %s of %s %s, round %d: due %s, %s %s, late %t, by %s, up%s", o.clause, o.number, o.kind, o.record, o.round, stamp(o.due), o.state, stamp(o.done), o.late, o.user, o.steps)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(beijing).Format("2006-01-02 15:04:05.000000")
}

// book is what the table makes of the facts.
type book struct {
	rows   []row
	last   map[slot]*owed
	all    []*owed
	looked time.Time // when the clock was last looked at: what is late goes up then
	noted  map[string]int
	opened map[move]int
}

// move is a fact that opens a row's duty.
type move struct{ clause, number, on, what string }

func newBook(rows []row) *book {
	return &book{rows: rows, last: map[slot]*owed{}, noted: map[string]int{}, opened: map[move]int{}}
}

// facts are those that do anything to a row's duties.
func (r row) facts() []string {
	return slices.Concat(slices.Sorted(maps.Keys(r.opens)), r.ends, r.voids)
}

func (r row) slot(f fact) (slot, bool) {
	id := f.of[r.on]
	return slot{r.clause, r.number, r.on, id}, id != 0
}

// note enters a fact: first what it ends, then what it opens, as a clause reads that owes something anew.
func (b *book) note(f fact) {
	b.noted[f.what]++
	for _, r := range b.rows {
		at, ok := r.slot(f)
		if o := b.last[at]; ok && o != nil && o.state == "open" {
			switch {
			case slices.Contains(r.voids, f.what):
				b.end(o, "void", f.at)
			case slices.Contains(r.ends, f.what):
				b.end(o, "done", f.at)
			case r.extends && f.what == "complaint.extended" && o.due.Before(f.until):
				b.end(o, "void", f.at)
				b.open(at, f.until, o.user)
			case r.handled && (f.what == "complaint.assigned" || f.what == "complaint.barred"):
				o.user = f.who
			}
		}
	}
	for _, r := range b.rows {
		at, ok := r.slot(f)
		how, opens := r.opens[f.what]
		if !ok || !opens {
			continue
		}
		if o := b.last[at]; o != nil && (o.state == "open" || !how.anew) {
			continue
		}
		if due := how.due(f); !due.IsZero() {
			var user core.ID
			if r.handled {
				user = f.who
			}
			b.open(at, due, user)
			b.opened[move{r.clause, r.number, r.on, f.what}]++
		}
	}
}

func (b *book) open(at slot, due time.Time, user core.ID) {
	o := &owed{slot: at, round: 1, due: due.UTC(), state: "open", user: user, seen: b.looked}
	if was := b.last[at]; was != nil {
		o.round = was.round + 1
	}
	b.last[at] = o
	b.all = append(b.all, o)
}

func (b *book) end(o *owed, state string, at time.Time) {
	o.state, o.done, o.late, o.steps = state, at.UTC(), o.due.Before(at), o.climb(b.looked)
}

// climb is to whom a duty has gone up by the last look at the clock: at its deadline to the role that the clause names, one
// rank higher at each closing of the office that passes, up to the general manager.
func (o *owed) climb(looked time.Time) (steps string) {
	if !looked.After(o.seen) { // nobody has looked since it is there
		return ""
	}
	ranks := []core.Role{core.Supervisor, core.Manager, core.GM}
	at := o.due
	for _, role := range ranks[slices.Index(ranks, toldFirst(o.clause)):] {
		if !at.Before(looked) {
			break
		}
		steps += fmt.Sprintf(" to %s %s", role, stamp(at))
		at = afterWorkdays(at, 1)
	}
	return steps
}

// due is when the open duty of a slot runs out; zero when there is none.
func (b *book) due(clause, number, kind string, record core.ID) time.Time {
	if o := b.last[slot{clause, number, kind, record}]; o != nil && o.state == "open" {
		return o.due
	}
	return time.Time{}
}

// handled reports whether a slot's duty is owed by who handles the record.
func (b *book) handled(at slot) bool {
	return slices.ContainsFunc(b.rows, func(r row) bool {
		return r.handled && r.clause == at.clause && r.number == at.number && r.on == at.kind
	})
}

// closed is the book as it stands after the last look at the clock: what is open and past is late.
func (b *book) closed(looked time.Time) []owed {
	out := make([]owed, len(b.all))
	for i, o := range b.all {
		out[i] = *o
		if o.state == "open" {
			out[i].late, out[i].steps = o.due.Before(looked), o.climb(looked)
		}
	}
	slices.SortFunc(out, order)
	return out
}

func order(a, b owed) int {
	return cmp.Or(cmp.Compare(a.clause, b.clause), cmp.Compare(a.number, b.number), cmp.Compare(a.kind, b.kind), cmp.Compare(a.record, b.record), cmp.Compare(a.round, b.round))
}
