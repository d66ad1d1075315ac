package db

import "time"

// SetWait shortens how long a write waits for the one before it (SQLite).
func (d *DB) SetWait(t time.Duration) { d.wait = t }
