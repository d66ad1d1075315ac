// Package notify tells people what has happened: users by the bell inside the application, and users, customers' contacts
// and other programs outside it, over the outbox.
//
// A message goes to one user, or once to a role and is then read by each holder for himself. Whoever takes up a role
// later sees what the role was told in the last thirty days. A message carries a title and a link, nothing personal: the
// page behind the link checks the right. It also goes out by the channels that its reader chose (Choice): urgent ones at
// once, ordinary ones at once outside the quiet hours or in a daily digest.
//
// The outbox holds one row a delivery. A verb queues it in its own transaction (Send, Tell, Event), jobs send it after the
// commit, and no transaction is open meanwhile: see deliver.go.
package notify

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/job"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// Message is one notification.
type Message struct {
	ID     core.ID // set by Tell
	Ref    core.Ref
	Title  core.Text
	URL    string
	Urgent bool
	At     time.Time // business time, set by Tell
	Role   core.Role // empty: told to the user himself
}

const (
	listMax = 50                  // messages that Unread lists; the number counts all
	roleFor = 30 * 24 * time.Hour // how long a message to a role stays unread
)

// Topic names what a browser listens to: "p/7/notify/42" or "p/7/notify/cashier".
func Topic(project core.ID, to string) string { return fmt.Sprintf("p/%s/notify/%s", project, to) }

// Tell notifies one user in the project.
func Tell(ctx context.Context, tx db.Tx, project, user core.ID, m Message) error {
	return insert(ctx, tx, project, user, "", m)
}

// TellRole notifies everybody who holds the role in the project, now or within thirty days.
func TellRole(ctx context.Context, tx db.Tx, project core.ID, role core.Role, m Message) error {
	return insert(ctx, tx, project, 0, role, m)
}

func insert(ctx context.Context, tx db.Tx, project, user core.ID, role core.Role, m Message) error {
	var to any
	topic := user.String()
	if role != "" {
		to, topic = string(role), string(role)
	}
	db.Late(tx, told{}, []any{project, tx.NewID(), user, to, m.Ref.Kind, m.Ref.ID, m.Ref.Project, m.Title.ZH, m.Title.EN, m.URL, m.Urgent, core.Now(ctx)}, store)
	tx.Publish(Topic(project, topic))
	return nil
}

// told is the key of the messages that wait for the end of their commit.
type told struct{}

// store writes the messages of one commit, and one job that sends them out where the firm has a channel to send by.
func store(ctx context.Context, tx db.Tx, rows [][]any) error {
	s, err := SettingsOf(ctx, tx)
	if err != nil {
		return err
	}
	if s.anyOn() {
		messages := make([]parcel, len(rows))
		for i, r := range rows {
			messages[i] = parcel{r[0].(core.ID), r[1].(core.ID)}
		}
		if err := job.Add(ctx, tx, routeJob, messages); err != nil {
			return err
		}
	}
	return db.InsertRows(ctx, tx, `notify_message (project_id, id, user_id, role, ref_kind, ref_id, ref_project,
		title_zh, title_en, url, urgent, created_at)`, "", rows)
}

// unread is the messages that $2 has not read: his own, and those since $3 of the roles that are listed from $4 on.
func unread(roles int) string {
	of := ""
	if roles > 0 {
		of = fmt.Sprintf(` union all select m.id from notify_message m where m.project_id = $1 and m.role in (%s) and m.created_at >= $3
			and not exists (select 1 from notify_read r where r.project_id = $1 and r.message_id = m.id and r.user_id = $2)`, marks(4, roles))
	}
	return `select id from notify_message where project_id = $1 and user_id = $2 and read_at is null` + of
}

func marks(from, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("$%d", from+i)
	}
	return strings.Join(out, ", ")
}

func arguments(ctx context.Context, project, user core.ID, roles []core.Role) []any {
	args := []any{project, user}
	if len(roles) > 0 {
		args = append(args, core.Now(ctx).Add(-roleFor))
	}
	for _, r := range roles {
		args = append(args, r)
	}
	return args
}

// Unread counts the user's unread messages in the project and lists the newest fifty, urgent ones first.
func Unread(ctx context.Context, tx db.Tx, project, user core.ID, roles []core.Role) (int, []Message, error) {
	args := arguments(ctx, project, user, roles)
	n, err := db.Value[int](ctx, tx, "select count(*) from ("+unread(len(roles))+") u", args...)
	if err != nil || n == 0 {
		return n, nil, err
	}
	list, err := db.All(ctx, tx, func(m *Message) []any {
		return []any{&m.ID, &m.Ref.Kind, &m.Ref.ID, &m.Ref.Project, &m.Title.ZH, &m.Title.EN, &m.URL, &m.Urgent, &m.At, &m.Role}
	}, `select id, ref_kind, ref_id, ref_project, title_zh, title_en, url, urgent, created_at, role from notify_message
		where project_id = $1 and id in (`+unread(len(roles))+`) order by urgent desc, id desc limit `+fmt.Sprint(listMax), args...)
	return n, list, err
}

// CountUnread counts what Unread counts, up to core.CountMax.
func CountUnread(ctx context.Context, tx db.Tx, project, user core.ID, roles []core.Role) (int64, error) {
	return db.Value[int64](ctx, tx, fmt.Sprintf("select count(*) from (select id from (%s) u limit %d) x", unread(len(roles)), core.CountMax), arguments(ctx, project, user, roles)...)
}

// MarkRead marks messages that the user has seen; without ids, all of them. It passes over what is not his.
func MarkRead(ctx context.Context, tx db.Tx, project, user core.ID, roles []core.Role, ids ...core.ID) error {
	if len(ids) == 0 {
		if _, err := db.Exec(ctx, tx, "update notify_message set read_at = $1 where project_id = $2 and user_id = $3 and read_at is null", core.Now(ctx), project, user); err != nil {
			return err
		} // what is left to read one by one went to his roles
	}
	mine, err := db.Values[core.ID](ctx, tx, unread(len(roles)), arguments(ctx, project, user, roles)...)
	if err != nil {
		return err
	}
	now := core.Now(ctx)
	for _, id := range mine {
		if len(ids) > 0 && !slices.Contains(ids, id) {
			continue
		}
		n, err := db.Exec(ctx, tx, "update notify_message set read_at = $1 where project_id = $2 and id = $3 and user_id = $4", now, project, id, user)
		if err == nil && n == 0 {
			_, err = db.Exec(ctx, tx, `insert into notify_read (project_id, message_id, user_id, read_at) values ($1, $2, $3, $4)
				on conflict (project_id, message_id, user_id) do nothing`, project, id, user, now)
		}
		if err != nil {
			return err
		}
	}
	tx.Publish(Topic(project, user.String()))
	return nil
}
