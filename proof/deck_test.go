package proof

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/survey"
	"huiyin/register"
	"huiyin/testkit"
	"huiyin/web"
)

// untouched are the registers of the firm that the sequences leave alone, each with the reason.
func untouched() map[string]string {
	return map[string]string{
		"project": "the sequences are those of one project, whose address and days stay",
		"user":    "who acts, and may do what, is the same on both from beginning to end",
		"webhook": "its messages go to other machines",
	}
}

// postsOf are the addresses to which something of a project, or of the firm's registers, can be sent.
func postsOf(k *testkit.Kit) (out []web.Route) {
	firm := map[string]bool{}
	for _, m := range k.App.Lists.Modules {
		for _, g := range m.Registers {
			for _, v := range g.VerbList() {
				firm[g.KindOf().Name+"."+v.Name] = g.KindOf().Firm && untouched()[g.KindOf().Name] == ""
			}
		}
	}
	for _, rt := range k.App.Server.Routes() {
		if rt.Method() == http.MethodPost && rt.Stream == nil && (rt.InProject() || firm[rt.Perm]) {
			out = append(out, rt)
		}
	}
	return out
}

// deck is the order in which the batches of a run send to each address, so that a long one leaves none out, and the notes
// of which were sent to.
type deck struct {
	order []int
	mu    sync.Mutex
	paths map[string]bool // "/p/{project}/desk/{id}/answer"
	posts []web.Route
	code  string
	rnd   *rand.Rand
}

func newDeck(rnd *rand.Rand) *deck { return &deck{rnd: rnd, paths: map[string]bool{}} }

// deal puts a pair's addresses into the deck's order and begins where its batch has to.
func (p *pair) deal(d *deck, batch, batches int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.order == nil {
		d.order, d.posts, d.code = d.rnd.Perm(len(p.posts)), p.posts, p.one.Project.Code
	}
	in := make([]web.Route, len(p.posts))
	for i, at := range d.order {
		in[i] = p.posts[at]
	}
	p.posts, p.next, p.deck = in, batch*len(in)/batches, d
}

// sent notes that something was sent to an address.
func (d *deck) sent(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, rt := range d.posts {
		if like(rt.Path(), path) {
			d.paths[rt.Path()] = true
			return
		}
	}
}

// like reports whether a path is one of a route's.
func like(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	return len(want) == len(got) && slices.EqualFunc(want, got, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") })
}

// whole demands of a long run that something was sent to every address: by its page, or by the API.
func (d *deck) whole(t *testing.T) {
	verbs, sent := map[string]bool{}, map[string]bool{}
	for _, rt := range d.posts {
		verbs[rt.Perm] = true
		sent[rt.Perm] = sent[rt.Perm] || d.paths[rt.Path()]
	}
	missed := []string{}
	for v := range verbs {
		if !sent[v] {
			missed = append(missed, v)
		}
	}
	slices.Sort(missed)
	t.Logf("%d of %d verbs were sent", len(verbs)-len(missed), len(verbs))
	if soaking() && len(missed) > 0 {
		t.Errorf("nothing was ever sent to %s", strings.Join(missed, ", "))
	}
}

// TestEveryVerbIsAmongThoseGenerated: each verb of each register can be drawn; those that are left alone are the firm's.
func TestEveryVerbIsAmongThoseGenerated(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	drawn, left := map[string]bool{}, untouched()
	for _, rt := range postsOf(k) {
		drawn[rt.Perm] = true
	}
	for _, m := range k.App.Lists.Modules {
		for _, g := range m.Registers {
			kind := g.KindOf()
			why := left[kind.Name]
			if why != "" && !kind.Firm {
				t.Errorf("%s is left alone, and it is a project's", kind.Name)
			}
			if why == "" && kind.Table == "" && slices.ContainsFunc(g.VerbList(), func(v register.VerbInfo) bool { return !v.New }) {
				t.Errorf("%s has verbs, and nobody can open one of its records", kind.Name)
			}
			for _, v := range g.VerbList() {
				if drawn[kind.Name+"."+v.Name] == (why != "") {
					t.Errorf("%s.%s of %s: drawn %t, left alone because %q", kind.Name, v.Name, m.Name, drawn[kind.Name+"."+v.Name], why)
				}
			}
		}
	}
}

// doorsEach bounds what a batch sends to the doors: more than ten forms of one address in a minute of real time are refused.
const doorsEach = 8

// answer is what somebody sends who is not signed in: a questionnaire, or a request at one of the doors. What is refused he
// fills in anew.
func (p *pair) answer() {
	p.Helper()
	for range 3 {
		path := p.door()
		if path == "" || p.doors >= doorsEach || p.rnd.IntN(2) == 0 {
			path = p.questionnaire()
		} else {
			p.doors++
		}
		if path == "" || p.post(path) {
			return
		}
	}
}

// post fills the form of a page that needs no signing in, sends it, and reports whether it was taken.
func (p *pair) post(path string) bool {
	p.Helper()
	show := func(b *testkit.Browser) *testkit.Page { return b.Get(path) }
	form := p.compare("", "GET", path, "", p.nobody, show).Find("main form[method=post]").First()
	if form.Length() == 0 {
		return false
	}
	f := p.fill("", form)
	f.values.Del("website") // the field that only machines fill
	if form.Find("input[name=consent]").Length() > 0 {
		f.values.Set("consent", "true")
	}
	send := func(b *testkit.Browser) *testkit.Page {
		if len(f.files) > 0 {
			return b.Upload(path, f.values, f.files)
		}
		return b.Post(path, f.values)
	}
	if p.compare("", "POST", path, f.values.Encode(), p.nobody, send).Status != http.StatusOK {
		return false
	}
	p.done++
	p.answered++
	return true
}

// opened is a survey that is under way from the beginning, so that there is a questionnaire to fill in.
func opened(k *testkit.Kit) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		form, err := survey.CreateForm(ctx, tx, 0, survey.FormIn{Kind: survey.Opinion, Title: "意见征询表"})
		if err != nil {
			return err
		}
		for _, q := range []survey.QuestionIn{{Kind: survey.Rating, Dimension: survey.Attitude, Text: "态度"}, {Kind: survey.Words, Text: "意见"}} {
			if err := survey.AddQuestion(ctx, tx, form, q); err != nil {
				return err
			}
		}
		id, err := survey.Prepare(ctx, tx, 0, survey.RoundIn{Form: form, Sample: survey.SampleAll, Start: core.Today(ctx), End: core.Today(ctx).Add(30)})
		if err != nil {
			return err
		}
		return survey.Launch(ctx, tx, id, struct{}{})
	})
}

// questionnaire is the address of somebody's, of one of the newest surveys that are under way.
func (p *pair) questionnaire() (path string) {
	p.one.Read(func(ctx context.Context, tx db.Tx) error {
		rounds, err := db.Values[core.ID](ctx, tx, "select id from survey_round where project_id = $1 and state = 'open' order by id desc limit 3", p.one.Project.ID)
		if err != nil || len(rounds) == 0 {
			return err
		}
		tokens, err := survey.Tokens(ctx, tx, rounds[p.rnd.IntN(len(rounds))])
		if len(tokens) > 0 {
			path = "/s/" + url.PathEscape(tokens[p.rnd.IntN(len(tokens))])
		}
		return err
	})
	return path
}

// door is the address of one of the project's doors, as its poster has it.
func (p *pair) door() (path string) {
	type entrance struct {
		id   core.ID
		turn int64
	}
	p.one.Read(func(ctx context.Context, tx db.Tx) error {
		doors, err := db.All(ctx, tx, func(e *entrance) []any { return []any{&e.id, &e.turn} }, "select id, turn from desk_door where project_id = $1 order by id", p.one.Project.ID)
		if len(doors) > 0 {
			d := doors[p.rnd.IntN(len(doors))]
			path = "/door/" + web.Token(tx, "desk-door", p.one.Project.ID.String(), d.id.String(), core.ID(d.turn).String())
		}
		return err
	})
	return path
}
