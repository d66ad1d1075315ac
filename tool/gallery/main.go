// Command gallery serves every part of web/ui with sample data, under the same CSP as the product, to look at and to
// photograph: go run ./tool/gallery -addr localhost:8099. Add ?lang=en for English.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"huiyin/core"
	"huiyin/web/ui"

	"github.com/a-h/templ"
)

const csp = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'"

func main() {
	addr := flag.String("addr", "localhost:8099", "where to listen")
	static := flag.String("static", "web/static", "folder of the static files")
	flag.Parse()
	log.Fatal(http.ListenAndServe(*addr, handler(*static)))
}

// page makes a shell and a body; bare pages have no rail.
type page struct {
	shell func() ui.Shell
	body  func(context.Context) templ.Component
	bare  bool
}

func pages() map[string]page {
	return map[string]page{
		"/":       {deskShell("/", core.T("各部件", "Parts")), parts, false},
		"/repair": {deskShell("/repair", core.T("维修单", "Repair")), repair, false},
		"/board":  {deskShell("/board", core.T("制度执行", "Compliance")), board, false},
		"/stack":  {deskShell("/stack", core.T("房态图", "Stacking plan")), stack, false},
		"/form":   {deskShell("/form", core.T("表单", "Form")), form, false},
		"/phone":  {phoneShell, phone, true},
		"/signin": {signinShell, signin, true},
	}
}

func handler(static string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServer(http.Dir(static))))
	for path, p := range pages() {
		pattern := path
		if path == "/" {
			pattern = "/{$}"
		}
		mux.HandleFunc("GET "+pattern, p.serve)
	}
	mux.HandleFunc("GET /card/{unit}", func(w http.ResponseWriter, r *http.Request) {
		render(w, r, unitCard(r.PathValue("unit")))
	})
	mux.HandleFunc("GET /lookup", func(w http.ResponseWriter, r *http.Request) {
		render(w, r, ui.Options([]ui.Option{{Value: "1", Label: "深圳市华达科技有限公司", Note: "A1203"},
			{Value: "2", Label: "广州金润置业有限公司", Note: r.FormValue("q")}}))
	})
	mux.HandleFunc("GET /live", live)
	mux.HandleFunc("GET /narrow", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!doctype html><iframe title="390" width="390" height="844" src=%q></iframe>`, r.FormValue("of"))
	})
	return mux
}

// live announces the topic "clock" every few seconds, to see parts fetch themselves again.
func live(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for r.Context().Err() == nil {
		fmt.Fprint(w, "event: clock\ndata: 1\n\n")
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(3 * time.Second):
		}
	}
}

func (p page) serve(w http.ResponseWriter, r *http.Request) {
	ctx := language(r)
	if p.bare {
		render(w, r, ui.Bare(p.shell(), p.body(ctx)))
		return
	}
	render(w, r, ui.Page(p.shell(), p.body(ctx)))
}

func language(r *http.Request) context.Context {
	ctx := core.WithClock(r.Context(), sampleNow)
	if r.FormValue("lang") == "en" {
		return core.WithLang(ctx, core.EN)
	}
	return ctx
}

func render(w http.ResponseWriter, r *http.Request, c templ.Component) {
	w.Header().Set("Content-Security-Policy", csp)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := c.Render(language(r), w); err != nil {
		log.Print(err)
	}
}
