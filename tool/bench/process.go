package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiyin/db"
)

// processes measures the real binary: the import of the office's workbook, the time from its start to the first page,
// and what it holds in memory when nobody asks.
func (b *bench) processes(f *figures) error {
	binary := filepath.Join(b.dir, "huiyin")
	build := exec.CommandContext(b.ctx, "go", "build", "-ldflags", "-s -w", "-o", binary, ".")
	build.Dir = b.root
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	dir, at, err := b.fresh("process")
	if err != nil {
		return err
	}
	p := program{bench: b, binary: binary, dir: dir, url: at}
	begin := time.Now()
	if err := p.run("migrate"); err != nil {
		return err
	}
	f.migrate = time.Since(begin)
	begin = time.Now()
	if err := p.run("import", "--project", "Office", "--json", filepath.Join(b.root, "sheet", "testdata", "office.xlsx")); err != nil {
		return err
	}
	f.imported = time.Since(begin)
	var starts []time.Duration
	for range 5 {
		took, memory, err := p.start()
		if err != nil {
			return err
		}
		starts, f.memory = append(starts, took), memory
	}
	slices.Sort(starts)
	f.start, f.startWorst = starts[len(starts)/2], starts[len(starts)-1]
	return nil
}

type program struct {
	*bench
	binary, dir, url string
}

func (p program) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(p.ctx, p.binary, append(args, "--data", p.dir, "--log-level", "error")...)
	c.Env = append(os.Environ(), "HUIYIN_DATABASE_URL="+p.url)
	return c
}

func (p program) run(args ...string) error {
	var said bytes.Buffer
	c := p.command(args...)
	c.Stderr = &said
	if err := c.Run(); err != nil {
		return fmt.Errorf("huiyin %s: %w\n%s", args[0], err, tail(&said))
	}
	return nil
}

var listening = regexp.MustCompile(`http://[0-9.]+:[0-9]+`)

// start times the first page from the start of the process; then it asks for some pages, waits, and reads the memory.
func (p program) start() (took time.Duration, m memory, err error) {
	c := p.command("serve", "--addr", "127.0.0.1:0")
	said, err := c.StderrPipe()
	if err != nil {
		return 0, m, err
	}
	begin := time.Now()
	if err := c.Start(); err != nil {
		return 0, m, err
	}
	defer func() {
		_ = c.Process.Signal(os.Interrupt)
		err = errors.Join(err, c.Wait())
	}()
	base, err := address(said)
	if err == nil {
		err = ask(base + "/sign-in")
	}
	if err != nil {
		return 0, m, err
	}
	took = time.Since(begin)
	for range 50 {
		if err := ask(base + "/sign-in"); err != nil {
			return took, m, err
		}
	}
	time.Sleep(p.rest())
	m, err = memoryOf(c.Process.Pid)
	return took, m, err
}

// rest is how long a process idles before its memory is read.
func (p program) rest() time.Duration { return min(p.raw, 2*time.Second) }

func address(said io.Reader) (string, error) {
	sc := bufio.NewScanner(said)
	for sc.Scan() {
		if m := listening.FindString(sc.Text()); m != "" {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return m, nil
		}
	}
	return "", errors.New("serve ended before it listened")
}

// ask gets a page; an empty database sends to its set-up, which is a page too.
func ask(url string) error {
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", url, res.StatusCode)
	}
	return nil
}

// memory is a process's resident memory in bytes: all of it, and what is its own (not mapped from files).
type memory struct{ resident, own int64 }

func memoryOf(pid int) (m memory, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, err
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			m.resident = kb << 10
		case "RssAnon":
			m.own = kb << 10
		}
	}
	return m, nil
}

// sizeOf is what the data takes on disk.
func (s *site) sizeOf(b *bench) (int64, error) {
	if b.engine == db.SQLite {
		info, err := os.Stat(filepath.Join(s.dir, "huiyin.db"))
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	return s.value("select pg_database_size(current_database())")
}
