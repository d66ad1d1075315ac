package estate

import (
	"context"
	"encoding/json"
	"maps"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/sheet"
)

// ParseCode reads a unit's code with the help of its building's name.
func ParseCode(code, tower string) sheet.Unit {
	u, _, _ := sheet.ParseUnit(code, tower)
	return u
}

// unitsImporter takes 房产台账: a row is a unit, recognised again by its code.
func unitsImporter() sheet.Importer {
	return sheet.Importer{Layout: "units", Order: 10, Key: core.T("单元编号", "the unit code"), Stage: stageUnits, Apply: applyUnits,
		Count: func(c *sheet.Counts, rows []sheet.Staged) { c.Units += len(rows) }}
}

// stageUnits compares the rows with the units that exist, all read at once.
func stageUnits(ctx context.Context, tx db.Tx, rows []sheet.ImportRow, _ *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
	have, err := Current(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	byKey := map[string]Unit{}
	for _, u := range have {
		byKey[u.Key] = u
	}
	var out []sheet.Staged
	var problems []sheet.Problem
	seen := map[string]int{}
	for _, row := range rows {
		in, key, ps := readUnit(row)
		if first, twice := seen[key]; twice && key != "" {
			ps = append(ps, trouble(row, "unit", sheet.SeverityRow, core.T("单元 %s 在第 %d 行已经出现", "unit %s is in row %d already", in.Code, first)))
		}
		seen[key] = row.Row
		problems = append(problems, ps...)
		out = append(out, compareUnit(row, in, key, byKey, ps))
	}
	return out, problems, nil
}

func compareUnit(row sheet.ImportRow, in In, key string, byKey map[string]Unit, ps []sheet.Problem) sheet.Staged {
	s := sheet.Staged{ImportRow: row, Key: key, State: sheet.New, Data: core.JSON(in)}
	for _, p := range ps {
		if p.Severity == sheet.SeverityRow {
			s.State = sheet.Refused
			return s
		}
	}
	if u, ok := byKey[key]; ok {
		s.Record, s.Version, s.State = u.ID, u.Version, sheet.Unchanged
		if s.Changes = in.changes(u); len(s.Changes) > 0 {
			s.State = sheet.Changed
		}
	}
	return s
}

// trouble names the field; the import engine knows the header above it.
func trouble(row sheet.ImportRow, field, severity string, why core.Text) sheet.Problem {
	return sheet.Problem{Sheet: row.Sheet, Row: row.Row, Column: field, Message: why, Severity: severity}
}

// readUnit parses a row. What a cell says that cannot be read goes to the extra columns, as written.
func readUnit(row sheet.ImportRow) (in In, key string, ps []sheet.Problem) {
	gap := func(field string, why core.Text) {
		ps = append(ps, trouble(row, field, sheet.SeverityGap, why))
	}
	extra := maps.Clone(row.Extra)
	keep := func(field string) {
		if extra == nil {
			extra = map[string]string{}
		}
		extra[field] = row.Cells[field]
	}
	units, ok, why := sheet.ParseUnits(row.Cells["unit"], row.Cells["building"])
	if !ok || len(units) != 1 {
		if ok {
			why = core.T("一行应是一个单元:%s", "a row must be one unit: %s", row.Cells["unit"])
		}
		return In{Code: row.Cells["unit"]}, row.Cells["unit"], []sheet.Problem{trouble(row, "unit", sheet.SeverityRow, why)}
	}
	u := units[0]
	in = In{Code: u.Code, Building: row.Cells["building"], Floor: floorLabel(row.Cells["floor"], u.Floor), Use: row.Cells["use"], Origin: OriginImport}
	if in.Building == "" {
		in.Building = u.Building
	}
	in.Building = TowerName(in.Building)
	if c := row.Cells["area"]; c != "" {
		if in.Area, ok, why = sheet.ParseArea(sheet.TextCell(c)); !ok {
			in.Area = core.Decimal{}
			gap("area", why)
			keep("area")
		}
	}
	if c := row.Cells["unit_price"]; c != "" {
		if in.UnitPrice, ok, why = sheet.ParsePrice(sheet.TextCell(c)); !ok {
			in.UnitPrice = core.Decimal{}
			gap("unit_price", why)
			keep("unit_price")
		}
	}
	if in.State, ok = stateOf(row.Cells["state"]); !ok {
		gap("state", core.T("不认识的状态 %q,暂按空置", "the state %q is unknown; taken as vacant", row.Cells["state"]))
		keep("state")
	}
	if len(extra) > 0 {
		in.Extra = core.JSON(extra)
	}
	return in, u.Key, ps
}

func floorLabel(written, fromCode string) string {
	if written == "" {
		return fromCode
	}
	if n := FloorNo(written); n != 0 {
		if fromCode != "" && FloorNo(fromCode) == n {
			return fromCode
		}
	}
	return written
}

// stateOf reads how offices write a unit's state; a blank says nothing.
func stateOf(s string) (string, bool) {
	known := map[string]string{"": "", "自用": Own, "自住": Own, "业主自用": Own, "出租": Let, "已租": Let, "已出租": Let, "在租": Let, "租赁": Let, "租用": Let,
		"空置": Free, "空房": Free, "待租": Free, "未租": Free, "空": Free, "装修": Fitout, "装修中": Fitout, "在装": Fitout, "正在装修": Fitout}
	v, ok := known[core.FullToHalf(s)]
	if !ok {
		return Free, false
	}
	return v, true
}

// changes lists what the row says otherwise than the unit; a blank says nothing.
func (in In) changes(u Unit) []sheet.Change {
	var out []sheet.Change
	diff := func(label core.Text, old, now string) {
		if now != "" && now != old {
			out = append(out, sheet.Change{Field: label, Old: old, New: now})
		}
	}
	diff(core.T("楼座", "Building"), u.Tower, in.Building)
	diff(core.T("楼层", "Floor"), u.Floor, in.Floor)
	if !in.Area.IsZero() && in.Area.Cmp(u.Area) != 0 {
		diff(core.T("面积", "Area"), u.Area.String(), in.Area.String())
	}
	diff(core.T("用途", "Use"), u.Use, in.Use)
	diff(core.T("状态", "State"), core.Label(States(), u.State).ZH, core.Label(States(), in.State).ZH)
	if !in.UnitPrice.IsZero() && in.UnitPrice.Cmp(u.UnitPrice) != 0 {
		diff(core.T("物业费单价", "Unit price"), u.UnitPrice.String(), in.UnitPrice.String())
	}
	diff(core.T("其他列", "Other columns"), u.Extra, in.Extra)
	return out
}

func applyUnits(ctx context.Context, tx db.Tx, rows []sheet.Staged, _ *sheet.Batch) error {
	have, err := Current(ctx, tx)
	if err != nil {
		return err
	}
	byID := map[core.ID]Unit{}
	for _, u := range have {
		byID[u.ID] = u
	}
	towers := map[string]core.ID{}
	var fresh []Unit
	for _, row := range rows {
		var in In
		if err := json.Unmarshal([]byte(row.Data), &in); err != nil {
			return err
		}
		tower, ok := towers[in.Building]
		if !ok {
			if tower, err = EnsureBuilding(ctx, tx, in.Building); err != nil {
				return err
			}
			towers[in.Building] = tower
		}
		if row.Record == 0 {
			fresh = append(fresh, newUnitOf(ctx, tx, row, in, tower))
			continue
		}
		if err := applyChange(ctx, tx, row, in, tower, byID); err != nil {
			return err
		}
	}
	return applyNew(ctx, tx, fresh, rows)
}

// Moved is the refusal of an import whose record somebody changed since the preview.
func Moved(row sheet.Staged) error {
	return core.Conflict("%s第 %d 行(%s):预览之后有人改过这条记录,请重新预览", "%s row %d (%s): somebody changed the record since the preview; please preview again", row.Sheet, row.Row, row.Key)
}

func newUnitOf(ctx context.Context, tx db.Tx, row sheet.Staged, in In, tower core.ID) Unit {
	u := Unit{Project: core.ProjectOf(ctx).ID, ID: tx.NewID(), Code: in.Code, Key: row.Key, Building: tower, Tower: in.Building, State: Free, Origin: OriginImport}
	in.onto(&u)
	return u
}

// applyNew stores the new units together; when one of the codes is taken since the preview, it refuses.
func applyNew(ctx context.Context, tx db.Tx, fresh []Unit, rows []sheet.Staged) error {
	n, err := insertUnits(ctx, tx, fresh...)
	if err != nil {
		return err
	}
	if n < len(fresh) {
		return Moved(rows[0])
	}
	for _, u := range fresh {
		if err := record(ctx, tx, u, "imported", map[string]string{"code": u.Code}); err != nil {
			return err
		}
	}
	return nil
}

func applyChange(ctx context.Context, tx db.Tx, row sheet.Staged, in In, tower core.ID, byID map[core.ID]Unit) error {
	u, ok := byID[row.Record]
	if !ok || u.Version != row.Version {
		return Moved(row)
	}
	u.Building, u.Tower = tower, in.Building
	in.onto(&u)
	if err := updateUnit(ctx, tx, u); err != nil {
		return err
	}
	return record(ctx, tx, u, "edited", map[string]string{"fields": ChangedFields(row.Changes), "sheet": row.Sheet})
}

// ChangedFields names what an import changed; the values stay out of the journal, since an unknown column may hold
// anything.
func ChangedFields(changes []sheet.Change) string {
	names := make([]string, len(changes))
	for i, c := range changes {
		names[i] = c.Field.ZH
	}
	return strings.Join(names, "、")
}

// onto writes what the row says over the unit; a blank leaves what is there.
func (in In) onto(u *Unit) {
	if in.Floor != "" {
		u.Floor, u.FloorNo = in.Floor, FloorNo(in.Floor)
	}
	if !in.Area.IsZero() {
		u.Area = in.Area
	}
	if in.Use != "" {
		u.Use = in.Use
	}
	if in.State != "" {
		u.State = in.State
	}
	if !in.UnitPrice.IsZero() {
		u.UnitPrice = in.UnitPrice
	}
	if in.Extra != "" {
		u.Extra = in.Extra
	}
}
