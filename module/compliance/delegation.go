package compliance

import (
	"context"
	"strconv"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

func delegationKind() register.Kind {
	return register.Kind{Name: approval.DelegationKind, Plural: "delegations", Label: core.T("审批委托", "Delegations"), Table: "approval_delegation", Events: map[string]core.Text{
		"given": core.T("委托 {to} 代为审批({since} 至 {until}):{reason}", "delegated to {to} ({since} to {until}): {reason}"), "revoked": core.T("撤销委托", "ended it"),
	}}
}

// DelegateIn is what a delegation is given with.
type DelegateIn struct {
	Role     string
	Delegate core.ID
	Since    core.Date
	Until    core.Date
	Reason   string
}

func delegateFields() []core.Field[DelegateIn] {
	return []core.Field[DelegateIn]{
		{Name: "role", Label: core.T("哪个岗位的审批", "Decisions of which role"), Ptr: func(in *DelegateIn) any { return &in.Role }, Required: true, Kind: core.KindChoice, Max: 40},
		{Name: "delegate", Label: core.T("委托给", "To whom"), Hint: core.T("申请人是您或受托人的,受托人不能代审;您要回避的,受托人也要回避", "What you may not decide yourself, he may not decide for you"), Ptr: func(in *DelegateIn) any { return &in.Delegate }, Required: true},
		{Name: "since", Label: core.T("从", "From"), Ptr: func(in *DelegateIn) any { return &in.Since }, Required: true},
		{Name: "until", Label: core.T("到(含当日)", "Until (inclusive)"), Ptr: func(in *DelegateIn) any { return &in.Until }, Required: true},
		{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(in *DelegateIn) any { return &in.Reason }, Required: true, Min: 2, Max: 500},
	}
}

func delegateVerb() register.Verb[DelegateIn] {
	return register.Verb[DelegateIn]{Name: "give", Label: core.T("委托他人审批", "Delegate"), Roles: staff(), New: true, Primary: true, Fields: delegateFields(), Said: core.T("已委托", "Delegated"),
		Choices: func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
			who, err := peopleOf(ctx, tx)
			var roles []core.Choice
			for _, r := range rolesOf(ctx) {
				roles = append(roles, core.Choice{Value: string(r), Label: r.Name()})
			}
			delete(who, core.ActorOf(ctx).ID)
			return map[string][]core.Choice{"role": roles, "delegate": who.choices()}, err
		},
		Do: func(ctx context.Context, tx db.Tx, _ core.ID, in DelegateIn) (core.ID, error) {
			who, err := peopleOf(ctx, tx)
			if err != nil {
				return 0, err
			}
			to, works := who[in.Delegate]
			if !works {
				return 0, core.Invalid("delegate", "请选择本项目的人员", "Choose somebody who works in this project")
			}
			return approval.Give(ctx, tx, approval.Delegation{Role: core.Role(in.Role), Delegate: in.Delegate, DelegateName: to.Name, Since: in.Since, Until: in.Until, Reason: in.Reason})
		}}
}

func revokeVerb() register.Verb[nothing] {
	return register.Verb[nothing]{Name: "revoke", Label: core.T("撤销委托", "End it"), Roles: staff(), Danger: true, Said: core.T("已撤销", "Ended"),
		Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
			d, err := approval.GetDelegation(ctx, tx, id, false)
			if err == nil {
				err = approval.CanRevoke(ctx, d)
			}
			return err
		},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
			return id, approval.Revoke(ctx, tx, id)
		}}
}

func delegationRegister() register.Any {
	return register.Register[approval.Delegation]{Kind: delegationKind(), Viewers: staff(), Fields: []core.Field[approval.Delegation]{
		{Name: "principal", Label: core.T("委托人", "Who delegates"), Ptr: func(d *approval.Delegation) any { return &d.PrincipalName }},
		{Name: "role", Label: core.T("岗位", "Role"), Ptr: func(d *approval.Delegation) any { return (*string)(&d.Role) }},
		{Name: "delegate", Label: core.T("受托人", "To whom"), Ptr: func(d *approval.Delegation) any { return &d.DelegateName }},
		{Name: "since", Label: core.T("从", "From"), Ptr: func(d *approval.Delegation) any { return &d.Since }},
		{Name: "until", Label: core.T("到", "Until"), Ptr: func(d *approval.Delegation) any { return &d.Until }},
		{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(d *approval.Delegation) any { return &d.Reason }},
		{Name: "revoked", Label: core.T("撤销时间", "Ended at"), Ptr: func(d *approval.Delegation) any { return &d.Revoked }}},
		Columns: []string{"principal", "role", "delegate", "since", "until", "reason"},
		ID:      func(d *approval.Delegation) core.ID { return d.Ref.ID },
		Version: func(d *approval.Delegation) int64 { return d.Version },
		Cursor:  func(d *approval.Delegation) string { return d.Ref.ID.String() },
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]approval.Delegation, error) {
			var after core.ID
			if q.After != "" {
				id, err := core.ParseID(q.After)
				if err != nil {
					return nil, err
				}
				after = id
			}
			return approval.Delegations(ctx, tx, after, q.Limit)
		},
		Row: func(ctx context.Context, d *approval.Delegation) ui.Row {
			text, tone := delegationState(ctx, *d)
			return ui.Row{Cells: []ui.Cell{{Text: d.PrincipalName, Href: delegationKind().Href(ctx, d.Ref.ID)}, {Text: d.Role.Name().Say(ctx)}, {Text: d.DelegateName},
				{Text: string(d.Since)}, {Text: string(d.Until)}, {Body: ui.Pill(tone, text)}}}
		},
		Get: func(ctx context.Context, tx db.Tx, id core.ID) (approval.Delegation, error) {
			return approval.GetDelegation(ctx, tx, id, false)
		},
		Record: func(ctx context.Context, _ db.Tx, d approval.Delegation) (register.Record, error) {
			text, tone := delegationState(ctx, d)
			return register.Record{Head: ui.HeadView{Title: core.T("%s 委托 %s", "%s delegates to %s", d.PrincipalName, d.DelegateName), Sub: d.Role.Name(), Pills: []ui.PillView{{Tone: tone, Text: text}}}}, nil
		},
		Verbs: []register.Verber{delegateVerb(), revokeVerb()}}
}

func delegationState(ctx context.Context, d approval.Delegation) (core.Text, ui.Tone) {
	switch today := core.Today(ctx); {
	case !d.Revoked.IsZero():
		return core.T("已撤销", "Ended early"), ui.None
	case d.Until < today:
		return core.T("已到期", "Over"), ui.None
	case d.Since > today:
		return core.T("未开始", "Not yet"), ui.Warn
	}
	return core.T("有效", "In force"), ui.OK
}

func remindVerb() register.Verb[nothing] {
	return register.Verb[nothing]{Name: "remind", Label: core.T("催办", "Remind"), Roles: staff(), Said: core.T("已再次通知审批人", "The deciders were told again"),
		Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
			r, err := approval.Get(ctx, tx, core.ProjectOf(ctx).ID, id, false)
			if err == nil {
				err = approval.CanRemind(ctx, r)
			}
			return err
		},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
			return id, approval.Remind(ctx, tx, id)
		}}
}

// turn is one request on 等我审批, with the form that decides it.
type turn struct {
	request
	Action  string
	Version string
	Idem    string
	Clause  string
	Cite    string
	Record  string
	Days    int
	ID      string
	Stand   bool // by delegation
}

// turnsPage is what waits for the reader, on one page that a thumb can work through.
func turnsPage(ctx context.Context, tx db.Tx, _ *web.Request) (web.Answer, error) {
	rs, err := waitingForMe(ctx, tx, 0, core.CountMax)
	if err != nil {
		return nil, err
	}
	ts := make([]turn, len(rs))
	for i, r := range rs {
		a := core.ActorOf(ctx)
		ts[i] = turn{request: requestView(ctx, r), Action: approvalKind().Href(ctx, r.Ref.ID, "decide"), Version: strconv.FormatInt(r.Version, 10), Idem: register.NewKey(), Clause: r.Clause, Record: r.URL,
			Days: int(core.Now(ctx).Sub(r.At).Hours() / 24), ID: r.Ref.ID.String(), Stand: !a.Has(r.Ref.Project, r.Role) && !a.Has(core.Firm, r.Role)}
		if r.Clause != "" {
			ts[i].Cite = register.Cite(ctx, r.Clause)
		}
	}
	return web.Page{Title: core.T("等我审批", "Waiting for me"), Body: turns(ts)}, nil
}
