package seed

import (
	"context"
	"fmt"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/estate"
	"huiyin/notify"
)

// premises are the parking spaces and letter boxes, put on the lists in the fourth week (D1.14), and the program of
// another department that is to hear of repairs and is not switched on yet.
func (t *town) premises(ctx context.Context, tx db.Tx, morning time.Time) error {
	const week = 24 // day
	if t.today != min(week, max(t.days-1, 1)) {
		return nil
	}
	ctx = at(ctx, morning.Add(5*time.Hour))
	if err := t.parking(t.one(ctx, core.Leasing), tx); err != nil {
		return err
	}
	if err := t.letterBoxes(t.one(ctx, core.Desk), tx); err != nil {
		return err
	}
	_, err := notify.PutHook(t.one(ctx, core.Admin), tx, notify.Hook{Name: "财务系统(联调中)", URL: "https://finance.lhgc.example/huiyin", Events: []string{"repair.signed"}, Secret: "demo-secret-of-finance"})
	return err
}

// parking lets two of three spaces to tenants; the others are sold, free, for visitors or closed.
func (t *town) parking(ctx context.Context, tx db.Tx) error {
	today := core.Today(ctx)
	for i := range 24 {
		in := estate.SpaceIn{Code: fmt.Sprintf("P%03d", i+1), Place: []string{"负一层 A 区", "负一层 B 区", "负二层 C 区"}[i/8], State: estate.SpaceFree, Fee: 60_000}
		switch {
		case i >= 22:
			in.State, in.Fee, in.Note = estate.SpacePublic, 0, "访客车位"
		case i == 21:
			in.State, in.Fee, in.Note = estate.SpaceClosed, 0, "地面修补"
		case i%3 != 2 && i < len(t.units):
			u := t.units[i]
			in.State, in.UsedBy, in.Customer, in.Unit, in.Plate = estate.SpaceLet, core.Personal(u.contact), u.customer, u.id, fmt.Sprintf("粤B%05d", 20000+i*131)
			in.From, in.To = today, today.Add(364)
			if i%6 == 1 {
				in.State, in.To, in.Fee = estate.SpaceSold, "", 0
			}
		}
		if _, err := estate.CreateParking(ctx, tx, in); err != nil {
			return err
		}
	}
	return nil
}

// letterBoxes are in the hall: one for each of the first tenants, and two to spare.
func (t *town) letterBoxes(ctx context.Context, tx db.Tx) error {
	const boxes = 20
	for i := range boxes {
		in := estate.SpaceIn{Code: fmt.Sprintf("X%03d", i+1), Place: "一楼大堂东侧", State: estate.SpaceFree}
		if i < boxes-2 && i < len(t.units) {
			u := t.units[i]
			in.State, in.UsedBy, in.Customer, in.Unit, in.From = estate.SpaceLet, core.Personal(u.name), u.customer, u.id, core.Today(ctx)
		}
		if _, err := estate.CreateMailbox(ctx, tx, in); err != nil {
			return err
		}
	}
	return nil
}
