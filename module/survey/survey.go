// Package survey asks customers what they think, and sees to it that what is wrong is put right (满意度调查).
//
//   - B7.1 A year's plan names somebody responsible and is approved; then questionnaire, fieldwork, analysis and the
//     Customer Research Report (客户调研报告), which is submitted up, distributed and filed. No step is skipped.
//   - C5.2 A full satisfaction survey at least once a year. What stays below its target gets a corrective action with an
//     owner and a term: analysis, measure, done, verified, closed. A survey is not closed while an action is open.
//   - C7.10 The same survey asks for opinions: it has an open question.
//   - E5.2 It covers every project and customer, or says why not; it asks about attitude, efficiency and quality; the
//     report goes to the management, and each problem to somebody who is pressed to improve it.
//   - D5.4 Opinion forms (意见征询表) go out regularly, and meetings with merchants are minuted.
//
// A customer answers without signing in: the link holds a token of 128 bits that is computed under the firm's keys, and
// of which the database keeps only hashes. There is one answer a token, which may be changed until the survey ends. An
// answer of an anonymous survey is stored under another hash of the token than the invitation is, so that the database
// does not tell which customer gave it; results of fewer than MinGroup answers are not broken down.
package survey

import (
	"embed"
	"time"

	"huiyin/core"
	"huiyin/register"
)

// Migrations holds the tables of this module.
//
//go:embed *.sql
var Migrations embed.FS

// Kinds of survey.
const (
	Satisfaction = "satisfaction" // 满意度调查 (C5.2)
	Opinion      = "opinion"      // 意见征询 (D5.4)
)

// Dimensions of a question (E5.2); "" is none.
const (
	Attitude   = "attitude"
	Efficiency = "efficiency"
	Quality    = "quality"
)

// Kinds of question.
const (
	Rating = "rating" // 1 to 5
	Single = "single"
	Multi  = "multi"
	Matrix = "matrix" // several items, each 1 to 5
	Words  = "text"
	NPS    = "nps" // 0 to 10
)

// The states of a survey.
const (
	StateDraft       = "draft"       // 待发布
	StateOpen        = "open"        // 调查中
	StateEnded       = "ended"       // 待分析
	StateAnalysed    = "analysed"    // 报告待批
	StateApproved    = "approved"    // 待分发
	StateDistributed = "distributed" // 待归档
	StateClosed      = "closed"      // 已归档
	StateVoid        = "void"        // 已作废
)

// Samples: whom a survey asks.
const (
	SampleAll       = "all"
	SampleBuildings = "buildings"
	SamplePercent   = "percent"
)

// MinGroup is how many answers an anonymous survey must have of a building before they are shown apart, and before any
// single answer is.
const MinGroup = 3

// Kinds are the kinds of survey.
func Kinds() []core.Choice {
	return []core.Choice{{Value: Satisfaction, Label: core.T("满意度调查", "Satisfaction survey")}, {Value: Opinion, Label: core.T("意见征询", "Opinion form")}}
}

// Dimensions are those of E5.2.
func Dimensions() []core.Choice {
	return []core.Choice{{Value: Attitude, Label: core.T("服务态度", "Attitude")}, {Value: Efficiency, Label: core.T("服务效率", "Efficiency")}, {Value: Quality, Label: core.T("服务质量", "Quality")}}
}

// QuestionKinds are the kinds of question.
func QuestionKinds() []core.Choice {
	return []core.Choice{{Value: Rating, Label: core.T("评分(1–5)", "Rating (1–5)")}, {Value: Single, Label: core.T("单选", "Single choice")}, {Value: Multi, Label: core.T("多选", "Multiple choice")},
		{Value: Matrix, Label: core.T("矩阵评分", "Matrix of ratings")}, {Value: Words, Label: core.T("填空", "Open question")}, {Value: NPS, Label: core.T("推荐意愿(0–10)", "Recommendation (0–10)")}}
}

// States are the states with their names.
func States() []core.Choice {
	return []core.Choice{{Value: StateDraft, Label: core.T("待发布", "In preparation")}, {Value: StateOpen, Label: core.T("调查中", "Under way")}, {Value: StateEnded, Label: core.T("待分析", "To be analysed")},
		{Value: StateAnalysed, Label: core.T("报告待批", "Report to approve")}, {Value: StateApproved, Label: core.T("待分发", "To be distributed")}, {Value: StateDistributed, Label: core.T("待归档", "To be filed")},
		{Value: StateClosed, Label: core.T("已归档", "Filed")}, {Value: StateVoid, Label: core.T("已作废", "Voided")}}
}

// Samples are the ways to choose whom to ask.
func Samples() []core.Choice {
	return []core.Choice{{Value: SampleAll, Label: core.T("全部客户", "Every customer")}, {Value: SampleBuildings, Label: core.T("部分楼栋", "Some buildings")}, {Value: SamplePercent, Label: core.T("按比例抽样", "A share of them")}}
}

// scale says what the figures of a rating mean.
func scale() []core.Choice {
	return []core.Choice{{Value: "5", Label: core.T("很满意", "Very satisfied")}, {Value: "4", Label: core.T("满意", "Satisfied")}, {Value: "3", Label: core.T("一般", "Fair")},
		{Value: "2", Label: core.T("不满意", "Dissatisfied")}, {Value: "1", Label: core.T("很不满意", "Very dissatisfied")}}
}

// Kind is the register of surveys.
func Kind() register.Kind {
	return register.Kind{Name: "survey", Plural: "surveys", Label: core.T("满意度调查", "Surveys"), Table: "survey_round", About: about,
		Choices: map[string][]core.Choice{"sample": Samples(), "kind": Kinds()},
		Events: map[string]core.Text{"prepared": core.T("筹备调查:{title},{sample} {reason}", "prepared the survey: {title}, {sample} {reason}"), "edited": core.T("修改调查安排", "changed the arrangements"),
			"launched": core.T("发布,发出 {invited} 份邀请", "sent out with {invited} invitations"), "reminded": core.T("提醒未答 {n} 户", "reminded {n} who had not answered"), "extended": core.T("截止日改为 {end}:{reason}", "moved the end to {end}: {reason}"),
			"ended": core.T("结束:{invited} 户收回 {answered} 份", "ended with {answered} answers of {invited}"), "analysed": core.T("整理分析", "wrote the analysis"), "submitted": core.T("调研报告上报", "submitted the report"),
			"approved": core.T("调研报告获批准", "the report was approved"), "declined": core.T("调研报告退回", "the report came back"), "distributed": core.T("报告分发:{recipients}", "distributed the report: {recipients}"),
			"closed": core.T("归档:{place}", "filed: {place}"), "action": core.T("问题立项:{problem}", "opened an action: {problem}"), "voided": core.T("作废:{reason}", "voided: {reason}")}}
}

// Option is a choice of a question, or an item of a matrix.
type Option struct {
	ZH string `json:"zh"`
	EN string `json:"en,omitempty"`
}

// Text is the option in both languages.
func (o Option) Text() core.Text { return core.Text{ZH: o.ZH, EN: o.EN} }

// Question is one question. IDs are unique within a questionnaire and are never used again.
type Question struct {
	ID        int64    `json:"id"`
	Kind      string   `json:"kind"`
	Dimension string   `json:"dimension,omitempty"`
	ZH        string   `json:"zh"`
	EN        string   `json:"en,omitempty"`
	Required  bool     `json:"required,omitempty"`
	Options   []Option `json:"options,omitempty"` // of choices
	Items     []Option `json:"items,omitempty"`   // of a matrix
}

// Text is the question in both languages.
func (q Question) Text() core.Text { return core.Text{ZH: q.ZH, EN: q.EN} }

// scored reports whether the question gives ratings of satisfaction.
func (q Question) scored() bool { return q.Kind == Rating || q.Kind == Matrix }

// Content is a questionnaire as it is sent.
type Content struct {
	Title     core.Text  `json:"title"`
	Intro     core.Text  `json:"intro"`
	Questions []Question `json:"questions"`
}

// Targets are the rates of satisfaction to be reached, by dimension, in basis points; 0 is none.
type Targets struct{ Attitude, Efficiency, Quality core.Rate }

// Of is the target of a dimension.
func (t Targets) Of(dimension string) core.Rate {
	switch dimension {
	case Attitude:
		return t.Attitude
	case Efficiency:
		return t.Efficiency
	case Quality:
		return t.Quality
	}
	return 0
}

// Round is one survey of one project.
type Round struct {
	Ref         core.Ref
	Version     int64
	Number      string
	Kind        string
	Title       core.Text
	Form        core.ID // the questionnaire it was made of
	Campaign    core.ID // the firm's survey that it is part of
	Content     Content
	Anonymous   bool
	Sample      string
	Buildings   string // their names, one a line, when Sample asks some
	Percent     int64
	Reason      string // why not every customer is asked (E5.2)
	Start, End  core.Date
	Month       core.Month // of the end
	RemindDays  int64      // before the end; 0 never
	Targets     Targets
	Owner       core.ID // who is responsible (B7.1)
	OwnerName   string
	State       string
	Customers   int64 // whom the project had when it was sent
	Invited     int64
	Launched    time.Time
	Reminded    time.Time
	Ended       time.Time
	Figures     Tally // as they stood at the end
	Summary     string
	Causes      string
	Advice      string
	Analysed    time.Time
	Approved    time.Time
	Recipients  string
	Distributed time.Time
	Place       string
	Closed      time.Time
	content     string
	figures     string
}

// Full reports whether every customer was asked.
func (r Round) Full() bool { return r.Sample == SampleAll }

// Running reports whether answers are taken.
func (r Round) Running(today core.Date) bool {
	return r.State == StateOpen && r.Start <= today && today <= r.End
}
