package user

import (
	"context"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/search"
	"huiyin/web"
	"huiyin/web/ui"
)

// lookupMax is how many people a field offers at once.
const lookupMax = 12

// employees are the roles of those who work here.
func employees() []core.Role {
	var out []core.Role
	for _, c := range roleChoices() {
		out = append(out, core.Role(c.Value))
	}
	return out
}

// lookup offers the people who work in the project to a field that names one: by name, pinyin, initials or login. Tenants
// and owners learn no names here.
func lookup(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	here, roles := r.Project.ID, employees()
	if !slices.ContainsFunc(core.ActorOf(ctx).Seats[here].Roles, func(held core.Role) bool { return slices.Contains(roles, held) }) {
		return nil, core.Forbidden("user.lookup")
	}
	us, err := Holders(ctx, tx, here, roles...)
	var out []ui.Option
	for _, u := range us {
		if len(out) < lookupMax && u.called(r.Query("q")) {
			out = append(out, ui.Option{Value: u.ID.String(), Label: u.Name, Note: u.noteIn(ctx, here)})
		}
	}
	return web.Fragment{Body: ui.Options(out)}, err
}

// called reports whether what was typed may mean this person.
func (u *User) called(typed string) bool {
	typed = strings.TrimSpace(typed)
	return typed == "" || search.Spells(u.Name, typed) || strings.HasPrefix(u.key, keyOf(typed))
}

// noteIn says what tells people of one name apart: the roles held there, and the department.
func (u *User) noteIn(ctx context.Context, place core.ID) string {
	var seats []Seat
	note := ""
	for _, s := range u.Seats {
		if s.Project == place || s.Project == core.Firm {
			seats = append(seats, s)
			note = s.Department
		}
	}
	roles := roleWords(ctx, seats)
	if note == "" {
		return roles
	}
	return roles + " · " + note
}

// Choices are users as the choices of a form, by their ids.
func Choices(us []User) []core.Choice {
	out := make([]core.Choice, len(us))
	for i, u := range us {
		out[i] = core.Choice{Value: u.ID.String(), Label: core.Text{ZH: string(u.Name), EN: string(u.Name)}}
	}
	return out
}

// NameAmong is the name of one of these users, whose id came in a form's field.
func NameAmong(us []User, field string, id core.ID) (string, error) {
	for _, u := range us {
		if u.ID == id {
			return string(u.Name), nil
		}
	}
	return "", core.Invalid(field, "请选择本项目的人员", "Choose somebody of this project")
}
