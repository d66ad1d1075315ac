// Package ops keeps the whole of a database: back it up and restore it into either engine, verify it, rotate its keys.
//
// A backup is one gzipped tar archive, written and read in one pass, whatever its size:
//
//	head.json            engine, time, migrations, tables with their columns, keys: what decides whether it can be restored
//	rows/TABLE/N.jsonl   the rows of one snapshot by primary key, one JSON array a line, in pieces of about a megabyte
//	files/SHA256         the contents that the rows of that snapshot name
//	manifest.json        the same head with the rows, sums and files counted: an archive without it is cut short
//
// Every member carries its own SHA-256 in its header, so that damage is found before anything of it is loaded. Master
// keys are never part of it; it names those that it needs. Restoring into the other engine is the way from SQLite to
// PostgreSQL and back.
package ops

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
)

// formatVersion is raised when older programs could no longer read the archive.
const formatVersion = 1

// Manifest says what an archive holds.
type Manifest struct {
	Format     int       `json:"format"`
	Engine     db.Engine `json:"engine"` // that it was taken from
	At         time.Time `json:"at"`     // real time, UTC
	Migrations []string  `json:"migrations"`
	Tables     []Table   `json:"tables"`
	Keys       []Key     `json:"keys"`  // the master keys that sealed anything in it
	Blind      string    `json:"blind"` // fingerprint of the first key, which made the blind indexes
	Members    []Member  `json:"members,omitempty"`
	Files      int       `json:"files"`
	FileBytes  int64     `json:"file_bytes"`
	Missing    []string  `json:"missing,omitempty"` // contents that were lost or damaged already when it was taken
}

// Table is one table of an archive.
type Table struct {
	table
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"` // of all its lines; see Digest
}

// Key names a master key, with one value that it sealed: only the right key opens it.
type Key struct {
	ID     string `json:"id"`
	Sample string `json:"sample"`
}

// Member is one piece of rows with its checksum. Files are named by theirs.
type Member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Rows counts all rows.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// Print says in a few lines what the archive holds and what it needs.
func (m Manifest) Print(w io.Writer, lang core.Lang) error {
	texts := []core.Text{core.T("备份时间 %s,来自 %s:%d 张表 %d 行,%d 个文件(%d 字节)", "Backup of %s from %s: %d tables with %d rows, %d files (%d bytes)",
		m.At.Format(time.RFC3339), m.Engine, len(m.Tables), m.Rows(), m.Files, m.FileBytes)}
	for _, k := range m.Keys {
		texts = append(texts, core.T("恢复时需要密钥 %s(不在备份里)", "Restoring it needs key %s, which is not in it", k.ID))
	}
	for _, sum := range m.Missing {
		texts = append(texts, core.T("文件 %s 的内容已丢失或损坏,未能备份", "The content of file %s is lost or damaged and could not be backed up", sum))
	}
	return printTexts(w, lang, texts)
}

func printTexts(w io.Writer, lang core.Lang, texts []core.Text) error {
	for _, t := range texts {
		if _, err := fmt.Fprintln(w, t.In(lang)); err != nil {
			return err
		}
	}
	return nil
}

const (
	headName     = "head.json"
	manifestName = "manifest.json"
	rowsDir      = "rows/"
	filesDir     = "files/"
	sumRecord    = "HUIYIN.sha256" // in the header of every member
	pieceSize    = 1 << 20         // bytes of rows that are held before they are written
)

// Backup writes one snapshot of the database, and the files that it names, to w. Others go on writing meanwhile.
// It holds one Read open for as long as w takes: write to a file, not to a slow client.
func Backup(ctx context.Context, d *db.DB, store file.Store, w io.Writer) (Manifest, error) {
	var m Manifest
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		dump, err := newDumper(ctx, tx)
		if err != nil {
			return err
		}
		defer dump.close()
		b := &backup{archive: newArchive(w), dumper: dump, store: store}
		if err := b.run(ctx); err != nil {
			return err
		}
		m = b.m
		return b.archive.close()
	})
	return m, err
}

type backup struct {
	*dumper
	*archive
	store file.Store
	m     Manifest
}

func (b *backup) run(ctx context.Context) error {
	if err := b.head(ctx); err != nil {
		return err
	}
	for i, t := range b.tables {
		if err := b.rows(ctx, t, &b.m.Tables[i]); err != nil {
			return err
		}
	}
	if err := b.files(ctx); err != nil {
		return err
	}
	b.m.Keys, b.m.Members = keyList(b.keys), b.members
	return b.putJSON(manifestName, b.m)
}

func (b *backup) head(ctx context.Context) (err error) {
	b.m = Manifest{Format: formatVersion, Engine: b.tx.Engine(), At: time.Now().UTC(), Blind: db.Blind(b.tx, "backup", "first key")}
	if b.m.Migrations, err = migrations(ctx, b.tx); err != nil {
		return err
	}
	for _, t := range b.tables {
		b.m.Tables = append(b.m.Tables, Table{table: t})
		if t.Name == "db_subject_key" { // names nearly every key at once, so that restore need not go on to learn that it lacks one
			if err := b.each(ctx, t, func([]byte) error { return nil }); err != nil {
				return err
			}
		}
	}
	b.m.Keys = keyList(b.keys)
	return b.putJSON(headName, b.m)
}

func keyList(keys map[string]string) []Key {
	out := []Key{}
	for id, sample := range keys {
		out = append(out, Key{id, sample})
	}
	slices.SortFunc(out, func(a, b Key) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	return out
}

func (b *backup) rows(ctx context.Context, t table, sum *Table) error {
	h, piece, n := sha256.New(), make([]byte, 0, pieceSize+pieceSize/4), 0
	flush := func() error {
		n++
		h.Write(piece)
		err := b.putPiece(fmt.Sprintf("%s%s/%06d.jsonl", rowsDir, t.Name, n), piece)
		piece = piece[:0]
		return err
	}
	err := b.each(ctx, t, func(line []byte) error {
		sum.Rows++
		if piece = append(piece, line...); len(piece) < pieceSize {
			return nil
		}
		return flush()
	})
	if err == nil && len(piece) > 0 {
		err = flush()
	}
	sum.SHA256 = hex.EncodeToString(h.Sum(nil))
	return err
}

// content is what the rows say about the bytes of a file.
type content struct {
	sum  string
	size int64
}

// contentPage is how many contents are listed at a time.
const contentPage = 1000

// eachContent calls fn for every content that a row of any project names, in the order of the sums.
func eachContent(ctx context.Context, tx db.Tx, fn func(content) error) error {
	for after := ""; ; {
		page, err := db.All(ctx, tx, func(c *content) []any { return []any{&c.sum, &c.size} },
			"select sha256, max(size) from file_file"+allProjects+" where sha256 > $1 group by sha256 order by sha256 limit $2", after, contentPage)
		if err != nil {
			return err
		}
		for _, c := range page {
			if err := fn(c); err != nil {
				return err
			}
			after = c.sum
		}
		if len(page) < contentPage {
			return nil
		}
	}
}

func (b *backup) files(ctx context.Context) error {
	if !b.has(fileTable) {
		return nil
	}
	return eachContent(ctx, b.tx, func(c content) error {
		damage, err := damaged(ctx, b.tx, b.store, c)
		if err != nil {
			return err
		}
		if damage != "" {
			b.m.Missing = append(b.m.Missing, c.sum)
			return nil
		}
		b.m.Files++
		b.m.FileBytes += c.size
		return b.putFile(ctx, b.tx, b.store, c)
	})
}

// damaged reads a content through and says what is wrong with it: "lost", "changed", or nothing. Only what is whole can
// be written, since an archive tells a member's size before its bytes.
func damaged(ctx context.Context, tx db.Tx, store file.Store, c content) (string, error) {
	in, err := store.Open(ctx, tx, c.sum)
	if core.IsKind(err, core.KindNotFound) {
		return "lost", nil
	}
	if err != nil {
		return "", err
	}
	defer in.Close() //nolint:errcheck // only read
	h := sha256.New()
	n, err := io.Copy(h, in)
	if err != nil {
		return "", err
	}
	if n != c.size || hex.EncodeToString(h.Sum(nil)) != c.sum {
		return "changed", nil
	}
	return "", nil
}

// archive writes members one after another.
type archive struct {
	gz      *gzip.Writer
	tar     *tar.Writer
	members []Member
}

func newArchive(w io.Writer) *archive {
	gz, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	return &archive{gz: gz, tar: tar.NewWriter(gz)}
}

func (a *archive) close() error { return errors.Join(a.tar.Close(), a.gz.Close()) }

func (a *archive) header(name string, size int64, sum string) error {
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Format: tar.FormatPAX, Name: name, Size: size, Mode: 0o600,
		PAXRecords: map[string]string{sumRecord: sum}})
}

func (a *archive) put(name string, body []byte) (sum string, err error) {
	s := sha256.Sum256(body)
	sum = hex.EncodeToString(s[:])
	if err := a.header(name, int64(len(body)), sum); err != nil {
		return "", err
	}
	_, err = a.tar.Write(body)
	return sum, err
}

func (a *archive) putPiece(name string, body []byte) error {
	sum, err := a.put(name, body)
	a.members = append(a.members, Member{name, int64(len(body)), sum})
	return err
}

func (a *archive) putJSON(name string, v any) error {
	body, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	_, err = a.put(name, append(body, '\n'))
	return err
}

func (a *archive) putFile(ctx context.Context, tx db.Tx, store file.Store, c content) error {
	if err := a.header(filesDir+c.sum, c.size, c.sum); err != nil {
		return err
	}
	in, err := store.Open(ctx, tx, c.sum)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	_, err = io.Copy(a.tar, in)
	return err
}
