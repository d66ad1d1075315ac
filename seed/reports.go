package seed

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/report"
)

// weeksReported is for how many weeks back the demo has weekly reports.
const weeksReported = 10

// weekly issues last week's complaint report on Monday morning.
func (t *town) weekly(ctx context.Context, tx db.Tx, morning time.Time) error {
	today := core.DateOf(morning, t.place.Zone)
	if today.Weekday() != time.Monday || t.days-t.today > weeksReported*7 || t.today < 7 || morning.Add(2*time.Hour).After(t.now) {
		return nil
	}
	_, err := t.issue(at(ctx, morning.Add(2*time.Hour)), tx, report.Weekly, today.Add(-7), report.Text{Conclusion: "各项投诉均已转派,重复事项列入巡查"})
	return err
}

// issue composes a report, writes into it and submits it.
func (t *town) issue(ctx context.Context, tx db.Tx, kind string, day core.Date, text report.Text) (core.ID, error) {
	ctx = t.one(ctx, core.Supervisor)
	id, err := report.Compose(ctx, tx, report.Draft{Kind: kind, Day: day})
	if err == nil {
		err = report.Edit(ctx, tx, id, text)
	}
	if err == nil {
		err = report.Submit(ctx, tx, id)
	}
	if err != nil {
		return 0, fmt.Errorf("%s of %s: %w", kind, day, err)
	}
	return id, nil
}

// reports are the reports of the month before: complaints, work, and at a quarter's end the analysis.
func (t *town) reports(ctx context.Context, tx db.Tx, month core.Month) error {
	last := month.Add(-1)
	if _, err := t.issue(ctx, tx, report.Monthly, last.First(), report.Text{Conclusion: "投诉以噪音和电梯等候为主,均在期限内办结"}); err != nil {
		return err
	}
	if _, err := t.issue(ctx, tx, report.Work, last.First(), report.Text{Conclusion: "本月接听率和按时联系率达标", Plan: "周一早高峰前台增派一人"}); err != nil {
		return err
	}
	if int(last.First().Time(time.UTC).Month())%3 != 0 {
		return nil
	}
	_, err := t.issue(ctx, tx, report.Analysis, last.First(), report.Text{Conclusion: "报修集中在周一上午,给排水和空调占多数;餐饮和物流客户诉求最多", Plan: "周一上午安排两名维修值守;每季为餐饮客户疏通一次排水"})
	return err
}

// operations sends customers last month's operations report; the copies on paper are signed for a few days later, this
// month's not all yet.
func (t *town) operations(ctx context.Context, tx db.Tx, month core.Month) error {
	id, err := t.issue(ctx, tx, report.Operations, month.Add(-1).First(), report.Text{Conclusion: "感谢各位业户的支持与监督", Facility: "电梯、空调、给排水按计划保养,报修均在约定时间到场", Environment: "公共区域每日清扫消毒,绿植按期养护", Safety: "消防设施月检合格,夜间巡更无异常", Plan: "月中清洗外墙,届时提前通知"})
	if err == nil {
		err = t.approve(t.later(ctx, 2), tx, core.Manager, report.Kind().Ref(ctx, id))
	}
	if err == nil {
		err = report.Send(t.one(t.later(ctx, 3), core.Supervisor), tx, id)
	}
	if err != nil {
		return err
	}
	rs, err := report.Receipts(ctx, tx, id)
	if t.monthsAgo(month) == 0 { // some are still to be delivered
		rs = rs[:len(rs)*3/4]
	}
	var ids []string
	for _, r := range rs {
		ids = append(ids, r.ID.String())
	}
	if err != nil || len(ids) == 0 {
		return err
	}
	return report.SignPapers(t.one(t.later(ctx, 5), core.Desk), tx, id, report.Signature{Receipts: ids, Signer: "各业户前台", Day: core.Today(ctx)})
}

// later is a context some hours on.
func (t *town) later(ctx context.Context, hours int) context.Context {
	return at(ctx, core.Now(ctx).Add(time.Duration(hours)*time.Hour))
}

// announce publishes the month's announcement to owners (B4.7).
func (t *town) announce(ctx context.Context, tx db.Tx, month core.Month) error {
	titles := []string{"外墙清洗通知", "消防演练通知", "空调换季保养通知", "电梯年检通知"}
	title := titles[int(month.First().Time(time.UTC).Month())%len(titles)]
	_, err := report.Announce(t.one(ctx, core.Supervisor), tx, report.Announcement{Title: title, Text: title + ":具体时间见公告栏,给您带来不便敬请谅解。", Places: "大堂公告栏、各层电梯间、业主群", Day: core.Today(ctx)})
	return err
}

// mailing schedules the weekly report for the leaders.
func (t *town) mailing(ctx context.Context, tx db.Tx) error {
	_, err := report.SetSchedule(t.one(ctx, core.Supervisor), tx, 0, report.Schedule{Kind: report.Weekly, Day: 1, Clock: "10:30", Lang: string(core.ZH), Users: []string{t.staff[core.Manager][0].ID.String(), t.staff[core.GM][0].ID.String()}})
	return err
}
