package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed static
var static embed.FS

// assets serves the embedded files under names that carry their hash, so that a browser keeps them for a year and
// still gets a new one at once.
type assets struct {
	mu    sync.Mutex
	names map[string]string // "app.css" → "/static/app.1f2e3d.css"
	files map[string]*asset // by served path
}

type asset struct {
	name string
	kind string
	once sync.Once
	body []byte
	gz   []byte
}

func newAssets() *assets {
	return &assets{names: map[string]string{}, files: map[string]*asset{}}
}

// url is the address of a file under static/; an unknown name shows up as a 404 in the browser test.
func (a *assets) url(name string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u, ok := a.names[name]; ok {
		return u
	}
	b, err := static.ReadFile("static/" + name)
	if err != nil {
		return "/static/" + name
	}
	sum := sha256.Sum256(b)
	ext := path.Ext(name)
	u := "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	a.names[name] = u
	a.files[u] = &asset{name: name, kind: mime.TypeByExtension(ext), body: b}
	return u
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	a.learn()
	a.mu.Lock()
	f := a.files[r.URL.Path]
	a.mu.Unlock()
	if f == nil {
		http.NotFound(w, r)
		return
	}
	f.once.Do(f.compress)
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.body
	if len(f.gz) < len(f.body) && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.gz
	}
	_, _ = w.Write(body)
}

// learn names every file once, for a browser that asks after a restart.
func (a *assets) learn() {
	a.mu.Lock()
	done := len(a.files) > 0 && a.names[""] != ""
	a.mu.Unlock()
	if done {
		return
	}
	_ = fs.WalkDir(static, "static", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			a.url(strings.TrimPrefix(p, "static/"))
		}
		return err
	})
	a.mu.Lock()
	a.names[""] = "all"
	a.mu.Unlock()
}

func (f *asset) compress() {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = z.Write(f.body)
	_ = z.Close()
	f.gz = b.Bytes()
}

var gzips = sync.Pool{New: func() any { z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed); return z }}

// compress zips pages and JSON; files and live streams go as they are.
func compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || strings.HasPrefix(r.URL.Path, "/static/") {
			next.ServeHTTP(w, r)
			return
		}
		z := &zipped{ResponseWriter: w}
		defer z.close()
		next.ServeHTTP(z, r)
	})
}

type zipped struct {
	http.ResponseWriter
	gz     *gzip.Writer
	headed bool
}

func (z *zipped) WriteHeader(code int) {
	z.headed = true
	kind := z.Header().Get("Content-Type")
	if (strings.HasPrefix(kind, "text/html") || strings.Contains(kind, "json") || strings.HasPrefix(kind, "text/plain")) &&
		code != http.StatusNoContent && z.Header().Get("Content-Encoding") == "" {
		z.Header().Set("Content-Encoding", "gzip")
		z.Header().Add("Vary", "Accept-Encoding")
		z.Header().Del("Content-Length")
		z.gz = gzips.Get().(*gzip.Writer)
		z.gz.Reset(z.ResponseWriter)
	}
	z.ResponseWriter.WriteHeader(code)
}

func (z *zipped) Write(b []byte) (int, error) {
	if !z.headed {
		z.WriteHeader(http.StatusOK)
	}
	if z.gz != nil {
		return z.gz.Write(b)
	}
	return z.ResponseWriter.Write(b)
}

func (z *zipped) close() {
	if z.gz != nil {
		_ = z.gz.Close()
		gzips.Put(z.gz)
	}
}

// Unwrap lets http.ResponseController flush a live stream.
func (z *zipped) Unwrap() http.ResponseWriter { return z.ResponseWriter }
