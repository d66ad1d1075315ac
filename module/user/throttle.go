package user

import (
	"context"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// After five failures each further one waits twice as long, from two seconds to a quarter of an hour.
const (
	failuresFree  = 5
	waitMost      = 15 * time.Minute
	failureMemory = 24 * time.Hour
)

// failures counts what went wrong for a login, an address or a code.
type failures struct {
	n    int64
	last time.Time
}

func (f *failures) dest() []any { return []any{&f.n, &f.last} }

// wait is how long the next try has to wait.
func (f failures) wait(now time.Time) time.Duration {
	if f.n < failuresFree || now.Sub(f.last) > failureMemory {
		return 0
	}
	delay := min(time.Second<<min(f.n-failuresFree+1, 20), waitMost)
	return max(0, f.last.Add(delay).Sub(now))
}

// throttle refuses a try that comes too soon after failures of the same login or address. It holds their rows, so that
// tries sent at once are counted one after another.
func throttle(ctx context.Context, tx db.Tx, whats ...string) error {
	slices.Sort(whats) // always in this order, or two requests could wait for each other
	now := time.Now()
	for _, what := range whats {
		_, err := db.Exec(ctx, tx, "insert into user_failure (what, n, last_at) values ($1, 0, $2) on conflict (what) do nothing", what, now)
		if err != nil {
			return err
		}
		f, err := db.One(ctx, tx, (*failures).dest, db.Locked(tx, "select n, last_at from user_failure where what = $1"), what)
		if err != nil {
			return err
		}
		if err := f.tooSoon(now); err != nil {
			return err
		}
	}
	return nil
}

// throttled asks the same without holding anything: whoever must wait is told so before his password is hashed.
func throttled(ctx context.Context, tx db.Tx, whats ...string) error {
	for _, what := range whats {
		f, _, err := db.Maybe(ctx, tx, (*failures).dest, "select n, last_at from user_failure where what = $1", what)
		if err == nil {
			err = f.tooSoon(time.Now())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f failures) tooSoon(now time.Time) error {
	w := f.wait(now)
	if w == 0 {
		return nil
	}
	seconds := int(w.Seconds()) + 1
	return &core.Err{Kind: core.KindTooMany, Text: core.T("失败次数太多,请 %d 秒后再试", "Too many failures; please try again in %d seconds", seconds)}
}

// failed is a try that went wrong. It is counted although what was tried is rolled back.
type failed struct{ whats []string }

// Keep counts it, for the login and for the address.
func (f failed) Keep(ctx context.Context, tx db.Tx) error {
	now := time.Now()
	for _, what := range f.whats {
		_, err := db.Exec(ctx, tx, `insert into user_failure (what, n, last_at) values ($1, 1, $2) on conflict (what) do update set
			n = case when user_failure.last_at < $3 then 1 else user_failure.n + 1 end, last_at = excluded.last_at`, what, now, now.Add(-failureMemory))
		if err != nil {
			return err
		}
	}
	return nil
}

// forgive forgets the failures of one login or code after a success.
func forgive(ctx context.Context, tx db.Tx, what string) error {
	_, err := db.Exec(ctx, tx, "delete from user_failure where what = $1", what)
	return err
}
