package visit

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/register"
	"huiyin/web/ui"
)

// The roles of the verbs: callers visit customers, heads oversee the visits.
func callers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Leasing, core.Manager, core.GM}
}
func heads() []core.Role    { return []core.Role{core.Supervisor, core.Manager, core.GM} }
func managers() []core.Role { return []core.Role{core.Manager, core.GM} }

func hint[T any](zh, en string) func(*core.Field[T]) {
	return func(f *core.Field[T]) { f.Hint = core.T(zh, en) }
}

func word(zh, en string) []core.Field[Word] {
	return []core.Field[Word]{core.Ask("text", zh, en, func(w *Word) any { return &w.Text }, core.Required, core.Lines)}
}

// checked turns a visit's check into a verb's; what is not its turn has no button.
func checked(verb string, check func(context.Context, db.Tx, Visit) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		v, err := db.Bag(tx, shown{id}, func() (Visit, error) { return Get(ctx, tx, id) })
		if err == nil {
			err = check(ctx, tx, v)
		}
		if !tx.Writing() && register.IsLater(err) {
			return core.Forbidden("visit." + verb)
		}
		return err
	}
}

// shown keeps the visit of a request for the checks of all its buttons.
type shown struct{ id core.ID }

func people(name string) func(context.Context, db.Tx, core.ID) (map[string][]core.Choice, error) {
	return func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
		us, err := staffChoices(ctx, tx)
		return map[string][]core.Choice{name: us}, err
	}
}

func planFields() []core.Field[Plan] {
	return []core.Field[Plan]{{Name: "customer", Label: core.T("拜访对象", "Whom"), Ptr: func(p *Plan) any { return &p.Customer }, Required: true, Source: "customer"},
		core.Ask("sort", "类型", "Sort", func(p *Plan) any { return &p.Sort }, core.Required, core.Radio[Plan](Sorts())), core.Ask("purpose", "目的", "Purpose", func(p *Plan) any { return &p.Purpose }), core.Ask("goal", "目标", "Goal", func(p *Plan) any { return &p.Goal }),
		core.Ask("day", "日期", "Day", func(p *Plan) any { return &p.Day }), {Name: "prepare", Label: core.T("准备事项", "Preparations"), Ptr: func(p *Plan) any { return &p.Prepare }, Choices: Preparations()},
		core.Ask("prepare_note", "准备说明", "Details of the preparations", func(p *Plan) any { return &p.PrepareNote }, hint[Plan]("带哪些资料、什么礼品", "Which material, what gift")), core.Ask("visitor", "拜访人", "Visitor", func(p *Plan) any { return &p.Visitor })}
}

// fillPlan starts from the usual plan of a round visit today.
func fillPlan(ctx context.Context, tx db.Tx, _ core.ID, p *Plan) error {
	clock, err := clockOf(ctx, tx)
	*p = Usual(ctx, 0, Round, clock.Forward(core.Today(ctx)))
	p.Visitor = core.ActorOf(ctx).ID
	return err
}

func matterFields(due bool) []core.Field[Matter] {
	out := []core.Field[Matter]{core.Ask("what", "内容", "What", func(m *Matter) any { return &m.What }, core.Required)}
	if due {
		out = append(out, core.Ask("due", "期限", "By", func(m *Matter) any { return &m.Due }, core.Required))
	}
	return out
}

// reportFields are those of the visit report and record card (C2.2, C4.1).
func reportFields() []core.Field[Report] {
	f := core.Ask[Report]
	rows := func(name, zh, en string, ptr func(*Report) *[]Matter, due bool, more ...func(*core.Field[Report])) core.Field[Report] {
		r := core.Field[Report]{Name: name, Label: core.T(zh, en), Ptr: func(in *Report) any { return ptr(in) }, Rows: core.Rows(ptr, matterFields(due)), Max: 10}
		for _, m := range more {
			m(&r)
		}
		return r
	}
	return []core.Field[Report]{f("met", "接待人", "Received by", func(r *Report) any { return &r.Met }), f("post", "职务", "Post", func(r *Report) any { return &r.Post }), f("power", "决策权", "Power of decision", func(r *Report) any { return &r.Power }, core.Radio[Report](Powers())),
		f("phone", "电话", "Telephone", func(r *Report) any { return &r.Phone }), f("how", "方式", "Manner", func(r *Report) any { return &r.How }, core.Radio[Report](Ways())), f("at", "拜访时间(未点「到访」时填)", "Time of the visit, if not noted on the spot", func(r *Report) any { return &r.At }),
		f("content", "访谈和服务内容", "What was said and done", func(r *Report) any { return &r.Content }, core.Lines), f("needs", "需求", "Needs", func(r *Report) any { return &r.Needs }, core.Lines), f("problems", "问题", "Problems", func(r *Report) any { return &r.Problems }, core.Lines),
		f("business", "经营变化", "Changes of the business", func(r *Report) any { return &r.Business }, core.Lines), f("surroundings", "环境信息", "Surroundings", func(r *Report) any { return &r.Surroundings }, core.Lines), f("competitor", "竞争信息", "Competitors", func(r *Report) any { return &r.Competitor }, core.Lines),
		f("credit", "信用异动", "Credit", func(r *Report) any { return &r.Credit }, core.Radio[Report](Credits())), f("credit_note", "信用异动说明", "What changed in the credit", func(r *Report) any { return &r.CreditNote }),
		f("unusual", "行业趋势、人事变动等异常动向", "Trends of the trade, changes of staff and the like", func(r *Report) any { return &r.Unusual }, core.Lines), f("effect", "效果", "Effect", func(r *Report) any { return &r.Effect }, core.Lines),
		rows("opinions", "客户意见(3 个工作日内答复)", "Opinions (answered in 3 working days)", func(r *Report) *[]Matter { return &r.Opinions }, false), rows("promises", "我方承诺", "What we promised", func(r *Report) *[]Matter { return &r.Promises }, true),
		rows("theirs", "客户承诺", "What the customer promised", func(r *Report) *[]Matter { return &r.Theirs }, true),
		f("next_day", "约定下一次拜访", "Next visit agreed for", func(r *Report) any { return &r.NextDay }), f("no_next", "未约定的原因", "Why none was agreed", func(r *Report) any { return &r.NoNext }),
		f("signer", "业户签章人", "Signed by", func(r *Report) any { return &r.Signer }), f("signature", "业户签名", "Customer's signature", func(r *Report) any { return &r.Signature }, func(f *core.Field[Report]) { f.Kind = core.KindSignature })}
}

// fillReport starts from what is likely: nothing changed, and who was met the last time.
func fillReport(ctx context.Context, tx db.Tx, id core.ID, r *Report) error {
	v, err := Get(ctx, tx, id)
	if err != nil {
		return err
	}
	none := core.T("无", "none").Say(ctx)
	r.How, r.Credit, r.Business, r.Surroundings, r.Competitor, r.Unusual = "call", "same", none, none, none, none
	last, err := list(ctx, tx, "project_id = $1 and customer_id = $2 and state = 'recorded' order by visit_day desc, id desc limit 1", v.Ref.Project, v.Customer)
	if err != nil {
		return err
	}
	if len(last) > 0 {
		r.Met, r.Post, r.Power, r.Phone = last[0].Met, last[0].Post, last[0].Power, last[0].Phone
		return nil
	}
	ks, err := customer.Contacts(ctx, tx, v.Customer)
	if len(ks) > 0 {
		r.Met = ks[0].Name
		if len(ks[0].Phones) > 0 {
			r.Phone = ks[0].Phones[0]
		}
	}
	return err
}

func visitVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[Plan]{Name: "new", New: true, Primary: true, Label: core.T("制定拜访计划", "Plan a visit"), Roles: callers(), Clause: "C2.1", Fields: planFields(), Fill: fillPlan, Choices: people("visitor"),
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Plan) (core.ID, error) {
				v, err := PlanVisit(ctx, tx, in)
				return v.Ref.ID, err
			}},
		register.Verb[Quick]{Name: "quick", New: true, Hidden: true, Label: core.T("一键安排", "Plan at one click"), Roles: callers(), Clause: "C8.1", Said: core.T("已安排拜访", "The visit is planned"),
			Fields: []core.Field[Quick]{{Name: "customer", Label: core.T("拜访对象", "Whom"), Ptr: func(q *Quick) any { return &q.Customer }, Required: true, Source: "customer"}, core.Ask("sort", "类型", "Sort", func(q *Quick) any { return &q.Sort }, func(f *core.Field[Quick]) { f.Choices = Sorts() })},
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Quick) (core.ID, error) {
				v, err := QuickPlan(ctx, tx, in)
				return v.Ref.ID, err
			}},
		register.Verb[Arrival]{Name: "arrive", Label: core.T("到访", "Here now"), Roles: callers(), Primary: true, Clause: "C4.1", Can: checked("arrive", canMove), Do: register.Doing(Arrive), Why: core.T("记下拜访时间,当日完成记录", "Notes the time; the record is due today"),
			Fields: []core.Field[Arrival]{core.Ask("at", "到访时间", "Time of the visit", func(a *Arrival) any { return &a.At }, hint[Arrival]("不填即现在", "Empty: now"))}},
		register.Verb[Report]{Name: "record", Label: core.T("填写拜访记录", "Write the record"), Roles: callers(), Primary: true, Clause: "C2.2", Can: checked("record", canRecord), Do: register.Doing(Record), Fill: fillReport, Fields: reportFields()},
		register.Verb[Seal]{Name: "sign", Label: core.T("业户签章", "Customer's signature"), Roles: callers(), Clause: "DX.12", Can: checked("sign", canSeal), Do: register.Doing(Sign), Fields: []core.Field[Seal]{
			core.Ask("signer", "签章人", "Signed by", func(s *Seal) any { return &s.Signer }), core.Ask("signature", "签名", "Signature", func(s *Seal) any { return &s.Signature }, func(f *core.Field[Seal]) { f.Kind = core.KindSignature }),
			{Name: "copies", Label: core.T("盖章件照片", "Picture of the sealed paper"), Ptr: func(s *Seal) any { return &s.Copies }, Kind: core.KindPhoto, Max: 5}, core.Ask("unsigned", "未签章的原因", "Why it is not signed", func(s *Seal) any { return &s.Unsigned })}},
		register.Verb[Addition]{Name: "add", Label: core.T("补记意见或承诺", "Add an opinion or promise"), Roles: callers(), Clause: "C2.3", Can: checked("add", canAdd), Do: register.Doing(Add), Fields: []core.Field[Addition]{
			core.Ask("sort", "种类", "Sort", func(a *Addition) any { return &a.Sort }, core.Required, core.Radio[Addition](ItemSorts()[:3])), core.Ask("what", "内容", "What", func(a *Addition) any { return &a.What }, core.Required, core.Lines),
			core.Ask("due", "期限(意见不填即 3 个工作日)", "By (an opinion: 3 working days when empty)", func(a *Addition) any { return &a.Due })}},
		register.Verb[Move]{Name: "replan", Label: core.T("改期", "Move"), Roles: callers(), Can: checked("replan", canMove), Do: register.Doing(Replan), Choices: people("visitor"), Fields: []core.Field[Move]{
			core.Ask("day", "新日期", "New day", func(m *Move) any { return &m.Day }, core.Required), core.Ask("visitor", "拜访人", "Visitor", func(m *Move) any { return &m.Visitor }, hint[Move]("不选即不变,改为本人", "Empty: unchanged")), core.Ask("reason", "原因", "Reason", func(m *Move) any { return &m.Reason }, core.Required)},
			Fill: func(ctx context.Context, tx db.Tx, id core.ID, m *Move) error {
				v, err := Get(ctx, tx, id)
				m.Day, m.Visitor = v.Day, v.Visitor
				return err
			}},
		register.Verb[Word]{Name: "cancel", Label: core.T("取消", "Cancel"), Roles: callers(), Danger: true, Can: checked("cancel", canMove), Do: register.Doing(Cancel), Fields: word("原因", "Reason")},
	}
}

func visits() register.Register[Visit] {
	choice := func(name, zh, en string, cs []core.Choice) register.Filter {
		return register.Filter{Name: name, Label: core.T(zh, en), Kind: core.KindChoice, Choices: cs}
	}
	return register.Register[Visit]{Kind: Kind(), Viewers: append(callers(), core.Quality), Export: heads(), Fields: fields(), Columns: columnNames(),
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, None: core.T("待办的", "Open ones"), Choices: append([]core.Choice{{Value: "all", Label: core.T("全部", "All")}}, States()...)},
			choice("sort", "类型", "Sort", Sorts()), choice("mine", "我的", "Mine", []core.Choice{{Value: "mine", Label: core.T("是", "Yes")}}), {Name: "month", Label: core.T("月份", "Month"), Kind: core.KindMonth}},
		ID: func(v *Visit) core.ID { return v.Ref.ID }, Version: func(v *Visit) int64 { return v.Version }, Cursor: func(v *Visit) string { return dayCursor(v.Day, v.Ref.ID) }, Find: find, Get: Get, Row: row, Record: record, Topic: "visit",
		Revealers: callers(), Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"phone": func(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
			v, err := Get(ctx, tx, id)
			return string(v.Phone), err
		}}, Verbs: visitVerbs()}
}

func promises() register.Register[Item] {
	choice := func(name, zh, en string, cs []core.Choice) register.Filter {
		return register.Filter{Name: name, Label: core.T(zh, en), Kind: core.KindChoice, Choices: cs}
	}
	yes := func(v string) []core.Choice { return []core.Choice{{Value: v, Label: core.T("是", "Yes")}} }
	return register.Register[Item]{Kind: ItemKind(), Viewers: append(callers(), core.Quality), Export: heads(), Fields: itemFields(), Columns: itemColumnNames(), Topic: "visit",
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, None: core.T("待办的", "Open ones"), Choices: append([]core.Choice{{Value: "all", Label: core.T("全部", "All")}}, itemStates()...)},
			choice("sort", "种类", "Sort", ItemSorts()), choice("mine", "我的", "Mine", yes("mine")), choice("late", "逾期", "Overdue", yes("late"))},
		ID: func(i *Item) core.ID { return i.Ref.ID }, Version: func(i *Item) int64 { return i.Version }, Cursor: func(i *Item) string { return dayCursor(i.Due, i.Ref.ID) }, Find: findItems, Get: GetItem, Row: itemRow, Record: itemRecord,
		Verbs: []register.Verber{
			register.Verb[Answer]{Name: "answer", Label: core.T("答复", "Answer"), Roles: callers(), Primary: true, Clause: "D5.3", Can: itemChecked("answer", canAnswer), Do: register.Doing(AnswerItem), Fields: []core.Field[Answer]{
				core.Ask("text", "答复内容", "Answer", func(a *Answer) any { return &a.Text }, core.Required, core.Lines), core.Ask("how", "告知方式", "Told how", func(a *Answer) any { return &a.How }, core.Required, core.Radio[Answer](toldHows()))}},
			register.Verb[Word]{Name: "keep", Label: core.T("已落实", "Carried out"), Roles: callers(), Primary: true, Clause: "C2.3", Can: itemChecked("keep", canKeep), Do: register.Doing(Keep), Fields: word("落实情况", "What was done")},
			register.Verb[Echo]{Name: "follow", Label: core.T("回访", "Follow up"), Roles: callers(), Primary: true, Clause: "C2.3", Can: itemChecked("follow", canFollow), Do: register.Doing(FollowUp), Fields: []core.Field[Echo]{
				core.Ask("satisfied", "客户认可", "The customer is content", func(e *Echo) any { return &e.Satisfied }), core.Ask("comment", "客户意见", "Customer's comment", func(e *Echo) any { return &e.Comment }, core.Lines),
				core.Ask("due", "不认可时的新期限", "New day, when not content", func(e *Echo) any { return &e.Due })}},
			register.Verb[Verdict]{Name: "judge", Label: core.T("客户是否兑现", "Did the customer keep it?"), Roles: callers(), Primary: true, Can: itemChecked("judge", canJudge), Do: register.Doing(Judge), Fields: []core.Field[Verdict]{
				core.Ask("kept", "已兑现", "It was kept", func(v *Verdict) any { return &v.Kept }), core.Ask("text", "情况", "How it stands", func(v *Verdict) any { return &v.Text }, core.Required, core.Lines)}}}}
}

func toldHows() []core.Choice {
	return []core.Choice{{Value: "call", Label: core.T("当面", "In person")}, {Value: "phone", Label: core.T("电话", "Telephone")}, {Value: "letter", Label: core.T("书面", "In writing")}, {Value: "wechat", Label: core.T("微信", "WeChat")}}
}

func cards() register.Register[Card] {
	choose := core.Field[Card]{Name: "customer", Label: core.T("客户", "Customer"), Ptr: func(c *Card) any { return &c.Customer }, Required: true, Source: "customer"}
	shown := []core.Field[Card]{core.Ask("customer_name", "客户", "Customer", func(c *Card) any { return &c.CustomerName })}
	for _, f := range cardFields() {
		if f.Name == "mail" || f.Name == "wechat" || f.Name == "address" {
			continue // read on the card itself
		}
		shown = append(shown, f)
	}
	reveal := func(of func(Card) string) func(context.Context, db.Tx, core.ID) (string, error) {
		return func(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
			c, err := GetCard(ctx, tx, id)
			return of(c), err
		}
	}
	return register.Register[Card]{Kind: CardKind(), Viewers: callers(), Columns: []string{"customer_name", "person", "company", "post", "phone"}, Fields: shown, Topic: "visit",
		ID: func(c *Card) core.ID { return c.Ref.ID }, Version: func(c *Card) int64 { return c.Version }, Cursor: func(c *Card) string { return c.Ref.ID.String() }, Find: findCards, Get: GetCard, Record: cardRecord, Intro: uncarded,
		Revealers: callers(), Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"phone": reveal(func(c Card) string { return string(c.Phone) })},
		Verbs: []register.Verber{
			register.Verb[Card]{Name: "new", New: true, Primary: true, Label: core.T("建卡", "Make a card"), Roles: callers(), Clause: "C8.1", Fields: append([]core.Field[Card]{choose}, cardFields()...), Do: func(ctx context.Context, tx db.Tx, _ core.ID, c Card) (core.ID, error) { return MakeCard(ctx, tx, c) }},
			register.Verb[Card]{Name: "edit", Label: core.T("更新", "Update"), Roles: callers(), Clause: "C8.1", Fields: cardFields(), Do: register.Doing(EditCard), Fill: func(ctx context.Context, tx db.Tx, id core.ID, c *Card) (err error) {
				*c, err = GetCard(ctx, tx, id)
				return err
			}}}}
}

func meetingChecked(verb string, check func(context.Context, db.Tx, Meeting) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		m, err := GetMeeting(ctx, tx, id)
		if err == nil {
			err = check(ctx, tx, m)
		}
		if !tx.Writing() && register.IsLater(err) {
			return core.Forbidden("meeting." + verb)
		}
		return err
	}
}

// invitees are the choices of the tenants invited: name is the field, absent leaves out who signed in already.
func invitees(name string, absent bool) func(context.Context, db.Tx, core.ID) (map[string][]core.Choice, error) {
	return func(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
		is, err := Invites(ctx, tx, id)
		out := []core.Choice{}
		for _, i := range is {
			if !absent || !i.Attended {
				out = append(out, core.Choice{Value: i.Customer.String(), Label: core.T("%s", "%s", ui.Join(i.Units, string(i.Name)))})
			}
		}
		return map[string][]core.Choice{name: out}, err
	}
}

func wishFields() []core.Field[Wish] {
	return []core.Field[Wish]{core.Ask("customer", "租户", "Tenant", func(w *Wish) any { return &w.Customer }), core.Ask("what", "要求或建议", "Request or suggestion", func(w *Wish) any { return &w.What }, core.Required), core.Ask("due", "答复期限", "Answer by", func(w *Wish) any { return &w.Due })}
}

func meetings() register.Register[Meeting] {
	f := func(name, zh, en string, ptr func(*Meeting) any, choices ...core.Choice) core.Field[Meeting] {
		return core.Field[Meeting]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return register.Register[Meeting]{Kind: MeetingKind(), Viewers: append(callers(), core.Quality), Export: heads(), Columns: []string{"number", "title", "why", "at", "place", "state", "invited", "attended"}, Topic: "visit", Record: meetingRecord,
		Fields: []core.Field[Meeting]{f("number", "编号", "Number", func(m *Meeting) any { return &m.Number }), f("title", "名称", "Title", func(m *Meeting) any { return &m.Title }), f("why", "事由", "Occasion", func(m *Meeting) any { return &m.Why }, Occasions()...),
			f("event", "重大事件", "Event", func(m *Meeting) any { return &m.Event }), f("at", "时间", "Time", func(m *Meeting) any { return &m.At }), f("place", "地点", "Place", func(m *Meeting) any { return &m.Place }), f("agenda", "议程", "Agenda", func(m *Meeting) any { return &m.Agenda }),
			f("chair", "主持人", "Chair", func(m *Meeting) any { return &m.Chair }), f("state", "状态", "State", func(m *Meeting) any { return &m.State }, meetingStates()...), f("invited", "邀请户数", "Invited", func(m *Meeting) any { return &m.Invited }), f("attended", "到会户数", "Came", func(m *Meeting) any { return &m.Attended }),
			f("minutes", "会议记录", "Minutes", func(m *Meeting) any { return &m.Minutes }), f("recorder", "记录人", "Recorded by", func(m *Meeting) any { return &m.Recorder })},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: meetingStates()}},
		ID:      func(m *Meeting) core.ID { return m.Ref.ID }, Version: func(m *Meeting) int64 { return m.Version }, Cursor: func(m *Meeting) string { return m.Ref.ID.String() }, Find: findMeetings, Get: GetMeeting,
		Verbs: []register.Verber{
			register.Verb[Call]{Name: "new", New: true, Primary: true, Label: core.T("召集租户大会", "Call a meeting"), Roles: heads(), Clause: "C19.3", Said: core.T("已列出全部租户为邀请对象", "Every tenant is on the list of invitations"), Fields: []core.Field[Call]{
				core.Ask("title", "名称", "Title", func(c *Call) any { return &c.Title }, core.Required), core.Ask("why", "事由", "Occasion", func(c *Call) any { return &c.Why }, core.Required, core.Radio[Call](Occasions())), core.Ask("event", "什么重大事件", "Which event", func(c *Call) any { return &c.Event }),
				core.Ask("at", "时间", "Time", func(c *Call) any { return &c.At }, core.Required), core.Ask("place", "地点", "Place", func(c *Call) any { return &c.Place }, core.Required), core.Ask("agenda", "议程", "Agenda", func(c *Call) any { return &c.Agenda }, core.Lines), core.Ask("chair", "主持人", "Chair", func(c *Call) any { return &c.Chair })},
				Fill: func(ctx context.Context, _ db.Tx, _ core.ID, c *Call) error { c.Why = "quarter"; return nil },
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, c Call) (core.ID, error) {
					m, err := CallMeeting(ctx, tx, c)
					return m.Ref.ID, err
				}},
			register.Verb[Presence]{Name: "attend", Label: core.T("到会签到", "Sign in"), Roles: callers(), Primary: true, Clause: "C19.4", Can: meetingChecked("attend", meetingIn(Called, Held)), Do: register.Doing(Attend), Choices: invitees("customers", true), Fields: []core.Field[Presence]{
				{Name: "customers", Label: core.T("到会并当面沟通的租户", "Tenants who came and were spoken to"), Ptr: func(p *Presence) any { return &p.Customers }, Max: 2000}, core.Ask("person", "到会人(只签一户时可填)", "Who came (when one signs in)", func(p *Presence) any { return &p.Person })}},
			register.Verb[Minutes]{Name: "minute", Label: core.T("会议记录", "Minutes"), Roles: callers(), Primary: true, Clause: "C19.3", Can: meetingChecked("minute", meetingIn(Called)), Do: register.Doing(Minute), Choices: invitees("requests.customer", false), Fields: []core.Field[Minutes]{
				core.Ask("text", "会议内容", "What was said", func(m *Minutes) any { return &m.Text }, core.Lines), {Name: "requests", Label: core.T("要求和建议(逐条答复)", "Requests and suggestions (each is answered)"), Ptr: func(m *Minutes) any { return &m.Requests }, Rows: core.Rows(func(m *Minutes) *[]Wish { return &m.Requests }, wishFields()), Max: 50}}},
			register.Verb[Wish]{Name: "request", Label: core.T("登记建议", "Add a request"), Roles: callers(), Clause: "C19.4", Can: meetingChecked("request", meetingIn(Called, Held)), Do: register.Doing(TakeRequest), Choices: invitees("customer", false), Fields: wishFields()},
			register.Verb[Word]{Name: "cancel", Label: core.T("取消", "Call off"), Roles: heads(), Danger: true, Can: meetingChecked("cancel", meetingIn(Called)), Do: register.Doing(CallOff), Fields: word("原因", "Reason")}}}
}

func festivalChecked(verb string, check func(context.Context, db.Tx, Festival) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		f, err := GetFestival(ctx, tx, id)
		if err == nil {
			err = check(ctx, tx, f)
		}
		if !tx.Writing() && register.IsLater(err) {
			return core.Forbidden("festival." + verb)
		}
		return err
	}
}

func festivals() register.Register[Festival] {
	f := func(name, zh, en string, ptr func(*Festival) any, choices ...core.Choice) core.Field[Festival] {
		return core.Field[Festival]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	name := f("name", "节日", "Festival", func(f *Festival) any { return &f.Name })
	name.Show = func(ctx context.Context, f *Festival) string { return f.title().Say(ctx) }
	return register.Register[Festival]{Kind: FestivalKind(), Viewers: callers(), Export: heads(), Columns: []string{"name", "from", "due", "state", "organiser", "planned"}, Topic: "visit", Record: festivalRecord,
		Fields: []core.Field[Festival]{name, f("from", "放假", "Begins", func(f *Festival) any { return &f.From }), f("to", "至", "To", func(f *Festival) any { return &f.To }), f("due", "节前完成", "Visits made by", func(f *Festival) any { return &f.Due }),
			f("state", "状态", "State", func(f *Festival) any { return &f.State }, festivalStates()...), f("organiser", "组织人", "Organised by", func(f *Festival) any { return &f.By }), f("planned", "拜访户数", "Visits", func(f *Festival) any { return &f.Planned }),
			f("gift", "礼品", "Gift", func(f *Festival) any { return &f.Gift }), f("theme", "主题", "Theme", func(f *Festival) any { return &f.Theme }), f("summary", "总结", "Summary", func(f *Festival) any { return &f.Summary })},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: festivalStates()}},
		ID:      func(f *Festival) core.ID { return f.Ref.ID }, Version: func(f *Festival) int64 { return f.Version }, Cursor: func(f *Festival) string { return f.Ref.ID.String() }, Find: findFestivals, Get: GetFestival,
		Verbs: []register.Verber{
			register.Verb[Organisation]{Name: "organise", Label: core.T("组织拜访", "Organise the visits"), Roles: heads(), Primary: true, Clause: "C14.11", Can: festivalChecked("organise", canOrganise), Do: register.Doing(Organise), Fill: fillOrganisation, Choices: organisationChoices, Fields: []core.Field[Organisation]{
				{Name: "customers", Label: core.T("拜访哪些客户", "Whom to visit"), Ptr: func(o *Organisation) any { return &o.Customers }, Max: 2000}, core.Ask("visitor", "拜访人", "Visitor", func(o *Organisation) any { return &o.Visitor }, hint[Organisation]("不选即各客户的经办人", "Empty: each customer's handler")),
				core.Ask("day", "日期", "Day", func(o *Organisation) any { return &o.Day }), core.Ask("gift", "礼品", "Gift", func(o *Organisation) any { return &o.Gift }), core.Ask("theme", "主题", "Theme", func(o *Organisation) any { return &o.Theme })}},
			register.Verb[Word]{Name: "conclude", Label: core.T("总结", "Sum up"), Roles: heads(), Clause: "C14.11", Can: festivalChecked("conclude", canConclude), Do: register.Doing(Conclude), Fields: word("总结", "Summary")}}}
}

// fillOrganisation proposes the customers of the first class, on the last day before the festival.
func fillOrganisation(ctx context.Context, tx db.Tx, id core.ID, o *Organisation) error {
	f, err := GetFestival(ctx, tx, id)
	if err != nil {
		return err
	}
	o.Day = f.Due
	rs, err := roundRows(ctx, tx)
	for _, r := range rs {
		if r.first() {
			o.Customers = append(o.Customers, r.ID.String())
		}
	}
	return err
}

func organisationChoices(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	us, err := staffChoices(ctx, tx)
	if err != nil {
		return nil, err
	}
	rs, err := roundRows(ctx, tx)
	out := []core.Choice{}
	for _, r := range rs {
		out = append(out, core.Choice{Value: r.ID.String(), Label: core.T("%s", "%s", string(r.Name))})
	}
	return map[string][]core.Choice{"visitor": us, "customers": out}, err
}

func warnings() register.Register[Warning] {
	f := func(name, zh, en string, ptr func(*Warning) any) core.Field[Warning] {
		return core.Field[Warning]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	return register.Register[Warning]{Kind: WarningKind(), Viewers: heads(), Export: managers(), Columns: []string{"customer_name", "weight", "signals", "why", "since"}, Topic: "visit", Row: warningRow, Record: warningRecord, Intro: warningIntro,
		Fields: []core.Field[Warning]{f("customer_name", "客户", "Customer", func(w *Warning) any { return &w.Name }), f("weight", "权重", "Weight", func(w *Warning) any { return &w.Weight }), f("signals", "信号数", "Signals", func(w *Warning) any { return &w.Signals }),
			{Name: "why", Label: core.T("信号", "Why"), Ptr: func(w *Warning) any { return &w.Keys }, Show: func(ctx context.Context, w *Warning) string { return keysText(ctx, w.Keys) }}, f("since", "首次出现", "Since", func(w *Warning) any { return &w.Since }),
			f("calm", "核实情况", "Looked into", func(w *Warning) any { return &w.Calm }), f("calm_by", "核实人", "By", func(w *Warning) any { return &w.CalmBy })},
		Filters: []register.Filter{{Name: "set", Label: core.T("范围", "Show"), Kind: core.KindChoice, None: core.T("待关注", "To be looked into"), Choices: []core.Choice{{Value: "aside", Label: core.T("已核实、无新信号", "Looked into, nothing new")}}}},
		ID:      func(w *Warning) core.ID { return w.Ref.ID }, Version: func(w *Warning) int64 { return w.Version }, Cursor: warningCursor, Find: findWarnings, Get: GetWarning,
		Verbs: []register.Verber{
			register.Verb[struct{}]{Name: "visit", Label: core.T("安排拜访", "Plan a visit"), Roles: heads(), Primary: true, Do: VisitNow, Said: core.T("已安排拜访", "The visit is planned"), Next: func(ctx context.Context, id core.ID) string { return href(ctx, id) }},
			register.Verb[Word]{Name: "calm", Label: core.T("已核实", "Looked into"), Roles: heads(), Fields: word("核实情况", "What was found"), Do: register.Doing(LookInto), Next: func(ctx context.Context, _ core.ID) string { return WarningKind().Href(ctx, 0) }}}}
}
