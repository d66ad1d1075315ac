package customer

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	attachment "huiyin/file"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// Directions of a letter.
const (
	Inward  = "in"
	Outward = "out"
)

// Letter is one piece of correspondence (往来) with a customer (C15.7).
type Letter struct {
	ID        core.ID
	At        time.Time // now when zero
	Direction string
	How       string // letter, fax, phone, mail, im
	Subject   string
	Text      string
	By        string
	Source    core.Ref // the record that it was filed from, if any
	Files     []core.Upload
	url       string
}

func (l *Letter) dest() []any {
	return []any{&l.ID, &l.At, &l.Direction, &l.How, &l.Subject, &l.Text, &l.By, &l.Source.Kind, &l.Source.ID}
}

func directions() []core.Choice {
	return []core.Choice{{Value: Inward, Label: core.T("来", "From them")}, {Value: Outward, Label: core.T("往", "To them")}}
}

func letterHows() []core.Choice {
	return []core.Choice{{Value: "letter", Label: core.T("信函", "Letter")}, {Value: "fax", Label: core.T("传真", "Fax")}, {Value: "phone", Label: core.T("电话", "Telephone")}, {Value: "mail", Label: core.T("邮件", "E-mail")}, {Value: "im", Label: core.T("即时消息", "Instant message")}, {Value: "sms", Label: core.T("短信", "Text message")}}
}

// lettersShown is how many lines of correspondence a page shows.
const lettersShown = 30

// Letters is the correspondence of a customer, newest first, at most limit: what was filed, and what the outbox sent.
func Letters(ctx context.Context, tx db.Tx, customer core.ID, limit int) ([]Letter, error) {
	p := core.ProjectOf(ctx).ID
	out, err := db.All(ctx, tx, (*Letter).dest, `select id, at, direction, how, subject, text, by_name, source_kind, source_id from customer_letter
		where project_id = $1 and customer_id = $2 order by at desc, id desc limit $3`, p, customer, limit)
	if err != nil {
		return nil, err
	}
	sent, err := notify.ToCustomer(ctx, tx, p, customer, limit)
	if err != nil {
		return nil, err
	}
	for _, d := range sent {
		_, title, body, err := d.Open(ctx, tx)
		if err != nil {
			return nil, err
		}
		at := d.SentAt
		if at.IsZero() {
			at = d.Created
		}
		how := map[notify.Channel]string{notify.Mail: "mail", notify.SMS: "sms"}[d.Channel]
		if how == "" {
			how = "im"
		}
		text := body
		if d.Template == checkTemplate {
			text = "" // it holds the customer's own link
		}
		if d.State != notify.Sent {
			text = d.State.Name().Say(ctx) + " · " + text
		}
		out = append(out, Letter{At: at, Direction: Outward, How: how, Subject: title, Text: text, By: core.T("系统", "System").Say(ctx), url: "/p/" + core.ProjectOf(ctx).Code + "/" + notify.Kind + "/" + d.Ref.ID.String()})
	}
	slices.SortStableFunc(out, func(a, b Letter) int { return cmp.Compare(b.At.UnixMicro(), a.At.UnixMicro()) })
	return out[:min(len(out), limit)], nil
}

// Correspond files a piece of correspondence under its customer (C15.7): by a clerk, or by the module that received or
// sent it. With the clause switched off only a clerk's own entry is kept.
func Correspond(ctx context.Context, tx db.Tx, id core.ID, in Letter) error {
	on, err := regulation.On(ctx, tx, "C15.7")
	if err != nil || !on && in.Source.Kind != "" {
		return err
	}
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	if in.At.IsZero() {
		in.At = core.Now(ctx)
	}
	if in.At.After(core.Now(ctx).Add(time.Minute)) {
		return core.Invalid("at", "时间不能晚于现在", "It cannot be later than now")
	}
	if in.By == "" {
		in.By = core.ActorOf(ctx).Name
	}
	if _, err := db.Exec(ctx, tx, `insert into customer_letter (project_id, id, customer_id, at, direction, how, subject, text, by_name, source_kind, source_id)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, core.ProjectOf(ctx).ID, tx.NewID(), id, in.At, in.Direction, in.How, in.Subject, in.Text, in.By, in.Source.Kind, in.Source.ID); err != nil {
		return err
	}
	for _, up := range in.Files {
		if _, err := attachment.Attach(ctx, tx, c.Ref(), "letter", up); err != nil {
			return err
		}
	}
	return touched(ctx, tx, c, "corresponded", map[string]any{"direction": in.Direction, "how": in.How, "subject": core.Personal(in.Subject)})
}

func letterVerb() register.Verber {
	return register.Verb[Letter]{Name: "letter", Label: core.T("登记往来", "File correspondence"), Roles: append(keepers(), core.Manager), Clause: "C15.7", Can: canEdit,
		Fields: []core.Field[Letter]{{Name: "direction", Label: core.T("方向", "Direction"), Ptr: func(l *Letter) any { return &l.Direction }, Required: true, Kind: core.KindRadio, Choices: directions()},
			{Name: "how", Label: core.T("方式", "How"), Ptr: func(l *Letter) any { return &l.How }, Required: true, Choices: letterHows()},
			{Name: "subject", Label: core.T("事由", "Subject"), Ptr: func(l *Letter) any { return &l.Subject }, Required: true, Max: 200},
			{Name: "text", Label: core.T("内容摘要", "Summary"), Ptr: func(l *Letter) any { return &l.Text }, Kind: core.KindLines, Max: 4000},
			{Name: "at", Label: core.T("时间(默认现在)", "When (now, if left empty)"), Ptr: func(l *Letter) any { return &l.At }},
			{Name: "files", Label: core.T("扫描件", "Scans"), Ptr: func(l *Letter) any { return &l.Files }, Kind: core.KindFile, Max: 10}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in Letter) (core.ID, error) {
			in.Source = core.Ref{}
			return id, Correspond(ctx, tx, id, in)
		}}
}

// letterTable is the correspondence as the customer's page shows it; nothing with C15.7 switched off.
func letterTable(ctx context.Context, ls []Letter) ui.TableView {
	t := ui.TableView{Columns: heads(core.T("时间", "When"), core.T("方向", "Direction"), core.T("方式", "How"), core.T("事由", "Subject"), core.T("内容", "Text"), core.T("人员", "Who")), Empty: core.T("还没有往来记录", "No correspondence yet")}
	for _, l := range ls {
		row := cells(ui.Full(ctx, l.At), core.Label(directions(), l.Direction).Say(ctx), core.Label(letterHows(), l.How).Say(ctx), l.Subject, short(l.Text), l.By)
		row.Cells[3].Href = l.url
		if l.Source.Kind == "desk" {
			row.Cells[3].Href = "/p/" + core.ProjectOf(ctx).Code + "/desk/" + l.Source.ID.String()
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// short is a text's beginning, for a table.
func short(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return string(r)
}
