// Package web turns routes into an HTTP server: it reads and binds the body whole, finds session, project and right,
// opens the one transaction, and renders after it has ended.
//
// A handler takes (ctx, tx, *Request) and returns an Answer: a value that says what to send. GET routes run in a Read
// and cannot write; all others run in a Write. One mapper turns every error into a page, a fragment or problem+json.
package web

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/web/ui"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// Permissions that every route may name instead of "module.verb".
const (
	Public   = "public"    // nobody needs to be signed in
	SignedIn = "signed-in" // any user, any token
	Member   = "member"    // any user with a seat in the project
)

// Route is one address.
type Route struct {
	Pattern string // "GET /p/{project}/repair/{id}"; with {project} the right is asked in that project
	Perm    string // "repair.view", or Public, SignedIn, Member
	Handle  Handler
	// Failed shows the same form again when Handle refuses the input or the state; without it the error page comes.
	Failed func(ctx context.Context, tx db.Tx, r *Request, err error) (Answer, error)
	// Before does what is slow and must not hold the one writer, such as hashing a password: after the body is bound and
	// before Handle's transaction opens. It opens its own, and hands what it found to Handle in the context.
	Before func(ctx context.Context, d *db.DB, r *Request) (context.Context, error)
	// Admit is asked before the body is read, and refuses who may not send one now; leave is called when the request is over.
	Admit func(r *Request) (leave func(), err error)
	// Stream takes the connection itself (live pages, large downloads); it opens its own transactions.
	Stream func(w http.ResponseWriter, r *Request)
	// Specs are the fields that Handle binds, for JSON bodies and the bad-input test.
	Specs []core.Spec
	// MaxBody overrides how many bytes a body may have.
	MaxBody int64
}

// Handler answers a request inside its transaction.
type Handler func(ctx context.Context, tx db.Tx, r *Request) (Answer, error)

// Method is the route's HTTP method.
func (rt Route) Method() string { m, _, _ := strings.Cut(rt.Pattern, " "); return m }

// Path is the route's path pattern.
func (rt Route) Path() string { _, p, _ := strings.Cut(rt.Pattern, " "); return p }

// InProject reports whether the route is about one project.
func (rt Route) InProject() bool { return strings.Contains(rt.Pattern, "{project}") }

// API reports whether the route belongs to the API.
func (rt Route) API() bool { return strings.HasPrefix(rt.Path(), "/api/") }

// Session is the browser's sign-in, or the API token's.
type Session struct {
	Key   string // names the row, never the secret
	Lang  core.Lang
	Token bool // an API token: no cookies, no pages
}

// Config is what the server needs from the modules above: who someone is, which project a code names, and what stands
// around a page.
type Config struct {
	DB       *db.DB
	Log      *slog.Logger
	Routes   []Route
	Base     func(ctx context.Context) context.Context                                         // clock, approvals, file store
	SignIn   func(ctx context.Context, tx db.Tx, r *http.Request) (core.Actor, Session, error) // KindSignIn when nobody
	Touch    func(ctx context.Context, s Session)                                              // idle stamp, outside the request's transaction
	Project  func(ctx context.Context, tx db.Tx, code string) (core.Project, error)            // KindNotFound
	Shell    func(ctx context.Context, tx db.Tx, r *Request) (ui.Shell, error)                 // nav, badges
	Right    func(perm string) core.Text                                                       // what a permission is called
	Cite     func(ctx context.Context, clause string) string                                   // address of a clause's page
	SpoolDir string                                                                            // where uploads wait
	MaxFile  int64                                                                             // bytes of one upload; 40 MB by default
	Secure   bool                                                                              // behind TLS: Secure cookies, HSTS
}

// Request is what a handler sees of the request.
type Request struct {
	HTTP    *http.Request
	Route   *Route
	Project core.Project
	Session Session
	Input   core.Input
	started time.Time
}

// Path is a path value: r.Path("kind").
func (r *Request) Path(name string) string { return r.HTTP.PathValue(name) }

// ID is the path's {id}; one that is no id is KindNotFound.
func (r *Request) ID(name string) (core.ID, error) {
	id, err := core.ParseID(r.HTTP.PathValue(name))
	if err != nil {
		return 0, core.NotFound()
	}
	return id, nil
}

// Query is a query value.
func (r *Request) Query(name string) string { return r.HTTP.URL.Query().Get(name) }

// Values are all query values.
func (r *Request) Values() url.Values { return r.HTTP.URL.Query() }

// API reports whether the caller wants JSON.
func (r *Request) API() bool { return r.Route != nil && r.Route.API() }

// Fragment reports whether htmx asks for a part of a page.
func (r *Request) Fragment() bool {
	return r.HTTP.Header.Get("HX-Request") == "true" && r.HTTP.Header.Get("HX-Boosted") != "true"
}

// LastProject is the code of the project that this browser last looked at, "" when none. It is only a hint: whoever uses
// it asks whether the actor has a seat there.
func (r *Request) LastProject() string {
	c, err := r.HTTP.Cookie(projectCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// Here is the page's own address, to come back to.
func (r *Request) Here() string { return r.HTTP.URL.RequestURI() }

// Idem is the key that makes a second submit harmless: Idempotency-Key, or the form's hidden input.
func (r *Request) Idem() string {
	if k := r.HTTP.Header.Get("Idempotency-Key"); k != "" {
		return k
	}
	return r.Input.Get(ui.IdemName)
}

// Version is the version the sender saw: If-Match, or the form's hidden input; "" when not given.
func (r *Request) Version() string {
	if v := r.HTTP.Header.Get("If-Match"); v != "" {
		return strings.Trim(v, `"`)
	}
	return r.Input.Get(ui.VersionName)
}

// Answer is what to send once the transaction has ended.
type Answer interface{ answer() }

// Page is a document in the shell. Bare leaves out rail and search.
type Page struct {
	Title  core.Text
	Body   templ.Component
	Bare   bool
	Narrow bool
	Status int // 200 by default
	Head   templ.Component
}

// Fragment is a part of a page, for htmx.
type Fragment struct {
	Body   templ.Component
	Status int
}

// Redirect sends the browser to another page (303); Flash is said there once.
type Redirect struct {
	URL    string
	Flash  core.Text
	Cookie *http.Cookie // set on the way: sign-in, language
}

// JSON is an API answer. Version becomes the ETag.
type JSON struct {
	Status   int // 200 by default
	Value    any
	Version  int64
	Location string
}

// Download is a file; it is never shown in the page's own origin unless Inline (our own PDFs and pictures).
type Download struct {
	Name   string
	Type   string
	Bytes  []byte
	Inline bool
	Cache  bool // content-addressed: may be kept by the browser
}

// Nothing is 204.
type Nothing struct{}

func (Page) answer()     {}
func (Fragment) answer() {}
func (Redirect) answer() {}
func (JSON) answer()     {}
func (Download) answer() {}
func (Nothing) answer()  {}
