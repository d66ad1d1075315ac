package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"huiyin/core"
	"huiyin/web/ui"
)

// sampleNow is the moment at which the sample day stands.
func sampleNow() time.Time { return time.Date(2026, 11, 22, 6, 9, 18, 0, time.UTC) }

func at(hour, minute int) time.Time {
	return time.Date(2026, 11, 22, hour, minute, 0, 0, core.China)
}

func deskShell(here string, title core.Text) func() ui.Shell {
	return func() ui.Shell {
		s := ui.Shell{
			Title: title, Brand: core.T("回音", "Huiyin"), Now: sampleNow(), Here: here,
			Project:  &ui.ProjectItem{Code: "lh", Name: "联合广场", Href: "/"},
			Projects: []ui.ProjectItem{{Code: "lh", Name: "联合广场", Href: "/"}, {Code: "jr", Name: "金润中心", Href: "/"}},
			User:     ui.User{Name: "周慧", Role: core.T("客户主管", "Customer supervisor")}, Todo: 7, Late: true, LiveURL: "/live",
			Nav: nav(),
		}
		for g := range s.Nav {
			for i := range s.Nav[g].Items {
				s.Nav[g].Items[i].On = s.Nav[g].Items[i].Href == here
			}
		}
		return s
	}
}

func nav() []ui.NavGroup {
	item := func(zh, en, href, icon, count string) ui.NavItem {
		return ui.NavItem{Label: core.T(zh, en), Href: href, Icon: icon, Count: count}
	}
	return []ui.NavGroup{
		{Label: core.T("人与房", "People and premises"), Items: []ui.NavItem{item("客户档案", "Customers", "/form", "users", ""), item("房态图", "Stacking plan", "/stack", "building", "")}},
		{Label: core.T("诉求", "Requests"), Items: []ui.NavItem{item("受理台", "Desk", "/", "phone", "12"), item("维修", "Repairs", "/repair", "tool", "23"), item("投诉", "Complaints", "#c", "message", "4"), item("回访", "Follow-ups", "#f", "star", "41/60")}},
		{Label: core.T("收费", "Charges"), Items: []ui.NavItem{item("账单", "Bills", "#b", "receipt", ""), item("收款", "Payments", "#p", "cash", ""), item("催缴", "Dunning", "#d", "gavel", "")}},
		{Label: core.T("楼宇", "Building"), Items: []ui.NavItem{item("放行条", "Release slips", "#r", "truck", ""), item("巡检", "Patrols", "/phone", "map-pin", ""), item("应急", "Emergencies", "#e", "alert-triangle", "")}},
		{Label: core.T("内务", "Office"), Items: []ui.NavItem{item("值班", "Duty roster", "#w", "calendar", ""), item("文函", "Notices", "#n", "mail", ""), item("档案", "Archives", "#a", "folder", "")}},
		{Label: core.T("制度", "Regulation"), Items: []ui.NavItem{item("制度执行", "Compliance", "/board", "list-check", ""), item("报表", "Reports", "/", "chart-bar", "")}},
	}
}

func phoneShell() ui.Shell {
	s := deskShell("", core.T("李工 · 今天 5 单", "Li · 5 jobs today"))()
	s.User = ui.User{Name: "李工", Role: core.Technician.Name()}
	s.Status = ui.Pill(ui.Warn, core.T("离线 · 2 条待发", "Offline · 2 to send"))
	return s
}

func signinShell() ui.Shell {
	return ui.Shell{Title: core.T("登录", "Sign in"), Brand: core.T("回音", "Huiyin"), Now: sampleNow(), Narrow: true}
}

func cells() []ui.LegendItem {
	return []ui.LegendItem{
		{State: ui.CellOwn, Label: core.T("自用", "Own")}, {State: ui.CellLet, Label: core.T("出租", "Let")},
		{State: ui.CellVacant, Label: core.T("空置", "Vacant")}, {State: ui.CellFitout, Label: core.T("装修", "Fit-out")},
		{State: ui.CellArrears, Label: core.T("欠费", "Arrears")}, {State: ui.CellExpiring, Label: core.T("90 天内到期", "Expiring")},
	}
}

// plan is a tower of 26 floors, the same each time.
func plan() ui.StackView {
	rnd := rand.New(rand.NewPCG(1, 2))
	weights := []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 2, 2, 3, 4, 4, 5}
	s := ui.StackView{Caption: core.T("A座 房态图", "Tower A stacking plan"), Legend: cells(), Target: "unit"}
	for f := 26; f > 0; f-- {
		floor := ui.Floor{Label: fmt.Sprint(f)}
		for u := 1; u <= 10; u++ {
			k := cells()[weights[rnd.IntN(len(weights))]]
			name := fmt.Sprintf("A%02d%02d", f, u)
			c := ui.UnitCell{Label: fmt.Sprintf("%02d", u), Name: name, State: k.State, Href: "/stack", Card: "/card/" + name,
				Area: []float64{100, 100, 100, 150, 200}[rnd.IntN(5)], On: name == "A1203"}
			if k.State != ui.CellLet {
				c.Note = k.Label
			}
			if k.State == ui.CellExpiring {
				c.Note = core.T("到期", "Exp.")
			}
			floor.Cells = append(floor.Cells, c)
		}
		s.Floors = append(s.Floors, floor)
	}
	return s
}

func fields() []core.Spec {
	choice := func(v, zh, en string) core.Choice { return core.Choice{Value: v, Label: core.T(zh, en)} }
	return []core.Spec{
		{Name: "customer", Label: core.T("客户", "Customer"), Kind: core.KindRef, Source: "/lookup", Required: true},
		{Name: "phone", Label: core.T("来电号码", "Calling from"), Kind: core.KindPhone, Required: true},
		{Name: "nature", Label: core.T("性质", "Nature"), Kind: core.KindRadio, Required: true, Choices: []core.Choice{choice("free", "无偿", "Free"), choice("paid", "有偿", "Charged"), choice("warranty", "保修", "Warranty")}},
		{Name: "kind", Label: core.T("类别", "Kind"), Kind: core.KindChoice, Choices: []core.Choice{choice("water", "给排水", "Plumbing"), choice("power", "强电", "Electrical")}},
		{Name: "when", Label: core.T("预约时间", "Appointment"), Kind: core.KindTime, Hint: core.T("误差不超过 10 分钟", "Within 10 minutes")},
		{Name: "quote", Label: core.T("报价", "Quote"), Kind: core.KindMoney, Hint: core.T("户内有偿,先报价", "Charged work inside a unit is quoted first")},
		{Name: "date", Label: core.T("收楼日期", "Handed over"), Kind: core.KindDate},
		{Name: "what", Label: core.T("情况", "What happened"), Kind: core.KindLines, Required: true},
		{Name: "risks", Label: core.T("影响", "Affects"), Kind: core.KindChoices, Choices: []core.Choice{choice("below", "楼下", "Floor below"), choice("public", "公共部位", "Common parts"), choice("power", "用电安全", "Electrical safety")}},
		{Name: "lines", Label: core.T("用料", "Materials"), Kind: core.KindRows, Rows: []core.Spec{
			{Name: "item", Label: core.T("项目", "Item"), Required: true}, {Name: "count", Label: core.T("数量", "Quantity"), Kind: core.KindInt}, {Name: "price", Label: core.T("单价", "Unit price"), Kind: core.KindMoney}}},
		{Name: "photos", Label: core.T("照片", "Photos"), Kind: core.KindPhoto},
		{Name: "stars", Label: core.T("满意度", "Satisfaction"), Kind: core.KindRating},
		{Name: "signature", Label: core.T("客户签字", "Customer's signature"), Kind: core.KindSignature},
		{Name: "agree", Label: core.T("客户已同意报价", "The customer agreed to the quote"), Kind: core.KindBool},
	}
}

func sampleForm() ui.FormView {
	err := core.Wrong([]core.FieldErr{{Name: "phone", Text: core.T("电话号码 \"138\" 不正确", "\"138\" is not a telephone number")},
		{Name: "lines.0.count", Text: core.T("请填写数量", "Quantity is required")}})
	values := map[string][]string{"phone": {"138"}, "nature": {"paid"}, "quote": {"76.00"}, "what": {"天花板渗水,水流很大"},
		"lines.0.item": {"DN20 截止阀"}, "lines.0.price": {"46.00"}, "stars": {"4"}, "risks": {"below"}}
	return ui.FormView{Action: "/form", Method: "post", Fields: ui.FieldsOf(fields(), values, err), Submit: core.T("受理并派工", "Take in and dispatch"),
		Cancel: "/", Version: "3", IdemKey: "k1", Multipart: true, Columns: true}
}

func num(v float64) string { return fmt.Sprint(v) }
