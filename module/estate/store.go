package estate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
)

const unitColumns = `u.project_id, u.id, u.version, u.changed_at, u.code, u.code_key, u.building_id, coalesce(b.name, ''), u.floor, u.floor_no, u.area, u.use_kind,
	u.state, u.unit_price, u.origin, u.note, u.extra, u.since_on, u.ended_on`

const unitFrom = " from estate_unit u left join estate_building b on b.project_id = u.project_id and b.id = u.building_id "

func units(ctx context.Context, tx db.Tx, where string, args ...any) ([]Unit, error) {
	return db.All(ctx, tx, (*Unit).dest, "select "+unitColumns+unitFrom+where, args...)
}

// Get reads one unit of the request's project.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Unit, error) {
	return db.One(ctx, tx, (*Unit).dest, "select "+unitColumns+unitFrom+"where u.project_id = $1 and u.id = $2", core.ProjectOf(ctx).ID, id)
}

// Lock reads a unit that is about to change, or whose state a change elsewhere rests on.
func Lock(ctx context.Context, tx db.Tx, id core.ID) (Unit, error) {
	project := core.ProjectOf(ctx).ID
	if _, err := db.One(ctx, tx, func(v *int64) []any { return []any{v} },
		db.Locked(tx, "select version from estate_unit where project_id = $1 and id = $2"), project, id); err != nil {
		return Unit{}, err
	}
	return Get(ctx, tx, id)
}

// UnitByCode finds the unit that has this code now, however it is written (A305, a-0305, A座3层5号).
func UnitByCode(ctx context.Context, tx db.Tx, code string) (Unit, bool, error) {
	key := Key(code)
	if key == "" {
		return Unit{}, false, nil
	}
	return db.Maybe(ctx, tx, (*Unit).dest, "select "+unitColumns+unitFrom+
		"where u.project_id = $1 and u.code_key = $2 and u.ended_on is null and u.voided_at is null", core.ProjectOf(ctx).ID, key)
}

// UnitsByCode finds the units that have these codes now, by Key of their codes; what no unit has is missing.
func UnitsByCode(ctx context.Context, tx db.Tx, codes ...string) (map[string]Unit, error) {
	var keys []string
	for _, code := range codes {
		if key := Key(code); key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	out := map[string]Unit{}
	for part := range slices.Chunk(slices.Compact(keys), 500) {
		args, marks := []any{core.ProjectOf(ctx).ID}, make([]string, len(part))
		for i, key := range part {
			args = append(args, key)
			marks[i] = fmt.Sprintf("$%d", i+2)
		}
		rows, err := units(ctx, tx, "where u.project_id = $1 and u.code_key in ("+strings.Join(marks, ", ")+") and u.ended_on is null and u.voided_at is null", args...)
		if err != nil {
			return nil, err
		}
		for _, u := range rows {
			out[u.Key] = u
		}
	}
	return out, nil
}

// Units reads the units with these ids, by id; those that do not exist are missing.
func Units(ctx context.Context, tx db.Tx, ids ...core.ID) (map[core.ID]Unit, error) {
	out := map[core.ID]Unit{}
	for len(ids) > 0 {
		part := ids[:min(len(ids), 500)]
		ids = ids[len(part):]
		in, args := list(part, core.ProjectOf(ctx).ID)
		rows, err := units(ctx, tx, "where u.project_id = $1 and u.id in ("+in+")", args...)
		if err != nil {
			return nil, err
		}
		for _, u := range rows {
			out[u.ID] = u
		}
	}
	return out, nil
}

// list writes ids as parameters that follow the first ones.
func list(ids []core.ID, first ...any) (string, []any) {
	marks := make([]string, len(ids))
	for i, id := range ids {
		first = append(first, id)
		marks[i] = fmt.Sprintf("$%d", len(first))
	}
	return strings.Join(marks, ", "), first
}

// Current reads every unit that exists now in the project, floor by floor from the top of each building: a few thousand.
func Current(ctx context.Context, tx db.Tx) ([]Unit, error) {
	return units(ctx, tx, "where u.project_id = $1 and u.ended_on is null and u.voided_at is null order by u.building_id, u.floor_no desc, u.code_key", core.ProjectOf(ctx).ID)
}

// InBuilding reads the units that exist now in a building, floor by floor from the top.
func InBuilding(ctx context.Context, tx db.Tx, building core.ID) ([]Unit, error) {
	return units(ctx, tx, `where u.project_id = $1 and u.building_id = $2 and u.ended_on is null and u.voided_at is null
		order by u.floor_no desc, u.code_key`, core.ProjectOf(ctx).ID, building)
}

func find(ctx context.Context, tx db.Tx, q register.Query) ([]Unit, error) {
	args := []any{core.ProjectOf(ctx).ID}
	where := "where u.project_id = $1 and u.voided_at is null"
	add := func(condition string, v any) {
		args = append(args, v)
		where += fmt.Sprintf(" and "+condition, len(args))
	}
	if q.Text != "" {
		text := strings.ToUpper(core.FullToHalf(q.Text))
		if key := Key(text); key != "" && len([]rune(text)) > 2 {
			text = key
		}
		args = append(args, text, text+"\uffff", "%"+text)
		where += fmt.Sprintf(" and ((u.code_key >= $%d and u.code_key < $%d) or u.code_key like $%d)", len(args)-2, len(args)-1, len(args))
	}
	if b, err := core.ParseID(q.Filter["building"]); err == nil {
		add("u.building_id = $%d", b)
	}
	if s := q.Filter["state"]; s != "" {
		add("u.state = $%d", s)
	}
	if q.Filter["closed"] == "true" {
		where += " and u.ended_on is not null"
	} else {
		where += " and u.ended_on is null"
	}
	if key, id, ok := strings.Cut(q.After, "~"); ok {
		last, _ := core.ParseID(id)
		args = append(args, key, last)
		where += fmt.Sprintf(" and (u.code_key, u.id) > ($%d, $%d)", len(args)-1, len(args))
	}
	args = append(args, q.Limit)
	return units(ctx, tx, where+fmt.Sprintf(" order by u.code_key, u.id limit $%d", len(args)), args...)
}

func insertUnit(ctx context.Context, tx db.Tx, u Unit) error {
	n, err := insertUnits(ctx, tx, u)
	if err == nil && n == 0 {
		err = core.Invalid("code", "单元 %s 已经存在", "Unit %s exists already", u.Code)
	}
	return err
}

// insertUnits stores new units and says how many had a code that was free.
func insertUnits(ctx context.Context, tx db.Tx, us ...Unit) (int, error) {
	now, by := core.Now(ctx), core.ActorOf(ctx).ID
	rows := make([][]any, len(us))
	for i, u := range us {
		rows[i] = []any{u.Project, u.ID, now, by, now, by, u.Code, u.Key, u.Building, u.Floor, u.FloorNo, u.Area, u.Use, u.State, u.UnitPrice, u.Origin, u.Note, u.Extra, u.Since}
	}
	ids, err := db.InsertMany(ctx, tx, `estate_unit (project_id, id, created_at, created_by, changed_at, changed_by, code, code_key, building_id, floor, floor_no,
		area, use_kind, state, unit_price, origin, note, extra, since_on)`, "on conflict do nothing", rows)
	return len(ids), err
}

// updateUnit writes a unit back; its version must still be what was read.
func updateUnit(ctx context.Context, tx db.Tx, u Unit) error {
	return db.ExecOne(ctx, tx, `update estate_unit set building_id = $1, floor = $2, floor_no = $3, area = $4, use_kind = $5, state = $6, unit_price = $7, note = $8,
		extra = $9, ended_on = $10, version = version + 1, changed_at = $11, changed_by = $12 where project_id = $13 and id = $14 and version = $15`,
		u.Building, u.Floor, u.FloorNo, u.Area, u.Use, u.State, u.UnitPrice, u.Note, u.Extra, u.Ended, core.Now(ctx), core.ActorOf(ctx).ID, u.Project, u.ID, u.Version)
}

// Link is one step in the history of split and merged units.
type Link struct {
	Old, New core.ID
	How      string // "split", "merge"
	On       core.Date
	Taken    bool // who rented the old unit goes on in the new one
	Heir     bool // what cannot be divided goes to this new unit; each old one has one heir
}

func insertLink(ctx context.Context, tx db.Tx, l Link) error {
	_, err := db.Exec(ctx, tx, "insert into estate_unit_link (project_id, id, old_id, new_id, how, on_day, taken, heir) values ($1,$2,$3,$4,$5,$6,$7,$8)",
		core.ProjectOf(ctx).ID, tx.NewID(), l.Old, l.New, l.How, l.On, l.Taken, l.Heir)
	return err
}

// Links lists the steps that a unit came from or went into.
func Links(ctx context.Context, tx db.Tx, unit core.ID) ([]Link, error) {
	return db.All(ctx, tx, func(l *Link) []any { return []any{&l.Old, &l.New, &l.How, &l.On, &l.Taken, &l.Heir} },
		`select old_id, new_id, how, on_day, taken, heir from estate_unit_link where project_id = $1 and (old_id = $2 or new_id = $2) order by on_day, id`, core.ProjectOf(ctx).ID, unit)
}

const buildingColumns = "id, version, name, sort, exits, note"

// Buildings lists the project's buildings in their order.
func Buildings(ctx context.Context, tx db.Tx) ([]Building, error) {
	return db.All(ctx, tx, (*Building).dest, "select "+buildingColumns+" from estate_building where project_id = $1 and voided_at is null order by sort, name", core.ProjectOf(ctx).ID)
}

const buildingByID = "select " + buildingColumns + " from estate_building where project_id = $1 and id = $2"

// GetBuilding reads one building.
func GetBuilding(ctx context.Context, tx db.Tx, id core.ID) (Building, error) {
	return db.One(ctx, tx, (*Building).dest, buildingByID, core.ProjectOf(ctx).ID, id)
}

func lockBuilding(ctx context.Context, tx db.Tx, id core.ID) (Building, error) {
	return db.One(ctx, tx, (*Building).dest, db.Locked(tx, buildingByID), core.ProjectOf(ctx).ID, id)
}

func insertBuilding(ctx context.Context, tx db.Tx, b Building) (bool, error) {
	n, err := db.Exec(ctx, tx, `insert into estate_building (project_id, id, created_at, created_by, changed_at, changed_by, name, sort, exits, note)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8) on conflict do nothing`, core.ProjectOf(ctx).ID, b.ID, core.Now(ctx), core.ActorOf(ctx).ID, b.Name, b.Sort, b.Exits, b.Note)
	return n == 1, err
}

func updateBuilding(ctx context.Context, tx db.Tx, b Building) error {
	return db.ExecOne(ctx, tx, `update estate_building set name = $1, sort = $2, exits = $3, note = $4, version = version + 1, changed_at = $5, changed_by = $6
		where project_id = $7 and id = $8 and version = $9`, b.Name, b.Sort, b.Exits, b.Note, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, b.ID, b.Version)
}

func buildingByName(ctx context.Context, tx db.Tx, name string) (core.ID, error) {
	return db.Value[core.ID](ctx, tx, "select id from estate_building where project_id = $1 and name = $2", core.ProjectOf(ctx).ID, name)
}
