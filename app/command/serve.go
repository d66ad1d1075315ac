package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"huiyin/app"
	"huiyin/core"
	"huiyin/seed"
)

type serveCmd struct {
	where
	Addr string `help:"Address to listen on." default:"localhost:8080" env:"HUIYIN_ADDR"`
	Demo bool   `help:"Fill an empty database with a demo building: a year of repairs, one sign-in for each role."`
	TLS  bool   `help:"The server stands behind TLS: cookies are Secure, HSTS is sent." env:"HUIYIN_TLS"`
}

func (c *serveCmd) Run(e *env) error {
	place, err := c.alone()
	if err != nil {
		return err
	}
	defer place.release() // after the database is closed
	a, err := app.Open(e.ctx, app.Config{Dir: c.Data, DatabaseURL: c.DatabaseURL, Log: c.log(e.err), Secure: c.TLS, Alone: place.held})
	if err != nil {
		return err
	}
	if c.Demo {
		if err := c.demo(e, a); err != nil {
			return errors.Join(err, a.Close())
		}
	}
	ln, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	a.Start(e.ctx)
	srv := &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 5 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	fmt.Fprintf(e.err, "Huiyin 回音 %s · http://%s\n", e.version, ln.Addr())
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err = <-failed:
	case <-e.ctx.Done():
		err = shutdown(srv)
	}
	return errors.Join(err, a.Close())
}

// shutdown lets running requests end; live streams are cut after a moment.
func shutdown(srv *http.Server) error {
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return srv.Close()
	}
	return err
}

func (c *serveCmd) demo(e *env, a *app.App) error {
	logins, err := seed.Demo(core.AsSystem(a.Context(e.ctx)), a)
	if err != nil {
		return fmt.Errorf("filling the demo building: %w", err)
	}
	for _, l := range logins {
		fmt.Fprintf(e.err, "  %-10s %-16s %s\n", l.Login, l.Password, l.Role.Name().In(e.lang))
	}
	return nil
}
