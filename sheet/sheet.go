// Package sheet reads the workbooks (.xlsx) that property offices keep, imports them through what the modules declare,
// and writes the ones that offices take away.
//
// Reading knows neither database nor pages, and goes in three steps, each on its own:
//
//   - Open and Workbook.Read turn bytes into Worksheets of typed cells, within limits: bytes, unpacked bytes, entries,
//     cells. What is no such workbook gets an error in words.
//   - Recognise finds a sheet's header row and maps its columns to the fields of a Layout by words, never by position;
//     Match.Records then gives the data rows, without titles, totals, repeated headers and footers, each of which is
//     listed with the reason it was left out. Columns that no field wants travel with the row as Extra.
//   - The parsers of value.go, people.go and unitcode.go read one cell each: value, ok, and what is wrong in words.
//
// Nothing is guessed silently: a value that was filled from above is flagged, one that cannot be read becomes a
// Problem with sheet, row and column, and is kept as written.
//
// The import (engine.go) has two phases, a preview in staging tables (store.go) and one Write that applies it; the pages
// (page.go) and `huiyin import` both go through it. A preview that nobody confirms expires after a week.
//
// The workbook is read with the standard library's zip and XML decoders, because a cell's type, number format and merge
// are needed together with its raw value and streaming, which excelize offers only by loading a sheet twice. Exports
// are written with excelize.
package sheet

import (
	"strings"

	"huiyin/core"
)

// CellKind is how the workbook stores a cell.
type CellKind uint8

// The kinds. A formula has the kind of its cached value.
const (
	CellEmpty  CellKind = iota
	CellText            // shared, inline or formula string
	CellNumber          // a number, which may be a date: see Cell.Format
	CellBool            // Raw is TRUE or FALSE
	CellError           // Raw is #N/A, #REF! …
	CellISO             // an ISO 8601 date (strict workbooks)
)

// DateFormat is what a numeric cell's number format shows.
type DateFormat uint8

// The formats that matter: dates and times are Excel serial numbers.
const (
	FormatNone     DateFormat = iota
	FormatDate                // shows year, month or day
	FormatTime                // shows only the time of day
	FormatDateTime            // shows both
)

// Cell is one cell as stored.
type Cell struct {
	Kind   CellKind
	Format DateFormat
	Merged bool // the value is that of the merged range's top-left cell
	Above  bool // Merged, and that cell is in the same column
	Y1904  bool // the workbook counts days from 1904
	Raw    string
}

// TextCell is a cell that holds text.
func TextCell(s string) Cell {
	if s == "" {
		return Cell{}
	}
	return Cell{Kind: CellText, Raw: s}
}

// NumberCell is a cell that holds a number, written as the workbook writes it.
func NumberCell(raw string) Cell { return Cell{Kind: CellNumber, Raw: raw} }

// Empty reports whether there is nothing but space in the cell.
func (c Cell) Empty() bool {
	return c.Kind == CellEmpty || strings.TrimSpace(core.FullToHalf(c.Raw)) == ""
}

// Row is one row that has cells. Number counts from 1, as the screen shows it.
type Row struct {
	Number int
	Hidden bool
	Cells  []Cell // up to the last cell with a value
}

// Cell is the n-th cell, counted from 0; an empty one past the end.
func (r Row) Cell(n int) Cell {
	if n < 0 || n >= len(r.Cells) {
		return Cell{}
	}
	return r.Cells[n]
}

// Worksheet is one sheet read whole.
type Worksheet struct {
	Name   string
	Hidden bool
	Rows   []Row // by Number
}

// Severity of a Problem.
const (
	SeverityRow  = "row"  // the row cannot be taken
	SeverityGap  = "gap"  // taken; this value is kept as written
	SeverityNote = "note" // taken; worth knowing
)

// Problem says what is wrong, and where. Row is 0 for the whole sheet, Column is the header's text or "".
type Problem struct {
	Sheet    string    `json:"sheet"`
	Row      int       `json:"row"`
	Column   string    `json:"column"`
	Message  core.Text `json:"message"`
	Severity string    `json:"severity"`
}

// ColumnName is the letter of the n-th column, counted from 0: A, Z, AA.
func ColumnName(n int) string {
	name := ""
	for n++; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}

// columnIndex reads the letters of a cell reference ("AB12" → 27); -1 when there are none or too many.
func columnIndex(ref string) int {
	n := 0
	for i := 0; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		if n = n*26 + int(ref[i]-'A') + 1; n > 16384 {
			return -1
		}
	}
	return n - 1
}
