package pack_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"

	"huiyin/core"
	"huiyin/regulation/pack"
)

type document struct {
	Doc     string    `yaml:"doc"`
	Title   core.Text `yaml:"title"`
	Version int       `yaml:"version"`
	Clauses []clause  `yaml:"clauses"`
}

type clause struct {
	ID       string    `yaml:"id"`
	Area     string    `yaml:"area"`
	Kind     string    `yaml:"kind"`
	Text     core.Text `yaml:"text"`
	Note     core.Text `yaml:"note"`
	Owner    string    `yaml:"owner"`
	Escalate string    `yaml:"escalate"`
	Ours     bool      `yaml:"ours"`
	Law      bool      `yaml:"law"`
	Calendar string    `yaml:"calendar"`
	Cites    []string  `yaml:"cites"`
	SameAs   string    `yaml:"same_as"`
	Numbers  []number  `yaml:"numbers"`
}

type number struct {
	Name    string        `yaml:"name"`
	Kind    string        `yaml:"kind"`
	Default string        `yaml:"default"`
	Min     string        `yaml:"min"`
	Max     string        `yaml:"max"`
	Choices []core.Choice `yaml:"choices"`
	Label   core.Text     `yaml:"label"`
}

// load parses every file strictly: a key that the format does not know, or a second document, fails.
func load(t *testing.T) []document {
	t.Helper()
	entries, err := pack.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var docs []document
	for _, e := range entries {
		raw, err := pack.Files.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		var d document
		dec := yaml.NewDecoder(bytes.NewReader(raw))
		dec.KnownFields(true)
		if err := dec.Decode(&d); err != nil {
			t.Fatalf("%s: %v", e.Name(), err)
		}
		if err := dec.Decode(&document{}); err != io.EOF {
			t.Errorf("%s holds more than one YAML document", e.Name())
		}
		if want := strings.ToUpper(strings.TrimSuffix(e.Name(), path.Ext(e.Name()))); d.Doc != want {
			t.Errorf("%s says doc %q", e.Name(), d.Doc)
		}
		docs = append(docs, d)
	}
	return docs
}

// clauses lists all clauses and fails on an id that stands twice or in another regulation's file.
func clauses(t *testing.T) map[string]clause {
	t.Helper()
	all := map[string]clause{}
	for _, d := range load(t) {
		for _, c := range d.Clauses {
			if _, twice := all[c.ID]; twice {
				t.Errorf("%s stands twice", c.ID)
			}
			if !strings.HasPrefix(c.ID, d.Doc) {
				t.Errorf("%s stands in the file of %s", c.ID, d.Doc)
			}
			all[c.ID] = c
		}
	}
	return all
}

func TestEveryClauseOfTheCatalogueIsThereOnce(t *testing.T) {
	raw, err := os.ReadFile("testdata/ids.txt")
	if err != nil {
		t.Fatal(err)
	}
	golden := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(golden) != 303 {
		t.Fatalf("the golden list has %d ids, want 303", len(golden))
	}
	all := clauses(t)
	for _, line := range golden {
		id, _, _ := strings.Cut(line, " ")
		c, ok := all[id]
		if !ok {
			t.Errorf("%s is missing", id)
			continue
		}
		if got := fmt.Sprintf("%s %s %s", c.ID, c.Area, c.Kind); got != line {
			t.Errorf("the pack says %q, the catalogue %q", got, line)
		}
		delete(all, id)
	}
	for id := range all {
		t.Errorf("%s is not in the catalogue", id)
	}
}

func TestFilesAreOneEditionOfSixDocuments(t *testing.T) {
	var names []string
	for _, d := range load(t) {
		names = append(names, d.Doc)
		checkText(t, d.Doc+" title", d.Title)
		if d.Version != 1 {
			t.Errorf("%s is version %d, want 1", d.Doc, d.Version)
		}
	}
	if got := strings.Join(names, ""); got != "ABCDEL" {
		t.Errorf("the documents are %s, want ABCDEL", got)
	}
}

// checkText wants both languages, Chinese in the Chinese and no Chinese letter or punctuation in the English.
func checkText(t *testing.T, where string, x core.Text) {
	t.Helper()
	if strings.TrimSpace(x.EN) == "" || !strings.ContainsFunc(x.ZH, isHan) {
		t.Errorf("%s: a language is missing in %+v", where, x)
	}
	if i := strings.IndexFunc(x.EN, isChinese); i >= 0 {
		t.Errorf("%s: Chinese in the English %q", where, x.EN)
	}
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

func isChinese(r rune) bool {
	return isHan(r) || r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xffef
}

func TestClausesAreComplete(t *testing.T) {
	staff := map[string]bool{}
	for _, r := range core.RoleNames() {
		staff[r.Value] = true
	}
	for _, outside := range []core.Role{core.Tenant, core.Owner, core.System} {
		delete(staff, string(outside)) // a duty belongs to the firm's people
	}
	for id, c := range clauses(t) {
		checkText(t, id, c.Text)
		if c.Note.Is() {
			checkText(t, id+" note", c.Note)
		}
		if !staff[c.Owner] || !staff[c.Escalate] || c.Owner == c.Escalate {
			t.Errorf("%s: owner %q and escalation %q must be two roles of the staff", id, c.Owner, c.Escalate)
		}
		if c.Law != (id[0] == 'L') {
			t.Errorf("%s: law is %v", id, c.Law)
		}
		if wantDesk := id == "B4.3"; (c.Calendar == "desk") != wantDesk || (c.Calendar == "") == wantDesk {
			t.Errorf("%s: calendar is %q", id, c.Calendar)
		}
	}
}

// Two texts that are the same word for word would be a slip of the translation.
func TestEnglishTextsDiffer(t *testing.T) {
	seen := map[string]string{}
	for id, c := range clauses(t) {
		if other, ok := seen[c.Text.EN]; ok {
			t.Errorf("%s and %s have the same English", id, other)
		}
		seen[c.Text.EN] = id
	}
}

// Partly the same: cited by the clause that is kept, but with a duty of their own besides.
var partly = []string{"C13.5", "E3.1"}

func TestCitationsPointBothWays(t *testing.T) {
	all := clauses(t)
	for id, c := range all {
		for _, other := range c.Cites {
			o, ok := all[other]
			if !ok || o.SameAs != id && !slices.Contains(partly, other) {
				t.Errorf("%s cites %s, which does not point back", id, other)
			}
		}
		if c.SameAs == "" {
			continue
		}
		kept, ok := all[c.SameAs]
		if !ok || kept.SameAs != "" || !slices.Contains(kept.Cites, id) {
			t.Errorf("%s is the same as %s, which does not cite it or is not kept itself", id, c.SameAs)
		}
	}
}

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9_]{1,30}$`)

func TestNumbersAreTypedAndInRange(t *testing.T) {
	for id, c := range clauses(t) {
		seen := map[string]bool{}
		for _, n := range c.Numbers {
			where := id + " " + n.Name
			if !nameShape.MatchString(n.Name) || seen[n.Name] {
				t.Errorf("%s: the name is malformed or stands twice", where)
			}
			seen[n.Name] = true
			checkText(t, where, n.Label)
			if err := checkRange(n); err != nil {
				t.Errorf("%s: %v", where, err)
			}
			for _, ch := range n.Choices {
				checkText(t, where+" "+ch.Value, ch.Label)
			}
		}
	}
}

func checkRange(n number) error {
	if n.Kind == "choice" {
		if n.Min != "" || n.Max != "" || len(n.Choices) < 2 {
			return fmt.Errorf("a choice has two choices or more and no range")
		}
		if !slices.ContainsFunc(n.Choices, func(c core.Choice) bool { return c.Value == n.Default }) {
			return fmt.Errorf("the default %q is none of the choices", n.Default)
		}
		return nil
	}
	if len(n.Choices) > 0 {
		return fmt.Errorf("only a choice has choices")
	}
	var rank [3]int
	for i, s := range []string{n.Min, n.Default, n.Max} {
		v, err := measure(n.Kind, s)
		if err != nil {
			return err
		}
		rank[i] = v
	}
	if rank[0] > rank[1] || rank[1] > rank[2] {
		return fmt.Errorf("%s is not within %s..%s", n.Default, n.Min, n.Max)
	}
	if n.Kind == "monthday" && (len(n.Min) == 5) != (len(n.Max) == 5) {
		return fmt.Errorf("%s..%s mixes days of the month and of the year", n.Min, n.Max)
	}
	return nil
}

// measure puts a value on a line on which values of its kind compare.
func measure(kind, s string) (int, error) {
	switch kind {
	case "span":
		sp, err := core.ParseSpan(s)
		return sp.N * map[core.Unit]int{core.Minutes: 1, core.Hours: 60, core.Days: 1440, core.Workdays: 1440}[sp.Unit], err
	case "monthday":
		return monthday(s)
	case "clock":
		at, err := time.Parse("15:04", s)
		return at.Hour()*60 + at.Minute(), err
	case "rate", "money", "count":
		v, err := strconv.Atoi(s)
		if err == nil && (v < 0 || kind == "rate" && v > 20000) {
			err = fmt.Errorf("%s %d is out of bounds", kind, v)
		}
		return v, err
	}
	return 0, fmt.Errorf("kind %q is unknown", kind)
}

// monthday ranks 1..31, then lastwd, then last; a day of the year as MMDD, which is above all of them.
func monthday(s string) (int, error) {
	switch s {
	case "lastwd":
		return 32, nil
	case "last":
		return 33, nil
	}
	if len(s) == 5 {
		at, err := time.Parse("01-02", s)
		return int(at.Month())*100 + at.Day(), err
	}
	v, err := strconv.Atoi(s)
	if err == nil && (v < 1 || v > 31) {
		err = fmt.Errorf("%d is no day of a month", v)
	}
	return v, err
}

// The numbers that code reads by name, with the regulation's values.
func TestNumbersThatCodeReads(t *testing.T) {
	all := clauses(t)
	for key, want := range map[string]string{
		"A3.2 term": "span 1wd", "A3.5 remind": "span 24h", "A3.5 summary": "span 3d", "B1.2 every": "span 365d",
		"B4.1 open": "clock 08:00", "B4.1 close": "clock 20:00", "B4.2 target": "rate 10000", "B4.3 term": "span 30min",
		"C1.5 term": "span 7d", "C3.2 lease": "span 3wd", "C3.2 repair": "span 1wd", "C11.1 term": "span 1wd",
		"C13.3 term": "span 24h", "C13.4 term": "span 24h", "C13.6 term": "span 15min", "C14.1 term": "span 3d",
		"C14.2 target": "rate 5000", "C14.3 target": "rate 3000", "C14.4 target": "rate 1000", "C15.2 term": "span 5wd",
		"C15.4 contacts": "count 2", "C17.1 tolerance": "span 10min", "C17.1 target": "rate 10000",
		"C17.4 day": "monthday last", "D1.7 term": "span 2wd", "D2.7 inside": "count 2", "D2.7 outside": "count 2",
		"D4.2 term": "span 15min", "D4.5 term": "span 3wd", "D4.7 day": "monthday 20", "D5.2 term": "span 3d",
		"D10.4 exam": "span 7d", "D10.4 evaluation": "span 3d", "D10.4 archive": "span 5d",
	} {
		id, name, _ := strings.Cut(key, " ")
		i := slices.IndexFunc(all[id].Numbers, func(n number) bool { return n.Name == name })
		if i < 0 {
			t.Errorf("%s is missing", key)
			continue
		}
		if n := all[id].Numbers[i]; n.Kind+" "+n.Default != want {
			t.Errorf("%s is %s %s, want %s", key, n.Kind, n.Default, want)
		}
	}
	for _, id := range []string{"C18.1", "D1.14"} {
		if len(all[id].Numbers) != 0 {
			t.Errorf("%s states no number", id)
		}
	}
}

// A clause with a time limit, or with a rate, has the number that sets it; C2.3 runs until the promised date instead.
func TestDeadlinesAndRatesHaveTheirNumber(t *testing.T) {
	for id, c := range clauses(t) {
		timed := func(n number) bool { return slices.Contains([]string{"span", "clock", "monthday"}, n.Kind) }
		rated := func(n number) bool { return n.Kind == "rate" || n.Kind == "count" }
		if c.Kind == "deadline" && id != "C2.3" && !slices.ContainsFunc(c.Numbers, timed) {
			t.Errorf("%s is a deadline without a time", id)
		}
		if c.Kind == "ratio" && !slices.ContainsFunc(c.Numbers, rated) {
			t.Errorf("%s is a ratio without a target", id)
		}
	}
}

// Clauses stand in the order of the document, so that a manager finds them: A2.10 after A2.9, the annexes last.
func TestClausesStandInOrder(t *testing.T) {
	for _, d := range load(t) {
		if !slices.IsSortedFunc(d.Clauses, func(a, b clause) int {
			return slices.Compare(place(a.ID), place(b.ID))
		}) {
			t.Errorf("the clauses of %s are out of order", d.Doc)
		}
	}
}

func place(id string) []int {
	chapter, item, _ := strings.Cut(id[1:], ".")
	if chapter == "X" {
		chapter = "1000"
	}
	c, err1 := strconv.Atoi(chapter)
	i, err2 := strconv.Atoi(cmp.Or(item, "0"))
	if err1 != nil || err2 != nil {
		return nil
	}
	return []int{c, i}
}

// The checks above can fail: a value outside its range, of an unknown kind or no choice at all is found.
func TestRangeCheckFindsMistakes(t *testing.T) {
	two := []core.Choice{{Value: "a"}, {Value: "b"}}
	for _, bad := range []number{
		{Kind: "span", Default: "3h", Min: "0min", Max: "2h"}, {Kind: "span", Default: "1month", Min: "1d", Max: "90d"},
		{Kind: "monthday", Default: "32", Min: "1", Max: "last"}, {Kind: "monthday", Default: "02-30", Min: "01-01", Max: "12-31"},
		{Kind: "monthday", Default: "12-31", Min: "1", Max: "last"}, {Kind: "clock", Default: "25:00", Min: "00:00", Max: "23:59"},
		{Kind: "rate", Default: "10001", Min: "0", Max: "10000"}, {Kind: "money", Default: "12.5", Min: "0", Max: "100"},
		{Kind: "count", Default: "2", Min: "", Max: "5"}, {Kind: "count", Default: "", Min: "0", Max: "5"},
		{Kind: "length", Default: "1", Min: "1", Max: "1"}, {Kind: "choice", Default: "c", Choices: two},
	} {
		if checkRange(bad) == nil {
			t.Errorf("%+v passed", bad)
		}
	}
}
