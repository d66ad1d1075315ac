package testkit

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"

	"huiyin/app"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/user"
)

// Browser is one person's browser: it keeps cookies and follows redirects.
type Browser struct {
	kit     *Kit
	app     *app.App
	cookies map[string]*http.Cookie
	token   string
	Lang    core.Lang
}

// As is the browser of the test project's user of a role, signed in.
func (k *Kit) As(r core.Role) *Browser {
	k.Helper()
	return k.Browser(k.Users[r])
}

// Browser is the browser of any user, signed in; 0 is nobody.
func (k *Kit) Browser(id core.ID) *Browser {
	k.Helper()
	b := &Browser{kit: k, app: k.App, cookies: map[string]*http.Cookie{}}
	if id == 0 {
		return b
	}
	var login string
	k.Read(func(ctx context.Context, tx db.Tx) error {
		u, err := user.Get(ctx, tx, id)
		login = u.Login
		return err
	})
	p := b.Post("/sign-in", url.Values{"login": {login}, "password": {Password}})
	if len(b.cookies) == 0 {
		k.Fatalf("signing in as %s: status %d\n%s", login, p.Status, p.Text("main"))
	}
	return b
}

// Token is an API client with a token of the role's user.
func (k *Kit) Token(r core.Role, scopes ...string) *Browser {
	k.Helper()
	b := &Browser{kit: k, app: k.App, cookies: map[string]*http.Cookie{}}
	if len(scopes) == 0 {
		scopes = []string{"*"}
	}
	ctx := core.AsSystem(k.App.Context(context.Background()))
	k.Must(k.App.DB.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		b.token, err = user.CreateToken(ctx, tx, k.Users[r], "testkit", scopes)
		return err
	}))
	return b
}

// On makes the browser talk to another node.
func (b *Browser) On(a *app.App) *Browser { c := *b; c.app = a; return &c }

// Page is an answer.
type Page struct {
	Status int
	Header http.Header
	Body   []byte
	URL    string // after redirects
	*goquery.Document
}

// Text is the text of the first element of the selector, with white space folded.
func (p *Page) Text(selector string) string {
	return strings.Join(strings.Fields(p.Find(selector).First().Text()), " ")
}

// Has reports whether the body holds the text.
func (p *Page) Has(text string) bool { return bytes.Contains(p.Body, []byte(text)) }

// JSON reads the body.
func (p *Page) JSON() map[string]any {
	var m map[string]any
	_ = json.Unmarshal(p.Body, &m)
	return m
}

// P is a path under the test's project.
func (b *Browser) P(path string) string { return "/p/" + b.kit.Project.Code + "/" + path }

// Get fetches a page and follows redirects.
func (b *Browser) Get(path string) *Page {
	b.kit.Helper()
	return b.Do("GET", path, nil, nil)
}

// Post submits a form and follows the redirect.
func (b *Browser) Post(path string, form url.Values) *Page {
	b.kit.Helper()
	return b.Do("POST", path, strings.NewReader(form.Encode()), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
}

// Submit fetches a form's page, puts values over what it holds, and submits it: hidden keys and all.
func (b *Browser) Submit(path string, values map[string]string) *Page {
	b.kit.Helper()
	return b.SubmitForm(b.Get(path), "main form[method=post]", values)
}

// SubmitForm submits the first form of the selector on a page.
func (b *Browser) SubmitForm(p *Page, selector string, values map[string]string) *Page {
	b.kit.Helper()
	form := p.Find(selector).First()
	if form.Length() == 0 {
		b.kit.Fatalf("%s has no form %q: status %d\n%s", p.URL, selector, p.Status, p.Text("main"))
	}
	data := FormValues(form)
	for k, v := range values {
		data.Set(k, v)
	}
	action, _ := form.Attr("action")
	if action == "" {
		action = p.URL
	}
	if enc, _ := form.Attr("enctype"); enc == "multipart/form-data" {
		return b.Upload(action, data, nil)
	}
	return b.Post(action, data)
}

// FormValues are what a browser would send of a form as it stands.
func FormValues(form *goquery.Selection) url.Values {
	data := url.Values{}
	form.Find("input, textarea, select").Each(func(_ int, s *goquery.Selection) {
		name, ok := s.Attr("name")
		if !ok || s.Is("[disabled]") || s.Is("[type=file]") || s.ParentsFiltered("template").Length() > 0 {
			return
		}
		switch {
		case s.Is("textarea"):
			data.Add(name, s.Text())
		case s.Is("select"):
			s.Find("option[selected]").Each(func(_ int, o *goquery.Selection) { data.Add(name, o.AttrOr("value", o.Text())) })
			if s.Find("option[selected]").Length() == 0 {
				if o := s.Find("option").First(); o.Length() > 0 {
					data.Add(name, o.AttrOr("value", o.Text()))
				}
			}
		case s.Is("[type=checkbox]"), s.Is("[type=radio]"):
			if s.Is("[checked]") {
				data.Add(name, s.AttrOr("value", "on"))
			}
		default:
			data.Add(name, s.AttrOr("value", ""))
		}
	})
	return data
}

// File is one file of an upload.
type File struct {
	Field, Name string
	Content     []byte
}

// Upload submits a multipart form.
func (b *Browser) Upload(path string, form url.Values, files []File) *Page {
	b.kit.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, vs := range form {
		for _, v := range vs {
			b.kit.Must(w.WriteField(k, v))
		}
	}
	for _, f := range files {
		part, err := w.CreateFormFile(f.Field, f.Name)
		b.kit.Must(err)
		_, err = part.Write(f.Content)
		b.kit.Must(err)
	}
	b.kit.Must(w.Close())
	return b.Do("POST", path, &body, map[string]string{"Content-Type": w.FormDataContentType()})
}

// API sends JSON to a path under the project's API and does not follow anything.
func (b *Browser) API(method, path string, body any, headers ...string) *Page {
	b.kit.Helper()
	var r io.Reader
	h := map[string]string{"Content-Type": "application/json"}
	for i := 0; i+1 < len(headers); i += 2 {
		h[headers[i]] = headers[i+1]
	}
	if body != nil {
		r = strings.NewReader(core.JSON(body))
	}
	if !strings.HasPrefix(path, "/") {
		path = "/api/v1/projects/" + b.kit.Project.Code + "/" + path
	}
	return b.Do(method, path, r, h)
}

const redirectsMax = 5

// Do sends any request.
func (b *Browser) Do(method, path string, body io.Reader, headers map[string]string) *Page {
	b.kit.Helper()
	for range redirectsMax {
		rec := b.once(method, path, body, headers)
		if rec.Code != http.StatusSeeOther {
			return page(rec, path)
		}
		method, body, headers = "GET", nil, nil
		path = rec.Header().Get("Location")
	}
	b.kit.Fatalf("%s: too many redirects", path)
	return nil
}

func (b *Browser) once(method, path string, body io.Reader, headers map[string]string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, body)
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	if b.Lang != "" {
		req.AddCookie(&http.Cookie{Name: "huiyin_lang", Value: string(b.Lang)})
		req.Header.Set("Accept-Language", string(b.Lang))
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	rec := httptest.NewRecorder()
	b.app.ServeHTTP(rec, req)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c
	}
	return rec
}

func page(rec *httptest.ResponseRecorder, path string) *Page {
	p := &Page{Status: rec.Code, Header: rec.Header(), Body: rec.Body.Bytes(), URL: path}
	p.Document, _ = goquery.NewDocumentFromReader(bytes.NewReader(p.Body))
	return p
}

// OK ends the test unless the page came with 200.
func (p *Page) OK(k *Kit) *Page {
	k.Helper()
	if p.Status != http.StatusOK {
		k.Fatalf("%s: status %d\n%s", p.URL, p.Status, p.Text("body"))
	}
	return p
}

// Answer is what a path answers, whatever its status and kind.
func (b *Browser) Answer(path string) string {
	b.kit.Helper()
	return b.once("GET", path, strings.NewReader(""), nil).Body.String()
}

// Once sends one request and gives the status, following nothing.
func (b *Browser) Once(method, path, contentType, body string) int {
	b.kit.Helper()
	headers := map[string]string{}
	if contentType != "" {
		headers["Content-Type"] = contentType
	}
	return b.once(method, path, strings.NewReader(body), headers).Code
}
