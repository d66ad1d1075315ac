package proof

import (
	"cmp"
	"slices"
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
	excused := unseen()
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.clause, b.clause), cmp.Compare(a.number, b.number)) })
	for _, r := range rows {
		at := r.clause + " " + r.number
		c := count[at]
		if c == nil {
			c = &outcomes{}
		}
		t.Logf("%-16s of %-16s in time %4d, late %4d, open %4d", at, r.on, c.inTime, c.late, c.open)
		if soaking() && excused[at] == "" && (c.inTime == 0 || c.late+c.open == 0) {
			t.Errorf("%s was seen %d times in time, %d times late and %d times open: the script does not try it", at, c.inTime, c.late, c.open)
		}
	}
}
