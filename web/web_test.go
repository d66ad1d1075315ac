package web_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

var tables = []fs.FS{journal.Migrations, file.Migrations, regulation.Migrations, web.Migrations,
	fstest.MapFS{"20261122000900_note.sql": {Data: []byte("-- +goose Up\ncreate table note (id bigint primary key, text text not null);\n")}}}

const project = core.ID(7)

// site is a tiny application: notes that are written, and routes that fail in every way.
type site struct {
	*httptest.Server
	server *web.Server
	db     *db.DB
	out    atomic.Bool // the session has ended
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signIn believes the cookie or header "user": alice has a seat in project a, bob in none; a token is for the API.
func (s *site) signIn(_ context.Context, _ db.Tx, r *http.Request) (core.Actor, web.Session, error) {
	user, token := "", r.Header.Get("Authorization") != ""
	if c, err := r.Cookie("user"); err == nil {
		user = c.Value
	}
	if token {
		user = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	seat := map[core.ID]core.Seat{project: {Roles: []core.Role{core.Desk}, Perms: map[string]bool{"note.write": true}}}
	switch {
	case s.out.Load():
	case user == "alice":
		return core.Actor{ID: 5, Name: "Alice", Seats: seat}, web.Session{Key: "a", Token: token}, nil
	case user == "bob":
		return core.Actor{ID: 6, Name: "Bob"}, web.Session{Key: "b", Token: token}, nil
	}
	return core.Actor{}, web.Session{}, &core.Err{Kind: core.KindSignIn, Text: core.T("请先登录", "Please sign in")}
}

func findProject(ctx context.Context, tx db.Tx, code string) (core.Project, error) {
	known, err := db.Value[string](ctx, tx, "select cast($1 as text)", code) // as a real one asks the database
	if err == nil && known != "a" {
		err = core.NotFound()
	}
	return core.Project{ID: project, Code: "a", Zone: core.China}, err
}

func words(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, "<p id=\"words\">%s</p>", templ.EscapeString(s))
		return err
	})
}

func kinds() map[string]error {
	return map[string]error{
		"invalid": core.Invalid("text", "内容不对", "That is wrong"), "refused": &core.Err{Kind: core.KindRefused, Clause: "C13.1", Text: core.T("制度不允许", "Not allowed")},
		"forbidden": core.Forbidden("note.erase"), "missing": core.NotFound(), "conflict": core.Conflict("状态变了", "It moved on"),
		"often": &core.Err{Kind: core.KindTooMany, Text: core.T("太频繁", "Too often")}, "busy": &core.Err{Kind: core.KindBusy, Text: core.T("忙", "Busy")},
		"large": &core.Err{Kind: core.KindTooLarge, Text: core.T("太大", "Too large")}, "ours": errors.New("password=hunter2 leaked from the driver"),
	}
}

func write(ctx context.Context, tx db.Tx, r *web.Request) (core.ID, string, error) {
	text := r.Input.Get("text")
	if text == "" || strings.ContainsRune(text, 0) {
		return 0, text, core.Invalid("text", "请填写内容", "Text is required")
	}
	id := tx.NewID()
	_, err := db.Exec(ctx, tx, "insert into note (id, text) values ($1, $2)", id, text)
	if err == nil && text == "refused" {
		err = core.Conflict("不收", "Not taken")
	}
	tx.Publish("p/7/note")
	return id, text, err
}

func routes() []web.Route {
	fail := func(_ context.Context, _ db.Tx, r *web.Request) (web.Answer, error) {
		return nil, kinds()[r.Path("kind")]
	}
	specs := []core.Spec{{Name: "text", Kind: core.KindText}}
	return []web.Route{
		{Pattern: "POST /hello", Perm: web.Public, Handle: func(context.Context, db.Tx, *web.Request) (web.Answer, error) {
			return web.Redirect{URL: "/hello"}, nil
		}},
		{Pattern: "GET /hello", Perm: web.Public, Handle: func(context.Context, db.Tx, *web.Request) (web.Answer, error) {
			return web.Page{Title: core.T("你好", "Hello"), Body: words(strings.Repeat("hello ", 500)), Bare: true}, nil
		}},
		{Pattern: "GET /p/{project}/note", Perm: web.Member, Handle: func(_ context.Context, _ db.Tx, r *web.Request) (web.Answer, error) {
			return web.Page{Title: core.T("便条", "Notes"), Body: words("notes " + r.Query("q"))}, nil
		}},
		{Pattern: "GET /p/{project}/fail/{kind}", Perm: web.Member, Handle: fail},
		{Pattern: "GET /api/v1/projects/{project}/fail/{kind}", Perm: web.Member, Handle: fail},
		{Pattern: "GET /p/{project}/secret", Perm: "note.erase", Handle: fail},
		{Pattern: "GET /p/{project}/sneaky", Perm: web.Member, Handle: func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
			_, err := db.Exec(ctx, tx, "insert into note (id, text) values (1, 'by GET')")
			return web.Nothing{}, err
		}},
		{Pattern: "GET /p/{project}/guard", Perm: web.Member, Handle: guarded}, {Pattern: "POST /p/{project}/guard", Perm: web.Member, Handle: guarded},
		{Pattern: "POST /p/{project}/note", Perm: "note.write", Specs: specs, Handle: func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
			_, _, err := write(ctx, tx, r)
			return web.Redirect{URL: "/p/a/note?done=1", Flash: core.T("已保存 ✓", "Saved ✓")}, err
		}, Failed: func(_ context.Context, _ db.Tx, r *web.Request, err error) (web.Answer, error) {
			return web.Page{Title: core.T("便条", "Notes"), Body: words("again: " + r.Input.Get("text") + " " + core.AsErr(err).Text.EN)}, nil
		}},
		{Pattern: "POST /p/{project}/files", Perm: "note.write", Handle: func(_ context.Context, _ db.Tx, r *web.Request) (web.Answer, error) {
			n := 0
			for _, ups := range r.Input.Files {
				n += len(ups)
			}
			return web.JSON{Value: map[string]int{"files": n}}, nil
		}},
		{Pattern: "POST /p/{project}/part", Perm: "note.write", Specs: specs, Handle: func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
			id, text, err := write(ctx, tx, r)
			return web.Fragment{Body: words(text + " " + id.String()), Status: 201}, err
		}},
		{Pattern: "POST /p/{project}/page", Perm: "note.write", Specs: specs, Handle: func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
			id, text, err := write(ctx, tx, r)
			return web.Page{Title: core.T("便条", "Notes"), Body: words(text + " " + id.String())}, err
		}},
		{Pattern: "POST /p/{project}/print", Perm: "note.write", Specs: specs, Handle: func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
			_, text, err := write(ctx, tx, r)
			return web.Download{Name: "a.txt", Type: "text/plain", Bytes: []byte(text)}, err
		}},
		{Pattern: "POST /api/v1/projects/{project}/notes", Perm: "note.write", Specs: specs, Handle: func(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
			id, text, err := write(ctx, tx, r)
			return web.JSON{Status: 201, Value: map[string]any{"id": id, "text": text}, Location: "/api/v1/projects/a/notes/" + id.String(), Version: 1}, err
		}},
	}
}

func guarded(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	return web.Nothing{}, regulation.Guard(ctx, tx, "C13.1", false)
}

func newSite(t *testing.T, d *db.DB) *site {
	t.Helper()
	s := &site{db: d}
	s.server = web.New(web.Config{DB: d, Log: slog.New(slog.DiscardHandler), Routes: routes(), SignIn: s.signIn, Project: findProject, SpoolDir: t.TempDir(), MaxFile: 100 << 10,
		Shell: func(context.Context, db.Tx, *web.Request) (ui.Shell, error) {
			return ui.Shell{Brand: core.T("回音", "Huiyin")}, nil
		},
		Cite: func(_ context.Context, clause string) string { return "/clause/" + clause }})
	s.Server = httptest.NewServer(s.server)
	t.Cleanup(s.Close)
	return s
}

type answer struct {
	*http.Response
	body string
}

// call sends as a user; headers come in pairs.
func (s *site) call(t testing.TB, user, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	must(t, err)
	switch {
	case strings.HasPrefix(path, "/api/") && user != "":
		req.Header.Set("Authorization", "Bearer "+user)
		req.Header.Set("Content-Type", "application/json")
	case user != "":
		req.AddCookie(&http.Cookie{Name: "user", Value: user})
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return answer{res, string(b)}
}

func (s *site) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	must(t, s.db.Read(context.Background(), func(ctx context.Context, tx db.Tx) (err error) {
		n, err = db.Value[int](ctx, tx, query, args...)
		return err
	}))
	return n
}

func (s *site) notes(t testing.TB) int { t.Helper(); return s.count(t, "select count(*) from note") }

func each(t *testing.T, fn func(t *testing.T, s *site)) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) { fn(t, newSite(t, d)) })
}

func TestErrorsBecomeTheRightAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for kind, want := range map[string]int{"invalid": 422, "refused": 403, "forbidden": 403, "missing": 404, "conflict": 409, "often": 429, "busy": 503, "large": 413, "ours": 500} {
			page := s.call(t, "alice", "GET", "/p/a/fail/"+kind, "", "Accept-Language", "en")
			part := s.call(t, "alice", "GET", "/p/a/fail/"+kind, "", "HX-Request", "true")
			api := s.call(t, "alice", "GET", "/api/v1/projects/a/fail/"+kind, "", "Accept-Language", "en")
			for _, a := range []answer{page, part, api} {
				if a.StatusCode != want {
					t.Errorf("%s is %d, want %d", kind, a.StatusCode, want)
				}
				if strings.Contains(a.body, "hunter2") {
					t.Errorf("%s: the cause reached the user: %s", kind, a.body)
				}
				if (kind == "busy" || kind == "often") != (a.Header.Get("Retry-After") != "") {
					t.Errorf("%s: Retry-After %q", kind, a.Header.Get("Retry-After"))
				}
			}
			if !strings.Contains(page.body, "<html") || strings.Contains(part.body, "<html") || !strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
				t.Errorf("%s: a page is a document, a fragment is none", kind)
			}
			var p struct {
				Status                  int
				Detail, Clause, Request string
				Errors                  []struct{ Field, Detail string }
			}
			if err := json.Unmarshal([]byte(api.body), &p); err != nil || api.Header.Get("Content-Type") != "application/problem+json" || p.Status != want || p.Detail == "" {
				t.Errorf("%s: problem %s, %v", kind, api.body, err)
			}
			if kind == "refused" && (p.Clause != "C13.1" || !strings.Contains(page.body, "/clause/C13.1") || !strings.Contains(page.body, "Not allowed") || !strings.Contains(part.body, "制度不允许")) {
				t.Errorf("the refusal does not cite its clause: %s", page.body)
			}
			if kind == "invalid" && (len(p.Errors) != 1 || p.Errors[0].Field != "text" || p.Errors[0].Detail != "That is wrong") {
				t.Errorf("field errors: %s", api.body)
			}
			if kind == "ours" && !strings.Contains(page.body, page.Header.Get("X-Request-Id")) {
				t.Error("the page does not show the log id")
			}
		}
	})
}

// TestARefusalSaysHowToGoOn: the page is headed, says why, and leads back to the page of ours that one came from.
func TestARefusalSaysHowToGoOn(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		a := s.call(t, "alice", "GET", "/nowhere", "", "Referer", s.URL+"/p/a/notes?q=x", "Accept-Language", "zh-CN")
		if a.StatusCode != 404 || !strings.Contains(a.body, "<h1>没有找到</h1>") || !strings.Contains(a.body, `href="/p/a/notes?q=x"`) {
			t.Errorf("%d: %s", a.StatusCode, a.body)
		}
		for _, from := range []string{"", "https://elsewhere.example/x", s.URL + "/nowhere"} {
			a := s.call(t, "alice", "GET", "/nowhere", "", "Referer", from, "Accept-Language", "en")
			if strings.Contains(a.body, ">Back<") || strings.Contains(a.body, "elsewhere") || !strings.Contains(a.body, ">Home<") {
				t.Errorf("coming from %q: %s", from, a.body)
			}
		}
	})
}

func TestEveryAnswerCarriesTheGuards(t *testing.T) {
	s := newSite(t, dbtest.Open(t, dbtest.Config(t, db.SQLite, tables...)))
	css := regexp.MustCompile(`/static/app\.[0-9a-f]+\.css`).FindString(s.call(t, "", "GET", "/hello", "").body)
	for _, path := range []string{"/hello", "/p/a/note", "/p/a/fail/ours", "/nowhere", "/healthz", "/api/v1/projects/a/fail/missing", css, "/static/nothing.js"} {
		a := s.call(t, "alice", "GET", path, "")
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Referrer-Policy") == "" || a.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", path, a.Header)
		}
		if !strings.HasPrefix(path, "/static/") && a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be cached: %q", path, a.Header.Get("Cache-Control"))
		}
	}
}

func TestWhoMayCome(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, c := range []struct {
			user, method, path string
			want               int
		}{
			{"", "GET", "/hello", 200}, {"", "GET", "/p/a/note", 303}, {"alice", "GET", "/p/a/note", 200}, {"bob", "GET", "/p/a/note", 404}, {"alice", "GET", "/p/zzz/note", 404},
			{"bob", "POST", "/p/a/note", 404}, {"alice", "GET", "/p/a/secret", 403}, {"bob", "GET", "/p/a/secret", 404}, {"", "GET", "/api/v1/projects/a/fail/missing", 401},
			{"alice", "GET", "/nowhere", 404}, {"alice", "DELETE", "/p/a/note", 404}, {"alice", "GET", "/p/%00/note", 404}, {"alice", "GET", "/p/%ff/note", 404},
			{"alice", "GET", "/p/a/note?q=%00", 404}, {"alice", "GET", "/p/a/note?q=%ff&x=%", 404}, {"alice", "GET", "/p/a/note?q=%E4%BD%A0", 200},
		} {
			if a := s.call(t, c.user, c.method, c.path, ""); a.StatusCode != c.want {
				t.Errorf("%s %s as %q: %d, want %d", c.method, c.path, c.user, a.StatusCode, c.want)
			}
		}
		if a := s.call(t, "", "GET", "/p/a/note?x=1", ""); a.Header.Get("Location") != "/sign-in?next="+url.QueryEscape("/p/a/note?x=1") {
			t.Errorf("sent to %q", a.Header.Get("Location"))
		}
		if a := s.call(t, "", "GET", "/p/a/note", "", "HX-Request", "true"); a.StatusCode != 204 || !strings.HasPrefix(a.Header.Get("HX-Redirect"), "/sign-in") {
			t.Errorf("a fragment without a session: %d %v", a.StatusCode, a.Header)
		}
		if a := s.call(t, "", "GET", "/p/a/note", "", "Authorization", "Bearer alice"); a.StatusCode != 303 {
			t.Errorf("a token opens a page: %d", a.StatusCode)
		}
		if a := s.call(t, "", "GET", "/api/v1/projects/a/fail/missing", "", "Cookie", "user=alice"); a.StatusCode != 401 {
			t.Errorf("a cookie opens the API: %d", a.StatusCode)
		}
	})
}

func TestAGETCannotWrite(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		if a := s.call(t, "alice", "GET", "/p/a/sneaky", ""); a.StatusCode != 500 || s.notes(t) != 0 {
			t.Errorf("%d, and %d notes", a.StatusCode, s.notes(t))
		}
		refused := "select count(*) from regulation_refusal where project_id = $1"
		if a := s.call(t, "alice", "GET", "/p/a/guard", ""); a.StatusCode != 403 || s.count(t, refused, project) != 0 {
			t.Errorf("a refusal from a GET: %d, %d kept", a.StatusCode, s.count(t, refused, project))
		}
		if a := s.call(t, "alice", "POST", "/p/a/guard", ""); a.StatusCode != 403 || s.count(t, refused, project) != 1 {
			t.Errorf("a refusal from a POST: %d, %d kept", a.StatusCode, s.count(t, refused, project))
		}
	})
}

func TestOtherSitesCannotSubmit(t *testing.T) {
	s := newSite(t, dbtest.Open(t, dbtest.Config(t, db.SQLite, tables...)))
	for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		if a := s.call(t, "alice", "POST", "/p/a/note", "text=x", h...); a.StatusCode != 403 || s.notes(t) != 0 {
			t.Errorf("%v: %d", h, a.StatusCode)
		}
	}
	if a := s.call(t, "alice", "POST", "/p/a/note", "text=x", "Sec-Fetch-Site", "same-origin"); a.StatusCode != 303 || s.notes(t) != 1 {
		t.Errorf("from our own page: %d", a.StatusCode)
	}
}

func TestBodiesThatNoBrowserSends(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		form := "multipart/form-data; boundary=xyz"
		part := func(name, content string) string {
			return "--xyz\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n"
		}
		for name, c := range map[string]struct {
			path, kind, body string
			want             int
		}{
			"a large form":             {"/p/a/note", "application/x-www-form-urlencoded", "text=" + strings.Repeat("x", 3<<20), 413},
			"a large JSON":             {"/api/v1/projects/a/notes", "application/json", `{"text":"` + strings.Repeat("x", 3<<20) + `"}`, 413},
			"a large part":             {"/p/a/note", form, part("text", strings.Repeat("x", 3<<20)) + "--xyz--\r\n", 413},
			"many large parts":         {"/p/a/note", form, strings.Repeat(part("text", strings.Repeat("x", 1<<20)), 4) + part("text", "the last drop") + "--xyz--\r\n", 413},
			"a truncated multipart":    {"/p/a/note", form, part("text", "x") + "--xyz\r\nContent-Disp", 422},
			"no final boundary":        {"/p/a/note", form, "--xyz\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhalf", 422},
			"an empty multipart":       {"/p/a/note", form, "", 422},
			"no boundary":              {"/p/a/note", "multipart/form-data", part("text", "x"), 422},
			"too many parts":           {"/p/a/note", form, strings.Repeat(part("text", "x"), 2100) + "--xyz--\r\n", 422},
			"a bad escape":             {"/p/a/note", "application/x-www-form-urlencoded", "text=%zz", 422},
			"XML":                      {"/p/a/note", "text/xml", "<a/>", 422},
			"no JSON":                  {"/api/v1/projects/a/notes", "application/json", "{", 422},
			"an unknown name":          {"/api/v1/projects/a/notes", "application/json", `{"text":"x","y":1}`, 422},
			"NUL":                      {"/p/a/note", "application/x-www-form-urlencoded", "text=%00", 422},
			"an empty body":            {"/p/a/note", "application/x-www-form-urlencoded", "", 422},
			"a key of bad characters":  {"/p/a/note", "application/x-www-form-urlencoded", "text=x&_idem=%00", 422},
			"a key that is no UTF-8":   {"/p/a/note", "application/x-www-form-urlencoded", "text=x&_idem=%ff", 422},
			"a key without end":        {"/p/a/note", "application/x-www-form-urlencoded", "text=x&_idem=" + strings.Repeat("k", 201), 422},
			"a program as a file":      {"/p/a/files", form, "--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\r\nMZ\x90\x00not a picture\r\n--xyz--\r\n", 422},
			"a very large part":        {"/p/a/note", form, part("text", strings.Repeat("x", 60<<20)) + "--xyz--\r\n", 413}, // far more than the connection's buffers hold
			"a file beyond the limit":  {"/p/a/files", form, "--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n" + strings.Repeat("text ", 30<<10) + "\r\n--xyz--\r\n", 413},
			"a stranger's many files":  {"/hello", form, strings.Repeat("--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n"+strings.Repeat("text ", 10<<10)+"\r\n", 50) + "--xyz--\r\n", 413},
			"a file cut in the middle": {"/p/a/files", form, "--xyz\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nhalf a", 422},
		} {
			a := s.call(t, "alice", "POST", c.path, c.body, "Content-Type", c.kind)
			if a.StatusCode != c.want {
				t.Errorf("%s: %d, want %d: %.200s", name, a.StatusCode, c.want, a.body)
			}
		}
		if n := s.notes(t); n != 0 {
			t.Errorf("%d notes were written", n)
		}
	})
}

func TestAFailedFormKeepsWhatWasTyped(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		a := s.call(t, "alice", "POST", "/p/a/note", "text=refused")
		if a.StatusCode != 409 || !strings.Contains(a.body, "again: refused Not taken") || !strings.Contains(a.body, "<html") || s.notes(t) != 0 {
			t.Errorf("%d: %s", a.StatusCode, a.body)
		}
	})
}

func TestASecondSubmitGetsTheFirstAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		api := func(user, key, text string) answer {
			return s.call(t, user, "POST", "/api/v1/projects/a/notes", `{"text":"`+text+`"}`, "Idempotency-Key", key)
		}
		first, second := api("alice", "k1", "x"), api("alice", "k1", "x")
		if first.StatusCode != 201 || second.StatusCode != 201 || first.body != second.body || first.Header.Get("Location") != second.Header.Get("Location") || s.notes(t) != 1 {
			t.Errorf("%d %s\n%d %s\n%d notes", first.StatusCode, first.body, second.StatusCode, second.body, s.notes(t))
		}
		if tag := second.Header.Get("ETag"); tag != `"1"` || tag != first.Header.Get("ETag") {
			t.Errorf("the second answer's ETag is %s", tag)
		}
		if a := api("alice", "k1", "y"); a.StatusCode != 422 || s.notes(t) != 1 {
			t.Errorf("another request under the same key: %d", a.StatusCode)
		}
		if a := api("alice", "k2", "refused"); a.StatusCode != 409 {
			t.Errorf("refused: %d", a.StatusCode)
		}
		if a := api("alice", "k2", "corrected"); a.StatusCode != 201 || s.notes(t) != 2 {
			t.Errorf("a refused request should give its key back: %d", a.StatusCode)
		}
		form := "text=z&_idem=k3"
		one, two := s.call(t, "alice", "POST", "/p/a/note", form), s.call(t, "alice", "POST", "/p/a/note", form)
		if one.StatusCode != 303 || two.StatusCode != 303 || one.Header.Get("Location") != two.Header.Get("Location") || s.notes(t) != 3 {
			t.Errorf("a double click: %d, %d, %d notes", one.StatusCode, two.StatusCode, s.notes(t))
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if a := api("alice", "k4", "at once"); a.StatusCode != 201 {
					t.Errorf("eight at once: %d %s", a.StatusCode, a.body)
				}
			})
		}
		all.Wait()
		if n := s.notes(t); n != 4 {
			t.Errorf("eight at once wrote %d notes", n-3)
		}
		must(t, web.SweepIdempotency(context.Background(), s.db))
		if a := api("alice", "k1", "x"); a.body != first.body {
			t.Error("the sweep forgot a fresh key")
		}
	})
}

func TestASecondSubmitGetsTheSamePartPageOrFile(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for i, path := range []string{"/p/a/part", "/p/a/page"} {
			form := "text=110101199003077774&_idem=same"
			form += fmt.Sprint(i)
			one, two := s.call(t, "alice", "POST", path, form, "HX-Request", "true"), s.call(t, "alice", "POST", path, form, "HX-Request", "true")
			if one.StatusCode != two.StatusCode || one.body != two.body || !strings.Contains(two.body, "110101199003077774") || s.notes(t) != i+1 {
				t.Errorf("%s: %d %s, then %d %s; %d notes", path, one.StatusCode, one.body, two.StatusCode, two.body, s.notes(t))
			}
		}
		whole, again := s.call(t, "alice", "POST", "/p/a/page", "text=w&_idem=whole"), s.call(t, "alice", "POST", "/p/a/page", "text=w&_idem=whole")
		main := func(a answer) string { return regexp.MustCompile(`(?s)<main.*</main>`).FindString(a.body) }
		if main(whole) != main(again) || !strings.Contains(main(again), "words") {
			t.Errorf("a whole page again: %d %s", again.StatusCode, again.body)
		}
		must(t, s.db.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int](ctx, tx, "select count(*) from web_idempotency where body like '%110101199003077774%' or body like '%words%'")
			if n != 0 {
				t.Errorf("%d kept answers can be read in the database", n)
			}
			return err
		}))
		first, second := s.call(t, "alice", "POST", "/p/a/print", "text=f&_idem=file"), s.call(t, "alice", "POST", "/p/a/print", "text=f&_idem=file")
		if first.StatusCode != 200 || second.StatusCode != 200 || second.body != "f" {
			t.Errorf("a file again: %d %q", second.StatusCode, second.body)
		}
		saved, clicked := s.call(t, "alice", "POST", "/p/a/note", "text=z&_idem=flash"), s.call(t, "alice", "POST", "/p/a/note", "text=z&_idem=flash")
		if saved.Header.Get("Set-Cookie") == "" || saved.Header.Get("Set-Cookie") != clicked.Header.Get("Set-Cookie") {
			t.Errorf("a double click is not told that it is saved: %q, %q", saved.Header.Get("Set-Cookie"), clicked.Header.Get("Set-Cookie"))
		}
	})
}

func TestTheSameFilesAreTheSameRequest(t *testing.T) {
	s := newSite(t, dbtest.Open(t, dbtest.Config(t, db.SQLite, tables...)))
	for range 12 { // a map's order must not matter
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for i := range 6 {
			f, err := w.CreateFormFile(fmt.Sprintf("file%d", i), "a.txt")
			must(t, err)
			fmt.Fprintf(f, "content %d", i)
		}
		must(t, w.Close())
		if a := s.call(t, "alice", "POST", "/p/a/files", b.String(), "Content-Type", w.FormDataContentType(), "Idempotency-Key", "files"); a.StatusCode != 200 || a.body != `{"files":6}` {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
	}
}

func TestTheFlashIsSaidOnceOnTheNextPage(t *testing.T) {
	s := newSite(t, dbtest.Open(t, dbtest.Config(t, db.SQLite, tables...)))
	jar, _ := cookiejar.New(nil)
	u, _ := url.Parse(s.URL)
	jar.SetCookies(u, []*http.Cookie{{Name: "user", Value: "alice"}})
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(fragment bool) string {
		req, _ := http.NewRequest("GET", s.URL+"/p/a/note", nil)
		if fragment {
			req.Header.Set("HX-Request", "true")
		}
		res, err := client.Do(req)
		must(t, err)
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return string(b)
	}
	res, err := client.PostForm(s.URL+"/p/a/note", url.Values{"text": {"x"}})
	must(t, err)
	res.Body.Close()
	if body := get(true); strings.Contains(body, "已保存") {
		t.Error("a fragment shows the flash")
	}
	if body := get(false); !strings.Contains(body, "已保存 ✓") {
		t.Error("the next page does not show the flash")
	}
	if body := get(false); strings.Contains(body, "已保存") {
		t.Error("the flash is said twice")
	}
}

func TestPagesAreZippedAndFilesKeepForAYear(t *testing.T) {
	s := newSite(t, dbtest.Open(t, dbtest.Config(t, db.SQLite, tables...)))
	plain, zipped := s.call(t, "", "GET", "/hello", ""), s.call(t, "", "GET", "/hello", "", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(strings.NewReader(zipped.body))
	must(t, err)
	b, err := io.ReadAll(z)
	if err != nil || zipped.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("Content-Encoding") != "" || len(b) != len(plain.body) || !strings.Contains(string(b), "hello hello") || len(zipped.body) > len(plain.body)/2 {
		t.Errorf("gzip: %d of %d bytes, %v", len(zipped.body), len(plain.body), err)
	}
	files := regexp.MustCompile(`/static/[a-z/.-]+\.[0-9a-f]{12}\.(css|js)`).FindAllString(plain.body, -1)
	if len(files) == 0 {
		t.Fatal("the page names no file by its hash")
	}
	for _, path := range files {
		a, gz := s.call(t, "", "GET", path, ""), s.call(t, "", "GET", path, "", "Accept-Encoding", "gzip")
		if a.StatusCode != 200 || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") || gz.Header.Get("Content-Encoding") != "gzip" || len(gz.body) >= len(a.body) {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
		}
		fresh := newSite(t, s.db) // after a restart the old address still works
		if b := fresh.call(t, "", "GET", path, ""); b.body != a.body {
			t.Errorf("%s after a restart: %d", path, b.StatusCode)
		}
	}
	for _, path := range []string{"/static/app.css", "/static/app.000000000000.css", "/static/../web.go", "/static/"} {
		if a := s.call(t, "", "GET", path, ""); a.StatusCode == 200 {
			t.Errorf("%s is served", path)
		}
	}
}

func TestALivePageHearsItsTopicAndEndsWithTheSession(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.server.SetCheck(50 * time.Millisecond)
		if a := s.call(t, "bob", "GET", "/p/a/live", ""); a.StatusCode != 404 {
			t.Errorf("without a seat: %d", a.StatusCode)
		}
		req, err := http.NewRequest("GET", s.URL+"/p/a/live", nil)
		must(t, err)
		req.AddCookie(&http.Cookie{Name: "user", Value: "alice"})
		ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
		defer stop()
		res, err := http.DefaultClient.Do(req.WithContext(ctx))
		must(t, err)
		defer res.Body.Close()
		if res.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("%d %v", res.StatusCode, res.Header)
		}
		heard := make(chan bool)
		go func() {
			lines := bufio.NewScanner(res.Body)
			for lines.Scan() {
				if lines.Text() == "event: note" {
					heard <- true
				}
			}
			close(heard)
		}()
		for got := false; !got; { // on PostgreSQL the listener connects a moment later
			s.call(t, "alice", "POST", "/p/a/note", "text=x")
			select {
			case got = <-heard:
			case <-time.After(200 * time.Millisecond):
			}
			if ctx.Err() != nil {
				t.Fatal("the topic never came")
			}
		}
		s.out.Store(true)
		for range heard {
		}
		if ctx.Err() != nil {
			t.Error("the stream went on after the session had ended")
		}
	})
}

func TestHealth(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.SQLite, tables...))
	s := newSite(t, d)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200} {
		if a := s.call(t, "", "GET", path, ""); a.StatusCode != want {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	s.call(t, "alice", "GET", "/p/a/note", "")
	if a := s.call(t, "", "GET", "/metrics", ""); !strings.Contains(a.body, `route="GET /p/{project}/note",status="200"`) {
		t.Error("the metrics do not count by route")
	}
}
