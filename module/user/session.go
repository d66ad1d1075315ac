package user

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/web"
)

// Sessions run on real time.
const (
	cookieName   = "huiyin_session"
	langCookie   = "huiyin_lang"
	idleLimit    = 8 * time.Hour
	sessionLimit = 7 * 24 * time.Hour
	pendingLimit = 5 * time.Minute // between password and code
	stampEvery   = time.Minute
)

// session is one sign-in of a browser, with what a request needs of its user.
type session struct {
	ID         core.ID
	User       core.ID
	Pending    bool
	Created    time.Time
	Seen       time.Time
	Expires    time.Time
	Agent      string
	Address    string
	language   string
	mustChange bool
	state      string
}

func (s *session) dest() []any {
	return []any{&s.ID, &s.User, &s.Pending, &s.Created, &s.Seen, &s.Expires, &s.Agent, &s.Address, &s.language, &s.mustChange, &s.state}
}

// sessionQuery names project_id, since the users are the firm's.
const sessionQuery = `select s.id, s.user_id, s.pending, s.created_at, s.seen_at, s.expires_at, s.agent, s.address, u.language, u.must_change, u.state
	from user_session s join user_user u on u.project_id = 1 and u.id = s.user_id `

func (s *session) alive(now time.Time) bool {
	return s.state == Active && now.Before(s.Expires) && (s.Pending || now.Sub(s.Seen) < idleLimit)
}

// newSecret is 32 random bytes as text, and its fingerprint: the table never holds what opens it.
func newSecret() (secret, hash string) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	secret = base64.RawURLEncoding.EncodeToString(b)
	return secret, fingerprint(secret)
}

func fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// begin opens a session in place of the request's old one and gives its cookie. pending: the code is still awaited.
func begin(ctx context.Context, tx db.Tx, r *http.Request, user core.ID, pending bool) (*http.Cookie, error) {
	if err := drop(ctx, tx, r); err != nil {
		return nil, err
	}
	now := time.Now()
	secret, hash := newSecret()
	expires := now.Add(sessionLimit)
	if pending {
		expires = now.Add(pendingLimit)
	}
	_, err := db.Exec(ctx, tx, `insert into user_session (id, hash, user_id, pending, created_at, seen_at, expires_at, agent, address) values ($1,$2,$3,$4,$5,$5,$6,$7,$8)`,
		tx.NewID(), hash, user, pending, now, expires, short(r.UserAgent(), 200), Address(r))
	return &http.Cookie{Name: cookieName, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure(r), MaxAge: int(sessionLimit.Seconds())}, err
}

// drop ends the request's own session.
func drop(ctx context.Context, tx db.Tx, r *http.Request) error {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return nil //nolint:nilerr // there is none
	}
	_, err = db.Exec(ctx, tx, "delete from user_session where hash = $1", fingerprint(c.Value))
	return err
}

func noCookie(r *http.Request) *http.Cookie {
	return &http.Cookie{Name: cookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure(r), MaxAge: -1}
}

func secure(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}

// Address is who sends the request: what a proxy on this very machine says, else the connection's other end.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		hops := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if last := net.ParseIP(strings.TrimSpace(hops[len(hops)-1])); last != nil {
			return last.String()
		}
	}
	return short(host, 64)
}

func short(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// current is the request's session, complete or pending, if it is alive.
func current(ctx context.Context, tx db.Tx, r *http.Request) (session, bool, error) {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return session{}, false, nil //nolint:nilerr // there is none
	}
	s, ok, err := db.Maybe(ctx, tx, (*session).dest, sessionQuery+"where s.hash = $1", fingerprint(c.Value))
	return s, ok && s.alive(time.Now()), err
}

func signInFirst() error {
	return &core.Err{Kind: core.KindSignIn, Text: core.T("请先登录", "Please sign in")}
}

// SignIn finds who sends a request: by the session's cookie for pages, by a token for the API. Whoever must change the
// password gets no further than that page. It is web.Config.SignIn.
func SignIn(ctx context.Context, tx db.Tx, r *http.Request) (core.Actor, web.Session, error) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		return byToken(ctx, tx, r)
	}
	s, ok, err := current(ctx, tx, r)
	if err != nil {
		return core.Actor{}, web.Session{}, err
	}
	if !ok || s.Pending || s.mustChange && !slices.Contains(free(), r.URL.Path) {
		return core.Actor{}, web.Session{}, signInFirst()
	}
	a, err := Actor(ctx, tx, s.User)
	if core.IsKind(err, core.KindNotFound) {
		err = signInFirst()
	}
	return a, web.Session{Key: "s" + s.ID.String(), Lang: core.Lang(s.language)}, err
}

// free are the pages that a user may see who has to change the password first.
func free() []string { return []string{passwordPath, "/sign-out", "/language"} }

// Toucher stamps sessions and tokens as used, at most once a minute each and outside the request's transaction. It is
// web.Config.Touch; Close waits for what is under way.
type Toucher struct {
	db   *db.DB
	mu   sync.Mutex
	last map[string]time.Time
	work sync.WaitGroup
}

// NewToucher makes one for an App.
func NewToucher(d *db.DB) *Toucher { return &Toucher{db: d, last: map[string]time.Time{}} }

// Touch stamps the session, unless it did so within the last minute.
func (t *Toucher) Touch(ctx context.Context, s web.Session) {
	now := time.Now()
	if s.Key == "" || !t.due(s.Key, now) {
		return
	}
	ctx = context.WithoutCancel(ctx)
	t.work.Go(func() {
		err := t.db.Write(ctx, func(ctx context.Context, tx db.Tx) error { return stamp(ctx, tx, s.Key, now) })
		if err != nil {
			slog.WarnContext(ctx, "the session was not stamped", "err", err)
		}
	})
}

// sessionsKept bounds the memory of the stamps; forgetting them costs one write each.
const sessionsKept = 10_000

func (t *Toucher) due(key string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.last[key]) < stampEvery {
		return false
	}
	if len(t.last) > sessionsKept {
		clear(t.last)
	}
	t.last[key] = now
	return true
}

// Close waits for the stamps under way.
func (t *Toucher) Close() { t.work.Wait() }

func stamp(ctx context.Context, tx db.Tx, key string, now time.Time) error {
	id, err := core.ParseID(key[1:])
	if err != nil {
		return err
	}
	query := "update user_session set seen_at = $1 where id = $2 and seen_at < $1"
	if key[0] == 't' {
		query = "update user_token set seen_at = $1 where id = $2 and (seen_at is null or seen_at < $1)"
	}
	_, err = db.Exec(ctx, tx, query, now, id)
	return err
}

// endSessions ends a user's sessions; those of the ids that are kept stay.
func endSessions(ctx context.Context, tx db.Tx, user core.ID, keep ...core.ID) error {
	kept := core.ID(0)
	if len(keep) > 0 {
		kept = keep[0]
	}
	_, err := db.Exec(ctx, tx, "delete from user_session where user_id = $1 and id <> $2", user, int64(kept))
	return err
}

func endSession(ctx context.Context, tx db.Tx, user, id core.ID) error {
	n, err := db.Exec(ctx, tx, "delete from user_session where user_id = $1 and id = $2", user, id)
	if err == nil && n == 0 {
		return core.NotFound()
	}
	return err
}

// sessions lists a user's living sign-ins, the last used first.
func sessions(ctx context.Context, tx db.Tx, user core.ID) ([]session, error) {
	all, err := db.All(ctx, tx, (*session).dest, sessionQuery+"where s.user_id = $1 order by s.seen_at desc", user)
	now := time.Now()
	return slices.DeleteFunc(all, func(s session) bool { return s.Pending || !s.alive(now) }), err
}

// Sweep removes ended sessions and forgotten failures; it runs daily.
func Sweep(ctx context.Context, d *db.DB) error {
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		now := time.Now()
		_, err := db.Exec(ctx, tx, "delete from user_session where expires_at < $1 or seen_at < $2", now, now.Add(-sessionLimit))
		if err == nil {
			_, err = db.Exec(ctx, tx, "delete from user_failure where last_at < $1", now.Add(-failureMemory))
		}
		return err
	})
}

// localPath keeps a way back within this site: a path of ours, or "/" for anything else.
func localPath(s string) string {
	u, err := url.Parse(s)
	bad := err != nil || u.IsAbs() || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		!strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsFunc(s, func(r rune) bool { return r == '\\' || r < ' ' || r == 0x7f })
	if bad || strings.HasPrefix(u.Path, "/sign-in") || strings.HasPrefix(u.Path, "/sign-out") {
		return "/"
	}
	return s
}
