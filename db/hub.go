package db

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Hub hands topics to the browsers that wait for them. It carries names only, never content.
type Hub struct {
	mu   sync.Mutex
	subs map[chan string]func(string) bool
}

func newHub() *Hub { return &Hub{subs: map[chan string]func(string) bool{}} }

// Subscribe returns a channel of the topics that want accepts, and the function that ends it. A slow reader loses
// topics rather than holding up the writers; it fetches whole fragments anyway.
func (h *Hub) Subscribe(want func(topic string) bool) (<-chan string, func()) {
	ch := make(chan string, 64)
	h.mu.Lock()
	h.subs[ch] = want
	h.mu.Unlock()
	return ch, func() {
		h.mu.Lock()
		delete(h.subs, ch)
		h.mu.Unlock()
	}
}

func (h *Hub) publish(topic string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch, want := range h.subs {
		if !want(topic) {
			continue
		}
		select {
		case ch <- topic:
		default:
		}
	}
}

// publish delivers at once on SQLite; on PostgreSQL all nodes are told, and this one hears it as they do. When a thousand
// wait to be told, the browsers have been told enough.
func (d *DB) publish(topic string) {
	if d.engine == SQLite {
		d.hub.publish(topic)
		return
	}
	select {
	case d.topics <- topic:
	default:
	}
}

const channel = "huiyin"

// tellMax bounds the bytes of one message; PostgreSQL takes 8000.
const tellMax = 7000

// tell sends the topics of committed transactions to all nodes, many in one message. It is not part of the transactions:
// PostgreSQL lets those that notify commit one after another, each waiting for the disk alone.
func (d *DB) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			d.tellRest()
			return
		case topic := <-d.topics:
			d.tellNodes(ctx, d.waiting(topic))
		}
	}
}

// tellRest tells what a command changed before it ends.
func (d *DB) tellRest() {
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	for len(d.topics) > 0 {
		d.tellNodes(ctx, d.waiting(<-d.topics))
	}
}

// waiting joins the topic and those behind it, each once.
func (d *DB) waiting(first string) string {
	said, seen := first, map[string]bool{first: true}
	for len(said) < tellMax {
		select {
		case topic := <-d.topics:
			if !seen[topic] {
				seen[topic], said = true, said+"\n"+topic
			}
		default:
			return said
		}
	}
	return said
}

func (d *DB) tellNodes(ctx context.Context, topics string) {
	if _, err := d.sql.ExecContext(ctx, "select pg_notify($1, $2)", channel, topics); err != nil && ctx.Err() == nil {
		d.cfg.Log.WarnContext(ctx, "live pages: a change was not told", "err", err)
	}
}

// listen passes on what any node published, reconnecting for as long as the database is open.
func (d *DB) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := d.listenOnce(ctx); err != nil && ctx.Err() == nil {
			d.cfg.Log.WarnContext(ctx, "live pages: lost the connection, trying again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (d *DB) listenOnce(ctx context.Context) error {
	c, err := pgx.Connect(ctx, d.cfg.URL)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing to save
	if _, err := c.Exec(ctx, "listen "+channel); err != nil {
		return err
	}
	for {
		n, err := c.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		for topic := range strings.SplitSeq(n.Payload, "\n") {
			d.hub.publish(topic)
		}
	}
}
