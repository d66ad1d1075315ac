package followup_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"sync"
	"testing"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/module/followup"
	"huiyin/module/repair"
	"huiyin/module/user"
	"huiyin/regulation"
	"huiyin/testkit"
)

func pixel() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)))
	return b.Bytes()
}

func signature() string { return "data:image/png;base64," + base64.StdEncoding.EncodeToString(pixel()) }

// do carries a verb out as somebody of the role.
func do[In any](k *testkit.Kit, r core.Role, verb func(context.Context, db.Tx, core.ID, In) error, id core.ID, in In) error {
	k.Helper()
	return k.TryWrite(r, func(ctx context.Context, tx db.Tx) error { return verb(ctx, tx, id, in) })
}

// asked is a complaint of a tenant's about the air in the lift hall.
func asked() complaint.Intake {
	return complaint.Intake{Company: "华达科技", UnitCode: "A1203", Contact: "陈静", Phone: "13800002231", Channel: "phone", Content: "电梯厅有异味", Demand: "尽快处理", Category: "clean"}
}

func take(k *testkit.Kit, in complaint.Intake) (id core.ID) {
	k.Helper()
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
		c, err := complaint.Take(ctx, tx, in)
		id = c.Ref.ID
		return err
	})
	return id
}

// dealt brings a complaint to where the customer has heard the result. The quality officer handles it.
func dealt(k *testkit.Kit, id core.ID) {
	k.Helper()
	finished(k, id)
	how := "oral"
	if c := complaintOf(k, id); c.Written {
		how = "letter"
	}
	k.Must(do(k, core.Desk, complaint.Answer, id, complaint.Reply{How: how, Text: "已处理", Business: "张", Relations: "李"}))
}

func finished(k *testkit.Kit, id core.ID) {
	k.Helper()
	if complaintOf(k, id).State == complaint.StateNew {
		k.Must(do(k, core.Desk, complaint.PassTo, id, complaint.Assign{Handler: k.Users[core.Quality], Department: "客服部"}))
		k.Must(do(k, core.Desk, complaint.SetValidity, id, complaint.Judge{Validity: complaint.Founded, Opinion: "属实"}))
		k.Must(do(k, core.Supervisor, complaint.RuleOn, id, complaint.Rule{Ruling: "accept"}))
	}
	k.Must(do(k, core.Desk, complaint.Investigate, id, complaint.Ask{How: "site", Text: "查看"}))
	k.Must(do(k, core.Desk, complaint.FindSolution, id, complaint.Solve{Cause: "漏班", Responsible: "保洁班", Solution: "加派一班"}))
	approveAll(k, core.Ref{Project: k.Project.ID, Kind: "complaint", ID: id})
	k.Must(do(k, core.Desk, complaint.Complete, id, complaint.Finish{Result: "异味消除"}))
}

func approveAll(k *testkit.Kit, ref core.Ref) {
	k.Helper()
	for {
		var r approval.Request
		k.Read(func(ctx context.Context, tx db.Tx) error {
			rs, err := approval.Of(ctx, tx, ref)
			for _, one := range rs {
				if one.State == approval.Waiting {
					r = one
				}
			}
			return err
		})
		if r.Ref.ID == 0 {
			return
		}
		k.Must(k.TryWrite(r.Role, func(ctx context.Context, tx db.Tx) error { return approval.Decide(ctx, tx, r.Ref.ID, true, "同意") }))
	}
}

func complaintOf(k *testkit.Kit, id core.ID) (c complaint.Case) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) { c, err = complaint.Get(ctx, tx, id); return err })
	return c
}

// written makes a written complaint of one without a telephone.
func written(k *testkit.Kit) core.ID {
	in := asked()
	in.Written, in.Channel, in.Phone = true, "letter", ""
	id := take(k, in)
	k.Must(do(k, core.Desk, complaint.Register, id, complaint.Letter{Number: "来字1号", To: "何海", Copies: []core.Upload{photo()}}))
	return id
}

// repaired takes a repair and brings it to the customer's signature with a rating.
func repaired(k *testkit.Kit, stars int64) core.ID {
	k.Helper()
	var id core.ID
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
		o, err := repair.Take(ctx, tx, repair.Intake{Content: "水龙头漏水", UnitCode: "A1203", Contact: "陈静", Phone: "13800002231", Channel: "phone", Confirmed: true, Scope: repair.Indoor, Trade: "water"})
		id = o.Ref.ID
		return err
	})
	signed(k, id, stars)
	return id
}

func signed(k *testkit.Kit, id core.ID, stars int64) {
	k.Helper()
	k.Must(do(k, core.Desk, repair.Send, id, repair.Dispatch{Technician: k.Users[core.Technician], Reason: "就近"}))
	k.Must(do(k, core.Technician, repair.ArriveAt, id, repair.Arrive{}))
	k.Write(core.Technician, func(ctx context.Context, tx db.Tx) error { return repair.Start(ctx, tx, id) })
	k.Must(do(k, core.Technician, repair.Done, id, repair.Finish{Result: "换阀芯", Cleared: true, Tried: true, Signature: signature()}))
	k.Must(do(k, core.Technician, repair.SignOff, id, repair.Sign{Signature: signature(), Signer: "陈静", Attitude: stars, Speed: stars, Quality: stars}))
}

// of are the follow-ups of a record, the oldest first.
func of(k *testkit.Kit, kind string, id core.ID) (out []followup.Item) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ids, err := db.Values[core.ID](ctx, tx, "select id from followup_item where project_id = $1 and kind = $2 and record_id = $3 order by id", k.Project.ID, kind, id)
		for _, id := range ids {
			i, err := followup.Get(ctx, tx, id)
			if err != nil {
				return err
			}
			out = append(out, i)
		}
		return err
	})
	return out
}

// one is the only follow-up of a record that waits.
func one(k *testkit.Kit, kind string, id core.ID) followup.Item {
	k.Helper()
	open := slices.DeleteFunc(of(k, kind, id), func(i followup.Item) bool { return !i.Open })
	if len(open) != 1 {
		k.Fatalf("%d follow-ups of the %s wait, want 1", len(open), kind)
	}
	return open[0]
}

func get(k *testkit.Kit, id core.ID) (i followup.Item) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) { i, err = followup.Get(ctx, tx, id); return err })
	return i
}

func duties(k *testkit.Kit, ref core.Ref, clause string) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ds, err := duty.Of(ctx, tx, ref)
		out = slices.DeleteFunc(ds, func(d duty.Duty) bool { return d.Clause != clause })
		return err
	})
	return out
}

func happy() followup.Record {
	return followup.Record{How: followup.OnSite, Result: followup.Satisfied, Signer: "陈静", Signature: signature()}
}

func unhappy() followup.Record {
	return followup.Record{How: followup.OnSite, Result: followup.Dissatisfied, Opinion: "又有异味", Signer: "陈静", Signature: signature()}
}

func measure(k *testkit.Kit, clause string, month core.Month) (f regulation.Figure) {
	k.Helper()
	for _, m := range followup.Module().Measures {
		if m.Clause == clause {
			k.Read(func(ctx context.Context, tx db.Tx) (err error) {
				f, err = m.Of(ctx, tx, k.Project.ID, month)
				return err
			})
			return f
		}
	}
	k.Fatalf("%s is not measured", clause)
	return f
}

// isMeasured looks at the clause's page: switched off, it is measured no more.
func isMeasured(k *testkit.Kit, clause, name string, want bool) {
	k.Helper()
	b := k.As(core.Supervisor)
	if p := b.Get(b.P("clause/" + clause)).OK(k); p.Has(name) != want {
		k.Errorf("the page of %s measures %q: %v", clause, name, !want)
	}
}

func sample(k *testkit.Kit) (n int) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		n, err = followup.Sample(ctx, tx, core.MonthOf(core.Now(ctx), k.Project.Zone), 1000)
		return err
	})
	return n
}

func TestC14_1_EveryComplaintIsFollowedUpInThreeDays(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, asked())
		if len(of(k, "complaint", id)) != 0 {
			t.Error("there is a follow-up before the complaint was dealt with")
		}
		finished(k, id)
		i := one(k, "complaint", id)
		if want := testkit.Start.AddDate(0, 0, 3); i.Due.Before(want) || i.Due.After(want.AddDate(0, 0, 1)) || i.Why != followup.WhyTerm || i.Phone != "13800002231" || i.Handler != k.Users[core.Quality] {
			t.Errorf("planned: due %s, %+v", i.Due, i)
		}
		ds := duties(k, i.Ref, "C14.1")
		if len(ds) != 1 || ds[0].Role != core.Desk || !ds[0].Due.Equal(i.Due) {
			t.Errorf("owed: %+v", ds)
		}
		k.Refused("C13.4", do(k, core.Desk, followup.FollowUp, i.Ref.ID, happy())) // resolutions 2: the result first
		k.Must(do(k, core.Desk, complaint.Answer, id, complaint.Reply{How: "oral", Text: "已处理"}))
		one(k, "complaint", id) // the reply plans no second one
		k.Advance(5 * 24 * time.Hour)
		k.Must(do(k, core.Desk, followup.FollowUp, i.Ref.ID, happy()))
		if i = get(k, i.Ref.ID); i.State != followup.StateDone || !i.Late || i.HeldName != "林敏" {
			t.Errorf("recorded: %+v", i)
		}
		if ds := duties(k, i.Ref, "C14.1"); ds[0].State != duty.StateDone || !ds[0].Late {
			t.Errorf("the duty: %+v", ds)
		}
		if c := complaintOf(k, id); c.Satisfied != "yes" {
			t.Error("the customer's signed word did not reach the complaint")
		}
		k.Off("C14.1")
		second := take(k, asked())
		dealt(k, second)
		if len(of(k, "complaint", second)) != 0 {
			t.Error("switched off, every complaint is still followed up")
		}
	})
}

func TestD5_2_ARepairDrawnIsFollowedUpInThreeDays(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		for range 4 {
			repaired(k, 5)
		}
		if n := sample(k); n != 2 { // 30 % of 4, rounded up
			t.Errorf("drew %d of 4", n)
		}
		var drawn []followup.Item
		k.Read(func(ctx context.Context, tx db.Tx) error {
			ids, err := db.Values[core.ID](ctx, tx, "select id from followup_item where project_id = $1 and occasion = 'repair'", k.Project.ID)
			for _, id := range ids {
				i, err := followup.Get(ctx, tx, id)
				if err != nil {
					return err
				}
				drawn = append(drawn, i)
			}
			return err
		})
		for _, i := range drawn {
			ds := duties(k, i.Ref, "D5.2")
			if want := k.Now().AddDate(0, 0, 3); len(ds) != 1 || ds[0].Due.Before(want) || ds[0].Due.After(want.AddDate(0, 0, 1)) || i.Why != followup.WhySample {
				t.Errorf("drawn at %s: %+v", k.Now(), ds)
			}
		}
		poor := repaired(k, 2) // a bad rating is followed up in any case
		if i := one(k, "repair", poor); i.Why != followup.WhyPoor {
			t.Errorf("a bad rating: %+v", i)
		}
		k.Off("D5.2")
		poor = repaired(k, 1)
		if i := one(k, "repair", poor); len(duties(k, i.Ref, "D5.2")) != 0 {
			t.Error("switched off, the follow-up is still owed")
		}
	})
}

func TestC14_2_HalfOfTheComplaintsAreFollowedUp(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		ids := []core.ID{take(k, asked()), take(k, asked())}
		for _, id := range ids {
			dealt(k, id)
		}
		if f := measure(k, "C14.2", "2026-11"); f.Num != 0 || f.Den != 2 || len(f.Breaking) != 2 || f.Breaking[0].Kind != "complaint" {
			t.Errorf("before: %+v", f)
		}
		k.Must(do(k, core.Desk, followup.FollowUp, one(k, "complaint", ids[0]).Ref.ID, happy()))
		if f := measure(k, "C14.2", "2026-11"); f.Num != 1 || f.Den != 2 || len(f.Breaking) != 1 || f.Breaking[0].ID != ids[1] {
			t.Errorf("after: %+v", f)
		}
		k.Off("C14.1") // then C14.2 draws
		dealt(k, take(k, asked()))
		if n := sample(k); n != 0 {
			t.Errorf("drew %d, though two of three are planned", n)
		}
		dealt(k, take(k, asked()))
		dealt(k, take(k, asked()))
		if n := sample(k); n != 1 || sample(k) != 0 {
			t.Errorf("drew %d of five with two planned, want 1, once", n)
		}
		isMeasured(k, "C14.2", "已回访的投诉", true)
		k.Off("C14.2")
		isMeasured(k, "C14.2", "已回访的投诉", false)
		dealt(k, take(k, asked()))
		dealt(k, take(k, asked()))
		if n := sample(k); n != 0 {
			t.Errorf("switched off, %d are drawn", n)
		}
	})
}

func TestC14_3_AThirdOfTheRepairsWithinAMonth(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		ids := []core.ID{repaired(k, 5), repaired(k, 5), repaired(k, 5), repaired(k, 5)}
		sample(k)
		var drawn []core.ID
		for _, id := range ids {
			if len(of(k, "repair", id)) == 1 {
				drawn = append(drawn, id)
			}
		}
		if len(drawn) != 2 {
			t.Fatalf("drawn %v", drawn)
		}
		call := followup.Record{How: followup.ByPhone, Result: followup.Satisfied}
		k.Must(do(k, core.Desk, followup.FollowUp, one(k, "repair", drawn[0]).Ref.ID, call))
		if f := measure(k, "C14.3", "2026-11"); f.Num != 1 || f.Den != 4 {
			t.Errorf("within the month: %+v", f)
		}
		k.SetNow(k.Now().AddDate(0, 0, 31))
		k.Must(do(k, core.Desk, followup.FollowUp, one(k, "repair", drawn[1]).Ref.ID, call))
		if f := measure(k, "C14.3", "2026-11"); f.Num != 1 || f.Den != 4 || len(f.Breaking) != 3 {
			t.Errorf("after a month it counts no more: %+v", f)
		}
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error { // a project may demand each
			return regulation.Set(ctx, tx, k.Project.ID, "C14.3", "target", "10000", core.Today(ctx).Add(1))
		})
		k.SetNow(k.Now().AddDate(0, 0, 1))
		if i := one(k, "repair", repaired(k, 5)); i.Why != followup.WhyTerm {
			t.Errorf("at 100 %%: %+v", i)
		}
		isMeasured(k, "C14.3", "一个月内回访的维修", true)
		k.Off("C14.3")
		isMeasured(k, "C14.3", "一个月内回访的维修", false)
	})
}

// tenants makes so many customers, each in a unit of its own, four to a floor.
func tenants(k *testkit.Kit, n int) (ids []core.ID) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		for x := range n {
			unit, err := estate.EnsureUnit(ctx, tx, fmt.Sprintf("A%02d%02d", x/4+1, x%4+1), "desk")
			if err != nil {
				return err
			}
			id, err := customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(fmt.Sprintf("客户%02d公司", x)), Category: customer.Ordinary, Unit: unit, Part: customer.AsTenant,
				Consent: "written", ConsentBy: "陈静", Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: core.Phone(fmt.Sprintf("138000%05d", x))}}})
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	return ids
}

func festival(k *testkit.Kit, who []core.ID) (id core.ID) {
	k.Helper()
	in := followup.Occasioned{Name: "中秋游园", Day: core.DateOf(k.Now(), k.Project.Zone), Handler: k.Users[core.Supervisor]}
	for _, c := range who {
		in.Customers = append(in.Customers, followup.Participant{Customer: c})
	}
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = followup.HoldActivity(ctx, tx, in)
		return err
	})
	return id
}

func TestC14_4_ATenthOfAnActivitysParticipants(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := festival(k, tenants(k, 12))
		if n := sample(k); n != 2 { // a tenth of 12, rounded up
			t.Errorf("drew %d of 12", n)
		}
		is := of(k, "followup-activity", id)
		if len(is) != 2 || is[0].Customer == is[1].Customer || is[0].UnitCode[:3] == is[1].UnitCode[:3] || is[0].Content != "中秋游园" || is[0].Phone == "" {
			t.Fatalf("drawn: %+v", is)
		}
		k.Refused("C14.5", do(k, core.Supervisor, followup.FollowUp, is[0].Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.Satisfied})) // who ran it
		k.Must(do(k, core.Desk, followup.FollowUp, is[0].Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.Satisfied}))
		if f := measure(k, "C14.4", "2026-11"); f.Num != 1 || f.Den != 12 {
			t.Errorf("measured %+v", f)
		}
		isMeasured(k, "C14.4", "一个月内回访的活动参加者", true)
		k.Off("C14.4")
		isMeasured(k, "C14.4", "一个月内回访的活动参加者", false)
	})
}

func TestC14_5_WhoCallsGoesBySeverityAndNeverTheHandler(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		call := followup.Record{How: followup.ByPhone, Result: followup.Satisfied}
		i := one(k, "repair", repaired(k, 1))
		weigh := func(s string) {
			k.Helper()
			k.Must(do(k, core.Supervisor, followup.Give, i.Ref.ID, followup.Assign{Caller: k.Users[core.Manager], Severity: s}))
		}
		weigh(followup.Important)
		k.Refused("C14.5", do(k, core.Desk, followup.FollowUp, i.Ref.ID, call))
		k.Refused("C14.5", do(k, core.Supervisor, followup.Give, i.Ref.ID, followup.Assign{Caller: k.Users[core.Desk]}))
		weigh(followup.Major)
		k.Refused("C14.5", do(k, core.Supervisor, followup.FollowUp, i.Ref.ID, call))
		k.Refused("C14.5", do(k, core.Supervisor, followup.Give, i.Ref.ID, followup.Assign{Caller: k.Users[core.Manager], Severity: followup.Ordinary}))
		k.Must(do(k, core.Manager, followup.FollowUp, i.Ref.ID, call))

		id := take(k, asked()) // the supervisor handles it himself
		k.Must(do(k, core.Desk, complaint.PassTo, id, complaint.Assign{Handler: k.Users[core.Supervisor], Department: "客服部"}))
		k.Must(do(k, core.Desk, complaint.SetValidity, id, complaint.Judge{Validity: complaint.Founded, Opinion: "属实"}))
		k.Must(do(k, core.Manager, complaint.RuleOn, id, complaint.Rule{Ruling: "accept"}))
		dealt(k, id)
		i = one(k, "complaint", id)
		k.Refused("C14.5", do(k, core.Supervisor, followup.FollowUp, i.Ref.ID, happy()))
		k.Refused("C14.5", do(k, core.Manager, followup.Give, i.Ref.ID, followup.Assign{Caller: k.Users[core.Supervisor]}))
		k.Off("C14.5")
		k.Must(do(k, core.Supervisor, followup.FollowUp, i.Ref.ID, happy()))
	})
}

func TestC14_6_SignedOnSiteAndMarkedOnTheTelephone(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		i := one(k, "repair", repaired(k, 1))
		unsigned := happy()
		unsigned.Signature = ""
		k.Refused("C14.6", do(k, core.Desk, followup.FollowUp, i.Ref.ID, unsigned))
		k.Must(do(k, core.Desk, followup.FollowUp, i.Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.Satisfied}))
		if i = get(k, i.Ref.ID); i.Mark != "电话回访" {
			t.Errorf("marked %q", i.Mark)
		}
		b := k.As(core.Desk)
		if p := b.Get(b.P("followup/" + i.Ref.ID.String() + "/form")).OK(k); !p.Has("电话回访") {
			t.Error("the form does not say that it was a call")
		}
		i, second := one(k, "repair", repaired(k, 1)), one(k, "repair", repaired(k, 1))
		k.Off("C14.6")
		k.Must(do(k, core.Desk, followup.FollowUp, i.Ref.ID, unsigned))
		k.Must(do(k, core.Desk, followup.FollowUp, second.Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.Satisfied}))
		if i = get(k, second.Ref.ID); i.Mark != "" {
			t.Errorf("switched off, it is marked %q", i.Mark)
		}
	})
}

func TestC14_7_UntilTheCustomerIsSatisfied(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, asked())
		dealt(k, id)
		first := one(k, "complaint", id)
		byPhone := followup.Record{How: followup.ByPhone, Result: followup.Satisfied}
		k.Refused("C14.7", do(k, core.Desk, followup.FollowUp, first.Ref.ID, byPhone)) // the first in person
		k.Must(do(k, core.Desk, followup.FollowUp, first.Ref.ID, unhappy()))
		if c := complaintOf(k, id); c.State != complaint.StateAccepted || c.Round != 2 || !c.Open {
			t.Fatalf("not taken up again: %s, round %d", c.State, c.Round)
		}
		dealt(k, id)
		again := one(k, "complaint", id)
		if again.Round != 2 || again.Why != followup.WhyAgain || again.Severity != followup.Important {
			t.Errorf("once more: %+v", again)
		}
		k.Must(do(k, core.Supervisor, followup.FollowUp, again.Ref.ID, byPhone)) // the second by telephone
		if i := get(k, first.Ref.ID); i.Settled.IsZero() || !i.Problem {
			t.Error("the problem of the first follow-up is not settled")
		}

		order := repaired(k, 1) // a repair goes back to rework
		i := one(k, "repair", order)
		bad := unhappy()
		bad.How = followup.ByPhone
		k.Must(do(k, core.Desk, followup.FollowUp, i.Ref.ID, bad))
		k.Read(func(ctx context.Context, tx db.Tx) error {
			o, err := repair.Get(ctx, tx, order)
			if o.State != repair.StateDispatched || o.Round != 2 {
				t.Errorf("the repair: %s, round %d", o.State, o.Round)
			}
			return err
		})
		k.Must(do(k, core.Technician, repair.ArriveAt, order, repair.Arrive{}))
		k.Write(core.Technician, func(ctx context.Context, tx db.Tx) error { return repair.Start(ctx, tx, order) })
		k.Must(do(k, core.Technician, repair.Done, order, repair.Finish{Result: "重做", Cleared: true, Tried: true, Signature: signature()}))
		k.Must(do(k, core.Technician, repair.SignOff, order, repair.Sign{Signature: signature(), Signer: "陈静", Attitude: 5, Speed: 5, Quality: 5}))
		if i := one(k, "repair", order); i.Round != 2 || i.Why != followup.WhyAgain {
			t.Errorf("after the rework: %+v", i)
		}

		i = one(k, "repair", repaired(k, 1)) // a new opinion
		opinion := followup.Record{How: followup.ByPhone, Result: followup.NewOpinion, Opinion: "希望周末也能报修"}
		k.Refused("C14.7", do(k, core.Desk, followup.FollowUp, i.Ref.ID, opinion))
		opinion.Promised = k.Now().Add(26 * time.Hour)
		k.Must(do(k, core.Desk, followup.FollowUp, i.Ref.ID, opinion))
		if ds := duties(k, i.Ref, "C14.7"); len(ds) != 1 || !ds[0].Due.Equal(opinion.Promised) || ds[0].User != k.Users[core.Desk] {
			t.Errorf("the promise: %+v", ds)
		}
		k.Must(do(k, core.Desk, followup.Answer, i.Ref.ID, followup.Word{Text: "周末有人值班"}))
		if ds := duties(k, i.Ref, "C14.7"); ds[0].State != duty.StateDone {
			t.Errorf("answered: %+v", ds)
		}

		major := asked() // of a major one always in person
		major.Content = "多家租户联名投诉,已联系记者"
		id = take(k, major)
		k.Off("C14.7")
		second := take(k, asked())
		dealt(k, second)
		k.Must(do(k, core.Desk, followup.FollowUp, one(k, "complaint", second).Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.Dissatisfied, Opinion: "不行"}))
		if c := complaintOf(k, second); c.State != complaint.StateReplied {
			t.Errorf("switched off, it is taken up again: %s", c.State)
		}
		if complaintOf(k, id).Level != complaint.Major {
			t.Error("not proposed as major")
		}
	})
}

func TestAMajorComplaintIsFollowedUpInPersonByTheManager(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	in := asked()
	in.Content = "多家租户联名投诉,已联系记者"
	id := take(k, in)
	finished(k, id)
	i := one(k, "complaint", id)
	if i.Severity != followup.Major {
		t.Fatalf("severity %s", i.Severity)
	}
	if ds := duties(k, i.Ref, "C14.1"); len(ds) != 1 || ds[0].Role != core.Manager {
		t.Errorf("owed by %+v", ds)
	}
	k.Off("C13.4")
	k.Refused("C14.5", do(k, core.Supervisor, followup.FollowUp, i.Ref.ID, happy()))
	k.Refused("C14.7", do(k, core.Manager, followup.FollowUp, i.Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.Satisfied}))
	k.Must(do(k, core.Manager, followup.FollowUp, i.Ref.ID, happy()))
}

func TestC14_8_EveryProblemOfAFollowUpIsDealtWith(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		i := one(k, "repair", repaired(k, 1))
		k.Must(do(k, core.Desk, followup.FollowUp, i.Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.NewOpinion, Opinion: "走廊太暗", Promised: k.Now().Add(time.Hour)}))
		if f := measure(k, "C14.8", "2026-11"); f.Num != 0 || f.Den != 1 || len(f.Breaking) != 1 || f.Breaking[0] != i.Ref {
			t.Errorf("before the answer: %+v", f)
		}
		k.Must(do(k, core.Desk, followup.Answer, i.Ref.ID, followup.Word{Text: "已加灯"}))
		if f := measure(k, "C14.8", "2026-11"); f.Num != 1 || f.Den != 1 || len(f.Breaking) != 0 {
			t.Errorf("after: %+v", f)
		}
		isMeasured(k, "C14.8", "已处理的回访问题", true)
		k.Off("C14.8")
		isMeasured(k, "C14.8", "已处理的回访问题", false)
	})
}

func TestC14_9_OpenLettersAnonymousOnesAndLetters(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		other := asked()
		other.Company, other.Contact = "鹏程贸易", "王五"
		ids := []core.ID{take(k, asked()), take(k, other)}
		in := followup.Letter{Title: "关于电梯厅异味的答复", Body: "各位业户:已加派清运。", Posted: "大堂公告栏"}
		for _, id := range ids {
			dealt(k, id)
			in.Items = append(in.Items, one(k, "complaint", id).Ref.ID.String())
		}
		issue := func(l followup.Letter) (id core.ID, err error) {
			err = k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) { id, err = followup.Issue(ctx, tx, l); return err })
			return id, err
		}
		single := in
		single.Items = in.Items[:1]
		_, err := issue(single)
		k.Refused("C14.9", err)
		letter, err := issue(in)
		k.Must(err)
		for _, id := range ids {
			if is := of(k, "complaint", id); len(is) != 1 || is[0].State != followup.StateLetter || is[0].Letter != letter || duties(k, is[0].Ref, "C14.1")[0].State != duty.StateDone {
				t.Errorf("answered by letter: %+v", is)
			}
		}
		if f := measure(k, "C14.2", "2026-11"); f.Num != 2 || f.Den != 2 {
			t.Errorf("letters count as follow-ups: %+v", f)
		}

		anonymous := asked()
		anonymous.Anonymous, anonymous.Contact, anonymous.Phone, anonymous.Company = true, "", "", ""
		hidden := take(k, anonymous)
		dealt(k, hidden)
		letterOnly := written(k)
		dealt(k, letterOnly)
		if len(of(k, "complaint", hidden))+len(of(k, "complaint", letterOnly)) != 0 {
			t.Error("an anonymous complainant, or one who wanted a letter only, is followed up")
		}
		if f := measure(k, "C14.2", "2026-11"); f.Den != 2 {
			t.Errorf("exempt ones are counted: %+v", f)
		}
		b := k.As(core.Desk)
		if p := b.Get(b.P("complaint/" + hidden.String())).OK(k); !p.Has("免回访") {
			t.Error("the complaint does not say that none is needed")
		}

		spoken := take(k, asked()) // exempted by hand: only with a letter
		dealt(k, spoken)
		i := one(k, "complaint", spoken)
		k.Refused("C14.9", do(k, core.Desk, followup.Spare, i.Ref.ID, followup.Exempt{Why: followup.ExemptLetter}))
		k.Off("C14.9")
		_, err = issue(followup.Letter{Title: "答复", Body: "已办", Items: []string{i.Ref.ID.String()}})
		k.Must(err)
		hidden = take(k, anonymous)
		dealt(k, hidden)
		one(k, "complaint", hidden)
	})
}

func TestC14_9_OneMatterToldTwiceIsFollowedUpOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		first, second := emergency(k), emergency(k)
		k.Must(do(k, core.Desk, desk.Merge, second, desk.Join{Into: first, Reason: "同一件事"}))
		closed(k, first)
		one(k, "desk", first)
		if is := of(k, "desk", second); len(is) != 0 {
			t.Errorf("the merged one has its own: %+v", is)
		}
	})
}

func emergency(k *testkit.Kit) (id core.ID) {
	k.Helper()
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
		m, _, err := desk.Take(ctx, tx, desk.Intake{Channel: "phone", Kind: desk.Emergency, Contact: "陈静", Phone: "13800002231", UnitCode: "A1203", Content: "12 楼水管爆裂"})
		id = m.Ref.ID
		return err
	})
	return id
}

func closed(k *testkit.Kit, id core.ID) {
	k.Helper()
	k.Must(do(k, core.Supervisor, desk.Answer, id, desk.Note{Text: "已关阀抢修"}))
	k.Must(do(k, core.Supervisor, desk.Close, id, desk.Confirm{By: "陈静", How: "phone"}))
}

func TestC14_12_OnceAfterAnEmergencyAndOnceAfterMovingIn(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := emergency(k)
		closed(k, id)
		i := one(k, "desk", id)
		if ds := duties(k, i.Ref, "C14.12"); len(ds) != 1 || ds[0].Due.Sub(k.Now()) < 72*time.Hour || ds[0].Due.Sub(k.Now()) > 96*time.Hour {
			t.Errorf("owed: %+v", ds)
		}
		if enquiry := ordinary(k); len(of(k, "desk", enquiry)) != 0 {
			t.Error("an enquiry is followed up")
		}
		k.Refused("C14.5", do(k, core.Desk, followup.FollowUp, i.Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.Satisfied})) // he took it down and answers for it
		k.Must(do(k, core.Supervisor, followup.FollowUp, i.Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.Dissatisfied, Opinion: "还在渗水"}))
		k.Read(func(ctx context.Context, tx db.Tx) error {
			m, err := desk.Get(ctx, tx, id)
			if m.State != desk.StateOpen || !m.Open {
				t.Errorf("the emergency is %s", m.State)
			}
			return err
		})
		closed(k, id)
		if i := one(k, "desk", id); i.Round != 2 {
			t.Errorf("once more: %+v", i)
		}

		who := tenants(k, 3)
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return customer.Confirm(ctx, tx, who[2]) })
		if i := one(k, "customer", who[2]); i.Occasion != followup.MoveIn || i.UnitCode != "A0103" || i.Due.Before(k.Now().AddDate(0, 0, 3)) {
			t.Errorf("a new tenant's file was confirmed: %+v", i)
		}
		move := func(c core.ID, code string) {
			k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
				unit, err := estate.EnsureUnit(ctx, tx, code, "desk")
				if err == nil {
					_, err = customer.Occupy(ctx, tx, c, customer.Occupation{Unit: unit, Part: customer.AsTenant})
				}
				return err
			})
		}
		move(who[0], "A0901")
		if i := one(k, "customer", who[0]); i.Occasion != followup.MoveIn || i.UnitCode != "A0901" || i.Phone == "" || len(duties(k, i.Ref, "C14.12")) != 1 {
			t.Errorf("moved in: %+v", i)
		}
		k.Off("C14.12")
		move(who[1], "A0902")
		if is := of(k, "customer", who[1]); len(is) != 0 {
			t.Errorf("switched off: %+v", is)
		}
	})
}

func ordinary(k *testkit.Kit) (id core.ID) {
	k.Helper()
	k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
		m, _, err := desk.Take(ctx, tx, desk.Intake{Channel: "phone", Kind: desk.Enquiry, Contact: "陈静", Phone: "13800002231", Content: "几点开空调", Answer: "八点"})
		id = m.Ref.ID
		return err
	})
	return id
}

func TestC14_10_TheSupervisorPlansChecksAndReports(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		i, second := one(k, "repair", repaired(k, 1)), one(k, "repair", repaired(k, 1))
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			n, err := followup.GiveMany(ctx, tx, followup.AssignMany{Items: []string{i.Ref.ID.String(), second.Ref.ID.String()}})
			if n != 2 {
				t.Errorf("assigned %d", n)
			}
			return err
		})
		if i = get(k, i.Ref.ID); i.CallerName != "林敏" || duties(k, i.Ref, "D5.2")[0].User != k.Users[core.Desk] {
			t.Errorf("assigned: %+v", i)
		}
		submit := func() error {
			return k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
				_, err := followup.SubmitMonth(ctx, tx, 0, followup.Submit{Month: "2026-11"})
				return err
			})
		}
		call := followup.Record{How: followup.ByPhone, Result: followup.Satisfied}
		k.Must(do(k, core.Supervisor, followup.FollowUp, i.Ref.ID, call))
		k.Refused("C14.10", do(k, core.Supervisor, followup.Remark, i.Ref.ID, followup.Word{Text: "好"})) // his own
		k.Tick()
		ref := duty.PeriodRef(k.Project.ID, "2026-11")
		if ds := duties(k, ref, "C14.10"); len(ds) != 1 || ds[0].Due.In(k.Project.Zone).Format("01-02") < "11-27" || ds[0].State != duty.StateOpen {
			t.Fatalf("the month owes %+v", ds)
		}
		k.Refused("C14.10", submit())
		k.Must(do(k, core.Manager, followup.Remark, i.Ref.ID, followup.Word{Text: "继续保持"}))
		k.Must(submit())
		if ds := duties(k, ref, "C14.10"); ds[0].State != duty.StateDone {
			t.Errorf("reported: %+v", ds)
		}
		if err := submit(); !core.IsKind(err, core.KindConflict) {
			t.Errorf("reported twice: %v", err)
		}
		k.Must(do(k, core.Desk, followup.FollowUp, second.Ref.ID, call))
		k.Off("C14.10")
		k.SetNow(k.Now().AddDate(0, 1, 0))
		k.Must(k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			f, err := followup.FiguresOf(ctx, tx, "2026-11")
			if f.All.Unremarked != 1 || f.All.Held != 2 || f.All.Phone != 2 {
				t.Errorf("figures %+v", f.All)
			}
			return err
		}))
		third := one(k, "repair", repaired(k, 1))
		k.Must(do(k, core.Desk, followup.FollowUp, third.Ref.ID, call))
		k.Must(k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			_, err := followup.SubmitMonth(ctx, tx, 0, followup.Submit{Month: "2026-12"})
			return err
		}))
	})
}

func TestDX_11_TheFollowUpRecordHasItsFields(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, asked())
		dealt(k, id)
		i := one(k, "complaint", id)
		k.Must(do(k, core.Desk, followup.FollowUp, i.Ref.ID, happy()))
		k.Must(do(k, core.Supervisor, followup.Remark, i.Ref.ID, followup.Word{Text: "回访及时"}))
		b := k.As(core.Desk)
		page := b.Get(b.P("followup/" + i.Ref.ID.String() + "/form")).OK(k)
		pdf := k.Paper(b.Get(b.P("followup/" + i.Ref.ID.String() + "/form.pdf")).OK(k).Body)
		for _, want := range []string{"FM-GL-032-0", "业户", "华达科技", "单元", "A1203", "电话/面谈", "事由", "电梯厅有异味", "意见要求", "处理结果", "异味消除", "回访人", "林敏", "日期", "2026-11-18", "主任意见", "回访及时", "主任签名"} {
			if !page.Has(want) {
				t.Errorf("the page lacks %q", want)
			}
			if !bytes.Contains([]byte(pdf), []byte(want)) {
				t.Errorf("the paper lacks %q:\n%s", want, pdf)
			}
		}
		k.Off("DX.11")
		if b.Get(b.P("followup/" + i.Ref.ID.String() + "/form")).OK(k).Has("FM-GL-032-0") {
			t.Error("switched off, it bears the number")
		}
	})
}

func TestTwoCallersRecordTheSameFollowUpOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		i := one(k, "repair", repaired(k, 1))
		var wg sync.WaitGroup
		errs := make([]error, 8)
		ctxs := []context.Context{k.Ctx(core.Desk), k.Ctx(core.Supervisor)}
		for n := range errs {
			wg.Go(func() {
				errs[n] = k.App.DB.Write(ctxs[n%2], func(ctx context.Context, tx db.Tx) error {
					return followup.FollowUp(ctx, tx, i.Ref.ID, followup.Record{How: followup.ByPhone, Result: followup.Dissatisfied, Opinion: "还漏"})
				})
			})
		}
		wg.Wait()
		if n := len(slices.DeleteFunc(errs, func(err error) bool { return core.IsKind(err, core.KindConflict) })); n != 1 {
			t.Errorf("%d recorded it: %v", n, errors.Join(errs...))
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			o, err := repair.Get(ctx, tx, i.Matter.ID)
			if o.Round != 2 {
				t.Errorf("the repair is in round %d", o.Round)
			}
			return err
		})
	})
}

func TestThePersonComplainedOfSeesNothing(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	in := asked()
	in.Against, in.AgainstUser = complaint.AgainstPerson, k.Users[core.Desk]
	id := take(k, in)
	k.Must(do(k, core.Supervisor, complaint.PassTo, id, complaint.Assign{Handler: k.Users[core.Quality]}))
	k.Must(do(k, core.Quality, complaint.SetValidity, id, complaint.Judge{Validity: complaint.Founded, Opinion: "属实"}))
	k.Must(do(k, core.Supervisor, complaint.RuleOn, id, complaint.Rule{Ruling: "accept"}))
	k.Must(do(k, core.Quality, complaint.Investigate, id, complaint.Ask{How: "site", Text: "查看"}))
	k.Must(do(k, core.Quality, complaint.FindSolution, id, complaint.Solve{Cause: "言语不当", Responsible: "本人", Solution: "道歉"}))
	approveAll(k, core.Ref{Project: k.Project.ID, Kind: "complaint", ID: id})
	k.Must(do(k, core.Quality, complaint.Complete, id, complaint.Finish{Result: "已道歉"}))
	k.Must(do(k, core.Quality, complaint.Answer, id, complaint.Reply{How: "oral", Text: "已处理"}))
	i := one(k, "complaint", id)
	k.Refused("C13.1", do(k, core.Desk, followup.FollowUp, i.Ref.ID, happy()))
	k.Refused("C13.1", do(k, core.Supervisor, followup.Give, i.Ref.ID, followup.Assign{Caller: k.Users[core.Desk]}))
	b := k.As(core.Desk)
	for _, path := range []string{"followup", "followup/today", "followup/today?all=1"} {
		if b.Get(b.P(path)).OK(k).Has(i.Number) {
			t.Errorf("%s shows it", path)
		}
	}
	if p := b.Get(b.P("followup/" + i.Ref.ID.String())); p.Status == 200 {
		t.Error("the record opens")
	}
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		_, err := followup.GiveMany(ctx, tx, followup.AssignMany{Items: []string{i.Ref.ID.String()}})
		return err
	})
	if i = get(k, i.Ref.ID); i.Caller != k.Users[core.Supervisor] {
		t.Errorf("spread to %s", i.CallerName)
	}
}

// clerk is one more of the project, so that there is somebody to spread over.
func clerk(k *testkit.Kit, name string) (id core.ID) {
	k.Helper()
	k.Write(core.System, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = user.Add(ctx, tx, user.In{Name: name, Roles: map[core.ID][]core.Role{k.Project.ID: {core.Desk}}})
		return err
	})
	return id
}

func TestSeveralAreSpreadEvenly(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	second := clerk(k, "沈洁")
	var ids []string
	for range 6 {
		ids = append(ids, one(k, "repair", repaired(k, 1)).Ref.ID.String())
	}
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		_, err := followup.GiveMany(ctx, tx, followup.AssignMany{Items: ids})
		return err
	})
	has := map[core.ID]int{}
	for _, text := range ids {
		id, _ := core.ParseID(text)
		has[get(k, id).Caller]++
	}
	if has[k.Users[core.Desk]] != 3 || has[second] != 3 {
		t.Errorf("spread %v", has)
	}
}

// TestWhatIsReworkedIsFollowedUpAfterwards: a waiting follow-up goes with the rework, and comes back with its end.
func TestWhatIsReworkedIsFollowedUpAfterwards(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := repaired(k, 1)
		first := one(k, "repair", id)
		k.Must(do(k, core.Desk, repair.Rework, id, repair.Why{Reason: "没修好"}))
		if i := get(k, first.Ref.ID); i.State != followup.StateVoid || i.Open || len(duties(k, i.Ref, "D5.2")) != 0 { // a voided duty is no one's
			t.Errorf("while it is reworked: %+v", i)
		}
		if f := measure(k, "C14.3", "2026-11"); f.Den != 0 {
			t.Errorf("it is measured: %+v", f)
		}
		k.SetNow(k.Now().Add(time.Hour))
		k.Must(do(k, core.Technician, repair.ArriveAt, id, repair.Arrive{}))
		k.Write(core.Technician, func(ctx context.Context, tx db.Tx) error { return repair.Start(ctx, tx, id) })
		k.Must(do(k, core.Technician, repair.Done, id, repair.Finish{Result: "重做", Cleared: true, Tried: true, Signature: signature()}))
		k.Must(do(k, core.Technician, repair.SignOff, id, repair.Sign{Signature: signature(), Signer: "陈静", Attitude: 5, Speed: 5, Quality: 5}))
		if i := one(k, "repair", id); i.Round != 1 || i.Why != followup.WhySample {
			t.Errorf("afterwards: %+v", i)
		}
		voided := take(k, asked()) // a voided complaint is not followed up
		finished(k, voided)
		k.Must(do(k, core.Supervisor, complaint.Void, voided, complaint.Word{Text: "重复登记"}))
		if is := of(k, "complaint", voided); len(is) != 1 || is[0].Open {
			t.Errorf("voided: %+v", is)
		}
	})
}

// Who moved in and is dissatisfied is heard: what he said waits at the desk as an opinion, and he is followed up again.
func TestC14_7_ADissatisfiedMoveInIsTakenDownAtTheDesk(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := tenants(k, 1)
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return customer.Confirm(ctx, tx, who[0]) })
		first := one(k, "customer", who[0])
		bad := unhappy()
		bad.Opinion, bad.Promised = "空调一直没有通", k.Now().Add(48*time.Hour)
		k.Must(do(k, core.Supervisor, followup.FollowUp, first.Ref.ID, bad))
		k.Read(func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int64](ctx, tx, "select count(*) from desk_matter where project_id = $1 and customer_id = $2 and kind = 'suggestion' and open and channel = 'oral' and content like '%空调一直没有通%'", k.Project.ID, who[0])
			if n != 1 {
				t.Errorf("%d matters at the desk", n)
			}
			return err
		})
		if is := of(k, "customer", who[0]); len(is) != 2 || is[1].Round != 2 || is[1].Why != followup.WhyAgain || !is[1].Due.Equal(bad.Promised) {
			t.Errorf("followed up again: %+v", is)
		}
	})
}
