package search_test

import (
	"context"
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
