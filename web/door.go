package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/notify"
)

// Limits of the pages that need no sign-in, in real time. Guesses are counted by the sender's address, since a whole building
// may share one, and right links are not guesses.
const (
	doorWindow  = time.Minute
	guessesMax  = 30
	rememberMax = 20_000
)

// Door stands before pages that need no sign-in and counts. It belongs to one App and is safe for concurrent use.
type Door struct {
	mu     sync.Mutex
	began  time.Time
	count  map[string]int
	inside map[string]int
	all    int
	now    func() time.Time
}

// NewDoor makes a door that has seen nobody.
func NewDoor() *Door {
	return &Door{count: map[string]int{}, inside: map[string]int{}, now: time.Now}
}

// turn begins a new window when the last is over, or when there is no room to remember more.
func (d *Door) turn() {
	if now := d.now(); now.Sub(d.began) > doorWindow || len(d.count) > rememberMax {
		d.began = now
		clear(d.count)
	}
}

// Missed counts a link that was none of ours, and refuses who has guessed too often (KindTooMany).
func (d *Door) Missed(who string) error { return d.Again("guess "+who, guessesMax) }

// Again counts one more of what the key names, and refuses more than most of them in a minute (KindTooMany).
func (d *Door) Again(key string, most int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn()
	d.count[key]++
	if d.count[key] <= most {
		return nil
	}
	return tooMany()
}

// Enter lets one request in while no more than ofOne of the same sender, and atOnce of all, are inside; KindBusy else. The
// sender leaves when his request is over.
func (d *Door) Enter(who string, ofOne, atOnce int) (leave func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inside[who] >= ofOne || d.all >= atOnce {
		return nil, &core.Err{Kind: core.KindBusy, Text: core.T("现在提交的人太多,请稍等片刻,再返回上一页重新提交", "Too many people are sending at the moment; please wait a little, go back and send again")}
	}
	d.inside[who]++
	d.all++
	return sync.OnceFunc(func() { d.left(who) }), nil
}

func (d *Door) left(who string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all--
	if d.inside[who]--; d.inside[who] == 0 {
		delete(d.inside, who)
	}
}

func tooMany() error {
	return &core.Err{Kind: core.KindTooMany, Text: core.T("请求太多了,请一分钟后再试", "Too many requests; please try again in a minute")}
}

// tokenBytes is the length of a token: nobody guesses 128 bits.
const tokenBytes = 16

// Token computes an unguessable link's token under the firm's keys, of what it is for and what it names: it is on no page of
// the database, and what is printed later says the same one. It is URL-safe.
func Token(tx db.Tx, purpose string, parts ...string) string {
	sum := sha256.Sum256([]byte(db.Blind(tx, purpose, strings.Join(parts, "/"))))
	return base64.RawURLEncoding.EncodeToString(sum[:tokenBytes])
}

// TokenLike reports whether s may be a token at all.
func TokenLike(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == tokenBytes
}

// Base is where people outside reach this system, without a slash at its end: as the firm has set it, else as this request
// came.
func (r *Request) Base(ctx context.Context, tx db.Tx) (string, error) {
	s, err := notify.SettingsOf(ctx, tx)
	if s.Site.Base != "" {
		return strings.TrimRight(s.Site.Base, "/"), err
	}
	scheme := "http://"
	if r.HTTP.TLS != nil || r.HTTP.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https://"
	}
	return scheme + r.HTTP.Host, err
}
