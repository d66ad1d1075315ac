package compliance_test

import (
	"context"
	"fmt"
	"path"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/testkit"
)

// TestWhatWaitsForMeHasAllItsPages: 230 requests wait for the manager, among others that he may not decide since he filed
// them himself, and some that wait for somebody else. Leafing through what waits for him shows each of the 230 once, and
// none of the others.
func TestWhatWaitsForMeHasAllItsPages(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		const many = 230
		ask := func(ctx context.Context, tx db.Tx, n int, role core.Role) (core.ID, error) {
			title := fmt.Sprintf("申请%03d", n)
			return approval.Ask(ctx, tx, approval.Request{Verb: "regulation.set", About: core.Ref{Project: k.Project.ID, Kind: "clause", ID: core.ID(n + 1)}, Title: core.T(title, title), Reason: "试行"}, map[string]string{}, approval.Step{Role: role})
		}
		mine := map[string]bool{}
		for from := 0; from < many; from += 23 { // his own stand between theirs
			k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
				for n := from; n < from+23; n++ {
					id, err := ask(ctx, tx, n, core.Manager)
					if err != nil {
						return err
					}
					mine[id.String()] = true
				}
				_, err := ask(ctx, tx, 1000+from, core.GM)
				return err
			})
			k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error {
				for n := from; n < from+15; n++ {
					if _, err := ask(ctx, tx, 2000+n, core.Manager); err != nil {
						return err
					}
				}
				return nil
			})
		}
		b, seen, pages := k.As(core.Manager), map[string]int{}, 0
		for url := b.P("approval") + "?mine=true"; url != ""; pages++ {
			if pages > 20 {
				k.Fatalf("the pages do not end: %s", url)
			}
			p := b.Get(url).OK(k)
			p.Find("main tbody tr").Each(func(_ int, row *goquery.Selection) {
				seen[path.Base(row.Find("a[href]").First().AttrOr("href", ""))]++
			})
			url, _ = p.Find("a[rel=next]").Attr("href")
		}
		if pages < 3 {
			k.Errorf("%d requests on %d pages", many, pages)
		}
		for id := range mine {
			if seen[id] != 1 {
				k.Errorf("request %s stands %d times on all pages", id, seen[id])
			}
		}
		if len(seen) != many {
			k.Errorf("%d different requests on all pages, want %d", len(seen), many)
		}
	})
}
