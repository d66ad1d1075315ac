package ops

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"huiyin/db"
)

// SQLite's full-text index keeps, word by word, the documents that hold it, and not the documents' words. The archive
// wants them document by document, as PostgreSQL keeps them. So all pairs are dealt into a few temporary files by
// document, and one file at a time is gathered in memory.

// bucketMax bounds the temporary files, and bucketMin is how many documents are worth a file of their own.
const (
	bucketMax = 64
	bucketMin = 5000
)

type wordBook struct {
	byID    []ranked
	size    int // documents in a bucket
	buckets []*bucket
	loaded  int
	words   map[int][]string // of the loaded bucket, by rank
}

type ranked struct{ id, rank int64 }

type bucket struct {
	file *os.File
	w    *bufio.Writer
}

// openWords deals out the whole index. The virtual table is temporary and goes with the snapshot's rollback.
func openWords(ctx context.Context, tx db.Tx) (*wordBook, error) {
	b := &wordBook{loaded: -1}
	ids, err := db.Values[int64](ctx, tx, "select id from search_doc order by project_id, id")
	if err != nil {
		return nil, err
	}
	b.byID = make([]ranked, len(ids))
	for rank, id := range ids {
		b.byID[rank] = ranked{id, int64(rank)}
	}
	slices.SortFunc(b.byID, func(x, y ranked) int { return cmp.Compare(x.id, y.id) })
	b.size = max(bucketMin, len(ids)/bucketMax+1)
	if err := b.deal(ctx, tx, len(ids)); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *wordBook) deal(ctx context.Context, tx db.Tx, n int) error {
	for range (n + b.size - 1) / b.size {
		f, err := os.CreateTemp("", "huiyin-words-*")
		if err != nil {
			return err
		}
		b.buckets = append(b.buckets, &bucket{f, bufio.NewWriterSize(f, 32<<10)})
	}
	if err := openVocabulary(ctx, tx); err != nil {
		return err
	}
	type pair struct {
		doc  int64
		term string
	}
	return db.Each(ctx, tx, func(p *pair) []any { return []any{&p.doc, &p.term} }, func(p *pair) error {
		return b.put(p.doc, p.term)
	}, "select doc, term from temp.ops_words")
}

// openVocabulary makes the index readable word by word. A Read's connection takes no change at all; one to its own
// temporary schema is let through for this moment, and is gone with the Read's rollback.
func openVocabulary(ctx context.Context, tx db.Tx) (err error) {
	defer func() {
		_, back := db.Values[int](ctx, tx, "pragma query_only(1)")
		err = errors.Join(err, back)
	}()
	if _, err := db.Values[int](ctx, tx, "pragma query_only(0)"); err != nil {
		return err
	}
	_, err = db.Values[string](ctx, tx, "create virtual table temp.ops_words using fts5vocab('main', 'search_fts', 'instance')")
	return err
}

func (b *wordBook) put(doc int64, term string) error {
	n, ok := slices.BinarySearchFunc(b.byID, doc, func(r ranked, id int64) int { return cmp.Compare(r.id, id) })
	if !ok {
		return nil // an entry without a document finds nothing
	}
	rank := b.byID[n].rank
	w := b.buckets[int(rank)/b.size].w
	head := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(rank)), uint64(len(term)))
	_, err1 := w.Write(head)
	_, err2 := w.WriteString(term)
	return errors.Join(err1, err2)
}

// of gives the words of the document at this place in the order of the key. Places are asked for in rising order.
func (b *wordBook) of(rank int) (string, error) {
	if n := rank / b.size; n != b.loaded {
		if err := b.load(n); err != nil {
			return "", err
		}
	}
	return strings.Join(b.words[rank], " "), nil
}

func (b *wordBook) load(n int) error {
	b.words, b.loaded = map[int][]string{}, n
	k := b.buckets[n]
	if err := k.w.Flush(); err != nil {
		return err
	}
	if _, err := k.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for r := bufio.NewReader(k.file); ; {
		rank, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		size, err2 := binary.ReadUvarint(r)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		term := make([]byte, size)
		if _, err := io.ReadFull(r, term); err != nil {
			return err
		}
		b.words[int(rank)] = append(b.words[int(rank)], string(term))
	}
}

// close removes the temporary files; a nil book has none.
func (b *wordBook) close() {
	if b == nil {
		return
	}
	for _, k := range b.buckets {
		_ = k.file.Close()
		_ = os.Remove(k.file.Name())
	}
}
