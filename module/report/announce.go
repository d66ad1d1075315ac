package report

import (
	"context"
	"fmt"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/search"
)

// Announcement is one announcement to owners (物业公告): a small record of what hung where, until the module of notices
// takes it over (B4.7).
type Announcement struct {
	ID      core.ID
	Version int64
	Title   string
	Text    string
	Places  string
	Day     core.Date
	Writer  string
	Files   []core.Upload
}

func (a *Announcement) dest() []any {
	return []any{&a.ID, &a.Version, &a.Title, &a.Text, &a.Places, &a.Day, &a.Writer}
}

const announcementSelect = "select id, version, title, text, places, day, writer from report_announcement where project_id = $1 and voided_at is null "

// AnnouncementKind is the register of announcements.
var AnnouncementKind = register.Kind{Name: "announcement", Plural: "announcements", Label: core.T("物业公告", "Announcements"), Table: "report_announcement", Events: map[string]core.Text{
	"published": core.T("发布公告「{title}」", "published the announcement {title}")}}

// Announce keeps an announcement that was published, and closes the month's half of B4.7.
func Announce(ctx context.Context, tx db.Tx, in Announcement) (core.ID, error) {
	if in.Day > core.Today(ctx) {
		return 0, core.Invalid("day", "发布日期不能晚于今天", "The day cannot be later than today")
	}
	p, now, a := core.ProjectOf(ctx), core.Now(ctx), core.ActorOf(ctx)
	in.ID = tx.NewID()
	if _, err := db.Exec(ctx, tx, `insert into report_announcement (project_id, id, created_at, created_by, changed_at, changed_by, title, text, places, day, month, writer) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10)`,
		p.ID, in.ID, now, a.ID, in.Title, in.Text, in.Places, in.Day, in.Day.Month(), a.Name); err != nil {
		return 0, err
	}
	ref := AnnouncementKind.Ref(ctx, in.ID)
	for _, up := range in.Files {
		if _, err := file.Attach(ctx, tx, ref, "announcement", up); err != nil {
			return 0, err
		}
	}
	if err := workDone(ctx, tx, in.Day.Month()); err != nil {
		return 0, err
	}
	if err := search.Put(ctx, tx, search.Doc{Ref: ref, Perm: "announcement.view", Title: in.Title, Sub: string(in.Day), URL: AnnouncementKind.Href(ctx, in.ID), Words: []string{in.Title, in.Text}, At: now}); err != nil {
		return 0, err
	}
	return in.ID, journal.Add(ctx, tx, ref, "published", map[string]any{"title": in.Title, "day": string(in.Day), "places": in.Places})
}

func announcementFields() []core.Field[Announcement] {
	return []core.Field[Announcement]{
		{Name: "title", Label: core.T("标题", "Title"), Ptr: func(a *Announcement) any { return &a.Title }, Required: true},
		{Name: "day", Label: core.T("发布日期", "Published on"), Ptr: func(a *Announcement) any { return &a.Day }, Required: true},
		{Name: "places", Label: core.T("发布位置", "Where"), Hint: core.T("大堂公告栏、电梯间、业主群……", "The lobby's board, the lifts, the owners' group …"), Ptr: func(a *Announcement) any { return &a.Places }, Required: true},
		{Name: "text", Label: core.T("内容", "Text"), Ptr: func(a *Announcement) any { return &a.Text }, Kind: core.KindLines, Required: true, Max: 4000},
	}
}

func announcements() register.Register[Announcement] {
	heads := []core.Role{core.Supervisor, core.Manager}
	attached := core.Field[Announcement]{Name: "files", Label: core.T("附件(公告原件、张贴照片)", "Attachments: the paper, a photograph"), Ptr: func(a *Announcement) any { return &a.Files }, Kind: core.KindFile, Max: 10}
	return register.Register[Announcement]{Kind: AnnouncementKind, Viewers: []core.Role{core.Desk, core.Supervisor, core.Manager, core.GM}, Export: heads, Columns: []string{"day", "title", "places", "writer"},
		Fields: append(announcementFields(), core.Field[Announcement]{Name: "writer", Label: core.T("登记人", "Recorded by"), Ptr: func(a *Announcement) any { return &a.Writer }}),
		ID:     func(a *Announcement) core.ID { return a.ID }, Version: func(a *Announcement) int64 { return a.Version }, Cursor: func(a *Announcement) string { return string(a.Day) + "~" + a.ID.String() },
		Find: findAnnouncements, Get: func(ctx context.Context, tx db.Tx, id core.ID) (Announcement, error) {
			return db.One(ctx, tx, (*Announcement).dest, announcementSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
		},
		Verbs: []register.Verber{register.Verb[Announcement]{Name: "new", New: true, Primary: true, Label: core.T("登记公告", "Record an announcement"), Roles: heads, Clause: "B4.7", Fields: append(announcementFields(), attached),
			Fill: func(ctx context.Context, _ db.Tx, _ core.ID, a *Announcement) error {
				a.Day = core.Today(ctx)
				return nil
			},
			Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Announcement) (core.ID, error) {
				return Announce(ctx, tx, in)
			}}}}
}

func findAnnouncements(ctx context.Context, tx db.Tx, q register.Query) ([]Announcement, error) {
	where, args := "", []any{core.ProjectOf(ctx).ID}
	if q.After != "" {
		day, id, err := afterDay(q.After)
		if err != nil {
			return nil, err
		}
		args = append(args, day, id)
		where = "and (day, id) < ($2, $3) "
	}
	args = append(args, q.Limit)
	return db.All(ctx, tx, (*Announcement).dest, announcementSelect+where+fmt.Sprintf("order by day desc, id desc limit $%d", len(args)), args...)
}
