// Package outbox shows what has left the house: the deliveries of a project (发件箱), the firm's channels (通知渠道) and the
// programs that are told of events (事件推送).
//
//   - A delivery is queued by the verb that causes it and sent after the commit; package notify does both.
//   - Recipients stand masked on pages. Who reads an address in full has stated a reason (B6.2).
//   - What failed, was given up or was not sent may be tried again, and what waits or has failed may be given up, both with
//     a reason. What has arrived is never repeated.
//   - Channels belong to the firm and are the administrator's. Their secrets are sealed and never shown back; a test sends
//     at once and shows what the other side said.
//   - A webhook names the record and holds nothing personal: who wants more asks the API with rights of its own.
package outbox

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/web/ui"
)

// Item is a delivery as the pages show it.
type Item struct {
	notify.Delivery
	Name  string // of the user it went to
	Title string
	Body  string // on the record's page alone
}

// settingPerm is the right to change the firm's channels.
const settingPerm = "channel.setting"

func kind() register.Kind {
	return register.Kind{Name: notify.Kind, Plural: "deliveries", Label: core.T("发件箱", "Outbox"), Table: "notify_outbox", Choices: map[string][]core.Choice{"channel": notify.Channels()},
		Events: map[string]core.Text{"queued": core.T("排入{channel}", "Queued: {channel}"), "sent": core.T("对方已接收", "Accepted by the other side"), "failed": core.T("没有发出:{error}", "Failed: {error}"),
			"suppressed": core.T("没有发送", "Not sent"), "retried": core.T("重新发送:{reason}", "Tried again: {reason}"), "given_up": core.T("放弃:{reason}", "Given up: {reason}"),
			"revealed": core.T("查看收件地址:{reason}", "Revealed the address: {reason}")}}
}

func keepers() []core.Role { return []core.Role{core.Supervisor, core.Manager, core.Admin} }

func deliveries() register.Register[Item] {
	return register.Register[Item]{
		Kind: kind(), Viewers: []core.Role{core.Desk, core.Supervisor, core.Manager, core.GM, core.Admin}, Columns: []string{"created", "state", "channel", "recipient", "title", "tries", "error"},
		Fields: fields(), Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: notify.States()},
			{Name: "channel", Label: core.T("渠道", "Channel"), Kind: core.KindChoice, Choices: notify.Channels()}},
		ID: func(i *Item) core.ID { return i.Ref.ID }, Version: func(i *Item) int64 { return i.Version }, Cursor: func(i *Item) string { return i.Ref.ID.String() },
		Find: find, Get: get, Row: row, Record: record, Topic: "outbox",
		Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"recipient": reveal}, Revealers: keepers(),
		Verbs: []register.Verber{
			register.Verb[reasonIn]{Name: "retry", Label: core.T("重新发送", "Send again"), Roles: keepers(), Fields: reasonFields(), Primary: true, Can: can(notify.CanRetry),
				Do: decide(notify.Retry), Said: core.T("已重新排队", "Queued again")},
			register.Verb[reasonIn]{Name: "give_up", Label: core.T("放弃", "Give up"), Roles: keepers(), Fields: reasonFields(), Danger: true, Can: can(notify.CanGiveUp),
				Do: decide(notify.GiveUp), Said: core.T("已放弃,不会再发送", "Given up; it will not be sent")},
		},
	}
}

func fields() []core.Field[Item] {
	return []core.Field[Item]{
		{Name: "created", Label: core.T("排入时间", "Queued at"), Ptr: func(i *Item) any { return &i.Created }},
		{Name: "state", Label: core.T("状态", "State"), Ptr: func(i *Item) any { return (*string)(&i.State) }, Choices: notify.States()},
		{Name: "channel", Label: core.T("渠道", "Channel"), Ptr: func(i *Item) any { return (*string)(&i.Channel) }, Choices: notify.Channels()},
		{Name: "recipient", Label: core.T("收件人", "To"), Ptr: func(i *Item) any { return &i.Mask }, Show: func(_ context.Context, i *Item) string { return i.recipient() }},
		{Name: "user", Label: core.T("用户", "User"), Ptr: func(i *Item) any { return &i.User }},
		{Name: "title", Label: core.T("标题", "Title"), Ptr: func(i *Item) any { return &i.Title }},
		{Name: "template", Label: core.T("种类", "Kind"), Ptr: func(i *Item) any { return &i.Template }, Show: func(ctx context.Context, i *Item) string { return sort(i.Template).Say(ctx) }},
		{Name: "urgent", Label: core.T("紧急", "Urgent"), Ptr: func(i *Item) any { return &i.Urgent }},
		{Name: "tries", Label: core.T("次数", "Tries"), Ptr: func(i *Item) any { return &i.Tries }},
		{Name: "next", Label: core.T("下次发送", "Next try"), Ptr: func(i *Item) any { return &i.Next }},
		{Name: "sent", Label: core.T("送出时间", "Sent at"), Ptr: func(i *Item) any { return &i.SentAt }},
		{Name: "error", Label: core.T("说明", "Remark"), Ptr: func(i *Item) any { return &i.Error }, Show: func(ctx context.Context, i *Item) string { return i.Reason().Say(ctx) }},
		{Name: "doubtful", Label: core.T("可能重复", "May have arrived twice"), Ptr: func(i *Item) any { return &i.Doubtful }},
		{Name: "about_kind", Label: core.T("记录种类", "Kind of record"), Ptr: func(i *Item) any { return &i.About.Kind }},
		{Name: "about_id", Label: core.T("记录", "Record"), Ptr: func(i *Item) any { return &i.About.ID }},
	}
}

// sort says what sort of letter a template is, where it is one of the kernel's own.
func sort(template string) core.Text {
	switch template {
	case "bell":
		return core.T("系统提醒", "Notice")
	case "digest":
		return core.T("每日汇总", "Daily digest")
	}
	return ui.Plain(template)
}

// recipient is the user's name and the masked address.
func (i *Item) recipient() string {
	if i.Name == "" || i.Mask == "" {
		return i.Name + i.Mask
	}
	return i.Name + " · " + i.Mask
}

func tone(s notify.State) ui.Tone {
	return map[notify.State]ui.Tone{notify.Queued: ui.Run, notify.Sent: ui.OK, notify.Failed: ui.Late, notify.Suppressed: ui.Warn}[s]
}

// Module declares the capability.
func Module() house.Module {
	return house.Module{
		Name: "outbox", Label: core.T("通知", "Notifications"),
		Registers: []register.Any{deliveries(), hooks()},
		Routes:    routes(),
		Perms:     []register.Perm{{Name: settingPerm, Label: core.T("通知渠道:设置和测试", "Channels: set up and test"), Roles: []core.Role{core.Admin}, Firm: true}},
		Nav: []house.Nav{
			{Wing: house.Office, Order: 80, Label: core.T("发件箱", "Outbox"), Icon: "send", Path: notify.Kind, Perm: "outbox.view"},
			{Wing: house.Setup, Order: 42, Label: core.T("通知渠道", "Channels"), Icon: "mail", Path: "/firm/channel", Perm: settingPerm},
			{Wing: house.Setup, Order: 44, Label: core.T("事件推送", "Webhooks"), Icon: "external-link", Path: "/firm/webhook", Perm: "webhook.view"},
		},
		Panels:  []register.Panel{{Perm: "outbox.view", Order: 90, Side: true, Body: about}},
		Tables:  notify.Tables(),
		Jobs:    notify.Jobs(),
		Follows: []string{"notify_outbox"}, OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{notify.Erase},
	}
}

// find takes the text for a whole address or number: they are kept sealed and found by their fingerprint alone.
func find(ctx context.Context, tx db.Tx, q register.Query) ([]Item, error) {
	f := notify.Filter{State: notify.State(q.Filter["state"]), Channel: notify.Channel(q.Filter["channel"]), Address: q.Text, Limit: q.Limit}
	if q.After != "" {
		var err error
		if f.Before, err = core.ParseID(q.After); err != nil {
			return nil, err
		}
	}
	ds, err := notify.List(ctx, tx, core.ProjectOf(ctx).ID, f)
	if err != nil {
		return nil, err
	}
	return items(ctx, tx, ds)
}

// items adds titles and the users' names.
func items(ctx context.Context, tx db.Tx, ds []notify.Delivery) ([]Item, error) {
	out, users := make([]Item, len(ds)), []core.ID{}
	for i, d := range ds {
		out[i].Delivery = d
		if d.User != 0 {
			users = append(users, d.User)
		}
		var err error
		if _, out[i].Title, out[i].Body, err = d.Open(ctx, tx); err != nil {
			return nil, err
		}
	}
	names, err := user.Names(ctx, tx, users...)
	for i := range out {
		out[i].Name = names[out[i].User]
	}
	return out, err
}

func get(ctx context.Context, tx db.Tx, id core.ID) (Item, error) {
	d, err := notify.Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return Item{}, err
	}
	all, err := items(ctx, tx, []notify.Delivery{d})
	if err != nil {
		return Item{}, err
	}
	return all[0], nil
}
