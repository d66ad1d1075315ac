package dispute

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/module/user"
	"huiyin/register"
	"huiyin/search"
)

func columns() string { return db.CellNames(new(Case).cells()) }

// Get reads one dispute of the request's project.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Case, error) {
	c, err := db.One(ctx, tx, (*Case).dest, "select "+columns()+" from dispute_case where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	c.Ref.Kind = "dispute"
	return c, err
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (Case, error) {
	c, err := db.One(ctx, tx, (*Case).dest, db.Locked(tx, "select "+columns()+" from dispute_case where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	c.Ref.Kind = "dispute"
	return c, err
}

func list(ctx context.Context, tx db.Tx, where string, args ...any) ([]Case, error) {
	cs, err := db.All(ctx, tx, (*Case).dest, "select "+columns()+" from dispute_case where "+where, args...)
	for i := range cs {
		cs[i].Ref.Kind = "dispute"
	}
	return cs, err
}

// Parties are the sides of a dispute, in the order in which they were named.
func Parties(ctx context.Context, tx db.Tx, id core.ID) ([]Party, error) {
	return db.All(ctx, tx, (*Party).dest, "select id, kind, customer_id, name, person, phone, opinion, evidence, opined_at, opined_by from dispute_party where project_id = $1 and dispute_id = $2 order by id", core.ProjectOf(ctx).ID, id)
}

func partyOf(ctx context.Context, tx db.Tx, id, party core.ID) (Party, error) {
	ps, err := Parties(ctx, tx, id)
	for _, p := range ps {
		if p.ID == party {
			return p, nil
		}
	}
	if err == nil {
		err = core.Invalid("party", "请选择当事方", "Choose one of the parties")
	}
	return Party{}, err
}

// TalksOf are the talks of a dispute, the oldest first.
func TalksOf(ctx context.Context, tx db.Tx, id core.ID) ([]Talk, error) {
	return db.All(ctx, tx, (*Talk).dest, "select number, at, place, present, minutes, outcome, by_name from dispute_talk where project_id = $1 and dispute_id = $2 order by id", core.ProjectOf(ctx).ID, id)
}

// Acts are what the parties have promised, in the order of the agreement.
func Acts(ctx context.Context, tx db.Tx, id core.ID) ([]Act, error) {
	return acts(ctx, tx, "project_id = $1 and dispute_id = $2 order by id", core.ProjectOf(ctx).ID, id)
}

func acts(ctx context.Context, tx db.Tx, where string, args ...any) ([]Act, error) {
	as, err := db.All(ctx, tx, (*Act).dest, "select "+db.CellNames(new(Act).cells())+" from dispute_act where "+where, args...)
	for i := range as {
		as[i].Ref.Kind = "settlement"
	}
	return as, err
}

// GetAct reads one act of the request's project.
func GetAct(ctx context.Context, tx db.Tx, id core.ID) (Act, error) {
	a, err := db.One(ctx, tx, (*Act).dest, "select "+db.CellNames(new(Act).cells())+" from dispute_act where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	a.Ref.Kind = "settlement"
	return a, err
}

func find(ctx context.Context, tx db.Tx, q register.Query) ([]Case, error) {
	c := db.InProject(core.ProjectOf(ctx).ID)
	switch s := q.Filter["state"]; {
	case s == "all" || s == "" && (q.Text != "" || q.Filter["month"] != ""):
	case s == "":
		c.Conds = append(c.Conds, "open")
	default:
		c.Add("state = ?", s)
	}
	if v := q.Filter["sort"]; v != "" {
		c.Add("sort = ?", v)
	}
	if v := q.Filter["month"]; v != "" {
		m, err := core.ParseMonth(v)
		if err != nil {
			return nil, err
		}
		c.Add("month = ?", m)
	}
	if q.Filter["held"] == "held" {
		c.Conds = append(c.Conds, "held")
	}
	if q.Text != "" {
		if err := search.Narrow(ctx, tx, &c, "dispute", q.Text); err != nil {
			return nil, err
		}
	}
	if q.After != "" {
		at, rest, _ := strings.Cut(q.After, ".")
		n, err := strconv.ParseInt(at, 10, 64)
		id, err2 := core.ParseID(rest)
		if err != nil || err2 != nil {
			return nil, core.NotFound()
		}
		c.Add("(at, id) < (?, ?)", n, id)
	}
	return list(ctx, tx, c.Then("at desc, id desc", q.Limit), c.Args...)
}

func cursor(c *Case) string { return fmt.Sprintf("%d.%s", c.At.UnixMicro(), c.Ref.ID) }

func findActs(ctx context.Context, tx db.Tx, q register.Query) ([]Act, error) {
	c := db.InProject(core.ProjectOf(ctx).ID)
	state := q.Filter["state"]
	switch state {
	case "":
		c.Conds = append(c.Conds, "open")
	case "all":
	default:
		c.Add("state = ?", state)
	}
	if q.After != "" {
		id, err := core.ParseID(q.After)
		if err != nil {
			return nil, err
		}
		c.Add("id < ?", id)
	}
	return acts(ctx, tx, c.Then("id desc", q.Limit), c.Args...)
}

// opened counts the open disputes, up to core.CountMax, for the rail.
func opened(ctx context.Context, tx db.Tx, project core.ID) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from (select 1 from dispute_case where project_id = $1 and open limit $2) x", project, core.CountMax)
}

// mediatorsOf are those who may mediate.
func mediatorsOf(ctx context.Context, tx db.Tx) ([]user.User, error) {
	return user.Holders(ctx, tx, core.ProjectOf(ctx).ID, mediators()...)
}

// Erase blanks the names of a party whose personal data is erased (L5); that of a held dispute is not erased at all.
func Erase(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	if err := keep(ctx, tx, core.Ref{Project: project, Kind: "customer", ID: customer}); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, tx, "update dispute_party set name = '', person = '', phone = '', opinion = '', evidence = '' where project_id = $1 and customer_id = $2", project, customer); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, tx, "update dispute_act set party = '' where project_id = $1 and customer_id = $2", project, customer); err != nil {
		return err
	}
	ids, err := db.Values[core.ID](ctx, tx, "select distinct dispute_id from dispute_party where project_id = $1 and customer_id = $2", project, customer)
	for _, id := range ids {
		c, e := Get(ctx, tx, id)
		if e == nil && c.State != Void {
			e = put(ctx, tx, c)
		}
		if err == nil {
			err = e
		}
	}
	return err
}

// signals are the signs of the early warning that disputes show.
func signals() []house.Signal {
	return []house.Signal{{Key: "dispute", Label: core.T("纠纷未结", "Open dispute"), Weight: 2, Of: disputing}, {Key: "settlement", Label: core.T("调解协议未履行", "Agreement not performed"), Weight: 2, Of: breaking}}
}

type counted struct {
	customer core.ID
	n        int64
	last     string
}

func (c *counted) dest() []any { return []any{&c.customer, &c.n, &c.last} }

func disputing(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	cs, err := db.All(ctx, tx, (*counted).dest, `select p.customer_id, count(*), max(c.number) from dispute_party p join dispute_case c on c.project_id = p.project_id and c.id = p.dispute_id
		where p.project_id = $1 and c.open and p.customer_id is not null group by p.customer_id order by p.customer_id`, project)
	out := make([]house.Hit, len(cs))
	for i, c := range cs {
		out[i] = house.Hit{Customer: c.customer, Why: core.T("%d 件纠纷未结(%s)", "%d disputes are open (%s)", c.n, c.last), URL: href(ctx, 0) + "?q=" + c.last}
	}
	return out, err
}

func breaking(ctx context.Context, tx db.Tx, project core.ID) ([]house.Hit, error) {
	cs, err := db.All(ctx, tx, (*counted).dest, `select customer_id, count(*), max(number) from dispute_act where project_id = $1 and customer_id is not null
		and ((open and due_day < $2) or (state = 'broken' and due_day >= $3)) group by customer_id order by customer_id`, project, core.Today(ctx), core.Today(ctx).Add(-180))
	out := make([]house.Hit, len(cs))
	for i, c := range cs {
		out[i] = house.Hit{Customer: c.customer, Why: core.T("调解协议有 %d 项约定未按期履行(%s)", "%d acts of an agreement were not performed in time (%s)", c.n, c.last), URL: ActKind().Href(ctx, 0) + "?state=all"}
	}
	return out, err
}
