package ui

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
)

// UpTo writes a number that was counted up to core.CountMax.
func UpTo(n int64) string {
	if n >= core.CountMax {
		return strconv.Itoa(core.CountMax-1) + "+"
	}
	return strconv.FormatInt(n, 10)
}

// WarnBefore is how long before its due time a countdown turns to warning.
const WarnBefore = time.Hour

// Left says how long is left until due, or how late it is, as a countdown shows it: 还剩 6:42, 还剩 3 小时 20 分, 还剩 9 天,
// 超时 3 分. Below an hour seconds are shown; below a day minutes; above, whole days. app.js says the same while it ticks.
func Left(due, now time.Time) core.Text {
	d := due.Sub(now)
	if d <= 0 {
		return core.T("超时 %s", "%s late", length(-d))
	}
	if d < time.Hour {
		s := int(d / time.Second)
		return core.T("还剩 %d:%02d", "%d:%02d left", s/60, s%60)
	}
	return core.T("还剩 %s", "%s left", length(d))
}

// length is a duration in words, rounded down to its unit.
func length(d time.Duration) core.Text {
	m := int(d / time.Minute)
	switch {
	case m < 60:
		return core.T("%d 分", "%d min", m)
	case m < 24*60 && m%60 == 0:
		return core.T("%d 小时", "%d h", m/60)
	case m < 24*60:
		return core.T("%d 小时 %d 分", "%d h %d min", m/60, m%60)
	case m < 48*60:
		return core.T("1 天", "1 day")
	}
	return core.T("%d 天", "%d days", m/60/24)
}

// LeftTone is the tone of a countdown: Run, Warn in its last hour, Late after it.
func LeftTone(due, now time.Time) Tone {
	switch d := due.Sub(now); {
	case d <= 0:
		return Late
	case d < WarnBefore:
		return Warn
	}
	return Run
}

// When writes a time in the project's zone as briefly as today allows: 14:08, 11-22 14:08, 2025-11-22 14:08.
func When(ctx context.Context, t time.Time) string {
	zone := core.ProjectOf(ctx).Zone
	t, now := t.In(zone), core.Now(ctx).In(zone)
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format("15:04")
	case t.Year() == now.Year():
		return t.Format("01-02 15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// Full writes a time in the project's zone to the minute.
func Full(ctx context.Context, t time.Time) string {
	return t.In(core.ProjectOf(ctx).Zone).Format("2006-01-02 15:04")
}

// Due writes the end of a term as When does; one that ends at midnight ends with the day before it: 11-22 24:00.
func Due(ctx context.Context, t time.Time) string { return endOfDay(ctx, t, When) }

// DueFull writes the end of a term as Full does, midnight as 2026-11-22 24:00.
func DueFull(ctx context.Context, t time.Time) string { return endOfDay(ctx, t, Full) }

func endOfDay(ctx context.Context, t time.Time, write func(context.Context, time.Time) string) string {
	if local := t.In(core.ProjectOf(ctx).Zone); local.Hour() != 0 || local.Minute() != 0 || t.IsZero() {
		return write(ctx, t)
	}
	return strings.TrimSuffix(write(ctx, t.Add(-time.Minute)), "23:59") + "24:00"
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// size writes bytes as people read them.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
