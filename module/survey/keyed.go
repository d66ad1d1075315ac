package survey

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/web"
	"huiyin/web/ui"
)

// An answer on a paper questionnaire (纸质答卷) is keyed in by an employee from the list of invitations. It names who
// keyed it and when, and who corrected it and why, so that it can be told from what a customer typed himself. What the
// customer answered online is his own word: no paper replaces it, while his own answer replaces what was keyed in.

// paperReason is the field of why a keyed answer is corrected; no question has such a name.
const paperReason = "_reason"

// Keying says who keyed in an answer and who corrected it; zero: the customer answered online.
type Keying struct {
	By     core.ID
	Name   string
	At     time.Time
	FixBy  core.ID
	Fixer  string
	Fixed  time.Time
	Reason string
}

// Paper reports whether the answer came on paper.
func (k Keying) Paper() bool { return !k.At.IsZero() }

const keyingColumns = "keyed_by, keyer, keyed_at, fixed_by, fixer, fixed_at, fix_reason"

func (k *Keying) dest() []any {
	return []any{&k.By, &k.Name, &k.At, &k.FixBy, &k.Fixer, &k.Fixed, &k.Reason}
}

// PaperIn is what was read off a paper questionnaire. Reason says why an answer that was keyed in before is corrected.
type PaperIn struct {
	Invite core.ID
	Values map[string][]string
	Reason string
}

// KeyIn stores the paper answer of an invitation of the survey, as the acting employee. An answer that the customer gave
// online is not replaced; one that was keyed in before is corrected with a reason of at most 200 characters.
func KeyIn(ctx context.Context, tx db.Tx, round core.ID, in PaperIn) error {
	a, token, err := invited(ctx, tx, round, in.Invite)
	if err == nil {
		err = a.closed(ctx)
	}
	if err != nil {
		return err
	}
	v, err := a.Content.read(in.Values)
	if err != nil {
		return err
	}
	return a.keyIn(ctx, tx, token, v, strings.TrimSpace(in.Reason))
}

// invited is what an invitation of the project's survey asks, with its token.
func invited(ctx context.Context, tx db.Tx, round, invite core.ID) (asked, string, error) {
	is, err := invites(ctx, tx, round, invite)
	if err == nil && (len(is) != 1 || is[0].Round != round) {
		err = core.NotFound()
	}
	if err != nil {
		return asked{}, "", err
	}
	token := tokenOf(tx, core.ProjectOf(ctx).ID, round, invite)
	a, err := opened(ctx, tx, token)
	return a, token, err
}

func (a asked) keyIn(ctx context.Context, tx db.Tx, token string, v Values, reason string) error {
	id, k, err := a.keying(ctx, tx, token)
	if err != nil {
		return err
	}
	verb := "corrected"
	switch {
	case id == 0:
		verb, reason = "keyed", ""
		id, err = a.firstPaper(ctx, tx, token, v)
	case !k.Paper():
		err = core.Conflict("客户已经自己在网上答过,以客户的为准,不用再录入纸质答卷", "The customer has answered online; that answer stands, and no paper replaces it")
	case reason == "":
		err = core.Invalid(paperReason, "这份答卷 %s 已由 %s 录入;要更正请写明原因", "%[2]s keyed in this answer on %[1]s; say why it is corrected", ui.When(ctx, k.At), k.Name)
	case len([]rune(reason)) > reasonMax:
		err = core.Invalid(paperReason, "最多 %d 个字", "At most %d characters", reasonMax)
	default:
		err = a.correct(ctx, tx, id, v, reason)
	}
	if err != nil {
		return err
	}
	tx.Publish(Topic(a.Project))
	return journal.Add(ctx, tx, core.Ref{Project: a.Project, Kind: "survey-answer", ID: id}, verb, map[string]string{"sum": digest(core.JSON(v)), "reason": reason})
}

// reasonMax is how many characters the reason of a correction takes.
const reasonMax = 200

// keying finds the answer under a token, for the change that follows; 0 when there is none.
func (a asked) keying(ctx context.Context, tx db.Tx, token string) (id core.ID, k Keying, err error) {
	type line struct {
		id core.ID
		k  Keying
	}
	query := "select id, " + keyingColumns + " from survey_answer where project_id = $1 and round_id = $2 and answer_key = $3"
	if tx.Writing() {
		query = db.Locked(tx, query)
	}
	l, _, err := db.Maybe(ctx, tx, func(l *line) []any { return append([]any{&l.id}, l.k.dest()...) }, query, a.Project, a.Round, keyOf(token))
	return l.id, l.k, err
}

// firstPaper stores an answer where there was none; somebody may have been quicker since that was looked up.
func (a asked) firstPaper(ctx context.Context, tx db.Tx, token string, v Values) (core.ID, error) {
	invite := a.Invite
	if a.Anonymous {
		invite = 0
	}
	id, by := tx.NewID(), core.ActorOf(ctx)
	n, err := db.Exec(ctx, tx, `insert into survey_answer (project_id, id, round_id, answer_key, invite_id, building, lang, day, answers, keyed_by, keyer, keyed_at) values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)
		on conflict (project_id, round_id, answer_key) do nothing`,
		a.Project, id, a.Round, keyOf(token), invite, a.Building, string(core.LangOf(ctx)), core.DateOf(core.Now(ctx), zone(a.Zone)), core.JSON(v), by.ID, by.Name, core.Now(ctx))
	if err == nil && n == 0 {
		err = core.Conflict("刚刚有人为这一户存了答卷,请刷新页面后再看", "An answer of this customer was stored just now; please reload the page")
	}
	return id, err
}

func (a asked) correct(ctx context.Context, tx db.Tx, id core.ID, v Values, reason string) error {
	by := core.ActorOf(ctx)
	return db.ExecOne(ctx, tx, "update survey_answer set answers = $1, fixed_by = $2, fixer = $3, fixed_at = $4, fix_reason = $5 where project_id = $6 and id = $7",
		core.JSON(v), by.ID, by.Name, core.Now(ctx), reason, a.Project, id)
}

// ---- the page

// paperAt is where an invitation's paper answer is keyed in.
func paperAt(ctx context.Context, round, invite core.ID) string {
	return href(ctx, round, "invites", invite.String(), "paper")
}

func paperAsked(ctx context.Context, tx db.Tx, q *web.Request) (round core.ID, a asked, token string, err error) {
	if round, err = q.ID("id"); err != nil {
		return 0, a, "", err
	}
	invite, err := q.ID("invite")
	if err == nil {
		a, token, err = invited(ctx, tx, round, invite)
	}
	return round, a, token, err
}

// paperPage asks an employee for what stands on the paper.
func paperPage(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	round, a, token, err := paperAsked(ctx, tx, q)
	if err == nil {
		err = a.closed(ctx)
	}
	if err != nil {
		return nil, err
	}
	v, _, err := given(ctx, tx, a, token)
	if err != nil {
		return nil, err
	}
	return a.paperForm(ctx, tx, round, token, v, "", nil)
}

// paperForm is the form, filled with what was typed or what stands. Of an anonymous survey it says nothing of an earlier
// answer, as the list of invitations does not.
func (a asked) paperForm(ctx context.Context, tx db.Tx, round core.ID, token string, v Values, reason string, wrong error) (web.Answer, error) {
	_, k, err := a.keying(ctx, tx, token)
	if err != nil {
		return nil, err
	}
	is, err := invites(ctx, tx, round, a.Invite)
	if err != nil {
		return nil, err
	}
	f := ui.FormView{Action: paperAt(ctx, round, a.Invite), Fields: fieldsOf(a.Content, v, wrong), Submit: core.T("保存纸质答卷", "Save the paper answer"), Cancel: href(ctx, round, "invites")}
	if wrong != nil {
		f.Error = wholeError(core.AsErr(wrong))
	}
	if a.Anonymous || k.Paper() {
		f.Fields = append(f.Fields, reasonField(a.Anonymous, reason, wrong))
	}
	title := core.T("录入纸质答卷", "Key in a paper answer")
	head := ui.HeadView{Title: title, Sub: ui.Plain(ui.Join(is[0].Unit, a.Title.Say(ctx)))}
	if k.Paper() && !a.Anonymous {
		head.Aside = k.say(ctx)
	}
	return web.Page{Title: title, Narrow: true, Body: formPage(head, f)}, nil
}

func reasonField(anonymous bool, value string, wrong error) ui.FieldView {
	f := ui.FieldView{Name: paperReason, Label: core.T("更正原因", "Reason of the correction"), Kind: core.KindText, Max: reasonMax, Value: value, Required: !anonymous, Wide: true}
	if anonymous {
		f.Hint = core.T("更正以前录入的纸质答卷时才填", "Only to correct a paper answer that was keyed in before")
	}
	if wrong != nil {
		for _, e := range core.AsErr(wrong).Fields {
			if e.Name == paperReason {
				f.Error = e.Text
			}
		}
	}
	return f
}

func keyPaper(ctx context.Context, tx db.Tx, q *web.Request) (web.Answer, error) {
	round, a, _, err := paperAsked(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	if len(q.Input.Files) > 0 {
		return nil, core.Invalid("", "问卷不收文件", "The questionnaire takes no files")
	}
	return web.Redirect{URL: href(ctx, round, "invites")}, KeyIn(ctx, tx, round, PaperIn{Invite: a.Invite, Values: q.Input.Values, Reason: first(q.Input.Values[paperReason])})
}

func first(vs []string) string {
	if len(vs) == 0 {
		return ""
	}
	return vs[0]
}

// paperFailed shows the form again, with what was typed and what is wrong with it.
func paperFailed(ctx context.Context, tx db.Tx, q *web.Request, wrong error) (web.Answer, error) {
	round, a, token, err := paperAsked(ctx, tx, q)
	if err == nil {
		err = a.closed(ctx)
	}
	if err != nil {
		return nil, err
	}
	return a.paperForm(ctx, tx, round, token, known(a.Content, q.Input.Values), first(q.Input.Values[paperReason]), wrong)
}

// say tells who keyed in an answer and who corrected it.
func (k Keying) say(ctx context.Context) string {
	if !k.Paper() {
		return ""
	}
	said := core.T("%s %s 录入", "keyed in by %s, %s", k.Name, ui.When(ctx, k.At)).Say(ctx)
	if !k.Fixed.IsZero() {
		said = ui.Join(said, core.T("%s %s 更正:%s", "corrected by %s, %s: %s", k.Fixer, ui.When(ctx, k.Fixed), k.Reason).Say(ctx))
	}
	return said
}

// keyers says how many answers came on paper and how many of them each employee keyed in, the busiest first; empty when
// none did. It is all that is told of who keyed the answers of an anonymous survey: at one answer, the name and the time
// would lead to whose it is.
func keyers(as []Answer) core.Text {
	n, by := 0, map[string]int{}
	for _, a := range as {
		if a.Keying.Paper() {
			n, by[a.Keying.Name] = n+1, by[a.Keying.Name]+1
		}
	}
	if n == 0 {
		return core.Text{}
	}
	var names []string
	for name := range by {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(by[b]-by[a], cmp.Compare(a, b)) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %s", name, strconv.Itoa(by[name]))
	}
	return core.T("纸质答卷 %d 份,录入人:%s", "%d answers on paper, keyed in by: %s", n, strings.Join(names, " · "))
}

// paperShown reports whether single answers may say that they came on paper: of an anonymous survey only when enough did.
func (r Round) paperShown(t Tally) bool { return !r.Anonymous || t.Paper >= MinGroup }

// channel names how an answer came.
func channel(paper bool) core.Text {
	if paper {
		return core.T("纸质", "On paper")
	}
	return core.T("网上", "Online")
}
