package followup

import (
	"context"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/module/repair"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// reactions are what comes here when a module above says what has happened to its record.
func reactions() map[string]duty.Reaction {
	out := map[string]duty.Reaction{}
	for _, e := range []string{"complaint.finished", "complaint.replied", "repair.signed", "repair.refused", "desk.closed", "customer.occupied", "customer.confirmed"} {
		out[e] = Closed
	}
	for _, e := range []string{"complaint.dissatisfied", "complaint.reopened", "complaint.voided", "repair.reworked", "desk.reopened"} {
		out[e] = Reopened
	}
	return out
}

// matter is what a follow-up needs to know of what was dealt with.
type matter struct {
	Ref          core.Ref
	Part         core.ID // which of an activity's participants; 0 elsewhere
	Occasion     string  // empty: nothing to follow up
	Number       string
	Content      string
	Handled      string
	Customer     core.ID
	CustomerName string
	Unit         core.ID
	UnitCode     string
	Contact      core.Personal
	Phone        core.Phone
	Severity     string
	Handler      core.ID
	HandlerName  string
	Against      core.ID
	Since        time.Time
	Exempt       string
	Poor         bool // to be followed up in any case
}

// nobody says that there is no one to ask.
func (m matter) nobody() bool { return m.Customer == 0 && m.Contact == "" && m.Phone == "" }

// matterOf reads what was dealt with; a record of another kind, or one brought by an import, gives nothing to follow up.
func matterOf(ctx context.Context, tx db.Tx, ref core.Ref, part core.ID) (m matter, err error) {
	switch ref.Kind {
	case "complaint":
		m, err = ofComplaint(ctx, tx, ref.ID)
	case "repair":
		m, err = ofRepair(ctx, tx, ref.ID)
	case "desk":
		m, err = ofEmergency(ctx, tx, ref.ID)
	case "customer":
		m, err = ofMoveIn(ctx, tx, ref.ID)
	case activityKind.Name:
		m, err = ofActivity(ctx, tx, ref.ID, part)
	}
	m.Ref, m.Part = ref, part
	return m, err
}

func ofComplaint(ctx context.Context, tx db.Tx, id core.ID) (matter, error) {
	c, err := complaint.Get(ctx, tx, id)
	if err != nil {
		return matter{}, err
	}
	m := matter{Occasion: Complaint, Severity: severityOf(c), Number: c.Number, Content: ui.Join(c.Content, c.Demand), Handled: ui.Join(c.Solution, c.Result), Customer: c.Customer, CustomerName: c.CustomerName, Unit: c.Unit, UnitCode: c.UnitCode,
		Contact: c.Contact, Phone: c.Phone, Handler: c.Handler, HandlerName: c.HandlerName, Against: c.AgainstUser, Since: c.Finished}
	if m.CustomerName == "" {
		m.CustomerName = c.Company
	}
	on, err := regulation.On(ctx, tx, "C14.9")
	switch {
	case on && c.Anonymous:
		m.Exempt = ExemptAnonymous
	case on && c.Written && c.Phone == "": // left no number: a letter is all that was asked for
		m.Exempt = ExemptLetter
	}
	return m, err
}

// severityOf is how severe a complaint is for its follow-up: important is what was taken up once already, or concerns the
// company's level.
func severityOf(c complaint.Case) string {
	switch {
	case c.Level == complaint.Major:
		return Major
	case c.CompanyLevel || c.Round > 1:
		return Important
	}
	return Ordinary
}

func ofRepair(ctx context.Context, tx db.Tx, id core.ID) (matter, error) {
	o, err := repair.Get(ctx, tx, id)
	if err != nil || o.Imported() {
		return matter{}, err
	}
	poor := slices.ContainsFunc([]int64{o.Attitude, o.Speed, o.Quality}, func(n int64) bool { return n > 0 && n <= 2 })
	m := matter{Occasion: Repair, Number: o.Number, Content: o.Content, Handled: o.Result, Customer: o.Customer, CustomerName: o.CustomerName, Unit: o.Unit, UnitCode: o.UnitCode, Contact: o.Contact, Phone: o.Phone,
		Severity: Ordinary, Handler: o.Technician, HandlerName: o.TechnicianName, Since: o.Signed, Poor: poor || o.Refused != "" || o.Level == repair.Major}
	if m.nobody() {
		m.Occasion = ""
	}
	return m, nil
}

// ofEmergency: of the desk's own matters only emergencies are followed up (C14.12).
func ofEmergency(ctx context.Context, tx db.Tx, id core.ID) (matter, error) {
	d, err := desk.Get(ctx, tx, id)
	if err != nil || d.Kind != desk.Emergency || d.Carried != 0 || d.Origin == desk.OriginImport {
		return matter{}, err
	}
	handler, name := d.HandedUser, d.HandedName
	if handler == 0 {
		handler, name = d.Owner, d.OwnerName
	}
	m := matter{Occasion: Emergency, Number: d.Number, Content: d.Content, Handled: d.Answer, Customer: d.Customer, CustomerName: d.CustomerName, Unit: d.Unit, UnitCode: d.UnitCode, Contact: d.Contact, Phone: d.Phone,
		Severity: Ordinary, Handler: handler, HandlerName: name, Since: d.Closed}
	if m.nobody() {
		m.Occasion = ""
	}
	return m, nil
}

// newcomer is how many days after a tenancy began its customer is a newcomer: a file confirmed later tells of no move-in.
const newcomer = 30

// ofMoveIn is the customer's newest tenancy, unless an import brought it or it began long ago.
func ofMoveIn(ctx context.Context, tx db.Tx, id core.ID) (matter, error) {
	stays, err := customer.Stays(ctx, tx, id)
	if err != nil {
		return matter{}, err
	}
	var last customer.Stay
	for _, s := range stays {
		if s.Part == customer.AsTenant && s.To == "" && s.ID > last.ID {
			last = s
		}
	}
	if last.ID == 0 || last.Origin == desk.OriginImport || last.From < core.Today(ctx).Add(-newcomer) {
		return matter{}, nil
	}
	m, err := ofCustomer(ctx, tx, id, last.Unit)
	m.Occasion, m.Since = MoveIn, last.From.Time(core.ProjectOf(ctx).Zone)
	m.Content, m.Number = core.T("入伙 %s", "moved into %s", m.UnitCode).ZH, m.UnitCode
	return m, err
}

// ofCustomer is whom to call at a customer's: the unit may be 0.
func ofCustomer(ctx context.Context, tx db.Tx, id, unit core.ID) (matter, error) {
	c, err := customer.Get(ctx, tx, id)
	if err != nil {
		return matter{}, err
	}
	m := matter{Customer: id, CustomerName: string(c.Name), Unit: unit, Severity: Ordinary}
	ks, err := customer.Contacts(ctx, tx, id)
	if err != nil {
		return m, err
	}
	if len(ks) > 0 {
		m.Contact = core.Personal(ks[0].Name)
		if len(ks[0].Phones) > 0 {
			m.Phone = ks[0].Phones[0]
		}
	}
	if unit != 0 {
		u, err := estate.Get(ctx, tx, unit)
		m.UnitCode = u.Code
		return m, err
	}
	return m, nil
}

// Closed takes into the pool what was dealt with, and plans its follow-up where one is owed in any case: a complaint
// (C14.1), a move-in or an emergency (C14.12), a repair that went badly, and whatever was drawn before it was reworked.
func Closed(ctx context.Context, tx db.Tx, ref core.Ref) error {
	m, err := matterOf(ctx, tx, ref, 0)
	if err != nil || m.Occasion == "" {
		return err
	}
	if a := core.ActorOf(ctx); m.Handler == 0 && m.Occasion != Repair && m.Occasion != MoveIn && !a.Job { // nobody was named: who ended it
		m.Handler, m.HandlerName = a.ID, a.Name
	}
	drawn, known, err := pooled(ctx, tx, m)
	if err != nil || m.Exempt != "" || known && m.Occasion != MoveIn {
		return err // the ending was told already
	}
	before, err := of(ctx, tx, ref)
	if err != nil || slices.ContainsFunc(before, func(i Item) bool { return i.Open || i.Occasion == MoveIn && i.Since.Equal(m.Since) }) {
		return err
	}
	why, err := owed(ctx, tx, m, drawn, before)
	if err != nil || why == "" {
		return err
	}
	from := m.Since
	if now := core.Now(ctx); m.Occasion == MoveIn && from.Before(now) { // the office hears of it now
		from = now
	}
	_, err = plan(ctx, tx, m, planning{Why: why, From: from})
	return err
}

// owed says why a matter is followed up in any case; empty: it may be drawn.
func owed(ctx context.Context, tx db.Tx, m matter, drawn bool, before []Item) (string, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(before, func(i Item) bool { return i.State == StateDone && i.Result == Dissatisfied }) {
		return WhyAgain, nil
	}
	switch {
	case m.Occasion == Complaint && rules.On("C14.1"), (m.Occasion == MoveIn || m.Occasion == Emergency) && rules.On("C14.12"),
		m.Occasion == Repair && rules.On("C14.3") && rules.Rate("C14.3", "target") == 10_000: // a project may demand each
		return WhyTerm, nil
	case m.Poor:
		return WhyPoor, nil
	case drawn:
		return WhySample, nil
	}
	return "", nil
}

// Reopened withdraws the waiting follow-up of a matter that is being handled again; it comes back when the matter is
// closed.
func Reopened(ctx context.Context, tx db.Tx, ref core.Ref) error {
	if _, err := db.Exec(ctx, tx, "update followup_pool set live = $1, counted = '' where project_id = $2 and kind = $3 and record_id = $4", false, ref.Project, ref.Kind, ref.ID); err != nil {
		return err
	}
	is, err := of(ctx, tx, ref)
	for _, i := range is {
		if err == nil && i.Open {
			err = withdraw(ctx, tx, i, "事项重新处理")
		}
	}
	return err
}

// pooled puts the matter into the pool, or back into it, and says whether it was drawn before, and whether it was there
// already. What has been followed up keeps its month.
func pooled(ctx context.Context, tx db.Tx, m matter) (drawn, known bool, err error) {
	spot := int64(0)
	if m.Unit != 0 {
		us, err := estate.Units(ctx, tx, m.Unit)
		if err != nil {
			return false, false, err
		}
		if u, ok := us[m.Unit]; ok {
			spot = int64(sum(u.Tower, u.Floor) >> 16)
		}
	}
	p := core.ProjectOf(ctx)
	month := core.MonthOf(m.Since, p.Zone)
	if known, err = db.Value[bool](ctx, tx, "select live from followup_pool where project_id = $1 and kind = $2 and record_id = $3 and part_id = $4", p.ID, m.Ref.Kind, m.Ref.ID, int64(m.Part)); err != nil {
		return false, false, err
	}
	counts := month
	if m.Exempt != "" {
		counts = ""
	}
	drawn, err = db.Value[bool](ctx, tx, `insert into followup_pool (project_id, id, kind, record_id, part_id, occasion, month, closed_at, spot, customer_id, lot, counted, live, exempt, drawn) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15)
		on conflict (project_id, kind, record_id, part_id) do update set live = excluded.live, exempt = excluded.exempt,
		counted = case when excluded.counted <> '' and followup_pool.followed_at is not null then followup_pool.month else excluded.counted end,
		month = case when followup_pool.followed_at is null then excluded.month else followup_pool.month end,
		closed_at = case when followup_pool.followed_at is null then excluded.closed_at else followup_pool.closed_at end returning drawn`,
		p.ID, tx.NewID(), m.Ref.Kind, m.Ref.ID, int64(m.Part), m.Occasion, month, m.Since, spot, int64(m.Customer), lot(p.Code, month, m), counts, true, m.Exempt, false)
	return drawn, known, err
}

// lot is the matter's place in its month's draw. It is made of the project's code, the month and the record's number, so
// that the same records are drawn alike wherever they are stored.
func lot(project string, month core.Month, m matter) int64 {
	return int64(sum(project, string(month), m.Ref.Kind, m.Number, m.CustomerName) >> 2)
}

func sum(texts ...string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(texts, "|")))
	n := h.Sum64() // the last bytes of FNV hardly reach the high bits: mix them
	n ^= n >> 31
	n *= 0x9e3779b97f4a7c15
	return n ^ n>>29
}

// drawnNow marks in the pool that the matter has its follow-up.
func drawnNow(ctx context.Context, tx db.Tx, m matter) error {
	_, err := db.Exec(ctx, tx, "update followup_pool set drawn = $1 where project_id = $2 and kind = $3 and record_id = $4 and part_id = $5", true, m.Ref.Project, m.Ref.Kind, m.Ref.ID, int64(m.Part))
	return err
}

// followed marks in the pool that the customer was asked: the first time counts.
func followed(ctx context.Context, tx db.Tx, i Item) error {
	part := int64(0)
	if i.Matter.Kind == activityKind.Name {
		part = int64(i.Customer)
	}
	_, err := db.Exec(ctx, tx, "update followup_pool set followed_at = $1 where project_id = $2 and kind = $3 and record_id = $4 and part_id = $5 and followed_at is null", core.Now(ctx), i.Ref.Project, i.Matter.Kind, i.Matter.ID, part)
	return err
}

// exempted marks in the pool that nobody is called (C14.9).
func exempted(ctx context.Context, tx db.Tx, i Item, why string) error {
	_, err := db.Exec(ctx, tx, "update followup_pool set exempt = $1, counted = '' where project_id = $2 and kind = $3 and record_id = $4", why, i.Ref.Project, i.Matter.Kind, i.Matter.ID)
	return err
}
