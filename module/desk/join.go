package desk

import (
	"context"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/web/ui"
)

// Join says into which matter this one is merged, and why they are the same.
type Join struct {
	Into   core.ID
	Reason string
}

// mergeable is how far back the candidates of a merge go, and how many are offered.
const (
	mergeable   = 30 * 24 * time.Hour
	mergeChoice = 50
)

func canMerge(_ context.Context, _ db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if m.State == StateCarried {
		return core.Conflict("已有单据在办理,请把另一件并入本件", "A record carries it on; merge the other one into this")
	}
	return nil
}

// Merge points a matter that was told a second time to the one that stays (合并): it owes nothing of its own, the customer
// counts it once, and its caller hears the answer of the other. What pointed to it points to the other from now on.
func Merge(ctx context.Context, tx db.Tx, id core.ID, in Join) error {
	return merge(ctx, tx, id, in, canMerge)
}

// JoinCarried merges the matters of two records that another module has merged, such as two complaints; 0 is none.
func JoinCarried(ctx context.Context, tx db.Tx, id, into core.ID, reason string) error {
	if id == 0 || into == 0 || id == into {
		return nil
	}
	return merge(ctx, tx, id, Join{Into: into, Reason: reason}, func(_ context.Context, _ db.Tx, m Matter) error { return running(m) })
}

// TakeApartCarried is its way back: the matter belongs to its record again.
func TakeApartCarried(ctx context.Context, tx db.Tx, id core.ID, reason string) error {
	if id == 0 {
		return nil
	}
	m, err := lock(ctx, tx, id)
	if err != nil || m.State != StateMerged {
		return err
	}
	m.State, m.Open, m.Merged, m.Answer, m.Answered = StateCarried, true, 0, "", time.Time{}
	return changed(ctx, tx, m, "unmerged", map[string]string{"reason": reason})
}

func merge(ctx context.Context, tx db.Tx, id core.ID, in Join, can func(context.Context, db.Tx, Matter) error) error {
	if id == in.Into {
		return core.Invalid("into", "不能并入自己", "It cannot be merged into itself")
	}
	m, main, err := lockBoth(ctx, tx, id, in.Into)
	if err == nil {
		err = can(ctx, tx, m)
	}
	if err == nil && !main.Open {
		err = core.Invalid("into", "%s 已经办结,不能并入", "%s is closed; nothing can be merged into it", main.Number)
	}
	if err == nil {
		err = duty.VoidAll(ctx, tx, m.Ref, "并入 "+main.Number)
	}
	if err == nil {
		err = repoint(ctx, tx, m.Ref, main)
	}
	if err != nil {
		return err
	}
	m.State, m.Open, m.Merged = StateMerged, false, main.Ref.ID
	if err := changed(ctx, tx, m, "merged", map[string]string{"number": main.Number, "reason": in.Reason}); err != nil {
		return err
	}
	return journal.Add(ctx, tx, main.Ref, "joined", map[string]string{"number": m.Number}, journal.For(main.Customer))
}

// lockBoth locks two matters in the order of their keys, so that two merges of the same pair wait for each other.
func lockBoth(ctx context.Context, tx db.Tx, a, b core.ID) (first, second Matter, err error) {
	if a > b {
		second, first, err = lockBoth(ctx, tx, b, a)
		return first, second, err
	}
	if first, err = lock(ctx, tx, a); err != nil {
		return first, second, err
	}
	second, err = lock(ctx, tx, b)
	return first, second, err
}

func canUnmerge(_ context.Context, _ db.Tx, m Matter) error {
	if m.State != StateMerged {
		return core.Conflict("这件诉求没有并入别的诉求", "This request is not merged")
	}
	return nil
}

// Unmerge takes a matter out again that was no part of the other; it owes its call back anew.
func Unmerge(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canUnmerge(ctx, tx, m)
	}
	if err != nil {
		return err
	}
	m.State, m.Open, m.Merged, m.Answer, m.Answered, m.Contacted = StateOpen, true, 0, "", time.Time{}, time.Time{}
	m.HandedRole, m.HandedUser, m.HandedName, m.HandedDue, m.Accepted = "", 0, "", time.Time{}, time.Time{}
	all := []duty.Opening{}
	for _, clause := range owedBy(m) {
		all = append(all, duty.Opening{Clause: clause, About: m.Ref, Opts: []duty.Option{duty.Again(), duty.About(core.T("取消合并后办理:%s %s", "Taken apart, to be handled: %s %s", m.Number, m.Content), href(ctx, m.Ref.ID))}})
	}
	if err := duty.OpenMany(ctx, tx, m.Ref.Project, all); err != nil {
		return err
	}
	return changed(ctx, tx, m, "unmerged", map[string]string{"reason": in.Text})
}

// toldToo gives the answer of a settled matter to those that were merged into it, so that their callers hear it too.
func toldToo(ctx context.Context, tx db.Tx, m Matter) error {
	joined, err := mergedInto(ctx, tx, m.Ref)
	for _, j := range joined {
		if err != nil {
			return err
		}
		j.Answer, j.Answered, j.Closed = m.Answer, core.Now(ctx), core.Now(ctx)
		err = changed(ctx, tx, j, "answered", map[string]string{"answer": m.Answer})
	}
	return err
}

// Parts are the further matters of one call.
type Parts struct{ Parts []Piece }

// Piece is one of them.
type Piece struct{ Kind, Content string }

func canSplit(_ context.Context, _ db.Tx, m Matter) error { return running(m) }

// Split takes the other matters of one call down on their own, with the same caller and time, each with its own number;
// this one keeps what is left to it.
func Split(ctx context.Context, tx db.Tx, id core.ID, in Parts) error {
	m, err := lock(ctx, tx, id)
	if err == nil {
		err = canSplit(ctx, tx, m)
	}
	if err != nil {
		return err
	}
	var numbers []string
	for _, p := range in.Parts {
		one, _, err := Take(ctx, tx, Intake{Channel: m.Channel, Kind: p.Kind, Customer: m.Customer, CustomerName: m.CustomerName, Unit: m.Unit, UnitCode: m.UnitCode, Place: m.Place,
			Contact: m.Contact, Phone: m.Phone, Content: p.Content, From: m.Ref.ID})
		if err != nil {
			return err
		}
		numbers = append(numbers, one.Number)
	}
	return changed(ctx, tx, m, "split", map[string]string{"numbers": strings.Join(numbers, "、")})
}

// mergeChoices are the open matters into which one may be merged: of the same customer or unit first.
func mergeChoices(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
	m, err := Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	ms, err := candidates(ctx, tx, m, core.Now(ctx).Add(-mergeable))
	out := make([]core.Choice, len(ms))
	for i, c := range ms {
		out[i] = core.Choice{Value: c.Ref.ID.String(), Label: core.T("%s", "%s", ui.Join(c.Number, c.UnitCode, c.CustomerName, short(c.Content)))}
	}
	return map[string][]core.Choice{"into": out}, err
}

// short is the beginning of a text, for a line of a choice.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// splitChoices are the kinds that a part of a call may have.
func splitChoices(ctx context.Context, _ db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	return map[string][]core.Choice{"parts.kind": kindChoices(ctx)}, nil
}

func mergeVerb() register.Verber {
	return register.Verb[Join]{Name: "merge", Label: core.T("并入同一事项", "Merge into the same matter"), Roles: desks(), Can: checked("merge", canMerge), Choices: mergeChoices, Fields: []core.Field[Join]{
		{Name: "into", Label: core.T("并入哪一件", "Which one stays"), Hint: core.T("30 天内在办的,同客户、同单元的在前", "Those open within 30 days, of the same customer or unit first"), Ptr: func(j *Join) any { return &j.Into }, Required: true},
		{Name: "reason", Label: core.T("为何是同一事项", "Why they are the same"), Ptr: func(j *Join) any { return &j.Reason }, Required: true, Min: 2, Max: 500}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in Join) (core.ID, error) {
			return in.Into, Merge(ctx, tx, id, in)
		}}
}

func splitVerb() register.Verber {
	return register.Verb[Parts]{Name: "split", Label: core.T("拆出其他事项", "Split off other matters"), Roles: desks(), Can: checked("split", canSplit), Choices: splitChoices, Fields: []core.Field[Parts]{
		{Name: "parts", Label: core.T("同一来电的其他事项", "Other matters of the same call"), Required: true, Min: 1, Ptr: func(p *Parts) any { return &p.Parts }, Kind: core.KindRows,
			Rows: core.Rows(func(p *Parts) *[]Piece { return &p.Parts }, []core.Field[Piece]{
				{Name: "kind", Label: core.T("类别", "Kind"), Ptr: func(p *Piece) any { return &p.Kind }, Required: true, Max: 40},
				{Name: "content", Label: core.T("内容", "Content"), Ptr: func(p *Piece) any { return &p.Content }, Required: true, Min: 2, Max: 2000}})}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in Parts) (core.ID, error) {
			return id, Split(ctx, tx, id, in)
		}}
}
