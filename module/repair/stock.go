package repair

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/govalues/decimal"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/register"
)

// thousand is how many units of the stored quantity make one.
const thousand = 1000

// Price is one published price of the paid services (有偿服务标准, C17.2), in one edition; editions follow one another.
type Price struct {
	ID      core.ID
	Version int64
	Code    string
	Name    string
	Unit    string
	Price   core.Money
	Edition int64
	From    core.Date
	To      core.Date
}

func (p *Price) dest() []any {
	return []any{&p.ID, &p.Version, &p.Code, &p.Name, &p.Unit, &p.Price, &p.Edition, &p.From, &p.To}
}

const priceColumns = "id, version, code, name, unit, price, edition, from_day, to_day"

// Material is one thing of the store. Quantity is in thousandths of its unit, and never below zero.
type Material struct {
	ID       core.ID
	Version  int64
	Code     string
	Name     string
	Unit     string
	Price    core.Money
	Quantity int64
}

func (m *Material) dest() []any {
	return []any{&m.ID, &m.Version, &m.Code, &m.Name, &m.Unit, &m.Price, &m.Quantity}
}

const materialColumns = "id, version, code, name, unit, price, quantity"

// Left is the quantity as people write it.
func (m Material) Left() string { return milli(m.Quantity).String() }

func milli(n int64) core.Decimal { return decimal.MustNew(n, 3).Trim(0) }

// PriceKind is the register of published prices.
func PriceKind() register.Kind {
	return register.Kind{Name: "repair-price", Plural: "repair-prices", Label: core.T("有偿服务标准", "Service prices"), Table: "repair_price",
		Events: map[string]core.Text{"published": core.T("公布 {code} {price} 元", "published {code} at CNY {price}"), "ended": core.T("由新版代替", "replaced by a new edition")}}
}

// MaterialKind is the register of materials.
func MaterialKind() register.Kind {
	return register.Kind{Name: "material", Plural: "materials", Label: core.T("维修材料", "Materials"), Table: "repair_material",
		Events: map[string]core.Text{"created": core.T("建档", "entered"), "received": core.T("入库 {quantity}:{note}", "received {quantity}: {note}"),
			"taken": core.T("领用 {quantity}({number})", "used {quantity} ({number})"), "priced": core.T("单价改为 {price}", "price set to {price}")}}
}

// Publish puts a price into force today, as the code's next edition; the one before ends (C17.2).
func Publish(ctx context.Context, tx db.Tx, p Price) (core.ID, error) {
	project, now, by := core.ProjectOf(ctx).ID, core.Now(ctx), core.ActorOf(ctx).ID
	old, found, err := db.Maybe(ctx, tx, (*Price).dest, db.Locked(tx, "select "+priceColumns+" from repair_price where project_id = $1 and code = $2 and to_day is null"), project, p.Code)
	if err != nil {
		return 0, err
	}
	if p.From == "" {
		p.From = core.Today(ctx)
	}
	if found {
		if err := db.ExecOne(ctx, tx, `update repair_price set to_day = $1, version = version + 1, changed_at = $2, changed_by = $3 where project_id = $4 and id = $5 and version = $6`,
			p.From, now, by, project, old.ID, old.Version); err != nil {
			return 0, err
		}
		if err := journal.Add(ctx, tx, PriceKind().Ref(ctx, old.ID), "ended", nil); err != nil {
			return 0, err
		}
	}
	p.ID = tx.NewID()
	n, err := db.Exec(ctx, tx, `insert into repair_price (project_id, id, created_at, created_by, changed_at, changed_by, code, name, unit, price, edition, from_day)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10) on conflict (project_id, code, edition) do nothing`, project, p.ID, now, by, p.Code, p.Name, p.Unit, p.Price, old.Edition+1, p.From)
	if err == nil && n == 0 {
		err = core.Conflict("这项标准刚被别人改过", "Somebody published this price meanwhile")
	}
	if err != nil {
		return 0, err
	}
	return p.ID, journal.Add(ctx, tx, PriceKind().Ref(ctx, p.ID), "published", map[string]string{"code": p.Code, "price": p.Price.String()})
}

// Prices lists the prices in force.
func Prices(ctx context.Context, tx db.Tx) ([]Price, error) {
	return db.All(ctx, tx, (*Price).dest, "select "+priceColumns+" from repair_price where project_id = $1 and to_day is null and voided_at is null order by code", core.ProjectOf(ctx).ID)
}

// findPrices lists them by code, the newest edition of each first.
func findPrices(ctx context.Context, tx db.Tx, q register.Query) ([]Price, error) {
	w := stocked(ctx, q)
	if q.After != "" {
		edition, code, _ := strings.Cut(q.After, ".")
		n, err := strconv.ParseInt(edition, 10, 64)
		if err != nil {
			return nil, core.NotFound()
		}
		w.Add("(code > ? or (code = ? and edition < ?))", code, code, n)
	}
	return db.All(ctx, tx, (*Price).dest, "select "+priceColumns+" from repair_price where "+w.Then("code, edition desc", q.Limit), w.Args...)
}

func priceCursor(p *Price) string { return fmt.Sprintf("%d.%s", p.Edition, p.Code) }

// stocked are the conditions of the lists of prices and materials: what is searched for is a code or part of a name.
func stocked(ctx context.Context, q register.Query) db.Where {
	w := db.InProject(core.ProjectOf(ctx).ID)
	w.Add("voided_at is null")
	if q.Text != "" {
		w.Add("(code = ? or name like '%' || ? || '%')", q.Text, q.Text)
	}
	return w
}

func getPrice(ctx context.Context, tx db.Tx, id core.ID) (Price, error) {
	return db.One(ctx, tx, (*Price).dest, "select "+priceColumns+" from repair_price where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
}

// Stock enters a material with what is there now.
func Stock(ctx context.Context, tx db.Tx, m Material) (core.ID, error) {
	m.ID = tx.NewID()
	n, err := db.Exec(ctx, tx, `insert into repair_material (project_id, id, created_at, created_by, changed_at, changed_by, code, name, unit, price, quantity)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9) on conflict (project_id, code) do nothing`, core.ProjectOf(ctx).ID, m.ID, core.Now(ctx), core.ActorOf(ctx).ID, m.Code, m.Name, m.Unit, m.Price, m.Quantity)
	if err == nil && n == 0 {
		err = core.Invalid("code", "已有编号为 %s 的材料", "There is a material with code %s", m.Code)
	}
	if err != nil {
		return 0, err
	}
	return m.ID, journal.Add(ctx, tx, MaterialKind().Ref(ctx, m.ID), "created", map[string]string{"code": m.Code, "name": m.Name})
}

// Receipt is a delivery into the store; Price, if given, is the new unit price.
type Receipt struct {
	Quantity core.Decimal
	Price    core.Money
	Note     string
}

// Receive adds a delivery to the stock.
func Receive(ctx context.Context, tx db.Tx, id core.ID, r Receipt) error {
	n, err := thousandths(r.Quantity)
	if err != nil {
		return err
	}
	if err := move(ctx, tx, id, 0, n, r.Note); err != nil {
		return err
	}
	if r.Price > 0 {
		if err := db.ExecOne(ctx, tx, "update repair_material set price = $1 where project_id = $2 and id = $3", r.Price, core.ProjectOf(ctx).ID, id); err != nil {
			return err
		}
	}
	return journal.Add(ctx, tx, MaterialKind().Ref(ctx, id), "received", map[string]string{"quantity": r.Quantity.String(), "note": r.Note})
}

// move changes the stock; it may not go below zero.
func move(ctx context.Context, tx db.Tx, id, repair core.ID, change int64, note string) error {
	project, now, by := core.ProjectOf(ctx).ID, core.Now(ctx), core.ActorOf(ctx).ID
	n, err := db.Exec(ctx, tx, `update repair_material set quantity = quantity + $1, version = version + 1, changed_at = $2, changed_by = $3
		where project_id = $4 and id = $5 and voided_at is null and quantity + $1 >= 0`, change, now, by, project, id)
	if err != nil {
		return err
	}
	if n == 0 {
		m, err := getMaterial(ctx, tx, id)
		if err != nil {
			return err
		}
		return core.Invalid("lines", "%s只剩 %s %s", "Only %[2]s %[3]s of %[1]s is left", m.Name, m.Left(), m.Unit)
	}
	_, err = db.Exec(ctx, tx, `insert into repair_stock (project_id, id, material_id, repair_id, change, at, by_id, note) values ($1,$2,$3,$4,$5,$6,$7,$8)`,
		project, tx.NewID(), id, repair, change, now, by, note)
	return err
}

// Materials lists the store.
func Materials(ctx context.Context, tx db.Tx) ([]Material, error) {
	return db.All(ctx, tx, (*Material).dest, "select "+materialColumns+" from repair_material where project_id = $1 and voided_at is null order by code", core.ProjectOf(ctx).ID)
}

func findMaterials(ctx context.Context, tx db.Tx, q register.Query) ([]Material, error) {
	w := stocked(ctx, q)
	if q.After != "" {
		w.Add("code > ?", q.After)
	}
	return db.All(ctx, tx, (*Material).dest, "select "+materialColumns+" from repair_material where "+w.Then("code", q.Limit), w.Args...)
}

func getMaterial(ctx context.Context, tx db.Tx, id core.ID) (Material, error) {
	return db.One(ctx, tx, (*Material).dest, "select "+materialColumns+" from repair_material where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
}

// basisText says what a line's price rests on: "standard/3", "material/M1", "other".
func basisText(ctx context.Context, basis string) string {
	kind, which, _ := strings.Cut(basis, "/")
	switch kind {
	case "standard":
		return core.T("有偿服务标准 v%s", "published prices v%s", which).Say(ctx)
	case "material":
		return core.T("材料 %s", "material %s", which).Say(ctx)
	case "other":
		return core.T("另议", "by agreement").Say(ctx)
	}
	return basis
}

// thousandths reads a quantity; zero means one.
func thousandths(d core.Decimal) (int64, error) {
	if d.IsZero() {
		return thousand, nil
	}
	whole, frac, ok := d.Int64(3)
	if !ok || d.IsNeg() || whole > 1_000_000 {
		return 0, core.Invalid("quantity", "数量不正确", "The quantity is not right")
	}
	return whole*thousand + frac, nil
}

// lineOf prices one line by the published standard or the material's price; another price is told apart.
func lineOf(ctx context.Context, tx db.Tx, l Line, phase string) (v LineView, standard bool, err error) {
	kind, key, _ := strings.Cut(l.Item, "/")
	id, err := core.ParseID(key)
	if err != nil {
		return v, false, core.Invalid("lines", "请从标准或材料里选择", "Choose from the prices or materials")
	}
	if v.Quantity, err = thousandths(l.Quantity); err != nil {
		return v, false, err
	}
	v.Phase, v.Kind, v.Item = phase, kind, id
	switch kind {
	case "price":
		p, err := getPrice(ctx, tx, id)
		if err != nil {
			return v, false, err
		}
		if p.To != "" {
			return v, false, core.Invalid("lines", "%s 第 %d 版标准已失效", "Edition %[2]d of %[1]s is no longer in force", p.Name, p.Edition)
		}
		v.Name, v.Unit, v.Price, v.Basis = p.Name, p.Unit, p.Price, fmt.Sprintf("standard/%d", p.Edition)
	case "material":
		m, err := getMaterial(ctx, tx, id)
		if err != nil {
			return v, false, err
		}
		v.Name, v.Unit, v.Price, v.Basis = m.Name, m.Unit, m.Price, "material/"+m.Code
	default:
		return v, false, core.Invalid("lines", "请从标准或材料里选择", "Choose from the prices or materials")
	}
	standard = l.Price == 0 || l.Price == v.Price
	if !standard {
		v.Price, v.Basis = l.Price, "other"
	}
	v.Amount = core.Money((int64(v.Price)*v.Quantity + thousand/2) / thousand)
	return v, standard, nil
}
