package complaint

import (
	"context"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
)

// The roles of the verbs.
func handlers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Manager, core.Quality}
}
func heads() []core.Role {
	return []core.Role{core.Supervisor, core.Manager, core.Quality, core.GM}
}
func headOffice() []core.Role { return []core.Role{core.Quality, core.GM} }
func readers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Manager, core.Quality, core.GM}
}

// checked turns a case's check into a verb's, closed to the person complained of. Of what has its turn later or is over
// only the next step has a button, with what it waits for.
func checked(verb string, check func(context.Context, db.Tx, Case) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		c, err := db.Bag(tx, shown{id}, func() (Case, error) { return Get(ctx, tx, id) })
		if err == nil {
			err = readable(ctx, tx, c)
		}
		if err == nil {
			err = check(ctx, tx, c)
		}
		if !tx.Writing() && register.IsLater(err) && next(c) != verb {
			return core.Forbidden("complaint." + verb)
		}
		return err
	}
}

// shown keeps the case of a request for the checks of all its buttons.
type shown struct{ id core.ID }

// next is the step that follows the one whose turn it is.
func next(c Case) string {
	switch c.State {
	case StateAccepted:
		return "finish"
	case StateSolving:
		return "reply"
	case StateFinished:
		return "opinion"
	}
	return ""
}

// people are the choices of persons and departments in the forms.
func people(field string, departments bool) func(context.Context, db.Tx, core.ID) (map[string][]core.Choice, error) {
	return func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
		us, err := staffChoices(ctx, tx)
		out := map[string][]core.Choice{field: us}
		if err == nil && departments {
			out["department"], err = departmentChoices(ctx, tx)
		}
		return out, err
	}
}

func verbs() []register.Verber {
	return slices.Concat(firstVerbs(), workVerbs(), lastVerbs(), sideVerbs(), mergeVerbs(), roomVerbs())
}

func firstVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[Assign]{Name: "assign", Label: core.T("转派", "Pass on"), Roles: readers(), Clause: "C13.6", Can: checked("assign", canAssign), Do: register.Doing(PassTo), Choices: people("handler", true), Fields: []core.Field[Assign]{
			core.Ask("handler", "责任经理", "Responsible manager", func(a *Assign) any { return &a.Handler }, core.Required), core.Ask("department", "责任部门", "Department", func(a *Assign) any { return &a.Department })}},
		register.Verb[Judge]{Name: "judge", Label: core.T("判定是否成立", "Propose validity"), Roles: handlers(), Primary: true, Clause: "C1.1", Can: checked("judge", canJudge), Do: register.Doing(SetValidity), Fields: []core.Field[Judge]{
			core.Ask("validity", "投诉理由", "The reason is", func(j *Judge) any { return &j.Validity }, core.Required, core.Radio[Judge](Validities())), core.Ask("opinion", "受理部门处理意见", "Department's opinion", func(j *Judge) any { return &j.Opinion }, core.Required, core.Lines)}},
		register.Verb[Rule]{Name: "rule", Label: core.T("裁定是否受理", "Rule on acceptance"), Roles: heads(), Primary: true, Clause: "C1.1", Can: checked("rule", canRule), Do: register.Doing(RuleOn), Fields: []core.Field[Rule]{
			core.Ask("ruling", "裁定", "Ruling", func(r *Rule) any { return &r.Ruling }, core.Required, core.Radio[Rule](Rulings())), core.Ask("reason", "理由", "Reason", func(r *Rule) any { return &r.Reason }, core.Lines),
			core.Ask("answer", "不予受理时对客户的答复", "Answer to the customer, when not accepted", func(r *Rule) any { return &r.Answer }, core.Lines)}},
		register.Verb[Grade]{Name: "grade", Label: core.T("定级", "Set the severity"), Roles: heads(), Clause: "C13.2", Can: checked("grade", canGrade), Do: register.Doing(SetLevel), Fill: fillGrade, Fields: []core.Field[Grade]{
			core.Ask("level", "级别", "Severity", func(g *Grade) any { return &g.Level }, core.Required, core.Radio[Grade](Levels())),
			{Name: "grounds", Label: core.T("重大的依据", "Why it is major"), Ptr: func(g *Grade) any { return &g.Grounds }, Choices: Grounds()},
			core.Ask("reason", "说明", "Explanation", func(g *Grade) any { return &g.Reason }, core.Lines),
			core.Ask("next", "回复时间(超出部门权限时)", "Time of the reply, when beyond the department's authority", func(g *Grade) any { return &g.Next })}},
	}
}

func fillGrade(ctx context.Context, tx db.Tx, id core.ID, g *Grade) error {
	c, err := Get(ctx, tx, id)
	g.Level, g.Grounds = c.Level, c.grounds()
	return err
}

func workVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[Ask]{Name: "ask", Label: core.T("调查", "Investigate"), Roles: handlers(), Primary: true, Clause: "A6.2", Can: checked("ask", canAsk), Do: register.Doing(Investigate), Fields: []core.Field[Ask]{
			core.Ask("how", "方式", "How", func(a *Ask) any { return &a.How }, core.Required, core.Radio[Ask](inquiries())), core.Ask("text", "查到的情况", "What was found", func(a *Ask) any { return &a.Text }, core.Required, core.Lines)}},
		register.Verb[Solve]{Name: "solve", Label: core.T("原因和解决办法", "Cause and solution"), Roles: handlers(), Clause: "C11.1", Can: checked("solve", canSolve), Do: register.Doing(FindSolution), Fields: []core.Field[Solve]{
			core.Ask("cause", "原因", "Cause", func(s *Solve) any { return &s.Cause }, core.Lines), core.Ask("responsible", "责任部门和责任人", "Responsible department and person", func(s *Solve) any { return &s.Responsible }),
			core.Ask("solution", "解决办法和措施", "Solution and measures", func(s *Solve) any { return &s.Solution }, core.Required, core.Lines),
			{Name: "compensation", Label: core.T("折价、赔偿、补偿", "Reduction or compensation"), Hint: core.T("按权限表逐级审批", "Approved by the authority table"), Ptr: func(s *Solve) any { return &s.Compensation }}}},
		register.Verb[Finish]{Name: "finish", Label: core.T("处理完毕", "Dealt with"), Roles: handlers(), Primary: true, Clause: "C11.4", Can: checked("finish", canFinish), Do: register.Doing(Complete), Fields: []core.Field[Finish]{
			core.Ask("result", "处理结果", "Result", func(f *Finish) any { return &f.Result }, core.Required, core.Lines)}},
		register.Verb[Reply]{Name: "reply", Label: core.T("答复客户", "Reply"), Roles: handlers(), Primary: true, Clause: "C11.4", Can: checked("reply", canReply), Do: register.Doing(Answer), Fields: []core.Field[Reply]{
			core.Ask("how", "方式", "How", func(r *Reply) any { return &r.How }, core.Required, core.Radio[Reply](replies())), core.Ask("text", "答复内容", "Reply", func(r *Reply) any { return &r.Text }, core.Required, core.Lines),
			core.Ask("business", "出面协商:业务部门经理", "Negotiated by: business manager", func(r *Reply) any { return &r.Business }), core.Ask("relations", "出面协商:客户关系经理", "Negotiated by: customer relations manager", func(r *Reply) any { return &r.Relations })}},
		register.Verb[Opinion]{Name: "opinion", Label: core.T("客户意见", "Customer's opinion"), Roles: handlers(), Primary: true, Clause: "D4.6", Can: checked("opinion", canOpine), Do: register.Doing(Opine), Fields: []core.Field[Opinion]{
			core.Ask("satisfied", "对结果", "With the result", func(o *Opinion) any { return &o.Satisfied }, core.Required, core.Radio[Opinion]([]core.Choice{{Value: "yes", Label: core.T("满意", "Satisfied")}, {Value: "no", Label: core.T("不满意", "Not satisfied")}})),
			core.Ask("signer", "签署人", "Signed by", func(o *Opinion) any { return &o.Signer }), core.Ask("signature", "商户签名", "Merchant's signature", func(o *Opinion) any { return &o.Signature }, func(f *core.Field[Opinion]) { f.Kind = core.KindSignature }),
			core.Ask("comment", "意见", "Opinion", func(o *Opinion) any { return &o.Comment }, core.Lines)}},
	}
}

func lastVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[Close]{Name: "close", Label: core.T("记录归档", "Record and file"), Roles: heads(), Primary: true, Clause: "C11.2", Can: checked("close", canClose), Do: register.Doing(CloseCase), Fields: []core.Field[Close]{
			core.Ask("evaluation", "总结评价", "Evaluation", func(c *Close) any { return &c.Evaluation }, core.Lines), core.Ask("improvement", "改善对策", "Improvement", func(c *Close) any { return &c.Improvement }, core.Lines),
			core.Ask("delay_by", "延误责任人", "Who caused the delay", func(c *Close) any { return &c.DelayBy }), core.Ask("delay_reason", "延误原因", "Reason of the delay", func(c *Close) any { return &c.DelayReason }, core.Lines),
			core.Ask("loss", "损失", "Loss", func(c *Close) any { return &c.Loss }), core.Ask("liability", "责任处理", "Responsibility", func(c *Close) any { return &c.Liability }, core.Lines)}},
		register.Verb[File]{Name: "file", Label: core.T("重大投诉报备", "Report the major complaint"), Roles: heads(), Primary: true, Clause: "C13.3", Can: checked("file", canFile), Do: register.Doing(FileMajor), Fields: []core.Field[File]{
			core.Ask("superior", "报备的上级", "Reported to", func(f *File) any { return &f.Superior }), core.Ask("legal", "法务", "Legal affairs", func(f *File) any { return &f.Legal }), core.Ask("team", "处理小组成员", "Team", func(f *File) any { return &f.Team }, core.Lines),
			core.Ask("minutes", "会议记录", "Minutes", func(f *File) any { return &f.Minutes }, core.Lines)}},
		register.Verb[Report]{Name: "report", Label: core.T("调查报告", "Investigation report"), Roles: handlers(), Clause: "C1.3", Can: checked("report", canReport), Do: register.Doing(FileReport), Fill: fillReport, Fields: reportFields()},
	}
}

func reportFields() []core.Field[Report] {
	return []core.Field[Report]{core.Ask("cause", "原因", "Cause", func(r *Report) any { return &r.Cause }, core.Lines), core.Ask("course", "经过", "Course of events", func(r *Report) any { return &r.Course }, core.Lines),
		core.Ask("responsible", "责任者", "Person responsible", func(r *Report) any { return &r.Responsible }, core.Lines), core.Ask("conclusion", "结论", "Conclusion", func(r *Report) any { return &r.Conclusion }, core.Lines),
		core.Ask("remedy", "对策", "Remedy", func(r *Report) any { return &r.Remedy }, core.Lines), core.Ask("prevention", "防范措施", "Prevention", func(r *Report) any { return &r.Prevention }, core.Lines)}
}

// fillReport starts from the last report, or from what the solution says already.
func fillReport(ctx context.Context, tx db.Tx, id core.ID, r *Report) error {
	c, err := Get(ctx, tx, id)
	if *r = c.Report; c.Report == (Report{}) {
		r.Cause, r.Responsible, r.Remedy = c.Cause, c.Responsible, c.Solution
	}
	return err
}

func sideVerbs() []register.Verber {
	word := func(zh, en string) []core.Field[Word] {
		return []core.Field[Word]{core.Ask("text", zh, en, func(w *Word) any { return &w.Text }, core.Required, core.Lines)}
	}
	return []register.Verber{
		register.Verb[Letter]{Name: "letter", Label: core.T("来件登记", "Register the letter"), Roles: handlers(), Clause: "D4.5", Can: checked("letter", canLetter), Do: register.Doing(Register), Fields: []core.Field[Letter]{
			core.Ask("number", "来件编号", "Letter number", func(l *Letter) any { return &l.Number }), core.Ask("to", "原件呈送", "Original submitted to", func(l *Letter) any { return &l.To }),
			{Name: "copies", Label: core.T("复印件", "Copy"), Ptr: func(l *Letter) any { return &l.Copies }, Kind: core.KindPhoto, Max: 20}}},
		register.Verb[Evidence]{Name: "evidence", Label: core.T("添加材料", "Add evidence"), Roles: handlers(), Can: checked("evidence", canAttach), Do: register.Doing(AddEvidence), Said: core.T("已添加", "Added"), Fields: []core.Field[Evidence]{
			core.Ask("what", "是什么", "What it is", func(e *Evidence) any { return &e.What }, core.Required, func(f *core.Field[Evidence]) {
				f.Hint = core.T("现场照片、录音、聊天截图", "Photographs of the place, a recording, a screenshot")
			}),
			{Name: "files", Label: core.T("照片或文件", "Photographs or files"), Ptr: func(e *Evidence) any { return &e.Files }, Kind: core.KindFile, Required: true, Max: 20}}},
		register.Verb[Promise]{Name: "promise", Label: core.T("约定下次回复", "Agree the next reply"), Roles: handlers(), Clause: "D4.4", Can: checked("promise", canPromise), Do: register.Doing(AgreeNext), Fields: []core.Field[Promise]{
			core.Ask("next", "下次回复时间", "Next reply", func(p *Promise) any { return &p.Next }, core.Required), core.Ask("told", "已告知客户", "What the customer was told", func(p *Promise) any { return &p.Told }, core.Required, core.Lines)}},
		register.Verb[Extend]{Name: "extend", Label: core.T("延期", "Extend"), Roles: handlers(), Clause: "A6.2", Can: checked("extend", canExtend), Do: register.Doing(Prolong), Fields: []core.Field[Extend]{
			core.Ask("until", "延期至", "Until", func(e *Extend) any { return &e.Until }, core.Required), core.Ask("reason", "原因", "Reason", func(e *Extend) any { return &e.Reason }, core.Lines),
			core.Ask("consent", "取得谁的理解", "Who consented", func(e *Extend) any { return &e.Consent }), core.Ask("how", "方式", "How", func(e *Extend) any { return &e.How })}},
		register.Verb[Word]{Name: "follow", Label: core.T("总部督促跟进", "Head office follows up"), Roles: headOffice(), Clause: "B7.2", Can: checked("follow", canFollow), Do: register.Doing(Follow), Fields: word("督促内容和跟进结果", "What was asked, and the result")},
		register.Verb[Word]{Name: "void", Label: core.T("作废", "Void"), Roles: heads(), Danger: true, Can: checked("void", canVoid), Do: register.Doing(Void), Fields: word("理由", "Reason")},
		draftVerb(), submitVerb(),
	}
}
