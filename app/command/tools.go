package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"huiyin/app"
	"huiyin/app/ops"
	"huiyin/core"
	"huiyin/db"
	"huiyin/module/project"
	"huiyin/module/user"
	"huiyin/sheet"
)

type userAddCmd struct {
	where
	Login         string   `required:"" help:"Sign-in name."`
	Name          string   `help:"Name as shown; the sign-in name by default."`
	Role          []string `required:"" help:"Role code: desk, supervisor, technician, manager, admin, …"`
	Project       string   `required:"" help:"Project, by name or code; made when absent."`
	PasswordStdin bool     `required:"" help:"Read the password from standard input."`
}

func (c *userAddCmd) Run(e *env) error {
	line, err := bufio.NewReader(e.in).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	password := strings.TrimRight(line, "\r\n")
	return c.with(e, func(ctx context.Context, a *app.App) error {
		return inTx(ctx, a, func(ctx context.Context, tx db.Tx) error {
			p, err := ensureProject(ctx, tx, c.Project)
			if err != nil {
				return err
			}
			roles := make([]core.Role, len(c.Role))
			for i, r := range c.Role {
				roles[i] = core.Role(r)
			}
			if c.Name == "" {
				c.Name = c.Login
			}
			_, err = user.Add(ctx, tx, user.In{Login: c.Login, Name: c.Name, Password: core.Secret(password), Roles: map[core.ID][]core.Role{p.ID: roles}})
			return err
		})
	})
}

func ensureProject(ctx context.Context, tx db.Tx, name string) (core.Project, error) {
	p, err := project.ByName(ctx, tx, name)
	if core.IsKind(err, core.KindNotFound) {
		return project.Create(ctx, tx, project.In{Name: name})
	}
	return p, err
}

type tokenAddCmd struct {
	where
	Login string   `required:"" help:"The user on whose behalf the token acts."`
	Name  string   `default:"command line" help:"What the token is for."`
	Scope []string `help:"Permissions that the token is limited to, such as repair.view; all of the user's by default."`
}

func (c *tokenAddCmd) Run(e *env) error {
	return c.within(e, func(ctx context.Context, a *app.App) error {
		var secret string
		err := inTx(ctx, a, func(ctx context.Context, tx db.Tx) (err error) {
			secret, err = user.TokenFor(ctx, tx, c.Login, c.Name, c.Scope)
			return err
		})
		if err == nil {
			fmt.Fprintln(e.out, secret)
		}
		return err
	})
}

type importCmd struct {
	where
	Project string `required:"" help:"Project, by name or code; made when absent."`
	DryRun  bool   `help:"Show what would change; commit nothing."`
	JSON    bool   `help:"Print the result as one JSON object to standard output."`
	File    string `arg:"" help:"Workbook (.xlsx)."`
}

func (c *importCmd) Run(e *env) error {
	return c.with(e, func(ctx context.Context, a *app.App) error {
		project := func(ctx context.Context) (core.Project, error) { return c.project(ctx, a) }
		res, err := sheet.Command(ctx, a.DB, a.Lists.Sheets, c.File, c.DryRun, project, e.err)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.out, res)
		}
		return res.Print(e.err, e.lang)
	})
}

// project finds the project or makes it. A dry run makes none: it compares with an empty one.
func (c *importCmd) project(ctx context.Context, a *app.App) (p core.Project, err error) {
	err = inTx(ctx, a, func(ctx context.Context, tx db.Tx) (err error) {
		if !c.DryRun {
			p, err = ensureProject(ctx, tx, c.Project)
			return err
		}
		p, err = project.ByName(ctx, tx, c.Project)
		if core.IsKind(err, core.KindNotFound) {
			p, err = core.Project{ID: tx.NewID(), Name: c.Project, Zone: core.China}, nil
		}
		return err
	})
	return p, err
}

type verifyCmd struct{ where }

func (c *verifyCmd) Run(e *env) error {
	return c.within(e, func(ctx context.Context, a *app.App) error {
		rep, err := ops.Verify(ctx, a.DB, a.Store, a.Lists.Tables)
		if err != nil {
			return err
		}
		return rep.Print(e.out, e.lang)
	})
}

type backupCmd struct {
	where
	File string `arg:"" help:"The archive to write."`
}

// Run writes to a temporary name first: a backup that exists is complete.
func (c *backupCmd) Run(e *env) error {
	return c.within(e, func(ctx context.Context, a *app.App) error {
		f, err := os.CreateTemp(filepath.Dir(c.File), ".huiyin-backup-*")
		if err != nil {
			return err
		}
		defer os.Remove(f.Name()) //nolint:errcheck // gone after the rename
		m, err := ops.Backup(ctx, a.DB, a.Store, f)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
		if err := os.Rename(f.Name(), c.File); err != nil {
			return err
		}
		return errors.Join(db.SyncDir(filepath.Dir(c.File)), m.Print(e.err, e.lang))
	})
}

type restoreCmd struct {
	where
	File string `arg:"" help:"The archive to load."`
}

func (c *restoreCmd) Run(e *env) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()           //nolint:errcheck // only read
	if !db.HaveKeys(c.Data) { // opening would make new ones, which open nothing of the archive
		path := filepath.Join(c.Data, "keys")
		return core.Conflict("还没有密钥:请先把做备份那台机器的密钥放到 %s(huiyin key export 打印的内容,例如 install -m 600 huiyin.keys %[1]s),或设置 %[2]s,再恢复。什么也没有改动",
			"There are no keys yet. First put the keys of the machine that made the backup at %s (what huiyin key export printed; for example install -m 600 huiyin.keys %[1]s), or set %[2]s, then restore. Nothing was changed", path, db.KeysEnv)
	}
	place, err := c.alone() // a server would write into the empty database meanwhile
	if err != nil {
		return err
	}
	defer place.release()
	return c.with(e, func(ctx context.Context, a *app.App) error {
		m, err := ops.Restore(ctx, a.DB, a.Store, f, a.Keys)
		if err != nil {
			return err
		}
		return m.Print(e.err, e.lang)
	})
}

type keyExportCmd struct{ where }

func (c *keyExportCmd) Run(e *env) error {
	if !db.HaveKeys(c.Data) {
		return core.Conflict("%s 里还没有密钥", "There are no keys in %s", c.Data)
	}
	k, err := db.LoadKeys(c.Data)
	if err != nil {
		return err
	}
	fmt.Fprint(e.out, k.Export())
	return nil
}

type keyNewCmd struct{}

func (keyNewCmd) Run(e *env) error {
	_, err := fmt.Fprint(e.out, db.NewKeys().Export())
	return err
}

type keyRotateCmd struct{ where }

func (c *keyRotateCmd) Run(e *env) error {
	return c.within(e, func(ctx context.Context, a *app.App) error {
		id, n, err := ops.Rotate(ctx, a.DB, a.Keys, c.Data)
		if err != nil {
			return err
		}
		fmt.Fprintln(e.err, core.T("新密钥 %s,重新加密了 %d 个值;请再运行一次 huiyin key export 并另存", "New key %s; %d values were sealed anew. Run huiyin key export again and keep it apart", id, n).In(e.lang))
		return nil
	})
}

type keyResealCmd struct{ where }

func (c *keyResealCmd) Run(e *env) error {
	return c.within(e, func(ctx context.Context, a *app.App) error {
		n, err := ops.Reseal(ctx, a.DB, a.Keys)
		if err != nil {
			return err
		}
		fmt.Fprintln(e.err, core.T("重新加密了 %d 个值", "%d values were sealed anew", n).In(e.lang))
		return nil
	})
}
