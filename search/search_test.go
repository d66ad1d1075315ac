package search_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/search"
)

var files = []fs.FS{search.Migrations}

const here, there = core.ID(7), core.ID(8)

func anybody(string) bool { return true }

func put(t *testing.T, d *db.DB, docs ...search.Doc) {
	t.Helper()
	err := d.Write(t.Context(), func(ctx context.Context, tx db.Tx) error {
		for _, doc := range docs {
			if err := search.Put(ctx, tx, doc); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// find gives the titles, in order.
func find(t *testing.T, d *db.DB, project core.ID, perms func(string) bool, query string) (titles []string) {
	t.Helper()
	err := d.Read(t.Context(), func(ctx context.Context, tx db.Tx) error {
		hits, err := search.Find(ctx, tx, project, perms, query, 10)
		for _, h := range hits {
			titles = append(titles, h.Title)
			if h.Ref.Project != project || h.Ref.ID == 0 || h.URL == "" {
				t.Errorf("%q: hit %+v", query, h)
			}
		}
		return err
	})
	if err != nil {
		t.Fatalf("%q: %v", query, err)
	}
	return titles
}

func doc(project core.ID, kind string, id core.ID, title string) search.Doc {
	return search.Doc{Ref: core.Ref{Project: project, Kind: kind, ID: id}, Perm: kind + ".view", Title: title, URL: "/" + kind,
		At: time.Date(2026, 11, 1, 8, 0, int(id), 0, time.UTC)}
}

func office() []search.Doc {
	zhang := doc(here, "customer", 1, "张三")
	zhang.Names, zhang.Phones = []string{"张三"}, []core.Phone{"13886069977"}
	huada := doc(here, "customer", 2, "深圳市华达科技有限公司")
	huada.Names, huada.Phones = []string{"深圳市华达科技有限公司"}, []core.Phone{"075583456789-802"}
	shan := doc(here, "customer", 3, "单雄信")
	shan.Names = []string{"单雄信", "尉迟恭", "曾巩", "仇英", "吕布"}
	cq := doc(here, "customer", 4, "重庆银行(A座)")
	cq.Names = []string{"重庆银行(A座)"}
	unit := doc(here, "unit", 5, "A1203")
	unit.Codes = []string{"A1203"}
	repair := doc(here, "repair", 6, "WX-202611-0187 卫生间漏水")
	repair.Codes, repair.Words = []string{"WX-202611-0187"}, []string{"A1203 卫生间水管漏水,马桶 Toto 也坏了", "身份证 11010519491231002X"}
	return []search.Doc{zhang, huada, shan, cq, unit, repair}
}

func TestWhatFindsWhat(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		put(t, d, office()...)
		for title, queries := range map[string][]string{
			"张三":                   {"张三", "zs", "ZS", "zhangsan", "zhang san", "zhangs", "张", "9977", "13886069977", "138-8606-9977", "+86 138 8606 9977", "1388606", "6069977"},
			"深圳市华达科技有限公司":          {"华达", "华达科技", "达科", "hdkj", "HDKJ", "szhdkj", "huadakeji", "shenzhenhuada", "dkj", "深圳 科技", "83456789", "0755-83456789", "6789", "华达 6789"},
			"单雄信":                  {"shanxiongxin", "sxx", "danxiongxin", "yuchigong", "ycg", "zenggong", "qiuying", "lvbu", "lv bu"},
			"重庆银行(A座)":             {"chongqing", "chongqingyinhang", "cqyh", "重庆", "重庆 a座"},
			"A1203":                {"A1203", "a1203", "1203", "A12", "a-1203", "Ａ１２０３"},
			"WX-202611-0187 卫生间漏水": {"WX-202611-0187", "wx202611", "0187", "187", "2026110187", "漏水", "卫生间 toto", "马桶", "wx-202611-01", "水管 187"},
		} {
			for _, q := range queries {
				if got := find(t, d, here, anybody, q); !slices.Contains(got, title) {
					t.Errorf("%q finds %q, not %s", q, got, title)
				}
			}
		}
		for _, q := range []string{"", "  ", "-", "李四", "张四", "977", "漏电", "11010519491231002X", "11010519491231002x", "zhangwu", "'", `"`, "* OR", `\`, "(", "华达 9977", "有限 张三"} {
			if got := find(t, d, here, anybody, q); len(got) != 0 {
				t.Errorf("%q finds %q, want nothing", q, got)
			}
		}
		if got := find(t, d, here, anybody, "1203"); len(got) != 2 || got[0] != "A1203" {
			t.Errorf("1203 finds %q, want the unit before the repair that mentions it", got)
		}
	})
}

func TestProjectAndPermissionAreFiltered(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		other := doc(there, "customer", 9, "张三丰")
		other.Names = []string{"张三丰"}
		put(t, d, append(office(), other)...)
		if got := find(t, d, here, anybody, "张三"); !slices.Equal(got, []string{"张三"}) {
			t.Errorf("here: %q", got)
		}
		if got := find(t, d, there, anybody, "张三"); !slices.Equal(got, []string{"张三丰"}) {
			t.Errorf("there: %q", got)
		}
		units := func(perm string) bool { return perm == "unit.view" }
		if got := find(t, d, here, units, "1203"); !slices.Equal(got, []string{"A1203"}) {
			t.Errorf("who may see units only finds %q", got)
		}
		if got := find(t, d, here, func(string) bool { return false }, "1203"); len(got) != 0 {
			t.Errorf("who may see nothing finds %q", got)
		}
		open := doc(here, "notice", 11, "停水通知")
		open.Perm, open.Words = "", []string{"停水通知"}
		put(t, d, open)
		if got := find(t, d, here, units, "停水"); !slices.Equal(got, []string{"停水通知"}) {
			t.Errorf("a document for everybody: %q", got)
		}
	})
}

func TestOrder(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		title := doc(here, "customer", 1, "华达科技")
		title.Names = []string{"华达科技"}
		older, newer := doc(here, "repair", 2, "报修甲"), doc(here, "repair", 3, "报修乙")
		older.Words, newer.Words = []string{"华达科技空调"}, []string{"华达科技照明"}
		put(t, d, title, older, newer)
		if got := find(t, d, here, anybody, "华达科技"); !slices.Equal(got, []string{"华达科技", "报修乙", "报修甲"}) {
			t.Errorf("order %q, want the title first, then the newer", got)
		}
	})
}

// A firm's whole name finds those who bear it and nobody else; without its legal form it is words like any others.
func TestAWholeNameIsExact(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		var docs []search.Doc
		for i, name := range []string{"深圳市华达科技有限公司", "广州市华达科技有限公司", "深圳市华达科技有限公司南山分公司", "深圳市达科有限公司", "王伟", "王伟民"} {
			x := doc(here, "customer", core.ID(i+1), name)
			x.Names = []string{name}
			docs = append(docs, x)
		}
		put(t, d, docs...)
		for query, want := range map[string][]string{
			"深圳市华达科技有限公司":   {"深圳市华达科技有限公司"},
			"深圳市华达科技 有限公司 ": {"深圳市华达科技有限公司"},
			"珠海市华达科技有限公司":   {"深圳市华达科技有限公司南山分公司", "广州市华达科技有限公司", "深圳市华达科技有限公司"}, // nobody is called so: whoever shares the trunk
			"华达科技":          {"深圳市华达科技有限公司南山分公司", "广州市华达科技有限公司", "深圳市华达科技有限公司"},
			"王伟":            {"王伟", "王伟民"},
		} {
			if got := find(t, d, here, anybody, query); !slices.Equal(got, want) {
				t.Errorf("%s finds %q, want %q", query, got, want)
			}
		}
	})
}

func TestPutReplacesAndRemoveRemoves(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		put(t, d, office()...)
		renamed := doc(here, "customer", 1, "李四")
		renamed.Names = []string{"李四"}
		put(t, d, renamed)
		if got := find(t, d, here, anybody, "张三"); len(got) != 0 {
			t.Errorf("the old name still finds %q", got)
		}
		if got := find(t, d, here, anybody, "lisi"); !slices.Equal(got, []string{"李四"}) {
			t.Errorf("the new name finds %q", got)
		}
		renamed.Sub = "仅显示改变"
		put(t, d, renamed)
		for range 2 {
			err := d.Write(t.Context(), func(ctx context.Context, tx db.Tx) error { return search.Remove(ctx, tx, renamed.Ref) })
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := find(t, d, here, anybody, "李四"); len(got) != 0 {
			t.Errorf("removed, but %q is found", got)
		}
		put(t, d, renamed)
		if got := find(t, d, here, anybody, "李四"); len(got) != 1 {
			t.Errorf("fed again, but found %q", got)
		}
	})
}

func TestARolledBackPutLeavesNothing(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		_ = d.Write(t.Context(), func(ctx context.Context, tx db.Tx) error {
			for _, doc := range office() {
				if err := search.Put(ctx, tx, doc); err != nil {
					t.Error(err)
				}
			}
			return core.NotFound()
		})
		if got := find(t, d, here, anybody, "张三"); len(got) != 0 {
			t.Errorf("found %q", got)
		}
	})
}

func TestTokens(t *testing.T) {
	for in, want := range map[string]string{
		"卫生间漏水": "卫生 生间 间漏 漏水", "座": "座", "A座1203室": "a 座 1203 室", "WX-202611-0187": "wx2026110187 wx 202611 0187",
		"Hello, World": "hello world", "漏水 漏水": "漏水", "11010519491231002X": "", "": "",
	} {
		if got := strings.Join(search.Tokens(in), " "); got != want {
			t.Errorf("Tokens(%q) = %q, want %q", in, got, want)
		}
	}
}

// many feeds documents whose words are drawn by number, so that a word is as common as the test wants it.
func many(t *testing.T, d *db.DB, from, to int, words func(n int) string) {
	t.Helper()
	docs := make([]search.Doc, 0, to-from)
	for n := from; n < to; n++ {
		x := doc(here, "repair", core.ID(n+1), fmt.Sprintf("第%d号", n))
		x.Words = []string{words(n)}
		docs = append(docs, x)
	}
	put(t, d, docs...)
}

// A word is found newest first however common it is, among the newest documents or among old ones only.
func TestCommonAndRareWordsNewestFirst(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		const total = 1500
		every := func(k int) []string { // the titles of the ten newest documents whose number k divides
			var out []string
			for i := total - 1; i >= 0 && len(out) < 10; i-- {
				if i%k == 0 {
					out = append(out, fmt.Sprintf("第%d号", i))
				}
			}
			return out
		}
		many(t, d, 0, total, func(n int) string {
			text := "照明"
			for _, w := range []struct {
				word string
				yes  bool
			}{{"漏水", n%3 == 0}, {"空调", n%60 == 0}, {"门禁", n%500 == 0}, {"水泵", n < 700}, {"王伟华", n%250 == 0}} {
				if w.yes {
					text += "," + w.word
				}
			}
			return text
		})
		old := make([]string, 10)
		for i := range old {
			old[i] = fmt.Sprintf("第%d号", 699-i)
		}
		for query, want := range map[string][]string{
			"漏水": every(3), "空调": every(60), "门禁": every(500), "水泵": old, "照明": every(1),
			"漏水 王伟华": every(750), "王伟华 漏水": every(750), "漏水 门禁": every(1500), "空调 水泵": {"第660号", "第600号", "第540号", "第480号", "第420号", "第360号", "第300号", "第240号", "第180号", "第120号"},
		} {
			if got := find(t, d, here, anybody, query); !slices.Equal(got, want) {
				t.Errorf("%s finds %q, want %q", query, got, want)
			}
		}
		charges := func(perm string) bool { return perm == "charge.view" }
		bill := doc(here, "charge", 1, "账单")
		bill.Words, bill.At = []string{"漏水赔偿"}, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		put(t, d, bill)
		if got := find(t, d, here, charges, "漏水"); !slices.Equal(got, []string{"账单"}) {
			t.Errorf("who may see bills only finds %q", got)
		}
	})
}

// What is named exactly comes before common words, wherever it is: the stages do not mix.
func TestTheExactBeforeTheCommon(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		first, second := doc(here, "unit", 1, "A1203"), doc(here, "unit", 2, "1203室")
		first.Codes = []string{"A1203"}
		put(t, d, first, second)
		many(t, d, 10, 900, func(n int) string { return []string{"1203 停水", "照明"}[n%2] })
		got := find(t, d, here, anybody, "1203")
		if want := []string{"A1203", "1203室", "第898号", "第896号", "第894号", "第892号", "第890号", "第888号", "第886号", "第884号"}; !slices.Equal(got, want) {
			t.Errorf("1203 finds %q, want %q", got, want)
		}
	})
}

// Of four digits, the numbers that end with them come before those that have them inside.
func TestDigitsAtTheEndFirst(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		var docs []search.Doc
		for i, phone := range []core.Phone{"13800136977", "13869770001", "13900136977", "13969770002"} {
			x := doc(here, "customer", core.ID(i+1), string(phone))
			x.Phones = []core.Phone{phone}
			docs = append(docs, x)
		}
		put(t, d, docs...)
		if got, want := find(t, d, here, anybody, "6977"), []string{"13900136977", "13800136977", "13969770002", "13869770001"}; !slices.Equal(got, want) {
			t.Errorf("6977 finds %q, want %q", got, want)
		}
	})
}

// Of several words, too, those whose title begins with the query come first: when few documents have them and when many.
func TestSeveralWordsTheTitleFirst(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		title := doc(here, "customer", 1, "漏水检测站")
		title.Words = []string{"漏水检测 王伟华"}
		put(t, d, title)
		many(t, d, 10, 13, func(int) string { return "漏水 王伟华" })
		if got, want := find(t, d, here, anybody, "漏水 王伟华"), []string{"漏水检测站", "第12号", "第11号", "第10号"}; !slices.Equal(got, want) {
			t.Errorf("few: %q, want %q", got, want)
		}
		many(t, d, 13, 600, func(int) string { return "漏水 王伟华" })
		if got := find(t, d, here, anybody, "漏水 王伟华"); len(got) != 10 || got[0] != "漏水检测站" || got[1] != "第599号" {
			t.Errorf("many: %q", got)
		}
	})
}

// TestCodesInChinese: offices write 一层大堂 and 商铺12号 for units; both engines take them and find them.
func TestCodesInChinese(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		lobby, shop := doc(here, "unit", 1, "一层大堂"), doc(here, "unit", 2, "商铺12")
		lobby.Codes, shop.Codes = []string{"一层大堂"}, []string{"商铺12"}
		letter := doc(here, "letter", 3, "投函〔2026〕7号")
		letter.Codes = []string{"投函〔2026〕7号"}
		put(t, d, lobby, shop, letter)
		for query, want := range map[string]string{"一层大堂": "一层大堂", "大堂": "一层大堂", "商铺12": "商铺12", "投函〔2026〕7号": "投函〔2026〕7号"} {
			if got := find(t, d, here, anybody, query); !slices.Contains(got, want) {
				t.Errorf("%q finds %v; want %s", query, got, want)
			}
		}
	})
}

// TestTheWordIndexIsPutTogether: after many commits its segments become few, and everything is found as before.
func TestTheWordIndexIsPutTogether(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		for n := range 120 {
			one := doc(here, "repair", core.ID(n+1), fmt.Sprintf("WX-%04d", n))
			one.Words = []string{fmt.Sprintf("卫生间漏水 第%d次 %s", n, strings.Repeat("很急 ", n))}
			put(t, d, one)
		}
		before := find(t, d, here, anybody, "漏水")
		if d.Engine() == db.SQLite && segments(t, d) < 7 {
			t.Fatalf("%d segments: there is nothing to put together", segments(t, d))
		}
		for more, goOn := true, false; more; goOn = true {
			var err error
			if more, err = search.Tidy(t.Context(), d, goOn); err != nil {
				t.Fatal(err)
			}
		}
		if after := find(t, d, here, anybody, "漏水"); len(before) != 10 || !slices.Equal(before, after) {
			t.Errorf("found %v before and %v after", before, after)
		}
		if d.Engine() == db.SQLite {
			if n := segments(t, d); n > 1 {
				t.Errorf("%d segments are left", n)
			}
		}
	})
}

func segments(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.Read(t.Context(), func(ctx context.Context, tx db.Tx) (err error) {
		n, err = db.Value[int](ctx, tx, "select count(distinct segid) from search_fts_idx")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
