package complaint_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/module/complaint"
	"huiyin/module/desk"
	"huiyin/notify"
	"huiyin/regulation"
	"huiyin/testkit"
)

// taken is a complaint of a tenant's about the air in the lift hall.
func taken() complaint.Intake {
	return complaint.Intake{Company: "华达科技", Contact: "陈静", Phone: "13800002231", Channel: "phone", Content: "电梯厅有异味,多次反映没有人管", Demand: "尽快处理", Category: "clean"}
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

func get(k *testkit.Kit, id core.ID) (c complaint.Case) {
	k.Helper()
	k.Must(k.App.DB.Read(k.Ctx(core.Desk), func(ctx context.Context, tx db.Tx) (err error) {
		c, err = complaint.Get(ctx, tx, id)
		return err
	}))
	return c
}

// do carries a verb out as somebody of the role.
func do[In any](k *testkit.Kit, r core.Role, verb func(context.Context, db.Tx, core.ID, In) error, id core.ID, in In) error {
	k.Helper()
	return k.TryWrite(r, func(ctx context.Context, tx db.Tx) error { return verb(ctx, tx, id, in) })
}

// me is the test's person of a role.
func me(k *testkit.Kit, r core.Role) core.ID { return core.ActorOf(k.Ctx(r)).ID }

// dutiesOf are the duties of a clause on the case, the oldest first.
func dutiesOf(k *testkit.Kit, id core.ID, clause string) (out []duty.Duty) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		ds, err := duty.Of(ctx, tx, core.Ref{Project: k.Project.ID, Kind: "complaint", ID: id})
		out = slices.DeleteFunc(ds, func(d duty.Duty) bool { return d.Clause != clause })
		return err
	})
	slices.SortFunc(out, func(a, b duty.Duty) int { return int(a.Round - b.Round) })
	return out
}

// waits is the case's newest request.
func waits(k *testkit.Kit, id core.ID) (r approval.Request) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		rs, err := approval.Of(ctx, tx, core.Ref{Project: k.Project.ID, Kind: "complaint", ID: id})
		if len(rs) > 0 {
			r = rs[0]
		}
		return err
	})
	return r
}

func decide(k *testkit.Kit, role core.Role, id core.ID) error {
	k.Helper()
	r := waits(k, id)
	return k.TryWrite(role, func(ctx context.Context, tx db.Tx) error { return approval.Decide(ctx, tx, r.Ref.ID, true, "同意") })
}

// approveAll says yes at every step of the newest request.
func approveAll(k *testkit.Kit, id core.ID) (by []core.Role) {
	k.Helper()
	for r := waits(k, id); r.State == approval.Waiting; r = waits(k, id) {
		by = append(by, r.Role)
		k.Must(decide(k, r.Role, id))
	}
	return by
}

func signature() string {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)))
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// accept brings a case to its investigation.
func accept(k *testkit.Kit, id core.ID) {
	k.Helper()
	k.Must(do(k, core.Desk, complaint.SetValidity, id, complaint.Judge{Validity: complaint.Founded, Opinion: "属实"}))
	k.Must(do(k, core.Supervisor, complaint.RuleOn, id, complaint.Rule{Ruling: "accept"}))
}

func investigate(k *testkit.Kit, id core.ID) {
	k.Helper()
	k.Must(do(k, core.Desk, complaint.Investigate, id, complaint.Ask{How: "site", Text: "垃圾桶没有及时清运"}))
}

func solution() complaint.Solve {
	return complaint.Solve{Cause: "保洁漏班", Responsible: "客服部 保洁班", Solution: "加派一班清运"}
}

func solve(k *testkit.Kit, id core.ID) {
	k.Helper()
	k.Must(do(k, core.Desk, complaint.FindSolution, id, solution()))
	approveAll(k, id)
}

// finish brings a case from the intake to what is to be told.
func finish(k *testkit.Kit, id core.ID) {
	k.Helper()
	accept(k, id)
	investigate(k, id)
	solve(k, id)
	k.Must(do(k, core.Desk, complaint.Complete, id, complaint.Finish{Result: "已清运,异味消除"}))
}

func oral() complaint.Reply {
	return complaint.Reply{How: "oral", Text: "已处理,给您添麻烦了"}
}

func satisfied() complaint.Opinion {
	return complaint.Opinion{Satisfied: "yes", Signer: "陈静", Signature: signature()}
}

func summed() complaint.Close {
	return complaint.Close{Evaluation: "处理及时", Improvement: "增加巡查"}
}

// opined brings a case to where it can be closed.
func opined(k *testkit.Kit, id core.ID) {
	k.Helper()
	finish(k, id)
	k.Must(do(k, core.Desk, complaint.Answer, id, oral()))
	k.Must(do(k, core.Desk, complaint.Opine, id, satisfied()))
}

func TestA6_1_TheRegisterTakesWhoOfWhereAndWhat(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		in := taken()
		in.Company = ""
		try := func() error {
			return k.TryWrite(core.Desk, func(ctx context.Context, tx db.Tx) error { _, err := complaint.Take(ctx, tx, in); return err })
		}
		k.Refused("A6.1", try())
		in.Anonymous = true
		k.Must(try())
		c := get(k, take(k, taken()))
		if !c.At.Equal(k.Now()) || c.Contact != "陈静" || c.Company != "华达科技" || c.Channel != "phone" || c.Number == "" || c.Category != "clean" {
			k.Errorf("kept: %+v", c)
		}
		k.Off("A6.1")
		in.Anonymous = false
		k.Must(try())
	})
}

func TestC1_1_TheHandlerProposesAndTheSuperiorRules(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		k.Refused("C1.1", do(k, core.Supervisor, complaint.RuleOn, id, complaint.Rule{Ruling: "accept"}))
		k.Refused("C1.1", do(k, core.Desk, complaint.Investigate, id, complaint.Ask{How: "site", Text: "看过"}))
		k.Must(do(k, core.Desk, complaint.SetValidity, id, complaint.Judge{Validity: complaint.OwnCause, Opinion: "客户自行改动了风口"}))
		k.Refused("C1.1", do(k, core.Supervisor, complaint.RuleOn, id, complaint.Rule{Ruling: "decline"}))
		k.Must(do(k, core.Supervisor, complaint.RuleOn, id, complaint.Rule{Ruling: "decline", Answer: "已向客户说明"}))
		if c := get(k, id); c.State != complaint.StateDeclined || c.Open || c.Reply != "已向客户说明" {
			k.Errorf("declined: %s %q", c.State, c.Reply)
		}
		if d := dutiesOf(k, id, "C1.5"); len(d) != 1 || d[0].State != duty.StateDone {
			k.Errorf("what is declined still owes: %+v", d)
		}
		second := take(k, taken())
		k.Off("C1.1")
		k.Must(do(k, core.Desk, complaint.Investigate, second, complaint.Ask{How: "site", Text: "看过"}))
	})
}

func TestA6_2_InvestigationFirstAndExtensionsByConsent(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		accept(k, id)
		k.Refused("A6.2", do(k, core.Desk, complaint.FindSolution, id, solution()))
		investigate(k, id)
		s := solution()
		s.Responsible = ""
		k.Refused("A6.2", do(k, core.Desk, complaint.FindSolution, id, s))
		until := k.Now().Add(20 * 24 * time.Hour)
		k.Refused("A6.2", do(k, core.Desk, complaint.Prolong, id, complaint.Extend{Until: until, Reason: "等配件"}))
		k.Must(do(k, core.Desk, complaint.Prolong, id, complaint.Extend{Until: until, Reason: "等配件", Consent: "陈静", How: "phone"}))
		d := dutiesOf(k, id, "C1.5")
		if len(d) != 1 || d[0].Round != 2 || !d[0].Due.Equal(until) { // the first round is void and in no list
			k.Errorf("after the extension: %+v", d)
		}
		k.Off("A6.2")
		k.Must(do(k, core.Desk, complaint.FindSolution, id, s))
	})
}

func TestC11_1_CauseAndSolutionInOneWorkingDay(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)) // Friday ten in the morning
		id := take(k, taken())
		d := dutiesOf(k, id, "C11.1")
		if len(d) != 1 || !d[0].Due.After(k.Now().Add(60*time.Hour)) || d[0].Due.After(k.Now().Add(5*24*time.Hour)) {
			k.Fatalf("the term over the weekend: %+v", d)
		}
		accept(k, id)
		investigate(k, id)
		k.Must(do(k, core.Desk, complaint.FindSolution, id, solution()))
		if d = dutiesOf(k, id, "C11.1"); d[0].State != duty.StateDone || d[0].Late {
			k.Errorf("after the solution: %+v", d)
		}
		k.Off("C11.1")
		if d := dutiesOf(k, take(k, taken()), "C11.1"); len(d) != 0 {
			k.Errorf("switched off: %+v", d)
		}
	})
}

func TestC1_5_ClosedInSevenDays(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		d := dutiesOf(k, id, "C1.5")
		if left := d[0].Due.Sub(k.Now()); left < 6*24*time.Hour || left > 8*24*time.Hour {
			k.Errorf("due in %s", left)
		}
		opined(k, id)
		k.Must(do(k, core.Supervisor, complaint.CloseCase, id, summed()))
		if d = dutiesOf(k, id, "C1.5"); d[0].State != duty.StateDone || get(k, id).Open {
			k.Errorf("after closing: %+v", d)
		}
		k.Off("C1.5")
		if d := dutiesOf(k, take(k, taken()), "C1.5"); len(d) != 0 {
			k.Errorf("switched off: %+v", d)
		}
	})
}

// What shows how it was is attached to a case that is open, by anybody but the person complained of, and stands on its page.
func TestEvidenceStandsWithTheCase(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		up, err := file.FromDataURL(signature())
		k.Must(err)
		up.Name = "大堂监控截图.png"
		attach := func(id core.ID) error {
			return do(k, core.Supervisor, complaint.AddEvidence, id, complaint.Evidence{What: "大堂监控截图", Files: []core.Upload{up}})
		}
		in := taken()
		in.AgainstUser = me(k, core.Supervisor)
		k.Refused("C13.1", attach(take(k, in)))
		id := take(k, taken())
		k.Must(attach(id))
		if page := k.As(core.Desk).Get(k.As(core.Desk).P("complaint/" + id.String())).OK(k); !page.Has("大堂监控截图.png") || !page.Has("添加材料:大堂监控截图") {
			k.Errorf("the page lacks the evidence: %s", page.Body)
		}
		k.Must(do(k, core.Supervisor, complaint.Void, id, complaint.Word{Text: "重复登记"}))
		if err := attach(id); !core.IsKind(err, core.KindConflict) {
			k.Errorf("attached to a case that is over: %v", err)
		}
	})
}

func TestD4_5_AWrittenComplaintIsRegisteredAndAnsweredByLetter(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2026, 11, 16, 2, 0, 0, 0, time.UTC)) // Monday ten in the morning
		in := taken()
		in.Written = true
		three := dutiesOf(k, take(k, in), "D4.5")
		in.Channel = "letter"
		id := take(k, in)
		two := dutiesOf(k, id, "D4.5")
		if len(two) != 1 || len(three) != 1 || !two[0].Due.Before(three[0].Due) {
			k.Fatalf("a letter's answer is due first: %+v, %+v", two, three)
		}
		k.Refused("D4.5", do(k, core.Desk, complaint.Register, id, complaint.Letter{Number: "来文 12 号"}))
		finish(k, id)
		written := complaint.Reply{How: "letter", Text: "兹复函如下"}
		k.Refused("D4.5", do(k, core.Desk, complaint.Answer, id, written))
		up, err := file.FromDataURL(signature())
		k.Must(err)
		k.Must(do(k, core.Desk, complaint.Register, id, complaint.Letter{Number: "来文 12 号", To: "何海", Copies: []core.Upload{up}}))
		k.Refused("D4.5", do(k, core.Desk, complaint.Answer, id, oral()))
		k.Must(do(k, core.Desk, complaint.Answer, id, written))
		if d := dutiesOf(k, id, "D4.5"); d[0].State != duty.StateDone {
			k.Errorf("after the letter: %+v", d)
		}
		k.Off("D1.7")
		if d := dutiesOf(k, take(k, in), "D4.5"); len(d) != 1 || d[0].Due.Sub(k.Now()) <= two[0].Due.Sub(two[0].Opened) {
			k.Errorf("without D1.7 the term is longer: %+v", d)
		}
		second := take(k, in)
		finish(k, second)
		k.Off("D4.5")
		k.Must(do(k, core.Desk, complaint.Answer, second, oral()))
	})
}

func TestC11_4_NothingIsToldBeforeItWasApproved(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		accept(k, id)
		investigate(k, id)
		k.Must(do(k, core.Desk, complaint.FindSolution, id, solution()))
		k.Refused("C11.4", do(k, core.Desk, complaint.Answer, id, oral()))
		k.Refused("C11.4", do(k, core.Desk, complaint.Complete, id, complaint.Finish{Result: "好了"}))
		if by := approveAll(k, id); !slices.Equal(by, []core.Role{core.Supervisor}) {
			k.Errorf("approved by %v", by)
		}
		k.Must(do(k, core.Desk, complaint.Complete, id, complaint.Finish{Result: "好了"}))
		k.Must(do(k, core.Desk, complaint.Answer, id, oral()))

		major := take(k, taken())
		k.Must(do(k, core.Supervisor, complaint.SetLevel, major, complaint.Grade{Level: complaint.Major, Grounds: []string{"wide"}}))
		accept(k, major)
		investigate(k, major)
		k.Must(do(k, core.Desk, complaint.FindSolution, major, solution()))
		if by := approveAll(k, major); !slices.Equal(by, []core.Role{core.Supervisor, core.Manager}) {
			k.Errorf("a major one is approved by %v", by)
		}
		sealReport(k, major)
		k.Refused("C11.4", do(k, core.Desk, complaint.Answer, major, oral()))
		both := oral()
		both.Business, both.Relations = "工程部经理", "客服部经理"
		k.Must(do(k, core.Desk, complaint.Answer, major, both))

		third := take(k, taken())
		accept(k, third)
		investigate(k, third)
		k.Off("C11.4")
		k.Must(do(k, core.Desk, complaint.FindSolution, third, solution()))
		k.Must(do(k, core.Desk, complaint.Answer, third, oral()))
	})
}

func report() complaint.Report {
	return complaint.Report{Cause: "保洁漏班", Course: "三天未清运", Responsible: "保洁班", Conclusion: "属实", Remedy: "加班清运", Prevention: "每日巡查"}
}

func sealReport(k *testkit.Kit, id core.ID) {
	k.Helper()
	k.Must(do(k, core.Desk, complaint.FileReport, id, report()))
	if by := approveAll(k, id); !slices.Equal(by, []core.Role{core.Supervisor, core.Manager, core.GM}) {
		k.Errorf("the report was approved by %v", by)
	}
}

func TestC1_3_TheReportHasSixParts(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		accept(k, id)
		for i := range 6 {
			r := report()
			*[]*string{&r.Cause, &r.Course, &r.Responsible, &r.Conclusion, &r.Remedy, &r.Prevention}[i] = " "
			k.Refused("C1.3", do(k, core.Desk, complaint.FileReport, id, r))
		}
		k.Off("C1.3")
		k.Must(do(k, core.Desk, complaint.FileReport, id, complaint.Report{Cause: "只写了原因"}))
	})
}

func TestC1_4_TheReportGoesUpToTheGeneralManager(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		k.Must(do(k, core.Supervisor, complaint.SetLevel, id, complaint.Grade{Level: complaint.Major, Grounds: []string{"wide"}}))
		finish(k, id)
		both := oral()
		both.Business, both.Relations = "工程部经理", "客服部经理"
		k.Refused("C1.4", do(k, core.Desk, complaint.Answer, id, both))
		sealReport(k, id)
		if c := get(k, id); c.Sealed.IsZero() {
			k.Error("the report is not sealed")
		}
		second := take(k, taken())
		k.Must(do(k, core.Supervisor, complaint.SetLevel, second, complaint.Grade{Level: complaint.Major, Grounds: []string{"wide"}}))
		finish(k, second)
		k.Off("C1.4")
		k.Must(do(k, core.Desk, complaint.Answer, second, both))
	})
}

func TestC1_7_CompensationGoesUpByTheAuthorityTable(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		try := func(amount core.Money) []core.Role {
			id := take(k, taken())
			accept(k, id)
			investigate(k, id)
			s := solution()
			s.Compensation = amount
			k.Must(do(k, core.Desk, complaint.FindSolution, id, s))
			return approveAll(k, id)
		}
		up := []core.Role{core.Supervisor, core.Manager, core.GM}
		for amount, steps := range map[core.Money]int{50_000: 1, 50_001: 2, 500_000: 2, 500_001: 3} {
			if by := try(amount); !slices.Equal(by, up[:steps]) {
				k.Errorf("%s is approved by %v", amount, by)
			}
		}
		k.Off("C1.7")
		if by := try(500_001); !slices.Equal(by, up[:1]) {
			k.Errorf("switched off, it is approved by %v", by)
		}
	})
}

func TestC13_1_ThePersonComplainedOfTakesNoPart(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		in := taken()
		in.AgainstUser, in.Content = me(k, core.Supervisor), "主管态度恶劣"
		id := take(k, in)
		seen := func() (rows int, status int) {
			b := k.As(core.Supervisor)
			return b.Get(b.P("complaint")).OK(k).Find("main tbody a[href*='" + id.String() + "']").Length(), b.Get(b.P("complaint/" + id.String())).Status
		}
		if n, status := seen(); n != 0 || status < 400 {
			k.Errorf("he finds %d and reads it: %d", n, status)
		}
		k.Refused("C13.1", do(k, core.Desk, complaint.PassTo, id, complaint.Assign{Handler: me(k, core.Supervisor)}))
		k.Refused("C13.1", do(k, core.Supervisor, complaint.SetValidity, id, complaint.Judge{Validity: complaint.Unfounded, Opinion: "没有的事"}))
		k.Must(do(k, core.Desk, complaint.SetValidity, id, complaint.Judge{Validity: complaint.Founded, Opinion: "属实"}))
		k.Refused("C13.1", do(k, core.Supervisor, complaint.RuleOn, id, complaint.Rule{Ruling: "decline", Answer: "x"}))
		k.Must(do(k, core.Manager, complaint.RuleOn, id, complaint.Rule{Ruling: "accept"}))
		investigate(k, id)
		k.Must(do(k, core.Desk, complaint.FindSolution, id, solution()))
		if r := waits(k, id); r.Role != core.Manager {
			k.Errorf("the only supervisor is complained of, but the solution waits for the %s", r.Role)
		}
		asked := k.TryWrite(core.Desk, func(ctx context.Context, tx db.Tx) error {
			_, err := approval.Ask(ctx, tx, approval.Request{Verb: "complaint.solve", About: core.Ref{Project: k.Project.ID, Kind: "complaint", ID: id}, Title: core.T("方案", "Solution"), Reason: "x"}, nil, approval.Step{Role: core.Supervisor})
			return err
		})
		k.Must(asked)
		k.Refused("C13.1", decide(k, core.Supervisor, id))
		k.Off("C13.1")
		if n, status := seen(); n != 1 || status != 200 {
			k.Errorf("switched off, he finds %d and reads it: %d", n, status)
		}
	})
}

// The desk's matter of a complaint and its files are as shut to the person complained of as the complaint itself.
func TestC13_1_TheMatterAndItsFilesAreShutToo(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		var matter, paper core.ID
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			m, ref, err := desk.Take(ctx, tx, desk.Intake{Channel: "phone", Kind: "complaint", Contact: "陈静", Phone: "13800002231", Content: "前台小姐骂人", Place: "大堂",
				Details: []desk.Detail{{Name: "company", Value: "华达科技"}, {Name: "against_user", Value: me(k, core.Desk).String()}}})
			if err != nil {
				return err
			}
			matter = m.Ref.ID
			up, err := file.FromDataURL(signature())
			if err != nil {
				return err
			}
			f, err := file.Attach(ctx, tx, ref, "letter", up)
			paper = f.ID
			return err
		})
		seen := func(role core.Role) (rows, page, file int) {
			b := k.As(role)
			return b.Get(b.P("desk")).OK(k).Find("main a[href*='" + matter.String() + "']").Length(), b.Get(b.P("desk/" + matter.String())).Status, b.Get(b.P("file/" + paper.String())).Status
		}
		if rows, page, file := seen(core.Desk); rows != 0 || page < 400 || file < 400 {
			k.Errorf("who is complained of sees %d rows, reads the matter: %d, its file: %d", rows, page, file)
		}
		k.Refused("C13.1", k.TryWrite(core.Desk, func(ctx context.Context, tx db.Tx) error {
			_, err := desk.Read(ctx, tx, matter)
			return err
		}))
		if rows, page, file := seen(core.Supervisor); rows == 0 || page != 200 || file != 200 {
			k.Errorf("the supervisor sees %d rows, %d, %d", rows, page, file)
		}
		k.Off("C13.1")
		if rows, page, file := seen(core.Desk); rows == 0 || page != 200 || file != 200 {
			k.Errorf("switched off, the clerk sees %d rows, %d, %d", rows, page, file)
		}
	})
}

// One matter told by two people of a company to two departments is one case: the other is merged, owes nothing, counts
// nowhere, and brings its severity and whom it is against along.
func TestC14_9_ToldToSeveralDepartmentsItIsOneCase(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		first := taken()
		first.Content = "保安态度差"
		second := first
		second.Contact, second.Phone, second.Channel, second.AgainstUser = "王工", "13900001111", "counter", me(k, core.Guard)
		main, other := take(k, first), take(k, second)
		k.Must(do(k, core.Desk, complaint.Join, other, complaint.Merge{Into: main, Reason: "同一名保安,同一天"}))
		a, b := get(k, main), get(k, other)
		if b.State != complaint.StateMerged || b.Open || b.Merged != main || a.AgainstUser != me(k, core.Guard) {
			k.Errorf("merged: %s open %v into %v; the one that stays is against %v", b.State, b.Open, b.Merged, a.AgainstUser)
		}
		for _, clause := range []string{"C11.1", "C1.5", "C13.6"} {
			for _, d := range dutiesOf(k, other, clause) {
				if d.State != duty.StateVoid {
					k.Errorf("%s of the merged one is %s", clause, d.State)
				}
			}
			if ds := dutiesOf(k, main, clause); len(ds) == 0 || ds[0].State != duty.StateOpen {
				k.Errorf("%s of the one that stays: %+v", clause, ds)
			}
		}
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error {
			f, err := complaint.FiguresOf(ctx, tx, k.Project.ID, a.Month)
			if f.All.Taken != 1 {
				k.Errorf("the month counts %d", f.All.Taken)
			}
			return err
		})
		page := k.As(core.Supervisor)
		if p := page.Get(page.P("complaint/" + main.String())).OK(k); !strings.Contains(p.Find("main").Text(), "王工") {
			k.Errorf("the page does not say who else told it")
		}
		if err := do(k, core.Desk, complaint.Join, main, complaint.Merge{Into: other, Reason: "反过来"}); !core.IsKind(err, core.KindInvalid) {
			k.Errorf("merged into a merged one: %v", err)
		}
		k.Must(do(k, core.Supervisor, complaint.TakeApart, other, complaint.Word{Text: "不是同一人"}))
		if b := get(k, other); !b.Open || b.State != complaint.StateNew || b.Merged != 0 || b.Due.IsZero() {
			k.Errorf("taken apart it is %s, open %v, due %v", b.State, b.Open, b.Due)
		}
		for _, clause := range []string{"C13.6", "C11.1", "C1.5"} { // nobody was given it before
			if ds := dutiesOf(k, other, clause); len(ds) == 0 || ds[len(ds)-1].State != duty.StateOpen {
				k.Errorf("taken apart it owes %s as %+v", clause, ds)
			}
		}
	})
}

// What the handler of a case owes goes with it: to whoever is given it next, and to nobody as soon as it turns out that the
// case is against him.
func TestC13_6_WhatTheHandlerOwesGoesWithTheCase(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		in := taken()
		in.Written = true
		main := take(k, in)
		pass := func(r core.Role) error {
			return do(k, core.Desk, complaint.PassTo, main, complaint.Assign{Handler: me(k, r), Department: "客服部"})
		}
		owedBy := func(want core.ID) {
			k.Helper()
			for _, clause := range []string{"C11.1", "C1.5", "D4.5", "D4.4"} {
				ds := dutiesOf(k, main, clause)
				if len(ds) == 0 || ds[len(ds)-1].State != duty.StateOpen || ds[len(ds)-1].User != want {
					k.Errorf("%s is owed as %+v, want by %v", clause, ds, want)
				}
			}
		}
		k.Must(pass(core.Supervisor))
		k.Must(do(k, core.Supervisor, complaint.AgreeNext, main, complaint.Promise{Next: k.Now().Add(5 * time.Hour), Told: "正在查"}))
		owedBy(me(k, core.Supervisor))
		k.Must(pass(core.Manager))
		owedBy(me(k, core.Manager))
		k.Must(pass(core.Supervisor))
		in.AgainstUser = me(k, core.Supervisor)
		k.Must(do(k, core.Desk, complaint.Join, take(k, in), complaint.Merge{Into: main, Reason: "同一件事"}))
		owedBy(0)
		if ds := dutiesOf(k, main, "C13.6"); len(ds) != 2 || ds[len(ds)-1].State != duty.StateOpen {
			k.Errorf("it is to be passed on: %+v", ds)
		}
		k.Refused("C13.1", pass(core.Supervisor))
		k.Must(pass(core.Manager))
		owedBy(me(k, core.Manager))
		if ds := dutiesOf(k, main, "C13.6"); ds[len(ds)-1].State != duty.StateDone {
			k.Errorf("it was passed on: %+v", ds)
		}
	})
}

// A case that nobody has, since it turned out to be against its handler, is to be passed on when it is taken up again.
func TestC13_6_ACaseThatNobodyHasIsPassedOnWhenItIsTakenUpAgain(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		finish(k, id)
		k.Must(do(k, core.Supervisor, complaint.Reopen, id, complaint.Word{Text: "又响了"}))
		if ds := dutiesOf(k, id, "C13.6"); len(ds) == 0 || ds[len(ds)-1].State != duty.StateOpen {
			k.Errorf("nobody handles it, and passing it on is %+v", ds)
		}
	})
}

func TestC13_2_TheRuleProposesAndAPersonConfirms(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		for content, want := range map[string]string{"灯不亮": complaint.Normal, "再不处理就找记者曝光": complaint.Major, "业主拉横幅堵门": complaint.Major, "要求退款赔偿": complaint.Major, "保安殴打客户": complaint.Major} {
			in := taken()
			in.Content = content
			if c := get(k, take(k, in)); c.Level != want || c.LevelBy != "rule" {
				k.Errorf("%q is %s by %s", content, c.Level, c.LevelBy)
			}
		}
		in := taken()
		in.Customer = 4711
		for n, want := range []string{complaint.Normal, complaint.Normal, complaint.Major} {
			if c := get(k, take(k, in)); c.Level != want {
				k.Errorf("complaint %d of the same kind is %s", n+1, c.Level)
			} else if want == complaint.Major {
				if d := dutiesOf(k, c.Ref.ID, "C13.3"); len(d) != 1 || c.Grounds != "repeat" {
					k.Errorf("the third: %q, %+v", c.Grounds, d)
				}
				if err := do(k, core.Supervisor, complaint.SetLevel, c.Ref.ID, complaint.Grade{Level: complaint.Normal}); !core.IsKind(err, core.KindInvalid) {
					k.Errorf("lowered without a reason: %v", err)
				}
				k.Must(do(k, core.Supervisor, complaint.SetLevel, c.Ref.ID, complaint.Grade{Level: complaint.Normal, Reason: "同一件事"}))
				if c = get(k, c.Ref.ID); c.LevelBy != "person" || len(dutiesOf(k, c.Ref.ID, "C13.3")) != 0 {
					k.Errorf("lowered: %s by %s", c.Level, c.LevelBy)
				}
			}
		}
		k.Off("C13.2")
		if c := get(k, take(k, in)); c.Level != complaint.Normal {
			k.Errorf("switched off, the fourth is %s", c.Level)
		}
	})
}

func TestC13_3_AMajorComplaintIsReportedIn24Hours(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		in := taken()
		in.Content = "记者已到现场"
		id := take(k, in)
		d := dutiesOf(k, id, "C13.3")
		if len(d) != 1 || !d[0].Due.Equal(k.Now().Add(24*time.Hour)) {
			k.Fatalf("the 24 hours: %+v", d)
		}
		k.Refused("C13.3", do(k, core.Supervisor, complaint.FileMajor, id, complaint.File{Superior: "孙立", Legal: "法务部", Team: "何海、周慧"}))
		k.Must(do(k, core.Supervisor, complaint.FileMajor, id, complaint.File{Superior: "孙立", Legal: "法务部", Team: "何海、周慧", Minutes: "当日会议"}))
		if d = dutiesOf(k, id, "C13.3"); d[0].State != duty.StateDone || d[0].Late {
			k.Errorf("after the report: %+v", d)
		}
		k.Off("C13.3")
		second := take(k, in)
		if d := dutiesOf(k, second, "C13.3"); len(d) != 0 {
			k.Errorf("switched off: %+v", d)
		}
		k.Must(do(k, core.Supervisor, complaint.FileMajor, second, complaint.File{Superior: "孙立"}))
	})
}

// The room of a major complaint keeps every meeting and every contact with the media; an ordinary one has none.
func TestC13_3_TheRoomKeepsMeetingsAndMedia(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		in := taken()
		in.Content = "要向电视台曝光"
		id, ordinary := take(k, in), take(k, taken())
		k.Must(do(k, core.Supervisor, complaint.LogMedia, id, complaint.Media{Outlet: "晚报", Who: "李记者", Asked: "何时答复", Said: "三日内书面答复"}))
		k.Must(do(k, core.Manager, complaint.Meet, id, complaint.Word{Text: "统一口径,由客服经理对外"}))
		if err := do(k, core.Supervisor, complaint.Meet, ordinary, complaint.Word{Text: "x"}); !core.IsKind(err, core.KindConflict) {
			k.Errorf("an ordinary complaint has a room: %v", err)
		}
		b := k.As(core.Manager)
		text := b.Get(b.P("complaint/" + id.String())).OK(k).Find("main").Text()
		for _, want := range []string{"晚报", "三日内书面答复", "统一口径"} {
			if !strings.Contains(text, want) {
				k.Errorf("the room does not show %q", want)
			}
		}
	})
}

func TestC13_4_TheResultIsToldIn24Hours(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		finish(k, id)
		d := dutiesOf(k, id, "C13.4")
		if len(d) != 1 || !d[0].Due.Equal(k.Now().Add(24*time.Hour)) {
			k.Fatalf("the 24 hours: %+v", d)
		}
		k.Must(do(k, core.Desk, complaint.Answer, id, oral()))
		if d = dutiesOf(k, id, "C13.4"); d[0].State != duty.StateDone {
			k.Errorf("after the reply: %+v", d)
		}
		second := take(k, taken())
		k.Off("C13.4")
		finish(k, second)
		if d := dutiesOf(k, second, "C13.4"); len(d) != 0 {
			k.Errorf("switched off: %+v", d)
		}
	})
}

// unread counts what somebody has been told.
func unread(k *testkit.Kit, r core.Role) (n int) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		n, _, err = notify.Unread(ctx, tx, k.Project.ID, me(k, r), []core.Role{r})
		return err
	})
	return n
}

func TestC13_6_TheResponsibleManagerIsToldAtOnce(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		d := dutiesOf(k, id, "C13.6")
		if len(d) != 1 || !d[0].Due.Equal(k.Now().Add(15*time.Minute)) {
			k.Fatalf("the term: %+v", d)
		}
		manager, gm := unread(k, core.Manager), unread(k, core.GM)
		k.Must(do(k, core.Desk, complaint.PassTo, id, complaint.Assign{Handler: me(k, core.Manager), Department: "工程部"}))
		if d = dutiesOf(k, id, "C13.6"); d[0].State != duty.StateDone || unread(k, core.Manager) != manager+1 {
			k.Errorf("after passing it on: %+v, told %d", d, unread(k, core.Manager)-manager)
		}
		in := taken()
		in.Content = "记者已到现场"
		take(k, in)
		if unread(k, core.GM) != gm+1 || unread(k, core.Manager) != manager+2 {
			k.Errorf("of a major one the general manager was told %d times, the manager %d", unread(k, core.GM)-gm, unread(k, core.Manager)-manager-1)
		}
		k.Off("C13.6")
		gm = unread(k, core.GM)
		if d := dutiesOf(k, take(k, in), "C13.6"); len(d) != 0 || unread(k, core.GM) != gm {
			k.Errorf("switched off: %+v", d)
		}
	})
}

func TestD4_4_EveryStepHasItsRecordAndTheNextReplyIsAgreed(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		in := taken()
		in.Content = "记者已到现场"
		major := func() core.ID {
			id := take(k, in)
			finish(k, id)
			sealReport(k, id)
			both := oral()
			both.Business, both.Relations = "工程部经理", "客服部经理"
			k.Must(do(k, core.Desk, complaint.Answer, id, both))
			return id
		}
		id := major()
		unsigned := satisfied()
		unsigned.Signature = ""
		k.Refused("D4.4", do(k, core.Desk, complaint.Opine, id, unsigned))
		k.Must(do(k, core.Desk, complaint.Opine, id, satisfied()))
		k.Refused("D4.4", do(k, core.Supervisor, complaint.CloseCase, id, summed())) // 报 has no record
		k.Must(do(k, core.Supervisor, complaint.FileMajor, id, complaint.File{Superior: "孙立", Legal: "法务部", Team: "何海", Minutes: "会议"}))
		k.Must(do(k, core.Supervisor, complaint.CloseCase, id, summed()))

		second := take(k, taken())
		next := k.Now().Add(30 * time.Hour)
		k.Must(do(k, core.Desk, complaint.AgreeNext, second, complaint.Promise{Next: next, Told: "正在联系厂家"}))
		if d := dutiesOf(k, second, "D4.4"); len(d) != 1 || !d[0].Due.Equal(next) || d[0].State != duty.StateOpen {
			k.Errorf("the promise: %+v", d)
		}
		k.Must(do(k, core.Desk, complaint.AgreeNext, second, complaint.Promise{Next: next.Add(time.Hour), Told: "配件明天到"}))
		if d := dutiesOf(k, second, "D4.4"); len(d) != 2 || d[0].State != duty.StateDone {
			k.Errorf("the second promise: %+v", d)
		}
		third := major()
		k.Off("D4.4")
		k.Must(do(k, core.Desk, complaint.Opine, third, unsigned))
		k.Must(do(k, core.Supervisor, complaint.CloseCase, third, complaint.Close{Evaluation: "好", Improvement: "好", DelayBy: "林敏", DelayReason: "等人"}))
	})
}

func TestD4_6_WhoIsNotSatisfiedIsHandledAgain(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		finish(k, id)
		k.Must(do(k, core.Desk, complaint.Answer, id, oral()))
		no := complaint.Opinion{Satisfied: "no", Signer: "陈静", Comment: "还是有味"}
		k.Must(do(k, core.Desk, complaint.Opine, id, no))
		c := get(k, id)
		if c.Round != 2 || c.State != complaint.StateAccepted || !c.Open || !c.Approved.IsZero() {
			k.Fatalf("round %d, %s", c.Round, c.State)
		}
		if d := dutiesOf(k, id, "C1.5"); len(d) != 2 || d[1].State != duty.StateOpen {
			k.Errorf("the second round's term: %+v", d)
		}
		investigate(k, id)
		solve(k, id)
		k.Must(do(k, core.Desk, complaint.Complete, id, complaint.Finish{Result: "换了风口"}))
		k.Must(do(k, core.Desk, complaint.Answer, id, oral()))
		k.Refused("D4.6", do(k, core.Supervisor, complaint.CloseCase, id, summed()))
		k.Must(do(k, core.Desk, complaint.Opine, id, satisfied()))
		b := k.As(core.Desk)
		if page := b.Get(b.P("complaint/" + id.String())).OK(k); !page.Has("待归档") || page.Find(`main a[href$="/opinion"]`).Length() > 0 {
			k.Error("a satisfied customer is still asked for his opinion")
		}
		k.Must(do(k, core.Supervisor, complaint.CloseCase, id, summed()))

		second := take(k, taken())
		finish(k, second)
		k.Must(do(k, core.Desk, complaint.Answer, second, oral()))
		k.Off("D4.6")
		k.Must(do(k, core.Desk, complaint.Opine, second, no))
		k.Must(do(k, core.Supervisor, complaint.CloseCase, second, complaint.Close{Evaluation: "好", Improvement: "好", DelayBy: "林敏", DelayReason: "等人"}))
	})
}

func TestC11_2_ClosingAsksSumsUpAndRecordsDelay(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		finish(k, id)
		k.Must(do(k, core.Desk, complaint.Answer, id, oral()))
		k.Refused("C11.2", do(k, core.Supervisor, complaint.CloseCase, id, summed()))
		k.Must(do(k, core.Desk, complaint.Opine, id, satisfied()))
		k.Refused("C11.2", do(k, core.Supervisor, complaint.CloseCase, id, complaint.Close{Evaluation: "好"}))
		loss := summed()
		loss.Loss = 100
		k.Refused("C11.2", do(k, core.Supervisor, complaint.CloseCase, id, loss))
		k.Advance(9 * 24 * time.Hour) // past the seven days
		k.Refused("C11.2", do(k, core.Supervisor, complaint.CloseCase, id, summed()))
		late := summed()
		late.DelayBy, late.DelayReason = "林敏", "忘记归档"
		k.Must(do(k, core.Supervisor, complaint.CloseCase, id, late))
		second := take(k, taken())
		opined(k, second)
		k.Off("C11.2")
		k.Must(do(k, core.Supervisor, complaint.CloseCase, second, complaint.Close{}))
	})
}

func TestD4_8_SevenKindsAndWhatIsBeyondAuthorityIsMajor(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		if n := len(complaint.Categories()); n != 7 {
			k.Errorf("%d kinds", n)
		}
		id := take(k, taken())
		beyond := complaint.Grade{Level: complaint.Major, Grounds: []string{"authority"}, Reason: "涉及总部合同"}
		k.Refused("D4.8", do(k, core.Supervisor, complaint.SetLevel, id, beyond))
		beyond.Next = k.Now().Add(48 * time.Hour)
		k.Must(do(k, core.Supervisor, complaint.SetLevel, id, beyond))
		if c := get(k, id); c.Level != complaint.Major || !c.Next.Equal(beyond.Next) || len(dutiesOf(k, id, "D4.4")) != 1 {
			k.Errorf("%s, next reply %s", c.Level, c.Next)
		}
		k.Off("D4.8")
		beyond.Next = time.Time{}
		k.Must(do(k, core.Supervisor, complaint.SetLevel, take(k, taken()), beyond))
	})
}

func TestB7_2_HeadOfficeFollowsWhatItTookIn(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		in := taken()
		in.CompanyLevel = true
		id := take(k, in)
		opined(k, id)
		k.Refused("B7.2", do(k, core.Supervisor, complaint.CloseCase, id, summed()))
		k.Must(do(k, core.Quality, complaint.Follow, id, complaint.Word{Text: "已督促,结果已知悉"}))
		k.Must(do(k, core.Supervisor, complaint.CloseCase, id, summed()))
		second := take(k, in)
		opined(k, second)
		k.Off("B7.2")
		k.Must(do(k, core.Supervisor, complaint.CloseCase, second, complaint.Close{Evaluation: "好", Improvement: "好", DelayBy: "林敏", DelayReason: "等人"}))
	})
}

func TestL5_ErasureBlanksWhoComplained(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		in := taken()
		in.Customer, in.CustomerName = 4711, "华达科技"
		id := take(k, in)
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error { return complaint.Erase(ctx, tx, k.Project.ID, 4711) })
		if c := get(k, id); c.Contact != "" || c.Phone != "" || c.CustomerName != "" || c.Content == "" {
			k.Errorf("after the erasure: %+v", c)
		}
	})
}

func TestC1_2_TheCardSaysWhoWhatWhenAndTheOpinion(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		accept(k, id)
		b := k.As(core.Desk)
		card := k.Paper(b.Get(b.P("complaint/" + id.String() + "/card.pdf")).OK(k).Body)
		c := get(k, id)
		for _, want := range []string{"投诉记录卡", "FM-TS-001", c.Number, "华达科技", "尽快处理", "属实", c.At.In(core.China).Format("2006-01-02")} {
			if !strings.Contains(card, want) {
				k.Errorf("the card lacks %q: %s", want, card)
			}
		}
		if page := b.Get(b.P("complaint/" + id.String())).OK(k); page.Find("ol.steps li").Length() != 6 {
			k.Errorf("the page shows %d steps", page.Find("ol.steps li").Length())
		}
		k.Off("C1.2")
		b = k.As(core.Desk)
		if card := k.Paper(b.Get(b.P("complaint/" + id.String() + "/card.pdf")).OK(k).Body); strings.Contains(card, "FM-TS-001") {
			k.Error("switched off, the paper is still the form")
		}
	})
}

func TestTheMerchantsFormAndTheLetterPrint(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		b := k.As(core.Desk)
		if letter := k.Paper(b.Get(b.P("complaint/" + id.String() + "/letter.pdf")).OK(k).Body); strings.Contains(letter, "加派一班") {
			k.Error("the letter tells a solution that nobody approved")
		}
		opined(k, id)
		form := k.Paper(b.Get(b.P("complaint/" + id.String() + "/opinion.pdf")).OK(k).Body)
		letter := k.Paper(b.Get(b.P("complaint/" + id.String() + "/letter.pdf")).OK(k).Body)
		if !strings.Contains(form, "商户意见受理表") || !strings.Contains(form, "陈静") || !strings.Contains(letter, "加派一班清运") {
			k.Errorf("form %s, letter %s", form, letter)
		}
	})
}

func TestC1_6_TheMonthIsReportedByTheTenth(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC))
		opined(k, take(k, taken()))
		in := taken()
		in.Category = "noise"
		take(k, in)
		november := core.Month("2026-11")
		submit := func(m core.Month) error {
			return k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
				_, err := complaint.SubmitMonth(ctx, tx, 0, complaint.Submit{Month: m})
				return err
			})
		}
		if err := submit(november); !core.IsKind(err, core.KindInvalid) {
			k.Errorf("a month that is not over: %v", err)
		}
		k.SetNow(time.Date(2026, 12, 2, 2, 0, 0, 0, time.UTC))
		k.Tick()
		owed := func() (out []duty.Duty) {
			k.Read(func(ctx context.Context, tx db.Tx) error {
				ds, err := duty.Of(ctx, tx, duty.PeriodRef(k.Project.ID, core.MonthOf(k.Now(), core.China)))
				out = slices.DeleteFunc(ds, func(d duty.Duty) bool { return d.Clause != "C1.6" })
				return err
			})
			return out
		}
		if d := owed(); len(d) != 1 || d[0].Day > "2026-12-10" || d[0].Day < "2026-12-08" {
			k.Fatalf("owed: %+v", d)
		}
		b := k.As(core.Supervisor)
		page := b.Get(b.P("complaint/report?month=2026-11")).OK(k)
		if last := page.Find("main table tbody tr").Last().Text(); !strings.Contains(last, "2") || !page.Has("装修噪音") {
			k.Errorf("the page: %s", page.Text("main"))
		}
		if pdf := k.Paper(b.Get(b.P("complaint/report.pdf?month=2026-11")).OK(k).Body); !strings.Contains(pdf, "投诉统计表") {
			k.Errorf("printed: %s", pdf)
		}
		told := unread(k, core.GM)
		k.Must(submit(november))
		if err := submit(november); !core.IsKind(err, core.KindConflict) {
			k.Errorf("reported twice: %v", err)
		}
		if d := owed(); d[0].State != duty.StateDone || unread(k, core.GM) != told+1 {
			k.Errorf("after the report: %+v", d)
		}
		k.Off("C1.6")
		k.SetNow(time.Date(2027, 1, 4, 2, 0, 0, 0, time.UTC))
		k.Tick()
		if d := owed(); len(d) != 0 {
			k.Errorf("switched off: %+v", d)
		}
	})
}

func TestD5_8_NoMoreThanTwoValidADay(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		k.SetNow(time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC))
		for range 3 {
			accept(k, take(k, taken()))
		}
		take(k, taken()) // nobody has found it valid
		measured := func() (f regulation.Figure) {
			k.Read(func(ctx context.Context, tx db.Tx) (err error) {
				f, err = complaint.Module().Measures[0].Of(ctx, tx, k.Project.ID, "2026-11")
				return err
			})
			return f
		}
		if f := measured(); f.Num != 2 || f.Den != 3 || len(f.Breaking) != 3 || !f.Provisional {
			k.Errorf("measured %+v", f)
		}
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error {
			return regulation.Set(ctx, tx, k.Project.ID, "D5.8", "target", "3", core.Today(ctx).Add(1))
		})
		k.Advance(24 * time.Hour)
		if f := measured(); f.Num != 4 || f.Den != 4 || len(f.Breaking) != 0 {
			k.Errorf("with three a day: %+v", f)
		}
		b := k.As(core.Supervisor)
		if p := b.Get(b.P("clause/D5.8")).OK(k); !p.Has("有效投诉不超上限的天数") {
			k.Errorf("the clause's page does not show the measure: %s", p.Text("main"))
		}
		k.Off("D5.8")
		if p := b.Get(b.P("clause/D5.8")).OK(k); p.Has("有效投诉不超上限的天数") {
			k.Error("switched off, it is still measured")
		}
	})
}

func TestC11_3_MeasuresAreApprovedSupervisedAndChecked(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, taken())
		accept(k, id)
		draw := func() (measure core.ID) {
			k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
				measure, err = complaint.DrawUp(ctx, tx, id, complaint.Draft{Sort: "preventive", Text: "每日巡查垃圾清运", Department: "客服部", Due: core.Today(ctx).Add(7)})
				return err
			})
			return measure
		}
		state := func(measure core.ID) (m complaint.Corrective, owed []duty.Duty) {
			k.Must(k.App.DB.Read(k.Ctx(core.Desk), func(ctx context.Context, tx db.Tx) (err error) {
				if m, err = complaint.GetMeasure(ctx, tx, measure); err == nil {
					owed, err = duty.Of(ctx, tx, m.Ref)
				}
				return err
			}))
			return m, owed
		}
		measure := draw()
		k.Refused("C11.3", do(k, core.Desk, complaint.CarryOut, measure, complaint.Word{Text: "已排班"}))
		k.Must(do(k, core.GM, complaint.ApproveMeasure, measure, complaint.Naming{Supervisor: me(k, core.Quality)}))
		if m, owed := state(measure); m.State != complaint.MeasureApproved || len(owed) != 1 || owed[0].Day != m.Due {
			k.Fatalf("approved: %+v, %+v", m, owed)
		}
		k.Must(do(k, core.Desk, complaint.CarryOut, measure, complaint.Word{Text: "已排班"}))
		k.Refused("C11.3", do(k, core.Supervisor, complaint.CheckMeasure, measure, complaint.Check{Good: true, Finding: "好"}))
		k.Must(do(k, core.Quality, complaint.CheckMeasure, measure, complaint.Check{Finding: "周日没有巡查"}))
		if m, owed := state(measure); m.State != complaint.MeasureApproved || owed[0].State != duty.StateOpen {
			k.Errorf("sent back: %s, %+v", m.State, owed)
		}
		k.Must(do(k, core.Desk, complaint.CarryOut, measure, complaint.Word{Text: "周日也巡查"}))
		k.Must(do(k, core.Quality, complaint.CheckMeasure, measure, complaint.Check{Good: true, Finding: "合格"}))
		if m, owed := state(measure); m.State != complaint.MeasureClosed || owed[0].State != duty.StateDone {
			k.Errorf("closed: %s, %+v", m.State, owed)
		}
		second := draw()
		k.Must(do(k, core.GM, complaint.ApproveMeasure, second, complaint.Naming{Supervisor: me(k, core.Quality)}))
		k.Must(do(k, core.Desk, complaint.CarryOut, second, complaint.Word{Text: "已排班"}))
		k.Off("C11.3")
		k.Must(do(k, core.Supervisor, complaint.CheckMeasure, second, complaint.Check{Good: true, Finding: "好"}))
	})
}
