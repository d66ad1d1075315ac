package sheet_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/sheet"
)

// copyImporter stages every row as new and counts it.
func copyImporter(layout string, order int, count func(c *sheet.Counts, n int)) sheet.Importer {
	return sheet.Importer{Layout: layout, Order: order,
		Stage: func(_ context.Context, _ db.Tx, rows []sheet.ImportRow, _ *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
			var out []sheet.Staged
			for _, r := range rows {
				delete(r.Cells, "seq")
				out = append(out, sheet.Staged{ImportRow: r, Key: core.JSON(r.Cells), State: sheet.New, Data: core.JSON(r.Cells)})
			}
			return out, nil, nil
		},
		Apply: func(context.Context, db.Tx, []sheet.Staged, *sheet.Batch) error { return nil },
		Count: func(c *sheet.Counts, rows []sheet.Staged) { count(c, len(rows)) },
	}
}

// The engine's own share of the three seconds that office.xlsx may take, from reading to the commit.
func TestOfficeGoesThroughTheEngineFast(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		all := []sheet.Importer{copyImporter("units", 10, func(c *sheet.Counts, n int) { c.Units += n }), copyImporter("customers", 20, func(c *sheet.Counts, n int) { c.Customers += n }),
			copyImporter("leases", 30, func(c *sheet.Counts, n int) { c.Leases += n }), copyImporter("readings", 40, func(c *sheet.Counts, n int) { c.Readings += n }),
			copyImporter("arrears", 50, func(*sheet.Counts, int) {}), copyImporter("matters", 60, func(c *sheet.Counts, n int) { c.Matters += n })}
		b := sample(t, "office.xlsx")
		ctx := inProject(t.Context())
		start := time.Now()
		id, counts, problems, err := sheet.Preview(ctx, d, all, sheet.Source{Name: "office.xlsx", Reader: bytes.NewReader(b), Size: int64(len(b))}, nil)
		must(t, err)
		previewed := time.Since(start)
		_, err = sheet.Apply(ctx, d, all, id)
		must(t, err)
		took := time.Since(start)
		t.Logf("preview %v, import %v", previewed, took-previewed)
		if took > 30*time.Second { // half a second on an idle machine; the rest is for a loaded one
			t.Errorf("the engine alone took %v", took)
		}
		if want := (sheet.Counts{Units: 520, Customers: 451, Leases: 406, Readings: 902, Matters: 245, New: 2631}); counts != want || len(problems) > 0 {
			t.Errorf("%+v %v, want %+v", counts, problems, want)
		}
	})
}
