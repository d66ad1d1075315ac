package sheet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/job"
	"huiyin/journal"
)

// The import engine has two phases. The preview reads the workbook, lets each importer compare its rows with the
// database, and puts the outcome into staging, in small Writes. Apply then writes what is new and what has changed in
// one Write, after it has compared once more: when a record moved since the preview, it refuses.

// nothingFound refuses a workbook without one sheet that can be imported.
func (rd *reading) nothingFound() error {
	for _, m := range rd.sheets {
		if m.Is() {
			return nil
		}
	}
	return core.Invalid("file", "没有在文件里认出任何可以导入的工作表", "No sheet of the file was recognised as one that can be imported")
}

// Preview reads the workbook, compares it with the project of ctx and leaves the outcome in staging, to be applied or
// discarded. The counts are of what the file holds; the problems are in the order of the file. progress, if given, is
// called with rows done out of a total, which is 0 while the file is still being read. A file that cannot be read is a
// *core.Err in words, and leaves nothing.
func Preview(ctx context.Context, d *db.DB, importers []Importer, src Source, progress func(done, total int)) (core.ID, Counts, []Problem, error) {
	if progress == nil {
		progress = func(int, int) {}
	}
	rd, err := src.recognised(progress)
	if err != nil {
		return 0, Counts{}, nil, err
	}
	return stage(ctx, d, importers, src.Name, rd, progress)
}

// recognised reads the workbook and refuses one without anything to import.
func (src Source) recognised(progress func(done, total int)) (*reading, error) {
	rd, err := readWorkbook(src, func(rows int) { progress(rows, 0) })
	if err == nil {
		err = rd.nothingFound()
	}
	return rd, err
}

// stage makes a batch of what has been read.
func stage(ctx context.Context, d *db.DB, importers []Importer, name string, rd *reading, progress func(done, total int)) (core.ID, Counts, []Problem, error) {
	var b batchRow
	err := d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		b, err = insertBatch(ctx, tx, name)
		return err
	})
	if err != nil {
		return 0, Counts{}, nil, err
	}
	c, err := fill(ctx, d, importers, b.ID, rd, progress)
	if err != nil {
		return 0, Counts{}, nil, errors.Join(err, Discard(ctx, d, b.ID))
	}
	return b.ID, c.counts, c.problems, nil
}

// stageWrite is how many rows one Write of the staging takes, so that nobody waits for it.
const stageWrite = 1000

// fill compares a reading with the database and stores the outcome under the batch.
func fill(ctx context.Context, d *db.DB, importers []Importer, id core.ID, rd *reading, progress func(done, total int)) (*comparison, error) {
	var c *comparison
	var b batchRow
	total := 3 * max(1, len(rd.rows))
	progress(total/3, total)
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		if b, err = getBatch(ctx, tx, id); err == nil {
			c, err = compare(ctx, tx, importers, rd, &Batch{ID: id, Name: b.Name})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	progress(2*total/3, total)
	if err := c.store(ctx, d, b, func(part, of int) { progress(2*total/3+total*part/of/3, total) }); err != nil {
		return nil, err
	}
	return c, d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return c.ready(ctx, tx, importers, id) })
}

// store writes rows, staged rows and problems, a thousand to a Write. What an interrupted run left goes first.
func (c *comparison) store(ctx context.Context, d *db.DB, b batchRow, progress func(part, of int)) error {
	numbers := map[place]int{}
	for i, r := range c.rows {
		numbers[place{r.Sheet, r.Row}] = i + 1
	}
	steps := []struct {
		n     int
		write func(ctx context.Context, tx db.Tx, from, to int) error
	}{
		{1, func(ctx context.Context, tx db.Tx, _, _ int) error { return clearStaging(ctx, tx, b, false) }},
		{len(c.rows), func(ctx context.Context, tx db.Tx, from, to int) error { return c.storeRows(ctx, tx, b, from, to) }},
		{len(c.staged), func(ctx context.Context, tx db.Tx, from, to int) error {
			return c.storeStaged(ctx, tx, b, numbers, from, to)
		}},
		{len(c.problems), func(ctx context.Context, tx db.Tx, from, to int) error { return c.storeProblems(ctx, tx, b, from, to) }},
	}
	done, all := 0, 1+len(c.rows)+len(c.staged)+len(c.problems)
	for _, s := range steps {
		for from := 0; from < s.n; from += stageWrite {
			to := min(from+stageWrite, s.n)
			err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
				if err := stillReading(ctx, tx, b.ID); err != nil {
					return err
				}
				return s.write(ctx, tx, from, to)
			})
			if err != nil {
				return err
			}
			done += to - from
			progress(done, all)
		}
	}
	return nil
}

// stillReading refuses to go on with a preview that somebody has discarded meanwhile.
func stillReading(ctx context.Context, tx db.Tx, id core.ID) error {
	b, err := lockBatch(ctx, tx, id)
	if err == nil && b.State != batchReading {
		err = core.Conflict("这次导入已经放弃或已完成", "This import has been discarded or finished")
	}
	return err
}

// ready ends the preview.
func (c *comparison) ready(ctx context.Context, tx db.Tx, importers []Importer, id core.ID) error {
	if err := stillReading(ctx, tx, id); err != nil {
		return err
	}
	b, err := getBatch(ctx, tx, id)
	if err != nil {
		return err
	}
	b.summary = core.JSON(c.summary(sorted(importers)))
	return b.move(ctx, tx, batchReady, core.Text{}, "previewed", c.counts)
}

func (c *comparison) summary(importers []Importer) summary {
	s := summary{Counts: c.counts, Refused: c.refused, Problems: len(c.problems)}
	for _, m := range c.sheets {
		f := found{Match: m, Rows: map[State]int{}}
		for _, r := range c.rows {
			if r.Sheet == m.Sheet && r.state != "" {
				f.Rows[r.state]++
			}
		}
		for _, imp := range importers {
			if m.Is() && imp.Layout == m.Kind {
				f.Keys = append(f.Keys, imp.Key)
			}
		}
		s.Sheets = append(s.Sheets, f)
	}
	return s
}

// Apply imports what a preview has staged, in one Write: all of it or nothing. A batch that is imported already gives
// its counts again, so a second submit is harmless. When a record that the batch would touch has moved since the
// preview, it is KindConflict and nothing is written.
func Apply(ctx context.Context, d *db.DB, importers []Importer, batch core.ID) (Counts, error) {
	return applyFrom(ctx, d, importers, batch, batchReady, batchApplying)
}

// applyFrom applies a batch that is in one of the states.
func applyFrom(ctx context.Context, d *db.DB, importers []Importer, batch core.ID, from ...batchState) (Counts, error) {
	var counts Counts
	err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		b, err := lockBatch(ctx, tx, batch)
		if err != nil {
			return err
		}
		counts = b.Summary().Counts
		switch {
		case b.State == batchDone:
			return nil
		case slices.Contains(from, b.State):
			return b.apply(ctx, tx, sorted(importers))
		}
		return core.Conflict("这次导入还没有预览好,或已经放弃", "This import has not been previewed yet, or has been discarded")
	})
	return counts, err
}

func (b *batchRow) apply(ctx context.Context, tx db.Tx, importers []Importer) error {
	rows, err := loadRows(ctx, tx, *b)
	if err != nil {
		return err
	}
	staged, err := loadStaged(ctx, tx, *b, rows)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.offered {
			r.state = ""
		}
	}
	batch := &Batch{ID: b.ID, Name: b.Name}
	now, err := compare(ctx, tx, importers, &reading{rows: rows}, batch)
	if err == nil {
		err = unmoved(staged, now.staged)
	}
	if err != nil {
		return err
	}
	for _, imp := range importers {
		if mine := toApply(imp, staged); len(mine) > 0 {
			if err := imp.Apply(ctx, tx, mine, batch); err != nil {
				return err
			}
		}
	}
	if err := clearStaging(ctx, tx, *b, true); err != nil {
		return err
	}
	return b.move(ctx, tx, batchDone, core.Text{}, "imported", b.Summary().Counts)
}

// toApply are the importer's new and changed rows.
func toApply(imp Importer, staged []stagedRow) []Staged {
	var out []Staged
	for _, s := range staged {
		if s.layout == imp.Layout && s.order == imp.Order && (s.State == New || s.State == Changed) {
			out = append(out, s.Staged)
		}
	}
	return out
}

// unmoved refuses when a row that would be written compares otherwise than at the preview: its record was changed, made
// or voided by somebody else meanwhile.
func unmoved(before, after []stagedRow) error {
	now := map[[5]any]*stagedRow{}
	for i := range after {
		now[after[i].id()] = &after[i]
	}
	moved := 0
	var first *stagedRow
	for i := range before {
		s := &before[i]
		if s.State != New && s.State != Changed {
			continue
		}
		if n, ok := now[s.id()]; ok && n.State == s.State && n.Record == s.Record && n.Version == s.Version {
			continue
		}
		if moved++; first == nil {
			first = s
		}
	}
	if moved == 0 {
		return nil
	}
	return core.Conflict("预览之后有 %d 行对应的记录被别人改过(例如“%s”第 %d 行),没有导入;请重新预览", "The records of %d rows were changed by somebody since the preview (for example row %[3]d of “%[2]s”); nothing was imported. Please preview again",
		moved, first.Sheet, first.Row)
}

// Discard drops what a preview has staged, with the key that it was sealed under. An imported batch is KindConflict.
func Discard(ctx context.Context, d *db.DB, batch core.ID) error {
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return discard(ctx, tx, batch) })
}

func discard(ctx context.Context, tx db.Tx, batch core.ID) error {
	b, err := lockBatch(ctx, tx, batch)
	switch {
	case err != nil:
		return err
	case b.State == batchDiscarded:
		return nil
	case b.State == batchDone, b.State == batchApplying:
		return core.Conflict("已经导入或正在导入,不能放弃", "It is imported already, or being imported; it cannot be discarded")
	}
	if err := clearStaging(ctx, tx, b, false); err != nil {
		return err
	}
	if err := db.EraseKey(ctx, tx, core.ProjectOf(ctx).ID, b.ID); err != nil {
		return err
	}
	if err := voidFiles(ctx, tx, b); err != nil {
		return err
	}
	b.summary = ""
	return b.move(ctx, tx, batchDiscarded, core.Text{}, "discarded", nil)
}

// keepPreviews is how long a preview waits for somebody to confirm it, in business time. Reading one takes minutes;
// what is older was forgotten, or its process was killed.
const keepPreviews = 7 * 24 * time.Hour

// Expire discards the previews of the project of ctx that nobody has confirmed for a week, with the workbooks that were
// uploaded for them; it is run once a day. What is being imported, or is imported, stays.
func Expire(ctx context.Context, d *db.DB) error {
	var old []core.ID
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		old, err = forgotten(ctx, tx, core.Now(ctx).Add(-keepPreviews))
		return err
	})
	for _, id := range old {
		if err == nil {
			err = d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
				b, err := lockBatch(ctx, tx, id)
				if err != nil || !b.isOpen() || b.Changed.After(core.Now(ctx).Add(-keepPreviews)) { // somebody has moved it meanwhile
					return err
				}
				return discard(ctx, tx, id)
			})
		}
	}
	return err
}

// WriteCorrections writes the workbook of the batch's refused rows, in their own sheets and columns with a last column
// that says why; see Corrections. It reports whether there were any.
func WriteCorrections(ctx context.Context, tx db.Tx, batch core.ID, w io.Writer) (bool, error) {
	b, err := getBatch(ctx, tx, batch)
	if err != nil {
		return false, err
	}
	rows, err := loadRows(ctx, tx, b)
	if err != nil {
		return false, err
	}
	problems, _, err := loadProblems(ctx, tx, b, 0, 0)
	if err != nil {
		return false, err
	}
	matches, why := b.Summary().matches(), map[place][]Problem{}
	for _, p := range problems {
		why[place{p.Sheet, p.Row}] = append(why[place{p.Sheet, p.Row}], p)
	}
	var records []Record
	for _, r := range rows {
		m := matches[r.Sheet]
		if r.state != Refused || m == nil {
			continue
		}
		records = append(records, Record{Row: r.Row, match: m, raw: r.raw, Problems: why[place{r.Sheet, r.Row}]})
	}
	return Corrections(w, core.LangOf(ctx), records)
}

// matches are the recognised sheets by name, with their columns' places.
func (s summary) matches() map[string]*Match {
	out := map[string]*Match{}
	for i := range s.Sheets {
		m := &s.Sheets[i].Match
		for _, cols := range [][]Mapped{m.Columns, m.Extra} {
			for j := range cols {
				cols[j].Col = columnIndex(cols[j].Letter)
			}
		}
		out[m.Sheet] = m
	}
	return out
}

// Result is what `huiyin import --json` prints.
type Result struct {
	Counts
	Problems []ResultProblem `json:"problems"`
}

// ResultProblem is a problem in the language of the command.
type ResultProblem struct {
	Sheet   string `json:"sheet"`
	Row     int    `json:"row"`
	Column  string `json:"column"`
	Message string `json:"message"`
}

// Print writes the result for a person: the counts, then the problems.
func (r Result) Print(w io.Writer, lang core.Lang) error {
	c := r.Counts
	_, err := fmt.Fprintln(w, core.T("单元 %d,客户 %d,合同 %d,抄表 %d,欠费 %s 元,报修投诉 %d;新增 %d 行,变更 %d 行,不变 %d 行,问题 %d 处",
		"%d units, %d customers, %d leases, %d readings, arrears %s CNY, %d repairs and complaints; rows: %d new, %d changed, %d unchanged; %d problems",
		c.Units, c.Customers, c.Leases, c.Readings, c.ArrearsFen.String(), c.Matters, c.New, c.Changed, c.Unchanged, len(r.Problems)).In(lang))
	for _, p := range r.Problems {
		if err != nil {
			break
		}
		_, err = fmt.Fprintln(w, p.line(lang))
	}
	return err
}

func (p ResultProblem) line(lang core.Lang) string {
	at := p.Sheet
	if p.Row > 0 {
		at = core.T("%s 第 %d 行", "%s row %d", p.Sheet, p.Row).In(lang)
	}
	if p.Column != "" {
		at += " " + p.Column
	}
	return at + ": " + p.Message
}

func resultOf(ctx context.Context, c Counts, problems []Problem) Result {
	r := Result{Counts: c, Problems: []ResultProblem{}}
	for _, p := range problems {
		r.Problems = append(r.Problems, ResultProblem{p.Sheet, p.Row, p.Column, p.Message.Say(ctx)})
	}
	return r
}

// Command imports the file at path into the project that the function names; with dryRun it only compares, and writes
// nothing at all. The project is asked for once the file has been read and recognised, so that a wrong file does not
// make one. Messages about the progress go to progress. An error means that nothing was committed; rows that cannot be
// taken are in the result and are no error.
func Command(ctx context.Context, d *db.DB, importers []Importer, path string, dryRun bool,
	project func(context.Context) (core.Project, error), progress io.Writer) (Result, error) {
	tell := told(ctx, progress)
	name, rd, err := readFile(path, tell)
	if err != nil {
		return Result{}, err
	}
	p, err := project(ctx)
	if err != nil {
		return Result{}, err
	}
	ctx = core.WithProject(ctx, p)
	if dryRun {
		return dry(ctx, d, importers, name, rd)
	}
	batch, counts, problems, err := stage(ctx, d, importers, name, rd, tell)
	if err != nil {
		return Result{}, err
	}
	if _, err := Apply(ctx, d, importers, batch); err != nil {
		return Result{}, errors.Join(err, Discard(ctx, d, batch))
	}
	return resultOf(ctx, counts, problems), nil
}

func readFile(path string, progress func(done, total int)) (name string, rd *reading, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, core.Invalid("file", "打不开文件:%v", "The file cannot be opened: %v", err)
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "", nil, core.Invalid("file", "%s 不是文件", "%s is not a file", path)
	}
	name = filepath.Base(path)
	rd, err = Source{Name: name, Reader: f, Size: info.Size()}.recognised(progress)
	return name, rd, err
}

// dry compares without staging.
func dry(ctx context.Context, d *db.DB, importers []Importer, name string, rd *reading) (Result, error) {
	var c *comparison
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		c, err = compare(ctx, tx, importers, rd, &Batch{Name: name})
		return err
	})
	if err != nil {
		return Result{}, err
	}
	return resultOf(ctx, c.counts, c.problems), nil
}

// told prints the progress, at most twice a second.
func told(ctx context.Context, w io.Writer) func(done, total int) {
	if w == nil {
		return func(int, int) {}
	}
	return throttled(500*time.Millisecond, func(done, total int) {
		if total == 0 {
			fmt.Fprintln(w, core.T("已读 %d 行", "%d rows read", done).Say(ctx))
			return
		}
		fmt.Fprintln(w, core.T("比对 %d%%", "comparing %d%%", done*100/total).Say(ctx))
	})
}

// throttled passes on one call in every span of real time.
func throttled(every time.Duration, fn func(done, total int)) func(done, total int) {
	last := time.Now()
	return func(done, total int) {
		if time.Since(last) >= every {
			last = time.Now()
			fn(done, total)
		}
	}
}

// The jobs that pages start.
const (
	previewJob = "sheet.preview"
	applyJob   = "sheet.apply"
)

// Jobs are the kinds of work that the pages start: importers gives those of all modules.
func Jobs(importers func(ctx context.Context) []Importer) []job.Kind {
	return []job.Kind{
		{Name: previewJob, Tries: 5, Run: func(ctx context.Context, d *db.DB, args []byte) error {
			return runJob(ctx, args, func(ctx context.Context, id core.ID) error { return previewBatch(ctx, d, importers(ctx), id) })
		}},
		{Name: applyJob, Tries: 5, Run: func(ctx context.Context, d *db.DB, args []byte) error {
			return runJob(ctx, args, func(ctx context.Context, id core.ID) error { return applyBatch(ctx, d, importers(ctx), id) })
		}},
	}
}

// jobArgs carry the project and the person, since a job starts without either.
type jobArgs struct {
	Batch   core.ID `json:"batch"`
	Project core.ID `json:"project"`
	Code    string  `json:"code"`
	Name    string  `json:"name"`
	Zone    string  `json:"zone"`
	Actor   core.ID `json:"actor"`
	Person  string  `json:"person"`
}

func addJob(ctx context.Context, tx db.Tx, kind string, batch core.ID) error {
	p, a := core.ProjectOf(ctx), core.ActorOf(ctx)
	return job.Add(ctx, tx, kind, jobArgs{batch, p.ID, p.Code, p.Name, p.Zone.String(), a.ID, a.Name}, job.Unique(batch.String()), job.Project(p.ID))
}

func runJob(ctx context.Context, args []byte, run func(ctx context.Context, batch core.ID) error) error {
	var a jobArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return err
	}
	zone, err := time.LoadLocation(a.Zone)
	if err != nil {
		return err
	}
	ctx = core.WithActor(ctx, core.Actor{ID: a.Actor, Name: a.Person, Job: true})
	return run(core.WithProject(ctx, core.Project{ID: a.Project, Code: a.Code, Name: a.Name, Zone: zone}), a.Batch)
}

// previewBatch makes the preview of an uploaded workbook. A file that cannot be read fails the batch, in words.
func previewBatch(ctx context.Context, d *db.DB, importers []Importer, id core.ID) error {
	b, content, err := uploaded(ctx, d, id)
	if err != nil || b.State != batchReading {
		return err
	}
	progress := throttled(300*time.Millisecond, func(done, total int) {
		_ = d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return setProgress(ctx, tx, id, done, total) }) // only shown
	})
	rd, err := readWorkbook(content.source(b.Name), func(rows int) { progress(rows, 0) })
	if err == nil {
		_, err = fill(ctx, d, importers, id, rd, progress)
	}
	return failBatch(ctx, d, id, batchReading, batchFailed, "failed", err)
}

// applyBatch imports a previewed batch. A refusal puts it back to the preview, with the reason.
func applyBatch(ctx context.Context, d *db.DB, importers []Importer, id core.ID) error {
	_, err := applyFrom(ctx, d, importers, id, batchApplying)
	return failBatch(ctx, d, id, batchApplying, batchReady, "refused", err)
}

// failBatch keeps the reason of a failure for the page. A busy database is tried again by the job; what is ours to mend
// goes to the administrator's list of jobs too.
func failBatch(ctx context.Context, d *db.DB, id core.ID, from, to batchState, verb string, failure error) error {
	if failure == nil || core.IsKind(failure, core.KindBusy) || ctx.Err() != nil {
		return failure
	}
	err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		b, err := lockBatch(ctx, tx, id)
		if err != nil || b.State != from {
			return err
		}
		return b.move(ctx, tx, to, core.AsErr(failure).Text, verb, map[string]string{"why": core.AsErr(failure).Text.ZH})
	})
	if core.AsErr(failure).Kind != core.KindInternal {
		failure = nil
	}
	return errors.Join(failure, err)
}

// history is what happened to the batch, newest last.
func history(ctx context.Context, tx db.Tx, b batchRow) ([]journal.Entry, error) {
	return journal.Of(ctx, tx, b.ref(ctx))
}
