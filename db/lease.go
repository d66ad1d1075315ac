package db

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bwmarrin/snowflake"
)

// lease holds the number that makes this process's ids differ from every other's. Real time, not business time. It is
// never changed, only replaced.
type lease struct {
	node  int64
	token string // a random word, a full stop, and where the process has its keys from
	until time.Time
	ids   *snowflake.Node
}

const (
	leaseFor   = 2 * time.Hour
	leaseRenew = 30 * time.Minute
	leaseMax   = 1023 // snowflake has ten bits for the node
)

func (d *DB) takeLease(ctx context.Context) error {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	l := lease{token: hex.EncodeToString(b) + "." + d.keys.place()}
	err := d.write(ctx, func(ctx context.Context, tx Tx) error { return l.take(ctx, tx, time.Now()) })
	if err != nil {
		return fmt.Errorf("no node number for ids: %w", err)
	}
	d.lease.Store(&l)
	return nil
}

// take claims the smallest number that nobody holds; a clash of two starters ends with one of them one higher.
func (l *lease) take(ctx context.Context, tx Tx, now time.Time) error {
	for l.node = 0; l.node <= leaseMax; l.node++ {
		n, err := Exec(ctx, tx, `insert into db_node (id, token, until_at) values ($1, $2, $3)
			on conflict (id) do update set token = excluded.token, until_at = excluded.until_at where db_node.until_at < $4`,
			l.node, l.token, now.Add(leaseFor), now)
		if err == nil && n == 1 {
			l.extend(now)
			l.ids, err = snowflake.NewNode(l.node)
			return err
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("all %d numbers are taken", leaseMax+1)
}

// extend keeps the end by the wall clock: the monotonic one stands still while the machine sleeps.
func (l *lease) extend(now time.Time) { l.until = now.Add(leaseFor).Round(0) }

func (d *DB) keepLease(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(leaseRenew):
		}
		if err := d.renewLease(ctx); err != nil {
			d.cfg.Log.ErrorContext(ctx, "the node number could not be renewed", "err", err)
		}
	}
}

// holdLease makes sure before a Write that the number is still ours: a process that was stopped, or whose machine
// slept, may wake up after its lease has run out.
func (d *DB) holdLease(ctx context.Context) error {
	if l := d.lease.Load(); l == nil || time.Now().Before(l.until) {
		return nil
	}
	return d.renewLease(ctx)
}

// renewLease extends the lease; when another process has taken the number meanwhile, it claims another one.
func (d *DB) renewLease(ctx context.Context) error {
	d.leasing.Lock()
	defer d.leasing.Unlock()
	old := d.lease.Load()
	var l lease
	err := d.write(ctx, func(ctx context.Context, tx Tx) error {
		l = *old
		now := time.Now()
		n, err := Exec(ctx, tx, "update db_node set until_at = $1 where id = $2 and token = $3", now.Add(leaseFor), l.node, l.token)
		if err != nil || n == 1 {
			l.extend(now)
			return err
		}
		return l.take(ctx, tx, now)
	})
	if err != nil {
		return err
	}
	if d.lease.Store(&l); l.node != old.node {
		d.cfg.Log.WarnContext(ctx, "the node number was lost to another process; this one goes on under another", "was", old.node, "is", l.node)
	}
	return nil
}

func (d *DB) dropLease() {
	l := d.lease.Load()
	if l == nil {
		return
	}
	_ = d.write(context.Background(), func(ctx context.Context, tx Tx) error {
		_, err := Exec(ctx, tx, "delete from db_node where id = $1 and token = $2", l.node, l.token)
		return err
	})
}

// OtherProcesses counts the other processes that have the database open: those that read their master keys from the
// same file as this one (here), which notice a new key by themselves, and all others (elsewhere). One that crashed
// counts for up to two hours. In a Write it holds them: of two callers, the second waits for the first one's commit.
func OtherProcesses(ctx context.Context, tx Tx) (here, elsewhere int, err error) {
	mine := tx.db.lease.Load()
	if mine == nil {
		return 0, 0, errors.New("db: not started")
	}
	query := "select token from db_node where until_at > $1 or token = $2 order by id"
	if tx.Writing() {
		query = Locked(tx, query)
	}
	tokens, err := Values[string](ctx, tx, query, time.Now(), mine.token)
	for _, token := range tokens {
		_, place, _ := strings.Cut(token, ".")
		switch {
		case token == mine.token:
		case place != "" && place == tx.db.keys.place():
			here++
		default:
			elsewhere++
		}
	}
	return here, elsewhere, err
}
