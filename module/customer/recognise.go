package customer

import (
	"context"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/estate"
)

// Match is one customer that a caller's words may mean. Number is plain, for the desk's own matter; pages show Phone.
type Match struct {
	Customer core.ID
	Kind     string
	Name     string
	State    string
	Contact  core.ID
	Person   string // the contact's name
	Role     string
	Number   core.Phone
	Phone    string // masked
	Unit     core.ID
	Code     string // the unit's code
	By       string // what was recognised: "phone", "unit", "name"
}

// matchMax bounds what the desk is offered.
const matchMax = 12

// Recognise finds who calls: by telephone number, unit code, name, pinyin or initials (A3.5, B4.3). A number or a unit that
// fits exactly comes alone; otherwise the search decides.
func Recognise(ctx context.Context, tx db.Tx, query string) ([]Match, error) {
	query = strings.TrimSpace(query)
	if query == "" {
		return nil, nil
	}
	if p, ok := core.NormalPhone(query); ok {
		if hits, err := ByPhone(ctx, tx, p); err != nil || len(hits) > 0 {
			return hits, err
		}
	}
	if hits, err := ByUnit(ctx, tx, query); err != nil || len(hits) > 0 {
		return hits, err
	}
	ids, err := textHits(ctx, tx, query)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return describe(ctx, tx, ids[:min(len(ids), matchMax)], "name", "")
}

// ByPhone finds the customers that a number is on file for.
func ByPhone(ctx context.Context, tx db.Tx, p core.Phone) ([]Match, error) {
	ids, err := db.Values[core.ID](ctx, tx, "select distinct customer_id from customer_phone where project_id = $1 and phone = $2 order by customer_id limit 50", core.ProjectOf(ctx).ID, p)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return describe(ctx, tx, ids, "phone", p)
}

// ByUnit finds who has a unit now: tenants before owners.
func ByUnit(ctx context.Context, tx db.Tx, code string) ([]Match, error) {
	u, ok, err := estate.UnitByCode(ctx, tx, code)
	if err != nil || !ok {
		return nil, err
	}
	return InUnit(ctx, tx, u)
}

// InUnit finds who has a unit now: tenants before owners.
func InUnit(ctx context.Context, tx db.Tx, u estate.Unit) ([]Match, error) {
	all, err := InUnits(ctx, tx, u)
	return all[u.ID], err
}

// InUnits is InUnit for many units, by the unit's id, in a few statements for all of them.
func InUnits(ctx context.Context, tx db.Tx, us ...estate.Unit) (map[core.ID][]Match, error) {
	ids := make([]core.ID, len(us))
	for i, u := range us {
		ids[i] = u.ID
	}
	stays, err := staysIn(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	holders := map[core.ID][]core.ID{}
	var everybody []core.ID
	for _, tenants := range []bool{true, false} {
		for _, s := range stays {
			if s.On(core.Today(ctx)) && (s.Part == AsTenant) == tenants {
				holders[s.Unit] = append(holders[s.Unit], s.Customer)
				everybody = append(everybody, s.Customer)
			}
		}
	}
	slices.Sort(everybody)
	known, err := describe(ctx, tx, slices.Compact(everybody), "unit", "")
	if err != nil {
		return nil, err
	}
	match := make(map[core.ID]Match, len(known))
	for _, m := range known {
		match[m.Customer] = m
	}
	out := make(map[core.ID][]Match, len(us))
	for _, u := range us {
		for _, id := range holders[u.ID] {
			if m, live := match[id]; live {
				m.Unit, m.Code = u.ID, u.Code
				out[u.ID] = append(out[u.ID], m)
			}
		}
	}
	return out, nil
}

// describe reads customers with a contact (the one of the number, when it is given) and a unit, in the order of the ids.
func describe(ctx context.Context, tx db.Tx, ids []core.ID, by string, number core.Phone) ([]Match, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	all, err := Some(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	contacts, err := contactsOf(ctx, tx, ids...)
	if err != nil {
		return nil, err
	}
	units, err := firstUnits(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	byCustomer := map[core.ID][]Contact{}
	for _, k := range contacts {
		byCustomer[k.Customer] = append(byCustomer[k.Customer], k)
	}
	var out []Match
	for _, id := range ids {
		c, ok := all[id]
		if !ok || !c.Live() {
			continue
		}
		m := Match{Customer: id, Kind: c.Kind, Name: string(c.Name), State: c.State, By: by, Unit: units[id].ID, Code: units[id].Code}
		m.person(byCustomer[id], number)
		out = append(out, m)
	}
	return out, nil
}

func (m *Match) person(contacts []Contact, number core.Phone) {
	for _, k := range contacts {
		for _, p := range k.Phones {
			if m.Number == "" && number == "" || p == number {
				m.Contact, m.Person, m.Role, m.Number, m.Phone = k.ID, string(k.Name), k.Role, p, p.Mask()
			}
		}
		if m.Contact == 0 && number == "" {
			m.Contact, m.Person, m.Role = k.ID, string(k.Name), k.Role
		}
	}
}

// firstUnits is one unit of each customer that holds today.
func firstUnits(ctx context.Context, tx db.Tx, ids []core.ID) (map[core.ID]estate.Unit, error) {
	var stays []Stay
	for part := range slices.Chunk(ids, 500) {
		in, args := list(part, core.ProjectOf(ctx).ID, core.Today(ctx))
		some, err := db.All(ctx, tx, (*Stay).dest, "select "+stayColumns+` from customer_unit s where s.project_id = $1 and (s.to_on is null or s.to_on >= $2)
			and s.customer_id in (`+in+") order by s.part desc, s.id", args...)
		if err != nil {
			return nil, err
		}
		stays = append(stays, some...)
	}
	units, err := unitsOf(ctx, tx, stays)
	out := map[core.ID]estate.Unit{}
	for _, s := range stays {
		if _, ok := out[s.Customer]; !ok {
			out[s.Customer] = units[s.Unit]
		}
	}
	return out, err
}
