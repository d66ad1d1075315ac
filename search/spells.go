package search

import (
	"strings"

	"huiyin/core"
)

// Spells reports whether what somebody typed means the name: a part of it as written, or the beginning of its pinyin or
// of its initials. It is for short lists that need no index: the people of one project.
func Spells(name, typed string) bool {
	typed = strings.ToLower(strings.Join(strings.Fields(core.FullToHalf(typed)), ""))
	if strings.Contains(strings.ToLower(strings.Join(strings.Fields(core.FullToHalf(name)), "")), typed) {
		return true
	}
	found := false
	spell.tokens(name, func(token string) { found = found || strings.HasPrefix(token, typed) })
	return found
}
