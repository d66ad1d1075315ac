package core

import (
	"slices"
	"strings"
)

// Ask is a field that a verb asks for, with what more is to be said of it: Required, Lines, Radio.
func Ask[T any](name, zh, en string, ptr func(*T) any, more ...func(*Field[T])) Field[T] {
	f := Field[T]{Name: name, Label: Text{ZH: zh, EN: en}, Ptr: ptr}
	for _, m := range more {
		m(&f)
	}
	return f
}

// Required makes a field one that has to be filled in.
func Required[T any](f *Field[T]) { f.Required = true }

// Lines makes it a text of several lines, up to 4,000 characters.
func Lines[T any](f *Field[T]) { f.Kind, f.Max = KindLines, 4000 }

// Radio makes it one of a few choices that all stand there.
func Radio[T any](cs []Choice) func(*Field[T]) {
	return func(f *Field[T]) { f.Kind, f.Choices = KindRadio, cs }
}

// Filled reports whether all texts say something.
func Filled(texts ...string) bool {
	return !slices.ContainsFunc(texts, func(s string) bool { return strings.TrimSpace(s) == "" })
}
