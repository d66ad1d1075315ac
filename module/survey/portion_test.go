package survey_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/module/survey"
	"huiyin/notify"
	"huiyin/testkit"
)

// Letters are written fifty at a time: this many need five portions.
const (
	many    = 230
	portion = 50
)

// tenants moves n tenants in, each with a contact who can be written to.
func tenants(k *testkit.Kit, n int) (ids []core.ID) {
	k.Helper()
	k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
		for i := range n {
			u, err := estate.CreateUnit(ctx, tx, estate.In{Code: fmt.Sprintf("A%02d%02d", 1+i/20, 1+i%20), Building: "A", Floor: "1", Use: "其他", State: estate.Let})
			if err != nil {
				return err
			}
			id, err := customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: core.Personal(fmt.Sprintf("商户%03d", i)), Category: customer.Ordinary, Unit: u, Part: customer.AsTenant, Consent: "written", ConsentBy: "某人",
				Contacts: []customer.Entry{{Name: "联系人", Role: customer.RoleContact, Phone: core.Phone(fmt.Sprintf("1380001%04d", i))}}})
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return errors.Join(notify.SetSite(ctx, tx, notify.SiteSetting{Base: "https://huiyin.example.com/", Private: true}),
			notify.SetSMS(ctx, tx, notify.SMSSetting{On: true, Method: "GET", URL: "https://sms.example.com/{phone}/{text}"}))
	})
	return ids
}

// write runs the job that writes to those who are asked, cut off at the nth transaction; zero lets it come to its end.
func write(k *testkit.Kit, round core.ID, since time.Time, n int) error {
	k.Helper()
	m := k.App.Lists.Modules[slices.IndexFunc(k.App.Lists.Modules, func(m house.Module) bool { return m.Name == "survey" })]
	args := map[string]any{"project": k.Project.ID, "round": round}
	if !since.IsZero() {
		args["since"] = since.UnixMicro()
	}
	return m.Jobs[0].Run(k.CutOff(core.AsSystem(k.App.Context(context.Background())), n), k.App.DB, []byte(core.JSON(args)))
}

// letters counts those queued to each customer about a survey.
func letters(k *testkit.Kit, round core.ID) (per map[core.ID]int64, all int) {
	k.Helper()
	return k.Count("select customer_id, count(*) from notify_outbox where project_id = $1 and template = 'survey.invite' and ref_id = $2 group by customer_id", k.Project.ID, round)
}

// writeInPieces runs the job again and again, cut off a transaction later each time, until it comes to its end.
func writeInPieces(k *testkit.Kit, round core.ID, since time.Time, before int) {
	k.Helper()
	partly := false
	for n := 1; ; n++ {
		err := write(k, round, since, n)
		_, all := letters(k, round)
		if all -= before; all != many && all%portion != 0 {
			k.Fatalf("cut off at the %dth transaction, %d letters are written: no whole portions", n, all)
		}
		partly = partly || 0 < all && all < many
		if err == nil {
			break
		}
		if n > 40 {
			k.Fatalf("the job does not end: %v", err)
		}
	}
	if !partly {
		k.Error("the job was never cut off between two portions")
	}
}

// TestEveryCustomerGetsOneLetter: more customers than one portion holds, invited and then reminded; the job is cut off
// between any two of its transactions and run again, and run once more when all is written.
func TestEveryCustomerGetsOneLetter(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		ids := tenants(k, many)
		planned(k)
		id := prepared(k, arranged(questionnaire(k, survey.Satisfaction, full())))
		k.Must(launch(k, id))
		each := func(want int64) {
			k.Helper()
			per, _ := letters(k, id)
			k.EachHas("letters", ids, want, per)
		}
		writeInPieces(k, id, time.Time{}, 0)
		k.Must(write(k, id, time.Time{}, 0))
		each(1)
		k.SetNow(k.Now().Add(testkit.Days(3)))
		k.Must(do(k, core.Supervisor, survey.Remind, id, struct{}{}))
		reminded := k.Now()
		writeInPieces(k, id, reminded, many)
		k.Must(write(k, id, reminded, 0))
		each(2)
	})
}
