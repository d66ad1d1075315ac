package search

import (
	"slices"
	"testing"

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
