package complaint

import (
	"context"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/house"
	"huiyin/module/desk"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

// ---- the next reply and extensions (D4.4, A6.2)

// Promise is an agreed time for the next reply.
type Promise struct {
	Next time.Time
	Told string // what the customer was told now
}

func canPromise(_ context.Context, _ db.Tx, c Case) error {
	if c.State == StateReplied || c.State == StateSettled {
		return in(c, StateAccepted)
	}
	return running(c)
}

// AgreeNext records what the customer was told and when he hears next, which is owed then (D4.4).
func AgreeNext(ctx context.Context, tx db.Tx, id core.ID, p Promise) error {
	if !p.Next.After(core.Now(ctx)) {
		return core.Invalid("next", "下次回复时间要晚于现在", "The next reply has to be later than now")
	}
	payload := map[string]string{"when": p.Next.In(core.ProjectOf(ctx).Zone).Format("01-02 15:04"), "told": p.Told}
	return change(ctx, tx, id, canPromise, "promised", payload, func(c *Case) error {
		if err := addNote(ctx, tx, *c, "reply", "oral", p.Told); err != nil {
			return err
		}
		if err := desk.Contacted(ctx, tx, c.Matter, p.Told); err != nil {
			return err
		}
		return promise(ctx, tx, c, p.Next)
	})
}

// promise closes the running promise, since the customer was spoken to, and opens the next.
func promise(ctx context.Context, tx db.Tx, c *Case, next time.Time) error {
	if err := duty.Done(ctx, tx, "D4.4", c.Ref); err != nil {
		return err
	}
	c.Next = next
	return duty.Open(ctx, tx, "D4.4", c.Ref, duty.Due(next), duty.To(c.Handler), duty.Again(), owes(ctx, *c, "按约定再次答复客户:%s", "The promised next reply: %s"))
}

// Extend moves the case's terms, with the customer's consent.
type Extend struct {
	Until   time.Time
	Reason  string
	Consent core.Personal // who agreed
	How     string
}

func canExtend(_ context.Context, _ db.Tx, c Case) error {
	return in(c, StateNew, StateJudged, StateAccepted, StateSolving, StateApproved, StateFinished)
}

// Prolong extends the running terms (A6.2): the delay is explained and the customer's consent on record.
func Prolong(ctx context.Context, tx db.Tx, id core.ID, e Extend) error {
	payload := map[string]any{"when": e.Until.In(core.ProjectOf(ctx).Zone).Format("01-02 15:04"), "reason": e.Reason, "by": e.Consent, "how": e.How}
	return change(ctx, tx, id, canExtend, "extended", payload, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "A6.2", core.Filled(e.Reason, string(e.Consent)), "延期须说明原因,并取得客户理解", "An extension needs its reason and the customer's consent"); err != nil {
			return err
		}
		if !e.Until.After(core.Now(ctx)) {
			return core.Invalid("until", "延期要晚于现在", "The new term has to be later than now")
		}
		c.Until, c.Consent = e.Until, e.Consent
		return moveTerms(ctx, tx, *c, e.Until)
	})
}

// moveTerms puts the open terms that end before a time off until then.
func moveTerms(ctx context.Context, tx db.Tx, c Case, until time.Time) error {
	ds, err := duty.Of(ctx, tx, c.Ref)
	for _, d := range ds {
		ladder := d.Clause == "C1.5" || d.Clause == "D4.5" || d.Clause == "C11.1"
		if err != nil || d.State != duty.StateOpen || !ladder || !d.Due.Before(until) {
			continue
		}
		if err = duty.Void(ctx, tx, d.Clause, c.Ref, "客户同意延期"); err == nil {
			err = duty.Open(ctx, tx, d.Clause, c.Ref, duty.Due(until), duty.To(d.User), duty.Again(), duty.About(d.Title, d.URL))
		}
	}
	return err
}

// ---- evidence: photographs, recordings, screenshots of talks

// Evidence is what shows how it was.
type Evidence struct {
	What  string
	Files []core.Upload
}

func canAttach(_ context.Context, _ db.Tx, c Case) error { return running(c) }

// AddEvidence attaches what shows how it was to a case that is open.
func AddEvidence(ctx context.Context, tx db.Tx, id core.ID, e Evidence) error {
	return change(ctx, tx, id, canAttach, "evidence", map[string]any{"what": e.What, "count": len(e.Files)}, func(c *Case) error {
		return attach(ctx, tx, *c, "evidence", e.Files)
	})
}

func attach(ctx context.Context, tx db.Tx, c Case, role string, ups []core.Upload) error {
	for _, up := range ups {
		if _, err := file.Attach(ctx, tx, c.Ref, role, up); err != nil {
			return err
		}
	}
	return nil
}

// ---- letters (D4.5)

// Letter is a written complaint's registration.
type Letter struct {
	Number string
	To     string // to whom the original went
	Copies []core.Upload
}

func canLetter(_ context.Context, _ db.Tx, c Case) error {
	if !c.Written {
		return register.Later("不是书面投诉", "It is not a written complaint")
	}
	return running(c)
}

// Register registers the letter, files its copy and says to whom the original went (D4.5).
func Register(ctx context.Context, tx db.Tx, id core.ID, l Letter) error {
	return change(ctx, tx, id, canLetter, "letter", map[string]string{"letter": l.Number, "superior": l.To}, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "D4.5", core.Filled(l.Number, l.To) && len(l.Copies) > 0, "来件要登记、复印存档、原件呈领导", "The letter is registered, a copy filed, the original submitted to the superior"); err != nil {
			return err
		}
		c.LetterNo, c.LetterTo = l.Number, l.To
		if err := attach(ctx, tx, *c, "letter", l.Copies); err != nil {
			return err
		}
		return put(ctx, tx, *c)
	})
}

// ---- 复 the reply (C11.4, C1.4, C13.4, D4.5)

// Reply is what the customer is told.
type Reply struct {
	How       string // "letter", "oral"
	Text      string
	Business  string // who negotiated a major complaint: the business department's manager
	Relations string // and the customer relations manager
}

// canReply: C11.4 nothing is told before it was approved; C1.4 of a major one the report went up to the general manager.
func canReply(ctx context.Context, tx db.Tx, c Case) error {
	if err := in(c, StateFinished, StateApproved, StateSolving); err != nil {
		return err
	}
	if err := regulation.Require(ctx, tx, "C11.4", !c.Approved.IsZero(), "解决办法还没有批准,不能答复客户", "The solution has not been approved; the customer cannot be told"); err != nil {
		return err
	}
	return regulation.Require(ctx, tx, "C1.4", c.Level != Major || !c.Sealed.IsZero(), "重大投诉的调查报告还没有经总经理批准", "The general manager has not approved the report of this major complaint")
}

// Answer replies to the customer: in writing to who wrote (D4.5), of a major one after two managers negotiated (C11.4).
func Answer(ctx context.Context, tx db.Tx, id core.ID, r Reply) error {
	return change(ctx, tx, id, canReply, "replied", map[string]string{"how": r.How, "text": r.Text}, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "D4.5", !c.Written || r.How == "letter" && c.LetterNo != "", "书面投诉要先登记来件,并书面回函", "A written complaint is registered and answered by letter"); err != nil {
			return err
		}
		if err := regulation.Require(ctx, tx, "C11.4", c.Level != Major || core.Filled(r.Business, r.Relations), "重大投诉由业务部门经理与客户关系经理共同出面协商", "In a major complaint both managers negotiate: name them"); err != nil {
			return err
		}
		c.State, c.Replied, c.ReplyHow, c.Reply, c.Business, c.Relations = StateReplied, core.Now(ctx), r.How, r.Text, r.Business, r.Relations
		if c.Finished.IsZero() { // done with the word itself
			c.Finished = c.Replied
		}
		if err := addNote(ctx, tx, *c, "reply", r.How, r.Text); err != nil {
			return err
		}
		for _, clause := range []string{"C13.4", "D4.4", "D4.5"} {
			if err := duty.Done(ctx, tx, clause, c.Ref); err != nil {
				return err
			}
		}
		return desk.Contacted(ctx, tx, c.Matter, r.Text)
	})
}

// Opinion is what the customer says to the result, on the 《商户意见受理表》.
type Opinion struct {
	Satisfied string // "yes", "no"
	Signer    core.Personal
	Signature string // PNG as data URL
	Comment   string
}

func canOpine(_ context.Context, _ db.Tx, c Case) error { return in(c, StateReplied) }

// Opine records the customer's opinion; who is not satisfied has the case taken up again, a round further (D4.6).
func Opine(ctx context.Context, tx db.Tx, id core.ID, o Opinion) error {
	verb, payload := "satisfied", map[string]any{"signer": o.Signer, "comment": o.Comment}
	on, err := regulation.On(ctx, tx, "D4.6")
	if err != nil {
		return err
	}
	if o.Satisfied != "yes" {
		verb = "dissatisfied"
	}
	return change(ctx, tx, id, canOpine, verb, payload, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "D4.4", o.Satisfied != "yes" || o.Signature != "" || c.Anonymous, "《商户意见受理表》要由商户签署意见", "The merchant signs the opinion on the form"); err != nil {
			return err
		}
		c.Satisfied, c.Opined, c.Signer, c.Comment = o.Satisfied, core.Now(ctx), o.Signer, o.Comment
		if o.Signature != "" {
			up, err := file.FromDataURL(o.Signature)
			if err == nil {
				_, err = file.Attach(ctx, tx, c.Ref, file.Signature, up)
			}
			if err != nil {
				return err
			}
		}
		if o.Satisfied == "yes" {
			c.State = StateSettled
			return nil
		}
		if !on {
			return nil
		}
		c.Round++
		payload["round"] = c.Round
		return reopen(ctx, tx, c)
	})
}

// reopen takes the case up again: everything of the round anew, and its terms.
func reopen(ctx context.Context, tx db.Tx, c *Case) error {
	zero := time.Time{}
	c.State, c.Asked, c.Solved, c.Approved, c.Finished, c.Replied, c.Next, c.Until = StateAccepted, zero, zero, zero, zero, zero, zero, zero
	c.Reported, c.Sealed, c.Followed = zero, zero, zero
	if err := duty.Done(ctx, tx, "C1.5", c.Ref); err != nil {
		return err
	}
	return ladder(ctx, tx, c, core.Now(ctx))
}

func canReopen(_ context.Context, _ db.Tx, c Case) error {
	return in(c, StateFinished, StateReplied, StateSettled, StateClosed)
}

// Reopen takes a case up again, filed or not, because its follow-up found the customer dissatisfied (C14.7).
func Reopen(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	payload := map[string]any{"reason": core.Personal(w.Text)}
	return change(ctx, tx, id, canReopen, "reopened", payload, func(c *Case) error {
		if err := desk.Reopen(ctx, tx, c.Matter, w.Text); err != nil {
			return err
		}
		c.Open, c.Closed, c.Satisfied, c.Opined, c.Comment = true, time.Time{}, "no", core.Now(ctx), w.Text
		c.Round++
		payload["round"] = core.ID(c.Round).String()
		if err := duty.VoidAll(ctx, tx, c.Ref, w.Text); err != nil {
			return err
		}
		if c.Handler == 0 { // nobody has it: it is passed on
			if err := passOn(ctx, tx, *c); err != nil {
				return err
			}
		}
		return reopen(ctx, tx, c)
	})
}

// ---- 报 major complaints (C13.3)

// File is the report of a major complaint within 24 hours.
type File struct {
	Superior string
	Legal    string
	Team     string
	Minutes  string
}

func canFile(_ context.Context, _ db.Tx, c Case) error {
	if c.Level != Major {
		return register.Later("一般投诉不需报备", "An ordinary complaint is not reported")
	}
	return running(c)
}

// FileMajor reports the major complaint to the superior and legal affairs, with team and minutes (C13.3).
func FileMajor(ctx context.Context, tx db.Tx, id core.ID, f File) error {
	return change(ctx, tx, id, canFile, "filed", map[string]string{"superior": f.Superior, "legal": f.Legal, "team": f.Team}, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "C13.3", core.Filled(f.Superior, f.Legal, f.Team, f.Minutes), "要写明报备的上级、法务,处理小组成员和会议记录", "Name the superior and legal affairs, the team, and give the minutes"); err != nil {
			return err
		}
		c.Filed, c.FiledTo, c.Legal, c.Team, c.Minutes = core.Now(ctx), f.Superior, f.Legal, f.Team, f.Minutes
		return duty.Done(ctx, tx, "C13.3", c.Ref)
	})
}

// ---- head office (B7.2)

// Word is a verb's one text.
type Word struct{ Text string }

func canFollow(_ context.Context, _ db.Tx, c Case) error {
	if !c.CompanyLevel {
		return register.Later("不是公司级投诉", "It is not a complaint at company level")
	}
	return running(c)
}

// Follow records that head office presses for the case and follows its result (B7.2).
func Follow(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return change(ctx, tx, id, canFollow, "followed", map[string]string{"text": w.Text}, func(c *Case) error {
		c.Followed = core.Now(ctx)
		return addNote(ctx, tx, *c, "follow", "", w.Text)
	})
}

// ---- the investigation report (C1.3, C1.4)

const reportVerb = "complaint.report"

func canReport(ctx context.Context, tx db.Tx, c Case) error {
	if err := in(c, StateAccepted, StateSolving, StateApproved, StateFinished, StateReplied, StateSettled); err != nil {
		return err
	}
	if !c.Sealed.IsZero() {
		return register.Later("调查报告已经批准", "The report is approved")
	}
	return nothingWaits(ctx, tx, c, reportVerb)
}

// FileReport files the investigation report, complete in its six parts (C1.3), and sends it up, level by level, to the
// general manager (C1.4).
func FileReport(ctx context.Context, tx db.Tx, id core.ID, r Report) error {
	on, err := regulation.On(ctx, tx, "C1.4")
	if err != nil {
		return err
	}
	return change(ctx, tx, id, canReport, "reported", r, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "C1.3", core.Filled(r.Cause, r.Course, r.Responsible, r.Conclusion, r.Remedy, r.Prevention), "调查报告要写明原因、经过、责任者、结论、对策、防范措施", "The report gives cause, course, person responsible, conclusion, remedy and prevention"); err != nil {
			return err
		}
		c.Report, c.Reported = r, core.Now(ctx)
		if !on {
			c.Sealed = c.Reported
			return nil
		}
		steps, err := passable(ctx, tx, *c, []approval.Step{{Role: core.Supervisor}, {Role: core.Manager}, {Role: core.GM}})
		if err == nil {
			_, err = approval.Ask(ctx, tx, approval.Request{Verb: reportVerb, About: c.Ref, Title: core.T("投诉调查报告:%s", "Investigation report: %s", c.title()), URL: href(ctx, id), Clause: "C1.4", Reason: "调查报告逐级审核"}, r, steps...)
		}
		return err
	})
}

// runReport is what the general manager's yes does.
func runReport(ctx context.Context, tx db.Tx, r approval.Request) error {
	check := func(_ context.Context, _ db.Tx, c Case) error { return running(c) }
	return change(ctx, tx, r.About.ID, check, "report-approved", nil, func(c *Case) error {
		c.Sealed = core.Now(ctx)
		return nil
	})
}

// ---- 记 closing (D4.4, D4.6, C11.2, B7.2)

// Close is the record of the whole.
type Close struct {
	Evaluation  string
	Improvement string
	DelayBy     string
	DelayReason string
	Liability   string // what the person and the head of department answer for
	Loss        core.Money
}

// canClose: every step has its record (D4.4), the customer was asked (C11.2) and is satisfied (D4.6), head office knows
// the result of what it took in (B7.2).
func canClose(ctx context.Context, tx db.Tx, c Case) error {
	if err := in(c, StateSettled, StateReplied, StateFinished, StateApproved); err != nil {
		return err
	}
	if err := regulation.Require(ctx, tx, "C11.2", !c.Opined.IsZero(), "还没有询问客户是否满意", "The customer has not been asked whether he is satisfied"); err != nil {
		return err
	}
	if err := regulation.Require(ctx, tx, "D4.6", c.Opined.IsZero() || c.Satisfied == "yes", "客户不满意,要重新处理直至满意", "The customer is not satisfied: it is handled again until he is"); err != nil {
		return err
	}
	if missing := missingStep(c); missing.Is() {
		text := core.T("六步还缺「%s」,不能归档", "The step “%s” has no record yet; the case cannot be filed", missing)
		if err := regulation.Require(ctx, tx, "D4.4", false, text.ZH, text.EN); err != nil {
			return err
		}
	}
	return regulation.Require(ctx, tx, "B7.2", !c.CompanyLevel || !c.Followed.IsZero(), "公司级投诉,总部还没有跟进结果", "Head office has not followed up the result of this company-level complaint")
}

// CloseCase files the case (C11.2): summed up, improved on, with who was responsible for a delay.
func CloseCase(ctx context.Context, tx db.Tx, id core.ID, in Close) error {
	return change(ctx, tx, id, canClose, "closed", map[string]string{"evaluation": in.Evaluation, "improvement": in.Improvement, "delay_by": in.DelayBy, "delay_reason": in.DelayReason, "liability": in.Liability}, func(c *Case) error {
		if err := regulation.Require(ctx, tx, "C11.2", core.Filled(in.Evaluation, in.Improvement), "要总结评价,并提出改善对策", "Sum it up and propose improvements"); err != nil {
			return err
		}
		late, err := lateClauses(ctx, tx, *c)
		if err == nil {
			err = regulation.Require(ctx, tx, "C11.2", len(late) == 0 || core.Filled(in.DelayBy, in.DelayReason), "处理有延误,要记录延误的受理人和原因", "Terms were missed: record who caused the delay, and why")
		}
		if err == nil {
			err = regulation.Require(ctx, tx, "C11.2", in.Loss == 0 || core.Filled(in.Liability), "有损失的要写明对责任人和部门主管的责任处理", "There was a loss: say how the person and the head of department answer for it")
		}
		if err != nil {
			return err
		}
		c.State, c.Open, c.Closed = StateClosed, false, core.Now(ctx)
		c.Evaluation, c.Improvement, c.DelayBy, c.DelayReason, c.Liability, c.Loss = in.Evaluation, in.Improvement, in.DelayBy, in.DelayReason, in.Liability, in.Loss
		return settle(ctx, tx, *c, c.Reply)
	})
}

// canVoid: what is under legal hold is not voided (L6).
func canVoid(ctx context.Context, tx db.Tx, c Case) error {
	if err := running(c); err != nil {
		return err
	}
	return house.Held(ctx, tx, c.Ref)
}

// Void takes a case out of lists and measures, with the reason; its duties count for nobody.
func Void(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return change(ctx, tx, id, canVoid, "voided", map[string]string{"reason": w.Text}, func(c *Case) error {
		c.State, c.Open, c.Reason = StateVoid, false, w.Text
		if err := duty.VoidAll(ctx, tx, c.Ref, w.Text); err != nil {
			return err
		}
		if err := markVoid(ctx, tx, *c, w.Text); err != nil {
			return err
		}
		if err := search.Remove(ctx, tx, c.Ref); err != nil {
			return err
		}
		return desk.Void(ctx, tx, c.Matter, w.Text, true)
	})
}
