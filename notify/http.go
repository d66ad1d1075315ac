package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"huiyin/core"
)

// gateway sends text messages over an HTTP gateway of any maker.
type gateway struct {
	set SMSSetting
	outgoing
}

func (g SMSSetting) check() error {
	if err := checkURL("url", g.URL); err != nil {
		return err
	}
	for _, blank := range []string{"{phone}", "{text}"} {
		if !strings.Contains(g.URL+g.Body, blank) {
			return core.Invalid("body", "地址或正文里要有 %s", "The address or the body must hold %s", blank)
		}
	}
	_, err := g.headers(func(s string) string { return s })
	return err
}

// headers reads "Name: value" lines.
func (g SMSSetting) headers(fill func(string) string) (http.Header, error) {
	h := http.Header{}
	for line := range strings.Lines(g.Headers) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.ContainsAny(name, " \t") {
			return nil, core.Invalid("headers", "请求头应每行一条,如 Content-Type: application/json", "Headers are one a line, such as Content-Type: application/json")
		}
		h.Set(name, fill(strings.TrimSpace(value)))
	}
	return h, nil
}

// Send makes the call that the settings describe.
func (g gateway) Send(ctx context.Context, p Parcel) error {
	blanks := func(escape func(string) string) *strings.Replacer {
		return strings.NewReplacer("{phone}", escape(p.To), "{text}", escape(p.Body), "{id}", escape(p.ID.String()), "{secret}", escape(string(g.set.Secret)))
	}
	headers, err := g.set.headers(blanks(oneLine).Replace)
	if err != nil {
		return Final{err}
	}
	if headers.Get("Content-Type") == "" {
		headers.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	escape := url.QueryEscape
	if strings.Contains(headers.Get("Content-Type"), "json") {
		escape = inJSON
	}
	body := blanks(escape).Replace(g.set.Body)
	method := http.MethodPost
	if g.set.Method == http.MethodGet {
		method, body = http.MethodGet, ""
	}
	req, err := http.NewRequestWithContext(ctx, method, blanks(url.QueryEscape).Replace(g.set.URL), strings.NewReader(body))
	if err != nil {
		return Final{plainly(err)}
	}
	req.Header = headers
	answer, err := g.call(req)
	if err == nil && !strings.Contains(answer, g.set.Success) {
		return fmt.Errorf("the gateway did not accept it: %s", cut(answer))
	}
	return err
}

func oneLine(s string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(s) }

// inJSON escapes what stands between quotation marks.
func inJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// wecom writes into the group of a WeCom robot and mentions the recipient's number.
type wecom struct {
	set RobotSetting
	outgoing
}

// Send posts the text.
func (w wecom) Send(ctx context.Context, p Parcel) error {
	text := map[string]any{"content": p.Body}
	if p.To != "" {
		text["mentioned_mobile_list"] = []string{p.To}
	}
	return w.robot(ctx, string(w.set.Address), map[string]any{"msgtype": "text", "text": text})
}

// dingtalk writes into the group of a DingTalk robot, signed.
type dingtalk struct {
	set RobotSetting
	outgoing
}

// Send posts the text; with a signing key the address carries the time and its HMAC-SHA256.
func (d dingtalk) Send(ctx context.Context, p Parcel) error {
	address := string(d.set.Address)
	if d.set.Sign != "" {
		u, err := url.Parse(address)
		if err != nil {
			return Final{plainly(err)}
		}
		at := strconv.FormatInt(p.At.UnixMilli(), 10)
		q := u.Query()
		q.Set("timestamp", at)
		q.Set("sign", base64.StdEncoding.EncodeToString(sum(string(d.set.Sign), at+"\n"+string(d.set.Sign))))
		u.RawQuery = q.Encode()
		address = u.String()
	}
	body := map[string]any{"msgtype": "text", "text": map[string]any{"content": p.Body}}
	if p.To != "" {
		body["at"] = map[string]any{"atMobiles": []string{p.To}}
	}
	return d.robot(ctx, address, body)
}

// robot posts to either robot: both answer 200 with an errcode, which is 0 when the text was taken.
func (o outgoing) robot(ctx context.Context, address string, body any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(core.JSON(body)))
	if err != nil {
		return Final{plainly(err)}
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := o.call(req)
	if err != nil {
		return err
	}
	var said struct {
		Code *int   `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if err := json.Unmarshal([]byte(answer), &said); err != nil || said.Code == nil {
		return fmt.Errorf("the robot's answer is not understood: %s", cut(answer))
	}
	if *said.Code != 0 {
		return fmt.Errorf("the robot refused it: %d %s", *said.Code, cut(said.Text))
	}
	return nil
}

// hook calls another program.
type hook struct{ outgoing }

// The headers of a webhook. The signature is "sha256=" and the hexadecimal HMAC-SHA256, under the subscription's secret,
// of the timestamp (Unix seconds), a dot and the body. The delivery's id stays the same however often it is tried.
const (
	HeaderEvent     = "X-Huiyin-Event"
	HeaderDelivery  = "X-Huiyin-Delivery"
	HeaderTimestamp = "X-Huiyin-Timestamp"
	HeaderSignature = "X-Huiyin-Signature"
)

// Sign is the signature of a webhook's body.
func Sign(secret core.Secret, timestamp, body string) string {
	return "sha256=" + hex.EncodeToString(sum(string(secret), timestamp+"."+body))
}

func sum(key, text string) []byte {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return m.Sum(nil)
}

// Send posts the event; any 2xx accepts it.
func (h hook) Send(ctx context.Context, p Parcel) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.To, strings.NewReader(p.Body))
	if err != nil {
		return Final{plainly(err)}
	}
	at := strconv.FormatInt(p.At.Unix(), 10)
	for name, value := range map[string]string{"Content-Type": "application/json", HeaderEvent: p.Event, HeaderDelivery: p.ID.String(), HeaderTimestamp: at, HeaderSignature: Sign(p.Key, at, p.Body)} {
		req.Header.Set(name, value)
	}
	_, err = h.call(req)
	return err
}
