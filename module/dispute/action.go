package dispute

import (
	"context"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

// Topic is what live pages of a project's disputes listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/dispute" }

func href(ctx context.Context, id core.ID, more ...string) string {
	return Kind().Href(ctx, id, more...)
}

func guard(ctx context.Context, tx db.Tx, ok bool, zh, en string, args ...any) error {
	return regulation.Guard(ctx, tx, "A6.3", ok, core.T(zh, en, args...))
}

func in(states ...string) func(context.Context, db.Tx, Case) error {
	return func(_ context.Context, _ db.Tx, c Case) error {
		if slices.Contains(states, c.State) {
			return nil
		}
		return register.Later("现在的状态是「%s」,不能这样做", "The dispute is “%s”; this cannot be done now", core.Label(States(), c.State))
	}
}

// change is a verb's frame: it locks the case, asks the check, lets fn work on it, and writes case and journal.
func change(ctx context.Context, tx db.Tx, id core.ID, check func(context.Context, db.Tx, Case) error, verb string, payload any, fn func(*Case) error) error {
	c, err := lock(ctx, tx, id)
	if err == nil {
		err = check(ctx, tx, c)
	}
	if err == nil {
		err = fn(&c)
	}
	if err == nil {
		err = db.UpdateCells(ctx, tx, "dispute_case", c.Ref, c.Version, c.cells())
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(c.Ref.Project))
	return journal.Add(ctx, tx, c.Ref, verb, payload)
}

// Side is a party as it is named.
type Side struct {
	Kind     string
	Customer core.ID
	Name     core.Personal
	Person   core.Personal
	Phone    core.Phone
}

// Intake opens a dispute.
type Intake struct {
	Title     string
	Sort      string
	Content   string
	Place     string
	Amount    core.Money
	Complaint core.ID
	Mediator  core.ID // the actor when zero
	Parties   []Side
}

// Take opens a dispute between two sides or more; from now on its records are held (L6).
func Take(ctx context.Context, tx db.Tx, in Intake) (Case, error) {
	p, now := core.ProjectOf(ctx), core.Now(ctx)
	if err := guard(ctx, tx, core.Filled(in.Title) && core.Filled(in.Content) && len(in.Parties) >= 2, "纠纷要写明事由、经过和至少两方当事人", "A dispute names what it is about and two parties at least"); err != nil {
		return Case{}, err
	}
	c := Case{Ref: core.Ref{Project: p.ID, Kind: "dispute", ID: tx.NewID()}, Version: 1, Title: in.Title, Sort: in.Sort, Content: in.Content, Place: in.Place, Amount: in.Amount, Complaint: in.Complaint, State: Mediating, Open: true, At: now,
		Day: core.DateOf(now, p.Zone)}
	c.Month = c.Day.Month()
	if c.Sort == "" {
		c.Sort = sortOf(in.Parties)
	}
	if in.Complaint != 0 {
		if _, err := complaint.Get(ctx, tx, in.Complaint); err != nil {
			return c, core.Invalid("complaint", "没有这件投诉", "There is no such complaint")
		}
	}
	var err error
	if c.Mediator, c.MediatorBy, err = mediatorOf(ctx, tx, in.Mediator); err != nil {
		return c, err
	}
	if c.Number, err = db.NextNumber(ctx, tx, p.ID, "JF", core.MonthOf(now, p.Zone)); err != nil {
		return c, err
	}
	if err := db.InsertCells(ctx, tx, "dispute_case", c.Ref, c.cells()); err != nil {
		return c, err
	}
	for _, s := range in.Parties {
		if _, err := join(ctx, tx, c, s); err != nil {
			return c, err
		}
	}
	if err := holdAll(ctx, tx, c); err != nil {
		return c, err
	}
	if err := put(ctx, tx, c); err != nil {
		return c, err
	}
	tx.Publish(Topic(p.ID))
	if err := duty.Happened(ctx, tx, "dispute.taken", c.Ref, c.title().ZH, href(ctx, c.Ref.ID)); err != nil {
		return c, err
	}
	return c, journal.Add(ctx, tx, c.Ref, "taken", map[string]any{"content": c.Content, "title": c.Title})
}

func sortOf(ss []Side) string {
	if slices.ContainsFunc(ss, func(s Side) bool { return s.Kind == PartyUs }) {
		return "us"
	}
	return "customers"
}

func mediatorOf(ctx context.Context, tx db.Tx, id core.ID) (core.ID, string, error) {
	a := core.ActorOf(ctx)
	if id == 0 || id == a.ID {
		return a.ID, a.Name, nil
	}
	us, err := mediatorsOf(ctx, tx)
	for _, u := range us {
		if u.ID == id {
			return id, u.Name, nil
		}
	}
	if err == nil {
		err = core.Invalid("mediator", "请选择本项目的人员", "Choose somebody of this project")
	}
	return 0, "", err
}

// join adds a side to the case: a customer by his file, us by our name.
func join(ctx context.Context, tx db.Tx, c Case, s Side) (core.ID, error) {
	if s.Kind == "" {
		s.Kind = PartyOther
		if s.Customer != 0 {
			s.Kind = PartyCustomer
		}
	}
	switch s.Kind {
	case PartyCustomer:
		if s.Customer == 0 {
			return 0, core.Invalid("customer", "请选择客户", "Choose the customer")
		}
		k, err := customer.Get(ctx, tx, s.Customer)
		if err != nil {
			return 0, err
		}
		if !k.Live() {
			return 0, core.Invalid("customer", "该客户档案已并入或删除", "That customer's file was merged or erased")
		}
		s.Name = k.Name
	case PartyUs:
		if s.Customer = 0; s.Name == "" {
			s.Name = core.Personal(core.ProjectOf(ctx).Name)
		}
	default:
		s.Customer = 0
	}
	if s.Name == "" {
		return 0, core.Invalid("name", "请填写当事人", "Name the party")
	}
	id := tx.NewID()
	_, err := db.Exec(ctx, tx, "insert into dispute_party (project_id, id, dispute_id, kind, customer_id, name, person, phone) values ($1,$2,$3,$4,$5,$6,$7,$8)", c.Ref.Project, id, c.Ref.ID, s.Kind, s.Customer, s.Name, s.Person, s.Phone)
	return id, err
}

func put(ctx context.Context, tx db.Tx, c Case) error {
	ps, err := Parties(ctx, tx, c.Ref.ID)
	if err != nil {
		return err
	}
	d := search.Doc{Ref: c.Ref, Perm: "dispute.view", Title: c.Number + " " + c.Title, URL: href(ctx, c.Ref.ID), Words: []string{c.Content, c.Place}, Codes: []string{c.Number}, At: c.At}
	for _, p := range ps {
		d.Names = append(d.Names, string(p.Name), string(p.Person))
		d.Phones = append(d.Phones, p.Phone)
	}
	return search.Put(ctx, tx, d)
}

// AddParty adds a party that came up later; its file is held too.
func AddParty(ctx context.Context, tx db.Tx, id core.ID, s Side) error {
	return change(ctx, tx, id, in(Mediating), "party", map[string]any{"name": s.Name}, func(c *Case) error {
		if _, err := join(ctx, tx, *c, s); err != nil {
			return err
		}
		if err := holdAll(ctx, tx, *c); err != nil {
			return err
		}
		return put(ctx, tx, *c)
	})
}

// Opinion is what one side says.
type Opinion struct {
	Party    core.ID
	Text     string
	Evidence string
	Papers   []core.Upload
}

// Opine records a side's opinion (A6.3); a later word of the same side replaces it, the journal keeps both.
func Opine(ctx context.Context, tx db.Tx, id core.ID, o Opinion) error {
	p, err := partyOf(ctx, tx, id, o.Party)
	if err != nil {
		return err
	}
	return change(ctx, tx, id, in(Mediating), "opinion", map[string]any{"party": p.Name, "opinion": core.Personal(o.Text)}, func(c *Case) error {
		for _, up := range o.Papers {
			if _, err := file.Attach(ctx, tx, c.Ref, file.Evidence, up); err != nil {
				return err
			}
		}
		return db.ExecOne(ctx, tx, "update dispute_party set opinion = $1, evidence = $2, opined_at = $3, opined_by = $4 where project_id = $5 and id = $6", o.Text, o.Evidence, core.Now(ctx), core.ActorOf(ctx).Name, c.Ref.Project, p.ID)
	})
}

// Meeting is a talk between the parties.
type Meeting struct {
	At      time.Time // now when zero
	Place   string
	Present string
	Minutes string
	Outcome string
}

// Minute keeps the minutes of a talk (协商纪要).
func Minute(ctx context.Context, tx db.Tx, id core.ID, m Meeting) error {
	return change(ctx, tx, id, in(Mediating, Agreed), "talk", map[string]any{"minutes": core.Personal(m.Minutes)}, func(c *Case) error {
		if m.At.IsZero() {
			m.At = core.Now(ctx)
		}
		if m.At.After(core.Now(ctx)) {
			return core.Invalid("at", "时间不能晚于现在", "The time cannot be later than now")
		}
		c.Talks++
		_, err := db.Exec(ctx, tx, "insert into dispute_talk (project_id, id, dispute_id, number, at, place, present, minutes, outcome, by_name) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)", c.Ref.Project, tx.NewID(), c.Ref.ID, c.Talks, m.At, m.Place,
			m.Present, m.Minutes, m.Outcome, core.ActorOf(ctx).Name)
		return err
	})
}

// heard: A6.3, nothing is settled or given up before every side was heard and the parties have talked.
func heard(ctx context.Context, tx db.Tx, c Case) error {
	ps, err := Parties(ctx, tx, c.Ref.ID)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if err := guard(ctx, tx, core.Filled(p.Opinion), "还没有记录「%s」的意见", "The opinion of %s is not on record yet", string(p.Name)); err != nil {
			return err
		}
	}
	return guard(ctx, tx, c.Talks > 0, "还没有协商纪要", "There are no minutes of a talk yet")
}

// Agreement is what the parties agree on.
type Agreement struct {
	Terms string
	Acts  []Duty
}

// Duty is one act that a party promises.
type Duty struct {
	Party core.ID
	What  string
	Due   core.Date
}

func canAgree(ctx context.Context, tx db.Tx, c Case) error {
	if err := in(Mediating)(ctx, tx, c); err != nil {
		return err
	}
	return heard(ctx, tx, c)
}

// Agree records the agreement; every act that a party promises is followed as a duty (A6.3).
func Agree(ctx context.Context, tx db.Tx, id core.ID, a Agreement) error {
	return change(ctx, tx, id, canAgree, "agreed", map[string]string{"terms": a.Terms}, func(c *Case) error {
		if err := guard(ctx, tx, core.Filled(a.Terms) && len(a.Acts) > 0, "调解协议要写明内容,并列出谁、做什么、何时前完成", "The agreement gives its terms, and who does what by when"); err != nil {
			return err
		}
		c.State, c.Terms, c.AgreedAt = Agreed, a.Terms, core.Now(ctx)
		for _, d := range a.Acts {
			if err := c.promise(ctx, tx, d); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c Case) promise(ctx context.Context, tx db.Tx, d Duty) error {
	p, err := partyOf(ctx, tx, c.Ref.ID, d.Party)
	if err != nil {
		return err
	}
	if d.Due == "" || !core.Filled(d.What) {
		return core.Invalid("acts", "每项约定都要写明内容和期限", "Every act has its contents and its day")
	}
	a := Act{Ref: core.Ref{Project: c.Ref.Project, Kind: "settlement", ID: tx.NewID()}, Version: 1, Dispute: c.Ref.ID, Number: c.Number, Party: p.ID, PartyName: p.Name, Customer: p.Customer, What: d.What, Due: d.Due, State: ActOpen, Open: true}
	if err := db.InsertCells(ctx, tx, "dispute_act", a.Ref, a.cells()); err != nil {
		return err
	}
	end := d.Due.Add(1).Time(core.ProjectOf(ctx).Zone)
	if err := duty.Open(ctx, tx, "A6.3", a.Ref, duty.Due(end), duty.To(c.Mediator), duty.First(), duty.About(core.T("跟踪调解协议的履行:%s", "Follow the performance of the agreement %s", c.title()), ActKind().Href(ctx, a.Ref.ID))); err != nil {
		return err
	}
	return journal.Add(ctx, tx, a.Ref, "promised", map[string]string{"what": a.What})
}

// Signing says who signed the agreement.
type Signing struct {
	By     core.Personal
	Papers []core.Upload
}

func canSign(_ context.Context, _ db.Tx, c Case) error {
	if c.State != Agreed || !c.Signed.IsZero() {
		return register.Later("没有待签署的协议", "No agreement waits to be signed")
	}
	return nil
}

// Sign keeps the signed agreement.
func Sign(ctx context.Context, tx db.Tx, id core.ID, s Signing) error {
	return change(ctx, tx, id, canSign, "signed", map[string]any{"by": s.By}, func(c *Case) error {
		for _, up := range s.Papers {
			if _, err := file.Attach(ctx, tx, c.Ref, file.Evidence, up); err != nil {
				return err
			}
		}
		c.Signed, c.SignedBy = core.Now(ctx), s.By
		return nil
	})
}

// Word is a verb's one text.
type Word struct{ Text string }

// stepAct is an act's frame.
func stepAct(ctx context.Context, tx db.Tx, id core.ID, state, evidence, verb string) error {
	a, err := db.One(ctx, tx, (*Act).dest, db.Locked(tx, "select "+db.CellNames(new(Act).cells())+" from dispute_act where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	a.Ref.Kind = "settlement"
	if err == nil {
		err = canPerform(a)
	}
	if err != nil {
		return err
	}
	a.State, a.Open, a.Done, a.Evidence = state, false, core.Now(ctx), evidence
	if err := db.UpdateCells(ctx, tx, "dispute_act", a.Ref, a.Version, a.cells()); err != nil {
		return err
	}
	if err := duty.Done(ctx, tx, "A6.3", a.Ref); err != nil {
		return err
	}
	tx.Publish(Topic(a.Ref.Project))
	return journal.Add(ctx, tx, a.Ref, verb, map[string]string{"evidence": evidence})
}

func canPerform(a Act) error {
	if a.State != ActOpen {
		return register.Later("现在的状态是「%s」", "It is “%s” now", core.Label(actStates(), a.State))
	}
	return nil
}

// Perform records that an act was performed, with the evidence.
func Perform(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return stepAct(ctx, tx, id, ActDone, w.Text, "performed")
}

// Break records that a party did not do what it had promised.
func Break(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return stepAct(ctx, tx, id, ActBroken, w.Text, "broken")
}

// canFail: A6.3, mediation is given up only after every side was heard; an agreement only when an act was broken.
func canFail(ctx context.Context, tx db.Tx, c Case) error {
	if err := in(Mediating, Agreed)(ctx, tx, c); err != nil {
		return err
	}
	if c.State == Mediating {
		return heard(ctx, tx, c)
	}
	as, err := Acts(ctx, tx, c.Ref.ID)
	if err != nil {
		return err
	}
	return guard(ctx, tx, slices.ContainsFunc(as, func(a Act) bool { return a.State == ActBroken }), "协议还在履行,没有未履行的约定", "The agreement is being performed; nothing was broken")
}

// Fail says that mediation came to nothing.
func Fail(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return change(ctx, tx, id, canFail, "failed", map[string]string{"reason": w.Text}, func(c *Case) error {
		c.State, c.Failure, c.FailedAt = Failed, w.Text, core.Now(ctx)
		return nil
	})
}

// Guidance is the legal route that the parties are shown.
type Guidance struct {
	Route string
	Text  string
}

// Advise shows the parties the legal route (A6.3).
func Advise(ctx context.Context, tx db.Tx, id core.ID, g Guidance) error {
	return change(ctx, tx, id, in(Failed), "advised", map[string]string{"route": g.Route, "advice": g.Text}, func(c *Case) error {
		c.Route, c.Advice, c.Advised = g.Route, g.Text, core.Now(ctx)
		return nil
	})
}

// HandOver is the hand-over to legal affairs.
type HandOver struct {
	To   string
	Note string
}

// canHandOver: A6.3, the parties are shown the legal route first.
func canHandOver(ctx context.Context, tx db.Tx, c Case) error {
	if err := in(Failed)(ctx, tx, c); err != nil {
		return err
	}
	return guard(ctx, tx, !c.Advised.IsZero(), "要先引导当事人走法律途径,再移交法务", "The parties are shown the legal route before the papers go to legal affairs")
}

// ToLegal hands the papers over to legal affairs; the records are held by order from now on (L6).
func ToLegal(ctx context.Context, tx db.Tx, id core.ID, h HandOver) error {
	return change(ctx, tx, id, canHandOver, "legal", map[string]string{"to": h.To}, func(c *Case) error {
		c.State, c.LegalTo, c.LegalNote, c.LegalAt = Legal, h.To, h.Note, core.Now(ctx)
		if !c.Held {
			c.order(ctx, core.T("移交法务:%s", "Handed over to legal affairs: %s", h.To).Say(ctx))
		}
		if err := holdAll(ctx, tx, *c); err != nil {
			return err
		}
		for _, role := range []core.Role{core.Manager, core.GM} {
			m := notify.Message{Ref: c.Ref, URL: href(ctx, id), Title: core.T("纠纷已移交法务:%s", "A dispute went to legal affairs: %s", c.title())}
			if err := notify.TellRole(ctx, tx, c.Ref.Project, role, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// canClose: A6.3, an agreement is closed when every act is performed, a failed mediation when the parties were shown the
// legal route.
func canClose(ctx context.Context, tx db.Tx, c Case) error {
	if err := in(Agreed, Failed, Legal)(ctx, tx, c); err != nil {
		return err
	}
	switch c.State {
	case Agreed:
		as, err := Acts(ctx, tx, c.Ref.ID)
		if err != nil {
			return err
		}
		open := slices.DeleteFunc(as, func(a Act) bool { return a.State == ActDone })
		return guard(ctx, tx, len(open) == 0, "还有 %d 项约定没有履行", "%d acts are not performed yet", len(open))
	case Failed:
		return guard(ctx, tx, !c.Advised.IsZero(), "调解不成的要引导当事人走法律途径", "Where mediation fails the parties are shown the legal route")
	}
	return nil
}

// Close closes the dispute with its result. Its records are released unless they are held by order.
func Close(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return change(ctx, tx, id, canClose, "closed", map[string]string{"result": w.Text}, func(c *Case) error {
		c.State, c.Open, c.Result, c.ClosedAt = Closed, false, w.Text, core.Now(ctx)
		if err := c.unfollow(ctx, tx, w.Text); err != nil {
			return err
		}
		if err := duty.Happened(ctx, tx, "dispute.closed", c.Ref, c.title().ZH, href(ctx, id)); err != nil || c.Held {
			return err
		}
		return releaseAll(ctx, tx, *c)
	})
}

// unfollow ends the duties of the agreement's acts that nobody performed: of a dispute that is over nothing is followed.
func (c Case) unfollow(ctx context.Context, tx db.Tx, why string) error {
	as, err := Acts(ctx, tx, c.Ref.ID)
	for _, a := range as {
		if err == nil {
			err = duty.VoidAll(ctx, tx, a.Ref, why)
		}
	}
	return err
}

// canVoid: only a dispute taken down by mistake is voided, and none that is held by order (L6).
func canVoid(ctx context.Context, tx db.Tx, c Case) error {
	if c.State == Void || c.State == Closed {
		return register.Later("这件纠纷已经结束", "This dispute is over")
	}
	return regulation.Guard(ctx, tx, "L6", !c.Held && c.State != Legal, core.T("法律保留中的纠纷不得作废", "A dispute under legal hold is not voided"))
}

// Cancel voids a dispute that was taken down by mistake, with the reason.
func Cancel(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return change(ctx, tx, id, canVoid, "voided", map[string]string{"reason": w.Text}, func(c *Case) error {
		c.State, c.Open, c.Reason = Void, false, w.Text
		err := c.unfollow(ctx, tx, w.Text)
		if err == nil {
			err = releaseAll(ctx, tx, *c)
		}
		if err != nil {
			return err
		}
		return search.Remove(ctx, tx, c.Ref)
	})
}
