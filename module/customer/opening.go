package customer

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
)

// Lease is a lease of the office's workbook, kept until the lease module takes it over.
type Lease struct {
	ID         core.ID    `json:"-"`
	Version    int64      `json:"-"`
	No         string     `json:"contract_no"`
	Unit       core.ID    `json:"-"`
	Code       string     `json:"unit"`
	Customer   core.ID    `json:"-"`
	From       core.Date  `json:"from,omitempty"`
	To         core.Date  `json:"to,omitempty"`
	Rent       core.Money `json:"rent_fen"`
	Deposit    core.Money `json:"deposit_fen"`
	PayMethod  string     `json:"pay_method,omitempty"`
	FreeMonths string     `json:"free_months,omitempty"`
	Note       string     `json:"note,omitempty"`
	Extra      string     `json:"-"`
}

func (l *Lease) dest() []any {
	return []any{&l.ID, &l.Version, &l.No, &l.Unit, &l.Code, &l.Customer, &l.From, &l.To, &l.Rent, &l.Deposit, &l.PayMethod, &l.FreeMonths, &l.Note, &l.Extra}
}

// Reading is a meter reading of the office's workbook. Period is empty when the sheet did not say.
type Reading struct {
	ID         core.ID      `json:"-"`
	Version    int64        `json:"-"`
	Meter      string       `json:"meter_no"`
	Period     core.Month   `json:"period,omitempty"`
	Kind       string       `json:"kind"`
	Unit       core.ID      `json:"-"`
	Code       string       `json:"unit"`
	Customer   core.ID      `json:"-"`
	Multiplier core.Decimal `json:"multiplier"`
	Previous   core.Decimal `json:"previous"`
	Current    core.Decimal `json:"current"`
	UnitPrice  core.Decimal `json:"unit_price"`
	Reader     string       `json:"-"`
	Extra      string       `json:"-"`
}

func (r *Reading) dest() []any {
	return []any{&r.ID, &r.Version, &r.Meter, &r.Period, &r.Kind, &r.Unit, &r.Code, &r.Customer, &r.Multiplier, &r.Previous, &r.Current, &r.UnitPrice, &r.Reader, &r.Extra}
}

// Arrears is one sum owed of the office's workbook.
type Arrears struct {
	ID       core.ID    `json:"-"`
	Version  int64      `json:"-"`
	Unit     core.ID    `json:"-"`
	Code     string     `json:"unit"`
	Customer core.ID    `json:"-"`
	Item     string     `json:"item"`
	Month    core.Month `json:"month"`
	Amount   core.Money `json:"amount_fen"`
	Note     string     `json:"note,omitempty"`
	Extra    string     `json:"-"`
}

func (a *Arrears) dest() []any {
	return []any{&a.ID, &a.Version, &a.Unit, &a.Code, &a.Customer, &a.Item, &a.Month, &a.Amount, &a.Note, &a.Extra}
}

const leaseSelect = `select l.id, l.version, l.contract_no, l.unit_id, coalesce(u.code, ''), l.customer_id, l.from_on, l.to_on, l.rent, l.deposit, l.pay_method, l.free_months, l.note, l.extra
	from customer_lease l left join estate_unit u on u.project_id = l.project_id and u.id = l.unit_id where l.project_id = $1 and l.voided_at is null `

const readingSelect = `select r.id, r.version, r.meter_no, r.period, r.meter_kind, r.unit_id, coalesce(u.code, ''), r.customer_id, r.multiplier, r.previous, r.current_value, r.unit_price, r.reader, r.extra
	from customer_reading r left join estate_unit u on u.project_id = r.project_id and u.id = r.unit_id where r.project_id = $1 and r.voided_at is null `

const arrearsSelect = `select a.id, a.version, a.unit_id, coalesce(u.code, ''), a.customer_id, a.item, a.month, a.amount, a.note, a.extra
	from customer_arrears a left join estate_unit u on u.project_id = a.project_id and u.id = a.unit_id where a.project_id = $1 and a.voided_at is null and a.settled_at is null `

// Leases are a customer's leases, the last first.
func Leases(ctx context.Context, tx db.Tx, customer core.ID) ([]Lease, error) {
	return db.All(ctx, tx, (*Lease).dest, leaseSelect+"and l.customer_id = $2 order by l.to_on desc, l.id", core.ProjectOf(ctx).ID, customer)
}

// Readings are a customer's meter readings, the last first; at most 200.
func Readings(ctx context.Context, tx db.Tx, customer core.ID) ([]Reading, error) {
	return db.All(ctx, tx, (*Reading).dest, readingSelect+"and r.customer_id = $2 order by r.period desc, r.id limit 200", core.ProjectOf(ctx).ID, customer)
}

// ArrearsOf is what a customer owes, the oldest first.
func ArrearsOf(ctx context.Context, tx db.Tx, customer core.ID) ([]Arrears, error) {
	return db.All(ctx, tx, (*Arrears).dest, arrearsSelect+"and a.customer_id = $2 order by a.month, a.id", core.ProjectOf(ctx).ID, customer)
}

const leaseInto = `customer_lease (project_id, id, created_at, created_by, changed_at, changed_by, contract_no, unit_id, customer_id, from_on, to_on, rent, deposit, pay_method,
	free_months, note, extra)`

func newLease(ctx context.Context, id core.ID, l Lease) []any {
	return append(begun(ctx, id), l.No, l.Unit, l.Customer, l.From, l.To, l.Rent, l.Deposit, l.PayMethod, l.FreeMonths, l.Note, l.Extra)
}

// begun are the values of a new row that every business table begins with.
func begun(ctx context.Context, id core.ID) []any {
	now, by := core.Now(ctx), core.ActorOf(ctx).ID
	return []any{core.ProjectOf(ctx).ID, id, now, by, now, by}
}

func updateLease(ctx context.Context, tx db.Tx, l Lease) error {
	return db.ExecOne(ctx, tx, `update customer_lease set customer_id = $1, from_on = $2, to_on = $3, rent = $4, deposit = $5, pay_method = $6, free_months = $7, note = $8, extra = $9,
		version = version + 1, changed_at = $10, changed_by = $11 where project_id = $12 and id = $13 and version = $14`,
		l.Customer, l.From, l.To, l.Rent, l.Deposit, l.PayMethod, l.FreeMonths, l.Note, l.Extra, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, l.ID, l.Version)
}

const readingInto = `customer_reading (project_id, id, created_at, created_by, changed_at, changed_by, meter_no, period, meter_kind, unit_id, customer_id, multiplier, previous,
	current_value, unit_price, reader, extra)`

func newReading(ctx context.Context, id core.ID, r Reading) []any {
	return append(begun(ctx, id), r.Meter, r.Period, r.Kind, r.Unit, r.Customer, r.Multiplier, r.Previous, r.Current, r.UnitPrice, r.Reader, r.Extra)
}

func updateReading(ctx context.Context, tx db.Tx, r Reading) error {
	return db.ExecOne(ctx, tx, `update customer_reading set meter_kind = $1, unit_id = $2, customer_id = $3, multiplier = $4, previous = $5, current_value = $6, unit_price = $7, reader = $8, extra = $9,
		version = version + 1, changed_at = $10, changed_by = $11 where project_id = $12 and id = $13 and version = $14`,
		r.Kind, r.Unit, r.Customer, r.Multiplier, r.Previous, r.Current, r.UnitPrice, r.Reader, r.Extra, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, r.ID, r.Version)
}

const arrearsInto = `customer_arrears (project_id, id, created_at, created_by, changed_at, changed_by, unit_id, customer_id, item, month, amount, note, extra)`

func newArrears(ctx context.Context, id core.ID, a Arrears) []any {
	return append(begun(ctx, id), a.Unit, a.Customer, a.Item, a.Month, a.Amount, a.Note, a.Extra)
}

func updateArrears(ctx context.Context, tx db.Tx, a Arrears) error {
	return db.ExecOne(ctx, tx, `update customer_arrears set customer_id = $1, amount = $2, note = $3, extra = $4, version = version + 1, changed_at = $5, changed_by = $6
		where project_id = $7 and id = $8 and version = $9`, a.Customer, a.Amount, a.Note, a.Extra, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, a.ID, a.Version)
}

// noted puts what an import did to a row of opening data into the journal.
func noted(ctx context.Context, tx db.Tx, kind string, id core.ID, verb string, payload any) error {
	return journal.Add(ctx, tx, core.Ref{Project: core.ProjectOf(ctx).ID, Kind: kind, ID: id}, verb, payload)
}

// expiringWithin is how many days before its end a lease shows as 即将到期 on the stacking plan.
const expiringWithin = 90

// cellStates colour the stacking plan: 欠费 over 90 天内到期 over the unit's own state.
func cellStates() []house.CellState {
	return []house.CellState{
		{Key: "arrears", Label: core.T("欠费", "In arrears"), Tone: "arrears", Rank: 40, Of: owing},
		{Key: "expiring", Label: core.T("%d 天内到期", "Ends within %d days", expiringWithin), Tone: "expiring", Rank: 20, Of: expiring},
	}
}

type unitWord struct {
	unit   core.ID
	amount core.Money
	day    core.Date
}

func owing(ctx context.Context, tx db.Tx, tower core.ID) (map[core.ID]string, error) {
	// What is owed for a unit that was split or merged since shows at its heir.
	rows, err := db.All(ctx, tx, func(w *unitWord) []any { return []any{&w.unit, &w.amount} }, `with recursive home (old_id, unit_id) as (
			select u.id, u.id from estate_unit u where u.project_id = $1 and u.building_id = $2
			union all select l.old_id, h.unit_id from home h join estate_unit_link l on l.project_id = $1 and l.new_id = h.old_id and l.heir)
		select h.unit_id, sum(a.amount) from home h join customer_arrears a on a.project_id = $1 and a.unit_id = h.old_id
		where a.voided_at is null and a.settled_at is null group by h.unit_id`, core.ProjectOf(ctx).ID, tower)
	out := map[core.ID]string{}
	for _, w := range rows {
		out[w.unit] = "¥" + w.amount.String()
	}
	return out, err
}

func expiring(ctx context.Context, tx db.Tx, tower core.ID) (map[core.ID]string, error) {
	today := core.Today(ctx)
	rows, err := db.All(ctx, tx, func(w *unitWord) []any { return []any{&w.unit, &w.day} }, `select l.unit_id, max(l.to_on) from customer_lease l
		join estate_unit u on u.project_id = l.project_id and u.id = l.unit_id
		where l.project_id = $1 and u.building_id = $2 and l.voided_at is null group by l.unit_id having max(l.to_on) between $3 and $4`,
		core.ProjectOf(ctx).ID, tower, today, today.Add(expiringWithin))
	out := map[core.ID]string{}
	for _, w := range rows {
		out[w.unit] = string(w.day)
	}
	return out, err
}
