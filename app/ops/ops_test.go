package ops_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"huiyin/app/ops"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/file"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/search"
)

// garden is a made-up module with every kind of column, a reference to itself, one forward, and a seeded row.
var garden = fstest.MapFS{"20261122990000_garden.sql": {Data: []byte(`-- +goose Up
create table garden_bed (
  {{row}},
  name text not null,
  after_id bigint,
  gate_id bigint,
  wet boolean not null,
  depth double precision,
  seed {{blob}},
  secret text not null default '',
  {{pk}},
  foreign key (project_id, after_id) references garden_bed (project_id, id)
);
create table garden_code (
  code text primary key,
  label text not null
);
create table garden_alpha (
  {{row}},
  bed_id bigint not null,
  {{pk}},
  foreign key (project_id, bed_id) references garden_bed (project_id, id)
);
create table garden_firm (id bigint primary key, name text not null default '');
insert into garden_firm (id) values (1);
`)}}

func migrations(more ...fs.FS) []fs.FS {
	return append([]fs.FS{journal.Migrations, file.Migrations, job.Migrations, search.Migrations}, append(more, garden)...)
}

const project = core.ID(7001)

type firm struct {
	*db.DB
	cfg   db.Config
	store file.Store
}

func open(t *testing.T, e db.Engine, keys *db.Keys, more ...fs.FS) *firm {
	t.Helper()
	cfg := dbtest.Config(t, e, migrations(more...)...)
	if keys != nil {
		cfg.Keys = keys
	}
	return reopen(t, cfg)
}

func reopen(t *testing.T, cfg db.Config) *firm {
	t.Helper()
	d := dbtest.Open(t, cfg)
	return &firm{d, cfg, file.NewStore(d, cfg.Dir)}
}

func (f *firm) write(t *testing.T, fn func(context.Context, db.Tx) error) {
	t.Helper()
	if err := f.Write(file.With(t.Context(), f.store), fn); err != nil {
		t.Fatal(err)
	}
}

// bed plants a row with everything that a module writes: journal, file, search document, job.
func bed(ctx context.Context, tx db.Tx, n int, after core.ID) (core.ID, error) {
	id := tx.NewID()
	ref := core.Ref{Project: project, Kind: "bed", ID: id}
	_, err := db.Exec(ctx, tx, `insert into garden_bed (project_id, id, created_at, changed_at, name, after_id, wet, depth, seed, secret)
		values ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9)`, project, id, core.Now(ctx), fmt.Sprintf("花坛 %d <&> \"中\"\n\u2028", n), after, n%2 == 0,
		float64(n)/3, []byte{0, 255, byte(n)}, db.Seal(tx, fmt.Sprint("seed ", n)))
	if err != nil {
		return 0, err
	}
	payload := struct {
		Name  string
		Phone core.Phone
	}{fmt.Sprint("花坛", n), core.Phone(fmt.Sprintf("138%08d", n))}
	if err := journal.Add(ctx, tx, ref, "planted", payload, journal.For(id)); err != nil {
		return 0, err
	}
	text := []byte(fmt.Sprintf("%%PDF-1.4\nbed %d\n%%%%EOF\n", n%5))
	sum := sha256.Sum256(text)
	_, err = file.Attach(ctx, tx, ref, file.Evidence, core.Upload{Name: "bed.pdf", Type: "application/pdf", Size: int64(len(text)),
		SHA256: hex.EncodeToString(sum[:]), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }})
	if err != nil {
		return 0, err
	}
	return id, search.Put(ctx, tx, search.Doc{Ref: ref, Title: fmt.Sprintf("花坛 %d", n), Codes: []string{fmt.Sprintf("HT-202611-%04d", n)},
		Names: []string{"单小莲"}, Phones: []core.Phone{payload.Phone}, Words: []string{"种了 Lotus 和荷叶, pH 6.5/7"}})
}

// plant fills the database; ids point back and, once, forward, as a merge of two records does.
func plant(t *testing.T, f *firm, n int) {
	t.Helper()
	var first, last core.ID
	for i := range n {
		f.write(t, func(ctx context.Context, tx db.Tx) (err error) {
			last, err = bed(ctx, tx, i, last)
			if i == 0 {
				first = last
			}
			return err
		})
	}
	f.write(t, func(ctx context.Context, tx db.Tx) error {
		if _, err := db.Exec(ctx, tx, "update garden_bed set after_id = $1 where project_id = $2 and id = $3", last, project, first); err != nil {
			return err
		}
		if _, err := db.Exec(ctx, tx, `insert into garden_alpha (project_id, id, created_at, changed_at, bed_id) values ($1, $2, 1, 1, $3)`, project, tx.NewID(), last); err != nil {
			return err
		}
		for _, code := range []string{"b", "B", "ä", "啊", "Z", "_"} {
			if _, err := db.Exec(ctx, tx, "insert into garden_code (code, label) values ($1, $2)", code, "k12345678.not sealed at all, only written like it"); err != nil {
				return err
			}
		}
		_, err := db.Exec(ctx, tx, "update garden_firm set name = $1", "回音物业")
		return err
	})
	// Documents that were put again and removed leave nothing behind in the index.
	f.write(t, func(ctx context.Context, tx db.Tx) error {
		ref := core.Ref{Project: project, Kind: "bed", ID: first}
		return search.Put(ctx, tx, search.Doc{Ref: ref, Title: "改名的花坛", Words: []string{"睡莲"}})
	})
}

func backup(t *testing.T, f *firm) ([]byte, ops.Manifest) {
	t.Helper()
	var b bytes.Buffer
	m, err := ops.Backup(t.Context(), f.DB, f.store, &b)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m
}

func restore(t *testing.T, f *firm, archive []byte) ops.Manifest {
	t.Helper()
	m, err := ops.Restore(t.Context(), f.DB, f.store, bytes.NewReader(archive), f.cfg.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func digest(t *testing.T, f *firm) map[string]string {
	t.Helper()
	m, err := ops.Digest(t.Context(), f.DB)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func same(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	if len(want) == 0 {
		t.Fatalf("%s: no tables", what)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if want[name] != got[name] {
			t.Errorf("%s: table %s differs", what, name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d tables, want %d", what, len(got), len(want))
	}
}

func TestBackupGoesFromEngineToEngineAndBack(t *testing.T) {
	keys := db.NewKeys()
	keys.Rotate()
	for _, way := range [][]db.Engine{{db.SQLite, db.Postgres, db.SQLite}, {db.Postgres, db.SQLite, db.Postgres}} {
		t.Run(string(way[0]), func(t *testing.T) {
			at := open(t, way[0], keys)
			plant(t, at, 230)
			want := digest(t, at)
			for _, e := range way[1:] {
				archive, m := backup(t, at)
				if len(m.Missing) != 0 || m.Files != 5 || len(m.Keys) != 1 {
					t.Fatalf("manifest: missing %v, %d files, keys %v", m.Missing, m.Files, m.Keys)
				}
				at = open(t, e, keys)
				restore(t, at, archive)
				same(t, "on "+string(e), want, digest(t, at))
				works(t, at)
			}
		})
	}
}

// works uses a restored database as its owners will: search, open what was sealed, read a file, verify, write on.
func works(t *testing.T, f *firm) {
	t.Helper()
	rep, err := ops.Verify(t.Context(), f.DB, f.store, []journal.Table{{Kind: "bed", Name: "garden_bed"}})
	if err != nil || !rep.OK() || rep.Journal.Entries != 230 || rep.Files != 5 {
		t.Fatalf("verify: %+v, %v", rep, err)
	}
	f.write(t, func(ctx context.Context, tx db.Tx) error {
		for query, want := range map[string]string{"00000117": "花坛 117", "睡莲": "改名的花坛", "HT-202611-0042": "花坛 42"} {
			hits, err := search.Find(ctx, tx, project, func(string) bool { return true }, query, 5)
			if err != nil || len(hits) != 1 || hits[0].Title != want {
				t.Errorf("search %q: %+v, %v", query, hits, err)
			}
		}
		secret, err := db.Value[string](ctx, tx, "select secret from garden_bed where project_id = $1 and name like $2", project, "花坛 200 %")
		if err != nil {
			return err
		}
		if plain, err := db.Unseal(tx, secret); plain != "seed 200" {
			t.Errorf("the secret reads %q, %v", plain, err)
		}
		return nil
	})
	// Foreign keys hold again, and the journal's lanes go on.
	err = f.Write(t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := db.Exec(ctx, tx, `insert into garden_alpha (project_id, id, created_at, changed_at, bed_id) values ($1, $2, 1, 1, 99)`, project, tx.NewID())
		return err
	})
	if err == nil {
		t.Error("a row may point to nothing after the restore")
	}
}

func TestBackupUnderLoadIsOneSnapshot(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			from := open(t, e, nil)
			plant(t, from, 20)
			ctx, stop := context.WithCancel(file.With(t.Context(), from.store))
			var writers sync.WaitGroup
			for w := range 3 {
				writers.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						err := from.Write(ctx, func(ctx context.Context, tx db.Tx) error { _, err := bed(ctx, tx, 1000*w+n, 0); return err })
						if err != nil && ctx.Err() == nil {
							t.Error(err)
							return
						}
					}
				})
			}
			time.Sleep(100 * time.Millisecond)
			archive, m := backup(t, from)
			time.Sleep(50 * time.Millisecond)
			stop()
			writers.Wait()
			to := open(t, e, from.cfg.Keys)
			restore(t, to, archive)
			want := map[string]string{}
			for _, table := range m.Tables {
				want[table.Name] = table.SHA256
			}
			same(t, "restored", want, digest(t, to))
			rep, err := ops.Verify(t.Context(), to.DB, to.store, []journal.Table{{Kind: "bed", Name: "garden_bed"}})
			if err != nil || !rep.OK() {
				t.Fatalf("verify: %+v, %v", rep, err)
			}
			if now := digest(t, from); now["garden_bed"] == want["garden_bed"] {
				t.Error("nothing was written during the backup; the test proves nothing")
			}
		})
	}
}

func TestRunningJobsWaitAfterRestore(t *testing.T) {
	from := open(t, db.Postgres, nil)
	from.write(t, func(ctx context.Context, tx db.Tx) error {
		_, err := db.Exec(ctx, tx, `insert into job_job (id, kind, args, unique_key, state, due_at, claim, added_at) values
			(1, 'mail', '{}', null, 'running', 5, 'x', 1), (2, 'mail', '{}', 'k', 'running', 5, 'y', 1), (3, 'mail', '{}', 'k', 'waiting', 5, null, 1)`)
		return err
	})
	archive, _ := backup(t, from)
	to := open(t, db.SQLite, from.cfg.Keys)
	restore(t, to, archive)
	to.write(t, func(ctx context.Context, tx db.Tx) error {
		states, err := db.Values[string](ctx, tx, "select state || coalesce(claim, '') from job_job order by id")
		if !slices.Equal(states, []string{"waiting", "done", "waiting"}) {
			t.Errorf("states %v", states)
		}
		return err
	})
}

func TestRestoreRefusesInWords(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			from := open(t, e, nil)
			plant(t, from, 12)
			archive, m := backup(t, from)
			refused := func(name string, f *firm, keys *db.Keys, archive []byte, words string) {
				t.Helper()
				before := digest(t, f)
				_, err := ops.Restore(t.Context(), f.DB, f.store, bytes.NewReader(archive), keys)
				if err == nil || !strings.Contains(core.AsErr(err).Text.EN, words) {
					t.Errorf("%s: %v, want words %q", name, err, words)
				}
				same(t, name, before, digest(t, f))
			}
			keys := from.cfg.Keys
			refused("not empty", from, keys, archive, "is not empty")
			empty := open(t, e, keys)
			refused("no archive", empty, keys, []byte("hello"), "damaged")
			refused("missing key", empty, db.NewKeys(), archive, "Key "+m.Keys[0].ID+" is missing")
			other, err := db.ParseKeys(m.Keys[0].ID + ":" + strings.Repeat("A", 43) + "=")
			if err != nil {
				t.Fatal(err)
			}
			refused("wrong key", empty, other, archive, "is not the right one")
			front, err := db.ParseKeys(db.NewKeys().Export() + keys.Export())
			if err != nil {
				t.Fatal(err)
			}
			refused("other first key", empty, front, archive, "The first key")
			newer := open(t, e, keys, fstest.MapFS{"20261122980000_later.sql": {Data: []byte("-- +goose Up\ncreate table later_one (id bigint primary key);\n")}})
			refused("older archive", newer, keys, archive, "20261122980000_later.sql")
			newest, _ := backup(t, newer)
			refused("newer archive", empty, keys, newest, "newer version")
			for i := range 8 {
				refused("truncated", empty, keys, archive[:len(archive)*(i+1)/9], "damaged or incomplete")
			}
			changed := 0
			eachMember(t, archive, func(name string) {
				changed++
				refused("changed "+name, empty, keys, change(t, archive, name), "damaged or incomplete")
				refused("without "+name, empty, keys, remove(t, archive, name), "damaged or incomplete")
			})
			if changed < 10 {
				t.Errorf("only %d members", changed)
			}
			restore(t, empty, archive)
		})
	}
}

func eachMember(t *testing.T, archive []byte, fn func(name string)) {
	t.Helper()
	rewrite(t, archive, func(h *tar.Header, b []byte) bool { fn(h.Name); return true })
}

// change alters one byte in the middle of a member.
func change(t *testing.T, archive []byte, name string) []byte {
	return rewrite(t, archive, func(h *tar.Header, b []byte) bool {
		if h.Name == name {
			b[len(b)/2] ^= 1
		}
		return true
	})
}

func remove(t *testing.T, archive []byte, name string) []byte {
	return rewrite(t, archive, func(h *tar.Header, b []byte) bool { return h.Name != name })
}

func rewrite(t *testing.T, archive []byte, keep func(*tar.Header, []byte) bool) []byte {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(archive))
	must(t, err)
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for in := tar.NewReader(gz); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			must(t, errors.Join(w.Close(), zip.Close()))
			return out.Bytes()
		}
		must(t, err)
		b, err := io.ReadAll(in)
		must(t, err)
		if keep(h, b) {
			must(t, w.WriteHeader(h))
			_, err := w.Write(b)
			must(t, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsOneByteOfTheJournal(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		f := open(t, db.SQLite, nil)
		plant(t, f, 9)
		must(t, f.Close())
		path := filepath.Join(f.cfg.Dir, "huiyin.db")
		checkpoint(t, path)
		b, err := os.ReadFile(path)
		must(t, err)
		at := bytes.Index(b, []byte(`{"name":"花坛6"`))
		if at < 0 {
			t.Fatal("the payload is not in the file")
		}
		b[at+len(`{"name":"花坛`)] = '7'
		must(t, os.WriteFile(path, b, 0o600))
		located(t, reopen(t, f.cfg))
	})
	t.Run("postgres", func(t *testing.T) {
		f := open(t, db.Postgres, nil)
		plant(t, f, 9)
		f.write(t, func(ctx context.Context, tx db.Tx) error {
			return db.ExecOne(ctx, tx, `update journal_entry /* project_id: all */ set payload = replace(payload, '花坛6', '花坛7') where payload like '%花坛6%'`)
		})
		located(t, f)
	})
}

// checkpoint moves everything from the write-ahead log into the file.
func checkpoint(t *testing.T, path string) {
	t.Helper()
	c, err := sql.Open("sqlite", path)
	must(t, err)
	var busy, log, done int
	must(t, c.QueryRow("pragma wal_checkpoint(truncate)").Scan(&busy, &log, &done))
	must(t, c.Close())
	if busy != 0 {
		t.Fatal("the log could not be emptied")
	}
}

func located(t *testing.T, f *firm) {
	t.Helper()
	rep, err := ops.Verify(t.Context(), f.DB, f.store, nil)
	must(t, err)
	seqs := []int64{}
	for _, finding := range rep.Journal.Findings {
		seqs = append(seqs, finding.Seq)
	}
	if rep.Journal.Entries != 9 || len(seqs) != 1 {
		t.Fatalf("findings %+v", rep)
	}
	var out bytes.Buffer
	if err := rep.Print(&out, core.EN); !core.IsKind(err, core.KindConflict) {
		t.Errorf("Print returned %v", err)
	}
	want := fmt.Sprintf("entry %d", seqs[0])
	if f.Engine() == db.SQLite {
		want = "entry 7" // one lane: the seventh planting
	}
	if !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "it was changed") {
		t.Errorf("printed:\n%s", out.String())
	}
}

func TestVerifyFindsLostAndChangedFilesAndDanglingRows(t *testing.T) {
	f := open(t, db.SQLite, nil)
	plant(t, f, 9)
	paths, err := filepath.Glob(filepath.Join(f.cfg.Dir, "files", "*", "*"))
	must(t, err)
	if len(paths) != 5 {
		t.Fatalf("%d files", len(paths))
	}
	must(t, os.Remove(paths[0]))
	must(t, os.WriteFile(paths[1], []byte("%PDF-1.4\nanother\n"), 0o600))
	c, err := sql.Open("sqlite", filepath.Join(f.cfg.Dir, "huiyin.db")) // without foreign keys
	must(t, err)
	_, err = c.Exec("insert into garden_alpha (project_id, id, created_at, changed_at, bed_id) values (7001, 1, 1, 1, 424242)")
	must(t, errors.Join(err, c.Close()))
	rep, err := ops.Verify(t.Context(), f.DB, f.store, nil)
	must(t, err)
	var out bytes.Buffer
	_ = rep.Print(&out, core.EN)
	for _, want := range []string{filepath.Base(paths[0]) + " is gone", filepath.Base(paths[1]) + " does not match", "garden_alpha: 1 rows point to records that garden_bed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not said: %s\n%s", want, out.String())
		}
	}
	_, m := backup(t, f)
	if len(m.Missing) != 2 || m.Files != 3 {
		t.Errorf("backup holds %d files and misses %v", m.Files, m.Missing)
	}
}

func TestVerifyFindsDanglingRowsOnPostgres(t *testing.T) {
	f := open(t, db.Postgres, nil)
	plant(t, f, 3)
	c, err := sql.Open("pgx", f.cfg.URL)
	must(t, err)
	_, err = c.Exec("alter table garden_alpha disable trigger all; insert into garden_alpha (project_id, id, created_at, changed_at, bed_id) values (7001, 1, 1, 1, 424242)")
	must(t, errors.Join(err, c.Close()))
	rep, err := ops.Verify(t.Context(), f.DB, f.store, nil)
	must(t, err)
	if len(rep.Findings) != 1 || !strings.Contains(rep.Findings[0].EN, "garden_alpha: 1 rows") {
		t.Errorf("findings %v", rep.Findings)
	}
}

func TestRotateSealsEverythingAnew(t *testing.T) {
	t.Setenv(db.KeysEnv, "")
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			f := open(t, e, nil)
			must(t, f.cfg.Keys.Save(f.cfg.Dir))
			plant(t, f, 1203)
			old := f.cfg.Keys.IDs()[0]
			id, n, err := ops.Rotate(t.Context(), f.DB, f.cfg.Keys, f.cfg.Dir)
			must(t, err)
			if id == old || n != 2*1203 {
				t.Fatalf("key %s, %d values", id, n)
			}
			saved, err := db.LoadKeys(f.cfg.Dir)
			must(t, err)
			if !slices.Equal(saved.IDs(), []string{old, id}) {
				t.Errorf("saved keys %v", saved.IDs())
			}
			if _, m := backup(t, f); len(m.Keys) != 1 || m.Keys[0].ID != id {
				t.Errorf("keys in use %v", m.Keys)
			}
			if n, err := ops.Reseal(t.Context(), f.DB, f.cfg.Keys); n != 0 || err != nil {
				t.Errorf("sealing anew twice touched %d, %v", n, err)
			}
		})
	}
}

// A crash between saving the key and the last page leaves some values under either key: all of them read.
func TestRotateCutShortLeavesAllReadable(t *testing.T) {
	t.Setenv(db.KeysEnv, "")
	f := open(t, db.SQLite, nil)
	must(t, f.cfg.Keys.Save(f.cfg.Dir))
	plant(t, f, 700)
	ctx, cut := context.WithCancel(t.Context())
	go func() { // once the first page is sealed anew
		for {
			if k, err := db.LoadKeys(f.cfg.Dir); err == nil && len(k.IDs()) == 2 {
				time.Sleep(5 * time.Millisecond)
				cut()
				return
			}
		}
	}()
	_, _, _ = ops.Rotate(ctx, f.DB, f.cfg.Keys, f.cfg.Dir)
	must(t, f.Close())
	saved, err := db.LoadKeys(f.cfg.Dir)
	must(t, err)
	f.cfg.Keys = saved
	again := reopen(t, f.cfg)
	readable(t, again, 700)
	if _, err := ops.Reseal(t.Context(), again.DB, saved); err != nil {
		t.Fatal(err)
	}
	readable(t, again, 700)
}

func readable(t *testing.T, f *firm, want int) {
	t.Helper()
	f.write(t, func(ctx context.Context, tx db.Tx) error {
		secrets, err := db.Values[string](ctx, tx, "select secret from garden_bed where project_id = $1", project)
		for _, s := range secrets {
			if plain, err := db.Unseal(tx, s); err != nil || !strings.HasPrefix(plain, "seed ") {
				t.Fatalf("%q, %v", plain, err)
			}
		}
		if len(secrets) != want {
			t.Errorf("%d secrets", len(secrets))
		}
		return err
	})
}

// A rotation beside running processes: they share the keys' file, go on sealing and opening, and end under the new key.
func TestRotateBesideARunningProcess(t *testing.T) {
	t.Setenv(db.KeysEnv, "")
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			made := open(t, e, nil)
			must(t, made.cfg.Keys.Save(made.cfg.Dir))
			must(t, made.Close())
			process := func() *firm {
				cfg := made.cfg
				keys, err := db.LoadKeys(cfg.Dir)
				must(t, err)
				cfg.Keys = keys
				return reopen(t, cfg)
			}
			here, beside := process(), process()
			plant(t, here, 60)
			stop, stopped := make(chan struct{}), make(chan int)
			go func() { stopped <- sealUntil(t, beside, stop) }()
			id, n, err := ops.Rotate(t.Context(), here.DB, here.cfg.Keys, here.cfg.Dir)
			close(stop)
			if sealed := <-stopped; err != nil || n < 60 || sealed == 0 {
				t.Fatalf("%d values sealed anew, %d beside it: %v", n, sealed, err)
			}
			if got := beside.cfg.Keys.IDs(); len(got) != 2 || got[1] != id {
				t.Errorf("the process beside knows the keys %v", got)
			}
			readable(t, here, 60)
			readable(t, beside, 60)
			if _, m := backup(t, beside); len(m.Keys) != 1 || m.Keys[0].ID != id {
				t.Errorf("keys in use after it %v, want only %s", m.Keys, id)
			}
		})
	}
}

// sealUntil seals the beds' secrets one by one, over and over, and returns how many.
func sealUntil(t *testing.T, f *firm, stop <-chan struct{}) (n int) {
	ids := []core.ID{}
	f.write(t, func(ctx context.Context, tx db.Tx) (err error) {
		ids, err = db.Values[core.ID](ctx, tx, "select id from garden_bed where project_id = $1 order by id", project)
		return err
	})
	for ; ; n++ {
		select {
		case <-stop:
			return n
		case <-time.After(5 * time.Millisecond):
		}
		f.write(t, func(ctx context.Context, tx db.Tx) error {
			return db.ExecOne(ctx, tx, "update garden_bed set secret = $1 where project_id = $2 and id = $3", db.Seal(tx, fmt.Sprint("seed ", n)), project, ids[n%len(ids)])
		})
	}
}

func TestRotateRefusesBesideOtherKeysAndKeysOfTheEnvironment(t *testing.T) {
	t.Setenv(db.KeysEnv, "")
	for _, e := range dbtest.Engines() {
		f := open(t, e, nil)
		other := f.cfg
		other.Keys = db.NewKeys() // as one that has them from its environment, or on another machine
		beside := reopen(t, other)
		if _, _, err := ops.Rotate(t.Context(), f.DB, f.cfg.Keys, f.cfg.Dir); !core.IsKind(err, core.KindConflict) {
			t.Errorf("%s: beside a process with keys of its own: %v", e, err)
		}
		must(t, beside.Close())
		t.Setenv(db.KeysEnv, f.cfg.Keys.Export())
		if _, _, err := ops.Rotate(t.Context(), f.DB, f.cfg.Keys, f.cfg.Dir); !core.IsKind(err, core.KindConflict) {
			t.Errorf("%s: keys of the environment: %v", e, err)
		}
		t.Setenv(db.KeysEnv, "")
		if _, err := os.Stat(filepath.Join(f.cfg.Dir, "keys")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a refused rotation wrote the keys", e)
		}
	}
}
