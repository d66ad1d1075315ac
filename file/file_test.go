package file

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/db/dbtest"
)

var owner = core.Ref{Project: 7, Kind: "repair", ID: 42}

// eachStore runs fn with the folder on SQLite, and with the table on both engines.
func eachStore(t *testing.T, fn func(t *testing.T, ctx context.Context, d *db.DB)) {
	dbtest.Each(t, []fs.FS{Migrations}, func(t *testing.T, d *db.DB) {
		fn(t, With(t.Context(), NewStore(d, t.TempDir())), d)
	})
	t.Run("sqlite table", func(t *testing.T) {
		d := dbtest.Open(t, dbtest.Config(t, db.SQLite, Migrations))
		fn(t, With(t.Context(), Table{}), d)
	})
}

func attach(t *testing.T, ctx context.Context, d *db.DB, up core.Upload) (f File) {
	t.Helper()
	err := d.Write(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		f, err = Attach(ctx, tx, owner, Before, up)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func content(t *testing.T, ctx context.Context, d *db.DB, f File) ([]byte, error) {
	t.Helper()
	var r io.ReadCloser
	err := d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) { r, err = OpenContent(ctx, tx, f); return err })
	if err != nil {
		return nil, err
	}
	defer r.Close()      //nolint:errcheck // only read
	return io.ReadAll(r) // after the Read has ended, as a download does
}

func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAttachListGetVoid(t *testing.T) {
	eachStore(t, func(t *testing.T, ctx context.Context, d *db.DB) {
		ctx = core.WithActor(ctx, core.Actor{ID: 5})
		picture := pngOf(t, 20, 10)
		up, cleanup, err := Spool(ctx, t.TempDir(), bytes.NewReader(picture), `C:\照片\漏水.png`, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		f := attach(t, ctx, d, up)
		cleanup()
		if f.Name != "漏水.png" || f.Type != "image/png" || f.Size != int64(len(picture)) || f.By != 5 || !f.Image() {
			t.Errorf("attached %+v", f)
		}
		again := attach(t, ctx, d, FromBytes("second.png", picture))
		got, err := content(t, ctx, d, f)
		if err != nil || !bytes.Equal(got, picture) {
			t.Fatalf("read back %d bytes, %v", len(got), err)
		}
		err = d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			if _, err := Get(ctx, tx, 8, f.ID); !core.IsKind(err, core.KindNotFound) {
				t.Errorf("another project found the file: %v", err)
			}
			if err := Void(ctx, tx, f, ""); !core.IsKind(err, core.KindInvalid) {
				t.Errorf("voided without a reason: %v", err)
			}
			return Void(ctx, tx, f, "拍错了")
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.Read(ctx, func(ctx context.Context, tx db.Tx) error {
			files, err := List(ctx, tx, owner)
			if len(files) != 1 || files[0].ID != again.ID || files[0].Owner != owner {
				t.Errorf("listed %+v", files)
			}
			voided, _ := Get(ctx, tx, 7, f.ID)
			if voided.Reason != "拍错了" || voided.Voided.IsZero() || voided.Version != 2 {
				t.Errorf("voided %+v", voided)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := content(t, ctx, d, f); err != nil || len(got) != len(picture) {
			t.Errorf("the bytes of a voided file are gone: %v", err)
		}
	})
}

// A crash between the bytes and the commit leaves an orphan; the sweep removes it and what stands in the spool folder,
// and keeps what has a row or is fresh.
func TestRollbackLeavesAnOrphanForTheSweep(t *testing.T) {
	eachStore(t, func(t *testing.T, ctx context.Context, d *db.DB) {
		kept := attach(t, ctx, d, FromBytes("kept.txt", []byte("有记录")))
		lost := FromBytes("lost.txt", []byte("没有记录"))
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error {
			f, err := Attach(ctx, tx, owner, Before, lost)
			if err != nil {
				return err
			}
			r, err := OpenContent(ctx, tx, f) // durable, or at least there, before the commit
			if err != nil {
				t.Errorf("the bytes are not stored before the commit: %v", err)
				return err
			}
			return errors.Join(r.Close(), errors.New("refused later"))
		})
		if err == nil {
			t.Fatal("the Write should have failed")
		}
		_, onDisk := StoreOf(ctx).(Dir)
		if !onDisk { // as if the row had been lost, since a rollback takes the pieces with it
			put := func(ctx context.Context, tx db.Tx) error { return StoreOf(ctx).Put(ctx, tx, lost) }
			if err := d.Write(ctx, put); err != nil {
				t.Fatal(err)
			}
		}
		dir := t.TempDir()
		left := filepath.Join(dir, "spool-1.part")
		if err := os.WriteFile(left, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := Sweep(ctx, d, dir, time.Hour); n != 0 || err != nil {
			t.Errorf("a fresh orphan was swept: %d, %v", n, err)
		}
		time.Sleep(20 * time.Millisecond)
		if n, err := Sweep(ctx, d, dir, time.Millisecond); n != 1 || err != nil {
			t.Errorf("swept %d, %v, want 1", n, err)
		}
		if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the spool folder was not swept")
		}
		if _, err := content(t, ctx, d, kept); err != nil {
			t.Errorf("the sweep took a file that has a row: %v", err)
		}
		if _, err := content(t, ctx, d, File{SHA256: lost.SHA256}); !core.IsKind(err, core.KindNotFound) {
			t.Errorf("the orphan is still there: %v", err)
		}
		attach(t, ctx, d, lost) // and can come back
		if n, _ := Sweep(ctx, d, dir, 0); n != 0 {
			t.Errorf("the returned content was swept")
		}
	})
}

// Attaching a content that stands as an old orphan while the sweep waits must keep it.
func TestSweepWaitsForWhoAttachesTheSameContent(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.Postgres, Migrations))
	ctx := With(t.Context(), Table{})
	up := FromBytes("a.txt", []byte("again"))
	if err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error { return Table{}.Put(ctx, tx, up) }); err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	swept := make(chan int, 1)
	var f File
	err := d.Write(ctx, func(wctx context.Context, tx db.Tx) (err error) {
		f, err = Attach(wctx, tx, owner, Before, up)
		go func() { n, _ := Table{}.Sweep(ctx, d, before); swept <- n }()
		time.Sleep(200 * time.Millisecond)
		return err
	})
	if n := <-swept; n != 0 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if _, err := content(t, ctx, d, f); err != nil {
		t.Error(err)
	}
}

func TestBytesThatChangedAreRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, ctx context.Context, d *db.DB) {
		up := FromBytes("a.txt", []byte("one"))
		up.Open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("two")), nil }
		err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error { _, err := Attach(ctx, tx, owner, Before, up); return err })
		if err == nil {
			t.Error("bytes that do not agree with their SHA-256 were stored")
		}
	})
}

func TestThirtyMegabytesAreNotHeldInMemory(t *testing.T) {
	eachStore(t, func(t *testing.T, ctx context.Context, d *db.DB) {
		const size = 30 << 20
		source := func() io.Reader {
			return io.MultiReader(strings.NewReader("%PDF-1.7\n"), io.LimitReader(rand.NewChaCha8([32]byte{1}), size))
		}
		var start, end runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&start)
		up, cleanup, err := Spool(ctx, t.TempDir(), source(), "plan.pdf", size+100)
		if err != nil {
			t.Fatal(err)
		}
		defer cleanup()
		if _, dir := StoreOf(ctx).(Dir); dir {
			f := attach(t, ctx, d, up)
			runtime.ReadMemStats(&end)
			if used := end.TotalAlloc - start.TotalAlloc; used > 4<<20 {
				t.Errorf("spooling and attaching allocated %d KB in all", used>>10)
			}
			compare(t, ctx, d, f, source())
			return
		}
		f := attach(t, ctx, d, up) // the drivers copy each piece, so that only what stays counts here
		runtime.GC()
		runtime.ReadMemStats(&end)
		if end.HeapAlloc > start.HeapAlloc+8<<20 {
			t.Errorf("%d KB stayed in memory", (end.HeapAlloc-start.HeapAlloc)>>10)
		}
		compare(t, ctx, d, f, source())
	})
}

func compare(t *testing.T, ctx context.Context, d *db.DB, f File, want io.Reader) {
	t.Helper()
	got, err := content(t, ctx, d, f)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := io.ReadAll(want)
	if !bytes.Equal(got, all) {
		t.Errorf("%d bytes came back, not the %d stored", len(got), len(all))
	}
}

func TestSpoolRefusesTooMuchAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	_, _, err := Spool(t.Context(), dir, strings.NewReader(strings.Repeat("a", 101)), "a.txt", 100)
	if !core.IsKind(err, core.KindTooLarge) {
		t.Errorf("101 of 100 bytes: %v", err)
	}
	if _, cleanup, err := Spool(t.Context(), dir, strings.NewReader(strings.Repeat("a", 100)), "a.txt", 100); err != nil {
		t.Errorf("100 of 100 bytes: %v", err)
	} else {
		cleanup()
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func zipOf(names ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		w, _ := z.Create(n)
		fmt.Fprint(w, "<x/>")
	}
	_ = z.Close()
	return b.Bytes()
}

func heic(w, h uint32) []byte {
	b := append([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1"), "....ispe\x00\x00\x00\x00"...)
	return append(b, byte(w>>24), byte(w>>16), byte(w>>8), byte(w), byte(h>>24), byte(h>>16), byte(h>>8), byte(h))
}

func jpegOf() []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil)
	return b.Bytes()
}

// hugePNG claims 20000 × 20000 pixels in its header.
func hugePNG(t *testing.T) []byte {
	b := pngOf(t, 1, 1)
	copy(b[16:24], "\x00\x00\x4e\x20\x00\x00\x4e\x20")
	copy(b[29:33], "\x7c\xf2\x4c\x46") // any checksum; the reader may refuse either way
	return b
}

func TestContentDecides(t *testing.T) {
	webp := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x63\x00\x00\x31\x00\x00"), 0, 0)
	gbk := []byte("\xb5\xa5\xd4\xaa,\xd2\xb5\xbb\xa7\n1203,\xd5\xc5\xc8\xfd\n")
	good := []struct {
		name string
		b    []byte
		kind string
	}{
		{"a.jpg", jpegOf(), "image/jpeg"}, {"A.JPEG", jpegOf(), "image/jpeg"}, {"blob", jpegOf(), "image/jpeg"},
		{"a.png", pngOf(t, 3, 3), "image/png"}, {"a.webp", webp, "image/webp"}, {"IMG_1.HEIC", heic(4032, 3024), "image/heic"},
		{"a.pdf", []byte("%PDF-1.4\n%%EOF"), "application/pdf"}, {"a.zip", zipOf("a/b.txt"), "application/zip"},
		{"a.xlsx", zipOf("[Content_Types].xml", "xl/workbook.xml"), typeXLSX}, {"a.docx", zipOf("word/document.xml"), typeDOCX},
		{"a.txt", []byte("说明:电梯困人"), "text/plain"}, {"a.csv", []byte("单元,业户\n1203,张三\n"), "text/csv"}, {"gbk.csv", gbk, "text/csv"},
		{"a.mp3", append([]byte("ID3\x03\x00\x00\x00\x00\x00\x00"), make([]byte, 50)...), "audio/mpeg"},
		{"b.mp3", append([]byte{0xff, 0xfb, 0x90, 0x64}, make([]byte, 50)...), "audio/mpeg"},
		{"a.wav", []byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00"), "audio/wav"},
	}
	for _, c := range good {
		up, cleanup, err := Spool(t.Context(), t.TempDir(), bytes.NewReader(c.b), c.name, 1<<20)
		if err != nil || up.Type != c.kind {
			t.Errorf("%s: type %q, %v, want %q", c.name, up.Type, err, c.kind)
		}
		if filepath.Ext(up.Name) == "" {
			t.Errorf("%s has no extension", up.Name)
		}
		cleanup()
	}
	bad := map[string][]byte{
		"setup.exe": []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"), "photo.jpg": []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"),
		"a": []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00"), "a.html": []byte("<!DOCTYPE html><p>"), "b.txt": []byte("hello <ScRipt>alert(1)</script>"),
		"a.svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "c.txt": []byte("\n\n<?xml version='1.0'?><svg/>"), "run.txt": []byte("#!/bin/sh\nrm"),
		"a.png": jpegOf(), "b.pdf": pngOf(t, 2, 2), "b.xlsx": zipOf("word/document.xml"), "m.xlsx": zipOf("xl/workbook.xml", "xl/vbaProject.bin"),
		"script.js": []byte("alert(1)"), "x.php": []byte("text"), "cut.png": pngOf(t, 3, 3)[:20], "empty.txt": nil, "nul.txt": []byte("a\x00b"),
		"huge.png": hugePNG(t), "huge.heic": heic(20000, 20000), "broken.xlsx": []byte("PK\x03\x04 not an archive at all"),
		"old.xls": []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00\x00\x00"), "a.gif": []byte("GIF89a\x01\x00\x01\x00"),
	}
	for name, b := range bad {
		_, _, err := Spool(t.Context(), t.TempDir(), bytes.NewReader(b), name, 1<<20)
		if e := core.AsErr(err); err == nil || e.Kind != core.KindInvalid && e.Kind != core.KindTooLarge {
			t.Errorf("%s was taken in, or the error is not the user's: %v", name, err)
		}
	}
	if _, _, err := Spool(t.Context(), t.TempDir(), bytes.NewReader(heic(20000, 20000)), "h.heic", 1<<20); !core.IsKind(err, core.KindTooLarge) {
		t.Errorf("400 megapixels: %v", err)
	}
}

func TestAttachRefusesWhatSpoolWould(t *testing.T) {
	d := dbtest.Open(t, dbtest.Config(t, db.SQLite, Migrations))
	ctx := With(t.Context(), NewStore(d, t.TempDir()))
	up := FromBytes("a.exe", []byte("MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"))
	err := d.Write(ctx, func(ctx context.Context, tx db.Tx) error { _, err := Attach(ctx, tx, owner, Before, up); return err })
	if !core.IsKind(err, core.KindInvalid) {
		t.Errorf("an executable was attached: %v", err)
	}
}

func TestSignatureFromDataURL(t *testing.T) {
	encode := func(b []byte) string { return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b) }
	up, err := FromDataURL(encode(pngOf(t, 300, 120)))
	if err != nil || up.Type != "image/png" || up.Name != "signature.png" {
		t.Errorf("a good signature: %+v, %v", up, err)
	}
	whole := pngOf(t, 300, 120)
	for name, s := range map[string]string{
		"empty": "", "jpeg": "data:image/jpeg;base64,/9j/", "no base64": "data:image/png;base64,%%%", "jpeg inside": encode(jpegOf()),
		"cut": encode(whole[:len(whole)-30]), "too wide": encode(pngOf(t, 5000, 10)), "too long": "data:image/png;base64," + strings.Repeat("A", 2<<20),
	} {
		if _, err := FromDataURL(s); !core.IsKind(err, core.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesAreCleaned(t *testing.T) {
	for in, want := range map[string]string{
		"../../etc/passwd": "passwd", "a\x00b\r\n.png": "ab.png", "": "file", "...": "file", `x\y\照片 1.jpg`: "照片 1.jpg",
		"a\u202egpj.exe": "agpj.exe", strings.Repeat("长", 300) + ".pdf": strings.Repeat("长", 116) + ".pdf",
	} {
		if got := cleanName(in); got != want {
			t.Errorf("cleanName(%q) = %q, want %q", in, got, want)
		}
	}
}
