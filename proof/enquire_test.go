package proof

import (
	"context"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/survey"
)

// inquiry is a survey as its script remembers it.
type inquiry struct {
	*site
	id   core.ID
	kind string
	ends time.Time // the first moment after its last day
}

// surveys puts the year's surveys on the agenda: the plan, a full one that is ended by hand, one that ends by itself, the
// firm's, and the half-year's opinion form.
func (s *site) surveys() {
	at := func(days, hour int, do func()) {
		s.later(midnight(quarterBegins).AddDate(0, 0, days).Add(time.Duration(hour)*time.Hour), do)
	}
	at(1, 10, s.planYear)
	at(2, 9, func() { s.inquire(survey.Satisfaction, 6, true) })
	at(33, 9, func() { s.inquire(survey.Satisfaction, 7, false) })
	at(47, 9, s.campaign)
	at(61, 9, func() { s.inquire(survey.Opinion, 5, false) })
}

// planYear draws up the year's plan, which the manager approves: from now on somebody owes the year's survey.
func (s *site) planYear() {
	var id core.ID
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		if id, err = survey.MakePlan(ctx, tx, 0, survey.PlanIn{Year: 2026, Owner: s.Users[core.Quality], Objective: "了解客户满意度"}); err != nil {
			return err
		}
		return survey.SubmitPlan(ctx, tx, id, struct{}{})
	})
	s.approve("survey-plan", id)
	december := time.Date(2026, time.December, 1, 0, 0, 0, 0, beijing)
	s.note(fact{what: "year.planned", of: map[string]core.ID{"month": monthRef(december)}, from: december})
}

// approve says yes to everything that waits on a record, each step by its role.
func (s *site) approve(kind string, id core.ID) {
	s.Helper()
	for range 6 {
		var waiting *approval.Request
		s.Read(func(ctx context.Context, tx db.Tx) error {
			rs, err := approval.Of(ctx, tx, core.Ref{Project: s.Project.ID, Kind: kind, ID: id})
			for i := range rs {
				if rs[i].State == approval.Waiting {
					waiting = &rs[i]
				}
			}
			return err
		})
		if waiting == nil {
			return
		}
		s.must(waiting.Role, func(ctx context.Context, tx db.Tx) error {
			return approval.Decide(ctx, tx, waiting.Ref.ID, true, "同意")
		})
	}
}

// questionnaire asks about the three dimensions, and for a word.
func (s *site) questionnaire(kind string) (id core.ID) {
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		if id, err = survey.CreateForm(ctx, tx, 0, survey.FormIn{Kind: kind, Title: "意见征询表"}); err != nil {
			return err
		}
		for _, q := range []survey.QuestionIn{{Kind: survey.Rating, Dimension: survey.Attitude, Text: "态度"}, {Kind: survey.Rating, Dimension: survey.Efficiency, Text: "效率"},
			{Kind: survey.Rating, Dimension: survey.Quality, Text: "质量"}, {Kind: survey.Words, Text: "意见"}} {
			if err := survey.AddQuestion(ctx, tx, id, q); err != nil {
				return err
			}
		}
		return nil
	})
	return id
}

// inquire sends a survey out to everybody, for so many days. It is ended by hand on its last day, or by itself after it.
func (s *site) inquire(kind string, days int, byHand bool) {
	last := midnight(s.Now()).AddDate(0, 0, days)
	q := &inquiry{site: s, kind: kind, ends: last.Add(aDay)}
	form := s.questionnaire(kind)
	s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		q.id, err = survey.Prepare(ctx, tx, 0, survey.RoundIn{Form: form, Sample: survey.SampleAll, Start: core.Today(ctx), End: dateOf(last), RemindDays: 2})
		if err != nil {
			return err
		}
		return survey.Launch(ctx, tx, q.id, struct{}{})
	})
	if kind == survey.Opinion {
		s.closes("opinions.asked", halfYearEnd(s.Now()))
	}
	q.answers()
	if byHand {
		s.later(last.Add(10*time.Hour), func() {
			s.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return survey.End(ctx, tx, q.id, struct{}{}) })
			q.below(s.Now())
		})
		return
	}
	s.later(q.ends.Add(9*time.Hour), func() { q.below(q.ends) })
}

// campaign is the firm's survey, sent out in every project that has customers.
func (s *site) campaign() {
	form, last := s.questionnaire(survey.Satisfaction), midnight(s.Now()).AddDate(0, 0, 5)
	q := &inquiry{site: s, kind: survey.Satisfaction, ends: last.Add(aDay)}
	s.must(core.GM, func(ctx context.Context, tx db.Tx) error {
		id, err := survey.PrepareCampaign(ctx, tx, 0, survey.CampaignIn{Form: s.Project.ID.String() + "/" + form.String(), Title: "公司满意度调查", Start: core.Today(ctx), End: dateOf(last), RemindDays: 2})
		if err != nil {
			return err
		}
		if err := survey.LaunchCampaign(ctx, tx, id, struct{}{}); err != nil {
			return err
		}
		q.id, err = db.Value[core.ID](ctx, tx, "select id from survey_round where project_id = $1 and campaign_id = $2", s.Project.ID, id)
		return err
	})
	q.answers()
	s.later(q.ends.Add(9*time.Hour), func() { q.below(q.ends) })
}

// answers has two dozen customers answer: of attitude and efficiency most think little, of quality much.
func (q *inquiry) answers() {
	var tokens []string
	q.Read(func(ctx context.Context, tx db.Tx) (err error) {
		tokens, err = survey.Tokens(ctx, tx, q.id)
		return err
	})
	for i := range min(24, len(tokens)) {
		in := map[string][]string{"q1": {string('1' + rune(q.rnd.IntN(4)))}, "q2": {string('1' + rune(q.rnd.IntN(4)))}, "q3": {string('4' + rune(q.rnd.IntN(2)))}, "q4": {"前台太慢"}}
		q.later(q.after(60, 4*24*60), func() {
			q.must(core.System, func(ctx context.Context, tx db.Tx) error { return survey.Fill(ctx, tx, tokens[i], in) })
			q.counts["survey.answered"]++
		})
	}
}

// below notes what stayed below its target, adds what the answers named, gives each to somebody, and reports.
func (q *inquiry) below(ended time.Time) {
	var found []core.ID
	q.Read(func(ctx context.Context, tx db.Tx) (err error) {
		found, err = db.Values[core.ID](ctx, tx, "select id from survey_action where project_id = $1 and round_id = $2 order by id", q.Project.ID, q.id)
		return err
	})
	if len(found) != 2 {
		q.Errorf("%s: two dimensions stayed below their target, and %d actions are open", stamp(q.Now()), len(found))
	}
	for _, id := range found {
		q.note(fact{what: "action.opened", at: ended, of: map[string]core.ID{"survey-action": id}})
		q.assign(id)
	}
	for range 2 {
		q.problem()
	}
	q.later(q.after(60, 48*60), q.report)
}

// assign names who is responsible, and now and then another day.
func (q *inquiry) assign(id core.ID) {
	in := survey.Assignment{Owner: q.Users[core.Desk], Department: "客服部"}
	f := fact{what: "action.moved", of: map[string]core.ID{"survey-action": id}, until: midnight(q.Now()).AddDate(0, 0, 3+q.rnd.IntN(12))}
	moved := q.chance(60)
	if moved {
		in.Due = dateOf(f.until)
	}
	q.must(core.Manager, func(ctx context.Context, tx db.Tx) error { return survey.AssignAction(ctx, tx, id, in) })
	if moved {
		q.note(f)
	}
	q.putRight(id)
}

// problem opens an action for what somebody wrote, with its person and its day.
func (q *inquiry) problem() {
	day := midnight(q.Now()).AddDate(0, 0, 1+q.rnd.IntN(9))
	var id core.ID
	q.must(core.Manager, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = survey.Act(ctx, tx, q.id, survey.ProblemIn{Dimension: survey.Attitude, Problem: "前台太慢", Owner: q.Users[core.Desk], Department: "客服部", Due: dateOf(day)})
		return err
	})
	q.note(fact{what: "action.opened", of: map[string]core.ID{"survey-action": id}, until: day})
	if q.chance(85) {
		q.putRight(id)
	}
}

// putRight finds the cause and the measure, and has it carried out until it helps.
func (q *inquiry) putRight(id core.ID) {
	q.later(q.after(10, 600), func() {
		q.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
			if err := survey.AnalyseAction(ctx, tx, id, survey.Word{Text: "人手不足"}); err != nil {
				return err
			}
			return survey.PlanAction(ctx, tx, id, survey.Word{Text: "增加一人"})
		})
		q.later(q.by(q.owes("C5.2", "term", "survey-action", id)), func() { q.carryOut(id) })
	})
}

func (q *inquiry) carryOut(id core.ID) {
	good := q.chance(75)
	q.must(core.Desk, func(ctx context.Context, tx db.Tx) error {
		return survey.DoAction(ctx, tx, id, survey.Word{Text: "已到岗"})
	})
	q.must(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		if err := survey.VerifyAction(ctx, tx, id, survey.Finding{Good: good, Finding: "查过"}); err != nil || !good {
			return err
		}
		return survey.CloseAction(ctx, tx, id, struct{}{})
	})
	if good {
		q.note(fact{what: "action.closed", of: map[string]core.ID{"survey-action": id}})
		return
	}
	q.later(q.after(60, 48*60), func() { q.carryOut(id) })
}

// report brings the survey to its report, which is approved and given out; that of a full one is what the year asks for.
func (q *inquiry) report() {
	q.must(core.Quality, func(ctx context.Context, tx db.Tx) error {
		if err := survey.Analyse(ctx, tx, q.id, survey.Analysis{Summary: "总体满意", Causes: "人手不足", Advice: "增加人手"}); err != nil {
			return err
		}
		return survey.Submit(ctx, tx, q.id, struct{}{})
	})
	q.approve("survey", q.id)
	q.must(core.Quality, func(ctx context.Context, tx db.Tx) error {
		return survey.Distribute(ctx, tx, q.id, survey.Distribution{Recipients: "各部门"})
	})
	if q.kind == survey.Satisfaction {
		q.closes("year.surveyed", time.Date(2026, time.December, 1, 0, 0, 0, 0, beijing))
	}
}

// halfYearEnd is the first day of the last month of the half-year.
func halfYearEnd(t time.Time) time.Time {
	year, month, _ := t.In(beijing).Date()
	return time.Date(year, (month+5)/6*6, 1, 0, 0, 0, 0, beijing)
}
