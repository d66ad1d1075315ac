package sheet

import (
	"context"
	"io"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// Source is a workbook to import. Reader must stay open until the preview has ended.
type Source struct {
	Name   string // as the office named it
	Reader io.ReaderAt
	Size   int64 // bytes
}

// fileRow is one data row of the file on its way through the importers.
type fileRow struct {
	ImportRow
	layout  string
	match   *Match // nil when the row comes back from staging
	raw     []Cell // as written, for the workbook to correct
	offered bool   // to the importers: a row that cannot be read, or is there twice, is not
	state   State  // over all importers that took it; "" when none did
}

// reading is a workbook read and recognised, before any comparison.
type reading struct {
	sheets   []Match // those not recognised too
	rows     []*fileRow
	problems []Problem
}

// readWorkbook reads every sheet and keeps the rows of those that a layout fits.
func readWorkbook(src Source, progress func(rows int)) (*reading, error) {
	wb, err := Open(src.Reader, src.Size, Limits{})
	if err != nil {
		return nil, err
	}
	rd := &reading{}
	layouts := DefaultLayouts()
	before := 0
	for i := range wb.Sheets {
		ws, problems, err := wb.Read(i, func(_ string, rows int) { progress(before + rows) })
		if err != nil {
			return nil, err
		}
		before += len(ws.Rows)
		rd.problems = append(rd.problems, problems...)
		rd.take(ws, layouts)
	}
	rd.dropTwins()
	return rd, nil
}

func (rd *reading) take(ws Worksheet, layouts []Layout) {
	m, problems := Recognise(ws, layouts)
	rd.sheets = append(rd.sheets, m)
	rd.problems = append(rd.problems, problems...)
	if !m.Is() {
		return
	}
	got := m.Records(ws)
	rd.problems = append(rd.problems, got.Problems...)
	for i := range got.Records {
		row := importRow(&got.Records[i])
		rd.problems = append(rd.problems, got.Records[i].Problems...)
		rd.rows = append(rd.rows, row)
	}
}

// importRow turns a record into what the importers read: texts by field name.
func importRow(rec *Record) *fileRow {
	m := rec.match
	row := &fileRow{layout: m.Kind, match: m, raw: rec.raw, ImportRow: ImportRow{Sheet: m.Sheet, Row: rec.Row,
		Cells: map[string]string{}, Filled: rec.Filled, Period: string(periodOf(m))}}
	for _, f := range m.layout.Columns {
		cell, ok := rec.cells[f.Name]
		if !ok {
			continue
		}
		text, why := plainText(f.Name, cell, m.Year)
		if why.Is() {
			rec.Report(f.Name, SeverityRow, why)
		}
		row.Cells[f.Name] = text
	}
	for _, e := range rec.Extra {
		if row.Extra == nil {
			row.Extra = map[string]string{}
		}
		row.Extra[e.Header] = e.Value
	}
	if row.offered = rec.Taken(); !row.offered {
		row.state = Refused
	}
	return row
}

// periodOf is the month that the sheet is about: from its title, or from the header of the reading.
func periodOf(m *Match) core.Month {
	if m.Period == "" {
		return m.To.Month()
	}
	return m.Period
}

// plainText is a cell as an importer reads it. What only the cell's type tells (a serial date, a month that Excel has
// made a number) or only the title (the year) is settled here; why says what cannot be.
func plainText(field string, c Cell, year int) (text string, why core.Text) {
	switch field {
	case "unit":
		if c.Kind == CellNumber && c.Format != FormatNone {
			why = core.T("单元编号被 Excel 变成了日期(%s),请以文本重新填写", "Excel has made the unit code a date (%s); enter it again as text", c.Text())
		}
	case "month":
		if m, ok, bad := ParseMonth(c, year); ok {
			return string(m), core.Text{}
		} else if c.Kind == CellNumber {
			why = bad
		}
	case "start", "end", "move_in":
		if d, ok, _ := ParseDate(c, year); ok {
			return string(d), core.Text{}
		}
	case "time", "done_time":
		if t, clock, ok, _ := ParseTime(c, year, time.UTC); ok {
			return whenText(t, clock), core.Text{}
		}
	}
	return c.Text(), why
}

func whenText(t time.Time, clock bool) string {
	switch {
	case !clock:
		return t.Format(time.DateOnly)
	case t.Second() == 0:
		return t.Format("2006-01-02 15:04")
	}
	return t.Format(time.DateTime)
}

// dropTwins takes rows that say the same in every column once: a pasted row is no second record.
func (rd *reading) dropTwins() {
	seen := map[string]*fileRow{}
	for _, row := range rd.rows {
		if !row.offered {
			continue
		}
		id := row.content()
		first, twin := seen[id]
		if !twin {
			seen[id] = row
			continue
		}
		row.offered = false
		rd.problems = append(rd.problems, note(row, core.T("与%s第 %d 行完全相同,只取一次", "the same as row %[2]d of %[1]s; taken once", first.Sheet, first.Row)))
	}
}

// content is what the row says, without its running number.
func (row *fileRow) content() string {
	cells := map[string]string{}
	for k, v := range row.Cells {
		if k != "seq" {
			cells[k] = v
		}
	}
	return core.JSON([]any{row.layout, row.Period, cells, row.Extra})
}

func note(row *fileRow, why core.Text) Problem {
	return Problem{Sheet: row.Sheet, Row: row.Row, Message: why, Severity: SeverityNote}
}

// comparison is a reading held against the database: what each importer makes of each row.
type comparison struct {
	*reading
	batch   *Batch
	staged  []stagedRow
	counts  Counts
	refused int // rows that cannot be taken
	byPlace map[place]*fileRow
	primary map[string]int // layout → order of its first importer
	told    map[Problem]bool
}

// stagedRow is a row as one importer takes it.
type stagedRow struct {
	Staged
	layout string
	order  int
}

type place struct {
	sheet string
	row   int
}

func (s *stagedRow) place() place { return place{s.Sheet, s.Row} }

// id names a staged row across two comparisons of the same file.
func (s *stagedRow) id() [5]any { return [5]any{s.layout, s.order, s.Sheet, s.Row, s.Key} }

// sorted are the importers in the order in which they stage and apply.
func sorted(importers []Importer) []Importer {
	out := slices.Clone(importers)
	slices.SortStableFunc(out, func(a, b Importer) int { return a.Order - b.Order })
	return out
}

// compare runs every importer's Stage over its rows. It only reads.
func compare(ctx context.Context, tx db.Tx, importers []Importer, rd *reading, batch *Batch) (*comparison, error) {
	c := &comparison{reading: rd, batch: batch, byPlace: map[place]*fileRow{}, primary: map[string]int{}, told: map[Problem]bool{}}
	batch.Coming = map[string]map[string]bool{}
	for _, row := range rd.rows {
		c.byPlace[place{row.Sheet, row.Row}] = row
	}
	for _, imp := range sorted(importers) {
		if _, later := c.primary[imp.Layout]; !later {
			c.primary[imp.Layout] = imp.Order
		}
		if err := c.stage(ctx, tx, imp); err != nil {
			return nil, err
		}
	}
	c.count(sorted(importers))
	c.unclaimed()
	c.sortProblems()
	return c, nil
}

// stage offers the importer the rows that no importer of the layout before it has refused.
func (c *comparison) stage(ctx context.Context, tx db.Tx, imp Importer) error {
	var rows []ImportRow
	for _, row := range c.rows {
		if row.layout == imp.Layout && row.offered && row.state != Refused {
			rows = append(rows, row.ImportRow)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	staged, problems, err := imp.Stage(ctx, tx, rows, c.batch)
	if err != nil {
		return err
	}
	refused := c.report(problems)
	taken := map[string]*Staged{}
	for _, s := range staged {
		if at := (place{s.Sheet, s.Row}); refused[at] {
			s.State = Refused
		} else if s.State == Refused { // an importer should say why; the row is listed anyway
			c.problems = append(c.problems, Problem{Sheet: s.Sheet, Row: s.Row, Severity: SeverityRow, Message: core.T("此行不能导入", "this row cannot be imported")})
		}
		if s.State != Refused && c.again(imp, &s, taken) {
			continue
		}
		c.keep(imp, s)
	}
	return nil
}

// keep adds a staged row, tells later importers that its record comes, and settles the file row's own state.
func (c *comparison) keep(imp Importer, s Staged) {
	c.staged = append(c.staged, stagedRow{s, imp.Layout, imp.Order})
	if s.State != Refused {
		if c.batch.Coming[imp.Layout] == nil {
			c.batch.Coming[imp.Layout] = map[string]bool{}
		}
		c.batch.Coming[imp.Layout][s.Key] = true
	}
	if row := c.byPlace[place{s.Sheet, s.Row}]; row != nil {
		row.state = merged(row.state, s.State, imp.Order == c.primary[imp.Layout])
	}
}

// merged is a row's state after one more importer has taken it: the first importer decides between new, refused and the
// rest, and what only a later one would write makes the row changed.
func merged(have, next State, primary bool) State {
	switch {
	case have == "":
		return next
	case primary && (have == Refused || next == Refused):
		return Refused
	case have == Unchanged && (next == New || next == Changed):
		return map[bool]State{true: next, false: Changed}[primary]
	}
	return have
}

// report adds the importer's problems, with the field named by the header that the office wrote, and returns which rows
// they refuse.
func (c *comparison) report(problems []Problem) map[place]bool {
	refused := map[place]bool{}
	for _, p := range problems {
		at := place{p.Sheet, p.Row}
		row := c.byPlace[at]
		if row != nil {
			p.Column = row.headerOf(p.Column)
		}
		if p.Severity == SeverityRow {
			refused[at] = true
		}
		if !c.told[p] { // two importers of one layout may find the same
			c.told[p] = true
			c.problems = append(c.problems, p)
		}
	}
	return refused
}

// headerOf turns a field's name or label into the header above its column; other texts stay.
func (row *fileRow) headerOf(column string) string {
	if row.match == nil || column == "" {
		return column
	}
	if m, ok := row.match.Column(column); ok {
		return m.Header
	}
	for _, f := range row.match.layout.Columns {
		if f.Name == column || f.Label.ZH == column || f.Label.EN == column {
			if m, ok := row.match.Column(f.Name); ok {
				return m.Header
			}
			return f.Label.ZH
		}
	}
	return column
}

// again looks for the key among the rows before. One that says the same is passed over; one that says otherwise is
// refused: the first stands, and nobody guesses which is right.
func (c *comparison) again(imp Importer, s *Staged, taken map[string]*Staged) bool {
	if s.Key == "" || imp.Order != c.primary[imp.Layout] || !oneRowEach(imp.Layout) {
		return false
	}
	first, seen := taken[s.Key]
	if !seen {
		taken[s.Key] = s
		return false
	}
	row := c.byPlace[place{s.Sheet, s.Row}]
	if row == nil {
		return false
	}
	if first.Data == s.Data {
		c.problems = append(c.problems, note(row, core.T("与%s第 %d 行内容相同,只取一次", "says the same as row %[2]d of %[1]s; taken once", first.Sheet, first.Row)))
		return true
	}
	s.State = Refused
	c.problems = append(c.problems, Problem{Sheet: s.Sheet, Row: s.Row, Severity: SeverityRow, Message: core.T("与%s第 %d 行重复(%s相同)但内容不同,只取第 %[2]d 行",
		"repeats row %[2]d of %[1]s (the same %[3]s) but says otherwise; only row %[2]d is taken", first.Sheet, first.Row, imp.Key)})
	return false
}

// oneRowEach reports whether a record has one row in the layout. A customer or a contract has a row for each of its
// units: their importers judge repeats themselves.
func oneRowEach(layout string) bool { return layout != "customers" && layout != "leases" }

// count totals what the file holds and was taken, each key once, and every row once by its state.
func (c *comparison) count(importers []Importer) {
	for _, imp := range importers {
		if imp.Count != nil {
			imp.Count(&c.counts, c.distinct(imp))
		}
	}
	for _, row := range c.rows {
		switch row.state {
		case New:
			c.counts.New++
		case Changed:
			c.counts.Changed++
		case Unchanged:
			c.counts.Unchanged++
		case Refused:
			c.refused++
		}
	}
}

// distinct are the importer's taken rows, the first of each key.
func (c *comparison) distinct(imp Importer) []Staged {
	var out []Staged
	seen := map[string]bool{}
	for _, s := range c.staged {
		if s.layout != imp.Layout || s.order != imp.Order || s.State == Refused || s.Key != "" && seen[s.Key] {
			continue
		}
		seen[s.Key] = true
		out = append(out, s.Staged)
	}
	return out
}

// unclaimed reports sheets that were recognised but that no module takes over.
func (c *comparison) unclaimed() {
	for _, m := range c.sheets {
		if _, ok := c.primary[m.Kind]; m.Is() && !ok {
			c.problems = append(c.problems, Problem{Sheet: m.Sheet, Severity: SeverityNote,
				Message: core.T("认出是“%s”,但还没有功能接收,未导入", "This sheet is “%s”, but nothing takes it over yet; it is not imported", m.Label)})
		}
	}
}

// sortProblems puts them in the order of the file.
func (c *comparison) sortProblems() {
	at := map[string]int{}
	for i, m := range c.sheets {
		at[m.Sheet] = i
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		if d := at[a.Sheet] - at[b.Sheet]; d != 0 {
			return d
		}
		return a.Row - b.Row
	})
}
