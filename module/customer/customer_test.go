package customer_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
	"huiyin/module/estate"
	"huiyin/notify"
	"huiyin/regulation"
	"huiyin/search"
	"huiyin/sheet"
)

const project core.ID = 7

func migrations() []fs.FS {
	return []fs.FS{calendar.Migrations, journal.Migrations, file.Migrations, search.Migrations, notify.Migrations, regulation.Migrations, duty.Migrations, approval.Migrations,
		estate.Module().Migrations, customer.Module().Migrations}
}

func modules() []house.Module { return []house.Module{estate.Module(), customer.Module()} }

// world is a project on a fresh database, with a clock that the test moves.
type world struct {
	t   *testing.T
	d   *db.DB
	now time.Time
	as  core.Actor
	on  []house.Module // modules of the test besides
}

func each(t *testing.T, fn func(w *world)) {
	t.Helper()
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		fn(&world{t: t, d: d, now: time.Date(2026, 11, 2, 1, 0, 0, 0, time.UTC), as: actor(11, core.Desk)})
	})
}

func actor(id core.ID, roles ...core.Role) core.Actor {
	return core.Actor{ID: id, Name: "员工" + id.String(), Seats: map[core.ID]core.Seat{project: {Roles: roles}}}
}

func (w *world) ctx() context.Context {
	l, err := house.Gather(append(modules(), w.on...))
	if err != nil {
		w.t.Fatal(err)
	}
	kinds := map[string]approval.Kind{}
	for _, m := range modules() {
		for _, k := range m.Approvals {
			kinds[k.Verb] = k
		}
	}
	ctx := core.WithClock(context.Background(), func() time.Time { return w.now })
	ctx = house.With(approval.With(ctx, kinds), l)
	return core.WithActor(core.WithProject(ctx, core.Project{ID: project, Code: "lh", Name: "联合广场"}), w.as)
}

func (w *world) try(fn func(ctx context.Context, tx db.Tx) error) error {
	return w.d.Write(w.ctx(), fn)
}

func (w *world) do(fn func(ctx context.Context, tx db.Tx) error) {
	w.t.Helper()
	if err := w.try(fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(fn func(ctx context.Context, tx db.Tx) error) {
	w.t.Helper()
	if err := w.d.Read(w.ctx(), fn); err != nil {
		w.t.Fatal(err)
	}
}

// off switches a clause off from tomorrow on and moves the clock there.
func (w *world) off(clause string) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx db.Tx) error {
		return regulation.Set(ctx, tx, project, clause, regulation.Switch, "off", core.Today(ctx).Add(1))
	})
	w.now = w.now.Add(48 * time.Hour)
}

func firm(name string) customer.In {
	return customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(name), Category: customer.Ordinary, Consent: "written",
		Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}}}
}

func (w *world) create(in customer.In) (id core.ID) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx db.Tx) (err error) { id, err = customer.Create(ctx, tx, in); return err })
	return id
}

func (w *world) tryCreate(in customer.In) error {
	return w.try(func(ctx context.Context, tx db.Tx) error { _, err := customer.Create(ctx, tx, in); return err })
}

func (w *world) get(id core.ID) (c customer.Customer) {
	w.t.Helper()
	w.read(func(ctx context.Context, tx db.Tx) (err error) { c, err = customer.Get(ctx, tx, id); return err })
	return c
}

func (w *world) duties(kind string, id core.ID, clause string) (out []duty.Duty) {
	w.t.Helper()
	w.read(func(ctx context.Context, tx db.Tx) error {
		all, err := duty.Of(ctx, tx, core.Ref{Project: project, Kind: kind, ID: id})
		for _, d := range all {
			if d.Clause == clause {
				out = append(out, d)
			}
		}
		return err
	})
	return out
}

func (w *world) unit(code string) (id core.ID) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx db.Tx) (err error) {
		id, err = estate.CreateUnit(ctx, tx, estate.In{Code: code})
		return err
	})
	return id
}

// refusedBy checks that in is refused by the clause, and taken once the clause is switched off.
func refusedBy(t *testing.T, clause string, in customer.In) {
	each(t, func(w *world) {
		if got := core.ClauseOf(w.tryCreate(in)); got != clause {
			w.t.Fatalf("refused by %q, want %s", got, clause)
		}
		w.off(clause)
		if err := w.tryCreate(in); core.ClauseOf(err) == clause {
			w.t.Errorf("%s refuses although it is switched off", clause)
		}
	})
}

func TestB1_1_OneCustomerHasOneFile(t *testing.T) {
	each(t, func(w *world) {
		in := firm("深圳市华达科技有限公司")
		in.IDNo = "91440300708461136T"
		w.create(in)
		twin := firm("华达科技")
		twin.IDNo = "9144 0300-708461136t"
		if got := core.ClauseOf(w.tryCreate(twin)); got != "B1.1" {
			w.t.Fatalf("refused by %q, want B1.1", got)
		}
		w.off("B1.1")
		w.create(twin)
	})
}

func TestB1_1_AWrongCheckDigitIsRefusedAtTheDeskAndADutyAfterImport(t *testing.T) {
	each(t, func(w *world) {
		in := firm("天邦公司")
		in.IDNo = "91440300708461136A"
		if !core.IsKind(w.tryCreate(in), core.KindInvalid) {
			w.t.Fatal("a wrong check digit was taken")
		}
		in.Origin = customer.OriginImport
		if n := len(w.duties("customer", w.create(in), "B1.1")); n != 1 {
			w.t.Errorf("%d duties to check the ID number, want 1", n)
		}
	})
}

func TestB1_2_AFileIsVerifiedOnceAYearAndTheOverdueAreListed(t *testing.T) {
	each(t, func(w *world) {
		id := w.create(firm("信云律师事务所"))
		if ds := w.duties("customer", id, "B1.2"); len(ds) != 1 || ds[0].Day != "2027-11-02" {
			w.t.Fatalf("duties %+v, want one due on 2027-11-02", ds)
		}
		w.now = w.now.AddDate(1, 0, 2)
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.Verify(ctx, tx, id, "电话核实") })
		ds := w.duties("customer", id, "B1.2")
		if len(ds) != 2 || !ds[0].Late || ds[0].State != duty.StateDone || ds[1].State != duty.StateOpen {
			w.t.Errorf("duties after a late verification: %+v", ds)
		}
		w.off("B1.2")
		if ds := w.duties("customer", w.create(firm("不必核实公司")), "B1.2"); len(ds) != 0 {
			w.t.Errorf("duties with B1.2 off: %+v", ds)
		}
	})
}

func TestB1_4_PersonalDataNeedsConsent(t *testing.T) {
	in := firm("无同意公司")
	in.Consent = ""
	refusedBy(t, "B1.4", in)
}

func TestB1_4_AVisitorsIDNumberIsNotTakenDown(t *testing.T) {
	refusedBy(t, "B1.4", customer.In{Kind: customer.KindVisitor, Form: customer.Person, Name: "访客甲", Consent: "oral", Sensitive: "oral", IDNo: "11010519491231002X"})
}

func TestC15_1_AFileHasOneOfFourCategories(t *testing.T) {
	if n := len(customer.Categories()); n != 4 {
		t.Fatalf("%d categories, want 4", n)
	}
	in := firm("无类别公司")
	in.Category = ""
	refusedBy(t, "C15.1", in)
}

func TestC15_4_AKeyCustomerHasTwoContactPersons(t *testing.T) {
	in := firm("重点公司")
	in.Category = customer.Key
	refusedBy(t, "C15.4", in)
}

func TestL5_AnIdentityNumberNeedsAConsentOfItsOwn(t *testing.T) {
	each(t, func(w *world) {
		in := customer.In{Kind: customer.KindOwner, Form: customer.Person, Name: "黄志成", Category: customer.Ordinary, Consent: "written", IDNo: "11010519491231002X"}
		if got := core.ClauseOf(w.tryCreate(in)); got != "L5" {
			w.t.Fatalf("refused by %q, want L5", got)
		}
		in.Sensitive = "written"
		c := w.get(w.create(in))
		if c.IDMask != "1101************2X" || strings.Contains(c.IDSealed, "19491231") {
			w.t.Errorf("mask %q, sealed %q", c.IDMask, c.IDSealed)
		}
	})
}

func TestC5_1_ANewFileAwaitsTheSupervisor(t *testing.T) {
	each(t, func(w *world) {
		id := w.create(firm("待确认公司"))
		if s := w.get(id).State; s != customer.Pending {
			w.t.Fatalf("state %s, want pending", s)
		}
		var request core.ID
		w.read(func(ctx context.Context, tx db.Tx) (err error) {
			request, err = db.Value[core.ID](ctx, tx, "select id from approval_request where project_id = $1 and record_id = $2", project, id)
			return err
		})
		if err := w.try(func(ctx context.Context, tx db.Tx) error { return approval.Decide(ctx, tx, request, true, "") }); !core.IsKind(err, core.KindForbidden) {
			w.t.Fatalf("the requester confirmed his own file: %v", err)
		}
		w.as = actor(12, core.Supervisor)
		w.do(func(ctx context.Context, tx db.Tx) error { return approval.Decide(ctx, tx, request, true, "") })
		if s := w.get(id).State; s != customer.Active {
			w.t.Errorf("state %s after the yes, want active", s)
		}
		w.off("C5.1")
		if s := w.get(w.create(firm("另一公司"))).State; s != customer.Active {
			w.t.Errorf("state %s with C5.1 off, want active", s)
		}
	})
}

func TestC15_2_AFirstContactIsFiledWithinFiveWorkingDays(t *testing.T) {
	each(t, func(w *world) {
		var id core.ID
		w.do(func(ctx context.Context, tx db.Tx) (err error) {
			id, err = customer.Meet(ctx, tx, customer.First{Name: "吴总", Phone: "13900001111", Consent: "oral"})
			return err
		})
		ds := w.duties("customer", id, "C15.2")
		if len(ds) != 1 || ds[0].Day != "2026-11-09" {
			w.t.Fatalf("duties %+v, want one due on 2026-11-09 (five working days)", ds)
		}
		in := firm("吴总的公司")
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.File(ctx, tx, id, in) })
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.Change(ctx, tx, id, "搬到 8 楼") })
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.Edit(ctx, tx, id, in) })
		ds = w.duties("customer", id, "C15.2")
		if len(ds) != 2 || ds[0].State != duty.StateDone || ds[1].State != duty.StateDone || ds[1].Late {
			w.t.Errorf("duties %+v, want two done in time", ds)
		}
		w.off("C15.2")
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.Change(ctx, tx, id, "换了电话") })
		if ds := w.duties("customer", id, "C15.2"); len(ds) != 2 {
			w.t.Errorf("duties with C15.2 off: %+v", ds)
		}
	})
}

func TestC15_4_ALeaversCustomersAreHandedOverInOneStep(t *testing.T) {
	each(t, func(w *world) {
		a, b := firm("甲公司"), firm("乙公司")
		a.Keeper, b.Keeper = 21, 21
		ids := []core.ID{w.create(a), w.create(b)}
		var handover core.ID
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.Leaver(ctx, tx, 21) })
		w.read(func(ctx context.Context, tx db.Tx) (err error) {
			handover, err = db.Value[core.ID](ctx, tx, "select id from customer_handover where project_id = $1", project)
			return err
		})
		if ds := w.duties("handover", handover, "C15.4"); len(ds) != 1 || ds[0].State != duty.StateOpen {
			w.t.Fatalf("duties %+v, want one open", ds)
		}
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.HandOver(ctx, tx, handover, 22, "林敏") })
		for _, id := range ids {
			if k := w.get(id).Keeper; k != 22 {
				w.t.Errorf("keeper %d, want 22", k)
			}
		}
		w.read(func(ctx context.Context, tx db.Tx) error {
			lines, err := customer.HandoverLines(ctx, tx, handover)
			if len(lines) != 2 {
				w.t.Errorf("%d customers to tell, want 2", len(lines))
			}
			return err
		})
		if ds := w.duties("handover", handover, "C15.4"); ds[0].State != duty.StateDone {
			w.t.Errorf("the duty is %s, want done", ds[0].State)
		}
		if err := w.try(func(ctx context.Context, tx db.Tx) error { return customer.HandOver(ctx, tx, handover, 23, "") }); !core.IsKind(err, core.KindConflict) {
			w.t.Errorf("handed over twice: %v", err)
		}
		c := firm("丙公司")
		c.Keeper = 31
		w.create(c)
		w.off("C15.4")
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.Leaver(ctx, tx, 31) })
		w.read(func(ctx context.Context, tx db.Tx) error {
			id, err := db.Value[core.ID](ctx, tx, "select id from customer_handover where project_id = $1 and leaver_id = 31", project)
			if ds := w.duties("handover", id, "C15.4"); id == 0 || len(ds) != 0 {
				w.t.Errorf("handover %s with C15.4 off: duties %+v", id, ds)
			}
			return err
		})
	})
}

func TestD4_7_TheTelephoneListIsCompiledSentAndSignedFor(t *testing.T) {
	each(t, func(w *world) {
		in := firm("华达科技")
		in.Unit = w.unit("A1203")
		w.create(in)
		w.do(func(ctx context.Context, tx db.Tx) error {
			return duty.Open(ctx, tx, "D4.7", duty.PeriodRef(project, "2026-11"), duty.Number("day"), duty.Due(w.now.AddDate(0, 0, 18)))
		})
		var id core.ID
		w.do(func(ctx context.Context, tx db.Tx) (err error) { id, err = customer.Compile(ctx, tx); return err })
		w.read(func(ctx context.Context, tx db.Tx) error {
			lines, err := customer.DirectoryLines(ctx, tx, id)
			if len(lines) != 1 || lines[0].Units != "A1203" || lines[0].Phone != "138****2231" {
				w.t.Errorf("lines %+v", lines)
			}
			return err
		})
		if err := w.try(func(ctx context.Context, tx db.Tx) error { return customer.Sign(ctx, tx, id) }); !core.IsKind(err, core.KindConflict) {
			w.t.Errorf("signed for before it was sent: %v", err)
		}
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.Send(ctx, tx, id) })
		w.as = actor(13, core.Guard)
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.Sign(ctx, tx, id) })
		ref := duty.PeriodRef(project, "2026-11")
		if ds := w.duties(ref.Kind, ref.ID, "D4.7"); len(ds) != 1 || ds[0].State != duty.StateDone {
			w.t.Errorf("duties %+v, want one done", ds)
		}
	})
}

func TestD4_7_EachMonthOwesItsList(t *testing.T) {
	each(t, func(w *world) {
		due := func(month core.Month) []duty.Duty {
			place := duty.Place{Project: core.Project{ID: project, Code: "lh", Zone: core.China}, Since: w.now}
			if err := duty.Tick(w.ctx(), w.d, []duty.Place{place}, customer.Module().Recurring); err != nil {
				w.t.Fatal(err)
			}
			ref := duty.PeriodRef(project, month)
			return w.duties(ref.Kind, ref.ID, "D4.7")
		}
		if ds := due("2026-11"); len(ds) != 1 || ds[0].Day != "2026-11-20" {
			w.t.Fatalf("duties %+v, want one due on the 20th", ds)
		}
		w.off("D4.7")
		w.now = w.now.AddDate(0, 1, 0)
		if ds := due("2026-12"); len(ds) != 0 {
			w.t.Errorf("duties with D4.7 off: %+v", ds)
		}
	})
}

func TestD2_7_TheFormSaysWhatItLacks(t *testing.T) {
	each(t, func(w *world) {
		in := firm("缺资料公司")
		in.Contacts = append(in.Contacts, customer.Entry{Name: "程波", Role: customer.RoleOutside, Phone: "13900000001"})
		c := w.get(w.create(in))
		missing := func() (out string) {
			w.read(func(ctx context.Context, tx db.Tx) error {
				contacts, err := customer.Contacts(ctx, tx, c.ID)
				if err != nil {
					return err
				}
				all, err := customer.Missing(ctx, tx, c, contacts)
				for _, m := range all {
					out += m.ZH + ";"
				}
				return err
			})
			return out
		}
		if got := missing(); !strings.Contains(got, "非办公时间紧急联系人(1/2)") || !strings.Contains(got, "办公时间紧急联系人(0/2)") || !strings.Contains(got, "法定地址") {
			w.t.Errorf("missing: %s", got)
		}
		w.off("D2.7")
		if got := missing(); got != "" {
			w.t.Errorf("missing with D2.7 off: %s", got)
		}
	})
}

func TestL5_WithdrawnConsentAndErasure(t *testing.T) {
	each(t, func(w *world) {
		id := w.create(customer.In{Kind: customer.KindOwner, Form: customer.Person, Name: "黄志成", Category: customer.Ordinary, Consent: "written", Sensitive: "written", IDNo: "11010519491231002X",
			Contacts: []customer.Entry{{Name: "黄志成", Role: customer.RoleContact, Phone: "13639897103"}}, Unit: w.unit("A0101"), Part: customer.AsOwner})
		var s customer.Subject
		w.do(func(ctx context.Context, tx db.Tx) (err error) {
			s, err = customer.Export(ctx, tx, id, "本人要求")
			return err
		})
		if s.IDNo != "11010519491231002X" || len(s.Consents) != 2 || len(s.Contacts) != 1 || s.Contacts[0].Phones[0] != "13639897103" {
			w.t.Errorf("export %+v", s)
		}
		var consents []customer.Consent
		w.read(func(ctx context.Context, tx db.Tx) (err error) {
			consents, err = customer.Consents(ctx, tx, id)
			return err
		})
		for _, c := range consents {
			if c.Sensitive {
				w.do(func(ctx context.Context, tx db.Tx) error { return customer.Withdraw(ctx, tx, id, c.ID, "书面") })
			}
		}
		if c := w.get(id); c.IDMask != "" || c.IDSealed != "" {
			w.t.Errorf("the ID number stays after its consent was withdrawn: %q", c.IDMask)
		}
		erase := func() error {
			return w.try(func(ctx context.Context, tx db.Tx) error { return customer.Erase(ctx, tx, id, "本人要求删除") })
		}
		if err := erase(); !core.IsKind(err, core.KindConflict) {
			w.t.Fatalf("erased while the unit is theirs: %v", err)
		}
		w.now = w.now.Add(24 * time.Hour)
		w.do(func(ctx context.Context, tx db.Tx) error {
			stays, err := customer.Stays(ctx, tx, id)
			if err != nil {
				return err
			}
			return customer.Vacate(ctx, tx, id, stays[0].ID, core.Today(ctx).Add(-1).Add(1))
		})
		w.now = w.now.Add(48 * time.Hour)
		if err := erase(); err != nil {
			w.t.Fatal(err)
		}
		w.read(func(ctx context.Context, tx db.Tx) error {
			if hits, err := customer.Recognise(ctx, tx, "13639897103"); err != nil || len(hits) > 0 {
				w.t.Errorf("still recognised: %+v %v", hits, err)
			}
			if hits, err := customer.Recognise(ctx, tx, "黄志成"); err != nil || len(hits) > 0 {
				w.t.Errorf("still found: %+v %v", hits, err)
			}
			return nothingLeft(ctx, tx, w.t, id)
		})
		w.verify()
	})
}

// nothingLeft looks through the journal of a customer for what was erased.
func nothingLeft(ctx context.Context, tx db.Tx, t *testing.T, id core.ID) error {
	entries, err := journal.Of(ctx, tx, core.Ref{Project: project, Kind: "customer", ID: id})
	for _, e := range entries {
		values, err := e.Fields(ctx, tx)
		if err != nil {
			return err
		}
		if text := core.JSON(values); strings.Contains(text, "黄志成") || strings.Contains(e.Payload, "13639897103") {
			t.Errorf("the journal still tells %s: %s", e.Verb, text)
		}
	}
	return err
}

func (w *world) verify() {
	w.t.Helper()
	var tables []journal.Table
	for _, m := range modules() {
		tables = append(tables, m.Tables...)
	}
	w.read(func(ctx context.Context, tx db.Tx) error {
		rep, err := journal.Verify(ctx, tx, tables)
		for _, f := range rep.Findings {
			w.t.Errorf("verify: %s", f.Text.ZH)
		}
		return err
	})
}

func TestRecogniseByNumberUnitNamePinyinAndInitials(t *testing.T) {
	each(t, func(w *world) {
		in := firm("深圳市华达科技有限公司")
		in.Unit = w.unit("A1203")
		id := w.create(in)
		for _, q := range []string{"138 0000 2231", "2231", "a1203", "A座12层1203室", "华达", "huada", "chenjing", "cj"} {
			w.read(func(ctx context.Context, tx db.Tx) error {
				hits, err := customer.Recognise(ctx, tx, q)
				if len(hits) != 1 || hits[0].Customer != id || hits[0].Code != "A1203" || hits[0].Phone != "138****2231" {
					w.t.Errorf("%q finds %+v", q, hits)
				}
				return err
			})
		}
	})
}

func TestMergeLosesNothingAndIsUndone(t *testing.T) {
	each(t, func(w *world) {
		a, b := firm("华达科技"), firm("华达科技")
		b.Contacts = []customer.Entry{{Name: "李工", Role: customer.RoleContact, Phone: "13900002222"}}
		a.Unit, b.Unit = w.unit("A0101"), w.unit("A0102")
		keep, gone := w.create(a), w.create(b)
		w.read(func(ctx context.Context, tx db.Tx) error {
			pairs, err := customer.Pairs(ctx, tx, 10)
			if len(pairs) != 1 || pairs[0].A != keep || pairs[0].B != gone {
				w.t.Errorf("pairs %+v", pairs)
			}
			return err
		})
		count := func(id core.ID) (contacts, stays int) {
			w.read(func(ctx context.Context, tx db.Tx) error {
				ks, err := customer.Contacts(ctx, tx, id)
				ss, err2 := customer.Stays(ctx, tx, id)
				contacts, stays = len(ks), len(ss)
				if err == nil {
					err = err2
				}
				return err
			})
			return contacts, stays
		}
		spaces := w.spaces(keep, gone)
		w.do(func(ctx context.Context, tx db.Tx) error { return customer.Merge(ctx, tx, keep, gone) })
		spaces(keep, keep, "after the merge")
		if k, s := count(keep); k != 2 || s != 2 || w.get(gone).State != customer.Merged {
			w.t.Errorf("after the merge: %d contacts, %d units", k, s)
		}
		w.do(func(ctx context.Context, tx db.Tx) error {
			m, err := customer.Merges(ctx, tx, keep)
			if err != nil {
				return err
			}
			return customer.Unmerge(ctx, tx, keep, m[0].ID)
		})
		spaces(gone, keep, "after undoing it")
		if k, s := count(gone); k != 1 || s != 1 || w.get(gone).State != customer.Pending {
			w.t.Errorf("after undoing it: %d contacts, %d units, %s", k, s, w.get(gone).State)
		}
		w.verify()
	})
}

// spaces gives each customer a parking space and the second a letter box, and checks later whose they are.
func (w *world) spaces(keep, gone core.ID) func(ofGone, ofKept core.ID, when string) {
	w.t.Helper()
	let := func(code string, id core.ID) estate.SpaceIn {
		return estate.SpaceIn{Code: code, State: estate.SpaceLet, UsedBy: "华达科技", Customer: id}
	}
	w.do(func(ctx context.Context, tx db.Tx) error {
		if _, err := estate.CreateParking(ctx, tx, let("C1", keep)); err != nil {
			return err
		}
		if _, err := estate.CreateParking(ctx, tx, let("C2", gone)); err != nil {
			return err
		}
		_, err := estate.CreateMailbox(ctx, tx, let("M2", gone))
		return err
	})
	return func(ofGone, ofKept core.ID, when string) {
		w.t.Helper()
		w.read(func(ctx context.Context, tx db.Tx) error {
			for table, want := range map[string]map[string]core.ID{"estate_parking": {"C1": ofKept, "C2": ofGone}, "estate_mailbox": {"M2": ofGone}} {
				for code, id := range want {
					got, err := db.Value[core.ID](ctx, tx, "select customer_id from "+table+" where project_id = $1 and code = $2", project, code)
					if err != nil || got != id {
						w.t.Errorf("%s: %s belongs to %s, want %s (%v)", when, code, got, id, err)
					}
				}
			}
			return nil
		})
	}
}

// stage reads a workbook and gives its rows to every importer, as the import does.
func (w *world) importBook(path string) (counts sheet.Counts, problems []sheet.Problem) {
	w.t.Helper()
	sheets := readBook(w.t, path)
	batch := &sheet.Batch{Coming: map[string]map[string]bool{"units": {}}}
	var staged [][]sheet.Staged
	importers := sortedImporters()
	w.read(func(ctx context.Context, tx db.Tx) error {
		tx.Trace()
		defer func() {
			if n := len(tx.Queries()); n > 40 {
				w.t.Errorf("staging made %d queries: one a row?", n)
			}
		}()
		for _, im := range importers {
			rows, ps, err := im.Stage(ctx, tx, sheets[im.Layout], batch)
			if err != nil {
				return err
			}
			problems = append(problems, ps...)
			if im.Layout == "units" && im.Order == 10 {
				for _, r := range rows {
					batch.Coming["units"][r.Key] = true
				}
			}
			staged = append(staged, rows)
		}
		return nil
	})
	w.do(func(ctx context.Context, tx db.Tx) error {
		for i, im := range importers {
			var take, write []sheet.Staged
			for _, r := range staged[i] {
				switch r.State {
				case sheet.New:
					counts.New++
				case sheet.Changed:
					counts.Changed++
				case sheet.Unchanged:
					counts.Unchanged++
				}
				if r.State != sheet.Refused {
					take = append(take, r)
				}
				if r.State == sheet.New || r.State == sheet.Changed {
					write = append(write, r)
				}
			}
			im.Count(&counts, take)
			if err := im.Apply(ctx, tx, write, batch); err != nil {
				return err
			}
		}
		return nil
	})
	return counts, problems
}

func sortedImporters() []sheet.Importer {
	var out []sheet.Importer
	for _, order := range []int{10, 15, 20, 30, 40, 50} {
		for _, m := range modules() {
			for _, im := range m.Sheets {
				if im.Order == order {
					out = append(out, im)
				}
			}
		}
	}
	return out
}

func readBook(t *testing.T, path string) map[string][]sheet.ImportRow {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, _ := f.Stat()
	wb, err := sheet.Open(f, info.Size(), sheet.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]sheet.ImportRow{}
	for i := range 6 {
		ws, _, err := wb.Read(i, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := sheet.Recognise(ws, sheet.DefaultLayouts())
		rows := m.Records(ws)
		for j := range rows.Records {
			r := &rows.Records[j]
			row := sheet.ImportRow{Sheet: ws.Name, Row: r.Row, Cells: map[string]string{}}
			for _, l := range sheet.DefaultLayouts() {
				for _, c := range l.Columns {
					if l.Kind == m.Kind && r.Text(c.Name) != "" {
						row.Cells[c.Name] = r.Text(c.Name)
					}
				}
			}
			out[m.Kind] = append(out[m.Kind], row)
		}
	}
	return out
}

// officeBook is a workbook as a property office keeps it.
func officeBook() string { return filepath.Join("..", "..", "sheet", "testdata", "office.xlsx") }

func TestTheOfficesWorkbookIsTakenOverOnce(t *testing.T) {
	each(t, func(w *world) {
		start := time.Now()
		counts, problems := w.importBook(officeBook())
		took := time.Since(start)
		w.t.Logf("%d problems, %v", len(problems), took)
		if counts.Units != 520 || counts.Customers < 450 || counts.Leases < 400 || counts.Readings < 900 || counts.ArrearsFen != 59651678 {
			w.t.Errorf("taken: %+v", counts)
		}
		again, _ := w.importBook(officeBook())
		if again.New != 0 || again.Changed != 0 {
			w.t.Errorf("importing again: %+v", again)
		}
		w.verify()
	})
}
