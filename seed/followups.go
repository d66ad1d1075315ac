package seed

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/followup"
)

// followups are the day's calls and visits; in the evening the month's share is drawn. In the last days only what falls
// due is done, and today nothing yet: the clerks' morning list has work.
func (t *town) followups(ctx context.Context, tx db.Tx, morning time.Time) error {
	if t.today == t.days {
		return nil
	}
	is, err := followup.Waiting(at(ctx, morning), tx)
	if err != nil {
		return err
	}
	clock := morning.Add(70 * time.Minute)
	for _, i := range is {
		due := i.Due.Before(morning.Add(24 * time.Hour))
		if !due && (t.today >= t.days-2 || i.At.After(morning.Add(-20*time.Hour)) || t.rand.IntN(3) == 0) {
			continue
		}
		if err := t.followUp(ctx, tx, clock, i); err != nil {
			return fmt.Errorf("follow-up %s: %w", i.Number, err)
		}
		clock = clock.Add(7 * time.Minute)
	}
	evening := morning.Add(10 * time.Hour)
	if evening.After(t.now) {
		return nil
	}
	for _, month := range []core.Month{core.MonthOf(morning, t.place.Zone).Add(-1), core.MonthOf(morning, t.place.Zone)} {
		if _, err := followup.Sample(core.AsSystem(at(ctx, evening)), tx, month, 20); err != nil {
			return err
		}
	}
	return nil
}

// followUp asks one customer, and has the talk checked in the afternoon.
func (t *town) followUp(ctx context.Context, tx db.Tx, clock time.Time, i followup.Item) error {
	caller, checker := core.Desk, core.Supervisor
	switch i.Severity {
	case followup.Important:
		caller, checker = core.Supervisor, core.Manager
	case followup.Major:
		caller, checker = core.Manager, core.Supervisor
	}
	r := followup.Record{How: followup.ByPhone, Result: followup.Satisfied, Signer: i.Contact}
	if i.Occasion == followup.Complaint {
		r.How, r.Signature = followup.OnSite, t.sign
	}
	if t.rand.IntN(12) == 0 {
		r.Result, r.Opinion, r.Outcome = followup.NewOpinion, t.pick("希望周末也安排保洁", "大堂空调温度偏低", "希望提前一天通知停水", "访客登记能不能快一点"), "已记录并当即说明安排"
	}
	if err := followup.FollowUp(t.as(at(ctx, clock), caller), tx, i.Ref.ID, r); err != nil {
		return err
	}
	return followup.Remark(t.as(at(ctx, clock.Add(2*time.Hour)), checker), tx, i.Ref.ID, followup.Word{Text: t.pick("已阅,回访及时", "同意", "继续跟进客户意见")})
}

// followedUp reports the month's follow-ups to the company (C14.10).
func (t *town) followedUp(ctx context.Context, tx db.Tx, month core.Month) error {
	_, err := followup.SubmitMonth(t.as(ctx, core.Supervisor), tx, 0, followup.Submit{Month: month, Note: "按回访台账统计"})
	return err
}
