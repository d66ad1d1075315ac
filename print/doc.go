// Package print makes the papers of the office as PDF: forms with their numbers, letters, lists, three-part slips
// (三联单), with Chinese type embedded, so that they look the same on every machine.
//
// A Doc is filled from top to bottom and makes its own pages. Lengths are millimetres where the caller gives them and
// points (1/72 inch) inside. A character that the font lacks prints as 〓 and is reported by Bytes, never left blank.
package print

import (
	"errors"
	"slices"
	"strings"

	"huiyin/core"

	"github.com/signintech/gopdf"
)

const mm = 72 / 25.4

// Paper is a size of sheet.
type Paper int

// The papers of an office.
const (
	A4          Paper = iota
	A5                // half of an A4, upright
	A4Landscape       // for wide lists
	A5Landscape
	Triplet // 241 × 140 mm, half a sheet of three-part continuous paper (241-3 二等分)
)

// size in points, and the margin at the sides.
func (p Paper) size() (w, h, margin float64) {
	switch p {
	case A5:
		return 148 * mm, 210 * mm, 12 * mm
	case A4Landscape:
		return 297 * mm, 210 * mm, 15 * mm
	case A5Landscape:
		return 210 * mm, 148 * mm, 12 * mm
	case Triplet:
		return 241 * mm, 140 * mm, 16 * mm // the perforated strips take 12.7 mm each
	}
	return 210 * mm, 297 * mm, 18 * mm
}

// Align is where a text stands in its column.
type Align int

// The alignments.
const (
	Left Align = iota
	Center
	Right
)

// style is a size of type with its leading, in points.
type style struct{ size, lead float64 }

var (
	styleTitle   = style{18, 27}
	styleHeading = style{12, 20}
	styleBody    = style{10.5, 17} // 五号
	styleCell    = style{10, 15}
	styleSmall   = style{8, 11}
)

const footer = 9 * mm // kept free above the lower margin for the line with form and page

// step draws one thing on the page that the PDF is at.
type step func(*gopdf.GoPdf) error

type page struct {
	draws []step
	part  int    // pages are numbered within their part: each copy of a three-part form has its own
	foot  string // form and number, at the lower left
}

// heading is the last one set: what it drew, to take it to the next page with what it heads.
type heading struct {
	text     string
	page     *page
	draws    int // on the page before it
	from, to float64
}

// Doc is a document in the making; it belongs to one goroutine.
type Doc struct {
	paper   Paper
	lang    core.Lang
	title   string
	pages   []*page
	part    int
	foot    string
	x, w    float64 // the column that is being filled
	top     float64
	bottom  float64
	y       float64 // the next free place
	fresh   float64 // y at which nothing but a repeated head is on the page
	held    heading
	missing []rune
}

// New begins a document; lang is that of the few words the package itself sets (page numbers, 年月日).
func New(p Paper, lang core.Lang) *Doc {
	d := &Doc{paper: p, lang: lang}
	d.wholePage()
	d.newPage()
	return d
}

func (d *Doc) wholePage() {
	w, h, margin := d.paper.size()
	d.x, d.w = margin, w-2*margin
	d.top, d.bottom = margin*0.8, h-margin*0.6-footer
}

func (d *Doc) newPage() {
	d.pages = append(d.pages, &page{part: d.part, foot: d.foot})
	d.y, d.fresh = d.top, d.top
}

// Break begins a new page, unless the present one is still empty.
func (d *Doc) Break() {
	if d.y > d.fresh {
		d.newPage()
	}
}

// need begins a new page when fewer than h points are left on this one. A heading that has just been set goes along.
func (d *Doc) need(h float64) {
	if d.y+h <= d.bottom {
		return
	}
	held := d.held
	d.held = heading{}
	if held.page != d.pages[len(d.pages)-1] || held.to != d.y || held.from <= d.fresh {
		d.Break()
		return
	}
	held.page.draws, d.y = held.page.draws[:held.draws], held.from
	d.Break()
	d.Heading(held.text)
}

func (d *Doc) add(f step) {
	p := d.pages[len(d.pages)-1]
	p.draws = append(p.draws, f)
}

// clean makes text printable and remembers what the font lacks.
func (d *Doc) clean(text string) string {
	f := theFace()
	return strings.Map(func(r rune) rune {
		if r == '\n' || f.glyph(r) != 0 {
			return r
		}
		if !slices.Contains(d.missing, r) {
			d.missing = append(d.missing, r)
		}
		return geta
	}, tidy(text))
}

// lines sets text in lines for a column of w points.
func (d *Doc) lines(text string, s style, w float64) []string {
	f := theFace()
	return breakLines(d.clean(text), func(r rune) float64 { return f.width(r) * s.size }, w)
}

// line draws one line of clean text whose top is at y, within a column from x of width w.
func (d *Doc) line(text string, s style, x, y, w float64, a Align) {
	if text == "" {
		return
	}
	switch free := w - theFace().textWidth(text)*s.size; a {
	case Center:
		x += free / 2
	case Right:
		x += free
	}
	base := y + (s.lead+s.size*0.76)/2 // Chinese characters stand about 0.88 above and 0.12 below the base line
	d.add(func(pdf *gopdf.GoPdf) error {
		if err := pdf.SetFont(family, "", s.size); err != nil {
			return err
		}
		pdf.SetXY(x, base)
		return pdf.Text(text)
	})
}

func (d *Doc) rule(x1, y1, x2, y2 float64) {
	d.add(func(pdf *gopdf.GoPdf) error {
		pdf.SetLineType("solid")
		pdf.SetLineWidth(0.6)
		pdf.Line(x1, y1, x2, y2)
		return nil
	})
}

func (d *Doc) shade(x, y, w, h float64) {
	d.add(func(pdf *gopdf.GoPdf) error {
		pdf.SetGrayFill(0.94)
		pdf.RectFromUpperLeftWithStyle(x, y, w, h, "F")
		pdf.SetGrayFill(0)
		return nil
	})
}

func (d *Doc) box(x, y, w, h float64) {
	d.rule(x, y, x+w, y)
	d.rule(x, y+h, x+w, y+h)
	d.rule(x, y, x, y+h)
	d.rule(x+w, y, x+w, y+h)
}

// Missing lists the characters met so far that the font lacks.
func (d *Doc) Missing() []rune { return slices.Clone(d.missing) }

// Bytes is the finished PDF. When characters were missing the PDF is complete, with 〓 in their places, and the error
// is a *MissingError that names them; with any other error there is no PDF.
func (d *Doc) Bytes() ([]byte, error) {
	w, h, _ := d.paper.size()
	pdf := &gopdf.GoPdf{}
	pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: w, H: h}})
	pdf.SetInfo(gopdf.PdfInfo{Title: d.title, Producer: "Huiyin"})
	if err := pdf.AddTTFFontFromFontContainer(family, theFace().container); err != nil {
		return nil, err
	}
	feet := d.feet()
	for i, p := range d.pages {
		pdf.AddPage()
		for _, f := range slices.Concat(p.draws, feet[i]) {
			if err := f(pdf); err != nil {
				return nil, err
			}
		}
	}
	b, err := pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return nil, errors.New("gopdf wrote nothing")
	}
	if len(d.missing) > 0 {
		return b, &MissingError{d.Missing()}
	}
	return b, nil
}

// feet are the lines at the foot of the pages, now that the pages can be counted.
func (d *Doc) feet() [][]step {
	total, at := map[int]int{}, map[int]int{}
	for _, p := range d.pages {
		total[p.part]++
	}
	w, h, margin := d.paper.size()
	y := h - margin*0.6 - styleSmall.lead
	out := make([][]step, len(d.pages))
	for i, p := range d.pages {
		at[p.part]++
		text := core.T("第 %d 页 / 共 %d 页", "Page %d of %d", at[p.part], total[p.part]).In(d.lang)
		foot := &Doc{pages: []*page{{}}}
		foot.line(p.foot, styleSmall, margin, y, w-2*margin, Left)
		foot.line(text, styleSmall, margin, y, w-2*margin, Right)
		out[i] = foot.pages[0].draws
	}
	return out
}
