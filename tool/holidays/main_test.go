package main

import (
	"strings"
	"testing"
)

func TestDaysBecomeRuns(t *testing.T) {
	var out strings.Builder
	err := write(&out, source{
		Holidays: days{"2026-02-28": "Spring Festival,春节,4", "2026-03-01": "Spring Festival,春节,4", "2026-03-03": "Spring Festival,春节,4", "2026-03-04": "Labour Day,劳动节,2"},
		Workdays: days{"2026-03-02": "Spring Festival,春节,4"},
	}, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	want := "2026-02-28\t2026-03-01\toff\t春节\tSpring Festival\n2026-03-02\t2026-03-02\twork\t春节\tSpring Festival\n" +
		"2026-03-03\t2026-03-03\toff\t春节\tSpring Festival\n2026-03-04\t2026-03-04\toff\t劳动节\tLabour Day\n"
	if !strings.HasSuffix(out.String(), "tabs\n"+want) || !strings.Contains(out.String(), "1.2.3") {
		t.Errorf("got:\n%s", &out)
	}
}

func TestDataThatContradictsItselfIsRefused(t *testing.T) {
	for _, bad := range []source{
		{Holidays: days{"2026-03-01": "A,甲,1"}, Workdays: days{"2026-03-01": "A,甲,1"}},
		{Holidays: days{"2026-03-32": "A,甲,1"}},
		{Workdays: days{"2026-03-01": "A"}},
	} {
		if err := write(&strings.Builder{}, bad, "1"); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
