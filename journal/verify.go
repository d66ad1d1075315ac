package journal

import (
	"context"
	"fmt"
	"slices"

	"huiyin/core"
	"huiyin/db"
)

// Table names a business table whose every row must have its last change in the journal.
type Table struct{ Kind, Name string }

// Finding is one thing that Verify found wrong.
type Finding struct {
	Lane, Seq int64
	Text      core.Text
}

// Report is the outcome of Verify.
type Report struct {
	Entries  int64
	Findings []Finding
}

// laneCount is how many lanes the migration makes on PostgreSQL.
const laneCount = 16

// Verify walks every lane from its first entry to its head and checks that each record's last change has an entry.
// One changed byte, a removed entry or a cut tail is found.
func Verify(ctx context.Context, tx db.Tx, tables []Table) (Report, error) {
	var rep Report
	heads, err := db.All(ctx, tx, (*head).dest, "select lane, seq, hash from journal_lane order by lane")
	if err != nil {
		return rep, err
	}
	for _, h := range heads {
		if err := rep.walk(ctx, tx, h); err != nil {
			return rep, err
		}
	}
	if err := rep.lanes(ctx, tx, heads); err != nil {
		return rep, err
	}
	for _, t := range tables {
		if err := rep.cover(ctx, tx, t); err != nil {
			return rep, err
		}
	}
	return rep, nil
}

func (rep *Report) walk(ctx context.Context, tx db.Tx, h head) error {
	at := head{lane: h.lane}
	err := db.Each(ctx, tx, (*Entry).dest, func(e *Entry) error {
		rep.Entries++
		if e.Seq != at.seq+1 {
			rep.add(h.lane, at.seq+1, "缺少第 %d 条", "entry %d is missing", at.seq+1)
		} else if e.sum(at.hash) != e.Hash {
			rep.add(h.lane, e.Seq, "第 %d 条与其校验值不符,内容被改动过", "entry %d does not match its hash: it was changed", e.Seq)
		}
		at.seq, at.hash = e.Seq, e.Hash
		return nil
	}, "select "+columns+" from journal_entry /* all projects: project_id is hashed */ where lane = $1 order by seq", h.lane)
	if err == nil && (at.seq != h.seq || at.hash != h.hash) {
		rep.add(h.lane, h.seq, "末尾应为第 %d 条,实际到第 %d 条", "the lane should end at entry %d but ends at %d", h.seq, at.seq)
	}
	return err
}

// lanes finds a lane that was removed: the migration makes lane 0, on PostgreSQL sixteen, and every entry has one.
func (rep *Report) lanes(ctx context.Context, tx db.Tx, heads []head) error {
	want := 1
	if tx.Engine() == db.Postgres {
		want = laneCount
	}
	for lane := range int64(want) {
		if !slices.ContainsFunc(heads, func(h head) bool { return h.lane == lane }) {
			rep.add(lane, 0, "第 %d 道日志不见了", "lane %d is gone", lane)
		}
	}
	n, err := db.Value[int64](ctx, tx, "select count(*) from journal_entry e /* all projects: project_id is hashed */ where not exists (select 1 from journal_lane l where l.lane = e.lane)")
	if err == nil && n > 0 {
		rep.add(0, 0, "有 %d 条日志不属于任何一道", "%d entries belong to no lane", n)
	}
	return err
}

func (rep *Report) cover(ctx context.Context, tx db.Tx, t Table) error {
	n, err := db.Value[int64](ctx, tx, fmt.Sprintf(`select count(*) from %s r where not exists (select 1 from journal_entry e
		where e.project_id = r.project_id and e.kind = $1 and e.record_id = r.id and e.at >= r.changed_at)`, t.Name), t.Kind)
	if err == nil && n > 0 {
		rep.add(0, 0, "%[1]s 有 %[2]d 条记录的最后一次改动不在日志里", "%[1]s: the last change of %[2]d records is not in the journal", t.Name, n)
	}
	return err
}

func (rep *Report) add(lane, seq int64, zh, en string, args ...any) {
	rep.Findings = append(rep.Findings, Finding{lane, seq, core.T(zh, en, args...)})
}
