package user

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

const passwordPath = "/me/password"

func routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /sign-in", Perm: web.Public, Handle: signInPage},
		{Pattern: "POST /sign-in", Perm: web.Public, Before: tryPassword, Handle: signIn, Failed: signInFailed, Specs: core.Specs(signInFields())},
		{Pattern: "GET /sign-in/code", Perm: web.Public, Handle: codePage},
		{Pattern: "POST /sign-in/code", Perm: web.Public, Handle: enterCode, Failed: codeFailed, Specs: core.Specs(codeFields())},
		{Pattern: "POST /sign-out", Perm: web.Public, Handle: signOut},
		{Pattern: "POST /language", Perm: web.Public, Handle: chooseLanguage},
		{Pattern: "GET /setup", Perm: web.Public, Handle: setupPage},
		{Pattern: "POST /setup", Perm: web.Public, Handle: setUp, Failed: setupFailed, Specs: core.Specs(setupFields())},
		{Pattern: "GET /me", Perm: web.SignedIn, Handle: mePage},
		{Pattern: "POST /me", Perm: web.SignedIn, Handle: saveMe, Failed: meFailed, Specs: core.Specs(meFields())},
		{Pattern: "POST " + noticePath, Perm: web.SignedIn, Handle: saveNotice, Failed: meFailed, Specs: core.Specs(noticeFields())},
		{Pattern: "GET " + passwordPath, Perm: web.SignedIn, Handle: passwordPage},
		{Pattern: "POST " + passwordPath, Perm: web.SignedIn, Handle: savePassword, Failed: passwordFailed, Specs: core.Specs(passwordFields())},
		{Pattern: "GET /me/totp", Perm: web.SignedIn, Handle: totpPage},
		{Pattern: "POST /me/totp/start", Perm: web.SignedIn, Handle: totpStart},
		{Pattern: "POST /me/totp/confirm", Perm: web.SignedIn, Handle: totpConfirm, Failed: totpFailed, Specs: core.Specs(codeFields())},
		{Pattern: "POST /me/totp/off", Perm: web.SignedIn, Handle: totpOff, Failed: meFailed, Specs: core.Specs(proofFields())},
		{Pattern: "POST /me/session/{id}/end", Perm: web.SignedIn, Handle: endOne},
		{Pattern: "POST /me/sessions/end", Perm: web.SignedIn, Handle: endOthers},
		{Pattern: "GET /me/token", Perm: web.SignedIn, Handle: tokenPage},
		{Pattern: "POST /me/token", Perm: web.SignedIn, Handle: newToken, Failed: tokenFailed, Specs: core.Specs(tokenFields())},
		{Pattern: "POST /me/token/{id}/end", Perm: web.SignedIn, Handle: endToken},
		{Pattern: "GET /p/{project}/user/lookup", Perm: web.Member, Handle: lookup},
		{Pattern: "GET /firm/roles", Perm: "user.role", Handle: rolesPage},
		{Pattern: "POST /firm/roles", Perm: "user.role", Handle: askRoles, Failed: rolesFailed, Specs: core.Specs(rolesFields())},
	}
}

type signInIn struct {
	Login    string
	Password core.Secret
	Next     string
}

func signInFields() []core.Field[signInIn] {
	return []core.Field[signInIn]{
		{Name: "login", Label: core.T("登录名", "Login"), Ptr: func(in *signInIn) any { return &in.Login }, Required: true},
		{Name: "password", Label: core.T("密码", "Password"), Ptr: func(in *signInIn) any { return &in.Password }, Required: true, Max: 4 * passwordMax},
		{Name: "next", Ptr: func(in *signInIn) any { return &in.Next }, Kind: core.KindHidden, Max: 2000},
	}
}

// signInPage sends an empty database to its set-up, and whoever is signed in to where he was going.
func signInPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	any, err := Any(ctx, tx)
	if err != nil || !any {
		return web.Redirect{URL: "/setup"}, err
	}
	s, ok, err := current(ctx, tx, r.HTTP)
	if err != nil {
		return nil, err
	}
	next := localPath(r.Query("next"))
	if ok && !s.Pending {
		return web.Redirect{URL: afterSignIn(s.mustChange, next)}, nil
	}
	return signInForm(ctx, tx, map[string][]string{"next": {next}}, nil)
}

func afterSignIn(mustChange bool, next string) string {
	if mustChange {
		return passwordPath + "?next=" + url.QueryEscape(next)
	}
	return next
}

func signInForm(ctx context.Context, tx db.Tx, values map[string][]string, failure error) (web.Answer, error) {
	f, err := project.TheFirm(ctx, tx)
	if err != nil {
		return nil, err
	}
	form := formOf("/sign-in", core.Specs(signInFields()), values, failure)
	form.Submit = core.T("登录", "Sign in")
	auto(form.Fields, "login", "username", values["login"] == nil)
	auto(form.Fields, "password", "current-password", values["login"] != nil)
	title := core.T("登录", "Sign in")
	return web.Page{Title: title, Bare: true, Narrow: true, Body: signInBody(title, f.Name, form)}, nil
}

// formOf draws a form; failure fills its summary and its fields.
func formOf(action string, specs []core.Spec, values map[string][]string, failure error) ui.FormView {
	f := ui.FormView{Action: action, Fields: ui.FieldsOf(specs, values, failure)}
	if failure != nil {
		f.Error = core.AsErr(failure).Text
	}
	return f
}

// auto tells password managers what a field is.
func auto(fields []ui.FieldView, name, token string, focus bool) {
	for i := range fields {
		if fields[i].Name == name {
			fields[i].Autocomplete, fields[i].Autofocus = token, focus
		}
	}
}

func signInFailed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	values := map[string][]string{"login": {short(r.Input.Get("login"), 200)}, "next": {localPath(r.Input.Get("next"))}}
	return signInForm(ctx, tx, values, failure)
}

// tryPassword hashes before the transaction: nobody else's write waits for it.
func tryPassword(ctx context.Context, d *db.DB, r *web.Request) (context.Context, error) {
	in, err := core.Bind(ctx, signInFields(), r.Input)
	if err != nil {
		return ctx, err
	}
	return Compare(ctx, d, in.Login, in.Password, Address(r.HTTP))
}

// signIn checks the password. A failure is counted in this very transaction, so that tries sent at once are counted one
// after another; therefore it is no error here but the form with status 422.
func signIn(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, signInFields(), r.Input)
	if err != nil {
		return nil, err
	}
	u, err := Authenticate(ctx, tx, in.Login, in.Password, Address(r.HTTP))
	if err != nil {
		return counted(ctx, tx, err, func() (web.Answer, error) { return signInFailed(ctx, tx, r, err) })
	}
	next := localPath(in.Next)
	if u.TOTP {
		c, err := begin(ctx, tx, r.HTTP, u.ID, true)
		return web.Redirect{URL: "/sign-in/code?next=" + url.QueryEscape(next), Cookie: c}, err
	}
	c, err := signedIn(ctx, tx, r.HTTP, u)
	return web.Redirect{URL: afterSignIn(u.MustChange, next), Cookie: c}, err
}

// counted keeps a failed try and shows the form; any other error goes its way.
func counted(ctx context.Context, tx db.Tx, err error, form func() (web.Answer, error)) (web.Answer, error) {
	keep := core.AsErr(err).Keep
	if len(keep) == 0 {
		return nil, err
	}
	for _, k := range keep {
		if err := k.(db.Kept).Keep(ctx, tx); err != nil {
			return nil, err
		}
	}
	ans, err := form()
	if p, ok := ans.(web.Page); ok {
		p.Status = http.StatusUnprocessableEntity
		return p, err
	}
	return ans, err
}

type codeIn struct{ Code, Next string }

func codeFields() []core.Field[codeIn] {
	return []core.Field[codeIn]{
		{Name: "code", Label: core.T("验证码", "Code"), Ptr: func(in *codeIn) any { return &in.Code }, Required: true, Max: 40},
		{Name: "next", Ptr: func(in *codeIn) any { return &in.Next }, Kind: core.KindHidden, Max: 2000},
	}
}

func codePage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	s, ok, err := current(ctx, tx, r.HTTP)
	if err != nil || !ok || !s.Pending {
		return web.Redirect{URL: "/sign-in"}, err
	}
	return codeForm(map[string][]string{"next": {localPath(r.Query("next"))}}, nil), nil
}

func codeForm(values map[string][]string, failure error) web.Page {
	form := formOf("/sign-in/code", core.Specs(codeFields()), values, failure)
	form.Submit, form.Cancel = core.T("继续", "Continue"), "/sign-in"
	form.Fields[0].Hint = core.T("手机验证器上的 6 位数字;手机不在身边,可用一个恢复码", "The six digits of your authenticator; without the phone, one of your recovery codes")
	auto(form.Fields, "code", "one-time-code", true)
	title := core.T("两步验证", "Second step")
	return web.Page{Title: title, Bare: true, Narrow: true, Body: cardPage(title, core.Text{}, form)}
}

func codeFailed(_ context.Context, _ db.Tx, r *web.Request, failure error) (web.Answer, error) {
	return codeForm(map[string][]string{"next": {localPath(r.Input.Get("next"))}}, failure), nil
}

func enterCode(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, codeFields(), r.Input)
	if err != nil {
		return nil, err
	}
	s, ok, err := current(ctx, tx, r.HTTP)
	if err != nil || !ok || !s.Pending {
		return web.Redirect{URL: "/sign-in", Flash: core.T("等得太久了,请重新登录", "That took too long; please sign in again")}, err
	}
	u, err := Get(ctx, tx, s.User)
	if err != nil {
		return nil, err
	}
	if err := secondFactor(ctx, tx, u, in.Code); err != nil {
		return counted(ctx, tx, err, func() (web.Answer, error) { return codeFailed(ctx, tx, r, err) })
	}
	c, err := signedIn(ctx, tx, r.HTTP, u)
	return web.Redirect{URL: afterSignIn(u.MustChange, localPath(in.Next)), Cookie: c}, err
}

func signOut(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	err := drop(ctx, tx, r.HTTP)
	return web.Redirect{URL: "/sign-in", Flash: core.T("已退出", "Signed out"), Cookie: noCookie(r.HTTP)}, err
}

// chooseLanguage sets the browser's language and, for who is signed in, the user's.
func chooseLanguage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	lang := core.Lang(r.Input.Get("lang"))
	if lang != core.ZH && lang != core.EN {
		return nil, core.Invalid("lang", "没有这种语言", "There is no such language")
	}
	s, ok, err := current(ctx, tx, r.HTTP)
	if err == nil && ok && !s.Pending {
		err = setLanguage(ctx, tx, s.User, lang)
	}
	back := r.Input.Get("back")
	if local := localPath(back); local != "/" || back == "" {
		back = local
	} else if back != "/sign-in" && back != "/sign-in/code" {
		back = "/"
	}
	return web.Redirect{URL: back, Cookie: &http.Cookie{Name: langCookie, Value: string(lang), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: secure(r.HTTP), MaxAge: 365 * 24 * 3600}}, err
}

// SetupIn is the first page of an empty database.
type SetupIn struct {
	Firm, Project, Name, Login string
	Password, Again            core.Secret
}

func setupFields() []core.Field[SetupIn] {
	return []core.Field[SetupIn]{
		{Name: "firm", Label: core.T("公司名称", "Name of the firm"), Ptr: func(in *SetupIn) any { return &in.Firm }, Required: true, Max: 60},
		{Name: "project", Label: core.T("第一个项目", "First project"), Ptr: func(in *SetupIn) any { return &in.Project }, Required: true, Max: 60,
			Hint: core.T("大厦、商场或园区的名称;以后可以再加", "The tower, mall or park; more can be added later")},
		{Name: "name", Label: core.T("您的姓名", "Your name"), Ptr: func(in *SetupIn) any { return &in.Name }, Required: true, Max: 40},
		{Name: "login", Label: core.T("登录名", "Login"), Ptr: func(in *SetupIn) any { return &in.Login }, Required: true, Max: 40},
		{Name: "password", Label: core.T("密码", "Password"), Ptr: func(in *SetupIn) any { return &in.Password }, Required: true,
			Hint: core.T("至少 %d 个字符", "At least %d characters", passwordMin)},
		{Name: "again", Label: core.T("再输一次密码", "The password again"), Ptr: func(in *SetupIn) any { return &in.Again }, Required: true},
	}
}

func setupPage(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	any, err := Any(ctx, tx)
	if err != nil || any {
		return web.Redirect{URL: "/sign-in"}, err
	}
	return setupForm(nil, nil), nil
}

func setupForm(values map[string][]string, failure error) web.Page {
	form := formOf("/setup", core.Specs(setupFields()), values, failure)
	form.Submit = core.T("开始使用", "Start")
	auto(form.Fields, "login", "username", false)
	auto(form.Fields, "name", "name", false)
	auto(form.Fields, "password", "new-password", false)
	auto(form.Fields, "again", "new-password", false)
	auto(form.Fields, "firm", "organization", failure == nil)
	title := core.T("欢迎使用回音", "Welcome to Huiyin")
	sub := core.T("这里还没有任何用户。填好后,您就是第一位系统管理员,也是第一个项目的管理处主任。", "Nobody is here yet. You will be the first administrator, and the manager of the first project.")
	return web.Page{Title: title, Bare: true, Body: cardPage(title, sub, form)}
}

func setupFailed(_ context.Context, _ db.Tx, r *web.Request, failure error) (web.Answer, error) {
	return setupForm(r.Input.Values, failure), nil
}

func setUp(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, setupFields(), r.Input)
	if err != nil {
		return nil, err
	}
	u, err := SetUp(core.AsSystem(ctx), tx, in)
	if err != nil {
		return nil, err
	}
	c, err := signedIn(ctx, tx, r.HTTP, u)
	return web.Redirect{URL: "/", Cookie: c, Flash: core.T("设置完成", "You are set up")}, err
}

// SetUp makes the firm, its first project and its first administrator, who is also the project's manager. It refuses as
// soon as anybody can sign in.
func SetUp(ctx context.Context, tx db.Tx, in SetupIn) (User, error) {
	if in.Password != in.Again {
		return User{}, core.Invalid("again", "两次输入的密码不一样", "The two passwords differ")
	}
	f, err := project.LockFirm(ctx, tx)
	if err != nil {
		return User{}, err
	}
	if any, err := Any(ctx, tx); err != nil || any {
		return User{}, core.Conflict("已经有用户了,请直接登录", "There are users already; please sign in")
	}
	if f.SetUp.IsZero() {
		if err := project.SetUp(ctx, tx, in.Firm, false); err != nil {
			return User{}, err
		}
	}
	p, err := project.ByName(ctx, tx, in.Project)
	if core.IsKind(err, core.KindNotFound) {
		p, err = project.Create(ctx, tx, project.In{Name: in.Project})
	}
	if err != nil {
		return User{}, atField("project", err)
	}
	id, err := Add(ctx, tx, In{Login: in.Login, Name: in.Name, Password: in.Password,
		Roles: map[core.ID][]core.Role{core.Firm: {core.Admin}, p.ID: {core.Manager}}})
	if err != nil {
		return User{}, err
	}
	return Get(ctx, tx, id)
}

// atField moves a complaint to the field of this form that it is about.
func atField(name string, err error) error {
	e := core.AsErr(err)
	if e.Kind != core.KindInvalid {
		return err
	}
	return &core.Err{Kind: e.Kind, Text: e.Text, Fields: []core.FieldErr{{Name: name, Text: e.Text}}}
}

// me is who is signed in.
func me(ctx context.Context, tx db.Tx) (User, error) { return Get(ctx, tx, core.ActorOf(ctx).ID) }

func sessionOf(r *web.Request) core.ID {
	if len(r.Session.Key) < 2 {
		return 0
	}
	id, _ := core.ParseID(r.Session.Key[1:]) // made by SignIn
	return id
}

// users is the register of users.
func users() register.Register[User] {
	k := kind()
	return register.Register[User]{
		Kind: k, Viewers: []core.Role{core.Admin, core.GM, core.Manager}, Columns: []string{"name", "seats", "login", "phone", "skills", "state"}, Fields: userFields(),
		Filters: []register.Filter{{Name: "role", Label: core.T("岗位", "Role"), Kind: core.KindChoice, Choices: roleChoices()},
			{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: states()}},
		ID: func(u *User) core.ID { return u.ID }, Version: func(u *User) int64 { return u.Version }, Cursor: func(u *User) string { return u.ID.String() },
		Find: find, Get: Get, Record: record, Row: row, Revealers: []core.Role{core.Admin, core.GM, core.Manager},
		Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"phone": func(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
			u, err := Get(ctx, tx, id)
			return string(u.Phone), err
		}},
		Verbs: verbs(),
	}
}

func userFields() []core.Field[User] {
	return []core.Field[User]{
		{Name: "name", Label: core.T("姓名", "Name"), Ptr: func(u *User) any { return &u.Name }},
		{Name: "login", Label: core.T("登录名", "Login"), Ptr: func(u *User) any { return &u.Login }},
		{Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(u *User) any { return &u.Phone }},
		{Name: "skills", Label: core.T("专长", "Skills"), Ptr: func(u *User) any { return &u.Skills }, Choices: Skills()},
		{Name: "on_duty", Label: core.T("可派工", "On duty"), Ptr: func(u *User) any { return &u.OnDuty }},
		{Name: "totp", Label: core.T("两步验证", "Second factor"), Ptr: func(u *User) any { return &u.TOTP }},
		{Name: "state", Label: core.T("状态", "State"), Ptr: func(u *User) any { return &u.State }, Choices: states()},
		{Name: "seats", Label: core.T("岗位", "Roles"), Ptr: func(u *User) any { return &u.key }, Show: func(ctx context.Context, u *User) string { return roleWords(ctx, u.Seats) }},
	}
}

func href(id core.ID, more string) string { return fmt.Sprintf("/firm/user/%s/%s", id, more) }
