package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// Channel is a way out of the house.
type Channel string

// The channels.
const (
	Mail     Channel = "mail"     // e-mail by SMTP
	SMS      Channel = "sms"      // text message over an HTTP gateway
	WeCom    Channel = "wecom"    // group robot of 企业微信
	DingTalk Channel = "dingtalk" // group robot of 钉钉
	Webhook  Channel = "webhook"  // an HTTP call to another program
)

// Channels are all of them with their names.
func Channels() []core.Choice {
	return append(PersonalChannels(), core.Choice{Value: string(Webhook), Label: core.T("事件推送", "Webhook")})
}

// PersonalChannels are those that a person may choose.
func PersonalChannels() []core.Choice {
	return []core.Choice{{Value: string(Mail), Label: core.T("电子邮件", "E-mail")}, {Value: string(SMS), Label: core.T("短信", "Text message")},
		{Value: string(WeCom), Label: core.T("企业微信群机器人", "WeCom robot")}, {Value: string(DingTalk), Label: core.T("钉钉群机器人", "DingTalk robot")}}
}

// Name is the channel's name in both languages.
func (c Channel) Name() core.Text { return core.Label(Channels(), string(c)) }

// Settings are how the firm sends. They hold secrets: a page shows none of them back.
type Settings struct {
	Site     SiteSetting
	Mail     MailSetting
	SMS      SMSSetting
	WeCom    RobotSetting
	DingTalk RobotSetting
}

// SiteSetting counts for all channels.
type SiteSetting struct {
	Base    string // how recipients reach this system: "https://huiyin.example.com"
	Private bool   // HTTP channels may call addresses of the private network
}

// Securities of a mail server's connection.
const (
	StartTLS = "starttls" // on from the start of the conversation, or nothing is sent
	TLS      = "tls"      // implicit, usually port 465
	Plain    = "plain"    // only to loopback, or with AllowPlain
)

// MailSetting is the firm's mail server.
type MailSetting struct {
	On         bool
	Host       string
	Port       int64 // 0: the usual one of the security
	Security   string
	AllowPlain bool // plain to another machine: a relay in the same rack
	User       string
	Password   core.Secret
	From       string // address
	Sender     string // name beside it
}

// SMSSetting is an HTTP gateway of any maker. URL, headers and body may hold {phone}, {text}, {id} and {secret}, which are
// escaped as the place needs it: for the address, for JSON, or for a form.
type SMSSetting struct {
	On      bool
	Method  string // GET or POST
	URL     string
	Headers string // "Name: value", one a line
	Body    string
	Success string // what the answer holds when it was accepted; empty: any 2xx
	Secret  core.Secret
}

// RobotSetting is a group robot. Its address is as good as a password.
type RobotSetting struct {
	On      bool
	Address core.Secret
	Sign    core.Secret // DingTalk: 加签
}

// on reports whether the channel may be used. Webhooks are switched one by one.
func (s Settings) on(c Channel) bool {
	switch c {
	case Mail:
		return s.Mail.On
	case SMS:
		return s.SMS.On
	case WeCom:
		return s.WeCom.On
	case DingTalk:
		return s.DingTalk.On
	}
	return c == Webhook
}

// anyOn reports whether a person can be reached at all.
func (s Settings) anyOn() bool { return s.Mail.On || s.SMS.On || s.WeCom.On || s.DingTalk.On }

// On lists the personal channels that the firm has switched on.
func (s Settings) On() []core.Choice {
	var out []core.Choice
	for _, c := range PersonalChannels() {
		if s.on(Channel(c.Value)) {
			out = append(out, c)
		}
	}
	return out
}

// parts are the settings by the name of their row.
func (s *Settings) parts() map[string]any {
	return map[string]any{"site": &s.Site, string(Mail): &s.Mail, string(SMS): &s.SMS, string(WeCom): &s.WeCom, string(DingTalk): &s.DingTalk}
}

type settingsKey struct{}

// SettingsOf reads how the firm sends.
func SettingsOf(ctx context.Context, tx db.Tx) (Settings, error) {
	return db.Cached(tx, settingsKey{}, []string{"notify_setting"}, func() (s Settings, err error) {
		type row struct{ part, sealed string }
		rows, err := db.All(ctx, tx, func(r *row) []any { return []any{&r.part, &r.sealed} }, "select part, sealed from notify_setting where project_id = $1", core.Firm)
		parts := s.parts()
		for _, r := range rows {
			if parts[r.part] == nil {
				continue // of a newer version
			}
			plain, err := db.Unseal(tx, r.sealed)
			if err == nil {
				err = json.Unmarshal([]byte(plain), parts[r.part])
			}
			if err != nil {
				return s, fmt.Errorf("notify: the setting %s: %w", r.part, err)
			}
		}
		return s, err
	})
}

// SetSite, SetMail, SetSMS and SetRobot keep one part of the settings. An empty secret leaves the one that is kept.
func SetSite(ctx context.Context, tx db.Tx, in SiteSetting) error {
	return keep(ctx, tx, "site", in)
}

// SetMail keeps the mail server; KindInvalid when it could not send.
func SetMail(ctx context.Context, tx db.Tx, in MailSetting) error {
	old, err := SettingsOf(ctx, tx)
	if err != nil {
		return err
	}
	if in = in.over(old.Mail); in.On {
		err = in.check()
	}
	if err != nil {
		return err
	}
	return keep(ctx, tx, string(Mail), in)
}

func (m MailSetting) over(old MailSetting) MailSetting {
	if m.Password == "" && m.User != "" {
		m.Password = old.Password
	}
	return m
}

// SetSMS keeps the gateway; KindInvalid when it could not send.
func SetSMS(ctx context.Context, tx db.Tx, in SMSSetting) error {
	old, err := SettingsOf(ctx, tx)
	if err != nil {
		return err
	}
	if in = in.over(old.SMS); in.On {
		err = in.check()
	}
	if err != nil {
		return err
	}
	return keep(ctx, tx, string(SMS), in)
}

func (g SMSSetting) over(old SMSSetting) SMSSetting {
	if g.Secret == "" {
		g.Secret = old.Secret
	}
	return g
}

// SetRobot keeps WeCom's or DingTalk's robot; KindInvalid when it has no address.
func SetRobot(ctx context.Context, tx db.Tx, c Channel, in RobotSetting) error {
	old, err := SettingsOf(ctx, tx)
	if err != nil {
		return err
	}
	if in = in.over(old.robot(c)); in.On {
		err = checkURL("address", string(in.Address))
	}
	if err != nil {
		return err
	}
	return keep(ctx, tx, string(c), in)
}

func (s Settings) robot(c Channel) RobotSetting {
	if c == DingTalk {
		return s.DingTalk
	}
	return s.WeCom
}

func (r RobotSetting) over(old RobotSetting) RobotSetting {
	if r.Address == "" {
		r.Address = old.Address
	}
	if r.Sign == "" {
		r.Sign = old.Sign
	}
	return r
}

func keep(ctx context.Context, tx db.Tx, part string, in any) error {
	tx.Drop(settingsKey{})
	id, err := db.Value[core.ID](ctx, tx, `insert into notify_setting (project_id, id, created_at, created_by, changed_at, changed_by, part, sealed)
		values ($1,$2,$3,$4,$3,$4,$5,$6) on conflict (project_id, part) do update set sealed = excluded.sealed, changed_at = excluded.changed_at,
		changed_by = excluded.changed_by, version = notify_setting.version + 1 returning id`,
		core.Firm, tx.NewID(), core.Now(ctx), core.ActorOf(ctx).ID, part, db.Seal(tx, core.JSON(in)))
	if err != nil {
		return err
	}
	return journal.Add(ctx, tx, core.Ref{Project: core.Firm, Kind: "channel", ID: id}, "changed", map[string]any{"part": part, "setting": in})
}
