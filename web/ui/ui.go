// Package ui is how Huiyin looks: the shell, the parts and the forms, as templ components over plain values.
//
// It knows neither SQL nor rights nor the package web: a page decides what may be seen and done, ui draws it. Labels and
// sentences are core.Text and are said in the request's language; data (names, numbers, addresses) are strings. An empty
// string or a zero Text leaves a part out. The CSP is strict, so nothing here writes a script or a style attribute: state
// is a class, a proportion is an SVG attribute, and what moves is in static/app.js.
package ui

import (
	"context"
	"strings"
	"time"

	"huiyin/core"

	"github.com/a-h/templ"
)

// Tone is what a state means to the reader; it picks the colour that goes with the words, never instead of them.
type Tone string

// The tones.
const (
	None Tone = "none" // not begun, not applicable
	Run  Tone = "run"  // under way
	OK   Tone = "ok"   // done, in time
	Warn Tone = "warn" // soon due, needs care
	Late Tone = "late" // overdue, urgent, refused
)

// Names of the hidden inputs that every form carries.
const (
	VersionName = "_version" // the row's version when the form was drawn (409 on mismatch)
	IdemName    = "_idem"    // the key that makes a second submit harmless
)

// Plain makes a Text of a word that is the same in both languages: a name, a number.
func Plain(s string) core.Text { return core.Text{ZH: s, EN: s} }

type assetsKey struct{}

// WithAssets sets how an asset's name becomes its address (hashed file names, a CDN path).
func WithAssets(ctx context.Context, url func(name string) string) context.Context {
	return context.WithValue(ctx, assetsKey{}, url)
}

// Asset is the address of a static file: by WithAssets, or "/static/" and the name.
func Asset(ctx context.Context, name string) string {
	if url, ok := ctx.Value(assetsKey{}).(func(string) string); ok {
		return url(name)
	}
	return "/static/" + name
}

// Shell is everything around a page's own content.
type Shell struct {
	Title    core.Text
	Brand    core.Text // 回音 / Huiyin; the firm's own name where it has one
	Lang     core.Lang // the language of the page; empty: the request's
	Project  *ProjectItem
	Projects []ProjectItem
	Nav      []NavGroup
	User     User
	Todo     int64 // open duties of this user; always in sight
	Late     bool  // at least one of them is overdue
	LiveURL  string
	Flash    string // what has just been done, said once
	Demo     bool   // the database holds demonstration data
	Narrow   bool   // the page is a form or a text: keep its lines short
	Now      time.Time
	Here     string // path and query of this page, to come back to after switching the language
	Links    Links
	Status   templ.Component // right end of the header of a Bare page (offline, pieces to send)
}

// Links are the addresses the shell points to; empty ones take the default.
type Links struct {
	Home     string // "/"
	Search   string // GET with q; "/search"
	Todo     string // "/todo"
	TodoLive string // fragment holding TodoBadge, fetched again on the live topic "todo"; none by default
	Settings string // "/me"
	SignOut  string // POST; "/sign-out"
	Language string // POST with lang and back; "/language"
	Manifest string // of a page that may be installed on a phone; none by default
}

// ProjectItem is one project in the switcher.
type ProjectItem struct {
	Code, Name, Href string
	On               bool
}

// NavGroup is a wing of the left rail.
type NavGroup struct {
	Label core.Text
	Items []NavItem
}

// NavItem is one entry of the rail. Count is text, as "41/60". Main entries are also in the bottom bar of a phone, four at most.
type NavItem struct {
	Label core.Text
	Href  string
	Icon  string
	Count string
	On    bool
	Main  bool
	Sub   bool // belongs to the entry above it
}

// User is who is signed in.
type User struct {
	Name string
	Role core.Text
}

// Link is a labelled address.
type Link struct {
	Label core.Text
	Href  string
}

func (s Shell) lang(ctx context.Context) core.Lang {
	if s.Lang != "" {
		return s.Lang
	}
	return core.LangOf(ctx)
}

func (s Shell) now(ctx context.Context) time.Time {
	if s.Now.IsZero() {
		return core.Now(ctx)
	}
	return s.Now
}

// tabTitle is what the browser's tab and history say.
func (s Shell) tabTitle(ctx context.Context) string {
	parts := []string{}
	for _, p := range []string{s.Title.Say(ctx), s.projectName(), s.Brand.Say(ctx)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " · ")
}

func (s Shell) projectName() string {
	if s.Project == nil {
		return ""
	}
	return s.Project.Name
}

// mainNav picks the phone's bottom bar: entries marked Main, or the first four.
func (s Shell) mainNav() []NavItem {
	var main, all []NavItem
	for _, g := range s.Nav {
		for _, n := range g.Items {
			all = append(all, n)
			if n.Main {
				main = append(main, n)
			}
		}
	}
	if len(main) == 0 {
		main = all
	}
	return main[:min(4, len(main))]
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// htmlLang is the lang attribute of a language.
func htmlLang(l core.Lang) string {
	if l == core.EN {
		return "en"
	}
	return "zh-CN"
}

// htmxConfig keeps htmx within the CSP (no inline style, no eval), keeps personal data out of the browser's storage, and
// lets a 422 show its form again.
const htmxConfig = `{"includeIndicatorStyles":false,"allowEval":false,"historyCacheSize":0,"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"422|409|403","swap":true},{"code":"[45]..","swap":false,"error":true}]}`
