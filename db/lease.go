package db

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/bwmarrin/snowflake"
)

// lease holds the number that makes this process's ids differ from every other's. Real time, not business time.
type lease struct {
	node  int64
	token string
}

const (
	leaseFor   = 2 * time.Hour
	leaseRenew = 30 * time.Minute
	leaseMax   = 1023 // snowflake has ten bits for the node
)

func (d *DB) takeLease(ctx context.Context) error {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	l := &lease{token: hex.EncodeToString(b)}
	err := d.write(ctx, func(ctx context.Context, tx Tx) error {
		return l.take(ctx, tx, time.Now())
	})
	if err != nil {
		return fmt.Errorf("no node number for ids: %w", err)
	}
	d.lease = l
	d.node, err = snowflake.NewNode(l.node)
	return err
}

// take claims the smallest number that nobody holds; a clash of two starters ends with one of them one higher.
func (l *lease) take(ctx context.Context, tx Tx, now time.Time) error {
	for l.node = 0; l.node <= leaseMax; l.node++ {
		n, err := Exec(ctx, tx, `insert into db_node (id, token, until_at) values ($1, $2, $3)
			on conflict (id) do update set token = excluded.token, until_at = excluded.until_at where db_node.until_at < $4`,
			l.node, l.token, now.Add(leaseFor), now)
		if err != nil || n == 1 {
			return err
		}
	}
	return fmt.Errorf("all %d numbers are taken", leaseMax+1)
}

func (d *DB) keepLease(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(leaseRenew):
		}
		err := d.write(ctx, func(ctx context.Context, tx Tx) error {
			_, err := Exec(ctx, tx, "update db_node set until_at = $1 where id = $2 and token = $3",
				time.Now().Add(leaseFor), d.lease.node, d.lease.token)
			return err
		})
		if err != nil {
			d.cfg.Log.ErrorContext(ctx, "the node number could not be renewed", "err", err)
		}
	}
}

func (d *DB) dropLease() {
	if d.lease == nil {
		return
	}
	_ = d.write(context.Background(), func(ctx context.Context, tx Tx) error {
		_, err := Exec(ctx, tx, "delete from db_node where id = $1 and token = $2", d.lease.node, d.lease.token)
		return err
	})
}
