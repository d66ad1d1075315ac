package notify

import (
	"context"
	"slices"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// Choice is what a person wants to be told, how and when. The bell inside the application rings in any case.
type Choice struct {
	Mail      string   // where e-mail goes
	Urgent    []string // channels for what is urgent, at once at any hour; none: the bell alone
	Ordinary  []string // channels for everything else
	Daily     bool     // ordinary messages once a day, together
	DigestAt  string   // "08:30", of the project's day
	QuietFrom string   // "21:00": ordinary ones wait until QuietTo; both empty: never
	QuietTo   string
}

func (c *Choice) dest(sealed, urgent, ordinary *string) []any {
	return []any{sealed, urgent, ordinary, &c.Daily, &c.DigestAt, &c.QuietFrom, &c.QuietTo}
}

// usual is what counts for whoever has not chosen.
func usual() Choice { return Choice{DigestAt: "08:30", QuietFrom: "21:00", QuietTo: "08:00"} }

// ChoiceOf reads what a user (project core.Firm) or a customer's contact (his project) chose; ok is false where he has
// not, and the choice is the usual one: the bell alone.
func ChoiceOf(ctx context.Context, tx db.Tx, project, person core.ID) (c Choice, ok bool, err error) {
	type row struct {
		Choice
		sealed, urgent, ordinary string
	}
	r, ok, err := db.Maybe(ctx, tx, func(r *row) []any { return r.dest(&r.sealed, &r.urgent, &r.ordinary) },
		`select mail, urgent, ordinary, daily, digest_at, quiet_from, quiet_to from notify_choice where project_id = $1 and person_id = $2 and voided_at is null`, project, person)
	if err != nil || !ok {
		return usual(), false, err
	}
	c = r.Choice
	c.Urgent, c.Ordinary = strings.Fields(r.urgent), strings.Fields(r.ordinary)
	c.Mail, err = db.OpenFor(ctx, tx, project, person, r.sealed)
	return c, true, err
}

// Choose keeps a person's choice; KindInvalid for a clock that is none or an address that is none.
func Choose(ctx context.Context, tx db.Tx, project, person core.ID, c Choice) error {
	if err := c.check(); err != nil {
		return err
	}
	sealed, err := db.SealFor(ctx, tx, project, person, c.Mail)
	if err != nil {
		return err
	}
	id, err := db.Value[core.ID](ctx, tx, `insert into notify_choice (project_id, id, created_at, created_by, changed_at, changed_by, person_id, mail, urgent, ordinary,
		daily, digest_at, quiet_from, quiet_to) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12) on conflict (project_id, person_id) do update set
		mail = excluded.mail, urgent = excluded.urgent, ordinary = excluded.ordinary, daily = excluded.daily, digest_at = excluded.digest_at,
		quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, changed_at = excluded.changed_at, changed_by = excluded.changed_by,
		version = notify_choice.version + 1 returning id`, project, tx.NewID(), core.Now(ctx), core.ActorOf(ctx).ID, person, sealed,
		strings.Join(c.Urgent, " "), strings.Join(c.Ordinary, " "), c.Daily, c.DigestAt, c.QuietFrom, c.QuietTo)
	if err != nil {
		return err
	}
	return journal.Add(ctx, tx, core.Ref{Project: project, Kind: "choice", ID: id}, "chosen",
		map[string]any{"person": person, "mail": core.Personal(c.Mail), "urgent": c.Urgent, "ordinary": c.Ordinary, "daily": c.Daily})
}

func (c Choice) check() error {
	if c.Mail != "" {
		if _, err := CheckMail(c.Mail); err != nil {
			return err
		}
	}
	if c.Mail == "" && slices.Contains(slices.Concat(c.Urgent, c.Ordinary), string(Mail)) {
		return core.Invalid("mail", "选了电子邮件,请填写邮箱", "You chose e-mail: give the address")
	}
	for name, clock := range map[string]string{"digest_at": c.DigestAt, "quiet_from": c.QuietFrom, "quiet_to": c.QuietTo} {
		if _, ok := clockOf(clock); clock != "" && !ok {
			return core.Invalid(name, "时间应如 08:30", "The time should be such as 08:30")
		}
	}
	switch {
	case c.Daily && c.DigestAt == "":
		return core.Invalid("digest_at", "请填写每天几点汇总", "Say at what time of the day")
	case (c.QuietFrom == "") != (c.QuietTo == ""):
		return core.Invalid("quiet_to", "免打扰的起止时间要一起填写", "Quiet hours need both a beginning and an end")
	}
	return nil
}

// channels are those that a message goes out by.
func (c Choice) channels(urgent bool) []Channel {
	names := c.Ordinary
	if urgent {
		names = c.Urgent
	}
	out := make([]Channel, len(names))
	for i, n := range names {
		out[i] = Channel(n)
	}
	return out
}

// due is when an ordinary message may go out: now, or when the quiet hours of the person's day are over.
func (c Choice) due(now time.Time, zone *time.Location) time.Time {
	from, ok := clockOf(c.QuietFrom)
	to, ok2 := clockOf(c.QuietTo)
	if !ok || !ok2 || from == to {
		return now
	}
	at := sinceMidnight(now, zone)
	quiet := at >= from && at < to
	if from > to { // over midnight
		quiet = at >= from || at < to
	}
	if !quiet {
		return now
	}
	return next(now, to, zone)
}

// digest is when the next digest goes out after now.
func (c Choice) digest(now time.Time, zone *time.Location) time.Time {
	at, _ := clockOf(c.DigestAt)
	return next(now, at, zone)
}

// next is the next time after now that the zone's clock shows so long after midnight.
func next(now time.Time, clock time.Duration, zone *time.Location) time.Time {
	local := now.In(zone)
	for day := local.Day(); ; day++ {
		t := time.Date(local.Year(), local.Month(), day, int(clock/time.Hour), int(clock%time.Hour/time.Minute), 0, 0, zone)
		if t.After(now) {
			return t.UTC()
		}
	}
}

func sinceMidnight(t time.Time, zone *time.Location) time.Duration {
	l := t.In(zone)
	return time.Duration(l.Hour())*time.Hour + time.Duration(l.Minute())*time.Minute
}

func clockOf(s string) (time.Duration, bool) {
	t, err := time.Parse("15:04", s)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil
}
