package customer

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/estate"
)

// Twin is a file that may be the same customer, and why.
type Twin struct {
	Customer
	Why core.Text
}

func byBlind(ctx context.Context, tx db.Tx, blind string, self core.ID) (Customer, error) {
	if blind == "" {
		return Customer{}, nil
	}
	c, _, err := db.Maybe(ctx, tx, (*Customer).dest, "select "+columns+` from customer_customer c where c.project_id = $1 and c.id_blind = $2 and c.id <> $3
		and c.state <> 'merged' and c.state <> 'erased' order by c.id limit 1`, core.ProjectOf(ctx).ID, blind, int64(self))
	return c, err
}

// twinMax bounds what is offered for a merge.
const twinMax = 20

// Twins lists the files that may be the same customer: same ID number, same name, same telephone number.
func Twins(ctx context.Context, tx db.Tx, c Customer) ([]Twin, error) {
	type rule struct {
		why   core.Text
		where string
		arg   any
	}
	rules := []rule{{core.T("证件号相同", "Same ID number"), "and c.id_blind = $3 and c.id_blind <> ''", c.IDBlind}, {core.T("名称相同", "Same name"), "and c.name_key = $3", c.NameKey},
		{core.T("电话相同", "Same telephone"), `and c.id in (select other.customer_id from customer_phone other join customer_phone mine on mine.project_id = other.project_id and mine.phone = other.phone
			where other.project_id = $1 and mine.customer_id = $3)`, c.ID}}
	var out []Twin
	seen := map[core.ID]bool{c.ID: true}
	for _, r := range rules {
		if r.arg == "" { // nothing to compare
			continue
		}
		rows, err := customers(ctx, tx, r.where+" and c.id <> $2 and c.state <> 'merged' and c.state <> 'erased' order by c.id limit 20", core.ProjectOf(ctx).ID, c.ID, r.arg)
		if err != nil {
			return nil, err
		}
		for _, t := range rows {
			if !seen[t.ID] && len(out) < twinMax {
				seen[t.ID] = true
				out = append(out, Twin{t, r.why})
			}
		}
	}
	return out, nil
}

// Pair is two files that may be one customer.
type Pair struct {
	A, B core.ID
	Why  core.Text
}

// Pairs lists likely duplicates of the whole project, at most limit of each reason.
func Pairs(ctx context.Context, tx db.Tx, limit int) ([]Pair, error) {
	var out []Pair
	seen := map[[2]core.ID]bool{}
	// Groups first, then their members: a join of all with all would look at every pair of files.
	const live = "c.project_id = $1 and c.state <> 'merged' and c.state <> 'erased'"
	same := func(column string) string {
		return `with same as (select c.` + column + ` as word, min(c.id) as first from customer_customer c where ` + live + ` and c.` + column + ` <> '' group by c.` + column + ` having count(*) > 1 limit $2)
			select same.first, c.id from same join customer_customer c on c.` + column + ` = same.word and c.id > same.first where ` + live + ` order by same.first, c.id limit $2`
	}
	for _, q := range []struct {
		why  core.Text
		text string
	}{
		{core.T("证件号相同", "Same ID number"), same("id_blind")},
		{core.T("名称相同", "Same name"), same("name_key")},
		{core.T("电话相同", "Same telephone"), `with same as (select p.phone as word, min(p.customer_id) as first from customer_phone p where p.project_id = $1 group by p.phone having min(p.customer_id) < max(p.customer_id) limit $2)
			select distinct same.first, c.id from same join customer_phone p on p.project_id = $1 and p.phone = same.word and p.customer_id > same.first
			join customer_customer c on c.project_id = p.project_id and c.id = p.customer_id where ` + live + ` order by 1, 2 limit $2`},
	} {
		rows, err := db.All(ctx, tx, func(p *Pair) []any { return []any{&p.A, &p.B} }, q.text, core.ProjectOf(ctx).ID, limit)
		if err != nil {
			return nil, err
		}
		for _, p := range rows {
			if k := [2]core.ID{p.A, p.B}; !seen[k] {
				seen[k] = true
				out = append(out, Pair{p.A, p.B, q.why})
			}
		}
	}
	return out, nil
}

// moved is what a merge took from one file to another, by table: enough to put it back.
type moved map[string][]core.ID

// movable are the tables whose rows belong to a customer.
var movable = []string{"customer_contact", "customer_phone", "customer_unit", "customer_consent", "customer_report", "customer_lease", "customer_reading", "customer_arrears", "customer_directory_line", "customer_handover_line",
	"customer_mail", "customer_paper", "customer_note", "customer_letter", "customer_asked", "customer_upkeep", "customer_access"}

// Belongings are the tables whose rows follow a customer: the file's own, and those of the modules that stand on it (his
// requests, repairs, complaints, visits). A row of another module keeps its version: the merge is an entry of the file's.
func Belongings(ctx context.Context) []string {
	return slices.Concat(movable, house.Of(ctx).Follows)
}

// The spaces of module estate among what was moved.
const (
	parkingKey = "parking"
	mailboxKey = "mailbox"
)

// MergeRecord is one merge.
type MergeRecord struct {
	ID         core.ID
	Kept, Gone core.ID
	GoneState  string
	At         time.Time
	By         string
	moved      string
	Undone     time.Time
}

func (m *MergeRecord) dest() []any {
	return []any{&m.ID, &m.Kept, &m.Gone, &m.GoneState, &m.At, &m.By, &m.moved, &m.Undone}
}

const mergeColumns = "id, kept_id, gone_id, gone_state, at, by_name, moved, undone_at"

// Merges lists the merges that a file took part in, newest first.
func Merges(ctx context.Context, tx db.Tx, id core.ID) ([]MergeRecord, error) {
	return db.All(ctx, tx, (*MergeRecord).dest, "select "+mergeColumns+" from customer_merge where project_id = $1 and (kept_id = $2 or gone_id = $2) order by id desc", core.ProjectOf(ctx).ID, id)
}

// Merge moves everything of one file to another, which stays. The gone file keeps its own particulars and can be brought
// back by Unmerge; personal values in its journal stay under its own key.
func Merge(ctx context.Context, tx db.Tx, keep, gone core.ID) error {
	if keep == gone {
		return core.Invalid("other", "不能与自己合并", "A file cannot be merged with itself")
	}
	k, g, err := lockTwo(ctx, tx, keep, gone)
	if err != nil {
		return err
	}
	all := moved{}
	for _, t := range Belongings(ctx) {
		if all[t], err = rehome(ctx, tx, t, gone, keep, nil); err != nil {
			return err
		}
	}
	spaces, err := estate.Rehome(ctx, tx, gone, keep)
	if err != nil {
		return err
	}
	all[parkingKey], all[mailboxKey] = spaces.Parking, spaces.Mailbox
	_, err = db.Exec(ctx, tx, "insert into customer_merge (project_id, id, kept_id, gone_id, gone_state, at, by_name, moved) values ($1,$2,$3,$4,$5,$6,$7,$8)",
		k.Project, tx.NewID(), keep, gone, g.State, core.Now(ctx), core.ActorOf(ctx).Name, core.JSON(all))
	if err != nil {
		return err
	}
	g.State, g.MergedInto = Merged, keep
	if err := update(ctx, tx, g); err != nil {
		return err
	}
	if err := duty.VoidAll(ctx, tx, g.Ref(), "并入 "+keep.String()); err != nil {
		return err
	}
	if err := record(ctx, tx, g, "merged", map[string]any{"name": k.Name, "into": keep.String()}); err != nil {
		return err
	}
	return touched(ctx, tx, k, "absorbed", map[string]any{"name": g.Name, "from": gone.String()})
}

// lockTwo locks two files in the order of their ids, so that two merges do not wait for each other.
func lockTwo(ctx context.Context, tx db.Tx, a, b core.ID) (first, second Customer, err error) {
	if a > b {
		second, first, err = lockTwo(ctx, tx, b, a)
		return first, second, err
	}
	if first, err = lockLive(ctx, tx, a); err == nil {
		second, err = lockLive(ctx, tx, b)
	}
	return first, second, err
}

// versioned are the tables among the movable that have a version and journal entries of their own.
var versioned = map[string]string{"customer_lease": "customer_lease", "customer_reading": "customer_reading", "customer_arrears": "customer_arrears", "customer_upkeep": "upkeep", "customer_access": "access"}

// rehome gives rows of a table to another customer: all of them, or those named.
func rehome(ctx context.Context, tx db.Tx, table string, from, to core.ID, only []core.ID) ([]core.ID, error) {
	p := core.ProjectOf(ctx).ID
	set, args := "customer_id = $1", []any{to, p, from}
	kind := versioned[table]
	if kind != "" {
		set += ", version = version + 1, changed_at = $4"
		args = append(args, core.Now(ctx))
	}
	where := ""
	if only != nil {
		if len(only) == 0 {
			return nil, nil
		}
		var in string
		in, args = list(only, args...)
		where = " and id in (" + in + ")"
	}
	ids, err := db.Values[core.ID](ctx, tx, "update "+table+" set "+set+" where project_id = $2 and customer_id = $3"+where+" returning id", args...)
	if err != nil || kind == "" {
		return ids, err
	}
	for _, id := range ids {
		if err := journal.Add(ctx, tx, core.Ref{Project: p, Kind: kind, ID: id}, "moved", map[string]string{"customer": to.String()}); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Unmerge undoes a merge: what came with the gone file goes back to it; what was added since stays.
func Unmerge(ctx context.Context, tx db.Tx, keep, merge core.ID) error {
	k, err := lockLive(ctx, tx, keep)
	if err != nil {
		return err
	}
	p := core.ProjectOf(ctx).ID
	m, err := db.One(ctx, tx, (*MergeRecord).dest, db.Locked(tx, "select "+mergeColumns+" from customer_merge where project_id = $1 and id = $2 and kept_id = $3"), p, merge, keep)
	if err != nil {
		return err
	}
	if !m.Undone.IsZero() {
		return core.Conflict("这次合并已经撤销", "This merge was undone already")
	}
	g, err := lock(ctx, tx, m.Gone)
	if err != nil {
		return err
	}
	var all moved
	if err := json.Unmarshal([]byte(m.moved), &all); err != nil {
		return err
	}
	for _, t := range Belongings(ctx) {
		if _, err := rehome(ctx, tx, t, keep, g.ID, append([]core.ID{}, all[t]...)); err != nil {
			return err
		}
	}
	if err := estate.GiveBack(ctx, tx, keep, g.ID, estate.Taken{Parking: all[parkingKey], Mailbox: all[mailboxKey]}); err != nil {
		return err
	}
	if err := db.ExecOne(ctx, tx, "update customer_merge set undone_at = $1 where project_id = $2 and id = $3", core.Now(ctx), p, m.ID); err != nil {
		return err
	}
	g.State, g.MergedInto = m.GoneState, 0
	if err := update(ctx, tx, g); err != nil {
		return err
	}
	if err := openVerification(ctx, tx, g); err != nil {
		return err
	}
	if err := record(ctx, tx, g, "unmerged", nil); err != nil {
		return err
	}
	return touched(ctx, tx, k, "unmerged", map[string]any{"name": g.Name})
}
