package followup

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

func columns() string {
	names := []string{"project_id", "id", "version"}
	for _, c := range new(Item).cells() {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

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

func (i *Item) values() (names []string, values []any) {
	for _, c := range i.cells() {
		names = append(names, c.name)
		values = append(values, reflect.ValueOf(c.ptr).Elem().Interface())
	}
	return names, values
}

func insert(ctx context.Context, tx db.Tx, i Item) error {
	names, values := i.values()
	args := []any{i.Ref.Project, i.Ref.ID, core.Now(ctx), core.ActorOf(ctx).ID}
	marks := make([]string, len(values))
	for k, v := range values {
		args = append(args, v)
		marks[k] = fmt.Sprintf("$%d", len(args))
	}
	return db.Soon(ctx, tx, "insert into followup_item (project_id, id, created_at, created_by, changed_at, changed_by, "+strings.Join(names, ", ")+
		") values ($1, $2, $3, $4, $3, $4, "+strings.Join(marks, ", ")+")", args...)
}

// save writes the follow-up back; the version guards against another change in between.
func save(ctx context.Context, tx db.Tx, i Item) error {
	names, args := i.values()
	for k := range names {
		names[k] += fmt.Sprintf(" = $%d", k+1)
	}
	n := len(args)
	args = append(args, core.Now(ctx), core.ActorOf(ctx).ID, i.Ref.Project, i.Ref.ID, i.Version)
	return db.ExecOne(ctx, tx, fmt.Sprintf("update followup_item set %s, version = version + 1, changed_at = $%d, changed_by = $%d where project_id = $%d and id = $%d and version = $%d",
		strings.Join(names, ", "), n+1, n+2, n+3, n+4, n+5), args...)
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

type condition struct {
	where []string
	args  []any
}

func (c *condition) add(cond string, v any) {
	c.args = append(c.args, v)
	c.where = append(c.where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(c.args))))
}

// find lists the queue (open ones by when they fall due) or, with a state, a result or a month asked for, the register by
// time. The person complained of does not find his (C13.1).
func find(ctx context.Context, tx db.Tx, q register.Query) ([]Item, error) {
	c := condition{where: []string{"project_id = $1"}, args: []any{core.ProjectOf(ctx).ID}}
	queue := false
	switch s := q.Filter["state"]; {
	case s == "check":
		c.where = append(c.where, "state = 'done' and remarked_at is null")
	case s == "problem":
		c.where = append(c.where, "problem and settled_at is null")
	case s == "all" || s == "" && (q.Filter["month"] != "" || q.Filter["result"] != "" || q.Text != ""):
	case s == "" || s == "open":
		queue = true
		c.where = append(c.where, "open")
	default:
		c.add("state = ?", s)
	}
	if err := filters(ctx, tx, &c, q); err != nil {
		return nil, err
	}
	if text := strings.TrimSpace(q.Text); text != "" {
		if err := matching(ctx, tx, &c, text); err != nil {
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
	c.args = append(c.args, max(q.Limit, 1))
	return list(ctx, tx, fmt.Sprintf("%s order by %s limit $%d", strings.Join(c.where, " and "), order, len(c.args)), c.args...)
}

func filters(ctx context.Context, tx db.Tx, c *condition, q register.Query) error {
	for _, f := range [][2]string{{"occasion", "occasion = ?"}, {"result", "result <> '' and result = ?"}, {"month", "month = ?"}} {
		if v := q.Filter[f[0]]; v != "" {
			c.add(f[1], v)
		}
	}
	switch q.Filter["mine"] {
	case "mine":
		c.add("caller_id = ?", core.ActorOf(ctx).ID)
	case "nobody":
		c.where = append(c.where, "caller_id is null")
	}
	if q.Filter["late"] == "late" {
		c.add("due_at < ?", core.Now(ctx))
	}
	return notAgainstMe(ctx, tx, c)
}

// notAgainstMe leaves out what is about a complaint against the reader himself (C13.1).
func notAgainstMe(ctx context.Context, tx db.Tx, c *condition) error {
	on, err := regulation.On(ctx, tx, "C13.1")
	if me := core.ActorOf(ctx).ID; on && me != 0 {
		c.add("(against_id is null or against_id <> ?)", me)
	}
	return err
}

// textMax is how many finds of the search a list looks at.
const textMax = 100

func matching(ctx context.Context, tx db.Tx, c *condition, text string) error {
	hits, err := search.Find(ctx, tx, core.ProjectOf(ctx).ID, func(perm string) bool { return perm == "followup.view" }, text, textMax)
	marks := []string{"0"}
	for _, h := range hits {
		if h.Ref.Kind == "followup" {
			c.args = append(c.args, h.Ref.ID)
			marks = append(marks, fmt.Sprintf("$%d", len(c.args)))
		}
	}
	c.where = append(c.where, "id in ("+strings.Join(marks, ", ")+")")
	return err
}

func cursor(i *Item) string {
	return fmt.Sprintf("%d.%d.%s", i.Due.UnixMicro(), i.At.UnixMicro(), i.Ref.ID)
}

func after(c *condition, key string, queue bool) error {
	if key == "" {
		return nil
	}
	parts := strings.Split(key, ".")
	if len(parts) != 3 {
		return core.NotFound()
	}
	var n [3]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(parts[i], 10, 64); err != nil {
			return core.NotFound()
		}
	}
	k := len(c.args)
	if queue {
		c.args = append(c.args, n[0], n[2])
		c.where = append(c.where, fmt.Sprintf("(due_at, id) > ($%d, $%d)", k+1, k+2))
		return nil
	}
	c.args = append(c.args, n[1], n[2])
	c.where = append(c.where, fmt.Sprintf("(at, id) < ($%d, $%d)", k+1, k+2))
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

func staffChoices(us []user.User) []core.Choice {
	out := make([]core.Choice, len(us))
	for i, u := range us {
		out[i] = core.Choice{Value: u.ID.String(), Label: core.T("%s", "%s", u.Name)}
	}
	return out
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
