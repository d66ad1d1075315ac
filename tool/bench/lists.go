package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
	"huiyin/register"
	"huiyin/seed"
)

// The lists of all registers but those that the pages ask for: the demo's building, whose records the modules' own verbs
// made, with each register's table multiplied until it holds as many rows as the large database has repairs.

// listed is one register's list at that size.
type listed struct {
	name string
	rows int64
	rate
}

// copySpan is how far back the copies' times reach.
const copySpan = 2 * 365 * 24 * time.Hour

func (b *bench) lists(f *figures) error {
	dir, at, err := b.fresh("lists")
	if err != nil {
		return err
	}
	s, err := b.at(dir, at)
	if err != nil {
		return err
	}
	logins, err := seed.Demo(s.ctx, s.app)
	if err == nil {
		err = s.firstProject()
	}
	var gs []register.Any
	if err == nil {
		gs, err = s.multiply(b.repairs, b.only)
	}
	if err == nil {
		err = s.listen()
	}
	if err != nil {
		return errors.Join(err, s.app.Close())
	}
	return errors.Join(b.askLists(s, logins, gs, f), s.close())
}

// firstProject is the demo's building.
func (s *site) firstProject() error {
	return s.app.DB.Read(s.ctx, func(ctx context.Context, tx db.Tx) error {
		ps, err := project.List(ctx, tx)
		if err == nil {
			s.project = ps[0]
		}
		return err
	})
}

// multiply brings the table of each register whose name contains only to so many rows, and gives back the registers whose
// tables took them.
func (s *site) multiply(rows int, only string) ([]register.Any, error) {
	var out []register.Any
	done := []string{"customer_customer", "repair_order", "desk_matter", // the large database has these
		"desk_inbox", "report_schedule", "survey_form", "desk_script"} // settings, of which an office keeps a handful
	for _, m := range s.app.Lists.Modules {
		for _, g := range m.Registers {
			k := g.KindOf()
			if k.Table == "" || k.Firm || slices.Contains(done, k.Table) || !strings.Contains(k.Name, only) {
				continue
			}
			done = append(done, k.Table)
			start := time.Now()
			n, err := s.multiplyTable(k.Table, rows)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k.Table, err)
			}
			fmt.Fprintf(os.Stderr, "   %-24s %d rows, %v\n", k.Table, n, time.Since(start).Round(time.Second))
			out = append(out, g)
		}
	}
	if s.app.DB.Engine() == db.Postgres {
		return out, s.exec("analyze")
	}
	return out, nil
}

// multiplyTable copies what the table holds of the project as often as it takes; what a table may hold only once, such as
// the report of a month, is left out.
func (s *site) multiplyTable(table string, rows int) (n int64, err error) {
	count := "select count(*) from " + table + " where project_id = $1"
	if n, err = s.value(count, s.project.ID); err == nil && n == 0 {
		n, err = 1, s.firstRow(table)
	}
	if err != nil {
		return 0, err
	}
	top, err := s.value("select max(id) from "+table+" where project_id = $1", s.project.ID)
	if err != nil {
		return 0, err
	}
	columns, err := s.columns(table)
	if err != nil {
		return 0, err
	}
	times := (int64(rows) + n - 1) / n
	step := copySpan.Microseconds() / times
	const most = 200_000 // rows a transaction
	for from := int64(1); from < times; {
		to := min(from+max(most/n, 1), times)
		if err := s.copyRows(table, columns, top, top+from*n, step, from, to); err != nil {
			return 0, err
		}
		from = to
	}
	return s.value(count, s.project.ID)
}

// firstRow writes a row into a table that the demo leaves empty, with a value that fits in each column that must have one.
func (s *site) firstRow(table string) error {
	must := "select name, type from pragma_table_info('" + table + "') where \"notnull\" = 1 and dflt_value is null -- of every project_id"
	if s.app.DB.Engine() == db.Postgres {
		must = "select column_name, data_type from information_schema.columns where table_name = '" + table + "' and table_schema = current_schema() and is_nullable = 'NO' and column_default is null -- of every project_id"
	}
	type column struct{ name, kind string }
	return s.app.DB.Write(s.ctx, func(ctx context.Context, tx db.Tx) error {
		cs, err := db.All(ctx, tx, func(c *column) []any { return []any{&c.name, &c.kind} }, must)
		if err != nil {
			return err
		}
		var names, marks []string
		var values []any
		for i, c := range cs {
			names, marks = append(names, c.name), append(marks, fmt.Sprintf("$%d", i+1))
			values = append(values, s.some(ctx, tx, c.name, c.kind))
		}
		_, err = db.Exec(ctx, tx, "insert into "+table+" ("+strings.Join(names, ", ")+") values ("+strings.Join(marks, ", ")+")", values...)
		return err
	})
}

// owners are the tables of the records that a column of such a name belongs to.
var owners = map[string]string{"customer_id": "customer_customer", "complaint_id": "complaint_case", "dispute_id": "dispute_case", "unit_id": "estate_unit"}

// some is a value for a column of such a name and type.
func (s *site) some(ctx context.Context, tx db.Tx, name, kind string) any {
	today := core.Today(ctx)
	switch {
	case name == "project_id":
		return s.project.ID
	case name == "id":
		return tx.NewID()
	case kind == "boolean":
		return name == "open"
	case kind == "bigint" && (name == "at" || strings.HasSuffix(name, "_at")):
		return core.Now(ctx)
	case owners[name] != "":
		id, _ := db.Value[core.ID](ctx, tx, "select max(id) from "+owners[name]+" where project_id = $1", s.project.ID)
		return id
	case kind == "bigint":
		return int64(1)
	case name == "since" || name == "day" || strings.HasSuffix(name, "_day"):
		return today
	case name == "month" || name == "period":
		return today.Month()
	}
	return "new"
}

// copyRows makes the copies from to to of the rows up to a key: each with a key and a number of its own, its times so many
// steps before.
func (s *site) copyRows(table string, columns []string, top, key, step, from, to int64) error {
	values := make([]string, len(columns))
	for i, c := range columns {
		switch {
		case c == "id":
			values[i] = fmt.Sprintf("%d + row_number() over (order by n.n, s.id)", key)
		case c == "number":
			values[i] = "s.number || '-' || n.n"
		case c == "at" || strings.HasSuffix(c, "_at"):
			values[i] = fmt.Sprintf("s.%s - n.n * %d", c, step)
		case c == "since" || c == "until": // a copy is of the past: nobody stands in for one man a million times today
			values[i] = "'2020-01-01'"
		default:
			values[i] = "s." + c
		}
	}
	return s.exec(fmt.Sprintf(`with recursive n(n) as (select cast(%d as bigint) union all select n + 1 from n where n < %d)
		insert into %s (%s) select %s from (select * from %s where project_id = %d and id <= %d) s cross join n where true on conflict do nothing`,
		from, to-1, table, strings.Join(columns, ", "), strings.Join(values, ", "), table, s.project.ID, top))
}

// columns are the table's, in its order.
func (s *site) columns(table string) (names []string, err error) {
	query := "select name from pragma_table_info('" + table + "') -- of every project_id"
	if s.app.DB.Engine() == db.Postgres {
		query = "select column_name from information_schema.columns where table_name = '" + table + "' and table_schema = current_schema() order by ordinal_position -- of every project_id"
	}
	err = s.app.DB.Read(s.ctx, func(ctx context.Context, tx db.Tx) error {
		names, err = db.Values[string](ctx, tx, query)
		return err
	})
	return names, err
}

// askLists asks for each list as somebody who may see it, plainly and, where it has a filter of states, for all of them.
func (b *bench) askLists(s *site, logins []seed.Login, gs []register.Any, f *figures) error {
	var all []*client
	for _, l := range logins {
		c, err := s.signInAs(l.Login, l.Password)
		if err != nil {
			return err
		}
		all = append(all, c)
	}
	for _, g := range gs {
		k := g.KindOf()
		path := "/p/" + s.project.Code + "/" + k.Name
		for _, q := range append([]string{""}, allOf(g)...) {
			r, seen, err := b.askList(all, path+q)
			if err != nil {
				return err
			}
			if !seen {
				continue
			}
			n, err := s.value("select count(*) from "+k.Table+" where project_id = $1", s.project.ID)
			if err != nil {
				return err
			}
			f.lists = append(f.lists, listed{name: k.Name + q, rows: n, rate: r})
			fmt.Fprintf(os.Stderr, "   %-40s %9d rows p50 %v p95 %v\n", k.Name+q, n, r.p50, r.p95)
		}
	}
	return nil
}

// allOf is the query for the records of every state, where the list has such a filter.
func allOf(g register.Any) []string {
	for _, fl := range g.FilterList() {
		if fl.Name == "state" && slices.ContainsFunc(fl.Choices, func(c core.Choice) bool { return c.Value == "all" }) {
			return []string{"?" + url.Values{"state": {"all"}}.Encode()}
		}
	}
	return nil
}

// listAsks is how often one list is asked for.
const listAsks = 60

// askList measures a list with the first client that may see it.
func (b *bench) askList(all []*client, path string) (r rate, seen bool, err error) {
	for _, c := range all {
		if _, err = c.get(path); err != nil {
			continue
		}
		var took []time.Duration
		for range listAsks {
			begin := time.Now()
			if _, err := c.get(path); err != nil {
				return r, false, err
			}
			took = append(took, time.Since(begin))
		}
		return rate{count: len(took), p50: percentile(took, 50), p95: percentile(took, 95)}, true, nil
	}
	return r, false, nil
}
