package customer

import (
	"context"
	"maps"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/estate"
)

// A unit that is split or merged takes along who owns and rents it, in the same transaction: nobody is left on a unit that
// is no more. The owner goes on in every part, a tenant in those that are taken for him. What was is kept: the stay on the
// old unit ends the day before. A contract goes on in the heir of the old unit, and is named at the other parts without its
// money; what is owed, the meters and the matters stay with the old unit, to which the new one's page leads.

func reactions() map[string]duty.Reaction {
	return map[string]duty.Reaction{"unit.split": follow, "unit.merged": follow}
}

// passage is what follows of one old unit.
type passage struct {
	old    estate.Unit
	on     core.Date
	into   []estate.Link // to the new units
	taken  []core.ID     // where tenants go on
	heir   core.ID
	codes  map[core.ID]estate.Unit
	stays  []Stay // that hold on the day or begin later
	leases []Lease
}

// follow moves who uses a unit to those that it was split into or merged to.
func follow(ctx context.Context, tx db.Tx, about core.Ref) error {
	p, err := passageOf(ctx, tx, about.ID)
	if err == nil {
		err = p.check(ctx, tx)
	}
	if err != nil {
		return err
	}
	moved := map[core.ID]map[core.ID]bool{}
	for _, s := range p.stays {
		for _, to := range p.targets(s.Part) {
			if moved[s.Customer] == nil {
				moved[s.Customer] = map[core.ID]bool{}
			}
			moved[s.Customer][to] = true
		}
		if err := p.moveStay(ctx, tx, s); err != nil {
			return err
		}
	}
	for _, l := range p.leases {
		if err := p.moveLease(ctx, tx, l); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(moved)) {
		if err := p.tell(ctx, tx, id, moved[id]); err != nil {
			return err
		}
	}
	return nil
}

func passageOf(ctx context.Context, tx db.Tx, unit core.ID) (p passage, err error) {
	if p.old, err = estate.Get(ctx, tx, unit); err != nil {
		return p, err
	}
	links, err := estate.Links(ctx, tx, unit)
	if err != nil {
		return p, err
	}
	var ids []core.ID
	for _, l := range links {
		if l.Old != unit {
			continue
		}
		p.into, ids, p.on = append(p.into, l), append(ids, l.New), l.On
		if l.Taken {
			p.taken = append(p.taken, l.New)
		}
		if l.Heir {
			p.heir = l.New
		}
	}
	if p.codes, err = estate.Units(ctx, tx, ids...); err != nil {
		return p, err
	}
	stays, err := StaysIn(ctx, tx, unit)
	if err != nil {
		return p, err
	}
	p.stays = slices.DeleteFunc(stays, func(s Stay) bool { return s.To != "" && s.To < p.on })
	p.leases, err = db.All(ctx, tx, (*Lease).dest, leaseSelect+"and l.unit_id = $2 and (l.to_on is null or l.to_on >= $3) order by l.id", core.ProjectOf(ctx).ID, unit, p.on)
	return p, err
}

// check asks the clerk to say where a tenant goes on, and keeps units of different tenants apart.
func (p passage) check(ctx context.Context, tx db.Tx) error {
	tenants := p.tenants()
	if len(p.taken) == 0 && (len(tenants) > 0 || len(p.leases) > 0) {
		names, err := namesOf(ctx, tx, tenants, p.leases)
		if err != nil {
			return err
		}
		return core.Invalid("parts", "单元 %s 有租户或在租合同(%s),请勾选租户继续使用的新单元,可选多个", "Unit %s has a tenant or a running contract (%s): tick the new units where the tenant goes on, one or several", p.old.Code, names)
	}
	if len(p.into) != 1 || len(tenants) == 0 {
		return nil
	}
	there, err := StaysIn(ctx, tx, p.heir)
	if err != nil {
		return err
	}
	others := tenantsOf(slices.DeleteFunc(there, func(s Stay) bool { return s.To != "" && s.To < p.on }))
	if len(others) == 0 || slices.Equal(others, tenants) {
		return nil
	}
	names, err := namesOf(ctx, tx, append(others, tenants...), nil)
	if err != nil {
		return err
	}
	return core.Invalid("others", "要合并的单元租户不同(%s):请先为不再使用的租户办理迁出,再合并", "The units to be merged have different tenants (%s): record first who leaves, then merge them", names)
}

func (p passage) tenants() []core.ID { return tenantsOf(p.stays) }

// tenantsOf are the tenants among stays, each once, by id.
func tenantsOf(stays []Stay) (out []core.ID) {
	for _, s := range stays {
		if s.Part == AsTenant {
			out = append(out, s.Customer)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// namesOf names customers, those of leases too, without the names of persons.
func namesOf(ctx context.Context, tx db.Tx, ids []core.ID, leases []Lease) (string, error) {
	for _, l := range leases {
		if l.Customer != 0 {
			ids = append(ids, l.Customer)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	all, err := Some(ctx, tx, ids...)
	var out []string
	for _, id := range ids {
		out = append(out, all[id].Discreet())
	}
	for _, l := range leases {
		if l.Customer == 0 {
			out = append(out, l.No)
		}
	}
	return strings.Join(out, "、"), err
}

// targets are the new units in which somebody goes on.
func (p passage) targets(part string) []core.ID {
	if part == AsTenant {
		return p.taken
	}
	var out []core.ID
	for _, l := range p.into {
		out = append(out, l.New)
	}
	return out
}

// moveStay lets a stay go on in its new units. One that holds already ends the day before on the old unit; one that had
// yet to begin goes over whole.
func (p passage) moveStay(ctx context.Context, tx db.Tx, s Stay) error {
	next, begun, went := s, s.From < p.on, false
	if begun {
		next.From = p.on
	}
	for _, to := range p.targets(s.Part) {
		joined, err := p.join(ctx, tx, next, to)
		if err != nil {
			return err
		}
		if joined {
			continue
		}
		next.Unit = to
		if begun || went {
			next.ID = tx.NewID()
			err = insertStays(ctx, tx, next)
		} else {
			went, err = true, setStay(ctx, tx, next)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case begun:
		s.To = p.on.Add(-1)
		return setStay(ctx, tx, s)
	case !went: // the same stay is to begin in another of the merged units: on this one there was none
		return db.ExecOne(ctx, tx, "delete from customer_unit where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, s.ID)
	}
	return nil
}

// join lets a stay go on in the one that the same customer has in the new unit already, of another of the merged units;
// it reports whether there is one.
func (p passage) join(ctx context.Context, tx db.Tx, s Stay, to core.ID) (bool, error) {
	there, err := StaysIn(ctx, tx, to)
	if err != nil {
		return false, err
	}
	for _, t := range there {
		if t.Customer != s.Customer || t.Part != s.Part || t.To != "" && t.To < p.on {
			continue
		}
		open := t.To == "" || s.To == ""
		if t.From, t.To = min(t.From, s.From), max(t.To, s.To); open {
			t.To = ""
		}
		return true, setStay(ctx, tx, t)
	}
	return false, nil
}

func setStay(ctx context.Context, tx db.Tx, s Stay) error {
	return db.ExecOne(ctx, tx, "update customer_unit set unit_id = $1, from_on = $2, to_on = $3 where project_id = $4 and id = $5", s.Unit, s.From, s.To, core.ProjectOf(ctx).ID, s.ID)
}

// moveLease lets a contract go on in the heir of the old unit. Two rows of one contract on merged units become one with the
// money of both; at the other parts that its tenant takes the contract is named without money, which is counted once.
func (p passage) moveLease(ctx context.Context, tx db.Tx, l Lease) error {
	there, err := db.All(ctx, tx, (*Lease).dest, leaseSelect+"and l.unit_id = $2 and l.contract_no = $3 and l.id <> $4", core.ProjectOf(ctx).ID, p.heir, l.No, l.ID)
	if err != nil {
		return err
	}
	if len(there) > 0 && there[0].Customer == l.Customer {
		return p.joinLease(ctx, tx, l, there[0])
	}
	if len(there) > 0 {
		return core.Invalid("others", "合同 %s 在要合并的单元上属于不同客户,请先更正合同", "The contract %s names different customers on the units to be merged; correct it first", l.No)
	}
	if err := db.ExecOne(ctx, tx, "update customer_lease set unit_id = $1, version = version + 1, changed_at = $2, changed_by = $3 where project_id = $4 and id = $5 and version = $6",
		p.heir, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, l.ID, l.Version); err != nil {
		return err
	}
	if err := p.lease(ctx, tx, l, l.ID, "moved", p.heir); err != nil {
		return err
	}
	for _, to := range p.taken {
		if to == p.heir {
			continue
		}
		part := Lease{No: l.No, Unit: to, Customer: l.Customer, From: max(l.From, p.on), To: l.To, PayMethod: l.PayMethod, Note: core.T("租金和押金记在 %s", "Rent and deposit stand at %s", p.codes[p.heir].Code).Say(ctx)}
		id := tx.NewID()
		if _, err := db.InsertMany(ctx, tx, leaseInto, "", [][]any{newLease(ctx, id, part)}); err != nil {
			return err
		}
		if err := p.lease(ctx, tx, part, id, "made", to); err != nil {
			return err
		}
	}
	return nil
}

func (p passage) joinLease(ctx context.Context, tx db.Tx, l, into Lease) error {
	open := l.To == "" || into.To == ""
	into.Rent, into.Deposit = into.Rent+l.Rent, into.Deposit+l.Deposit
	if into.From, into.To = min(into.From, l.From), max(into.To, l.To); open {
		into.To = ""
	}
	if err := updateLease(ctx, tx, into); err != nil {
		return err
	}
	if err := p.lease(ctx, tx, into, into.ID, "joined", p.heir); err != nil {
		return err
	}
	if err := db.ExecOne(ctx, tx, "update customer_lease set voided_at = $1, version = version + 1, changed_at = $1, changed_by = $2 where project_id = $3 and id = $4 and version = $5",
		core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, l.ID, l.Version); err != nil {
		return err
	}
	return p.lease(ctx, tx, l, l.ID, "joined", p.heir)
}

// lease puts what happened to a contract's row into its journal.
func (p passage) lease(ctx context.Context, tx db.Tx, l Lease, id core.ID, verb string, to core.ID) error {
	payload := map[string]string{"contract_no": l.No, "from": p.old.Code, "into": p.codes[to].Code, "on": string(p.on)}
	return journal.Add(ctx, tx, core.Ref{Project: p.old.Project, Kind: "customer_lease", ID: id}, verb, payload, journal.For(l.Customer))
}

// tell puts the move into the customer's journal and the new units into the search. The file's own row is left alone: who
// moves in locks the file before the unit, this has the unit already.
func (p passage) tell(ctx context.Context, tx db.Tx, id core.ID, into map[core.ID]bool) error {
	c, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	var codes []string
	for _, l := range p.into {
		if into[l.New] {
			codes = append(codes, p.codes[l.New].Code)
		}
	}
	return record(ctx, tx, c, "unit_moved", map[string]string{"from": p.old.Code, "into": strings.Join(codes, "、"), "on": string(p.on)})
}
