package desk

import (
	"context"
	"strings"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/project"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

// The states as the sender of a message reads them.
const (
	publicReceived = "received"
	publicArranged = "arranged"
	publicInHand   = "inhand"
	publicAnswered = "answered"
	publicClosed   = "closed"
	publicVoid     = "void"
)

func publicStates() []core.Choice {
	return []core.Choice{{Value: publicReceived, Label: core.T("已收到,客服会与您联系", "Received; the front desk will be in touch")}, {Value: publicArranged, Label: core.T("已联系,正在安排", "Contacted; being arranged")},
		{Value: publicInHand, Label: core.T("正在办理", "Being dealt with")}, {Value: publicAnswered, Label: core.T("已答复,等您确认", "Answered; waiting for your confirmation")},
		{Value: publicClosed, Label: core.T("已办结", "Closed")}, {Value: publicVoid, Label: core.T("没有受理", "Not taken up")}}
}

// standing is how a matter stands, for its sender.
func (m Matter) standing() string {
	switch m.State {
	case StateVoid:
		return publicVoid
	case StateClosed:
		return publicClosed
	case StateAnswered:
		return publicAnswered
	case StateHanded, StateCarried:
		return publicInHand
	}
	if m.Contacted.IsZero() {
		return publicReceived
	}
	return publicArranged
}

// stays is the matter that a merged one goes on in, else itself.
func stays(ctx context.Context, tx db.Tx, m Matter) (Matter, error) {
	if m.State != StateMerged || m.Merged == 0 {
		return m, nil
	}
	return Get(ctx, tx, m.Merged)
}

// reply is what the sender is told in words: the desk's own answer to this very matter. What another record says that carries
// it on, or a matter of somebody else's it was merged into, is not his.
func (m Matter) reply() string {
	if m.Carried != 0 || m.State != StateAnswered && m.State != StateClosed {
		return ""
	}
	return m.Answer
}

// seen is what a link of its own shows: one matter, and nothing else of the project.
type seen struct {
	stored
	matter Matter
	place  project.Project
	state  string
	at     time.Time // of the state, where it has one
	turned bool      // the desk has changed its kind, and may have put it in its own words
}

// seeBy finds what a state page shows; KindNotFound for a link that is none of ours.
func seeBy(ctx context.Context, tx db.Tx, token string) (context.Context, seen, error) {
	none := &core.Err{Kind: core.KindNotFound, Text: core.T("这个链接无效,请核对地址", "This link is not valid; please check its address")}
	if !web.TokenLike(token) {
		return ctx, seen{}, none
	}
	type found struct {
		stored
		project core.ID
	}
	f, ok, err := db.Maybe(ctx, tx, func(f *found) []any { return append([]any{&f.project}, f.dest()...) }, "select project_id, "+storedColumns+" from desk_message where token_hash = $1", digest("message", token))
	if err != nil {
		return ctx, seen{}, err
	}
	if !ok {
		return ctx, seen{}, none
	}
	v := seen{stored: f.stored}
	v.token = token
	if v.place, err = project.Get(ctx, tx, f.project); err != nil {
		return ctx, v, err
	}
	ctx = core.WithProject(ctx, v.place.Core())
	if v.matter, err = Get(ctx, tx, v.Matter); err != nil {
		return ctx, v, err
	}
	if v.turned, err = wasTurned(ctx, tx, v.matter.Ref); err != nil {
		return ctx, v, err
	}
	main, err := stays(ctx, tx, v.matter)
	v.state, v.at = main.standing(), main.Closed
	if v.state == publicAnswered {
		v.at = main.Answered
	}
	return ctx, v, err
}

func statePath(token string) string { return "/door/state/" + token }

// pairs are the page's facts.
func (v seen) pairs(ctx context.Context) []ui.Pair {
	p := ui.Pairs{Ctx: ctx}
	p.Add("编号", "Number", v.matter.Number)
	p.Choice("状态", "State", publicStates(), v.state)
	p.Time("收到", "Received", v.matter.At)
	p.Time("联系", "Contacted", v.matter.Contacted)
	switch v.state {
	case publicClosed:
		p.Time("办结", "Closed", v.at)
	case publicAnswered:
		p.Time("答复", "Answered", v.at)
	}
	p.Add("答复内容", "Answer", v.matter.reply())
	p.Choice("您说是", "You said it is", Saids(), v.Said)
	if v.matter.Kind != kindOf(v.Said) { // the desk has decided what it is
		p.Add("我们按此办理", "We treat it as", kindName(ctx, v.matter.Kind).Say(ctx))
	}
	p.Add("怎样告知您", "How you are told", core.Label(allTells(), v.Tell).Say(ctx))
	return p.Out
}

func (v seen) page(ctx context.Context, fresh bool) web.Page {
	title := core.T("办理进度", "How it stands")
	note := core.Text{}
	if fresh {
		note = core.T("已收到,谢谢!您的编号是 %s。请收藏本页,随时可看进度。", "We have it, thank you. Your number is %s. Keep the address of this page to see how it stands.", v.matter.Number)
	}
	return web.Page{Title: title, Bare: true, Narrow: true, Body: publicState(stateView{Title: title, Place: v.place.Name, Note: note, Pairs: v.pairs(ctx), Words: v.words(ctx), Hotline: v.place.Hotline})}
}

// words are what the sender wrote, line by line, without what was noted under it; nothing once they may be the desk's, which
// are not for him.
func (v seen) words(ctx context.Context) []string {
	if v.turned {
		return nil
	}
	text := v.matter.Content
	for _, lang := range []core.Lang{core.ZH, core.EN} {
		text = strings.TrimSuffix(text, wish(core.WithLang(ctx, lang), v.Said))
	}
	return strings.Split(text, "\n")
}

// ---- what is sent of the progress

// tell sends the sender of a message word of how its matter stands, if he wants it and it is news.
func (s *stored) tell(ctx context.Context, tx db.Tx, m Matter) error {
	state := m.standing()
	news := s.Told != state
	s.Told = state
	if _, err := db.Exec(ctx, tx, "update desk_message set matter_id = $1, told = $2 where project_id = $3 and id = $4", s.Matter, s.Told, core.ProjectOf(ctx).ID, s.ID); err != nil || !news {
		return err
	}
	to, wanted := s.to(m)
	if !wanted {
		return nil
	}
	settings, err := notify.SettingsOf(ctx, tx)
	if err != nil {
		return err
	}
	link := core.Text{}
	if settings.Site.Base != "" {
		at := strings.TrimRight(settings.Site.Base, "/") + statePath(messageToken(tx, m.Ref.Project, s.ID))
		link = core.T("进度:%s", "Progress: %s", at)
	}
	place := core.ProjectOf(ctx).Name
	return notify.Send(ctx, tx, m.Ref.Project, to, notify.Letter{Template: "desk.progress", Ref: m.Ref, Title: core.T("%s:%s %s", "%s: %s, %s", place, m.Number, core.Label(publicStates(), state)), Body: link})
}

// messageToken is what the link of a message's own says instead of the matter: nobody guesses it.
func messageToken(tx db.Tx, project, message core.ID) string {
	return web.Token(tx, "desk-message", project.String(), message.String())
}

// to is where the progress goes; nowhere for whoever looks at the page or is called.
func (s *stored) to(m Matter) (to notify.To, wanted bool) {
	to = notify.To{Customer: m.Customer, Contact: s.Contact, Lang: s.Lang}
	switch s.Tell {
	case TellSMS:
		to.Channel, to.Phone = notify.SMS, m.Phone
	case TellMail:
		to.Channel, to.Mail = notify.Mail, s.Mail
	case TellOwn:
		to.Phone, to.Mail = m.Phone, s.Mail
	}
	return to, to.Phone != "" || to.Mail != ""
}

// tellSenders tells those who sent a matter by a door, or one that was merged into it, how it stands now.
func tellSenders(ctx context.Context, tx db.Tx, m Matter) error {
	main, err := stays(ctx, tx, m)
	if err != nil {
		return err
	}
	ss, err := db.All(ctx, tx, (*stored).dest, "select "+storedColumns+` from desk_message where project_id = $1 and tell in ('sms', 'mail', 'own')
		and matter_id in (select id from desk_matter where project_id = $1 and (id = $2 or merged_id = $2))`, m.Ref.Project, m.Ref.ID)
	for i := range ss {
		if err != nil {
			break
		}
		own := m
		if ss[i].Matter != m.Ref.ID {
			own, err = Get(ctx, tx, ss[i].Matter)
		}
		if err == nil {
			own.State, own.Contacted, own.Closed = main.State, main.Contacted, main.Closed
			err = ss[i].tell(ctx, tx, own)
		}
	}
	return err
}

// messagePanel shows on a matter's page what its sender said when he sent it by a door.
func messagePanel() register.Panel {
	return register.Panel{On: "desk", Perm: "desk.view", Order: 67, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		ss, err := messagesOf(ctx, tx, ref)
		if err != nil || len(ss) == 0 {
			return nil, err
		}
		s, p := ss[0], ui.Pairs{Ctx: ctx}
		p.Choice("入口", "Door", DoorKinds(), s.Kind)
		p.Choice("来件人说是", "Said to be", Saids(), s.Said)
		p.Add("怎样告知进展", "How to be told", core.Label(allTells(), s.Tell).Say(ctx))
		p.Add("邮箱", "E-mail address", customer.MaskMail(s.Mail))
		p.Choice("最近告知", "Last told", publicStates(), s.told())
		p.Time("同意处理个人信息", "Consent to handling particulars", s.Consented)
		p.Time("撤回同意", "Consent withdrawn", s.Withdrawn)
		return register.FieldsCard(core.T("公众来件", "Sent by a public door"), p.Out), nil
	}}
}

// told is what was sent last, nothing where nothing is sent.
func (s stored) told() string {
	if s.Tell == "" || s.Tell == TellPhone {
		return ""
	}
	return s.Told
}
