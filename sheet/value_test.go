package sheet_test

import (
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/sheet"
)

func TestParseMoney(t *testing.T) {
	for in, want := range map[string]core.Money{
		"38072.00元": 3807200, "76,518.00": 7651800, "￥１，２３４．５０": 123450, "¥12": 1200, "3.5万": 3500000, "1.2万元": 1200000,
		"(200.00)": -20000, "-200": -20000, "¥-200": -20000, " 1 234.5 元/月 ": 123450, "0": 0, "12元整": 1200, ".5": 50, "1,0000": 1000000,
	} {
		if got, ok, why := sheet.ParseMoney(sheet.TextCell(in)); !ok || got != want {
			t.Errorf("%q = %v %v %v, want %v", in, got, ok, why.ZH, want)
		}
	}
	for in, want := range map[string]core.Money{"1130.9": 113090, "4192.4700000000003": 419247, "1.5E+3": 150000, "1130.9000000000001": 113090} {
		if got, ok, _ := sheet.ParseMoney(sheet.NumberCell(in)); !ok || got != want {
			t.Errorf("number %q = %v %v, want %v", in, got, ok, want)
		}
	}
	for _, bad := range []string{"", "壹佰", "12元半", "约100", "1,23", "12.345", "12.34567", "1e30", "100/年", "--", "()", "99999999999999", "元"} {
		if got, ok, why := sheet.ParseMoney(sheet.TextCell(bad)); ok || why.ZH == "" || why.EN == "" {
			t.Errorf("%q = %v, want a problem in both languages", bad, got)
		}
	}
}

func TestParseAreaPriceCount(t *testing.T) {
	for in, want := range map[string]string{"177.01㎡": "177.01", "１,２００.５０平方米": "1200.5", "84": "84", "98.690 m²": "98.69"} {
		if got, ok, _ := sheet.ParseArea(sheet.TextCell(in)); !ok || got.String() != want {
			t.Errorf("area %q = %v %v", in, got, ok)
		}
	}
	for _, bad := range []string{"0", "-3", "1亩", "9999999", "大约80"} {
		if got, ok, _ := sheet.ParseArea(sheet.TextCell(bad)); ok {
			t.Errorf("area %q = %v", bad, got)
		}
	}
	for _, in := range []string{"18.5", "18.50元/㎡·月", "18.5元/平方米/月", "18.5元/㎡/月"} {
		if got, ok, _ := sheet.ParsePrice(sheet.TextCell(in)); !ok || got.String() != "18.5" {
			t.Errorf("price %q = %v %v", in, got, ok)
		}
	}
	if n, ok, _ := sheet.ParseCount(sheet.TextCell("3个月"), "个月"); !ok || n != 3 {
		t.Errorf("3个月 = %d %v", n, ok)
	}
	if _, ok, _ := sheet.ParseCount(sheet.TextCell("15天"), "个月"); ok {
		t.Error("15天 is taken for months")
	}
}

func TestParseDate(t *testing.T) {
	for in, want := range map[string]core.Date{
		"2025/5/2": "2025-05-02", "2026.2.24": "2026-02-24", "2023-11-19": "2023-11-19", "2026年10月31日": "2026-10-31", "20261031": "2026-10-31",
		"26.2.24": "2026-02-24", "2026-10-31 18:26": "2026-10-31", "31/10/2026": "2026-10-31", "10/31/2026": "2026-10-31", "2026年 10 月 31 日 星期六": "2026-10-31",
		"2026-10-31T18:26:00Z": "2026-10-31", "45961": "2025-10-31", "Oct 31, 2026": "2026-10-31", "10月31日": "2024-10-31", "２０２６／１０／３１": "2026-10-31", "2026。1。2": "2026-01-02",
	} {
		if got, ok, why := sheet.ParseDate(sheet.TextCell(in), 2024); !ok || got != want {
			t.Errorf("%q = %q %v, want %q", in, got, why.ZH, want)
		}
	}
	for _, bad := range []string{"", "1899-12-31", "2999-01-01", "2026-02-31", "2026-13-01", "5/6/2026", "26/2/24", "2026年10月", "长期", "45", "2026-10-31 25:00", "99999"} {
		if got, ok, why := sheet.ParseDate(sheet.TextCell(bad), 2024); ok || why.EN == "" {
			t.Errorf("%q = %q, want a problem", bad, got)
		}
	}
	if _, ok, _ := sheet.ParseDate(sheet.TextCell("10月31日"), 0); ok {
		t.Error("a date without a year is taken")
	}
	styled := sheet.NumberCell("1")
	styled.Format = sheet.FormatDate
	if _, ok, _ := sheet.ParseDate(styled, 0); ok {
		t.Error("1900-01-01 is taken")
	}
}

func TestParseTime(t *testing.T) {
	serial := sheet.NumberCell("45961.768055555556")
	serial.Format = sheet.FormatDateTime
	for i, c := range []sheet.Cell{serial, sheet.TextCell("2025-10-31 18:26"), sheet.TextCell("2025年10月31日下午6:26"), sheet.TextCell("2025/10/31 18时26分"), sheet.TextCell("20251031 18：26")} {
		at, clock, ok, why := sheet.ParseTime(c, 0, core.China)
		if !ok || !clock || at.Format(time.DateTime) != "2025-10-31 18:26:00" {
			t.Errorf("%d: %v %v %v", i, at, clock, why.ZH)
		}
	}
	if _, clock, ok, _ := sheet.ParseTime(sheet.TextCell("2025-10-31"), 0, core.China); !ok || clock {
		t.Error("a day alone should be taken, without a clock")
	}
}

func TestParseMonthAndRange(t *testing.T) {
	for _, in := range []string{"2026-10", "2026年10月", "202610", "2026/10", "2026.10", "2026-10-15", "10月份"} {
		if got, ok, why := sheet.ParseMonth(sheet.TextCell(in), 2026); !ok || got != "2026-10" {
			t.Errorf("%q = %q %v", in, got, why.ZH)
		}
	}
	if got, ok, _ := sheet.ParseMonth(sheet.NumberCell("2026.1"), 0); ok {
		t.Errorf("the number 2026.1 = %q; it may be January or October", got)
	}
	for _, in := range []string{"2025.5.2至2027.5.1", "2025-05-02~2027-05-01", "2025/5/2-2027/5/1", "2025-05-02-2027-05-01", "2025年5月2日 — 2027年5月1日"} {
		if a, b, ok, _ := sheet.ParseDateRange(sheet.TextCell(in), 0); !ok || a != "2025-05-02" || b != "2027-05-01" {
			t.Errorf("%q = %q %q %v", in, a, b, ok)
		}
	}
}

func TestParsePhones(t *testing.T) {
	for in, want := range map[string]string{
		"13800138000/13900139000": "13800138000,13900139000", "13800138000 13900139000": "13800138000,13900139000", "138 0013 8000": "13800138000",
		"0755-83456789、13800138000": "075583456789,13800138000", "1.3886069977E+10": "13886069977", "13886069977.0": "13886069977",
	} {
		got, ok, _ := sheet.ParsePhones(sheet.TextCell(in))
		if !ok || join(got) != want {
			t.Errorf("%q = %v %v", in, got, ok)
		}
	}
	if got, ok, _ := sheet.ParsePhones(sheet.NumberCell("1.3886069977E+10")); !ok || join(got) != "13886069977" {
		t.Errorf("number: %v", got)
	}
	if got, ok, _ := sheet.ParsePhones(sheet.TextCell("1380013800")); ok || join(got) != "1380013800" {
		t.Errorf("a bad number should come back as written: %v %v", got, ok)
	}
}

func join(p []core.Phone) string {
	var out []string
	for _, n := range p {
		out = append(out, string(n))
	}
	return strings.Join(out, ",")
}

func TestParsePeople(t *testing.T) {
	for in, want := range map[string]string{
		"程波梓 18657393922": "程波梓 18657393922", "程波梓/18657393922": "程波梓 18657393922", "张三13800138000 李四13900139000": "张三 13800138000、李四 13900139000",
		"张三、李四": "张三、李四", "张 三": "张三", "13800138000 张三": "张三 13800138000", "张三 13800138000/0755-83456789": "张三 13800138000 075583456789",
		"张三/李四 13800138000/13900139000": "张三 13800138000、李四 13900139000", "张三（13800138000）": "张三 13800138000", "张三 电话：13800138000": "张三 13800138000",
		"John Smith +85223456789": "John Smith +85223456789", "13800138000": "13800138000", "张三13800138000\n李四13900139000": "张三 13800138000、李四 13900139000",
	} {
		got, ok, why := sheet.ParsePeople(sheet.TextCell(in))
		if !ok || sheet.FormatPeople(got) != want {
			t.Errorf("%q = %q %v, want %q", in, sheet.FormatPeople(got), why.ZH, want)
		}
	}
	for _, bad := range []string{"张三、李四 13800138000", "张三 1380013800X", "", "张三 138001"} {
		got, ok, why := sheet.ParsePeople(sheet.TextCell(bad))
		if ok || why.EN == "" || bad != "" && got[0].Name != bad {
			t.Errorf("%q = %v, want it kept whole", bad, got)
		}
	}
}

func TestParseUnits(t *testing.T) {
	for in, want := range map[string]string{
		"A0101": "A0101", "a1203": "A1203", "Ａ１２０３": "A1203", "A-1203": "A1203", "A座1203": "A1203", "A座3层5号": "A0305", "A座 12层 1203室": "A1203",
		"A座三层五号": "A0305", "B栋十二层03": "B1203", "1栋2单元301": "1-2-301", "3号楼1203": "3-1203", "A-3-05": "A0305", "A座负一层5号": "AB1-05", "A座B1层05号": "AB1-05",
		"B1-05": "B1-05", "A305": "A305", "A0301、A0302": "A0301 A0302", "A0301-0303": "A0301 A0302 A0303", "A0301、0302": "A0301 A0302", "A座3层5号、6号": "A0305 A0306",
		"A0301 A0302": "A0301 A0302", "L2-15": "L2-15", "大堂咖啡": "大堂咖啡", "1-2-301": "1-2-301", "1-1203": "1-1203", "东塔1203": "东塔1203",
	} {
		got, ok, why := sheet.ParseUnits(in, "")
		var codes []string
		for _, u := range got {
			codes = append(codes, u.Code)
		}
		if !ok || strings.Join(codes, " ") != want {
			t.Errorf("%q = %v %v, want %q", in, codes, why.ZH, want)
		}
	}
	for _, bad := range []string{"", "A座3层1203室", "A0301-0501", "A1203-05", "A0303-0301"} {
		if got, ok, why := sheet.ParseUnits(bad, ""); ok || why.EN == "" {
			t.Errorf("%q = %v, want a problem", bad, got)
		}
	}
	for in, building := range map[string]string{"1203": "A座", "12层3号": "A座", "A1203": "A座", "1203室": "A"} {
		if u, ok, _ := sheet.ParseUnits(in, building); !ok || u[0].Code != "A1203" || u[0].Building != "A" || u[0].Floor != "12" {
			t.Errorf("%q in %q = %+v", in, building, u)
		}
	}
	a, _, _ := sheet.ParseUnit("A305", "")
	b, _, _ := sheet.ParseUnit("A座3层5号", "")
	if a.Key != b.Key {
		t.Errorf("A305 and A座3层5号 have different keys %q %q", a.Key, b.Key)
	}
}

func TestSafe(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "+cmd": "'+cmd", "-x": "'-x", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "＝1": "'＝1", "-12.50": "-12.50", "+85223456789": "+85223456789", "名门": "名门", "": "", "a\x00b": "ab"} {
		if got := sheet.Safe(in); got != want {
			t.Errorf("Safe(%q) = %q, want %q", in, got, want)
		}
	}
}
