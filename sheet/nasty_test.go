package sheet_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"huiyin/core"
	"huiyin/sheet"
)

// book builds a workbook with one sheet from rows; build may change it before it is saved.
func book(t testing.TB, name string, rows [][]any, build ...func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	if err := f.SetSheetName("Sheet1", name); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		at, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow(name, at, &r); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range build {
		b(f)
	}
	var out bytes.Buffer
	if _, err := f.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func recognise(t testing.TB, b []byte, kind string) (sheet.Match, sheet.Rows) {
	t.Helper()
	ws := load(t, b)[0]
	m, problems := sheet.Recognise(ws, sheet.DefaultLayouts())
	if m.Kind != kind {
		t.Fatalf("recognised %q, want %q: %v", m.Kind, kind, problems)
	}
	return m, m.Records(ws)
}

func wantColumns(t testing.TB, m sheet.Match, want map[string]string) {
	t.Helper()
	for field, header := range want {
		if c, ok := m.Column(field); !ok || c.Header != header {
			t.Errorf("%s is column %q, want %q", field, c.Header, header)
		}
	}
}

func TestUnitsWithOtherWordsMergesAndTotals(t *testing.T) {
	b := book(t, "Sheet9", [][]any{
		{"某某中心"}, {"房屋资产清单"}, {}, {"制表:管理处"}, {},
		{"业主联系方式", "计租面积（㎡）", "房 号", "所在楼层", "楼栋", "产权人", "租户电话", "物业\n用途", "备注栏"},
		{13886069977, "１２０．５０ ㎡", "A座3层5号", "3", "A座", " 张三 ", "0755-83456789", "办公", "朝南"},
		{"13800138000/13900139000", "1,200平方米", "0306", "", "", "李四", "", "办公"},
		{"", 80.5, "307", "4", "", "王五"},
		{"小 计", 1401},
		{"楼栋"},
		{"业主联系方式", "计租面积（㎡）", "房 号", "所在楼层", "楼栋", "产权人"},
		{"", "#N/A", "B1203", 12, "B座", "赵六"},
		{"", "", "", "", "B座", "没有房号"},
		{"合计", 1401},
		{"审核:", "", "日期:2026年1月1日"},
	}, func(f *excelize.File) {
		if err := f.MergeCell("Sheet9", "E7", "E9"); err != nil {
			t.Fatal(err)
		}
	})
	m, got := recognise(t, b, "units")
	wantColumns(t, m, map[string]string{"owner_phone": "业主联系方式", "area": "计租面积（㎡）", "unit": "房 号", "floor": "所在楼层", "building": "楼栋", "owner": "产权人", "use": "物业 用途"})
	if len(m.Extra) != 2 || m.Extra[0].Header != "租户电话" || m.HeaderRow != 6 {
		t.Errorf("extra %v, header row %d", m.Extra, m.HeaderRow)
	}
	if len(got.Records) != 5 {
		t.Fatalf("%d records, skipped %v", len(got.Records), got.Skipped)
	}
	for i, want := range []struct{ unit, area, floor string }{{"A0305", "120.5", "3"}, {"A0306", "1200", "3"}, {"A307", "80.5", "4"}} {
		rec := &got.Records[i]
		units, ok := rec.Units()
		area, _ := rec.Area("area")
		if !ok || units[0].Code != want.unit || area.String() != want.area || rec.Text("floor") != want.floor {
			t.Errorf("row %d: %v %v floor %q", rec.Row, units, area, rec.Text("floor"))
		}
	}
	if p := got.Records[1].Phones("owner_phone"); len(p) != 2 || p[1] != "13900139000" {
		t.Errorf("phones %v", p)
	}
	if rec := got.Records[1]; strings.Join(rec.Filled, ",") != "floor" {
		t.Errorf("filled %v, want the floor alone (the building is merged)", rec.Filled)
	}
	if rec := got.Records[0]; len(rec.Extra) != 2 || rec.Extra[0].Value != "0755-83456789" {
		t.Errorf("extra %v", rec.Extra)
	}
	if rec := got.Records[3]; !rec.Taken() || len(rec.Problems) != 1 || rec.Problems[0].Severity != sheet.SeverityGap {
		t.Errorf("the formula error should be a gap: %v", rec.Problems)
	}
	if rec := got.Records[4]; rec.Taken() {
		t.Error("a row without a unit is taken")
	}
}

func TestCustomersWithTwoHeaderRows(t *testing.T) {
	b := book(t, "租户", [][]any{
		{"租户信息", "", "", "联系方式", "", "紧急联系", ""},
		{"租户名称", "房号", "营业执照号", "联系人", "电话", "紧急联系人", "紧急电话"},
		{"甲公司", "A0101、0102", "91440300708461136T", "张三", 13886069977.0, "李四", "13900139000"},
		{"乙公司", "A0103", "91440300708461136X", "王五 13800138000 赵六13700137000", "", "/", ""},
		{"", "A0104", "", "", "", "", ""},
	}, func(f *excelize.File) {
		for _, r := range [][2]string{{"A1", "C1"}, {"D1", "E1"}, {"F1", "G1"}} {
			if err := f.MergeCell("租户", r[0], r[1]); err != nil {
				t.Fatal(err)
			}
		}
	})
	m, got := recognise(t, b, "customers")
	if len(got.Records) != 3 {
		t.Fatalf("header row %d, records %d, skipped %v", m.HeaderRow, len(got.Records), got.Skipped)
	}
	first, second, third := &got.Records[0], &got.Records[1], &got.Records[2]
	if u, ok := first.Units(); !ok || len(u) != 2 || u[1].Code != "A0102" {
		t.Errorf("units %v", u)
	}
	if p := first.People("contact", "phone"); len(p) != 1 || p[0].Name != "张三" || p[0].Phones[0] != "13886069977" {
		t.Errorf("contact %v", p)
	}
	if p := first.People("emergency", "emergency_phone"); len(p) != 1 || p[0].Name != "李四" || p[0].Phones[0] != "13900139000" {
		t.Errorf("emergency %v (columns %v)", p, m.Columns)
	}
	if id := second.ID("id_no"); id != "91440300708461136X" || second.Taken() == false || len(second.Problems) != 1 {
		t.Errorf("id %q, problems %v", id, second.Problems)
	}
	if p := second.People("contact", "phone"); len(p) != 2 || p[1].Name != "赵六" || p[1].Phones[0] != "13700137000" {
		t.Errorf("people %v", p)
	}
	if third.Text("name") != "乙公司" || strings.Join(third.Filled, ",") != "name" || third.Text("phone") != "" {
		t.Errorf("third row: %q filled %v", third.Text("name"), third.Filled)
	}
}

func TestLeasesWithEveryDateStyle(t *testing.T) {
	day := time.Date(2025, 10, 31, 0, 0, 0, 0, time.UTC)
	rows := [][]any{{"2025年租约"}, {"月租金（元）", "终止日期", "承租方", "起始日期", "铺位号", "协议编号", "押金"}}
	for _, start := range []any{"2025/10/31", "2025.10.31", "2025-10-31", "2025年10月31日", "20251031", 20251031, 45961, "25.10.31", "10月31日", day, "31-Oct-2025", "２０２５．１０．３１", "2025-10-31 09:30"} {
		rows = append(rows, []any{"12,345.60元", "2030-10-30", "甲公司", start, "A0101", "HT-1", 4192.4700000000001})
	}
	_, got := recognise(t, book(t, "表", rows), "leases")
	if len(got.Records) != len(rows)-2 {
		t.Fatalf("%d records", len(got.Records))
	}
	for i := range got.Records {
		rec := &got.Records[i]
		d, ok := rec.Date("start")
		rent, _ := rec.Money("rent")
		deposit, _ := rec.Money("deposit")
		if !ok || d != "2025-10-31" || rent != 1234560 || deposit != 419247 {
			t.Errorf("row %d: %q %v %v, %v", rec.Row, d, rent, deposit, rec.Problems)
		}
	}
}

func Test1904AndHiddenSheet(t *testing.T) {
	yes := true
	b := book(t, "租赁合同", [][]any{{"合同编号", "单元编号", "起租日"}, {"1", "A0101", 44499}}, func(f *excelize.File) {
		if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.NewSheet("x"); err != nil {
			t.Fatal(err)
		}
		f.SetActiveSheet(1)
		if err := f.SetSheetVisible("租赁合同", false); err != nil {
			t.Fatal(err)
		}
	})
	m, got := recognise(t, b, "leases")
	if d, ok := got.Records[0].Date("start"); !ok || d != "2025-10-31" || !m.Hidden {
		t.Errorf("%q, hidden %v", d, m.Hidden)
	}
}

func TestArrearsTotalsAreChecked(t *testing.T) {
	_, got := recognise(t, book(t, "x", [][]any{
		{"截至2026年3月欠费"}, {"客户", "房号", "费项", "账期", "欠费金额", "已收金额"},
		{"甲", "A0101", "物业费", "2026年3月", "100.10", "5"}, {"", "", "", "3月", "200.20"}, {"", "", "", "", 300.3},
		{"合 计", "", "", "", 300.31},
	}), "arrears")
	if len(got.Records) != 2 || len(got.Skipped) != 2 {
		t.Fatalf("%d records, skipped %v", len(got.Records), got.Skipped)
	}
	rec := &got.Records[1]
	if mth, ok := rec.Month("month"); !ok || mth != "2026-03" || rec.Text("name") != "甲" || rec.Text("unit") != "A0101" || rec.Text("item") != "物业费" {
		t.Errorf("%q %q %q", mth, rec.Text("name"), rec.Text("item"))
	}
	if len(got.Problems) != 1 || got.Problems[0].Severity != sheet.SeverityNote || got.Problems[0].Row != 6 {
		t.Errorf("the wrong total is not reported: %v", got.Problems)
	}
}

func TestMatterHeadersAndSameWords(t *testing.T) {
	m, got := recognise(t, book(t, "登记", [][]any{
		{"报修内容", "处理时间", "报修时间", "维修人员", "联系人", "联系电话", "地点", "满意度", "编号"},
		{"=水龙头漏水", "2026-01-02", "2026-01-01 下午3:05", "老周", "张三", "83456789", "A0101", "满意", "7"},
	}), "matters")
	wantColumns(t, m, map[string]string{"content": "报修内容", "done_time": "处理时间", "time": "报修时间", "handler": "维修人员", "reporter": "联系人", "phone": "联系电话", "unit": "地点", "followup": "满意度"})
	at, ok := got.Records[0].Time("time", core.China)
	if !ok || at.Format(time.DateTime) != "2026-01-01 15:05:00" {
		t.Errorf("time %v", at)
	}
}

func TestOtherContentIsLeft(t *testing.T) {
	ws := load(t, book(t, "值班表", [][]any{{"姓名", "周一", "周二", "周三"}, {"老周", "早", "晚", "休"}}))[0]
	if m, problems := sheet.Recognise(ws, sheet.DefaultLayouts()); m.Is() || len(problems) != 1 {
		t.Errorf("%q %v", m.Kind, problems)
	}
}

func TestCorrectionsRoundTrip(t *testing.T) {
	m, got := recognise(t, book(t, "欠费", [][]any{
		{"截至2026年3月欠费"}, {"业户名称", "单元编号", "费用项目", "所属月份", "金额(元)", "催缴人"},
		{"甲", "A0101", "物业费", "3月", "壹佰", "老周"}, {"乙", "A0102", "物业费", "3月", 5, "老周"}, {"", "", "水费", "2月", "12元半"},
	}), "arrears")
	for i := range got.Records {
		got.Records[i].Money("amount")
	}
	var out bytes.Buffer
	if any, err := sheet.Corrections(&out, core.ZH, got.Records); err != nil || !any {
		t.Fatal(any, err)
	}
	again, rows := recognise(t, out.Bytes(), "arrears")
	if len(rows.Records) != 2 || again.Year != m.Year || len(again.Extra) != 1 {
		t.Fatalf("%d records, year %d, extra %v", len(rows.Records), again.Year, again.Extra)
	}
	second := &rows.Records[1]
	if second.Text("name") != "乙" || second.Text("amount") != "12元半" || len(second.Extra) != 0 {
		t.Errorf("second row: %q %q %v", second.Text("name"), second.Text("amount"), second.Extra)
	}
}
