package core_test

import (
	"testing"

	"huiyin/core"
)

func TestCheckUSCC(t *testing.T) {
	// Published codes of well-known firms.
	for _, good := range []string{"91440300708461136T", "91330100799655058B", " 9144 0300-708461136t "} {
		if err := core.CheckUSCC(good); err != nil {
			t.Errorf("CheckUSCC(%q) = %v, want nil", good, err)
		}
	}
	for _, bad := range []string{"", "91440300708461136A", "9144030070846113", "91440300708461136I", "9144030070846113中T"} {
		if core.CheckUSCC(bad) == nil {
			t.Errorf("CheckUSCC(%q) = nil, want an error", bad)
		}
	}
}

func TestUSCCCheckFindsEverySingleWrongCharacter(t *testing.T) {
	const good = "91440300708461136T"
	for i := range good {
		for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
			s := good[:i] + string(c) + good[i+1:]
			if s != good && core.CheckUSCC(s) == nil {
				t.Errorf("%q passes though character %d is wrong", s, i+1)
			}
		}
	}
}

func TestCheckResidentID(t *testing.T) {
	// The example of GB 11643-1999 and the old form of the same.
	for _, good := range []string{"11010519491231002X", "11010519491231002x", "440524188001010014", "110105491231002"} {
		if err := core.CheckResidentID(good); err != nil {
			t.Errorf("CheckResidentID(%q) = %v, want nil", good, err)
		}
	}
	for _, bad := range []string{"", "110105194912310021", "11010519490231002X", "11010519491231002", "110105490231002", "1101051949123100中X"} {
		if core.CheckResidentID(bad) == nil {
			t.Errorf("CheckResidentID(%q) = nil, want an error", bad)
		}
	}
}

func TestKindOfID(t *testing.T) {
	for in, want := range map[string]string{
		"91440300708461136T": "uscc", "913301065M16XDJRNC": "uscc", "911100001000013428": "uscc",
		"430102197108156710": "resident", "32010219630703154X": "resident", "110105491231002": "resident",
		"E12345678": "passport", "EA1234567": "passport", "": "other", "440301103482365": "other", "未提供": "other",
	} {
		if got := core.KindOfID(in); got != want {
			t.Errorf("KindOfID(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNormalPhone(t *testing.T) {
	for in, want := range map[string]core.Phone{
		"13886069977": "13886069977", "138-8606-9977": "13886069977", " +86 138 8606 9977": "13886069977",
		"１３８８６０６９９７７": "13886069977", "8613886069977": "13886069977", "013886069977": "13886069977",
		"0755-83456789": "075583456789", "(0755)83456789": "075583456789", "010 83456789": "01083456789",
		"+86 755 83456789": "075583456789", "0755-83456789-802": "075583456789-802", "0755-83456789转802": "075583456789-802",
		"83456789": "83456789", "400-820-8820": "4008208820", "+852 2345 6789": "+85223456789", "95588": "95588", "110": "110",
	} {
		got, ok := core.NormalPhone(in)
		if !ok || got != want {
			t.Errorf("NormalPhone(%q) = %q, %v, want %q", in, got, ok, want)
		}
		if again, ok := core.NormalPhone(string(got)); !ok || again != got {
			t.Errorf("NormalPhone(%q) is not stable: %q", got, again)
		}
	}
	for _, bad := range []string{"", "张三", "1388606997", "138860699771", "12886069977", "99999", "2026.10.31", "+86 123"} {
		if got, ok := core.NormalPhone(bad); ok {
			t.Errorf("NormalPhone(%q) = %q, want no number", bad, got)
		}
	}
}

func TestFullToHalf(t *testing.T) {
	if got := core.FullToHalf("Ａ１２０３（元）：，　￥９"); got != "A1203(元):, ¥9" {
		t.Errorf("FullToHalf = %q", got)
	}
}
