package print

import (
	"math"
	"strconv"

	"huiyin/core"
)

// Chart is figures to be drawn: of each series one value a label. It is drawn in black and greys, with patterns, so that
// a copier keeps it. A value that is NaN is not known and leaves a gap; one that is missing at the end is NaN too. There
// are six patterns: of more series the first six are drawn.
type Chart struct {
	Title   string // above; empty: none
	Unit    string // beside the title: 件, 元. Of "%" the scale goes to 100 and the figures bear the sign
	Labels  []string
	Series  []Series
	Stacked bool     // Bars: the series one after the other in one bar, with their sum; what is negative is not drawn
	Shares  bool     // Bars: each figure with its share of its series, in %
	Target  *float64 // a broken line that the figures should reach
}

// Series is one row of figures; Name stands in the legend where there is more than one.
type Series struct {
	Name   string
	Values []float64
}

// largest bounds what is drawn, so that no length overflows; the figure beside it says what it is.
const largest = 1e15

const (
	chartGap   = 4.0          // between what is written and what is drawn, in points
	chartAfter = 46.0         // kept free below a chart: the head and a row of its table
	thickness  = 7.0          // of a bar
	pitch      = 9.5          // from bar to bar of one label
	plotHeight = 40 * mm      // of a trend
	headroom   = 12.0         // above its highest value
	tickCount  = 4            // of its scale, about
	numberRoom = 1.0 / 3      // the widest share of the page for a scale's or a bar's figures
	labelRoom  = 0.38         // the widest share of the page for the labels of bars
	pageShare  = 0.8          // of an empty page a chart of bars waits for before it is divided
	swatch     = 16.0         // the sample in a legend
	bullet     = 2.2          // half a marker
	crowded    = 2*bullet + 1 // points closer than this bear no marker
)

// at is a value; NaN where there is none.
func (s Series) at(i int) float64 {
	if i >= len(s.Values) || math.IsInf(s.Values[i], 0) {
		return math.NaN()
	}
	return s.Values[i]
}

func known(v float64) bool { return !math.IsNaN(v) }

// drawn is a value within what can be drawn.
func drawn(v float64) float64 { return max(-largest, min(v, largest)) }

// mostSeries is how many can be told apart, titleLines how long a title may be.
const mostSeries, titleLines = 6, 3

// fitting leaves out the series beyond those that can be told apart.
func (c Chart) fitting() Chart {
	c.Series = c.Series[:min(len(c.Series), mostSeries)]
	return c
}

// empty reports whether there is nothing to draw.
func (c Chart) empty() bool {
	for _, s := range c.Series {
		for i := range c.Labels {
			if known(s.at(i)) {
				return false
			}
		}
	}
	return true
}

// stack is the sum of a label's values above zero.
func (c Chart) stack(i int) (sum float64) {
	for _, s := range c.Series {
		if v := s.at(i); v > 0 {
			sum += v
		}
	}
	return sum
}

// bounds are the lowest and the highest value drawn; zero is always between them.
func (c Chart) bounds() (low, high float64) {
	put := func(v float64) {
		if known(v) {
			low, high = min(low, drawn(v)), max(high, drawn(v))
		}
	}
	if c.Unit == "%" {
		high = 100
	}
	if c.Target != nil {
		put(*c.Target)
	}
	for i := range c.Labels {
		for _, s := range c.Series {
			if !c.Stacked {
				put(s.at(i))
			}
		}
		if c.Stacked {
			put(c.stack(i))
		}
	}
	if low == high {
		high = 1
	}
	return low, high
}

// figure writes a value: with at most two decimals, none that are zero; — where there is none.
func (c Chart) figure(v float64) string {
	if !known(v) {
		return "—"
	}
	text := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	if math.Abs(v) > largest {
		text = strconv.FormatFloat(v, 'g', 4, 64)
	}
	if text == "-0" {
		text = "0"
	}
	if c.Unit == "%" {
		text += "%"
	}
	return text
}

// told is what stands beside a bar: the value, and its share where shares are asked for.
func (c Chart) told(s Series, i int) string {
	text := c.figure(s.at(i))
	if !c.Shares || !known(s.at(i)) {
		return text
	}
	sum := 0.0
	for j := range c.Labels {
		if v := s.at(j); v > 0 {
			sum += v
		}
	}
	if sum <= 0 || s.at(i) < 0 {
		return text
	}
	return text + " (" + strconv.FormatFloat(s.at(i)/sum*100, 'f', 1, 64) + "%)"
}

// ---- the upper part: title and legend

// chartHead is a chart's title in lines and its legend in rows.
type chartHead struct {
	title []string
	keys  [][]legendKey
}

type legendKey struct {
	name   string
	w      float64
	sample func(x, y float64) // within swatch by styleSmall.lead
}

func (h chartHead) height() float64 {
	return float64(len(h.title))*styleBody.lead + float64(len(h.keys))*(styleSmall.lead+2)
}

// chartHead sets title and legend; sample draws how a series looks.
func (d *Doc) chartHead(c Chart, sample func(i int, x, y float64), target func(x, y float64)) chartHead {
	h, title := chartHead{}, c.Title
	if title != "" && c.Unit != "" && c.Unit != "%" {
		title = core.T("%s(%s)", "%s (%s)", title, c.Unit).In(d.lang)
	}
	if title != "" {
		h.title = d.lines(title, styleBody, d.w)
		h.title = h.title[:min(len(h.title), titleLines)]
	}
	var keys []legendKey
	if len(c.Series) > 1 {
		for i, s := range c.Series {
			keys = append(keys, legendKey{name: s.Name, sample: func(x, y float64) { sample(i, x, y) }})
		}
	}
	if c.Target != nil && known(*c.Target) {
		keys = append(keys, legendKey{core.T("目标 %s", "Target %s", c.figure(*c.Target)).In(d.lang), 0, target})
	}
	used := d.w
	for _, k := range keys {
		k.name = d.oneLine(k.name, styleSmall, d.w/2)
		if k.w = swatch + chartGap + theFace().textWidth(k.name)*styleSmall.size + 3*chartGap; used+k.w > d.w {
			h.keys, used = append(h.keys, nil), 0
		}
		h.keys[len(h.keys)-1] = append(h.keys[len(h.keys)-1], k)
		used += k.w
	}
	return h
}

func (d *Doc) drawChartHead(h chartHead) {
	for _, l := range h.title {
		d.line(l, styleBody, d.x, d.y, d.w, Left)
		d.y += styleBody.lead
	}
	for _, row := range h.keys {
		x := d.x
		for _, k := range row {
			k.sample(x, d.y)
			d.line(k.name, styleSmall, x+swatch+chartGap, d.y, k.w, Left)
			x += k.w
		}
		d.y += styleSmall.lead + 2
	}
}

// ---- bars

// barPlan is where a chart of bars stands on the page.
type barPlan struct {
	head      chartHead
	labels    float64 // the width of the labels
	x, w      float64 // of the plot
	low, high float64
	bars      int // a label
	row       float64
	widest    float64 // of the figures
}

func (p barPlan) at(v float64) float64 { return p.x + (drawn(v)-p.low)/(p.high-p.low)*p.w }

// Bars draws a horizontal bar a value, with its label before and its figure behind it. It stays on one page with the
// beginning of the table that follows; with more labels than fit on a page it goes on, under its title, on the next.
// Without a single known value it draws nothing.
func (d *Doc) Bars(c Chart) {
	if c = c.fitting(); c.empty() {
		return
	}
	p := d.barPlan(c)
	for from := 0; from < len(c.Labels); {
		left := len(c.Labels) - from
		d.need(min(p.head.height()+float64(left)*p.row+chartAfter, (d.bottom-d.top)*pageShare))
		d.drawChartHead(p.head)
		n := max(1, min(left, int((d.bottom-d.y)/p.row)))
		d.bars(c, p, from, from+n)
		from += n
		d.y += 6
		if from < len(c.Labels) {
			d.newPage()
		}
	}
}

func (d *Doc) barPlan(c Chart) barPlan {
	p := barPlan{bars: len(c.Series)}
	if c.Stacked {
		p.bars = 1
	}
	p.row = float64(p.bars)*pitch + 5
	p.low, p.high = c.bounds()
	wide := func(text string) float64 { return theFace().textWidth(d.clean(text)) * styleSmall.size }
	for i, l := range c.Labels {
		p.labels = max(p.labels, wide(l))
		for _, s := range c.Series {
			p.widest = max(p.widest, wide(c.told(s, i)))
		}
		if c.Stacked {
			p.widest = max(p.widest, wide(c.figure(c.stack(i))))
		}
	}
	p.labels, p.widest = min(p.labels+0.1, d.w*labelRoom), min(p.widest+0.1, d.w*numberRoom)
	p.x = d.x + p.labels + chartGap
	p.w = d.x + d.w - p.x - p.widest - chartGap
	p.head = d.chartHead(c, func(i int, x, y float64) { d.pattern(i, x, y+2, swatch, thickness) },
		func(x, y float64) { d.stroke(targetPen(), x, y+styleSmall.lead/2, x+swatch, y+styleSmall.lead/2) })
	return p
}

// bars draws some of the labels: first the bars, then the lines through all of them, the figures over both.
func (d *Doc) bars(c Chart, p barPlan, from, to int) {
	top, bottom := d.y, d.y+float64(to-from)*p.row
	type word struct {
		text string
		x, y float64
	}
	var words []word
	for i := from; i < to; i++ {
		y := top + float64(i-from)*p.row
		d.line(d.oneLine(c.Labels[i], styleSmall, p.labels), styleSmall, d.x, y+(p.row-styleSmall.lead)/2, p.labels, Right)
		if c.Stacked {
			d.stackedBar(c, p, i, y)
			words = append(words, word{c.figure(c.stack(i)), p.at(c.stack(i)), y + 2.5})
			continue
		}
		for k, s := range c.Series {
			v, y := s.at(i), y+2.5+float64(k)*pitch
			if !known(v) {
				words = append(words, word{c.figure(v), p.at(0), y})
				continue
			}
			d.pattern(k, min(p.at(v), p.at(0)), y+(pitch-thickness)/2, math.Abs(p.at(v)-p.at(0)), thickness)
			words = append(words, word{c.told(s, i), max(p.at(v), p.at(0)), y})
		}
	}
	d.stroke(pen{width: 0.6}, p.at(0), top, p.at(0), bottom)
	if c.Target != nil && known(*c.Target) {
		d.stroke(targetPen(), p.at(*c.Target), top, p.at(*c.Target), bottom)
	}
	for _, w := range words {
		d.plate(d.oneLine(w.text, styleSmall, p.widest), w.x+chartGap/2, w.y+(pitch-styleSmall.lead)/2)
	}
	d.y = bottom
}

// stackedBar draws a label's values one after the other, each with its figure where there is room for it.
func (d *Doc) stackedBar(c Chart, p barPlan, i int, y float64) {
	sum := 0.0
	for k, s := range c.Series {
		v := s.at(i)
		if !(v > 0) {
			continue
		}
		x, end := p.at(sum), p.at(sum+v)
		sum += v
		d.pattern(k, x, y+2.5, end-x, pitch)
		if text := c.figure(v); theFace().textWidth(text)*styleSmall.size+6 < end-x {
			w := theFace().textWidth(text) * styleSmall.size
			d.plate(text, (x+end-w)/2, y+2.5+(pitch-styleSmall.lead)/2)
		}
	}
}
