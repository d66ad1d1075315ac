package report

import (
	"context"
	"fmt"
	"strings"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/complaint"
	"huiyin/notify"
	"huiyin/regulation"
)

// approveVerb is the approval of an operations report.
const approveVerb = "report.approve"

// update changes columns of the issue, given as name and value in turn, and notes it in the journal.
func (i Issue) update(ctx context.Context, tx db.Tx, verb string, payload any, pairs ...any) error {
	var set []string
	var args []any
	for n := 0; n < len(pairs); n += 2 {
		args = append(args, pairs[n+1])
		set = append(set, fmt.Sprintf("%s = $%d", pairs[n], len(args)))
	}
	n := len(args)
	args = append(args, core.Now(ctx), core.ActorOf(ctx).ID, i.Ref.Project, i.Ref.ID, i.Version)
	err := db.ExecOne(ctx, tx, fmt.Sprintf("update report_issue set %s, version = version + 1, changed_at = $%d, changed_by = $%d where project_id = $%d and id = $%d and version = $%d",
		strings.Join(set, ", "), n+1, n+2, n+3, n+4, n+5), args...)
	if err != nil {
		return err
	}
	tx.Publish(Topic(i.Ref.Project))
	return journal.Add(ctx, tx, i.Ref, verb, payload)
}

func (i Issue) frozen() bool { return i.State != StateDraft && i.State != StateEdited }

func (i Issue) stateName() core.Text { return core.Label(States(), i.State) }

// canChange: what was submitted or issued stays as it is.
func canChange(i Issue) error {
	if i.frozen() {
		return core.Conflict("报表%s,不能再改", "The report is “%s”: it does not change any more", i.stateName())
	}
	return nil
}

// Text is what a person writes into a report.
type Text struct {
	Facility, Environment, Safety string
	Conclusion, Plan              string
}

// Edit writes the words of a draft.
func Edit(ctx context.Context, tx db.Tx, id core.ID, in Text) error {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = canChange(i)
	}
	if err != nil {
		return err
	}
	return i.update(ctx, tx, "edited", nil, "state", StateEdited, "facility", in.Facility, "environment", in.Environment, "safety", in.Safety, "conclusion", in.Conclusion, "plan", in.Plan)
}

// canSubmit: a report to customers tells of facilities, environment and safety (A3.3); an analysis has conclusions (A8.2).
func canSubmit(ctx context.Context, tx db.Tx, i Issue) error {
	if err := canChange(i); err != nil {
		return err
	}
	switch i.Kind {
	case Operations:
		return regulation.Guard(ctx, tx, "A3.3", core.Filled(i.Facility, i.Environment, i.Safety),
			core.T("运营报告要写设施运行、环境卫生、安全管理三部分,还有没写的", "The operations report tells of facilities, cleanliness and safety; one of the three is not written yet"))
	case Analysis:
		return regulation.Guard(ctx, tx, "A8.2", core.Filled(i.Conclusion), core.T("分析要有结论:客户需求有什么特点,要做什么", "An analysis has conclusions: what customers need, and what to do about it"))
	}
	return nil
}

// Submit issues a report to the leaders, or asks for the approval of one to customers. What a report says is fixed by it.
func Submit(ctx context.Context, tx db.Tx, id core.ID) error {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = canSubmit(ctx, tx, i)
	}
	if err != nil {
		return err
	}
	if i.Kind != Operations {
		return issue(ctx, tx, i)
	}
	a := core.ActorOf(ctx)
	if err := i.update(ctx, tx, "submitted", nil, "state", StateSubmitted, "submitted_at", core.Now(ctx), "submitter", a.Name); err != nil {
		return err
	}
	approver := core.Manager
	if a.Has(i.Ref.Project, core.Manager) { // nobody approves his own
		approver = core.GM
	}
	_, err = approval.Ask(ctx, tx, approval.Request{Verb: approveVerb, About: i.Ref, Title: i.Title(), URL: href(ctx, id), Clause: "A3.3", Reason: "运营报告发客户前报批"}, nil, approval.Step{Role: approver})
	return err
}

// issue fixes a report, tells the leaders and closes its duty; the monthly one of complaints reports the statistics of C1.6
// with it, where nobody has.
func issue(ctx context.Context, tx db.Tx, i Issue) error {
	now, a := core.Now(ctx), core.ActorOf(ctx)
	if err := i.update(ctx, tx, "issued", nil, "state", StateIssued, "submitted_at", now, "submitter", a.Name, "issued_at", now); err != nil {
		return err
	}
	switch i.Kind {
	case Monthly:
		if err := statistics(ctx, tx, i); err != nil {
			return err
		}
		fallthrough
	case Weekly, Analysis:
		s, _ := sortOf(i.Kind)
		if err := duty.Done(ctx, tx, s.clause, periodRef(ctx, i.Kind, i.Period())); err != nil {
			return err
		}
	case Work:
		if err := workDone(ctx, tx, i.From.Month().Add(1)); err != nil {
			return err
		}
	}
	for _, r := range []core.Role{core.Manager, core.GM} {
		if err := notify.TellRole(ctx, tx, i.Ref.Project, r, notify.Message{Ref: i.Ref, Title: core.T("报表:%s", "Report: %s", i.Title()), URL: href(ctx, i.Ref.ID)}); err != nil {
			return err
		}
	}
	return nil
}

// statistics reports the month to the general manager by the complaints' own verb (C1.6).
func statistics(ctx context.Context, tx db.Tx, i Issue) error {
	have, err := db.Value[core.ID](ctx, tx, "select id from complaint_month where project_id = $1 and month = $2", i.Ref.Project, i.From.Month())
	if err != nil || have != 0 {
		return err
	}
	_, err = complaint.SubmitMonth(ctx, tx, 0, complaint.Submit{Month: i.From.Month(), Note: i.Conclusion})
	return err
}

// workDone closes the month's duty of B4.7 once both halves are there: the work report of the month before, issued, and an
// announcement to owners.
func workDone(ctx context.Context, tx db.Tx, month core.Month) error {
	p := core.ProjectOf(ctx).ID
	reports, err := db.Value[int64](ctx, tx, "select count(*) from report_issue where project_id = $1 and kind = 'work' and from_day = $2 and issued_at is not null and voided_at is null", p, month.Add(-1).First())
	if err != nil {
		return err
	}
	if since, err := began(ctx, tx); err != nil {
		return err
	} else if since >= month.First() { // before the project there was nothing to report
		reports = 1
	}
	told, err := db.Value[int64](ctx, tx, "select count(*) from report_announcement where project_id = $1 and day >= $2 and day <= $3 and voided_at is null", p, month.First(), month.Last())
	if err != nil || reports == 0 || told == 0 {
		return err
	}
	return duty.Done(ctx, tx, "B4.7", duty.PeriodRef(p, month))
}

// asked is the newest request for an issue's approval.
func asked(ctx context.Context, tx db.Tx, i Issue) (approval.Request, error) {
	rs, err := approval.Of(ctx, tx, i.Ref)
	if err != nil || len(rs) == 0 {
		return approval.Request{}, err
	}
	return rs[0], nil
}

// TakeBack makes a report that was not approved a draft again, to be mended.
func TakeBack(ctx context.Context, tx db.Tx, id core.ID) error {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = canTakeBack(ctx, tx, i)
	}
	if err != nil {
		return err
	}
	return i.update(ctx, tx, "edited", nil, "state", StateEdited)
}

func canTakeBack(ctx context.Context, tx db.Tx, i Issue) error {
	if i.State != StateSubmitted {
		return core.Conflict("没有提交批准,不需要退回", "It is not up for approval")
	}
	r, err := asked(ctx, tx, i)
	if err == nil && r.State == approval.Waiting {
		err = core.Conflict("正在审批,要改先撤回申请", "It is being decided on; withdraw the request first")
	}
	return err
}

// runApprove is the last yes.
func runApprove(ctx context.Context, tx db.Tx, r approval.Request) error {
	i, err := lock(ctx, tx, r.About.ID)
	if err != nil {
		return err
	}
	if i.State != StateSubmitted {
		return core.Conflict("报表%s,不在待批准", "The report is “%s”, not up for approval", i.stateName())
	}
	a := core.ActorOf(ctx)
	return i.update(ctx, tx, "approved", nil, "state", StateApproved, "approved_at", core.Now(ctx), "approver", a.Name)
}

// Word is a sentence about a report.
type Word struct{ Text string }

// Remark keeps what a leader says of an issued report (批示).
func Remark(ctx context.Context, tx db.Tx, id core.ID, in Word) error {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = canRemark(i)
	}
	if err != nil {
		return err
	}
	return i.update(ctx, tx, "remarked", map[string]any{"remark": in.Text}, "remark", in.Text, "remarked_by", core.ActorOf(ctx).Name)
}

func canRemark(i Issue) error {
	if i.Issued.IsZero() || i.State == StateClosed {
		return core.Conflict("出具以后、归档以前可以批示", "Remarks are made once it is issued and before it is filed")
	}
	return nil
}

// Close files a report.
func Close(ctx context.Context, tx db.Tx, id core.ID) error {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = canClose(i)
	}
	if err != nil {
		return err
	}
	return i.update(ctx, tx, "closed", nil, "state", StateClosed, "open", false, "closed_at", core.Now(ctx))
}

func canClose(i Issue) error {
	if i.State != StateIssued && i.State != StateSent {
		return core.Conflict("出具或发送以后才能归档", "It is filed once it is issued or sent")
	}
	return nil
}
