package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"huiyin/core"
	"huiyin/db"
	"huiyin/job"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/notify"
)

// E-mail is taken in from real mailboxes over IMAP. A job a mailbox looks once a minute of business time. Each letter is
// one transaction: its row (unique by its place in the mailbox and by its own identity), the matter, the attachments and
// the answer with the number commit together; only then is it marked as read and moved. Whatever is cut short is done
// again and finds its row there: a letter becomes one matter, on however many nodes, however often it is delivered.

// Inbox is one mailbox of a project.
type Inbox struct {
	ID         core.ID
	Version    int64
	Name       string
	Host       string
	Port       int64 // 0: the usual one of the security
	Security   string
	AllowPlain bool
	Login      string
	Password   core.Secret
	Address    string // the mailbox's own address, so that it never answers itself
	Folder     string
	Done       string // where letters are moved that were taken in; empty: they stay, marked as read
	Enabled    bool
	Checked    time.Time
	Error      string // of the last look
	validity   int64
	last       int64
	sealed     string
}

func (b *Inbox) dest() []any {
	return []any{&b.ID, &b.Version, &b.Name, &b.Host, &b.Port, &b.Security, &b.AllowPlain, &b.Login, &b.sealed, &b.Address, &b.Folder, &b.Done, &b.Enabled, &b.validity, &b.last, &b.Checked, &b.Error}
}

// inboxJob is the job that looks into one mailbox.
const inboxJob = "desk.inbox"

const (
	imapTime  = 30 * time.Second // of one step of the conversation
	letterMax = 25 << 20         // bytes of a letter that is fetched
	batchMax  = 100              // letters of one look; the next one follows at once
)

type inboxArgs struct {
	Project core.ID `json:"project"`
	Inbox   core.ID `json:"inbox"`
}

func jobs() []job.Kind { return []job.Kind{{Name: inboxJob, Run: runInbox}} }

// LookIntoMail asks for a look into each mailbox of the project: once a minute, from the tick of any node.
func LookIntoMail(ctx context.Context, d *db.DB) error {
	var due []Inbox
	if err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		due, err = inboxes(ctx, tx, "and b.enabled")
		return err
	}); err != nil || len(due) == 0 {
		return err
	}
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, b := range due {
			if err := askLook(ctx, tx, b.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

func askLook(ctx context.Context, tx db.Tx, inbox core.ID) error {
	p := core.ProjectOf(ctx).ID
	return job.Add(ctx, tx, inboxJob, inboxArgs{p, inbox}, job.Unique(inbox.String()), job.Project(p))
}

// runInbox looks into one mailbox. What goes wrong stands on the mailbox's page; the next minute tries again.
func runInbox(ctx context.Context, d *db.DB, args []byte) error {
	var a inboxArgs
	if err := json.Unmarshal(args, &a); err != nil {
		return err
	}
	var b Inbox
	err := d.Read(ctx, func(read context.Context, tx db.Tx) error {
		p, err := project.Get(read, tx, a.Project)
		if err != nil {
			return err
		}
		ctx = core.WithProject(ctx, p.Core())
		b, err = getInbox(core.WithProject(read, p.Core()), tx, a.Inbox)
		return err
	})
	if core.IsKind(err, core.KindNotFound) || err == nil && !b.Enabled {
		return nil
	}
	if err != nil {
		return err
	}
	more, failure := b.look(ctx, d)
	if err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return b.looked(ctx, tx, failure) }); err != nil {
		return err
	}
	if !more {
		return nil
	}
	return d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return askLook(ctx, tx, b.ID) })
}

// look takes in what is new; more says that there is still more.
func (b *Inbox) look(ctx context.Context, d *db.DB) (more bool, err error) {
	c, err := b.dial(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = c.Close() }()
	box, err := c.Select(b.Folder, nil).Wait()
	if err != nil {
		return false, fmt.Errorf("the folder %q: %w", b.Folder, err)
	}
	uids, err := b.fresh(c, box)
	if err != nil {
		return false, err
	}
	more = len(uids) > batchMax
	for _, uid := range uids[:min(len(uids), batchMax)] {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if err := b.take(ctx, d, c, int64(box.UIDValidity), uid); err != nil {
			return false, err
		}
	}
	if b.validity != int64(box.UIDValidity) && !more && box.UIDNext > 0 { // from here on by number: what was read before us stays as it is
		if err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			return b.reached(ctx, tx, int64(box.UIDValidity), int64(box.UIDNext)-1)
		}); err != nil {
			return false, err
		}
	}
	return more, c.Logout().Wait()
}

// fresh lists the letters that were not taken in, oldest first: those after the last one; all unread ones when the mailbox
// is new to us, or has numbered its letters anew.
func (b *Inbox) fresh(c *imapclient.Client, box *imap.SelectData) ([]imap.UID, error) {
	if box.NumMessages == 0 {
		return nil, nil
	}
	criteria := &imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}
	if int64(box.UIDValidity) == b.validity {
		criteria = &imap.SearchCriteria{UID: []imap.UIDSet{{imap.UIDRange{Start: imap.UID(b.last + 1), Stop: 0}}}}
	}
	found, err := c.UIDSearch(criteria, nil).Wait()
	if err != nil {
		return nil, err
	}
	var out []imap.UID
	for _, uid := range found.AllUIDs() {
		if int64(box.UIDValidity) != b.validity || int64(uid) > b.last { // "n:*" always holds the last letter
			out = append(out, uid)
		}
	}
	return out, nil
}

// take fetches one letter, files it in one transaction, and then marks it in the mailbox.
func (b *Inbox) take(ctx context.Context, d *db.DB, c *imapclient.Client, validity int64, uid imap.UID) error {
	one := imap.UIDSetNum(uid)
	all, err := c.Fetch(one, &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true}).Collect()
	if err != nil || len(all) == 0 { // another program took it away
		return err
	}
	section := &imap.FetchItemBodySection{Peek: true}
	if all[0].RFC822Size > letterMax {
		section.Specifier = imap.PartSpecifierHeader
	}
	got, err := c.Fetch(one, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}).Collect()
	if err != nil || len(got) == 0 {
		return err
	}
	e := envelope{Validity: validity, UID: int64(uid), At: all[0].InternalDate, Size: all[0].RFC822Size, Raw: got[0].FindBodySection(section)}
	if err := b.file(ctx, d, e); err != nil {
		return err
	}
	if e.Size > letterMax { // what was not fetched stays where it is
		return nil
	}
	if err := c.Store(one, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}, Silent: true}, nil).Close(); err != nil {
		return err
	}
	if b.Done == "" {
		return nil
	}
	if _, err := c.Move(one, b.Done).Wait(); err != nil {
		if err := c.Create(b.Done, nil).Wait(); err != nil {
			return fmt.Errorf("the folder %q: %w", b.Done, err)
		}
		_, err = c.Move(one, b.Done).Wait()
		return err
	}
	return nil
}

// dial connects and signs in.
func (b *Inbox) dial(ctx context.Context) (*imapclient.Client, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	port := b.Port
	if port == 0 {
		port = map[string]int64{notify.TLS: 993}[b.Security]
		if port == 0 {
			port = 143
		}
	}
	address := net.JoinHostPort(b.Host, strconv.FormatInt(port, 10))
	options := &imapclient.Options{Dialer: &net.Dialer{Timeout: imapTime}, WordDecoder: words()}
	var c *imapclient.Client
	var err error
	switch b.Security {
	case notify.TLS:
		c, err = imapclient.DialTLS(address, options)
	case notify.StartTLS:
		c, err = imapclient.DialStartTLS(address, options)
	default:
		c, err = imapclient.DialInsecure(address, options)
	}
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	if err := c.Login(b.Login, string(b.Password)).Wait(); err != nil {
		stop()
		return nil, errors.Join(fmt.Errorf("signing in: %w", err), c.Close())
	}
	return c, nil
}

// Try connects, signs in and opens the folder, without reading a letter: what the test button does. No transaction is open.
func (b *Inbox) Try(ctx context.Context) (letters uint32, err error) {
	c, err := b.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	box, err := c.Select(b.Folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return 0, fmt.Errorf("the folder %q: %w", b.Folder, err)
	}
	return box.NumMessages, nil
}

func (b *Inbox) check() error {
	if strings.TrimSpace(b.Host) == "" {
		return core.Invalid("host", "请填写邮件服务器", "The mail server is required")
	}
	ip := net.ParseIP(b.Host)
	if local := strings.EqualFold(b.Host, "localhost") || ip != nil && ip.IsLoopback(); b.Security == notify.Plain && !b.AllowPlain && !local {
		return core.Invalid("security", "不加密只能用于本机;要连别的机器,请先勾选允许", "Without encryption only this machine is connected to, unless you allow it")
	}
	return nil
}

// PutInbox sets a mailbox up (ID 0) or changes it. An empty password keeps the one there is.
func PutInbox(ctx context.Context, tx db.Tx, b Inbox) (core.ID, error) {
	b.Host, b.Folder, b.Done = strings.TrimSpace(b.Host), strings.TrimSpace(b.Folder), strings.TrimSpace(b.Done)
	if err := b.check(); err != nil {
		return 0, err
	}
	address, err := notify.CheckMail(b.Address)
	if err != nil {
		return 0, core.Invalid("address", "邮箱地址不正确,应如 name@example.com", "That is not an address such as name@example.com")
	}
	b.Address = strings.ToLower(address)
	if b.Folder == "" {
		b.Folder = "INBOX"
	}
	if b.Folder == b.Done {
		return 0, core.Invalid("done_folder", "不能移到同一个文件夹", "Letters cannot be moved to the folder they come from")
	}
	verb := "changed"
	if b.ID == 0 {
		b.ID, verb = tx.NewID(), "created"
	} else if old, err := getInbox(ctx, tx, b.ID); err != nil {
		return 0, err
	} else if b.Password == "" {
		b.Password = old.Password
	}
	if b.Password == "" {
		return 0, core.Invalid("password", "请填写密码或授权码", "The password is required")
	}
	if err := saveInbox(ctx, tx, b); err != nil {
		return 0, err
	}
	if b.Enabled {
		if err := askLook(ctx, tx, b.ID); err != nil {
			return 0, err
		}
	}
	return b.ID, journal.Add(ctx, tx, inboxKind.Ref(ctx, b.ID), verb, map[string]any{"name": b.Name, "host": b.Host, "login": b.Login, "folder": b.Folder, "enabled": b.Enabled})
}
