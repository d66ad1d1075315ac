package user

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
	"huiyin/register"
	"huiyin/web/ui"
)

// newIn is the form of a new user: data, sign-in and the first seat.
type newIn struct {
	Name       string
	Login      string
	Password   string
	Phone      core.Phone
	Language   string
	Project    core.ID
	Roles      []string
	Department string
	Skills     []string
}

func temporaryHint() core.Text {
	return core.T("只在这里显示一次,请转告本人;第一次登录时要改", "Shown only here: tell it to the person, who changes it at the first sign-in")
}

func newFields() []core.Field[newIn] {
	return []core.Field[newIn]{
		{Name: "name", Label: core.T("姓名", "Name"), Ptr: func(in *newIn) any { return &in.Name }, Required: true, Max: 40},
		{Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(in *newIn) any { return &in.Phone }},
		{Name: "login", Label: core.T("登录名", "Login"), Ptr: func(in *newIn) any { return &in.Login }, Max: 40, Hint: core.T("不填则只登记为员工,不能登录", "Without one the person is on the books but cannot sign in")},
		{Name: "password", Label: core.T("临时密码", "Temporary password"), Ptr: func(in *newIn) any { return &in.Password }, Kind: core.KindText, Hint: temporaryHint()},
		{Name: "project", Label: core.T("项目", "Project"), Ptr: func(in *newIn) any { return &in.Project }, Required: true},
		{Name: "department", Label: core.T("部门", "Department"), Ptr: func(in *newIn) any { return &in.Department }, Max: 40},
		{Name: "roles", Label: core.T("岗位", "Roles"), Ptr: func(in *newIn) any { return &in.Roles }, Choices: roleChoices(), Required: true},
		{Name: "skills", Label: core.T("专长(维修)", "Skills (technicians)"), Ptr: func(in *newIn) any { return &in.Skills }, Choices: Skills()},
		{Name: "language", Label: core.T("语言", "Language"), Ptr: func(in *newIn) any { return &in.Language }, Choices: languages(), Hint: asBrowser()},
	}
}

func editFields() []core.Field[EditIn] {
	return []core.Field[EditIn]{
		{Name: "name", Label: core.T("姓名", "Name"), Ptr: func(in *EditIn) any { return &in.Name }, Required: true, Max: 40},
		{Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(in *EditIn) any { return &in.Phone }},
		{Name: "language", Label: core.T("语言", "Language"), Ptr: func(in *EditIn) any { return &in.Language }, Choices: languages(), Hint: asBrowser()},
		{Name: "skills", Label: core.T("专长", "Skills"), Ptr: func(in *EditIn) any { return &in.Skills }, Choices: Skills()},
		{Name: "on_duty", Label: core.T("现在可派工", "May be given work now"), Ptr: func(in *EditIn) any { return &in.OnDuty }},
	}
}

func seatFields() []core.Field[SeatIn] {
	return []core.Field[SeatIn]{
		{Name: "project", Label: core.T("项目", "Project"), Ptr: func(in *SeatIn) any { return &in.Project }, Required: true},
		{Name: "roles", Label: core.T("岗位", "Roles"), Ptr: func(in *SeatIn) any { return &in.Roles }, Choices: roleChoices(),
			Hint: core.T("一个不选就是不再参与这个项目", "None at all takes the person out of the project")},
		{Name: "department", Label: core.T("部门", "Department"), Ptr: func(in *SeatIn) any { return &in.Department }, Max: 40},
	}
}

func loginFields() []core.Field[LoginIn] {
	return []core.Field[LoginIn]{
		{Name: "login", Label: core.T("登录名", "Login"), Ptr: func(in *LoginIn) any { return &in.Login }, Required: true, Max: 40},
		{Name: "password", Label: core.T("临时密码", "Temporary password"), Ptr: func(in *LoginIn) any { return &in.Password }, Required: true, Hint: temporaryHint()},
	}
}

func resetFields() []core.Field[ResetIn] {
	return []core.Field[ResetIn]{
		{Name: "password", Label: core.T("临时密码", "Temporary password"), Ptr: func(in *ResetIn) any { return &in.Password }, Required: true, Hint: temporaryHint()},
		{Name: "no_totp", Label: core.T("同时停用两步验证(手机丢了)", "Also turn off the second factor (telephone lost)"), Ptr: func(in *ResetIn) any { return &in.NoTOTP }},
	}
}

func leaveFields() []core.Field[LeaveIn] {
	return []core.Field[LeaveIn]{{Name: "reason", Label: core.T("离职说明", "Why"), Ptr: func(in *LeaveIn) any { return &in.Reason }, Required: true, Min: 2,
		Hint: core.T("立即不能登录;手上的待办退回岗位", "The sign-in ends at once; open duties return to their roles")}}
}

func verbs() []register.Verber {
	return []register.Verber{
		register.Verb[newIn]{Name: "new", Label: core.T("新建用户", "New user"), Roles: heads(), Fields: newFields(), New: true, Primary: true, Said: core.T("用户已建立", "The user is ready"),
			Fill: func(_ context.Context, _ db.Tx, _ core.ID, in *newIn) error {
				in.Password, in.Language = temporary(), string(core.ZH)
				return nil
			}, Choices: placeChoices, Do: addNew},
		register.Verb[SeatIn]{Name: "seat", Label: core.T("项目与岗位", "Projects and roles"), Roles: heads(), Fields: seatFields(), Primary: true, Can: check(canChangeActive),
			Fill: fillSeat, Choices: placeChoices, Do: SetSeat, Said: core.T("岗位已更新", "The roles are set")},
		register.Verb[EditIn]{Name: "edit", Label: core.T("修改资料", "Edit"), Roles: heads(), Fields: editFields(), Can: check(canChangeActive), Fill: fillEdit, Do: Edit, Said: core.T("已保存", "Saved")},
		register.Verb[LoginIn]{Name: "login", Label: core.T("开通登录", "Give a sign-in"), Roles: heads(), Fields: loginFields(), Can: check(canGiveLogin), Do: GiveLogin, Said: core.T("已开通登录", "The sign-in is open"),
			Fill: func(_ context.Context, _ db.Tx, _ core.ID, in *LoginIn) error { in.Password = temporary(); return nil }},
		register.Verb[ResetIn]{Name: "reset", Label: core.T("重设密码", "Reset the password"), Roles: heads(), Fields: resetFields(), Can: check(canReset), Do: Reset, Said: core.T("密码已重设,原来的登录都已结束", "The password is reset; all sign-ins have ended"),
			Fill: func(_ context.Context, _ db.Tx, _ core.ID, in *ResetIn) error { in.Password = temporary(); return nil }},
		register.Verb[LeaveIn]{Name: "leave", Label: core.T("办理离职", "Sign off"), Roles: heads(), Fields: leaveFields(), Danger: true, Clause: "C15.4", Can: check(canLeave), Do: Leave, Said: core.T("已办理离职", "Signed off")},
		register.Verb[struct{}]{Name: "return", Label: core.T("恢复在职", "Take back"), Roles: heads(), Can: check(canReturn), Do: Return, Said: core.T("已恢复;请重设密码", "Back again; now reset the password")},
	}
}

func addNew(ctx context.Context, tx db.Tx, _ core.ID, in newIn) (core.ID, error) {
	if _, err := placeName(ctx, tx, in.Project); err != nil {
		return 0, err
	}
	u := In{Login: in.Login, Name: in.Name, Phone: in.Phone, Language: core.Lang(in.Language), Skills: in.Skills, Department: in.Department,
		Roles: map[core.ID][]core.Role{in.Project: SeatIn{Roles: in.Roles}.roles()}}
	if in.Login != "" {
		u.Password, u.MustChange = core.Secret(in.Password), true
	}
	return Add(ctx, tx, u)
}

// placeChoices are the projects, and the firm as a whole for who may give that.
func placeChoices(ctx context.Context, tx db.Tx, _ core.ID) (map[string][]core.Choice, error) {
	all, err := project.List(ctx, tx)
	var out []core.Choice
	for _, p := range all {
		out = append(out, core.Choice{Value: p.ID.String(), Label: ui.Plain(p.Name)})
	}
	if isHeadActor(core.ActorOf(ctx)) {
		out = append(out, core.Choice{Value: core.Firm.String(), Label: core.T("全部项目(全公司)", "All projects (the whole firm)")})
	}
	return map[string][]core.Choice{"project": out}, err
}

// fillSeat begins with the first project in which the user has a seat; the record page's links preset the others.
func fillSeat(ctx context.Context, tx db.Tx, id core.ID, in *SeatIn) error {
	u, err := Get(ctx, tx, id)
	if err != nil || len(u.Seats) == 0 {
		return err
	}
	in.Project = u.Seats[len(u.Seats)-1].Project
	for _, s := range u.Seats {
		if s.Project == in.Project {
			in.Roles, in.Department = append(in.Roles, string(s.Role)), s.Department
		}
	}
	return nil
}

func fillEdit(ctx context.Context, tx db.Tx, id core.ID, in *EditIn) error {
	u, err := Get(ctx, tx, id)
	*in = EditIn{Name: u.Name, Phone: u.Phone, Language: string(u.Language), Skills: u.Skills, OnDuty: u.OnDuty}
	return err
}

func roleWords(ctx context.Context, seats []Seat) string {
	var words []string
	for _, s := range seats {
		if w := s.Role.Name().Say(ctx); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return strings.Join(words, core.T("、", ", ").Say(ctx))
}

func row(ctx context.Context, u *User) ui.Row {
	login := u.Login
	if login == "" {
		login = core.T("不能登录", "no sign-in").Say(ctx)
	}
	r := ui.Row{Cells: []ui.Cell{{Text: u.Name, Href: "/firm/user/" + u.ID.String()}, {Text: roleWords(ctx, u.Seats)}, {Text: login}, {Text: u.Phone.Mask()},
		{Text: skillWords(ctx, u.Skills)}, {Body: pillOf(stateOf(*u))}}}
	if u.State == Left {
		r.Tone = ui.None
	}
	return r
}

func yes(ctx context.Context, v bool) string {
	if v {
		return core.T("是", "Yes").Say(ctx)
	}
	return core.T("否", "No").Say(ctx)
}

// seatView is a user's roles in one project.
type seatView struct {
	Project    core.Text
	Roles      string
	Department string
	Href       string
}

func record(ctx context.Context, tx db.Tx, u User) (register.Record, error) {
	head := ui.HeadView{Title: ui.Plain(u.Name), Aside: u.Login, Pills: []ui.PillView{stateOf(u)}}
	pairs := []ui.Pair{{Label: core.T("登录名", "Login"), Value: u.Login}, {Label: core.T("电话", "Telephone"), Value: u.Phone.Mask()},
		{Label: core.T("语言", "Language"), Value: core.Label(languages(), string(u.Language)).Say(ctx)}, {Label: core.T("专长", "Skills"), Value: skillWords(ctx, u.Skills)},
		{Label: core.T("现在可派工", "May be given work"), Value: yes(ctx, u.OnDuty)}, {Label: core.T("两步验证", "Second factor"), Value: yes(ctx, u.TOTP)}}
	seats, err := seatViews(ctx, tx, u)
	return register.Record{Head: head, Cards: []templ.Component{register.FieldsCard(core.T("资料", "Data"), pairs), seatsCard(seats)}}, err
}

func stateOf(u User) ui.PillView {
	switch {
	case u.State == Left:
		return ui.PillView{Tone: ui.None, Text: core.T("已离职", "Left")}
	case u.key == "":
		return ui.PillView{Tone: ui.None, Text: core.T("不能登录", "No sign-in")}
	case u.MustChange:
		return ui.PillView{Tone: ui.Warn, Text: core.T("还没改临时密码", "Temporary password")}
	}
	return ui.PillView{Tone: ui.OK, Text: core.T("在职", "Active")}
}

func seatViews(ctx context.Context, tx db.Tx, u User) ([]seatView, error) {
	var out []seatView
	for i := 0; i < len(u.Seats); {
		p := u.Seats[i].Project
		name, err := placeName(ctx, tx, p)
		if err != nil {
			return nil, err
		}
		query := "seat?project=" + p.String()
		v := seatView{Project: name, Department: u.Seats[i].Department}
		first := i
		for ; i < len(u.Seats) && u.Seats[i].Project == p; i++ {
			query += "&roles=" + string(u.Seats[i].Role)
		}
		v.Roles, v.Href = roleWords(ctx, u.Seats[first:i]), href(u.ID, query)
		out = append(out, v)
	}
	return out, nil
}
