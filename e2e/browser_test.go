// Package e2e drives the story of a building's day in Chromium: at desktop and phone width, in both languages, with axe
// looking for what somebody could not read or reach, and every report of the content security policy an error.
package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"huiyin/core"
	"huiyin/testkit"
)

//go:embed axe/axe.min.js
var axe string

// Width of a page: a desk's screen or a phone.
type Width struct {
	Name          string
	Width, Height int64
	Mobile        bool
}

var (
	desk  = Width{"desk", 1440, 980, false}
	phone = Width{"phone", 390, 844, true}
)

// Tab is one tab of one person's browser.
type Tab struct {
	*testing.T
	ctx  context.Context
	base string
	kit  *testkit.Kit
	lang core.Lang

	width Width
	quiet func() // ends what answers began

	mu      sync.Mutex
	trouble []string
}

// site serves a kit's App on loopback.
func site(k *testkit.Kit) string {
	srv := httptest.NewServer(k.App)
	k.Cleanup(srv.Close)
	return srv.URL
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("the browser tests need Chromium; `make test` installs Debian's package when it runs as root")
	return ""
}

// browser starts a Chromium of its own: each person has one, with cookies of their own.
func browser(t *testing.T) context.Context {
	t.Helper()
	profile, err := os.MkdirTemp("", "huiyin-chromium-") // not t.TempDir: Chromium's last processes may still write when the test ends
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("no-first-run", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("accept-lang", "zh-CN"), chromedp.Flag("lang", "zh-CN"),
		chromedp.UserDataDir(profile), chromedp.WSURLReadTimeout(90*time.Second))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	return ctx
}

// tab is somebody's browser at a width.
func tab(k *testkit.Kit, base string, w Width) *Tab {
	k.Helper()
	b := &Tab{T: k.T, ctx: browser(k.T), base: base, kit: k, lang: core.ZH, width: w}
	chromedp.ListenTarget(b.ctx, b.listen)
	b.run(cdplog.Enable(), runtime.Enable(), emulation.SetDeviceMetricsOverride(w.Width, w.Height, 1, w.Mobile), emulation.SetTouchEmulationEnabled(w.Mobile))
	k.Cleanup(b.calm)
	return b
}

// listen keeps what the browser complains about: scripts, the content security policy, failed files.
func (b *Tab) listen(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.LevelError && !strings.Contains(e.Entry.Text, "status of 4") {
			b.trouble = append(b.trouble, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, e.ExceptionDetails.Error())
	}
}

func (b *Tab) calm() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range b.trouble {
		b.Errorf("the browser complains: %s", t)
	}
}

func (b *Tab) run(actions ...chromedp.Action) {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, time.Minute) // axe on a long page, on a busy machine
	defer stop()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.shot("failed-" + strings.ReplaceAll(b.Name(), "/", "-"))
		var where, text string
		_ = chromedp.Run(b.ctx, chromedp.Location(&where), chromedp.Text("body", &text, chromedp.ByQuery))
		b.Fatalf("%v at %s\n%.1500s", err, where, text)
	}
}

// SignIn signs in as the user of a role, by typing.
func (b *Tab) SignIn(r core.Role) *Tab {
	b.Helper()
	b.Open("/sign-in")
	b.Type("login", string(r))
	b.Type("password", testkit.Password)
	b.Press("main form button[type=submit], main form button:not([type])")
	if b.lang != core.ZH {
		b.Language(b.lang)
	}
	return b
}

// Open goes to a path; one without a leading slash is under the test's project.
func (b *Tab) Open(path string) {
	b.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/p/" + b.kit.Project.Code + "/" + path
	}
	b.run(chromedp.Navigate(b.base+path), chromedp.WaitReady("body"))
}

// Type puts text into the field of that name, key by key.
func (b *Tab) Type(name, text string) {
	b.Helper()
	field := fmt.Sprintf("main [name=%q]", name)
	b.run(chromedp.WaitReady(field, chromedp.ByQuery), chromedp.Evaluate(fmt.Sprintf("(() => { const el = document.querySelector(%q); el.value = ''; el.focus(); })()", field), nil),
		chromedp.SendKeys(field, text, chromedp.ByQuery))
}

// Choose picks a value of a select, or the radio button of that value.
func (b *Tab) Choose(name, value string) {
	b.Helper()
	b.run(chromedp.Evaluate(fmt.Sprintf(`(() => {
		const radio = document.querySelector('main input[type=radio][name=%[1]q][value=%[2]q]');
		if (radio) { radio.click(); return; }
		const el = document.querySelector('main [name=%[1]q]');
		el.value = %[2]q;
		el.dispatchEvent(new Event('change', {bubbles: true}));
	})()`, name, value), nil))
}

// Press clicks what the selector finds and waits for the page that follows.
func (b *Tab) Press(selector string) {
	b.Helper()
	b.run(chromedp.WaitReady(selector, chromedp.ByQuery))
	b.click(fmt.Sprintf("document.querySelector(%q)", selector), selector)
}

// PressText clicks the first link or button that says exactly this, and waits for the page that follows. One that is folded
// away is opened first, as a person would.
func (b *Tab) PressText(label core.Text) {
	b.Helper()
	text := label.In(b.lang)
	b.click(fmt.Sprintf("[...document.querySelectorAll('main button, main a')].find((e) => e.textContent.trim() === %q && e.offsetParent !== null)", text), text)
}

// click presses one element as a finger does: in the middle of where it is seen. What follows is a new page, which lacks
// the mark that is left on the old one, or a part that htmx brought.
func (b *Tab) click(find, name string) {
	b.Helper()
	b.unfold(find)
	var at []float64
	b.run(chromedp.Evaluate(fmt.Sprintf(`(() => {
		const el = %s;
		if (!el) return [];
		el.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = el.getBoundingClientRect();
		window.pressed = true;
		window.settled = false;
		document.addEventListener('htmx:afterSettle', () => { window.settled = true; }, {once: true});
		return [r.left + r.width / 2, r.top + r.height / 2];
	})()`, find), &at))
	if len(at) != 2 {
		b.shot("failed-" + strings.ReplaceAll(b.Name(), "/", "-"))
		b.Fatalf("nothing to press is %q on %s\n%.1500s", name, b.Where(), b.Text("body"))
	}
	b.run(chromedp.MouseClickXY(at[0], at[1]))
	for range 60 {
		var followed bool
		err := chromedp.Run(b.ctx, chromedp.Evaluate(`(!window.pressed || window.settled) && document.readyState === 'complete'`, &followed))
		if err == nil && followed { // an error: the old page is just being left
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// unfold opens the folds that hide an element, outermost first, each by a press on its summary.
func (b *Tab) unfold(find string) {
	b.Helper()
	for {
		var at []float64
		b.run(chromedp.Evaluate(fmt.Sprintf(`(() => {
			const el = %s;
			let shut = null;
			for (let d = el; d; d = d.parentElement) if (d.matches('details:not([open])') && !d.querySelector(':scope > summary').contains(el)) shut = d;
			if (!shut) return [];
			window.shut = shut;
			const s = shut.querySelector(':scope > summary');
			s.scrollIntoView({block: 'center', behavior: 'instant'});
			const r = s.getBoundingClientRect();
			return [r.left + r.width / 2, r.top + r.height / 2];
		})()`, find), &at))
		if len(at) != 2 {
			return
		}
		b.run(chromedp.MouseClickXY(at[0], at[1]), chromedp.Poll(`window.shut.open`, nil, chromedp.WithPollingTimeout(10*time.Second)))
	}
}

// Where is the path the tab is at.
func (b *Tab) Where() string {
	b.Helper()
	var u string
	b.run(chromedp.Location(&u))
	return strings.TrimPrefix(u, b.base)
}

// Text is the visible text of what the selector finds.
func (b *Tab) Text(selector string) string {
	b.Helper()
	var text string
	b.run(chromedp.Evaluate(fmt.Sprintf(`(document.querySelector(%q) || {innerText: ''}).innerText`, selector), &text))
	return text
}

// Sees ends the test unless the page shows the text within half a minute: an import takes its time on a busy machine.
func (b *Tab) Sees(texts ...string) {
	b.Helper()
	for _, text := range texts {
		have := ""
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
			if have = b.Text("body"); strings.Contains(have, text) {
				break
			}
		}
		if !strings.Contains(have, text) {
			b.shot("failed-" + strings.ReplaceAll(b.Name(), "/", "-"))
			b.Fatalf("%s does not show %q:\n%.2500s", b.Where(), text, have)
		}
	}
}

// Reads is Sees for words that the page says in the tab's language.
func (b *Tab) Reads(texts ...core.Text) {
	b.Helper()
	for _, text := range texts {
		b.Sees(text.In(b.lang))
	}
}

// Looks checks the page with axe, sees that nothing runs out of the window sideways, and keeps a picture.
func (b *Tab) Looks(name string) {
	b.Helper()
	b.accessible(name)
	var wide int64 // against the device's width: a phone's window grows with what runs out of it
	if b.run(chromedp.Evaluate(`document.documentElement.scrollWidth`, &wide)); wide > b.width.Width {
		b.Errorf("%s runs out of the window sideways: %d of %d pixels", name, wide, b.width.Width)
	}
	b.shot(name)
}

type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target []any
		HTML   string
	}
}

func (b *Tab) accessible(name string) {
	b.Helper()
	var raw string
	b.run(chromedp.Evaluate(axe, nil), chromedp.Evaluate(`axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then((r) => JSON.stringify(r.violations))`,
		&raw, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	var vs []violation
	if err := json.Unmarshal([]byte(raw), &vs); err != nil {
		b.Fatalf("axe said %.200q: %v", raw, err)
	}
	for _, v := range vs {
		if v.Impact == "serious" || v.Impact == "critical" {
			b.Errorf("%s: axe %s (%s): %s; %v %.200s", name, v.ID, v.Impact, v.Help, v.Nodes[0].Target, v.Nodes[0].HTML)
		}
	}
}

// shot keeps a picture: under docs/screens when HUIYIN_SCREENS is set, in the test's own folder otherwise.
func (b *Tab) shot(name string) {
	b.Helper()
	dir := os.Getenv("HUIYIN_SHOTS")
	if os.Getenv("HUIYIN_SCREENS") != "" && !strings.HasPrefix(name, "failed-") {
		dir = filepath.Join("..", "docs", "screens")
	}
	if dir == "" {
		return
	}
	var picture []byte
	err := chromedp.Run(b.ctx, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		picture, err = page.CaptureScreenshot().WithFormat(page.CaptureScreenshotFormatPng).Do(ctx)
		return err
	}))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.Logf("no picture of %s: %v", name, err)
	}
}

// Upload puts a file of this machine into a file field.
func (b *Tab) Upload(name, path string) {
	b.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		b.Fatal(err)
	}
	b.run(chromedp.SetUploadFiles(fmt.Sprintf("main input[type=file][name=%q]", name), []string{abs}, chromedp.ByQuery))
}

// Shows waits until something that the selector finds is there: a part that htmx brings.
func (b *Tab) Shows(selector string) {
	b.Helper()
	b.run(chromedp.WaitReady(selector, chromedp.ByQuery))
}

// Tick sets a checkbox, or clicks the first element that the selector finds, wherever it is.
func (b *Tab) Tick(selector string) {
	b.Helper()
	b.run(chromedp.WaitReady(selector, chromedp.ByQuery), chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).click()`, selector), nil))
}

// Signs scribbles on the page's signature pad.
func (b *Tab) Signs() {
	b.Helper()
	var at []float64
	b.run(chromedp.WaitReady("canvas", chromedp.ByQuery), chromedp.Evaluate(`(() => {
		const c = document.querySelector('canvas');
		c.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = c.getBoundingClientRect();
		return [r.left, r.top];
	})()`, &at))
	mouse := func(kind input.MouseType, x, y float64) chromedp.Action {
		return input.DispatchMouseEvent(kind, at[0]+x, at[1]+y).WithButton(input.Left).WithButtons(1).WithClickCount(1)
	}
	line := []chromedp.Action{mouse(input.MousePressed, 20, 40)}
	for i := range 24 {
		line = append(line, mouse(input.MouseMoved, 20+float64(i)*6, 40+20*math.Sin(float64(i)/2)))
	}
	b.run(append(line, mouse(input.MouseReleased, 160, 40))...)
	var kept bool
	if b.run(chromedp.Evaluate(`document.querySelector('[data-sign] [type=hidden]').value.startsWith('data:image/png')`, &kept)); !kept {
		b.Fatal("the pad did not keep the signature")
	}
}

// Language switches the language as the user menu does.
func (b *Tab) Language(l core.Lang) {
	b.Helper()
	b.lang = l
	b.run(chromedp.Evaluate(fmt.Sprintf(`fetch('/language', {method: 'POST', headers: {'Content-Type': 'application/x-www-form-urlencoded'}, body: 'lang=%s&back=/'}).then((r) => r.status)`, l), nil,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
}
