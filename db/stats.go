package db

import (
	"context"
	"fmt"
	"strings"
)

// steadyRows is the size that SQLite's planner is told every table has. Nearly all rows belong to one project.
const steadyRows = 1_000_000

// steady tells SQLite's planner the same shape of every index, whatever the tables hold: project_id alone selects
// nothing, each further column a hundredth. Without it the planner reads a whole project by the primary key of a table
// without rowid rather than use an index that fits, and plans would change with the data from one firm to the next.
func (d *DB) steady(ctx context.Context) error {
	if d.engine != SQLite {
		return nil
	}
	c, err := d.sql.Conn(ctx) // of the pool: the writer, which reads the schema when it first writes, comes after
	if err != nil {
		return err
	}
	defer func() { // connections that stand idle know the old shape: new ones take their place
		_ = c.Close()
		d.sql.SetMaxIdleConns(0)
		d.sql.SetMaxIdleConns(2)
	}()
	for _, q := range []string{"pragma analysis_limit = 1", "analyze", "delete from sqlite_stat1"} {
		if _, err := c.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	rows, err := c.QueryContext(ctx, `select m.name, case when i.origin = 'pk' and m.sql like '%without rowid' then m.name else i.name end, i."unique", i.partial,
		(select count(*) from pragma_index_info(i.name)) from sqlite_master m, pragma_index_list(m.name) i where m.type = 'table' and m.name not like 'sqlite_%'`)
	if err != nil {
		return err
	}
	defer rows.Close()
	stats := [][]any{}
	for rows.Next() {
		var table, index string
		var unique, partial bool
		var columns int
		if err := rows.Scan(&table, &index, &unique, &partial, &columns); err != nil {
			return err
		}
		stats = append(stats, []any{table, index, shape(columns, unique, partial)})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, s := range stats {
		if _, err := c.ExecContext(ctx, "insert into sqlite_stat1 (tbl, idx, stat) values ($1, $2, $3)", s...); err != nil {
			return err
		}
	}
	return nil
}

// learnShape lets the writer, which may have read the schema before the migration, read it anew.
func (d *DB) learnShape(ctx context.Context) error {
	if d.engine != SQLite {
		return nil
	}
	_, err := d.file.conn.c.ExecContext(ctx, "analyze sqlite_schema")
	return err
}

// shape writes sqlite_stat1's numbers: the rows, then how many share the first column, the first two, and so on.
// A partial index is of what is open: one row in a hundred.
func shape(columns int, unique, partial bool) string {
	var b strings.Builder
	rows := steadyRows
	if partial {
		rows /= 100
	}
	fmt.Fprint(&b, rows)
	for i, n := 0, rows; i < columns; i++ {
		if i > 0 {
			n = max(n/100, 2)
		}
		if unique && i == columns-1 {
			n = 1
		}
		fmt.Fprintf(&b, " %d", n)
	}
	return b.String()
}
