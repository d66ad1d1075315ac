//go:build unix

package command

import (
	"errors"
	"os"
	"syscall"
)

// lockFile locks a file for this process alone: held says that it does now, taken that another process does.
func lockFile(f *os.File) (held, taken bool) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	return err == nil, errors.Is(err, syscall.EWOULDBLOCK)
}
