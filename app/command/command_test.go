package command_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huiyin/app/command"
	"huiyin/db"
)

const password = "correct horse battery 9\n"

var tidy = filepath.Join("..", "..", "sheet", "testdata", "tidy.xlsx")

// said is what one command wrote.
type said struct {
	status   int
	out, err string
}

// shell is a person with a data directory of their own, in English.
type shell struct {
	*testing.T
	data string
}

func newShell(t *testing.T) shell {
	t.Helper()
	for name, value := range map[string]string{"HUIYIN_LANG": "en", "HUIYIN_DATABASE_URL": "", "HUIYIN_LOG_LEVEL": "warn", db.KeysEnv: ""} {
		t.Setenv(name, value)
	}
	return shell{t, filepath.Join(t.TempDir(), "data")}
}

func (s shell) run(input string, args ...string) said {
	s.Helper()
	s.Setenv("HUIYIN_DATA", s.data)
	var out, err bytes.Buffer
	status := command.Main(args, strings.NewReader(input), &out, &err, "v9")
	return said{status, out.String(), err.String()}
}

// ok runs what must succeed, and returns its standard output.
func (s shell) ok(input string, args ...string) string {
	s.Helper()
	got := s.run(input, args...)
	if got.status != 0 {
		s.Fatalf("huiyin %s: status %d\n%s", strings.Join(args, " "), got.status, got.err)
	}
	return got.out
}

// refused runs what must end with status 1 and say so in these words, on standard error alone.
func (s shell) refused(words string, args ...string) {
	s.Helper()
	got := s.run(password, args...)
	if got.status != 1 || got.out != "" || !strings.Contains(got.err, words) {
		s.Errorf("huiyin %s: status %d, out %q\n%s\nwant 1 and the words %q", strings.Join(args, " "), got.status, got.out, got.err, words)
	}
}

func (s shell) file(name, content string) string {
	s.Helper()
	path := filepath.Join(s.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

func TestUsage(t *testing.T) {
	s := newShell(t)
	for _, line := range []string{"", "serve", "migrate", "user", "user add", "token", "token add", "import", "verify", "backup", "restore", "key", "key export", "key new", "key rotate", "key reseal", "version"} {
		got := s.run("", append(strings.Fields(line), "--help")...)
		if got.status != 0 || !strings.HasPrefix(got.out, "Usage: huiyin "+line) || got.err != "" {
			t.Errorf("huiyin %s --help: status %d, out %q, err %q", line, got.status, got.out, got.err)
		}
	}
	for _, line := range []string{"", "nonsense", "import", "import x.xlsx", "import --project P --bogus x.xlsx", "import --project P --json=maybe x.xlsx", "serve --log-level loud", "user add --login l", "backup", "key"} {
		if got := s.run("", strings.Fields(line)...); got.status != 2 || got.out != "" || got.err == "" {
			t.Errorf("huiyin %s: status %d, out %q, err %q; want 2 and a message", line, got.status, got.out, got.err)
		}
	}
	if got := s.ok("", "version"); got != "huiyin v9\n" {
		t.Errorf("version: %q", got)
	}
	if _, err := os.Stat(s.data); err == nil {
		t.Error("asking for help made the data directory")
	}
}

// imported is what a script reads; every name of it is promised.
type imported struct {
	Units      *int64 `json:"units"`
	Customers  *int64 `json:"customers"`
	Leases     *int64 `json:"leases"`
	Readings   *int64 `json:"readings"`
	ArrearsFen *int64 `json:"arrears_fen"`
	Matters    *int64 `json:"matters"`
	New        *int64 `json:"new"`
	Changed    *int64 `json:"changed"`
	Unchanged  *int64 `json:"unchanged"`
	Problems   []struct {
		Sheet, Column, Message string
		Row                    int
	} `json:"problems"`
}

func (s shell) imports(args ...string) (got imported) {
	s.Helper()
	out := s.ok("", append([]string{"import", "--project", "Tower", "--json"}, args...)...)
	d := json.NewDecoder(strings.NewReader(out))
	d.DisallowUnknownFields()
	if err := d.Decode(&got); err != nil || d.More() || got.Problems == nil {
		s.Fatalf("%v: standard output holds %q", err, out)
	}
	for _, n := range []*int64{got.Units, got.Customers, got.Leases, got.Readings, got.ArrearsFen, got.Matters, got.New, got.Changed, got.Unchanged} {
		if n == nil {
			s.Fatalf("a number is missing: %s", out)
		}
	}
	return got
}

func TestImport(t *testing.T) {
	s := newShell(t)
	s.refused("cannot be opened", "import", "--project", "Tower", "--json", "missing.xlsx")
	s.refused("is not a file", "import", "--project", "Tower", "--json", t.TempDir())
	s.refused("CSV", "import", "--project", "Tower", "--json", s.file("table.xlsx", "unit,area\nA0101,100\n"))
	if dry := s.imports("--dry-run", tidy); *dry.Units != 72 || *dry.New == 0 || *dry.ArrearsFen != 6399128 {
		t.Errorf("dry run: %d units, %d new, arrears %d", *dry.Units, *dry.New, *dry.ArrearsFen)
	}
	if got := s.run(password, "token", "add", "--login", "lin"); got.status != 1 {
		t.Errorf("a token for nobody: %+v", got)
	}
	first := s.imports(tidy)
	if *first.New == 0 || *first.Unchanged != 0 {
		t.Errorf("after a dry run and wrong files: %d new, %d unchanged; want everything new", *first.New, *first.Unchanged)
	}
	if again := s.imports(tidy); *again.New != 0 || *again.Changed != 0 || *again.Unchanged != *first.New {
		t.Errorf("the same file again: %d new, %d changed, %d unchanged", *again.New, *again.Changed, *again.Unchanged)
	}
	office := s.imports(filepath.Join("..", "..", "sheet", "testdata", "office.xlsx"))
	if len(office.Problems) == 0 || office.Problems[0].Sheet == "" || office.Problems[0].Row == 0 || office.Problems[0].Message == "" {
		t.Errorf("problem rows: %+v", office.Problems)
	}
	if got := s.run("", "import", "--project", "Tower", tidy); got.status != 0 || got.out != "" || !strings.Contains(got.err, "72 units") {
		t.Errorf("without --json: %+v", got)
	}
}

func TestAWrongFileMakesNoProject(t *testing.T) {
	s := newShell(t)
	s.refused("CSV", "import", "--project", "Tower", s.file("table.xlsx", "unit,area\n"))
	if got := s.ok("", "verify"); !strings.HasPrefix(got, "Checked 0 journal entries") {
		t.Errorf("somebody did something: %s", got)
	}
}

func TestUsersAndTokens(t *testing.T) {
	s := newShell(t)
	add := func(more ...string) []string {
		return append([]string{"user", "add", "--project", "Tower", "--password-stdin"}, more...)
	}
	s.ok(password, add("--login", "lin", "--role", "desk", "--role", "supervisor")...)
	s.refused("lin", add("--login", "lin", "--role", "desk")...)
	s.refused("nonsense", add("--login", "zhou", "--role", "nonsense")...)
	if got := s.run("short\n", add("--login", "zhou", "--role", "desk")...); got.status != 1 || !strings.Contains(got.err, "10") {
		t.Errorf("a short password: %+v", got)
	}
	if token := s.ok("", "token", "add", "--login", "lin", "--scope", "repair.view"); !strings.HasPrefix(token, "hy_") || strings.Count(token, "\n") != 1 {
		t.Errorf("token %q", token)
	}
	s.refused("nobody", "token", "add", "--login", "nobody")
	s.refused("nonsense.view", "token", "add", "--login", "lin", "--scope", "nonsense.view")
}

// takeKeys puts another data directory's keys in place, as an operator does before a restore.
func (s shell) takeKeys(from shell) {
	s.Helper()
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.data, "keys"), []byte(from.ok("", "key", "export")), 0o600); err != nil {
		s.Fatal(err)
	}
}

func TestBackupAndRestoreWithKeysApart(t *testing.T) {
	s := newShell(t)
	archive := filepath.Join(t.TempDir(), "firm.backup")
	for _, args := range [][]string{{"backup", archive}, {"verify"}, {"key", "rotate"}, {"key", "reseal"}, {"token", "add", "--login", "lin"}} {
		s.refused("is --data right?", args...)
	}
	s.refused("no keys", "key", "export")
	if _, err := os.Stat(s.data); err == nil {
		t.Error("a refused command made the data directory")
	}
	s.imports(tidy)
	s.ok("", "backup", archive)
	bare := shell{t, filepath.Join(t.TempDir(), "bare")}
	bare.refused(filepath.Join(bare.data, "keys"), "restore", archive)
	if _, err := os.Stat(bare.data); err == nil {
		t.Error("a refused restore made the data directory, and keys that would be in the way")
	}
	bare.takeKeys(s)
	bare.refused("damaged", "restore", s.file("cut.backup", "no archive"))
	bare.ok("", "restore", archive)
	bare.ok("", "verify")
	bare.refused("not empty", "restore", archive)
	if again := bare.imports(tidy); *again.New != 0 || *again.Unchanged == 0 {
		t.Errorf("after the restore: %d new, %d unchanged", *again.New, *again.Unchanged)
	}
}

func TestKeysAreRotated(t *testing.T) {
	s := newShell(t)
	s.imports(tidy)
	before := s.ok("", "key", "export")
	if got := s.run("", "key", "rotate"); got.status != 0 || got.out != "" {
		t.Fatalf("rotate: %+v", got)
	}
	after := s.ok("", "key", "export")
	if !strings.HasPrefix(after, before) || strings.Count(after, "\n") != strings.Count(before, "\n")+1 {
		t.Fatalf("%d keys before, %d after, the old ones first: %v", strings.Count(before, "\n"), strings.Count(after, "\n"), strings.HasPrefix(after, before))
	}
	if got := s.run("", "key", "reseal"); got.status != 0 || !strings.HasPrefix(got.err, "0 values") {
		t.Errorf("nothing is left to seal anew: %+v", got)
	}
	s.ok("", "verify")
	if again := s.imports(tidy); *again.New != 0 {
		t.Errorf("after the rotation %d rows are new: they are not recognised any more", *again.New)
	}
	if err := os.WriteFile(filepath.Join(s.data, "keys"), []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	s.refused("key k", "verify") // the file of before the rotation: the new key is missing
}

// Keys in the environment: the owner adds a line, and everything is sealed anew under it.
func TestKeysOfTheEnvironmentAreRenewed(t *testing.T) {
	s := newShell(t)
	old := s.ok("", "key", "new")
	s.Setenv(db.KeysEnv, old)
	s.imports(tidy)
	s.refused("huiyin key new", "key", "rotate")
	both := strings.TrimSpace(old) + "," + strings.TrimSpace(s.ok("", "key", "new"))
	s.Setenv(db.KeysEnv, both)
	if got := s.run("", "key", "reseal"); got.status != 0 || strings.HasPrefix(got.err, "0 values") {
		t.Errorf("reseal: %+v", got)
	}
	if got := s.run("", "key", "reseal"); got.status != 0 || !strings.HasPrefix(got.err, "0 values") {
		t.Errorf("reseal again: %+v", got)
	}
	s.ok("", "verify")
	if _, err := os.Stat(filepath.Join(s.data, "keys")); err == nil {
		t.Error("keys of the environment were written to the data directory")
	}
}
