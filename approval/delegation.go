package approval

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/notify"
)

// LongestDelegation is how many days one delegation may run; a longer absence is a change of roles.
const LongestDelegation = 92

// Delegation lets another person decide in one's role while one is away (审批委托): for one role, from one day to another.
// What the principal may not decide, his delegate may not decide for him either.
type Delegation struct {
	Ref           core.Ref
	Version       int64
	Principal     core.ID
	PrincipalName string
	Delegate      core.ID
	DelegateName  string
	Role          core.Role
	Since, Until  core.Date // both included
	Reason        string
	Revoked       time.Time
	At            time.Time
}

// DelegationKind is the kind of its records.
const DelegationKind = "delegation"

const delegationColumns = `project_id, id, version, principal, principal_name, delegate, delegate_name, role, since, until, reason, revoked_at, created_at`

func (d *Delegation) dest() []any {
	return []any{&d.Ref.Project, &d.Ref.ID, &d.Version, &d.Principal, &d.PrincipalName, &d.Delegate, &d.DelegateName, &d.Role, &d.Since, &d.Until, &d.Reason, &d.Revoked, &d.At}
}

// Runs reports whether it is in force on a day.
func (d Delegation) Runs(day core.Date) bool {
	return d.Revoked.IsZero() && d.Since <= day && day <= d.Until
}

// Give lets another decide for the actor in one of his roles. It ends by itself after Until.
func Give(ctx context.Context, tx db.Tx, d Delegation) (core.ID, error) {
	me, today := core.ActorOf(ctx), core.Today(ctx)
	d.Principal, d.PrincipalName, d.Ref.Project = me.ID, me.Name, core.ProjectOf(ctx).ID
	if me.Has(core.Firm, d.Role) {
		d.Ref.Project = core.Firm // held in the firm, it is given in the firm
	}
	switch {
	case !me.Has(d.Ref.Project, d.Role):
		return 0, core.Invalid("role", "您没有这个岗位,不能委托", "You do not hold this role")
	case d.Delegate == me.ID:
		return 0, core.Invalid("delegate", "不能委托给自己", "You cannot delegate to yourself")
	case d.Until < d.Since || d.Until < today:
		return 0, core.Invalid("until", "截止日期不能早于开始日期或今天", "The last day is before the first day or today")
	case d.Until > d.Since.Add(LongestDelegation):
		return 0, core.Invalid("until", "一次委托最多 %d 天", "One delegation runs for %d days at most", LongestDelegation)
	case strings.TrimSpace(d.Reason) == "":
		return 0, core.Invalid("reason", "请写明理由", "Please give the reason")
	}
	id, now := tx.NewID(), core.Now(ctx)
	_, err := db.Exec(ctx, tx, `insert into approval_delegation (project_id, id, created_at, created_by, changed_at, changed_by, principal, principal_name, delegate, delegate_name, role, since, until, reason)
		values ($1,$2,$3,$4,$3,$4,$4,$5,$6,$7,$8,$9,$10,$11)`, d.Ref.Project, id, now, me.ID, me.Name, d.Delegate, d.DelegateName, d.Role, d.Since, d.Until, d.Reason)
	if err != nil {
		return 0, err
	}
	ref := core.Ref{Project: d.Ref.Project, Kind: DelegationKind, ID: id}
	title := core.T("%s委托您代为审批(%s,%s 至 %s)", "%s asks you to decide for him (%s, %s to %s)", me.Name, d.Role.Name(), string(d.Since), string(d.Until))
	if err := notify.Tell(ctx, tx, d.Ref.Project, d.Delegate, notify.Message{Ref: ref, Title: title, URL: "/p/" + core.ProjectOf(ctx).Code + "/approval/mine"}); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, ref, "given", map[string]string{"to": d.DelegateName, "role": string(d.Role), "since": string(d.Since), "until": string(d.Until), "reason": d.Reason})
}

// CanRevoke says why the actor may not end it now.
func CanRevoke(ctx context.Context, d Delegation) error {
	if !d.Revoked.IsZero() || d.Until < core.Today(ctx) {
		return core.Conflict("这项委托已经结束", "This delegation has ended")
	}
	if me := core.ActorOf(ctx).ID; me != d.Principal && me != d.Delegate {
		return &core.Err{Kind: core.KindForbidden, Text: core.T("只有委托人和受托人可以撤销", "Only who gave it and who holds it can end it")}
	}
	return nil
}

// Revoke ends a delegation at once.
func Revoke(ctx context.Context, tx db.Tx, id core.ID) error {
	d, err := GetDelegation(ctx, tx, id, true)
	if err == nil {
		err = CanRevoke(ctx, d)
	}
	if err == nil {
		err = db.ExecOne(ctx, tx, "update approval_delegation set revoked_at = $1, version = version + 1, changed_at = $1, changed_by = $2 where project_id = $3 and id = $4",
			core.Now(ctx), core.ActorOf(ctx).ID, d.Ref.Project, id)
	}
	if err != nil {
		return err
	}
	return journal.Add(ctx, tx, d.Ref, "revoked", nil)
}

// GetDelegation reads one of the project or of the firm; lock holds it for a change.
func GetDelegation(ctx context.Context, tx db.Tx, id core.ID, lock bool) (Delegation, error) {
	query := "select " + delegationColumns + " from approval_delegation where project_id in ($1, 1) and id = $2"
	if lock {
		query = db.Locked(tx, query)
	}
	d, err := db.One(ctx, tx, (*Delegation).dest, query, core.ProjectOf(ctx).ID, id)
	d.Ref.Kind = DelegationKind
	return d, err
}

// Delegations lists those of the project and of the firm, the newest first, after one (0: from the start). Each of the two
// is read in the order of its key, no further than the page.
func Delegations(ctx context.Context, tx db.Tx, after core.ID, limit int) ([]Delegation, error) {
	page := func(where string) string {
		return "select " + delegationColumns + " from approval_delegation where " + where + " and ($2 = 0 or id < $2) order by id desc limit $3"
	}
	ds, err := db.All(ctx, tx, (*Delegation).dest, "select * from (select * from ("+page("project_id = $1")+") mine union all select * from ("+page("project_id = 1 and $1 <> 1")+") firms) x order by id desc limit $3",
		core.ProjectOf(ctx).ID, int64(after), limit)
	for i := range ds {
		ds[i].Ref.Kind = DelegationKind
	}
	return ds, err
}

// standFor are the delegations by which the actor may decide in a project today. One whose principal lost the role or left
// counts no longer.
func standFor(ctx context.Context, tx db.Tx, project core.ID) ([]Delegation, error) {
	type key struct{ project, user core.ID }
	me := core.ActorOf(ctx).ID
	return db.Bag(tx, key{project, me}, func() ([]Delegation, error) {
		ds, err := db.All(ctx, tx, (*Delegation).dest, "select "+delegationColumns+` from approval_delegation where project_id in ($1, 1) and delegate = $2 and until >= $3
			and since <= $3 and revoked_at is null order by id`, project, me, core.Today(ctx))
		out := ds[:0]
		for _, d := range ds {
			held := false
			if err == nil {
				held, err = holds(ctx, tx, project, d)
			}
			if held {
				out = append(out, d)
			}
		}
		return out, err
	})
}

func holds(ctx context.Context, tx db.Tx, project core.ID, d Delegation) (bool, error) {
	us, err := notify.Holders(ctx, tx, project, d.Role)
	return slices.Contains(us, d.Principal), err
}

// delegatesOf are who decides for holders of a role today.
func delegatesOf(ctx context.Context, tx db.Tx, project core.ID, role core.Role) ([]core.ID, error) {
	ds, err := db.All(ctx, tx, (*Delegation).dest, "select "+delegationColumns+` from approval_delegation where project_id in ($1, 1) and role = $2 and until >= $3
		and since <= $3 and revoked_at is null order by id`, project, role, core.Today(ctx))
	var out []core.ID
	for _, d := range ds {
		if ok, err := holds(ctx, tx, project, d); err != nil || !ok {
			continue
		}
		if !slices.Contains(out, d.Delegate) {
			out = append(out, d.Delegate)
		}
	}
	return out, err
}

// RolesOf are the roles in which the actor decides in a project today: his own and those he stands in for.
func RolesOf(ctx context.Context, tx db.Tx, project core.ID) ([]core.Role, error) {
	a := core.ActorOf(ctx)
	roles := append(slices.Clone(a.Seats[project].Roles), a.Seats[core.Firm].Roles...)
	ds, err := standFor(ctx, tx, project)
	for _, d := range ds {
		roles = append(roles, d.Role)
	}
	slices.Sort(roles)
	return slices.Compact(roles), err
}
