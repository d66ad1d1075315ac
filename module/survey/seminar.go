package survey

import (
	"context"
	"fmt"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/regulation"
)

// Seminar is a meeting with merchants (商户座谈会, D5.4) and its minutes.
type Seminar struct {
	Ref       core.Ref
	Version   int64
	Day       core.Date
	Place     string
	Subject   string
	Host      string
	Attendees string // one a line
	Heads     int64
	Minutes   string
	Outcome   string
	Files     []core.Upload
}

func (s *Seminar) dest() []any {
	return []any{&s.Ref.Project, &s.Ref.ID, &s.Version, &s.Day, &s.Place, &s.Subject, &s.Host, &s.Attendees, &s.Heads, &s.Minutes, &s.Outcome}
}

const seminarSelect = "select project_id, id, version, day, place, subject, host, attendees, heads, minutes, outcome from survey_seminar where project_id = $1 "

// SeminarKind is the register of meetings.
func SeminarKind() register.Kind {
	return register.Kind{Name: "seminar", Plural: "seminars", Label: core.T("商户座谈会", "Merchants' meetings"), Table: "survey_seminar",
		Events: map[string]core.Text{"held": core.T("召开座谈会:{subject},{heads} 人到会", "held a meeting: {subject}, {heads} present"), "edited": core.T("修改记录", "changed the record")}}
}

func (s Seminar) withRef() Seminar { s.Ref.Kind = "seminar"; return s }

// GetSeminar reads one meeting of the request's project.
func GetSeminar(ctx context.Context, tx db.Tx, id core.ID) (Seminar, error) {
	s, err := db.One(ctx, tx, (*Seminar).dest, seminarSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
	return s.withRef(), err
}

func findSeminars(ctx context.Context, tx db.Tx, q register.Query) ([]Seminar, error) {
	args, where := []any{core.ProjectOf(ctx).ID}, ""
	if q.After != "" {
		day, id, ok := strings.Cut(q.After, ".")
		n, err := core.ParseID(id)
		if _, bad := core.ParseDate(day); !ok || err != nil || bad != nil {
			return nil, core.NotFound()
		}
		args, where = append(args, core.Date(day), n), "and (day, id) < ($2, $3) "
	}
	args = append(args, max(q.Limit, 1))
	ss, err := db.All(ctx, tx, (*Seminar).dest, fmt.Sprintf("%s%sorder by day desc, id desc limit $%d", seminarSelect, where, len(args)), args...)
	for i := range ss {
		ss[i] = ss[i].withRef()
	}
	return ss, err
}

// canRecord: D5.4, a meeting has its minutes and the list of who came.
func canRecord(ctx context.Context, tx db.Tx, s Seminar) error {
	if s.Day > core.Today(ctx) {
		return core.Invalid("day", "座谈会还没有召开", "The meeting has not been held yet")
	}
	return regulation.Require(ctx, tx, "D5.4", core.Filled(s.Attendees, s.Minutes), "座谈会要有到会名单和会议记录", "A merchants' meeting has its list of who came and its minutes")
}

// Hold records a meeting.
func Hold(ctx context.Context, tx db.Tx, _ core.ID, s Seminar) (core.ID, error) {
	if err := canRecord(ctx, tx, s); err != nil {
		return 0, err
	}
	s.Ref = core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "seminar", ID: tx.NewID()}
	s.Heads = headsOf(s.Attendees)
	_, err := db.Exec(ctx, tx, `insert into survey_seminar (project_id, id, created_at, created_by, changed_at, changed_by, day, place, subject, host, attendees, heads, minutes, outcome)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`, s.Ref.Project, s.Ref.ID, core.Now(ctx), core.ActorOf(ctx).ID, s.Day, s.Place, s.Subject, s.Host, s.Attendees, s.Heads, s.Minutes, s.Outcome)
	if err == nil {
		err = attach(ctx, tx, s)
	}
	if err != nil {
		return 0, err
	}
	tx.Publish(Topic(s.Ref.Project))
	return s.Ref.ID, journal.Add(ctx, tx, s.Ref, "held", map[string]string{"subject": s.Subject, "heads": fmt.Sprint(s.Heads)})
}

func headsOf(lines string) int64 {
	return int64(len(strings.FieldsFunc(lines, func(r rune) bool { return r == '\n' || r == '\r' })))
}

func attach(ctx context.Context, tx db.Tx, s Seminar) error {
	for _, f := range s.Files {
		if _, err := file.Attach(ctx, tx, s.Ref, "minutes", f); err != nil {
			return err
		}
	}
	return nil
}

// EditSeminar corrects a meeting's record.
func EditSeminar(ctx context.Context, tx db.Tx, id core.ID, s Seminar) error {
	old, err := db.One(ctx, tx, (*Seminar).dest, db.Locked(tx, seminarSelect+"and id = $2"), core.ProjectOf(ctx).ID, id)
	if err == nil {
		err = canRecord(ctx, tx, s)
	}
	if err != nil {
		return err
	}
	s.Ref = old.withRef().Ref
	err = db.ExecOne(ctx, tx, `update survey_seminar set day = $1, place = $2, subject = $3, host = $4, attendees = $5, heads = $6, minutes = $7, outcome = $8, version = version + 1, changed_at = $9, changed_by = $10
		where project_id = $11 and id = $12`, s.Day, s.Place, s.Subject, s.Host, s.Attendees, headsOf(s.Attendees), s.Minutes, s.Outcome, core.Now(ctx), core.ActorOf(ctx).ID, s.Ref.Project, id)
	if err == nil {
		err = attach(ctx, tx, s)
	}
	if err != nil {
		return err
	}
	return journal.Add(ctx, tx, s.Ref, "edited", nil)
}
