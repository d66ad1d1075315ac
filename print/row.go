package print

const pad = 4.0 // between a frame and its text, in points

// cell is one frame of a row with its text set in lines.
type cell struct {
	x, w  float64
	lines []string
	align Align
	head  bool // shaded
}

func (d *Doc) cell(text string, x, w float64, a Align) cell {
	return cell{x: x, w: w, lines: d.lines(text, styleCell, w-2*pad), align: a}
}

func tallest(cells []cell) int {
	n := 1
	for _, c := range cells {
		n = max(n, len(c.lines))
	}
	return n
}

func rowHeight(lines int) float64 { return float64(lines)*styleCell.lead + 2*pad }

// room is how many lines of a row fit between y and the end of the page.
func (d *Doc) room(y float64) int { return max(0, int((d.bottom-y-2*pad)/styleCell.lead)) }

// row sets cells of at least so many lines. It goes whole to the next page if it does not fit on this one, and is
// divided only if it would not fit on an empty page either. again repeats the head on each new page.
func (d *Doc) row(cells []cell, least int, again func()) {
	least = min(least, max(1, d.room(d.top)-1))
	for from, all := 0, tallest(cells); ; {
		n := all - from
		if max(n, least) <= d.room(d.y) {
			d.drawRow(cells, from, n, least)
			return
		}
		whole := from == 0 && max(n, least) <= d.room(d.fresh)
		take := min(n, d.room(d.y))
		if d.y > d.fresh && (whole || take < 2) {
			d.turn(again)
			if whole && max(n, least) > d.room(d.y) { // the repeated head leaves less room
				least = 1
			}
			continue
		}
		take = max(1, take) // an empty page takes one line, however low it is
		d.drawRow(cells, from, take, 1)
		if from += take; from >= all {
			return
		}
		d.turn(again)
	}
}

// turn begins a page with the repeated head on it.
func (d *Doc) turn(again func()) {
	d.newPage()
	if again != nil {
		again()
		d.fresh = d.y
	}
}

// drawRow draws n lines of each cell from the given one, in frames at least so many lines high.
func (d *Doc) drawRow(cells []cell, from, n, least int) {
	h := rowHeight(max(n, least))
	for _, c := range cells {
		if c.head {
			d.shade(c.x, d.y, c.w, h)
		}
	}
	for _, c := range cells {
		part := c.lines[min(from, len(c.lines)):min(from+n, len(c.lines))]
		for i, l := range part {
			d.line(l, styleCell, c.x+pad, d.y+pad+float64(i)*styleCell.lead, c.w-2*pad, c.align)
		}
		d.box(c.x, d.y, c.w, h)
	}
	d.y += h
}
