package visit

import (
	"context"
	"slices"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
)

// The states of a tenants' meeting.
const (
	Called = "called" // 已通知
	Held   = "held"   // 已召开
	Off    = "off"    // 已取消
)

// Meeting is a tenants' meeting (租户大会, C19.3).
type Meeting struct {
	Ref      core.Ref
	Version  int64
	Number   string
	Title    string
	Why      string // "quarter", "event"
	Event    string
	At       time.Time
	Month    core.Month
	Place    string
	Agenda   string
	Chair    string
	State    string
	Invited  int64
	Attended int64
	Minutes  string
	Recorder string
	Minuted  time.Time
	Reason   string
}

func (m *Meeting) cells() []db.Cell {
	return []db.Cell{{Name: "number", Ptr: &m.Number}, {Name: "title", Ptr: &m.Title}, {Name: "why", Ptr: &m.Why}, {Name: "event", Ptr: &m.Event}, {Name: "at", Ptr: &m.At}, {Name: "month", Ptr: &m.Month}, {Name: "place", Ptr: &m.Place},
		{Name: "agenda", Ptr: &m.Agenda}, {Name: "chair", Ptr: &m.Chair}, {Name: "state", Ptr: &m.State}, {Name: "invited", Ptr: &m.Invited}, {Name: "attended", Ptr: &m.Attended}, {Name: "minutes", Ptr: &m.Minutes}, {Name: "recorder", Ptr: &m.Recorder},
		{Name: "minuted_at", Ptr: &m.Minuted}, {Name: "reason", Ptr: &m.Reason}}
}

func (m *Meeting) dest() []any { return db.CellDest(&m.Ref, &m.Version, m.cells()) }

// MeetingKind is the register of tenants' meetings.
func MeetingKind() register.Kind {
	return register.Kind{Name: "meeting", Plural: "meetings", Label: core.T("租户大会", "Tenants' meetings"), Table: "visit_meeting", Choices: map[string][]core.Choice{"why": Occasions()}, Events: map[string]core.Text{
		"called": core.T("发出会议通知,邀请 {count} 户", "called the meeting and invited {count}"), "invited": core.T("另邀请 {count} 户", "invited {count} more"), "attended": core.T("签到 {count} 户", "{count} signed in"),
		"minuted": core.T("完成会议记录", "completed the minutes"), "requested": core.T("登记建议:{what}", "took down a request: {what}"), "off": core.T("取消:{reason}", "called off: {reason}")}}
}

// Occasions are why tenants meet.
func Occasions() []core.Choice {
	return []core.Choice{{Value: "quarter", Label: core.T("季度例会", "Quarterly")}, {Value: "event", Label: core.T("重大事件", "Major event")}}
}

func meetingStates() []core.Choice {
	return []core.Choice{{Value: Called, Label: core.T("已通知", "Called")}, {Value: Held, Label: core.T("已召开", "Held")}, {Value: Off, Label: core.T("已取消", "Called off")}}
}

// Invite is a tenant who is invited to a meeting.
type Invite struct {
	ID       core.ID
	Customer core.ID
	Name     core.Personal
	Units    string
	Attended bool
	Person   core.Personal
}

func (i *Invite) dest() []any {
	return []any{&i.ID, &i.Customer, &i.Name, &i.Units, &i.Attended, &i.Person}
}

// Invites are the tenants invited to a meeting, by name.
func Invites(ctx context.Context, tx db.Tx, meeting core.ID) ([]Invite, error) {
	return db.All(ctx, tx, (*Invite).dest, "select id, customer_id, name, units, attended, person from visit_invite where project_id = $1 and meeting_id = $2 order by units, id", core.ProjectOf(ctx).ID, meeting)
}

func meetingColumns() string { return db.CellNames(new(Meeting).cells()) }

// GetMeeting reads one meeting of the request's project.
func GetMeeting(ctx context.Context, tx db.Tx, id core.ID) (Meeting, error) {
	m, err := db.One(ctx, tx, (*Meeting).dest, "select "+meetingColumns()+" from visit_meeting where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	m.Ref.Kind = "meeting"
	return m, err
}

// Call is the notice of a meeting.
type Call struct {
	Title  string
	Why    string
	Event  string
	At     time.Time
	Place  string
	Agenda string
	Chair  string
}

// CallMeeting calls a meeting and invites every tenant of today.
func CallMeeting(ctx context.Context, tx db.Tx, in Call) (Meeting, error) {
	p := core.ProjectOf(ctx)
	if in.Why == "event" && !core.Filled(in.Event) {
		return Meeting{}, core.Invalid("event", "请写明是什么重大事件", "Say what the major event is")
	}
	ts, err := Tenants(ctx, tx)
	if err != nil {
		return Meeting{}, err
	}
	m := Meeting{Ref: core.Ref{Project: p.ID, Kind: "meeting", ID: tx.NewID()}, Version: 1, Title: in.Title, Why: in.Why, Event: in.Event, At: in.At, Month: core.MonthOf(in.At, p.Zone), Place: in.Place, Agenda: in.Agenda, Chair: in.Chair,
		State: Called, Invited: int64(len(ts))}
	if m.Number, err = db.NextNumber(ctx, tx, p.ID, "ZH", core.MonthOf(core.Now(ctx), p.Zone)); err != nil {
		return m, err
	}
	if err := db.InsertCells(ctx, tx, "visit_meeting", m.Ref, m.cells()); err != nil {
		return m, err
	}
	for _, t := range ts {
		if err := invite(ctx, tx, m, t); err != nil {
			return m, err
		}
	}
	tx.Publish(Topic(p.ID))
	return m, journal.Add(ctx, tx, m.Ref, "called", map[string]string{"count": core.ID(m.Invited).String(), "why": m.Why})
}

func invite(ctx context.Context, tx db.Tx, m Meeting, t Row) error {
	_, err := db.Exec(ctx, tx, "insert into visit_invite (project_id, id, meeting_id, customer_id, name, units, attended) values ($1,$2,$3,$4,$5,$6,$7) on conflict (project_id, meeting_id, customer_id) do nothing",
		m.Ref.Project, tx.NewID(), m.Ref.ID, t.ID, t.Name, t.Units, false)
	return err
}

// meet is a meeting's frame.
func meet(ctx context.Context, tx db.Tx, id core.ID, verb string, check func(context.Context, db.Tx, Meeting) error, fn func(*Meeting) (any, error)) error {
	m, err := db.One(ctx, tx, (*Meeting).dest, db.Locked(tx, "select "+meetingColumns()+" from visit_meeting where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	m.Ref.Kind = "meeting"
	if err == nil {
		err = check(ctx, tx, m)
	}
	if err != nil {
		return err
	}
	payload, err := fn(&m)
	if err == nil {
		err = db.UpdateCells(ctx, tx, "visit_meeting", m.Ref, m.Version, m.cells())
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(m.Ref.Project))
	return journal.Add(ctx, tx, m.Ref, verb, payload)
}

func meetingIn(states ...string) func(context.Context, db.Tx, Meeting) error {
	return func(_ context.Context, _ db.Tx, m Meeting) error {
		if slices.Contains(states, m.State) {
			return nil
		}
		return register.Later("现在的状态是「%s」", "It is “%s” now", core.Label(meetingStates(), m.State))
	}
}

// Presence are those who came.
type Presence struct {
	Customers []string // ids
	Person    core.Personal
}

// Attend signs in those who came and were spoken to in person (C19.4). A tenant who came is in touch (A3.6).
func Attend(ctx context.Context, tx db.Tx, id core.ID, in Presence) error {
	return meet(ctx, tx, id, "attended", meetingIn(Called, Held), func(m *Meeting) (any, error) {
		if m.At.After(core.Now(ctx)) {
			return nil, core.Invalid("customers", "会议还没有开始", "The meeting has not begun")
		}
		came := int64(0)
		for _, c := range in.Customers {
			customer, err := core.ParseID(c)
			if err != nil {
				return nil, err
			}
			n, err := db.Exec(ctx, tx, "update visit_invite set attended = $1, person = $2 where project_id = $3 and meeting_id = $4 and customer_id = $5 and not attended", true, in.Person, m.Ref.Project, m.Ref.ID, customer)
			if err != nil {
				return nil, err
			}
			if came += n; n == 0 {
				continue
			}
			if err := touched(ctx, tx, customer, Touch{Contacted: m.At}); err != nil {
				return nil, err
			}
			if err := duty.Done(ctx, tx, "A3.6", customerRef(m.Ref.Project, customer)); err != nil {
				return nil, err
			}
		}
		m.Attended += came
		return map[string]string{"count": core.ID(came).String()}, nil
	})
}

// Minutes are what was said at a meeting.
type Minutes struct {
	Text     string
	Requests []Wish
}

// Wish is a request or suggestion made at a meeting.
type Wish struct {
	Customer core.ID
	What     string
	Due      core.Date
}

// canMinute: C19.3, the minutes say what was said, and who was there.
func (in Minutes) check(ctx context.Context, tx db.Tx, m Meeting) error {
	return regulation.Require(ctx, tx, "C19.3", core.Filled(in.Text) && m.Attended > 0, "租户大会要有记录:先登记到会的租户,再写明会议内容", "A tenants' meeting is on record: sign in who came, then write down what was said")
}

// Minute completes the minutes, and opens a term for every request; the period's duty is done (C19.3).
func Minute(ctx context.Context, tx db.Tx, id core.ID, in Minutes) error {
	return meet(ctx, tx, id, "minuted", meetingIn(Called), func(m *Meeting) (any, error) {
		if err := in.check(ctx, tx, *m); err != nil {
			return nil, err
		}
		if m.At.After(core.Now(ctx)) {
			return nil, core.Invalid("text", "会议还没有召开", "The meeting has not been held")
		}
		m.State, m.Minutes, m.Recorder, m.Minuted = Held, in.Text, core.ActorOf(ctx).Name, core.Now(ctx)
		for _, w := range in.Requests {
			if err := wish(ctx, tx, *m, w); err != nil {
				return nil, err
			}
		}
		rules, err := regulation.Now(ctx, tx)
		if err != nil {
			return nil, err
		}
		return nil, duty.Done(ctx, tx, "C19.3", duty.PeriodRef(m.Ref.Project, periodEnd(rules, m.Month)))
	})
}

// periodEnd is the month in which the duty of C19.3 falls due that a meeting of the month fulfils.
func periodEnd(rules *regulation.Rules, month core.Month) core.Month {
	every, spec := rules.Count("C19.3", "months"), rules.Value("C19.3", "day")
	for range every {
		if calendar.Recurs(month, every, spec) {
			break
		}
		month = month.Add(1)
	}
	return month
}

// meetingHeld closes the period's duty of C19.3 where the calendar has opened it after the period's meeting was held and
// minuted: it opens in the month in which it is due.
func meetingHeld(ctx context.Context, tx db.Tx) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	p, end := core.ProjectOf(ctx).ID, periodEnd(rules, core.Today(ctx).Month())
	held, err := db.Value[int64](ctx, tx, "select count(*) from visit_meeting where project_id = $1 and state = 'held' and month >= $2 and month <= $3", p, end.Add(1-rules.Count("C19.3", "months")), end)
	if err != nil || held == 0 {
		return err
	}
	return duty.Done(ctx, tx, "C19.3", duty.PeriodRef(p, end))
}

func wish(ctx context.Context, tx db.Tx, m Meeting, w Wish) error {
	var name core.Personal
	if w.Customer != 0 {
		is, err := Invites(ctx, tx, m.Ref.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(is, func(i Invite) bool { return i.Customer == w.Customer })
		if i < 0 {
			return core.Invalid("customer", "请选择与会的租户", "Choose a tenant who was invited")
		}
		name = is[i].Name
	}
	a := core.ActorOf(ctx)
	_, err := raise(ctx, tx, Item{Sort: Request, Meeting: m.Ref.ID, Number: m.Number, Customer: w.Customer, CustomerName: name, What: w.What, Due: w.Due, Owner: a.ID, OwnerName: a.Name})
	return err
}

// TakeRequest takes down a further request of a meeting.
func TakeRequest(ctx context.Context, tx db.Tx, id core.ID, w Wish) error {
	return meet(ctx, tx, id, "requested", meetingIn(Called, Held), func(m *Meeting) (any, error) {
		return map[string]string{"what": w.What}, wish(ctx, tx, *m, w)
	})
}

// CallOff cancels a meeting, with the reason.
func CallOff(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return meet(ctx, tx, id, "off", meetingIn(Called), func(m *Meeting) (any, error) {
		m.State, m.Reason = Off, w.Text
		return map[string]string{"reason": w.Text}, nil
	})
}

func findMeetings(ctx context.Context, tx db.Tx, q register.Query) ([]Meeting, error) {
	c := inProject(ctx)
	if v := q.Filter["state"]; v != "" {
		c.Add("state = ?", v)
	}
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		c.Add("id < ?", id)
	}
	ms, err := db.All(ctx, tx, (*Meeting).dest, "select "+meetingColumns()+" from visit_meeting where "+c.Then("id desc", q.Limit), c.Args...)
	for i := range ms {
		ms[i].Ref.Kind = "meeting"
	}
	return ms, err
}
