package visit

import (
	"context"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// What is taken down at a visit or a meeting.
const (
	Opinion = "opinion" // 意见: answered (D5.3)
	Promise = "promise" // 我方承诺: carried out and followed up (C2.3)
	Theirs  = "theirs"  // 客户承诺: kept or broken
	Request = "request" // 大会要求和建议: answered (C19.4)
)

// The states of such a matter.
const (
	ItemOpen = "open"
	Answered = "answered"
	Kept     = "kept" // carried out, to be followed up
	Closed   = "closed"
	Broken   = "broken"
)

// Item is an opinion, a promise or a request, with its term.
type Item struct {
	Ref          core.Ref
	Version      int64
	Number       string // the visit's or the meeting's
	Sort         string
	Visit        core.ID
	Meeting      core.ID
	Customer     core.ID
	CustomerName core.Personal
	What         string
	Due          core.Date
	Owner        core.ID
	OwnerName    string
	State        string
	Open         bool
	Month        core.Month
	Round        int64
	Result       string
	Told         string // how the customer was told
	Done         time.Time
	Followed     time.Time
	Satisfied    string
	Comment      string

	until time.Time // where the term and not a day was counted: its end, at office closing
}

func (i *Item) cells() []db.Cell {
	return []db.Cell{{Name: "number", Ptr: &i.Number}, {Name: "sort", Ptr: &i.Sort}, {Name: "visit_id", Ptr: &i.Visit}, {Name: "meeting_id", Ptr: &i.Meeting}, {Name: "customer_id", Ptr: &i.Customer}, {Name: "customer_name", Ptr: &i.CustomerName},
		{Name: "what", Ptr: &i.What}, {Name: "due_day", Ptr: &i.Due}, {Name: "owner_id", Ptr: &i.Owner}, {Name: "owner", Ptr: &i.OwnerName}, {Name: "state", Ptr: &i.State}, {Name: "open", Ptr: &i.Open}, {Name: "month", Ptr: &i.Month},
		{Name: "round", Ptr: &i.Round}, {Name: "result", Ptr: &i.Result}, {Name: "told", Ptr: &i.Told}, {Name: "done_at", Ptr: &i.Done}, {Name: "followed_at", Ptr: &i.Followed}, {Name: "satisfied", Ptr: &i.Satisfied}, {Name: "comment", Ptr: &i.Comment}}
}

func (i *Item) dest() []any { return db.CellDest(&i.Ref, &i.Version, i.cells()) }

// ItemKind is the register of what was promised and asked.
func ItemKind() register.Kind {
	return register.Kind{Name: "promise", Plural: "promises", Label: core.T("承诺与意见", "Promises and opinions"), Table: "visit_item", Choices: map[string][]core.Choice{"sort": ItemSorts()}, Events: map[string]core.Text{
		"raised": core.T("登记{sort}:{what}", "taken down as {sort}: {what}"), "answered": core.T("答复:{text}", "answered: {text}"), "kept": core.T("落实:{text}", "carried out: {text}"), "followed": core.T("回访,客户认可", "followed up: the customer is content"),
		"again": core.T("回访,客户不认可,{due} 前重新落实:{text}", "followed up, not content: again by {due}: {text}"), "closed": core.T("客户已兑现:{text}", "the customer kept it: {text}"), "broken": core.T("客户未兑现:{text}", "the customer broke it: {text}")}}
}

// ItemSorts are the sorts of matter.
func ItemSorts() []core.Choice {
	return []core.Choice{{Value: Opinion, Label: core.T("客户意见", "Opinion")}, {Value: Promise, Label: core.T("我方承诺", "Our promise")}, {Value: Theirs, Label: core.T("客户承诺", "Customer's promise")}, {Value: Request, Label: core.T("大会建议", "Request at a meeting")}}
}

func itemStates() []core.Choice {
	return []core.Choice{{Value: ItemOpen, Label: core.T("待办", "Open")}, {Value: Answered, Label: core.T("已答复", "Answered")}, {Value: Kept, Label: core.T("待回访", "To be followed up")}, {Value: Closed, Label: core.T("已办结", "Closed")}, {Value: Broken, Label: core.T("未兑现", "Broken")}}
}

const itemsFrom = " from visit_item where project_id = $1 and "

func itemColumns() string { return db.CellNames(new(Item).cells()) }

// GetItem reads one matter of the request's project.
func GetItem(ctx context.Context, tx db.Tx, id core.ID) (Item, error) {
	i, err := db.One(ctx, tx, (*Item).dest, "select "+itemColumns()+itemsFrom+"id = $2", core.ProjectOf(ctx).ID, id)
	i.Ref.Kind = "promise"
	return i, err
}

// ItemsOf are the matters of a visit or a meeting, the oldest first.
func ItemsOf(ctx context.Context, tx db.Tx, visit, meeting core.ID) ([]Item, error) {
	if visit != 0 {
		return items(ctx, tx, "visit_id = $2 order by id", visit)
	}
	return items(ctx, tx, "meeting_id = $2 order by id", meeting)
}

func items(ctx context.Context, tx db.Tx, where string, args ...any) ([]Item, error) {
	is, err := db.All(ctx, tx, (*Item).dest, "select "+itemColumns()+itemsFrom+where, append([]any{core.ProjectOf(ctx).ID}, args...)...)
	for k := range is {
		is[k].Ref.Kind = "promise"
	}
	return is, err
}

// raise takes a matter down and opens its term: an opinion's by D5.3, a promise's and a request's by their own day.
func raise(ctx context.Context, tx db.Tx, i Item) (core.ID, error) {
	if !core.Filled(i.What) {
		return 0, core.Invalid("what", "请写明内容", "Say what it is")
	}
	i.Ref, i.Version, i.State, i.Open, i.Round, i.Month = core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "promise", ID: tx.NewID()}, 1, ItemOpen, true, 1, core.Today(ctx).Month()
	if err := i.term(ctx, tx); err != nil {
		return 0, err
	}
	if err := db.InsertCells(ctx, tx, "visit_item", i.Ref, i.cells()); err != nil {
		return 0, err
	}
	if err := i.owe(ctx, tx); err != nil {
		return 0, err
	}
	tx.Publish(Topic(i.Ref.Project))
	return i.Ref.ID, journal.Add(ctx, tx, i.Ref, "raised", map[string]string{"sort": i.Sort, "what": i.What}, journal.For(i.Customer))
}

// clause is the clause under which the matter is owed; the customer's own promise is not ours to keep.
func (i Item) clause() string {
	return map[string]string{Opinion: "D5.3", Promise: "C2.3", Request: "C19.4"}[i.Sort]
}

// term completes the day: a promise names its own (C2.3), an opinion has D5.3's term.
func (i *Item) term(ctx context.Context, tx db.Tx) error {
	if i.Sort == Promise {
		if err := regulation.Require(ctx, tx, "C2.3", i.Due != "", "每项承诺都要有期限", "Every promise has its day"); err != nil {
			return err
		}
	}
	if i.Due != "" {
		return nil
	}
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	clock, err := duty.Clock(ctx, tx, rules)
	i.until = clock.Due(core.Now(ctx), rules.Span("D5.3", "reply"), "")
	i.Due = core.DateOf(i.until.Add(-time.Microsecond), core.ProjectOf(ctx).Zone)
	return err
}

func (i Item) owe(ctx context.Context, tx db.Tx) error {
	if i.clause() == "" {
		return nil
	}
	clock, err := clockOf(ctx, tx)
	if err != nil {
		return err
	}
	due := clock.EndOf(i.Due) // a day that was named lasts to its end
	if !i.until.IsZero() {
		due = i.until
	}
	opts := []duty.Option{duty.Due(due), duty.To(i.Owner), duty.Again(), duty.About(core.T("%s:%s", "%s: %s", core.Label(ItemSorts(), i.Sort), short(i.What)), ItemKind().Href(ctx, i.Ref.ID))}
	if i.Sort == Opinion {
		opts = append(opts, duty.Number("reply"))
	}
	return duty.Open(ctx, tx, i.clause(), i.Ref, opts...)
}

// short is the beginning of a text.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// step is a matter's frame.
func step(ctx context.Context, tx db.Tx, id core.ID, check func(Item) error, verb string, payload any, fn func(*Item) error) error {
	i, err := db.One(ctx, tx, (*Item).dest, db.Locked(tx, "select "+itemColumns()+itemsFrom+"id = $2"), core.ProjectOf(ctx).ID, id)
	i.Ref.Kind = "promise"
	if err == nil {
		err = check(i)
	}
	if err == nil {
		err = fn(&i)
	}
	if err == nil {
		err = db.UpdateCells(ctx, tx, "visit_item", i.Ref, i.Version, i.cells())
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(i.Ref.Project))
	return journal.Add(ctx, tx, i.Ref, verb, payload, journal.For(i.Customer))
}

func itemIn(i Item, state string, sorts ...string) error {
	if !slices.Contains(sorts, i.Sort) {
		return register.Later("不是这一类事项", "It is not that sort of matter")
	}
	if i.State != state {
		return register.Later("现在的状态是「%s」", "It is “%s” now", core.Label(itemStates(), i.State))
	}
	return nil
}

// Answer is what a customer is told about his opinion.
type Answer struct {
	Text string
	How  string
}

func canAnswer(i Item) error { return itemIn(i, ItemOpen, Opinion, Request) }

// AnswerItem answers an opinion (D5.3) or a meeting's request (C19.4).
func AnswerItem(ctx context.Context, tx db.Tx, id core.ID, a Answer) error {
	return step(ctx, tx, id, canAnswer, "answered", map[string]string{"text": a.Text, "how": a.How}, func(i *Item) error {
		i.State, i.Open, i.Result, i.Told, i.Done = Answered, false, a.Text, a.How, core.Now(ctx)
		return duty.Done(ctx, tx, i.clause(), i.Ref)
	})
}

func canKeep(i Item) error { return itemIn(i, ItemOpen, Promise) }

// Keep says that a promise of ours was carried out; the customer is to be asked (C2.3).
func Keep(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return step(ctx, tx, id, canKeep, "kept", map[string]string{"text": w.Text}, func(i *Item) error {
		i.State, i.Result, i.Done = Kept, w.Text, core.Now(ctx)
		if err := duty.Done(ctx, tx, "C2.3", i.Ref); err != nil {
			return err
		}
		return duty.Open(ctx, tx, "C2.3", i.Ref, duty.Number("follow"), duty.To(i.Owner), duty.Again(), duty.About(core.T("回访承诺的落实:%s", "Follow up a promise: %s", short(i.What)), ItemKind().Href(ctx, id)))
	})
}

// Echo is what the customer says of a promise that was carried out.
type Echo struct {
	Satisfied bool
	Comment   string
	Due       core.Date // the new day, when he is not content
}

func canFollow(i Item) error { return itemIn(i, Kept, Promise) }

// FollowUp asks the customer whether a promise was kept; if not, it is owed again by a new day (C2.3).
func FollowUp(ctx context.Context, tx db.Tx, id core.ID, e Echo) error {
	verb := "followed"
	if !e.Satisfied {
		verb = "again"
	}
	return step(ctx, tx, id, canFollow, verb, map[string]string{"text": e.Comment, "due": string(e.Due)}, func(i *Item) error {
		i.Followed, i.Comment, i.Satisfied = core.Now(ctx), e.Comment, "yes"
		if err := duty.Done(ctx, tx, "C2.3", i.Ref); err != nil {
			return err
		}
		if e.Satisfied {
			i.State, i.Open = Closed, false
			return nil
		}
		i.State, i.Satisfied, i.Due = ItemOpen, "no", e.Due
		i.Round++
		if err := i.term(ctx, tx); err != nil {
			return err
		}
		return i.owe(ctx, tx)
	})
}

// Verdict says whether the customer kept his own promise.
type Verdict struct {
	Kept bool
	Text string
}

func canJudge(i Item) error { return itemIn(i, ItemOpen, Theirs) }

// Judge records whether the customer kept what he had promised; a broken promise is a sign for the early warning.
func Judge(ctx context.Context, tx db.Tx, id core.ID, v Verdict) error {
	verb := Closed
	if !v.Kept {
		verb = Broken
	}
	return step(ctx, tx, id, canJudge, verb, map[string]string{"text": v.Text}, func(i *Item) error {
		i.State, i.Open, i.Result, i.Done = verb, false, v.Text, core.Now(ctx)
		return nil
	})
}

// Addition is a matter that was left out of the record.
type Addition struct {
	Sort string
	What string
	Due  core.Date
}

func canAdd(_ context.Context, _ db.Tx, v Visit) error { return in(v, Visited, Recorded) }

// Add takes down a further opinion or promise of a visit.
func Add(ctx context.Context, tx db.Tx, id core.ID, a Addition) error {
	return change(ctx, tx, id, canAdd, "added", map[string]string{"sort": a.Sort, "what": a.What}, func(v *Visit) error {
		_, err := raise(ctx, tx, Item{Sort: a.Sort, Visit: v.Ref.ID, Customer: v.Customer, CustomerName: v.CustomerName, What: a.What, Due: a.Due, Owner: v.Visitor, OwnerName: v.VisitorName, Number: v.Number})
		return err
	})
}

func findItems(ctx context.Context, tx db.Tx, q register.Query) ([]Item, error) {
	c := inProject(ctx)
	state := q.Filter["state"]
	switch state {
	case "":
		c.Conds = append(c.Conds, "open")
	case "all":
	default:
		c.Add("state = ?", state)
	}
	if v := q.Filter["sort"]; v != "" {
		c.Add("sort = ?", v)
	}
	if q.Filter["mine"] == "mine" {
		c.Add("owner_id = ?", core.ActorOf(ctx).ID)
	}
	if q.Filter["late"] == "late" {
		c.Add("open and due_day < ?", core.Today(ctx))
	}
	order, sign := "due_day, id", ">"
	if state != "" {
		order, sign = "due_day desc, id desc", "<"
	}
	if q.After != "" {
		if err := afterDay(&c, q.After, sign); err != nil {
			return nil, err
		}
		c.Conds[len(c.Conds)-1] = "(due_day" + c.Conds[len(c.Conds)-1][len("(day"):]
	}
	is, err := db.All(ctx, tx, (*Item).dest, "select "+itemColumns()+" from visit_item where "+c.Then(order, q.Limit), c.Args...)
	for k := range is {
		is[k].Ref.Kind = "promise"
	}
	return is, err
}

// itemChecked turns a matter's check into a verb's; what is not its turn has no button.
func itemChecked(verb string, check func(Item) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		i, err := GetItem(ctx, tx, id)
		if err == nil {
			err = check(i)
		}
		if !tx.Writing() && register.IsLater(err) {
			return core.Forbidden("promise." + verb)
		}
		return err
	}
}

func itemFields() []core.Field[Item] {
	f := func(name, zh, en string, ptr func(*Item) any, choices ...core.Choice) core.Field[Item] {
		return core.Field[Item]{Name: name, Label: core.T(zh, en), Ptr: ptr, Choices: choices}
	}
	return []core.Field[Item]{f("number", "来源", "From", func(i *Item) any { return &i.Number }), f("sort", "种类", "Sort", func(i *Item) any { return &i.Sort }, ItemSorts()...), f("customer_name", "客户", "Customer", func(i *Item) any { return &i.CustomerName }),
		f("what", "内容", "What", func(i *Item) any { return &i.What }), f("due", "期限", "Due", func(i *Item) any { return &i.Due }), f("owner", "责任人", "Owed by", func(i *Item) any { return &i.OwnerName }), f("state", "状态", "State", func(i *Item) any { return &i.State }, itemStates()...),
		f("result", "答复或落实", "Answer or result", func(i *Item) any { return &i.Result }), f("told", "告知方式", "Told how", func(i *Item) any { return &i.Told }), f("done_at", "办理时间", "Done", func(i *Item) any { return &i.Done }),
		f("followed_at", "回访时间", "Followed up", func(i *Item) any { return &i.Followed }), f("comment", "客户意见", "Customer's comment", func(i *Item) any { return &i.Comment }), f("round", "轮次", "Round", func(i *Item) any { return &i.Round })}
}

func itemRow(ctx context.Context, i *Item) ui.Row {
	r := ui.Row{Cells: []ui.Cell{{Text: short(i.What), Href: ItemKind().Href(ctx, i.Ref.ID)}, {Text: core.Label(ItemSorts(), i.Sort).Say(ctx)}, {Text: string(i.CustomerName)}, {Text: string(i.Due)}, {Text: i.OwnerName},
		{Body: ui.Pill(itemTone(*i), core.Label(itemStates(), i.State))}, {Text: i.Number}}}
	if i.Open && i.Due < core.Today(ctx) {
		r.Tone = ui.Late
	}
	return r
}

func itemTone(i Item) ui.Tone {
	switch i.State {
	case Answered, Closed:
		return ui.OK
	case Broken:
		return ui.Late
	case Kept:
		return ui.Warn
	}
	return ui.Run
}

func itemColumnNames() []string {
	return []string{"what", "sort", "customer_name", "due", "owner", "state", "number"}
}
