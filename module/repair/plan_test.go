package repair_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/desk"
	"huiyin/module/repair"
	"huiyin/register"
	"huiyin/testkit"
)

// TestTheListsOfRequestsAndRepairsUseAnIndex looks at SQLite's plan of the lists, with each of their filters.
func TestTheListsOfRequestsAndRepairsUseAnIndex(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	orders := repair.Module().Registers[0].(register.Register[repair.Order])
	matters := desk.Module().Registers[0].(register.Register[desk.Matter])
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		tx.Trace()
		for _, state := range []string{"", "all", "new", "closed"} {
			q := register.Query{Limit: 51, Filter: map[string]string{"state": state}}
			if _, err := orders.Find(ctx, tx, q); err != nil {
				return err
			}
			if _, err := matters.Find(ctx, tx, q); err != nil {
				return err
			}
		}
		seen := 0
		for _, q := range tx.Queries() {
			if !strings.Contains(q.SQL, " repair_order") && !strings.Contains(q.SQL, " desk_matter") {
				continue
			}
			seen++
			text := regexp.MustCompile(`\$\d+`).ReplaceAllString(q.SQL, "null")
			type step struct {
				id, parent, unused int64
				detail             string
			}
			plan, err := db.All(ctx, tx, func(s *step) []any { return []any{&s.id, &s.parent, &s.unused, &s.detail} }, "explain query plan "+text)
			if err != nil {
				return err
			}
			for _, s := range plan {
				if strings.HasPrefix(s.detail, "SCAN") && !strings.Contains(s.detail, "INDEX") {
					t.Errorf("no index (%s) for\n%s", s.detail, q.SQL)
				}
			}
		}
		if seen == 0 {
			t.Error("the lists ran no statement on their tables")
		}
		return nil
	})
}
