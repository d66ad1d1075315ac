package followup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

func columns() string { return db.CellNames(new(Item).cells()) }

func (i Item) withRefs() Item {
	i.Ref.Kind, i.Matter.Project = "followup", i.Ref.Project
	return i
}

// Get reads one follow-up of the request's project, whoever asks; pages read it by what readable allows.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Item, error) {
	i, err := db.One(ctx, tx, (*Item).dest, "select "+columns()+" from followup_item where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	return i.withRefs(), err
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (Item, error) {
	i, err := db.One(ctx, tx, (*Item).dest, db.Locked(tx, "select "+columns()+" from followup_item where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	return i.withRefs(), err
}

func list(ctx context.Context, tx db.Tx, where string, args ...any) ([]Item, error) {
	is, err := db.All(ctx, tx, (*Item).dest, "select "+columns()+" from followup_item where "+where, args...)
	for k := range is {
		is[k] = is[k].withRefs()
	}
	return is, err
}

func insert(ctx context.Context, tx db.Tx, i Item) error {
	return db.InsertCells(ctx, tx, "followup_item", i.Ref, i.cells())
}

// save writes the follow-up back; the version guards against another change in between.
func save(ctx context.Context, tx db.Tx, i Item) error {
	return db.UpdateCells(ctx, tx, "followup_item", i.Ref, i.Version, i.cells())
}

// put makes the follow-up found by the search.
func put(ctx context.Context, tx db.Tx, i Item) error {
	return search.Put(ctx, tx, search.Doc{Ref: i.Ref, Perm: "followup.view", Title: i.title().ZH, Sub: i.UnitCode + " " + i.CustomerName, URL: href(ctx, i.Ref.ID),
		Words: []string{i.Opinion, i.Outcome}, Names: []string{i.CustomerName, string(i.Contact)}, Phones: []core.Phone{i.Phone}, Codes: []string{i.Number, i.MatterNumber, i.UnitCode}, At: i.At})
}

// Erase blanks whom a follow-up was with, for a customer whose personal data is erased (L5). The record stays.
func Erase(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	if _, err := db.Exec(ctx, tx, `update followup_item set contact = '', phone = '', customer_name = '', signer = '' where project_id = $1 and customer_id = $2`, project, customer); err != nil {
		return err
	}
	is, err := list(ctx, tx, "project_id = $1 and customer_id = $2 and voided_at is null", project, customer)
	for _, i := range is {
		if err == nil {
			err = put(ctx, tx, i)
		}
	}
	return err
}

// of are the follow-ups of a record, the oldest first.
func of(ctx context.Context, tx db.Tx, matter core.Ref) ([]Item, error) {
	return list(ctx, tx, "project_id = $1 and kind = $2 and record_id = $3 order by id", matter.Project, matter.Kind, matter.ID)
}

// find lists the queue (open ones by when they fall due) or, with a state, a result or a month asked for, the register by
// time. The person complained of does not find his (C13.1).
func find(ctx context.Context, tx db.Tx, q register.Query) ([]Item, error) {
	c := db.InProject(core.ProjectOf(ctx).ID)
	queue := false
	switch s := q.Filter["state"]; {
	case s == "check":
		c.Conds = append(c.Conds, "state = 'done' and remarked_at is null")
	case s == "problem":
		c.Conds = append(c.Conds, "problem and settled_at is null")
	case s == "all" || s == "" && (q.Filter["month"] != "" || q.Filter["result"] != "" || q.Text != ""):
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
		if err := search.Narrow(ctx, tx, &c, "followup", text); err != nil {
			return nil, err
		}
	}
	if err := after(&c, q.After, queue); err != nil {
		return nil, err
	}
	order := "at desc, id desc"
	if queue {
		order = "due_at, id"
	}
	c.Args = append(c.Args, max(q.Limit, 1))
	return list(ctx, tx, fmt.Sprintf("%s order by %s limit $%d", c.String(), order, len(c.Args)), c.Args...)
}

func filters(ctx context.Context, tx db.Tx, c *db.Where, q register.Query) error {
	for _, f := range [][2]string{{"occasion", "occasion = ?"}, {"result", "result <> '' and result = ?"}, {"month", "month = ?"}} {
		if v := q.Filter[f[0]]; v != "" {
			c.Add(f[1], v)
		}
	}
	switch q.Filter["mine"] {
	case "mine":
		c.Add("caller_id = ?", core.ActorOf(ctx).ID)
	case "nobody":
		c.Conds = append(c.Conds, "caller_id is null")
	}
	if q.Filter["late"] == "late" {
		c.Add("due_at < ?", core.Now(ctx))
	}
	return notAgainstMe(ctx, tx, c)
}

// notAgainstMe leaves out what is about a complaint against the reader himself (C13.1).
func notAgainstMe(ctx context.Context, tx db.Tx, c *db.Where) error {
	on, err := regulation.On(ctx, tx, "C13.1")
	if me := core.ActorOf(ctx).ID; on && me != 0 {
		c.Add("(against_id is null or against_id <> ?)", me)
	}
	return err
}

func cursor(i *Item) string {
	return fmt.Sprintf("%d.%d.%s", i.Due.UnixMicro(), i.At.UnixMicro(), i.Ref.ID)
}

func after(c *db.Where, key string, queue bool) error {
	if key == "" {
		return nil
	}
	n, err := register.ParseKey(key, 3)
	if err != nil {
		return err
	}
	if queue {
		c.Add("(due_at, id) > (?, ?)", n[0], n[2])
		return nil
	}
	c.Add("(at, id) < (?, ?)", n[1], n[2])
	return nil
}

// opened counts the open follow-ups, up to core.CountMax, for the rail.
func opened(ctx context.Context, tx db.Tx, project core.ID) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from (select 1 from followup_item where project_id = $1 and open limit $2) x", project, core.CountMax)
}

// staff are those of the project who may follow up a matter of the severity, by name.
func staff(ctx context.Context, tx db.Tx, severity string) ([]user.User, error) {
	return user.Holders(ctx, tx, core.ProjectOf(ctx).ID, callersOf(severity)...)
}

func personOf(us []user.User, id core.ID) (user.User, error) {
	if i := slices.IndexFunc(us, func(u user.User) bool { return u.ID == id }); i >= 0 {
		return us[i], nil
	}
	return user.User{}, core.Invalid("caller", "请选择本项目可以回访的人员", "Choose somebody of this project who may follow up")
}

// write saves what a verb made of a follow-up, and says so in the journal.
func write(ctx context.Context, tx db.Tx, i Item, verb string, payload any) error {
	if err := save(ctx, tx, i); err != nil {
		return err
	}
	tx.Publish(Topic(i.Ref.Project))
	return journal.Add(ctx, tx, i.Ref, verb, payload, journal.For(i.Customer))
}
