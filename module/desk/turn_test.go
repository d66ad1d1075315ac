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
	"huiyin/module/desk"
	"huiyin/testkit"
)

// turn opens the page on which a matter's kind is changed, fills it in and sends it.
func turn(k *testkit.Kit, r core.Role, id core.ID, fields map[string]string) *testkit.Page {
	k.Helper()
	b := k.As(r)
	return b.SubmitForm(b.Get(path(k, id, "turn")).OK(k), "main form", fields)
}

// A letter that came as an enquiry becomes a complaint of the customer that is on file, with the terms that run from the
// time it came; what it owed as an enquiry it owes no longer.
func TestA3_2_ALetterThatIsAComplaintBecomesOne(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		huada(k)
		box := post(k)
		box.Deliver(ours, mailText("c1@huada.example", "complaint", "", "保安态度恶劣,要求道歉"))
		minute(k)
		var id core.ID
		k.Read(func(ctx context.Context, tx db.Tx) (err error) {
			id, err = db.Value[core.ID](ctx, tx, "select id from desk_matter where project_id = $1 and channel = 'mail'", k.Project.ID)
			return err
		})
		came := get(k, id).At
		if ds := duties(k, id, "A3.2"); open(ds) != 1 {
			k.Fatalf("as an enquiry it owes %+v", ds)
		}
		k.Advance(20 * time.Minute)
		if p := k.As(core.Guard).Get(path(k, id, "turn")); p.Status != 403 {
			k.Errorf("a guard changes a kind: %d", p.Status)
		}
		p := turn(k, core.Desk, id, map[string]string{"kind": "complaint", "demand": "道歉"}).OK(k)
		if !strings.Contains(p.URL, "/complaint/") || !p.Has("华达科技有限公司") {
			k.Fatalf("it leads to %s: %s", p.URL, p.Text("main"))
		}
		m := get(k, id)
		if m.Kind != "complaint" || m.State != desk.StateCarried || m.OwnerName == "" || !strings.HasSuffix(p.URL, m.Carried.String()) {
			k.Errorf("the matter: %+v", m)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			var at time.Time
			var matter core.ID
			var demand, contact string
			_, err := db.One(ctx, tx, func(*struct{}) []any { return []any{&at, &matter, &demand, &contact} }, "select at, matter_id, demand, contact from complaint_case where project_id = $1 and id = $2", k.Project.ID, m.Carried)
			if !at.Equal(came) || matter != id || demand != "道歉" || contact != "Chen" {
				k.Errorf("the case: %s, of matter %s, %q, by %q", at, matter, demand, contact)
			}
			return err
		})
		if ds := duties(k, id, "A3.2"); len(ds) != 0 {
			k.Errorf("the enquiry's answer is still owed: %+v", ds)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error { // nobody could pass on before what nobody knew for a complaint
			due, err := db.Value[time.Time](ctx, tx, "select due_at from duty_duty where project_id = $1 and kind = 'complaint' and record_id = $2 and clause = 'C13.6'", k.Project.ID, m.Carried)
			if !due.Equal(k.Now().Add(15 * time.Minute)) {
				k.Errorf("passing it on is due %s", due)
			}
			return err
		})
		if ds := duties(k, id, "B4.3"); len(ds) != 1 || ds[0].State != duty.StateOpen || ds[0].Late {
			k.Errorf("the call back runs on: %+v", ds)
		}
		if p := k.As(core.Desk).Get(path(k, id, "")[:len(path(k, id, ""))-1]).OK(k); !p.Has("改定为「投诉」") || p.Has("改定类别") && p.Has("/turn") {
			k.Errorf("the matter's page: %s", p.Text("main"))
		}
		if p := k.As(core.Desk).Get(path(k, id, "turn")); p.Status != 409 {
			k.Errorf("its kind is changed twice: %d", p.Status)
		}
	})
}

// What ran out before the kind was changed counts as late all the same.
func TestA3_2_ChangingTheKindSavesNobodyFromALateAnswer(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, url.Values{"content": {"洗手间水龙头滴水"}, "contact": {"陈静"}})
		k.Advance(4 * 24 * time.Hour)
		p := turn(k, core.Supervisor, id, map[string]string{"kind": "repair", "place": "3 楼洗手间"}).OK(k)
		if !strings.Contains(p.URL, "/repair/") {
			k.Fatalf("it leads to %s: %s", p.URL, p.Text("main"))
		}
		if ds := duties(k, id, "A3.2"); len(ds) != 1 || ds[0].State != duty.StateDone || !ds[0].Late {
			k.Errorf("the enquiry was never answered: %+v", ds)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			var matter core.ID
			var place, contact, phone string
			_, err := db.One(ctx, tx, func(*struct{}) []any { return []any{&matter, &place, &contact, &phone} }, "select matter_id, place, contact, phone from repair_order where project_id = $1 and id = $2", k.Project.ID, get(k, id).Carried)
			if place != "3 楼洗手间" || contact != "陈静" || phone != "13800002231" || matter != id {
				k.Errorf("the repair of matter %s at %q, for %q, %s", matter, place, contact, phone)
			}
			return err
		})
	})
}

// Between the desk's own kinds the matter stays where it is and owes what its new kind owes; a kind that does not exist, a
// closed matter and a stale page are refused.
func TestC19_1_AMatterKeepsItsNumberWhenItsKindIsChanged(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := take(k, url.Values{"kind": {desk.Praise}, "channel": {"letter"}})
		number := get(k, id).Number
		turn(k, core.Desk, id, map[string]string{"kind": desk.Enquiry, "content": "问几点关门,并感谢保洁"}).OK(k)
		m := get(k, id)
		if m.Kind != desk.Enquiry || m.Number != number || m.State != desk.StateOpen || m.Content != "问几点关门,并感谢保洁" {
			k.Errorf("turned into an enquiry: %+v", m)
		}
		if ds := duties(k, id, "A3.2"); open(ds) != 1 || core.DateOf(ds[0].Due, core.China) != "2026-11-19" {
			k.Errorf("an enquiry of Wednesday: %+v", ds)
		}
		turn(k, core.Desk, id, map[string]string{"kind": desk.Praise}).OK(k)
		turn(k, core.Desk, id, map[string]string{"kind": desk.Enquiry}).OK(k)
		if ds := duties(k, id, "A3.2"); open(ds) != 1 {
			k.Errorf("turned there and back it owes %+v", ds)
		}
		if p := turn(k, core.Desk, id, map[string]string{"kind": "party"}); p.Status != 422 && p.Status != 400 {
			k.Errorf("a kind that does not exist: %d", p.Status)
		}
		k.As(core.Desk).Submit(path(k, id, "answer"), map[string]string{"text": "22 点"}).OK(k)
		if p := k.As(core.Desk).Post(k.As(core.Desk).P("desk/new"), url.Values{"turn": {id.String()}, "kind": {desk.Suggestion}, "content": {"改主意"}, "channel": {"letter"}}); p.Status != 409 {
			k.Errorf("an answered matter is turned: %d %s", p.Status, p.Text(".problem"))
		}
	})
}
