package sheet_test

import (
	"bytes"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/sheet"
)

// FuzzOpen: any bytes give a workbook or an error in words, never a panic, an endless loop or an internal error.
func FuzzOpen(f *testing.F) {
	f.Add(minimal(`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("a,b\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		limits := sheet.Limits{Bytes: 1 << 20, Unpacked: 4 << 20, Cells: 100_000}
		wb, err := sheet.Open(bytes.NewReader(b), int64(len(b)), limits)
		for i := 0; err == nil && i < len(wb.Sheets); i++ {
			var ws sheet.Worksheet
			if ws, _, err = wb.Read(i, nil); err != nil {
				break
			}
			m, _ := sheet.Recognise(ws, sheet.DefaultLayouts())
			m.Records(ws)
		}
		if e := core.AsErr(err); err != nil && (e.Kind == core.KindInternal || e.Text.ZH == "" || e.Text.EN == "") {
			t.Errorf("%v", err)
		}
	})
}

// FuzzSheet: any sheet XML inside a sound workbook.
func FuzzSheet(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="s"><v>0</v></c></row><mergeCell ref="A1:C3"/>`)
	f.Add(`<row><c t="inlineStr"><is><t>单元</t></is></c><c t="inlineStr"><is><t>面积</t></is></c></row>`)
	f.Fuzz(func(t *testing.T, xml string) {
		b := minimal(xml)
		if err := open(b, sheet.Limits{Cells: 100_000}); err != nil && core.IsKind(err, core.KindInternal) {
			t.Error(err)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2025/5/2", "26.2.24", "45961.5", "2026年10月31日下午6:26", "10月31日", "31-Oct-26", "2026-02-30"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range []sheet.Cell{sheet.TextCell(s), sheet.NumberCell(s)} {
			d, ok, why := sheet.ParseDate(c, 2026)
			if ok == why.Is() || !ok && d != "" {
				t.Fatalf("%q: ok %v, why %q", s, ok, why.ZH)
			}
			if !ok {
				continue
			}
			if _, err := core.ParseDate(string(d)); err != nil {
				t.Fatalf("%q became %q", s, d)
			}
			if again, ok, _ := sheet.ParseDate(sheet.TextCell(string(d)), 0); !ok || again != d {
				t.Fatalf("%q → %q → %q", s, d, again)
			}
			sheet.ParseMonth(c, 2026)
			sheet.ParseDateRange(c, 2026)
		}
	})
}

func FuzzMoney(f *testing.F) {
	for _, s := range []string{"1,234.50元", "(200)", "3.5万", "4192.4700000000003", "1e5", "-¥0.01", "１２"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range []sheet.Cell{sheet.TextCell(s), sheet.NumberCell(s)} {
			m, ok, why := sheet.ParseMoney(c)
			if ok == why.Is() {
				t.Fatalf("%q: ok %v, why %q", s, ok, why.ZH)
			}
			if !ok {
				continue
			}
			for _, form := range []string{m.String(), m.Plain()} {
				if again, ok, _ := sheet.ParseMoney(sheet.TextCell(form)); !ok || again != m {
					t.Fatalf("%q → %d → %q → %d", s, m, form, again)
				}
			}
		}
	})
}

func FuzzPeople(f *testing.F) {
	for _, s := range []string{"程波梓 18657393922", "张三/李四 13800138000/13900139000", "13800138000张三", "张 三", "(0755)83456789 李四", "a-b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		people, ok, why := sheet.ParsePeople(sheet.TextCell(s))
		if ok == why.Is() || ok && len(people) == 0 {
			t.Fatalf("%q: %v %v", s, people, why.ZH)
		}
		if !ok {
			return
		}
		for _, p := range people {
			for _, n := range p.Phones {
				if again, good := core.NormalPhone(string(n)); !good || again != n {
					t.Fatalf("%q: telephone %q is not normal", s, n)
				}
				if core.FullToHalf(p.Name) != p.Name {
					t.Fatalf("%q: name %q", s, p.Name)
				}
			}
		}
	})
}

func FuzzUnitCode(f *testing.F) {
	for _, s := range []string{"A0101", "A座3层5号", "1栋2单元301", "A0301-0303", "负一层5号", "B1-05", "东塔 十二楼 03室"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sheet.ParseUnits(s, "B座")
		u, ok, why := sheet.ParseUnit(s, "")
		if ok == why.Is() {
			t.Fatalf("%q: %v %v", s, ok, why.ZH)
		}
		if !ok || strings.ContainsAny(u.Code, "楼层座栋幢室号铺房") {
			return
		}
		again, ok, _ := sheet.ParseUnit(u.Code, "")
		if !ok || again.Code != u.Code || again.Key != u.Key {
			t.Fatalf("%q → %+v → %+v", s, u, again)
		}
	})
}

// Safe leaves nothing that a spreadsheet takes for a formula, and the reader takes its apostrophe away.
func FuzzSafe(f *testing.F) {
	f.Add("=1+1")
	f.Add("-12.5")
	f.Fuzz(func(t *testing.T, s string) {
		safe := sheet.Safe(s)
		if safe != "" && strings.ContainsAny(safe[:1], "=@\t\r") {
			t.Fatalf("%q is still %q", s, safe)
		}
		if again := sheet.Safe(safe); again != safe {
			t.Fatalf("%q → %q → %q", s, safe, again)
		}
	})
}
