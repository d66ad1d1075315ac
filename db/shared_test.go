package db_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
)

// together runs the writes so that they share a commit: one more, which puts "the first", holds the writer until all are
// queued. Its error is the last.
func together(t *testing.T, d *db.DB, fns ...func(context.Context, db.Tx) error) []error {
	t.Helper()
	d.SetAside(time.Minute)
	began, let := make(chan struct{}), make(chan struct{})
	var once sync.Once
	errs := make([]error, len(fns)+1)
	var all sync.WaitGroup
	all.Go(func() {
		errs[len(fns)] = d.WriteShared(context.Background(), func(ctx context.Context, tx db.Tx) error {
			once.Do(func() { close(began) })
			<-let
			return put(ctx, tx, "the first")
		})
	})
	<-began
	for i, fn := range fns {
		all.Go(func() { errs[i] = d.WriteShared(context.Background(), fn) })
	}
	time.Sleep(50 * time.Millisecond) // until they are queued
	close(let)
	all.Wait()
	return errs
}

func TestAFailureInASharedCommitIsItsOwn(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		boom := errors.New("boom")
		adds := func(name string, then func(context.Context, db.Tx) error) func(context.Context, db.Tx) error {
			return func(ctx context.Context, tx db.Tx) error {
				if err := db.Soon(ctx, tx, "insert into thing (project_id, id, created_at, changed_at, name) values ($1, $2, $3, $3, $4)", project, tx.NewID(), core.Now(ctx), name); err != nil {
					return err
				}
				return then(ctx, tx)
			}
		}
		fine := func(context.Context, db.Tx) error { return nil }
		errs := together(t, d,
			adds("a", fine),
			adds("b", func(context.Context, db.Tx) error { return boom }),
			adds("c", func(context.Context, db.Tx) error { panic("ouch") }),
			adds("d", func(ctx context.Context, tx db.Tx) error {
				_, err := db.Exec(ctx, tx, "insert into nowhere (x) values (1)")
				return err
			}),
			func(ctx context.Context, tx db.Tx) error { // its first statement is the bad one
				_, err := db.Value[int64](ctx, tx, "select nothing from firm_note")
				return err
			},
			adds("the first", fine), // a duplicate that is noticed when the request has ended
			adds("e", func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, "f") }),
			adds("g", func(ctx context.Context, tx db.Tx) error { // an error passed over is still one
				_ = put(ctx, tx, "the first")
				return nil
			}),
			func(context.Context, db.Tx) error { return nil },
			func(context.Context, db.Tx) error { return boom },
		)
		for i, bad := range []bool{false, true, true, true, true, true, false, d.Engine() == db.Postgres, false, true, false} {
			if (errs[i] != nil) != bad {
				t.Errorf("write %d: %v", i, errs[i])
			}
		}
		if !errors.Is(errs[1], boom) || !strings.Contains(fmt.Sprint(errs[2]), "ouch") || !db.IsDuplicate(errs[5]) || !errors.Is(errs[9], boom) {
			t.Errorf("the errors are not their own: %v", errs)
		}
		want := []string{"a", "e", "f", "the first"}
		if d.Engine() == db.SQLite {
			want = []string{"a", "e", "f", "g", "the first"}
		}
		if got := names(t, d); !slices.Equal(got, want) {
			t.Errorf("the table holds %v, want %v", got, want)
		}
	})
}

// TestASharedCommitThatFails: what the end of a commit refuses is refused to the request that left it there, or (SQLite)
// to all; nothing of a refused request stays.
func TestASharedCommitThatFails(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		leave := func(name, text string) func(context.Context, db.Tx) error {
			return func(ctx context.Context, tx db.Tx) error {
				db.Late(tx, "notes", text, func(ctx context.Context, tx db.Tx, all []string) error {
					for _, text := range all {
						if _, err := db.Exec(ctx, tx, "insert into firm_note (id, text) values ($1, $2)", int64(len(text)), text); err != nil {
							return err
						}
					}
					return nil
				})
				return put(ctx, tx, name)
			}
		}
		must(t, d.WriteShared(context.Background(), leave("before", "1")))
		errs := together(t, d, leave("a", "22"), leave("b", "9"), leave("c", "333"))
		got := names(t, d)
		for i, name := range []string{"a", "b", "c", "the first"} {
			if (errs[i] == nil) != slices.Contains(got, name) {
				t.Errorf("%s: told %v, the table holds %v", name, errs[i], got)
			}
		}
		if errs[1] == nil || d.Engine() == db.Postgres && (errs[0] != nil || errs[2] != nil) {
			t.Errorf("the errors: %v", errs)
		}
	})
}

// TestALongWriteHoldsNobodyUp (PostgreSQL): not one that waits, not one that runs, not one that locks what others want.
func TestALongWriteHoldsNobodyUp(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.Postgres, tables...))
	ctx := context.Background()
	must(t, d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, "wanted") }))
	for _, slow := range []struct {
		name  string
		write func(context.Context, func(context.Context, db.Tx) error) error
		work  func(context.Context, db.Tx) error
	}{
		{"in company, between statements", d.WriteShared, func(context.Context, db.Tx) error { time.Sleep(time.Second); return nil }},
		{"in company, one statement", d.WriteShared, func(ctx context.Context, tx db.Tx) error {
			_, err := db.Value[string](ctx, tx, "select cast(pg_sleep(1) as text) from firm_note right join (select 1) x on true")
			return err
		}},
		{"alone", d.Write, func(context.Context, db.Tx) error { time.Sleep(time.Second); return nil }},
	} {
		began := make(chan struct{})
		var once sync.Once
		done := make(chan error, 1)
		ended := atomic.Bool{}
		go func() {
			err := slow.write(ctx, func(ctx context.Context, tx db.Tx) error {
				if err := db.ExecOne(ctx, tx, "update thing set version = version + 1 where project_id = $1 and name = 'wanted'", project); err != nil {
					return err
				}
				once.Do(func() { close(began) })
				return slow.work(ctx, tx)
			})
			ended.Store(true)
			done <- err
		}()
		<-began
		wanting := make(chan error, 1)
		go func() { // waits for the long one's row, but holds up nobody either
			wanting <- d.WriteShared(ctx, func(ctx context.Context, tx db.Tx) error {
				return db.ExecOne(ctx, tx, "update thing set version = version + 1 where project_id = $1 and name = 'wanted'", project)
			})
		}()
		for i := range 5 {
			must(t, d.WriteShared(ctx, func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, fmt.Sprint(slow.name, i)) }))
		}
		if ended.Load() {
			t.Errorf("%s: five short writes waited for the long one", slow.name)
		}
		must(t, errors.Join(<-done, <-wanting))
	}
	must(t, d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		version, err := db.Value[int64](ctx, tx, "select version from thing where project_id = $1 and name = 'wanted'", project)
		if version != 7 {
			t.Errorf("six updates left version %d", version)
		}
		return err
	}))
}

// TestSharedNumbersHaveNoGap: 32 writers, two processes on PostgreSQL, and every third request fails somewhere.
func TestSharedNumbersHaveNoGap(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			nodes := []*db.DB{dbtest.Open(t, cfg)}
			if e == db.Postgres {
				nodes = append(nodes, dbtest.Open(t, cfg))
			}
			const writers, turns = 32, 12
			var mu sync.Mutex
			got := map[string][]string{}
			var all sync.WaitGroup
			for w := range writers {
				all.Go(func() {
					for turn := range turns {
						d, kinds, fails := nodes[w%len(nodes)], [][]string{{"KF"}, {"KF", "WX"}, {"WX"}}[rand.IntN(3)], rand.IntN(3)
						var mine []string
						write := d.WriteShared
						if rand.IntN(6) == 0 {
							write = d.Write
						}
						err := write(context.Background(), func(ctx context.Context, tx db.Tx) error {
							mine = nil
							for i, kind := range kinds {
								n, err := db.NextNumber(ctx, tx, project, kind, "2026-11")
								if err != nil {
									return err
								}
								mine = append(mine, n)
								if err := put(ctx, tx, n); err != nil {
									return err
								}
								if fails == 0 && i == len(kinds)-1 {
									return errors.New("rolled back with its numbers")
								}
							}
							if fails == 1 && turn%2 == 0 {
								return put(ctx, tx, mine[0]) // a duplicate
							}
							return nil
						})
						if (err != nil) != (fails == 0 || fails == 1 && turn%2 == 0) {
							t.Errorf("writer %d: %v", w, err)
						}
						if err == nil {
							mu.Lock()
							for _, n := range mine {
								got[n[:2]] = append(got[n[:2]], n)
							}
							mu.Unlock()
						}
					}
				})
			}
			all.Wait()
			var stored []string
			for kind, numbers := range got {
				slices.Sort(numbers)
				for i, n := range numbers {
					if want := fmt.Sprintf("%s-202611-%04d", kind, i+1); n != want {
						t.Fatalf("number %d is %s, want %s", i, n, want)
					}
				}
				stored = append(stored, numbers...)
			}
			slices.Sort(stored)
			if rows := names(t, nodes[0]); !slices.Equal(rows, stored) {
				t.Errorf("%d numbers were given, %d rows hold one", len(stored), len(rows))
			}
		})
	}
}

// TestALostConnectionIsMadeAgain (PostgreSQL): the server ends the writer's connection, and the next request notices nothing.
func TestALostConnectionIsMadeAgain(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.Postgres, tables...))
	for i := range 3 {
		must(t, d.WriteShared(context.Background(), func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, fmt.Sprint("thing ", i)) }))
		must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			_, err := db.Values[bool](ctx, tx, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query like 'commit%'")
			return err
		}))
	}
	if got := names(t, d); len(got) != 3 {
		t.Errorf("the table holds %v", got)
	}
}
