// Package core holds the words every other package speaks: texts in two languages, keys, money, dates and spans,
// fields and the forms built from them, errors that cite a clause, and who acts where and when.
//
// It knows neither SQL nor HTTP. Nothing in it is mutable state: what belongs to one request travels in the context.
package core

import (
	"context"
	"fmt"
)

// Lang is the language a page or a message is written in.
type Lang string

// The two languages. Chinese is the source: a text without English shows its Chinese.
const (
	ZH Lang = "zh"
	EN Lang = "en"
)

// Text is one sentence or label in both languages, written where it is used.
type Text struct {
	ZH string `json:"zh" yaml:"zh"`
	EN string `json:"en" yaml:"en"`
}

// T makes a Text. The arguments, if any, fill both languages by fmt.Sprintf; an argument that is itself a Text is
// filled in its own language.
func T(zh, en string, args ...any) Text {
	if len(args) == 0 {
		return Text{zh, en}
	}
	return Text{fmt.Sprintf(zh, argsIn(ZH, args)...), fmt.Sprintf(en, argsIn(EN, args)...)}
}

func argsIn(lang Lang, args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if t, ok := a.(Text); ok {
			a = t.In(lang)
		}
		out[i] = a
	}
	return out
}

// In returns the text in the language, or in Chinese where English is missing.
func (t Text) In(lang Lang) string {
	if lang == EN && t.EN != "" {
		return t.EN
	}
	return t.ZH
}

// Is reports whether there is any text at all.
func (t Text) Is() bool { return t.ZH != "" || t.EN != "" }

// Say returns the text in the language of the request.
func (t Text) Say(ctx context.Context) string { return t.In(LangOf(ctx)) }
