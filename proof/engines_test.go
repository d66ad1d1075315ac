package proof

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"huiyin/core"
	"huiyin/db"
	"huiyin/testkit"
	"huiyin/web"
)

// How many sequences are run, and how many of them share a pair of databases: what one has left behind is what the next
// one finds.
const (
	sequencesShort = 60
	sequencesLong  = 2000
	sequencesEach  = 30
)

// TestEnginesAgree runs the same sequences on both engines. HUIYIN_SEED starts it elsewhere.
func TestEnginesAgree(t *testing.T) {
	first, n := seed(t), sequencesShort
	if soaking() {
		n = sequencesLong
	}
	batches := (n + sequencesEach - 1) / sequencesEach
	d := newDeck(rand.New(rand.NewPCG(first, 1<<32)))
	t.Cleanup(func() { d.whole(t) })
	for batch := range batches {
		t.Run(fmt.Sprintf("seed %d batch %d", first, batch), func(t *testing.T) {
			t.Parallel()
			p := newPair(t, db.SQLite, db.Postgres, rand.New(rand.NewPCG(first, uint64(batch))))
			p.deal(d, batch, batches)
			for i := range sequencesEach {
				p.sequence(i)
			}
			p.compareAll()
			t.Logf("%d requests, %d of them verbs that were carried out, %d by somebody who is not signed in", p.requests, p.done, p.answered)
			if p.done < 2*sequencesEach {
				t.Errorf("only %d verbs in %d sequences were carried out: this proves little", p.done, sequencesEach)
			}
		})
	}
}

// pair is one Huiyin on each of two engines, to which the same is done.
type pair struct {
	*testing.T
	one, other *testkit.Kit
	rnd        *rand.Rand
	browsers   map[core.Role][2]*testkit.Browser
	tokens     map[core.Role][2]*testkit.Browser
	rights     map[core.Role]core.Actor
	nobody     [2]*testkit.Browser // who is not signed in
	kinds      []kind
	posts      []web.Route // what can be sent, in the deck's order
	next       int         // of the posts that are sent at random
	deck       *deck
	since      core.ID  // records of this sequence are above it
	said       []string // what was done in this sequence
	requests   int
	done       int
	doors      int // forms that were sent to the doors
	answered   int // of those, by somebody who is not signed in
}

// kind is a kind of record that people open: its word in addresses, its words in the API, its table; and whether it is the
// firm's and not a project's.
type kind struct {
	word, plural, table string
	firm                bool
}

func newPair(t *testing.T, one, other db.Engine, rnd *rand.Rand) *pair {
	t.Helper()
	p := &pair{T: t, rnd: rnd, browsers: map[core.Role][2]*testkit.Browser{}, tokens: map[core.Role][2]*testkit.Browser{}, rights: map[core.Role]core.Actor{}}
	p.one, p.other = testkit.Twins(t, one, other)
	p.both(func(k *testkit.Kit) { k.Fill(k.Project) })
	p.both(opened)
	for _, r := range testkit.Roles() {
		p.browsers[r] = [2]*testkit.Browser{p.one.As(r), p.other.As(r)}
		p.tokens[r] = [2]*testkit.Browser{p.one.Token(r), p.other.Token(r)}
		p.rights[r] = core.ActorOf(p.one.Ctx(r))
	}
	for _, m := range p.one.App.Lists.Modules {
		for _, g := range m.Registers {
			if k := g.KindOf(); k.Table != "" && untouched()[k.Name] == "" {
				p.kinds = append(p.kinds, kind{k.Name, k.Plural, k.Table, k.Firm})
			}
		}
	}
	p.nobody = [2]*testkit.Browser{p.one.Browser(0), p.other.Browser(0)}
	p.posts = postsOf(p.one)
	return p
}

func (p *pair) both(fn func(k *testkit.Kit)) { fn(p.one); fn(p.other) }

// sequence is one call at the desk and what comes of it and of whatever else lies about.
func (p *pair) sequence(n int) {
	p.Helper()
	p.said = []string{fmt.Sprintf("sequence %d", n)}
	p.both(func(k *testkit.Kit) {
		k.Write(core.System, func(_ context.Context, tx db.Tx) error { p.since = tx.NewID(); return nil })
	})
	p.take()
	for range 3 + p.rnd.IntN(18) {
		switch n := p.rnd.IntN(20); {
		case n < 1:
			p.answer()
		case n < 12:
			p.act()
		case n < 14:
			p.create()
		case n < 15:
			p.take()
		case n < 17:
			p.later()
		case n < 19:
			p.stray()
		default:
			p.look()
		}
	}
}

// later lets time pass: minutes, hours or days; what that makes due is done on both.
func (p *pair) later() {
	p.Helper()
	by := []time.Duration{time.Minute, time.Hour, 8 * time.Hour, 24 * time.Hour}[p.rnd.IntN(4)] * time.Duration(1+p.rnd.IntN(4))
	p.said = append(p.said, "later by "+by.String())
	p.both(func(k *testkit.Kit) { k.Advance(by) })
}

// somebody is a random role, mostly one of those that hold the permission.
func (p *pair) somebody(perm string) core.Role {
	all := testkit.Roles()
	may := slices.DeleteFunc(slices.Clone(all), func(r core.Role) bool { return !p.rights[r].Can(p.one.Project.ID, perm) })
	if len(may) > 0 && p.rnd.IntN(10) > 0 {
		all = may
	}
	return all[p.rnd.IntN(len(all))]
}

// take has a request of a random kind taken down.
func (p *pair) take() {
	p.Helper()
	role := p.somebody("desk.take")
	page := p.get(role, p.path("desk/new"))
	form := page.Find("main form[method=post]").First()
	if form.Length() == 0 {
		return
	}
	filled := p.fill(role, form)
	if key := filled.values.Get("kind"); key != "" {
		more := p.get(role, p.path("desk/new/fields?kind="+url.QueryEscape(key)))
		filled.add(p.fill(role, more.Find("body")))
	}
	p.submit(role, p.path("desk/new"), filled)
}

// create makes a record of a random kind.
func (p *pair) create() {
	p.Helper()
	k := p.kinds[p.rnd.IntN(len(p.kinds))]
	role := p.somebody(k.word + ".view")
	p.follow(role, p.get(role, p.home(k)), func(href string) bool {
		rest, ok := strings.CutPrefix(href, p.home(k)+"/")
		return ok && !strings.ContainsAny(rest, "/?.") && (rest[0] < '0' || rest[0] > '9')
	})
}

// act does one of the things that a record's page offers somebody now.
func (p *pair) act() {
	p.Helper()
	for range 3 {
		k, id := p.record()
		if id == 0 {
			return
		}
		role := p.somebody(k.word + ".view")
		here := p.home(k) + "/" + id.String()
		if p.follow(role, p.get(role, here), func(href string) bool { return strings.HasPrefix(href, here+"/") }) {
			return
		}
	}
}

// follow opens one of the page's links that wanted wants, fills the form that is there, and sends it. It reports whether
// there was one.
func (p *pair) follow(role core.Role, page *testkit.Page, wanted func(href string) bool) bool {
	p.Helper()
	var hrefs []string
	page.Find("main a[href]").Each(func(_ int, a *goquery.Selection) {
		href, _, _ := strings.Cut(a.AttrOr("href", ""), "?")
		if wanted(href) && !strings.Contains(href, ".") && !slices.Contains(hrefs, href) {
			hrefs = append(hrefs, href)
		}
	})
	if len(hrefs) == 0 {
		return false
	}
	href := hrefs[p.rnd.IntN(len(hrefs))]
	opened := p.get(role, href)
	form := opened.Find("main form[method=post]").First()
	if form.Length() == 0 {
		return false
	}
	filled := p.fill(role, form)
	if action := form.AttrOr("action", ""); action != "" {
		href = action
	}
	p.submit(role, href, filled)
	return true
}

// record is one of this sequence's records, seldom an older one: a kind first, since there are many duties and one
// complaint.
func (p *pair) record() (kind, core.ID) {
	p.Helper()
	since := p.since
	if p.rnd.IntN(5) == 0 {
		since = 0
	}
	ids := map[kind][]core.ID{}
	var have []kind
	p.one.Read(func(ctx context.Context, tx db.Tx) (err error) {
		for _, k := range p.kinds {
			if ids[k], err = db.Values[core.ID](ctx, tx, "select id from "+k.table+" where project_id = $1 and id > $2 order by id desc limit 4", p.place(k), since); err != nil {
				return err
			}
			if len(ids[k]) > 0 {
				have = append(have, k)
			}
		}
		return nil
	})
	if len(have) == 0 {
		return kind{}, 0
	}
	k := have[p.rnd.IntN(len(have))]
	return k, ids[k][p.rnd.IntN(len(ids[k]))]
}

var blanks = regexp.MustCompile(`\{[^}]*\}`)

// stray sends anything to any address as anybody.
func (p *pair) stray() {
	p.Helper()
	rt := p.posts[p.next]
	p.next = (p.next + 1) % len(p.posts)
	id := core.ID(4242)
	word := ""
	for i, part := range strings.Split(rt.Path(), "/") {
		if part == "{id}" {
			word = strings.Split(rt.Path(), "/")[i-1]
		}
	}
	for _, k := range p.kinds {
		if k.word == word || k.plural == word {
			p.one.Read(func(ctx context.Context, tx db.Tx) (err error) {
				ids, err := db.Values[core.ID](ctx, tx, "select id from "+k.table+" where project_id = $1 order by id desc limit 5", p.place(k))
				if len(ids) > 0 {
					id = ids[p.rnd.IntN(len(ids))]
				}
				return err
			})
		}
	}
	path := strings.NewReplacer("{project}", p.one.Project.Code, "{id}", id.String(), "{$}", "").Replace(rt.Path())
	path = blanks.ReplaceAllString(path, "C1.5")
	filled := p.guess(rt.Specs)
	role := p.somebody(rt.Perm)
	if rt.API() {
		p.api(role, path, filled)
		return
	}
	p.submit(role, path, filled)
}

// look opens any page that is about no single record.
func (p *pair) look() {
	p.Helper()
	pages := p.pages()
	rt := pages[p.rnd.IntN(len(pages))]
	p.get(p.somebody(rt.Perm), p.address(rt))
}

// pages are the routes of a project that show something without being told which record.
func (p *pair) pages() (out []web.Route) {
	for _, rt := range p.one.App.Server.Routes() {
		if rt.Method() == http.MethodGet && rt.InProject() && rt.Stream == nil && !strings.Contains(rt.Path(), "{id}") {
			out = append(out, rt)
		}
	}
	return out
}

func (p *pair) address(rt web.Route) string {
	return blanks.ReplaceAllString(strings.NewReplacer("{project}", p.one.Project.Code, "{$}", "").Replace(rt.Path()), "C1.5")
}

// place is the project that a kind's records are in, home the page that lists them.
func (p *pair) place(k kind) core.ID {
	if k.firm {
		return core.Firm
	}
	return p.one.Project.ID
}

func (p *pair) home(k kind) string {
	if k.firm {
		return "/firm/" + k.word
	}
	return p.path(k.word)
}

func (p *pair) path(rest string) string { return "/p/" + p.one.Project.Code + "/" + rest }
