package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/search"
)

// The large database is loaded by statements of many rows, in the order of business time, with the search rows that
// the verbs would have made. Its journal rows are there for their size, outside the chains.

const (
	perStatement = 150              // rows in one insert
	perWrite     = 10_000           // repairs in one transaction
	perFloor     = 25               // units on a floor
	openShare    = 500              // one repair in so many is still open
	complained   = 10               // one repair in so many comes with a complaint of its own
	years        = 6                // over which the repairs are spread
	benchLane    = 1_000_000        // of the journal rows, far from the real lanes
	dayOfYears   = years * 365 * 24 // hours
)

var (
	contents = []string{"卫生间龙头漏水,请尽快安排师傅上门", "办公区空调不制冷", "照明灯管不亮,需要更换", "门禁刷卡没有反应", "插座跳闸,请检查线路", "地砖开裂有绊倒危险",
		"下水管道堵塞", "玻璃门合页松动", "电梯厅显示屏不亮", "天花板有异响"}
	trades = []string{"water", "hvac", "electric", "weak", "electric", "masonry", "water", "carpentry", "lift", "other"}
)

// loader fills a site's project.
type loader struct {
	*site
	repairs   int
	customers int
	known     []known
}

// known is a customer with a unit and a contact.
type known struct {
	customer, unit, contact core.ID
	name, person, code      string
	phone                   core.Phone
}

func (l loader) at(k int) known { return l.known[k%len(l.known)] }

// table gathers rows for inserts of many.
type table struct {
	into    string // "desk_matter (project_id, id, …)"
	columns int
	args    []any
}

func into(name string, columns ...string) *table {
	return &table{into: name + " (" + strings.Join(columns, ", ") + ")", columns: len(columns)}
}

func (t *table) add(ctx context.Context, tx db.Tx, values ...any) error {
	if len(values) != t.columns {
		return fmt.Errorf("%s: %d values", t.into, len(values))
	}
	t.args = append(t.args, values...)
	if len(t.args) < perStatement*t.columns {
		return nil
	}
	return t.flush(ctx, tx)
}

func (t *table) flush(ctx context.Context, tx db.Tx) error {
	if len(t.args) == 0 {
		return nil
	}
	var text strings.Builder
	text.WriteString("insert into " + t.into + " values ")
	for i := range t.args {
		switch {
		case i == 0:
			text.WriteString("(")
		case i%t.columns == 0:
			text.WriteString("),(")
		default:
			text.WriteString(",")
		}
		text.WriteString("$" + strconv.Itoa(i+1))
	}
	_, err := db.Exec(ctx, tx, text.String()+")", t.args...)
	t.args = t.args[:0]
	return err
}

func flushAll(ctx context.Context, tx db.Tx, tables ...*table) error {
	for _, t := range tables {
		if err := t.flush(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// ready prepares the index for many rows: SQLite's gathers them in larger steps, PostgreSQL's is made afterwards.
func (s *site) ready() error {
	if s.app.DB.Engine() == db.SQLite {
		return s.exec(fmt.Sprintf("insert into search_fts (search_fts, rank) values ('hashsize', %d)", 64<<20))
	}
	return s.exec("drop index search_words")
}

// settle does what ready put off, and what time does for a database in use: PostgreSQL's statistics. On SQLite db gives
// the planner its own.
func (s *site) settle() error {
	if s.app.DB.Engine() == db.SQLite {
		return s.exec("insert into search_fts (search_fts, rank) values ('hashsize', 1048576)")
	}
	return s.exec("set local maintenance_work_mem = '512MB'",
		"create index search_words on search_doc using gin (words) with (fastupdate = on, gin_pending_list_limit = 512) -- of every project_id", "analyze")
}

func (s *site) exec(statements ...string) error {
	return s.app.DB.Write(s.ctx, func(ctx context.Context, tx db.Tx) error {
		for _, q := range statements {
			if _, err := db.Exec(ctx, tx, q); err != nil {
				return err
			}
		}
		return nil
	})
}

// people makes buildings, units and customers.
func (l *loader) people() error {
	l.known = make([]known, 0, l.customers)
	var buildings []core.ID
	err := l.app.DB.Write(l.ctx, func(ctx context.Context, tx db.Tx) error {
		t := into("estate_building", "project_id", "id", "created_at", "changed_at", "name")
		for n := range 40 {
			id := tx.NewID()
			buildings = append(buildings, id)
			if err := t.add(ctx, tx, l.project.ID, id, time.Now(), time.Now(), fmt.Sprintf("%c%d座", 'A'+n%26, n/26)); err != nil {
				return err
			}
		}
		return t.flush(ctx, tx)
	})
	for from := 0; err == nil && from < l.customers; from += perWrite {
		err = l.app.DB.Write(l.ctx, func(ctx context.Context, tx db.Tx) error {
			return l.somePeople(ctx, tx, from, min(from+perWrite, l.customers), buildings)
		})
	}
	return err
}

func (l *loader) somePeople(ctx context.Context, tx db.Tx, from, to int, buildings []core.ID) error {
	p := l.project.ID
	units := into("estate_unit", "project_id", "id", "created_at", "changed_at", "code", "code_key", "building_id", "floor_no", "state")
	files := into("customer_customer", "project_id", "id", "created_at", "changed_at", "kind", "form", "name", "name_key", "category", "state", "filed_at", "verify_by", "origin")
	people := into("customer_contact", "project_id", "id", "customer_id", "name", "role")
	phones := into("customer_phone", "project_id", "id", "customer_id", "contact_id", "phone")
	stays := into("customer_unit", "project_id", "id", "customer_id", "unit_id", "part", "from_on")
	entries := journalTable()
	for i := from; i < to; i++ {
		k := l.know(tx, i)
		at := moment(i, l.customers)
		day := core.DateOf(at, l.project.Zone)
		b := i % len(buildings)
		for _, add := range []error{
			units.add(ctx, tx, p, k.unit, at, at, k.code, k.code, buildings[b], i/len(buildings)/perFloor+1, "let"),
			files.add(ctx, tx, p, k.customer, at, at, "tenant", "org", k.name, k.name, []string{"ordinary", "key", "target", "potential"}[i%4], "active", at, "2099-01-01", "import"),
			people.add(ctx, tx, p, k.contact, k.customer, k.person, "contact"),
			phones.add(ctx, tx, p, tx.NewID(), k.customer, k.contact, string(k.phone)),
			stays.add(ctx, tx, p, tx.NewID(), k.customer, k.unit, "tenant", string(day)),
			entries.add(ctx, tx, benchLane, int64(k.customer), p, "customer", k.customer, "imported", "系统", at, "{}", "-"),
			search.Put(ctx, tx, search.Doc{Ref: core.Ref{Project: p, Kind: "customer", ID: k.customer}, Perm: "customer.view", Title: k.name, Sub: k.code,
				URL: "/p/bench/customer/" + k.customer.String(), Names: []string{k.name, k.person}, Phones: []core.Phone{k.phone}, Codes: []string{k.code}, At: at}),
		} {
			if add != nil {
				return add
			}
		}
	}
	return flushAll(ctx, tx, units, files, people, phones, stays, entries)
}

func journalTable() *table {
	return into("journal_entry", "lane", "seq", "project_id", "kind", "record_id", "verb", "actor", "at", "payload", "hash")
}

// moment is the business time of number i of n: evenly over the years until an hour ago.
func moment(i, n int) time.Time {
	return time.Now().Add(-time.Hour - time.Duration(float64(dayOfYears)*float64(n-i)/float64(n)*float64(time.Hour))).Truncate(time.Microsecond)
}

// know makes customer number i: a firm with a person, a telephone number and a unit.
func (l *loader) know(tx db.Tx, i int) known {
	pick := func(s string, n int) string { r := []rune(s); return string(r[n%len(r)]) }
	const family, given, trade = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰", "华达科创新宏远天信盛海通和润金恒泰安东南中"
	r := rand.New(rand.NewPCG(7, uint64(i)))
	b := i % 40
	k := known{customer: tx.NewID(), unit: tx.NewID(), contact: tx.NewID(),
		name:   "深圳市" + pick(trade, r.Int()) + pick(trade, r.Int()) + pick(trade, r.Int()) + []string{"科技", "贸易", "咨询", "设计"}[r.IntN(4)] + "有限公司",
		person: pick(family, r.Int()) + pick(given, r.Int()) + pick(given, r.Int()),
		code:   fmt.Sprintf("%c%d-%d%02d", 'A'+b%26, b/26, i/40/perFloor+1, i/40%perFloor+1), phone: core.Phone(fmt.Sprintf("13%09d", r.IntN(1e9)))}
	l.known = append(l.known, k)
	return k
}

// work makes matters, repairs, duties, journal and search rows.
func (l *loader) work(told func(done int)) error {
	for from := 0; from < l.repairs; from += perWrite {
		to := min(from+perWrite, l.repairs)
		if err := l.app.DB.Write(l.ctx, func(ctx context.Context, tx db.Tx) error { return l.someWork(ctx, tx, from, to) }); err != nil {
			return err
		}
		told(to)
	}
	return nil
}

func (l *loader) someWork(ctx context.Context, tx db.Tx, from, to int) error {
	w := work{loader: l,
		matters: into("desk_matter", "project_id", "id", "created_at", "changed_at", "origin", "number", "channel", "kind", "customer_id", "customer_name", "unit_id", "unit_code", "contact",
			"phone", "content", "urgent", "state", "open", "rank", "at", "day", "month", "due_at", "closed_at", "carried_id"),
		orders: into("repair_order", "project_id", "id", "created_at", "changed_at", "origin", "number", "matter_id", "customer_id", "customer_name", "unit_id", "unit_code", "building", "scope",
			"trade", "level", "level_by", "paid", "contact", "phone", "content", "channel", "state", "open", "rank", "at", "day", "month", "due_at", "finished_at", "signed_at"),
		duties: into("duty_duty", "project_id", "id", "created_at", "changed_at", "clause", "number", "kind", "record_id", "round", "title", "title_en", "url", "role", "state", "opened_at",
			"due_at", "due_day", "due_month", "done_at"),
		cases: into("complaint_case", "project_id", "id", "created_at", "changed_at", "number", "customer_id", "customer_name", "unit_id", "unit_code", "anonymous", "written", "content", "category", "company_level", "level", "state",
			"open", "rank", "at", "day", "month", "department", "validity", "ruling", "satisfied", "compensation", "loss", "round"),
		entries: journalTable()}
	for i := from; i < to; i++ {
		if err := w.one(ctx, tx, i); err != nil {
			return err
		}
		if i%complained == 0 {
			if err := w.complaint(ctx, tx, i); err != nil {
				return err
			}
		}
	}
	return flushAll(ctx, tx, w.matters, w.orders, w.cases, w.duties, w.entries)
}

type work struct {
	*loader
	matters, orders, cases, duties, entries *table
}

// one makes repair number i. The newest ones and a few stragglers are open.
func (w work) one(ctx context.Context, tx db.Tx, i int) error {
	p, k, at := w.project.ID, w.known[rand.IntN(len(w.known))], moment(i, w.repairs)
	day := core.DateOf(at, w.project.Zone)
	month, due, done := day.Month(), at.Add(30*time.Minute), any(at.Add(3*time.Hour))
	matterState, state, dutyState, open := "closed", "closed", "done", i%openShare == 0
	if open {
		matterState, state, dutyState, done = "carried", "new", "open", nil
	}
	matter, order, c := tx.NewID(), tx.NewID(), rand.IntN(len(contents))
	number := fmt.Sprintf("WX-%s-%07d", strings.ReplaceAll(string(month), "-", ""), i)
	content := contents[c]
	for _, err := range []error{
		w.matters.add(ctx, tx, p, matter, at, at, "desk", "SQ"+number[2:], "phone", "repair", k.customer, k.name, k.unit, k.code, k.person, string(k.phone), content, false, matterState, open,
			1, at, day, month, due, done, order),
		w.orders.add(ctx, tx, p, order, at, at, "desk", number, matter, k.customer, k.name, k.unit, k.code, k.code[:1], "indoor", trades[c], "normal", "rule", false, k.person,
			string(k.phone), content, "phone", state, open, 2, at, day, month, due, done, done),
		w.duties.add(ctx, tx, p, tx.NewID(), at, at, "B4.3", "term", "desk", matter, 1, "联系客户确认", "Contact the customer", "/p/bench/desk/"+matter.String(), "desk", dutyState, at,
			due, day, month, done),
		w.entries.add(ctx, tx, benchLane, int64(order), p, "repair", order, "taken", "系统", at, `{"content":"`+content+`","level":"normal"}`, "-"),
		search.Put(ctx, tx, search.Doc{Ref: core.Ref{Project: p, Kind: "repair", ID: order}, Perm: "repair.view", Title: number + " " + content, Sub: k.code + " " + k.name,
			URL: "/p/bench/repair/" + order.String(), Words: []string{content}, Names: []string{k.name, k.person}, Phones: []core.Phone{k.phone}, Codes: []string{number, k.code}, At: at}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// complaint makes a complaint with its term, for the reports; like the repairs, few are open and some were late.
func (w work) complaint(ctx context.Context, tx db.Tx, i int) error {
	p, k, at, id := w.project.ID, w.known[rand.IntN(len(w.known))], moment(i, w.repairs), tx.NewID()
	day := core.DateOf(at, w.project.Zone)
	state, dutyState, done, open := "closed", "done", any(at.Add(48*time.Hour)), i%openShare == 0
	if open {
		state, dutyState, done = "accepted", "open", nil
	}
	pick := func(words ...string) string { return words[rand.IntN(len(words))] }
	if err := w.cases.add(ctx, tx, p, id, at, at, fmt.Sprintf("TS-%07d", i), k.customer, k.name, k.unit, k.code, false, false, "上班时间装修电钻噪音大", pick("noise", "facility", "indoor", "mail", "clean", "pest", "service"), false,
		pick("normal", "normal", "normal", "major"), state, open, 1, at, day, day.Month(), pick("", "工程部", "客服部", "安保部"), pick("founded", "founded", "unfounded"), "accept", pick("", "yes", "yes", "no"), 0, 0, 1); err != nil {
		return err
	}
	return w.duties.add(ctx, tx, p, tx.NewID(), at, at, "C1.5", "term", "complaint", id, 1, "投诉处理", "Settle the complaint", "/p/bench/complaint/"+id.String(), "supervisor", dutyState, at, at.Add(7*24*time.Hour), day.Add(7), day.Add(7).Month(), done)
}
