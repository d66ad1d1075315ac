package desk

import (
	"context"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

var inboxKind = register.Kind{Name: "inbox", Plural: "inboxes", Label: core.T("收信邮箱", "Mailboxes"), Table: "desk_inbox", Events: map[string]core.Text{"created": core.T("设立 {name}", "set up {name}"), "changed": core.T("修改 {name}", "changed {name}"), "voided": core.T("停用:{reason}", "ended: {reason}")}}

var mailKind = register.Kind{Name: "mail", Plural: "mails", Label: core.T("来信", "E-mails"), Table: "desk_mail", Events: map[string]core.Text{
	MailMatter: core.T("受理为 {number}", "taken down as {number}"), MailAppended: core.T("并入 {number}", "went on with {number}"), MailSkipped: core.T("未受理", "not taken down"),
	MailBroken: core.T("需人工处理", "to be looked at by a person"), MailSettled: core.T("已处理:{note}", "dealt with: {note}")}}

func mailStates() []core.Choice {
	return []core.Choice{{Value: MailMatter, Label: core.T("已受理", "Taken down")}, {Value: MailAppended, Label: core.T("已并入诉求", "Part of a matter")}, {Value: MailSkipped, Label: core.T("自动邮件,未受理", "Automatic, not taken down")},
		{Value: MailBroken, Label: core.T("无法解读的邮件", "Letters that cannot be read")}, {Value: MailSettled, Label: core.T("已处理", "Dealt with")}}
}

func securities() []core.Choice {
	return []core.Choice{{Value: notify.TLS, Label: ui.Plain("SSL/TLS")}, {Value: notify.StartTLS, Label: ui.Plain("STARTTLS")}, {Value: notify.Plain, Label: core.T("不加密(仅本机)", "None (this machine only)")}}
}

func inboxFields() []core.Field[Inbox] {
	return []core.Field[Inbox]{
		{Name: "name", Label: core.T("名称", "Name"), Ptr: func(b *Inbox) any { return &b.Name }, Required: true, Max: 60, Hint: core.T("例如:客服信箱", "For example: front desk")},
		{Name: "address", Label: core.T("邮箱地址", "E-mail address"), Ptr: func(b *Inbox) any { return &b.Address }, Required: true, Max: 200},
		{Name: "host", Label: core.T("IMAP 服务器", "IMAP server"), Ptr: func(b *Inbox) any { return &b.Host }, Required: true, Max: 200, Hint: core.T("如 imap.exmail.qq.com", "Such as imap.example.com")},
		{Name: "security", Label: core.T("加密", "Encryption"), Ptr: func(b *Inbox) any { return &b.Security }, Kind: core.KindRadio, Required: true, Choices: securities()},
		{Name: "port", Label: core.T("端口", "Port"), Ptr: func(b *Inbox) any { return &b.Port }, Max: 65535, Hint: core.T("填 0 用常用端口:993 或 143", "0 takes the usual one: 993 or 143")},
		{Name: "login", Label: core.T("用户名", "User name"), Ptr: func(b *Inbox) any { return &b.Login }, Required: true, Max: 200},
		{Name: "password", Label: core.T("密码或授权码", "Password"), Ptr: func(b *Inbox) any { return &b.Password }, Hint: core.T("不显示已保存的内容;留空则不变", "What is saved is not shown; left empty, it stays")},
		{Name: "folder", Label: core.T("收信文件夹", "Folder to read"), Ptr: func(b *Inbox) any { return &b.Folder }, Max: 200, Hint: core.T("不填为 INBOX", "INBOX, if left empty")},
		{Name: "done_folder", Label: core.T("受理后移到", "Moved to, once taken in"), Ptr: func(b *Inbox) any { return &b.Done }, Max: 200, Hint: core.T("不填则留在原处,标为已读", "Left empty, letters stay and are marked as read")},
		{Name: "allow_plain", Label: core.T("允许不加密连接别的机器", "Allow another machine without encryption"), Ptr: func(b *Inbox) any { return &b.AllowPlain }},
		{Name: "enabled", Label: core.T("启用", "Enabled"), Ptr: func(b *Inbox) any { return &b.Enabled }},
	}
}

func inboxRegister() register.Register[Inbox] {
	admins := []core.Role{core.Admin}
	var shown []core.Field[Inbox]
	for _, f := range inboxFields() {
		if f.Name != "password" {
			shown = append(shown, f)
		}
	}
	shown = append(shown, core.Field[Inbox]{Name: "checked", Label: core.T("最近一次收信", "Last look"), Ptr: func(b *Inbox) any { return &b.Checked }},
		core.Field[Inbox]{Name: "error", Label: core.T("最近的错误", "Last error"), Ptr: func(b *Inbox) any { return &b.Error }})
	return register.Register[Inbox]{Kind: inboxKind, Viewers: admins, Columns: []string{"name", "address", "host", "enabled", "checked", "error"}, Fields: shown,
		ID: func(b *Inbox) core.ID { return b.ID }, Version: func(b *Inbox) int64 { return b.Version },
		Find: func(ctx context.Context, tx db.Tx, _ register.Query) ([]Inbox, error) { return inboxes(ctx, tx, "") }, Get: getInbox, Record: inboxRecord,
		Verbs: []register.Verber{
			register.Verb[Inbox]{Name: "new", Label: core.T("新设邮箱", "New mailbox"), New: true, Primary: true, Roles: admins, Fields: inboxFields(), Do: putInbox, Said: core.T("已保存", "Saved"),
				Fill: func(_ context.Context, _ db.Tx, _ core.ID, b *Inbox) error {
					b.Security, b.Folder, b.Enabled = notify.TLS, "INBOX", true
					return nil
				}},
			register.Verb[Inbox]{Name: "edit", Label: core.T("修改", "Edit"), Roles: admins, Fields: inboxFields(), Do: putInbox, Said: core.T("已保存", "Saved"),
				Fill: func(ctx context.Context, tx db.Tx, id core.ID, b *Inbox) (err error) {
					*b, err = getInbox(ctx, tx, id)
					b.Password = ""
					return err
				}},
			register.Verb[Note]{Name: "void", Label: core.T("停用邮箱", "End"), Danger: true, Roles: admins, Fields: noteFields(core.T("理由", "Reason")), Said: core.T("已停用", "Ended"),
				Do: func(ctx context.Context, tx db.Tx, id core.ID, in Note) (core.ID, error) {
					if err := db.ExecOne(ctx, tx, "update desk_inbox set voided_at = $1, voided_by = $2, void_reason = $3, enabled = false, version = version + 1, changed_at = $1, changed_by = $2 where project_id = $4 and id = $5 and voided_at is null",
						core.Now(ctx), core.ActorOf(ctx).ID, in.Text, core.ProjectOf(ctx).ID, id); err != nil {
						return 0, err
					}
					return id, journal.Add(ctx, tx, inboxKind.Ref(ctx, id), "voided", map[string]string{"reason": in.Text})
				},
				Next: func(ctx context.Context, _ core.ID) string { return inboxKind.Href(ctx, 0) }},
		}}
}

func putInbox(ctx context.Context, tx db.Tx, id core.ID, b Inbox) (core.ID, error) {
	b.ID = id
	return PutInbox(ctx, tx, b)
}

func inboxRecord(ctx context.Context, _ db.Tx, b Inbox) (register.Record, error) {
	var pairs []ui.Pair
	for _, f := range inboxRegister().Fields {
		if v := f.Display(ctx, &b); v != "" {
			pairs = append(pairs, ui.Pair{Label: f.Label, Value: v})
		}
	}
	pill := ui.PillView{Tone: ui.OK, Text: core.T("收信正常", "Letters come in")}
	switch {
	case !b.Enabled:
		pill = ui.PillView{Text: core.T("未启用", "Off")}
	case b.Error != "":
		pill = ui.PillView{Tone: ui.Late, Text: core.T("收不到信", "No letters come in")}
	case b.Checked.IsZero():
		pill = ui.PillView{Tone: ui.Run, Text: core.T("还没有收过信", "Not looked into yet")}
	}
	form := ui.FormView{Action: inboxKind.Href(ctx, b.ID, "test"), Submit: core.T("测试连接", "Test the connection")}
	return register.Record{Head: ui.HeadView{Title: ui.Plain(b.Name), Pills: []ui.PillView{pill}}, Cards: []templ.Component{register.FieldsCard(core.T("邮箱", "Mailbox"), pairs), inboxTestCard(form)}}, nil
}

func inboxRoutes() []web.Route {
	return []web.Route{{Pattern: "POST /p/{project}/inbox/{id}/test", Perm: "inbox.edit", Before: testInbox, Handle: testedInbox, Failed: inboxFailed},
		{Pattern: "GET /p/{project}/mail/{id}/letter.eml", Perm: "mail.view", Handle: rawLetter}}
}

type lettersKey struct{}

// testInbox signs in while no transaction is open, and says what the server said.
func testInbox(ctx context.Context, d *db.DB, r *web.Request) (context.Context, error) {
	id, err := r.ID("id")
	if err != nil {
		return ctx, err
	}
	var b Inbox
	if err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) { b, err = getInbox(ctx, tx, id); return err }); err != nil {
		return ctx, err
	}
	limited, stop := context.WithTimeout(ctx, imapTime/2)
	defer stop()
	n, err := b.Try(limited)
	if err != nil {
		return ctx, core.Invalid("", "连不上:%s", "It did not work: %s", clip(clean(err.Error()), 300))
	}
	return context.WithValue(ctx, lettersKey{}, n), nil
}

func testedInbox(ctx context.Context, _ db.Tx, r *web.Request) (web.Answer, error) {
	n, _ := ctx.Value(lettersKey{}).(uint32)
	return web.Redirect{URL: strings.TrimSuffix(r.HTTP.URL.Path, "/test"), Flash: core.T("连接成功,文件夹里有 %d 封邮件", "It works; the folder holds %d letters", n)}, nil
}

func inboxFailed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil || !core.IsKind(failure, core.KindInvalid) {
		return nil, failure
	}
	b, err := getInbox(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	form := ui.FormView{Action: inboxKind.Href(ctx, id, "test"), Submit: core.T("再试一次", "Try again"), Cancel: inboxKind.Href(ctx, id), Error: core.AsErr(failure).Text}
	return web.Page{Title: ui.Plain(b.Name), Narrow: true, Body: inboxTestCard(form)}, nil
}

func rawLetter(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	m, err := getMail(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	b, err := rawOf(ctx, tx, m)
	return web.Download{Name: "letter-" + m.ID.String() + ".eml", Type: "message/rfc822", Bytes: b}, err
}

func (m *MailIn) from() string {
	return strings.TrimSpace(string(m.Name) + " " + customer.MaskMail(m.Address))
}

func mails() register.Register[MailIn] {
	f := func(name, zh, en string, ptr func(*MailIn) any) core.Field[MailIn] {
		return core.Field[MailIn]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	from, state := f("from_name", "发件人", "From", func(m *MailIn) any { return &m.Name }), f("state", "状态", "State", func(m *MailIn) any { return &m.State })
	from.Show = func(_ context.Context, m *MailIn) string { return m.from() }
	state.Choices = mailStates()
	reason := f("reason", "说明", "Remark", func(m *MailIn) any { return &m.Reason.ZH })
	reason.Show = func(ctx context.Context, m *MailIn) string { return m.Reason.Say(ctx) }
	return register.Register[MailIn]{Kind: mailKind, Viewers: readers(), Columns: []string{"received_at", "from_name", "subject", "customer_name", "state", "matter_number"}, Topic: "mail",
		Fields: []core.Field[MailIn]{f("received_at", "收到", "Received", func(m *MailIn) any { return &m.At }), from, f("subject", "主题", "Subject", func(m *MailIn) any { return &m.Subject }), f("customer_name", "客户", "Customer", func(m *MailIn) any { return &m.CustomerName }), state, reason,
			f("matter_number", "诉求", "Request", func(m *MailIn) any { return &m.MatterNumber }), f("answered", "已自动回复编号", "Answered with the number", func(m *MailIn) any { return &m.Answered }), f("size", "字节", "Bytes", func(m *MailIn) any { return &m.Size }),
			f("ended_by", "处理人", "Dealt with by", func(m *MailIn) any { return &m.EndedBy })},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: mailStates()}},
		ID:      func(m *MailIn) core.ID { return m.ID }, Version: func(m *MailIn) int64 { return m.Version }, Cursor: func(m *MailIn) string { return m.ID.String() }, Find: findMail, Get: getMail, Record: mailRecord, Row: mailRow,
		Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"from_name": func(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
			m, err := getMail(ctx, tx, id)
			return string(m.Name) + " " + m.Address, err
		}}, Revealers: desks(),
		Verbs: []register.Verber{
			register.Verb[ByHand]{Name: "take", Label: core.T("人工受理", "Take down by hand"), Primary: true, Roles: desks(), Clause: "C19.1", Can: mailOpen, Said: core.T("已受理", "Taken down"),
				Fields: []core.Field[ByHand]{{Name: "kind", Label: core.T("类别", "Kind"), Ptr: func(b *ByHand) any { return &b.Kind }, Required: true, Choices: Kinds()}, {Name: "customer", Label: core.T("客户", "Customer"), Ptr: func(b *ByHand) any { return &b.Customer }, Source: "customer"},
					{Name: "content", Label: core.T("内容", "Content"), Ptr: func(b *ByHand) any { return &b.Content }, Required: true, Kind: core.KindLines, Max: 4000}},
				Fill: func(ctx context.Context, tx db.Tx, id core.ID, b *ByHand) error {
					m, err := getMail(ctx, tx, id)
					*b = ByHand{Kind: Enquiry, Customer: m.Customer, Content: strings.TrimSpace(m.Subject + "\n" + m.Text)}
					return err
				},
				Do: func(ctx context.Context, tx db.Tx, id core.ID, in ByHand) (core.ID, error) {
					return id, TakeMail(ctx, tx, id, in)
				}},
			register.Verb[Note]{Name: "settle", Label: core.T("无须受理", "Nothing to take down"), Roles: desks(), Can: mailOpen, Fields: noteFields(core.T("怎样处理的", "What was done")), Said: core.T("已记录", "Noted"),
				Do: func(ctx context.Context, tx db.Tx, id core.ID, in Note) (core.ID, error) {
					return id, SettleMail(ctx, tx, id, in)
				}},
		}}
}

func mailOpen(ctx context.Context, tx db.Tx, id core.ID) error {
	m, err := getMail(ctx, tx, id)
	if err == nil {
		err = canMail(m)
	}
	return err
}

func mailTone(state string) ui.Tone {
	return map[string]ui.Tone{MailMatter: ui.OK, MailAppended: ui.OK, MailBroken: ui.Late, MailSkipped: ui.Warn}[state]
}

func mailRow(ctx context.Context, m *MailIn) ui.Row {
	subject := or(m.Subject, core.T("(无主题)", "(no subject)").Say(ctx))
	r := ui.Row{Cells: []ui.Cell{{Text: ui.When(ctx, m.At)}, {Text: m.from()}, {Text: subject, Href: mailKind.Href(ctx, m.ID)}, {Text: m.CustomerName}, {Body: ui.Pill(mailTone(m.State), core.Label(mailStates(), m.State))}, {Text: m.MatterNumber}}}
	if m.Matter != 0 {
		r.Cells[5].Href = href(ctx, m.Matter)
	}
	if m.State == MailBroken {
		r.Tone = ui.Late
	}
	return r
}

func mailRecord(ctx context.Context, _ db.Tx, m MailIn) (register.Record, error) {
	var pairs []ui.Pair
	for _, f := range mails().Fields {
		v := f.Display(ctx, &m)
		if v == "" {
			continue
		}
		p := ui.Pair{Label: f.Label, Value: v}
		switch {
		case f.Name == "matter_number" && m.Matter != 0:
			p = ui.Pair{Label: f.Label, Body: ui.Button(ui.Link{Label: ui.Plain(v), Href: href(ctx, m.Matter)}, false)}
		case f.Name == "size":
			p.Value = strconv.FormatInt((m.Size+1023)/1024, 10) + " KB"
		}
		pairs = append(pairs, p)
	}
	head := ui.HeadView{Title: ui.Plain(or(m.Subject, m.from())), Pills: []ui.PillView{{Tone: mailTone(m.State), Text: core.Label(mailStates(), m.State)}}}
	return register.Record{Head: head, Cards: []templ.Component{register.FieldsCard(core.T("来信", "Letter"), pairs), letterCard(m.Text, mailKind.Href(ctx, m.ID, "letter.eml"))}, About: m.Customer}, nil
}

// mailPanel shows the letters of a matter on its page.
func mailPanel() register.Panel {
	return register.Panel{On: "desk", Perm: "mail.view", Order: 68, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		ms, err := db.All(ctx, tx, (*MailIn).dest, mailSelect+"and matter_id = $2 order by id limit 50", ref.Project, ref.ID)
		if err != nil || len(ms) == 0 {
			return nil, err
		}
		t := ui.TableView{Caption: mailKind.Label, Columns: []ui.Column{{Label: core.T("收到", "Received")}, {Label: core.T("发件人", "From")}, {Label: core.T("主题", "Subject")}, {Label: core.T("内容", "Text")}}}
		for _, m := range ms {
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.Full(ctx, m.At)}, {Text: m.from()}, {Text: or(m.Subject, core.T("(无主题)", "(no subject)").Say(ctx)), Href: mailKind.Href(ctx, m.ID)}, {Text: short(m.Text)}}})
		}
		return ui.TableCard(t.Caption, t), nil
	}}
}
