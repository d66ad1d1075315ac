package survey

import (
	"cmp"
	"slices"
	"strconv"

	"huiyin/core"
)

// Values are what somebody answered, by the names of the inputs: "q3" of a question, "q4.2" of the second item of a
// matrix. Options count from 1.
type Values map[string][]string

// Score is a sum of ratings. Good ones are 4 and 5.
type Score struct {
	N    int64 `json:"n"`
	Good int64 `json:"good"`
	Sum  int64 `json:"sum"`
}

func (s *Score) add(v int64) {
	s.N, s.Sum = s.N+1, s.Sum+v
	if v >= 4 {
		s.Good++
	}
}

// Rate is the rate of satisfaction; ok is false when nobody rated.
func (s Score) Rate() (r core.Rate, ok bool) { return core.RateOf(s.Good, s.N) }

// Mean is the mean rating, 1 to 5; 0 when nobody rated.
func (s Score) Mean() float64 {
	if s.N == 0 {
		return 0
	}
	return float64(s.Sum) / float64(s.N)
}

// meanText is the mean with two decimals; — when nobody rated.
func (s Score) meanText() string {
	if s.N == 0 {
		return "—"
	}
	return strconv.FormatFloat(s.Mean(), 'f', 2, 64)
}

// QuestionTally is one question's figures: Counts by option (or rating 1–5, or 0–10 of NPS), Items of a matrix.
type QuestionTally struct {
	ID     int64   `json:"id"`
	N      int64   `json:"n"` // who answered it
	Score  Score   `json:"score"`
	Counts []int64 `json:"counts,omitempty"`
	Items  []Score `json:"items,omitempty"`
}

// NPS is the share of promoters (9, 10) less that of detractors (0 to 6), in points from −100 to 100.
func (q QuestionTally) NPS() float64 {
	if q.N == 0 || len(q.Counts) != 11 {
		return 0
	}
	var promoters, detractors int64
	for v, n := range q.Counts {
		switch {
		case v >= 9:
			promoters += n
		case v <= 6:
			detractors += n
		}
	}
	return float64(promoters-detractors) * 100 / float64(q.N)
}

// Group is a building's figures, or a dimension's.
type Group struct {
	Name     string `json:"name"`
	Answered int64  `json:"answered"`
	Invited  int64  `json:"invited,omitempty"`
	Score    Score  `json:"score"`
}

// Tally is a survey's figures.
type Tally struct {
	Invited    int64           `json:"invited"`
	Answered   int64           `json:"answered"`
	Paper      int64           `json:"paper,omitempty"` // of the answered, those keyed in from paper
	All        Score           `json:"all"`
	Dimensions []Group         `json:"dimensions,omitempty"`
	Questions  []QuestionTally `json:"questions,omitempty"`
	Buildings  []Group         `json:"buildings,omitempty"`
}

// Response is the rate of answers.
func (t Tally) Response() (core.Rate, bool) { return core.RateOf(t.Answered, t.Invited) }

// Dimension is the figures of one of them; zero when no question asks about it.
func (t Tally) Dimension(name string) Group {
	for _, g := range t.Dimensions {
		if g.Name == name {
			return g
		}
	}
	return Group{Name: name}
}

// Question is one question's figures.
func (t Tally) Question(id int64) QuestionTally {
	for _, q := range t.Questions {
		if q.ID == id {
			return q
		}
	}
	return QuestionTally{ID: id}
}

// NPS is the net promoter score of the first question that asks for it.
func (t Tally) NPS(c Content) (float64, bool) {
	for _, q := range c.Questions {
		if q.Kind == NPS {
			f := t.Question(q.ID)
			return f.NPS(), f.N > 0
		}
	}
	return 0, false
}

// inputs are the names under which a question is answered, with the number of the matrix's item (0: the question).
func (q Question) inputs() []string {
	if q.Kind != Matrix {
		return []string{"q" + strconv.FormatInt(q.ID, 10)}
	}
	out := make([]string, len(q.Items))
	for i := range q.Items {
		out[i] = "q" + strconv.FormatInt(q.ID, 10) + "." + strconv.Itoa(i+1)
	}
	return out
}

// counted adds everything up: a pure function of the questionnaire, the answers and how many were invited where.
func counted(c Content, answers []Answer, invited map[string]int64) Tally {
	t := Tally{Answered: int64(len(answers))}
	dims, buildings := map[string]*Group{}, map[string]*Group{}
	for _, d := range Dimensions() {
		dims[d.Value] = &Group{Name: d.Value}
	}
	for name, n := range invited {
		t.Invited += n
		buildings[name] = &Group{Name: name, Invited: n}
	}
	for _, a := range answers {
		if buildings[a.Building] == nil {
			buildings[a.Building] = &Group{Name: a.Building}
		}
		buildings[a.Building].Answered++
		if a.Keying.Paper() {
			t.Paper++
		}
	}
	for _, q := range c.Questions {
		f := q.tally(answers, func(a Answer, v int64) {
			t.All.add(v)
			buildings[a.Building].Score.add(v)
			if d := dims[q.Dimension]; d != nil {
				d.Score.add(v)
			}
		})
		if d := dims[q.Dimension]; d != nil {
			d.Answered = max(d.Answered, f.N)
		}
		t.Questions = append(t.Questions, f)
	}
	for _, d := range Dimensions() {
		if g := dims[d.Value]; g.Score.N > 0 {
			t.Dimensions = append(t.Dimensions, *g)
		}
	}
	for _, g := range buildings {
		t.Buildings = append(t.Buildings, *g)
	}
	slices.SortFunc(t.Buildings, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	return t
}

// tally counts one question; scored is told of every rating.
func (q Question) tally(answers []Answer, scored func(Answer, int64)) QuestionTally {
	f := QuestionTally{ID: q.ID}
	switch q.Kind {
	case Rating:
		f.Counts = make([]int64, 5)
	case NPS:
		f.Counts = make([]int64, 11)
	case Single, Multi:
		f.Counts = make([]int64, len(q.Options))
	case Matrix:
		f.Items, f.Counts = make([]Score, len(q.Items)), make([]int64, 5)
	}
	for _, a := range answers {
		any := false
		for i, name := range q.inputs() {
			for _, v := range a.Values[name] {
				n, err := strconv.ParseInt(v, 10, 64)
				any = true
				if q.Kind == Words || err != nil {
					continue
				}
				if slot := q.slot(n); slot >= 0 && slot < len(f.Counts) {
					f.Counts[slot]++
				}
				if q.scored() {
					f.Score.add(n)
					scored(a, n)
				}
				if q.Kind == Matrix {
					f.Items[i].add(n)
				}
			}
		}
		if any {
			f.N++
		}
	}
	return f
}

// slot is where a value is counted: options and ratings from 1, recommendation from 0.
func (q Question) slot(v int64) int {
	if q.Kind == NPS {
		return int(v)
	}
	return int(v) - 1
}

// below are the dimensions that stay under their targets.
func (t Tally) below(targets Targets) (out []Group) {
	for _, g := range t.Dimensions {
		if rate, ok := g.Score.Rate(); ok && targets.Of(g.Name) > 0 && rate < targets.Of(g.Name) {
			out = append(out, g)
		}
	}
	return out
}
