package sheet

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"huiyin/core"
)

// Progress is called now and then while a sheet is read, with the rows read so far.
type Progress func(sheet string, rows int)

// progressEvery is how many rows pass between two calls of Progress.
const progressEvery = 500

// lastRow is the last row that a worksheet can have.
const lastRow = 1 << 20

// mergeCells is how many cells the merges of one sheet may fill.
const mergeCells = 500_000

// Read reads the n-th sheet whole. The problems say what was left out (cells beyond the last column that is read).
func (wb *Workbook) Read(n int, progress Progress) (ws Worksheet, problems []Problem, err error) {
	defer recovered(&err)
	if n < 0 || n >= len(wb.Sheets) {
		return ws, nil, core.NotFound()
	}
	info := wb.Sheets[n]
	p := sheetParser{wb: wb, ws: Worksheet{Name: info.Name, Hidden: info.Hidden}, progress: progress, beyond: -1}
	if err := wb.walk(info.part, p.token); err != nil {
		return ws, nil, err
	}
	p.applyMerges()
	if p.progress != nil {
		p.progress(info.Name, len(p.ws.Rows))
	}
	if p.beyond >= 0 {
		problems = append(problems, Problem{Sheet: info.Name, Severity: SeverityNote,
			Message: core.T("第 %d 行起,%s 列右边的内容没有读取", "From row %d on, what stands right of column %s was not read", p.beyond, ColumnName(wb.limits.Columns-1))})
	}
	return p.ws, problems, nil
}

// sheetParser walks one sheet's XML.
type sheetParser struct {
	wb       *Workbook
	ws       Worksheet
	progress Progress
	merges   []mergedRange
	row      Row
	nextRow  int
	cells    int
	beyond   int // first row with cells beyond the last column read; -1 for none
}

type mergedRange struct{ top, left, bottom, right int } // rows from 1, columns from 0

func (p *sheetParser) token(d *xml.Decoder, t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		switch t.Name.Local {
		case "row":
			return p.startRow(t)
		case "c":
			return p.cell(d, t)
		case "mergeCell":
			if m, ok := parseRange(attr(t, "ref")); ok {
				p.merges = append(p.merges, m)
			}
		}
	case xml.EndElement:
		if t.Name.Local == "row" {
			p.endRow()
		}
	}
	return nil
}

func (p *sheetParser) startRow(e xml.StartElement) error {
	number := p.nextRow + 1
	if r := attr(e, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n <= p.nextRow || n > lastRow {
			return fmt.Errorf("row %q after row %d", r, p.nextRow)
		}
		number = n
	}
	p.nextRow = number
	p.row = Row{Number: number, Hidden: truth(attr(e, "hidden"))}
	return nil
}

func (p *sheetParser) endRow() {
	if len(p.row.Cells) > 0 {
		p.ws.Rows = append(p.ws.Rows, p.row)
	}
	p.row = Row{Number: p.row.Number}
	if n := len(p.ws.Rows); p.progress != nil && n > 0 && n%progressEvery == 0 {
		p.progress(p.ws.Name, n)
	}
}

// cell reads one c element. Cells without a reference follow the one before.
func (p *sheetParser) cell(d *xml.Decoder, e xml.StartElement) error {
	col := len(p.row.Cells)
	if ref := attr(e, "r"); ref != "" {
		if col = columnIndex(ref); col < 0 {
			return fmt.Errorf("cell reference %q", ref)
		}
	}
	kind, style := attr(e, "t"), attr(e, "s")
	raw, err := cellValue(d)
	if err != nil {
		return err
	}
	c, err := p.wb.typed(kind, style, raw)
	if err != nil {
		return err
	}
	if c.Kind == CellEmpty {
		return nil
	}
	return p.put(col, c)
}

func (p *sheetParser) put(col int, c Cell) error {
	if col >= p.wb.limits.Columns {
		if p.beyond < 0 {
			p.beyond = p.row.Number
		}
		return nil
	}
	grow := max(0, col+1-len(p.row.Cells))
	if p.cells += grow; p.cells > p.wb.limits.Cells {
		return tooLarge("工作表“%s”的单元格超过 %d 个", "Sheet “%s” has more than %d cells", p.ws.Name, p.wb.limits.Cells)
	}
	if grow > 0 {
		p.row.Cells = append(p.row.Cells, make([]Cell, grow)...)
	}
	p.row.Cells[col] = c
	return nil
}

// cellValue reads up to the end of c: the cached value v, or the inline string is. The formula f is passed over.
func cellValue(d *xml.Decoder) (string, error) {
	var out strings.Builder
	inValue := false
	for {
		t, err := d.RawToken()
		if err != nil {
			return "", unexpectedEnd(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "is" {
				s, err := richText(d, "is")
				if err != nil {
					return "", err
				}
				out.WriteString(s)
			}
			inValue = t.Name.Local == "v"
		case xml.EndElement:
			inValue = false
			if t.Name.Local == "c" {
				return out.String(), nil
			}
		case xml.CharData:
			if inValue {
				out.Write(t)
			}
		}
	}
}

// typed makes a Cell of the raw value by its type attribute.
func (wb *Workbook) typed(kind, style, raw string) (Cell, error) {
	if raw == "" {
		return Cell{}, nil
	}
	c := Cell{Kind: CellText, Raw: raw, Y1904: wb.Date1904}
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(raw))
		if err != nil || i < 0 || i >= len(wb.strings) {
			return Cell{}, fmt.Errorf("shared string %q of %d", raw, len(wb.strings))
		}
		c.Raw = wb.strings[i]
	case "str":
		c.Raw = unescape(raw)
	case "inlineStr":
	case "b":
		c.Kind, c.Raw = CellBool, map[bool]string{true: "TRUE", false: "FALSE"}[truth(strings.TrimSpace(raw))]
	case "e":
		c.Kind = CellError
	case "d":
		c.Kind, c.Format = CellISO, FormatDate
	default:
		c.Kind, c.Raw, c.Format = CellNumber, strings.TrimSpace(raw), wb.format(style)
	}
	c.Raw = strings.ToValidUTF8(c.Raw, "\uFFFD")
	if c.Kind == CellText && errorTexts[c.Raw] {
		c.Kind = CellError
	}
	if c.Raw == "" {
		return Cell{}, nil
	}
	return c, nil
}

// errorTexts are Excel's error values, which pasting turns into text.
var errorTexts = map[string]bool{"#N/A": true, "#REF!": true, "#VALUE!": true, "#DIV/0!": true, "#NAME?": true, "#NULL!": true, "#NUM!": true}

func (wb *Workbook) format(style string) DateFormat {
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(wb.formats) {
		return wb.formats[i]
	}
	return FormatNone
}

// readStyles learns which styles (cellXfs) show dates.
func (wb *Workbook) readStyles(part string) error {
	custom := map[string]DateFormat{}
	inCells := false
	return wb.walk(part, func(_ *xml.Decoder, t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "numFmt":
				custom[attr(t, "numFmtId")] = formatOf(attr(t, "formatCode"))
			case "cellXfs":
				inCells = true
			case "xf":
				if inCells {
					id := attr(t, "numFmtId")
					f, ok := custom[id]
					if !ok {
						f = builtinFormat(id)
					}
					wb.formats = append(wb.formats, f)
				}
			}
		case xml.EndElement:
			if t.Name.Local == "cellXfs" {
				return errStop
			}
		}
		return nil
	})
}

// builtinFormat knows the number formats without a code of their own; 27–36 and 50–58 are the Chinese dates.
func builtinFormat(id string) DateFormat {
	n, err := strconv.Atoi(id)
	switch {
	case err != nil:
		return FormatNone
	case n == 22:
		return FormatDateTime
	case n >= 18 && n <= 21, n >= 45 && n <= 47, n >= 32 && n <= 35, n == 55, n == 56:
		return FormatTime
	case n >= 14 && n <= 17, n >= 27 && n <= 36, n >= 50 && n <= 58:
		return FormatDate
	}
	return FormatNone
}

// notShown matches the parts of a format code that show nothing of the value: quoted text, escapes, colours and
// locales. Elapsed time ([h]) shows.
var notShown = regexp.MustCompile(`"[^"]*"|\\.|_.|\*.|\[[^\]]*\]`)

var elapsedShape = regexp.MustCompile(`(?i)\[(?:h+|m+|s+)\]`)

// formatOf reads a format code such as yyyy"年"m"月"d"日" h:mm.
func formatOf(code string) DateFormat {
	first, _, _ := strings.Cut(code, ";")
	elapsed := elapsedShape.MatchString(first)
	shown := strings.ToLower(notShown.ReplaceAllString(first, ""))
	if strings.Contains(shown, "general") || strings.ContainsAny(shown, "#?") {
		return FormatNone
	}
	clock := elapsed || strings.ContainsAny(shown, "hs") || strings.Contains(shown, "am/pm")
	day := strings.ContainsAny(shown, "yde") || !clock && strings.Contains(shown, "m")
	switch {
	case strings.Contains(shown, "0") && !clock && !strings.ContainsAny(shown, "yd"):
		return FormatNone // 0.00E+00
	case day && clock:
		return FormatDateTime
	case clock:
		return FormatTime
	case day:
		return FormatDate
	}
	return FormatNone
}

var rangeShape = regexp.MustCompile(`^([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})$`)

func parseRange(ref string) (mergedRange, bool) {
	m := rangeShape.FindStringSubmatch(strings.ReplaceAll(ref, "$", ""))
	if m == nil {
		return mergedRange{}, false
	}
	top, _ := strconv.Atoi(m[2])
	bottom, _ := strconv.Atoi(m[4])
	out := mergedRange{top, columnIndex(m[1]), bottom, columnIndex(m[3])}
	return out, out.left >= 0 && out.right >= out.left && out.bottom >= out.top
}

// applyMerges gives each cell of a merged range the value of its top-left cell, in rows and columns that have data.
func (p *sheetParser) applyMerges() {
	index, width := make(map[int]int, len(p.ws.Rows)), 0
	for i, r := range p.ws.Rows {
		index[r.Number] = i
		width = max(width, len(r.Cells))
	}
	left := mergeCells
	for _, m := range p.merges {
		first, ok := index[m.top]
		if !ok {
			continue
		}
		value := p.ws.Rows[first].Cell(m.left)
		if value.Kind == CellEmpty {
			continue
		}
		value.Merged = true
		for i := first; i < len(p.ws.Rows) && p.ws.Rows[i].Number <= m.bottom && left > 0; i++ {
			left -= p.ws.Rows[i].spread(m, value, width)
		}
	}
}

// spread fills the row's share of a merged range and returns how many cells it touched.
func (r *Row) spread(m mergedRange, value Cell, width int) int {
	right := min(m.right, width-1)
	for col := m.left; col <= right; col++ {
		if r.Number == m.top && col == m.left {
			continue
		}
		for len(r.Cells) <= col {
			r.Cells = append(r.Cells, Cell{})
		}
		if r.Cells[col].Kind == CellEmpty {
			value.Above = col == m.left
			r.Cells[col] = value
		}
	}
	return 1 + max(0, right-m.left)
}
