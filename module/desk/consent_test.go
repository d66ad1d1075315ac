package desk_test

import (
	"context"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/testkit"
)

// boundTo are the consents in a customer's file that were given for one matter.
func boundTo(k *testkit.Kit, id core.ID) (out []customer.Consent) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) error {
		all, err := customer.Consents(ctx, tx, id)
		for _, s := range all {
			if s.Bounded() {
				out = append(out, s)
			}
		}
		return err
	})
	return out
}

func agreed(k *testkit.Kit, id core.ID) (yes bool) {
	k.Helper()
	k.Read(func(ctx context.Context, tx db.Tx) (err error) {
		yes, err = customer.Agreed(ctx, tx, id)
		return err
	})
	return yes
}

// unasked is a customer of the office's workbook, without any consent on file.
func unasked(k *testkit.Kit, name core.Personal, phone core.Phone) (id core.ID) {
	k.Helper()
	k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) (err error) {
		id, err = customer.Create(ctx, tx, customer.In{Kind: customer.KindTenant, Form: customer.Organisation, Name: name, Category: customer.Ordinary, Origin: customer.OriginImport,
			Contacts: []customer.Entry{{Name: "陈静", Role: customer.RoleContact, Phone: phone}}})
		return err
	})
	return id
}

func TestL5_AConsentByAPublicFormStandsInTheCustomersFile(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := unasked(k, "华达科技有限公司", "13800002231")
		if agreed(k, who) {
			k.Fatal("an imported file without consent has one")
		}
		address, _ := opened(k, desk.DoorWeb)
		m := get(k, matterOf(k, send(k, address, nil).OK(k)))
		cs := boundTo(k, who)
		if len(cs) != 1 || cs[0].Matter != m.Ref.ID || cs[0].Number != m.Number || cs[0].GivenBy != "陈静" || cs[0].GivenAt.IsZero() || cs[0].Sensitive {
			k.Fatalf("the file has %+v", cs)
		}
		s := k.As(core.Supervisor)
		page := s.Get(s.P("customer/" + who.String())).OK(k)
		if !page.Has("只为办理事项 "+m.Number) || !page.Has("公开表单“网上诉求”") {
			k.Errorf("the file's page: %s", page.Text("main"))
		}
		s.Lang = core.EN
		if page := s.Get(s.P("customer/" + who.String())).OK(k); !page.Has("For the request "+m.Number+" only") || !page.Has("Online requests") {
			k.Errorf("in English: %s", page.Text("main"))
		}

		// It is no consent to keep the file (B1.4): the gap stays open and nothing more is taken down by it.
		if agreed(k, who) {
			k.Error("a consent to one matter passes for the general one")
		}
		err := k.TryWrite(core.Supervisor, func(ctx context.Context, tx db.Tx) error {
			_, err := customer.AddContact(ctx, tx, who, customer.Entry{Name: "李四", Role: customer.RoleContact, Phone: "13800009999"})
			return err
		})
		if !core.IsKind(err, core.KindRefused) {
			k.Errorf("a further contact on a consent to one matter: %v", err)
		}
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error {
			subject, err := customer.Export(ctx, tx, who, "本人查询")
			if err == nil && (len(subject.Consents) != 1 || subject.Consents[0].Matter != m.Number || subject.Consents[0].Form != "网上诉求") {
				k.Errorf("handed out: %+v", subject.Consents)
			}
			return err
		})

		// Withdrawn: no more news, and the name and number go with what they rested on.
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return customer.Withdraw(ctx, tx, who, cs[0].ID, "电话") })
		if n := count(k, "desk_message where withdrawn_at is not null and tell = '' and reach = '' and consented_at is not null"); n != 1 {
			k.Errorf("%d messages know of the withdrawal", n)
		}
		if m = get(k, m.Ref.ID); m.Contact != "" || m.Phone != "" || m.Content == "" {
			k.Errorf("after the withdrawal: %+v", m)
		}
		k.Read(func(ctx context.Context, tx db.Tx) error {
			es, err := journal.Of(ctx, tx, m.Ref)
			if len(es) == 0 || !strings.Contains(verbs(es), "consent_withdrawn") {
				k.Errorf("the matter's journal: %s", verbs(es))
			}
			return err
		})
	})
}

func verbs(es []journal.Entry) (out string) {
	for _, e := range es {
		out += e.Verb + " "
	}
	return out
}

func TestL5_WithAConsentOfItsOwnTheFileKeepsTheNumber(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := huada(k)
		textsOn(k)
		address, _ := opened(k, desk.DoorWeb)
		id := matterOf(k, send(k, address, map[string]string{"tell": desk.TellSMS}).OK(k))
		cs := boundTo(k, who)
		if len(cs) != 1 || !agreed(k, who) {
			k.Fatalf("the file has %+v", cs)
		}
		k.Write(core.Supervisor, func(ctx context.Context, tx db.Tx) error { return customer.Withdraw(ctx, tx, who, cs[0].ID, "电话") })
		if m := get(k, id); m.Phone == "" || !agreed(k, who) {
			k.Errorf("the number on file is gone: %+v", m)
		}
		if n := count(k, "desk_message where tell <> '' or reach <> ''"); n != 0 {
			k.Errorf("%d senders are still told", n)
		}
		before := count(k, "notify_outbox where template = 'desk.progress'")
		k.As(core.Desk).Submit(path(k, id, "contact"), map[string]string{"text": "下午去"}).OK(k)
		if n := count(k, "notify_outbox where template = 'desk.progress'"); n != before {
			k.Errorf("told after the withdrawal: %d, then %d", before, n)
		}
		k.Write(core.Manager, func(ctx context.Context, tx db.Tx) error { return customer.Erase(ctx, tx, who, "本人要求") })
		if n := count(k, "customer_consent where given_by <> ''"); n != 0 {
			k.Errorf("%d consents still name who gave them", n)
		}
	})
}

func TestL5_AConsentFollowsItsMatterToWhoTheSenderIs(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		address, _ := opened(k, desk.DoorWeb)
		id := matterOf(k, send(k, address, nil).OK(k)) // nobody has this number
		if n := count(k, "customer_consent where form <> ''"); n != 0 {
			k.Fatalf("%d consents of who is not known", n)
		}
		one, other := unasked(k, "华达科技有限公司", "13800001111"), unasked(k, "明远贸易有限公司", "13800002222")
		turn := func(kind string, who core.ID) {
			k.Helper()
			k.Write(core.Desk, func(ctx context.Context, tx db.Tx) error {
				_, _, err := desk.Turn(ctx, tx, id, desk.Intake{Kind: kind, Customer: who, Content: "洗手间水龙头滴水"})
				return err
			})
		}
		turn(desk.Suggestion, one)
		if cs := boundTo(k, one); len(cs) != 1 || cs[0].Matter != id || cs[0].GivenBy != "陈静" {
			k.Errorf("recognised later: %+v", cs)
		}
		turn(desk.Enquiry, other)
		if a, b := boundTo(k, one), boundTo(k, other); len(a) != 0 || len(b) != 1 {
			k.Errorf("it was somebody else: %+v %+v", a, b)
		}
	})
}

func TestAFormWithoutConsentLeavesNoneInTheFile(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		who := huada(k)
		address, _ := opened(k, desk.DoorBox)
		send(k, address, map[string]string{"said": desk.Suggestion, "name": "", "phone": "", "consent": ""}).OK(k)
		if cs := boundTo(k, who); len(cs) != 0 {
			k.Errorf("%+v", cs)
		}
	})
}
