package followup

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/web/ui"
)

// checked turns a follow-up's check into a verb's; of what is over there is no button.
func checked(verb string, check func(context.Context, db.Tx, Item) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		i, err := db.Bag(tx, shown{id}, func() (Item, error) { return Get(ctx, tx, id) })
		if err == nil {
			err = readable(ctx, tx, i)
		}
		if err == nil {
			err = check(ctx, tx, i)
		}
		if !tx.Writing() && register.IsLater(err) {
			return core.Forbidden("followup." + verb)
		}
		return err
	}
}

// shown keeps the follow-up of a request for the checks of all its buttons.
type shown struct{ id core.ID }

func many[T any](f *core.Field[T]) { f.Kind, f.Max = core.KindChoices, 200 }
func hint[T any](zh, en string) func(*core.Field[T]) {
	return func(f *core.Field[T]) { f.Hint = core.T(zh, en) }
}

func verbs() []register.Verber {
	return append([]register.Verber{recordVerb(), missVerb(), answerVerb(), assignVerb(), remarkVerb(), exemptVerb(), cancelVerb(), newVerb()}, bulkVerbs()...)
}

func recordVerb() register.Verber {
	fields := []core.Field[Record]{
		core.Ask("how", "方式", "How", func(r *Record) any { return &r.How }, core.Required, core.Radio[Record](Hows())),
		core.Ask("result", "客户", "The customer", func(r *Record) any { return &r.Result }, core.Required, core.Radio[Record](Results())),
		core.Ask("opinion", "意见和要求", "What the customer said", func(r *Record) any { return &r.Opinion }, core.Lines),
		core.Ask("outcome", "当即的答复或处理", "What was answered at once", func(r *Record) any { return &r.Outcome }, core.Lines),
		core.Ask("promised", "约定答复的时间", "Agreed time of the answer", func(r *Record) any { return &r.Promised }, hint[Record]("不能当即答复的新意见", "For a new opinion that cannot be answered at once")),
		core.Ask("signer", "签名人", "Signed by", func(r *Record) any { return &r.Signer }),
		core.Ask("signature", "客户签名(上门)", "Customer's signature (in person)", func(r *Record) any { return &r.Signature }, func(f *core.Field[Record]) { f.Kind = core.KindSignature })}
	return register.Verb[Record]{Name: "record", Label: core.T("记录回访", "Record the follow-up"), Roles: callers(), Primary: true, Clause: "C14.6", Can: checked("record", canRecord), Do: register.Doing(FollowUp), Fields: fields,
		Fill: func(ctx context.Context, tx db.Tx, id core.ID, r *Record) error {
			i, err := Get(ctx, tx, id)
			if r.How = ByPhone; err == nil && checkRecord(ctx, tx, i, Record{How: ByPhone, Result: Satisfied}) != nil {
				r.How = OnSite
			}
			r.Signer = i.Contact
			return err
		},
		Aside: func(ctx context.Context, tx db.Tx, id core.ID) (templ.Component, error) {
			i, err := Get(ctx, tx, id)
			if err != nil {
				return nil, err
			}
			say, err := ScriptFor(ctx, tx, i.Occasion)
			return scriptCard(callPairs(ctx, i), strings.Split(say, "\n")), err
		}}
}

func missVerb() register.Verber {
	return register.Verb[Word]{Name: "missed", Label: core.T("未联系上", "Nobody reached"), Roles: callers(), Clause: "C14.5", Can: checked("missed", canMiss), Do: register.Doing(Miss), Said: core.T("已记下,稍后再打", "Noted; try again later"),
		Fields: []core.Field[Word]{core.Ask("text", "说明", "Note", func(w *Word) any { return &w.Text })}}
}

func answerVerb() register.Verber {
	return register.Verb[Word]{Name: "answer", Label: core.T("答复新意见", "Answer the new opinion"), Roles: callers(), Primary: true, Clause: "C14.7", Can: checked("answer", canAnswer), Do: register.Doing(Answer),
		Fields: []core.Field[Word]{core.Ask("text", "答复", "Answer", func(w *Word) any { return &w.Text }, core.Required, core.Lines)}}
}

func assignVerb() register.Verber {
	return register.Verb[Assign]{Name: "assign", Label: core.T("安排", "Assign"), Roles: planners(), Clause: "C14.10", Can: checked("assign", canAssign), Do: register.Doing(Give),
		Fill: func(ctx context.Context, tx db.Tx, id core.ID, a *Assign) error {
			i, err := Get(ctx, tx, id)
			a.Caller, a.Severity = i.Caller, i.Severity
			return err
		},
		Choices: func(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
			us, err := staff(ctx, tx, Ordinary)
			return map[string][]core.Choice{"caller": user.Choices(us)}, err
		},
		Fields: []core.Field[Assign]{core.Ask("caller", "由谁回访", "Who follows up", func(a *Assign) any { return &a.Caller }, core.Required, choice), core.Ask("severity", "级别", "Severity", func(a *Assign) any { return &a.Severity }, core.Radio[Assign](Severities()))}}
}

func choice[T any](f *core.Field[T]) { f.Kind = core.KindChoice }

func remarkVerb() register.Verber {
	return register.Verb[Word]{Name: "remark", Label: core.T("检查并签意见", "Check and remark"), Roles: []core.Role{core.Supervisor, core.Manager, core.GM}, Clause: "C14.10", Can: checked("remark", canRemark), Do: register.Doing(Remark),
		Fields: []core.Field[Word]{core.Ask("text", "主任意见", "Opinion", func(w *Word) any { return &w.Text }, core.Required, core.Lines)}}
}

func exemptVerb() register.Verber {
	return register.Verb[Exempt]{Name: "exempt", Label: core.T("免回访", "No follow-up needed"), Roles: callers(), Clause: "C14.9", Can: checked("exempt", canExempt), Do: register.Doing(Spare),
		Fields: []core.Field[Exempt]{core.Ask("why", "理由", "Why", func(e *Exempt) any { return &e.Why }, core.Required, core.Radio[Exempt](Exemptions())), core.Ask("note", "说明", "Note", func(e *Exempt) any { return &e.Note })}}
}

func cancelVerb() register.Verber {
	return register.Verb[Word]{Name: "cancel", Label: core.T("取消", "Drop"), Roles: planners(), Danger: true, Can: checked("cancel", canCancel), Do: register.Doing(Cancel),
		Fields: []core.Field[Word]{core.Ask("text", "理由", "Reason", func(w *Word) any { return &w.Text }, core.Required)}}
}

func newVerb() register.Verber {
	occasions := slices.DeleteFunc(Occasions(), func(c core.Choice) bool {
		return c.Value == Activity || c.Value == Complaint || c.Value == Repair
	})
	return register.Verb[Hand]{Name: "new", New: true, Label: core.T("安排一件回访", "Plan a follow-up"), Roles: callers(), Clause: "C14.10", Do: Plan,
		Fill: func(ctx context.Context, _ db.Tx, _ core.ID, h *Hand) error {
			h.Occasion, h.Due = Other, core.Today(ctx).Add(3)
			return nil
		},
		Choices: func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
			us, err := staff(ctx, tx, Ordinary)
			return map[string][]core.Choice{"caller": user.Choices(us)}, err
		},
		Fields: []core.Field[Hand]{core.Ask("matter", "", "", func(h *Hand) any { return &h.Matter }, func(f *core.Field[Hand]) { f.Kind, f.Label = core.KindHidden, core.T("事项", "Matter") }),
			core.Ask("occasion", "事由", "After", func(h *Hand) any { return &h.Occasion }, core.Radio[Hand](occasions)),
			core.Ask("customer", "客户", "Customer", func(h *Hand) any { return &h.Customer }, func(f *core.Field[Hand]) { f.Kind, f.Source = core.KindRef, "customer" }),
			core.Ask("unit", "单元", "Unit", func(h *Hand) any { return &h.Unit }, func(f *core.Field[Hand]) { f.Kind, f.Source = core.KindRef, "unit" }),
			core.Ask("content", "回访什么", "What it is about", func(h *Hand) any { return &h.Content }, core.Lines), core.Ask("due", "哪天之前", "Until the end of", func(h *Hand) any { return &h.Due }),
			core.Ask("caller", "由谁回访", "Who follows up", func(h *Hand) any { return &h.Caller }, choice)}}
}

func bulkVerbs() []register.Verber {
	back := func(ctx context.Context, _ core.ID) string { return href(ctx, 0) }
	return []register.Verber{
		register.Verb[AssignMany]{Name: "assign-many", New: true, Hidden: true, Label: core.T("批量安排", "Assign several"), Roles: planners(), Clause: "C14.10", Next: back,
			Choices: func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
				is, err := unassigned(ctx, tx)
				if err != nil {
					return nil, err
				}
				us, err := staff(ctx, tx, Ordinary)
				return map[string][]core.Choice{"items": itemChoices(ctx, is), "caller": user.Choices(us)}, err
			},
			Fields: []core.Field[AssignMany]{core.Ask("items", "待安排的回访", "Follow-ups to assign", func(a *AssignMany) any { return &a.Items }, core.Required, many),
				core.Ask("caller", "由谁回访", "Who follows up", func(a *AssignMany) any { return &a.Caller }, choice, hint[AssignMany]("不选:按级别平均分给可以回访的人,经办人除外", "Empty: evenly over those who may, by severity, never the handler"))},
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in AssignMany) (core.ID, error) {
				_, err := GiveMany(ctx, tx, in)
				return 0, err
			}},
		register.Verb[RemarkMany]{Name: "remark-many", New: true, Hidden: true, Label: core.T("批量签意见", "Remark on several"), Roles: []core.Role{core.Supervisor, core.Manager, core.GM}, Clause: "C14.10", Next: back,
			Choices: func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
				is, err := unchecked(ctx, tx)
				return map[string][]core.Choice{"items": itemChoices(ctx, is)}, err
			},
			Fields: []core.Field[RemarkMany]{core.Ask("items", "待检查的回访", "Follow-ups to check", func(r *RemarkMany) any { return &r.Items }, core.Required, many), core.Ask("text", "主任意见", "Opinion", func(r *RemarkMany) any { return &r.Text }, core.Required, core.Lines)},
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in RemarkMany) (core.ID, error) {
				return 0, RemarkAll(ctx, tx, in)
			}},
		submitVerb()}
}

// about names the follow-up above a form.
func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	i, err := Get(ctx, tx, id)
	if err != nil || readable(ctx, tx, i) != nil {
		return core.Text{}, err
	}
	return ui.Plain(ui.Join(i.Number, core.Label(Occasions(), i.Occasion).Say(ctx), i.UnitCode, i.who(), i.MatterNumber)), nil
}
