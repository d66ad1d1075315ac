package notify

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// Hook is a subscription: another program that is called when something happens.
type Hook struct {
	ID      core.ID
	Version int64
	Name    string
	URL     string
	Events  []string    // keys of events: "repair.taken"
	Secret  core.Secret // signs the calls; never shown
	Enabled bool
}

type hookRow struct {
	Hook
	events, sealed string
}

func (h *hookRow) dest() []any {
	return []any{&h.ID, &h.Version, &h.Name, &h.URL, &h.events, &h.sealed, &h.Enabled}
}

func (h hookRow) open(tx db.Tx) (Hook, error) {
	secret, err := db.Unseal(tx, h.sealed)
	h.Events, h.Secret = strings.Fields(h.events), core.Secret(secret)
	return h.Hook, err
}

const hookColumns = "id, version, name, url, events, secret, enabled"

// Hooks lists the subscriptions, oldest first.
func Hooks(ctx context.Context, tx db.Tx) ([]Hook, error) {
	rows, err := db.All(ctx, tx, (*hookRow).dest, "select "+hookColumns+" from notify_hook where project_id = $1 and voided_at is null order by id", core.Firm)
	out := make([]Hook, len(rows))
	for i, r := range rows {
		if err == nil {
			out[i], err = r.open(tx)
		}
	}
	return out, err
}

// GetHook reads one subscription; KindNotFound when there is none.
func GetHook(ctx context.Context, tx db.Tx, id core.ID) (Hook, error) {
	r, err := db.One(ctx, tx, (*hookRow).dest, "select "+hookColumns+" from notify_hook where project_id = $1 and id = $2 and voided_at is null", core.Firm, id)
	if err != nil {
		return Hook{}, err
	}
	return r.open(tx)
}

const secretMin = 16

// PutHook makes (ID 0) or changes a subscription. An empty secret keeps the one there is; a new one has sixteen characters
// at least.
func PutHook(ctx context.Context, tx db.Tx, h Hook) (core.ID, error) {
	if err := checkURL("url", h.URL); err != nil {
		return 0, err
	}
	if len(h.Events) == 0 {
		return 0, core.Invalid("events", "请至少选一个事件", "Choose one event at least")
	}
	verb := "changed"
	if h.ID != 0 {
		old, err := GetHook(ctx, tx, h.ID)
		if err != nil {
			return 0, err
		}
		if h.Secret == "" {
			h.Secret = old.Secret
		}
	} else {
		h.ID, verb = tx.NewID(), "created"
	}
	if len(h.Secret) < secretMin {
		return 0, core.Invalid("secret", "签名密钥至少 %d 个字符", "The signing key has %d characters at least", secretMin)
	}
	tx.Drop(hooksKey{})
	_, err := db.Exec(ctx, tx, `insert into notify_hook (project_id, id, created_at, created_by, changed_at, changed_by, name, url, events, secret, enabled)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9) on conflict (project_id, id) do update set name = excluded.name, url = excluded.url, events = excluded.events,
		secret = excluded.secret, enabled = excluded.enabled, changed_at = excluded.changed_at, changed_by = excluded.changed_by, version = notify_hook.version + 1`,
		core.Firm, h.ID, core.Now(ctx), core.ActorOf(ctx).ID, h.Name, h.URL, strings.Join(h.Events, " "), db.Seal(tx, string(h.Secret)), h.Enabled)
	if err != nil {
		return 0, err
	}
	return h.ID, journal.Add(ctx, tx, hookRef(h.ID), verb, h)
}

func hookRef(id core.ID) core.Ref { return core.Ref{Project: core.Firm, Kind: "webhook", ID: id} }

// VoidHook ends a subscription; what is queued for it is not sent any more.
func VoidHook(ctx context.Context, tx db.Tx, id core.ID, reason string) error {
	tx.Drop(hooksKey{})
	err := db.ExecOne(ctx, tx, `update notify_hook set voided_at = $1, voided_by = $2, void_reason = $3, version = version + 1, changed_at = $1, changed_by = $2
		where project_id = $4 and id = $5 and voided_at is null`, core.Now(ctx), core.ActorOf(ctx).ID, reason, core.Firm, id)
	if err != nil {
		return err
	}
	return journal.Add(ctx, tx, hookRef(id), "voided", map[string]any{"reason": reason})
}

type hooksKey struct{}

// Event tells the subscribed programs what happened to a record, after the commit. The call names the record and holds
// nothing personal: who wants more asks the API, with rights of its own.
func Event(ctx context.Context, tx db.Tx, event string, about core.Ref, url string) error {
	hooks, err := db.Cached(tx, hooksKey{}, []string{"notify_hook"}, func() ([]Hook, error) { return Hooks(ctx, tx) })
	if err != nil {
		return err
	}
	for _, h := range hooks {
		if !h.Enabled || !slices.Contains(h.Events, event) {
			continue
		}
		s, err := SettingsOf(ctx, tx)
		if err != nil {
			return err
		}
		at := core.Now(ctx)
		body := core.JSON(map[string]any{"event": event, "project": about.Project, "kind": about.Kind, "id": about.ID, "url": strings.TrimRight(s.Site.Base, "/") + url, "at": at.Format(time.RFC3339)})
		r := row{letter: Letter{Template: event, Ref: about, Title: core.Text{ZH: event, EN: event}}, channel: Webhook, at: at, hook: h.ID, body: body}
		if err := queue(ctx, tx, about.Project, r, s); err != nil {
			return err
		}
	}
	return nil
}

// TestHook calls a subscriber at once with an event named "test"; it holds no transaction.
func TestHook(ctx context.Context, s Settings, h Hook) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime/2)
	defer cancel()
	now := time.Now()
	return s.sender(Webhook).Send(ctx, Parcel{ID: core.ID(now.UnixNano()), To: h.URL, Key: h.Secret, Event: "test", At: now,
		Body: core.JSON(map[string]any{"event": "test", "at": now.UTC().Format(time.RFC3339)})})
}
