package proof

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/testkit"
	"huiyin/web"
)

// get opens a page on both and compares what comes.
func (p *pair) get(role core.Role, path string) *testkit.Page {
	p.Helper()
	return p.ask(role, "GET", path, "", func(b *testkit.Browser) *testkit.Page { return b.Get(path) })
}

// submit sends a filled form on both; now and then twice, as an impatient finger does.
func (p *pair) submit(role core.Role, path string, f filled) {
	p.Helper()
	f.values.Set("_idem", fmt.Sprintf("key-%d", p.rnd.Uint64()))
	send := func(b *testkit.Browser) *testkit.Page {
		if len(f.files) > 0 {
			return b.Upload(path, f.values, f.files)
		}
		return b.Post(path, f.values)
	}
	p.deck.sent(path)
	answer := p.ask(role, "POST", path, f.values.Encode(), send)
	if answer.Status == http.StatusOK {
		p.done++
	}
	if p.rnd.IntN(20) == 0 {
		p.ask(role, "POST again", path, "", send)
	}
}

// api sends the same as JSON.
func (p *pair) api(role core.Role, path string, f filled) {
	p.Helper()
	body := map[string]string{}
	for name, vs := range f.values {
		body[name] = vs[0]
	}
	key := fmt.Sprintf("key-%d", p.rnd.Uint64())
	p.deck.sent(path)
	p.compare(role, "POST", path, core.JSON(body), p.tokens[role], func(b *testkit.Browser) *testkit.Page {
		return b.API("POST", path, body, "Idempotency-Key", key)
	})
}

func (p *pair) ask(role core.Role, method, path, body string, send func(*testkit.Browser) *testkit.Page) *testkit.Page {
	p.Helper()
	return p.compare(role, method, path, body, p.browsers[role], send)
}

func (p *pair) compare(role core.Role, method, path, body string, who [2]*testkit.Browser, send func(*testkit.Browser) *testkit.Page) *testkit.Page {
	p.Helper()
	p.requests++
	p.said = append(p.said, strings.TrimSpace(fmt.Sprintf("%s %s as %s %s", method, path, role, body)))
	p.both(func(k *testkit.Kit) { k.SetNow(k.Now().Add(time.Millisecond)) }) // no two things happen in one moment
	one, other := send(who[0]), send(who[1])
	if one.Status != other.Status || one.URL != other.URL {
		p.differ("%d %s on %s, %d %s on %s\n%s\n%s", one.Status, one.URL, p.one.Engine, other.Status, other.URL, p.other.Engine, one.Text("main"), other.Text("main"))
	}
	if one.Status >= http.StatusInternalServerError {
		p.differ("status %d\n%s", one.Status, one.Text("main"))
	}
	p.same(path, one.Body, other.Body)
	if a, b := p.one.LastKey(), p.other.LastKey(); a != b {
		p.differ("%d rows were begun on %s, %d on %s", a, p.one.Engine, b, p.other.Engine)
	}
	return one
}

// same fails unless two bodies are equal, byte for byte, but for the forms' fresh keys.
func (p *pair) same(what string, one, other []byte) {
	p.Helper()
	if bytes.Equal(one, other) {
		return
	}
	if a, b := p.readable(one), p.readable(other); a != b {
		a, b = apart(a, b)
		p.differ("%s differs\n%s: …%s…\n%s: …%s…", what, p.one.Engine, a, p.other.Engine, b)
	}
}

// fresh is what an answer makes anew each time it is drawn: the form's key, and the key of the request in the log.
var fresh = regexp.MustCompile(`name="_idem" value="[0-9A-Za-z]+"|"request_id":"[0-9a-f]+"`)

// readable is a body in words: a workbook unpacked, everything else without what is fresh.
func (p *pair) readable(b []byte) string {
	if !bytes.HasPrefix(b, []byte("PK")) {
		return string(fresh.ReplaceAll(b, nil))
	}
	s, err := members(b)
	if err != nil {
		p.Error(err)
	}
	return s
}

// apart is where two texts begin to differ.
func apart(a, b string) (string, string) {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(s string) string { return strconv.QuoteToGraphic(s[max(0, i-120):min(len(s), i+160)]) }
	return cut(a), cut(b)
}

// differ ends the batch with what was done up to there.
func (p *pair) differ(format string, args ...any) {
	p.Helper()
	p.Fatalf(format+"\nafter\n  %s", append(args, strings.Join(p.said, "\n  "))...)
}

// compareAll compares what the sequences have left behind: every export, every list of the API to its end, every page
// that is about no single record, and every row.
func (p *pair) compareAll() {
	p.Helper()
	p.said = []string{"the whole batch"}
	for _, rt := range p.pages() {
		for _, role := range p.readers(rt) {
			if rt.API() {
				p.pageThrough(role, p.address(rt))
				continue
			}
			p.get(role, p.address(rt))
		}
	}
	p.rows()
}

// readers are who opens a page in the end: one of those who may, and in the long form two.
func (p *pair) readers(rt web.Route) (out []core.Role) {
	for _, r := range testkit.Roles() {
		if rt.Perm == web.Member || p.rights[r].Can(p.one.Project.ID, rt.Perm) {
			out = append(out, r)
		}
	}
	p.rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	if rt.API() || strings.Contains(rt.Path(), ".") || !soaking() {
		return out[:min(1, len(out))]
	}
	return out[:min(2, len(out))]
}

func (p *pair) pageThrough(role core.Role, path string) {
	p.Helper()
	for next := ""; ; {
		at := path + "?limit=500&state=all&after=" + url.QueryEscape(next)
		page := p.compare(role, "GET", at, "", p.tokens[role], func(b *testkit.Browser) *testkit.Page { return b.API("GET", at, nil) })
		next, _ = page.JSON()["next"].(string)
		if next == "" {
			return
		}
	}
}

// unequal are the columns that hold chance or the wall clock: secrets, and what counts real time. A table without columns
// holds nothing else.
func unequal() map[string][]string {
	return map[string][]string{
		"db_subject_key":  {"key"},
		"file_file":       nil,
		"job_job":         nil,
		"journal_entry":   {"hash", "lane", "seq"},
		"journal_lane":    nil,
		"user_failure":    nil,
		"user_session":    nil,
		"user_token":      nil,
		"user_user":       {"password"}, // its salt
		"web_idempotency": nil,
	}
}

// sealed is what a key has sealed, under a nonce of its own.
var sealed = regexp.MustCompile(`(k[0-9a-f]{8}\.)?[A-Za-z0-9_-]{38,}`)

// rows compares the tables. What is sealed is as long here as there.
func (p *pair) rows() {
	p.Helper()
	one, columns := p.one.Rows()
	other, _ := p.other.Rows()
	n := 0
	for _, table := range slices.Sorted(maps.Keys(columns)) {
		a, b := p.equalPart(table, columns[table], one[table]), p.equalPart(table, columns[table], other[table])
		n += len(a)
		for i := range max(len(a), len(b)) {
			var x, y string
			if i < len(a) {
				x = a[i]
			}
			if i < len(b) {
				y = b[i]
			}
			if x != y {
				x, y = apart(x, y)
				p.Errorf("%s row %d of %d and %d (%s)\n%s: %s\n%s: %s", table, i, len(a), len(b), strings.Join(columns[table], ", "), p.one.Engine, x, p.other.Engine, y)
				break
			}
		}
	}
	p.Logf("%d rows of %d tables", n, len(columns))
}

func (p *pair) equalPart(table string, columns, rows []string) []string {
	out, chance := make([]string, len(rows)), unequal()
	drop, listed := chance[table]
	if listed && drop == nil {
		return nil
	}
	for i, r := range rows {
		out[i] = sealed.ReplaceAllStringFunc(r, func(s string) string { return fmt.Sprintf("sealed(%d)", len(s)) })
		if len(drop) > 0 {
			out[i] = without(out[i], columns, drop)
		}
	}
	if slices.Contains(drop, "seq") { // the key itself is chance: the lane that was free
		slices.Sort(out)
	}
	return out
}

// without blanks columns of a row, which is a JSON array.
func without(row string, columns, drop []string) string {
	values := split(row)
	for i, c := range columns {
		if slices.Contains(drop, c) && i < len(values) {
			values[i] = "-"
		}
	}
	return strings.Join(values, ",")
}

// split takes a JSON array apart into its values as they stand.
func split(row string) (out []string) {
	dec := json.NewDecoder(strings.NewReader(row))
	var values []json.RawMessage
	if err := dec.Decode(&values); err != nil && err != io.EOF {
		return []string{row}
	}
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}

// members unpacks a workbook, in the order of the names: the library writes the sheets in any.
func members(b []byte) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	slices.SortFunc(z.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return "", err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "%s\n%s\n", f.Name, content)
	}
	return out.String(), nil
}
