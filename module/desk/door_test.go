package desk_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/notify"
	"huiyin/testkit"
)

// stranger is a browser without a session.
func stranger(k *testkit.Kit) *testkit.Browser { return k.Browser(0) }

// opened is the address of a door that the supervisor opens, and its page.
func opened(k *testkit.Kit, kind string) (address, page string) {
	k.Helper()
	b := k.As(core.Supervisor)
	p := b.Submit(b.P("door/new"), map[string]string{"kind": kind}).OK(k)
	return doorOn(k, p), p.URL
}

func doorOn(k *testkit.Kit, p *testkit.Page) string {
	k.Helper()
	address := p.Document.Find("a[href^='/door/']").AttrOr("href", "")
	if len(address) != len("/door/")+22 {
		k.Fatalf("the door's address is %q: %s", address, p.Text("main"))
	}
	return address
}

// filled is an honest form.
func filled(more map[string]string) map[string]string {
	in := map[string]string{"said": "repair", "content": "洗手间水龙头滴水", "place": "A1203", "name": "陈静", "phone": "13800002231", "consent": "true"}
	for name, v := range more {
		in[name] = v
	}
	return in
}

func send(k *testkit.Kit, address string, more map[string]string) *testkit.Page {
	k.Helper()
	b := stranger(k)
	return b.SubmitForm(b.Get(address).OK(k), "form.form", filled(more))
}

func values(in map[string]string) url.Values {
	out := url.Values{}
	for name, v := range in {
		out.Set(name, v)
	}
	return out
}

func byDoor(k *testkit.Kit) int64 {
	return count(k, "desk_matter where channel in ('web', 'box')")
}

func photo(k *testkit.Kit, pad int) []byte {
	k.Helper()
	var b bytes.Buffer
	k.Must(png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))))
	return append(b.Bytes(), make([]byte, pad)...)
}

// matterOf is the desk's page of the matter whose number a state page shows.
func matterOf(k *testkit.Kit, p *testkit.Page) (id core.ID) {
	k.Helper()
	number := regexp.MustCompile(`SQ-\d{6}-\d{4,7}`).FindString(p.Text("main"))
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		id, err = db.Value[core.ID](ctx, tx, "select id from desk_matter where project_id = $1 and number = $2", k.Project.ID, number)
		return err
	})
	if id == 0 {
		k.Fatalf("no matter %q: %d %s", number, p.Status, p.Text("main"))
	}
	return id
}

func recordOf(k *testkit.Kit, id core.ID) string { return strings.TrimSuffix(path(k, id, ""), "/") }

// elsewhere is a browser at another node, whose door has counted nobody yet.
func elsewhere(k *testkit.Kit) *testkit.Browser { return stranger(k).On(k.Open()) }

// textsOn switches text messages on.
func textsOn(k *testkit.Kit) {
	k.Helper()
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		return notify.SetSMS(ctx, tx, notify.SMSSetting{On: true, Method: "POST", URL: "https://sms.example.com", Body: "p={phone}&t={text}"})
	})
}

func TestB4_3_APublicMessageBecomesAMatterThatOwesACall(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := huada(k)
		address, _ := opened(k, desk.DoorWeb)
		b := stranger(k)
		page := b.Get(address).OK(k)
		if !page.Has("网上诉求") || !page.Has("联合广场") || page.Document.Find(".rail, main script").Length() > 0 {
			k.Errorf("the page: %s", page.Text("body"))
		}
		b.Lang = core.EN
		if p := b.Get(address).OK(k); !p.Has("Online requests") || !p.Has("What it is about") || p.Has("什么事") {
			k.Errorf("in English: %s", p.Text("main"))
		}
		b.Lang = core.ZH
		form := testkit.FormValues(page.Find("form.form"))
		for name, v := range filled(nil) {
			form.Set(name, v)
		}
		p := b.Upload(address, form, []testkit.File{{Field: "photos", Name: "tap.png", Content: photo(k, 0)}}).OK(k)
		if !p.Has("您的编号是 SQ-") || !p.Has("已收到,客服会与您联系") || p.Has("华达") || p.Has("陈静") || p.Has("13800002231") {
			k.Errorf("what the sender sees: %s", p.Text("main"))
		}
		id := matterOf(k, p)
		m := get(k, id)
		if m.Channel != desk.DoorWeb || m.Kind != desk.Enquiry || m.Customer != who || m.Phone != "13800002231" || m.Contact != "陈静" || m.Owner != 0 || !strings.Contains(m.Content, "来件人说是:报修") {
			k.Errorf("the matter: %+v", m)
		}
		if ds := duties(k, id, "B4.3"); len(ds) != 1 || ds[0].State != duty.StateOpen || !ds[0].Due.Equal(m.Due) {
			k.Errorf("B4.3: %+v, due %s", ds, m.Due)
		}
		clerk := k.As(core.Desk)
		if p := clerk.Get(recordOf(k, id)).OK(k); !p.Has("tap.png") || !p.Has("公众来件") || !p.Has("同意处理个人信息") {
			k.Errorf("the desk's page: %s", p.Text("main"))
		}
		if p := clerk.Get(clerk.P("search?q=" + url.QueryEscape("水龙头"))).OK(k); !p.Has(m.Number) {
			k.Errorf("not found by its words: %s", p.Text("main"))
		}
		if n := count(k, "notify_message where role = 'desk' and ref_kind = 'desk'"); n != 1 {
			k.Errorf("the desk was told %d times", n)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			report, err := journal.Verify(ctx, tx, k.App.Lists.Tables)
			if len(report.Findings) > 0 {
				k.Errorf("the journal: %+v", report.Findings)
			}
			return err
		})
		k.Off("B4.3")
		if ds := duties(k, matterOf(k, send(k, address, map[string]string{"said": desk.Praise, "content": "保洁很好"}).OK(k)), "B4.3"); len(ds) != 0 {
			k.Errorf("switched off, it owes %+v", ds)
		}
	})
}

func TestWhatAMessageIsSaidToBeDecidesItsKind(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, _ := opened(k, desk.DoorWeb)
		for said, want := range map[string]string{"repair": desk.Enquiry, desk.Complaint: desk.Enquiry, desk.Enquiry: desk.Enquiry, desk.Suggestion: desk.Suggestion, desk.Praise: desk.Praise} {
			m := get(k, matterOf(k, send(k, address, map[string]string{"said": said}).OK(k)))
			if m.Kind != want || strings.Contains(m.Content, "来件人说是") != (said == "repair" || said == desk.Complaint) {
				k.Errorf("said to be %s: %s, %q", said, m.Kind, m.Content)
			}
		}
		if p := send(k, address, map[string]string{"said": desk.Emergency}); p.Status != 422 {
			k.Errorf("an emergency on paper: %d", p.Status)
		}
	})
}

func TestOneFormMakesOneMatterHoweverOftenItIsSent(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, _ := opened(k, desk.DoorWeb)
		form := testkit.FormValues(stranger(k).Get(address).OK(k).Find("form.form"))
		for name, v := range filled(nil) {
			form.Set(name, v)
		}
		var all sync.WaitGroup
		for range 4 { // a double click, and two
			all.Go(func() {
				if got := stranger(k).Once("POST", address, "application/x-www-form-urlencoded", form.Encode()); got != 303 {
					k.Errorf("%d", got)
				}
			})
		}
		all.Wait()
		first, again := stranger(k).Post(address, form).OK(k), stranger(k).Post(address, form).OK(k)
		if byDoor(k) != 1 || first.URL != again.URL {
			k.Fatalf("%d matters of one form; %s and %s", byDoor(k), first.URL, again.URL)
		}
		form.Set("content", "还有,灯也坏了") // back, and something else
		p := stranger(k).Post(address, form)
		if p.Status != 409 || !p.Has("已经提交过一次") || !p.Has("还有,灯也坏了") {
			k.Fatalf("another text by the same form: %d %s", p.Status, p.Text("main"))
		}
		stranger(k).SubmitForm(p, "form.form", nil).OK(k)
		if byDoor(k) != 2 {
			k.Errorf("sent once more: %d matters", byDoor(k))
		}
	})
}

func TestABadMessageIsRefusedInItsLanguageAndLosesNoWord(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, _ := opened(k, desk.DoorWeb)
		for what, c := range map[string]struct {
			change map[string]string
			zh, en string
		}{
			"no consent":      {map[string]string{"consent": ""}, "请勾选同意", "please tick that you agree"},
			"no name":         {map[string]string{"name": ""}, "请填写姓名", "Name is required"},
			"no number":       {map[string]string{"phone": ""}, "请填写电话", "Telephone is required"},
			"a bad number":    {map[string]string{"phone": "12"}, "不正确", "is not a telephone number"},
			"a bad address":   {map[string]string{"mail": "a@b@c"}, "邮箱地址不正确", "not an address such as"},
			"no such way":     {map[string]string{"tell": "pigeon"}, "pigeon", "pigeon"},
			"nothing to say":  {map[string]string{"said": ""}, "请填写什么事", "What it is about is required"},
			"too many words":  {map[string]string{"content": strings.Repeat("长", 2001)}, "2000", "2000"},
			"a control mark":  {map[string]string{"place": "A\x011"}, "控制字符", "control characters"},
			"a machine's own": {map[string]string{"website": "https://example.com"}, "再点一次", "once more"},
		} {
			b := elsewhere(k)
			for _, lang := range []core.Lang{core.ZH, core.EN} {
				want := c.zh
				b.Lang = lang
				if lang == core.EN {
					want = c.en
				}
				p := b.SubmitForm(b.Get(address).OK(k), "form.form", filled(c.change))
				if p.Status != 422 || !strings.Contains(p.Text("main"), want) {
					k.Errorf("%s in %s: %d %s", what, lang, p.Status, p.Text("main"))
				}
				if c.change["content"] == "" && p.Text("textarea") != "洗手间水龙头滴水" {
					k.Errorf("%s: the words are lost: %s", what, p.Text("main"))
				}
				if p.Find("input[name=website]").AttrOr("value", "") != "" || p.Find("div[hidden] input[name=website][tabindex='-1']").Length() != 1 {
					k.Errorf("%s: the trap is filled or in sight", what)
				}
			}
		}
		if byDoor(k) != 0 {
			k.Errorf("%d refused messages became matters", byDoor(k))
		}
	})
}

func TestAPhotoTooLargeCostsNoText(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, _ := opened(k, desk.DoorWeb)
		with := func(files ...testkit.File) *testkit.Page {
			return stranger(k).Upload(address, values(filled(nil)), files)
		}
		file := func(name string, content []byte) testkit.File {
			return testkit.File{Field: "photos", Name: name, Content: content}
		}
		for what, c := range map[string]struct {
			p      *testkit.Page
			status int
			says   string
		}{
			"eleven megabytes":     {with(file("a.png", photo(k, 11<<20))), 422, "“a.png”超过 10 MB"},
			"more than a form":     {with(file("a.png", photo(k, 9<<20)), file("b.png", photo(k, 30<<20))), 413, "您写的文字都还在"},
			"four photos":          {with(file("a.png", photo(k, 1)), file("b.png", photo(k, 2)), file("c.png", photo(k, 3)), file("d.png", photo(k, 4))), 422, "最多 3"},
			"no photo":             {with(file("a.txt", []byte("these are words only"))), 422, "不是照片"},
			"no photo by contents": {with(file("a.png", []byte("MZ\x01\x02\x03"))), 422, "a.png"},
		} {
			if c.p.Status != c.status || !c.p.Has(c.says) || c.p.Text("textarea") != "洗手间水龙头滴水" || c.p.Find("input[name=phone]").AttrOr("value", "") != "13800002231" || c.p.Find("input[name=consent][checked]").Length() != 1 {
				k.Errorf("%s: %d %s", what, c.p.Status, c.p.Text("main"))
			}
		}
		if byDoor(k) != 0 {
			k.Errorf("%d matters", byDoor(k))
		}
	})
}

func TestTheSuggestionBoxAsksForNoName(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, _ := opened(k, desk.DoorBox)
		nobody := map[string]string{"said": desk.Suggestion, "content": "大堂放几把椅子", "name": "", "phone": "", "place": "", "consent": ""}
		p := send(k, address, nobody).OK(k)
		m := get(k, matterOf(k, p))
		if m.Channel != desk.DoorBox || m.Kind != desk.Suggestion || m.Contact != "" || m.Phone != "" || m.Customer != 0 {
			k.Errorf("the matter: %+v", m)
		}
		nobody["phone"] = "13800002231"
		if p := send(k, address, nobody); p.Status != 422 || !p.Has("请勾选同意") {
			k.Errorf("a number without consent: %d", p.Status)
		}
	})
}

func TestACustomerIsRecognisedOnlyWhereItIsCertain(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		one := huada(k)
		address, _ := opened(k, desk.DoorWeb)
		if m := get(k, matterOf(k, send(k, address, nil).OK(k))); m.Customer != one {
			k.Errorf("one customer's own number: %+v", m)
		}
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
			_, err := customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: "华达贸易", Category: customer.Ordinary, Consent: "written",
				Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}}})
			return err
		})
		if m := get(k, matterOf(k, send(k, address, nil).OK(k))); m.Customer != 0 || m.Phone != "13800002231" {
			k.Errorf("a number of two customers: %+v", m)
		}
	})
}

func TestADoorOpensOnlyToItsCode(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		old, page := opened(k, desk.DoorWeb)
		boss := k.As(core.Supervisor)
		if p := boss.Submit(boss.P("door/new"), map[string]string{"kind": desk.DoorWeb}); p.Status != 409 {
			k.Errorf("a second door of the kind: %d", p.Status)
		}
		if p := k.As(core.Desk).Post(page+"/replace", url.Values{"text": {"换"}}); p.Status != 403 {
			k.Errorf("the clerk replaces the code: %d", p.Status)
		}
		if got := k.As(core.Desk).Answer(page + "/poster.pdf"); !strings.HasPrefix(got, "%PDF") || !strings.Contains(k.Paper([]byte(got)), old) {
			k.Error("the poster does not say the address")
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			hash, err := db.Value[string](ctx, tx, "select code_hash from desk_door where project_id = $1", k.Project.ID)
			if len(hash) != 64 || strings.Contains(hash, strings.TrimPrefix(old, "/door/")) {
				k.Errorf("kept: %q", hash)
			}
			return err
		})
		form := testkit.FormValues(stranger(k).Get(old).OK(k).Find("form.form"))
		now := doorOn(k, boss.Submit(page+"/replace", map[string]string{"text": "海报被撕走"}).OK(k))
		if p := stranger(k).Get(old); p.Status != 404 || !p.Has("已经更换") || now == old {
			k.Errorf("the old code: %d %s", p.Status, p.Text("main"))
		}
		for name, v := range filled(nil) {
			form.Set(name, v)
		}
		if p := stranger(k).Post(old, form); p.Status != 404 {
			k.Errorf("sent by the old code: %d", p.Status)
		}
		boss.Submit(page+"/off", map[string]string{"text": "节日期间"}).OK(k)
		if p := stranger(k).Get(now).OK(k); !p.Has("已经停用") || p.Find("form.form").Length() > 0 {
			k.Errorf("switched off: %s", p.Text("main"))
		}
		if p := stranger(k).Post(now, form); p.Status != 409 || !p.Has("已经停用") {
			k.Errorf("sent while it is off: %d", p.Status)
		}
		if byDoor(k) != 0 {
			k.Errorf("%d matters by closed doors", byDoor(k))
		}
		boss.Post(page+"/on", nil).OK(k)
		send(k, now, nil).OK(k)
	})
}

func TestGuessingADoorOrAStateIsSlowedDown(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, _ := opened(k, desk.DoorWeb)
		b, got := stranger(k), map[int]int{}
		for i := range 40 {
			got[b.Get([]string{"/door/AAAAAAAAAAAAAAAAAAAAAA", "/door/state/AAAAAAAAAAAAAAAAAAAAAA", "/door/x"}[i%3]).Status]++
		}
		if got[404] != 30 || got[429] != 10 {
			k.Errorf("answers: %v", got)
		}
		b.Get(address).OK(k) // whoever shares the address and holds a right code is served
	})
}

func TestAFloodIsHeldUp(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, _ := opened(k, desk.DoorWeb)
		got := map[int]int{}
		for range 14 {
			got[stranger(k).Once("POST", address, "application/x-www-form-urlencoded", values(filled(nil)).Encode())]++
		}
		if got[303] != 10 || got[429] != 4 || byDoor(k) != 10 {
			k.Errorf("of one address in a minute: %v, %d matters", got, byDoor(k))
		}
		if p := stranger(k).Post(address, values(filled(nil))); p.Status != 429 || p.Text("textarea") != "洗手间水龙头滴水" {
			k.Errorf("what was written is lost: %d %s", p.Status, p.Text("main"))
		}
		fill := func(n int, bytes int64) {
			k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
				door, err := db.Value[core.ID](ctx, tx, "select id from desk_door where project_id = $1", k.Project.ID)
				for i := 0; i < n && err == nil; i++ {
					id := tx.NewID()
					_, err = db.Exec(ctx, tx, `insert into desk_message (project_id, id, created_at, door_id, kind, day, form_key, print, token_hash, said, tell, lang, bytes)
						values ($1,$2,$3,$4,'web',$5,$6,'',$6,'praise','','zh',$7)`, k.Project.ID, id, core.Now(ctx), door, core.Today(ctx), id.String(), bytes)
				}
				return err
			})
		}
		fill(1, 300<<20)
		if p := elsewhere(k).Upload(address, values(filled(nil)), []testkit.File{{Field: "photos", Name: "a.png", Content: photo(k, 1)}}); p.Status != 422 || !p.Has("不带照片") {
			k.Errorf("the day's photos: %d %s", p.Status, p.Text("main"))
		}
		elsewhere(k).Post(address, values(filled(nil))).OK(k)
		fill(500, 0)
		if p := elsewhere(k).Post(address, values(filled(nil))); p.Status != 429 || !p.Has("请明天再提交") {
			k.Errorf("the day's messages: %d %s", p.Status, p.Text("main"))
		}
	})
}

func TestTheStatePageFollowsItsMatterAndShowsNothingElse(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, _ := opened(k, desk.DoorWeb)
		p := send(k, address, map[string]string{"said": desk.Enquiry, "content": "周末空调开吗"}).OK(k)
		id, own := matterOf(k, p), strings.TrimSuffix(p.URL, "?new=1")
		other := send(k, address, map[string]string{"content": "别人的秘密事"}).OK(k)
		clerk := k.As(core.Desk)
		shows := func(state string) *testkit.Page {
			k.Helper()
			p := stranger(k).Get(own).OK(k)
			if !p.Has(state) || p.Has("别人的秘密事") || p.Has("林敏") || p.Has("何海") || p.Has("陈静") || p.Has("13800002231") || p.Has(get(k, matterOf(k, other)).Number) {
				k.Errorf("%s: %s", state, p.Text("main"))
			}
			return p
		}
		shows("已收到")
		clerk.Submit(path(k, id, "contact"), map[string]string{"text": "与陈静说好,林敏跟进"}).OK(k)
		shows("已联系,正在安排")
		handed(k, id, core.Manager, testkit.Days(1))
		shows("正在办理")
		k.As(core.Manager).Post(path(k, id, "accept"), nil).OK(k)
		clerk.Submit(path(k, id, "answer"), map[string]string{"text": "周六开到六点"}).OK(k)
		if p := shows("已答复"); !p.Has("周六开到六点") {
			k.Errorf("the answer: %s", p.Text("main"))
		}
		clerk.Submit(path(k, id, "close"), map[string]string{"by": "陈静", "how": "phone"}).OK(k)
		shows("已办结")
		merged := send(k, address, map[string]string{"said": desk.Enquiry, "content": "同一件事"}).OK(k)
		into := take(k, nil)
		clerk.Submit(path(k, matterOf(k, merged), "merge"), map[string]string{"into": into.String(), "reason": "同一件"}).OK(k)
		clerk.Submit(path(k, into, "answer"), map[string]string{"text": "给别人的答复"}).OK(k)
		if p := stranger(k).Get(merged.URL).OK(k); !p.Has("已答复") || p.Has("给别人的答复") || p.Has(get(k, into).Number) {
			k.Errorf("merged: %s", p.Text("main"))
		}
		wrong := send(k, address, map[string]string{"said": "repair", "content": "水龙头滴水"}).OK(k)
		if !wrong.Has("水龙头滴水") {
			k.Errorf("what was written is not shown: %s", wrong.Text("main"))
		}
		turn(k, core.Desk, matterOf(k, wrong), map[string]string{"kind": "repair", "content": "内部:疑似私改管道"}).OK(k)
		if p := stranger(k).Get(wrong.URL).OK(k); !p.Has("正在办理") || !p.Has("我们按此办理") || p.Has("私改") {
			k.Errorf("the desk's own words are shown: %s", p.Text("main"))
		}
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
			return desk.Void(ctx, tx, matterOf(k, other), "重复", false)
		})
		if p := stranger(k).Get(other.URL).OK(k); !p.Has("没有受理") || p.Has("重复") {
			k.Errorf("voided: %s", p.Text("main"))
		}
	})
}

func TestAMessageStaysInItsProject(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, page := opened(k, desk.DoorWeb)
		p := send(k, address, nil).OK(k)
		b := k.Browser(k.Others[core.Manager])
		if list := b.Get("/p/" + k.Other.Code + "/desk").OK(k); list.Has("水龙头") {
			k.Error("the other project lists it")
		}
		for _, path := range []string{page, page + "/poster.pdf", recordOf(k, matterOf(k, p)), strings.Replace(page, k.Project.Code, k.Other.Code, 1), strings.Replace(page, k.Project.Code, k.Other.Code, 1) + "/poster.pdf"} {
			if got := b.Get(path).Status; got != 404 {
				k.Errorf("%s from the other project: %d", path, got)
			}
		}
		other := b.Submit("/p/"+k.Other.Code+"/door/new", map[string]string{"kind": desk.DoorWeb})
		if other.Status == 403 {
			other = k.Browser(k.Others[core.Supervisor]).Submit("/p/"+k.Other.Code+"/door/new", map[string]string{"kind": desk.DoorWeb})
		}
		if there := stranger(k).Get(doorOn(k, other.OK(k))).OK(k); there.Has("联合广场") || !there.Has("别处大厦") {
			k.Errorf("the other project's page: %s", there.Text("main"))
		}
	})
}

func TestTheProgressIsSentWhereItIsWantedAndNobodyIsFlooded(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := huada(k)
		textsOn(k)
		address, _ := opened(k, desk.DoorWeb)
		sent := func(id core.ID) int64 {
			return count(k, "notify_outbox where template = 'desk.progress' and ref_id = "+id.String())
		}
		id := matterOf(k, send(k, address, map[string]string{"tell": desk.TellSMS}).OK(k))
		if sent(id) != 1 {
			k.Errorf("%d texts with the number", sent(id))
		}
		clerk := k.As(core.Desk)
		clerk.Submit(path(k, id, "contact"), map[string]string{"text": "下午去"}).OK(k)
		clerk.Submit(path(k, id, "progress"), map[string]string{"text": "还在等配件"})
		if sent(id) != 2 {
			k.Errorf("%d texts after the contact", sent(id))
		}
		quiet := matterOf(k, send(k, address, map[string]string{"tell": ""}).OK(k))
		own := matterOf(k, send(k, address, map[string]string{"tell": desk.TellOwn}).OK(k))
		third := matterOf(k, send(k, address, map[string]string{"tell": desk.TellSMS}).OK(k))
		fourth := matterOf(k, send(k, address, map[string]string{"tell": desk.TellSMS}).OK(k))
		if sent(quiet) != 0 || sent(own) != 1 || sent(third) != 1 || sent(fourth) != 0 {
			k.Errorf("sent: %d to who wants none, %d as on file, %d and then %d", sent(quiet), sent(own), sent(third), sent(fourth))
		}
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error { return desk.Erase(ctx, tx, k.Project.ID, who) })
		if n := count(k, "desk_message where (mail <> '' or reach <> '' or tell <> '')"); n != 0 {
			k.Errorf("%d messages still say where an erased customer is reached (L5)", n)
		}
	})
}
