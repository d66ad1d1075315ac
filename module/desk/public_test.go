package desk_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/desk"
	"huiyin/module/estate"
	"huiyin/testkit"
)

func TestC19_11_APublicReplyIsReviewedByAnotherBeforeItIsSent(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		clerk, boss := k.As(core.Desk), k.As(core.Supervisor)
		id := take(k, url.Values{"channel": {desk.Public}, "content": {"论坛上问电梯为何这么慢"}})
		if m := get(k, id); m.Owner != k.Users[core.Desk] {
			k.Errorf("nobody follows it by name: %+v", m)
		}
		if p := clerk.Post(path(k, id, "answer"), url.Values{"text": {"本周检修"}}); p.Status != 403 || !p.Has("C19.11") {
			k.Errorf("answered in public without a review: %d", p.Status)
		}
		page := clerk.Submit(path(k, id, "draft"), map[string]string{"outlet": "forum", "reply": "本周检修,周六恢复"}).OK(k)
		reply := func(b *testkit.Browser, verb string, in url.Values) *testkit.Page {
			return b.Post(page.URL+"/"+verb, in)
		}
		if p := reply(clerk, "send", url.Values{"link": {"https://forum.example/9"}}); p.Status != 403 || !p.Has("C19.11") {
			k.Errorf("sent before the review: %d", p.Status)
		}
		if p := reply(clerk, "review", nil); p.Status != 403 || !p.Has("C19.11") {
			k.Errorf("reviewed by its writer: %d", p.Status)
		}
		reply(boss, "return", url.Values{"text": {"语气再缓和些"}}).OK(k)
		reply(clerk, "edit", url.Values{"text": {"抱歉久等,本周检修,周六恢复"}}).OK(k)
		reply(boss, "review", nil).OK(k)
		reply(clerk, "edit", url.Values{"text": {"悄悄改过的回复"}}).OK(k) // has to be reviewed anew
		if p := reply(clerk, "send", url.Values{"link": {"https://forum.example/9"}}); p.Status != 403 {
			k.Errorf("changed after the review, and sent: %d", p.Status)
		}
		reply(boss, "review", nil).OK(k)
		if p := reply(clerk, "send", url.Values{"link": {""}}); p.Status != 422 {
			k.Errorf("sent without a link or a picture: %d", p.Status)
		}
		reply(clerk, "send", url.Values{"link": {"https://forum.example/9"}}).OK(k)
		if m := get(k, id); m.State != desk.StateAnswered || m.Answer != "悄悄改过的回复" {
			k.Errorf("the matter is %s: %q", m.State, m.Answer)
		}
		k.Off("C19.11")
		id = take(k, url.Values{"channel": {desk.Public}})
		page = clerk.Submit(path(k, id, "draft"), map[string]string{"outlet": "site", "reply": "本周检修"}).OK(k)
		reply(clerk, "review", nil).OK(k)
		clerk.Submit(path(k, take(k, url.Values{"channel": {desk.Public}}), "answer"), map[string]string{"text": "本周检修"}).OK(k)
	})
}

func TestC19_12_TheTenantIsContactedBeforeWorkInTheUnit(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		var unit core.ID
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
			unit, err = estate.EnsureUnit(ctx, tx, "A1203", "desk")
			return err
		})
		b := k.As(core.Technician)
		plan := func() string {
			return b.Submit(b.P("entry/new"), map[string]string{"kind": "inspection", "unit": unit.String(), "what": "喷淋检查", "worker": "工程部", "from": later(k, 24*time.Hour)}).OK(k).URL
		}
		at := plan()
		if p := b.Post(at+"/begin", nil); p.Status != 403 || !p.Has("C19.12") {
			k.Errorf("begun without a word to the tenant: %d", p.Status)
		}
		b.Submit(at+"/contact", map[string]string{"who": "陈静", "how": "phone", "note": "明早九点"}).OK(k)
		b.Post(at+"/begin", nil).OK(k)
		b.Submit(at+"/finish", map[string]string{"text": "正常"}).OK(k)
		if p := b.Get(at).OK(k); !p.Has("明早九点") || !p.Has("陈静") {
			k.Errorf("the record of the contact: %s", p.Text("main"))
		}
		burst := plan()
		b.Submit(burst+"/emergency", map[string]string{"text": "水管爆裂"}).OK(k)
		if p := b.Get(burst); !p.Has("水管爆裂") || !p.Has("作业中") {
			k.Errorf("in an emergency: %s", p.Text("main"))
		}
		k.Off("C19.12")
		b.Post(plan()+"/begin", nil).OK(k)
	})
}

func TestScriptsInForceStandBesideTheIntakeForm(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		boss, clerk := k.As(core.Supervisor), k.As(core.Desk)
		page := boss.Submit(boss.P("script/new"), map[string]string{"title": "停电", "occasion": "问到停电", "say": "预计十一点恢复供电", "from": later(k, 0), "to": later(k, 2*time.Hour)}).OK(k)
		boss.Submit(boss.P("script/new"), map[string]string{"title": "明日停水", "occasion": "问到停水", "say": "明天停水两小时", "from": later(k, 20*time.Hour)}).OK(k)
		beside := func() *testkit.Page { return clerk.Get(clerk.P("desk/new")).OK(k) }
		if p := beside(); !p.Has("预计十一点恢复供电") || p.Has("明天停水两小时") {
			k.Errorf("during the outage: %s", p.Text("main"))
		}
		if p := boss.Submit(boss.P("script/new"), map[string]string{"title": "倒着", "occasion": "无", "say": "无", "from": later(k, time.Hour), "to": later(k, 0)}); p.Status != 422 {
			k.Errorf("it ends before it begins: %d", p.Status)
		}
		k.SetNow(k.Now().Add(21 * time.Hour))
		if p := beside(); p.Has("预计十一点恢复供电") || !p.Has("明天停水两小时") {
			k.Errorf("the day after: %s", p.Text("main"))
		}
		k.SetNow(k.Now().Add(-20 * time.Hour))
		boss.Post(page.URL+"/end", nil).OK(k)
		if p := beside(); p.Has("预计十一点恢复供电") {
			k.Error("ended, it is still said")
		}
		if p := clerk.Get(clerk.P("script/new")); p.Status != 403 {
			k.Errorf("the clerk writes scripts: %d", p.Status)
		}
	})
}
