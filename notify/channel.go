package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"huiyin/core"
)

// Parcel is one delivery as a channel sees it. A second try carries the same ID, by which a receiver may know it again.
type Parcel struct {
	ID    core.ID
	To    string // e-mail address, telephone number, the number to be mentioned by a robot, a webhook's URL
	Title string
	Body  string // with the link; of a webhook the JSON
	Event string // of a webhook
	Key   core.Secret
	At    time.Time // real time
	Files []Enclosure
}

// Sender is one channel, ready to send. It returns nil only when the other side has accepted the parcel; an error that
// another try cannot mend is Final.
type Sender interface {
	Send(ctx context.Context, p Parcel) error
}

// Final marks an error that another try cannot mend: no such address, a refused text.
type Final struct{ Err error }

func (f Final) Error() string { return f.Err.Error() }
func (f Final) Unwrap() error { return f.Err }

const (
	sendTime  = 30 * time.Second // for one delivery, all in all
	answerMax = 64 << 10         // bytes that are read of an answer
)

// sender is the channel with the firm's settings.
func (s Settings) sender(c Channel) Sender {
	out := outgoing{private: s.Site.Private}
	switch c {
	case Mail:
		return mailer{s.Mail}
	case SMS:
		return gateway{s.SMS, out}
	case WeCom:
		return wecom{s.WeCom, out}
	case DingTalk:
		return dingtalk{s.DingTalk, out}
	}
	return hook{out}
}

// Test sends a short text over a channel at once, without the outbox, and says how that went. It holds no transaction:
// a page calls it before one opens.
func Test(ctx context.Context, s Settings, c Channel, to string) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime/2)
	defer cancel()
	id := core.ID(time.Now().UnixNano())
	title := core.T("回音测试消息", "Huiyin test message").Say(ctx)
	body := core.T("收到这条消息,说明这个渠道已经接通。", "If you read this, the channel works.").Say(ctx)
	if c != Mail {
		body = title + "\n" + body
	}
	return s.sender(c).Send(ctx, Parcel{ID: id, To: to, Title: title, Body: body, At: time.Now()})
}

// outgoing calls other machines by HTTP.
type outgoing struct{ private bool }

// errPrivate says why a call was not made.
var errPrivate = errors.New("the address is in a private network, which the firm's settings do not allow")

// reserved are networks that netip does not name but that are nobody's public address.
func reserved() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range reserved() {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// control looks at the address that is really dialled, after the name was resolved: a name that resolves to something
// else the second time gains nothing.
func (o outgoing) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !o.private && !isPublic(at.Addr()) {
		return Final{errPrivate}
	}
	return nil
}

// call makes one request: no redirects, no proxy, no kept connection, and no more of the answer than fits.
func (o outgoing) call(req *http.Request) (string, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second, Control: o.control}
	client := http.Client{Timeout: sendTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: answerMax}}
	req.Header.Set("User-Agent", "Huiyin")
	res, err := client.Do(req)
	if err != nil {
		return "", plainly(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read as far as it is wanted
	b, err := io.ReadAll(io.LimitReader(res.Body, answerMax))
	if err != nil {
		return "", plainly(err)
	}
	return string(b), refused(res.StatusCode, string(b))
}

// plainly leaves the address out of an error: it may hold a key.
func plainly(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var f Final
	if errors.As(err, &f) {
		return f
	}
	return err
}

// refused tells what a status means: 4xx stays as it is, but for those that say "later".
func refused(status int, answer string) error {
	if status >= 200 && status < 300 {
		return nil
	}
	err := fmt.Errorf("HTTP %d: %s", status, cut(answer))
	later := status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests
	if status < 500 && !later {
		return Final{err}
	}
	return err
}

// cut shortens what another machine said to what an administrator reads, without control characters.
func cut(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xFFFD {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	r := []rune(strings.Join(strings.Fields(clean), " "))
	return string(r[:min(len(r), 300)])
}

func checkURL(field, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return core.Invalid(field, "应是 http:// 或 https:// 开头的网址", "It should be an address that begins with http:// or https://")
	}
	return nil
}
