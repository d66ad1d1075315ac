package user

import (
	"context"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// busy is a context in which both places to hash are taken: hashing waits until it gives up.
func (l *lab) busy(ctx context.Context) context.Context {
	l.Helper()
	ctx = With(ctx, NewRuntime())
	for range 2 {
		if _, err := turn(ctx); err != nil {
			l.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	l.Cleanup(stop)
	return ctx
}

func (l *lab) authenticate(ctx context.Context, password core.Secret) error {
	return l.d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := Authenticate(ctx, tx, "lin", password, "192.0.2.7")
		return err
	})
}

func TestASignInHashesBeforeItsTransaction(t *testing.T) {
	each(t, func(l *lab) {
		right, err := Compare(l.ctx, l.d, "lin", secret, "192.0.2.7")
		l.ok(err)
		l.ok(l.authenticate(l.busy(right), secret))
		wrong, err := Compare(l.ctx, l.d, "lin", "wrong password", "192.0.2.7")
		l.ok(err)
		l.want(core.KindInvalid, l.authenticate(l.busy(wrong), "wrong password"))
		for _, rt := range routes() {
			if rt.Pattern == "POST /sign-in" && rt.Before == nil {
				l.Error("the sign-in page does not hash before its transaction")
			}
		}
	})
}

func TestAComparisonWithAReplacedPasswordDoesNotCount(t *testing.T) {
	each(t, func(l *lab) {
		ctx, err := Compare(l.ctx, l.d, "lin", secret, "192.0.2.7")
		l.ok(err)
		l.write(func(ctx context.Context, tx db.Tx) error {
			hash, err := hashPassword(ctx, "another pass phrase")
			if err == nil {
				_, err = db.Exec(ctx, tx, "update user_user set password = $1 where project_id = 1 and id = $2", hash, l.lin)
			}
			return err
		})
		l.want(core.KindInvalid, l.authenticate(ctx, secret))
	})
}

func TestWhoMustWaitIsNotHashedFor(t *testing.T) {
	each(t, func(l *lab) {
		l.write(func(ctx context.Context, tx db.Tx) error {
			for range failuresFree {
				if err := (failed{triesOf("lin", "192.0.2.7")}).Keep(ctx, tx); err != nil {
					return err
				}
			}
			return nil
		})
		_, err := Compare(l.busy(l.ctx), l.d, "lin", secret, "192.0.2.7")
		l.want(core.KindTooMany, err)
	})
}
