package print

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"huiyin/core"

	"pgregory.net/rapid"
)

var unknown = math.NaN()

// contents is what each page of a PDF draws.
func contents(pdf []byte) (out []string) {
	for _, part := range bytes.Split(pdf, []byte("stream\n"))[1:] {
		r, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue
		}
		if text, err := io.ReadAll(r); err == nil && bytes.Contains(text, []byte(" Tf")) {
			out = append(out, string(text))
		}
	}
	return out
}

var pathPoint = regexp.MustCompile(`(-?[\d.]+) (-?[\d.]+) [ml]\b`)

func satisfaction() Chart {
	target := 85.0
	return Chart{Title: "满意率与上次比较", Unit: "%", Labels: []string{"服务态度", "工程质量", "服务效率"}, Target: &target,
		Series: []Series{{"本次", []float64{92.5, 81, unknown}}, {"上次", []float64{88.25, 100}}}}
}

func TestBarsSayWhatTheyDraw(t *testing.T) {
	d := New(A4, core.ZH)
	d.Bars(satisfaction())
	d.Bars(Chart{Title: "受理渠道", Unit: "件", Shares: true, Labels: []string{"电话", "前台", "微信"}, Series: []Series{{"受理", []float64{3, 1, 0}}}})
	d.Bars(Chart{Title: "客户类别", Unit: "件", Stacked: true, Labels: []string{"业主"}, Series: []Series{{"报修", []float64{31}}, {"投诉", []float64{11}}}})
	out := finish(t, d)
	text := inkless(out[0])
	for _, want := range []string{"满意率与上次比较本次上次目标85%", "92.5%", "88.25%", "81%", "100%", "—", "受理渠道(件)", "3(75.0%)", "1(25.0%)", "0(0.0%)", "客户类别(件)报修投诉", "31", "11", "42"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the page:\n%s", want, out[0])
		}
	}
	if n := strings.Count(text, "—"); n != 2 {
		t.Errorf("%d figures are said to be unknown, want 2 of six", n)
	}
}

// A bar is as long as its value: half of the value, half of the bar; what is negative goes the other way.
func TestBarsAreInProportion(t *testing.T) {
	c := Chart{Labels: []string{"甲", "乙", "丙"}, Series: []Series{{"", []float64{10, 5, -5}}}}
	d := New(A4, core.ZH)
	p := d.barPlan(c)
	if whole, half, other := p.at(10)-p.at(0), p.at(5)-p.at(0), p.at(0)-p.at(-5); math.Abs(whole-2*half) > 1e-6 || math.Abs(other-half) > 1e-6 || half <= 0 {
		t.Errorf("10 is %v points long, 5 %v, -5 %v", whole, half, other)
	}
	percent := satisfaction()
	percent.Series = percent.Series[:1]
	if p = d.barPlan(percent); math.Abs(p.at(50)-p.at(0)-p.w/2) > 1e-6 {
		t.Errorf("50%% is %v of %v", p.at(50)-p.at(0), p.w)
	}
}

func TestATrendHasItsPeriodsItsFiguresAndItsGaps(t *testing.T) {
	line := func(values ...float64) (string, int) {
		d := New(A4, core.EN)
		d.Trend(Chart{Title: "Complaints", Unit: "number", Labels: []string{"2026-08", "2026-09", "2026-10", "2026-11", "2026-12"}[:len(values)], Series: []Series{{"Taken", values}}})
		b, err := d.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Count(strings.Join(contents(b), ""), "1.30 w\n")
		return pages(t, b)[0], segments
	}
	text, n := line(17, 23, unknown, 5, 29)
	for _, want := range []string{"Complaints (number)", "2026-08", "2026-12", "17", "23", " 5", "29"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the page:\n%s", want, text)
		}
	}
	if n != 2 {
		t.Errorf("%d lines from point to point, want 2: the gap is not to be bridged", n)
	}
	if _, n := line(17, 23, 11, 5, 29); n != 4 {
		t.Errorf("%d lines from point to point, want 4", n)
	}
	if text, n := line(41); n != 0 || !strings.Contains(text, "41") {
		t.Errorf("one period has %d lines:\n%s", n, text)
	}
}

func TestChartsWithoutAnyFigureAreNotDrawn(t *testing.T) {
	for _, c := range []Chart{{}, {Title: "无", Labels: []string{"甲"}}, {Title: "无", Series: []Series{{"甲", []float64{1}}}},
		{Title: "无", Labels: []string{"甲", "乙"}, Series: []Series{{"", []float64{unknown, math.Inf(1)}}}}} {
		d := New(A4, core.ZH)
		y := d.y
		d.Bars(c)
		d.Trend(c)
		if out := finish(t, d); d.y != y || len(out) != 1 || strings.Contains(out[0], "无") {
			t.Errorf("%+v drew something:\n%s", c, out)
		}
	}
}

func TestAChartStaysTogetherWithItsHeading(t *testing.T) {
	for _, draw := range []func(*Doc, Chart){(*Doc).Bars, (*Doc).Trend} {
		for fill := 30; fill < 48; fill++ {
			d := New(A4, core.ZH)
			for range fill {
				d.Line("前文", Left)
			}
			d.Heading("各维度满意率")
			draw(d, satisfaction())
			d.Table([]Column{{Title: "维度"}}, [][]string{{"服务态度"}})
			for i, p := range finish(t, d) {
				if strings.Contains(p, "各维度满意率") != strings.Contains(p, "满意率与上次比较") || strings.Count(p, "各维度满意率") > 1 {
					t.Fatalf("after %d lines page %d has heading and chart apart:\n%s", fill, i+1, p)
				}
			}
		}
	}
}

func TestManyBarsGoOnUnderTheirTitle(t *testing.T) {
	c := Chart{Title: "各单元受理", Series: []Series{{"本期", nil}, {"上期", nil}}}
	for i := range 150 {
		c.Labels = append(c.Labels, fmt.Sprintf("A%04d", i))
		c.Series[0].Values = append(c.Series[0].Values, float64(i))
		c.Series[1].Values = append(c.Series[1].Values, float64(150-i))
	}
	d := New(A4, core.ZH)
	d.Bars(c)
	out := finish(t, d)
	if len(out) < 3 {
		t.Fatalf("%d pages", len(out))
	}
	for i, p := range out {
		if !strings.Contains(p, "各单元受理") || !strings.Contains(p, "上期") {
			t.Errorf("page %d lacks title or legend:\n%s", i+1, p)
		}
	}
	for _, l := range c.Labels {
		if n := strings.Count(strings.Join(out, ""), l); n != 1 {
			t.Errorf("%s is printed %d times", l, n)
		}
	}
}

func TestAScaleHasRoundFigures(t *testing.T) {
	for _, c := range []struct {
		values []float64
		unit   string
		want   string
	}{{[]float64{0, 3}, "", "0 1 2 3"}, {[]float64{17, 23}, "", "0 10 20 30"}, {[]float64{80, 92.5}, "%", "0% 25% 50% 75% 100%"}, {[]float64{0.2, 0.5}, "", "0 0.2 0.4 0.6"},
		{[]float64{-300, 1000}, "", "-500 0 500 1000"}, {[]float64{0, 0}, "", "0 1"}, {[]float64{-4}, "", "-4 -3 -2 -1 0"}, {[]float64{2e7}, "", "0 5000000 10000000 15000000 20000000"}} {
		chart, got := Chart{Unit: c.unit, Labels: make([]string, len(c.values)), Series: []Series{{"", c.values}}}, []string(nil)
		for _, v := range chart.ticks() {
			got = append(got, chart.figure(v))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v, want %s", c.values, got, c.want)
		}
	}
}

func chartOf(t *rapid.T) Chart {
	value := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-100, 100), rapid.SampledFrom([]float64{0, 1, -1, unknown, math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64}))
	word := rapid.SampledFrom([]string{"", "甲", "服务态度", "很长的名称写在这里" + strings.Repeat("而且还要长", 20), "Response rate of the survey", strings.Repeat("unbroken", 30), "两\n行", "😀"})
	c := Chart{Title: word.Draw(t, "title"), Unit: rapid.SampledFrom([]string{"", "%", "件"}).Draw(t, "unit"), Stacked: rapid.Bool().Draw(t, "stacked"), Shares: rapid.Bool().Draw(t, "shares"),
		Labels: rapid.SliceOfN(word, 0, 80).Draw(t, "labels")}
	for range rapid.IntRange(0, 9).Draw(t, "series") {
		c.Series = append(c.Series, Series{word.Draw(t, "name"), rapid.SliceOfN(value, 0, len(c.Labels)+2).Draw(t, "values")})
	}
	if rapid.Bool().Draw(t, "aims") {
		v := value.Draw(t, "target")
		c.Target = &v
	}
	return c
}

// Whatever the figures are, nothing is drawn or written outside the margins, on any paper.
func TestPropertyChartsStayOnThePage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		paper := Paper(rapid.IntRange(int(A4), int(Triplet)).Draw(t, "paper"))
		c := chartOf(t)
		d := New(paper, core.EN)
		w, h, margin := paper.size()
		top, bottom := d.top, d.bottom
		for range rapid.IntRange(0, 60).Draw(t, "before") {
			d.Line("前文", Left)
		}
		if rapid.Bool().Draw(t, "trend") {
			d.Trend(c)
		} else {
			d.Bars(c)
		}
		if d.y > bottom+12 {
			t.Fatalf("the chart ends at %v, the page at %v", d.y, bottom)
		}
		b, err := d.Bytes()
		if b == nil {
			t.Fatal(err)
		}
		for i, page := range contents(b) {
			for _, p := range pathPoint.FindAllStringSubmatch(page, -1) {
				x, err := strconv.ParseFloat(p[1], 64)
				y, err2 := strconv.ParseFloat(p[2], 64)
				if y = h - y; err != nil || err2 != nil || x < margin-1 || x > w-margin+1 || y < top-1 || y > bottom+1 {
					t.Fatalf("page %d: a line to %s: %v, %v outside %v–%v, %v–%v", i+1, p[0], x, y, margin, w-margin, top, bottom)
				}
			}
		}
	})
}

// The words too: their places are read back from the PDF.
func TestTheWordsOfChartsStayOnThePage(t *testing.T) {
	huge := Chart{Title: strings.Repeat("标题", 200), Unit: strings.Repeat("单位", 30)}
	for i := range 40 {
		huge.Labels = append(huge.Labels, strings.Repeat("很长的名称", i))
	}
	for i := range 8 {
		huge.Series = append(huge.Series, Series{strings.Repeat("系列", 20*i), nil})
		for j := range huge.Labels {
			huge.Series[i].Values = append(huge.Series[i].Values, math.Pow(-10, float64(j)))
		}
	}
	for _, paper := range []Paper{A4, A5, A4Landscape, Triplet} {
		for _, stacked := range []bool{false, true} {
			d := New(paper, core.ZH)
			huge.Stacked, huge.Shares = stacked, !stacked
			d.Bars(huge)
			d.Trend(huge)
			b, err := d.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			w, h, margin := paper.size()
			n := 0
			for _, m := range regexp.MustCompile(`<word xMin="(-?[\d.]+)" yMin="(-?[\d.]+)" xMax="(-?[\d.]+)" yMax="(-?[\d.]+)">(.*)</word>`).FindAllStringSubmatch(boxes(t, b), -1) {
				var at [4]float64
				for i := range at {
					at[i], _ = strconv.ParseFloat(m[i+1], 64)
				}
				if n++; at[0] < margin-2 || at[2] > w-margin+2 || at[1] < 0 || at[3] > h {
					t.Errorf("paper %d: %q stands at %v", paper, m[5], at)
				}
			}
			if n < 100 {
				t.Errorf("only %d words", n)
			}
		}
	}
}
