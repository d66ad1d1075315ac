package outbox

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

func row(ctx context.Context, i *Item) ui.Row {
	r := ui.Row{Cells: []ui.Cell{{Text: ui.When(ctx, i.Created), Href: kind().Href(ctx, i.Ref.ID)}, {Body: ui.Pill(tone(i.State), i.State.Name())}, {Text: i.Channel.Name().Say(ctx)},
		{Text: i.recipient()}, {Text: i.Title}, {Text: count(i.Tries)}, {Text: i.Reason().Say(ctx)}}}
	if i.State == notify.Failed {
		r.Tone = ui.Late
	}
	return r
}

func count(n int64) string {
	if n == 0 {
		return ""
	}
	return ui.UpTo(n)
}

func record(ctx context.Context, _ db.Tx, i Item) (register.Record, error) {
	pills := []ui.PillView{{Tone: tone(i.State), Text: i.State.Name()}}
	if i.Urgent {
		pills = append(pills, ui.PillView{Tone: ui.Warn, Text: core.T("紧急", "Urgent")})
	}
	if i.Doubtful {
		pills = append(pills, ui.PillView{Tone: ui.Warn, Text: core.T("发送时中断过,对方可能收到两次", "A try was cut short; it may have arrived twice")})
	}
	pairs := []ui.Pair{{Label: core.T("渠道", "Channel"), Value: i.Channel.Name().Say(ctx)}, {Label: core.T("收件人", "To"), Value: i.recipient()},
		{Label: core.T("种类", "Kind"), Value: sort(i.Template).Say(ctx)}, {Label: core.T("排入时间", "Queued at"), Value: ui.Full(ctx, i.Created)}}
	for _, t := range []struct {
		label core.Text
		value string
	}{{core.T("下次发送", "Next try"), stamp(ctx, i.Next)},
		{core.T("送出时间", "Sent at"), stamp(ctx, i.SentAt)},
		{core.T("次数", "Tries"), count(i.Tries)}, {core.T("说明", "Remark"), i.Reason().Say(ctx)}} {
		if t.value != "" {
			pairs = append(pairs, ui.Pair{Label: t.label, Value: t.value})
		}
	}
	if href := register.HrefOf(ctx, i.About); href != "" && i.About.ID != 0 {
		pairs = append(pairs, ui.Pair{Label: core.T("关于", "About"), Body: ui.Button(ui.Link{Label: core.T("打开记录", "Open the record"), Href: href}, false)})
	}
	return register.Record{Head: ui.HeadView{Title: ui.Plain(i.Title), Pills: pills}, About: i.Customer,
		Cards: []templ.Component{register.FieldsCard(core.T("发送", "Delivery"), pairs), textCard(i.Body)}}, nil
}

func stamp(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ui.Full(ctx, t)
}

// aboutMax is how many deliveries stand beside a record.
const aboutMax = 8

// about is the card beside any record that something was sent about.
func about(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
	if ref.Kind == notify.Kind || ref.Project == core.Firm {
		return nil, nil
	}
	ds, err := notify.About(ctx, tx, ref, aboutMax)
	if err != nil || len(ds) == 0 {
		return nil, err
	}
	is, err := items(ctx, tx, ds)
	return aboutCard(is), err
}

// part is one channel's setting: its form, how it is saved, and whom a test goes to.
type part struct {
	name  string
	label core.Text
	note  core.Text
	to    core.Text // whom a test goes to; empty: the robot's group
	specs []core.Spec
	fill  func(ctx context.Context, s notify.Settings) map[string][]string
	save  func(ctx context.Context, tx db.Tx, in core.Input) error
	on    func(s notify.Settings) bool
}

func (p part) href() string { return "/firm/channel/" + p.name }

func (p part) api() string { return "/api/v1/channels/" + p.name }

// tell gives a channel's setting over the API, all but its secrets.
func (p part) tell(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	s, err := notify.SettingsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	out, values := map[string]any{}, p.fill(ctx, s)
	for _, spec := range p.specs {
		v := strings.Join(values[spec.Name], "\n")
		switch spec.Kind {
		case core.KindPassword:
		case core.KindBool:
			out[spec.Name] = v == "true"
		case core.KindInt:
			n, _ := strconv.ParseInt(v, 10, 64) // "" is 0: not set
			out[spec.Name] = n
		default:
			out[spec.Name] = v
		}
	}
	return web.JSON{Value: out}, nil
}

// keepAPI is what the form does; a secret that is not given stays.
func (p part) keepAPI(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	if err := p.save(ctx, tx, r.Input); err != nil {
		return nil, err
	}
	return p.tell(ctx, tx, r)
}

// partOf makes a part of its fields.
func partOf[T any](name string, label, note, to core.Text, fields []core.Field[T], read func(notify.Settings) T, set func(context.Context, db.Tx, T) error, on func(notify.Settings) bool) part {
	return part{name: name, label: label, note: note, to: to, specs: core.Specs(fields), on: on,
		fill: func(ctx context.Context, s notify.Settings) map[string][]string {
			in := read(s)
			return core.ValuesOf(ctx, fields, &in)
		},
		save: func(ctx context.Context, tx db.Tx, in core.Input) error {
			v, err := core.Bind(ctx, fields, in)
			if err == nil {
				err = set(ctx, tx, v)
			}
			return err
		}}
}

func parts() []part {
	robot := func(c notify.Channel, note core.Text, read func(notify.Settings) notify.RobotSetting) part {
		return partOf(string(c), c.Name(), note, core.T("要 @ 的手机号", "Number to mention"), robotFields(c), read,
			func(ctx context.Context, tx db.Tx, in notify.RobotSetting) error {
				return notify.SetRobot(ctx, tx, c, in)
			}, func(s notify.Settings) bool { return read(s).On })
	}
	return []part{
		partOf("site", core.T("通用", "General"), core.T("所有渠道都用到的设置。", "What counts for all channels."), core.Text{}, siteFields(), func(s notify.Settings) notify.SiteSetting { return s.Site },
			notify.SetSite, func(s notify.Settings) bool { return s.Site.Base != "" }),
		partOf(string(notify.Mail), notify.Mail.Name(), core.T("用公司自己的邮件服务器发信。", "Letters go out by the firm's own mail server."), core.T("测试邮件发给", "Send the test to"), mailFields(),
			mailOf, notify.SetMail, func(s notify.Settings) bool { return s.Mail.On }),
		partOf(string(notify.SMS), notify.SMS.Name(), core.T("网址、请求头和正文里可以写 {phone}、{text}、{id}、{secret},发送时换成实际内容。", "Address, headers and body may hold {phone}, {text}, {id} and {secret}, which are filled in when a message is sent."),
			core.T("测试短信发给", "Send the test to"), smsFields(), smsOf, notify.SetSMS, func(s notify.Settings) bool { return s.SMS.On }),
		robot(notify.WeCom, core.T("在企业微信群里添加机器人,复制它的网址。", "Add a robot to a WeCom group and copy its address."), func(s notify.Settings) notify.RobotSetting { return s.WeCom }),
		robot(notify.DingTalk, core.T("在钉钉群里添加自定义机器人,安全设置选「加签」,复制网址和密钥。", "Add a custom robot to a DingTalk group with a signing key, and copy address and key."), func(s notify.Settings) notify.RobotSetting { return s.DingTalk }),
	}
}

// mailOf and smsOf preset what a first visit finds empty.
func mailOf(s notify.Settings) notify.MailSetting {
	if s.Mail.Security == "" {
		s.Mail.Security = notify.StartTLS
	}
	return s.Mail
}

func smsOf(s notify.Settings) notify.SMSSetting {
	if s.SMS.Method == "" {
		s.SMS.Method = "POST"
	}
	return s.SMS
}

func onField[T any](ptr func(*T) any) core.Field[T] {
	return core.Field[T]{Name: "on", Label: core.T("开通", "Switched on"), Ptr: ptr}
}

func siteFields() []core.Field[notify.SiteSetting] {
	return []core.Field[notify.SiteSetting]{
		{Name: "base", Label: core.T("本系统的网址", "This system's address"), Ptr: func(s *notify.SiteSetting) any { return &s.Base }, Max: 200, Hint: core.T("消息里的链接以它开头,如 https://huiyin.example.com", "Links in messages begin with it, such as https://huiyin.example.com")},
		{Name: "private", Label: core.T("允许调用内网地址", "Allow addresses of the private network"), Ptr: func(s *notify.SiteSetting) any { return &s.Private },
			Hint: core.T("只在短信网关或接收推送的系统在内网时勾选", "Only when the gateway or a receiver of webhooks stands inside")},
	}
}

func mailFields() []core.Field[notify.MailSetting] {
	return []core.Field[notify.MailSetting]{
		onField(func(m *notify.MailSetting) any { return &m.On }),
		{Name: "host", Label: core.T("邮件服务器", "Mail server"), Ptr: func(m *notify.MailSetting) any { return &m.Host }, Max: 200},
		{Name: "security", Label: core.T("加密", "Encryption"), Ptr: func(m *notify.MailSetting) any { return &m.Security }, Kind: core.KindRadio, Required: true, Choices: []core.Choice{{Value: notify.StartTLS, Label: ui.Plain("STARTTLS")},
			{Value: notify.TLS, Label: ui.Plain("SSL/TLS")}, {Value: notify.Plain, Label: core.T("不加密(仅本机)", "None (this machine only)")}}},
		{Name: "port", Label: core.T("端口", "Port"), Ptr: func(m *notify.MailSetting) any { return &m.Port }, Max: 65535, Hint: core.T("填 0 用常用端口:587、465 或 25", "0 takes the usual one: 587, 465 or 25")},
		{Name: "user", Label: core.T("用户名", "User name"), Ptr: func(m *notify.MailSetting) any { return &m.User }, Max: 200},
		{Name: "password", Label: core.T("密码", "Password"), Ptr: func(m *notify.MailSetting) any { return &m.Password }, Hint: stays()},
		{Name: "from", Label: core.T("发件地址", "Sender's address"), Ptr: func(m *notify.MailSetting) any { return &m.From }, Max: 200},
		{Name: "sender", Label: core.T("发件人名称", "Sender's name"), Ptr: func(m *notify.MailSetting) any { return &m.Sender }, Max: 60},
		{Name: "allow_plain", Label: core.T("允许不加密发给别的机器", "Allow another machine without encryption"), Ptr: func(m *notify.MailSetting) any { return &m.AllowPlain }},
	}
}

func stays() core.Text {
	return core.T("不显示已保存的内容;留空则不变", "What is saved is not shown; left empty, it stays")
}

func smsFields() []core.Field[notify.SMSSetting] {
	return []core.Field[notify.SMSSetting]{
		onField(func(g *notify.SMSSetting) any { return &g.On }),
		{Name: "method", Label: core.T("方法", "Method"), Ptr: func(g *notify.SMSSetting) any { return &g.Method }, Kind: core.KindRadio, Required: true, Choices: []core.Choice{{Value: "POST", Label: ui.Plain("POST")}, {Value: "GET", Label: ui.Plain("GET")}}},
		{Name: "url", Label: core.T("网关网址", "Gateway's address"), Ptr: func(g *notify.SMSSetting) any { return &g.URL }, Max: 1000},
		{Name: "headers", Label: core.T("请求头", "Headers"), Ptr: func(g *notify.SMSSetting) any { return &g.Headers }, Kind: core.KindLines, Hint: core.T("每行一条,如 Content-Type: application/json", "One a line, such as Content-Type: application/json")},
		{Name: "body", Label: core.T("正文", "Body"), Ptr: func(g *notify.SMSSetting) any { return &g.Body }, Kind: core.KindLines},
		{Name: "success", Label: core.T("成功时回答里有", "An accepted one is answered with"), Ptr: func(g *notify.SMSSetting) any { return &g.Success }, Hint: core.T("如 \"code\":0;不填则任何 2xx 都算成功", "Such as \"code\":0; when empty, any 2xx will do")},
		{Name: "secret", Label: core.T("密钥 {secret}", "Secret {secret}"), Ptr: func(g *notify.SMSSetting) any { return &g.Secret }, Hint: stays()},
	}
}

func robotFields(c notify.Channel) []core.Field[notify.RobotSetting] {
	out := []core.Field[notify.RobotSetting]{
		onField(func(r *notify.RobotSetting) any { return &r.On }),
		{Name: "address", Label: core.T("机器人网址", "Robot's address"), Ptr: func(r *notify.RobotSetting) any { return &r.Address }, Hint: stays(), Max: 500},
	}
	if c == notify.DingTalk {
		out = append(out, core.Field[notify.RobotSetting]{Name: "sign", Label: core.T("加签密钥", "Signing key"), Ptr: func(r *notify.RobotSetting) any { return &r.Sign }, Hint: stays()})
	}
	return out
}

type testIn struct{ To string }

func testFields(label core.Text) []core.Field[testIn] {
	return []core.Field[testIn]{{Name: "to", Label: label, Ptr: func(in *testIn) any { return &in.To }, Max: 200}}
}

func routes() []web.Route {
	out := []web.Route{{Pattern: "GET /firm/channel", Perm: settingPerm, Handle: channelsPage},
		{Pattern: "POST /firm/webhook/{id}/test", Perm: "webhook.edit", Before: testHook, Handle: tested, Failed: hookFailed}}
	for _, p := range parts() {
		out = append(out, web.Route{Pattern: "GET " + p.href(), Perm: settingPerm, Handle: p.page},
			web.Route{Pattern: "POST " + p.href(), Perm: settingPerm, Handle: p.keep, Failed: p.failed, Specs: p.specs},
			web.Route{Pattern: "GET " + p.api(), Perm: settingPerm, Handle: p.tell}, web.Route{Pattern: "POST " + p.api(), Perm: settingPerm, Handle: p.keepAPI, Specs: p.specs})
		if p.to.Is() {
			out = append(out, web.Route{Pattern: "POST " + p.href() + "/test", Perm: settingPerm, Before: p.test, Handle: tested, Failed: p.testFailed, Specs: core.Specs(testFields(p.to))})
		}
	}
	return out
}

// channelView is a line of the overview.
type channelView struct {
	Label, Note core.Text
	Href        string
	Pill        ui.PillView
}

func channelsPage(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	s, err := notify.SettingsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	var views []channelView
	for _, p := range parts() {
		v := channelView{Label: p.label, Note: p.note, Href: p.href(), Pill: ui.PillView{Text: core.T("未开通", "Off")}}
		if p.on(s) {
			v.Pill = ui.PillView{Tone: ui.OK, Text: core.T("已开通", "On")}
		}
		if p.name == "site" {
			v.Pill.Text = core.T("未填写", "Not set")
			if p.on(s) {
				v.Pill.Text = core.T("已填写", "Set")
			}
		}
		views = append(views, v)
	}
	title := core.T("通知渠道", "Channels")
	return web.Page{Title: title, Narrow: true, Body: channelsBody(title, views)}, nil
}

func (p part) page(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	s, err := notify.SettingsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	return p.draw(p.fill(ctx, s), r.Query("to"), nil, nil), nil
}

// draw shows the form and under it the test.
func (p part) draw(values map[string][]string, to string, failure, testFailure error) web.Page {
	form := ui.FormView{Action: p.href(), Fields: ui.FieldsOf(p.specs, values, failure), Cancel: "/firm/channel"}
	if failure != nil {
		form.Error = core.AsErr(failure).Text
	}
	var test *ui.FormView
	if p.to.Is() {
		test = &ui.FormView{ID: "test", Action: p.href() + "/test", Submit: core.T("发送测试", "Send a test"), Fields: ui.FieldsOf(core.Specs(testFields(p.to)), map[string][]string{"to": {to}}, testFailure)}
		if testFailure != nil {
			test.Error = core.AsErr(testFailure).Text
		}
	}
	return web.Page{Title: p.label, Narrow: true, Body: channelBody(p.label, p.note, form, test)}
}

func (p part) keep(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	return web.Redirect{URL: p.href(), Flash: core.T("已保存", "Saved")}, p.save(ctx, tx, r.Input)
}

func (p part) failed(_ context.Context, _ db.Tx, r *web.Request, failure error) (web.Answer, error) {
	return p.draw(r.Input.Values, "", failure, nil), nil
}

func (p part) testFailed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	s, err := notify.SettingsOf(ctx, tx)
	return p.draw(p.fill(ctx, s), r.Input.Get("to"), nil, failure), err
}

// test sends by the saved setting while no transaction is open, and says what the other side said.
func (p part) test(ctx context.Context, d *db.DB, r *web.Request) (context.Context, error) {
	in, err := core.Bind(ctx, testFields(p.to), r.Input)
	if err != nil {
		return ctx, err
	}
	c := notify.Channel(p.name)
	if c == notify.Mail {
		if _, err := notify.CheckMail(in.To); err != nil {
			return ctx, core.Invalid("to", "邮箱地址不正确,应如 name@example.com", "That is not an address such as name@example.com")
		}
	} else if in.To != "" || c == notify.SMS {
		phone, ok := core.NormalPhone(in.To)
		if !ok {
			return ctx, core.Invalid("to", "电话号码不正确", "That is not a telephone number")
		}
		in.To = string(phone)
	}
	var s notify.Settings
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) { s, err = notify.SettingsOf(ctx, tx); return err })
	if err != nil {
		return ctx, err
	}
	return ctx, said(notify.Test(ctx, s, c, in.To))
}

// said is another machine's refusal as the page shows it.
func said(err error) error {
	if err == nil {
		return nil
	}
	return core.Invalid("", "没有发出去:%s", "It did not go out: %s", err.Error())
}

func tested(_ context.Context, _ db.Tx, r *web.Request) (web.Answer, error) {
	path := r.HTTP.URL.Path
	return web.Redirect{URL: path[:len(path)-len("/test")], Flash: core.T("测试已发出,对方已接收", "The test went out and was accepted")}, nil
}

func hookRecord(ctx context.Context, _ db.Tx, h notify.Hook) (register.Record, error) {
	var pairs []ui.Pair
	for _, f := range hooks().Fields {
		pairs = append(pairs, ui.Pair{Label: f.Label, Value: f.Display(ctx, &h)})
	}
	test := ui.FormView{Action: hooks().Kind.Href(ctx, h.ID, "test"), Submit: core.T("发送测试", "Send a test")}
	return register.Record{Head: ui.HeadView{Title: ui.Plain(h.Name)}, Cards: []templ.Component{register.FieldsCard(core.T("推送", "Webhook"), pairs), hookTestCard(test)}}, nil
}

func testHook(ctx context.Context, d *db.DB, r *web.Request) (context.Context, error) {
	id, err := r.ID("id")
	if err != nil {
		return ctx, err
	}
	var s notify.Settings
	var h notify.Hook
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		if h, err = notify.GetHook(ctx, tx, id); err == nil {
			s, err = notify.SettingsOf(ctx, tx)
		}
		return err
	})
	if err != nil {
		return ctx, err
	}
	return ctx, said(notify.TestHook(ctx, s, h))
}

// hookFailed shows the record again under what the other side said.
func hookFailed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil || !core.IsKind(failure, core.KindInvalid) {
		return nil, failure
	}
	h, err := notify.GetHook(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	form := ui.FormView{Action: hooks().Kind.Href(ctx, id, "test"), Submit: core.T("再试一次", "Try again"), Cancel: hooks().Kind.Href(ctx, id), Error: core.AsErr(failure).Text}
	return web.Page{Title: ui.Plain(h.Name), Narrow: true, Body: channelBody(ui.Plain(h.Name), core.Text{}, form, nil)}, nil
}
