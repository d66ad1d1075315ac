package project

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/mozillazg/go-pinyin"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
)

var codeShape = regexp.MustCompile(`^[a-z][a-z0-9-]{1,23}$`)

// Create makes a project with its usual departments. Name and code are unique in the firm; a code that is asked for and
// taken is KindInvalid.
func Create(ctx context.Context, tx db.Tx, in In) (core.Project, error) {
	p, err := in.project(ctx)
	if err != nil {
		return core.Project{}, err
	}
	if _, taken, err := byName(ctx, tx, p.Name); err != nil || taken {
		return core.Project{}, orTaken(err, p.Name)
	}
	p.ID = tx.NewID()
	if err := place(ctx, tx, &p, in.Code != ""); err != nil {
		return core.Project{}, err
	}
	if err := journal.Add(ctx, tx, p.ref(), "created", in); err != nil {
		return core.Project{}, err
	}
	for _, d := range usual() {
		if _, err := AddDepartment(ctx, tx, p.ID, d); err != nil {
			return core.Project{}, err
		}
	}
	return p.Core(), nil
}

func (p Project) ref() core.Ref { return core.Ref{Project: core.Firm, Kind: "project", ID: p.ID} }

// project checks the input and fills in what was left empty.
func (in In) project(ctx context.Context) (Project, error) {
	p := Project{Code: in.Code, Name: strings.Join(strings.Fields(in.Name), " "), Zone: in.Zone, Kind: in.Kind, Address: in.Address, Hotline: in.Hotline, Since: in.Since}
	if p.Name == "" {
		return p, core.Invalid("name", "请填写项目名称", "The project's name is required")
	}
	if p.Zone == "" {
		p.Zone = core.China.String()
	}
	zone, err := time.LoadLocation(p.Zone)
	if err != nil || p.Zone == "Local" {
		return p, core.Invalid("zone", "没有时区「%s」", "There is no zone %q", p.Zone)
	}
	if p.Since == "" {
		p.Since = core.DateOf(core.Now(ctx), zone)
	}
	if p.Kind == "" {
		p.Kind = "office"
	}
	if p.Code == "" {
		p.Code = codeOf(p.Name)
	} else if !codeShape.MatchString(p.Code) {
		return p, core.Invalid("code", "代码应为 2–24 位小写字母、数字或短横线,以字母开头", "The code takes 2 to 24 lower-case letters, digits or hyphens and begins with a letter")
	}
	return p, nil
}

// place inserts the project; a code of our own making gets a number behind it until it is free.
func place(ctx context.Context, tx db.Tx, p *Project, asked bool) error {
	stem := p.Code
	for n := 2; ; n++ {
		count, err := insert(ctx, tx, *p)
		if err != nil || count == 1 {
			return err
		}
		if asked {
			return core.Invalid("code", "代码「%s」已被使用", "The code %q is taken", p.Code)
		}
		if n > 999 {
			return core.Conflict("同名项目太多", "Too many projects of this name")
		}
		p.Code = fmt.Sprintf("%s%d", stem, n)
	}
}

// codeOf makes a code of a name: the initials of its Chinese characters, and its letters and digits as they are.
func codeOf(name string) string {
	name = strings.NewReplacer("大厦", "ds", "广厦", "gs", "银行", "yh", "重庆", "cq", "长沙", "cs", "长安", "ca", "长江", "cj", "长城", "cc").Replace(strings.ToLower(core.FullToHalf(name)))
	var b strings.Builder
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		default:
			if py := pinyin.SinglePinyin(r, pinyin.Args{Style: pinyin.FirstLetter}); len(py) > 0 && py[0] != "" {
				b.WriteByte(py[0][0])
			}
		}
	}
	code := b.String()
	if code == "" || code[0] < 'a' {
		code = "p" + code
	}
	if len(code) < 2 {
		code += "1"
	}
	return code[:min(len(code), 20)]
}

// ByCode finds a project by its code; KindNotFound when there is none.
func ByCode(ctx context.Context, tx db.Tx, code string) (core.Project, error) {
	return found(byCode(ctx, tx, code))
}

// ByName finds a project by its exact name; KindNotFound when there is none.
func ByName(ctx context.Context, tx db.Tx, name string) (core.Project, error) {
	return found(byName(ctx, tx, strings.Join(strings.Fields(name), " ")))
}

func found(p Project, ok bool, err error) (core.Project, error) {
	if err == nil && !ok {
		err = core.NotFound()
	}
	return p.Core(), err
}

// All lists every project with the day since which it is managed, oldest first.
func All(ctx context.Context, tx db.Tx) ([]duty.Place, error) {
	ps, err := all(ctx, tx)
	out := make([]duty.Place, len(ps))
	for i, p := range ps {
		out[i] = p.Place()
	}
	return out, err
}

// List lists every project, oldest first.
func List(ctx context.Context, tx db.Tx) ([]core.Project, error) {
	ps, err := all(ctx, tx)
	out := make([]core.Project, len(ps))
	for i, p := range ps {
		out[i] = p.Core()
	}
	return out, err
}

func fill(ctx context.Context, tx db.Tx, id core.ID, in *In) error {
	p, err := Get(ctx, tx, id)
	*in = In{Name: p.Name, Kind: p.Kind, Address: p.Address, Hotline: p.Hotline, Since: p.Since}
	return err
}

// edit changes what may change; code and zone stay.
func edit(ctx context.Context, tx db.Tx, id core.ID, in In) (core.ID, error) {
	p, err := Get(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	in.Code, in.Zone = p.Code, p.Zone
	if in.Since == "" {
		in.Since = p.Since
	}
	now, err := in.project(ctx)
	if err != nil {
		return 0, err
	}
	if other, taken, err := byName(ctx, tx, now.Name); err != nil || taken && other.ID != id {
		return 0, orTaken(err, now.Name)
	}
	now.ID = id
	if err := update(ctx, tx, now); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, p.ref(), "changed", in)
}

// SetUp names the firm and says whether the database holds demonstration data; Set-up of the first administrator and
// the seed call it once.
func SetUp(ctx context.Context, tx db.Tx, name string, demo bool) error {
	f, err := LockFirm(ctx, tx)
	if err != nil {
		return err
	}
	if !f.SetUp.IsZero() {
		return core.Conflict("已经完成初始设置", "The set-up has been done")
	}
	f.Name, f.Demo, f.SetUp = strings.TrimSpace(name), demo, time.Now()
	return changeFirm(ctx, tx, f, "set_up", map[string]any{"name": f.Name, "demo": demo})
}

// Rename changes the firm's name.
func Rename(ctx context.Context, tx db.Tx, name string) error {
	f, err := LockFirm(ctx, tx)
	if err != nil {
		return err
	}
	f.Name = strings.TrimSpace(name)
	return changeFirm(ctx, tx, f, "renamed", map[string]any{"name": f.Name})
}

// maxStep is how far the demonstration's clock moves at once.
const maxStep = 400 * 24 * time.Hour

// canMoveClock: only the demonstration has a clock of its own, for real records must carry real times.
func canMoveClock(f Firm) error {
	if !f.Demo {
		return core.Conflict("只有演示数据才能拨动时钟", "Only a demonstration database has a clock that can be moved")
	}
	return nil
}

// MoveClock moves business time forward, at most 400 days at once; a database that is no demonstration refuses it.
func MoveClock(ctx context.Context, tx db.Tx, by time.Duration) error {
	f, err := LockFirm(ctx, tx)
	if err == nil {
		err = canMoveClock(f)
	}
	if err != nil {
		return err
	}
	if by <= 0 || by > maxStep {
		return core.Invalid("days", "时钟只能向前拨,一次最多 400 天", "The clock moves forward only, at most 400 days at once")
	}
	f.Offset += by.Truncate(time.Microsecond)
	return changeFirm(ctx, tx, f, "clock_moved", map[string]any{"by": by.String()})
}

func changeFirm(ctx context.Context, tx db.Tx, f Firm, verb string, payload any) error {
	if err := saveFirm(ctx, tx, f); err != nil {
		return err
	}
	tx.Publish(Topic)
	return journal.Add(ctx, tx, core.Ref{Project: core.Firm, Kind: "firm", ID: core.Firm}, verb, payload)
}

// Topic is published when the firm's settings change.
const Topic = "firm"

// offset scans microseconds.
type offset time.Duration

// Scan reads the column.
func (o *offset) Scan(v any) error {
	var n sql.NullInt64
	err := n.Scan(v)
	*o = offset(time.Duration(n.Int64) * time.Microsecond)
	return err
}
