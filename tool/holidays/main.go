// Command holidays turns the data of the npm package chinese-days (MIT, © 2024 Yawei sun) into calendar/holidays.txt:
// one line for each run of days that the State Council (国务院办公厅) made free, or made working days to make up for it.
//
// Run it by holidays.sh, once a year when the State Council has announced the next year (usually in November).
package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"time"
)

// days maps a date to "English,中文,n" where n is the number of statutory days of the holiday, which we do not need.
type days map[string]string

type source struct {
	Holidays, Workdays days
}

// run is one or more days on end with the same name.
type run struct{ from, to, day, zh, en string }

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: holidays chinese-days-x.y.z.tgz x.y.z > calendar/holidays.txt")
	}
	src, err := read(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := write(os.Stdout, src, os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

// read takes dist/chinese-days.json out of the package.
func read(path string) (src source, err error) {
	f, err := os.Open(path)
	if err != nil {
		return src, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return src, err
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return src, errors.New("no package/dist/chinese-days.json in " + path)
		}
		if err != nil {
			return src, err
		}
		if h.Name == "package/dist/chinese-days.json" {
			return src, json.NewDecoder(t).Decode(&src)
		}
	}
}

func write(w io.Writer, src source, version string) error {
	for date := range src.Holidays {
		if src.Workdays[date] != "" {
			return fmt.Errorf("%s is both free and a working day", date)
		}
	}
	runs, err := runsOf(src.Holidays, "off")
	if err != nil {
		return err
	}
	makeup, err := runsOf(src.Workdays, "work")
	if err != nil {
		return err
	}
	runs = append(runs, makeup...)
	slices.SortFunc(runs, func(a, b run) int { return strings.Compare(a.from, b.from) })
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Made by tool/holidays from npm chinese-days %s (MIT, see LICENSE-chinese-days). Do not edit.\n", version)
	fmt.Fprintln(b, "# first day, last day, off|work, name, name in English; separated by tabs")
	for _, r := range runs {
		fmt.Fprintf(b, "%s\t%s\t%s\t%s\t%s\n", r.from, r.to, r.day, r.zh, r.en)
	}
	return b.Flush()
}

func runsOf(all days, day string) ([]run, error) {
	dates := make([]string, 0, len(all))
	for date := range all {
		dates = append(dates, date)
	}
	slices.Sort(dates)
	var out []run
	for _, date := range dates {
		en, rest, _ := strings.Cut(all[date], ",")
		zh, _, ok := strings.Cut(rest, ",")
		t, err := time.Parse(time.DateOnly, date)
		if err != nil || !ok {
			return nil, fmt.Errorf("%s %q: not in the form expected", date, all[date])
		}
		before := t.AddDate(0, 0, -1).Format(time.DateOnly)
		if last := len(out) - 1; last >= 0 && out[last].to == before && out[last].zh == zh {
			out[last].to = date
			continue
		}
		out = append(out, run{date, date, day, zh, en})
	}
	return out, nil
}
