package user

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"image/png"
	"strings"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

const (
	totpPeriod    = 30 // seconds
	recoveryCount = 10
)

// startTOTP makes a new secret that waits for its first code. Turning an active one off comes first.
func startTOTP(ctx context.Context, tx db.Tx, u User, issuer string) error {
	if u.TOTP {
		return core.Conflict("已经启用两步验证", "The second factor is on already")
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: u.Login, Period: totpPeriod})
	if err != nil {
		return err
	}
	if err := set(ctx, tx, u.ID, "totp = $4, totp_step = 0", db.Seal(tx, key.String())); err != nil {
		return err
	}
	return journal.Add(ctx, tx, u.ref(), "totp_started", nil)
}

// keyOfUser opens the user's secret; nil when there is none.
func keyOfUser(tx db.Tx, u User) (*otp.Key, error) {
	if u.secret == "" {
		return nil, nil
	}
	plain, err := db.Unseal(tx, u.secret)
	if err != nil {
		return nil, err
	}
	return otp.NewKeyFromURL(plain)
}

// picture is the secret as a QR code, a PNG as data address.
func picture(key *otp.Key) (string, error) {
	code, err := qr.Encode(key.URL(), qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	scaled, err := barcode.Scale(code, 224, 224)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, scaled); err != nil {
		return "", err
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// confirmTOTP turns the second factor on with its first code and gives the recovery codes, which nobody sees again.
func confirmTOTP(ctx context.Context, tx db.Tx, u User, code string) ([]string, error) {
	if u.TOTP || u.secret == "" {
		return nil, core.Conflict("请先扫描二维码", "Scan the QR code first")
	}
	ok, err := useCode(ctx, tx, u, code)
	if err == nil && !ok {
		err = core.Invalid("code", "验证码不对,请看手机上最新的 6 位数字", "Wrong code; use the newest six digits on the phone")
	}
	if err != nil {
		return nil, err
	}
	if err := set(ctx, tx, u.ID, "totp_on = $4", true); err != nil {
		return nil, err
	}
	codes, err := newRecoveryCodes(ctx, tx, u.ID)
	if err != nil {
		return nil, err
	}
	return codes, journal.Add(ctx, tx, u.ref(), "totp_on", nil)
}

func stopTOTP(ctx context.Context, tx db.Tx, u User) error {
	if err := set(ctx, tx, u.ID, "totp_on = $4, totp = '', totp_step = 0", false); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, tx, "delete from user_recovery where user_id = $1", u.ID); err != nil {
		return err
	}
	return journal.Add(ctx, tx, u.ref(), "totp_off", nil)
}

// useCode reports whether the code is right for now or the half minute before and after, and later than the last one
// used: each code counts once, also for two who send it together.
func useCode(ctx context.Context, tx db.Tx, u User, code string) (bool, error) {
	key, err := keyOfUser(tx, u)
	if err != nil || key == nil {
		return false, err
	}
	step, ok, err := stepOf(key, clean(code), time.Now())
	if err != nil || !ok {
		return false, err
	}
	n, err := db.Exec(ctx, tx, "update user_user set totp_step = $1 where project_id = $2 and id = $3 and totp_step < $1", step, core.Firm, u.ID)
	return n == 1, err
}

// stepOf finds the half minute that the code belongs to.
func stepOf(key *otp.Key, code string, at time.Time) (step int64, ok bool, err error) {
	now := at.Unix() / totpPeriod
	for _, n := range []int64{now, now - 1, now + 1} {
		want, err := hotp.GenerateCodeCustom(key.Secret(), uint64(n), hotp.ValidateOpts{Digits: key.Digits(), Algorithm: key.Algorithm()})
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return n, true, nil
		}
	}
	return 0, false, nil
}

func clean(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(core.FullToHalf(code)))
}

// newRecoveryCodes replaces the user's recovery codes: 50 random bits each, kept as fingerprints.
func newRecoveryCodes(ctx context.Context, tx db.Tx, user core.ID) ([]string, error) {
	if _, err := db.Exec(ctx, tx, "delete from user_recovery where user_id = $1", user); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCount)
	for i := range codes {
		b := make([]byte, 7)
		_, _ = rand.Read(b) // never fails
		text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)[:10]
		codes[i] = text[:5] + "-" + text[5:]
		if _, err := db.Exec(ctx, tx, "insert into user_recovery (user_id, hash) values ($1, $2)", user, fingerprint(text)); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

// useRecovery spends a recovery code.
func useRecovery(ctx context.Context, tx db.Tx, u User, code string) (bool, error) {
	n, err := db.Exec(ctx, tx, "update user_recovery set used_at = $1 where user_id = $2 and hash = $3 and used_at is null", time.Now(), u.ID, fingerprint(clean(code)))
	if err != nil || n == 0 {
		return false, err
	}
	return true, journal.Add(ctx, tx, u.ref(), "recovered", nil)
}

func recoveryLeft(ctx context.Context, tx db.Tx, user core.ID) (int, error) {
	return db.Value[int](ctx, tx, "select count(*) from user_recovery where user_id = $1 and used_at is null", user)
}
