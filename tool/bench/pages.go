package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/search"
)

// page is one kind of page and the address of one sample of it.
type page struct {
	name   string
	limit  time.Duration // that p95 should keep to
	sample func() string
}

// largePages asks for the pages of the large database, one after another, as one person would.
func (b *bench) largePages(f *figures) error {
	l, err := b.large(f)
	if err != nil {
		return err
	}
	s := l.site
	if err := s.serve(); err != nil {
		return errors.Join(err, s.app.Close())
	}
	stop, err := b.profiling("pages")
	for more, goOn := true, false; more && err == nil; goOn = true { // as the daily work does: a million records were not fed in an hour
		more, err = search.Tidy(b.ctx, s.app.DB, goOn)
	}
	if err == nil {
		err = b.visit(s, l, f)
		stop()
	}
	if err == nil {
		f.size, err = s.sizeOf(b)
	}
	return errors.Join(err, s.close())
}

// load fills the large database in an empty place.
func (b *bench) load(f *figures, dir, at string) (loader, error) {
	s, err := b.open(dir, at)
	if err != nil {
		return loader{}, err
	}
	l := loader{site: s, repairs: b.repairs, customers: b.customers}
	stop, err := b.profiling("load")
	if err != nil {
		return l, errors.Join(err, s.app.Close())
	}
	defer stop()
	start := time.Now()
	if err = s.ready(); err == nil {
		err = l.people()
	}
	if err == nil {
		err = l.work(func(done int) {
			if done%(10*perWrite) == 0 {
				fmt.Fprintf(os.Stderr, "   %d repairs, %v\n", done, time.Since(start).Round(time.Second))
			}
		})
	}
	if err == nil {
		err = s.settle()
	}
	f.load = time.Since(start)
	if err != nil {
		return l, errors.Join(err, s.app.Close())
	}
	return l, nil
}

func (s *site) value(query string, args ...any) (n int64, err error) {
	err = s.app.DB.Read(s.ctx, func(ctx context.Context, tx db.Tx) error {
		n, err = db.Value[int64](ctx, tx, query, args...)
		return err
	})
	return n, err
}

func (b *bench) visit(s *site, l loader, f *figures) error {
	c, err := s.signIn()
	if err != nil {
		return err
	}
	for _, p := range pages(l) {
		if !strings.Contains(p.name, b.only) {
			continue
		}
		var took []time.Duration
		size := 0
		for n := range b.pages + warm {
			begin := time.Now()
			if size, err = c.get(p.sample()); err != nil {
				return err
			}
			if n >= warm {
				took = append(took, time.Since(begin))
			}
		}
		f.pages = append(f.pages, visited{page: p, rate: rate{count: len(took), p50: percentile(took, 50), p95: percentile(took, 95)}, size: size})
		fmt.Fprintf(os.Stderr, "   %-40s p50 %v p95 %v\n", p.name, percentile(took, 50), percentile(took, 95))
	}
	return nil
}

// warm is how many answers of each page are not counted.
const warm = 5

func pages(l loader) []page {
	const list, file = 20 * time.Millisecond, 30 * time.Millisecond
	always := func(path string) func() string { return func() string { return path } }
	find := func(q func(known) string) func() string {
		return func() string { return "/p/bench/search?q=" + url.QueryEscape(q(l.known[rand.IntN(len(l.known))])) }
	}
	return []page{
		{"repair queue, first page", list, always("/p/bench/repair")},
		{"repair queue, somewhere further", list, func() string { return "/p/bench/repair?after=" + cursor(l, 2) }},
		{"desk queue, first page", list, always("/p/bench/desk")},
		{"all repairs, newest", list, always("/p/bench/repair?state=all")},
		{"all repairs of a trade", list, always("/p/bench/repair?state=all&trade=hvac")},
		{"all repairs, somewhere in the past", list, func() string { return "/p/bench/repair?state=all&after=" + cursor(l, 2) }},
		{"customer list, first page", list, always("/p/bench/customer")},
		{"customer list of a category", list, always("/p/bench/customer?category=key")},
		{"customer list, by name", list, func() string { return "/p/bench/customer?q=" + url.QueryEscape(l.at(rand.Int()).name) }},
		{"search: telephone number", list, find(func(k known) string { return string(k.phone) })},
		{"search: its last four digits", list, find(func(k known) string { return string(k.phone)[7:] })},
		{"search: unit", list, find(func(k known) string { return k.code })},
		{"search: a person's name", list, find(func(k known) string { return k.person })},
		{"search: a firm's name", list, find(func(k known) string { return k.name })},
		{"search: a common word (漏水)", list, always("/p/bench/search?q=" + url.QueryEscape("漏水"))},
		{"search: common word and name", list, find(func(k known) string { return "漏水 " + k.person })},
		{"weekly complaint report, composed anew", time.Second, func() string {
			return "/p/bench/report/preview?kind=weekly&day=" + string(core.DateOf(moment(rand.IntN(l.repairs), l.repairs), l.project.Zone))
		}},
		{"analysis of a quarter, composed anew", 5 * time.Second, func() string {
			return "/p/bench/report/preview?kind=analysis&day=" + string(core.DateOf(moment(rand.IntN(l.repairs), l.repairs), l.project.Zone))
		}},
		{"customer page (客户360)", file, func() string { return "/p/bench/customer/" + l.known[rand.IntN(len(l.known))].customer.String() }},
	}
}

// cursor is the page key of a repair somewhere in the years.
func cursor(l loader, rank int) string {
	return fmt.Sprintf("%d.%d.%s", rank, moment(rand.IntN(l.repairs), l.repairs).UnixMicro(), core.ID(1))
}
