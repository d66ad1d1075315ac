package ui

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
)

// Join puts a dot between what there is.
func Join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return strings.TrimSpace(s) == "" }), " · ")
}

// Pairs collects what of a record has a value.
type Pairs struct {
	Ctx context.Context
	Out []Pair
}

// Add adds a text, unless it is empty.
func (p *Pairs) Add(zh, en, v string) {
	if core.Filled(v) {
		p.Out = append(p.Out, Pair{Label: core.Text{ZH: zh, EN: en}, Value: v})
	}
}

// Time adds a time with what belongs to it, unless it is zero.
func (p *Pairs) Time(zh, en string, t time.Time, more ...string) {
	if !t.IsZero() {
		p.Add(zh, en, Join(append([]string{Full(p.Ctx, t)}, more...)...))
	}
}

// Choice adds the name of a choice with what belongs to it, unless none was made.
func (p *Pairs) Choice(zh, en string, cs []core.Choice, v string, more ...string) {
	if v != "" {
		p.Add(zh, en, Join(append([]string{core.Label(cs, v).Say(p.Ctx)}, more...)...))
	}
}

// Money adds an amount, unless it is zero.
func (p *Pairs) Money(zh, en string, m core.Money) {
	if m != 0 {
		p.Add(zh, en, m.String())
	}
}
