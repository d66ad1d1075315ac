// Package tool_test checks the scripts and the Makefile that the README sends people to.
package tool_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = ".."

// scripts are the shell scripts of the checkout.
func scripts(t *testing.T) []string {
	t.Helper()
	out := []string{filepath.Join(root, ".ci", "run")}
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".sh") {
			out = append(out, path)
		}
		return err
	})
	if err != nil || len(out) < 3 {
		t.Fatalf("scripts: %v, %v", out, err)
	}
	return out
}

func TestScriptsParse(t *testing.T) {
	for _, path := range scripts(t) {
		if out, err := exec.Command("bash", "-n", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o111 != 0o111 {
			t.Errorf("%s is not executable: %v", path, info.Mode())
		}
		if !strings.HasPrefix(read(t, path), "#!") {
			t.Errorf("%s does not say its interpreter", path)
		}
	}
}

// TestInstallRefusesWithoutRoot runs install.sh on a PATH without Chromium and pdftotext, as somebody who is not root.
func TestInstallRefusesWithoutRoot(t *testing.T) {
	bin, touched := t.TempDir(), filepath.Join(t.TempDir(), "apt")
	program(t, bin, "id", "echo 1000")
	program(t, bin, "apt-get", "touch "+touched)
	status, out := install(t, bin)
	if status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	for _, want := range []string{"chromium", "poppler-utils", "only root may install", "apt-get install"} {
		if !strings.Contains(out, want) {
			t.Errorf("the message does not say %q:\n%s", want, out)
		}
	}
	if _, err := os.Stat(touched); err == nil {
		t.Error("apt-get was started without being root")
	}
}

// TestInstallSaysWhatIsStillMissing: an apt-get that succeeds without installing is not believed.
func TestInstallSaysWhatIsStillMissing(t *testing.T) {
	bin, called := t.TempDir(), filepath.Join(t.TempDir(), "apt")
	program(t, bin, "id", "echo 0")
	program(t, bin, "apt-get", `echo "$DEBIAN_FRONTEND $*" >>`+called)
	for _, name := range []string{"mktemp", "rm", "tr", "tail"} {
		link(t, bin, name)
	}
	status, out := install(t, bin)
	if status != 1 || !strings.Contains(out, "still missing") || !strings.Contains(out, "chromium") {
		t.Errorf("exit status %d:\n%s", status, out)
	}
	if got := read(t, called); !strings.Contains(got, "noninteractive install -y") || !strings.Contains(got, "poppler-utils") {
		t.Errorf("apt-get was called with %q", got)
	}
}

func install(t *testing.T, path string) (status int, output string) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(bash, "install.sh")
	c.Env = []string{"PATH=" + path}
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

func program(t *testing.T, dir, name, body string) {
	t.Helper()
	text := "#!/bin/sh\nPATH=/usr/bin:/bin\n" + body + "\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, dir, name string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		err = os.Symlink(path, filepath.Join(dir, name))
	}
	if err != nil {
		t.Fatal(err)
	}
}

var target = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*?(## .*)?$`)

// targets are the Makefile's targets; those with a ## text are shown by `make`.
func targets(t *testing.T) (all, shown []string) {
	t.Helper()
	for _, m := range target.FindAllStringSubmatch(read(t, filepath.Join(root, "Makefile")), -1) {
		all = append(all, m[1])
		if m[2] != "" {
			shown = append(shown, m[1])
		}
	}
	return all, shown
}

func TestMakePrintsItsTargets(t *testing.T) {
	c := exec.Command("make")
	c.Dir = root
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	_, shown := targets(t)
	if !slices.Contains(shown, "run") || !slices.Contains(shown, "test") {
		t.Fatalf("targets: %v", shown)
	}
	for _, name := range shown {
		if !bytes.Contains(out, []byte("make "+name+" ")) {
			t.Errorf("make does not print %s", name)
		}
	}
}

// TestMakeNamesWhatExists: each script and each folder that the Makefile runs is there.
func TestMakeNamesWhatExists(t *testing.T) {
	named := regexp.MustCompile(`\b(tool/[\w-]+(?:/[\w-]+)*(?:\.sh)?)|\./(tool/\w+|e2e)\b`)
	for _, m := range named.FindAllStringSubmatch(read(t, filepath.Join(root, "Makefile")), -1) {
		path := filepath.Join(root, m[1]+m[2])
		if strings.HasSuffix(path, ".sh") {
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
			continue
		}
		if got, _ := filepath.Glob(filepath.Join(path, "*.go")); len(got) == 0 {
			t.Errorf("the Makefile runs %s, which has no Go file", path)
		}
	}
}

// TestDocumentsNameWhatExists: every `make x` that the documents tell people to type is a target.
func TestDocumentsNameWhatExists(t *testing.T) {
	all, _ := targets(t)
	typed := regexp.MustCompile("(?m)(?:`|^)make ([a-z0-9-]+)")
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "docs/style.md", ".ci/run"} {
		for _, m := range typed.FindAllStringSubmatch(read(t, filepath.Join(root, name)), -1) {
			if !slices.Contains(all, m[1]) {
				t.Errorf("%s tells people to type make %s, which is no target", name, m[1])
			}
		}
	}
}

// TestDocumentsLinkToWhatExists: a relative link in a document leads to a file.
func TestDocumentsLinkToWhatExists(t *testing.T) {
	links := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	files, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"docs/*.md", "docs/adr/*.md"} {
		more, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	for _, f := range files {
		for _, m := range links.FindAllStringSubmatch(read(t, f), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(f), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", f, m[1], err)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
