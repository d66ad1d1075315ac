package outbox

import (
	"context"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/notify"
	"huiyin/register"
)

type reasonIn struct{ Reason string }

func reasonFields() []core.Field[reasonIn] {
	return []core.Field[reasonIn]{{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(in *reasonIn) any { return &in.Reason }, Required: true, Min: 2}}
}

// can asks a check of the delivery.
func can(check func(notify.Delivery) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		d, err := notify.Get(ctx, tx, core.ProjectOf(ctx).ID, id)
		if err != nil {
			return err
		}
		return check(d)
	}
}

// decide carries a person's decision about a delivery out.
func decide(do func(ctx context.Context, tx db.Tx, project, id core.ID, reason string) error) func(context.Context, db.Tx, core.ID, reasonIn) (core.ID, error) {
	return func(ctx context.Context, tx db.Tx, id core.ID, in reasonIn) (core.ID, error) {
		return id, do(ctx, tx, core.ProjectOf(ctx).ID, id, in.Reason)
	}
}

// reveal gives the address in full; the register has asked for a reason and puts it into the journal.
func reveal(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
	d, err := notify.Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return "", err
	}
	address, _, _, err := d.Open(ctx, tx)
	return address, err
}

type hookIn struct {
	Name    string
	URL     string
	Events  []string
	Secret  core.Secret
	Enabled bool
}

func hookFields() []core.Field[hookIn] {
	return []core.Field[hookIn]{
		{Name: "name", Label: core.T("名称", "Name"), Ptr: func(in *hookIn) any { return &in.Name }, Required: true, Max: 60, Hint: core.T("例如:财务系统", "For example: the accounting program")},
		{Name: "url", Label: core.T("网址", "Address"), Ptr: func(in *hookIn) any { return &in.URL }, Required: true, Max: 500},
		{Name: "secret", Label: core.T("签名密钥", "Signing key"), Ptr: func(in *hookIn) any { return &in.Secret },
			Hint: core.T("至少 16 个字符,与对方约定;修改时留空则不变", "Sixteen characters at least, agreed with the receiver; left empty when changing, it stays")},
		{Name: "events", Label: core.T("事件", "Events"), Ptr: func(in *hookIn) any { return &in.Events }, Required: true, Max: 200},
		{Name: "enabled", Label: core.T("启用", "Enabled"), Ptr: func(in *hookIn) any { return &in.Enabled }},
	}
}

// hooks are the firm's subscriptions.
func hooks() register.Register[notify.Hook] {
	admins := []core.Role{core.Admin}
	k := register.Kind{Name: "webhook", Plural: "webhooks", Label: core.T("事件推送", "Webhooks"), Table: "notify_hook", Firm: true, Events: map[string]core.Text{
		"created": core.T("新建", "Created"), "changed": core.T("修改", "Changed"), "voided": core.T("停止:{reason}", "Ended: {reason}")}}
	return register.Register[notify.Hook]{
		Kind: k, Viewers: admins, Columns: []string{"name", "url", "events", "enabled"},
		Fields: []core.Field[notify.Hook]{
			{Name: "name", Label: core.T("名称", "Name"), Ptr: func(h *notify.Hook) any { return &h.Name }},
			{Name: "url", Label: core.T("网址", "Address"), Ptr: func(h *notify.Hook) any { return &h.URL }},
			{Name: "events", Label: core.T("事件", "Events"), Ptr: func(h *notify.Hook) any { return &h.Events }, Show: eventWords},
			{Name: "enabled", Label: core.T("启用", "Enabled"), Ptr: func(h *notify.Hook) any { return &h.Enabled }},
		},
		ID: func(h *notify.Hook) core.ID { return h.ID }, Version: func(h *notify.Hook) int64 { return h.Version },
		Find: func(ctx context.Context, tx db.Tx, _ register.Query) ([]notify.Hook, error) {
			return notify.Hooks(ctx, tx)
		},
		Get: notify.GetHook, Record: hookRecord,
		Verbs: []register.Verber{
			register.Verb[hookIn]{Name: "new", Label: core.T("新建推送", "New webhook"), Roles: admins, Fields: hookFields(), New: true, Primary: true, Choices: eventChoices, Do: putHook,
				Fill: func(_ context.Context, _ db.Tx, _ core.ID, in *hookIn) error { in.Enabled = true; return nil }, Said: core.T("已保存", "Saved")},
			register.Verb[hookIn]{Name: "edit", Label: core.T("修改", "Edit"), Roles: admins, Fields: hookFields(), Choices: eventChoices, Fill: fillHook, Do: putHook, Said: core.T("已保存", "Saved")},
			register.Verb[reasonIn]{Name: "void", Label: core.T("停止推送", "End"), Roles: admins, Fields: reasonFields(), Danger: true, Said: core.T("已停止", "Ended"),
				Do: func(ctx context.Context, tx db.Tx, id core.ID, in reasonIn) (core.ID, error) {
					return id, notify.VoidHook(ctx, tx, id, in.Reason)
				},
				Next: func(ctx context.Context, _ core.ID) string { return k.Href(ctx, 0) }},
		},
	}
}

func eventWords(ctx context.Context, h *notify.Hook) string {
	words := ""
	for i, key := range h.Events {
		if i > 0 {
			words += core.T("、", ", ").Say(ctx)
		}
		words += core.Label(events(ctx), key).Say(ctx)
	}
	return words
}

func events(ctx context.Context) []core.Choice {
	var out []core.Choice
	for _, e := range house.Of(ctx).Events {
		out = append(out, core.Choice{Value: e.Key, Label: e.Label})
	}
	return out
}

func eventChoices(ctx context.Context, _ db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	return map[string][]core.Choice{"events": events(ctx)}, nil
}

func fillHook(ctx context.Context, tx db.Tx, id core.ID, in *hookIn) error {
	h, err := notify.GetHook(ctx, tx, id)
	*in = hookIn{Name: h.Name, URL: h.URL, Events: h.Events, Enabled: h.Enabled}
	return err
}

// putHook makes or changes a subscription to events that exist.
func putHook(ctx context.Context, tx db.Tx, id core.ID, in hookIn) (core.ID, error) {
	for _, key := range in.Events {
		if !slices.ContainsFunc(events(ctx), func(c core.Choice) bool { return c.Value == key }) {
			return 0, core.Invalid("events", "没有事件「%s」", "There is no event %q", key)
		}
	}
	return notify.PutHook(ctx, tx, notify.Hook{ID: id, Name: in.Name, URL: in.URL, Events: in.Events, Secret: in.Secret, Enabled: in.Enabled})
}
