package survey

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/register"
	"huiyin/web/ui"
)

// Campaign is a survey of the whole firm (公司层面调查): one questionnaire, sent out in every project (E5.2).
type Campaign struct {
	Ref        core.Ref
	Version    int64
	Number     string
	Kind       string
	Title      core.Text
	Content    Content
	Anonymous  bool
	Start, End core.Date
	RemindDays int64
	Targets    Targets
	Owner      core.ID
	OwnerName  string
	State      string // draft, open
	Launched   time.Time
	Note       string // projects without anybody to ask
	content    string
}

func (c *Campaign) dest() []any {
	return []any{&c.Ref.Project, &c.Ref.ID, &c.Version, &c.Number, &c.Kind, &c.Title.ZH, &c.Title.EN, &c.content, &c.Anonymous, &c.Start, &c.End, &c.RemindDays, &c.Targets.Attitude, &c.Targets.Efficiency, &c.Targets.Quality,
		&c.Owner, &c.OwnerName, &c.State, &c.Launched, &c.Note}
}

const campaignSelect = `select project_id, id, version, number, kind, title, title_en, content, anonymous, start_day, end_day, remind_days, target_attitude, target_efficiency, target_quality, owner_id, owner, state, launched_at, note
	from survey_campaign where project_id = 1 `

// CampaignKind is the register of the firm's surveys.
func CampaignKind() register.Kind {
	return register.Kind{Name: "survey-campaign", Plural: "survey-campaigns", Label: core.T("公司满意度调查", "Firm surveys"), Table: "survey_campaign", Firm: true, Events: map[string]core.Text{
		"prepared": core.T("筹备:{title}", "prepared: {title}"), "launched": core.T("在 {projects} 个项目发布", "sent out in {projects} projects")}}
}

func (c Campaign) read() (Campaign, error) {
	c.Ref.Kind = "survey-campaign"
	return c, json.Unmarshal([]byte(c.content), &c.Content)
}

// GetCampaign reads one survey of the firm.
func GetCampaign(ctx context.Context, tx db.Tx, id core.ID) (Campaign, error) {
	c, err := db.One(ctx, tx, (*Campaign).dest, campaignSelect+"and id = $1", id)
	if err != nil {
		return c, err
	}
	return c.read()
}

func findCampaigns(ctx context.Context, tx db.Tx, q register.Query) ([]Campaign, error) {
	after := int64(1<<63 - 1)
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, core.NotFound()
		}
		after = int64(id)
	}
	cs, err := db.All(ctx, tx, (*Campaign).dest, campaignSelect+"and id < $1 order by id desc limit $2", after, max(q.Limit, 1))
	for i := range cs {
		if err == nil {
			cs[i], err = cs[i].read()
		}
	}
	return cs, err
}

// CampaignIn is what a survey of the firm is prepared with; Form is a questionnaire of any of its projects.
type CampaignIn struct {
	Form                          string // project id "/" questionnaire id
	Title, TitleEN                string
	Anonymous                     bool
	Start, End                    core.Date
	RemindDays                    int64
	Attitude, Efficiency, Quality int64 // targets in percent
}

// allForms are the questionnaires of every project, for the choice.
func allForms(ctx context.Context, tx db.Tx) ([]core.Choice, error) {
	ps, err := project.List(ctx, tx)
	if err != nil {
		return nil, err
	}
	var out []core.Choice
	for _, p := range ps {
		fs, err := db.All(ctx, tx, (*Form).dest, "select "+formColumns+" from survey_form where project_id = $1 order by id desc limit 50", p.ID)
		if err != nil {
			return nil, err
		}
		for _, f := range fs {
			out = append(out, core.Choice{Value: p.ID.String() + "/" + f.Ref.ID.String(), Label: core.T("%s · %s", "%s · %s", p.Name, f.Title)})
		}
	}
	return out, nil
}

// PrepareCampaign plans a survey of the firm; who prepares it is responsible (B7.1).
func PrepareCampaign(ctx context.Context, tx db.Tx, _ core.ID, in CampaignIn) (core.ID, error) {
	form, err := formNamed(ctx, tx, in.Form)
	if err != nil {
		return 0, err
	}
	a := core.ActorOf(ctx)
	c := Campaign{Ref: core.Ref{Project: core.Firm, Kind: "survey-campaign", ID: tx.NewID()}, Kind: form.Kind, Content: form.Content(), Title: core.Text{ZH: in.Title, EN: in.TitleEN}, Anonymous: in.Anonymous, Start: in.Start, End: in.End, RemindDays: in.RemindDays,
		Targets: Targets{core.Rate(in.Attitude * 100), core.Rate(in.Efficiency * 100), core.Rate(in.Quality * 100)}, Owner: a.ID, OwnerName: a.Name, State: StateDraft}
	if err := dates(ctx, Round{Start: c.Start, End: c.End}); err != nil {
		return 0, err
	}
	if c.Number, err = db.NextNumber(ctx, tx, core.Firm, "GSDC", core.MonthOf(core.Now(ctx), core.China)); err != nil {
		return 0, err
	}
	_, err = db.Exec(ctx, tx, `insert into survey_campaign (project_id, id, created_at, created_by, changed_at, changed_by, number, kind, title, title_en, content, anonymous, start_day, end_day, remind_days, target_attitude, target_efficiency,
		target_quality, owner_id, owner, state) values (1,$1,$2,$3,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)`, c.Ref.ID, core.Now(ctx), a.ID, c.Number, c.Kind, c.Title.ZH, c.Title.EN, core.JSON(c.Content), c.Anonymous, c.Start, c.End,
		c.RemindDays, c.Targets.Attitude, c.Targets.Efficiency, c.Targets.Quality, c.Owner, c.OwnerName, c.State)
	if err != nil {
		return 0, err
	}
	return c.Ref.ID, journal.Add(ctx, tx, c.Ref, "prepared", map[string]string{"title": c.Title.ZH})
}

func formNamed(ctx context.Context, tx db.Tx, name string) (Form, error) {
	ps, err := project.List(ctx, tx)
	if err != nil {
		return Form{}, err
	}
	for _, p := range ps {
		ref, err := core.ParseRef(p.ID, name)
		if err == nil && ref.Kind == p.ID.String() {
			return GetForm(core.WithProject(ctx, p), tx, ref.ID)
		}
	}
	return Form{}, core.Invalid("form", "请选择问卷", "Choose a questionnaire")
}

func canLaunchCampaign(c Campaign) error {
	if c.State != StateDraft {
		return core.Conflict("这次调查已经发布", "This survey has been sent out already")
	}
	return nil
}

// LaunchCampaign sends the survey out in every project of the firm, to every customer (E5.2). A project that has nobody to
// ask is named on the survey's page; one that refuses stops it all.
func LaunchCampaign(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) error {
	c, err := db.One(ctx, tx, (*Campaign).dest, db.Locked(tx, campaignSelect+"and id = $1"), id)
	if err == nil {
		c, err = c.read()
	}
	if err == nil {
		err = canLaunchCampaign(c)
	}
	if err != nil {
		return err
	}
	ps, err := project.List(ctx, tx)
	if err != nil {
		return err
	}
	n, empty := 0, ""
	for _, p := range ps {
		in := core.WithProject(ctx, p)
		ms, err := members(in, tx)
		if err != nil {
			return err
		}
		if len(ms) == 0 {
			empty += p.Name + "\n"
			continue
		}
		n++
		if err := launchIn(in, tx, c); err != nil {
			return err
		}
	}
	if n == 0 {
		return core.Conflict("各项目都没有可以调查的客户", "No project has anybody to ask")
	}
	if err := db.ExecOne(ctx, tx, "update survey_campaign set state = 'open', launched_at = $1, note = $2, version = version + 1, changed_at = $1, changed_by = $3 where project_id = 1 and id = $4 and version = $5", core.Now(ctx), empty, core.ActorOf(ctx).ID, id, c.Version); err != nil {
		return err
	}
	return journal.Add(ctx, tx, c.Ref, "launched", map[string]string{"projects": fmt.Sprint(n)})
}

// launchIn is the survey in one project; who is responsible there is the one of its plan, else the firm's.
func launchIn(ctx context.Context, tx db.Tx, c Campaign) error {
	id, err := Prepare(ctx, tx, 0, RoundIn{Title: c.Title.ZH, TitleEN: c.Title.EN, Anonymous: c.Anonymous, Sample: SampleAll, Start: c.Start, End: c.End, RemindDays: c.RemindDays,
		Attitude: int64(c.Targets.Attitude) / 100, Efficiency: int64(c.Targets.Efficiency) / 100, Quality: int64(c.Targets.Quality) / 100, campaign: c.Ref.ID, content: &c.Content, kind: c.Kind, owner: c.Owner, ownerName: c.OwnerName})
	if err != nil {
		return err
	}
	return Launch(ctx, tx, id, struct{}{})
}

// ---- the group's view

// firmTable is each project's survey of a campaign, or its latest one.
func firmTable(ctx context.Context, tx db.Tx, campaign core.ID) (ui.TableView, error) {
	t := ui.TableView{Empty: core.T("还没有项目做过调查", "No project has a survey yet"), Columns: []ui.Column{{Label: core.T("项目", "Project")}, {Label: core.T("调查", "Survey")}, {Label: core.T("状态", "State")}, {Label: core.T("发出", "Invited"), Num: true}, {Label: core.T("收回", "Answered"), Num: true}, {Label: core.T("回收率", "Response rate"), Num: true}}}
	for _, d := range Dimensions() {
		t.Columns = append(t.Columns, ui.Column{Label: d.Label, Num: true})
	}
	t.Columns = append(t.Columns, ui.Column{Label: core.T("未关闭措施", "Open actions"), Num: true})
	ps, err := project.List(ctx, tx)
	for _, p := range ps {
		if err != nil {
			break
		}
		var row ui.Row
		var any bool
		if row, any, err = firmRow(core.WithProject(ctx, p), tx, campaign); any {
			t.Rows = append(t.Rows, row)
		}
	}
	return t, err
}

func firmRow(ctx context.Context, tx db.Tx, campaign core.ID) (ui.Row, bool, error) {
	p := core.ProjectOf(ctx)
	rs, err := rounds(ctx, tx, "project_id = $1 and kind = 'satisfaction' and launched_at is not null and voided_at is null and (campaign_id = $2 or $2 = 0) order by start_day desc, id desc limit 1", p.ID, int64(campaign))
	if err != nil {
		return ui.Row{}, false, err
	}
	if len(rs) == 0 {
		return ui.Row{Tone: ui.None, Cells: []ui.Cell{{Text: p.Name}, {Text: core.T("没有调查", "No survey").Say(ctx)}}}, true, nil
	}
	r := rs[0]
	t, err := TallyOf(ctx, tx, r)
	if err != nil {
		return ui.Row{}, false, err
	}
	open, err := db.Value[int64](ctx, tx, "select count(*) from survey_action where project_id = $1 and state <> 'closed'", p.ID)
	link := ui.Cell{Text: r.Number}
	if core.ActorOf(ctx).Can(p.ID, "survey.view") {
		link.Href = href(ctx, r.Ref.ID)
	}
	row := ui.Row{Cells: []ui.Cell{{Text: p.Name}, link, {Body: ui.Pill(stateTone(r.State), core.Label(States(), r.State))}, {Text: fmt.Sprint(t.Invited)}, {Text: fmt.Sprint(t.Answered)}, {Text: rateText(t.Response())}}}
	for _, d := range Dimensions() {
		rate, ok := t.Dimension(d.Value).Score.Rate()
		cell := ui.Cell{Text: rateText(rate, ok)}
		if ok && rate < r.Targets.Of(d.Value) {
			cell = ui.Cell{Text: rate.String(), Body: ui.Pill(ui.Late, core.T("%s 低于目标", "%s, below target", rate))}
		}
		row.Cells = append(row.Cells, cell)
	}
	row.Cells = append(row.Cells, ui.Cell{Text: fmt.Sprint(open)})
	return row, true, err
}

func campaignIntro(ctx context.Context, tx db.Tx) (templ.Component, error) {
	t, err := firmTable(ctx, tx, 0)
	return firmCard(core.T("各项目最近一次满意度调查", "Each project's latest satisfaction survey"), t, register.Cite(ctx, "E5.2")), err
}

func campaignRecord(ctx context.Context, tx db.Tx, c Campaign) (register.Record, error) {
	p := ui.Pairs{Ctx: ctx}
	p.Add("起止", "Period", string(c.Start)+" – "+string(c.End))
	p.Add("负责人", "Responsible", c.OwnerName)
	p.Add("题数", "Questions", fmt.Sprint(len(c.Content.Questions)))
	p.Add("目标", "Targets", targetsText(ctx, c.Targets))
	p.Time("发布", "Sent out", c.Launched)
	p.Add("没有客户的项目", "Projects without customers", c.Note)
	state := core.T("待发布", "In preparation")
	if c.State == StateOpen {
		state = core.T("已发布", "Sent out")
	}
	rec := register.Record{Head: ui.HeadView{Title: ui.Plain(c.Number), Sub: c.Title, Pills: []ui.PillView{{Tone: stateTone(c.State), Text: state}}}, Cards: []templ.Component{register.FieldsCard(core.T("安排", "Arrangements"), p.Out)}}
	if c.State != StateOpen {
		return rec, nil
	}
	t, err := firmTable(ctx, tx, c.Ref.ID)
	rec.Cards = slices.Insert(rec.Cards, 0, firmCard(core.T("各项目", "Project by project"), t, register.Cite(ctx, "E5.2")))
	return rec, err
}
