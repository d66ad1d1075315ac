package core_test

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/govalues/decimal"
	"pgregory.net/rapid"

	"huiyin/core"
)

// everything has one property of every kind a field may point to.
type everything struct {
	Text, Lines, Choice, Radio, Hidden string
	Many                               []string
	Int                                int64
	Small                              int
	Rating                             int64
	Money                              core.Money
	Decimal                            core.Decimal
	Date                               core.Date
	Month                              core.Month
	Time                               time.Time
	Bool                               bool
	ID                                 core.ID
	Phone                              core.Phone
	IDNo                               core.IDNumber
	Name                               core.Personal
	Secret                             core.Secret
	Files                              []core.Upload
	Rows                               []row
}

type row struct {
	Item string
	N    int64
}

var colours = []core.Choice{{Value: "red", Label: core.T("红", "Red")}, {Value: "green", Label: core.T("绿", "Green")}}

func label(name string) core.Text { return core.Text{ZH: "栏" + name, EN: "Field " + name} }

func fieldsOfEverything() []core.Field[everything] {
	f := func(name string, ptr func(*everything) any) core.Field[everything] {
		return core.Field[everything]{Name: name, Label: label(name), Ptr: ptr}
	}
	fs := []core.Field[everything]{
		f("text", func(e *everything) any { return &e.Text }), f("lines", func(e *everything) any { return &e.Lines }),
		f("choice", func(e *everything) any { return &e.Choice }), f("radio", func(e *everything) any { return &e.Radio }),
		f("hidden", func(e *everything) any { return &e.Hidden }), f("many", func(e *everything) any { return &e.Many }),
		f("int", func(e *everything) any { return &e.Int }), f("small", func(e *everything) any { return &e.Small }),
		f("rating", func(e *everything) any { return &e.Rating }), f("money", func(e *everything) any { return &e.Money }),
		f("decimal", func(e *everything) any { return &e.Decimal }), f("date", func(e *everything) any { return &e.Date }),
		f("month", func(e *everything) any { return &e.Month }), f("time", func(e *everything) any { return &e.Time }),
		f("bool", func(e *everything) any { return &e.Bool }), f("id", func(e *everything) any { return &e.ID }),
		f("phone", func(e *everything) any { return &e.Phone }), f("idno", func(e *everything) any { return &e.IDNo }),
		f("name", func(e *everything) any { return &e.Name }), f("secret", func(e *everything) any { return &e.Secret }),
		f("files", func(e *everything) any { return &e.Files }), f("rows", nil),
	}
	at := func(name string) *core.Field[everything] {
		return &fs[slices.IndexFunc(fs, func(f core.Field[everything]) bool { return f.Name == name })]
	}
	at("lines").Kind, at("hidden").Kind, at("rating").Kind, at("radio").Kind = core.KindLines, core.KindHidden, core.KindRating, core.KindRadio
	at("choice").Choices, at("radio").Choices, at("many").Choices = colours, colours, colours
	at("int").Min, at("small").Min, at("money").Min = -1_000_000, -50, -100_000_000
	at("rows").Rows = core.Rows(func(e *everything) *[]row { return &e.Rows }, []core.Field[row]{
		{Name: "item", Label: label("item"), Ptr: func(r *row) any { return &r.Item }, Required: true},
		{Name: "n", Label: label("n"), Ptr: func(r *row) any { return &r.N }},
	})
	return fs
}

func drawEverything(t *rapid.T) everything {
	colour := rapid.SampledFrom([]string{"", "red", "green"})
	word := rapid.StringMatching(`[a-zA-Z0-9一-龥]{1,12}( [a-z一-龥<&"']{1,6})?`)
	e := everything{
		Text: word.Draw(t, "text"), Lines: word.Draw(t, "line1") + "\n\n" + word.Draw(t, "line2"), Hidden: word.Draw(t, "hidden"),
		Choice: colour.Draw(t, "choice"), Radio: colour.Draw(t, "radio"),
		Int: rapid.Int64Range(-1_000_000, 1_000_000_000).Draw(t, "int"), Small: rapid.IntRange(-50, 1_000_000).Draw(t, "small"),
		Rating: rapid.Int64Range(0, 5).Draw(t, "rating"), Money: core.Money(rapid.Int64Range(-100_000_000, 1_000_000_000_000).Draw(t, "money")),
		Decimal: decimal.MustNew(rapid.Int64Range(-1e12, 1e12).Draw(t, "coef"), rapid.IntRange(0, 6).Draw(t, "scale")),
		Bool:    rapid.Bool().Draw(t, "bool"), ID: core.ID(rapid.Int64Range(0, 1<<62).Draw(t, "id")),
		Phone: core.Phone(rapid.StringMatching(`1[3-9][0-9]{9}`).Draw(t, "phone")), IDNo: core.IDNumber(rapid.StringMatching(`[1-9][0-9]{16}[0-9X]`).Draw(t, "idno")),
		Name: core.Personal(word.Draw(t, "name")),
	}
	at := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 100_000_000).Draw(t, "minute")) * time.Minute)
	e.Time, e.Date, e.Month = at, core.DateOf(at, core.China), core.MonthOf(at, core.China)
	if core.China.String() != "Asia/Shanghai" {
		t.Fatal("the zone data is missing")
	}
	if rapid.Bool().Draw(t, "many") {
		e.Many = []string{"green", "red"}
	}
	for range rapid.IntRange(0, 4).Draw(t, "rows") {
		e.Rows = append(e.Rows, row{word.Draw(t, "item"), rapid.Int64Range(0, 99).Draw(t, "n")})
	}
	return e
}

// ambiguous says that the wall clock of China showed this minute twice (summer time ended: 1986 to 1991).
func ambiguous(at time.Time) bool {
	wall := func(t time.Time) string { return t.In(core.China).Format("2006-01-02T15:04") }
	return wall(at) == wall(at.Add(time.Hour)) || wall(at) == wall(at.Add(-time.Hour))
}

func TestWhatAFormShowsItReadsBack(t *testing.T) {
	ctx, fields := context.Background(), fieldsOfEverything()
	rapid.Check(t, func(t *rapid.T) {
		e := drawEverything(t)
		if ambiguous(e.Time) {
			t.Skip("this minute came twice")
		}
		got, err := core.Bind(ctx, fields, core.Input{Values: core.ValuesOf(ctx, fields, &e)})
		if err != nil {
			t.Fatalf("%+v does not bind: %v", e, err)
		}
		if e.Many == nil {
			got.Many = nil
		}
		if !reflect.DeepEqual(got, e) {
			t.Fatalf("bound\n%+v, want\n%+v", got, e)
		}
	})
}

func TestJSONAndFormBindAlike(t *testing.T) {
	ctx, fields := context.Background(), fieldsOfEverything()
	body := `{"text":"灯不亮","int":-5,"small":"7","bool":true,"money":"1,234.50","decimal":12.5,"date":"2026-11-22","month":"2026-11","time":"2026-11-22T14:30:00+08:00",
		"id":"1234567890123456789","phone":"138-8606-9977","idno":"11010519491231002x","many":["red","green"],"choice":"red","rows":[{"item":"管","n":2},{"item":"线"}],"name":null}`
	in, err := core.InputOfJSON([]byte(body), core.Specs(fields))
	if err != nil {
		t.Fatal(err)
	}
	got, err := core.Bind(ctx, fields, in)
	if err != nil {
		t.Fatal(err)
	}
	want := everything{Text: "灯不亮", Int: -5, Small: 7, Bool: true, Money: 123450, Decimal: decimal.MustParse("12.5"), Date: "2026-11-22", Month: "2026-11",
		Time: time.Date(2026, 11, 22, 6, 30, 0, 0, time.UTC), ID: 1234567890123456789, Phone: "13886069977", IDNo: "11010519491231002X",
		Many: []string{"red", "green"}, Choice: "red", Rows: []row{{"管", 2}, {"线", 0}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("bound\n%+v, want\n%+v", got, want)
	}
}

// fieldErrors asserts that err is about input and speaks both languages, and returns the names of the fields it names.
func fieldErrors(t interface {
	Helper()
	Errorf(string, ...any)
}, err error,
) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	if !core.IsKind(err, core.KindInvalid) {
		t.Errorf("%v is no input error", err)
	}
	var names []string
	for _, f := range core.AsErr(err).Fields {
		if f.Text.ZH == "" || f.Text.EN == "" || strings.Contains(f.Text.ZH+f.Text.EN, "%!") {
			t.Errorf("%s: the message is incomplete: %+v", f.Name, f.Text)
		}
		names = append(names, f.Name)
	}
	return names
}

func TestBadInputIsAFieldErrorInBothLanguages(t *testing.T) {
	fields := fieldsOfEverything()
	for _, c := range []struct{ field, value string }{
		{"text", strings.Repeat("长", 201)}, {"text", "a\x00b"}, {"text", "a\x1b[31m"}, {"text", "\xff\xfe"}, {"text", "two\nlines"}, {"text", "a\u0085b"},
		{"lines", strings.Repeat("长", 4001)}, {"lines", "\xed\xa0\x80"}, {"hidden", strings.Repeat("x", 201)},
		{"choice", "blue"}, {"choice", "RED"}, {"radio", "blue"}, {"many", "blue"}, {"many", "red\x00"},
		{"int", "1.5"}, {"int", "x"}, {"int", "9223372036854775808"}, {"int", "1000000001"}, {"int", "-1000001"}, {"small", "-51"}, {"int", "١٢"},
		{"rating", "6"}, {"rating", "-1"}, {"money", "1.234"}, {"money", "10000000000.01"}, {"money", "-1000000.01"}, {"money", "9999999999999"}, {"money", "∞"},
		{"decimal", "1.2.3"}, {"decimal", "NaN"}, {"decimal", "1e400"}, {"decimal", "99999999999999999999"},
		{"date", "2026-02-30"}, {"date", "0000-00-00"}, {"date", "99999-01-01"}, {"month", "2026-13"}, {"month", "0001-01"},
		{"time", "25:00"}, {"time", "2026-11-22T24:30"}, {"time", "0001-01-01T00:00"}, {"time", "9999-12-31T23:59"}, {"time", "2026-11-22T10:00:00+99:00"},
		{"bool", "maybe"}, {"id", "0"}, {"id", "-4"}, {"id", "9223372036854775808"}, {"id", "1/2"},
		{"phone", "abc"}, {"phone", "99999"}, {"phone", strings.Repeat("1", 500)}, {"idno", strings.Repeat("1", 201)}, {"name", "\x07"}, {"secret", "a\x00"}, {"secret", strings.Repeat("s", 201)},
		{"rows.0.item", strings.Repeat("长", 201)}, {"rows.0.n", "x"},
	} {
		_, err := core.Bind(context.Background(), fields, core.Input{Values: map[string][]string{c.field: {c.value}, "rows.0.item": {"管"}}})
		if c.field == "rows.0.item" {
			_, err = core.Bind(context.Background(), fields, core.Input{Values: map[string][]string{c.field: {c.value}}})
		}
		if names := fieldErrors(t, err); !slices.Equal(names, []string{c.field}) {
			t.Errorf("%s = %.20q: errors at %v, want at the field alone", c.field, c.value, names)
		}
	}
}

func TestRequiredFieldsAndRowsAreMissed(t *testing.T) {
	fields := fieldsOfEverything()
	var want []string
	for i := range fields {
		fields[i].Required = true
		if k := fields[i].KindOf(); k != core.KindBool {
			want = append(want, fields[i].Name)
		}
	}
	for _, blank := range []string{"", " \t ", "\n"} {
		values := map[string][]string{}
		for _, f := range fields {
			if f.Rows == nil && f.Name != "many" && f.Name != "secret" {
				values[f.Name] = []string{blank}
			}
		}
		_, err := core.Bind(context.Background(), fields, core.Input{Values: values})
		if names := fieldErrors(t, err); !slices.Equal(names, want) {
			t.Errorf("blank %q: errors at %v, want %v", blank, names, want)
		}
	}
}

func TestDecimalsAndDatesKeepTheirRange(t *testing.T) {
	type thing struct {
		Area core.Decimal
		Day  core.Date
	}
	ctx := core.WithClock(context.Background(), func() time.Time { return time.Date(2026, 11, 22, 23, 30, 0, 0, core.China) })
	bind := func(min, max int64, name, value string) error {
		fields := []core.Field[thing]{{Name: "area", Label: label("area"), Ptr: func(x *thing) any { return &x.Area }, Min: min, Max: max},
			{Name: "day", Label: label("day"), Ptr: func(x *thing) any { return &x.Day }, Min: min, Max: max}}
		_, err := core.Bind(ctx, fields, core.Input{Values: map[string][]string{name: {value}}})
		return err
	}
	for _, c := range []struct {
		min, max    int64
		name, value string
		good        bool
	}{
		{0, 100, "area", "0", true}, {0, 100, "area", "100.000", true}, {0, 100, "area", "100.001", false}, {0, 100, "area", "-0.001", false}, {-5, 0, "area", "-5", true}, {-5, 0, "area", "0.1", false},
		{0, 0, "area", "-123456789.5", true}, {0, 30, "day", "2026-11-22", true}, {0, 30, "day", "2026-11-21", false}, {0, 30, "day", "2026-12-22", true}, {0, 30, "day", "2026-12-23", false},
		{-365, 0, "day", "2025-11-22", true}, {-365, 0, "day", "2025-11-21", false}, {-365, 0, "day", "2026-11-23", false}, {0, 0, "day", "1999-01-01", true}, {0, 30, "day", "", true},
	} {
		err := bind(c.min, c.max, c.name, c.value)
		if (err == nil) != c.good || err != nil && (!core.IsKind(err, core.KindInvalid) || core.AsErr(err).Fields[0].Name != c.name || core.AsErr(err).Fields[0].Text.EN == "") {
			t.Errorf("%s %q within %d and %d: %v", c.name, c.value, c.min, c.max, err)
		}
	}
}

func TestAListForOneValueIsRefused(t *testing.T) {
	specs := core.Specs(fieldsOfEverything())
	for _, name := range []string{"text", "lines", "choice", "radio", "int", "money", "decimal", "date", "bool", "id", "phone"} {
		for _, list := range []string{`["1","2"]`, `["1"]`, `[]`} {
			_, err := core.InputOfJSON([]byte(`{"`+name+`":`+list+`}`), specs)
			if !core.IsKind(err, core.KindInvalid) || core.AsErr(err).Fields[0].Name != name || !strings.Contains(core.AsErr(err).Fields[0].Text.EN, "one value") {
				t.Errorf("%s given %s: %v", name, list, err)
			}
		}
	}
	in, err := core.InputOfJSON([]byte(`{"many":["red","green"],"rows":[{"item":["a","b"]}]}`), specs)
	if err == nil || core.AsErr(err).Fields[0].Name != "rows.0.item" || len(in.Values["many"]) != 2 {
		t.Errorf("a list within a row: %v", err)
	}
}

func TestRowsAreCounted(t *testing.T) {
	fields := fieldsOfEverything()
	i := slices.IndexFunc(fields, func(f core.Field[everything]) bool { return f.Name == "rows" })
	fields[i].Max = 3
	bind := func(n int) error {
		rows := make([]map[string]any, n)
		for i := range rows {
			rows[i] = map[string]any{"item": "管"}
		}
		in, err := core.InputOfJSON([]byte(core.JSON(map[string]any{"rows": rows})), core.Specs(fields))
		if err == nil {
			_, err = core.Bind(context.Background(), fields, in)
		}
		return err
	}
	if err := bind(3); err != nil {
		t.Errorf("three rows: %v", err)
	}
	for _, n := range []int{4, 999, 1500} {
		if names := fieldErrors(t, bind(n)); !slices.Equal(names, []string{"rows"}) {
			t.Errorf("%d rows of three: errors at %v", n, names)
		}
	}
}

func TestBindNeverPanicsAndAlwaysSpeaksBothLanguages(t *testing.T) {
	fields := fieldsOfEverything()
	names := []string{"rows.0.item", "rows.-1.item", "rows.0", "rows.x.n", "rows.99999.n", "rows..n", "rows.0.n.n", ""}
	for _, f := range fields {
		names = append(names, f.Name)
	}
	nasty := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\xff", "\x00", "=1+1", "9999999999999999999999", "-0", "1e999999999", "2026-02-31", "<script>", "null",
		strings.Repeat("9", 5000), "+", "0x7f", "1_000", "١"}), rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) }))
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.MapOf(rapid.SampledFrom(names), rapid.SliceOfN(nasty, 0, 3)).Draw(t, "values")
		_, err := core.Bind(core.WithLang(context.Background(), core.EN), fields, core.Input{Values: values})
		fieldErrors(t, err)
	})
}

func TestJSONThatNoFormSends(t *testing.T) {
	specs := core.Specs(fieldsOfEverything())
	for body, want := range map[string][]string{
		`{"nobody":1}`: {"nobody"}, `{"text":{"a":1}}`: {"text"}, `{"text":[["x"]]}`: {"text"}, `{"rows":[1]}`: {"rows"}, `{"rows":[[{"item":"x"}]]}`: {"rows"},
		`{"rows":[{"item":"x","evil":1}]}`: {"rows.0.evil"}, `{"many":[null]}`: {"many"}, `{"b":1,"a":2}`: {"a", "b"},
		`{"rows":{"item":"x"}}`: {"rows"}, `{"rows":"x"}`: {"rows"}, `{"rows":["x"]}`: {"rows"},
		``: {""}, `[]`: {""}, `"x"`: {""}, `{"text":`: {""}, `{} {}`: {""}, `{}]`: {""}, strings.Repeat(`{"rows":[`, 20_000): {""},
	} {
		_, err := core.InputOfJSON([]byte(body), specs)
		if names := fieldErrors(t, err); !slices.Equal(names, want) {
			t.Errorf("%.40s: errors at %q, want %q", body, names, want)
		}
	}
	for _, body := range []string{`{}`, `null`, `{"text":null,"rows":null,"rows":[]}`} {
		if _, err := core.InputOfJSON([]byte(body), specs); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestPersonalValuesAreMaskedWhereverTheyAreShown(t *testing.T) {
	ctx := context.Background()
	e := everything{Phone: "13886062231", IDNo: "11010519491231002X", Secret: "hunter2"}
	for _, f := range fieldsOfEverything() {
		if f.Rows != nil {
			continue
		}
		shown := f.Display(ctx, &e) + core.JSON(f.JSONValue(ctx, &e))
		for _, secret := range []string{"13886062231", "11010519491231002X", "hunter2"} {
			if strings.Contains(shown, secret) {
				t.Errorf("field %s shows %s", f.Name, secret)
			}
		}
		if f.Name == "secret" && f.Value(ctx, &e) != "" {
			t.Error("a password is sent back")
		}
	}
}

func TestDisplaySpeaksTheLanguage(t *testing.T) {
	e := everything{Choice: "red", Many: []string{"red", "green"}, Bool: true, Money: 123450, Time: time.Date(2026, 11, 22, 6, 30, 0, 0, time.UTC)}
	for lang, want := range map[core.Lang]map[string]string{
		core.ZH: {"choice": "红", "many": "红、绿", "bool": "是", "money": "1,234.50", "time": "2026-11-22 14:30", "date": ""},
		core.EN: {"choice": "Red", "many": "Red, Green", "bool": "Yes", "money": "1,234.50", "time": "2026-11-22 14:30", "id": ""},
	} {
		got := map[string]string{}
		for _, f := range fieldsOfEverything() {
			if _, ok := want[f.Name]; ok {
				got[f.Name] = f.Display(core.WithLang(context.Background(), lang), &e)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", lang, got, want)
		}
	}
}

func TestJSONValueIsWhatBindReads(t *testing.T) {
	ctx, fields := context.Background(), fieldsOfEverything()
	open := map[string]bool{"phone": true, "idno": true, "secret": true, "rows": true, "files": true}
	rapid.Check(t, func(t *rapid.T) {
		e := drawEverything(t)
		m := map[string]any{}
		for _, f := range fields {
			if !open[f.Name] {
				m[f.Name] = f.JSONValue(ctx, &e)
			}
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		in, err := core.InputOfJSON(b, core.Specs(fields))
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		got, err := core.Bind(ctx, fields, in)
		e.Phone, e.IDNo, e.Rows = "", "", nil
		if e.Many == nil {
			got.Many = nil
		}
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("%s became\n%+v, want\n%+v: %v", b, got, e, err)
		}
	})
}
