package customer_test

import (
	"context"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/testkit"
)

// TestALeaversCustomersAreWrittenTo: who gets his mail by e-mail is told by e-mail, everybody else on paper (C15.4).
func TestALeaversCustomersAreWrittenTo(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		leaver, heir := k.Users[core.Leasing], k.Users[core.Desk]
		var handover core.ID
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			for _, name := range []core.Personal{"甲公司", "乙公司"} {
				id, err := customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: name, Category: customer.Ordinary, Keeper: leaver, Consent: "written", ConsentBy: "陈静",
					Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}}})
				if err != nil {
					return err
				}
				ks, err := customer.Contacts(ctx, tx, id)
				if err == nil && name == "甲公司" {
					err = notify.Choose(ctx, tx, k.Project.ID, ks[0].ID, notify.Choice{Mail: "chen@example.com", Ordinary: []string{"mail"}, Urgent: []string{"mail"}})
				}
				if err != nil {
					return err
				}
			}
			if err := customer.LeaverNamed(ctx, tx, leaver, "罗刚"); err != nil {
				return err
			}
			var err error
			if handover, err = db.Value[core.ID](ctx, tx, "select id from customer_handover where project_id = $1", k.Project.ID); err != nil {
				return err
			}
			return customer.HandOver(ctx, tx, handover, heir, "林敏")
		})
		k.Read(func(ctx context.Context, tx db.Tx) error {
			ls, err := customer.HandoverLines(ctx, tx, handover)
			if err != nil || len(ls) != 2 || ls[0].ToldAt.IsZero() || !ls[1].ToldAt.IsZero() {
				t.Errorf("told: %+v %v", ls, err)
			}
			ds, err := notify.List(ctx, tx, k.Project.ID, notify.Filter{Limit: 10})
			if err != nil || len(ds) != 1 || ds[0].Template != "customer.handover" || ds[0].Channel != notify.Mail {
				t.Fatalf("sent: %+v %v", ds, err)
			}
			_, title, body, err := ds[0].Open(ctx, tx)
			if !strings.Contains(title, "变更通知") || !strings.Contains(body, "林敏") {
				t.Errorf("the letter: %s %s", title, body)
			}
			return err
		})
	})
}

// TestTheListOfHandoversNamesTheLeaver: who is signed off on the page of her file is named where her customers wait (C15.4).
func TestTheListOfHandoversNamesTheLeaver(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		leaver := k.Users[core.Leasing]
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			_, err := customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: "甲公司", Category: customer.Ordinary, Keeper: leaver, Consent: "written", ConsentBy: "陈静",
				Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: "13800002231"}}})
			return err
		})
		var name string
		k.Write(core.Admin, func(ctx context.Context, tx db.Tx) error {
			u, err := user.Get(ctx, tx, leaver)
			if err != nil {
				return err
			}
			name = u.Name
			_, err = user.Leave(ctx, tx, leaver, user.LeaveIn{Reason: "个人原因"})
			return err
		})
		if p := k.As(core.Supervisor).Get("/p/" + k.Project.Code + "/handover").OK(k); name == "" || !strings.Contains(p.Text("main"), name) {
			t.Errorf("the list does not name %q: %s", name, p.Text("main"))
		}
	})
}
