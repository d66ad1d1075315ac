package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"huiyin/core"
)

// spoolPattern names the temporary files, so that the sweep knows what a crash left.
const spoolPattern = "spool-*.part"

// Spool streams r into a temporary file under dir (made if missing), before any Write opens. More than max bytes is
// KindTooLarge; a type not on the list, or a name that contradicts the content, is KindInvalid. The caller calls cleanup
// when the request is over; what was attached stays. Put dir on the file system of the store, and attaching is a link.
func Spool(ctx context.Context, dir string, r io.Reader, name string, max int64) (core.Upload, func(), error) {
	up, path, err := spool(ctx, dir, r, name, max)
	cleanup := func() { _ = os.Remove(path) }
	if err != nil {
		if path != "" {
			cleanup()
		}
		return core.Upload{}, func() {}, err
	}
	return up, cleanup, nil
}

func spool(ctx context.Context, dir string, r io.Reader, name string, max int64) (up core.Upload, path string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return up, "", err
	}
	f, err := os.CreateTemp(dir, spoolPattern)
	if err != nil {
		return up, "", err
	}
	path = f.Name()
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), io.LimitReader(untilDone{ctx, r}, max+1))
	if err != nil {
		return up, path, err
	}
	if n > max {
		return up, path, tooLarge(name, max)
	}
	kind, err := recognise(f, n, name)
	if err != nil {
		return up, path, err
	}
	up = core.Upload{Name: withExtension(cleanName(name), kind), Type: kind, Size: n, SHA256: hex.EncodeToString(h.Sum(nil)),
		Open: func() (io.ReadCloser, error) { return os.Open(path) }}
	return up, path, f.Sync() // here, so that the Write need not wait for the disk
}

// untilDone stops reading when the request is given up.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func tooLarge(name string, max int64) error {
	return &core.Err{Kind: core.KindTooLarge, Text: core.T("文件“%s”超过 %d MB", "The file “%s” is larger than %d MB", cleanName(name), max>>20)}
}

// FromBytes makes an upload of bytes in memory, such as a rendered document. Its type is by content;
// application/octet-stream, which Attach refuses, if that is on no list.
func FromBytes(name string, b []byte) core.Upload {
	sum := sha256.Sum256(b)
	kind, err := recognise(bytes.NewReader(b), int64(len(b)), name)
	if err != nil {
		kind = "application/octet-stream"
	}
	return core.Upload{Name: cleanName(name), Type: kind, Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:]),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// Bounds of a signature: a phone in landscape at triple density fits.
const (
	signatureMaxSide  = 4096    // pixels
	signatureMaxBytes = 1 << 20 // of PNG
)

// FromDataURL reads a signature as the canvas gives it, "data:image/png;base64,…": a whole PNG of at most 4096 × 4096
// pixels and 1 MB, KindInvalid otherwise.
func FromDataURL(s string) (core.Upload, error) {
	bad := core.Invalid("", "签名图片不完整,请重新签名", "The signature did not arrive whole; please sign again")
	b64, ok := strings.CutPrefix(s, "data:image/png;base64,")
	if !ok || len(b64) > base64.StdEncoding.EncodedLen(signatureMaxBytes) {
		return core.Upload{}, bad
	}
	b, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return core.Upload{}, bad
	}
	size, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil || size.Width > signatureMaxSide || size.Height > signatureMaxSide {
		return core.Upload{}, bad
	}
	if _, err := png.Decode(bytes.NewReader(b)); err != nil {
		return core.Upload{}, bad
	}
	return FromBytes("signature.png", b), nil
}

// cleanName keeps the base name without what a file system or a header could trip over, at most 120 runes.
func cleanName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || strings.ContainsRune(`<>:"|?*`, r) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return -1 // control characters, and those that turn the reading direction around
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	name = strings.Trim(name[strings.LastIndexAny(name, `/\`)+1:], " .")
	ext := filepath.Ext(name)
	if r := []rune(name); len(r) > 120 && len(ext) < 10 {
		name = string(r[:120-len(ext)]) + ext
	} else if len(r) > 120 {
		name = string(r[:120])
	}
	if name == "" {
		return "file"
	}
	return name
}

func withExtension(name, kind string) string {
	if filepath.Ext(name) == "" {
		return name + types()[kind][0]
	}
	return name
}

// sweepSpool removes what a crash left in the spool folder.
func sweepSpool(dir string, before time.Time) error {
	old, err := filepath.Glob(filepath.Join(dir, spoolPattern))
	for _, path := range old {
		if info, statErr := os.Stat(path); statErr == nil && info.ModTime().Before(before) {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}
