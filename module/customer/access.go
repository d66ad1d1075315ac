package customer

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// C15.3. Pages show a file masked, and daily work needs no more; a clerk sees a telephone number for a stated reason. What
// stays closed is the file in full: the plain ID number and the form printed in full. It opens to whoever looks after the
// customer and to the heads (the supervisor of the file's own department, the project manager, the general manager); to
// others for a few days, once the head of the file's department has approved, or the general manager when it is another
// department's file. The file's department is that of whoever looks after the customer; a file that nobody looks after is
// everybody's own.

// Access is leave to read a file in full.
type Access struct {
	User     core.ID
	Name     string
	Approver string
	Reason   string
	At       time.Time
	Until    time.Time
}

func (a *Access) dest() []any {
	return []any{&a.User, &a.Name, &a.Approver, &a.Reason, &a.At, &a.Until}
}

const accessVerb = "customer.access"

// accesses are the newest leaves to read a file, at most limit.
func accesses(ctx context.Context, tx db.Tx, customer core.ID, limit int) ([]Access, error) {
	return db.All(ctx, tx, (*Access).dest, `select user_id, user_name, approver, reason, created_at, until from customer_access where project_id = $1 and customer_id = $2 order by id desc limit $3`, core.ProjectOf(ctx).ID, customer, limit)
}

// ownDepartment says whether a file is of the actor's own department.
func ownDepartment(ctx context.Context, tx db.Tx, c Customer) (bool, error) {
	a := core.ActorOf(ctx)
	if c.Keeper == 0 || c.Keeper == a.ID {
		return true, nil
	}
	keeper, err := user.Actor(ctx, tx, c.Keeper)
	if core.IsKind(err, core.KindNotFound) {
		return true, nil
	}
	of := keeper.Seats[c.Project].Department
	return of == "" || of == a.Seats[c.Project].Department, err
}

// mayOpen is C15.3: who may read a file in full now.
func mayOpen(ctx context.Context, tx db.Tx, c Customer) error {
	a := core.ActorOf(ctx)
	if a.Job || a.ID != 0 && a.ID == c.Keeper || a.Has(c.Project, core.GM) || a.Has(core.Firm, core.GM) || a.Has(c.Project, core.Manager) {
		return nil
	}
	own, err := ownDepartment(ctx, tx, c)
	if err != nil || own && a.Has(c.Project, core.Supervisor) {
		return err
	}
	n, err := db.Value[int64](ctx, tx, "select count(*) from customer_access where project_id = $1 and customer_id = $2 and user_id = $3 and until > $4", c.Project, c.ID, a.ID, core.Now(ctx))
	if err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "C15.3", n > 0, core.T("查阅完整档案须经批准:本部门的由部门主管批准,他部门的由总经理批准。请先「申请查阅」", "To read a file in full takes approval: the department head's for one's own department, the general manager's for another. Ask for access first"))
}

// asking is what is asked for and why.
type asking struct {
	Reason string
	Own    bool    `json:"own"`
	User   core.ID `json:"user"`
	Name   string  `json:"name"`
}

// canAsk: nobody asks for what he may read.
func canAsk(ctx context.Context, tx db.Tx, id core.ID) error {
	c, err := Get(ctx, tx, id)
	if err == nil {
		err = editable(c)
	}
	if err != nil {
		return err
	}
	err = mayOpen(ctx, tx, c)
	if core.ClauseOf(err) == "C15.3" {
		return nil
	}
	if err == nil {
		err = core.Conflict("您已经可以查阅这份档案", "You may read this file already")
	}
	return err
}

// AskAccess asks for leave to read a file in full (C15.3).
func AskAccess(ctx context.Context, tx db.Tx, id core.ID, reason string) error {
	if err := canAsk(ctx, tx, id); err != nil {
		return err
	}
	c, err := lockLive(ctx, tx, id)
	if err != nil {
		return err
	}
	own, err := ownDepartment(ctx, tx, c)
	if err != nil {
		return err
	}
	role := core.Supervisor
	if !own {
		role = core.GM
	}
	a := core.ActorOf(ctx)
	_, err = approval.Ask(ctx, tx, approval.Request{Verb: accessVerb, About: c.Ref(), Clause: "C15.3", Title: core.T("查阅完整档案:%s", "Read a file in full: %s", c.Discreet()), URL: FileKind.Href(ctx, id), Reason: reason},
		asking{Own: own, User: a.ID, Name: a.Name}, approval.Step{Role: role})
	if err != nil {
		return err
	}
	return touched(ctx, tx, c, "access_asked", map[string]string{"reason": reason})
}

// canGive keeps the head of another department from deciding (C15.3).
func canGive(ctx context.Context, tx db.Tx, r approval.Request) error {
	var in asking
	if err := json.Unmarshal([]byte(r.Input), &in); err != nil || !in.Own {
		return err
	}
	c, err := Get(ctx, tx, r.About.ID)
	if err != nil {
		return err
	}
	own, err := ownDepartment(ctx, tx, c)
	if err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "C15.3", own, core.T("由档案所在部门的主管批准", "The head of the file's own department decides"))
}

// give grants the leave for the days of C15.3, when the last yes is said.
func give(ctx context.Context, tx db.Tx, r approval.Request) error {
	var in asking
	if err := json.Unmarshal([]byte(r.Input), &in); err != nil {
		return err
	}
	valid, err := regulation.Span(ctx, tx, "C15.3", "valid")
	if err != nil {
		return err
	}
	now, a, id := core.Now(ctx), core.ActorOf(ctx), tx.NewID()
	if _, err := db.Exec(ctx, tx, `insert into customer_access (project_id, id, created_at, created_by, changed_at, changed_by, customer_id, user_id, user_name, approver, reason, own, until)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, r.About.Project, id, now, a.ID, r.About.ID, in.User, in.Name, a.Name, r.Reason, in.Own, now.AddDate(0, 0, valid.N)); err != nil {
		return err
	}
	return journal.Add(ctx, tx, core.Ref{Project: r.About.Project, Kind: "access", ID: id}, "granted", map[string]string{"customer": r.About.ID.String(), "user": in.User.String(), "reason": r.Reason})
}

func askVerb() register.Verber {
	return register.Verb[word]{Name: "ask_access", Label: core.T("申请查阅完整档案", "Ask to read it in full"), Roles: staff(), Clause: "C15.3", Can: canAsk, Fields: wordField(core.T("事由", "Reason"), true), Said: core.T("已提交,等待批准", "Asked; it waits for approval"),
		Do: func(ctx context.Context, tx db.Tx, id core.ID, w word) (core.ID, error) {
			return id, AskAccess(ctx, tx, id, strings.TrimSpace(w.Text))
		}}
}

func accessTable(ctx context.Context, all []Access) ui.TableView {
	t := ui.TableView{Columns: heads(core.T("查阅人", "Who"), core.T("事由", "Reason"), core.T("批准", "Approved by"), core.T("有效至", "Until"))}
	for _, a := range all {
		t.Rows = append(t.Rows, cells(a.Name, a.Reason, a.Approver, ui.Full(ctx, a.Until)))
	}
	return t
}
