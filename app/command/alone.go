package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"huiyin/core"
)

// alone is the one place at a SQLite file: serve and restore take it, other commands run beside whoever holds it. It is a
// lock on a file beside the database, which the kernel gives back when the process ends, however it ends.
type alone struct {
	file *os.File
	held bool // false on PostgreSQL, and where the system or the file system knows no such lock
}

// alone takes the place, or refuses in words when another process has it.
func (w where) alone() (alone, error) {
	if w.DatabaseURL != "" {
		return alone{}, nil
	}
	if err := os.MkdirAll(w.Data, 0o700); err != nil {
		return alone{}, err
	}
	path := filepath.Join(w.Data, "huiyin.serve")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return alone{}, err
	}
	held, taken := lockFile(f)
	if taken {
		_ = f.Close()
		return alone{}, w.inUse(path)
	}
	if held { // whoever is refused reads who is here
		_ = f.Truncate(0)
		_, _ = fmt.Fprintln(f, os.Getpid())
	}
	return alone{f, held}, nil
}

func (w where) inUse(path string) error {
	pid := "?"
	if b, err := os.ReadFile(path); err == nil && len(b) > 0 {
		pid = strings.TrimSpace(string(b))
	}
	return core.Conflict("数据目录 %s 已有一个 huiyin 在用(进程 %s)。一个 SQLite 数据目录同时只能运行一个 serve:请先停下它,或用 --data 指定另一个目录;要多个节点请用 PostgreSQL(--database-url)",
		"The data directory %s is in use by another huiyin (process %s). One SQLite data directory takes one serve at a time: stop that one first, or name another directory with --data; for several nodes use PostgreSQL (--database-url)", w.Data, pid)
}

func (a alone) release() {
	if a.file != nil {
		_ = a.file.Close()
	}
}
