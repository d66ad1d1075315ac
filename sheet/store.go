package sheet

import (
	"context"
	"embed"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// Tables are the business tables of this package, for verify.
func Tables() []journal.Table { return []journal.Table{{Kind: batchKind, Name: "sheet_batch"}} }

const batchKind = "sheet"

// batchState is where an import stands.
type batchState string

const (
	batchReading   batchState = "reading"   // the preview is being made
	batchReady     batchState = "ready"     // previewed, to be imported or discarded
	batchApplying  batchState = "applying"  // told to import
	batchDone      batchState = "done"      // imported
	batchFailed    batchState = "failed"    // the file cannot be read
	batchDiscarded batchState = "discarded" // somebody decided against it
)

// batchRow is one import.
type batchRow struct {
	ID      core.ID
	Version int64
	At      time.Time
	By      core.ID
	Changed time.Time
	Name    string
	State   batchState
	Done    int
	Total   int
	summary string
	failure string
}

func (b *batchRow) dest() []any {
	return []any{&b.ID, &b.Version, &b.At, &b.By, &b.Changed, &b.Name, (*string)(&b.State), &b.Done, &b.Total, &b.summary, &b.failure}
}

const batchColumns = "id, version, created_at, created_by, changed_at, name, state, done, total, summary, failure"

// summary is what a preview found.
type summary struct {
	Counts   Counts  `json:"counts"`
	Refused  int     `json:"refused"`
	Problems int     `json:"problems"`
	Sheets   []found `json:"sheets"`
}

// found is one sheet of the file.
type found struct {
	Match Match         `json:"match"`
	Rows  map[State]int `json:"rows"`
	Keys  []core.Text   `json:"keys,omitempty"` // what recognises its rows again, one for each importer
}

func (b batchRow) Summary() (s summary) {
	if b.summary != "" {
		_ = json.Unmarshal([]byte(b.summary), &s) // we wrote it
	}
	return s
}

// Failure is why the file, or the last try to import it, was refused.
func (b batchRow) Failure() (t core.Text) {
	if b.failure != "" {
		_ = json.Unmarshal([]byte(b.failure), &t)
	}
	return t
}

func (b batchRow) ref(ctx context.Context) core.Ref {
	return core.Ref{Project: core.ProjectOf(ctx).ID, Kind: batchKind, ID: b.ID}
}

func insertBatch(ctx context.Context, tx db.Tx, name string) (batchRow, error) {
	b := batchRow{ID: tx.NewID(), Version: 1, Name: name, State: batchReading, At: core.Now(ctx)}
	_, err := db.Exec(ctx, tx, `insert into sheet_batch (project_id, id, created_at, created_by, changed_at, changed_by, name, state)
		values ($1, $2, $3, $4, $3, $4, $5, $6)`, core.ProjectOf(ctx).ID, b.ID, b.At, core.ActorOf(ctx).ID, name, string(b.State))
	if err != nil {
		return b, err
	}
	if _, err := b.seal(ctx, tx, "key"); err != nil { // makes the batch's data key, so that staging finds it ready
		return b, err
	}
	return b, journal.Add(ctx, tx, b.ref(ctx), "uploaded", map[string]string{"name": name})
}

func getBatch(ctx context.Context, tx db.Tx, id core.ID) (batchRow, error) {
	return db.One(ctx, tx, (*batchRow).dest, "select "+batchColumns+" from sheet_batch where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
}

func lockBatch(ctx context.Context, tx db.Tx, id core.ID) (batchRow, error) {
	return db.One(ctx, tx, (*batchRow).dest, db.Locked(tx, "select "+batchColumns+" from sheet_batch where project_id = $1 and id = $2"),
		core.ProjectOf(ctx).ID, id)
}

// recentBatches are the project's imports, newest first, after the id given (0: from the newest).
func recentBatches(ctx context.Context, tx db.Tx, after core.ID, limit int) ([]batchRow, error) {
	if after == 0 {
		after = 1<<63 - 1
	}
	return db.All(ctx, tx, (*batchRow).dest, "select "+batchColumns+` from sheet_batch where project_id = $1 and id < $2 and voided_at is null
		order by id desc limit $3`, core.ProjectOf(ctx).ID, after, limit)
}

// isOpen reports whether the batch still waits for somebody: nothing of it is in the records.
func (b batchRow) isOpen() bool {
	return b.State == batchReading || b.State == batchReady || b.State == batchFailed
}

// forgotten are the open batches that nobody has touched since.
func forgotten(ctx context.Context, tx db.Tx, since time.Time) ([]core.ID, error) {
	return db.Values[core.ID](ctx, tx, `select id from sheet_batch where project_id = $1 and state in ('reading', 'ready', 'failed')
		and changed_at < $2 order by id`, core.ProjectOf(ctx).ID, since)
}

// move takes the batch to a state, with what it found or why it failed; verb is what the journal says.
func (b *batchRow) move(ctx context.Context, tx db.Tx, to batchState, failure core.Text, verb string, payload any) error {
	b.State, b.failure = to, ""
	if failure.Is() {
		b.failure = core.JSON(failure)
	}
	b.Version++
	b.Changed = core.Now(ctx)
	err := db.ExecOne(ctx, tx, `update sheet_batch set state = $1, failure = $2, summary = $3, changed_at = $4, changed_by = $5, version = version + 1
		where project_id = $6 and id = $7 and version = $8`, string(to), b.failure, b.summary, b.Changed, core.ActorOf(ctx).ID,
		core.ProjectOf(ctx).ID, b.ID, b.Version-1)
	if err != nil {
		return err
	}
	tx.Publish("p/" + core.ProjectOf(ctx).ID.String() + "/sheet")
	return journal.Add(ctx, tx, b.ref(ctx), verb, payload)
}

func setProgress(ctx context.Context, tx db.Tx, batch core.ID, done, total int) error {
	_, err := db.Exec(ctx, tx, "update sheet_batch set done = $1, total = $2 where project_id = $3 and id = $4", done, total, core.ProjectOf(ctx).ID, batch)
	return err
}

func (b batchRow) seal(ctx context.Context, tx db.Tx, plain string) (string, error) {
	return db.SealFor(ctx, tx, core.ProjectOf(ctx).ID, b.ID, plain)
}

func (b batchRow) open(ctx context.Context, tx db.Tx, sealed string, into any) error {
	plain, err := db.OpenFor(ctx, tx, core.ProjectOf(ctx).ID, b.ID, sealed)
	if err != nil || plain == "" {
		return err
	}
	return json.Unmarshal([]byte(plain), into)
}

// insertRows is how many rows one insert statement takes: 100 rows of up to nine columns stay far under the engines'
// limits of parameters.
const insertRows = 100

// insertMany inserts rows of equal length into the columns given.
func insertMany(ctx context.Context, tx db.Tx, into, columns string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(insertRows, len(rows))
		args := make([]any, 0, n*len(rows[0]))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if _, err := db.Exec(ctx, tx, "insert into "+into+" ("+columns+") values "+marks(n, len(rows[0])), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// marks writes ($1,$2),($3,$4)…
func marks(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("($")
		case i%columns == 0:
			b.WriteString("),($")
		default:
			b.WriteString(",$")
		}
		b.WriteString(strconv.Itoa(i + 1))
	}
	return b.String() + ")"
}

// rowBody and stageBody are what staging seals.
type rowBody struct {
	Cells  map[string]string `json:"cells"`
	Extra  map[string]string `json:"extra,omitempty"`
	Filled []string          `json:"filled,omitempty"`
	Period string            `json:"period,omitempty"`
	Raw    []Cell            `json:"raw,omitempty"` // of refused rows
}

type stageBody struct {
	Key     string   `json:"key"`
	Data    string   `json:"data"`
	Record  core.ID  `json:"record"`
	Version int64    `json:"version"`
	Changes []Change `json:"changes,omitempty"`
}

// storeRows writes file rows from..to of the comparison.
func (c *comparison) storeRows(ctx context.Context, tx db.Tx, b batchRow, from, to int) error {
	var rows [][]any
	for i, r := range c.rows[from:to] {
		body := rowBody{r.Cells, r.Extra, r.Filled, r.Period, nil}
		if r.state == Refused {
			body.Raw = r.raw
		}
		sealed, err := b.seal(ctx, tx, core.JSON(body))
		if err != nil {
			return err
		}
		rows = append(rows, []any{core.ProjectOf(ctx).ID, b.ID, from + i + 1, r.layout, r.Sheet, r.Row, string(r.state), r.offered, sealed})
	}
	return insertMany(ctx, tx, "sheet_row", "project_id, batch_id, n, layout, sheet, row_no, state, offered, body", rows)
}

// storeStaged writes staged rows from..to.
func (c *comparison) storeStaged(ctx context.Context, tx db.Tx, b batchRow, numbers map[place]int, from, to int) error {
	var rows [][]any
	for i, s := range c.staged[from:to] {
		sealed, err := b.seal(ctx, tx, core.JSON(stageBody{s.Key, s.Data, s.Record, s.Version, s.Changes}))
		if err != nil {
			return err
		}
		rows = append(rows, []any{core.ProjectOf(ctx).ID, b.ID, from + i + 1, s.layout, s.order, numbers[s.place()], string(s.State), sealed})
	}
	return insertMany(ctx, tx, "sheet_stage", "project_id, batch_id, n, layout, order_no, row_n, state, body", rows)
}

func (c *comparison) storeProblems(ctx context.Context, tx db.Tx, b batchRow, from, to int) error {
	var rows [][]any
	for i, p := range c.problems[from:to] {
		sealed, err := b.seal(ctx, tx, core.JSON(p))
		if err != nil {
			return err
		}
		rows = append(rows, []any{core.ProjectOf(ctx).ID, b.ID, from + i + 1, p.Severity, sealed})
	}
	return insertMany(ctx, tx, "sheet_problem", "project_id, batch_id, n, severity, body", rows)
}

type storedRow struct {
	n       int
	layout  string
	sheet   string
	row     int
	state   string
	offered bool
	body    string
}

func (r *storedRow) dest() []any {
	return []any{&r.n, &r.layout, &r.sheet, &r.row, &r.state, &r.offered, &r.body}
}

// loadRows reads the batch's file rows in the order of the file.
func loadRows(ctx context.Context, tx db.Tx, b batchRow) ([]*fileRow, error) {
	stored, err := db.All(ctx, tx, (*storedRow).dest, `select n, layout, sheet, row_no, state, offered, body from sheet_row
		where project_id = $1 and batch_id = $2 order by n`, core.ProjectOf(ctx).ID, b.ID)
	if err != nil {
		return nil, err
	}
	out := make([]*fileRow, len(stored))
	for i, s := range stored {
		var body rowBody
		if err := b.open(ctx, tx, s.body, &body); err != nil {
			return nil, err
		}
		out[i] = &fileRow{layout: s.layout, offered: s.offered, state: State(s.state), raw: body.Raw,
			ImportRow: ImportRow{s.sheet, s.row, body.Cells, body.Extra, body.Filled, body.Period}}
	}
	return out, nil
}

type storedStage struct {
	n      int
	layout string
	order  int
	row    int
	state  string
	body   string
}

func (s *storedStage) dest() []any {
	return []any{&s.n, &s.layout, &s.order, &s.row, &s.state, &s.body}
}

const stageColumns = "select n, layout, order_no, row_n, state, body from sheet_stage where project_id = $1 and batch_id = $2"

// loadStaged reads what the importers made of the rows.
func loadStaged(ctx context.Context, tx db.Tx, b batchRow, rows []*fileRow) ([]stagedRow, error) {
	stored, err := db.All(ctx, tx, (*storedStage).dest, stageColumns+" order by n", core.ProjectOf(ctx).ID, b.ID)
	if err != nil {
		return nil, err
	}
	out := make([]stagedRow, len(stored))
	for i, s := range stored {
		staged, err := s.staged(ctx, tx, b)
		if err != nil {
			return nil, err
		}
		if s.row > 0 && s.row <= len(rows) {
			staged.ImportRow = rows[s.row-1].ImportRow
		}
		out[i] = stagedRow{staged, s.layout, s.order}
	}
	return out, nil
}

func (s *storedStage) staged(ctx context.Context, tx db.Tx, b batchRow) (Staged, error) {
	var body stageBody
	err := b.open(ctx, tx, s.body, &body)
	return Staged{Key: body.Key, State: State(s.state), Data: body.Data, Record: body.Record, Version: body.Version, Changes: body.Changes}, err
}

type storedProblem struct {
	n    int
	body string
}

func (p *storedProblem) dest() []any { return []any{&p.n, &p.body} }

// loadProblems reads a page of the problems after the number given; limit 0 means all of them.
func loadProblems(ctx context.Context, tx db.Tx, b batchRow, after, limit int) ([]Problem, int, error) {
	if limit == 0 {
		limit = 1 << 30
	}
	stored, err := db.All(ctx, tx, (*storedProblem).dest, `select n, body from sheet_problem where project_id = $1 and batch_id = $2 and n > $3
		order by n limit $4`, core.ProjectOf(ctx).ID, b.ID, after, limit)
	out := make([]Problem, len(stored))
	for i, s := range stored {
		if err := b.open(ctx, tx, s.body, &out[i]); err != nil {
			return nil, 0, err
		}
		after = s.n
	}
	return out, after, err
}

// changedRow is one row that would change, for the preview.
type changedRow struct {
	Sheet   string
	Row     int
	Key     string
	Changes []Change
}

type storedChange struct {
	storedStage
	sheet string
	rowNo int
}

func (s *storedChange) dest() []any { return append(s.storedStage.dest(), &s.sheet, &s.rowNo) }

// loadChanged reads a page of the rows that would change.
func loadChanged(ctx context.Context, tx db.Tx, b batchRow, after, limit int) ([]changedRow, int, error) {
	stored, err := db.All(ctx, tx, (*storedChange).dest, `select s.n, s.layout, s.order_no, s.row_n, s.state, s.body, r.sheet, r.row_no from sheet_stage s
		join sheet_row r on r.project_id = s.project_id and r.batch_id = s.batch_id and r.n = s.row_n
		where s.project_id = $1 and s.batch_id = $2 and s.state = $3 and s.n > $4 order by s.n limit $5`,
		core.ProjectOf(ctx).ID, b.ID, string(Changed), after, limit)
	out := make([]changedRow, len(stored))
	for i, s := range stored {
		staged, err := s.staged(ctx, tx, b)
		if err != nil {
			return nil, 0, err
		}
		out[i] = changedRow{s.sheet, s.rowNo, staged.Key, staged.Changes}
		after = s.n
	}
	return out, after, err
}

// clearStaging removes what a preview has stored. With keepRefused the rows to correct and the problems stay.
func clearStaging(ctx context.Context, tx db.Tx, b batchRow, keepRefused bool) error {
	statements := []string{"delete from sheet_stage where project_id = $1 and batch_id = $2"}
	if keepRefused {
		statements = append(statements, "delete from sheet_row where project_id = $1 and batch_id = $2 and state <> 'problem'")
	} else {
		statements = append(statements, "delete from sheet_row where project_id = $1 and batch_id = $2", "delete from sheet_problem where project_id = $1 and batch_id = $2")
	}
	for _, s := range statements {
		if _, err := db.Exec(ctx, tx, s, core.ProjectOf(ctx).ID, b.ID); err != nil {
			return err
		}
	}
	return nil
}
