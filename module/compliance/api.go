package compliance

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/regulation"
	"huiyin/web"
)

// apiRoutes are the addresses that no register gives: the figures, the catalogue, the proposals.
func apiRoutes() []web.Route {
	const p = "/api/v1/projects/{project}/"
	return []web.Route{
		{Pattern: "GET " + p + "compliance", Perm: PermView, Handle: apiBoard},
		{Pattern: "GET " + p + "clauses", Perm: PermView, Handle: apiClauses},
		{Pattern: "GET " + p + "clauses/{clause}", Perm: PermView, Handle: apiClause},
		{Pattern: "POST " + p + "clauses/{clause}/propose", Perm: PermPropose, Handle: apiPropose, Specs: core.Specs(changeFields())},
		{Pattern: "POST " + p + "clauses", Perm: PermPropose, Handle: apiOwn, Specs: core.Specs(ownFields())},
		{Pattern: "POST " + p + "clauses/{clause}/revise", Perm: PermPropose, Handle: apiOwn, Specs: core.Specs(ownFields())},
	}
}

// countJSON is a Count as the API gives it.
type countJSON struct {
	Raised  int64 `json:"raised"`
	OnTime  int64 `json:"on_time"`
	Late    int64 `json:"late"`
	Overdue int64 `json:"overdue"`
	Waived  int64 `json:"waived"`
	Open    int64 `json:"open"`
}

func (c Count) json() countJSON {
	return countJSON{c.Total, c.OnTime, c.Late, c.Overdue, c.Waived, c.Open}
}

// lineJSON is one clause's figures; rates are in basis points.
type lineJSON struct {
	Clause string `json:"clause"`
	Area   string `json:"area"`
	State  State  `json:"state"`
	Owner  string `json:"owner"`
	Ours   bool   `json:"ours"`
	countJSON
	Refused     int64      `json:"refused"`
	Rate        *core.Rate `json:"rate"`
	Target      *core.Rate `json:"target"`
	Num         *int64     `json:"numerator,omitempty"`
	Den         *int64     `json:"denominator,omitempty"`
	Provisional bool       `json:"provisional"`
}

func jsonOf(l Line) lineJSON {
	j := lineJSON{Clause: l.Clause.ID, Area: l.Clause.Area, State: l.State, Owner: string(l.Owner), Ours: l.Ours(), countJSON: l.Count.json(), Refused: l.Refused, Provisional: l.Figure.Provisional}
	if r, ok := l.Rate(); ok && l.State == InForce {
		j.Rate = &r
	}
	if l.Target != 0 {
		j.Target = &l.Target
	}
	if l.Rated {
		j.Num, j.Den = &l.Figure.Num, &l.Figure.Den
	}
	return j
}

func apiBoard(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	month, err := monthOf(ctx, r.Query("month"))
	if err != nil {
		return nil, err
	}
	b, err := BoardOf(ctx, tx, month)
	if err != nil {
		return nil, err
	}
	lines := make([]lineJSON, len(b.Lines))
	for i, l := range b.Lines {
		lines[i] = jsonOf(l)
	}
	value := map[string]any{"month": month, "total": b.Sum.json(), "overdue": b.Overdue, "refused": b.Refused, "unimplemented": b.Unbuilt, "clauses": lines, "rate": nil}
	if rate, ok := b.Sum.Rate(); ok {
		value["rate"] = rate
	}
	return web.JSON{Value: value}, nil
}

// clauseJSON is one clause with its values in force.
type clauseJSON struct {
	ID       string      `json:"id"`
	Doc      string      `json:"doc"`
	Area     string      `json:"area"`
	Kind     string      `json:"kind"`
	Text     core.Text   `json:"text"`
	Note     core.Text   `json:"note"`
	State    State       `json:"state"`
	Law      bool        `json:"law"`
	Owner    core.Role   `json:"owner"`
	SameAs   string      `json:"same_as,omitempty"`
	Claims   []string    `json:"modules"`
	Settings []valueJSON `json:"settings,omitempty"`
	Own      *ownJSON    `json:"own,omitempty"`
}

// ownJSON is what a clause of the firm's own has besides.
type ownJSON struct {
	Kind    string    `json:"kind"`
	Basis   string    `json:"basis"`
	Firm    bool      `json:"firm"`
	From    core.Date `json:"from"`
	Version int64     `json:"version"`
	Event   string    `json:"event,omitempty"`
	Ends    string    `json:"ends,omitempty"`
	Items   []string  `json:"items,omitempty"`
}

type valueJSON struct {
	Name   string    `json:"name"`
	Label  core.Text `json:"label"`
	Value  string    `json:"value"`
	Source Source    `json:"source"`
	Since  core.Date `json:"since,omitempty"`
}

func clauseToJSON(ctx context.Context, l Line) clauseJSON {
	c := l.Clause
	j := clauseJSON{ID: c.ID, Doc: c.Doc, Area: c.Area, Kind: c.Kind, Text: c.Text, Note: c.Note, State: l.State, Law: c.Law, Owner: l.Owner, SameAs: c.SameAs, Claims: []string{}}
	for _, claim := range l.Claims {
		j.Claims = append(j.Claims, claim.Module)
	}
	if o := c.Own; o != nil {
		j.Own = &ownJSON{o.Kind, o.Basis, o.Project == core.Firm, core.DateOf(o.From, core.ProjectOf(ctx).Zone), o.Version, o.Event, o.Ends, o.Items}
	}
	return j
}

func apiClauses(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	lines, err := Clauses(ctx, tx, ClauseFilter{r.Query("doc"), r.Query("area"), r.Query("state"), r.Query("q")})
	items := make([]clauseJSON, len(lines))
	for i, l := range lines {
		items[i] = clauseToJSON(ctx, l)
	}
	return web.JSON{Value: map[string]any{"items": items, "next": ""}}, err
}

func apiClause(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	c, err := regulation.Find(ctx, tx, r.Path("clause"))
	if err != nil {
		return nil, err
	}
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return nil, err
	}
	j := clauseToJSON(ctx, lineOf(ctx, rules, c))
	values, err := Values(ctx, tx, c)
	for _, v := range values {
		x := valueJSON{Name: v.Name, Label: v.Label, Value: v.Raw, Source: v.Source}
		if !v.Since.IsZero() {
			x.Since = core.DateOf(v.Since, core.ProjectOf(ctx).Zone)
		}
		j.Settings = append(j.Settings, x)
	}
	return web.JSON{Value: j}, err
}

func apiPropose(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	in, err := core.Bind(ctx, changeFields(), r.Input)
	if err != nil {
		return nil, err
	}
	id, err := ProposeChange(ctx, tx, r.Path("clause"), in)
	if err != nil {
		return nil, err
	}
	return web.JSON{Status: 201, Value: map[string]any{"approval": id}, Location: "/api/v1/projects/" + core.ProjectOf(ctx).Code + "/approvals/" + id.String()}, nil
}
