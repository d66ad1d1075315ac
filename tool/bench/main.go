// Command bench measures Huiyin beside the machine's own limits, taken in the same run on the same disk, and writes
// docs/performance.md: intake over HTTP, the lists, search and the customer page at the size of a large firm, the
// import of an office's workbook, the time to the first page, and idle memory.
//
//	tool/postgres.sh --durable go run ./tool/bench [--quick] [--engines sqlite,postgres] [--repairs N] [--customers N]
//
// Loading the large database takes some ten minutes an engine. With -keep DIR it stays where it is, and the
// next run with the same folder (and on PostgreSQL the same server) asks its pages without loading again:
//
//	go run ./tool/bench -keep DIR -engines sqlite -skip raw,intake,process -only search -out -
//
// PostgreSQL is the server that HUIYIN_TEST_PG names; it must be durable (fsync and synchronous_commit on). Only one
// engine works at a time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"huiyin/db"
	"huiyin/db/dbtest"
)

// options say how large and where.
type options struct {
	repairs   int
	customers int
	closed    int           // closed matters of the month that is drawn from
	intake    time.Duration // how long clients send intakes
	raw       time.Duration // how long each of the machine's limits is measured
	pages     int           // how often each page is asked for
	dir       string        // on the disk to be measured
	root      string        // of the source tree: sample workbooks, docs
	engines   string
	out       string
	profile   string // folder for CPU profiles of intake and pages; empty: none
	skip      string // parts left out: raw, intake, survey, process, sampler, lists, pages
	keep      string // folder in which the large database stays; empty: none does
	only      string // pages and lists whose name contains it
	server    string // PostgreSQL on which databases may be created
	hasty     bool   // a server that does not wait for its disk will do: a test of this command
}

func parse(args []string) (options, error) {
	o := options{server: os.Getenv(dbtest.ServerEnv)}
	quick := false
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.repairs, "repairs", 1_000_000, "repairs in the large database")
	f.IntVar(&o.customers, "customers", 200_000, "customers in the large database")
	f.IntVar(&o.closed, "closed", 500_000, "closed matters in the month that the sampler draws from")
	f.DurationVar(&o.intake, "intake", 8*time.Second, "how long sixteen clients send intakes")
	f.DurationVar(&o.raw, "raw", 3*time.Second, "how long each limit of the machine is measured")
	f.IntVar(&o.pages, "pages", 300, "how often each page is asked for")
	f.StringVar(&o.dir, "dir", "", "folder on the disk to be measured; a temporary one by default")
	f.StringVar(&o.root, "root", ".", "the source tree")
	f.StringVar(&o.engines, "engines", "sqlite,postgres", "which engines, in this order")
	f.StringVar(&o.out, "out", "", "where the report goes; docs/performance.md by default, - for standard output")
	f.StringVar(&o.profile, "profile", "", "folder for CPU profiles of each engine's intake and pages")
	f.StringVar(&o.skip, "skip", "", "parts to leave out: raw, intake, survey, process, sampler, lists, pages")
	f.StringVar(&o.keep, "keep", "", "folder in which the large database stays, and on PostgreSQL a database of the server; used again when they are there")
	f.StringVar(&o.only, "only", "", "fill and ask for only the lists, and ask for only the pages, whose name contains this")
	f.BoolVar(&quick, "quick", false, "a short run with 20,000 repairs")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if quick { // what was asked for besides stays
		o.quick()
		if err := f.Parse(args); err != nil {
			return o, err
		}
	}
	if o.out == "" {
		o.out = filepath.Join(o.root, "docs", "performance.md")
	}
	return o, nil
}

func (o *options) quick() {
	o.repairs, o.customers, o.closed, o.intake, o.raw, o.pages = 20_000, 4_000, 20_000, time.Second, 300*time.Millisecond, 20
}

func (o options) skips(part string) bool { return strings.Contains(","+o.skip+",", ","+part+",") }

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures each engine and writes the report.
func run(ctx context.Context, o options) error {
	rep := report{options: o, began: time.Now(), machine: machine()}
	for name := range strings.SplitSeq(o.engines, ",") {
		fmt.Fprintln(os.Stderr, "==", name)
		f, err := measure(ctx, o, db.Engine(name))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		rep.engines = append(rep.engines, f)
		if err := rep.keep(); err != nil {
			return err
		}
	}
	if o.out == "-" {
		return rep.write(os.Stdout)
	}
	return nil
}

// keep writes what is measured so far: what fails on the next engine does not lose it.
func (r report) keep() error {
	if r.out == "-" {
		return nil
	}
	w, err := os.Create(r.out)
	if err != nil {
		return err
	}
	return errors.Join(r.write(w), w.Close())
}

// measure takes all figures of one engine, in a folder of its own that is gone afterwards.
func measure(ctx context.Context, o options, e db.Engine) (f figures, err error) {
	f.engine = e
	dir, err := os.MkdirTemp(o.dir, "huiyin-bench-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	b := bench{options: o, ctx: ctx, engine: e, dir: dir}
	defer func() { _ = b.drop(b.databases...) }()
	steps := []struct {
		part string
		run  func(*figures) error
	}{
		{"raw", b.limits},
		{"intake", b.intakes},
		{"survey", b.surveys},
		{"process", b.processes},
		{"sampler", b.sampler},
		{"lists", b.lists},
		{"pages", b.largePages},
	}
	for _, s := range steps {
		if o.skips(s.part) {
			continue
		}
		fmt.Fprintln(os.Stderr, "--", s.part)
		if err := s.run(&f); err != nil {
			return f, fmt.Errorf("%s: %w", s.part, err)
		}
	}
	return f, nil
}

// bench is the measurement of one engine.
type bench struct {
	options
	ctx       context.Context
	engine    db.Engine
	dir       string
	databases []string // on PostgreSQL, to be dropped
}

// fresh is an empty place: a data directory, and on PostgreSQL the URL of a database.
func (b *bench) fresh(name string) (dir, url string, err error) {
	dir = filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil || b.engine == db.SQLite {
		return dir, "", err
	}
	database := fmt.Sprintf("huiyin_bench_%d_%s", os.Getpid(), name)
	if url, err = b.create(database); err == nil {
		b.databases = append(b.databases, database)
	}
	return dir, url, err
}
