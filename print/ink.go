package print

import (
	"math"

	"github.com/signintech/gopdf"
)

// pen is how a line is drawn: grey from 0 (black) to 1 (white), width in points (0: 0.8), dash in points.
type pen struct {
	grey, width float64
	dash        []float64
}

// targetPen draws the line that the figures should reach.
func targetPen() pen { return pen{dash: []float64{4, 2.5}} }

// penOf tells the lines of a trend apart without colour.
func penOf(k int) pen {
	return []pen{{width: 1.3}, {grey: 0.45, dash: []float64{5, 2}}, {grey: 0.2, dash: []float64{1.5, 1.5}}, {grey: 0.55, width: 1.1},
		{grey: 0.3, dash: []float64{6, 2, 1.5, 2}}, {grey: 0.6, dash: []float64{2, 3}}}[k%6]
}

// stroke draws a line.
func (d *Doc) stroke(p pen, x1, y1, x2, y2 float64) {
	if p.width == 0 {
		p.width = 0.8
	}
	d.add(func(pdf *gopdf.GoPdf) error {
		pdf.SetGrayStroke(p.grey)
		pdf.SetLineWidth(p.width)
		pdf.SetLineType("solid")
		if p.dash != nil {
			pdf.SetCustomLineType(p.dash, 0)
		}
		pdf.Line(x1, y1, x2, y2)
		pdf.SetLineType("solid")
		pdf.SetGrayStroke(0)
		return nil
	})
}

// polygon draws a filled shape with a thin outline.
func (d *Doc) polygon(grey float64, points ...gopdf.Point) {
	d.add(func(pdf *gopdf.GoPdf) error {
		pdf.SetGrayFill(grey)
		pdf.SetLineType("solid")
		pdf.SetLineWidth(0.6)
		pdf.Polygon(points, "DF")
		pdf.SetGrayFill(0)
		return nil
	})
}

// pattern fills a bar of the k-th series: greys and hatchings in turn. A bar too narrow to be seen is a line.
func (d *Doc) pattern(k int, x, y, w, h float64) {
	if w < 0.6 {
		if w > 0 {
			d.stroke(pen{width: 0.6}, x, y, x, y+h)
		}
		return
	}
	grey := []float64{0.38, 1, 0.75, 1, 0.9, 0.55}[k%6]
	d.polygon(grey, gopdf.Point{X: x, Y: y}, gopdf.Point{X: x + w, Y: y}, gopdf.Point{X: x + w, Y: y + h}, gopdf.Point{X: x, Y: y + h})
	switch k % 6 {
	case 1:
		d.hatch(x, y, w, h, 3)
	case 3:
		for at := x + 2.5; at < x+w; at += 2.5 {
			d.stroke(pen{grey: 0.3, width: 0.4}, at, y, at, y+h)
		}
	case 5:
		d.hatch(x, y, w, h, 4.5)
	}
}

// hatch draws slanted lines within a rectangle.
func (d *Doc) hatch(x, y, w, h, step float64) {
	for c := step; c < w+h; c += step {
		d.stroke(pen{grey: 0.25, width: 0.4}, x+min(c, w), y+max(0, c-w), x+max(0, c-h), y+min(c, h))
	}
}

// marker draws the point of the k-th series: discs, squares, triangles and diamonds, filled and hollow.
func (d *Doc) marker(k int, x, y float64) {
	corners := []int{16, 4, 3, 4, 16, 3}[k%6]
	turn := []float64{0, math.Pi / 4, math.Pi / 2, 0, 0, -math.Pi / 2}[k%6]
	grey := []float64{0, 1, 0.2, 0.5, 1, 1}[k%6]
	points := make([]gopdf.Point, corners)
	for i := range points {
		angle := turn + 2*math.Pi*float64(i)/float64(corners)
		points[i] = gopdf.Point{X: x + bullet*math.Cos(angle), Y: y - bullet*math.Sin(angle)}
	}
	d.polygon(grey, points...)
}

// plate writes a small line on white, so that it reads over a bar or a line.
func (d *Doc) plate(text string, x, y float64) {
	if text == "" {
		return
	}
	w := theFace().textWidth(text) * styleSmall.size
	d.add(func(pdf *gopdf.GoPdf) error {
		pdf.SetGrayFill(1)
		pdf.RectFromUpperLeftWithStyle(x-1, y+1.5, w+2, styleSmall.lead-3, "F")
		pdf.SetGrayFill(0)
		return nil
	})
	d.line(text, styleSmall, x, y, w+0.1, Left)
}
