// Package i18n decides which language somebody reads. The texts themselves stand where they are used, as core.Text in
// both languages (docs/adr/0002): a text cannot be forgotten in a catalogue, and a module is translated in its own folder.
package i18n

import (
	"strings"

	"huiyin/core"
)

// Languages are the languages of every page, the source first.
func Languages() []core.Choice {
	return []core.Choice{{Value: string(core.ZH), Label: core.T("中文", "Chinese")}, {Value: string(core.EN), Label: core.T("英文", "English")}}
}

// Known reports whether pages exist in the language.
func Known(lang string) bool { return lang == string(core.ZH) || lang == string(core.EN) }

// Negotiate picks the language: the one chosen before, else the first known one that the browser prefers, else Chinese.
func Negotiate(chosen, accept string) core.Lang {
	if Known(chosen) {
		return core.Lang(chosen)
	}
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if Known(base) {
			return core.Lang(base)
		}
	}
	return core.ZH
}

// OfEnvironment picks the language of a command from LC_ALL, LC_MESSAGES and LANG: English unless they say Chinese or
// nothing.
func OfEnvironment(get func(string) string) core.Lang {
	for _, name := range []string{"HUIYIN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := get(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return core.ZH
			}
			return core.EN
		}
	}
	return core.ZH
}
