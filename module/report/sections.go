package report

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/complaint"
)

// own are the report's sections, from what the modules before it have.
func own() []house.Fact {
	complaintReports := []string{Weekly, Monthly}
	return []house.Fact{
		{Key: "complaints", Reports: []string{Weekly, Monthly, Work}, Order: 10, Of: complaintSection},
		{Key: "repeated", Reports: complaintReports, Order: 15, Of: repeatedSection},
		{Key: "matters", Reports: []string{Weekly, Monthly, Work}, Order: 20, Of: matterSection},
		{Key: "repairs", Reports: []string{Weekly, Monthly, Work}, Order: 30, Of: repairSection},
		{Key: "calls", Reports: []string{Work}, Order: 40, Of: callSection},
		{Key: "facility", Reports: []string{Operations}, Order: 10, Of: facilitySection},
		{Key: "environment", Reports: []string{Operations}, Order: 20, Of: environmentSection},
		{Key: "safety", Reports: []string{Operations}, Order: 30, Of: safetySection},
		{Key: "demand", Reports: []string{Analysis}, Order: 10, Of: demandSection},
		{Key: "when", Reports: []string{Analysis}, Order: 20, Of: whenSection},
		{Key: "satisfaction", Reports: []string{Analysis}, Order: 30, Of: satisfactionSection},
	}
}

// gather appends tables until one fails.
type gather struct {
	ctx context.Context
	tx  db.Tx
	p   house.Period
	s   house.Section
	err error
}

func begin(ctx context.Context, tx db.Tx, p house.Period, key, zh, en string) *gather {
	return &gather{ctx: ctx, tx: tx, p: p, s: house.Section{Key: key, Title: core.T(zh, en)}}
}

// cube counts tallies by splits, all in one query.
func (g *gather) cube(s source, extra string, by []string, keys ...string) cube {
	c := cube{source: s, keys: keys}
	if g.err == nil {
		c, g.err = s.cube(g.ctx, g.tx, g.p, extra, by, keys...)
	}
	return c
}

func (g *gather) count(s source, keys ...string) map[string]int64 {
	return g.cube(s, "", nil, keys...).sum()
}

func (g *gather) figures(s source, n map[string]int64, keys ...string) {
	for _, k := range keys {
		g.s.Figures = append(g.s.Figures, s.figure(n, k))
	}
}

// named are figures whose section holds more than one kind of record: each says which.
func (g *gather) named(s source, n map[string]int64, keys ...string) {
	for _, k := range keys {
		f := s.figure(n, k)
		f.Name = core.T("%s:%s", "%s: %s", s.label, f.Name)
		g.add(f)
	}
}

func (g *gather) add(f house.Figure) { g.s.Figures = append(g.s.Figures, f) }

func (g *gather) table(s source, extra, by, chart string, most int, keys ...string) {
	g.tables(g.cube(s, extra, []string{by}, keys...), extra == "", most, [2]string{by, chart})
}

// tables draws some of a cube's splits, each with its chart, by the tallies that are named, or by all.
func (g *gather) tables(c cube, whole bool, most int, by ...[2]string) {
	for _, b := range by {
		if g.err != nil {
			return
		}
		g.put(c.tableOf(b[0], b[1], whole, most, c.keys...))
	}
}

func (g *gather) done() (house.Section, error) { return g.s, g.err }

func (g *gather) open(s source) {
	if g.err != nil {
		return
	}
	var n int64
	n, g.err = s.openNow(g.ctx, g.tx, g.p)
	g.add(house.Figure{Key: s.kind + ".open-now", Name: core.T("期末在办(含以前)", "Open at the end, older ones too"), Value: n, Path: s.kind})
}

// complaintSection is the body of C13.5's reports, counted as the statistics of C1.6 are.
func complaintSection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, s := begin(ctx, tx, p, "complaints", "投诉", "Complaints"), complaints()
	c := g.cube(s, "", []string{"category", "level", "department", "validity"}, "taken", "valid", "unfounded", "major", "closed", "timely", "late", "reopened", "satisfied", "dissatisfied", "opinion", "compensation")
	n := c.sum()
	g.figures(s, n, "taken", "valid", "unfounded", "major", "closed", "late", "reopened", "satisfied", "dissatisfied")
	g.add(rate("complaint.timely-rate", core.T("按时办结率", "Closed in time"), n["timely"], n["closed"]))
	g.add(rate("complaint.satisfied-rate", core.T("满意率", "Satisfied"), n["satisfied"], n["opinion"]))
	money := s.figure(n, "compensation")
	money.As = house.AsMoney
	g.add(money)
	g.open(s)
	g.days(s)
	for _, by := range [][2]string{{"category", "bar"}, {"level", ""}, {"department", "bar"}, {"validity", ""}} {
		g.lines(c, by, "taken", "valid", "closed", "late", "satisfied", "dissatisfied")
	}
	return g.done()
}

// lines is one split of a cube by some of its tallies, with all its choices.
func (g *gather) lines(c cube, by [2]string, keys ...string) {
	if g.err == nil {
		g.put(c.tableOf(by[0], by[1], true, 0, keys...))
	}
}

// put adds a table, unless it says nothing.
func (g *gather) put(t house.Table) {
	for _, l := range t.Lines {
		for _, v := range l.Values {
			if v > 0 {
				g.s.Tables = append(g.s.Tables, t)
				return
			}
		}
	}
}

// daysMax is how long a period may be for a table by day.
const daysMax = 31

// days is how many came each day.
func (g *gather) days(s source) {
	if g.err != nil || g.p.From.Days(g.p.To) >= daysMax {
		return
	}
	var n map[core.Date]int64
	n, g.err = s.days(g.ctx, g.tx, g.p)
	t := house.Table{Key: s.kind + ".day", Title: core.T("%s:每日受理", "%s by day", s.label), By: core.T("日期", "Day"), Columns: []house.Column{{Name: core.T("受理", "Taken")}}, Chart: "line"}
	for d := g.p.From; d <= g.p.To; d = d.Add(1) {
		t.Lines = append(t.Lines, house.Line{Key: fmt.Sprint(g.p.From.Days(d)), Name: core.Text{ZH: string(d), EN: string(d)}, Values: []int64{n[d]}, Path: s.path("taken", "day", string(d))})
	}
	g.put(t)
}

const repeatedMost = 10

// repeatedSection is who complained of the same thing more than once, the most often first.
func repeatedSection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, s := begin(ctx, tx, p, "repeated", "重复投诉", "Repeated complaints"), complaints()
	rows, err := db.All(ctx, tx, func(r *repeated) []any { return []any{&r.customer, &r.category, &r.n, &r.unit} },
		s.selecting("c.customer_id, c.category, count(*), max(c.unit_code)", "", " and c.customer_id is not null group by c.customer_id, c.category having count(*) > 1 order by 3 desc, 1, 2 limit 10"), span(ctx, p)...)
	t := house.Table{Key: "complaint.repeat", Title: core.T("同一客户同类投诉前 %d 名", "The same customer on the same thing: the first %d", repeatedMost), By: core.T("客户和事项", "Customer and matter"), Columns: []house.Column{{Name: core.T("次数", "Times")}}}
	for _, r := range rows {
		key := r.customer.String() + ":" + r.category
		t.Lines = append(t.Lines, house.Line{Key: key, Name: core.T("%s · %s", "%s · %s", r.who(), core.Label(complaint.Categories(), r.category)), Values: []int64{r.n}, Path: s.path("taken", "repeat", key)})
	}
	g.put(t)
	if g.err = err; err == nil {
		var n int64
		n, g.err = db.Value[int64](ctx, tx, "select count(*) from ("+s.selecting("c.customer_id", "", " and c.customer_id is not null group by c.customer_id, c.category having count(*) > 1")+") x", span(ctx, p)...)
		g.add(house.Figure{Key: "complaint.repeated", Name: core.T("重复投诉的客户事项", "Matters complained of repeatedly"), Value: n})
	}
	return g.done()
}

type repeated struct {
	customer core.ID
	category string
	n        int64
	unit     string
}

// who names the customer by the unit: nothing about a person is kept in a report.
func (r repeated) who() core.Text {
	if r.unit == "" {
		return core.T("同一客户", "One customer")
	}
	return core.Text{ZH: r.unit, EN: r.unit}
}

func matterSection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, s := begin(ctx, tx, p, "matters", "客户诉求", "Requests"), matters()
	c := g.cube(s, "", []string{"kind", "channel"}, "taken", "closed", "open", "slow", "emergency")
	n := c.sum()
	g.figures(s, n, "taken", "closed", "open", "emergency", "slow")
	g.add(rate("desk.contact-rate", core.T("按时联系率", "Contacted in time"), n["taken"]-n["slow"], n["taken"]))
	g.lines(c, [2]string{"kind", "bar"}, "taken", "closed", "open")
	g.lines(c, [2]string{"channel", "pie"}, "taken")
	return g.done()
}

func repairSection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, s := begin(ctx, tx, p, "repairs", "报修", "Repairs"), repairs()
	c := g.repairs(s, g.figures)
	g.lines(c, [2]string{"trade", "bar"}, "taken", "closed", "late", "open")
	return g.done()
}

// repairs are the figures of repairs that every report has.
func (g *gather) repairs(s source, figures func(source, map[string]int64, ...string)) cube {
	c := g.cube(s, "", []string{"trade"}, "taken", "closed", "open", "timely", "late", "passed", "urgent", "public", "quality", "rated")
	n := c.sum()
	figures(s, n, "taken", "closed", "open", "urgent", "late")
	g.add(rate("repair.timely-rate", core.T("维修及时率", "Repairs in time"), n["timely"], n["closed"]))
	g.add(rate("repair.pass-rate", core.T("维修一次合格率", "Repairs accepted at once"), n["passed"], n["closed"]))
	g.add(score("repair.score", core.T("维修质量评价(五星)", "Quality of repairs, of five stars"), n["quality"], n["rated"]))
	return c
}

func score(key string, name core.Text, sum, n int64) house.Figure {
	f := house.Figure{Key: key, Name: name, As: house.AsScore, Value: house.NoValue}
	if n > 0 {
		f.Value = (sum*100 + n/2) / n
	}
	return f
}

func callSection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, s := begin(ctx, tx, p, "calls", "来电与日常服务", "Calls and daily work"), calls()
	n := g.count(s, "taken", "answered", "missed")
	g.figures(s, n, "taken", "missed")
	g.add(rate("call.rate", core.T("接听率", "Answered"), n["answered"], n["taken"]))
	e := entries()
	g.named(e, g.count(e, "planned", "done", "told"), "planned", "told", "done")
	return g.done()
}

// facilitySection is 设施运行: repairs by trade and their timeliness, planned work, and what customers were told beforehand.
func facilitySection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, s := begin(ctx, tx, p, "facility", "设施运行", "Facilities"), repairs()
	all := g.repairs(s, g.named)
	g.named(s, all.sum(), "public")
	e, c := entries(), complaints()
	g.named(e, g.count(e, "planned", "done"), "planned", "done")
	g.figures(c, g.count(c, "facility"), "facility")
	g.lines(all, [2]string{"trade", "bar"}, "taken", "closed")
	if g.err == nil {
		g.s.Notes, g.err = outages(ctx, tx, p)
	}
	return g.done()
}

// outages are the occasions of the period on which operators had something to say: a lift out of order, a power cut.
func outages(ctx context.Context, tx db.Tx, p house.Period) ([]core.Text, error) {
	type script struct {
		title    string
		from, to time.Time
	}
	from, to := p.Times(core.ProjectOf(ctx).Zone)
	rows, err := db.All(ctx, tx, func(s *script) []any { return []any{&s.title, &s.from, &s.to} },
		"select title, from_at, to_at from desk_script where project_id = $1 and from_at >= $2 and from_at < $3 and to_at is not null order by from_at, id limit 50", core.ProjectOf(ctx).ID, from, to)
	var out []core.Text
	for _, r := range rows {
		zone := core.ProjectOf(ctx).Zone
		out = append(out, core.T("%s 至 %s:%s", "%s to %s: %s", r.from.In(zone).Format("01-02 15:04"), r.to.In(zone).Format("01-02 15:04"), r.title))
	}
	return out, err
}

func environmentSection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, c := begin(ctx, tx, p, "environment", "环境卫生", "Cleanliness of the premises"), complaints()
	g.figures(c, g.count(c, "environment"), "environment")
	m := matters()
	g.figures(m, g.count(m, "suggestion", "praise"), "suggestion", "praise")
	g.table(c, " and c.category in ('clean', 'pest', 'noise')", "category", "", 0, "taken", "closed", "satisfied")
	return g.done()
}

func safetySection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, s, m := begin(ctx, tx, p, "safety", "安全管理", "Safety"), repairs(), matters()
	g.figures(m, g.count(m, "emergency"), "emergency")
	n := g.count(s, "urgent", "safety")
	g.named(s, n, "urgent")
	g.figures(s, n, "safety")
	g.table(s, " and c.trade in ('fire', 'lift', 'weak')", "trade", "", 0, "taken", "closed", "late")
	return g.done()
}

const industriesMost = 10

// demandSection is who asks, and for what (需求特点).
func demandSection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, m := begin(ctx, tx, p, "demand", "需求:谁要什么", "Demand: who asks for what"), matters()
	kinds := []string{"taken", "repair", "complaint", "enquiry", "suggestion", "praise"}
	g.figures(m, g.count(m, kinds...), kinds...)
	g.table(m, "", "class", "stacked", 0, kinds...)
	g.table(m, "", "industry", "bar", industriesMost, kinds...)
	g.table(m, "", "building", "bar", 0, kinds...)
	g.table(m, "", "channel", "pie", 0, "taken")
	g.table(repairs(), "", "trade", "bar", 0, "taken")
	g.table(complaints(), "", "category", "bar", 0, "taken")
	return g.done()
}

// whenSection is at what hour and on what day of the week they ask (行为).
func whenSection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g := begin(ctx, tx, p, "when", "行为:什么时候来", "Behaviour: when they ask")
	hours, days, err := matters().hours(ctx, tx, p)
	taken := []house.Column{{Name: core.T("受理", "Taken")}}
	byDay := house.Table{Key: "desk.weekday", Title: core.T("按星期", "By day of the week"), By: core.T("星期", "Day"), Columns: taken, Chart: "bar"}
	names := [7]core.Text{core.T("周一", "Monday"), core.T("周二", "Tuesday"), core.T("周三", "Wednesday"), core.T("周四", "Thursday"), core.T("周五", "Friday"), core.T("周六", "Saturday"), core.T("周日", "Sunday")}
	for i, n := range days {
		byDay.Lines = append(byDay.Lines, house.Line{Key: fmt.Sprint(i), Name: names[i], Values: []int64{n}})
	}
	byHour := house.Table{Key: "desk.hour", Title: core.T("按钟点", "By hour"), By: core.T("钟点", "Hour"), Columns: taken, Chart: "line"}
	for i, n := range hours {
		byHour.Lines = append(byHour.Lines, house.Line{Key: fmt.Sprint(i), Name: core.T("%02d 时", "%02d:00", i), Values: []int64{n}})
	}
	g.s.Tables, g.err = []house.Table{byDay, byHour}, err
	return g.done()
}

// satisfactionSection is how content they are: what they said of repairs, and whether complaints ended to their liking.
func satisfactionSection(ctx context.Context, tx db.Tx, p house.Period) (house.Section, error) {
	g, s, c := begin(ctx, tx, p, "satisfaction", "满意度", "Satisfaction"), repairs(), complaints()
	n := g.count(s, "rated", "content", "poor", "quality", "attitude", "attitudes", "speed", "speeds")
	g.named(s, n, "rated", "content", "poor")
	g.add(score("repair.attitude", core.T("维修态度(五星)", "Attitude, of five stars"), n["attitude"], n["attitudes"]))
	g.add(score("repair.speed", core.T("维修效率(五星)", "Speed, of five stars"), n["speed"], n["speeds"]))
	g.add(score("repair.quality", core.T("维修质量(五星)", "Quality, of five stars"), n["quality"], n["rated"]))
	m := g.count(c, "opinion", "satisfied", "dissatisfied")
	g.named(c, m, "satisfied", "dissatisfied")
	g.add(rate("complaint.satisfied-rate", core.T("投诉处理满意率", "Satisfied with the result of complaints"), m["satisfied"], m["opinion"]))
	for _, by := range []string{"class", "industry", "building"} {
		g.contentBy(by)
	}
	return g.done()
}

// contentBy is satisfaction by whose customer it is: stars of repairs and opinions on complaints side by side.
func (g *gather) contentBy(by string) {
	if g.err != nil {
		return
	}
	stars := g.cube(repairs(), " and c.quality > 0", []string{by}, "rated", "content", "quality")
	opinions := g.cube(complaints(), " and c.satisfied <> ''", []string{by}, "opinion", "satisfied")
	if g.err != nil {
		return
	}
	sp, _ := matters().split(by)
	t := house.Table{Key: "satisfaction." + by, Title: core.T("满意度:%s", "Satisfaction: %s", sp.name), By: sp.name, Columns: []house.Column{{Name: core.T("维修评价", "Ratings")}, {Name: core.T("质量(五星)", "Quality"), As: house.AsScore},
		{Name: core.T("四星以上", "Four stars or more"), As: house.AsRate}, {Name: core.T("投诉表态", "Opinions")}, {Name: core.T("满意率", "Satisfied"), As: house.AsRate}}}
	at := map[string]int{}
	line := func(key string) *house.Line {
		if i, ok := at[key]; ok {
			return &t.Lines[i]
		}
		at[key] = len(t.Lines)
		t.Lines = append(t.Lines, house.Line{Key: key, Name: sp.label(key), Values: []int64{0, house.NoValue, house.NoValue, 0, house.NoValue}, Path: repairs().path("rated", by, key)})
		return &t.Lines[len(t.Lines)-1]
	}
	for _, r := range stars.by(by, stars.keys...) {
		v := line(r.key).Values
		v[0], v[1], v[2] = r.n[0], score("", core.Text{}, r.n[2], r.n[0]).Value, rateOf(r.n[1], r.n[0])
	}
	for _, r := range opinions.by(by, opinions.keys...) {
		v := line(r.key).Values
		v[3], v[4] = r.n[0], rateOf(r.n[1], r.n[0])
	}
	g.put(t)
}

// sectionsOf composes the sections of a kind over a period, beside those of the period before.
func sectionsOf(ctx context.Context, tx db.Tx, kind string, p, earlier house.Period) ([]house.Section, error) {
	var out []house.Section
	for _, f := range factsOf(ctx, kind) {
		now, err := f.Of(ctx, tx, p)
		if err != nil {
			return nil, err
		}
		then, err := f.Of(ctx, tx, earlier)
		if err != nil {
			return nil, err
		}
		out = append(out, beside(now, then))
	}
	return out, nil
}

// beside fills in what each figure, and the first value of each line, was in the period before.
func beside(now, then house.Section) house.Section {
	was := map[string]*int64{}
	for _, f := range then.Figures {
		was[f.Key] = &f.Value
	}
	for _, t := range then.Tables {
		for _, l := range t.Lines {
			if len(l.Values) > 0 {
				was[t.Key+"\x00"+l.Key] = &l.Values[0]
			}
		}
	}
	for i := range now.Figures {
		now.Figures[i].Before = was[now.Figures[i].Key]
	}
	for i, t := range now.Tables {
		for j, l := range t.Lines {
			now.Tables[i].Lines[j].Before = was[t.Key+"\x00"+l.Key]
		}
	}
	return now
}
