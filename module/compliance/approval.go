package compliance

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/a-h/templ"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
	"huiyin/web/ui"
)

// inputOf reads the input that a request was filed with.
func inputOf[In any](r approval.Request) (In, error) {
	var in In
	err := json.Unmarshal([]byte(r.Input), &in)
	return in, err
}

func approvalKind() register.Kind {
	return register.Kind{Name: "approval", Plural: "approvals", Label: core.T("审批", "Approvals"), Table: "approval_request", Events: map[string]core.Text{
		"asked": core.T("提出申请:{reason}", "asked: {reason}"), "passed": core.T("同意,转下一步", "agreed, next step"), "approved": core.T("批准 {note}", "approved {note}"),
		"declined": core.T("不同意:{note}", "declined: {note}"), "withdrawn": core.T("撤回", "withdrawn"), "reminded": core.T("催办({by})", "reminded ({by})"),
	}}
}

func approvalStates() []core.Choice {
	return []core.Choice{
		{Value: approval.Waiting, Label: core.T("等待审批", "Waiting")}, {Value: approval.Approved, Label: core.T("已批准", "Approved")},
		{Value: approval.Declined, Label: core.T("未同意", "Declined")}, {Value: approval.Withdrawn, Label: core.T("已撤回", "Withdrawn")},
	}
}

func approvalTone(state string) ui.Tone {
	return map[string]ui.Tone{approval.Waiting: ui.Warn, approval.Approved: ui.OK, approval.Declined: ui.Late}[state]
}

func approvalFields() []core.Field[approval.Request] {
	return []core.Field[approval.Request]{
		{Name: "title", Label: core.T("事项", "What"), Ptr: func(r *approval.Request) any { return &r.Title.ZH }},
		{Name: "verb", Label: core.T("操作", "Verb"), Ptr: func(r *approval.Request) any { return &r.Verb }},
		{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(r *approval.Request) any { return &r.Reason }},
		{Name: "amount", Label: core.T("金额", "Amount"), Ptr: func(r *approval.Request) any { return &r.Amount }},
		{Name: "clause", Label: core.T("条款", "Clause"), Ptr: func(r *approval.Request) any { return &r.Clause }},
		{Name: "requester", Label: core.T("申请人", "Asked by"), Ptr: func(r *approval.Request) any { return &r.Name }},
		{Name: "role", Label: core.T("等待岗位", "For"), Ptr: func(r *approval.Request) any { return (*string)(&r.Role) }},
		{Name: "state", Label: core.T("状态", "State"), Ptr: func(r *approval.Request) any { return &r.State }},
		{Name: "at", Label: core.T("提出时间", "Asked"), Ptr: func(r *approval.Request) any { return &r.At }},
		{Name: "about_kind", Label: core.T("记录种类", "Kind of record"), Ptr: func(r *approval.Request) any { return &r.About.Kind }},
		{Name: "about_id", Label: core.T("记录", "Record"), Ptr: func(r *approval.Request) any { return &r.About.ID }},
		{Name: "url", Label: core.T("记录地址", "Record address"), Ptr: func(r *approval.Request) any { return &r.URL }},
	}
}

func approvalRegister() register.Any {
	return register.Register[approval.Request]{
		Kind: approvalKind(), Viewers: staff(), Fields: approvalFields(),
		Columns: []string{"title", "requester", "role", "state", "at"},
		Filters: []register.Filter{
			{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: approvalStates()},
			{Name: "mine", Label: core.T("等我审批", "Waiting for me"), Kind: core.KindBool},
		},
		ID:      func(r *approval.Request) core.ID { return r.Ref.ID },
		Version: func(r *approval.Request) int64 { return r.Version },
		Cursor:  func(r *approval.Request) string { return r.Ref.ID.String() },
		Find:    findApprovals,
		Row:     approvalRow,
		Get: func(ctx context.Context, tx db.Tx, id core.ID) (approval.Request, error) {
			return approval.Get(ctx, tx, core.ProjectOf(ctx).ID, id, false)
		},
		Record: approvalRecord,
		Verbs:  []register.Verber{decideVerb(), remindVerb(), withdrawVerb()},
	}
}

func findApprovals(ctx context.Context, tx db.Tx, q register.Query) ([]approval.Request, error) {
	project := core.ProjectOf(ctx).ID
	var after core.ID
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		after = id
	}
	if q.Filter["mine"] == "true" {
		return waitingForMe(ctx, tx, after, q.Limit)
	}
	ids, err := approvalIDs(ctx, tx, project, q.Filter["state"], after, q.Limit)
	if err != nil {
		return nil, err
	}
	out := make([]approval.Request, 0, len(ids))
	for _, id := range ids {
		r, err := approval.Get(ctx, tx, project, id, false)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func approvalIDs(ctx context.Context, tx db.Tx, project core.ID, state string, after core.ID, limit int) ([]core.ID, error) {
	w := db.InProject(project)
	if state != "" {
		w.Add("state = ?", state)
	}
	if after != 0 {
		w.Add("id < ?", after)
	}
	return db.Values[core.ID](ctx, tx, "select id from approval_request where "+w.Then("id desc", limit), w.Args...)
}

// waitingForMe are the requests that the actor may decide now, the oldest first: at most limit of those behind the request
// after.
func waitingForMe(ctx context.Context, tx db.Tx, after core.ID, limit int) ([]approval.Request, error) {
	project := core.ProjectOf(ctx).ID
	roles, err := approval.RolesOf(ctx, tx, project)
	if err != nil {
		return nil, err
	}
	var out []approval.Request
	for {
		part, err := approval.For(ctx, tx, project, roles, after, limit)
		if err != nil {
			return nil, err
		}
		for _, r := range part {
			if approval.CanDecide(ctx, tx, r) == nil {
				out = append(out, r)
			}
		}
		if len(part) < limit || len(out) >= limit {
			return out[:min(len(out), limit)], nil
		}
		after = part[len(part)-1].Ref.ID
	}
}

// countApprovals is the number in the rail.
func countApprovals(ctx context.Context, tx db.Tx, _ core.ID) (int64, error) {
	rs, err := waitingForMe(ctx, tx, 0, core.CountMax)
	return int64(len(rs)), err
}

func approvalRow(ctx context.Context, r *approval.Request) ui.Row {
	v := requestView(ctx, *r)
	return ui.Row{Cells: []ui.Cell{{Text: v.Title.Say(ctx), Href: v.Href}, {Text: r.Name}, {Text: r.Role.Name().Say(ctx)},
		{Body: ui.Pill(v.Tone, v.State)}, {Text: ui.When(ctx, r.At)}}}
}

// DecideIn is a yes or a no.
type DecideIn struct {
	Decision string
	Note     string
}

func decisions() []core.Choice {
	return []core.Choice{{Value: "yes", Label: core.T("同意", "Approve")}, {Value: "no", Label: core.T("不同意", "Decline")}}
}

func decideFields() []core.Field[DecideIn] {
	return []core.Field[DecideIn]{
		{Name: "decision", Label: core.T("意见", "Decision"), Ptr: func(in *DecideIn) any { return &in.Decision }, Kind: core.KindRadio, Choices: decisions(), Required: true},
		{Name: "note", Label: core.T("说明", "Note"), Hint: core.T("不同意时必填", "Required when you decline"), Ptr: func(in *DecideIn) any { return &in.Note }, Kind: core.KindLines, Max: 1000},
	}
}

func decideVerb() register.Verb[DecideIn] {
	return register.Verb[DecideIn]{Name: "decide", Label: core.T("审批", "Decide"), Roles: staff(), Fields: decideFields(), Primary: true, Hidden: true,
		Said: core.T("意见已记录", "Your decision is recorded"), Can: canDecide,
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in DecideIn) (core.ID, error) {
			return id, approval.Decide(ctx, tx, id, in.Decision == "yes", in.Note)
		}}
}

func canDecide(ctx context.Context, tx db.Tx, id core.ID) error {
	r, err := approval.Get(ctx, tx, core.ProjectOf(ctx).ID, id, false)
	if err != nil {
		return err
	}
	return approval.CanDecide(ctx, tx, r)
}

func withdrawVerb() register.Verb[nothing] {
	return register.Verb[nothing]{Name: "withdraw", Label: core.T("撤回申请", "Withdraw"), Roles: staff(), Danger: true, Said: core.T("已撤回", "Withdrawn"), Can: canWithdraw,
		Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
			return id, approval.Withdraw(ctx, tx, id)
		}}
}

func canWithdraw(ctx context.Context, tx db.Tx, id core.ID) error {
	r, err := approval.Get(ctx, tx, core.ProjectOf(ctx).ID, id, false)
	if err == nil && (r.State != approval.Waiting || r.Requester != core.ActorOf(ctx).ID) {
		return core.Conflict("只能撤回自己还没有结果的申请", "Only your own undecided request can be withdrawn")
	}
	return err
}

// request is one request as pages show it.
type request struct {
	Title  core.Text
	Href   string
	Who    string
	Reason string
	Amount string
	State  core.Text
	Tone   ui.Tone
	At     string
	Wait   core.Text // whose turn it is
}

func requestView(ctx context.Context, r approval.Request) request {
	v := request{Title: r.Title, Href: approvalKind().Href(ctx, r.Ref.ID), Who: r.Name, Reason: r.Reason, At: ui.When(ctx, r.At),
		State: core.Label(approvalStates(), r.State), Tone: approvalTone(r.State)}
	if r.State == approval.Waiting {
		v.Wait = core.T("等%s审批", "Waiting for the %s", r.Role.Name())
	}
	if r.Amount != 0 {
		v.Amount = "¥" + r.Amount.String()
	}
	return v
}

func requestViews(ctx context.Context, rs []approval.Request) []request {
	out := make([]request, len(rs))
	for i, r := range rs {
		out[i] = requestView(ctx, r)
	}
	return out
}

// approvalRecord is the page on which a request is decided: what, who, why, how far it has come, yes or no.
func approvalRecord(ctx context.Context, tx db.Tx, r approval.Request) (register.Record, error) {
	votes, err := approval.Votes(ctx, tx, r.Ref)
	if err != nil {
		return register.Record{}, err
	}
	v := requestView(ctx, r)
	facts := []ui.Pair{{Label: core.T("申请人", "Asked by"), Value: r.Name + " · " + ui.Full(ctx, r.At)}, {Label: core.T("理由", "Why"), Value: r.Reason}}
	draft, err := ownFacts(ctx, r)
	if err != nil {
		return register.Record{}, err
	}
	facts = append(facts, draft...)
	if v.Amount != "" {
		facts = append(facts, ui.Pair{Label: core.T("金额", "Amount"), Value: v.Amount})
	}
	if r.URL != "" {
		facts = append(facts, ui.Pair{Label: core.T("记录", "Record"), Body: link(r.URL, core.T("打开原记录", "Open the record"))})
	}
	if r.Clause != "" {
		facts = append(facts, ui.Pair{Label: core.T("条款", "Clause"), Body: register.ClauseLink(ctx, r.Clause)})
	}
	rec := register.Record{Head: ui.HeadView{Title: r.Title, Pills: []ui.PillView{{Tone: v.Tone, Text: v.State}}, Sub: v.Wait},
		Cards: []templ.Component{approvalFacts(facts, stepsOf(ctx, r, votes))}}
	if approval.CanDecide(ctx, tx, r) == nil {
		rec.Cards = append(rec.Cards, decideCard(ui.FormView{Action: approvalKind().Href(ctx, r.Ref.ID, "decide"), Submit: core.T("提交意见", "Submit"),
			Version: fmt.Sprint(r.Version), IdemKey: register.NewKey(), Fields: ui.FieldsOf(core.Specs(decideFields()), nil, nil)}))
	}
	return rec, nil
}

func stepsOf(ctx context.Context, r approval.Request, votes []approval.Vote) []ui.Step {
	var out []ui.Step
	for i, s := range r.Steps {
		step := ui.Step{Label: s.Role.Name(), State: ui.None}
		if r.State == approval.Waiting && i == int(r.Step) {
			step.State = ui.Run
		}
		for _, v := range votes {
			if v.Step != int64(i) {
				continue
			}
			name := v.Name
			if v.For != "" {
				name = core.T("%s(代%s)", "%s (for %s)", v.Name, v.For).Say(ctx)
			}
			step.State, step.Note = ui.OK, strings.TrimSpace(name+" "+ui.When(ctx, v.At)+" "+v.Note)
			if !v.Yes {
				step.State = ui.Late
			}
		}
		out = append(out, step)
	}
	return out
}
