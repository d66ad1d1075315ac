package print

import (
	"strings"
	"unicode"
)

// closing may not begin a line (避头), opening may not end one (避尾), pairs are never torn apart. Full-width forms are
// written as escapes, since many editors show them like their ASCII cousins.
const (
	closing = ",.:;!?)]}%/-\"'" + // and full-width:
		"\uff0c\u3002\u3001\uff1b\uff1a\uff1f\uff01\uff09\uff3d\uff5d\uff05\uff0e\uff0f\uff5e" +
		"\u300b\u3009\u300d\u300f\u3011\u3015\u3017\u301e\u201d\u2019\u2026\u2014\u00b7\u2103\u00b0\u33a1\u33a5\u2030\u2032\u2033\u3005\u30fc"
	opening = "([{$#@\"'" + "\uff08\uff3b\uff5b\uff04\uffe5\u00a5\u20ac\u00a3\u2116" +
		"\u300a\u3008\u300c\u300e\u3010\u3014\u3016\u301d\u201c\u2018"
	paired = "\u2014\u2026" // —— ……
)

// slack is what adding up widths may err by.
const slack = 1e-6

// breakLines sets text in lines no wider than max, by the rules above; words in Latin letters stay whole unless one
// is wider than a line. Only spaces at line ends are dropped. width is that of one character, in the unit of max.
func breakLines(text string, width func(rune) float64, max float64) []string {
	var lines []string
	for para := range strings.SplitSeq(text, "\n") {
		lines = append(lines, breakParagraph(para, width, max)...)
	}
	return lines
}

func breakParagraph(text string, width func(rune) float64, max float64) []string {
	var lines []string
	var line strings.Builder
	used := 0.0
	end := func() {
		lines = append(lines, strings.TrimRight(line.String(), " "))
		line.Reset()
		used = 0
	}
	for _, p := range pieces(text) {
		w := measure(strings.TrimRight(p, " "), width)
		if used > 0 && used+w > max+slack {
			end()
		}
		for w > max+slack { // a word, or a row of signs, wider than the line
			head := cut(p, width, max)
			line.WriteString(head)
			end()
			p = p[len(head):]
			w = measure(strings.TrimRight(p, " "), width)
		}
		line.WriteString(p)
		used += measure(p, width)
	}
	end()
	return lines
}

func measure(s string, width func(rune) float64) (w float64) {
	for _, r := range s {
		w += width(r)
	}
	return w
}

// cut is the longest beginning of p that fits, at least one character; after a / - _ & = ? . if there is one in its
// second half.
func cut(p string, width func(rune) float64, max float64) string {
	used, fit := 0.0, 0
	for i, r := range p {
		used += width(r)
		if used > max+slack && i > 0 {
			break
		}
		fit = i + len(string(r))
	}
	if at := strings.LastIndexAny(p[:fit], "/-_&=?."); at+1 > fit/2 {
		return p[:at+1]
	}
	return p[:fit]
}

// pieces cuts the text wherever a line may end.
func pieces(text string) []string {
	var out []string
	from, before := 0, rune(0)
	for i, r := range text {
		if i > from && mayBreak(before, r) {
			out = append(out, text[from:i])
			from = i
		}
		before = r
	}
	if from < len(text) {
		out = append(out, text[from:])
	}
	return out
}

// mayBreak reports whether a line may end after a and the next begin with b.
func mayBreak(a, b rune) bool {
	switch {
	case b == ' ':
		return false
	case a == ' ':
		return !strings.ContainsRune(closing, b) || strings.ContainsRune(opening, b)
	case strings.ContainsRune(opening, a), strings.ContainsRune(closing, b):
		return false
	case latin(a) && latin(b), a == b && strings.ContainsRune(paired, a):
		return false
	}
	return true
}

// latin reports whether the character is part of a word written in an alphabet, or of a number.
func latin(r rune) bool {
	return r < 0x2000 && !unicode.IsSpace(r) || r >= 0x2010 && r <= 0x2012
}
