package print

import (
	"math"
	"slices"
)

// trendPlan is where a trend stands on the page.
type trendPlan struct {
	x, w      float64
	top       float64 // of the plot
	low, high float64
	n         int // points
}

func (p trendPlan) at(i int) float64 { return p.x + p.w*(float64(i)+0.5)/float64(p.n) }

func (p trendPlan) level(v float64) float64 {
	return p.top + headroom + (1-(drawn(v)-p.low)/(p.high-p.low))*(plotHeight-headroom)
}

// Trend draws a line a series over the labels, which are periods in their order, with a figure at each point where there
// is room for it. A value that is not known breaks the line. It stays on one page with the beginning of the table that
// follows. Without a single known value it draws nothing.
func (d *Doc) Trend(c Chart) {
	if c = c.fitting(); c.empty() {
		return
	}
	c.Stacked, c.Shares = false, false
	head := d.chartHead(c, d.lineSample, func(x, y float64) { d.stroke(targetPen(), x, y+styleSmall.lead/2, x+swatch, y+styleSmall.lead/2) })
	d.need(min(head.height()+plotHeight+styleSmall.lead+chartAfter, d.bottom-d.top))
	d.drawChartHead(head)
	ticks := c.ticks()
	widest := 0.0
	for _, t := range ticks {
		widest = max(widest, theFace().textWidth(c.figure(t))*styleSmall.size)
	}
	widest = min(widest+0.1, d.w*numberRoom)
	p := trendPlan{x: d.x + widest + chartGap, top: d.y, n: len(c.Labels), low: ticks[0], high: ticks[len(ticks)-1]}
	p.w = d.x + d.w - p.x
	d.scale(c, p, ticks, widest)
	for k := len(c.Series) - 1; k >= 0; k-- { // the first over the others
		d.trendLine(c.Series[k], k, p)
	}
	d.trendFigures(c, p)
	d.y += plotHeight
	d.periods(c, p)
	d.y += styleSmall.lead + 6
}

// ticks are the round figures of the scale, from below the lowest value to above the highest.
func (c Chart) ticks() []float64 {
	low, high := c.bounds()
	step := math.Pow(10, math.Floor(math.Log10((high-low)/tickCount)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if (high-low)/(step*m) <= tickCount+1e-9 {
			step *= m
			break
		}
	}
	if c.whole() {
		step = max(1, math.Ceil(step))
	}
	var out []float64
	for i := math.Floor(low/step + 1e-9); len(out) < 2*tickCount+2; i++ {
		out = append(out, i*step)
		if i*step >= high-step*1e-9 && len(out) > 1 {
			break
		}
	}
	return out
}

// whole reports whether all values are whole numbers: then the scale has no fractions.
func (c Chart) whole() bool {
	return !slices.ContainsFunc(c.Series, func(s Series) bool {
		return slices.ContainsFunc(s.Values, func(v float64) bool { return known(v) && v != math.Trunc(v) })
	})
}

// scale draws the round figures with their lines, and the target.
func (d *Doc) scale(c Chart, p trendPlan, ticks []float64, widest float64) {
	for _, t := range ticks {
		y, line := p.level(t), pen{grey: 0.8, width: 0.4}
		if t == 0 {
			line = pen{width: 0.6}
		}
		d.stroke(line, p.x, y, p.x+p.w, y)
		d.line(d.oneLine(c.figure(t), styleSmall, widest), styleSmall, d.x, y-styleSmall.lead/2, widest, Right)
	}
	if c.Target != nil && known(*c.Target) {
		d.stroke(targetPen(), p.x, p.level(*c.Target), p.x+p.w, p.level(*c.Target))
	}
}

// trendLine draws a series from point to point where both are known.
func (d *Doc) trendLine(s Series, k int, p trendPlan) {
	for i := range p.n {
		if i > 0 && known(s.at(i)) && known(s.at(i-1)) {
			d.stroke(penOf(k), p.at(i-1), p.level(s.at(i-1)), p.at(i), p.level(s.at(i)))
		}
	}
	for i := range p.n {
		alone := !known(s.at(i-min(i, 1))) && !known(s.at(i+1))
		if known(s.at(i)) && (alone || p.n == 1 || p.w/float64(p.n) > crowded) {
			d.marker(k, p.at(i), p.level(s.at(i)))
		}
	}
}

func (d *Doc) lineSample(k int, x, y float64) {
	y += styleSmall.lead / 2
	d.stroke(penOf(k), x, y, x+swatch, y)
	d.marker(k, x+swatch/2, y)
}

// area is a rectangle on the page.
type area struct{ x, y, w, h float64 }

func (a area) meets(b area) bool {
	return a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h
}

// crossed reports whether the line between two points goes through the rectangle.
func (a area) crossed(x1, y1, x2, y2 float64) bool {
	if x2 <= a.x || x1 >= a.x+a.w { // points go from left to right
		return false
	}
	slope := (y2 - y1) / (x2 - x1)
	left, right := y1+(max(x1, a.x)-x1)*slope, y1+(min(x2, a.x+a.w)-x1)*slope
	return min(left, right) < a.y+a.h && max(left, right) > a.y
}

// onLine reports whether any line or marker of the trend goes through the rectangle.
func (c Chart) onLine(p trendPlan, a area) bool {
	for _, s := range c.Series {
		for i := range p.n {
			x, y := p.at(i), p.level(s.at(i))
			if known(s.at(i)) && a.meets(area{x - bullet, y - bullet, 2 * bullet, 2 * bullet}) {
				return true
			}
			if i > 0 && known(s.at(i)) && known(s.at(i-1)) && a.crossed(p.at(i-1), p.level(s.at(i-1)), x, y) {
				return true
			}
		}
	}
	return false
}

// fewPoints is how many points a trend may have for the figures of all its series to be written; of a longer one those of
// the first series are that no line goes through.
const fewPoints = 12

// trendFigures writes the figures above their points, or below, where no other figure stands and, if it can be, no line
// goes through; those of the first series first. The table has them all.
func (d *Doc) trendFigures(c Chart, p trendPlan) {
	var taken []area
	put := func(text string, a area) {
		taken = append(taken, a)
		d.line(text, styleSmall, a.x, a.y-(styleSmall.lead-a.h)/2, a.w+0.1, Left)
	}
	for k, s := range c.Series {
		for i := range p.n {
			text := c.figure(s.at(i))
			told := slices.ContainsFunc(c.Series[:k], func(s Series) bool { return c.figure(s.at(i)) == text })
			if !known(s.at(i)) || told || k > 0 && p.n > fewPoints {
				continue
			}
			places := slices.DeleteFunc(p.places(i, s.at(i), theFace().textWidth(text)*styleSmall.size), func(a area) bool {
				return slices.ContainsFunc(taken, a.meets)
			})
			clear := slices.IndexFunc(places, func(a area) bool { return !c.onLine(p, a) })
			switch {
			case clear >= 0:
				put(text, places[clear])
			case k == 0 && len(places) > 0 && p.n <= fewPoints:
				put(text, places[0])
			}
		}
	}
}

// places are where the figure of a point may stand: above it, below it.
func (p trendPlan) places(i int, v, w float64) []area {
	if w > p.w {
		return nil
	}
	const h = 8.0
	x, y := max(p.x, min(p.at(i)-w/2, p.x+p.w-w)), p.level(v)
	out := []area{{x, y - bullet - h - 0.5, w, h}}
	if below := y + bullet + 0.5; below+h <= p.top+plotHeight {
		out = append(out, area{x, below, w, h})
	}
	return out
}

// periods writes the labels below the plot, as many as have room.
func (d *Doc) periods(c Chart, p trendPlan) {
	widest := 0.0
	for _, l := range c.Labels {
		widest = max(widest, theFace().textWidth(d.clean(l))*styleSmall.size)
	}
	between := p.w / float64(p.n)
	limit := max(between-2, min(widest+0.1, d.w/6))
	every := max(1, int(math.Ceil((min(widest, limit)+4)/between)))
	end := math.Inf(-1)
	for i := 0; i < p.n; i += every {
		text := d.oneLine(c.Labels[i], styleSmall, limit)
		w := theFace().textWidth(text) * styleSmall.size
		x := max(d.x, min(p.at(i)-w/2, d.x+d.w-w))
		if x < end+2 { // the last one had to move in
			continue
		}
		d.line(text, styleSmall, x, d.y, w+0.1, Left)
		end = x + w
	}
}
