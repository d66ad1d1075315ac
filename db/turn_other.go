//go:build !unix

package db

// Without these locks processes over one SQLite file wait as SQLite does, by chance.

func (turn) othersWait() bool { return false }
func (turn) wait()            {}
func (turn) done()            {}
