package desk

import (
	"context"
	"net/http"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/module/customer"
	"huiyin/module/estate"
	"huiyin/module/project"
	"huiyin/module/user"
	"huiyin/notify"
	"huiyin/register"
)

// Bounds of the public doors. Those of a minute are counted in the process, those of a day by the rows, so that a flood
// neither buries the desk nor fills the disk.
const (
	photosMax     = 3
	photoMax      = 10 << 20                   // bytes of one photo
	sentMax       = photosMax*photoMax + 1<<20 // bytes of a whole form
	addressMinute = 10                         // forms of one address in a minute; a whole building may share one
	codeMinute    = 60                         // forms of one door in a minute
	messagesDay   = 500                        // of one door in a day
	photosDay     = 300 << 20                  // bytes of photos of one door in a day
	tellMax       = 3                          // matters in a day whose progress is sent to one number or address
	bodiesAtOnce  = 16                         // forms that are read at once, of all senders
	bodiesOfOne   = 4                          // and of one address
	trapName      = "website"                  // the field that only machines fill
)

// How the sender wants to hear of the progress. Empty: by looking at the page.
const (
	TellPhone = "phone" // the desk calls
	TellSMS   = "sms"
	TellMail  = "mail"
	TellOwn   = "own" // as the customer has chosen on file: text message, e-mail or WeCom
)

// Message is what somebody sends by a door.
type Message struct {
	Said    string // what it is about, in the sender's eyes: one of Saids
	Content string
	Place   string // unit or place
	Name    core.Personal
	Phone   core.Phone
	Mail    core.Personal
	Tell    string
	Consent bool // to the handling of name, telephone and e-mail for this matter
	Photos  []core.Upload
}

// personal reports whether something in it names a person.
func (m Message) personal() bool { return m.Name != "" || m.Phone != "" || m.Mail != "" }

// Saids are what a sender may say his message is. A repair and a complaint open as an enquiry with the wish noted: the desk
// decides what they are.
func Saids() []core.Choice {
	return []core.Choice{{Value: "repair", Label: core.T("报修", "Repair")}, {Value: Complaint, Label: core.T("投诉", "Complaint")}, {Value: Enquiry, Label: core.T("咨询", "Enquiry")},
		{Value: Suggestion, Label: core.T("建议", "Suggestion")}, {Value: Praise, Label: core.T("表扬", "Praise")}}
}

// kindOf is what a message opens as.
func kindOf(said string) string {
	if said == Suggestion || said == Praise {
		return said
	}
	return Enquiry
}

// tells are the ways that the firm can tell by now.
func tells(s notify.Settings) []core.Choice {
	out := []core.Choice{{Value: TellPhone, Label: core.T("打电话", "Call me")}}
	if s.SMS.On {
		out = append(out, core.Choice{Value: TellSMS, Label: core.T("短信", "Text message")})
	}
	if s.Mail.On {
		out = append(out, core.Choice{Value: TellMail, Label: core.T("电子邮件", "E-mail")})
	}
	if len(s.On()) > 0 {
		out = append(out, core.Choice{Value: TellOwn, Label: core.T("按我在物业登记的方式(短信、邮件或企业微信)", "The way I have on file (text message, e-mail or WeCom)")})
	}
	return out
}

// allTells names every way, whether the firm uses it by now or not.
func allTells() []core.Choice {
	on := notify.Settings{}
	on.SMS.On, on.Mail.On = true, true
	return append([]core.Choice{{Value: "", Label: core.T("自己看网页", "By looking at the page")}}, tells(on)...)
}

// messageFields are the form, in the order of the page: the photos come last, so that one too large costs no text.
func messageFields(box bool, place string, ways []core.Choice) []core.Field[Message] {
	must := func(f *core.Field[Message]) { f.Required = !box }
	most := func(n int64) func(*core.Field[Message]) { return func(f *core.Field[Message]) { f.Max = n } }
	hint := func(zh, en string, args ...any) func(*core.Field[Message]) {
		return func(f *core.Field[Message]) { f.Hint = core.T(zh, en, args...) }
	}
	fields := []core.Field[Message]{
		core.Ask("said", "什么事", "What it is about", func(m *Message) any { return &m.Said }, core.Required, core.Radio[Message](Saids())),
		core.Ask("content", "内容", "Content", func(m *Message) any { return &m.Content }, core.Required, core.Lines, most(2000), func(f *core.Field[Message]) { f.Min = 2 }),
		core.Ask("place", "单元或位置", "Unit or place", func(m *Message) any { return &m.Place }, most(100), hint("例如:A1203,或二楼东侧电梯厅", "For example A1203, or the lift lobby on floor 2")),
		core.Ask("name", "姓名", "Name", func(m *Message) any { return &m.Name }, must, most(60)),
		core.Ask("phone", "电话", "Telephone", func(m *Message) any { return &m.Phone }, must, most(40)),
		core.Ask("mail", "邮箱", "E-mail address", func(m *Message) any { return &m.Mail }, most(120)),
		core.Ask("tell", "怎样告知您进展", "How we tell you of the progress", func(m *Message) any { return &m.Tell }, func(f *core.Field[Message]) { f.Kind, f.Choices = core.KindChoice, ways }),
		core.Ask("consent", "同意处理个人信息", "Consent to the handling of my particulars", func(m *Message) any { return &m.Consent }, must, hint("%s只为办理本事项使用我填写的姓名、电话和邮箱", "%s uses the name, telephone and e-mail address given here for this matter only", place)),
		core.Ask("photos", "照片", "Photos", func(m *Message) any { return &m.Photos }, most(photosMax), func(f *core.Field[Message]) { f.Kind = core.KindFile },
			hint("最多 %d 张,每张不超过 %d MB", "At most %d, of up to %d MB each", photosMax, photoMax>>20)),
	}
	return fields
}

// front is what stands behind a code: the door, its project, and what the page says of it.
type front struct {
	Door
	Place project.Project
	Ways  []core.Choice
}

func (f front) box() bool { return f.Kind == DoorBox }

// reached finds what a code opens; the context is the system's own then, in the door's project. The caller's guesses count.
func (p *public) reached(ctx context.Context, tx db.Tx, h *http.Request, code string) (context.Context, front, error) {
	d, err := doorBy(ctx, tx, code)
	if core.IsKind(err, core.KindNotFound) {
		if much := p.door.Missed(user.Address(h)); much != nil {
			err = much
		}
	}
	if err != nil {
		return ctx, front{}, err
	}
	return behind(ctx, tx, d)
}

func behind(ctx context.Context, tx db.Tx, d Door) (context.Context, front, error) {
	at, err := project.Get(ctx, tx, d.Ref.Project)
	if err != nil {
		return ctx, front{}, err
	}
	s, err := notify.SettingsOf(ctx, tx)
	return core.AsSystem(core.WithProject(ctx, at.Core())), front{Door: d, Place: at, Ways: tells(s)}, err
}

// read checks what came in: the form, and what its fields mean for each other.
func (f front) read(ctx context.Context, in core.Input) (Message, error) {
	m, err := core.Bind(ctx, messageFields(f.box(), f.Place.Name, f.Ways), in)
	var errs []core.FieldErr
	if err != nil {
		errs = core.AsErr(err).Fields
	}
	wrong := func(name string, when bool, zh, en string, args ...any) {
		for _, e := range errs {
			when = when && e.Name != name
		}
		if when {
			errs = append(errs, core.FieldErr{Name: name, Text: core.T(zh, en, args...)})
		}
	}
	if m.Mail != "" {
		address, err := notify.CheckMail(string(m.Mail))
		wrong("mail", err != nil, "邮箱地址不正确,应如 name@example.com", "That is not an address such as name@example.com")
		m.Mail = core.Personal(strings.ToLower(address))
	}
	wrong("tell", m.Tell == TellMail && m.Mail == "" && in.Get("mail") == "", "请填写邮箱,或换一种方式", "Give an e-mail address, or choose another way")
	wrong("tell", (m.Tell == TellPhone || m.Tell == TellSMS) && m.Phone == "" && in.Get("phone") == "", "请填写电话,或换一种方式", "Give a telephone number, or choose another way")
	wrong("tell", m.Tell == TellOwn && m.Phone == "" && in.Get("phone") == "", "请填写您登记的电话", "Give the telephone number that is on file")
	wrong("consent", m.personal() && !m.Consent, "填写姓名、电话或邮箱的,请勾选同意,否则我们不能保存", "Where a name, telephone or e-mail address is given, please tick that you agree; we may not keep it otherwise")
	for _, up := range m.Photos {
		wrong("photos", !strings.HasPrefix(up.Type, "image/"), "“%s”不是照片,只收 JPG、PNG、WebP、HEIC", "“%s” is no photo; JPG, PNG, WebP and HEIC are taken", up.Name)
		wrong("photos", up.Size > photoMax, "照片“%s”超过 %d MB,请换小一点的", "The photo “%s” is larger than %d MB; please choose a smaller one", up.Name, photoMax>>20)
	}
	return m, core.Wrong(errs)
}

// SendIn takes down what somebody sends by the door of a kind, as its page does: for the seed and the tests. It returns the
// token under which its state is shown.
func SendIn(ctx context.Context, tx db.Tx, kind string, m Message) (token string, err error) {
	d, err := db.One(ctx, tx, (*Door).dest, "select "+doorColumns+" from desk_door where project_id = $1 and kind = $2", core.ProjectOf(ctx).ID, kind)
	if err != nil {
		return "", err
	}
	ctx, f, err := behind(ctx, tx, d.withRef())
	if err != nil {
		return "", err
	}
	return f.take(ctx, tx, register.NewKey(), m)
}

// take makes one matter of a message, once for each form however often it is sent, and gives the token of the page that
// shows how it stands.
func (f front) take(ctx context.Context, tx db.Tx, key string, m Message) (token string, err error) {
	s := stored{ID: tx.NewID(), Door: f.Ref.ID, Kind: f.Kind, Said: m.Said, Tell: m.Tell, Mail: string(m.Mail), Lang: core.LangOf(ctx), Bytes: sizeOf(m.Photos)}
	s.token = messageToken(tx, f.Ref.Project, s.ID)
	if m.Consent {
		s.Consented = core.Now(ctx)
	}
	if err := f.room(ctx, tx, s.Bytes); err != nil {
		return "", err
	}
	who, unit, err := f.recognise(ctx, tx, m)
	if err != nil {
		return "", err
	}
	s.Contact = who.Contact
	if err := s.reachable(ctx, tx, m); err != nil {
		return "", err
	}
	if err := db.ReadyKey(ctx, tx, f.Ref.Project, who.Customer); err != nil { // before the number, which the next one waits for
		return "", err
	}
	print := db.Blind(tx, "desk-message", core.JSON(m))
	n, err := s.insert(ctx, tx, digest("form", key), print)
	if err != nil {
		return "", err
	}
	if n == 0 {
		return f.before(ctx, tx, digest("form", key), print)
	}
	return s.token, f.open(ctx, tx, &s, m, who, unit)
}

// before is the token of what this form sent already; a form that says something else now is not swallowed.
func (f front) before(ctx context.Context, tx db.Tx, key, print string) (string, error) {
	type one struct {
		id    core.ID
		print string
	}
	o, err := db.One(ctx, tx, func(o *one) []any { return []any{&o.id, &o.print} }, "select id, print from desk_message where project_id = $1 and door_id = $2 and form_key = $3", f.Ref.Project, f.Ref.ID, key)
	if err == nil && o.print != print {
		err = core.Conflict("您刚才已经提交过一次。如果这是另一件事,请再点一次「提交」", "You have sent this form already. If this is another matter, please press “Send” once more")
	}
	return messageToken(tx, f.Ref.Project, o.id), err
}

func sizeOf(ups []core.Upload) (n int64) {
	for _, up := range ups {
		n += up.Size
	}
	return n
}

// room refuses what a flood would fill the desk or the disk with.
func (f front) room(ctx context.Context, tx db.Tx, bytes int64) error {
	type sums struct{ n, bytes int64 }
	today, err := db.One(ctx, tx, func(s *sums) []any { return []any{&s.n, &s.bytes} }, "select count(*), coalesce(sum(bytes), 0) from desk_message where project_id = $1 and door_id = $2 and day = $3", f.Ref.Project, f.Ref.ID, core.Today(ctx))
	switch {
	case err != nil:
		return err
	case today.n >= messagesDay:
		return &core.Err{Kind: core.KindTooMany, Text: core.T("今天收到的太多了,请明天再提交,或直接打电话", "Too much came in today; please send it tomorrow, or call us")}
	case bytes > 0 && today.bytes+bytes > photosDay:
		return core.Invalid("photos", "今天收到的照片太多了,请不带照片提交", "Too many photos came in today; please send it without photos")
	}
	return nil
}

// recognise finds the customer whose number it is, when it is one's alone, and the unit that is named.
func (f front) recognise(ctx context.Context, tx db.Tx, m Message) (who customer.Match, unit estate.Unit, err error) {
	if m.Phone != "" {
		ms, err := customer.ByPhone(ctx, tx, m.Phone)
		if err != nil {
			return who, unit, err
		}
		if len(ms) == 1 {
			who = ms[0]
		}
	}
	unit, found, err := estate.UnitByCode(ctx, tx, m.Place)
	if !found && m.Place == "" {
		unit.ID, unit.Code = who.Unit, who.Code
	}
	return who, unit, err
}

// open makes the matter: its number, its photos, who is told.
func (f front) open(ctx context.Context, tx db.Tx, s *stored, m Message, who customer.Match, unit estate.Unit) error {
	place := m.Place
	if unit.ID != 0 {
		place = ""
	}
	matter, _, err := Take(ctx, tx, Intake{Channel: f.Kind, Kind: kindOf(m.Said), Customer: who.Customer, CustomerName: who.Name, Unit: unit.ID, UnitCode: unit.Code, Place: place,
		Contact: core.Personal(or(string(m.Name), string(m.Mail))), Phone: m.Phone, Content: m.Content + wish(ctx, m.Said)})
	if err != nil {
		return err
	}
	s.Matter = matter.Ref.ID
	for _, up := range m.Photos {
		if _, err := file.Attach(ctx, tx, matter.Ref, f.Kind, up); err != nil {
			return err
		}
	}
	if err := journal.Add(ctx, tx, matter.Ref, "came", map[string]any{"door": f.Kind, "said": m.Said, "mail": m.Mail, "consent": m.Consent}, journal.For(who.Customer)); err != nil {
		return err
	}
	if err := s.agreed(ctx, tx, matter); err != nil {
		return err
	}
	msg := notify.Message{Ref: matter.Ref, URL: href(ctx, matter.Ref.ID), Title: core.T("%s受理:%s %s", "%s: %s %s", core.Label(DoorKinds(), f.Kind), matter.Number, clip(m.Content, 60))}
	if err := notify.TellRole(ctx, tx, f.Ref.Project, core.Desk, msg); err != nil {
		return err
	}
	return s.tell(ctx, tx, matter)
}

// wish notes what the sender says it is where the desk has yet to decide so.
func wish(ctx context.Context, said string) string {
	if kindOf(said) == said {
		return ""
	}
	return "\n[" + core.T("来件人说是:%s", "Said to be: %s", core.Label(Saids(), said)).Say(ctx) + "]"
}

// stored is a message as it is kept.
type stored struct {
	ID        core.ID
	Door      core.ID
	Kind      string
	Matter    core.ID
	Contact   core.ID
	Said      string
	Tell      string
	Told      string // the state that was told last
	Mail      string
	Lang      core.Lang
	Consented time.Time
	Withdrawn time.Time
	Bytes     int64
	token     string
	reach     string
}

func (s *stored) dest() []any {
	return []any{&s.ID, &s.Door, &s.Kind, &s.Matter, &s.Contact, &s.Said, &s.Tell, &s.Told, &s.Mail, (*string)(&s.Lang), &s.Consented, &s.Withdrawn, &s.Bytes}
}

const storedColumns = "id, door_id, kind, matter_id, contact_id, said, tell, told, mail, lang, consented_at, withdrawn_at, bytes"

// insert stores the message; 0 rows: this form was sent before.
func (s stored) insert(ctx context.Context, tx db.Tx, key, print string) (int64, error) {
	return db.Exec(ctx, tx, `insert into desk_message (project_id, id, created_at, door_id, kind, day, form_key, print, token_hash, contact_id, said, tell, mail, reach, lang, consented_at, bytes)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17) on conflict (project_id, door_id, form_key) do nothing`,
		core.ProjectOf(ctx).ID, s.ID, core.Now(ctx), s.Door, s.Kind, core.Today(ctx), key, print, digest("message", s.token), s.Contact, s.Said, s.Tell, s.Mail, s.reach, string(s.Lang), s.Consented, s.Bytes)
}

// reachable decides whether the progress can be sent where it is wanted: nobody's telephone or mailbox is flooded by a
// stranger who types it in here.
func (s *stored) reachable(ctx context.Context, tx db.Tx, m Message) error {
	to := ""
	switch s.Tell {
	case TellSMS, TellOwn:
		to = string(m.Phone)
	case TellMail:
		to = string(m.Mail)
	}
	if to == "" {
		return nil
	}
	if s.Tell == TellOwn && s.Contact == 0 { // nothing is on file: the desk calls
		s.Tell = TellPhone
		return nil
	}
	s.reach = db.Blind(tx, "desk-reach", to)
	n, err := db.Value[int64](ctx, tx, "select count(*) from desk_message where project_id = $1 and reach = $2 and created_at > $3", core.ProjectOf(ctx).ID, s.reach, core.Now(ctx).Add(-24*time.Hour))
	if n >= tellMax {
		s.Tell, s.reach = "", ""
	}
	return err
}

// eraseMessages blanks what messages hold of a customer whose personal data is erased (L5).
func eraseMessages(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	_, err := db.Exec(ctx, tx, `update desk_message set mail = '', reach = '', tell = '', contact_id = null where project_id = $1
		and matter_id in (select id from desk_matter where project_id = $1 and customer_id = $2)`, project, customer)
	return err
}
