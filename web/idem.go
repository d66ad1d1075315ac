package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"huiyin/core"
	"huiyin/db"
)

type stored struct {
	request  string
	status   int64
	location string
	body     string
}

func (s *stored) dest() []any { return []any{&s.request, &s.status, &s.location, &s.body} }

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
	st := remember(*ans)
	return db.ExecOne(ctx, tx, "update web_idempotency set status = $1, location = $2, body = $3 where actor_id = $4 and key = $5",
		st.status, st.location, st.body, actor, key)
}

func replay(ctx context.Context, tx db.Tx, actor core.ID, key, print string, ans *Answer) error {
	st, err := db.One(ctx, tx, (*stored).dest, "select request, status, location, body from web_idempotency where actor_id = $1 and key = $2", actor, key)
	if err != nil {
		return err
	}
	if st.request != print {
		return core.Invalid("", "同一个 Idempotency-Key 不能用于不同的请求", "One Idempotency-Key cannot serve two different requests")
	}
	switch {
	case st.body != "":
		*ans = JSON{Status: int(st.status), Value: json.RawMessage(st.body), Location: st.location}
	case st.location != "":
		*ans = Redirect{URL: st.location}
	default:
		*ans = Nothing{}
	}
	return nil
}

func remember(a Answer) stored {
	switch v := a.(type) {
	case Redirect:
		return stored{status: http.StatusSeeOther, location: v.URL}
	case JSON:
		return stored{status: int64(or(v.Status, http.StatusOK)), location: v.Location, body: core.JSON(v.Value)}
	}
	return stored{status: http.StatusNoContent}
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
