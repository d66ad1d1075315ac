package survey

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/customer"
	"huiyin/module/user"
	"huiyin/register"
)

const roundColumns = `project_id, id, version, number, kind, title, title_en, form_id, campaign_id, content, anonymous, sample, buildings, percent, reason, start_day, end_day, month, remind_days,
	target_attitude, target_efficiency, target_quality, owner_id, owner, state, customers, invited, launched_at, reminded_at, ended_at, figures, summary, causes, advice, analysed_at, approved_at,
	recipients, distributed_at, place, closed_at`

func (r *Round) dest() []any {
	return append([]any{&r.Ref.Project, &r.Ref.ID, &r.Version}, r.cells()...)
}

// cells are the addresses of the columns from number on.
func (r *Round) cells() []any {
	return []any{&r.Number, &r.Kind, &r.Title.ZH, &r.Title.EN, &r.Form, &r.Campaign, &r.content, &r.Anonymous, &r.Sample, &r.Buildings, &r.Percent, &r.Reason, &r.Start, &r.End, &r.Month, &r.RemindDays,
		&r.Targets.Attitude, &r.Targets.Efficiency, &r.Targets.Quality, &r.Owner, &r.OwnerName, &r.State, &r.Customers, &r.Invited, &r.Launched, &r.Reminded, &r.Ended, &r.figures, &r.Summary, &r.Causes, &r.Advice,
		&r.Analysed, &r.Approved, &r.Recipients, &r.Distributed, &r.Place, &r.Closed}
}

func (r *Round) values() []any {
	return []any{r.Number, r.Kind, r.Title.ZH, r.Title.EN, r.Form, r.Campaign, r.content, r.Anonymous, r.Sample, r.Buildings, r.Percent, r.Reason, r.Start, r.End, r.Month, r.RemindDays,
		r.Targets.Attitude, r.Targets.Efficiency, r.Targets.Quality, r.Owner, r.OwnerName, r.State, r.Customers, r.Invited, r.Launched, r.Reminded, r.Ended, r.figures, r.Summary, r.Causes, r.Advice,
		r.Analysed, r.Approved, r.Recipients, r.Distributed, r.Place, r.Closed}
}

// read makes a round of what its row holds.
func (r Round) read() (Round, error) {
	r.Ref.Kind = "survey"
	if err := json.Unmarshal([]byte(r.content), &r.Content); err != nil {
		return r, err
	}
	if r.figures == "" {
		return r, nil
	}
	return r, json.Unmarshal([]byte(r.figures), &r.Figures)
}

// Get reads one survey of the request's project. A report that came back from its approval is to be analysed again.
func Get(ctx context.Context, tx db.Tx, id core.ID) (Round, error) {
	return roundBy(ctx, tx, "select "+roundColumns+" from survey_round where project_id = $1 and id = $2", id)
}

func lock(ctx context.Context, tx db.Tx, id core.ID) (Round, error) {
	return roundBy(ctx, tx, db.Locked(tx, "select "+roundColumns+" from survey_round where project_id = $1 and id = $2"), id)
}

func roundBy(ctx context.Context, tx db.Tx, query string, id core.ID) (Round, error) {
	r, err := db.One(ctx, tx, (*Round).dest, query, core.ProjectOf(ctx).ID, id)
	if err != nil {
		return r, err
	}
	if r, err = r.read(); err == nil && r.State == StateAnalysed {
		var waits bool
		if waits, err = waiting(ctx, tx, r.Ref); !waits {
			r.State = StateEnded
		}
	}
	return r, err
}

func rounds(ctx context.Context, tx db.Tx, where string, args ...any) ([]Round, error) {
	rs, err := db.All(ctx, tx, (*Round).dest, "select "+roundColumns+" from survey_round where "+where, args...)
	for i := range rs {
		if err == nil {
			rs[i], err = rs[i].read()
		}
	}
	return rs, err
}

func insertRound(ctx context.Context, tx db.Tx, r Round) error {
	args := append([]any{r.Ref.Project, r.Ref.ID, core.Now(ctx), core.ActorOf(ctx).ID}, r.values()...)
	marks := make([]string, len(args)-4)
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+5)
	}
	names := strings.TrimPrefix(roundColumns, "project_id, id, version, ")
	_, err := db.Exec(ctx, tx, "insert into survey_round (project_id, id, created_at, created_by, changed_at, changed_by, "+names+") values ($1, $2, $3, $4, $3, $4, "+strings.Join(marks, ", ")+")", args...)
	return err
}

func saveRound(ctx context.Context, tx db.Tx, r Round) error {
	args := r.values()
	names := strings.Split(strings.TrimPrefix(roundColumns, "project_id, id, version, "), ",")
	for i := range names {
		names[i] = fmt.Sprintf("%s = $%d", strings.TrimSpace(names[i]), i+1)
	}
	n := len(args)
	args = append(args, core.Now(ctx), core.ActorOf(ctx).ID, r.Ref.Project, r.Ref.ID, r.Version)
	return db.ExecOne(ctx, tx, fmt.Sprintf("update survey_round set %s, version = version + 1, changed_at = $%d, changed_by = $%d where project_id = $%d and id = $%d and version = $%d",
		strings.Join(names, ", "), n+1, n+2, n+3, n+4, n+5), args...)
}

func find(ctx context.Context, tx db.Tx, q register.Query) ([]Round, error) {
	where, args := []string{"project_id = $1"}, []any{core.ProjectOf(ctx).ID}
	add := func(cond string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(cond, "?", fmt.Sprintf("$%d", len(args))))
	}
	for name, cond := range map[string]string{"state": "state = ?", "kind": "kind = ?", "month": "month = ?"} {
		if v := q.Filter[name]; v != "" {
			add(cond, v)
		}
	}
	if text := strings.TrimSpace(q.Text); text != "" {
		add("(number = ? or title like ?)", text)
		where[len(where)-1] = fmt.Sprintf("(number = $%d or lower(title) like $%d or lower(title_en) like $%d)", len(args), len(args)+1, len(args)+1)
		args = append(args, "%"+strings.NewReplacer("%", "", "_", "").Replace(strings.ToLower(text))+"%")
	}
	if q.After != "" {
		day, id, ok := strings.Cut(q.After, ".")
		n, err := core.ParseID(id)
		if _, bad := core.ParseDate(day); !ok || err != nil || bad != nil {
			return nil, core.NotFound()
		}
		args = append(args, core.Date(day), n)
		where = append(where, fmt.Sprintf("(start_day, id) < ($%d, $%d)", len(args)-1, len(args)))
	}
	args = append(args, max(q.Limit, 1))
	return rounds(ctx, tx, fmt.Sprintf("%s order by start_day desc, id desc limit $%d", strings.Join(where, " and "), len(args)), args...)
}

func cursor(r *Round) string { return string(r.Start) + "." + r.Ref.ID.String() }

// before are the earlier surveys of a kind whose figures stand, the newest first.
func before(ctx context.Context, tx db.Tx, r Round, limit int) ([]Round, error) {
	return rounds(ctx, tx, "project_id = $1 and kind = $2 and start_day <= $3 and id <> $4 and ended_at is not null and voided_at is null order by start_day desc, id desc limit $5", r.Ref.Project, r.Kind, r.Start, r.Ref.ID, limit)
}

// Member is a customer whom a survey may ask: who uses a unit today.
type Member struct {
	Customer core.ID
	Unit     string
	Building string
}

func (m *Member) dest() []any { return []any{&m.Customer, &m.Unit, &m.Building} }

// members are all customers of the request's project that use a unit today, each with the first of his units.
func members(ctx context.Context, tx db.Tx) ([]Member, error) {
	all, err := db.All(ctx, tx, (*Member).dest, `select c.id, u.code, b.name from customer_unit s
		join customer_customer c on c.project_id = s.project_id and c.id = s.customer_id
		join estate_unit u on u.project_id = s.project_id and u.id = s.unit_id
		join estate_building b on b.project_id = u.project_id and b.id = u.building_id
		where s.project_id = $1 and c.state in ($2, $3, $4) and c.kind in ($5, $6) and (s.from_on is null or s.from_on <= $7) and (s.to_on is null or s.to_on >= $7)
		order by c.id, u.code_key`, core.ProjectOf(ctx).ID, customer.Met, customer.Pending, customer.Active, customer.KindTenant, customer.KindOwner, core.Today(ctx))
	out := all[:0]
	for _, m := range all {
		if len(out) == 0 || out[len(out)-1].Customer != m.Customer {
			out = append(out, m)
		}
	}
	return out, err
}

// Invite is one customer who was asked.
type Invite struct {
	ID       core.ID
	Round    core.ID
	Customer core.ID
	Unit     string
	Building string
	hash     string
	Sent     time.Time
	Reminded time.Time
}

func (i *Invite) dest() []any {
	return []any{&i.ID, &i.Round, &i.Customer, &i.Unit, &i.Building, &i.hash, &i.Sent, &i.Reminded}
}

const inviteColumns = "id, round_id, customer_id, unit_code, building, token_hash, sent_at, reminded_at"

// invites are those of a round, or some of them, by unit.
func invites(ctx context.Context, tx db.Tx, round core.ID, some ...core.ID) ([]Invite, error) {
	w := db.InProject(core.ProjectOf(ctx).ID)
	if len(some) > 0 { // by their keys alone, which are of this round
		w.OneOf("id", some)
	} else {
		w.Add("round_id = ?", round)
	}
	return db.All(ctx, tx, (*Invite).dest, "select "+inviteColumns+" from survey_invite where "+w.String()+" order by unit_code, id", w.Args...)
}

func insertInvites(ctx context.Context, tx db.Tx, r Round, ms []Member) error {
	rows := make([][]any, len(ms))
	for i, m := range ms {
		id := tx.NewID()
		rows[i] = []any{r.Ref.Project, id, r.Ref.ID, m.Customer, m.Unit, m.Building, hashOf(tokenOf(tx, r.Ref.Project, r.Ref.ID, id))}
	}
	return db.InsertRows(ctx, tx, "survey_invite (project_id, id, round_id, customer_id, unit_code, building, token_hash)", "", rows)
}

// Answer is one filled-in questionnaire.
type Answer struct {
	ID       core.ID
	Key      string
	Invite   core.ID // none when the survey is anonymous
	Building string
	Lang     core.Lang
	Day      core.Date
	Values   Values
	Keying   Keying
	raw      string
}

func (a *Answer) dest() []any {
	return append([]any{&a.ID, &a.Key, &a.Invite, &a.Building, (*string)(&a.Lang), &a.Day, &a.raw}, a.Keying.dest()...)
}

// answersOf are a survey's answers. They come in the order of their keys, which says nothing of who answered when.
func answersOf(ctx context.Context, tx db.Tx, round core.ID) ([]Answer, error) {
	as, err := db.All(ctx, tx, (*Answer).dest, "select id, answer_key, invite_id, building, lang, day, answers, "+keyingColumns+" from survey_answer where project_id = $1 and round_id = $2 order by answer_key", core.ProjectOf(ctx).ID, round)
	for i := range as {
		if err == nil {
			err = json.Unmarshal([]byte(as[i].raw), &as[i].Values)
		}
	}
	return as, err
}

func answerCount(ctx context.Context, tx db.Tx, round core.ID) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from survey_answer where project_id = $1 and round_id = $2", core.ProjectOf(ctx).ID, round)
}

// paperCount is how many of a survey's answers were keyed in from paper.
func paperCount(ctx context.Context, tx db.Tx, round core.ID) (int64, error) {
	return db.Value[int64](ctx, tx, "select count(*) from survey_answer where project_id = $1 and round_id = $2 and keyed_at is not null", core.ProjectOf(ctx).ID, round)
}

// staff are those of the project to whom a survey or a problem may be given, by name.
func staff(ctx context.Context, tx db.Tx) ([]user.User, error) {
	return user.Holders(ctx, tx, core.ProjectOf(ctx).ID, doers()...)
}

// nameOf finds somebody of the project by id.
func nameOf(ctx context.Context, tx db.Tx, field string, id core.ID) (string, error) {
	us, err := staff(ctx, tx)
	if err != nil {
		return "", err
	}
	return user.NameAmong(us, field, id)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
