package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"huiyin/core"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func in(lang core.Lang) context.Context {
	ctx := core.WithClock(context.Background(), func() time.Time { return noon })
	return core.WithLang(ctx, lang)
}

func draw(t *testing.T, ctx context.Context, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func two(zh, en string) core.Text { return core.T(zh, en) }

func sampleShell() Shell {
	return Shell{Title: two("维修", "Repairs"), Brand: two("回音", "Huiyin"), Todo: 3, Late: true, Flash: "OK", Demo: true, LiveURL: "/live",
		Project: &ProjectItem{Code: "a", Name: "Alpha"}, Projects: []ProjectItem{{Code: "a", Name: "Alpha", Href: "/p/a"}, {Code: "b", Name: "Beta", Href: "/p/b"}},
		User: User{Name: "Ann", Role: core.Desk.Name()}, Links: Links{TodoLive: "/todo/count"}, Here: "/p/a",
		Nav: []NavGroup{{Label: two("诉求", "Requests"), Items: []NavItem{{Label: two("维修", "Repairs"), Href: "/r", Icon: "tool", Count: "2", On: true}}}}}
}

var kinds = []core.FieldKind{"", core.KindText, core.KindLines, core.KindInt, core.KindMoney, core.KindDecimal, core.KindDate, core.KindTime,
	core.KindMonth, core.KindBool, core.KindChoice, core.KindChoices, core.KindRadio, core.KindPhone, core.KindIDNo, core.KindPassword, core.KindFile,
	core.KindPhoto, core.KindSignature, core.KindRating, core.KindHidden, core.KindRef, core.KindRows}

func sampleFields() []FieldView {
	choices := []core.Choice{{Value: "a", Label: two("甲", "First")}, {Value: "b", Label: two("乙", "Second")}}
	var out []FieldView
	for i, k := range kinds {
		name := "n" + string(k) + string(rune('a'+i))
		f := FieldView{Name: name, Label: two("名称", "Name"), Hint: two("提示", "Hint"), Kind: k, Choices: choices, Required: true, Error: two("错了", "Wrong"), Max: 20, Source: "/look"}
		if k == core.KindRows {
			part := FieldView{Name: name + ".0.item", Label: two("项目", "Item"), Required: true}
			f.Rows = [][]FieldView{{part}}
			part.Name = name + ".__i__.item"
			f.Blank = []FieldView{part}
		}
		out = append(out, f)
	}
	return out
}

// samples is one or more of every component, with English data.
func samples() map[string]templ.Component {
	refused := &core.Err{Kind: core.KindRefused, Clause: "C17.2", Text: two("未同意", "Not agreed")}
	text := templ.Raw("body")
	due := noon.Add(time.Hour)
	return map[string]templ.Component{
		"Page": Page(sampleShell(), text), "Bare": Bare(sampleShell(), text), "BareAnonymous": Bare(Shell{Brand: two("回音", "Huiyin"), Narrow: true}, text),
		"TodoBadge": TodoBadge(1, false), "Icon": Icon("tool"), "Pill": Pill(OK, two("准时", "On time")), "Clause": Clause("C1.5", "/c"), "ClausePlain": Clause("C1.5", ""),
		"Head": Head(HeadView{Title: Plain("WX-1"), Pills: []PillView{{Run, two("已派工", "Dispatched")}}, Sub: two("漏水", "Leak"), Aside: "A1203"}),
		"Card": Card(two("报修", "Request")), "Panel": Panel(PanelView{ID: "p", Title: two("报修", "Request"), Side: text, Live: "repair", LiveURL: "/x", Flush: true, Tone: Late}),
		"Live": Live("repair", "/x"), "Columns": Columns(text), "DL": DL([]Pair{{Label: two("位置", "Place"), Value: "A"}, {Label: two("人", "Who"), Body: text}}),
		"Countdown": Countdown(due, noon), "Alarm": Alarm(AlarmView{Label: two("到场", "On site"), Due: due, Now: noon, Text: two("到场", "Be there"), Clause: "D4.2", ClauseHref: "/c", Missing: two("未到", "Missing")}),
		"Actions": Actions(append(ActionsOf("/r/1", []core.Action{{Verb: "quote", Label: two("报价", "Quote"), Primary: true}, {Verb: "start", Label: two("施工", "Start"), Err: refused}}, func(c string) string { return "/clause/" + c }),
			ActionView{Label: two("改派", "Reassign"), DialogID: "d"}, ActionView{Label: two("作废", "Void"), Post: "/r/1/void", Version: "2", IdemKey: "k", Danger: true})),
		"ActionsNone": Actions(nil), "ActionsFolded": Actions(verbs("abcdefDX")), "Timeline": Timeline([]Event{{At: noon, Who: "Ann", Text: two("受理", "took it in"), Clause: "B4.3", Body: text}}),
		"Stat": Stat(two("逾期", "Overdue"), "9", Late, "/x"), "StatPlain": Stat(two("逾期", "Overdue"), "9", "", ""), "Stats": Stats(), "Grid": Grid(),
		"Empty": Empty(two("没有", "Nothing"), &Link{Label: two("新建", "New"), Href: "/new"}), "Pager": Pager("/n", "/p"), "TableWrap": TableWrap(),
		"Table": Table(TableView{Caption: two("表", "List"), Select: "id", Columns: []Column{{Label: two("条款", "Clause"), Sort: "/s", Order: "ascending"}, {Label: two("应办", "Due"), Num: true}},
			Rows: []Row{{Tone: Late, Key: "1", Label: "C1", Cells: []Cell{{Text: "C1", Href: "/c"}, {Body: text}}}}, Foot: []Cell{{Text: "Sum"}, {Text: "1"}}}),
		"TableEmpty": Table(TableView{Empty: two("没有", "Nothing")}), "Flash": Flash(Warn, two("注意", "Mind")), "Problem": Problem(refused, "/c"), "Refusal": Refusal(two("没有找到", "Not found"), core.Wrong([]core.FieldErr{{Name: "a", Text: two("甲", "A")}, {Name: "b", Text: two("乙", "B")}}), "", "/back", "/"), "ProblemInternal": Problem(errors.New("boom"), ""),
		"Dialog": Dialog("d", two("标题", "Title")), "Confirm": Confirm(ConfirmView{ID: "c", Title: two("改派", "Reassign"), Text: two("会通知", "They are told"), Danger: true, Form: FormView{Action: "/r/1/reassign"}}),
		"Attachments": Attachments([]FileView{{Name: "a.jpg", Type: "image/jpeg", Thumb: "/t", Href: "/f", At: noon, By: "Ann"}, {Name: "b.pdf", Href: "/g", Size: 2048}}),
		"Tabs":        Tabs([]Tab{{Label: two("全部", "All"), Href: "/", Count: "2", On: true}}), "Toolbar": Toolbar(), "Button": Button(Link{Label: two("新建", "New"), Href: "/n"}, true),
		"Steps":     Steps([]Step{{two("受理", "Taken in"), OK, "14:01"}, {two("施工", "Work"), Run, ""}, {two("回访", "Follow-up"), None, ""}}),
		"Form":      Form(FormView{Action: "/r", Fields: sampleFields(), Version: "3", IdemKey: "k", Cancel: "/", Multipart: true, Columns: true}),
		"FormError": Form(FormView{Action: "/r", Error: two("错了", "Wrong"), Clause: "C1", ClauseHref: "/c"}),
		"Filter":    Filter(FilterView{Action: "/r", Clear: "/r", Fields: sampleFields()[:2], More: sampleFields()[2:4]}),
		"Options":   Options([]Option{{"1", "Ann", "A1203"}}), "OptionsNone": Options(nil),
		"Bar": Bar(46, []Part{{44, OK, two("按时", "in time")}, {2, Late, two("逾期", "late")}}), "Spark": Spark([]float64{1, 3, 2}, OK), "Legend": Legend([]LegendItem{{State: CellLet, Label: two("出租", "Let"), Count: "3"}}),
		"Stack": Stack(StackView{Caption: two("房态图", "Plan"), Target: "unit", Floors: []Floor{{"26", []UnitCell{{Label: "01", Name: "A2601", Note: two("空置", "Vacant"), State: CellVacant, Area: 100, Href: "/u", Card: "/u/card", On: true}}}}}),
		"Chart": ChartFigure(Chart{Kind: Line, Title: two("比率", "Rate"), Unit: Plain("%"), Labels: []string{"Jan", "Feb"}, Series: []Series{{Name: two("维修", "Repairs"), Values: []float64{1, 2.5}}}}),
	}
}

// verbs names actions by a letter: P primary, a to i open, D dangerous, X shut.
func verbs(letters string) []ActionView {
	var out []ActionView
	for i, l := range letters {
		out = append(out, ActionView{Verb: string(l), Label: two(fmt.Sprint("做", i), fmt.Sprint("Do ", i)), Href: "/x", Primary: l == 'P', Danger: l == 'D', Disabled: l == 'X', Why: two("因为", "Because")})
	}
	return out
}

func TestFourActionsStandOpen(t *testing.T) {
	for _, c := range []struct{ acts, first, more string }{
		{"", "", ""}, {"a", "a", ""}, {"abcd", "abcd", ""}, {"abcde", "abcd", "e"}, {"abPcde", "Pabc", "de"}, {"DabPcX", "Pabc", "DX"}, {"aDX", "aDX", ""},
		{"aDXXX", "aDXX", "X"}, {"XXX", "X", "XX"}, {"X", "X", ""}, {"XaXb", "abXX", ""},
	} {
		shown, folded := "", ""
		first, more := foldActions(verbs(c.acts))
		for _, a := range first {
			shown += a.Verb
		}
		for _, a := range more {
			folded += a.Verb
		}
		if shown != c.first || folded != c.more {
			t.Errorf("%s: open %q, folded %q; want %q and %q", c.acts, shown, folded, c.first, c.more)
		}
	}
	page := draw(t, in(core.EN), Actions(verbs("abcdefDX")))
	if fold := page[strings.Index(page, "<details"):]; !strings.Contains(fold, "More (4)") || strings.Count(fold, "Because") != 4 || strings.Count(page, "Because") != 8 {
		t.Errorf("the fold: %s", fold)
	}
}

var forbidden = regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|<script>|<style|javascript:|<script[^>]*>[^<]`)

func TestNoInlineScriptOrStyle(t *testing.T) {
	for name, c := range samples() {
		for _, lang := range []core.Lang{core.ZH, core.EN} {
			if m := forbidden.FindString(draw(t, in(lang), c)); m != "" {
				t.Errorf("%s in %s: the CSP forbids %q", name, lang, m)
			}
		}
	}
}

// ownWord is the other language's name in its own word, marked with its language.
var ownWord = regexp.MustCompile(`<span lang="zh-CN">[^<]*</span>`)

func TestEnglishIsEnglish(t *testing.T) {
	for name, c := range samples() {
		page := ownWord.ReplaceAllString(draw(t, in(core.EN), c), "")
		if i := strings.IndexFunc(page, func(r rune) bool { return unicode.Is(unicode.Han, r) }); i >= 0 {
			t.Errorf("%s: Chinese in an English page: …%s", name, page[max(0, i-60):min(len(page), i+30)])
		}
	}
}

func TestLanguagesDiffer(t *testing.T) {
	same := map[string]bool{"Icon": true, "ClausePlain": true, "Live": true, "Columns": true, "Stats": true, "Grid": true, "Toolbar": true, "Options": true, "Attachments": true}
	for name, c := range samples() {
		if !same[name] && draw(t, in(core.ZH), c) == draw(t, in(core.EN), c) {
			t.Errorf("%s says the same in both languages", name)
		}
	}
}

func walk(n *html.Node, f func(*html.Node)) {
	f(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func within(n *html.Node, tag string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == tag {
			return true
		}
	}
	return false
}

// TestInputsHaveLabels: every input that is seen has a label of its own or around it, every id is unique, and what
// aria-describedby names is there.
func TestInputsHaveLabels(t *testing.T) {
	for name, c := range samples() {
		doc, err := html.Parse(strings.NewReader(draw(t, in(core.EN), c)))
		if err != nil {
			t.Fatal(err)
		}
		ids, labelled := map[string]int{}, map[string]bool{}
		walk(doc, func(n *html.Node) {
			if id := attr(n, "id"); id != "" && !within(n, "template") {
				ids[id]++
			}
			if n.Data == "label" {
				labelled[attr(n, "for")] = true
			}
		})
		for id, n := range ids {
			if n > 1 {
				t.Errorf("%s: id %q stands %d times", name, id, n)
			}
		}
		walk(doc, func(n *html.Node) {
			for _, id := range strings.Fields(attr(n, "aria-describedby")) {
				if ids[id] == 0 && !within(n, "template") {
					t.Errorf("%s: aria-describedby names %q, which is not there", name, id)
				}
			}
			seen := n.Type == html.ElementNode && (n.Data == "select" || n.Data == "textarea" || n.Data == "input" && attr(n, "type") != "hidden")
			if seen && !labelled[attr(n, "id")] && !within(n, "label") && attr(n, "aria-label") == "" {
				t.Errorf("%s: no label for <%s name=%q id=%q>", name, n.Data, attr(n, "name"), attr(n, "id"))
			}
		})
	}
}

func TestLeft(t *testing.T) {
	for _, c := range []struct {
		left   time.Duration
		zh, en string
		tone   Tone
	}{
		{6*time.Minute + 42*time.Second, "还剩 6:42", "6:42 left", Warn},
		{59*time.Minute + 59*time.Second, "还剩 59:59", "59:59 left", Warn},
		{time.Hour, "还剩 1 小时", "1 h left", Run},
		{3*time.Hour + 20*time.Minute, "还剩 3 小时 20 分", "3 h 20 min left", Run},
		{25 * time.Hour, "还剩 1 天", "1 day left", Run},
		{9*24*time.Hour + time.Minute, "还剩 9 天", "9 days left", Run},
		{0, "超时 0 分", "0 min late", Late},
		{-3*time.Minute - 59*time.Second, "超时 3 分", "3 min late", Late},
		{-50 * time.Hour, "超时 2 天", "2 days late", Late},
	} {
		got := Left(noon.Add(c.left), noon)
		if got.ZH != c.zh || got.EN != c.en {
			t.Errorf("%v: %q, %q; want %q, %q", c.left, got.ZH, got.EN, c.zh, c.en)
		}
		if tone := LeftTone(noon.Add(c.left), noon); tone != c.tone {
			t.Errorf("%v: tone %q, want %q", c.left, tone, c.tone)
		}
	}
}

func TestTermThatEndsAtMidnightEndsWithItsDay(t *testing.T) {
	ctx := core.WithProject(in(core.ZH), core.Project{Zone: time.FixedZone("", 8*3600)})
	at := func(s string) time.Time {
		when, err := time.Parse("2006-01-02 15:04 -0700", s+" +0800")
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, c := range []struct{ due, brief, full string }{
		{"2026-11-23 00:00", "24:00", "2026-11-22 24:00"}, {"2026-12-01 00:00", "11-30 24:00", "2026-11-30 24:00"},
		{"2027-01-01 00:00", "12-31 24:00", "2026-12-31 24:00"}, {"2026-11-22 23:59", "23:59", "2026-11-22 23:59"}, {"2026-11-23 00:01", "11-23 00:01", "2026-11-23 00:01"},
	} {
		if brief, full := Due(ctx, at(c.due)), DueFull(ctx, at(c.due)); brief != c.brief || full != c.full {
			t.Errorf("a term until %s is written %q and %q; want %q and %q", c.due, brief, full, c.brief, c.full)
		}
	}
}

func TestUpToSaysWhereCountingEnds(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 99: "99", core.CountMax: "99+", 5000: "99+"} {
		if got := UpTo(n); got != want {
			t.Errorf("UpTo(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCountdownCarriesDue(t *testing.T) {
	got := draw(t, in(core.ZH), Countdown(noon.Add(-3*time.Minute), noon))
	for _, want := range []string{`data-due="1795319820000"`, "p-late", "超时 3 分", `datetime="2026-11-22T03:57:00Z"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func TestClosedActionSaysWhy(t *testing.T) {
	refusal := &core.Err{Kind: core.KindRefused, Clause: "C17.2", Text: two("客户尚未同意报价", "The customer has not agreed")}
	acts := ActionsOf("/r/1", []core.Action{{Verb: "start", Label: two("开始施工", "Start"), Err: refusal}, {Verb: "quote", Label: two("报价", "Quote")}},
		func(c string) string { return "/clause/" + c })
	page := draw(t, in(core.ZH), Actions(acts))
	for _, want := range []string{`disabled aria-describedby="why-1"`, `id="why-1"`, "客户尚未同意报价", `href="/clause/C17.2"`, `href="/r/1/quote"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
	if strings.Contains(page, "/r/1/start") {
		t.Error("a closed action still leads somewhere")
	}
}

func TestFieldsOfKeepsWhatWasTyped(t *testing.T) {
	specs := []core.Spec{{Name: "phone", Kind: core.KindPhone}, {Name: "secret", Kind: core.KindPassword}, {Name: "lines", Kind: core.KindRows, Rows: []core.Spec{{Name: "item", Required: true}, {Name: "count", Kind: core.KindInt}}}}
	values := map[string][]string{"phone": {"138"}, "secret": {"hunter2"}, "lines.2.item": {"valve"}, "lines.7.item": {"pipe"}}
	err := core.Wrong([]core.FieldErr{{Name: "lines.7.count", Text: two("缺数量", "No quantity")}})
	fields := FieldsOf(specs, values, err)
	if fields[0].Value != "138" || fields[1].Value != "" {
		t.Errorf("phone %q, password %q", fields[0].Value, fields[1].Value)
	}
	rows := fields[2].Rows
	if len(rows) != 2 || rows[0][0].Value != "valve" || rows[1][0].Name != "lines.7.item" || rows[1][1].Error.EN != "No quantity" {
		t.Fatalf("rows %+v", rows)
	}
	page := draw(t, in(core.EN), Form(FormView{Action: "/x", Fields: fields}))
	if strings.Contains(page, "hunter2") {
		t.Error("a password was shown back")
	}
	if strings.Count(page, "autofocus") != 1 || !strings.Contains(page, `href="#f-lines-7-count"`) {
		t.Errorf("the first wrong field is not focused and linked once: %s", page)
	}
}

func TestOutputIsEscaped(t *testing.T) {
	evil := `"><script>alert(1)</script>`
	for name, c := range map[string]templ.Component{"Field": Field(FieldView{Name: evil, Label: Plain(evil), Value: evil, Hint: Plain(evil)}),
		"Pill": Pill(OK, Plain(evil)), "Chart": ChartFigure(Chart{Title: Plain(evil), Labels: []string{evil}}), "Flash": Flash(OK, Plain(evil))} {
		if strings.Contains(draw(t, in(core.ZH), c), "<script>") {
			t.Errorf("%s lets markup through", name)
		}
	}
	if got := draw(t, in(core.ZH), Button(Link{Label: Plain("x"), Href: "javascript:alert(1)"}, false)); strings.Contains(got, "javascript:") {
		t.Errorf("a script address got through: %s", got)
	}
}

func TestBarFillsNoMoreThanItsWidth(t *testing.T) {
	parts := segments(10, []Part{{Value: 9}, {Value: 0}, {Value: 0.01}, {Value: 5}})
	if len(parts) != 3 || parts[0].width != "108" || parts[1].width != "1" || parts[2].width != "11" {
		t.Errorf("%+v", parts)
	}
	if segments(0, []Part{{Value: 1}}) == nil || len(segments(0, []Part{{Value: 1}})) != 0 {
		t.Error("a bar of nothing is empty")
	}
	if got := sparkPoints([]float64{5}); got != "0,10 90,10" {
		t.Errorf("one value: %q", got)
	}
	if got := sparkPoints([]float64{0, 10}); got != "0,18 90,2" {
		t.Errorf("rising: %q", got)
	}
}

// TestStylesheet: under 20 KB, and every width class that grow can name is there.
func TestStylesheet(t *testing.T) {
	css, err := os.ReadFile("../static/app.css")
	if err != nil {
		t.Fatal(err)
	}
	if len(css) >= 20<<10 {
		t.Errorf("app.css has %d bytes", len(css))
	}
	f := Floor{Cells: []UnitCell{{Area: 400}}}
	for area := 0.0; area <= 400; area++ {
		if class := f.grow(UnitCell{Area: area}); !strings.Contains(string(css), "."+class+"{") {
			t.Fatalf("area %v: no class %s", area, class)
		}
	}
	if got := (Floor{}).grow(UnitCell{}); !strings.Contains(string(css), "."+got+"{") {
		t.Errorf("no class %s", got)
	}
}

func TestAssets(t *testing.T) {
	ctx := WithAssets(in(core.ZH), func(name string) string { return "/s/h4sh-" + name })
	page := draw(t, ctx, Page(sampleShell(), nil))
	for _, want := range []string{`href="/s/h4sh-app.css"`, `src="/s/h4sh-app.js"`, `href="/s/h4sh-icons.svg#i-tool"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if got := Asset(context.Background(), "app.css"); got != "/static/app.css" {
		t.Errorf("default %q", got)
	}
}
