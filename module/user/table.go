package user

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/web/ui"
)

func seatTable(ctx context.Context, seats []seatView) ui.TableView {
	t := ui.TableView{Caption: core.T("项目与岗位", "Projects and roles"), Columns: []ui.Column{{Label: core.T("项目", "Project")}, {Label: core.T("岗位", "Roles")}, {Label: core.T("部门", "Department")}, {}}}
	for _, s := range seats {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: s.Project.Say(ctx)}, {Text: s.Roles}, {Text: s.Department}, {Text: core.T("修改", "Change").Say(ctx), Href: s.Href}}})
	}
	return t
}

func sessionTable(ctx context.Context, sessions []sessionView) ui.TableView {
	t := ui.TableView{Caption: core.T("登录中的设备", "Sign-ins"), Columns: []ui.Column{{Label: core.T("设备", "Device")}, {Label: core.T("地址", "Address")},
		{Label: core.T("最近使用", "Last used")}, {Label: core.T("登录时间", "Since")}, {}}}
	for _, s := range sessions {
		end := ui.Cell{Body: endButton("/me/session/"+s.ID.String()+"/end", core.T("结束", "End"))}
		if s.Mine {
			end = ui.Cell{Body: pillOf(ui.PillView{Tone: ui.OK, Text: core.T("本机", "This one")})}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: s.What}, {Text: s.Address}, {Text: moment(ctx, s.Seen)}, {Text: moment(ctx, s.Created)}, end}})
	}
	return t
}

func tokenTable(ctx context.Context, tokens []tokenView) ui.TableView {
	t := ui.TableView{Caption: core.T("令牌", "Tokens"), Columns: []ui.Column{{Label: core.T("给谁用", "What for")}, {Label: core.T("权限", "May do")},
		{Label: core.T("有效至", "Until")}, {Label: core.T("最近使用", "Last used")}, {}}}
	for _, k := range tokens {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: k.Name}, {Text: k.Scopes}, {Text: string(core.DateOf(k.Expires.Add(-time.Second), core.China))}, {Text: moment(ctx, k.Seen)},
			{Body: endButton("/me/token/"+k.ID.String()+"/end", core.T("收回", "Withdraw"))}}})
	}
	return t
}

// moment is real time in China, as sessions run on it; — for never.
func moment(_ context.Context, t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(core.China).Format("2006-01-02 15:04")
}
