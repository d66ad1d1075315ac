package repair

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/module/user"
	"huiyin/sheet"
)

// entry is one row of 报修投诉登记 as it is taken.
type entry struct {
	Repair   bool         `json:"repair"`
	Kind     string       `json:"kind"` // of the desk, when no repair
	OfficeNo string       `json:"office_no"`
	At       time.Time    `json:"at"`
	Unit     string       `json:"unit"`
	Place    string       `json:"place"`
	Name     string       `json:"name"`
	Reporter string       `json:"reporter"`
	Phones   []core.Phone `json:"phones"`
	Content  string       `json:"content"`
	Handler  string       `json:"handler"`
	Done     time.Time    `json:"done"`
	Result   string       `json:"result"`
	Followup string       `json:"followup"`
}

func (e entry) closed() bool {
	return !e.Done.IsZero() || strings.Contains(e.Result, "已") && !strings.Contains(e.Result, "未")
}

func (e entry) phone() core.Phone {
	if len(e.Phones) > 0 {
		return e.Phones[0]
	}
	return ""
}

// importer takes over 报修投诉登记: repairs become orders, everything else a matter of the desk.
func importer() sheet.Importer {
	return sheet.Importer{Layout: "matters", Order: 60, Key: core.T("单元 + 时间 + 内容", "unit + time + content"), Stage: stage, Apply: apply,
		Count: func(c *sheet.Counts, rows []sheet.Staged) { c.Matters += len(rows) }}
}

func stage(ctx context.Context, tx db.Tx, rows []sheet.ImportRow, _ *sheet.Batch) ([]sheet.Staged, []sheet.Problem, error) {
	have, err := imported(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	var out []sheet.Staged
	var problems []sheet.Problem
	seen := map[string]bool{}
	for _, r := range rows {
		e, found := parse(ctx, r)
		problems = append(problems, found...)
		s := sheet.Staged{ImportRow: r, Key: e.key(), State: sheet.New, Data: core.JSON(e)}
		switch old, ok := have[s.Key]; {
		case e.At.IsZero() || e.Content == "":
			s.State = sheet.Refused
		case seen[s.Key]:
			s.State = sheet.Refused
			problems = append(problems, problem(r, "content", sheet.SeverityRow, core.T("与上面一行的单元、时间、内容都相同", "the same unit, time and content stand in a row above")))
		case ok:
			s.Record, s.Version, s.State = old.ID, old.Version, sheet.Unchanged
			if old.Print != s.Data {
				s.State, s.Changes = sheet.Changed, changes(old.Print, e)
			}
		}
		seen[s.Key] = true
		out = append(out, s)
	}
	return out, problems, nil
}

func (e entry) key() string {
	return estate.Key(e.Unit) + "|" + e.At.UTC().Format(time.RFC3339) + "|" + e.Content
}

func problem(r sheet.ImportRow, column, severity string, why core.Text) sheet.Problem {
	return sheet.Problem{Sheet: r.Sheet, Row: r.Row, Column: column, Message: why, Severity: severity}
}

// parse reads a row; what it cannot read is said, and kept as written where it can be.
func parse(ctx context.Context, r sheet.ImportRow) (entry, []sheet.Problem) {
	var problems []sheet.Problem
	year := core.Today(ctx).Time(time.UTC).Year()
	if len(r.Period) >= 4 {
		if d, err := core.ParseMonth((r.Period + "-01")[:7]); err == nil {
			year = d.First().Time(time.UTC).Year()
		}
	}
	when := func(field string, severity string) time.Time {
		text := strings.TrimSpace(r.Cells[field])
		if text == "" {
			return time.Time{}
		}
		t, _, ok, why := sheet.ParseTime(sheet.TextCell(text), year, core.ProjectOf(ctx).Zone)
		if !ok {
			problems = append(problems, problem(r, field, severity, why))
			return time.Time{}
		}
		return t.UTC()
	}
	e := entry{OfficeNo: r.Cells["seq"], At: when("time", sheet.SeverityRow), Name: r.Cells["name"], Reporter: r.Cells["reporter"], Content: strings.TrimSpace(r.Cells["content"]),
		Handler: strings.TrimSpace(r.Cells["handler"]), Done: when("done_time", sheet.SeverityGap), Result: r.Cells["result"], Followup: r.Cells["followup"]}
	if e.Content == "" {
		problems = append(problems, problem(r, "content", sheet.SeverityRow, core.T("没有写内容", "there is no content")))
	}
	if e.At.IsZero() && r.Cells["time"] == "" {
		problems = append(problems, problem(r, "time", sheet.SeverityRow, core.T("没有写时间", "there is no time")))
	}
	if text := r.Cells["unit"]; text != "" {
		u, ok, why := sheet.ParseUnit(text, r.Cells["building"])
		e.Unit = u.Code
		if !ok {
			e.Unit, e.Place = "", text
			problems = append(problems, problem(r, "unit", sheet.SeverityGap, why))
		}
	}
	if text := r.Cells["phone"]; text != "" {
		phones, ok, why := sheet.ParsePhones(sheet.TextCell(text))
		e.Phones = phones
		if !ok {
			problems = append(problems, problem(r, "phone", sheet.SeverityGap, why))
		}
	}
	e.Repair, e.Kind = category(r.Cells["category"], e.Content)
	return e, problems
}

// category sorts a row by its words; a row without a category is a repair when its content speaks of a trade.
func category(word, content string) (repair bool, kind string) {
	switch {
	case strings.Contains(word, "投诉"):
		return false, desk.Complaint
	case strings.Contains(word, "建议"):
		return false, desk.Suggestion
	case strings.Contains(word, "表扬"):
		return false, desk.Praise
	case strings.Contains(word, "咨询"), strings.Contains(word, "求助"):
		return false, desk.Enquiry
	case strings.Contains(word, "修"):
		return true, ""
	case word == "" && ProposeTrade(content) != "other":
		return true, ""
	}
	return false, desk.Enquiry
}

// imported are the imported orders and matters, by key; the print is the row as it was taken.
func imported(ctx context.Context, tx db.Tx) (map[string]desk.Imported, error) {
	out, err := desk.ImportedMatters(ctx, tx)
	if err != nil {
		return nil, err
	}
	orders, err := importedOrders(ctx, tx)
	for _, o := range orders {
		out[o.Key] = o
	}
	return out, err
}

func changes(print string, now entry) []sheet.Change {
	var was entry
	if json.Unmarshal([]byte(print), &was) != nil {
		return nil
	}
	var out []sheet.Change
	add := func(zh, en, a, b string) {
		if a != b {
			out = append(out, sheet.Change{Field: core.T(zh, en), Old: a, New: b})
		}
	}
	add("类别", "Category", was.Kind, now.Kind)
	add("报修/投诉人", "Reported by", was.Reporter, now.Reporter)
	add("电话", "Telephone", was.phone().Mask(), now.phone().Mask())
	add("处理人", "Handler", was.Handler, now.Handler)
	add("完成时间", "Done", stamped(was.Done), stamped(now.Done))
	add("处理结果", "Result", was.Result, now.Result)
	add("回访", "Follow-up", was.Followup, now.Followup)
	return out
}

func stamped(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// writer applies rows; units and customers are looked up together before, handlers once each.
type writer struct {
	units    map[string]estate.Unit // by estate.Key
	holders  map[core.ID][]customer.Match
	handlers map[string]core.ID
}

func newWriter(ctx context.Context, tx db.Tx, entries []entry) (writer, error) {
	w := writer{handlers: map[string]core.ID{}}
	codes := make([]string, len(entries))
	for i, e := range entries {
		codes[i] = e.Unit
	}
	var err error
	if w.units, err = estate.UnitsByCode(ctx, tx, codes...); err != nil {
		return w, err
	}
	w.holders, err = customer.InUnits(ctx, tx, slices.Collect(maps.Values(w.units))...)
	return w, err
}

func apply(ctx context.Context, tx db.Tx, rows []sheet.Staged, _ *sheet.Batch) error {
	entries := make([]entry, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal([]byte(r.Data), &entries[i]); err != nil {
			return err
		}
	}
	w, err := newWriter(ctx, tx, entries)
	if err != nil {
		return err
	}
	have, err := imported(ctx, tx)
	if err != nil {
		return err
	}
	for i, r := range rows {
		if r.Record != 0 && have[r.Key].Version != r.Version {
			return estate.Moved(r)
		}
		if err := w.write(ctx, tx, r, entries[i]); err != nil {
			return err
		}
	}
	tx.Publish(Topic(core.ProjectOf(ctx).ID))
	tx.Publish(desk.Topic(core.ProjectOf(ctx).ID))
	return nil
}

func (w writer) write(ctx context.Context, tx db.Tx, r sheet.Staged, e entry) error {
	u, who := w.place(e)
	handler, err := w.handler(ctx, tx, e.Handler)
	if err != nil {
		return err
	}
	if !e.Repair {
		return writeMatter(ctx, tx, r, e, u, who)
	}
	o := newOrder(ctx, tx, Intake{Customer: who.Customer, CustomerName: or(who.Name, e.Name), Unit: u.ID, UnitCode: or(u.Code, e.Unit), Place: e.Place, Contact: core.Personal(e.Reporter), Phone: e.phone(),
		Content: e.Content, Channel: "phone"})
	o.Origin, o.OfficeNo, o.At, o.Day, o.Followup = desk.OriginImport, e.OfficeNo, e.At, core.DateOf(e.At, core.ProjectOf(ctx).Zone), e.Followup
	o.Technician, o.TechnicianName, o.Result = handler, e.Handler, e.Result
	if e.closed() {
		o.State, o.Open, o.Finished, o.Signed = StateClosed, false, e.Done, e.Done
	} else if handler != 0 {
		o.State = StateDispatched
	}
	if r.Record != 0 {
		return reimportOrder(ctx, tx, r, o)
	}
	return importOrder(ctx, tx, r, o)
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// place is the unit of a row and who has it.
func (w writer) place(e entry) (u estate.Unit, who customer.Match) {
	u = w.units[estate.Key(e.Unit)]
	if holders := w.holders[u.ID]; len(holders) > 0 {
		who = holders[0]
	}
	return u, who
}

func (w writer) handler(ctx context.Context, tx db.Tx, name string) (core.ID, error) {
	if name == "" {
		return 0, nil
	}
	if id, ok := w.handlers[name]; ok {
		return id, nil
	}
	id, err := user.EnsureStaff(ctx, tx, name, core.Technician)
	w.handlers[name] = id
	return id, err
}

func writeMatter(ctx context.Context, tx db.Tx, r sheet.Staged, e entry, u estate.Unit, who customer.Match) error {
	m := desk.Matter{Kind: e.Kind, Channel: "phone", OfficeNo: e.OfficeNo, Customer: who.Customer, CustomerName: or(who.Name, e.Name), Unit: u.ID, UnitCode: or(u.Code, e.Unit), Place: e.Place,
		Contact: core.Personal(e.Reporter), Phone: e.phone(), Content: e.Content, State: desk.StateOpen, Open: true, At: e.At, Handler: e.Handler, Answer: strings.TrimSpace(e.Result + " " + e.Followup)}
	if e.closed() {
		m.State, m.Open, m.Closed, m.Answered = desk.StateClosed, false, e.Done, e.Done
	}
	if r.Record != 0 {
		return desk.Reimport(ctx, tx, r.Record, m, r.Data)
	}
	_, err := desk.Import(ctx, tx, m, r.Key, r.Data)
	return err
}

// importOrder writes the order with its history; an open one owes its duties from now on.
func importOrder(ctx context.Context, tx db.Tx, r sheet.Staged, o Order) error {
	var err error
	if o.Open {
		m := desk.Matter{Kind: "repair", Channel: o.Channel, OfficeNo: o.OfficeNo, Customer: o.Customer, CustomerName: o.CustomerName, Unit: o.Unit, UnitCode: o.UnitCode, Contact: o.Contact, Phone: o.Phone,
			Content: o.Content, State: desk.StateCarried, Open: true, At: o.At, Carried: o.Ref.ID}
		if o.Matter, err = desk.Import(ctx, tx, m, "", ""); err != nil {
			return err
		}
		if o.Level == Major {
			if err := raiseAlarm(ctx, tx, &o); err != nil {
				return err
			}
		}
		if o.Due, err = dueOf(ctx, tx, o); err != nil {
			return err
		}
	}
	if o.Number, err = db.NextNumber(ctx, tx, o.Ref.Project, "WX", o.Day.Month()); err != nil {
		return err
	}
	if err := insert(ctx, tx, o, r.Key, r.Data); err != nil {
		return err
	}
	if err := put(ctx, tx, o); err != nil {
		return err
	}
	return history(ctx, tx, o)
}

// history is what the office's book tells, at its own times and by its own people.
func history(ctx context.Context, tx db.Tx, o Order) error {
	payload := map[string]any{"content": o.Content, "contact": o.Contact, "phone": o.Phone}
	if err := journal.Add(ctx, tx, o.Ref, "taken", payload, journal.For(o.Customer), journal.At(o.At)); err != nil {
		return err
	}
	if !o.Finished.IsZero() {
		if err := journal.Add(ctx, tx, o.Ref, "finished", map[string]string{"result": o.Result}, journal.At(o.Finished), journal.By(o.Technician, o.TechnicianName)); err != nil {
			return err
		}
	}
	return journal.Add(ctx, tx, o.Ref, "imported", nil)
}

// reimportOrder takes over what an edited row says now.
func reimportOrder(ctx context.Context, tx db.Tx, r sheet.Staged, n Order) error {
	o, err := lock(ctx, tx, r.Record)
	if err != nil {
		return err
	}
	wasOpen := o.Open
	o.Contact, o.Phone, o.Technician, o.TechnicianName, o.Result = n.Contact, n.Phone, n.Technician, n.TechnicianName, n.Result
	if wasOpen && !n.Open {
		o.State, o.Open, o.Finished, o.Signed = n.State, false, n.Finished, n.Signed
		if err := duty.VoidAll(ctx, tx, o.Ref, "导入的台账显示已办结"); err != nil {
			return err
		}
		if err := desk.Settle(ctx, tx, o.Matter, n.Result); err != nil {
			return err
		}
	}
	if err := save(ctx, tx, o); err != nil {
		return err
	}
	if err := setPrint(ctx, tx, o.Ref, n.Followup, r.Data); err != nil {
		return err
	}
	return journal.Add(ctx, tx, o.Ref, "imported", nil)
}
