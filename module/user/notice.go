package user

import (
	"context"
	"slices"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
	"huiyin/notify"
)

// Book tells the outbox who people are: their language, their number, who holds a role, and where a project is.
func Book() notify.Book {
	return notify.Book{Person: person, Holders: holderIDs, Place: func(ctx context.Context, tx db.Tx, id core.ID) (core.Project, error) {
		p, err := project.Get(ctx, tx, id)
		return p.Core(), err
	}}
}

// person reads a user; somebody who is not known is nobody to be told.
func person(ctx context.Context, tx db.Tx, id core.ID) (notify.Person, error) {
	u, err := Get(ctx, tx, id)
	if core.IsKind(err, core.KindNotFound) {
		return notify.Person{}, nil
	}
	return notify.Person{Lang: u.Language, Phone: u.Phone, Active: u.SignsIn()}, err
}

func holderIDs(ctx context.Context, tx db.Tx, project core.ID, role core.Role) ([]core.ID, error) {
	us, err := Holders(ctx, tx, project, role)
	us = slices.DeleteFunc(us, func(u User) bool { return !u.SignsIn() })
	out := make([]core.ID, len(us))
	for i, u := range us {
		out[i] = u.ID
	}
	return out, err
}
