package db

import (
	"os"
	"path/filepath"
	"time"
)

// turn lets the processes over one SQLite file write by turns. SQLite itself keeps no queue: who waits looks again every
// hundredth to tenth of a second, and a busy server, which takes the next batch at once, is hardly ever found between
// two. So whoever waits for the file holds a shared lock on a file beside it, and whoever is about to begin steps back
// for a moment when another one waits. The lock is advice only: what makes a write safe is SQLite's own lock.
type turn struct{ file *os.File }

// stepBack is how long a writer lets another one go first: longer than SQLite sleeps between two looks.
const stepBack = 120 * time.Millisecond

func openTurn(dir string) (turn, error) {
	f, err := os.OpenFile(filepath.Join(dir, "huiyin.turn"), os.O_CREATE|os.O_RDWR, 0o600)
	return turn{f}, err
}

// take runs begin when no other process waits for the file, or after it had its chance.
func (t turn) take(begin func() error) error {
	for start := time.Now(); t.othersWait() && time.Since(start) < stepBack; {
		time.Sleep(time.Millisecond)
	}
	t.wait()
	defer t.done()
	return begin()
}

func (t turn) close() { _ = t.file.Close() }
