package app_test

import (
	"context"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/testkit"
)

// TestFirmPagesKeepTheProject: whoever goes from a project's page to a page of the firm, or to one's own, keeps the
// project's rail, search and number of duties.
func TestFirmPagesKeepTheProject(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Fill(k.Project)
		b := k.As(core.Manager)
		todo := b.Get(b.P("todo")).OK(k).Text("#todo-badge .badge")
		for _, path := range []string{"/firm/user", "/me"} {
			p := b.Get(path).OK(k)
			if got := p.Document.Find(".rail a[href='" + b.P("repair") + "']").Length(); got != 1 {
				t.Errorf("%s: %d entries lead to the project's repairs", path, got)
			}
			if got := p.Text("#todo-badge .badge"); got != todo {
				t.Errorf("%s: the badge says %q, the project's %q", path, got, todo)
			}
			if got, _ := p.Document.Find("form.find").Attr("action"); got != b.P("search") {
				t.Errorf("%s: searches at %q", path, got)
			}
		}
		if on := b.Get("/firm/user").Document.Find(".rail [aria-current]").AttrOr("href", ""); on != "/firm/user" {
			t.Errorf("the rail marks %q", on)
		}
	})
}

// TestALinkToAnotherProjectShowsNothingOfIt: the page that says "not found" stands in the shell of one's own project.
func TestALinkToAnotherProjectShowsNothingOfIt(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Technician)
		p := b.Get("/p/" + k.Other.Code + "/repair")
		if p.Status != 404 || strings.Contains(string(p.Body), k.Other.Name) || p.Document.Find(".rail a[href^='/p/"+k.Other.Code+"']").Length() > 0 {
			t.Errorf("%d shows the other project:\n%.600s", p.Status, p.Text("body"))
		}
	})
}

// TestListTitlesArePlural: an English list is of many.
func TestListTitlesArePlural(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Manager)
		b.Lang = core.EN
		for path, want := range map[string]string{"/firm/user": "Users", "/firm/project": "Projects", b.P("department"): "Departments", b.P("approval"): "Approvals"} {
			if got := b.Get(path).OK(k).Text("h1"); got != want {
				t.Errorf("%s is headed %q, want %q", path, got, want)
			}
		}
	})
}

// TestARefusedRightIsNamedInWords: who may not do something reads what it is called, not its code.
func TestARefusedRightIsNamedInWords(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		guard := k.As(core.Guard)
		if p := guard.Get(guard.P("import")); p.Status != 403 || !p.Has("「导入工作簿」") || p.Has("import.") {
			k.Errorf("%d: %s", p.Status, p.Text("main"))
		}
	})
}

// TestTheListOfRefusalsSaysWhatWasTried: in the words of the permission, in either language.
func TestTheListOfRefusalsSaysWhatWasTried(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Fill(k.Project)
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			_, err := db.Exec(ctx, tx, `insert into regulation_refusal (project_id, id, clause, verb, kind, record_id, actor_id, actor, why, why_en, at, month)
				values ($1, $2, 'C17.2', 'repair.start', 'repair', $3, $4, 'Ann', '尚未同意报价', 'No answer yet', $5, $6)`,
				k.Project.ID, tx.NewID(), k.Example("repair"), k.Users[core.Technician], core.Now(ctx), core.MonthOf(core.Now(ctx), k.Project.Zone))
			return err
		})
		b := k.As(core.Manager)
		for lang, want := range map[core.Lang][]string{core.ZH: {"维修:开始施工", "尚未同意报价"}, core.EN: {"Repairs: Start work", "No answer yet"}} {
			b.Lang = lang
			if p := b.Get(b.P("compliance/refusals")).OK(k); !p.Has(want[0]) || !p.Has(want[1]) || p.Has("repair.start") {
				k.Errorf("%s: %s", lang, p.Text("table"))
			}
		}
	})
}
