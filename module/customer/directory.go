package customer

import (
	"context"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/register"
)

// Directory is the merchants' telephone list (商户通讯录) of a month (D4.7). It is for staff: numbers are masked.
type Directory struct {
	Project    core.ID
	ID         core.ID
	Version    int64
	Month      core.Month
	State      string // "compiled", "sent", "signed"
	Lines      int64
	CompiledAt time.Time
	CompiledBy string
	SentAt     time.Time
	SentBy     string
	SignedAt   time.Time
	SignedBy   string
}

// States of a directory.
const (
	Compiled = "compiled" // 已汇总
	Sent     = "sent"     // 已送安保
	Signed   = "signed"   // 安保已签收
)

func directoryStates() []core.Choice {
	return []core.Choice{{Value: Compiled, Label: core.T("已汇总", "Compiled")}, {Value: Sent, Label: core.T("已送安保", "Sent to security")}, {Value: Signed, Label: core.T("安保已签收", "Signed for by security")}}
}

func (d *Directory) dest() []any {
	return []any{&d.Project, &d.ID, &d.Version, &d.Month, &d.State, &d.Lines, &d.CompiledAt, &d.CompiledBy, &d.SentAt, &d.SentBy, &d.SignedAt, &d.SignedBy}
}

// Ref names the directory.
func (d Directory) Ref() core.Ref { return core.Ref{Project: d.Project, Kind: "directory", ID: d.ID} }

// DirectoryKind is its register's kind.
var DirectoryKind = register.Kind{Name: "directory", Plural: "directories", Label: core.T("商户通讯录", "Telephone lists"), Table: "customer_directory", Events: map[string]core.Text{
	"compiled": core.T("重新汇总 {lines} 户", "compiled {lines} customers anew"), "sent": core.T("确认并送安保", "confirmed and sent to security"), "signed": core.T("安保签收", "signed for by security")}}

const directorySelect = `select d.project_id, d.id, d.version, d.month, d.state, d.lines, d.compiled_at, d.compiled_by, d.sent_at, d.sent_by, d.signed_at, d.signed_by
	from customer_directory d where d.project_id = $1 `

func getDirectory(ctx context.Context, tx db.Tx, id core.ID) (Directory, error) {
	return db.One(ctx, tx, (*Directory).dest, directorySelect+"and d.id = $2", core.ProjectOf(ctx).ID, id)
}

func lockDirectory(ctx context.Context, tx db.Tx, id core.ID) (Directory, error) {
	return db.One(ctx, tx, (*Directory).dest, db.Locked(tx, directorySelect+"and d.id = $2"), core.ProjectOf(ctx).ID, id)
}

// DirectoryLine is one customer on the list.
type DirectoryLine struct {
	Units, Name, Contact, Phone, Emergency string
}

// DirectoryLines are the lines of a list.
func DirectoryLines(ctx context.Context, tx db.Tx, id core.ID) ([]DirectoryLine, error) {
	return db.All(ctx, tx, func(l *DirectoryLine) []any { return []any{&l.Units, &l.Name, &l.Contact, &l.Phone, &l.Emergency} },
		"select units, name, contact, phone_mask, emergency from customer_directory_line where project_id = $1 and directory_id = $2 order by id", core.ProjectOf(ctx).ID, id)
}

// Compile makes the list of the current month anew, out of the files of everybody who has a unit now (D4.7). A list that
// security has signed for stays; the next is next month's.
func Compile(ctx context.Context, tx db.Tx) (core.ID, error) {
	p, now := core.ProjectOf(ctx), core.Now(ctx)
	month := core.MonthOf(now, p.Zone)
	d, found, err := db.Maybe(ctx, tx, (*Directory).dest, db.Locked(tx, directorySelect+"and d.month = $2"), p.ID, month)
	if err != nil {
		return 0, err
	}
	if found && d.State == Signed {
		return 0, core.Conflict("本月通讯录已由安保签收", "Security has signed for this month's list already")
	}
	if !found {
		d = Directory{Project: p.ID, ID: tx.NewID()}
		n, err := db.Exec(ctx, tx, `insert into customer_directory (project_id, id, created_at, created_by, changed_at, changed_by, month, state, compiled_at, compiled_by)
			values ($1,$2,$3,$4,$3,$4,$5,'compiled',$3,$6) on conflict do nothing`, p.ID, d.ID, now, core.ActorOf(ctx).ID, month, core.ActorOf(ctx).Name)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			return 0, core.Conflict("有人正在汇总本月通讯录", "Somebody is compiling this month's list")
		}
	}
	if _, err := db.Exec(ctx, tx, "delete from customer_directory_line where project_id = $1 and directory_id = $2", p.ID, d.ID); err != nil {
		return 0, err
	}
	n, err := compileLines(ctx, tx, d.ID)
	if err != nil {
		return 0, err
	}
	if err := db.ExecOne(ctx, tx, `update customer_directory set state = 'compiled', lines = $1, compiled_at = $2, compiled_by = $3, sent_at = null, sent_by = '', version = version + 1, changed_at = $2, changed_by = $4
		where project_id = $5 and id = $6`, n, now, core.ActorOf(ctx).Name, core.ActorOf(ctx).ID, p.ID, d.ID); err != nil {
		return 0, err
	}
	return d.ID, journal.Add(ctx, tx, d.Ref(), "compiled", map[string]string{"lines": core.ID(n).String(), "month": string(month)})
}

func compileLines(ctx context.Context, tx db.Tx, directory core.ID) (int, error) {
	p := core.ProjectOf(ctx).ID
	rows, err := customers(ctx, tx, `and c.state <> 'merged' and c.state <> 'erased' and exists (select 1 from customer_unit s where s.project_id = c.project_id and s.customer_id = c.id
		and s.part = 'tenant' and (s.to_on is null or s.to_on >= $2)) order by c.name_key, c.id`, p, core.Today(ctx))
	if err != nil {
		return 0, err
	}
	if err := withSummary(ctx, tx, rows); err != nil {
		return 0, err
	}
	ids := make([]core.ID, len(rows))
	for i, c := range rows {
		ids[i] = c.ID
	}
	contacts, err := contactsOf(ctx, tx, ids...)
	if err != nil {
		return 0, err
	}
	urgent := emergencies(contacts)
	for _, c := range rows {
		if _, err := db.Exec(ctx, tx, "insert into customer_directory_line (project_id, id, directory_id, customer_id, units, name, contact, phone_mask, emergency) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)",
			p, tx.NewID(), directory, c.ID, c.Units, c.Name, c.Contact, c.Phone.Mask(), urgent[c.ID]); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

func emergencies(contacts []Contact) map[core.ID]string {
	out := map[core.ID]string{}
	for _, k := range contacts {
		if k.Role != RoleInside && k.Role != RoleOutside {
			continue
		}
		words := []string{string(k.Name)}
		for _, p := range k.Phones {
			words = append(words, p.Mask())
		}
		out[k.Customer] = strings.TrimPrefix(out[k.Customer]+"、"+strings.Join(words, " "), "、")
	}
	return out
}

// Send confirms the list and sends it to security (D4.7).
func Send(ctx context.Context, tx db.Tx, id core.ID) error {
	return stepDirectory(ctx, tx, id, Compiled, Sent, "sent_at", "sent_by")
}

// Sign is security's signature for the list; it ends the month's duty of D4.7.
func Sign(ctx context.Context, tx db.Tx, id core.ID) error {
	if err := stepDirectory(ctx, tx, id, Sent, Signed, "signed_at", "signed_by"); err != nil {
		return err
	}
	d, err := getDirectory(ctx, tx, id)
	if err != nil {
		return err
	}
	return duty.Done(ctx, tx, "D4.7", duty.PeriodRef(d.Project, d.Month))
}

func stepDirectory(ctx context.Context, tx db.Tx, id core.ID, from, to, at, by string) error {
	d, err := lockDirectory(ctx, tx, id)
	if err == nil {
		err = canStep(d, from)
	}
	if err != nil {
		return err
	}
	a := core.ActorOf(ctx)
	if err := db.ExecOne(ctx, tx, "update customer_directory set state = $1, "+at+" = $2, "+by+` = $3, version = version + 1, changed_at = $2, changed_by = $4 where project_id = $5 and id = $6 and state = $7`,
		to, core.Now(ctx), a.Name, a.ID, d.Project, id, from); err != nil {
		return err
	}
	return journal.Add(ctx, tx, d.Ref(), to, nil)
}

func canStep(d Directory, from string) error {
	if d.State != from {
		return core.Conflict("通讯录现为「%s」", "The list is “%s” now", core.Label(directoryStates(), d.State))
	}
	return nil
}

func recurring() []duty.Recurring {
	return []duty.Recurring{{Clause: "D4.7", Number: "day", Title: core.T("确认商户通讯录并送安保签收", "Confirm the telephone list and have security sign for it"), URL: "directory"},
		{Clause: "B1.6", Number: "day", Title: core.T("提醒客户核对并更新信息", "Remind customers to check and update their information"), URL: "customer/check"}}
}
