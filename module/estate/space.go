package estate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

// Space is one parking space or letter box of the lists of D1.14.
type Space struct {
	Project  core.ID
	ID       core.ID
	Version  int64
	Code     string
	Place    string // 负一层 C区; 大堂东侧
	State    string
	UsedBy   core.Personal // who uses it, as written
	Customer core.ID       // the customer's file, if there is one
	Unit     core.ID
	UnitCode string
	Plate    string // parking: the car's number
	From, To core.Date
	Fee      core.Money // a month, parking
	Note     string
	Changed  time.Time
}

func (s *Space) dest() []any {
	return []any{&s.Project, &s.ID, &s.Version, &s.Code, &s.Place, &s.State, &s.UsedBy, &s.Customer, &s.Unit, &s.UnitCode, &s.Plate, &s.From, &s.To, &s.Fee, &s.Note, &s.Changed}
}

// States of a space.
const (
	SpaceFree   = "free"   // 空置
	SpaceLet    = "let"    // 已租 (a letter box: 使用中)
	SpaceSold   = "sold"   // 已售
	SpacePublic = "public" // 公用, 访客
	SpaceClosed = "closed" // 停用
)

// spaces is one of the two kinds of space: its words and its table.
type spaces struct {
	kind   register.Kind
	list   core.Text // the title of its list in the regulation
	states []core.Choice
	car    bool
}

var spaceEvents = map[string]core.Text{"created": core.T("建立 {code}", "created {code}"), "edited": core.T("修改资料", "edited"),
	"assigned": core.T("登记使用人", "recorded who uses it"), "released": core.T("收回", "taken back"), "moved": core.T("随单元 {from} 转到 {into}", "went from unit {from} to {into}"), "forgotten": core.T("使用人信息已删除", "the user's data was erased")}

var parking = spaces{
	kind: register.Kind{Name: "parking", Plural: "parking-spaces", Label: core.T("车位", "Parking spaces"), Table: "estate_parking", Events: spaceEvents},
	list: core.T("车位租售情况一览表", "Parking spaces let and sold"), car: true,
	states: []core.Choice{{Value: SpaceFree, Label: core.T("空置", "Free")}, {Value: SpaceLet, Label: core.T("已租", "Let")}, {Value: SpaceSold, Label: core.T("已售", "Sold")},
		{Value: SpacePublic, Label: core.T("公用", "Public")}, {Value: SpaceClosed, Label: core.T("停用", "Closed")}},
}

var mailbox = spaces{
	kind:   register.Kind{Name: "mailbox", Plural: "mailboxes", Label: core.T("信报箱", "Letter boxes"), Table: "estate_mailbox", Events: spaceEvents},
	list:   core.T("商户信报箱一览表", "Merchants' letter boxes"),
	states: []core.Choice{{Value: SpaceFree, Label: core.T("空置", "Free")}, {Value: SpaceLet, Label: core.T("使用中", "In use")}, {Value: SpaceClosed, Label: core.T("停用", "Closed")}},
}

const spaceColumns = `s.project_id, s.id, s.version, s.code, s.place, s.state, s.used_by, s.customer_id, s.unit_id, coalesce(u.code, ''), s.plate, s.from_on, s.to_on, s.fee, s.note, s.changed_at`

func (k spaces) query(where string) string {
	return "select " + spaceColumns + " from " + k.kind.Table + " s left join estate_unit u on u.project_id = s.project_id and u.id = s.unit_id where s.project_id = $1 " + where
}

func (k spaces) get(ctx context.Context, tx db.Tx, id core.ID) (Space, error) {
	return db.One(ctx, tx, (*Space).dest, k.query("and s.id = $2"), core.ProjectOf(ctx).ID, id)
}

func (k spaces) lock(ctx context.Context, tx db.Tx, id core.ID) (Space, error) {
	if _, err := db.Value[int64](ctx, tx, db.Locked(tx, "select version from "+k.kind.Table+" where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id); err != nil {
		return Space{}, err
	}
	return k.get(ctx, tx, id)
}

func (k spaces) find(ctx context.Context, tx db.Tx, q register.Query) ([]Space, error) {
	args := []any{core.ProjectOf(ctx).ID}
	where := "and s.voided_at is null"
	if q.Text != "" {
		args = append(args, strings.ToUpper(core.FullToHalf(q.Text))+"%", "%"+q.Text+"%")
		where += fmt.Sprintf(" and (s.code like $%d or s.used_by like $%[2]d or s.plate like $%[2]d)", len(args)-1, len(args))
	}
	if s := q.Filter["state"]; s != "" {
		args = append(args, s)
		where += fmt.Sprintf(" and s.state = $%d", len(args))
	}
	if q.After != "" {
		args = append(args, q.After)
		where += fmt.Sprintf(" and s.code > $%d", len(args))
	}
	args = append(args, q.Limit)
	return db.All(ctx, tx, (*Space).dest, k.query(where+fmt.Sprintf(" order by s.code limit $%d", len(args))), args...)
}

func (k spaces) insert(ctx context.Context, tx db.Tx, s Space) error {
	n, err := db.Exec(ctx, tx, "insert into "+k.kind.Table+` (project_id, id, created_at, created_by, changed_at, changed_by, code, place, state, used_by, customer_id, unit_id,
		plate, from_on, to_on, fee, note) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15) on conflict do nothing`,
		core.ProjectOf(ctx).ID, s.ID, core.Now(ctx), core.ActorOf(ctx).ID, s.Code, s.Place, s.State, s.UsedBy, s.Customer, s.Unit, s.Plate, s.From, s.To, s.Fee, s.Note)
	if err == nil && n == 0 {
		err = core.Invalid("code", "编号 %s 已经存在", "%s exists already", s.Code)
	}
	return err
}

func (k spaces) update(ctx context.Context, tx db.Tx, s Space) error {
	return db.ExecOne(ctx, tx, "update "+k.kind.Table+` set place = $1, state = $2, used_by = $3, customer_id = $4, unit_id = $5, plate = $6, from_on = $7, to_on = $8, fee = $9,
		note = $10, version = version + 1, changed_at = $11, changed_by = $12 where project_id = $13 and id = $14 and version = $15`,
		s.Place, s.State, s.UsedBy, s.Customer, s.Unit, s.Plate, s.From, s.To, s.Fee, s.Note, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, s.ID, s.Version)
}

// moveSpaces gives the parking spaces and letter boxes of a closed unit to the one that came after it.
func moveSpaces(ctx context.Context, tx db.Tx, from Unit, to core.ID) error {
	u, err := Get(ctx, tx, to)
	if err != nil {
		return err
	}
	for _, k := range []spaces{parking, mailbox} {
		all, err := db.All(ctx, tx, (*Space).dest, k.query("and s.unit_id = $2 and s.voided_at is null order by s.id"), core.ProjectOf(ctx).ID, from.ID)
		if err != nil {
			return err
		}
		for _, s := range all {
			s.Unit, s.UnitCode = to, u.Code
			if err := k.update(ctx, tx, s); err != nil {
				return err
			}
			if err := k.record(ctx, tx, s, "moved", map[string]string{"from": from.Code, "into": u.Code}); err != nil {
				return err
			}
		}
	}
	return nil
}

// SpaceIn is what is said about a parking space or a letter box.
type SpaceIn struct {
	Code     string
	Place    string
	State    string
	UsedBy   core.Personal
	Customer core.ID
	Unit     core.ID
	Plate    string
	From, To core.Date
	Fee      core.Money
	Note     string
}

// CreateParking makes a parking space.
func CreateParking(ctx context.Context, tx db.Tx, in SpaceIn) (core.ID, error) {
	return parking.create(ctx, tx, in)
}

// CreateMailbox makes a letter box.
func CreateMailbox(ctx context.Context, tx db.Tx, in SpaceIn) (core.ID, error) {
	return mailbox.create(ctx, tx, in)
}

// AssignParking and AssignMailbox record who uses a space from now on.
func AssignParking(ctx context.Context, tx db.Tx, id core.ID, in SpaceIn) error {
	return parking.assign(ctx, tx, id, in)
}

// AssignMailbox records who uses a letter box from now on.
func AssignMailbox(ctx context.Context, tx db.Tx, id core.ID, in SpaceIn) error {
	return mailbox.assign(ctx, tx, id, in)
}

func (k spaces) create(ctx context.Context, tx db.Tx, in SpaceIn) (core.ID, error) {
	s := Space{ID: tx.NewID(), Code: strings.ToUpper(core.FullToHalf(strings.TrimSpace(in.Code))), State: in.State}
	if s.State == "" {
		s.State = SpaceFree
	}
	if err := k.fill(ctx, tx, &s, in); err != nil {
		return 0, err
	}
	if err := k.insert(ctx, tx, s); err != nil {
		return 0, err
	}
	return s.ID, k.record(ctx, tx, s, "created", in)
}

// fill writes the input over the space. D1.14: a space that is let or sold names who uses it; a free one nobody.
func (k spaces) fill(ctx context.Context, tx db.Tx, s *Space, in SpaceIn) error {
	used := s.State == SpaceLet || s.State == SpaceSold
	if err := regulation.Guard(ctx, tx, "D1.14", !used || in.UsedBy != "", core.T("已租、已售或使用中的须写明使用人", "A space that is let, sold or in use names who uses it")); err != nil {
		return err
	}
	s.Place, s.Note, s.Fee = in.Place, in.Note, in.Fee
	s.UsedBy, s.Customer, s.Unit, s.Plate, s.From, s.To = "", 0, 0, "", "", ""
	if used {
		s.UsedBy, s.Customer, s.Unit, s.Plate, s.From, s.To = in.UsedBy, in.Customer, in.Unit, in.Plate, in.From, in.To
	}
	if s.To != "" && s.To < s.From {
		return core.Invalid("to", "止期早于起期", "The end is before the beginning")
	}
	return nil
}

func (k spaces) assign(ctx context.Context, tx db.Tx, id core.ID, in SpaceIn) error {
	s, err := k.lock(ctx, tx, id)
	if err != nil {
		return err
	}
	verb := "assigned"
	s.State = in.State
	if s.State == SpaceFree {
		verb = "released"
	}
	if err := k.fill(ctx, tx, &s, in); err != nil {
		return err
	}
	if err := k.update(ctx, tx, s); err != nil {
		return err
	}
	return k.record(ctx, tx, s, verb, in)
}

func (k spaces) record(ctx context.Context, tx db.Tx, s Space, verb string, payload any) error {
	tx.Publish("p/" + core.ProjectOf(ctx).ID.String() + "/" + k.kind.Name)
	ref := k.kind.Ref(ctx, s.ID)
	if err := search.Put(ctx, tx, search.Doc{Ref: ref, Perm: k.kind.Name + ".view", Title: s.Code, Sub: k.kind.Label.ZH + " " + s.Place, URL: k.kind.Href(ctx, s.ID),
		Codes: []string{s.Code, s.Plate}, At: core.Now(ctx)}); err != nil {
		return err
	}
	return journal.Add(ctx, tx, ref, verb, payload, journal.For(s.Customer))
}

// ForgetUser blanks who uses the spaces of a customer whose data is erased (L5). The spaces stay as they are.
func ForgetUser(ctx context.Context, tx db.Tx, customer core.ID) error {
	for _, k := range []spaces{parking, mailbox} {
		ids, err := db.Values[core.ID](ctx, tx, "update "+k.kind.Table+` set used_by = '', plate = '', version = version + 1, changed_at = $1, changed_by = $2
			where project_id = $3 and customer_id = $4 returning id`, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, customer)
		if err != nil {
			return err
		}
		for _, id := range ids {
			s, err := k.get(ctx, tx, id)
			if err == nil {
				err = k.record(ctx, tx, s, "forgotten", nil)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Taken names the spaces that a merge of customers took along, so that it can be undone.
type Taken struct{ Parking, Mailbox []core.ID }

// Rehome points the spaces of one customer to another, who took the customer in, and says which they were.
func Rehome(ctx context.Context, tx db.Tx, from, to core.ID) (Taken, error) {
	var out Taken
	var err error
	if out.Parking, err = parking.rehome(ctx, tx, from, to, nil); err != nil {
		return out, err
	}
	out.Mailbox, err = mailbox.rehome(ctx, tx, from, to, nil)
	return out, err
}

// GiveBack undoes a Rehome: of the spaces taken then, those that the customer still has go back.
func GiveBack(ctx context.Context, tx db.Tx, from, to core.ID, taken Taken) error {
	for _, one := range []struct {
		spaces
		ids []core.ID
	}{{parking, taken.Parking}, {mailbox, taken.Mailbox}} {
		if len(one.ids) == 0 {
			continue
		}
		if _, err := one.rehome(ctx, tx, from, to, one.ids); err != nil {
			return err
		}
	}
	return nil
}

// rehome gives all spaces of a customer, or those named, to another.
func (k spaces) rehome(ctx context.Context, tx db.Tx, from, to core.ID, only []core.ID) ([]core.ID, error) {
	where, args := "", []any{to, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, from}
	if only != nil {
		var in string
		in, args = list(only, args...)
		where = " and id in (" + in + ")"
	}
	ids, err := db.Values[core.ID](ctx, tx, "update "+k.kind.Table+` set customer_id = $1, version = version + 1, changed_at = $2, changed_by = $3
		where project_id = $4 and customer_id = $5`+where+" returning id", args...)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if err := journal.Add(ctx, tx, k.kind.Ref(ctx, id), "edited", map[string]string{"customer": to.String()}); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (k spaces) fields() []core.Field[SpaceIn] {
	fields := []core.Field[SpaceIn]{
		{Name: "state", Label: core.T("状态", "State"), Ptr: func(in *SpaceIn) any { return &in.State }, Required: true, Choices: k.states},
		{Name: "place", Label: core.T("位置", "Place"), Ptr: func(in *SpaceIn) any { return &in.Place }},
		{Name: "used_by", Label: core.T("使用人", "Used by"), Ptr: func(in *SpaceIn) any { return &in.UsedBy }},
		{Name: "customer", Label: core.T("客户档案", "Customer's file"), Ptr: func(in *SpaceIn) any { return &in.Customer }, Source: "customer"},
		{Name: "unit", Label: core.T("单元", "Unit"), Ptr: func(in *SpaceIn) any { return &in.Unit }, Source: "unit"},
		{Name: "from", Label: core.T("起期", "From"), Ptr: func(in *SpaceIn) any { return &in.From }},
		{Name: "to", Label: core.T("止期", "Until"), Ptr: func(in *SpaceIn) any { return &in.To }},
		{Name: "note", Label: core.T("备注", "Note"), Ptr: func(in *SpaceIn) any { return &in.Note }},
	}
	if k.car {
		fields = append(fields, core.Field[SpaceIn]{Name: "plate", Label: core.T("车牌", "Car number"), Ptr: func(in *SpaceIn) any { return &in.Plate }, Max: 20},
			core.Field[SpaceIn]{Name: "fee", Label: core.T("月费", "Monthly fee"), Ptr: func(in *SpaceIn) any { return &in.Fee }})
	}
	return fields
}

func (k spaces) code() core.Field[SpaceIn] {
	return core.Field[SpaceIn]{Name: "code", Label: core.T("编号", "Code"), Ptr: func(in *SpaceIn) any { return &in.Code }, Required: true, Max: 40}
}

// spaceRegister makes one of the lists of D1.14 work.
func spaceRegister(k spaces) register.Any {
	return register.Register[Space]{
		Kind: k.kind, Viewers: staff(), Export: staff(), Fields: k.columns(), Columns: k.columnNames(),
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: k.states}},
		ID:      func(s *Space) core.ID { return s.ID }, Version: func(s *Space) int64 { return s.Version }, Cursor: func(s *Space) string { return s.Code },
		Find: k.find, Get: k.get, Intro: k.intro, Topic: "",
		Verbs: []register.Verber{
			register.Verb[SpaceIn]{Name: "new", Label: core.T("新增", "Add"), Roles: keepers(), New: true, Primary: true, Fields: append([]core.Field[SpaceIn]{k.code()}, k.fields()...),
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, in SpaceIn) (core.ID, error) {
					return k.create(ctx, tx, in)
				}},
			register.Verb[SpaceIn]{Name: "assign", Label: core.T("登记使用", "Record use"), Roles: append(keepers(), core.Desk, core.Cashier), Primary: true, Fields: k.fields(), Clause: "D1.14",
				Fill: k.preset, Do: func(ctx context.Context, tx db.Tx, id core.ID, in SpaceIn) (core.ID, error) {
					return id, k.assign(ctx, tx, id, in)
				}},
		},
	}
}

func (k spaces) preset(ctx context.Context, tx db.Tx, id core.ID, in *SpaceIn) error {
	s, err := k.get(ctx, tx, id)
	*in = SpaceIn{s.Code, s.Place, s.State, s.UsedBy, s.Customer, s.Unit, s.Plate, s.From, s.To, s.Fee, s.Note}
	return err
}

func (k spaces) columns() []core.Field[Space] {
	fields := []core.Field[Space]{
		{Name: "code", Label: core.T("编号", "Code"), Ptr: func(s *Space) any { return &s.Code }},
		{Name: "place", Label: core.T("位置", "Place"), Ptr: func(s *Space) any { return &s.Place }},
		{Name: "state", Label: core.T("状态", "State"), Ptr: func(s *Space) any { return &s.State }, Choices: k.states},
		{Name: "used_by", Label: core.T("使用人", "Used by"), Ptr: func(s *Space) any { return &s.UsedBy }},
		{Name: "unit", Label: core.T("单元", "Unit"), Ptr: func(s *Space) any { return &s.UnitCode }},
		{Name: "from", Label: core.T("起期", "From"), Ptr: func(s *Space) any { return &s.From }},
		{Name: "to", Label: core.T("止期", "Until"), Ptr: func(s *Space) any { return &s.To }},
		{Name: "note", Label: core.T("备注", "Note"), Ptr: func(s *Space) any { return &s.Note }},
	}
	if k.car {
		fields = append(fields, core.Field[Space]{Name: "plate", Label: core.T("车牌", "Car number"), Ptr: func(s *Space) any { return &s.Plate }},
			core.Field[Space]{Name: "fee", Label: core.T("月费", "Monthly fee"), Ptr: func(s *Space) any { return &s.Fee }})
	}
	return fields
}

func (k spaces) columnNames() []string {
	names := []string{"code", "place", "state", "used_by", "unit", "from", "to"}
	if k.car {
		return append(names, "plate", "fee")
	}
	return names
}
