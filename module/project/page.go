package project

import (
	"context"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

func cards(p Project, pairs []ui.Pair) []templ.Component {
	return []templ.Component{register.FieldsCard(core.T("项目资料", "Project data"), pairs),
		goCard(p.Code)}
}

type firmIn struct{ Name string }

func firmFields() []core.Field[firmIn] {
	return []core.Field[firmIn]{{Name: "name", Label: core.T("公司名称", "Name of the firm"), Ptr: func(in *firmIn) any { return &in.Name }, Required: true, Max: 60,
		Hint: core.T("显示在每页左上角和打印件上", "Shown at the top of every page and on printed forms")}}
}

func settingPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	return setting(ctx, tx, r, nil)
}

// settingFailed shows the page again with what was typed.
func settingFailed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	return setting(ctx, tx, r, failure)
}

func setting(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	f, err := TheFirm(ctx, tx)
	if err != nil {
		return nil, err
	}
	in := firmIn{Name: f.Name}
	values := core.ValuesOf(ctx, firmFields(), &in)
	form := ui.FormView{Action: "/firm/setting"}
	if failure != nil {
		values, form.Error = r.Input.Values, core.AsErr(failure).Text
	}
	form.Fields = ui.FieldsOf(core.Specs(firmFields()), values, failure)
	title := core.T("公司设置", "Firm settings")
	return web.Page{Title: title, Narrow: true, Body: settingBody(title, form)}, nil
}

func saveSetting(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, firmFields(), r.Input)
	if err == nil {
		err = Rename(ctx, tx, in.Name)
	}
	return web.Redirect{URL: "/firm/setting", Flash: core.T("已保存", "Saved")}, err
}
