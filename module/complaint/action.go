package complaint

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/desk"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

// Topic is what live pages of a project's complaints listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/complaint" }

func href(ctx context.Context, id core.ID, more ...string) string {
	return Kind().Href(ctx, id, more...)
}

// readable: C13.1, who is complained of takes no part, and reads nothing of it either.
func readable(ctx context.Context, tx db.Tx, c Case) error {
	me := core.ActorOf(ctx).ID
	return regulation.Require(ctx, tx, "C13.1", c.AgainstUser == 0 || c.AgainstUser != me, "您是被投诉人,不得参与处理或查阅本投诉", "The complaint is against you: you neither handle nor read it")
}

// in lets a case through whose state is one of these.
func in(c Case, states ...string) error {
	if slices.Contains(states, c.State) {
		return nil
	}
	return register.Later("现在的状态是「%s」,不能这样做", "The complaint is “%s”; this cannot be done now", core.Label(States(), c.State))
}

// running are the states in which a case is worked on.
func running(c Case) error {
	if !c.Open {
		return register.Later("这件投诉已经结束", "This complaint is closed")
	}
	return nil
}

// change is a verb's frame: it locks the case, keeps out who is complained of (C13.1), asks the check, lets fn work on it,
// and writes case and journal.
func change(ctx context.Context, tx db.Tx, id core.ID, check func(context.Context, db.Tx, Case) error, verb string, payload any, fn func(*Case) error) error {
	c, err := lock(ctx, tx, id)
	if err == nil {
		err = readable(ctx, tx, c)
	}
	if err == nil {
		err = check(ctx, tx, c)
	}
	if err == nil {
		err = fn(&c)
	}
	if err == nil {
		c.Due, err = dueOf(ctx, tx, c)
	}
	if err == nil {
		err = save(ctx, tx, c)
	}
	if err != nil {
		return err
	}
	return told(ctx, tx, c, verb, payload)
}

// told announces what happened: to the live pages, the firm's own clauses and the journal.
func told(ctx context.Context, tx db.Tx, c Case, verb string, payload any) error {
	tx.Publish(Topic(c.Ref.Project))
	tx.Publish(desk.Topic(c.Ref.Project))
	if err := duty.Happened(ctx, tx, "complaint."+verb, c.Ref, c.title().ZH, href(ctx, c.Ref.ID)); err != nil {
		return err
	}
	return journal.Add(ctx, tx, c.Ref, verb, payload, journal.For(c.Customer))
}

// ---- 听 intake

// Intake is what a complaint is taken down with.
type Intake struct {
	ID           core.ID // a new one when zero
	Matter       core.ID
	Customer     core.ID
	CustomerName string
	Company      string
	Unit         core.ID
	UnitCode     string
	Place        string
	Contact      core.Personal
	Phone        core.Phone
	Anonymous    bool
	Channel      string
	Written      bool
	Content      string
	Demand       string
	Category     string
	Against      string
	AgainstUser  core.ID
	AgainstName  string
	CompanyLevel bool
	At           time.Time // now when zero
}

// canTake: A6.1, who complains and of which company, what it is about, and the channel.
func canTake(ctx context.Context, tx db.Tx, in Intake) error {
	known := in.Anonymous || string(in.Contact) != "" && (in.Customer != 0 || in.Company != "" || in.UnitCode != "")
	return regulation.Require(ctx, tx, "A6.1", known && core.Filled(in.Content, in.Channel), "投诉登记要写明投诉人、所在公司(或单元)、事项和渠道;匿名投诉请注明", "The register takes the complainant, the company or unit, the matter and the channel; say when it is anonymous")
}

// Take opens the case with its ladder of terms; the rule proposes the severity (C13.2).
func Take(ctx context.Context, tx db.Tx, in Intake) (Case, error) {
	if err := canTake(ctx, tx, in); err != nil {
		return Case{}, err
	}
	c, err := newCase(ctx, tx, in)
	if err != nil {
		return c, err
	}
	if c.Matter != 0 {
		m, err := desk.Taken(ctx, tx, c.Matter)
		if err != nil {
			return c, err
		}
		c.At, c.Day = m.At, m.Day
	}
	c.Month = c.Day.Month()
	if err := propose(ctx, tx, &c); err != nil {
		return c, err
	}
	if c.Number, err = db.NextNumber(ctx, tx, c.Ref.Project, "TS", core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone)); err != nil {
		return c, err
	}
	if err := openAll(ctx, tx, &c); err != nil {
		return c, err
	}
	if err := insert(ctx, tx, c); err != nil {
		return c, err
	}
	if c.AgainstUser != 0 {
		if err := desk.Bar(ctx, tx, c.Matter, c.AgainstUser); err != nil {
			return c, err
		}
	}
	if err := put(ctx, tx, c); err != nil {
		return c, err
	}
	return c, told(ctx, tx, c, "taken", map[string]any{"content": c.Content, "category": c.Category, "level": c.Level, "channel": c.Channel, "against": c.AgainstName, "contact": c.Contact, "phone": c.Phone})
}

func newCase(ctx context.Context, tx db.Tx, in Intake) (Case, error) {
	p, now := core.ProjectOf(ctx), core.Now(ctx)
	if in.ID == 0 {
		in.ID = tx.NewID()
	}
	if in.At.IsZero() {
		in.At = now
	}
	c := Case{Ref: core.Ref{Project: p.ID, Kind: "complaint", ID: in.ID}, Version: 1, Matter: in.Matter, Customer: in.Customer, CustomerName: in.CustomerName, Company: in.Company, Unit: in.Unit,
		UnitCode: in.UnitCode, Place: in.Place, Contact: in.Contact, Phone: in.Phone, Anonymous: in.Anonymous, Channel: in.Channel, Written: in.Written || isLetter(in.Channel), Content: in.Content,
		Demand: in.Demand, Category: in.Category, Against: in.Against, AgainstUser: in.AgainstUser, AgainstName: in.AgainstName, CompanyLevel: in.CompanyLevel, State: StateNew, Open: true, At: in.At,
		Day: core.DateOf(in.At, p.Zone), Round: 1, Level: Normal, LevelBy: "rule", Rank: 1}
	if c.Category == "" {
		c.Category = ProposeCategory(c.Content)
	}
	return c, against(ctx, tx, &c)
}

// against completes whom the complaint is against: a person of ours by his account.
func against(ctx context.Context, tx db.Tx, c *Case) error {
	if c.AgainstUser == 0 {
		if c.Against == AgainstPerson {
			return core.Invalid("against_user", "请选择被投诉的人员", "Choose the person complained of")
		}
		return nil
	}
	c.Against = AgainstPerson
	var err error
	c.AgainstName, err = nameOf(ctx, tx, "against_user", c.AgainstUser)
	return err
}

// ProposeCategory is the rule's proposal of the kind from the words of the content.
func ProposeCategory(content string) string {
	for _, w := range []struct{ category, words string }{
		{"noise", "噪音,施工,装修,电钻"}, {"pest", "老鼠,鼠,蟑螂,虫,蚊"}, {"mail", "邮件,报纸,信件,快递"}, {"clean", "卫生,垃圾,异味,绿化,保洁,脏"}, {"facility", "电梯,空调,大堂,停车,扶梯,公共,照明"}, {"indoor", "漏水,维修,灯管,插座,室内"},
	} {
		if slices.ContainsFunc(strings.Split(w.words, ","), func(s string) bool { return strings.Contains(content, s) }) {
			return w.category
		}
	}
	return "service"
}

// propose grades the case by C13.2's rule.
func propose(ctx context.Context, tx db.Tx, c *Case) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil || !rules.On("C13.2") {
		return err
	}
	window := rules.Span("C13.2", "window")
	n, err := before(ctx, tx, *c, c.At.AddDate(0, 0, -window.N))
	if err != nil {
		return err
	}
	if grounds := Propose(c.Content+" "+c.Demand, c.Channel, n, rules.Count("C13.2", "repeat")); len(grounds) > 0 {
		c.Level, c.Rank, c.Grounds = Major, 0, strings.Join(grounds, ",")
	}
	return nil
}

// openAll opens everything that a new case owes. Passing it on runs from now, since nobody passes on what is not yet known
// for a complaint (a letter that the desk read as an enquiry first); every other term runs from when the customer came.
func openAll(ctx context.Context, tx db.Tx, c *Case) error {
	if err := passOn(ctx, tx, *c, duty.First()); err != nil {
		return err
	}
	if err := ladder(ctx, tx, c, c.At); err != nil {
		return err
	}
	if c.Level == Major {
		if err := alarm(ctx, tx, *c); err != nil {
			return err
		}
	}
	due, err := dueOf(ctx, tx, *c)
	c.Due = due
	return err
}

// passOn opens the term in which the case is given to the responsible manager (C13.6).
func passOn(ctx context.Context, tx db.Tx, c Case, more ...duty.Option) error {
	return duty.Open(ctx, tx, "C13.6", c.Ref, append(more, duty.Again(), owes(ctx, c, "转派并通知责任经理:%s", "Pass it on and tell the responsible manager: %s"))...)
}

func owes(ctx context.Context, c Case, zh, en string) duty.Option {
	return duty.About(core.T(zh, en, c.title()), href(ctx, c.Ref.ID))
}

// ladder opens the terms of a round: cause and solution (C11.1), the letter's answer (D4.5, by D1.7 where that is earlier),
// the end (C1.5). The queue counts down the earliest.
func ladder(ctx context.Context, tx db.Tx, c *Case, from time.Time) error {
	to := func(opts ...duty.Option) []duty.Option {
		return append(opts, duty.From(from), duty.To(c.Handler), duty.Again())
	}
	if err := duty.Open(ctx, tx, "C11.1", c.Ref, to(owes(ctx, *c, "查明原因并提出解决办法:%s", "Find the cause and propose a solution: %s"))...); err != nil {
		return err
	}
	if c.Written {
		due, err := letterDue(ctx, tx, *c, from)
		if err == nil && !due.IsZero() {
			err = duty.Open(ctx, tx, "D4.5", c.Ref, to(duty.Due(due), owes(ctx, *c, "书面投诉处理并回函:%s", "Deal with the written complaint and answer by letter: %s"))...)
		}
		if err != nil {
			return err
		}
	}
	return duty.Open(ctx, tx, "C1.5", c.Ref, to(owes(ctx, *c, "投诉结案:%s", "Close the complaint: %s"))...)
}

// letterDue is D4.5's term, or D1.7's where a letter's answer is due before; zero with D4.5 off.
func letterDue(ctx context.Context, tx db.Tx, c Case, from time.Time) (time.Time, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil || !rules.On("D4.5") {
		return time.Time{}, err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	due := clock.Due(from, rules.Span("D4.5", "term"), regulation.Default().Clause("D4.5").Calendar)
	if isLetter(c.Channel) && rules.On("D1.7") {
		if reply := clock.Due(from, rules.Span("D1.7", "term"), regulation.Default().Clause("D1.7").Calendar); reply.Before(due) {
			due = reply
		}
	}
	return due, err
}

// alarm is what a major complaint sets off: the head and the general manager are told at once (C13.6), the report within
// 24 hours is owed (C13.3).
func alarm(ctx context.Context, tx db.Tx, c Case) error {
	if err := duty.Open(ctx, tx, "C13.3", c.Ref, duty.Again(), owes(ctx, c, "重大投诉报备、成立小组并留会议记录:%s", "Report the major complaint, form a team, keep minutes: %s")); err != nil {
		return err
	}
	on, err := regulation.On(ctx, tx, "C13.6")
	if err != nil || !on {
		return err
	}
	for _, role := range []core.Role{core.Supervisor, core.Manager, core.GM} {
		m := notify.Message{Ref: c.Ref, Title: core.T("重大投诉:%s", "Major complaint: %s", c.title()), URL: href(ctx, c.Ref.ID), Urgent: true}
		if err := notify.TellRole(ctx, tx, c.Ref.Project, role, m); err != nil {
			return err
		}
	}
	return nil
}

func put(ctx context.Context, tx db.Tx, c Case) error {
	title := c.title().ZH
	if c.AgainstUser == 0 {
		title = c.Number + " " + c.Content
	}
	return search.Put(ctx, tx, search.Doc{Ref: c.Ref, Perm: "complaint.view", Title: title, Sub: strings.TrimSpace(c.UnitCode + " " + c.who()), URL: href(ctx, c.Ref.ID),
		Words: []string{c.Content, c.Place, c.Demand, c.LetterNo}, Names: []string{c.CustomerName, c.Company, string(c.Contact)}, Phones: []core.Phone{c.Phone}, Codes: []string{c.Number, c.UnitCode}, At: c.At})
}

// ---- severity (C13.2, D4.8)

// Grade is a person's decision on the severity.
type Grade struct {
	Level   string
	Grounds []string
	Reason  string
	Next    time.Time // the time of the reply, for what is beyond the department's authority
}

func canGrade(_ context.Context, _ db.Tx, c Case) error { return running(c) }

// SetLevel confirms or changes the severity that the rule proposed. What exceeds the department's authority is major,
// with the reason and the time of the reply (D4.8).
func SetLevel(ctx context.Context, tx db.Tx, id core.ID, g Grade) error {
	beyond := slices.Contains(g.Grounds, "authority")
	return change(ctx, tx, id, canGrade, "graded", map[string]string{"level": g.Level, "reason": g.Reason}, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "D4.8", !beyond || g.Level == Major && core.Filled(g.Reason) && !g.Next.IsZero(), "超出部门权限的为重大投诉,移交公司领导,须说明原因并确定回复时间", "What exceeds the department's authority is major: give the reason and set the time of the reply"); err != nil {
			return err
		}
		was := c.Level
		if was == Major && g.Level != Major && !core.Filled(g.Reason) {
			return core.Invalid("reason", "改为一般请写明理由", "Give the reason for making it an ordinary one")
		}
		c.Level, c.LevelBy, c.Grounds, c.GradeReason, c.Rank = g.Level, "person", strings.Join(g.Grounds, ","), g.Reason, rankOf(g.Level)
		if !g.Next.IsZero() {
			if err := promise(ctx, tx, c, g.Next); err != nil {
				return err
			}
		}
		switch {
		case was == Major && g.Level != Major:
			return duty.Void(ctx, tx, "C13.3", c.Ref, "不是重大投诉")
		case was != Major && g.Level == Major:
			return alarm(ctx, tx, *c)
		}
		return nil
	})
}

// ---- passing on (C13.6)

// Assign passes the case to the responsible manager.
type Assign struct {
	Handler    core.ID
	Department string
}

func canAssign(_ context.Context, _ db.Tx, c Case) error { return running(c) }

// PassTo gives the case to the responsible manager and tells him at once (C13.6); never to the person complained of.
func PassTo(ctx context.Context, tx db.Tx, id core.ID, a Assign) error {
	name, err := nameOf(ctx, tx, "handler", a.Handler)
	if err != nil {
		return err
	}
	return change(ctx, tx, id, canAssign, "assigned", map[string]string{"handler": name, "department": a.Department}, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "C13.1", c.AgainstUser == 0 || c.AgainstUser != a.Handler, "被投诉的个人不得参与处理本投诉", "The person complained of takes no part in it"); err != nil {
			return err
		}
		c.Handler, c.HandlerName, c.Department, c.Assigned = a.Handler, name, a.Department, core.Now(ctx)
		if err := giveOver(ctx, tx, *c); err != nil {
			return err
		}
		if err := duty.Done(ctx, tx, "C13.6", c.Ref); err != nil {
			return err
		}
		if err := desk.Contacted(ctx, tx, c.Matter, "已转派"); err != nil {
			return err
		}
		on, err := regulation.On(ctx, tx, "C13.6")
		if err != nil || !on {
			return err
		}
		return notify.Tell(ctx, tx, c.Ref.Project, a.Handler, notify.Message{Ref: c.Ref, Urgent: c.Level == Major, URL: href(ctx, c.Ref.ID), Title: core.T("投诉转派给您:%s", "A complaint passed to you: %s", c.title())})
	})
}

// giveOver gives what the handler of a case owes of it to the one who has it now; without one, back to the role.
func giveOver(ctx context.Context, tx db.Tx, c Case) error {
	for _, clause := range []string{"C11.1", "D4.5", "C1.5", "C13.4", "D4.4"} {
		if err := duty.Assign(ctx, tx, clause, c.Ref, c.Handler); err != nil {
			return err
		}
	}
	return nil
}

// ---- 问 validity and investigation (C1.1, A6.2)

// Judge is the handler's proposal.
type Judge struct {
	Validity string
	Opinion  string
}

func canJudge(_ context.Context, _ db.Tx, c Case) error { return in(c, StateNew, StateJudged) }

// SetValidity proposes whether the complaint is founded, with the department's opinion (C1.1, C1.2).
func SetValidity(ctx context.Context, tx db.Tx, id core.ID, j Judge) error {
	return change(ctx, tx, id, canJudge, "judged", map[string]string{"validity": j.Validity, "opinion": j.Opinion}, func(c *Case) error {
		c.State, c.Validity, c.Opinion = StateJudged, j.Validity, j.Opinion
		return notify.TellRole(ctx, tx, c.Ref.Project, core.Supervisor, notify.Message{Ref: c.Ref, URL: href(ctx, c.Ref.ID), Title: core.T("请裁定是否受理:%s", "Rule on accepting: %s", c.title())})
	})
}

// Rule is the superior's ruling; a declined one answers the customer at once.
type Rule struct {
	Ruling string
	Reason string
	Answer string // to the customer, when it is declined
}

// canRule: C1.1, the handler's proposal comes first.
func canRule(ctx context.Context, tx db.Tx, c Case) error {
	if c.State == StateNew {
		if err := regulation.Require(ctx, tx, "C1.1", false, "还没有判定投诉理由是否成立", "Nobody has said yet whether it is founded"); err != nil {
			return err
		}
		return nil
	}
	return in(c, StateJudged)
}

// RuleOn accepts the complaint or not (C1.1). What is not accepted ends with the answer to the customer.
func RuleOn(ctx context.Context, tx db.Tx, id core.ID, r Rule) error {
	return change(ctx, tx, id, canRule, "ruled", map[string]string{"ruling": r.Ruling, "reason": r.Reason}, func(c *Case) error {
		now := core.Now(ctx)
		c.Ruling, c.RulingReason, c.RuledBy, c.Ruled = r.Ruling, r.Reason, core.ActorOf(ctx).Name, now
		if r.Ruling == "accept" {
			c.State = StateAccepted
			return nil
		}
		if err := regulation.Require(ctx, tx, "C1.1", core.Filled(r.Answer), "不予受理的要婉转答复客户,请写明答复", "What is not accepted is answered tactfully: write down the answer"); err != nil {
			return err
		}
		c.State, c.Open, c.Reply, c.ReplyHow, c.Replied, c.Closed = StateDeclined, false, r.Answer, "oral", now, now
		return settle(ctx, tx, *c, r.Answer)
	})
}

// settle closes what a case still owes, and the desk's matter with it.
func settle(ctx context.Context, tx db.Tx, c Case, answer string) error {
	for _, clause := range []string{"C13.6", "C11.1", "D4.5", "C13.3", "C13.4", "D4.4", "C1.5"} {
		if err := duty.Done(ctx, tx, clause, c.Ref); err != nil {
			return err
		}
	}
	return desk.Settle(ctx, tx, c.Matter, answer)
}

// Ask is one investigation.
type Ask struct {
	How  string
	Text string
}

// canAsk: C1.1, what was not ruled on is not worked on.
func canAsk(ctx context.Context, tx db.Tx, c Case) error {
	if c.State == StateNew || c.State == StateJudged {
		return regulation.Require(ctx, tx, "C1.1", false, "还没有裁定受理", "It has not been accepted yet")
	}
	return in(c, StateAccepted, StateSolving, StateApproved)
}

// Investigate records what was found on site, by interview or in the records (A6.2).
func Investigate(ctx context.Context, tx db.Tx, id core.ID, a Ask) error {
	return change(ctx, tx, id, canAsk, "asked", map[string]string{"how": a.How, "text": a.Text}, func(c *Case) error {
		c.Asked = core.Now(ctx)
		if c.State == StateNew || c.State == StateJudged { // with C1.1 off nobody rules
			c.State = StateAccepted
		}
		return addNote(ctx, tx, *c, "ask", a.How, a.Text)
	})
}

// ---- 跟 cause, solution and its carrying out (C11.1, C11.4, C1.7)

// Solve is the cause with the way out of it.
type Solve struct {
	Cause        string
	Responsible  string // department and person
	Solution     string
	Compensation core.Money
}

// canSolve: A6.2, the investigation comes before the cause.
func canSolve(ctx context.Context, tx db.Tx, c Case) error {
	if err := canAsk(ctx, tx, c); err != nil {
		return err
	}
	if err := regulation.Require(ctx, tx, "A6.2", !c.Asked.IsZero(), "还没有调查(现场、询问、查资料)", "Nothing has been investigated yet: on site, by interview or from the records"); err != nil {
		return err
	}
	return nothingWaits(ctx, tx, c, solveVerb)
}

// nothingWaits refuses while a request of the verb is undecided.
func nothingWaits(ctx context.Context, tx db.Tx, c Case, verb string) error {
	rs, err := approval.Of(ctx, tx, c.Ref)
	if err == nil && slices.ContainsFunc(rs, func(r approval.Request) bool { return r.Verb == verb && r.State == approval.Waiting }) {
		err = register.Later("正在等审批", "It waits for approval")
	}
	return err
}

const solveVerb = "complaint.solve"

// FindSolution names cause, responsible party and solution (C11.1); the solution goes to whoever may approve it: by
// C11.4 the supervisor or, of a major complaint, the manager, and by C1.7 as far up as the compensation demands.
func FindSolution(ctx context.Context, tx db.Tx, id core.ID, s Solve) error {
	return change(ctx, tx, id, canSolve, "solved", map[string]any{"solution": s.Solution, "compensation": s.Compensation.String()}, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "A6.2", core.Filled(s.Cause, s.Responsible), "要写明原因、责任部门和责任人", "Name the cause, the responsible department and the person"); err != nil {
			return err
		}
		c.State, c.Cause, c.Responsible, c.Solution, c.Compensation, c.Solved = StateSolving, s.Cause, s.Responsible, s.Solution, s.Compensation, core.Now(ctx)
		c.Approved, c.Finished = time.Time{}, time.Time{}
		if err := duty.Done(ctx, tx, "C11.1", c.Ref); err != nil {
			return err
		}
		steps, err := authority(ctx, tx, *c)
		if err != nil {
			return err
		}
		if len(steps) == 0 { // both clauses are off
			c.State, c.Approved = StateApproved, core.Now(ctx)
			return nil
		}
		clause := "C11.4"
		if c.Compensation > 0 {
			clause = "C1.7"
		}
		_, err = approval.Ask(ctx, tx, approval.Request{Verb: solveVerb, About: c.Ref, Title: core.T("投诉处理方案:%s", "Solution of a complaint: %s", c.title()), URL: href(ctx, id), Clause: clause,
			Reason: "投诉处理方案报批", Amount: c.Compensation}, s, steps...)
		return err
	})
}

// authority is the table of C1.7: up to which amount each role may grant a reduction or compensation, over the approval
// that C11.4 asks for in any case.
func authority(ctx context.Context, tx db.Tx, c Case) ([]approval.Step, error) {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	var steps []approval.Step
	if rules.On("C11.4") || rules.On("C1.7") && c.Compensation > 0 {
		steps = append(steps, approval.Step{Role: core.Supervisor})
	}
	if rules.On("C11.4") && c.Level == Major {
		steps = append(steps, approval.Step{Role: core.Manager})
	} else if rules.On("C1.7") {
		steps = append(steps, approval.Step{Role: core.Manager, From: rules.Money("C1.7", "supervisor") + 1})
	}
	if rules.On("C1.7") {
		steps = append(steps, approval.Step{Role: core.GM, From: rules.Money("C1.7", "manager") + 1})
	}
	steps = slices.DeleteFunc(steps, func(s approval.Step) bool { return c.Compensation < s.From })
	return passable(ctx, tx, c, steps)
}

// passable leaves out a step that only the person complained of (C13.1) or the proposer himself could take; the step above
// it stands in, the general manager's at last.
func passable(ctx context.Context, tx db.Tx, c Case, steps []approval.Step) ([]approval.Step, error) {
	all := []core.Role{core.Supervisor, core.Manager, core.GM}
	var out []approval.Step
	for _, s := range steps {
		for _, role := range all[max(0, slices.Index(all, s.Role)):] {
			ok, err := somebody(ctx, tx, c, role)
			if err != nil {
				return nil, err
			}
			if ok || role == core.GM {
				if !slices.ContainsFunc(out, func(o approval.Step) bool { return o.Role == role }) {
					out = append(out, approval.Step{Role: role})
				}
				break
			}
		}
	}
	return out, nil
}

func somebody(ctx context.Context, tx db.Tx, c Case, role core.Role) (bool, error) {
	us, err := holders(ctx, tx, role)
	return slices.ContainsFunc(us, func(id core.ID) bool { return id != c.AgainstUser && id != core.ActorOf(ctx).ID }), err
}

// canApprove keeps the person complained of from every step of an approval (C13.1).
func canApprove(ctx context.Context, tx db.Tx, r approval.Request) error {
	c, err := Get(ctx, tx, r.About.ID)
	if err == nil {
		err = readable(ctx, tx, c)
	}
	return err
}

// runSolve is what the last yes does.
func runSolve(ctx context.Context, tx db.Tx, r approval.Request) error {
	check := func(_ context.Context, _ db.Tx, c Case) error { return in(c, StateSolving) }
	return change(ctx, tx, r.About.ID, check, "approved", nil, func(c *Case) error {
		c.State, c.Approved = StateApproved, core.Now(ctx)
		return nil
	})
}

// Finish says what was done.
type Finish struct{ Result string }

// canFinish: C11.4, only an approved solution is carried out and told.
func canFinish(ctx context.Context, tx db.Tx, c Case) error {
	if err := in(c, StateApproved, StateSolving); err != nil {
		return err
	}
	return regulation.Require(ctx, tx, "C11.4", !c.Approved.IsZero(), "解决办法还没有批准", "The solution has not been approved")
}

// Complete records that the solution was carried out; the customer is told within 24 hours (C13.4).
func Complete(ctx context.Context, tx db.Tx, id core.ID, f Finish) error {
	return change(ctx, tx, id, canFinish, "finished", map[string]string{"result": f.Result}, func(c *Case) error {
		c.State, c.Result, c.Finished = StateFinished, f.Result, core.Now(ctx)
		return duty.Open(ctx, tx, "C13.4", c.Ref, duty.To(c.Handler), duty.Again(), owes(ctx, *c, "反馈处理结果:%s", "Tell the customer the result: %s"))
	})
}
