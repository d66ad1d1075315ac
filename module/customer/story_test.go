package customer_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/register"
	"huiyin/testkit"
)

// aFile is what the desk types for a new file.
func aFile() map[string]string {
	return map[string]string{"name": "深圳市华达科技有限公司", "kind": "tenant", "form": "org", "category": "key", "grade": "gold", "credit": "good", "needs": "双休日送水", "opinions": "电梯等候偏长",
		"consent": "written", "id_no": "91440300708461136T", "legal_person": "李建国", "address": "深圳市福田区深南大道1号", "nationality": "中国",
		"contacts.0.name": "陈静", "contacts.0.role": customer.RoleContact, "contacts.0.phone": "13800002231",
		"contacts.1.name": "程波", "contacts.1.role": customer.RoleOutside, "contacts.1.phone": "13900000001"}
}

// opened puts a file on record through the form and gives its page.
func opened(k *testkit.Kit, b *testkit.Browser, values map[string]string) *testkit.Page {
	k.Helper()
	page := b.Submit(b.P("customer/new"), values)
	if page.Status != 200 || !strings.Contains(page.Text("h1"), values["name"]) {
		k.Fatalf("status %d at %s: %s", page.Status, page.URL, page.Text("main"))
	}
	return page
}

func TestE5_1_AFileIsClassedAndHoldsNeedsAndOpinions(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		page := opened(k, b, aFile())
		for _, want := range []string{"租户", "重点客户", "金牌客户", "双休日送水", "电梯等候偏长", "下次核实"} {
			if !page.Has(want) {
				k.Errorf("the file does not show %s", want)
			}
		}
		for filter, found := range map[string]bool{"grade=gold": true, "kind=tenant": true, "category=key": true, "grade=silver": false, "kind=owner": false} {
			if list := b.Get(b.P("customer?" + filter)); list.Has("深圳市华达科技有限公司") != found {
				k.Errorf("%s: found %v, want %v", filter, !found, found)
			}
		}
		plain := aFile()
		plain["name"], plain["grade"], plain["needs"], plain["id_no"] = "无等级商行", "", "", ""
		bare := opened(k, b, plain)
		if !bare.Has("档案分类还缺") || !bare.Has("E5.1") || page.Has("档案分类还缺") {
			k.Errorf("a file without grade and needs: %s", bare.Text("main"))
		}
		k.Off("E5.1")
		if off := b.Get(strings.SplitN(bare.URL, "?", 2)[0]); off.Status != 200 || off.Has("档案分类还缺") {
			k.Errorf("switched off, the file still lacks something: %d", off.Status)
		}
	})
}

func TestDX_14_TheInformationFormIsPrinted(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		b := k.As(core.Desk)
		page := opened(k, b, aFile())
		path := strings.SplitN(page.URL, "?", 2)[0] + "/form.pdf"
		masked := k.Paper(b.Get(path).Body)
		for _, want := range []string{"业户基本情况表", "附件14", "深圳市华达科技有限公司", "李建国", "138****2231", "紧急联系人(非办公时间)程波"} {
			if !strings.Contains(masked, want) {
				k.Errorf("the form lacks %s", want)
			}
		}
		if n := strings.Count(masked, "紧急联系人(办公时间)"); n < 2 {
			k.Errorf("%d lines for emergency contacts in office hours, want 2", n)
		}
		if strings.Contains(masked, "13800002231") || strings.Contains(masked, "91440300708461136T") {
			k.Error("the form shows plain numbers without a reason")
		}
		k.Off("DX.14")
		if own := k.Paper(b.Get(path).Body); strings.Contains(own, "附件14") || strings.Contains(own, "紧急联系人(办公时间)") || !strings.Contains(own, "程波") {
			k.Errorf("switched off, the form is still the annex: %s", own)
		}
		boss := k.As(core.Supervisor) // whose department's file it is (C15.3)
		plain := k.Paper(boss.SubmitForm(boss.Get(strings.SplitN(page.URL, "?", 2)[0]).OK(k), "form[action$='/form.pdf']", map[string]string{"reason": "业户签字"}).Body)
		if !strings.Contains(plain, "13800002231") || !strings.Contains(plain, "91440300708461136T") {
			k.Error("the form in full lacks the numbers")
		}
		parts := strings.Split(strings.SplitN(page.URL, "?", 2)[0], "/")
		id, err := core.ParseID(parts[len(parts)-1])
		k.Must(err)
		k.Read(func(ctx context.Context, tx db.Tx) error {
			n, err := db.Value[int64](ctx, tx, "select count(*) from journal_entry where project_id = $1 and kind = 'customer' and record_id = $2 and verb = 'printed'", k.Project.ID, id)
			if n != 1 {
				k.Errorf("%d entries of the print in full, want 1", n)
			}
			return err
		})
	})
}

// TestErasureTellsEveryModule: listeners run in the erasure's own transaction, and one that fails stops it.
func TestErasureTellsEveryModule(t *testing.T) {
	each(t, func(w *world) {
		id := w.create(customer.In{Kind: customer.KindOwner, Form: customer.Person, Name: "黄志成", Category: customer.Ordinary, Consent: "written"})
		var told []core.ID
		fail := true
		w.on = []house.Module{{Name: "listener", OnErase: []func(context.Context, db.Tx, core.ID, core.ID) error{func(ctx context.Context, tx db.Tx, p, c core.ID) error {
			told = append(told, p, c)
			if err := journal.Add(ctx, tx, core.Ref{Project: p, Kind: "listener", ID: c}, "forgotten", nil); err != nil || !fail {
				return err
			}
			return fmt.Errorf("the listener fails")
		}}}}
		erase := func() error {
			return w.try(func(ctx context.Context, tx db.Tx) error { return customer.Erase(ctx, tx, id, "本人要求") })
		}
		heard := func() (n int64) {
			w.read(func(ctx context.Context, tx db.Tx) (err error) {
				n, err = db.Value[int64](ctx, tx, "select count(*) from journal_entry where project_id = $1 and kind = 'listener'", project)
				return err
			})
			return n
		}
		if err := erase(); err == nil || w.get(id).Name != "黄志成" || heard() != 0 {
			w.t.Fatalf("a failing listener did not stop the erasure: %v, name %s", err, w.get(id).Name)
		}
		fail, told = false, nil
		if err := erase(); err != nil || w.get(id).State != customer.Erased || heard() != 1 {
			w.t.Fatalf("erasure: %v", err)
		}
		if len(told) != 2 || told[0] != project || told[1] != id {
			w.t.Errorf("the listener was told %v, want project and customer", told)
		}
	})
}

// plan asks the engine how it would run a statement, with placeholders for every parameter.
func plan(ctx context.Context, tx db.Tx, query string, args int) (string, error) {
	if tx.Engine() == db.SQLite {
		type step struct {
			id, parent, unused int64
			detail             string
		}
		rows, err := db.All(ctx, tx, func(s *step) []any { return []any{&s.id, &s.parent, &s.unused, &s.detail} }, "explain query plan "+query, make([]any, args)...)
		var out []string
		for _, r := range rows {
			out = append(out, r.detail)
		}
		return strings.Join(out, "\n"), err
	}
	// PostgreSQL folds NULLs away; the numbers of a project and a limit do for every place of these statements.
	text := regexp.MustCompile(`\$\d+`).ReplaceAllString(query, "'7'")
	lines, err := db.Values[string](ctx, tx, "explain "+text)
	return strings.Join(lines, "\n"), err
}

var place = regexp.MustCompile(`\$(\d+)`)

func placesOf(query string) (most int) {
	for _, m := range place.FindAllStringSubmatch(query, -1) {
		var n int
		_, _ = fmt.Sscan(m[1], &n)
		most = max(most, n)
	}
	return most
}

// TestEveryListAndTheFileUseAnIndex looks at the plan of every statement that the lists and 客户360 run.
func TestEveryListAndTheFileUseAnIndex(t *testing.T) {
	testkit.Each(t, func(k *testkit.Kit) {
		var id core.ID
		k.Write(core.Desk, func(ctx context.Context, tx db.Tx) (err error) {
			id, err = customer.Create(ctx, tx, firm("深圳市华达科技有限公司"))
			return err
		})
		k.Write(core.System, func(ctx context.Context, tx db.Tx) error {
			tx.Trace()
			if err := runLists(ctx, tx, id); err != nil {
				return err
			}
			queries := tx.Queries()
			if tx.Engine() == db.Postgres {
				if _, err := db.Exec(ctx, tx, "set local enable_seqscan = off"); err != nil {
					return err
				}
			}
			for _, q := range queries {
				if err := indexed(ctx, tx, k, q.SQL); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// runLists runs the module's lists, with and without filters, and gathers a file.
func runLists(ctx context.Context, tx db.Tx, id core.ID) error {
	for _, filter := range []map[string]string{{}, {"kind": "tenant"}, {"category": "key"}, {"grade": "gold"}, {"state": "active"}, {"overdue": "true"}, {"keeper": "7"}, {"building": "7"}} {
		for _, m := range []house.Module{estate.Module(), customer.Module()} {
			for _, r := range m.Registers {
				for _, after := range []string{"", "7~7"} {
					if err := try(ctx, tx, r, register.Query{Filter: filter, After: after, Limit: 50}); err != nil {
						return err
					}
				}
			}
		}
	}
	for _, r := range customer.Module().Registers {
		if files, ok := r.(register.Register[customer.Customer]); ok {
			c, err := customer.Get(ctx, tx, id)
			if err != nil {
				return err
			}
			if _, err := files.Record(ctx, tx, c); err != nil {
				return err
			}
		}
	}
	if _, err := customer.Pairs(ctx, tx, 10); err != nil {
		return err
	}
	_, err := customer.Recognise(ctx, tx, "13800002231")
	return err
}

// try runs one list.
func try(ctx context.Context, tx db.Tx, r register.Any, q register.Query) (err error) {
	switch r := r.(type) {
	case register.Register[customer.Customer]:
		_, err = r.Find(ctx, tx, q)
	case register.Register[customer.Directory]:
		_, err = r.Find(ctx, tx, q)
	case register.Register[customer.Upkeep]:
		q.After, _, _ = strings.Cut(q.After, "~")
		_, err = r.Find(ctx, tx, q)
	case register.Register[customer.Handover]:
		q.After, _, _ = strings.Cut(q.After, "~")
		_, err = r.Find(ctx, tx, q)
	case register.Register[estate.Unit]:
		_, err = r.Find(ctx, tx, q)
	case register.Register[estate.Building]:
		_, err = r.Find(ctx, tx, q)
	case register.Register[estate.Space]:
		_, err = r.Find(ctx, tx, q)
	default:
		err = fmt.Errorf("no list of %T", r)
	}
	return err
}

func indexed(ctx context.Context, tx db.Tx, k *testkit.Kit, query string) error {
	if !strings.Contains(query, " customer_") && !strings.Contains(query, " estate_") {
		return nil
	}
	p, err := plan(ctx, tx, query, placesOf(query))
	if err != nil {
		return err
	}
	for _, line := range strings.Split(p, "\n") {
		if strings.Contains(line, "Seq Scan") || strings.HasPrefix(line, "SCAN") && line != "SCAN same" && !strings.Contains(line, "INDEX") {
			k.Errorf("no index for\n%s\n%s", query, p)
			return nil
		}
	}
	return nil
}
