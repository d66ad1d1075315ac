package testkit

import (
	"bytes"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"
)

// Mailbox is a real mail server for a test: what it gets over SMTP for one of its addresses lies in that address's mailbox
// and is read from there over IMAP. Both listen on this machine, without encryption.
type Mailbox struct {
	Host     string
	SMTPPort int64
	IMAPPort int64

	t     testing.TB
	mem   *imapmemserver.Server
	mu    sync.Mutex
	users map[string]*imapmemserver.User
	sent  []Sent
}

// Sent is one letter that was handed over by SMTP.
type Sent struct {
	To  string
	Raw []byte
}

// MailPassword is every mailbox's.
const MailPassword = "mail secret 7"

// NewMailbox starts the server with these addresses; each signs in to IMAP by its address and MailPassword.
func NewMailbox(t testing.TB, addresses ...string) *Mailbox {
	t.Helper()
	m := &Mailbox{Host: "127.0.0.1", t: t, mem: imapmemserver.New(), users: map[string]*imapmemserver.User{}}
	for _, a := range addresses {
		u := imapmemserver.NewUser(a, MailPassword)
		if err := u.Create("INBOX", nil); err != nil {
			t.Fatal(err)
		}
		m.users[a] = u
		m.mem.AddUser(u)
	}
	m.SMTPPort = m.serveSMTP()
	m.IMAPPort = m.serveIMAP()
	return m
}

func (m *Mailbox) listen() (net.Listener, int64) {
	m.t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(m.Host, "0"))
	if err != nil {
		m.t.Fatal(err)
	}
	return l, int64(l.Addr().(*net.TCPAddr).Port)
}

func (m *Mailbox) serveSMTP() int64 {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{box: m}, nil }))
	s.AllowInsecureAuth = true
	l, port := m.listen()
	go func() { _ = s.Serve(l) }()
	m.t.Cleanup(func() { _ = s.Close() })
	return port
}

func (m *Mailbox) serveIMAP() int64 {
	s := imapserver.New(&imapserver.Options{InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}},
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return m.mem.NewSession(), nil, nil
		}})
	l, port := m.listen()
	go func() { _ = s.Serve(l) }()
	m.t.Cleanup(func() { _ = s.Close() })
	return port
}

type delivery struct {
	box *Mailbox
	to  []string
}

// Reset, Logout, Mail, Rcpt and Data are the conversation of SMTP.
func (d *delivery) Reset() { d.to = nil }

// Logout ends it.
func (d *delivery) Logout() error { return nil }

// Mail takes any sender.
func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes any recipient; those without a mailbox here are kept among Sent alone.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error { d.to = append(d.to, to); return nil }

// Data puts the letter into the mailboxes.
func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for _, to := range d.to {
		d.box.mu.Lock()
		d.box.sent = append(d.box.sent, Sent{to, raw})
		d.box.mu.Unlock()
		if err := d.box.put(to, raw); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mailbox) put(to string, raw []byte) error {
	u := m.users[strings.ToLower(to)]
	if u == nil {
		return nil
	}
	_, err := u.Append("INBOX", literal{bytes.NewReader(raw)}, &imap.AppendOptions{Time: time.Now()})
	return err
}

type literal struct{ *bytes.Reader }

// Size is the literal's length in bytes.
func (l literal) Size() int64 { return l.Reader.Size() }

// Deliver puts a letter as it is into an address's mailbox, as if it had come from outside.
func (m *Mailbox) Deliver(to, raw string) {
	m.t.Helper()
	if err := m.put(to, []byte(raw)); err != nil {
		m.t.Fatal(err)
	}
}

// Renumber gives an address a new mailbox with new numbers and no letters, as a server does that was set up anew.
func (m *Mailbox) Renumber(address string) {
	m.t.Helper()
	u := m.users[address]
	if err := u.Delete("INBOX"); err != nil {
		m.t.Fatal(err)
	}
	if err := u.Create("INBOX", nil); err != nil {
		m.t.Fatal(err)
	}
}

// Sent are the letters that came over SMTP, oldest first.
func (m *Mailbox) Sent() []Sent {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Sent(nil), m.sent...)
}

// Letters counts what lies in a folder of an address, and how much of it is unread.
func (m *Mailbox) Letters(address, folder string) (all, unread uint32) {
	m.t.Helper()
	s, err := m.users[address].Status(folder, &imap.StatusOptions{NumMessages: true, NumUnseen: true})
	if err != nil {
		return 0, 0
	}
	return *s.NumMessages, *s.NumUnseen
}
