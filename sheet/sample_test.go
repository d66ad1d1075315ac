package sheet_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"huiyin/core"
	"huiyin/sheet"
)

// load opens a workbook and reads all its sheets.
func load(t testing.TB, b []byte) []sheet.Worksheet {
	t.Helper()
	wb, err := sheet.Open(bytes.NewReader(b), int64(len(b)), sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var out []sheet.Worksheet
	for i := range wb.Sheets {
		ws, problems, err := wb.Read(i, nil)
		if err != nil || len(problems) > 0 {
			t.Fatal(ws.Name, err, problems)
		}
		out = append(out, ws)
	}
	return out
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// parseAll runs every parser that the modules will run over a record.
func parseAll(kind string, rec *sheet.Record) {
	rec.Units()
	switch kind {
	case "units":
		rec.Area("area")
		rec.Price("unit_price")
		rec.Phones("owner_phone")
	case "customers":
		rec.ID("id_no")
		rec.People("contact", "phone")
		rec.People("emergency", "emergency_phone")
		rec.Date("move_in")
	case "leases":
		rec.Date("start")
		rec.Date("end")
		rec.Money("rent")
		rec.Money("deposit")
		rec.Count("free_months")
	case "readings":
		rec.Reading("multiplier")
		rec.Reading("previous")
		rec.Reading("current")
		rec.Price("unit_price")
	case "arrears":
		rec.Money("amount")
		rec.Month("month")
	case "matters":
		rec.Time("time", core.China)
		rec.Time("done_time", core.China)
		rec.Phones("phone")
	}
}

func TestSamples(t *testing.T) {
	for name, want := range map[string]struct {
		rows    map[string]int
		arrears core.Money
	}{
		"tidy.xlsx":   {map[string]int{"units": 72, "customers": 66, "leases": 60, "readings": 132, "arrears": 16, "matters": 53}, 0},
		"office.xlsx": {map[string]int{"units": 520, "customers": 451, "leases": 406, "readings": 902, "arrears": 107, "matters": 245}, 59651678},
	} {
		t.Run(name, func(t *testing.T) {
			rows, arrears, ids := map[string]int{}, core.Money(0), 0
			for _, ws := range load(t, sample(t, name)) {
				m, problems := sheet.Recognise(ws, sheet.DefaultLayouts())
				if !m.Is() || len(problems) > 0 || len(m.Extra) > 0 {
					t.Fatalf("%s: %q %v, extra %v", ws.Name, m.Kind, problems, m.Extra)
				}
				got := m.Records(ws)
				rows[m.Kind] += len(got.Records)
				t.Logf("%s: %s header %d score %d year %d period %s %s–%s skipped %v problems %v", ws.Name, m.Kind, m.HeaderRow, m.Score, m.Year, m.Period, m.From, m.To, got.Skipped, got.Problems)
				if len(got.Problems) > 0 {
					t.Error(got.Problems)
				}
				for i := range got.Records {
					rec := &got.Records[i]
					parseAll(m.Kind, rec)
					if m.Kind == "arrears" {
						v, ok := rec.Money("amount")
						if !ok {
							t.Error(rec.Problems)
						}
						arrears += v
					}
					for _, p := range rec.Problems {
						if p.Column != "统一社会信用代码/身份证号" {
							t.Error(p)
						}
						ids++
					}
				}
			}
			t.Logf("%d identity numbers fail their check; arrears %s", ids, arrears)
			for kind, n := range want.rows {
				if rows[kind] != n {
					t.Errorf("%s: %d rows, want %d", kind, rows[kind], n)
				}
			}
			if want.arrears != 0 && arrears != want.arrears {
				t.Errorf("arrears %s, want %s", arrears, want.arrears)
			}
		})
	}
}

func TestReaderAgreesWithExcelize(t *testing.T) {
	for _, name := range []string{"tidy.xlsx", "office.xlsx"} {
		b := sample(t, name)
		f, err := excelize.OpenReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for _, ws := range load(t, b) {
			want, err := f.GetRows(ws.Name, excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range ws.Rows {
				var got []string
				for _, c := range r.Cells {
					if c.Merged {
						c.Raw = ""
					}
					got = append(got, c.Raw)
				}
				for len(got) > 0 && got[len(got)-1] == "" {
					got = got[:len(got)-1]
				}
				if w := want[r.Number-1]; len(got) > 0 && !slices.Equal(got, w) {
					t.Fatalf("%s %s row %d: %q, excelize reads %q", name, ws.Name, r.Number, got, want[r.Number-1])
				}
			}
		}
	}
}

func TestOfficeIsFast(t *testing.T) {
	b := sample(t, "office.xlsx")
	start := time.Now()
	for _, ws := range load(t, b) {
		m, _ := sheet.Recognise(ws, sheet.DefaultLayouts())
		got := m.Records(ws)
		for i := range got.Records {
			parseAll(m.Kind, &got.Records[i])
		}
	}
	if took := time.Since(start); took > 30*time.Second { // 0.4 s of one processor; the rest is for a loaded machine
		t.Errorf("office.xlsx took %v", took)
	} else {
		t.Logf("office.xlsx took %v", took)
	}
}
