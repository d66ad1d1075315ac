package survey

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/register"
)

// Limits of a questionnaire.
const (
	questionsMax = 60
	optionsMax   = 20
)

// Form is a questionnaire (问卷). What was sent out is sealed: it is copied to be changed.
type Form struct {
	Ref       core.Ref
	Version   int64
	Kind      string
	Title     core.Text
	Intro     core.Text
	Questions []Question
	Sealed    bool
	Copied    core.ID
	raw       string
}

func (f *Form) dest() []any {
	return []any{&f.Ref.Project, &f.Ref.ID, &f.Version, &f.Kind, &f.Title.ZH, &f.Title.EN, &f.Intro.ZH, &f.Intro.EN, &f.raw, &f.Sealed, &f.Copied}
}

const formColumns = "project_id, id, version, kind, title, title_en, intro, intro_en, questions, sealed, copied_from"

// Content is the questionnaire as it is sent.
func (f Form) Content() Content { return Content{f.Title, f.Intro, f.Questions} }

// FormKind is the register of questionnaires.
func FormKind() register.Kind {
	return register.Kind{Name: "questionnaire", Plural: "questionnaires", Label: core.T("问卷", "Questionnaires"), Table: "survey_form", Choices: map[string][]core.Choice{"kind": QuestionKinds()},
		About: func(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
			f, err := GetForm(ctx, tx, id)
			return f.Title, err
		}, Events: map[string]core.Text{"made": core.T("新建问卷:{title}", "made the questionnaire: {title}"), "copied": core.T("复制自「{from}」", "copied from “{from}”"), "edited": core.T("修改标题和说明", "changed title and introduction"),
			"question-added": core.T("加题({kind}):{text}", "added a question ({kind}): {text}"), "question-changed": core.T("改题:{text}", "changed a question: {text}"), "question-moved": core.T("移动:{text}", "moved: {text}"),
			"question-dropped": core.T("删题:{text}", "dropped: {text}"), "sealed": core.T("已发出,不再修改", "sent out; it is not changed any more")}}
}

// GetForm reads one questionnaire of the request's project.
func GetForm(ctx context.Context, tx db.Tx, id core.ID) (Form, error) {
	return formBy(ctx, tx, "select "+formColumns+" from survey_form where project_id = $1 and id = $2", id)
}

func lockForm(ctx context.Context, tx db.Tx, id core.ID) (Form, error) {
	return formBy(ctx, tx, db.Locked(tx, "select "+formColumns+" from survey_form where project_id = $1 and id = $2"), id)
}

func formBy(ctx context.Context, tx db.Tx, query string, id core.ID) (Form, error) {
	f, err := db.One(ctx, tx, (*Form).dest, query, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return f, err
	}
	return f.read()
}

func (f Form) read() (Form, error) {
	f.Ref.Kind = "questionnaire"
	return f, json.Unmarshal([]byte(f.raw), &f.Questions)
}

func findForms(ctx context.Context, tx db.Tx, q register.Query) ([]Form, error) {
	after := int64(1<<63 - 1)
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		after = int64(id)
	}
	fs, err := db.All(ctx, tx, (*Form).dest, "select "+formColumns+" from survey_form where project_id = $1 and id < $2 and ($3 = '' or kind = $3) order by id desc limit $4",
		core.ProjectOf(ctx).ID, after, q.Filter["kind"], max(q.Limit, 1))
	for i := range fs {
		if err == nil {
			fs[i], err = fs[i].read()
		}
	}
	return fs, err
}

func insertForm(ctx context.Context, tx db.Tx, f Form) error {
	_, err := db.Exec(ctx, tx, `insert into survey_form (project_id, id, created_at, created_by, changed_at, changed_by, kind, title, title_en, intro, intro_en, questions, sealed, copied_from)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`, f.Ref.Project, f.Ref.ID, core.Now(ctx), core.ActorOf(ctx).ID, f.Kind, f.Title.ZH, f.Title.EN, f.Intro.ZH, f.Intro.EN,
		questionsJSON(f.Questions), f.Sealed, f.Copied)
	return err
}

func questionsJSON(qs []Question) string {
	if qs == nil {
		return "[]"
	}
	return core.JSON(qs)
}

func saveForm(ctx context.Context, tx db.Tx, f Form) error {
	return db.ExecOne(ctx, tx, `update survey_form set kind = $1, title = $2, title_en = $3, intro = $4, intro_en = $5, questions = $6, sealed = $7, version = version + 1, changed_at = $8, changed_by = $9
		where project_id = $10 and id = $11 and version = $12`, f.Kind, f.Title.ZH, f.Title.EN, f.Intro.ZH, f.Intro.EN, questionsJSON(f.Questions), f.Sealed, core.Now(ctx), core.ActorOf(ctx).ID,
		f.Ref.Project, f.Ref.ID, f.Version)
}

// FormIn is what a questionnaire is made with. Copy is an earlier one whose questions it takes over.
type FormIn struct {
	Kind           string
	Title, TitleEN string
	Intro, IntroEN string
	Copy           core.ID
}

// CreateForm makes a questionnaire, empty or as a copy of an earlier one of the project.
func CreateForm(ctx context.Context, tx db.Tx, _ core.ID, in FormIn) (core.ID, error) {
	f := Form{Ref: core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "questionnaire", ID: tx.NewID()}, Kind: in.Kind, Title: core.Text{ZH: in.Title, EN: in.TitleEN}, Intro: core.Text{ZH: in.Intro, EN: in.IntroEN}}
	if f.Kind == "" {
		f.Kind = Satisfaction
	}
	verb, payload := "made", map[string]string{"title": f.Title.ZH}
	if in.Copy != 0 {
		from, err := GetForm(ctx, tx, in.Copy)
		if err != nil {
			return 0, core.Invalid("copy", "没有这份问卷", "There is no such questionnaire")
		}
		f.Questions, f.Copied = from.Questions, from.Ref.ID
		if !f.Intro.Is() {
			f.Intro = from.Intro
		}
		verb, payload = "copied", map[string]string{"title": f.Title.ZH, "from": from.Title.ZH}
	}
	if err := insertForm(ctx, tx, f); err != nil {
		return 0, err
	}
	tx.Publish(Topic(f.Ref.Project))
	return f.Ref.ID, journal.Add(ctx, tx, f.Ref, verb, payload)
}

// canEditForm: what was sent out stays as it was answered.
func canEditForm(f Form) error {
	if f.Sealed {
		return core.Conflict("这份问卷已经发出,不能再改;可以复制一份再改", "This questionnaire has been sent out and is not changed; copy it instead")
	}
	return nil
}

func changeForm(ctx context.Context, tx db.Tx, id core.ID, verb string, fn func(*Form) (map[string]string, error)) error {
	f, err := lockForm(ctx, tx, id)
	if err == nil {
		err = canEditForm(f)
	}
	var payload map[string]string
	if err == nil {
		payload, err = fn(&f)
	}
	if err == nil {
		err = saveForm(ctx, tx, f)
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(f.Ref.Project))
	return journal.Add(ctx, tx, f.Ref, verb, payload)
}

// EditForm changes kind, title and introduction.
func EditForm(ctx context.Context, tx db.Tx, id core.ID, in FormIn) error {
	return changeForm(ctx, tx, id, "edited", func(f *Form) (map[string]string, error) {
		f.Kind, f.Title, f.Intro = in.Kind, core.Text{ZH: in.Title, EN: in.TitleEN}, core.Text{ZH: in.Intro, EN: in.IntroEN}
		return map[string]string{"title": f.Title.ZH}, nil
	})
}

// QuestionIn is a question as it is typed. Options and Items hold one a line, "中文 | English".
type QuestionIn struct {
	Question  string // the number of the one that is changed
	Kind      string
	Dimension string
	Text      string
	TextEN    string
	Required  bool
	Options   string
	Items     string
}

// pairsOf reads lines of "中文 | English".
func pairsOf(lines string) (out []Option) {
	for l := range strings.SplitSeq(lines, "\n") {
		zh, en, _ := strings.Cut(strings.ReplaceAll(l, "|", "|"), "|")
		if zh = strings.TrimSpace(zh); zh != "" {
			out = append(out, Option{zh, strings.TrimSpace(en)})
		}
	}
	return out
}

func linesOf(os []Option) string {
	lines := make([]string, len(os))
	for i, o := range os {
		if lines[i] = o.ZH; o.EN != "" {
			lines[i] += " | " + o.EN
		}
	}
	return strings.Join(lines, "\n")
}

// question checks what was typed.
func (in QuestionIn) question(id int64) (Question, error) {
	q := Question{ID: id, Kind: in.Kind, Dimension: in.Dimension, ZH: strings.TrimSpace(in.Text), EN: strings.TrimSpace(in.TextEN), Required: in.Required}
	switch q.Kind {
	case Single, Multi:
		if q.Options = pairsOf(in.Options); len(q.Options) < 2 || len(q.Options) > optionsMax {
			return q, core.Invalid("options", "选择题要有 2 到 %d 个选项,一行一个", "A choice needs 2 to %d options, one a line", optionsMax)
		}
	case Matrix:
		if q.Items = pairsOf(in.Items); len(q.Items) < 1 || len(q.Items) > optionsMax {
			return q, core.Invalid("items", "矩阵题要有 1 到 %d 个评分项,一行一个", "A matrix needs 1 to %d items, one a line", optionsMax)
		}
	case Rating, Words, NPS:
	default:
		return q, core.Invalid("kind", "没有这种题型", "There is no such kind of question")
	}
	if q.Dimension != "" && !q.scored() {
		return q, core.Invalid("dimension", "只有评分题和矩阵题计入维度", "Only ratings and matrices count towards a dimension")
	}
	return q, nil
}

// AddQuestion puts a question at the end.
func AddQuestion(ctx context.Context, tx db.Tx, id core.ID, in QuestionIn) error {
	return changeForm(ctx, tx, id, "question-added", func(f *Form) (map[string]string, error) {
		if len(f.Questions) >= questionsMax {
			return nil, core.Conflict("一份问卷最多 %d 题", "A questionnaire takes at most %d questions", questionsMax)
		}
		next := int64(1)
		for _, q := range f.Questions {
			next = max(next, q.ID+1)
		}
		q, err := in.question(next)
		f.Questions = append(slices.Clone(f.Questions), q)
		return map[string]string{"kind": q.Kind, "text": q.ZH}, err
	})
}

func (f Form) at(number string) (int, error) {
	n, err := strconv.ParseInt(number, 10, 64)
	i := slices.IndexFunc(f.Questions, func(q Question) bool { return q.ID == n })
	if err != nil || i < 0 {
		return 0, core.Invalid("question", "没有这道题", "There is no such question")
	}
	return i, nil
}

// ChangeQuestion changes one question in its place.
func ChangeQuestion(ctx context.Context, tx db.Tx, id core.ID, in QuestionIn) error {
	return changeForm(ctx, tx, id, "question-changed", func(f *Form) (map[string]string, error) {
		i, err := f.at(in.Question)
		if err == nil {
			f.Questions = slices.Clone(f.Questions)
			f.Questions[i], err = in.question(f.Questions[i].ID)
		}
		return map[string]string{"text": strings.TrimSpace(in.Text)}, err
	})
}

// Move says which question goes up or down by one, or out.
type Move struct {
	Question string
	To       string // "up", "down", "out"
}

// MoveQuestion moves a question by one place, or drops it.
func MoveQuestion(ctx context.Context, tx db.Tx, id core.ID, in Move) error {
	verb := "question-moved"
	if in.To == "out" {
		verb = "question-dropped"
	}
	return changeForm(ctx, tx, id, verb, func(f *Form) (map[string]string, error) {
		i, err := f.at(in.Question)
		if err != nil {
			return nil, err
		}
		qs, text := slices.Clone(f.Questions), f.Questions[i].ZH
		switch j := i; in.To {
		case "out":
			f.Questions = slices.Delete(qs, i, i+1)
			return map[string]string{"text": text}, nil
		case "up":
			j = i - 1
			fallthrough
		default:
			if in.To != "up" {
				j = i + 1
			}
			if j < 0 || j >= len(qs) {
				return nil, core.Conflict("已经在头尾", "It stands at the end already")
			}
			qs[i], qs[j] = qs[j], qs[i]
		}
		f.Questions = qs
		return map[string]string{"text": text}, nil
	})
}

// sealForm keeps a questionnaire from being changed once it was sent.
func sealForm(ctx context.Context, tx db.Tx, id core.ID) error {
	f, err := lockForm(ctx, tx, id)
	if err != nil || f.Sealed {
		return err
	}
	f.Sealed = true
	if err := saveForm(ctx, tx, f); err != nil {
		return err
	}
	return journal.Add(ctx, tx, f.Ref, "sealed", nil)
}
