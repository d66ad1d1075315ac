package notify_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/notify"
)

const project, zhang, li = core.ID(7), core.ID(101), core.ID(102)

func write(t *testing.T, d *db.DB, fn func(context.Context, db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// unread gives the Chinese titles.
func unread(t *testing.T, ctx context.Context, d *db.DB, project, user core.ID, roles ...core.Role) (titles []string) {
	t.Helper()
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		n, list, err := notify.Unread(ctx, tx, project, user, roles)
		if n != len(list) {
			t.Errorf("%d unread, %d listed", n, len(list))
		}
		for _, m := range list {
			titles = append(titles, m.Title.ZH)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return titles
}

func TestTellUserAndRole(t *testing.T) {
	dbtest.Each(t, []fs.FS{notify.Migrations}, func(t *testing.T, d *db.DB) {
		topics, done := d.Hub().Subscribe(func(string) bool { return true })
		defer done()
		if d.Engine() == db.Postgres {
			time.Sleep(300 * time.Millisecond) // the listener connects
		}
		write(t, d, func(ctx context.Context, tx db.Tx) error {
			ref := core.Ref{Project: project, Kind: "repair", ID: 5}
			if err := notify.Tell(ctx, tx, project, zhang, notify.Message{Ref: ref, Title: core.T("给张三", "For one"), URL: "/p/a/repair/5"}); err != nil {
				return err
			}
			return notify.TellRole(ctx, tx, project, core.Cashier, notify.Message{Ref: ref, Title: core.T("给财务", "For cashiers"), Urgent: true})
		})
		for _, want := range []string{"p/7/notify/101", "p/7/notify/cashier"} {
			select {
			case got := <-topics:
				if got != want {
					t.Errorf("topic %q, want %q", got, want)
				}
			case <-time.After(5 * time.Second):
				t.Fatalf("no topic %s", want)
			}
		}
		ctx := t.Context()
		for _, c := range []struct {
			who   string
			got   []string
			wants []string
		}{
			{"user with the role", unread(t, ctx, d, project, zhang, core.Desk, core.Cashier), []string{"给财务", "给张三"}},
			{"user without it", unread(t, ctx, d, project, zhang), []string{"给张三"}},
			{"another with the role", unread(t, ctx, d, project, li, core.Cashier), []string{"给财务"}},
			{"another project", unread(t, ctx, d, 8, zhang, core.Cashier), nil},
		} {
			if !slices.Equal(c.got, c.wants) {
				t.Errorf("%s sees %q, want %q", c.who, c.got, c.wants)
			}
		}
		write(t, d, func(ctx context.Context, tx db.Tx) error { return notify.MarkRead(ctx, tx, project, li, nil) })
		if got := unread(t, ctx, d, project, zhang, core.Cashier); len(got) != 2 {
			t.Errorf("another's reading changed what is unread: %q", got)
		}
		write(t, d, func(ctx context.Context, tx db.Tx) error {
			return notify.MarkRead(ctx, tx, project, zhang, []core.Role{core.Cashier})
		})
		if got := unread(t, ctx, d, project, zhang, core.Cashier); len(got) != 0 {
			t.Errorf("read, but still %q", got)
		}
		if got := unread(t, ctx, d, project, li, core.Cashier); len(got) != 1 {
			t.Errorf("one cashier's reading took it from the other: %q", got)
		}
		later := core.WithClock(ctx, func() time.Time { return time.Now().Add(31 * 24 * time.Hour) })
		if got := unread(t, later, d, project, li, core.Cashier); len(got) != 0 {
			t.Errorf("a month later the role's message is still new: %q", got)
		}
	})
}

func TestMarkReadOfSome(t *testing.T) {
	dbtest.Each(t, []fs.FS{notify.Migrations}, func(t *testing.T, d *db.DB) {
		write(t, d, func(ctx context.Context, tx db.Tx) error {
			for _, s := range []string{"一", "二"} {
				if err := notify.Tell(ctx, tx, project, zhang, notify.Message{Title: core.T(s, s)}); err != nil {
					return err
				}
			}
			return nil
		})
		write(t, d, func(ctx context.Context, tx db.Tx) error {
			_, list, err := notify.Unread(ctx, tx, project, zhang, nil)
			if err != nil || len(list) != 2 {
				return fmt.Errorf("%v %w", list, err)
			}
			return notify.MarkRead(ctx, tx, project, zhang, nil, list[0].ID)
		})
		if got := unread(t, t.Context(), d, project, zhang); !slices.Equal(got, []string{"一"}) {
			t.Errorf("unread %q, want the other one", got)
		}
	})
}
