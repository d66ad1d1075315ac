package report

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"huiyin/calendar"
	"huiyin/core"
	"huiyin/db"
	"huiyin/house"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
)

// Schedule says when a kind of report goes out by e-mail, and to whom (定时发送).
type Schedule struct {
	ID      core.ID
	Version int64
	Kind    string
	Day     int64  // of the week (1 Monday … 7) for weekly ones, of the month for the others
	Clock   string // "08:30", of the project's day
	Lang    string
	Users   []string // ids
	Mails   string   // addresses of the firm, one a line
	Active  bool
	Next    time.Time
	users   string
	sealed  string
}

func (s *Schedule) dest() []any {
	return []any{&s.ID, &s.Version, &s.Kind, &s.Day, &s.Clock, &s.Lang, &s.users, &s.sealed, &s.Active, &s.Next}
}

const scheduleSelect = "select id, version, kind, day, clock, language, users, mails, active, next_at from report_schedule where project_id = $1 and voided_at is null "

// ScheduleKind is the register of schedules.
var ScheduleKind = register.Kind{Name: "report-schedule", Plural: "report-schedules", Label: core.T("定时发送", "Scheduled sending"), Table: "report_schedule", Choices: map[string][]core.Choice{"kind": Kinds()}, Events: map[string]core.Text{
	"made": core.T("设置定时发送{kind}", "scheduled: {kind}"), "changed": core.T("修改", "changed it"), "paused": core.T("暂停", "paused it"), "resumed": core.T("恢复", "resumed it"), "asked": core.T("立即发送", "sent it at once")}}

func (s Schedule) opened(ctx context.Context, tx db.Tx) (Schedule, error) {
	s.Users = strings.Fields(s.users)
	var err error
	s.Mails, err = db.OpenFor(ctx, tx, core.ProjectOf(ctx).ID, 0, s.sealed)
	return s, err
}

func getSchedule(ctx context.Context, tx db.Tx, id core.ID) (Schedule, error) {
	s, err := db.One(ctx, tx, (*Schedule).dest, scheduleSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
	if err != nil {
		return s, err
	}
	return s.opened(ctx, tx)
}

func lockSchedule(ctx context.Context, tx db.Tx, id core.ID) (Schedule, error) {
	s, err := db.One(ctx, tx, (*Schedule).dest, db.Locked(tx, scheduleSelect+"and id = $2"), core.ProjectOf(ctx).ID, id)
	if err != nil {
		return s, err
	}
	return s.opened(ctx, tx)
}

// addresses are the schedule's plain addresses.
func (s Schedule) addresses() ([]string, error) {
	var out []string
	for _, line := range strings.FieldsFunc(s.Mails, func(r rune) bool { return strings.ContainsRune("\n\r,;,; \t", r) }) {
		mail, err := notify.CheckMail(line)
		if err != nil {
			return nil, core.Invalid("mails", "邮箱地址 %s 不正确", "%s is no e-mail address", line)
		}
		if !slices.Contains(out, mail) {
			out = append(out, mail)
		}
	}
	return out, nil
}

func (s Schedule) check() error {
	if _, err := clockOf(s.Clock); err != nil {
		return err
	}
	if s.Kind == Weekly && (s.Day < 1 || s.Day > 7) {
		return core.Invalid("day", "周报填星期几:1(周一)到 7(周日)", "For a weekly report give the day of the week: 1 (Monday) to 7")
	}
	mails, err := s.addresses()
	if err == nil && len(mails)+len(s.Users) == 0 {
		err = core.Invalid("users", "请选择收件人", "Choose who gets it")
	}
	return err
}

// clockOf reads "08:30".
func clockOf(s string) (time.Duration, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return 0, core.Invalid("clock", "时间应如 08:30", "The time should be such as 08:30")
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// next is the first time after t at which the schedule is due.
func (s Schedule) next(rules *regulation.Rules, t time.Time, zone *time.Location) time.Time {
	clock, err := clockOf(s.Clock)
	if err != nil {
		return time.Time{}
	}
	wall := calendar.New(zone, calendar.Default())
	for day, n := core.DateOf(t, zone), 0; n < 800; day, n = day.Add(1), n+1 {
		if at := wall.At(day, clock); s.falls(rules, day) && at.After(t) {
			return at
		}
	}
	return time.Time{}
}

// falls says whether the schedule sends on a day.
func (s Schedule) falls(rules *regulation.Rules, day core.Date) bool {
	switch s.Kind {
	case Weekly:
		return (int64(day.Weekday())+6)%7+1 == s.Day
	case Analysis:
		if before := day.Month().Add(-1); periodAround(rules, Analysis, before.First()).To != before.Last() {
			return false
		}
	}
	return day == day.Month().Day(int(s.Day))
}

// SetSchedule makes a schedule, or changes one.
func SetSchedule(ctx context.Context, tx db.Tx, id core.ID, in Schedule) (core.ID, error) {
	if err := in.check(); err != nil {
		return 0, err
	}
	p, now, a := core.ProjectOf(ctx), core.Now(ctx), core.ActorOf(ctx)
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, u := range in.Users {
		if _, err := core.ParseID(u); err != nil {
			return 0, core.Invalid("users", "没有这个人", "There is no such person")
		}
	}
	sealed, err := db.SealFor(ctx, tx, p.ID, 0, in.Mails)
	if err != nil {
		return 0, err
	}
	next := in.next(rules, now, p.Zone)
	if id == 0 {
		id = tx.NewID()
		if _, err := db.Exec(ctx, tx, `insert into report_schedule (project_id, id, created_at, created_by, changed_at, changed_by, kind, day, clock, language, users, mails, active, next_at)
			values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,true,$11)`, p.ID, id, now, a.ID, in.Kind, in.Day, in.Clock, in.Lang, strings.Join(in.Users, " "), sealed, next); err != nil {
			return 0, err
		}
		return id, journal.Add(ctx, tx, ScheduleKind.Ref(ctx, id), "made", map[string]any{"kind": in.Kind, "day": in.Day, "clock": in.Clock, "users": in.Users, "mails": core.Personal(in.Mails)})
	}
	if _, err := lockSchedule(ctx, tx, id); err != nil {
		return 0, err
	}
	if err := db.ExecOne(ctx, tx, `update report_schedule set kind = $1, day = $2, clock = $3, language = $4, users = $5, mails = $6, next_at = $7, version = version + 1, changed_at = $8, changed_by = $9
		where project_id = $10 and id = $11`, in.Kind, in.Day, in.Clock, in.Lang, strings.Join(in.Users, " "), sealed, next, now, a.ID, p.ID, id); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, ScheduleKind.Ref(ctx, id), "changed", map[string]any{"kind": in.Kind, "day": in.Day, "clock": in.Clock, "users": in.Users, "mails": core.Personal(in.Mails)})
}

// Pause stops a schedule, Resume starts it again: what it missed meanwhile is not made up for.
func Pause(ctx context.Context, tx db.Tx, id core.ID) error { return turn(ctx, tx, id, false) }

// Resume starts a paused schedule again.
func Resume(ctx context.Context, tx db.Tx, id core.ID) error { return turn(ctx, tx, id, true) }

func canTurn(s Schedule, on bool) error {
	if s.Active == on {
		if on {
			return core.Conflict("正在执行,没有暂停", "It is not paused")
		}
		return core.Conflict("已经暂停", "It is paused already")
	}
	return nil
}

func turn(ctx context.Context, tx db.Tx, id core.ID, on bool) error {
	s, err := lockSchedule(ctx, tx, id)
	if err == nil {
		err = canTurn(s, on)
	}
	if err != nil {
		return err
	}
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	verb := "paused"
	if on {
		verb = "resumed"
	}
	if err := db.ExecOne(ctx, tx, "update report_schedule set active = $1, next_at = $2, version = version + 1, changed_at = $3, changed_by = $4 where project_id = $5 and id = $6",
		on, s.next(rules, core.Now(ctx), core.ProjectOf(ctx).Zone), core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, id); err != nil {
		return err
	}
	return journal.Add(ctx, tx, ScheduleKind.Ref(ctx, id), verb, nil)
}

// ---- runs

// Run is one time that a schedule was due.
type Run struct {
	ID       core.ID
	Schedule core.ID
	Due      time.Time
	Issue    core.ID
	State    string // waiting, sent, failed
	Sent     int64
	Error    core.Text
	Ended    time.Time
}

// The states of a run.
const (
	RunWaiting = "waiting"
	RunSent    = "sent"
	RunFailed  = "failed"
)

func runStates() []core.Choice {
	return []core.Choice{{Value: RunWaiting, Label: core.T("发送中", "Under way")}, {Value: RunSent, Label: core.T("已发送", "Sent")}, {Value: RunFailed, Label: core.T("没有发出", "Not sent")}}
}

func (r *Run) dest() []any {
	return []any{&r.ID, &r.Schedule, &r.Due, &r.Issue, &r.State, &r.Sent, &r.Error.ZH, &r.Error.EN, &r.Ended}
}

const runSelect = "select id, schedule_id, due_at, issue_id, state, sent, error, error_en, ended_at from report_run where project_id = $1 "

// Runs are a schedule's last runs, newest first.
func Runs(ctx context.Context, tx db.Tx, schedule core.ID, limit int) ([]Run, error) {
	return db.All(ctx, tx, (*Run).dest, runSelect+"and schedule_id = $2 order by due_at desc limit $3", core.ProjectOf(ctx).ID, schedule, limit)
}

const sendJob = "report.send"

// errand is a run that is to be carried out.
type errand struct {
	Project core.ID `json:"project"`
	Run     core.ID `json:"run"`
}

// scheduled starts the runs that are due: with every tick, on any node. One that was missed for long runs once.
func scheduled(ctx context.Context, d *db.DB) error {
	var due []core.ID
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		due, err = db.Values[core.ID](ctx, tx, "select id from report_schedule where project_id = $1 and active and next_at <= $2 and voided_at is null order by next_at limit 50", core.ProjectOf(ctx).ID, core.Now(ctx))
		return err
	})
	for _, id := range due {
		if err == nil {
			err = d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return start(ctx, tx, id) })
		}
	}
	return err
}

// start moves a due schedule on and queues its run; whoever comes second finds it moved.
func start(ctx context.Context, tx db.Tx, id core.ID) error {
	s, err := lockSchedule(ctx, tx, id)
	now := core.Now(ctx)
	if err != nil || !s.Active || s.Next.IsZero() || s.Next.After(now) {
		return err
	}
	rules, err := regulation.Now(ctx, tx)
	if err != nil {
		return err
	}
	if err := db.ExecOne(ctx, tx, "update report_schedule set next_at = $1 where project_id = $2 and id = $3", s.next(rules, now, core.ProjectOf(ctx).Zone), core.ProjectOf(ctx).ID, id); err != nil {
		return err
	}
	return queueRun(ctx, tx, id, s.Next)
}

func queueRun(ctx context.Context, tx db.Tx, schedule core.ID, due time.Time) error {
	p, id := core.ProjectOf(ctx).ID, tx.NewID()
	n, err := db.Exec(ctx, tx, `insert into report_run (project_id, id, schedule_id, due_at, at, state) values ($1,$2,$3,$4,$5,'waiting') on conflict (project_id, schedule_id, due_at) do nothing`, p, id, schedule, due, core.Now(ctx))
	if err != nil || n == 0 {
		return err
	}
	tx.Publish(Topic(p))
	return job.Add(ctx, tx, sendJob, errand{p, id}, job.Unique(id.String()), job.Project(p))
}

// RunNow sends a schedule's report at once, besides its times.
func RunNow(ctx context.Context, tx db.Tx, id core.ID) error {
	if _, err := lockSchedule(ctx, tx, id); err != nil {
		return err
	}
	if err := queueRun(ctx, tx, id, core.Now(ctx)); err != nil {
		return err
	}
	return journal.Add(ctx, tx, ScheduleKind.Ref(ctx, id), "asked", nil)
}

// send is the job of a run: it finds or composes the report, and queues its e-mails. A report that waits for a person is
// not sent; the supervisor is told.
func send(ctx context.Context, d *db.DB, args []byte) error {
	var e errand
	if err := json.Unmarshal(args, &e); err != nil {
		return err
	}
	place, err := placeOf(ctx, d, e.Project)
	if err != nil {
		return err
	}
	ctx = core.WithProject(ctx, place)
	var r Run
	var s Schedule
	var ended house.Period
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		if r, err = db.One(ctx, tx, (*Run).dest, runSelect+"and id = $2", place.ID, e.Run); err != nil {
			return err
		}
		if s, err = getSchedule(ctx, tx, r.Schedule); err != nil {
			return err
		}
		rules, err := regulation.Now(ctx, tx)
		ended = before(rules, s.Kind, periodAround(rules, s.Kind, core.DateOf(r.Due, place.Zone)))
		return err
	})
	if err != nil || r.State != RunWaiting {
		return err
	}
	id, err := composeAt(ctx, d, order{place.ID, s.Kind, ended.From})
	if err != nil {
		return err
	}
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return carryOut(ctx, tx, e.Run, s, id) })
}

func placeOf(ctx context.Context, d *db.DB, id core.ID) (p core.Project, err error) {
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		at, err := project.Get(ctx, tx, id)
		p = at.Core()
		return err
	})
	return p, err
}

// carryOut queues the e-mails of a run, once.
func carryOut(ctx context.Context, tx db.Tx, run core.ID, s Schedule, id core.ID) error {
	i, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	r, err := db.One(ctx, tx, (*Run).dest, db.Locked(tx, runSelect+"and id = $2"), i.Ref.Project, run)
	if err != nil || r.State != RunWaiting {
		return err
	}
	r.Issue = id
	if i.Kind != Operations && !i.frozen() && canSubmit(ctx, tx, i) == nil && (i.Kind == Weekly || i.Kind == Monthly) {
		if err = issue(ctx, tx, i); err == nil {
			i, err = lock(ctx, tx, id)
		}
		if err != nil {
			return err
		}
	}
	if i.Issued.IsZero() && i.State != StateApproved {
		return r.fail(ctx, tx, i, core.T("报表%s,还没有出具", "The report is “%s” and not issued yet", i.stateName()))
	}
	settings, err := notify.SettingsOf(ctx, tx)
	if err != nil {
		return err
	}
	if !settings.Mail.On {
		return r.fail(ctx, tx, i, core.T("公司没有开通邮件渠道", "The firm has not switched e-mail on"))
	}
	sent, without, err := s.mail(ctx, tx, i)
	if err != nil {
		return err
	}
	if sent == 0 {
		return r.fail(ctx, tx, i, core.T("收件人都没有邮箱:%s", "None of the recipients has an e-mail address: %s", strings.Join(without, "、")))
	}
	if len(without) > 0 {
		r.Error = core.T("没有邮箱,已在系统内提醒:%s", "Without an address, told in the application: %s", strings.Join(without, "、"))
	}
	r.State, r.Sent = RunSent, int64(sent)
	if err := r.save(ctx, tx); err != nil {
		return err
	}
	return i.update(ctx, tx, "mailed", map[string]any{"mails": fmt.Sprint(sent)}, "open", i.Open)
}

func (r Run) save(ctx context.Context, tx db.Tx) error {
	tx.Publish(Topic(core.ProjectOf(ctx).ID))
	return db.ExecOne(ctx, tx, "update report_run set state = $1, sent = $2, error = $3, error_en = $4, issue_id = $5, ended_at = $6 where project_id = $7 and id = $8",
		r.State, r.Sent, r.Error.ZH, r.Error.EN, r.Issue, core.Now(ctx), core.ProjectOf(ctx).ID, r.ID)
}

// fail keeps why a run sent nothing, and tells the supervisor.
func (r Run) fail(ctx context.Context, tx db.Tx, i Issue, why core.Text) error {
	r.State, r.Error = RunFailed, why
	if err := r.save(ctx, tx); err != nil {
		return err
	}
	title := core.T("定时发送没有发出:%s", "A scheduled report was not sent: %s", i.Title())
	return notify.TellRole(ctx, tx, i.Ref.Project, core.Supervisor, notify.Message{Ref: i.Ref, Title: title, URL: href(ctx, i.Ref.ID), Urgent: true})
}

// mail queues one e-mail for each recipient and names those of the users who have no address; the bell tells them.
func (s Schedule) mail(ctx context.Context, tx db.Tx, i Issue) (sent int, without []string, err error) {
	to, without, err := s.recipients(ctx, tx, i)
	if err != nil || len(to) == 0 {
		return 0, without, err
	}
	files, err := papersOf(ctx, tx, i, core.Lang(s.Lang), "pdf", "xlsx")
	if err != nil {
		return 0, nil, err
	}
	l := notify.Letter{Template: "report." + i.Kind, Ref: i.Ref, Title: core.T("%s:%s", "%s: %s", core.ProjectOf(ctx).Name, i.Title()), Body: core.Text{ZH: digest(i, core.ZH), EN: digest(i, core.EN)}, URL: href(ctx, i.Ref.ID), Files: files}
	for _, mail := range to {
		if err := notify.Send(ctx, tx, i.Ref.Project, notify.To{Mail: mail, Lang: core.Lang(s.Lang), Channel: notify.Mail}, l); err != nil {
			return 0, nil, err
		}
	}
	return len(to), without, nil
}

func (s Schedule) recipients(ctx context.Context, tx db.Tx, i Issue) (to, without []string, err error) {
	if to, err = s.addresses(); err != nil {
		return nil, nil, err
	}
	for _, u := range s.Users {
		id, err := core.ParseID(u)
		if err != nil {
			return nil, nil, err
		}
		who, err := user.Get(ctx, tx, id)
		if core.IsKind(err, core.KindNotFound) || err == nil && who.State != user.Active {
			continue // gone
		}
		c, _, err2 := notify.ChoiceOf(ctx, tx, core.Firm, id)
		if err != nil || err2 != nil {
			return nil, nil, firstErr(err, err2)
		}
		if c.Mail != "" {
			if !slices.Contains(to, c.Mail) {
				to = append(to, c.Mail)
			}
			continue
		}
		without = append(without, who.Name)
		if err := notify.Tell(ctx, tx, i.Ref.Project, id, notify.Message{Ref: i.Ref, Title: core.T("报表:%s", "Report: %s", i.Title()), URL: href(ctx, i.Ref.ID)}); err != nil {
			return nil, nil, err
		}
	}
	return to, without, nil
}

func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// digestMost is how many figures an e-mail names in its text.
const digestMost = 12

// digest is the text of the e-mail: the first figures of the report.
func digest(i Issue, lang core.Lang) string {
	var b strings.Builder
	n := 0
	for _, s := range i.Sections {
		for _, f := range s.Figures {
			if n++; n > digestMost {
				break
			}
			fmt.Fprintf(&b, "%s · %s:%s (%s)\n", s.Title.In(lang), f.Name.In(lang), written(f.As, f.Value), change(f.As, f.Value, f.Before))
		}
	}
	return b.String() + core.T("括号内为与上期相比的变化;全文见附件。", "In brackets: the change since the period before. The whole report is attached.").In(lang)
}
