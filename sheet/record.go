package sheet

import (
	"regexp"
	"strings"
	"time"

	"github.com/govalues/decimal"

	"huiyin/core"
)

// Extra is a value of a column that no field takes.
type Extra struct {
	Header string `json:"header"`
	Value  string `json:"value"`
}

// Record is one data row. Its methods parse a field and add a Problem when they cannot: of severity row for a required
// field, gap for others. A record with a row problem is not to be taken: see Taken.
type Record struct {
	Row      int
	Extra    []Extra
	Filled   []string // fields whose blank took the value above
	Problems []Problem

	match *Match
	cells map[string]Cell
	raw   []Cell // the row as written, with what was filled
}

// Skipped is a row below the header that is no data, with the reason.
type Skipped struct {
	Row  int       `json:"row"`
	Text string    `json:"text"`
	Why  core.Text `json:"why"`
}

// Rows is what stands below a header.
type Rows struct {
	Records  []Record
	Skipped  []Skipped
	Problems []Problem // of skipped rows and of totals; each record has its own
}

// Records reads the data rows: without blank rows, repeated headers, totals and footers, with repeated blanks filled.
func (m *Match) Records(ws Worksheet) Rows {
	r := rowReader{m: m, above: map[string]Cell{}, sums: map[string]*tally{}}
	for _, row := range ws.Rows {
		if row.Number > m.HeaderRow {
			r.row(row)
		}
	}
	return r.out
}

// rowReader walks the rows under a header.
type rowReader struct {
	m     *Match
	out   Rows
	above map[string]Cell // the last record's cells by field
	group Cell            // the building that a section row names
	sums  map[string]*tally
}

// tally adds up a Sum column: since the last subtotal, and in all.
type tally struct{ part, all decimal.Decimal }

func (r *rowReader) row(row Row) {
	switch {
	case r.blank(row):
	case r.repeatsHeader(row):
		r.skip(row, core.T("重复的表头", "a repeated header"))
	case r.isTotal(row):
		r.total(row)
	case r.isFooter(row):
		r.skip(row, core.T("表尾或说明", "a footer or a remark"))
	case r.isSection(row):
	default:
		r.record(row)
	}
}

func (r *rowReader) skip(row Row, why core.Text) {
	r.out.Skipped = append(r.out.Skipped, Skipped{row.Number, rowText(row), why})
}

// rowText joins the row's different texts.
func rowText(row Row) string {
	var parts []string
	for _, c := range row.Cells {
		if s := c.Text(); s != "" && (len(parts) == 0 || parts[len(parts)-1] != s) {
			parts = append(parts, flat(s))
		}
	}
	return strings.Join(parts, " | ")
}

// blank reports a row without anything of its own: at most a running number, or cells merged from above.
func (r *rowReader) blank(row Row) bool {
	seq, hasSeq := r.m.Column("seq")
	for i, c := range row.Cells {
		if !c.Empty() && !(c.Merged && c.Above) && !(hasSeq && i == seq.Col && c.Kind == CellNumber) {
			return false
		}
	}
	return true
}

// repeatsHeader reports a row in which most columns hold their own header again.
func (r *rowReader) repeatsHeader(row Row) bool {
	same, filled := 0, 0
	if !r.hasHeaderText(row) {
		return false
	}
	for _, c := range append(append([]Mapped{}, r.m.Columns...), r.m.Extra...) {
		text := normalHeader(row.Cell(c.Col).Text())
		if text == "" {
			continue
		}
		filled++
		if head := normalHeader(c.Header); text == head || strings.HasPrefix(head, text+"/") || strings.HasSuffix(head, "/"+text) {
			same++
		}
	}
	return same >= 2 && same*2 > filled
}

// hasHeaderText is the quick test: some cell is exactly one of the headers.
func (r *rowReader) hasHeaderText(row Row) bool {
	for _, c := range r.m.Columns {
		if cell := row.Cell(c.Col); cell.Kind == CellText && len(cell.Raw) > 0 && strings.Contains(normalHeader(c.Header), normalHeader(cell.Raw)) {
			return true
		}
	}
	return false
}

var totalShape = regexp.MustCompile(`^(?:[^0-9]{0,12}|.{0,12}(?:座|栋|幢|楼|层|户|单元|月|[A-Za-z]\d{3,5}))(?:合计|小计|总计|共计|累计|总和|汇总|合)(?:\([^)]*\))?:?(?:¥?[\d,.]+)?(?:元|户|套|㎡)?$|^(?i:(?:grand |sub ?)?total)s?:?$`)

// isTotal reports a totals row: the word stands in one of the first cells, or only sums are there and they are the sums.
func (r *rowReader) isTotal(row Row) bool {
	seen, texts := 0, 0
	for i, c := range row.Cells {
		if c.Empty() || c.Merged && c.Above {
			continue
		}
		seen++
		text := normalHeader(c.Text())
		if c.Kind == CellText && (seen <= 3 || r.identifies(i)) && totalWord(text) && totalShape.MatchString(text) {
			return true
		}
		if !r.isSum(i) {
			texts++
		}
	}
	return texts == 0 && r.sumsFit(row)
}

// totalWord is the quick test before totalShape.
func totalWord(s string) bool {
	return strings.ContainsAny(s, "计和总合") || strings.Contains(s, "total")
}

func (r *rowReader) identifies(col int) bool {
	for _, f := range []string{"seq", "building", "floor", "unit", "name", "contract_no", "item", "month"} {
		if c, ok := r.m.Column(f); ok && c.Col == col {
			return true
		}
	}
	return false
}

func (r *rowReader) isSum(col int) bool {
	for _, c := range r.m.Columns {
		if f, _ := r.m.layout.column(c.Field); c.Col == col && f.Sum {
			return true
		}
	}
	return false
}

// sumsFit reports whether every sum in the row is what stands above it.
func (r *rowReader) sumsFit(row Row) bool {
	found := false
	for field, t := range r.sums {
		c, _ := r.m.Column(field)
		if n, _, ok := splitNumber(row.Cell(c.Col)); ok {
			if !t.is(n) {
				return false
			}
			found = true
		}
	}
	return found
}

func (t *tally) is(n decimal.Decimal) bool {
	n, _ = settle(n, 4)
	return n.Equal(t.all) || n.Equal(t.part)
}

var pageTotal = regexp.MustCompile(`本页|过次页|承前页`)

// total skips a totals row and compares it with the rows above: a difference is worth a note.
func (r *rowReader) total(row Row) {
	r.skip(row, core.T("合计行", "a totals row"))
	for _, c := range r.m.Columns {
		t := r.sums[c.Field]
		n, _, ok := splitNumber(row.Cell(c.Col))
		if t == nil || !ok {
			continue
		}
		if !t.is(n) && !pageTotal.MatchString(rowText(row)) {
			r.note(row, c.Header, core.T("合计 %s 与以上各行之和 %s 不符", "the total %s is not the sum of the rows above, %s", row.Cell(c.Col).Text(), t.all.Trim(0).String()))
		}
		t.part = decimal.Zero
	}
	if !pageTotal.MatchString(rowText(row)) {
		r.above = map[string]Cell{}
	}
}

func (r *rowReader) note(row Row, column string, why core.Text) {
	r.out.Problems = append(r.out.Problems, Problem{r.m.Sheet, row.Number, column, why, SeverityNote})
}

var footerShape = regexp.MustCompile(`^(?:制表|制单|填表|填报|编制|审核|复核|审批|批准|核准|经办|负责人|主管|财务|签字|签名|盖章|打印|导出|日期|备注|注|说明|注意|附注|单位|第\d+页|共\d+页|以下空白|以下无正文|截至|统计)[^:]{0,8}(?::|$|\d)|^第?\d+页|^(?:以下空白|以下无正文)`)

// isFooter reports a maker or remark row: its first text is one of the words, and no required field has anything else.
func (r *rowReader) isFooter(row Row) bool {
	var first string
	own := 0
	for _, c := range row.Cells {
		if c.Empty() || c.Merged {
			if first == "" {
				first = c.Text()
			}
			continue
		}
		if first == "" {
			first = c.Text()
		}
		own++
	}
	return own*2 <= len(r.m.Columns)+1 && footerText(first) && (!r.complete(row) || allFooter(row))
}

func footerText(s string) bool {
	return footerShape.MatchString(without(core.FullToHalf(s), " \t\n*_"))
}

// allFooter reports that every text in the row is a footer's: 审核: … 日期:2026年1月1日.
func allFooter(row Row) bool {
	for _, c := range row.Cells {
		if !c.Empty() && !footerText(c.Text()) {
			return false
		}
	}
	return true
}

// complete reports whether every required field has a value of its own.
func (r *rowReader) complete(row Row) bool {
	for _, f := range r.m.layout.Columns {
		if c, ok := r.m.Column(f.Name); f.Required && ok && row.Cell(c.Col).Blank() {
			return false
		}
	}
	return true
}

var sectionBuilding = regexp.MustCompile(`^.{1,6}(?:座|栋|幢|号楼|塔楼|塔|区)$`)

// isSection reports a row with one text only, which is a heading among the rows. A building's name holds for the rows
// that follow when the sheet has no column for it.
func (r *rowReader) isSection(row Row) bool {
	text, texts, at := "", 0, 0
	for i, c := range row.Cells {
		if c.Empty() || c.Merged && (c.Above || i > 0 && row.Cell(i-1).Raw == c.Raw) {
			continue
		}
		text, texts, at = c.Text(), texts+1, i
		if c.Kind != CellText {
			return false
		}
	}
	if texts != 1 || r.complete(row) || r.speaks(at, text) {
		return false
	}
	if _, has := r.m.Column("building"); !has && sectionBuilding.MatchString(text) {
		r.group = TextCell(text)
		r.skip(row, core.T("分组标题,作为以下各行的楼座", "a heading; it is the building of the rows below"))
	} else {
		r.skip(row, core.T("分组标题", "a heading"))
		r.note(row, "", core.T("此行只有一个单元格有内容(%s),未作为数据", "only one cell of this row has anything (%s); it is not taken as data", flat(text)))
	}
	r.above = map[string]Cell{}
	return true
}

// speaks reports that a row's only text is a value, not a heading: it stands behind the first column, or is a unit.
func (r *rowReader) speaks(at int, text string) bool {
	unit, ok := r.m.Column("unit")
	return at > r.m.firstColumn() || ok && at == unit.Col && fullUnit.MatchString(tidyUnit(text))
}

// firstColumn is the leftmost column with a header.
func (m *Match) firstColumn() int {
	first := 1 << 20
	for _, c := range append(append([]Mapped{}, m.Columns...), m.Extra...) {
		first = min(first, c.Col)
	}
	return first
}

// record reads one data row.
func (r *rowReader) record(row Row) {
	rec := Record{Row: row.Number, match: r.m, cells: map[string]Cell{}, raw: append([]Cell{}, row.Cells...)}
	for _, c := range r.m.Columns {
		f, _ := r.m.layout.column(c.Field)
		rec.take(f, c, row.Cell(c.Col))
	}
	r.fill(&rec)
	for _, e := range r.m.Extra {
		if s := row.Cell(e.Col).Text(); s != "" {
			rec.Extra = append(rec.Extra, Extra{e.Header, s})
		}
	}
	rec.beyondHeader(row)
	rec.demand()
	r.add(rec)
	r.above = rec.cells
	r.out.Records = append(r.out.Records, rec)
}

// take puts one cell into the record: error values and shares of merged amounts become problems, not values.
func (rec *Record) take(f Column, c Mapped, cell Cell) {
	switch {
	case cell.Kind == CellError:
		rec.problem(f.Name, c.Header, core.T("单元格是公式错误 %s", "the cell is a formula error, %s", cell.Raw))
	case cell.Merged && f.Sum:
		rec.Problems = append(rec.Problems, Problem{rec.match.Sheet, rec.Row, c.Header,
			core.T("“%s”与别的单元格合并,数值只记在合并区的第一格", "“%s” is merged with another cell; the value counts only in the first of them", c.Header), SeverityNote})
	case cell.Merged && !cell.Above:
	case !cell.Blank():
		rec.cells[f.Name] = cell
	}
}

// fill completes blanks of repeating columns from the row above.
func (r *rowReader) fill(rec *Record) {
	own := map[string]bool{}
	for f := range rec.cells {
		own[f] = true
	}
	for _, f := range r.m.layout.Columns {
		c, ok := r.m.Column(f.Name)
		up, has := r.above[f.Name]
		if !ok || !f.Repeats || own[f.Name] || !has || rec.stops(f, own, r.above) || row(rec.raw, c.Col).Kind == CellError {
			continue
		}
		rec.cells[f.Name] = up
		rec.Filled = append(rec.Filled, f.Name)
		rec.setRaw(c.Col, up)
	}
	if _, has := rec.cells["building"]; !has && !r.group.Empty() {
		rec.cells["building"] = r.group
		rec.Filled = append(rec.Filled, "building")
	}
}

func row(cells []Cell, n int) Cell { return Row{Cells: cells}.Cell(n) }

func (rec *Record) setRaw(col int, c Cell) {
	for len(rec.raw) <= col {
		rec.raw = append(rec.raw, Cell{})
	}
	rec.raw[col] = c
}

// stops reports whether the row says something of its own that forbids filling the field.
func (rec *Record) stops(f Column, own map[string]bool, above map[string]Cell) bool {
	for _, u := range f.Unless {
		if own[u] {
			return true
		}
	}
	return f.With != "" && own[f.With] && rec.cells[f.With].Text() != above[f.With].Text()
}

// beyondHeader keeps values in columns without a header.
func (rec *Record) beyondHeader(row Row) {
	for i, c := range row.Cells {
		if s := c.Text(); s != "" && !c.Merged && !rec.match.knows(i) {
			rec.Extra = append(rec.Extra, Extra{ColumnName(i), s})
		}
	}
}

// knows reports whether the column has a header (the column 问题 of a corrections workbook counts as one).
func (m *Match) knows(col int) bool {
	for _, c := range m.Columns {
		if c.Col == col {
			return true
		}
	}
	for _, c := range m.Extra {
		if c.Col == col {
			return true
		}
	}
	for _, c := range m.layout.ignored {
		if c == col {
			return true
		}
	}
	return false
}

// demand reports required fields without a value, unless the reason is already reported.
func (rec *Record) demand() {
	for _, f := range rec.match.layout.Columns {
		c, mapped := rec.match.Column(f.Name)
		if _, has := rec.cells[f.Name]; !f.Required || !mapped || has || rec.reported(c.Header) {
			continue
		}
		rec.problem(f.Name, c.Header, core.T("缺少%s", "%s is missing", f.Label))
	}
}

func (rec *Record) reported(header string) bool {
	for _, p := range rec.Problems {
		if p.Column == header && p.Severity == SeverityRow {
			return true
		}
	}
	return false
}

// add counts the record's amounts for the totals row.
func (r *rowReader) add(rec Record) {
	for _, c := range r.m.Columns {
		f, _ := r.m.layout.column(c.Field)
		cell, has := rec.cells[c.Field]
		if !f.Sum || !has {
			continue
		}
		t := r.sums[c.Field]
		if t == nil {
			t = &tally{}
			r.sums[c.Field] = t
		}
		if n, _, ok := splitNumber(cell); ok {
			n, _ = settle(n, 4)
			t.part, _ = t.part.Add(n)
			t.all, _ = t.all.Add(n)
		}
	}
}

func (rec *Record) problem(field, header string, why core.Text) {
	severity := SeverityGap
	if f, _ := rec.match.layout.column(field); f.Required {
		severity = SeverityRow
	}
	rec.Problems = append(rec.Problems, Problem{rec.match.Sheet, rec.Row, header, why, severity})
}

// Report adds a problem of the caller's own about the field.
func (rec *Record) Report(field, severity string, why core.Text) {
	c, _ := rec.match.Column(field)
	rec.Problems = append(rec.Problems, Problem{rec.match.Sheet, rec.Row, c.Header, why, severity})
}

// Taken reports whether the row may be taken: no problem forbids it.
func (rec *Record) Taken() bool {
	for _, p := range rec.Problems {
		if p.Severity == SeverityRow {
			return false
		}
	}
	return true
}

// Cell is the field's cell; false when it is blank or the sheet has no such column.
func (rec *Record) Cell(field string) (Cell, bool) {
	c, ok := rec.cells[field]
	return c, ok
}

// Text is the field as written: trimmed, on one line; "" when blank.
func (rec *Record) Text(field string) string { return flat(rec.cells[field].Text()) }

// parsed runs a parser on a field; a blank is neither ok nor a problem.
func parsed[V any](rec *Record, field string, parse func(Cell) (V, bool, core.Text)) (V, bool) {
	var none V
	c, has := rec.cells[field]
	if !has {
		return none, false
	}
	v, ok, why := parse(c)
	if !ok {
		m, _ := rec.match.Column(field)
		rec.problem(field, m.Header, why)
	}
	return v, ok
}

// Money parses an amount.
func (rec *Record) Money(field string) (core.Money, bool) { return parsed(rec, field, ParseMoney) }

// Area parses an area in ㎡.
func (rec *Record) Area(field string) (decimal.Decimal, bool) { return parsed(rec, field, ParseArea) }

// Price parses a unit price in yuan.
func (rec *Record) Price(field string) (decimal.Decimal, bool) { return parsed(rec, field, ParsePrice) }

// Reading parses a meter's reading or multiplier.
func (rec *Record) Reading(field string) (decimal.Decimal, bool) {
	return parsed(rec, field, ParseReading)
}

// Count parses a whole number, with 个月 or the like behind it.
func (rec *Record) Count(field string) (int64, bool) {
	return parsed(rec, field, func(c Cell) (int64, bool, core.Text) { return ParseCount(c, "个月", "月", "个", "次", "倍") })
}

// Date parses a day; the title's year completes one written without.
func (rec *Record) Date(field string) (core.Date, bool) {
	return parsed(rec, field, func(c Cell) (core.Date, bool, core.Text) { return ParseDate(c, rec.match.Year) })
}

// Month parses a month.
func (rec *Record) Month(field string) (core.Month, bool) {
	return parsed(rec, field, func(c Cell) (core.Month, bool, core.Text) { return ParseMonth(c, rec.match.Year) })
}

// Time parses a day and time of day in the zone.
func (rec *Record) Time(field string, zone *time.Location) (time.Time, bool) {
	return parsed(rec, field, func(c Cell) (time.Time, bool, core.Text) {
		t, _, ok, why := ParseTime(c, rec.match.Year, zone)
		return t, ok, why
	})
}

// DateRange parses two days in one cell.
func (rec *Record) DateRange(field string) (from, to core.Date, ok bool) {
	both, ok := parsed(rec, field, func(c Cell) ([2]core.Date, bool, core.Text) {
		from, to, ok, why := ParseDateRange(c, rec.match.Year)
		return [2]core.Date{from, to}, ok, why
	})
	return both[0], both[1], ok
}

// Phones parses one or several telephone numbers; what is no number comes back as written, with a problem.
func (rec *Record) Phones(field string) []core.Phone {
	p, _ := parsed(rec, field, ParsePhones)
	return p
}

// ID parses an identity number or credit code; one that fails its check comes back as written, with a problem.
func (rec *Record) ID(field string) string {
	id, _ := parsed(rec, field, ParseID)
	return id
}

// People parses the people in a field. When there is one person without a number, those of the phone field are theirs;
// an empty phone field name means that there is none.
func (rec *Record) People(field, phoneField string) []Person {
	people, _ := parsed(rec, field, ParsePeople)
	if _, has := rec.cells[phoneField]; !has {
		return people
	}
	if len(people) == 0 {
		return []Person{{Phones: rec.Phones(phoneField)}}
	}
	phones := rec.Phones(phoneField)
	switch {
	case len(people) == 1 && len(people[0].Phones) == 0:
		people[0].Phones = phones
	case len(people) == len(phones) && !anyPhones(people):
		for i := range people {
			people[i].Phones = phones[i : i+1]
		}
	default:
		people = append(people, Person{Phones: phones})
	}
	return people
}

func anyPhones(people []Person) bool {
	for _, p := range people {
		if len(p.Phones) > 0 {
			return true
		}
	}
	return false
}

// Units parses the unit column with the help of the building column. What follows no scheme comes back as written; a
// date (Excel makes one of 3-05) is a problem.
func (rec *Record) Units() ([]Unit, bool) {
	return parsed(rec, "unit", func(c Cell) ([]Unit, bool, core.Text) {
		if c.Kind == CellNumber && c.Format != FormatNone {
			return nil, false, core.T("单元编号被 Excel 变成了日期(%s),请以文本重新填写", "Excel has made the unit code a date (%s); enter it again as text", c.Text())
		}
		return ParseUnits(c.Text(), rec.Text("building"))
	})
}
