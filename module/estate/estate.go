// Package estate keeps what there is to own and to let: buildings, floors and units (单元), parking spaces (车位) and
// letter boxes (信报箱).
//
//   - A unit's code is unique among the units that exist now; codes are compared by sheet.Unit.Key, so that A305 and
//     A座3层5号 are one unit.
//   - Splitting and merging units closes the old ones with an end date and links the new ones to them; nothing is deleted.
//   - D1.14: the list of parking spaces let and sold and the list of letter boxes state, space by space, its status and
//     who uses it; both are shown, printed and exported.
//   - Who owns or rents a unit is kept by the customer module, which stands above; it shows itself here through panels
//     and cell states.
package estate

import (
	"embed"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/sheet"
)

//go:embed *.sql
var migrations embed.FS

// States of a unit.
const (
	Own    = "own"    // 自用
	Let    = "rent"   // 出租
	Free   = "free"   // 空置
	Fitout = "fitout" // 装修
)

// States lists the states of a unit.
func States() []core.Choice {
	return []core.Choice{{Value: Own, Label: core.T("自用", "Own use")}, {Value: Let, Label: core.T("出租", "Let")},
		{Value: Free, Label: core.T("空置", "Vacant")}, {Value: Fitout, Label: core.T("装修", "Fit-out")}}
}

// Uses lists the common uses of a unit; an imported one may have another.
func Uses() []core.Choice {
	return []core.Choice{{Value: "商铺", Label: core.T("商铺", "Shop")}, {Value: "写字楼", Label: core.T("写字楼", "Office")},
		{Value: "公寓", Label: core.T("公寓", "Flat")}, {Value: "住宅", Label: core.T("住宅", "Residence")}, {Value: "仓库", Label: core.T("仓库", "Storage")},
		{Value: "设备房", Label: core.T("设备房", "Plant room")}, {Value: "其他", Label: core.T("其他", "Other")}}
}

// OriginImport marks a record that came from an office's workbook.
const OriginImport = "import"

// Building is one tower or block (楼座).
type Building struct {
	ID      core.ID
	Version int64
	Name    string
	Sort    int64
	Exits   int64 // fire exits, four by default (resolutions 20)
	Note    string
}

func (b *Building) dest() []any {
	return []any{&b.ID, &b.Version, &b.Name, &b.Sort, &b.Exits, &b.Note}
}

// Unit is one room, shop or office (单元).
type Unit struct {
	Project   core.ID
	ID        core.ID
	Version   int64
	Changed   time.Time
	Code      string // as shown: A0305
	Key       string // for comparing, see sheet.Unit
	Building  core.ID
	Tower     string // the building's name
	Floor     string // the label: 3, B1
	FloorNo   int64  // for sorting; cellars are negative
	Area      core.Decimal
	Use       string
	State     string
	UnitPrice core.Decimal // yuan per ㎡ and month
	Origin    string
	Note      string
	Extra     string    // JSON of imported columns that no field took
	Since     core.Date // when a split or merge made it
	Ended     core.Date // when a split or merge closed it; empty while it exists
}

func (u *Unit) dest() []any {
	return []any{&u.Project, &u.ID, &u.Version, &u.Changed, &u.Code, &u.Key, &u.Building, &u.Tower, &u.Floor, &u.FloorNo, &u.Area, &u.Use,
		&u.State, &u.UnitPrice, &u.Origin, &u.Note, &u.Extra, &u.Since, &u.Ended}
}

// Ref names the unit.
func (u Unit) Ref() core.Ref { return core.Ref{Project: u.Project, Kind: "unit", ID: u.ID} }

// Square is the area as shown: 318.4 ㎡.
func (u Unit) Square() string {
	if u.Area.IsZero() {
		return ""
	}
	return u.Area.String() + " ㎡"
}

// FloorNo turns a floor's label into its place in the tower: 12 → 12, B2 → -2, 负一 → -1, M and the like → 0.
func FloorNo(label string) int64 {
	s := strings.ToUpper(strings.TrimSpace(core.FullToHalf(label)))
	s = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(s, "F"), "层"), "楼")
	below := strings.HasPrefix(s, "B") || strings.HasPrefix(s, "负") || strings.HasPrefix(s, "-")
	n, err := strconv.ParseInt(strings.TrimLeft(strings.TrimPrefix(s, "负"), "B-"), 10, 32)
	if err != nil {
		return 0
	}
	if below {
		return -n
	}
	return n
}

// Key is how a unit's code is compared.
func Key(code string) string {
	u, _, _ := sheet.ParseUnit(code, "")
	return u.Key
}

// Kinds of this module.
var (
	UnitKind = register.Kind{Name: "unit", Plural: "units", Label: core.T("单元", "Units"), Table: "estate_unit", About: about, Events: map[string]core.Text{
		"created": core.T("建立单元 {code}", "created unit {code}"), "imported": core.T("由台账导入", "imported from a workbook"), "edited": core.T("修改资料", "edited"),
		"state": core.T("状态改为{label}", "state set to {label}"), "split": core.T("拆分为 {into}", "split into {into}"), "merged": core.T("合并为 {into}", "merged into {into}"),
		"made": core.T("由 {from} 而来", "made of {from}")}}
	BuildingKind = register.Kind{Name: "building", Plural: "buildings", Label: core.T("楼座", "Buildings"), Table: "estate_building", Events: map[string]core.Text{
		"created": core.T("建立楼座 {name}", "created building {name}"), "edited": core.T("修改资料", "edited")}}
)

// happenings are what may open or fulfil a term of a clause that the firm adds itself. A workbook's rows are none: they
// say how things stand, not what was done.
func happenings() []house.Event {
	return []house.Event{{Key: "unit.created", Label: core.T("新增了单元", "A unit was added")}, {Key: "unit.taken", Label: core.T("单元开始使用(自用或出租)", "A unit was taken up (own use or let)")},
		{Key: "unit.vacated", Label: core.T("单元腾空", "A unit fell vacant")}, {Key: "unit.fitout", Label: core.T("单元开始装修", "A unit's fit-out began")},
		{Key: "unit.split", Label: core.T("单元已拆分", "A unit was split")}, {Key: "unit.merged", Label: core.T("单元已合并", "A unit was merged into another")}}
}

func staff() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Technician, core.Guard, core.Cashier, core.Leasing, core.Quality, core.Archivist, core.Manager, core.GM}
}

func keepers() []core.Role { return []core.Role{core.Supervisor, core.Archivist, core.Manager} }

// Topic is what the pages of a project's units listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/estate" }

// Module declares the capability.
func Module() house.Module {
	return house.Module{
		Name: "estate", Label: core.T("房产", "Premises"), Migrations: migrations,
		Registers: []register.Any{unitRegister(), buildingRegister(), spaceRegister(parking), spaceRegister(mailbox)},
		Routes:    routes(),
		Nav: []house.Nav{
			{Wing: house.People, Order: 20, Label: core.T("房态图", "Stacking plan"), Icon: "building", Path: "estate", Perm: "unit.view"},
			{Wing: house.People, Order: 21, Label: core.T("单元", "Units"), Icon: "list", Under: "estate", Path: "unit", Perm: "unit.view"},
			{Wing: house.People, Order: 22, Label: core.T("车位", "Parking spaces"), Icon: "map-pin", Under: "estate", Path: "parking", Perm: "parking.view"},
			{Wing: house.People, Order: 23, Label: core.T("信报箱", "Letter boxes"), Icon: "mail", Under: "estate", Path: "mailbox", Perm: "mailbox.view"},
		},
		Tables: []journal.Table{{Kind: "building", Name: "estate_building"}, {Kind: "unit", Name: "estate_unit"},
			{Kind: "parking", Name: "estate_parking"}, {Kind: "mailbox", Name: "estate_mailbox"}},
		Forms:   []core.Form{{Clause: "D1.14", Title: parking.list}, {Clause: "D1.14", Title: mailbox.list}},
		Clauses: []regulation.Claim{{Clause: "D1.14", By: []regulation.Mechanism{regulation.ByForm, regulation.ByGuard}, Records: "parking"}},
		Events:  happenings(),
		Sheets:  []sheet.Importer{unitsImporter()},
	}
}
