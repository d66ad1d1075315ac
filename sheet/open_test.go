package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/sheet"
)

func open(b []byte, limits sheet.Limits) error {
	wb, err := sheet.Open(bytes.NewReader(b), int64(len(b)), limits)
	if err != nil {
		return err
	}
	for i := range wb.Sheets {
		if _, _, err := wb.Read(i, func(string, int) {}); err != nil {
			return err
		}
	}
	return nil
}

func archive(parts map[string]string) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, body := range parts {
		w, _ := z.Create(name)
		_, _ = w.Write([]byte(body))
	}
	_ = z.Close()
	return out.Bytes()
}

// minimal is a workbook written by hand, with one sheet of this XML.
func minimal(sheetData string) []byte {
	return archive(map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="r1" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<x:workbook xmlns:x="m" xmlns:r="r"><x:sheets><x:sheet name="表" r:id="a"/></x:sheets></x:workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets\Sheet1.xml"/><Relationship Id="b" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/SharedStrings.xml":       `<sst><si><t>甲</t><rPh><t>jia</t></rPh></si><si><r><t>乙</t></r><r><t xml:space="preserve"> 丙</t></r></si></sst>`,
		"xl/worksheets/sheet1.xml":   `<worksheet><sheetData>` + sheetData + `</sheetData></worksheet>`,
	})
}

func TestOpenRefusesInWords(t *testing.T) {
	good := sample(t, "tidy.xlsx")
	ole := append([]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), make([]byte, 70000)...)
	locked := append(bytes.Clone(ole), []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")...)
	for name, c := range map[string]struct {
		bytes []byte
		kind  core.ErrKind
		says  string
	}{
		"empty":     {nil, core.KindInvalid, "空"},
		"csv":       {[]byte("单元,姓名\nA0101,张三\n"), core.KindInvalid, "CSV"},
		"html":      {[]byte("\xEF\xBB\xBF <html><table>"), core.KindInvalid, "网页"},
		"pdf":       {[]byte("%PDF-1.7"), core.KindInvalid, "PDF"},
		"xls":       {ole, core.KindInvalid, ".xls"},
		"password":  {locked, core.KindInvalid, "密码"},
		"truncated": {good[:len(good)/2], core.KindInvalid, "损坏"},
		"damaged":   {minimal(`<row r="1"><c r="A1" t="s"><v>9</v></c></row>`), core.KindInvalid, "损坏"},
		"docx":      {archive(map[string]string{"word/document.xml": "<w/>"}), core.KindInvalid, "不是 .xlsx"},
		"rows back": {minimal(`<row r="2"><c r="A2"><v>1</v></c></row><row r="1"/>`), core.KindInvalid, "损坏"},
		"bad xml":   {minimal(`<row r="1"><c r="A1"><v>1</x`), core.KindInvalid, "损坏"},
		"bomb":      {minimal(strings.Repeat(" ", 40<<20)), core.KindTooLarge, "解压"},
	} {
		e := core.AsErr(open(c.bytes, sheet.Limits{}))
		if e.Kind != c.kind || !strings.Contains(e.Text.ZH, c.says) || e.Text.EN == "" {
			t.Errorf("%s: kind %d, %q / %q", name, e.Kind, e.Text.ZH, e.Text.EN)
		}
	}
}

func TestLimits(t *testing.T) {
	b := sample(t, "tidy.xlsx")
	for i, l := range []sheet.Limits{{Bytes: 1000}, {Unpacked: 10000}, {Entries: 3}, {Cells: 100}} {
		if err := open(b, l); !core.IsKind(err, core.KindTooLarge) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := open(b, sheet.Limits{}); err != nil {
		t.Error(err)
	}
}

// A directory that claims less than is there must not help.
func TestUnpackedIsCountedWhileReading(t *testing.T) {
	b := minimal(strings.Repeat(`<row><c><v>1</v></c></row>`, 1000))
	if err := open(b, sheet.Limits{Unpacked: 20 << 10}); !core.IsKind(err, core.KindTooLarge) {
		t.Error(err)
	}
}

func TestCellsAsOtherProgramsWriteThem(t *testing.T) {
	b := minimal(`<row r="3" hidden="1"><c r="A3" t="s"><v>0</v></c><c t="s"><v>1</v></c><c r="E3" t="inlineStr"><is><t>丁</t></is></c></row>` +
		`<row><c t="e"><v>#REF!</v></c><c t="str"><f>A1&amp;"x"</f><v>缓存</v></c><c t="b"><v>1</v></c><c><f>1+1</f><v>2</v></c><c t="d"><v>2026-10-31T00:00:00</v></c></row>`)
	rows := load(t, b)[0].Rows
	var got []string
	for _, r := range rows {
		for i, c := range r.Cells {
			got = append(got, fmt.Sprintf("%s%d=%d:%s", sheet.ColumnName(i), r.Number, c.Kind, c.Text()))
		}
	}
	want := "A3=1:甲 B3=1:乙 丙 C3=0: D3=0: E3=1:丁 A4=4:#REF! B4=1:缓存 C4=3:TRUE D4=2:2 E4=5:2026-10-31T00:00:00"
	if strings.Join(got, " ") != want || !rows[0].Hidden {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestExportRoundTrip(t *testing.T) {
	e, err := sheet.NewExport(core.ZH)
	if err != nil {
		t.Fatal(err)
	}
	cols := []sheet.OutColumn{{Label: core.T("电话", "Phone")}, {Label: core.T("金额", "Amount")}, {Label: core.T("日期", "Date")}, {Label: core.T("备注", "Note")}}
	if err := e.Sheet("a/b[1]", cols, "标题"); err != nil {
		t.Fatal(err)
	}
	if err := e.Row(core.Phone("13800138000"), core.Money(59651678), core.Date("2026-10-31"), "=HYPERLINK(1)"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := e.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	ws := load(t, out.Bytes())[0]
	r := ws.Rows[2]
	money, _, _ := sheet.ParseMoney(r.Cell(1))
	day, _, _ := sheet.ParseDate(r.Cell(2), 0)
	if r.Cell(0).Kind != sheet.CellText || r.Cell(1).Kind != sheet.CellNumber || money != 59651678 || r.Cell(2).Format != sheet.FormatDate || day != "2026-10-31" {
		t.Errorf("%+v", r.Cells)
	}
	if c := r.Cell(3); c.Raw != "'=HYPERLINK(1)" || c.Text() != "=HYPERLINK(1)" {
		t.Errorf("formula cell %q reads %q", c.Raw, c.Text())
	}
}
