package proof

import (
	"container/heap"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/govalues/decimal"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/testkit"
)

// The quarter begins in the middle of September, so that it holds the Sunday worked for National Day, the Mid-autumn
// Festival, National Day itself, the Saturday worked after it, and the ends of three months.
var quarterBegins = time.Date(2026, 9, 16, 8, 0, 0, 0, beijing)

// tickEach is how often the clock is looked at while nothing happens. The daily round is done at the first look of a day.
const tickEach = 10 * time.Minute

// TestQuarter runs a building by a simulated clock and holds every duty in the database against the table: a fortnight
// of sixty units on both engines, and with HUIYIN_SOAK thirteen weeks of five hundred.
func TestQuarter(t *testing.T) {
	first, units, weeks := seed(t), 60, 2
	if soaking() {
		units, weeks = 500, 13
	}
	for _, e := range dbtest.Engines() {
		t.Run(fmt.Sprintf("%s, seed %d", e, first), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, e, units, rand.New(rand.NewPCG(first, 4)))
			s.run(quarterBegins.Add(time.Duration(weeks) * 7 * aDay))
			s.compare()
		})
	}
}

// site is the simulated building: its agenda of what people will do, and the book of what that makes due.
type site struct {
	*testkit.Kit
	rnd       *rand.Rand
	agenda    agenda
	n         int // of the agenda's entries so far, so that those of one moment keep their order
	book      *book
	other     *book // of the other project, where nobody does anything
	ctx       map[core.Role]context.Context
	looked    time.Time // when the clock was last looked at
	units     []core.ID
	who       []core.ID // the customers, one a unit
	matter    map[core.ID]*matter
	calls     []*recording
	cases     []*dealing
	asked     map[core.ID]bool      // follow-ups that are known
	word      map[core.ID]time.Time // when a customer was last spoken to for his own sake
	feasts    map[core.ID]bool      // festivals that are known
	asking    map[core.ID]core.ID   // the one that waits, by the record that it is about
	tokens    map[core.Role]*testkit.Browser
	key       map[core.ID]bool // whether those who ever were key customers are still
	ranked    []core.ID        // who were key customers in the beginning
	carded    map[core.ID]bool // who have a card
	typed     map[core.ID]customer.In
	proposing map[core.ID]bool               // whose own change waits to be verified
	confirmed map[core.ID]bool               // whose files are in force
	held      map[core.ID]time.Time          // activities, and their days
	early     map[core.ID][]string           // what was done before the calendar asked for it, by the month in which it does
	came      map[core.ID]map[core.Role]bool // to a repair
	counts    map[string]int                 // of the facts
	post      post
	out       map[string]bool // the reports that are out, by kind and period
}

// entry is something that somebody will do at a time.
type entry struct {
	at time.Time
	n  int
	do func()
}

type agenda []entry

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].n < a[j].n
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(entry)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func newSite(t *testing.T, e db.Engine, units int, rnd *rand.Rand) *site {
	t.Helper()
	k := testkit.NewAt(t, e, quarterBegins)
	var others []row // those that ask for something even where nobody does anything
	for _, r := range allRows() {
		if slices.Contains([]string{"month", "weekly", "analysis", "day", "festival"}, r.on) {
			others = append(others, r)
		}
	}
	s := &site{Kit: k, rnd: rnd, book: newBook(allRows()), other: newBook(others), ctx: map[core.Role]context.Context{}, tokens: map[core.Role]*testkit.Browser{}, counts: map[string]int{},
		matter: map[core.ID]*matter{}, came: map[core.ID]map[core.Role]bool{}, asked: map[core.ID]bool{}, asking: map[core.ID]core.ID{}, word: map[core.ID]time.Time{}, feasts: map[core.ID]bool{}, held: map[core.ID]time.Time{},
		key: map[core.ID]bool{}, carded: map[core.ID]bool{}, typed: map[core.ID]customer.In{}, proposing: map[core.ID]bool{}, confirmed: map[core.ID]bool{}, early: map[core.ID][]string{}, out: map[string]bool{}}
	for _, r := range append(testkit.Roles(), core.System) {
		s.ctx[r] = k.Ctx(r)
	}
	for _, r := range testkit.Roles() {
		s.tokens[r] = k.Token(r)
	}
	s.openPost()
	s.build(units)
	return s
}

// build makes the units, and a customer for each.
func (s *site) build(units int) {
	s.Helper()
	for i := range units {
		code := fmt.Sprintf("%c%02d%02d", 'A'+i/250, 1+i/10%25, 1+i%10)
		met := quarterBegins.AddDate(0, 0, -s.rnd.IntN(12))
		s.must(core.System, func(ctx context.Context, tx db.Tx) error {
			unit, err := estate.CreateUnit(ctx, tx, estate.In{Code: code, Building: code[:1], Floor: fmt.Sprint(1 + i/10%25), Use: "其他", State: estate.Let, Area: decimal.MustParse("80"), UnitPrice: decimal.MustParse("9")})
			if err != nil {
				return err
			}
			in := s.file(i, unit, met)
			id, err := customer.Create(ctx, tx, in)
			in.Unit, in.Contacts = 0, nil
			s.typed[id] = in
			if in.Category == customer.Key {
				s.key[id], s.ranked = true, append(s.ranked, id)
			}
			s.units, s.who = append(s.units, unit), append(s.who, id)
			if err == nil && i%mailEach == 3 {
				err = s.byMail(ctx, tx, id, i)
			}
			return err
		})
		of := map[string]core.ID{"customer": s.who[i]}
		s.note(fact{what: "customer.met", of: of, from: midnight(met)})
		s.note(fact{what: "customer.filed", of: of})
		s.word[s.who[i]] = s.Now()
	}
}

// run lets time pass until the end: people come and do what is on the agenda, and the clock is looked at in between.
func (s *site) run(until time.Time) {
	s.Helper()
	for day := midnight(quarterBegins); day.Before(until); day = day.Add(aDay) {
		s.arrivals(day)
		for _, do := range []func(){s.visit, s.quarrel} {
			if works(day) && s.chance(60) {
				s.later(day.Add(9*time.Hour+time.Duration(s.rnd.Int64N(int64(8*time.Hour)))), do)
			}
		}
	}
	s.office(until)
	s.earlier()
	s.files(until)
	s.surveys()
	s.subscribe()
	next := quarterBegins
	for {
		at := until
		if len(s.agenda) > 0 && s.agenda[0].at.Before(until) {
			at = s.agenda[0].at
		}
		for ; !next.After(at); next = next.Add(tickEach) {
			s.look(next)
		}
		if at.Equal(until) {
			return
		}
		s.SetNow(at)
		heap.Pop(&s.agenda).(entry).do()
	}
}

// look looks at the clock, and at the first look of a day or month notes what that begins.
func (s *site) look(at time.Time) {
	s.Helper()
	s.SetNow(at)
	first := !midnight(s.looked).Equal(midnight(at))
	if first {
		for _, f := range begins(s.looked, at) {
			s.book.note(f)
			s.other.note(f)
		}
		if !s.looked.IsZero() && monthRef(s.looked) != monthRef(at) {
			for _, what := range s.early[monthRef(at)] {
				s.note(fact{what: what, of: map[string]core.ID{"month": monthRef(at)}})
			}
		}
		s.recordings(at)
		s.silent(at)
		s.keys(at)
	}
	s.Tick()
	s.looked, s.book.looked, s.other.looked = at, at, at
	s.mail(at)
	if first {
		s.drawn()
		s.periods(at)
		s.festivals(s.Project.ID, s.book)
		s.festivals(s.Other.ID, s.other)
	}
}

// begins are the facts of the calendar at the first look of a day.
func begins(looked, at time.Time) (out []fact) {
	on := func(what, kind string, id core.ID) {
		out = append(out, fact{what: what, at: at, of: map[string]core.ID{kind: id}})
	}
	if looked.IsZero() || monthRef(looked) != monthRef(at) {
		on("month.begins", "month", monthRef(at))
	}
	day := at.In(beijing)
	on("day.begins", "day", dayRef(day))
	if !looked.IsZero() && day.Weekday() == time.Monday {
		on("week.ended", "weekly", dayRef(day.AddDate(0, 0, -7)))
	}
	if !looked.IsZero() && day.Day() == 1 && day.Month()%3 == 1 {
		on("quarter.ended", "analysis", dayRef(day.AddDate(0, -3, 0)))
	}
	return out
}

// later puts something on the agenda.
func (s *site) later(at time.Time, do func()) {
	s.n++
	heap.Push(&s.agenda, entry{at.Truncate(time.Microsecond), s.n, do})
}

// after is a moment between so many minutes from now.
func (s *site) after(from, to int) time.Time {
	return s.Now().Add(time.Duration(from)*time.Minute + time.Duration(s.rnd.Int64N(int64(to-from)*int64(time.Minute/time.Microsecond)))*time.Microsecond)
}

// by is when somebody gets round to what is due: mostly before, sometimes in the very last moment or a microsecond too
// late, and sometimes hours or days after.
func (s *site) by(due time.Time) time.Time {
	left := due.Sub(s.Now())
	if left <= 2*time.Second {
		return s.after(1, 600)
	}
	switch n := s.rnd.IntN(20); {
	case n < 13:
		return s.Now().Add(time.Second + time.Duration(s.rnd.Int64N(int64(left-time.Second))))
	case n < 15:
		return due
	case n < 16:
		return due.Add(time.Microsecond)
	}
	return due.Add(time.Duration(1 + s.rnd.Int64N(int64(40*time.Hour))))
}

// owes is until when a record owes something; in an hour where it owes nothing.
func (s *site) owes(clause, number, kind string, record core.ID) time.Time {
	if due := s.book.due(clause, number, kind, record); !due.IsZero() {
		return due
	}
	return s.Now().Add(time.Hour)
}

// chance is true so many times in a hundred.
func (s *site) chance(percent int) bool { return s.rnd.IntN(100) < percent }

// note enters what has just happened.
func (s *site) note(f fact) {
	if f.at.IsZero() {
		f.at = s.Now()
	}
	s.counts[f.what]++
	s.book.note(f)
}

// must has a role do something; a refusal is a mistake of the script.
func (s *site) must(r core.Role, fn func(context.Context, db.Tx) error) {
	s.Helper()
	if err := s.App.DB.Write(s.ctx[r], fn); err != nil {
		s.Fatalf("%s, %s: %v", stamp(s.Now()), r, err)
	}
}

// compare holds the duties of the database against the book: none too many, none missing, each with its deadline, its
// state and whether it was late.
func (s *site) compare() {
	s.Helper()
	total := 0
	var all [][]owed
	for _, x := range []struct {
		project core.ID
		book    *book
	}{{s.Project.ID, s.book}, {s.Other.ID, s.other}} {
		want, got := x.book.closed(s.looked), s.found(x.project)
		total, all = total+len(got), append(all, want)
		for i := range got {
			if !x.book.handled(got[i].slot) {
				got[i].user = 0
			}
		}
		differ(s.T, want, got)
	}
	seen(s.T, s.book.rows, all...)
	tried(s.T, s.book)
	s.delivered()
	s.Logf("%d duties\nof %v", total, s.counts)
}

// found are the duties in the database.
func (s *site) found(project core.ID) (out []owed) {
	s.Helper()
	s.Read(func(ctx context.Context, tx db.Tx) (err error) {
		out, err = db.All(ctx, tx, func(o *owed) []any {
			return []any{&o.id, &o.clause, &o.number, &o.kind, &o.record, &o.round, &o.due, &o.done, &o.state, &o.late, &o.user}
		}, "select id, clause, number, kind, record_id, round, due_at, done_at, state, late, user_id from duty_duty where project_id = $1", project)
		if err != nil {
			return err
		}
		type step struct {
			duty core.ID
			role core.Role
			at   time.Time
		}
		steps, err := db.All(ctx, tx, func(s *step) []any { return []any{&s.duty, (*string)(&s.role), &s.at} }, "select duty_id, role, at from duty_step where project_id = $1 order by duty_id, step", project)
		up := map[core.ID]string{}
		for _, s := range steps {
			up[s.duty] += fmt.Sprintf(" to %s %s", s.role, stamp(s.at))
		}
		for i := range out {
			out[i].steps = up[out[i].id]
		}
		return err
	})
	slices.SortFunc(out, order)
	return out
}

// differencesShown bounds what a failing run prints.
const differencesShown = 20

func differ(t *testing.T, want, got []owed) {
	t.Helper()
	shown := 0
	say := func(format string, args ...any) {
		if shown++; shown <= differencesShown {
			t.Errorf(format, args...)
		}
	}
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && order(want[0], got[0]) < 0:
			say("missing: %s", want[0])
			want = want[1:]
		case len(want) == 0 || order(want[0], got[0]) > 0:
			say("not in the table: %s", got[0])
			got = got[1:]
		default:
			if a, b := want[0].String(), got[0].String(); a != b {
				say("want %s\n got %s", a, b)
			}
			want, got = want[1:], got[1:]
		}
	}
	if shown > differencesShown {
		t.Errorf("and %d more", shown-differencesShown)
	}
}
