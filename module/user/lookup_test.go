package user

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
)

func TestAFieldFindsTheProjectsPeople(t *testing.T) {
	each(t, func(l *lab) {
		ids := map[string]core.ID{}
		l.ok(l.as(l.admin, func(ctx context.Context, tx db.Tx) error {
			for name, in := range map[string]In{
				"周慧":  {Login: "zh01", Password: secret, Roles: map[core.ID][]core.Role{l.here.ID: {core.Supervisor}}, Department: "客服部"},
				"单小明": {Login: "sxm", Password: secret, Roles: map[core.ID][]core.Role{l.here.ID: {core.Technician}}},
				"周远":  {Login: "zy", Password: secret, Roles: map[core.ID][]core.Role{l.there.ID: {core.Desk}}},
				"周租":  {Login: "tenant1", Password: secret, Roles: map[core.ID][]core.Role{l.here.ID: {core.Guard}}},
			} {
				in.Name = name
				id, err := Add(ctx, tx, in)
				if err != nil {
					return err
				}
				ids[name] = id
			}
			_, err := db.Exec(ctx, tx, "update user_seat set role = 'tenant' where project_id = $1 and user_id = $2", l.here.ID, ids["周租"])
			return err
		}))
		l.signIn("zh01", secret)
		find := func(q string) string {
			w := l.send("GET", "/p/lhgc/user/lookup?q="+url.QueryEscape(q), nil)
			if w.Code != 200 {
				l.Fatalf("%q: %d", q, w.Code)
			}
			return w.Body.String()
		}
		for q, want := range map[string]string{"慧": "周慧", "zhouhui": "周慧", "zh": "周慧", "zh01": "周慧", "shan": "单小明", "sxm": "单小明", "shanxiao": "单小明"} {
			if got := find(q); !strings.Contains(got, want) || !strings.Contains(got, ids[want].String()) {
				l.Errorf("%q does not find %s: %s", q, want, got)
			}
		}
		if got := find("周"); strings.Contains(got, "周远") || strings.Contains(got, "周租") || !strings.Contains(got, "客服部") {
			l.Errorf("the offer: %s", got)
		}
		if w := l.send("GET", "/p/bcds/user/lookup?q=", nil); w.Code != 404 {
			l.Errorf("another project's people: %d", w.Code)
		}
		l.send("POST", "/sign-out", nil)
		l.signIn("tenant1", secret)
		if w := l.send("GET", "/p/lhgc/user/lookup?q=", nil); w.Code != 403 {
			l.Errorf("a tenant learns the staff's names: %d", w.Code)
		}
	})
}
