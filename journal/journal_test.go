package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/journal"
)

const (
	project = core.ID(7)
	subject = core.ID(41)
	idno    = "11010519491231002X"
	phone   = "13886062231"
)

var tables = []fs.FS{journal.Migrations, fstest.MapFS{"20261122000900_thing.sql": {Data: []byte("-- +goose Up\ncreate table thing (\n  {{row}},\n  name text not null,\n  {{pk}}\n){{clustered}};\n")}}}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, d *db.DB, fn func(ctx context.Context, tx db.Tx) error) {
	t.Helper()
	ctx := core.WithActor(context.Background(), core.Actor{ID: 5, Name: "值班员"})
	must(t, d.Write(ctx, fn))
}

func verify(t *testing.T, d *db.DB, covered ...journal.Table) (rep journal.Report) {
	t.Helper()
	must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) (err error) {
		rep, err = journal.Verify(ctx, tx, covered)
		return err
	}))
	return rep
}

func ref(id int64) core.Ref { return core.Ref{Project: project, Kind: "thing", ID: core.ID(id)} }

// fill writes from sixteen writers at once, twelve entries each.
func fill(t *testing.T, d *db.DB) {
	t.Helper()
	var all sync.WaitGroup
	for w := range int64(16) {
		all.Go(func() {
			for n := range 4 {
				err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
					for i := range 3 {
						if err := journal.Add(ctx, tx, ref(w+1), "changed", map[string]int{"turn": n, "step": i}); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestTheChainHoldsUnderSixteenWriters(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		fill(t, d)
		if rep := verify(t, d); rep.Entries != 16*4*3 || len(rep.Findings) != 0 {
			t.Errorf("%d entries, findings %+v", rep.Entries, rep.Findings)
		}
		must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
			for w := range int64(16) {
				es, err := journal.Of(ctx, tx, ref(w+1))
				if err != nil || len(es) != 12 {
					t.Errorf("record %d has %d entries: %v", w+1, len(es), err)
				}
			}
			return nil
		}))
	})
}

func TestARolledBackWriteLeavesNoEntry(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		_ = d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			must(t, journal.Add(ctx, tx, ref(1), "changed", nil))
			return errors.New("no")
		})
		write(t, d, func(ctx context.Context, tx db.Tx) error { return journal.Add(ctx, tx, ref(1), "changed", nil) })
		if rep := verify(t, d); rep.Entries != 1 || len(rep.Findings) != 0 {
			t.Errorf("%+v", rep)
		}
	})
}

func TestAnEntryOfALastStepIsWritten(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		write(t, d, func(ctx context.Context, tx db.Tx) error {
			must(t, journal.Add(ctx, tx, ref(1), "first", nil))
			tx.Last(func(ctx context.Context, tx db.Tx) error { return journal.Add(ctx, tx, ref(1), "second", nil) })
			return nil
		})
		if rep := verify(t, d); rep.Entries != 2 || len(rep.Findings) != 0 {
			t.Errorf("%+v, want both entries", rep)
		}
	})
}

// lanes lists every lane that holds at least three entries; the first entries of all lanes are made so, one writer
// holding each.
func lanes(t *testing.T, d *db.DB) (out []int64) {
	t.Helper()
	n := 1
	if d.Engine() == db.Postgres {
		n = 16
	}
	var held, all sync.WaitGroup
	held.Add(n)
	for i := range n {
		all.Go(func() {
			err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
				for range 4 {
					if err := journal.Add(ctx, tx, ref(int64(i+1)), "changed", map[string]string{"a": "b"}); err != nil {
						return err
					}
				}
				db.Late(tx, "hold", i, func(context.Context, db.Tx, []int) error { held.Done(); held.Wait(); return nil }) // after the journal took its lane
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) (err error) {
		out, err = db.Values[int64](ctx, tx, "select lane from journal_lane where seq >= 4 order by lane")
		return err
	}))
	if len(out) != n {
		t.Fatalf("%d lanes are in use, want %d", len(out), n)
	}
	return out
}

func TestTamperingIsFoundInEveryLane(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		for _, lane := range lanes(t, d) {
			for what, change := range map[string]string{
				"a changed payload":    "update journal_entry set payload = replace(payload, 'b', 'c') where lane = $1 and seq = 2 and project_id = 7",
				"a changed actor":      "update journal_entry set actor = 'x' where lane = $1 and seq = 3 and project_id = 7",
				"a changed time":       "update journal_entry set at = at + 1 where lane = $1 and seq = 1 and project_id = 7",
				"another project":      "update journal_entry set project_id = 8 where lane = $1 and seq = 4",
				"another record":       "update journal_entry set record_id = 99 where lane = $1 and seq = 2 and project_id = 7",
				"a changed hash":       "update journal_entry set hash = 'f' || hash where lane = $1 and seq = 2 and project_id = 7",
				"a removed entry":      "delete from journal_entry where lane = $1 and seq = 2 and project_id = 7",
				"a cut tail":           "delete from journal_entry where lane = $1 and seq = 4 and project_id = 7",
				"an emptied lane":      "delete from journal_entry where lane = $1 and project_id = 7",
				"a removed head":       "delete from journal_lane where lane = $1",
				"a head set back":      "update journal_lane set seq = seq - 1 where lane = $1",
				"a head of other hash": "update journal_lane set hash = 'x' where lane = $1",
			} {
				found := errors.New("rolled back after verifying")
				err := d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
					if n, err := db.Exec(ctx, tx, change, lane); err != nil || n == 0 {
						return fmt.Errorf("%s touched %d rows: %w", what, n, err)
					}
					rep, err := journal.Verify(ctx, tx, nil)
					if err != nil {
						return err
					}
					if len(rep.Findings) == 0 || !rep.Findings[0].Text.Is() || rep.Findings[0].Text.EN == "" {
						t.Errorf("lane %d: %s is not found", lane, what)
					}
					return found
				})
				if !errors.Is(err, found) {
					t.Fatal(err)
				}
			}
		}
		if rep := verify(t, d); len(rep.Findings) != 0 {
			t.Errorf("the tests themselves left traces: %+v", rep.Findings)
		}
	})
}

type intake struct {
	Name   core.Personal
	Phone  core.Phone
	IDNo   core.IDNumber
	Token  core.Secret
	Others []core.Phone
	Family map[string]core.Personal
	Nested struct{ Contact *core.Phone }
	Unit   string
	Empty  core.Phone
	At     time.Time
	hidden string
}

func newIntake() intake {
	p := core.Phone(phone)
	in := intake{Name: "王小明测试", Phone: p, IDNo: idno, Token: "hunter2secret", Others: []core.Phone{p, "13900001111"},
		Family: map[string]core.Personal{"mother": "李大红测试"}, Unit: "A-1203", At: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), hidden: phone}
	in.Nested.Contact = &p
	return in
}

func TestPersonalValuesAreCiphertextEverywhere(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			d := dbtest.Open(t, cfg)
			in := newIntake()
			write(t, d, func(ctx context.Context, tx db.Tx) error {
				return errors.Join(journal.Add(ctx, tx, ref(1), "new", in, journal.For(subject)), journal.Add(ctx, tx, ref(2), "new", &in),
					journal.Add(ctx, tx, ref(3), "new", map[string]any{"phone": in.Phone, "list": []any{in.IDNo, in}}))
			})
			personal := []string{idno, phone, "13900001111", "hunter2secret", "王小明测试", "李大红测试"}
			var raw strings.Builder
			must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
				rows, err := db.Values[string](ctx, tx, "select payload || actor || verb || hash from journal_entry where project_id = $1", project)
				raw.WriteString(strings.Join(rows, "\n"))
				return err
			}))
			if !strings.Contains(raw.String(), "A-1203") {
				t.Fatal("the search looks at the wrong place: what is not personal should be readable")
			}
			if e == db.SQLite {
				must(t, d.Close())
				files, _ := filepath.Glob(filepath.Join(cfg.Dir, "*"))
				for _, f := range files {
					b, err := os.ReadFile(f)
					must(t, err)
					raw.Write(b)
				}
			}
			for _, p := range personal {
				if strings.Contains(raw.String(), p) {
					t.Errorf("%s stands in the clear", p)
				}
			}
		})
	}
}

func TestTheTimelineOpensWhatItMay(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		write(t, d, func(ctx context.Context, tx db.Tx) error {
			return journal.Add(ctx, tx, ref(1), "new", newIntake(), journal.For(subject), journal.At(time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)), journal.By(9, "老王"))
		})
		fields := func() (m map[string]any) {
			must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
				es, err := journal.Of(ctx, tx, ref(1))
				must(t, err)
				if len(es) != 1 || es[0].ActorName != "老王" || es[0].Actor != 9 || es[0].At.Year() != 2020 || es[0].Verb != "new" {
					t.Errorf("entries %+v", es)
				}
				m, err = es[0].Fields(ctx, tx)
				return err
			}))
			return m
		}
		want := map[string]any{"name": "王小明测试", "phone": phone, "idno": idno, "token": "hunter2secret", "others": []any{phone, "13900001111"},
			"family": map[string]any{"mother": "李大红测试"}, "nested": map[string]any{"contact": phone}, "unit": "A-1203", "at": "2026-11-22T01:02:03Z"}
		if got := fields(); !reflect.DeepEqual(got, want) {
			t.Errorf("the timeline reads\n%v, want\n%v", got, want)
		}
		write(t, d, func(ctx context.Context, tx db.Tx) error {
			must(t, db.EraseKey(ctx, tx, project, subject))
			return journal.Add(ctx, tx, ref(1), "erased", nil, journal.For(subject))
		})
		write(t, d, func(ctx context.Context, tx db.Tx) error { // the subject gets a key again
			return journal.Add(ctx, tx, ref(2), "returned", map[string]any{"phone": core.Phone("13800000000")}, journal.For(subject))
		})
		must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
			es, err := journal.Of(ctx, tx, ref(1))
			must(t, err)
			m, err := es[0].Fields(ctx, tx)
			must(t, err)
			if m["unit"] != "A-1203" || m["phone"] != "" || m["idno"] != "" {
				t.Errorf("after the erasure the timeline reads %v", m)
			}
			if text, _ := json.Marshal(m); strings.Contains(string(text), phone) || strings.Contains(string(text), "李大红") {
				t.Errorf("a nested value survived the erasure: %s", text)
			}
			return nil
		}))
		if rep := verify(t, d); len(rep.Findings) != 0 {
			t.Errorf("the erasure broke the chain: %+v", rep.Findings)
		}
	})
}

func TestARowWithoutItsEntryIsFound(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		thing := journal.Table{Kind: "thing", Name: "thing"}
		save := func(id int64, logged bool) {
			write(t, d, func(ctx context.Context, tx db.Tx) error {
				_, err := db.Exec(ctx, tx, `insert into thing (project_id, id, created_at, changed_at, name) values ($1, $2, $3, $3, 'x')
					on conflict (project_id, id) do update set changed_at = excluded.changed_at`, project, core.ID(id), core.Now(ctx))
				if err == nil && logged {
					err = journal.Add(ctx, tx, ref(id), "changed", nil)
				}
				return err
			})
		}
		save(1, true)
		save(2, true)
		if rep := verify(t, d, thing); len(rep.Findings) != 0 {
			t.Errorf("covered rows are reported: %+v", rep.Findings)
		}
		time.Sleep(2 * time.Millisecond)
		save(2, false)
		if rep := verify(t, d, thing); len(rep.Findings) != 1 || !strings.Contains(rep.Findings[0].Text.EN, "1 record") {
			t.Errorf("a change outside the journal: %+v", rep.Findings)
		}
	})
}

func TestWhatOneWriterDoesInAMomentStandsInItsOrder(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		ctx := core.WithClock(context.Background(), func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) })
		for n := range 40 {
			must(t, d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
				return journal.Add(ctx, tx, ref(1), fmt.Sprint(n), nil)
			}))
		}
		must(t, d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
			es, err := journal.Of(ctx, tx, ref(1))
			for n, e := range es {
				if e.Verb != fmt.Sprint(n) {
					t.Fatalf("entry %d is the one that was written as number %s", n, e.Verb)
				}
			}
			return err
		}))
	})
}
