package survey

import (
	"testing"

	"huiyin/core"
)

func TestTallyCountsByHand(t *testing.T) {
	c := Content{Questions: []Question{{ID: 1, Kind: Rating, Dimension: Attitude}, {ID: 2, Kind: Matrix, Dimension: Quality, Items: []Option{{ZH: "a"}, {ZH: "b"}}}, {ID: 3, Kind: Multi, Options: []Option{{ZH: "x"}, {ZH: "y"}}}, {ID: 4, Kind: NPS}, {ID: 5, Kind: Rating}}}
	as := []Answer{
		{Building: "A", Values: Values{"q1": {"5"}, "q2.1": {"4"}, "q2.2": {"1"}, "q3": {"1", "2"}, "q4": {"10"}, "q5": {"3"}}},
		{Building: "A", Values: Values{"q1": {"3"}, "q3": {"2"}, "q4": {"6"}}},
		{Building: "B", Values: Values{"q1": {"4"}, "q2.1": {"2"}, "q4": {"9"}}},
		{Building: "B", Values: Values{"q4": {"8"}}},
	}
	got := counted(c, as, map[string]int64{"A": 4, "B": 3, "C": 3})
	if got.Invited != 10 || got.Answered != 4 || got.All != (Score{N: 7, Good: 3, Sum: 22}) {
		t.Errorf("all: %+v", got)
	}
	if r, _ := got.Response(); r != 4000 {
		t.Errorf("response %s", r)
	}
	if d := got.Dimension(Attitude); d.Score != (Score{N: 3, Good: 2, Sum: 12}) || d.Score.Mean() != 4 {
		t.Errorf("attitude %+v", d)
	}
	if d := got.Dimension(Quality); d.Score != (Score{N: 3, Good: 1, Sum: 7}) {
		t.Errorf("quality %+v", d)
	}
	if q := got.Question(3); q.N != 2 || q.Counts[0] != 1 || q.Counts[1] != 2 {
		t.Errorf("multiple choice %+v", q)
	}
	if n, ok := got.NPS(c); !ok || n != 25 { // two promoters, one detractor, of four
		t.Errorf("NPS %v", n)
	}
	if q := got.Question(2); q.Items[0] != (Score{N: 2, Good: 1, Sum: 6}) || q.N != 2 {
		t.Errorf("matrix %+v", q)
	}
	if len(got.Buildings) != 3 || got.Buildings[0].Answered != 2 || got.Buildings[0].Invited != 4 || got.Buildings[0].Score != (Score{N: 5, Good: 2, Sum: 16}) {
		t.Errorf("buildings %+v", got.Buildings)
	}
	below := got.below(Targets{Attitude: 7000, Quality: 3000, Efficiency: 9000})
	if len(below) != 1 || below[0].Name != Attitude { // 66.67 % < 70 %, 33 % > 30 %, nobody asked about efficiency
		t.Errorf("below %+v", below)
	}
	if empty := counted(c, nil, nil); empty.Answered != 0 || len(empty.Dimensions) != 0 || len(empty.below(Targets{Attitude: 9000})) != 0 {
		t.Errorf("nothing: %+v", empty)
	}
}

// A trend draws what was asked about; a mean that nobody rated is no zero.
func TestATrendDrawsWhatWasAskedAbout(t *testing.T) {
	asked := Tally{Dimensions: []Group{{Name: Quality, Score: Score{N: 2, Good: 1, Sum: 7}}}}
	if c := trendChart(Round{}, asked, []Round{{Figures: Tally{}}}); len(c.Series) != 1 || c.Series[0].Name.EN != "Quality" {
		t.Errorf("drawn: %+v", c.Series)
	}
	if got := (Score{}).meanText() + (Score{N: 2, Sum: 7}).meanText(); got != "—3.50" {
		t.Errorf("means: %s", got)
	}
}

func TestAShareIsDrawnEvenlyAndTheSameEachTime(t *testing.T) {
	var all []Member
	for i := range 100 {
		all = append(all, Member{Customer: core.ID(i + 1), Building: "A"})
	}
	r := Round{Ref: core.Ref{ID: 77}, Sample: SamplePercent, Percent: 31}
	one, two := drawn(r, all), drawn(r, all)
	if len(one) != 31 || len(all) != 100 {
		t.Fatalf("%d drawn of %d", len(one), len(all))
	}
	for i := range one {
		if one[i] != two[i] {
			t.Fatal("drawn anew it is another")
		}
	}
	if r.Ref.ID = 78; drawn(r, all)[0] == one[0] && drawn(r, all)[1] == one[1] && drawn(r, all)[2] == one[2] {
		t.Error("every survey draws the same")
	}
}
