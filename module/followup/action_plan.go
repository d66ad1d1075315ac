package followup

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/complaint"
	"huiyin/module/estate"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// Hand is a follow-up planned by hand: of a record ("repair/17"), or of a customer after a move-in or anything else.
type Hand struct {
	Matter   string
	Occasion string
	Customer core.ID
	Unit     core.ID
	Content  string
	Due      core.Date // its end; empty: by the clause
	Caller   core.ID
}

// Plan plans a follow-up by hand (C14.10).
func Plan(ctx context.Context, tx db.Tx, _ core.ID, in Hand) (core.ID, error) {
	if err := oneByOne(ctx, tx); err != nil {
		return 0, err
	}
	m, err := handed(ctx, tx, in)
	if err != nil {
		return 0, err
	}
	if m.Ref.ID != 0 {
		is, err := of(ctx, tx, m.Ref)
		if err != nil {
			return 0, err
		}
		if k := slices.IndexFunc(is, func(i Item) bool { return i.Open }); k >= 0 {
			return 0, core.Conflict("%s 已经在待回访中", "%s is waiting already", is[k].Number)
		}
		if _, _, err := pooled(ctx, tx, m); err != nil {
			return 0, err
		}
	}
	p := planning{Why: WhyHand, From: core.Now(ctx), Caller: in.Caller}
	if in.Due != "" {
		if in.Due < core.Today(ctx) {
			return 0, core.Invalid("due", "期限不能早于今天", "The day cannot be before today")
		}
		p.Due = in.Due.Add(1).Time(core.ProjectOf(ctx).Zone)
	}
	i, err := plan(ctx, tx, m, p)
	return i.Ref.ID, err
}

// handed is what a plan by hand is about.
func handed(ctx context.Context, tx db.Tx, in Hand) (matter, error) {
	if in.Matter != "" {
		ref, err := core.ParseRef(core.ProjectOf(ctx).ID, in.Matter)
		if err != nil {
			return matter{}, core.Invalid("matter", "没有这件事项", "There is no such matter")
		}
		m, err := matterOf(ctx, tx, ref, 0)
		if err == nil && (m.Occasion == "" || m.Since.IsZero() || ref.Kind == activityKind.Name) {
			err = core.Invalid("matter", "这件事项还没有办结,或不需要回访", "This matter is not closed yet, or needs no follow-up")
		}
		return m, err
	}
	if in.Customer == 0 {
		return matter{}, core.Invalid("customer", "请选择客户", "Choose the customer")
	}
	if !core.Filled(in.Content) {
		return matter{}, core.Invalid("content", "请写明回访什么", "Say what the follow-up is about")
	}
	m, err := ofCustomer(ctx, tx, in.Customer, in.Unit)
	m.Occasion, m.Content, m.Since = in.Occasion, in.Content, core.Now(ctx)
	if m.Occasion == "" {
		m.Occasion = Other
	}
	return m, err
}

// ---- assigning (C14.10)

// Assign gives a follow-up to somebody, and sets how severe it is.
type Assign struct {
	Caller   core.ID
	Severity string
}

func canAssign(_ context.Context, _ db.Tx, i Item) error { return in(i, StateDue) }

// Give assigns a follow-up to a person who may make it (C14.5), and tells him.
func Give(ctx context.Context, tx db.Tx, id core.ID, a Assign) error {
	i, err := assign(ctx, tx, id, a)
	if err != nil || i.Caller == core.ActorOf(ctx).ID {
		return err
	}
	return notify.Tell(ctx, tx, i.Ref.Project, i.Caller, notify.Message{Ref: i.Ref, Urgent: i.Severity == Major, URL: href(ctx, id), Title: core.T("请您回访:%s", "A follow-up for you: %s", i.title())})
}

func assign(ctx context.Context, tx db.Tx, id core.ID, a Assign) (Item, error) {
	payload := map[string]string{}
	return change(ctx, tx, id, canAssign, "assigned", payload, func(i *Item) error {
		if a.Severity != "" && a.Severity != i.Severity {
			if err := regulation.Require(ctx, tx, "C14.5", heavier(i.Severity, a.Severity) == a.Severity, "回访的级别只能调高", "The severity of a follow-up can only be raised"); err != nil {
				return err
			}
			i.Severity = a.Severity
		}
		if err := give(ctx, tx, i, a.Caller); err != nil {
			return err
		}
		payload["caller"] = i.CallerName
		return duty.Assign(ctx, tx, i.Clause, i.Ref, i.Caller)
	})
}

// give checks who is to call, and writes it into the follow-up.
func give(ctx context.Context, tx db.Tx, i *Item, caller core.ID) error {
	us, err := staff(ctx, tx, Ordinary)
	if err != nil {
		return err
	}
	u, err := personOf(us, caller)
	if err != nil {
		return err
	}
	if err := mayCall(ctx, tx, *i, actorOf(u)); err != nil {
		return err
	}
	if err := regulation.Require(ctx, tx, "C13.1", i.Against == 0 || i.Against != u.ID, "不能安排被投诉人回访", "The person complained of cannot be given the follow-up"); err != nil {
		return err
	}
	i.Caller, i.CallerName = u.ID, u.Name
	return nil
}

// actorOf is a user with his roles, for the checks of who may call.
func actorOf(u user.User) core.Actor {
	a := core.Actor{ID: u.ID, Name: u.Name, Seats: map[core.ID]core.Seat{}}
	for _, s := range u.Seats {
		seat := a.Seats[s.Project]
		seat.Roles = append(seat.Roles, s.Role)
		a.Seats[s.Project] = seat
	}
	return a
}

// AssignMany assigns several at once: to one person, or, without one, evenly over those who may make them.
type AssignMany struct {
	Items  []string
	Caller core.ID
}

// GiveMany assigns the chosen follow-ups (C14.10). What nobody may be given stays with its role.
func GiveMany(ctx context.Context, tx db.Tx, in AssignMany) (given int, err error) {
	load, err := loads(ctx, tx)
	if err != nil {
		return 0, err
	}
	told := map[core.ID]int{}
	for _, text := range in.Items {
		id, err := core.ParseID(text)
		if err != nil {
			return given, core.Invalid("items", "没有这件回访", "There is no such follow-up")
		}
		caller := in.Caller
		if caller == 0 {
			if caller, err = leastBusy(ctx, tx, id, load); err != nil {
				return given, err
			}
			if caller == 0 {
				continue
			}
		}
		if _, err := assign(ctx, tx, id, Assign{Caller: caller}); err != nil {
			return given, err
		}
		load[caller]++
		told[caller]++
		given++
	}
	for _, caller := range slices.Sorted(maps.Keys(told)) {
		m := notify.Message{Ref: core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "followup"}, URL: href(ctx, 0, "today"), Title: core.T("请您回访 %d 件", "%d follow-ups for you", told[caller])}
		if err := notify.Tell(ctx, tx, core.ProjectOf(ctx).ID, caller, m); err != nil {
			return given, err
		}
	}
	return given, nil
}

// loads are how many open follow-ups each caller has.
func loads(ctx context.Context, tx db.Tx) (map[core.ID]int64, error) {
	type load struct {
		caller core.ID
		n      int64
	}
	all, err := db.All(ctx, tx, func(l *load) []any { return []any{&l.caller, &l.n} },
		"select caller_id, count(*) from followup_item where project_id = $1 and open and caller_id is not null group by caller_id", core.ProjectOf(ctx).ID)
	out := map[core.ID]int64{}
	for _, l := range all {
		out[l.caller] = l.n
	}
	return out, err
}

// leastBusy is who of the matter's own rank, but for its handler, has the fewest open ones; one of a higher rank where
// there is nobody else.
func leastBusy(ctx context.Context, tx db.Tx, id core.ID, load map[core.ID]int64) (core.ID, error) {
	i, err := Get(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	for _, role := range callersOf(i.Severity) {
		us, err := user.Holders(ctx, tx, i.Ref.Project, role)
		if err != nil {
			return 0, err
		}
		best := core.ID(0)
		for _, u := range us {
			if u.ID != i.Handler && u.ID != i.Against && (best == 0 || load[u.ID] < load[best]) {
				best = u.ID
			}
		}
		if best != 0 {
			return best, nil
		}
	}
	return 0, nil
}

// unassigned are the open follow-ups that nobody has been given, the most urgent first.
func unassigned(ctx context.Context, tx db.Tx) ([]Item, error) {
	return list(ctx, tx, "project_id = $1 and open and caller_id is null order by due_at, id limit 200", core.ProjectOf(ctx).ID)
}

// ---- not needed, dropped

// Exempt says why nobody is called (C14.9).
type Exempt struct {
	Why  string
	Note string
}

func canExempt(_ context.Context, _ db.Tx, i Item) error {
	if i.Occasion != Complaint {
		return register.Later("只有投诉可以免回访", "Only a complaint may go without")
	}
	return in(i, StateDue)
}

// Spare spares an anonymous complainant, or one who asked for a letter only, the follow-up; the letter is with the
// complaint's form (C14.9).
func Spare(ctx context.Context, tx db.Tx, id core.ID, e Exempt) error {
	payload := map[string]string{"exempt": e.Why, "note": e.Note}
	i, err := change(ctx, tx, id, canExempt, "exempted", payload, func(i *Item) error {
		c, err := complaint.Get(ctx, tx, i.Matter.ID)
		if err != nil {
			return err
		}
		ok := e.Why == ExemptAnonymous && c.Anonymous || e.Why == ExemptLetter && c.ReplyHow == "letter"
		if err := regulation.Require(ctx, tx, "C14.9", ok, "匿名的,或已经书面复函(复函附在投诉表后)的,才可免回访", "Only an anonymous complaint, or one answered by a letter that is with its form, goes without"); err != nil {
			return err
		}
		i.State, i.Open, i.Reason = StateExempt, false, ui.Join(e.Note, c.LetterNo)
		return duty.VoidAll(ctx, tx, i.Ref, "免回访")
	})
	if err != nil {
		return err
	}
	return exempted(ctx, tx, i, e.Why)
}

func canCancel(ctx context.Context, tx db.Tx, i Item) error {
	if err := in(i, StateDue); err != nil {
		return err
	}
	if i.Clause == "C14.10" || i.Why == WhyHand {
		return nil
	}
	return regulation.Require(ctx, tx, i.Clause, i.Why == WhyHand, "制度要求的回访不能取消", "A follow-up that the clause demands cannot be dropped")
}

// Cancel drops a follow-up that was planned by hand.
func Cancel(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = readable(ctx, tx, i)
	}
	if err == nil {
		err = canCancel(ctx, tx, i)
	}
	if err != nil {
		return err
	}
	return withdraw(ctx, tx, i, w.Text)
}

// ---- the supervisor's remark (C14.10)

func canRemark(ctx context.Context, tx db.Tx, i Item) error {
	if err := in(i, StateDone, StateLetter); err != nil {
		return err
	}
	if !i.Remarked.IsZero() {
		return register.Later("已经签过意见", "The remark is there")
	}
	a := core.ActorOf(ctx)
	return regulation.Require(ctx, tx, "C14.10", a.Job || i.HeldBy != a.ID || a.ID == 0, "自己做的回访由他人检查签意见", "Somebody else checks a follow-up that you made")
}

// Remark checks a follow-up and signs the opinion on it.
func Remark(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	_, err := change(ctx, tx, id, canRemark, "remarked", map[string]string{"remark": w.Text}, func(i *Item) error {
		i.Remark, i.Remarked, i.RemarkedBy = w.Text, core.Now(ctx), core.ActorOf(ctx).Name
		return nil
	})
	return err
}

// RemarkMany checks several with one opinion.
type RemarkMany struct {
	Items []string
	Text  string
}

// RemarkAll signs the same opinion on the chosen follow-ups.
func RemarkAll(ctx context.Context, tx db.Tx, in RemarkMany) error {
	for _, text := range in.Items {
		id, err := core.ParseID(text)
		if err != nil {
			return core.Invalid("items", "没有这件回访", "There is no such follow-up")
		}
		if err := Remark(ctx, tx, id, Word{in.Text}); err != nil {
			return err
		}
	}
	return nil
}

// unchecked are the follow-ups that wait for the remark of somebody else than the actor.
func unchecked(ctx context.Context, tx db.Tx) ([]Item, error) {
	return list(ctx, tx, "project_id = $1 and state = 'done' and remarked_at is null and held_by <> $2 order by at, id limit 200", core.ProjectOf(ctx).ID, int64(core.ActorOf(ctx).ID))
}

// itemChoices offers follow-ups to choose several of.
func itemChoices(ctx context.Context, is []Item) []core.Choice {
	out := make([]core.Choice, len(is))
	for k, i := range is {
		text := strings.Join([]string{i.Number, core.Label(Occasions(), i.Occasion).Say(ctx), i.UnitCode, i.who(), i.MatterNumber}, " ")
		out[k] = core.Choice{Value: i.Ref.ID.String(), Label: core.T("%s", "%s", strings.Join(strings.Fields(text), " "))}
	}
	return out
}

// today are the open follow-ups that fall due by the end of the day and the late ones: all, or one person's. with those
// of nobody.
func today(ctx context.Context, tx db.Tx, mine bool, until time.Time) ([]Item, error) {
	c := db.Where{Conds: []string{"project_id = $1", "open"}, Args: []any{core.ProjectOf(ctx).ID}}
	c.Add("due_at < ?", until)
	if mine {
		c.Add("(caller_id is null or caller_id = ?)", core.ActorOf(ctx).ID)
	}
	if err := notAgainstMe(ctx, tx, &c); err != nil {
		return nil, err
	}
	return list(ctx, tx, c.String()+" order by due_at, id limit 60", c.Args...)
}

// unitCode is a unit's code, "" where there is none.
func unitCode(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
	us, err := estate.Units(ctx, tx, id)
	return us[id].Code, err
}
