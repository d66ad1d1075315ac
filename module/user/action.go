package user

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/module/project"
)

// In is what makes a user. Roles by project; core.Firm as project counts in all of them. Without a password there is no
// sign-in. MustChange asks for a password of the user's own at the first sign-in.
type In struct {
	Login      string
	Name       string
	Phone      core.Phone
	Language   core.Lang
	Password   core.Secret
	MustChange bool
	Skills     []string
	OffDuty    bool
	Roles      map[core.ID][]core.Role
	Department string
}

var loginShape = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._@-]{1,39}$`)

func checkLogin(login string) error {
	if !loginShape.MatchString(login) {
		return core.Invalid("login", "登录名为 2–40 个字母、汉字、数字或 . _ @ -,以字母、汉字或数字开头", "A login takes 2 to 40 letters, digits or . _ @ - and begins with a letter or digit")
	}
	return nil
}

// Add makes a user with the roles given. The login is unique in whatever case.
func Add(ctx context.Context, tx db.Tx, in In) (core.ID, error) {
	in.Login, in.Name = strings.TrimSpace(core.FullToHalf(in.Login)), strings.TrimSpace(in.Name)
	if err := canAdd(ctx, in); err != nil {
		return 0, err
	}
	u := User{ID: tx.NewID(), Login: in.Login, Name: in.Name, Phone: in.Phone, Language: in.Language, MustChange: in.MustChange, Skills: in.Skills, OnDuty: !in.OffDuty}
	if in.Password != "" {
		var err error
		if u.password, err = hashPassword(ctx, in.Password); err != nil {
			return 0, err
		}
	}
	n, err := insert(ctx, tx, u)
	if err == nil && n == 0 {
		err = core.Invalid("login", "登录名「%s」已被使用", "The login %q is taken", in.Login)
	}
	if err != nil {
		return 0, err
	}
	for p, roles := range in.Roles {
		if err := replaceSeats(ctx, tx, u.ID, p, roles, in.Department); err != nil {
			return 0, err
		}
	}
	return u.ID, journal.Add(ctx, tx, u.ref(), "created", map[string]any{"login": in.Login, "name": in.Name, "phone": in.Phone, "roles": in.Roles})
}

func canAdd(ctx context.Context, in In) error {
	if in.Name == "" {
		return core.Invalid("name", "请填写姓名", "The name is required")
	}
	if in.Login != "" || in.Password != "" {
		if err := checkLogin(in.Login); err != nil {
			return err
		}
		if err := checkPassword("password", in.Login, in.Password); err != nil {
			return err
		}
	}
	for p, roles := range in.Roles {
		if err := canGive(ctx, p, roles, nil); err != nil {
			return err
		}
	}
	return nil
}

// canGive: only an administrator or general manager gives or takes these two roles or seats for all projects; others
// give seats only where they hold the right themselves.
func canGive(ctx context.Context, p core.ID, roles, before []core.Role) error {
	for _, r := range roles {
		if !slices.ContainsFunc(roleChoices(), func(c core.Choice) bool { return c.Value == string(r) }) {
			return core.Invalid("roles", "没有岗位「%s」", "There is no role %q", string(r))
		}
	}
	a := core.ActorOf(ctx)
	if a.Job || isHeadActor(a) {
		return nil
	}
	for _, r := range heads() {
		if slices.Contains(roles, r) != slices.Contains(before, r) {
			return headsOnly()
		}
	}
	if p == core.Firm || !a.Can(p, "user.seat") {
		return core.Forbidden("user.seat")
	}
	return nil
}

func isHeadActor(a core.Actor) bool { return a.Has(core.Firm, core.Admin) || a.Has(core.Firm, core.GM) }

func headsOnly() error {
	return &core.Err{Kind: core.KindForbidden, Text: core.T("只有系统管理员或总经理能这样做", "Only an administrator or the general manager may do this")}
}

// canTouch: an administrator or general manager is handled by his own kind alone.
func canTouch(ctx context.Context, u User) error {
	a := core.ActorOf(ctx)
	if a.Job || isHeadActor(a) || !slices.ContainsFunc(u.Seats, func(s Seat) bool { return isHead(s.Role) }) {
		return nil
	}
	return headsOnly()
}

func canChangeActive(ctx context.Context, u User) error {
	if u.State != Active {
		return core.Conflict("这位员工已经离职", "This person has left")
	}
	return canTouch(ctx, u)
}

// check reads the user and asks one of the checks: for the page's buttons.
func check(may func(context.Context, User) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		u, err := Get(ctx, tx, id)
		if err != nil {
			return err
		}
		return may(ctx, u)
	}
}

// locked holds the user and asks the check: the first lines of every verb.
func locked(ctx context.Context, tx db.Tx, id core.ID, may func(context.Context, User) error) (User, error) {
	u, err := lock(ctx, tx, id)
	if err == nil {
		err = may(ctx, u)
	}
	return u, err
}

// EnsureStaff finds the active person of this name in the project of ctx, or makes a staff member without sign-in who
// holds the role there: the handlers of imported records.
func EnsureStaff(ctx context.Context, tx db.Tx, name string, role core.Role) (core.ID, error) {
	name = strings.Join(strings.Fields(name), " ")
	at := core.ProjectOf(ctx).ID
	id, err := staff(ctx, tx, at, name)
	if err != nil || id != 0 {
		return id, err
	}
	return Add(core.AsSystem(ctx), tx, In{Name: name, Roles: map[core.ID][]core.Role{at: {role}}})
}

// EditIn changes a user's data.
type EditIn struct {
	Name     string
	Phone    core.Phone
	Language string
	Skills   []string
	OnDuty   bool
}

// Edit changes a user's data.
func Edit(ctx context.Context, tx db.Tx, id core.ID, in EditIn) (core.ID, error) {
	u, err := locked(ctx, tx, id, canChangeActive)
	if err != nil {
		return 0, err
	}
	err = set(ctx, tx, id, "name = $4, phone = $5, language = $6, skills = $7, on_duty = $8", in.Name, in.Phone, in.Language, strings.Join(in.Skills, " "), in.OnDuty)
	if err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, u.ref(), "changed", in)
}

// SeatIn sets the roles of a user in a project; none takes the user out of it.
type SeatIn struct {
	Project    core.ID
	Roles      []string
	Department string
}

func (in SeatIn) roles() []core.Role {
	out := make([]core.Role, len(in.Roles))
	for i, r := range in.Roles {
		out[i] = core.Role(r)
	}
	return out
}

// SetSeat gives a user exactly these roles in a project (core.Firm: in all of them).
func SetSeat(ctx context.Context, tx db.Tx, id core.ID, in SeatIn) (core.ID, error) {
	if _, err := project.LockFirm(ctx, tx); err != nil { // the rule on the last administrator is over several rows
		return 0, err
	}
	u, err := locked(ctx, tx, id, canChangeActive)
	if err != nil {
		return 0, err
	}
	where, err := placeName(ctx, tx, in.Project)
	if err != nil {
		return 0, err
	}
	roles, before := in.roles(), rolesIn(u.Seats, in.Project)
	if err := canGive(ctx, in.Project, roles, before); err != nil {
		return 0, err
	}
	if err := replaceSeats(ctx, tx, id, in.Project, roles, in.Department); err != nil {
		return 0, err
	}
	if err := keepsAdmin(ctx, tx, id, slices.Contains(before, core.Admin) && !slices.Contains(roles, core.Admin)); err != nil {
		return 0, err
	}
	if err := set(ctx, tx, id, "state = state"); err != nil {
		return 0, err
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = r.Name().ZH
	}
	return id, journal.Add(ctx, tx, u.ref(), "seated", map[string]any{"project": where.ZH, "project_id": in.Project, "roles": strings.Join(names, "、"), "codes": in.Roles, "department": in.Department})
}

func placeName(ctx context.Context, tx db.Tx, id core.ID) (core.Text, error) {
	if id == core.Firm {
		return core.T("全部项目", "All projects"), nil
	}
	p, err := project.Get(ctx, tx, id)
	if core.IsKind(err, core.KindNotFound) {
		err = core.Invalid("project", "没有这个项目", "There is no such project")
	}
	return core.T(p.Name, p.Name), err
}

func rolesIn(seats []Seat, p core.ID) []core.Role {
	var out []core.Role
	for _, s := range seats {
		if s.Project == p {
			out = append(out, s.Role)
		}
	}
	return out
}

// keepsAdmin refuses the loss of one's own administrator's role, and of the last one.
func keepsAdmin(ctx context.Context, tx db.Tx, id core.ID, loses bool) error {
	if !loses {
		return nil
	}
	if id == core.ActorOf(ctx).ID {
		return core.Conflict("不能取消自己的管理员岗位,请另一位管理员来做", "Nobody takes his own administrator's role; ask another administrator")
	}
	n, err := admins(ctx, tx)
	if err == nil && n == 0 {
		err = core.Conflict("这是最后一位系统管理员,请先指定另一位", "This is the last administrator; name another one first")
	}
	return err
}

// LoginIn is a login with the password that the user changes at the first sign-in.
type LoginIn struct {
	Login    string
	Password string
}

func canGiveLogin(ctx context.Context, u User) error {
	if u.key != "" {
		return core.Conflict("已经开通登录", "The sign-in is open already")
	}
	return canChangeActive(ctx, u)
}

// GiveLogin opens a sign-in for a staff member who had none.
func GiveLogin(ctx context.Context, tx db.Tx, id core.ID, in LoginIn) (core.ID, error) {
	u, err := locked(ctx, tx, id, canGiveLogin)
	if err != nil {
		return 0, err
	}
	if err := checkLogin(in.Login); err != nil {
		return 0, err
	}
	if _, taken, err := byLogin(ctx, tx, in.Login); err != nil || taken {
		if err == nil {
			err = core.Invalid("login", "登录名「%s」已被使用", "The login %q is taken", in.Login)
		}
		return 0, err
	}
	if err := setPassword(ctx, tx, u, "password", in.Login, core.Secret(in.Password), true); err != nil {
		return 0, err
	}
	if err := set(ctx, tx, id, "login = $4, login_key = $5", in.Login, keyOf(in.Login)); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, u.ref(), "login", map[string]any{"login": in.Login})
}

func canReset(ctx context.Context, u User) error {
	if u.key == "" {
		return core.Conflict("还没有开通登录", "There is no sign-in yet")
	}
	return canChangeActive(ctx, u)
}

// ResetIn is a temporary password; NoTOTP also takes away a second factor whose telephone is lost.
type ResetIn struct {
	Password string
	NoTOTP   bool
}

// Reset gives a temporary password, which the user changes at the next sign-in, and ends every session.
func Reset(ctx context.Context, tx db.Tx, id core.ID, in ResetIn) (core.ID, error) {
	u, err := locked(ctx, tx, id, canReset)
	if err != nil {
		return 0, err
	}
	if err := setPassword(ctx, tx, u, "password", u.Login, core.Secret(in.Password), true); err != nil {
		return 0, err
	}
	if err := forgive(ctx, tx, "login:"+u.key); err != nil {
		return 0, err
	}
	if in.NoTOTP && u.TOTP {
		if err := stopTOTP(ctx, tx, u); err != nil {
			return 0, err
		}
	}
	return id, journal.Add(ctx, tx, u.ref(), "reset", nil)
}

// setPassword stores a new password and ends the user's sessions, but for those kept.
func setPassword(ctx context.Context, tx db.Tx, u User, field, login string, password core.Secret, mustChange bool, keep ...core.ID) error {
	if err := checkPassword(field, login, password); err != nil {
		return err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	if err := set(ctx, tx, u.ID, "password = $4, must_change = $5", hash, mustChange); err != nil {
		return err
	}
	return endSessions(ctx, tx, u.ID, keep...)
}

// ChangePassword is the user's own: the old one is asked for, and the other sessions end.
func ChangePassword(ctx context.Context, tx db.Tx, id core.ID, old, password core.Secret, keep core.ID) error {
	u, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	what := "own:" + id.String()
	if err := throttle(ctx, tx, what); err != nil {
		return err
	}
	ok, err := verifyPassword(ctx, u.password, old)
	if err != nil {
		return err
	}
	if !ok {
		text := core.T("现在的密码不对", "The present password is wrong")
		return &core.Err{Kind: core.KindInvalid, Text: text, Fields: []core.FieldErr{{Name: "old", Text: text}}, Keep: []any{failed{[]string{what}}}}
	}
	if old == password {
		return core.Invalid("password", "新密码不能和现在的一样", "The new password must differ from the present one")
	}
	if err := setPassword(ctx, tx, u, "password", u.Login, password, false, keep); err != nil {
		return err
	}
	return journal.Add(ctx, tx, u.ref(), "password", nil)
}

// LeaveIn says why somebody leaves.
type LeaveIn struct{ Reason string }

func canLeave(ctx context.Context, u User) error {
	if u.ID == core.ActorOf(ctx).ID {
		return core.Conflict("不能给自己办理离职", "Nobody signs himself off")
	}
	return canChangeActive(ctx, u)
}

// Leave signs a person off: sign-in, sessions and tokens end, duties return to their roles in every project, and the
// listeners hear of it in the same transaction.
func Leave(ctx context.Context, tx db.Tx, id core.ID, in LeaveIn) (core.ID, error) {
	if _, err := project.LockFirm(ctx, tx); err != nil {
		return 0, err
	}
	u, err := locked(ctx, tx, id, canLeave)
	if err != nil {
		return 0, err
	}
	if err := set(ctx, tx, id, "state = $4, left_at = $5, on_duty = $6, totp = '', totp_on = $6", Left, core.Now(ctx), false); err != nil {
		return 0, err
	}
	wasAdmin := slices.ContainsFunc(u.Seats, func(s Seat) bool { return s.Role == core.Admin })
	if err := keepsAdmin(ctx, tx, id, wasAdmin); err != nil {
		return 0, err
	}
	if err := release(ctx, tx, id); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, u.ref(), "left", in)
}

func release(ctx context.Context, tx db.Tx, id core.ID) error {
	if err := endSessions(ctx, tx, id); err != nil {
		return err
	}
	if err := endTokens(ctx, tx, id); err != nil {
		return err
	}
	all, err := project.List(ctx, tx)
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := duty.Release(ctx, tx, p.ID, id); err != nil {
			return err
		}
	}
	if rt := runtimeOf(ctx); rt != nil {
		for _, hear := range rt.leavers {
			if err := hear(ctx, tx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func canReturn(ctx context.Context, u User) error {
	if u.State != Left {
		return core.Conflict("这位员工在职", "This person is active")
	}
	return canTouch(ctx, u)
}

// Return takes a person back, with the roles held before; a password has to be given anew.
func Return(ctx context.Context, tx db.Tx, id core.ID, _ struct{}) (core.ID, error) {
	u, err := locked(ctx, tx, id, canReturn)
	if err != nil {
		return 0, err
	}
	if err := set(ctx, tx, id, "state = $4, left_at = null, on_duty = $5, password = ''", Active, true); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, u.ref(), "returned", nil)
}

// SetOnDuty says whether a person may be given work now.
func SetOnDuty(ctx context.Context, tx db.Tx, id core.ID, on bool) error {
	u, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := set(ctx, tx, id, "on_duty = $4", on); err != nil {
		return err
	}
	verb := "off_duty"
	if on {
		verb = "on_duty"
	}
	return journal.Add(ctx, tx, u.ref(), verb, nil)
}

// wrong is the one answer to an unknown login, a wrong password and a person who has left.
func wrong(whats ...string) error {
	return &core.Err{Kind: core.KindInvalid, Text: core.T("登录名或密码不对", "Wrong login or password"), Keep: []any{failed{whats}}}
}

// setLanguage is the user's own choice.
func setLanguage(ctx context.Context, tx db.Tx, id core.ID, lang core.Lang) error {
	u, err := lock(ctx, tx, id)
	if err != nil || u.Language == lang {
		return err
	}
	ctx = core.WithActor(ctx, core.Actor{ID: u.ID, Name: u.Name, Login: u.Login})
	if err := set(ctx, tx, id, "language = $4", string(lang)); err != nil {
		return err
	}
	return journal.Add(ctx, tx, u.ref(), "changed", map[string]any{"language": lang})
}

func changeOf(input string) (Change, error) {
	var c Change
	if err := json.Unmarshal([]byte(input), &c); err != nil {
		return c, fmt.Errorf("user: a stored change cannot be read: %w", err)
	}
	return c, nil
}
