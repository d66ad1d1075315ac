package survey

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

// Topic is what live pages of a project's surveys listen to.
func Topic(project core.ID) string { return "p/" + project.String() + "/survey" }

func href(ctx context.Context, id core.ID, more ...string) string {
	return Kind().Href(ctx, id, more...)
}

func inOne(state string, names []core.Choice, states ...string) error {
	if slices.Contains(states, state) {
		return nil
	}
	return register.Later("现在的状态是「%s」,不能这样做", "It is “%s” now; this cannot be done", core.Label(names, state))
}

func in(r Round, states ...string) error { return inOne(r.State, States(), states...) }

type check func(context.Context, db.Tx, Round) error

// change is a verb's frame: it locks the survey, asks the check, lets fn work on it, and writes survey and journal.
func change(ctx context.Context, tx db.Tx, id core.ID, can check, verb string, payload any, fn func(*Round) error) error {
	r, err := lock(ctx, tx, id)
	if err == nil {
		err = can(ctx, tx, r)
	}
	if err == nil {
		err = fn(&r)
	}
	if err == nil {
		err = saveRound(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	return told(ctx, tx, r, verb, payload)
}

// told announces what happened: to the live pages, the search, the firm's own clauses and the journal.
func told(ctx context.Context, tx db.Tx, r Round, verb string, payload any) error {
	tx.Publish(Topic(r.Ref.Project))
	if err := put(ctx, tx, r); err != nil {
		return err
	}
	if err := duty.Happened(ctx, tx, "survey."+verb, r.Ref, r.Title.ZH, href(ctx, r.Ref.ID)); err != nil {
		return err
	}
	return journal.Add(ctx, tx, r.Ref, verb, payload)
}

func put(ctx context.Context, tx db.Tx, r Round) error {
	if r.State == StateVoid {
		return search.Remove(ctx, tx, r.Ref)
	}
	return search.Put(ctx, tx, search.Doc{Ref: r.Ref, Perm: "survey.view", Title: r.Title.ZH, Sub: r.Number, URL: href(ctx, r.Ref.ID), Words: []string{r.Title.ZH, r.Title.EN}, Codes: []string{r.Number}, At: core.Now(ctx)})
}

// ---- preparing

// RoundIn is what a survey is prepared with. Zero targets take the clause's (C5.2).
type RoundIn struct {
	Form       core.ID
	Title      string
	TitleEN    string
	Anonymous  bool
	Sample     string
	Buildings  []string
	Percent    int64
	Reason     string
	Start, End core.Date
	RemindDays int64
	// Targets in percent of satisfied ratings, 0 to 100.
	Attitude, Efficiency, Quality int64
	Owner                         core.ID

	// Of a survey of the firm's: what it brings along, and who is responsible where the project has no plan.
	campaign  core.ID
	content   *Content
	kind      string
	owner     core.ID
	ownerName string
}

// Prepare plans a survey with a questionnaire of the project.
func Prepare(ctx context.Context, tx db.Tx, _ core.ID, in RoundIn) (core.ID, error) {
	r := Round{Ref: core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "survey", ID: tx.NewID()}, State: StateDraft, Campaign: in.campaign, Kind: in.kind}
	if in.content != nil {
		r.Content = *in.content
	}
	if err := arrange(ctx, tx, &r, in); err != nil {
		return 0, err
	}
	var err error
	if r.Number, err = db.NextNumber(ctx, tx, r.Ref.Project, "DC", core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone)); err != nil {
		return 0, err
	}
	if err := insertRound(ctx, tx, r); err != nil {
		return 0, err
	}
	return r.Ref.ID, told(ctx, tx, r, "prepared", map[string]string{"title": r.Title.ZH, "sample": r.Sample, "reason": r.Reason})
}

// Rearrange changes what was prepared and has not gone out.
func Rearrange(ctx context.Context, tx db.Tx, id core.ID, in RoundIn) error {
	can := func(_ context.Context, _ db.Tx, r Round) error { return inDraft(r) }
	return change(ctx, tx, id, can, "edited", nil, func(r *Round) error { return arrange(ctx, tx, r, in) })
}

func inDraft(r Round) error { return in(r, StateDraft) }

// arrange puts what was typed into the survey.
func arrange(ctx context.Context, tx db.Tx, r *Round, in RoundIn) error {
	if in.Form != 0 {
		f, err := GetForm(ctx, tx, in.Form)
		if err != nil {
			return core.Invalid("form", "没有这份问卷", "There is no such questionnaire")
		}
		r.Form, r.Kind, r.Content = f.Ref.ID, f.Kind, f.Content()
	}
	if r.Content.Questions == nil && r.Form == 0 && in.content == nil {
		return core.Invalid("form", "请选择问卷", "Choose a questionnaire")
	}
	r.content = core.JSON(r.Content)
	r.Title = core.Text{ZH: cmp.Or(strings.TrimSpace(in.Title), r.Content.Title.ZH), EN: cmp.Or(strings.TrimSpace(in.TitleEN), r.Content.Title.EN)}
	r.Anonymous, r.Sample, r.Buildings, r.Percent, r.Reason = in.Anonymous, cmp.Or(in.Sample, SampleAll), strings.Join(in.Buildings, "\n"), in.Percent, strings.TrimSpace(in.Reason)
	r.Start, r.End, r.Month, r.RemindDays = in.Start, in.End, in.End.Month(), in.RemindDays
	if err := dates(ctx, *r); err != nil {
		return err
	}
	if err := sampling(*r); err != nil {
		return err
	}
	if err := aim(ctx, tx, r, in); err != nil {
		return err
	}
	return responsible(ctx, tx, r, in)
}

func dates(ctx context.Context, r Round) error {
	switch {
	case r.Start == "" || r.End == "":
		return core.Invalid("end", "请填写起止日期", "Say when it begins and ends")
	case r.End < r.Start:
		return core.Invalid("end", "截止日不能早于开始日", "It cannot end before it begins")
	case r.End < core.Today(ctx):
		return core.Invalid("end", "截止日已经过去", "Its last day is over already")
	}
	return nil
}

func sampling(r Round) error {
	switch {
	case r.Sample == SampleBuildings && r.Buildings == "":
		return core.Invalid("buildings", "请选择楼栋", "Choose the buildings")
	case r.Sample == SamplePercent && (r.Percent < 1 || r.Percent > 99):
		return core.Invalid("percent", "抽样比例应在 1 到 99 之间", "The share is from 1 to 99 per cent")
	}
	return nil
}

// aim sets the targets of the dimensions that the questionnaire asks about: those given, else the clause's (C5.2).
func aim(ctx context.Context, tx db.Tx, r *Round, in RoundIn) error {
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	asked := func(dimension string, percent int64) core.Rate {
		if !slices.ContainsFunc(r.Content.Questions, func(q Question) bool { return q.Dimension == dimension }) {
			return 0
		}
		if percent > 0 {
			return core.Rate(percent * 100)
		}
		return rules.Rate("C5.2", "target")
	}
	r.Targets = Targets{asked(Attitude, in.Attitude), asked(Efficiency, in.Efficiency), asked(Quality, in.Quality)}
	return nil
}

// responsible is who was named, else the one of the year's plan (B7.1).
func responsible(ctx context.Context, tx db.Tx, r *Round, in RoundIn) (err error) {
	if in.Owner != 0 {
		r.Owner = in.Owner
		r.OwnerName, err = nameOf(ctx, tx, "owner", in.Owner)
		return err
	}
	r.Owner, r.OwnerName = in.owner, in.ownerName
	p, ok, err := planOf(ctx, tx, yearOf(r.Start))
	if ok {
		r.Owner, r.OwnerName = p.Owner, p.OwnerName
	}
	return err
}

// ---- sending out

// canLaunch: B7.1, the year's plan is approved and somebody is responsible; E5.2, every customer is asked or the reason
// is declared, and the three dimensions are asked about; C7.10, there is room for opinions.
func canLaunch(ctx context.Context, tx db.Tx, r Round) error {
	if err := in(r, StateDraft); err != nil {
		return err
	}
	if r.End < core.Today(ctx) {
		return core.Conflict("截止日已经过去,请先修改安排", "Its last day is over; change the arrangements first")
	}
	if len(r.Content.Questions) == 0 {
		return core.Conflict("问卷里还没有题目", "The questionnaire has no question yet")
	}
	if err := planned(ctx, tx, r); err != nil {
		return err
	}
	if r.Kind != Satisfaction {
		return nil
	}
	if err := regulation.Require(ctx, tx, "E5.2", r.Full() || core.Filled(r.Reason), "满意度调查要覆盖全部客户;只调查一部分的,请写明理由", "A satisfaction survey covers every customer; say why only some are asked"); err != nil {
		return err
	}
	if missing := r.Content.missing(); missing.Is() {
		if err := regulation.Require(ctx, tx, "E5.2", false, "满意度调查要含态度、效率、质量,还没有:%s", "A satisfaction survey asks about attitude, efficiency and quality; missing: %s", missing); err != nil {
			return err
		}
	}
	open := slices.ContainsFunc(r.Content.Questions, func(q Question) bool { return q.Kind == Words })
	return regulation.Require(ctx, tx, "C7.10", open, "问卷要征询客户意见:请加一道填空题", "The survey asks for opinions: add an open question")
}

// planned: B7.1.
func planned(ctx context.Context, tx db.Tx, r Round) error {
	if r.Campaign != 0 {
		return nil // the firm's survey has its own
	}
	p, ok, err := planOf(ctx, tx, yearOf(r.Start))
	if err != nil {
		return err
	}
	if err := regulation.Require(ctx, tx, "B7.1", ok && p.State == PlanApproved, "%d 年的调查计划还没有批准", "The survey plan of %d is not approved yet", yearOf(r.Start)); err != nil {
		return err
	}
	return regulation.Require(ctx, tx, "B7.1", r.Owner != 0, "还没有指定负责人", "Nobody is responsible yet")
}

// missing are the dimensions of E5.2 that no question asks about.
func (c Content) missing() core.Text {
	var zh, en []string
	for _, d := range Dimensions() {
		if !slices.ContainsFunc(c.Questions, func(q Question) bool { return q.Dimension == d.Value }) {
			zh, en = append(zh, d.Label.ZH), append(en, d.Label.EN)
		}
	}
	return core.Text{ZH: strings.Join(zh, "、"), EN: strings.Join(en, ", ")}
}

// drawn are the members whom the survey asks. A share is drawn by the survey's own number: the same whenever asked, and
// of no one's choosing.
func drawn(r Round, all []Member) []Member {
	switch r.Sample {
	case SampleBuildings:
		chosen := strings.Split(r.Buildings, "\n")
		return slices.DeleteFunc(slices.Clone(all), func(m Member) bool { return !slices.Contains(chosen, m.Building) })
	case SamplePercent:
		out := slices.Clone(all)
		lot := func(m Member) string { return digest(r.Ref.ID.String() + "/" + m.Customer.String()) }
		slices.SortFunc(out, func(a, b Member) int { return cmp.Compare(lot(a), lot(b)) })
		n := (int64(len(out))*r.Percent + 99) / 100
		return out[:n]
	}
	return all
}

// Launch sends the survey out: every customer of the sample gets a link of his own (E5.2). The questionnaire is sealed.
func Launch(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) error {
	r, err := lock(ctx, tx, id)
	if err == nil {
		err = canLaunch(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	all, err := members(ctx, tx)
	if err != nil {
		return err
	}
	chosen := drawn(r, all)
	if len(chosen) == 0 {
		return core.Conflict("没有可以调查的客户:客户档案里还没有在用单元的客户", "There is nobody to ask: no customer on file uses a unit")
	}
	r.State, r.Launched, r.Customers, r.Invited = StateOpen, core.Now(ctx), int64(len(all)), int64(len(chosen))
	if err := insertInvites(ctx, tx, r, chosen); err != nil {
		return err
	}
	if r.Form != 0 {
		if err := sealForm(ctx, tx, r.Form); err != nil {
			return err
		}
	}
	if r.Kind == Opinion {
		if err := donePeriod(ctx, tx, "D5.4", core.Today(ctx).Month()); err != nil {
			return err
		}
	}
	if err := saveRound(ctx, tx, r); err != nil {
		return err
	}
	if err := job.Add(ctx, tx, sendJob, delivery{Project: r.Ref.Project, Round: r.Ref.ID}, job.Project(r.Ref.Project)); err != nil {
		return err
	}
	return told(ctx, tx, r, "launched", map[string]string{"invited": fmt.Sprint(r.Invited)})
}

// Extension moves the end of a survey that is under way.
type Extension struct {
	End    core.Date
	Reason string
}

func canExtend(_ context.Context, _ db.Tx, r Round) error { return in(r, StateOpen) }

// Extend moves the last day on which answers are taken.
func Extend(ctx context.Context, tx db.Tx, id core.ID, e Extension) error {
	return change(ctx, tx, id, canExtend, "extended", map[string]string{"end": string(e.End), "reason": e.Reason}, func(r *Round) error {
		if e.End < core.Today(ctx) || e.End < r.Start {
			return core.Invalid("end", "截止日已经过去", "That day is over already")
		}
		r.End, r.Month, r.Reminded = e.End, e.End.Month(), time.Time{}
		return nil
	})
}

// Remind writes to those who have not answered yet.
func Remind(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) error {
	r, err := lock(ctx, tx, id)
	if err == nil {
		err = canExtend(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	return remind(ctx, tx, r)
}

// remind counts who has not answered and lets a job write to them.
func remind(ctx context.Context, tx db.Tx, r Round) error {
	open, err := unanswered(ctx, tx, r)
	if err != nil {
		return err
	}
	r.Reminded = core.Now(ctx)
	if err := saveRound(ctx, tx, r); err != nil {
		return err
	}
	if err := job.Add(ctx, tx, sendJob, delivery{Project: r.Ref.Project, Round: r.Ref.ID, Since: r.Reminded.UnixMicro()}, job.Project(r.Ref.Project)); err != nil {
		return err
	}
	return told(ctx, tx, r, "reminded", map[string]string{"n": fmt.Sprint(len(open))})
}

// unanswered are the invitations, all or some of them, without an answer. Whether there is one is asked by the token that
// the firm's keys give, not by a column: of an anonymous survey the database alone does not know.
func unanswered(ctx context.Context, tx db.Tx, r Round, some ...core.ID) ([]Invite, error) {
	is, err := invites(ctx, tx, r.Ref.ID, some...)
	if err != nil || len(is) == 0 {
		return nil, err
	}
	key := func(i Invite) string { return keyOf(tokenOf(tx, r.Ref.Project, r.Ref.ID, i.ID)) }
	w := db.InProject(r.Ref.Project)
	w.Add("round_id = ?", r.Ref.ID)
	if len(some) > 0 {
		var keys []any
		for _, i := range is {
			keys = append(keys, key(i))
		}
		w.Add("answer_key in (?"+strings.Repeat(", ?", len(keys)-1)+")", keys...)
	}
	keys, err := db.Values[string](ctx, tx, "select answer_key from survey_answer where "+w.String(), w.Args...)
	have := map[string]bool{}
	for _, k := range keys {
		have[k] = true
	}
	return slices.DeleteFunc(is, func(i Invite) bool { return have[key(i)] }), err
}

// ---- the end

// invitedBy counts the invitations by building.
func invitedBy(ctx context.Context, tx db.Tx, r Round) (map[string]int64, error) {
	out := map[string]int64{}
	type line struct {
		name string
		n    int64
	}
	ls, err := db.All(ctx, tx, func(l *line) []any { return []any{&l.name, &l.n} }, "select building, count(*) from survey_invite where project_id = $1 and round_id = $2 group by building", r.Ref.Project, r.Ref.ID)
	for _, l := range ls {
		out[l.name] = l.n
	}
	return out, err
}

// TallyOf is a survey's figures: as they stood at its end, or as they stand now.
func TallyOf(ctx context.Context, tx db.Tx, r Round) (Tally, error) {
	if !r.Ended.IsZero() {
		return r.Figures, nil
	}
	t, _, err := countNow(ctx, tx, r)
	return t, err
}

func countNow(ctx context.Context, tx db.Tx, r Round) (Tally, []Answer, error) {
	as, err := answersOf(ctx, tx, r.Ref.ID)
	if err != nil {
		return Tally{}, nil, err
	}
	by, err := invitedBy(ctx, tx, r)
	return counted(r.Content, as, by), as, err
}

func canEnd(_ context.Context, _ db.Tx, r Round) error { return in(r, StateOpen) }

// End closes the survey to answers, keeps its figures, and opens an action for each dimension below its target (C5.2).
func End(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) error {
	r, err := lock(ctx, tx, id)
	if err == nil {
		err = canEnd(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	if r.Figures, _, err = countNow(ctx, tx, r); err != nil {
		return err
	}
	r.figures, r.State, r.Ended, r.Month = core.JSON(r.Figures), StateEnded, core.Now(ctx), core.Today(ctx).Month()
	if err := openActions(ctx, tx, r); err != nil {
		return err
	}
	if err := saveRound(ctx, tx, r); err != nil {
		return err
	}
	if err := tellOwner(ctx, tx, r, core.T("%s 已结束,请整理分析", "%s has ended; write the analysis", r.Title)); err != nil {
		return err
	}
	return told(ctx, tx, r, "ended", map[string]string{"invited": fmt.Sprint(r.Figures.Invited), "answered": fmt.Sprint(r.Figures.Answered)})
}

func tellOwner(ctx context.Context, tx db.Tx, r Round, title core.Text) error {
	m := notify.Message{Ref: r.Ref, Title: title, URL: href(ctx, r.Ref.ID)}
	if r.Owner != 0 {
		return notify.Tell(ctx, tx, r.Ref.Project, r.Owner, m)
	}
	return notify.TellRole(ctx, tx, r.Ref.Project, core.Quality, m)
}

// ---- the report (客户调研报告)

// Analysis is what a person says about the figures.
type Analysis struct{ Summary, Causes, Advice string }

func canAnalyse(_ context.Context, _ db.Tx, r Round) error { return in(r, StateEnded) }

// Analyse writes the words of the report; the figures stand by themselves.
func Analyse(ctx context.Context, tx db.Tx, id core.ID, a Analysis) error {
	return change(ctx, tx, id, canAnalyse, "analysed", nil, func(r *Round) error {
		r.State, r.Summary, r.Causes, r.Advice, r.Analysed = StateEnded, a.Summary, a.Causes, a.Advice, core.Now(ctx)
		return nil
	})
}

const reportVerb = "survey.report"

// canSubmit: B7.1, it is analysed before it is reported; E5.2, each problem has its person.
func canSubmit(ctx context.Context, tx db.Tx, r Round) error {
	if err := in(r, StateEnded); err != nil {
		return err
	}
	if err := regulation.Require(ctx, tx, "B7.1", core.Filled(r.Summary), "还没有整理分析", "It has not been analysed yet"); err != nil {
		return err
	}
	as, err := actionsOf(ctx, tx, r.Ref.ID)
	if err != nil {
		return err
	}
	nobody := slices.ContainsFunc(as, func(a Action) bool { return a.Owner == 0 && a.State != ActionClosed })
	return regulation.Require(ctx, tx, "E5.2", !nobody, "有问题还没有落实到责任人", "A problem has nobody responsible yet")
}

// Submit sends the report up: to the head of the project and the general manager (B7.1, E5.2).
func Submit(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) error {
	return change(ctx, tx, id, canSubmit, "submitted", nil, func(r *Round) error {
		r.State = StateAnalysed
		steps := []approval.Step{above(ctx)}
		if steps[0].Role != core.GM {
			steps = append(steps, approval.Step{Role: core.GM})
		}
		_, err := approval.Ask(ctx, tx, approval.Request{Verb: reportVerb, About: r.Ref, Title: core.T("客户调研报告:%s", "Customer Research Report: %s", r.Title), URL: href(ctx, r.Ref.ID), Clause: "B7.1", Reason: r.Summary},
			map[string]string{}, steps...)
		return err
	})
}

// runReport is what the last yes does.
func runReport(ctx context.Context, tx db.Tx, q approval.Request) error {
	can := func(_ context.Context, _ db.Tx, r Round) error { return in(r, StateAnalysed, StateEnded) }
	return change(ctx, tx, q.About.ID, can, "approved", nil, func(r *Round) error {
		r.State, r.Approved = StateApproved, core.Now(ctx)
		return nil
	})
}

// Distribution says who gets the report.
type Distribution struct{ Recipients string }

// canDistribute: B7.1, what was not approved is not given out.
func canDistribute(ctx context.Context, tx db.Tx, r Round) error {
	if r.State == StateEnded || r.State == StateAnalysed {
		if err := regulation.Require(ctx, tx, "B7.1", false, "调研报告还没有批准", "The report has not been approved"); err != nil {
			return err
		}
	}
	return in(r, StateApproved, StateEnded, StateAnalysed)
}

// Distribute gives the report out; a full satisfaction survey has done the year's duty with it (C5.2).
func Distribute(ctx context.Context, tx db.Tx, id core.ID, d Distribution) error {
	var year int64
	err := change(ctx, tx, id, canDistribute, "distributed", map[string]string{"recipients": d.Recipients}, func(r *Round) error {
		r.State, r.Recipients, r.Distributed, year = StateDistributed, d.Recipients, core.Now(ctx), yearOf(r.End)
		for _, role := range []core.Role{core.Manager, core.GM, core.Supervisor} {
			m := notify.Message{Ref: r.Ref, URL: href(ctx, id), Title: core.T("客户调研报告:%s", "Customer Research Report: %s", r.Title)}
			if err := notify.TellRole(ctx, tx, r.Ref.Project, role, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return doneYear(ctx, tx, year)
}

// Filing says where the report is kept.
type Filing struct{ Place string }

// canClose: B7.1, distributed first; C5.2, every dimension below its target has been put right.
func canClose(ctx context.Context, tx db.Tx, r Round) error {
	if slices.Contains([]string{StateEnded, StateAnalysed, StateApproved}, r.State) {
		if err := regulation.Require(ctx, tx, "B7.1", false, "报告要先上报、分发,再归档", "The report is submitted and distributed before it is filed"); err != nil {
			return err
		}
	}
	if err := in(r, StateDistributed, StateEnded, StateAnalysed, StateApproved); err != nil {
		return err
	}
	as, err := actionsOf(ctx, tx, r.Ref.ID)
	if err != nil {
		return err
	}
	for _, g := range r.Figures.below(r.Targets) {
		acted := slices.ContainsFunc(as, func(a Action) bool { return a.Dimension == g.Name })
		if err := regulation.Require(ctx, tx, "C5.2", acted, "%s低于目标,还没有纠正预防措施", "%s is below its target and has no corrective action yet", core.Label(Dimensions(), g.Name)); err != nil {
			return err
		}
	}
	open := slices.ContainsFunc(as, func(a Action) bool { return a.State != ActionClosed })
	return regulation.Require(ctx, tx, "C5.2", !open, "还有纠正预防措施没有关闭", "A corrective action is not closed yet")
}

// Close files the report.
func Close(ctx context.Context, tx db.Tx, id core.ID, f Filing) error {
	return change(ctx, tx, id, canClose, "closed", map[string]string{"place": f.Place}, func(r *Round) error {
		r.State, r.Place, r.Closed = StateClosed, f.Place, core.Now(ctx)
		return nil
	})
}

// Void ends a survey that was prepared by mistake; one that has answers stays.
func Void(ctx context.Context, tx db.Tx, id core.ID, w Why) error {
	can := func(ctx context.Context, tx db.Tx, r Round) error { return canVoid(ctx, tx, r) }
	return change(ctx, tx, id, can, "voided", map[string]string{"reason": w.Reason}, func(r *Round) error {
		r.State = StateVoid
		return db.ExecOne(ctx, tx, "update survey_round set voided_at = $1, voided_by = $2, void_reason = $3 where project_id = $4 and id = $5", core.Now(ctx), core.ActorOf(ctx).ID, w.Reason, r.Ref.Project, r.Ref.ID)
	})
}

// Why is a reason.
type Why struct{ Reason string }

func canVoid(ctx context.Context, tx db.Tx, r Round) error {
	if err := in(r, StateDraft, StateOpen); err != nil {
		return err
	}
	n, err := answerCount(ctx, tx, r.Ref.ID)
	if err == nil && n > 0 {
		err = core.Conflict("已经有客户答了,不能作废", "Customers have answered already; it is not voided")
	}
	return err
}
