package survey

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
)

// The states of a plan.
const (
	PlanDraft    = "draft"    // 草拟
	PlanWaiting  = "waiting"  // 待批
	PlanApproved = "approved" // 已批准
)

// Plan is a year's plan of surveys (年度计划, B7.1).
type Plan struct {
	Ref       core.Ref
	Version   int64
	Year      int64
	Objective string
	Audience  string
	Method    string
	Schedule  string
	Owner     core.ID // who is responsible for the year's surveys
	OwnerName string
	State     string
	Approved  time.Time
}

func (p *Plan) dest() []any {
	return []any{&p.Ref.Project, &p.Ref.ID, &p.Version, &p.Year, &p.Objective, &p.Audience, &p.Method, &p.Schedule, &p.Owner, &p.OwnerName, &p.State, &p.Approved}
}

const planColumns = "project_id, id, version, year, objective, audience, method, schedule, owner_id, owner, state, approved_at"

const planVerb = "survey.plan"

// PlanKind is the register of plans.
func PlanKind() register.Kind {
	return register.Kind{Name: "survey-plan", Plural: "survey-plans", Label: core.T("调查年度计划", "Survey plans"), Table: "survey_plan", Events: map[string]core.Text{
		"made": core.T("制订 {year} 年计划,负责人 {owner}", "made the plan of {year}; {owner} is responsible"), "edited": core.T("修改计划,负责人 {owner}", "changed the plan; {owner} is responsible"),
		"submitted": core.T("提交审批", "submitted it"), "approved": core.T("计划获批准", "the plan was approved"), "declined": core.T("计划退回", "the plan came back")}}
}

func planStates() []core.Choice {
	return []core.Choice{{Value: PlanDraft, Label: core.T("草拟", "Draft")}, {Value: PlanWaiting, Label: core.T("待批", "To be approved")}, {Value: PlanApproved, Label: core.T("已批准", "Approved")}}
}

// GetPlan reads one plan of the request's project.
func GetPlan(ctx context.Context, tx db.Tx, id core.ID) (Plan, error) {
	return planBy(ctx, tx, "select "+planColumns+" from survey_plan where project_id = $1 and id = $2", id)
}

func planBy(ctx context.Context, tx db.Tx, query string, id core.ID) (Plan, error) {
	p, err := db.One(ctx, tx, (*Plan).dest, query, core.ProjectOf(ctx).ID, id)
	p.Ref.Kind = "survey-plan"
	if err == nil && p.State == PlanWaiting {
		var waits bool
		if waits, err = waiting(ctx, tx, p.Ref); !waits { // it came back
			p.State = PlanDraft
		}
	}
	return p, err
}

// waiting reports whether an approval is asked for a record and has no answer yet.
func waiting(ctx context.Context, tx db.Tx, ref core.Ref) (bool, error) {
	rs, err := approval.Of(ctx, tx, ref)
	return slices.ContainsFunc(rs, func(r approval.Request) bool { return r.State == approval.Waiting }), err
}

// planOf is the plan of a year, approved or not.
func planOf(ctx context.Context, tx db.Tx, year int64) (Plan, bool, error) {
	p, ok, err := db.Maybe(ctx, tx, (*Plan).dest, "select "+planColumns+" from survey_plan where project_id = $1 and year = $2", core.ProjectOf(ctx).ID, year)
	p.Ref.Kind = "survey-plan"
	return p, ok, err
}

func yearOf(d core.Date) int64 {
	y, _ := strconv.ParseInt(string(d[:4]), 10, 64)
	return y
}

func findPlans(ctx context.Context, tx db.Tx, q register.Query) ([]Plan, error) {
	before := int64(9999)
	if q.After != "" {
		var err error
		if before, err = strconv.ParseInt(q.After, 10, 64); err != nil {
			return nil, core.NotFound()
		}
	}
	ps, err := db.All(ctx, tx, (*Plan).dest, "select "+planColumns+" from survey_plan where project_id = $1 and year < $2 order by year desc limit $3", core.ProjectOf(ctx).ID, before, max(q.Limit, 1))
	for i := range ps {
		ps[i].Ref.Kind = "survey-plan"
	}
	return ps, err
}

// PlanIn is what a plan says.
type PlanIn struct {
	Year                                  int64
	Owner                                 core.ID
	Objective, Audience, Method, Schedule string
}

// canPlan: B7.1, somebody is named responsible.
func canPlan(ctx context.Context, tx db.Tx, in PlanIn) error {
	return regulation.Require(ctx, tx, "B7.1", in.Owner != 0, "客户调查要有专人负责:请指定负责人", "Surveys have somebody responsible: name the person")
}

// MakePlan drafts a year's plan.
func MakePlan(ctx context.Context, tx db.Tx, _ core.ID, in PlanIn) (core.ID, error) {
	if in.Year == 0 {
		in.Year = yearOf(core.Today(ctx))
	}
	name, err := ownerName(ctx, tx, in.Owner)
	if err == nil {
		err = canPlan(ctx, tx, in)
	}
	if err != nil {
		return 0, err
	}
	p := core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "survey-plan", ID: tx.NewID()}
	n, err := db.Exec(ctx, tx, `insert into survey_plan (project_id, id, created_at, created_by, changed_at, changed_by, year, objective, audience, method, schedule, owner_id, owner, state)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,'draft') on conflict do nothing`, p.Project, p.ID, core.Now(ctx), core.ActorOf(ctx).ID, in.Year, in.Objective, in.Audience, in.Method, in.Schedule, in.Owner, name)
	if err == nil && n == 0 {
		err = core.Invalid("year", "%d 年的计划已经有了", "There is a plan of %d already", in.Year)
	}
	if err != nil {
		return 0, err
	}
	tx.Publish(Topic(p.Project))
	return p.ID, journal.Add(ctx, tx, p, "made", map[string]string{"year": fmt.Sprint(in.Year), "owner": name})
}

func ownerName(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
	if id == 0 {
		return "", nil
	}
	return nameOf(ctx, tx, "owner", id)
}

// changePlan is a plan's frame: locked, checked, worked on, written.
func changePlan(ctx context.Context, tx db.Tx, id core.ID, states []string, verb string, payload any, fn func(*Plan) error) error {
	p, err := planBy(ctx, tx, db.Locked(tx, "select "+planColumns+" from survey_plan where project_id = $1 and id = $2"), id)
	if err == nil {
		err = planIn(p, states...)
	}
	if err == nil {
		err = fn(&p)
	}
	if err == nil {
		err = db.ExecOne(ctx, tx, `update survey_plan set objective = $1, audience = $2, method = $3, schedule = $4, owner_id = $5, owner = $6, state = $7, approved_at = $8,
			version = version + 1, changed_at = $9, changed_by = $10 where project_id = $11 and id = $12 and version = $13`, p.Objective, p.Audience, p.Method, p.Schedule, p.Owner, p.OwnerName, p.State, p.Approved,
			core.Now(ctx), core.ActorOf(ctx).ID, p.Ref.Project, p.Ref.ID, p.Version)
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(p.Ref.Project))
	return journal.Add(ctx, tx, p.Ref, verb, payload)
}

func planIn(p Plan, states ...string) error {
	return inOne(p.State, planStates(), states...)
}

// EditPlan changes a draft; an approved plan is drafted anew by it.
func EditPlan(ctx context.Context, tx db.Tx, id core.ID, in PlanIn) error {
	name, err := ownerName(ctx, tx, in.Owner)
	if err == nil {
		err = canPlan(ctx, tx, in)
	}
	if err != nil {
		return err
	}
	return changePlan(ctx, tx, id, []string{PlanDraft, PlanApproved}, "edited", map[string]string{"owner": name}, func(p *Plan) error {
		p.Objective, p.Audience, p.Method, p.Schedule, p.Owner, p.OwnerName, p.State = in.Objective, in.Audience, in.Method, in.Schedule, in.Owner, name, PlanDraft
		return nil
	})
}

// SubmitPlan asks the head of the project for a yes.
func SubmitPlan(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) error {
	return changePlan(ctx, tx, id, []string{PlanDraft}, "submitted", nil, func(p *Plan) error {
		p.State = PlanWaiting
		_, err := approval.Ask(ctx, tx, approval.Request{Verb: planVerb, About: p.Ref, Title: core.T("%d 年客户调查计划", "Survey plan of %d", p.Year), URL: PlanKind().Href(ctx, p.Ref.ID), Clause: "B7.1", Reason: cmp.Or(p.Objective, fmt.Sprint(p.Year))},
			map[string]string{}, above(ctx))
		return err
	})
}

// above is the step that a request of this actor takes: his superior's.
func above(ctx context.Context) approval.Step {
	if a, p := core.ActorOf(ctx), core.ProjectOf(ctx).ID; a.Has(p, core.Manager) || a.Has(p, core.GM) {
		return approval.Step{Role: core.GM}
	}
	return approval.Step{Role: core.Manager}
}

// runPlan is the last yes: the year's duties fall to the person responsible (B7.1, C5.2).
func runPlan(ctx context.Context, tx db.Tx, r approval.Request) error {
	return changePlan(ctx, tx, r.About.ID, []string{PlanWaiting, PlanDraft}, "approved", nil, func(p *Plan) error {
		p.State, p.Approved = PlanApproved, core.Now(ctx)
		if err := donePeriod(ctx, tx, "B7.1", yearMonth(p.Year)); err != nil {
			return err
		}
		if err := openYear(ctx, tx, *p); err != nil {
			return err
		}
		return notify.Tell(ctx, tx, p.Ref.Project, p.Owner, notify.Message{Ref: p.Ref, URL: PlanKind().Href(ctx, p.Ref.ID), Title: core.T("%d 年客户调查由您负责", "You are responsible for the surveys of %d", p.Year)})
	})
}

// openYear opens the year's survey duty for the person responsible, unless the survey is done: the calendar would open
// it in the month in which it is due (C5.2; C7.10 and E5.2 are the same duty).
func openYear(ctx context.Context, tx db.Tx, p Plan) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil || !rules.On("C5.2") {
		return err
	}
	ref, due, err := yearDuty(ctx, tx, rules, p.Year)
	if err != nil || due.Before(core.Now(ctx)) {
		return err
	}
	done, err := surveyed(ctx, tx, p.Year)
	if err != nil || done {
		return err
	}
	if err := duty.Open(ctx, tx, "C5.2", ref, duty.Number("day"), duty.Due(due), duty.To(p.Owner), duty.About(core.T("%d 年满意度调查", "Satisfaction survey of %d", p.Year), "/p/"+core.ProjectOf(ctx).Code+"/survey")); err != nil {
		return err
	}
	return duty.Assign(ctx, tx, "C5.2", ref, p.Owner)
}

// yearDuty is the record and the deadline of a year's survey duty, as the calendar has them.
func yearDuty(ctx context.Context, tx db.Tx, rules *regulation.Rules, year int64) (core.Ref, time.Time, error) {
	spec := rules.Value("C5.2", "day")
	month := core.Month(fmt.Sprintf("%04d-%s", year, spec[:2]))
	ref := duty.PeriodRef(core.ProjectOf(ctx).ID, month)
	clock, err := duty.Clock(ctx, tx, rules)
	if err != nil {
		return ref, time.Time{}, err
	}
	day, err := clock.MonthDay(month, spec)
	return ref, clock.EndOf(clock.Forward(day)), err
}

// surveyed reports whether a full satisfaction survey of the year has reached its report.
func surveyed(ctx context.Context, tx db.Tx, year int64) (bool, error) {
	n, err := db.Value[int64](ctx, tx, `select count(*) from survey_round where project_id = $1 and kind = 'satisfaction' and sample = 'all' and distributed_at is not null
		and end_day between $2 and $3`, core.ProjectOf(ctx).ID, core.Date(fmt.Sprintf("%04d-01-01", year)), core.Date(fmt.Sprintf("%04d-12-31", year)))
	return n > 0, err
}

// donePeriod closes a clause's duties of a month of the project.
func donePeriod(ctx context.Context, tx db.Tx, clause string, month core.Month) error {
	return duty.Done(ctx, tx, clause, duty.PeriodRef(core.ProjectOf(ctx).ID, month))
}

// doneYear closes the year's survey duty once a full survey's report has gone out.
func doneYear(ctx context.Context, tx db.Tx, year int64) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	done, err := surveyed(ctx, tx, year)
	if err != nil || !done {
		return err
	}
	ref, _, err := yearDuty(ctx, tx, rules, year)
	if err != nil {
		return err
	}
	return duty.Done(ctx, tx, "C5.2", ref)
}

// yearMonth is the month in which a year's plan is due.
func yearMonth(year int64) core.Month { return core.Month(fmt.Sprintf("%04d-01", year)) }
