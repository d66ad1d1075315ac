package db

import (
	"bufio"
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
	"os"
	"path/filepath"
	"strings"

	"huiyin/core"
)

// KeysEnv names the environment variable that holds the master keys instead of DATA/keys.
const KeysEnv = "HUIYIN_KEYS"

// Keys are the firm's master keys. The last one seals, all of them open; the first one makes the blind index, which
// therefore outlives a rotation. They are never part of a backup.
type Keys struct {
	order []string
	keys  map[string][]byte
}

// NewKeys makes one fresh key.
func NewKeys() *Keys {
	k := &Keys{keys: map[string][]byte{}}
	k.Rotate()
	return k
}

// Rotate adds a key that seals from now on.
func (k *Keys) Rotate() string {
	b := make([]byte, 36)
	_, _ = rand.Read(b)
	id := "k" + hex.EncodeToString(b[:4])
	k.order, k.keys[id] = append(k.order, id), b[4:]
	return id
}

// IDs are the names of the keys, oldest first.
func (k *Keys) IDs() []string { return k.order }

// Export writes the keys as LoadKeys reads them: one "id:base64" a line.
func (k *Keys) Export() string {
	var b strings.Builder
	for _, id := range k.order {
		fmt.Fprintf(&b, "%s:%s\n", id, base64.StdEncoding.EncodeToString(k.keys[id]))
	}
	return b.String()
}

// ParseKeys reads what Export wrote; in the environment the lines may be joined by commas.
func ParseKeys(text string) (*Keys, error) {
	k := &Keys{keys: map[string][]byte{}}
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
		k.order, k.keys[id] = append(k.order, id), b
	}
	if len(k.order) == 0 {
		return nil, errors.New("keys: there is none")
	}
	return k, nil
}

// LoadKeys reads the keys from the environment or from dir/keys, and makes the first one in a data directory that has
// none yet. It refuses a file that others may read.
func LoadKeys(dir string) (*Keys, error) {
	if env := os.Getenv(KeysEnv); env != "" {
		return ParseKeys(env)
	}
	path := filepath.Join(dir, "keys")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		k := NewKeys()
		return k, k.Save(dir)
	}
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
	return ParseKeys(string(b))
}

// Save writes dir/keys so that a crash leaves either the old or the new file.
func (k *Keys) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".keys-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // gone after the rename
	if _, err := f.WriteString(k.Export()); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, "keys")); err != nil {
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
	id := k.order[len(k.order)-1]
	return id + "." + sealWith(k.keys[id], plain)
}

// Open decrypts what Seal wrote. A key that is missing is named.
func (k *Keys) Open(sealed string) ([]byte, error) {
	if sealed == "" {
		return nil, nil
	}
	id, body, _ := strings.Cut(sealed, ".")
	key, ok := k.keys[id]
	if !ok {
		return nil, fmt.Errorf("keys: key %s is missing", id)
	}
	return openWith(key, body)
}

// Blind is a keyed fingerprint of a normalised value: equal values of a kind meet, nobody reads them back.
func (k *Keys) Blind(kind, value string) string {
	key, err := hkdf.Key(sha256.New, k.keys[k.order[0]], nil, "huiyin blind index", 32)
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
