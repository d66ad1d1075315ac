// Package command is what `huiyin` does on the command line: serve, and the tools of an operator. Exit status is 0, 1
// (refused or failed) or 2 (usage). One serve works on a SQLite file; commands may run beside it, but for restore.
package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"huiyin/app"
	"huiyin/core"
	"huiyin/db"
	"huiyin/i18n"
)

// where says which database a command works on.
type where struct {
	Data        string `help:"Data directory." default:"./data" env:"HUIYIN_DATA"`
	DatabaseURL string `help:"PostgreSQL URL; without it, SQLite in the data directory." env:"HUIYIN_DATABASE_URL"`
	LogLevel    string `help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error" env:"HUIYIN_LOG_LEVEL"`
}

type cli struct {
	Serve   serveCmd   `cmd:"" help:"Serve pages and API."`
	Migrate migrateCmd `cmd:"" help:"Bring the database schema up to date."`
	User    struct {
		Add userAddCmd `cmd:"" help:"Add a user."`
	} `cmd:"" help:"Users."`
	Token struct {
		Add tokenAddCmd `cmd:"" help:"Make an API token for a user; it is printed once."`
	} `cmd:"" help:"API tokens."`
	Import  importCmd  `cmd:"" help:"Import an office workbook."`
	Verify  verifyCmd  `cmd:"" help:"Check the journal's chain, the files and the database."`
	Backup  backupCmd  `cmd:"" help:"Write a backup of everything but the keys."`
	Restore restoreCmd `cmd:"" help:"Load a backup into an empty database of either engine."`
	Key     struct {
		Export keyExportCmd `cmd:"" help:"Print the master keys, to keep apart from the backups."`
		New    keyNewCmd    `cmd:"" help:"Print a fresh key, as a further line of HUIYIN_KEYS; nothing is changed."`
		Rotate keyRotateCmd `cmd:"" help:"Make a new master key and seal everything anew under it."`
		Reseal keyResealCmd `cmd:"" help:"Seal anew, under the newest key, what an older one sealed."`
	} `cmd:"" help:"Master keys."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// env is what every command gets.
type env struct {
	ctx     context.Context
	in      io.Reader
	out     io.Writer
	err     io.Writer
	version string
	lang    core.Lang
}

// Main runs one command and returns the exit status.
func Main(args []string, in io.Reader, out, errOut io.Writer, version string) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("huiyin"), kong.Description("Huiyin 回音: customer service and operations of commercial property."),
		kong.Writers(out, errOut), kong.UsageOnError(), kong.Exit(func(code int) { panic(exit(code)) }))
	if err != nil {
		fmt.Fprintln(errOut, err)
		return 2
	}
	return run(parser, args, &env{in: in, out: out, err: errOut, version: version, lang: i18n.OfEnvironment(os.Getenv)})
}

// exit carries the status that kong asked for (--help) out of the parser.
type exit int

func run(parser *kong.Kong, args []string, e *env) (status int) {
	defer func() {
		if p := recover(); p != nil {
			code, ok := p.(exit)
			if !ok {
				panic(p)
			}
			status = int(code)
		}
	}()
	kctx, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(e.err, "huiyin:", err)
		fmt.Fprintln(e.err, "huiyin --help")
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e.ctx = core.WithLang(ctx, e.lang)
	if err := kctx.Run(e); err != nil {
		fmt.Fprintln(e.err, "huiyin:", sentence(err, e.lang))
		return 1
	}
	return 0
}

// sentence is an error as a person reads it, with the clause and the fields.
func sentence(err error, lang core.Lang) string {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, one := range many.Unwrap() {
			all = append(all, sentence(one, lang))
		}
		return strings.Join(all, "; ")
	}
	e, ok := err.(*core.Err) //nolint:errorlint // a wrapped one keeps the words around it
	if !ok {
		return err.Error()
	}
	text := e.Text.In(lang)
	if e.Clause != "" {
		text += " [" + e.Clause + "]"
	}
	for _, f := range e.Fields {
		if f.Name != "" && f.Text.In(lang) != e.Text.In(lang) {
			text += "; " + f.Name + ": " + f.Text.In(lang)
		}
	}
	if e.Kind == core.KindInternal && e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

func (w where) log(out io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(w.LogLevel))
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level}))
}

// open opens the App and gives a context in which the system acts.
func (w where) open(e *env) (*app.App, context.Context, error) {
	a, err := app.Open(e.ctx, app.Config{Dir: w.Data, DatabaseURL: w.DatabaseURL, Log: w.log(e.err)})
	if err != nil {
		return nil, nil, err
	}
	return a, core.AsSystem(a.Context(e.ctx)), nil
}

// with opens, runs and closes.
func (w where) with(e *env, fn func(ctx context.Context, a *app.App) error) error {
	a, ctx, err := w.open(e)
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, a), a.Close())
}

// must refuses a place without a database: a slip in --data would otherwise make a new one, and back that up.
func (w where) must() error {
	path := filepath.Join(w.Data, "huiyin.db")
	if _, err := os.Stat(path); w.DatabaseURL == "" && errors.Is(err, fs.ErrNotExist) {
		return core.Conflict("%s 不存在:请看 --data 是否写对", "There is no %s; is --data right?", path)
	}
	return nil
}

// within is with, for commands that need a database that is there already.
func (w where) within(e *env, fn func(ctx context.Context, a *app.App) error) error {
	if err := w.must(); err != nil {
		return err
	}
	return w.with(e, fn)
}

type migrateCmd struct{ where }

func (c *migrateCmd) Run(e *env) error {
	return c.with(e, func(context.Context, *app.App) error { fmt.Fprintln(e.err, "ok"); return nil })
}

type versionCmd struct{}

func (versionCmd) Run(e *env) error {
	fmt.Fprintln(e.out, "huiyin", e.version)
	return nil
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// inTx runs fn in one Write.
func inTx(ctx context.Context, a *app.App, fn func(context.Context, db.Tx) error) error {
	return a.DB.Write(ctx, fn)
}
