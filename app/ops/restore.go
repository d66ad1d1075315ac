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
	"hash"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
)

// Restore loads an archive that Backup wrote into a database that is migrated and empty, all or nothing. It refuses,
// in words, a database that holds anything, an archive of other migrations (take the program of the same version), one
// whose keys are not among keys, and one that is damaged or cut short. Contents of files that were stored before such
// a refusal are orphans, which the sweep removes.
func Restore(ctx context.Context, d *db.DB, store file.Store, r io.Reader, keys *db.Keys) (Manifest, error) {
	var m Manifest
	began := false
	err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		if began { // the archive cannot be read a second time
			return core.Conflict("恢复期间数据库有其他写入,请停下其他程序后重试", "Something else wrote to the database during the restore; stop it and try again")
		}
		began = true
		l := &loader{tx: tx, store: store, keys: keys, sums: map[string]*tableSum{}}
		err := l.run(ctx, r)
		m = l.m
		return err
	})
	return m, err
}

type loader struct {
	tx    db.Tx
	store file.Store
	keys  *db.Keys
	m     Manifest
	sums  map[string]*tableSum
	files int
	done  bool // the closing manifest has been read and agrees
}

// tableSum is a table while it is loaded.
type tableSum struct {
	table
	rows int64
	h    hash.Hash
}

func (l *loader) run(ctx context.Context, r io.Reader) error {
	gz, err := gzip.NewReader(r)
	if err != nil {
		return unreadable("开头", "its beginning", err)
	}
	in := tar.NewReader(gz)
	if err := l.head(ctx, in); err != nil {
		return err
	}
	undo, err := l.prepare(ctx)
	if err != nil {
		return err
	}
	for at := headName; ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return unreadable(at+" 之后", "what follows "+at, err)
		}
		if err := l.member(ctx, h, in); err != nil {
			return err
		}
		at = h.Name
	}
	if _, err := io.Copy(io.Discard, gz); err != nil || !l.done {
		return unreadable("结尾", "its end", err)
	}
	return undo(ctx)
}

func unreadable(zh, en string, cause error) error {
	return &core.Err{Kind: core.KindInvalid, Cause: cause,
		Text: core.T("备份文件已损坏或不完整:%s;没有恢复任何内容", "The archive is damaged or incomplete: %s. Nothing was restored", core.T(zh, en))}
}

// body reads a whole member, which is a piece of rows or a head, and holds it against the sum in its header.
func body(h *tar.Header, in io.Reader) ([]byte, error) {
	b, err := io.ReadAll(in)
	if err != nil {
		return nil, unreadable(h.Name, h.Name, err)
	}
	sum := sha256.Sum256(b)
	if hex.EncodeToString(sum[:]) != h.PAXRecords[sumRecord] {
		return nil, unreadable(h.Name+" 与其校验值不符", h.Name+" does not match its checksum", nil)
	}
	return b, nil
}

func (l *loader) head(ctx context.Context, in *tar.Reader) error {
	h, err := in.Next()
	if err != nil || h.Name != headName {
		return unreadable("这不是回音的备份文件", "it is no archive of Huiyin", err)
	}
	b, err := body(h, in)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &l.m); err != nil {
		return unreadable(headName, headName, err)
	}
	if err := l.checkVersion(ctx); err != nil {
		return err
	}
	if err := l.checkKeys(l.m); err != nil {
		return err
	}
	return l.checkTables(ctx)
}

func (l *loader) checkVersion(ctx context.Context) error {
	have, err := migrations(ctx, l.tx)
	if err != nil {
		return err
	}
	if l.m.Format != formatVersion {
		return core.Conflict("备份文件的格式是第 %d 版,本程序只能读第 %d 版", "The archive is of format %d, this program reads format %d", l.m.Format, formatVersion)
	}
	if more := without(l.m.Migrations, have); len(more) > 0 {
		return core.Conflict("备份来自较新的版本,多出 %s;请用该版本的程序恢复", "The archive is from a newer version, which has %s; restore it with the program of that version", strings.Join(more, ", "))
	}
	if more := without(have, l.m.Migrations); len(more) > 0 {
		return core.Conflict("备份来自较旧的版本,缺少 %s;请用旧版本的程序恢复,再升级", "The archive is from an older version, which lacks %s; restore it with the program of that version, then upgrade", strings.Join(more, ", "))
	}
	return nil
}

func without(names, taken []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(taken, n) })
}

func (l *loader) checkKeys(m Manifest) error {
	if l.keys == nil {
		l.keys = &db.Keys{}
	}
	for _, k := range m.Keys {
		if !slices.Contains(l.keys.IDs(), k.ID) {
			return core.Conflict("缺少密钥 %s:备份里的个人信息用它加密。请把原来那台机器的密钥(数据目录下的 keys,或 %s)放好再恢复",
				"Key %s is missing: personal data in the archive is sealed with it. Put the keys of the machine that made the archive (keys in its data directory, or %s) in place first", k.ID, db.KeysEnv)
		}
		if _, err := l.keys.Open(k.Sample); err != nil {
			return core.Conflict("密钥 %s 的内容不对,打不开备份里的个人信息", "Key %s is not the right one: it does not open the personal data in the archive", k.ID)
		}
	}
	if len(l.keys.IDs()) > 0 && m.Blind != l.keys.Blind("backup", "first key") {
		return core.Conflict("密钥中的第一个(%s)与备份所用的不同,证件号码将无法查找;请原样使用原来的密钥",
			"The first key (%s) is not the one of the archive, so ID numbers could not be looked up; use the original keys unchanged", l.keys.IDs()[0])
	}
	return nil
}

// checkTables makes sure that the tables are the archive's and hold nothing.
func (l *loader) checkTables(ctx context.Context) error {
	mine, err := schema(ctx, l.tx)
	if err != nil {
		return err
	}
	theirs := make([]table, len(l.m.Tables))
	for i, t := range l.m.Tables {
		theirs[i] = t.table
	}
	for _, t := range mine {
		n := slices.IndexFunc(theirs, func(o table) bool { return o.Name == t.Name && slices.Equal(o.Columns, t.Columns) })
		if n < 0 || len(mine) != len(theirs) {
			return core.Conflict("表 %s 与备份里的不同", "Table %s differs from the archive's", t.Name)
		}
		l.sums[t.Name] = &tableSum{table: t, h: sha256.New()}
	}
	seeds, err := seeded(l.tx.DB())
	if err != nil {
		return err
	}
	for _, t := range mine {
		n, err := db.Value[int64](ctx, l.tx, "select count(*) from (select 1 from "+t.Name+allProjects+" limit 1) any_row")
		if err != nil {
			return err
		}
		if n > 0 && !seeds[t.Name] {
			return core.Conflict("数据库不是空的(%s 里已有记录);请恢复到一个新的数据目录或新的数据库", "The database is not empty (%s holds records); restore into a new data directory or a new database", t.Name)
		}
	}
	return nil
}

// prepare removes what the migrations seeded, puts off the checks of foreign keys that point forward, and returns what
// puts them back. SQLite puts off all until the commit, by itself.
func (l *loader) prepare(ctx context.Context) (undo func(context.Context) error, err error) {
	undo = func(context.Context) error { return nil }
	if l.tx.Engine() == db.SQLite {
		_, err = db.Exec(ctx, l.tx, "pragma defer_foreign_keys = on")
	} else {
		undo, err = l.putOff(ctx)
	}
	if err != nil {
		return nil, err
	}
	seeds, err := seeded(l.tx.DB())
	for _, t := range slices.Backward(l.m.Tables) {
		if err == nil && seeds[t.Name] && t.Name != laneTable {
			_, err = db.Exec(ctx, l.tx, "delete from "+t.Name+allProjects)
		}
	}
	return undo, err
}

// putOff makes those foreign keys deferrable, for this transaction, whose rows may come before what they point to.
func (l *loader) putOff(ctx context.Context) (func(context.Context) error, error) {
	type key struct{ child, name, parent string }
	all, err := db.All(ctx, l.tx, func(k *key) []any { return []any{&k.child, &k.name, &k.parent} },
		`select c.relname::text, f.conname::text, p.relname::text from pg_constraint f join pg_class c on c.oid = f.conrelid
		join pg_class p on p.oid = f.confrelid join pg_namespace n on n.oid = c.relnamespace
		where f.contype = 'f' and n.nspname = current_schema() and not f.condeferrable order by 1, 2`)
	if err != nil {
		return nil, err
	}
	at := func(name string) int {
		return slices.IndexFunc(l.m.Tables, func(t Table) bool { return t.Name == name })
	}
	forward := slices.DeleteFunc(all, func(k key) bool { return at(k.parent) < at(k.child) })
	alter := func(ctx context.Context, how string) error {
		for _, k := range forward {
			_, err := db.Exec(ctx, l.tx, "alter table "+k.child+allProjects+" alter constraint "+quote(k.name)+how)
			if err != nil {
				return err
			}
		}
		return nil
	}
	undo := func(ctx context.Context) error {
		if _, err := db.Exec(ctx, l.tx, "set constraints all immediate"); err != nil {
			return err
		}
		return alter(ctx, " not deferrable")
	}
	return undo, alter(ctx, " deferrable initially deferred")
}

func (l *loader) member(ctx context.Context, h *tar.Header, in io.Reader) error {
	switch {
	case l.done || h.Typeflag != tar.TypeReg:
		return unreadable(h.Name+" 不该在这里", h.Name+" does not belong there", nil)
	case strings.HasPrefix(h.Name, rowsDir):
		return l.piece(ctx, h, in)
	case strings.HasPrefix(h.Name, filesDir):
		return l.file(ctx, h, in)
	case h.Name == manifestName:
		return l.finish(h, in)
	}
	return unreadable(h.Name+" 不该在这里", h.Name+" does not belong there", nil)
}

// maxParams is how many parameters a statement may carry on both engines.
const maxParams = 30000

// maxBatch is how many rows a statement inserts at most.
const maxBatch = 200

func (l *loader) piece(ctx context.Context, h *tar.Header, in io.Reader) error {
	b, err := body(h, in)
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(h.Name, rowsDir), "/")
	t := l.sums[name]
	if t == nil {
		return unreadable(h.Name+" 不该在这里", h.Name+" does not belong there", nil)
	}
	t.h.Write(b)
	size := min(maxBatch, maxParams/len(t.Columns))
	var batch [][]any
	for line := range bytes.Lines(b) {
		row, err := t.parseRow(line)
		if err != nil {
			return unreadable(h.Name, h.Name, err)
		}
		t.rows++
		if batch = append(batch, row); len(batch) == size {
			if err := l.insert(ctx, t.table, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return l.insert(ctx, t.table, batch)
}

func (l *loader) insert(ctx context.Context, t table, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	e := l.tx.Engine()
	args := make([]any, 0, len(rows)*len(t.Columns))
	for _, row := range rows {
		for i, c := range t.Columns {
			if c.Kind != kindWords || e == db.Postgres {
				args = append(args, row[i])
			}
		}
	}
	_, err := db.Exec(ctx, l.tx, t.insertSQL(e, len(rows)), args...)
	if broken(err) {
		return unreadable("表 "+t.Name+" 的内容互相矛盾", "the rows of table "+t.Name+" contradict one another", err)
	}
	if err != nil {
		return fmt.Errorf("ops: loading %s: %w", t.Name, err)
	}
	if t.Name == searchTable && e == db.SQLite {
		return l.index(ctx, t, rows)
	}
	return nil
}

// broken reports a broken constraint, as when what a row points to is not in the archive.
func broken(err error) bool {
	var pg *pgconn.PgError
	return db.IsDuplicate(err) || errors.As(err, &pg) && strings.HasPrefix(pg.Code, "23")
}

// index fills SQLite's full-text index, which stands beside its table.
func (l *loader) index(ctx context.Context, t table, rows [][]any) error {
	id, words := t.index("id"), t.index("words")
	var values []string
	var args []any
	for _, row := range rows {
		values = append(values, fmt.Sprintf("($%d, $%d)", len(args)+1, len(args)+2))
		args = append(args, row[id], row[words])
	}
	_, err := db.Exec(ctx, l.tx, "insert into search_fts (rowid, words) values "+strings.Join(values, ", "), args...)
	return err
}

// file stores one content. It is summed here as well, since a store that has it already does not read it.
func (l *loader) file(ctx context.Context, h *tar.Header, in io.Reader) error {
	name, sum := strings.TrimPrefix(h.Name, filesDir), sha256.New()
	body := io.TeeReader(in, sum)
	l.files++
	err := l.store.Put(ctx, l.tx, core.Upload{Name: name, Size: h.Size, SHA256: name,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(body), nil }})
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	if err != nil || hex.EncodeToString(sum.Sum(nil)) != name {
		return unreadable(h.Name, h.Name, err)
	}
	return nil
}

// finish holds what was loaded against the closing manifest.
func (l *loader) finish(h *tar.Header, in io.Reader) error {
	b, err := body(h, in)
	if err != nil {
		return err
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return unreadable(manifestName, manifestName, err)
	}
	if err := l.checkKeys(m); err != nil {
		return err
	}
	for _, t := range m.Tables {
		s := l.sums[t.Name]
		if s == nil || s.rows != t.Rows || hex.EncodeToString(s.h.Sum(nil)) != t.SHA256 {
			return unreadable("表 "+t.Name+" 的内容不全", "table "+t.Name+" is not complete", nil)
		}
	}
	if l.files != m.Files {
		return unreadable(fmt.Sprintf("应有 %d 个文件,实有 %d 个", m.Files, l.files), fmt.Sprintf("it should hold %d files and holds %d", m.Files, l.files), nil)
	}
	l.m, l.done = m, true
	return nil
}
