package sheet

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/web"
	"huiyin/web/ui"
)

// Perm is the permission of every page here: 导入 (front desk, supervisors, managers, administrators).
const Perm = "sheet.import"

// Place is where the records of a layout are seen after an import; Path is under the project: "unit".
type Place struct {
	Layout string
	Label  core.Text
	Path   string
}

// Routes are the pages of the import. importers gives those of all modules; places are the links shown once a file is
// imported.
func Routes(importers func(ctx context.Context) []Importer, places ...Place) []web.Route {
	p := pages{importers, places}
	const base = "/p/{project}/import"
	return []web.Route{
		{Pattern: "GET " + base, Perm: Perm, Handle: p.list},
		{Pattern: "POST " + base, Perm: Perm, Handle: p.upload, Failed: p.listAgain, Specs: uploadSpecs()},
		{Pattern: "GET " + base + "/{id}", Perm: Perm, Handle: p.show},
		{Pattern: "GET " + base + "/{id}/progress", Perm: Perm, Handle: p.progress},
		{Pattern: "GET " + base + "/{id}/corrections", Perm: Perm, Handle: p.corrections},
		{Pattern: "GET " + base + "/{id}/file", Perm: Perm, Handle: p.original},
		{Pattern: "POST " + base + "/{id}/commit", Perm: Perm, Handle: p.commit},
		{Pattern: "POST " + base + "/{id}/again", Perm: Perm, Handle: p.again},
		{Pattern: "POST " + base + "/{id}/discard", Perm: Perm, Handle: p.discard},
	}
}

type pages struct {
	importers func(ctx context.Context) []Importer
	places    []Place
}

func uploadSpecs() []core.Spec {
	return []core.Spec{{Name: "file", Label: core.T("工作簿(.xlsx)", "Workbook (.xlsx)"), Kind: core.KindFile, Required: true,
		Hint: core.T("平时用的台账原样上传即可;一次一个文件,最大 30 MB。先预览,确认后才写入", "Upload the ledger as you keep it; one file at a time, at most 30 MB. You see a preview before anything is written")}}
}

func home(ctx context.Context) string { return "/p/" + core.ProjectOf(ctx).Code + "/import" }

func (b batchRow) href(ctx context.Context, more ...string) string {
	return strings.Join(append([]string{home(ctx), b.ID.String()}, more...), "/")
}

const listLimit = 30

func (p pages) list(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	return p.listWith(ctx, tx, r, nil)
}

func (p pages) listAgain(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	return p.listWith(ctx, tx, r, failure)
}

func (p pages) listWith(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	after, _ := core.ParseID(r.Query("after")) // none: the newest
	batches, err := recentBatches(ctx, tx, after, listLimit+1)
	if err != nil {
		return nil, err
	}
	v := listView{Form: ui.FormView{Action: home(ctx), Multipart: true, IdemKey: rand.Text(), Submit: core.T("上传并预览", "Upload and preview"),
		Fields: ui.FieldsOf(uploadSpecs(), nil, failure)}, Failure: failure}
	v.Form.Fields[0].Accept = ".xlsx"
	if len(batches) > listLimit {
		batches = batches[:listLimit]
		v.Next = home(ctx) + "?after=" + batches[listLimit-1].ID.String()
	}
	v.Table = batchTable(ctx, batches)
	return web.Page{Title: core.T("导入", "Import"), Body: listPage(v)}, nil
}

type listView struct {
	Form    ui.FormView
	Failure error
	Table   ui.TableView
	Next    string
}

func batchTable(ctx context.Context, batches []batchRow) ui.TableView {
	t := ui.TableView{Caption: core.T("以前的导入", "Earlier imports"), Empty: core.T("还没有导入过", "Nothing has been imported yet"), Columns: []ui.Column{
		{Label: core.T("文件", "File")}, {Label: core.T("时间", "Time")}, {Label: core.T("状态", "State")}, {Label: core.T("新增", "New"), Num: true},
		{Label: core.T("变更", "Changed"), Num: true}, {Label: core.T("需改正", "To correct"), Num: true}}}
	for _, b := range batches {
		s, pill := b.Summary(), b.pill()
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: b.Name, Href: b.href(ctx)}, {Text: ui.When(ctx, b.At)}, {Body: ui.Pill(pill.Tone, pill.Text)},
			{Text: strconv.Itoa(s.Counts.New)}, {Text: strconv.Itoa(s.Counts.Changed)}, {Text: strconv.Itoa(s.Refused)}}})
	}
	return t
}

func (b batchRow) pill() ui.PillView {
	switch b.State {
	case batchReading:
		return ui.PillView{Tone: ui.Run, Text: core.T("正在读取", "Reading")}
	case batchReady:
		return ui.PillView{Tone: ui.Warn, Text: core.T("待确认", "To be confirmed")}
	case batchApplying:
		return ui.PillView{Tone: ui.Run, Text: core.T("正在导入", "Importing")}
	case batchDone:
		return ui.PillView{Tone: ui.OK, Text: core.T("已导入", "Imported")}
	case batchFailed:
		return ui.PillView{Tone: ui.Late, Text: core.T("读不出来", "Cannot be read")}
	}
	return ui.PillView{Tone: ui.None, Text: core.T("已放弃", "Discarded")}
}

// upload keeps the file and starts the preview.
func (p pages) upload(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	ups := r.Input.Files["file"]
	if len(ups) != 1 {
		return nil, core.Invalid("file", "请选择一个文件", "Choose one file")
	}
	if err := quickCheck(ups[0]); err != nil {
		return nil, err
	}
	b, err := insertBatch(ctx, tx, ups[0].Name)
	if err != nil {
		return nil, err
	}
	if _, err := file.Attach(ctx, tx, b.ref(ctx), "workbook", ups[0]); err != nil {
		return nil, err
	}
	return web.Redirect{URL: b.href(ctx)}, addJob(ctx, tx, previewJob, b.ID)
}

// quickCheck refuses at once what is plainly no workbook; the rest shows when the job reads it.
func quickCheck(up core.Upload) error {
	rc, err := up.Open()
	if err != nil {
		return err
	}
	defer rc.Close() //nolint:errcheck // only read
	if limit := (Limits{}).withDefaults().Bytes; up.Size > limit {
		return &core.Err{Kind: core.KindTooLarge, Text: core.T("文件有 %s,超过上限 %s", "The file has %s; the limit is %s", megabytes(up.Size), megabytes(limit))}
	}
	if at, ok := rc.(io.ReaderAt); ok {
		return checkMagic(at, up.Size)
	}
	return nil
}

// content is a workbook in memory: at most 30 MB.
type content []byte

func (c content) source(name string) Source {
	return Source{Name: name, Reader: bytes.NewReader(c), Size: int64(len(c))}
}

// uploaded loads the batch and its workbook.
func uploaded(ctx context.Context, d *db.DB, id core.ID) (b batchRow, c content, err error) {
	var rc io.ReadCloser
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		if b, err = getBatch(ctx, tx, id); err == nil {
			rc, err = openFile(ctx, tx, b)
		}
		return err
	})
	if err != nil {
		return b, nil, err
	}
	defer rc.Close() //nolint:errcheck // only read
	c, err = io.ReadAll(rc)
	return b, c, err
}

func openFile(ctx context.Context, tx db.Tx, b batchRow) (io.ReadCloser, error) {
	files, err := file.List(ctx, tx, b.ref(ctx))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, core.NotFound()
	}
	return file.OpenContent(ctx, tx, files[0])
}

func voidFiles(ctx context.Context, tx db.Tx, b batchRow) error {
	files, err := file.List(ctx, tx, b.ref(ctx))
	for _, f := range files {
		if err == nil {
			err = file.Void(ctx, tx, f, "放弃导入")
		}
	}
	return err
}

func (p pages) batch(ctx context.Context, tx db.Tx, r *web.Request) (batchRow, error) {
	id, err := r.ID("id")
	if err != nil {
		return batchRow{}, err
	}
	return getBatch(ctx, tx, id)
}

// busy reports whether a job is at work on the batch.
func (b batchRow) busy() bool { return b.State == batchReading || b.State == batchApplying }

const pageLimit = 100

type showView struct {
	Batch    batchRow
	Summary  summary
	Head     ui.HeadView
	Tabs     []ui.Tab
	Tab      string
	Progress progressView
	Actions  []ui.ActionView
	Table    ui.TableView
	Next     string
	Links    []ui.Link
	Files    []ui.Link
	Events   []ui.Event
}

type progressView struct {
	Href        string
	Label       core.Text
	Done, Total int
}

func (b batchRow) progressView(ctx context.Context) progressView {
	v := progressView{Href: b.href(ctx, "progress"), Done: b.Done, Total: b.Total, Label: core.T("正在读取工作簿", "Reading the workbook")}
	switch {
	case b.State == batchApplying:
		v.Label, v.Done, v.Total = core.T("正在导入,一次全部写入", "Importing, all in one go"), 0, 0
	case b.Total > 0:
		v.Label = core.T("正在与现有资料比对:%d%%", "Comparing with what is there: %d%%", b.Done*100/b.Total)
	case b.Done > 0:
		v.Label = core.T("正在读取工作簿:已读 %d 行", "Reading the workbook: %d rows so far", b.Done)
	}
	return v
}

func (p pages) progress(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	b, err := p.batch(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	if !b.busy() {
		return web.Redirect{URL: b.href(ctx)}, nil
	}
	return web.Fragment{Body: progressPart(b.progressView(ctx))}, nil
}

func (p pages) show(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	b, err := p.batch(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	v := showView{Batch: b, Summary: b.Summary(), Tab: r.Query("show"), Progress: b.progressView(ctx), Actions: b.actions(ctx),
		Head: ui.HeadView{Title: ui.Plain(b.Name), Pills: []ui.PillView{b.pill()}}}
	v.Links, v.Files = p.links(ctx, v.Summary, b), b.downloads(ctx, v.Summary)
	v.Tabs = b.tabs(ctx, v.Summary, v.Tab)
	if v.Events, err = events(ctx, tx, b); err != nil {
		return nil, err
	}
	after, _ := strconv.Atoi(r.Query("after")) // none: from the first
	switch v.Tab {
	case "problems":
		err = v.problems(ctx, tx, after)
	case "changed":
		err = v.changed(ctx, tx, after)
	}
	return web.Page{Title: core.T("导入 %s", "Import %s", b.Name), Body: showPage(v)}, err
}

func (b batchRow) tabs(ctx context.Context, s summary, on string) []ui.Tab {
	if len(s.Sheets) == 0 {
		return nil
	}
	tabs := []ui.Tab{{Label: core.T("工作表", "Sheets"), Href: b.href(ctx), On: on == ""},
		{Label: core.T("问题", "Problems"), Href: b.href(ctx) + "?show=problems", Count: strconv.Itoa(s.Problems), On: on == "problems"}}
	if b.State == batchReady {
		tabs = append(tabs, ui.Tab{Label: core.T("变更", "Changes"), Href: b.href(ctx) + "?show=changed", Count: strconv.Itoa(s.Counts.Changed), On: on == "changed"})
	}
	return tabs
}

// actions are the buttons of a preview.
func (b batchRow) actions(ctx context.Context) []ui.ActionView {
	s := b.Summary()
	again := ui.ActionView{Label: core.T("重新预览", "Preview again"), Post: b.href(ctx, "again"), IdemKey: rand.Text()}
	discard := ui.ActionView{Label: core.T("放弃", "Discard"), Post: b.href(ctx, "discard"), IdemKey: rand.Text(), Danger: true}
	switch b.State {
	case batchReading:
		return []ui.ActionView{discard}
	case batchApplying: // the job gives up when other writers keep it waiting; until it has begun, this takes it back
		again.Label = core.T("停下,重新预览", "Stop and preview again")
		return []ui.ActionView{again}
	case batchFailed:
		return []ui.ActionView{again, discard}
	case batchReady:
		commit := ui.ActionView{Label: core.T("导入", "Import"), Post: b.href(ctx, "commit"), IdemKey: rand.Text(), Primary: true,
			Why: core.T("新增 %d 行,变更 %d 行,一次全部写入", "%d new and %d changed rows, all written in one go", s.Counts.New, s.Counts.Changed)}
		if s.Counts.New+s.Counts.Changed == 0 {
			commit.Disabled, commit.Why = true, core.T("没有新增也没有变更,不需要导入", "Nothing is new and nothing has changed; there is nothing to import")
		}
		return []ui.ActionView{commit, again, discard}
	}
	return nil
}

func (b batchRow) downloads(ctx context.Context, s summary) []ui.Link {
	var out []ui.Link
	if s.Refused > 0 && (b.State == batchReady || b.State == batchDone) {
		out = append(out, ui.Link{Label: core.T("下载需改正的行(%d)", "Download the rows to correct (%d)", s.Refused), Href: b.href(ctx, "corrections")})
	}
	if b.State != batchDiscarded {
		out = append(out, ui.Link{Label: core.T("下载原文件", "Download the file"), Href: b.href(ctx, "file")})
	}
	return out
}

// links lead to what was imported.
func (p pages) links(ctx context.Context, s summary, b batchRow) []ui.Link {
	var out []ui.Link
	for _, pl := range p.places {
		for _, f := range s.Sheets {
			if b.State == batchDone && f.Match.Kind == pl.Layout {
				out = append(out, ui.Link{Label: pl.Label, Href: "/p/" + core.ProjectOf(ctx).Code + "/" + pl.Path})
				break
			}
		}
	}
	return out
}

func events(ctx context.Context, tx db.Tx, b batchRow) ([]ui.Event, error) {
	entries, err := history(ctx, tx, b)
	var out []ui.Event
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		out = append(out, ui.Event{At: e.At, Who: e.ActorName, Text: eventText(e.Verb)})
	}
	return out, err
}

func eventText(verb string) core.Text {
	switch verb {
	case "uploaded":
		return core.T("上传", "uploaded it")
	case "previewed":
		return core.T("预览完成", "previewed it")
	case "confirmed":
		return core.T("确认导入", "confirmed the import")
	case "imported":
		return core.T("已导入", "imported it")
	case "refused":
		return core.T("没有导入成", "could not import it")
	case "failed":
		return core.T("读取失败", "could not read it")
	case "again":
		return core.T("重新预览", "previewed it again")
	}
	return core.T("放弃", "discarded it")
}

func (v *showView) problems(ctx context.Context, tx db.Tx, after int) error {
	list, last, err := loadProblems(ctx, tx, v.Batch, after, pageLimit+1)
	if len(list) > pageLimit {
		list, last = list[:pageLimit], last-1
		v.Next = v.Batch.href(ctx) + "?show=problems&after=" + strconv.Itoa(last)
	}
	v.Table = ui.TableView{Empty: core.T("没有问题", "No problems"), Columns: []ui.Column{{Label: core.T("工作表", "Sheet")}, {Label: core.T("行", "Row"), Num: true},
		{Label: core.T("列", "Column")}, {Label: core.T("问题", "Problem")}, {Label: core.T("处理", "Outcome")}}}
	for _, p := range list {
		row := ""
		if p.Row > 0 {
			row = strconv.Itoa(p.Row)
		}
		pill := severityPill(p.Severity)
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{{Body: whole(p.Sheet)}, {Text: row}, {Body: whole(p.Column)}, {Text: capital(p.Message.Say(ctx))}, {Body: ui.Pill(pill.Tone, pill.Text)}}})
	}
	return err
}

// capital begins a sentence: a problem's words also stand after a row's number and a colon.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

func severityPill(s string) ui.PillView {
	switch s {
	case SeverityRow:
		return ui.PillView{Tone: ui.Late, Text: core.T("此行不导入", "Row not taken")}
	case SeverityGap:
		return ui.PillView{Tone: ui.Warn, Text: core.T("导入,按原样保留", "Taken, kept as written")}
	}
	return ui.PillView{Tone: ui.None, Text: core.T("提示", "Note")}
}

func (v *showView) changed(ctx context.Context, tx db.Tx, after int) error {
	if v.Batch.State != batchReady {
		return nil
	}
	list, last, err := loadChanged(ctx, tx, v.Batch, after, pageLimit)
	if len(list) == pageLimit {
		v.Next = v.Batch.href(ctx) + "?show=changed&after=" + strconv.Itoa(last)
	}
	v.Table = ui.TableView{Empty: core.T("没有变更", "Nothing changes"), Columns: []ui.Column{{Label: core.T("工作表", "Sheet")}, {Label: core.T("行", "Row"), Num: true},
		{Label: core.T("变更", "Changes")}}}
	for _, c := range list {
		v.Table.Rows = append(v.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: c.Sheet}, {Text: strconv.Itoa(c.Row)}, {Body: changesPart(c.Changes)}}})
	}
	return err
}

// commit tells a job to import. A second click finds it told already.
func (p pages) commit(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	b, err := p.locked(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	switch b.State {
	case batchReady:
		if err := b.move(ctx, tx, batchApplying, core.Text{}, "confirmed", nil); err != nil {
			return nil, err
		}
		return web.Redirect{URL: b.href(ctx)}, addJob(ctx, tx, applyJob, b.ID)
	case batchApplying, batchDone:
		return web.Redirect{URL: b.href(ctx)}, nil
	}
	return nil, core.Conflict("这次导入还没有预览好,或已经放弃", "This import has not been previewed yet, or has been discarded")
}

// again makes the preview anew, after a failure or because records have moved.
func (p pages) again(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	b, err := p.locked(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	if b.State == batchReady || b.State == batchFailed || b.State == batchApplying {
		b.summary = ""
		if err := b.move(ctx, tx, batchReading, core.Text{}, "again", nil); err != nil {
			return nil, err
		}
		err = addJob(ctx, tx, previewJob, b.ID)
	}
	return web.Redirect{URL: b.href(ctx)}, err
}

func (p pages) discard(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err == nil {
		err = discard(ctx, tx, id)
	}
	return web.Redirect{URL: home(ctx), Flash: core.T("已放弃,没有写入任何内容", "Discarded; nothing was written")}, err
}

func (p pages) locked(ctx context.Context, tx db.Tx, r *web.Request) (batchRow, error) {
	id, err := r.ID("id")
	if err != nil {
		return batchRow{}, err
	}
	return lockBatch(ctx, tx, id)
}

const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// corrections is the workbook of the rows that were refused.
func (p pages) corrections(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	b, err := p.batch(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	any, err := WriteCorrections(ctx, tx, b.ID, &out)
	if err == nil && !any {
		err = core.NotFound()
	}
	name := strings.TrimSuffix(b.Name, ".xlsx") + core.T("-需改正.xlsx", "-to-correct.xlsx").Say(ctx)
	return web.Download{Name: name, Type: xlsxType, Bytes: out.Bytes()}, err
}

func (p pages) original(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	b, err := p.batch(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	rc, err := openFile(ctx, tx, b)
	if err != nil {
		return nil, err
	}
	defer rc.Close() //nolint:errcheck // only read
	all, err := io.ReadAll(rc)
	return web.Download{Name: b.Name, Type: xlsxType, Bytes: all}, err
}

// sheetTitle is the sheet's name, and what it was recognised as.
func sheetTitle(m Match) core.Text {
	if !m.Is() {
		return ui.Plain(m.Sheet)
	}
	return core.T("%s:按“%s”读取", "%s: read as “%s”", m.Sheet, m.Label)
}

// mappingTable shows which column became which field.
func mappingTable(m Match) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("列", "Column")}, {Label: core.T("表头", "Header")}, {Label: core.T("作为", "Taken as")}}}
	for _, c := range m.Columns {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: c.Letter}, {Text: c.Header}, {Body: textPart(fieldLabel(m.Kind, c.Field))}}})
	}
	for _, c := range m.Extra {
		t.Rows = append(t.Rows, ui.Row{Tone: ui.None, Cells: []ui.Cell{{Text: c.Letter}, {Text: c.Header},
			{Body: textPart(core.T("没有对应,随记录原样保留", "no field; kept with the record as written"))}}})
	}
	return t
}

func fieldLabel(kind, field string) core.Text {
	for _, l := range DefaultLayouts() {
		if c, ok := l.column(field); l.Kind == kind && ok {
			return c.Label
		}
	}
	return ui.Plain(field)
}

func orNone(ctx context.Context, s string) string {
	if s == "" {
		return core.T("(空)", "(none)").Say(ctx)
	}
	return s
}
