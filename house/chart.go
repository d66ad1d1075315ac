package house

import (
	"context"

	"huiyin/print"
	"huiyin/web/ui"
)

// Draw draws on paper the chart that a page shows: a line over periods as such, everything else as bars, a pie as bars
// with their shares. What the page leaves out, the paper does too.
func Draw(ctx context.Context, d *print.Doc, c ui.Chart) {
	p := print.Chart{Title: c.Title.Say(ctx), Unit: c.Unit.Say(ctx), Labels: c.Labels, Target: c.Target, Stacked: c.Kind == ui.Stacked, Shares: c.Kind == ui.Pie}
	for _, s := range c.Series {
		p.Series = append(p.Series, print.Series{Name: s.Name.Say(ctx), Values: s.Values})
	}
	if c.Kind == ui.Line {
		d.Trend(p)
		return
	}
	d.Bars(p)
}
