package proof

import (
	"cmp"
	"fmt"
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
}

// owed is one duty as it has to be.
type owed struct {
	slot
	round     int64
	due, done time.Time
	state     string
	late      bool
}

type slot struct {
	clause, number, kind string
	record               core.ID
}

func (o owed) String() string {
	return fmt.Sprintf("%s %s of %s %s, round %d: due %s, %s %s, late %t", o.clause, o.number, o.kind, o.record, o.round, stamp(o.due), o.state, stamp(o.done), o.late)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(beijing).Format("2006-01-02 15:04:05.000000")
}

// book is what the table makes of the facts.
type book struct {
	rows []row
	last map[slot]*owed
	all  []*owed
}

func newBook(rows []row) *book { return &book{rows: rows, last: map[slot]*owed{}} }

func (r row) slot(f fact) (slot, bool) {
	id := f.of[r.on]
	return slot{r.clause, r.number, r.on, id}, id != 0
}

// note enters a fact: first what it ends, then what it opens, as a clause reads that owes something anew.
func (b *book) note(f fact) {
	for _, r := range b.rows {
		at, ok := r.slot(f)
		if o := b.last[at]; ok && o != nil && o.state == "open" {
			switch {
			case slices.Contains(r.voids, f.what):
				o.end("void", f.at)
			case slices.Contains(r.ends, f.what):
				o.end("done", f.at)
			case r.extends && f.what == "complaint.extended" && o.due.Before(f.until):
				o.end("void", f.at)
				b.open(at, f.until)
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
			b.open(at, due)
		}
	}
}

func (b *book) open(at slot, due time.Time) {
	o := &owed{slot: at, round: 1, due: due.UTC(), state: "open"}
	if was := b.last[at]; was != nil {
		o.round = was.round + 1
	}
	b.last[at] = o
	b.all = append(b.all, o)
}

func (o *owed) end(state string, at time.Time) {
	o.state, o.done, o.late = state, at.UTC(), o.due.Before(at)
}

// due is when the open duty of a slot runs out; zero when there is none.
func (b *book) due(clause, number, kind string, record core.ID) time.Time {
	if o := b.last[slot{clause, number, kind, record}]; o != nil && o.state == "open" {
		return o.due
	}
	return time.Time{}
}

// closed is the book as it stands after the last look at the clock: what is open and past is late.
func (b *book) closed(looked time.Time) []owed {
	out := make([]owed, len(b.all))
	for i, o := range b.all {
		out[i] = *o
		if o.state == "open" {
			out[i].late = o.due.Before(looked)
		}
	}
	slices.SortFunc(out, order)
	return out
}

func order(a, b owed) int {
	return cmp.Or(cmp.Compare(a.clause, b.clause), cmp.Compare(a.number, b.number), cmp.Compare(a.kind, b.kind), cmp.Compare(a.record, b.record), cmp.Compare(a.round, b.round))
}
