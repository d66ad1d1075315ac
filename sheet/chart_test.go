package sheet

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/web/ui"

	"github.com/xuri/excelize/v2"
)

func part(t *testing.T, b []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		return ""
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAChartStandsBesideItsRows(t *testing.T) {
	e, err := NewExport(core.EN)
	if err != nil {
		t.Fatal(err)
	}
	cols := []OutColumn{{Label: core.T("楼栋", "Building")}, {Label: core.T("收回", "Answered")}, {Label: core.T("满意率", "Satisfied")}}
	for _, step := range []func() error{
		func() error { return e.Sheet("It's 1.1: by building", cols, "A title") },
		func() error { return e.Row("A", 7, core.Rate(9250)) },
		func() error { return e.Row("B", 3, nil) },
		func() error { return e.Chart(ui.Columnar, core.T("各楼栋", "By building"), 0, 2) },
		func() error { return e.Sheet("empty", cols) },
		func() error { return e.Chart(ui.Line, core.T("空", "Empty"), 0, 1) },
		func() error { return e.Sheet("trend", cols) },
		func() error { return e.Row("A", 7, core.Rate(9250)) },
		func() error { return e.Chart(ui.Line, core.T("趋势", "Trend"), 0, 1, 2) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := e.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	one, two := part(t, b.Bytes(), "xl/charts/chart1.xml"), part(t, b.Bytes(), "xl/charts/chart2.xml")
	for _, want := range []string{"By building", "!$C$2<", "!$A$3:$A$4<", "!$C$3:$C$4<", "barChart", `dispBlanksAs val="gap"`} {
		if !strings.Contains(one, want) {
			t.Errorf("the first chart lacks %q: %s", want, one)
		}
	}
	if !strings.Contains(two, "lineChart") || strings.Count(two, "<ser>") != 2 || part(t, b.Bytes(), "xl/charts/chart3.xml") != "" {
		t.Errorf("the second chart: %s", two)
	}
	for name, has := range map[string]bool{"xl/worksheets/sheet1.xml": true, "xl/worksheets/sheet2.xml": false, "xl/worksheets/sheet3.xml": true} {
		if strings.Contains(part(t, b.Bytes(), name), "<drawing ") != has {
			t.Errorf("%s bears a drawing: %v", name, !has)
		}
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil || len(rows) != 4 || rows[3][0] != "B" {
		t.Errorf("the rows beside the chart: %v, %v", rows, err)
	}
}
