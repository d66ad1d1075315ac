package report

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/duty"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/register"
)

// The ways in which a customer gets the report.
const (
	ByMail  = "mail"
	OnPaper = "paper"
)

// The states of a receipt.
const (
	ReceiptUnread = "unread" // 未读: sent by e-mail
	ReceiptPaper  = "paper"  // 待签收: printed, to be delivered and signed for
	ReceiptRead   = "read"   // 已读: the link was opened
	ReceiptSigned = "signed" // 已签收
)

// Receipt is one customer's copy of an operations report.
type Receipt struct {
	ID        core.ID
	Version   int64
	Issue     core.ID
	Customer  core.ID
	Name      string
	Units     string
	ContactID core.ID
	Contact   core.Personal
	Way       string
	Mask      string
	State     string
	Sent      time.Time
	Read      time.Time
	LastRead  time.Time
	Reads     int64
	Reminded  time.Time
	Reminders int64
	Signed    time.Time
	Signer    core.Personal
	Recorder  string
	Delivery  string // the last e-mail's state in the outbox
	Error     string
	mail      string
	token     string
}

func (r *Receipt) dest() []any {
	return []any{&r.ID, &r.Version, &r.Issue, &r.Customer, &r.Name, &r.Units, &r.ContactID, &r.Contact, &r.Way, &r.Mask, &r.State, &r.Sent, &r.Read, &r.LastRead, &r.Reads, &r.Reminded, &r.Reminders, &r.Signed, &r.Signer, &r.Recorder,
		&r.mail, &r.token, &r.Delivery, &r.Error}
}

const receiptSelect = `select r.id, r.version, r.issue_id, r.customer_id, r.customer_name, r.units, r.contact_id, r.contact, r.way, r.mail_mask, r.state, r.sent_at, r.read_at, r.last_read_at, r.reads, r.reminded_at, r.reminders,
	r.signed_at, r.signer, r.recorded_by, r.mail, r.token,
	coalesce((select o.state from notify_outbox o where o.project_id = r.project_id and o.ref_kind = 'receipt' and o.ref_id = r.id order by o.id desc limit 1), ''),
	coalesce((select o.error from notify_outbox o where o.project_id = r.project_id and o.ref_kind = 'receipt' and o.ref_id = r.id order by o.id desc limit 1), '')
	from report_receipt r where r.project_id = $1 `

// ReceiptKind is the register of receipts.
var ReceiptKind = register.Kind{Name: "receipt", Plural: "receipts", Label: core.T("报告收阅", "Report receipts"), Table: "report_receipt", Events: map[string]core.Text{
	"read": core.T("客户打开了报告", "the customer opened the report"), "signed": core.T("纸质签收:{signer}", "signed for on paper: {signer}"), "reminded": core.T("提醒阅读", "reminded of it"), "readdressed": core.T("更换邮箱重发", "sent again to another address")}}

// ReceiptStates are the states with their names.
func ReceiptStates() []core.Choice {
	return []core.Choice{{Value: ReceiptUnread, Label: core.T("未读", "Not read")}, {Value: ReceiptPaper, Label: core.T("纸质待签收", "Paper to be signed for")}, {Value: ReceiptRead, Label: core.T("已读", "Read")}, {Value: ReceiptSigned, Label: core.T("已签收", "Signed for")}}
}

func ways() []core.Choice {
	return []core.Choice{{Value: ByMail, Label: core.T("邮件", "E-mail")}, {Value: OnPaper, Label: core.T("纸质", "Paper")}}
}

// Receipts are an issue's, those that are still to be read or signed first.
func Receipts(ctx context.Context, tx db.Tx, issue core.ID) ([]Receipt, error) {
	return db.All(ctx, tx, (*Receipt).dest, receiptSelect+"and r.issue_id = $2 order by case r.state when 'unread' then 0 when 'paper' then 1 else 2 end, r.id", core.ProjectOf(ctx).ID, issue)
}

func getReceipt(ctx context.Context, tx db.Tx, id core.ID) (Receipt, error) {
	return db.One(ctx, tx, (*Receipt).dest, receiptSelect+"and r.id = $2", core.ProjectOf(ctx).ID, id)
}

// lockIssueOf holds the issue of a receipt, which covers it.
func lockIssueOf(ctx context.Context, tx db.Tx, receipt core.ID) (Receipt, Issue, error) {
	r, err := getReceipt(ctx, tx, receipt)
	if err != nil {
		return r, Issue{}, err
	}
	i, err := lock(ctx, tx, r.Issue)
	if err == nil {
		r, err = getReceipt(ctx, tx, receipt)
	}
	return r, i, err
}

func canSend(i Issue) error {
	if i.Kind != Operations {
		return core.Conflict("只有客户运营月报发给客户", "Only the operations report goes to customers")
	}
	if i.State != StateApproved {
		return core.Conflict("报表%s,批准以后才能发送客户", "The report is “%s”: it goes to customers once it is approved", i.stateName())
	}
	return nil
}

// Send sends an approved operations report to every customer who has a unit: by e-mail where a contact gave an address,
// on paper otherwise (A3.3). It closes the month's duty.
func Send(ctx context.Context, tx db.Tx, id core.ID) error {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = canSend(i)
	}
	if err != nil {
		return err
	}
	rs, err := recipients(ctx, tx, i)
	if err != nil {
		return err
	}
	var files []core.ID
	counts := map[string]int{}
	rows := make([][]any, len(rs))
	for n := range rs {
		r := &rs[n]
		counts[r.Way]++
		if rows[n], err = r.row(ctx, tx); err != nil {
			return err
		}
		if r.Way != ByMail {
			continue
		}
		if files == nil {
			if files, err = papersOf(ctx, tx, i, core.ZH, "pdf"); err != nil {
				return err
			}
		}
		if err := r.post(ctx, tx, i, files, false); err != nil {
			return err
		}
	}
	if err := db.InsertRows(ctx, tx, `report_receipt (project_id, id, issue_id, customer_id, customer_name, units, contact_id, contact, way, mail, mail_mask, token, token_key, state, sent_at)`, "", rows); err != nil {
		return err
	}
	if err := duty.Done(ctx, tx, "A3.3", periodRef(ctx, i.Kind, i.Period())); err != nil {
		return err
	}
	return i.update(ctx, tx, "sent", map[string]any{"mails": fmt.Sprint(counts[ByMail]), "papers": fmt.Sprint(counts[OnPaper])}, "state", StateSent, "issued_at", core.Now(ctx))
}

// recipients are the customers who have a unit today, each with the contact who gave an e-mail address, or the first one.
func recipients(ctx context.Context, tx db.Tx, i Issue) ([]Receipt, error) {
	settings, err := notify.SettingsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	mails, refused, err := notify.Addresses(ctx, tx, i.Ref.Project)
	if err != nil {
		return nil, err
	}
	type line struct {
		customer, contact core.ID
		name              string
		person            core.Personal
		units             string
	}
	lines, err := db.All(ctx, tx, func(l *line) []any { return []any{&l.customer, &l.name, &l.contact, &l.person, &l.units} }, `select c.id, c.name, t.id, coalesce(t.name, ''),
		coalesce((select min(u.code) from customer_unit s join estate_unit u on u.project_id = s.project_id and u.id = s.unit_id where s.project_id = c.project_id and s.customer_id = c.id and (s.to_on is null or s.to_on >= $2)), '')
		from customer_customer c left join customer_contact t on t.project_id = c.project_id and t.customer_id = c.id and t.removed_at is null
		where c.project_id = $1 and c.state not in ('merged', 'erased') and c.voided_at is null
		and exists (select 1 from customer_unit s where s.project_id = c.project_id and s.customer_id = c.id and (s.to_on is null or s.to_on >= $2)) order by c.name_key, c.id, t.id`, i.Ref.Project, core.Today(ctx))
	var out []Receipt
	at := map[core.ID]int{}
	for _, l := range lines {
		n, ok := at[l.customer]
		if !ok {
			n = len(out)
			at[l.customer] = n
			out = append(out, Receipt{ID: tx.NewID(), Issue: i.Ref.ID, Customer: l.customer, Name: l.name, Units: l.units, ContactID: l.contact, Contact: l.person, Way: OnPaper, State: ReceiptPaper})
		}
		if mail := mails[l.contact]; settings.Mail.On && mail != "" && !refused[l.contact] && out[n].Way == OnPaper {
			out[n].ContactID, out[n].Contact, out[n].Way, out[n].State, out[n].mail, out[n].Sent = l.contact, l.person, ByMail, ReceiptUnread, mail, core.Now(ctx)
		}
	}
	for n := range out {
		out[n].token = rand.Text()
	}
	return out, err
}

// row is the receipt as it is stored: address and token sealed, the token found by its hash alone.
func (r *Receipt) row(ctx context.Context, tx db.Tx) ([]any, error) {
	p := core.ProjectOf(ctx).ID
	mail, err := db.SealFor(ctx, tx, p, r.Customer, r.mail)
	if err != nil {
		return nil, err
	}
	token, err := db.SealFor(ctx, tx, p, r.Customer, r.token)
	return []any{p, r.ID, r.Issue, r.Customer, r.Name, r.Units, r.ContactID, r.Contact, r.Way, mail, maskMail(r.mail), token, tokenKey(r.token), r.State, r.Sent}, err
}

func tokenKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func maskMail(s string) string {
	name, domain, ok := strings.Cut(s, "@")
	if !ok || name == "" {
		return ""
	}
	return string([]rune(name)[:1]) + "****@" + domain
}

// publicPath is the page that a customer reads without signing in.
func publicPath(project core.ID, token string) string {
	return "/report-view/" + project.String() + "/" + token
}

// post queues the e-mail of a receipt whose mail and token are in plain.
func (r *Receipt) post(ctx context.Context, tx db.Tx, i Issue, files []core.ID, again bool) error {
	p := core.ProjectOf(ctx)
	l := notify.Letter{Template: "report.operations", Ref: core.Ref{Project: p.ID, Kind: "receipt", ID: r.ID}, Title: core.T("%s %s 运营报告", "%s: operations report %s", p.Name, string(i.From.Month())), URL: publicPath(p.ID, r.token), Files: files,
		Body: core.T("尊敬的客户:\n附上 %s 的运营报告(设施运行、环境卫生、安全管理)。点开下面的网址也可以在手机上看;打开即视为收到。", "Dear customer,\nattached is the operations report of %s (facilities, cleanliness, safety). The link below shows it on a phone; opening it tells us that it arrived.", string(i.From.Month()))}
	if again {
		l.Template, l.Title = "report.reminder", core.T("请查阅:%s %s 运营报告", "Please read: %s, operations report %s", p.Name, string(i.From.Month()))
	}
	return notify.Send(ctx, tx, p.ID, notify.To{Customer: r.Customer, Contact: r.ContactID, Mail: r.mail, Channel: notify.Mail}, l)
}

// opened puts mail and token of a receipt in plain; both are empty after the customer's erasure.
func (r *Receipt) opened(ctx context.Context, tx db.Tx) (err error) {
	p := core.ProjectOf(ctx).ID
	if r.mail, err = db.OpenFor(ctx, tx, p, r.Customer, r.mail); err == nil {
		r.token, err = db.OpenFor(ctx, tx, p, r.Customer, r.token)
	}
	return err
}

func canRemind(i Issue) error {
	if i.Kind != Operations || i.State != StateSent {
		return core.Conflict("发送以后、归档以前才能提醒", "Customers are reminded after it was sent and before it is filed")
	}
	return nil
}

// RemindAll reminds every customer who has not opened the e-mail, once a day at most, and says how many.
func RemindAll(ctx context.Context, tx db.Tx, id core.ID) (int, error) {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = canRemind(i)
	}
	if err != nil {
		return 0, err
	}
	rs, err := db.All(ctx, tx, (*Receipt).dest, receiptSelect+"and r.issue_id = $2 and r.state = 'unread' order by r.id", i.Ref.Project, id)
	if err != nil {
		return 0, err
	}
	n := 0
	for k := range rs {
		if rs[k].remindedToday(ctx) {
			continue
		}
		if err := remind(ctx, tx, i, &rs[k]); err != nil {
			return 0, err
		}
		n++
	}
	if n == 0 {
		return 0, core.Conflict("没有未读的,或今天都提醒过了", "Nobody is left to remind, or all were reminded today")
	}
	return n, i.update(ctx, tx, "reminded", map[string]any{"mails": fmt.Sprint(n)}, "open", i.Open)
}

func (r *Receipt) remindedToday(ctx context.Context) bool {
	zone := core.ProjectOf(ctx).Zone
	return !r.Reminded.IsZero() && core.DateOf(r.Reminded, zone) == core.Today(ctx)
}

func remind(ctx context.Context, tx db.Tx, i Issue, r *Receipt) error {
	if err := r.opened(ctx, tx); err != nil {
		return err
	}
	files, err := papersOf(ctx, tx, i, core.ZH, "pdf")
	if err != nil {
		return err
	}
	if err := r.post(ctx, tx, i, files, true); err != nil {
		return err
	}
	return r.change(ctx, tx, "reminded", nil, "reminded_at = $4, reminders = reminders + 1", core.Now(ctx))
}

// change writes a receipt; the values are $4 and on.
func (r *Receipt) change(ctx context.Context, tx db.Tx, verb string, payload any, set string, values ...any) error {
	p := core.ProjectOf(ctx).ID
	if err := db.ExecOne(ctx, tx, "update report_receipt set version = version + 1, "+set+" where project_id = $1 and id = $2 and issue_id = $3", append([]any{p, r.ID, r.Issue}, values...)...); err != nil {
		return err
	}
	tx.Publish(Topic(p))
	return journal.Add(ctx, tx, core.Ref{Project: p, Kind: "receipt", ID: r.ID}, verb, payload, journal.For(r.Customer))
}

func canRemindOne(ctx context.Context, r Receipt, i Issue) error {
	if err := canRemind(i); err != nil {
		return err
	}
	if r.State != ReceiptUnread {
		return core.Conflict("只提醒邮件未读的客户", "Only customers who have not opened the e-mail are reminded")
	}
	return nil
}

// RemindOne reminds one customer.
func RemindOne(ctx context.Context, tx db.Tx, id core.ID) error {
	r, i, err := lockIssueOf(ctx, tx, id)
	if err == nil {
		err = canRemindOne(ctx, r, i)
	}
	if err == nil && r.remindedToday(ctx) {
		err = core.Conflict("今天已经提醒过", "They were reminded today already")
	}
	if err != nil {
		return err
	}
	return remind(ctx, tx, i, &r)
}

// Address gives a receipt another e-mail address.
type Address struct{ Mail core.Personal }

func canReaddress(_ context.Context, r Receipt, i Issue) error {
	if err := canRemind(i); err != nil {
		return err
	}
	if r.State == ReceiptRead || r.State == ReceiptSigned {
		return core.Conflict("客户已经收到", "The customer has got it already")
	}
	return nil
}

// Readdress sends a receipt's report by e-mail to another address: what could not be delivered, or was to go on paper.
func Readdress(ctx context.Context, tx db.Tx, id core.ID, in Address) error {
	mail, err := notify.CheckMail(string(in.Mail))
	if err != nil {
		return err
	}
	r, i, err := lockIssueOf(ctx, tx, id)
	if err == nil {
		err = canReaddress(ctx, r, i)
	}
	if err == nil {
		err = r.opened(ctx, tx)
	}
	if err != nil {
		return err
	}
	r.mail = mail
	files, err := papersOf(ctx, tx, i, core.ZH, "pdf")
	if err != nil {
		return err
	}
	if err := r.post(ctx, tx, i, files, false); err != nil {
		return err
	}
	sealed, err := db.SealFor(ctx, tx, i.Ref.Project, r.Customer, mail)
	if err != nil {
		return err
	}
	return r.change(ctx, tx, "readdressed", map[string]any{"mail": core.Personal(mail)}, "way = 'mail', state = 'unread', mail = $4, mail_mask = $5, sent_at = $6", sealed, maskMail(mail), core.Now(ctx))
}

// Signature is that paper copies were delivered and signed for.
type Signature struct {
	Receipts []string // ids; of one issue
	Signer   core.Personal
	Day      core.Date
}

// SignPapers records by hand who signed for paper copies, several at once.
func SignPapers(ctx context.Context, tx db.Tx, id core.ID, in Signature) error {
	i, err := lock(ctx, tx, id)
	if err == nil {
		err = canSignPapers(i)
	}
	if err != nil {
		return err
	}
	if len(in.Receipts) == 0 {
		return core.Invalid("receipts", "请选择签收的客户", "Choose the customers who signed")
	}
	if in.Day > core.Today(ctx) {
		return core.Invalid("day", "签收日期不能晚于今天", "The day cannot be later than today")
	}
	at := core.Now(ctx)
	if in.Day != "" && in.Day != core.Today(ctx) {
		at = in.Day.Time(core.ProjectOf(ctx).Zone)
	}
	if err := signAll(ctx, tx, i, in, at); err != nil {
		return err
	}
	if len(in.Receipts) == 1 {
		receipt, err := core.ParseID(in.Receipts[0])
		if err == nil {
			err = journal.Add(ctx, tx, core.Ref{Project: i.Ref.Project, Kind: "receipt", ID: receipt}, "signed", map[string]any{"signer": in.Signer})
		}
		if err != nil {
			return err
		}
	}
	return i.update(ctx, tx, "signed", map[string]any{"papers": fmt.Sprint(len(in.Receipts))}, "open", i.Open)
}

// signAll marks the copies, some hundreds a statement; one that is signed for already, or of another report, refuses all.
func signAll(ctx context.Context, tx db.Tx, i Issue, in Signature, at time.Time) error {
	const part = 200
	for left := in.Receipts; len(left) > 0; left = left[min(part, len(left)):] {
		marks, args := []string{}, []any{at, in.Signer, core.ActorOf(ctx).Name, i.Ref.Project, i.Ref.ID}
		for _, one := range left[:min(part, len(left))] {
			receipt, err := core.ParseID(one)
			if err != nil {
				return core.NotFound()
			}
			args = append(args, receipt)
			marks = append(marks, "$"+mark(len(args)))
		}
		n, err := db.Exec(ctx, tx, `update report_receipt set version = version + 1, state = 'signed', signed_at = $1, signer = $2, recorded_by = $3
			where project_id = $4 and issue_id = $5 and state <> 'signed' and id in (`+strings.Join(marks, ", ")+")", args...)
		if err == nil && n != int64(len(marks)) {
			err = core.Conflict("其中有客户已经签收,请刷新后再登记", "Some of them have signed already; load the page again")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func canSignPapers(i Issue) error {
	if i.Kind != Operations || i.State != StateSent {
		return core.Conflict("发送以后、归档以前才登记签收", "Signatures are recorded after it was sent and before it is filed")
	}
	return nil
}

// ReadBy marks the receipt whose link was opened and gives its report. The link alone is the right: KindNotFound for any
// that was never given out.
func ReadBy(ctx context.Context, tx db.Tx, token string) (Receipt, Issue, error) {
	r, i, err := byToken(ctx, tx, token)
	if err != nil {
		return r, i, err
	}
	now := core.Now(ctx)
	if _, err := db.Exec(ctx, tx, `update report_receipt set version = version + 1, reads = reads + 1, last_read_at = $1, read_at = coalesce(read_at, $1), state = case when state = 'signed' then state else 'read' end
		where project_id = $2 and id = $3`, now, i.Ref.Project, r.ID); err != nil {
		return r, i, err
	}
	if !r.Read.IsZero() {
		return r, i, nil
	}
	tx.Publish(Topic(i.Ref.Project))
	return r, i, journal.Add(ctx, tx, core.Ref{Project: i.Ref.Project, Kind: "receipt", ID: r.ID}, "read", nil, journal.For(r.Customer))
}

func byToken(ctx context.Context, tx db.Tx, token string) (Receipt, Issue, error) {
	r, err := db.One(ctx, tx, (*Receipt).dest, receiptSelect+"and r.token_key = $2", core.ProjectOf(ctx).ID, tokenKey(token))
	if err != nil {
		return r, Issue{}, err
	}
	i, err := Get(ctx, tx, r.Issue)
	return r, i, err
}

// Tally is how far a report has got.
type Tally struct {
	All, Mailed, Failed, Read, Unread, Paper, Signed int64
}

// TallyOf counts an issue's receipts.
func TallyOf(ctx context.Context, tx db.Tx, issue core.ID) (Tally, error) {
	return db.One(ctx, tx, func(t *Tally) []any {
		return []any{&t.All, &t.Mailed, &t.Read, &t.Unread, &t.Paper, &t.Signed, &t.Failed}
	},
		`select count(*), count(*) filter (where way = 'mail'), count(*) filter (where state = 'read'), count(*) filter (where state = 'unread'), count(*) filter (where state = 'paper'), count(*) filter (where state = 'signed'),
		count(*) filter (where state = 'unread' and exists (select 1 from notify_outbox o where o.project_id = r.project_id and o.ref_kind = 'receipt' and o.ref_id = r.id and o.state in ('failed', 'suppressed', 'given_up')
		and not exists (select 1 from notify_outbox n where n.project_id = o.project_id and n.ref_kind = 'receipt' and n.ref_id = o.ref_id and n.id > o.id)))
		from report_receipt r where r.project_id = $1 and r.issue_id = $2`, core.ProjectOf(ctx).ID, issue)
}

// Erase blanks what the receipts hold of a customer (L5); that the report arrived stays.
func Erase(ctx context.Context, tx db.Tx, project, customer core.ID) error {
	_, err := db.Exec(ctx, tx, "update report_receipt set customer_name = '', contact = '', signer = '', mail = '', mail_mask = '', token = '', token_key = 'erased-' || cast(id as text) where project_id = $1 and customer_id = $2", project, customer)
	return err
}

// nameOf is how a customer is called whose name was erased.
func (r Receipt) nameOf() core.Text {
	if r.Name == "" {
		return core.T("已删除的客户", "an erased customer")
	}
	return core.Text{ZH: r.Name, EN: r.Name}
}
