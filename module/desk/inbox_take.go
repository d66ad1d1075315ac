package desk

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/notify"
)

// What becomes of a letter.
const (
	MailMatter   = "matter"   // 已受理: a matter was opened
	MailAppended = "appended" // 已并入: it went on with a matter
	MailSkipped  = "skipped"  // 自动邮件: no person wrote it, or too many came
	MailBroken   = "broken"   // 无法解读: a person has to look at it
	MailSettled  = "settled"  // 已处理: a person did
)

// MailIn is one letter that came.
type MailIn struct {
	ID           core.ID
	Version      int64
	Inbox        core.ID
	Message      string
	Name         core.Personal
	Address      string
	Subject      string
	Text         string
	At           time.Time
	Size         int64
	State        string
	Reason       core.Text
	Matter       core.ID
	MatterNumber string
	Customer     core.ID
	CustomerName string
	Answered     bool
	EndedBy      string
}

// Ref names the letter.
func (m MailIn) Ref(ctx context.Context) core.Ref { return mailKind.Ref(ctx, m.ID) }

// envelope is a letter as the mailbox gave it.
type envelope struct {
	Validity, UID int64
	At            time.Time
	Size          int64
	Raw           []byte // the head alone when it is too large
}

// Bounds against machines that write to each other, and against floods.
const (
	answersMax = 3  // automatic answers to one address in a day
	floodMax   = 30 // matters of one address in a day
)

// rawName is the letter's own file, inside the zip that is attached.
const rawName = "letter.eml"

// numberPattern finds the number of a matter.
var numberPattern = regexp.MustCompile(`SQ-\d{6}-\d{4,7}`)

// file stores one letter and what becomes of it, in one transaction; one that was stored before only moves the mark of how
// far the mailbox was read. A letter that a matter refuses goes on the list of those that a person looks at.
func (b *Inbox) file(ctx context.Context, d *db.DB, e envelope) error {
	l, broken := understand(e.Raw)
	raw, err := zipped(e.Raw)
	if err != nil {
		return err
	}
	if e.Size > letterMax {
		broken = nil
	}
	store := func(why core.Text) error {
		return d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return b.store(ctx, tx, e, l, raw, why) })
	}
	switch {
	case e.Size > letterMax:
		return store(core.T("邮件超过 %d MB,没有收取;原件还在邮箱里", "The letter is larger than %d MB and was not fetched; it is still in the mailbox", letterMax>>20))
	case broken != nil:
		return store(core.T("无法解读:%s", "It cannot be read: %s", clip(broken.Error(), 200)))
	}
	err = store(core.Text{})
	if core.IsKind(err, core.KindConflict) { // somebody changed the matter in the same moment
		err = store(core.Text{})
	}
	if err == nil || !lasting(err) {
		return err
	}
	return store(core.T("没有受理成功:%s", "It could not be taken down: %s", core.AsErr(err).Text))
}

// lasting says whether an error comes back however often the letter is tried.
func lasting(err error) bool {
	switch core.AsErr(err).Kind {
	case core.KindInvalid, core.KindRefused, core.KindForbidden, core.KindNotFound, core.KindConflict, core.KindTooLarge:
		return true
	}
	return false
}

// zipped packs the letter as it came.
func zipped(raw []byte) (core.Upload, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(rawName)
	if err == nil {
		_, err = w.Write(raw)
	}
	if err == nil {
		err = z.Close()
	}
	return file.FromBytes("letter.zip", b.Bytes()), err
}

// store writes the letter and lets it become what it is.
func (b *Inbox) store(ctx context.Context, tx db.Tx, e envelope, l letter, raw core.Upload, why core.Text) error {
	m := MailIn{ID: tx.NewID(), Inbox: b.ID, Message: l.ID, Name: core.Personal(l.Name), Address: l.Address, Subject: l.Subject, Text: l.Text, At: e.At, Size: e.Size, State: MailBroken, Reason: why}
	if m.At.IsZero() || m.At.After(core.Now(ctx)) {
		m.At = core.Now(ctx)
	}
	who, err := senderOf(ctx, tx, l.Address)
	if err != nil {
		return err
	}
	if err := db.ReadyKey(ctx, tx, core.ProjectOf(ctx).ID, who.Customer); err != nil { // before the number, which the next one waits for
		return err
	}
	n, err := insertMail(ctx, tx, m, e, keyOf(e.Raw, l))
	if err == nil && b.validity == e.Validity {
		err = b.reached(ctx, tx, e.Validity, e.UID)
	}
	if err != nil || n == 0 {
		return err
	}
	if _, err := file.Attach(ctx, tx, m.Ref(ctx), "raw", raw); err != nil {
		return err
	}
	m.Customer, m.CustomerName = who.Customer, who.Name
	if !why.Is() {
		if err := b.become(ctx, tx, &m, l, who); err != nil {
			return err
		}
	}
	if m.State == MailBroken {
		msg := notify.Message{Ref: m.Ref(ctx), URL: mailKind.Href(ctx, m.ID), Title: core.T("有一封无法解读的邮件,请人工处理", "A letter cannot be read; please look at it")}
		if err := notify.TellRole(ctx, tx, core.ProjectOf(ctx).ID, core.Desk, msg); err != nil {
			return err
		}
	}
	if err := settleMail(ctx, tx, m); err != nil {
		return err
	}
	tx.Publish("p/" + core.ProjectOf(ctx).ID.String() + "/mail")
	return journal.Add(ctx, tx, m.Ref(ctx), m.State, map[string]any{"from": core.Personal(l.Address), "number": m.MatterNumber, "reason": m.Reason.ZH}, journal.For(m.Customer))
}

// senderOf is the customer whose address it is, when it is one's alone.
func senderOf(ctx context.Context, tx db.Tx, address string) (customer.Match, error) {
	ms, err := customer.ByMail(ctx, tx, address)
	if len(ms) != 1 {
		return customer.Match{}, err
	}
	return ms[0], err
}

// become decides what a letter is: part of a matter, a new one, or nobody's.
func (b *Inbox) become(ctx context.Context, tx db.Tx, m *MailIn, l letter, who customer.Match) error {
	own, err := ownAddress(ctx, tx, l.Address)
	if err != nil {
		return err
	}
	matter, err := thread(ctx, tx, l)
	if err != nil {
		return err
	}
	all, answered, err := lately(ctx, tx, l.Address, core.Now(ctx).Add(-24*time.Hour))
	if err != nil {
		return err
	}
	why := l.Auto
	switch {
	case own:
		why = core.T("自己的邮箱发出的", "Sent by our own mailbox")
	case all > floodMax:
		why = core.T("同一地址一天来信过多,请人工处理", "Too many letters of one address in a day; please look at them")
	case why.Is() && matter != 0: // a bounce of our answer, an absence note: the matter's handler should know
		return appendTo(ctx, tx, m, l, matter, who)
	}
	if why.Is() {
		m.State, m.Reason = MailSkipped, why
		return nil
	}
	if matter != 0 {
		if old, err := Get(ctx, tx, matter); err != nil {
			return err
		} else if old.Open {
			return appendTo(ctx, tx, m, l, matter, who)
		} else {
			l.Notes = append(l.Notes, core.T("续 %s", "It follows %s", old.Number))
		}
	}
	return openBy(ctx, tx, m, l, who, !l.Mute && answered < answersMax)
}

// ownAddress says whether a letter comes from this system itself.
func ownAddress(ctx context.Context, tx db.Tx, address string) (bool, error) {
	s, err := notify.SettingsOf(ctx, tx)
	if err != nil || strings.EqualFold(s.Mail.From, address) {
		return err == nil, err
	}
	n, err := db.Value[int64](ctx, tx, "select count(*) from desk_inbox where project_id = $1 and address = $2", core.ProjectOf(ctx).ID, address)
	return n > 0, err
}

// openBy opens a matter and answers with its number.
func openBy(ctx context.Context, tx db.Tx, m *MailIn, l letter, who customer.Match, answer bool) error {
	content := l.Subject
	if content != "" && l.Text != "" {
		content += "\n"
	}
	matter, _, err := Take(ctx, tx, Intake{Channel: "mail", Kind: Enquiry, Customer: who.Customer, CustomerName: who.Name, Unit: who.Unit, UnitCode: who.Code, Contact: core.Personal(or(l.Name, or(who.Person, l.Address))), Phone: who.Number,
		Content: content + l.Text + remarks(ctx, l)})
	if err != nil {
		return err
	}
	m.State, m.Matter, m.MatterNumber = MailMatter, matter.Ref.ID, matter.Number
	if err := keepFiles(ctx, tx, matter.Ref, l); err != nil {
		return err
	}
	if err := notify.TellRole(ctx, tx, matter.Ref.Project, core.Desk, notify.Message{Ref: matter.Ref, URL: href(ctx, matter.Ref.ID), Title: core.T("来信受理:%s %s", "A letter was taken down: %s %s", matter.Number, clip(l.Subject, 60))}); err != nil {
		return err
	}
	if err := correspond(ctx, tx, m, l); err != nil || !answer {
		return err
	}
	s, err := notify.SettingsOf(ctx, tx)
	if err != nil || !s.Mail.On {
		return err
	}
	m.Answered = true
	return notify.Send(ctx, tx, matter.Ref.Project, notify.To{Customer: who.Customer, Contact: who.Contact, Mail: l.Address, Channel: notify.Mail, Lang: languageOf(l)}, receipt(core.ProjectOf(ctx).Name, matter, l))
}

// receipt is the answer with the number.
func receipt(place string, m Matter, l letter) notify.Letter {
	return notify.Letter{Template: "desk.received", Ref: m.Ref, Title: core.T("已收到您的来信 [%s] %s", "We have your letter [%s] %s", m.Number, clip(l.Subject, 80)),
		Body: core.T("您好!%s已收到您的来信,受理编号 %s,我们会尽快联系您。直接回复本邮件可补充情况,请保留标题中的编号。", "%s has received your letter under number %s and will be in touch soon. To add something, just answer this letter and keep the number in its subject.", place, m.Number)}
}

// languageOf is Chinese unless a letter holds no Chinese character.
func languageOf(l letter) core.Lang {
	if strings.ContainsFunc(l.Subject+l.Text, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }) {
		return core.ZH
	}
	return core.EN
}

// remarks are what could not be taken over, under the text.
func remarks(ctx context.Context, l letter) string {
	out := ""
	for _, n := range append(l.Notes, refused(l)...) {
		out += "\n[" + n.Say(ctx) + "]"
	}
	return out
}

// refused are the attachments whose type is not taken in.
func refused(l letter) []core.Text {
	var out []core.Text
	for _, a := range l.Files {
		if file.FromBytes(a.Name, a.Bytes).Type == "application/octet-stream" {
			out = append(out, core.T("附件「%s」不是可以接收的文件类型,未收;请看原件", "Attachment “%s” is of a type that is not taken in and was left out; see the original", a.Name))
		}
	}
	return out
}

func keepFiles(ctx context.Context, tx db.Tx, ref core.Ref, l letter) error {
	for _, a := range l.Files {
		up := file.FromBytes(a.Name, a.Bytes)
		if up.Type == "application/octet-stream" {
			continue
		}
		if _, err := file.Attach(ctx, tx, ref, "mail", up); err != nil {
			return err
		}
	}
	return nil
}

// appendTo goes on with a matter: what was written stands in its timeline, the attachments with its files, and whoever
// answers for it is told.
func appendTo(ctx context.Context, tx db.Tx, m *MailIn, l letter, id core.ID, who customer.Match) error {
	matter, err := lock(ctx, tx, id)
	if err != nil {
		return err
	}
	m.State, m.Matter, m.MatterNumber, m.Reason = MailAppended, id, matter.Number, l.Auto
	if err := keepFiles(ctx, tx, matter.Ref, l); err != nil {
		return err
	}
	msg := notify.Message{Ref: matter.Ref, URL: href(ctx, id), Title: core.T("%s 有新来信:%s", "A letter on %s: %s", matter.Number, clip(l.Subject, 60))}
	if matter.Owner != 0 {
		err = notify.Tell(ctx, tx, matter.Ref.Project, matter.Owner, msg)
	} else {
		err = notify.TellRole(ctx, tx, matter.Ref.Project, core.Desk, msg)
	}
	if err == nil {
		err = correspond(ctx, tx, m, l)
	}
	if err != nil {
		return err
	}
	from := l.Address
	if who.Customer != 0 && who.Customer == matter.Customer && l.Name != "" {
		from = l.Name
	}
	return changed(ctx, tx, matter, "wrote", map[string]any{"from": core.Personal(from), "text": core.Personal(l.Text + remarks(ctx, l))})
}

// correspond files the letter under its customer (C15.7).
func correspond(ctx context.Context, tx db.Tx, m *MailIn, l letter) error {
	if m.Customer == 0 {
		return nil
	}
	return customer.Correspond(ctx, tx, m.Customer, customer.Letter{At: m.At, Direction: customer.Inward, How: "mail", Subject: or(l.Subject, m.MatterNumber), Text: l.Text, By: string(m.Name), Source: core.Ref{Project: core.ProjectOf(ctx).ID, Kind: "desk", ID: m.Matter}})
}

// ByHand makes a matter of a letter that the system did not take down.
type ByHand struct {
	Kind     string
	Customer core.ID
	Content  string
}

func canMail(m MailIn) error {
	if m.State != MailBroken && m.State != MailSkipped {
		return core.Conflict("这封邮件「%s」", "This letter is “%s”", core.Label(mailStates(), m.State))
	}
	return nil
}

// TakeMail takes a letter down by hand.
func TakeMail(ctx context.Context, tx db.Tx, id core.ID, in ByHand) error {
	m, err := lockMail(ctx, tx, id)
	if err == nil {
		err = canMail(m)
	}
	if err != nil {
		return err
	}
	matter, _, err := Take(ctx, tx, Intake{Channel: "mail", Kind: in.Kind, Customer: in.Customer, Contact: core.Personal(or(string(m.Name), m.Address)), Content: in.Content})
	if err != nil {
		return err
	}
	m.State, m.Matter, m.MatterNumber, m.Customer, m.CustomerName, m.EndedBy = MailMatter, matter.Ref.ID, matter.Number, matter.Customer, matter.CustomerName, core.ActorOf(ctx).Name
	if err := settleMail(ctx, tx, m); err != nil {
		return err
	}
	return journal.Add(ctx, tx, m.Ref(ctx), MailMatter, map[string]string{"number": matter.Number}, journal.For(m.Customer))
}

// SettleMail notes what was done about a letter that is no matter.
func SettleMail(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	m, err := lockMail(ctx, tx, id)
	if err == nil {
		err = canMail(m)
	}
	if err != nil {
		return err
	}
	m.State, m.EndedBy = MailSettled, core.ActorOf(ctx).Name
	if err := settleMail(ctx, tx, m); err != nil {
		return err
	}
	return journal.Add(ctx, tx, m.Ref(ctx), MailSettled, map[string]string{"note": in.Text})
}

// rawOf opens the letter as it came.
func rawOf(ctx context.Context, tx db.Tx, m MailIn) ([]byte, error) {
	fs, err := file.List(ctx, tx, m.Ref(ctx))
	if err != nil {
		return nil, err
	}
	for _, f := range fs {
		if f.Role != "raw" {
			continue
		}
		r, err := file.OpenContent(ctx, tx, f)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(r)
		_ = r.Close()
		if err != nil {
			return nil, err
		}
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return nil, err
		}
		w, err := z.Open(rawName)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(w)
	}
	return nil, core.NotFound()
}

// Receive takes in a letter that did not come out of a mailbox by itself, as if it had: a letter saved as a file.
func Receive(ctx context.Context, tx db.Tx, inbox core.ID, raw []byte) error {
	b, err := getInbox(ctx, tx, inbox)
	if err != nil {
		return err
	}
	l, broken := understand(raw)
	packed, err := zipped(raw)
	if err != nil {
		return err
	}
	why := core.Text{}
	if broken != nil {
		why = core.T("无法解读:%s", "It cannot be read: %s", clip(broken.Error(), 200))
	}
	return b.store(ctx, tx, envelope{Validity: noMailbox, UID: int64(tx.NewID()), At: core.Now(ctx), Size: int64(len(raw)), Raw: raw}, l, packed, why)
}

// noMailbox is the numbering of letters that lie in no mailbox: no server's is negative.
const noMailbox = -1
