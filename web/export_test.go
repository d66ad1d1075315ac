package web

import "time"

// SetCheck shortens how often an open push connection asks whether its session still stands.
func (s *Server) SetCheck(d time.Duration) { s.check = d }
