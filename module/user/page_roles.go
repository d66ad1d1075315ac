package user

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/project"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

type askIn struct{ Role, Reason string }

func rolesFields() []core.Field[askIn] {
	return []core.Field[askIn]{
		{Name: "role", Label: core.T("岗位", "Role"), Ptr: func(in *askIn) any { return &in.Role }, Kind: core.KindHidden, Required: true},
		{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(in *askIn) any { return &in.Reason }, Required: true, Min: 2, Hint: core.T("由总经理审批,同意后立即生效", "The general manager decides; his yes takes effect at once")},
	}
}

// permPrefix names the tick boxes of one module: "perm.repair".
const permPrefix = "perm."

// permGroup is the permissions of one module.
type permGroup struct {
	Name  string
	Label core.Text
	Perms []register.Perm
}

// groups sorts the permissions by module, each once.
func groups(ctx context.Context) []permGroup {
	l := house.Of(ctx)
	var out []permGroup
	seen := map[string]bool{}
	for _, p := range l.Perms {
		if seen[p.Name] {
			continue
		}
		seen[p.Name] = true
		name, _, _ := strings.Cut(p.Name, ".")
		i := slices.IndexFunc(out, func(g permGroup) bool { return g.Name == name })
		if i < 0 {
			i = len(out)
			out = append(out, permGroup{Name: name, Label: groupLabel(l, name, p)})
		}
		out[i].Perms = append(out[i].Perms, p)
	}
	return out
}

// groupLabel is the module's name, or what stands before the colon of the permission's.
func groupLabel(l *house.Lists, name string, p register.Perm) core.Text {
	for _, m := range l.Modules {
		if m.Name == name {
			return m.Label
		}
	}
	zh, _, _ := strings.Cut(p.Label.ZH, ":")
	en, _, _ := strings.Cut(p.Label.EN, ":")
	return core.T(zh, en)
}

// matrixView is all roles beside each other; changed marks what differs from the modules' default.
type matrixView struct {
	Roles   []core.Choice
	Groups  []matrixGroup
	Waiting []waitingView
}

type matrixGroup struct {
	Label core.Text
	Rows  []matrixRow
}

type matrixRow struct {
	Label core.Text
	Cells []matrixCell
}

type matrixCell struct {
	Role        core.Text
	On, Changed bool
}

type waitingView struct {
	Title core.Text
	Href  string
	Who   string
}

func rolesPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	if role := r.Query("role"); role != "" {
		return rolePage(ctx, tx, role, nil, nil)
	}
	over, err := grants(ctx, tx)
	if err != nil {
		return nil, err
	}
	v := matrixView{Roles: roleChoices()}
	for _, g := range groups(ctx) {
		v.Groups = append(v.Groups, matrixGroup{g.Label, matrixRows(g, over)})
	}
	if v.Waiting, err = waiting(ctx, tx); err != nil {
		return nil, err
	}
	title := core.T("岗位权限", "Role permissions")
	return web.Page{Title: title, Body: matrixBody(title, v)}, nil
}

func matrixRows(g permGroup, over map[[2]string]bool) []matrixRow {
	var out []matrixRow
	for _, p := range g.Perms {
		row := matrixRow{Label: afterColon(p.Label)}
		for _, c := range roleChoices() {
			on := allowed(p, over, core.Role(c.Value))
			row.Cells = append(row.Cells, matrixCell{c.Label, on, on != slices.Contains(p.Roles, core.Role(c.Value))})
		}
		out = append(out, row)
	}
	return out
}

// afterColon leaves out the module's name, which stands above; what is left begins with a capital.
func afterColon(t core.Text) core.Text {
	cut := func(s string) string {
		if _, rest, ok := strings.Cut(s, ":"); ok {
			return strings.TrimSpace(rest)
		}
		return s
	}
	en := cut(t.EN)
	first, size := utf8.DecodeRuneInString(en)
	return core.T(cut(t.ZH), string(unicode.ToUpper(first))+en[size:])
}

// waiting lists the proposals that nobody has decided, in the projects that the actor belongs to.
func waiting(ctx context.Context, tx db.Tx) ([]waitingView, error) {
	all, err := project.List(ctx, tx)
	if err != nil {
		return nil, err
	}
	var out []waitingView
	for _, p := range all {
		if len(core.ActorOf(ctx).Seats[p.ID].Roles) == 0 {
			continue
		}
		rs, err := approval.Of(ctx, tx, core.Ref{Project: p.ID, Kind: "grant", ID: core.Firm})
		if err != nil {
			return nil, err
		}
		for _, r := range rs {
			if r.State == approval.Waiting {
				out = append(out, waitingView{r.Title, approval.URL(core.WithProject(ctx, p), r.Ref), r.Name})
			}
		}
	}
	return out, nil
}

func rolePage(ctx context.Context, tx db.Tx, role string, typed map[string][]string, failure error) (web.Answer, error) {
	if !slices.ContainsFunc(roleChoices(), func(c core.Choice) bool { return c.Value == role }) {
		return nil, core.NotFound()
	}
	over, err := grants(ctx, tx)
	if err != nil {
		return nil, err
	}
	values := map[string][]string{"role": {role}}
	if typed != nil {
		values["reason"] = typed["reason"]
	}
	form := formOf("/firm/roles", core.Specs(rolesFields()), values, failure)
	form.Submit, form.Cancel = core.T("提请总经理审批", "Propose to the general manager"), "/firm/roles"
	var boxes []ui.FieldView
	for _, g := range groups(ctx) {
		boxes = append(boxes, boxesOf(g, over, core.Role(role), typed))
	}
	form.Fields = append(boxes, form.Fields...)
	var tabs []ui.Tab
	for _, c := range roleChoices() {
		tabs = append(tabs, ui.Tab{Label: c.Label, Href: rolesHref(c.Value), On: c.Value == role})
	}
	title := core.T("%s可以做什么", "What the role %s may do", core.Role(role).Name())
	return web.Page{Title: title, Body: roleBody(title, tabs, form)}, nil
}

func boxesOf(g permGroup, over map[[2]string]bool, role core.Role, typed map[string][]string) ui.FieldView {
	f := ui.FieldView{Name: permPrefix + g.Name, Label: g.Label, Kind: core.KindChoices}
	for _, p := range g.Perms {
		f.Choices = append(f.Choices, core.Choice{Value: p.Name, Label: afterColon(p.Label)})
		if typed == nil && allowed(p, over, role) {
			f.Values = append(f.Values, p.Name)
		}
	}
	if typed != nil {
		f.Values = typed[f.Name]
	}
	return f
}

func rolesFailed(ctx context.Context, tx db.Tx, r *web.Request, failure error) (web.Answer, error) {
	return rolePage(ctx, tx, r.Input.Get("role"), r.Input.Values, failure)
}

// changeIn compares the ticks with what the role may do now.
func changeIn(ctx context.Context, tx db.Tx, role core.Role, ticked map[string][]string) (Change, error) {
	c := Change{Role: role}
	over, err := grants(ctx, tx)
	if err != nil {
		return c, err
	}
	for _, g := range groups(ctx) {
		for _, p := range g.Perms {
			now, then := allowed(p, over, role), slices.Contains(ticked[permPrefix+g.Name], p.Name)
			switch {
			case then && !now:
				c.On = append(c.On, p.Name)
			case now && !then:
				c.Off = append(c.Off, p.Name)
			}
		}
	}
	return c, nil
}

func askRoles(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, rolesFields(), r.Input)
	if err != nil {
		return nil, err
	}
	c, err := changeIn(ctx, tx, core.Role(in.Role), r.Input.Values)
	if err != nil {
		return nil, err
	}
	at, err := askAt(ctx, tx)
	if err != nil {
		return nil, err
	}
	_, err = AskGrant(core.WithProject(ctx, at), tx, c, in.Reason)
	return web.Redirect{URL: "/firm/roles", Flash: core.T("已提请总经理审批", "Proposed to the general manager")}, err
}

// askAt is the project in which a firm-wide request is kept: the first that the actor belongs to.
func askAt(ctx context.Context, tx db.Tx) (core.Project, error) {
	all, err := project.List(ctx, tx)
	if err != nil {
		return core.Project{}, err
	}
	for _, p := range all {
		if len(core.ActorOf(ctx).Seats[p.ID].Roles) > 0 {
			return p, nil
		}
	}
	return core.Project{}, core.Conflict("还没有您所在的项目", "You belong to no project yet")
}
