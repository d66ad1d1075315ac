package testkit

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/govalues/decimal"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/module/followup"
	"huiyin/module/project"
	"huiyin/module/repair"
	"huiyin/module/report"
	"huiyin/module/survey"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/register"
)

// Fill makes at least one record of every kind in a project, by the modules' own verbs, with English words as data.
func (k *Kit) Fill(p core.Project) {
	k.Helper()
	ctx := core.WithProject(core.AsSystem(k.App.Context(context.Background())), p)
	for _, step := range []func(context.Context, db.Tx) error{
		fillSpace,
		fillPeople,
		fillWork,
		fillMail,
		fillSurvey,
		fillOffice,
		fillVisits,
		fillReports,
	} {
		k.Must(k.App.DB.Write(ctx, step))
	}
}

// gone is the keeper who has left.
const gone core.ID = 4243

func fillSpace(ctx context.Context, tx db.Tx) error {
	if _, err := estate.CreateUnit(ctx, tx, estate.In{Code: "A0101", Building: "A", Floor: "1", Use: "其他", State: estate.Let,
		Area: decimal.MustParse("120.5"), UnitPrice: decimal.MustParse("18.5")}); err != nil {
		return err
	}
	if _, err := estate.CreateParking(ctx, tx, estate.SpaceIn{Code: "P001"}); err != nil {
		return err
	}
	_, err := estate.CreateMailbox(ctx, tx, estate.SpaceIn{Code: "M001"})
	return err
}

func fillPeople(ctx context.Context, tx db.Tx) error {
	u, _, err := estate.UnitByCode(ctx, tx, "A0101")
	if err != nil {
		return err
	}
	_, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: "Acme Trading Ltd", Category: customer.Ordinary, Unit: u.ID, Part: customer.AsTenant, Keeper: gone,
		Consent: "written", ConsentBy: "Jane Doe", Contacts: []customer.Entry{{Name: "Jane Doe", Role: customer.RoleContact, Phone: "13812342231"}, {Name: "John Roe", Role: customer.RoleHead, Phone: "13900001111"}}})
	return err
}

func fillWork(ctx context.Context, tx db.Tx) error {
	if _, err := repair.Publish(ctx, tx, repair.Price{Code: "F01", Name: "Labour", Unit: "hour", Price: 6000, From: core.Today(ctx)}); err != nil {
		return err
	}
	if _, err := repair.Stock(ctx, tx, repair.Material{Code: "M01", Name: "Valve", Unit: "piece", Price: 4600, Quantity: 10_000}); err != nil {
		return err
	}
	ms, err := customer.ByPhone(ctx, tx, "13812342231")
	if err != nil || len(ms) == 0 {
		return err
	}
	in := desk.Intake{Channel: "phone", Kind: desk.Enquiry, Customer: ms[0].Customer, CustomerName: "Acme Trading Ltd", Contact: "Jane Doe", Phone: "13812342231", Content: "When is the lift serviced?"}
	if _, _, err := desk.Take(ctx, tx, in); err != nil {
		return err
	}
	if err := fillDesk(ctx, tx, in); err != nil {
		return err
	}
	in.Kind, in.Content = "repair", "The tap in the pantry leaks"
	in.Details = []desk.Detail{{Name: "scope", Value: repair.Indoor}, {Name: "trade", Value: "water"}, {Name: "confirmed", Value: "true"}}
	if _, _, err = desk.Take(ctx, tx, in); err != nil {
		return err
	}
	in.Kind, in.Content = "complaint", "Drilling above us during office hours"
	in.Details = []desk.Detail{{Name: "category", Value: "noise"}, {Name: "demand", Value: "Drill after six"}}
	_, ref, err := desk.Take(ctx, tx, in)
	if err != nil {
		return err
	}
	if err := complaint.SetValidity(ctx, tx, ref.ID, complaint.Judge{Validity: complaint.Founded, Opinion: "True"}); err != nil {
		return err
	}
	if err := complaint.RuleOn(ctx, tx, ref.ID, complaint.Rule{Ruling: "accept"}); err != nil {
		return err
	}
	if _, err = complaint.DrawUp(ctx, tx, ref.ID, complaint.Draft{Sort: "preventive", Text: "Check the permits", Department: "Engineering", Due: core.Today(ctx).Add(7)}); err != nil {
		return err
	}
	return fillFollowups(ctx, tx, in)
}

// fillFollowups leaves one that waits, and two that an open letter answers.
func fillFollowups(ctx context.Context, tx db.Tx, in desk.Intake) error {
	letter := followup.Letter{Title: "About the lift", Body: "It runs again"}
	for _, content := range []string{"After the lift was repaired", "After the noise"} {
		id, err := followup.Plan(ctx, tx, 0, followup.Hand{Customer: in.Customer, Content: content})
		if err != nil {
			return err
		}
		letter.Items = []string{id.String()}
	}
	m, _, err := desk.Take(ctx, tx, desk.Intake{Channel: "phone", Kind: desk.Emergency, Contact: "Rose Tyler", Phone: "13812342232", Content: "Smoke on the third floor", Answer: "Toast"})
	if err != nil {
		return err
	}
	second, err := db.Value[core.ID](ctx, tx, "select id from followup_item where project_id = $1 and kind = 'desk' and record_id = $2", core.ProjectOf(ctx).ID, m.Ref.ID)
	if err != nil {
		return err
	}
	letter.Items = append(letter.Items, second.String())
	if _, err := followup.Issue(ctx, tx, letter); err != nil {
		return err
	}
	if _, err := followup.HoldActivity(ctx, tx, followup.Occasioned{Name: "Open house", Day: core.Today(ctx), Customers: []followup.Participant{{Customer: in.Customer}}}); err != nil {
		return err
	}
	if _, err := followup.WriteScript(ctx, tx, followup.Script{Occasion: followup.Repair, Say: "Does it work well?"}); err != nil {
		return err
	}
	_, err = followup.DrawUp(ctx, tx, followup.YearPlan{Period: string(core.Today(ctx).Month()), Focus: "Complaints first", Visits: 10, Calls: 40})
	return err
}

func fillDesk(ctx context.Context, tx db.Tx, in desk.Intake) error {
	if _, err := desk.WriteScript(ctx, tx, 0, desk.Script{Title: "Lift out of order", Occasion: "When asked about lift 2", Say: "It runs again at noon", From: core.Now(ctx)}); err != nil {
		return err
	}
	in.Channel, in.Content = desk.Public, "The lift is slow"
	m, _, err := desk.Take(ctx, tx, in)
	if err != nil {
		return err
	}
	if _, err := desk.Draft(ctx, tx, m.Ref.ID, desk.Reply{Outlet: "forum", Text: "The lift is serviced this week"}); err != nil {
		return err
	}
	u, _, err := estate.UnitByCode(ctx, tx, "A0101")
	if err != nil {
		return err
	}
	if _, err := desk.PlanEntry(ctx, tx, desk.Entry{Kind: "inspection", Unit: u.ID, What: "Check the sprinklers", Worker: "Engineering", From: core.Now(ctx)}); err != nil {
		return err
	}
	if _, err := desk.OpenDoor(ctx, tx, desk.DoorIn{Kind: desk.DoorWeb}); err != nil {
		return err
	}
	if _, err := desk.SendIn(ctx, tx, desk.DoorWeb, desk.Message{Said: desk.Praise, Content: "The lobby is bright", Name: "Ann Li", Phone: "13812342231", Consent: true}); err != nil {
		return err
	}
	if err := desk.SetLine(ctx, tx, desk.Line{Mailbox: "service@example.com"}); err != nil {
		return err
	}
	if _, err := desk.SumUp(ctx, tx, desk.Feedback{Month: core.Today(ctx).Month(), Summary: "Mostly about the lobby", Measures: "A bench", How: "notice", Told: "By notice"}); err != nil {
		return err
	}
	if _, err := desk.AddCall(ctx, tx, desk.Call{Direction: desk.In, Phone: "13812342231", Answered: true, User: "Ann Li", Seconds: 75, Recording: "rec-1.wav"}); err != nil {
		return err
	}
	_, err = desk.AddTalk(ctx, tx, desk.Talk{Party: desk.Committee, Who: "Mary Major", Day: core.Today(ctx), How: "meeting", Subject: "Budget", Minutes: "The budget was explained"})
	return err
}

// fillSurvey makes an approved plan, a survey with an answer and an action, a meeting and a survey of the firm.
func fillSurvey(ctx context.Context, tx db.Tx) error {
	form, err := survey.CreateForm(ctx, tx, 0, survey.FormIn{Kind: survey.Satisfaction, Title: "Annual survey", TitleEN: "Annual survey"})
	if err != nil {
		return err
	}
	for _, q := range []survey.QuestionIn{{Kind: survey.Rating, Dimension: survey.Attitude, Text: "Attitude", Required: true}, {Kind: survey.Rating, Dimension: survey.Efficiency, Text: "Speed"}, {Kind: survey.Matrix, Dimension: survey.Quality, Text: "Quality", Items: "Repairs\nCleaning"},
		{Kind: survey.Single, Text: "Years here", Options: "One\nMore"}, {Kind: survey.NPS, Text: "Would you recommend us"}, {Kind: survey.Words, Text: "Opinions"}} {
		if err := survey.AddQuestion(ctx, tx, form, q); err != nil {
			return err
		}
	}
	today := core.Today(ctx)
	p := core.ProjectOf(ctx)
	if _, err := survey.PrepareCampaign(ctx, tx, 0, survey.CampaignIn{Form: p.ID.String() + "/" + form.String(), Title: "Firm survey", TitleEN: "Firm survey", Start: today, End: today.Add(14)}); err != nil {
		return err
	}
	if err := fillPlan(ctx, tx); err != nil {
		return err
	}
	id, err := survey.Prepare(ctx, tx, 0, survey.RoundIn{Form: form, Start: today, End: today.Add(14)})
	if err == nil {
		err = survey.Launch(ctx, tx, id, struct{}{})
	}
	if err != nil {
		return err
	}
	tokens, err := survey.Tokens(ctx, tx, id)
	if err == nil {
		err = survey.Fill(ctx, tx, tokens[0], map[string][]string{"q1": {"2"}, "q2": {"5"}, "q3.1": {"4"}, "q3.2": {"3"}, "q4": {"1"}, "q5": {"9"}, "q6": {"Slow lifts"}})
	}
	if err == nil {
		err = survey.End(ctx, tx, id, struct{}{})
	}
	if err != nil {
		return err
	}
	_, err = survey.Hold(ctx, tx, 0, survey.Seminar{Day: today, Subject: "Heating", Attendees: "Acme Trading Ltd", Minutes: "Earlier on Mondays"})
	return err
}

// fillPlan is the year's plan of surveys, which the project's manager approves.
func fillPlan(ctx context.Context, tx db.Tx) error {
	us, err := user.Holders(ctx, tx, core.ProjectOf(ctx).ID, core.Manager)
	if err != nil || len(us) == 0 {
		return err
	}
	id, err := survey.MakePlan(ctx, tx, 0, survey.PlanIn{Owner: us[0].ID, Objective: "To know what tenants think"})
	if err == nil {
		err = survey.SubmitPlan(ctx, tx, id, struct{}{})
	}
	if err != nil {
		return err
	}
	rs, err := approval.Of(ctx, tx, survey.PlanKind().Ref(ctx, id))
	if err != nil {
		return err
	}
	manager, err := user.Actor(ctx, tx, us[0].ID)
	if err != nil {
		return err
	}
	return approval.Decide(core.WithActor(ctx, manager), tx, rs[0].Ref.ID, true, "")
}

// fillMail makes a mailbox with a letter that cannot be read, and a change of a customer that waits to be verified.
func fillMail(ctx context.Context, tx db.Tx) error {
	box, err := desk.PutInbox(ctx, tx, desk.Inbox{Name: "Front desk", Host: "127.0.0.1", Security: notify.TLS, Login: "desk", Password: "secret", Address: "desk@example.com"})
	if err == nil {
		err = desk.Receive(ctx, tx, box, []byte("Subject: Nobody signed this\r\n\r\nHello\r\n"))
	}
	if err != nil {
		return err
	}
	ms, err := customer.ByPhone(ctx, tx, "13812342231")
	if err != nil || len(ms) == 0 {
		return err
	}
	return customer.ProposeOwn(ctx, tx, ms[0].Customer, customer.OwnChange{Plates: "B12345", Address: "9 Harbour Road"})
}

func fillOffice(ctx context.Context, tx db.Tx) error {
	if _, err := project.AddDepartment(ctx, tx, core.ProjectOf(ctx).ID, project.DepartmentIn{Name: "Engineering"}); err != nil {
		return err
	}
	if _, err := customer.Compile(ctx, tx); err != nil {
		return err
	}
	if err := customer.LeaverNamed(ctx, tx, gone, "Jim Poe"); err != nil {
		return err
	}
	l := notify.Letter{Template: "bell", Title: core.T("Water off", "Water off"), Body: core.T("From nine to eleven", "From nine to eleven")}
	if err := notify.Send(ctx, tx, core.ProjectOf(ctx).ID, notify.To{Mail: "jane@example.com", Lang: core.EN}, l); err != nil {
		return err
	}
	away := core.Actor{ID: gone, Name: "Jim Poe", Seats: map[core.ID]core.Seat{core.ProjectOf(ctx).ID: {Roles: []core.Role{core.Manager}}}}
	if _, err := approval.Give(core.WithActor(ctx, away), tx, approval.Delegation{Role: core.Manager, Delegate: gone + 1, DelegateName: "Jane Poe", Since: core.Today(ctx), Until: core.Today(ctx), Reason: "Training"}); err != nil {
		return err
	}
	_, err := approval.Ask(ctx, tx, approval.Request{Verb: "regulation.set", About: core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "clause", ID: 1}, Title: core.T("改期限", "Change a term"), Reason: "test"},
		map[string]string{}, approval.Step{Role: core.Manager})
	return err
}

// fillReports sends an operations report, publishes an announcement and schedules a weekly report.
func fillReports(ctx context.Context, tx db.Tx) error {
	last := core.Today(ctx).Month().Add(-1)
	if _, err := report.Compose(ctx, tx, report.Draft{Kind: report.Weekly, Day: core.Today(ctx).Add(-7)}); err != nil {
		return err
	}
	id, err := report.Compose(ctx, tx, report.Draft{Kind: report.Operations, Day: last.First()})
	if err != nil {
		return err
	}
	if err := report.Edit(ctx, tx, id, report.Text{Facility: "The lifts were serviced", Environment: "The facade was cleaned", Safety: "A fire drill was held"}); err != nil {
		return err
	}
	if err := report.Submit(ctx, tx, id); err != nil {
		return err
	}
	p := core.ProjectOf(ctx).ID
	asked, err := approval.Of(ctx, tx, core.Ref{Project: p, Kind: "report", ID: id})
	if err != nil {
		return err
	}
	manager := core.WithActor(ctx, core.Actor{ID: gone + 1, Name: "Max Moe", Seats: map[core.ID]core.Seat{p: {Roles: []core.Role{core.Manager}}}})
	if err := approval.Decide(manager, tx, asked[0].Ref.ID, true, ""); err != nil {
		return err
	}
	if err := report.Send(ctx, tx, id); err != nil {
		return err
	}
	if _, err := report.Announce(ctx, tx, report.Announcement{Title: "Facade cleaning", Text: "The facade is cleaned this week", Places: "Lobby", Day: core.Today(ctx)}); err != nil {
		return err
	}
	_, err = report.SetSchedule(ctx, tx, 0, report.Schedule{Kind: report.Weekly, Day: 1, Clock: "08:30", Lang: "en", Mails: "desk@example.com"})
	return err
}

// Example is one record of a kind in the test's project, by the kind's page word or API word; 0 when there is none.
func (k *Kit) Example(word string) (id core.ID) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		for _, m := range k.App.Lists.Modules {
			for _, g := range m.Registers {
				if kind := g.KindOf(); (kind.Name == word || kind.Plural == word) && kind.Table != "" {
					var err error
					id, err = db.Value[core.ID](ctx, tx, "select id from "+kind.Table+" where project_id = $1 order by id limit 1", projectOf(kind, k.Project.ID))
					return err
				}
			}
		}
		return nil
	})
	return id
}

func projectOf(kind register.Kind, project core.ID) core.ID {
	if kind.Firm {
		return core.Firm
	}
	return project
}

var stamps = regexp.MustCompile(`\d{4}年\d+月(\d+日)?`)

// WithoutData takes out of a page's text what is data and not ours to translate: names and the office's own words.
func (k *Kit) WithoutData(text string) string {
	for _, n := range names {
		text = strings.ReplaceAll(text, n, "")
	}
	k.Read(func(ctx context.Context, tx db.Tx) error {
		departments, err := project.Departments(ctx, tx, k.Project.ID)
		for _, d := range departments {
			text = strings.NewReplacer(d.Name, "", d.Duty, "").Replace(text)
		}
		return err
	})
	for _, w := range []string{k.Project.Name, k.Other.Name, "回音", "中文", "系统", "A座", "其他", "元旦", "春节", "客服部", "工程部", "安保部", "财务部", "招商部", "品质部", "行政部", "建档经审批确认", "物业服务:联系、维修、收费与应急通知"} {
		text = strings.ReplaceAll(text, w, "")
	}
	return stamps.ReplaceAllString(text, "")
}

// Days is so many days of business time.
func Days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
