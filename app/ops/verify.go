package ops

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/journal"
)

// Report is the outcome of Verify.
type Report struct {
	Journal  journal.Report
	Files    int64 // contents that were read through
	Findings []core.Text
}

// OK reports whether nothing was found.
func (r Report) OK() bool { return len(r.Findings) == 0 }

// Print says what was looked at and every finding, one a line. Findings make it return KindConflict.
func (r Report) Print(w io.Writer, lang core.Lang) error {
	texts := append([]core.Text{core.T("检查了 %d 条日志、%d 个文件、数据库结构和引用", "Checked %d journal entries, %d files, the database's structure and its references", r.Journal.Entries, r.Files)}, r.Findings...)
	if r.OK() {
		texts = append(texts, core.T("没有发现问题", "Nothing is wrong"))
	}
	if err := printTexts(w, lang, texts); err != nil || r.OK() {
		return err
	}
	return core.Conflict("发现 %d 处问题", "%d things are wrong", len(r.Findings))
}

// Verify looks at one snapshot: the hash chains of the journal and that each record's last change is in it, every
// file's bytes against their SHA-256, the engine's own structure, and every foreign key. A check that breaks off, as on
// a damaged page, is a finding and does not stop the others.
func Verify(ctx context.Context, d *db.DB, store file.Store, tables []journal.Table) (Report, error) {
	var rep Report
	checks := []struct {
		name core.Text
		run  func(context.Context, db.Tx) error
	}{
		{core.T("数据库结构", "database structure"), rep.structure},
		{core.T("日志", "journal"), func(ctx context.Context, tx db.Tx) error { return rep.journal(ctx, tx, tables) }},
		{core.T("引用", "references"), rep.references},
		{core.T("文件", "files"), func(ctx context.Context, tx db.Tx) error { return rep.contents(ctx, tx, store) }},
	}
	for _, c := range checks {
		err := d.Read(ctx, c.run)
		if ctx.Err() != nil {
			return rep, ctx.Err()
		}
		if err != nil {
			rep.add("检查“%s”中断:%v", "The check of the %s broke off: %v", c.name, err)
		}
	}
	return rep, nil
}

func (r *Report) add(zh, en string, args ...any) {
	r.Findings = append(r.Findings, core.T(zh, en, args...))
}

func (r *Report) structure(ctx context.Context, tx db.Tx) error {
	if tx.Engine() == db.Postgres {
		return nil // PostgreSQL checks its pages as it reads them; what follows reads them
	}
	lines, err := db.Values[string](ctx, tx, "pragma integrity_check")
	for _, line := range lines {
		if line != "ok" {
			r.add("数据库文件损坏:%s", "The database file is damaged: %s", line)
		}
	}
	return err
}

func (r *Report) journal(ctx context.Context, tx db.Tx, tables []journal.Table) (err error) {
	r.Journal, err = journal.Verify(ctx, tx, tables)
	for _, f := range r.Journal.Findings {
		if f.Seq > 0 {
			r.add("日志第 %d 链第 %d 条:%s", "Journal lane %d, entry %d: %s", f.Lane, f.Seq, f.Text)
		} else {
			r.add("日志:%s", "Journal: %s", f.Text)
		}
	}
	return err
}

func (r *Report) references(ctx context.Context, tx db.Tx) error {
	count := r.danglingSQLite
	if tx.Engine() == db.Postgres {
		count = r.danglingPostgres
	}
	return count(ctx, tx)
}

type dangling struct {
	child, parent string
	rows          int64
}

func (r *Report) dangles(found []dangling, err error) error {
	for _, f := range found {
		if f.rows > 0 {
			r.add("%s 有 %d 行指向 %s 中不存在的记录", "%s: %d rows point to records that %s does not hold", f.child, f.rows, f.parent)
		}
	}
	return err
}

func (r *Report) danglingSQLite(ctx context.Context, tx db.Tx) error {
	return r.dangles(db.All(ctx, tx, func(f *dangling) []any { return []any{&f.child, &f.parent, &f.rows} },
		`select "table", parent, count(*) from pragma_foreign_key_check() group by 1, 2 order by 1, 2`))
}

// reference is one foreign key of PostgreSQL, with its columns as pairs in order.
type reference struct{ child, parent, from, to string }

func (r *Report) danglingPostgres(ctx context.Context, tx db.Tx) error {
	refs, err := db.All(ctx, tx, func(f *reference) []any { return []any{&f.child, &f.parent, &f.from, &f.to} },
		`select c.relname::text, p.relname::text,
		(select string_agg(quote_ident(a.attname), ',' order by k.n) from unnest(f.conkey) with ordinality k (num, n)
			join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.num),
		(select string_agg(quote_ident(a.attname), ',' order by k.n) from unnest(f.confkey) with ordinality k (num, n)
			join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.num)
		from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_class p on p.oid = f.confrelid
		join pg_namespace n on n.oid = c.relnamespace where f.contype = 'f' and n.nspname = current_schema() order by 1, 2`)
	if err != nil {
		return err
	}
	for _, f := range refs {
		n, err := db.Value[int64](ctx, tx, f.countSQL())
		if err := r.dangles([]dangling{{f.child, f.parent, n}}, err); err != nil {
			return err
		}
	}
	return nil
}

// countSQL counts the rows without their parent. A reference with an empty column points nowhere and is none.
func (f reference) countSQL() string {
	var given, same []string
	to := strings.Split(f.to, ",")
	for i, col := range strings.Split(f.from, ",") {
		given = append(given, "c."+col+" is not null")
		same = append(same, "p."+to[i]+" = c."+col)
	}
	return fmt.Sprintf("select count(*) from %s c%s where %s and not exists (select 1 from %s p where %s)",
		f.child, allProjects, strings.Join(given, " and "), f.parent, strings.Join(same, " and "))
}

func (r *Report) contents(ctx context.Context, tx db.Tx, store file.Store) error {
	names, err := tx.DB().Tables(ctx)
	if err != nil || !slices.Contains(names, fileTable) {
		return err
	}
	return eachContent(ctx, tx, func(c content) error {
		r.Files++
		damage, err := damaged(ctx, tx, store, c)
		switch damage {
		case "lost":
			r.add("文件 %s 的内容不见了", "The content of file %s is gone", c.sum)
		case "changed":
			r.add("文件 %s 的内容与其校验值不符", "The content of file %s does not match its checksum", c.sum)
		}
		return err
	})
}
