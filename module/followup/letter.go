package followup

import (
	"context"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/print"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
)

// Letter is an open letter (公开信): one answer to the many whom one matter concerns (C14.9).
type Letter struct {
	ID       core.ID
	Version  int64
	Number   string
	Title    string
	Body     string
	Posted   string // where it hangs
	Day      core.Date
	Writer   string
	Answered int64 // how many follow-ups it answers
	Items    []string
}

func (l *Letter) dest() []any {
	return []any{&l.ID, &l.Version, &l.Number, &l.Title, &l.Body, &l.Posted, &l.Day, &l.Writer, &l.Answered}
}

const letterSelect = "select id, version, number, title, body, posted, day, writer, answered from followup_letter where project_id = $1 "

var letterKind = register.Kind{Name: "open-letter", Plural: "open-letters", Label: core.T("公开信", "Open letters"), Table: "followup_letter",
	Events: map[string]core.Text{"issued": core.T("公开信 {title},答复 {count} 件", "issued {title}, which answers {count}")}}

// GetLetter reads an open letter.
func GetLetter(ctx context.Context, tx db.Tx, id core.ID) (Letter, error) {
	return db.One(ctx, tx, (*Letter).dest, letterSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
}

// answeredBy are the follow-ups that a letter answers.
func answeredBy(ctx context.Context, tx db.Tx, id core.ID) ([]Item, error) {
	return list(ctx, tx, "project_id = $1 and letter_id = $2 order by id", core.ProjectOf(ctx).ID, id)
}

// Issue answers the chosen follow-ups by an open letter, which goes into the follow-up file (C14.9): one matter of several
// customers.
func Issue(ctx context.Context, tx db.Tx, in Letter) (core.ID, error) {
	p := core.ProjectOf(ctx)
	slices.Sort(in.Items)
	in.Items = slices.Compact(in.Items)
	in.ID, in.Writer, in.Day, in.Answered = tx.NewID(), core.ActorOf(ctx).Name, core.Today(ctx), int64(len(in.Items))
	customers := map[string]bool{}
	items := make([]Item, len(in.Items))
	for k, text := range in.Items {
		id, err := core.ParseID(text)
		if err != nil {
			return 0, core.Invalid("items", "没有这件回访", "There is no such follow-up")
		}
		if items[k], err = lock(ctx, tx, id); err != nil {
			return 0, err
		}
		if err := checkLettered(ctx, tx, items[k]); err != nil {
			return 0, err
		}
		customers[items[k].Customer.String()+items[k].who()] = true
	}
	if err := regulation.Require(ctx, tx, "C14.9", len(customers) > 1, "公开信用于同一问题涉及多户;只有一户的请单独回访", "An open letter is for a matter of several customers; a single one is followed up himself"); err != nil {
		return 0, err
	}
	var err error
	if in.Number, err = db.NextNumber(ctx, tx, p.ID, "GKX", in.Day.Month()); err != nil {
		return 0, err
	}
	if _, err := db.Exec(ctx, tx, `insert into followup_letter (project_id, id, created_at, created_by, changed_at, changed_by, number, title, body, posted, day, writer, answered) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11)`,
		p.ID, in.ID, core.Now(ctx), core.ActorOf(ctx).ID, in.Number, in.Title, in.Body, in.Posted, in.Day, in.Writer, in.Answered); err != nil {
		return 0, err
	}
	for _, i := range items {
		if err := byLetter(ctx, tx, i, in); err != nil {
			return 0, err
		}
	}
	return in.ID, journal.Add(ctx, tx, letterKind.Ref(ctx, in.ID), "issued", map[string]any{"title": in.Title, "count": core.ID(in.Answered).String()})
}

func checkLettered(ctx context.Context, tx db.Tx, i Item) error {
	if err := readable(ctx, tx, i); err != nil {
		return err
	}
	return in(i, StateDue)
}

// byLetter closes one follow-up as answered by the letter.
func byLetter(ctx context.Context, tx db.Tx, i Item, l Letter) error {
	a, now := core.ActorOf(ctx), core.Now(ctx)
	i.State, i.Open, i.Letter, i.Outcome = StateLetter, false, l.ID, l.Title
	i.Held, i.HeldBy, i.HeldName, i.HeldMonth, i.Late = now, a.ID, a.Name, core.MonthOf(now, core.ProjectOf(ctx).Zone), now.After(i.Due)
	if err := duty.Done(ctx, tx, i.Clause, i.Ref); err != nil {
		return err
	}
	if err := followed(ctx, tx, i); err != nil {
		return err
	}
	return told(ctx, tx, i, "lettered", map[string]string{"letter": l.Number})
}

func letterFields() []core.Field[Letter] {
	return []core.Field[Letter]{
		{Name: "title", Label: core.T("标题", "Title"), Ptr: func(l *Letter) any { return &l.Title }, Required: true, Max: 120},
		{Name: "body", Label: core.T("内容", "Text"), Ptr: func(l *Letter) any { return &l.Body }, Kind: core.KindLines, Required: true, Max: 8000},
		{Name: "posted", Label: core.T("张贴或发送在哪里", "Where it is put up or sent"), Ptr: func(l *Letter) any { return &l.Posted }, Max: 200}}
}

func letters() register.Register[Letter] {
	chosen := core.Field[Letter]{Name: "items", Label: core.T("答复哪些回访", "Which follow-ups it answers"), Ptr: func(l *Letter) any { return &l.Items }, Kind: core.KindChoices, Required: true, Max: 200}
	number := core.Field[Letter]{Name: "number", Label: core.T("编号", "Number"), Ptr: func(l *Letter) any { return &l.Number }}
	more := []core.Field[Letter]{{Name: "day", Label: core.T("日期", "Day"), Ptr: func(l *Letter) any { return &l.Day }}, {Name: "answered", Label: core.T("答复件数", "Answers"), Ptr: func(l *Letter) any { return &l.Answered }},
		{Name: "writer", Label: core.T("拟稿人", "Written by"), Ptr: func(l *Letter) any { return &l.Writer }}}
	return register.Register[Letter]{Kind: letterKind, Viewers: readers(), Export: heads(), Columns: []string{"number", "day", "title", "answered", "posted", "writer"}, Fields: append(append([]core.Field[Letter]{number}, letterFields()...), more...),
		ID: func(l *Letter) core.ID { return l.ID }, Version: func(l *Letter) int64 { return l.Version }, Get: GetLetter, Record: letterRecord,
		Cursor: func(l *Letter) string { return string(l.Day) + "." + l.ID.String() },
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]Letter, error) {
			return paged(ctx, tx, (*Letter).dest, letterSelect, "day", q)
		},
		Verbs: []register.Verber{register.Verb[Letter]{Name: "new", New: true, Primary: true, Label: core.T("写公开信", "Write an open letter"), Roles: heads(), Clause: "C14.9", Fields: append(letterFields(), chosen),
			Choices: func(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
				is, err := Waiting(ctx, tx)
				return map[string][]core.Choice{"items": itemChoices(ctx, is)}, err
			},
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Letter) (core.ID, error) { return Issue(ctx, tx, in) }}}}
}

// Waiting are the open follow-ups, the most urgent first, 200 at most; the person complained of does not see his.
func Waiting(ctx context.Context, tx db.Tx) ([]Item, error) {
	c := db.Where{Conds: []string{"project_id = $1", "open"}, Args: []any{core.ProjectOf(ctx).ID}}
	if err := notAgainstMe(ctx, tx, &c); err != nil {
		return nil, err
	}
	return list(ctx, tx, c.String()+" order by due_at, id limit 200", c.Args...)
}

// letterPDF is the letter as it hangs on the board.
func letterPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	l, err := GetLetter(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	d := print.New(print.A4, core.LangOf(ctx))
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: l.Title, Number: l.Number})
	d.Letter(l.Body)
	d.Line(core.ProjectOf(ctx).Name, print.Right)
	d.Line(string(l.Day), print.Right)
	b, err := d.Bytes()
	if b == nil {
		return nil, err
	}
	return web.Download{Name: l.Number + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
}
