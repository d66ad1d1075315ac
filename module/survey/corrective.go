package survey

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
)

// The states of an action (C5.2).
const (
	ActionOpen     = "open"     // 待分析
	ActionAnalysed = "analysed" // 待定措施
	ActionPlanned  = "planned"  // 落实中
	ActionDone     = "done"     // 待验证
	ActionVerified = "verified" // 待关闭
	ActionClosed   = "closed"   // 已关闭
)

// Action is what is put right after a survey (纠正预防措施, C5.2): a dimension that stayed below its target, or a problem
// that the answers named. It has one person responsible, who is pressed until it is done (E5.2).
type Action struct {
	Ref        core.Ref
	Version    int64
	Round      core.ID
	Number     string // the survey's
	Dimension  string
	Rate       core.Rate
	Target     core.Rate
	Problem    string
	Owner      core.ID
	OwnerName  string
	Department string
	Due        core.Date
	Cause      string
	Measure    string
	Evidence   string
	Done       time.Time
	Verifier   string
	Finding    string
	Verified   time.Time
	Closed     time.Time
	Urged      int64
	UrgeNote   string
	State      string
}

// Title says the problem: what somebody wrote, or which dimension stayed below its target.
func (a Action) Title() core.Text {
	if a.Problem != "" {
		return core.Text{ZH: a.Problem, EN: a.Problem}
	}
	return core.T("%s满意率 %s,低于目标 %s", "%s: %s satisfied, below the target of %s", core.Label(Dimensions(), a.Dimension), a.Rate, a.Target)
}

func (a *Action) dest() []any {
	return []any{&a.Ref.Project, &a.Ref.ID, &a.Version, &a.Round, &a.Number, &a.Dimension, &a.Rate, &a.Target, &a.Problem, &a.Owner, &a.OwnerName, &a.Department, &a.Due, &a.Cause, &a.Measure, &a.Evidence, &a.Done,
		&a.Verifier, &a.Finding, &a.Verified, &a.Closed, &a.Urged, &a.UrgeNote, &a.State}
}

const actionColumns = "project_id, id, version, round_id, number, dimension, rate, target, problem, owner_id, owner, department, due_day, cause, measure, evidence, done_at, verifier, finding, verified_at, closed_at, urged, urge_note, state"

// ActionKind is the register of actions.
func ActionKind() register.Kind {
	return register.Kind{Name: "survey-action", Plural: "survey-actions", Label: core.T("调查纠正预防措施", "Survey actions"), Table: "survey_action", Choices: map[string][]core.Choice{"dimension": Dimensions()},
		About: func(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
			a, err := GetAction(ctx, tx, id)
			return core.T("%s · %s", "%s · %s", a.Number, a.Title()), err
		}, Events: map[string]core.Text{"opened": core.T("立项:{problem}", "opened: {problem}"), "below": core.T("立项:{dimension}满意率 {rate},低于目标 {target}", "opened: {dimension}: {rate} satisfied, below the target of {target}"), "assigned": core.T("落实到 {owner}({department}),限 {due}", "given to {owner} ({department}), due {due}"), "analysed": core.T("原因:{cause}", "cause: {cause}"),
			"planned": core.T("措施:{measure}", "measure: {measure}"), "done": core.T("已落实:{evidence}", "carried out: {evidence}"), "verified": core.T("验证有效:{finding}", "verified: {finding}"), "again": core.T("验证无效,重新落实:{finding}", "not effective, again: {finding}"),
			"closed": core.T("关闭", "closed"), "urged": core.T("督促:{note}", "pressed: {note}")}}
}

func actionStates() []core.Choice {
	return []core.Choice{{Value: ActionOpen, Label: core.T("待分析", "To be analysed")}, {Value: ActionAnalysed, Label: core.T("待定措施", "To be planned")}, {Value: ActionPlanned, Label: core.T("落实中", "Being carried out")},
		{Value: ActionDone, Label: core.T("待验证", "To be verified")}, {Value: ActionVerified, Label: core.T("待关闭", "To be closed")}, {Value: ActionClosed, Label: core.T("已关闭", "Closed")}}
}

// GetAction reads one action of the request's project.
func GetAction(ctx context.Context, tx db.Tx, id core.ID) (Action, error) {
	return actionBy(ctx, tx, "select "+actionColumns+" from survey_action where project_id = $1 and id = $2", id)
}

func actionBy(ctx context.Context, tx db.Tx, query string, id core.ID) (Action, error) {
	a, err := db.One(ctx, tx, (*Action).dest, query, core.ProjectOf(ctx).ID, id)
	a.Ref.Kind = "survey-action"
	return a, err
}

func actions(ctx context.Context, tx db.Tx, where string, args ...any) ([]Action, error) {
	as, err := db.All(ctx, tx, (*Action).dest, "select "+actionColumns+" from survey_action where "+where, args...)
	for i := range as {
		as[i].Ref.Kind = "survey-action"
	}
	return as, err
}

func actionsOf(ctx context.Context, tx db.Tx, round core.ID) ([]Action, error) {
	return actions(ctx, tx, "project_id = $1 and round_id = $2 order by id", core.ProjectOf(ctx).ID, round)
}

func findActions(ctx context.Context, tx db.Tx, q register.Query) ([]Action, error) {
	where, args := []string{"project_id = $1"}, []any{core.ProjectOf(ctx).ID}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	switch s := q.Filter["state"]; s {
	case "":
	case "unclosed":
		where = append(where, "state <> 'closed'")
	default:
		add("state = ?", s)
	}
	if q.Filter["mine"] == "mine" {
		add("owner_id = ?", core.ActorOf(ctx).ID)
	}
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, core.NotFound()
		}
		add("id < ?", id)
	}
	args = append(args, max(q.Limit, 1))
	return actions(ctx, tx, fmt.Sprintf("%s order by id desc limit $%d", strings.Join(where, " and "), len(args)), args...)
}

// openActions opens one for each dimension below its target (C5.2).
func openActions(ctx context.Context, tx db.Tx, r Round) error {
	on, err := regulation.On(ctx, tx, "C5.2")
	if err != nil || !on {
		return err
	}
	have, err := actionsOf(ctx, tx, r.Ref.ID)
	if err != nil {
		return err
	}
	for _, g := range r.Figures.below(r.Targets) {
		if containsDimension(have, g.Name) {
			continue
		}
		rate, _ := g.Score.Rate()
		if _, err := openAction(ctx, tx, r, Action{Dimension: g.Name, Rate: rate, Target: r.Targets.Of(g.Name)}); err != nil {
			return err
		}
	}
	return nil
}

func containsDimension(as []Action, dimension string) bool {
	for _, a := range as {
		if a.Dimension == dimension {
			return true
		}
	}
	return false
}

// openAction stores an action and opens its duty, which the quality role owes until somebody is named.
func openAction(ctx context.Context, tx db.Tx, r Round, a Action) (core.ID, error) {
	if a.Due == "" {
		var err error
		if a.Due, err = termOf(ctx, tx); err != nil {
			return 0, err
		}
	}
	a.Ref = core.Ref{Project: r.Ref.Project, Kind: "survey-action", ID: tx.NewID()}
	_, err := db.Exec(ctx, tx, `insert into survey_action (project_id, id, created_at, created_by, changed_at, changed_by, round_id, number, dimension, rate, target, problem, owner_id, owner, department, due_day, urged, state)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,0,'open')`, a.Ref.Project, a.Ref.ID, core.Now(ctx), core.ActorOf(ctx).ID, r.Ref.ID, r.Number, a.Dimension, a.Rate, a.Target, a.Problem, a.Owner, a.OwnerName, a.Department, a.Due)
	if err == nil {
		err = owes(ctx, tx, a)
	}
	if err != nil {
		return 0, err
	}
	if a.Problem == "" {
		return a.Ref.ID, journal.Add(ctx, tx, a.Ref, "below", map[string]string{"dimension": a.Dimension, "rate": a.Rate.String(), "target": a.Target.String()})
	}
	return a.Ref.ID, journal.Add(ctx, tx, a.Ref, "opened", map[string]string{"problem": a.Problem})
}

// termOf is the day by which an action is done, unless another is named (C5.2).
func termOf(ctx context.Context, tx db.Tx) (core.Date, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return "", err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	return core.DateOf(clock.Due(core.Now(ctx), rules.Span("C5.2", "term"), "").Add(-time.Microsecond), zoneOf(clock)), err
}

func zoneOf(c calendar.Clock) *time.Location {
	if c.Zone == nil {
		return core.China
	}
	return c.Zone
}

// owes opens the action's duty (C5.2), for its person if there is one.
func owes(ctx context.Context, tx db.Tx, a Action) error {
	opts := []duty.Option{duty.Number("term"), duty.Due(a.Due.Add(1).Time(core.ProjectOf(ctx).Zone)), duty.Again(), duty.About(core.T("纠正预防:%s", "Put right: %s", a.Title()), ActionKind().Href(ctx, a.Ref.ID))}
	if a.Owner != 0 {
		opts = append(opts, duty.To(a.Owner))
	}
	return duty.Open(ctx, tx, "C5.2", a.Ref, opts...)
}

// ProblemIn is a problem that somebody found in the answers.
type ProblemIn struct {
	Dimension  string
	Problem    string
	Owner      core.ID
	Department string
	Due        core.Date
}

func canAct(_ context.Context, _ db.Tx, r Round) error {
	return in(r, StateEnded, StateAnalysed, StateApproved, StateDistributed)
}

// Act opens an action for a problem that the survey named, with its person and term (E5.2).
func Act(ctx context.Context, tx db.Tx, id core.ID, p ProblemIn) (core.ID, error) {
	name, err := ownerName(ctx, tx, p.Owner)
	if err != nil {
		return 0, err
	}
	var action core.ID
	err = change(ctx, tx, id, canAct, "action", map[string]string{"problem": p.Problem}, func(r *Round) (err error) {
		rate, _ := r.Figures.Dimension(p.Dimension).Score.Rate()
		action, err = openAction(ctx, tx, *r, Action{Dimension: p.Dimension, Rate: rate, Target: r.Targets.Of(p.Dimension), Problem: p.Problem, Owner: p.Owner, OwnerName: name, Department: p.Department, Due: p.Due})
		return err
	})
	return action, err
}

type actionCheck func(context.Context, db.Tx, Action) error

// step is an action's frame.
func step(ctx context.Context, tx db.Tx, id core.ID, can actionCheck, verb string, payload any, fn func(*Action) error) error {
	a, err := actionBy(ctx, tx, db.Locked(tx, "select "+actionColumns+" from survey_action where project_id = $1 and id = $2"), id)
	if err == nil {
		err = can(ctx, tx, a)
	}
	if err == nil {
		err = fn(&a)
	}
	if err == nil {
		err = db.ExecOne(ctx, tx, `update survey_action set owner_id = $1, owner = $2, department = $3, due_day = $4, cause = $5, measure = $6, evidence = $7, done_at = $8, verifier = $9, finding = $10, verified_at = $11, closed_at = $12,
			urged = $13, urge_note = $14, state = $15, version = version + 1, changed_at = $16, changed_by = $17 where project_id = $18 and id = $19 and version = $20`, a.Owner, a.OwnerName, a.Department, a.Due, a.Cause, a.Measure, a.Evidence, a.Done,
			a.Verifier, a.Finding, a.Verified, a.Closed, a.Urged, a.UrgeNote, a.State, core.Now(ctx), core.ActorOf(ctx).ID, a.Ref.Project, a.Ref.ID, a.Version)
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(a.Ref.Project))
	return journal.Add(ctx, tx, a.Ref, verb, payload)
}

func actionIn(a Action, states ...string) error { return inOne(a.State, actionStates(), states...) }

// Assignment gives an action to somebody, with a term.
type Assignment struct {
	Owner      core.ID
	Department string
	Due        core.Date
}

func canAssign(_ context.Context, _ db.Tx, a Action) error {
	return actionIn(a, ActionOpen, ActionAnalysed, ActionPlanned)
}

// AssignAction names who is responsible (E5.2).
func AssignAction(ctx context.Context, tx db.Tx, id core.ID, as Assignment) error {
	name, err := nameOf(ctx, tx, "owner", as.Owner)
	if err != nil {
		return err
	}
	return step(ctx, tx, id, canAssign, "assigned", map[string]string{"owner": name, "department": as.Department, "due": string(as.Due)}, func(a *Action) error {
		a.Owner, a.OwnerName, a.Department = as.Owner, name, as.Department
		if as.Due != "" && as.Due != a.Due {
			a.Due = as.Due
			if err := duty.Void(ctx, tx, "C5.2", a.Ref, string(as.Due)); err != nil {
				return err
			}
			return owes(ctx, tx, *a)
		}
		if err := duty.Assign(ctx, tx, "C5.2", a.Ref, as.Owner); err != nil {
			return err
		}
		return notify.Tell(ctx, tx, a.Ref.Project, as.Owner, notify.Message{Ref: a.Ref, URL: ActionKind().Href(ctx, id), Title: core.T("请负责改进:%s", "You are to put this right: %s", a.Title())})
	})
}

// canAnalyseAction: E5.2, somebody is responsible first.
func canAnalyseAction(ctx context.Context, tx db.Tx, a Action) error {
	if err := actionIn(a, ActionOpen); err != nil {
		return err
	}
	return regulation.Require(ctx, tx, "E5.2", a.Owner != 0, "问题还没有落实到责任人", "The problem has nobody responsible yet")
}

// AnalyseAction says why.
func AnalyseAction(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return step(ctx, tx, id, canAnalyseAction, "analysed", map[string]string{"cause": w.Text}, func(a *Action) error {
		a.State, a.Cause = ActionAnalysed, w.Text
		return nil
	})
}

// Word is a text.
type Word struct{ Text string }

func canPlanAction(_ context.Context, _ db.Tx, a Action) error { return actionIn(a, ActionAnalysed) }

// PlanAction says what is to be done.
func PlanAction(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return step(ctx, tx, id, canPlanAction, "planned", map[string]string{"measure": w.Text}, func(a *Action) error {
		a.State, a.Measure = ActionPlanned, w.Text
		return nil
	})
}

func canDoAction(_ context.Context, _ db.Tx, a Action) error { return actionIn(a, ActionPlanned) }

// DoAction says what was done.
func DoAction(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return step(ctx, tx, id, canDoAction, "done", map[string]string{"evidence": w.Text}, func(a *Action) error {
		a.State, a.Evidence, a.Done = ActionDone, w.Text, core.Now(ctx)
		return nil
	})
}

// Finding is what the check found.
type Finding struct {
	Good    bool
	Finding string
}

// canVerify: E5.2, who is responsible does not verify his own work.
func canVerify(ctx context.Context, tx db.Tx, a Action) error {
	if err := actionIn(a, ActionDone); err != nil {
		return err
	}
	return regulation.Require(ctx, tx, "E5.2", a.Owner == 0 || a.Owner != core.ActorOf(ctx).ID, "责任人不能验证自己的改进", "Who is responsible does not verify his own work")
}

// VerifyAction finds whether it helped; what did not is carried out again.
func VerifyAction(ctx context.Context, tx db.Tx, id core.ID, f Finding) error {
	verb := "verified"
	if !f.Good {
		verb = "again"
	}
	return step(ctx, tx, id, canVerify, verb, map[string]string{"finding": f.Finding}, func(a *Action) error {
		a.Finding, a.Verifier = f.Finding, core.ActorOf(ctx).Name
		if !f.Good {
			a.State, a.Done = ActionPlanned, time.Time{}
			return nil
		}
		a.State, a.Verified = ActionVerified, core.Now(ctx)
		return nil
	})
}

// canCloseAction: C5.2, only what was carried out and verified is closed.
func canCloseAction(ctx context.Context, tx db.Tx, a Action) error {
	if a.State == ActionClosed {
		return actionIn(a, ActionVerified)
	}
	return regulation.Require(ctx, tx, "C5.2", a.State == ActionVerified, "措施还没有落实并验证有效", "The measure has not been carried out and verified yet")
}

// CloseAction ends it, and its duty.
func CloseAction(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) error {
	return step(ctx, tx, id, canCloseAction, "closed", nil, func(a *Action) error {
		a.State, a.Closed = ActionClosed, core.Now(ctx)
		return duty.Done(ctx, tx, "C5.2", a.Ref)
	})
}

func canUrge(ctx context.Context, tx db.Tx, a Action) error {
	if a.State == ActionClosed {
		return actionIn(a, ActionOpen)
	}
	return regulation.Require(ctx, tx, "E5.2", a.Owner != 0, "问题还没有落实到责任人", "The problem has nobody responsible yet")
}

// Urge presses who is responsible (E5.2).
func Urge(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return step(ctx, tx, id, canUrge, "urged", map[string]string{"note": w.Text}, func(a *Action) error {
		a.Urged, a.UrgeNote = a.Urged+1, w.Text
		return notify.Tell(ctx, tx, a.Ref.Project, a.Owner, notify.Message{Ref: a.Ref, URL: ActionKind().Href(ctx, id), Urgent: true, Title: core.T("督促改进:%s", "Pressed to improve: %s", w.Text)})
	})
}

// ActionsOf are a survey's actions, the oldest first.
func ActionsOf(ctx context.Context, tx db.Tx, round core.ID) ([]Action, error) {
	return actionsOf(ctx, tx, round)
}
