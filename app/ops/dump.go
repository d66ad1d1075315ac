package ops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"

	"huiyin/db"
)

// dumper reads the tables of one snapshot row by row, in the form that the archive keeps.
type dumper struct {
	tx     db.Tx
	tables []table
	words  *wordBook         // SQLite with a search index
	twins  map[int64]bool    // running jobs whose key already waits again
	keys   map[string]string // master key → one value sealed with it
}

func newDumper(ctx context.Context, tx db.Tx) (*dumper, error) {
	d := &dumper{tx: tx, keys: map[string]string{}}
	var err error
	if d.tables, err = schema(ctx, tx); err != nil {
		return nil, err
	}
	if d.has(jobTable) {
		if d.twins, err = twins(ctx, tx); err != nil {
			return nil, err
		}
	}
	if d.has(searchTable) && tx.Engine() == db.SQLite {
		d.words, err = openWords(ctx, tx)
	}
	return d, err
}

func (d *dumper) close() { d.words.close() }

func (d *dumper) has(name string) bool {
	for _, t := range d.tables {
		if t.Name == name {
			return true
		}
	}
	return false
}

// twins finds the running jobs that cannot go back to waiting, because another of their key waits and will do the work.
func twins(ctx context.Context, tx db.Tx) (map[int64]bool, error) {
	ids, err := db.Values[int64](ctx, tx, `select r.id from job_job r where r.state = 'running' and exists (select 1 from job_job w
		where w.kind = r.kind and w.unique_key = r.unique_key and (w.state = 'waiting' or w.state = 'running' and w.id < r.id))`)
	out := map[int64]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out, err
}

// each calls fn with every row of the table as a line. The line is good until fn returns.
func (d *dumper) each(ctx context.Context, t table, fn func(line []byte) error) error {
	var line []byte
	rank := 0
	dest := func(row *[]any) []any {
		*row = make([]any, len(t.Columns))
		out := make([]any, len(t.Columns))
		for i := range out {
			out[i] = &(*row)[i]
		}
		return out
	}
	return db.Each(ctx, d.tx, dest, func(row *[]any) error {
		if err := d.adjust(t, *row, rank); err != nil {
			return err
		}
		rank++
		var err error
		if line, err = t.appendRow(line[:0], *row); err != nil {
			return err
		}
		return fn(line)
	}, t.selectSQL(d.tx.Engine()))
}

// adjust turns a row of the running system into one at rest: nobody holds a job, and a document has its words.
func (d *dumper) adjust(t table, row []any, rank int) (err error) {
	switch t.Name {
	case jobTable:
		d.rest(t, row)
	case searchTable:
		if d.words != nil {
			row[t.index("words")], err = d.words.of(rank)
		}
	}
	d.noteKeys(t, row)
	return err
}

func (d *dumper) rest(t table, row []any) {
	if row[t.index("state")] != "running" {
		return
	}
	row[t.index("claim")] = nil
	row[t.index("state")] = "waiting"
	if id, _ := row[t.index("id")].(int64); d.twins[id] {
		row[t.index("state")] = "done"
		row[t.index("ended_at")] = row[t.index("due_at")]
	}
}

// sealedText is what db.Keys.Seal writes: the key's name, a full stop, nonce and ciphertext.
var sealedText = regexp.MustCompile(`^(k[0-9a-f]{8})\.[A-Za-z0-9_-]{38,}$`)

// noteKeys remembers one value for each master key that sealed any. What merely looks sealed does not open.
func (d *dumper) noteKeys(t table, row []any) {
	for i, c := range t.Columns {
		s, ok := row[i].(string)
		if !ok || c.Kind != kindText || len(s) < 48 || s[0] != 'k' {
			continue
		}
		m := sealedText.FindStringSubmatch(s)
		if m == nil || d.keys[m[1]] != "" {
			continue
		}
		if _, err := db.Unseal(d.tx, s); err == nil || t.Name == "db_subject_key" {
			d.keys[m[1]] = s
		}
	}
}

// Digest is the SHA-256 of every table's content, equal for equal content on both engines: how a restored database is
// held against the one it came from. Leases and the state of running jobs are not content.
func Digest(ctx context.Context, d *db.DB) (map[string]string, error) {
	out := map[string]string{}
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		dump, err := newDumper(ctx, tx)
		if err != nil {
			return err
		}
		defer dump.close()
		for _, t := range dump.tables {
			h := sha256.New()
			err := dump.each(ctx, t, func(line []byte) error { h.Write(line); return nil })
			if err != nil {
				return err
			}
			out[t.Name] = hex.EncodeToString(h.Sum(nil))
		}
		return nil
	})
	return out, err
}
