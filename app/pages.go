package app

import (
	"context"
	"fmt"
	"io"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/house"
	"huiyin/module/compliance"
	"huiyin/module/project"
	"huiyin/register"
	"huiyin/search"
	"huiyin/sheet"
	"huiyin/web"
	"huiyin/web/ui"
)

// commonRoutes belong to no module: home, search, attachments, the API's document.
func (a *App) commonRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /{$}", Perm: web.SignedIn, Handle: home},
		{Pattern: "GET /p/{project}/{$}", Perm: web.Member, Handle: projectHome},
		{Pattern: "GET /p/{project}/search", Perm: web.Member, Handle: searchPage},
		{Pattern: "GET /p/{project}/file/{id}", Perm: web.Member, Handle: download},
		{Pattern: "GET /api/v1/openapi.json", Perm: web.Public, Handle: a.openAPI},
		{Pattern: "GET /api/v1/projects/{project}/search", Perm: web.Member, Handle: searchAPI},
	}
}

// importing is what the workbook importer of the kernel needs of a module: its right, its place in the rail, its pages.
func importing() house.Module {
	return house.Module{Name: "import", Label: core.T("导入", "Import"), Tables: sheet.Tables(),
		Daily: []house.Daily{{Name: "import.expire", Run: sheet.Expire}},
		Perms: []register.Perm{{Name: sheet.Perm, Label: core.T("导入工作簿", "Import workbooks"), Roles: []core.Role{core.Desk, core.Supervisor, core.Manager, core.Admin}}},
		Nav:   []house.Nav{{Wing: house.Setup, Order: 10, Label: core.T("导入", "Import"), Icon: "upload", Path: "import", Perm: sheet.Perm}},
		Routes: sheet.Routes(importers, sheet.Place{Layout: "units", Label: core.T("单元", "Units"), Path: "unit"}, sheet.Place{Layout: "customers", Label: core.T("客户档案", "Customers"), Path: "customer"},
			sheet.Place{Layout: "matters", Label: core.T("受理台", "Front desk"), Path: "desk"})}
}

// home leads to the project that the user last looked at, or the first of those with a seat.
func home(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	ps, err := mine(ctx, tx)
	if err != nil {
		return nil, err
	}
	if len(ps) == 0 {
		if core.ActorOf(ctx).Can(core.Firm, "project.view") {
			return web.Redirect{URL: "/firm/project"}, nil
		}
		return nil, &core.Err{Kind: core.KindForbidden, Text: core.T("您还没有加入任何项目,请联系管理员", "You have no seat in any project yet; ask your administrator")}
	}
	return web.Redirect{URL: "/p/" + lastOf(ps, r).Code + "/"}, nil
}

// lastOf is the request's project, else the one that this browser looked at last, else the first of those with a seat;
// zero where there is none.
func lastOf(mine []core.Project, r *web.Request) core.Project {
	for _, code := range []string{r.Project.Code, r.LastProject()} {
		if i := slices.IndexFunc(mine, func(p core.Project) bool { return p.Code == code }); i >= 0 {
			return mine[i]
		}
	}
	if len(mine) == 0 {
		return core.Project{}
	}
	return mine[0]
}

func mine(ctx context.Context, tx db.Tx) ([]core.Project, error) {
	all, err := project.List(ctx, tx)
	seats := core.ActorOf(ctx).Seats
	return slices.DeleteFunc(all, func(p core.Project) bool { return len(seats[p.ID].Roles) == 0 }), err
}

// projectHome sends everyone to where their day begins.
func projectHome(ctx context.Context, _ db.Tx, _ *web.Request) (web.Answer, error) {
	p, a := core.ProjectOf(ctx), core.ActorOf(ctx)
	base := "/p/" + p.Code + "/"
	switch {
	case a.Has(p.ID, core.Technician):
		return web.Redirect{URL: base + "repair/mine"}, nil
	case a.Has(p.ID, core.Manager), a.Has(p.ID, core.GM):
		return web.Redirect{URL: base + "compliance"}, nil
	case a.Has(p.ID, core.Desk), a.Has(p.ID, core.Supervisor):
		return web.Redirect{URL: base + "desk"}, nil
	}
	return web.Redirect{URL: base + "todo"}, nil
}

const searchLimit = 40

func find(ctx context.Context, tx db.Tx, r *web.Request) ([]search.Hit, error) {
	a, p := core.ActorOf(ctx), core.ProjectOf(ctx)
	return search.Find(ctx, tx, p.ID, func(perm string) bool { return a.Can(p.ID, perm) }, r.Query("q"), searchLimit)
}

func searchPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	hits, err := find(ctx, tx, r)
	if err != nil {
		return nil, err
	}
	return web.Page{Title: core.T("查找", "Search"), Body: searchResults(r.Query("q"), hits)}, nil
}

func searchAPI(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	hits, err := find(ctx, tx, r)
	items := make([]map[string]any, len(hits))
	for i, h := range hits {
		items[i] = map[string]any{"kind": h.Ref.Kind, "id": h.Ref.ID, "title": h.Title, "sub": h.Sub, "url": h.URL}
	}
	return web.JSON{Value: map[string]any{"items": items}}, err
}

// download gives a file to whoever may see the record that owns it.
func download(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	f, err := file.Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return nil, err
	}
	if !core.ActorOf(ctx).Can(f.Owner.Project, f.Owner.Kind+".view") {
		return nil, core.NotFound()
	}
	if allow := register.Of(ctx).Allow[f.Owner.Kind]; allow != nil {
		if err := allow(ctx, tx, f.Owner.ID); err != nil {
			return nil, err
		}
	}
	rc, err := file.OpenContent(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	b, err := io.ReadAll(rc)
	return web.Download{Name: f.Name, Type: f.Type, Bytes: b, Inline: f.Image() && r.Query("inline") != "", Cache: true}, err
}

// shell is what stands around every page: projects, the rail, the badge of 我的待办. A page of the firm keeps those of the
// project that the user came from.
func shell(ctx context.Context, tx db.Tx, r *web.Request) (ui.Shell, error) {
	a := core.ActorOf(ctx)
	s := ui.Shell{Brand: core.T("回音", "Huiyin"), Lang: core.LangOf(ctx), Now: core.Now(ctx)}
	if a.ID == 0 {
		return s, nil
	}
	s.User = ui.User{Name: a.Name}
	s.Links = ui.Links{Home: "/", Settings: "/me", SignOut: "/sign-out", Language: "/language"}
	firm, err := project.TheFirm(ctx, tx)
	if err != nil {
		return s, err
	}
	s.Demo = firm.Demo
	ps, err := mine(ctx, tx)
	if err != nil {
		return s, err
	}
	p := lastOf(ps, r)
	shellProjects(ps, p, &s)
	if p.ID != 0 {
		err = shellProject(core.WithProject(ctx, p), tx, r, &s)
	}
	s.Nav = append(s.Nav, firmNav(ctx, r)...)
	return s, err
}

func shellProjects(mine []core.Project, now core.Project, s *ui.Shell) {
	for _, p := range mine {
		item := ui.ProjectItem{Code: p.Code, Name: p.Name, Href: "/p/" + p.Code + "/", On: p.ID == now.ID}
		if item.On {
			s.Project = &item
		}
		s.Projects = append(s.Projects, item)
	}
}

func shellProject(ctx context.Context, tx db.Tx, r *web.Request, s *ui.Shell) error {
	a, p := core.ActorOf(ctx), core.ProjectOf(ctx)
	base := "/p/" + p.Code + "/"
	roles := a.Seats[p.ID].Roles
	if len(roles) > 0 {
		s.User.Role = roles[0].Name()
	}
	s.Links.Search, s.Links.Todo, s.Links.TodoLive, s.LiveURL = base+"search", base+"todo", base+"todo/badge", base+"live"
	var err error
	if s.Todo, s.Late, err = compliance.Badge(ctx, tx); err != nil {
		return err
	}
	s.Nav, err = projectNav(ctx, tx, r, base)
	return err
}

func projectNav(ctx context.Context, tx db.Tx, r *web.Request, base string) ([]ui.NavGroup, error) {
	a, p := core.ActorOf(ctx), core.ProjectOf(ctx)
	groups := make([]ui.NavGroup, len(house.WingNames()))
	for i, label := range house.WingNames() {
		groups[i].Label = label
	}
	all := slices.DeleteFunc(navItems(ctx), func(n house.Nav) bool { return n.Path[0] == '/' || (n.Perm != "" && !a.Can(p.ID, n.Perm)) })
	on := openEntry(all, base, r.HTTP.URL.Path)
	for _, n := range nested(all) {
		if n.Under != "" && !n.Main && n.Under != on.Path && n.Under != on.Under {
			continue
		}
		item := ui.NavItem{Label: n.Label, Href: base + n.Path, Icon: n.Icon, Main: n.Main, On: n.Path == on.Path, Sub: n.Under != ""}
		if n.Count != nil {
			count, err := n.Count(ctx, tx, p.ID)
			if err != nil {
				return nil, err
			}
			if count > 0 {
				item.Count = ui.UpTo(count)
			}
		}
		groups[n.Wing].Items = append(groups[n.Wing].Items, item)
	}
	return slices.DeleteFunc(groups, func(g ui.NavGroup) bool { return len(g.Items) == 0 }), nil
}

// openEntry is the entry that the page belongs to: the one with the longest path above it.
func openEntry(all []house.Nav, base, path string) (on house.Nav) {
	for _, n := range all {
		if under(path, base+n.Path) && len(n.Path) > len(on.Path) {
			on = n
		}
	}
	return on
}

// nested puts each entry that belongs to another behind it. One whose owner this user does not see stands on its own.
func nested(all []house.Nav) []house.Nav {
	var out []house.Nav
	for _, n := range all {
		if n.Under == "" || !slices.ContainsFunc(all, func(o house.Nav) bool { return o.Path == n.Under }) {
			n.Under = ""
			out = append(out, n)
			out = append(out, slices.DeleteFunc(slices.Clone(all), func(o house.Nav) bool { return o.Under != n.Path })...)
		}
	}
	return out
}

func under(path, item string) bool {
	return path == item || (len(path) > len(item) && path[:len(item)] == item && path[len(item)] == '/')
}

func navItems(ctx context.Context) []house.Nav {
	var out []house.Nav
	for _, m := range house.Of(ctx).Modules {
		out = append(out, m.Nav...)
	}
	slices.SortStableFunc(out, func(a, b house.Nav) int { return a.Order - b.Order })
	return out
}

// firmNav is what belongs to the firm as a whole.
func firmNav(ctx context.Context, r *web.Request) []ui.NavGroup {
	g := ui.NavGroup{Label: core.T("公司", "Firm")}
	for _, n := range navItems(ctx) {
		if n.Path[0] == '/' && (n.Perm == "" || core.ActorOf(ctx).Can(core.Firm, n.Perm)) {
			g.Items = append(g.Items, ui.NavItem{Label: n.Label, Href: n.Path, Icon: n.Icon, On: under(r.HTTP.URL.Path, n.Path)})
		}
	}
	if len(g.Items) == 0 {
		return nil
	}
	return []ui.NavGroup{g}
}

func (a *App) openAPI(ctx context.Context, _ db.Tx, _ *web.Request) (web.Answer, error) {
	doc, err := house.OpenAPI(house.Of(ctx), a.Server.Routes())
	if err != nil {
		return nil, fmt.Errorf("the API document: %w", err)
	}
	return web.JSON{Value: doc}, nil
}
