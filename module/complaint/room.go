package complaint

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
	"huiyin/web/ui"
)

// The room of a major complaint (C13.3): after the report within 24 hours, every meeting of its team and every contact with
// the media is kept, with its time and who wrote it down.

// Media is one contact with the media.
type Media struct {
	Outlet string // newspaper, station, account
	Who    core.Personal
	Asked  string
	Said   string // what they were told; empty: nothing
}

func canRoom(_ context.Context, _ db.Tx, c Case) error {
	if c.Level != Major {
		return register.Later("不是重大投诉", "It is not a major complaint")
	}
	return running(c)
}

// LogMedia keeps a contact with the media.
func LogMedia(ctx context.Context, tx db.Tx, id core.ID, m Media) error {
	text := m.Asked
	if m.Said != "" {
		text += " → " + m.Said
	}
	return change(ctx, tx, id, canRoom, "media", map[string]any{"outlet": m.Outlet, "who": m.Who, "text": text}, func(c *Case) error {
		return addNote(ctx, tx, *c, "media", ui.Join(m.Outlet, string(m.Who)), text)
	})
}

// Meet keeps the minutes of a meeting of the team.
func Meet(ctx context.Context, tx db.Tx, id core.ID, w Word) error {
	return change(ctx, tx, id, canRoom, "met", map[string]string{"text": w.Text}, func(c *Case) error {
		return addNote(ctx, tx, *c, "meeting", "", w.Text)
	})
}

func roomVerbs() []register.Verber {
	return []register.Verber{
		register.Verb[Media]{Name: "media", Label: core.T("登记媒体往来", "Log a media contact"), Roles: handlers(), Clause: "C13.3", Can: checked("media", canRoom), Do: register.Doing(LogMedia), Fields: []core.Field[Media]{
			core.Ask("outlet", "媒体", "Outlet", func(m *Media) any { return &m.Outlet }, core.Required), core.Ask("who", "联系人", "Person", func(m *Media) any { return &m.Who }),
			core.Ask("asked", "询问内容", "What they asked", func(m *Media) any { return &m.Asked }, core.Required, core.Lines), core.Ask("said", "答复口径", "What they were told", func(m *Media) any { return &m.Said }, core.Lines)}},
		register.Verb[Word]{Name: "meet", Label: core.T("小组会议记录", "Minutes of the team"), Roles: handlers(), Clause: "C13.3", Can: checked("meet", canRoom), Do: register.Doing(Meet),
			Fields: []core.Field[Word]{core.Ask("text", "会议记录", "Minutes", func(w *Word) any { return &w.Text }, core.Required, core.Lines)}},
	}
}

// roomTable is the log of meetings and media contacts.
func roomTable(ctx context.Context, ns []Note) ui.TableView {
	t := ui.TableView{Columns: []ui.Column{{Label: core.T("时间", "Time")}, {Label: core.T("事项", "What")}, {Label: core.T("内容", "Content")}, {Label: core.T("记录人", "By")}}}
	what := map[string]core.Text{"media": core.T("媒体", "Media"), "meeting": core.T("小组会议", "Team meeting")}
	for _, n := range ns {
		if w, ok := what[n.Kind]; ok {
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.When(ctx, n.At)}, {Text: ui.Join(w.Say(ctx), n.How)}, {Text: n.Text}, {Text: n.By}}})
		}
	}
	return t
}
