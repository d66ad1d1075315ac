package desk

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
	"huiyin/regulation"
)

const callColumns = `id, version, origin, outside_id, at, direction, phone, answered, user_name, seconds, recording, recording_state, customer_id, customer_name,
	matter_id, matter_number, apart_at, place, expired_at, deleted_at`

const callSelect = "select " + callColumns + " from desk_call where project_id = $1 "

func getCall(ctx context.Context, tx db.Tx, id core.ID) (Call, error) {
	return db.One(ctx, tx, (*Call).dest, callSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
}

func lockCall(ctx context.Context, tx db.Tx, id core.ID) (Call, error) {
	return db.One(ctx, tx, (*Call).dest, db.Locked(tx, callSelect+"and id = $2"), core.ProjectOf(ctx).ID, id)
}

func insertCall(ctx context.Context, tx db.Tx, c Call) (int64, error) {
	day := core.DateOf(c.At, core.ProjectOf(ctx).Zone)
	n, err := db.Exec(ctx, tx, `insert into desk_call (project_id, id, created_at, created_by, changed_at, changed_by, origin, outside_id, at, day, month, direction, phone, answered, user_name, seconds,
		recording, recording_state, customer_id, customer_name) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18) on conflict do nothing`,
		core.ProjectOf(ctx).ID, c.ID, core.Now(ctx), core.ActorOf(ctx).ID, c.Origin, c.Outside, c.At, day, day.Month(), c.Direction, c.Phone, c.Answered, c.User, c.Seconds, c.Recording, c.State,
		c.Customer, c.CustomerName)
	return int64(n), err
}

func saveCall(ctx context.Context, tx db.Tx, c Call) error {
	return db.ExecOne(ctx, tx, `update desk_call set recording_state = $1, matter_id = $2, matter_number = $3, apart_at = $4, place = $5, expired_at = $6, deleted_at = $7,
		version = version + 1, changed_at = $8, changed_by = $9 where project_id = $10 and id = $11 and version = $12`, c.State, c.Matter, c.MatterNumber, c.Apart, c.Place, c.Expired, c.Deleted,
		core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, c.ID, c.Version)
}

// unfinished says whether the call's matter, or the one that it was merged into, is open.
func unfinished(ctx context.Context, tx db.Tx, c Call) (bool, error) {
	n, err := db.Value[int64](ctx, tx, "select count(*) from desk_call c where project_id = $1 and id = $2 and "+hangs, core.ProjectOf(ctx).ID, c.ID)
	return n > 0, err
}

// hangs is true of a call c whose matter is not finished.
const hangs = `exists (select 1 from desk_matter m where m.project_id = $1 and m.id = c.matter_id
	and (m.open or exists (select 1 from desk_matter o where o.project_id = $1 and o.id = m.merged_id and o.open)))`

// ripe are recordings from before a time that are to be put apart (of unfinished matters), or whose time is over.
func ripe(ctx context.Context, tx db.Tx, before time.Time, apart bool) ([]Call, error) {
	where := "recording_state = 'kept' and at <= $2 and " + hangs
	if !apart {
		where = "recording_state in ('kept', 'apart') and at <= $2 and not " + hangs
	}
	return db.All(ctx, tx, (*Call).dest, db.Locked(tx, "select "+callColumns+" from desk_call c where project_id = $1 and "+where+" order by at, id limit "+strconv.Itoa(recordingBatch)), core.ProjectOf(ctx).ID, before)
}

func countCalls(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (regulation.Figure, error) {
	return db.One(ctx, tx, func(f *regulation.Figure) []any { return []any{&f.Num, &f.Den} },
		"select count(case when answered then 1 end), count(*) from desk_call where project_id = $1 and month = $2 and direction = 'in'", project, month)
}

// findCalls lists the log, the newest first.
func findCalls(ctx context.Context, tx db.Tx, q register.Query) ([]Call, error) {
	c := db.InProject(core.ProjectOf(ctx).ID)
	for _, name := range []string{"direction", "month"} {
		if v := q.Filter[name]; v != "" {
			c.Add(name+" = ?", v)
		}
	}
	if v := q.Filter["recording"]; v != "" {
		c.Add("recording_state = ?", v)
	}
	if v := q.Filter["answered"]; v != "" {
		c.Add("answered = ?", v == "yes")
	}
	if text := strings.TrimSpace(q.Text); text != "" {
		p, _ := core.NormalPhone(text)
		c.Args = append(c.Args, p)
		c.Add(fmt.Sprintf("(matter_number = ? or phone = $%d)", len(c.Args)), strings.ToUpper(text))
	}
	if err := after(&c, q.After, false); err != nil {
		return nil, err
	}
	c.Args = append(c.Args, max(q.Limit, 1))
	return db.All(ctx, tx, (*Call).dest, fmt.Sprintf("select %s from desk_call where %s order by at desc, id desc limit $%d", callColumns, c.String(), len(c.Args)), c.Args...)
}

func callsOf(ctx context.Context, tx db.Tx, ref core.Ref) ([]Call, error) {
	if ref.Kind == "customer" { // the newest ones
		return db.All(ctx, tx, (*Call).dest, callSelect+"and customer_id = $2 order by at desc, id desc limit 20", ref.Project, ref.ID)
	}
	return db.All(ctx, tx, (*Call).dest, callSelect+"and matter_id = $2 order by at, id limit 50", ref.Project, ref.ID)
}

// archived are the recordings that were put apart in a month, with those that still are.
func archived(ctx context.Context, tx db.Tx) ([]Call, error) {
	return db.All(ctx, tx, (*Call).dest, callSelect+"and recording_state in ('apart', 'expired', 'deleted') and apart_at is not null order by at desc, id desc limit 1000", core.ProjectOf(ctx).ID)
}
