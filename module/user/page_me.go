package user

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/web"
	"huiyin/web/ui"
)

type meIn struct {
	Phone    core.Phone
	Language string
}

func meFields() []core.Field[meIn] {
	return []core.Field[meIn]{
		{Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(in *meIn) any { return &in.Phone }},
		{Name: "language", Label: core.T("语言", "Language"), Ptr: func(in *meIn) any { return &in.Language }, Choices: languages(), Hint: asBrowser()},
	}
}

type proofIn struct{ Password core.Secret }

func proofFields() []core.Field[proofIn] {
	return []core.Field[proofIn]{{Name: "password", Label: core.T("现在的密码", "Your password"), Ptr: func(in *proofIn) any { return &in.Password }, Required: true, Max: 4 * passwordMax}}
}

// meView is 我的设置: data, second factor, sign-ins, tokens.
type meView struct {
	User     User
	Roles    []ui.Pair
	Form     ui.FormView
	Notice   ui.FormView // what reaches me outside the application; no fields: the firm has no channel
	Off      ui.FormView // of the second factor
	Left     int         // recovery codes
	Sessions []sessionView
	Tokens   []tokenView
}

type sessionView struct {
	ID            core.ID
	What, Address string
	Seen, Created time.Time
	Mine          bool
}

type tokenView struct {
	ID            core.ID
	Name, Scopes  string
	Expires, Seen time.Time
}

func mePage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	return meWith(ctx, tx, r, nil, nil)
}

func meFailed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	return meWith(ctx, tx, r, r.Input.Values, failure)
}

func meWith(ctx context.Context, tx db.Tx, r *web.Request, typed map[string][]string, failure error) (web.Answer, error) {
	u, err := me(ctx, tx)
	if err != nil {
		return nil, err
	}
	in := meIn{Phone: u.Phone, Language: string(u.Language)}
	v := meView{User: u, Form: formOf("/me", core.Specs(meFields()), core.ValuesOf(ctx, meFields(), &in), nil),
		Off: formOf("/me/totp/off", core.Specs(proofFields()), nil, nil)}
	v.Off.Submit, v.Off.Danger, v.Off.Error = core.T("停用两步验证", "Turn it off"), true, core.Text{}
	auto(v.Off.Fields, "password", "current-password", false)
	switch {
	case failure != nil && r.Route.Path() == noticePath:
	case failure != nil && r.Route.Path() == "/me":
		v.Form = formOf("/me", core.Specs(meFields()), typed, failure)
	case failure != nil:
		v.Off.Error, v.Off.Fields = core.AsErr(failure).Text, ui.FieldsOf(core.Specs(proofFields()), nil, failure)
	}
	if v.Notice, err = noticeForm(ctx, tx, r, typed, failure); err != nil {
		return nil, err
	}
	if err := v.fill(ctx, tx, sessionOf(r)); err != nil {
		return nil, err
	}
	title := core.T("我的设置", "My settings")
	return web.Page{Title: title, Body: meBody(title, v)}, nil
}

func (v *meView) fill(ctx context.Context, tx db.Tx, mine core.ID) error {
	seats, err := seatViews(ctx, tx, v.User)
	if err != nil {
		return err
	}
	for _, s := range seats {
		v.Roles = append(v.Roles, ui.Pair{Label: s.Project, Value: strings.TrimSuffix(s.Roles+" · "+s.Department, " · ")})
	}
	all, err := sessions(ctx, tx, v.User.ID)
	if err != nil {
		return err
	}
	for _, s := range all {
		v.Sessions = append(v.Sessions, sessionView{s.ID, browser(s.Agent).Say(ctx), s.Address, s.Seen, s.Created, s.ID == mine})
	}
	ts, err := tokens(ctx, tx, v.User.ID)
	if err != nil {
		return err
	}
	for _, t := range ts {
		v.Tokens = append(v.Tokens, tokenView{t.ID, t.Name, scopeWords(ctx, t.Scopes), t.Expires, t.Seen})
	}
	v.Left, err = recoveryLeft(ctx, tx, v.User.ID)
	return err
}

func scopeWords(ctx context.Context, scopes []string) string {
	if slices.Contains(scopes, everything) {
		return core.T("全部权限", "everything").Say(ctx)
	}
	return strings.Join(scopes, " ")
}

// browser names a browser as its owner would.
func browser(agent string) core.Text {
	on, with := core.T("电脑", "computer"), "?"
	for _, c := range []struct{ sign, name string }{{"MicroMessenger", "微信"}, {"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, c.sign) {
			with = c.name
			break
		}
	}
	if strings.Contains(agent, "Mobile") || strings.Contains(agent, "Android") || strings.Contains(agent, "iPhone") {
		on = core.T("手机", "phone")
	}
	if with == "?" {
		return core.T("其他程序", "Another program")
	}
	return core.T("%s · %s", "%s on a %s", either(with, on)...)
}

// either says 手机 · Chrome in Chinese and "Chrome on a phone" in English.
func either(with string, on core.Text) []any {
	return []any{core.Text{ZH: on.ZH, EN: with}, core.Text{ZH: with, EN: on.EN}}
}

func saveMe(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, meFields(), r.Input)
	if err != nil {
		return nil, err
	}
	u, err := lock(ctx, tx, core.ActorOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	if err := set(ctx, tx, u.ID, "phone = $4, language = $5", in.Phone, in.Language); err != nil {
		return nil, err
	}
	return web.Redirect{URL: "/me", Flash: core.T("已保存", "Saved")}, journal.Add(ctx, tx, u.ref(), "changed", in)
}

type passwordIn struct {
	Old, Password, Again core.Secret
	Next                 string
}

func passwordFields() []core.Field[passwordIn] {
	return []core.Field[passwordIn]{
		{Name: "old", Label: core.T("现在的密码", "Present password"), Ptr: func(in *passwordIn) any { return &in.Old }, Required: true, Max: 4 * passwordMax},
		{Name: "password", Label: core.T("新密码", "New password"), Ptr: func(in *passwordIn) any { return &in.Password }, Required: true,
			Hint: core.T("至少 %d 个字符;一句好记的话比一串符号好", "At least %d characters; a sentence you remember beats a row of signs", passwordMin)},
		{Name: "again", Label: core.T("再输一次", "Once more"), Ptr: func(in *passwordIn) any { return &in.Again }, Required: true},
		{Name: "next", Ptr: func(in *passwordIn) any { return &in.Next }, Kind: core.KindHidden, Max: 2000},
	}
}

func passwordPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	return passwordForm(ctx, tx, localPath(r.Query("next")), nil)
}

func passwordFailed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	return passwordForm(ctx, tx, localPath(r.Input.Get("next")), failure)
}

func passwordForm(ctx context.Context, tx db.Tx, next string, failure error) (web.Answer, error) {
	u, err := me(ctx, tx)
	if err != nil {
		return nil, err
	}
	form := formOf(passwordPath, core.Specs(passwordFields()), map[string][]string{"next": {next}}, failure)
	form.Submit = core.T("修改密码", "Change the password")
	auto(form.Fields, "old", "current-password", failure == nil)
	auto(form.Fields, "password", "new-password", false)
	auto(form.Fields, "again", "new-password", false)
	title, sub := core.T("修改密码", "Change the password"), core.Text{}
	if u.MustChange {
		title, sub = core.T("请先设一个自己的密码", "First choose a password of your own"), core.T("您用的是别人给的临时密码。", "You signed in with a temporary password.")
		form.Fields[0].Label = core.T("临时密码", "Temporary password")
	} else {
		form.Cancel = "/me"
	}
	return web.Page{Title: title, Bare: u.MustChange, Narrow: true, Body: cardPage(title, sub, form)}, nil
}

func savePassword(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, passwordFields(), r.Input)
	if err != nil {
		return nil, err
	}
	if in.Password != in.Again {
		return nil, core.Invalid("again", "两次输入的密码不一样", "The two passwords differ")
	}
	id := core.ActorOf(ctx).ID
	if err := ChangePassword(ctx, tx, id, in.Old, in.Password, sessionOf(r)); err != nil {
		return nil, err
	}
	c, err := begin(ctx, tx, r.HTTP, id, false)
	next := localPath(in.Next)
	if in.Next == "" {
		next = "/me"
	}
	return web.Redirect{URL: next, Flash: core.T("密码已修改,其他设备上的登录都已结束", "The password is changed; sign-ins elsewhere have ended"), Cookie: c}, err
}

func totpStart(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	u, err := lock(ctx, tx, core.ActorOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	f, err := project.TheFirm(ctx, tx)
	if err != nil {
		return nil, err
	}
	issuer := strings.ReplaceAll("回音 "+f.Name, ":", " ")
	return web.Redirect{URL: "/me/totp"}, startTOTP(ctx, tx, u, strings.TrimSpace(issuer))
}

func totpPage(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	return totpForm(ctx, tx, nil)
}

func totpFailed(ctx context.Context, tx db.Tx, _ *web.Request, failure error) (web.Answer, error) {
	return totpForm(ctx, tx, failure)
}

func totpForm(ctx context.Context, tx db.Tx, failure error) (web.Answer, error) {
	u, err := me(ctx, tx)
	if err != nil {
		return nil, err
	}
	key, err := keyOfUser(tx, u)
	if err != nil || key == nil || u.TOTP {
		return web.Redirect{URL: "/me"}, err
	}
	image, err := picture(key)
	if err != nil {
		return nil, err
	}
	form := formOf("/me/totp/confirm", core.Specs(codeFields()), nil, failure)
	form.Submit, form.Cancel = core.T("启用", "Turn on"), "/me"
	auto(form.Fields, "code", "one-time-code", true)
	title := core.T("启用两步验证", "Turn on the second factor")
	return web.Page{Title: title, Narrow: true, Body: totpBody(title, image, grouped(key.Secret()), form)}, nil
}

// grouped sets four characters apart, for who types them.
func grouped(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func totpConfirm(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, codeFields(), r.Input)
	if err != nil {
		return nil, err
	}
	u, err := lock(ctx, tx, core.ActorOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	codes, err := confirmTOTP(ctx, tx, u, in.Code)
	if err != nil {
		return nil, err
	}
	title := core.T("两步验证已启用", "The second factor is on")
	return web.Page{Title: title, Narrow: true, Body: codesBody(title, codes)}, nil
}

func totpOff(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, proofFields(), r.Input)
	if err != nil {
		return nil, err
	}
	u, err := lock(ctx, tx, core.ActorOf(ctx).ID)
	if err != nil {
		return nil, err
	}
	ok, err := verifyPassword(ctx, u.password, in.Password)
	if err == nil && !ok {
		err = core.Invalid("password", "密码不对", "Wrong password")
	}
	if err != nil {
		return nil, err
	}
	return web.Redirect{URL: "/me", Flash: core.T("两步验证已停用", "The second factor is off")}, stopTOTP(ctx, tx, u)
}

func endOne(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err == nil {
		err = endSession(ctx, tx, core.ActorOf(ctx).ID, id)
	}
	return web.Redirect{URL: "/me", Flash: core.T("那里的登录已结束", "That sign-in has ended")}, err
}

func endOthers(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	err := endSessions(ctx, tx, core.ActorOf(ctx).ID, sessionOf(r))
	return web.Redirect{URL: "/me", Flash: core.T("其他地方的登录都已结束", "All other sign-ins have ended")}, err
}

type tokenIn struct {
	Name    string
	Expires core.Date
	Scope   string
	Scopes  []string
}

func tokenFields() []core.Field[tokenIn] {
	return []core.Field[tokenIn]{
		{Name: "name", Label: core.T("给谁用", "What for"), Ptr: func(in *tokenIn) any { return &in.Name }, Required: true, Max: 60, Hint: core.T("例如:财务软件每日取数", "For example: the accounting program's daily fetch")},
		{Name: "expires", Label: core.T("有效至", "Until"), Ptr: func(in *tokenIn) any { return &in.Expires }, Required: true, Hint: core.T("最长一年", "A year at most")},
		{Name: "scope", Label: core.T("可以做什么", "May do"), Ptr: func(in *tokenIn) any { return &in.Scope }, Kind: core.KindRadio, Required: true,
			Choices: []core.Choice{{Value: "view", Label: core.T("只查看", "View only")}, {Value: "all", Label: core.T("与我相同", "All that I may")}, {Value: "these", Label: core.T("只限下面勾选的", "Only what is ticked below")}}},
		{Name: "scopes", Label: core.T("勾选权限", "Permissions"), Ptr: func(in *tokenIn) any { return &in.Scopes }, Max: 1000},
	}
}

// scopes turns the choice into permissions that the actor holds.
func (in tokenIn) scopes(ctx context.Context) ([]string, error) {
	mine := mayDo(ctx)
	switch in.Scope {
	case "all":
		return []string{everything}, nil
	case "view":
		return slices.DeleteFunc(mine, func(p string) bool { return !strings.HasSuffix(p, ".view") }), nil
	}
	for _, s := range in.Scopes {
		if !slices.Contains(mine, s) {
			return nil, core.Invalid("scopes", "您自己没有权限「%s」", "You do not hold %q yourself", s)
		}
	}
	return in.Scopes, nil
}

// mayDo lists every permission that the actor holds anywhere, in the modules' order.
func mayDo(ctx context.Context) []string {
	var out []string
	a := core.ActorOf(ctx)
	for _, p := range house.Of(ctx).Perms {
		for place := range a.Seats {
			if a.Can(place, p.Name) && !slices.Contains(out, p.Name) {
				out = append(out, p.Name)
			}
		}
	}
	return out
}

func tokenPage(ctx context.Context, _ db.Tx, _ *web.Request) (web.Answer, error) {
	return tokenForm(ctx, map[string][]string{"scope": {"view"}, "expires": {string(core.DateOf(time.Now(), core.China).Add(90))}}, nil), nil
}

func tokenFailed(ctx context.Context, _ db.Tx, r *web.Request, failure error) (web.Answer, error) {
	return tokenForm(ctx, r.Input.Values, failure), nil
}

func tokenForm(ctx context.Context, values map[string][]string, failure error) web.Page {
	form := formOf("/me/token", core.Specs(tokenFields()), values, failure)
	form.Submit, form.Cancel = core.T("建立令牌", "Make the token"), "/me"
	for _, name := range mayDo(ctx) {
		label := ui.Plain(name)
		for _, p := range house.Of(ctx).Perms {
			if p.Name == name {
				label = p.Label
			}
		}
		form.Fields[3].Choices = append(form.Fields[3].Choices, core.Choice{Value: name, Label: label})
	}
	title := core.T("新建 API 令牌", "New API token")
	return web.Page{Title: title, Narrow: true, Body: cardPage(title, core.T("程序用令牌代替您的登录,权限不会超过您自己的。", "A program uses the token in place of your sign-in; it never exceeds your own rights."), form)}
}

func newToken(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, tokenFields(), r.Input)
	if err != nil {
		return nil, err
	}
	scopes, err := in.scopes(ctx)
	if err != nil {
		return nil, err
	}
	secret, err := createToken(ctx, tx, core.ActorOf(ctx).ID, in.Name, scopes, in.Expires.Add(1).Time(core.China))
	if err != nil {
		return nil, err
	}
	title := core.T("令牌已建立", "The token is made")
	return web.Page{Title: title, Narrow: true, Body: secretBody(title, in.Name, secret)}, nil
}

func endToken(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err == nil {
		err = EndToken(ctx, tx, core.ActorOf(ctx).ID, id)
	}
	return web.Redirect{URL: "/me", Flash: core.T("令牌已收回", "The token is withdrawn")}, err
}

// rolesHref is a role's page among the permissions.
func rolesHref(role string) string { return "/firm/roles?role=" + url.QueryEscape(role) }
