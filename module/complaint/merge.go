package complaint

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/desk"
	"huiyin/register"
	"huiyin/web/ui"
)

// Merge says which case carries the matter on, and why the two are one (C14.9: the same matter told to several departments
// counts once).
type Merge struct {
	Into   core.ID
	Reason string
}

// mergeWindow is how far back the candidates of a merge go, mergeMax how many are offered.
const (
	mergeWindow = 30 * 24 * time.Hour
	mergeMax    = 50
)

func canMerge(_ context.Context, _ db.Tx, c Case) error {
	if err := running(c); err != nil {
		return err
	}
	return in(c, StateNew, StateJudged, StateAccepted)
}

// Join merges a case into the one that stays: its terms end without counting, it leaves the statistics, and its complainant
// is told what the other one is told. Severity goes the higher way, and whom either is against handles neither (C13.1).
func Join(ctx context.Context, tx db.Tx, id core.ID, m Merge) error {
	if id == m.Into {
		return core.Invalid("into", "不能并入自己", "It cannot be merged into itself")
	}
	main, err := lockBoth(ctx, tx, id, m.Into)
	if err != nil {
		return err
	}
	var gone Case
	err = change(ctx, tx, id, canMerge, "merged", map[string]string{"number": main.Number, "reason": m.Reason}, func(c *Case) error {
		if c.AgainstUser != 0 && main.AgainstUser != 0 && c.AgainstUser != main.AgainstUser {
			return core.Invalid("into", "两件投诉的对象不同,不能合并", "The two complaints are against different persons")
		}
		c.State, c.Open, c.Merged = StateMerged, false, main.Ref.ID
		gone = *c
		if err := duty.VoidAll(ctx, tx, c.Ref, "并入 "+main.Number); err != nil {
			return err
		}
		return desk.JoinCarried(ctx, tx, c.Matter, main.Matter, m.Reason)
	})
	if err != nil {
		return err
	}
	return takeOver(ctx, tx, main.Ref.ID, gone)
}

// lockBoth locks the two in the order of their keys and gives back the one that stays.
func lockBoth(ctx context.Context, tx db.Tx, gone, stays core.ID) (Case, error) {
	first, second := min(gone, stays), max(gone, stays)
	a, err := lock(ctx, tx, first)
	if err != nil {
		return a, err
	}
	b, err := lock(ctx, tx, second)
	main := b
	if first == stays {
		main = a
	}
	if err == nil {
		err = readable(ctx, tx, main)
	}
	if err == nil && !main.Open {
		err = core.Invalid("into", "%s 已经结束,不能并入", "%s is closed; nothing can be merged into it", main.Number)
	}
	return main, err
}

// takeOver gives the case that stays what only the other one knew.
func takeOver(ctx context.Context, tx db.Tx, id core.ID, gone Case) error {
	payload := map[string]any{"number": gone.Number, "contact": gone.Contact}
	always := func(context.Context, db.Tx, Case) error { return nil }
	return change(ctx, tx, id, always, "joined", payload, func(c *Case) error {
		if c.AgainstUser == 0 && gone.AgainstUser != 0 {
			c.Against, c.AgainstUser, c.AgainstName = gone.Against, gone.AgainstUser, gone.AgainstName
			if err := desk.Bar(ctx, tx, c.Matter, c.AgainstUser); err != nil {
				return err
			}
			if c.Handler == c.AgainstUser {
				c.Handler, c.HandlerName, c.Assigned = 0, "", time.Time{}
				if err := giveOver(ctx, tx, *c); err != nil {
					return err
				}
				if err := duty.Open(ctx, tx, "C13.6", c.Ref, duty.Again(), owes(ctx, *c, "原责任人是被投诉人,改派:%s", "Its handler is complained of; pass it on: %s")); err != nil {
					return err
				}
			}
		}
		if c.Level != Major && gone.Level == Major {
			c.Level, c.LevelBy, c.Grounds, c.Rank = Major, gone.LevelBy, gone.Grounds, 0
			if err := alarm(ctx, tx, *c); err != nil {
				return err
			}
		}
		return put(ctx, tx, *c)
	})
}

func canUnmerge(_ context.Context, _ db.Tx, c Case) error {
	if c.State != StateMerged {
		return register.Later("没有并入别的投诉", "It is not merged into another one")
	}
	return nil
}

// TakeApart takes a case out again that was no part of the other: it starts anew, with the terms of a new one.
func TakeApart(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return change(ctx, tx, id, canUnmerge, "unmerged", map[string]string{"reason": w.Text}, func(c *Case) error {
		c.State, c.Open, c.Merged = StateNew, true, 0
		if c.Handler == 0 { // nobody was given it before
			if err := passOn(ctx, tx, *c); err != nil {
				return err
			}
		}
		if err := ladder(ctx, tx, c, core.Now(ctx)); err != nil {
			return err
		}
		if c.Level == Major {
			if err := alarm(ctx, tx, *c); err != nil {
				return err
			}
		}
		return desk.TakeApartCarried(ctx, tx, c.Matter, w.Text)
	})
}

// joinedTo are the cases that were merged into one, the oldest first.
func joinedTo(ctx context.Context, tx db.Tx, c Case) ([]Case, error) {
	return list(ctx, tx, "project_id = $1 and merged = $2 order by id", c.Ref.Project, c.Ref.ID)
}

// mergeChoices are the open cases into which one may be merged: those of the same customer or unit first.
func mergeChoices(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
	c, err := Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	cond := db.Where{Conds: []string{"project_id = $1", "open", "id <> $2"}, Args: []any{c.Ref.Project, c.Ref.ID}}
	cond.Add("at >= ?", core.Now(ctx).Add(-mergeWindow))
	if err := notAgainstMe(ctx, tx, &cond); err != nil {
		return nil, err
	}
	n := len(cond.Args)
	cond.Args = append(cond.Args, int64(c.Customer), int64(c.Unit))
	order := fmt.Sprintf("case when customer_id = $%d then 0 when unit_id = $%d then 1 else 2 end, at desc, id desc limit %d", n+1, n+2, mergeMax)
	cs, err := list(ctx, tx, cond.String()+" order by "+order, cond.Args...)
	out := make([]core.Choice, len(cs))
	for i, o := range cs {
		out[i] = core.Choice{Value: o.Ref.ID.String(), Label: ui.Plain(ui.Join(o.Number, o.UnitCode, o.who(), o.Content))}
	}
	return map[string][]core.Choice{"into": out}, err
}

func mergeVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[Merge]{Name: "merge", Label: core.T("并入同一投诉", "Merge into the same complaint"), Roles: handlers(), Clause: "C14.9", Can: checked("merge", canMerge), Choices: mergeChoices,
			Fields: []core.Field[Merge]{
				{Name: "into", Label: core.T("并入哪一件", "Which one stays"), Hint: core.T("30 天内在办的,同客户、同单元的在前", "Open ones of the last 30 days, of the same customer or unit first"), Ptr: func(m *Merge) any { return &m.Into }, Required: true},
				{Name: "reason", Label: core.T("为何是同一事项", "Why they are the same"), Ptr: func(m *Merge) any { return &m.Reason }, Required: true, Min: 2, Max: 500}},
			Do: func(ctx context.Context, tx db.Tx, id core.ID, m Merge) (core.ID, error) {
				return m.Into, Join(ctx, tx, id, m)
			}},
		register.Verb[Word]{Name: "unmerge", Label: core.T("取消合并", "Take apart"), Roles: heads(), Can: checked("unmerge", canUnmerge), Do: register.Doing(TakeApart),
			Fields: []core.Field[Word]{core.Ask("text", "理由", "Reason", func(w *Word) any { return &w.Text }, core.Required, core.Lines)}},
	}
}

// joinedTable lists who else told the same matter, and where.
func joinedTable(ctx context.Context, tx db.Tx, c Case) (ui.TableView, error) {
	cs, err := joinedTo(ctx, tx, c)
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("编号", "Number")}, {Label: core.T("时间", "Time")}, {Label: core.T("渠道", "Channel")}, {Label: core.T("反映人", "Told by")}, {Label: core.T("内容", "Content")}}}
	for _, j := range cs {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: j.Number, Href: href(ctx, j.Ref.ID)}, {Text: ui.When(ctx, j.At)}, {Text: core.Label(desk.Channels(), j.Channel).Say(ctx)},
			{Text: ui.Join(string(j.Contact), j.Phone.Mask())}, {Text: j.Content}}})
	}
	return t, err
}
