package report_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/report"
	"huiyin/testkit"
)

func base64Decoded(b []byte) []byte {
	out, _ := base64.StdEncoding.DecodeString(strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, string(b)))
	return out
}

func schedule(k *testkit.Kit, s report.Schedule) (id core.ID) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = report.SetSchedule(ctx, tx, 0, s)
		return err
	})
	return id
}

func runs(k *testkit.Kit, id core.ID) (out []report.Run) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		out, err = report.Runs(ctx, tx, id, 50)
		return err
	})
	return out
}

func TestAScheduleRunsOnceOnTwoNodes(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		p := startPost(k)
		nodes := k.Nodes()
		id := schedule(k, report.Schedule{Kind: report.Weekly, Day: 1, Clock: "08:30", Lang: "zh", Users: []string{k.Users[core.Manager].String()}, Mails: "boss@example.com\nboss@example.com; other@example.com"})
		generate(k, "2026-11-19", 3, 6)
		k.SetNow(at("2026-11-23 08:29"))
		k.TickAll(nodes...)
		if rs := runs(k, id); len(rs) != 0 {
			k.Fatalf("it ran before its time: %+v", rs)
		}
		k.SetNow(at("2026-11-23 08:31"))
		k.TickAll(nodes...)
		k.TickAll(nodes...)
		rs := runs(k, id)
		if len(rs) != 1 || rs[0].State != report.RunSent || rs[0].Sent != 2 || !rs[0].Due.Equal(at("2026-11-23 08:30")) || !strings.Contains(rs[0].Error.ZH, "何海") {
			k.Fatalf("runs %+v", rs)
		}
		if n := unread(k, core.Manager); n == 0 {
			k.Error("the manager, who has no address, was not told")
		}
		i, ok := issueOf(k, report.Weekly, "2026-11-16")
		if !ok || i.State != report.StateIssued {
			k.Errorf("the report is %+v", i)
		}
		checkMail(k, p)
		k.SetNow(at("2026-12-15 12:00")) // two Mondays and a day later: once
		k.TickAll(nodes...)
		if rs := runs(k, id); len(rs) != 2 || len(p.letters()) != 4 {
			k.Errorf("%d runs, %d letters", len(rs), len(p.letters()))
		}
		verify(k)
	})
}

// checkMail opens what arrived: the report as PDF and as a workbook.
func checkMail(k *testkit.Kit, p *post) {
	k.Helper()
	got := p.letters()
	if len(got) != 2 {
		k.Fatalf("%d letters arrived", len(got))
	}
	for _, l := range got {
		if len(l.files) != 2 || !strings.Contains(l.subject, "投诉周报") || !strings.Contains(l.body, "投诉 · 受理") {
			k.Errorf("to %s: %q with %d files\n%s", l.to, l.subject, len(l.files), l.body)
		}
		for name, b := range l.files {
			switch {
			case strings.HasSuffix(name, ".pdf"):
				if !bytes.HasPrefix(b, []byte("%PDF-")) {
					k.Errorf("%s: %.20q", name, b)
				}
			case strings.HasSuffix(name, ".xlsx"):
				f, err := excelize.OpenReader(bytes.NewReader(b))
				k.Must(err)
				if len(f.GetSheetList()) < 3 {
					k.Errorf("sheets %v", f.GetSheetList())
				}
			default:
				k.Errorf("attached %q", name)
			}
		}
	}
}

func TestAScheduleSaysWhyItSentNothing(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		p := startPost(k)
		id := schedule(k, report.Schedule{Kind: report.Work, Day: 3, Clock: "09:00", Lang: "en", Mails: "boss@example.com"})
		k.SetNow(at("2026-12-03 09:01"))
		k.Tick()
		rs := runs(k, id)
		if len(rs) != 1 || rs[0].State != report.RunFailed || rs[0].Error.EN == "" || len(p.letters()) != 0 || unread(k, core.Supervisor) == 0 {
			k.Fatalf("a report that nobody issued: %+v, %d letters", rs, len(p.letters()))
		}
		i, _ := issueOf(k, report.Work, "2026-11-01")
		k.Must(do(k, core.Supervisor, report.Submit, i.Ref.ID))
		k.SetNow(at("2026-12-03 10:00"))
		k.Must(do(k, core.Supervisor, report.RunNow, id))
		k.Drain()
		if rs := runs(k, id); len(rs) != 2 || rs[0].State != report.RunSent || len(p.letters()) != 1 || !strings.Contains(p.letters()[0].subject, "work report") {
			k.Errorf("sent at once: %+v, %+v", rs, p.letters())
		}
		k.Must(do(k, core.Supervisor, report.Pause, id))
		k.SetNow(at("2027-01-04 09:01"))
		k.Tick()
		if rs := runs(k, id); len(rs) != 2 {
			k.Errorf("a paused schedule ran: %+v", rs)
		}
		for _, bad := range []report.Schedule{{Kind: report.Weekly, Day: 8, Clock: "08:30", Mails: "a@example.com"}, {Kind: report.Work, Day: 3, Clock: "25:00", Mails: "a@example.com"}, {Kind: report.Work, Day: 3, Clock: "08:30", Mails: "nobody"}, {Kind: report.Work, Day: 3, Clock: "08:30"}} {
			err := k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
				_, err := report.SetSchedule(ctx, tx, 0, bad)
				return err
			})
			if !core.IsKind(err, core.KindInvalid) {
				k.Errorf("%+v: %v", bad, err)
			}
		}
	})
}

// TestOtherModulesAddTheirSections: a fact of a module stands in the kinds of report that it names, beside the period
// before.
func TestOtherModulesAddTheirSections(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		lists := *k.App.Lists
		lists.Facts = append(lists.Facts, house.Fact{Key: "stars", Reports: []string{report.Weekly}, Order: 12, Of: func(_ context.Context, _ db.Tx, p house.Period) (house.Section, error) {
			return house.Section{Key: "stars", Title: core.T("星", "Stars"), Figures: []house.Figure{{Key: "stars.n", Name: core.T("颗", "stars"), Value: int64(p.From.Days("2026-12-01"))}}}, nil
		}})
		k.Must(k.App.DB.Read(house.With(k.Ctx(core.Supervisor), &lists), func(ctx context.Context, tx db.Tx) error {
			_, sections, err := report.Figures(ctx, tx, report.Weekly, "2026-11-18")
			if len(sections) < 2 || sections[1].Key != "stars" || sections[1].Figures[0].Value != 15 || *sections[1].Figures[0].Before != 22 {
				k.Errorf("%+v", sections[1])
			}
			return err
		}))
	})
}
