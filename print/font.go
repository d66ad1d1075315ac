package print

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"

	"huiyin/core"

	"github.com/signintech/gopdf"
)

// The font is Noto Sans SC Regular cut down by tool/vendor/subset.py; its licence is font/OFL.txt.
//
//go:embed font/NotoSansSC-GBK.ttf
var fontFile []byte

const (
	family = "sc"
	geta   = '〓' // 下駄: the printers' mark for a character that is not at hand
)

// face is the parsed font; nothing in it changes once loaded, so all documents share it.
type face struct {
	container *gopdf.FontContainer
	metrics   *gopdf.SubsetFontObj
}

var theFace = sync.OnceValue(func() *face {
	f := &face{&gopdf.FontContainer{}, &gopdf.SubsetFontObj{}}
	if err := f.container.AddTTFFontData(family, fontFile); err != nil {
		panic(err) // the font is part of the program
	}
	if err := f.metrics.SetTTFData(fontFile); err != nil {
		panic(err)
	}
	return f
})

// glyph is the index of the character's picture; 0 where the font has none.
func (f *face) glyph(r rune) uint {
	g, err := f.metrics.CharCodeToGlyphIndex(r)
	if err != nil {
		return 0
	}
	return g
}

// width of a character in a font of size 1.
func (f *face) width(r rune) float64 {
	return float64(f.metrics.GlyphIndexToPdfWidth(f.glyph(r))) / 1000
}

func (f *face) textWidth(s string) (w float64) {
	for _, r := range s {
		w += f.width(r)
	}
	return w
}

// Missing lists the characters of the text that the font cannot print, each once, in the order of their appearance.
// They come out as 〓. Characters without ink (controls, joiners, variation selectors) are not counted.
func Missing(text string) []rune {
	var out []rune
	for _, r := range tidy(text) {
		if r != '\n' && theFace().glyph(r) == 0 && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// MissingError says which characters came out as 〓, so that somebody writes them in by hand or uses another.
type MissingError struct{ Runes []rune }

// Text is for the user.
func (e *MissingError) Text() core.Text {
	return core.T("字库中没有这些字,已打印为 〓,请手写补上:%s", "The font lacks these characters; they print as 〓 and must be filled in by hand: %s", e.list())
}

func (e *MissingError) Error() string { return e.Text().ZH }

func (e *MissingError) list() string {
	words := make([]string, len(e.Runes))
	for i, r := range e.Runes {
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}

// tidy drops what has no ink, makes every line end \n and every other space one that the font has, and a minus, which it
// has not, a hyphen.
func tidy(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return '\n'
		case r == '\t' || unicode.Is(unicode.Zs, r) && theFace().glyph(r) == 0:
			return ' '
		case r == '−':
			return '-'
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		}
		return r
	}, text)
}
