package survey

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/user"
	"huiyin/web"
)

// wordsMax is how many characters an open answer takes; answerBytes how large a whole one may be.
const (
	wordsMax    = 1000
	answerBytes = 96 << 10
)

// asked is what a token opens: the questionnaire, and nothing else of the project.
type asked struct {
	Project   core.ID
	Invite    core.ID
	Building  string
	Round     core.ID
	State     string
	Anonymous bool
	Start     core.Date
	End       core.Date
	Title     core.Text
	Content   Content
	Zone      string
	Sender    string // the project's name
	raw       string
}

func (a *asked) dest() []any {
	return []any{&a.Project, &a.Invite, &a.Building, &a.Round, &a.State, &a.Anonymous, &a.Start, &a.End, &a.Title.ZH, &a.Title.EN, &a.raw, &a.Zone, &a.Sender}
}

// opened finds what a token opens; KindNotFound for any that is not one of ours.
func opened(ctx context.Context, tx db.Tx, token string) (asked, error) {
	if !web.TokenLike(token) {
		return asked{}, unknown()
	}
	// The invitation is looked for first and alone: PostgreSQL, which knows nothing of a survey that was sent a minute ago,
	// would else go through all its invitations for each answer.
	a, ok, err := db.Maybe(ctx, tx, (*asked).dest, `with i as materialized (select project_id, id, building, round_id from survey_invite where token_hash = $1)
		select i.project_id, i.id, i.building, r.id, r.state, r.anonymous, r.start_day, r.end_day, r.title, r.title_en, r.content, p.zone, p.name
		from i join survey_round r on r.project_id = i.project_id and r.id = i.round_id join project_project p on p.project_id = 1 and p.id = i.project_id`, hashOf(token))
	if err == nil && (!ok || a.State == StateDraft || a.State == StateVoid) {
		err = unknown()
	}
	if err != nil {
		return asked{}, err
	}
	return a, json.Unmarshal([]byte(a.raw), &a.Content)
}

func unknown() error {
	return &core.Err{Kind: core.KindNotFound, Text: core.T("这个链接无效或已经作废,请核对邀请上的地址或重新扫码", "This link is not valid; check the address on the invitation or scan its code again")}
}

// closed says why no answer is taken now, or nil.
func (a asked) closed(ctx context.Context) error {
	today := core.DateOf(core.Now(ctx), zone(a.Zone))
	switch {
	case a.State != StateOpen || today > a.End:
		return core.Conflict("这次调查已经结束,不再收答卷。谢谢您的关注", "This survey has ended and takes no more answers. Thank you for your interest")
	case today < a.Start:
		return core.Conflict("这次调查从 %s 开始,请届时再来", "This survey begins on %s; please come back then", string(a.Start))
	}
	return nil
}

// given is the answer that stands under a token. That of an anonymous survey is shown to nobody, not even to the holder of
// the link: whoever printed it could read it.
func given(ctx context.Context, tx db.Tx, a asked, token string) (v Values, there bool, err error) {
	raw, there, err := db.Maybe(ctx, tx, func(s *string) []any { return []any{s} }, "select answers from survey_answer where project_id = $1 and round_id = $2 and answer_key = $3", a.Project, a.Round, keyOf(token))
	if err != nil || !there || a.Anonymous {
		return nil, there, err
	}
	return v, true, json.Unmarshal([]byte(raw), &v)
}

// Submit stores what somebody answered under his token: one row, the last word counts (one answer a token, whoever
// submits at once). It is all that a submission writes, besides its journal entry. What was keyed in from a paper before
// gives way to the customer's own word; the journal keeps who had keyed it.
func (a asked) submit(ctx context.Context, tx db.Tx, token string, v Values) error {
	invite := a.Invite
	if a.Anonymous {
		invite = 0
	}
	text := core.JSON(v)
	id, err := db.Value[core.ID](ctx, tx, `insert into survey_answer (project_id, id, round_id, answer_key, invite_id, building, lang, day, answers) values ($1,$2,$3,$4,$5,$6,$7,$8,$9)
		on conflict (project_id, round_id, answer_key) do update set answers = excluded.answers, lang = excluded.lang, day = excluded.day,
		keyed_by = null, keyer = '', keyed_at = null, fixed_by = null, fixer = '', fixed_at = null, fix_reason = '' returning id`,
		a.Project, tx.NewID(), a.Round, keyOf(token), invite, a.Building, string(core.LangOf(ctx)), core.DateOf(core.Now(ctx), zone(a.Zone)), text)
	if err != nil {
		return err
	}
	tx.Publish(Topic(a.Project))
	return journal.Add(ctx, tx, core.Ref{Project: a.Project, Kind: "survey-answer", ID: id}, "answered", map[string]string{"sum": digest(text)})
}

// Fill answers a survey by its token: what the public page does, for the seed and the tests.
func Fill(ctx context.Context, tx db.Tx, token string, in map[string][]string) error {
	a, err := opened(ctx, tx, token)
	if err == nil {
		err = a.closed(ctx)
	}
	if err != nil {
		return err
	}
	v, err := a.Content.read(in)
	if err != nil {
		return err
	}
	return a.submit(ctx, tx, token, v)
}

// read checks what came in against the questionnaire: every value known, within its range, once where once is asked.
func (c Content) read(in map[string][]string) (Values, error) {
	out, left, errs := Values{}, map[string]bool{}, []core.FieldErr{}
	for name := range in {
		left[name] = true
	}
	for _, q := range c.Questions {
		for i, name := range q.inputs() {
			delete(left, name)
			vs := slices.DeleteFunc(slices.Clone(in[name]), func(s string) bool { return strings.TrimSpace(s) == "" })
			if len(vs) == 0 {
				if q.Required {
					errs = append(errs, core.FieldErr{Name: name, Text: core.T("请回答:%s", "Please answer: %s", q.asking(i))})
				}
				continue
			}
			if problem := q.wrong(vs); problem.Is() {
				errs = append(errs, core.FieldErr{Name: name, Text: core.T("%s:%s", "%s: %s", q.asking(i), problem)})
				continue
			}
			out[name] = vs
		}
	}
	for name := range left {
		if !strings.HasPrefix(name, "_") {
			errs = append(errs, core.FieldErr{Text: core.T("问卷里没有这一项,请刷新页面后再填", "The questionnaire has no such item; please reload the page")})
			break
		}
	}
	if len(out) == 0 && len(errs) == 0 {
		errs = append(errs, core.FieldErr{Text: core.T("还没有回答任何问题", "No question has been answered yet")})
	}
	return out, core.Wrong(errs)
}

// asking is the text of a question, or of a matrix's item.
func (q Question) asking(item int) core.Text {
	if q.Kind == Matrix && item < len(q.Items) {
		return q.Items[item].Text()
	}
	return q.Text()
}

// wrong says what is wrong with a question's values; empty: nothing.
func (q Question) wrong(vs []string) core.Text {
	if len(vs) > 1 && q.Kind != Multi {
		return core.T("只能填一个", "one answer only")
	}
	if q.Kind == Words {
		return wrongWords(vs[0])
	}
	low, high := 1, 5
	switch q.Kind {
	case NPS:
		low, high = 0, 10
	case Single, Multi:
		high = len(q.Options)
	}
	seen := map[string]bool{}
	for _, v := range vs {
		n, err := strconv.Atoi(v)
		if err != nil || n < low || n > high || strconv.Itoa(n) != v || seen[v] {
			return core.T("没有这个选项", "there is no such choice")
		}
		seen[v] = true
	}
	return core.Text{}
}

func wrongWords(s string) core.Text {
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
		return core.T("含有无法识别的字符", "it holds characters that cannot be read")
	case utf8.RuneCountInString(s) > wordsMax:
		return core.T("最多 %d 个字", "at most %d characters", wordsMax)
	}
	return core.Text{}
}

// ---- the public page

// submitsMax is how often one token may submit in a minute: a right token is not a guess, but it has an end.
const submitsMax = 20

// door stands before the public page.
type door struct{ *web.Door }

// publicRoutes take answers from whoever holds a link; the door counts who guesses.
func publicRoutes() []web.Route {
	d := &door{web.NewDoor()}
	return []web.Route{
		{Pattern: "GET /s/{token}", Perm: web.Public, Handle: d.show},
		{Pattern: "POST /s/{token}", Perm: web.Public, Handle: d.answer, Failed: d.failed, MaxBody: answerBytes},
	}
}

func (d *door) show(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	token := r.Path("token")
	a, err := d.open(ctx, tx, r.HTTP, token)
	if err != nil {
		return publicProblem(ctx, err), nil
	}
	v, there, err := given(ctx, tx, a, token)
	if err != nil {
		return nil, err
	}
	if r.Query("thanks") != "" && there {
		return publicPage(a, thanks(a, token, a.closed(ctx) == nil)), nil
	}
	if err := a.closed(ctx); err != nil {
		return publicPage(a, over(a, core.AsErr(err).Text)), nil
	}
	return publicPage(a, sheetOf(a, token, v, there, nil)), nil
}

func publicPage(a asked, body templComponent) web.Page {
	return web.Page{Title: a.Title, Body: body, Bare: true}
}

// open finds the survey of a token. Who guesses too often is made to wait, but not his neighbours in the building, who may
// share his address: a right token always opens.
func (d *door) open(ctx context.Context, tx db.Tx, h *http.Request, token string) (asked, error) {
	a, err := opened(ctx, tx, token)
	if core.IsKind(err, core.KindNotFound) {
		if much := d.Missed(user.Address(h)); much != nil {
			err = much
		}
	}
	return a, err
}

func (d *door) answer(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	token := r.Path("token")
	a, err := d.open(ctx, tx, r.HTTP, token)
	if err == nil {
		err = a.closed(ctx)
	}
	if err == nil {
		err = d.Again("token "+token, submitsMax)
	}
	if err != nil {
		return nil, err
	}
	if len(r.Input.Files) > 0 {
		return nil, core.Invalid("", "问卷不收文件", "The questionnaire takes no files")
	}
	v, err := a.Content.read(r.Input.Values)
	if err != nil {
		return nil, err
	}
	return web.Redirect{URL: "/s/" + token + "?thanks=1"}, a.submit(ctx, tx, token, v)
}

// failed shows the questionnaire again, with what was filled in and what is wrong with it.
func (d *door) failed(ctx context.Context, tx db.Tx, r *web.Request, err error) (web.Answer, error) {
	token := r.Path("token")
	a, e := opened(ctx, tx, token)
	if e != nil {
		return publicProblem(ctx, e), nil
	}
	if e := a.closed(ctx); e != nil {
		return publicPage(a, over(a, core.AsErr(e).Text)), nil
	}
	return publicPage(a, sheetOf(a, token, known(a.Content, r.Input.Values), false, err)), nil
}

// known keeps of what came in what the page can show again.
func known(c Content, in map[string][]string) Values {
	out := Values{}
	for _, q := range c.Questions {
		for _, name := range q.inputs() {
			for _, v := range in[name] {
				if len(out[name]) < optionsMax && utf8.ValidString(v) && len(v) <= 4*wordsMax {
					out[name] = append(out[name], v)
				}
			}
		}
	}
	return out
}
