package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// liveCheck is how often an open push connection asks whether its session still stands.
const liveCheck = time.Minute

// Live is the push route of one project: after a commit the topic's last word ("duty", "repair") is sent, never
// content; the page fetches its fragment with its own rights.
func (s *Server) Live(w http.ResponseWriter, r *Request) {
	ctx := r.HTTP.Context()
	prefix := "p/" + r.Project.ID.String() + "/"
	topics, stop := s.cfg.DB.Hub().Subscribe(func(t string) bool { return strings.HasPrefix(t, prefix) })
	defer stop()
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	fmt.Fprint(w, "retry: 3000\n\n")
	_ = rc.Flush()
	check := time.NewTicker(s.check)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-topics:
			_, err := fmt.Fprintf(w, "event: %s\ndata: 1\n\n", strings.ReplaceAll(strings.TrimPrefix(t, prefix), "/", "-"))
			if err != nil || rc.Flush() != nil {
				return
			}
		case <-check.C:
			if !s.stillSignedIn(ctx, r) {
				return
			}
			fmt.Fprint(w, ": still here\n\n")
			_ = rc.Flush()
		}
	}
}

func (s *Server) stillSignedIn(ctx context.Context, r *Request) bool {
	err := s.cfg.DB.Read(ctx, func(ctx context.Context, tx db.Tx) error {
		a, _, err := s.cfg.SignIn(ctx, tx, r.HTTP)
		if err == nil && len(a.Seats[r.Project.ID].Roles) == 0 {
			err = core.NotFound()
		}
		return err
	})
	return err == nil
}
