package project

import (
	"context"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/register"
)

// Department is a part of a project's management office (客服部, 工程部…).
type Department struct {
	ID      core.ID
	Version int64
	Name    string
	Phone   core.Phone
	Duty    string // what it answers for
}

func (d *Department) dest() []any {
	return []any{&d.ID, &d.Version, &d.Name, &d.Phone, &d.Duty}
}

// DepartmentIn is what makes or changes a department.
type DepartmentIn struct {
	Name  string
	Phone core.Phone
	Duty  string
}

func departmentFields() []core.Field[DepartmentIn] {
	return []core.Field[DepartmentIn]{
		{Name: "name", Label: core.T("部门", "Department"), Ptr: func(in *DepartmentIn) any { return &in.Name }, Required: true, Max: 40},
		{Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(in *DepartmentIn) any { return &in.Phone }},
		{Name: "duty", Label: core.T("职责", "Answers for"), Ptr: func(in *DepartmentIn) any { return &in.Duty }},
	}
}

// usual are the departments that a new project begins with.
func usual() []DepartmentIn {
	return []DepartmentIn{{Name: "客服部", Duty: "接待、受理、回访、客户档案"}, {Name: "工程部", Duty: "设施设备、维修"}, {Name: "安保部", Duty: "秩序、消防、放行"},
		{Name: "财务部", Duty: "收费、核算"}, {Name: "招商部", Duty: "招租、空置"}, {Name: "综合部", Duty: "品质、档案、培训"}}
}

func departments() register.Register[Department] {
	heads := []core.Role{core.Manager, core.Admin}
	k := register.Kind{Name: "department", Plural: "departments", Label: core.T("部门", "Departments"), Table: "project_department",
		Events: map[string]core.Text{"created": core.T("设立", "Set up"), "changed": core.T("修改", "Changed"), "voided": core.T("撤销:{reason}", "Closed: {reason}")}}
	return register.Register[Department]{
		Kind: k, Viewers: []core.Role{core.Manager, core.Admin, core.GM, core.Supervisor, core.Desk}, Columns: []string{"name", "phone", "duty"},
		Fields: []core.Field[Department]{
			{Name: "name", Label: core.T("部门", "Department"), Ptr: func(d *Department) any { return &d.Name }},
			{Name: "phone", Label: core.T("电话", "Telephone"), Ptr: func(d *Department) any { return &d.Phone },
				Show: func(_ context.Context, d *Department) string { return string(d.Phone) }},
			{Name: "duty", Label: core.T("职责", "Answers for"), Ptr: func(d *Department) any { return &d.Duty }},
		},
		ID: func(d *Department) core.ID { return d.ID }, Version: func(d *Department) int64 { return d.Version },
		Find: findDepartments, Get: getDepartment,
		Verbs: []register.Verber{
			register.Verb[DepartmentIn]{Name: "new", Label: core.T("新设部门", "New department"), Roles: heads, Fields: departmentFields(), New: true, Primary: true,
				Said: core.T("部门已设立", "The department is set up"),
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, in DepartmentIn) (core.ID, error) {
					return AddDepartment(ctx, tx, core.ProjectOf(ctx).ID, in)
				}},
			register.Verb[DepartmentIn]{Name: "edit", Label: core.T("修改", "Edit"), Roles: heads, Fields: departmentFields(), Fill: fillDepartment,
				Do: editDepartment, Said: core.T("已保存", "Saved")},
			register.Verb[voidIn]{Name: "void", Label: core.T("撤销部门", "Close"), Roles: heads, Fields: voidFields(), Danger: true, Do: voidDepartment,
				Said: core.T("部门已撤销", "The department is closed"), Next: func(ctx context.Context, _ core.ID) string { return k.Href(ctx, 0) }},
		},
	}
}

type voidIn struct{ Reason string }

func voidFields() []core.Field[voidIn] {
	return []core.Field[voidIn]{{Name: "reason", Label: core.T("理由", "Reason"), Ptr: func(in *voidIn) any { return &in.Reason }, Required: true, Min: 2}}
}

// AddDepartment sets up a department in a project; its name is unique there.
func AddDepartment(ctx context.Context, tx db.Tx, project core.ID, in DepartmentIn) (core.ID, error) {
	in.Name = strings.TrimSpace(in.Name)
	id := tx.NewID()
	n, err := insertDepartment(ctx, tx, project, id, in)
	if err == nil && n == 0 {
		err = core.Invalid("name", "已经有「%s」", "There already is a department %s", in.Name)
	}
	if err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, core.Ref{Project: project, Kind: "department", ID: id}, "created", in)
}

func fillDepartment(ctx context.Context, tx db.Tx, id core.ID, in *DepartmentIn) error {
	d, err := getDepartment(ctx, tx, id)
	in.Name, in.Phone, in.Duty = d.Name, d.Phone, d.Duty
	return err
}

func editDepartment(ctx context.Context, tx db.Tx, id core.ID, in DepartmentIn) (core.ID, error) {
	if other, ok, err := departmentByName(ctx, tx, in.Name); err != nil || ok && other.ID != id {
		return 0, orTaken(err, in.Name)
	}
	if err := updateDepartment(ctx, tx, id, in); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "department", ID: id}, "changed", in)
}

func voidDepartment(ctx context.Context, tx db.Tx, id core.ID, in voidIn) (core.ID, error) {
	if err := closeDepartment(ctx, tx, id, in.Reason); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "department", ID: id}, "voided", in)
}

func orTaken(err error, name string) error {
	if err != nil {
		return err
	}
	return core.Invalid("name", "已经有「%s」", "There already is %s", name)
}
