package survey

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

func about(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	r, err := Get(ctx, tx, id)
	return core.T("%s · %s", "%s · %s", r.Number, r.Title), err
}

func stateTone(state string) ui.Tone {
	switch state {
	case StateClosed:
		return ui.OK
	case StateVoid, StateDraft:
		return ui.None
	case StateEnded, StateAnalysed:
		return ui.Warn
	}
	return ui.Run
}

// record is a survey's page: where it stands, who has answered so far, what came of it.
func record(ctx context.Context, tx db.Tx, r Round) (register.Record, error) {
	rec := register.Record{Head: ui.HeadView{Title: ui.Plain(r.Number), Sub: r.Title, Aside: string(r.Start) + " – " + string(r.End),
		Pills: []ui.PillView{{Tone: stateTone(r.State), Text: core.Label(States(), r.State)}, {Tone: ui.None, Text: core.Label(Kinds(), r.Kind)}}}}
	if r.Anonymous {
		rec.Head.Pills = append(rec.Head.Pills, ui.PillView{Tone: ui.None, Text: core.T("不记名", "Anonymous")})
	}
	rec.Cards = []templ.Component{stepCard(steps(r), register.Cite(ctx, "B7.1"))}
	if !r.Launched.IsZero() {
		v, err := responseOf(ctx, tx, r)
		if err != nil {
			return rec, err
		}
		rec.Cards = append(rec.Cards, responsePanel(v))
	}
	rec.Cards = append(rec.Cards, register.FieldsCard(core.T("安排", "Arrangements"), pairs(ctx, r)))
	results := core.ActorOf(ctx).Can(r.Ref.Project, "survey.results")
	if !r.Launched.IsZero() && results {
		if err := resultCards(ctx, tx, r, &rec); err != nil {
			return rec, err
		}
	}
	rec.Cards = append(rec.Cards, ui.Papers(core.T("单据与结果", "Papers and results"), links(ctx, r, results)))
	return rec, nil
}

// resultCards are the dimensions beside their targets, the words of the report and the actions.
func resultCards(ctx context.Context, tx db.Tx, r Round, rec *register.Record) error {
	t, err := TallyOf(ctx, tx, r)
	if err != nil {
		return err
	}
	last, err := lastOf(ctx, tx, r)
	if err != nil {
		return err
	}
	rec.Cards = append(rec.Cards, ui.TableCard(core.T("各维度满意率", "Satisfaction by dimension"), dimensionTable(ctx, r, t, last)))
	if p := reportPairs(ctx, r); len(p) > 0 {
		rec.Cards = append(rec.Cards, register.FieldsCard(core.T("调研报告", "Research report"), p))
	}
	as, err := actionsOf(ctx, tx, r.Ref.ID)
	if err == nil && len(as) > 0 {
		rec.Cards = append(rec.Cards, ui.TableCard(core.T("纠正预防措施", "Corrective actions"), actionTable(ctx, as)))
	}
	return err
}

func links(ctx context.Context, r Round, results bool) (out []ui.Link) {
	add := func(zh, en, path string) {
		out = append(out, ui.Link{Label: core.T(zh, en), Href: href(ctx, r.Ref.ID, path)})
	}
	if !r.Launched.IsZero() && results {
		add("结果", "Results", "results")
		add("答卷", "Answers", "answers")
		add("调研报告 PDF", "Report as PDF", "report.pdf")
		add("调研报告 Excel", "Report as workbook", "report.xlsx")
	}
	if !r.Launched.IsZero() && core.ActorOf(ctx).Can(r.Ref.Project, "survey.invite") {
		add("邀请名单", "Invitations", "invites")
		add("打印邀请条(二维码)", "Print slips with codes", "slips.pdf")
	}
	if r.Form != 0 {
		out = append(out, ui.Link{Label: core.T("问卷", "Questionnaire"), Href: FormKind().Href(ctx, r.Form)})
	}
	return out
}

// steps are the flow of B7.1.
func steps(r Round) []ui.Step {
	order := []struct {
		state string
		label core.Text
	}{{StateDraft, core.T("筹备", "Prepare")}, {StateOpen, core.T("实施", "Fieldwork")}, {StateEnded, core.T("整理分析", "Analyse")}, {StateAnalysed, core.T("上报审批", "Submit")}, {StateApproved, core.T("分发", "Distribute")}, {StateDistributed, core.T("归档", "File")}}
	now := slices.IndexFunc(order, func(s struct {
		state string
		label core.Text
	}) bool {
		return s.state == r.State
	})
	if r.State == StateClosed {
		now = len(order)
	}
	out := make([]ui.Step, len(order))
	for i, s := range order {
		out[i] = ui.Step{Label: s.label, State: ui.None}
		switch {
		case i < now:
			out[i].State = ui.OK
		case i == now:
			out[i].State = ui.Run
		}
	}
	return out
}

func pairs(ctx context.Context, r Round) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Add("起止", "Period", string(r.Start)+" – "+string(r.End))
	p.Add("负责人", "Responsible", r.OwnerName)
	sample := core.Label(Samples(), r.Sample).Say(ctx)
	switch r.Sample {
	case SampleBuildings:
		sample = ui.Join(sample, strings.ReplaceAll(r.Buildings, "\n", "、"))
	case SamplePercent:
		sample = ui.Join(sample, fmt.Sprintf("%d%%", r.Percent))
	}
	p.Add("调查范围", "Sample", ui.Join(sample, r.Reason))
	if r.Customers > 0 {
		p.Add("覆盖客户", "Customers covered", fmt.Sprintf("%d / %d", r.Invited, r.Customers))
	}
	p.Add("目标", "Targets", targetsText(ctx, r.Targets))
	if r.RemindDays > 0 {
		p.Add("提醒", "Reminder", core.T("截止前 %d 天", "%d days before the end", r.RemindDays).Say(ctx))
	}
	p.Time("发布", "Sent out", r.Launched)
	p.Time("最近提醒", "Last reminder", r.Reminded)
	p.Time("结束", "Ended", r.Ended)
	return p.Out
}

func targetsText(ctx context.Context, t Targets) string {
	var out []string
	for _, d := range Dimensions() {
		if rate := t.Of(d.Value); rate > 0 {
			out = append(out, d.Label.Say(ctx)+" "+rate.String())
		}
	}
	return strings.Join(out, " · ")
}

func reportPairs(ctx context.Context, r Round) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Add("总体评价", "Summary", r.Summary)
	p.Add("主要问题及原因", "Problems and causes", r.Causes)
	p.Add("改进建议", "Recommendations", r.Advice)
	p.Time("批准", "Approved", r.Approved)
	p.Add("分发", "Distributed to", r.Recipients)
	p.Time("分发时间", "Distributed", r.Distributed)
	p.Add("存档位置", "Kept at", r.Place)
	return p.Out
}

func responseOf(ctx context.Context, tx db.Tx, r Round) (responseView, error) {
	n, err := answerCount(ctx, tx, r.Ref.ID)
	if err != nil {
		return responseView{}, err
	}
	paper, err := paperCount(ctx, tx, r.Ref.ID)
	if err != nil {
		return responseView{}, err
	}
	v := responseView{Invited: r.Invited, Answered: n, Paper: paper, Rate: rateText(core.RateOf(n, r.Invited))}
	if r.State == StateOpen {
		v.Live, v.URL = "survey", href(ctx, r.Ref.ID, "live")
		s, err := notify.SettingsOf(ctx, tx)
		if err != nil {
			return v, err
		}
		if s.Site.Base == "" {
			v.Note = core.T("公司还没有设置本系统的网址,邀请只能用打印的二维码送达", "The firm has not set this system's address: invitations reach customers by the printed codes only")
		}
	}
	rules, err := regulation.Now(ctx, tx)
	if err == nil {
		v.Target = rules.Rate("E5.2", "target").String()
	}
	return v, err
}

func rateText(r core.Rate, ok bool) string {
	if !ok {
		return "—"
	}
	return r.String()
}

func livePanel(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	r, err := asRound(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	v, err := responseOf(ctx, tx, r)
	return web.Fragment{Body: responsePanel(v)}, err
}

func asRound(ctx context.Context, tx db.Tx, q *web.Request) (Round, error) {
	id, err := q.ID("id")
	if err != nil {
		return Round{}, err
	}
	return Get(ctx, tx, id)
}

// row is a survey in the list.
func row(ctx context.Context, r *Round) ui.Row {
	answered := ui.Cell{Text: "—"}
	if !r.Ended.IsZero() {
		answered.Text = ui.Join(strconv.FormatInt(r.Figures.Answered, 10), rateText(r.Figures.Response()))
	}
	return ui.Row{Cells: []ui.Cell{{Text: r.Number, Href: href(ctx, r.Ref.ID)}, {Text: r.Title.Say(ctx)}, {Text: core.Label(Kinds(), r.Kind).Say(ctx)}, {Body: ui.Pill(stateTone(r.State), core.Label(States(), r.State))},
		{Text: string(r.Start)}, {Text: string(r.End)}, {Text: strconv.FormatInt(r.Invited, 10)}, answered}}
}

func actionTable(ctx context.Context, as []Action) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("问题", "Problem")}, {Label: core.T("维度", "Dimension")}, {Label: core.T("责任人", "Responsible")}, {Label: core.T("期限", "Due")}, {Label: core.T("状态", "State")}}}
	today := core.Today(ctx)
	for _, a := range as {
		row := ui.Row{Cells: []ui.Cell{{Text: a.Title().Say(ctx), Href: ActionKind().Href(ctx, a.Ref.ID)}, {Text: dimensionName(ctx, a.Dimension)}, {Text: a.OwnerName}, {Text: string(a.Due)}, {Text: core.Label(actionStates(), a.State).Say(ctx)}}}
		if a.State != ActionClosed && a.Due < today {
			row.Tone = ui.Late
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func dimensionName(ctx context.Context, d string) string {
	if d == "" {
		return ""
	}
	return core.Label(Dimensions(), d).Say(ctx)
}

// ---- the builder

func formRecord(ctx context.Context, _ db.Tx, f Form) (register.Record, error) {
	v := builderView{Open: !f.Sealed && core.ActorOf(ctx).Can(f.Ref.Project, "questionnaire.move"), Move: FormKind().Href(ctx, f.Ref.ID, "move"), Add: FormKind().Href(ctx, f.Ref.ID, "add"),
		Preview: FormKind().Href(ctx, f.Ref.ID, "preview"), Print: FormKind().Href(ctx, f.Ref.ID, "form.pdf")}
	if f.Sealed {
		v.Note = core.T("这份问卷已经发出,不能再改;可以复制一份再改", "This questionnaire has been sent out and is not changed; copy it instead")
	} else if missing := f.Content().missing(); f.Kind == Satisfaction && missing.Is() {
		v.Note = core.T("还没有问到:%s", "Not asked about yet: %s", missing)
	}
	for i, q := range f.Questions {
		v.Questions = append(v.Questions, questionOf(ctx, f, i, q))
	}
	p := ui.Pairs{Ctx: ctx}
	p.Choice("种类", "Kind", Kinds(), f.Kind)
	p.Add("标题(英文)", "Title in English", f.Title.EN)
	p.Add("说明", "Introduction", f.Intro.ZH)
	p.Add("说明(英文)", "Introduction in English", f.Intro.EN)
	state := ui.PillView{Tone: ui.Run, Text: core.T("可修改", "May be changed")}
	if f.Sealed {
		state = ui.PillView{Tone: ui.OK, Text: core.T("已发出", "Sent out")}
	}
	return register.Record{Head: ui.HeadView{Title: f.Title, Pills: []ui.PillView{state}}, Cards: []templ.Component{builderCard(v), register.FieldsCard(core.T("问卷", "Questionnaire"), p.Out)}}, nil
}

func questionOf(ctx context.Context, f Form, i int, q Question) questionView {
	v := questionView{No: i + 1, ID: strconv.FormatInt(q.ID, 10), Kind: core.Label(QuestionKinds(), q.Kind), Text: q.Text(), Required: q.Required, First: i == 0, Last: i == len(f.Questions)-1,
		Edit: FormKind().Href(ctx, f.Ref.ID, "change") + "?question=" + strconv.FormatInt(q.ID, 10)}
	if q.Dimension != "" {
		v.Dimension = core.Label(Dimensions(), q.Dimension)
	}
	for _, o := range append(slices.Clone(q.Options), q.Items...) {
		v.Lines = append(v.Lines, o.Text())
	}
	return v
}

// changePage is the form of one question.
func changePage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	f, err := GetForm(ctx, tx, id)
	if err == nil {
		err = canEditForm(f)
	}
	if err != nil {
		return nil, err
	}
	i, err := f.at(r.Query("question"))
	if err != nil {
		return nil, core.NotFound()
	}
	q := f.Questions[i]
	in := QuestionIn{strconv.FormatInt(q.ID, 10), q.Kind, q.Dimension, q.ZH, q.EN, q.Required, linesOf(q.Options), linesOf(q.Items)}
	specs := core.Specs(changeFields())
	title := core.T("修改第 %d 题", "Question %d", i+1)
	form := ui.FormView{Action: FormKind().Href(ctx, id, "change"), Fields: ui.FieldsOf(specs, core.ValuesOf(ctx, changeFields(), &in), nil), Cancel: FormKind().Href(ctx, id), Version: strconv.FormatInt(f.Version, 10), IdemKey: register.NewKey()}
	return web.Page{Title: title, Narrow: true, Body: formPage(ui.HeadView{Title: title, Sub: f.Title}, form)}, nil
}

// previewPage shows a questionnaire as a customer will see it, in either language.
func previewPage(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	f, err := GetForm(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	v := sheetView{Title: f.Title, Sender: core.ProjectOf(ctx).Name, Intro: f.Intro, Preview: true, Form: ui.FormView{Fields: fieldsOf(f.Content(), nil, nil)}}
	body := publicSheet(v)
	if lang := core.Lang(r.Query("lang")); lang == core.ZH || lang == core.EN {
		inner := body
		body = templ.ComponentFunc(func(ctx context.Context, w io.Writer) error { return inner.Render(core.WithLang(ctx, lang), w) })
	}
	at := FormKind().Href(ctx, id, "preview")
	head := ui.HeadView{Title: core.T("预览", "Preview"), Sub: f.Title}
	ls := []ui.Link{{Label: core.T("中文版", "In Chinese"), Href: at + "?lang=zh"}, {Label: core.T("英文版", "In English"), Href: at + "?lang=en"}, {Label: core.T("返回问卷", "Back to the questionnaire"), Href: FormKind().Href(ctx, id)}}
	return web.Page{Title: core.T("预览", "Preview"), Narrow: true, Body: previewBody(head, ls, body)}, nil
}

// ---- invitations

func invitesPage(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	r, err := asRound(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	is, err := invites(ctx, tx, r.Ref.ID)
	if err != nil {
		return nil, err
	}
	names, err := customersOf(ctx, tx, is)
	if err != nil {
		return nil, err
	}
	as, err := answersOf(ctx, tx, r.Ref.ID)
	if err != nil {
		return nil, err
	}
	given := map[core.ID]Answer{} // of an anonymous survey none names its invitation
	for _, a := range as {
		given[a.Invite] = a
	}
	running := r.Running(core.Today(ctx))
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("单元", "Unit")}, {Label: core.T("楼栋", "Building")}, {Label: core.T("客户", "Customer")}, {Label: core.T("送出", "Sent")}, {Label: core.T("提醒", "Reminded")}, {Label: core.T("答卷", "Answer")}, {Label: core.T("纸质答卷", "Paper answer")}, {Label: core.T("客户的链接", "Customer's link")}}}
	for _, i := range is {
		a, answered := given[i.ID]
		state, key := core.T("不记名", "Anonymous"), ui.Cell{Text: "—"}
		switch {
		case !r.Anonymous && !answered:
			state = core.T("未答", "Not yet")
		case !r.Anonymous:
			state = core.T("已答", "Answered")
		}
		switch {
		case !running:
		case answered && a.Keying.Paper():
			key = ui.Cell{Text: core.T("更正", "Correct").Say(ctx), Href: paperAt(ctx, r.Ref.ID, i.ID)}
		case !answered:
			key = ui.Cell{Text: core.T("录入", "Key in").Say(ctx), Href: paperAt(ctx, r.Ref.ID, i.ID)}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: i.Unit}, {Text: i.Building}, {Text: names[i.Customer]}, {Text: whenOr(ctx, i.Sent)}, {Text: whenOr(ctx, i.Reminded)}, {Text: ui.Join(state.Say(ctx), a.Keying.say(ctx))}, key,
			{Text: core.T("打开", "Open").Say(ctx), Href: path(tokenOf(tx, r.Ref.Project, r.Ref.ID, i.ID))}}})
	}
	head := ui.HeadView{Title: core.T("邀请名单", "Invitations"), Sub: r.Title}
	ls := []ui.Link{{Label: core.T("打印邀请条(二维码)", "Print slips with codes"), Href: href(ctx, r.Ref.ID, "slips.pdf")}, {Label: core.T("返回调查", "Back to the survey"), Href: href(ctx, r.Ref.ID)}}
	return web.Page{Title: core.T("邀请名单", "Invitations"), Body: answersBody(head, invitesNote(as, running), ls, t)}, nil
}

// invitesNote says who keyed in how many paper answers, and where the next is keyed in.
func invitesNote(as []Answer, running bool) core.Text {
	note := keyers(as)
	if !running {
		return note
	}
	how := core.T("收到纸质答卷请点「录入」,系统记下录入人和时间;客户的链接只给客户自己用", "Key in a paper answer with “Key in”, which keeps who did it and when; the customer's link is for the customer alone")
	if !note.Is() {
		return how
	}
	return core.T("%s。%s", "%s. %s", note, how)
}

func whenOr(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return ui.When(ctx, t)
}

func customersOf(ctx context.Context, tx db.Tx, is []Invite) (map[core.ID]string, error) {
	ids := make([]core.ID, 0, len(is))
	for _, i := range is {
		if i.Customer != 0 {
			ids = append(ids, i.Customer)
		}
	}
	out := map[core.ID]string{}
	for part := range slices.Chunk(ids, 500) {
		cs, err := customer.Some(ctx, tx, part...)
		if err != nil {
			return nil, err
		}
		for id, c := range cs {
			out[id] = string(c.Name)
		}
	}
	return out, nil
}

func buildingChoices(ctx context.Context, tx db.Tx) ([]core.Choice, error) {
	bs, err := estate.Buildings(ctx, tx)
	out := make([]core.Choice, len(bs))
	for i, b := range bs {
		out[i] = core.Choice{Value: b.Name, Label: ui.Plain(b.Name)}
	}
	return out, err
}
