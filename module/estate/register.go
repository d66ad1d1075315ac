package estate

import (
	"context"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/web/ui"
)

func unitFields() []core.Field[Unit] {
	return []core.Field[Unit]{
		{Name: "code", Label: core.T("单元编号", "Unit"), Ptr: func(u *Unit) any { return &u.Code }},
		{Name: "building", Label: core.T("楼座", "Building"), Ptr: func(u *Unit) any { return &u.Tower }},
		{Name: "floor", Label: core.T("楼层", "Floor"), Ptr: func(u *Unit) any { return &u.Floor }},
		{Name: "area", Label: core.T("面积(㎡)", "Area (㎡)"), Ptr: func(u *Unit) any { return &u.Area }},
		{Name: "use", Label: core.T("用途", "Use"), Ptr: func(u *Unit) any { return &u.Use }, Choices: Uses()},
		{Name: "state", Label: core.T("状态", "State"), Ptr: func(u *Unit) any { return &u.State }, Choices: States()},
		{Name: "unit_price", Label: core.T("物业费单价", "Unit price"), Ptr: func(u *Unit) any { return &u.UnitPrice }},
		{Name: "ended", Label: core.T("停用日期", "Ended"), Ptr: func(u *Unit) any { return &u.Ended }},
		{Name: "note", Label: core.T("备注", "Note"), Ptr: func(u *Unit) any { return &u.Note }},
	}
}

func inFields() []core.Field[In] {
	return []core.Field[In]{
		{Name: "building", Label: core.T("楼座", "Building"), Hint: core.T("如 A座;留空则由编号判断", "Such as A座; left empty, the code tells"), Ptr: func(in *In) any { return &in.Building }, Max: 40},
		{Name: "floor", Label: core.T("楼层", "Floor"), Ptr: func(in *In) any { return &in.Floor }, Max: 10},
		{Name: "area", Label: core.T("面积(㎡)", "Area (㎡)"), Ptr: func(in *In) any { return &in.Area }},
		{Name: "use", Label: core.T("用途", "Use"), Ptr: func(in *In) any { return &in.Use }, Max: 40},
		{Name: "state", Label: core.T("状态", "State"), Ptr: func(in *In) any { return &in.State }, Choices: States()},
		{Name: "unit_price", Label: core.T("物业费单价(元/㎡·月)", "Unit price (CNY/㎡ a month)"), Ptr: func(in *In) any { return &in.UnitPrice }},
		{Name: "note", Label: core.T("备注", "Note"), Ptr: func(in *In) any { return &in.Note }, Kind: core.KindLines},
	}
}

func codeField() core.Field[In] {
	return core.Field[In]{Name: "code", Label: core.T("单元编号", "Unit"), Hint: core.T("如 A0305", "Such as A0305"), Ptr: func(in *In) any { return &in.Code }, Required: true, Max: 40}
}

func unitRegister() register.Any {
	return register.Register[Unit]{
		Kind: UnitKind, Viewers: staff(), Export: append(keepers(), core.GM, core.Leasing, core.Cashier), Fields: unitFields(),
		Columns: []string{"code", "building", "floor", "area", "use", "state", "unit_price"},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: States()},
			{Name: "closed", Label: core.T("已拆分合并的", "Split or merged"), Kind: core.KindBool}},
		ID: func(u *Unit) core.ID { return u.ID }, Version: func(u *Unit) int64 { return u.Version },
		Cursor: func(u *Unit) string { return u.Key + "~" + u.ID.String() },
		Find:   find, Get: Get, Record: unitRecord, Topic: "",
		Option: func(ctx context.Context, u *Unit) ui.Option {
			return ui.Option{Value: u.ID.String(), Label: u.Code, Note: u.Tower + " " + u.Square()}
		},
		Verbs: []register.Verber{newUnit(), editUnit(), stateVerb(), splitVerb(), mergeVerb()},
	}
}

func newUnit() register.Verber {
	return register.Verb[In]{Name: "new", Label: core.T("新增单元", "Add a unit"), Roles: keepers(), New: true, Primary: true, Fields: append([]core.Field[In]{codeField()}, inFields()...),
		Do: func(ctx context.Context, tx db.Tx, _ core.ID, in In) (core.ID, error) { return CreateUnit(ctx, tx, in) }}
}

func editUnit() register.Verber {
	return register.Verb[In]{Name: "edit", Label: core.T("修改", "Edit"), Roles: keepers(), Fields: inFields(), Can: canChange,
		Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *In) error {
			u, err := Get(ctx, tx, id)
			*in = In{Code: u.Code, Building: u.Tower, Floor: u.Floor, Area: u.Area, Use: u.Use, State: u.State, UnitPrice: u.UnitPrice, Note: u.Note}
			return err
		},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in In) (core.ID, error) {
			return id, Edit(ctx, tx, id, in)
		}}
}

type stateIn struct{ State string }

func stateVerb() register.Verber {
	return register.Verb[stateIn]{Name: "state", Label: core.T("改状态", "Set the state"), Roles: append(keepers(), core.Desk, core.Leasing), Can: canChange,
		Fields: []core.Field[stateIn]{{Name: "state", Label: core.T("状态", "State"), Ptr: func(in *stateIn) any { return &in.State }, Kind: core.KindRadio, Choices: States(), Required: true}},
		Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *stateIn) error {
			u, err := Get(ctx, tx, id)
			in.State = u.State
			return err
		},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in stateIn) (core.ID, error) {
			return id, SetState(ctx, tx, id, in.State)
		}}
}

func splitVerb() register.Verber {
	return register.Verb[Division]{Name: "split", Label: core.T("拆分", "Split"), Roles: keepers(), Can: canChange, Why: core.T("原单元留档,新单元与其关联;业主、租户、合同、车位和信报箱随之转到新单元", "The unit stays as history, linked to the new ones; owner, tenant, contract, parking spaces and letter boxes go on there"),
		Fields: []core.Field[Division]{{Name: "on", Label: core.T("生效日期", "From"), Ptr: func(in *Division) any { return &in.On }},
			{Name: "parts", Label: core.T("新单元", "New units"), Rows: core.Rows(func(in *Division) *[]Part { return &in.Parts }, []core.Field[Part]{
				{Name: "code", Label: core.T("编号", "Code"), Ptr: func(p *Part) any { return &p.Code }, Required: true, Max: 40},
				{Name: "area", Label: core.T("面积(㎡)", "Area (㎡)"), Ptr: func(p *Part) any { return &p.Area }, Required: true},
				{Name: "taken", Label: core.T("现租户继续使用", "The tenant goes on here"), Hint: core.T("有租户的单元必选,可选多个;没选的转为空置", "Needed when there is a tenant; several may be ticked, the others fall vacant"), Ptr: func(p *Part) any { return &p.Taken }}})}},
		Do: func(ctx context.Context, tx db.Tx, id core.ID, in Division) (core.ID, error) {
			_, err := Split(ctx, tx, id, in)
			return id, err
		}}
}

func mergeVerb() register.Verber {
	return register.Verb[Union]{Name: "merge", Label: core.T("合并", "Merge"), Roles: keepers(), Can: canChange, Why: core.T("与同楼座的其他单元合并;业主、租户、合同、车位和信报箱随之转到新单元", "With other units of the building; owner, tenant, contract, parking spaces and letter boxes go on in the new one"),
		Fields: []core.Field[Union]{{Name: "code", Label: core.T("新单元编号", "New unit code"), Ptr: func(in *Union) any { return &in.Code }, Required: true, Max: 40},
			{Name: "on", Label: core.T("生效日期", "From"), Ptr: func(in *Union) any { return &in.On }},
			{Name: "others", Label: core.T("并入的单元", "Units to merge with"), Rows: core.Rows(func(in *Union) *[]Other { return &in.Others }, []core.Field[Other]{
				{Name: "unit", Label: core.T("单元", "Unit"), Ptr: func(o *Other) any { return &o.Unit }, Source: "unit", Required: true}})}},
		Do: Merge}
}

func buildingRegister() register.Any {
	fields := []core.Field[Building]{
		{Name: "name", Label: core.T("楼座", "Building"), Ptr: func(b *Building) any { return &b.Name }, Required: true, Max: 40},
		{Name: "sort", Label: core.T("排序", "Order"), Ptr: func(b *Building) any { return &b.Sort }, Max: 1000},
		{Name: "exits", Label: core.T("消防出口", "Fire exits"), Ptr: func(b *Building) any { return &b.Exits }, Max: 100},
		{Name: "note", Label: core.T("备注", "Note"), Ptr: func(b *Building) any { return &b.Note }},
	}
	return register.Register[Building]{
		Kind: BuildingKind, Viewers: staff(), Fields: fields, Columns: []string{"name", "sort", "exits", "note"},
		ID: func(b *Building) core.ID { return b.ID }, Version: func(b *Building) int64 { return b.Version },
		Find: func(ctx context.Context, tx db.Tx, _ register.Query) ([]Building, error) { return Buildings(ctx, tx) },
		Get:  GetBuilding,
		Verbs: []register.Verber{
			register.Verb[Building]{Name: "new", Label: core.T("新增楼座", "Add a building"), Roles: keepers(), New: true, Primary: true, Fields: fields,
				Fill: func(_ context.Context, _ db.Tx, _ core.ID, b *Building) error { b.Exits = 4; return nil },
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, b Building) (core.ID, error) {
					return createBuilding(ctx, tx, b)
				}},
			register.Verb[Building]{Name: "edit", Label: core.T("修改", "Edit"), Roles: keepers(), Fields: fields,
				Fill: func(ctx context.Context, tx db.Tx, id core.ID, b *Building) (err error) {
					*b, err = GetBuilding(ctx, tx, id)
					return
				},
				Do: func(ctx context.Context, tx db.Tx, id core.ID, b Building) (core.ID, error) {
					now, err := lockBuilding(ctx, tx, id)
					if err != nil {
						return 0, err
					}
					b.ID, b.Version = id, now.Version
					if err := updateBuilding(ctx, tx, b); err != nil {
						return 0, err
					}
					return id, journal.Add(ctx, tx, BuildingKind.Ref(ctx, id), "edited", map[string]any{"name": b.Name, "exits": b.Exits})
				}},
		},
	}
}

func createBuilding(ctx context.Context, tx db.Tx, b Building) (core.ID, error) {
	b.ID = tx.NewID()
	made, err := insertBuilding(ctx, tx, b)
	if err == nil && !made {
		err = core.Invalid("name", "楼座 %s 已经存在", "The building %s exists already", b.Name)
	}
	if err != nil {
		return 0, err
	}
	tx.Publish(Topic(core.ProjectOf(ctx).ID))
	return b.ID, journal.Add(ctx, tx, BuildingKind.Ref(ctx, b.ID), "created", map[string]any{"name": b.Name})
}

// unitRecord is the unit's page; who owns and rents it, and what is open, come as panels of the modules above.
func unitRecord(ctx context.Context, tx db.Tx, u Unit) (register.Record, error) {
	links, err := Links(ctx, tx, u.ID)
	if err != nil {
		return register.Record{}, err
	}
	head := ui.HeadView{Title: ui.Plain(u.Code), Pills: []ui.PillView{{Tone: toneOf(u), Text: labelOf(u)}}, Sub: ui.Plain(u.Tower + " " + u.Square())}
	cards := []templ.Component{card(core.T("资料", "Particulars"), ui.DL(unitPairs(ctx, u)))}
	if len(links) > 0 {
		history, err := historyCard(ctx, tx, u, links)
		if err != nil {
			return register.Record{}, err
		}
		cards = append(cards, history)
	}
	return register.Record{Head: head, Cards: cards}, nil
}

func labelOf(u Unit) core.Text {
	if u.Ended != "" {
		return core.T("已于 %s 停用", "Closed on %s", string(u.Ended))
	}
	return core.Label(States(), u.State)
}

func toneOf(u Unit) ui.Tone {
	switch {
	case u.Ended != "":
		return ui.None
	case u.State == Free:
		return ui.Warn
	}
	return ui.OK
}

// about names the unit above a form.
func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	u, err := Get(ctx, tx, id)
	return ui.Plain(u.Code), err
}
