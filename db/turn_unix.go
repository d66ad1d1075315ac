//go:build unix

package db

import "syscall"

func (t turn) lock(how int) error { return syscall.Flock(int(t.file.Fd()), how) }

// othersWait reports whether another process holds the lock, in part or whole.
func (t turn) othersWait() bool {
	return t.lock(syscall.LOCK_EX|syscall.LOCK_NB) == syscall.EWOULDBLOCK
}

func (t turn) wait() { _ = t.lock(syscall.LOCK_SH | syscall.LOCK_NB) }
func (t turn) done() { _ = t.lock(syscall.LOCK_UN) }
