package repair_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/png"
	"io/fs"
	"slices"
	"testing"
	"time"

	"huiyin/approval"
	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/module/repair"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/regulation"
	"huiyin/search"
	"huiyin/sheet"
)

const project core.ID = 7001

func migrations() []fs.FS {
	return []fs.FS{calendar.Migrations, journal.Migrations, file.Migrations, search.Migrations, notify.Migrations, regulation.Migrations, duty.Migrations, approval.Migrations,
		user.Module().Migrations, estate.Module().Migrations, customer.Module().Migrations, desk.Migrations, repair.Migrations}
}

// office is one project with its people, its clock and a database.
type office struct {
	*testing.T
	d     *db.DB
	now   time.Time
	water core.ID // a plumber
	lift  core.ID // a lift mechanic
}

func each(t *testing.T, fn func(o *office)) {
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		o := &office{T: t, d: d, now: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)} // Friday 10:00 in China
		o.must(o.as("系统", core.System, 0, func(ctx context.Context, tx db.Tx) (err error) {
			if o.water, err = user.Add(core.AsSystem(ctx), tx, user.In{Name: "水工", Skills: []string{"plumbing"}, Roles: map[core.ID][]core.Role{project: {core.Technician}}}); err != nil {
				return err
			}
			o.lift, err = user.Add(core.AsSystem(ctx), tx, user.In{Name: "梯工", Skills: []string{"lift"}, Roles: map[core.ID][]core.Role{project: {core.Technician}}})
			return err
		}))
		fn(o)
	})
}

func (o *office) ctx(name string, role core.Role, id core.ID) context.Context {
	ctx := core.WithProject(context.Background(), core.Project{ID: project, Code: "lhgc", Name: "联合广场"})
	ctx = core.WithClock(ctx, func() time.Time { return o.now })
	ctx = file.With(ctx, file.Table{})
	ctx = house.With(ctx, &house.Lists{MatterKinds: repair.Module().MatterKinds})
	ctx = approval.With(ctx, map[string]approval.Kind{repair.Module().Approvals[0].Verb: repair.Module().Approvals[0]})
	seat := core.Seat{Roles: []core.Role{role}, Perms: map[string]bool{"repair.take": true}}
	return core.WithActor(ctx, core.Actor{ID: id, Name: name, Seats: map[core.ID]core.Seat{project: seat}})
}

func (o *office) as(name string, role core.Role, id core.ID, fn func(context.Context, db.Tx) error) error {
	return o.d.Write(core.Freeze(o.ctx(name, role, id)), fn)
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// desk acts as the front desk, tech as the plumber.
func (o *office) desk(fn func(context.Context, db.Tx) error) error {
	return o.as("林敏", core.Desk, 11, fn)
}
func (o *office) tech(fn func(context.Context, db.Tx) error) error {
	return o.as("水工", core.Technician, o.water, fn)
}

func (o *office) refuses(clause string, err error) {
	o.Helper()
	if core.ClauseOf(err) != clause || !core.IsKind(err, core.KindRefused) {
		o.Fatalf("refused by %q (%v), want %s", core.ClauseOf(err), err, clause)
	}
}

// off switches a clause off from tomorrow on, and moves there.
func (o *office) off(clause string) {
	o.Helper()
	o.must(o.as("主任", core.Manager, 12, func(ctx context.Context, tx db.Tx) error {
		return regulation.Set(ctx, tx, project, clause, regulation.Switch, "off", core.Today(ctx).Add(1))
	}))
	o.now = o.now.Add(24 * time.Hour)
}

func (o *office) take(in repair.Intake) core.ID {
	o.Helper()
	if in.Content == "" {
		in.Content = "卫生间水龙头漏水"
	}
	in.UnitCode, in.Contact, in.Phone, in.Channel = "A1203", "陈静", "13800002231", or(in.Channel, "phone")
	var id core.ID
	o.must(o.desk(func(ctx context.Context, tx db.Tx) error {
		r, err := repair.Take(ctx, tx, in)
		id = r.Ref.ID
		return err
	}))
	return id
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func (o *office) send(id core.ID, d repair.Dispatch) error {
	return o.desk(func(ctx context.Context, tx db.Tx) error { return repair.Send(ctx, tx, id, d) })
}

func (o *office) arrive(id core.ID) {
	o.Helper()
	o.must(o.send(id, repair.Dispatch{Technician: o.water}))
	o.must(o.tech(func(ctx context.Context, tx db.Tx) error { return repair.ArriveAt(ctx, tx, id, repair.Arrive{}) }))
}

func (o *office) start(id core.ID) error {
	return o.tech(func(ctx context.Context, tx db.Tx) error { return repair.Start(ctx, tx, id) })
}

func (o *office) finish(id core.ID, f repair.Finish) error {
	return o.tech(func(ctx context.Context, tx db.Tx) error { return repair.Done(ctx, tx, id, f) })
}

func (o *office) sign(id core.ID, s repair.Sign) error {
	return o.tech(func(ctx context.Context, tx db.Tx) error { return repair.SignOff(ctx, tx, id, s) })
}

func (o *office) get(id core.ID) (r repair.Order) {
	o.Helper()
	o.must(o.desk(func(ctx context.Context, tx db.Tx) (err error) { r, err = repair.Get(ctx, tx, id); return err }))
	return r
}

// duties are the states of a clause's duties on the order.
func (o *office) duties(kind string, id core.ID, clause string) (out []string) {
	o.Helper()
	o.must(o.desk(func(ctx context.Context, tx db.Tx) error {
		ds, err := duty.Of(ctx, tx, core.Ref{Project: project, Kind: kind, ID: id})
		for _, d := range ds {
			if d.Clause == clause {
				out = append(out, d.State)
			}
		}
		return err
	}))
	return out
}

func signature() string {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)))
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

func good() repair.Sign {
	return repair.Sign{Signature: signature(), Signer: "陈静", Attitude: 5, Speed: 4, Quality: 5}
}
func done() repair.Finish {
	return repair.Finish{Result: "换了阀芯", Cleared: true, Tried: true, Signature: signature()}
}

func TestC3_7_NothingIsDispatchedBeforeTheContactIsConfirmed(t *testing.T) {
	each(t, func(o *office) {
		id := o.take(repair.Intake{})
		o.refuses("C3.7", o.send(id, repair.Dispatch{Technician: o.water}))
		o.must(o.desk(func(ctx context.Context, tx db.Tx) error {
			return repair.ConfirmContact(ctx, tx, id, repair.Contact{Name: "陈静", Phone: "13800002231"})
		}))
		o.must(o.send(id, repair.Dispatch{Technician: o.water}))
		second := o.take(repair.Intake{})
		o.off("C3.7")
		o.must(o.send(second, repair.Dispatch{Technician: o.water}))
	})
}

func TestC17_5_DispatchGoesBySkill(t *testing.T) {
	each(t, func(o *office) {
		id := o.take(repair.Intake{Confirmed: true})
		o.refuses("C17.5", o.send(id, repair.Dispatch{Technician: o.lift}))
		o.must(o.desk(func(ctx context.Context, tx db.Tx) error {
			r, err := repair.Get(ctx, tx, id)
			if err != nil {
				return err
			}
			ws, err := repair.Workers(ctx, tx, r)
			if len(ws) != 2 || ws[0].ID != o.water {
				t.Errorf("the plumber is not suggested first: %+v", ws)
			}
			return err
		}))
		o.must(o.send(id, repair.Dispatch{Technician: o.lift, Reason: "水工都在抢修"}))
		second := o.take(repair.Intake{Confirmed: true})
		o.off("C17.5")
		o.must(o.send(second, repair.Dispatch{Technician: o.lift}))
	})
}

func TestC17_2_PaidWorkIsQuotedAndAgreedFirst(t *testing.T) {
	each(t, func(o *office) {
		var price core.ID
		o.must(o.as("周慧", core.Supervisor, 13, func(ctx context.Context, tx db.Tx) (err error) {
			price, err = repair.Publish(ctx, tx, repair.Price{Code: "R1", Name: "人工(半小时)", Unit: "次", Price: 3000})
			return err
		}))
		id := o.take(repair.Intake{Confirmed: true, Paid: true})
		o.arrive(id)
		o.refuses("C17.2", o.start(id))
		quote := func(p core.Money) error {
			return o.tech(func(ctx context.Context, tx db.Tx) error {
				return repair.MakeQuote(ctx, tx, id, repair.Quote{Lines: []repair.Line{{Item: "price/" + price.String(), Price: p}}})
			})
		}
		o.refuses("C17.2", quote(9900))
		o.must(quote(0))
		o.refuses("C17.2", o.start(id))
		o.must(o.tech(func(ctx context.Context, tx db.Tx) error {
			return repair.Agree(ctx, tx, id, repair.Consent{How: "phone", By: "陈静"})
		}))
		o.must(o.start(id))
		if r := o.get(id); r.State != repair.StateWorking || r.Total != 3000 {
			t.Errorf("state %s, total %s", r.State, r.Total)
		}
		second := o.take(repair.Intake{Confirmed: true, Paid: true})
		o.arrive(second)
		o.off("C17.2")
		o.must(o.start(second))
	})
}

func TestD4_2_AFloodBringsThreePartiesInFifteenMinutes(t *testing.T) {
	each(t, func(o *office) {
		id := o.take(repair.Intake{Content: "天花板渗水,水流很大", Confirmed: true})
		if r := o.get(id); r.Level != repair.Major || !r.Due.Equal(o.now.Add(15*time.Minute)) {
			t.Fatalf("level %s, due %s", r.Level, r.Due)
		}
		o.arrive(id)
		stamp := func(name string, role core.Role, by core.ID) {
			o.must(o.as(name, role, by, func(ctx context.Context, tx db.Tx) error { return repair.ArriveAt(ctx, tx, id, repair.Arrive{}) }))
		}
		stamp("周慧", core.Supervisor, 13)
		if got := o.duties("repair", id, "D4.2"); !slices.Equal(got, []string{"open"}) {
			t.Fatalf("after two of three: %v", got)
		}
		stamp("林敏", core.Desk, 11)
		if got := o.duties("repair", id, "D4.2"); !slices.Equal(got, []string{"done"}) {
			t.Fatalf("after all three: %v", got)
		}
		if got := o.duties("repair", o.take(repair.Intake{}), "D4.2"); got != nil {
			t.Errorf("a dripping tap opened %v", got)
		}
		o.off("D4.2")
		if got := o.duties("repair", o.take(repair.Intake{Content: "水管爆了,跑水"}), "D4.2"); got != nil {
			t.Errorf("switched off, it opened %v", got)
		}
	})
}

func TestC17_1_AnAppointmentIsKeptWithinTenMinutes(t *testing.T) {
	each(t, func(o *office) {
		kept, late := o.take(repair.Intake{Confirmed: true}), o.take(repair.Intake{Confirmed: true})
		at := o.now.Add(time.Hour)
		for _, id := range []core.ID{kept, late} {
			o.must(o.send(id, repair.Dispatch{Technician: o.water, Appoint: at}))
		}
		arrive := func(id core.ID) {
			o.must(o.tech(func(ctx context.Context, tx db.Tx) error { return repair.ArriveAt(ctx, tx, id, repair.Arrive{}) }))
		}
		o.now = at.Add(9 * time.Minute)
		arrive(kept)
		o.now = at.Add(11 * time.Minute)
		o.refuses("C17.1", o.tech(func(ctx context.Context, tx db.Tx) error {
			return repair.Appoint(ctx, tx, late, repair.Appointment{At: o.now.Add(time.Hour), Told: "电话"})
		}))
		arrive(late)
		o.must(o.desk(func(ctx context.Context, tx db.Tx) error {
			f, err := repair.Module().Measures[0].Of(ctx, tx, project, "2026-11")
			if f.Num != 1 || f.Den != 2 || len(f.Breaking) != 1 || f.Breaking[0].ID != late {
				t.Errorf("figure %+v", f)
			}
			return err
		}))
		o.off("C17.1")
		free := o.take(repair.Intake{Confirmed: true})
		o.must(o.send(free, repair.Dispatch{Technician: o.water, Appoint: o.now.Add(time.Hour)}))
		if got := o.duties("repair", free, "C17.1"); got != nil {
			t.Errorf("switched off, it opened %v", got)
		}
		o.now = o.now.Add(2 * time.Hour)
		o.must(o.tech(func(ctx context.Context, tx db.Tx) error {
			return repair.Appoint(ctx, tx, free, repair.Appointment{At: o.now.Add(time.Hour), Told: "电话"})
		}))
	})
}

func TestC17_6_AndD4_3_TheCustomerSignsOnlyAClearedAndTriedJob(t *testing.T) {
	each(t, func(o *office) {
		id := o.take(repair.Intake{Confirmed: true})
		o.arrive(id)
		move := func(consent string) error {
			return o.tech(func(ctx context.Context, tx db.Tx) error {
				return repair.Move(ctx, tx, id, repair.Moving{What: "办公桌", Consent: consent})
			})
		}
		o.refuses("C17.6", move(""))
		o.must(move("陈静"))
		o.must(o.start(id))
		o.refuses("D4.3", o.finish(id, repair.Finish{Result: "好了"}))
		f := done()
		f.Cleared = false
		o.must(o.finish(id, f))
		o.refuses("C17.6", o.sign(id, good()))
		o.must(o.tech(func(ctx context.Context, tx db.Tx) error { return repair.Clear(ctx, tx, id) }))
		o.refuses("D4.3", o.sign(id, repair.Sign{Signature: signature()}))
		o.refuses("D4.3", o.sign(id, repair.Sign{Attitude: 5, Speed: 5, Quality: 5}))
		o.must(o.sign(id, good()))
		if r := o.get(id); r.State != repair.StateClosed || r.Open {
			t.Errorf("state %s, open %v", r.State, r.Open)
		}
	})
}

func TestC17_6_SwitchedOffNobodyAsksForConsentOrClearing(t *testing.T) {
	each(t, func(o *office) {
		id := o.take(repair.Intake{Confirmed: true})
		o.arrive(id)
		o.off("C17.6")
		o.must(o.tech(func(ctx context.Context, tx db.Tx) error {
			return repair.Move(ctx, tx, id, repair.Moving{What: "办公桌"})
		}))
		o.must(o.start(id))
		o.must(o.finish(id, repair.Finish{Result: "好了", Signature: signature()}))
		o.must(o.sign(id, good()))
	})
}

func TestD4_3_SwitchedOffNobodySignsOrRates(t *testing.T) {
	each(t, func(o *office) {
		id := o.take(repair.Intake{Confirmed: true})
		o.arrive(id)
		o.must(o.start(id))
		o.refuses("D4.3", o.finish(id, repair.Finish{Cleared: true, Tried: true}))
		o.off("D4.3")
		o.must(o.finish(id, repair.Finish{Cleared: true, Tried: true}))
		o.must(o.sign(id, repair.Sign{}))
	})
}

func TestC17_3_AnOralOrderIsWrittenAfterwardsAndPrintsThreeParts(t *testing.T) {
	each(t, func(o *office) {
		id := o.take(repair.Intake{Confirmed: true, Channel: "oral"})
		o.arrive(id)
		o.must(o.start(id))
		o.must(o.finish(id, done()))
		o.refuses("C17.3", o.sign(id, good()))
		o.must(o.desk(func(ctx context.Context, tx db.Tx) error { return repair.WriteSlip(ctx, tx, id) }))
		o.must(o.sign(id, good()))
		o.must(o.desk(func(ctx context.Context, tx db.Tx) error {
			r, err := repair.Get(ctx, tx, id)
			if err != nil {
				return err
			}
			pdf, err := repair.PrintSlip(ctx, tx, r)
			if n := bytes.Count(pdf, []byte("/Type /Page\n")); !bytes.HasPrefix(pdf, []byte("%PDF-")) || n != 3 {
				t.Errorf("%d bytes, %d pages, want three", len(pdf), n)
			}
			return err
		}))
		second := o.take(repair.Intake{Confirmed: true, Channel: "oral"})
		o.arrive(second)
		o.must(o.start(second))
		o.must(o.finish(second, done()))
		o.off("C17.3")
		o.must(o.sign(second, good()))
	})
}

func TestC18_1_AContractorNeedsTheManagersConsent(t *testing.T) {
	each(t, func(o *office) {
		ask := func(id core.ID) error {
			return o.as("周慧", core.Supervisor, 13, func(ctx context.Context, tx db.Tx) error {
				return repair.AskOutside(ctx, tx, id, repair.Outside{Company: "安捷管道", Reason: "水工都在别处抢修"})
			})
		}
		o.refuses("C18.1", ask(o.take(repair.Intake{Confirmed: true})))
		id := o.take(repair.Intake{Confirmed: true, Level: repair.Urgent})
		o.must(ask(id))
		if r := o.get(id); r.State != repair.StateNew {
			t.Fatalf("sent before the manager's yes: %s", r.State)
		}
		o.must(o.as("主任", core.Manager, 12, func(ctx context.Context, tx db.Tx) error {
			rs, err := approval.For(ctx, tx, project, []core.Role{core.Manager}, 0, 100)
			if err != nil || len(rs) != 1 {
				t.Fatalf("%d requests, %v", len(rs), err)
			}
			return approval.Decide(ctx, tx, rs[0].Ref.ID, true, "")
		}))
		if r := o.get(id); r.State != repair.StateDispatched || r.Outside != "安捷管道" {
			t.Errorf("state %s, outside %q", r.State, r.Outside)
		}
		o.off("C18.1")
		free := o.take(repair.Intake{Confirmed: true})
		o.must(ask(free))
		if r := o.get(free); r.State != repair.StateDispatched || r.Outside != "安捷管道" {
			t.Errorf("switched off, the contractor is not sent: %s %q", r.State, r.Outside)
		}
	})
}

func TestD4_1_AnOwnApplianceIsAdvisedOnAndNotTaken(t *testing.T) {
	each(t, func(o *office) {
		take := func(values map[string][]string) (m desk.Matter, ref core.Ref, err error) {
			err = o.desk(func(ctx context.Context, tx db.Tx) error {
				m, ref, err = desk.Take(ctx, tx, desk.Intake{Channel: "phone", Kind: "repair", Content: "自己的饮水机坏了", Phone: "13800002231", Contact: "陈静", More: core.Input{Values: values}})
				return err
			})
			return m, ref, err
		}
		if _, _, err := take(map[string][]string{"own": {"true"}}); !core.IsKind(err, core.KindInvalid) {
			t.Fatalf("without advice: %v", err)
		}
		m, ref, err := take(map[string][]string{"own": {"true"}, "advice": {"请联系饮水机厂家"}})
		o.must(err)
		if ref.ID != 0 {
			t.Error("an order was made")
		}
		o.must(o.desk(func(ctx context.Context, tx db.Tx) error {
			now, err := desk.Get(ctx, tx, m.Ref.ID)
			if now.State != desk.StateClosed || now.Answer != "请联系饮水机厂家" {
				t.Errorf("matter %s, %q", now.State, now.Answer)
			}
			return err
		}))
		o.refuses("D4.1", o.desk(func(ctx context.Context, tx db.Tx) error {
			_, err := repair.Take(ctx, tx, repair.Intake{Own: true, Content: "饮水机"})
			return err
		}))
		o.off("D4.1")
		_, ref, err = take(map[string][]string{"own": {"true"}})
		o.must(err)
		if ref.ID == 0 {
			t.Error("switched off, no order was made")
		}
	})
}

func TestB4_3_DispatchIsTheCallAndTheSignatureSettlesTheMatter(t *testing.T) {
	each(t, func(o *office) {
		var m desk.Matter
		var ref core.Ref
		o.must(o.desk(func(ctx context.Context, tx db.Tx) (err error) {
			tx.Trace()
			m, ref, err = desk.Take(ctx, tx, desk.Intake{Channel: "phone", Kind: "repair", Content: "水龙头漏水", Phone: "13800002231", Contact: "陈静", More: core.Input{Values: map[string][]string{"confirmed": {"true"}}}})
			if n := len(tx.Queries()); n > 14 { // intake is benchmarked against raw single-row commits
				t.Errorf("intake takes %d statements before the journal", n)
			}
			return err
		}))
		if got := o.duties("desk", m.Ref.ID, "B4.3"); !slices.Equal(got, []string{"open"}) {
			t.Fatalf("after intake: %v", got)
		}
		o.arrive(ref.ID)
		if got := o.duties("desk", m.Ref.ID, "B4.3"); !slices.Equal(got, []string{"done"}) {
			t.Fatalf("after dispatch: %v", got)
		}
		o.must(o.start(ref.ID))
		o.must(o.finish(ref.ID, done()))
		o.must(o.sign(ref.ID, good()))
		o.must(o.desk(func(ctx context.Context, tx db.Tx) error {
			now, err := desk.Get(ctx, tx, m.Ref.ID)
			if now.State != desk.StateClosed {
				t.Errorf("matter %s", now.State)
			}
			return err
		}))
	})
}

func TestC17_4_TheMonthIsConfirmedWithSampledCalls(t *testing.T) {
	each(t, func(o *office) {
		id := o.take(repair.Intake{Confirmed: true})
		o.arrive(id)
		o.must(o.start(id))
		o.must(o.finish(id, done()))
		o.must(o.as("周慧", core.Supervisor, 13, func(ctx context.Context, tx db.Tx) error {
			return repair.Rework(ctx, tx, id, repair.Why{Reason: "还在滴水"})
		}))
		o.must(o.tech(func(ctx context.Context, tx db.Tx) error { return repair.ArriveAt(ctx, tx, id, repair.Arrive{}) }))
		o.must(o.start(id))
		o.must(o.finish(id, done()))
		o.must(o.sign(id, good()))
		period := duty.PeriodRef(project, "2026-11")
		confirm := func(sampled int64) error {
			return o.as("周慧", core.Supervisor, 13, func(ctx context.Context, tx db.Tx) error {
				f, err := repair.FiguresOf(ctx, tx, project, "2026-11")
				if f.Finished != 1 || f.Timely != 1 || f.Passed != 0 {
					t.Errorf("figures %+v", f)
				}
				if err == nil {
					err = duty.Open(ctx, tx, "C17.4", period, duty.Number("day"), duty.Due(core.Now(ctx).Add(time.Hour)))
				}
				if err == nil {
					_, err = repair.ConfirmMonth(ctx, tx, 0, repair.Confirm{Month: "2026-11", Sampled: sampled, Satisfied: sampled})
				}
				return err
			})
		}
		o.refuses("C17.4", confirm(0))
		o.must(confirm(3))
		if got := o.duties("month", period.ID, "C17.4"); !slices.Equal(got, []string{"done"}) {
			t.Errorf("the month's duty: %v", got)
		}
		o.off("C17.4")
		o.must(o.as("周慧", core.Supervisor, 13, func(ctx context.Context, tx db.Tx) error {
			_, err := repair.ConfirmMonth(ctx, tx, 0, repair.Confirm{Month: "2026-10"})
			return err
		}))
	})
}

func TestStockNeverGoesBelowZero(t *testing.T) {
	each(t, func(o *office) {
		var m core.ID
		o.must(o.as("周慧", core.Supervisor, 13, func(ctx context.Context, tx db.Tx) (err error) {
			m, err = repair.Stock(ctx, tx, repair.Material{Code: "M1", Name: "阀芯", Unit: "个", Price: 1500, Quantity: 1000})
			return err
		}))
		id := o.take(repair.Intake{Confirmed: true})
		o.arrive(id)
		o.must(o.start(id))
		use := func() error {
			return o.tech(func(ctx context.Context, tx db.Tx) error {
				return repair.UseMaterials(ctx, tx, id, repair.Use{Lines: []repair.Line{{Item: "material/" + m.String()}}})
			})
		}
		o.must(use())
		if err := use(); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("the second of one: %v", err)
		}
	})
}

func TestImportOfTheOfficesBook(t *testing.T) {
	each(t, func(o *office) {
		imp := repair.Module().Sheets[0]
		row := func(n int, cells map[string]string) sheet.ImportRow {
			return sheet.ImportRow{Sheet: "报修投诉登记", Row: n, Cells: cells}
		}
		rows := []sheet.ImportRow{
			row(3, map[string]string{"seq": "1", "time": "2026-10-16 18:26", "unit": "A0604", "reporter": "林玲丽", "phone": "18619507580", "category": "报修", "content": "插座没电", "handler": "王工", "done_time": "2026-10-19 17:26", "result": "已处理"}),
			row(4, map[string]string{"seq": "2", "time": "2026-10-14 09:26", "unit": "A0708", "reporter": "马秀燕", "phone": "19905409558", "category": "报修", "content": "插座没电", "handler": "张工"}),
			row(5, map[string]string{"seq": "3", "time": "2026-10-08 14:12", "unit": "A0101", "reporter": "苏鑫", "category": "投诉", "content": "停车位被占", "handler": "王工"}),
			row(6, map[string]string{"seq": "4", "category": "投诉", "content": "没有时间"})}
		var staged []sheet.Staged
		run := func(rows []sheet.ImportRow) (states []sheet.State) {
			o.must(o.as("周慧", core.Supervisor, 13, func(ctx context.Context, tx db.Tx) (err error) {
				var problems []sheet.Problem
				if staged, problems, err = imp.Stage(ctx, tx, rows, nil); err != nil {
					return err
				}
				var take []sheet.Staged
				for _, s := range staged {
					states = append(states, s.State)
					if s.State == sheet.New || s.State == sheet.Changed {
						take = append(take, s)
					}
				}
				if len(problems) != 1 {
					t.Errorf("problems %v", problems)
				}
				return imp.Apply(ctx, tx, take, nil)
			}))
			return states
		}
		if got := run(rows); !slices.Equal(got, []sheet.State{sheet.New, sheet.New, sheet.New, sheet.Refused}) {
			t.Fatalf("first: %v", got)
		}
		if got := run(rows); !slices.Equal(got, []sheet.State{sheet.Unchanged, sheet.Unchanged, sheet.Unchanged, sheet.Refused}) {
			t.Fatalf("again: %v", got)
		}
		open := o.get(staged[1].Record)
		if open.State != repair.StateDispatched || open.OfficeNo != "2" || open.TechnicianName != "张工" {
			t.Errorf("the open one: %+v", open)
		}
		if got := o.duties("desk", open.Matter, "B4.3"); !slices.Equal(got, []string{"open"}) {
			t.Errorf("its duty runs from the import: %v", got)
		}
		rows[1].Cells["done_time"], rows[1].Cells["result"] = "2026-11-19 10:00", "已处理"
		if got := run(rows); got[1] != sheet.Changed {
			t.Fatalf("edited: %v", got)
		}
		if r := o.get(open.Ref.ID); r.State != repair.StateClosed {
			t.Errorf("the edited one is %s", r.State)
		}
		o.must(o.desk(func(ctx context.Context, tx db.Tx) error {
			f, err := repair.FiguresOf(ctx, tx, project, "2026-10")
			if f.Taken != 0 {
				t.Errorf("imported history counts: %+v", f)
			}
			return err
		}))
	})
}
