package i18n_test

import (
	"testing"

	"huiyin/core"
	"huiyin/i18n"
)

func TestNegotiate(t *testing.T) {
	for _, c := range []struct {
		chosen, accept string
		want           core.Lang
	}{
		{"en", "zh-CN,zh;q=0.9", core.EN}, {"zh", "en", core.ZH}, {"", "en-GB,en;q=0.8", core.EN}, {"", "fr-FR, de;q=0.7, en;q=0.5", core.EN},
		{"", "zh-TW,en;q=0.5", core.ZH}, {"", "", core.ZH}, {"xx", "fr", core.ZH}, {"<script>", "", core.ZH},
	} {
		if got := i18n.Negotiate(c.chosen, c.accept); got != c.want {
			t.Errorf("Negotiate(%q, %q) = %s, want %s", c.chosen, c.accept, got, c.want)
		}
	}
}

func TestOfEnvironment(t *testing.T) {
	for env, want := range map[string]core.Lang{"zh_CN.UTF-8": core.ZH, "en_GB.UTF-8": core.EN, "C.UTF-8": core.EN, "": core.ZH} {
		if got := i18n.OfEnvironment(func(name string) string {
			if name == "LANG" {
				return env
			}
			return ""
		}); got != want {
			t.Errorf("LANG=%s: %s, want %s", env, got, want)
		}
	}
}
