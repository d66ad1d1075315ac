package survey_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/survey"
	"huiyin/testkit"
)

// papers are where the paper answers of a survey are keyed in, as the list of invitations links to them.
func papers(k *testkit.Kit, id core.ID) (out []string) {
	k.Helper()
	b := k.As(core.Desk)
	for _, a := range b.Get(b.P("survey/" + id.String() + "/invites")).OK(k).Document.Find("a[href$='/paper']").EachIter() {
		href, _ := a.Attr("href")
		out = append(out, href)
	}
	return out
}

func answers(k *testkit.Kit, id core.ID, f survey.Filter) (out []survey.Told, t survey.Tally) {
	k.Helper()
	k.Must(k.App.DB.Read(k.Ctx(core.Manager), func(ctx context.Context, tx db.Tx) (err error) {
		r, err := survey.Get(ctx, tx, id)
		if err == nil {
			out, t, err = survey.Answers(ctx, tx, r, f)
		}
		return err
	}))
	return out, t
}

func TestAPaperAnswerNamesWhoKeyedItIn(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 3, false)
		at := papers(k, id)
		if len(at) != 3 {
			k.Fatalf("%d places to key in", len(at))
		}
		d, s, m := k.As(core.Desk), k.As(core.Supervisor), k.As(core.Manager)
		if p := d.Get(at[0]).OK(k); !p.Has("录入纸质答卷") || p.Document.Find("[name=_reason]").Length() != 0 {
			k.Errorf("the form: %s", p.Text("main"))
		}
		d.Lang = core.EN
		if p := d.Get(at[0]).OK(k); !p.Has("Key in a paper answer") || !p.Has("Attitude of the desk") {
			k.Errorf("in English: %s", p.Text("main"))
		}
		d.Lang = core.ZH
		if p := d.Post(at[0], form(map[string][]string{"q3": {"9"}})); p.Status != 400 && p.Status != 422 || !p.Has("请回答") {
			k.Errorf("a bad paper: %d %s", p.Status, p.Text("main"))
		}
		d.Post(at[0], form(answer("4", "9"))).OK(k)
		nobody(k).Post("/s/"+tokens(k, id)[1], form(answer("5", "9"))).OK(k)

		as, tally := answers(k, id, survey.Filter{Paper: true})
		desk := core.ActorOf(k.Ctx(core.Desk)).Name
		if len(as) != 1 || tally.Paper != 1 || tally.Answered != 2 || as[0].KeyedBy != desk || as[0].KeyedAt == "" || as[0].CorrectedBy != "" || as[0].Unit != "A0101" {
			k.Fatalf("on paper: %+v %+v", as, tally)
		}
		for _, path := range []string{"/answers", "/invites"} {
			if p := m.Get(m.P("survey/" + id.String() + path)).OK(k); !p.Has(desk) || !p.Has("录入") {
				k.Errorf("%s: %s", path, p.Text("main"))
			}
		}
		for _, path := range []string{"/results", ""} {
			if p := m.Get(m.P("survey/" + id.String() + path)).OK(k); !p.Has("其中纸质") {
				k.Errorf("%s: %s", path, p.Text("main"))
			}
		}

		// A correction says why, and who.
		if p := s.Post(at[0], form(answer("2", "3"))); !p.Has("请写明原因") {
			k.Errorf("corrected without a word: %d %s", p.Status, p.Text("main"))
		}
		in := answer("2", "3")
		in["_reason"] = []string{strings.Repeat("长", 201)}
		if p := s.Post(at[0], form(in)); p.Status < 400 {
			k.Errorf("a reason without end: %d", p.Status)
		}
		in["_reason"] = []string{"看错一行"}
		s.Post(at[0], form(in)).OK(k)
		as, _ = answers(k, id, survey.Filter{Paper: true})
		if len(as) != 1 || as[0].KeyedBy != desk || as[0].CorrectedBy != core.ActorOf(k.Ctx(core.Supervisor)).Name || as[0].Answers["q1"][0] != "2" {
			k.Errorf("corrected: %+v", as)
		}
		if p := m.Get(m.P("survey/" + id.String() + "/answers")).OK(k); !p.Has("看错一行") {
			k.Errorf("the reason is not shown: %s", p.Text("main"))
		}

		// What the customer typed himself is not replaced; his own word replaces the paper.
		if p := d.Post(at[1], form(answer("1", "0"))); p.Status != 409 || !p.Has("以客户的为准") {
			k.Errorf("over the customer's own word: %d %s", p.Status, p.Text("main"))
		}
		nobody(k).Post("/s/"+tokens(k, id)[0], form(answer("5", "10"))).OK(k)
		if as, tally = answers(k, id, survey.Filter{}); tally.Paper != 0 || tally.Answered != 2 || as[0].KeyedBy != "" || as[0].CorrectedBy != "" {
			k.Errorf("answered online after all: %+v", as)
		}
	})
}

func TestWhoMayKeyInAPaper(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 2, false)
		at := papers(k, id)[0]
		for _, role := range []core.Role{core.Technician, core.Guard, core.GM} {
			if got := k.As(role).Post(at, form(answer("5", "9"))).Status; got != 403 {
				k.Errorf("%s keys in: %d", role, got)
			}
		}
		d := k.As(core.Desk)
		other := d.P("survey/" + id.String() + "/invites/" + id.String() + "/paper")
		if got := d.Get(other).Status; got != 404 {
			k.Errorf("another survey's invitation: %d", got)
		}
		end(k, id)
		if p := d.Post(at, form(answer("5", "9"))); p.Status != 409 || !p.Has("已经结束") {
			k.Errorf("after the end: %d %s", p.Status, p.Text("main"))
		}
		if p := d.Get(d.P("survey/" + id.String() + "/invites")).OK(k); p.Document.Find("a[href$='/paper']").Length() != 0 {
			k.Error("after the end the list leads to the form")
		}
	})
}

func TestAnonymousPapersSayHowManyWereKeyedInAndNotWhose(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 6, true)
		at := papers(k, id)
		d, m := k.As(core.Desk), k.As(core.Manager)
		for _, token := range tokens(k, id)[3:] {
			nobody(k).Post("/s/"+token, form(answer("5", "9"))).OK(k)
		}
		desk := core.ActorOf(k.Ctx(core.Desk)).Name
		for i := range 3 {
			in := answer("2", "3")
			in["q7"] = []string{"纸上的意见"}
			if i == 1 {
				in["_reason"] = []string{"不是更正"}
			}
			d.Post(at[i], form(in)).OK(k)
			as, tally := answers(k, id, survey.Filter{Paper: true})
			if want := []int{0, 0, 3}[i]; len(as) != want || tally.Paper != int64(i+1) {
				k.Errorf("%d on paper: %d are shown, %d counted", i+1, len(as), tally.Paper)
			}
		}
		list := m.Answer(m.P("survey/"+id.String()+"/answers")) + string(k.Token(core.Manager).API("GET", "surveys/"+id.String()+"/answers", nil).Body)
		if !strings.Contains(list, "纸质") || strings.Contains(list, "keyed_by") || strings.Contains(list, desk+" ") {
			k.Errorf("single answers tell who keyed them in: %s", list)
		}
		p := m.Get(m.P("survey/" + id.String() + "/invites")).OK(k)
		if !p.Has("纸质答卷 3 份,录入人:"+desk+" 3") || p.Has("已答") || p.Document.Find("tbody").Length() > 0 && strings.Contains(p.Text("tbody"), desk) {
			k.Errorf("invitations: %s", p.Text("main"))
		}
		if p := d.Get(at[0]).OK(k); p.Document.Find("input[checked]").Length() != 0 || strings.Contains(p.Text("main"), "纸上的意见") {
			k.Error("the form shows an anonymous answer")
		}
		if p := d.Post(at[0], form(answer("3", "3"))); !p.Has("请写明原因") {
			k.Errorf("corrected without a word: %s", p.Text("main"))
		}
	})
}

func TestTwoWhoKeyInTheSamePaperAreOneAnswer(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 2, false)
		at := papers(k, id)[0]
		got := make(chan int, 4)
		for _, r := range []core.Role{core.Desk, core.Supervisor, core.Manager, core.Quality} {
			b := k.As(r)
			go func() {
				got <- b.Once("POST", at, "application/x-www-form-urlencoded", url.Values(answer("4", "9")).Encode())
			}()
		}
		saved := 0
		for range 4 {
			select {
			case status := <-got:
				if status == 303 {
					saved++
				}
			case <-time.After(time.Minute):
				k.Fatal("no answer")
			}
		}
		if as, _ := answers(k, id, survey.Filter{}); saved != 1 || len(as) != 1 {
			k.Errorf("%d were saved, %d answers stand", saved, len(as))
		}
	})
}
