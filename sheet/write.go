package sheet

import (
	"io"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/govalues/decimal"
	"github.com/xuri/excelize/v2"

	"huiyin/core"
)

// Safe neutralises formula injection: text that a spreadsheet could take for a formula (it begins with = + - @, their
// full-width twins, tab or return) gets an apostrophe in front. Plain numbers stay: -12.50, +85223456789. The reader
// takes the apostrophe away again. Characters that a workbook cannot hold are dropped.
func Safe(s string) string {
	s = strings.Map(func(r rune) rune {
		if r != '\t' && r != '\n' && r != '\r' && unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if dangerous(s) {
		return "'" + s
	}
	return s
}

var numberText = regexp.MustCompile(`^[+-]?\d[\d,]*(?:\.\d+)?$`)

func dangerous(s string) bool {
	return s != "" && strings.ContainsRune("=+-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20", []rune(s)[0]) && !numberText.MatchString(s)
}

// unsafeText undoes Safe.
func unsafeText(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && dangerous(rest) {
		return rest
	}
	return s
}

// OutColumn is one column of an export. Width is in characters of Latin text; 0 means 14.
type OutColumn struct {
	Label core.Text
	Width float64
}

// Export writes a workbook row by row. Values by type: string, core.Phone, core.IDNumber, core.Personal, core.Month and
// core.Text are text cells; core.Money, integers, float64 and decimals are numbers; core.Date and time.Time (in its own
// zone) are dates; core.Rate is a percentage; bool is 是 or 否; nil is empty.
type Export struct {
	lang          core.Lang
	file          *excelize.File
	stream        *excelize.StreamWriter
	sheets        int
	row           int
	head, columns int // the header's row on the present sheet, and how many columns it has
	styles        map[string]int
}

// NewExport starts a workbook whose labels are in the language.
func NewExport(lang core.Lang) (*Export, error) {
	e := &Export{lang: lang, file: excelize.NewFile(), styles: map[string]int{}}
	for _, x := range []struct { // in one order: the same content gives the same bytes
		name  string
		style excelize.Style
	}{
		{"head", excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"EEF1F0"}}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}}},
		{"title", excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}}},
		{"text", excelize.Style{NumFmt: 49}},
		{"money", excelize.Style{NumFmt: 4}},
		{"rate", excelize.Style{NumFmt: 10}},
		{"date", excelize.Style{CustomNumFmt: ptr("yyyy-mm-dd")}},
		{"time", excelize.Style{CustomNumFmt: ptr("yyyy-mm-dd hh:mm")}},
	} {
		id, err := e.file.NewStyle(&x.style)
		if err != nil {
			return nil, err
		}
		e.styles[x.name] = id
	}
	return e, nil
}

func ptr[T any](v T) *T { return &v }

var sheetNameBad = strings.NewReplacer(":", " ", "\\", " ", "/", " ", "?", " ", "*", " ", "[", "(", "]", ")", "'", " ")

// Sheet begins the next sheet with its header row; the sheet before it is finished. Titles, if any, stand above.
func (e *Export) Sheet(name string, columns []OutColumn, titles ...string) error {
	if err := e.begin(name); err != nil {
		return err
	}
	for i, c := range columns {
		width := c.Width
		if width <= 0 {
			width = 14
		}
		if err := e.stream.SetColWidth(i+1, i+1, min(width, 255)); err != nil {
			return err
		}
	}
	for _, t := range titles {
		if err := e.cells([]any{excelize.Cell{StyleID: e.styles["title"], Value: Safe(t)}}); err != nil {
			return err
		}
	}
	head := make([]any, len(columns))
	for i, c := range columns {
		head[i] = excelize.Cell{StyleID: e.styles["head"], Value: Safe(c.Label.In(e.lang))}
	}
	e.head, e.columns = e.row+1, len(columns)
	return e.cells(head)
}

func (e *Export) begin(name string) error {
	if err := e.finish(); err != nil {
		return err
	}
	if r := []rune(sheetNameBad.Replace(name)); len(r) > 31 {
		name = string(r[:31])
	} else {
		name = string(r)
	}
	var err error
	if e.sheets == 0 {
		err = e.file.SetSheetName("Sheet1", name)
	} else {
		_, err = e.file.NewSheet(name)
	}
	if err != nil {
		return err
	}
	e.sheets, e.row = e.sheets+1, 0
	e.stream, err = e.file.NewStreamWriter(name)
	return err
}

func (e *Export) finish() error {
	if e.stream == nil {
		return nil
	}
	return e.stream.Flush()
}

// Row writes the next row.
func (e *Export) Row(values ...any) error {
	cells := make([]any, len(values))
	for i, v := range values {
		cells[i] = e.cell(v)
	}
	return e.cells(cells)
}

func (e *Export) cells(cells []any) error {
	e.row++
	at, err := excelize.CoordinatesToCellName(1, e.row)
	if err != nil {
		return err
	}
	return e.stream.SetRow(at, cells)
}

// cell gives a value its cell type and style.
func (e *Export) cell(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case core.Money:
		return excelize.Cell{StyleID: e.styles["money"], Value: float64(v) / 100}
	case core.Rate:
		return excelize.Cell{StyleID: e.styles["rate"], Value: float64(v) / 10000}
	case decimal.Decimal:
		f, _ := v.Float64()
		return excelize.Cell{Value: f}
	case int, int64, float64:
		return excelize.Cell{Value: v}
	case core.Date:
		if v == "" {
			return nil
		}
		return excelize.Cell{StyleID: e.styles["date"], Value: v.Time(time.UTC)}
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return excelize.Cell{StyleID: e.styles["time"], Value: time.Date(v.Year(), v.Month(), v.Day(), v.Hour(), v.Minute(), v.Second(), 0, time.UTC)}
	case Cell:
		return e.asRead(v)
	}
	return e.text(textOf(v, e.lang))
}

func (e *Export) text(s string) any {
	if s == "" {
		return nil
	}
	return excelize.Cell{StyleID: e.styles["text"], Value: Safe(s)}
}

func textOf(v any, lang core.Lang) string {
	switch v := v.(type) {
	case string:
		return v
	case core.Text:
		return v.In(lang)
	case core.Phone:
		return string(v)
	case core.IDNumber:
		return string(v)
	case core.Personal:
		return string(v)
	case core.Month:
		return string(v)
	case bool:
		if v {
			return core.T("是", "Yes").In(lang)
		}
		return core.T("否", "No").In(lang)
	case interface{ String() string }:
		return v.String()
	}
	return core.JSON(v)
}

// asRead writes a cell as it was read, in the 1900 date system.
func (e *Export) asRead(c Cell) any {
	if c.Kind != CellNumber {
		return e.text(clean(c.Raw))
	}
	if t, ok := serialTime(c); ok && c.Format != FormatNone && c.Format != FormatTime {
		style := map[DateFormat]string{FormatDate: "date", FormatDateTime: "time"}[c.Format]
		return excelize.Cell{StyleID: e.styles[style], Value: t}
	}
	if n, _, ok := splitNumber(c); ok && len(plainNumber(c.Raw)) <= 15 {
		f, _ := n.Float64()
		return excelize.Cell{Value: f}
	}
	return e.text(c.Text())
}

// WriteTo finishes the workbook and writes it. An export without sheets gets an empty one.
func (e *Export) WriteTo(w io.Writer) (int64, error) {
	if err := e.finish(); err != nil {
		return 0, err
	}
	defer e.file.Close()
	return e.file.WriteTo(w)
}

// Corrections writes the records that cannot be taken, in their own sheets and columns, with a last column 问题 that
// says why, in the language. Corrected, the workbook can be imported as it is. It reports whether there were any.
func Corrections(w io.Writer, lang core.Lang, records []Record) (bool, error) {
	e, err := NewExport(lang)
	if err != nil {
		return false, err
	}
	var current *Match
	for i := range records {
		rec := &records[i]
		if rec.Taken() {
			continue
		}
		if rec.match != current {
			current = rec.match
			if err := e.correctionSheet(current); err != nil {
				return false, err
			}
		}
		if err := e.correctionRow(rec); err != nil {
			return false, err
		}
	}
	if current == nil {
		return false, nil
	}
	_, err = e.WriteTo(w)
	return true, err
}

// columns is the sheet's header in its own order; columns without a header are empty.
func (m *Match) columns() []string {
	var out []string
	put := func(c Mapped) {
		for len(out) <= c.Col {
			out = append(out, "")
		}
		out[c.Col] = c.Header
	}
	for _, c := range m.Columns {
		put(c)
	}
	for _, c := range m.Extra {
		put(c)
	}
	return out
}

func (e *Export) correctionSheet(m *Match) error {
	var cols []OutColumn
	for _, h := range m.columns() {
		cols = append(cols, OutColumn{Label: core.Text{ZH: h}, Width: float64(max(12, 2*len([]rune(h))))})
	}
	cols = append(cols, OutColumn{Label: core.Text{ZH: ProblemHeader}, Width: 60})
	var titles []string
	if m.Title != "" {
		titles = strings.Split(m.Title, "\n")
	}
	return e.Sheet(m.Sheet, cols, titles...)
}

func (e *Export) correctionRow(rec *Record) error {
	n := len(rec.match.columns())
	values := make([]any, n+1)
	for i := range n {
		values[i] = row(rec.raw, i)
		if c := row(rec.raw, i); c.Kind == CellEmpty {
			values[i] = nil
		}
	}
	var why []string
	for _, p := range rec.Problems {
		why = append(why, core.T("%s:%s", "%s: %s", p.Column, p.Message).In(e.lang))
	}
	values[n] = strings.Join(why, "\n")
	return e.Row(values...)
}
