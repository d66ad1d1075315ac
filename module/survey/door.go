package survey

import (
	"sync"
	"time"

	"huiyin/core"
)

// Limits of the public page, in real time. Guesses are counted by address, since a whole building may share one, and right
// tokens are not guesses; submissions are counted by token.
const (
	window      = time.Minute
	guessesMax  = 30
	submitsMax  = 20
	rememberMax = 20_000
)

// door stands before the public page and counts. It belongs to one App and is safe for concurrent use.
type door struct {
	mu    sync.Mutex
	began time.Time
	count map[string]int
	now   func() time.Time
}

func newDoor() *door { return &door{count: map[string]int{}, now: time.Now} }

// turn begins a new window when the last is over, or when there is no room to remember more.
func (d *door) turn() {
	if now := d.now(); now.Sub(d.began) > window || len(d.count) > rememberMax {
		d.began = now
		clear(d.count)
	}
}

// missed counts a link that was none of ours, and refuses who has guessed too often.
func (d *door) missed(who string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn()
	d.count["a "+who]++
	return tooMany(d.count["a "+who] > guessesMax)
}

// again refuses a token that submits without end.
func (d *door) again(token string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn()
	d.count["t "+token]++
	return tooMany(d.count["t "+token] > submitsMax)
}

func tooMany(much bool) error {
	if !much {
		return nil
	}
	return &core.Err{Kind: core.KindTooMany, Text: core.T("请求太多了,请一分钟后再试", "Too many requests; please try again in a minute")}
}
