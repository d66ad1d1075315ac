package user

import (
	"context"
	"fmt"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/register"
)

// Tx is the transaction, for the hooks' signature.
type Tx = db.Tx

const columns = "id, version, login, login_key, name, phone, language, password, must_change, state, skills, on_duty, totp, totp_on, totp_step, left_at"

func (u User) complete() User {
	u.Skills = strings.Fields(u.skills)
	return u
}

// Get reads one user with the seats; KindNotFound when there is none.
func Get(ctx context.Context, tx db.Tx, id core.ID) (User, error) {
	return get(ctx, tx, "select "+columns+" from user_user where project_id = $1 and id = $2", core.Firm, id)
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (User, error) {
	return get(ctx, tx, db.Locked(tx, "select "+columns+" from user_user where project_id = $1 and id = $2"), core.Firm, id)
}

func get(ctx context.Context, tx db.Tx, query string, args ...any) (User, error) {
	u, err := db.One(ctx, tx, (*User).dest, query, args...)
	if err != nil {
		return u, err
	}
	u = u.complete()
	u.Seats, err = seatsOf(ctx, tx, u.ID)
	return u, err
}

func byLogin(ctx context.Context, tx db.Tx, login string) (User, bool, error) {
	u, ok, err := db.Maybe(ctx, tx, (*User).dest, "select "+columns+" from user_user where project_id = $1 and login_key = $2 and login_key <> ''", core.Firm, keyOf(login))
	return u.complete(), ok, err
}

// ByLogin finds a user by the login, in whatever case; KindNotFound when there is none.
func ByLogin(ctx context.Context, tx db.Tx, login string) (User, error) {
	u, ok, err := byLogin(ctx, tx, login)
	if err == nil && !ok {
		err = core.NotFound()
	}
	return u, err
}

func keyOf(login string) string { return strings.ToLower(strings.TrimSpace(core.FullToHalf(login))) }

func seatsOf(ctx context.Context, tx db.Tx, user core.ID) ([]Seat, error) {
	return db.All(ctx, tx, (*Seat).dest, "select project_id, user_id, role, department from user_seat where user_id = $1 order by project_id, role", user)
}

// Any reports whether anybody can sign in at all.
func Any(ctx context.Context, tx db.Tx) (bool, error) {
	id, err := db.Value[core.ID](ctx, tx, "select id from user_user where project_id = $1 and login_key <> '' limit 1", core.Firm)
	return id != 0, err
}

func find(ctx context.Context, tx db.Tx, q register.Query) ([]User, error) {
	after := core.ID(0)
	if q.After != "" {
		var err error
		if after, err = core.ParseID(q.After); err != nil {
			return nil, err
		}
	}
	us, err := db.All(ctx, tx, (*User).dest, "select "+columns+` from user_user u where project_id = $1 and id > $2
		and ($3 = '' or name like '%' || $3 || '%' or login_key like lower($3) || '%') and ($4 = '' or state = $4)
		and ($5 = '' or exists (select 1 from user_seat s where s.user_id = u.id and s.role = $5)) order by id limit $6`,
		core.Firm, int64(after), q.Text, q.Filter["state"], q.Filter["role"], q.Limit)
	return withSeats(ctx, tx, us, err)
}

// Holders lists the active users who hold one of the roles in the project, or in the firm as a whole, by name.
func Holders(ctx context.Context, tx db.Tx, project core.ID, roles ...core.Role) ([]User, error) {
	if len(roles) == 0 {
		return nil, nil
	}
	args := []any{core.Firm, project}
	marks := make([]string, len(roles))
	for i, r := range roles {
		args = append(args, r)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	us, err := db.All(ctx, tx, (*User).dest, "select "+columns+` from user_user u where project_id = $1 and state = 'active' and exists (select 1 from user_seat s
		where s.user_id = u.id and (s.project_id = $1 or s.project_id = $2) and s.role in (`+strings.Join(marks, ", ")+")) order by name, id", args...)
	return withSeats(ctx, tx, us, err)
}

func withSeats(ctx context.Context, tx db.Tx, us []User, err error) ([]User, error) {
	if err != nil || len(us) == 0 {
		return us, err
	}
	args, marks, at := []any{}, []string{}, map[core.ID]int{}
	for i, u := range us {
		us[i] = u.complete()
		at[u.ID] = i
		args = append(args, u.ID)
		marks = append(marks, fmt.Sprintf("$%d", len(args)))
	}
	seats, err := db.All(ctx, tx, (*Seat).dest, "select project_id, user_id, role, department from user_seat where user_id in ("+strings.Join(marks, ", ")+") order by project_id, role", args...)
	for _, s := range seats {
		us[at[s.User]].Seats = append(us[at[s.User]].Seats, s)
	}
	return us, err
}

// Names gives the names of users; unknown ids are left out.
func Names(ctx context.Context, tx db.Tx, ids ...core.ID) (map[core.ID]string, error) {
	out := map[core.ID]string{}
	if len(ids) == 0 {
		return out, nil
	}
	args, marks := []any{core.Firm}, make([]string, len(ids))
	for i, id := range ids {
		args = append(args, id)
		marks[i] = fmt.Sprintf("$%d", len(args))
	}
	us, err := db.All(ctx, tx, func(u *User) []any { return []any{&u.ID, &u.Name} },
		"select id, name from user_user where project_id = $1 and id in ("+strings.Join(marks, ", ")+")", args...)
	for _, u := range us {
		out[u.ID] = u.Name
	}
	return out, err
}

// staff finds an active person of this name with a seat in the project, whether or not he signs in.
func staff(ctx context.Context, tx db.Tx, project core.ID, name string) (core.ID, error) {
	return db.Value[core.ID](ctx, tx, `select u.id from user_user u where u.project_id = $1 and u.name = $2 and u.state = 'active'
		and exists (select 1 from user_seat s where s.user_id = u.id and (s.project_id = $3 or s.project_id = $1)) order by u.id limit 1`, core.Firm, name, project)
}

// insert gives the number of rows: 0 when the login is taken.
func insert(ctx context.Context, tx db.Tx, u User) (int64, error) {
	return db.Exec(ctx, tx, `insert into user_user (project_id, id, created_at, created_by, changed_at, changed_by, login, login_key, name, phone, language, password,
		must_change, skills, on_duty) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13) on conflict do nothing`,
		core.Firm, u.ID, core.Now(ctx), core.ActorOf(ctx).ID, u.Login, keyOf(u.Login), u.Name, u.Phone, string(u.Language), u.password, u.MustChange,
		strings.Join(u.Skills, " "), u.OnDuty)
}

// set changes columns of the user: "name = $4, phone = $5" with their values; version, time and person follow.
func set(ctx context.Context, tx db.Tx, id core.ID, columns string, values ...any) error {
	args := append([]any{core.Firm, id, core.Now(ctx)}, values...)
	args = append(args, core.ActorOf(ctx).ID)
	return db.ExecOne(ctx, tx, fmt.Sprintf("update user_user set %s, version = version + 1, changed_at = $3, changed_by = $%d where project_id = $1 and id = $2",
		columns, len(args)), args...)
}

func replaceSeats(ctx context.Context, tx db.Tx, user, project core.ID, roles []core.Role, department string) error {
	if _, err := db.Exec(ctx, tx, "delete from user_seat where project_id = $1 and user_id = $2", project, user); err != nil {
		return err
	}
	for _, r := range roles {
		if _, err := db.Exec(ctx, tx, "insert into user_seat (project_id, user_id, role, department) values ($1,$2,$3,$4)", project, user, r, department); err != nil {
			return err
		}
	}
	return nil
}

// admins counts the administrators who can sign in. A fresh statement: it sees what others committed meanwhile.
func admins(ctx context.Context, tx db.Tx) (int, error) {
	return db.Value[int](ctx, tx, `select count(*) from user_user u where u.project_id = $1 and u.state = 'active' and u.login_key <> ''
		and exists (select 1 from user_seat s where s.user_id = u.id and s.role = 'admin')`, core.Firm)
}

type grant struct {
	role core.Role
	perm string
	on   bool
}

func (g *grant) dest() []any { return []any{&g.role, &g.perm, &g.on} }

type grantsKey struct{}

// grants are the firm's decisions over the defaults.
func grants(ctx context.Context, tx db.Tx) (map[[2]string]bool, error) {
	return db.Bag(tx, grantsKey{}, func() (map[[2]string]bool, error) {
		rows, err := db.All(ctx, tx, (*grant).dest, "select role, perm, granted from user_grant where project_id = $1 and voided_at is null", core.Firm)
		out := make(map[[2]string]bool, len(rows))
		for _, g := range rows {
			out[[2]string{string(g.role), g.perm}] = g.on
		}
		return out, err
	})
}

func putGrant(ctx context.Context, tx db.Tx, role core.Role, perm string, on bool) (core.ID, error) {
	tx.Drop(grantsKey{})
	return db.Value[core.ID](ctx, tx, `insert into user_grant (project_id, id, created_at, created_by, changed_at, changed_by, role, perm, granted)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7) on conflict (project_id, role, perm) do update set granted = excluded.granted, changed_at = excluded.changed_at,
		changed_by = excluded.changed_by, version = user_grant.version + 1 returning id`,
		core.Firm, tx.NewID(), core.Now(ctx), core.ActorOf(ctx).ID, role, perm, on)
}
