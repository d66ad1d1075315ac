package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/search"
)

// randomDoc is like the documents of an office: a fifth customers, the rest repairs and bills that repeat common words.
func randomDoc(r *rand.Rand, project core.ID, n int) search.Doc {
	pick := func(s string) string { runes := []rune(s); return string(runes[r.IntN(len(runes))]) }
	const family, given, trade = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰", "华达科创新宏远天信盛海通和润金恒泰安东南中"
	room := fmt.Sprintf("%s%02d%02d", pick("ABCD"), 1+r.IntN(40), 1+r.IntN(20))
	person := pick(family) + pick(given) + pick(given)
	firm := "深圳市" + pick(trade) + pick(trade) + pick(trade) + "科技有限公司"
	phone := core.Phone(fmt.Sprintf("13%09d", r.IntN(1e9)))
	d := doc(project, []string{"repair", "repair", "charge", "charge", "customer"}[n%5], core.ID(n+1), firm)
	switch d.Ref.Kind {
	case "customer":
		d.Names, d.Phones, d.Codes = []string{firm, person}, []core.Phone{phone}, []string{room}
	case "repair":
		code := fmt.Sprintf("WX-2026%02d-%04d", 1+n%12, n%10000)
		d.Title, d.Codes = code+" 报修", []string{code, room}
		d.Phones, d.Words = []core.Phone{phone}, []string{"卫生间" + pick("水电气门") + pick("管路阀锁") + "漏水需要维修,请尽快安排师傅上门处理", firm, person}
	default:
		d.Title, d.Codes, d.Words = room+" 物业管理费", []string{room}, []string{"2026年11月物业管理费", firm}
	}
	return d
}

func fill(t testing.TB, d *db.DB, r *rand.Rand, total int) {
	t.Helper()
	for from := 0; from < total; from += 5000 {
		err := d.Write(t.Context(), func(ctx context.Context, tx db.Tx) error {
			for n := from; n < min(from+5000, total); n++ {
				if err := search.Put(ctx, tx, randomDoc(r, here, n)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkOffice feeds SEARCH_DOCS documents (20,000 unless set), then measures one Put in a Write of its own and the
// queries of a day's work; each reports its 95th percentile.
func BenchmarkOffice(b *testing.B) {
	total := 20_000
	if n, err := strconv.Atoi(os.Getenv("SEARCH_DOCS")); err == nil {
		total = n
	}
	for _, e := range dbtest.Engines() {
		d := dbtest.Open(b, dbtest.Config(b, e, files...))
		r := rand.New(rand.NewPCG(1, 2))
		start := time.Now()
		fill(b, d, r, total)
		b.Logf("%s: %d documents fed in bulk, %v each", e, total, time.Since(start)/time.Duration(total))
		next := total
		b.Run(string(e)+"/put", func(b *testing.B) {
			var inside time.Duration
			p95(b, func() error {
				next++
				doc := randomDoc(r, here, next)
				return d.Write(b.Context(), func(ctx context.Context, tx db.Tx) error {
					defer func(begin time.Time) { inside += time.Since(begin) }(time.Now())
					return search.Put(ctx, tx, doc)
				})
			})
			b.ReportMetric(float64(inside.Microseconds())/float64(b.N), "µs-without-commit")
		})
		for _, query := range []string{"王伟华", "华达", "科技有限公司", "hdkj", "wangwei", "wang", "A1203", "1203", "WX-202611-0187", "0187", "8606", "1388606", "漏水", "王", "漏水 王伟", "物业管理费 A12", "没有的词"} {
			b.Run(string(e)+"/find/"+query, func(b *testing.B) { benchFind(b, d, anybody, query) })
		}
		b.Run(string(e)+"/find as cashier/漏水", func(b *testing.B) {
			benchFind(b, d, func(p string) bool { return p == "charge.view" }, "漏水")
		})
	}
}

func benchFind(b *testing.B, d *db.DB, perms func(string) bool, query string) {
	p95(b, func() error {
		return d.Read(b.Context(), func(ctx context.Context, tx db.Tx) error {
			_, err := search.Find(ctx, tx, here, perms, query, 20)
			return err
		})
	})
}

func p95(b *testing.B, run func() error) {
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		if err := run(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
}
