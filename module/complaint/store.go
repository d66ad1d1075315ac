package complaint

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

// columns are those of Case.dest, in its order.
func columns() string { return db.CellNames(new(Case).cells()) }

func (c Case) withRef() Case { c.Ref.Kind = "complaint"; return c }

// Get reads one complaint of the request's project, whoever asks; pages read it by what readable allows.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Case, error) {
	c, err := db.One(ctx, tx, (*Case).dest, "select "+columns()+" from complaint_case where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	return c.withRef(), err
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (Case, error) {
	c, err := db.One(ctx, tx, (*Case).dest, db.Locked(tx, "select "+columns()+" from complaint_case where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	return c.withRef(), err
}

func list(ctx context.Context, tx db.Tx, where string, args ...any) ([]Case, error) {
	cs, err := db.All(ctx, tx, (*Case).dest, "select "+columns()+" from complaint_case where "+where, args...)
	for i := range cs {
		cs[i] = cs[i].withRef()
	}
	return cs, err
}

func insert(ctx context.Context, tx db.Tx, c Case) error {
	return db.InsertCells(ctx, tx, "complaint_case", c.Ref, c.cells())
}

// save writes the case back; the version guards against another change in between.
func save(ctx context.Context, tx db.Tx, c Case) error {
	return db.UpdateCells(ctx, tx, "complaint_case", c.Ref, c.Version, c.cells())
}

func markVoid(ctx context.Context, tx db.Tx, c Case, reason string) error {
	return db.ExecOne(ctx, tx, "update complaint_case set voided_at = $1, voided_by = $2, void_reason = $3 where project_id = $4 and id = $5",
		core.Now(ctx), core.ActorOf(ctx).ID, reason, c.Ref.Project, c.Ref.ID)
}

// Erase blanks who complained and from where, for a customer whose personal data is erased (L5). The case stays.
func Erase(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	if _, err := db.Exec(ctx, tx, `update complaint_case set contact = '', phone = '', customer_name = '', company = '', signer = '', consent = '' where project_id = $1 and customer_id = $2`, project, customer); err != nil {
		return err
	}
	cs, err := list(ctx, tx, "project_id = $1 and customer_id = $2 and voided_at is null", project, customer)
	for _, c := range cs {
		if err == nil {
			err = put(ctx, tx, c)
		}
	}
	return err
}

// find lists the queue (open cases, the major ones first) or, with a state or month asked for, the register by time. The
// person complained of does not find his (C13.1).
func find(ctx context.Context, tx db.Tx, q register.Query) ([]Case, error) {
	c := db.InProject(core.ProjectOf(ctx).ID)
	queue := false
	switch s := q.Filter["state"]; {
	case s == "all" || s == "" && (q.Filter["month"] != "" || q.Text != ""):
	case s == "" || s == "open":
		queue = true
		c.Conds = append(c.Conds, "open")
	default:
		c.Add("state = ?", s)
	}
	if err := filters(ctx, tx, &c, q); err != nil {
		return nil, err
	}
	if text := strings.TrimSpace(q.Text); text != "" {
		if err := search.Narrow(ctx, tx, &c, "complaint", text); err != nil {
			return nil, err
		}
	}
	if err := after(&c, q.After, queue); err != nil {
		return nil, err
	}
	order := "at desc, id desc"
	if queue {
		order = "rank, at, id"
	}
	c.Args = append(c.Args, max(q.Limit, 1))
	return list(ctx, tx, fmt.Sprintf("%s order by %s limit $%d", c.String(), order, len(c.Args)), c.Args...)
}

func filters(ctx context.Context, tx db.Tx, c *db.Where, q register.Query) error {
	for name, cond := range map[string]string{"category": "category = ?", "level": "level = ?", "validity": "validity = ?", "month": "month = ?"} {
		if v := q.Filter[name]; v != "" {
			c.Add(cond, v)
		}
	}
	if q.Filter["mine"] == "mine" {
		c.Add("handler_id = ?", core.ActorOf(ctx).ID)
	}
	if q.Filter["late"] == "late" {
		c.Add("due_at < ?", core.Now(ctx))
	}
	if q.Filter["company"] == "company" {
		c.Add("company_level = ?", true)
	}
	return notAgainstMe(ctx, tx, c)
}

// notAgainstMe leaves out what is against the reader himself (C13.1).
func notAgainstMe(ctx context.Context, tx db.Tx, c *db.Where) error {
	on, err := regulation.On(ctx, tx, "C13.1")
	if me := core.ActorOf(ctx).ID; on && me != 0 {
		c.Add("(against_user is null or against_user <> ?)", me)
	}
	return err
}

func cursor(c *Case) string { return fmt.Sprintf("%d.%d.%s", c.Rank, c.At.UnixMicro(), c.Ref.ID) }

func after(c *db.Where, key string, queue bool) error {
	if key == "" {
		return nil
	}
	n, err := register.ParseKey(key, 3)
	if err != nil {
		return err
	}
	if queue {
		c.Add("(rank, at, id) > (?, ?, ?)", n[0], n[1], n[2])
		return nil
	}
	c.Add("(at, id) < (?, ?)", n[1], n[2])
	return nil
}

func recent(ctx context.Context, tx db.Tx, ref core.Ref, column string, limit int) ([]Case, error) {
	c := db.InProject(ref.Project)
	c.Add(column+" = ?", ref.ID)
	if err := notAgainstMe(ctx, tx, &c); err != nil {
		return nil, err
	}
	return list(ctx, tx, fmt.Sprintf("%s and voided_at is null order by at desc, id desc limit %d", c.String(), limit), c.Args...)
}

// opened counts the open cases, up to core.CountMax, for the rail.
func opened(ctx context.Context, tx db.Tx, project core.ID) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from (select 1 from complaint_case where project_id = $1 and open limit $2) x", project, core.CountMax)
}

// before counts the customer's complaints of the kind since a time: what makes one a repeated one (C13.2).
func before(ctx context.Context, tx db.Tx, c Case, since time.Time) (int, error) {
	if c.Customer == 0 {
		return 0, nil
	}
	n, err := db.Value[int64](ctx, tx, "select count(*) from complaint_case where project_id = $1 and customer_id = $2 and category = $3 and at >= $4 and voided_at is null and merged is null",
		c.Ref.Project, c.Customer, c.Category, since)
	return int(n), err
}

// dueOf is when the earliest open duty on the case falls due: what the queue counts down. The desk's call is its too.
func dueOf(ctx context.Context, tx db.Tx, c Case) (time.Time, error) {
	return db.Value[time.Time](ctx, tx, `select min(due_at) from duty_duty where project_id = $1 and state = 'open'
		and ((kind = 'complaint' and record_id = $2) or (kind = 'desk' and record_id = $3))`, c.Ref.Project, int64(c.Ref.ID), int64(c.Matter))
}

// lateClauses are the clauses whose terms the case has missed (C11.2).
func lateClauses(ctx context.Context, tx db.Tx, c Case) ([]string, error) {
	return db.Values[string](ctx, tx, `select distinct clause from duty_duty where project_id = $1 and kind = 'complaint' and record_id = $2
		and state in ('open', 'done') and (late or (state = 'open' and due_at < $3)) order by clause`, c.Ref.Project, int64(c.Ref.ID), core.Now(ctx))
}

// Note is what was found out, or what head office said.
type Note struct {
	Round int64
	Kind  string // "ask", "follow", "reply"
	How   string
	Text  string
	By    string
	At    time.Time
}

func (n *Note) dest() []any { return []any{&n.Round, &n.Kind, &n.How, &n.Text, &n.By, &n.At} }

func addNote(ctx context.Context, tx db.Tx, c Case, kind, how, text string) error {
	_, err := db.Exec(ctx, tx, "insert into complaint_note (project_id, id, complaint_id, round, kind, how, text, by_name, at) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
		c.Ref.Project, tx.NewID(), c.Ref.ID, c.Round, kind, how, text, core.ActorOf(ctx).Name, core.Now(ctx))
	return err
}

// Notes are the case's notes, the oldest first.
func Notes(ctx context.Context, tx db.Tx, c Case) ([]Note, error) {
	return db.All(ctx, tx, (*Note).dest, "select round, kind, how, text, by_name, at from complaint_note where project_id = $1 and complaint_id = $2 order by id", c.Ref.Project, c.Ref.ID)
}

// staff are everybody who works in the project, by name.
func staff(ctx context.Context, tx db.Tx) ([]user.User, error) {
	return user.Holders(ctx, tx, core.ProjectOf(ctx).ID, core.Desk, core.Supervisor, core.Technician, core.Guard, core.Cashier, core.Leasing, core.Quality, core.Archivist, core.Manager, core.GM)
}

func staffChoices(ctx context.Context, tx db.Tx) ([]core.Choice, error) {
	us, err := staff(ctx, tx)
	return user.Choices(us), err
}

// nameOf finds somebody of the project by id.
func nameOf(ctx context.Context, tx db.Tx, field string, id core.ID) (string, error) {
	us, err := staff(ctx, tx)
	if err != nil {
		return "", err
	}
	return user.NameAmong(us, field, id)
}

func departmentChoices(ctx context.Context, tx db.Tx) ([]core.Choice, error) {
	ds, err := project.Departments(ctx, tx, core.ProjectOf(ctx).ID)
	out := make([]core.Choice, len(ds))
	for i, d := range ds {
		out[i] = core.Choice{Value: d.Name, Label: core.T("%s", "%s", d.Name)}
	}
	return out, err
}

func holders(ctx context.Context, tx db.Tx, role core.Role) ([]core.ID, error) {
	us, err := user.Holders(ctx, tx, core.ProjectOf(ctx).ID, role)
	out := make([]core.ID, len(us))
	for i, u := range us {
		out[i] = u.ID
	}
	return out, err
}
