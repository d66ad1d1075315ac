package estate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/search"
)

// In is what is said about a unit.
type In struct {
	Code      string
	Building  string // the building's name; made when there is none yet
	Floor     string
	Area      core.Decimal
	Use       string
	State     string
	UnitPrice core.Decimal
	Note      string
	Origin    string `json:"origin,omitempty"`
	Extra     string `json:"extra,omitempty"`
	Since     core.Date
}

// CreateUnit makes a unit and, when its name is new, its building.
func CreateUnit(ctx context.Context, tx db.Tx, in In) (core.ID, error) {
	u, err := unitOf(ctx, tx, in)
	if err != nil {
		return 0, err
	}
	u.ID = tx.NewID()
	if err := insertUnit(ctx, tx, u); err != nil {
		return 0, err
	}
	return u.ID, record(ctx, tx, u, verbOf(in.Origin), in)
}

func verbOf(origin string) string {
	if origin == OriginImport {
		return "imported"
	}
	return "created"
}

// unitOf checks the input and completes it from the code: building and floor of A0305 are A and 3.
func unitOf(ctx context.Context, tx db.Tx, in In) (Unit, error) {
	code := ParseCode(in.Code, in.Building)
	if code.Code == "" {
		return Unit{}, core.Invalid("code", "请填写单元编号", "The unit code is required")
	}
	if in.Floor == "" {
		in.Floor = code.Floor
	}
	tower := in.Building
	if tower == "" {
		tower = code.Building
	}
	if in.State == "" {
		in.State = Free
	}
	b, err := EnsureBuilding(ctx, tx, TowerName(tower))
	return Unit{Project: core.ProjectOf(ctx).ID, Code: code.Code, Key: code.Key, Building: b, Tower: TowerName(tower), Floor: in.Floor, FloorNo: FloorNo(in.Floor), Area: in.Area,
		Use: in.Use, State: in.State, UnitPrice: in.UnitPrice, Origin: in.Origin, Note: in.Note, Extra: in.Extra, Since: in.Since}, err
}

// TowerName writes a building's name the way the office says it: A → A座; a project without towers has 主楼.
func TowerName(name string) string {
	name = strings.TrimSpace(core.FullToHalf(name))
	switch {
	case name == "":
		return "主楼"
	case len(name) == 1 && name[0] >= 'A' && name[0] <= 'Z', len(name) == 1 && name[0] >= 'a' && name[0] <= 'z':
		return strings.ToUpper(name) + "座"
	case strings.Trim(name, "0123456789") == "":
		return name + "号楼"
	}
	return name
}

// EnsureBuilding finds the building of this name, or makes it.
func EnsureBuilding(ctx context.Context, tx db.Tx, name string) (core.ID, error) {
	id, err := buildingByName(ctx, tx, name)
	if err != nil || id != 0 {
		return id, err
	}
	b := Building{ID: tx.NewID(), Name: name, Exits: 4}
	made, err := insertBuilding(ctx, tx, b)
	if err != nil {
		return 0, err
	}
	if !made { // somebody else was quicker
		return buildingByName(ctx, tx, name)
	}
	return b.ID, journal.Add(ctx, tx, BuildingKind.Ref(ctx, b.ID), "created", map[string]any{"name": name})
}

// EnsureUnit finds the unit of this code, or makes a vacant one with what the code tells.
func EnsureUnit(ctx context.Context, tx db.Tx, code, origin string) (core.ID, error) {
	u, ok, err := UnitByCode(ctx, tx, code)
	if err != nil || ok {
		return u.ID, err
	}
	return CreateUnit(ctx, tx, In{Code: code, Origin: origin})
}

// record puts what happened to a unit into the journal and the unit into the search.
func record(ctx context.Context, tx db.Tx, u Unit, verb string, payload any) error {
	tx.Publish(Topic(u.Project))
	if err := feed(ctx, tx, u); err != nil {
		return err
	}
	if slices.Contains([]string{"created", "split", "merged"}, verb) {
		if err := happened(ctx, tx, u, verb); err != nil {
			return err
		}
	}
	return journal.Add(ctx, tx, u.Ref(), verb, payload)
}

// happened tells the clauses that the firm added itself.
func happened(ctx context.Context, tx db.Tx, u Unit, event string) error {
	return duty.Happened(ctx, tx, "unit."+event, u.Ref(), u.Code, UnitKind.Href(ctx, u.ID))
}

// moved tells them what a change of state means: somebody took the unit up, left it, or fits it out. What only passes
// between the owner's own use and a tenant is none of these.
func moved(ctx context.Context, tx db.Tx, was string, u Unit) error {
	used := func(state string) bool { return state == Own || state == Let }
	switch {
	case was == u.State:
		return nil
	case u.State == Free:
		return happened(ctx, tx, u, "vacated")
	case u.State == Fitout:
		return happened(ctx, tx, u, "fitout")
	case used(u.State) && !used(was):
		return happened(ctx, tx, u, "taken")
	}
	return nil
}

func feed(ctx context.Context, tx db.Tx, u Unit) error {
	if u.Ended != "" {
		return search.Remove(ctx, tx, u.Ref())
	}
	sub := strings.TrimSpace(strings.Join([]string{u.Tower, u.Square(), u.Use}, " "))
	return search.Put(ctx, tx, search.Doc{Ref: u.Ref(), Perm: "unit.view", Title: u.Code, Sub: sub, URL: UnitKind.Href(ctx, u.ID),
		Codes: []string{u.Code}, Words: []string{u.Tower}, At: core.Now(ctx)})
}

// Edit changes a unit's particulars; its code stays.
func Edit(ctx context.Context, tx db.Tx, id core.ID, in In) error {
	u, err := Lock(ctx, tx, id)
	if err == nil {
		err = u.Exists()
	}
	if err != nil {
		return err
	}
	if in.Building != "" && TowerName(in.Building) != u.Tower {
		if u.Building, err = EnsureBuilding(ctx, tx, TowerName(in.Building)); err != nil {
			return err
		}
		u.Tower = TowerName(in.Building)
	}
	u.Floor, u.FloorNo, u.Area, u.Use, u.UnitPrice, u.Note = in.Floor, FloorNo(in.Floor), in.Area, in.Use, in.UnitPrice, in.Note
	was := u.State
	if in.State != "" {
		u.State = in.State
	}
	if err := updateUnit(ctx, tx, u); err != nil {
		return err
	}
	if err := moved(ctx, tx, was, u); err != nil {
		return err
	}
	return record(ctx, tx, u, "edited", in)
}

// Exists refuses what is said about a unit that a split or merge has closed.
func (u Unit) Exists() error {
	if u.Ended != "" {
		return core.Conflict("单元 %s 已于 %s 拆分或合并,只供查阅", "Unit %s was split or merged on %s and is history", u.Code, string(u.Ended))
	}
	return nil
}

func canChange(ctx context.Context, tx db.Tx, id core.ID) error {
	u, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	return u.Exists()
}

// SetState sets a unit's state; the same state again does nothing.
func SetState(ctx context.Context, tx db.Tx, id core.ID, state string) error {
	u, err := Lock(ctx, tx, id)
	if err == nil {
		err = u.Exists()
	}
	if err != nil || u.State == state {
		return err
	}
	was := u.State
	u.State = state
	if err := updateUnit(ctx, tx, u); err != nil {
		return err
	}
	if err := moved(ctx, tx, was, u); err != nil {
		return err
	}
	return record(ctx, tx, u, "state", map[string]string{"state": state, "label": core.Label(States(), state).ZH})
}

// Part is one of the units that a unit is split into.
type Part struct {
	Code  string
	Area  core.Decimal
	Taken bool // whoever rents the unit goes on in this part
}

// Division splits a unit.
type Division struct {
	On    core.Date // today when empty
	Parts []Part
}

// Split closes a unit and makes its parts, each with the unit's building, floor, use and price. The parts' areas must
// add up to the unit's, when that is known. Whoever rents the unit goes on in the parts that are taken, the others are
// vacant then; a unit with a tenant needs such a part (the customer module, which knows, refuses it otherwise). Its
// spaces go to its heir.
func Split(ctx context.Context, tx db.Tx, id core.ID, in Division) ([]core.ID, error) {
	u, err := Lock(ctx, tx, id)
	if err == nil {
		err = u.Exists()
	}
	if err == nil {
		err = checkParts(u, in.Parts)
	}
	if err != nil {
		return nil, err
	}
	on := orToday(ctx, in.On)
	if u, err = closeUnit(ctx, tx, u, on); err != nil {
		return nil, err
	}
	ids, heir := make([]core.ID, len(in.Parts)), heirOf(u, in.Parts)
	for i, p := range in.Parts {
		part := In{Code: p.Code, Building: u.Tower, Floor: u.Floor, Area: p.Area, Use: u.Use, State: partState(u, in.Parts, p), UnitPrice: u.UnitPrice, Since: on}
		if ids[i], err = derive(ctx, tx, part, Link{How: "split", Taken: p.Taken, Heir: i == heir}, u); err != nil {
			return nil, err
		}
	}
	if err := moveSpaces(ctx, tx, u, ids[heir]); err != nil {
		return nil, err
	}
	return ids, closed(ctx, tx, u, "split", codesOf(in.Parts))
}

// heirOf is the part to which goes what cannot be divided: of those taken, or of all when none is, the one that keeps the
// unit's code, else the first.
func heirOf(u Unit, parts []Part) int {
	some := slices.ContainsFunc(parts, func(p Part) bool { return p.Taken })
	first := -1
	for i, p := range parts {
		switch {
		case some && !p.Taken:
		case Key(p.Code) == u.Key:
			return i
		case first < 0:
			first = i
		}
	}
	return first
}

// partState is the state of a part: what the tenant leaves is vacant.
func partState(u Unit, parts []Part, p Part) string {
	if u.State == Let && !p.Taken && slices.ContainsFunc(parts, func(p Part) bool { return p.Taken }) {
		return Free
	}
	return u.State
}

func checkParts(u Unit, parts []Part) error {
	if len(parts) < 2 {
		return core.Invalid("parts", "至少拆成两个单元", "Split it into two units at least")
	}
	seen := map[string]bool{}
	var sum core.Decimal
	for i, p := range parts {
		key := Key(p.Code)
		if seen[key] {
			return core.Invalid(fmt.Sprintf("parts.%d.code", i), "编号 %s 重复", "The code %s comes twice", p.Code)
		}
		seen[key] = true
		if p.Area.Sign() <= 0 {
			return core.Invalid(fmt.Sprintf("parts.%d.area", i), "请填写面积", "The area is required")
		}
		var err error
		if sum, err = sum.Add(p.Area); err != nil {
			return err
		}
	}
	if !u.Area.IsZero() && sum.Cmp(u.Area) != 0 {
		return core.Invalid("parts", "面积之和 %s 应等于原面积 %s", "The areas add up to %s; they must make %s", sum.String(), u.Area.String())
	}
	return nil
}

func codesOf(parts []Part) string {
	codes := make([]string, len(parts))
	for i, p := range parts {
		codes[i] = p.Code
	}
	return strings.Join(codes, "、")
}

func orToday(ctx context.Context, d core.Date) core.Date {
	if d == "" {
		return core.Today(ctx)
	}
	return d
}

// closeUnit ends a unit, whose code is free then.
func closeUnit(ctx context.Context, tx db.Tx, u Unit, on core.Date) (Unit, error) {
	u.Ended = on
	if err := updateUnit(ctx, tx, u); err != nil {
		return u, err
	}
	return Get(ctx, tx, u.ID)
}

// closed tells of it, once the new units stand: the modules above move there who uses the old one.
func closed(ctx context.Context, tx db.Tx, u Unit, verb, into string) error {
	return record(ctx, tx, u, verb, map[string]string{"into": into, "on": string(u.Ended)})
}

// derive makes a unit out of others and links it to them, each as l says.
func derive(ctx context.Context, tx db.Tx, in In, l Link, from ...Unit) (core.ID, error) {
	id, err := CreateUnit(ctx, tx, in)
	if err != nil {
		return 0, err
	}
	codes := make([]string, len(from))
	for i, u := range from {
		codes[i] = u.Code
		if err := insertLink(ctx, tx, Link{u.ID, id, l.How, in.Since, l.Taken, l.Heir}); err != nil {
			return 0, err
		}
	}
	return id, journal.Add(ctx, tx, UnitKind.Ref(ctx, id), "made", map[string]string{"from": strings.Join(codes, "、"), "how": l.How})
}

// Union merges units.
type Union struct {
	On     core.Date // today when empty
	Code   string
	Others []Other
}

// Other is a further unit of a merge.
type Other struct{ Unit core.ID }

// Merge closes the units of one building and makes one of them, with their areas added. Who owns and rents them goes on in
// it, and so do their spaces; units of different tenants are not merged (the customer module refuses it).
func Merge(ctx context.Context, tx db.Tx, id core.ID, in Union) (core.ID, error) {
	if len(in.Others) == 0 {
		return 0, core.Invalid("others", "请选择要并入的单元", "Choose the units to merge with")
	}
	from, err := lockAll(ctx, tx, id, in.Others)
	if err != nil {
		return 0, err
	}
	var sum core.Decimal
	for _, u := range from {
		if u.Building != from[0].Building {
			return 0, core.Invalid("others", "%s 不在同一楼座", "%s is in another building", u.Code)
		}
		if sum, err = sum.Add(u.Area); err != nil {
			return 0, err
		}
	}
	on := orToday(ctx, in.On)
	for i, u := range from {
		if from[i], err = closeUnit(ctx, tx, u, on); err != nil {
			return 0, err
		}
	}
	first := from[0]
	one, err := derive(ctx, tx, In{Code: in.Code, Building: first.Tower, Floor: first.Floor, Area: sum, Use: first.Use, State: joinedState(from),
		UnitPrice: first.UnitPrice, Since: on}, Link{How: "merge", Taken: true, Heir: true}, from...)
	for _, u := range from {
		if err == nil {
			err = moveSpaces(ctx, tx, u, one)
		}
		if err == nil {
			err = closed(ctx, tx, u, "merged", in.Code)
		}
	}
	return one, err
}

// joinedState is the state of a merged unit: one that is used makes it used.
func joinedState(from []Unit) string {
	for _, state := range []string{Let, Own, Fitout} {
		if slices.ContainsFunc(from, func(u Unit) bool { return u.State == state }) {
			return state
		}
	}
	return Free
}

// lockAll locks units that become one, in the order of their ids, so that two merges do not wait for each other, and gives
// them in the order in which they were named.
func lockAll(ctx context.Context, tx db.Tx, first core.ID, others []Other) ([]Unit, error) {
	ids := []core.ID{first}
	for _, o := range others {
		ids = append(ids, o.Unit)
	}
	locked := map[core.ID]Unit{}
	for _, id := range slices.Sorted(slices.Values(ids)) {
		u, err := Lock(ctx, tx, id)
		if err == nil {
			err = u.Exists()
		}
		if err == nil && locked[id].ID != 0 {
			err = core.Invalid("others", "单元 %s 重复", "Unit %s comes twice", u.Code)
		}
		if err != nil {
			return nil, err
		}
		locked[id] = u
	}
	out := make([]Unit, len(ids))
	for i, id := range ids {
		out[i] = locked[id]
	}
	return out, nil
}
