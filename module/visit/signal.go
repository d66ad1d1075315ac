package visit

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/complaint"
	"huiyin/module/customer"
	"huiyin/regulation"
)

// The measures of the signals, our own defaults.
const (
	manyComplaints = 2   // open at once
	leaseEnds      = 90  // days before the end, without a lease that follows
	lately         = 90  // days that a visit's word on the credit counts
	silent         = 2   // tries in a row that reached nobody
	fallen         = 50  // per cent of the readings before
	weighty        = 300 // 分: below it nobody is said to owe
)

// signals are the signs that the data of today shows; later modules add theirs.
func signals() []house.Signal {
	s := func(key string, weight int64, zh, en string, of func(context.Context, db.Tx, core.ID) ([]house.Hit, error)) house.Signal {
		return house.Signal{Key: key, Label: core.T(zh, en), Weight: weight, Of: of}
	}
	return []house.Signal{s("arrears", 2, "欠费", "Arrears", owing), s("complaints", 1, "多件投诉未结", "Several open complaints", complaining), s("promise", 2, "客户承诺未兑现", "Broken promises", breaking), s("lease", 1, "租约将到期未续", "Lease ends, not renewed", ending),
		s("contact", 1, "久未联系", "Not spoken to for long", unspoken), s("silent", 2, "联系不上", "Cannot be reached", unreached), s("seen", 3, "异动登记", "Seen on site", seen), s("credit", 2, "拜访发现信用变差", "Credit worse at a visit", worse), s("meter", 2, "用电明显下降", "Electricity has fallen", falling)}
}

// debt is what a customer owes, by month.
type debt struct {
	customer core.ID
	month    core.Month
	sum      core.Money
}

// owing: arrears of the opening data; of two months and more, and growing, they weigh more.
func owing(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	ds, err := db.All(ctx, tx, func(d *debt) []any { return []any{&d.customer, &d.month, &d.sum} }, `select customer_id, month, sum(amount) from customer_arrears
		where project_id = $1 and voided_at is null and settled_at is null and customer_id is not null group by customer_id, month order by customer_id, month`, project)
	var out []house.Hit
	for len(ds) > 0 {
		n := 1
		for n < len(ds) && ds[n].customer == ds[0].customer {
			n++
		}
		if h, ok := owes(ctx, ds[:n]); ok {
			out = append(out, h)
		}
		ds = ds[n:]
	}
	return out, err
}

func owes(ctx context.Context, ds []debt) (house.Hit, bool) {
	var sum core.Money
	for _, d := range ds {
		sum += d.sum
	}
	h := house.Hit{Customer: ds[0].customer, URL: customer.FileKind.Href(ctx, ds[0].customer), Weight: 1, Why: core.T("欠费 %s 元(%s)", "Owes %s yuan (%s)", sum, string(ds[0].month))}
	if n := len(ds); n > 1 {
		h.Weight, h.Why = 2, core.T("欠费 %d 个月共 %s 元,最早 %s", "Owes %[2]s yuan of %[1]d months, since %[3]s", n, sum, string(ds[0].month))
		if ds[n-1].sum > ds[0].sum {
			h.Weight = 3
			h.Why = core.T("%s,且在增加", "%s, and growing", h.Why)
		}
	}
	return h, sum >= weighty
}

// counted is a number of a customer.
type counted struct {
	customer core.ID
	n        int64
	last     string
}

func (c *counted) dest() []any { return []any{&c.customer, &c.n, &c.last} }

func complaining(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	cs, err := db.All(ctx, tx, (*counted).dest, `select customer_id, count(*), min(day) from complaint_case where project_id = $1 and open and customer_id is not null
		and voided_at is null group by customer_id having count(*) >= $2 order by customer_id`, project, manyComplaints)
	out := make([]house.Hit, len(cs))
	for i, c := range cs {
		out[i] = house.Hit{Customer: c.customer, Why: core.T("%d 件投诉未结,最早 %s", "%d complaints are open, the first since %s", c.n, c.last), URL: complaint.Kind().Href(ctx, 0)}
	}
	return out, err
}

// breaking: promises of the customer's own that he broke lately, or whose day is past.
func breaking(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	cs, err := db.All(ctx, tx, (*counted).dest, `select customer_id, count(*), max(due_day) from visit_item where project_id = $1 and sort = 'theirs' and customer_id is not null
		and ((open and due_day < $2) or (state = 'broken' and due_day >= $3)) group by customer_id order by customer_id`, project, core.Today(ctx), core.Today(ctx).Add(-2*lately))
	out := make([]house.Hit, len(cs))
	for i, c := range cs {
		out[i] = house.Hit{Customer: c.customer, Why: core.T("%d 项承诺未按期兑现,最近 %s", "%d promises were not kept in time, the last of %s", c.n, c.last), URL: ItemKind().Href(ctx, 0) + "?sort=theirs&state=all"}
	}
	return out, err
}

func ending(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	today := core.Today(ctx)
	cs, err := db.All(ctx, tx, (*counted).dest, `select customer_id, count(*), max(to_on) from customer_lease where project_id = $1 and voided_at is null and customer_id is not null and to_on is not null
		group by customer_id having max(to_on) >= $2 and max(to_on) <= $3 order by customer_id`, project, today, today.Add(leaseEnds))
	out := make([]house.Hit, len(cs))
	for i, c := range cs {
		out[i] = house.Hit{Customer: c.customer, Why: core.T("租约 %s 到期,还没有续约", "The lease ends on %s and is not renewed", c.last), URL: customer.FileKind.Href(ctx, c.customer)}
	}
	return out, err
}

// unspoken: nobody has spoken to the tenant for longer than C8.1's span.
func unspoken(ctx context.Context, tx db.Tx, _ core.ID) ([]house.Hit, error) {
	span, err := regulation.Span(ctx, tx, "C8.1", "neglected")
	if err != nil {
		return nil, err
	}
	rs, err := roundRows(ctx, tx)
	var out []house.Hit
	for _, r := range rs {
		days := core.DateOf(r.lastWord(), core.ProjectOf(ctx).Zone).Days(core.Today(ctx))
		if r.tenant && days > span.N {
			out = append(out, house.Hit{Customer: r.ID, Why: core.T("%d 天没有联系", "Not spoken to for %d days", days), URL: href(ctx, 0, "round")})
		}
	}
	return out, err
}

func unreached(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	cs, err := db.All(ctx, tx, (*counted).dest, "select id, missed, '' from visit_touch where project_id = $1 and missed >= $2 order by id", project, silent)
	out := make([]house.Hit, len(cs))
	for i, c := range cs {
		out[i] = house.Hit{Customer: c.customer, Why: core.T("连续 %d 次联系不上", "Not reached %d times in a row", c.n), URL: ContactKind().Href(ctx, 0) + "?missed=missed"}
	}
	return out, err
}

// seen: what was taken down by hand and not ended; the strongest sight counts.
func seen(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	ss, err := db.All(ctx, tx, (*Sight).dest, "select "+db.CellNames(new(Sight).cells())+" from visit_sight where project_id = $1 and ended_at is null order by id desc", project)
	at := map[core.ID]int{}
	var out []house.Hit
	for _, s := range ss {
		why := core.T("%s %s:%s", "%s %s: %s", string(core.DateOf(s.At, core.ProjectOf(ctx).Zone)), core.Label(SightSorts(), s.Sort), short(s.What))
		i, known := at[s.Customer]
		if !known {
			at[s.Customer] = len(out)
			out = append(out, house.Hit{Customer: s.Customer, Why: why, URL: SightKind().Href(ctx, s.Ref.ID), Weight: weightOf(s.Sort)})
			continue
		}
		out[i].Why, out[i].Weight = core.T("%s;%s", "%s; %s", out[i].Why, why), max(out[i].Weight, weightOf(s.Sort))
	}
	return out, err
}

// worse: the last visit found the customer's credit worse.
func worse(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	vs, err := list(ctx, tx, "project_id = $1 and visit_day >= $2 and state = 'recorded' order by visit_day desc, id desc", project, core.Today(ctx).Add(-lately))
	done := map[core.ID]bool{}
	var out []house.Hit
	for _, v := range vs {
		if !done[v.Customer] && v.Credit == "worse" {
			out = append(out, house.Hit{Customer: v.Customer, Why: core.T("%s 拜访发现信用变差:%s", "The visit of %s found the credit worse: %s", string(v.VisitDay), short(v.CreditNote)), URL: href(ctx, v.Ref.ID)})
		}
		done[v.Customer] = true
	}
	return out, err
}

// used is what a customer's electricity meters counted in a month.
type used struct {
	customer             core.ID
	period               core.Month
	multiplier, from, to core.Decimal
}

// falling: the last month's electricity is less than half of the average of the three months before. What was not read for
// two months says nothing.
func falling(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	now := core.MonthOf(core.Now(ctx), core.ProjectOf(ctx).Zone)
	us, err := db.All(ctx, tx, func(u *used) []any { return []any{&u.customer, &u.period, &u.multiplier, &u.from, &u.to} }, `select customer_id, period, multiplier, previous, current_value from customer_reading
		where project_id = $1 and voided_at is null and customer_id is not null and period >= $2 and (meter_kind like '%电%' or meter_kind = 'electricity') order by customer_id, period`, project, now.Add(-5))
	sums, order := map[core.ID]map[core.Month]float64{}, []core.ID{}
	for _, u := range us {
		if sums[u.customer] == nil {
			sums[u.customer] = map[core.Month]float64{}
			order = append(order, u.customer)
		}
		sums[u.customer][u.period] += consumption(u)
	}
	var out []house.Hit
	for _, c := range order {
		last, before, ok := lastAndBefore(sums[c], now)
		if ok && before > 0 && last*100 < before*fallen {
			out = append(out, house.Hit{Customer: c, Why: core.T("最近一个月用电 %.0f 度,此前三个月平均 %.0f 度", "The last month's electricity is %.0f kWh, after %.0f on average", last, before), URL: customer.FileKind.Href(ctx, c)})
		}
	}
	return out, err
}

func consumption(u used) float64 {
	m, _ := u.multiplier.Float64()
	a, _ := u.from.Float64()
	b, _ := u.to.Float64()
	return max(0, (b-a)*m)
}

// lastAndBefore are the last month read, of this or the last two, and the average of the three before it.
func lastAndBefore(by map[core.Month]float64, now core.Month) (last, before float64, ok bool) {
	month := now
	for range 3 {
		if _, has := by[month]; has {
			break
		}
		month = month.Add(-1)
	}
	last, ok = by[month]
	for i := 1; i <= 3; i++ {
		b, has := by[month.Add(-i)]
		ok = ok && has
		before += b / 3
	}
	return last, before, ok
}

// signalOf names a signal for the pages.
func signalOf(ctx context.Context, key string) core.Text {
	for _, s := range house.Of(ctx).Signals {
		if s.Key == key {
			return s.Label
		}
	}
	return core.Text{ZH: key, EN: key}
}
