package db_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
)

func TestSealedValuesOpenAgainAndOnlyWithTheirKey(t *testing.T) {
	k, other := db.NewKeys(), db.NewKeys()
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "plain")
		sealed := k.Seal(plain)
		got, err := k.Open(sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%q came back as %q: %v", plain, got, err)
		}
		if len(plain) == 0 {
			return
		}
		if len(plain) > 7 && strings.Contains(sealed, string(plain)) || sealed == k.Seal(plain) {
			t.Fatal("sealed in the clear, or twice alike")
		}
		if _, err := other.Open(sealed); err == nil || !strings.Contains(err.Error(), k.IDs()[0]) {
			t.Fatalf("another firm's keys: %v, want the missing key named", err)
		}
		at := rapid.IntRange(len(k.IDs()[0])+1, len(sealed)-2).Draw(t, "at")
		forged := []byte(sealed)
		forged[at] = map[bool]byte{true: 'B', false: 'A'}[forged[at] == 'A']
		if got, err := k.Open(string(forged)); err == nil {
			t.Fatalf("a changed ciphertext opens as %q", got)
		}
	})
}

func TestARotationOpensOldAndKeepsTheBlindIndex(t *testing.T) {
	k := db.NewKeys()
	old, blind := k.Seal([]byte("secret")), k.Blind("idno", "11010519491231002X")
	k.Rotate()
	if b, err := k.Open(old); err != nil || string(b) != "secret" {
		t.Errorf("the old ciphertext: %q, %v", b, err)
	}
	if sealed := k.Seal([]byte("x")); !strings.HasPrefix(sealed, k.IDs()[1]+".") {
		t.Error("the newest key does not seal")
	}
	if k.Blind("idno", "11010519491231002X") != blind || k.Blind("phone", "11010519491231002X") == blind || db.NewKeys().Blind("idno", "11010519491231002X") == blind {
		t.Error("the blind index must outlive a rotation and differ by kind and firm")
	}
	again, err := db.ParseKeys(strings.ReplaceAll(k.Export(), "\n", ","))
	if err != nil || again.Export() != k.Export() || again.Blind("idno", "11010519491231002X") != blind {
		t.Errorf("exported and parsed: %v", err)
	}
	for _, bad := range []string{"", "k1", "k1:AAAA", ":" + strings.Repeat("A", 43) + "=", "k1:*"} {
		if _, err := db.ParseKeys(bad); err == nil {
			t.Errorf("ParseKeys(%q) passes", bad)
		}
	}
}

func TestKeysOnDisk(t *testing.T) {
	t.Setenv(db.KeysEnv, "")
	dir := t.TempDir()
	made, err := db.LoadKeys(dir)
	must(t, err)
	again, err := db.LoadKeys(dir)
	if err != nil || again.Export() != made.Export() {
		t.Fatalf("the second start reads other keys: %v", err)
	}
	file := filepath.Join(dir, "keys")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("keys: %v, %v", info.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604} {
		must(t, os.Chmod(file, mode))
		if _, err := db.LoadKeys(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("keys with mode %o: %v", mode, err)
		}
	}
	env := db.NewKeys()
	t.Setenv(db.KeysEnv, env.Export())
	if k, err := db.LoadKeys(dir); err != nil || k.Export() != env.Export() {
		t.Errorf("the environment's keys: %v", err)
	}
}

// Two processes read one file: what one of them adds, the other learns when it meets it, and soon seals with.
func TestANewKeyIsLearnedFromTheFile(t *testing.T) {
	t.Setenv(db.KeysEnv, "")
	dir := t.TempDir()
	a, err := db.LoadKeys(dir)
	must(t, err)
	b, err := db.LoadKeys(dir)
	must(t, err)
	c, err := db.LoadKeys(dir)
	must(t, err)
	id, err := a.RotateIn(dir)
	must(t, err)
	sealed := a.Seal([]byte("new"))
	if plain, err := b.Open(sealed); err != nil || string(plain) != "new" {
		t.Errorf("sealed under the new key: %q, %v", plain, err)
	}
	for end := time.Now().Add(db.KeysSettle); !strings.HasPrefix(c.Seal([]byte("x")), id+"."); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a process that only seals has not learned the new key in time")
		}
	}
	must(t, db.NewKeys().Save(dir)) // somebody puts another firm's keys there
	if plain, err := b.Open(sealed); err != nil || string(plain) != "new" {
		t.Errorf("after the file was exchanged: %q, %v", plain, err)
	}
	if _, err := b.Open("kffffffff.AAAA"); err == nil || len(b.IDs()) != 2 || b.IDs()[1] != id {
		t.Errorf("keys that do not hold ours were taken: %v, %v", b.IDs(), err)
	}
}

func TestTwoFirstStartsMakeOneKey(t *testing.T) {
	t.Setenv(db.KeysEnv, "")
	dir := filepath.Join(t.TempDir(), "fresh")
	var all sync.WaitGroup
	got := make([]string, 8)
	for i := range got {
		all.Go(func() {
			if k, err := db.LoadKeys(dir); err != nil {
				t.Error(err)
			} else {
				got[i] = k.Export()
			}
		})
	}
	all.Wait()
	if got = slices.Compact(got); len(got) != 1 {
		t.Errorf("%d different keys", len(got))
	}
}

func sealFor(t *testing.T, d *db.DB, subject core.ID, plain string) (sealed string) {
	t.Helper()
	must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) (err error) {
		sealed, err = db.SealFor(ctx, tx, project, subject, plain)
		return err
	}))
	return sealed
}

func openFor(t *testing.T, d *db.DB, subject core.ID, sealed string) (plain string) {
	t.Helper()
	must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) (err error) {
		plain, err = db.OpenFor(ctx, tx, project, subject, sealed)
		return err
	}))
	return plain
}

func TestKeysOfAnotherFirmAreRefused(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			d := dbtest.Open(t, cfg)
			must(t, d.Read(context.Background(), db.CheckKeys))
			sealFor(t, d, 41, "13886062231")
			must(t, d.Read(context.Background(), db.CheckKeys))
			cfg.Keys = db.NewKeys()
			other := dbtest.Open(t, cfg)
			if err := other.Read(context.Background(), db.CheckKeys); !core.IsKind(err, core.KindConflict) {
				t.Errorf("fresh keys over a used database: %v", err)
			}
		})
	}
}

func erase(t *testing.T, d *db.DB, subject core.ID) {
	t.Helper()
	must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error { return db.EraseKey(ctx, tx, project, subject) }))
}

func TestAnErasedSubjectIsUnreadable(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			a, b := dbtest.Open(t, cfg), dbtest.Open(t, cfg) // two processes over one database
			old, neighbour := sealFor(t, a, 41, "13886062231"), sealFor(t, a, 42, "13900001111")
			if openFor(t, a, 41, old) != "13886062231" || openFor(t, b, 41, old) != "13886062231" {
				t.Error("it does not open before the erasure")
			}
			erase(t, a, 41)
			if x, y := openFor(t, a, 41, old), openFor(t, b, 41, old); x != "" || y != "" {
				t.Errorf("after the erasure one node reads %q, the other %q", x, y)
			}
			if openFor(t, b, 42, neighbour) != "13900001111" {
				t.Error("the neighbour was erased too")
			}
			fresh := sealFor(t, b, 41, "new life")
			if openFor(t, a, 41, fresh) != "new life" {
				t.Error("what the other node sealed after the erasure cannot be read")
			}
			if got := openFor(t, a, 41, old); got != "" {
				t.Errorf("under the subject's new key the old value reads %q", got)
			}
		})
	}
}

func TestANewSubjectsKeyOpensWhatItSealed(t *testing.T) {
	dbtest.Each(t, nil, func(t *testing.T, d *db.DB) {
		var id core.ID
		var sealed string
		must(t, d.Write(t.Context(), func(ctx context.Context, tx db.Tx) (err error) {
			id = tx.NewID()
			if err = db.NewSubject(ctx, tx, 7, id); err == nil {
				sealed, err = db.SealFor(ctx, tx, 7, id, "11010519491231002X")
			}
			return err
		}))
		must(t, d.Write(t.Context(), func(ctx context.Context, tx db.Tx) error {
			if plain, err := db.OpenFor(ctx, tx, 7, id, sealed); err != nil || plain != "11010519491231002X" {
				t.Errorf("opened after the commit: %q, %v", plain, err)
			}
			return db.EraseKey(ctx, tx, 7, id)
		}))
		must(t, d.Read(t.Context(), func(ctx context.Context, tx db.Tx) error {
			if plain, err := db.OpenFor(ctx, tx, 7, id, sealed); err != nil || plain != "" {
				t.Errorf("opened after the erasure: %q, %v", plain, err)
			}
			return nil
		}))
	})
}

func TestASubjectsKeyIsLostWithItsTransaction(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		_ = d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
			_, err := db.SealFor(ctx, tx, project, 41, "rolled back")
			must(t, err)
			return context.DeadlineExceeded
		})
		sealed := sealFor(t, d, 41, "kept")
		if got := openFor(t, d, 41, sealed); got != "kept" {
			t.Errorf("sealed after a rollback, read as %q", got)
		}
		if sealFor(t, d, 41, "") != "" || openFor(t, d, 41, "") != "" {
			t.Error("empty stays empty")
		}
	})
}

func TestResealingFollowsARotation(t *testing.T) {
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			cfg := dbtest.Config(t, e, tables...)
			d := dbtest.Open(t, cfg)
			sealed := sealFor(t, d, 41, "13886062231")
			first := cfg.Keys.IDs()[0]
			cfg.Keys.Rotate()
			must(t, d.Write(context.Background(), func(ctx context.Context, tx db.Tx) error {
				n, err := db.Reseal(ctx, tx)
				if n != 1 {
					t.Errorf("%d keys were resealed", n)
				}
				return err
			}))
			if got := openFor(t, d, 41, sealed); got != "13886062231" {
				t.Errorf("after the rotation it reads %q", got)
			}
			must(t, d.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
				old, err := db.Value[int](ctx, tx, "select count(*) from db_subject_key where project_id = $1 and sealed like $2", project, first+".%")
				if old != 0 {
					t.Error("a data key is still sealed under the old master key")
				}
				return err
			}))
		})
	}
}
