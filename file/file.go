// Package file keeps attachments (附件): photos before and after, signatures, evidence, documents.
//
// What comes in is spooled to disk, measured, hashed and recognised by its content before a Write opens; what is not on
// the list of types is refused. A row names the owner and its role, the bytes are stored once by their SHA-256 and are
// durable before the row's transaction commits: a crash in between leaves an orphan for the sweep, never a row without
// bytes. Nothing is deleted, a file is voided. Who may see a file is the owner's matter: a download checks the right on
// the owning record first.
package file

import (
	"context"
	"embed"
	"io"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// Migrations holds the tables of this package.
//
//go:embed *.sql
var Migrations embed.FS

// The roles of an attachment on its owner; a module may use others of its own.
const (
	Before    = "before"    // photo before the work
	After     = "after"     // photo after it
	Signature = "signature" // PNG drawn on the screen
	Evidence  = "evidence"  // proof that a duty was done
)

// File is one attachment.
type File struct {
	ID      core.ID
	Project core.ID
	Version int64
	Owner   core.Ref
	Role    string
	Name    string // base name as uploaded, cleaned
	Type    string // MIME type by content
	Size    int64  // bytes
	SHA256  string // lower-case hex
	At      time.Time
	By      core.ID
	Voided  time.Time // zero: in force
	Reason  string    // of the voiding
}

// Image reports whether a browser can show the file in a page (HEIC it cannot).
func (f File) Image() bool {
	return f.Type == "image/jpeg" || f.Type == "image/png" || f.Type == "image/webp"
}

const columns = `id, project_id, version, owner_kind, owner_id, role, name, type, size, sha256, created_at, created_by, voided_at, void_reason`

func (f *File) dest() []any {
	return []any{&f.ID, &f.Project, &f.Version, &f.Owner.Kind, &f.Owner.ID, &f.Role, &f.Name, &f.Type, &f.Size, &f.SHA256,
		&f.At, &f.By, &f.Voided, &f.Reason}
}

type storeKey struct{}

// With puts the store into the context of requests and jobs.
func With(ctx context.Context, s Store) context.Context { return context.WithValue(ctx, storeKey{}, s) }

// StoreOf returns the store of the context. A context without one is a mistake in the wiring and panics.
func StoreOf(ctx context.Context) Store {
	s, ok := ctx.Value(storeKey{}).(Store)
	if !ok {
		panic("file: no store in the context; app sets it with file.With")
	}
	return s
}

// Attach stores the upload's bytes and writes the row that ties them to the owner. A type that Spool would refuse is
// refused here too (KindInvalid).
func Attach(ctx context.Context, tx db.Tx, owner core.Ref, role string, up core.Upload) (File, error) {
	if !allowed(up.Type) {
		return File{}, refusedType(up.Name)
	}
	if err := StoreOf(ctx).Put(ctx, tx, up); err != nil {
		return File{}, err
	}
	now := core.Now(ctx)
	f := File{ID: tx.NewID(), Project: owner.Project, Version: 1, Owner: owner, Role: role, Name: cleanName(up.Name), Type: up.Type,
		Size: up.Size, SHA256: up.SHA256, At: now, By: core.ActorOf(ctx).ID}
	_, err := db.Exec(ctx, tx, `insert into file_file (project_id, id, created_at, created_by, changed_at, changed_by,
		owner_kind, owner_id, role, name, type, size, sha256) values ($1, $2, $3, $4, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		f.Project, f.ID, now, f.By, owner.Kind, owner.ID, role, f.Name, f.Type, f.Size, f.SHA256)
	return f, err
}

// List gives the owner's files in force, oldest first.
func List(ctx context.Context, tx db.Tx, owner core.Ref) ([]File, error) {
	return scoped(db.All(ctx, tx, (*File).dest, "select "+columns+` from file_file
		where project_id = $1 and owner_kind = $2 and owner_id = $3 and voided_at is null order by id`, owner.Project, owner.Kind, owner.ID))
}

func scoped(files []File, err error) ([]File, error) {
	for i := range files {
		files[i].Owner.Project = files[i].Project
	}
	return files, err
}

// Get finds one file of the project, voided or not; KindNotFound otherwise.
func Get(ctx context.Context, tx db.Tx, project, id core.ID) (File, error) {
	f, err := db.One(ctx, tx, (*File).dest, "select "+columns+" from file_file where project_id = $1 and id = $2", project, id)
	f.Owner.Project = f.Project
	return f, err
}

// OpenContent opens the bytes. From a Read, the reader stays good after the Read has ended, and should be drained only
// then: nothing goes to a client while a transaction is open. From a Write it must be closed before the Write ends.
func OpenContent(ctx context.Context, tx db.Tx, f File) (io.ReadCloser, error) {
	return StoreOf(ctx).Open(ctx, tx, f.SHA256)
}

// Void takes the file out of force, with the reason; its bytes stay. A stale version, or a file voided already, is
// KindConflict.
func Void(ctx context.Context, tx db.Tx, f File, reason string) error {
	if reason == "" {
		return core.Invalid("reason", "请填写作废原因", "Please give the reason for voiding it")
	}
	return db.ExecOne(ctx, tx, `update file_file set voided_at = $1, voided_by = $2, changed_at = $1, changed_by = $2, void_reason = $3,
		version = version + 1 where project_id = $4 and id = $5 and version = $6 and voided_at is null`,
		core.Now(ctx), core.ActorOf(ctx).ID, reason, f.Project, f.ID, f.Version)
}
