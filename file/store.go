package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// Store keeps bytes by their SHA-256, each content once.
type Store interface {
	// Put makes the upload's bytes durable no later than the commit of tx, and checks them against their SHA-256.
	Put(ctx context.Context, tx db.Tx, up core.Upload) error
	// Open reads them back; KindNotFound if they are not there. See OpenContent for how long the reader is good.
	Open(ctx context.Context, tx db.Tx, sha256 string) (io.ReadCloser, error)
	// Sweep removes contents that no row names and nobody has put since before (real time), and returns how many.
	Sweep(ctx context.Context, d *db.DB, before time.Time) (int, error)
}

// NewStore is the store that suits the engine: a folder under dataDir on SQLite, tables on PostgreSQL, where the nodes
// share no disk.
func NewStore(d *db.DB, dataDir string) Store {
	if d.Engine() == db.Postgres {
		return Table{}
	}
	return Dir{Path: filepath.Join(dataDir, "files")}
}

// Sweep removes orphans that are older than olderThan (a day: longer than any Write) from the context's store, and what
// crashes left in the spool folder dir. It returns how many contents went.
func Sweep(ctx context.Context, d *db.DB, dir string, olderThan time.Duration) (int, error) {
	before := time.Now().Add(-olderThan)
	if err := sweepSpool(dir, before); err != nil {
		return 0, err
	}
	return StoreOf(ctx).Sweep(ctx, d, before)
}

// Dir is a store in a folder: ab/abcdef…, two levels.
type Dir struct{ Path string }

func (s Dir) path(sum string) string { return filepath.Join(s.Path, sum[:2], sum) }

// Put links the spooled file into the folder, or copies it when it came from elsewhere. A content that is there already
// is touched, so that a sweep which has seen it as an orphan leaves it.
func (s Dir) Put(ctx context.Context, tx db.Tx, up core.Upload) error {
	if err := checkSum(up.SHA256); err != nil {
		return err
	}
	to := s.path(up.SHA256)
	now := time.Now()
	if err := os.Chtimes(to, now, now); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	tmp, err := s.copyIn(up)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, to); err != nil {
		return err
	}
	return errors.Join(db.SyncDir(filepath.Dir(to)), db.SyncDir(s.Path), db.SyncDir(filepath.Dir(s.Path)))
}

// copyIn brings the bytes under a temporary name into the store, synced and checked.
func (s Dir) copyIn(up core.Upload) (path string, err error) {
	in, err := up.Open()
	if err != nil {
		return "", err
	}
	defer in.Close() //nolint:errcheck // only read
	tmp, err := os.CreateTemp(s.Path, spoolPattern)
	if err != nil {
		return "", err
	}
	path = tmp.Name()
	if f, ok := in.(*os.File); ok && spooled(f.Name()) && relink(f.Name(), path) == nil {
		return path, tmp.Close() // hashed and synced by Spool, and nobody else writes to it
	}
	err = errors.Join(copyChecked(tmp, in, up), tmp.Sync(), tmp.Close())
	if err != nil {
		_ = os.Remove(path)
	}
	return path, err
}

func spooled(path string) bool {
	ok, err := filepath.Match(spoolPattern, filepath.Base(path))
	return ok && err == nil
}

// relink makes path a second name of the spooled file.
func relink(spooled, path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	err := os.Link(spooled, path)
	if err != nil { // another file system: the copy goes to a new file of that name
		return errors.Join(err, os.WriteFile(path, nil, 0o600))
	}
	return nil
}

func copyChecked(w io.Writer, r io.Reader, up core.Upload) error {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), r)
	if err != nil {
		return err
	}
	return checkCopy(up, n, h.Sum(nil))
}

func checkCopy(up core.Upload, n int64, sum []byte) error {
	if n != up.Size || hex.EncodeToString(sum) != up.SHA256 {
		return fmt.Errorf("file: the bytes of %q changed after they were spooled", up.Name)
	}
	return nil
}

func checkSum(sum string) error {
	if b, err := hex.DecodeString(sum); err != nil || len(b) != sha256.Size {
		return fmt.Errorf("file: %q is no SHA-256", sum)
	}
	return nil
}

// Open opens the file.
func (s Dir) Open(ctx context.Context, tx db.Tx, sum string) (io.ReadCloser, error) {
	if err := checkSum(sum); err != nil {
		return nil, err
	}
	f, err := os.Open(s.path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(sum)
	}
	return f, err
}

func missing(sum string) error {
	e := core.AsErr(core.NotFound())
	e.Cause = fmt.Errorf("file: the bytes %s are missing", sum)
	return e
}

// Sweep looks at one folder after another, so that no Write waits long.
func (s Dir) Sweep(ctx context.Context, d *db.DB, before time.Time) (int, error) {
	if err := sweepSpool(s.Path, before); err != nil {
		return 0, err
	}
	folders, err := filepath.Glob(filepath.Join(s.Path, "[0-9a-f][0-9a-f]"))
	total := 0
	for _, folder := range folders {
		n, err := s.sweepFolder(ctx, d, folder, before)
		if total += n; err != nil {
			return total, err
		}
	}
	return total, err
}

func (s Dir) sweepFolder(ctx context.Context, d *db.DB, folder string, before time.Time) (n int, err error) {
	var old []string
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		if untouched(filepath.Join(folder, e.Name()), before) && checkSum(e.Name()) == nil {
			old = append(old, e.Name())
		}
	}
	if err != nil || len(old) == 0 {
		return 0, err
	}
	var orphans []string
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) { orphans, err = unnamed(ctx, tx, old); return err })
	if err != nil || len(orphans) == 0 {
		return 0, err
	}
	// Again inside a Write: on SQLite nobody attaches meanwhile.
	err = d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		orphans, err := unnamed(ctx, tx, orphans)
		for _, sum := range orphans {
			if path := filepath.Join(folder, sum); untouched(path, before) && err == nil {
				err = os.Remove(path)
				n++
			}
		}
		return err
	})
	return n, err
}

func untouched(path string, before time.Time) bool {
	info, err := os.Stat(path)
	return err == nil && info.ModTime().Before(before)
}

// unnamed keeps of the sums those that no row of any project names.
func unnamed(ctx context.Context, tx db.Tx, sums []string) (out []string, err error) {
	for _, sum := range sums {
		n, err := db.Value[int](ctx, tx, namedSQL, sum)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			out = append(out, sum)
		}
	}
	return out, nil
}

// namedSQL looks across projects on purpose: contents are shared. (It selects project_id nowhere else.)
const namedSQL = "select count(*) from (select project_id from file_file where sha256 = $1 limit 1) any_project"
