package customer

import (
	"context"
	"math"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
)

// Handover is the passing on of a leaver's customers (C15.4).
type Handover struct {
	Project    core.ID
	ID         core.ID
	Version    int64
	At         time.Time
	Leaver     core.ID
	LeaverName string
	To         core.ID
	ToName     string
	State      string // "open", "done"
	Count      int64
	DoneAt     time.Time
}

func (h *Handover) dest() []any {
	return []any{&h.Project, &h.ID, &h.Version, &h.At, &h.Leaver, &h.LeaverName, &h.To, &h.ToName, &h.State, &h.Count, &h.DoneAt}
}

// Ref names the handover.
func (h Handover) Ref() core.Ref { return core.Ref{Project: h.Project, Kind: "handover", ID: h.ID} }

// HandoverKind is its register's kind.
var HandoverKind = register.Kind{Name: "handover", Plural: "handovers", Label: core.T("客户移交", "Handovers"), Table: "customer_handover", Events: map[string]core.Text{
	"opened": core.T("离职,客户待移交", "left; the customers are to be handed over"), "handed": core.T("移交 {count} 户给 {to}", "handed {count} customers to {to}"), "told": core.T("已通知客户", "the customers were told")}}

const handoverSelect = `select h.project_id, h.id, h.version, h.created_at, h.leaver_id, h.leaver_name, h.to_id, h.to_name, h.state, h.count_of, h.done_at from customer_handover h where h.project_id = $1 `

func getHandover(ctx context.Context, tx db.Tx, id core.ID) (Handover, error) {
	return db.One(ctx, tx, (*Handover).dest, handoverSelect+"and h.id = $2", core.ProjectOf(ctx).ID, id)
}

// findHandovers lists them, the newest first.
func findHandovers(ctx context.Context, tx db.Tx, q register.Query) ([]Handover, error) {
	before := int64(math.MaxInt64)
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		before = int64(id)
	}
	return db.All(ctx, tx, (*Handover).dest, handoverSelect+"and h.id < $2 order by h.id desc limit $3", core.ProjectOf(ctx).ID, before, q.Limit)
}

// term of the handover when a leaver's customers wait for another: one working day a step of escalation is enough.
func handoverDue(ctx context.Context, tx db.Tx) (time.Time, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return time.Time{}, err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	return clock.Due(core.Now(ctx), rules.Span("C15.2", "term"), ""), err
}

// Leaver opens the duty to hand a leaver's customers over (C15.4); without customers there is none. It is due like any
// other change of customers' particulars (C15.2).
func Leaver(ctx context.Context, tx db.Tx, user core.ID) error {
	return LeaverNamed(ctx, tx, user, "")
}

// LeaverNamed is Leaver with the leaver's name for the papers.
func LeaverNamed(ctx context.Context, tx db.Tx, user core.ID, name string) error {
	p := core.ProjectOf(ctx).ID
	n, err := db.Value[int64](ctx, tx, "select count(*) from customer_customer where project_id = $1 and keeper_id = $2 and state <> 'merged' and state <> 'erased'", p, user)
	if err != nil || n == 0 {
		return err
	}
	open, err := db.Value[core.ID](ctx, tx, "select id from customer_handover where project_id = $1 and leaver_id = $2 and state = 'open'", p, user)
	if err != nil || open != 0 {
		return err
	}
	h := Handover{Project: p, ID: tx.NewID()}
	_, err = db.Exec(ctx, tx, `insert into customer_handover (project_id, id, created_at, created_by, changed_at, changed_by, leaver_id, leaver_name, state, count_of)
		values ($1,$2,$3,$4,$3,$4,$5,$6,'open',$7)`, p, h.ID, core.Now(ctx), core.ActorOf(ctx).ID, user, name, n)
	if err != nil {
		return err
	}
	due, err := handoverDue(ctx, tx)
	if err != nil {
		return err
	}
	title := core.T("移交离职人员的 %d 户客户", "Hand over the leaver's %d customers", n)
	if err := duty.Open(ctx, tx, "C15.4", h.Ref(), duty.Number("handover"), duty.Due(due), duty.About(title, HandoverKind.Href(ctx, h.ID))); err != nil {
		return err
	}
	return journal.Add(ctx, tx, h.Ref(), "opened", map[string]any{"leaver": user, "count": n})
}

// HandOver gives all customers of the handover's leaver to another employee in one step, and lists the customers who
// are to be told by letter.
func HandOver(ctx context.Context, tx db.Tx, id, to core.ID, toName string) error {
	h, err := db.One(ctx, tx, (*Handover).dest, db.Locked(tx, handoverSelect+"and h.id = $2"), core.ProjectOf(ctx).ID, id)
	if err == nil {
		err = canHandOver(h, to)
	}
	if err != nil {
		return err
	}
	now := core.Now(ctx)
	ids, err := db.Values[core.ID](ctx, tx, `update customer_customer set keeper_id = $1, version = version + 1, changed_at = $2, changed_by = $3
		where project_id = $4 and keeper_id = $5 and state <> 'merged' and state <> 'erased' returning id`, to, now, core.ActorOf(ctx).ID, h.Project, h.Leaver)
	if err != nil {
		return err
	}
	for _, c := range ids {
		told, how, err := write(ctx, tx, h, c, toName)
		if err != nil {
			return err
		}
		if _, err := db.Exec(ctx, tx, "insert into customer_handover_line (project_id, id, handover_id, customer_id, told_at, told_how) values ($1,$2,$3,$4,$5,$6)", h.Project, tx.NewID(), id, c, told, how); err != nil {
			return err
		}
		if err := journal.Add(ctx, tx, core.Ref{Project: h.Project, Kind: "customer", ID: c}, "kept", map[string]string{"to": toName}, journal.For(c)); err != nil {
			return err
		}
	}
	if err := db.ExecOne(ctx, tx, `update customer_handover set state = 'done', to_id = $1, to_name = $2, count_of = $3, done_at = $4, version = version + 1, changed_at = $4, changed_by = $5
		where project_id = $6 and id = $7 and state = 'open'`, to, toName, len(ids), now, core.ActorOf(ctx).ID, h.Project, id); err != nil {
		return err
	}
	tx.Publish(Topic(h.Project))
	if err := duty.Done(ctx, tx, "C15.4", h.Ref()); err != nil {
		return err
	}
	return journal.Add(ctx, tx, h.Ref(), "handed", map[string]any{"count": core.ID(len(ids)).String(), "to": toName})
}

// write sends the letter about the new contact person to those of a customer's contacts who get their mail by e-mail
// (C15.4); everybody else gets it on paper.
func write(ctx context.Context, tx db.Tx, h Handover, id core.ID, toName string) (told time.Time, how string, err error) {
	ks, err := Contacts(ctx, tx, id)
	for _, k := range ks {
		choice, chosen, err := notify.ChoiceOf(ctx, tx, h.Project, k.ID)
		if err != nil {
			return told, how, err
		}
		if !chosen || choice.Mail == "" || !slices.Contains(choice.Ordinary, string(notify.Mail)) {
			continue
		}
		l := notify.Letter{Template: "customer.handover", Ref: h.Ref(), Title: core.T("客户服务人员变更通知", "Change of your contact person"), Body: letterText(toName)}
		if err := notify.Send(ctx, tx, h.Project, notify.To{Customer: id, Contact: k.ID, Mail: choice.Mail, Channel: notify.Mail}, l); err != nil {
			return told, how, err
		}
		told, how = core.Now(ctx), core.T("电子邮件", "E-mail").Say(ctx)
	}
	return told, how, err
}

// letterText is what a customer is told about his new contact person.
func letterText(toName string) core.Text {
	return core.T("因人员变动,自即日起由 %s 负责与贵方的日常联系,原由其同事办理的事项一并接续办理。如有需要,请随时与我们联系。", "Because of a change of staff, %s is your contact person from today and carries on with everything that is open. Please get in touch whenever you need us.", toName)
}

func canHandOver(h Handover, to core.ID) error {
	if h.State != "open" {
		return core.Conflict("已经移交", "They were handed over already")
	}
	if to == h.Leaver {
		return core.Invalid("to", "不能移交给离职者本人", "They cannot go to the leaver")
	}
	return nil
}

// HandoverLine is one customer of a handover, who is told by letter.
type HandoverLine struct {
	ID       core.ID
	Customer core.ID
	Name     string
	ToldAt   time.Time
	ToldHow  string
}

// HandoverLines lists the customers of a handover.
func HandoverLines(ctx context.Context, tx db.Tx, id core.ID) ([]HandoverLine, error) {
	return db.All(ctx, tx, func(l *HandoverLine) []any { return []any{&l.ID, &l.Customer, &l.Name, &l.ToldAt, &l.ToldHow} },
		`select l.id, l.customer_id, c.name, l.told_at, l.told_how from customer_handover_line l
		join customer_customer c on c.project_id = l.project_id and c.id = l.customer_id where l.project_id = $1 and l.handover_id = $2 order by l.id`, core.ProjectOf(ctx).ID, id)
}

// Told records that the customers of a handover have got their letters.
func Told(ctx context.Context, tx db.Tx, id core.ID, how string) error {
	h, err := db.One(ctx, tx, (*Handover).dest, db.Locked(tx, handoverSelect+"and h.id = $2"), core.ProjectOf(ctx).ID, id)
	if err != nil {
		return err
	}
	if h.State != "done" {
		return core.Conflict("请先移交", "Hand them over first")
	}
	now := core.Now(ctx)
	if _, err := db.Exec(ctx, tx, "update customer_handover_line set told_at = $1, told_how = $2 where project_id = $3 and handover_id = $4 and told_at is null", now, how, h.Project, id); err != nil {
		return err
	}
	if err := db.ExecOne(ctx, tx, "update customer_handover set version = version + 1, changed_at = $1, changed_by = $2 where project_id = $3 and id = $4", now, core.ActorOf(ctx).ID, h.Project, id); err != nil {
		return err
	}
	return journal.Add(ctx, tx, h.Ref(), "told", map[string]string{"how": how})
}
