package web

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"huiyin/core"
	"huiyin/file"
	"huiyin/i18n"
)

// Limits of a body: forms and JSON are typed by hand; uploads are photos and workbooks.
const (
	maxForm    = 2 << 20
	maxFile    = 40 << 20
	maxUpload  = 120 << 20
	maxParts   = 2000
	maxValues  = 4 << 20 // what is typed in one multipart form, all fields together: held in memory, unlike its files
	maxKeySize = 200
	drainTime  = 10 * time.Second
)

func tooLarge(limit int64) error {
	return &core.Err{Kind: core.KindTooLarge, Text: core.T("内容太大,最多 %d MB", "That is too large; at most %d MB", limit>>20)}
}

// bind reads the body whole, before any transaction opens. The cleanup removes what was spooled.
func (s *Server) bind(w http.ResponseWriter, r *Request) (cleanup func(), err error) {
	cleanup = func() {}
	h := r.HTTP
	if h.Method == http.MethodGet || h.Method == http.MethodHead {
		return cleanup, nil
	}
	kind, params, _ := mime.ParseMediaType(h.Header.Get("Content-Type"))
	limit := int64(maxForm)
	if kind == "multipart/form-data" && r.Route.Perm != Public { // a stranger's photos need a route that says how large they may be
		limit = maxUpload
	}
	if r.Route.MaxBody > 0 {
		limit = r.Route.MaxBody
	}
	whole := h.Body
	h.Body = http.MaxBytesReader(w, whole, limit)
	defer func() {
		if err != nil {
			drain(w, whole)
		}
	}()
	switch {
	case r.API() && (kind == "application/json" || kind == "" || kind == "application/problem+json"):
		return cleanup, bodyErr(s.bindJSON(r), limit)
	case kind == "multipart/form-data":
		cleanup, err = s.bindMultipart(r, params["boundary"])
		return cleanup, bodyErr(err, limit)
	case kind == "application/x-www-form-urlencoded" || kind == "":
		return cleanup, bodyErr(bindForm(r), limit)
	}
	return cleanup, &core.Err{Kind: core.KindInvalid, Text: core.T("不接受 %q 类型的请求", "A body of type %q is not accepted", kind)}
}

// drain takes what is left of a refused body off the connection, so that the sender reads why it was refused instead of
// finding the connection cut; not for ever, and not without end.
func drain(w http.ResponseWriter, body io.Reader) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(drainTime)) // where it cannot be set, the size alone bounds it
	_, _ = io.Copy(io.Discard, io.LimitReader(body, 2*maxUpload))
	_ = control.SetReadDeadline(time.Time{})
}

func bodyErr(err error, limit int64) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return tooLarge(limit)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, multipart.ErrMessageTooLarge) {
		return core.Invalid("", "请求不完整,请重新提交", "The request was cut short; please submit again")
	}
	return err
}

func bindForm(r *Request) error {
	b, err := io.ReadAll(r.HTTP.Body)
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(string(b))
	if err != nil {
		return core.Invalid("", "表单内容无法识别", "The form cannot be read")
	}
	r.Input.Values = values
	return nil
}

func (s *Server) bindJSON(r *Request) error {
	b, err := io.ReadAll(r.HTTP.Body)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return nil
	}
	r.Input, err = core.InputOfJSON(b, r.Route.Specs)
	return err
}

func (s *Server) bindMultipart(r *Request, boundary string) (cleanup func(), err error) {
	var undo []func()
	cleanup = func() {
		for _, f := range undo {
			f()
		}
	}
	r.Input = core.Input{Values: map[string][]string{}, Files: map[string][]core.Upload{}}
	mr, left := multipart.NewReader(r.HTTP.Body, boundary), int64(maxValues)
	for n := 0; ; n++ {
		part, err := mr.NextPart()
		if err == io.EOF {
			return cleanup, nil
		}
		if err != nil {
			return cleanup, multipartErr(err)
		}
		if n >= maxParts || len(part.FormName()) > maxKeySize {
			return cleanup, core.Invalid("", "表单的字段太多", "The form has too many fields")
		}
		drop, err := s.bindPart(r, part, &left)
		if drop != nil {
			undo = append(undo, drop)
		}
		if err != nil {
			return cleanup, err
		}
	}
}

func multipartErr(err error) error {
	var big *http.MaxBytesError
	if errors.As(err, &big) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return core.Invalid("", "上传的内容不完整或无法识别", "The upload is incomplete or cannot be read")
}

// bindPart reads one part: a file to the disk, a value into memory as long as there is room left for values.
func (s *Server) bindPart(r *Request, part *multipart.Part, left *int64) (drop func(), err error) {
	name := part.FormName()
	if part.FileName() == "" && part.Header.Get("Content-Type") == "" {
		limit := min(*left, maxForm)
		b, err := io.ReadAll(io.LimitReader(part, limit+1))
		if int64(len(b)) > limit {
			return nil, tooLarge(maxForm)
		}
		*left -= int64(len(b) + len(name))
		if *left < 0 {
			return nil, tooLarge(maxValues)
		}
		r.Input.Values[name] = append(r.Input.Values[name], string(b))
		return nil, err
	}
	if part.FileName() == "" {
		return nil, nil // an empty file input
	}
	up, drop, err := file.Spool(r.HTTP.Context(), s.cfg.SpoolDir, part, part.FileName(), s.cfg.MaxFile)
	if err != nil {
		return drop, fieldErr(name, err)
	}
	if up.Size > 0 {
		r.Input.Files[name] = append(r.Input.Files[name], up)
	}
	return drop, nil
}

// fieldErr puts the file's own complaint at its field.
func fieldErr(name string, err error) error {
	var e *core.Err
	if errors.As(err, &e) && e.Kind == core.KindInvalid {
		return &core.Err{Kind: e.Kind, Text: e.Text, Fields: []core.FieldErr{{Name: name, Text: e.Text}}}
	}
	return err
}

// langOf is the language of a request without a session: the cookie's, else the browser's.
func langOf(h *http.Request) core.Lang {
	chosen := ""
	if c, err := h.Cookie(langCookie); err == nil {
		chosen = c.Value
	}
	return i18n.Negotiate(chosen, h.Header.Get("Accept-Language"))
}

const (
	langCookie    = "huiyin_lang"
	flashCookie   = "huiyin_flash"
	projectCookie = "huiyin_project"
)

func (s *Server) base(h *http.Request) context.Context {
	ctx := core.WithLang(h.Context(), langOf(h))
	if s.cfg.Base != nil {
		ctx = s.cfg.Base(ctx)
	}
	return ctx
}
