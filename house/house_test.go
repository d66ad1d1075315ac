package house_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/regulation"
)

// TestReactionsRunWithTheVerb: a later module hears of an earlier one's event in the same transaction, and its error
// refuses the verb; nobody may wait for an event that no earlier module declares.
func TestReactionsRunWithTheVerb(t *testing.T) {
	var heard []core.Ref
	refused := errors.New("refused")
	lower := house.Module{Name: "lower", Events: []house.Event{{Key: "lower.done"}, {Key: "lower.bad"}}}
	upper := house.Module{Name: "upper", Reactions: map[string]duty.Reaction{
		"lower.done": func(_ context.Context, _ db.Tx, about core.Ref) error { heard = append(heard, about); return nil },
		"lower.bad":  func(context.Context, db.Tx, core.Ref) error { return refused }}}
	if _, err := house.Gather([]house.Module{upper, lower}); err == nil || !strings.Contains(err.Error(), "lower.") {
		t.Fatalf("a reaction to a later module's event is taken: %v", err)
	}
	lists, err := house.Gather([]house.Module{lower, upper})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, []fs.FS{calendar.Migrations, journal.Migrations, notify.Migrations, regulation.Migrations, duty.Migrations}, func(t *testing.T, d *db.DB) {
		heard = nil
		about := core.Ref{Project: core.Firm, Kind: "lower", ID: 7}
		ctx := house.With(core.AsSystem(context.Background()), lists)
		say := func(event string) error {
			return d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
				return duty.Happened(ctx, tx, event, about, "words", "")
			})
		}
		if err := say("lower.done"); err != nil || len(heard) != 1 || heard[0] != about {
			t.Errorf("heard %v, %v", heard, err)
		}
		if err := say("lower.bad"); !errors.Is(err, refused) {
			t.Errorf("the reaction's refusal is lost: %v", err)
		}
	})
}
