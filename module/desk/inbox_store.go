package desk

import (
	"context"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/notify"
	"huiyin/register"
)

const inboxSelect = `select b.id, b.version, b.name, b.host, b.port, b.security, b.allow_plain, b.login, b.password, b.address, b.folder, b.done_folder, b.enabled, s.validity, s.last_uid, s.checked_at, s.error
	from desk_inbox b left join desk_inbox_state s on s.project_id = b.project_id and s.inbox_id = b.id where b.project_id = $1 and b.voided_at is null `

func inboxes(ctx context.Context, tx db.Tx, where string) ([]Inbox, error) {
	return db.All(ctx, tx, (*Inbox).dest, inboxSelect+where+" order by b.id", core.ProjectOf(ctx).ID)
}

func getInbox(ctx context.Context, tx db.Tx, id core.ID) (Inbox, error) {
	b, err := db.One(ctx, tx, (*Inbox).dest, inboxSelect+"and b.id = $2", core.ProjectOf(ctx).ID, id)
	if err != nil {
		return b, err
	}
	plain, err := db.Unseal(tx, b.sealed)
	b.Password = core.Secret(plain)
	return b, err
}

func saveInbox(ctx context.Context, tx db.Tx, b Inbox) error {
	_, err := db.Exec(ctx, tx, `insert into desk_inbox (project_id, id, created_at, created_by, changed_at, changed_by, name, host, port, security, allow_plain, login, password, address, folder, done_folder, enabled)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15) on conflict (project_id, id) do update set name = excluded.name, host = excluded.host, port = excluded.port, security = excluded.security,
		allow_plain = excluded.allow_plain, login = excluded.login, password = excluded.password, address = excluded.address, folder = excluded.folder, done_folder = excluded.done_folder, enabled = excluded.enabled,
		changed_at = excluded.changed_at, changed_by = excluded.changed_by, version = desk_inbox.version + 1`,
		core.ProjectOf(ctx).ID, b.ID, core.Now(ctx), core.ActorOf(ctx).ID, b.Name, b.Host, b.Port, b.Security, b.AllowPlain, b.Login, db.Seal(tx, string(b.Password)), b.Address, b.Folder, b.Done, b.Enabled)
	return err
}

// reached stores how far a mailbox has been read, in the letter's own transaction.
func (b *Inbox) reached(ctx context.Context, tx db.Tx, validity, uid int64) error {
	_, err := db.Exec(ctx, tx, `insert into desk_inbox_state (project_id, inbox_id, validity, last_uid, checked_at) values ($1,$2,$3,$4,$5)
		on conflict (project_id, inbox_id) do update set last_uid = case when desk_inbox_state.validity <> excluded.validity or desk_inbox_state.last_uid < excluded.last_uid then excluded.last_uid else desk_inbox_state.last_uid end,
		validity = excluded.validity, checked_at = excluded.checked_at`, core.ProjectOf(ctx).ID, b.ID, validity, uid, time.Now())
	return err
}

// looked notes how a look went; the first failure after a good one is told to the administrators.
func (b *Inbox) looked(ctx context.Context, tx db.Tx, failure error) error {
	said := ""
	if failure != nil {
		said = clip(clean(failure.Error()), 300)
	}
	p := core.ProjectOf(ctx).ID
	if _, err := db.Exec(ctx, tx, `insert into desk_inbox_state (project_id, inbox_id, validity, last_uid, checked_at, error) values ($1,$2,0,0,$3,$4)
		on conflict (project_id, inbox_id) do update set checked_at = excluded.checked_at, error = excluded.error`, p, b.ID, time.Now(), said); err != nil {
		return err
	}
	if said == "" || b.Error != "" {
		return nil
	}
	return notify.TellRole(ctx, tx, p, core.Admin, notify.Message{Ref: inboxKind.Ref(ctx, b.ID), URL: inboxKind.Href(ctx, b.ID), Urgent: true, Title: core.T("收信邮箱「%s」收不到信", "No letters come from the mailbox “%s”", b.Name)})
}

func (m *MailIn) dest() []any {
	return []any{&m.ID, &m.Version, &m.Inbox, &m.Message, &m.Name, &m.Address, &m.Subject, &m.Text, &m.At, &m.Size, &m.State, &m.Reason.ZH, &m.Reason.EN, &m.Matter, &m.MatterNumber, &m.Customer, &m.CustomerName, &m.Answered, &m.EndedBy}
}

const mailSelect = `select id, version, inbox_id, message_id, from_name, from_address, subject, text, received_at, size, state, reason, reason_en, matter_id, matter_number, customer_id, customer_name, answered, ended_by
	from desk_mail where project_id = $1 `

func getMail(ctx context.Context, tx db.Tx, id core.ID) (MailIn, error) {
	return db.One(ctx, tx, (*MailIn).dest, mailSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
}

func lockMail(ctx context.Context, tx db.Tx, id core.ID) (MailIn, error) {
	return db.One(ctx, tx, (*MailIn).dest, db.Locked(tx, mailSelect+"and id = $2"), core.ProjectOf(ctx).ID, id)
}

// insertMail stores a letter; 0 rows: it was taken in before.
func insertMail(ctx context.Context, tx db.Tx, m MailIn, e envelope, key string) (int64, error) {
	now := core.Now(ctx)
	return db.Exec(ctx, tx, `insert into desk_mail (project_id, id, created_at, created_by, changed_at, changed_by, inbox_id, validity, uid, letter_key, message_id, from_name, from_address, subject, text, received_at, size, state)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16) on conflict do nothing`,
		core.ProjectOf(ctx).ID, m.ID, now, core.ActorOf(ctx).ID, m.Inbox, e.Validity, e.UID, key, m.Message, m.Name, m.Address, m.Subject, m.Text, m.At, m.Size, m.State)
}

// settleMail writes what became of a letter.
func settleMail(ctx context.Context, tx db.Tx, m MailIn) error {
	return db.ExecOne(ctx, tx, `update desk_mail set state = $1, reason = $2, reason_en = $3, matter_id = $4, matter_number = $5, customer_id = $6, customer_name = $7, answered = $8, ended_by = $9,
		version = version + 1, changed_at = $10, changed_by = $11 where project_id = $12 and id = $13`,
		m.State, m.Reason.ZH, m.Reason.EN, m.Matter, m.MatterNumber, m.Customer, m.CustomerName, m.Answered, m.EndedBy, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, m.ID)
}

// thread finds the matter that a letter belongs to: by the letters it answers, ours or the customer's, else by the number
// in its subject.
func thread(ctx context.Context, tx db.Tx, l letter) (core.ID, error) {
	p := core.ProjectOf(ctx).ID
	for _, ref := range l.Refs {
		id, err := db.Values[core.ID](ctx, tx, "select matter_id from desk_mail where project_id = $1 and message_id = $2 and matter_id is not null limit 1", p, ref)
		if err != nil || len(id) > 0 && id[0] != 0 {
			return first(id), err
		}
		about, err := notify.ByMessageID(ctx, tx, p, ref)
		if err != nil || about.Kind == "desk" {
			return about.ID, err
		}
	}
	for _, number := range numberPattern.FindAllString(strings.ToUpper(l.Subject), 3) {
		id, err := db.Values[core.ID](ctx, tx, "select id from desk_matter where project_id = $1 and number = $2 and state <> 'void'", p, number)
		if err != nil || len(id) > 0 {
			return first(id), err
		}
	}
	return 0, nil
}

func first(ids []core.ID) core.ID {
	if len(ids) == 0 {
		return 0
	}
	return ids[0]
}

// lately counts the letters of an address since a time: all of them, and those that were answered.
func lately(ctx context.Context, tx db.Tx, address string, since time.Time) (all, answered int64, err error) {
	type counts struct{ all, answered int64 }
	c, err := db.One(ctx, tx, func(c *counts) []any { return []any{&c.all, &c.answered} }, `select count(*), coalesce(sum(case when answered then 1 else 0 end), 0) from desk_mail
		where project_id = $1 and from_address = $2 and created_at > $3`, core.ProjectOf(ctx).ID, address, since)
	return c.all, c.answered, err
}

func findMail(ctx context.Context, tx db.Tx, q register.Query) ([]MailIn, error) {
	c := db.Where{Conds: []string{"1 = 1"}, Args: []any{core.ProjectOf(ctx).ID}}
	if s := q.Filter["state"]; s != "" {
		c.Add("state = ?", s)
	}
	if q.Text != "" {
		c.Add("from_address = ?", strings.ToLower(strings.TrimSpace(q.Text)))
	}
	if q.After != "" {
		last, err := core.ParseID(q.After)
		if err != nil {
			return nil, core.Invalid("after", "页码不正确", "The page key is wrong")
		}
		c.Add("id < ?", last)
	}
	c.Args = append(c.Args, q.Limit)
	return db.All(ctx, tx, (*MailIn).dest, mailSelect+"and "+c.String()+" order by id desc limit $"+core.ID(len(c.Args)).String(), c.Args...)
}

// eraseMail blanks the letters of a customer whose personal data is erased (L5); the originals go out of force.
func eraseMail(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	ids, err := db.Values[core.ID](ctx, tx, "update desk_mail set from_name = '', from_address = '', subject = '', text = '', customer_name = '' where project_id = $1 and customer_id = $2 returning id", project, customer)
	for _, id := range ids {
		if err != nil {
			return err
		}
		var fs []file.File
		fs, err = file.List(ctx, tx, core.Ref{Project: project, Kind: "mail", ID: id})
		for _, f := range fs {
			if err == nil {
				err = file.Void(ctx, tx, f, "个人信息已删除")
			}
		}
	}
	return err
}
