package dbtest

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is where databases can be created. It holds on to the process: were that forgotten, its input would be closed
// by the garbage collector, and the server would stop.
type server struct {
	url string
	cmd *exec.Cmd
}

// findServer returns the server that HUIYIN_TEST_PG names, or starts a private one.
func findServer() (server, error) {
	if given := os.Getenv(ServerEnv); given != "" {
		if _, err := url.Parse(given); err != nil {
			return server{}, fmt.Errorf("%s is not a URL: %w", ServerEnv, err)
		}
		return server{url: given}, ping(given, 10*time.Second)
	}
	bin, err := binaries()
	if err != nil {
		return server{}, err
	}
	who, err := credential()
	if err != nil {
		return server{}, err
	}
	return startServer(bin, who)
}

// binaries finds the folder of initdb: the newest version that Debian's layout holds, or what PATH says.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well formed
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) > 0 {
		return filepath.Dir(found[0]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("initdb is neither under /usr/lib/postgresql nor in PATH")
	}
	return filepath.Dir(path), nil
}

func version(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

// credential is who runs the server: ourselves, or user postgres when we are root, whom PostgreSQL refuses.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL refuses root, and %w", err)
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
}

// supervise runs the server until its standard input ends, which it does when the test process is gone in whatever
// way, and then removes the folder.
const supervise = `"$1/postgres" -D "$2/data" -k "$2" -h "" -F -c synchronous_commit=off -c full_page_writes=off \
	-c max_connections=400 -c shared_buffers=256MB -c autovacuum=on -c max_wal_size=4GB >"$2/log" 2>&1 &
pid=$!
cat >/dev/null
kill -QUIT $pid
wait $pid
rm -rf "$2"`

func startServer(bin string, who *syscall.Credential) (server, error) {
	dir, err := os.MkdirTemp("", "huiyin-pg-")
	if err != nil {
		return server{}, err
	}
	if who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			return server{}, err
		}
	}
	data := filepath.Join(dir, "data")
	initdb := as(who, dir, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return server{}, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	run := as(who, dir, "/bin/sh", "-c", supervise, "sh", bin, dir)
	if _, err := run.StdinPipe(); err != nil { // stays open as long as this process lives
		return server{}, err
	}
	if err := run.Start(); err != nil {
		return server{}, err
	}
	at := "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)
	if err := ping(at, 30*time.Second); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return server{}, fmt.Errorf("the server does not answer: %w\n%s", err, log)
	}
	return server{at, run}, ours(at, data)
}

func as(who *syscall.Credential, dir, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setsid: true} // ^C must not end it before its clean-up
	return c
}

func ping(at string, patience time.Duration) error {
	c, err := sql.Open("pgx", at)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // nothing to save
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if err = c.Ping(); err == nil || time.Now().After(end) {
			return err
		}
	}
}

// ours makes sure that the server which answers is the one just started, before anything is created on it.
func ours(at, data string) error {
	c, err := sql.Open("pgx", at)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // nothing to save
	var dir string
	if err := c.QueryRow("show data_directory").Scan(&dir); err != nil {
		return err
	}
	if strings.TrimSuffix(dir, "/") != data {
		return fmt.Errorf("another server answers, with its data in %s", dir)
	}
	return nil
}
