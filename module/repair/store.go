package repair

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/desk"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/search"
)

func (o Order) withRef() Order { o.Ref.Kind = "repair"; return o }

// Get reads one order of the request's project.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Order, error) {
	o, err := db.One(ctx, tx, (*Order).dest, "select "+columns+" from repair_order where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	return o.withRef(), err
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (Order, error) {
	o, err := db.One(ctx, tx, (*Order).dest, db.Locked(tx, "select "+columns+" from repair_order where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	return o.withRef(), err
}

func list(ctx context.Context, tx db.Tx, where string, args ...any) ([]Order, error) {
	os, err := db.All(ctx, tx, (*Order).dest, "select "+columns+" from repair_order where "+where, args...)
	for i := range os {
		os[i] = os[i].withRef()
	}
	return os, err
}

func insert(ctx context.Context, tx db.Tx, o Order, key, print string) error {
	var confirmedBy core.ID
	if !o.Confirmed.IsZero() {
		confirmedBy = core.ActorOf(ctx).ID
	}
	return db.Soon(ctx, tx, `insert into repair_order (project_id, id, created_at, created_by, changed_at, changed_by, origin, number, office_no, matter_id, customer_id,
		customer_name, unit_id, unit_code, building, place, scope, trade, level, level_by, paid, contact, phone, content, channel, wish_at, state, open, rank, at, day, month,
		due_at, confirmed_at, confirmed_by, technician_id, technician, finished_at, result, signed_at, followup, import_key, import_print)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29,$30,$31,$32,
		$41,$33,$34,$35,$36,$37,$38,$39,$40)`,
		o.Ref.Project, o.Ref.ID, core.Now(ctx), core.ActorOf(ctx).ID, o.Origin, o.Number, o.OfficeNo, o.Matter, o.Customer, o.CustomerName, o.Unit, o.UnitCode, o.Building,
		o.Place, o.Scope, o.Trade, o.Level, o.LevelBy, o.Paid, o.Contact, o.Phone, o.Content, o.Channel, o.Wish, o.State, o.Open, o.Rank, o.At, o.Day, o.Day.Month(), o.Due,
		o.Confirmed, o.Technician, o.TechnicianName, o.Finished, o.Result, o.Signed, o.Followup, key, print, confirmedBy)
}

// save writes back everything that verbs change; the version guards against another change in between.
func save(ctx context.Context, tx db.Tx, o Order) error {
	return db.ExecOne(ctx, tx, `update repair_order set trade = $1, level = $2, level_by = $3, paid = $4, contact = $5, phone = $6, state = $7, held_state = $8, open = $9, rank = $10,
		due_at = $11, confirmed_at = $12, technician_id = $13, technician = $14, outside = $15, dispatched_at = $16, appoint_at = $17, arrived_at = $18, quoted_at = $19,
		quote_total = $20, consent_at = $21, consent_how = $22, consent_by = $23, started_at = $24, finished_at = $25, result = $26, cleared = $27, tried = $28, moved = $29,
		move_consent = $30, damage = $31, damage_fen = $32, signed_at = $33, signer = $34, refused = $35, attitude = $36, speed = $37, quality = $38, comment = $39, slip_at = $40,
		reason = $41, round = $42, total = $43, scope = $44, version = version + 1, changed_at = $45, changed_by = $46 where project_id = $47 and id = $48 and version = $49`,
		o.Trade, o.Level, o.LevelBy, o.Paid, o.Contact, o.Phone, o.State, o.Held, o.Open, o.Rank, o.Due, o.Confirmed, o.Technician, o.TechnicianName, o.Outside, o.Dispatched,
		o.Appoint, o.Arrived, o.Quoted, o.QuoteTotal, o.Consent, o.ConsentHow, o.ConsentBy, o.Started, o.Finished, o.Result, o.Cleared, o.Tried, o.Moved, o.MoveConsent,
		o.Damage, o.DamageFen, o.Signed, o.Signer, o.Refused, o.Attitude, o.Speed, o.Quality, o.Comment, o.Slip, o.Reason, o.Round, o.Total, o.Scope,
		core.Now(ctx), core.ActorOf(ctx).ID, o.Ref.Project, o.Ref.ID, o.Version)
}

// Erase blanks who reported and from where, for a customer whose personal data is erased (L5). The work's record stays.
func Erase(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	if _, err := db.Exec(ctx, tx, `update repair_order set contact = '', phone = '', customer_name = '', signer = '', consent_by = '', move_consent = '' where project_id = $1 and customer_id = $2`, project, customer); err != nil {
		return err
	}
	os, err := list(ctx, tx, "project_id = $1 and customer_id = $2 and voided_at is null", project, customer)
	for _, o := range os {
		if err == nil {
			err = put(ctx, tx, o)
		}
	}
	return err
}

// find lists the queue (open orders, the serious ones first) or, with a state or month asked for, the register by time.
func find(ctx context.Context, tx db.Tx, q register.Query) ([]Order, error) {
	c := db.InProject(core.ProjectOf(ctx).ID)
	queue := false
	switch s := q.Filter["state"]; {
	case s == "all" || s == "" && (q.Filter["month"] != "" || q.Text != ""):
	case s == "" || s == "open":
		queue = true
		c.Conds = append(c.Conds, "open")
	default:
		c.Add("state = ?", s)
	}
	filters(ctx, &c, q)
	if text := strings.TrimSpace(q.Text); text != "" {
		if err := search.Narrow(ctx, tx, &c, "repair", text); err != nil {
			return nil, err
		}
	}
	if err := after(&c, q.After, queue); err != nil {
		return nil, err
	}
	order := "at desc, id desc"
	if queue {
		order = "rank, at, id"
	}
	c.Args = append(c.Args, max(q.Limit, 1))
	return list(ctx, tx, fmt.Sprintf("%s order by %s limit $%d", c.String(), order, len(c.Args)), c.Args...)
}

func filters(ctx context.Context, c *db.Where, q register.Query) {
	for name, cond := range map[string]string{"trade": "trade = ?", "level": "level = ?", "scope": "scope = ?", "month": "month = ?"} {
		if v := q.Filter[name]; v != "" {
			c.Add(cond, v)
		}
	}
	if q.Filter["mine"] == "mine" {
		c.Add("technician_id = ?", core.ActorOf(ctx).ID)
	}
	if q.Filter["late"] == "late" {
		c.Add("due_at < ?", core.Now(ctx))
	}
	if q.Filter["paid"] == "true" {
		c.Add("paid = ?", true)
	}
}

func cursor(o *Order) string { return fmt.Sprintf("%d.%d.%s", o.Rank, o.At.UnixMicro(), o.Ref.ID) }

func after(c *db.Where, key string, queue bool) error {
	if key == "" {
		return nil
	}
	n, err := register.ParseKey(key, 3)
	if err != nil {
		return err
	}
	if queue {
		c.Add("(rank, at, id) > (?, ?, ?)", n[0], n[1], n[2])
		return nil
	}
	c.Add("(at, id) < (?, ?)", n[1], n[2])
	return nil
}

func recent(ctx context.Context, tx db.Tx, ref core.Ref, column string, limit int) ([]Order, error) {
	return list(ctx, tx, "project_id = $1 and "+column+" = $2 and voided_at is null order by at desc, id desc limit $3", ref.Project, ref.ID, limit)
}

// opened counts the open orders, up to core.CountMax, for the rail.
func opened(ctx context.Context, tx db.Tx, project core.ID) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from (select 1 from repair_order where project_id = $1 and open limit $2) x", project, core.CountMax)
}

// dueOf is when the earliest open duty on the order falls due: what the queue counts down. The desk's call is its too.
func dueOf(ctx context.Context, tx db.Tx, o Order) (time.Time, error) {
	return db.Value[time.Time](ctx, tx, `select min(due_at) from duty_duty where project_id = $1 and state = 'open'
		and ((kind = 'repair' and record_id = $2) or (kind = 'desk' and record_id = $3))`, o.Ref.Project, int64(o.Ref.ID), int64(o.Matter))
}

func markVoid(ctx context.Context, tx db.Tx, ref core.Ref, reason string) error {
	return db.ExecOne(ctx, tx, `update repair_order set voided_at = $1, voided_by = $2, void_reason = $3 where project_id = $4 and id = $5`,
		core.Now(ctx), core.ActorOf(ctx).ID, reason, ref.Project, ref.ID)
}

// ---- arrivals and appointments

func arrivals(ctx context.Context, tx db.Tx, o Order) ([]Arrival, error) {
	return db.All(ctx, tx, (*Arrival).dest, "select party, user_id, name, at from repair_arrival where project_id = $1 and repair_id = $2 and round = $3 order by at, id",
		o.Ref.Project, o.Ref.ID, o.Round)
}

// stamp records a party's arrival; false when it had stamped before.
func stamp(ctx context.Context, tx db.Tx, o Order, party string) (bool, error) {
	a := core.ActorOf(ctx)
	n, err := db.Exec(ctx, tx, `insert into repair_arrival (project_id, id, repair_id, round, party, user_id, name, at) values ($1,$2,$3,$4,$5,$6,$7,$8)
		on conflict (project_id, repair_id, round, party) do nothing`, o.Ref.Project, tx.NewID(), o.Ref.ID, o.Round, party, a.ID, a.Name, core.Now(ctx))
	return n == 1, err
}

// addVisit keeps an appointment; the one before it, not yet kept, was moved with the customer.
func addVisit(ctx context.Context, tx db.Tx, o Order, due time.Time, told string) error {
	if err := moveVisit(ctx, tx, o, told); err != nil {
		return err
	}
	_, err := db.Exec(ctx, tx, `insert into repair_visit (project_id, id, repair_id, technician_id, appoint_at, due_at, month) values ($1,$2,$3,$4,$5,$6,$7)`,
		o.Ref.Project, tx.NewID(), o.Ref.ID, o.Technician, o.Appoint, due, core.MonthOf(o.Appoint, core.ProjectOf(ctx).Zone))
	return err
}

// moveVisit sets aside the running appointment: it no longer counts.
func moveVisit(ctx context.Context, tx db.Tx, o Order, told string) error {
	_, err := db.Exec(ctx, tx, `update repair_visit set moved_at = $1, told = $2 where project_id = $3 and repair_id = $4 and arrived_at is null and moved_at is null`,
		core.Now(ctx), told, o.Ref.Project, o.Ref.ID)
	return err
}

func keepVisit(ctx context.Context, tx db.Tx, o Order) error {
	_, err := db.Exec(ctx, tx, `update repair_visit set arrived_at = $1 where project_id = $2 and repair_id = $3 and arrived_at is null and moved_at is null`,
		core.Now(ctx), o.Ref.Project, o.Ref.ID)
	return err
}

type visit struct {
	repair core.ID
	due    time.Time
	came   time.Time
}

// visits are the month's appointments of orders that count: not imported, not cancelled, not moved.
func visits(ctx context.Context, tx db.Tx, project core.ID, month core.Month) ([]visit, error) {
	return db.All(ctx, tx, func(v *visit) []any { return []any{&v.repair, &v.due, &v.came} }, `select v.repair_id, v.due_at, v.arrived_at from repair_visit v
		join repair_order o on o.project_id = v.project_id and o.id = v.repair_id
		where v.project_id = $1 and v.month = $2 and v.moved_at is null and o.voided_at is null order by v.id desc`, project, month)
}

// ---- lines, prices, materials

func addLine(ctx context.Context, tx db.Tx, o Order, l LineView) error {
	_, err := db.Exec(ctx, tx, `insert into repair_line (project_id, id, repair_id, phase, item_kind, item_id, name, unit, quantity, price, amount, basis, round)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)`, o.Ref.Project, tx.NewID(), o.Ref.ID, l.Phase, l.Kind, int64(l.Item), l.Name, l.Unit, l.Quantity, l.Price, l.Amount, l.Basis, o.Round)
	return err
}

func replaceQuote(ctx context.Context, tx db.Tx, o Order) error {
	_, err := db.Exec(ctx, tx, "update repair_line set replaced = true where project_id = $1 and repair_id = $2 and phase = 'quote'", o.Ref.Project, o.Ref.ID)
	return err
}

// Lines are an order's lines in force: the last quote and everything used.
func Lines(ctx context.Context, tx db.Tx, o Order) ([]LineView, error) {
	return db.All(ctx, tx, (*LineView).dest, `select id, phase, item_kind, item_id, name, unit, quantity, price, amount, basis, round from repair_line
		where project_id = $1 and repair_id = $2 and not replaced order by phase, id`, o.Ref.Project, o.Ref.ID)
}

// ---- months

func ratedIn(ctx context.Context, tx db.Tx, project core.ID, month core.Month) ([]Order, error) {
	return list(ctx, tx, "project_id = $1 and month = $2 and voided_at is null and origin <> 'import' order by at, id", project, month)
}

func allIn(ctx context.Context, tx db.Tx, project core.ID, month core.Month) ([]Order, error) {
	return list(ctx, tx, "project_id = $1 and month = $2 and voided_at is null order by at, id", project, month)
}

// recordersIn names who took each of the month's orders down (记录人, DX.13).
func recordersIn(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (map[core.ID]string, error) {
	type by struct{ order, user core.ID }
	rows, err := db.All(ctx, tx, func(b *by) []any { return []any{&b.order, &b.user} }, "select id, created_by from repair_order where project_id = $1 and month = $2 and voided_at is null", project, month)
	if err != nil {
		return nil, err
	}
	var ids []core.ID
	for _, r := range rows {
		if r.user != 0 && !slices.Contains(ids, r.user) {
			ids = append(ids, r.user)
		}
	}
	names, err := user.Names(ctx, tx, ids...)
	out := map[core.ID]string{}
	for _, r := range rows {
		out[r.order] = names[r.user]
	}
	return out, err
}

func addMonth(ctx context.Context, tx db.Tx, id core.ID, month core.Month, figures string, in Confirm) (int64, error) {
	return db.Exec(ctx, tx, `insert into repair_month (project_id, id, created_at, created_by, changed_at, changed_by, month, figures, sampled, satisfied, note)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9) on conflict (project_id, month) do nothing`,
		core.ProjectOf(ctx).ID, id, core.Now(ctx), core.ActorOf(ctx).ID, month, figures, in.Sampled, in.Satisfied, in.Note)
}

func monthConfirmed(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (core.ID, error) {
	return db.Value[core.ID](ctx, tx, "select id from repair_month where project_id = $1 and month = $2", project, month)
}

// Load counts the open orders of each technician, and those in the building.
type load struct {
	technician core.ID
	open, here int64
}

func loads(ctx context.Context, tx db.Tx, project core.ID, building string) (map[core.ID]load, error) {
	rows, err := db.All(ctx, tx, func(l *load) []any { return []any{&l.technician, &l.open, &l.here} }, `select technician_id, count(*), count(*) filter (where building = $2)
		from repair_order where project_id = $1 and open and technician_id is not null group by technician_id`, project, building)
	out := map[core.ID]load{}
	for _, l := range rows {
		out[l.technician] = l
	}
	return out, err
}

func openByUnit(ctx context.Context, tx db.Tx, project core.ID) (map[core.ID]string, error) {
	type row struct {
		unit core.ID
		n    int64
	}
	rows, err := db.All(ctx, tx, func(r *row) []any { return []any{&r.unit, &r.n} },
		"select unit_id, count(*) from repair_order where project_id = $1 and open and unit_id is not null group by unit_id", project)
	out := map[core.ID]string{}
	for _, r := range rows {
		out[r.unit] = fmt.Sprint(r.n)
	}
	return out, err
}

// lateOrders are the month's orders that somebody came too late for: an appointment, or the three parties of D4.2.
func lateOrders(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (map[core.ID]bool, error) {
	ids, err := db.Values[core.ID](ctx, tx, `select v.repair_id from repair_visit v join repair_order o on o.project_id = v.project_id and o.id = v.repair_id
		where o.project_id = $1 and o.month = $2 and v.moved_at is null and v.arrived_at > v.due_at
		union select d.record_id from duty_duty d join repair_order o on o.project_id = d.project_id and o.id = d.record_id
		where o.project_id = $1 and o.month = $2 and d.kind = 'repair' and d.clause = 'D4.2' and d.late`, project, month)
	out := map[core.ID]bool{}
	for _, id := range ids {
		out[id] = true
	}
	return out, err
}

// alarmDue is the deadline of the running D4.2; zero when it is done or switched off.
func alarmDue(ctx context.Context, tx db.Tx, o Order) (time.Time, error) {
	return db.Value[time.Time](ctx, tx, "select max(due_at) from duty_duty where project_id = $1 and kind = 'repair' and record_id = $2 and clause = 'D4.2' and state = 'open'", o.Ref.Project, int64(o.Ref.ID))
}

func importedOrders(ctx context.Context, tx db.Tx) ([]desk.Imported, error) {
	return db.All(ctx, tx, func(i *desk.Imported) []any { return []any{&i.ID, &i.Version, &i.Key, &i.Print} },
		"select id, version, import_key, import_print from repair_order where project_id = $1 and import_key <> ''", core.ProjectOf(ctx).ID)
}

func setPrint(ctx context.Context, tx db.Tx, ref core.Ref, followup, print string) error {
	return db.ExecOne(ctx, tx, "update repair_order set followup = $1, import_print = $2 where project_id = $3 and id = $4", followup, print, ref.Project, ref.ID)
}
