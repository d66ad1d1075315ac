package seed

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/dispute"
	"huiyin/module/visit"
)

// quarrel is one dispute of the demo, as it is taken down.
type quarrel struct {
	title, sort, content string
	amount               core.Money
	parties              []int    // units, by the order in which they were let; none: us
	opinions             []string // of the parties, in their order
	talk, outcome        string
}

// The disputes of the demo.
const (
	settledCase   = iota // settled, performed and closed
	performedCase        // settled with us; the second payment is to come
	legalCase            // not settled: the parties were shown the legal route
	mediatedCase         // taken down yesterday
)

const us = -1

func quarrels() []quarrel {
	return []quarrel{
		{"装修损坏走廊地砖", "customers", "隔壁装修搬运石膏板,压裂门前走廊地砖六块,客户进出不便", 480_000, []int{2, 3}, []string{"装修单位已承认,愿意更换地砖,希望按成本价", "要求一周内换好,并补偿三天保洁费"}, "双方到现场清点破损地砖,商定更换和补偿办法", "达成一致"},
		{"空调冷凝水损坏样品", "us", "走廊空调冷凝水管脱落,滴湿门口展柜内样品", 920_000, []int{4, us}, []string{"样品无法再用,要求按进价赔偿", "管道属公共设施,同意维修;赔偿分两次支付"}, "核对样品进价单和受损照片,商定维修和分期赔偿", "达成一致"},
		{"合用仓库的费用分摊", "customers", "两家合用仓库,一方退出后对电费和押金怎样分有争议", 1_560_000, []int{8, 9}, []string{"电表没有分开,应当各半", "去年起只用三分之一,不同意各半"}, "查看抄表记录和双方协议,协议没有约定分摊办法", "各持己见,未能达成一致"},
		{"楼上渗水损坏货物", "customers", "楼上茶水间软管脱落,水渗入楼下库房,纸箱货物受潮", 1_280_000, []int{0, 1}, []string{"", "要求按进价赔偿受潮货物,并尽快恢复库房"}, "", ""}}
}

// disputes are those of the last month: each step on its day.
func (t *town) disputes(ctx context.Context, tx db.Tx, morning time.Time) error {
	if len(t.units) < 10 || t.today == t.days {
		return nil
	}
	mediator := func(hour int) context.Context {
		return t.one(at(ctx, morning.Add(time.Duration(hour)*time.Hour)), core.Supervisor)
	}
	for _, s := range []struct {
		left int // days to the last
		do   func() error
	}{
		{27, func() error { return t.quarrel(mediator(2), tx, settledCase) }},
		{26, func() error { return t.talk(mediator(7), tx, settledCase) }},
		{26, func() error {
			return t.agree(mediator(8), tx, settledCase, "装修方更换破损地砖,并补偿三天保洁费 600 元", act{0, "更换走廊地砖六块,恢复原样", 20}, act{0, "支付保洁补偿 600 元", 18})
		}},
		{21, func() error { return t.perform(mediator(6), tx, settledCase, 0, "地砖已更换,双方现场验收") }},
		{19, func() error { return t.perform(mediator(3), tx, settledCase, 1, "转账凭证已核对") }},
		{18, func() error {
			return dispute.Close(mediator(4), tx, t.cases[settledCase], dispute.Word{Text: "协议已全部履行,双方确认无争议"})
		}},
		{13, func() error { return t.quarrel(mediator(3), tx, performedCase) }},
		{12, func() error { return t.talk(mediator(6), tx, performedCase) }},
		{12, func() error {
			return t.agree(mediator(7), tx, performedCase, "我方修复冷凝水管,赔偿 9,200 元,分两次支付", act{1, "修复冷凝水管并加装接水盘", 8}, act{1, "支付第一笔赔偿 4,600 元", 5}, act{1, "支付第二笔赔偿 4,600 元", -14})
		}},
		{9, func() error {
			return t.perform(mediator(5), tx, performedCase, 0, "工程部修复,客户现场确认不再滴水")
		}},
		{6, func() error { return t.perform(mediator(5), tx, performedCase, 1, "转账凭证已交客户签收") }},
		{24, func() error { return t.quarrel(mediator(4), tx, legalCase) }},
		{20, func() error { return t.talk(mediator(6), tx, legalCase) }},
		{11, func() error {
			return dispute.Fail(mediator(3), tx, t.cases[legalCase], dispute.Word{Text: "两次协商,双方对分摊比例各持己见"})
		}},
		{11, func() error {
			return dispute.Advise(mediator(4), tx, t.cases[legalCase], dispute.Guidance{Route: "committee", Text: "建议先到街道人民调解委员会调解;不成的可向人民法院起诉。已告知需要准备的材料。"})
		}},
		{1, func() error {
			return t.quarrel(t.one(at(ctx, t.now.Add(-15*time.Hour)), core.Supervisor), tx, mediatedCase)
		}},
	} {
		if t.left() != s.left {
			continue
		}
		if err := s.do(); err != nil {
			return fmt.Errorf("a dispute, %d days before the last: %w", s.left, err)
		}
	}
	return nil
}

// quarrel takes a dispute down and hears its parties.
func (t *town) quarrel(ctx context.Context, tx db.Tx, which int) error {
	q := quarrels()[which]
	in := dispute.Intake{Title: q.title, Sort: q.sort, Content: q.content, Place: t.units[q.parties[0]].code, Amount: q.amount}
	for _, k := range q.parties {
		if k == us {
			in.Parties = append(in.Parties, dispute.Side{Kind: dispute.PartyUs})
			continue
		}
		u := t.units[k]
		in.Parties = append(in.Parties, dispute.Side{Kind: dispute.PartyCustomer, Customer: u.customer, Person: core.Personal(u.contact), Phone: u.phone})
	}
	d, err := dispute.Take(ctx, tx, in)
	if err != nil {
		return err
	}
	t.cases[which] = d.Ref.ID
	ps, err := dispute.Parties(ctx, tx, d.Ref.ID)
	for i, p := range ps {
		if err == nil && q.opinions[i] != "" {
			err = dispute.Opine(t.later(ctx, 1), tx, d.Ref.ID, dispute.Opinion{Party: p.ID, Text: q.opinions[i], Evidence: "照片与清单"})
		}
	}
	return err
}

// talk is the talk between the parties with its minutes.
func (t *town) talk(ctx context.Context, tx db.Tx, which int) error {
	q := quarrels()[which]
	return dispute.Minute(ctx, tx, t.cases[which], dispute.Meeting{Place: "管理处会议室", Present: "双方当事人、客服主管", Minutes: q.talk, Outcome: q.outcome})
}

// act is what a party promises, by its number in the dispute, up to so many days before the demo's last.
type act struct {
	party int
	what  string
	left  int
}

func (t *town) agree(ctx context.Context, tx db.Tx, which int, terms string, acts ...act) error {
	ps, err := dispute.Parties(ctx, tx, t.cases[which])
	if err != nil {
		return err
	}
	in := dispute.Agreement{Terms: terms}
	for _, a := range acts {
		in.Acts = append(in.Acts, dispute.Duty{Party: ps[a.party].ID, What: a.what, Due: core.Today(ctx).Add(t.left() - a.left)})
	}
	if err := dispute.Agree(ctx, tx, t.cases[which], in); err != nil {
		return err
	}
	return dispute.Sign(t.later(ctx, 1), tx, t.cases[which], dispute.Signing{By: "各方当事人"})
}

func (t *town) perform(ctx context.Context, tx db.Tx, which, n int, evidence string) error {
	as, err := dispute.Acts(ctx, tx, t.cases[which])
	if err != nil {
		return err
	}
	return dispute.Perform(ctx, tx, as[n].Ref.ID, dispute.Word{Text: evidence})
}

// reassured sets the warnings about the parties of the disputes aside: that they quarrel does not mean that they leave.
func (t *town) reassured(ctx context.Context, tx db.Tx) error {
	if err := visit.Recompute(ctx, tx); err != nil {
		return err
	}
	for _, which := range []int{performedCase, legalCase} {
		for _, k := range quarrels()[which].parties {
			if k == us {
				continue
			}
			if err := t.lookInto(ctx, tx, t.units[k].customer, "纠纷按程序办理中,经营正常,没有搬离迹象"); err != nil {
				return err
			}
		}
	}
	return nil
}
