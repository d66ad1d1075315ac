package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/module/followup"
)

// drawn is how long the month's draw takes (C14.3).
type drawn struct {
	matters int
	chosen  int
	took    time.Duration // the median of draws
}

// draws is how often the month is drawn.
const draws = 5

// sampler draws three in ten of a month's closed matters, over sixty floors and a thousand customers.
func (b *bench) sampler(f *figures) error {
	if !strings.Contains("sampler", b.only) {
		return nil
	}
	dir, at, err := b.fresh("sampler")
	if err != nil {
		return err
	}
	s, err := b.open(dir, at)
	if err != nil {
		return err
	}
	defer s.app.Close() //nolint:errcheck // thrown away
	f.sampler.matters = b.closed
	month := core.MonthOf(time.Now(), s.project.Zone)
	if err := s.fillPool(month, b.closed); err != nil {
		return err
	}
	var took []time.Duration
	for range draws {
		err := s.app.DB.Read(s.ctx, func(ctx context.Context, tx db.Tx) error {
			start := time.Now()
			ids, err := followup.Draw(ctx, tx, followup.Repair, month, int64(b.closed)*3/10)
			took, f.sampler.chosen = append(took, time.Since(start)), len(ids)
			return err
		})
		if err != nil {
			return err
		}
	}
	f.sampler.took = percentile(took, 50)
	fmt.Fprintf(os.Stderr, "   %-40s %v\n", "sampler", f.sampler.took)
	return nil
}

// fillPool puts so many closed repairs of a month into the pool.
func (s *site) fillPool(month core.Month, n int) error {
	pool := into("followup_pool", "project_id", "id", "kind", "record_id", "part_id", "occasion", "month", "closed_at", "spot", "customer_id", "lot", "counted", "live", "exempt", "drawn")
	for from := 0; from < n; from += perWrite {
		err := s.app.DB.Write(s.ctx, func(ctx context.Context, tx db.Tx) error {
			for i := from; i < min(from+perWrite, n); i++ {
				id := tx.NewID()
				lot := int64(uint64(i) * 0x9e3779b97f4a7c15 >> 2)
				if err := pool.add(ctx, tx, s.project.ID, id, "repair", id, 0, followup.Repair, month, time.Now(), i%60, i%60*100+i%17, lot, month, true, "", i%50 == 0); err != nil {
					return err
				}
			}
			return pool.flush(ctx, tx)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
