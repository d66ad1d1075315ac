package db

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

var words = regexp.MustCompile(`[a-z_][a-z0-9_]*`)

// known is what was found out about a statement's text: why it is refused, or which tables it writes to.
type known struct {
	err    error
	writes []string
}

// check refuses a statement on a business table that does not name project_id: whoever forgets the scope learns it
// in the first test, not from another project's data. Each text is looked at once.
func (t *Transaction) check(query string) error {
	if t.expired = t.expired || !t.until.IsZero() && time.Now().After(t.until); t.expired {
		return errAlone
	}
	k := t.db.look(query)
	if k.err == nil && len(k.writes) > 0 {
		t.wrote(k.writes)
	}
	return k.err
}

func (d *DB) look(query string) known {
	if v, ok := d.guarded.Load(query); ok {
		return v.(known)
	}
	k := known{writes: written(query)}
	if d.tables == nil { // before Start: migrations, leases
		return k
	}
	k.err = d.scoped(query)
	d.guarded.Store(query, k)
	return k
}

var changes = regexp.MustCompile(`\b(?:insert\s+into|update|delete\s+from)\s+([a-z_][a-z0-9_]*)`)

// written lists the tables that a statement writes to; "do update set" names a table "set", which does no harm.
func written(query string) (tables []string) {
	for _, m := range changes.FindAllStringSubmatch(strings.ToLower(query), -1) {
		tables = append(tables, m[1])
	}
	return tables
}

func (d *DB) scoped(query string) error {
	lower := strings.ToLower(query)
	if strings.Contains(lower, "project_id") {
		return nil
	}
	for _, w := range words.FindAllString(lower, -1) {
		if d.tables[w] {
			return fmt.Errorf("db: the statement on %s does not name project_id: %s", w, query)
		}
	}
	return nil
}

// learnTables finds the business tables: those with a project_id.
func (d *DB) learnTables(ctx context.Context) error {
	names, err := d.tableNames(ctx, true)
	if err != nil {
		return err
	}
	tables := map[string]bool{}
	for _, n := range names {
		tables[n] = true
	}
	d.tables = tables
	return nil
}

// Tables lists the tables of the schema, in the order of their names.
func (d *DB) Tables(ctx context.Context) ([]string, error) { return d.tableNames(ctx, false) }

func (d *DB) tableNames(ctx context.Context, scopedOnly bool) (names []string, err error) {
	query := `select name from sqlite_master m where type = 'table' and name not like 'sqlite_%' and name not like 'search_fts%'
		and ($1 = 0 or exists (select 1 from pragma_table_info(m.name) where name = 'project_id')) order by name`
	if d.engine == Postgres {
		query = `select table_name::text from information_schema.tables t where table_schema = current_schema() and table_type = 'BASE TABLE'
			and ($1::int = 0 or exists (select 1 from information_schema.columns c where c.table_schema = t.table_schema
			and c.table_name = t.table_name and c.column_name = 'project_id')) order by table_name`
	}
	only := 0
	if scopedOnly {
		only = 1
	}
	rows, err := d.sql.QueryContext(ctx, query, only)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, rows.Err()
}

// Columns lists a table's columns in the order of their names, for the test that compares the engines.
func (d *DB) Columns(ctx context.Context, table string) (names []string, err error) {
	query := "select name from pragma_table_info($1) order by name"
	if d.engine == Postgres {
		query = "select column_name::text from information_schema.columns where table_schema = current_schema() and table_name = $1 order by column_name"
	}
	rows, err := d.sql.QueryContext(ctx, query, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, rows.Err()
}
