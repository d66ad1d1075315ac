// Package seed fills an empty database with a demo building: two towers, the people who work there, their owners and
// tenants as they move in, and a year of repairs, questions, monthly chores, refusals and approvals, each made by the
// modules' own verbs at the time it is said to have happened. It is a building that is run well: a few things are late.
//
// The same seed gives the same building: nothing here asks for chance from outside.
package seed

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/govalues/decimal"

	"huiyin/app"
	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/module/project"
	"huiyin/module/repair"
	"huiyin/module/user"
	"huiyin/module/visit"
	"huiyin/notify"
)

// Login is one sign-in of the demo, printed at every start.
type Login struct {
	Login    string
	Password string
	Role     core.Role
}

// Password is every demo user's.
const Password = "huiyin-demo-2026"

// Logins are the demo's sign-ins.
func Logins() []Login {
	roles := []core.Role{core.Desk, core.Supervisor, core.Technician, core.Guard, core.Cashier, core.Leasing, core.Quality, core.Archivist, core.Manager, core.GM, core.Admin}
	out := make([]Login, len(roles))
	for i, r := range roles {
		out[i] = Login{string(r), Password, r}
	}
	return out
}

// history is how far back the demo's repairs go.
const history = 365

// Demo fills the database, or finds that it did before. It refuses a database that holds anything else.
func Demo(ctx context.Context, a *app.App) ([]Login, error) {
	var filled bool
	err := a.DB.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		firm, err := project.TheFirm(ctx, tx)
		if err != nil {
			return err
		}
		any, err := user.Any(ctx, tx)
		if any && !firm.Demo {
			err = core.Conflict("数据库里已有正式数据,不能填入演示数据", "The database holds real data; no demo is put into it")
		}
		filled = any
		return err
	})
	if err != nil || filled {
		return Logins(), err
	}
	return Logins(), Fill(ctx, a, history)
}

// town is what the demo is made of while it is being made.
type town struct {
	app     *app.App
	place   duty.Place
	rand    *rand.Rand
	staff   map[core.Role][]core.Actor
	units   []unit
	prices  []repair.Price
	stock   []repair.Material
	sign    string
	records int

	tenancies []tenancy
	filed     map[core.ID]int // customers by the day on which they were put on file
	now       time.Time
	days      int
	today     int
	list      core.ID               // the telephone list that security has not signed for
	did       map[string]core.Month // the month for which a chore was done last
	hand      core.Actor            // the technician of the repair that was stopped
	polls     []*poll               // the surveys so far
	forms     map[string]core.ID    // the last questionnaire of each kind
	said      *rand.Rand            // what customers answer

	cases    map[int]core.ID    // the disputes, by their number in quarrels
	sight    core.ID            // what proved harmless
	warned   visit.Visit        // what a warning led to
	keys     []unit             // of the customers who have a card
	feasts   []*feast           // the festivals so far
	known    map[core.Date]bool // their first days
	leaver   core.Actor         // who leaves in the last weeks
	measures map[string]core.ID // the corrective measures that are at work
	lastCase core.ID            // the complaint that was closed last
}

type unit struct {
	id       core.ID
	code     string
	customer core.ID
	name     string
	contact  string
	phone    core.Phone
}

// Fill makes the building and so many days of repairs up to today.
func Fill(ctx context.Context, a *app.App, days int) error {
	t := &town{app: a, rand: rand.New(rand.NewPCG(2026, 11)), staff: map[core.Role][]core.Actor{}, sign: signature(), filed: map[core.ID]int{}, did: map[string]core.Month{}, forms: map[string]core.ID{}, cases: map[int]core.ID{}, known: map[core.Date]bool{}, measures: map[string]core.ID{}, said: rand.New(rand.NewPCG(2026, 12)), now: core.Now(ctx), days: days}
	start := core.Now(ctx).AddDate(0, 0, -days)
	ctx = at(ctx, start)
	if err := a.DB.Write(ctx, t.firm); err != nil {
		return fmt.Errorf("the firm: %w", err)
	}
	ctx = core.WithProject(ctx, t.place.Project)
	for _, step := range []func(context.Context, db.Tx) error{t.people, t.building, t.store} {
		if err := a.DB.Write(ctx, step); err != nil {
			return err
		}
	}
	t.spread()
	for d := range days + 1 { // today too, as far as it has come
		t.today = d
		if d == days-1 { // what came before has long been read
			if err := a.DB.Write(at(ctx, start.AddDate(0, 0, d)), t.readAll); err != nil {
				return err
			}
		}
		if err := t.day(ctx, start.AddDate(0, 0, d), d >= days-1); err != nil {
			return fmt.Errorf("day %d: %w", d, err)
		}
	}
	return a.DB.Write(at(ctx, t.now), t.pending)
}

// readAll lets everybody read what they were told.
func (t *town) readAll(ctx context.Context, tx db.Tx) error {
	for role, staff := range t.staff {
		for _, one := range staff {
			if err := notify.MarkRead(ctx, tx, t.place.ID, one.ID, []core.Role{role}); err != nil {
				return err
			}
		}
	}
	return nil
}

// at puts the clock: everything below happens at t.
func at(ctx context.Context, t time.Time) context.Context {
	return core.WithClock(ctx, func() time.Time { return t })
}

func (t *town) firm(ctx context.Context, tx db.Tx) error {
	if err := project.SetUp(ctx, tx, "名门商业管理有限公司", true); err != nil {
		return err
	}
	p, err := project.Create(ctx, tx, project.In{Name: "名门联合广场", Code: "lhgc"})
	t.place = duty.Place{Project: p, Since: core.Now(ctx)}
	return err
}

type person struct {
	role   core.Role
	login  string
	name   string
	skills []string
}

func people() []person {
	return []person{
		{core.Desk, "desk", "林敏", nil}, {core.Desk, "desk2", "陈晨", nil}, {core.Supervisor, "supervisor", "周慧", nil},
		{core.Technician, "technician", "李工", []string{"plumbing"}}, {core.Technician, "technician2", "张工", []string{"hvac"}},
		{core.Technician, "technician3", "王工", []string{"civil", "general"}}, {core.Technician, "technician4", "赵工", []string{"lowvoltage", "fire", "lift"}},
		{core.Technician, "technician5", "孙工", []string{"plumbing", "general"}}, {core.Guard, "guard", "吴强", nil}, {core.Cashier, "cashier", "钱芳", nil},
		{core.Leasing, "leasing", "罗刚", nil}, {core.Quality, "quality", "郑静", nil}, {core.Archivist, "archivist", "冯洁", nil},
		{core.Manager, "manager", "何海", nil}, {core.GM, "gm", "孙立", nil}, {core.Admin, "admin", "系统管理员", nil},
	}
}

func departments() map[core.Role]string {
	return map[core.Role]string{core.Desk: "客服部", core.Supervisor: "客服部", core.Technician: "工程部", core.Guard: "安保部", core.Cashier: "财务部", core.Leasing: "招商部",
		core.Quality: "品质部", core.Archivist: "行政部", core.Manager: "管理处", core.GM: "总经理室", core.Admin: "行政部"}
}

func (t *town) people(ctx context.Context, tx db.Tx) error {
	for _, p := range people() {
		in := user.In{Name: p.name, Login: p.login, Password: Password, Skills: p.skills, Roles: map[core.ID][]core.Role{t.place.ID: {p.role}}, Department: departments()[p.role]}
		id, err := user.Add(ctx, tx, in)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		actor, err := user.Actor(ctx, tx, id)
		if err != nil {
			return err
		}
		t.staff[p.role] = append(t.staff[p.role], actor)
	}
	return t.hireLeaver(ctx, tx)
}

// left counts the days up to the demo's last.
func (t *town) left() int { return t.days - t.today }

// The tower: floors × units, shops below the fourth floor.
const (
	floors      = 14
	unitsAFloor = 8
	shopsUpTo   = 3
)

func (t *town) building(ctx context.Context, tx db.Tx) error {
	for _, tower := range []string{"A", "B"} {
		for floor := 1; floor <= floors; floor++ {
			for n := 1; n <= unitsAFloor; n++ {
				if err := t.unit(ctx, tx, tower, floor, n); err != nil {
					return fmt.Errorf("%s%02d%02d: %w", tower, floor, n, err)
				}
			}
		}
	}
	return nil
}

func (t *town) unit(ctx context.Context, tx db.Tx, tower string, floor, n int) error {
	u := unit{code: fmt.Sprintf("%s%02d%02d", tower, floor, n)}
	in := estate.In{Code: u.code, Building: tower + "座", Floor: fmt.Sprint(floor), Use: "写字楼", State: estate.Let, UnitPrice: decimal.MustParse("18.5"),
		Area: decimal.MustNew(int64(6000+t.rand.IntN(38000)), 2)}
	if floor <= shopsUpTo {
		in.Use, in.UnitPrice = "商铺", decimal.MustParse("28")
	}
	switch k := t.rand.IntN(20); {
	case k < 2:
		in.State = estate.Free
	case k < 3:
		in.State = estate.Fitout
	case k < 6:
		in.State = estate.Own
	}
	var err error
	if u.id, err = estate.CreateUnit(ctx, tx, in); err != nil || in.State == estate.Free {
		return err
	}
	t.tenancies = append(t.tenancies, tenancy{unit: u, owner: in.State == estate.Own})
	return nil
}

// occupant moves somebody in, through the customer's own verbs: filed with consent, to be confirmed by the supervisor.
func (t *town) occupant(ctx context.Context, tx db.Tx, u unit, owner bool) (core.ID, error) {
	u.name, u.contact, u.phone = t.company(), t.name(), t.phone()
	in := customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(u.name), Category: []string{customer.Ordinary, customer.Ordinary, customer.Target, customer.Key}[t.rand.IntN(4)],
		Grade: t.pick("gold", "silver", "bronze"), Needs: t.pick("双休日送水", "下班后代收快递", "访客提前登记", "每周一次地毯清洁"), Industry: t.pick("信息技术", "律师事务所", "咨询", "餐饮管理", "进出口", "会计师事务所", "文化传播", "物流"), Unit: u.id, Part: customer.AsTenant, Consent: "written", ConsentBy: core.Personal(u.contact),
		Contacts: []customer.Entry{{Name: core.Personal(u.contact), Role: customer.RoleContact, Phone: u.phone}, {Name: core.Personal(t.name()), Role: customer.RoleHead, Phone: t.phone()},
			{Name: core.Personal(t.name()), Role: customer.RoleInside, Phone: t.phone()}, {Name: core.Personal(t.name()), Role: customer.RoleInside, Phone: t.phone()},
			{Name: core.Personal(t.name()), Role: customer.RoleOutside, Phone: t.phone()}, {Name: core.Personal(t.name()), Role: customer.RoleOutside, Phone: t.phone()}}}
	t.particulars(ctx, &in)
	if owner {
		in.Kind, in.Part = customer.KindOwner, customer.AsOwner
	}
	if len(t.units)%18 == 7 && t.left() > leaves { // never one of the first class
		in.Keeper = t.leaver.ID
	}
	if n := len(t.units); n%6 != 0 { // as many of the first class as can be visited every month
		in.Category = strings.Replace(in.Category, customer.Key, customer.Ordinary, 1)
		in.Grade = strings.Replace(in.Grade, "gold", "silver", 1)
	}
	id, err := customer.Create(t.as(ctx, core.Desk), tx, in)
	if err != nil {
		return 0, err
	}
	if err := t.papers(ctx, tx, id, in); err != nil {
		return 0, err
	}
	u.customer = id
	t.units = append(t.units, u)
	return id, t.card(ctx, tx, u, in)
}

// as is a context in which somebody of the role acts.
func (t *town) as(ctx context.Context, r core.Role) context.Context {
	return core.WithActor(ctx, t.staff[r][t.rand.IntN(len(t.staff[r]))])
}

func (t *town) pick(words ...string) string { return words[t.rand.IntN(len(words))] }

func (t *town) name() string {
	return t.pick("陈", "李", "张", "黄", "王", "刘", "林", "周", "吴", "郑", "梁", "何", "邓", "单", "曾") + t.pick("静", "伟", "敏", "强", "丽", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "霞") + t.pick("", "", "华", "欣", "平", "宇")
}

func (t *town) phone() core.Phone {
	return core.Phone(fmt.Sprintf("1%s%08d", t.pick("38", "39", "50", "51", "52", "58", "86", "88"), t.rand.IntN(100_000_000)))
}

func (t *town) company() string {
	t.records++
	return t.pick("深圳市", "广州", "上海", "广东") + t.pick("华", "信", "恒", "天", "盛", "嘉", "金", "博", "睿", "联") + t.pick("达", "源", "通", "晟", "诺", "拓", "创", "安", "景", "泰") +
		t.pick("科技", "信息技术", "律师事务所", "咨询", "餐饮管理", "进出口", "文化传播", "物流") + t.pick("有限公司", "有限公司", "股份有限公司")
}

func (t *town) store(ctx context.Context, tx db.Tx) error {
	ctx = t.as(ctx, core.Manager)
	for i, p := range []struct {
		name, unit string
		fen        core.Money
	}{{"人工(半小时)", "次", 3000}, {"疏通下水道", "次", 8000}, {"更换水龙头(不含材料)", "个", 4000}, {"空调清洗", "台", 6000}, {"更换门锁(不含材料)", "把", 5000}} {
		if _, err := repair.Publish(ctx, tx, repair.Price{Code: fmt.Sprintf("F%02d", i+1), Name: p.name, Unit: p.unit, Price: p.fen, From: core.Today(ctx)}); err != nil {
			return err
		}
	}
	for i, m := range []struct {
		name, unit string
		fen        core.Money
	}{{"DN20 截止阀", "个", 4600}, {"LED 灯管 T8", "支", 2800}, {"五孔插座", "个", 1800}, {"感应水龙头", "个", 16800}, {"门禁读卡器", "个", 22000}} {
		if _, err := repair.Stock(ctx, tx, repair.Material{Code: fmt.Sprintf("M%02d", i+1), Name: m.name, Unit: m.unit, Price: m.fen, Quantity: 500_000}); err != nil {
			return err
		}
	}
	var err error
	if t.prices, err = repair.Prices(ctx, tx); err == nil {
		t.stock, err = repair.Materials(ctx, tx)
	}
	return err
}

// signature is a hand's scribble as a pad sends it.
func signature() string {
	img := image.NewRGBA(image.Rect(0, 0, 300, 110))
	for x := range 280 {
		y := 55 + int(30*float64((x*7)%23-11)/11)
		for d := range 3 {
			img.Set(x+10, y+d, color.Black)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // memory
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}
