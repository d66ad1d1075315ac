// Package job runs durable work after the commit: messages to send, imports, documents to render.
//
// A job is a row written in the transaction that wants it, so it exists exactly when that transaction committed. One
// runner at a time holds a job, by a claim of two minutes that it renews: a crash gives the job back when the claim ends,
// on SQLite as soon as the server is started again, since it is the only one. A job may therefore run twice and
// must not mind. It is tried again at growing intervals, and after its last try stays on the administrator's page as
// failed, with its error, until somebody retries it. Times here are real time, never business time: what is due by the
// calendar is opened by duty.Tick.
package job

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// Migrations holds the table of this package.
//
//go:embed *.sql
var Migrations embed.FS

// Kind is one sort of work and the function that does it.
type Kind struct {
	Name  string // "mail.send", unique among the kinds of a runner
	Tries int    // how often it runs at most; 0 means 8
	// Run does the work as the system (core.AsSystem), outside any transaction; args is the JSON that Add wrote.
	Run func(ctx context.Context, d *db.DB, args []byte) error
}

func (k Kind) tries() int {
	if k.Tries > 0 {
		return k.Tries
	}
	return 8
}

// State is where a job stands.
type State string

// The states. A waiting job may have failed before: see Job.Tries and Job.Error.
const (
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"   // kept for a week
	Failed  State = "failed" // out of tries; Retry starts it again
)

// Name is the state's name in both languages.
func (s State) Name() core.Text {
	switch s {
	case Waiting:
		return core.T("等待中", "Waiting")
	case Running:
		return core.T("运行中", "Running")
	case Done:
		return core.T("已完成", "Done")
	case Failed:
		return core.T("失败", "Failed")
	}
	return core.T(string(s), string(s))
}

// topic wakes the runners of every node after the commit.
const topic = "job"

type options struct {
	at      time.Time
	key     string
	project core.ID
}

// Option changes how a job is added.
type Option func(*options)

// At keeps the job back until t, in real time.
func At(t time.Time) Option { return func(o *options) { o.at = t } }

// Unique lets only one job of its kind wait under this key. Adding it again brings the waiting one forward if the new
// time is earlier, and gives it the newer arguments. A job that runs already does not count: another may wait behind it.
func Unique(key string) Option { return func(o *options) { o.key = key } }

// Project names the project that the job works for, for the administrator's list.
func Project(id core.ID) Option { return func(o *options) { o.project = id } }

// Add writes a job in the caller's transaction; it runs soon after the commit. args is stored as JSON.
func Add(ctx context.Context, tx db.Tx, kind string, args any, opts ...Option) error {
	now := time.Now().UTC()
	o := options{at: now}
	for _, opt := range opts {
		opt(&o)
	}
	text, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("job %s: its arguments: %w", kind, err)
	}
	var key any
	if o.key != "" {
		key = o.key
	}
	_, err = db.Exec(ctx, tx, `insert into job_job (id, kind, args, unique_key, project, state, due_at, added_at)
		values ($1, $2, $3, $4, $5, 'waiting', $6, $7)
		on conflict (kind, unique_key) where state = 'waiting' and unique_key is not null do update set args = excluded.args,
		due_at = case when excluded.due_at < job_job.due_at then excluded.due_at else job_job.due_at end`,
		tx.NewID(), kind, string(text), key, o.project, o.at, now)
	if err == nil && !o.at.After(now) {
		tx.Publish(topic)
	}
	return err
}

// Job is one row of the administrator's list.
type Job struct {
	ID      core.ID
	Kind    string
	Args    string // JSON
	Key     string // of Unique
	Project core.ID
	State   State
	Due     time.Time // when it runs (waiting), or when its claim expires (running)
	Tries   int       // how often it has been started
	Error   string    // of the last try
	Added   time.Time
	Ended   time.Time // done or failed
}

const columns = "id, kind, args, unique_key, project, state, due_at, tries, error, added_at, ended_at"

func (j *Job) dest() []any {
	return []any{&j.ID, &j.Kind, &j.Args, &j.Key, &j.Project, (*string)(&j.State), &j.Due, &j.Tries, &j.Error, &j.Added, &j.Ended}
}

// Filter narrows List; zero values mean any.
type Filter struct {
	State   State
	Kind    string
	Project core.ID
	Before  core.ID // the last id of the page before
	Limit   int     // 0 means 50, at most 500
}

// List shows jobs, newest first.
func List(ctx context.Context, tx db.Tx, f Filter) ([]Job, error) {
	var where []string
	var args []any
	add := func(condition string, v any) {
		args = append(args, v)
		where = append(where, condition+" $"+strconv.Itoa(len(args)))
	}
	if f.State != "" {
		add("state =", string(f.State))
	}
	if f.Kind != "" {
		add("kind =", f.Kind)
	}
	if f.Project != 0 {
		add("project =", f.Project)
	}
	if f.Before != 0 {
		add("id <", f.Before)
	}
	query := "select " + columns + " from job_job"
	if len(where) > 0 {
		query += " where " + strings.Join(where, " and ")
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	args = append(args, min(f.Limit, 500))
	query += " order by id desc limit $" + strconv.Itoa(len(args))
	return db.All(ctx, tx, (*Job).dest, query, args...)
}

// Retry starts a failed job again, with all its tries. It is a conflict when the job is not failed, or when another of
// its key waits already.
func Retry(ctx context.Context, tx db.Tx, id core.ID) error {
	n, err := db.Exec(ctx, tx, `update job_job set state = 'waiting', tries = 0, due_at = $1, ended_at = null
		where id = $2 and state = 'failed' and not exists (select 1 from job_job w
		where w.kind = job_job.kind and w.unique_key = job_job.unique_key and w.state = 'waiting')`, time.Now(), id)
	if err != nil {
		return err
	}
	if n == 0 {
		return core.Conflict("这个任务不是失败状态,或已有同样的任务在等待", "This job has not failed, or another of its kind is waiting already")
	}
	tx.Publish(topic)
	return nil
}
