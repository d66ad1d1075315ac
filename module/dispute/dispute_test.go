package dispute_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/house"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/module/dispute"
	"huiyin/testkit"
)

func filed(k *testkit.Kit, name string) (id core.ID) {
	k.Helper()
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(name), Category: customer.Ordinary, Consent: "written", ConsentBy: "陈静",
			Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}}})
		return err
	})
	return id
}

func try[In any](k *testkit.Kit, r core.Role, verb func(context.Context, db.Tx, core.ID, In) error, id core.ID, in In) error {
	k.Helper()
	return k.TryWrite(r, func(ctx context.Context, tx db.Tx) error { return verb(ctx, tx, id, in) })
}

func do[In any](k *testkit.Kit, verb func(context.Context, db.Tx, core.ID, In) error, id core.ID, in In) {
	k.Helper()
	k.Must(try(k, core.Supervisor, verb, id, in))
}

func intake(parties ...dispute.Side) dispute.Intake {
	return dispute.Intake{Title: "渗水损坏货物", Content: "楼上水管破裂,楼下货物受损", Place: "A1203", Amount: 1_200_000, Parties: parties}
}

func side(c core.ID) dispute.Side {
	return dispute.Side{Kind: dispute.PartyCustomer, Customer: c, Person: "陈静", Phone: "13800002231"}
}

func take(k *testkit.Kit, in dispute.Intake) (c dispute.Case, err error) {
	k.Helper()
	err = k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		var err error
		c, err = dispute.Take(ctx, tx, in)
		return err
	})
	return c, err
}

func get(k *testkit.Kit, id core.ID) (c dispute.Case, ps []dispute.Party, as []dispute.Act) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		if c, err = dispute.Get(ctx, tx, id); err == nil {
			ps, err = dispute.Parties(ctx, tx, id)
		}
		if err == nil {
			as, err = dispute.Acts(ctx, tx, id)
		}
		return err
	})
	return c, ps, as
}

// talked brings a dispute to where it can be settled: every side heard, one talk on record.
func talked(k *testkit.Kit, id core.ID) {
	k.Helper()
	_, ps, _ := get(k, id)
	for _, p := range ps {
		do(k, dispute.Opine, id, dispute.Opinion{Party: p.ID, Text: string(p.Name) + "的意见"})
	}
	do(k, dispute.Minute, id, dispute.Meeting{Present: "双方及主管", Minutes: "核对损失清单"})
}

// agreed settles a dispute: the first party pays, the second moves.
func agreed(k *testkit.Kit, id core.ID) []dispute.Act {
	k.Helper()
	talked(k, id)
	_, ps, _ := get(k, id)
	do(k, dispute.Agree, id, dispute.Agreement{Terms: "甲方赔偿 8000 元", Acts: []dispute.Duty{{Party: ps[0].ID, What: "支付 8000 元", Due: "2026-11-30"}, {Party: ps[1].ID, What: "搬离受损货物", Due: "2026-11-25"}}})
	_, _, as := get(k, id)
	return as
}

func owed(k *testkit.Kit, about core.Ref) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) { out, err = duty.Of(ctx, tx, about); return err })
	return out
}

func words(k *testkit.Kit, path string) string {
	k.Helper()
	return k.PaperLines(k.As(core.Supervisor).Get(path).Body)
}

func TestA6_3_BothSidesHeardAgreedPerformedOrShownTheLegalRoute(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		a, b := filed(k, "甲公司"), filed(k, "乙公司")
		_, err := take(k, intake(side(a)))
		k.Refused("A6.3", err)
		c, err := take(k, intake(side(a), side(b)))
		k.Must(err)
		id := c.Ref.ID
		if c.State != dispute.Mediating || !strings.HasPrefix(c.Number, "JF-202611-") || c.Sort != "customers" || c.MediatorBy != "周慧" {
			k.Errorf("taken: %+v", c)
		}
		_, ps, _ := get(k, id)
		terms := dispute.Agreement{Terms: "赔偿", Acts: []dispute.Duty{{Party: ps[0].ID, What: "支付", Due: "2026-11-30"}}}
		k.Refused("A6.3", try(k, core.Supervisor, dispute.Agree, id, terms))
		do(k, dispute.Opine, id, dispute.Opinion{Party: ps[0].ID, Text: "管道属公共部位", Evidence: "照片三张"})
		k.Refused("A6.3", try(k, core.Supervisor, dispute.Agree, id, terms)) // one side only
		do(k, dispute.Opine, id, dispute.Opinion{Party: ps[1].ID, Text: "应由楼上赔偿"})
		k.Refused("A6.3", try(k, core.Supervisor, dispute.Agree, id, terms)) // no talk
		k.Refused("A6.3", try(k, core.Supervisor, dispute.Fail, id, dispute.Word{Text: "谈不拢"}))
		do(k, dispute.Minute, id, dispute.Meeting{Present: "双方", Minutes: "核对损失清单", Outcome: "愿意各让一步"})
		k.Refused("A6.3", try(k, core.Supervisor, dispute.Agree, id, dispute.Agreement{Terms: "赔偿"})) // nothing to perform
		as := agreed(k, id)
		if ds := owed(k, as[1].Ref); len(as) != 2 || len(ds) != 1 || ds[0].Clause != "A6.3" || ds[0].Day != "2026-11-25" || ds[0].User != k.Users[core.Supervisor] {
			k.Fatalf("each act is followed: %+v %+v", as, ds)
		}
		k.Refused("A6.3", try(k, core.Supervisor, dispute.Close, id, dispute.Word{Text: "已解决"}))
		do(k, dispute.Perform, as[0].Ref.ID, dispute.Word{Text: "转账回单"})
		k.Refused("A6.3", try(k, core.Supervisor, dispute.Fail, id, dispute.Word{Text: "不履行"})) // nothing is broken yet
		do(k, dispute.Perform, as[1].Ref.ID, dispute.Word{Text: "已搬离"})
		do(k, dispute.Sign, id, dispute.Signing{By: "双方负责人", Papers: []core.Upload{file.FromBytes("signed.pdf", []byte("%PDF-1.4"))}})
		do(k, dispute.Close, id, dispute.Word{Text: "已解决"})
		if c, _, _ = get(k, id); c.State != dispute.Closed || c.Open || owed(k, as[0].Ref)[0].State != duty.StateDone {
			k.Errorf("closed: %+v", c)
		}

		other, err := take(k, intake(side(a), side(b)))
		k.Must(err)
		id = other.Ref.ID
		as = agreed(k, id)
		do(k, dispute.Break, as[0].Ref.ID, dispute.Word{Text: "逾期未付"})
		do(k, dispute.Fail, id, dispute.Word{Text: "甲方不履行协议"})
		k.Refused("A6.3", try(k, core.Supervisor, dispute.ToLegal, id, dispute.HandOver{To: "法务 李律师"}))
		k.Refused("A6.3", try(k, core.Supervisor, dispute.Close, id, dispute.Word{Text: "不管了"}))
		do(k, dispute.Advise, id, dispute.Guidance{Route: "court", Text: "告知可向区人民法院起诉"})
		do(k, dispute.ToLegal, id, dispute.HandOver{To: "法务 李律师", Note: "材料齐全"})
		if c, _, _ = get(k, id); c.State != dispute.Legal || !c.Held {
			k.Errorf("handed over: %+v", c)
		}
		if ds := owed(k, as[1].Ref); ds[0].State != duty.StateOpen {
			k.Errorf("what else was promised is %s while the matter is at law", ds[0].State)
		}
		do(k, dispute.Close, id, dispute.Word{Text: "法院调解结案"})
		if ds := owed(k, as[1].Ref); len(ds) != 0 {
			k.Errorf("an act of a dispute that is over is still followed: %+v", ds)
		}

		k.Off("A6.3")
		c, err = take(k, intake(side(a)))
		k.Must(err)
		do(k, dispute.Fail, c.Ref.ID, dispute.Word{Text: "不愿调解"})
		do(k, dispute.ToLegal, c.Ref.ID, dispute.HandOver{To: "法务"})
	})
}

func TestL6_WhatBelongsToADisputeIsKept(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		a, b := filed(k, "甲公司"), filed(k, "乙公司")
		var origin complaint.Case
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
			origin, err = complaint.Take(ctx, tx, complaint.Intake{Company: "甲公司", Contact: "陈静", Phone: "13800002231", Channel: "phone", Content: "楼上漏水"})
			return err
		})
		in := intake(side(a), side(b))
		in.Complaint = origin.Ref.ID
		c, err := take(k, in)
		k.Must(err)
		erase := func(id core.ID) error {
			return k.TryWrite(core.Manager, func(ctx context.Context, tx db.Tx) error { return customer.Erase(ctx, tx, id, "本人要求") })
		}
		void := func() error {
			return try(k, core.Manager, complaint.Void, origin.Ref.ID, complaint.Word{Text: "重复"})
		}
		k.Refused("L6", erase(a))
		k.Refused("L6", void())
		twin := filed(k, "甲公司(旧档)") // a file that was merged is erased with the one that stays
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return customer.Merge(ctx, tx, twin, a) })
		k.Refused("L6", erase(twin))
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			ms, err := customer.Merges(ctx, tx, twin)
			if err != nil {
				return err
			}
			return customer.Unmerge(ctx, tx, twin, ms[0].ID)
		})
		k.Read(func(ctx context.Context, tx db.Tx) error {
			for _, ref := range []core.Ref{c.Ref, origin.Ref, {Project: k.Project.ID, Kind: "customer", ID: b}} {
				if number, err := dispute.Held(ctx, tx, ref); err != nil || number != c.Number {
					t.Errorf("%s is held by %q, %v", ref, number, err)
				}
				if core.ClauseOf(house.Held(ctx, tx, ref)) != "L6" {
					t.Errorf("the house lets %s go", ref)
				}
			}
			return nil
		})
		k.Must(try(k, core.Manager, dispute.Hold, c.Ref.ID, dispute.Order{Reason: "对方已委托律师"}))
		k.Refused("L6", try(k, core.Manager, dispute.Cancel, c.Ref.ID, dispute.Word{Text: "登记错误"}))
		k.Refused("L6", try(k, core.Manager, dispute.Release, c.Ref.ID, dispute.Order{Reason: "不需要"}))
		for _, act := range agreed(k, c.Ref.ID) {
			do(k, dispute.Perform, act.Ref.ID, dispute.Word{Text: "完成"})
		}
		do(k, dispute.Close, c.Ref.ID, dispute.Word{Text: "已解决"})
		k.Refused("L6", erase(a)) // by order, beyond the end
		k.Must(try(k, core.Manager, dispute.Release, c.Ref.ID, dispute.Order{Reason: "诉讼时效已过"}))
		k.Must(erase(a))
		k.Must(void())
		if _, ps, _ := get(k, c.Ref.ID); ps[0].Name != "" || ps[0].Opinion != "" || ps[1].Name != "乙公司" {
			t.Errorf("after the erasure: %+v", ps)
		}
		c, err = take(k, intake(side(b), dispute.Side{Kind: dispute.PartyUs})) // taken down by mistake, nothing ordered
		k.Must(err)
		k.Must(try(k, core.Manager, dispute.Cancel, c.Ref.ID, dispute.Word{Text: "登记错误"}))
		k.Must(erase(b))
	})
}

func TestThePapersOfADispute(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	a, b := filed(k, "甲公司"), filed(k, "乙公司")
	c, err := take(k, intake(side(a), side(b)))
	k.Must(err)
	as := agreed(k, c.Ref.ID)
	base := "/p/lhgc/dispute/" + c.Ref.ID.String()
	for path, wants := range map[string][]string{"/agreement.pdf": {"调解协议", "FM-JF-001", c.Number, "甲公司的意见", "甲方赔偿 8000 元", "支付 8000 元", "2026-11-30"}, "/minutes.pdf": {"协商纪要", "核对损失清单", "双方及主管"}, "/handover.pdf": {"移交清单", "第 1 次协商纪要", "乙公司"}} {
		text := words(k, base+path)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, text)
			}
		}
	}
	page := k.As(core.Desk).Get(base)
	for _, want := range []string{"法律保留", "履行中", "0 / 2", "138****2231"} {
		if !strings.Contains(page.Text("body"), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	do(k, dispute.Break, as[0].Ref.ID, dispute.Word{Text: "逾期未付"})
	var hits []house.Hit
	for _, s := range house.Of(k.Ctx(core.System)).Signals {
		if s.Key == "dispute" || s.Key == "settlement" {
			k.Read(func(ctx context.Context, tx db.Tx) error {
				hs, err := s.Of(ctx, tx, k.Project.ID)
				hits = append(hits, hs...)
				return err
			})
		}
	}
	if of := slices.DeleteFunc(hits, func(h house.Hit) bool { return h.Customer != a }); len(of) != 2 {
		t.Errorf("the signals of 甲公司: %+v", of)
	}
}
