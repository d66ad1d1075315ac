package user

import (
	"context"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
	"huiyin/notify"
	"huiyin/web"
	"huiyin/web/ui"
)

const noticePath = "/me/notice"

func noticeFields() []core.Field[notify.Choice] {
	return []core.Field[notify.Choice]{
		{Name: "mail", Label: core.T("邮箱", "E-mail address"), Ptr: func(c *notify.Choice) any { return &c.Mail }, Max: 200},
		{Name: "urgent", Label: core.T("紧急消息", "Urgent messages"), Ptr: func(c *notify.Choice) any { return &c.Urgent }, Choices: notify.PersonalChannels(), Hint: core.T("马上发,不管几点", "At once, at any hour")},
		{Name: "ordinary", Label: core.T("一般消息", "Other messages"), Ptr: func(c *notify.Choice) any { return &c.Ordinary }, Choices: notify.PersonalChannels()},
		{Name: "daily", Label: core.T("一般消息每天汇总成一条", "Other messages once a day, together"), Ptr: func(c *notify.Choice) any { return &c.Daily }},
		{Name: "digest_at", Label: core.T("汇总时间", "Time of the digest"), Ptr: func(c *notify.Choice) any { return &c.DigestAt }, Max: 5, Hint: core.T("如 08:30", "Such as 08:30")},
		{Name: "quiet_from", Label: core.T("免打扰从", "Quiet from"), Ptr: func(c *notify.Choice) any { return &c.QuietFrom }, Max: 5, Hint: core.T("一般消息等到免打扰结束再发;两项都不填则随时发", "Other messages wait until the quiet hours end; with both empty they never wait")},
		{Name: "quiet_to", Label: core.T("免打扰到", "Quiet until"), Ptr: func(c *notify.Choice) any { return &c.QuietTo }, Max: 5},
	}
}

// noticeForm is what reaches the actor outside the application, by the channels that the firm has.
func noticeForm(ctx context.Context, tx db.Tx, r *web.Request, typed map[string][]string, failure error) (f ui.FormView, err error) {
	s, err := notify.SettingsOf(ctx, tx)
	if err != nil || len(s.On()) == 0 {
		return f, err
	}
	c, _, err := notify.ChoiceOf(ctx, tx, core.Firm, core.ActorOf(ctx).ID)
	if err != nil {
		return f, err
	}
	f = formOf(noticePath, core.Specs(noticeFields()), core.ValuesOf(ctx, noticeFields(), &c), nil)
	if failure != nil && r.Route.Path() == noticePath {
		f = formOf(noticePath, core.Specs(noticeFields()), typed, failure)
	}
	f.Columns = true
	for i := range f.Fields {
		if f.Fields[i].Kind == core.KindChoices {
			f.Fields[i].Choices = s.On()
		}
	}
	return f, nil
}

func noticeNote(f ui.FormView) core.Text {
	if len(f.Fields) == 0 {
		return core.T("公司还没有开通邮件、短信或群机器人,消息只在系统内提醒。", "The firm has not set up e-mail, text messages or robots; you are told inside the application alone.")
	}
	return core.T("系统内的提醒总会有;这里选择还要不要从别处提醒您。一个都不选就只在系统内提醒。", "You are always told inside the application. Choose here how you are told besides; choosing none leaves it at that.")
}

func saveNotice(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	c, err := core.Bind(ctx, noticeFields(), r.Input)
	if err == nil {
		err = notify.Choose(ctx, tx, core.Firm, core.ActorOf(ctx).ID, c)
	}
	return web.Redirect{URL: "/me", Flash: core.T("已保存", "Saved")}, err
}

// Book tells the outbox who people are: their language, their number, who holds a role, and where a project is.
func Book() notify.Book {
	return notify.Book{Person: person, Holders: holderIDs, Place: func(ctx context.Context, tx db.Tx, id core.ID) (core.Project, error) {
		p, err := project.Get(ctx, tx, id)
		return p.Core(), err
	}}
}

// person reads a user; somebody who is not known is nobody to be told.
func person(ctx context.Context, tx db.Tx, id core.ID) (notify.Person, error) {
	u, err := Get(ctx, tx, id)
	if core.IsKind(err, core.KindNotFound) {
		return notify.Person{}, nil
	}
	return notify.Person{Lang: u.Language, Phone: u.Phone, Active: u.SignsIn()}, err
}

func holderIDs(ctx context.Context, tx db.Tx, project core.ID, role core.Role) ([]core.ID, error) {
	us, err := Holders(ctx, tx, project, role)
	us = slices.DeleteFunc(us, func(u User) bool { return !u.SignsIn() })
	out := make([]core.ID, len(us))
	for i, u := range us {
		out[i] = u.ID
	}
	return out, err
}
