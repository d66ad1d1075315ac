package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"huiyin/db"
)

// rate is how often something was done and how long it took.
type rate struct {
	perSecond float64
	count     int
	p50, p95  time.Duration
}

type visited struct {
	page
	rate
	size int // bytes of the last answer, not compressed
}

// figures are all measurements on one engine.
type figures struct {
	engine                  db.Engine
	commits, inserts, reads float64 // a second: the machine's limits
	intake                  rate
	survey                  rate          // answers to a survey on the public page
	floor                   float64       // the rows of one intake a commit, by the bare engine, a second
	floorShared             float64       // those of as many intakes a commit as there are clients
	floorPlain              float64       // the same into tables without any index
	intakeCPU               time.Duration // of clients and server together, a repair; PostgreSQL's own is not in it
	lists                   []listed
	complaints              rate          // intake of complaints, in the same way
	complaintCPU            time.Duration // of one
	statements              []string      // of one intake, without session, idempotency key and journal lane
	pages                   []visited
	load                    time.Duration
	size                    int64
	migrate, imported       time.Duration
	start, startWorst       time.Duration
	memory                  memory
	sampler                 drawn
}

type report struct {
	options
	began   time.Time
	machine string
	engines []figures
}

// machine says what was measured on, without naming it.
func machine() string {
	cpu := "unknown CPU"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s/%s, %s, load average %s at the start", cpu, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), load())
}

func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// Targets of the figures that have one.
const (
	intakeTarget = 0.5
	surveyTarget = 500 // answers a second
	importTarget = 3 * time.Second
	startTarget  = 300 * time.Millisecond
	memoryTarget = 80 << 20
	drawTarget   = 2 * time.Second
)

// write writes the report. Every figure stands beside the machine's own limit of the same run.
func (r report) write(w io.Writer) error {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# Performance\n")
	p("Written by `make bench` (`tool/bench`) on %s. Every figure stands beside the machine's own limit, measured in the same run on the same disk; read the ratios, not the absolute numbers.\n", r.began.UTC().Format("2006-01-02 15:04 UTC"))
	p("- Machine: %s; %s at the end.", r.machine, load())
	p("- Data: %s repairs and %s customers in one project; each repair with its matter, duty, journal entry and search row, over %d years, one in %d open; one in %d brings a complaint with its term.", thousands(r.repairs), thousands(r.customers), years, openShare, complained)
	p("- Durable: SQLite WAL with `synchronous=FULL`; PostgreSQL with `fsync`, `synchronous_commit` and `full_page_writes` on.")
	p("- Clients and server share the machine's cores; pages are whole HTTP requests over loopback, with session, right and the shell around them, asked one after another.")
	for _, f := range r.engines {
		r.engine(p, f)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r report) engine(p func(string, ...any), f figures) {
	name := map[db.Engine]string{db.SQLite: "SQLite", db.Postgres: "PostgreSQL"}[f.engine]
	p("\n## %s\n\n### The machine's limits\n", name)
	p("| One connection, bare engine | per second |\n|---|---:|")
	p("| single-row durable commits | %s |\n| rows inserted in bulk | %s |\n| point reads by key | %s |", thousands(int(f.commits)), thousands(int(f.inserts)), thousands(int(f.reads)))
	if f.intake.count > 0 {
		r.intakeTable(p, f)
	}
	if f.survey.count > 0 {
		p("\n### Answers to a survey\n\nWhole answers of eleven questions over HTTP from %d clients for %v, each by its token on the public page, checked, stored in a row of its own and journalled, durable.\n", clients, r.intake)
		p("| | measured | target | |\n|---|---:|---:|---|\n| answers a second | **%.0f** | %d | %s |\n| time of one, p50 / p95 | %s / %s | | |", f.survey.perSecond, surveyTarget, met(f.survey.perSecond >= surveyTarget), ms(f.survey.p50), ms(f.survey.p95))
	}
	if len(f.pages) > 0 {
		r.pageTable(p, f)
	}
	if f.sampler.took > 0 {
		p("\n### The monthly draw of follow-ups\n\n| | measured | target | |\n|---|---:|---:|---|")
		p("| %s drawn of %s closed matters, spread over floors and customers, median of %d | %s | %s | %s |", thousands(f.sampler.chosen), thousands(f.sampler.matters), draws, ms(f.sampler.took), ms(drawTarget), met(f.sampler.took <= drawTarget))
	}
	if len(f.lists) > 0 {
		r.listTable(p, f)
	}
	if f.start > 0 {
		p("\n### The process\n\n| | measured | target | |\n|---|---:|---:|---|")
		p("| `huiyin migrate`, empty database | %s | | |", ms(f.migrate))
		p("| `huiyin import office.xlsx`, whole process | %s | %s | %s |", ms(f.imported), ms(importTarget), met(f.imported <= importTarget))
		p("| process start to first page, median of 5 (worst %s) | %s | %s | %s |", ms(f.startWorst), ms(f.start), ms(startTarget), met(f.start <= startTarget))
		p("| idle memory, resident (of it %d MB its own, the rest mapped from files) | %d MB | %d MB | %s |", f.memory.own>>20, f.memory.resident>>20, memoryTarget>>20, met(f.memory.resident <= memoryTarget))
	}
}

// listLimit is what a list's p95 should keep to.
const listLimit = 20 * time.Millisecond

func (r report) listTable(p func(string, ...any), f figures) {
	p("\n### Lists of the other registers\n\nThe demo's records, each table multiplied to some %s rows; a table that may hold a record only once a month or a customer keeps what it can. First page of the list, as it opens and for all states.\n", thousands(r.repairs))
	p("| List | rows | p50 | p95 | in raw point reads | target p95 | |\n|---|---:|---:|---:|---:|---:|---|")
	for _, l := range f.lists {
		p("| %s | %s | %s | %s | %.0f | %s | %s |", l.name, thousands(int(l.rows)), ms(l.p50), ms(l.p95), l.p50.Seconds()*f.reads, ms(listLimit), met(l.p95 <= listLimit))
	}
}

func (r report) intakeTable(p func(string, ...any), f figures) {
	p("\n### Intake\n\nComplete repairs over HTTP from %d clients for %v: session, right, idempotency key, matter, repair, number series, duty, notice, journal chain and search row, durable.\n", clients, r.intake)
	p("| | measured | target | |\n|---|---:|---:|---|")
	ratio := f.intake.perSecond / f.commits
	p("| repairs a second | %.0f | | |", f.intake.perSecond)
	p("| of raw single-row durable commits | **%.2f** | %.2f | %s |", ratio, intakeTarget, met(ratio >= intakeTarget))
	p("| the bare engine alone, writing one intake's rows and indexes a commit on one connection | %.0f | | |", f.floor)
	p("| … with the rows of %d intakes in one commit | %.0f | | |", clients, f.floorShared)
	p("| … %d in one commit, into tables without any key, index or search word | %.0f | | |", clients, f.floorPlain)
	p("| intakes over HTTP, of the bare engine's with one intake a commit / with %d | %.2f / %.2f | | |", clients, f.intake.perSecond/f.floor, f.intake.perSecond/f.floorShared)
	p("| time of one intake, p50 / p95 | %s / %s | | |", ms(f.intake.p50), ms(f.intake.p95))
	p("| processor time of one intake, client and server together%s | %s | | |", map[db.Engine]string{db.Postgres: " (PostgreSQL's own not counted)"}[f.engine], ms(f.intakeCPU))
	taken := f.complaints.perSecond / f.commits
	p("| complaints a second (their ladder of terms, severity by rule, notices) | %.0f | | |", f.complaints.perSecond)
	p("| … of raw single-row durable commits | **%.2f** | %.2f | %s |", taken, intakeTarget, met(taken >= intakeTarget))
	p("| … of the repairs' rate / p95 / processor time of one | %.2f / %s / %s | | |", f.complaints.perSecond/f.intake.perSecond, ms(f.complaints.p95), ms(f.complaintCPU))
	p("| statements of one intake, the journal's among them | %d | | |", len(f.statements))
	p("\nA raw commit writes one row; an intake writes ten with their index entries. The bare engine's rows say what this disk and engine do with the same rows when nothing else is done, without HTTP, session or rules: sharing one commit among all %d clients, it reaches %.2f of raw commits with the schema's indexes and %.2f with none. %s", clients,
		f.floorShared/f.commits, f.floorPlain/f.commits, reach(f))
	p("\n<details><summary>The statements of one intake</summary>\n\n```sql")
	for _, s := range f.statements {
		if len(s) > 150 {
			s = s[:150] + " …"
		}
		p("%s", strings.ToValidUTF8(s, ""))
	}
	p("```\n\n</details>")
}

// reach says what the figures mean for the target: what an intake may cost there, and what it costs.
func reach(f figures) string {
	const second = float64(time.Second)
	may := time.Duration(float64(runtime.NumCPU()) * second / (intakeTarget * f.commits))
	rows := time.Duration(second / f.floorShared)
	said := fmt.Sprintf("At the target an intake may cost %s of processor time, on all %d cores together; its rows alone take the bare engine %s in the largest commits, the whole of it took %s.", ms3(may), runtime.NumCPU(), ms3(rows), ms3(f.intakeCPU))
	if may < f.intakeCPU {
		said += " So it is out of reach here: a commit costs so little on this disk that the processor, and not the commit, is the limit. Where a flush costs milliseconds the ratio rises, since intakes share flushes and raw commits cannot."
	}
	return said
}

// ms3 writes a short time to the microsecond.
func ms3(d time.Duration) string { return fmt.Sprintf("%.3f ms", float64(d.Microseconds())/1000) }

func (r report) pageTable(p func(string, ...any), f figures) {
	p("\n### Pages at %s repairs and %s customers\n", thousands(r.repairs), thousands(r.customers))
	p("Loaded in %v (%s rows a second with their indexes and search rows); %s on disk.\n", f.load.Round(time.Second),
		thousands(int(float64(5*r.repairs+7*r.customers)/max(f.load.Seconds(), 0.001))), fmt.Sprintf("%.1f GB", float64(f.size)/1e9))
	p("| Page | p50 | p95 | in raw point reads | target p95 | |\n|---|---:|---:|---:|---:|---|")
	for _, v := range f.pages {
		p("| %s | %s | %s | %.0f | %s | %s |", v.name, ms(v.p50), ms(v.p95), v.p50.Seconds()*f.reads, ms(v.limit), met(v.p95 <= v.limit))
	}
}

func met(ok bool) string {
	if ok {
		return "met"
	}
	return "**missed**"
}

func ms(d time.Duration) string {
	if d >= 10*time.Millisecond {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

// thousands writes 1000000 as 1,000,000.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
