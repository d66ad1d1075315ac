package survey_test

import (
	"bytes"
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/survey"
	"huiyin/testkit"
)

// nobody is a customer's browser: no session.
func nobody(k *testkit.Kit) *testkit.Browser { return k.Browser(0) }

func form(in map[string][]string) url.Values { return url.Values(in) }

func TestTokensAreUnguessableAndOnlyTheirHashesAreKept(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 6, false)
		all := tokens(k, id)
		seen := map[string]bool{}
		for _, token := range all {
			if len(token) != 22 || seen[token] {
				k.Errorf("token %q", token)
			}
			seen[token] = true
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			rows, err := db.Values[string](ctx, tx, "select token_hash from survey_invite where project_id = $1", k.Project.ID)
			for _, h := range rows {
				if len(h) != 64 || slices.ContainsFunc(all, func(t string) bool { return strings.Contains(h, t) }) {
					k.Errorf("kept: %q", h)
				}
			}
			return err
		})
		if !slices.Equal(all, tokens(k, id)) {
			k.Error("a slip printed twice names two links")
		}
	})
}

func TestOneAnswerAToken(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 3, false)
		token := tokens(k, id)[0]
		b := nobody(k)
		page := b.Get("/s/" + token).OK(k)
		if !page.Has("前台态度") || !page.Has("处理效率:报修") || page.Has("商户甲") || page.Document.Find(".rail, script:not([src])").Length() > 0 {
			k.Errorf("the page: %s", page.Text("body"))
		}
		b.Lang = core.EN
		if page := b.Get("/s/" + token).OK(k); !page.Has("Attitude of the desk") || page.Has("前台态度") || !page.Has("Very satisfied") {
			k.Errorf("in English: %s", page.Text("main"))
		}
		b.Lang = core.ZH
		if p := b.Post("/s/"+token, form(answer("3", "5"))).OK(k); !p.Has("已收到您的答卷") {
			k.Errorf("thanks: %s", p.Text("main"))
		}
		if p := b.Get("/s/" + token).OK(k); p.Document.Find("input[name=q1][value='3'][checked]").Length() != 1 || !p.Has("再次提交会替换") {
			k.Errorf("the answer is not shown again: %s", p.Text("main"))
		}
		b.Post("/s/"+token, form(answer("5", "10"))).OK(k) // a change of mind
		end(k, id)
		r := get(k, id)
		if f := r.Figures; f.Answered != 1 || f.Invited != 3 || f.Dimension(survey.Attitude).Score != (survey.Score{N: 1, Good: 1, Sum: 5}) {
			k.Errorf("figures: %+v", f)
		}
		if p := b.Get("/s/" + token).OK(k); !p.Has("已经结束") || p.Document.Find("form.form").Length() > 0 {
			k.Errorf("after the end: %s", p.Text("main"))
		}
		if p := b.Post("/s/"+token, form(answer("1", "0"))); p.Status != 409 || !p.Has("不再收答卷") {
			k.Errorf("after the end: %d", p.Status)
		}
	})
}

func TestTwoSubmissionsAtOnceAreOneAnswer(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 2, false)
		token := tokens(k, id)[0]
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if p := nobody(k).Once("POST", "/s/"+token, "application/x-www-form-urlencoded", form(answer([]string{"1", "5"}[i%2], "9")).Encode()); p != 303 {
					k.Errorf("%d", p)
				}
			})
		}
		all.Wait()
		k.Read(func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int64](ctx, tx, "select count(*) from survey_answer where project_id = $1", k.Project.ID)
			if n != 1 {
				k.Errorf("%d answers of one token", n)
			}
			return err
		})
	})
}

func TestBadAnswersAreRefusedWithAWord(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 2, false)
		token := tokens(k, id)[0]
		for name, c := range map[string]struct {
			in     url.Values
			status int
			says   string
		}{
			"nothing":            {url.Values{}, 422, "请回答"},
			"required left out":  {url.Values{"q3": {"5"}}, 422, "请回答:前台态度"},
			"a rating too high":  {url.Values{"q1": {"6"}}, 422, "没有这个选项"},
			"a rating too low":   {url.Values{"q1": {"0"}}, 422, "没有这个选项"},
			"no number":          {url.Values{"q1": {"很好"}}, 422, "没有这个选项"},
			"a number in guise":  {url.Values{"q1": {"+5"}}, 422, "没有这个选项"},
			"two ratings":        {url.Values{"q1": {"4", "5"}}, 422, "只能填一个"},
			"no such option":     {url.Values{"q1": {"5"}, "q4": {"3"}}, 422, "没有这个选项"},
			"an option twice":    {url.Values{"q1": {"5"}, "q5": {"1", "1"}}, 422, "没有这个选项"},
			"beyond ten":         {url.Values{"q1": {"5"}, "q6": {"11"}}, 422, "没有这个选项"},
			"a question unknown": {url.Values{"q1": {"5"}, "q99": {"1"}}, 422, "没有这一项"},
			"an item unknown":    {url.Values{"q1": {"5"}, "q2.3": {"1"}}, 422, "没有这一项"},
			"too many words":     {url.Values{"q1": {"5"}, "q7": {strings.Repeat("长", 1001)}}, 422, "最多 1000 个字"},
			"broken characters":  {url.Values{"q1": {"5"}, "q7": {"\xff\xfe"}}, 422, "无法识别的字符"},
			"control characters": {url.Values{"q1": {"5"}, "q7": {"a\x00b"}}, 422, "无法识别的字符"},
			"oversized":          {url.Values{"q1": {"5"}, "q7": {strings.Repeat("x", 200_000)}}, 413, "内容太大"},
		} {
			p := nobody(k).Post("/s/"+token, c.in)
			if p.Status != c.status || !p.Has(c.says) {
				k.Errorf("%s: %d %s", name, p.Status, p.Text("main"))
			}
		}
		kept := nobody(k).Post("/s/"+token, url.Values{"q3": {"4"}, "q7": {"电梯太慢"}})
		if !kept.Has("电梯太慢") || kept.Document.Find("input[name=q3][value='4'][checked]").Length() != 1 {
			k.Errorf("what was filled in is lost: %s", kept.Text("main"))
		}
		if script := nobody(k).Post("/s/"+token, url.Values{"q7": {"<script>alert(1)</script>"}}); script.Has("<script>alert") {
			k.Error("a script came back as it was")
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int64](ctx, tx, "select count(*) from survey_answer where project_id = $1", k.Project.ID)
			if n != 0 {
				k.Errorf("%d bad answers were kept", n)
			}
			return err
		})
		for _, method := range []string{"application/json", "text/plain"} {
			if got := nobody(k).Once("POST", "/s/"+token, method, "{}"); got != 422 {
				k.Errorf("%s: %d", method, got)
			}
		}
	})
}

func TestGuessingALinkIsSlowedDown(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 2, false)
		b, statuses := nobody(k), map[int]int{}
		for range 40 {
			statuses[b.Get("/s/AAAAAAAAAAAAAAAAAAAAAA").Status]++
		}
		if statuses[404] != 30 || statuses[429] != 10 {
			k.Errorf("answers: %v", statuses)
		}
		b.Get("/s/" + tokens(k, id)[0]).OK(k) // whoever shares the address and holds a right link is served
	})
}

func TestATokenMaySubmitOftenButNotWithoutEnd(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		token := tokens(k, launched(k, 2, false))[0]
		got := map[int]int{}
		for range 25 {
			got[nobody(k).Once("POST", "/s/"+token, "application/x-www-form-urlencoded", form(answer("5", "9")).Encode())]++
		}
		if got[303] != 20 || got[429] != 5 {
			k.Errorf("answers: %v", got)
		}
	})
}

func TestAnonymousAnswersNameNobody(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 6, true)
		all := tokens(k, id)
		few := func() string {
			m, a := k.As(core.Manager), k.Token(core.Manager)
			return m.Answer(m.P("survey/"+id.String()+"/answers")) + m.Answer(m.P("survey/"+id.String()+"/results")) + string(a.API("GET", "surveys/"+id.String()+"/answers", nil).Body)
		}
		for i, token := range all[:2] {
			in := answer("5", "9")
			in["q7"] = []string{"独特的意见" + string(rune('一'+i))}
			nobody(k).Post("/s/"+token, form(in)).OK(k)
		}
		if strings.Contains(few(), "独特的意见") {
			k.Error("two answers are shown one by one")
		}
		for _, token := range all[2:5] {
			nobody(k).Post("/s/"+token, form(answer("2", "3"))).OK(k)
		}
		body := few()
		if !strings.Contains(body, "独特的意见") {
			k.Error("five answers are not listed")
		}
		m := k.As(core.Manager)
		for _, page := range []string{"", "/results", "/answers", "/answers?question=1&value=5", "/invites", "/report.xlsx"} {
			body += m.Answer(m.P("survey/" + id.String() + page))
		}
		for _, leak := range []string{">商户甲<", "A0101", "customer\":\"", "已答</"} {
			if at := strings.Index(strings.ReplaceAll(body, m.Answer(m.P("survey/"+id.String()+"/invites")), ""), leak); at >= 0 {
				k.Errorf("%q is told: …%s…", leak, body[max(0, at-80):at])
			}
		}
		if strings.Contains(m.Answer(m.P("survey/"+id.String()+"/invites")), "未答") {
			k.Error("the list of invitations tells who has answered")
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int64](ctx, tx, "select count(*) from survey_answer where project_id = $1 and invite_id is not null", k.Project.ID)
			if n != 0 {
				k.Errorf("%d answers name their invitation", n)
			}
			return err
		})
		if p := nobody(k).Get("/s/" + all[0]); p.Has("独特的意见") {
			k.Error("the link shows an anonymous answer to whoever holds it")
		}
		if r := m.Get(m.P("survey/" + id.String())).OK(k); r.Text("#response") == "" || !r.Has("83") { // 5 of 6
			k.Errorf("the response: %s", r.Text("#response"))
		}
	})
}

func TestResultsLeadToTheirAnswers(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 4, false)
		for i, token := range tokens(k, id) {
			in := answer([]string{"5", "5", "2", "4"}[i], "10")
			if i == 2 {
				in["q7"] = []string{"维修太慢"}
			}
			nobody(k).Post("/s/"+token, form(in)).OK(k)
		}
		end(k, id)
		m := k.As(core.Manager)
		p := m.Get(m.P("survey/" + id.String() + "/results")).OK(k)
		if !p.Has("75%") && !p.Has("75.00%") && !p.Has("75.0%") || p.Document.Find("figure.chart[data-chart]").Length() < 2 || p.Document.Find("figure.chart table").Length() < 2 {
			k.Errorf("results: %s", p.Text("main"))
		}
		link, _ := p.Document.Find("a[href*='value=2'][href*='question=1&']").First().Attr("href")
		if link == "" {
			link, _ = p.Document.Find("a[href*='value=2']").First().Attr("href")
		}
		one := m.Get(link).OK(k)
		if one.Document.Find("tbody tr").Length() != 1 || !one.Has("维修太慢") || !one.Has("商户") {
			k.Errorf("behind the figure: %s", one.Text("main"))
		}
		low := m.Get(m.P("survey/" + id.String() + "/answers?dimension=attitude&low=1")).OK(k)
		if low.Document.Find("tbody tr").Length() != 1 {
			k.Errorf("the dissatisfied: %s", low.Text("main"))
		}
		at := m.P("survey/" + id.String())
		checkPaper(k, m.Answer(at+"/report.pdf"), "目标85%服务态度75%服务效率75%", "各楼栋满意率A座100%B座50%", "5分很满意50%4分满意25%", "2.处理效率报修75%投诉75%") // of four ratings two are 5, one is 4
		checkWorkbook(k, m.Answer(at+"/report.xlsx"), 2)
		again := prepared(k, arranged(questionnaire(k, survey.Satisfaction, full())))
		k.Must(launch(k, again))
		for _, token := range tokens(k, again) {
			nobody(k).Post("/s/"+token, form(answer("5", "10"))).OK(k)
		}
		end(k, again)
		at = m.P("survey/" + again.String())
		checkPaper(k, m.Answer(at+"/report.pdf"), "满意率与上次比较本次上次目标85%", "历次趋势服务态度服务效率服务质量回收率", "50%25%0%2026-11-182026-11-18")
		checkWorkbook(k, m.Answer(at+"/report.xlsx"), 3)
		m.Get(at + "/results?lang=en").OK(k)
		figures := k.Token(core.Manager).API("GET", "surveys/"+id.String()+"/results", nil).OK(k).JSON()
		if f, _ := figures["figures"].(map[string]any); f["answered"] != float64(4) {
			k.Errorf("the API's figures: %v", figures["figures"])
		}
		for _, role := range []core.Role{core.Desk, core.Technician, core.Guard} {
			if got := k.As(role).Once("GET", m.P("survey/"+id.String()+"/results"), "", ""); got != 403 {
				k.Errorf("%s sees results: %d", role, got)
			}
		}
	})
}

// checkPaper reads a report: each of these must stand in it as a chart writes it, its label straight before its figure.
func checkPaper(k *testkit.Kit, pdf string, want ...string) {
	k.Helper()
	text := k.Paper([]byte(pdf))
	for _, w := range want {
		if !strings.Contains(text, w) {
			k.Errorf("the paper lacks %q:\n%s", w, text)
		}
	}
}

// checkWorkbook counts the native charts of a workbook.
func checkWorkbook(k *testkit.Kit, xlsx string, charts int) {
	k.Helper()
	if n := k.Charts([]byte(xlsx)); n != charts {
		k.Errorf("the workbook has %d charts, want %d", n, charts)
	}
}

func TestSlipsCarryACodeForEachUnit(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		id := launched(k, 5, false)
		d := k.As(core.Desk)
		if got := d.Answer(d.P("survey/" + id.String() + "/slips.pdf")); !strings.HasPrefix(got, "%PDF") || bytes.Count([]byte(got), []byte("/Subtype /Image"))+bytes.Count([]byte(got), []byte("/Subtype/Image")) < 5 {
			k.Errorf("slips: %d bytes", len(got))
		}
		p := d.Get(d.P("survey/" + id.String() + "/invites")).OK(k)
		if p.Document.Find("a[href^='/s/']").Length() != 5 || !p.Has("未答") {
			k.Errorf("invitations: %s", p.Text("main"))
		}
	})
}

func TestAStoryThroughTheBrowser(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		settle(k, k.Project, 4)
		s, m := k.As(core.Supervisor), k.As(core.Manager)
		p := s.Submit(s.P("survey-plan/new"), map[string]string{"owner": me(k, core.Quality).String(), "objective": "了解客户"}).OK(k)
		s.SubmitForm(p, "form[action$='/submit']", nil).OK(k)
		approveAll(k, "survey-plan", k.Example("survey-plan"))
		s.Submit(s.P("questionnaire/new"), map[string]string{"kind": "satisfaction", "title": "年度调查", "title_en": "Annual"}).OK(k)
		at := s.P("questionnaire/" + k.Example("questionnaire").String())
		for _, q := range []map[string]string{{"kind": "rating", "dimension": "attitude", "text": "态度", "text_en": "Attitude", "required": "true"}, {"kind": "rating", "dimension": "quality", "text": "质量"},
			{"kind": "matrix", "dimension": "efficiency", "text": "效率", "items": "报修\n投诉"}, {"kind": "text", "text": "意见"}} {
			s.Submit(at+"/add", q).OK(k)
		}
		s.Post(at+"/move", url.Values{"question": {"3"}, "to": {"up"}}).OK(k)
		s.Submit(at+"/change?question=2", map[string]string{"text": "工程质量"}).OK(k)
		if p := s.Get(at + "/preview?lang=en").OK(k); !p.Has("Attitude") {
			k.Errorf("preview: %s", p.Text("main"))
		}
		if got := s.Answer(at + "/form.pdf"); !strings.HasPrefix(got, "%PDF") {
			k.Error("the blank form does not print")
		}
		p = s.Submit(s.P("survey/new"), map[string]string{"form": k.Example("questionnaire").String()}).OK(k)
		p = s.SubmitForm(p, "form[action$='/launch']", nil).OK(k)
		if !p.Has("回收率") {
			k.Fatalf("after launch: %s", p.Text("main"))
		}
		id := k.Example("survey")
		links := s.Get(s.P("survey/" + id.String() + "/invites")).OK(k).Document.Find("a[href^='/s/']")
		for i := range links.Length() {
			href, _ := links.Eq(i).Attr("href")
			c := nobody(k)
			page := c.Get(href).OK(k)
			c.SubmitForm(page, "form.form", map[string]string{"q1": "2", "q2": "5", "q3.1": "5", "q3.2": "4", "q4": "前台要更热情"}).OK(k)
		}
		if live := s.Get(s.P("survey/" + id.String() + "/live")).OK(k); !live.Has("100") {
			k.Errorf("the live card: %s", live.Body)
		}
		s.Post(s.P("survey/"+id.String()+"/end"), url.Values{}).OK(k)
		as := actions(k, id)
		if len(as) != 1 || as[0].Dimension != survey.Attitude {
			k.Fatalf("actions: %+v", as)
		}
		action := m.P("survey-action/" + as[0].Ref.ID.String())
		m.Submit(action+"/assign", map[string]string{"owner": me(k, core.Desk).String()}).OK(k)
		if p := s.Get(s.P("survey/" + id.String() + "/analyse")).OK(k); !p.Has("低于目标") {
			k.Errorf("the draft says nothing of the target: %s", p.Text("textarea"))
		}
		s.Submit(s.P("survey/"+id.String()+"/analyse"), map[string]string{"advice": "培训前台"}).OK(k)
		s.Post(s.P("survey/"+id.String()+"/submit"), url.Values{}).OK(k)
		approveAll(k, "survey", id)
		s.Submit(s.P("survey/"+id.String()+"/distribute"), map[string]string{"recipients": "各部门"}).OK(k)
		if p := s.Post(s.P("survey/"+id.String()+"/close"), url.Values{"place": {"柜 3"}}); p.Status != 403 || !p.Has("C5.2") {
			k.Errorf("closed with an open action: %d", p.Status)
		}
		putRight(k, id)
		s.Submit(s.P("survey/"+id.String()+"/close"), map[string]string{"place": "柜 3"}).OK(k)
		if r := get(k, id); r.State != survey.StateClosed {
			k.Errorf("the survey is %s", r.State)
		}
	})
}
