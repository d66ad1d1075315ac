package app_test

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/journal"
	"huiyin/sheet"
	"huiyin/testkit"
)

// workbooks are the sample workbooks and what they hold, counted by hand of their rows: office.xlsx has 902 readings, of
// which two units share one meter number; its own totals row says 596,516.78 yuan.
var workbooks = []struct {
	name     string
	want     sheet.Counts
	repeated int // rows that repeat another's key and say otherwise
	open     int // repairs and complaints without a result
	repairs  int // of them
}{
	{"tidy.xlsx", sheet.Counts{Units: 72, Customers: 66, Leases: 60, Readings: 132, ArrearsFen: 6399128, Matters: 53}, 0, 7, 4},
	{"office.xlsx", sheet.Counts{Units: 520, Customers: 451, Leases: 406, Readings: 901, ArrearsFen: 59651678, Matters: 245}, 1, 28, 16},
}

func samplePath(name string) string { return filepath.Join("..", "sheet", "testdata", name) }

// importFile runs the command's own function over a file, as an administrator.
func importFile(k *testkit.Kit, path string, dry bool) sheet.Result {
	k.Helper()
	res, err := sheet.Command(k.Ctx(core.Admin), k.App.DB, k.App.Lists.Sheets, path, dry, func(context.Context) (core.Project, error) { return k.Project, nil }, io.Discard)
	k.Must(err)
	return res
}

// taken is what a file holds, without what it would change.
func taken(c sheet.Counts) sheet.Counts {
	c.New, c.Changed, c.Unchanged = 0, 0, 0
	return c
}

func value[V any](k *testkit.Kit, query string, args ...any) (v V) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		v, err = db.Value[V](ctx, tx, query, append([]any{k.Project.ID}, args...)...)
		return err
	})
	return v
}

func TestTheOfficesWorkbooksAreTaken(t *testing.T) {
	for _, w := range workbooks {
		for _, e := range dbtest.Engines() { // one after another: the time counts
			t.Run(w.name+"/"+string(e), func(t *testing.T) {
				k := testkit.New(t, e)
				start, before := time.Now(), processorTime(t)
				res := importFile(k, samplePath(w.name), false)
				busy := processorTime(t) - before
				t.Logf("%s: %v, of it %v of one processor", w.name, time.Since(start), busy)
				if got := taken(res.Counts); got != w.want {
					t.Errorf("taken %+v, want %+v", got, w.want)
				}
				if res.Changed != 0 || res.Unchanged != 0 {
					t.Errorf("the first import finds %d changed and %d unchanged rows", res.Changed, res.Unchanged)
				}
				checkProblems(t, res, w.repeated)
				if got := value[core.Money](k, "select sum(amount) from customer_arrears where project_id = $1 and voided_at is null"); got != w.want.ArrearsFen {
					t.Errorf("stored arrears %s, want %s", got, w.want.ArrearsFen)
				}
				checkOpenMatters(k, w.open, w.repairs)
				checkJournal(k)
				for _, dry := range []bool{true, false} {
					again := importFile(k, samplePath(w.name), dry)
					if again.New != 0 || again.Changed != 0 || again.Unchanged != res.New || taken(again.Counts) != w.want {
						t.Errorf("the same file again (dry %v): %+v, want %d unchanged rows", dry, again.Counts, res.New)
					}
				}
			})
		}
	}
}

// processorTime is what this process has used so far.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// checkProblems wants every problem at a sheet, a row and a message, and no row refused but those that repeat another.
func checkProblems(t *testing.T, res sheet.Result, repeated int) {
	t.Helper()
	refused := 0
	for _, p := range res.Problems {
		if p.Sheet == "" || p.Row == 0 || p.Message == "" {
			t.Errorf("a problem without its place: %+v", p)
		}
		if p.Sheet == "抄表记录" {
			refused++
			t.Logf("%+v", p)
		}
	}
	if refused != repeated {
		t.Errorf("%d problems of readings, want %d", refused, repeated)
	}
	slices.SortFunc(res.Problems, func(a, b sheet.ResultProblem) int { return a.Row - b.Row })
}

// checkOpenMatters wants the open ones of the workbook open, each with a duty; closed history owes nothing. An open
// repair's first duty may stand with the matter that it was taken as.
func checkOpenMatters(k *testkit.Kit, open, repairs int) {
	k.Helper()
	const (
		orders   = "select count(*) from repair_order r where r.project_id = $1 and r.origin = 'import' and "
		matters  = "select count(*) from desk_matter r where r.project_id = $1 and r.origin = 'import' and r.kind <> 'repair' and "
		ofOrder  = "exists (select 1 from duty_duty d where d.project_id = r.project_id and d.state = 'open' and (d.kind = 'repair' and d.record_id = r.id or d.kind = 'desk' and d.record_id = r.matter_id))"
		ofMatter = "exists (select 1 from duty_duty d where d.project_id = r.project_id and d.state = 'open' and d.kind = 'desk' and d.record_id = r.id)"
	)
	for query, want := range map[string]int{
		orders + "r.open": repairs, orders + "r.open and " + ofOrder: repairs, orders + "not r.open and " + ofOrder: 0,
		matters + "r.open": open - repairs, matters + "r.open and " + ofMatter: open - repairs, matters + "not r.open and " + ofMatter: 0,
	} {
		if got := value[int](k, query); got != want {
			k.Errorf("%d, want %d: %s", got, want, query)
		}
	}
}

func checkJournal(k *testkit.Kit) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		rep, err := journal.Verify(ctx, tx, append(sheet.Tables(), k.App.Lists.Tables...))
		for _, f := range rep.Findings {
			k.Errorf("verify: %s", f.Text.ZH)
		}
		return err
	})
}

// edited is a copy of tidy.xlsx with one area, one amount and one unit more.
func edited(t *testing.T) []byte {
	t.Helper()
	f, err := excelize.OpenFile(samplePath("tidy.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	for at, v := range map[string]any{"房产台账!E4": 133.5, "欠费明细!E3": 1700.01} {
		name, cell := at[:len(at)-3], at[len(at)-2:]
		if err := f.SetCellValue(name, cell, v); err != nil {
			t.Fatal(err)
		}
	}
	row := []any{73, "A座", "12", "A1207", 88, "写字楼", "卢洋桂", "13901699888", "空置", 18.5}
	if err := f.SetSheetRow("房产台账", "A75", &row); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAnEditedWorkbookShowsExactlyTheDifference(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		first := importFile(k, samplePath("tidy.xlsx"), false)
		path := filepath.Join(k.TempDir(), "tidy.xlsx")
		k.Must(os.WriteFile(path, edited(k.T), 0o600))
		res := importFile(k, path, true)
		if res.New != 1 || res.Changed != 2 || res.Unchanged != first.New-2 {
			k.Errorf("%+v, want 1 new, 2 changed, %d unchanged", res.Counts, first.New-2)
		}
		if got := value[string](k, "select area from estate_unit where project_id = $1 and code = 'A0102'"); got != "132.86" {
			k.Errorf("the dry run has changed the area to %s", got)
		}
		res = importFile(k, path, false)
		if got := value[string](k, "select area from estate_unit where project_id = $1 and code = 'A0102'"); got != "133.5" {
			k.Errorf("area %s, want 133.5", got)
		}
		if got, want := value[core.Money](k, "select sum(amount) from customer_arrears where project_id = $1"), res.ArrearsFen; got != want || want != 6399128-166592+170001 {
			k.Errorf("arrears %s, the file says %s", got, want)
		}
		if n := value[int](k, "select count(*) from estate_unit where project_id = $1 and version > 1"); n != 1 {
			k.Errorf("%d units were written again, want the changed one", n)
		}
		if res = importFile(k, path, false); res.New != 0 || res.Changed != 0 {
			k.Errorf("again %+v", res.Counts)
		}
	})
}

func TestAWorkbookIsImportedInTheBrowser(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		content, err := os.ReadFile(samplePath("tidy.xlsx"))
		k.Must(err)
		b := k.As(core.Desk)
		p := b.Upload(b.P("import"), url.Values{}, []testkit.File{{Field: "file", Name: "台账.xlsx", Content: content}}).OK(k)
		k.Drain()
		at := p.URL
		for _, words := range []string{"房产台账", "统一社会信用代码", "同一条记录的认定"} {
			if p = b.Get(at).OK(k); !p.Has(words) {
				k.Errorf("the preview does not say %q:\n%s", words, p.Text("main"))
			}
		}
		if n := value[int](k, "select count(*) from estate_unit where project_id = $1"); n != 0 {
			k.Fatalf("the preview wrote %d units", n)
		}
		b.SubmitForm(p, `form[action$="/commit"]`, nil).OK(k)
		b.Post(at+"/commit", url.Values{}).OK(k)
		k.Drain()
		if n := value[int](k, "select count(*) from estate_unit where project_id = $1"); n != 72 {
			k.Errorf("%d units, want 72", n)
		}
		if p = b.Get(at).OK(k); !p.Has("已导入") {
			k.Error(p.Text("main"))
		}
		if got := k.As(core.Technician).Get(at).Status; got != 403 {
			k.Errorf("a technician sees the import: %d", got)
		}
	})
}
