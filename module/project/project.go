// Package project holds the firm, its projects (项目) and their departments (部门).
//
//   - A project is a building or estate under one management office. Its code stands in every URL and never changes, nor
//     does its zone: local days are stored beside the times.
//   - A new project begins with the departments that every management office has; the office changes them.
//   - Recurring duties of a project begin with the day from which it is managed (Since).
//   - Business time runs with the real clock. Only a demonstration database may run ahead of it, and only forward.
package project

import (
	"context"
	"embed"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// Project is one property under management.
type Project struct {
	ID      core.ID
	Version int64
	Code    string // in URLs: /p/{code}
	Name    string
	Zone    string // IANA name
	Kind    string // office, mall, complex, apartment, park, other
	Address string
	Hotline core.Phone // the office's own number, on letters and screens
	Since   core.Date  // under our management from this day
}

func (p *Project) dest() []any {
	return []any{&p.ID, &p.Version, &p.Code, &p.Name, &p.Zone, &p.Kind, &p.Address, &p.Hotline, &p.Since}
}

// Core is what requests carry of a project. An unknown zone, which Create refuses, reads as China's.
func (p Project) Core() core.Project {
	return core.Project{ID: p.ID, Code: p.Code, Name: p.Name, Zone: zoneOf(p.Zone)}
}

func zoneOf(name string) *time.Location {
	if name == core.China.String() {
		return core.China
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return core.China
	}
	return z
}

// Place is the project as the tick looks after it.
func (p Project) Place() duty.Place {
	c := p.Core()
	return duty.Place{Project: c, Since: p.Since.Time(c.Zone)}
}

// Kinds are the sorts of property.
func Kinds() []core.Choice {
	return []core.Choice{{Value: "office", Label: core.T("写字楼", "Office tower")}, {Value: "mall", Label: core.T("商场", "Mall")},
		{Value: "complex", Label: core.T("商业综合体", "Mixed-use complex")}, {Value: "park", Label: core.T("产业园区", "Business park")},
		{Value: "apartment", Label: core.T("公寓", "Apartments")}, {Value: "other", Label: core.T("其他", "Other")}}
}

func zones() []core.Choice {
	return []core.Choice{{Value: "Asia/Shanghai", Label: core.T("北京时间", "China (Shanghai)")},
		{Value: "Asia/Hong_Kong", Label: core.T("香港", "Hong Kong")}, {Value: "Asia/Macau", Label: core.T("澳门", "Macau")},
		{Value: "Asia/Singapore", Label: core.T("新加坡", "Singapore")}, {Value: "Asia/Urumqi", Label: core.T("乌鲁木齐", "Urumqi")}}
}

// In is what makes or changes a project. Code and Zone count only when it is made; an empty code is made from the
// name's pinyin initials, an empty zone is Asia/Shanghai, an empty day today.
type In struct {
	Name    string
	Code    string
	Kind    string
	Zone    string
	Address string
	Hotline core.Phone
	Since   core.Date
}

func editFields() []core.Field[In] {
	return []core.Field[In]{
		{Name: "name", Label: core.T("项目名称", "Project name"), Ptr: func(in *In) any { return &in.Name }, Required: true, Max: 60},
		{Name: "kind", Label: core.T("业态", "Kind"), Ptr: func(in *In) any { return &in.Kind }, Choices: Kinds()},
		{Name: "address", Label: core.T("地址", "Address"), Ptr: func(in *In) any { return &in.Address }},
		{Name: "hotline", Label: core.T("服务热线", "Hotline"), Ptr: func(in *In) any { return &in.Hotline }},
		{Name: "since", Label: core.T("接管日期", "Under management since"), Ptr: func(in *In) any { return &in.Since },
			Hint: core.T("周期性工作从这一天算起;不填为今天", "Recurring duties begin on this day; today when left empty")},
	}
}

func newFields() []core.Field[In] {
	return append(editFields(),
		core.Field[In]{Name: "code", Label: core.T("网址代码", "Code in addresses"), Ptr: func(in *In) any { return &in.Code }, Max: 24,
			Hint: core.T("2–24 位小写字母、数字或短横线,以后不能改;不填则取名称的拼音首字母", "2 to 24 lower-case letters, digits or hyphens; cannot be changed later; the name's pinyin initials when left empty")},
		core.Field[In]{Name: "zone", Label: core.T("时区", "Time zone"), Ptr: func(in *In) any { return &in.Zone }, Choices: zones(),
			Hint: core.T("以后不能改;不填为北京时间", "Cannot be changed later; China when left empty")})
}

// kind is the register's.
func kind() register.Kind {
	return register.Kind{Name: "project", Plural: "projects", Label: core.T("项目", "Projects"), Table: "project_project", Firm: true,
		Events: map[string]core.Text{"created": core.T("建立项目", "Created the project"), "changed": core.T("修改资料", "Changed its data")}}
}

func projects() register.Register[Project] {
	heads := []core.Role{core.Admin, core.GM}
	return register.Register[Project]{
		Kind: kind(), Viewers: []core.Role{core.Admin, core.GM, core.Manager}, Columns: []string{"name", "code", "kind", "address", "hotline", "since"},
		Fields: []core.Field[Project]{
			{Name: "name", Label: core.T("项目名称", "Project name"), Ptr: func(p *Project) any { return &p.Name }},
			{Name: "code", Label: core.T("网址代码", "Code"), Ptr: func(p *Project) any { return &p.Code }},
			{Name: "kind", Label: core.T("业态", "Kind"), Ptr: func(p *Project) any { return &p.Kind }, Choices: Kinds()},
			{Name: "address", Label: core.T("地址", "Address"), Ptr: func(p *Project) any { return &p.Address }},
			{Name: "hotline", Label: core.T("服务热线", "Hotline"), Ptr: func(p *Project) any { return &p.Hotline },
				Show: func(_ context.Context, p *Project) string { return string(p.Hotline) }},
			{Name: "zone", Label: core.T("时区", "Time zone"), Ptr: func(p *Project) any { return &p.Zone }},
			{Name: "since", Label: core.T("接管日期", "Since"), Ptr: func(p *Project) any { return &p.Since }},
		},
		ID: func(p *Project) core.ID { return p.ID }, Version: func(p *Project) int64 { return p.Version },
		Cursor: func(p *Project) string { return p.ID.String() },
		Find:   find, Get: Get, Record: record,
		Verbs: []register.Verber{
			register.Verb[In]{Name: "new", Label: core.T("新建项目", "New project"), Roles: heads, Fields: newFields(), New: true, Primary: true,
				Said: core.T("项目已建立", "The project is ready"),
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, in In) (core.ID, error) {
					p, err := Create(ctx, tx, in)
					return p.ID, err
				}},
			register.Verb[In]{Name: "edit", Label: core.T("修改", "Edit"), Roles: heads, Fields: editFields(), Fill: fill, Do: edit,
				Said: core.T("已保存", "Saved")},
		},
	}
}

// Module declares the capability.
func Module() house.Module {
	return house.Module{
		Name: "project", Label: core.T("项目", "Projects"), Migrations: Migrations,
		Registers: []register.Any{projects(), departments()},
		Routes: []web.Route{
			{Pattern: "GET /firm/setting", Perm: "firm.setting", Handle: settingPage},
			{Pattern: "POST /firm/setting", Perm: "firm.setting", Handle: saveSetting, Failed: settingFailed, Specs: core.Specs(firmFields())},
		},
		Perms: []register.Perm{{Name: "firm.setting", Label: core.T("公司设置", "Firm settings"), Roles: []core.Role{core.Admin}, Firm: true}},
		Nav: []house.Nav{
			{Wing: house.Setup, Order: 10, Label: core.T("项目", "Projects"), Icon: "building-skyscraper", Path: "/firm/project", Perm: "project.view"},
			{Wing: house.Setup, Order: 12, Label: core.T("部门", "Departments"), Icon: "folder", Path: "department", Perm: "department.view"},
			{Wing: house.Setup, Order: 40, Label: core.T("公司设置", "Firm settings"), Icon: "settings", Path: "/firm/setting", Perm: "firm.setting"},
		},
		Tables: []journal.Table{{Kind: "project", Name: "project_project"}, {Kind: "department", Name: "project_department"}},
	}
}

func record(ctx context.Context, _ db.Tx, p Project) (register.Record, error) {
	var pairs []ui.Pair
	for _, f := range projects().Fields {
		pairs = append(pairs, ui.Pair{Label: f.Label, Value: f.Display(ctx, &p)})
	}
	return register.Record{Head: ui.HeadView{Title: ui.Plain(p.Name), Aside: "/p/" + p.Code}, Cards: cards(p, pairs)}, nil
}
