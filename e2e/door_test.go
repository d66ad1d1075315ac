package e2e

import (
	"context"
	"testing"

	"huiyin/core"
	"huiyin/db"
	office "huiyin/module/desk"
	"huiyin/testkit"
)

// TestAVisitorSendsARequestFromAPhone scans the poster, fills the form in without signing in, and reads how it stands.
func TestAVisitorSendsARequestFromAPhone(t *testing.T) {
	k := testkit.New(t, db.SQLite)
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
		_, err := office.OpenDoor(ctx, tx, office.DoorIn{Kind: office.DoorWeb})
		return err
	})
	boss := k.As(core.Supervisor)
	address := boss.Get(boss.P("door/"+k.Example("door").String())).OK(k).Document.Find("a[href^='/door/']").AttrOr("href", "")
	for _, lang := range []core.Lang{core.ZH, core.EN} {
		b := tab(k, site(k), phone)
		b.Open(address)
		if lang != core.ZH {
			b.Language(lang)
			b.Open(address)
		}
		b.Reads(core.T("网上诉求", "Online requests"), core.T("什么事", "What it is about"))
		b.Looks("door-" + string(lang))
		b.Choose("said", "repair")
		b.Type("content", "The tap drips")
		b.Type("name", "Ann Li")
		b.Type("phone", "13812342231")
		b.Press("main input[name=consent]")
		b.PressText(core.T("提交", "Send"))
		b.Reads(core.T("您的编号是", "Your number is"), core.T("已收到,客服会与您联系", "Received; the front desk will be in touch"))
		b.Looks("door-state-" + string(lang))
	}
}
