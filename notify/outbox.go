package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/job"
	"huiyin/journal"
)

// State is where a delivery stands.
type State string

// The states.
const (
	Queued     State = "queued"     // waits for its time or its next try
	Sent       State = "sent"       // the other side has accepted it
	Failed     State = "failed"     // refused for good, or out of tries: somebody must look
	GivenUp    State = "given_up"   // somebody decided so, with a reason
	Suppressed State = "suppressed" // not sent: the recipient does not want it, or cannot be reached that way
)

// States are all of them with their names.
func States() []core.Choice {
	return []core.Choice{{Value: string(Queued), Label: core.T("待发送", "Queued")}, {Value: string(Sent), Label: core.T("已送出", "Sent")},
		{Value: string(Failed), Label: core.T("失败", "Failed")}, {Value: string(GivenUp), Label: core.T("已放弃", "Given up")},
		{Value: string(Suppressed), Label: core.T("未发送", "Not sent")}}
}

// Name is the state's name in both languages.
func (s State) Name() core.Text { return core.Label(States(), string(s)) }

// Why a delivery was suppressed, as its Error holds it; Reason says it in words.
const (
	channelOff = "channel-off"
	noAddress  = "no-address"
	unwanted   = "unwanted"
	erased     = "erased"
)

// Reason says an error in words where it is one of ours; what another machine said is shown as it is.
func (d Delivery) Reason() core.Text {
	switch d.Error {
	case channelOff:
		return core.T("公司没有开通这个渠道", "The firm has not switched this channel on")
	case noAddress:
		return core.T("对方没有留下这个渠道的号码或地址", "The recipient gave no number or address for this channel")
	case unwanted:
		return core.T("对方选择不接收", "The recipient chose not to be told")
	case erased:
		return core.T("对方的个人信息已经删除", "The recipient's personal data has been erased")
	}
	return core.Text{ZH: d.Error, EN: d.Error}
}

// To is who is told: a user, by his choice; a customer's contact, by his; or a plain address.
type To struct {
	User     core.ID
	Customer core.ID // whose data key seals number, address and text (L5)
	Contact  core.ID // his choice counts; without one a text message, else an e-mail
	Phone    core.Phone
	Mail     string
	Lang     core.Lang // of a contact or a plain address; Chinese by default. A user has his own
	Channel  Channel   // only this one, whatever the choice of channels; the choice of none still counts
}

// Letter is what is told. Titles and bodies stand in both languages; the recipient's is sent.
type Letter struct {
	Template string // "complaint.reply": what sort of letter, for the outbox page
	Ref      core.Ref
	Title    core.Text
	Body     core.Text // without title and link
	URL      string    // a path in this system; empty: none
	Urgent   bool      // at once, at any hour
	Files    []core.ID // stored files that go with an e-mail; other channels leave them out
}

// Delivery is one row of the outbox. Address and text stay sealed: see Open.
type Delivery struct {
	Ref      core.Ref // the row itself: kind "outbox"
	Version  int64
	About    core.Ref
	User     core.ID
	Customer core.ID
	Contact  core.ID
	Hook     core.ID
	Channel  Channel
	Template string
	Lang     core.Lang
	Urgent   bool
	Mask     string // of the address
	State    State
	Tries    int64
	Next     time.Time // business time; zero: none
	Error    string
	SentAt   time.Time
	Created  time.Time
	Doubtful bool // a try was cut short and may have got through: it may have arrived twice
	files    string
	address  string
	title    string
	body     string
	claim    string
	claimed  time.Time
}

func (d *Delivery) dest() []any {
	return []any{&d.Ref.Project, &d.Ref.ID, &d.Version, &d.About.Kind, &d.About.ID, &d.About.Project, &d.User, &d.Customer, &d.Contact, &d.Hook, (*string)(&d.Channel),
		&d.Template, (*string)(&d.Lang), &d.Urgent, &d.Mask, (*string)(&d.State), &d.Tries, &d.Next, &d.Error, &d.SentAt, &d.Created, &d.Doubtful,
		&d.files, &d.address, &d.title, &d.body, &d.claim, &d.claimed}
}

const columns = `project_id, id, version, ref_kind, ref_id, ref_project, user_id, customer_id, contact_id, hook_id, channel, template, language, urgent, address_mask, state,
	tries, next_at, error, sent_at, created_at, doubtful, files, address, title, body, claim, claimed_at`

// Kind is the outbox's word in references.
const Kind = "outbox"

// Person is a user as this package needs to know him.
type Person struct {
	Lang   core.Lang
	Phone  core.Phone
	Active bool // works here and signs in
}

// Book knows the people and the projects; the modules above fill it.
type Book struct {
	Person  func(ctx context.Context, tx db.Tx, user core.ID) (Person, error)
	Holders func(ctx context.Context, tx db.Tx, project core.ID, role core.Role) ([]core.ID, error) // active users
	Place   func(ctx context.Context, tx db.Tx, project core.ID) (core.Project, error)
}

type bookKey struct{}

// With carries the book; app sets it once.
func With(ctx context.Context, b Book) context.Context {
	return context.WithValue(ctx, bookKey{}, b)
}

// Holders are the active users who hold a role in a project, by the Book; none without one.
func Holders(ctx context.Context, tx db.Tx, project core.ID, role core.Role) ([]core.ID, error) {
	if holders := bookOf(ctx).Holders; holders != nil {
		return holders(ctx, tx, project, role)
	}
	return nil, nil
}

func bookOf(ctx context.Context) Book { b, _ := ctx.Value(bookKey{}).(Book); return b }

// Send queues a letter in the caller's transaction, one row a channel; it goes out after the commit. Nothing is said
// where the recipient chose the bell alone, but a contact's refusal is kept as a row that was not sent.
func Send(ctx context.Context, tx db.Tx, project core.ID, to To, l Letter) error {
	s, err := SettingsOf(ctx, tx)
	if err != nil {
		return err
	}
	if to.User != 0 {
		return sendUser(ctx, tx, project, to, l, 0, s)
	}
	c, chosen, err := ChoiceOf(ctx, tx, project, to.Contact)
	if err != nil {
		return err
	}
	channels := c.channels(l.Urgent)
	switch {
	case chosen && len(channels) == 0:
		return queue(ctx, tx, project, row{to: to, letter: l, channel: first(to), why: unwanted}, s)
	case to.Channel != "":
		channels = []Channel{to.Channel}
	case !chosen:
		channels = []Channel{first(to)}
	}
	if to.Mail == "" {
		to.Mail = c.Mail
	}
	zone, err := zoneOf(ctx, tx, project)
	for _, channel := range channels {
		at := core.Now(ctx)
		if chosen && !l.Urgent {
			at = c.due(at, zone)
		}
		if err == nil {
			err = queue(ctx, tx, project, row{to: to, letter: l, channel: channel, at: at}, s)
		}
	}
	return err
}

// first is how a person is reached who has not chosen.
func first(to To) Channel {
	switch {
	case to.Channel != "":
		return to.Channel
	case to.Phone != "" || to.Mail == "":
		return SMS
	}
	return Mail
}

// sendUser queues by the user's choice; message is the bell's, if it comes from there.
func sendUser(ctx context.Context, tx db.Tx, project core.ID, to To, l Letter, message core.ID, s Settings) error {
	c, _, err := ChoiceOf(ctx, tx, core.Firm, to.User)
	if err != nil {
		return err
	}
	channels := c.channels(l.Urgent)
	if to.Channel != "" && len(channels) > 0 {
		channels = []Channel{to.Channel}
	}
	book := bookOf(ctx)
	if len(channels) == 0 || book.Person == nil {
		return nil
	}
	p, err := book.Person(ctx, tx, to.User)
	if err != nil || !p.Active {
		return err
	}
	zone, err := zoneOf(ctx, tx, project)
	if err != nil {
		return err
	}
	at := core.Now(ctx)
	if !l.Urgent {
		if c.Daily && message != 0 {
			return hold(ctx, tx, project, to.User, message, c.digest(at, zone))
		}
		at = c.due(at, zone)
	}
	to.Phone, to.Mail, to.Lang = p.Phone, c.Mail, p.Lang
	for _, channel := range channels {
		if err := queue(ctx, tx, project, row{to: to, letter: l, channel: channel, at: at, message: message}, s); err != nil {
			return err
		}
	}
	return nil
}

func zoneOf(ctx context.Context, tx db.Tx, project core.ID) (*time.Location, error) {
	place := bookOf(ctx).Place
	if place == nil || project == core.Firm {
		return core.China, nil
	}
	p, err := place(ctx, tx, project)
	if p.Zone == nil || core.IsKind(err, core.KindNotFound) {
		return core.China, nil
	}
	return p.Zone, err
}

// row is a delivery before it is stored.
type row struct {
	to      To
	letter  Letter
	channel Channel
	at      time.Time
	message core.ID
	hook    core.ID
	body    string // of a webhook: the JSON
	why     string // it is suppressed
}

// address is where the channel finds the recipient, and how a page shows that.
func (r row) address() (plain, mask string) {
	switch r.channel {
	case Mail:
		if r.to.Mail == "" {
			return "", ""
		}
		return r.to.Mail, maskMail(r.to.Mail)
	case WeCom, DingTalk:
		return string(r.to.Phone), strings.TrimSpace("@ " + r.to.Phone.Mask())
	case SMS:
		return string(r.to.Phone), r.to.Phone.Mask()
	}
	return "", ""
}

// needs reports whether the channel cannot do without an address: a robot writes to its group all the same.
func (c Channel) needs() bool { return c == Mail || c == SMS }

// text is what is sent, in the recipient's language: the title, the body, and the link where the site has an address.
func (r row) text(s Settings) (title, body string) {
	if r.body != "" {
		return r.letter.Title.ZH, r.body
	}
	title, body = r.letter.Title.In(r.to.Lang), r.letter.Body.In(r.to.Lang)
	if r.channel != Mail || body == "" {
		body = strings.TrimSpace(title + "\n" + body)
	}
	if r.letter.URL != "" && s.Site.Base != "" && (r.channel != SMS || r.to.User != 0) {
		body += "\n" + strings.TrimRight(s.Site.Base, "/") + r.letter.URL
	}
	return title, body
}

// queue stores one row and, when it is due, the job that sends it.
func queue(ctx context.Context, tx db.Tx, project core.ID, r row, s Settings) error {
	if r.to.Lang == "" {
		r.to.Lang = core.ZH
	}
	address, mask := r.address()
	state := Queued
	switch {
	case r.why != "":
		state = Suppressed
	case !s.on(r.channel):
		state, r.why = Suppressed, channelOff
	case address == "" && r.channel.needs():
		state, r.why = Suppressed, noAddress
	}
	title, body := r.text(s)
	sealed := make([]any, 3)
	for i, plain := range []string{address, title, body} {
		text, err := db.SealFor(ctx, tx, project, r.to.Customer, plain)
		if err != nil {
			return err
		}
		sealed[i] = text
	}
	now, id := core.Now(ctx), tx.NewID()
	var due any
	if state == Queued {
		due = r.at
	}
	n, err := db.Exec(ctx, tx, `insert into notify_outbox (project_id, id, created_at, created_by, changed_at, changed_by, ref_kind, ref_id, ref_project, message_id,
		user_id, customer_id, contact_id, hook_id, channel, template, language, urgent, address_mask, state, next_at, error, address, title, body, address_blind, files)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25) on conflict do nothing`,
		project, id, now, core.ActorOf(ctx).ID, r.letter.Ref.Kind, r.letter.Ref.ID, r.letter.Ref.Project, r.message, r.to.User, r.to.Customer, r.to.Contact, r.hook,
		string(r.channel), r.letter.Template, string(r.to.Lang), r.letter.Urgent, mask, string(state), due, r.why, sealed[0], sealed[1], sealed[2], blind(tx, address), fileList(r))
	if err != nil || n == 0 { // the same message was routed before
		return err
	}
	if state == Queued && !r.at.After(now) {
		if err := wake(ctx, tx, project, id); err != nil {
			return err
		}
	}
	tx.Publish(OutboxTopic(project))
	return journal.Add(ctx, tx, core.Ref{Project: project, Kind: Kind, ID: id}, string(state),
		map[string]any{"channel": r.channel, "template": r.letter.Template, "to": core.Personal(address)}, journal.For(r.to.Customer))
}

// blind finds an address again without holding it: mail in small letters, a number as it is normalised.
func blind(tx db.Tx, address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	if phone, ok := core.NormalPhone(address); ok && !strings.Contains(address, "@") {
		address = string(phone)
	}
	return db.Blind(tx, Kind, address)
}

// OutboxTopic is published when a project's outbox changes.
func OutboxTopic(project core.ID) string { return "p/" + project.String() + "/outbox" }

// parcel names a row in the arguments of its job.
type parcel struct {
	Project core.ID `json:"project"`
	ID      core.ID `json:"id"`
}

const sendJob = "notify.send"

func wake(ctx context.Context, tx db.Tx, project, id core.ID) error {
	return job.Add(ctx, tx, sendJob, parcel{project, id}, job.Unique(id.String()), job.Project(project))
}

// Filter narrows List; zero values mean any.
type Filter struct {
	State   State
	Channel Channel
	Address string  // a whole address or number
	Before  core.ID // the last id of the page before
	Limit   int
}

// List shows a project's deliveries, newest first.
func List(ctx context.Context, tx db.Tx, project core.ID, f Filter) ([]Delivery, error) {
	where, args := "project_id = $1", []any{project}
	add := func(condition string, v any) {
		args = append(args, v)
		where += fmt.Sprintf(" and %s $%d", condition, len(args))
	}
	if f.State != "" {
		add("state =", string(f.State))
	}
	if f.Channel != "" {
		add("channel =", string(f.Channel))
	}
	if f.Address != "" {
		where += " and address_blind <> ''"
		add("address_blind =", blind(tx, f.Address))
	}
	if f.Before != 0 {
		add("id <", f.Before)
	}
	args = append(args, f.Limit)
	return db.All(ctx, tx, (*Delivery).dest, fmt.Sprintf("select %s from notify_outbox where %s order by id desc limit $%d", columns, where, len(args)), args...)
}

// About lists what was sent about a record, newest first.
func About(ctx context.Context, tx db.Tx, ref core.Ref, limit int) ([]Delivery, error) {
	return db.All(ctx, tx, (*Delivery).dest, "select "+columns+` from notify_outbox where project_id = $1 and ref_kind = $2 and ref_id = $3 and ref_project = $1
		order by id desc limit $4`, ref.Project, ref.Kind, ref.ID, limit)
}

// Get reads one delivery; KindNotFound when there is none in the project.
func Get(ctx context.Context, tx db.Tx, project, id core.ID) (Delivery, error) {
	d, err := db.One(ctx, tx, (*Delivery).dest, "select "+columns+" from notify_outbox where project_id = $1 and id = $2", project, id)
	d.Ref.Kind = Kind
	return d, err
}

func lock(ctx context.Context, tx db.Tx, project, id core.ID) (Delivery, error) {
	d, err := db.One(ctx, tx, (*Delivery).dest, db.Locked(tx, "select "+columns+" from notify_outbox where project_id = $1 and id = $2"), project, id)
	d.Ref.Kind = Kind
	return d, err
}

// Open gives the delivery's address and text in plain; all are empty after the customer's erasure.
func (d Delivery) Open(ctx context.Context, tx db.Tx) (address, title, body string, err error) {
	for _, part := range []struct {
		to     *string
		sealed string
	}{{&address, d.address}, {&title, d.title}, {&body, d.body}} {
		if *part.to, err = db.OpenFor(ctx, tx, d.Ref.Project, d.Customer, part.sealed); err != nil {
			return "", "", "", err
		}
	}
	return address, title, body, nil
}

// CanRetry says why a delivery cannot be sent again, or nil: what has arrived is not repeated.
func CanRetry(d Delivery) error {
	if d.State == Sent || d.State == Queued {
		return core.Conflict("只有失败、已放弃或未发送的才能重发", "Only what failed, was given up or was not sent can be tried again")
	}
	return nil
}

// Retry queues a delivery again, with all its tries, for a stated reason.
func Retry(ctx context.Context, tx db.Tx, project, id core.ID, reason string) error {
	d, err := lock(ctx, tx, project, id)
	if err == nil {
		err = CanRetry(d)
	}
	if err != nil {
		return err
	}
	d.State, d.Tries, d.Next, d.Error = Queued, 0, core.Now(ctx), ""
	if err := d.settle(ctx, tx, "retried", map[string]any{"reason": reason}); err != nil {
		return err
	}
	return wake(ctx, tx, project, id)
}

// CanGiveUp says why a delivery cannot be given up, or nil. One that is on its way at this moment is past stopping.
func CanGiveUp(d Delivery) error {
	switch {
	case d.State != Queued && d.State != Failed:
		return core.Conflict("只有待发送或失败的才能放弃", "Only what is queued or has failed can be given up")
	case d.claim != "" && time.Since(d.claimed) < claimFor:
		return core.Conflict("正在发送,请稍后再试", "It is being sent at this moment; try again shortly")
	}
	return nil
}

// GiveUp ends a delivery that will not be sent, for a stated reason.
func GiveUp(ctx context.Context, tx db.Tx, project, id core.ID, reason string) error {
	d, err := lock(ctx, tx, project, id)
	if err == nil {
		err = CanGiveUp(d)
	}
	if err != nil {
		return err
	}
	d.State, d.Next = GivenUp, time.Time{}
	return d.settle(ctx, tx, string(GivenUp), map[string]any{"reason": reason})
}

// settle writes a change of state and its entry in the journal.
func (d Delivery) settle(ctx context.Context, tx db.Tx, verb string, payload any) error {
	err := db.ExecOne(ctx, tx, `update notify_outbox set state = $1, tries = $2, next_at = $3, error = $4, sent_at = $5, claim = null, claimed_at = null,
		version = version + 1, changed_at = $6, changed_by = $7 where project_id = $8 and id = $9`,
		string(d.State), d.Tries, d.Next, d.Error, d.SentAt, core.Now(ctx), core.ActorOf(ctx).ID, d.Ref.Project, d.Ref.ID)
	if err != nil {
		return err
	}
	tx.Publish(OutboxTopic(d.Ref.Project))
	return journal.Add(ctx, tx, core.Ref{Project: d.Ref.Project, Kind: Kind, ID: d.Ref.ID}, verb, payload, journal.For(d.Customer))
}

// Erase blanks what is left of a customer's numbers and addresses (L5); texts and addresses went with the customer's key.
func Erase(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	_, err := db.Exec(ctx, tx, "update notify_outbox set address_mask = '', address_blind = '', address = '', title = '', body = '' where project_id = $1 and customer_id = $2", project, customer)
	return err
}

// Tables are those that verify looks through.
func Tables() []journal.Table {
	return []journal.Table{{Kind: Kind, Name: "notify_outbox"}, {Kind: "choice", Name: "notify_choice"}, {Kind: "channel", Name: "notify_setting"}, {Kind: "webhook", Name: "notify_hook"}}
}

// ToCustomer lists what was sent to a customer, newest first.
func ToCustomer(ctx context.Context, tx db.Tx, project, customer core.ID, limit int) ([]Delivery, error) {
	return db.All(ctx, tx, (*Delivery).dest, "select "+columns+" from notify_outbox where project_id = $1 and customer_id = $2 order by id desc limit $3", project, customer, limit)
}

// ByMessageID finds what one of our own letters was about by its Message-ID, without brackets; zero when it is none of ours.
func ByMessageID(ctx context.Context, tx db.Tx, project core.ID, id string) (core.Ref, error) {
	word, _, ours := strings.Cut(id, ".huiyin@")
	n, err := core.ParseID(word)
	if !ours || err != nil {
		return core.Ref{}, nil
	}
	d, err := Get(ctx, tx, project, n)
	if core.IsKind(err, core.KindNotFound) {
		return core.Ref{}, nil
	}
	return d.About, err
}
