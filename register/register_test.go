package register_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/xuri/excelize/v2"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
	"huiyin/duty"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web"
	"huiyin/web/ui"
)

const project = core.ID(7)

var tables = []fs.FS{calendar.Migrations, journal.Migrations, file.Migrations, notify.Migrations, regulation.Migrations, duty.Migrations, web.Migrations,
	fstest.MapFS{"20261122000900_key.sql": {Data: []byte("-- +goose Up\ncreate table key_key (\n  {{row}},\n  name text not null,\n  colour text not null,\n  deposit bigint not null,\n  phone text not null,\n  {{pk}}\n){{clustered}};\n")}}}

// key is a small register of the test's own: keys (钥匙) that are handed out.
type key struct {
	ID      core.ID
	Version int64
	Name    string
	Colour  string
	Deposit core.Money
	Phone   core.Phone
}

func (k *key) dest() []any {
	return []any{&k.ID, &k.Version, &k.Name, &k.Colour, &k.Deposit, &k.Phone}
}

const columns = "select id, version, name, colour, deposit, phone from key_key where project_id = $1"

func find(ctx context.Context, tx db.Tx, q register.Query) ([]key, error) {
	after := core.ID(0)
	if q.After != "" {
		var err error
		if after, err = core.ParseID(q.After); err != nil {
			return nil, err
		}
	}
	return db.All(ctx, tx, (*key).dest, columns+" and id > $2 and ($3 = '' or name like '%' || $3 || '%') and ($4 = '' or colour = $4) order by id limit $5",
		core.ProjectOf(ctx).ID, int64(after), q.Text, q.Filter["colour"], q.Limit)
}

func get(ctx context.Context, tx db.Tx, id core.ID) (key, error) {
	return db.One(ctx, tx, (*key).dest, columns+" and id = $2", core.ProjectOf(ctx).ID, id)
}

func colours() []core.Choice {
	return []core.Choice{{Value: "red", Label: core.T("红", "Red")}, {Value: "green", Label: core.T("绿", "Green")}}
}

func fields() []core.Field[key] {
	return []core.Field[key]{
		{Name: "name", Label: core.T("名称", "Name"), Ptr: func(k *key) any { return &k.Name }, Required: true, Max: 100},
		{Name: "colour", Label: core.T("颜色", "Colour"), Ptr: func(k *key) any { return &k.Colour }, Required: true, Choices: colours()},
		{Name: "deposit", Label: core.T("押金", "Deposit"), Ptr: func(k *key) any { return &k.Deposit }},
		{Name: "phone", Label: core.T("电话", "Phone"), Ptr: func(k *key) any { return &k.Phone }},
	}
}

func save(ctx context.Context, tx db.Tx, id core.ID, k key) (core.ID, error) {
	verb := "edited"
	if id == 0 {
		id, verb = tx.NewID(), "new"
	}
	_, err := db.Exec(ctx, tx, `insert into key_key (project_id, id, created_at, changed_at, name, colour, deposit, phone) values ($1, $2, $3, $3, $4, $5, $6, $7)
		on conflict (project_id, id) do update set name = excluded.name, colour = excluded.colour, deposit = excluded.deposit, phone = excluded.phone,
		changed_at = excluded.changed_at, version = key_key.version + 1`, core.ProjectOf(ctx).ID, id, core.Now(ctx), k.Name, k.Colour, k.Deposit, k.Phone)
	if err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "key", ID: id}, verb, k)
}

func keys() register.Register[key] {
	return register.Register[key]{
		Kind: register.Kind{Name: "key", Plural: "keys", Label: core.T("钥匙", "Key"), Table: "key_key",
			Events: map[string]core.Text{"new": core.T("登记 {name}", "Registered {name}"), "edited": core.T("改为 {name}", "Changed to {name}"), "revealed": core.T("查看明文:{reason}", "Revealed: {reason}")}},
		Viewers: []core.Role{core.Desk}, Export: []core.Role{core.Desk}, Revealers: []core.Role{core.Desk},
		Fields: fields(), Columns: []string{"name", "colour", "deposit", "phone"},
		Filters: []register.Filter{{Name: "colour", Label: core.T("颜色", "Colour"), Kind: core.KindChoice, Choices: colours()}},
		ID:      func(k *key) core.ID { return k.ID }, Version: func(k *key) int64 { return k.Version }, Cursor: func(k *key) string { return k.ID.String() },
		Find: find, Get: get,
		Option: func(_ context.Context, k *key) ui.Option { return ui.Option{Value: k.ID.String(), Label: k.Name} },
		Reveal: map[string]func(context.Context, db.Tx, core.ID) (string, error){"phone": func(ctx context.Context, tx db.Tx, id core.ID) (string, error) {
			k, err := get(ctx, tx, id)
			return string(k.Phone), err
		}},
		Verbs: []register.Verber{
			register.Verb[key]{Name: "new", Label: core.T("登记", "Register"), New: true, Fields: fields(), Said: core.T("已登记", "Registered"), Do: save},
			register.Verb[key]{Name: "edit", Label: core.T("修改", "Edit"), Fields: fields(), Do: save,
				Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
					k, err := get(ctx, tx, id)
					if err != nil {
						return err
					}
					return regulation.Guard(ctx, tx, "C13.1", k.Name != "sealed", core.T("已封存", "It is sealed"))
				},
				Fill: func(ctx context.Context, tx db.Tx, id core.ID, in *key) (err error) {
					*in, err = get(ctx, tx, id)
					return err
				}},
			register.Verb[struct{}]{Name: "seal", Label: core.T("封存", "Seal"), Do: func(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) (core.ID, error) {
				k, err := get(ctx, tx, id)
				if err != nil {
					return 0, err
				}
				k.Name = "sealed"
				return save(ctx, tx, id, k)
			}},
			register.Verb[struct{}]{Name: "void", Label: core.T("作废", "Void"), Do: func(_ context.Context, _ db.Tx, id core.ID, _ struct{}) (core.ID, error) { return id, nil }},
		},
	}
}

type site struct {
	*httptest.Server
	db *db.DB
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signIn lets in "alice", who may do everything but void, and "carol", who may only look.
func signIn(_ context.Context, _ db.Tx, r *http.Request) (core.Actor, web.Session, error) {
	user := r.Header.Get("X-User")
	perms := map[string]bool{"key.view": true}
	if user == "alice" {
		perms = map[string]bool{"key.view": true, "key.new": true, "key.edit": true, "key.seal": true, "key.export": true, "key.reveal": true}
	}
	return core.Actor{ID: core.ID(len(user)), Name: user, Seats: map[core.ID]core.Seat{project: {Roles: []core.Role{core.Desk}, Perms: perms}, 8: {Roles: []core.Role{core.Desk}, Perms: perms}}},
		web.Session{Key: user, Token: strings.HasPrefix(r.URL.Path, "/api/"), Lang: core.EN}, nil
}

func each(t *testing.T, fn func(t *testing.T, s *site)) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		server := web.New(web.Config{DB: d, Log: slog.New(slog.DiscardHandler), Routes: keys().Routes(), SignIn: signIn, SpoolDir: t.TempDir(),
			Project: func(_ context.Context, _ db.Tx, code string) (core.Project, error) {
				if code == "b" {
					return core.Project{ID: 8, Code: "b", Zone: core.China}, nil
				}
				return core.Project{ID: project, Code: "a", Zone: core.China}, nil
			}})
		s := &site{httptest.NewServer(server), d}
		defer s.Close()
		fn(t, s)
	})
}

type answer struct {
	*http.Response
	body string
}

func (s *site) call(t testing.TB, user, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	must(t, err)
	req.Header.Set("X-User", user)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(path, "/api/") {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return answer{res, string(b)}
}

// put registers n keys straight through the verb and returns the last one's id.
func (s *site) put(t testing.TB, n int, k key) (id core.ID) {
	t.Helper()
	ctx := core.WithProject(context.Background(), core.Project{ID: project, Code: "a"})
	must(t, s.db.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		for i := range n {
			one := k
			if n > 1 {
				one.Name = fmt.Sprintf("%s %03d", k.Name, i)
			}
			if id, err = save(ctx, tx, 0, one); err != nil {
				return err
			}
		}
		return nil
	}))
	return id
}

func TestTheListFiltersAndPages(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.put(t, 120, key{Name: "gate", Colour: "red", Deposit: 123450, Phone: "13886062231"})
		s.put(t, 1, key{Name: "roof <b>", Colour: "green"})
		rows := regexp.MustCompile(`gate \d{3}`)
		next := regexp.MustCompile(`href="([^"]*after=[^"]*)"`)
		seen := map[string]bool{}
		path := "/p/a/key?colour=red"
		for pages := 1; ; pages++ {
			a := s.call(t, "alice", "GET", path, "")
			for _, r := range rows.FindAllString(a.body, -1) {
				seen[r] = true
			}
			if strings.Contains(a.body, "roof") || strings.Contains(a.body, "13886062231") || !strings.Contains(a.body, "1,234.50") {
				t.Errorf("page %d is not filtered, not masked or not formatted", pages)
			}
			m := next.FindStringSubmatch(a.body)
			if m == nil {
				if pages != 3 || len(seen) != 120 {
					t.Errorf("%d pages show %d of 120 keys", pages, len(seen))
				}
				break
			}
			path = strings.ReplaceAll(m[1], "&amp;", "&")
			if !strings.Contains(path, "colour=red") {
				t.Fatalf("the next page loses the filter: %s", path)
			}
		}
		if a := s.call(t, "alice", "GET", "/p/a/key?q=roof", ""); !strings.Contains(a.body, "roof &lt;b&gt;") || strings.Contains(a.body, "gate") {
			t.Error("the text does not filter, or is not escaped")
		}
		if a := s.call(t, "alice", "GET", "/p/a/key?q=nobody", ""); !strings.Contains(a.body, "Nothing matches the filter") || !strings.Contains(a.body, `<a class="btn pri" href="/p/a/key">`) {
			t.Error("a filter that finds nothing does not lead back to all")
		}
		if a := s.call(t, "alice", "GET", "/p/a/key", ""); !strings.Contains(a.body, `<option value="">Any</option>`) {
			t.Error("no choice in a filter is not called Any")
		}
		if a := s.call(t, "alice", "GET", "/p/b/key", ""); strings.Contains(a.body, "gate") {
			t.Error("another project's list shows our keys")
		}
		if a := s.call(t, "alice", "GET", "/p/a/key?after=x", ""); a.StatusCode != 422 {
			t.Errorf("a cursor that is none: %d", a.StatusCode)
		}
		if a, c := s.call(t, "alice", "GET", "/p/a/key", ""), s.call(t, "carol", "GET", "/p/a/key", ""); !strings.Contains(a.body, "/p/a/key/new") || strings.Contains(c.body, "/p/a/key/new") || strings.Contains(c.body, "export.xlsx") {
			t.Error("buttons follow the rights")
		}
	})
}

func TestTheRecordPageShowsWhatCanBeDone(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		id, sealed := s.put(t, 1, key{Name: "gate", Colour: "red", Phone: "13886062231"}), s.put(t, 1, key{Name: "sealed", Colour: "red"})
		page := "/p/a/key/" + id.String()
		a, c, z := s.call(t, "alice", "GET", page, ""), s.call(t, "carol", "GET", page, ""), s.call(t, "alice", "GET", "/p/a/key/"+sealed.String(), "")
		if a.StatusCode != 200 || !strings.Contains(a.body, page+"/edit") || !strings.Contains(a.body, "Registered gate") || !strings.Contains(a.body, "138****2231") || strings.Contains(a.body, "13886062231") {
			t.Errorf("%d: %s", a.StatusCode, a.body)
		}
		if strings.Contains(a.body, page+"/void") || strings.Contains(c.body, page+"/edit") || strings.Contains(c.body, "reveal-form") {
			t.Error("a right that the actor lacks leaves a button")
		}
		if strings.Contains(z.body, `href="/p/a/key/`+sealed.String()+`/edit"`) || !strings.Contains(z.body, "It is sealed") || !strings.Contains(z.body, "C13.1") {
			t.Errorf("a closed button does not say why: %s", z.body)
		}
		for _, path := range []string{"/p/a/key/999", "/p/a/key/x", "/p/b/key/" + id.String(), "/api/v1/projects/b/keys/" + id.String()} {
			if a := s.call(t, "alice", "GET", path, ""); a.StatusCode != 404 {
				t.Errorf("%s: %d", path, a.StatusCode)
			}
		}
	})
}

func TestTheVerbsForm(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		if a := s.call(t, "alice", "GET", "/p/a/key/new?name=preset", ""); a.StatusCode != 200 || !strings.Contains(a.body, `value="preset"`) || !strings.Contains(a.body, "_idem") {
			t.Errorf("the empty form: %d", a.StatusCode)
		}
		if a := s.call(t, "carol", "GET", "/p/a/key/new", ""); a.StatusCode != 403 {
			t.Errorf("without the right: %d", a.StatusCode)
		}
		bad := s.call(t, "alice", "POST", "/p/a/key/new", "name=kept+as+typed&colour=blue&deposit=1.234&phone=abc")
		if bad.StatusCode != 422 || !strings.Contains(bad.body, "kept as typed") || !strings.Contains(bad.body, "1.234") || strings.Count(bad.body, "is not") < 2 {
			t.Errorf("bad input: %d %s", bad.StatusCode, bad.body)
		}
		good := s.call(t, "alice", "POST", "/p/a/key/new", "name=gate&colour=red&deposit=12.5&phone=138-8606-2231&_idem=k")
		if good.StatusCode != 303 || !strings.HasPrefix(good.Header.Get("Location"), "/p/a/key/") {
			t.Fatalf("good input: %d %s", good.StatusCode, good.body)
		}
		page := good.Header.Get("Location")
		form := s.call(t, "alice", "GET", page+"/edit", "")
		if !strings.Contains(form.body, `value="gate"`) || !strings.Contains(form.body, `value="12.50"`) || !regexp.MustCompile(`name="_version" value="1"|value="1"[^>]*name="_version"`).MatchString(form.body) {
			t.Errorf("the form is not filled: %s", form.body)
		}
		edit := func(version, name string) answer {
			return s.call(t, "alice", "POST", page+"/edit", "name="+name+"&colour=red&deposit=12.50&_version="+version)
		}
		if a := edit("1", "theirs"); a.StatusCode != 303 {
			t.Errorf("the first edit: %d", a.StatusCode)
		}
		stale := edit("1", "mine")
		if stale.StatusCode != 409 || !strings.Contains(stale.body, "<td>theirs</td>") || !strings.Contains(stale.body, "<td>mine</td>") || !strings.Contains(stale.body, `value="2"`) {
			t.Errorf("a stale edit: %d %s", stale.StatusCode, stale.body)
		}
		if !strings.Contains(stale.body, "alice: Changed to theirs") {
			t.Errorf("a stale edit does not say who changed it: %s", stale.body)
		}
		s.call(t, "alice", "POST", page+"/reveal", "field=phone&reason=asking")
		if a := s.call(t, "alice", "POST", page+"/seal", "_version=1"); a.StatusCode != 409 || !strings.Contains(a.body, "alice: Changed to theirs") || strings.Contains(a.body, "its values now") {
			t.Errorf("a stale form without values of the record: %d %s", a.StatusCode, a.body)
		}
		if a := edit("2", "sealed"); a.StatusCode != 303 {
			t.Errorf("submitted again with the version now: %d", a.StatusCode)
		}
		if a := edit("3", "x"); a.StatusCode != 403 || !strings.Contains(a.body, "C13.1") {
			t.Errorf("refused by a clause: %d", a.StatusCode)
		}
		must(t, s.db.Read(core.WithProject(context.Background(), core.Project{ID: project}), func(ctx context.Context, tx db.Tx) error {
			rs, err := db.Values[string](ctx, tx, "select verb || ' ' || kind || ' ' || clause from regulation_refusal where project_id = $1", project)
			if len(rs) != 1 || rs[0] != "key.edit key C13.1" {
				t.Errorf("refusals kept: %v", rs)
			}
			return err
		}))
	})
}

// TestAFormMasksTheNumberItWasFilledWith: sent back masked it stays, typed anew it changes, and half of it is no number.
func TestAFormMasksTheNumberItWasFilledWith(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		id := s.put(t, 1, key{Name: "gate", Colour: "red", Phone: "13886062231"})
		page := "/p/a/key/" + id.String() + "/edit"
		phone := func() (p core.Phone) {
			must(t, s.db.Read(t.Context(), func(ctx context.Context, tx db.Tx) error {
				k, err := get(core.WithProject(ctx, core.Project{ID: project}), tx, id)
				p = k.Phone
				return err
			}))
			return p
		}
		edit := func(version, number string) answer {
			return s.call(t, "alice", "POST", page, "name=gate&colour=red&deposit=1&_version="+version+"&phone="+url.QueryEscape(number))
		}
		if form := s.call(t, "alice", "GET", page, ""); !strings.Contains(form.body, `value="138****2231"`) || strings.Contains(form.body, "13886062231") {
			t.Errorf("the form shows the number: %s", form.body)
		}
		if a := edit("1", "138****2231"); a.StatusCode != 303 || phone() != "13886062231" {
			t.Errorf("left as it stood: %d, and the number is %s", a.StatusCode, phone())
		}
		if a := edit("1", "13912345678"); a.StatusCode != 409 || strings.Contains(a.body, "13886062231") || phone() != "13886062231" {
			t.Errorf("a stale form: %d, and the number is %s", a.StatusCode, phone())
		}
		if a := edit("2", "139****5678"); a.StatusCode != 422 || phone() != "13886062231" {
			t.Errorf("another masked number: %d, and the number is %s", a.StatusCode, phone())
		}
		if a := edit("2", "13912345678"); a.StatusCode != 303 || phone() != "13912345678" {
			t.Errorf("typed anew: %d, and the number is %s", a.StatusCode, phone())
		}
	})
}

func decode(t *testing.T, a answer) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("%d %s: %v", a.StatusCode, a.body, err)
	}
	return m
}

func TestTheAPIDoesWhatThePagesDo(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		const api = "/api/v1/projects/a/keys"
		made := s.call(t, "alice", "POST", api, `{"name":"gate","colour":"red","deposit":"1,234.50","phone":"13886062231"}`, "Idempotency-Key", "k1")
		again := s.call(t, "alice", "POST", api, `{"name":"gate","colour":"red","deposit":"1,234.50","phone":"13886062231"}`, "Idempotency-Key", "k1")
		at := made.Header.Get("Location")
		if made.StatusCode != 201 || again.StatusCode != 201 || again.body != made.body || again.Header.Get("Location") != at {
			t.Fatalf("%d %s, again %d %s", made.StatusCode, made.body, again.StatusCode, again.body)
		}
		one := s.call(t, "alice", "GET", at, "")
		m := decode(t, one)
		if m["name"] != "gate" || m["deposit"] != "1234.50" || m["phone"] != "138****2231" || m["version"] != 1.0 || one.Header.Get("ETag") != `"1"` || m["id"] != decode(t, made)["id"] {
			t.Errorf("%v, ETag %s", m, one.Header.Get("ETag"))
		}
		list := decode(t, s.call(t, "alice", "GET", api+"?colour=red&limit=10", ""))
		if items := list["items"].([]any); len(items) != 1 || list["next"] != "" {
			t.Errorf("the list: %v", list)
		}
		for _, limit := range []string{"0", "-1", "501", "x"} {
			if a := s.call(t, "alice", "GET", api+"?limit="+limit, ""); a.StatusCode != 422 {
				t.Errorf("limit %s: %d", limit, a.StatusCode)
			}
		}
		edit := func(match, body string) answer {
			return s.call(t, "alice", "POST", at+"/edit", body, "If-Match", match)
		}
		if a := edit(`"1"`, `{"name":"new name","colour":"green"}`); a.StatusCode != 200 || a.Header.Get("ETag") != `"2"` {
			t.Errorf("an edit: %d %s", a.StatusCode, a.body)
		}
		if a := edit(`"1"`, `{"name":"stale","colour":"green"}`); a.StatusCode != 409 {
			t.Errorf("a stale edit: %d", a.StatusCode)
		}
		bad := edit(`"2"`, `{"name":"","colour":"blue"}`)
		if p := decode(t, bad); bad.StatusCode != 422 || len(p["errors"].([]any)) != 2 {
			t.Errorf("bad input: %d %s", bad.StatusCode, bad.body)
		}
		if a := s.call(t, "carol", "POST", at+"/edit", `{"name":"x","colour":"red"}`); a.StatusCode != 403 {
			t.Errorf("without the right: %d", a.StatusCode)
		}
		if a := s.call(t, "alice", "POST", strings.Replace(at, "/a/", "/b/", 1)+"/edit", `{"name":"x","colour":"red"}`); a.StatusCode != 404 {
			t.Errorf("through another project: %d", a.StatusCode)
		}
		s.put(t, 30, key{Name: "more", Colour: "red"})
		seen, after := 0, ""
		for range 10 {
			l := decode(t, s.call(t, "alice", "GET", api+"?limit=7&after="+after, ""))
			seen += len(l["items"].([]any))
			if after, _ = l["next"].(string); after == "" {
				break
			}
		}
		if seen != 31 {
			t.Errorf("paging gives %d of 31", seen)
		}
	})
}

func TestTheExportHoldsEveryRowAndNoFormula(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.put(t, 1, key{Name: `=HYPERLINK("http://evil","x")`, Colour: "red", Deposit: 123450, Phone: "13886062231"})
		s.put(t, 1, key{Name: "+1+cmd|' /C calc'!A0", Colour: "red"})
		s.put(t, 1100, key{Name: "gate", Colour: "green"})
		a := s.call(t, "alice", "GET", "/p/a/key/export.xlsx", "")
		x, err := excelize.OpenReader(bytes.NewReader([]byte(a.body)))
		must(t, err)
		defer x.Close()
		sheet := x.GetSheetList()[0]
		rows, err := x.GetRows(sheet)
		if err != nil || len(rows) < 1103 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		var text strings.Builder
		for i, r := range rows {
			text.WriteString(strings.Join(r, "\t") + "\n")
			for j := range r {
				cell, _ := excelize.CoordinatesToCellName(j+1, i+1)
				if f, _ := x.GetCellFormula(sheet, cell); f != "" && i > 0 {
					t.Errorf("%s is a formula: %s", cell, f)
				}
			}
			if i > 5 {
				break
			}
		}
		if !strings.Contains(text.String(), "HYPERLINK") || strings.Contains(text.String(), "\n=HYPER") || strings.Contains(text.String(), "\n+1+cmd") {
			t.Errorf("the text is lost, or starts like a formula:\n%s", text.String())
		}
		if strings.Contains(text.String(), "13886062231") || !strings.Contains(a.Header.Get("Content-Disposition"), "attachment") {
			t.Error("the export shows masked values, or opens in the page")
		}
		if c := s.call(t, "carol", "GET", "/p/a/key/export.xlsx", ""); c.StatusCode != 403 {
			t.Errorf("without the right: %d", c.StatusCode)
		}
	})
}

func TestLookingUpAndRevealing(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		id := s.put(t, 1, key{Name: "gate", Colour: "red", Phone: "13886062231"})
		s.put(t, 30, key{Name: "roof", Colour: "red"})
		if a := s.call(t, "carol", "GET", "/p/a/key/lookup?q=gate", ""); a.StatusCode != 200 || !strings.Contains(a.body, id.String()) || strings.Contains(a.body, "roof") || strings.Contains(a.body, "<html") {
			t.Errorf("look-up: %d %s", a.StatusCode, a.body)
		}
		if a := s.call(t, "carol", "GET", "/p/a/key/lookup?q=", ""); strings.Count(a.body, "roof") > 24 {
			t.Errorf("a look-up gives more than a dozen hits: %s", a.body)
		}
		reveal := "/p/a/key/" + id.String() + "/reveal"
		for _, c := range []struct {
			user, path, body string
			want             int
		}{
			{"carol", reveal, "field=phone&reason=回访", 403}, {"alice", reveal, "field=phone", 422}, {"alice", reveal, "field=name&reason=回访", 404},
			{"alice", "/p/a/key/999/reveal", "field=phone&reason=回访", 404}, {"alice", strings.Replace(reveal, "/a/", "/b/", 1), "field=phone&reason=回访", 404},
		} {
			if a := s.call(t, c.user, "POST", c.path, c.body); a.StatusCode != c.want || strings.Contains(a.body, "13886062231") {
				t.Errorf("%s %s: %d, want %d", c.user, c.body, a.StatusCode, c.want)
			}
		}
		if a := s.call(t, "alice", "GET", reveal+"?field=phone&reason=x", ""); a.StatusCode == 200 {
			t.Error("revealing by GET")
		}
		if a := s.call(t, "alice", "POST", reveal, "field=phone&reason=回访客户"); a.StatusCode != 200 || !strings.Contains(a.body, "13886062231") {
			t.Errorf("reveal: %d %s", a.StatusCode, a.body)
		}
		must(t, s.db.Read(context.Background(), func(ctx context.Context, tx db.Tx) error {
			es, err := journal.Of(ctx, tx, core.Ref{Project: project, Kind: "key", ID: id})
			if len(es) != 2 || es[1].Verb != "revealed" || es[1].ActorName != "alice" || !strings.Contains(es[1].Payload, "回访客户") {
				t.Errorf("the journal: %+v", es)
			}
			return err
		}))
	})
}

func TestWhatTheDocumentsReadFromARegister(t *testing.T) {
	var g register.Any = keys()
	var perms, verbs []string
	for _, p := range g.Perms() {
		perms = append(perms, p.Name)
		if p.Label.ZH == "" || p.Label.EN == "" {
			t.Errorf("%s has no name in both languages", p.Name)
		}
	}
	for _, v := range g.VerbList() {
		verbs = append(verbs, v.Name)
	}
	if got := strings.Join(perms, " "); got != "key.view key.export key.reveal key.new key.edit key.seal key.void" {
		t.Errorf("permissions: %s", got)
	}
	if got := strings.Join(verbs, " "); got != "new edit seal void" || len(g.FieldSpecs()) != 4 || len(g.FilterList()) != 1 {
		t.Errorf("verbs: %s", got)
	}
}
