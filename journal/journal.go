// Package journal is the append-only record of who did what to which record, and the timeline of every record page.
//
// Entries are buffered and written as the last statements of their commit, chained by hash in one of a few lanes
// (sixteen on PostgreSQL, so that writers do not queue behind one head; one on SQLite, which has one writer anyway, and
// where the entries of all requests of a commit go in together).
// Personal values are sealed under the customer's own data key before they are hashed: erasing the customer (L5)
// destroys the key, and the chain stays valid.
package journal

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// Entry is one step in a record's history.
type Entry struct {
	Lane, Seq int64
	Ref       core.Ref
	Verb      string // "dispatched"
	Actor     core.ID
	ActorName string
	At        time.Time
	Subject   core.ID // the customer whose key seals the personal values
	Payload   string  // the exact JSON text that was hashed
	Hash      string
}

func (e *Entry) dest() []any {
	return []any{&e.Lane, &e.Seq, &e.Ref.Project, &e.Ref.Kind, &e.Ref.ID, &e.Verb, &e.Actor, &e.ActorName, &e.At, &e.Subject, &e.Payload, &e.Hash}
}

const columns = "lane, seq, project_id, kind, record_id, verb, actor_id, actor, at, subject, payload, hash"

// chain is the key of the entries that wait for the end of their commit.
type chain struct{}

// Add records that the actor did verb to the record. payload is what changed: a struct, a map or nil. Its Personal,
// Phone, IDNumber and Secret values are sealed under the subject's key (For), or the project's.
func Add(ctx context.Context, tx db.Tx, ref core.Ref, verb string, payload any, opts ...Option) error {
	a := core.ActorOf(ctx)
	e := Entry{Ref: ref, Verb: verb, Actor: a.ID, ActorName: a.Name, At: core.Now(ctx)}
	for _, o := range opts {
		o(&e)
	}
	text, err := sealed(ctx, tx, ref.Project, e.Subject, payload)
	if err != nil {
		return err
	}
	e.Payload = text
	db.Late(tx, chain{}, e, flush)
	return nil
}

// Option adjusts an entry.
type Option func(*Entry)

// For names the customer whose data key seals the personal values.
func For(subject core.ID) Option { return func(e *Entry) { e.Subject = subject } }

// At gives an entry a time of its own: imported history.
func At(t time.Time) Option { return func(e *Entry) { e.At = t } }

// By gives an entry an author of its own: imported history, whose handlers may have no sign-in.
func By(id core.ID, name string) Option {
	return func(e *Entry) { e.Actor, e.ActorName = id, name }
}

// flush chains the entries to a lane's head and writes them, then the new head.
func flush(ctx context.Context, tx db.Tx, entries []Entry) error {
	h, err := takeLane(ctx, tx)
	if err != nil {
		return err
	}
	rows := make([][]any, len(entries))
	for i := range entries {
		rows[i] = h.append(&entries[i])
	}
	if err := db.InsertRows(ctx, tx, "journal_entry ("+columns+")", "", rows); err != nil {
		return err
	}
	return db.Soon(ctx, tx, "update journal_lane set seq = $1, hash = $2 where lane = $3", h.seq, h.hash, h.lane)
}

type head struct {
	lane, seq int64
	hash      string
}

func (h *head) dest() []any { return []any{&h.lane, &h.seq, &h.hash} }

// takeLane locks the first free lane, or waits for the very first when all are taken: who writes alone writes into one lane,
// so that what he does in one moment of business time stands in its order.
func takeLane(ctx context.Context, tx db.Tx) (head, error) {
	const pick = "select lane, seq, hash from journal_lane"
	if tx.Engine() == db.SQLite {
		return db.One(ctx, tx, (*head).dest, pick+" where lane = 0")
	}
	h, ok, err := db.Maybe(ctx, tx, (*head).dest, pick+" order by lane limit 1 for update skip locked")
	if err != nil || ok {
		return h, err
	}
	return db.One(ctx, tx, (*head).dest, pick+" where lane = 0 for update")
}

// append moves the head on by one entry and gives the entry's row.
func (h *head) append(e *Entry) []any {
	e.Lane, e.Seq = h.lane, h.seq+1
	e.Hash = e.sum(h.hash)
	h.seq, h.hash = e.Seq, e.Hash
	return []any{e.Lane, e.Seq, e.Ref.Project, e.Ref.Kind, int64(e.Ref.ID), e.Verb, e.Actor, e.ActorName, e.At.UnixMicro(), e.Subject, e.Payload, e.Hash}
}

// sum covers every column and the hash before, each with its length, so that no two entries read alike.
func (e *Entry) sum(previous string) string {
	h := sha256.New()
	for _, s := range []string{previous, fmt.Sprint(e.Lane, e.Seq, e.Ref.Project, e.Ref.ID, e.Actor, e.At.UnixMicro(), e.Subject),
		e.Ref.Kind, e.Verb, e.ActorName, e.Payload} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Of is a record's timeline, oldest first.
func Of(ctx context.Context, tx db.Tx, ref core.Ref) ([]Entry, error) {
	return db.All(ctx, tx, (*Entry).dest, "select "+columns+` from journal_entry
		where project_id = $1 and kind = $2 and record_id = $3 order by at, lane, seq`, ref.Project, ref.Kind, ref.ID)
}

// Fields reads an entry's payload as a flat map for display; sealed values are opened, or show as erased.
func (e Entry) Fields(ctx context.Context, tx db.Tx) (map[string]any, error) {
	if e.Payload == "" || e.Payload == "null" {
		return nil, nil
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(e.Payload), &m); err != nil {
		return map[string]any{"": e.Payload}, nil // not an object: shown as it is
	}
	for k, v := range m {
		var err error
		if m[k], err = e.open(ctx, tx, v); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// open replaces every sealed value in v, however deep.
func (e Entry) open(ctx context.Context, tx db.Tx, v any) (_ any, err error) {
	switch v := v.(type) {
	case map[string]any:
		if c, ok := v[sealKey].(string); ok && len(v) == 1 {
			return db.OpenFor(ctx, tx, e.Ref.Project, e.Subject, c)
		}
		for k := range v {
			if v[k], err = e.open(ctx, tx, v[k]); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range v {
			if v[i], err = e.open(ctx, tx, v[i]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
