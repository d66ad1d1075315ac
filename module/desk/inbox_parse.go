package desk

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"

	"huiyin/core"
)

// Bounds of one letter. What is beyond them is refused with a note; the letter as it came is kept.
const (
	depthMax  = 10       // multiparts within multiparts
	partsMax  = 200      // parts of one letter
	attachMax = 10 << 20 // bytes of one attachment
	wordsMax  = 3500     // characters of the text that a matter takes over
)

// letter is an e-mail as it was understood.
type letter struct {
	ID      string   // Message-ID without its brackets
	Refs    []string // In-Reply-To and References
	Name    string
	Address string // in small letters
	Subject string
	Text    string // what was written, without what is quoted
	Auto    core.Text
	Mute    bool // a person may have written it, but nobody reads an answer: no-reply
	Files   []attached
	Notes   []core.Text // what could not be taken over

	plain, html string
	parts       int
}

type attached struct {
	Name  string
	Bytes []byte
}

// understand reads a letter. An error means that a person has to look at it.
func understand(raw []byte) (l letter, err error) {
	defer func() { // a letter is what strangers send: no fault of the decoders below may stop the mailbox
		if r := recover(); r != nil {
			err = fmt.Errorf("the letter cannot be read: %v", r)
		}
	}()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return l, err
	}
	if err := l.head(m.Header); err != nil {
		return l, err
	}
	if err := l.part(textproto.MIMEHeader(m.Header), m.Body, 0); err != nil {
		return l, err
	}
	if strings.TrimSpace(l.plain) == "" {
		l.plain = htmlText(l.html)
	}
	l.Text = clip(unquoted(clean(l.plain)), wordsMax)
	if l.Text == "" && l.Subject == "" && len(l.Files) == 0 {
		return l, errors.New("there is neither a subject nor a text")
	}
	return l, nil
}

func (l *letter) head(h mail.Header) error {
	from := h.Get("From")
	if from == "" {
		from = h.Get("Sender")
	}
	a, err := (&mail.AddressParser{WordDecoder: words()}).Parse(toUTF8([]byte(from), ""))
	if err != nil {
		if a = bareAddress(from); a == nil {
			return fmt.Errorf("the sender cannot be read: %w", err)
		}
	}
	l.Name, l.Address = clip(clean(toUTF8([]byte(a.Name), "")), 60), strings.ToLower(strings.TrimSpace(a.Address))
	if len(l.Address) > 250 || !utf8.ValidString(l.Address) || strings.ContainsFunc(l.Address, unicode.IsControl) {
		return errors.New("the sender's address cannot be read")
	}
	l.Subject = clip(strings.Join(strings.Fields(clean(decodeWords(h.Get("Subject")))), " "), 300)
	l.ID = clip(clean(strings.Trim(strings.TrimSpace(h.Get("Message-ID")), "<> ")), 250)
	l.Refs = messageIDs(h.Get("In-Reply-To") + " " + h.Get("References"))
	l.Auto, l.Mute = automatic(h, l.Address)
	return nil
}

// bareAddress finds the address in a sender that keeps no rule.
func bareAddress(s string) *mail.Address {
	at := regexp.MustCompile(`[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+`).FindString(s)
	if at == "" {
		return nil
	}
	return &mail.Address{Address: at}
}

// idPattern finds message ids.
var idPattern = regexp.MustCompile(`<([^<>\s]{3,250})>`)

func messageIDs(s string) []string {
	var out []string
	for _, m := range idPattern.FindAllStringSubmatch(clean(s), 50) {
		out = append(out, m[1])
	}
	return out
}

// automatic says why a letter is no person's: nothing answers it, so that two machines never write to each other for ever.
// mute is of senders that read no answer.
func automatic(h mail.Header, from string) (why core.Text, mute bool) {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	local, _, _ := strings.Cut(from, "@")
	precedence := strings.ToLower(strings.TrimSpace(h.Get("Precedence")))
	submitted := strings.ToLower(strings.TrimSpace(h.Get("Auto-Submitted")))
	_, returned := h["Return-Path"]
	switch {
	case kind == "multipart/report", returned && strings.TrimSpace(h.Get("Return-Path")) == "<>", local == "mailer-daemon", local == "postmaster":
		return core.T("退信或投递报告", "A bounce or delivery report"), true
	case submitted != "" && submitted != "no", precedence == "auto_reply", h.Get("X-Autoreply") != "", h.Get("X-Autorespond") != "":
		return core.T("自动回复", "An automatic reply"), true
	case h.Get("List-Id") != "", h.Get("List-Unsubscribe") != "", precedence == "bulk", precedence == "list", precedence == "junk":
		return core.T("邮件列表或群发", "A mailing list"), true
	}
	plain := strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	return core.Text{}, strings.HasPrefix(plain, "noreply") || strings.HasPrefix(plain, "donotreply")
}

// part reads one part of the letter, or all of a multipart.
func (l *letter) part(h textproto.MIMEHeader, body io.Reader, depth int) error {
	if l.parts++; l.parts > partsMax || depth > depthMax {
		return errors.New("the letter has too many parts")
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind == "" {
		kind = "text/plain"
		if params == nil {
			params = map[string]string{}
		}
	}
	if strings.HasPrefix(kind, "multipart/") {
		if params["boundary"] == "" {
			return errors.New("the parts of the letter are not told apart: there is no boundary")
		}
		return l.multi(multipart.NewReader(body, params["boundary"]), depth)
	}
	disposition, dp, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	name := decodeWords(dp["filename"])
	if name == "" {
		name = decodeWords(params["name"])
	}
	b, err := io.ReadAll(io.LimitReader(decoder(h.Get("Content-Transfer-Encoding"), body), attachMax+1))
	text := strings.HasPrefix(kind, "text/") && disposition != "attachment" && name == ""
	if err != nil && (text || depth == 0) {
		return fmt.Errorf("the text cannot be decoded: %w", err)
	}
	switch {
	case text && kind == "text/html":
		l.html += toUTF8(b, params["charset"])
	case text && (kind == "text/plain" || kind == "text/markdown"):
		l.plain += toUTF8(b, params["charset"]) + "\n"
	default:
		l.attach(name, kind, h.Get("Content-Id") != "" && disposition != "attachment", b, err)
	}
	return nil
}

func (l *letter) multi(r *multipart.Reader, depth int) error {
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			if l.plain != "" || l.html != "" { // cut off on its way: what came is taken, with a note
				l.Notes = append(l.Notes, core.T("邮件不完整,后面的部分没有收到", "The letter was cut off; what followed did not arrive"))
				return nil
			}
			return fmt.Errorf("the parts of the letter cannot be told apart: %w", err)
		}
		if err := l.part(p.Header, p, depth+1); err != nil {
			return err
		}
	}
}

// attach keeps an attachment. Pictures inside the text without a name are signatures and logos; small ones are left out.
func (l *letter) attach(name, kind string, inline bool, b []byte, err error) {
	if name == "" {
		name = strings.ReplaceAll(kind, "/", ".")
	}
	name = clip(clean(name), 100)
	switch {
	case err != nil:
		l.Notes = append(l.Notes, core.T("附件「%s」无法解读,未收;请看原件", "Attachment “%s” cannot be decoded and was left out; see the original", name))
	case len(b) > attachMax:
		l.Notes = append(l.Notes, core.T("附件「%s」超过 %d MB,未收;请看原件", "Attachment “%s” is larger than %d MB and was left out; see the original", name, attachMax>>20))
	case inline && len(b) < 10<<10, len(b) == 0:
	default:
		l.Files = append(l.Files, attached{name, b})
	}
}

func decoder(encoding string, r io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, &onlyBase64{r: r})
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	}
	return r
}

// onlyBase64 leaves out blanks and tabs, which some programs fold with; line ends the decoder leaves out itself.
type onlyBase64 struct{ r io.Reader }

// Read passes on all but blanks.
func (o *onlyBase64) Read(p []byte) (int, error) {
	for {
		n, err := o.r.Read(p)
		k := 0
		for _, c := range p[:n] {
			if c != ' ' && c != '\t' {
				p[k] = c
				k++
			}
		}
		if k > 0 || err != nil {
			return k, err
		}
	}
}

func words() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		b, err := io.ReadAll(io.LimitReader(r, 64<<10))
		return strings.NewReader(toUTF8(b, charset)), err
	}}
}

// decodeWords reads a header value: encoded words, or bytes as they stand.
func decodeWords(s string) string {
	out, err := words().DecodeHeader(s)
	if err != nil {
		out = s
	}
	return toUTF8([]byte(out), "")
}

// toUTF8 reads text by its charset; where the name is unknown or wrong, as UTF-8 if it is that, else as GB18030, which
// holds GBK and GB2312.
func toUTF8(b []byte, charset string) string {
	charset = strings.ToLower(strings.TrimSpace(charset))
	chinese := strings.HasPrefix(charset, "gb") // some of it would be valid UTF-8 as well
	if !chinese && utf8.Valid(b) && (charset == "" || charset == "utf-8" || charset == "utf8" || charset == "us-ascii") {
		return string(b)
	}
	if !chinese && charset != "" && charset != "utf-8" && charset != "utf8" && charset != "us-ascii" {
		if e, err := htmlindex.Get(charset); err == nil {
			if out, err := e.NewDecoder().Bytes(b); err == nil {
				return string(out)
			}
		}
		if utf8.Valid(b) {
			return string(b)
		}
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	if err != nil || bytes.ContainsRune(out, utf8.RuneError) {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(out)
}

// clean leaves out what no column takes: control characters but line ends and tabs.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || r == '\uFEFF' || r == '\u200B' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

func clip(s string, runes int) string {
	s = strings.TrimSpace(s)
	r := []rune(s)
	if len(r) <= runes {
		return s
	}
	return string(r[:runes-1]) + "…"
}

// htmlText is what a reader of an HTML letter sees, line by line; quoted letters are left out where they are marked.
func htmlText(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	var b strings.Builder
	skip, quote := 0, 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if skip == 0 && quote == 0 {
				b.WriteString(collapse(string(z.Text())))
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "script", "style", "head", "title":
				skip++
			case "blockquote":
				quote++
			case "br", "p", "div", "tr", "li", "h1", "h2", "h3":
				b.WriteByte('\n')
			}
		case html.SelfClosingTagToken:
			if name, _ := z.TagName(); string(name) == "br" {
				b.WriteByte('\n')
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "script", "style", "head", "title":
				skip = max(0, skip-1)
			case "blockquote":
				quote = max(0, quote-1)
			case "p", "div", "tr", "table":
				b.WriteByte('\n')
			}
		}
	}
}

// collapse makes one blank of many, as a browser does.
func collapse(s string) string {
	out := strings.Join(strings.Fields(s), " ")
	if out == "" {
		return " "
	}
	if strings.TrimLeftFunc(s, unicode.IsSpace) != s {
		out = " " + out
	}
	if strings.TrimRightFunc(s, unicode.IsSpace) != s {
		out += " "
	}
	return out
}

// quoteStarts are the lines after which a reply quotes the letter before.
var quoteStarts = []*regexp.Regexp{
	regexp.MustCompile(`^-{2,}\s*(原始邮件|原邮件|Original Message|Original|转发的邮件|Forwarded message)\s*-{2,}`),
	regexp.MustCompile(`^(在|于)\s*.{4,120}写道[::]\s*$`),
	regexp.MustCompile(`^.{4,120}(写道|wrote)[::]\s*$`),
	regexp.MustCompile(`^On .{4,200} wrote:\s*$`),
	regexp.MustCompile(`^_{10,}\s*$`),
}

// fieldLine begins the block of headers that Outlook and Chinese web mail put above what is quoted.
var fieldLine = regexp.MustCompile(`^\*?(发件人|寄件者|From|发送时间|Sent|收件人|To|日期|Date|主题|Subject)\*?\s*[::]`)

// unquoted keeps what was written now: the quoted letter and lines that begin with > are left out. A letter that is
// nothing but quotation stays whole.
func unquoted(s string) string {
	lines := strings.Split(s, "\n")
	var kept []string
	for i, line := range lines {
		t := strings.TrimSpace(line)
		if quotes(lines, i, t) {
			break
		}
		if strings.HasPrefix(t, ">") {
			continue
		}
		kept = append(kept, strings.TrimSpace(line))
	}
	out := strings.TrimSpace(blankLines.ReplaceAllString(strings.Join(kept, "\n"), "\n\n"))
	if out == "" {
		return strings.TrimSpace(s)
	}
	return out
}

var blankLines = regexp.MustCompile(`\n{3,}`)

func quotes(lines []string, i int, t string) bool {
	for _, q := range quoteStarts {
		if q.MatchString(t) {
			return true
		}
	}
	if !fieldLine.MatchString(t) {
		return false
	}
	n := 0
	for _, next := range lines[i:min(i+6, len(lines))] {
		if fieldLine.MatchString(strings.TrimSpace(next)) {
			n++
		}
	}
	return n >= 3
}

// keyOf is a letter's identity: what stays the same when a mailbox delivers it again under another number.
func keyOf(raw []byte, l letter) string {
	h := sha256.New()
	_, body, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !found {
		_, body, _ = bytes.Cut(raw, []byte("\n\n"))
	}
	if l.ID == "" {
		body = raw
	}
	_, _ = fmt.Fprintf(h, "%s\n", l.ID)
	_, _ = h.Write(bytes.TrimSpace(body))
	return hex.EncodeToString(h.Sum(nil))
}
