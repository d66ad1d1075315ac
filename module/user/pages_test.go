package user

import (
	"context"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func TestAnAdministratorMakesAUserInTheBrowser(t *testing.T) {
	each(t, func(l *lab) {
		l.signIn("admin", secret)
		page := l.send("GET", "/firm/user/new", nil).Body.String()
		if !strings.Contains(page, "全部项目") || !strings.Contains(page, "联合广场") {
			l.Errorf("the form offers no projects: %.400s", page)
		}
		form := url.Values{"name": {"李工"}, "login": {"ligong"}, "password": {"temp-pass-word"}, "project": {l.here.ID.String()}, "roles": {"technician", "quality"}, "skills": {"lift"}, "department": {"工程部"}}
		w := l.send("POST", "/firm/user/new", form)
		to := w.Header().Get("Location")
		if w.Code != 303 || !strings.HasPrefix(to, "/firm/user/") {
			l.Fatalf("%d to %q: %.500s", w.Code, to, w.Body)
		}
		record := l.send("GET", to, nil).Body.String()
		for _, word := range []string{"李工", "维修", "品质", "电梯", "工程部", "还没改临时密码", "联合广场"} {
			if !strings.Contains(record, word) {
				l.Errorf("the record does not say %s", word)
			}
		}
		if strings.Contains(record, "temp-pass-word") {
			l.Error("the record shows the password")
		}
		if list := l.send("GET", "/firm/user?role=technician", nil).Body.String(); !strings.Contains(list, "李工") || strings.Contains(list, ">lin<") {
			l.Error("the filter by role does not work")
		}
		l.send("POST", "/sign-out", nil)
		l.goes(l.signIn("LiGong", "temp-pass-word"), "/me/password?next=%2F")
	})
}

func TestWhoHoldsNoRightSeesNoUsers(t *testing.T) {
	each(t, func(l *lab) {
		l.signIn("lin", secret)
		for _, path := range []string{"/firm/user", "/firm/user/" + l.gm.String(), "/firm/user/new", "/firm/roles"} {
			if w := l.send("GET", path, nil); w.Code != 403 {
				l.Errorf("%s answered %d", path, w.Code)
			}
		}
		if w := l.send("POST", "/firm/user/"+l.gm.String()+"/reset", url.Values{"password": {"temp-pass-word"}}); w.Code != 403 {
			l.Errorf("a reset answered %d", w.Code)
		}
	})
}

func TestMyPagesTurnTheSecondFactorOnEndSessionsAndMakeTokens(t *testing.T) {
	each(t, func(l *lab) {
		l.signIn("lin", secret)
		first := l.jar[cookieName]
		delete(l.jar, cookieName)
		l.signIn("lin", secret)
		l.goes(l.send("POST", "/me/totp/start", nil), "/me/totp")
		if page := l.send("GET", "/me/totp", nil).Body.String(); !strings.Contains(page, "data:image/png;base64,") {
			l.Error("no QR code")
		}
		var key string
		l.write(func(ctx context.Context, tx db.Tx) error {
			u, err := Get(ctx, tx, l.lin)
			l.ok(err)
			k, err := keyOfUser(tx, u)
			key = k.Secret()
			return err
		})
		if w := l.send("POST", "/me/totp/confirm", url.Values{"code": {"1"}}); w.Code != 422 {
			l.Errorf("a wrong first code: %d", w.Code)
		}
		if w := l.send("POST", "/me/totp/confirm", url.Values{"code": {code(l.T, key, 0)}}); w.Code != 200 || len(regexp.MustCompile(`<li>[A-Z2-7]{5}-[A-Z2-7]{5}</li>`).FindAllString(w.Body.String(), -1)) != recoveryCount {
			l.Errorf("no recovery codes: %d", w.Code)
		}
		l.goes(l.send("POST", "/me/sessions/end", nil), "/me")
		mine := l.jar[cookieName]
		l.jar[cookieName] = first
		if w := l.send("GET", "/me", nil); w.Code != 303 {
			l.Errorf("the other session still works: %d", w.Code)
		}
		l.jar[cookieName] = mine
		w := l.send("POST", "/me/token", url.Values{"name": {"取数"}, "expires": {string(core.Today(l.ctx).Add(30))}, "scope": {"these"}, "scopes": {"thing.view"}})
		if w.Code != 200 || !strings.Contains(w.Body.String(), "hy_") {
			l.Errorf("no token: %d %.300s", w.Code, w.Body)
		}
		w = l.send("POST", "/me/token", url.Values{"name": {"取数"}, "expires": {string(core.Today(l.ctx).Add(30))}, "scope": {"these"}, "scopes": {"thing.cut"}})
		if w.Code != 422 {
			l.Errorf("a token beyond one's own rights: %d", w.Code)
		}
		if w := l.send("POST", "/me/totp/off", url.Values{"password": {"wrong"}}); w.Code != 422 {
			l.Errorf("the second factor went off with a wrong password: %d", w.Code)
		}
		l.goes(l.send("POST", "/me/totp/off", url.Values{"password": {string(secret)}}), "/me")
	})
}

func TestTheRolesPageProposesWhatWasTicked(t *testing.T) {
	each(t, func(l *lab) {
		l.signIn("admin", secret)
		if page := l.send("GET", "/firm/roles", nil).Body.String(); !strings.Contains(page, "客服专员") {
			l.Error("no matrix")
		}
		l.goes(l.send("POST", "/firm/roles", url.Values{"role": {"desk"}, "reason": {"试行"}, "perm.thing": {"thing.cut"}}), "/firm/roles")
		if page := l.send("GET", "/firm/roles", nil).Body.String(); !strings.Contains(page, "修改「客服专员」的权限(2 项)") {
			l.Error("the proposal is not shown")
		}
		if w := l.send("POST", "/firm/roles", url.Values{"role": {"desk"}, "reason": {"试行"}, "perm.thing": {"thing.view"}}); w.Code != 422 {
			l.Errorf("no change at all: %d", w.Code)
		}
	})
}
