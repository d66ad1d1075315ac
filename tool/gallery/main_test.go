package main

import (
	"context"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts chromium on the gallery and collects what it complains about: CSP reports, missing files, exceptions.
func browser(t *testing.T) (ctx context.Context, base string, complaints func() []string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium on this machine")
	}
	srv := httptest.NewServer(handler("../../web/static"))
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() }) // the live connection never ends by itself
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true))
	alloc, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	ctx, end := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(func() { end(); cancel(); stop() })
	var mu sync.Mutex
	var seen []string
	chromedp.ListenTarget(ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch ev := ev.(type) {
		case *cdplog.EventEntryAdded:
			if !strings.Contains(ev.Entry.URL, "sample.jpg") {
				seen = append(seen, ev.Entry.Text+" "+ev.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			seen = append(seen, ev.ExceptionDetails.Error())
		}
	})
	return ctx, srv.URL, func() []string { mu.Lock(); defer mu.Unlock(); return seen }
}

// TestPagesKeepTheCSP opens every page at a desk's and a phone's width in both languages: no complaint of the browser, and
// nothing wider than the window.
func TestPagesKeepTheCSP(t *testing.T) {
	ctx, base, complaints := browser(t)
	for path := range pages() {
		for _, width := range []int64{1440, 390} {
			for _, lang := range []string{"zh", "en"} {
				var wide int
				err := chromedp.Run(ctx, emulation.SetDeviceMetricsOverride(width, 844, 1, width < 800), chromedp.Navigate(base+path+"?lang="+lang),
					chromedp.Sleep(150*time.Millisecond), chromedp.Evaluate(`document.documentElement.scrollWidth - innerWidth`, &wide))
				if err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if wide > 0 {
					t.Errorf("%s (%s) at %d px: %d px too wide", path, lang, width, wide)
				}
			}
		}
	}
	for _, c := range complaints() {
		t.Error(c)
	}
}

// run evaluates steps on a page and compares the last one's value.
func run(t *testing.T, ctx context.Context, url, want string, script string, before ...chromedp.Action) {
	t.Helper()
	var got string
	steps := append([]chromedp.Action{chromedp.Navigate(url), chromedp.WaitReady("#main")}, before...)
	steps = append(steps, chromedp.Sleep(300*time.Millisecond), chromedp.Evaluate(script, &got))
	if err := chromedp.Run(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	if got != want {
		t.Errorf("%s: %q, want %q", script, got, want)
	}
}

func TestScripts(t *testing.T) {
	ctx, base, complaints := browser(t)
	wait := chromedp.Sleep(200 * time.Millisecond)
	run(t, ctx, base+"/repair", "q", `document.activeElement.name`, chromedp.KeyEvent("/"))
	run(t, ctx, base+"/repair", "reassign", `document.querySelector("dialog[open]")?.id ?? ""`, chromedp.Click(`[data-open=reassign]`))
	run(t, ctx, base+"/repair", "", `document.querySelector("dialog[open]")?.id ?? ""`, chromedp.Click(`[data-open=reassign]`), chromedp.Click(`dialog [data-close]`))
	run(t, ctx, base+"/repair?lang=en", "true", `String(/^6:[34]\d left$/.test(document.querySelector(".pill[data-due]").textContent))`,
		chromedp.Poll(`document.querySelector(".pill[data-due]").textContent !== "6:42 left"`, nil, chromedp.WithPollingTimeout(5*time.Second)))
	run(t, ctx, base+"/form", "lines.1.count true", `(() => { const e = document.querySelector('[name="lines.1.count"]'); return e.name + " " + !!document.querySelector('label[for="' + e.id + '"]'); })()`, chromedp.Click(`[data-row-add]`))
	run(t, ctx, base+"/form", "0", `String(document.querySelectorAll("[data-rows] tbody tr").length)`, chromedp.Click(`[data-row-drop]`))
	run(t, ctx, base+"/form", "data:image/png", `document.querySelector('[name=signature]').value.slice(0, 14)`, wait, chromedp.SendKeys(`#f-signature-typed`, "陈静"))
	run(t, ctx, base+"/form", "1 深圳市华达科技有限公司", `document.querySelector("[name=customer]").value + " " + document.querySelector("#f-customer").value`,
		chromedp.SendKeys(`#f-customer`, "hd"), chromedp.WaitVisible(`[role=option]`),
		input.DispatchKeyEvent(input.KeyRawDown).WithKey("Enter"))
	run(t, ctx, base+"/form", "f-phone", `document.activeElement.id`)
	run(t, ctx, base+"/stack", "A2602", `document.querySelector("#unit h2").textContent`, chromedp.Focus(`.plan a`), chromedp.KeyEvent("\u0304"), chromedp.KeyEvent("\u0303"), chromedp.Click(`.plan a:nth-child(2)`))
	run(t, ctx, base+"/", "CANVAS", `document.querySelector(".canvas canvas")?.tagName ?? ""`, chromedp.Sleep(700*time.Millisecond))
	run(t, ctx, base+"/form", "false true", `(() => {
		const send = () => { const e = new SubmitEvent("submit", { cancelable: true, bubbles: true }); document.querySelector("form[data-guard]").dispatchEvent(e); return e.defaultPrevented; };
		return send() + " " + send(); })()`)
	for _, c := range complaints() {
		t.Error(c)
	}
}
