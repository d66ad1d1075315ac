package e2e

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// TestOneServerPerFile: a second serve on a SQLite directory is refused in words, with status 1, and so is a restore into
// it; when the first is killed the place is free at once.
func TestOneServerPerFile(t *testing.T) {
	t.Parallel()
	p := empty(t, db.SQLite)
	p.addUser("lin", core.Desk)
	archive := filepath.Join(t.TempDir(), "one.backup")
	p.run("", "backup", archive)
	n := p.serve()
	for lang, words := range map[string]string{"zh": "已有一个 huiyin 在用", "en": "is in use by another huiyin"} {
		for _, args := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"restore", archive}} {
			c := p.command(args...)
			c.Env = append(c.Env, "HUIYIN_LANG="+lang)
			out, err := c.CombinedOutput()
			var ended *exec.ExitError
			if !errors.As(err, &ended) || ended.ExitCode() != 1 || !strings.Contains(string(out), words) {
				t.Errorf("a second %s: %v\n%s\nwant status 1 and %q", args[0], err, out, words)
			}
		}
	}
	if _, err := n.signIn("lin"); err != nil {
		t.Errorf("the first server, after the others were refused: %v", err)
	}
	n.kill()
	p.serve().stop()
	p.serve().stop() // and after a polite end
}

// TestKillDuringAJob: kill -9 while a job runs. On SQLite the next server is the only one, and goes on with the job at
// once instead of waiting for the end of the dead one's claim.
func TestKillDuringAJob(t *testing.T) {
	t.Parallel()
	p := empty(t, db.SQLite)
	p.addUser("lin", core.Desk, core.Supervisor)
	n := p.serve()
	u, err := n.signIn("lin")
	if err != nil {
		t.Fatal(err)
	}
	u.upload(t, filepath.Join("..", "sheet", "testdata", "office.xlsx"))
	reader := p.reader()
	defer reader.Close() //nolint:errcheck // only read
	running := func() (n int) {
		_ = reader.QueryRow("select count(*) from job_job where state = 'running' and due_at > $1", time.Now().Add(time.Minute).UnixMicro()).Scan(&n)
		return n
	}
	until(t, "the job that reads the workbook", func() bool { return running() == 1 })
	n.kill()
	if running() != 1 {
		t.Fatal("the job ended before the server was killed: this proves nothing")
	}
	start := time.Now()
	n = p.serve()
	until(t, "the job, taken by the next server", func() bool {
		var tries int
		err := reader.QueryRow("select max(tries) from job_job").Scan(&tries)
		return err == nil && tries == 2
	})
	if took := time.Since(start); took > 45*time.Second {
		t.Errorf("the next server took the job after %v", took)
	}
	p.staged()
	n.stop()
}

// TestTwoServersOfOneFolderOnPostgres: the lock is SQLite's alone; nodes on PostgreSQL may share a data directory.
func TestTwoServersOfOneFolderOnPostgres(t *testing.T) {
	t.Parallel()
	p := empty(t, db.Postgres)
	a, b := p.serve(), p.serve()
	b.stop()
	a.stop()
}
