package report

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"huiyin/approval"
	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

func readers() []core.Role {
	return []core.Role{core.Desk, core.Supervisor, core.Manager, core.Quality, core.GM}
}
func writers() []core.Role { return []core.Role{core.Supervisor, core.Manager} }
func leaders() []core.Role { return []core.Role{core.Manager, core.GM} }

// Module declares the reports.
func Module() house.Module {
	return house.Module{Name: "report", Label: core.T("报表", "Reports"), Migrations: Migrations,
		Registers: []register.Any{issues(), receipts(), schedules(), announcements()}, Routes: routes(),
		Tables: []journal.Table{{Kind: "report", Name: "report_issue"}, {Kind: "report-schedule", Name: "report_schedule"}, {Kind: "announcement", Name: "report_announcement"}},
		Nav: []house.Nav{{Wing: house.Matters, Order: 90, Label: core.T("报表", "Reports"), Icon: "chart-bar", Path: "report", Perm: "report.view"},
			{Wing: house.Matters, Order: 91, Label: core.T("定时发送", "Scheduled sending"), Icon: "clock", Under: "report", Path: "report-schedule", Perm: "report-schedule.view"},
			{Wing: house.Matters, Order: 92, Label: core.T("物业公告", "Announcements"), Icon: "file", Under: "report", Path: "announcement", Perm: "announcement.view"}},
		Recurring: recurring(), Approvals: []approval.Kind{{Verb: approveVerb, Name: core.T("客户运营月报", "Operations report to customers"), Run: runApprove}},
		Jobs:  []job.Kind{{Name: composeJob, Run: compose}, {Name: sendJob, Run: send}},
		Daily: []house.Daily{{Name: "report.compose", Run: daily}, {Name: "report.schedule", Often: true, Run: scheduled}},
		Clauses: []regulation.Claim{
			{Clause: "A3.3", By: []regulation.Mechanism{regulation.ByRecurring, regulation.ByGuard, regulation.ByFlow}, Numbers: []string{"day"}, Records: "report?kind=operations"},
			{Clause: "A8.2", By: []regulation.Mechanism{regulation.ByRecurring, regulation.ByGuard}, Numbers: []string{"months", "day"}, Records: "report?kind=analysis"},
			{Clause: "B4.7", By: []regulation.Mechanism{regulation.ByRecurring}, Numbers: []string{"day"}, Records: "report?kind=work"},
			{Clause: "C13.5", By: []regulation.Mechanism{regulation.ByRecurring}, Numbers: []string{"every", "day"}, Records: "report?kind=weekly"}},
		Panels:  []register.Panel{{On: "customer", Perm: "receipt.view", Order: 70, Side: true, Body: customerPanel}},
		Follows: []string{"report_receipt"}, OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{Erase}}
}

func href(ctx context.Context, id core.ID, more ...string) string {
	return Kind().Href(ctx, id, more...)
}

// ---- the register of issues

func checked(check func(context.Context, db.Tx, Issue) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		i, err := db.Bag(tx, shown{id}, func() (Issue, error) { return Get(ctx, tx, id) })
		if err == nil {
			err = check(ctx, tx, i)
		}
		return err
	}
}

// shown keeps the issue of a request for the checks of all its buttons.
type shown struct{ id core.ID }

func plain(check func(Issue) error) func(context.Context, db.Tx, core.ID) error {
	return checked(func(_ context.Context, _ db.Tx, i Issue) error { return check(i) })
}

func doing(do func(context.Context, db.Tx, core.ID) error) func(context.Context, db.Tx, core.ID, struct{}) (core.ID, error) {
	return func(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) (core.ID, error) {
		return id, do(ctx, tx, id)
	}
}

func taking[In any](do func(context.Context, db.Tx, core.ID, In) error) func(context.Context, db.Tx, core.ID, In) (core.ID, error) {
	return func(ctx context.Context, tx db.Tx, id core.ID, in In) (core.ID, error) {
		return id, do(ctx, tx, id, in)
	}
}

func fields() []core.Field[Issue] {
	f := func(name, zh, en string, ptr func(*Issue) any, choices ...core.Choice) core.Field[Issue] {
		return core.Field[Issue]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return []core.Field[Issue]{f("number", "编号", "Number", func(i *Issue) any { return &i.Number }), f("kind", "报表", "Report", func(i *Issue) any { return &i.Kind }, Kinds()...), f("from", "从", "From", func(i *Issue) any { return &i.From }),
		f("to", "到", "To", func(i *Issue) any { return &i.To }), f("state", "状态", "State", func(i *Issue) any { return &i.State }, States()...), f("at", "编制时间", "Composed", func(i *Issue) any { return &i.At }),
		f("submitter", "提交人", "Submitted by", func(i *Issue) any { return &i.Submitter }), f("approver", "批准人", "Approved by", func(i *Issue) any { return &i.Approver }), f("issued", "出具或发送", "Issued or sent", func(i *Issue) any { return &i.Issued }),
		f("facility", "设施运行", "Facilities", func(i *Issue) any { return &i.Facility }), f("environment", "环境卫生", "Cleanliness", func(i *Issue) any { return &i.Environment }), f("safety", "安全管理", "Safety", func(i *Issue) any { return &i.Safety }),
		f("conclusion", "结论", "Conclusions", func(i *Issue) any { return &i.Conclusion }), f("plan", "下期安排", "What comes next", func(i *Issue) any { return &i.Plan }), f("remark", "批示", "Remark", func(i *Issue) any { return &i.Remark })}
}

func issues() register.Register[Issue] {
	return register.Register[Issue]{Kind: Kind(), Viewers: readers(), Export: leaders(), Fields: fields(), Columns: []string{"number", "kind", "from", "to", "state", "at", "submitter", "issued"},
		Filters: []register.Filter{{Name: "kind", Label: core.T("报表", "Report"), Kind: core.KindChoice, Choices: Kinds()}, {Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: States()}},
		ID:      func(i *Issue) core.ID { return i.Ref.ID }, Version: func(i *Issue) int64 { return i.Version }, Cursor: func(i *Issue) string { return strconv.FormatInt(i.At.UnixMicro(), 10) + "." + i.Ref.ID.String() },
		Find: find, Get: Get, Row: row, Record: recordOf, Intro: home, Topic: "report", Verbs: verbs()}
}

func find(ctx context.Context, tx db.Tx, q register.Query) ([]Issue, error) {
	where, args := "project_id = $1 and voided_at is null", []any{core.ProjectOf(ctx).ID}
	add := func(cond string, vs ...any) {
		for _, v := range vs {
			args = append(args, v)
			cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where += " and " + cond
	}
	for _, name := range []string{"kind", "state"} {
		if v := q.Filter[name]; v != "" {
			add(name+" = ?", v)
		}
	}
	if q.Text != "" {
		add("number = ?", strings.ToUpper(strings.TrimSpace(q.Text)))
	}
	if q.After != "" {
		at, id, ok := strings.Cut(q.After, ".")
		n, err := strconv.ParseInt(at, 10, 64)
		last, err2 := core.ParseID(id)
		if !ok || err != nil || err2 != nil {
			return nil, core.NotFound()
		}
		add("(at, id) < (?, ?)", n, last)
	}
	args = append(args, max(q.Limit, 1))
	return list(ctx, tx, fmt.Sprintf("%s order by at desc, id desc limit $%d", where, len(args)), args...)
}

func afterDay(key string) (core.Date, core.ID, error) {
	day, id, ok := strings.Cut(key, "~")
	d, err := core.ParseDate(day)
	last, err2 := core.ParseID(id)
	if !ok || err != nil || err2 != nil {
		return "", 0, core.NotFound()
	}
	return d, last, nil
}

func tone(state string) ui.Tone {
	switch state {
	case StateSent, StateIssued, StateClosed:
		return ui.OK
	case StateSubmitted:
		return ui.Warn
	}
	return ui.Run
}

func row(ctx context.Context, i *Issue) ui.Row {
	s, _ := sortOf(i.Kind)
	return ui.Row{Cells: []ui.Cell{{Text: i.Number, Href: href(ctx, i.Ref.ID)}, {Text: s.label.Say(ctx)}, {Text: string(i.From)}, {Text: string(i.To)}, {Body: ui.Pill(tone(i.State), i.stateName())}, {Text: ui.When(ctx, i.At)}, {Text: i.Submitter}, {Text: whenOr(ctx, *i)}}}
}

func whenOr(ctx context.Context, i Issue) string {
	if i.Issued.IsZero() {
		return "—"
	}
	return ui.When(ctx, i.Issued)
}

func verbs() []register.Verber {
	lines := func(name string, label core.Text, ptr func(*Text) any) core.Field[Text] {
		return core.Field[Text]{Name: name, Label: label, Ptr: ptr, Kind: core.KindLines, Max: 4000}
	}
	return []register.Verber{
		register.Verb[Draft]{Name: "new", New: true, Label: core.T("编制报表", "Compose a report"), Roles: writers(), Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Draft) (core.ID, error) { return Compose(ctx, tx, in) },
			Fields: []core.Field[Draft]{{Name: "kind", Label: core.T("报表", "Report"), Ptr: func(d *Draft) any { return &d.Kind }, Choices: Kinds(), Required: true},
				{Name: "day", Label: core.T("期内任一天", "Any day of the period"), Hint: core.T("报表覆盖这一天所在的周、月或季;要已经结束", "The report covers the week, month or quarter of that day, which must be over"), Ptr: func(d *Draft) any { return &d.Day }, Required: true}}},
		register.Verb[Text]{Name: "edit", Label: core.T("编辑文字", "Edit the text"), Roles: writers(), Primary: true, Page: true, Can: plain(canChange), Do: taking(Edit),
			Fields: []core.Field[Text]{lines("facility", core.T("设施运行", "Facilities"), func(t *Text) any { return &t.Facility }), lines("environment", core.T("环境卫生", "Cleanliness of the premises"), func(t *Text) any { return &t.Environment }),
				lines("safety", core.T("安全管理", "Safety"), func(t *Text) any { return &t.Safety }), lines("conclusion", core.T("结论", "Conclusions"), func(t *Text) any { return &t.Conclusion }), lines("plan", core.T("下期安排", "What comes next"), func(t *Text) any { return &t.Plan })}},
		register.Verb[struct{}]{Name: "submit", Label: core.T("提交", "Submit"), Why: core.T("运营月报报主任批准,其他报表出具并报领导;提交后不再改", "An operations report goes to the manager for approval, any other is issued to the leaders; it does not change afterwards"), Roles: writers(), Can: checked(canSubmit), Do: doing(Submit), Said: core.T("已提交", "Submitted")},
		register.Verb[struct{}]{Name: "send", Label: core.T("发送客户", "Send to the customers"), Why: core.T("有邮箱的发邮件,没有的列入纸质派送", "By e-mail where there is an address, the others on paper"), Roles: writers(), Primary: true, Clause: "A3.3", Can: plain(canSend), Do: doing(Send), Said: core.T("已发送", "Sent")},
		register.Verb[struct{}]{Name: "recount", Label: core.T("重新统计", "Count anew"), Why: core.T("按现在的记录重算", "By the records as they stand now"), Roles: writers(), Can: plain(canChange), Do: doing(Recount), Said: core.T("已重新统计", "Counted anew")},
		register.Verb[struct{}]{Name: "take-back", Label: core.T("退回修改", "Take it back to edit"), Roles: writers(), Can: checked(canTakeBack), Do: doing(TakeBack)},
		register.Verb[Word]{Name: "remark", Label: core.T("批示", "Remark"), Roles: leaders(), Can: plain(canRemark), Do: taking(Remark), Fields: []core.Field[Word]{{Name: "text", Label: core.T("批示", "Remark"), Ptr: func(w *Word) any { return &w.Text }, Kind: core.KindLines, Required: true, Max: 1000}}},
		register.Verb[struct{}]{Name: "remind", Label: core.T("提醒未读客户", "Remind who has not read it"), Roles: append(writers(), core.Desk), Hidden: true, Can: plain(canRemind), Said: core.T("已提醒", "Reminded"), Do: func(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) (core.ID, error) {
			_, err := RemindAll(ctx, tx, id)
			return id, err
		}},
		register.Verb[Signature]{Name: "sign", Label: core.T("登记纸质签收", "Record signatures"), Roles: append(writers(), core.Desk), Hidden: true, Clause: "A3.3", Can: plain(canSignPapers), Do: taking(SignPapers), Choices: paperChoices,
			Fill: func(ctx context.Context, _ db.Tx, _ core.ID, s *Signature) error { s.Day = core.Today(ctx); return nil }, Said: core.T("已登记", "Recorded"),
			Fields: []core.Field[Signature]{{Name: "receipts", Label: core.T("签收的客户", "Customers who signed"), Ptr: func(s *Signature) any { return &s.Receipts }, Kind: core.KindChoices, Required: true, Max: 500},
				{Name: "signer", Label: core.T("签收人", "Signed by"), Hint: core.T("一起登记几户时可以不填", "May be left out for several at once"), Ptr: func(s *Signature) any { return &s.Signer }}, {Name: "day", Label: core.T("签收日期", "Day"), Ptr: func(s *Signature) any { return &s.Day }, Required: true}}},
		register.Verb[struct{}]{Name: "close", Label: core.T("归档", "File"), Roles: writers(), Can: plain(canClose), Do: doing(Close), Said: core.T("已归档", "Filed")},
	}
}

// paperChoices are the paper copies that nobody has signed for.
func paperChoices(ctx context.Context, tx db.Tx, id core.ID) (map[string][]core.Choice, error) {
	rs, err := db.All(ctx, tx, (*Receipt).dest, receiptSelect+"and r.issue_id = $2 and r.state = 'paper' order by r.units, r.id limit 500", core.ProjectOf(ctx).ID, id)
	out := []core.Choice{}
	for _, r := range rs {
		out = append(out, core.Choice{Value: r.ID.String(), Label: core.T("%s %s", "%s %s", r.Units, r.nameOf())})
	}
	return map[string][]core.Choice{"receipts": out}, err
}

// ---- the register of receipts

func receipts() register.Register[Receipt] {
	f := func(name, zh, en string, ptr func(*Receipt) any, choices ...core.Choice) core.Field[Receipt] {
		return core.Field[Receipt]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	can := func(check func(context.Context, Receipt, Issue) error) func(context.Context, db.Tx, core.ID) error {
		return func(ctx context.Context, tx db.Tx, id core.ID) error {
			r, err := getReceipt(ctx, tx, id)
			if err != nil {
				return err
			}
			i, err := Get(ctx, tx, r.Issue)
			if err == nil {
				err = check(ctx, r, i)
			}
			return err
		}
	}
	clerks := append(writers(), core.Desk)
	return register.Register[Receipt]{Kind: ReceiptKind, Viewers: readers(), Export: writers(), Columns: []string{"units", "customer", "contact", "way", "state", "delivery", "sent", "read", "reminded", "signed"},
		Fields: []core.Field[Receipt]{f("issue", "报告", "Report", func(r *Receipt) any { return &r.Issue }), f("units", "单元", "Unit", func(r *Receipt) any { return &r.Units }), f("customer", "客户", "Customer", func(r *Receipt) any { return &r.Name }), f("contact", "联系人", "Contact", func(r *Receipt) any { return &r.Contact }),
			f("way", "方式", "By", func(r *Receipt) any { return &r.Way }, ways()...), f("mail", "邮箱", "E-mail", func(r *Receipt) any { return &r.Mask }), f("state", "收阅", "Receipt", func(r *Receipt) any { return &r.State }, ReceiptStates()...),
			{Name: "delivery", Label: core.T("邮件送达", "Delivery"), Ptr: func(r *Receipt) any { return &r.Delivery }, Show: func(ctx context.Context, r *Receipt) string { return delivery(*r).Say(ctx) }},
			f("sent", "发送", "Sent", func(r *Receipt) any { return &r.Sent }), f("read", "首次阅读", "First read", func(r *Receipt) any { return &r.Read }), f("reads", "次数", "Times", func(r *Receipt) any { return &r.Reads }),
			f("reminded", "提醒", "Reminded", func(r *Receipt) any { return &r.Reminded }), f("signed", "签收", "Signed for", func(r *Receipt) any { return &r.Signed }), f("signer", "签收人", "Signed by", func(r *Receipt) any { return &r.Signer })},
		Filters: []register.Filter{{Name: "report", Label: core.T("报告", "Report"), Kind: core.KindChoice, Choose: sentReports}, {Name: "state", Label: core.T("收阅", "Receipt"), Kind: core.KindChoice, Choices: ReceiptStates()}},
		ID:      func(r *Receipt) core.ID { return r.ID }, Version: func(r *Receipt) int64 { return r.Version }, Cursor: func(r *Receipt) string { return r.ID.String() }, Find: findReceipts, Get: getReceipt, Row: receiptRow, Record: receiptRecord, Topic: "report",
		Verbs: []register.Verber{
			register.Verb[struct{}]{Name: "remind", Label: core.T("提醒阅读", "Remind"), Roles: clerks, Primary: true, Can: can(canRemindOne), Do: doing(RemindOne), Said: core.T("已提醒", "Reminded")},
			register.Verb[Address]{Name: "readdress", Label: core.T("换邮箱重发", "Send to another address"), Roles: clerks, Can: can(canReaddress), Do: taking(Readdress), Said: core.T("已发送", "Sent"),
				Fields: []core.Field[Address]{{Name: "mail", Label: core.T("邮箱", "E-mail"), Ptr: func(a *Address) any { return &a.Mail }, Required: true}}},
			register.Verb[Signature]{Name: "sign", Label: core.T("登记签收", "Record the signature"), Roles: clerks, Clause: "A3.3", Fields: []core.Field[Signature]{{Name: "signer", Label: core.T("签收人", "Signed by"), Ptr: func(s *Signature) any { return &s.Signer }, Required: true},
				{Name: "day", Label: core.T("签收日期", "Day"), Ptr: func(s *Signature) any { return &s.Day }, Required: true}},
				Fill: func(ctx context.Context, _ db.Tx, _ core.ID, s *Signature) error { s.Day = core.Today(ctx); return nil },
				Can: can(func(_ context.Context, r Receipt, i Issue) error {
					if r.State == ReceiptSigned {
						return core.Conflict("已经签收", "It is signed for already")
					}
					return canSignPapers(i)
				}),
				Do: func(ctx context.Context, tx db.Tx, id core.ID, in Signature) (core.ID, error) {
					r, err := getReceipt(ctx, tx, id)
					if err != nil {
						return 0, err
					}
					in.Receipts = []string{id.String()}
					return id, SignPapers(ctx, tx, r.Issue, in)
				}}}}
}

// sentReports are the reports that customers got, for the filter.
func sentReports(ctx context.Context, tx db.Tx) ([]core.Choice, error) {
	is, err := list(ctx, tx, "project_id = $1 and kind = 'operations' and issued_at is not null and voided_at is null order by at desc limit 36", core.ProjectOf(ctx).ID)
	var out []core.Choice
	for _, i := range is {
		out = append(out, core.Choice{Value: i.Ref.ID.String(), Label: core.T("%s", "%s", string(i.From.Month()))})
	}
	return out, err
}

func findReceipts(ctx context.Context, tx db.Tx, q register.Query) ([]Receipt, error) {
	where, args := "", []any{core.ProjectOf(ctx).ID}
	add := func(cond string, v any) {
		args = append(args, v)
		where += " and " + cond + " $" + strconv.Itoa(len(args))
	}
	if v := q.Filter["report"]; v != "" {
		id, err := core.ParseID(v)
		if err != nil {
			return nil, core.NotFound()
		}
		add("r.issue_id =", id)
	}
	if v := q.Filter["state"]; v != "" {
		add("r.state =", v)
	}
	if q.Text != "" {
		add("r.units =", strings.ToUpper(strings.TrimSpace(q.Text)))
	}
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, core.NotFound()
		}
		add("r.id <", id)
	}
	args = append(args, max(q.Limit, 1))
	return db.All(ctx, tx, (*Receipt).dest, receiptSelect+where+fmt.Sprintf(" order by r.id desc limit $%d", len(args)), args...)
}

// ---- the register of schedules

func scheduleFields() []core.Field[Schedule] {
	return []core.Field[Schedule]{
		{Name: "kind", Label: core.T("报表", "Report"), Ptr: func(s *Schedule) any { return &s.Kind }, Choices: Kinds(), Required: true},
		{Name: "day", Label: core.T("哪天", "Day"), Hint: core.T("周报填星期几:1(周一)到 7;其他填每月几号", "Weekly: day of the week, 1 (Monday) to 7; others: day of the month"), Ptr: func(s *Schedule) any { return &s.Day }, Required: true, Min: 1, Max: 31},
		{Name: "clock", Label: core.T("几点", "At"), Hint: core.T("如 08:30", "such as 08:30"), Ptr: func(s *Schedule) any { return &s.Clock }, Required: true, Max: 5},
		{Name: "language", Label: core.T("附件语言", "Language"), Ptr: func(s *Schedule) any { return &s.Lang }, Choices: []core.Choice{{Value: "zh", Label: core.T("中文", "Chinese")}, {Value: "en", Label: core.T("英文", "English")}}, Required: true},
		{Name: "users", Label: core.T("收件人", "To"), Hint: core.T("发到各人在「我的设置」里填的邮箱;没有邮箱的在系统内提醒", "To the address that each has under My settings; who has none is told in the application"), Ptr: func(s *Schedule) any { return &s.Users }, Kind: core.KindChoices, Max: 100},
		{Name: "mails", Label: core.T("公司其他邮箱", "Other addresses of the firm"), Hint: core.T("一行一个", "one a line"), Ptr: func(s *Schedule) any { return &s.Mails }, Kind: core.KindLines, Max: 2000},
	}
}

func staff(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	var roles []core.Role
	for _, r := range core.RoleNames() {
		roles = append(roles, core.Role(r.Value))
	}
	us, err := user.Holders(ctx, tx, core.ProjectOf(ctx).ID, roles...)
	out := []core.Choice{}
	for _, u := range us {
		out = append(out, core.Choice{Value: u.ID.String(), Label: core.Text{ZH: u.Name, EN: u.Name}})
	}
	return map[string][]core.Choice{"users": out}, err
}

func schedules() register.Register[Schedule] {
	state := func(on bool) func(context.Context, db.Tx, core.ID) error {
		return func(ctx context.Context, tx db.Tx, id core.ID) error {
			s, err := getSchedule(ctx, tx, id)
			if err == nil {
				err = canTurn(s, on)
			}
			return err
		}
	}
	set := func(name string, label core.Text, isNew bool) register.Verber {
		return register.Verb[Schedule]{Name: name, New: isNew, Primary: true, Label: label, Roles: writers(), Fields: scheduleFields(), Choices: staff,
			Fill: func(ctx context.Context, tx db.Tx, id core.ID, s *Schedule) (err error) {
				if isNew {
					s.Kind, s.Day, s.Clock, s.Lang = Weekly, 1, "08:30", string(core.ZH)
					return nil
				}
				*s, err = getSchedule(ctx, tx, id)
				return err
			}, Do: SetSchedule}
	}
	return register.Register[Schedule]{Kind: ScheduleKind, Viewers: append(writers(), core.GM), Columns: []string{"kind", "day", "clock", "active", "next"},
		Fields: append(scheduleFields(), core.Field[Schedule]{Name: "active", Label: core.T("执行中", "Active"), Ptr: func(s *Schedule) any { return &s.Active }}, core.Field[Schedule]{Name: "next", Label: core.T("下次发送", "Next"), Ptr: func(s *Schedule) any { return &s.Next }}),
		ID:     func(s *Schedule) core.ID { return s.ID }, Version: func(s *Schedule) int64 { return s.Version }, Topic: "report",
		Find: func(ctx context.Context, tx db.Tx, _ register.Query) ([]Schedule, error) {
			ss, err := db.All(ctx, tx, (*Schedule).dest, scheduleSelect+"order by active desc, next_at, id", core.ProjectOf(ctx).ID)
			for i := range ss {
				if err == nil {
					ss[i], err = ss[i].opened(ctx, tx)
				}
			}
			return ss, err
		}, Get: getSchedule, Row: scheduleRow, Record: scheduleRecord,
		Verbs: []register.Verber{set("new", core.T("新增定时发送", "Schedule a report"), true), set("edit", core.T("修改", "Change"), false),
			register.Verb[struct{}]{Name: "run", Label: core.T("立即发送", "Send now"), Why: core.T("发送上一期,不影响定时", "Sends the last period, besides the schedule"), Roles: writers(), Do: doing(RunNow), Said: core.T("正在发送", "It is being sent")},
			register.Verb[struct{}]{Name: "pause", Label: core.T("暂停", "Pause"), Roles: writers(), Can: state(false), Do: doing(Pause)}, register.Verb[struct{}]{Name: "resume", Label: core.T("恢复", "Resume"), Roles: writers(), Can: state(true), Do: doing(Resume)}}}
}

func routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /p/{project}/report/preview", Perm: "report.view", Handle: previewPage},
		{Pattern: "GET /p/{project}/report/{id}/edit", Perm: "report.edit", Handle: editPage},
		{Pattern: "GET /p/{project}/report/{id}/records", Perm: "report.view", Handle: recordsPage},
		{Pattern: "GET /p/{project}/report/{id}/report.pdf", Perm: "report.view", Handle: download("pdf")},
		{Pattern: "GET /p/{project}/report/{id}/report.xlsx", Perm: "report.view", Handle: download("xlsx")},
		{Pattern: "GET /p/{project}/report/{id}/paper.pdf", Perm: "report.view", Handle: paperList},
		{Pattern: "GET /report-view/{place}/{token}", Perm: web.Public, Before: opened, Handle: publicPage},
		{Pattern: "GET /report-view/{place}/{token}/report.pdf", Perm: web.Public, Handle: publicPDF},
	}
}
