package followup_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/followup"
	"huiyin/register"
	"huiyin/testkit"
)

// TestTheListsUseAnIndex looks at SQLite's plan of the list with each of its filters, and of the draw.
func TestTheListsUseAnIndex(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	items := followup.Module().Registers[0].(register.Register[followup.Item])
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		tx.Trace()
		for _, filter := range []map[string]string{{}, {"state": "all"}, {"state": "done"}, {"state": "check"}, {"state": "problem"}, {"mine": "mine"}, {"mine": "nobody"}, {"late": "late"}, {"occasion": "repair", "state": "all"}, {"occasion": "repair"},
			{"result": "dissatisfied"}, {"month": "2026-11"}} {
			if _, err := items.Find(ctx, tx, register.Query{Limit: 51, Filter: filter}); err != nil {
				return err
			}
		}
		if _, err := followup.Draw(ctx, tx, followup.Repair, "2026-11", 1); err != nil {
			return err
		}
		if _, err := followup.Quotas(ctx, tx, "2026-11"); err != nil {
			return err
		}
		seen := 0
		for _, q := range tx.Queries() {
			if !strings.Contains(q.SQL, " followup_") {
				continue
			}
			seen++
			type step struct {
				id, parent, unused int64
				detail             string
			}
			text := regexp.MustCompile(`\$\d+`).ReplaceAllString(q.SQL, "null")
			plan, err := db.All(ctx, tx, func(s *step) []any { return []any{&s.id, &s.parent, &s.unused, &s.detail} }, "explain query plan "+text)
			if err != nil {
				return err
			}
			for _, s := range plan {
				if strings.HasPrefix(s.detail, "SCAN") && !strings.Contains(s.detail, "INDEX") || strings.Contains(s.detail, "TEMP B-TREE") || strings.Contains(q.SQL, "_pool") && !strings.Contains(s.detail, "COVERING") {
					t.Errorf("%s for\n%s", s.detail, q.SQL)
				}
			}
		}
		if seen < 14 {
			t.Errorf("only %d statements on the tables", seen)
		}
		return nil
	})
}
