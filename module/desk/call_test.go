package desk_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/desk"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/testkit"
)

// call posts a call as a telephone system does, with a token that may do nothing else.
func call(k *testkit.Kit, more map[string]any) *testkit.Page {
	k.Helper()
	body := map[string]any{"direction": "in", "phone": "13800002231", "answered": true, "user": "林敏", "seconds": 95, "recording": "2026/11/a.wav", "at": k.Now().Format(time.RFC3339)}
	for name, v := range more {
		body[name] = v
	}
	return k.Token(core.Desk, "call.new").API("POST", "calls", body)
}

func idOf(k *testkit.Kit, p *testkit.Page) core.ID {
	k.Helper()
	text, _ := p.JSON()["id"].(string)
	id, err := core.ParseID(text)
	if err != nil {
		k.Fatalf("%d: %s", p.Status, p.Body)
	}
	return id
}

func callOf(k *testkit.Kit, id core.ID) (c desk.Call) {
	k.Helper()
	calls := desk.Module().Registers[3].(register.Register[desk.Call])
	k.Must(k.App.DB.Read(k.Ctx(core.Desk), func(ctx context.Context, tx db.Tx) (err error) {
		c, err = calls.Get(ctx, tx, id)
		return err
	}))
	return c
}

func callPath(k *testkit.Kit, id core.ID, verb string) string {
	return strings.TrimSuffix("/p/"+k.Project.Code+"/call/"+id.String()+"/"+verb, "/")
}

func sortRecordings(k *testkit.Kit) {
	k.Helper()
	k.Must(desk.SortRecordings(k.Ctx(core.System), k.App.DB))
}

func TestB4_2_EveryCallIsAnswered(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		measure := func() (f regulation.Figure) {
			k.Read(func(ctx context.Context, tx db.Tx) (err error) {
				f, err = desk.Module().Measures[0].Of(ctx, tx, k.Project.ID, "2026-11")
				return err
			})
			return f
		}
		for range 3 {
			call(k, nil)
		}
		call(k, map[string]any{"direction": "out", "answered": false})
		missed := idOf(k, call(k, map[string]any{"answered": false, "recording": ""}))
		if f := measure(); f.Num != 3 || f.Den != 4 || len(f.Breaking) != 1 || f.Breaking[0].ID != missed {
			k.Errorf("three of four: %+v", f)
		}
		b := k.As(core.Desk)
		list := b.Get(b.P("call") + "?answered=no&direction=in").OK(k)
		if n := list.Find("main tbody tr").Length(); n != 1 || !list.Has("75.00%") && !list.Has("75%") || list.Has("13800002231") {
			k.Errorf("%d missed; %s", n, list.Text("main"))
		}
		boss := k.As(core.Manager)
		if p := boss.Get(boss.P("clause/B4.2")).OK(k); !p.Has("75") {
			k.Errorf("the clause's page does not show the rate: %s", p.Text("main"))
		}
		k.Off("B4.2")
		if p := b.Get(b.P("call")).OK(k); p.Has("接听率") {
			k.Error("switched off, the rate is still held against the desk")
		}
	})
}

func TestATelephoneSystemPostsCallsWithAToken(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		first, again := call(k, map[string]any{"outside_id": "pbx-77"}), call(k, map[string]any{"outside_id": "pbx-77"})
		if idOf(k, first) != idOf(k, again) {
			k.Error("the same call, posted twice, is in the log twice")
		}
		if p := k.Token(core.Desk, "call.new").API("GET", "calls", nil); p.Status != 403 {
			k.Errorf("a token that may only post reads the log: %d", p.Status)
		}
		if p := k.Token(core.Desk, "desk.view").API("POST", "calls", map[string]any{"direction": "in"}); p.Status != 403 {
			k.Errorf("a token without the right posts: %d", p.Status)
		}
		if p := call(k, map[string]any{"direction": "sideways"}); p.Status != 422 {
			k.Errorf("a call in no direction: %d", p.Status)
		}
		c := callOf(k, idOf(k, first))
		if c.Origin != "token" || c.State != desk.Kept || c.Seconds != 95 || c.User != "林敏" {
			k.Errorf("%+v", c)
		}
		b := k.As(core.Desk)
		page := b.Get(b.P("desk/new") + "?call=" + c.ID.String()).OK(k)
		if page.Has("13800002231") {
			k.Error("the intake page shows the caller's number in full")
		}
		id := take(k, url.Values{"call": {c.ID.String()}, "phone": {""}})
		if m, c := get(k, id), callOf(k, c.ID); m.Phone != "13800002231" || c.Matter != id {
			k.Errorf("the call became %s, the matter has %q", c.MatterNumber, m.Phone)
		}
		if !b.Get(strings.TrimSuffix(path(k, id, ""), "/")).Has("2026/11/a.wav") {
			k.Error("the matter's page does not show the recording")
		}
	})
}

func TestC19_2_RecordingsAreKeptAndThoseOfUnfinishedMattersApart(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		plain, hanging := idOf(k, call(k, nil)), idOf(k, call(k, map[string]any{"recording": "b.wav"}))
		matter := take(k, url.Values{"call": {hanging.String()}})
		if p := b.Post(callPath(k, plain, "delete"), nil); p.Status != 403 || !p.Has("C19.2") {
			k.Errorf("deleted on the first day: %d", p.Status)
		}
		k.SetNow(k.Now().Add(testkit.Days(28)))
		sortRecordings(k)
		if p, h := callOf(k, plain), callOf(k, hanging); p.State != desk.Kept || h.State != desk.Apart {
			k.Errorf("after 28 days: %s, of the unfinished matter %s", p.State, h.State)
		}
		ref := core.Ref{Project: k.Project.ID, Kind: "call", ID: hanging}
		owes := func() (n int) {
			k.Read(func(ctx context.Context, tx db.Tx) error {
				ds, err := duty.Of(ctx, tx, ref)
				n = open(ds)
				return err
			})
			return n
		}
		if owes() != 1 {
			k.Error("nobody owes the copy of the recording")
		}
		b.Submit(callPath(k, hanging, "keep"), map[string]string{"place": "档案柜 3 号硬盘"}).OK(k)
		if owes() != 0 {
			k.Error("stored apart, it is still owed")
		}
		pdf := k.Paper(b.Get(b.P("call/recordings.pdf")).OK(k).Body)
		for _, want := range []string{"录音存档记录表", "FM-KF-002", "b.wav", "档案柜3号硬盘", get(k, matter).Number} {
			if !strings.Contains(pdf, want) {
				k.Errorf("the printed register lacks %q", want)
			}
		}
		k.SetNow(k.Now().Add(testkit.Days(3)))
		sortRecordings(k)
		sortRecordings(k) // the round may run twice
		if p, h := callOf(k, plain), callOf(k, hanging); p.State != desk.Expired || h.State != desk.Apart {
			k.Errorf("after 31 days: %s, of the unfinished matter %s", p.State, h.State)
		}
		if p := b.Post(callPath(k, hanging, "delete"), nil); p.Status != 403 || !p.Has("C19.2") {
			k.Errorf("the recording of an unfinished matter: %d", p.Status)
		}
		b.Post(callPath(k, plain, "delete"), nil).OK(k)
		if c := callOf(k, plain); c.State != desk.Deleted || c.Recording == "" {
			k.Errorf("deleted: %+v", c)
		}
		b.Submit(path(k, matter, "answer"), map[string]string{"text": "已处理"}).OK(k)
		b.Submit(path(k, matter, "close"), map[string]string{"how": "phone"}).OK(k)
		sortRecordings(k)
		if h := callOf(k, hanging); h.State != desk.Expired {
			k.Errorf("once its matter is finished it is %s", h.State)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			es, err := journal.Of(ctx, tx, ref)
			if len(es) < 5 {
				k.Errorf("the journal has %d entries of it", len(es))
			}
			return err
		})
		k.Off("C19.2")
		fresh := idOf(k, call(k, nil))
		b.Post(callPath(k, fresh, "delete"), nil).OK(k)
	})
}
