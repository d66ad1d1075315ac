package user

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/web"
)

const (
	tokenPrefix = "hy_"
	everything  = "*"                  // the scope of a token that may do whatever its user may
	tokenLimit  = 366 * 24 * time.Hour // the longest life of a token
)

// Token lets a program act for a user.
type Token struct {
	ID      core.ID
	User    core.ID
	Name    string
	Scopes  []string // permissions, or "*"
	Created time.Time
	Expires time.Time
	Seen    time.Time
	Ended   time.Time
	scopes  string
}

func (t *Token) dest() []any {
	return []any{&t.ID, &t.User, &t.Name, &t.scopes, &t.Created, &t.Expires, &t.Seen, &t.Ended}
}

const tokenColumns = "id, user_id, name, scopes, created_at, expires_at, seen_at, ended_at"

func (t Token) complete() Token {
	t.Scopes = strings.Fields(t.scopes)
	return t
}

// CreateToken makes a token for a user that ends in a year and gives its secret, which is not kept. scopes are
// permissions ("repair.view"); "*" alone stands for all that the user may do. The token never exceeds its user's rights.
func CreateToken(ctx context.Context, tx db.Tx, user core.ID, name string, scopes []string) (string, error) {
	return createToken(ctx, tx, user, name, scopes, time.Now().Add(tokenLimit))
}

func createToken(ctx context.Context, tx db.Tx, user core.ID, name string, scopes []string, expires time.Time) (string, error) {
	u, err := lock(ctx, tx, user)
	if err != nil {
		return "", err
	}
	if err := canToken(ctx, u, name, scopes, expires); err != nil {
		return "", err
	}
	secret, _ := newSecret()
	secret = tokenPrefix + secret
	_, err = db.Exec(ctx, tx, "insert into user_token (id, user_id, name, hash, scopes, created_at, expires_at) values ($1,$2,$3,$4,$5,$6,$7)",
		tx.NewID(), user, name, fingerprint(secret), strings.Join(scopes, " "), time.Now(), expires)
	if err != nil {
		return "", err
	}
	return secret, journal.Add(ctx, tx, u.ref(), "token", map[string]any{"name": name, "scopes": scopes})
}

func canToken(ctx context.Context, u User, name string, scopes []string, expires time.Time) error {
	if !u.SignsIn() {
		return core.Conflict("只有能登录的在职用户才有令牌", "Only an active user who can sign in has tokens")
	}
	if strings.TrimSpace(name) == "" {
		return core.Invalid("name", "请写明令牌给谁用", "Say what the token is for")
	}
	if now := time.Now(); expires.Before(now) || expires.After(now.Add(tokenLimit+time.Hour)) {
		return core.Invalid("expires", "有效期应在今后一年之内", "It must end within a year from now")
	}
	if len(scopes) == 0 {
		return core.Invalid("scopes", "请选择令牌可以做什么", "Choose what the token may do")
	}
	known := house.Of(ctx).Perms
	for _, s := range scopes {
		if s != everything && !slices.ContainsFunc(known, func(p register.Perm) bool { return p.Name == s }) {
			return core.Invalid("scopes", "没有权限「%s」", "There is no permission %q", s)
		}
	}
	return nil
}

// tokens lists a user's tokens that still serve.
func tokens(ctx context.Context, tx db.Tx, user core.ID) ([]Token, error) {
	ts, err := db.All(ctx, tx, (*Token).dest, "select "+tokenColumns+" from user_token where user_id = $1 and ended_at is null and expires_at > $2 order by id", user, time.Now())
	for i := range ts {
		ts[i] = ts[i].complete()
	}
	return ts, err
}

// EndToken withdraws one of the user's tokens.
func EndToken(ctx context.Context, tx db.Tx, user, id core.ID) error {
	name, err := db.Value[string](ctx, tx, "update user_token set ended_at = $1 where user_id = $2 and id = $3 and ended_at is null returning name", time.Now(), user, id)
	if err != nil {
		return err
	}
	if name == "" {
		return core.NotFound()
	}
	return journal.Add(ctx, tx, core.Ref{Project: core.Firm, Kind: "user", ID: user}, "token_ended", map[string]any{"name": name})
}

func endTokens(ctx context.Context, tx db.Tx, user core.ID) error {
	_, err := db.Exec(ctx, tx, "update user_token set ended_at = $1 where user_id = $2 and ended_at is null", time.Now(), user)
	return err
}

// byToken finds the user of "Authorization: Bearer hy_…".
func byToken(ctx context.Context, tx db.Tx, r *http.Request) (core.Actor, web.Session, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if secret = strings.TrimSpace(secret); !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(secret, tokenPrefix) {
		return core.Actor{}, web.Session{}, signInFirst()
	}
	t, ok, err := db.Maybe(ctx, tx, (*Token).dest, "select "+tokenColumns+" from user_token where hash = $1", fingerprint(secret))
	if err != nil {
		return core.Actor{}, web.Session{}, err
	}
	if !ok || !t.Ended.IsZero() || time.Now().After(t.Expires) {
		return core.Actor{}, web.Session{}, signInFirst()
	}
	a, err := Actor(ctx, tx, t.User)
	if core.IsKind(err, core.KindNotFound) {
		err = signInFirst()
	}
	a.Token = t.complete().Scopes
	return a, web.Session{Key: "t" + t.ID.String(), Token: true}, err
}

// TokenFor is CreateToken by login, for the command; without scopes the token may do all that the user may.
func TokenFor(ctx context.Context, tx db.Tx, login, name string, scopes []string) (string, error) {
	u, err := ByLogin(ctx, tx, login)
	if core.IsKind(err, core.KindNotFound) {
		err = core.Invalid("login", "没有登录名「%s」", "There is no login %q", login)
	}
	if err != nil {
		return "", err
	}
	if len(scopes) == 0 {
		scopes = []string{everything}
	}
	return CreateToken(ctx, tx, u.ID, name, scopes)
}
