package print

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"huiyin/core"

	"pgregory.net/rapid"
)

// pages is the text of each page as a reader of the PDF finds it.
func pages(t *testing.T, pdf []byte) []string {
	t.Helper()
	return strings.Split(strings.TrimSuffix(read(t, pdf, "-layout"), "\f"), "\f")
}

// boxes is the text with the place of each word.
func boxes(t *testing.T, pdf []byte) string {
	t.Helper()
	return read(t, pdf, "-bbox")
}

func read(t *testing.T, pdf []byte, how string) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("pdftotext is missing: install the Debian package poppler-utils; without it nothing proves what the PDF says")
	}
	file := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, how, "-enc", "UTF-8", file, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext: %v: %s", err, out)
	}
	if strings.Contains(string(out), "rror") {
		t.Errorf("pdftotext complains: %s", out)
	}
	return string(out)
}

func finish(t *testing.T, d *Doc) []string {
	t.Helper()
	b, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b, []byte("%PDF-")) {
		t.Fatalf("not a PDF: %q", b[:min(20, len(b))])
	}
	return pages(t, b)
}

// inkless removes what layout may change: spaces and line ends.
func inkless(s string) string { return strings.Join(strings.Fields(s), "") }

const regulation = "第一条\u3000为规范写字楼商业客户管理,提高服务质量,特制定本制度(以下简称\u201c制度\u201d)。客服中心应在 24 小时内以书面形式答复客户;" +
	"逾期未答复的,按《考核办法》处理:扣 5 分/次,累计 3 次以上的,扣发当月绩效的 10%!Please contact the Service-Centre at service@example.com 或致电 400-820-8820。" +
	"面积 1,234.50㎡,单价 ¥3.50/㎡·月,温度 25±2℃——以上均含税……完。"

func TestNothingIsLostAtLineEnds(t *testing.T) {
	for width := 40; width <= 190; width += 10 {
		d := New(A4, core.ZH)
		d.w = float64(width) * mm
		for range 3 {
			d.Para(regulation)
		}
		text := ""
		for _, p := range finish(t, d) {
			text += p[:strings.LastIndex(p, "第")] // without the foot
		}
		if got, want := inkless(text), inkless(strings.Repeat(regulation, 3)); got != want {
			t.Errorf("at %d mm:\n got %s\nwant %s", width, got, want)
		}
	}
}

func TestLineBreaks(t *testing.T) {
	one := func(r rune) float64 {
		if r < 0x300 {
			return 0.5
		}
		return 1
	}
	for _, c := range []struct {
		name, text string
		max        float64
		want       string
	}{
		{"no full stop at the beginning", "已经修好了。请验收", 5, "已经修好|了。请验收"},
		{"no bracket at the end", "报修单\uff08加急\uff09今日", 4, "报修单|\uff08加急\uff09|今日"},
		{"no closing bracket or quote at the beginning", "他说\u201c好的\u201d。走", 3, "他说|\u201c好|的\u201d。|走"},
		{"several marks stay together", "真的吗?!)好", 3, "真的|吗?!)|好"},
		{"words stay whole", "请联系 Huiyin 客服", 5, "请联系|Huiyin 客|服"},
		{"numbers keep unit and sign", "合计¥12.50元", 3.5, "合计|¥12.50|元"},
		{"a percentage", "扣减百分之10%吗", 6, "扣减百分之|10%吗"},
		{"dashes are a pair", "甲乙丙——丁", 4, "甲乙|丙——丁"},
		{"a word too long is cut after a sign", "example.com/abcdefghijk", 7, "example.com/|abcdefghijk"},
		{"a word too long without signs", "abcdefghijklmnop", 4, "abcdefgh|ijklmnop"},
		{"spaces go at line ends only", "a b c d", 1.5, "a b|c d"},
		{"line ends", "一\n\n二", 9, "一||二"},
		{"nothing", "", 9, ""},
	} {
		if got := strings.Join(breakLines(c.text, one, c.max), "|"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// No line is too wide or begins or ends with a sign that may not stand there, and nothing but spaces goes missing.
func TestPropertyLines(t *testing.T) {
	alphabet := []rune("业主报修单完成ab1 9 \u3002\uff0c\uff08\uff09\u300a\u300b\u2014\u2026(),.%¥\u201c\u201d")
	f := theFace()
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.SampledFrom(alphabet)).Draw(t, "text"))
		limit := rapid.Float64Range(1.1, 30).Draw(t, "max")
		lines := breakLines(text, f.width, limit)
		if strings.ReplaceAll(strings.Join(lines, ""), " ", "") != strings.ReplaceAll(text, " ", "") {
			t.Fatalf("%q became %q", text, lines)
		}
		widest := 0.0
		for _, p := range pieces(text) {
			widest = max(widest, f.textWidth(strings.TrimRight(p, " ")))
		}
		for i, l := range lines {
			if f.textWidth(l) > limit+slack {
				t.Fatalf("%q is wider than %v", l, limit)
			}
			if widest > limit || i == 0 || l == "" || lines[i-1] == "" {
				continue // a forced cut may stand anywhere
			}
			first, last := []rune(l)[0], []rune(lines[i-1])
			if strings.ContainsRune(closing, first) && !strings.ContainsRune(opening, first) {
				t.Fatalf("%q begins with %c: %q", l, first, lines)
			}
			if end := last[len(last)-1]; strings.ContainsRune(opening, end) && !strings.Contains(text, string(end)+" ") {
				t.Fatalf("%q ends with %c", lines[i-1], end)
			}
		}
	})
}

func TestMissingCharactersAreReportedAndPrintVisibly(t *testing.T) {
	if got := string(Missing("𠮷野家😀和𠮷")); got != "𠮷😀" {
		t.Errorf("Missing: %q", got)
	}
	if got := Missing("物业管理费 ¥㎡°±−×÷≤≥→←✓□■☑☐ ABC\tabc\u200b\ufe0f\r\n镕喆玥昇堃翀頔䶮"); len(got) != 0 {
		t.Errorf("these should print: %q", string(got))
	}
	d := New(A5, core.ZH)
	d.Grid([]Pair{{Key: "客户", Value: "𠮷田商店😀"}})
	b, err := d.Bytes()
	var missing *MissingError
	if !errors.As(err, &missing) || string(missing.Runes) != "𠮷😀" || !strings.Contains(err.Error(), "𠮷") {
		t.Fatalf("the error is %v", err)
	}
	if text := pages(t, b)[0]; !strings.Contains(text, "〓田商店〓") {
		t.Errorf("the page says %s", text)
	}
}

func TestATablesHeadComesAgainOnEachPage(t *testing.T) {
	d := New(A4, core.ZH)
	d.Head(Head{Org: "示例物业管理处", Title: "空置物业清单", Form: "FM-GL-031-0"})
	var rows [][]string
	for i := range 120 {
		rows = append(rows, []string{fmt.Sprint(i + 1), fmt.Sprintf("A%04d", i), strings.Repeat("朝南精装修,", i%7), "88.00"})
	}
	d.Table([]Column{{"序号", 1, Center}, {"单元编号", 2, Left}, {"备注", 5, Left}, {"面积", 1.5, Right}}, rows)
	out := finish(t, d)
	if len(out) < 3 {
		t.Fatalf("%d pages", len(out))
	}
	all := strings.Join(out, "")
	for i, p := range out {
		if !strings.Contains(p, "单元编号") || !strings.Contains(p, "FM-GL-031-0") || !strings.Contains(inkless(p), fmt.Sprintf("第%d页/共%d页", i+1, len(out))) {
			t.Errorf("page %d lacks its head or foot:\n%s", i+1, p)
		}
	}
	for i := range 120 {
		if n := strings.Count(all, fmt.Sprintf("A%04d", i)); n != 1 {
			t.Errorf("row %d is printed %d times", i, n)
		}
	}
}

func TestARowTallerThanAPageGoesOn(t *testing.T) {
	long := ""
	for i := range 400 {
		long += fmt.Sprintf("第%03d句话写在这里。", i)
	}
	d := New(A5, core.ZH)
	d.Grid([]Pair{{Key: "处理经过", Value: long}}, []Pair{{Key: "备注", Lines: 500}})
	d.Table([]Column{{Title: "内容"}, {Title: "人"}}, [][]string{{long, "经办"}})
	all := ""
	for _, p := range finish(t, d) {
		all += strings.ReplaceAll(inkless(p[:strings.LastIndex(p, "第")]), "内容人", "") // without foot and head
	}
	for i := range 400 {
		if n := strings.Count(all, fmt.Sprintf("第%03d句话", i)); n != 2 {
			t.Fatalf("sentence %d is printed %d times", i, n)
		}
	}
}

func TestATableWithAHeadAsTallAsThePageEnds(t *testing.T) {
	d := New(Triplet, core.ZH)
	d.Table([]Column{{Title: strings.Repeat("很长的标题", 60), Width: 1}, {Title: "乙", Width: 20}}, [][]string{{"甲", "一"}, {"乙", "二"}})
	if n := len(finish(t, d)); n > 12 {
		t.Errorf("%d pages", n)
	}
}

func form(d *Doc, mark string) {
	d.Head(Head{Title: "维修单", Form: "FM-GL-012-0", Number: "WX-2611-0007", Mark: mark})
	d.Grid([]Pair{{Key: "业户", Value: "回音科技"}, {Key: "单元", Value: "A-1203"}}, []Pair{{Key: "故障", Value: "空调不制冷"}})
}

func TestThreePartForms(t *testing.T) {
	d := New(Triplet, core.ZH)
	d.Copies(Marks(), form)
	out := finish(t, d)
	if len(out) != 3 {
		t.Fatalf("%d pages, want a page for each copy", len(out))
	}
	for i, mark := range []string{"客户联", "工程联", "财务联"} {
		if !strings.Contains(out[i], mark) || !strings.Contains(out[i], "空调不制冷") || !strings.Contains(inkless(out[i]), "第1页/共1页") {
			t.Errorf("copy %s:\n%s", mark, out[i])
		}
	}
}

func TestStackedCopies(t *testing.T) {
	d := New(A4, core.ZH)
	d.Stack(Marks(), form)
	out := finish(t, d)
	if len(out) != 1 || strings.Count(out[0], "空调不制冷") != 3 || !strings.Contains(out[0], "财务联") {
		t.Errorf("%d pages: %s", len(out), out)
	}
	d = New(A4, core.EN)
	d.Stack(Marks(), func(d *Doc, mark string) { form(d, mark); d.Para(strings.Repeat("更换压缩机。", 150)) })
	if out := finish(t, d); len(out) != 3 || !strings.Contains(out[2], "Finance copy") || !strings.Contains(inkless(out[2]), "Page1of1") {
		t.Errorf("what does not fit must take a page each: %d pages", len(out))
	}
}

func picture(t *testing.T, kind string) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 120, 60))
	for i := range 60 {
		img.Set(2*i, i, color.NRGBA{0, 0, 120, 255})
		img.Set(2*i+1, i, color.NRGBA{0, 0, 120, 255})
	}
	var b bytes.Buffer
	var err error
	if kind == "png" {
		err = png.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesAndSignatures(t *testing.T) {
	sign, photo := picture(t, "png"), picture(t, "jpeg")
	d := New(A4, core.ZH)
	d.Image(sign, 60, 40)
	d.Photos(3, Picture{photo, "维修前"}, Picture{photo, "维修中"}, Picture{sign, "维修后"}, Picture{photo[:200], "坏的"}, Picture{nil, "没有"})
	d.Signs(Sign{Label: "客户签名", Image: sign, Date: "2026-11-22"}, Sign{Label: "维修人", Name: "王工"}, Sign{Label: strings.Repeat("很长的名称", 20)})
	b, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	text := pages(t, b)[0]
	for _, want := range []string{"维修前", "维修中", "维修后", "客户签名", "2026-11-22", "维修人 王工", "年", "…"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the page:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "图片无法显示"); n != 2 {
		t.Errorf("%d pictures are said to be unreadable, want 2", n)
	}
	if n := bytes.Count(b, []byte("/Subtype /Image")); n < 2 {
		t.Errorf("%d images in the PDF", n)
	}
}

func TestBytesMayBeAskedTwiceAndManyAtOnce(t *testing.T) {
	d := New(A4, core.ZH)
	d.Letter("尊敬的客户:\n您的投诉已处理完毕。")
	first := finish(t, d)
	if again := finish(t, d); !slices.Equal(first, again) {
		t.Errorf("the second time: %q, first %q", again, first)
	}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			d := New(A5, core.ZH)
			d.Para(fmt.Sprintf("第%d封", i))
			if _, err := d.Bytes(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func BenchmarkLetter(b *testing.B) {
	for b.Loop() {
		d := New(A4, core.ZH)
		d.Head(Head{Title: "催缴函", Form: "FM-GL-020-0"})
		d.Letter(strings.Repeat(regulation, 4))
		if _, err := d.Bytes(); err != nil {
			b.Fatal(err)
		}
	}
}
