package followup

import (
	"context"
	"fmt"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/user"
	"huiyin/register"
)

// Occasioned is an activity (活动) that customers took part in; C14.4 draws from its participants.
type Occasioned struct {
	ID           core.ID
	Version      int64
	Number       string
	Name         string
	Day          core.Date // its last day
	Handler      core.ID   // who ran it
	HandlerName  string
	Participants int64
	Customers    []Participant
}

// Participant is one customer who took part.
type Participant struct{ Customer core.ID }

func (a *Occasioned) dest() []any {
	return []any{&a.ID, &a.Version, &a.Number, &a.Name, &a.Day, &a.Handler, &a.HandlerName, &a.Participants}
}

const activitySelect = "select id, version, number, name, day, handler_id, handler, participants from followup_activity where project_id = $1 "

var activityKind = register.Kind{Name: "followup-activity", Plural: "followup-activities", Label: core.T("活动", "Activities"), Table: "followup_activity",
	Events: map[string]core.Text{"held": core.T("登记活动 {name},{count} 户参加", "entered the activity {name} with {count} customers")}}

// GetActivity reads an activity.
func GetActivity(ctx context.Context, tx db.Tx, id core.ID) (Occasioned, error) {
	return db.One(ctx, tx, (*Occasioned).dest, activitySelect+"and id = $2", core.ProjectOf(ctx).ID, id)
}

// HoldActivity enters an activity with those who took part: each may be drawn (C14.4).
func HoldActivity(ctx context.Context, tx db.Tx, in Occasioned) (core.ID, error) {
	if in.Day > core.Today(ctx) {
		return 0, core.Invalid("day", "活动结束后再登记", "It is entered when it is over")
	}
	p := core.ProjectOf(ctx)
	if in.Handler != 0 {
		us, err := staff(ctx, tx, Ordinary)
		if err != nil {
			return 0, err
		}
		u, err := personOf(us, in.Handler)
		if err != nil {
			return 0, core.Invalid("handler", "请选择本项目的人员", "Choose somebody of this project")
		}
		in.HandlerName = u.Name
	}
	var err error
	if in.Number, err = db.NextNumber(ctx, tx, p.ID, "HD", core.MonthOf(core.Now(ctx), p.Zone)); err != nil {
		return 0, err
	}
	in.ID = tx.NewID()
	seen := map[core.ID]bool{}
	for _, c := range in.Customers {
		seen[c.Customer] = true
	}
	if _, err := db.Exec(ctx, tx, `insert into followup_activity (project_id, id, created_at, created_by, changed_at, changed_by, number, name, day, handler_id, handler, participants) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10)`,
		p.ID, in.ID, core.Now(ctx), core.ActorOf(ctx).ID, in.Number, in.Name, in.Day, in.Handler, in.HandlerName, int64(len(seen))); err != nil {
		return 0, err
	}
	ref := activityKind.Ref(ctx, in.ID)
	for _, c := range in.Customers {
		if !seen[c.Customer] {
			continue // named twice
		}
		delete(seen, c.Customer)
		m, err := matterOf(ctx, tx, ref, c.Customer)
		if err == nil {
			_, _, err = pooled(ctx, tx, m)
		}
		if err != nil {
			return 0, err
		}
	}
	return in.ID, journal.Add(ctx, tx, ref, "held", map[string]string{"name": in.Name, "count": fmt.Sprint(len(in.Customers))})
}

// ofActivity is one participant's part in an activity.
func ofActivity(ctx context.Context, tx db.Tx, id, customer core.ID) (matter, error) {
	a, err := GetActivity(ctx, tx, id)
	if err != nil || customer == 0 {
		return matter{}, err
	}
	m, err := ofCustomer(ctx, tx, customer, 0)
	if core.IsKind(err, core.KindNotFound) {
		return m, core.Invalid("customers", "没有这个客户", "There is no such customer")
	}
	if err != nil {
		return m, err
	}
	m.Unit, m.UnitCode, err = firstUnit(ctx, tx, customer)
	m.Occasion, m.Number, m.Content, m.Handler, m.HandlerName, m.Since = Activity, a.Number, a.Name, a.Handler, a.HandlerName, a.Day.Time(core.ProjectOf(ctx).Zone)
	return m, err
}

func activityFields() []core.Field[Occasioned] {
	return []core.Field[Occasioned]{{Name: "name", Label: core.T("活动", "Activity"), Ptr: func(a *Occasioned) any { return &a.Name }, Required: true, Max: 120},
		{Name: "day", Label: core.T("结束日期", "Last day"), Ptr: func(a *Occasioned) any { return &a.Day }, Required: true}}
}

func activities() register.Register[Occasioned] {
	more := []core.Field[Occasioned]{{Name: "handler_name", Label: core.T("经办人", "Run by"), Ptr: func(a *Occasioned) any { return &a.HandlerName }}, {Name: "participants", Label: core.T("参加户数", "Customers"), Ptr: func(a *Occasioned) any { return &a.Participants }}}
	number := core.Field[Occasioned]{Name: "number", Label: core.T("编号", "Number"), Ptr: func(a *Occasioned) any { return &a.Number }}
	who := core.Field[Occasioned]{Name: "handler", Label: core.T("经办人", "Run by"), Ptr: func(a *Occasioned) any { return &a.Handler }, Kind: core.KindChoice}
	rows := core.Field[Occasioned]{Name: "customers", Label: core.T("参加的客户", "Who took part"), Ptr: func(a *Occasioned) any { return &a.Customers }, Kind: core.KindRows, Required: true, Max: 500,
		Rows: core.Rows(func(a *Occasioned) *[]Participant { return &a.Customers }, []core.Field[Participant]{{Name: "customer", Label: core.T("客户", "Customer"), Ptr: func(p *Participant) any { return &p.Customer }, Kind: core.KindRef, Source: "customer", Required: true}})}
	return register.Register[Occasioned]{Kind: activityKind, Viewers: readers(), Columns: []string{"number", "day", "name", "participants", "handler_name"}, Fields: append(append([]core.Field[Occasioned]{number}, activityFields()...), more...),
		ID: func(a *Occasioned) core.ID { return a.ID }, Version: func(a *Occasioned) int64 { return a.Version }, Get: GetActivity,
		Cursor: func(a *Occasioned) string { return string(a.Day) + "." + a.ID.String() },
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]Occasioned, error) {
			return paged(ctx, tx, (*Occasioned).dest, activitySelect, "day", q)
		},
		Verbs: []register.Verber{register.Verb[Occasioned]{Name: "new", New: true, Primary: true, Label: core.T("登记活动", "Enter an activity"), Roles: callers(), Clause: "C14.4", Fields: append(activityFields(), who, rows),
			Choices: func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
				us, err := staff(ctx, tx, Ordinary)
				return map[string][]core.Choice{"handler": user.Choices(us)}, err
			},
			Fill: func(ctx context.Context, _ db.Tx, _ core.ID, a *Occasioned) error {
				a.Day = core.Today(ctx)
				return nil
			},
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Occasioned) (core.ID, error) {
				return HoldActivity(ctx, tx, in)
			}}}}
}

// paged lists a small register by a day and id, the newest first, a page after another.
func paged[T any](ctx context.Context, tx db.Tx, dest func(*T) []any, sel, day string, q register.Query) ([]T, error) {
	args := []any{core.ProjectOf(ctx).ID, max(q.Limit, 1)}
	where := ""
	if at, id, ok := strings.Cut(q.After, "."); ok {
		n, err := core.ParseID(id)
		if err != nil {
			return nil, core.NotFound()
		}
		args = append(args, at, n)
		where = "and (" + day + ", id) < ($3, $4) "
	} else if q.After != "" {
		return nil, core.NotFound()
	}
	return db.All(ctx, tx, dest, sel+where+"order by "+day+" desc, id desc limit $2", args...)
}
