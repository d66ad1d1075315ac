package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/web/ui"
)

// Kinds of a kept answer. Rows of before these were told apart have none and are told by what they hold.
const (
	keptJSON     = "json"
	keptRedirect = "redirect"
	keptFragment = "fragment"
	keptPage     = "page"
	keptNothing  = "nothing"
)

// stored is an answer as it is kept for a second submit.
type stored struct {
	request  string
	kind     string
	status   int64
	location string
	body     string
	version  int64
}

func (s *stored) dest() []any {
	return []any{&s.request, &s.kind, &s.status, &s.location, &s.body, &s.version}
}

// drawn is a page or a part of one, drawn: what a sealed body holds.
type drawn struct {
	HTML         string
	Title        core.Text
	Bare, Narrow bool
}

// once runs the handler, unless the same sender has sent this key before: then it gives the first answer again. The
// key is claimed in the same transaction, so two at once wait for each other, and a refusal gives the key back.
func (s *Server) once(ctx context.Context, tx db.Tx, r *Request, ans *Answer, handle func(context.Context, db.Tx) error) error {
	key, actor := r.Idem(), core.ActorOf(ctx).ID
	if key == "" || actor == 0 {
		return handle(ctx, tx)
	}
	if len(key) > maxKeySize {
		return core.Invalid("", "Idempotency-Key 太长", "The Idempotency-Key is too long")
	}
	if !plainText(key) {
		return core.Invalid("", "Idempotency-Key 含有无法识别的字符", "The Idempotency-Key holds characters that cannot be read")
	}
	print := fingerprint(r)
	n, err := db.Exec(ctx, tx, `insert into web_idempotency (actor_id, key, request, status, location, body, at) values ($1,$2,$3,0,'','',$4)
		on conflict (actor_id, key) do nothing`, actor, key, print, time.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		return replay(ctx, tx, actor, key, print, ans)
	}
	if err := handle(ctx, tx); err != nil {
		return err
	}
	st, keep, err := s.remember(ctx, tx, ans)
	if err != nil {
		return err
	}
	if !keep {
		_, err := db.Exec(ctx, tx, "delete from web_idempotency where actor_id = $1 and key = $2", actor, key)
		return err
	}
	return db.Soon(ctx, tx, "update web_idempotency set kind = $1, status = $2, location = $3, body = $4, version = $5 where actor_id = $6 and key = $7",
		st.kind, st.status, st.location, st.body, st.version, actor, key)
}

func replay(ctx context.Context, tx db.Tx, actor core.ID, key, print string, ans *Answer) error {
	st, err := db.One(ctx, tx, (*stored).dest, "select request, kind, status, location, body, version from web_idempotency where actor_id = $1 and key = $2", actor, key)
	if err != nil {
		return err
	}
	if st.request != print {
		return core.Invalid("", "同一个 Idempotency-Key 不能用于不同的请求", "One Idempotency-Key cannot serve two different requests")
	}
	*ans, err = st.answer(tx)
	return err
}

// answer is the first answer again.
func (s stored) answer(tx db.Tx) (Answer, error) {
	switch {
	case s.kind == keptFragment || s.kind == keptPage:
		plain, err := db.Unseal(tx, s.body)
		if err != nil {
			return nil, err
		}
		var d drawn
		if err := json.Unmarshal([]byte(plain), &d); err != nil {
			return nil, err
		}
		if s.kind == keptFragment {
			return Fragment{Body: templ.Raw(d.HTML), Status: int(s.status)}, nil
		}
		return Page{Title: d.Title, Body: templ.Raw(d.HTML), Bare: d.Bare, Narrow: d.Narrow, Status: int(s.status)}, nil
	case s.kind == keptJSON || s.kind == "" && s.body != "":
		return JSON{Status: int(s.status), Value: json.RawMessage(s.body), Location: s.location, Version: s.version}, nil
	case s.location != "":
		var flash core.Text
		if s.body != "" {
			if err := json.Unmarshal([]byte(s.body), &flash); err != nil {
				return nil, err
			}
		}
		return Redirect{URL: s.location, Flash: flash}, nil
	}
	return Nothing{}, nil
}

// remember makes of an answer what is kept of it. Parts of a page are drawn here, once, so that both senders get the
// same. A file is not kept: its request is carried out again.
func (s *Server) remember(ctx context.Context, tx db.Tx, ans *Answer) (st stored, keep bool, err error) {
	switch v := (*ans).(type) {
	case Redirect:
		st = stored{kind: keptRedirect, status: http.StatusSeeOther, location: v.URL}
		if v.Flash.Is() {
			st.body = core.JSON(v.Flash)
		}
	case JSON:
		st = stored{kind: keptJSON, status: int64(or(v.Status, http.StatusOK)), location: v.Location, body: core.JSON(v.Value), version: v.Version}
	case Fragment:
		d := drawn{}
		d.HTML, err = s.draw(ctx, v.Body)
		v.Body = templ.Raw(d.HTML)
		st = stored{kind: keptFragment, status: int64(or(v.Status, http.StatusOK)), body: db.Seal(tx, core.JSON(d))}
		*ans = v
	case Page:
		d := drawn{Title: v.Title, Bare: v.Bare, Narrow: v.Narrow}
		d.HTML, err = s.draw(ctx, v.Body)
		v.Body = templ.Raw(d.HTML)
		st = stored{kind: keptPage, status: int64(or(v.Status, http.StatusOK)), body: db.Seal(tx, core.JSON(d))}
		*ans = v
	case Download:
		return st, false, nil
	default:
		st = stored{kind: keptNothing, status: http.StatusNoContent}
	}
	return st, err == nil, err
}

func (s *Server) draw(ctx context.Context, c templ.Component) (string, error) {
	var b bytes.Buffer
	err := c.Render(ui.WithAssets(ctx, s.assets.url), &b)
	return b.String(), err
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// fingerprint covers the address and what was sent.
func fingerprint(r *Request) string {
	h := sha256.New()
	fmt.Fprintln(h, r.HTTP.Method, r.HTTP.URL.Path)
	for _, k := range slices.Sorted(maps.Keys(r.Input.Values)) {
		fmt.Fprintf(h, "%q=%q\n", k, r.Input.Values[k])
	}
	for _, k := range slices.Sorted(maps.Keys(r.Input.Files)) {
		for _, u := range r.Input.Files[k] {
			fmt.Fprintf(h, "%q=%s\n", k, u.SHA256)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// SweepIdempotency forgets keys older than two days; a job calls it daily.
func SweepIdempotency(ctx context.Context, d *db.DB) error {
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := db.Exec(ctx, tx, "delete from web_idempotency where at < $1", time.Now().Add(-48*time.Hour))
		return err
	})
}
