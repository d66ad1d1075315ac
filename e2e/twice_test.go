package e2e

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/testkit"
)

// TestFormIsSentOnce: a double click takes one matter down, and who comes back to the sent form by the back button is
// asked before it goes off again.
func TestFormIsSentOnce(t *testing.T) {
	t.Parallel()
	for _, e := range dbtest.Engines() {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			k := testkit.New(t, e)
			clerk := storyTab(k, site(k), desk)
			asked := clerk.answers(false)
			clerk.SignIn(core.Desk)
			clerk.Open("desk/new")
			clerk.Choose("kind", "enquiry")
			clerk.Type("content", "停车场几点关门")
			clerk.double("main form .submit button")
			clerk.Sees("停车场几点关门")
			matters(k, 1)

			clerk.run(chromedp.NavigateBack(), chromedp.WaitReady("main form .submit button", chromedp.ByQuery))
			clerk.Choose("kind", "enquiry")
			clerk.Type("content", "停车场几点关门")
			clerk.Press("main form .submit button")
			if n := asked.Load(); n != 1 {
				t.Errorf("coming back to a sent form, the clerk was asked %d times", n)
			}
			matters(k, 1)
			clerk.answers(true)
			clerk.Press("main form .submit button")
			clerk.Sees("停车场几点关门")
			matters(k, 2)
		})
	}
}

func matters(k *testkit.Kit, want int64) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		n, err := db.Value[int64](ctx, tx, "select count(*) from desk_matter where project_id = $1", k.Project.ID)
		if n != want {
			k.Errorf("there are %d matters; want %d", n, want)
		}
		return err
	})
}

// answers has the browser's own questions answered from now on, and counts them.
func (b *Tab) answers(yes bool) *atomic.Int64 {
	asked := new(atomic.Int64)
	ctx, stop := context.WithCancel(b.ctx)
	if b.quiet != nil {
		b.quiet()
	}
	b.quiet = stop
	chromedp.ListenTarget(ctx, func(ev any) {
		if _, ok := ev.(*page.EventJavascriptDialogOpening); ok {
			asked.Add(1)
			go func() { _ = chromedp.Run(b.ctx, page.HandleJavaScriptDialog(yes)) }()
		}
	})
	return asked
}

// double clicks twice, as fast as a finger can.
func (b *Tab) double(selector string) {
	b.Helper()
	var at []float64
	b.run(chromedp.Evaluate(`(() => {
		const el = document.querySelector('`+selector+`');
		el.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = el.getBoundingClientRect();
		return [r.left + r.width / 2, r.top + r.height / 2];
	})()`, &at), chromedp.ActionFunc(func(ctx context.Context) error {
		for range 2 {
			if err := chromedp.MouseClickXY(at[0], at[1]).Do(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
}
