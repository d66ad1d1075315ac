package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/govalues/decimal"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
)

const project = core.ID(7)

var tables = []fs.FS{fstest.MapFS{"20261122000001_thing.sql": {Data: []byte(`-- +goose Up
create table thing (
  {{row}},
  name text not null,
  owner bigint,
  at bigint,
  day text,
  money bigint,
  price text,
  term text,
  open boolean,
  {{pk}}
){{clustered}};
create unique index thing_name on thing (project_id, name);
create table firm_note (id bigint primary key, text text not null);
`)}}}

func put(ctx context.Context, tx db.Tx, name string) error {
	now := core.Now(ctx)
	_, err := db.Exec(ctx, tx, "insert into thing (project_id, id, created_at, changed_at, name) values ($1, $2, $3, $3, $4)", project, tx.NewID(), now, name)
	return err
}

func names(t *testing.T, d *db.DB) (out []string) {
	t.Helper()
	err := d.Read(context.Background(), func(ctx context.Context, tx db.Tx) (err error) {
		out, err = db.Values[string](ctx, tx, "select name from thing where project_id = $1 order by name", project)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func each(t *testing.T, fn func(t *testing.T, d *db.DB)) { dbtest.Each(t, tables, fn) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAReadCannotWrite(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		err := d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, "x") })
		if err == nil || !strings.Contains(err.Error(), "a Read cannot") {
			t.Errorf("Exec in a Read: %v", err)
		}
		err = d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
			_, err := db.Value[int64](ctx, tx, "insert into firm_note (id, text) values (1, 'x') returning id")
			return err
		})
		if err == nil {
			t.Error("insert … returning passes in a Read")
		}
		if err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, "after") }); err != nil {
			t.Errorf("writing after a refused Read: %v", err)
		}
		if got := names(t, d); !slices.Equal(got, []string{"after"}) {
			t.Errorf("the table holds %v", got)
		}
	})
}

func TestAWriteIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, boom := context.Background(), errors.New("boom")
		after := false
		write := func(fn func(context.Context, db.Tx) error) error {
			return d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
				tx.After(func() { after = true })
				if err := put(ctx, tx, "half"); err != nil {
					return err
				}
				return fn(ctx, tx)
			})
		}
		if err := write(func(context.Context, db.Tx) error { return boom }); !errors.Is(err, boom) {
			t.Errorf("the error is lost: %v", err)
		}
		if err := write(func(context.Context, db.Tx) error { panic("ouch") }); err == nil || !strings.Contains(err.Error(), "ouch") {
			t.Errorf("a panic becomes %v", err)
		}
		if err := write(func(ctx context.Context, tx db.Tx) error {
			tx.Last(func(context.Context, db.Tx) error { return boom })
			return nil
		}); !errors.Is(err, boom) {
			t.Errorf("an error of the last step is lost: %v", err)
		}
		err := write(func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, "half") })
		if !core.IsKind(err, core.KindConflict) || !db.IsDuplicate(err) {
			t.Errorf("a duplicate is %v", err)
		}
		if got := names(t, d); len(got) != 0 || after {
			t.Errorf("four failed writes left %v, After ran: %v", got, after)
		}
		must(t, write(func(context.Context, db.Tx) error { return nil }))
		if !after || len(names(t, d)) != 1 {
			t.Error("After did not run with the commit")
		}
	})
}

func TestManyWritersAndAFewBadOnes(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			d, err := db.Open(context.Background(), cfg)
			must(t, err)
			must(t, d.Start(context.Background()))
			var want []string
			var mu sync.Mutex
			var all sync.WaitGroup
			start := make(chan struct{})
			for i := range 32 {
				all.Go(func() {
					<-start
					name := fmt.Sprintf("thing %02d", i)
					err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
						if err := put(ctx, tx, name); err != nil {
							return err
						}
						switch i % 8 {
						case 3:
							return errors.New("fails after its insert")
						case 5:
							panic("dies after its insert")
						case 6:
							_, err := db.Exec(ctx, tx, "insert into nowhere (x) values (1)")
							return err
						}
						return nil
					})
					if (err == nil) != (i%8 != 3 && i%8 != 5 && i%8 != 6) {
						t.Errorf("writer %d: %v", i, err)
					}
					if err == nil {
						mu.Lock()
						want = append(want, name)
						mu.Unlock()
					}
				})
			}
			close(start)
			all.Wait()
			must(t, d.Close())
			slices.Sort(want)
			if got := names(t, dbtest.Open(t, cfg)); !slices.Equal(got, want) {
				t.Errorf("after reopening: %v, acknowledged were %v", got, want)
			}
		})
	}
}

func TestACancelledRequestIsNotWritten(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, "late") }); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled write says %v", err)
		}
		if got := names(t, d); len(got) != 0 {
			t.Errorf("it was written: %v", got)
		}
	})
}

type keptNote struct{ id int64 }

func (k keptNote) Keep(ctx context.Context, tx db.Tx) error {
	_, err := db.Exec(ctx, tx, "insert into firm_note (id, text) values ($1, 'refused')", k.id)
	return err
}

func TestKeptRecordsSurviveTheRollback(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			if err := put(ctx, tx, "rolled back"); err != nil {
				return err
			}
			return fmt.Errorf("verb: %w", &core.Err{Kind: core.KindRefused, Clause: "C17.2", Text: core.T("不行", "No"), Keep: []any{keptNote{1}, keptNote{2}}})
		})
		if core.ClauseOf(err) != "C17.2" {
			t.Errorf("the error changed: %v", err)
		}
		_ = d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
			return &core.Err{Kind: core.KindRefused, Keep: []any{keptNote{3}}}
		})
		must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
			kept, err := db.Values[int64](ctx, tx, "select id from firm_note order by id")
			if !slices.Equal(kept, []int64{1, 2}) {
				t.Errorf("kept %v, want those of the Write only", kept)
			}
			return err
		}))
		if got := names(t, d); len(got) != 0 {
			t.Errorf("the write itself stayed: %v", got)
		}
	})
}

func TestADeadlockIsRunAgain(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.Postgres, tables...))
	must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
		return errors.Join(put(ctx, tx, "a"), put(ctx, tx, "b"))
	}))
	var runs atomic.Int32
	var met, all sync.WaitGroup
	met.Add(2)
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		first := true
		all.Go(func() {
			err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
				runs.Add(1)
				for i, name := range order {
					if err := db.ExecOne(ctx, tx, "update thing set version = version + 1 where project_id = $1 and name = $2", project, name); err != nil {
						return err
					}
					if i == 0 && first {
						first = false
						met.Done()
						met.Wait() // both hold one row and want the other's
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("a deadlock reached the user: %v", err)
			}
		})
	}
	all.Wait()
	must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
		versions, err := db.Values[int64](ctx, tx, "select version from thing where project_id = $1", project)
		if !slices.Equal(versions, []int64{3, 3}) || runs.Load() != 3 {
			t.Errorf("versions %v after %d runs, want each update once and one run repeated", versions, runs.Load())
		}
		return err
	}))
}

func TestNumbersHaveNoGap(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		const writers, turns = 16, 6
		var mu sync.Mutex
		var got []string
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for turn := range turns {
					fails := (w+turn)%3 == 0
					var number string
					err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) (err error) {
						if number, err = db.NextNumber(ctx, tx, project, "WX", "2026-11"); err == nil && fails {
							err = errors.New("rolled back with its number")
						}
						return err
					})
					if (err != nil) != fails {
						t.Errorf("writer %d: %v", w, err)
					}
					if err == nil {
						mu.Lock()
						got = append(got, number)
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		slices.Sort(got)
		for i, n := range got {
			if want := fmt.Sprintf("WX-202611-%04d", i+1); n != want {
				t.Fatalf("number %d is %s, want %s: %v", i, n, want, got)
			}
		}
		must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			for _, c := range []struct {
				project     core.ID
				kind, month string
			}{{project, "WX", "2026-12"}, {project, "TS", "2026-11"}, {8, "WX", "2026-11"}} {
				if n, err := db.NextNumber(ctx, tx, c.project, c.kind, core.Month(c.month)); err != nil || !strings.HasSuffix(n, "-0001") {
					t.Errorf("%v starts with %s: %v", c, n, err)
				}
			}
			return nil
		}))
	})
}

func TestTwoProcessesNeverMakeTheSameID(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			a, b := dbtest.Open(t, cfg), dbtest.Open(t, cfg)
			seen := map[core.ID]bool{}
			for _, d := range []*db.DB{a, b} {
				must(t, d.Read(context.Background(), func(_ context.Context, tx db.Tx) error {
					last := core.ID(0)
					for range 5000 {
						id := tx.NewID()
						if seen[id] || id <= last {
							t.Fatalf("id %d comes twice or does not rise", id)
						}
						seen[id], last = true, id
					}
					return nil
				}))
			}
			must(t, a.Close())
			c := dbtest.Open(t, cfg) // takes the number that a gave back
			must(t, c.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
				held, err := db.Value[int64](ctx, tx, "select count(*) from db_node")
				if held != 2 {
					t.Errorf("%d node numbers are held, want 2", held)
				}
				if id := tx.NewID(); seen[id] {
					t.Errorf("id %d comes twice", id)
				}
				return err
			}))
		})
	}
}

func TestAStatementMustNameItsProject(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			for _, bad := range []string{"select count(*) from thing", "select count(*) from firm_note, THING", "select 1 from firm_note where id in (select id from thing)"} {
				if _, err := db.Value[int64](ctx, tx, bad); err == nil || !strings.Contains(err.Error(), "project_id") {
					t.Errorf("%q passes: %v", bad, err)
				}
				if _, err := db.Value[int64](ctx, tx, bad); err == nil {
					t.Errorf("%q passes the second time", bad)
				}
			}
			if _, err := db.Exec(ctx, tx, "update thing set name = 'x'"); err == nil {
				t.Error("an update of all projects passes")
			}
			_, err := db.Value[int64](ctx, tx, "select count(*) from firm_note")
			return err
		}))
	})
}

type thing struct {
	owner core.ID
	at    time.Time
	day   core.Date
	money core.Money
	price core.Decimal
	term  core.Span
	open  bool
	name  string
}

func (x *thing) dest() []any {
	return []any{&x.owner, &x.at, &x.day, &x.money, &x.price, &x.term, &x.open, &x.name}
}

func TestValuesComeBackAsTheyWent(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		full := thing{owner: 1 << 60, at: time.Date(2026, 11, 22, 6, 30, 1, 123456000, time.UTC), day: "2026-11-22", money: -123450,
			price: decimal.MustParse("1234567890.123456789"), term: core.Span{N: 15, Unit: core.Minutes}, open: true, name: "全部 'x' \"y\" 😀"}
		empty := thing{name: ""}
		must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			for _, x := range []thing{full, empty} {
				var price, term any
				if x.name != "" {
					price, term = x.price, x.term
				}
				if _, err := db.Exec(ctx, tx, `insert into thing (project_id, id, created_at, changed_at, name, owner, at, day, money, price, term, open)
					values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, project, tx.NewID(), core.Now(ctx), x.name, x.owner, x.at, x.day, x.money, price, term, x.open); err != nil {
					return err
				}
			}
			const columns = "select owner, at, day, money, price, term, open, name from thing where project_id = $1 and name = $2"
			for _, want := range []thing{full, empty} {
				got, err := db.One(ctx, tx, (*thing).dest, columns, project, want.name)
				if err != nil || got != want {
					t.Errorf("got %+v, want %+v: %v", got, want, err)
				}
			}
			nulls, err := db.Value[int](ctx, tx, "select count(*) from thing where project_id = $1 and owner is null and at is null and day is null and price is null", project)
			if err != nil || nulls != 1 {
				t.Errorf("%d rows hold NULL for a zero value, want 1: %v", nulls, err)
			}
			all, err := db.One(ctx, tx, (*thing).dest, "select null, null, null, null, null, null, null, null from firm_note right join (select 1 as x) y on true")
			if err != nil || all != (thing{}) {
				t.Errorf("a row of NULLs reads as %+v: %v", all, err)
			}
			_, err = db.One(ctx, tx, (*thing).dest, columns, project, "nobody")
			if !core.IsKind(err, core.KindNotFound) {
				t.Errorf("no row is %v", err)
			}
			if v, err := db.Value[core.Date](ctx, tx, "select day from thing where project_id = $1 and name = 'nobody'", project); v != "" || err != nil {
				t.Errorf("Value of no row = %q, %v", v, err)
			}
			return nil
		}))
	})
}

func TestExecOneTouchesOneRow(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		_ = d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			must(t, errors.Join(put(ctx, tx, "a"), put(ctx, tx, "b")))
			const stale = "update thing set version = version + 1 where project_id = $1 and name = $2 and version = $3"
			if err := db.ExecOne(ctx, tx, stale, project, "a", 9); !core.IsKind(err, core.KindConflict) {
				t.Errorf("a stale version gives %v", err)
			}
			if err := db.ExecOne(ctx, tx, "update thing set version = 2 where project_id = $1", project); err == nil || core.IsKind(err, core.KindConflict) {
				t.Errorf("two rows touched give %v", err)
			}
			return db.ExecOne(ctx, tx, stale, project, "b", 2)
		})
	})
}

func TestOneTransactionIsOneInstant(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			now := core.Now(ctx)
			time.Sleep(2 * time.Millisecond)
			if !core.Now(ctx).Equal(now) {
				t.Error("business time moves inside a transaction")
			}
			return nil
		}))
	})
}

func TestAReadSeesOneSnapshot(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
			count := func() int {
				n, err := db.Value[int](ctx, tx, "select count(*) from thing where project_id = $1", project)
				must(t, err)
				return n
			}
			before := count()
			must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, "meanwhile") }))
			if after := count(); before != 0 || after != 0 {
				t.Errorf("the Read saw %d, then %d rows", before, after)
			}
			return nil
		}))
	})
}

func TestATopicReachesEveryNode(t *testing.T) {
	cfg := dbtest.Config(t, db.Postgres, tables...)
	a, b := dbtest.Open(t, cfg), dbtest.Open(t, cfg)
	here, stopHere := a.Hub().Subscribe(func(topic string) bool { return strings.HasPrefix(topic, "p/7/") })
	there, stopThere := b.Hub().Subscribe(func(topic string) bool { return strings.HasPrefix(topic, "p/7/") })
	defer stopHere()
	defer stopThere()
	deadline := time.After(20 * time.Second)
	for got := map[string]bool{}; len(got) < 2; { // the listeners connect a moment after Start
		must(t, a.Write(context.Background(), func(_ context.Context, tx db.Tx) error {
			tx.Publish("p/8/other")
			tx.Publish("p/7/repair")
			tx.Publish("p/7/repair")
			return nil
		}))
		select {
		case topic := <-here:
			got["here "+topic] = true
		case topic := <-there:
			got["there "+topic] = true
		case <-time.After(100 * time.Millisecond):
		case <-deadline:
			t.Fatalf("arrived only: %v", got)
		}
		if got["here p/8/other"] || got["there p/8/other"] {
			t.Fatal("a topic nobody asked for arrived")
		}
	}
}

func TestTopicsOfAFailedWriteStayHome(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		topics, stop := d.Hub().Subscribe(func(string) bool { return true })
		defer stop()
		_ = d.Write(context.Background(), func(_ context.Context, tx db.Tx) error {
			tx.Publish("p/7/failed")
			return errors.New("rolled back")
		})
		for {
			must(t, d.Write(context.Background(), func(_ context.Context, tx db.Tx) error { tx.Publish("p/7/fine"); return nil }))
			select {
			case topic := <-topics:
				if topic != "p/7/fine" {
					t.Errorf("%s was published though its write failed", topic)
				}
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

func TestALongWriteMakesTheOthersBusy(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.SQLite, tables...))
	d.SetWait(100 * time.Millisecond)
	running, let := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			close(running)
			<-let
			return put(ctx, tx, "import")
		})
	}()
	<-running
	ran := false
	err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error { ran = true; return put(ctx, tx, "waiting") })
	if !core.IsKind(err, core.KindBusy) {
		t.Errorf("the waiting write says %v", err)
	}
	close(let)
	if err := <-done; err != nil {
		t.Errorf("the long write itself, longer than the wait: %v", err)
	}
	must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error { return put(ctx, tx, "next") }))
	if got := names(t, d); !slices.Equal(got, []string{"import", "next"}) || ran {
		t.Errorf("a write that gave up was run later: %v", got)
	}
}

func TestAnotherProcessIsWaitedFor(t *testing.T) {
	cfg := dbtest.Config(t, db.SQLite, tables...)
	d := dbtest.Open(t, cfg)
	other, err := sql.Open("sqlite", "file:"+filepath.Join(cfg.Dir, "huiyin.db"))
	must(t, err)
	defer other.Close()
	c, err := other.Conn(context.Background())
	must(t, err)
	_, err = c.ExecContext(context.Background(), "begin immediate")
	must(t, err)
	released := make(chan struct{})
	go func() {
		time.Sleep(300 * time.Millisecond)
		close(released)
		_, _ = c.ExecContext(context.Background(), "commit")
	}()
	must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
		select {
		case <-released:
		default:
			t.Error("two processes write at once")
		}
		return put(ctx, tx, "x")
	}))
}

func TestAClosedDatabaseSaysSo(t *testing.T) {
	cfg := dbtest.Config(t, db.SQLite, tables...)
	d, err := db.Open(context.Background(), cfg)
	must(t, err)
	must(t, d.Start(context.Background()))
	must(t, d.Close())
	start := time.Now()
	if err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error { return nil }); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("writing to a closed database: %v after %s", err, time.Since(start))
	}
}

func TestMigrationsAreExpandedForTheirEngine(t *testing.T) {
	const text = "a\n-- only sqlite\nlite\n-- end only\n-- only postgres\npg\n-- end only\n{{blob}}{{clustered}}\n"
	if got := db.Expand(db.SQLite, text); got != "a\nlite\nblob without rowid\n" {
		t.Errorf("SQLite: %q", got)
	}
	if got := db.Expand(db.Postgres, text); got != "a\npg\nbytea\n" {
		t.Errorf("PostgreSQL: %q", got)
	}
}

func TestMigratingTwiceAndLaterFiles(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			cfg.Migrations = append(slices.Clone(cfg.Migrations), fstest.MapFS{"20261121000000_early.sql": {Data: []byte("-- +goose Up\ncreate table early (id bigint primary key);\n")}})
			var all sync.WaitGroup
			for range 2 {
				all.Go(func() {
					d, err := db.Open(context.Background(), cfg)
					if err == nil {
						err = errors.Join(d.Migrate(context.Background()), d.Migrate(context.Background()), d.Close())
					}
					if err != nil && e == db.Postgres {
						t.Errorf("migrating from two processes: %v", err)
					}
				})
			}
			all.Wait()
			d := dbtest.Open(t, cfg)
			found, err := d.Tables(context.Background())
			if err != nil || !slices.Contains(found, "early") || !slices.Contains(found, "thing") {
				t.Errorf("tables %v, %v", found, err)
			}
			cfg.Migrations = append(cfg.Migrations, tables...)
			if _, err := d.MigrationFiles(); err != nil {
				t.Errorf("the same files once: %v", err)
			}
		})
	}
	if cfg := dbtest.Config(t, db.SQLite, tables...); true {
		cfg.Migrations = append(slices.Clone(tables), tables...)
		d, err := db.Open(context.Background(), cfg)
		must(t, err)
		defer d.Close()
		if err := d.Migrate(context.Background()); err == nil {
			t.Error("two migrations of one name pass")
		}
	}
}
