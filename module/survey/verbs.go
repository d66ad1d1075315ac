package survey

import (
	"context"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/web/ui"
)

func choice[T any](cs []core.Choice) func(*core.Field[T]) {
	return func(f *core.Field[T]) { f.Kind, f.Choices = core.KindChoice, cs }
}
func hint[T any](zh, en string) func(*core.Field[T]) {
	return func(f *core.Field[T]) { f.Hint = core.T(zh, en) }
}
func between[T any](low, high int64) func(*core.Field[T]) {
	return func(f *core.Field[T]) { f.Min, f.Max = low, high }
}

// onTurn makes a record's check a verb's; what is not its turn has no button.
func onTurn[T any](perm string, get func(context.Context, db.Tx, core.ID) (T, error), can func(context.Context, db.Tx, T) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		t, err := get(ctx, tx, id)
		if err == nil {
			err = can(ctx, tx, t)
		}
		if !tx.Writing() && register.IsLater(err) {
			return core.Forbidden(perm)
		}
		return err
	}
}

func turn(verb string, can check) func(context.Context, db.Tx, core.ID) error {
	return onTurn("survey."+verb, Get, can)
}

func people(fields ...string) func(context.Context, db.Tx, core.ID) (map[string][]core.Choice, error) {
	return func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
		us, err := staff(ctx, tx)
		if err != nil {
			return nil, err
		}
		who := user.Choices(us)
		ds, err := project.Departments(ctx, tx, core.ProjectOf(ctx).ID)
		where := make([]core.Choice, len(ds))
		for i, d := range ds {
			where[i] = core.Choice{Value: d.Name, Label: ui.Plain(d.Name)}
		}
		out := map[string][]core.Choice{}
		for _, f := range fields {
			if out[f] = who; f == "department" {
				out[f] = where
			}
		}
		return out, err
	}
}

// ---- surveys

func surveys() register.Register[Round] {
	f := func(name, zh, en string, ptr func(*Round) any, choices ...core.Choice) core.Field[Round] {
		return core.Field[Round]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return register.Register[Round]{Kind: Kind(), Viewers: viewers(), Export: managers(), Columns: []string{"number", "title", "kind", "state", "start", "end", "invited", "answered"},
		Fields: []core.Field[Round]{f("number", "编号", "Number", func(r *Round) any { return &r.Number }), f("title", "标题", "Title", func(r *Round) any { return &r.Title.ZH }), f("title_en", "标题(英文)", "Title in English", func(r *Round) any { return &r.Title.EN }),
			f("kind", "种类", "Kind", func(r *Round) any { return &r.Kind }, Kinds()...), f("state", "状态", "State", func(r *Round) any { return &r.State }, States()...), f("start", "开始日", "Begins", func(r *Round) any { return &r.Start }), f("end", "截止日", "Ends", func(r *Round) any { return &r.End }),
			f("anonymous", "不记名", "Anonymous", func(r *Round) any { return &r.Anonymous }), f("sample", "范围", "Sample", func(r *Round) any { return &r.Sample }, Samples()...), f("owner", "负责人", "Responsible", func(r *Round) any { return &r.OwnerName }),
			f("invited", "发出", "Invited", func(r *Round) any { return &r.Invited }), f("answered", "收回", "Answered", func(r *Round) any { return &r.Figures.Answered })},
		Filters: []register.Filter{{Name: "kind", Label: core.T("种类", "Kind"), Kind: core.KindChoice, Choices: Kinds()}, {Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: States()}, {Name: "month", Label: core.T("结束月份", "Month of the end"), Kind: core.KindMonth}},
		ID:      func(r *Round) core.ID { return r.Ref.ID }, Version: func(r *Round) int64 { return r.Version }, Cursor: cursor, Find: find, Get: Get, Row: row, Record: record, Topic: "survey", Verbs: roundVerbs()}
}

func roundFields() []core.Field[RoundIn] {
	return []core.Field[RoundIn]{core.Ask("form", "问卷", "Questionnaire", func(r *RoundIn) any { return &r.Form }, core.Required), core.Ask("title", "标题", "Title", func(r *RoundIn) any { return &r.Title }, hint[RoundIn]("不填就用问卷的标题", "Empty: the questionnaire's")), core.Ask("title_en", "标题(英文)", "Title in English", func(r *RoundIn) any { return &r.TitleEN }),
		core.Ask("start", "开始日", "Begins", func(r *RoundIn) any { return &r.Start }, core.Required), core.Ask("end", "截止日", "Ends", func(r *RoundIn) any { return &r.End }, core.Required), core.Ask("remind_days", "截止前几天提醒", "Reminder, days before the end", func(r *RoundIn) any { return &r.RemindDays }, between[RoundIn](0, 30)),
		core.Ask("anonymous", "不记名(答卷不与客户名字放在一起)", "Anonymous (answers are not kept with the customer)", func(r *RoundIn) any { return &r.Anonymous }), core.Ask("sample", "调查范围", "Sample", func(r *RoundIn) any { return &r.Sample }, core.Required, core.Radio[RoundIn](Samples())),
		{Name: "buildings", Label: core.T("楼栋", "Buildings"), Ptr: func(r *RoundIn) any { return &r.Buildings }}, core.Ask("percent", "抽样比例(%)", "Share (%)", func(r *RoundIn) any { return &r.Percent }, between[RoundIn](0, 99)),
		core.Ask("reason", "不全部调查的理由", "Why not everybody is asked", func(r *RoundIn) any { return &r.Reason }, core.Lines), core.Ask("attitude", "态度目标(满意率 %)", "Target of attitude (% satisfied)", func(r *RoundIn) any { return &r.Attitude }, between[RoundIn](0, 100)),
		core.Ask("efficiency", "效率目标(满意率 %)", "Target of efficiency (% satisfied)", func(r *RoundIn) any { return &r.Efficiency }, between[RoundIn](0, 100)), core.Ask("quality", "质量目标(满意率 %)", "Target of quality (% satisfied)", func(r *RoundIn) any { return &r.Quality }, between[RoundIn](0, 100), hint[RoundIn]("0:按制度的目标", "0: the regulation's target")),
		core.Ask("owner", "负责人", "Responsible", func(r *RoundIn) any { return &r.Owner }, hint[RoundIn]("不选就是年度计划的负责人", "Empty: the one of the year's plan"))}
}

func roundChoices(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
	out, err := people("owner")(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	fs, err := findForms(ctx, tx, register.Query{Limit: 100})
	if err != nil {
		return nil, err
	}
	for _, f := range fs {
		out["form"] = append(out["form"], core.Choice{Value: f.Ref.ID.String(), Label: f.Title})
	}
	if out["form"] == nil {
		out["form"] = []core.Choice{}
	}
	if out["buildings"], err = buildingChoices(ctx, tx); out["buildings"] == nil {
		out["buildings"] = []core.Choice{}
	}
	return out, err
}

func fillNew(ctx context.Context, tx db.Tx, _ core.ID, in *RoundIn) error {
	today := core.Today(ctx)
	in.Sample, in.Start, in.End, in.RemindDays = SampleAll, today, today.Add(14), 3
	return nil
}

func fillRound(ctx context.Context, tx db.Tx, id core.ID, in *RoundIn) error {
	r, err := Get(ctx, tx, id)
	*in = RoundIn{Form: r.Form, Title: r.Title.ZH, TitleEN: r.Title.EN, Anonymous: r.Anonymous, Sample: r.Sample, Percent: r.Percent, Reason: r.Reason, Start: r.Start, End: r.End, RemindDays: r.RemindDays,
		Attitude: int64(r.Targets.Attitude) / 100, Efficiency: int64(r.Targets.Efficiency) / 100, Quality: int64(r.Targets.Quality) / 100, Owner: r.Owner}
	if r.Buildings != "" {
		in.Buildings = strings.Split(r.Buildings, "\n")
	}
	return err
}

func roundVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[RoundIn]{Name: "new", Label: core.T("筹备调查", "Prepare a survey"), Roles: builders(), New: true, Clause: "B7.1", Do: Prepare, Fill: fillNew, Choices: roundChoices, Fields: roundFields()},
		register.Verb[struct{}]{Name: "launch", Label: core.T("发布", "Send out"), Roles: builders(), Primary: true, Clause: "E5.2", Can: turn("launch", canLaunch), Do: register.Doing(Launch), Said: core.T("已发布,邀请正在送出", "Sent out; the invitations are on their way")},
		register.Verb[RoundIn]{Name: "edit", Label: core.T("修改安排", "Change the arrangements"), Roles: builders(), Can: turn("edit", func(_ context.Context, _ db.Tx, r Round) error { return inDraft(r) }), Do: register.Doing(Rearrange), Fill: fillRound, Choices: roundChoices, Fields: roundFields()},
		register.Verb[struct{}]{Name: "remind", Label: core.T("提醒未答的", "Remind who has not answered"), Roles: viewers(), Can: turn("remind", canExtend), Do: register.Doing(Remind), Said: core.T("提醒正在送出", "The reminders are on their way")},
		register.Verb[Extension]{Name: "extend", Label: core.T("延期", "Move the end"), Roles: builders(), Can: turn("extend", canExtend), Do: register.Doing(Extend), Fields: []core.Field[Extension]{core.Ask("end", "新的截止日", "New last day", func(e *Extension) any { return &e.End }, core.Required), core.Ask("reason", "原因", "Reason", func(e *Extension) any { return &e.Reason }, core.Required)}},
		register.Verb[struct{}]{Name: "end", Label: core.T("结束调查", "End the survey"), Roles: builders(), Clause: "C5.2", Why: core.T("到期会自动结束", "It ends by itself when it is over"), Can: turn("end", canEnd), Do: register.Doing(End)},
		register.Verb[Analysis]{Name: "analyse", Label: core.T("整理分析", "Write the analysis"), Roles: builders(), Primary: true, Clause: "B7.1", Can: turn("analyse", canAnalyse), Do: register.Doing(Analyse), Fill: func(ctx context.Context, tx db.Tx, id core.ID, a *Analysis) error {
			r, err := Get(ctx, tx, id)
			*a = Analysis{r.Summary, r.Causes, r.Advice}
			if err == nil && a.Summary == "" {
				a.Summary, err = draftSummary(ctx, tx, r)
			}
			return err
		}, Fields: []core.Field[Analysis]{core.Ask("summary", "总体评价", "Summary", func(a *Analysis) any { return &a.Summary }, core.Required, core.Lines), core.Ask("causes", "主要问题及原因", "Problems and causes", func(a *Analysis) any { return &a.Causes }, core.Lines), core.Ask("advice", "改进建议", "Recommendations", func(a *Analysis) any { return &a.Advice }, core.Lines)}},
		register.Verb[struct{}]{Name: "submit", Label: core.T("上报调研报告", "Submit the report"), Roles: builders(), Clause: "B7.1", Can: turn("submit", canSubmit), Do: register.Doing(Submit), Said: core.T("已上报,等待审批", "Submitted for approval")},
		register.Verb[ProblemIn]{Name: "action", Label: core.T("问题立项改进", "Open an action"), Roles: managers(), Clause: "E5.2", Can: turn("action", canAct), Do: func(ctx context.Context, tx db.Tx, id core.ID, p ProblemIn) (core.ID, error) {
			_, err := Act(ctx, tx, id, p)
			return id, err
		}, Choices: people("owner", "department"), Fields: []core.Field[ProblemIn]{core.Ask("problem", "问题", "Problem", func(p *ProblemIn) any { return &p.Problem }, core.Required, core.Lines), core.Ask("dimension", "维度", "Dimension", func(p *ProblemIn) any { return &p.Dimension }, choice[ProblemIn](Dimensions())),
			core.Ask("owner", "责任人", "Responsible", func(p *ProblemIn) any { return &p.Owner }, core.Required), core.Ask("department", "责任部门", "Department", func(p *ProblemIn) any { return &p.Department }), core.Ask("due", "期限", "Due", func(p *ProblemIn) any { return &p.Due }, hint[ProblemIn]("不填按制度期限", "Empty: the regulation's term"))}},
		register.Verb[Distribution]{Name: "distribute", Label: core.T("分发报告", "Distribute the report"), Roles: builders(), Primary: true, Clause: "B7.1", Can: turn("distribute", canDistribute), Do: register.Doing(Distribute), Fields: []core.Field[Distribution]{core.Ask("recipients", "分发给", "Recipients", func(d *Distribution) any { return &d.Recipients }, core.Required, core.Lines)}},
		register.Verb[Filing]{Name: "close", Label: core.T("归档", "File"), Roles: builders(), Clause: "C5.2", Can: turn("close", canClose), Do: register.Doing(Close), Fields: []core.Field[Filing]{core.Ask("place", "存档位置", "Kept at", func(f *Filing) any { return &f.Place }, core.Required)}},
		register.Verb[Why]{Name: "void", Label: core.T("作废", "Void"), Roles: builders(), Danger: true, Can: turn("void", canVoid), Do: register.Doing(Void), Fields: []core.Field[Why]{core.Ask("reason", "原因", "Reason", func(w *Why) any { return &w.Reason }, core.Required)}}}
}

// draftSummary composes the summary of the facts; a person edits it.
func draftSummary(ctx context.Context, tx db.Tx, r Round) (string, error) {
	last, err := lastOf(ctx, tx, r)
	t := r.Figures
	out := core.T("本次调查发出 %d 份,收回 %d 份,回收率 %s,总满意率 %s。", "Of %d invitations %d were answered (%s); %s of all ratings were satisfied. ", t.Invited, t.Answered, rateText(t.Response()), rateText(t.All.Rate())).Say(ctx)
	for _, g := range t.Dimensions {
		rate, ok := g.Score.Rate()
		out += core.T("%s满意率 %s", "%s: %s satisfied", core.Label(Dimensions(), g.Name), rateText(rate, ok)).Say(ctx)
		if d := difference(g, last.Figures.Dimension(g.Name)); d != "—" {
			out += core.T(",比上次 %s 个百分点", " (%s points since last time)", d).Say(ctx)
		}
		if rate < r.Targets.Of(g.Name) {
			out += core.T(",低于目标 %s", ", below the target of %s", r.Targets.Of(g.Name)).Say(ctx)
		}
		out += core.T("。", ". ").Say(ctx)
	}
	return strings.TrimSpace(out), err
}

// ---- questionnaires

func formIn() []core.Field[FormIn] {
	return []core.Field[FormIn]{core.Ask("kind", "种类", "Kind", func(f *FormIn) any { return &f.Kind }, core.Required, core.Radio[FormIn](Kinds())), core.Ask("title", "标题", "Title", func(f *FormIn) any { return &f.Title }, core.Required), core.Ask("title_en", "标题(英文)", "Title in English", func(f *FormIn) any { return &f.TitleEN }),
		core.Ask("intro", "说明", "Introduction", func(f *FormIn) any { return &f.Intro }, core.Lines), core.Ask("intro_en", "说明(英文)", "Introduction in English", func(f *FormIn) any { return &f.IntroEN }, core.Lines)}
}

func questionFields() []core.Field[QuestionIn] {
	return []core.Field[QuestionIn]{core.Ask("kind", "题型", "Kind", func(q *QuestionIn) any { return &q.Kind }, core.Required, core.Radio[QuestionIn](QuestionKinds())), core.Ask("text", "题目", "Question", func(q *QuestionIn) any { return &q.Text }, core.Required), core.Ask("text_en", "题目(英文)", "Question in English", func(q *QuestionIn) any { return &q.TextEN }),
		core.Ask("dimension", "维度", "Dimension", func(q *QuestionIn) any { return &q.Dimension }, choice[QuestionIn](Dimensions()), hint[QuestionIn]("评分题和矩阵题计入维度", "Ratings and matrices count towards it")), core.Ask("required", "必答", "Must be answered", func(q *QuestionIn) any { return &q.Required }),
		core.Ask("options", "选项(选择题),一行一个", "Options of a choice, one a line", func(q *QuestionIn) any { return &q.Options }, core.Lines, hint[QuestionIn]("中文 | English", "中文 | English")), core.Ask("items", "评分项(矩阵题),一行一个", "Items of a matrix, one a line", func(q *QuestionIn) any { return &q.Items }, core.Lines, hint[QuestionIn]("中文 | English", "中文 | English"))}
}

func changeFields() []core.Field[QuestionIn] {
	return append([]core.Field[QuestionIn]{{Name: "question", Label: core.T("题号", "Question number"), Kind: core.KindHidden, Required: true, Ptr: func(q *QuestionIn) any { return &q.Question }}}, questionFields()...)
}

func questionnaires() register.Register[Form] {
	f := func(name, zh, en string, ptr func(*Form) any, choices ...core.Choice) core.Field[Form] {
		return core.Field[Form]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	editable := func(verb string) func(context.Context, db.Tx, core.ID) error {
		return onTurn("questionnaire."+verb, GetForm, func(_ context.Context, _ db.Tx, f Form) error { return canEditForm(f) })
	}
	return register.Register[Form]{Kind: FormKind(), Viewers: viewers(), Columns: []string{"title", "title_en", "kind", "sealed"},
		Fields:  []core.Field[Form]{f("title", "标题", "Title", func(f *Form) any { return &f.Title.ZH }), f("title_en", "标题(英文)", "Title in English", func(f *Form) any { return &f.Title.EN }), f("kind", "种类", "Kind", func(f *Form) any { return &f.Kind }, Kinds()...), f("sealed", "已发出", "Sent out", func(f *Form) any { return &f.Sealed })},
		Filters: []register.Filter{{Name: "kind", Label: core.T("种类", "Kind"), Kind: core.KindChoice, Choices: Kinds()}},
		ID:      func(f *Form) core.ID { return f.Ref.ID }, Version: func(f *Form) int64 { return f.Version }, Cursor: func(f *Form) string { return f.Ref.ID.String() }, Find: findForms, Get: GetForm, Record: formRecord,
		Verbs: []register.Verber{
			register.Verb[FormIn]{Name: "new", Label: core.T("新建问卷", "New questionnaire"), Roles: builders(), New: true, Do: CreateForm, Fill: func(_ context.Context, _ db.Tx, _ core.ID, in *FormIn) error { in.Kind = Satisfaction; return nil },
				Choices: copyChoices, Fields: append(formIn(), core.Ask("copy", "复制以前的问卷", "Copy of an earlier one", func(f *FormIn) any { return &f.Copy }))},
			register.Verb[QuestionIn]{Name: "add", Label: core.T("加一题", "Add a question"), Roles: builders(), Primary: true, Can: editable("add"), Do: register.Doing(AddQuestion), Fields: questionFields()},
			register.Verb[QuestionIn]{Name: "change", Label: core.T("修改题目", "Change a question"), Roles: builders(), Page: true, Hidden: true, Can: editable("change"), Do: register.Doing(ChangeQuestion), Fields: changeFields()},
			register.Verb[Move]{Name: "move", Label: core.T("移动题目", "Move a question"), Roles: builders(), Page: true, Hidden: true, Can: editable("move"), Do: register.Doing(MoveQuestion), Fields: []core.Field[Move]{core.Ask("question", "题号", "Question number", func(m *Move) any { return &m.Question }, core.Required),
				core.Ask("to", "方向", "Direction", func(m *Move) any { return &m.To }, core.Required, choice[Move]([]core.Choice{{Value: "up", Label: core.T("上移", "Up")}, {Value: "down", Label: core.T("下移", "Down")}, {Value: "out", Label: core.T("删除", "Remove")}}))}},
			register.Verb[FormIn]{Name: "edit", Label: core.T("修改标题和说明", "Change title and introduction"), Roles: builders(), Can: editable("edit"), Do: register.Doing(EditForm), Fields: formIn(), Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *FormIn) error {
				f, err := GetForm(ctx, tx, id)
				*in = FormIn{Kind: f.Kind, Title: f.Title.ZH, TitleEN: f.Title.EN, Intro: f.Intro.ZH, IntroEN: f.Intro.EN}
				return err
			}},
			register.Verb[FormIn]{Name: "copy", Label: core.T("复制", "Copy"), Roles: builders(), Fields: formIn()[1:3], Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *FormIn) error {
				f, err := GetForm(ctx, tx, id)
				in.Title, in.TitleEN = f.Title.ZH, f.Title.EN
				return err
			}, Do: func(ctx context.Context, tx db.Tx, id core.ID, in FormIn) (core.ID, error) {
				f, err := GetForm(ctx, tx, id)
				if err != nil {
					return 0, err
				}
				in.Kind, in.Copy = f.Kind, id
				return CreateForm(ctx, tx, 0, in)
			}}}}
}

func copyChoices(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	fs, err := findForms(ctx, tx, register.Query{Limit: 100})
	out := map[string][]core.Choice{"copy": {}}
	for _, f := range fs {
		out["copy"] = append(out["copy"], core.Choice{Value: f.Ref.ID.String(), Label: f.Title})
	}
	return out, err
}

// ---- plans

func planFields() []core.Field[PlanIn] {
	return []core.Field[PlanIn]{core.Ask("owner", "负责人", "Responsible", func(p *PlanIn) any { return &p.Owner }), core.Ask("objective", "调查目的", "Objective", func(p *PlanIn) any { return &p.Objective }, core.Lines), core.Ask("audience", "调查对象", "Whom to ask", func(p *PlanIn) any { return &p.Audience }, core.Lines),
		core.Ask("method", "调查方式", "Method", func(p *PlanIn) any { return &p.Method }, core.Lines), core.Ask("schedule", "时间安排", "Schedule", func(p *PlanIn) any { return &p.Schedule }, core.Lines)}
}

func plans() register.Register[Plan] {
	f := func(name, zh, en string, ptr func(*Plan) any, choices ...core.Choice) core.Field[Plan] {
		return core.Field[Plan]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	draft := func(verb string, states ...string) func(context.Context, db.Tx, core.ID) error {
		return onTurn("survey-plan."+verb, GetPlan, func(_ context.Context, _ db.Tx, p Plan) error { return planIn(p, states...) })
	}
	year := core.Field[PlanIn]{Name: "year", Label: core.T("年度", "Year"), Required: true, Min: 2000, Max: 2199, Ptr: func(p *PlanIn) any { return &p.Year }}
	return register.Register[Plan]{Kind: PlanKind(), Viewers: managers(), Export: managers(), Columns: []string{"year", "owner", "state", "objective"},
		Fields: []core.Field[Plan]{f("year", "年度", "Year", func(p *Plan) any { return &p.Year }), f("owner", "负责人", "Responsible", func(p *Plan) any { return &p.OwnerName }), f("state", "状态", "State", func(p *Plan) any { return &p.State }, planStates()...), f("objective", "调查目的", "Objective", func(p *Plan) any { return &p.Objective }),
			f("audience", "调查对象", "Whom to ask", func(p *Plan) any { return &p.Audience }), f("method", "调查方式", "Method", func(p *Plan) any { return &p.Method }), f("schedule", "时间安排", "Schedule", func(p *Plan) any { return &p.Schedule }), f("approved", "批准", "Approved", func(p *Plan) any { return &p.Approved })},
		ID: func(p *Plan) core.ID { return p.Ref.ID }, Version: func(p *Plan) int64 { return p.Version }, Cursor: func(p *Plan) string { return itoa(p.Year) }, Find: findPlans, Get: GetPlan,
		Verbs: []register.Verber{
			register.Verb[PlanIn]{Name: "new", Label: core.T("制订年度计划", "Draft the year's plan"), Roles: builders(), New: true, Clause: "B7.1", Do: MakePlan, Choices: people("owner"), Fields: append([]core.Field[PlanIn]{year}, planFields()...),
				Fill: func(ctx context.Context, _ db.Tx, _ core.ID, in *PlanIn) error {
					in.Year = yearOf(core.Today(ctx))
					return nil
				}},
			register.Verb[struct{}]{Name: "submit", Label: core.T("提交审批", "Submit for approval"), Roles: builders(), Primary: true, Clause: "B7.1", Can: draft("submit", PlanDraft), Do: register.Doing(SubmitPlan), Said: core.T("已提交,等待审批", "Submitted for approval")},
			register.Verb[PlanIn]{Name: "edit", Label: core.T("修改", "Edit"), Roles: builders(), Can: draft("edit", PlanDraft, PlanApproved), Do: register.Doing(EditPlan), Choices: people("owner"), Fields: planFields(), Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *PlanIn) error {
				p, err := GetPlan(ctx, tx, id)
				*in = PlanIn{p.Year, p.Owner, p.Objective, p.Audience, p.Method, p.Schedule}
				return err
			}}}}
}

// ---- actions

func word[T any](name, zh, en string, ptr func(*T) any) []core.Field[T] {
	return []core.Field[T]{core.Ask(name, zh, en, ptr, core.Required, core.Lines)}
}

func correctives() register.Register[Action] {
	f := func(name, zh, en string, ptr func(*Action) any, choices ...core.Choice) core.Field[Action] {
		return core.Field[Action]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	can := func(verb string, check actionCheck) func(context.Context, db.Tx, core.ID) error {
		return onTurn("survey-action."+verb, GetAction, check)
	}
	text := func(w *Word) any { return &w.Text }
	return register.Register[Action]{Kind: ActionKind(), Viewers: doers(), Export: managers(), Columns: []string{"problem", "number", "dimension", "owner", "department", "due", "state"},
		Fields: []core.Field[Action]{{Name: "problem", Label: core.T("问题", "Problem"), Ptr: func(a *Action) any { return &a.Problem }, Show: func(ctx context.Context, a *Action) string { return a.Title().Say(ctx) }}, f("number", "调查编号", "Survey", func(a *Action) any { return &a.Number }), f("dimension", "维度", "Dimension", func(a *Action) any { return &a.Dimension }, Dimensions()...),
			{Name: "rate", Label: core.T("满意率", "Satisfied"), Ptr: func(a *Action) any { return (*int64)(&a.Rate) }, Show: func(_ context.Context, a *Action) string { return targetText(a.Rate) }}, {Name: "target", Label: core.T("目标", "Target"), Ptr: func(a *Action) any { return (*int64)(&a.Target) }, Show: func(_ context.Context, a *Action) string { return targetText(a.Target) }},
			f("owner", "责任人", "Responsible", func(a *Action) any { return &a.OwnerName }), f("department", "责任部门", "Department", func(a *Action) any { return &a.Department }), f("due", "期限", "Due", func(a *Action) any { return &a.Due }), f("state", "状态", "State", func(a *Action) any { return &a.State }, actionStates()...),
			f("cause", "原因分析", "Cause", func(a *Action) any { return &a.Cause }), f("measure", "措施", "Measure", func(a *Action) any { return &a.Measure }), f("evidence", "落实情况", "Carried out", func(a *Action) any { return &a.Evidence }), f("verifier", "验证人", "Verified by", func(a *Action) any { return &a.Verifier }),
			f("finding", "验证结果", "Finding", func(a *Action) any { return &a.Finding }), f("urged", "督促次数", "Times pressed", func(a *Action) any { return &a.Urged }), f("urge_note", "最近督促", "Last pressed", func(a *Action) any { return &a.UrgeNote })},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: append([]core.Choice{{Value: "unclosed", Label: core.T("未关闭", "Not closed")}}, actionStates()...)}, {Name: "mine", Label: core.T("我的", "Mine"), Kind: core.KindChoice, Choices: []core.Choice{{Value: "mine", Label: core.T("是", "Yes")}}}},
		ID:      func(a *Action) core.ID { return a.Ref.ID }, Version: func(a *Action) int64 { return a.Version }, Cursor: func(a *Action) string { return a.Ref.ID.String() }, Find: findActions, Get: GetAction, Topic: "survey",
		Verbs: []register.Verber{
			register.Verb[Assignment]{Name: "assign", Label: core.T("落实责任人", "Name who is responsible"), Roles: managers(), Clause: "E5.2", Can: can("assign", canAssign), Do: register.Doing(AssignAction), Choices: people("owner", "department"), Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *Assignment) error {
				a, err := GetAction(ctx, tx, id)
				*in = Assignment{a.Owner, a.Department, a.Due}
				return err
			}, Fields: []core.Field[Assignment]{core.Ask("owner", "责任人", "Responsible", func(a *Assignment) any { return &a.Owner }, core.Required), core.Ask("department", "责任部门", "Department", func(a *Assignment) any { return &a.Department }), core.Ask("due", "期限", "Due", func(a *Assignment) any { return &a.Due })}},
			register.Verb[Word]{Name: "analyse", Label: core.T("分析原因", "Say why"), Roles: doers(), Primary: true, Clause: "C5.2", Can: can("analyse", canAnalyseAction), Do: register.Doing(AnalyseAction), Fields: word("text", "原因", "Cause", text)},
			register.Verb[Word]{Name: "plan", Label: core.T("制定措施", "Say what is to be done"), Roles: doers(), Primary: true, Clause: "C5.2", Can: can("plan", canPlanAction), Do: register.Doing(PlanAction), Fields: word("text", "措施", "Measure", text)},
			register.Verb[Word]{Name: "done", Label: core.T("已落实", "Carried out"), Roles: doers(), Primary: true, Clause: "C5.2", Can: can("done", canDoAction), Do: register.Doing(DoAction), Fields: word("text", "落实情况", "What was done", text)},
			register.Verb[Finding]{Name: "verify", Label: core.T("验证", "Verify"), Roles: managers(), Primary: true, Clause: "E5.2", Can: can("verify", canVerify), Do: register.Doing(VerifyAction), Fields: []core.Field[Finding]{core.Ask("good", "有效", "It helped", func(f *Finding) any { return &f.Good }), core.Ask("finding", "验证结果", "Finding", func(f *Finding) any { return &f.Finding }, core.Required, core.Lines)}},
			register.Verb[struct{}]{Name: "close", Label: core.T("关闭", "Close"), Roles: managers(), Clause: "C5.2", Can: can("close", canCloseAction), Do: register.Doing(CloseAction)},
			register.Verb[Word]{Name: "urge", Label: core.T("督促", "Press"), Roles: managers(), Clause: "E5.2", Can: can("urge", canUrge), Do: register.Doing(Urge), Fields: word("text", "督促内容", "What is said", text)}}}
}

// ---- meetings and the firm's surveys

func seminars() register.Register[Seminar] {
	f := func(name, zh, en string, ptr func(*Seminar) any, more ...func(*core.Field[Seminar])) core.Field[Seminar] {
		return core.Ask(name, zh, en, ptr, more...)
	}
	in := []core.Field[Seminar]{f("day", "日期", "Day", func(s *Seminar) any { return &s.Day }, core.Required), f("subject", "主题", "Subject", func(s *Seminar) any { return &s.Subject }, core.Required), f("place", "地点", "Place", func(s *Seminar) any { return &s.Place }), f("host", "主持人", "Host", func(s *Seminar) any { return &s.Host }),
		f("attendees", "到会商户和人员,一行一个", "Who came, one a line", func(s *Seminar) any { return &s.Attendees }, core.Lines), f("minutes", "会议记录", "Minutes", func(s *Seminar) any { return &s.Minutes }, core.Lines), f("outcome", "意见与答复", "Opinions and answers", func(s *Seminar) any { return &s.Outcome }, core.Lines),
		{Name: "files", Label: core.T("签到表、照片", "Attendance sheet, photos"), Ptr: func(s *Seminar) any { return &s.Files }}}
	show := append([]core.Field[Seminar]{in[0], in[1], in[2], in[3], f("heads", "到会人数", "Present", func(s *Seminar) any { return &s.Heads })}, in[4], in[5], in[6])
	return register.Register[Seminar]{Kind: SeminarKind(), Viewers: viewers(), Export: managers(), Columns: []string{"day", "subject", "place", "host", "heads"}, Fields: show,
		ID: func(s *Seminar) core.ID { return s.Ref.ID }, Version: func(s *Seminar) int64 { return s.Version }, Cursor: func(s *Seminar) string { return string(s.Day) + "." + s.Ref.ID.String() }, Find: findSeminars, Get: GetSeminar,
		Verbs: []register.Verber{
			register.Verb[Seminar]{Name: "new", Label: core.T("登记座谈会", "Record a meeting"), Roles: viewers(), New: true, Clause: "D5.4", Do: Hold, Fields: in, Fill: func(ctx context.Context, _ db.Tx, _ core.ID, s *Seminar) error { s.Day = core.Today(ctx); return nil }},
			register.Verb[Seminar]{Name: "edit", Label: core.T("修改", "Edit"), Roles: viewers(), Do: register.Doing(EditSeminar), Fields: in, Fill: func(ctx context.Context, tx db.Tx, id core.ID, s *Seminar) (err error) {
				*s, err = GetSeminar(ctx, tx, id)
				return err
			}}}}
}

func campaigns() register.Register[Campaign] {
	f := func(name, zh, en string, ptr func(*Campaign) any) core.Field[Campaign] {
		return core.Ask(name, zh, en, ptr)
	}
	states := []core.Choice{{Value: StateDraft, Label: core.T("待发布", "In preparation")}, {Value: StateOpen, Label: core.T("已发布", "Sent out")}}
	state := f("state", "状态", "State", func(c *Campaign) any { return &c.State })
	state.Choices = states
	return register.Register[Campaign]{Kind: CampaignKind(), Viewers: headOffice(), Columns: []string{"number", "title", "start", "end", "state"},
		Fields: []core.Field[Campaign]{f("number", "编号", "Number", func(c *Campaign) any { return &c.Number }), f("title", "标题", "Title", func(c *Campaign) any { return &c.Title.ZH }), f("title_en", "标题(英文)", "Title in English", func(c *Campaign) any { return &c.Title.EN }), f("start", "开始日", "Begins", func(c *Campaign) any { return &c.Start }),
			f("end", "截止日", "Ends", func(c *Campaign) any { return &c.End }), f("anonymous", "不记名", "Anonymous", func(c *Campaign) any { return &c.Anonymous }), f("owner", "负责人", "Responsible", func(c *Campaign) any { return &c.OwnerName }), state},
		ID: func(c *Campaign) core.ID { return c.Ref.ID }, Version: func(c *Campaign) int64 { return c.Version }, Cursor: func(c *Campaign) string { return c.Ref.ID.String() }, Find: findCampaigns, Get: GetCampaign, Record: campaignRecord, Intro: campaignIntro,
		Verbs: []register.Verber{
			register.Verb[CampaignIn]{Name: "new", Label: core.T("筹备公司调查", "Prepare a firm survey"), Roles: headOffice(), New: true, Clause: "E5.2", Do: PrepareCampaign, Choices: func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
				fs, err := allForms(ctx, tx)
				if fs == nil {
					fs = []core.Choice{}
				}
				return map[string][]core.Choice{"form": fs}, err
			}, Fill: func(ctx context.Context, _ db.Tx, _ core.ID, in *CampaignIn) error {
				today := core.Today(ctx)
				in.Start, in.End, in.RemindDays = today, today.Add(14), 3
				return nil
			}, Fields: []core.Field[CampaignIn]{core.Ask("form", "问卷", "Questionnaire", func(c *CampaignIn) any { return &c.Form }, core.Required), core.Ask("title", "标题", "Title", func(c *CampaignIn) any { return &c.Title }, core.Required), core.Ask("title_en", "标题(英文)", "Title in English", func(c *CampaignIn) any { return &c.TitleEN }),
				core.Ask("start", "开始日", "Begins", func(c *CampaignIn) any { return &c.Start }, core.Required), core.Ask("end", "截止日", "Ends", func(c *CampaignIn) any { return &c.End }, core.Required), core.Ask("remind_days", "截止前几天提醒", "Reminder, days before the end", func(c *CampaignIn) any { return &c.RemindDays }, between[CampaignIn](0, 30)),
				core.Ask("anonymous", "不记名", "Anonymous", func(c *CampaignIn) any { return &c.Anonymous }), core.Ask("attitude", "态度目标(满意率 %)", "Target of attitude (% satisfied)", func(c *CampaignIn) any { return &c.Attitude }, between[CampaignIn](0, 100)),
				core.Ask("efficiency", "效率目标(满意率 %)", "Target of efficiency (% satisfied)", func(c *CampaignIn) any { return &c.Efficiency }, between[CampaignIn](0, 100)), core.Ask("quality", "质量目标(满意率 %)", "Target of quality (% satisfied)", func(c *CampaignIn) any { return &c.Quality }, between[CampaignIn](0, 100))}},
			register.Verb[struct{}]{Name: "launch", Label: core.T("在全部项目发布", "Send out in every project"), Roles: headOffice(), Primary: true, Clause: "E5.2", Do: register.Doing(LaunchCampaign), Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
				c, err := GetCampaign(ctx, tx, id)
				if err == nil {
					err = canLaunchCampaign(c)
				}
				return err
			}}}}
}
