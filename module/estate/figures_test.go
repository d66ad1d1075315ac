package estate

import (
	"testing"

	"github.com/govalues/decimal"
)

// TestTheLetRateLeavesOwnUseOut: 出租率 is of the area that can be let; what its owner uses, and what is only being
// fitted out, is not let.
func TestTheLetRateLeavesOwnUseOut(t *testing.T) {
	unit := func(state, area string) Unit { return Unit{State: state, Area: decimal.MustParse(area)} }
	for want, units := range map[string][]Unit{
		"62.5%":  {unit(Let, "250"), unit(Free, "100"), unit(Fitout, "50"), unit(Own, "4000")},
		"100%":   {unit(Let, "80.25"), unit(Own, "10")},
		"0%":     {unit(Fitout, "60"), unit(Free, "40")},
		"33.33%": {unit(Let, "1"), unit(Free, "2")},
		"—":      {unit(Own, "300")},
	} {
		if got := letRate(units); got != want {
			t.Errorf("%v: %s, want %s", units, got, want)
		}
	}
}

func TestVacantUnitsAreCountedByNumberAndArea(t *testing.T) {
	f := figures([]Unit{{State: Free, Area: decimal.MustParse("120.5")}, {State: Free, Area: decimal.MustParse("79.5")}, {State: Let, Area: decimal.MustParse("10")}})
	if f[0].Value != "3" || f[2].Value != "200.0 ㎡" || f[3].Value != "2" || f[3].Tone == "" {
		t.Errorf("%+v", f)
	}
	if f := figures([]Unit{{State: Let}}); f[3].Tone != "" {
		t.Error("no vacant unit is marked as a warning")
	}
}
