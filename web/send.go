package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/web/ui"
)

func (s *Server) send(ctx context.Context, w http.ResponseWriter, r *Request, a Answer, shell ui.Shell) {
	ctx = ui.WithAssets(ctx, s.assets.url)
	switch v := a.(type) {
	case Page:
		s.sendPage(ctx, w, r, v, shell)
	case Fragment:
		s.render(ctx, w, r, or(v.Status, http.StatusOK), v.Body)
	case Redirect:
		s.redirect(ctx, w, r, v)
	case JSON:
		s.sendJSON(w, r, v)
	case Download:
		sendFile(w, v)
	case Nothing:
		w.WriteHeader(http.StatusNoContent)
	default:
		s.fail(ctx, w, r, fmt.Errorf("web: %s answered %T", r.Route.Pattern, a))
	}
}

func (s *Server) sendPage(ctx context.Context, w http.ResponseWriter, r *Request, p Page, shell ui.Shell) {
	shell.Title, shell.Narrow, shell.Here = p.Title, p.Narrow, r.Here()
	if r.Fragment() { // the flash waits for the next whole page
		s.render(ctx, w, r, or(p.Status, http.StatusOK), p.Body)
		return
	}
	s.rememberProject(w, r)
	shell.Flash = takeFlash(w, r.HTTP)
	body := ui.Page(shell, p.Body)
	if p.Bare {
		body = ui.Bare(shell, p.Body)
	}
	s.render(ctx, w, r, or(p.Status, http.StatusOK), body)
}

// render draws into memory first, so that an error in a template is an error page and not half a page.
func (s *Server) render(ctx context.Context, w http.ResponseWriter, r *Request, code int, c templ.Component) {
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		s.log(ctx, r, err)
		http.Error(w, "rendering failed, log id "+core.RequestID(ctx), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(b.Bytes())
}

func (s *Server) redirect(ctx context.Context, w http.ResponseWriter, r *Request, v Redirect) {
	if v.Cookie != nil {
		http.SetCookie(w, v.Cookie)
	}
	if v.Flash.Is() {
		http.SetCookie(w, &http.Cookie{Name: flashCookie, Value: url.QueryEscape(v.Flash.Say(ctx)), Path: "/", MaxAge: 60,
			HttpOnly: true, Secure: s.cfg.Secure, SameSite: http.SameSiteLaxMode})
	}
	if r.Fragment() {
		w.Header().Set("HX-Redirect", v.URL)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r.HTTP, v.URL, http.StatusSeeOther)
}

// rememberProject keeps the project that was last looked at, for the pages that name none: the firm's and one's own.
func (s *Server) rememberProject(w http.ResponseWriter, r *Request) {
	if r.Project.Code == "" || r.LastProject() == r.Project.Code {
		return
	}
	http.SetCookie(w, &http.Cookie{Name: projectCookie, Value: r.Project.Code, Path: "/", HttpOnly: true, Secure: s.cfg.Secure, SameSite: http.SameSiteLaxMode})
}

func takeFlash(w http.ResponseWriter, h *http.Request) string {
	c, err := h.Cookie(flashCookie)
	if err != nil || c.Value == "" {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true})
	text, _ := url.QueryUnescape(c.Value)
	return text
}

func (s *Server) sendJSON(w http.ResponseWriter, r *Request, v JSON) {
	b, err := json.Marshal(v.Value)
	if err != nil {
		s.log(r.HTTP.Context(), r, err)
		http.Error(w, "encoding failed", http.StatusInternalServerError)
		return
	}
	if v.Version > 0 {
		w.Header().Set("ETag", `"`+strconv.FormatInt(v.Version, 10)+`"`)
	}
	if v.Location != "" {
		w.Header().Set("Location", v.Location)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(or(v.Status, http.StatusOK))
	_, _ = w.Write(b)
}

func sendFile(w http.ResponseWriter, d Download) {
	disposition := "attachment"
	if d.Inline {
		disposition = "inline"
	}
	h := w.Header()
	h.Set("Content-Type", d.Type)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": d.Name}))
	h.Set("Content-Length", strconv.Itoa(len(d.Bytes)))
	if d.Cache {
		h.Set("Cache-Control", "private, max-age=86400")
	}
	_, _ = w.Write(d.Bytes)
}

func status(k core.ErrKind) int {
	switch k {
	case core.KindInvalid:
		return http.StatusUnprocessableEntity
	case core.KindRefused, core.KindForbidden:
		return http.StatusForbidden
	case core.KindNotFound:
		return http.StatusNotFound
	case core.KindConflict:
		return http.StatusConflict
	case core.KindTooMany:
		return http.StatusTooManyRequests
	case core.KindBusy:
		return http.StatusServiceUnavailable
	case core.KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case core.KindSignIn:
		return http.StatusUnauthorized
	}
	return http.StatusInternalServerError
}

// fail is the one mapper from errors to answers.
func (s *Server) fail(ctx context.Context, w http.ResponseWriter, r *Request, err error) {
	s.log(ctx, r, err)
	e := s.named(core.AsErr(err))
	code := status(e.Kind)
	if e.Kind == core.KindBusy || e.Kind == core.KindTooMany {
		w.Header().Set("Retry-After", "5")
	}
	switch {
	case r.API():
		s.sendProblem(ctx, w, e, code)
	case e.Kind == core.KindSignIn:
		s.toSignIn(w, r)
	default:
		s.failPage(ctx, w, r, e, code)
	}
}

// named says the right that lacks by its name in the regulation's words instead of its code.
func (s *Server) named(e *core.Err) *core.Err {
	if e.Perm == "" || s.cfg.Right == nil {
		return e
	}
	if label := s.cfg.Right(e.Perm); label.Is() {
		said := *e
		said.Text = core.T("您的岗位没有「%s」这项权限", "Your role does not include the right “%s”", label)
		return &said
	}
	return e
}

func (s *Server) toSignIn(w http.ResponseWriter, r *Request) {
	to := "/sign-in"
	if r.HTTP.Method == http.MethodGet && r.Here() != "/" {
		to += "?next=" + url.QueryEscape(r.Here())
	}
	if r.Fragment() {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r.HTTP, to, http.StatusSeeOther)
}

func (s *Server) failPage(ctx context.Context, w http.ResponseWriter, r *Request, e *core.Err, code int) {
	ctx = ui.WithAssets(ctx, s.assets.url)
	href := ""
	if e.Clause != "" && s.cfg.Cite != nil {
		href = s.cfg.Cite(ctx, e.Clause)
	}
	if r.Fragment() {
		s.render(ctx, w, r, code, ui.Problem(e, href))
		return
	}
	shell := ui.Shell{Title: refusalTitle(e.Kind), Brand: core.T("回音", "Huiyin"), Here: "/"}
	body := ui.Refusal(shell.Title, e, href, cameFrom(r.HTTP), "/")
	bare := core.ActorOf(ctx).ID == 0 || s.cfg.Shell == nil
	if !bare {
		err := s.cfg.DB.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			full, err := s.cfg.Shell(ctx, tx, r)
			full.Title, full.Here = shell.Title, r.Here()
			shell = full
			return err
		})
		bare = err != nil
	}
	page := ui.Page(shell, body)
	if bare {
		page = ui.Bare(shell, body)
	}
	s.render(ctx, w, r, code, page)
}

// refusalTitle is the heading of the page that says why something was not done.
func refusalTitle(k core.ErrKind) core.Text {
	switch k {
	case core.KindRefused:
		return core.T("制度不允许", "The regulation does not allow this")
	case core.KindForbidden:
		return core.T("没有权限", "You may not do this")
	case core.KindNotFound:
		return core.T("没有找到", "Not found")
	case core.KindConflict:
		return core.T("现在不能这样做", "Not possible now")
	case core.KindInvalid:
		return core.T("填写有误", "Something needs correcting")
	case core.KindTooLarge:
		return core.T("文件太大", "Too large")
	case core.KindTooMany, core.KindBusy:
		return core.T("请稍等", "Please wait")
	}
	return core.T("系统出错了", "Something went wrong")
}

// cameFrom is the page of ours that led here, "" when it is unknown or this very page.
func cameFrom(h *http.Request) string {
	u, err := url.Parse(h.Referer())
	if err != nil || u.Host != h.Host || u.Path == "" || u.RequestURI() == h.URL.RequestURI() && h.Method == http.MethodGet {
		return ""
	}
	return u.RequestURI()
}

// problem is RFC 9457, with the clause.
type problem struct {
	Type    string         `json:"type"`
	Title   string         `json:"title"`
	Status  int            `json:"status"`
	Detail  string         `json:"detail"`
	Clause  string         `json:"clause,omitempty"`
	Errors  []problemField `json:"errors,omitempty"`
	Request string         `json:"request_id,omitempty"`
}

type problemField struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (s *Server) sendProblem(ctx context.Context, w http.ResponseWriter, e *core.Err, code int) {
	p := problem{Type: "about:blank", Title: http.StatusText(code), Status: code, Detail: e.Text.Say(ctx), Clause: e.Clause, Request: core.RequestID(ctx)}
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, problemField{f.Name, f.Text.Say(ctx)})
	}
	b, _ := json.Marshal(p)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	_, _ = w.Write(b)
}

// log writes our own errors with their cause; the users' are part of a day's work.
func (s *Server) log(ctx context.Context, r *Request, err error) {
	var e *core.Err
	if errors.As(err, &e) && e.Kind != core.KindInternal {
		s.cfg.Log.DebugContext(ctx, "refused", "id", core.RequestID(ctx), "route", r.Route.Pattern, "err", err)
		return
	}
	if errors.Is(err, context.Canceled) {
		return
	}
	s.cfg.Log.ErrorContext(ctx, "failed", "id", core.RequestID(ctx), "route", r.Route.Pattern, "err", err)
}
