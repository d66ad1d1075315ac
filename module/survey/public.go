package survey

import (
	"context"
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/web"
	"huiyin/web/ui"
)

type templComponent = templ.Component

// publicProblem is the page of a link that opens nothing.
func publicProblem(_ context.Context, err error) web.Answer {
	e, status := core.AsErr(err), http.StatusNotFound
	title := core.T("链接无效", "The link is not valid")
	if e.Kind == core.KindTooMany {
		title, status = core.T("请稍后再试", "Please try again later"), http.StatusTooManyRequests
	}
	return web.Page{Title: title, Bare: true, Status: status, Body: ui.Notice(title, e.Text)}
}

// thanks is said after a submission; while answers are taken it leads back to them.
func thanks(a asked, token string, open bool) templ.Component {
	change := ""
	if open {
		change = path(token)
	}
	return publicThanks(a.Title, change)
}

func over(a asked, text core.Text) templ.Component { return ui.Notice(a.Title, text) }

// sheetOf is the questionnaire as the customer fills it in.
func sheetOf(a asked, token string, v Values, again bool, err error) templ.Component {
	f := ui.FormView{Action: path(token), Fields: fieldsOf(a.Content, v, err), Submit: core.T("提交", "Submit")}
	if err != nil {
		f.Error = wholeError(core.AsErr(err))
	}
	return publicSheet(sheetView{Title: a.Title, Sender: a.Sender, Intro: a.Content.Intro, Anonymous: a.Anonymous, Until: string(a.End), Again: again, Form: f})
}

// wholeError is what is wrong with an answer as a whole; the fields say what is wrong with them.
func wholeError(e *core.Err) core.Text {
	for _, f := range e.Fields {
		if f.Name == "" {
			return f.Text
		}
	}
	if len(e.Fields) == 0 {
		return e.Text
	}
	return core.Text{}
}

// fieldsOf draws the questions, each with what was answered and what is wrong with it. It needs no script.
func fieldsOf(c Content, v Values, err error) (out []ui.FieldView) {
	wrong := map[string]core.Text{}
	if err != nil {
		for _, f := range core.AsErr(err).Fields {
			wrong[f.Name] = f.Text
		}
	}
	for i, q := range c.Questions {
		for j, name := range q.inputs() {
			label := core.T("%d. %s", "%d. %s", i+1, q.Text())
			if q.Kind == Matrix {
				label = core.T("%d.%d %s:%s", "%d.%d %s: %s", i+1, j+1, q.Text(), q.asking(j))
			}
			f := ui.FieldView{Name: name, Label: label, Required: q.Required, Values: v[name], Error: wrong[name], Wide: true}
			if len(v[name]) > 0 {
				f.Value = v[name][0]
			}
			out = append(out, q.input(f))
		}
	}
	return out
}

// input gives a field its kind and choices.
func (q Question) input(f ui.FieldView) ui.FieldView {
	f.Kind = core.KindRadio
	switch q.Kind {
	case Rating, Matrix:
		f.Choices = scale()
	case NPS:
		f.Hint = core.T("0 完全不会,10 一定会", "0: not at all, 10: certainly")
		for n := 0; n <= 10; n++ {
			f.Choices = append(f.Choices, core.Choice{Value: strconv.Itoa(n), Label: ui.Plain(strconv.Itoa(n))})
		}
	case Single:
		f.Choices = q.choices()
	case Multi:
		f.Kind, f.Choices, f.Hint = core.KindChoices, q.choices(), core.T("可多选", "Choose any")
	case Words:
		f.Kind, f.Max = core.KindLines, wordsMax
	}
	return f
}

func (q Question) choices() []core.Choice {
	out := make([]core.Choice, len(q.Options))
	for i, o := range q.Options {
		out[i] = core.Choice{Value: strconv.Itoa(i + 1), Label: o.Text()}
	}
	return out
}
