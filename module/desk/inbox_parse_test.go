package desk

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

func gbk(s string) string {
	b, err := simplifiedchinese.GBK.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return b
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

const heads = "From: =?UTF-8?B?6ZmI6Z2Z?= <Chen@Huada.example>\nTo: desk@lhgc.example\nSubject: test\nMessage-ID: <a1@huada.example>\n"

func TestLettersAreUnderstood(t *testing.T) {
	for name, c := range map[string]struct {
		raw           string
		subject, text string
		from, address string
		files         int
		auto          bool
		mute          bool
		notes         int
	}{
		"plain":                          {raw: heads + "\n会议室太热,请看一下。\n", subject: "test", text: "会议室太热,请看一下。", from: "陈静", address: "chen@huada.example"},
		"GBK as bytes without a charset": {raw: "From: " + gbk("陈静") + " <chen@huada.example>\nSubject: " + gbk("空调不制冷") + "\n\n" + gbk("十二楼空调不制冷,请尽快处理"), subject: "空调不制冷", text: "十二楼空调不制冷,请尽快处理", from: "陈静", address: "chen@huada.example"},
		"GB18030, base64, encoded words": {raw: "From: =?gb18030?B?" + base64.StdEncoding.EncodeToString([]byte(gbk("陈静"))) + "?= <chen@huada.example>\nSubject: =?GBK?B?" + base64.StdEncoding.EncodeToString([]byte(gbk("漏水"))) + "?=\nContent-Type: text/plain; charset=\"gb2312\"\nContent-Transfer-Encoding: base64\n\n" +
			base64.StdEncoding.EncodeToString([]byte(gbk("茶水间漏水"))), subject: "漏水", text: "茶水间漏水", from: "陈静"},
		"GBK that calls itself UTF-8":   {raw: heads + "Content-Type: text/plain; charset=utf-8\n\n" + gbk("电梯停了"), text: "电梯停了"},
		"a charset nobody knows":        {raw: heads + "Content-Type: text/plain; charset=x-mars\n\n电梯停了", text: "电梯停了"},
		"quoted-printable in Latin-1":   {raw: heads + "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nCaf=E9 closed", text: "Café closed"},
		"HTML alone":                    {raw: heads + "Content-Type: text/html; charset=utf-8\n\n<html><head><style>p{}</style></head><body><p>灯&nbsp;坏了</p><div>在<b>3</b> 楼</div><script>x()</script><blockquote>旧信</blockquote></body></html>", text: "灯 坏了\n\n在3 楼"},
		"both, of which the plain wins": {raw: heads + "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n纯文本\n--b\nContent-Type: text/html\n\n<p>HTML</p>\n--b--\n", text: "纯文本"},
		"an English reply":              {raw: heads + "\nIt is still hot.\n\nOn Mon, 2 Nov 2026 at 09:00, Desk <desk@lhgc.example> wrote:\n> We came by.\n", text: "It is still hot."},
		"a reply of QQ":                 {raw: heads + "\n还是热\n\n------------------ 原始邮件 ------------------\n发件人: \"客服\"\n我们已处理\n", text: "还是热"},
		"a reply of Outlook":            {raw: heads + "\n还是热\n\n发件人: 客服\n发送时间: 2026年11月2日\n收件人: 陈静\n主题: 回复\n\n我们已处理", text: "还是热"},
		"a reply of Foxmail":            {raw: heads + "\n还是热\n\n在 2026年11月2日,客服 写道:\n我们已处理", text: "还是热"},
		"a word that looks like a head": {raw: heads + "\n发件人: 我不认识\n请帮忙查", text: "发件人: 我不认识\n请帮忙查"},
		"nothing but quotation":         {raw: heads + "\n> 请尽快\n", text: "> 请尽快"},
		"an attachment named in GBK": {raw: heads + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n见附件\n--b\nContent-Type: application/pdf; name=\"=?GBK?B?" + base64.StdEncoding.EncodeToString([]byte(gbk("账单.pdf"))) + "?=\"\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n--b--\n",
			text: "见附件", files: 1},
		"an attachment that cannot be decoded": {raw: heads + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n见附件\n--b\nContent-Disposition: attachment; filename=a.pdf\nContent-Transfer-Encoding: base64\n\n***\n--b--\n", text: "见附件", notes: 1},
		"cut off on its way":                   {raw: heads + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n见附件\n--b\nContent-Disposition: attachment; filename=a.txt\n\nabc", text: "见附件", notes: 2},
		"a logo inside":                        {raw: heads + "Content-Type: multipart/related; boundary=b\n\n--b\n\n你好\n--b\nContent-Type: image/png\nContent-ID: <x>\nContent-Disposition: inline\n\nPNG\n--b--\n", text: "你好"},
		"an absence note":                      {raw: heads + "Auto-Submitted: auto-replied\n\n休假中", auto: true, mute: true, text: "休假中"},
		"not automatic, and says so":           {raw: heads + "Auto-Submitted: no\n\n你好", text: "你好"},
		"a mailing list":                       {raw: heads + "List-Id: <news.example>\n\n本周特价", auto: true, mute: true, text: "本周特价"},
		"bulk":                                 {raw: heads + "Precedence: bulk\n\n本周特价", auto: true, mute: true, text: "本周特价"},
		"a bounce":                             {raw: "From: MAILER-DAEMON@x.example\nSubject: Undelivered\nContent-Type: multipart/report; boundary=b\n\n--b\n\nfailed\n--b--\n", auto: true, mute: true, text: "failed", subject: "Undelivered", address: "mailer-daemon@x.example"},
		"a sender that reads nothing":          {raw: "From: no-reply@bank.example\nSubject: s\n\nx", mute: true, subject: "s", text: "x"},
		"a sender against all rules":           {raw: "From: 客服 部 chen@huada.example (x\nSubject: s\n\nx", address: "chen@huada.example", subject: "s", text: "x"},
		"control characters":                   {raw: heads + "\na\x00b\x07c\x1b[0m", text: "abc[0m"},
		"a subject over several lines":         {raw: "From: a@b.example\nSubject: =?UTF-8?B?5rip?=\n =?UTF-8?B?5bqm?=\n\nx", subject: "温度", text: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := understand([]byte(crlf(c.raw)))
			if err != nil {
				t.Fatal(err)
			}
			if l.Text != c.text || c.subject != "" && l.Subject != c.subject || c.from != "" && l.Name != c.from || c.address != "" && l.Address != c.address {
				t.Errorf("from %q <%s>, subject %q, text %q", l.Name, l.Address, l.Subject, l.Text)
			}
			if len(l.Files) != c.files || l.Auto.Is() != c.auto || l.Mute != c.mute || len(l.Notes) != c.notes {
				t.Errorf("%d files, automatic %v, mute %v, notes %v", len(l.Files), l.Auto, l.Mute, l.Notes)
			}
		})
	}
}

func TestLettersThatAPersonHasToLookAt(t *testing.T) {
	deep := heads
	for i := range 14 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	many := heads + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", partsMax+2) + "--b--\n"
	for name, raw := range map[string]string{
		"nothing":                   "",
		"no head":                   "\x00\x01\x02 no letter at all",
		"no sender":                 "Subject: x\n\ny",
		"a sender of nothing":       "From: <>\nSubject: x\n\ny",
		"no boundary":               heads + "Content-Type: multipart/mixed\n\nx",
		"parts that never begin":    heads + "Content-Type: multipart/mixed; boundary=b\n\nx",
		"too deep":                  deep,
		"too many parts":            many,
		"text that is no base64":    heads + "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!!",
		"neither subject nor words": "From: a@b.example\n\n\n",
	} {
		if l, err := understand([]byte(crlf(raw))); err == nil {
			t.Errorf("%s: understood as %+v", name, l)
		}
	}
}

func TestTheSameLetterHasOneKeyHoweverItTravelled(t *testing.T) {
	key := func(raw string) string { l, _ := understand([]byte(crlf(raw))); return keyOf([]byte(crlf(raw)), l) }
	one := key("Received: by a\n" + heads + "\nhot\n")
	if one != key("Received: by b\nReceived: by c\n"+heads+"\nhot\n") {
		t.Error("delivered on another way it is another letter")
	}
	if one == key(heads+"\nvery hot\n") {
		t.Error("another text under the same Message-ID is the same letter")
	}
	if key("From: a@b.example\nSubject: x\n\ny") == key("From: c@b.example\nSubject: x\n\ny") {
		t.Error("without Message-ID two senders write the same letter")
	}
}

func FuzzUnderstand(f *testing.F) {
	for _, s := range []string{heads + "\nx", heads + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: text/html; charset=gbk\n\n<p>" + gbk("你好") + "\n--b--", "From: a@b\nContent-Type: text/plain; charset=utf-16\n\nab"} {
		f.Add([]byte(crlf(s)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := understand(raw)
		if err != nil {
			return
		}
		for _, s := range []string{l.Name, l.Address, l.Subject, l.Text, l.ID} {
			if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
				t.Errorf("%q cannot be stored", s)
			}
		}
		if keyOf(raw, l) != keyOf(bytes.Clone(raw), l) {
			t.Error("the key is not stable")
		}
	})
}
