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

// publishLocal delivers at once on SQLite; on PostgreSQL the notification comes back to every node, this one too.
func (h *Hub) publishLocal(e Engine, topic string) {
	if e == SQLite {
		h.publish(topic)
	}
}

const channel = "huiyin"

// notify sends the topics inside the transaction: PostgreSQL delivers them after the commit.
func (t *Transaction) notify(ctx context.Context) error {
	if t.db.engine != Postgres || len(t.topics) == 0 {
		return nil
	}
	_, err := t.q.ExecContext(ctx, "select pg_notify($1, $2)", channel, strings.Join(t.topics, "\n"))
	return err
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
