package db

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"huiyin/core"
)

// KeysEnv names the environment variable that holds the master keys instead of DATA/keys.
const KeysEnv = "HUIYIN_KEYS"

// Keys are the firm's master keys. The last one seals, all of them open; the first one makes the blind index, which
// therefore outlives a rotation. They are never part of a backup. Keys that LoadKeys read from a file are read again
// when the file has got a new one, so that a rotation works beside running processes: at once when a value names a key
// that is not known yet, and before sealing at most a second late. Safe for concurrent use.
type Keys struct {
	ring atomic.Pointer[ring]
	path string // the file they came from; empty: the environment, whose changes a process cannot see

	reading sync.Mutex
	seen    os.FileInfo  // the file as it was last read
	looked  atomic.Int64 // when it was last looked at, in nanoseconds
}

// ring is one state of the keys. It is never changed, only replaced by a longer one.
type ring struct {
	order []string
	keys  map[string][]byte
}

// KeysSettle is how long after a new key was saved every process that reads the same file seals under it.
const KeysSettle = 2 * keysLook

const keysLook = time.Second

func keysOf(r *ring, path string) *Keys {
	k := &Keys{path: path}
	k.ring.Store(r)
	return k
}

// NewKeys makes one fresh key.
func NewKeys() *Keys {
	k := keysOf(&ring{}, "")
	k.Rotate()
	return k
}

// now is the ring as it is; without any key it is empty.
func (k *Keys) now() *ring {
	if r := k.ring.Load(); r != nil {
		return r
	}
	return &ring{}
}

func (r *ring) newest() string { return r.order[len(r.order)-1] }

// with is the ring and one fresh key.
func (r *ring) with() *ring {
	b := make([]byte, 36)
	_, _ = rand.Read(b)
	id := "k" + hex.EncodeToString(b[:4])
	next := &ring{append(slices.Clone(r.order), id), maps.Clone(r.keys)}
	if next.keys == nil {
		next.keys = map[string][]byte{}
	}
	next.keys[id] = b[4:]
	return next
}

// extends reports whether r holds every key of the older ring in the same order.
func (r *ring) extends(older *ring) bool {
	if len(r.order) < len(older.order) {
		return false
	}
	for i, id := range older.order {
		if r.order[i] != id || !bytes.Equal(r.keys[id], older.keys[id]) {
			return false
		}
	}
	return true
}

// Rotate adds a key that seals from now on, in memory only.
func (k *Keys) Rotate() string {
	next := k.now().with()
	k.ring.Store(next)
	return next.newest()
}

// RotateIn adds a key that seals from now on. It is durable in dir/keys before anything is sealed with it.
func (k *Keys) RotateIn(dir string) (id string, err error) {
	k.refresh()
	next := k.now().with()
	if err := keysOf(next, "").Save(dir); err != nil {
		return "", err
	}
	k.ring.Store(next)
	return next.newest(), nil
}

// refresh reads the file again when it is another one than last time: Save renames a new one into place. A file that
// cannot be read, or that has lost a key of ours, is passed over; what is missing is named when it is wanted.
func (k *Keys) refresh() {
	if k.path == "" {
		return
	}
	k.reading.Lock()
	defer k.reading.Unlock()
	info, err := os.Stat(k.path)
	if err != nil || k.seen != nil && os.SameFile(info, k.seen) && info.ModTime().Equal(k.seen.ModTime()) {
		return
	}
	if again, err := readKeys(k.path); err == nil {
		if next := again.now(); next.extends(k.now()) {
			k.ring.Store(next)
		}
		k.seen = info
	}
}

// place names the file that the keys come from, the same for every process that reads the same one; "" is none.
func (k *Keys) place() string {
	if k == nil || k.path == "" {
		return ""
	}
	host, _ := os.Hostname()
	path, err := filepath.Abs(k.path)
	if real, realErr := filepath.EvalSymlinks(path); realErr == nil {
		path = real
	}
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(host + "\x00" + path))
	return hex.EncodeToString(sum[:8])
}

// IDs are the names of the keys, oldest first.
func (k *Keys) IDs() []string { return k.now().order }

// Export writes the keys as LoadKeys reads them: one "id:base64" a line.
func (k *Keys) Export() string {
	var b strings.Builder
	r := k.now()
	for _, id := range r.order {
		fmt.Fprintf(&b, "%s:%s\n", id, base64.StdEncoding.EncodeToString(r.keys[id]))
	}
	return b.String()
}

// ParseKeys reads what Export wrote; in the environment the lines may be joined by commas.
func ParseKeys(text string) (*Keys, error) {
	r := &ring{keys: map[string][]byte{}}
	sc := bufio.NewScanner(strings.NewReader(strings.ReplaceAll(text, ",", "\n")))
	for sc.Scan() {
		line := strings.TrimSpace(sc.Text())
		if line == "" {
			continue
		}
		id, b64, ok := strings.Cut(line, ":")
		b, err := base64.StdEncoding.DecodeString(b64)
		if !ok || err != nil || len(b) != 32 || id == "" {
			return nil, fmt.Errorf("keys: a line is not id:base64 of 32 bytes")
		}
		r.order, r.keys[id] = append(r.order, id), b
	}
	if len(r.order) == 0 {
		return nil, errors.New("keys: there is none")
	}
	return keysOf(r, ""), nil
}

// HaveKeys reports whether there are keys that LoadKeys would read: otherwise it makes new ones.
func HaveKeys(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "keys"))
	return os.Getenv(KeysEnv) != "" || !errors.Is(err, fs.ErrNotExist)
}

// LoadKeys reads the keys from the environment or from dir/keys, and makes the first one in a data directory that has
// none yet. It refuses a file that others may read.
func LoadKeys(dir string) (*Keys, error) {
	if env := os.Getenv(KeysEnv); env != "" {
		return ParseKeys(env)
	}
	path := filepath.Join(dir, "keys")
	k, err := readKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := NewKeys().write(dir, os.Link); err != nil && !errors.Is(err, fs.ErrExist) { // of two that start at once, one makes it
		return nil, err
	}
	return readKeys(path)
}

func readKeys(path string) (*Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("keys: %s may be read by others; run chmod 600 on it", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k, err := ParseKeys(string(b))
	if err == nil {
		k.path = path
	}
	return k, err
}

// Save writes dir/keys so that a crash leaves either the old or the new file.
func (k *Keys) Save(dir string) error { return k.write(dir, os.Rename) }

// write puts a whole file in place: by rename, or by a link, which fails when there is one.
func (k *Keys) write(dir string, place func(from, to string) error) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".keys-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // a rename has taken it away already
	if _, err := f.WriteString(k.Export()); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := place(f.Name(), filepath.Join(dir, "keys")); err != nil {
		return err
	}
	return SyncDir(dir)
}

// SyncDir makes a rename or a new file in dir survive a power cut.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Seal encrypts with the newest key: "id.base64(nonce|ciphertext)". Empty stays empty.
func (k *Keys) Seal(plain []byte) string {
	if len(plain) == 0 {
		return ""
	}
	if now := time.Now().UnixNano(); now-k.looked.Load() > int64(keysLook) {
		k.looked.Store(now)
		k.refresh()
	}
	r := k.now()
	return r.newest() + "." + sealWith(r.keys[r.newest()], plain)
}

// Open decrypts what Seal wrote, in this process or another. A key that is missing is named.
func (k *Keys) Open(sealed string) ([]byte, error) {
	if sealed == "" {
		return nil, nil
	}
	id, body, _ := strings.Cut(sealed, ".")
	key, ok := k.now().keys[id]
	if !ok {
		k.refresh()
		key, ok = k.now().keys[id]
	}
	if !ok {
		return nil, fmt.Errorf("keys: key %s is missing", id)
	}
	return openWith(key, body)
}

// Blind is a keyed fingerprint of a normalised value: equal values of a kind meet, nobody reads them back.
func (k *Keys) Blind(kind, value string) string {
	r := k.now()
	key, err := hkdf.Key(sha256.New, r.keys[r.order[0]], nil, "huiyin blind index", 32)
	if err != nil {
		panic(err) // only for absurd lengths
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(kind + "\x00" + value))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:18])
}

func sealWith(key, plain []byte) string {
	g := gcm(key)
	nonce := make([]byte, g.NonceSize())
	_, _ = rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(g.Seal(nonce, nonce, plain, nil))
}

func openWith(key []byte, body string) ([]byte, error) {
	g := gcm(key)
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || len(b) < g.NonceSize() {
		return nil, errors.New("keys: the sealed value is damaged")
	}
	plain, err := g.Open(nil, b[:g.NonceSize()], b[g.NonceSize():], nil)
	if err != nil {
		return nil, errOtherKey
	}
	return plain, nil
}

var errOtherKey = errors.New("keys: the sealed value is damaged or belongs to another key")

func gcm(key []byte) cipher.AEAD {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // keys are 32 bytes
	}
	g, err := cipher.NewGCM(b)
	if err != nil {
		panic(err)
	}
	return g
}

type subjectID struct{ project, id core.ID }

// SealFor encrypts under the data key of one customer (subject), made on first use. Without a subject the project's
// own key serves. L5: destroying that key erases every trace that the journal holds.
func SealFor(ctx context.Context, tx Tx, project, subject core.ID, plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	if subject == 0 {
		subject = project
	}
	key, err := subjectKey(ctx, tx, subjectID{project, subject}, true)
	if err != nil {
		return "", err
	}
	return sealWith(key, []byte(plain)), nil
}

// ReadyKey reads the subject's data key, or makes it, for the rest of the transaction: before a row is locked that others
// wait for.
func ReadyKey(ctx context.Context, tx Tx, project, subject core.ID) error {
	if subject == 0 {
		subject = project
	}
	_, err := subjectKey(ctx, tx, subjectID{project, subject}, true)
	return err
}

// NewSubject makes the data key of a subject whose id is as new as the transaction: nobody can have made one before, so it
// is not looked up, and the row goes with the next statement.
func NewSubject(ctx context.Context, tx Tx, project, subject core.ID) error {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	tx.Put(subjectID{project, subject}, key)
	return Soon(ctx, tx, "insert into db_subject_key (project_id, id, sealed) values ($1, $2, $3)", project, subject, tx.db.keys.Seal(key))
}

// OpenFor decrypts what SealFor wrote; after the erasure it returns "" and no error, also when the subject has got a new
// key since. (Whether a value was damaged instead, the journal's chain tells.)
func OpenFor(ctx context.Context, tx Tx, project, subject core.ID, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	if subject == 0 {
		subject = project
	}
	key, err := subjectKey(ctx, tx, subjectID{project, subject}, false)
	if err != nil || key == nil {
		return "", err
	}
	b, err := openWith(key, sealed)
	if errors.Is(err, errOtherKey) {
		return "", nil
	}
	return string(b), err
}

// Blind is the blind index of a value under the firm's keys.
func Blind(tx Tx, kind, value string) string {
	if value == "" {
		return ""
	}
	return tx.db.keys.Blind(kind, value)
}

// Seal and Unseal encrypt under the master key, for secrets that belong to no customer (TOTP seeds, gateway tokens).
func Seal(tx Tx, plain string) string { return tx.db.keys.Seal([]byte(plain)) }

// Unseal decrypts what Seal wrote.
func Unseal(tx Tx, sealed string) (string, error) {
	b, err := tx.db.keys.Open(sealed)
	return string(b), err
}

// CheckKeys refuses (KindConflict) keys that do not open what the database holds: those of another firm, or fresh ones
// that a node made because it was started without the firm's.
func CheckKeys(ctx context.Context, tx Tx) error {
	sealed, err := Value[string](ctx, tx, "select sealed from db_subject_key /* project_id: all */ order by project_id, id limit 1")
	if err != nil || sealed == "" {
		return err
	}
	if _, err := tx.db.keys.Open(sealed); err != nil {
		id, _, _ := strings.Cut(sealed, ".")
		return &core.Err{Kind: core.KindConflict, Cause: err, Text: core.T("打不开这个数据库:缺少密钥 %s。请把公司的密钥放到数据目录的 keys 里(在有密钥的机器上运行 huiyin key export),或设置 %s",
			"This database cannot be opened: key %s is missing. Put the firm's keys into the file keys of the data directory (run huiyin key export where they are), or set %s", id, KeysEnv)}
	}
	return nil
}

// EraseKey destroys a customer's data key. It cannot be undone.
func EraseKey(ctx context.Context, tx Tx, project, subject core.ID) error {
	tx.Drop(subjectID{project, subject})
	_, err := Exec(ctx, tx, "delete from db_subject_key where project_id = $1 and id = $2", project, subject)
	return err
}

// subjectKey keeps the key for the rest of the transaction and no longer: an erasure on one node must blind all others
// with its commit.
func subjectKey(ctx context.Context, tx Tx, s subjectID, create bool) ([]byte, error) {
	if key, ok := tx.bag[s]; ok {
		return key.([]byte), nil
	}
	const find = "select sealed from db_subject_key where project_id = $1 and id = $2"
	sealed, err := Value[string](ctx, tx, find, s.project, s.id)
	if err != nil || (sealed == "" && !create) {
		return nil, err
	}
	if sealed == "" {
		if sealed, err = newSubjectKey(ctx, tx, s); err != nil {
			return nil, err
		}
	}
	key, err := tx.db.keys.Open(sealed)
	if err != nil {
		return nil, err
	}
	tx.Put(s, key)
	return key, nil
}

// newSubjectKey makes a key; of two writers that make one at once, both get the first one's.
func newSubjectKey(ctx context.Context, tx Tx, s subjectID) (sealed string, err error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return Value[string](ctx, tx, `insert into db_subject_key (project_id, id, sealed) values ($1, $2, $3)
		on conflict (project_id, id) do update set sealed = db_subject_key.sealed returning sealed`, s.project, s.id, tx.db.keys.Seal(key))
}

// Reseal seals every data key under the newest master key, after a rotation; it returns how many.
func Reseal(ctx context.Context, tx Tx) (int, error) {
	type row struct {
		project, id core.ID
		sealed      string
	}
	rows, err := All(ctx, tx, func(r *row) []any { return []any{&r.project, &r.id, &r.sealed} },
		"select project_id, id, sealed from db_subject_key order by project_id, id")
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		key, err := tx.db.keys.Open(r.sealed)
		if err != nil {
			return 0, err
		}
		err = ExecOne(ctx, tx, "update db_subject_key set sealed = $1 where project_id = $2 and id = $3", tx.db.keys.Seal(key), r.project, r.id)
		if err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
