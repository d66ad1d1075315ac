package visit

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/regulation"
)

// measures are the rates of C19.4 and C19.5.
func measures() []regulation.Measure {
	return []regulation.Measure{{Clause: "C19.4", Name: core.T("租户大会到会当面沟通率", "Tenants who came to the meeting"), Target: "attendance", Of: came},
		{Clause: "C19.4", Name: core.T("大会建议答复率", "Requests of the meeting answered"), Target: "reply", Of: answered}, {Clause: "C19.5", Name: core.T("租户年拜访率", "Tenants visited in the year"), Target: "target", Of: visitedInYear}}
}

const breakingMax = 300

// came is C19.4: of the tenants invited to the meetings held in the month, those who came and were spoken to.
func came(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (regulation.Figure, error) {
	ms, err := db.All(ctx, tx, (*Meeting).dest, "select "+meetingColumns()+" from visit_meeting where project_id = $1 and month = $2 and state <> 'off' order by id desc", project, month)
	f := regulation.Figure{}
	for _, m := range ms {
		if m.State != Held {
			f.Provisional = true
			continue
		}
		f.Num, f.Den = f.Num+m.Attended, f.Den+m.Invited
		if m.Attended < m.Invited {
			f.Breaking = append(f.Breaking, core.Ref{Project: project, Kind: "meeting", ID: m.Ref.ID})
		}
	}
	return f, err
}

// answered is C19.4: of the requests made at the month's meetings, those answered; one whose day has not passed counts later.
func answered(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (regulation.Figure, error) {
	is, err := db.All(ctx, tx, (*Item).dest, "select "+itemColumns()+" from visit_item where project_id = $1 and month = $2 and sort = 'request' order by id desc", project, month)
	f := regulation.Figure{}
	for _, i := range is {
		switch {
		case !i.Open:
			f.Num, f.Den = f.Num+1, f.Den+1
		case i.Due >= core.Today(ctx):
			f.Provisional = true
		default:
			f.Den++
			if len(f.Breaking) < breakingMax {
				f.Breaking = append(f.Breaking, core.Ref{Project: project, Kind: "promise", ID: i.Ref.ID})
			}
		}
	}
	return f, err
}

// visitedInYear is C19.5: of the tenants at the month's end, those who were visited in its year up to then. Before the
// year is over the figure is provisional.
func visitedInYear(ctx context.Context, tx db.Tx, project core.ID, month core.Month) (regulation.Figure, error) {
	last := min(month.Last(), core.Today(ctx))
	first := core.Date(string(month)[:4] + "-01-01")
	type tenant struct {
		id      core.ID
		visited bool
	}
	ts, err := db.All(ctx, tx, func(t *tenant) []any { return []any{&t.id, &t.visited} }, `select c.id, exists (select 1 from visit_visit v where v.project_id = c.project_id and v.customer_id = c.id and v.visit_day >= $2 and v.visit_day <= $3)
		from customer_customer c where c.project_id = $1 and c.state in ('met', 'pending', 'active', 'left') and exists (select 1 from customer_unit s where s.project_id = c.project_id and s.customer_id = c.id
		and s.part = 'tenant' and (s.from_on is null or s.from_on <= $3) and (s.to_on is null or s.to_on >= $3)) order by c.id`, project, first, last)
	f := regulation.Figure{Den: int64(len(ts)), Provisional: last < core.Date(string(month)[:4]+"-12-31")}
	for _, t := range ts {
		if t.visited {
			f.Num++
		} else if len(f.Breaking) < breakingMax {
			f.Breaking = append(f.Breaking, customerRef(project, t.id))
		}
	}
	return f, err
}
