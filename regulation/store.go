package regulation

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// Refusal is one thing that the system refused. It is kept after the rollback of what was refused.
type Refusal struct {
	Project core.ID
	ID      core.ID
	Clause  string
	Verb    string
	Ref     core.Ref
	Actor   core.ID
	Name    string
	Why     core.Text
	At      time.Time
	Month   core.Month
}

func refusalOf(ctx context.Context, clause string, why core.Text) Refusal {
	p, a, d := core.ProjectOf(ctx), core.ActorOf(ctx), core.DoingOf(ctx)
	return Refusal{Project: p.ID, Clause: clause, Verb: d.Verb, Ref: d.Ref, Actor: a.ID, Name: a.Name, Why: why,
		At: core.Now(ctx), Month: core.MonthOf(core.Now(ctx), p.Zone)}
}

func (r *Refusal) dest() []any {
	return []any{&r.Project, &r.ID, &r.Clause, &r.Verb, &r.Ref.Kind, &r.Ref.ID, &r.Actor, &r.Name, &r.Why.ZH, &r.Why.EN, &r.At, &r.Month}
}

const refusalColumns = "project_id, id, clause, verb, kind, record_id, actor_id, actor, why, why_en, at, month"

// Keep writes the refusal (db.Kept).
func (r Refusal) Keep(ctx context.Context, tx db.Tx) error {
	_, err := db.Exec(ctx, tx, "insert into regulation_refusal ("+refusalColumns+") values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)",
		r.Project, tx.NewID(), r.Clause, r.Verb, r.Ref.Kind, r.Ref.ID, r.Actor, r.Name, r.Why.ZH, r.Why.EN, r.At, r.Month)
	return err
}

// Refusals lists what was refused in a project's month, newest first; clause "" is all. At most 500.
func Refusals(ctx context.Context, tx db.Tx, project core.ID, month core.Month, clause string) ([]Refusal, error) {
	return db.All(ctx, tx, func(r *Refusal) []any {
		d := r.dest()
		r.Ref.Project = project
		return d
	}, "select "+refusalColumns+` from regulation_refusal
		where project_id = $1 and month = $2 and ($3 = '' or clause = $3) order by id desc limit 500`, project, month, clause)
}

// RefusalCounts is how often each clause refused in a project's month.
func RefusalCounts(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (map[string]int64, error) {
	type row struct {
		clause string
		n      int64
	}
	rows, err := db.All(ctx, tx, func(r *row) []any { return []any{&r.clause, &r.n} },
		"select clause, count(*) from regulation_refusal where project_id = $1 and month = $2 group by clause", project, month)
	out := map[string]int64{}
	for _, r := range rows {
		out[r.clause] = r.n
	}
	return out, err
}

// Set puts a value over the pack for the firm (core.Firm) or a project, from the coming midnight on (or a later
// one). It checks the value; who may decide it, the approval has checked. L clauses cannot be switched off.
func Set(ctx context.Context, tx db.Tx, project core.ID, clause, name, value string, from core.Date) error {
	c, err := Find(ctx, tx, clause)
	if err != nil {
		return err
	}
	if err := c.CheckSetting(name, value); err != nil {
		return err
	}
	zone, now := core.ProjectOf(ctx).Zone, core.Now(ctx)
	if _, err := core.ParseDate(string(from)); err != nil || from <= core.DateOf(now, zone) {
		return core.Invalid("from", "最早从明天零点起生效", "It takes effect tomorrow at the earliest")
	}
	tx.Drop(settingsKey{project})
	id, err := db.Value[core.ID](ctx, tx, `insert into regulation_setting (project_id, id, created_at, created_by, changed_at, changed_by, clause, name, value, from_at)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8)
		on conflict (project_id, clause, name, from_at) do update set value = excluded.value, changed_at = excluded.changed_at, changed_by = excluded.changed_by, version = regulation_setting.version + 1
		returning id`, project, tx.NewID(), now, core.ActorOf(ctx).ID, clause, name, value, from.Time(zone))
	if err != nil {
		return err
	}
	ref := core.Ref{Project: project, Kind: "regulation_setting", ID: id}
	return journal.Add(ctx, tx, ref, "set", map[string]string{"clause": clause, "name": name, "value": value, "from": string(from)})
}

// CheckSetting says whether a value may be put over the pack.
func CheckSetting(clause, name, value string) error {
	c := Default().Clause(clause)
	if c == nil {
		return core.NotFound()
	}
	return c.CheckSetting(name, value)
}

// CheckSetting says whether a value may be put over what the clause says.
func (c *Clause) CheckSetting(name, value string) error {
	switch name {
	case Switch:
		if value != "on" && value != "off" {
			return core.Invalid("value", "开关只能是开或关", "A switch is on or off")
		}
		if c.Law && value == "off" {
			return &core.Err{Kind: core.KindRefused, Clause: c.ID, Text: core.T("法律条款不能关闭", "A clause of law cannot be switched off")}
		}
		return nil
	case OwnerOf, EscalateOf:
		if core.Role(value).Name().ZH == value {
			return core.Invalid("value", "没有「%s」这个角色", "There is no role %q", value)
		}
		return nil
	}
	n := c.Number(name)
	if n == nil {
		return core.NotFound()
	}
	return n.Validate(value)
}

// History lists every setting of a clause in a project and the firm, newest first.
func History(ctx context.Context, tx db.Tx, project core.ID, clause string) ([]Setting, error) {
	rows, err := db.All(ctx, tx, (*setting).dest, `select project_id, clause, name, value, from_at from regulation_setting
		where (project_id = $1 or project_id = $2) and clause = $3 and voided_at is null order by from_at desc, id desc`, core.Firm, project, clause)
	out := make([]Setting, len(rows))
	for i, r := range rows {
		out[i] = Setting(r)
	}
	return out, err
}

// Setting is one value that the firm or a project put over the pack.
type Setting setting
