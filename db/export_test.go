package db

import "time"

// SetWait shortens how long a write waits for the one before it (SQLite).
func (d *DB) SetWait(t time.Duration) { d.wait = t }

// SetAside lengthens how long a shared write stands by the writer (PostgreSQL).
func (d *DB) SetAside(t time.Duration) { d.aside = t }

// EndLease makes the process believe that its lease is over.
func (d *DB) EndLease() {
	l := *d.lease.Load()
	l.until = time.Time{}
	d.lease.Store(&l)
}
