package sheet

import (
	"regexp"
	"strings"
	"unicode"

	"huiyin/core"
)

// Person is one person named in a cell, with the telephone numbers written beside the name.
type Person struct {
	Name   string       `json:"name"`
	Phones []core.Phone `json:"phones,omitempty"`
}

// phoneRun matches what may be a telephone number inside text.
var phoneRun = regexp.MustCompile(`(?:\+|00)?\(?\d[\d\-() ]{3,}\d(?:\s*(?:转|分机|ext\.?)\s*\d{1,6})?|\b(?:110|119|120)\b`)

// phoneParts splits a list of numbers; the space is not among the separators, as it also stands inside numbers.
var phoneParts = regexp.MustCompile(`[/、,;|\n\t]+|\s+或\s*|或|和`)

// ParsePhones reads one telephone number or several (/ 、 ; space newline), stored as text or as a number. It is ok when
// every part is a number; otherwise the parts that are none come back too, as written.
func ParsePhones(c Cell) ([]core.Phone, bool, core.Text) {
	var out []core.Phone
	ok := true
	for _, part := range phoneParts.Split(core.FullToHalf(phoneText(c)), -1) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		phones, good := spacedPhones(part)
		out, ok = append(out, phones...), ok && good
	}
	if !ok || len(out) == 0 {
		return out, false, core.T("%q 不是电话号码", "%q is not a telephone number", phoneText(c))
	}
	return out, true, core.Text{}
}

// phoneText is the cell's text; a number that was typed as text with Excel's exponent or .0 is written out.
func phoneText(c Cell) string {
	s := c.Text()
	if c.Kind == CellText && floatText.MatchString(s) {
		return plainNumber(s)
	}
	return s
}

var floatText = regexp.MustCompile(`^\d+(?:\.0+|\.\d+[eE]\+?\d{1,2})$`)

// spacedPhones reads one number that may hold spaces, or several numbers between spaces.
func spacedPhones(s string) ([]core.Phone, bool) {
	whole, ok := core.NormalPhone(s)
	if ok {
		return []core.Phone{whole}, true
	}
	var out []core.Phone
	for _, word := range strings.Fields(s) {
		p, ok := core.NormalPhone(word)
		if !ok {
			return []core.Phone{whole}, false
		}
		out = append(out, p)
	}
	return out, len(out) > 0
}

// piece is a run of names or a run of telephone numbers.
type piece struct {
	names  []string
	phones []core.Phone
}

// ParsePeople reads the people in one cell: 程波梓 18657393922, 张三13800138000 李四13900139000, 张三、李四, 张三/李四
// 138…/139…. What cannot be divided surely is one Person with the whole text as name, and not ok.
func ParsePeople(c Cell) ([]Person, bool, core.Text) {
	s := strings.TrimSpace(core.FullToHalf(phoneText(c)))
	if s == "" {
		return nil, false, core.T("没有写明人员", "nobody is named")
	}
	pieces, ok := cutPeople(s)
	var people []Person
	if ok {
		people, ok = pair(pieces)
	}
	if !ok {
		return []Person{{Name: c.Text()}}, false, core.T("%q 分不出人名与电话,已整体保留", "%q could not be divided into names and telephone numbers; it was kept whole", c.Text())
	}
	return people, true, core.Text{}
}

// cutPeople cuts the text into alternating runs of names and numbers; false when a digit remains in a name.
func cutPeople(s string) ([]piece, bool) {
	var out []piece
	last := 0
	for _, at := range phoneRun.FindAllStringIndex(s, -1) {
		phones, ok := runPhones(s[at[0]:at[1]])
		if !ok {
			return nil, false
		}
		if names := cutNames(s[last:at[0]]); len(names) > 0 {
			out = append(out, piece{names: names})
		}
		if n := len(out); n > 0 && out[n-1].phones != nil {
			out[n-1].phones = append(out[n-1].phones, phones...)
		} else {
			out = append(out, piece{phones: phones})
		}
		last = at[1]
	}
	if names := cutNames(s[last:]); len(names) > 0 {
		out = append(out, piece{names: names})
	}
	for _, p := range out {
		for _, n := range p.names {
			if strings.IndexFunc(n, unicode.IsDigit) >= 0 {
				return nil, false
			}
		}
	}
	return out, len(out) > 0
}

// runPhones reads a run of digits that may be one number or several between spaces. A bracket that opened outside the
// run (张三(13800138000)) is no part of it.
func runPhones(s string) ([]core.Phone, bool) {
	if strings.Count(s, "(") != strings.Count(s, ")") {
		s = strings.Trim(s, "()")
	}
	return spacedPhones(strings.TrimSpace(s))
}

var (
	nameParts  = regexp.MustCompile(`[/、,;|\n\t&+]+|\s{2,}`)
	phoneWords = regexp.MustCompile(`(?i)(?:联系)?(?:电话|手机|tel|mobile|phone)(?:号码|号)?\.?\s*:?\s*$`)
	nameWords  = regexp.MustCompile(`^(?:紧急联系人|联系人|姓名|name)\s*:`)
)

// cutNames divides text without numbers into names.
func cutNames(s string) []string {
	var out []string
	for _, part := range nameParts.Split(s, -1) {
		part = nameWords.ReplaceAllString(strings.TrimSpace(part), "")
		part = strings.TrimSpace(phoneWords.ReplaceAllString(part, ""))
		part = strings.Trim(part, " :-_—.。")
		if strings.Count(part, "(") != strings.Count(part, ")") {
			part = strings.Trim(part, "() ")
		}
		if part != "" {
			out = append(out, spacedNames(part)...)
		}
	}
	return out
}

// spacedNames divides at spaces when every part is a Chinese name by itself; 张 三 is one name, John Smith too.
func spacedNames(s string) []string {
	words := strings.Fields(s)
	if len(words) < 2 {
		return []string{s}
	}
	single := true
	for _, w := range words {
		if !isHan(w) {
			return []string{s}
		}
		single = single && len([]rune(w)) == 1
	}
	if single {
		return []string{strings.Join(words, "")}
	}
	for _, w := range words {
		if n := len([]rune(w)); n < 2 || n > 4 {
			return []string{s}
		}
	}
	return words
}

func isHan(s string) bool {
	for _, r := range s {
		if !unicode.Is(unicode.Han, r) && r != '·' {
			return false
		}
	}
	return s != ""
}

// pair gives each name its numbers: a name owns the numbers that follow it; where the cell begins with a number, those
// before it; n names followed by n numbers own one each, in order. Anything else is not sure.
func pair(pieces []piece) ([]Person, bool) {
	if pieces[0].phones != nil && len(pieces) > 1 {
		if len(pieces)%2 != 0 {
			return nil, false
		}
		for i := 0; i < len(pieces); i += 2 {
			pieces[i], pieces[i+1] = pieces[i+1], pieces[i]
		}
	}
	var out []Person
	for i, p := range pieces {
		if p.names == nil {
			people, ok := own(out, p.phones, i > 0 && len(pieces[i-1].names) > 1, len(pieces) == 2)
			if !ok {
				return nil, false
			}
			out = people
			continue
		}
		for _, n := range p.names {
			out = append(out, Person{Name: n})
		}
	}
	return out, true
}

// own hands a run of numbers to the people before it.
func own(people []Person, phones []core.Phone, several, only bool) ([]Person, bool) {
	switch {
	case len(people) == 0:
		return []Person{{Phones: phones}}, true
	case !several:
		people[len(people)-1].Phones = phones
		return people, true
	case only && len(people) == len(phones):
		for i, p := range phones {
			people[i].Phones = []core.Phone{p}
		}
		return people, true
	}
	return nil, false
}

// FormatPeople writes people so that ParsePeople reads the same: 程波梓 18657393922、李四 13900139000.
func FormatPeople(people []Person) string {
	var parts []string
	for _, p := range people {
		words := []string{}
		if p.Name != "" {
			words = append(words, p.Name)
		}
		for _, n := range p.Phones {
			words = append(words, string(n))
		}
		parts = append(parts, strings.Join(words, " "))
	}
	return strings.Join(parts, "、")
}
