package file

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"time"

	"huiyin/core"
	"huiyin/db"
)

// Table is a store in the database, in pieces, for nodes that share no disk. It works on both engines.
type Table struct{}

// chunkSize is how much one row holds and one reader keeps in memory.
const chunkSize = 512 << 10

// Put writes the pieces in the caller's transaction. The row of file_blob is locked first: two who attach the same
// content wait for each other, and a sweep leaves what they touched.
func (Table) Put(ctx context.Context, tx db.Tx, up core.Upload) error {
	if err := checkSum(up.SHA256); err != nil {
		return err
	}
	_, err := db.Exec(ctx, tx, `insert into file_blob (sha256, size, touched_at) values ($1, $2, $3)
		on conflict (sha256) do update set touched_at = excluded.touched_at`, up.SHA256, up.Size, time.Now())
	if err != nil {
		return err
	}
	have, err := db.Value[int](ctx, tx, "select count(*) from (select 1 from file_chunk where sha256 = $1 limit 1) one", up.SHA256)
	if err != nil || have > 0 {
		return err
	}
	in, err := up.Open()
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	return writeChunks(ctx, tx, in, up)
}

func writeChunks(ctx context.Context, tx db.Tx, in io.Reader, up core.Upload) error {
	h, total := sha256.New(), int64(0)
	buf := make([]byte, chunkSize)
	for n := 0; ; n++ {
		size, err := io.ReadFull(in, buf)
		if size > 0 {
			h.Write(buf[:size])
			total += int64(size)
			if _, err := db.Exec(ctx, tx, "insert into file_chunk (sha256, n, bytes) values ($1, $2, $3)", up.SHA256, n, buf[:size]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return checkCopy(up, total, h.Sum(nil))
		}
		if err != nil {
			return err
		}
	}
}

// Open reads the first piece at once and each further one in a short Read of its own: pieces never change.
func (Table) Open(ctx context.Context, tx db.Tx, sum string) (io.ReadCloser, error) {
	first, err := chunk(ctx, tx, sum, 0)
	if err != nil {
		return nil, err
	}
	if first == nil {
		return nil, missing(sum)
	}
	return &chunkReader{ctx: ctx, tx: tx, sum: sum, rest: first, next: 1}, nil
}

func chunk(ctx context.Context, tx db.Tx, sum string, n int) ([]byte, error) {
	return db.Value[[]byte](ctx, tx, "select bytes from file_chunk where sha256 = $1 and n = $2", sum, n)
}

type chunkReader struct {
	ctx  context.Context
	tx   db.Tx
	sum  string
	rest []byte
	next int
}

func (r *chunkReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if err := r.fetch(); err != nil {
			return 0, err
		}
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// fetch reads in the Write that may have put the bytes itself, or else in a Read of its own.
func (r *chunkReader) fetch() error {
	load := func(ctx context.Context, tx db.Tx) (err error) {
		r.rest, err = chunk(ctx, tx, r.sum, r.next)
		r.next++
		return err
	}
	if r.tx.Writing() {
		return load(r.ctx, r.tx)
	}
	return r.tx.DB().Read(r.ctx, load)
}

// Close lets the pieces go.
func (r *chunkReader) Close() error { r.rest = nil; return nil }

// sweepBatch bounds what one Write of the sweep removes.
const sweepBatch = 100

// Sweep deletes in batches. The condition is on the row that Put touches, so that PostgreSQL, having waited for a Put,
// looks at it again.
func (Table) Sweep(ctx context.Context, d *db.DB, before time.Time) (int, error) {
	total := 0
	for {
		var n int64
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			n, err = db.Exec(ctx, tx, `delete from file_blob where touched_at < $1 and sha256 in (select b.sha256 from file_blob b
				where b.touched_at < $1 and not exists (select project_id from file_file f where f.sha256 = b.sha256) limit $2)`, before, sweepBatch)
			return err
		})
		total += int(n)
		if err != nil || n < sweepBatch {
			return total, err
		}
	}
}
