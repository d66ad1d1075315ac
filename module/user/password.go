package user

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"huiyin/core"
)

// Cost of argon2id: OWASP's second recommendation, about 70 ms on the machines we know.
const (
	hashTime    = 2
	hashMemory  = 19 << 10 // KiB
	hashThreads = 1
	hashSize    = 32
	saltSize    = 16
)

const passwordMin, passwordMax = 10, 200

// Leaver hears that a user has left, in the same transaction.
type Leaver func(ctx context.Context, tx Tx, user core.ID) error

// Runtime is what the package keeps of one App: how many passwords are hashed at once (each takes 19 MiB), and who hears
// of a leaver.
type Runtime struct {
	hashing chan struct{}
	leavers []Leaver
}

// NewRuntime makes it; app does so once and carries it with With.
func NewRuntime(leavers ...Leaver) *Runtime {
	return &Runtime{hashing: make(chan struct{}, 2), leavers: leavers}
}

type runtimeKey struct{}

// With carries the runtime. Without one there is no bound and nobody hears.
func With(ctx context.Context, rt *Runtime) context.Context {
	return context.WithValue(ctx, runtimeKey{}, rt)
}

// WithHooks carries a runtime of its own with these listeners: for tests and commands.
func WithHooks(ctx context.Context, leavers ...Leaver) context.Context {
	return With(ctx, NewRuntime(leavers...))
}

func runtimeOf(ctx context.Context) *Runtime {
	rt, _ := ctx.Value(runtimeKey{}).(*Runtime)
	return rt
}

// turn waits for one of the two places.
func turn(ctx context.Context) (done func(), err error) {
	rt := runtimeOf(ctx)
	if rt == nil {
		return func() {}, nil
	}
	select {
	case rt.hashing <- struct{}{}:
		return func() { <-rt.hashing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func hashPassword(ctx context.Context, password core.Secret) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	done, err := turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	sum := argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashSize)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads, b64(salt), b64(sum)), nil
}

// nobody is hashed against when there is no such login, so that the answer takes as long.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// verifyPassword compares in constant time; a hash that cannot be read never matches.
func verifyPassword(ctx context.Context, hash string, password core.Secret) (bool, error) {
	var version, memory, rounds, threads int
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || len(password) > 4*passwordMax {
		parts, password = strings.Split(nobody, "$"), ""
	}
	_, errV := fmt.Sscanf(parts[2], "v=%d", &version)
	_, errP := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &rounds, &threads)
	salt, errS := base64.RawStdEncoding.DecodeString(parts[4])
	want, errW := base64.RawStdEncoding.DecodeString(parts[5])
	if errV != nil || errP != nil || errS != nil || errW != nil || len(want) == 0 || version != argon2.Version || threads < 1 || threads > 16 || rounds < 1 {
		return false, nil
	}
	done, err := turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	got := argon2.IDKey([]byte(password), salt, uint32(rounds), uint32(memory), uint8(threads), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// checkPassword says what is wrong with a password that somebody wants, at the field of that name.
func checkPassword(field, login string, password core.Secret) error {
	p := strings.ToLower(string(password))
	switch {
	case utf8.RuneCountInString(p) < passwordMin:
		return core.Invalid(field, "密码至少 %d 个字符", "The password needs at least %d characters", passwordMin)
	case utf8.RuneCountInString(p) > passwordMax:
		return core.Invalid(field, "密码最多 %d 个字符", "The password takes at most %d characters", passwordMax)
	case login != "" && (p == strings.ToLower(login) || strings.Contains(p, strings.ToLower(login)) && len(p)-len(login) < 5):
		return core.Invalid(field, "密码不能就是登录名", "The password must not be the login")
	case slices.Contains(common(), p) || distinct(p) < 5:
		return core.Invalid(field, "这个密码太常见,容易被猜到", "This password is too common and easily guessed")
	}
	return nil
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// common are the passwords of ten characters or more that lists of leaks begin with.
func common() []string {
	return strings.Fields(`1234567890 0123456789 0987654321 12345678910 123456789a a123456789 a1234567890 123456789abc abc123456789 abcd123456 abcdefghij
		password12 password123 password1234 password123456 passw0rd123 p@ssw0rd123 qwertyuiop qwerty12345 qwerty123456 1qaz2wsx3edc 1q2w3e4r5t 1q2w3e4r5t6y
		q1w2e3r4t5 qazwsxedcrfv zaq12wsxcde3 asdfghjkl1 asdfghjkl123 iloveyou12 iloveyou123 iloveyou1314 woaini1314 woaini1314520 woaini5201314 5201314woaini
		admin12345 admin123456 administrator admin@1234 admin@123456 root123456 huiyin1234 huiyin12345 huiyin123456 wuye123456 kefu123456 welcome123 welcome1234
		letmein123 letmein1234 changeme123 changeme1234 aa123456789 qq123456789 zxcvbnm123 zxcvbnm12345 zxcvbnm123456 1234qwerasdf 123456qwerty 1234567890q 147258369a
		football123 baseball123 superman123 sunshine123 princess123 dragon12345 monkey12345 shadow12345 master12345 michael123 charlie123 computer123 internet123`)
}

// temporary makes a password that is read over the telephone without mistakes: no 0 O 1 l I.
func temporary() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789"
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b[:4]) + "-" + string(b[4:8]) + "-" + string(b[8:])
}
