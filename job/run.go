package job

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"huiyin/core"
	"huiyin/db"
)

const (
	workers   = 4
	pollEvery = 2 * time.Second
	claimFor  = 2 * time.Minute // renewed while the job runs
	keepDone  = 7 * 24 * time.Hour
	pruneMax  = 1000 // rows a write, so that nobody waits for it
)

// Runner takes due jobs and runs them. Any number of runners, in any number of processes, share one database.
type Runner struct {
	db       *db.DB
	kinds    map[string]Kind
	log      *slog.Logger
	workers  int
	claimFor time.Duration
	poll     time.Duration
	findDue  string
	claimDue string
	kindArgs []any

	stop context.CancelFunc
	loop sync.WaitGroup
	jobs sync.WaitGroup
	free chan struct{} // one token per idle worker
	wake chan struct{} // a worker has become idle
}

// NewRunner makes a runner of four workers for these kinds; jobs of other kinds are left to other nodes.
func NewRunner(d *db.DB, kinds []Kind, log *slog.Logger) *Runner {
	r := &Runner{db: d, kinds: map[string]Kind{}, log: log, workers: workers, claimFor: claimFor, poll: pollEvery}
	var marks []string
	for _, k := range kinds {
		r.kinds[k.Name] = k
		r.kindArgs = append(r.kindArgs, k.Name)
		marks = append(marks, "$"+strconv.Itoa(len(r.kindArgs)+4))
	}
	due := "state in ('waiting', 'running') and due_at <= $1 and kind in (" + strings.Join(marks, ", ") + ")"
	skip := ""
	if d.Engine() == db.Postgres {
		skip = " for update skip locked"
	}
	r.findDue = "select 1 from job_job where " + renumber(due, len(marks)) + " limit 1"
	r.claimDue = `update job_job set state = 'running', due_at = $2, claim = $3, tries = tries + 1
		where id in (select id from job_job where ` + due + " order by due_at, id limit $4" + skip + ") returning " + columns
	return r
}

// renumber moves the parameters of the kinds, $5 and on, to $2 and on, for the statement that has no claim.
func renumber(due string, n int) string {
	for i := range n {
		due = strings.Replace(due, "$"+strconv.Itoa(i+5), "$"+strconv.Itoa(i+2), 1)
	}
	return due
}

// TakeBack ends the claims of processes that are gone, so that what they were at goes on at once and not when the claims
// end. The caller vouches that no other runner works on the database. Where several may, a claim's end is what tells a
// dead runner from a slow one.
func (r *Runner) TakeBack(ctx context.Context) error {
	_, err := r.update(ctx, "update job_job set due_at = $1 where state = 'running' and due_at > $1", time.Now())
	return err
}

// Start runs jobs until Stop or until ctx ends. Values of ctx (business clock, file store) reach the jobs.
func (r *Runner) Start(ctx context.Context) {
	run, stop := context.WithCancel(ctx)
	r.stop = stop
	r.wake = make(chan struct{}, 1)
	r.free = make(chan struct{}, r.workers)
	for range r.workers {
		r.free <- struct{}{}
	}
	topics, done := r.db.Hub().Subscribe(func(t string) bool { return t == topic })
	r.loop.Go(func() { defer done(); r.dispatch(run, topics) })
	r.loop.Go(func() { r.pruneHourly(run) })
}

// Stop takes no more jobs and waits for those that run.
func (r *Runner) Stop() {
	if r.stop != nil {
		r.stop()
	}
	r.loop.Wait()
	r.jobs.Wait()
}

// dispatch hands out what is due: at once when told of a commit, when a worker becomes idle, and every two seconds for
// what waits for its time and for commits whose notice was lost.
func (r *Runner) dispatch(ctx context.Context, topics <-chan string) {
	tick := time.NewTicker(r.poll)
	defer tick.Stop()
	for {
		if err := r.handOut(ctx); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "jobs could not be taken, trying again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-topics:
		case <-r.wake:
		case <-tick.C:
		}
	}
}

// handOut claims as many jobs as there are idle workers and starts them.
func (r *Runner) handOut(ctx context.Context) error {
	if len(r.free) == 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	found, err := r.claim(ctx, len(r.free))
	for _, c := range found {
		<-r.free // only this goroutine takes tokens, so there are enough
		r.jobs.Go(func() {
			r.run(context.WithoutCancel(ctx), c)
			r.free <- struct{}{}
			select {
			case r.wake <- struct{}{}:
			default:
			}
		})
	}
	return err
}

// Drain runs everything that is due now, one after another in this goroutine, including what these jobs add, and
// returns how many it ran. A job that fails waits for its next try; see List. For tests and commands.
func (r *Runner) Drain(ctx context.Context) (int, error) {
	for n := 0; ; n++ {
		found, err := r.claim(ctx, 1)
		if err != nil || len(found) == 0 {
			return n, err
		}
		r.run(context.WithoutCancel(ctx), found[0])
	}
}

type claimed struct {
	Job
	token string
}

// claim looks with a Read first, so that an idle server does not write.
func (r *Runner) claim(ctx context.Context, n int) ([]claimed, error) {
	if len(r.kinds) == 0 {
		return nil, nil
	}
	now := time.Now()
	var found int
	err := r.db.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		found, err = db.Value[int](ctx, tx, r.findDue, append([]any{now}, r.kindArgs...)...)
		return err
	})
	if err != nil || found == 0 {
		return nil, err
	}
	token := rand.Text()
	args := append([]any{now, now.Add(r.claimFor), token, n}, r.kindArgs...)
	var jobs []Job
	err = r.db.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		jobs, err = db.All(ctx, tx, (*Job).dest, r.claimDue, args...)
		return err
	})
	slices.SortFunc(jobs, func(a, b Job) int { return cmp.Compare(a.ID, b.ID) }) // returning keeps no order
	out := make([]claimed, len(jobs))
	for i, j := range jobs {
		out[i] = claimed{j, token}
	}
	return out, err
}

// run does one claimed job and writes down how it ended.
func (r *Runner) run(ctx context.Context, c claimed) {
	ctx = core.AsSystem(ctx)
	kind := r.kinds[c.Kind]
	var err error
	if c.Tries > kind.tries() {
		err = errors.New("the process stopped while the job ran, on its last try too")
	} else {
		renewed := r.keepClaim(ctx, c)
		err = attempt(ctx, r.db, kind, []byte(c.Args))
		renewed()
	}
	if endErr := r.end(ctx, c, kind, err); endErr != nil {
		r.log.ErrorContext(ctx, "the end of a job was not written; it will run again", "job", c.ID, "kind", c.Kind, "err", endErr)
	}
}

func attempt(ctx context.Context, d *db.DB, k Kind, args []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return k.Run(ctx, d, args)
}

// keepClaim renews the claim until the returned function is called.
func (r *Runner) keepClaim(ctx context.Context, c claimed) (done func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(r.claimFor / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			_, err := r.update(ctx, "update job_job set due_at = $1 where id = $2 and claim = $3 and state = 'running'",
				time.Now().Add(r.claimFor), c.ID, c.token)
			if err != nil && ctx.Err() == nil {
				r.log.WarnContext(ctx, "a claim could not be renewed", "job", c.ID, "err", err)
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

func (r *Runner) end(ctx context.Context, c claimed, k Kind, failure error) error {
	if failure == nil {
		return r.settle(ctx, c, Done, "")
	}
	text := failure.Error()
	if c.Tries >= k.tries() {
		r.log.ErrorContext(ctx, "a job has failed for good", "job", c.ID, "kind", c.Kind, "tries", c.Tries, "err", failure)
		return r.settle(ctx, c, Failed, text)
	}
	r.log.WarnContext(ctx, "a job failed and will be tried again", "job", c.ID, "kind", c.Kind, "tries", c.Tries, "err", failure)
	_, err := r.update(ctx, `update job_job set state = 'waiting', claim = null, due_at = $1, error = $2
		where id = $3 and claim = $4 and state = 'running'`, time.Now().Add(pause(c.Tries)), text, c.ID, c.token)
	if db.IsDuplicate(err) { // another of its key waits already and will do the same work
		return r.settle(ctx, c, Done, text)
	}
	return err
}

func (r *Runner) settle(ctx context.Context, c claimed, s State, text string) error {
	_, err := r.update(ctx, `update job_job set state = $1, claim = null, ended_at = $2, error = $3
		where id = $4 and claim = $5 and state = 'running'`, string(s), time.Now(), text, c.ID, c.token)
	return err
}

// pause before the next try: 5 s, 20 s, 80 s, 5 min, 21 min, 1.5 h, 6 h, then 6 h each.
func pause(tries int) time.Duration {
	return min(5*time.Second<<(2*min(tries-1, 10)), 6*time.Hour)
}

func (r *Runner) update(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = r.db.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err = db.Exec(ctx, tx, query, args...)
		return err
	})
	return n, err
}

func (r *Runner) pruneHourly(ctx context.Context) {
	for {
		if err := r.prune(ctx, time.Now().Add(-keepDone)); err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "old jobs could not be removed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

// prune removes jobs that were done before the time given; failed ones stay.
func (r *Runner) prune(ctx context.Context, before time.Time) error {
	const old = "select id from job_job where state = 'done' and ended_at < $1"
	for {
		var first core.ID
		err := r.db.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			first, err = db.Value[core.ID](ctx, tx, old+" limit 1", before)
			return err
		})
		if err != nil || first == 0 {
			return err
		}
		if _, err := r.update(ctx, "delete from job_job where id in ("+old+" limit $2)", before, pruneMax); err != nil {
			return err
		}
	}
}
