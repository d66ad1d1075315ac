// Package approval holds who must say yes before a verb runs: steps by role and amount. The last yes runs the verb as
// the approver, in the same transaction, with its checks again; a no ends it. Nobody approves his own request, and
// nobody says yes at two steps of one: four eyes see what two steps ask for, whatever roles one person holds.
package approval

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/notify"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// Kind is a verb that needs an approval: its name in the requests, and how it runs once approved.
type Kind struct {
	Verb string // "regulation.set"
	Name core.Text
	// Can keeps somebody from deciding at any step, yes or no (C13.1); nil: the role is enough.
	Can func(ctx context.Context, tx db.Tx, r Request) error
	Run func(ctx context.Context, tx db.Tx, r Request) error
}

// Step is one yes that is needed.
type Step struct {
	Role core.Role  `json:"role"`
	From core.Money `json:"from,omitempty"` // needed from this amount on
}

// States of a request.
const (
	Waiting   = "waiting"
	Approved  = "approved"
	Declined  = "declined"
	Withdrawn = "withdrawn"
)

// Request is one verb that waits for a yes.
type Request struct {
	Ref       core.Ref // the request itself
	Version   int64
	Verb      string
	About     core.Ref
	Title     core.Text
	URL       string
	Clause    string
	Input     string // JSON of the verb's input
	Reason    string
	Amount    core.Money
	Steps     []Step
	Step      int64
	Role      core.Role // whose turn it is
	State     string
	Requester core.ID
	Name      string
	At        time.Time
	Reminded  time.Time // when its deciders were last reminded
	steps     string
	voters    []core.ID // of the steps before this one, and for whom they voted
}

func (r *Request) dest() []any {
	return []any{&r.Ref.Project, &r.Ref.ID, &r.Version, &r.Verb, &r.About.Kind, &r.About.ID, &r.Title.ZH, &r.Title.EN, &r.URL, &r.Clause, &r.Input,
		&r.Reason, &r.Amount, &r.steps, &r.Step, &r.Role, &r.State, &r.Requester, &r.Name, &r.At, &r.Reminded}
}

const columns = `project_id, id, version, verb, kind, record_id, title, title_en, url, clause, input, reason, amount, steps, step, role, state, requester, requester_name, created_at, reminded_at`

// complete reads what one row does not hold: the steps, and who has said yes at those before.
func (r Request) complete(ctx context.Context, tx db.Tx) (Request, error) {
	r.Ref.Kind, r.About.Project = "approval", r.Ref.Project
	if err := json.Unmarshal([]byte(r.steps), &r.Steps); err != nil || r.Step == 0 || r.State != Waiting {
		return r, err
	}
	var err error
	r.voters, err = db.Values[core.ID](ctx, tx, `select voter from approval_vote where project_id = $1 and request_id = $2 and voter is not null
		union select principal from approval_vote where project_id = $1 and request_id = $2 and principal is not null`, r.Ref.Project, r.Ref.ID)
	return r, err
}

type kindsKey struct{}

// With carries the kinds that the application knows; app sets it once.
func With(ctx context.Context, kinds map[string]Kind) context.Context {
	return context.WithValue(ctx, kindsKey{}, kinds)
}

// Ask files a request: r's About, Verb, Title, URL, Reason, Amount and Clause, the verb's input, and the steps. Steps
// whose amount is not reached are left out; at least one remains, or it is a programmer's error.
func Ask(ctx context.Context, tx db.Tx, r Request, input any, steps ...Step) (core.ID, error) {
	if strings.TrimSpace(r.Reason) == "" {
		return 0, core.Invalid("reason", "请写明理由", "Please give the reason")
	}
	for _, s := range steps {
		if r.Amount >= s.From {
			r.Steps = append(r.Steps, s)
		}
	}
	if len(r.Steps) == 0 {
		return 0, fmt.Errorf("approval: %s has no step for amount %s", r.Verb, r.Amount)
	}
	a, now, id := core.ActorOf(ctx), core.Now(ctx), tx.NewID()
	_, err := db.Exec(ctx, tx, `insert into approval_request (project_id, id, created_at, created_by, changed_at, changed_by,
		verb, kind, record_id, title, title_en, url, clause, input, reason, amount, steps, step, role, state, requester, requester_name)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,0,$16,'waiting',$4,$17)`,
		r.About.Project, id, now, a.ID, r.Verb, r.About.Kind, int64(r.About.ID), r.Title.ZH, r.Title.EN, r.URL, r.Clause, core.JSON(input), r.Reason,
		r.Amount, core.JSON(r.Steps), r.Steps[0].Role, a.Name)
	if err != nil {
		return 0, err
	}
	r.Ref = core.Ref{Project: r.About.Project, Kind: "approval", ID: id}
	r.Role = r.Steps[0].Role
	if err := r.tell(ctx, tx); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, r.Ref, "asked", map[string]any{"verb": r.Verb, "about": r.About.String(), "reason": r.Reason})
}

func (r Request) tell(ctx context.Context, tx db.Tx) error {
	return r.say(ctx, tx, core.T("等您审批:%s", "Waiting for your approval: %s", r.Title), false)
}

// say tells the holders of the role whose turn it is, and who decides for them.
func (r Request) say(ctx context.Context, tx db.Tx, title core.Text, urgent bool) error {
	m := notify.Message{Ref: r.Ref, Title: title, URL: URL(ctx, r.Ref), Urgent: urgent}
	if err := notify.TellRole(ctx, tx, r.Ref.Project, r.Role, m); err != nil {
		return err
	}
	others, err := delegatesOf(ctx, tx, r.Ref.Project, r.Role)
	for _, user := range others {
		if err == nil {
			err = notify.Tell(ctx, tx, r.Ref.Project, user, m)
		}
	}
	return err
}

// URL is where a request is decided.
func URL(ctx context.Context, ref core.Ref) string {
	return fmt.Sprintf("/p/%s/approval/%s", core.ProjectOf(ctx).Code, ref.ID)
}

// CanDecide says why this actor may not decide the request now, or nil.
func CanDecide(ctx context.Context, tx db.Tx, r Request) error {
	_, err := standing(ctx, tx, r)
	return err
}

// standing is for whom the actor decides: the zero Delegation for himself, or one by which he stands in for another.
func standing(ctx context.Context, tx db.Tx, r Request) (Delegation, error) {
	a := core.ActorOf(ctx)
	if r.State != Waiting {
		return Delegation{}, core.Conflict("这项申请已经有结果", "This request has been decided")
	}
	if a.ID == r.Requester {
		return Delegation{}, forbidden("不能审批自己的申请", "Nobody approves his own request")
	}
	if slices.Contains(r.voters, a.ID) {
		return Delegation{}, forbidden("前一步是您审批的,这一步要由另一个人审批", "You decided an earlier step; this one is for somebody else")
	}
	if err := r.can(ctx, tx); err != nil {
		return Delegation{}, err
	}
	if a.Has(r.Ref.Project, r.Role) || a.Has(core.Firm, r.Role) {
		return Delegation{}, nil
	}
	refusal := error(&core.Err{Kind: core.KindForbidden, Text: core.T("要由%s审批", "It is for the %s to decide", r.Role.Name())})
	ds, err := standFor(ctx, tx, r.Ref.Project)
	for _, d := range ds {
		if d.Role != r.Role {
			continue
		}
		if refusal = r.barred(ctx, tx, d); refusal == nil {
			return d, nil
		}
	}
	if err == nil {
		err = refusal
	}
	return Delegation{}, err
}

// barred says why the principal of a delegation could not decide himself: his delegate cannot for him either.
func (r Request) barred(ctx context.Context, tx db.Tx, d Delegation) error {
	if d.Principal == r.Requester {
		return forbidden("委托人是申请人,不能代他审批", "Who asked you to decide for him filed the request himself")
	}
	if slices.Contains(r.voters, d.Principal) {
		return forbidden("委托人已经审批过前一步", "Who asked you to decide for him decided an earlier step")
	}
	return r.can(core.WithActor(ctx, core.Actor{ID: d.Principal, Name: d.PrincipalName}), tx)
}

// can asks the kind of the request whether the actor may decide it at all.
func (r Request) can(ctx context.Context, tx db.Tx) error {
	kinds, _ := ctx.Value(kindsKey{}).(map[string]Kind)
	if k := kinds[r.Verb]; k.Can != nil {
		return k.Can(ctx, tx, r)
	}
	return nil
}

func forbidden(zh, en string) error {
	return &core.Err{Kind: core.KindForbidden, Text: core.T(zh, en)}
}

// Decide says yes or no to the request's current step. A yes to the last step runs the verb at once; when the verb
// refuses, nothing is decided. A no needs a note.
func Decide(ctx context.Context, tx db.Tx, id core.ID, yes bool, note string) error {
	r, err := Get(ctx, tx, core.ProjectOf(ctx).ID, id, true)
	if err != nil {
		return err
	}
	by, err := standing(ctx, tx, r)
	if err != nil {
		return err
	}
	kinds, _ := ctx.Value(kindsKey{}).(map[string]Kind)
	k, known := kinds[r.Verb]
	if !yes && strings.TrimSpace(note) == "" {
		return core.Invalid("note", "不同意时请写明理由", "Say why you decline")
	}
	if err := r.vote(ctx, tx, yes, note, by); err != nil {
		return err
	}
	switch {
	case !yes:
		return r.end(ctx, tx, Declined, note)
	case int(r.Step) < len(r.Steps)-1:
		return r.advance(ctx, tx)
	}
	if !known {
		return fmt.Errorf("approval: nobody runs %s", r.Verb)
	}
	if err := k.Run(ctx, tx, r); err != nil {
		return err
	}
	return r.end(ctx, tx, Approved, note)
}

func (r Request) vote(ctx context.Context, tx db.Tx, yes bool, note string, by Delegation) error {
	a := core.ActorOf(ctx)
	_, err := db.Exec(ctx, tx, `insert into approval_vote (project_id, id, request_id, step, role, yes, note, voter, voter_name, at, principal, principal_name)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`, r.Ref.Project, tx.NewID(), r.Ref.ID, r.Step, r.Role, yes, note, a.ID, a.Name, core.Now(ctx), by.Principal, by.PrincipalName)
	return err
}

func (r Request) advance(ctx context.Context, tx db.Tx) error {
	r.Step++
	r.Role = r.Steps[r.Step].Role
	if err := r.update(ctx, tx, Waiting); err != nil {
		return err
	}
	if err := r.tell(ctx, tx); err != nil {
		return err
	}
	return journal.Add(ctx, tx, r.Ref, "passed", map[string]any{"next": r.Role})
}

func (r Request) end(ctx context.Context, tx db.Tx, state, note string) error {
	if err := r.update(ctx, tx, state); err != nil {
		return err
	}
	if r.Requester != 0 {
		title := core.T("审批通过:%s", "Approved: %s", r.Title)
		if state == Declined {
			title = core.T("审批未通过:%s", "Declined: %s", r.Title)
		}
		if err := notify.Tell(ctx, tx, r.Ref.Project, r.Requester, notify.Message{Ref: r.About, Title: title, URL: URL(ctx, r.Ref)}); err != nil {
			return err
		}
	}
	return journal.Add(ctx, tx, r.Ref, state, map[string]any{"note": note, "verb": r.Verb, "about": r.About.String()})
}

func (r Request) update(ctx context.Context, tx db.Tx, state string) error {
	return db.ExecOne(ctx, tx, `update approval_request set step = $1, role = $2, state = $3, reminded_at = $4, version = version + 1, changed_at = $4, changed_by = $5
		where project_id = $6 and id = $7 and state = 'waiting'`, r.Step, r.Role, state, core.Now(ctx), core.ActorOf(ctx).ID, r.Ref.Project, r.Ref.ID)
}

// Withdraw ends one's own request.
func Withdraw(ctx context.Context, tx db.Tx, id core.ID) error {
	r, err := Get(ctx, tx, core.ProjectOf(ctx).ID, id, true)
	if err != nil {
		return err
	}
	if r.State != Waiting || r.Requester != core.ActorOf(ctx).ID {
		return core.Conflict("只能撤回自己还没有结果的申请", "Only your own undecided request can be withdrawn")
	}
	if err := r.update(ctx, tx, Withdrawn); err != nil {
		return err
	}
	return journal.Add(ctx, tx, r.Ref, Withdrawn, nil)
}

// Get reads one request; lock holds it for a decision.
func Get(ctx context.Context, tx db.Tx, project, id core.ID, lock bool) (Request, error) {
	query := "select " + columns + " from approval_request where project_id = $1 and id = $2"
	if lock {
		query = db.Locked(tx, query)
	}
	r, err := db.One(ctx, tx, (*Request).dest, query, project, id)
	if err != nil {
		return r, err
	}
	return r.complete(ctx, tx)
}

func list(ctx context.Context, tx db.Tx, where string, args ...any) ([]Request, error) {
	rs, err := db.All(ctx, tx, (*Request).dest, "select "+columns+" from approval_request where "+where, args...)
	for i := range rs {
		if err == nil {
			rs[i], err = rs[i].complete(ctx, tx)
		}
	}
	return rs, err
}

// For lists what waits for one of the roles in a project, the oldest first: at most limit of those that come behind the
// request after. Each role's are found by the index of what waits.
func For(ctx context.Context, tx db.Tx, project core.ID, roles []core.Role, after core.ID, limit int) ([]Request, error) {
	args, branches := []any{project, int64(after), limit}, []string{}
	for _, role := range slices.Compact(slices.Sorted(slices.Values(roles))) {
		args = append(args, role)
		branches = append(branches, fmt.Sprintf("select * from (select id from approval_request where project_id = $1 and role = $%d and state = 'waiting' and id > $2 order by id limit $3) r%d", len(args), len(args)))
	}
	if len(branches) == 0 {
		return nil, nil
	}
	return list(ctx, tx, "project_id = $1 and id in ("+strings.Join(branches, " union all ")+") order by id limit $3", args...)
}

// Of lists the requests about a record, newest first.
func Of(ctx context.Context, tx db.Tx, about core.Ref) ([]Request, error) {
	return list(ctx, tx, "project_id = $1 and kind = $2 and record_id = $3 order by id desc", about.Project, about.Kind, about.ID)
}

// Vote is one decision on a request.
type Vote struct {
	Step int64
	Role core.Role
	Yes  bool
	Note string
	Name string
	For  string // in whose place, when by delegation
	At   time.Time
}

// Votes lists a request's decisions.
func Votes(ctx context.Context, tx db.Tx, ref core.Ref) ([]Vote, error) {
	return db.All(ctx, tx, func(v *Vote) []any { return []any{&v.Step, &v.Role, &v.Yes, &v.Note, &v.Name, &v.For, &v.At} },
		"select step, role, yes, note, voter_name, principal_name, at from approval_vote where project_id = $1 and request_id = $2 order by id", ref.Project, ref.ID)
}
