package repair

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/module/desk"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/search"
)

// ---- quote and consent (C17.2)

// Quote is what the work will cost.
type Quote struct {
	Lines []Line
	Note  string
}

func canQuote(_ context.Context, _ db.Tx, o Order) error {
	return in(o, StateArrived, StateQuoted)
}

// MakeQuote prices the work by the published standard (C17.2); making one says that the work is charged.
func MakeQuote(ctx context.Context, tx db.Tx, id core.ID, q Quote) error {
	payload := map[string]any{"note": q.Note}
	return change(ctx, tx, id, canQuote, "quoted", payload, func(o *Order) error {
		if err := replaceQuote(ctx, tx, *o); err != nil {
			return err
		}
		total := core.Money(0)
		for _, l := range q.Lines {
			v, standard, err := lineOf(ctx, tx, l, "quote")
			if err == nil {
				err = guard(ctx, tx, *o, "C17.2", standard, "费用须按公布的标准", "Charges follow the published rates")
			}
			if err == nil {
				err = addLine(ctx, tx, *o, v)
			}
			if err != nil {
				return err
			}
			total += v.Amount
		}
		o.State, o.Paid, o.Quoted, o.QuoteTotal, o.Total = StateQuoted, true, core.Now(ctx), total, total
		payload["total"] = total.String()
		return nil
	})
}

// Consent is the customer's answer to the quote: by signature, or by telephone with a name.
type Consent struct {
	How       string // "signature", "phone"
	By        core.Personal
	Signature string // PNG as data URL, for "signature"
	Declined  bool
	Reason    string // of declining
}

func canConsent(_ context.Context, _ db.Tx, o Order) error { return in(o, StateQuoted) }

// Agree records the customer's consent; declining goes back to before the quote.
func Agree(ctx context.Context, tx db.Tx, id core.ID, c Consent) error {
	if strings.TrimSpace(string(c.By)) == "" {
		return core.Invalid("by", "请写明是谁答复的", "Say who answered")
	}
	if c.Declined {
		return change(ctx, tx, id, canConsent, "declined", map[string]any{"reason": c.Reason, "by": c.By}, func(o *Order) error {
			o.State, o.QuoteTotal, o.Total = StateArrived, 0, 0
			return replaceQuote(ctx, tx, *o)
		})
	}
	if c.How == "signature" && c.Signature == "" {
		return core.Invalid("signature", "请客户签名,或选择电话同意", "Have the customer sign, or choose consent by telephone")
	}
	return change(ctx, tx, id, canConsent, "agreed", map[string]any{"how": c.How, "by": c.By}, func(o *Order) error {
		o.State, o.Consent, o.ConsentHow, o.ConsentBy = StateAgreed, core.Now(ctx), c.How, c.By
		return sign(ctx, tx, *o, "consent", c.Signature)
	})
}

// C17.2: charged work starts only once the customer has agreed to the quote.
func canStart(ctx context.Context, tx db.Tx, o Order) error {
	if err := in(o, StateArrived, StateQuoted, StateAgreed); err != nil {
		return err
	}
	if o.Consent.IsZero() && o.Paid {
		return guard(ctx, tx, o, "C17.2", false, "有偿维修,客户尚未同意报价", "Chargeable work: the customer has not agreed to the quote")
	}
	return nil
}

// Start begins the work.
func Start(ctx context.Context, tx db.Tx, id core.ID) error {
	return change(ctx, tx, id, canStart, "started", nil, func(o *Order) error {
		o.State, o.Started = StateWorking, core.Now(ctx)
		return nil
	})
}

// ---- materials

// Use is what was used up at the work.
type Use struct{ Lines []Line }

func canUse(_ context.Context, _ db.Tx, o Order) error {
	return in(o, StateWorking)
}

// UseMaterials takes materials from the store and books labour; the stock may not go below zero.
func UseMaterials(ctx context.Context, tx db.Tx, id core.ID, u Use) error {
	payload := map[string]string{}
	return change(ctx, tx, id, canUse, "used", payload, func(o *Order) error {
		names := []string{}
		for _, l := range u.Lines {
			v, _, err := lineOf(ctx, tx, l, "used")
			if err == nil && v.Kind == "material" {
				err = takeOut(ctx, tx, *o, v)
			}
			if err == nil {
				err = addLine(ctx, tx, *o, v)
			}
			if err != nil {
				return err
			}
			names = append(names, v.Name+" "+milli(v.Quantity).String()+v.Unit)
		}
		payload["name"] = strings.Join(names, "、")
		return nil
	})
}

func takeOut(ctx context.Context, tx db.Tx, o Order, v LineView) error {
	if err := move(ctx, tx, v.Item, o.Ref.ID, -v.Quantity, o.Number); err != nil {
		return err
	}
	return journal.Add(ctx, tx, MaterialKind().Ref(ctx, v.Item), "taken", map[string]string{"quantity": milli(v.Quantity).String(), "number": o.Number})
}

// ---- fixtures moved and damaged (C17.6)

// Moving is a fixture that has to be moved, who agreed to it, and what was damaged.
type Moving struct {
	What    string
	Consent string
	Damage  string
	Fen     core.Money // compensation
}

func canMove(_ context.Context, _ db.Tx, o Order) error {
	return in(o, StateArrived, StateQuoted, StateAgreed, StateWorking)
}

// Move records that fixtures inside the unit are moved, with the owner's consent (C17.6), and any damage at its price.
func Move(ctx context.Context, tx db.Tx, id core.ID, m Moving) error {
	return change(ctx, tx, id, canMove, "moved", map[string]string{"what": m.What, "consent": m.Consent, "damage": m.Damage}, func(o *Order) error {
		if err := guard(ctx, tx, *o, "C17.6", strings.TrimSpace(m.Consent) != "", "移动室内设施须业主同意", "Fixtures are moved only with the owner's consent"); err != nil {
			return err
		}
		if m.Fen > 0 && m.Damage == "" {
			return core.Invalid("damage", "请写明损坏了什么", "Say what was damaged")
		}
		o.Moved, o.MoveConsent, o.Damage, o.DamageFen = m.What, m.Consent, m.Damage, m.Fen
		return nil
	})
}

// ---- hold and resume

// Why is a verb's reason.
type Why struct{ Reason string }

func canHold(_ context.Context, _ db.Tx, o Order) error {
	return in(o, StateNew, StateDispatched, StateArrived, StateQuoted, StateAgreed, StateWorking)
}

// Hold suspends the order (待料); the customer is kept informed from now on (A3.5).
func Hold(ctx context.Context, tx db.Tx, id core.ID, w Why) error {
	return change(ctx, tx, id, canHold, "held", map[string]string{"reason": w.Reason}, func(o *Order) error {
		o.State, o.Held, o.Reason = StateHeld, o.State, w.Reason
		return desk.Waiting(ctx, tx, o.Matter)
	})
}

func canResume(_ context.Context, _ db.Tx, o Order) error {
	if o.State != StateHeld {
		return register.Later("这张单没有挂起", "The order is not on hold")
	}
	return nil
}

// Resume goes on where it was held.
func Resume(ctx context.Context, tx db.Tx, id core.ID) error {
	return change(ctx, tx, id, canResume, "resumed", nil, func(o *Order) error {
		o.State, o.Held, o.Reason = o.Held, "", ""
		return nil
	})
}

// ---- completion (D4.3, C17.6, C17.3)

// Finish is the technician's word that the work is done.
type Finish struct {
	Result    string
	Cleared   bool // 清场
	Tried     bool // 试用合格
	Photos    []core.Upload
	Signature string // the technician's, PNG as data URL
}

func canFinish(_ context.Context, _ db.Tx, o Order) error { return in(o, StateWorking) }

// Done records time and result with the technician's signature (D4.3).
func Done(ctx context.Context, tx db.Tx, id core.ID, f Finish) error {
	return change(ctx, tx, id, canFinish, "finished", map[string]any{"result": f.Result, "cleared": f.Cleared, "tried": f.Tried}, func(o *Order) error {
		if err := guard(ctx, tx, *o, "D4.3", f.Signature != "" && strings.TrimSpace(f.Result) != "", "完工要写明结果,并由维修人签名", "Completion needs the result and the technician's signature"); err != nil {
			return err
		}
		o.State, o.Finished, o.Result, o.Cleared, o.Tried = StateFinished, core.Now(ctx), f.Result, f.Cleared, f.Tried
		if err := sign(ctx, tx, *o, "technician", f.Signature); err != nil {
			return err
		}
		return attach(ctx, tx, *o, file.After, f.Photos)
	})
}

func canClear(_ context.Context, _ db.Tx, o Order) error {
	if err := in(o, StateFinished); err != nil {
		return err
	}
	if o.Cleared && o.Tried {
		return register.Later("已经清场并试用合格", "The site is cleared and the work tried")
	}
	return nil
}

// Clear records that the site is cleared and the work tried and good (C17.6).
func Clear(ctx context.Context, tx db.Tx, id core.ID) error {
	return change(ctx, tx, id, canClear, "cleared", nil, func(o *Order) error {
		o.Cleared, o.Tried = true, true
		return nil
	})
}

func canSlip(_ context.Context, _ db.Tx, o Order) error {
	if o.State == StateCancelled {
		return in(o, StateNew)
	}
	if o.Channel != "oral" {
		return register.Later("不是口头报修,不用补单", "The request was not made by word of mouth")
	}
	if !o.Slip.IsZero() {
		return register.Later("已经补单", "The order was written already")
	}
	return nil
}

// WriteSlip records that the paper of an order taken by word of mouth was written afterwards (补单, C17.3).
func WriteSlip(ctx context.Context, tx db.Tx, id core.ID) error {
	return change(ctx, tx, id, canSlip, "slip", nil, func(o *Order) error {
		o.Slip = core.Now(ctx)
		return nil
	})
}

// Sign is the customer's signature and rating, or why he would not sign, with a photo.
type Sign struct {
	Signature string
	Signer    core.Personal
	Attitude  int64
	Speed     int64
	Quality   int64
	Comment   string
	Refused   string // 拒签 reason
	Photos    []core.Upload
}

// canSign: C17.6 before the customer may sign the site is cleared and the work tried; C17.3 an oral order has its paper.
func canSign(ctx context.Context, tx db.Tx, o Order) error {
	if err := in(o, StateFinished); err != nil {
		return err
	}
	if err := guard(ctx, tx, o, "C17.6", o.Cleared && o.Tried, "还没有清场并试用合格,不能请客户签字", "The site is not cleared or the work not tried; the customer cannot be asked to sign"); err != nil {
		return err
	}
	return guard(ctx, tx, o, "C17.3", o.Channel != "oral" || !o.Slip.IsZero(), "口头报修还没有补单", "The order for this oral request has not been written yet")
}

// SignOff completes the order with the customer's signature and rating (D4.3), and with it the desk's matter.
func SignOff(ctx context.Context, tx db.Tx, id core.ID, s Sign) error {
	verb, payload := "signed", map[string]any{"signer": s.Signer, "attitude": s.Attitude, "speed": s.Speed, "quality": s.Quality}
	if s.Refused != "" {
		verb, payload = "refused", map[string]any{"reason": s.Refused}
	}
	return change(ctx, tx, id, canSign, verb, payload, func(o *Order) error {
		if err := checkSign(ctx, tx, *o, s); err != nil {
			return err
		}
		o.State, o.Open, o.Signed, o.Signer, o.Refused = StateClosed, false, core.Now(ctx), s.Signer, s.Refused
		o.Attitude, o.Speed, o.Quality, o.Comment = s.Attitude, s.Speed, s.Quality, s.Comment
		if err := sign(ctx, tx, *o, file.Signature, s.Signature); err != nil {
			return err
		}
		if err := attach(ctx, tx, *o, "refusal", s.Photos); err != nil {
			return err
		}
		for _, clause := range []string{"C17.1", "D4.2"} {
			if err := duty.Void(ctx, tx, clause, o.Ref, "已完工签字"); err != nil {
				return err
			}
		}
		return desk.Settle(ctx, tx, o.Matter, o.Result)
	})
}

// checkSign: D4.3 the user signs and rates; a refusal needs its reason and a photo of the work.
func checkSign(ctx context.Context, tx db.Tx, o Order, s Sign) error {
	if s.Refused != "" {
		if len(s.Photos) == 0 {
			return core.Invalid("photos", "拒签要附照片", "A refusal to sign needs a photo")
		}
		return nil
	}
	if err := guard(ctx, tx, o, "D4.3", s.Signature != "", "要用户签字,或写明拒签理由", "The user signs, or the reason for refusing is given"); err != nil {
		return err
	}
	for _, n := range []int64{s.Attitude, s.Speed, s.Quality} {
		if err := guard(ctx, tx, o, "D4.3", n >= 1 && n <= 5, "要用户评价态度、速度、质量(1 至 5 星)", "The user rates attitude, speed and quality, one to five"); err != nil {
			return err
		}
		if n < 0 || n > 5 {
			return core.Invalid("quality", "评价是 1 至 5 星", "A rating is one to five")
		}
	}
	return nil
}

// ---- rework and cancellation

func canRework(_ context.Context, _ db.Tx, o Order) error { return in(o, StateFinished, StateClosed) }

// Rework sends the order back because the work did not pass (不合格): a further round, dispatched anew.
func Rework(ctx context.Context, tx db.Tx, id core.ID, w Why) error {
	return change(ctx, tx, id, canRework, "reworked", map[string]string{"reason": w.Reason}, func(o *Order) error {
		if err := desk.Reopen(ctx, tx, o.Matter, w.Reason); err != nil { // A3.5: the customer is kept informed
			return err
		}
		o.State, o.Open, o.Round, o.Reason = StateDispatched, true, o.Round+1, w.Reason
		o.Cleared, o.Tried, o.Appoint, o.Arrived = false, false, time.Time{}, time.Time{}
		o.Finished, o.Signed, o.Started = time.Time{}, time.Time{}, time.Time{}
		o.Attitude, o.Speed, o.Quality = 0, 0, 0
		if o.Level == Major {
			o.Level, o.Rank = Urgent, rankOf(Urgent) // the water is off: rework has no three parties
		}
		return nil
	})
}

func canCancel(_ context.Context, _ db.Tx, o Order) error {
	return in(o, StateNew, StateDispatched, StateArrived, StateQuoted, StateAgreed, StateHeld)
}

// Cancel ends an order that is not to be done, with the reason. Its duties count for nobody.
func Cancel(ctx context.Context, tx db.Tx, id core.ID, w Why) error {
	return change(ctx, tx, id, canCancel, "cancelled", map[string]string{"reason": w.Reason}, func(o *Order) error {
		o.State, o.Open, o.Reason = StateCancelled, false, w.Reason
		if err := duty.VoidAll(ctx, tx, o.Ref, w.Reason); err != nil {
			return err
		}
		if err := moveVisit(ctx, tx, *o, w.Reason); err != nil {
			return err
		}
		if err := markVoid(ctx, tx, o.Ref, w.Reason); err != nil {
			return err
		}
		if err := search.Remove(ctx, tx, o.Ref); err != nil {
			return err
		}
		return desk.Void(ctx, tx, o.Matter, w.Reason, true)
	})
}

// ---- contractors (C18.1)

// Outside asks for a contractor or staff of another department.
type Outside struct {
	Company string
	Reason  string // why nobody of our own can go
}

// C18.1: only for an emergency.
func canOutside(ctx context.Context, tx db.Tx, o Order) error {
	if err := canDispatch(ctx, tx, o); err != nil {
		return err
	}
	if o.Level == Normal {
		return guard(ctx, tx, o, "C18.1", false, "只有紧急报修才可申请派外协", "Only an emergency may go to a contractor")
	}
	rs, err := approval.Of(ctx, tx, o.Ref)
	if err == nil && slices.ContainsFunc(rs, func(r approval.Request) bool { return r.Verb == outsideVerb && r.State == approval.Waiting }) {
		err = core.Conflict("派外协的申请正在等经理审批", "The request for a contractor waits for the manager")
	}
	return err
}

const outsideVerb = "repair.outside"

// AskOutside asks the manager's consent to send a contractor; with the clause off the contractor goes at once.
func AskOutside(ctx context.Context, tx db.Tx, id core.ID, out Outside) error {
	on, err := regulation.On(ctx, tx, "C18.1")
	if err != nil {
		return err
	}
	if !on {
		return sendOutside(ctx, tx, id, out, canOutside)
	}
	return change(ctx, tx, id, canOutside, "outside-asked", map[string]string{"company": out.Company, "reason": out.Reason}, func(o *Order) error {
		title := core.T("派外协 %s:%s %s", "Send %s: %s %s", out.Company, o.Number, o.UnitCode)
		_, err := approval.Ask(ctx, tx, approval.Request{Verb: outsideVerb, About: o.Ref, Title: title, URL: href(ctx, id), Clause: "C18.1", Reason: out.Reason},
			out, approval.Step{Role: core.Manager})
		return err
	})
}

// runOutside is what the manager's yes does.
func runOutside(ctx context.Context, tx db.Tx, r approval.Request) error {
	out, err := unmarshal[Outside](r.Input)
	if err != nil {
		return err
	}
	return sendOutside(ctx, tx, r.About.ID, out, canDispatch)
}

func sendOutside(ctx context.Context, tx db.Tx, id core.ID, out Outside, check func(context.Context, db.Tx, Order) error) error {
	return change(ctx, tx, id, check, "dispatched", map[string]string{"technician": out.Company, "reason": out.Reason, "why": bracketed(out.Reason)}, func(o *Order) error {
		o.Technician, o.TechnicianName, o.Outside = 0, out.Company, out.Company
		return sent(ctx, tx, o, time.Time{})
	})
}

func unmarshal[T any](s string) (T, error) {
	var v T
	err := json.Unmarshal([]byte(s), &v)
	return v, err
}
