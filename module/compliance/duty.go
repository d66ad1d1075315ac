package compliance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// dutyKind is a duty [待办] as a record of its own.
func dutyKind() register.Kind {
	return register.Kind{Name: "duty", Plural: "duties", Label: core.T("待办事项", "Duties"), Table: "duty_duty", Events: map[string]core.Text{
		"opened": core.T("产生", "raised"), "done": core.T("办结 {note}", "done {note}"), "waived": core.T("豁免:{note}", "waived: {note}"),
		"void": core.T("作废 {note}", "voided {note}"), "assigned": core.T("交给 {name}", "given to {name}"), "released": core.T("退回岗位", "returned to the role"),
		"escalated": core.T("逾期上报", "late, went up"), "claimed": core.T("认领", "claimed"), "passed": core.T("转交给 {name}:{note}", "passed on to {name}: {note}"),
		"waiver asked": core.T("申请豁免:{reason}", "waiver asked for: {reason}"),
	}}
}

// dutyStates are the states that a duty shows.
func dutyStates() []core.Choice {
	return []core.Choice{
		{Value: "open", Label: core.T("未到期", "Open")}, {Value: "overdue", Label: core.T("逾期未办", "Overdue")},
		{Value: "ontime", Label: core.T("按时办结", "Done in time")}, {Value: "late", Label: core.T("逾期", "Late")},
		{Value: "waived", Label: core.T("豁免", "Waived")},
	}
}

func dutyFields() []core.Field[duty.Duty] {
	return []core.Field[duty.Duty]{
		{Name: "title", Label: core.T("事项", "What"), Ptr: func(d *duty.Duty) any { return &d.Title.ZH }},
		{Name: "clause", Label: core.T("条款", "Clause"), Ptr: func(d *duty.Duty) any { return &d.Clause }},
		{Name: "role", Label: core.T("责任岗位", "Role"), Ptr: func(d *duty.Duty) any { return (*string)(&d.Role) }},
		{Name: "user", Label: core.T("责任人", "Person"), Ptr: func(d *duty.Duty) any { return &d.User }},
		{Name: "state", Label: core.T("状态", "State"), Ptr: func(d *duty.Duty) any { return &d.State }},
		{Name: "late", Label: core.T("逾期", "Late"), Ptr: func(d *duty.Duty) any { return &d.Late }},
		{Name: "opened_at", Label: core.T("产生时间", "Raised"), Ptr: func(d *duty.Duty) any { return &d.Opened }},
		{Name: "due_at", Label: core.T("期限", "Due"), Ptr: func(d *duty.Duty) any { return &d.Due }},
		{Name: "due_month", Label: core.T("所属月份", "Month"), Ptr: func(d *duty.Duty) any { return &d.Month }},
		{Name: "done_at", Label: core.T("办结时间", "Closed"), Ptr: func(d *duty.Duty) any { return &d.DoneAt }},
		{Name: "note", Label: core.T("说明", "Note"), Ptr: func(d *duty.Duty) any { return &d.Note }},
		{Name: "about_kind", Label: core.T("记录种类", "Kind of record"), Ptr: func(d *duty.Duty) any { return &d.About.Kind }},
		{Name: "about_id", Label: core.T("记录", "Record"), Ptr: func(d *duty.Duty) any { return &d.About.ID }},
		{Name: "url", Label: core.T("记录地址", "Record address"), Ptr: func(d *duty.Duty) any { return &d.URL }},
	}
}

func dutyRegister() register.Any {
	return register.Register[duty.Duty]{
		Kind: dutyKind(), Viewers: staff(), Fields: dutyFields(),
		Filters: []register.Filter{
			{Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth}, {Name: "clause", Label: core.T("条款", "Clause"), Kind: core.KindText},
			{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: dutyStates()},
			{Name: "role", Label: core.T("岗位", "Role"), Kind: core.KindChoice, Choices: core.RoleNames()},
			{Name: "mine", Label: core.T("我的", "Mine"), Kind: core.KindBool},
		},
		ID:      func(d *duty.Duty) core.ID { return d.Ref.ID },
		Version: func(d *duty.Duty) int64 { return d.Version },
		Cursor:  func(d *duty.Duty) string { return d.Ref.ID.String() },
		Find:    findForRegister,
		Get: func(ctx context.Context, tx db.Tx, id core.ID) (duty.Duty, error) {
			return duty.Get(ctx, tx, core.ProjectOf(ctx).ID, id)
		},
		Record: dutyRecord,
		Topic:  "duty",
		Verbs:  []register.Verber{claimVerb(), closeVerb(), passVerb(), waiveVerb()},
	}
}

func findForRegister(ctx context.Context, tx db.Tx, q register.Query) ([]duty.Duty, error) {
	project := core.ProjectOf(ctx).ID
	if q.Filter["mine"] == "true" {
		return duty.Mine(ctx, tx, project, core.ActorOf(ctx).ID, rolesOf(ctx), q.Limit)
	}
	f := Filter{Month: core.Month(q.Filter["month"]), Clause: q.Filter["clause"], State: q.Filter["state"], Role: core.Role(q.Filter["role"]), Limit: q.Limit}
	if q.After != "" {
		after, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		f.After = after
	}
	return Duties(ctx, tx, f)
}

// Duties lists the duties behind a figure in the request's project, the newest first.
func Duties(ctx context.Context, tx db.Tx, f Filter) ([]duty.Duty, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	project := core.ProjectOf(ctx).ID
	ids, err := findDuties(ctx, tx, project, f)
	if err != nil {
		return nil, err
	}
	return load(ctx, tx, project, ids)
}

func load(ctx context.Context, tx db.Tx, project core.ID, ids []core.ID) ([]duty.Duty, error) {
	out := make([]duty.Duty, 0, len(ids))
	for _, id := range ids {
		d, err := duty.Get(ctx, tx, project, id)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func canHandle(ctx context.Context, tx db.Tx, id core.ID) (duty.Duty, error) {
	d, err := duty.Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return d, err
	}
	return d, duty.CanHandle(ctx, tx, d)
}

// ---- claim

type nothing struct{}

func claimVerb() register.Verb[nothing] {
	return register.Verb[nothing]{Name: "claim", Label: core.T("我来办", "I take it"), Roles: staff(), Primary: true,
		Said: core.T("已认领", "It is yours now"), Can: canClaim, Next: toTodo,
		Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
			return id, Claim(ctx, tx, id)
		}}
}

func canClaim(ctx context.Context, tx db.Tx, id core.ID) error {
	d, err := canHandle(ctx, tx, id)
	if err == nil && d.User == core.ActorOf(ctx).ID {
		return core.Conflict("这件事已经是您的", "It is yours already")
	}
	return err
}

// Claim takes a duty of one's role, or one that went up to it, for oneself.
func Claim(ctx context.Context, tx db.Tx, id core.ID) error {
	if err := canClaim(ctx, tx, id); err != nil {
		return err
	}
	a := core.ActorOf(ctx)
	if err := duty.Pass(ctx, tx, id, a.ID); err != nil {
		return err
	}
	return journal.Add(ctx, tx, dutyKind().Ref(ctx, id), "claimed", map[string]string{"name": a.Name})
}

func toTodo(ctx context.Context, _ core.ID) string { return todoURL(ctx) }

func todoURL(ctx context.Context) string { return "/p/" + core.ProjectOf(ctx).Code + "/todo" }

// ---- pass on

// PassIn says to whom a duty goes, and why.
type PassIn struct {
	To   core.ID
	Note string
}

func passFields() []core.Field[PassIn] {
	return []core.Field[PassIn]{
		{Name: "to", Label: core.T("转给", "To"), Ptr: func(in *PassIn) any { return &in.To }, Required: true},
		{Name: "note", Label: core.T("说明", "Why"), Ptr: func(in *PassIn) any { return &in.Note }, Kind: core.KindLines, Max: 500},
	}
}

func passVerb() register.Verb[PassIn] {
	return register.Verb[PassIn]{Name: "pass", Label: core.T("转交", "Pass on"), Roles: staff(), Fields: passFields(), Said: core.T("已转交", "Passed on"),
		Next: toTodo, Can: canPass, Do: func(ctx context.Context, tx db.Tx, id core.ID, in PassIn) (core.ID, error) {
			return id, Pass(ctx, tx, id, in)
		},
		Choices: func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
			who, err := peopleOf(ctx, tx)
			return map[string][]core.Choice{"to": who.choices()}, err
		}, Aside: dutyAside}
}

func canPass(ctx context.Context, tx db.Tx, id core.ID) error {
	_, err := canHandle(ctx, tx, id)
	return err
}

// Pass gives a duty to somebody of the project.
func Pass(ctx context.Context, tx db.Tx, id core.ID, in PassIn) error {
	if err := canPass(ctx, tx, id); err != nil {
		return err
	}
	who, err := peopleOf(ctx, tx)
	if err != nil {
		return err
	}
	to, ok := who[in.To]
	if !ok {
		return core.Invalid("to", "本项目没有这个人", "There is no such person in this project")
	}
	if err := duty.Pass(ctx, tx, id, to.ID); err != nil {
		return err
	}
	return journal.Add(ctx, tx, dutyKind().Ref(ctx, id), "passed", map[string]string{"name": to.Name, "note": in.Note})
}

// ---- close by hand

// CloseIn is the evidence of a duty that no record of ours proves.
type CloseIn struct {
	Note  string
	Items []string // of a checklist: the numbers of what was found in order, from 1
	Files []core.Upload
}

func closeFields() []core.Field[CloseIn] {
	return []core.Field[CloseIn]{
		{Name: "note", Label: core.T("凭据说明", "What the evidence is"), Hint: core.T("如:纸质记录编号、会议纪要、照片说明", "For example the number of the paper record, the minutes, what the photo shows"),
			Ptr: func(in *CloseIn) any { return &in.Note }, Kind: core.KindLines, Required: true, Min: 2, Max: 1000},
		{Name: "items", Label: core.T("逐项检查", "Item by item"), Ptr: func(in *CloseIn) any { return &in.Items }},
		{Name: "files", Label: core.T("凭据照片", "Photos of it"), Ptr: func(in *CloseIn) any { return &in.Files }, Kind: core.KindPhoto, Max: 10},
	}
}

func closeVerb() register.Verb[CloseIn] {
	return register.Verb[CloseIn]{Name: "close", Label: core.T("手工办结", "Close by hand"), Roles: staff(), Fields: closeFields(), Said: core.T("已办结", "Closed"),
		Why: core.T("凭据不在本系统时用;列表里会标明是手工办结", "For evidence outside this system; lists show that it was closed by hand"), Next: toTodo, Can: canPass, Aside: dutyAside, Choices: itemChoices,
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in CloseIn) (core.ID, error) {
			return id, Close(ctx, tx, id, in)
		}}
}

// Close ends a duty by hand with its evidence.
func Close(ctx context.Context, tx db.Tx, id core.ID, in CloseIn) error {
	d, err := canHandle(ctx, tx, id)
	if err != nil {
		return err
	}
	ticked, err := allTicked(ctx, tx, d, in.Items)
	if err != nil {
		return err
	}
	if err := duty.ByHand(ctx, tx, id, strings.TrimSpace(in.Note)+ticked); err != nil {
		return err
	}
	for _, up := range in.Files {
		if _, err := file.Attach(ctx, tx, dutyKind().Ref(ctx, id), file.Evidence, up); err != nil {
			return err
		}
	}
	return nil
}

// ---- waive

// WaiveIn asks that a duty be excused.
type WaiveIn struct {
	Reason string
	Until  core.Date
}

func waiveFields() []core.Field[WaiveIn] {
	return []core.Field[WaiveIn]{
		{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(in *WaiveIn) any { return &in.Reason }, Kind: core.KindLines, Required: true, Min: 4, Max: 1000},
		{Name: "until", Label: core.T("豁免到哪一天", "Last day of the waiver"), Ptr: func(in *WaiveIn) any { return &in.Until }, Required: true,
			Hint: core.T("到这天为止,同一条款在同一记录上再产生的待办也一并豁免", "Until then it also covers what the same clause raises anew on the same record")},
	}
}

func waiveVerb() register.Verb[WaiveIn] {
	return register.Verb[WaiveIn]{Name: "waive", Label: core.T("申请豁免", "Ask for a waiver"), Roles: staff(), Fields: waiveFields(), Can: canWaive, Aside: dutyAside,
		Said: core.T("已提交审批", "Sent for approval"), Why: core.T("要管理处主任批准", "The project manager decides"),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in WaiveIn) (core.ID, error) {
			_, err := AskWaiver(ctx, tx, id, in)
			return id, err
		}}
}

func canWaive(ctx context.Context, tx db.Tx, id core.ID) error {
	d, err := canHandle(ctx, tx, id)
	if err != nil {
		return err
	}
	if c := regulation.Default().Clause(d.Clause); c != nil && c.Law {
		return &core.Err{Kind: core.KindRefused, Clause: d.Clause, Text: core.T("法律条款不能豁免", "A duty under the law cannot be waived")}
	}
	asked, err := approval.Of(ctx, tx, d.Ref)
	if slices.ContainsFunc(asked, func(r approval.Request) bool { return r.State == approval.Waiting }) {
		return core.Conflict("已有一份豁免申请在等审批", "A request for a waiver is waiting already")
	}
	return err
}

// maxWaiver is how far ahead a waiver may reach, in days.
const maxWaiver = 366

// AskWaiver files the request; it is for the project's manager, or for the general manager when the manager asks.
func AskWaiver(ctx context.Context, tx db.Tx, id core.ID, in WaiveIn) (core.ID, error) {
	if err := canWaive(ctx, tx, id); err != nil {
		return 0, err
	}
	today := core.Today(ctx)
	if in.Until < today || in.Until > today.Add(maxWaiver) {
		return 0, core.Invalid("until", "应在今天之后一年之内", "It must be within a year from today")
	}
	d, err := duty.Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return 0, err
	}
	if err := journal.Add(ctx, tx, d.Ref, "waiver asked", map[string]any{"reason": in.Reason, "until": in.Until}); err != nil {
		return 0, err
	}
	title := core.T("豁免:%s(%s),到 %s", "Waive: %s (%s), until %s", titleOf(d), d.Clause, string(in.Until))
	return approval.Ask(ctx, tx, approval.Request{Verb: "compliance.waive", About: d.Ref, Title: title, URL: dutyKind().Href(ctx, id), Clause: d.Clause, Reason: in.Reason},
		in, approval.Step{Role: approver(ctx, core.Manager)})
}

// approver is the role that decides, or another when the asker holds it himself: nobody approves his own request.
func approver(ctx context.Context, role core.Role) core.Role {
	if !slices.Contains(rolesOf(ctx), role) {
		return role
	}
	if role == core.Manager {
		return core.GM
	}
	return core.Manager
}

// waiverKind runs an approved waiver.
func waiverKind() approval.Kind {
	return approval.Kind{Verb: "compliance.waive", Name: core.T("豁免待办", "Waive a duty"), Run: func(ctx context.Context, tx db.Tx, r approval.Request) error {
		in, err := inputOf[WaiveIn](r)
		if err != nil {
			return err
		}
		if err := duty.Waive(ctx, tx, r.About.ID, in.Reason); err != nil {
			return err
		}
		return setWaivedUntil(ctx, tx, r.About.Project, r.About.ID, in.Until)
	}}
}

// titleOf says what a duty is about; one without words shows its clause's.
func titleOf(d duty.Duty) core.Text {
	if d.Title.Is() {
		return d.Title
	}
	if c := regulation.Default().Clause(d.Clause); c != nil {
		return c.Text
	}
	return ui.Plain(d.Clause) // one of the firm's own always has words
}

// dutyAside is the duty beside a form about it.
func dutyAside(ctx context.Context, tx db.Tx, id core.ID) (templ.Component, error) {
	d, err := duty.Get(ctx, tx, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return nil, err
	}
	v, err := dutyItem(ctx, tx, d)
	return dutyFacts(v), err
}

func dutyItem(ctx context.Context, tx db.Tx, d duty.Duty) (item, error) {
	items, err := itemsOf(ctx, tx, []duty.Duty{d})
	if err != nil {
		return item{}, err
	}
	return items[0], nil
}

// dutyRecord is a duty's page.
func dutyRecord(ctx context.Context, tx db.Tx, d duty.Duty) (register.Record, error) {
	v, err := dutyItem(ctx, tx, d)
	if err != nil {
		return register.Record{}, err
	}
	if v.Until, err = waivedUntil(ctx, tx, d.Ref.Project, d.Ref.ID); err != nil {
		return register.Record{}, err
	}
	asked, err := approval.Of(ctx, tx, d.Ref)
	if err != nil {
		return register.Record{}, err
	}
	rec := register.Record{Head: ui.HeadView{Title: v.Title, Pills: []ui.PillView{{Tone: v.Tone, Text: v.State}}, Sub: core.T("%s · 第 %s 轮", "%s · round %s", v.Role.Name(), fmt.Sprint(d.Round))},
		Cards: []templ.Component{dutyFacts(v)}}
	if len(asked) > 0 {
		rec.Side = append(rec.Side, requestsCard(requestViews(ctx, asked)))
	}
	return rec, nil
}
