package sheet_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/xuri/excelize/v2"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/file"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/sheet"
	"huiyin/web"
)

// A table of the test's own, and an importer over it that keeps what the sheet of units says.
var engineFiles = []fs.FS{sheet.Migrations, journal.Migrations, file.Migrations, job.Migrations, web.Migrations, fstest.MapFS{"20261122999999_flat.sql": {Data: []byte(`-- +goose Up
create table flat (
  {{row}},
  code text not null,
  area text not null,
  owner text not null,
  {{pk}}
);
create unique index flat_code on flat (project_id, code);
`)}}}

type flat struct {
	ID      core.ID
	Version int64
	Code    string
	Area    string
	Owner   string
}

func (f *flat) dest() []any { return []any{&f.ID, &f.Version, &f.Code, &f.Area, &f.Owner} }

func flats(ctx context.Context, tx db.Tx) (map[string]flat, error) {
	all, err := db.All(ctx, tx, (*flat).dest, "select id, version, code, area, owner from flat where project_id = $1", core.ProjectOf(ctx).ID)
	out := map[string]flat{}
	for _, f := range all {
		out[f.Code] = f
	}
	return out, err
}

func stageFlats(ctx context.Context, tx db.Tx, rows []sheet.ImportRow, _ *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
	have, err := flats(ctx, tx)
	var out []sheet.Staged
	var problems []sheet.Problem
	for _, r := range rows {
		u, _, _ := sheet.ParseUnit(r.Cells["unit"], r.Cells["building"])
		area, ok, why := sheet.ParseArea(sheet.TextCell(r.Cells["area"]))
		s := sheet.Staged{ImportRow: r, Key: u.Key, State: sheet.New}
		if !ok {
			problems = append(problems, sheet.Problem{Sheet: r.Sheet, Row: r.Row, Column: "area", Message: why, Severity: sheet.SeverityRow})
		}
		want := flat{Code: u.Key, Area: area.String(), Owner: r.Cells["owner"]}
		s.Data = core.JSON(want)
		if f, ok := have[u.Key]; ok {
			s.Record, s.Version, s.State = f.ID, f.Version, sheet.Unchanged
			if f.Area != want.Area {
				s.Changes = append(s.Changes, sheet.Change{Field: core.T("面积", "Area"), Old: f.Area, New: want.Area})
			}
			if f.Owner != want.Owner {
				s.Changes = append(s.Changes, sheet.Change{Field: core.T("业主", "Owner"), Old: f.Owner, New: want.Owner})
			}
			if len(s.Changes) > 0 {
				s.State = sheet.Changed
			}
		}
		out = append(out, s)
	}
	return out, problems, err
}

func applyFlats(ctx context.Context, tx db.Tx, rows []sheet.Staged, _ *sheet.Batch) error {
	for _, r := range rows {
		var f flat
		if err := json.Unmarshal([]byte(r.Data), &f); err != nil {
			return err
		}
		if f.Owner == "坏业主" {
			return errors.New("a fault in the middle of the import")
		}
		err := error(nil)
		if f.ID = r.Record; f.ID == 0 {
			f.ID = tx.NewID()
			_, err = db.Exec(ctx, tx, `insert into flat (project_id, id, created_at, changed_at, code, area, owner) values ($1, $2, $3, $3, $4, $5, $6)`,
				core.ProjectOf(ctx).ID, f.ID, core.Now(ctx), f.Code, f.Area, f.Owner)
		} else {
			err = db.ExecOne(ctx, tx, `update flat set area = $1, owner = $2, version = version + 1, changed_at = $3 where project_id = $4 and id = $5 and version = $6`,
				f.Area, f.Owner, core.Now(ctx), core.ProjectOf(ctx).ID, f.ID, r.Version)
		}
		if err != nil {
			return err
		}
		if err := journal.Add(ctx, tx, core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "flat", ID: f.ID}, "imported", nil); err != nil {
			return err
		}
	}
	return nil
}

// flatImporters are two importers of one layout: the flats, and a second that takes note of what comes before it.
func flatImporters(heard *[]string) []sheet.Importer {
	return []sheet.Importer{
		{Layout: "customers", Order: 20, Stage: func(_ context.Context, _ db.Tx, rows []sheet.ImportRow, b *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
			var out []sheet.Staged
			for _, r := range rows {
				*heard = append(*heard, fmt.Sprint(r.Cells["name"], " ", b.Brings("units", r.Cells["unit"])))
				out = append(out, sheet.Staged{ImportRow: r, Key: r.Cells["name"], State: sheet.Unchanged})
			}
			return out, nil, nil
		}, Count: func(c *sheet.Counts, rows []sheet.Staged) { c.Customers += len(rows) }},
		{Layout: "units", Order: 10, Key: core.T("单元编号", "the unit code"), Stage: stageFlats, Apply: applyFlats,
			Count: func(c *sheet.Counts, rows []sheet.Staged) { c.Units += len(rows) }},
	}
}

func importers() []sheet.Importer { return flatImporters(&[]string{}) }

func inProject(ctx context.Context) context.Context {
	ctx = core.WithActor(ctx, core.Actor{ID: 7, Name: "陈前台", Seats: map[core.ID]core.Seat{5: {Roles: []core.Role{core.Desk}, Perms: map[string]bool{sheet.Perm: true}}}})
	return core.WithProject(ctx, core.Project{ID: 5, Code: "mm", Name: "名门", Zone: core.China})
}

// workbook writes sheets of rows into a workbook.
func workbook(t testing.TB, sheets ...any) []byte {
	t.Helper()
	f := excelize.NewFile()
	for i := 0; i < len(sheets); i += 2 {
		name := sheets[i].(string)
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for n, row := range sheets[i+1].([][]any) {
			if err := f.SetSheetRow(name, fmt.Sprintf("A%d", n+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := f.DeleteSheet("Sheet1"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unitRows(rows ...[]any) [][]any {
	return append([][]any{{"名门房产台账"}, {"单元号", "面积", "业主", "车位"}}, rows...)
}

func preview(t *testing.T, ctx context.Context, d *db.DB, b []byte) (core.ID, sheet.Counts, []sheet.Problem) {
	t.Helper()
	id, c, p, err := sheet.Preview(ctx, d, importers(), sheet.Source{Name: "台账.xlsx", Reader: bytes.NewReader(b), Size: int64(len(b))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return id, c, p
}

func stored(t *testing.T, ctx context.Context, d *db.DB) map[string]flat {
	t.Helper()
	var out map[string]flat
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) { out, err = flats(ctx, tx); return err })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func number(t *testing.T, ctx context.Context, d *db.DB, table string) (n int) {
	t.Helper()
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		n, err = db.Value[int](ctx, tx, "select count(*) from "+table+" where project_id = $1", core.ProjectOf(ctx).ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPreviewThenApply(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		ctx := inProject(t.Context())
		first := workbook(t, "房产台账", unitRows([]any{"A0101", "100㎡", "张三", "B1-7"}, []any{"A座1层2号", 88.5, "李四"}, []any{"A0103", "很大", "王五"}))
		id, counts, problems := preview(t, ctx, d, first)
		if want := (sheet.Counts{Units: 2, New: 2}); counts != want {
			t.Errorf("preview counts %+v, want %+v", counts, want)
		}
		if len(problems) != 1 || problems[0].Row != 5 || problems[0].Column != "面积" || problems[0].Severity != sheet.SeverityRow {
			t.Errorf("problems %+v, want one of row 5 under the header 面积", problems)
		}
		if n := len(stored(t, ctx, d)); n != 0 {
			t.Fatalf("the preview wrote %d records", n)
		}
		for range 2 { // a second submit changes nothing
			if c, err := sheet.Apply(ctx, d, importers(), id); err != nil || c != counts {
				t.Fatal(c, err)
			}
		}
		got := stored(t, ctx, d)
		if len(got) != 2 || got["A0101"].Area != "100" || got["A0102"].Owner != "李四" || got["A0102"].Version != 1 {
			t.Errorf("stored %+v", got)
		}
		if n := number(t, ctx, d, "sheet_stage"); n != 0 {
			t.Errorf("%d staged rows remain after the import", n)
		}
		_, again, _ := preview(t, ctx, d, first)
		if want := (sheet.Counts{Units: 2, Unchanged: 2}); again != want {
			t.Errorf("the same file again: %+v, want %+v", again, want)
		}
		edited := workbook(t, "房产台账", unitRows([]any{"A0101", "100㎡", "张三", "B1-7"}, []any{"A0102", 90, "李四"}, []any{"A0104", 50, "赵六"}))
		id, counts, _ = preview(t, ctx, d, edited)
		if want := (sheet.Counts{Units: 3, New: 1, Changed: 1, Unchanged: 1}); counts != want {
			t.Errorf("edited: %+v, want %+v", counts, want)
		}
		if _, err := sheet.Apply(ctx, d, importers(), id); err != nil {
			t.Fatal(err)
		}
		if got := stored(t, ctx, d); got["A0102"].Area != "90" || got["A0101"].Version != 1 || len(got) != 3 {
			t.Errorf("after the edit %+v", got)
		}
	})
}

func TestApplyRefusesWhatMoved(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		ctx := inProject(t.Context())
		id, _, _ := preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"})))
		if _, err := sheet.Apply(ctx, d, importers(), id); err != nil {
			t.Fatal(err)
		}
		id, _, _ = preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0101", 101, "张三"}, []any{"A0102", 60, "李四"})))
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			return db.ExecOne(ctx, tx, "update flat set owner = 'someone', version = version + 1 where project_id = $1 and code = 'A0101'", core.ProjectOf(ctx).ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sheet.Apply(ctx, d, importers(), id)
		if !core.IsKind(err, core.KindConflict) || !strings.Contains(err.Error(), "重新预览") {
			t.Fatalf("Apply = %v, want a conflict that asks for a new preview", err)
		}
		if got := stored(t, ctx, d); len(got) != 1 || got["A0101"].Owner != "someone" {
			t.Errorf("the refused import wrote %+v", got)
		}
		id, _, _ = preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0109", 9, "新"})))
		if err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error { // the record comes up meanwhile
			return applyFlats(ctx, tx, []sheet.Staged{{Data: core.JSON(flat{Code: "A0109", Area: "1"})}}, nil)
		}); err != nil {
			t.Fatal(err)
		}
		if _, err = sheet.Apply(ctx, d, importers(), id); !core.IsKind(err, core.KindConflict) {
			t.Errorf("Apply of a record made meanwhile = %v, want a conflict", err)
		}
	})
}

func TestAFaultInTheMiddleLeavesNothing(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		ctx := inProject(t.Context())
		path := filepath.Join(t.TempDir(), "台账.xlsx")
		must(t, os.WriteFile(path, workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"}, []any{"A0102", 100, "坏业主"})), 0o600))
		if _, err := sheet.Command(ctx, d, importers(), path, false, here, nil); err == nil {
			t.Fatal("the fault was lost")
		}
		if n := len(stored(t, ctx, d)) + number(t, ctx, d, "sheet_row") + number(t, ctx, d, "sheet_stage"); n != 0 {
			t.Errorf("%d rows remain", n)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRowsThatRepeat(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		ctx := inProject(t.Context())
		_, counts, problems := preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"}, []any{"A0101", 100, "张三"}, []any{"A座1层1号", "100㎡", "张三"}, []any{"A0101", 120, "张三"})))
		if want := (sheet.Counts{Units: 1, New: 1}); counts != want {
			t.Errorf("%+v, want %+v", counts, want)
		}
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprint(p.Row, p.Severity))
		}
		if want := []string{"4note", "5note", "6row"}; !slices.Equal(got, want) {
			t.Errorf("problems %v, want %v", got, want)
		}
	})
}

func TestLaterSheetsKnowWhatEarlierOnesBring(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.SQLite, engineFiles...))
	var heard []string
	b := workbook(t, "业户台账", [][]any{{"单元号", "业户名称", "联系电话"}, {"A0101", "甲公司", "13886069977"}, {"A0109", "乙公司", "13886069978"}},
		"房产台账", unitRows([]any{"A0101", 100, "张三"}), "杂记", [][]any{{"今天天气好"}})
	_, counts, problems, err := sheet.Preview(inProject(t.Context()), d, flatImporters(&heard), sheet.Source{Name: "x.xlsx", Reader: bytes.NewReader(b), Size: int64(len(b))}, nil)
	if err != nil || counts.Customers != 2 || counts.Unchanged != 2 {
		t.Fatal(counts, err)
	}
	if want := []string{"甲公司 true", "乙公司 false"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if len(problems) != 1 || problems[0].Sheet != "杂记" {
		t.Errorf("problems %v, want the sheet that was not recognised", problems)
	}
}

func TestCommand(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		ctx := core.WithLang(inProject(t.Context()), core.EN)
		path := filepath.Join(t.TempDir(), "台账.xlsx")
		must(t, os.WriteFile(path, workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"}, []any{"A0103", "很大", "王五"})), 0o600))
		res, err := sheet.Command(ctx, d, importers(), path, true, here, io.Discard)
		must(t, err)
		want := `{"units":1,"customers":0,"leases":0,"readings":0,"arrears_fen":0,"matters":0,"new":1,"changed":0,"unchanged":0,` +
			`"problems":[{"sheet":"房产台账","row":4,"column":"面积","message":"\"很大\" is not a number"}]}`
		if got := core.JSON(res); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		var said bytes.Buffer
		if err := res.Print(&said, core.EN); err != nil || !strings.Contains(said.String(), "1 units") || !strings.Contains(said.String(), "房产台账 row 4 面积: ") {
			t.Errorf("%v %s", err, &said)
		}
		if n := len(stored(t, ctx, d)) + number(t, ctx, d, "sheet_batch") + number(t, ctx, d, "sheet_row"); n != 0 {
			t.Errorf("the dry run left %d rows", n)
		}
		real, err := sheet.Command(ctx, d, importers(), path, false, here, io.Discard)
		if err != nil || !reflect.DeepEqual(real, res) || len(stored(t, ctx, d)) != 1 {
			t.Errorf("%+v %v", real, err)
		}
		again, err := sheet.Command(ctx, d, importers(), path, false, here, nil)
		if err != nil || again.New != 0 || again.Changed != 0 || again.Unchanged != 1 {
			t.Errorf("again %+v %v", again, err)
		}
		if _, err := sheet.Command(ctx, d, importers(), path+".missing", false, here, nil); !core.IsKind(err, core.KindInvalid) {
			t.Error(err)
		}
	})
}

// here is the project of the test.
func here(ctx context.Context) (core.Project, error) { return core.ProjectOf(ctx), nil }

// A file that is none must not make the project that it was meant for.
func TestAWrongFileAsksForNoProject(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.SQLite, engineFiles...))
	broken := filepath.Join(t.TempDir(), "broken.xlsx")
	must(t, os.WriteFile(broken, []byte("no workbook"), 0o600))
	strange := filepath.Join(t.TempDir(), "strange.xlsx")
	must(t, os.WriteFile(strange, workbook(t, "杂记", [][]any{{"今天天气好"}}), 0o600))
	for _, path := range []string{broken, strange, filepath.Join(t.TempDir(), "missing.xlsx"), t.TempDir()} {
		_, err := sheet.Command(t.Context(), d, importers(), path, false, func(context.Context) (core.Project, error) {
			t.Errorf("%s: the project was asked for", path)
			return core.Project{}, nil
		}, nil)
		if !core.IsKind(err, core.KindInvalid) {
			t.Errorf("%s: %v, want a refusal", path, err)
		}
	}
}

func TestAPreviewThatNobodyConfirmsExpires(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		ctx := core.WithClock(inProject(t.Context()), func() time.Time { return now })
		book := workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"}, []any{"A0103", "很大", "王五"}))
		old, _, _ := preview(t, ctx, d, book)
		done, _, _ := preview(t, ctx, d, book)
		_, err := sheet.Apply(ctx, d, importers(), done)
		must(t, err)
		now = now.Add(4 * 24 * time.Hour)
		young, _, _ := preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0102", 90, "李四"})))
		expire := func(after time.Duration, want map[core.ID]string) {
			t.Helper()
			now = now.Add(after)
			must(t, sheet.Expire(ctx, d))
			for id, state := range want {
				if got := stateOf(t, ctx, d, id); got != state {
					t.Errorf("at %v batch %v is %q, want %q", now, id, got, state)
				}
			}
		}
		expire(2*24*time.Hour, map[core.ID]string{old: "ready", young: "ready", done: "done"})
		expire(2*24*time.Hour, map[core.ID]string{old: "discarded", young: "ready", done: "done"})
		if _, err := sheet.Apply(ctx, d, importers(), old); !core.IsKind(err, core.KindConflict) {
			t.Errorf("an expired preview was imported: %v", err)
		}
		if _, err := sheet.Apply(ctx, d, importers(), young); err != nil {
			t.Errorf("the other preview: %v", err)
		}
		expire(30*24*time.Hour, map[core.ID]string{old: "discarded", young: "done", done: "done"})
	})
}

func stateOf(t *testing.T, ctx context.Context, d *db.DB, id core.ID) (state string) {
	t.Helper()
	must(t, d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		state, err = db.Value[string](ctx, tx, "select state from sheet_batch where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
		return err
	}))
	return state
}

func TestBadFilesChangeNothing(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.SQLite, engineFiles...))
	ctx := inProject(t.Context())
	good := workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"}))
	for name, b := range map[string][]byte{
		"empty": {}, "truncated": good[:len(good)/2], "csv": []byte("单元号,面积\nA0101,100\n"), "xls": []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("x", 4000)),
		"large": append(slices.Clone(good), make([]byte, 31<<20)...), "nothing": workbook(t, "杂记", [][]any{{"今天天气好"}}),
	} {
		_, _, _, err := sheet.Preview(ctx, d, importers(), sheet.Source{Name: name, Reader: bytes.NewReader(b), Size: int64(len(b))}, nil)
		if e := core.AsErr(err); err == nil || e.Kind != core.KindInvalid && e.Kind != core.KindTooLarge || e.Text.EN == "" {
			t.Errorf("%s: %v, want a refusal in words", name, err)
		}
	}
	if n := number(t, ctx, d, "sheet_batch"); n != 0 {
		t.Errorf("%d batches were left", n)
	}
}

func TestStagingIsSealed(t *testing.T) {
	cfg := dbtest.Config(t, db.SQLite, engineFiles...)
	d := dbtest.Open(t, cfg)
	ctx := inProject(t.Context())
	id, _, _ := preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0101", "很大440301198001010014", "欧阳独一"}, []any{"A0102", 10, "欧阳独一"})))
	files, _ := filepath.Glob(filepath.Join(cfg.Dir, "huiyin.db*"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(t, err)
		for _, secret := range []string{"欧阳独一", "440301198001010014"} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds %s in the clear", filepath.Base(f), secret)
			}
		}
	}
	must(t, sheet.Discard(ctx, d, id))
	if n := number(t, ctx, d, "sheet_row") + number(t, ctx, d, "sheet_problem"); n != 0 {
		t.Errorf("%d rows remain of a discarded import", n)
	}
	if _, err := sheet.Apply(ctx, d, importers(), id); !core.IsKind(err, core.KindConflict) {
		t.Errorf("Apply of a discarded import = %v", err)
	}
}

func TestCorrectionsCanBeImported(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		ctx := inProject(t.Context())
		id, _, _ := preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"}, []any{"A0103", "很大", "王五", "B1-9"})))
		if _, err := sheet.Apply(ctx, d, importers(), id); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		err := d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
			any, err := sheet.WriteCorrections(ctx, tx, id, &out)
			if !any {
				t.Error("nothing to correct")
			}
			return err
		})
		must(t, err)
		f, err := excelize.OpenReader(&out)
		must(t, err)
		rows, err := f.GetRows("房产台账")
		must(t, err)
		last := rows[len(rows)-1]
		if len(last) != 5 || last[0] != "A0103" || last[3] != "B1-9" || !strings.Contains(last[4], "很大") {
			t.Fatalf("corrections %q", rows)
		}
		must(t, f.SetCellValue("房产台账", fmt.Sprintf("B%d", len(rows)), 77))
		var fixed bytes.Buffer
		must(t, f.Write(&fixed))
		_, counts, problems := preview(t, ctx, d, fixed.Bytes())
		if want := (sheet.Counts{Units: 1, New: 1}); counts != want || len(problems) != 0 {
			t.Errorf("%+v %v, want %+v", counts, problems, want)
		}
	})
}

// desk is a browser at the front desk.
type desk struct {
	t      *testing.T
	server *web.Server
	runner *job.Runner
	ctx    context.Context
}

func newDesk(t *testing.T, d *db.DB) desk {
	base := func(ctx context.Context) context.Context { return file.With(ctx, file.Table{}) }
	list := func(context.Context) []sheet.Importer { return importers() }
	log := slog.New(slog.DiscardHandler)
	in := inProject(t.Context())
	s := web.New(web.Config{DB: d, Log: log, Base: base, SpoolDir: t.TempDir(), Routes: sheet.Routes(list, sheet.Place{Layout: "units", Label: core.T("单元", "Units"), Path: "unit"}),
		SignIn: func(context.Context, db.Tx, *http.Request) (core.Actor, web.Session, error) {
			return core.ActorOf(in), web.Session{}, nil
		},
		Project: func(context.Context, db.Tx, string) (core.Project, error) { return core.ProjectOf(in), nil }})
	return desk{t, s, job.NewRunner(d, sheet.Jobs(list), log), base(t.Context())}
}

func (k desk) do(method, url, kind string, body io.Reader) *httptest.ResponseRecorder {
	k.t.Helper()
	r := httptest.NewRequest(method, url, body)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	k.server.ServeHTTP(w, r)
	return w
}

func (k desk) get(url string) string { return k.do("GET", url, "", nil).Body.String() }

func (k desk) upload(name string, b []byte) *httptest.ResponseRecorder {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", name)
	must(k.t, err)
	_, _ = part.Write(b)
	must(k.t, w.Close())
	return k.do("POST", "/p/mm/import", w.FormDataContentType(), &body)
}

func (k desk) work() {
	k.t.Helper()
	if _, err := k.runner.Drain(k.ctx); err != nil {
		k.t.Fatal(err)
	}
}

func (k desk) sees(page string, words ...string) {
	k.t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			k.t.Errorf("the page does not say %q:\n%s", w, regexp.MustCompile(`<[^>]*>\s*`).ReplaceAllString(page, " "))
		}
	}
}

func TestImportInTheBrowser(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		ctx := inProject(t.Context())
		k.sees(k.get("/p/mm/import"), "上传并预览", "还没有导入过")
		up := k.upload("台账.xlsx", workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三", "B1-7"}, []any{"A0103", "很大", "王五"}), "杂记", [][]any{{"今天天气好"}}))
		at := up.Header().Get("Location")
		if up.Code != http.StatusSeeOther || at == "" {
			t.Fatal(up.Code, up.Body)
		}
		k.sees(k.get(at), "正在读取", `hx-get="`+at+`/progress"`)
		k.work()
		if got := k.do("GET", at+"/progress", "", nil); got.Code != http.StatusSeeOther {
			t.Errorf("progress of a finished preview: %d", got.Code)
		}
		k.sees(k.get(at), "新增 1,变更 0,不变 0,需改正 1", "同一条记录的认定:单元编号", "建筑面积", "随记录原样保留", "没有认出这张工作表", "下载需改正的行(1)", "导入", "放弃")
		k.sees(k.get(at+"?show=problems"), "很大", "面积", "此行不导入", "杂记")
		if n := len(stored(t, ctx, d)); n != 0 {
			t.Fatalf("%d records before the commit", n)
		}
		for range 2 { // a double click
			if got := k.do("POST", at+"/commit", "application/x-www-form-urlencoded", nil); got.Code != http.StatusSeeOther {
				t.Fatal(got.Code, got.Body)
			}
		}
		k.sees(k.get(at), "正在导入")
		k.work()
		if got := k.do("POST", at+"/commit", "application/x-www-form-urlencoded", nil); got.Code != http.StatusSeeOther {
			t.Error(got.Code)
		}
		k.work()
		if got := stored(t, ctx, d); len(got) != 1 || got["A0101"].Version != 1 {
			t.Errorf("stored %+v", got)
		}
		k.sees(k.get(at), "已导入", `href="/p/mm/unit"`, "陈前台", "下载需改正的行(1)")
		if got := k.do("POST", at+"/discard", "application/x-www-form-urlencoded", nil); got.Code != http.StatusConflict {
			t.Errorf("discarding an imported file: %d", got.Code)
		}
		if got := k.do("GET", at+"/corrections", "", nil); got.Code != http.StatusOK || !bytes.HasPrefix(got.Body.Bytes(), []byte("PK")) {
			t.Errorf("corrections: %d", got.Code)
		}
	})
}

func TestAChangeInTheBrowser(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		ctx := inProject(t.Context())
		id, _, _ := preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"})))
		_, err := sheet.Apply(ctx, d, importers(), id)
		must(t, err)
		at := k.upload("改.xlsx", workbook(t, "房产台账", unitRows([]any{"A0101", 123, "张三"}))).Header().Get("Location")
		k.work()
		k.sees(k.get(at+"?show=changed"), "<del>100</del>", "<ins>123</ins>")
		must(t, d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			return db.ExecOne(ctx, tx, "update flat set version = version + 1 where project_id = $1", core.ProjectOf(ctx).ID)
		}))
		k.do("POST", at+"/commit", "application/x-www-form-urlencoded", nil)
		k.work()
		k.sees(k.get(at), "请重新预览", "重新预览")
		k.do("POST", at+"/again", "application/x-www-form-urlencoded", nil)
		k.work()
		k.do("POST", at+"/commit", "application/x-www-form-urlencoded", nil)
		k.work()
		if got := stored(t, ctx, d); got["A0101"].Area != "123" {
			t.Errorf("%+v", got)
		}
	})
}

func TestABadUploadSaysWhy(t *testing.T) {
	dbtest.Each(t, engineFiles, func(t *testing.T, d *db.DB) {
		k := newDesk(t, d)
		if got := k.upload("台账.csv", []byte("单元号,面积\nA0101,100\n")); got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), "CSV") {
			t.Errorf("%d %s", got.Code, got.Body)
		}
		good := workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"}))
		got := k.upload("坏.xlsx", damagedPart(t, good, "xl/worksheets/"))
		if got.Code == http.StatusSeeOther {
			k.work()
			k.sees(k.get(got.Header().Get("Location")), "读不出来", "重新预览")
		} else {
			t.Errorf("%d %s", got.Code, got.Body)
		}
		if n := number(t, inProject(t.Context()), d, "flat"); n != 0 {
			t.Error(n)
		}
	})
}

// damagedPart cuts the parts under the prefix in half.
func damagedPart(t *testing.T, b []byte, prefix string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	must(t, err)
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range in.File {
		r, err := f.Open()
		must(t, err)
		part, err := io.ReadAll(r)
		must(t, err)
		if strings.HasPrefix(f.Name, prefix) {
			part = part[:len(part)/2]
		}
		p, err := w.Create(f.Name)
		must(t, err)
		_, err = p.Write(part)
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

func TestTwoAtOnceImportOnce(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, engineFiles...)
			d := dbtest.Open(t, cfg)
			other := d
			if e == db.Postgres {
				other = dbtest.Open(t, cfg)
			}
			ctx := inProject(t.Context())
			id, want, _ := preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"}, []any{"A0102", 60, "李四"})))
			errs := make(chan error, 4)
			for i := range cap(errs) {
				go func() {
					c, err := sheet.Apply(ctx, []*db.DB{d, other}[i%2], importers(), id)
					if err == nil && c != want {
						err = fmt.Errorf("counts %+v", c)
					}
					errs <- err
				}()
			}
			for range cap(errs) {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
			if got := stored(t, ctx, d); len(got) != 2 || got["A0101"].Version != 1 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestJournalCoversTheBatches(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.SQLite, engineFiles...))
	ctx := inProject(t.Context())
	id, _, _ := preview(t, ctx, d, workbook(t, "房产台账", unitRows([]any{"A0101", 100, "张三"})))
	_, err := sheet.Apply(ctx, d, importers(), id)
	must(t, err)
	must(t, d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		rep, err := journal.Verify(ctx, tx, sheet.Tables())
		if len(rep.Findings) > 0 || rep.Entries < 3 {
			t.Errorf("%+v", rep)
		}
		return err
	}))
}
