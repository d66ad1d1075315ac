package compliance

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
	"huiyin/web"
)

// Clock is the business clock, which an administrator of a demonstration may move forward; any other database refuses.
// app puts it into the context.
type Clock struct {
	Offset func() time.Duration // how far business time is ahead of real time
	// Move moves it forward by d, stores that and does what has become due; a database that holds real work refuses. It
	// opens its own transactions.
	Move func(ctx context.Context, d time.Duration) error
}

type clockKey struct{}

// WithClock carries the demonstration's clock.
func WithClock(ctx context.Context, c Clock) context.Context {
	return context.WithValue(ctx, clockKey{}, c)
}

func clockOf(ctx context.Context) Clock {
	c, _ := ctx.Value(clockKey{}).(Clock)
	return c
}

// maxMove is how far one step moves the clock.
const maxMove = 92 * 24 * time.Hour

// noClock refuses on a database that holds real work.
func noClock(ctx context.Context, tx db.Tx) error {
	firm, err := project.TheFirm(ctx, tx)
	if c := clockOf(ctx); err == nil && (!firm.Demo || c.Move == nil || c.Offset == nil) {
		err = &core.Err{Kind: core.KindForbidden, Text: core.T("只有演示数据库可以拨动时钟", "Only a demonstration database lets its clock be moved")}
	}
	return err
}

// clockSteps are the steps that the page offers, by name.
func clockSteps() []core.Choice {
	return []core.Choice{
		{Value: "15m", Label: core.T("+15 分钟", "+15 minutes")}, {Value: "1h", Label: core.T("+1 小时", "+1 hour")}, {Value: "8h", Label: core.T("+8 小时", "+8 hours")},
		{Value: "24h", Label: core.T("+1 天", "+1 day")}, {Value: "72h", Label: core.T("+3 天", "+3 days")}, {Value: "168h", Label: core.T("+1 周", "+1 week")},
		{Value: "720h", Label: core.T("+30 天", "+30 days")},
	}
}

type clockView struct {
	Now, Real string
	Ahead     core.Text
	Steps     []core.Choice
	Done, Bad bool
}

func clockPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	if err := noClock(ctx, tx); err != nil {
		return nil, err
	}
	const layout = "2006-01-02 15:04:05"
	off := clockOf(ctx).Offset()
	v := clockView{Now: core.Now(ctx).In(core.China).Format(layout), Real: time.Now().In(core.China).Format(layout), Steps: clockSteps(),
		Ahead: core.T("%d 天 %d 小时 %d 分", "%d d %d h %d min", int(off/(24*time.Hour)), int(off/time.Hour)%24, int(off/time.Minute)%60),
		Done:  r.Query("moved") != "", Bad: r.Query("bad") != ""}
	return web.Page{Title: core.T("演示时钟", "Demo clock"), Body: clockBody(v), Narrow: true}, nil
}

// moveClock runs outside a transaction, since Move opens its own, and does what has become due.
func moveClock(w http.ResponseWriter, r *web.Request) {
	ctx := r.HTTP.Context()
	if clockOf(ctx).Move == nil {
		http.Error(w, "no clock", http.StatusForbidden)
		return
	}
	r.HTTP.Body = http.MaxBytesReader(w, r.HTTP.Body, 4096)
	by, err := stepOf(r.HTTP.PostFormValue("by"))
	if err == nil {
		err = clockOf(ctx).Move(ctx, by)
	}
	if core.IsKind(err, core.KindConflict) || core.IsKind(err, core.KindForbidden) {
		http.Error(w, core.AsErr(err).Text.Say(ctx), http.StatusForbidden)
		return
	}
	q := url.Values{"moved": {strconv.FormatInt(int64(by/time.Minute), 10)}}
	if err != nil {
		q = url.Values{"bad": {"1"}}
	}
	http.Redirect(w, r.HTTP, "/firm/clock?"+q.Encode(), http.StatusSeeOther)
}

func stepOf(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > maxMove {
		return 0, core.Invalid("by", "只能向前拨,一次最多 92 天", "Only forward, at most 92 days at once")
	}
	return d, nil
}
