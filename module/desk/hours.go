package desk

import (
	"context"
	"net/mail"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// Line is the mailbox that stands beside the hotline (B4.1).
type Line struct{ Mailbox string }

// lineRef names the project's one line in the journal.
func lineRef(ctx context.Context, id core.ID) core.Ref {
	return core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "desk-line", ID: id}
}

func mailbox(ctx context.Context, tx db.Tx) (string, error) {
	p := core.ProjectOf(ctx).ID
	return db.Cached(tx, lineKey{p}, []string{"desk_line"}, func() (string, error) {
		return db.Value[string](ctx, tx, "select mailbox from desk_line where project_id = $1", p)
	})
}

type lineKey struct{ project core.ID }

// SetLine sets the project's mailbox (B4.1: one hotline and one mailbox); the hotline is the project's own.
func SetLine(ctx context.Context, tx db.Tx, in Line) error {
	if a, err := mail.ParseAddress(in.Mailbox); in.Mailbox != "" && (err != nil || a.Address != in.Mailbox) {
		return core.Invalid("mailbox", "%q 不是邮箱地址", "%q is no e-mail address", in.Mailbox)
	}
	id, err := db.Value[core.ID](ctx, tx, `insert into desk_line (project_id, id, created_at, created_by, changed_at, changed_by, mailbox) values ($1,$2,$3,$4,$3,$4,$5)
		on conflict (project_id) do update set mailbox = excluded.mailbox, changed_at = excluded.changed_at, changed_by = excluded.changed_by, version = desk_line.version + 1 returning id`,
		core.ProjectOf(ctx).ID, tx.NewID(), core.Now(ctx), core.ActorOf(ctx).ID, in.Mailbox)
	if err != nil {
		return err
	}
	return journal.Add(ctx, tx, lineRef(ctx, id), "set", in)
}

func lineVerb() register.Verber {
	return register.Verb[Line]{Name: "line", New: true, Label: core.T("设置客服邮箱", "Set the mailbox"), Roles: []core.Role{core.Supervisor, core.Manager}, Clause: "B4.1",
		Fields: []core.Field[Line]{{Name: "mailbox", Label: core.T("统一的客服邮箱", "The one mailbox"), Hint: core.T("热线在「设置 · 项目」中,服务时间在条款 B4.1 中", "The hotline is set with the project, the hours with clause B4.1"), Ptr: func(l *Line) any { return &l.Mailbox }, Max: 120}},
		Fill: func(ctx context.Context, tx db.Tx, _ core.ID, l *Line) (err error) {
			l.Mailbox, err = mailbox(ctx, tx)
			return err
		},
		Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Line) (core.ID, error) {
			return 0, SetLine(ctx, tx, in)
		},
		Next: func(ctx context.Context, _ core.ID) string { return Kind().Href(ctx, 0) }}
}

// hoursText says when the desk is there and how it is reached (B4.1, C19.1, D5.1), as far as the clauses are in force.
func hoursText(ctx context.Context, tx db.Tx) (string, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return "", err
	}
	var parts []string
	if rules.On("B4.1") {
		if parts, err = reached(ctx, tx, rules); err != nil {
			return "", err
		}
	}
	if rules.On("C19.1") {
		parts = append(parts, core.T("热线每日 %d 小时", "Hotline %d hours a day", rules.Count("C19.1", "hours")).Say(ctx))
	}
	if rules.On("D5.1") {
		parts = append(parts, core.T("全年接待 %d 天、报修投诉每日 %d 小时", "Reception %d days a year, repairs and complaints %d hours a day", rules.Count("D5.1", "days"), rules.Count("D5.1", "hours")).Say(ctx))
	}
	return ui.Join(parts...), nil
}

func reached(ctx context.Context, tx db.Tx, rules *regulation.Rules) ([]string, error) {
	p, err := project.Get(ctx, tx, core.ProjectOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	box, err := mailbox(ctx, tx)
	if err != nil {
		return nil, err
	}
	out := []string{core.T("客服每日 %s–%s,节假日照常", "Desk %s–%s every day, holidays too", hm(rules.Clock("B4.1", "open")), hm(rules.Clock("B4.1", "close"))).Say(ctx)}
	if p.Hotline != "" {
		out = append(out, core.T("热线 %s", "Hotline %s", string(p.Hotline)).Say(ctx))
	}
	if box != "" {
		out = append(out, core.T("邮箱 %s", "Mail %s", box).Say(ctx))
	}
	return out, nil
}

func hm(d time.Duration) string { return time.Time{}.Add(d).Format("15:04") }
