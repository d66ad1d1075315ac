package testkit

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"huiyin/app"
	"huiyin/app/ops"
	"huiyin/db"
)

// firstID is what a twin's keys count on from: as long as real ones.
const firstID = 2_000_000_000_000_000_000

// Twins opens one Huiyin on each of two engines that agree in all that chance decides elsewhere: the keys of their rows,
// their master key and their clock. The same requests then give the same answers and the same rows.
func Twins(t *testing.T, a, b db.Engine) (one, other *Kit) {
	t.Helper()
	if knownHash.Load() == nil { // the first project of a process makes its users in another way
		New(t, db.SQLite)
	}
	keys := db.NewKeys()
	twin := func(c *app.Config) {
		c.Keys, c.IDs = keys, new(atomic.Int64)
		c.IDs.Store(firstID)
	}
	return open(t, a, Start, twin), open(t, b, Start, twin)
}

// Rows is the whole content of the database as a backup holds it: by table, a JSON array a row, in the order of the key;
// and the tables' columns in the order of the values.
func (k *Kit) Rows() (rows map[string][]string, columns map[string][]string) {
	k.Helper()
	var archive bytes.Buffer
	m, err := ops.Backup(k.App.Context(context.Background()), k.App.DB, k.App.Store, &archive)
	k.Must(err)
	columns = map[string][]string{}
	for _, t := range m.Tables {
		for _, c := range t.Columns {
			columns[t.Name] = append(columns[t.Name], c.Name)
		}
	}
	z, err := gzip.NewReader(&archive)
	k.Must(err)
	rows = map[string][]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows, columns
		}
		k.Must(err)
		rest, ok := strings.CutPrefix(h.Name, "rows/")
		if !ok {
			continue
		}
		table, _, _ := strings.Cut(rest, "/")
		b, err := io.ReadAll(r)
		k.Must(err)
		rows[table] = append(rows[table], strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")...)
	}
}

// LastKey is the last key that a twin has given to a row.
func (k *Kit) LastKey() int64 { return k.cfg.IDs.Load() }
