package proof

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"

	"huiyin/core"
	"huiyin/testkit"
)

// filled is a form as somebody has filled it.
type filled struct {
	values url.Values
	files  []testkit.File
}

func (f *filled) add(more filled) {
	for name, vs := range more.values {
		f.values[name] = vs
	}
	f.files = append(f.files, more.files...)
}

// picture is the smallest PNG that there is.
const picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// Words that people write into forms: what the rules look for is among them, and what a database might trip over.
var words = []string{"茶水间龙头漏水", "电梯停在十二层,有人被困", "空调不冷", "大堂有异味", "保安态度差", "楼上施工噪音", "已核实,情况属实", "按约定处理", "客户不在,改天再来", "媒体要来采访", "第三次投诉了",
	"Ünïcode ß – “quotes”", "100% 'quoted' \\ back_slash", "A座1201", "王女士", "Water comes in", "  两边有空格  ", "谢谢🙂👍🏽", "﷽ ﷽ ﷽", "ＡＢＣ　全角", "媽媽𠮷野家", "a\u0301ccents"}

// Values that no honest form holds, or hardly.
var junk = []string{"", " ", "-1", "0", "abc", "9999999999999999999999", "2026-02-30", "1899-01-01T00:00", "2026-13", "<b>x</b>", "=1+1", "0001-01-01", strings.Repeat("长", 300)}

// fill fills a form as a person would: presets stay or are chosen anew, most fields are filled, and sometimes wrongly.
func (p *pair) fill(role core.Role, form *goquery.Selection) filled {
	f := filled{values: testkit.FormValues(form)}
	seen := map[string]bool{}
	form.Find("input, textarea, select").Each(func(_ int, s *goquery.Selection) {
		name := s.AttrOr("name", "")
		if name == "" || strings.HasPrefix(name, "_") || seen[name] || s.Is("[disabled]") || s.ParentsFiltered("template").Length() > 0 {
			return
		}
		seen[name] = true
		p.field(role, form, s, name, &f)
	})
	if p.rnd.IntN(8) == 0 {
		p.spoil(f)
	}
	return f
}

func (p *pair) field(role core.Role, form, s *goquery.Selection, name string, f *filled) {
	_, required := s.Attr("required")
	leave := !required && p.rnd.IntN(4) == 0
	switch kind := s.AttrOr("type", ""); {
	case leave:
	case s.Is("select"):
		p.choose(f.values, name, valuesIn(s.Find("option")))
	case kind == "radio":
		p.choose(f.values, name, valuesIn(form.Find(fmt.Sprintf("input[name='%s']", name))))
	case kind == "checkbox":
		p.tick(f.values, name, valuesIn(form.Find(fmt.Sprintf("input[name='%s']", name))))
	case kind == "file":
		png, _ := base64.StdEncoding.DecodeString(picture)
		f.files = append(f.files, testkit.File{Field: name, Name: "photo.png", Content: png})
	case kind == "hidden" && s.ParentsFiltered("[data-sign]").Length() > 0:
		f.values.Set(name, "data:image/png;base64,"+picture)
	case kind == "hidden" && s.ParentsFiltered("[data-ref]").Length() > 0:
		p.refer(role, f.values, name, s.ParentsFiltered("[data-ref]").First().AttrOr("data-ref", ""))
	case kind == "hidden":
	default:
		if f.values.Get(name) == "" || p.rnd.IntN(3) == 0 {
			f.values.Set(name, p.word(kind, s.AttrOr("inputmode", "")))
			if s.Is("textarea") && p.rnd.IntN(4) == 0 {
				f.values.Set(name, f.values.Get(name)+"\n"+p.word("", ""))
			}
		}
	}
}

func valuesIn(s *goquery.Selection) (out []string) {
	s.Each(func(_ int, o *goquery.Selection) {
		if v := o.AttrOr("value", ""); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	})
	return out
}

func (p *pair) choose(values url.Values, name string, from []string) {
	if len(from) > 0 {
		values.Set(name, from[p.rnd.IntN(len(from))])
	}
}

func (p *pair) tick(values url.Values, name string, from []string) {
	values.Del(name)
	for _, v := range from {
		if p.rnd.IntN(2) == 0 {
			values.Add(name, v)
		}
	}
}

// refer looks a record up, as the page does while one types.
func (p *pair) refer(role core.Role, values url.Values, name, source string) {
	if !strings.HasPrefix(source, "/") {
		p.differ("%s is found by typing, but the form does not say where: %q", name, source)
	}
	hits := p.get(role, source+"?q="+url.QueryEscape([]string{"", "A", "1"}[p.rnd.IntN(3)]))
	var ids []string
	hits.Find("[data-value]").Each(func(_ int, o *goquery.Selection) { ids = append(ids, o.AttrOr("data-value", "")) })
	p.choose(values, name, ids)
}

// word is something to type into an input of a kind.
func (p *pair) word(kind, mode string) string {
	now := p.one.Now().In(core.China)
	days := p.rnd.IntN(12) - 2
	switch {
	case kind == "date":
		return now.AddDate(0, 0, days).Format(time.DateOnly)
	case kind == "datetime-local":
		return now.AddDate(0, 0, days).Add(time.Duration(p.rnd.IntN(600)) * time.Minute).Format("2006-01-02T15:04")
	case kind == "month":
		return now.AddDate(0, -p.rnd.IntN(3), 0).Format("2006-01")
	case kind == "tel":
		return []string{"13812342231", "13900001111", "021-55501234", "13700000" + strconv.Itoa(100+p.rnd.IntN(900))}[p.rnd.IntN(4)]
	case mode != "" && mode != "text":
		return []string{"0", "1", "2", "12.50", "300", "4600", "20000"}[p.rnd.IntN(7)]
	}
	return words[p.rnd.IntN(len(words))]
}

// spoil puts something wrong into one field.
func (p *pair) spoil(f filled) {
	var names []string
	for name := range f.values {
		if !strings.HasPrefix(name, "_") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	f.values.Set(names[p.rnd.IntN(len(names))], junk[p.rnd.IntN(len(junk))])
}

// guess fills fields of which only the declaration is known.
func (p *pair) guess(specs []core.Spec) filled {
	f := filled{values: url.Values{}}
	for _, s := range specs {
		switch {
		case p.rnd.IntN(3) == 0:
			f.values.Set(s.Name, junk[p.rnd.IntN(len(junk))])
		case len(s.Choices) > 0:
			f.values.Set(s.Name, s.Choices[p.rnd.IntN(len(s.Choices))].Value)
		case s.Kind == core.KindBool:
			f.values.Set(s.Name, "true")
		case s.Kind == core.KindDate || s.Kind == core.KindMonth:
			f.values.Set(s.Name, p.word(string(s.Kind), ""))
		case s.Kind == core.KindTime:
			f.values.Set(s.Name, p.word("datetime-local", ""))
		case s.Kind == core.KindPhone:
			f.values.Set(s.Name, p.word("tel", ""))
		case s.Kind == core.KindInt || s.Kind == core.KindMoney || s.Kind == core.KindDecimal || s.Kind == core.KindRating:
			f.values.Set(s.Name, p.word("", "decimal"))
		case s.Kind != core.KindRows && s.Kind != core.KindFile && s.Kind != core.KindPhoto:
			f.values.Set(s.Name, p.word("", ""))
		}
	}
	return f
}
