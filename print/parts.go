package print

import (
	"strings"

	"huiyin/core"

	"github.com/signintech/gopdf"
)

// Head is the upper part of a form. All but Title may be empty.
type Head struct {
	Org    string // the company or project, above the title
	Title  string
	Form   string // the form's number in the regulation: FM-GL-011-0
	Number string // the record's own number
	Mark   string // which copy this is: 客户联
}

// Head sets the upper part of a form; form and record number come again at the foot of each of its pages.
func (d *Doc) Head(h Head) {
	if d.title == "" {
		d.title = h.Title
	}
	d.foot = d.clean(join(" · ", h.Form, h.Number, h.Title, h.Mark))
	d.pages[len(d.pages)-1].foot = d.foot
	if h.Org != "" {
		d.set(h.Org, styleBody, Center)
	}
	d.set(h.Title, styleTitle, Center)
	left, right := d.clean(h.Mark), d.clean(join("  ", h.Form, label(d.lang, "编号", "No.", h.Number)))
	if left == "" && right == "" {
		d.y += 4
		return
	}
	d.line(left, styleCell, d.x, d.y, d.w, Left)
	d.line(right, styleCell, d.x, d.y, d.w, Right)
	d.y += styleCell.lead + 3
}

func label(lang core.Lang, zh, en, value string) string {
	if value == "" {
		return ""
	}
	return core.T(zh+":"+"%s", en+" %s", value).In(lang)
}

func join(sep string, words ...string) (out string) {
	for _, w := range words {
		if w != "" && out != "" {
			out += sep
		}
		out += w
	}
	return out
}

// Heading begins a section; it stays together with what follows.
func (d *Doc) Heading(text string) {
	d.need(styleHeading.lead + 3*styleBody.lead)
	p := d.pages[len(d.pages)-1]
	d.held = heading{text: text, page: p, draws: len(p.draws), from: d.y}
	d.y += 6
	d.set(text, styleHeading, Left)
	d.held.to = d.y
}

// Para sets a paragraph, or several separated by line ends.
func (d *Doc) Para(text string) { d.set(text, styleBody, Left); d.y += 4 }

// Letter sets paragraphs of a letter, each begun two characters in.
func (d *Doc) Letter(text string) {
	for p := range strings.SplitSeq(tidy(text), "\n") {
		d.set("\u3000\u3000"+p, styleBody, Left)
	}
	d.y += 4
}

// Line sets one text to the left, the middle or the right: 此致, the date, the seal.
func (d *Doc) Line(text string, a Align) { d.set(text, styleBody, a) }

// Space leaves a gap.
func (d *Doc) Space(millimetres float64) { d.y += millimetres * mm }

func (d *Doc) set(text string, s style, a Align) {
	for _, l := range d.lines(text, s, d.w) {
		d.need(s.lead)
		d.line(l, s, d.x, d.y, d.w, a)
		d.y += s.lead
	}
}

// Pair is one named value of a form. Lines is how many lines high it is at least, to write in by hand. A Pair without
// a Key takes the whole width for its value.
type Pair struct {
	Key, Value string
	Lines      int
}

// Grid sets the named values of a form in ruled rows; the pairs of a row share its width evenly. A value too long for
// the page goes on, in its own frame, on the next.
func (d *Doc) Grid(rows ...[]Pair) {
	key := d.keyWidth(rows)
	for _, r := range rows {
		if len(r) == 0 {
			continue
		}
		cells, lines, w := make([]cell, 0, 2*len(r)), 1, d.w/float64(len(r))
		for i, p := range r {
			x := d.x + float64(i)*w
			lines = max(lines, p.Lines)
			if p.Key == "" {
				cells = append(cells, d.cell(p.Value, x, w, Left))
				continue
			}
			name := d.cell(p.Key, x, key, Left)
			name.head = true
			cells = append(cells, name, d.cell(p.Value, x+key, w-key, Left))
		}
		d.row(cells, lines, nil)
	}
	d.y += 6
}

// keyWidth is that of the widest key, but at most two fifths of the narrowest pair.
func (d *Doc) keyWidth(rows [][]Pair) float64 {
	widest, limit := 0.0, d.w*0.4
	for _, r := range rows {
		for _, p := range r {
			widest = max(widest, theFace().textWidth(d.clean(p.Key))*styleCell.size)
		}
		limit = min(limit, d.w/float64(max(1, len(r)))*0.4)
	}
	return min(widest+2*pad+0.1, limit)
}

// Column is one column of a table. Width is its share of the table's width; 0 counts as 1.
type Column struct {
	Title string
	Width float64
	Align Align
}

// Table sets a ruled table; its head comes again on each page. A row shorter than the columns leaves the rest empty.
func (d *Doc) Table(cols []Column, rows [][]string) {
	titles := make([]string, len(cols))
	for i, c := range cols {
		titles[i] = c.Title
	}
	head := d.tableRow(cols, titles)
	for i := range head {
		head[i].head, head[i].align = true, Center
	}
	drawHead := func() { d.drawRow(head, 0, tallest(head), 1) }
	first := 1
	if len(rows) > 0 {
		first = min(3, tallest(d.tableRow(cols, rows[0])))
	}
	d.need(rowHeight(tallest(head)) + rowHeight(first))
	drawHead()
	for _, r := range rows {
		d.row(d.tableRow(cols, r), 1, drawHead)
	}
	d.y += 6
}

func (d *Doc) tableRow(cols []Column, texts []string) []cell {
	sum := 0.0
	for _, c := range cols {
		sum += share(c)
	}
	cells, x := make([]cell, len(cols)), d.x
	for i, c := range cols {
		w, text := d.w*share(c)/sum, ""
		if i < len(texts) {
			text = texts[i]
		}
		cells[i] = d.cell(text, x, w, c.Align)
		x += w
	}
	return cells
}

func share(c Column) float64 {
	if c.Width <= 0 {
		return 1
	}
	return c.Width
}

// Sign is a place for a signature: who signs, and what is known already.
type Sign struct {
	Label string // 客户签名
	Name  string // printed beside the label
	Date  string // empty: 年 月 日 to fill in
	Image []byte // a signature drawn on a screen, PNG; may be nil
}

// Signs sets a row of signature boxes, kept together on one page.
func (d *Doc) Signs(signs ...Sign) {
	const space = 34.0
	h := pad + 2*styleCell.lead + space + pad
	d.need(h)
	w := d.w / float64(max(1, len(signs)))
	for i, s := range signs {
		x := d.x + float64(i)*w
		d.box(x, d.y, w, h)
		d.line(d.first(join(" ", s.Label, s.Name), w), styleCell, x+pad, d.y+pad, w-2*pad, Left)
		if s.Image != nil {
			d.picture(s.Image, x+pad, d.y+pad+styleCell.lead, w-2*pad, space)
		}
		date := s.Date
		if date == "" {
			date = core.T("年   月   日", "Date:  ____-__-__").In(d.lang)
		}
		d.line(d.first(date, w), styleCell, x+pad, d.y+pad+styleCell.lead+space, w-2*pad, Right)
	}
	d.y += h + 6
}

// first sets the text in one line of a box w wide; what does not fit is cut and marked so.
func (d *Doc) first(text string, w float64) string {
	return d.oneLine(text, styleCell, w-2*pad)
}

// oneLine is the text as far as it fits into a line w wide; what does not fit is cut and marked so.
func (d *Doc) oneLine(text string, s style, w float64) string {
	lines := d.lines(text, s, w)
	if len(lines) == 1 {
		return lines[0]
	}
	return d.lines(text, s, w-s.size)[0] + "…"
}

// Copies prints the same form once for each mark (客户联, 工程联, 财务联), each on pages of its own, numbered on
// their own. C17.3.
func (d *Doc) Copies(marks []core.Text, form func(d *Doc, mark string)) {
	for _, m := range marks {
		d.Break()
		d.part++
		d.pages[len(d.pages)-1].part = d.part
		form(d, m.In(d.lang))
		d.foot = ""
	}
	d.part++
}

// Stack prints the copies one above the other on a single page, with a line to cut along, if each fits into its share
// of the page; otherwise as Copies.
func (d *Doc) Stack(marks []core.Text, form func(d *Doc, mark string)) {
	each := (d.bottom - d.top) / float64(max(1, len(marks)))
	for _, m := range marks {
		trial := New(d.paper, d.lang)
		trial.bottom = trial.top + each - 8
		if form(trial, m.In(d.lang)); len(trial.pages) > 1 || trial.y > trial.bottom {
			d.Copies(marks, form)
			return
		}
	}
	d.Break()
	d.part++
	top, bottom := d.top, d.bottom
	for i, m := range marks {
		d.y = top + float64(i)*each
		d.top, d.fresh, d.bottom = d.y, d.y, d.y+each
		if i > 0 {
			d.cutLine(d.y - 6)
		}
		form(d, m.In(d.lang))
	}
	d.top, d.bottom, d.foot = top, bottom, ""
	d.pages[len(d.pages)-1].part, d.pages[len(d.pages)-1].foot = d.part, ""
	d.y = bottom
	d.part++
}

func (d *Doc) cutLine(y float64) {
	x, w := d.x, d.w
	d.add(func(pdf *gopdf.GoPdf) error {
		pdf.SetLineType("dashed")
		pdf.SetLineWidth(0.4)
		pdf.Line(x, y, x+w, y)
		return nil
	})
}

// Check is a box, ticked or not, before its text: ☑ 已验收.
func Check(on bool, text string) string {
	if on {
		return "☑ " + text
	}
	return "□ " + text
}

// Marks are the three copies of a repair order. C17.3.
func Marks() []core.Text {
	return []core.Text{
		core.T("客户联", "Customer copy"), core.T("工程联", "Engineering copy"), core.T("财务联", "Finance copy"),
	}
}
