package db

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"huiyin/core"
)

// batchMax bounds how many waiting writes share one commit, and batchTime how long they may take together, so that
// the first to wait is not held up by an endless train.
const (
	batchMax  = 64
	batchTime = 25 * time.Millisecond
)

var (
	errClosed = errors.New("db: closed")
	errWaited = errors.New("db: the writer did not come to it")
	errAlone  = errors.New("db: to be run in a transaction of its own") // PostgreSQL only; no user sees it
)

// writer is the one goroutine of a process that writes: it takes every request that waits, runs each in a savepoint of its
// own, commits once, and answers all. A request sees all of its own work or none.
type writer struct {
	line   line
	limit  time.Duration    // how long a request may take in company; 0: as long as it likes
	counts map[series]int64 // the last numbers, as this commit will leave them
	queue  chan *request
	began  atomic.Int64 // when the request that runs now began, in nanoseconds; 0 when none does
	closed chan struct{}
	ended  chan struct{} // its connection is closed
}

// line is the writer's connection: what the engines do differently.
type line interface {
	begin() error
	tx() Tx
	savepoint(Tx) error
	release(ctx context.Context, tx Tx, inside bool) error // ends a request that did well; inside: in a savepoint
	undo(Tx) (lost error)                                  // rolls back to the savepoint, or tells what those before it get
	commit(context.Context, Tx) error
	rollback()
	told(Tx, error) error    // what a request gets for its error
	toldAll(Tx, error) error // what all requests get when they cannot be committed
	close()
}

type request struct {
	ctx   context.Context
	fn    func(context.Context, Tx) error
	tx    Tx
	err   error
	done  chan struct{}
	state atomic.Int32 // 0 waiting, 1 running, 2 given up
}

func startWriter(l line, limit time.Duration) *writer {
	w := &writer{line: l, limit: limit, queue: make(chan *request, 1024), closed: make(chan struct{}), ended: make(chan struct{})}
	go w.run()
	return w
}

// do queues a request and waits for its end. When its turn has not come after patience, it asks moved how long the writer
// has got on since, waits that much longer, and else gives up with errWaited: then it will not be run.
func (w *writer) do(ctx context.Context, fn func(context.Context, Tx) error, patience time.Duration, moved func() time.Duration) error {
	r := &request{ctx: ctx, fn: fn, done: make(chan struct{})}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.closed:
		return errClosed
	default:
	}
	select {
	case w.queue <- r:
	case <-timer.C:
		return errWaited
	case <-w.closed:
		return errClosed
	}
	for waiting := true; waiting; {
		select {
		case <-r.done:
			waiting = false
		case <-timer.C:
			if more := moved(); more > 0 {
				timer.Reset(more)
				continue
			}
			if r.state.CompareAndSwap(0, 2) {
				return errWaited
			}
			<-r.done
			waiting = false
		}
	}
	if r.err == nil {
		r.tx.committed()
	}
	return r.err
}

func (w *writer) close() {
	close(w.closed)
	w.queue <- nil
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	defer w.line.close()
	for r := range w.queue {
		if r == nil {
			return
		}
		w.batch(r)
	}
}

// batch runs the first request and those that wait behind it, in one transaction.
func (w *writer) batch(first *request) {
	defer w.began.Store(0)
	if err := w.begin(); err != nil {
		w.answer([]*request{first}, err)
		return
	}
	var ran []*request
	var lates []late
	start := time.Now()
	for r := first; r != nil; r = w.next(len(ran), start) {
		if !r.state.CompareAndSwap(0, 1) {
			continue
		}
		alone := !slices.ContainsFunc(ran, func(r *request) bool { return r.err == nil })
		lost := w.one(r, alone)
		ran = append(ran, r)
		if lost != nil { // nothing more can be done in the transaction
			w.answer(ran, lost)
			return
		}
		if r.err == nil {
			lates = addLate(lates, r.tx.lates...)
			maps.Copy(w.counts, r.tx.numbers)
		}
	}
	w.answer(ran, w.end(ran, lates))
}

func (w *writer) begin() error {
	w.counts = map[series]int64{}
	return w.line.begin()
}

// end writes what the requests left to the end of the commit, and commits.
func (w *writer) end(ran []*request, lates []late) error {
	tx := w.tx()
	tx.trace = slices.ContainsFunc(ran, func(r *request) bool { return r.tx != nil && r.tx.trace })
	err := guardPanic(context.Background(), tx, func(ctx context.Context, tx Tx) error {
		if err := tx.writeLates(ctx, lates); err != nil {
			return err
		}
		return w.line.commit(ctx, tx)
	})
	for _, r := range ran {
		if r.tx != nil && r.tx.trace {
			r.tx.queries = append(r.tx.queries, tx.queries...)
		}
	}
	if err != nil {
		err = w.line.toldAll(tx, err)
		w.line.rollback()
	}
	return translate(err)
}

func (w *writer) tx() Tx {
	tx := w.line.tx()
	tx.counts = w.counts
	return tx
}

func (w *writer) next(n int, start time.Time) *request {
	if n >= batchMax || time.Since(start) > batchTime {
		return nil
	}
	select {
	case r := <-w.queue:
		if r == nil {
			w.queue <- nil // close comes after this batch
		}
		return r
	default:
		return nil
	}
}

// one runs a request in a savepoint of its own; alone, while nothing else has been done in the transaction, in the whole
// of it, which is begun again when it fails. A large write, such as an import, is alone: a savepoint around its many
// statements costs SQLite more with each. It returns why the transaction is lost for those before it as well.
func (w *writer) one(r *request, alone bool) (lost error) {
	if r.err = r.ctx.Err(); r.err != nil {
		return nil
	}
	w.began.Store(time.Now().UnixNano())
	r.tx = w.tx()
	if w.limit > 0 {
		r.tx.until = time.Now().Add(w.limit)
	}
	if r.tx.first = alone; !alone {
		if r.err = w.line.savepoint(r.tx); r.err != nil {
			return nil
		}
	}
	r.err = guardPanic(core.Freeze(r.ctx), r.tx, func(ctx context.Context, tx Tx) error {
		if err := r.fn(ctx, tx); err != nil {
			return err
		}
		if err := tx.finish(ctx); err != nil {
			return err
		}
		return w.line.release(ctx, tx, !alone)
	})
	if r.err == nil {
		return nil
	}
	r.err = w.line.told(r.tx, r.err)
	if alone {
		w.line.rollback()
		return w.begin()
	}
	if lost = w.line.undo(r.tx); lost != nil {
		w.line.rollback()
	}
	return lost
}

// answer tells every request its own error, or that the commit failed for all.
func (w *writer) answer(rs []*request, commit error) {
	for _, r := range rs {
		if r.err == nil && commit != nil {
			r.err = commit
		}
		close(r.done)
	}
}
