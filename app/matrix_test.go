package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
	"huiyin/testkit"
	"huiyin/web"
)

var blanks = regexp.MustCompile(`\{[^}]*\}`)

// address fills a route's pattern: the project's code, an id for {id}, and something harmless for the rest.
func address(rt web.Route, code, id string) string {
	path := strings.ReplaceAll(rt.Path(), "{$}", "")
	path = strings.ReplaceAll(path, "{project}", code)
	path = strings.ReplaceAll(path, "{id}", id)
	return blanks.ReplaceAllString(path, "x")
}

func ask(k *testkit.Kit, page, api *testkit.Browser, rt web.Route, path string) int {
	b := page
	if rt.API() {
		b = api
	}
	if rt.Method() == http.MethodGet {
		return b.Once("GET", path, "", "")
	}
	if rt.API() {
		return b.Once(rt.Method(), path, "application/json", "{}")
	}
	return b.Once(rt.Method(), path, "application/x-www-form-urlencoded", url.Values{}.Encode())
}

// TestPermissionMatrix tries every route as every role: on a record that is not there, on another project, and on
// another project's record under one's own project.
func TestPermissionMatrix(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Fill(k.Project)
		k.Fill(k.Other)
		foreign := foreignRows(k)
		for _, role := range testkit.Roles() {
			page, api := k.As(role), k.Token(role)
			actor := core.ActorOf(k.Ctx(role))
			for _, rt := range k.App.Server.Routes() {
				if rt.Stream != nil || rt.Perm == web.Public || ends(rt) {
					continue
				}
				tryRoute(k, role, actor, page, api, rt, foreign)
			}
		}
	})
}

// ends are the routes that would end the session under test.
func ends(rt web.Route) bool {
	return strings.HasSuffix(rt.Path(), "/sign-out") || strings.HasPrefix(rt.Path(), "/me")
}

func tryRoute(k *testkit.Kit, role core.Role, actor core.Actor, page, api *testkit.Browser, rt web.Route, foreign map[string]core.ID) {
	project := k.Project.ID
	if !rt.InProject() {
		project = core.Firm
	}
	may := rt.Perm == web.SignedIn || rt.Perm == web.Member || actor.Can(project, rt.Perm)
	path := address(rt, k.Project.Code, "4242")
	switch got := ask(k, page, api, rt, path); {
	case got >= 500:
		k.Errorf("%s %s as %s: %d", rt.Method(), path, role, got)
	case !may && got != http.StatusForbidden:
		k.Errorf("%s %s as %s without %s: %d, want 403", rt.Method(), path, role, rt.Perm, got)
	case strings.Contains(rt.Path(), "{id}") && may && got < 400:
		k.Errorf("%s %s as %s on no record: %d", rt.Method(), path, role, got)
	}
	if !rt.InProject() {
		return
	}
	if got := ask(k, page, api, rt, address(rt, k.Other.Code, "4242")); got != http.StatusNotFound {
		k.Errorf("%s %s as %s in another project: %d, want 404", rt.Method(), rt.Path(), role, got)
	}
	if id, ok := foreign[kindOf(rt)]; ok && strings.Contains(rt.Path(), "{id}") {
		if got := ask(k, page, api, rt, address(rt, k.Project.Code, id.String())); got < 400 {
			k.Errorf("%s %s as %s on another project's row: %d", rt.Method(), rt.Path(), role, got)
		}
	}
}

// kindOf is the record kind in a route's path: the word before {id}.
func kindOf(rt web.Route) string {
	parts := strings.Split(rt.Path(), "/")
	for i, p := range parts {
		if p == "{id}" && i > 0 {
			return parts[i-1]
		}
	}
	return ""
}

// foreignRows finds one row of the other project for each kind, under the kind's page word and its API word.
func foreignRows(k *testkit.Kit) map[string]core.ID {
	out := map[string]core.ID{}
	k.Read(func(ctx context.Context, tx db.Tx) error {
		for _, m := range k.App.Lists.Modules {
			for _, g := range m.Registers {
				if err := foreignRow(ctx, tx, k, g.KindOf(), out); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out
}

func foreignRow(ctx context.Context, tx db.Tx, k *testkit.Kit, kind register.Kind, out map[string]core.ID) error {
	if kind.Table == "" || kind.Firm {
		return nil
	}
	id, err := db.Value[core.ID](ctx, tx, fmt.Sprintf("select id from %s where project_id = $1 order by id limit 1", kind.Table), k.Other.ID)
	if err != nil {
		return err
	}
	if id == 0 {
		k.Errorf("testkit.Fill makes no %s: the matrix would not try its rows", kind.Name)
	}
	out[kind.Name], out[kind.Plural] = id, id
	return nil
}

// TestBadInputOfEveryRoute sends every field of every write what no honest form holds.
func TestBadInputOfEveryRoute(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Fill(k.Project)
		junk := []string{strings.Repeat("长", 5000), "\xff\xfe", "\x00", "0001-01-01", "9999999999999999999999", "-1", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "2026-02-31T25:61"}
		page, api := k.As(core.Supervisor), k.Token(core.Supervisor)
		for _, rt := range k.App.Server.Routes() {
			if rt.Method() != http.MethodPost || len(rt.Specs) == 0 || ends(rt) || !rt.InProject() {
				continue
			}
			for _, j := range junk {
				form, object := url.Values{}, map[string]string{}
				for _, s := range rt.Specs {
					form.Set(s.Name, j)
					object[s.Name] = j
				}
				path := address(rt, k.Project.Code, "4242")
				got := 0
				if rt.API() {
					got = api.Once("POST", path, "application/json", core.JSON(object))
				} else {
					got = page.Once("POST", path, "application/x-www-form-urlencoded", form.Encode())
				}
				if got >= 500 || got < 300 {
					k.Errorf("POST %s with %.20q: %d", path, j, got)
				}
			}
		}
	})
}

var (
	han   = regexp.MustCompile(`\p{Han}+`)
	small = regexp.MustCompile(`^[a-z]`)
)

// titles are the words that name something on a page; in English they begin with a capital.
const titles = "h1, h2, h3, th, dt, legend, label, figcaption, summary, button, a.btn, .pill, nav a, option"

// TestPagesInEnglish opens every page in English, with English data, and finds no Chinese word in it, and no title, label
// or button that begins with a small letter.
func TestPagesInEnglish(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	k.Fill(k.Project)
	for _, role := range []core.Role{core.Supervisor, core.Technician, core.Admin, core.Manager} {
		b := k.As(role)
		b.Lang = core.EN
		for _, rt := range k.App.Server.Routes() {
			if rt.Method() != http.MethodGet || rt.API() || rt.Stream != nil {
				continue
			}
			id := k.Example(kindOf(rt))
			if strings.Contains(rt.Path(), "{id}") && id == 0 {
				continue
			}
			p := b.Get(address(rt, k.Project.Code, id.String()))
			if p.Status != http.StatusOK || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
				continue
			}
			p.Find("[lang='zh-CN'], script, [data-zh]").Remove()
			text := k.WithoutData(p.Find("body").Text())
			if found := han.FindString(text); found != "" {
				k.Errorf("GET %s as %s: Chinese on an English page: %s", rt.Path(), role, around(text, found))
			}
			p.Find(titles).Each(func(_ int, title *goquery.Selection) {
				if words := strings.TrimSpace(title.Text()); small.MatchString(k.WithoutData(words)) {
					k.Errorf("GET %s as %s: %s begins with a small letter: %q", rt.Path(), role, goquery.NodeName(title), words)
				}
			})
		}
	}
}

// TestNoPageShowsAPlainNumber reads every page and every answer of the API as every role: a telephone number stands there
// masked, on the forms as well; who reads it in full has stated a reason (B6.2).
func TestNoPageShowsAPlainNumber(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.Fill(k.Project)
		showsNoNumber(k, plainNumbers(k))
	})
}

// plainNumbers are the telephone numbers that the project's records hold.
func plainNumbers(k *testkit.Kit) (numbers []string) {
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		numbers, err = db.Values[string](ctx, tx, `select phone from (select phone from customer_phone where project_id = $1 union
			select phone from desk_matter where project_id = $1 union select phone from repair_order where project_id = $1) n where length(phone) >= 7`, k.Project.ID)
		return err
	})
	if len(numbers) < 2 {
		k.Fatal("the project has hardly a telephone number: nothing would be found")
	}
	return numbers
}

func showsNoNumber(k *testkit.Kit, numbers []string) {
	for _, role := range testkit.Roles() {
		page, api := k.As(role), k.Token(role)
		for _, rt := range k.App.Server.Routes() {
			if rt.Method() != http.MethodGet || rt.Stream != nil || ends(rt) {
				continue
			}
			b, id := page, k.Example(kindOf(rt))
			if rt.API() {
				b = api
			}
			body := b.Answer(address(rt, k.Project.Code, id.String()))
			for _, number := range numbers {
				if strings.Contains(body, number) {
					k.Errorf("GET %s as %s shows %s: %s", rt.Path(), role, number, around(body, number))
				}
			}
		}
	}
}

func around(text, word string) string {
	i := strings.Index(text, word)
	return strings.Join(strings.Fields(text[max(0, i-60):min(len(text), i+80)]), " ")
}
