package project

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
)

const columns = "id, version, code, name, zone, kind, address, hotline, since"

// Get reads one project; KindNotFound when there is none.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Project, error) {
	return db.One(ctx, tx, (*Project).dest, "select "+columns+" from project_project where project_id = $1 and id = $2 and voided_at is null", core.Firm, id)
}

func byCode(ctx context.Context, tx db.Tx, code string) (Project, bool, error) {
	return db.Maybe(ctx, tx, (*Project).dest, "select "+columns+" from project_project where project_id = $1 and code = $2 and voided_at is null", core.Firm, code)
}

func byName(ctx context.Context, tx db.Tx, name string) (Project, bool, error) {
	return db.Maybe(ctx, tx, (*Project).dest, "select "+columns+" from project_project where project_id = $1 and name = $2 and voided_at is null", core.Firm, name)
}

func all(ctx context.Context, tx db.Tx) ([]Project, error) {
	return db.All(ctx, tx, (*Project).dest, "select "+columns+" from project_project where project_id = $1 and voided_at is null order by id", core.Firm)
}

func find(ctx context.Context, tx db.Tx, q register.Query) ([]Project, error) {
	after := core.ID(0)
	if q.After != "" {
		var err error
		if after, err = core.ParseID(q.After); err != nil {
			return nil, err
		}
	}
	return db.All(ctx, tx, (*Project).dest, "select "+columns+` from project_project where project_id = $1 and voided_at is null and id > $2
		and ($3 = '' or name like '%' || $3 || '%' or code like $3 || '%') order by id limit $4`, core.Firm, int64(after), q.Text, q.Limit)
}

// insert gives the number of rows: 0 when code or name are taken.
func insert(ctx context.Context, tx db.Tx, p Project) (int64, error) {
	return db.Exec(ctx, tx, `insert into project_project (project_id, id, created_at, created_by, changed_at, changed_by, code, name, zone, kind, address, hotline, since)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11) on conflict do nothing`,
		core.Firm, p.ID, core.Now(ctx), core.ActorOf(ctx).ID, p.Code, p.Name, p.Zone, p.Kind, p.Address, p.Hotline, p.Since)
}

func update(ctx context.Context, tx db.Tx, p Project) error {
	return db.ExecOne(ctx, tx, `update project_project set name = $1, kind = $2, address = $3, hotline = $4, since = $5, version = version + 1,
		changed_at = $6, changed_by = $7 where project_id = $8 and id = $9 and voided_at is null`,
		p.Name, p.Kind, p.Address, p.Hotline, p.Since, core.Now(ctx), core.ActorOf(ctx).ID, core.Firm, p.ID)
}

const departmentColumns = "id, version, name, phone, duty"

func findDepartments(ctx context.Context, tx db.Tx, q register.Query) ([]Department, error) {
	return db.All(ctx, tx, (*Department).dest, "select "+departmentColumns+` from project_department where project_id = $1 and voided_at is null
		and ($2 = '' or name like '%' || $2 || '%') order by id`, core.ProjectOf(ctx).ID, q.Text)
}

// Departments lists a project's departments in the order in which they were set up.
func Departments(ctx context.Context, tx db.Tx, project core.ID) ([]Department, error) {
	return db.All(ctx, tx, (*Department).dest, "select "+departmentColumns+" from project_department where project_id = $1 and voided_at is null order by id", project)
}

func getDepartment(ctx context.Context, tx db.Tx, id core.ID) (Department, error) {
	return db.One(ctx, tx, (*Department).dest, "select "+departmentColumns+" from project_department where project_id = $1 and id = $2 and voided_at is null",
		core.ProjectOf(ctx).ID, id)
}

func departmentByName(ctx context.Context, tx db.Tx, name string) (Department, bool, error) {
	return db.Maybe(ctx, tx, (*Department).dest, "select "+departmentColumns+" from project_department where project_id = $1 and name = $2 and voided_at is null",
		core.ProjectOf(ctx).ID, name)
}

func insertDepartment(ctx context.Context, tx db.Tx, project, id core.ID, in DepartmentIn) (int64, error) {
	return db.Exec(ctx, tx, `insert into project_department (project_id, id, created_at, created_by, changed_at, changed_by, name, phone, duty)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7) on conflict do nothing`, project, id, core.Now(ctx), core.ActorOf(ctx).ID, in.Name, in.Phone, in.Duty)
}

func updateDepartment(ctx context.Context, tx db.Tx, id core.ID, in DepartmentIn) error {
	return db.ExecOne(ctx, tx, `update project_department set name = $1, phone = $2, duty = $3, version = version + 1, changed_at = $4, changed_by = $5
		where project_id = $6 and id = $7 and voided_at is null`, in.Name, in.Phone, in.Duty, core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, id)
}

func closeDepartment(ctx context.Context, tx db.Tx, id core.ID, why string) error {
	return db.ExecOne(ctx, tx, `update project_department set voided_at = $1, voided_by = $2, void_reason = $3, version = version + 1, changed_at = $1, changed_by = $2
		where project_id = $4 and id = $5 and voided_at is null`, core.Now(ctx), core.ActorOf(ctx).ID, why, core.ProjectOf(ctx).ID, id)
}

// Firm is the firm that this database belongs to.
type Firm struct {
	Name   string
	Demo   bool          // demonstration data: the clock may be moved
	Offset time.Duration // business time minus real time; 0 unless Demo
	SetUp  time.Time     // when the first administrator was made; zero before
}

func (f *Firm) dest() []any {
	return []any{&f.Name, &f.Demo, (*offset)(&f.Offset), &f.SetUp}
}

const firmQuery = "select name, demo, offset_us, set_up_at from project_firm where id = 1"

// TheFirm reads the firm's settings.
func TheFirm(ctx context.Context, tx db.Tx) (Firm, error) {
	return db.One(ctx, tx, (*Firm).dest, firmQuery)
}

// LockFirm reads them and holds the row for the rest of the Write: firm-wide rules over several rows (the last
// administrator, the first set-up) are decided one at a time.
func LockFirm(ctx context.Context, tx db.Tx) (Firm, error) {
	return db.One(ctx, tx, (*Firm).dest, db.Locked(tx, firmQuery))
}

func saveFirm(ctx context.Context, tx db.Tx, f Firm) error {
	return db.ExecOne(ctx, tx, "update project_firm set name = $1, demo = $2, offset_us = $3, set_up_at = $4 where id = 1", f.Name, f.Demo, f.Offset.Microseconds(), f.SetUp)
}
