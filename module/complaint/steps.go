package complaint

import (
	"context"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/web/ui"
)

// stepView is one of the six steps (五清楚一报告, D4.4): its verb's record makes it done.
type stepView struct {
	name core.Text
	done time.Time // zero: no record yet
	skip bool      // an ordinary complaint is not reported
}

// sixSteps are 听问跟复记报 of the case's present round.
func sixSteps(c Case) []stepView {
	ask := c.Asked
	if c.State == StateDeclined {
		ask = c.Ruled
	}
	return []stepView{{name: core.T("听", "Listen"), done: c.At}, {name: core.T("问", "Ask"), done: ask}, {name: core.T("跟", "Follow up"), done: c.Finished, skip: c.State == StateDeclined},
		{name: core.T("复", "Reply"), done: c.Replied}, {name: core.T("记", "Record"), done: recordedAt(c)}, {name: core.T("报", "Report"), done: c.Filed, skip: c.Level != Major}}
}

// recordedAt is when the customer's opinion was taken down; closing completes it.
func recordedAt(c Case) time.Time {
	if c.State == StateDeclined {
		return c.Closed
	}
	return c.Opined
}

// missingStep is the first step without a record.
func missingStep(c Case) core.Text {
	for _, s := range sixSteps(c) {
		if s.done.IsZero() && !s.skip {
			return s.name
		}
	}
	return core.Text{}
}

// stepLine draws the six steps as the page's backbone.
func stepLine(ctx context.Context, c Case) []ui.Step {
	var out []ui.Step
	running := false
	for _, s := range sixSteps(c) {
		v := ui.Step{Label: s.name, State: ui.None}
		switch {
		case !s.done.IsZero():
			v.State, v.Note = ui.OK, ui.When(ctx, s.done)
		case s.skip:
			v.Note = core.T("不需", "not needed").Say(ctx)
		case !running && c.Open:
			v.State, running = ui.Run, true
			v.Note = core.T("进行中", "now").Say(ctx)
		}
		out = append(out, v)
	}
	return out
}

// grounds are the case's grounds as a list.
func (c Case) grounds() []string {
	if c.Grounds == "" {
		return nil
	}
	return strings.Split(c.Grounds, ",")
}
