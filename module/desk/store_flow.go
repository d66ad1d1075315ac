package desk

import (
	"context"

	"huiyin/core"
	"huiyin/db"
)

func addTransfer(ctx context.Context, tx db.Tx, m Matter, in Hand, reported bool) error {
	_, err := db.Exec(ctx, tx, `insert into desk_transfer (project_id, id, matter_id, at, by_name, from_name, to_role, to_name, due_at, reason, reported)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, m.Ref.Project, tx.NewID(), m.Ref.ID, core.Now(ctx), core.ActorOf(ctx).Name, m.OwnerName, in.Role, in.Name, in.Due, in.Reason, reported)
	return err
}

const lastTransfer = "id = (select max(id) from desk_transfer where project_id = $1 and matter_id = $2)"

func acceptTransfer(ctx context.Context, tx db.Tx, m Matter) error {
	_, err := db.Exec(ctx, tx, "update desk_transfer set accepted_at = $3, accepted_name = $4 where project_id = $1 and matter_id = $2 and "+lastTransfer, m.Ref.Project, m.Ref.ID, m.Accepted, m.HandedName)
	return err
}

func refuseTransfer(ctx context.Context, tx db.Tx, m Matter, reason string) error {
	_, err := db.Exec(ctx, tx, "update desk_transfer set refused_at = $3, refused_reason = $4 where project_id = $1 and matter_id = $2 and "+lastTransfer, m.Ref.Project, m.Ref.ID, core.Now(ctx), reason)
	return err
}

// Transfers are a matter's hand-overs, the oldest first.
func Transfers(ctx context.Context, tx db.Tx, id core.ID) ([]Transfer, error) {
	return db.All(ctx, tx, func(t *Transfer) []any {
		return []any{&t.ID, &t.At, &t.By, &t.From, &t.Role, &t.To, &t.Due, &t.Reason, &t.Reported, &t.Accepted, &t.Acceptor, &t.Refused, &t.Refusal}
	}, `select id, at, by_name, from_name, to_role, to_name, due_at, reason, reported, accepted_at, accepted_name, refused_at, refused_reason
		from desk_transfer where project_id = $1 and matter_id = $2 order by id`, core.ProjectOf(ctx).ID, id)
}

func withRefs(ms []Matter, err error) ([]Matter, error) {
	for i := range ms {
		ms[i] = ms[i].withRef()
	}
	return ms, err
}

// mergedInto are the matters that point to this one.
func mergedInto(ctx context.Context, tx db.Tx, ref core.Ref) ([]Matter, error) {
	return withRefs(db.All(ctx, tx, (*Matter).dest, "select "+columns+" from desk_matter where project_id = $1 and merged_id = $2 order by at, id", ref.Project, ref.ID))
}

// related are those merged with or split off a matter, and that which it was merged into or split off from.
func related(ctx context.Context, tx db.Tx, m Matter) ([]Matter, error) {
	return withRefs(db.All(ctx, tx, (*Matter).dest, "select "+columns+" from desk_matter where project_id = $1 and (merged_id = $2 or split_id = $2 or id = $3 or id = $4) order by at, id",
		m.Ref.Project, m.Ref.ID, m.Merged, m.Split))
}

// repoint makes what was merged into one matter point to another.
func repoint(ctx context.Context, tx db.Tx, from core.Ref, to Matter) error {
	joined, err := mergedInto(ctx, tx, from)
	for _, j := range joined {
		if err != nil {
			return err
		}
		j.Merged = to.Ref.ID
		err = changed(ctx, tx, j, "merged", map[string]string{"number": to.Number})
	}
	return err
}

// candidates are the open matters since a time into which one may be merged: of the same customer or unit first.
func candidates(ctx context.Context, tx db.Tx, m Matter, since any) ([]Matter, error) {
	return withRefs(db.All(ctx, tx, (*Matter).dest, "select "+columns+` from desk_matter where project_id = $1 and open and id <> $2 and at >= $3
		order by case when customer_id = $4 then 0 when unit_id = $5 then 1 else 2 end, at desc, id desc limit $6`, m.Ref.Project, m.Ref.ID, since, m.Customer, m.Unit, mergeChoice))
}

// Count is how often a customer came with a kind of matter ("" for any) in a project's months from to to: what was told
// several times and merged counts once, what was voided not at all.
func Count(ctx context.Context, tx db.Tx, customer core.ID, kind string, from, to core.Month) (int64, error) {
	return db.Value[int64](ctx, tx, `select count(*) from desk_matter where project_id = $1 and customer_id = $2 and month >= $3 and month <= $4
		and ($5 = '' or kind = $5) and state <> 'void' and state <> 'merged'`, core.ProjectOf(ctx).ID, customer, from, to, kind)
}

// opinions counts the suggestions and complaints of some months, and how many were answered or wait.
func opinions(ctx context.Context, tx db.Tx, from, to core.Month) (taken, answered int64, err error) {
	type sum struct{ taken, answered int64 }
	s, err := db.One(ctx, tx, func(s *sum) []any { return []any{&s.taken, &s.answered} }, `select count(*), count(case when answered_at is not null then 1 end) from desk_matter
		where project_id = $1 and at >= $4 and at < $5 and kind in ($2, $3) and state <> 'void' and state <> 'merged'`, core.ProjectOf(ctx).ID, Suggestion, Complaint,
		from.First().Time(core.ProjectOf(ctx).Zone), to.Add(1).First().Time(core.ProjectOf(ctx).Zone))
	return s.taken, s.answered, err
}

// unfollowed are the opinions of some months that were neither answered nor given to anybody (A7.2).
func unfollowed(ctx context.Context, tx db.Tx, from, to core.Month) ([]Matter, error) {
	return withRefs(db.All(ctx, tx, (*Matter).dest, "select "+columns+` from desk_matter where project_id = $1 and open and state = 'open' and kind in ($2, $3) and at >= $4 and at < $5 order by at, id limit 50`,
		core.ProjectOf(ctx).ID, Suggestion, Complaint, from.First().Time(core.ProjectOf(ctx).Zone), to.Add(1).First().Time(core.ProjectOf(ctx).Zone)))
}
