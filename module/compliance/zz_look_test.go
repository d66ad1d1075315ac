package compliance_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/house"
	"huiyin/module/compliance"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

func TestZZLook(t *testing.T) {
	if os.Getenv("LOOK") == "" {
		t.Skip()
	}
	each(t, func(t *testing.T, w *world) {
		if w.db.Engine() != db.SQLite {
			return
		}
		var claims []regulation.Claim
		for i, c := range regulation.Default().All() {
			if i%6 == 0 || c.Area == "repairs" || c.Area == "desk" || c.Area == "customers" {
				claims = append(claims, regulation.Claim{Clause: c.ID, By: []regulation.Mechanism{regulation.ByDuty, regulation.ByGuard}, Records: "repair"})
			}
		}
		lists, err := house.Gather([]house.Module{{Name: "repair", Label: core.T("维修", "Repairs"), Clauses: claims,
			Measures: []regulation.Measure{{Clause: "C14.3", Target: targetOf(t, "C14.3"), Name: core.T("回访率", "Follow-up rate"), Of: func(context.Context, db.Tx, core.ID, core.Month) (regulation.Figure, error) {
				return regulation.Figure{Num: 41, Den: 200, Provisional: true}, nil
			}}}}, compliance.Module()})
		must(t, err)
		w.ctx = house.With(w.ctx, lists)
		end := w.now
		w.now = at("2026-07-03 09:00")
		for m := 0; w.now.Before(end); m++ {
			for i, clause := range []string{"B4.3", "C17.1", "A3.5", "D2.7", "C15.1", "D4.7", "C14.3"} {
				role := []core.Role{core.Desk, core.Supervisor, core.Technician}[(m+i)%3]
				d := w.open(clause, core.ID(5000+m*10+i), w.now.Add(time.Duration(2+i*20)*time.Hour), duty.By(role), duty.Number("s"), duty.About(core.T("天花板渗水 A%02d%02d", "Ceiling leak A%02d%02d", m%20+1, i), ""))
				if (m*7+i)%29 == 3 || m > 132 && i > 2 {
					continue
				}
				was := w.now
				w.now = w.now.Add(time.Duration(1+(m*i)%9) * time.Hour)
				w.do(w.supervisor(), func(ctx context.Context, tx db.Tx) error { return duty.Done(ctx, tx, clause, d.About) })
				w.now = was
			}
			w.now = w.now.Add(24 * time.Hour)
		}
		w.now = end
		w.tick()
		must(t, compliance.CountMonths(core.AsSystem(w.manager()), w.db))
		_, err = w.propose(w.supervisor(), "B4.3", compliance.ChangeIn{Name: "owner", Value: "technician", Scope: "project", From: "2026-12-01", Reason: "改由维修联系客户"})
		must(t, err)
		kinds := map[string]register.Kind{}
		routes := compliance.Module().Routes
		for _, r := range compliance.Module().Registers {
			routes = append(routes, r.Routes()...)
			kinds[r.KindOf().Name] = r.KindOf()
		}
		a := core.ActorOf(w.manager())
		perms := map[string]bool{compliance.PermCalendar: true}
		for _, p := range lists.Perms {
			perms[p.Name] = true
		}
		a.Seats[here] = core.Seat{Roles: []core.Role{core.Manager, core.Supervisor}, Perms: perms}
		a.Seats[core.Firm] = core.Seat{Perms: perms}
		reg := &register.Lists{Kinds: kinds, Cite: compliance.ClauseHref}
		s := web.New(web.Config{DB: w.db, Log: slogNone(), Routes: routes, Cite: compliance.ClauseHref,
			Base: func(ctx context.Context) context.Context {
				ctx = core.WithClock(ctx, func() time.Time { return w.now })
				return register.With(house.With(ctx, lists), reg)
			},
			SignIn:  func(context.Context, db.Tx, *http.Request) (core.Actor, web.Session, error) { return a, web.Session{}, nil },
			Project: func(context.Context, db.Tx, string) (core.Project, error) { return core.Project{ID: here, Code: "lh", Name: "联合广场"}, nil },
			Shell: func(ctx context.Context, tx db.Tx, r *web.Request) (ui.Shell, error) {
				var g ui.NavGroup
				g.Label = core.T("制度", "Regulation")
				for _, n := range compliance.Module().Nav {
					g.Items = append(g.Items, ui.NavItem{Label: n.Label, Icon: n.Icon, Href: "/p/lh/" + n.Path, Main: n.Main})
				}
				return ui.Shell{Brand: core.T("回音", "Huiyin"), Now: core.Now(ctx), Nav: []ui.NavGroup{g}, User: ui.User{Name: "何海", Role: core.Manager.Name()}, Todo: 3, Late: true, Project: &ui.ProjectItem{Name: "联合广场"}}, nil
			}})
		srv := &http.Server{Addr: "localhost:8097", Handler: s}
		go func() { fmt.Println(srv.ListenAndServe()) }()
		time.Sleep(70 * time.Second)
		_ = srv.Close()
	})
}
