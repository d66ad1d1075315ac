package house

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// Kinds of report, as a Fact names those in which it stands.
const (
	ReportWeekly     = "weekly"     // 投诉周报 (C13.5)
	ReportMonthly    = "monthly"    // 投诉月报 (C13.5)
	ReportOperations = "operations" // 客户运营月报 (A3.3): customers read it, so nothing of one customer stands in it
	ReportWork       = "work"       // 客服工作报告 (B4.7)
	ReportAnalysis   = "analysis"   // 需求与满意度分析 (A8.2)
)

// Period is a span of whole local days; both ends belong to it.
type Period struct {
	From core.Date `json:"from"`
	To   core.Date `json:"to"`
}

// Times are the first instant of the period and the first after it, in a zone.
func (p Period) Times(zone *time.Location) (from, to time.Time) {
	return p.From.Time(zone), p.To.Add(1).Time(zone)
}

// Fact is what a module adds to the reports: a section of figures about a period, in the project of the context. It is
// asked for the period and once more for the one before, by which the report compares.
type Fact struct {
	Key     string   // "followup": unique among the facts of a kind of report
	Reports []string // kinds of report in which it stands
	Order   int      // among the sections; the report's own stand at 10, 20, 30 …
	Of      func(ctx context.Context, tx db.Tx, p Period) (Section, error)
}

// How a value is written.
const (
	AsCount = ""      // a number of things
	AsRate  = "rate"  // basis points
	AsMoney = "money" // 分
	AsScore = "score" // hundredths: 4.75 is 475
)

// NoValue is a rate or a score of nothing.
const NoValue int64 = -1

// Section is one part of a report. Its JSON is kept as it stood when the report was composed.
type Section struct {
	Key     string      `json:"key"`
	Title   core.Text   `json:"title"`
	Figures []Figure    `json:"figures,omitempty"`
	Tables  []Table     `json:"tables,omitempty"`
	Notes   []core.Text `json:"notes,omitempty"` // what is said in words, one line each
}

// Figure is one number with its name. Path is where its records stand, under the project: "complaint?month=2026-11".
type Figure struct {
	Key    string    `json:"key"`
	Name   core.Text `json:"name"`
	As     string    `json:"as,omitempty"`
	Value  int64     `json:"value"`
	Before *int64    `json:"before,omitempty"` // of the period before; the report fills it in
	Path   string    `json:"path,omitempty"`
}

// Table is figures by some dimension: one line a kind, a department, an hour. Chart draws its columns ("bar", "line",
// "stacked" or "pie" of the first); empty: no chart.
type Table struct {
	Key     string    `json:"key"`
	Title   core.Text `json:"title"`
	By      core.Text `json:"by"` // heads the lines' names
	Columns []Column  `json:"columns"`
	Lines   []Line    `json:"lines"`
	Chart   string    `json:"chart,omitempty"`
}

// Column heads one column of values.
type Column struct {
	Name core.Text `json:"name"`
	As   string    `json:"as,omitempty"`
}

// Line is one line of a table. Path leads to the records of its first value.
type Line struct {
	Key    string    `json:"key"`
	Name   core.Text `json:"name"`
	Values []int64   `json:"values"`
	Before *int64    `json:"before,omitempty"` // of the first value
	Path   string    `json:"path,omitempty"`
}
