package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/survey"
)

// surveyed is how many customers the survey of the benchmark asks, in a short run a tenth of it.
const surveyed = 10_000

// surveys lets sixteen clients answer a survey on its public page, nobody signed in, for some seconds.
func (b *bench) surveys(f *figures) error {
	dir, at, err := b.fresh("survey")
	if err != nil {
		return err
	}
	s, err := b.open(dir, at)
	if err != nil {
		return err
	}
	n := surveyed
	if b.repairs < 100_000 {
		n /= 10
	}
	l := loader{site: s, customers: n}
	if err := l.people(); err != nil {
		return errors.Join(err, s.app.Close())
	}
	tokens, round, err := s.ask()
	if err == nil && b.engine == db.Postgres { // which it does by itself within a minute
		err = s.exec("analyze")
	}
	if err != nil {
		return errors.Join(err, s.app.Close())
	}
	if err := s.serve(); err != nil {
		return errors.Join(err, s.app.Close())
	}
	stop, err := b.profiling("survey")
	if err == nil {
		err = b.answers(s, tokens, f)
		stop()
	}
	if err == nil {
		err = s.answered(round, min(f.survey.count, len(tokens)))
	}
	return errors.Join(err, s.close())
}

// ask sends a survey of eleven questions to everybody. The plan that B7.1 wants is not what is measured.
func (s *site) ask() (tokens []string, round core.ID, err error) {
	err = s.app.DB.Write(s.ctx, func(ctx context.Context, tx db.Tx) error {
		now := core.Now(ctx)
		if _, err := db.Exec(ctx, tx, `insert into regulation_setting (project_id, id, created_at, changed_at, clause, name, value, from_at) values ($1,$2,$3,$3,'B7.1','switch','off',$4)`,
			s.project.ID, tx.NewID(), now, now.AddDate(-1, 0, 0)); err != nil {
			return err
		}
		form, err := survey.CreateForm(ctx, tx, 0, survey.FormIn{Kind: survey.Satisfaction, Title: "满意度调查"})
		if err != nil {
			return err
		}
		for _, q := range []survey.QuestionIn{{Kind: survey.Rating, Dimension: survey.Attitude, Text: "态度", Required: true}, {Kind: survey.Matrix, Dimension: survey.Efficiency, Text: "效率", Items: "报修\n投诉\n放行", Required: true},
			{Kind: survey.Matrix, Dimension: survey.Quality, Text: "质量", Items: "维修\n保洁\n安保\n空调", Required: true}, {Kind: survey.Multi, Text: "增加", Options: "食堂\n健身房\n充电桩"}, {Kind: survey.NPS, Text: "推荐"}, {Kind: survey.Words, Text: "意见"}} {
			if err := survey.AddQuestion(ctx, tx, form, q); err != nil {
				return err
			}
		}
		today := core.Today(ctx)
		if round, err = survey.Prepare(ctx, tx, 0, survey.RoundIn{Form: form, Start: today, End: today.Add(14)}); err == nil {
			err = survey.Launch(ctx, tx, round, struct{}{})
		}
		if err == nil {
			tokens, err = survey.Tokens(ctx, tx, round)
		}
		return err
	})
	return tokens, round, err
}

// answers runs the clients; each answer is that of the next token. When all have answered they change their minds.
func (b *bench) answers(s *site, tokens []string, f *figures) error {
	var n atomic.Int64
	var mu sync.Mutex
	var took []time.Duration
	var failed []error
	var done sync.WaitGroup
	start := time.Now()
	for range clients {
		c := &client{base: s.base, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1, DisableCompression: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
		done.Go(func() {
			var mine []time.Duration
			var err error
			for err == nil && time.Since(start) < b.intake {
				begin := time.Now()
				k := int(n.Add(1)) - 1
				if err = answer(c, tokens[k%len(tokens)], k); err == nil {
					mine = append(mine, time.Since(begin))
				}
			}
			mu.Lock()
			took, failed = append(took, mine...), append(failed, err)
			mu.Unlock()
		})
	}
	done.Wait()
	f.survey = rate{perSecond: float64(len(took)) / time.Since(start).Seconds(), count: len(took), p50: percentile(took, 50), p95: percentile(took, 95)}
	return errors.Join(failed...)
}

// answer fills in one questionnaire.
func answer(c *client, token string, k int) error {
	score := []string{strconv.Itoa(1 + k%5)}
	res, err := c.post("/s/"+token, url.Values{"q1": score, "q2.1": score, "q2.2": {"4"}, "q2.3": score, "q3.1": {"5"}, "q3.2": score, "q3.3": {"4"}, "q3.4": score, "q4": {"1", "3"}, "q5": {strconv.Itoa(k % 11)}, "q6": {contents[k%len(contents)]}}, "")
	if err == nil && res.StatusCode != http.StatusSeeOther {
		err = fmt.Errorf("answer: status %d", res.StatusCode)
	}
	return err
}

// answered holds what was acknowledged against the table: one row a token.
func (s *site) answered(round core.ID, want int) error {
	return s.app.DB.Read(s.ctx, func(ctx context.Context, tx db.Tx) error {
		n, err := db.Value[int64](ctx, tx, "select count(*) from survey_answer where project_id = $1 and round_id = $2", s.project.ID, round)
		if err == nil && int(n) != want {
			err = fmt.Errorf("%d answers were acknowledged, survey_answer holds %d", want, n)
		}
		return err
	})
}
