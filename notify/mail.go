package notify

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"huiyin/core"
)

// mailer sends by the firm's mail server.
type mailer struct{ set MailSetting }

func (m MailSetting) check() error {
	switch {
	case strings.TrimSpace(m.Host) == "":
		return core.Invalid("host", "请填写邮件服务器", "The mail server is required")
	case m.Security == Plain && !m.AllowPlain && !loopback(m.Host):
		return core.Invalid("security", "不加密只能用于本机;要发给别的机器,请先勾选允许", "Without encryption only this machine is sent to, unless you allow it")
	}
	if _, err := CheckMail(m.From); err != nil {
		return core.Invalid("from", "发件地址不正确", "The sender's address is not right")
	}
	return nil
}

// CheckMail reads a bare e-mail address; KindInvalid for anything else.
func CheckMail(s string) (string, error) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || strings.ContainsAny(s, "\r\n,; ") {
		return "", core.Invalid("mail", "邮箱地址不正确,应如 name@example.com", "That is not an address such as name@example.com")
	}
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// options are how the server is spoken to.
func (m MailSetting) options() []gomail.Option {
	opts := []gomail.Option{gomail.WithTimeout(sendTime / 2)}
	switch m.Security {
	case TLS:
		opts = append(opts, gomail.WithSSLPort(false))
	case Plain:
		opts = append(opts, gomail.WithTLSPortPolicy(gomail.NoTLS))
	default:
		opts = append(opts, gomail.WithTLSPortPolicy(gomail.TLSMandatory))
	}
	if m.Port != 0 {
		opts = append(opts, gomail.WithPort(int(m.Port)))
	}
	if m.User != "" {
		kind := gomail.SMTPAuthAutoDiscover
		if m.Security == Plain {
			kind = gomail.SMTPAuthPlainNoEnc // allowed by check alone
		}
		opts = append(opts, gomail.WithSMTPAuth(kind), gomail.WithUsername(m.User), gomail.WithPassword(string(m.Password)))
	}
	return opts
}

// Send hands one letter over. Its Message-ID is made of the delivery's own id, so that a letter that had to be sent
// twice is recognised as one.
func (m mailer) Send(ctx context.Context, p Parcel) error {
	if err := m.set.check(); err != nil {
		return Final{errors.New(core.AsErr(err).Text.EN)}
	}
	msg, err := m.letter(p)
	if err != nil {
		return Final{err}
	}
	client, err := gomail.NewClient(m.set.Host, m.set.options()...)
	if err != nil {
		return Final{err}
	}
	if err = client.DialAndSendWithContext(ctx, msg); msg.IsDelivered() {
		return nil // what came after the server had taken it, such as a bad farewell, changes nothing
	}
	var refusal *gomail.SendError
	if errors.As(err, &refusal) && refusal.ErrorCode() >= 500 && refusal.ErrorCode() < 600 {
		return Final{err}
	}
	return err
}

func (m mailer) letter(p Parcel) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := errors.Join(msg.FromFormat(m.set.Sender, m.set.From), msg.To(p.To)); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(m.set.From, "@")
	msg.SetMessageIDWithValue(p.ID.String() + ".huiyin@" + domain)
	msg.SetDateWithValue(p.At.In(time.UTC))
	msg.Subject(p.Title)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // nobody's absence note answers it
	msg.SetBodyString(gomail.TypeTextPlain, p.Body)
	for _, f := range p.Files {
		if err := msg.AttachReader(f.Name, bytes.NewReader(f.Bytes), gomail.WithFileContentType(gomail.ContentType(f.Type))); err != nil {
			return nil, err
		}
	}
	return msg, nil
}

// maskMail keeps the first letter and the domain: z****@example.com.
func maskMail(s string) string {
	name, domain, ok := strings.Cut(s, "@")
	if !ok || name == "" {
		return "****"
	}
	return string([]rune(name)[:1]) + "****@" + domain
}
