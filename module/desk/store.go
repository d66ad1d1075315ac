package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

const columns = `project_id, id, version, origin, number, office_no, channel, kind, carried_id, customer_id, customer_name, unit_id,
	unit_code, place, contact, phone, content, urgent, state, open, rank, at, day, due_at, contacted_at, handed_role,
	handed_user, handed_name, handed_reason, handed_due, answer, answered_at, closed_at, summary, handler,
	owner_id, owner_name, accepted_at, no_limit, findings, confirmed_at, confirmed_by, confirmed_how, reported_at, reported_reason, merged_id, split_id, barred_user`

func (m Matter) withRef() Matter { m.Ref.Kind = "desk"; return m }

// Get reads one matter of the request's project.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Matter, error) {
	m, err := db.One(ctx, tx, (*Matter).dest, "select "+columns+" from desk_matter where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	return m.withRef(), err
}

// Read is Get for the pages: what is a complaint against the reader stays shut (C13.1).
func Read(ctx context.Context, tx db.Tx, id core.ID) (Matter, error) {
	m, err := Get(ctx, tx, id)
	if err == nil {
		err = readable(ctx, tx, m)
	}
	if err != nil {
		return Matter{}, err
	}
	return m, nil
}

// readable: C13.1, who is complained of takes no part, and reads nothing of it either.
func readable(ctx context.Context, tx db.Tx, m Matter) error {
	return regulation.Guard(ctx, tx, "C13.1", m.Barred == 0 || m.Barred != core.ActorOf(ctx).ID, core.T("您是被投诉人,不得参与处理或查阅本投诉", "The complaint is against you: you neither handle nor read it"))
}

// notAgainstMe is the db.Where that leaves out what is a complaint against the reader (C13.1).
func notAgainstMe(ctx context.Context, tx db.Tx, c *db.Where) error {
	on, err := regulation.On(ctx, tx, "C13.1")
	if me := core.ActorOf(ctx).ID; on && me != 0 {
		c.Add("(barred_user is null or barred_user <> ?)", me)
	}
	return err
}

// Bar keeps a person of ours from a matter that is a complaint against him (C13.1); 0 is no matter.
func Bar(ctx context.Context, tx db.Tx, id, user core.ID) error {
	if id == 0 {
		return nil
	}
	return db.Soon(ctx, tx, "update desk_matter set barred_user = $1 where project_id = $2 and id = $3", user, core.ProjectOf(ctx).ID, id)
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (Matter, error) {
	m, err := db.One(ctx, tx, (*Matter).dest, db.Locked(tx, "select "+columns+" from desk_matter where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	return m.withRef(), err
}

// insert writes a new matter; key recognises an imported one again, print is the hash of its row.
func insert(ctx context.Context, tx db.Tx, m Matter, key, print string) error {
	now, by := core.Now(ctx), core.ActorOf(ctx).ID
	return db.Soon(ctx, tx, `insert into desk_matter (project_id, id, created_at, created_by, changed_at, changed_by, origin, number, office_no, channel, kind,
		customer_id, customer_name, unit_id, unit_code, place, contact, phone, content, urgent, state, open, rank, at, day, month, due_at, contacted_at,
		answer, answered_at, closed_at, handler, import_key, import_print, carried_id,
		owner_id, owner_name, split_id, confirmed_at, confirmed_by, confirmed_how)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29,$30,$31,$32,$33,$34,$35,$36,$37,$38,$39)`,
		m.Ref.Project, m.Ref.ID, now, by, m.Origin, m.Number, m.OfficeNo, m.Channel, m.Kind, m.Customer, m.CustomerName, m.Unit, m.UnitCode, m.Place,
		m.Contact, m.Phone, m.Content, m.Urgent, m.State, m.Open, m.Rank, m.At, m.Day, m.Day.Month(), m.Due, m.Contacted, m.Answer, m.Answered, m.Closed,
		m.Handler, key, print, m.Carried, m.Owner, m.OwnerName, m.Split, m.Confirmed, m.ConfirmedBy, m.ConfirmedHow)
}

// save writes back what verbs change.
func save(ctx context.Context, tx db.Tx, m Matter) error {
	return db.ExecOne(ctx, tx, `update desk_matter set state = $1, open = $2, due_at = $3, contacted_at = $4, handed_role = $5, handed_user = $6, handed_name = $7,
		handed_reason = $8, handed_due = $9, answer = $10, answered_at = $11, closed_at = $12, summary = $13, version = version + 1, changed_at = $14, changed_by = $15,
		owner_id = $19, owner_name = $20, accepted_at = $21, no_limit = $22, findings = $23, confirmed_at = $24, confirmed_by = $25, confirmed_how = $26,
		reported_at = $27, reported_reason = $28, merged_id = $29, handler = $30
		where project_id = $16 and id = $17 and version = $18`, m.State, m.Open, m.Due, m.Contacted, m.HandedRole, m.HandedUser, m.HandedName, m.HandedReason,
		m.HandedDue, m.Answer, m.Answered, m.Closed, m.Summary, core.Now(ctx), core.ActorOf(ctx).ID, m.Ref.Project, m.Ref.ID, m.Version,
		m.Owner, m.OwnerName, m.Accepted, m.NoLimit, m.Findings, m.Confirmed, m.ConfirmedBy, m.ConfirmedHow, m.Reported, m.ReportedReason, m.Merged, m.Handler)
}

// saveSettled writes what Turn settles, apart from what every verb writes: these columns stand in indexes.
func saveSettled(ctx context.Context, tx db.Tx, m Matter) error {
	return db.ExecOne(ctx, tx, `update desk_matter set kind = $1, carried_id = $2, customer_id = $3, customer_name = $4, unit_id = $5, unit_code = $6, place = $7, contact = $8, phone = $9,
		content = $10, urgent = $11, rank = $12 where project_id = $13 and id = $14 and version = $15`, m.Kind, m.Carried, m.Customer, m.CustomerName, m.Unit, m.UnitCode, m.Place, m.Contact, m.Phone,
		m.Content, m.Urgent, m.Rank, m.Ref.Project, m.Ref.ID, m.Version)
}

func markVoid(ctx context.Context, tx db.Tx, m Matter, reason string) error {
	return db.ExecOne(ctx, tx, `update desk_matter set state = 'void', open = false, due_at = null, voided_at = $1, voided_by = $2, void_reason = $3,
		version = version + 1, changed_at = $1, changed_by = $2 where project_id = $4 and id = $5 and version = $6`,
		core.Now(ctx), core.ActorOf(ctx).ID, reason, m.Ref.Project, m.Ref.ID, m.Version)
}

// Erase blanks who called and from where, for a customer whose personal data is erased (L5). The contents stay.
func Erase(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	if _, err := db.Exec(ctx, tx, `update desk_matter set contact = '', phone = '', customer_name = '', confirmed_by = '' where project_id = $1 and customer_id = $2`, project, customer); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, tx, "update desk_call set phone = '', customer_name = '' where project_id = $1 and customer_id = $2", project, customer); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, tx, "update desk_entry set customer_name = '', contact_who = '' where project_id = $1 and customer_id = $2", project, customer); err != nil {
		return err
	}
	if err := eraseMail(ctx, tx, project, customer); err != nil {
		return err
	}
	if err := eraseMessages(ctx, tx, project, customer); err != nil {
		return err
	}
	ms, err := db.All(ctx, tx, (*Matter).dest, "select "+columns+" from desk_matter where project_id = $1 and customer_id = $2 and carried_id is null and state <> 'void'", project, customer)
	for _, m := range ms {
		if err == nil {
			err = put(ctx, tx, m.withRef())
		}
	}
	return err
}

// find lists the queue (open matters, emergencies first) or, with a state or kind asked for, the register by time.
func find(ctx context.Context, tx db.Tx, q register.Query) ([]Matter, error) {
	c := db.InProject(core.ProjectOf(ctx).ID)
	order := "rank, at, id"
	switch s := q.Filter["state"]; s {
	case "", "open":
		if s == "" && (q.Filter["month"] != "" || q.Text != "") {
			order = "at desc, id desc"
			break
		}
		c.Conds = append(c.Conds, "open")
	case "all":
		order = "at desc, id desc"
	default:
		c.Add("state = ?", s)
		order = "at desc, id desc"
	}
	filters(ctx, &c, q)
	if err := notAgainstMe(ctx, tx, &c); err != nil {
		return nil, err
	}
	if text := strings.TrimSpace(q.Text); text != "" {
		if err := matching(ctx, tx, &c, text); err != nil {
			return nil, err
		}
	}
	if err := after(&c, q.After, order == "rank, at, id"); err != nil {
		return nil, err
	}
	c.Args = append(c.Args, max(q.Limit, 1))
	ms, err := db.All(ctx, tx, (*Matter).dest, fmt.Sprintf("select %s from desk_matter where %s order by %s limit $%d", columns,
		c.String(), order, len(c.Args)), c.Args...)
	for i := range ms {
		ms[i] = ms[i].withRef()
	}
	return ms, err
}

func filters(ctx context.Context, c *db.Where, q register.Query) {
	if v := q.Filter["kind"]; v != "" {
		c.Add("kind = ?", v)
	}
	if v := q.Filter["mine"]; v == "mine" {
		c.Add("handed_user = ?", core.ActorOf(ctx).ID)
	}
	if v := q.Filter["channel"]; v != "" {
		c.Add("channel = ?", v)
	}
	if v := q.Filter["reported"]; v == "reported" {
		c.Conds = append(c.Conds, "reported_at is not null")
	}
	if v := q.Filter["late"]; v == "late" {
		c.Add("due_at < ?", core.Now(ctx))
	}
	if v := q.Filter["month"]; v != "" {
		c.Add("month = ?", v)
	}
}

// textMax is how many finds of the search a list looks at.
const textMax = 100

// matching keeps the rows that the search finds for a text, themselves or by the record that carries them on, and the
// one with that number.
func matching(ctx context.Context, tx db.Tx, c *db.Where, text string) error {
	kinds := map[string]bool{"desk.view": true}
	for _, k := range house.Of(ctx).MatterKinds {
		kinds[k.Key+".view"] = true
	}
	hits, err := search.Find(ctx, tx, core.ProjectOf(ctx).ID, func(perm string) bool { return kinds[perm] }, text, textMax)
	if err != nil {
		return err
	}
	own, carried := []string{"0"}, []string{"0"}
	for _, h := range hits {
		c.Args = append(c.Args, h.Ref.ID)
		mark := fmt.Sprintf("$%d", len(c.Args))
		if h.Ref.Kind == "desk" {
			own = append(own, mark)
		} else {
			carried = append(carried, mark)
		}
	}
	c.Add(fmt.Sprintf("(number = ? or id in (%s) or carried_id in (%s))", strings.Join(own, ", "), strings.Join(carried, ", ")), strings.ToUpper(text))
	return nil
}

// cursor is the page key of a row: its rank, time and id.
func cursor(m *Matter) string {
	return fmt.Sprintf("%d.%d.%s", m.Rank, m.At.UnixMicro(), m.Ref.ID)
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
		c.Add("(rank, at, id) > (?, ?, ?)", n[0], n[1], n[2])
		return nil
	}
	c.Add("(at, id) < (?, ?)", n[1], n[2])
	return nil
}

// Recent lists a customer's or unit's matters, newest first; column is customer_id or unit_id.
func recent(ctx context.Context, tx db.Tx, ref core.Ref, column string, limit int) ([]Matter, error) {
	c := db.Where{Conds: []string{"project_id = $1", "state <> 'void'", "state <> 'merged'"}, Args: []any{ref.Project}}
	c.Add(column+" = ?", ref.ID)
	if err := notAgainstMe(ctx, tx, &c); err != nil {
		return nil, err
	}
	ms, err := db.All(ctx, tx, (*Matter).dest, fmt.Sprintf("select %s from desk_matter where %s order by at desc, id desc limit %d", columns, c.String(), limit), c.Args...)
	for i := range ms {
		ms[i] = ms[i].withRef()
	}
	return ms, err
}

// opened counts the open matters, up to core.CountMax, for the rail.
func opened(ctx context.Context, tx db.Tx, project core.ID) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from (select 1 from desk_matter where project_id = $1 and open limit $2) x", project, core.CountMax)
}

// Imported is an imported matter as the importer finds it again.
type Imported struct {
	ID      core.ID
	Version int64
	Key     string
	Print   string
}

// ImportedMatters are all imported matters of the project, by key.
func ImportedMatters(ctx context.Context, tx db.Tx) (map[string]Imported, error) {
	rows, err := db.All(ctx, tx, func(i *Imported) []any { return []any{&i.ID, &i.Version, &i.Key, &i.Print} },
		"select id, version, import_key, import_print from desk_matter where project_id = $1 and import_key <> ''", core.ProjectOf(ctx).ID)
	out := map[string]Imported{}
	for _, r := range rows {
		out[r.Key] = r
	}
	return out, err
}

func updateImported(ctx context.Context, tx db.Tx, m Matter, print string) error {
	return db.ExecOne(ctx, tx, `update desk_matter set contact = $1, phone = $2, kind = $3, answer = $4, handler = $5, closed_at = $6, state = $7, open = $8, import_print = $9,
		version = version + 1, changed_at = $10, changed_by = $11 where project_id = $12 and id = $13 and version = $14`, m.Contact, m.Phone, m.Kind, m.Answer, m.Handler,
		m.Closed, m.State, m.Open, print, core.Now(ctx), core.ActorOf(ctx).ID, m.Ref.Project, m.Ref.ID, m.Version)
}

// dueOf is when the earliest open duty on the matter falls due: what the queue counts down.
func dueOf(ctx context.Context, tx db.Tx, ref core.Ref) (time.Time, error) {
	return db.Value[time.Time](ctx, tx, "select min(due_at) from duty_duty where project_id = $1 and kind = $2 and record_id = $3 and state = 'open'", ref.Project, ref.Kind, int64(ref.ID))
}
