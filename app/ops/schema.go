package ops

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"huiyin/db"
)

// The kinds of column that both engines share. Whatever else a migration declares is refused by name, so that no value
// is ever carried over by guess.
const (
	kindInt   = "int"
	kindText  = "text"
	kindBool  = "bool"
	kindBytes = "bytes"
	kindReal  = "real"
	kindWords = "words" // the words of the search index: made of FTS5 on SQLite, of a tsvector on PostgreSQL
)

// column is one column of a table.
type column struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// table is a table as the archive keeps it: columns by name, whatever order a migration added them in.
type table struct {
	Name    string   `json:"name"`
	Columns []column `json:"columns"`
	key     []string // the primary key, or every column where there is none
	parents []string // the tables that its foreign keys point to
}

// left reports the tables that are no content: what goose and the leases write, and the bytes of files, which the
// archive holds as files of their own.
func left(name string) bool {
	switch name {
	case "goose_db_version", "goose_lock", "db_node", "file_blob", "file_chunk":
		return true
	}
	return false
}

// schema lists the tables in an order in which each comes after those that it points to, as far as there is one.
func schema(ctx context.Context, tx db.Tx) ([]table, error) {
	names, err := tx.DB().Tables(ctx)
	if err != nil {
		return nil, err
	}
	var out []table
	for _, name := range names {
		if left(name) {
			continue
		}
		t, err := describe(ctx, tx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return parentsFirst(out), nil
}

func describe(ctx context.Context, tx db.Tx, name string) (table, error) {
	t := table{Name: name}
	type described struct {
		name, kind string
		key        int
	}
	columnsSQL, parentsSQL := sqliteColumns, sqliteParents
	if tx.Engine() == db.Postgres {
		columnsSQL, parentsSQL = postgresColumns, postgresParents
	}
	found, err := db.All(ctx, tx, func(c *described) []any { return []any{&c.name, &c.kind, &c.key} }, columnsSQL, name)
	if err != nil {
		return t, err
	}
	slices.SortFunc(found, func(a, b described) int { return cmp.Compare(a.key, b.key) })
	for _, c := range found {
		kind, err := kindOf(name, c.name, c.kind)
		if err != nil {
			return t, err
		}
		t.Columns = append(t.Columns, column{c.name, kind})
		if c.key > 0 {
			t.key = append(t.key, c.name)
		}
	}
	if name == searchTable && tx.Engine() == db.SQLite {
		t.Columns = append(t.Columns, column{"words", kindWords})
	}
	slices.SortFunc(t.Columns, func(a, b column) int { return cmp.Compare(a.Name, b.Name) })
	if len(t.key) == 0 {
		t.key = t.names()
	}
	t.parents, err = db.Values[string](ctx, tx, parentsSQL, name)
	return t, err
}

const (
	sqliteColumns = `select name, lower(type), pk from pragma_table_info($1)`
	sqliteParents = `select distinct "table" from pragma_foreign_key_list($1) order by 1`
	// The key's columns carry their position in it, the others 0, as SQLite tells it.
	postgresColumns = `select a.attname::text, format_type(a.atttypid, null), coalesce(array_position(i.indkey::smallint[], a.attnum) + 1, 0)::bigint
		from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
		left join pg_index i on i.indrelid = c.oid and i.indisprimary
		where n.nspname = current_schema() and c.relname = $1 and a.attnum > 0 and not a.attisdropped`
	postgresParents = `select distinct p.relname::text from pg_constraint f join pg_class c on c.oid = f.conrelid
		join pg_namespace n on n.oid = c.relnamespace join pg_class p on p.oid = f.confrelid
		where f.contype = 'f' and n.nspname = current_schema() and c.relname = $1 order by 1`
)

func kindOf(table, column, declared string) (string, error) {
	switch declared {
	case "bigint", "integer", "int", "smallint":
		return kindInt, nil
	case "text", "character varying":
		return kindText, nil
	case "boolean":
		return kindBool, nil
	case "blob", "bytea":
		return kindBytes, nil
	case "real", "double precision":
		return kindReal, nil
	case "tsvector":
		return kindWords, nil
	}
	return "", fmt.Errorf("ops: column %s.%s is of type %q, which the archive does not know", table, column, declared)
}

// parentsFirst sorts by foreign keys, and among equals by name. What points in a circle comes last.
func parentsFirst(tables []table) []table {
	out, placed := make([]table, 0, len(tables)), map[string]bool{}
	known := map[string]bool{}
	for _, t := range tables {
		known[t.Name] = true
	}
	ready := func(t table) bool {
		return !slices.ContainsFunc(t.parents, func(p string) bool { return p != t.Name && known[p] && !placed[p] })
	}
	for len(out) < len(tables) {
		n := slices.IndexFunc(tables, func(t table) bool { return !placed[t.Name] && ready(t) })
		if n < 0 {
			n = slices.IndexFunc(tables, func(t table) bool { return !placed[t.Name] })
		}
		out, placed[tables[n].Name] = append(out, tables[n]), true
	}
	return out
}

func (t table) names() []string {
	out := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = c.Name
	}
	return out
}

func (t table) kind(name string) string {
	for _, c := range t.Columns {
		if c.Name == name {
			return c.Kind
		}
	}
	return ""
}

func (t table) index(name string) int {
	return slices.IndexFunc(t.Columns, func(c column) bool { return c.Name == name })
}

// selectSQL reads every row in the order of the key. Text keys sort by their bytes, as SQLite sorts them.
func (t table) selectSQL(e db.Engine) string {
	cols, order := make([]string, len(t.Columns)), make([]string, len(t.key))
	for i, c := range t.Columns {
		cols[i] = quote(c.Name)
		switch {
		case c.Kind == kindWords && e == db.SQLite:
			cols[i] = "''"
		case c.Kind == kindWords:
			cols[i] = "array_to_string(tsvector_to_array(" + quote(c.Name) + "), ' ')"
		}
	}
	for i, k := range t.key {
		order[i] = quote(k)
		if e == db.Postgres && t.kind(k) == kindText {
			order[i] += ` collate "C"`
		}
	}
	where := ""
	if t.Name == laneTable { // a lane that was never used is no content: the engines differ in how many they have
		where = " where seq > 0"
	}
	return "select " + strings.Join(cols, ", ") + " from " + t.Name + allProjects + where + " order by " + strings.Join(order, ", ")
}

// allProjects tells the guard of db that a statement goes over all projects on purpose.
const allProjects = " /* project_id: all */"

func quote(name string) string { return `"` + name + `"` }

// insertSQL writes n rows at once.
func (t table) insertSQL(e db.Engine, n int) string {
	var b strings.Builder
	cols := t.stored(e)
	b.WriteString("insert into " + t.Name + allProjects + " (")
	for i, c := range cols {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(c.Name))
	}
	b.WriteString(") values ")
	param := 0
	for row := range n {
		if row > 0 {
			b.WriteString(", ")
		}
		for i, c := range cols {
			param++
			b.WriteString([]string{"(", ", "}[min(i, 1)])
			if c.Kind == kindWords {
				fmt.Fprintf(&b, "array_to_tsvector(string_to_array($%d, ' '))", param)
			} else {
				fmt.Fprintf(&b, "$%d", param)
			}
		}
		b.WriteByte(')')
	}
	if t.Name == laneTable {
		b.WriteString(" on conflict (lane) do update set seq = excluded.seq, hash = excluded.hash")
	}
	return b.String()
}

// stored are the columns that exist on this engine.
func (t table) stored(e db.Engine) []column {
	if e == db.Postgres {
		return t.Columns
	}
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c column) bool { return c.Kind == kindWords })
}

const (
	laneTable   = "journal_lane"
	searchTable = "search_doc"
	jobTable    = "job_job"
	fileTable   = "file_file"
)

// migrations lists the files that have been applied, by name.
func migrations(ctx context.Context, tx db.Tx) ([]string, error) {
	files, err := tx.DB().MigrationFiles()
	if err != nil {
		return nil, err
	}
	versions, err := db.Values[int64](ctx, tx, "select distinct version_id from goose_db_version where version_id > 0 order by version_id")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	byVersion := map[string]string{}
	for _, name := range names {
		version, _, _ := strings.Cut(name, "_")
		byVersion[version] = name
	}
	out := make([]string, len(versions))
	for i, v := range versions {
		out[i] = cmp.Or(byVersion[fmt.Sprint(v)], fmt.Sprint(v))
	}
	slices.Sort(out)
	return out, nil
}

var insertInto = regexp.MustCompile(`(?im)^\s*insert\s+into\s+([a-z_][a-z0-9_]*)`)

// seeded are the tables into which the migrations themselves put rows: a fresh database has those already.
func seeded(d *db.DB) (map[string]bool, error) {
	files, err := d.MigrationFiles()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.sql")
	out := map[string]bool{}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		for _, m := range insertInto.FindAllStringSubmatch(string(b), -1) {
			out[strings.ToLower(m[1])] = true
		}
	}
	return out, err
}
