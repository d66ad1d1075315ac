package ops

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
)

// Rotate adds a master key and seals everything anew with it: every customer's data key and every sealed column of
// every table, found by what is in it. The new key is durable in dir/keys before anything is sealed with it, and no key
// is ever dropped from there: a crash at any point leaves all readable, and Reseal goes on. It returns the new key's id
// and how many values were sealed anew.
//
// Other processes may have the database open if they read their keys from the same file: they take up the new key by
// themselves, and Rotate waits for that. What one of them sealed under the old key in a transaction that was open all
// the while stays readable, and Reseal seals it anew. KindConflict refuses keys that come from the environment (their
// owner adds the new one there and calls Reseal) and a database that a process with keys of its own has open.
func Rotate(ctx context.Context, d *db.DB, keys *db.Keys, dir string) (id string, n int, err error) {
	if os.Getenv(db.KeysEnv) != "" {
		return "", 0, core.Conflict("密钥来自环境变量 %s:请在它末尾加上 huiyin key new 打印的一行,重启全部进程,再运行 huiyin key reseal",
			"The keys come from %s: add the line that huiyin key new prints at its end, restart every process, then run huiyin key reseal", db.KeysEnv)
	}
	var others int
	err = d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) { // one rotation at a time
		if others, err = sharers(ctx, tx); err == nil && id == "" {
			id, err = keys.RotateIn(dir)
		}
		return err
	})
	if err != nil {
		return id, 0, err
	}
	if others > 0 {
		select {
		case <-time.After(db.KeysSettle):
		case <-ctx.Done():
			return id, 0, ctx.Err()
		}
	}
	n, err = Reseal(ctx, d, keys)
	if err != nil {
		return id, n, err
	}
	return id, n, d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
		ref := core.Ref{Project: core.Firm, Kind: "key", ID: tx.NewID()}
		return journal.Add(ctx, tx, ref, "rotated", map[string]any{"key": id, "values": n})
	})
}

// sharers counts the processes that share the database and the keys' file, and refuses when one has keys of its own.
func sharers(ctx context.Context, tx db.Tx) (int, error) {
	here, elsewhere, err := db.OtherProcesses(ctx, tx)
	if err == nil && elsewhere > 0 {
		err = core.Conflict("别处有 %d 个回音进程开着这个数据库,它们的密钥不在这个数据目录里,不会知道新密钥;请先停下它们(异常退出的进程两小时后不再计入)",
			"%d other Huiyin processes have this database open with keys that are not in this data directory, and would not know the new one; stop them first (one that crashed is forgotten after two hours)", elsewhere)
	}
	return here, err
}

// resealPage is how many values are sealed anew in one Write, so that others need not wait.
const resealPage = 500

// Reseal seals with the newest of the keys whatever an older one sealed. It may be called again after a crash.
func Reseal(ctx context.Context, d *db.DB, keys *db.Keys) (total int, err error) {
	var tables []table
	err = d.Read(ctx, func(ctx context.Context, tx db.Tx) error { tables, err = schema(ctx, tx); return err })
	if err != nil {
		return 0, err
	}
	old := keys.IDs()[:len(keys.IDs())-1]
	for _, t := range tables {
		if t.Name == "journal_entry" || len(old) == 0 { // written once; its values are under the customers' data keys
			continue
		}
		for _, c := range t.Columns {
			if c.Kind != kindText {
				continue
			}
			n, err := resealColumn(ctx, d, t, c.Name, old)
			if total += n; err != nil {
				return total, err
			}
		}
	}
	return total, nil
}

func resealColumn(ctx context.Context, d *db.DB, t table, col string, old []string) (total int, err error) {
	var after []any
	for {
		var found []sealedRow
		var n int
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			if found, err = sealedRows(ctx, tx, t, col, old, after); err == nil {
				n, err = resealRows(ctx, tx, t, col, found)
			}
			return err
		})
		if err != nil {
			return total, err
		}
		if total += n; len(found) < resealPage {
			return total, nil
		}
		after = found[len(found)-1].key
	}
}

type sealedRow struct {
	key   []any
	value string
}

// sealedRows finds the next rows, by key, whose column was sealed with one of the old keys.
func sealedRows(ctx context.Context, tx db.Tx, t table, col string, old []string, after []any) ([]sealedRow, error) {
	var like, marks []string
	args := append([]any{}, after...)
	for i := range after {
		marks = append(marks, fmt.Sprintf("$%d", i+1))
	}
	for _, id := range old {
		args = append(args, id+".%")
		like = append(like, fmt.Sprintf("%s like $%d", quote(col), len(args)))
	}
	key := strings.Join(quoted(t.key), ", ")
	where := "(" + strings.Join(like, " or ") + ")"
	if len(after) > 0 {
		where += " and (" + key + ") > (" + strings.Join(marks, ", ") + ")"
	}
	dest := func(r *sealedRow) []any {
		r.key = make([]any, len(t.key))
		out := make([]any, 0, len(t.key)+1)
		for i := range r.key {
			out = append(out, &r.key[i])
		}
		return append(out, &r.value)
	}
	return db.All(ctx, tx, dest, db.Locked(tx, fmt.Sprintf("select %s, %s from %s%s where %s order by %s limit %d",
		key, quote(col), t.Name, allProjects, where, key, resealPage)), args...)
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = quote(n)
	}
	return out
}

// resealRows leaves alone what only looks sealed: somebody's text that begins like a key's name.
func resealRows(ctx context.Context, tx db.Tx, t table, col string, rows []sealedRow) (n int, err error) {
	where := make([]string, len(t.key))
	for i, k := range t.key {
		where[i] = fmt.Sprintf("%s = $%d", quote(k), i+2)
	}
	update := fmt.Sprintf("update %s%s set %s = $1 where %s", t.Name, allProjects, quote(col), strings.Join(where, " and "))
	for _, r := range rows {
		plain, err := db.Unseal(tx, r.value)
		if err != nil || !sealedText.MatchString(r.value) {
			continue
		}
		if err := db.ExecOne(ctx, tx, update, append([]any{db.Seal(tx, plain)}, r.key...)...); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
