package user

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"huiyin/approval"
	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
)

func migrations() []fs.FS {
	return []fs.FS{calendar.Migrations, journal.Migrations, file.Migrations, notify.Migrations, regulation.Migrations, duty.Migrations, approval.Migrations, project.Migrations, Migrations, web.Migrations}
}

const secret = core.Secret("a quiet lobby 7")

// lab is a database with two projects and a few people.
type lab struct {
	*testing.T
	d              *db.DB
	here, there    core.Project
	admin, gm, lin core.ID
	ctx            context.Context
	kinds          map[string]approval.Kind
	leavers        []core.ID
	srv            *web.Server
	jar            map[string]string
}

func each(t *testing.T, fn func(l *lab)) {
	t.Helper()
	dbtest.Each(t, migrations(), func(t *testing.T, d *db.DB) {
		l := &lab{T: t, d: d, jar: map[string]string{}, kinds: map[string]approval.Kind{}}
		lists, err := house.Gather([]house.Module{{Name: "thing", Label: core.T("东西", "Thing"), Perms: []register.Perm{
			{Name: "thing.view", Roles: []core.Role{core.Desk}}, {Name: "thing.cut", Roles: []core.Role{core.Technician}},
			{Name: "thing.rule", Roles: []core.Role{core.GM}, Firm: true}}}, Module()})
		l.ok(err)
		for _, k := range Module().Approvals {
			l.kinds[k.Verb] = k
		}
		ctx := approval.With(house.With(core.AsSystem(context.Background()), lists), l.kinds)
		l.ctx = WithHooks(ctx, func(_ context.Context, _ db.Tx, user core.ID) error { l.leavers = append(l.leavers, user); return nil })
		l.srv = web.New(web.Config{DB: d, Log: quiet(), Routes: append(routes(), users().Routes()...), SignIn: SignIn, Project: project.ByCode,
			Base: func(ctx context.Context) context.Context { return WithHooks(house.With(ctx, lists)) }})
		l.people()
		fn(l)
	})
}

func (l *lab) people() {
	l.write(func(ctx context.Context, tx db.Tx) error {
		var err error
		l.here, err = project.Create(ctx, tx, project.In{Name: "联合广场", Code: "lhgc"})
		l.ok(err)
		l.there, err = project.Create(ctx, tx, project.In{Name: "别处大厦", Code: "bcds"})
		l.ok(err)
		l.admin = l.add(ctx, tx, "admin", core.Firm, core.Admin)
		l.gm = l.add(ctx, tx, "gm", l.here.ID, core.GM)
		l.lin = l.add(ctx, tx, "lin", l.here.ID, core.Desk)
		return nil
	})
}

func (l *lab) add(ctx context.Context, tx db.Tx, login string, p core.ID, roles ...core.Role) core.ID {
	l.Helper()
	id, err := Add(ctx, tx, In{Login: login, Name: login, Password: secret, Roles: map[core.ID][]core.Role{p: roles}})
	l.ok(err)
	return id
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *lab) write(fn func(context.Context, db.Tx) error) {
	l.Helper()
	l.ok(l.d.Write(l.ctx, fn))
}

// as acts as a user and returns what came of it.
func (l *lab) as(id core.ID, fn func(context.Context, db.Tx) error) error {
	l.Helper()
	return l.d.Write(l.ctx, func(ctx context.Context, tx db.Tx) error {
		a, err := Actor(ctx, tx, id)
		l.ok(err)
		return fn(core.WithActor(ctx, a), tx)
	})
}

func (l *lab) actor(id core.ID) core.Actor {
	l.Helper()
	var a core.Actor
	l.write(func(ctx context.Context, tx db.Tx) (err error) { a, err = Actor(ctx, tx, id); return err })
	return a
}

func (l *lab) want(kind core.ErrKind, err error) {
	l.Helper()
	if !core.IsKind(err, kind) {
		l.Errorf("want an error of kind %d, got %v", kind, err)
	}
}

// send is a browser with its cookies.
func (l *lab) send(method, path string, form url.Values) *httptest.ResponseRecorder {
	l.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range l.jar {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	w := httptest.NewRecorder()
	l.srv.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(l.jar, c.Name)
		} else {
			l.jar[c.Name] = c.Value
		}
	}
	return w
}

func (l *lab) signIn(login string, password core.Secret) *httptest.ResponseRecorder {
	l.Helper()
	return l.send("POST", "/sign-in", url.Values{"login": {login}, "password": {string(password)}})
}

// goes asserts a redirect.
func (l *lab) goes(w *httptest.ResponseRecorder, to string) {
	l.Helper()
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != to {
		l.Errorf("want 303 to %s, got %d to %q: %.300s", to, w.Code, got, w.Body)
	}
}

func TestArgon2VerifiesOnlyTheSamePassword(t *testing.T) {
	ctx := With(context.Background(), NewRuntime())
	hash, err := hashPassword(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("cost is not as decided: %s", hash)
	}
	again, _ := hashPassword(ctx, secret)
	if again == hash {
		t.Error("two hashes of one password are equal: no salt")
	}
	for password, want := range map[core.Secret]bool{secret: true, secret + "x": false, "": false, "A quiet lobby 7": false} {
		if ok, err := verifyPassword(ctx, hash, password); ok != want || err != nil {
			t.Errorf("%q: %v, %v", password, ok, err)
		}
	}
	for _, broken := range []string{"", "x", "$argon2id$v=19$m=19456,t=2,p=1$$", "$argon2id$v=1$m=1,t=0,p=0$AAAA$AAAA", nobody} {
		if ok, err := verifyPassword(ctx, broken, ""); ok || err != nil {
			t.Errorf("the hash %q matched: %v", broken, err)
		}
	}
}

func TestNoMoreThanTwoPasswordsAreHashedAtOnce(t *testing.T) {
	rt := NewRuntime()
	ctx, stop := context.WithCancel(With(context.Background(), rt))
	for range 2 {
		if _, err := turn(ctx); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if _, err := turn(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a third got in: %v", err)
	}
}

func TestPasswordRules(t *testing.T) {
	for password, ok := range map[core.Secret]bool{"short7": false, "1234567890": false, "Password123": false, "aaaaaaaaaaaa": false, "zhouhui-2026": true,
		"zhouhui": false, "ZHOUHUI1234": false, "一句好记的话胜过符号": true, "abababababab": false, core.Secret(strings.Repeat("长密码xyz", 60)): false, secret: true} {
		if err := checkPassword("password", "zhouhui", password); (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		}
	}
	for range 50 {
		if err := checkPassword("password", "x", core.Secret(temporary())); err != nil {
			t.Errorf("a temporary password is refused: %v", err)
		}
	}
}

func TestSignInAndOut(t *testing.T) {
	each(t, func(l *lab) {
		if w := l.send("GET", "/me", nil); w.Header().Get("Location") != "/sign-in?next=%2Fme" {
			l.Errorf("a stranger was sent to %q", w.Header().Get("Location"))
		}
		l.goes(l.signIn("LIN", secret), "/")
		if w := l.send("GET", "/me", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "lin") {
			l.Errorf("after the sign-in /me answered %d", w.Code)
		}
		l.goes(l.send("GET", "/sign-in?next=/me", nil), "/me")
		cookie := l.jar[cookieName]
		l.goes(l.send("POST", "/sign-out", nil), "/sign-in")
		l.jar[cookieName] = cookie
		if w := l.send("GET", "/me", nil); w.Code != http.StatusSeeOther {
			l.Errorf("the cookie still works after the sign-out: %d", w.Code)
		}
	})
}

func TestTheCookieIsHardToStealAndTheTableHoldsNoSecret(t *testing.T) {
	each(t, func(l *lab) {
		w := l.signIn("lin", secret)
		c := w.Result().Cookies()[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Name != "huiyin_session" || len(c.Value) < 43 {
			l.Errorf("cookie %+v", c)
		}
		r := httptest.NewRequest("POST", "https://x/", nil)
		if !secure(r) {
			l.Error("over TLS the cookie must be Secure")
		}
		l.write(func(ctx context.Context, tx db.Tx) error {
			hash, err := db.Value[string](ctx, tx, "select hash from user_session where user_id = $1", l.lin)
			if hash == c.Value || hash != fingerprint(c.Value) {
				l.Errorf("the table holds %q", hash)
			}
			return err
		})
	})
}

func TestOneAnswerForUnknownLoginWrongPasswordAndLeaver(t *testing.T) {
	each(t, func(l *lab) {
		l.ok(l.as(l.admin, func(ctx context.Context, tx db.Tx) error {
			_, err := Leave(ctx, tx, l.gm, LeaveIn{"退休"})
			return err
		}))
		var answers []string
		for _, login := range []string{"nobody", "lin", "gm"} {
			password := core.Secret("wrong password")
			if login == "gm" {
				password = secret
			}
			w := l.signIn(login, password)
			if w.Code != http.StatusUnprocessableEntity {
				l.Errorf("%s: %d", login, w.Code)
			}
			answers = append(answers, strings.ReplaceAll(w.Body.String(), `value="`+login+`"`, `value=""`))
		}
		if cut := func(s string) string { _, s, _ = strings.Cut(s, "<main"); return s }; cut(answers[0]) != cut(answers[1]) || cut(answers[1]) != cut(answers[2]) {
			l.Error("the answers tell an unknown login from a known one")
		}
		if !strings.Contains(answers[0], "登录名或密码不对") {
			l.Errorf("no word of what is wrong: %s", answers[0])
		}
	})
}

func TestFiveFailuresSlowTheLoginDownAndCannotBeOutrun(t *testing.T) {
	each(t, func(l *lab) {
		for n := range failuresFree {
			if w := l.signIn("lin", "wrong password"); w.Code != http.StatusUnprocessableEntity {
				l.Fatalf("failure %d: %d", n, w.Code)
			}
		}
		if w := l.signIn("lin", secret); w.Code != http.StatusTooManyRequests || l.jar[cookieName] != "" {
			l.Errorf("the sixth try, with the right password, answered %d", w.Code)
		}
		l.elsewhere(func(from func(login string, p core.Secret) int) {
			if code := from("lin", secret); code != http.StatusTooManyRequests {
				l.Errorf("from another address the login is not slowed down: %d", code)
			}
			if code := from("gm", secret); code != http.StatusSeeOther {
				l.Errorf("another login from another address is slowed down: %d", code)
			}
		})
		if w := l.signIn("unknown", secret); w.Code != http.StatusTooManyRequests {
			l.Errorf("the address is not slowed down: %d", w.Code)
		}
		l.write(func(ctx context.Context, tx db.Tx) error {
			_, err := db.Exec(ctx, tx, "update user_failure set last_at = $1", time.Now().Add(-time.Minute))
			return err
		})
		l.goes(l.signIn("lin", secret), "/")
	})
}

// elsewhere signs in from another address.
func (l *lab) elsewhere(fn func(from func(string, core.Secret) int)) {
	fn(func(login string, p core.Secret) int {
		r := httptest.NewRequest("POST", "/sign-in", strings.NewReader(url.Values{"login": {login}, "password": {string(p)}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = "198.51.100.9:1234"
		w := httptest.NewRecorder()
		l.srv.ServeHTTP(w, r)
		return w.Code
	})
}

func TestTheDelayGrowsToAQuarterOfAnHour(t *testing.T) {
	now := time.Now()
	var before time.Duration
	for n := int64(0); n < 40; n++ {
		w := failures{n, now}.wait(now)
		if n < failuresFree && w != 0 || n >= failuresFree && w < before || w > waitMost {
			t.Errorf("after %d failures the wait is %s", n, w)
		}
		before = w
	}
	if before != waitMost {
		t.Errorf("the longest wait is %s", before)
	}
	if w := (failures{40, now.Add(-failureMemory - time.Hour)}).wait(now); w != 0 {
		t.Errorf("old failures still count: %s", w)
	}
}

func TestAFailureIsKeptThoughItsTransactionIsRolledBack(t *testing.T) {
	each(t, func(l *lab) {
		err := l.d.Write(l.ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := Authenticate(ctx, tx, "lin", "wrong password", "192.0.2.1")
			return err
		})
		l.want(core.KindInvalid, err)
		l.write(func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int](ctx, tx, "select n from user_failure where what = 'login:lin'")
			if n != 1 {
				l.Errorf("%d failures are kept", n)
			}
			return err
		})
	})
}

func TestSessionsEndWhenIdleAndAfterAWeekAndAreRenewedAtSignIn(t *testing.T) {
	each(t, func(l *lab) {
		l.jar[cookieName] = "planted-by-somebody-else"
		l.signIn("lin", secret)
		if l.jar[cookieName] == "planted-by-somebody-else" {
			l.Error("the sign-in kept a planted cookie")
		}
		first := l.jar[cookieName]
		l.signIn("lin", secret)
		if l.jar[cookieName] == first {
			l.Error("a second sign-in kept the cookie")
		}
		reach := func() int { return l.send("GET", "/me", nil).Code }
		if reach() != 200 {
			l.Fatal("the session does not work")
		}
		for name, change := range map[string]string{"idle": "seen_at = seen_at - 28801000000", "old": "expires_at = created_at - 1"} {
			l.signIn("lin", secret)
			l.write(func(ctx context.Context, tx db.Tx) error {
				_, err := db.Exec(ctx, tx, "update user_session set "+change)
				return err
			})
			if reach() != http.StatusSeeOther {
				l.Errorf("a session that is too %s still works", name)
			}
		}
		l.ok(Sweep(l.ctx, l.d))
		l.write(func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int](ctx, tx, "select count(*) from user_session where expires_at < $1", time.Now())
			if n != 0 {
				l.Errorf("%d ended sessions are still there", n)
			}
			return err
		})
	})
}

func TestTouchStampsAtMostOnceAMinute(t *testing.T) {
	each(t, func(l *lab) {
		l.signIn("lin", secret)
		seen := func() (s session) {
			l.write(func(ctx context.Context, tx db.Tx) (err error) {
				_, err = db.Exec(ctx, tx, "update user_session set seen_at = 1")
				l.ok(err)
				all, err := db.All(ctx, tx, (*session).dest, sessionQuery)
				s = all[0]
				return err
			})
			return s
		}
		touch := NewToucher(l.d)
		s := web.Session{Key: "s" + seen().ID.String()}
		after := func() time.Time {
			touch.Touch(l.ctx, s)
			touch.Close()
			var at time.Time
			l.write(func(ctx context.Context, tx db.Tx) (err error) {
				at, err = db.Value[time.Time](ctx, tx, "select seen_at from user_session")
				return err
			})
			return at
		}
		if time.Since(after()) > time.Minute {
			l.Error("the session was not stamped")
		}
		seen()
		if time.Since(after()) < time.Minute {
			l.Error("the session was stamped twice within a minute")
		}
	})
}

// withTOTP turns the second factor on and returns the secret and the recovery codes; its first code is spent.
func (l *lab) withTOTP(id core.ID) (string, []string) {
	l.Helper()
	var key string
	var codes []string
	l.write(func(ctx context.Context, tx db.Tx) error {
		u, err := lock(ctx, tx, id)
		l.ok(err)
		l.ok(startTOTP(ctx, tx, u, "回音"))
		u, err = lock(ctx, tx, id)
		l.ok(err)
		k, err := keyOfUser(tx, u)
		l.ok(err)
		key = k.Secret()
		if strings.Contains(u.secret, key) {
			l.Error("the secret is stored open")
		}
		_, err = confirmTOTP(ctx, tx, u, "000000x")
		l.want(core.KindInvalid, err)
		codes, err = confirmTOTP(ctx, tx, u, code(l.T, key, -1))
		return err
	})
	return key, codes
}

func code(t *testing.T, key string, shift int64) string {
	t.Helper()
	c, err := hotp.GenerateCode(key, uint64(time.Now().Unix()/totpPeriod+shift))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheSecondFactorIsAskedForAndOneCodeCountsOnce(t *testing.T) {
	each(t, func(l *lab) {
		key, codes := l.withTOTP(l.lin)
		enter := func(c string) *httptest.ResponseRecorder {
			l.goes(l.signIn("lin", secret), "/sign-in/code?next=%2F")
			if w := l.send("GET", "/me", nil); w.Code != http.StatusSeeOther {
				l.Errorf("the password alone opened /me: %d", w.Code)
			}
			return l.send("POST", "/sign-in/code", url.Values{"code": {c}})
		}
		now := code(l.T, key, 0)
		l.goes(enter(now), "/")
		if w := l.send("GET", "/me", nil); w.Code != 200 {
			l.Errorf("the code did not open /me: %d", w.Code)
		}
		if w := enter(now); w.Code != http.StatusUnprocessableEntity {
			l.Errorf("the same code a second time answered %d", w.Code)
		}
		if w := enter(code(l.T, key, -1)); w.Code != http.StatusUnprocessableEntity {
			l.Errorf("an earlier code answered %d", w.Code)
		}
		l.goes(enter(strings.ToLower(codes[3])), "/")
		if w := enter(codes[3]); w.Code != http.StatusUnprocessableEntity {
			l.Errorf("a spent recovery code answered %d", w.Code)
		}
	})
}

func TestCodesAreThrottledToo(t *testing.T) {
	each(t, func(l *lab) {
		key, _ := l.withTOTP(l.lin)
		l.signIn("lin", secret)
		for range failuresFree {
			l.send("POST", "/sign-in/code", url.Values{"code": {"123"}})
		}
		if w := l.send("POST", "/sign-in/code", url.Values{"code": {code(l.T, key, 0)}}); w.Code != http.StatusTooManyRequests {
			l.Errorf("after five wrong codes: %d", w.Code)
		}
	})
}

func TestTokensActWithinTheirScopesUntilTheyEnd(t *testing.T) {
	each(t, func(l *lab) {
		var some, all string
		l.write(func(ctx context.Context, tx db.Tx) (err error) {
			some, err = CreateToken(ctx, tx, l.gm, "取数", []string{"thing.view"})
			l.ok(err)
			all, err = TokenFor(ctx, tx, "GM", "全部", nil)
			l.ok(err)
			_, err = CreateToken(ctx, tx, l.gm, "坏", []string{"no.such"})
			l.want(core.KindInvalid, err)
			_, err = CreateToken(ctx, tx, l.gm, "坏", nil)
			l.want(core.KindInvalid, err)
			_, err = createToken(ctx, tx, l.gm, "久", []string{"*"}, time.Now().AddDate(2, 0, 0))
			l.want(core.KindInvalid, err)
			return nil
		})
		if !strings.HasPrefix(some, "hy_") || len(some) < 40 {
			l.Errorf("token %q", some)
		}
		if a, s, err := l.bearer(all); err != nil || !s.Token || !a.Can(core.Firm, "thing.rule") {
			l.Errorf("the full token: %v", err)
		}
		a, _, err := l.bearer(some)
		if err != nil || a.Can(core.Firm, "thing.rule") || a.Can(l.here.ID, "thing.view") {
			l.Errorf("a token exceeds its scope or its user: %v", err)
		}
		for _, bad := range []string{"", "hy_", "hy_x", some + "x"} {
			_, _, err := l.bearer(bad)
			l.want(core.KindSignIn, err)
		}
		l.write(func(ctx context.Context, tx db.Tx) error {
			ts, err := tokens(ctx, tx, l.gm)
			l.ok(err)
			l.want(core.KindNotFound, EndToken(ctx, tx, l.lin, ts[0].ID))
			l.ok(EndToken(ctx, tx, l.gm, ts[0].ID))
			_, err = db.Exec(ctx, tx, "update user_token set expires_at = 1 where id = $1", ts[1].ID)
			return err
		})
		for _, ended := range []string{some, all} {
			_, _, err := l.bearer(ended)
			l.want(core.KindSignIn, err)
		}
	})
}

func (l *lab) bearer(token string) (a core.Actor, s web.Session, err error) {
	r := httptest.NewRequest("GET", "/api/v1/users", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	err = l.d.Read(l.ctx, func(ctx context.Context, tx db.Tx) (err error) { a, s, err = SignIn(ctx, tx, r); return err })
	return a, s, err
}

func TestOnlyHeadsGiveHeadRolesAndTheLastAdministratorStays(t *testing.T) {
	each(t, func(l *lab) {
		l.ok(grantNow(l, core.Supervisor, "user.seat", "user.reset", "user.leave"))
		boss := core.ID(0)
		l.write(func(ctx context.Context, tx db.Tx) error {
			boss = l.add(ctx, tx, "boss", l.here.ID, core.Supervisor)
			return nil
		})
		seat := func(actor, id core.ID, p core.ID, roles ...string) error {
			return l.as(actor, func(ctx context.Context, tx db.Tx) error {
				_, err := SetSeat(ctx, tx, id, SeatIn{Project: p, Roles: roles})
				return err
			})
		}
		l.want(core.KindForbidden, seat(boss, l.lin, l.here.ID, "admin"))
		l.want(core.KindForbidden, seat(boss, boss, l.here.ID, "gm"))
		l.want(core.KindForbidden, seat(boss, l.lin, l.there.ID, "desk"))
		l.want(core.KindForbidden, seat(boss, l.lin, core.Firm, "desk"))
		l.want(core.KindForbidden, seat(boss, l.gm, l.here.ID, "desk"))
		l.ok(seat(boss, l.lin, l.here.ID, "desk", "quality"))
		l.want(core.KindForbidden, l.as(boss, func(ctx context.Context, tx db.Tx) error {
			_, err := Reset(ctx, tx, l.admin, ResetIn{Password: "new password 1"})
			return err
		}))
		l.want(core.KindInvalid, seat(l.admin, l.lin, l.here.ID, "emperor"))
		l.want(core.KindInvalid, seat(l.admin, l.lin, 77, "desk"))
		l.want(core.KindConflict, seat(l.admin, l.admin, core.Firm))
		l.want(core.KindConflict, seat(l.gm, l.admin, core.Firm, "manager"))
		l.want(core.KindConflict, l.as(l.gm, func(ctx context.Context, tx db.Tx) error {
			_, err := Leave(ctx, tx, l.admin, LeaveIn{"走了"})
			return err
		}))
		l.ok(seat(l.admin, l.lin, core.Firm, "admin"))
		l.ok(seat(l.gm, l.admin, core.Firm, "manager"))
		l.want(core.KindConflict, seat(l.gm, l.lin, core.Firm))
	})
}

// grantNow gives permissions to a role as the seed does.
func grantNow(l *lab, role core.Role, perms ...string) error {
	return l.d.Write(l.ctx, func(ctx context.Context, tx db.Tx) error { return Grant(ctx, tx, Change{Role: role, On: perms}) })
}

func TestTwoAdministratorsCannotRemoveEachOtherAtOnce(t *testing.T) {
	each(t, func(l *lab) {
		var second core.ID
		l.write(func(ctx context.Context, tx db.Tx) error {
			second = l.add(ctx, tx, "second", core.Firm, core.Admin)
			return nil
		})
		actors := map[core.ID]core.Actor{l.admin: l.actor(l.admin), second: l.actor(second)}
		done := make(chan error, 2)
		for by, of := range map[core.ID]core.ID{l.admin: second, second: l.admin} {
			go func() {
				done <- l.d.Write(core.WithActor(l.ctx, actors[by]), func(ctx context.Context, tx db.Tx) error {
					_, err := SetSeat(ctx, tx, of, SeatIn{Project: core.Firm})
					return err
				})
			}()
		}
		a, b := <-done, <-done
		if (a == nil) == (b == nil) {
			l.Errorf("one of two must win: %v, %v", a, b)
		}
		l.write(func(ctx context.Context, tx db.Tx) error {
			n, err := admins(ctx, tx)
			if n != 1 {
				l.Errorf("%d administrators are left", n)
			}
			return err
		})
	})
}

func TestALeaverLosesEverythingAtOnce(t *testing.T) {
	each(t, func(l *lab) {
		l.signIn("lin", secret)
		var token string
		about := core.Ref{Project: l.there.ID, Kind: "thing", ID: 7}
		l.write(func(ctx context.Context, tx db.Tx) (err error) {
			l.ok(duty.Open(core.WithProject(ctx, l.there), tx, "C1.5", about, duty.To(l.lin)))
			token, err = CreateToken(ctx, tx, l.lin, "取数", []string{"*"})
			return err
		})
		leave := func(by core.ID) error {
			return l.as(by, func(ctx context.Context, tx db.Tx) error {
				_, err := Leave(ctx, tx, l.lin, LeaveIn{"辞职"})
				return err
			})
		}
		l.want(core.KindConflict, leave(l.lin))
		l.ok(leave(l.admin))
		if w := l.send("GET", "/me", nil); w.Code != http.StatusSeeOther {
			l.Errorf("the session still works: %d", w.Code)
		}
		_, _, err := l.bearer(token)
		l.want(core.KindSignIn, err)
		if !slices.Equal(l.leavers, []core.ID{l.lin}) {
			l.Errorf("the listeners heard %v", l.leavers)
		}
		l.write(func(ctx context.Context, tx db.Tx) error {
			ds, err := duty.Of(ctx, tx, about)
			if len(ds) != 1 || ds[0].User != 0 || ds[0].State != duty.StateOpen {
				l.Errorf("the duty did not return to its role: %+v", ds)
			}
			return err
		})
		l.want(core.KindConflict, leave(l.admin))
		l.ok(l.as(l.admin, func(ctx context.Context, tx db.Tx) error { _, err := Return(ctx, tx, l.lin, struct{}{}); return err }))
		if w := l.signIn("lin", secret); w.Code != http.StatusUnprocessableEntity {
			l.Errorf("who returns signs in with the old password: %d", w.Code)
		}
	})
}

func TestRolesHoldTheModulesDefaultsAndTheFirmsGrants(t *testing.T) {
	each(t, func(l *lab) {
		lin, gm := l.actor(l.lin), l.actor(l.gm)
		if !lin.Can(l.here.ID, "thing.view") || lin.Can(l.there.ID, "thing.view") || lin.Can(l.here.ID, "thing.cut") || lin.Can(core.Firm, "thing.rule") {
			l.Errorf("the desk's defaults: %+v", lin.Seats)
		}
		if !gm.Can(core.Firm, "thing.rule") || !gm.Has(core.Firm, core.GM) || len(gm.Seats[l.there.ID].Roles) != 0 {
			l.Errorf("the general manager's defaults: %+v", gm.Seats)
		}
		if admin := l.actor(l.admin); !admin.Has(l.here.ID, core.Admin) || !admin.Has(l.there.ID, core.Admin) {
			l.Errorf("a seat in the firm does not count in every project: %+v", admin.Seats)
		}
		ask := func(by core.ID, c Change) (id core.ID, err error) {
			err = l.as(by, func(ctx context.Context, tx db.Tx) (err error) {
				id, err = AskGrant(core.WithProject(ctx, l.here), tx, c, "试行")
				return err
			})
			return id, err
		}
		_, err := ask(l.admin, Change{Role: core.Admin, Off: []string{"user.seat"}})
		l.want(core.KindConflict, err)
		_, err = ask(l.admin, Change{Role: core.Desk, On: []string{"no.such"}})
		l.want(core.KindInvalid, err)
		_, err = ask(l.gm, Change{Role: core.Desk, On: []string{"thing.cut"}})
		l.want(core.KindConflict, err) // there is no other general manager
		id, err := ask(l.admin, Change{Role: core.Desk, On: []string{"thing.cut"}, Off: []string{"thing.view"}})
		l.ok(err)
		if a := l.actor(l.lin); a.Can(l.here.ID, "thing.cut") {
			l.Error("the change counts before the approval")
		}
		decide := func(by core.ID) error {
			return l.as(by, func(ctx context.Context, tx db.Tx) error {
				return approval.Decide(core.WithProject(ctx, l.here), tx, id, true, "")
			})
		}
		l.want(core.KindForbidden, decide(l.admin))
		l.ok(decide(l.gm))
		if a := l.actor(l.lin); !a.Can(l.here.ID, "thing.cut") || a.Can(l.here.ID, "thing.view") {
			l.Errorf("the change does not count: %+v", a.Seats[l.here.ID].Perms)
		}
	})
}

func TestNextLeadsNowhereElse(t *testing.T) {
	for in, want := range map[string]string{"/p/lhgc/repair?x=1": "/p/lhgc/repair?x=1", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example": "/", "javascript:alert(1)": "/",
		"evil": "/", "": "/", "/\t/evil.example": "/", "/%2Fevil.example": "/", "///evil.example": "/", "/sign-in?next=/x": "/", "/sign-out": "/", "/me": "/me", "http:///x": "/", "/a//b": "/a//b"} {
		if got := localPath(in); got != want {
			t.Errorf("localPath(%q) = %q, want %q", in, got, want)
		}
	}
	each(t, func(l *lab) {
		w := l.send("POST", "/sign-in", url.Values{"login": {"lin"}, "password": {string(secret)}, "next": {"//evil.example/"}})
		l.goes(w, "/")
		l.goes(l.send("POST", "/language", url.Values{"lang": {"en"}, "back": {"//evil.example"}}), "/")
		l.goes(l.send("POST", "/language", url.Values{"lang": {"en"}, "back": {"/me"}}), "/me")
		if l.jar[langCookie] != "en" || !strings.Contains(l.send("GET", "/me", nil).Body.String(), "My settings") {
			l.Error("the language did not change")
		}
	})
}

func TestATemporaryPasswordIsChangedFirst(t *testing.T) {
	each(t, func(l *lab) {
		l.ok(l.as(l.admin, func(ctx context.Context, tx db.Tx) error {
			_, err := Reset(ctx, tx, l.lin, ResetIn{Password: "temp-pass-word"})
			return err
		}))
		l.goes(l.signIn("lin", "temp-pass-word"), "/me/password?next=%2F")
		l.goes(l.send("GET", "/me", nil), "/sign-in?next=%2Fme")
		l.goes(l.send("GET", "/sign-in?next=%2Fme", nil), "/me/password?next=%2Fme")
		change := func(old, a, b string) *httptest.ResponseRecorder {
			return l.send("POST", "/me/password", url.Values{"old": {old}, "password": {a}, "again": {b}, "next": {"/me"}})
		}
		for _, bad := range [][3]string{{"wrong", "a better one 5", "a better one 5"}, {"temp-pass-word", "short", "short"}, {"temp-pass-word", "a better one 5", "other"}, {"temp-pass-word", "temp-pass-word", "temp-pass-word"}} {
			if w := change(bad[0], bad[1], bad[2]); w.Code != http.StatusUnprocessableEntity {
				l.Errorf("%v: %d", bad, w.Code)
			}
		}
		before := l.jar[cookieName]
		l.goes(change("temp-pass-word", "a better one 5", "a better one 5"), "/me")
		if l.jar[cookieName] == before {
			l.Error("the session was not renewed")
		}
		if w := l.send("GET", "/me", nil); w.Code != 200 {
			l.Errorf("/me: %d", w.Code)
		}
	})
}

func TestImportedHandlersBecomeStaffWithoutSignIn(t *testing.T) {
	each(t, func(l *lab) {
		l.write(func(ctx context.Context, tx db.Tx) error {
			ctx = core.WithProject(ctx, l.here)
			first, err := EnsureStaff(ctx, tx, "李 工", core.Technician)
			l.ok(err)
			second, err := EnsureStaff(ctx, tx, " 李  工 ", core.Technician)
			if err != nil || first != second {
				l.Errorf("one name gave two people: %v", err)
			}
			lin, err := EnsureStaff(ctx, tx, "lin", core.Desk)
			if err != nil || lin != l.lin {
				l.Errorf("a user was not recognised by name: %v", err)
			}
			u, err := Get(ctx, tx, first)
			if err != nil || u.SignsIn() {
				l.Errorf("staff signs in: %+v, %v", u, err)
			}
			_, err = Actor(ctx, tx, first)
			l.want(core.KindNotFound, err)
			us, err := Holders(ctx, tx, l.here.ID, core.Technician, core.GM)
			if len(us) != 2 || len(us[0].Seats) == 0 {
				l.Errorf("holders %+v", us)
			}
			return err
		})
	})
}

func TestLoginsAreUniqueInWhateverCase(t *testing.T) {
	each(t, func(l *lab) {
		l.write(func(ctx context.Context, tx db.Tx) error {
			for _, login := range []string{"LIN", "lin", "ｌｉｎ"} {
				_, err := Add(ctx, tx, In{Login: login, Name: "x", Password: secret})
				l.want(core.KindInvalid, err)
			}
			for _, login := range []string{"a", "a b", "<b>", "-x", strings.Repeat("x", 41)} {
				_, err := Add(ctx, tx, In{Login: login, Name: "x", Password: secret})
				l.want(core.KindInvalid, err)
			}
			return nil
		})
	})
}

func TestAnEmptyDatabaseIsSetUpOnce(t *testing.T) {
	each(t, func(l *lab) {
		l.goes(l.send("GET", "/setup", nil), "/sign-in")
		form := url.Values{"firm": {"回音物业"}, "project": {"回音大厦"}, "name": {"周慧"}, "login": {"zhouhui"}, "password": {string(secret)}, "again": {string(secret)}}
		if w := l.send("POST", "/setup", form); w.Code != http.StatusConflict {
			l.Errorf("a set-up over existing users: %d", w.Code)
		}
		l.write(func(ctx context.Context, tx db.Tx) error {
			_, err := db.Exec(ctx, tx, "update user_user set login_key = '', login = '' where project_id = 1")
			return err
		})
		l.goes(l.send("GET", "/sign-in", nil), "/setup")
		if w := l.send("POST", "/setup", url.Values{"firm": {"x"}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `value="x"`) {
			l.Errorf("an incomplete set-up: %d", w.Code)
		}
		l.goes(l.send("POST", "/setup", form), "/")
		if w := l.send("GET", "/firm/user", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "周慧") {
			l.Errorf("the first administrator does not see the users: %d", w.Code)
		}
		if w := l.send("POST", "/setup", form); w.Code != http.StatusConflict {
			l.Errorf("a second set-up: %d", w.Code)
		}
	})
}

func TestTheJournalCoversEveryChangeAndNoPasswordIsInIt(t *testing.T) {
	each(t, func(l *lab) {
		l.withTOTP(l.gm)
		l.ok(l.as(l.admin, func(ctx context.Context, tx db.Tx) error {
			_, err := Edit(ctx, tx, l.lin, EditIn{Name: "林敏", Phone: "13800002231", Skills: []string{"lift"}, OnDuty: true})
			l.ok(err)
			_, err = Reset(ctx, tx, l.lin, ResetIn{Password: "temp-pass-word"})
			l.ok(err)
			_, err = SetSeat(ctx, tx, l.lin, SeatIn{Project: l.there.ID, Roles: []string{"technician"}})
			return err
		}))
		l.write(func(ctx context.Context, tx db.Tx) error {
			rep, err := journal.Verify(ctx, tx, append(Module().Tables, project.Module().Tables...))
			if len(rep.Findings) != 0 {
				l.Errorf("verify found %+v", rep.Findings)
			}
			l.ok(err)
			es, err := journal.Of(ctx, tx, core.Ref{Project: core.Firm, Kind: "user", ID: l.lin})
			for _, e := range es {
				if strings.Contains(e.Payload, "temp-pass") || strings.Contains(e.Payload, "13800002231") {
					l.Errorf("the journal holds %s", e.Payload)
				}
			}
			return err
		})
	})
}
