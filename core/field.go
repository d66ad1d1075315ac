package core

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/govalues/decimal"
)

// Decimal is an exact number of up to 19 digits: unit prices, areas, readings.
type Decimal = decimal.Decimal

// FieldKind says how a field is typed, checked and drawn.
type FieldKind string

// The kinds. An empty kind follows from the type that Ptr points to.
const (
	KindText      FieldKind = "text"     // one line
	KindLines     FieldKind = "lines"    // several lines
	KindInt       FieldKind = "int"      // *int64
	KindMoney     FieldKind = "money"    // *Money, typed in 元
	KindDecimal   FieldKind = "decimal"  // *Decimal
	KindDate      FieldKind = "date"     // *Date
	KindMonth     FieldKind = "month"    // *Month
	KindTime      FieldKind = "time"     // *time.Time, typed in the project's zone
	KindBool      FieldKind = "bool"     // *bool
	KindChoice    FieldKind = "choice"   // *string out of Choices
	KindRadio     FieldKind = "radio"    // the same, drawn as buttons
	KindChoices   FieldKind = "choices"  // *[]string out of Choices
	KindRef       FieldKind = "ref"      // *ID of another record, found by typing
	KindPhone     FieldKind = "phone"    // *Phone
	KindIDNo      FieldKind = "idno"     // *IDNumber
	KindPassword  FieldKind = "password" // *Secret; never shown back
	KindFile      FieldKind = "file"     // *[]Upload
	KindPhoto     FieldKind = "photo"    // *[]Upload, camera first
	KindSignature FieldKind = "signature"
	KindRating    FieldKind = "rating" // *int64, 1 to 5
	KindHidden    FieldKind = "hidden"
	KindRows      FieldKind = "rows" // repeated groups
)

// Upload is a file that came with the input and is spooled on disk until the transaction keeps or drops it.
type Upload struct {
	Name   string // as the browser named it, base name only
	Type   string // by content, never by the browser's word
	Size   int64
	SHA256 string
	Open   func() (io.ReadCloser, error) `json:"-"`
}

// Input is what came in: a form's values or a JSON body flattened to the same names. A repeated group is
// "lines.0.name", "lines.1.name".
type Input struct {
	Values map[string][]string
	Files  map[string][]Upload
}

// Get is the first value of the name, or "".
func (in Input) Get(name string) string {
	if v := in.Values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Field declares one property of T once: form, JSON, list, export, OpenAPI schema and bad-input test come from it.
type Field[T any] struct {
	Name     string // snake_case: the name in forms, JSON and exports
	Label    Text
	Hint     Text
	Ptr      func(*T) any // points to the property; its type decides how it is read and shown
	Kind     FieldKind
	Required bool
	Min, Max int64 // text: runes (Max 0: 200, lines 4000); numbers: value, 分 for money; dates: days from today; rows: count. Decimals and dates: both 0 is any
	Choices  []Choice
	Rows     RowFields[T]                     // for KindRows
	Source   string                           // for KindRef: the register to look up ("customer"); for choices: filled by the page
	Show     func(context.Context, *T) string // how a list shows it, when not plainly
}

// RowFields is a repeated group inside T; Rows makes one.
type RowFields[T any] interface {
	specs() []Spec
	bind(ctx context.Context, in *T, prefix string, values Input) []FieldErr
	values(ctx context.Context, in *T, prefix string, out map[string][]string)
	count(in *T) int
}

// Spec is a Field without its type: what templates, OpenAPI and the generated tests read.
type Spec struct {
	Name     string
	Label    Text
	Hint     Text
	Kind     FieldKind
	Required bool
	Min, Max int64
	Choices  []Choice
	Source   string
	Rows     []Spec
}

// KindOf is the field's kind, given or from its type.
func (f Field[T]) KindOf() FieldKind {
	if f.Kind != "" {
		return f.Kind
	}
	return f.ownKind()
}

// ownKind follows from the type alone.
func (f Field[T]) ownKind() FieldKind {
	if f.Rows != nil {
		return KindRows
	}
	var zero T
	switch f.Ptr(&zero).(type) {
	case *int64, *int:
		return KindInt
	case *Money:
		return KindMoney
	case *Decimal:
		return KindDecimal
	case *Date:
		return KindDate
	case *Month:
		return KindMonth
	case *time.Time:
		return KindTime
	case *bool:
		return KindBool
	case *ID:
		return KindRef
	case *Phone:
		return KindPhone
	case *IDNumber:
		return KindIDNo
	case *Secret:
		return KindPassword
	case *[]Upload:
		return KindFile
	case *[]string:
		return KindChoices
	}
	if len(f.Choices) > 0 {
		return KindChoice
	}
	return KindText
}

// Spec erases the type.
func (f Field[T]) Spec() Spec {
	s := Spec{f.Name, f.Label, f.Hint, f.KindOf(), f.Required, f.Min, f.Max, f.Choices, f.Source, nil}
	if f.Rows != nil {
		s.Rows = f.Rows.specs()
	}
	if s.Max == 0 {
		s.Max = defaultMax(s.Kind)
	}
	if s.Max == 0 { // hidden or drawn as buttons: the type says what it can hold
		s.Max = defaultMax(f.ownKind())
	}
	return s
}

func defaultMax(k FieldKind) int64 {
	switch k {
	case KindText, KindChoice, KindPhone, KindIDNo, KindPassword:
		return 200
	case KindLines:
		return 4000
	case KindInt:
		return 1_000_000_000
	case KindMoney:
		return 1_000_000_000_000 // 100 亿元
	case KindRating:
		return 5
	case KindRows, KindChoices, KindFile, KindPhoto:
		return 100
	case KindSignature:
		return 400_000 // a PNG as data URL
	}
	return 0
}

// Specs erases the types of all fields.
func Specs[T any](fields []Field[T]) []Spec {
	out := make([]Spec, len(fields))
	for i, f := range fields {
		out[i] = f.Spec()
	}
	return out
}

// Bind reads the whole input into a new T and returns every field's error at once, or nil.
func Bind[T any](ctx context.Context, fields []Field[T], in Input) (T, error) {
	var t T
	return t, Wrong(bindInto(ctx, &t, fields, "", in))
}

func bindInto[T any](ctx context.Context, t *T, fields []Field[T], prefix string, in Input) []FieldErr {
	var errs []FieldErr
	for _, f := range fields {
		name := prefix + f.Name
		if f.Rows != nil {
			errs = append(errs, f.Rows.bind(ctx, t, name, in)...)
			if err := f.Spec().checkCount(f.Rows.count(t)); err != nil {
				errs = append(errs, FieldErr{name, AsErr(err).Text})
			}
			continue
		}
		if err := f.set(ctx, t, in.Values[name], in.Files[name]); err != nil {
			errs = append(errs, FieldErr{name, AsErr(err).Text})
		}
	}
	return errs
}

func (f Field[T]) set(ctx context.Context, t *T, raw []string, files []Upload) error {
	s := f.Spec()
	switch p := f.Ptr(t).(type) {
	case *[]Upload:
		*p = files
		return s.checkCount(len(files))
	case *[]string:
		*p = slices.DeleteFunc(slices.Clone(raw), func(v string) bool { return v == "" })
		return s.checkChoices(*p)
	}
	v := ""
	if len(raw) > 0 {
		v = raw[0]
	}
	v, err := s.clean(v)
	if err != nil {
		return err
	}
	if v == "" {
		if s.Required && s.Kind != KindBool {
			return Invalid(f.Name, "请填写%s", "%s is required", s.Label)
		}
		return nil
	}
	if err := parseInto(ctx, f.Ptr(t), v); err != nil {
		return err
	}
	return s.checkRange(ctx, f.Ptr(t), v)
}

// clean refuses what no honest form sends and trims the rest.
func (s Spec) clean(v string) (string, error) {
	if !utf8.ValidString(v) {
		return "", Invalid(s.Name, "%s含有无法识别的字符", "%s holds bytes that are no text", s.Label)
	}
	v = strings.ReplaceAll(v, "\r\n", "\n")
	if i := strings.IndexFunc(v, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
		return "", Invalid(s.Name, "%s含有控制字符", "%s holds control characters", s.Label)
	}
	if s.Kind == KindPassword {
		return v, nil
	}
	v = strings.TrimSpace(v)
	if s.Kind != KindLines && strings.Contains(v, "\n") {
		return "", Invalid(s.Name, "%s只能有一行", "%s must be one line", s.Label)
	}
	return v, nil
}

func parseInto(ctx context.Context, ptr any, v string) (err error) {
	switch p := ptr.(type) {
	case *string:
		*p = v
	case *Personal:
		*p = Personal(v)
	case *Secret:
		*p = Secret(v)
	case *IDNumber:
		*p = IDNumber(strings.ToUpper(strings.ReplaceAll(v, " ", "")))
	case *Phone:
		*p, err = parsePhone(v)
	case *int64:
		*p, err = parseInt(v)
	case *int:
		var n int64
		n, err = parseInt(v)
		*p = int(n)
	case *bool:
		*p, err = parseBool(v)
	case *Money:
		*p, err = ParseMoney(v)
	case *Decimal:
		*p, err = parseDecimal(v)
	case *Date:
		*p, err = ParseDate(v)
	case *Month:
		*p, err = ParseMonth(v)
	case *time.Time:
		*p, err = parseTime(ctx, v)
	case *ID:
		*p, err = ParseID(v)
	case interface{ UnmarshalText([]byte) error }:
		err = p.UnmarshalText([]byte(v))
	default:
		panic(fmt.Sprintf("core.Field: no way to read into %T", ptr))
	}
	return err
}

func parsePhone(v string) (Phone, error) {
	p, ok := NormalPhone(v)
	if !ok {
		return "", Invalid("", "电话号码 %q 不正确", "%q is not a telephone number", v)
	}
	return p, nil
}

func parseInt(v string) (int64, error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, Invalid("", "%q 不是整数", "%q is not a whole number", v)
	}
	return n, nil
}

func parseBool(v string) (bool, error) {
	switch v {
	case "true", "on", "1", "yes":
		return true, nil
	case "false", "off", "0", "no":
		return false, nil
	}
	return false, Invalid("", "%q 不是「是」或「否」", "%q is neither true nor false", v)
}

func parseDecimal(v string) (Decimal, error) {
	d, err := decimal.Parse(strings.ReplaceAll(v, ",", ""))
	if err != nil {
		return d, Invalid("", "%q 不是数字", "%q is not a number", v)
	}
	return d, nil
}

// parseTime reads datetime-local in the project's zone, or RFC 3339.
func parseTime(ctx context.Context, v string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, v, ProjectOf(ctx).Zone); err == nil {
			return checkYear(t, v)
		}
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return t, Invalid("", "时间 %q 不正确,应如 2026-11-22 14:30", "%q is not a time such as 2026-11-22 14:30", v)
	}
	return checkYear(t, v)
}

func checkYear(t time.Time, v string) (time.Time, error) {
	if t.Year() < 1900 || t.Year() > 2199 {
		return t, Invalid("", "时间 %q 超出 1900–2199 年", "%q is outside the years 1900 to 2199", v)
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

func (s Spec) checkRange(ctx context.Context, ptr any, v string) error {
	switch p := ptr.(type) {
	case *int64:
		return s.between(*p, "")
	case *int:
		return s.between(int64(*p), "")
	case *Money:
		return s.between(int64(*p), "元")
	case *Decimal:
		return s.betweenDecimals(*p)
	case *Date:
		return s.betweenDays(ctx, *p)
	case *string, *Personal, *Secret, *Phone, *IDNumber:
		if n := int64(utf8.RuneCountInString(v)); n > s.Max {
			return Invalid(s.Name, "%s最多 %d 个字,现有 %d 个", "%s takes at most %d characters, not %d", s.Label, s.Max, n)
		} else if n < s.Min {
			return Invalid(s.Name, "%s至少 %d 个字", "%s needs at least %d characters", s.Label, s.Min)
		}
		if len(s.Choices) > 0 {
			return s.checkChoices([]string{v})
		}
	}
	return nil
}

func (s Spec) between(n int64, unit string) error {
	if n >= s.Min && n <= s.Max {
		return nil
	}
	show := func(n int64) string {
		if s.Kind == KindMoney {
			return Money(n).String()
		}
		return strconv.FormatInt(n, 10)
	}
	return Invalid(s.Name, "%s应在 %s 到 %s%s 之间", "%s must be between %s and %s%.0s", s.Label, show(s.Min), show(s.Max), unit)
}

// betweenDecimals is between for exact numbers: 12.5 is beyond 12.
func (s Spec) betweenDecimals(d Decimal) error {
	low, high := decimal.MustNew(s.Min, 0), decimal.MustNew(s.Max, 0)
	if s.Min == 0 && s.Max == 0 || d.Cmp(low) >= 0 && d.Cmp(high) <= 0 {
		return nil
	}
	return Invalid(s.Name, "%s应在 %d 到 %d 之间", "%s must be between %d and %d", s.Label, s.Min, s.Max)
}

// betweenDays holds a date within so many days of today in the request's project.
func (s Spec) betweenDays(ctx context.Context, d Date) error {
	today := Today(ctx)
	low, high := today.Add(int(s.Min)), today.Add(int(s.Max))
	if s.Min == 0 && s.Max == 0 || d >= low && d <= high {
		return nil
	}
	return Invalid(s.Name, "%s应在 %s 到 %s 之间", "%s must be between %s and %s", s.Label, string(low), string(high))
}

func (s Spec) checkChoices(vs []string) error {
	if s.Required && len(vs) == 0 {
		return Invalid(s.Name, "请选择%s", "%s is required", s.Label)
	}
	if len(s.Choices) == 0 {
		return s.checkCount(len(vs))
	}
	for _, v := range vs {
		if !slices.ContainsFunc(s.Choices, func(c Choice) bool { return c.Value == v }) {
			return Invalid(s.Name, "%s没有「%s」这一项", "%s has no choice %q", s.Label, v)
		}
	}
	return nil
}

func (s Spec) checkCount(n int) error {
	if s.Required && n == 0 {
		return Invalid(s.Name, "请填写%s", "%s is required", s.Label)
	}
	if int64(n) > s.Max {
		return Invalid(s.Name, "%s最多 %d 项", "%s takes at most %d", s.Label, s.Max)
	}
	return nil
}

// Value writes the property as a form holds it, and as parse reads it back; sealed kinds write nothing.
func (f Field[T]) Value(ctx context.Context, t *T) string {
	switch p := f.Ptr(t).(type) {
	case *string:
		return *p
	case *Personal:
		return string(*p)
	case *Phone:
		return string(*p)
	case *IDNumber:
		return string(*p)
	case *Money:
		return p.Plain()
	case *Date:
		return string(*p)
	case *Month:
		return string(*p)
	case *int64:
		return strconv.FormatInt(*p, 10)
	case *int:
		return strconv.Itoa(*p)
	case *bool:
		return strconv.FormatBool(*p)
	case *Decimal:
		return p.String()
	case *ID:
		if *p == 0 {
			return ""
		}
		return p.String()
	case *time.Time:
		if p.IsZero() {
			return ""
		}
		return p.In(ProjectOf(ctx).Zone).Format("2006-01-02T15:04")
	case interface{ MarshalText() ([]byte, error) }:
		b, _ := p.MarshalText()
		return string(b)
	}
	return ""
}

// ValuesOf writes all fields as a form holds them, for editing and for the round-trip test.
func ValuesOf[T any](ctx context.Context, fields []Field[T], t *T) map[string][]string {
	out := map[string][]string{}
	valuesInto(ctx, fields, t, "", out)
	return out
}

func valuesInto[T any](ctx context.Context, fields []Field[T], t *T, prefix string, out map[string][]string) {
	for _, f := range fields {
		if f.Rows != nil {
			f.Rows.values(ctx, t, prefix+f.Name, out)
			continue
		}
		if p, ok := f.Ptr(t).(*[]string); ok {
			out[prefix+f.Name] = *p
			continue
		}
		out[prefix+f.Name] = []string{f.Value(ctx, t)}
	}
}

// Display writes the property as a person reads it: a choice by its label, money with separators, personal kinds masked.
func (f Field[T]) Display(ctx context.Context, t *T) string {
	if f.Show != nil {
		return f.Show(ctx, t)
	}
	switch p := f.Ptr(t).(type) {
	case *Money:
		return p.String()
	case *Phone:
		return p.Mask()
	case *IDNumber:
		return p.Mask()
	case *bool:
		if *p {
			return Text{"是", "Yes"}.Say(ctx)
		}
		return Text{"否", "No"}.Say(ctx)
	case *time.Time:
		if p.IsZero() {
			return ""
		}
		return p.In(ProjectOf(ctx).Zone).Format("2006-01-02 15:04")
	case *[]string:
		out := make([]string, len(*p))
		for i, v := range *p {
			out[i] = Label(f.Choices, v).Say(ctx)
		}
		return strings.Join(out, Text{"、", ", "}.Say(ctx))
	}
	v := f.Value(ctx, t)
	if len(f.Choices) > 0 && v != "" {
		return Label(f.Choices, v).Say(ctx)
	}
	return v
}

// JSONValue is the property as the API gives it: numbers as numbers, money in 元 as
// text ("1234.50", what Bind reads back), times in RFC 3339, personal masked.
func (f Field[T]) JSONValue(ctx context.Context, t *T) any {
	switch p := f.Ptr(t).(type) {
	case *Phone:
		return p.Mask()
	case *IDNumber:
		return p.Mask()
	case *Secret:
		return nil
	case *Money:
		return p.Plain()
	case *time.Time:
		if p.IsZero() {
			return nil
		}
		return p.UTC().Format(time.RFC3339Nano)
	case *Decimal:
		return p.String()
	default:
		return p
	}
}

type rows[T, R any] struct {
	ptr    func(*T) *[]R
	fields []Field[R]
}

// Rows declares a repeated group of T: its slice and the fields of one row.
func Rows[T, R any](ptr func(*T) *[]R, fields []Field[R]) RowFields[T] {
	return rows[T, R]{ptr, fields}
}

func (r rows[T, R]) specs() []Spec   { return Specs(r.fields) }
func (r rows[T, R]) count(in *T) int { return len(*r.ptr(in)) }

func (r rows[T, R]) bind(ctx context.Context, t *T, name string, in Input) []FieldErr {
	var errs []FieldErr
	for _, i := range rowNumbers(name, in) {
		prefix := fmt.Sprintf("%s.%d.", name, i)
		if emptyRow(prefix, in) {
			continue
		}
		var row R
		errs = append(errs, bindInto(ctx, &row, r.fields, prefix, in)...)
		*r.ptr(t) = append(*r.ptr(t), row)
	}
	return errs
}

func emptyRow(prefix string, in Input) bool {
	for k, vs := range in.Values {
		if strings.HasPrefix(k, prefix) && slices.ContainsFunc(vs, func(v string) bool { return strings.TrimSpace(v) != "" }) {
			return false
		}
	}
	return true
}

func rowNumbers(name string, in Input) []int {
	var out []int
	for k := range in.Values {
		rest, ok := strings.CutPrefix(k, name+".")
		if !ok {
			continue
		}
		n, _, _ := strings.Cut(rest, ".")
		i, err := strconv.Atoi(n)
		if err == nil && i >= 0 && i < 1000 && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

func (r rows[T, R]) values(ctx context.Context, t *T, name string, out map[string][]string) {
	for i := range *r.ptr(t) {
		valuesInto(ctx, r.fields, &(*r.ptr(t))[i], fmt.Sprintf("%s.%d.", name, i), out)
	}
}

// InputOfJSON flattens a JSON object to form names, so that one binding serves pages and API. It refuses unknown
// names, nested objects that no field declares, and more than one value.
func InputOfJSON(body []byte, specs []Spec) (Input, error) {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return Input{}, Invalid("", "请求不是 JSON 对象", "the body is not a JSON object")
	}
	if _, err := dec.Token(); err != io.EOF {
		return Input{}, Invalid("", "请求多于一个 JSON 对象", "the body holds more than one JSON value")
	}
	in := Input{Values: map[string][]string{}}
	return in, Wrong(flatten(m, "", specs, in.Values))
}

func flatten(m map[string]any, prefix string, specs []Spec, out map[string][]string) []FieldErr {
	var errs []FieldErr
	for k, v := range m {
		i := slices.IndexFunc(specs, func(s Spec) bool { return s.Name == k })
		if i < 0 {
			errs = append(errs, FieldErr{prefix + k, Text{"没有这个字段", "no such field"}})
			continue
		}
		if list, ok := v.([]any); ok && specs[i].Kind == KindRows {
			errs = append(errs, flattenRows(list, prefix+k, specs[i], out)...)
			continue
		}
		if _, list := v.([]any); list && specs[i].Kind != KindChoices {
			errs = append(errs, FieldErr{prefix + k, Text{"只能填一个值,不能是列表", "takes one value, not a list"}})
			continue
		}
		vs, ok := scalars(v)
		if !ok || (v != nil && specs[i].Kind == KindRows) {
			errs = append(errs, FieldErr{prefix + k, Text{"类型不对", "wrong type"}})
			continue
		}
		out[prefix+k] = vs
	}
	slices.SortFunc(errs, func(a, b FieldErr) int { return strings.Compare(a.Name, b.Name) })
	return errs
}

func flattenRows(list []any, name string, s Spec, out map[string][]string) []FieldErr {
	var errs []FieldErr
	for i, row := range list {
		m, ok := row.(map[string]any)
		if !ok {
			errs = append(errs, FieldErr{name, Text{"类型不对", "wrong type"}})
			continue
		}
		errs = append(errs, flatten(m, fmt.Sprintf("%s.%d.", name, i), s.Rows, out)...)
	}
	return errs
}

func scalars(v any) ([]string, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case string:
		return []string{v}, true
	case json.Number:
		return []string{v.String()}, true
	case bool:
		return []string{strconv.FormatBool(v)}, true
	case []any:
		var out []string
		for _, e := range v {
			if _, nested := e.([]any); nested {
				return nil, false
			}
			s, ok := scalars(e)
			if !ok || len(s) != 1 {
				return nil, false
			}
			out = append(out, s[0])
		}
		return out, true
	}
	return nil, false
}
