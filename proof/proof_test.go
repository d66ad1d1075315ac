// Package proof holds the two proofs that go over all modules at once.
//
//   - TestEnginesAgree: generated sequences of verbs, by random people at a controlled clock, give the same answers on
//     SQLite and on PostgreSQL, byte for byte, and leave the same exports, pages and rows behind. TestEveryVerbIsAmongThoseGenerated
//     sees to it that every verb of every register can be drawn; the long run, that each was sent.
//   - TestQuarter: a building is run by a simulated clock, and every duty that stands in the database at the end is held
//     against a table that says, by its own arithmetic, what was due when, who owed it and to whom it went up. TestEveryScheduledClauseHasARow
//     and TestEveryOpenedClauseHasARow see to it that whatever a module schedules stands in the table; the long run, that
//     each row was tried in time and late, and each of its facts has happened.
//
// Both are short under `go test` and long under `make soak` (HUIYIN_SOAK).
package proof

import (
	"os"
	"strconv"
	"testing"
)

// soaking reports whether the long forms run.
func soaking() bool { return os.Getenv("HUIYIN_SOAK") != "" }

// seed is HUIYIN_SEED, or the same for every run: what fails once fails again.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := os.Getenv("HUIYIN_SEED")
	if s == "" {
		return 1
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("HUIYIN_SEED=%q is no number", s)
	}
	return n
}
