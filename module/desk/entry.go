package desk

import (
	"context"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// States of planned work in a unit.
const (
	EntryPlanned   = "planned"   // 待联系
	EntryContacted = "contacted" // 已联系
	EntryBegun     = "begun"     // 作业中
	EntryDone      = "done"      // 已完成
	EntryCancelled = "cancelled" // 已取消
)

// Entry is work in a tenant's unit (入户作业): the tenant is contacted first, emergencies excepted (C19.12).
type Entry struct {
	ID           core.ID
	Version      int64
	Kind         string
	Unit         core.ID
	UnitCode     string
	Customer     core.ID
	CustomerName string
	What         string
	Worker       string
	From         time.Time
	Emergency    string // what the emergency is, for work that cannot wait for the contact
	Contacted    time.Time
	Who          core.Personal
	How          string
	Note         string
	By           string
	State        string
	Begun        time.Time
	Ended        time.Time
	Result       string
}

func (e *Entry) dest() []any {
	return []any{&e.ID, &e.Version, &e.Kind, &e.Unit, &e.UnitCode, &e.Customer, &e.CustomerName, &e.What, &e.Worker, &e.From, &e.Emergency, &e.Contacted, &e.Who, &e.How, &e.Note, &e.By, &e.State,
		&e.Begun, &e.Ended, &e.Result}
}

const entrySelect = `select id, version, kind, unit_id, unit_code, customer_id, customer_name, what, worker, from_at, emergency, contacted_at, contact_who, contact_how, contact_note, contact_by, state,
	begun_at, ended_at, result from desk_entry where project_id = $1 `

var entryKind = register.Kind{Name: "entry", Plural: "entries", Label: core.T("入户作业", "Work in units"), Table: "desk_entry", Choices: map[string][]core.Choice{"how": confirmable()}, Events: map[string]core.Text{"planned": core.T("安排:{what}", "planned: {what}"),
	"contacted": core.T("联系租户({how}):{note}", "contacted the tenant ({how}): {note}"), "begun": core.T("开始作业", "began"), "emergency": core.T("应急作业:{emergency}", "an emergency: {emergency}"), "done": core.T("完成:{result}", "done: {result}"), "cancelled": core.T("取消:{reason}", "cancelled: {reason}")}}

func entryStates() []core.Choice {
	return []core.Choice{{Value: EntryPlanned, Label: core.T("待联系", "To contact")}, {Value: EntryContacted, Label: core.T("已联系", "Contacted")}, {Value: EntryBegun, Label: core.T("作业中", "At work")},
		{Value: EntryDone, Label: core.T("已完成", "Done")}, {Value: EntryCancelled, Label: core.T("已取消", "Cancelled")}}
}

func entryKinds() []core.Choice {
	return []core.Choice{{Value: "maintenance", Label: core.T("检修", "Maintenance")}, {Value: "inspection", Label: core.T("检查", "Inspection")}, {Value: "entry", Label: core.T("其他入户工作", "Other work inside")}}
}

func getEntry(ctx context.Context, tx db.Tx, id core.ID) (Entry, error) {
	return db.One(ctx, tx, (*Entry).dest, entrySelect+"and id = $2", core.ProjectOf(ctx).ID, id)
}

func lockEntry(ctx context.Context, tx db.Tx, id core.ID) (Entry, error) {
	return db.One(ctx, tx, (*Entry).dest, db.Locked(tx, entrySelect+"and id = $2"), core.ProjectOf(ctx).ID, id)
}

// PlanEntry plans work in a unit.
func PlanEntry(ctx context.Context, tx db.Tx, in Entry) (core.ID, error) {
	us, err := estate.Units(ctx, tx, in.Unit)
	if err != nil {
		return 0, err
	}
	u, ok := us[in.Unit]
	if !ok {
		return 0, core.Invalid("unit", "没有这个单元", "There is no such unit")
	}
	tenants, err := customer.ByUnit(ctx, tx, u.Code)
	if err != nil {
		return 0, err
	}
	if len(tenants) > 0 {
		in.Customer, in.CustomerName = tenants[0].Customer, tenants[0].Name
	}
	id := tx.NewID()
	if _, err := db.Exec(ctx, tx, `insert into desk_entry (project_id, id, created_at, created_by, changed_at, changed_by, kind, unit_id, unit_code, customer_id, customer_name, what, worker, from_at, state)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,'planned')`, core.ProjectOf(ctx).ID, id, core.Now(ctx), core.ActorOf(ctx).ID, in.Kind, in.Unit, u.Code, in.Customer, in.CustomerName, in.What, in.Worker, in.From); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, entryKind.Ref(ctx, id), "planned", map[string]string{"what": in.What}, journal.For(in.Customer))
}

// step checks, changes and stores the work, and says in the journal what was done.
func step(ctx context.Context, tx db.Tx, id core.ID, check func(context.Context, db.Tx, Entry) error, change func(*Entry), verb string, payload any) error {
	e, err := lockEntry(ctx, tx, id)
	if err == nil {
		err = check(ctx, tx, e)
	}
	if err != nil {
		return err
	}
	change(&e)
	if err := db.ExecOne(ctx, tx, `update desk_entry set emergency = $1, contacted_at = $2, contact_who = $3, contact_how = $4, contact_note = $5, contact_by = $6, state = $7, begun_at = $8, ended_at = $9, result = $10,
		version = version + 1, changed_at = $11, changed_by = $12 where project_id = $13 and id = $14 and version = $15`, e.Emergency, e.Contacted, e.Who, e.How, e.Note, e.By, e.State, e.Begun, e.Ended, e.Result,
		core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, e.ID, e.Version); err != nil {
		return err
	}
	return journal.Add(ctx, tx, entryKind.Ref(ctx, id), verb, payload, journal.For(e.Customer))
}

func entryIn(states ...string) func(context.Context, db.Tx, Entry) error {
	return func(_ context.Context, _ db.Tx, e Entry) error {
		for _, s := range states {
			if e.State == s {
				return nil
			}
		}
		return core.Conflict("作业现在是「%s」", "The work is: %s", core.Label(entryStates(), e.State))
	}
}

// Contacting is the record of the contact with the tenant beforehand (C19.12).
type Contacting struct {
	Who  core.Personal
	How  string
	Note string
}

// ContactTenant records that the tenant was contacted about the work.
func ContactTenant(ctx context.Context, tx db.Tx, id core.ID, in Contacting) error {
	return step(ctx, tx, id, entryIn(EntryPlanned, EntryContacted), func(e *Entry) {
		e.State, e.Contacted, e.Who, e.How, e.Note, e.By = EntryContacted, core.Now(ctx), in.Who, in.How, in.Note, core.ActorOf(ctx).Name
	}, "contacted", in)
}

// C19.12: the tenant was contacted before, and there is a record of it.
func canBegin(ctx context.Context, tx db.Tx, e Entry) error {
	if err := entryIn(EntryPlanned, EntryContacted)(ctx, tx, e); err != nil {
		return err
	}
	return regulation.Guard(ctx, tx, "C19.12", !e.Contacted.IsZero(), core.T("须事先联系租户并记录;应急的请用「应急作业」并写明情况", "The tenant is contacted first, with a record; in an emergency use that button and say what it is"))
}

// Begin starts the work.
func Begin(ctx context.Context, tx db.Tx, id core.ID) error {
	return step(ctx, tx, id, canBegin, func(e *Entry) { e.State, e.Begun = EntryBegun, core.Now(ctx) }, "begun", nil)
}

// BeginEmergency starts work that cannot wait for the contact, and says why (C19.12).
func BeginEmergency(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	return step(ctx, tx, id, entryIn(EntryPlanned), func(e *Entry) { e.State, e.Begun, e.Emergency = EntryBegun, core.Now(ctx), in.Text }, "emergency", map[string]string{"emergency": in.Text})
}

// Finish ends the work with its result.
func Finish(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	return step(ctx, tx, id, entryIn(EntryBegun), func(e *Entry) { e.State, e.Ended, e.Result = EntryDone, core.Now(ctx), in.Text }, "done", map[string]string{"result": in.Text})
}

// CancelEntry calls planned work off.
func CancelEntry(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	return step(ctx, tx, id, entryIn(EntryPlanned, EntryContacted), func(e *Entry) { e.State, e.Ended, e.Result = EntryCancelled, core.Now(ctx), in.Text }, "cancelled", map[string]string{"reason": in.Text})
}

func checkedEntry(verb string, check func(context.Context, db.Tx, Entry) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		e, err := getEntry(ctx, tx, id)
		if err == nil {
			err = check(ctx, tx, e)
		}
		if !tx.Writing() && core.IsKind(err, core.KindConflict) {
			return core.Forbidden("entry." + verb)
		}
		return err
	}
}

func entryFields() []core.Field[Entry] {
	return []core.Field[Entry]{
		{Name: "kind", Label: core.T("类别", "Kind"), Ptr: func(e *Entry) any { return &e.Kind }, Kind: core.KindRadio, Choices: entryKinds(), Required: true},
		{Name: "unit", Label: core.T("单元", "Unit"), Ptr: func(e *Entry) any { return &e.Unit }, Source: "unit", Required: true},
		{Name: "what", Label: core.T("作业内容", "What is done"), Ptr: func(e *Entry) any { return &e.What }, Kind: core.KindLines, Required: true, Min: 2, Max: 1000},
		{Name: "worker", Label: core.T("谁去做(部门或人员)", "Who goes"), Ptr: func(e *Entry) any { return &e.Worker }, Required: true, Max: 80},
		{Name: "from", Label: core.T("计划时间", "Planned for"), Ptr: func(e *Entry) any { return &e.From }, Required: true},
	}
}

func entryVerbs() []register.Verber {
	planners := []core.Role{core.Desk, core.Supervisor, core.Manager, core.Technician, core.Guard}
	note := func(name string, label, field core.Text, check func(context.Context, db.Tx, Entry) error, do func(context.Context, db.Tx, core.ID, Note) error) register.Verber {
		return register.Verb[Note]{Name: name, Label: label, Roles: planners, Clause: "C19.12", Can: checkedEntry(name, check), Do: register.Doing(do), Fields: noteFields(field)}
	}
	return []register.Verber{
		register.Verb[Entry]{Name: "new", New: true, Primary: true, Label: core.T("安排入户作业", "Plan work in a unit"), Roles: planners, Clause: "C19.12", Fields: entryFields(),
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Entry) (core.ID, error) {
				return PlanEntry(ctx, tx, in)
			}},
		register.Verb[Contacting]{Name: "contact", Label: core.T("已联系租户", "Tenant contacted"), Roles: planners, Clause: "C19.12", Can: checkedEntry("contact", entryIn(EntryPlanned, EntryContacted)), Do: register.Doing(ContactTenant), Fields: []core.Field[Contacting]{
			{Name: "who", Label: core.T("联系了谁", "Who was contacted"), Ptr: func(c *Contacting) any { return &c.Who }, Required: true},
			{Name: "how", Label: core.T("方式", "How"), Ptr: func(c *Contacting) any { return &c.How }, Kind: core.KindRadio, Choices: confirmable(), Required: true},
			{Name: "note", Label: core.T("约定了什么", "What was agreed"), Ptr: func(c *Contacting) any { return &c.Note }, Kind: core.KindLines, Required: true, Max: 1000}}},
		register.Verb[nothing]{Name: "begin", Label: core.T("开始作业", "Begin"), Roles: planners, Primary: true, Clause: "C19.12", Can: checkedEntry("begin", canBegin),
			Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
				return id, Begin(ctx, tx, id)
			}},
		note("emergency", core.T("应急作业", "Emergency"), core.T("什么紧急情况", "What the emergency is"), entryIn(EntryPlanned), BeginEmergency),
		note("finish", core.T("完成", "Finish"), core.T("结果", "Result"), entryIn(EntryBegun), Finish),
		note("cancel", core.T("取消", "Cancel"), core.T("理由", "Reason"), entryIn(EntryPlanned, EntryContacted), CancelEntry),
	}
}

func entries() register.Register[Entry] {
	viewers := append(readers(), core.Technician, core.Guard)
	f := func(name, zh, en string, ptr func(*Entry) any) core.Field[Entry] {
		return core.Field[Entry]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	kind, state, how := f("kind", "类别", "Kind", func(e *Entry) any { return &e.Kind }), f("state", "状态", "State", func(e *Entry) any { return &e.State }), f("contact_how", "方式", "How", func(e *Entry) any { return &e.How })
	kind.Choices, state.Choices, how.Choices = entryKinds(), entryStates(), confirmable()
	return register.Register[Entry]{Kind: entryKind, Viewers: viewers, Columns: []string{"from", "unit_code", "customer_name", "kind", "what", "worker", "state"},
		Fields: []core.Field[Entry]{f("from", "计划时间", "Planned for", func(e *Entry) any { return &e.From }), f("unit_code", "单元", "Unit", func(e *Entry) any { return &e.UnitCode }), f("customer_name", "租户", "Tenant", func(e *Entry) any { return &e.CustomerName }), kind,
			f("what", "作业内容", "What is done", func(e *Entry) any { return &e.What }), f("worker", "谁去做", "Who goes", func(e *Entry) any { return &e.Worker }), state, f("contacted_at", "联系租户", "Tenant contacted", func(e *Entry) any { return &e.Contacted }),
			f("contact_who", "联系了谁", "Who was contacted", func(e *Entry) any { return &e.Who }), how, f("contact_note", "约定", "What was agreed", func(e *Entry) any { return &e.Note }), f("contact_by", "联系人员", "Contacted by", func(e *Entry) any { return &e.By }),
			f("emergency", "应急情况", "Emergency", func(e *Entry) any { return &e.Emergency }), f("begun_at", "开始", "Begun", func(e *Entry) any { return &e.Begun }), f("ended_at", "结束", "Ended", func(e *Entry) any { return &e.Ended }), f("result", "结果", "Result", func(e *Entry) any { return &e.Result })},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: entryStates()}},
		ID:      func(e *Entry) core.ID { return e.ID }, Version: func(e *Entry) int64 { return e.Version }, Cursor: func(e *Entry) string { return pageKey(e.From, e.ID) }, Get: getEntry, Verbs: entryVerbs(),
		Record: func(ctx context.Context, _ db.Tx, e Entry) (register.Record, error) {
			var pairs []ui.Pair
			for _, f := range entries().Fields {
				if v := f.Display(ctx, &e); v != "" {
					pairs = append(pairs, ui.Pair{Label: f.Label, Value: v})
				}
			}
			return register.Record{Head: ui.HeadView{Title: core.T("%s %s", "%s %s", e.UnitCode, core.Label(entryKinds(), e.Kind)), Pills: []ui.PillView{{Tone: ui.Run, Text: core.Label(entryStates(), e.State)}}, Sub: ui.Plain(e.What), Aside: e.CustomerName},
				Cards: []templ.Component{register.FieldsCard(entryKind.Label, pairs)}, About: e.Customer}, nil
		},
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]Entry, error) {
			if s := q.Filter["state"]; s != "" {
				return newest(ctx, tx, (*Entry).dest, entrySelect, "from_at", q, "and state = $2", s)
			}
			return newest(ctx, tx, (*Entry).dest, entrySelect, "from_at", q, "")
		}}
}
