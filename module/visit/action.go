package visit

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

// Topic is what live pages of a project's visits listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/visit" }

func href(ctx context.Context, id core.ID, more ...string) string {
	return Kind().Href(ctx, id, more...)
}

// in lets a visit through whose state is one of these.
func in(v Visit, states ...string) error {
	if slices.Contains(states, v.State) {
		return nil
	}
	return register.Later("现在的状态是「%s」,不能这样做", "The visit is “%s”; this cannot be done now", core.Label(States(), v.State))
}

// change is a verb's frame: it locks the visit, asks the check, lets fn work on it, and writes visit and journal.
func change(ctx context.Context, tx db.Tx, id core.ID, check func(context.Context, db.Tx, Visit) error, verb string, payload any, fn func(*Visit) error) error {
	v, err := lock(ctx, tx, id)
	if err == nil {
		err = check(ctx, tx, v)
	}
	if err == nil {
		err = fn(&v)
	}
	if err == nil {
		err = db.UpdateCells(ctx, tx, "visit_visit", v.Ref, v.Version, v.cells())
	}
	if err == nil {
		err = put(ctx, tx, v)
	}
	if err != nil {
		return err
	}
	return told(ctx, tx, v, verb, payload)
}

// told announces what happened: to the live pages, the firm's own clauses and the journal.
func told(ctx context.Context, tx db.Tx, v Visit, verb string, payload any) error {
	tx.Publish(Topic(v.Ref.Project))
	if slices.Contains([]string{"planned", "visited", "recorded"}, verb) {
		if err := duty.Happened(ctx, tx, "visit."+verb, v.Ref, v.Number, href(ctx, v.Ref.ID)); err != nil {
			return err
		}
	}
	return journal.Add(ctx, tx, v.Ref, verb, payload, journal.For(v.Customer))
}

func put(ctx context.Context, tx db.Tx, v Visit) error {
	if v.State == Cancelled {
		return search.Remove(ctx, tx, v.Ref)
	}
	at := v.At
	if at.IsZero() {
		at = v.Day.Time(core.ProjectOf(ctx).Zone)
	}
	return search.Put(ctx, tx, search.Doc{Ref: v.Ref, Perm: "visit.view", Title: v.Number + " " + v.Purpose, Sub: strings.TrimSpace(v.UnitCode + " " + string(v.CustomerName)), URL: href(ctx, v.Ref.ID),
		Words: []string{v.Goal, v.Content, v.Needs, v.Problems}, Names: []string{string(v.CustomerName), string(v.Met)}, Phones: []core.Phone{v.Phone}, Codes: []string{v.Number, v.UnitCode}, At: at})
}

// ---- the plan (C2.1)

// Plan is a visit as it is planned.
type Plan struct {
	Customer    core.ID
	Sort        string
	Purpose     string
	Goal        string
	Day         core.Date
	Prepare     []string
	PrepareNote string
	Visitor     core.ID // the actor when zero
	Festival    core.ID
}

// canPlan: C2.1, a plan names whom, purpose, goal, day and preparations; C8.1, a key customer has a card.
func canPlan(ctx context.Context, tx db.Tx, c customer.Customer, in Plan) error {
	if !c.Live() {
		return core.Invalid("customer", "该客户档案已并入或删除", "That customer's file was merged or erased")
	}
	if err := regulation.Require(ctx, tx, "C2.1", in.Day != "" && core.Filled(in.Purpose, in.Goal) && len(in.Prepare) > 0, "拜访计划要写明目的、目标、日期和准备事项(资料、名片、礼品,或注明无需准备)",
		"A visit plan gives purpose, goal, day and preparations (material, cards, gifts, or that nothing is needed)"); err != nil {
		return err
	}
	return needsCard(ctx, tx, c, in.Sort)
}

// PlanVisit plans a visit and puts it on the visitor's list.
func PlanVisit(ctx context.Context, tx db.Tx, in Plan) (Visit, error) {
	c, err := customer.Get(ctx, tx, in.Customer)
	if err == nil {
		err = canPlan(ctx, tx, c, in)
	}
	if err != nil {
		return Visit{}, err
	}
	if in.Sort == "" {
		in.Sort = Round
	}
	p := core.ProjectOf(ctx)
	v := Visit{Ref: core.Ref{Project: p.ID, Kind: "visit", ID: tx.NewID()}, Version: 1, Sort: in.Sort, Customer: c.ID, CustomerName: c.Name, Festival: in.Festival, Purpose: in.Purpose, Goal: in.Goal, Day: in.Day,
		Prepare: strings.Join(in.Prepare, ","), PrepareNote: in.PrepareNote, State: Planned, Open: true}
	if v.Day == "" {
		v.Day = core.Today(ctx)
	}
	v.Month = v.Day.Month()
	if v.Unit, v.UnitCode, err = unitOf(ctx, tx, c.ID); err != nil {
		return v, err
	}
	if err := v.assign(ctx, tx, in.Visitor); err != nil {
		return v, err
	}
	if v.Number, err = db.NextNumber(ctx, tx, p.ID, "BF", core.MonthOf(core.Now(ctx), p.Zone)); err != nil {
		return v, err
	}
	if err := db.InsertCells(ctx, tx, "visit_visit", v.Ref, v.cells()); err != nil {
		return v, err
	}
	if err := put(ctx, tx, v); err != nil {
		return v, err
	}
	if err := owePlan(ctx, tx, v, c); err != nil {
		return v, err
	}
	return v, told(ctx, tx, v, "planned", map[string]any{"day": string(v.Day), "purpose": v.Purpose, "sort": v.Sort, "customer": c.Name})
}

// assign names the visitor: the one asked for, else who acts.
func (v *Visit) assign(ctx context.Context, tx db.Tx, visitor core.ID) (err error) {
	a := core.ActorOf(ctx)
	if v.Visitor, v.VisitorName = a.ID, a.Name; visitor == 0 || visitor == a.ID {
		return nil
	}
	v.Visitor = visitor
	v.VisitorName, err = nameOf(ctx, tx, "visitor", visitor)
	return err
}

// owePlan puts the visit among what its visitor owes, up to the end of its day.
func owePlan(ctx context.Context, tx db.Tx, v Visit, c customer.Customer) error {
	clock, err := clockOf(ctx, tx)
	if err != nil {
		return err
	}
	return duty.Open(ctx, tx, "C2.1", v.Ref, duty.Due(clock.EndOf(v.Day)), duty.To(v.Visitor), duty.Again(), duty.About(core.T("拜访 %s(%s)", "Visit %s (%s)", c.Discreet(), v.Number), href(ctx, v.Ref.ID)))
}

// unitOf is the unit in which a customer is today.
func unitOf(ctx context.Context, tx db.Tx, id core.ID) (core.ID, string, error) {
	stays, err := customer.Stays(ctx, tx, id)
	if err != nil {
		return 0, "", err
	}
	i := slices.IndexFunc(stays, func(s customer.Stay) bool { return s.On(core.Today(ctx)) })
	if i < 0 {
		return 0, "", nil
	}
	us, err := estate.Units(ctx, tx, stays[i].Unit)
	return stays[i].Unit, us[stays[i].Unit].Code, err
}

// Usual is a plan with the usual purpose, goal and preparations of its sort: what one click on the round plans.
func Usual(ctx context.Context, id core.ID, sort string, day core.Date) Plan {
	in := Plan{Customer: id, Sort: sort, Day: day, Goal: core.T("了解经营情况、需求和意见", "Hear of the business, needs and opinions").ZH, Prepare: []string{"materials", "cards"}}
	switch sort {
	case Feast:
		in.Purpose, in.Goal, in.Prepare = "节日拜访", "致以节日问候,听取意见", []string{"cards", "gifts"}
	case Warned:
		in.Purpose, in.Goal = "了解预警信号背后的情况", "核实情况,了解困难,商量可以提供的帮助"
	case KeyVisit:
		in.Purpose = "重点客户定期走访"
	case Daily:
		in.Purpose = "每日走访商户"
	default:
		in.Purpose = "巡回拜访"
	}
	if core.LangOf(ctx) == core.EN {
		in.english()
	}
	return in
}

func (in *Plan) english() {
	in.Goal = "Hear of the business, needs and opinions"
	switch in.Sort {
	case Feast:
		in.Purpose, in.Goal = "Festival visit", "Best wishes, and an ear for opinions"
	case Warned:
		in.Purpose, in.Goal = "What is behind the warning", "See how things stand, hear of difficulties, offer help"
	case KeyVisit:
		in.Purpose = "Regular visit to a key customer"
	case Daily:
		in.Purpose = "Daily visit to a merchant"
	default:
		in.Purpose = "Round visit"
	}
}

// Move is another day for a planned visit.
type Move struct {
	Day     core.Date
	Visitor core.ID
	Reason  string
}

func canMove(_ context.Context, _ db.Tx, v Visit) error { return in(v, Planned) }

// Replan moves a planned visit to another day or visitor, with the reason.
func Replan(ctx context.Context, tx db.Tx, id core.ID, m Move) error {
	return change(ctx, tx, id, canMove, "replanned", map[string]string{"day": string(m.Day), "reason": m.Reason}, func(v *Visit) error {
		c, err := customer.Get(ctx, tx, v.Customer)
		if err != nil {
			return err
		}
		v.Day, v.Month = m.Day, m.Day.Month()
		if m.Visitor != 0 {
			if err := v.assign(ctx, tx, m.Visitor); err != nil {
				return err
			}
		}
		if err := duty.Void(ctx, tx, "C2.1", v.Ref, m.Reason); err != nil {
			return err
		}
		return owePlan(ctx, tx, *v, c)
	})
}

// Word is a verb's one text.
type Word struct{ Text string }

// Cancel takes a planned visit off the list, with the reason.
func Cancel(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return change(ctx, tx, id, canMove, "cancelled", map[string]string{"reason": w.Text}, func(v *Visit) error {
		v.State, v.Open, v.Reason = Cancelled, false, w.Text
		return duty.VoidAll(ctx, tx, v.Ref, w.Text)
	})
}

// ---- the visit itself

// Arrival is the moment of the visit.
type Arrival struct {
	At time.Time // now when zero
}

// Arrive notes that the visit takes place; its record is due the same day (C4.1).
func Arrive(ctx context.Context, tx db.Tx, id core.ID, a Arrival) error {
	return change(ctx, tx, id, canMove, "visited", nil, func(v *Visit) error { return arrived(ctx, tx, v, a.At) })
}

func arrived(ctx context.Context, tx db.Tx, v *Visit, at time.Time) error {
	if at.IsZero() {
		at = core.Now(ctx)
	}
	if at.After(core.Now(ctx)) {
		return core.Invalid("at", "拜访时间不能晚于现在", "The visit cannot be later than now")
	}
	a, p := core.ActorOf(ctx), core.ProjectOf(ctx)
	v.State, v.At, v.VisitDay = Visited, at, core.DateOf(at, p.Zone)
	v.Month, v.Went, v.WentName = v.VisitDay.Month(), a.ID, a.Name
	v.Supervised = a.Has(p.ID, core.Supervisor) || a.Has(p.ID, core.Manager) || a.Has(p.ID, core.GM)
	if err := duty.Done(ctx, tx, "C2.1", v.Ref); err != nil {
		return err
	}
	if err := duty.Open(ctx, tx, "C4.1", v.Ref, duty.From(at), duty.To(a.ID), duty.About(core.T("当日完成拜访记录:%s", "Complete the record of the visit today: %s", v.Number), href(ctx, v.Ref.ID, "record"))); err != nil {
		return err
	}
	return met(ctx, tx, *v)
}

// met fulfils what a visit fulfils: the merchant of the day (D5.3), the contact of the quarter (A3.6), the regular visits to
// customers of the first class (C16.3).
func met(ctx context.Context, tx db.Tx, v Visit) error {
	t := Touch{Visited: v.At, Contacted: v.At}
	if v.Supervised {
		t.Supervised = v.At
	}
	if err := touched(ctx, tx, v.Customer, t); err != nil {
		return err
	}
	if err := dayDone(ctx, tx, v.VisitDay); err != nil {
		return err
	}
	if err := duty.Done(ctx, tx, "A3.6", customerRef(v.Ref.Project, v.Customer)); err != nil {
		return err
	}
	c, err := customer.Get(ctx, tx, v.Customer)
	if err != nil || !FirstClass(c) {
		return err
	}
	return cadence(ctx, tx, c, v)
}

func customerRef(project, id core.ID) core.Ref {
	return core.Ref{Project: project, Kind: "customer", ID: id}
}

// ---- the report (C2.2, C4.1, C8.2)

// Report is the record of a visit.
type Report struct {
	At           time.Time // when it took place, if that was not noted on the spot
	How          string
	Met          core.Personal
	Post         string
	Power        string
	Phone        core.Phone
	Content      string
	Needs        string
	Problems     string
	Competitor   string
	Credit       string
	CreditNote   string
	Business     string
	Surroundings string
	Effect       string
	Unusual      string
	Opinions     []Matter // each is answered in its term (D5.3)
	Promises     []Matter // ours: each has its day (C2.3)
	Theirs       []Matter // the customer's own
	NextDay      core.Date
	NoNext       string
	Signer       core.Personal
	Signature    string
}

// Matter is one thing said at a visit or a meeting.
type Matter struct {
	What string
	Due  core.Date
}

func canRecord(_ context.Context, _ db.Tx, v Visit) error { return in(v, Planned, Visited) }

// complete asks what the record must hold.
func (r Report) complete(ctx context.Context, tx db.Tx, first bool) error {
	if err := regulation.Require(ctx, tx, "C2.2", core.Filled(string(r.Met), r.Post, r.Power) && (core.Filled(r.Needs) || core.Filled(r.Problems)) && core.Filled(r.Competitor, r.Credit), "拜访报告要写明接待人及职务、决策权、需求与问题、竞争信息、信用异动(没有的写「无」)",
		"The report names who received the visit, his post and power of decision, needs and problems, competitors and changes of credit (write “none” where there is none)"); err != nil {
		return err
	}
	if err := regulation.Require(ctx, tx, "C4.1", core.Filled(r.Business, r.Surroundings, r.Content, r.How, r.Effect), "拜访记录要写明经营变化、环境信息、服务内容、方式和效果", "The record gives changes of the business, the surroundings, what was done, in what manner and to what effect"); err != nil {
		return err
	}
	if err := regulation.Require(ctx, tx, "C8.2", r.NextDay != "" || core.Filled(r.NoNext), "要当场约定下一次拜访;没有约定的写明原因", "The next visit is agreed on the spot; where it is not, say why"); err != nil {
		return err
	}
	return regulation.Require(ctx, tx, "C16.3", !first || core.Filled(r.Unusual), "重点(A 类)客户要登记行业趋势、人事变动等异常动向(没有的写「无」)", "Of a customer of the first class, record trends of the trade, changes of staff and the like (write “none” where there is none)")
}

// Record completes a visit's record, opens a term for everything that was promised or asked, and plans the next visit.
func Record(ctx context.Context, tx db.Tx, id core.ID, r Report) error {
	payload := map[string]any{"met": r.Met, "post": r.Post, "content": r.Content, "needs": r.Needs, "problems": r.Problems, "next": string(r.NextDay)}
	return change(ctx, tx, id, canRecord, "recorded", payload, func(v *Visit) error {
		c, err := customer.Get(ctx, tx, v.Customer)
		if err == nil {
			err = r.complete(ctx, tx, FirstClass(c))
		}
		if err == nil && v.State == Planned {
			err = arrived(ctx, tx, v, r.At)
		}
		if err != nil {
			return err
		}
		r.into(v)
		v.State, v.Open, v.Recorded, v.Recorder = Recorded, false, core.Now(ctx), core.ActorOf(ctx).Name
		if err := duty.Done(ctx, tx, "C4.1", v.Ref); err != nil {
			return err
		}
		if r.Signature != "" {
			if err := sealed(ctx, tx, v, r.Signer, r.Signature, nil); err != nil {
				return err
			}
		}
		if err := r.matters(ctx, tx, *v); err != nil {
			return err
		}
		return v.agree(ctx, tx, r.NextDay)
	})
}

func (r Report) into(v *Visit) {
	v.How, v.Met, v.Post, v.Power, v.Phone, v.Content, v.Needs, v.Problems = r.How, r.Met, r.Post, r.Power, r.Phone, r.Content, r.Needs, r.Problems
	v.Competitor, v.Credit, v.CreditNote, v.Business, v.Surroundings, v.Effect, v.Unusual = r.Competitor, r.Credit, r.CreditNote, r.Business, r.Surroundings, r.Effect, r.Unusual
	v.NextDay, v.NoNext, v.Signer = r.NextDay, r.NoNext, r.Signer
}

func (r Report) matters(ctx context.Context, tx db.Tx, v Visit) error {
	for _, g := range []struct {
		sort string
		all  []Matter
	}{{Opinion, r.Opinions}, {Promise, r.Promises}, {Theirs, r.Theirs}} {
		for _, m := range g.all {
			if _, err := raise(ctx, tx, Item{Sort: g.sort, Visit: v.Ref.ID, Customer: v.Customer, CustomerName: v.CustomerName, What: m.What, Due: m.Due, Owner: v.Visitor, OwnerName: v.VisitorName, Number: v.Number}); err != nil {
				return err
			}
		}
	}
	return nil
}

// agree plans the next visit on the day that was agreed (C8.2).
func (v *Visit) agree(ctx context.Context, tx db.Tx, day core.Date) error {
	if day == "" {
		return nil
	}
	if day <= v.VisitDay {
		return core.Invalid("next_day", "下一次拜访应在这一次之后", "The next visit comes after this one")
	}
	in := Usual(ctx, v.Customer, Agreed, day)
	in.Purpose, in.Goal, in.Visitor = v.Purpose, v.Goal, v.Visitor
	next, err := PlanVisit(ctx, tx, in)
	v.Next = next.Ref.ID
	return err
}

// Seal is the customer's signature or seal on the record (DX.12).
type Seal struct {
	Signer    core.Personal
	Signature string
	Copies    []core.Upload // the sealed paper
	Unsigned  string        // why there is none
}

func canSeal(_ context.Context, _ db.Tx, v Visit) error {
	if !v.Signed.IsZero() {
		return register.Later("已经签章", "It is signed already")
	}
	return in(v, Recorded)
}

// Sign takes the customer's signature, a picture of the sealed paper, or the reason why there is neither (DX.12).
func Sign(ctx context.Context, tx db.Tx, id core.ID, s Seal) error {
	return change(ctx, tx, id, canSeal, "signed", map[string]any{"signer": s.Signer, "unsigned": s.Unsigned}, func(v *Visit) error {
		if err := regulation.Require(ctx, tx, "DX.12", s.Signature != "" || len(s.Copies) > 0 || core.Filled(s.Unsigned), "访谈记录要有业户签章:签名或盖章件照片;没有的写明原因", "The interview record bears the customer's signature or seal (a picture of the paper); say why where it does not"); err != nil {
			return err
		}
		if v.Unsigned = s.Unsigned; s.Signature == "" && len(s.Copies) == 0 {
			return nil
		}
		return sealed(ctx, tx, v, s.Signer, s.Signature, s.Copies)
	})
}

func sealed(ctx context.Context, tx db.Tx, v *Visit, signer core.Personal, signature string, copies []core.Upload) error {
	if signature != "" {
		up, err := file.FromDataURL(signature)
		if err == nil {
			_, err = file.Attach(ctx, tx, v.Ref, file.Signature, up)
		}
		if err != nil {
			return err
		}
	}
	for _, up := range copies {
		if _, err := file.Attach(ctx, tx, v.Ref, file.Evidence, up); err != nil {
			return err
		}
	}
	v.Signer, v.Signed, v.Unsigned = signer, core.Now(ctx), ""
	return nil
}
