package sheet

import (
	"strings"

	"github.com/xuri/excelize/v2"

	"huiyin/core"
	"huiyin/web/ui"
)

// chartWidth and chartHeight are a chart's size on a sheet, in pixels.
const chartWidth, chartHeight = 640, 340

// Chart puts a native chart beside the rows that stand on the sheet so far: names is the column that names them, values
// the columns that are drawn, all counted from 0. Cells without a value leave a gap. Without rows there is no chart. A
// sheet takes one chart.
func (e *Export) Chart(kind ui.ChartKind, title core.Text, names int, values ...int) error {
	if e.row <= e.head || len(values) == 0 {
		return nil
	}
	c := excelize.Chart{Type: excelize.Col, Title: excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: title.In(e.lang)}}}, Dimension: excelize.ChartDimension{Width: chartWidth, Height: chartHeight},
		Legend: excelize.ChartLegend{Position: "bottom"}, ShowBlanksAs: "gap"}
	switch kind {
	case ui.Line:
		c.Type = excelize.Line
	case ui.Stacked:
		c.Type = excelize.ColStacked
	case ui.Pie:
		c.Type = excelize.Pie
		c.PlotArea.ShowPercent = true
	}
	if len(values) == 1 && kind != ui.Pie {
		c.Legend.Position = "none"
	}
	for _, v := range values {
		s := excelize.ChartSeries{}
		var err error
		for _, r := range []struct {
			to       *string
			col      int
			from, up int
		}{{&s.Name, v, e.head, e.head}, {&s.Categories, names, e.head + 1, e.row}, {&s.Values, v, e.head + 1, e.row}} {
			if err == nil {
				*r.to, err = e.within(r.col, r.from, r.up)
			}
		}
		if err != nil {
			return err
		}
		c.Series = append(c.Series, s)
	}
	at, err := excelize.CoordinatesToCellName(e.columns+2, e.head)
	if err != nil {
		return err
	}
	return e.file.AddChart(e.stream.Sheet, at, &c)
}

// within is a piece of a column of the sheet, as a chart refers to it.
func (e *Export) within(col, from, to int) (string, error) {
	a, err := excelize.CoordinatesToCellName(col+1, from, true)
	if err != nil {
		return "", err
	}
	b, err := excelize.CoordinatesToCellName(col+1, to, true)
	if err != nil {
		return "", err
	}
	name := "'" + strings.ReplaceAll(e.stream.Sheet, "'", "''") + "'!" + a
	if from != to {
		name += ":" + b
	}
	return name, nil
}
