package ui

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"huiyin/core"
)

// Part of a bar: its share of the bar's total, its tone and what it is.
type Part struct {
	Value float64
	Tone  Tone
	Label core.Text
}

// barWidth and barHeight are the SVG units of a bar; sparkWidth and sparkHeight those of a spark.
const (
	barWidth, barHeight     = 120.0, 8.0
	sparkWidth, sparkHeight = 90.0, 20.0
)

// segment is a part as drawn.
type segment struct {
	x, width string
	tone     Tone
}

// segments lays the parts out one after the other; a part that is not zero is at least a unit wide.
func segments(total float64, parts []Part) []segment {
	out := []segment{}
	x := 0.0
	for _, p := range parts {
		if p.Value <= 0 || total <= 0 {
			continue
		}
		w := min(max(barWidth*p.Value/total, 1), barWidth-x)
		out = append(out, segment{num(x), num(w), p.Tone})
		x += w
	}
	return out
}

// barLabel says the bar in words: 按时 44,逾期 2.
func barLabel(ctx context.Context, parts []Part) string {
	var out []string
	for _, p := range parts {
		out = append(out, p.Label.Say(ctx)+" "+num(p.Value))
	}
	return strings.Join(out, core.T(",", ", ").Say(ctx))
}

// sparkPoints scales the values to the spark's box; one value is a flat line.
func sparkPoints(values []float64) string {
	if len(values) == 1 {
		values = []float64{values[0], values[0]}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	var b strings.Builder
	for i, v := range values {
		y := sparkHeight / 2
		if high > low {
			y = sparkHeight - 2 - (v-low)/(high-low)*(sparkHeight-4)
		}
		b.WriteString(num(float64(i)*sparkWidth/float64(len(values)-1)) + "," + num(y) + " ")
	}
	return strings.TrimSpace(b.String())
}

func sparkLabel(ctx context.Context, values []float64) string {
	return core.T("从 %s 到 %s", "From %s to %s", num(values[0]), num(values[len(values)-1])).Say(ctx)
}

// num writes a figure with at most two decimals and none that are zero.
func num(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }

// CellState is what a cell of the stacking plan shows: a colour, a pattern, and the words of its legend.
type CellState string

// The states of 房态图.
const (
	CellOwn      CellState = "own"      // 自用
	CellLet      CellState = "let"      // 出租
	CellVacant   CellState = "vacant"   // 空置
	CellFitout   CellState = "fitout"   // 装修
	CellArrears  CellState = "arrears"  // 欠费
	CellExpiring CellState = "expiring" // 90 天内到期
	CellAlert    CellState = "alert"    // 在办的急事
	CellClosed   CellState = "closed"   // 停用
)

// StackView is 房态图: floors from the top down, each with its cells from left to right. A click opens the cell's card in
// the element whose id is Target.
type StackView struct {
	Caption core.Text
	Legend  []LegendItem
	Floors  []Floor
	Target  string
}

// LegendItem is one state with its name.
type LegendItem struct {
	State CellState
	Label core.Text
	Count string
}

// Floor is one row.
type Floor struct {
	Label string
	Cells []UnitCell
}

// UnitCell is one unit (单元). Area is in ㎡ or any unit that is the same in the whole plan. Href is the unit's page, Card the fragment that a
// click fetches into the target.
type UnitCell struct {
	Label string
	Name  string // the full name, for who cannot see its place: A1203
	Note  core.Text
	State CellState
	Area  float64
	Href  string
	Card  string
	On    bool
}

// growSteps is the widest of the width classes in app.css: g8, g12, … g40.
const growSteps = 40

// grow maps a cell's area to a width class, in proportion to the largest cell of its floor; a cell without an area is as
// wide as the smallest.
func (f Floor) grow(c UnitCell) string {
	largest := 0.0
	for _, o := range f.Cells {
		largest = max(largest, o.Area)
	}
	if largest == 0 {
		return "g20"
	}
	n := 4 * int(math.Round(c.Area/largest*growSteps/4))
	return "g" + strconv.Itoa(min(max(n, 8), growSteps))
}

// ChartKind is the shape of a chart.
type ChartKind string

// The kinds.
const (
	Line     ChartKind = "line"
	Columnar ChartKind = "bar"
	Stacked  ChartKind = "stacked"
	Pie      ChartKind = "pie"
)

// Chart is a picture of figures, and the same figures as a table. Unit is said in the table's head: %, 元, 件.
type Chart struct {
	Kind   ChartKind
	Title  core.Text
	Unit   core.Text
	Labels []string
	Series []Series
	Links  []string // of the labels, to the records behind them; empty: none
	Target *float64 // a line that the figures should reach
}

// Empty reports whether the chart has no figure that is known.
func (c Chart) Empty() bool {
	for _, s := range c.Series {
		if slices.ContainsFunc(s.Values[:min(len(s.Values), len(c.Labels))], known) {
			return false
		}
	}
	return true
}

// Series is one row of figures, one for each label; NaN is a figure that is not known: it is not drawn, and the table
// says —.
type Series struct {
	Name   core.Text
	Values []float64
	Tone   Tone // empty: the next colour of the palette
}

// chartData is what chart.js reads.
type chartData struct {
	Kind   ChartKind   `json:"kind"`
	Labels []string    `json:"labels"`
	Series []chartLine `json:"series"`
	Unit   string      `json:"unit,omitempty"`
	Target *float64    `json:"target,omitempty"`
}

type chartLine struct {
	Name   string     `json:"name"`
	Values []*float64 `json:"values"`
	Tone   Tone       `json:"tone,omitempty"`
}

func (c Chart) json(ctx context.Context) string {
	d := chartData{Kind: c.Kind, Labels: c.Labels, Unit: c.Unit.Say(ctx), Target: c.Target}
	for _, s := range c.Series {
		line := chartLine{Name: s.Name.Say(ctx), Tone: s.Tone, Values: make([]*float64, len(s.Values))}
		for i, v := range s.Values {
			if known(v) {
				line.Values[i] = &v
			}
		}
		d.Series = append(d.Series, line)
	}
	return core.JSON(d)
}

func (c Chart) link(i int) string {
	if i >= len(c.Links) {
		return ""
	}
	return c.Links[i]
}

func (s Series) at(i int) string {
	if i >= len(s.Values) || !known(s.Values[i]) {
		return "—"
	}
	return num(s.Values[i])
}

func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
