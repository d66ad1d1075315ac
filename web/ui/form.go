package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"huiyin/core"

	"github.com/a-h/templ"
)

// FieldView is one field of a form as it is drawn: what it is called, what has been typed, what is wrong with it.
type FieldView struct {
	Name     string // as posted: "amount", "lines.0.name"
	Label    core.Text
	Hint     core.Text
	Kind     core.FieldKind // empty: one line of text
	Value    string
	Values   []string // for choices
	Choices  []core.Choice
	None     core.Text // for choice: what choosing nothing is called; 请选择 by default
	Required bool
	Error    core.Text
	Min, Max int64 // text: characters; int: value; others: not used in the browser

	Unit         core.Text // behind the input: 元, ㎡, 天
	Placeholder  core.Text
	Autocomplete string // the HTML token: "username", "one-time-code", "off"
	Autofocus    bool
	ReadOnly     bool
	Wide         bool   // over both columns of the form
	Accept       string // for files: ".xlsx,.pdf"

	Source string // for ref: GET Source?q= answers with Options
	Shown  string // for ref: the name of the record that Value is the id of

	Rows  [][]FieldView // for rows: the groups typed so far, named "lines.0.name"
	Blank []FieldView   // for rows: one empty group, named "lines.__i__.name"
}

// FormView is a form. Version and IdemKey travel in hidden inputs.
type FormView struct {
	ID         string
	Action     string
	Method     string // "post" by default
	Fields     []FieldView
	Submit     core.Text // 保存 by default
	Cancel     string    // address of the way back; empty: none
	Version    string
	IdemKey    string
	Error      core.Text // what is wrong with the input as a whole
	Clause     string    // the clause that refuses it
	ClauseHref string
	Multipart  bool
	Danger     bool
	Columns    bool   // two columns on a desk
	Trap       string // name of an input that neither people nor readers meet: only a machine fills it; empty: none

	dialog string // set by Confirm: Cancel closes the dialog
}

// FilterView is the form above a list: GET, so that the list keeps its filter in the address. More are shown on demand.
type FilterView struct {
	Action string
	Fields []FieldView
	More   []FieldView
	Clear  string // address of the list without filter, given when one is set
}

// Option is one hit of a ref field's look-up.
type Option struct {
	Value, Label, Note string
}

// FieldsOf draws a form from its specs: what has been typed (or the record's values), and the errors of err by field name.
func FieldsOf(specs []core.Spec, values map[string][]string, err error) []FieldView {
	return fieldsOf(specs, "", values, errorsByName(err))
}

func fieldsOf(specs []core.Spec, prefix string, values map[string][]string, errs map[string]core.Text) []FieldView {
	out := make([]FieldView, len(specs))
	for i, s := range specs {
		out[i] = fieldOf(s, prefix, values, errs)
	}
	return out
}

func fieldOf(s core.Spec, prefix string, values map[string][]string, errs map[string]core.Text) FieldView {
	name := prefix + s.Name
	f := FieldView{Name: name, Label: s.Label, Hint: s.Hint, Kind: s.Kind, Required: s.Required, Choices: s.Choices,
		Min: s.Min, Max: s.Max, Source: s.Source, Values: values[name], Error: errs[name], Wide: wideKind(s.Kind)}
	if len(f.Values) > 0 && s.Kind != core.KindPassword {
		f.Value = f.Values[0]
	}
	if s.Kind == core.KindRows {
		for _, n := range rowNumbers(name, values) {
			f.Rows = append(f.Rows, fieldsOf(s.Rows, fmt.Sprintf("%s.%d.", name, n), values, errs))
		}
		f.Blank = fieldsOf(s.Rows, name+".__i__.", nil, nil)
	}
	return f
}

// filtering is the field as a filter draws it: choosing nothing means any.
func (f FieldView) filtering() FieldView {
	if !f.None.Is() {
		f.None = core.T("不限", "Any")
	}
	return f
}

func (f FieldView) none() core.Text {
	if f.None.Is() {
		return f.None
	}
	return core.T("请选择", "Choose")
}

func wideKind(k core.FieldKind) bool {
	return slices.Contains([]core.FieldKind{core.KindLines, core.KindRows, core.KindChoices, core.KindPhoto,
		core.KindSignature, core.KindFile}, k)
}

func errorsByName(err error) map[string]core.Text {
	errs := map[string]core.Text{}
	if err == nil {
		return errs
	}
	for _, f := range core.AsErr(err).Fields {
		if _, had := errs[f.Name]; !had {
			errs[f.Name] = f.Text
		}
	}
	return errs
}

// rowNumbers are the numbers n of "name.n.…" among the values, in order; a form without any shows one empty group.
func rowNumbers(name string, values map[string][]string) []int {
	var out []int
	for k := range values {
		rest, ok := strings.CutPrefix(k, name+".")
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(digits); err == nil && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	if len(out) == 0 {
		return []int{0}
	}
	return out
}

// wrong lists the fields in error, those within rows too, in the order of the form.
func (f FormView) wrong() []FieldView { return wrongIn(f.Fields) }

func wrongIn(fields []FieldView) []FieldView {
	var out []FieldView
	for _, f := range fields {
		if f.Error.Is() {
			out = append(out, f)
		}
		for _, r := range f.Rows {
			out = append(out, wrongIn(r)...)
		}
	}
	return out
}

// focused marks the first field in error, so that the browser puts the cursor there.
func (f FormView) focused() []FieldView {
	if wrong := f.wrong(); len(wrong) > 0 {
		return focusIn(f.Fields, wrong[0].Name)
	}
	return f.Fields
}

func focusIn(fields []FieldView, name string) []FieldView {
	out := slices.Clone(fields)
	for i := range out {
		out[i].Autofocus = out[i].Name == name
		for j, r := range out[i].Rows {
			out[i].Rows = slices.Clone(out[i].Rows)
			out[i].Rows[j] = focusIn(r, name)
		}
	}
	return out
}

func (f FormView) asDialog(id string, danger bool) FormView {
	f.dialog, f.Danger = id, danger
	return f
}

func (f FormView) method() string { return or(f.Method, "post") }

func (f FormView) submit() core.Text {
	if f.Submit.Is() {
		return f.Submit
	}
	return core.T("保存", "Save")
}

// id of the input, for its label and its messages.
func (f FieldView) id() string { return "f-" + strings.ReplaceAll(f.Name, ".", "-") }

// target is what an error summary links to: groups have no input of their own.
func (f FieldView) target() string {
	if f.group() && len(f.Choices) > 0 {
		return f.id() + "-0"
	}
	return f.id()
}

// describedBy names the hint and the error of the input, in that order.
func (f FieldView) describedBy() string {
	var ids []string
	if f.Hint.Is() {
		ids = append(ids, f.id()+"-hint")
	}
	if f.Error.Is() {
		ids = append(ids, f.id()+"-err")
	}
	return strings.Join(ids, " ")
}

// group reports whether the field is several inputs under one legend.
func (f FieldView) group() bool {
	switch f.Kind {
	case core.KindRadio, core.KindChoices, core.KindRating, core.KindRows, core.KindSignature:
		return true
	}
	return false
}

func (f FieldView) has(value string) bool {
	return f.Value == value || slices.Contains(f.Values, value)
}

func (f FieldView) on() bool { return f.Value == "true" || f.Value == "on" || f.Value == "1" }

// inputType is the HTML type of the kinds drawn as one input.
func (f FieldView) inputType() string {
	switch f.Kind {
	case core.KindDate:
		return "date"
	case core.KindTime:
		return "datetime-local"
	case core.KindMonth:
		return "month"
	case core.KindPhone:
		return "tel"
	case core.KindPassword:
		return "password"
	}
	return "text"
}

// inputMode picks the keyboard of a phone; figures are text inputs, since a number input swallows what it cannot read.
func (f FieldView) inputMode() string {
	switch f.Kind {
	case core.KindInt:
		return "numeric"
	case core.KindMoney, core.KindDecimal:
		return "decimal"
	}
	return ""
}

func (f FieldView) autocomplete() string {
	if f.Autocomplete == "" && f.Kind == core.KindIDNo {
		return "off"
	}
	return f.Autocomplete
}

func (f FieldView) unit() core.Text {
	if !f.Unit.Is() && f.Kind == core.KindMoney {
		return core.T("元", "CNY")
	}
	return f.Unit
}

func (f FieldView) maxLength() string {
	switch f.Kind {
	case "", core.KindText, core.KindLines, core.KindPhone, core.KindIDNo, core.KindPassword:
		if f.Max > 0 {
			return strconv.FormatInt(f.Max, 10)
		}
	}
	return ""
}

// attrs are the attributes that every single input shares.
func (f FieldView) attrs() templ.Attributes {
	a := f.refAttrs()
	a["name"] = f.Name
	return a
}

// refAttrs are those of an input that is not posted itself.
func (f FieldView) refAttrs() templ.Attributes {
	a := templ.Attributes{"id": f.id(), "required": f.Required, "readonly": f.ReadOnly, "autofocus": f.Autofocus}
	for name, v := range map[string]string{"aria-describedby": f.describedBy(), "maxlength": f.maxLength(),
		"inputmode": f.inputMode(), "autocomplete": f.autocomplete()} {
		if v != "" {
			a[name] = v
		}
	}
	if f.Error.Is() {
		a["aria-invalid"] = "true"
	}
	return a
}
