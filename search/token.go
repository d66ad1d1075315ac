package search

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"huiyin/core"
)

const (
	wordsMax   = 200 // tokens of a document that come from its texts
	pieceMax   = 40  // bytes of one latin word
	queryMax   = 100 // runes of a query
	termsMax   = 12
	suffixMin  = 4 // digits of a telephone number that find it
	lettersMin = 3 // letters from which the beginning of a word finds it
	digitsMin  = 4 // and digits
)

// Tokens cuts a text as it is indexed: pairs of neighbouring Chinese characters (a lone one as it is), latin words and
// numbers in lower case, and what is joined by - _ / . also without the joints: "WX-202611-0187" is wx, 202611, 0187 and
// wx2026110187; a room such as A1203 is also 1203. Identity card numbers are left out. Each token comes once.
func Tokens(text string) []string {
	var out set
	for _, run := range runs(text) {
		if run.han {
			bigrams(run.text, out.add)
			continue
		}
		joined := unjoin(run.text)
		if identity(joined) {
			continue
		}
		out.add(joined)
		if m := roomShape.FindStringSubmatch(joined); m != nil {
			out.add(m[1])
		}
		if len(joined) < len(run.text) {
			for _, piece := range pieces(run.text) {
				if len(piece) > 1 {
					out.add(piece)
				}
			}
		}
	}
	return out.list
}

var roomShape = regexp.MustCompile(`^[a-z]{1,3}([0-9]{3,6})$`)

// set keeps each token once, in order.
type set struct {
	list []string
	have map[string]bool
}

func (s *set) add(token string) {
	if token == "" || len(token) > pieceMax || s.have[token] {
		return
	}
	if s.have == nil {
		s.have = make(map[string]bool, 32)
	}
	s.have[token] = true
	s.list = append(s.list, token)
}

type run struct {
	text string
	han  bool
}

// runs splits a text into stretches of Chinese characters, and of letters and digits with single joints inside.
func runs(text string) []run {
	var out []run
	r := []rune(strings.ToLower(core.FullToHalf(text)))
	for i := 0; i < len(r); {
		start, han := i, isHan(r[i])
		switch {
		case han:
			for i < len(r) && isHan(r[i]) {
				i++
			}
		case isWord(r[i]):
			for i < len(r) && (isWord(r[i]) || isJoint(r[i]) && i+1 < len(r) && isWord(r[i+1])) {
				i++
			}
		default:
			i++
			continue
		}
		out = append(out, run{string(r[start:i]), han})
	}
	return out
}

func isHan(r rune) bool { return r >= 0x3007 && unicode.Is(unicode.Han, r) }
func isWord(r rune) bool {
	return r < 0x80 && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9') || r >= 0x80 && unicode.IsLetter(r) && !isHan(r)
}
func isJoint(r rune) bool { return r == '-' || r == '_' || r == '/' || r == '.' }
func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func isDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func bigrams(text string, add func(string)) {
	r := []rune(text)
	if len(r) == 1 {
		add(text)
	}
	for i := 1; i < len(r); i++ {
		add(string(r[i-1 : i+1]))
	}
}

func pieces(s string) []string { return strings.FieldsFunc(s, isJoint) }
func unjoin(s string) string   { return strings.Join(pieces(s), "") }

// identity keeps identity card numbers out, whoever passes them by mistake.
func identity(s string) bool {
	return (len(s) == 15 || len(s) == 18) && core.CheckResidentID(s) == nil
}

// codeTokens makes a number or a unit code findable whole, from its beginning, and from each part to its end: A1203 by
// 1203; WX-202611-0187 by 0187 and 187. The second list holds what counts as naming it exactly.
func codeTokens(code string) (tokens, exact []string) {
	var parts []string
	for _, run := range runs(code) {
		parts = append(parts, pieces(run.text)...)
	}
	full := strings.Join(parts, "")
	if full == "" || identity(full) {
		return nil, nil
	}
	last := parts[len(parts)-1]
	tokens, exact = []string{full}, []string{full}
	for i := range parts[1:] {
		tokens = append(tokens, strings.Join(parts[i+1:], ""))
	}
	if digits := last[len(strings.TrimRight(last, "0123456789")):]; digits != "" && digits != full {
		short := strings.TrimLeft(digits, "0")
		tokens, exact = append(tokens, digits, short), append(exact, digits, short)
	}
	return tokens, exact
}

// phoneTokens are the number, and its ends of four digits and more.
func phoneTokens(p core.Phone) (tokens []string, full string) {
	number, _, _ := strings.Cut(string(p), "-") // without its extension
	full = strings.TrimPrefix(number, "+")
	if full == "" || !isDigits(full) {
		return nil, ""
	}
	for i := 0; i+suffixMin <= len(full); i++ {
		tokens = append(tokens, full[i:])
	}
	return append(tokens, full), full
}

// Want is one token that satisfies a term of a query, or the beginning of one.
type Want struct {
	Text   string
	Prefix bool
}

// Term is one condition of a query: any of its wants. A document must meet every term.
type Term []Want

// QueryTokens cuts what somebody typed. A telephone number in any spelling becomes its digits; latin words that follow
// each other may also stand joined (zhang san finds zhangsan); the last words typed need not be complete.
func QueryTokens(query string) []Term {
	if r := []rune(query); len(r) > queryMax {
		query = string(r[:queryMax])
	}
	if p, ok := core.NormalPhone(query); ok && len(p) >= 7 {
		_, full := phoneTokens(p)
		return []Term{{{full, false}}}
	}
	var terms []Term
	for _, word := range strings.Fields(query) {
		for _, run := range runs(word) {
			terms = append(terms, runTerms(run)...)
		}
	}
	joinLatin(terms)
	return terms[:min(len(terms), termsMax)]
}

func runTerms(r run) (terms []Term) {
	if !r.han {
		return []Term{{latin(unjoin(r.text))}}
	}
	bigrams(r.text, func(token string) { terms = append(terms, Term{{token, len([]rune(token)) == 1}}) })
	return terms
}

func latin(s string) Want {
	if isDigits(s) {
		return Want{s, len(s) >= digitsMin}
	}
	return Want{s, len(s) >= lettersMin}
}

var letters = regexp.MustCompile(`^[a-z]+$`)

// joinLatin lets a stretch of plain latin words also match as one word.
func joinLatin(terms []Term) {
	for i := 0; i < len(terms); {
		joined, j := "", i
		for j < len(terms) && letters.MatchString(terms[j][0].Text) {
			joined += terms[j][0].Text
			j++
		}
		for k := i; k < j && j-i > 1; k++ {
			terms[k] = append(terms[k], latin(joined))
		}
		i = max(j, i+1)
	}
}
