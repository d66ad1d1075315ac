// Package search finds records by a few typed characters: names in Chinese, pinyin or initials, telephone numbers from
// their last four digits, unit codes and record numbers, words of a text.
//
// A document is fed in the commit that changes its record. Its text is cut in Go, the same for both engines, into
// tokens for FTS5 or tsvector; every token begins with a tag of its project, so that a small project's lists stay short
// beside a large one's, and the permission is a token as well: both are filtered in the index, before anything is
// counted or cut off. What a hit shows was masked when it was fed. Identity card numbers never enter.
//
// Hits come newest first, those that name a number exactly before those whose title begins with the query before the
// rest; of digits, the numbers that end with them before those that have them inside. Newest is by when the document was
// first fed: ids rise with time, and both engines read the end of a list cheaply where sorting all of it would not be.
package search

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// Migrations holds the table and the index.
//
//go:embed *.sql
var Migrations embed.FS

// Doc is what is known of one record.
type Doc struct {
	Ref    core.Ref
	Perm   string // "repair.view": who holds it in the project sees the hit; empty: everybody
	Title  string // as shown, masked
	Sub    string // second line, as shown, masked
	URL    string
	Words  []string     // texts, as they are
	Names  []string     // of people and firms: also by pinyin and initials
	Phones []core.Phone // normalised; by the whole and by the last four digits or more
	Codes  []string     // record numbers and unit codes: by beginning and end
	At     time.Time    // business time of the record
}

// Hit is one find.
type Hit struct {
	Ref   core.Ref
	Perm  string
	Title string
	Sub   string
	URL   string
	At    time.Time
}

// The marks that set a token apart from plain words.
const (
	exactMark = "=" // a whole code or telephone number
	titleMark = "^" // what the title begins with
	permMark  = "@"
)

// tag keeps the projects' tokens apart in the index. Two projects may share one; project_id decides in the end.
func tag(project core.ID) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(project.String()))
	const letters = "abcdefghijklmnopqrstuvwxyz012345"
	n := h.Sum32() ^ h.Sum32()>>15
	return string([]byte{letters[n&31], letters[n>>5&31], letters[n>>10&31]})
}

// permToken stands for a permission in the index; for the empty one as well, which everybody holds.
func permToken(perm string) string { return permMark + perm }

// tokens lists everything that finds the document, without the project's tag.
func (d Doc) tokens() []string {
	var out set
	for _, code := range d.Codes {
		plain, exact := codeTokens(code)
		addAll(&out, "", plain)
		addAll(&out, exactMark, exact)
		if !isASCII(code) { // 一层大堂, 商铺12号: typed in Chinese, it is looked for by its words
			addAll(&out, "", Tokens(code))
		}
	}
	for _, p := range d.Phones {
		plain, full := phoneTokens(p)
		addAll(&out, "", plain)
		if full != "" {
			out.add(exactMark + full)
		}
	}
	for _, name := range d.Names {
		out.add(nameToken(name))
		addAll(&out, "", Tokens(name))
		spell.tokens(name, out.add)
	}
	if first := Tokens(d.Title); len(first) > 0 {
		out.add(titleMark + first[0])
	}
	out.add(permToken(d.Perm))
	limit := len(out.list) + wordsMax
	for _, text := range d.Words {
		for _, token := range Tokens(text) {
			if len(out.list) < limit {
				out.add(token)
			}
		}
	}
	return out.list
}

func addAll(s *set, mark string, tokens []string) {
	for _, t := range tokens {
		if t != "" {
			s.add(mark + t)
		}
	}
}

// words joins the tokens, each behind the project's tag, as the index takes them.
func (d Doc) words() string {
	t := tag(d.Ref.Project)
	return t + strings.Join(d.tokens(), " "+t)
}

func fingerprint(words string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(words))
	return int64(h.Sum64())
}

// change is a document that is fed or taken out. It waits for the end of its commit, so that the documents of all
// requests of a commit go into the index together.
type change struct {
	Doc
	id     core.ID // of a new document
	remove bool
	cut    func() string
	words  string // what cut gave; empty when it is taken out
}

// changes is the key of the waiting documents.
type changes struct{}

// Put feeds a document, in place of what its record had before. Find sees it after the commit.
func Put(_ context.Context, tx db.Tx, d Doc) error {
	c := change{Doc: d, id: tx.NewID(), cut: sync.OnceValue(d.words)}
	go func() { // the words are cut while the transaction goes on
		defer func() { _ = recover() }() // apply meets the same panic, in the transaction
		c.cut()
	}()
	db.Late(tx, changes{}, c, apply)
	return nil
}

// Remove takes the record's document out; that there is none is no error.
func Remove(_ context.Context, tx db.Tx, ref core.Ref) error {
	db.Late(tx, changes{}, change{Doc: Doc{Ref: ref}, remove: true}, apply)
	return nil
}

func apply(ctx context.Context, tx db.Tx, all []change) error {
	all = last(all)
	for i := range all {
		if !all[i].remove {
			all[i].words = all[i].cut()
		}
	}
	if tx.Engine() == db.Postgres {
		return applyPostgres(ctx, tx, all)
	}
	for len(all) > 0 {
		part := all[:min(partMax, len(all))]
		all = all[len(part):]
		if err := applySQLite(ctx, tx, part); err != nil {
			return err
		}
	}
	return nil
}

// partMax is how many documents one statement takes.
const partMax = 128

// last keeps each record's last change.
func last(all []change) []change {
	at := make(map[core.Ref]int, len(all))
	out := all[:0:0]
	for _, c := range all {
		if i, twice := at[c.Ref]; twice {
			out[i] = c
			continue
		}
		at[c.Ref] = len(out)
		out = append(out, c)
	}
	return out
}

func applyPostgres(ctx context.Context, tx db.Tx, all []change) error {
	var rows, args = []string(nil), []any(nil)
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		err := db.Soon(ctx, tx, `insert into search_doc (project_id, id, kind, ref_id, perm, title, sub, url, at, print, words) values `+strings.Join(rows, ", ")+`
			on conflict (project_id, kind, ref_id) do update set perm = excluded.perm, title = excluded.title, sub = excluded.sub,
			url = excluded.url, at = excluded.at, print = excluded.print, words = excluded.words`, args...)
		rows, args = nil, nil
		return err
	}
	for _, d := range all {
		if d.words == "" {
			if _, err := db.Exec(ctx, tx, "delete from search_doc where project_id = $1 and kind = $2 and ref_id = $3", d.Ref.Project, d.Ref.Kind, d.Ref.ID); err != nil {
				return err
			}
			continue
		}
		n := len(args)
		rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d::bigint, $%d, array_to_tsvector(string_to_array($%d, ' ')))",
			n+1, n+2, n+3, n+4, n+5, n+6, n+7, n+8, n+9, n+10, n+11))
		args = append(args, d.Ref.Project, d.id, d.Ref.Kind, d.Ref.ID, d.Perm, d.Title, d.Sub, d.URL, d.At, fingerprint(d.words), d.words)
		if len(rows) == partMax {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// found is the key and the fingerprint of a document that is there.
type found struct {
	ref   core.ID
	id    core.ID
	print int64
}

// lookUp finds what the records have in the index.
func lookUp(ctx context.Context, tx db.Tx, all []change) (map[core.Ref]found, error) {
	type group struct {
		project core.ID
		kind    string
	}
	refs := map[group][]any{}
	for _, c := range all {
		g := group{c.Ref.Project, c.Ref.Kind}
		refs[g] = append(refs[g], c.Ref.ID)
	}
	out := map[core.Ref]found{}
	for g, ids := range refs {
		for len(ids)&(len(ids)-1) != 0 { // a power of two: few statements to prepare
			ids = append(ids, ids[0])
		}
		marks := make([]string, len(ids))
		for i := range marks {
			marks[i] = fmt.Sprintf("$%d", i+3)
		}
		rows, err := db.All(ctx, tx, func(f *found) []any { return []any{&f.ref, &f.id, &f.print} },
			"select ref_id, id, print from search_doc where project_id = $1 and kind = $2 and ref_id in ("+strings.Join(marks, ", ")+")", append([]any{g.project, g.kind}, ids...)...)
		if err != nil {
			return nil, err
		}
		for _, f := range rows {
			out[core.Ref{Project: g.project, Kind: g.kind, ID: f.ref}] = f
		}
	}
	return out, nil
}

// applySQLite writes rows and index; the index only where the words have changed.
func applySQLite(ctx context.Context, tx db.Tx, all []change) error {
	have, err := lookUp(ctx, tx, all)
	if err != nil {
		return err
	}
	var docs, index [][]any
	for _, d := range all {
		was, ok := have[d.Ref]
		print := fingerprint(d.words)
		switch {
		case d.words == "" && ok:
			_, err = db.Exec(ctx, tx, "delete from search_doc where project_id = $1 and id = $2", d.Ref.Project, was.id)
		case d.words == "":
		case ok:
			_, err = db.Exec(ctx, tx, `update search_doc set perm = $1, title = $2, sub = $3, url = $4, at = $5, print = $6
				where project_id = $7 and id = $8`, d.Perm, d.Title, d.Sub, d.URL, d.At, print, d.Ref.Project, was.id)
		default:
			docs = append(docs, []any{d.Ref.Project, d.id, d.Ref.Kind, d.Ref.ID, d.Perm, d.Title, d.Sub, d.URL, d.At, print})
			index = append(index, []any{d.id, d.words})
		}
		if err == nil && ok && was.print != print {
			if _, err = db.Exec(ctx, tx, "delete from search_fts where rowid = $1", was.id); err == nil && d.words != "" {
				index = append(index, []any{was.id, d.words})
			}
		}
		if err != nil {
			return err
		}
	}
	if err := db.InsertRows(ctx, tx, "search_doc (project_id, id, kind, ref_id, perm, title, sub, url, at, print)", "", docs); err != nil {
		return err
	}
	return db.InsertRows(ctx, tx, "search_fts (rowid, words)", "", index)
}

// Find returns up to limit (1 to 100) documents of the project that meet every term of the query and whose permission
// perms accepts. A query without a word finds nothing.
func Find(ctx context.Context, tx db.Tx, project core.ID, perms func(string) bool, query string, limit int) ([]Hit, error) {
	terms := QueryTokens(query)
	if len(terms) == 0 {
		return nil, nil
	}
	allowed, err := allowedPerms(ctx, tx, project, perms)
	if err != nil || allowed.none {
		return nil, err
	}
	f := finder{tx: tx, project: project, perms: perms, limit: min(max(limit, 1), 100), seen: map[core.Ref]bool{}}
	all := stages(query, terms)
	for i := range all {
		all[i].terms = append(all[i].terms, allowed.terms...)
	}
	if tx.Engine() == db.Postgres {
		err = f.postgres(ctx, all)
	} else {
		err = f.sqlite(ctx, all)
	}
	return f.hits, err
}

// stage is one way to ask.
type stage struct {
	terms  []Term
	enough bool // the following ones need not be asked when it finds anything
	title  Want // what the title begins with, of a stage whose hits are all among the next one's
	long   bool // what it finds may be much more than is shown: to be asked only when those before it leave room
}

// stages are the query several times: as the exact number or name, as the beginning of the title, and anywhere; of some
// digits first what ends with them, a telephone's or a record's number, then what has them anywhere. Of a firm's name the
// city and the legal form, which half of all names share, count in the exact name only.
func stages(query string, terms []Term) []stage {
	var out []stage
	first := terms[0][0]
	if len(terms) == 1 && strings.ContainsAny(first.Text, "0123456789") {
		out = append(out, stage{terms: []Term{{{exactMark + first.Text, false}}}})
	}
	trunk, formal := trunkOf(query)
	if name := nameToken(query); name != "" {
		out = append(out, stage{terms: []Term{{{name, false}}}, enough: formal})
	}
	begins := []Term{{{titleMark + first.Text, first.Prefix}}}
	if formal {
		terms = QueryTokens(trunk)
	}
	if len(terms) > 1 || formal { // a single term is met by the title itself; asking again would read its long list for nothing
		begins = append(begins, terms...)
	}
	title := stage{terms: begins}
	if len(begins) > 1 {
		title.title = first
	}
	out = append(out, title)
	digits := len(terms) == 1 && first.Prefix && isDigits(first.Text)
	if digits {
		out = append(out, stage{terms: []Term{{{first.Text, false}}}, long: true})
	}
	return append(out, stage{terms: slices.Clone(terms), long: digits})
}

type allowance struct {
	none  bool
	terms []Term // empty when everything in the project may be seen
}

// allowedPerms asks about each permission that occurs in the project; they are some dozens, found by leaps in an index.
func allowedPerms(ctx context.Context, tx db.Tx, project core.ID, perms func(string) bool) (allowance, error) {
	all, err := db.Values[string](ctx, tx, `with recursive p (perm) as (select min(perm) from search_doc where project_id = $1
		union all select (select min(d.perm) from search_doc d where d.project_id = $1 and d.perm > p.perm) from p where p.perm is not null)
		select perm from p where perm is not null`, project)
	var may Term
	for _, perm := range all {
		if permitted(perms, perm) {
			may = append(may, Want{permToken(perm), false})
		}
	}
	if len(may) == len(all) {
		return allowance{none: len(all) == 0}, err
	}
	return allowance{none: len(may) == 0, terms: []Term{may}}, err
}

func permitted(perms func(string) bool, perm string) bool { return perm == "" || perms(perm) }

type finder struct {
	tx      db.Tx
	project core.ID
	perms   func(string) bool
	limit   int
	seen    map[core.Ref]bool
	hits    []Hit
}

// add takes the hits of one stage that earlier ones did not have, the newest first, and reports whether the following
// stages need not be asked.
func (f *finder) add(st stage, got []Hit) (done bool) {
	slices.SortStableFunc(got, func(a, b Hit) int { return cmp.Compare(b.At.UnixMicro(), a.At.UnixMicro()) })
	for _, h := range got {
		if len(f.hits) < f.limit && !f.seen[h.Ref] && permitted(f.perms, h.Perm) {
			f.seen[h.Ref] = true
			f.hits = append(f.hits, h)
		}
	}
	return len(f.hits) >= f.limit || st.enough && len(f.hits) > 0
}

const hitColumns = "d.kind, d.ref_id, d.perm, d.title, d.sub, d.url, d.at"

func (f *finder) dest(h *Hit) []any {
	h.Ref.Project = f.project
	return []any{&h.Ref.Kind, &h.Ref.ID, &h.Perm, &h.Title, &h.Sub, &h.URL, &h.At}
}

const sqliteFind = "select " + hitColumns + ` from search_fts cross join search_doc d on d.project_id = $1 and d.id = search_fts.rowid
	where search_fts match $2 order by search_fts.rowid desc limit $3`

// sqlite asks stage by stage.
func (f *finder) sqlite(ctx context.Context, all []stage) error {
	for i, st := range all {
		if st.title.Text != "" {
			return f.titled(ctx, st, all[i+1])
		}
		got, err := f.match(ctx, st)
		if err != nil || f.add(st, got) {
			return err
		}
	}
	return nil
}

// titled asks the two last stages of a query of several words. Those whose title begins with the query are among those
// that have it anywhere: when these are few, all are known, and the long list of a common word is not read twice.
func (f *finder) titled(ctx context.Context, title, anywhere stage) error {
	got, err := f.match(ctx, anywhere)
	if err != nil {
		return err
	}
	if len(got) >= f.limit {
		first, err := f.match(ctx, title)
		if err == nil && !f.add(title, first) {
			f.add(anywhere, got)
		}
		return err
	}
	f.add(title, slices.DeleteFunc(slices.Clone(got), func(h Hit) bool { return !title.title.begins(h.Title) }))
	f.add(anywhere, got) // but for those that are there already
	return nil
}

// begins reports whether a title begins with w, as tokens tells it to the index.
func (w Want) begins(title string) bool {
	tokens := Tokens(title)
	return len(tokens) > 0 && (tokens[0] == w.Text || w.Prefix && strings.HasPrefix(tokens[0], w.Text))
}

func (f *finder) match(ctx context.Context, st stage) ([]Hit, error) {
	return db.All(ctx, f.tx, f.dest, sqliteFind, f.project, ftsQuery(tag(f.project), st.terms), f.limit)
}

// ftsQuery writes the terms for FTS5: ("a" or "b" *) and ("c").
func ftsQuery(tag string, terms []Term) string {
	quote := strings.NewReplacer(`"`, `""`)
	return conjoin(terms, " AND ", " OR ", func(w Want) string {
		s := `"` + tag + quote.Replace(w.Text) + `"`
		if w.Prefix {
			s += " *"
		}
		return s
	})
}

// tsquery writes them for PostgreSQL: ('a' | 'b':*) & ('c').
func tsquery(tag string, terms []Term) string {
	quote := strings.NewReplacer(`'`, `''`, `\`, `\\`)
	return conjoin(terms, " & ", " | ", func(w Want) string {
		s := `'` + tag + quote.Replace(w.Text) + `'`
		if w.Prefix {
			s += ":*"
		}
		return s
	})
}

func conjoin(terms []Term, and, or string, write func(Want) string) string {
	all := make([]string, len(terms))
	for i, term := range terms {
		wants := make([]string, len(term))
		for j, w := range term {
			wants[j] = write(w)
		}
		all[i] = "(" + strings.Join(wants, or) + ")"
	}
	return strings.Join(all, and)
}

// narrowMax is how many finds a list looks at that is narrowed by a text.
const narrowMax = 100

// Narrow narrows a kind's list to the records that a text finds.
func Narrow(ctx context.Context, tx db.Tx, w *db.Where, kind, text string) error {
	hits, err := Find(ctx, tx, core.ProjectOf(ctx).ID, func(perm string) bool { return perm == kind+".view" }, text, narrowMax)
	var ids []core.ID
	for _, h := range hits {
		if h.Ref.Kind == kind {
			ids = append(ids, h.Ref.ID)
		}
	}
	w.OneOf("id", ids)
	return err
}
