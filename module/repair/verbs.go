package repair

import (
	"context"
	"fmt"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/register"
)

// The roles of the verbs.
func office() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Manager}
}
func heads() []core.Role { return []core.Role{core.Supervisor, core.Manager} }
func field() []core.Role {
	return []core.Role{core.Technician, core.Supervisor, core.Manager}
}
func anybody() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Technician, core.Manager}
}

// checked turns an order's check into a verb's. Of what has its turn later or is over only the next step has a button,
// with what it waits for.
func checked(verb string, check func(context.Context, db.Tx, Order) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		o, err := db.Bag(tx, shown{id}, func() (Order, error) { return Get(ctx, tx, id) })
		if err == nil {
			err = check(ctx, tx, o)
		}
		if !tx.Writing() && register.IsLater(err) && next(o) != verb {
			return core.Forbidden("repair." + verb)
		}
		return err
	}
}

// shown keeps the order of a request for the checks of all its buttons.
type shown struct{ id core.ID }

// nothing is the input of a verb that asks for nothing.
type nothing struct{}

func plainly(do func(context.Context, db.Tx, core.ID) error) func(context.Context, db.Tx, core.ID, nothing) (core.ID, error) {
	return func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
		return id, do(ctx, tx, id)
	}
}

func reasonField() []core.Field[Why] {
	return []core.Field[Why]{{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(w *Why) any { return &w.Reason }, Kind: core.KindLines, Required: true, Min: 2, Max: 500}}
}

func quoteFields() []core.Field[Quote] {
	return []core.Field[Quote]{
		{Name: "lines", Label: core.T("项目", "Items"), Rows: core.Rows(func(q *Quote) *[]Line { return &q.Lines }, lineFields()), Required: true, Min: 1, Ptr: func(q *Quote) any { return &q.Lines }, Kind: core.KindRows},
		{Name: "note", Label: core.T("说明", "Note"), Ptr: func(q *Quote) any { return &q.Note }, Max: 500},
	}
}

func lineFields() []core.Field[Line] {
	return []core.Field[Line]{
		{Name: "item", Label: core.T("标准或材料", "Price or material"), Ptr: func(l *Line) any { return &l.Item }, Required: true},
		{Name: "quantity", Label: core.T("数量", "Quantity"), Ptr: func(l *Line) any { return &l.Quantity }},
		{Name: "price", Label: core.T("另议单价", "Other price"), Hint: core.T("不填按公布的标准", "Empty: the published price"), Ptr: func(l *Line) any { return &l.Price }},
	}
}

// itemChoices are the prices in force and the store, for the columns of a line.
func itemChoices(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	prices, err := Prices(ctx, tx)
	if err != nil {
		return nil, err
	}
	materials, err := Materials(ctx, tx)
	if err != nil {
		return nil, err
	}
	var out []core.Choice
	for _, p := range prices {
		out = append(out, core.Choice{Value: "price/" + p.ID.String(), Label: core.T("%s %s元/%s(标准 v%d)", "%s CNY %s per %s (published, v%d)", p.Name, p.Price, p.Unit, p.Edition)})
	}
	for _, m := range materials {
		out = append(out, core.Choice{Value: "material/" + m.ID.String(), Label: core.T("%s %s元/%s(剩 %s)", "%s CNY %s per %s (%s left)", m.Name, m.Price, m.Unit, m.Left())})
	}
	return map[string][]core.Choice{"lines.item": out}, nil
}

func technicianChoices(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
	o, err := Get(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	ws, err := Workers(ctx, tx, o)
	out := make([]core.Choice, len(ws))
	for i, w := range ws {
		out[i] = core.Choice{Value: w.ID.String(), Label: w.label(o)}
	}
	return map[string][]core.Choice{"technician": out}, err
}

// label says why a worker stands where he stands in the list (C17.5).
func (w Worker) label(o Order) core.Text {
	skill := core.T("没有此专长", "lacks the skill")
	if w.Has(o.Trade) {
		skill = core.T("有此专长", "has the skill")
	}
	near := core.Text{}
	if w.Here > 0 {
		near = core.T(",就在 %s 座", ", in building %s already", o.Building)
	}
	if !w.OnDuty {
		near = core.T(",不当班", ", off duty")
	}
	return core.T("%s(%s,手上 %d 单%s)", "%s (%s, %d in hand%s)", w.Name, skill, w.Open, near)
}

// verbs are everything that can be done to an order, in the order in which it usually is.
func verbs() []register.Verber {
	return append(officeVerbs(), append(siteVerbs(), endVerbs()...)...)
}

func officeVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[Contact]{Name: "confirm", Label: core.T("核对联系人", "Confirm the contact"), Roles: office(), Clause: "C3.7", Can: checked("confirm", canConfirm), Do: register.Doing(ConfirmContact),
			Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *Contact) error {
				o, err := Get(ctx, tx, id)
				in.Name, in.Phone = o.Contact, o.Phone
				return err
			},
			Fields: []core.Field[Contact]{{Name: "name", Label: core.T("本次联系人", "Contact for this repair"), Ptr: func(c *Contact) any { return &c.Name }, Required: true},
				{Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(c *Contact) any { return &c.Phone }, Required: true}, {Name: "note", Label: core.T("约定", "Arranged"), Ptr: func(c *Contact) any { return &c.Note }}}},
		register.Verb[Grade]{Name: "grade", Label: core.T("确认级别", "Confirm the level"), Roles: office(), Clause: "D4.2", Can: checked("grade", canGrade), Do: register.Doing(SetLevel),
			Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *Grade) error {
				o, err := Get(ctx, tx, id)
				*in = Grade{o.Level, o.Trade, o.Scope, o.Paid}
				return err
			},
			Fields: []core.Field[Grade]{{Name: "level", Label: core.T("级别", "Level"), Ptr: func(g *Grade) any { return &g.Level }, Kind: core.KindRadio, Choices: Levels(), Required: true},
				{Name: "trade", Label: core.T("性质", "Nature"), Ptr: func(g *Grade) any { return &g.Trade }, Choices: Trades(), Required: true},
				{Name: "scope", Label: core.T("户内/公共", "Inside or common"), Ptr: func(g *Grade) any { return &g.Scope }, Kind: core.KindRadio, Choices: Scopes(), Required: true},
				{Name: "paid", Label: core.T("有偿", "Chargeable"), Ptr: func(g *Grade) any { return &g.Paid }}}},
		register.Verb[Dispatch]{Name: "dispatch", Label: core.T("派工 / 改派", "Dispatch"), Roles: office(), Primary: true, Clause: "C17.5", Why: core.T("按专长与距离", "By skill and distance"), Said: core.T("已派工", "Dispatched"),
			Can: checked("dispatch", canDispatch), Do: register.Doing(Send), Choices: technicianChoices, Fields: []core.Field[Dispatch]{
				{Name: "technician", Label: core.T("维修人员", "Technician"), Ptr: func(d *Dispatch) any { return &d.Technician }, Required: true},
				{Name: "appoint", Label: core.T("与客户约定的上门时间", "Appointment with the customer"), Ptr: func(d *Dispatch) any { return &d.Appoint }},
				{Name: "reason", Label: core.T("理由(没有此专长或改派时必填)", "Reason (needed without the skill, or to send another)"), Ptr: func(d *Dispatch) any { return &d.Reason }, Max: 500}}},
		register.Verb[Appointment]{Name: "appoint", Label: core.T("改约", "Move the appointment"), Roles: anybody(), Clause: "C17.1", Can: checked("appoint", canAppoint), Do: register.Doing(Appoint), Fields: []core.Field[Appointment]{
			{Name: "at", Label: core.T("新的上门时间", "New time"), Ptr: func(a *Appointment) any { return &a.At }, Required: true},
			{Name: "told", Label: core.T("怎样告知客户", "How the customer was told"), Ptr: func(a *Appointment) any { return &a.Told }, Required: true, Min: 2}}},
		register.Verb[Outside]{Name: "outside", Label: core.T("申请派外协", "Ask for a contractor"), Roles: heads(), Clause: "C18.1", Can: checked("outside", canOutside), Do: register.Doing(AskOutside), Fields: []core.Field[Outside]{
			{Name: "company", Label: core.T("外协单位或其他部门人员", "Contractor or other department"), Ptr: func(o *Outside) any { return &o.Company }, Required: true},
			{Name: "reason", Label: core.T("为何没有内部人员可派", "Why nobody of our own can go"), Ptr: func(o *Outside) any { return &o.Reason }, Required: true, Kind: core.KindLines}}},
	}
}

func siteVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[Arrive]{Name: "arrive", Label: core.T("登记到场", "Stamp the arrival"), Roles: anybody(), Primary: true, Can: checked("arrive", canArrive), Do: register.Doing(ArriveAt), Said: core.T("已登记到场", "Arrival stamped"),
			Fields: []core.Field[Arrive]{{Name: "party", Label: core.T("到场的是", "Who has come"), Ptr: func(a *Arrive) any { return &a.Party }, Choices: Parties(), Hint: core.T("不选按您的岗位", "Empty: by your role")}}},
		register.Verb[Photos]{Name: "photo", Label: core.T("拍照", "Photos"), Roles: anybody(), Can: checked("photo", canPhoto), Do: register.Doing(AddPhotos), Fields: []core.Field[Photos]{
			{Name: "role", Label: core.T("时间", "When"), Ptr: func(p *Photos) any { return &p.Role }, Kind: core.KindRadio, Required: true, Choices: []core.Choice{{Value: file.Before, Label: core.T("维修前", "Before")}, {Value: file.After, Label: core.T("维修后", "After")}}},
			{Name: "files", Label: core.T("照片", "Photos"), Ptr: func(p *Photos) any { return &p.Files }, Kind: core.KindPhoto, Required: true, Max: 20}}},
		register.Verb[Quote]{Name: "quote", Label: core.T("报价", "Quote"), Roles: field(), Primary: true, Clause: "C17.2", Why: core.T("有偿维修先报价", "Chargeable work is quoted first"), Can: checked("quote", canQuote), Do: register.Doing(MakeQuote), Choices: itemChoices, Fields: quoteFields()},
		register.Verb[Consent]{Name: "consent", Label: core.T("客户答复报价", "Customer's answer"), Roles: anybody(), Primary: true, Clause: "C17.2", Can: checked("consent", canConsent), Do: register.Doing(Agree),
			Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *Consent) error {
				o, err := Get(ctx, tx, id)
				in.By = o.Contact
				return err
			}, Fields: []core.Field[Consent]{
				{Name: "declined", Label: core.T("不同意", "Declined"), Ptr: func(c *Consent) any { return &c.Declined }},
				{Name: "how", Label: core.T("方式", "How"), Ptr: func(c *Consent) any { return &c.How }, Kind: core.KindRadio, Required: true, Choices: consents()},
				{Name: "by", Label: core.T("答复人", "Who answered"), Ptr: func(c *Consent) any { return &c.By }, Required: true},
				{Name: "signature", Label: core.T("签名", "Signature"), Ptr: func(c *Consent) any { return &c.Signature }, Kind: core.KindSignature},
				{Name: "reason", Label: core.T("不同意的理由", "Reason for declining"), Ptr: func(c *Consent) any { return &c.Reason }}}},
		register.Verb[nothing]{Name: "start", Label: core.T("开始施工", "Start work"), Roles: field(), Primary: true, Clause: "C17.2", Can: checked("start", canStart), Do: plainly(Start)},
		register.Verb[Moving]{Name: "move", Label: core.T("移动设施", "Move fixtures"), Roles: field(), Clause: "C17.6", Can: checked("move", canMove), Do: register.Doing(Move), Fields: []core.Field[Moving]{
			{Name: "what", Label: core.T("移动什么", "What is moved"), Ptr: func(m *Moving) any { return &m.What }, Required: true},
			{Name: "consent", Label: core.T("谁同意的", "Who consented"), Ptr: func(m *Moving) any { return &m.Consent }},
			{Name: "damage", Label: core.T("损坏", "Damage"), Ptr: func(m *Moving) any { return &m.Damage }}, {Name: "fen", Label: core.T("赔偿", "Compensation"), Ptr: func(m *Moving) any { return &m.Fen }}}},
		register.Verb[Use]{Name: "use", Label: core.T("用料", "Materials"), Roles: field(), Can: checked("use", canUse), Do: register.Doing(UseMaterials), Choices: itemChoices,
			Fields: []core.Field[Use]{{Name: "lines", Label: core.T("用料与人工", "Materials and labour"), Kind: core.KindRows, Required: true, Min: 1, Ptr: func(u *Use) any { return &u.Lines }, Rows: core.Rows(func(u *Use) *[]Line { return &u.Lines }, lineFields())}}},
	}
}

func endVerbs() []register.Verber {
	star := func(name, zh, en string, ptr func(*Sign) any) core.Field[Sign] {
		return core.Field[Sign]{Name: name, Label: core.T(zh, en), Kind: core.KindRating, Ptr: ptr, Min: 0, Max: 5}
	}
	return []register.Verber{
		register.Verb[Finish]{Name: "finish", Label: core.T("完工", "Finish"), Roles: field(), Primary: true, Clause: "D4.3", Can: checked("finish", canFinish), Do: register.Doing(Done), Fields: []core.Field[Finish]{
			{Name: "result", Label: core.T("结果", "Result"), Ptr: func(f *Finish) any { return &f.Result }, Kind: core.KindLines},
			{Name: "cleared", Label: core.T("已清场", "Site cleared"), Ptr: func(f *Finish) any { return &f.Cleared }}, {Name: "tried", Label: core.T("试用合格", "Tried and good"), Ptr: func(f *Finish) any { return &f.Tried }},
			{Name: "photos", Label: core.T("维修后照片", "Photos after"), Ptr: func(f *Finish) any { return &f.Photos }, Kind: core.KindPhoto, Max: 20},
			{Name: "signature", Label: core.T("维修人签名", "Technician's signature"), Ptr: func(f *Finish) any { return &f.Signature }, Kind: core.KindSignature}}},
		register.Verb[nothing]{Name: "clear", Label: core.T("清场并试用合格", "Cleared and tried"), Roles: field(), Clause: "C17.6", Can: checked("clear", canClear), Do: plainly(Clear)},
		register.Verb[nothing]{Name: "slip", Label: core.T("补单", "Write the order"), Roles: office(), Clause: "C17.3", Can: checked("slip", canSlip), Do: plainly(WriteSlip)},
		register.Verb[Sign]{Name: "sign", Label: core.T("客户签字评价", "Customer signs"), Roles: anybody(), Primary: true, Clause: "D4.3", Can: checked("sign", canSign), Do: register.Doing(SignOff),
			Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *Sign) error {
				o, err := Get(ctx, tx, id)
				in.Signer = o.Contact
				return err
			}, Said: core.T("已完成", "Completed"), Fields: []core.Field[Sign]{
				{Name: "signature", Label: core.T("客户签名", "Customer's signature"), Ptr: func(s *Sign) any { return &s.Signature }, Kind: core.KindSignature},
				{Name: "signer", Label: core.T("签字人", "Who signs"), Ptr: func(s *Sign) any { return &s.Signer }},
				star("attitude", "态度", "Attitude", func(s *Sign) any { return &s.Attitude }), star("speed", "速度", "Speed", func(s *Sign) any { return &s.Speed }), star("quality", "质量", "Quality", func(s *Sign) any { return &s.Quality }),
				{Name: "comment", Label: core.T("意见", "Comment"), Ptr: func(s *Sign) any { return &s.Comment }, Kind: core.KindLines},
				{Name: "refused", Label: core.T("拒签理由", "Reason for refusing"), Ptr: func(s *Sign) any { return &s.Refused }},
				{Name: "photos", Label: core.T("拒签时的现场照片", "Photo, when refused"), Ptr: func(s *Sign) any { return &s.Photos }, Kind: core.KindPhoto, Max: 20}}},
		register.Verb[Why]{Name: "hold", Label: core.T("挂起(待料)", "Put on hold"), Roles: field(), Clause: "A3.5", Can: checked("hold", canHold), Do: register.Doing(Hold), Fields: reasonField()},
		register.Verb[nothing]{Name: "resume", Label: core.T("恢复", "Resume"), Roles: field(), Can: checked("resume", canResume), Do: plainly(Resume)},
		register.Verb[Why]{Name: "rework", Label: core.T("返修", "Rework"), Roles: heads(), Clause: "C17.4", Can: checked("rework", canRework), Do: register.Doing(Rework), Fields: reasonField()},
		register.Verb[Why]{Name: "cancel", Label: core.T("取消", "Cancel"), Roles: office(), Danger: true, Can: checked("cancel", canCancel), Do: register.Doing(Cancel), Fields: reasonField()},
		confirmVerb(),
	}
}

// confirmVerb closes a month's duty of C17.4; its page is the report.
func confirmVerb() register.Verber {
	return register.Verb[Confirm]{Name: "confirm-month", Label: core.T("确认月度统计", "Confirm the month"), Roles: heads(), New: true, Hidden: true, Clause: "C17.4", Do: ConfirmMonth,
		Next: func(ctx context.Context, _ core.ID) string { return href(ctx, 0, "report") },
		Said: core.T("已确认", "Confirmed"), Fields: []core.Field[Confirm]{
			{Name: "month", Label: core.T("月份", "Month"), Ptr: func(c *Confirm) any { return &c.Month }, Required: true},
			{Name: "sampled", Label: core.T("抽查回访户数", "Calls sampled"), Ptr: func(c *Confirm) any { return &c.Sampled }, Max: 100000},
			{Name: "satisfied", Label: core.T("其中满意", "Of them satisfied"), Ptr: func(c *Confirm) any { return &c.Satisfied }, Max: 100000},
			{Name: "note", Label: core.T("说明", "Note"), Ptr: func(c *Confirm) any { return &c.Note }, Kind: core.KindLines}}}
}

// fields are what the API, the export and the columns of the list give.
func fields() []core.Field[Order] {
	f := func(name, zh, en string, ptr func(*Order) any) core.Field[Order] {
		return core.Field[Order]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	c := func(x core.Field[Order], choices []core.Choice) core.Field[Order] { x.Choices = choices; return x }
	return []core.Field[Order]{
		f("number", "单号", "Number", func(o *Order) any { return &o.Number }), f("office_no", "原编号", "Office's number", func(o *Order) any { return &o.OfficeNo }),
		c(f("state", "状态", "State", func(o *Order) any { return &o.State }), States()), c(f("level", "级别", "Level", func(o *Order) any { return &o.Level }), Levels()),
		f("at", "报修时间", "Reported", func(o *Order) any { return &o.At }), f("unit_code", "单元", "Unit", func(o *Order) any { return &o.UnitCode }),
		f("unit", "单元编号", "Unit id", func(o *Order) any { return &o.Unit }), f("customer", "客户编号", "Customer id", func(o *Order) any { return &o.Customer }),
		f("customer_name", "客户", "Customer", func(o *Order) any { return &o.CustomerName }), f("content", "内容", "Content", func(o *Order) any { return &o.Content }),
		f("place", "位置", "Place", func(o *Order) any { return &o.Place }), c(f("scope", "户内/公共", "Inside or common", func(o *Order) any { return &o.Scope }), Scopes()),
		c(f("trade", "性质", "Nature", func(o *Order) any { return &o.Trade }), Trades()), f("paid", "有偿", "Chargeable", func(o *Order) any { return &o.Paid }),
		f("contact", "联系人", "Contact", func(o *Order) any { return &o.Contact }), f("phone", "电话", "Telephone", func(o *Order) any { return &o.Phone }),
		f("technician", "维修人员", "Technician", func(o *Order) any { return &o.TechnicianName }), f("appoint_at", "预约", "Appointment", func(o *Order) any { return &o.Appoint }),
		f("arrived_at", "到场", "Arrived", func(o *Order) any { return &o.Arrived }), f("finished_at", "完工", "Finished", func(o *Order) any { return &o.Finished }),
		f("result", "结果", "Result", func(o *Order) any { return &o.Result }), f("total", "费用", "Charge", func(o *Order) any { return &o.Total }),
		f("attitude", "态度", "Attitude", func(o *Order) any { return &o.Attitude }), f("speed", "速度", "Speed", func(o *Order) any { return &o.Speed }),
		f("quality", "质量", "Quality", func(o *Order) any { return &o.Quality }), f("round", "轮次", "Round", func(o *Order) any { return &o.Round }),
		f("due_at", "期限", "Due", func(o *Order) any { return &o.Due }), f("origin", "来源", "Origin", func(o *Order) any { return &o.Origin }),
		f("matter", "受理单", "Matter id", func(o *Order) any { return &o.Matter }),
	}
}

func priceRegister() register.Register[Price] {
	f := func(name, zh, en string, ptr func(*Price) any) core.Field[Price] {
		return core.Field[Price]{Name: name, Label: core.T(zh, en), Ptr: ptr, Required: true}
	}
	all := []core.Field[Price]{f("code", "编号", "Code", func(p *Price) any { return &p.Code }), f("name", "项目", "Item", func(p *Price) any { return &p.Name }),
		f("unit", "单位", "Unit", func(p *Price) any { return &p.Unit }), f("price", "单价", "Price", func(p *Price) any { return &p.Price })}
	shown := append(all[:len(all):len(all)], f("edition", "版次", "Edition", func(p *Price) any { return &p.Edition }), f("from", "生效", "From", func(p *Price) any { return &p.From }), f("to", "失效", "To", func(p *Price) any { return &p.To }))
	return register.Register[Price]{Kind: PriceKind(), Viewers: anybody(), Export: heads(), Fields: shown, Columns: []string{"code", "name", "unit", "price", "edition", "from", "to"},
		ID: func(p *Price) core.ID { return p.ID }, Version: func(p *Price) int64 { return p.Version }, Cursor: priceCursor, Find: findPrices, Get: getPrice,
		Verbs: []register.Verber{register.Verb[Price]{Name: "new", Label: core.T("公布标准", "Publish a price"), New: true, Primary: true, Roles: heads(), Clause: "C17.2", Fields: all,
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, p Price) (core.ID, error) { return Publish(ctx, tx, p) }}}}
}

func materialRegister() register.Register[Material] {
	type In struct {
		Material
		Count core.Decimal
	}
	entry := []core.Field[In]{{Name: "code", Label: core.T("编号", "Code"), Required: true, Ptr: func(m *In) any { return &m.Code }}, {Name: "name", Label: core.T("名称", "Name"), Required: true, Ptr: func(m *In) any { return &m.Name }},
		{Name: "unit", Label: core.T("单位", "Unit"), Required: true, Ptr: func(m *In) any { return &m.Unit }}, {Name: "price", Label: core.T("单价", "Price"), Ptr: func(m *In) any { return &m.Price }},
		{Name: "quantity", Label: core.T("现有数量", "Quantity now"), Ptr: func(m *In) any { return &m.Count }}}
	return register.Register[Material]{Kind: MaterialKind(), Viewers: anybody(), Export: heads(), Columns: []string{"code", "name", "unit", "price", "quantity"}, Fields: []core.Field[Material]{
		{Name: "code", Label: core.T("编号", "Code"), Ptr: func(m *Material) any { return &m.Code }}, {Name: "name", Label: core.T("名称", "Name"), Ptr: func(m *Material) any { return &m.Name }},
		{Name: "unit", Label: core.T("单位", "Unit"), Ptr: func(m *Material) any { return &m.Unit }}, {Name: "price", Label: core.T("单价", "Price"), Ptr: func(m *Material) any { return &m.Price }},
		{Name: "quantity", Label: core.T("库存", "In stock"), Hint: core.T("接口里以千分之一单位计", "In the API: in thousandths of the unit"), Ptr: func(m *Material) any { return &m.Quantity }, Show: func(_ context.Context, m *Material) string { return fmt.Sprint(m.Left()) }}},
		ID: func(m *Material) core.ID { return m.ID }, Version: func(m *Material) int64 { return m.Version }, Cursor: func(m *Material) string { return m.Code }, Find: findMaterials, Get: getMaterial,
		Verbs: []register.Verber{
			register.Verb[In]{Name: "new", Label: core.T("新材料", "New material"), New: true, Primary: true, Roles: heads(), Fields: entry, Do: func(ctx context.Context, tx db.Tx, _ core.ID, in In) (core.ID, error) {
				if !in.Count.IsZero() {
					n, err := thousandths(in.Count)
					if err != nil {
						return 0, err
					}
					in.Quantity = n
				}
				return Stock(ctx, tx, in.Material)
			}},
			register.Verb[Receipt]{Name: "receive", Label: core.T("入库", "Receive"), Primary: true, Roles: heads(), Do: register.Doing(Receive), Fields: []core.Field[Receipt]{
				{Name: "quantity", Label: core.T("数量", "Quantity"), Required: true, Ptr: func(r *Receipt) any { return &r.Quantity }}, {Name: "price", Label: core.T("新单价", "New price"), Ptr: func(r *Receipt) any { return &r.Price }},
				{Name: "note", Label: core.T("说明", "Note"), Ptr: func(r *Receipt) any { return &r.Note }}}}}}
}
