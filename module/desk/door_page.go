package desk

import (
	"context"
	"net/http"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

// public are the pages without sign-in; the door counts who comes.
type public struct{ door *web.Door }

// publicRoutes belong to one App, with a counting door of its own.
func publicRoutes() []web.Route {
	p := &public{web.NewDoor()}
	specs := core.Specs(messageFields(true, "", allTells()))
	return []web.Route{
		{Pattern: "GET /door/{code}", Perm: web.Public, Handle: p.show},
		{Pattern: "POST /door/{code}", Perm: web.Public, Handle: p.send, Failed: p.failed, Admit: p.admit, Specs: specs, MaxBody: sentMax},
		{Pattern: "GET /door/state/{token}", Perm: web.Public, Handle: p.state},
		{Pattern: "GET /p/{project}/door/{id}/poster.pdf", Perm: "door.view", Handle: posterPDF},
	}
}

// admit lets a form's body in: so many at once, of all and of one address, so that uploads of strangers do not fill the disk.
func (p *public) admit(r *web.Request) (leave func(), err error) {
	return p.door.Enter(user.Address(r.HTTP), bodiesOfOne, bodiesAtOnce)
}

// problem is the page of a link that opens nothing.
func problem(err error) (web.Answer, error) {
	e := core.AsErr(err)
	switch e.Kind {
	case core.KindNotFound:
		return note(core.T("链接无效", "The link is not valid"), e.Text, http.StatusNotFound), nil
	case core.KindTooMany:
		return note(core.T("请稍后再试", "Please try again later"), e.Text, http.StatusTooManyRequests), nil
	}
	return nil, err
}

func note(title, text core.Text, status int) web.Page {
	return web.Page{Title: title, Bare: true, Narrow: true, Status: status, Body: ui.Notice(title, text)}
}

// shut is what a door says that is switched off.
func (f front) shut() error {
	if f.Enabled {
		return nil
	}
	if f.Place.Hotline != "" {
		return core.Conflict("这个入口已经停用,给您带来不便请谅解。请打电话 %s 或到前台联系我们", "This page is closed for the time being; we are sorry. Please call %s or come to the front desk", string(f.Place.Hotline))
	}
	return core.Conflict("这个入口已经停用,给您带来不便请谅解。请到前台联系我们", "This page is closed for the time being; we are sorry. Please come to the front desk")
}

func (p *public) show(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	_, f, err := p.reached(ctx, tx, r.HTTP, r.Path("code"))
	if err != nil {
		return problem(err)
	}
	if err := f.shut(); err != nil {
		return note(core.Label(DoorKinds(), f.Kind), core.AsErr(err).Text, http.StatusOK), nil
	}
	return f.page(r.Path("code"), core.Input{}, nil), nil
}

// page is the form, with what was filled in and what is wrong with it. Every form has a key of its own.
func (f front) page(code string, in core.Input, failure error) web.Page {
	title := core.Label(DoorKinds(), f.Kind)
	specs := core.Specs(messageFields(f.box(), f.Place.Name, f.Ways))
	form := ui.FormView{Action: doorPath(code), Fields: ui.FieldsOf(specs, in.Values, failure), Submit: core.T("提交", "Send"), IdemKey: register.NewKey(), Multipart: true, Trap: trapName}
	for i := range form.Fields {
		form.Fields[i].Autocomplete = map[string]string{"name": "name", "phone": "tel", "mail": "email"}[form.Fields[i].Name]
		switch form.Fields[i].Name {
		case "tell":
			form.Fields[i].None = core.T("不用告知,我自己看网页", "No need; I look at the page")
		case "photos":
			form.Fields[i].Accept = "image/*"
		}
	}
	if failure != nil {
		form.Error = whole(core.AsErr(failure), len(in.Files) > 0)
	}
	return web.Page{Title: title, Bare: true, Narrow: true, Body: publicForm(publicView{Title: title, Place: f.Place.Name, Box: f.box(), Hotline: f.Place.Hotline, Form: form})}
}

// whole is what is wrong with a form as a whole; the fields say what is wrong with them. Browsers give photos only once.
func whole(e *core.Err, photos bool) core.Text {
	text := core.Text{}
	for _, f := range e.Fields {
		if f.Name == "" {
			text = f.Text
		}
	}
	switch {
	case len(e.Fields) == 0:
		text = e.Text
	case !text.Is() && photos:
		text = core.T("请改正下面标出的地方", "Please correct what is marked below")
	}
	if photos {
		text = core.T("%s。照片要重新选择", "%s. Photos need choosing again", text)
	}
	return text
}

func (p *public) send(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	ctx, f, err := p.reached(ctx, tx, r.HTTP, r.Path("code"))
	if core.IsKind(err, core.KindNotFound) || core.IsKind(err, core.KindTooMany) {
		return problem(err)
	}
	if err == nil {
		err = f.shut()
	}
	if err == nil {
		err = p.counted(r, f)
	}
	if err != nil {
		return nil, err
	}
	m, err := f.read(ctx, r.Input)
	if err != nil {
		return nil, err
	}
	key := r.Idem()
	if key == "" {
		key = register.NewKey()
	}
	token, err := f.take(ctx, tx, key, m)
	return web.Redirect{URL: statePath(token) + "?new=1"}, err
}

// counted refuses floods, and what only a machine fills in.
func (p *public) counted(r *web.Request, f front) error {
	if err := p.door.Again("from "+user.Address(r.HTTP), addressMinute); err != nil {
		return err
	}
	if err := p.door.Again("door "+f.hash, codeMinute); err != nil {
		return err
	}
	if r.Input.Get(trapName) != "" {
		return core.Invalid("", "没有收到。请再点一次「提交」", "It was not received. Please press “Send” once more")
	}
	return nil
}

// failed shows the form again with all its words.
func (p *public) failed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	_, f, err := p.reached(ctx, tx, r.HTTP, r.Path("code"))
	if err != nil {
		return problem(err)
	}
	if err := f.shut(); err != nil {
		return note(core.Label(DoorKinds(), f.Kind), core.AsErr(err).Text, 0), nil
	}
	if core.IsKind(failure, core.KindTooLarge) {
		failure = core.Wrong([]core.FieldErr{{Name: "photos", Text: core.T("照片太大:最多 %d 张,每张不超过 %d MB。您写的文字都还在,请换小一点的照片", "The photos are too large: at most %d, of up to %d MB each. What you wrote is still here; please choose smaller ones", photosMax, photoMax>>20)}})
	}
	return f.page(r.Path("code"), r.Input, failure), nil
}

func (p *public) state(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	ctx, v, err := seeBy(ctx, tx, r.Path("token"))
	if core.IsKind(err, core.KindNotFound) {
		if much := p.door.Missed(user.Address(r.HTTP)); much != nil {
			err = much
		}
	}
	if err != nil {
		return problem(err)
	}
	return v.page(ctx, r.Query("new") != ""), nil
}
