package core

import (
	"errors"
	"fmt"
	"strings"
)

// Kind sorts errors by what the caller may do about them; one mapper in web turns each into a status and a page.
type ErrKind int

// The kinds, with the HTTP status each becomes.
const (
	KindInternal  ErrKind = iota // 500: ours to mend; the user sees a log id
	KindInvalid                  // 422: the input is wrong; fields say where
	KindRefused                  // 403: a clause of the regulation refuses it
	KindForbidden                // 403: the actor lacks the right
	KindNotFound                 // 404: no such record, or not the actor's to see
	KindConflict                 // 409: somebody else changed it, or the state has moved on
	KindTooMany                  // 429: throttled
	KindBusy                     // 503: a long write is running; try again
	KindTooLarge                 // 413: more bytes than allowed
	KindSignIn                   // 401: no or ended session
)

// FieldErr says what is wrong with one field of the input. Name is Field.Name; empty means the whole input.
type FieldErr struct {
	Name string `json:"field"`
	Text Text   `json:"text"`
}

// Err is an error that a person reads. Text is for the user; Cause, if any, is for the log only.
type Err struct {
	Kind   ErrKind
	Clause string // the clause that refuses, "C17.2"; empty for others
	Text   Text
	Perm   string // the right that lacks, "repair.dispatch"; of KindForbidden only
	Fields []FieldErr
	Cause  error
	// Keep holds records that must survive the rollback (a refusal, a failed sign-in): each is a db.Kept.
	Keep []any
	// Theirs and Mine are the two values of a stale edit, by field name, for the page that shows both.
	Theirs, Mine map[string]string
}

func (e *Err) Error() string {
	var b strings.Builder
	b.WriteString(e.Text.ZH)
	if e.Clause != "" {
		fmt.Fprintf(&b, " [%s]", e.Clause)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Name, f.Text.ZH)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	return b.String()
}

func (e *Err) Unwrap() error { return e.Cause }

// AsErr returns err as an *Err; an error of another type becomes KindInternal with err as its cause.
func AsErr(err error) *Err {
	var e *Err
	if errors.As(err, &e) {
		return e
	}
	return &Err{Kind: KindInternal, Text: T("系统出错了,请稍后再试", "Something went wrong; please try again"), Cause: err}
}

// IsKind reports whether err is an *Err of this kind.
func IsKind(err error, k ErrKind) bool {
	var e *Err
	return errors.As(err, &e) && e.Kind == k
}

// ClauseOf returns the clause that err cites, or "".
func ClauseOf(err error) string {
	var e *Err
	if errors.As(err, &e) {
		return e.Clause
	}
	return ""
}

// Invalid says that the field's value is wrong; an empty name means the input as a whole.
func Invalid(field, zh, en string, args ...any) error {
	t := T(zh, en, args...)
	return &Err{Kind: KindInvalid, Text: t, Fields: []FieldErr{{field, t}}}
}

// Wrong joins several field errors into one error, or returns nil when there are none.
func Wrong(fields []FieldErr) error {
	if len(fields) == 0 {
		return nil
	}
	return &Err{Kind: KindInvalid, Text: T("有 %d 处需要改正", "%d things need correcting", len(fields)), Fields: fields}
}

// Forbidden says that the actor lacks the permission ("repair.dispatch").
func Forbidden(perm string) error {
	return &Err{Kind: KindForbidden, Perm: perm, Text: T("您没有这项权限(%s)", "You do not have this right (%s)", perm)}
}

// NotFound says that there is no such record, or none that the actor may see: both read the same on purpose.
func NotFound() error {
	return &Err{Kind: KindNotFound, Text: T("没有找到,可能已被作废或不属于本项目", "Not found; it may be voided or belong to another project")}
}

// Conflict says that the record's state does not allow this (any more).
func Conflict(zh, en string, args ...any) error {
	return &Err{Kind: KindConflict, Text: T(zh, en, args...)}
}
