package calendar

import (
	"context"
	"embed"

	"huiyin/core"
	"huiyin/db"
)

// Migrations holds the table of the operator's days.
//
//go:embed *.sql
var Migrations embed.FS

type tableKey struct{}

type ownDay struct {
	Day core.Date
	Entry
}

func (d *ownDay) dest() []any { return []any{&d.Day, &d.Work, &d.Name.ZH, &d.Name.EN} }

// Load gives the firm's calendar in the request's project zone: the official table with the operator's days over it.
// Its desk hours are the default; whoever knows the regulation (duty) sets B4.1's.
func Load(ctx context.Context, tx db.Tx) (Clock, error) {
	t, err := db.Cached(tx, tableKey{}, []string{"calendar_day"}, func() (Table, error) {
		days, err := db.All(ctx, tx, (*ownDay).dest, "select day, work, name_zh, name_en from calendar_day")
		own := make(map[core.Date]Entry, len(days))
		for _, d := range days {
			own[d.Day] = d.Entry
		}
		return Default().With(own), err
	})
	return New(core.ProjectOf(ctx).Zone, t), err
}

// SetDay enters a day over the official table. The caller has checked the right.
func SetDay(ctx context.Context, tx db.Tx, day core.Date, e Entry) error {
	if _, err := core.ParseDate(string(day)); err != nil {
		return err
	}
	tx.Drop(tableKey{})
	_, err := db.Exec(ctx, tx, `insert into calendar_day (day, work, name_zh, name_en, changed_at, changed_by) values ($1,$2,$3,$4,$5,$6)
		on conflict (day) do update set work = excluded.work, name_zh = excluded.name_zh, name_en = excluded.name_en,
		changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
		day, e.Work, e.Name.ZH, e.Name.EN, core.Now(ctx), core.ActorOf(ctx).ID)
	return err
}

// OwnDays lists the operator's days of a year.
func OwnDays(ctx context.Context, tx db.Tx, year string) (map[core.Date]Entry, error) {
	days, err := db.All(ctx, tx, (*ownDay).dest, "select day, work, name_zh, name_en from calendar_day where day >= $1 and day <= $2 order by day",
		year+"-01-01", year+"-12-31")
	out := map[core.Date]Entry{}
	for _, d := range days {
		out[d.Day] = d.Entry
	}
	return out, err
}
