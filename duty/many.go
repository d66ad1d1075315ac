package duty

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/regulation"
)

// Opening is one duty that OpenMany opens.
type Opening struct {
	Clause string
	About  core.Ref
	Opts   []Option
}

// slot is what has rounds of its own.
type slot struct {
	clause, number, kind string
	record               core.ID
}

func (o Opening) slot(number string) slot {
	return slot{o.Clause, number, o.About.Kind, o.About.ID}
}

// round is the last round of a slot.
type round struct {
	slot
	round int64
	state string
}

// OpenMany opens what Open would open one by one, in a few statements: an import opens duties by the thousand. All
// records are of one project.
func OpenMany(ctx context.Context, tx db.Tx, project core.ID, all []Opening) error {
	rules, err := regulation.RulesAt(ctx, tx, project, core.Now(ctx))
	if err != nil || len(all) == 0 {
		return err
	}
	clock, err := Clock(ctx, tx, rules)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(slices.Clone(all), func(o Opening) bool { return !rules.On(o.Clause) })
	complete := make([]opening, len(all))
	var asked []Opening
	for i, one := range all {
		if complete[i] = one.complete(ctx, rules, clock); !complete[i].first {
			asked = append(asked, one)
		}
	}
	last, err := lastRounds(ctx, tx, project, asked)
	if err != nil {
		return err
	}
	var ds []Duty
	for i, one := range all {
		o := complete[i]
		at := one.slot(o.number)
		was, found := last[at]
		if found && (was.state == StateOpen || !o.again) {
			continue
		}
		last[at] = round{at, was.round + 1, StateOpen}
		ds = append(ds, one.duty(tx, clock, was.round+1, o))
	}
	return insertMany(ctx, tx, project, ds)
}

// options is what the options say, as yet without what the clause says.
func (one Opening) options() opening {
	o := opening{number: "term"}
	for _, f := range one.Opts {
		f(&o)
	}
	return o
}

// complete is what the options leave to the clause: term and role.
func (one Opening) complete(ctx context.Context, rules *regulation.Rules, clock calendar.Clock) opening {
	o := one.options()
	if o.from.IsZero() {
		o.from = core.Now(ctx)
	}
	if o.due.IsZero() {
		o.due = clock.Due(o.from, rules.Span(one.Clause, o.number), rules.Clause(one.Clause).Calendar)
	}
	if o.role == "" {
		o.role = rules.Owner(one.Clause)
	}
	return o
}

func (one Opening) duty(tx db.Tx, clock calendar.Clock, round int64, o opening) Duty {
	day := dayOf(o.due, clock)
	return Duty{Ref: core.Ref{Project: one.About.Project, Kind: "duty", ID: tx.NewID()}, Clause: one.Clause, Number: o.number, About: one.About, Round: round, Title: o.title, URL: o.url,
		Role: o.role, User: o.user, Opened: o.from, Due: o.due, Day: day, Month: day.Month()}
}

// lastRounds reads the last round of each slot of the records.
func lastRounds(ctx context.Context, tx db.Tx, project core.ID, all []Opening) (map[slot]round, error) {
	out := map[slot]round{}
	for len(all) > 0 {
		part := all[:min(500, len(all))]
		all = all[len(part):]
		marks, args := make([]string, len(part)), []any{project}
		for i, o := range part {
			args = append(args, o.About.ID)
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		kinds, args := kindsOf(part, args)
		rows, err := db.All(ctx, tx, func(r *round) []any { return []any{&r.clause, &r.number, &r.kind, &r.record, &r.round, &r.state} },
			`select clause, number, kind, record_id, round, state from duty_duty where project_id = $1 and kind in (`+kinds+`) and record_id in (`+strings.Join(marks, ", ")+`) order by round`, args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.slot] = r
		}
	}
	return out, nil
}

func kindsOf(all []Opening, args []any) (string, []any) {
	var marks []string
	seen := map[string]bool{}
	for _, o := range all {
		if seen[o.About.Kind] {
			continue
		}
		seen[o.About.Kind] = true
		args = append(args, o.About.Kind)
		marks = append(marks, fmt.Sprintf("$%d", len(args)))
	}
	return strings.Join(marks, ", "), args
}

const insertInto = `duty_duty (project_id, id, created_at, created_by, changed_at, changed_by, clause, number, kind, record_id, round,
	title, title_en, url, role, user_id, state, opened_at, due_at, due_day, due_month, next_at)`

// insertMany stores duties and journals those that were not there.
func insertMany(ctx context.Context, tx db.Tx, project core.ID, ds []Duty) error {
	now, by := core.Now(ctx), core.ActorOf(ctx).ID
	rows, of := make([][]any, len(ds)), make(map[core.ID]*Duty, len(ds))
	for i := range ds {
		d := &ds[i]
		of[d.Ref.ID] = d
		rows[i] = []any{project, d.Ref.ID, now, by, now, by, d.Clause, d.Number, d.About.Kind, d.About.ID, d.Round, d.Title.ZH, d.Title.EN, d.URL, d.Role, d.User,
			StateOpen, d.Opened, d.Due, d.Day, d.Month, d.Due}
	}
	ids, err := db.InsertMany(ctx, tx, insertInto, "on conflict (project_id, clause, number, kind, record_id, round) do nothing", rows)
	if err != nil || len(ids) == 0 {
		return err
	}
	publish(tx, project)
	for _, id := range ids {
		d := of[id]
		if err := journal.Add(ctx, tx, d.Ref, "opened", map[string]any{"clause": d.Clause, "about": d.About.String(), "due": d.Due}); err != nil {
			return err
		}
	}
	return nil
}
