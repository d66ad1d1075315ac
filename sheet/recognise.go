package sheet

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"huiyin/core"
)

// Mapped is one column of the sheet: the field that takes it ("" for none), and the header's text.
type Mapped struct {
	Field  string `json:"field"`
	Header string `json:"header"`
	Col    int    `json:"-"`
	Letter string `json:"column"`
	Score  int    `json:"score"`
}

// Match says what a sheet is. Kind is "" for one that no layout fits.
type Match struct {
	Sheet     string    `json:"sheet"`
	Hidden    bool      `json:"hidden,omitempty"`
	Kind      string    `json:"kind"`
	Label     core.Text `json:"label"`
	Title     string    `json:"title"`      // what stands above the header, joined by newlines
	HeaderRow int       `json:"header_row"` // the header's last row
	Columns   []Mapped  `json:"columns"`
	Extra     []Mapped  `json:"extra"` // columns that no field takes; their values travel with each row
	Score     int       `json:"score"`
	// Year completes days and months written without one: from the title, else from the sheet's name; 0 for none.
	Year int `json:"year,omitempty"`
	// Period is the month that title or sheet name give (2026年9-10月 → 2026-10); From and To are the days in the
	// headers of the two readings (9.25, 10.25). Each is empty when not written.
	Period core.Month `json:"period,omitempty"`
	From   core.Date  `json:"from,omitempty"`
	To     core.Date  `json:"to,omitempty"`

	layout Layout
}

// Is reports whether a layout was recognised.
func (m Match) Is() bool { return m.Kind != "" }

// Column is the sheet's column for the field.
func (m Match) Column(field string) (Mapped, bool) {
	for _, c := range m.Columns {
		if c.Field == field {
			return c, true
		}
	}
	return Mapped{}, false
}

// ProblemHeader is the last column of a corrections workbook; a sheet's own column of that name is not read.
const ProblemHeader = "问题"

// headerWithin is how many rows with cells may stand before the header ends.
const headerWithin = 20

// Recognise finds the header row and the layout that fits best, by words. A sheet that none fits is no error: its Match
// has no Kind, and a note says so (with what is missing, when it was close).
func Recognise(ws Worksheet, layouts []Layout) (Match, []Problem) {
	all := candidates(ws, layouts)
	sort.SliceStable(all, func(i, j int) bool { return all[i].Score > all[j].Score })
	best := Match{Sheet: ws.Name, Hidden: ws.Hidden}
	var missing *Match
	var others []Match
	for i, c := range all {
		switch {
		case len(c.lacks()) > 0:
			if missing == nil {
				missing = &all[i]
			}
		case !best.Is():
			best = c
		default:
			others = append(others, c)
		}
	}
	if !best.Is() {
		return best, []Problem{unrecognised(ws, missing)}
	}
	best.dates(ws.Name)
	return best, best.doubts(others)
}

func unrecognised(ws Worksheet, missing *Match) Problem {
	p := Problem{Sheet: ws.Name, Severity: SeverityNote, Message: core.T("没有认出这张工作表,未导入", "This sheet was not recognised and is not imported")}
	if missing != nil {
		var zh, en []string
		for _, c := range missing.lacks() {
			zh, en = append(zh, c.ZH), append(en, c.EN)
		}
		p.Row = missing.HeaderRow
		p.Message = core.T("这张工作表像是“%s”,但缺少列:%s;未导入", "This sheet looks like “%s” but lacks the columns %s; it is not imported",
			missing.Label, core.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")})
	}
	return p
}

// doubts reports a second layout that fits nearly as well.
func (m Match) doubts(others []Match) []Problem {
	for _, o := range others {
		if o.Kind != m.Kind && o.HeaderRow == m.HeaderRow && o.Score*100 >= m.Score*90 {
			return []Problem{{Sheet: m.Sheet, Row: m.HeaderRow, Severity: SeverityNote,
				Message: core.T("这张工作表也像“%s”,按“%s”读取", "This sheet also looks like “%s”; it is read as “%s”", o.Label, m.Label)}}
		}
	}
	return nil
}

// lacks lists the labels of what the layout demands and the sheet does not have.
func (m Match) lacks() []core.Text {
	var out []core.Text
	for _, c := range m.layout.Columns {
		if _, ok := m.Column(c.Name); c.Required && !ok {
			out = append(out, c.Label)
		}
	}
	if len(m.layout.Any) == 0 {
		return out
	}
	for _, name := range m.layout.Any {
		if _, ok := m.Column(name); ok {
			return out
		}
	}
	c, _ := m.layout.column(m.layout.Any[0])
	return append(out, c.Label)
}

func (l Layout) column(name string) (Column, bool) {
	for _, c := range l.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// header is one candidate header: the text of each column, in one row or two.
type header struct {
	row, end int // indexes of its first and last row in Worksheet.Rows
	texts    []string
	lower    []string // the second row's own text, for two-row headers
}

// candidates maps every plausible header to every layout.
func candidates(ws Worksheet, layouts []Layout) []Match {
	var out []Match
	stop := len(ws.Rows)
	for _, h := range headers(ws) {
		if h.row > stop {
			break
		}
		title := titleAbove(ws, h.row)
		for _, l := range layouts {
			m := mapHeader(h, l)
			if len(m.Columns) < 3 {
				continue
			}
			m.Sheet, m.Hidden, m.Title, m.HeaderRow = ws.Name, ws.Hidden, title, ws.Rows[h.end].Number
			m.Score += nameBonus(ws.Name, l, 80) + nameBonus(title, l, 60)
			out = append(out, m)
			if len(m.Columns) >= 4 && len(m.lacks()) == 0 {
				stop = min(stop, h.row+2) // what follows a good header is data
			}
		}
	}
	return out
}

func nameBonus(s string, l Layout, bonus int) int {
	s = normalHeader(s)
	for _, w := range l.SheetWords {
		if strings.Contains(s, w) {
			return bonus
		}
	}
	return 0
}

// headers lists the rows, and the pairs of rows, that may be the header.
func headers(ws Worksheet) []header {
	var out []header
	for i := 0; i < len(ws.Rows) && i < headerWithin; i++ {
		one := header{row: i, end: i, texts: headerTexts(ws.Rows[i])}
		if one.texts == nil {
			continue
		}
		out = append(out, one)
		if two, ok := twoRows(ws, i, one); ok {
			out = append(out, two)
		}
	}
	return out
}

// maxHeader is the longest header text, in characters.
const maxHeader = 60

// headerTexts are the row's texts, or nil when it holds fewer than three different ones.
func headerTexts(r Row) []string {
	texts, different := make([]string, len(r.Cells)), map[string]bool{}
	for i, c := range r.Cells {
		if s := c.Text(); c.Kind == CellText && len([]rune(s)) <= maxHeader {
			texts[i] = s
			different[s] = true
		}
	}
	delete(different, "")
	if len(different) < 2 {
		return nil
	}
	return texts
}

// twoRows joins a header with the row below, when the upper row groups columns (merged or blank cells in it).
func twoRows(ws Worksheet, i int, one header) (header, bool) {
	if i+1 >= len(ws.Rows) || ws.Rows[i+1].Number != ws.Rows[i].Number+1 {
		return header{}, false
	}
	upper, lower := ws.Rows[i], ws.Rows[i+1]
	n := max(len(upper.Cells), len(lower.Cells))
	two := header{row: i, end: i + 1, texts: make([]string, n), lower: make([]string, n)}
	grouped := false
	for c := range n {
		top, low := "", ""
		if c < len(one.texts) {
			top = one.texts[c]
		}
		if l := lower.Cell(c); l.Kind == CellText && !l.Above && len([]rune(l.Raw)) <= maxHeader {
			low = l.Text()
		} else if l.Kind == CellNumber {
			return header{}, false
		}
		grouped = grouped || low != "" && (top == "" || upper.Cell(c).Merged)
		two.texts[c], two.lower[c] = joinHeader(top, low), low
	}
	return two, grouped
}

func joinHeader(top, low string) string {
	switch {
	case low == "" || low == top:
		return top
	case top == "":
		return low
	}
	return top + "/" + low
}

// titleAbove joins the different texts above the header.
func titleAbove(ws Worksheet, row int) string {
	var lines []string
	seen := map[string]bool{}
	for _, r := range ws.Rows[:row] {
		for _, c := range r.Cells {
			if s := c.Text(); s != "" && !seen[s] {
				seen[s] = true
				lines = append(lines, s)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// claim is one field's wish for one column.
type claim struct{ field, col, score int }

// mapHeader gives each column to the field that fits it best, the best fits first; a field has one column and a column
// one field.
func mapHeader(h header, l Layout) Match {
	m := Match{Kind: l.Kind, Label: l.Label, layout: l}
	claims := claimsOf(h, l)
	sort.SliceStable(claims, func(i, j int) bool { return claims[i].score > claims[j].score })
	fieldDone, colDone := map[int]bool{}, map[int]bool{}
	for _, c := range claims {
		if fieldDone[c.field] || colDone[c.col] {
			continue
		}
		fieldDone[c.field], colDone[c.col] = true, true
		field := l.Columns[c.field]
		m.Columns = append(m.Columns, Mapped{field.Name, flat(h.texts[c.col]), c.col, ColumnName(c.col), c.score})
		if m.Score += c.score; !field.Common {
			m.Score += c.score
		}
	}
	sort.Slice(m.Columns, func(i, j int) bool { return m.Columns[i].Col < m.Columns[j].Col })
	for i, text := range h.texts {
		switch {
		case text == "" || colDone[i]:
		case normalHeader(text) == ProblemHeader:
			m.layout.ignored = append(m.layout.ignored, i)
		default:
			m.Extra = append(m.Extra, Mapped{Header: flat(text), Col: i, Letter: ColumnName(i)})
		}
	}
	return m
}

func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

func claimsOf(h header, l Layout) []claim {
	var out []claim
	for i, text := range h.texts {
		head := headOf(text)
		if text == "" || head.full == ProblemHeader {
			continue
		}
		var low heading
		if h.lower != nil && h.lower[i] != text {
			low = headOf(h.lower[i])
		}
		for f, c := range l.Columns {
			score := c.fit(head)
			if low.full != "" && !c.forbids(head.full) {
				score = max(score, c.fit(low)*19/20)
			}
			if score > 0 {
				out = append(out, claim{f, i, score})
			}
		}
	}
	return out
}

var (
	bracketed   = regexp.MustCompile(`\([^()]*\)?`)
	unitsBehind = regexp.MustCompile(`(?:㎡|m²|m2|元)$`)
)

// normalHeader makes header texts comparable: half-width, lower case, without spaces, colons and stars.
func normalHeader(s string) string {
	return without(strings.ToLower(core.FullToHalf(clean(s))), " \t\n\r:*'\"“”·_")
}

// without drops the characters of the set.
func without(s, set string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(set, r) {
			return -1
		}
		return r
	}, s)
}

// heading is a header text made comparable: full, and base without brackets and units.
type heading struct{ full, base string }

func headOf(text string) heading {
	full := normalHeader(text)
	base := unitsBehind.ReplaceAllString(bracketed.ReplaceAllString(full, ""), "")
	if base == "" {
		base = strings.Trim(full, "()")
	}
	return heading{full, base}
}

// refuses reports whether the header names another field: 租赁合同号 holds 租, which forbids it for the contract's number, but
// is one of its words; 联系电话(紧急) is 联系电话 only up to the bracket.
func (c Column) refuses(h heading) bool {
	rest := h.full
	if slices.Contains(c.Words, h.base) {
		rest = strings.Replace(rest, h.base, "", 1)
	}
	return c.forbids(rest)
}

func (c Column) forbids(full string) bool {
	for _, n := range c.Not {
		if strings.Contains(full, n) {
			return true
		}
	}
	return false
}

// fit scores a header text for this field: 200 and less for an equal word (earlier words more), under 140 for a word
// that is most of the header, 0 for no relation. What stands in brackets counts only against the field.
func (c Column) fit(h heading) int {
	if c.refuses(h) {
		return 0
	}
	best := 0
	for i, w := range c.Words {
		best = max(best, wordFit(h.base, h.full, w)-min(i, 30))
	}
	return best
}

// oneOf reports whether the word is one of the alternatives that the header names.
func oneOf(base, word string) bool {
	for _, part := range strings.FieldsFunc(base, func(r rune) bool { return r == '/' || r == '、' || r == '或' }) {
		if part == word {
			return true
		}
	}
	return false
}

// wordFit compares a header with one word, which may hold stars.
func wordFit(base, full, word string) int {
	if base == word || full == word {
		return 200
	}
	if len(word) > 3 && strings.ContainsAny(base, "/、或") && oneOf(base, word) {
		return 150
	}
	literal := 0
	rest := base
	for i, part := range strings.Split(word, "*") {
		at := strings.Index(rest, part)
		if at < 0 || i == 0 && strings.Contains(word, "*") && at > 0 {
			return 0
		}
		rest = rest[at+len(part):]
		literal += len([]rune(part))
	}
	length := len([]rune(base))
	if literal < 2 || literal*5 < length*2 {
		return 0
	}
	return 60 + 80*literal/length
}

var (
	yearShape    = regexp.MustCompile(`(?:^|\D)(20\d{2})\s*(?:年|[-/.]\d|$|\D)`)
	periodShape  = regexp.MustCompile(`(20\d{2})\s*年\s*(?:(\d{1,2})\s*月?\s*(?:-|~|至|到|、)\s*)?(\d{1,2})\s*月`)
	periodDigits = regexp.MustCompile(`(20\d{2})[-./](\d{1,2})(?:\D|$)`)
	readOnShape  = regexp.MustCompile(`\(?\s*(?:(20\d{2})\s*[年./-])?\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*日?\s*\)?\s*$`)
)

// dates learns year, period and reading days from the title, the sheet's name and the headers.
func (m *Match) dates(sheet string) {
	for _, s := range append(strings.Split(m.Title, "\n"), sheet) {
		s = core.FullToHalf(s)
		if y := yearShape.FindStringSubmatch(s); y != nil && m.Year == 0 {
			m.Year = atoi(y[1])
		}
		if p := periodShape.FindStringSubmatch(s); p != nil && m.Period == "" {
			m.setPeriod(p[1], p[3])
		} else if p := periodDigits.FindStringSubmatch(s); p != nil && m.Period == "" {
			m.setPeriod(p[1], p[2])
		}
	}
	m.To = m.readOn("current", m.Year)
	year := m.Year
	if m.To != "" {
		year = m.To.Time(core.China).Year()
	}
	if m.From = m.readOn("previous", year); m.From > m.To && m.To != "" {
		m.From = m.readOn("previous", year-1)
	}
}

func (m *Match) setPeriod(year, month string) {
	if p, ok, _ := ParseMonth(TextCell(year+"-"+month), 0); ok {
		m.Period = p
	}
}

// readOn is the day in the header of a reading, as in 本期读数(10.25).
func (m *Match) readOn(field string, year int) core.Date {
	c, ok := m.Column(field)
	if !ok {
		return ""
	}
	d := readOnShape.FindStringSubmatch(core.FullToHalf(c.Header))
	if d == nil {
		return ""
	}
	if d[1] != "" {
		year = atoi(d[1])
	}
	day, ok, _ := ParseDate(TextCell(d[2]+"月"+d[3]+"日"), year)
	if !ok {
		return ""
	}
	return day
}
