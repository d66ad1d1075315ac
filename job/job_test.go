package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
)

var files = []fs.FS{Migrations}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func add(t *testing.T, d *db.DB, kind string, args any, opts ...Option) {
	t.Helper()
	if err := d.Write(t.Context(), func(ctx context.Context, tx db.Tx) error { return Add(ctx, tx, kind, args, opts...) }); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, d *db.DB, f Filter) (jobs []Job) {
	t.Helper()
	err := d.Read(t.Context(), func(ctx context.Context, tx db.Tx) (err error) { jobs, err = List(ctx, tx, f); return err })
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func drain(t *testing.T, r *Runner) int {
	t.Helper()
	n, err := r.Drain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func exec(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.Write(t.Context(), func(ctx context.Context, tx db.Tx) error { _, err := db.Exec(ctx, tx, query, args...); return err })
	if err != nil {
		t.Fatal(err)
	}
}

// tally counts how often each number was worked on.
type tally struct {
	mu   sync.Mutex
	runs map[int]int
}

func (c *tally) kind() Kind {
	return Kind{Name: "count", Run: func(ctx context.Context, _ *db.DB, args []byte) error {
		var n int
		if err := json.Unmarshal(args, &n); err != nil {
			return err
		}
		if !core.ActorOf(ctx).Job {
			return errors.New("the job does not act as the system")
		}
		time.Sleep(time.Millisecond)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.runs == nil {
			c.runs = map[int]int{}
		}
		c.runs[n]++
		return nil
	}}
}

func (c *tally) len() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.runs) }

func TestEachJobRunsOnceOnTwoRunners(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, files...)
			d := dbtest.Open(t, cfg)
			other := d
			if e == db.Postgres {
				other = dbtest.Open(t, cfg) // as a second process would
			}
			var c tally
			for _, on := range []*db.DB{d, other} {
				r := NewRunner(on, []Kind{c.kind()}, quiet())
				r.Start(t.Context())
				defer r.Stop()
			}
			for i := range 200 {
				add(t, d, "count", i)
			}
			for end := time.Now().Add(20 * time.Second); len(list(t, d, Filter{State: Done, Limit: 500})) < 200 && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond)
			}
			if c.len() != 200 {
				t.Fatalf("%d of 200 jobs ran", c.len())
			}
			for n, times := range c.runs {
				if times != 1 {
					t.Errorf("job %d ran %d times", n, times)
				}
			}
		})
	}
}

// The runner never polls here, so that only a commit's notice can have told it. PostgreSQL's listener may take a moment to
// connect: until a job runs, others follow.
func TestACommitWakesTheRunner(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		var c tally
		r := NewRunner(d, []Kind{c.kind()}, quiet())
		r.poll = time.Hour
		add(t, d, "count", 1) // for the runner's first look
		r.Start(t.Context())
		defer r.Stop()
		ran := func(n int, within time.Duration) bool {
			for start := time.Now(); c.len() < n && time.Since(start) < within; {
				time.Sleep(5 * time.Millisecond)
			}
			return c.len() >= n
		}
		if !ran(1, time.Minute) {
			t.Fatal("the first look found nothing")
		}
		time.Sleep(300 * time.Millisecond) // the look after a worker became idle is over
		for range 20 {
			add(t, d, "count", 2)
			if ran(2, 2*time.Second) {
				return
			}
		}
		t.Error("no commit woke the runner")
	})
}

func TestRolledBackJobsDoNotExist(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		_ = d.Write(t.Context(), func(ctx context.Context, tx db.Tx) error {
			if err := Add(ctx, tx, "count", 1); err != nil {
				t.Error(err)
			}
			return errors.New("no")
		})
		var c tally
		if n := drain(t, NewRunner(d, []Kind{c.kind()}, quiet())); n != 0 {
			t.Errorf("%d jobs of a rolled back transaction ran", n)
		}
	})
}

func TestRetriesWithGrowingPausesThenFails(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		runs, broken := 0, true
		kind := Kind{Name: "shaky", Tries: 3, Run: func(context.Context, *db.DB, []byte) error {
			if runs++; runs == 2 {
				panic("boom")
			}
			if broken {
				return errors.New("gateway down")
			}
			return nil
		}}
		r := NewRunner(d, []Kind{kind}, quiet())
		add(t, d, "shaky", nil)
		for try, pauseIs := range []time.Duration{5 * time.Second, 20 * time.Second} {
			if n := drain(t, r); n != 1 {
				t.Fatalf("try %d: %d jobs ran", try+1, n)
			}
			j := list(t, d, Filter{State: Waiting})[0]
			if wait := time.Until(j.Due); wait > pauseIs || wait < pauseIs-2*time.Second || j.Tries != try+1 || j.Error == "" {
				t.Errorf("after try %d it waits %v, tries %d, error %q", try+1, wait, j.Tries, j.Error)
			}
			if n := drain(t, r); n != 0 {
				t.Errorf("it ran again before its time")
			}
			exec(t, d, "update job_job set due_at = 0")
		}
		drain(t, r)
		failed := list(t, d, Filter{State: Failed, Kind: "shaky"})
		if len(failed) != 1 || failed[0].Error != "gateway down" || failed[0].Ended.IsZero() {
			t.Fatalf("failed jobs: %+v", failed)
		}
		broken = false
		again := func(ctx context.Context, tx db.Tx) error { return Retry(ctx, tx, failed[0].ID) }
		if err := d.Write(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		if n := drain(t, r); n != 1 || len(list(t, d, Filter{State: Done})) != 1 {
			t.Errorf("the retried job did not finish")
		}
		if err := d.Write(t.Context(), again); !core.IsKind(err, core.KindConflict) {
			t.Errorf("a done job could be retried: %v", err)
		}
	})
}

func TestUniqueKeepsOneWaiting(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		var seen []string
		var r *Runner
		kind := Kind{Name: "render", Run: func(ctx context.Context, d *db.DB, args []byte) error {
			if seen = append(seen, string(args)); len(seen) == 1 { // while it runs, another may wait
				add(t, d, "render", 3, Unique("bill"))
			}
			return nil
		}}
		r = NewRunner(d, []Kind{kind}, quiet())
		add(t, d, "render", 1, Unique("bill"), At(time.Now().Add(time.Hour)))
		add(t, d, "render", 2, Unique("bill"))
		add(t, d, "render", 9, Unique("other"), At(time.Now().Add(time.Hour)))
		if n := len(list(t, d, Filter{State: Waiting})); n != 2 {
			t.Errorf("%d jobs wait, want 2", n)
		}
		drain(t, r)
		if fmt.Sprint(seen) != "[2 3]" {
			t.Errorf("ran %v, want the newest arguments and then the one added meanwhile", seen)
		}
	})
}

func TestAFailedTryGivesWayToItsSuccessor(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		runs := 0
		kind := Kind{Name: "render", Run: func(ctx context.Context, d *db.DB, _ []byte) error {
			if runs++; runs == 1 {
				add(t, d, "render", nil, Unique("bill"))
				return errors.New("no printer")
			}
			return nil
		}}
		add(t, d, "render", nil, Unique("bill"))
		if n := drain(t, NewRunner(d, []Kind{kind}, quiet())); n != 2 || len(list(t, d, Filter{State: Done})) != 2 {
			t.Errorf("%d ran; jobs: %+v", n, list(t, d, Filter{}))
		}
	})
}

func TestAtWaitsForItsTime(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		var c tally
		r := NewRunner(d, []Kind{c.kind()}, quiet())
		add(t, d, "count", 1, At(time.Now().Add(400*time.Millisecond)), Project(7))
		if n := drain(t, r); n != 0 {
			t.Fatal("it ran too early")
		}
		time.Sleep(450 * time.Millisecond)
		if n := drain(t, r); n != 1 || len(list(t, d, Filter{Project: 7})) != 1 || len(list(t, d, Filter{Project: 8})) != 0 {
			t.Error("it did not run at its time, or is not listed under its project")
		}
	})
}

func TestACrashGivesTheJobBack(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		var c tally
		crashed, r := NewRunner(d, []Kind{c.kind()}, quiet()), NewRunner(d, []Kind{c.kind()}, quiet())
		crashed.claimFor = 300 * time.Millisecond
		add(t, d, "count", 1)
		lost, err := crashed.claim(t.Context(), 1)
		if err != nil || len(lost) != 1 {
			t.Fatal(lost, err)
		}
		if n := drain(t, r); n != 0 {
			t.Fatal("a claimed job was taken by another runner")
		}
		time.Sleep(350 * time.Millisecond)
		if n := drain(t, r); n != 1 || c.len() != 1 {
			t.Fatal("the job of the crashed runner did not come back")
		}
		if err := crashed.end(t.Context(), lost[0], c.kind(), errors.New("late")); err != nil || len(list(t, d, Filter{State: Done})) != 1 {
			t.Errorf("the crashed runner changed a job that it holds no more: %v", err)
		}
	})
}

func TestTheNextServerTakesBackWhatTheDeadOneHeld(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		var c tally
		dead, r := NewRunner(d, []Kind{c.kind()}, quiet()), NewRunner(d, []Kind{c.kind()}, quiet())
		add(t, d, "count", 1)
		lost, err := dead.claim(t.Context(), 1)
		if err != nil || len(lost) != 1 {
			t.Fatal(lost, err)
		}
		add(t, d, "count", 2, At(time.Now().Add(time.Hour)))
		if n := drain(t, r); n != 0 {
			t.Fatal("a claimed job was taken by another runner")
		}
		if err := r.TakeBack(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := drain(t, r); n != 1 || c.len() != 1 {
			t.Errorf("%d jobs ran; want the one that was claimed, and not the one whose time has not come", n)
		}
		if done := list(t, d, Filter{State: Done}); len(done) != 1 || done[0].Tries != 2 {
			t.Errorf("done: %+v", done)
		}
	})
}

func TestACrashOnEveryTryEndsAsFailed(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		var c tally
		r := NewRunner(d, []Kind{c.kind()}, quiet())
		add(t, d, "count", 1)
		exec(t, d, "update job_job set state = 'running', tries = 8, due_at = 0, claim = 'x'")
		drain(t, r)
		if failed := list(t, d, Filter{State: Failed}); len(failed) != 1 || c.len() != 0 {
			t.Errorf("want it failed without another run: %+v", failed)
		}
	})
}

func TestALongJobKeepsItsClaimAndStopWaits(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		started, finished := make(chan struct{}, 9), 0
		kind := Kind{Name: "long", Run: func(context.Context, *db.DB, []byte) error {
			started <- struct{}{}
			time.Sleep(900 * time.Millisecond)
			finished++
			return nil
		}}
		r, other := NewRunner(d, []Kind{kind}, quiet()), NewRunner(d, []Kind{kind}, quiet())
		r.claimFor = 300 * time.Millisecond
		add(t, d, "long", nil)
		r.Start(t.Context())
		<-started
		time.Sleep(600 * time.Millisecond)
		if n := drain(t, other); n != 0 {
			t.Error("another runner took a job that is still running")
		}
		r.Stop()
		if finished != 1 || len(list(t, d, Filter{State: Done})) != 1 {
			t.Errorf("Stop did not wait: finished %d", finished)
		}
	})
}

func TestOtherKindsAreLeftAloneAndOldOnesPruned(t *testing.T) {
	dbtest.Each(t, files, func(t *testing.T, d *db.DB) {
		var c tally
		r := NewRunner(d, []Kind{c.kind()}, quiet())
		add(t, d, "unknown", 1)
		add(t, d, "count", 1)
		if n := drain(t, r); n != 1 {
			t.Errorf("%d jobs ran, want 1", n)
		}
		if err := r.prune(t.Context(), time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if left := list(t, d, Filter{}); len(left) != 1 || left[0].Kind != "unknown" {
			t.Errorf("left after pruning: %+v", left)
		}
	})
}
