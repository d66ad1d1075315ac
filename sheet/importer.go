package sheet

import (
	"context"

	"huiyin/core"
	"huiyin/db"
)

// ImportRow is one data row of a recognised sheet, with the cells by field name as written, and where it stood.
type ImportRow struct {
	Sheet  string            `json:"sheet"`
	Row    int               `json:"row"` // 1-based, as the office sees it
	Cells  map[string]string `json:"cells"`
	Extra  map[string]string `json:"extra,omitempty"`  // columns that no field took, by header
	Filled []string          `json:"filled,omitempty"` // fields filled from the row above
	Period string            `json:"period,omitempty"` // from the sheet's title or headers: "2026-10"
}

// State of a staged row against the database.
type State string

// The states.
const (
	New       State = "new"
	Changed   State = "changed"
	Unchanged State = "unchanged"
	Refused   State = "problem" // cannot be taken; listed in the workbook to correct
)

// Change is one field that an edited row would change.
type Change struct {
	Field    core.Text `json:"field"`
	Old, New string
}

// Staged is a row compared with the database.
type Staged struct {
	ImportRow
	Key     string   `json:"key"` // what recognises the row again, stated for each sheet
	State   State    `json:"state"`
	Data    string   `json:"data"`    // JSON of the module's own parsed struct, what Apply reads
	Record  core.ID  `json:"record"`  // the existing record, when there is one
	Version int64    `json:"version"` // its version at the preview: Apply refuses when it moved
	Changes []Change `json:"changes,omitempty"`
}

// Counts is what an import did, as `huiyin import --json` prints it.
type Counts struct {
	Units      int        `json:"units"`
	Customers  int        `json:"customers"`
	Leases     int        `json:"leases"`
	Readings   int        `json:"readings"`
	ArrearsFen core.Money `json:"arrears_fen"`
	Matters    int        `json:"matters"`
	New        int        `json:"new"`
	Changed    int        `json:"changed"`
	Unchanged  int        `json:"unchanged"`
}

// Importer is how the rows of one layout become records: each module declares those it takes over. Stage only reads;
// Apply runs in the one Write of the whole file, in the order of Order, on new and changed rows only.
type Importer struct {
	Layout string    // "units", see DefaultLayouts
	Order  int       // units 10, customers 20, leases 30, readings 40, arrears 50, matters 60
	Key    core.Text // what recognises a row again, in words: shown on the preview
	// Stage parses the rows and compares them with the database. What a row needs from earlier sheets of the same file
	// (a unit that is not yet there) it finds in batch.
	Stage func(ctx context.Context, tx db.Tx, rows []ImportRow, batch *Batch) ([]Staged, []Problem, error)
	// Apply writes them; the gaps of an imported record become duties there.
	Apply func(ctx context.Context, tx db.Tx, rows []Staged, batch *Batch) error
	// Count adds the staged rows that were taken to the totals.
	Count func(c *Counts, rows []Staged)
}

// Batch is one file being imported: what earlier sheets of it bring, by natural key, so that later ones can refer to
// records that are not in the database yet.
type Batch struct {
	ID     core.ID
	Name   string
	Coming map[string]map[string]bool // layout → keys that this file brings ("units" → "A0101")
}

// Brings reports whether the file itself brings the record of that layout and key.
func (b *Batch) Brings(layout, key string) bool { return b != nil && b.Coming[layout][key] }
