package web

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"huiyin/core"
	"huiyin/db"
	"huiyin/web/ui"
)

// Server is the handler of all routes.
type Server struct {
	cfg     Config
	mux     *http.ServeMux
	handler http.Handler
	assets  *assets
	metrics *metrics
	check   time.Duration // how often an open push connection asks whether its session still stands
}

// New builds the server; two routes that overlap are a panic of ServeMux, found by the boot test.
func New(cfg Config) *Server {
	if cfg.MaxFile == 0 {
		cfg.MaxFile = maxFile
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux(), assets: newAssets(), metrics: newMetrics(), check: liveCheck}
	s.cfg.Routes = append(s.cfg.Routes, Route{Pattern: "GET /p/{project}/live", Perm: Member, Stream: s.Live})
	for i := range s.cfg.Routes {
		rt := &s.cfg.Routes[i]
		s.mux.HandleFunc(rt.Pattern, func(w http.ResponseWriter, h *http.Request) { s.serve(w, h, rt) })
	}
	s.mux.HandleFunc("GET /static/", s.assets.serve)
	s.mux.HandleFunc("GET /metrics", s.metrics.serve)
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.HandleFunc("/", s.unknown)
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(s.foreign))
	s.handler = s.observe(s.secure(compress(cross.Handler(s.mux))))
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Routes lists what the server answers, for the generated documents and tests.
func (s *Server) Routes() []Route { return s.cfg.Routes }

func (s *Server) serve(w http.ResponseWriter, h *http.Request, rt *Route) {
	r := &Request{HTTP: h, Route: rt, started: time.Now()}
	ctx := s.base(h)
	if tr, ok := h.Context().Value(trackedKey{}).(*tracked); ok {
		tr.route = rt.Pattern
		ctx = core.WithRequestID(ctx, tr.id)
	}
	if !plainText(h.URL.Path) || !plainQuery(h.URL.Query()) {
		s.fail(ctx, w, r, core.NotFound()) // no page of ours has such an address, and PostgreSQL takes no such text
		return
	}
	ctx, err := s.identify(ctx, r)
	if err != nil {
		s.fail(ctx, w, r, err)
		return
	}
	if rt.Stream != nil {
		r.HTTP = h.WithContext(ctx)
		rt.Stream(w, r)
		return
	}
	if rt.Admit != nil {
		leave, err := rt.Admit(r)
		if err != nil {
			s.fail(ctx, w, r, err)
			return
		}
		defer leave()
	}
	cleanup, err := s.bind(w, r)
	defer cleanup()
	if err == nil && rt.Before != nil {
		ctx, err = rt.Before(ctx, s.cfg.DB, r)
	}
	if err != nil {
		s.failed(ctx, w, r, err)
		return
	}
	s.run(ctx, w, r)
}

// plainText reports whether s is text that a database column can hold.
func plainText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func plainQuery(values url.Values) bool {
	for name, vs := range values {
		if !plainText(name) || slices.ContainsFunc(vs, func(v string) bool { return !plainText(v) }) {
			return false
		}
	}
	return true
}

// identify finds who asks, about which project, and whether the route's right is theirs.
func (s *Server) identify(ctx context.Context, r *Request) (context.Context, error) {
	if r.Route.Perm == Public && !r.Route.InProject() {
		return ctx, nil
	}
	err := s.cfg.DB.Read(ctx, func(read context.Context, tx db.Tx) error {
		actor, session, err := s.cfg.SignIn(read, tx, r.HTTP)
		if err != nil {
			return err
		}
		if session.Lang != "" && r.HTTP.Header.Get("X-Lang") == "" {
			ctx = core.WithLang(ctx, session.Lang)
		}
		r.Session = session
		ctx = core.WithActor(ctx, actor)
		if !r.Route.InProject() {
			return nil
		}
		r.Project, err = s.cfg.Project(read, tx, r.Path("project"))
		ctx = core.WithProject(ctx, r.Project)
		return err
	})
	if err != nil {
		return ctx, err
	}
	if s.cfg.Touch != nil {
		s.cfg.Touch(ctx, r.Session)
	}
	return ctx, s.allowed(ctx, r)
}

// allowed asks the route's right. Whoever has no seat in a project does not learn that it exists.
func (s *Server) allowed(ctx context.Context, r *Request) error {
	a := core.ActorOf(ctx)
	if r.Session.Token != r.API() {
		return signIn()
	}
	if !r.Route.InProject() {
		if r.Route.Perm != SignedIn && r.Route.Perm != Member && !a.Can(core.Firm, r.Route.Perm) {
			return core.Forbidden(r.Route.Perm)
		}
		return nil
	}
	if len(a.Seats[r.Project.ID].Roles) == 0 {
		return core.NotFound()
	}
	if r.Route.Perm != Member && r.Route.Perm != SignedIn && !a.Can(r.Project.ID, r.Route.Perm) {
		return core.Forbidden(r.Route.Perm)
	}
	return nil
}

func signIn() error {
	return &core.Err{Kind: core.KindSignIn, Text: core.T("请先登录", "Please sign in")}
}

// run opens the transaction, asks the handler, and renders after the commit.
func (s *Server) run(ctx context.Context, w http.ResponseWriter, r *Request) {
	var ans Answer
	var shell ui.Shell
	handle := func(ctx context.Context, tx db.Tx) (err error) {
		ans, err = r.Route.Handle(ctx, tx, r)
		return err
	}
	frame := func(ctx context.Context, tx db.Tx, err error) error {
		if _, page := ans.(Page); page && err == nil {
			shell, err = s.shell(ctx, tx, r)
		}
		return err
	}
	err := error(nil)
	if r.HTTP.Method == http.MethodGet || r.HTTP.Method == http.MethodHead {
		err = s.cfg.DB.Read(ctx, func(ctx context.Context, tx db.Tx) error { return frame(ctx, tx, handle(ctx, tx)) })
	} else {
		err = s.cfg.DB.WriteShared(ctx, func(ctx context.Context, tx db.Tx) error {
			return frame(ctx, tx, s.once(ctx, tx, r, &ans, handle))
		})
	}
	if err != nil {
		s.failed(ctx, w, r, err)
		return
	}
	s.send(ctx, w, r, ans, shell)
}

func (s *Server) shell(ctx context.Context, tx db.Tx, r *Request) (ui.Shell, error) {
	if s.cfg.Shell == nil {
		return ui.Shell{}, nil
	}
	return s.cfg.Shell(ctx, tx, r)
}

// failed shows the route's own form again where it has one, in a fresh Read, else the error page.
func (s *Server) failed(ctx context.Context, w http.ResponseWriter, r *Request, err error) {
	if r.Route.Failed == nil || r.API() || !showsForm(err) {
		s.fail(ctx, w, r, err)
		return
	}
	var ans Answer
	var shell ui.Shell
	again := s.cfg.DB.Read(ctx, func(ctx context.Context, tx db.Tx) (e error) {
		if ans, e = r.Route.Failed(ctx, tx, r, err); e == nil {
			shell, e = s.shell(ctx, tx, r)
		}
		return e
	})
	if again != nil {
		s.fail(ctx, w, r, errors.Join(again))
		return
	}
	s.log(ctx, r, err)
	s.send(ctx, w, r, withStatus(ans, status(core.AsErr(err).Kind)), shell)
}

// showsForm: the user can do something about these on the same form.
func showsForm(err error) bool {
	switch core.AsErr(err).Kind {
	case core.KindInvalid, core.KindRefused, core.KindConflict, core.KindTooLarge, core.KindBusy, core.KindTooMany:
		return true
	}
	return false
}

func withStatus(a Answer, code int) Answer {
	switch p := a.(type) {
	case Page:
		p.Status = code
		return p
	case Fragment:
		p.Status = code
		return p
	}
	return a
}

func (s *Server) ready(w http.ResponseWriter, h *http.Request) {
	ctx, stop := context.WithTimeout(h.Context(), 3*time.Second)
	defer stop()
	err := s.cfg.DB.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := db.Value[int64](ctx, tx, "select count(*) from db_node")
		return err
	})
	if err != nil {
		http.Error(w, "database not reachable", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

func (s *Server) unknown(w http.ResponseWriter, h *http.Request) {
	ctx := s.base(h)
	rt := &Route{Pattern: h.Method + " " + h.URL.Path, Perm: SignedIn}
	s.fail(ctx, w, &Request{HTTP: h, Route: rt}, core.NotFound())
}

func (s *Server) foreign(w http.ResponseWriter, h *http.Request) {
	rt := &Route{Pattern: h.Method + " " + h.URL.Path, Perm: SignedIn}
	s.fail(s.base(h), w, &Request{HTTP: h, Route: rt}, &core.Err{Kind: core.KindForbidden,
		Text: core.T("这次提交来自别的网站,没有执行", "This came from another site and was not carried out")})
}

type trackedKey struct{}

// tracked remembers what was sent, for the log and the metrics.
type tracked struct {
	http.ResponseWriter
	status int
	bytes  int64
	id     string
	route  string
}

func (t *tracked) WriteHeader(code int) {
	if t.status == 0 {
		t.status = code
	}
	t.ResponseWriter.WriteHeader(code)
}

func (t *tracked) Write(b []byte) (int, error) {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	n, err := t.ResponseWriter.Write(b)
	t.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (t *tracked) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Hijack is not offered: nothing here speaks another protocol.
func (t *tracked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, http.ErrNotSupported
}

func newRequestID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, h *http.Request) {
		start := time.Now()
		t := &tracked{ResponseWriter: w, id: newRequestID(), route: "other"}
		w.Header().Set("X-Request-Id", t.id)
		next.ServeHTTP(t, h.WithContext(context.WithValue(h.Context(), trackedKey{}, t)))
		took := time.Since(start)
		if strings.HasPrefix(h.URL.Path, "/static/") {
			t.route = "GET /static/"
		}
		s.metrics.note(t.route, h.Method, t.status, took)
		s.cfg.Log.Info("request", "id", t.id, "method", h.Method, "path", h.URL.Path, "status", t.status, "bytes", t.bytes, "ms", took.Milliseconds())
	})
}

// csp allows our own files only: no inline script, no inline style, no frame around us.
const csp = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func (s *Server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, h *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", csp)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Permissions-Policy", "camera=(self), geolocation=(self), microphone=(self)")
		if !strings.HasPrefix(h.URL.Path, "/static/") {
			head.Set("Cache-Control", "no-store")
		}
		if s.cfg.Secure {
			head.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, h)
	})
}
