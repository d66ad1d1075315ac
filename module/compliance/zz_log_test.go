package compliance_test

import (
	"log/slog"
	"os"
)

func slogNone() *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})) }
