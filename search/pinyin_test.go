package search

import (
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
)

// Every character is read as the library reads it.
func TestReadingsAreTheLibrarys(t *testing.T) {
	for _, every := range []bool{false, true} {
		for n := range pinyin.PinyinDict {
			if isWord(rune(n)) {
				continue
			}
			var want []string
			for _, p := range pinyin.SinglePinyin(rune(n), pinyin.Args{Style: pinyin.Normal, Heteronym: every}) {
				if !slices.Contains(want, p) {
					want = append(want, p)
				}
			}
			if got := single(rune(n), every); !slices.Equal(got, want) {
				t.Errorf("%c is read %q, the library says %q", n, got, want)
			}
		}
	}
}

// A letter of two bytes stays whole: PostgreSQL refuses a document whose words are no text.
func TestInitialsAreWholeLetters(t *testing.T) {
	for _, name := range []string{"Müller", "Ünïcode ß", "Ærø 物业有限公司", "Élan Café Ltd", "李Ü明"} {
		spell.tokens(name, func(token string) {
			if !utf8.ValidString(token) {
				t.Errorf("%s: the token %q is cut through a letter", name, token)
			}
		})
	}
}
