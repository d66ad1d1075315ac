// Package duty holds what someone owes by a time: the calendar or an event opens it under a clause, the verb that
// produces the evidence closes it, and a late one goes up, step by step.
//
//   - A duty is unique by (project, clause, number, record, round): opening twice is harmless, Again raises the round.
//   - Deadlines are computed once, when the duty opens, by the Chinese calendar, and stored.
//   - What is due by business time comes only from Tick, which is idempotent and catches up.
//   - A duty counts in the local month in which it is due.
package duty

import (
	"context"
	"embed"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/regulation"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// States of a duty.
const (
	StateOpen   = "open"
	StateDone   = "done"
	StateWaived = "waived"
	StateVoid   = "void" // what it was about was voided or never came to be; in no measure
)

// Duty is what a role, or one person of it, owes on one record under one clause.
type Duty struct {
	Ref     core.Ref // the duty itself
	Version int64
	Clause  string
	Number  string   // the clause's number that gave the term ("term")
	About   core.Ref // the record
	Round   int64
	Title   core.Text
	URL     string
	Role    core.Role
	User    core.ID
	State   string
	Opened  time.Time
	Due     time.Time
	Day     core.Date
	Month   core.Month
	Late    bool
	DoneAt  time.Time
	DoneBy  core.ID
	Note    string
	Step    int64
	Next    time.Time
}

func (d *Duty) dest() []any {
	return []any{&d.Ref.Project, &d.Ref.ID, &d.Version, &d.Clause, &d.Number, &d.About.Kind, &d.About.ID, &d.Round, &d.Title.ZH, &d.Title.EN,
		&d.URL, &d.Role, &d.User, &d.State, &d.Opened, &d.Due, &d.Day, &d.Month, &d.Late, &d.DoneAt, &d.DoneBy, &d.Note, &d.Step, &d.Next}
}

const columns = `project_id, id, version, clause, number, kind, record_id, round, title, title_en, url, role, user_id, state,
	opened_at, due_at, due_day, due_month, late, done_at, done_by, note, step, next_at`

func (d Duty) withRefs() Duty {
	d.Ref.Kind, d.About.Project = "duty", d.Ref.Project
	return d
}

// Option adjusts a duty that is being opened.
type Option func(*opening)

type opening struct {
	number string
	user   core.ID
	role   core.Role
	from   time.Time
	due    time.Time
	title  core.Text
	url    string
	again  bool
	first  bool
}

// To gives the duty to one person; without it the clause's role owes it.
func To(user core.ID) Option { return func(o *opening) { o.user = user } }

// By gives it to another role than the clause's owner.
func By(role core.Role) Option { return func(o *opening) { o.role = role } }

// Number names which of the clause's terms counts ("term" by default).
func Number(name string) Option { return func(o *opening) { o.number = name } }

// From counts the term from another time than now: the moment the event happened.
func From(t time.Time) Option { return func(o *opening) { o.from = t } }

// Due sets the deadline itself, where the event names one: an appointment, a promised date.
func Due(t time.Time) Option { return func(o *opening) { o.due = t } }

// About says in words what the duty is about, and where its record is.
func About(title core.Text, url string) Option {
	return func(o *opening) { o.title, o.url = title, url }
}

// Again opens a further round when one was closed: a reopened matter owes its follow-up anew.
func Again() Option { return func(o *opening) { o.again = true } }

// First says that the record was made in this transaction: no round of the duty can be there yet.
func First() Option { return func(o *opening) { o.first = true } }

// Open opens the duty that the clause demands on the record. A clause that is switched off opens nothing; a duty
// that is open already stays as it is.
func Open(ctx context.Context, tx db.Tx, clause string, about core.Ref, opts ...Option) error {
	return OpenMany(ctx, tx, about.Project, []Opening{{clause, about, opts}})
}

// dayOf is the day of a deadline: one at 24:00 belongs to the day that ends, not to the one that begins.
func dayOf(due time.Time, clock calendar.Clock) core.Date {
	return core.DateOf(due.Add(-time.Microsecond), clock.Zone)
}

// Clock is the project's working time, with the desk's hours as B4.1 has them.
func Clock(ctx context.Context, tx db.Tx, rules *regulation.Rules) (calendar.Clock, error) {
	c, err := calendar.Load(ctx, tx)
	if err == nil {
		c.Desk = calendar.Hours{Open: rules.Clock("B4.1", "open"), Close: rules.Clock("B4.1", "close")}
	}
	return c, err
}

func publish(tx db.Tx, project core.ID) { tx.Publish(Topic(project)) }

// Topic is what the live pages of a project's duties listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/duty" }

// Done closes the open duties of the clause on the record: the verb has produced the evidence. None open is no
// error, since the clause may have been switched off. It is on time when done by its deadline.
func Done(ctx context.Context, tx db.Tx, clause string, about core.Ref) error {
	return closeAll(ctx, tx, clause, about, StateDone, "")
}

// Happened tells the clauses that the firm added itself what has happened to a record ("repair.taken"): one whose term
// the event opens raises its duty, one that it fulfils closes it. words and url say what the record is.
func Happened(ctx context.Context, tx db.Tx, event string, about core.Ref, words string, url string) error {
	rules, err := regulation.RulesAt(ctx, tx, about.Project, core.Now(ctx))
	if err != nil {
		return err
	}
	for _, c := range rules.Own() {
		if c.Own.Event == event {
			title := core.T("%s:%s", "%s: %s", c.Text, words)
			if err := Open(ctx, tx, c.ID, about, About(title, url), Again()); err != nil {
				return err
			}
		}
		if c.Own.Ends == event {
			if err := Done(ctx, tx, c.ID, about); err != nil {
				return err
			}
		}
	}
	for _, react := range reactionsTo(ctx, event) {
		if err := react(ctx, tx, about); err != nil {
			return err
		}
	}
	return notify.Event(ctx, tx, event, about, url)
}

// Reaction is what a later module does, in the same transaction, when something has happened to an earlier one's record:
// a closed repair becomes due for a follow-up. Its error refuses the verb.
type Reaction func(ctx context.Context, tx db.Tx, about core.Ref) error

type reactionsKey struct{}

// WithReactions carries the reactions by event ("repair.signed"); house.With sets them from the modules' declarations.
func WithReactions(ctx context.Context, all map[string][]Reaction) context.Context {
	return context.WithValue(ctx, reactionsKey{}, all)
}

func reactionsTo(ctx context.Context, event string) []Reaction {
	all, _ := ctx.Value(reactionsKey{}).(map[string][]Reaction)
	return all[event]
}

// Void closes them without counting: what they were about was voided.
func Void(ctx context.Context, tx db.Tx, clause string, about core.Ref, why string) error {
	return closeAll(ctx, tx, clause, about, StateVoid, why)
}

// VoidAll closes every open duty on the record without counting.
func VoidAll(ctx context.Context, tx db.Tx, about core.Ref, why string) error {
	return closeAll(ctx, tx, "", about, StateVoid, why)
}

func closeAll(ctx context.Context, tx db.Tx, clause string, about core.Ref, state, note string) error {
	ids, err := db.Values[core.ID](ctx, tx, `select id from duty_duty where project_id = $1 and kind = $2 and record_id = $3
		and state = 'open' and ($4 = '' or clause = $4)`, about.Project, about.Kind, about.ID, clause)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := finish(ctx, tx, core.Ref{Project: about.Project, Kind: "duty", ID: id}, state, note); err != nil {
			return err
		}
	}
	return nil
}

func finish(ctx context.Context, tx db.Tx, ref core.Ref, state, note string) error {
	now := core.Now(ctx)
	step, err := db.One(ctx, tx, func(n *int64) []any { return []any{n} }, `update duty_duty set state = $1, note = $2, done_at = $3, done_by = $4, next_at = null,
		late = (due_at < $3), version = version + 1, changed_at = $3, changed_by = $4
		where project_id = $5 and id = $6 and state = 'open' returning step`, state, note, now, core.ActorOf(ctx).ID, ref.Project, ref.ID)
	if err == nil && step > 0 {
		_, err = db.Exec(ctx, tx, "update duty_step set due_at = null where project_id = $1 and duty_id = $2", ref.Project, ref.ID)
	}
	if err != nil {
		return err
	}
	publish(tx, ref.Project)
	return journal.Add(ctx, tx, ref, state, map[string]string{"note": note})
}

// Assign gives the open duties of the clause on the record to one person; 0 returns them to the role.
func Assign(ctx context.Context, tx db.Tx, clause string, about core.Ref, user core.ID) error {
	now := core.Now(ctx)
	ids, err := db.Values[core.ID](ctx, tx, `update duty_duty set user_id = $1, version = version + 1, changed_at = $2, changed_by = $3
		where project_id = $4 and kind = $5 and record_id = $6 and clause = $7 and state = 'open' returning id`,
		user, now, core.ActorOf(ctx).ID, about.Project, about.Kind, about.ID, clause)
	for _, id := range ids {
		ref := core.Ref{Project: about.Project, Kind: "duty", ID: id}
		if err := journal.Add(ctx, tx, ref, "assigned", map[string]any{"user": user}); err != nil {
			return err
		}
	}
	publish(tx, about.Project)
	return err
}

// Release returns a leaver's open duties in a project to their roles.
func Release(ctx context.Context, tx db.Tx, project, user core.ID) error {
	now := core.Now(ctx)
	ids, err := db.Values[core.ID](ctx, tx, `update duty_duty set user_id = null, version = version + 1, changed_at = $1, changed_by = $2
		where project_id = $3 and user_id = $4 and state = 'open' returning id`, now, core.ActorOf(ctx).ID, project, user)
	for _, id := range ids {
		if err := journal.Add(ctx, tx, core.Ref{Project: project, Kind: "duty", ID: id}, "released", nil); err != nil {
			return err
		}
	}
	return err
}

// ByHand closes one duty whose evidence is not a record of ours, with a note that says what it is; files are attached
// to the duty itself. It may be done by its person, its role, or a role it went up to.
func ByHand(ctx context.Context, tx db.Tx, id core.ID, note string) error {
	d, err := Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return err
	}
	if err := CanHandle(ctx, tx, d); err != nil {
		return err
	}
	if note == "" {
		return core.Invalid("note", "请写明凭据", "Say what the evidence is")
	}
	return finish(ctx, tx, d.Ref, StateDone, note)
}

// CanHandle says why this actor may not close, claim or pass on the duty, or nil.
func CanHandle(ctx context.Context, tx db.Tx, d Duty) error {
	a := core.ActorOf(ctx)
	if d.State != StateOpen {
		return core.Conflict("这项待办已经结束", "This duty is already closed")
	}
	if a.Job || (d.User != 0 && a.ID == d.User) || a.Has(d.Ref.Project, d.Role) || a.Has(d.Ref.Project, core.Manager) {
		return nil
	}
	steps, err := Steps(ctx, tx, d.Ref)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if a.Has(d.Ref.Project, s.Role) {
			return nil
		}
	}
	return core.Forbidden("duty." + string(d.Role))
}

// Pass gives one duty to a person: claimed by oneself, or delegated.
func Pass(ctx context.Context, tx db.Tx, id, user core.ID) error {
	d, err := Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return err
	}
	if err := CanHandle(ctx, tx, d); err != nil {
		return err
	}
	now := core.Now(ctx)
	if err := db.ExecOne(ctx, tx, `update duty_duty set user_id = $1, version = version + 1, changed_at = $2, changed_by = $3
		where project_id = $4 and id = $5 and state = 'open'`, user, now, core.ActorOf(ctx).ID, d.Ref.Project, d.Ref.ID); err != nil {
		return err
	}
	publish(tx, d.Ref.Project)
	return journal.Add(ctx, tx, d.Ref, "assigned", map[string]any{"user": user})
}

// Waive excuses one open duty. The approval that ran it has checked reason and approver.
func Waive(ctx context.Context, tx db.Tx, id core.ID, reason string) error {
	d, err := Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return err
	}
	if d.State != StateOpen {
		return core.Conflict("这项待办已经结束", "This duty is already closed")
	}
	return finish(ctx, tx, d.Ref, StateWaived, reason)
}
