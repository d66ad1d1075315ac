package report_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/customer"
	"huiyin/module/report"
	"huiyin/testkit"
)

// job is a repair or a matter that was put into the tables as it is.
type job struct {
	at                   time.Time
	trade, state, kind   string
	channel, class       string
	quality, round       int64
	late, imported, void bool
}

// jobs puts repairs and matters into a month and the one before, of two customers, with every sort of fate.
func jobs(k *testkit.Kit, n int) (all []job) {
	k.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	classes := map[string]core.ID{customer.Ordinary: tenant(k, "A0101", "华达科技", ""), customer.Target: tenant(k, "A0102", "金诺咨询", "")}
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		for class, id := range classes {
			if _, err := db.Exec(ctx, tx, "update customer_customer set category = $1 where project_id = $2 and id = $3", class, k.Project.ID, id); err != nil {
				return err
			}
		}
		for range n {
			j := job{at: at("2026-09-01 00:00").Add(time.Duration(r.IntN(61*24*60)) * time.Minute), trade: pick("water", "hvac", "lift"), state: pick("closed", "closed", "working", "cancelled"), kind: pick("repair", "enquiry", "praise"), channel: pick("phone", "counter", "wechat"),
				class: pick(customer.Ordinary, customer.Target), quality: int64(r.IntN(6)), round: int64(1 + r.IntN(2)), late: r.IntN(4) == 0, imported: r.IntN(9) == 0, void: r.IntN(9) == 0}
			if err := j.put(ctx, tx, k.Project.ID, classes[j.class]); err != nil {
				return err
			}
			all = append(all, j)
		}
		return nil
	})
	return all
}

func (j job) put(ctx context.Context, tx db.Tx, p, who core.ID) error {
	id, day := tx.NewID(), core.DateOf(j.at, core.China)
	origin, state := "desk", "closed"
	if j.imported {
		origin = "import"
	}
	if j.void {
		state = "void"
	}
	if _, err := db.Exec(ctx, tx, `insert into repair_order (project_id, id, created_at, changed_at, origin, number, scope, trade, level, level_by, paid, content, channel, state, open, rank, at, day, month, customer_id, quality, round)
		values ($1,$2,$3,$3,$4,'N','indoor',$5,'normal','rule',false,'x','phone',$6,$7,1,$3,$8,$9,$10,$11,$12)`, p, id, j.at, origin, j.trade, j.state, j.state == "working", day, day.Month(), who, j.quality, j.round); err != nil {
		return err
	}
	if j.late {
		if _, err := db.Exec(ctx, tx, "insert into repair_visit (project_id, id, repair_id, appoint_at, due_at, month, arrived_at) values ($1,$2,$3,$4,$4,$5,$6)", p, tx.NewID(), id, j.at, day.Month(), j.at.Add(time.Hour)); err != nil {
			return err
		}
	}
	_, err := db.Exec(ctx, tx, `insert into desk_matter (project_id, id, created_at, changed_at, origin, number, channel, kind, customer_id, content, urgent, state, open, rank, at, day, month)
		values ($1,$2,$3,$3,$4,'N',$5,$6,$7,'x',false,$8,false,1,$3,$9,$10)`, p, tx.NewID(), j.at, origin, j.channel, j.kind, who, state, day, day.Month())
	return err
}

// count is how many of October's jobs are wanted.
func count(all []job, want func(job) bool) (n int64) {
	for _, j := range all {
		if !j.at.Before(at("2026-10-01 00:00")) && j.at.Before(at("2026-11-01 00:00")) && want(j) {
			n++
		}
	}
	return n
}

func TestRepairsAndRequestsCountAsByHand(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		all := jobs(k, 200)
		repair := func(want func(job) bool) int64 {
			return count(all, func(j job) bool { return !j.imported && j.state != "cancelled" && want(j) })
		}
		matter := func(want func(job) bool) int64 {
			return count(all, func(j job) bool { return !j.imported && !j.void && want(j) })
		}
		i := get(k, compose(k, report.Work, "2026-10-15"))
		closed := func(j job) bool { return j.state == "closed" }
		any := func(job) bool { return true }
		for key, want := range map[string]int64{"repair.taken": repair(any), "repair.closed": repair(closed), "repair.open": repair(func(j job) bool { return j.state == "working" }), "repair.late": repair(func(j job) bool { return j.late }), "desk.taken": matter(any),
			"repair.timely-rate": repair(func(j job) bool { return closed(j) && !j.late }) * 10000 / repair(closed), "repair.pass-rate": repair(func(j job) bool { return closed(j) && j.round == 1 }) * 10000 / repair(closed)} {
			if f, ok := figure(i, key); !ok || f.Value != want {
				k.Errorf("%s: the report says %d, by hand %d", key, f.Value, want)
			}
		}
		for _, l := range table(i, "repair.trade").Lines {
			if want := repair(func(j job) bool { return j.trade == l.Key }); l.Values[0] != want {
				k.Errorf("trade %s: %d, by hand %d", l.Key, l.Values[0], want)
			}
		}
		for _, l := range append(table(i, "desk.kind").Lines, table(i, "desk.channel").Lines...) {
			if want := matter(func(j job) bool { return j.kind == l.Key || j.channel == l.Key }); l.Values[0] != want {
				k.Errorf("%s: %d, by hand %d", l.Key, l.Values[0], want)
			}
		}
		checkSatisfaction(k)
	})
}

// checkSatisfaction compares the quarter's stars by category of customer.
func checkSatisfaction(k *testkit.Kit) {
	k.Helper()
	k.Must(k.App.DB.Read(k.Ctx(core.Supervisor), func(ctx context.Context, tx db.Tx) error {
		type row struct {
			class          string
			quality, count int64
		}
		rows, err := db.All(ctx, tx, func(r *row) []any { return []any{&r.class, &r.quality, &r.count} }, `select c.category, o.quality, count(*) from repair_order o join customer_customer c on c.project_id = o.project_id and c.id = o.customer_id
			where o.project_id = $1 and o.quality > 0 and o.origin <> 'import' and o.state <> 'cancelled' and o.month < '2026-10' group by c.category, o.quality`, k.Project.ID)
		if err != nil {
			return err
		}
		_, sections, err := report.Figures(ctx, tx, report.Analysis, "2026-09-15")
		for _, s := range sections {
			for _, tb := range s.Tables {
				if tb.Key != "satisfaction.class" {
					continue
				}
				for _, l := range tb.Lines {
					var n, stars, content int64
					for _, r := range rows {
						if r.class == l.Key {
							n, stars = n+r.count, stars+r.count*r.quality
							if r.quality >= 4 {
								content += r.count
							}
						}
					}
					if l.Values[0] != n || l.Values[1] != (stars*100+n/2)/n || l.Values[2] != content*10000/n || l.Values[4] != house.NoValue {
						k.Errorf("%s: %v, by hand %d ratings, %d stars, %d content", l.Key, l.Values, n, stars, content)
					}
				}
				if len(tb.Lines) != 2 {
					k.Errorf("%d categories", len(tb.Lines))
				}
			}
		}
		return err
	}))
}

// TestAnErasureTakesTheReceiptsPerson: the name, address and link go with the customer (L5); that it arrived stays.
func TestAnErasureTakesTheReceiptsPerson(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		p := startPost(k)
		who := tenant(k, "A0101", "华达科技", "zhang@example.com")
		k.SetNow(at("2026-11-19 10:00"))
		id := approved(k)
		k.Must(do(k, core.Supervisor, report.Send, id))
		k.Drain()
		body := p.letters()[0].body
		link := strings.TrimPrefix(strings.Fields(body[strings.Index(body, "https://huiyin.example.com/report-view"):])[0], "https://huiyin.example.com")
		k.Browser(0).Get(link).OK(k)
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			if err := report.Erase(ctx, tx, k.Project.ID, who); err != nil {
				return err
			}
			return db.EraseKey(ctx, tx, k.Project.ID, who)
		})
		r := receipts(k, id)[0]
		if r.Name != "" || r.Contact != "" || r.Mask != "" || r.State != report.ReceiptRead {
			k.Errorf("%+v", r)
		}
		if page := k.Browser(0).Get(link); page.Status != 404 {
			k.Errorf("the link still opens: %d", page.Status)
		}
	})
}
