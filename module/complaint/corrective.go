package complaint

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// The states of a measure (C11.3).
const (
	MeasureMade     = "made"     // 待批准
	MeasureApproved = "approved" // 落实中
	MeasureDone     = "done"     // 待检查
	MeasureClosed   = "closed"   // 已关闭
)

// Corrective is a corrective or preventive measure (纠正预防措施, C11.3): drawn up by the responsible department, approved
// by the general manager who names a supervisor, carried out, checked by that supervisor and closed.
type Corrective struct {
	Ref          core.Ref
	Version      int64
	Complaint    core.ID
	Number       string // the complaint's
	Sort         string // "corrective", "preventive"
	Text         string
	Department   string
	Due          core.Date
	State        string
	Supervisor   core.ID
	SupervisorBy string
	Done         time.Time
	Evidence     string
	Checked      time.Time
	Finding      string
}

func (m *Corrective) dest() []any {
	return []any{&m.Ref.Project, &m.Ref.ID, &m.Version, &m.Complaint, &m.Number, &m.Sort, &m.Text, &m.Department, &m.Due, &m.State, &m.Supervisor, &m.SupervisorBy, &m.Done, &m.Evidence, &m.Checked, &m.Finding}
}

const measureColumns = "project_id, id, version, complaint_id, number, sort, text, department, due_day, state, supervisor_id, supervisor, done_at, evidence, checked_at, finding"

// MeasureKind is the register of measures.
func MeasureKind() register.Kind {
	return register.Kind{Name: "complaint-action", Plural: "complaint-actions", Label: core.T("纠正预防措施", "Corrective measures"), Table: "complaint_action", Events: map[string]core.Text{
		"made": core.T("制定:{text}", "drawn up: {text}"), "approved": core.T("批准,监督人 {supervisor}", "approved, supervised by {supervisor}"), "done": core.T("落实:{text}", "carried out: {text}"),
		"closed": core.T("检查关闭:{text}", "checked and closed: {text}"), "again": core.T("检查不合格:{text}", "not good enough: {text}")}}
}

func measureStates() []core.Choice {
	return []core.Choice{{Value: MeasureMade, Label: core.T("待批准", "To be approved")}, {Value: MeasureApproved, Label: core.T("落实中", "Being carried out")}, {Value: MeasureDone, Label: core.T("待检查", "To be checked")}, {Value: MeasureClosed, Label: core.T("已关闭", "Closed")}}
}

func sorts() []core.Choice {
	return []core.Choice{{Value: "corrective", Label: core.T("纠正", "Corrective")}, {Value: "preventive", Label: core.T("预防", "Preventive")}}
}

func (m Corrective) complaintOf(ctx context.Context, tx db.Tx) error {
	c, err := Get(ctx, tx, m.Complaint)
	if err == nil {
		err = readable(ctx, tx, c)
	}
	return err
}

// GetMeasure reads one measure of the request's project; that of a complaint against the reader stays shut (C13.1).
func GetMeasure(ctx context.Context, tx db.Tx, id core.ID) (Corrective, error) {
	return measureBy(ctx, tx, "select "+measureColumns+" from complaint_action where project_id = $1 and id = $2", id)
}

func measureBy(ctx context.Context, tx db.Tx, query string, id core.ID) (Corrective, error) {
	m, err := db.One(ctx, tx, (*Corrective).dest, query, core.ProjectOf(ctx).ID, id)
	m.Ref.Kind = "complaint-action"
	if err == nil {
		err = m.complaintOf(ctx, tx)
	}
	if err != nil {
		return Corrective{}, err
	}
	return m, nil
}

// Draft is a measure as the responsible department draws it up.
type Draft struct {
	Sort       string
	Text       string
	Department string
	Due        core.Date
}

func canDraft(_ context.Context, _ db.Tx, c Case) error {
	if c.State == StateVoid || c.State == StateDeclined || c.State == StateNew || c.State == StateJudged {
		return in(c, StateAccepted)
	}
	return nil
}

// DrawUp draws a measure up for a complaint and tells the general manager (C11.3).
func DrawUp(ctx context.Context, tx db.Tx, id core.ID, d Draft) (measure core.ID, err error) {
	err = change(ctx, tx, id, canDraft, "action", map[string]string{"text": d.Text, "department": d.Department}, func(c *Case) error {
		m := core.Ref{Project: c.Ref.Project, Kind: "complaint-action", ID: tx.NewID()}
		measure = m.ID
		_, err := db.Exec(ctx, tx, `insert into complaint_action (project_id, id, created_at, created_by, changed_at, changed_by, complaint_id, number, sort, text, department, due_day, state)
			values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,'made')`, m.Project, m.ID, core.Now(ctx), core.ActorOf(ctx).ID, c.Ref.ID, c.Number, d.Sort, d.Text, d.Department, d.Due)
		if err == nil {
			err = notify.TellRole(ctx, tx, m.Project, core.GM, notify.Message{Ref: m, URL: MeasureKind().Href(ctx, m.ID), Title: core.T("纠正预防措施待批准:%s", "A measure to approve: %s", c.title())})
		}
		if err != nil {
			return err
		}
		return journal.Add(ctx, tx, m, "made", map[string]string{"text": d.Text})
	})
	return measure, err
}

// step is a measure's frame.
func step(ctx context.Context, tx db.Tx, id core.ID, check func(context.Context, db.Tx, Corrective) error, verb string, payload any, fn func(*Corrective) error) error {
	m, err := measureBy(ctx, tx, db.Locked(tx, "select "+measureColumns+" from complaint_action where project_id = $1 and id = $2"), id)
	if err == nil {
		err = check(ctx, tx, m)
	}
	if err == nil {
		err = fn(&m)
	}
	if err == nil {
		err = db.ExecOne(ctx, tx, `update complaint_action set state = $1, supervisor_id = $2, supervisor = $3, done_at = $4, evidence = $5, checked_at = $6, finding = $7,
			version = version + 1, changed_at = $8, changed_by = $9 where project_id = $10 and id = $11 and version = $12`,
			m.State, m.Supervisor, m.SupervisorBy, m.Done, m.Evidence, m.Checked, m.Finding, core.Now(ctx), core.ActorOf(ctx).ID, m.Ref.Project, m.Ref.ID, m.Version)
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(m.Ref.Project))
	return journal.Add(ctx, tx, m.Ref, verb, payload)
}

// Naming is the general manager's yes with the supervisor whom he names.
type Naming struct{ Supervisor core.ID }

func canName(_ context.Context, _ db.Tx, m Corrective) error { return inState(m, MeasureMade) }

func inState(m Corrective, state string) error {
	if m.State == state {
		return nil
	}
	return register.Later("现在的状态是「%s」", "It is “%s” now", core.Label(measureStates(), m.State))
}

// ApproveMeasure approves a measure and names who supervises it; from now on the department owes it (C11.3).
func ApproveMeasure(ctx context.Context, tx db.Tx, id core.ID, n Naming) error {
	name, err := nameOf(ctx, tx, "supervisor", n.Supervisor)
	if err != nil {
		return err
	}
	return step(ctx, tx, id, canName, "approved", map[string]string{"supervisor": name}, func(m *Corrective) error {
		m.State, m.Supervisor, m.SupervisorBy = MeasureApproved, n.Supervisor, name
		end := m.Due.Add(1).Time(core.ProjectOf(ctx).Zone)
		return duty.Open(ctx, tx, "C11.3", m.Ref, duty.Due(end), duty.Again(), duty.About(core.T("落实纠正预防措施:%s", "Carry out the measure: %s", m.Number), MeasureKind().Href(ctx, id)))
	})
}

// canCarryOut: C11.3, what the general manager has not approved is not carried out.
func canCarryOut(ctx context.Context, tx db.Tx, m Corrective) error {
	if m.State == MeasureMade {
		return regulation.Guard(ctx, tx, "C11.3", false, core.T("措施还没有经总经理批准并指派监督人", "The general manager has not approved the measure and named its supervisor"))
	}
	return inState(m, MeasureApproved)
}

// CarryOut records what was done.
func CarryOut(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return step(ctx, tx, id, canCarryOut, "done", map[string]string{"text": w.Text}, func(m *Corrective) error {
		m.State, m.Done, m.Evidence = MeasureDone, core.Now(ctx), w.Text
		return nil
	})
}

// Check is the supervisor's finding.
type Check struct {
	Good    bool
	Finding string
}

// canCheck: C11.3, the supervisor who was named checks.
func canCheck(ctx context.Context, tx db.Tx, m Corrective) error {
	if err := inState(m, MeasureDone); err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "C11.3", m.Supervisor == core.ActorOf(ctx).ID, core.T("由总经理指派的监督人检查", "The supervisor named by the general manager checks it"))
}

// CheckMeasure closes a measure that was carried out well, or sends it back (C11.3).
func CheckMeasure(ctx context.Context, tx db.Tx, id core.ID, in Check) error {
	verb := "closed"
	if !in.Good {
		verb = "again"
	}
	return step(ctx, tx, id, canCheck, verb, map[string]string{"text": in.Finding}, func(m *Corrective) error {
		m.Finding = in.Finding
		if !in.Good {
			m.State, m.Done = MeasureApproved, time.Time{}
			return nil
		}
		m.State, m.Checked = MeasureClosed, core.Now(ctx)
		return duty.Done(ctx, tx, "C11.3", m.Ref)
	})
}

func findMeasures(ctx context.Context, tx db.Tx, q register.Query) ([]Corrective, error) {
	c := db.Where{Conds: []string{"a.project_id = $1"}, Args: []any{core.ProjectOf(ctx).ID}}
	if s := q.Filter["state"]; s != "" {
		c.Add("a.state = ?", s)
	}
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		c.Add("a.id < ?", id)
	}
	if err := notAgainstMe(ctx, tx, &c); err != nil {
		return nil, err
	}
	c.Args = append(c.Args, max(q.Limit, 1))
	return measuresWhere(ctx, tx, fmt.Sprintf("%s order by a.id desc limit $%d", c.String(), len(c.Args)), c.Args...)
}

func measuresWhere(ctx context.Context, tx db.Tx, where string, args ...any) ([]Corrective, error) {
	ms, err := db.All(ctx, tx, (*Corrective).dest, "select a."+strings.ReplaceAll(measureColumns, ", ", ", a.")+" from complaint_action a join complaint_case c on c.project_id = a.project_id and c.id = a.complaint_id where "+where, args...)
	for i := range ms {
		ms[i].Ref.Kind = "complaint-action"
	}
	return ms, err
}

// measureChecked turns a measure's check into a verb's; what is not its turn has no button.
func measureChecked(verb string, check func(context.Context, db.Tx, Corrective) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		m, err := GetMeasure(ctx, tx, id)
		if err == nil {
			err = check(ctx, tx, m)
		}
		if !tx.Writing() && register.IsLater(err) {
			return core.Forbidden("complaint-action." + verb)
		}
		return err
	}
}

func correctives() register.Register[Corrective] {
	f := func(name, zh, en string, ptr func(*Corrective) any, choices ...core.Choice) core.Field[Corrective] {
		return core.Field[Corrective]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return register.Register[Corrective]{Kind: MeasureKind(), Viewers: readers(), Export: []core.Role{core.Manager, core.GM}, Columns: []string{"number", "sort", "text", "department", "due", "state", "supervisor"},
		Fields: []core.Field[Corrective]{f("number", "投诉编号", "Complaint", func(m *Corrective) any { return &m.Number }), f("sort", "种类", "Sort", func(m *Corrective) any { return &m.Sort }, sorts()...), f("text", "措施", "Measure", func(m *Corrective) any { return &m.Text }),
			f("department", "责任部门", "Department", func(m *Corrective) any { return &m.Department }), f("due", "期限", "Due", func(m *Corrective) any { return &m.Due }), f("state", "状态", "State", func(m *Corrective) any { return &m.State }, measureStates()...),
			f("supervisor", "监督人", "Supervised by", func(m *Corrective) any { return &m.SupervisorBy }), f("evidence", "落实情况", "Carried out", func(m *Corrective) any { return &m.Evidence }), f("finding", "检查结果", "Finding", func(m *Corrective) any { return &m.Finding })},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: measureStates()}},
		ID:      func(m *Corrective) core.ID { return m.Ref.ID }, Version: func(m *Corrective) int64 { return m.Version }, Cursor: func(m *Corrective) string { return m.Ref.ID.String() }, Find: findMeasures, Get: GetMeasure, Topic: "complaint",
		Verbs: []register.Verber{
			register.Verb[Naming]{Name: "approve", Label: core.T("批准并指派监督人", "Approve and name a supervisor"), Roles: []core.Role{core.GM}, Primary: true, Clause: "C11.3", Can: measureChecked("approve", canName), Do: register.Doing(ApproveMeasure), Choices: people("supervisor", false),
				Fields: []core.Field[Naming]{core.Ask("supervisor", "监督人", "Supervisor", func(n *Naming) any { return &n.Supervisor }, core.Required)}},
			register.Verb[Word]{Name: "done", Label: core.T("已落实", "Carried out"), Roles: readers(), Primary: true, Clause: "C11.3", Can: measureChecked("done", canCarryOut), Do: register.Doing(CarryOut),
				Fields: []core.Field[Word]{core.Ask("text", "落实情况", "What was done", func(w *Word) any { return &w.Text }, core.Required, core.Lines)}},
			register.Verb[Check]{Name: "check", Label: core.T("检查", "Check"), Roles: readers(), Primary: true, Clause: "C11.3", Can: measureChecked("check", canCheck), Do: register.Doing(CheckMeasure),
				Fields: []core.Field[Check]{core.Ask("good", "合格,关闭", "Good: close it", func(c *Check) any { return &c.Good }), core.Ask("finding", "检查结果", "Finding", func(c *Check) any { return &c.Finding }, core.Required, core.Lines)}}}}
}

// draftVerb draws a measure up on the complaint's page.
func draftVerb() register.Verber {
	return register.Verb[Draft]{Name: "action", Label: core.T("制定纠正预防措施", "Draw up a measure"), Roles: handlers(), Clause: "C11.3", Can: checked("action", canDraft),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, d Draft) (core.ID, error) {
			_, err := DrawUp(ctx, tx, id, d)
			return id, err
		}, Choices: func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
			ds, err := departmentChoices(ctx, tx)
			return map[string][]core.Choice{"department": ds}, err
		}, Fields: []core.Field[Draft]{core.Ask("sort", "种类", "Sort", func(d *Draft) any { return &d.Sort }, core.Required, core.Radio[Draft](sorts())), core.Ask("text", "措施", "Measure", func(d *Draft) any { return &d.Text }, core.Required, core.Lines),
			core.Ask("department", "责任部门", "Responsible department", func(d *Draft) any { return &d.Department }, core.Required), {Name: "due", Label: core.T("完成期限", "Due"), Ptr: func(d *Draft) any { return &d.Due }, Required: true}}}
}

// measureTable lists a case's measures.
func measureTable(ctx context.Context, tx db.Tx, c Case) (ui.TableView, error) {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("措施", "Measure")}, {Label: core.T("责任部门", "Department")}, {Label: core.T("期限", "Due")}, {Label: core.T("状态", "State")}, {Label: core.T("监督人", "Supervised by")}}}
	ms, err := measuresWhere(ctx, tx, "a.project_id = $1 and a.complaint_id = $2 order by a.id", c.Ref.Project, c.Ref.ID)
	for _, m := range ms {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: m.Text, Href: MeasureKind().Href(ctx, m.Ref.ID)}, {Text: m.Department}, {Text: string(m.Due)}, {Text: core.Label(measureStates(), m.State).Say(ctx)}, {Text: m.SupervisorBy}}})
	}
	return t, err
}
