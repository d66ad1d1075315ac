package user

import (
	"context"
	"net/http"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// compared is a password held against a hash before the transaction that asks for it.
type compared struct {
	hash  string
	equal bool
}

type comparedKey struct{}

// Compare hashes a password in no transaction and leaves the outcome in the context, where Authenticate finds it. It
// refuses what the throttle refuses, so that nobody makes us hash more than he may try.
func Compare(ctx context.Context, d *db.DB, login string, password core.Secret, address string) (context.Context, error) {
	c := compared{}
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := throttled(ctx, tx, triesOf(login, address)...); err != nil {
			return err
		}
		u, _, err := byLogin(ctx, tx, login)
		c.hash = u.password
		return err
	})
	if err != nil {
		return ctx, err
	}
	c.hash = hashOr(c.hash)
	if c.equal, err = verifyPassword(ctx, c.hash, password); err != nil {
		return ctx, err
	}
	return context.WithValue(ctx, comparedKey{}, c), nil
}

// holds says whether the password fits the hash: as Compare has found for the same hash, else by hashing now.
func holds(ctx context.Context, hash string, password core.Secret) (bool, error) {
	if c, ok := ctx.Value(comparedKey{}).(compared); ok && c.hash == hash {
		return c.equal, nil
	}
	return verifyPassword(ctx, hash, password)
}

// triesOf names what the throttle counts: the login, then the address.
func triesOf(login, address string) []string {
	return []string{"login:" + short(keyOf(login), 80), "address:" + address}
}

func hashOr(hash string) string {
	if hash == "" {
		return nobody
	}
	return hash
}

// Authenticate checks a login and its password from an address, slowed down after failures. The failure is in the
// error's Keep; whoever goes on after it keeps it himself.
func Authenticate(ctx context.Context, tx db.Tx, login string, password core.Secret, address string) (User, error) {
	whats := triesOf(login, address)
	if err := throttle(ctx, tx, slices.Clone(whats)...); err != nil {
		return User{}, err
	}
	u, found, err := byLogin(ctx, tx, login)
	if err != nil {
		return u, err
	}
	ok, err := holds(ctx, hashOr(u.password), password)
	if err != nil {
		return u, err
	}
	if !ok || !found || u.password == "" || u.State != Active {
		return User{}, wrong(whats...)
	}
	return u, forgive(ctx, tx, whats[0])
}

// secondFactor checks the code of a pending sign-in: the telephone's, or a recovery code.
func secondFactor(ctx context.Context, tx db.Tx, u User, code string) error {
	what := "code:" + u.ID.String()
	if err := throttle(ctx, tx, what); err != nil {
		return err
	}
	ok, err := useCode(ctx, tx, u, code)
	if err == nil && !ok {
		ok, err = useRecovery(ctx, tx, u, code)
	}
	if err != nil {
		return err
	}
	if !ok {
		text := core.T("验证码不对或已经用过", "The code is wrong or has been used")
		return &core.Err{Kind: core.KindInvalid, Text: text, Fields: []core.FieldErr{{Name: "code", Text: text}}, Keep: []any{failed{[]string{what}}}}
	}
	return forgive(ctx, tx, what)
}

// signedIn opens the session and journals it.
func signedIn(ctx context.Context, tx db.Tx, r *http.Request, u User) (*http.Cookie, error) {
	ctx = core.WithActor(ctx, core.Actor{ID: u.ID, Name: u.Name, Login: u.Login})
	if err := journal.Add(ctx, tx, u.ref(), "signed_in", map[string]any{"address": Address(r)}); err != nil {
		return nil, err
	}
	return begin(ctx, tx, r, u.ID, false)
}
