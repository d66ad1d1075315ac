package customer

import (
	"context"
	"encoding/json"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/estate"
	"huiyin/sheet"
)

// link is the unit and the customer that a row of opening data is about, by what later finds them.
type link struct {
	Unit  string   // key of the unit's code
	Units []string // further units of one contract
	Name  string
}

// link reads unit and customer of a row. A customer who is nowhere on file is reported; the name stays with the row.
func (r *reader) link(k *known, batch *sheet.Batch) link {
	units := r.units(k, batch)
	l := link{Name: r.text("name")}
	if len(units) == 0 {
		r.refuse("unit", core.T("没有可识别的单元", "there is no unit that can be recognised"))
		return l
	}
	l.Unit, l.Units = units[0], units[1:]
	return l
}

// customer finds who a row means: of this name in the unit, else the only one of this name, else the unit's only tenant
// when the row names nobody. It is asked again when the row is applied, after the file's own customers are there.
func (k *known) customer(l link) core.ID {
	name := NameKey(l.Name)
	var tenants []core.ID
	for _, s := range k.inUnit[k.units[l.Unit].ID] {
		c := k.customers[s.Customer]
		if c == nil {
			continue
		}
		if c.NameKey == name {
			return c.ID
		}
		if s.Part == AsTenant {
			tenants = append(tenants, c.ID)
		}
	}
	if name != "" && len(k.named[name]) == 1 {
		return k.named[name][0]
	}
	if name == "" && len(tenants) == 1 {
		return tenants[0]
	}
	return 0
}

// opened is one row of opening data: what it says, and where it belongs.
type opened[T any] struct {
	Link link
	Row  T
}

// table is one kind of opening data.
type table[T any] struct {
	kind   string
	all    string // the select of every row
	dest   func(*T) []any
	id     func(*T) (core.ID, int64)
	key    func(k *known, t *T) string
	read   func(r *reader, l link) T
	key2   func(l link, t *T) string
	place  func(t *T, unit, customer core.ID)
	diff   func(old, now *T) []sheet.Change
	onto   func(old *T, now T)
	into   string // table and columns
	row    func(context.Context, core.ID, T) []any
	update func(context.Context, db.Tx, T) error
}

// stage compares rows with the rows that are there, all read at once.
func (t table[T]) stage(ctx context.Context, tx db.Tx, rows []sheet.ImportRow, batch *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
	k, err := load(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	have, err := t.have(ctx, tx, k)
	if err != nil {
		return nil, nil, err
	}
	var out []sheet.Staged
	var problems []sheet.Problem
	seen := map[string]int{}
	for _, row := range rows {
		r := read(row)
		l := r.link(k, batch)
		now := t.read(r, l)
		key := t.key2(l, &now)
		if first, twice := seen[key]; twice && !r.refused() {
			r.refuse("", core.T("与第 %d 行是同一条(%s)", "the same as row %d (%s)", first, key))
		}
		seen[key] = row.Row
		out = append(out, t.compare(r, key, opened[T]{l, now}, have))
		problems = append(problems, r.problems...)
	}
	return out, problems, nil
}

func (t table[T]) have(ctx context.Context, tx db.Tx, k *known) (map[string]*T, error) {
	all, err := db.All(ctx, tx, t.dest, t.all, core.ProjectOf(ctx).ID)
	out := map[string]*T{}
	for i := range all {
		out[t.key(k, &all[i])] = &all[i]
	}
	return out, err
}

func (t table[T]) compare(r *reader, key string, now opened[T], have map[string]*T) sheet.Staged {
	s := sheet.Staged{ImportRow: r.row, Key: key, State: sheet.New, Data: core.JSON(now)}
	if r.refused() {
		s.State = sheet.Refused
		return s
	}
	if old := have[key]; old != nil {
		s.Record, s.Version = t.id(old)
		s.State = sheet.Unchanged
		if s.Changes = t.diff(old, &now.Row); len(s.Changes) > 0 {
			s.State = sheet.Changed
		}
	}
	return s
}

func (t table[T]) apply(ctx context.Context, tx db.Tx, rows []sheet.Staged, _ *sheet.Batch) error {
	k, err := load(ctx, tx)
	if err != nil {
		return err
	}
	have, err := t.have(ctx, tx, k)
	if err != nil {
		return err
	}
	var ids []core.ID
	var fresh [][]any
	var keys []sheet.Staged
	for _, row := range rows {
		var now opened[T]
		if err := json.Unmarshal([]byte(row.Data), &now); err != nil {
			return err
		}
		u, err := k.unit(ctx, tx, now.Link.Unit)
		if err != nil {
			return err
		}
		t.place(&now.Row, u.ID, k.customer(now.Link))
		old := have[row.Key]
		switch {
		case row.Record != 0:
			err = t.change(ctx, tx, row, now.Row, old)
		case old != nil:
			err = estate.Moved(row)
		default:
			id := tx.NewID()
			ids, keys, fresh = append(ids, id), append(keys, row), append(fresh, t.row(ctx, id, now.Row))
		}
		if err != nil {
			return err
		}
	}
	return t.bring(ctx, tx, ids, fresh, keys)
}

// bring stores the new rows together.
func (t table[T]) bring(ctx context.Context, tx db.Tx, ids []core.ID, fresh [][]any, rows []sheet.Staged) error {
	if _, err := db.InsertMany(ctx, tx, t.into, "", fresh); err != nil {
		return err
	}
	for i, id := range ids {
		if err := noted(ctx, tx, t.kind, id, "imported", map[string]string{"key": rows[i].Key, "sheet": rows[i].Sheet}); err != nil {
			return err
		}
	}
	return nil
}

func (t table[T]) change(ctx context.Context, tx db.Tx, row sheet.Staged, now T, old *T) error {
	if old == nil {
		return estate.Moved(row)
	}
	if id, version := t.id(old); id != row.Record || version != row.Version {
		return estate.Moved(row)
	}
	t.onto(old, now)
	if err := t.update(ctx, tx, *old); err != nil {
		return err
	}
	return noted(ctx, tx, t.kind, row.Record, "edited", map[string]string{"key": row.Key, "sheet": row.Sheet, "fields": estate.ChangedFields(row.Changes)})
}

// differ collects what a row would change.
type differ []sheet.Change

func (d *differ) text(zh, en, old, now string) {
	if now != "" && now != old {
		*d = append(*d, sheet.Change{Field: core.T(zh, en), Old: old, New: now})
	}
}

func (d *differ) money(zh, en string, old, now core.Money) {
	if old != now {
		d.text(zh, en, old.String(), now.String())
	}
}

func (d *differ) number(zh, en string, old, now core.Decimal) {
	if old.Cmp(now) != 0 {
		d.text(zh, en, old.String(), now.String())
	}
}

func leaseTable() table[leaseRow] {
	return table[leaseRow]{
		kind: "customer_lease", all: leaseSelect, dest: func(l *leaseRow) []any { return (*Lease)(l).dest() }, id: func(l *leaseRow) (core.ID, int64) { return l.ID, l.Version },
		key:  func(_ *known, l *leaseRow) string { return l.No + " " + estate.Key(l.Code) },
		key2: func(l link, r *leaseRow) string { return r.No + " " + l.Unit },
		read: readLease, place: func(l *leaseRow, unit, customer core.ID) { l.Unit, l.Customer = unit, customer },
		diff: func(old, now *leaseRow) []sheet.Change {
			var d differ
			d.text("起租日", "Start", string(old.From), string(now.From))
			d.text("到期日", "End", string(old.To), string(now.To))
			d.money("月租金", "Monthly rent", old.Rent, now.Rent)
			d.money("押金", "Deposit", old.Deposit, now.Deposit)
			d.text("付款方式", "Payment", old.PayMethod, now.PayMethod)
			d.text("免租期", "Rent-free months", old.FreeMonths, now.FreeMonths)
			d.text("备注", "Note", old.Note, now.Note)
			d.text("其他列", "Other columns", old.Extra, now.Extra)
			return d
		},
		onto: func(old *leaseRow, now leaseRow) {
			now.ID, now.Version = old.ID, old.Version
			if now.Customer == 0 {
				now.Customer = old.Customer
			}
			*old = now
		},
		into:   leaseInto,
		row:    func(ctx context.Context, id core.ID, l leaseRow) []any { return newLease(ctx, id, Lease(l)) },
		update: func(ctx context.Context, tx db.Tx, l leaseRow) error { return updateLease(ctx, tx, Lease(l)) },
	}
}

// leaseRow, readingRow and arrearsRow are the rows as they are staged: all their values, whatever the exports leave out.
type (
	leaseRow   Lease
	readingRow Reading
	arrearsRow Arrears
)

// MarshalJSON and UnmarshalJSON carry every value through the staging.
func (l leaseRow) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{l.No, l.From, l.To, l.Rent, l.Deposit, l.PayMethod, l.FreeMonths, l.Note, l.Extra})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *leaseRow) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&l.No, &l.From, &l.To, &l.Rent, &l.Deposit, &l.PayMethod, &l.FreeMonths, &l.Note, &l.Extra})
}

// MarshalJSON carries every value through the staging.
func (r readingRow) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{r.Meter, r.Period, r.Kind, r.Multiplier, r.Previous, r.Current, r.UnitPrice, r.Reader, r.Extra})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *readingRow) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&r.Meter, &r.Period, &r.Kind, &r.Multiplier, &r.Previous, &r.Current, &r.UnitPrice, &r.Reader, &r.Extra})
}

// MarshalJSON carries every value through the staging.
func (a arrearsRow) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{a.Item, a.Month, a.Amount, a.Note, a.Extra})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *arrearsRow) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&a.Item, &a.Month, &a.Amount, &a.Note, &a.Extra})
}

func readLease(r *reader, l link) leaseRow {
	out := leaseRow{No: r.text("contract_no"), PayMethod: r.text("pay_method"), FreeMonths: r.text("free_months"), Note: r.text("note")}
	out.From, out.To = parse(r, "start", date), parse(r, "end", date)
	if r.has("term") && out.From == "" && out.To == "" {
		from, to, ok, why := sheet.ParseDateRange(r.cell("term"), 0)
		if !ok {
			r.gap("term", why)
		}
		out.From, out.To = from, to
	}
	if out.To != "" && out.To < out.From {
		r.say("end", sheet.SeverityGap, core.T("到期日 %s 早于起租日 %s", "the end %s is before the start %s", string(out.To), string(out.From)))
	}
	out.Rent, out.Deposit = parse(r, "rent", sheet.ParseMoney), parse(r, "deposit", sheet.ParseMoney)
	if out.No == "" {
		out.No = "无编号 " + string(out.From)
		r.say("contract_no", sheet.SeverityGap, core.T("没有合同编号,按单元和起租日识别", "there is no contract number; unit and start recognise the lease"))
	}
	r.remember(l)
	out.Extra = r.extras()
	return out
}

// remember keeps the further units of a row and the customer's name as written.
func (r *reader) remember(l link) {
	if r.extra == nil {
		r.extra = map[string]string{}
	}
	if len(l.Units) > 0 {
		r.extra["units"] = r.text("unit")
	}
	if l.Name != "" {
		r.extra["name"] = l.Name
	}
}

func readingTable() table[readingRow] {
	return table[readingRow]{
		kind: "customer_reading", all: readingSelect, dest: func(r *readingRow) []any { return (*Reading)(r).dest() }, id: func(r *readingRow) (core.ID, int64) { return r.ID, r.Version },
		key:  func(_ *known, r *readingRow) string { return r.Meter + " " + string(r.Period) },
		key2: func(_ link, r *readingRow) string { return r.Meter + " " + string(r.Period) },
		read: readReading, place: func(r *readingRow, unit, customer core.ID) { r.Unit, r.Customer = unit, customer },
		diff: func(old, now *readingRow) []sheet.Change {
			var d differ
			d.text("表类", "Meter kind", old.Kind, now.Kind)
			d.number("倍率", "Multiplier", old.Multiplier, now.Multiplier)
			d.number("上期读数", "Previous reading", old.Previous, now.Previous)
			d.number("本期读数", "Current reading", old.Current, now.Current)
			d.number("单价", "Unit price", old.UnitPrice, now.UnitPrice)
			d.text("抄表人", "Read by", old.Reader, now.Reader)
			d.text("其他列", "Other columns", old.Extra, now.Extra)
			return d
		},
		onto: func(old *readingRow, now readingRow) {
			now.ID, now.Version = old.ID, old.Version
			if now.Customer == 0 {
				now.Customer = old.Customer
			}
			*old = now
		},
		into:   readingInto,
		row:    func(ctx context.Context, id core.ID, r readingRow) []any { return newReading(ctx, id, Reading(r)) },
		update: func(ctx context.Context, tx db.Tx, r readingRow) error { return updateReading(ctx, tx, Reading(r)) },
	}
}

func readReading(r *reader, l link) readingRow {
	out := readingRow{Meter: r.text("meter_no"), Kind: r.text("meter_kind"), Reader: r.text("reader"), Period: core.Month(r.row.Period)}
	if _, err := core.ParseMonth(r.row.Period); err != nil {
		out.Period = ""
	}
	out.Multiplier = one()
	if r.has("multiplier") {
		out.Multiplier = parse(r, "multiplier", sheet.ParseReading)
	}
	out.Previous, out.Current = parse(r, "previous", sheet.ParseReading), parse(r, "current", sheet.ParseReading)
	out.UnitPrice = parse(r, "unit_price", sheet.ParsePrice)
	if !r.has("current") {
		r.refuse("current", core.T("没有本期读数", "the current reading is missing"))
	}
	if out.Current.Cmp(out.Previous) < 0 && r.has("previous") {
		r.say("current", sheet.SeverityGap, core.T("本期读数 %s 小于上期 %s,请核对(换表或翻表)", "the reading %s is below the previous one, %s; was the meter changed?", out.Current.String(), out.Previous.String()))
	}
	if out.Meter == "" {
		out.Meter = l.Unit + out.Kind + "表"
		r.say("meter_no", sheet.SeverityGap, core.T("没有表号,按单元和表类识别", "there is no meter number; unit and kind recognise the meter"))
	}
	r.remember(l)
	out.Extra = r.extras()
	return out
}

func arrearsTable() table[arrearsRow] {
	return table[arrearsRow]{
		kind: "customer_arrears", all: arrearsSelect, dest: func(a *arrearsRow) []any { return (*Arrears)(a).dest() }, id: func(a *arrearsRow) (core.ID, int64) { return a.ID, a.Version },
		key:  func(_ *known, a *arrearsRow) string { return estate.Key(a.Code) + " " + a.Item + " " + string(a.Month) },
		key2: func(l link, a *arrearsRow) string { return l.Unit + " " + a.Item + " " + string(a.Month) },
		read: readArrears, place: func(a *arrearsRow, unit, customer core.ID) { a.Unit, a.Customer = unit, customer },
		diff: func(old, now *arrearsRow) []sheet.Change {
			var d differ
			d.money("金额", "Amount", old.Amount, now.Amount)
			d.text("备注", "Note", old.Note, now.Note)
			d.text("其他列", "Other columns", old.Extra, now.Extra)
			return d
		},
		onto: func(old *arrearsRow, now arrearsRow) {
			now.ID, now.Version = old.ID, old.Version
			if now.Customer == 0 {
				now.Customer = old.Customer
			}
			*old = now
		},
		into:   arrearsInto,
		row:    func(ctx context.Context, id core.ID, a arrearsRow) []any { return newArrears(ctx, id, Arrears(a)) },
		update: func(ctx context.Context, tx db.Tx, a arrearsRow) error { return updateArrears(ctx, tx, Arrears(a)) },
	}
}

func readArrears(r *reader, l link) arrearsRow {
	out := arrearsRow{Item: r.text("item"), Note: r.text("note")}
	if out.Item == "" {
		out.Item = "欠费"
	}
	out.Month = parse(r, "month", func(c sheet.Cell) (core.Month, bool, core.Text) { return sheet.ParseMonth(c, 0) })
	if out.Month == "" && !r.has("month") {
		out.Month = core.Month(r.row.Period)
	}
	amount, ok, why := sheet.ParseMoney(r.cell("amount"))
	if !ok {
		r.refuse("amount", why)
	}
	out.Amount = amount
	r.remember(l)
	out.Extra = r.extras()
	return out
}

func stageLeases(ctx context.Context, tx db.Tx, rows []sheet.ImportRow, b *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
	return leaseTable().stage(ctx, tx, rows, b)
}

func applyLeases(ctx context.Context, tx db.Tx, rows []sheet.Staged, b *sheet.Batch) error {
	return leaseTable().apply(ctx, tx, rows, b)
}

// stageReadings says once a sheet that its period is not known.
func stageReadings(ctx context.Context, tx db.Tx, rows []sheet.ImportRow, b *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
	out, problems, err := readingTable().stage(ctx, tx, rows, b)
	var told []string
	for _, r := range rows {
		if r.Period == "" && !slices.Contains(told, r.Sheet) {
			told = append(told, r.Sheet)
			problems = append(problems, sheet.Problem{Sheet: r.Sheet, Severity: sheet.SeverityNote,
				Message: core.T("表中没有写明抄表月份;同一只表只保留一条未注明月份的读数", "the sheet does not say its month; each meter keeps one reading without a month")})
		}
	}
	return out, problems, err
}

func applyReadings(ctx context.Context, tx db.Tx, rows []sheet.Staged, b *sheet.Batch) error {
	return readingTable().apply(ctx, tx, rows, b)
}

func stageArrears(ctx context.Context, tx db.Tx, rows []sheet.ImportRow, b *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
	return arrearsTable().stage(ctx, tx, rows, b)
}

func applyArrears(ctx context.Context, tx db.Tx, rows []sheet.Staged, b *sheet.Batch) error {
	return arrearsTable().apply(ctx, tx, rows, b)
}

func countArrears(c *sheet.Counts, rows []sheet.Staged) {
	for _, row := range rows {
		var now opened[arrearsRow]
		if json.Unmarshal([]byte(row.Data), &now) == nil {
			c.ArrearsFen += now.Row.Amount
		}
	}
}

// one is the multiplier of a meter without one.
func one() core.Decimal {
	d, _, _ := sheet.ParseReading(sheet.TextCell("1"))
	return d
}
