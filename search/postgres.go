package search

import (
	"context"
	"fmt"
	"strings"

	"huiyin/db"
)

// PostgreSQL's index reads a word's list to its end and sorts what it found: right for a rare word, slow for a common
// one, whose hits are among the newest documents anyway. So the newest are looked at first, for all stages at once; what
// is common there is read from the newest on, what is rare is asked of the index, again for all stages at once.

const (
	sampleMax = 400   // of the newest documents tell common from rare
	commonMin = 4     // hits among them make a stage common: its list in the index is one document in a hundred, or longer
	streamMax = 8000  // of the newest documents are read for a common stage before the index is asked after all
	indexMax  = 20000 // bounds what is fetched and sorted of a word that is common among old documents only
)

// asked is a stage as PostgreSQL takes it.
type asked struct {
	stage
	query  string // tsquery
	recent []Hit  // those of the sample that no stage before it has
	old    []Hit  // what the index gave
}

// staged is a hit of one of several stages.
type staged struct {
	Hit
	at int // the stage
}

func (f *finder) postgres(ctx context.Context, all []stage) error {
	as := make([]asked, len(all))
	for i, st := range all {
		as[i] = asked{stage: st, query: tsquery(tag(f.project), st.terms)}
	}
	if err := f.sample(ctx, as); err != nil {
		return err
	}
	for len(as) > 0 {
		n := 0
		for n++; n < len(as) && !as[n-1].enough && !as[n].long; n++ {
		}
		if done, err := f.round(ctx, as[:n]); err != nil || done {
			return err
		}
		as = as[n:]
	}
	return nil
}

// sample looks for all stages among the newest documents.
func (f *finder) sample(ctx context.Context, as []asked) error {
	which, args := "", []any{f.project}
	for i, a := range as {
		args = append(args, a.query)
		which += fmt.Sprintf(" when words @@ $%d::tsquery then %d", len(args), i)
	}
	args = append(args, f.limit+commonMin*len(as)) // a stage is needed only while those before it have not reached the limit
	return f.staged(ctx, as, func(a *asked, h Hit) { a.recent = append(a.recent, h) }, fmt.Sprintf(`select stage, %s from
		(select *, case%s end as stage from (select * from search_doc where project_id = $1 order by id desc limit %d) n) d
		where stage is not null order by stage, id desc limit $%d`, hitColumns, which, sampleMax, len(args)), args)
}

// round asks some stages, one after another until there are enough hits; those that need the index ask it together.
func (f *finder) round(ctx context.Context, as []asked) (done bool, err error) {
	var rare []int
	for i, a := range as {
		if len(a.recent) < min(commonMin, f.limit) {
			rare = append(rare, i)
		}
	}
	if err := f.index(ctx, as, rare); err != nil {
		return false, err
	}
	for i := range as {
		got := as[i].old
		if len(as[i].recent) >= min(commonMin, f.limit) {
			if got, err = f.common(ctx, as, i); err != nil {
				return false, err
			}
		}
		if f.add(as[i].stage, got) {
			return true, nil
		}
	}
	return false, nil
}

// common reads the hits of a common stage from the newest on; the sample's, where they are enough.
func (f *finder) common(ctx context.Context, as []asked, i int) ([]Hit, error) {
	if len(f.hits)+len(as[i].recent) >= f.limit {
		return as[i].recent, nil
	}
	got, err := db.All(ctx, f.tx, f.dest, fmt.Sprintf(`select %s from (select * from search_doc where project_id = $1 order by id desc limit %d) d
		where d.words @@ $2::tsquery order by d.id desc limit $3`, hitColumns, streamMax), f.project, as[i].query, f.limit)
	if err != nil || len(got) >= f.limit {
		return got, err
	}
	err = f.index(ctx, as, []int{i})
	return as[i].old, err
}

// index asks the index for some of the stages.
func (f *finder) index(ctx context.Context, as []asked, which []int) error {
	if len(which) == 0 {
		return nil
	}
	args := []any{f.project, f.limit}
	parts := make([]string, len(which))
	for n, i := range which {
		args = append(args, as[i].query)
		parts[n] = fmt.Sprintf(`(with m as materialized (select id from search_doc where project_id = $1 and words @@ $%d::tsquery limit %d)
			select %d as stage, d.* from (select id from m order by id desc limit $2) n join search_doc d on d.project_id = $1 and d.id = n.id)`, len(args), indexMax, i)
	}
	return f.staged(ctx, as, func(a *asked, h Hit) { a.old = append(a.old, h) },
		"select stage, "+hitColumns+" from ("+strings.Join(parts, " union all ")+") d order by stage, id desc", args)
}

// staged reads the hits of several stages.
func (f *finder) staged(ctx context.Context, as []asked, take func(*asked, Hit), query string, args []any) error {
	return db.Each(ctx, f.tx, func(s *staged) []any { return append([]any{&s.at}, f.dest(&s.Hit)...) },
		func(s *staged) error { take(&as[s.at], s.Hit); return nil }, query, args...)
}
