package proof

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"huiyin/db"
	"huiyin/regulation"
	"huiyin/testkit"
)

// elsewhere are the numbers of scheduled clauses that are no term of a duty, each with the reason why no row bears it.
func elsewhere() map[string]string {
	return map[string]string{
		"B1.6 ahead": "whom the month's reminder goes to; the reminder itself is the row of its day",
		"C19.2 keep": "how long a recording is kept; what is owed, on its last days, is to store it apart: the row of the term",
	}
}

// unseen are the rows that the quarter cannot show both in time and not: what it lacks, and why.
func unseen() map[string]string {
	return map[string]string{
		"B7.1 day": "the year's plan is due on 31 January, outside the quarter",
	}
}

// notLate are the rows of what runs out after the quarter: it is done in time, or still open.
func notLate() map[string]string {
	return map[string]string{
		"B1.2 every": "a file is verified within a year", "B1.4 gap": "what an imported file lacks is made good within a year", "C5.1 gap": "the same", "C15.4 gap": "the same",
		"C5.2 day": "the year's survey is due on 31 December", "D5.4 day": "the half-year's opinion forms are due on 31 December",
	}
}

// unopened are the openings that no quarter shows, each with the reason.
func unopened() map[move]string {
	return map[move]string{
		{"A3.5", "remind", "desk", "desk.reported"}:          "what is reported up was handed on before, which opens it",
		{"B7.1", "day", "month", "month.begins"}:             "it is opened in January, outside the quarter",
		{"C5.2", "day", "month", "month.begins"}:             "the year's plan opens it before its month has come",
		{"C13.6", "term", "complaint", "complaint.reopened"}: "a case that nobody has is seldom taken up again: the module's own tests show it",
	}
}

// scheduled reports whether a module says that it carries a clause out by what somebody owes at a time.
func scheduled(c regulation.Claim) bool {
	return slices.Contains(c.By, regulation.ByDuty) || slices.Contains(c.By, regulation.ByRecurring)
}

// allRows are the rows of both tables.
func allRows() []row {
	out := table()
	for _, m := range calendarTable() {
		out = append(out, m.asRow(quarterBegins))
	}
	return out
}

// TestEveryScheduledClauseHasARow walks the modules' claims: whatever one says it schedules, and each term that it reads for
// it, is calculated here; and what is calculated here is claimed.
func TestEveryScheduledClauseHasARow(t *testing.T) {
	rows, claimed, excused := map[string]bool{}, map[string]bool{}, elsewhere()
	for _, r := range allRows() {
		rows[r.clause], rows[r.clause+" "+r.number] = true, true
	}
	for _, m := range testkit.New(t, db.SQLite).App.Lists.Modules {
		for _, c := range m.Clauses {
			claimed[c.Clause] = true
			if !scheduled(c) {
				continue
			}
			if !rows[c.Clause] {
				t.Errorf("%s schedules %s, and no row calculates it", m.Name, c.Clause)
			}
			for _, name := range c.Numbers {
				n := regulation.Default().Clause(c.Clause).Number(name)
				if term := n.Kind == "span" || n.Kind == "monthday"; term && !rows[c.Clause+" "+name] && excused[c.Clause+" "+name] == "" {
					t.Errorf("%s schedules %s by its number %s, and no row calculates it", m.Name, c.Clause, name)
				}
			}
		}
	}
	for _, r := range allRows() {
		if !claimed[r.clause] {
			t.Errorf("no module claims %s, which a row calculates", r.clause)
		}
	}
	for at := range excused {
		if rows[at] {
			t.Errorf("%s has its row: it needs no excuse", at)
		}
	}
}

// declared finds the clauses under which a source file opens a duty by name.
var declared = regexp.MustCompile(`(?:duty\.Open\([^"]*|duty\.Opening\{Clause: )"([A-Z]+[0-9]*\.[0-9]+)"`)

// TestEveryOpenedClauseHasARow reads the modules' sources: whatever clause one names where it opens a duty, or that the
// calendar opens for it, is calculated here, if it is of the areas that are.
func TestEveryOpenedClauseHasARow(t *testing.T) {
	rows := map[string]bool{}
	for _, r := range allRows() {
		rows[r.clause] = true
	}
	files, err := filepath.Glob("../module/*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(source), "\n") {
			for _, m := range declared.FindAllStringSubmatch(line, -1) {
				found[m[1]] = true
				if !rows[m[1]] {
					t.Errorf("%s opens a duty under %s, and no row calculates it", name, m[1])
				}
			}
		}
	}
	if len(found) < 20 {
		t.Errorf("the sources name only %d clauses: %v", len(found), slices.Sorted(maps.Keys(found)))
	}
	for _, m := range testkit.New(t, db.SQLite).App.Lists.Modules {
		for _, r := range m.Recurring {
			if !slices.ContainsFunc(allRows(), func(row row) bool { return row.clause == r.Clause && row.number == r.Number && row.on == "month" }) {
				t.Errorf("%s has the calendar open %s %s, and no row calculates it", m.Name, r.Clause, r.Number)
			}
		}
	}
}

// tried demands of a long run that every fact that the table knows has happened, and that each opening of a row was seen.
func tried(t *testing.T, b *book) {
	t.Helper()
	if !soaking() {
		return
	}
	excused := unopened()
	for _, r := range b.rows {
		for _, what := range r.facts() {
			if b.noted[what] == 0 {
				t.Errorf("%s %s of %s: %q has never happened: the script does not try it", r.clause, r.number, r.on, what)
			}
		}
		for what := range r.opens {
			if m := (move{r.clause, r.number, r.on, what}); b.opened[m] == 0 && excused[m] == "" {
				t.Errorf("%s %s of %s: %q has never opened it: the script does not try it", r.clause, r.number, r.on, what)
			}
		}
	}
}

// outcomes counts what became of the duties of one row.
type outcomes struct{ inTime, late, open int }

// seen demands of a long run that every row was tried: that somebody did in time what it asks for, and that somebody else
// did so late, or not yet.
func seen(t *testing.T, rows []row, all ...[]owed) {
	t.Helper()
	count := map[string]*outcomes{}
	for _, o := range slices.Concat(all...) {
		at := o.clause + " " + o.number
		if count[at] == nil {
			count[at] = &outcomes{}
		}
		switch c := count[at]; {
		case o.state == "void": // nobody owed it in the end
		case o.late:
			c.late++
		case o.state == "open":
			c.open++
		case o.state == "done":
			c.inTime++
		}
	}
	excused, beyond := unseen(), notLate()
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.clause, b.clause), cmp.Compare(a.number, b.number)) })
	for _, r := range rows {
		at := r.clause + " " + r.number
		c := count[at]
		if c == nil {
			c = &outcomes{}
		}
		late := c.late > 0 || c.open > 0 && beyond[at] != ""
		t.Logf("%-16s of %-16s in time %4d, late %4d, open %4d", at, r.on, c.inTime, c.late, c.open)
		if soaking() && excused[at] == "" && (c.inTime == 0 || !late) {
			t.Errorf("%s was seen %d times in time, %d times late and %d times open: the script does not try it", at, c.inTime, c.late, c.open)
		}
	}
}
